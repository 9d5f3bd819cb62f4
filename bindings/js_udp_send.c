/* js_udp_send.c - UdpHandle.send() and sendBatch(): the permission of each destination, on the address that
 * is used, then the datagram. Ownership: js_udp.c.
 *
 * The kernel knows best which addresses are broadcast addresses (every subnet has one): sockets are not
 * allowed to broadcast until it refuses with EACCES; then the broadcast permission is asked for. */
#include "js_resolver.h"
#include "js_udp.h"
#include "netif.h"

#include <errno.h>
#include <string.h>

struct send_arguments {
    JSValueConst host;
    int port;
    struct js_interface interface;
};

/* Converts without running JavaScript. */
static int get_send_arguments(JSContext *ctx, JSValueConst *argv, struct send_arguments *ret_arguments)
{
    double port;
    if (!JS_IsNumber(argv[2])) {
        JS_ThrowTypeError(ctx, "the port must be a number");
        return -1;
    }
    JS_ToFloat64(ctx, &port, argv[2]);
    if (!(port >= 0 && port <= UINT16_MAX && port == (double)(int)port)) {
        JS_ThrowRangeError(ctx, "a port is an integer from 0 to 65535");
        return -1;
    }
    ret_arguments->host = argv[1];
    ret_arguments->port = (int)port;
    return js_get_interface(ctx, argv[3], &ret_arguments->interface);
}

/* Remembered destinations ------------------------------------------------------------------------ */

void js_udp_permit(struct js_udp *udp, const char *host, int port, unsigned interface_index,
                   const struct sockaddr *address, bool broadcast)
{
    size_t length = strlen(host);
    if (length >= RT_ADDRESS_TEXT_MAX || memchr(host, '%', length)) {
        return;
    }
    struct js_udp_permitted *permitted = &udp->permitted[udp->permitted_next++ % JS_UDP_PERMITTED_MAX];
    memset(permitted, 0, sizeof(*permitted));
    memcpy(permitted->host, host, length + 1);
    permitted->port = port;
    permitted->interface_index = interface_index;
    permitted->broadcast = broadcast;
    memcpy(&permitted->address, address, rt_address_length(address));
    rt_address_set_port(&permitted->address.any, (uint16_t)port);
}

static struct js_udp_permitted *find_permitted(struct js_udp *udp, const char *host, int port,
                                               unsigned interface_index)
{
    for (int i = 0; i < JS_UDP_PERMITTED_MAX; i++) {
        struct js_udp_permitted *permitted = &udp->permitted[i];
        if (permitted->port == port && permitted->interface_index == interface_index &&
            strcmp(permitted->host, host) == 0 && host[0] != '\0') {
            return permitted;
        }
    }
    return NULL;
}

/* Permission ------------------------------------------------------------------------------------- */

static unsigned effective_interface(const struct js_udp *udp, unsigned interface_index)
{
    return interface_index ? interface_index : udp->interface_index;
}

bool js_udp_may_send(JSContext *ctx, struct js_udp *udp, const struct rt_host *host, int port,
                     unsigned interface_index, bool *ret_broadcast)
{
    const struct sockaddr *address = (const struct sockaddr *)&host->address;
    enum rt_address_class class = rt_address_classify(address);
    struct rt_permission_query query = {
        .operation = RT_UDP_SEND, .host = host, .port = port, .interface_index = interface_index};
    if (class == RT_ADDRESS_MULTICAST) {
        query.operation = RT_MULTICAST_SEND;
        if (interface_index == 0 && address->sa_family == AF_INET6) {
            query.interface_index = ((const struct sockaddr_in6 *)address)->sin6_scope_id;
        }
    } else if (class == RT_ADDRESS_BROADCAST ||
               (rt_permission_state(rt_permissions_of(udp->rt), &query) != RT_GRANTED &&
                io_netif_is_broadcast(address))) {
        query.operation = RT_BROADCAST;
    }
    if (js_ask(ctx, &query) < 0) {
        return false;
    }
    *ret_broadcast = query.operation == RT_BROADCAST;
    return true;
}

/* A destination that the rules for single hosts permit, and of which the kernel says that it may be a
 * broadcast address. 1: it is, and is permitted; 0: it is not; -1: SecurityError. */
