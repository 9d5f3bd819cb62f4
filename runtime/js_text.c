/* js_text.c - "cleat:native/text": UTF-8 encoding and the decoders behind TextEncoder, TextDecoder and the
 * text streams. Not here: the conversion itself (text_codec.c), arguments as the standard wants them
 * (ts-api/web/encoding.ts).
 *
 * OWNERSHIP
 *   owner: the TextDecoderHandle object owns its struct rt_text_decoder
 *   kept alive by: JavaScript references only; nothing is ever pending
 *   freed when: the object is collected
 *   after close: there is no close
 *   thread: loop */
#include "rt.h"
#include "text_codec.h"

#include <errno.h>
#include <string.h>

static JSClassID decoder_class;

static void decoder_finalize(JSRuntime *runtime, JSValueConst value)
{
    js_free_rt(runtime, JS_GetOpaque(value, decoder_class));
}

static const JSClassDef decoder_class_def = {.class_name = "TextDecoderHandle",
                                             .finalizer = decoder_finalize};

/* Encoding ----------------------------------------------------------------------------------------- */

static JSValue js_utf8_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    JSValue array = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)text, length);
    JS_FreeCString(ctx, text);
    if (!JS_IsException(array)) {
        size_t size;
        uint8_t *bytes = JS_GetUint8Array(ctx, &size, array);
        if (bytes != NULL) {
            rt_utf8_replace_surrogates(bytes, size);
        }
    }
    return array;
}

/* The bytes of a Uint8Array to write to; a detached one has none. NULL with an exception set for anything
 * else and for received data, which are immutable. */
static uint8_t *writable_bytes(JSContext *ctx, JSValueConst view, size_t *ret_length)
{
    static uint8_t nothing[1];
    if (JS_GetTypedArrayType(view) != JS_TYPED_ARRAY_UINT8) {
        JS_ThrowTypeError(ctx, "expected a Uint8Array");
        return NULL;
    }
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, view, NULL, NULL, NULL);
    if (JS_IsException(buffer)) {
        /* Detached, or shrunk below the view: no bytes (Web IDL). */
        JS_FreeValue(ctx, JS_GetException(ctx));
        *ret_length = 0;
        return nothing;
    }
    int immutable = JS_IsImmutableArrayBuffer(buffer);
    JS_FreeValue(ctx, buffer);
    if (immutable > 0) {
        JS_ThrowTypeError(ctx, "the buffer is immutable");
        return NULL;
    }
    size_t length = 0;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, view);
    if (bytes == NULL) {
        length = 0; /* an empty buffer may have no memory */
        bytes = nothing;
    }
    *ret_length = length;
    return bytes;
}

static JSValue js_utf8_encode_into(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    size_t capacity;
    uint8_t *target = writable_bytes(ctx, argv[1], &capacity);
    if (target == NULL) {
        JS_FreeCString(ctx, text);
        return JS_EXCEPTION;
    }
    size_t read, written;
    rt_utf8_encode_into((const uint8_t *)text, length, target, capacity, &read, &written);
    JS_FreeCString(ctx, text);

    JSValue result = JS_NewArray(ctx);
    if (JS_IsException(result)) {
        return JS_EXCEPTION;
    }
    if (JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewInt64(ctx, (int64_t)read), JS_PROP_C_W_E) < 0 ||
        JS_DefinePropertyValueUint32(ctx, result, 1, JS_NewInt64(ctx, (int64_t)written), JS_PROP_C_W_E) < 0) {
        JS_FreeValue(ctx, result);
        return JS_EXCEPTION;
    }
    return result;
}

/* Decoding ----------------------------------------------------------------------------------------- */

static int find_encoding(JSContext *ctx, JSValueConst label, enum rt_text_encoding *ret_encoding)
{
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, label);
    if (text == NULL) {
        return -1;
    }
    int error = rt_text_encoding_find(text, length, ret_encoding);
    JS_FreeCString(ctx, text);
    return error;
}

static JSValue js_find_encoding(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    enum rt_text_encoding encoding;
    int error = find_encoding(ctx, argv[0], &encoding);
    if (error == -1) {
        return JS_EXCEPTION;
    }
    return error < 0 ? JS_NULL : JS_NewString(ctx, rt_text_encoding_name(encoding));
}

