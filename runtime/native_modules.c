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

/* Defines a property of an object that is being made; takes the value. */
static void add_value(JSContext *ctx, JSValue *object, JSAtom name, JSValue value)
{
    if (JS_IsException(*object)) {
        JS_FreeValue(ctx, value);
    } else if (JS_IsException(value) ||
               JS_DefinePropertyValue(ctx, *object, name, value, JS_PROP_C_W_E) < 0) {
        JS_FreeValue(ctx, *object);
        *object = JS_EXCEPTION;
    }
}

JSValue rt_new_object_of_atoms(JSContext *ctx, int count, const JSAtom *names, JSValue *values)
{
    JSValue object = JS_NewObject(ctx);
    for (int i = 0; i < count; i++) {
        add_value(ctx, &object, names[i], values[i]);
    }
    return object;
}

JSValue rt_new_object(JSContext *ctx, int count, const char *const *names, JSValue *values)
{
    JSValue object = JS_NewObject(ctx);
    for (int i = 0; i < count; i++) {
        JSAtom name = JS_NewAtom(ctx, names[i]);
        if (name == JS_ATOM_NULL) {
            JS_FreeValue(ctx, values[i]);
            values[i] = JS_EXCEPTION;
        }
        add_value(ctx, &object, name, values[i]);
        JS_FreeAtom(ctx, name);
    }
    return object;
}

static void *free_bytes(JSRuntime *js, void *opaque, void *data, size_t size)
{
    (void)opaque;
    if (size == 0) {
        js_free_rt(js, data);
    }
    return NULL; /* an immutable buffer is never resized */
}

/* Over memory of its own, so that what is overwritten at once is not cleared before. */
JSValue rt_new_bytes(JSContext *ctx, const uint8_t *data, size_t length)
{
    uint8_t *copy = js_malloc(ctx, length > 0 ? length : 1);
    if (copy == NULL) {
        return JS_EXCEPTION;
    }
    memcpy(copy, data, length);
    JSValue buffer = JS_NewArrayBuffer(ctx, copy, length, 0, free_bytes, NULL, false);
    if (JS_IsException(buffer)) {
        js_free(ctx, copy);
    } else {
        JS_SetImmutableArrayBuffer(buffer, true);
    }
    return buffer;
}
