/* js_udp_write.c - UdpHandle.trySend() and write(): what an app passes to write() of a UDPSocket's stream,
 * converted as Web IDL converts a UDPMessage (members in lexicographical order, each read once), and checked
 * in the order of the W3C text. Not here: sending (js_udp_send.c). Ownership: js_udp.c. */
#include "js_udp.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { INTERFACE_INDEX_MAX = INT32_MAX };

static void free_outgoing(JSRuntime *js, const struct js_udp_outgoing *message)
{
    JS_FreeValueRT(js, message->message);
    JS_FreeValueRT(js, message->data);
    JS_FreeValueRT(js, message->interface);
    JS_FreeValueRT(js, message->host);
}

static struct js_udp_outgoing nothing(void)
{
    return (struct js_udp_outgoing){JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED, -1};
}

static bool is_missing(JSValueConst value)
{
    return JS_IsUndefined(value) || JS_IsNull(value);
}

/* A DOMString member, which may be left out. Takes the value. */
static JSValue to_text(JSContext *ctx, JSValue value)
{
    if (JS_IsString(value) || JS_IsException(value)) {
        return value;
    }
    JSValue text = is_missing(value) ? JS_UNDEFINED : JS_ToString(ctx, value);
    JS_FreeValue(ctx, value);
    return text;
}

/* An interface by name or index. Takes the value. */
static JSValue to_interface(JSContext *ctx, JSValue value)
{
    if (JS_IsNumber(value)) {
        double number = 0;
        JS_ToFloat64(ctx, &number, value);
        number = trunc(number);
        return number >= 1 && number <= INTERFACE_INDEX_MAX
                   ? JS_NewInt32(ctx, (int32_t)number)
                   : JS_ThrowTypeError(ctx, "UDPMessage: interface must be a whole number from 1 to %d",
                                       INTERFACE_INDEX_MAX);
    }
    return to_text(ctx, value);
}

/* ToNumber, then towards zero, as EnforceRange does; NaN for what is no port. Takes the value. */
static int to_port(JSContext *ctx, JSValue value, double *ret_port)
{
    double number = -1;
    int result = JS_IsException(value) ? -1 : is_missing(value) ? 0 : JS_ToFloat64(ctx, &number, value);
    if (result == 0 && !is_missing(value)) {
        number = trunc(number);
        *ret_port = number >= 0 && number <= UINT16_MAX ? number : NAN;
    }
    JS_FreeValue(ctx, value);
    return result;
}

/* 0, or -1 with an exception; either way `message` is to be freed. */
static int convert(JSContext *ctx, const struct js_udp_shared *shared, JSValueConst from,
                   struct js_udp_outgoing *message)
{
    bool empty = is_missing(from);
    if (!empty && !JS_IsObject(from)) {
        JS_ThrowTypeError(ctx, "UDPMessage must be an object");
        return -1;
    }
    message->data = empty ? JS_UNDEFINED : JS_GetProperty(ctx, from, js_udp_atom(shared, JS_UDP_DATA));
    if (JS_IsUndefined(message->data)) {
        JS_ThrowTypeError(ctx, "UDPMessage: data is missing");
        return -1;
    }
    if (JS_IsException(message->data)) {
        return -1;
    }
    message->interface = to_interface(ctx, JS_GetProperty(ctx, from, js_udp_atom(shared, JS_UDP_INTERFACE)));
    if (JS_IsException(message->interface)) {
        return -1;
    }
    message->host = to_text(ctx, JS_GetProperty(ctx, from, js_udp_atom(shared, JS_UDP_REMOTE_ADDRESS)));
    if (JS_IsException(message->host)) {
        return -1;
    }
    return to_port(ctx, JS_GetProperty(ctx, from, js_udp_atom(shared, JS_UDP_REMOTE_PORT)), &message->port);
}

static JSValue throw_invalid(JSContext *ctx, const char *what)
{
    return rt_throw_dom_exception(ctx, "InvalidAccessError", NULL, "write: %s", what);
}