static int may_broadcast(JSContext *ctx, const struct sockaddr *address, unsigned interface_index)
{
    if (!io_netif_is_broadcast(address)) {
        return 0;
    }
    struct rt_host host = {.is_address = true};
    memcpy(&host.address, address, rt_address_length(address));
    rt_address_set_port((struct sockaddr *)&host.address, 0);
    rt_address_format(address, host.name);
    struct rt_permission_query query = {.operation = RT_BROADCAST,
                                        .host = &host,
                                        .port = rt_address_port(address),
                                        .interface_index = interface_index};
    return js_ask(ctx, &query) == 0 ? 1 : -1;
}

/* The destination behind a host argument, checked. 0, or -1 with an exception. */
static int resolve_text(JSContext *ctx, struct js_udp *udp, const char *text, size_t length,
                        const struct send_arguments *arguments, struct js_udp_permitted *ret_destination)
{
    unsigned interface_index = arguments->interface.index;
    if (length < RT_ADDRESS_TEXT_MAX && strlen(text) == length) {
        const struct js_udp_permitted *known = find_permitted(udp, text, arguments->port, interface_index);
        if (known) {
            *ret_destination = *known;
            return 0;
        }
    }
    struct rt_host host;
    int error = rt_host_parse(text, length, &host);
    if (error == -ENODEV) {
        rt_throw_system_error(ctx, error, "if_nametoindex", "send to %s", text);
        return -1;
    }
    if (error || !host.is_address) {
        rt_throw_dom_exception(ctx, "InvalidAccessError", "EINVAL", "'%s' is not an IP address", text);
        return -1;
    }
    /* A link-local address without zone is meant on the interface given: rules see it as it will be used. */
    struct sockaddr_storage zoned;
    unsigned effective = effective_interface(udp, interface_index);
    if (io_net_address_for(host.address.ss_family, (struct sockaddr *)&host.address, effective, &zoned) ==
        0) {
        host.address = zoned;
    }
    struct js_udp_permitted destination = {.interface_index = interface_index};
    if (!js_udp_may_send(ctx, udp, &host, arguments->port, effective, &destination.broadcast)) {
        return -1;
    }
    rt_address_set_port((struct sockaddr *)&host.address, (uint16_t)arguments->port);
    memcpy(&destination.address, &host.address, sizeof(destination.address));
    js_udp_permit(udp, text, arguments->port, interface_index, &destination.address.any,
                  destination.broadcast);
    *ret_destination = destination;
    return 0;
}

static int resolve(JSContext *ctx, struct js_udp *udp, const struct send_arguments *arguments,
                   struct js_udp_permitted *ret_destination)
{
    if (JS_IsString(arguments->host)) {
        size_t length;
        const char *text = JS_ToCStringLen(ctx, &length, arguments->host);
        if (!text) {
            return -1;
        }
        int result = resolve_text(ctx, udp, text, length, arguments, ret_destination);
        JS_FreeCString(ctx, text);
        return result;
    }
    const struct sockaddr *address;
    int known = js_destination_address(ctx, arguments->host, RT_UDP_SEND, arguments->port, &address);
    if (known <= 0) {
        if (known == 0) {
            JS_ThrowTypeError(ctx, "the host must be a string or a Destination");
        }
        return -1;
    }
    struct js_udp_permitted destination = {.interface_index = arguments->interface.index};
    memcpy(&destination.address, address, rt_address_length(address));
    rt_address_set_port(&destination.address.any, (uint16_t)arguments->port);
    *ret_destination = destination;
    return 0;
}

/* Sending ---------------------------------------------------------------------------------------- */

static JSValue throw_send(JSContext *ctx, int error, const union io_address *address)
{
    char text[RT_ADDRESS_TEXT_MAX];
    return rt_throw_system_error(ctx, error, "sendmsg", "send to %s port %d",
                                 rt_address_format(&address->any, text), rt_address_port(&address->any));
}

/* Sends to a broadcast address: permission is there, the app must have wanted it when it opened the socket.
 */
static int send_broadcast(struct js_udp *udp, struct iovec *datagrams, unsigned count,
                          struct io_udp_destination *destination)
{
    destination->broadcast = true;
    return udp->broadcast ? io_udp_send_batch(&udp->io, datagrams, count, destination) : -EACCES;
}

