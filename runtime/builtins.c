/* builtins.c - reads built-in modules from their bytecode and defines the lazy globals. See builtins.h.
 *
 * A global is an accessor until it is first read; then it becomes the plain data property that the web
 * standards prescribe (writable, configurable, not enumerable). Assigning to it replaces it unread. */
#include "builtins.h"
#include "engine.h"

#include <string.h>

/* Loading a built-in may happen deep in an app's stack or close to its memory limit (console.log of the very
 * error that says so). It runs on a reserve, because a module that failed half-way would stay broken. */
enum { LOAD_STACK_RESERVE = 256 * 1024, LOAD_MEMORY_RESERVE = 1024 * 1024 };

static int find(const char *name)
{
    for (int i = 0; i < rt_builtin_count; i++) {
        if (strcmp(rt_builtins[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

JSModuleDef *rt_builtin_read(JSContext *ctx, const char *name)
{
    struct rt *rt = rt_from_context(ctx);
    int index = find(name);
    if (index < 0) {
        JS_ThrowReferenceError(ctx, "no built-in module '%s'", name);
        return NULL;
    }
    if (rt->builtins[index]) {
        return rt->builtins[index];
    }
    JSValue module =
        JS_ReadObject(ctx, rt_builtins[index].bytecode, rt_builtins[index].size, JS_READ_OBJ_BYTECODE);
    if (JS_IsException(module)) {
        return NULL;
    }
    JSModuleDef *def = JS_VALUE_GET_PTR(module);
    JS_FreeValue(ctx, module); /* the context's module list keeps it */
    rt->builtins[index] = def;
    return def;
}

static JSValue evaluate(JSContext *ctx, JSModuleDef *def, const char *export_name)
{
    JSValue module = JS_DupValue(ctx, JS_MKPTR(JS_TAG_MODULE, def));
    if (JS_ResolveModule(ctx, module) < 0) {
        JS_FreeValue(ctx, module);
        return JS_EXCEPTION;
    }
    JSValue promise = JS_EvalFunction(ctx, module); /* frees module */
    if (JS_IsException(promise)) {
        return JS_EXCEPTION;
    }
    /* Built-ins have no top-level await, so the promise is settled. */
    if (JS_PromiseState(ctx, promise) == JS_PROMISE_REJECTED) {
        JS_PromiseMarkAsHandled(ctx, promise);
        JSValue reason = JS_PromiseResult(ctx, promise);
        JS_FreeValue(ctx, promise);
        return JS_Throw(ctx, reason);
    }
    JS_FreeValue(ctx, promise);
    JSValue namespace = JS_GetModuleNamespace(ctx, def);
    if (JS_IsException(namespace)) {
        return JS_EXCEPTION;
    }
    JSValue value = JS_GetPropertyStr(ctx, namespace, export_name);
    JS_FreeValue(ctx, namespace);
    return value;
}

JSValue rt_builtin_export(JSContext *ctx, const char *name, const char *export_name)
{
    struct rt *rt = rt_from_context(ctx);
    rt_reserve_enter(rt, LOAD_STACK_RESERVE, LOAD_MEMORY_RESERVE);
    JSValue value = JS_EXCEPTION;
    JSModuleDef *def = rt_builtin_read(ctx, name);
    if (def) {
        value = evaluate(ctx, def, export_name);
    }
    rt_reserve_leave(rt);
    return value;
}

/* The flattened list of globals: magic numbers of the accessors count through it. */
static bool locate(int number, const char **ret_module, const char **ret_global)
{
    for (int i = 0; i < rt_builtin_count; i++) {
        for (const char *const *name = rt_builtins[i].globals; *name; name++) {
            if (number-- == 0) {
                *ret_module = rt_builtins[i].name;
                *ret_global = *name;
                return true;
            }
        }
    }
    return false;
}

static int replace(JSContext *ctx, const char *name, JSValue value)
{
    JSValue global = JS_GetGlobalObject(ctx);
    int result = JS_DefinePropertyValueStr(ctx, global, name, value, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    JS_FreeValue(ctx, global);
    return result;
}

static JSValue lazy_get(JSContext *ctx, JSValueConst this_value, int magic)
{
    (void)this_value;
    const char *module, *name;
    if (!locate(magic, &module, &name)) {
        return JS_UNDEFINED;
    }
    JSValue value = rt_builtin_export(ctx, module, name);
    if (JS_IsException(value)) {
        return JS_EXCEPTION;
    }
    if (replace(ctx, name, JS_DupValue(ctx, value)) < 0) {
        JS_FreeValue(ctx, value);
        return JS_EXCEPTION;
    }
    return value;
}

static JSValue lazy_set(JSContext *ctx, JSValueConst this_value, JSValueConst value, int magic)
{
    (void)this_value;
    const char *module, *name;
    if (locate(magic, &module, &name) && replace(ctx, name, JS_DupValue(ctx, value)) < 0) {
        return JS_EXCEPTION;
    }
    return JS_UNDEFINED;
}

int rt_builtins_install(JSContext *ctx)
{
    JSValue global = JS_GetGlobalObject(ctx);
    int result = 0;
    const char *module, *name;
    for (int number = 0; result == 0 && locate(number, &module, &name); number++) {
        JSAtom atom = JS_NewAtom(ctx, name);
        JSCFunctionType get = {.getter_magic = lazy_get}, set = {.setter_magic = lazy_set};
        JSValue getter = JS_NewCFunction2(ctx, get.generic, name, 0, JS_CFUNC_getter_magic, number);
        JSValue setter = JS_NewCFunction2(ctx, set.generic, name, 1, JS_CFUNC_setter_magic, number);
        if (atom == JS_ATOM_NULL ||
            JS_DefinePropertyGetSet(ctx, global, atom, getter, setter, JS_PROP_CONFIGURABLE) < 0) {
            result = -1;
        }
        JS_FreeAtom(ctx, atom);
    }
    JS_FreeValue(ctx, global);
    return result;
}