/* The defaults of the socket, and the checks of the text. 0, or -1 with an exception. */
static int complete(JSContext *ctx, const struct js_udp *udp, struct js_udp_outgoing *message)
{
    if (JS_IsUndefined(message->host)) {
        message->host = JS_DupValue(ctx, udp->default_host);
    }
    if (JS_IsUndefined(message->interface)) {
        message->interface = JS_DupValue(ctx, udp->default_interface);
    }
    if (message->port == -1) {
        message->port = udp->default_port;
    }
    if (JS_IsUndefined(message->host)) {
        throw_invalid(ctx, "no remoteAddress, in the message or as default");
        return -1;
    }
    if (message->port == -1) {
        throw_invalid(ctx, "no remotePort, in the message or as default");
        return -1;
    }
    return 0;
}

/* Bytes of a string, a buffer or a view; what is not a string must be freed by nobody. */
static int get_data(JSContext *ctx, JSValueConst value, const char **ret_text, const uint8_t **ret_data,
                    size_t *ret_length)
{
    if (!JS_IsString(value)) {
        return rt_get_bytes(ctx, value, ret_data, ret_length);
    }
    *ret_text = JS_ToCStringLen(ctx, ret_length, value);
    *ret_data = (const uint8_t *)*ret_text;
    return *ret_text ? 0 : -1;
}

/* The promise, or an exception. Nothing here runs JavaScript but a DataView's getters, which are the
 * engine's. */
