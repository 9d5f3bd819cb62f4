/* js_tls.c - the module "cleat:native/tls": TlsContext, the settings that TLS connections share, and what is
 * told of a certificate. Keys go in here and do not come out. Not here: connections (js_tcp_tls.c).
 *
 * OWNERSHIP  owner: the wrapper has one reference to a struct io_tls_config, each connection another
 *            kept alive by: whoever refers to the wrapper
 *            freed when: the wrapper is collected and the last connection ended
 *            after close: not closed
 *            thread: loop */
#include "js_tls.h"

#include "js_net.h"
#include "tls.h"
#include "tls_time.h"

#include <mbedtls/platform_util.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUTS_MAX = 256, /* certificates or lists given one by one */
};

static JSClassID context_class;

static void finalize(JSRuntime *js, JSValueConst value)
{
    (void)js;
    io_tls_config_unref(JS_GetOpaque(value, context_class));
}

static const JSClassDef definition = {.class_name = "TlsContext", .finalizer = finalize};

struct io_tls_config *js_tls_config(JSContext *ctx, JSValueConst value)
{
    return JS_GetOpaque2(ctx, value, context_class);
}

/* Settings --------------------------------------------------------------------------------------- */

/* Copies of what an options object holds: reading the next field may run JavaScript, which can change a
 * buffer. */
struct arguments {
    struct io_tls_settings settings;
    struct io_tls_bytes ca[INPUTS_MAX], cert[INPUTS_MAX], crl[INPUTS_MAX];
    char *alpn[IO_TLS_ALPN_MAX + 1];
    uint8_t pins[IO_TLS_PINS_MAX][IO_TLS_PIN_SIZE];
};

static void free_bytes(const struct io_tls_bytes *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mbedtls_platform_zeroize((void *)items[i].data, items[i].length);
        free((void *)items[i].data);
    }
}

static void free_arguments(struct arguments *arguments)
{
    const struct io_tls_settings *settings = &arguments->settings;
    free_bytes(arguments->ca, settings->ca.count);
    free_bytes(arguments->cert, settings->cert.count);
    free_bytes(arguments->crl, settings->crl.count);
    free_bytes(&settings->key, 1);
    free_bytes(&settings->passphrase, 1);
    for (size_t i = 0; i < settings->alpn_count; i++) {
        free(arguments->alpn[i]);
    }
    free(arguments);
}

/* null stands for nothing; then ret_bytes->data is NULL. Takes `value`. */
static int copy_bytes(JSContext *ctx, JSValue value, struct io_tls_bytes *ret_bytes)
{
    const uint8_t *data;
    size_t length;
    int result = JS_IsNull(value) ? 0 : -1;
    if (result < 0 && !JS_IsException(value) && rt_get_bytes(ctx, value, &data, &length) == 0) {
        uint8_t *copy = malloc(length + 1); /* never NULL for an empty one */
        if (copy == NULL) {
            JS_ThrowOutOfMemory(ctx);
        } else {
            memcpy(copy, data, length);
            *ret_bytes = (struct io_tls_bytes){copy, length};
            result = 0;
        }
    }
    JS_FreeValue(ctx, value);
    return result;
}

static int get_bytes(JSContext *ctx, JSValueConst options, const char *name, struct io_tls_bytes *ret_bytes)
{
    return copy_bytes(ctx, JS_GetPropertyStr(ctx, options, name), ret_bytes);
}

/* Calls `take` for each item of an array. */
static int for_each(JSContext *ctx, JSValueConst options, const char *name, int64_t max,
                    int (*take)(JSContext *ctx, JSValue item, void *to), void *to)
{
    int64_t count;
    JSValue array = JS_GetPropertyStr(ctx, options, name);
    int result = JS_IsException(array) || JS_GetLength(ctx, array, &count) < 0 ? -1 : 0;
    if (result == 0 && count > max) {
        JS_ThrowRangeError(ctx, "%s: at most %d", name, (int)max);
        result = -1;
    }
    for (int64_t i = 0; result == 0 && i < count; i++) {
        result = take(ctx, JS_GetPropertyInt64(ctx, array, i), to);
    }
    JS_FreeValue(ctx, array);
    return result;
}

static int take_input(JSContext *ctx, JSValue item, void *to)
{
    struct io_tls_inputs *inputs = to;
    struct io_tls_bytes *at = (struct io_tls_bytes *)&inputs->items[inputs->count];
    int result = copy_bytes(ctx, item, at);
    inputs->count += result == 0 && at->data != NULL;
    return result;
}

static int take_alpn(JSContext *ctx, JSValue item, void *to)
{
    struct arguments *arguments = to;
    size_t length;
    const char *text = JS_IsException(item) ? NULL : JS_ToCStringLen(ctx, &length, item);
    JS_FreeValue(ctx, item);
    if (text == NULL) {
        return -1;
    }
    bool is_valid = length > 0 && length <= IO_TLS_ALPN_NAME_MAX && strlen(text) == length;
    char *copy = is_valid ? strdup(text) : NULL;
    JS_FreeCString(ctx, text);
    if (copy == NULL) {
        is_valid ? JS_ThrowOutOfMemory(ctx)
                 : JS_ThrowTypeError(ctx, "alpn: a protocol has 1 to %d bytes, none of them zero",
                                     IO_TLS_ALPN_NAME_MAX);
        return -1;
    }
    arguments->alpn[arguments->settings.alpn_count++] = copy;
    return 0;
}