/* The number of datagrams taken, 0 after asking for a writable event, or -1 with an exception. */
static int send_all(JSContext *ctx, struct js_udp *udp, const struct send_arguments *arguments,
                    struct iovec *datagrams, unsigned count)
{
    struct js_udp_permitted permitted;
    if (resolve(ctx, udp, arguments, &permitted) < 0) {
        return -1;
    }
    if (js_interface_missing(&arguments->interface)) {
        throw_send(ctx, -ENODEV, &permitted.address);
        return -1;
    }
    struct io_udp_destination destination = {.address = &permitted.address.any,
                                             .interface_index = permitted.interface_index};
    int result = permitted.broadcast ? send_broadcast(udp, datagrams, count, &destination)
                                     : io_udp_send_batch(&udp->io, datagrams, count, &destination);
    if (result == -EACCES && !permitted.broadcast) {
        unsigned interface_index = effective_interface(udp, destination.interface_index);
        int may = may_broadcast(ctx, destination.address, interface_index);
        if (may < 0) {
            return -1;
        }
        result = may > 0 ? send_broadcast(udp, datagrams, count, &destination) : result;
    }
    if (result == -EAGAIN) {
        result = io_udp_want(&udp->io, UV_WRITABLE);
    }
    if (result < 0) {
        throw_send(ctx, result, &permitted.address);
        return -1;
    }
    return result;
}

JSValue js_udp_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct send_arguments arguments;
    const uint8_t *data;
    size_t length;
    /* The bytes last: getting at them may run JavaScript, nothing after it does. */
    if (get_send_arguments(ctx, argv, &arguments) < 0 || rt_get_bytes(ctx, argv[0], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    struct js_udp *udp = js_udp_get_open(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    struct iovec datagram = {(void *)(uintptr_t)data, length};
    int sent = send_all(ctx, udp, &arguments, &datagram, 1);
    return sent < 0 ? JS_EXCEPTION : JS_NewBool(ctx, sent > 0);
}

/* Views of the first datagrams of a list. Takes what needs no JavaScript to look into: the earlier pointers
 * must hold until all are there. Their number, or -1 with an exception. */
static int get_list(JSContext *ctx, JSValueConst list, JSValue *values, struct iovec *datagrams)
{
    int64_t length;
    if (!JS_IsArray(list)) {
        JS_ThrowTypeError(ctx, "sendBatch needs an array of buffers");
        return -1;
    }
    if (JS_GetLength(ctx, list, &length) < 0) {
        return -1;
    }
    int count = length < IO_UDP_SEND_BATCH_MAX ? (int)length : IO_UDP_SEND_BATCH_MAX;
    int got = 0;
    for (; got < count; got++) {
        values[got] = JS_GetPropertyUint32(ctx, list, (uint32_t)got);
        if (JS_IsException(values[got])) {
            break;
        }
    }
    bool failed = got < count;
    for (int i = 0; i < got && !failed; i++) {
        const uint8_t *data;
        size_t size;
        if (!JS_IsArrayBuffer(values[i]) && JS_GetTypedArrayType(values[i]) < 0) {
            JS_ThrowTypeError(ctx, "sendBatch takes array buffers and typed arrays");
            failed = true;
        } else if (rt_get_bytes(ctx, values[i], &data, &size) < 0) {
            failed = true;
        } else {
            datagrams[i] = (struct iovec){(void *)(uintptr_t)data, size};
        }
    }
    if (failed) {
        while (got > 0) {
            JS_FreeValue(ctx, values[--got]);
        }
        return -1;
    }
    return count;
}

JSValue js_udp_send_batch(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct send_arguments arguments;
    JSValue values[IO_UDP_SEND_BATCH_MAX];
    struct iovec datagrams[IO_UDP_SEND_BATCH_MAX];
    int count =
        get_send_arguments(ctx, argv, &arguments) < 0 ? -1 : get_list(ctx, argv[0], values, datagrams);
    if (count < 0) {
        return JS_EXCEPTION;
    }
    struct js_udp *udp = js_udp_get_open(ctx, self);
    int sent = udp ? 0 : -1;
    if (udp && count > 0) {
        sent = send_all(ctx, udp, &arguments, datagrams, (unsigned)count);
    }
    for (int i = 0; i < count; i++) {
        JS_FreeValue(ctx, values[i]);
    }
    return sent < 0 ? JS_EXCEPTION : JS_NewInt32(ctx, sent);
}