static JSValue write_now(JSContext *ctx, struct js_udp *udp, const struct js_udp_outgoing *message,
                         const struct js_interface *interface, const struct js_udp_permitted *destination)
{
    const char *text = NULL;
    const uint8_t *data;
    size_t length;
    if (get_data(ctx, message->data, &text, &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    JSValue promise = js_interface_missing(interface)
                          ? JS_Throw(ctx, js_udp_send_error(ctx, -ENODEV, &destination->address))
                          : js_udp_queue(ctx, udp, data, length, destination);
    JS_FreeCString(ctx, text);
    return promise;
}

static JSValue write_to_name(JSContext *ctx, const struct js_udp_outgoing *message, JSValueConst to_name)
{
    JSValueConst arguments[4] = {message->data, message->host, JS_NewInt32(ctx, (int32_t)message->port),
                                 JS_IsUndefined(message->interface) ? JS_NULL : message->interface};
    return JS_Call(ctx, to_name, JS_UNDEFINED, 4, arguments);
}

/* The promise; an exception; undefined where the host is a name. */
static JSValue write_message(JSContext *ctx, JSValueConst self, struct js_udp_outgoing *message)
{
    struct js_udp *udp = js_udp_get_open(ctx, self); /* again: the conversion may have closed it */
    struct js_interface interface;
    if (!udp || complete(ctx, udp, message) < 0) {
        return JS_EXCEPTION;
    }
    if (!(message->port >= 1)) {
        return throw_invalid(ctx, "remotePort is not a valid port number");
    }
    if (!js_udp_is_last_interface(udp->shared, message->interface, &interface) &&
        js_get_interface(ctx, message->interface, &interface) < 0) {
        return JS_EXCEPTION;
    }
    struct js_udp_permitted destination;
    int result = js_udp_resolve(ctx, udp, message->host, (int)message->port, interface.index, &destination);
    return result < 0   ? JS_EXCEPTION
           : result > 0 ? write_now(ctx, udp, message, &interface, &destination)
                        : JS_UNDEFINED;
}

/* A promise that is rejected with what was thrown. */
static JSValue rejected(JSContext *ctx)
{
    JSValue settle[2], error = JS_GetException(ctx);
    JSValue promise = JS_IsUncatchableError(error) ? JS_Throw(ctx, JS_DupValue(ctx, error))
                                                   : JS_NewPromiseCapability(ctx, settle);
    if (!JS_IsException(promise)) {
        JS_PromiseMarkAsHandled(ctx, promise); /* as for what fails later */
        JSValue result = JS_Call(ctx, settle[1], JS_UNDEFINED, 1, (JSValueConst *)&error);
        JS_FreeValue(ctx, result);
        JS_FreeValue(ctx, settle[0]);
        JS_FreeValue(ctx, settle[1]);
    }
    JS_FreeValue(ctx, error);
    return promise;
}

void js_udp_forget_put_back(JSRuntime *js, struct js_udp *udp)
{
    struct js_udp_outgoing *message = udp->put_back;
    udp->put_back = NULL;
    if (message) {
        free_outgoing(js, message);
        js_free_rt(js, message);
    }
}

/* Keeps a converted message for write(); takes what is in it. Where memory is out, it will be read again. */
static void put_back(JSContext *ctx, struct js_udp *udp, JSValueConst from, struct js_udp_outgoing *message)
{
    udp->put_back = js_malloc(ctx, sizeof(*udp->put_back));
    if (!udp->put_back) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        return;
    }
    *udp->put_back = *message;
    udp->put_back->message = JS_DupValue(ctx, from);
    *message = nothing();
}

JSValue js_udp_try_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct js_udp *udp = js_udp_get(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    if (udp->state != JS_UDP_OPEN || !udp->sends || js_udp_queue_is_full(udp)) {
        return JS_NULL;
    }
    struct js_udp_outgoing message = nothing();
    JSValue promise =
        convert(ctx, udp->shared, argv[0], &message) < 0 ? JS_EXCEPTION : write_message(ctx, self, &message);
    js_udp_forget_put_back(JS_GetRuntime(ctx), udp);
    if (JS_IsUndefined(promise)) {
        put_back(ctx, udp, argv[0], &message);
        promise = JS_NULL;
    }
    free_outgoing(JS_GetRuntime(ctx), &message);
    return JS_IsException(promise) ? rejected(ctx) : promise;
}

/* What trySend() made of this very message, or what it is now. 0, or -1 with an exception. */
static int convert_once(JSContext *ctx, struct js_udp *udp, JSValueConst from,
                        struct js_udp_outgoing *message)
{
    if (!udp->put_back || !JS_IsStrictEqual(ctx, udp->put_back->message, from)) {
        return convert(ctx, udp->shared, from, message);
    }
    struct js_udp_outgoing *known = udp->put_back;
    udp->put_back = NULL;
    *message = *known;
    js_free(ctx, known);
    return 0;
}

JSValue js_udp_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct js_udp *udp = js_udp_get_open(ctx, self);
    if (!udp) {
        return rejected(ctx);
    }
    struct js_udp_outgoing message = nothing();
    JSValue promise =
        convert_once(ctx, udp, argv[0], &message) < 0 ? JS_EXCEPTION : write_message(ctx, self, &message);
    if (JS_IsUndefined(promise)) {
        promise = write_to_name(ctx, &message, argv[1]);
    }
    free_outgoing(JS_GetRuntime(ctx), &message);
    return JS_IsException(promise) ? rejected(ctx) : promise;
}

JSValue js_udp_start_sending(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct js_udp_outgoing defaults = nothing();
    defaults.interface = to_interface(ctx, JS_DupValue(ctx, argv[2]));
    defaults.host = to_text(ctx, JS_DupValue(ctx, argv[0]));
    struct js_udp *udp = NULL;
    if (!JS_IsException(defaults.interface) && !JS_IsException(defaults.host) &&
        to_port(ctx, JS_DupValue(ctx, argv[1]), &defaults.port) == 0) {
        udp = js_udp_get_open(ctx, self);
    }
    if (!udp) {
        free_outgoing(JS_GetRuntime(ctx), &defaults);
        return JS_EXCEPTION;
    }
    JSValue old_host = udp->default_host, old_interface = udp->default_interface;
    udp->default_host = defaults.host;
    udp->default_interface = defaults.interface;
    udp->default_port = defaults.port;
    udp->sends = true;
    JS_FreeValue(ctx, old_host);
    JS_FreeValue(ctx, old_interface);
    return JS_UNDEFINED;
}