static int take_pin(JSContext *ctx, JSValue item, void *to)
{
    struct arguments *arguments = to;
    size_t length;
    const char *text = JS_IsException(item) ? NULL : JS_ToCStringLen(ctx, &length, item);
    JS_FreeValue(ctx, item);
    if (text == NULL) {
        return -1;
    }
    int result = io_tls_pin_parse(text, length, arguments->pins[arguments->settings.pin_count]);
    JS_FreeCString(ctx, text);
    if (result != 0) {
        rt_throw_dom_exception(
            ctx, "InvalidAccessError", "TLS_BAD_PIN",
            "pins: a pin is sha256/ and 44 characters of base64, the hash of a certificate's "
            "SubjectPublicKeyInfo");
        return -1;
    }
    arguments->settings.pin_count++;
    return 0;
}

static int get_arguments(JSContext *ctx, JSValueConst options, struct arguments *arguments)
{
    struct io_tls_settings *settings = &arguments->settings;
    bool verifies;
    int client_auth;
    settings->ca.items = arguments->ca;
    settings->cert.items = arguments->cert;
    settings->crl.items = arguments->crl;
    settings->alpn = (const char *const *)arguments->alpn;
    settings->pins = (const uint8_t(*)[IO_TLS_PIN_SIZE])arguments->pins;
    if (for_each(ctx, options, "alpn", IO_TLS_ALPN_MAX, take_alpn, arguments) < 0 ||
        for_each(ctx, options, "ca", INPUTS_MAX, take_input, &settings->ca) < 0 ||
        for_each(ctx, options, "cert", INPUTS_MAX, take_input, &settings->cert) < 0 ||
        js_net_get_int(ctx, options, "clientAuth", 0, IO_TLS_CLIENT_AUTH_REQUIRE, &client_auth) < 0 ||
        for_each(ctx, options, "crl", INPUTS_MAX, take_input, &settings->crl) < 0 ||
        js_net_get_bool(ctx, options, "isServer", &settings->is_server) < 0 ||
        get_bytes(ctx, options, "key", &settings->key) < 0 ||
        get_bytes(ctx, options, "passphrase", &settings->passphrase) < 0 ||
        for_each(ctx, options, "pins", IO_TLS_PINS_MAX, take_pin, arguments) < 0 ||
        js_net_get_bool(ctx, options, "rejectUnauthorized", &verifies) < 0 ||
        js_net_get_bool(ctx, options, "tls13Only", &settings->tls13_only) < 0) {
        return -1;
    }
    settings->client_auth = (enum io_tls_client_auth)client_auth;
    settings->unverified = !verifies && !settings->is_server;
    return 0;
}

/* The store that is trusted where an app brings no authorities of its own; opened once. */
static int get_trust(JSContext *ctx, struct io_tls_settings *settings)
{
    struct js_net *net = js_net_of(ctx);
    char error[IO_TLS_PROBLEM_MAX];
    if (settings->is_server || settings->ca.count > 0) {
        return 0;
    }
    if (net->tls_trust == NULL &&
        io_tls_trust_open(rt_ca_file(net->rt), &net->tls_trust, error, sizeof(error)) != 0) {
        rt_throw_dom_exception(ctx, "NetworkError", "TLS_NO_TRUST", "%s", error);
        return -1;
    }
    settings->trust = net->tls_trust;
    return 0;
}

static JSValue js_create_tls_context(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct io_tls_config *config = NULL;
    struct io_tls_problem problem;
    struct arguments *arguments = calloc(1, sizeof(*arguments));

    (void)self;
    (void)argc;
    if (arguments == NULL) {
        return JS_ThrowOutOfMemory(ctx);
    }
    int error = get_arguments(ctx, argv[0], arguments) < 0 || get_trust(ctx, &arguments->settings) < 0
                    ? -ECANCELED
                    : io_tls_config_create(&arguments->settings, &config, &problem);
    free_arguments(arguments);
    if (error == -ECANCELED) {
        return JS_EXCEPTION;
    }
    if (error == -EINVAL) {
        return rt_throw_dom_exception(ctx, "InvalidAccessError", problem.code, "%s", problem.text);
    }
    JSValue context = error == 0 ? JS_NewObjectClass(ctx, context_class) : JS_ThrowOutOfMemory(ctx);
    if (JS_IsException(context)) {
        io_tls_config_unref(config);
        return context;
    }
    JS_SetOpaque(context, config);
    return context;
}

static JSValue js_is_clock_wrong(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    return JS_NewBool(ctx, io_tls_clock_is_wrong());
}

/* Facts ------------------------------------------------------------------------------------------- */

