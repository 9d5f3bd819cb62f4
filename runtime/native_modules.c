/* native_modules.c - makes "cleat:native/<name>" modules out of the tables that C files declare (rt.h). */
#include "engine.h"

#include <pthread.h>
#include <string.h>

static const struct rt_native_module *find(const char *name)
{
    for (const struct rt_native_module *const *module = rt_linked_modules; *module; module++) {
        if (strcmp((*module)->name, name) == 0) {
            return *module;
        }
    }
    return NULL;
}

static int initialise(JSContext *ctx, JSModuleDef *def)
{
    JSAtom atom = JS_GetModuleName(ctx, def);
    const char *name = JS_AtomToCString(ctx, atom);
    JS_FreeAtom(ctx, atom);
    if (!name) {
        return -1;
    }
    const struct rt_native_module *module = find(name);
    JS_FreeCString(ctx, name);
    if (module->prepare && module->prepare(ctx) < 0) {
        return -1;
    }
    return JS_SetModuleExportList(ctx, def, module->functions, module->function_count);
}

JSModuleDef *rt_native_module_load(JSContext *ctx, const char *name)
{
    const struct rt_native_module *module = find(name);
    if (!module) {
        JS_ThrowReferenceError(ctx, "no native module '%s'", name);
        return NULL;
    }
    JSModuleDef *def = JS_NewCModule(ctx, name, initialise);
    if (def && JS_AddModuleExportList(ctx, def, module->functions, module->function_count) < 0) {
        return NULL;
    }
    return def;
}

/* JS_NewClassID() counts per runtime but remembers in a variable of the process: alone it would give one
 * number to two classes as soon as a second runtime loads modules in another order. */
static void choose_class_id(JSRuntime *js, JSClassID *class_id)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static JSClassID highest;

    pthread_mutex_lock(&lock);
    while (*class_id == 0) {
        JSClassID candidate = 0;
        JS_NewClassID(js, &candidate);
        if (candidate > highest) {
            *class_id = highest = candidate;
        }
    }
    pthread_mutex_unlock(&lock);
}

int rt_define_class(JSContext *ctx, JSClassID *class_id, const JSClassDef *definition,
                    const JSCFunctionListEntry *methods, int method_count)
{
    JSRuntime *js = JS_GetRuntime(ctx);
    choose_class_id(js, class_id);
    if (JS_IsRegisteredClass(js, *class_id)) {
        return 0;
    }
    if (JS_NewClass(js, *class_id, definition) < 0) {
        JS_ThrowOutOfMemory(ctx);
        return -1;
    }
    JSValue prototype = JS_NewObject(ctx);
    if (JS_IsException(prototype) || JS_SetPropertyFunctionList(ctx, prototype, methods, method_count) < 0) {
        JS_FreeValue(ctx, prototype);
        return -1;
    }
    JS_SetClassProto(ctx, *class_id, prototype);
    return 0;
}

JSValue rt_new_object(JSContext *ctx, int count, const char *const *names, JSValue *values)
{
    JSValue object = JS_NewObject(ctx);
    for (int i = 0; i < count; i++) {
        if (JS_IsException(object)) {
            JS_FreeValue(ctx, values[i]);
        } else if (JS_IsException(values[i]) ||
                   JS_DefinePropertyValueStr(ctx, object, names[i], values[i], JS_PROP_C_W_E) < 0) {
            JS_FreeValue(ctx, object);
            object = JS_EXCEPTION;
        }
    }
    return object;
}
