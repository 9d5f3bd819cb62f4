/* js_udp_receive.c - UdpHandle.receive(): datagrams as plain objects. Each holds its own bytes and no more,
 * in an immutable ArrayBuffer (the W3C text: "a new read-only ArrayBuffer"). Texts of addresses are made once
 * for a run of datagrams of one peer. Ownership: js_udp.c. */
#include "js_udp.h"
#include "netif.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { RECEIVE_MAX = 64 }; /* datagrams per call: the time that one call may take stays small */

enum {
    FIELD_DATA,
    FIELD_REMOTE_ADDRESS,
    FIELD_REMOTE_PORT,
    FIELD_LOCAL_ADDRESS,
    FIELD_INTERFACE,
    FIELD_HOP_LIMIT,
};
static const char *const field_names[JS_UDP_FIELDS] = {"data",         "remoteAddress", "remotePort",
                                                       "localAddress", "interface",     "hopLimit"};

/* Like rt_address_format(), but does not ask the kernel for the name of the zone of every datagram. */
static void format(const union io_address *address, char out[static RT_ADDRESS_TEXT_MAX])
{
    if (address->any.sa_family != AF_INET6 || address->in6.sin6_scope_id == 0) {
        rt_address_format(&address->any, out);
        return;
    }
    inet_ntop(AF_INET6, &address->in6.sin6_addr, out, RT_ADDRESS_TEXT_MAX);
    size_t length = strlen(out);
    char name[IF_NAMESIZE];
    if (io_netif_name(address->in6.sin6_scope_id, name)) {
        snprintf(out + length, RT_ADDRESS_TEXT_MAX - length, "%%%s", name);
    } else {
        snprintf(out + length, RT_ADDRESS_TEXT_MAX - length, "%%%u", address->in6.sin6_scope_id);
    }
}

static bool has_zone(const union io_address *address)
{
    return address->any.sa_family == AF_INET6 && address->in6.sin6_scope_id != 0;
}

static bool same_host(const union io_address *a, const union io_address *b)
{
    if (a->any.sa_family != b->any.sa_family) {
        return false;
    }
    if (a->any.sa_family == AF_INET) {
        return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    }
    return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr) &&
           a->in6.sin6_scope_id == b->in6.sin6_scope_id;
}

static JSValue address_text(JSContext *ctx, struct js_udp_text *last, const union io_address *address)
{
    if (address->any.sa_family == AF_UNSPEC) {
        return JS_NULL;
    }
    if (JS_IsUndefined(last->text) || !same_host(&last->address, address)) {
        char text[RT_ADDRESS_TEXT_MAX];
        format(address, text);
        JS_FreeValue(ctx, last->text);
        last->text = JS_NewString(ctx, text);
        if (JS_IsException(last->text)) {
            last->text = JS_UNDEFINED;
            return JS_EXCEPTION;
        }
        last->address = *address;
    }
    return JS_DupValue(ctx, last->text);
}

/* A zone may get another name: its text holds for one call only. */
static void forget_zone(JSContext *ctx, struct js_udp_text *last)
{
    if (has_zone(&last->address)) {
        JS_FreeValue(ctx, last->text);
        last->text = JS_UNDEFINED;
    }
}

static JSValue interface_text(JSContext *ctx, struct js_udp *udp, unsigned index)
{
    char name[IF_NAMESIZE];
    if (!io_netif_name(index, name)) {
        return JS_NULL;
    }
    if (JS_IsUndefined(udp->interface_text) || strncmp(name, udp->interface_name, IF_NAMESIZE) != 0) {
        JS_FreeValue(ctx, udp->interface_text);
        udp->interface_text = JS_NewString(ctx, name);
        if (JS_IsException(udp->interface_text)) {
            udp->interface_text = JS_UNDEFINED;
            return JS_EXCEPTION;
        }
        memcpy(udp->interface_name, name, IF_NAMESIZE);
    }
    return JS_DupValue(ctx, udp->interface_text);
}

