/* errors.c - the one place in C where JavaScript errors for failed operations are made: DOMException with the
 * name that a standard prescribes and, beside it, the stable `code` and `syscall` that programs test. */
#include "engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 1152 }; /* the longest texts are those of the permission gate (RT_EXPLAIN_MAX) */

const char *rt_error_code(int error)
{
    /* uv_err_name allocates for unknown codes; those share one name. */
    const char *name = NULL;
    switch (error) {
#define NAME(code, text)                                                                                     \
    case UV_##code:                                                                                          \
        name = #code;                                                                                        \
        break;
        UV_ERRNO_MAP(NAME)
#undef NAME
    default:
        name = "EUNKNOWN";
    }
    return name;
}

/* Realm ------------------------------------------------------------------------------------------ */

/* The getter or setter of an accessor; undefined if there is none. */
static JSValue get_accessor(JSContext *ctx, JSValueConst object, const char *name, bool setter)
{
    JSPropertyDescriptor descriptor;
    JSAtom atom = JS_NewAtom(ctx, name);
    int found = atom == JS_ATOM_NULL ? -1 : JS_GetOwnProperty(ctx, &descriptor, object, atom);
    JS_FreeAtom(ctx, atom);
    if (found <= 0) {
        return found < 0 ? JS_EXCEPTION : JS_UNDEFINED;
    }
    JSValue wanted = JS_DupValue(ctx, setter ? descriptor.setter : descriptor.getter);
    JS_FreeValue(ctx, descriptor.getter);
    JS_FreeValue(ctx, descriptor.setter);
    JS_FreeValue(ctx, descriptor.value);
    return wanted;
}

/* Error.stackTraceLimit = value: the engine would keep an object and convert it with every error. */
static JSValue set_trace_limit(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv,
                               int magic, JSValueConst *data)
{
    (void)argc;
    (void)magic;
    double number;
    if (JS_ToFloat64(ctx, &number, argv[0]) < 0) {
        return JS_EXCEPTION;
    }
    JSValue limit = JS_NewFloat64(ctx, number);
    return JS_Call(ctx, data[0], this_value, 1, (JSValueConst[]){limit});
}

/* Natives make errors between two steps of their own, when no JavaScript may run. So the two hooks by which
 * the engine calls an app while it makes an error go: Error.prepareStackTrace, and objects as the limit. */
static int close_hooks(JSContext *ctx, JSValueConst error)
{
    JSValue setter = get_accessor(ctx, error, "stackTraceLimit", true);
    JSValue getter = get_accessor(ctx, error, "stackTraceLimit", false);
    JSValue guarded = JS_NewCFunctionData(ctx, set_trace_limit, 1, 0, 1, (JSValueConst[]){setter});
    JSAtom limit = JS_NewAtom(ctx, "stackTraceLimit"), prepare = JS_NewAtom(ctx, "prepareStackTrace");
    bool whole = JS_IsFunction(ctx, setter) && JS_IsFunction(ctx, getter) && JS_IsFunction(ctx, guarded) &&
                 limit != JS_ATOM_NULL && prepare != JS_ATOM_NULL;
    JS_FreeValue(ctx, setter);
    int result = -1;
    if (whole) {
        result = JS_DefinePropertyGetSet(ctx, error, limit, getter, guarded, JS_PROP_CONFIGURABLE) > 0 &&
                         JS_DeleteProperty(ctx, error, prepare, 0) > 0
                     ? 0
                     : -1;
    } else {
        JS_FreeValue(ctx, getter);
        JS_FreeValue(ctx, guarded);
    }
    JS_FreeAtom(ctx, limit);
    JS_FreeAtom(ctx, prepare);
    return result;
}

int rt_realm_prepare(struct rt *rt, JSValueConst global)
{
    static const char *const names[RT_VIEW_GETTERS] = {
        [RT_VIEW_BUFFER] = "buffer", [RT_VIEW_OFFSET] = "byteOffset", [RT_VIEW_LENGTH] = "byteLength"};
    JSContext *ctx = rt->ctx;
    rt->dom_exception = JS_GetPropertyStr(ctx, global, "DOMException");
    JSValue error = JS_GetPropertyStr(ctx, global, "Error");
    JSValue view = JS_GetPropertyStr(ctx, global, "DataView");
    JSValue prototype = JS_GetPropertyStr(ctx, view, "prototype");
    int result = close_hooks(ctx, error);
    for (int i = 0; i < RT_VIEW_GETTERS; i++) {
        rt->view_getters[i] = get_accessor(ctx, prototype, names[i], false);
        result = JS_IsFunction(ctx, rt->view_getters[i]) ? result : -1;
    }
    JS_FreeValue(ctx, prototype);
    JS_FreeValue(ctx, view);
    JS_FreeValue(ctx, error);
    return result;
}

