/* js_udp_open.c - UdpHandle.open(): options, their permissions, the choice of family and local address. W3C
 * TCP and UDP Socket API, UDPSocket constructor. Ownership: js_udp.c.
 *
 * Family: of the local address, else of a remote literal, else as asked for, else both in one AF_INET6 socket
 * (where the kernel has no IPv6: AF_INET). Such a socket joins, receives and sends IPv4 as well.
 *
 * A default destination is not connect()ed to (udp.h says why). As the text wants, the socket is bound to the
 * local address that the routing table picks for it, if it is a single host; bound to a single address a
 * socket would hear no group and no broadcast, so with such a destination the address is only reported. */
#include "js_udp.h"
#include "netif.h"

#include <errno.h>
#include <string.h>

enum { DISCARD_PORT = 9 }; /* for questions to the routing table, where any port does */

struct open_options {
    bool has_local, has_remote;
    struct rt_host local, remote; /* remote may be a name */
    int local_port, remote_port;  /* 0: not given */
    int family, hops, multicast_hops, send_buffer, receive_buffer;
    bool address_reuse, address_sharing, ipv6_only, loopback, broadcast;
    struct js_interface interface;
};

/* Conversion: each property is read once, before anything is decided ----------------------------- */

static int get_int(JSContext *ctx, JSValueConst object, const char *name, int max, int *ret_value)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    double number = 0;
    int failed = JS_IsException(value) || JS_ToFloat64(ctx, &number, value) < 0;
    JS_FreeValue(ctx, value);
    if (failed) {
        return -1;
    }
    if (!(number >= 0 && number <= max && number == (double)(int)number)) {
        JS_ThrowRangeError(ctx, "%s must be an integer from 0 to %d", name, max);
        return -1;
    }
    *ret_value = (int)number;
    return 0;
}

static int get_bool(JSContext *ctx, JSValueConst object, const char *name, bool *ret_value)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    int result = JS_IsException(value) ? -1 : JS_ToBool(ctx, value);
    JS_FreeValue(ctx, value);
    if (result < 0) {
        return -1;
    }
    *ret_value = result != 0;
    return 0;
}

/* A host, or null. Names are refused where only an address makes sense. */
static int get_host(JSContext *ctx, JSValueConst object, const char *name, bool names, bool *ret_given,
                    struct rt_host *ret_host)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    if (JS_IsException(value)) {
        return -1;
    }
    int result = 0;
    *ret_given = !JS_IsNull(value) && !JS_IsUndefined(value);
    if (*ret_given && !names) {
        result = js_udp_get_address(ctx, value, name, ret_host);
    } else if (*ret_given) {
        size_t length;
        const char *text = JS_ToCStringLen(ctx, &length, value);
        result = text ? 0 : -1;
        if (text) {
            int error = rt_host_parse(text, length, ret_host);
            if (error) {
                rt_throw_dom_exception(ctx, "InvalidAccessError", rt_error_code(error),
                                       "%s '%s' is not a valid host", name, text);
                result = -1;
            }
            JS_FreeCString(ctx, text);
        }
    }
    JS_FreeValue(ctx, value);
    return result;
}

static int get_options(JSContext *ctx, JSValueConst object, struct open_options *ret_options)
{
    struct open_options *o = ret_options;
    if (get_host(ctx, object, "localAddress", false, &o->has_local, &o->local) < 0 ||
        get_int(ctx, object, "localPort", UINT16_MAX, &o->local_port) < 0 ||
        get_host(ctx, object, "remoteAddress", true, &o->has_remote, &o->remote) < 0 ||
        get_int(ctx, object, "remotePort", UINT16_MAX, &o->remote_port) < 0 ||
        get_bool(ctx, object, "addressReuse", &o->address_reuse) < 0 ||
        get_bool(ctx, object, "addressSharing", &o->address_sharing) < 0 ||
        get_bool(ctx, object, "ipv6Only", &o->ipv6_only) < 0 ||
        get_bool(ctx, object, "loopback", &o->loopback) < 0 ||
        get_bool(ctx, object, "broadcast", &o->broadcast) < 0 ||
        get_int(ctx, object, "hops", UINT8_MAX, &o->hops) < 0 ||
        get_int(ctx, object, "multicastHops", UINT8_MAX, &o->multicast_hops) < 0 ||
        get_int(ctx, object, "sendBufferSize", INT32_MAX / 2, &o->send_buffer) < 0 ||
        get_int(ctx, object, "receiveBufferSize", INT32_MAX / 2, &o->receive_buffer) < 0 ||
        get_int(ctx, object, "family", 6, &o->family) < 0) {
        return -1;
    }
    JSValue interface = JS_GetPropertyStr(ctx, object, "interface");
    int result = JS_IsException(interface) ? -1 : js_get_interface(ctx, interface, &o->interface);
    JS_FreeValue(ctx, interface);
    return result;
}