static JSValue new_alt_names(JSContext *ctx, const mbedtls_x509_crt *certificate)
{
    struct io_tls_alt_names names = {0};
    char text[IO_TLS_NAME_TEXT_SIZE];
    JSValue array = JS_NewArray(ctx);
    for (uint32_t i = 0; !JS_IsException(array) && io_tls_alt_names_next(&names, certificate, text); i++) {
        if (JS_DefinePropertyValueUint32(ctx, array, i, JS_NewString(ctx, text), JS_PROP_C_W_E) < 0) {
            JS_FreeValue(ctx, array);
            array = JS_EXCEPTION;
        }
    }
    return array;
}

/* The certificate was good enough for a handshake: that it can't be read means that memory is out. */
static JSValue new_certificate(JSContext *ctx, const uint8_t *der, size_t length)
{
    mbedtls_x509_crt certificate;
    char subject[IO_TLS_NAME_TEXT_SIZE], issuer[IO_TLS_NAME_TEXT_SIZE], pin_text[IO_TLS_PIN_TEXT_SIZE];
    char from[IO_TLS_TIME_TEXT_SIZE], to[IO_TLS_TIME_TEXT_SIZE];
    uint8_t pin[IO_TLS_PIN_SIZE];
    JSValue result;

    mbedtls_x509_crt_init(&certificate);
    if (mbedtls_x509_crt_parse_der_nocopy(&certificate, der, length) != 0 ||
        io_tls_certificate_pin(&certificate, pin) != 0) {
        result = JS_ThrowOutOfMemory(ctx);
    } else {
        const char *names[] = {"subject",         "issuer",   "validFrom", "validTo",
                               "subjectAltNames", "spkiHash", "raw"};
        io_tls_certificate_subject(&certificate, subject);
        io_tls_certificate_issuer(&certificate, issuer);
        JSValue values[] = {
            JS_NewString(ctx, subject),
            JS_NewString(ctx, issuer),
            JS_NewString(ctx, io_tls_certificate_time(&certificate.valid_from, from)),
            JS_NewString(ctx, io_tls_certificate_time(&certificate.valid_to, to)),
            new_alt_names(ctx, &certificate),
            JS_NewString(ctx, io_tls_pin_format(pin, pin_text)),
            rt_new_bytes(ctx, der, length),
        };
        result = rt_new_object(ctx, RT_COUNT(names), names, values);
    }
    mbedtls_x509_crt_free(&certificate);
    return result;
}

JSValue js_tls_new_info(JSContext *ctx, const struct io_tls_info *info)
{
    const char *names[] = {"protocol", "cipher", "alpn", "resumed", "peerCertificate"};
    JSValue values[] = {
        JS_NewString(ctx, info->protocol),
        JS_NewString(ctx, info->cipher),
        info->alpn != NULL ? JS_NewString(ctx, info->alpn) : JS_NULL,
        JS_NewBool(ctx, info->resumed),
        info->certificate != NULL ? new_certificate(ctx, info->certificate, info->certificate_length)
                                  : JS_NULL,
    };
    return rt_new_object(ctx, RT_COUNT(names), names, values);
}

/* The module ------------------------------------------------------------------------------------- */

/* RT_TYPES "cleat:native/tls"
    interface TlsContext { readonly __tlsContext: never }
    // Every field is always present; null or an empty list stands for "not given". Certificates, keys
    // and lists are PEM or DER. clientAuth: 0 none, 1 request, 2 require. isServer decides the role.
    interface TlsContextOptions {
        alpn: readonly string[]; ca: readonly Uint8Array[]; cert: readonly Uint8Array[]; clientAuth: number;
        crl: readonly Uint8Array[]; isServer: boolean; key: Uint8Array | null; passphrase: Uint8Array | null;
        pins: readonly string[]; rejectUnauthorized: boolean; tls13Only: boolean;
    }
    // Times in the form of Date.prototype.toISOString(); spkiHash as in pins; raw is DER.
    interface TlsCertificate {
        subject: string; issuer: string; validFrom: string; validTo: string; subjectAltNames: string[];
        spkiHash: string; raw: ArrayBuffer;
    }
    interface TlsInfo {
        protocol: "TLSv1.2" | "TLSv1.3"; cipher: string; alpn: string | null; resumed: boolean;
        peerCertificate: TlsCertificate | null;
    }
*/
RT_TABLE(tls_functions, "cleat:native/tls", ""){
    RT_METHOD("createTlsContext", js_create_tls_context, 1, "(options: TlsContextOptions) => TlsContext",
              "Parses and checks. InvalidAccessError with a code (TLS_BAD_CERTIFICATE, TLS_BAD_KEY, "
              "TLS_BAD_PASSPHRASE, "
              "TLS_KEY_MISMATCH, TLS_BAD_CRL, TLS_BAD_PIN) for what can't be used."),
    RT_METHOD("isClockWrong", js_is_clock_wrong, 0, "() => boolean",
              "Whether the system's clock is before the time when this program was built."),
};

static int prepare(JSContext *ctx)
{
    return js_net_prepare(ctx) < 0 ? -1 : rt_define_class(ctx, &context_class, &definition, NULL, 0);
}

const struct rt_native_module js_tls_module = {"cleat:native/tls", tls_functions, RT_COUNT(tls_functions),
                                               prepare};