/* Errors ----------------------------------------------------------------------------------------- */

static void define_text(JSContext *ctx, JSValueConst object, const char *name, const char *text)
{
    if (text) {
        JS_DefinePropertyValueStr(ctx, object, name, JS_NewString(ctx, text), JS_PROP_C_W_E);
    }
}

static JSValue make(JSContext *ctx, const char *name, const char *code, const char *syscall,
                    const char *message)
{
    JSValue arguments[2] = {JS_NewString(ctx, message), JS_NewString(ctx, name)};
    JSValue error =
        JS_CallConstructor(ctx, rt_from_context(ctx)->dom_exception, 2, (JSValueConst *)arguments);
    JS_FreeValue(ctx, arguments[0]);
    JS_FreeValue(ctx, arguments[1]);
    if (!JS_IsException(error)) {
        define_text(ctx, error, "code", code);
        define_text(ctx, error, "syscall", syscall);
    }
    return error;
}

static JSValue make_system(JSContext *ctx, int error, const char *syscall, const char *format, va_list list)
{
    char what[MESSAGE_MAX - 96], reason[80], message[MESSAGE_MAX];
    vsnprintf(what, sizeof(what), format, list);
    uv_strerror_r(error, reason, sizeof(reason));
    snprintf(message, sizeof(message), "%s: %s", what, reason);
    return make(ctx, "NetworkError", rt_error_code(error), syscall, message);
}

JSValue rt_new_dom_exception(JSContext *ctx, const char *name, const char *code, const char *syscall,
                             const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof(message), format, list);
    va_end(list);
    return make(ctx, name, code, syscall, message);
}

JSValue rt_throw_dom_exception(JSContext *ctx, const char *name, const char *code, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof(message), format, list);
    va_end(list);
    JSValue error = make(ctx, name, code, NULL, message);
    return JS_IsException(error) ? error : JS_Throw(ctx, error);
}

JSValue rt_new_system_error(JSContext *ctx, int error, const char *syscall, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    JSValue value = make_system(ctx, error, syscall, format, list);
    va_end(list);
    return value;
}

JSValue rt_throw_system_error(JSContext *ctx, int error, const char *syscall, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    JSValue value = make_system(ctx, error, syscall, format, list);
    va_end(list);
    return JS_IsException(value) ? value : JS_Throw(ctx, value);
}

static int get_size(JSContext *ctx, JSValueConst getter, JSValueConst view, size_t *ret_size)
{
    uint64_t size;
    JSValue value = JS_Call(ctx, getter, view, 0, NULL);
    int result = JS_IsException(value) ? -1 : JS_ToIndex(ctx, &size, value);
    JS_FreeValue(ctx, value);
    if (result == 0) {
        *ret_size = (size_t)size;
    }
    return result;
}

int rt_get_bytes(JSContext *ctx, JSValueConst value, const uint8_t **ret_data, size_t *ret_length)
{
    size_t offset = 0, length = 0, total;
    JSValue buffer;
    bool whole = false;
    if (JS_IsArrayBuffer(value)) {
        buffer = JS_DupValue(ctx, value);
        whole = true;
    } else if (JS_GetTypedArrayType(value) >= 0) {
        buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &length, NULL);
    } else if (JS_IsDataView(value)) {
        /* No C accessor exists. The engine's own getters: what an app puts in their place could answer with a
         * buffer that nothing but the answer keeps alive. */
        const JSValue *getters = rt_from_context(ctx)->view_getters;
        buffer = get_size(ctx, getters[RT_VIEW_OFFSET], value, &offset) < 0 ||
                         get_size(ctx, getters[RT_VIEW_LENGTH], value, &length) < 0
                     ? JS_EXCEPTION
                     : JS_Call(ctx, getters[RT_VIEW_BUFFER], value, 0, NULL);
    } else {
        JS_ThrowTypeError(ctx, "expected an ArrayBuffer or a view on one");
        return -1;
    }
    if (JS_IsException(buffer)) {
        return -1;
    }
    if (!JS_IsArrayBuffer(buffer)) {
        JS_FreeValue(ctx, buffer);
        JS_ThrowTypeError(ctx, "a SharedArrayBuffer can't be used here, copy it first");
        return -1;
    }
    const uint8_t *data = JS_GetArrayBuffer(ctx, &total, buffer);
    JS_FreeValue(ctx, buffer); /* `value` keeps it */
    if (!data && JS_HasException(ctx)) {
        return -1;
    }
    if (whole) {
        length = total;
    }
    if (offset > total || length > total - offset) {
        JS_ThrowRangeError(ctx, "the view reaches beyond its buffer");
        return -1;
    }
    *ret_data = data ? data + offset : (const uint8_t *)"";
    *ret_length = length;
    return 0;
}