/* Permissions ------------------------------------------------------------------------------------ */

static bool is_unspecified(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6
               ? IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr)
               : ((const struct sockaddr_in *)address)->sin_addr.s_addr == INADDR_ANY;
}

static bool is_group(const struct rt_host *host)
{
    return host->is_address &&
           rt_address_classify((const struct sockaddr *)&host->address) == RT_ADDRESS_MULTICAST;
}

/* Nothing is known of what the socket will do: any grant for UDP will do, later checks tell. */
static bool may_open_any(JSContext *ctx, struct js_udp *udp)
{
    const enum rt_operation operations[] = {RT_UDP_SEND, RT_UDP_BIND, RT_MULTICAST_JOIN, RT_MULTICAST_SEND,
                                            RT_BROADCAST};
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (rt_permission_any(rt_permissions_of(udp->rt), operations[i])) {
            return true;
        }
    }
    struct rt_permission_query query = {.operation = RT_UDP_SEND, .port = RT_ANY_PORT};
    return js_ask(ctx, &query) == 0;
}

/* A remote name is only looked at: the lookup is the use of the grant. */
static bool may_send_to_name(JSContext *ctx, struct js_udp *udp, const struct rt_permission_query *query)
{
    struct rt_permissions *permissions = rt_permissions_of(udp->rt);
    return rt_permission_state(permissions, query) == RT_GRANTED || js_ask(ctx, query) == 0;
}

static bool may_open(JSContext *ctx, struct js_udp *udp, const struct open_options *o)
{
    /* What an open() that failed was permitted, with other options, this one is not. */
    js_udp_permit_nothing(JS_GetRuntime(ctx), udp);
    if (o->broadcast && !rt_permission_any(rt_permissions_of(udp->rt), RT_BROADCAST)) {
        struct rt_permission_query query = {.operation = RT_BROADCAST, .port = RT_ANY_PORT};
        return js_ask(ctx, &query) == 0;
    }
    unsigned interface_index = o->interface.index;
    bool local = o->has_local || o->local_port, remote = o->has_remote || o->remote_port;
    if (!local && !remote) {
        return may_open_any(ctx, udp);
    }
    int remote_port = o->remote_port ? o->remote_port : RT_ANY_PORT;
    if (o->has_remote && o->remote.is_address) {
        struct js_udp_permitted permitted = {.text = JS_UNDEFINED, .port = remote_port};
        if (!js_udp_may_send(ctx, udp, &o->remote, remote_port, interface_index, &permitted.operation)) {
            return false;
        }
        if (o->remote_port) {
            permitted.broadcast = permitted.operation == RT_BROADCAST;
            memcpy(&permitted.address, &o->remote.address, sizeof(permitted.address));
            rt_address_set_port(&permitted.address.any, (uint16_t)remote_port);
            js_udp_permit(ctx, udp, JS_UNDEFINED, o->remote.name, &permitted);
        }
    } else if (remote) {
        struct rt_permission_query query = {.operation = RT_UDP_SEND,
                                            .host = o->has_remote ? &o->remote : NULL,
                                            .port = remote_port,
                                            .interface_index = interface_index};
        if (!may_send_to_name(ctx, udp, &query)) {
            return false;
        }
    }
    if (local) {
        bool any = !o->has_local || is_unspecified(&o->local.address);
        struct rt_permission_query query = {.operation = RT_UDP_BIND,
                                            .host = any ? NULL : &o->local,
                                            .port = o->local_port,
                                            .interface_index = interface_index};
        return js_ask(ctx, &query) == 0;
    }
    return true;
}

/* Opening ---------------------------------------------------------------------------------------- */

static JSValue throw_open(JSContext *ctx, int error, const struct open_options *o)
{
    const char *address = o->has_local ? o->local.name : "any address";
    if (o->has_local && (error == -EADDRNOTAVAIL || error == -EINVAL || error == -ENODEV)) {
        return rt_throw_dom_exception(ctx, "InvalidAccessError", rt_error_code(error),
                                      "%s is not an address of this device", address);
    }
    return rt_throw_system_error(ctx, error, "bind", "UDP socket on %s port %d", address, o->local_port);
}