void js_udp_free_texts(JSRuntime *js, struct js_udp *udp)
{
    JS_FreeValueRT(js, udp->remote_text.text);
    JS_FreeValueRT(js, udp->local_text.text);
    JS_FreeValueRT(js, udp->interface_text);
    udp->remote_text.text = udp->local_text.text = udp->interface_text = JS_UNDEFINED;
    for (int i = 0; i < JS_UDP_FIELDS; i++) {
        JS_FreeAtomRT(js, udp->atoms[i]);
        udp->atoms[i] = JS_ATOM_NULL;
    }
}

static JSValue new_data(JSContext *ctx, const struct io_udp_message *message)
{
    JSValue data = JS_NewArrayBufferCopy(ctx, message->data, message->length);
    if (!JS_IsException(data)) {
        JS_SetImmutableArrayBuffer(data, true);
    }
    return data;
}

static JSValue new_message(JSContext *ctx, struct js_udp *udp, const struct io_udp_message *message)
{
    JSValue values[JS_UDP_FIELDS] = {
        [FIELD_DATA] = new_data(ctx, message),
        [FIELD_REMOTE_ADDRESS] = address_text(ctx, &udp->remote_text, &message->remote),
        [FIELD_REMOTE_PORT] = JS_NewInt32(ctx, rt_address_port(&message->remote.any)),
        [FIELD_LOCAL_ADDRESS] = address_text(ctx, &udp->local_text, &message->local),
        [FIELD_INTERFACE] = interface_text(ctx, udp, message->interface_index),
        [FIELD_HOP_LIMIT] = message->hop_limit < 0 ? JS_NULL : JS_NewInt32(ctx, message->hop_limit),
    };
    /* Defined, not assigned: a setter on Object.prototype would run in the middle of a batch, and might close
     * the socket that it is read from. */
    JSValue object = JS_NewObject(ctx);
    for (int i = 0; i < JS_UDP_FIELDS; i++) {
        if (JS_IsException(object)) {
            JS_FreeValue(ctx, values[i]);
        } else if (JS_IsException(values[i]) ||
                   JS_DefinePropertyValue(ctx, object, udp->atoms[i], values[i], JS_PROP_C_W_E) < 0) {
            JS_FreeValue(ctx, object);
            object = JS_EXCEPTION;
        }
    }
    return object;
}

/* Number of messages made, or -1 with an exception (no memory: what was read is lost, as datagrams are). */
static int receive(JSContext *ctx, struct js_udp *udp, unsigned max, JSValue *messages)
{
    unsigned made = 0;
    while (made < max) {
        const struct io_udp_message *batch;
        unsigned count = io_udp_receive(&udp->io, max - made, &batch);
        for (unsigned i = 0; i < count; i++) {
            messages[made] = new_message(ctx, udp, &batch[i]);
            if (JS_IsException(messages[made])) {
                while (made > 0) {
                    JS_FreeValue(ctx, messages[--made]);
                }
                return -1;
            }
            made++;
        }
        if (count < IO_UDP_BATCH) {
            break;
        }
    }
    return (int)made;
}

/* The names of the fields, made with the first message. 0, or -1 with an exception. */
static int prepare_atoms(JSContext *ctx, struct js_udp *udp)
{
    for (int i = 0; i < JS_UDP_FIELDS; i++) {
        if (udp->atoms[i] == JS_ATOM_NULL) {
            udp->atoms[i] = JS_NewAtom(ctx, field_names[i]);
        }
        if (udp->atoms[i] == JS_ATOM_NULL) {
            return -1;
        }
    }
    return 0;
}

JSValue js_udp_receive(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    uint32_t max;
    if (JS_ToUint32(ctx, &max, argv[0]) < 0) {
        return JS_EXCEPTION;
    }
    struct js_udp *udp = js_udp_get_open(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    forget_zone(ctx, &udp->remote_text);
    forget_zone(ctx, &udp->local_text);
    JSValue messages[RECEIVE_MAX];
    int made = prepare_atoms(ctx, udp);
    if (made == 0) {
        made = receive(ctx, udp, max < RECEIVE_MAX ? max : RECEIVE_MAX, messages);
    }
    if (made < 0) {
        return JS_EXCEPTION;
    }
    if (made == 0 && max > 0) {
        int error = io_udp_want(&udp->io, UV_READABLE);
        if (error) {
            return rt_throw_system_error(ctx, error, "epoll_ctl", "UDP socket");
        }
    }
    return JS_NewArrayFrom(ctx, made, messages);
}
