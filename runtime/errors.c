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
        /* No C accessor exists; whatever these properties answer is checked against the buffer below. */
        uint64_t start = 0, size = 0;
        JSValue view_offset = JS_GetPropertyStr(ctx, value, "byteOffset");
        JSValue view_length = JS_GetPropertyStr(ctx, value, "byteLength");
        int failed = JS_ToIndex(ctx, &start, view_offset) < 0 || JS_ToIndex(ctx, &size, view_length) < 0;
        JS_FreeValue(ctx, view_offset);
        JS_FreeValue(ctx, view_length);
        buffer = failed ? JS_EXCEPTION : JS_GetPropertyStr(ctx, value, "buffer");
        offset = (size_t)start;
        length = (size_t)size;
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
