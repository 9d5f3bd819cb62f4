/* js_udp_permit.c - where a socket may send to: the permission of each destination, on the address that is
 * used, and the memory of what was found permitted. Ownership: js_udp.c.
 *
 * The kernel knows best which addresses are broadcast addresses (every subnet has one): sockets are not
 * allowed to broadcast until it refuses with EACCES; then the broadcast permission is asked for. */
#include "js_udp.h"
#include "netif.h"

#include <errno.h>
#include <string.h>

/* Questions -------------------------------------------------------------------------------------- */

static unsigned effective_interface(const struct js_udp *udp, unsigned interface_index)
{
    return interface_index ? interface_index : udp->interface_index;
}

/* The interface that a rule sees: that of a group's zone, where nothing else says. */
static unsigned queried_interface(const struct sockaddr *address, enum rt_operation operation,
                                  unsigned interface_index)
{
    return operation == RT_MULTICAST_SEND && interface_index == 0 && address->sa_family == AF_INET6
               ? ((const struct sockaddr_in6 *)address)->sin6_scope_id
               : interface_index;
}

bool js_udp_may_send(JSContext *ctx, struct js_udp *udp, const struct rt_host *host, int port,
                     unsigned interface_index, enum rt_operation *ret_operation)
{
    const struct sockaddr *address = (const struct sockaddr *)&host->address;
    enum rt_address_class class = rt_address_classify(address);
    struct rt_permission_query query = {
        .operation = RT_UDP_SEND, .host = host, .port = port, .interface_index = interface_index};
    if (class == RT_ADDRESS_MULTICAST) {
        query.operation = RT_MULTICAST_SEND;
        query.interface_index = queried_interface(address, query.operation, interface_index);
    } else if (class == RT_ADDRESS_BROADCAST ||
               (rt_permission_state(rt_permissions_of(udp->rt), &query) != RT_GRANTED &&
                io_netif_is_broadcast(address))) {
        query.operation = RT_BROADCAST;
    }
    if (js_ask(ctx, &query) < 0) {
        return false;
    }
    *ret_operation = query.operation;
    return true;
}

static void host_of(const struct sockaddr *address, struct rt_host *ret_host)
{
    *ret_host = (struct rt_host){.is_address = true};
    memcpy(&ret_host->address, address, rt_address_length(address));
    rt_address_set_port((struct sockaddr *)&ret_host->address, 0);
    rt_address_format(address, ret_host->name);
}

int js_udp_may_broadcast(JSContext *ctx, struct js_udp *udp, const struct sockaddr *address,
                         unsigned interface_index)
{
    if (!io_netif_is_broadcast(address)) {
        return 0;
    }
    struct rt_host host;
    host_of(address, &host);
    struct rt_permission_query query = {.operation = RT_BROADCAST,
                                        .host = &host,
                                        .port = rt_address_port(address),
                                        .interface_index = effective_interface(udp, interface_index)};
    return js_ask(ctx, &query) == 0 ? 1 : -1;
}

/* Remembered destinations ------------------------------------------------------------------------ */

static void forget(JSRuntime *js, struct js_udp_permitted *permitted)
{
    JS_FreeValueRT(js, permitted->text);
    permitted->text = JS_UNDEFINED;
    permitted->host[0] = '\0';
}

void js_udp_permit_nothing(JSRuntime *js, struct js_udp *udp)
{
    for (int i = 0; udp->permitted && i < JS_UDP_PERMITTED_MAX; i++) {
        forget(js, &udp->permitted[i]);
    }
    js_free_rt(js, udp->permitted);
    udp->permitted = NULL;
}

void js_udp_permit(JSContext *ctx, struct js_udp *udp, JSValueConst text, const char *host,
                   const struct js_udp_permitted *permitted)
{
    size_t length = strlen(host);
    if (length >= JS_UDP_HOST_MAX || memchr(host, '%', length)) {
        return;
    }
    if (!udp->permitted) {
        udp->permitted = js_mallocz(ctx, JS_UDP_PERMITTED_MAX * sizeof(udp->permitted[0]));
        if (!udp->permitted) {
            JS_FreeValue(ctx, JS_GetException(ctx)); /* then nothing is remembered */
            return;
        }
        for (int i = 0; i < JS_UDP_PERMITTED_MAX; i++) {
            udp->permitted[i].text = JS_UNDEFINED;
        }
    }
    struct js_udp_permitted *place = &udp->permitted[udp->permitted_next++ % JS_UDP_PERMITTED_MAX];
    forget(JS_GetRuntime(ctx), place);
    *place = *permitted;
    memcpy(place->host, host, length + 1);
    place->text = JS_DupValue(ctx, text);
    place->epoch = rt_permissions_epoch(rt_permissions_of(udp->rt));
}

/* Whether something was denied since that meets a destination. A grant "once" is used up by now and holds. */
static bool is_denied(const struct js_udp *udp, const struct js_udp_permitted *permitted)
{
    struct rt_host host;
    host_of(&permitted->address.any, &host);
    unsigned interface_index = effective_interface(udp, permitted->interface_index);
    struct rt_permission_query query = {
        .operation = permitted->operation,
        .host = &host,
        .port = permitted->port,
        .interface_index = queried_interface(&permitted->address.any, permitted->operation, interface_index)};
    return rt_permission_denied(rt_permissions_of(udp->rt), &query);
}