static JSValue js_create_decoder(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    enum rt_text_encoding encoding;
    int error = find_encoding(ctx, argv[0], &encoding);
    if (error == -1) {
        return JS_EXCEPTION;
    }
    if (error < 0) {
        return JS_ThrowRangeError(ctx, "unknown encoding");
    }
    struct rt_text_decoder *decoder = js_malloc(ctx, sizeof(*decoder));
    if (decoder == NULL) {
        return JS_EXCEPTION;
    }
    rt_text_decoder_init(decoder, encoding, JS_ToBool(ctx, argv[1]) > 0, JS_ToBool(ctx, argv[2]) > 0);
    JSValue handle = JS_NewObjectClass(ctx, decoder_class);
    if (JS_IsException(handle)) {
        js_free(ctx, decoder);
        return JS_EXCEPTION;
    }
    JS_SetOpaque(handle, decoder);
    return handle;
}

static JSValue js_decoder_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct rt_text_decoder *decoder = JS_GetOpaque2(ctx, self, decoder_class);
    if (decoder == NULL) {
        return JS_EXCEPTION;
    }
    bool flush = JS_ToBool(ctx, argv[1]) <= 0;
    const uint8_t *data = NULL;
    size_t length = 0;
    if (!JS_IsUndefined(argv[0]) && rt_get_bytes(ctx, argv[0], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    static const uint8_t nothing[1];
    if (data == NULL) {
        data = nothing;
    }

    int skip = rt_text_decode_in_place(decoder, data, length);
    if (skip >= 0) {
        if (flush) {
            rt_text_decoder_reset(decoder);
        }
        return JS_NewStringLen(ctx, (const char *)data + skip, length - (size_t)skip);
    }

    size_t bound = rt_text_decode_bound(decoder, length);
    uint8_t *text = bound > 0 ? js_malloc(ctx, bound) : NULL;
    if (text == NULL) {
        return bound > 0 ? JS_EXCEPTION : JS_ThrowOutOfMemory(ctx);
    }
    size_t text_length;
    JSValue result;
    if (rt_text_decode(decoder, data, length, flush, text, &text_length) < 0) {
        result =
            JS_ThrowTypeError(ctx, "the data are not valid %s", rt_text_encoding_name(decoder->encoding));
    } else {
        result = JS_NewStringLen(ctx, (const char *)text, text_length);
    }
    js_free(ctx, text);
    return result;
}

/* The module --------------------------------------------------------------------------------------- */

RT_TABLE(decoder_methods, "cleat:native/text", "TextDecoderHandle"){
    RT_METHOD("decode", js_decoder_decode, 2,
              "(data: ArrayBuffer | ArrayBufferView | undefined, stream: boolean) => string",
              "Decodes a chunk; without `stream` the input ends with it and the decoder starts anew. Throws "
              "TypeError if fatal and malformed."),
};

RT_TABLE(text_functions, "cleat:native/text", ""){
    RT_METHOD("utf8Encode", js_utf8_encode, 1, "(text: string) => Uint8Array<ArrayBuffer>",
              "The UTF-8 bytes of a string; lone surrogates become U+FFFD."),
    RT_METHOD("utf8EncodeInto", js_utf8_encode_into, 2,
              "(text: string, target: Uint8Array) => [number, number]",
              "Encodes as much as fits; [code units read, bytes written]."),
    RT_METHOD("findEncoding", js_find_encoding, 1, "(label: string) => string | null",
              "The name of the encoding that a label stands for: \"utf-8\", \"utf-16le\", \"utf-16be\", "
              "\"windows-1252\", or null."),
    RT_METHOD("createDecoder", js_create_decoder, 3,
              "(label: string, fatal: boolean, ignoreBOM: boolean) => TextDecoderHandle",
              "A decoder with its own state."),
};

static int js_text_prepare(JSContext *ctx)
{
    return rt_define_class(ctx, &decoder_class, &decoder_class_def, decoder_methods,
                           RT_COUNT(decoder_methods));
}

const struct rt_native_module js_text_module = {"cleat:native/text", text_functions, RT_COUNT(text_functions),
                                                js_text_prepare};