static JSValue throw_route(JSContext *ctx, int error, const struct open_options *o)
{
    return rt_throw_dom_exception(ctx, "InvalidAccessError", rt_error_code(error), "no way to %s from %s%s",
                                  o->remote.name, o->has_local ? o->local.name : "this device",
                                  o->interface.name[0] ? " by that interface" : "");
}

/* The local address for a default destination. 0 (nothing is written where there is none to choose), or the
 * error that says that there is no way. */
static int choose_local(const struct open_options *o, struct sockaddr_storage *ret_local)
{
    if (!o->has_remote || !o->remote.is_address ||
        io_netif_is_broadcast((const struct sockaddr *)&o->remote.address)) {
        return 0;
    }
    struct sockaddr_storage remote = o->remote.address;
    rt_address_set_port((struct sockaddr *)&remote, DISCARD_PORT);
    const struct sockaddr *from = o->has_local ? (const struct sockaddr *)&o->local.address : NULL;
    struct sockaddr_storage local;
    int error = io_udp_route((struct sockaddr *)&remote, from, o->interface.index, &local);
    if (!error) {
        rt_address_set_port((struct sockaddr *)&local, 0);
        *ret_local = local;
    }
    return error;
}

static int open_family(struct js_udp *udp, int family, const struct open_options *o,
                       struct sockaddr_storage *local)
{
    local->ss_family = (sa_family_t)family;
    rt_address_set_port((struct sockaddr *)local, (uint16_t)o->local_port);
    struct io_udp_options options = {
        .local = (struct sockaddr *)local,
        .interface_index = o->interface.index,
        .address_reuse = o->address_reuse,
        .address_sharing = o->address_sharing,
        .ipv6_only = o->ipv6_only || o->family == 6,
        .loopback = o->loopback,
        .send_buffer = o->send_buffer,
        .receive_buffer = o->receive_buffer,
        .hops = o->hops,
        .multicast_hops = o->multicast_hops,
    };
    return io_udp_open(&udp->io, rt_loop(udp->rt), family, &options, js_udp_on_event);
}

static int open_socket(struct js_udp *udp, const struct open_options *o,
                       const struct sockaddr_storage *routed)
{
    struct sockaddr_storage local = {0};
    if (o->has_local) {
        local = o->local.address;
    } else if (routed->ss_family != AF_UNSPEC && !is_group(&o->remote)) {
        local = *routed;
    }
    if (local.ss_family != AF_UNSPEC) {
        return open_family(udp, local.ss_family, o, &local);
    }
    if (o->has_remote && o->remote.is_address) {
        return open_family(udp, o->remote.address.ss_family, o, &local);
    }
    int error = o->family == 4 ? -EAFNOSUPPORT : open_family(udp, AF_INET6, o, &local);
    if (error == -EAFNOSUPPORT && o->family != 6 && !o->ipv6_only) {
        local = (struct sockaddr_storage){0};
        error = open_family(udp, AF_INET, o, &local);
    }
    return error;
}

JSValue js_udp_open(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct open_options options = {0};
    if (get_options(ctx, argv[0], &options) < 0) {
        return JS_EXCEPTION;
    }
    struct js_udp *udp = js_udp_get_new(ctx, self);
    if (!udp || !may_open(ctx, udp, &options)) {
        return JS_EXCEPTION;
    }
    if (js_interface_missing(&options.interface)) {
        return rt_throw_dom_exception(ctx, "InvalidAccessError", "ENODEV", "no network interface '%s'",
                                      options.interface.name);
    }
    if (options.has_local &&
        (is_group(&options.local) || io_netif_is_broadcast((struct sockaddr *)&options.local.address))) {
        return throw_open(ctx, -EADDRNOTAVAIL, &options);
    }
    struct sockaddr_storage routed = {0};
    int error = choose_local(&options, &routed);
    if (error) {
        return throw_route(ctx, error, &options);
    }
    error = open_socket(udp, &options, &routed);
    if (error) {
        return throw_open(ctx, error, &options);
    }
    udp->bound_port = options.local_port != 0;
    udp->broadcast = options.broadcast;
    udp->interface_index = options.interface.index;
    if (is_group(&options.remote) && !options.has_local) {
        udp->route_local = routed;
    }
    js_udp_opened(ctx, self, udp);
    return JS_UNDEFINED;
}