static bool is_for(const struct js_udp_permitted *permitted, int port, unsigned interface_index)
{
    return permitted->port == port && permitted->interface_index == interface_index &&
           permitted->host[0] != '\0';
}

/* The place of the destination that the app names by this very string object: what it got with a message,
 * mostly.
 */
static struct js_udp_permitted *find_object(struct js_udp *udp, JSValueConst host, int port,
                                            unsigned interface_index)
{
    for (int i = 0; udp->permitted && i < JS_UDP_PERMITTED_MAX; i++) {
        struct js_udp_permitted *permitted = &udp->permitted[i];
        if (JS_VALUE_GET_TAG(permitted->text) == JS_TAG_STRING &&
            JS_VALUE_GET_PTR(permitted->text) == JS_VALUE_GET_PTR(host) &&
            is_for(permitted, port, interface_index)) {
            return permitted;
        }
    }
    return NULL;
}

static struct js_udp_permitted *find_text(JSContext *ctx, struct js_udp *udp, JSValueConst host,
                                          const char *text, size_t length, int port, unsigned interface_index)
{
    for (int i = 0; udp->permitted && i < JS_UDP_PERMITTED_MAX; i++) {
        struct js_udp_permitted *permitted = &udp->permitted[i];
        if (is_for(permitted, port, interface_index) && length == strlen(permitted->host) &&
            memcmp(text, permitted->host, length) == 0) {
            JS_FreeValue(ctx, permitted->text);
            permitted->text = JS_DupValue(ctx, host);
            return permitted;
        }
    }
    return NULL;
}

/* Whether a place still holds; it is free where not. */
static bool holds(JSContext *ctx, const struct js_udp *udp, struct js_udp_permitted *permitted)
{
    unsigned epoch = rt_permissions_epoch(rt_permissions_of(udp->rt));
    if (permitted->epoch != epoch && is_denied(udp, permitted)) {
        forget(JS_GetRuntime(ctx), permitted);
        return false;
    }
    permitted->epoch = epoch;
    return true;
}

void js_udp_note_broadcast(struct js_udp *udp, const union io_address *address, unsigned interface_index)
{
    for (int i = 0; udp->permitted && i < JS_UDP_PERMITTED_MAX; i++) {
        struct js_udp_permitted *permitted = &udp->permitted[i];
        if (is_for(permitted, rt_address_port(&address->any), interface_index) &&
            rt_address_equal(&permitted->address.any, &address->any)) {
            permitted->operation = RT_BROADCAST;
            permitted->broadcast = true;
        }
    }
}

/* Destinations ----------------------------------------------------------------------------------- */

static JSValue throw_host(JSContext *ctx, const char *text)
{
    return rt_throw_dom_exception(ctx, "InvalidAccessError", "EINVAL",
                                  "'%s' is not a valid host name or address", text);
}

/* js_udp_resolve() for a text that is not remembered. `destination` has port and interface. */
static int resolve_text(JSContext *ctx, struct js_udp *udp, JSValueConst host_value, const char *text,
                        size_t length, struct js_udp_permitted *destination)
{
    struct rt_host host;
    int error = rt_host_parse(text, length, &host);
    if (error) {
        throw_host(ctx, text); /* also where its zone names no interface: it is an address of none */
        return -1;
    }
    if (!host.is_address) {
        return 0;
    }
    /* A link-local address without zone is meant on the interface given: rules see it as it will be used. */
    struct sockaddr_storage zoned;
    unsigned effective = effective_interface(udp, destination->interface_index);
    if (io_net_address_for(host.address.ss_family, (struct sockaddr *)&host.address, effective, &zoned) ==
        0) {
        host.address = zoned;
    }
    if (!js_udp_may_send(ctx, udp, &host, destination->port, effective, &destination->operation)) {
        return -1;
    }
    destination->broadcast = destination->operation == RT_BROADCAST;
    rt_address_set_port((struct sockaddr *)&host.address, (uint16_t)destination->port);
    memcpy(&destination->address, &host.address, sizeof(destination->address));
    js_udp_permit(ctx, udp, host_value, text, destination);
    return 1;
}

int js_udp_resolve(JSContext *ctx, struct js_udp *udp, JSValueConst host, int port, unsigned interface_index,
                   struct js_udp_permitted *ret_destination)
{
    struct js_udp_permitted *known = find_object(udp, host, port, interface_index);
    if (known && holds(ctx, udp, known)) {
        *ret_destination = *known;
        return 1;
    }
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, host);
    if (!text) {
        return -1;
    }
    int result = 1;
    known = find_text(ctx, udp, host, text, length, port, interface_index);
    if (known && holds(ctx, udp, known)) {
        *ret_destination = *known;
    } else {
        struct js_udp_permitted destination = {
            .text = JS_UNDEFINED, .port = port, .interface_index = interface_index};
        result = resolve_text(ctx, udp, host, text, length, &destination);
        if (result == 1) {
            *ret_destination = destination;
        }
    }
    JS_FreeCString(ctx, text);
    return result;
}
