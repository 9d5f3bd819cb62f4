/* js_udp_message.c - received datagrams as plain objects of one shape. Each holds its own bytes and no more,
 * in an immutable ArrayBuffer (the W3C text: "a new read-only ArrayBuffer"). Texts of addresses are kept by
 * the runtime, so that the datagrams of a peer share one string. Ownership: js_udp.c, and:
 *
 * OWNERSHIP  owner: the context owns one struct js_udp_shared, by the prototype slot of a class of its own
 *            kept alive by: the context
 *            freed when: the context is freed
 *            after close: nothing to close
 *            thread: loop */
#include "js_udp.h"
#include "netif.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Addresses whose text is kept, by a hash that gives neighbours different places. */
enum { TEXTS = 128 };

struct address_text {
    union io_address address;
    unsigned batch; /* that it was made or last checked for; matters where there is a zone */
    JSValue text;   /* undefined: free */
};

struct js_udp_shared {
    JSAtom fields[JS_UDP_FIELDS], value, done;
    struct address_text *texts; /* TEXTS; NULL: none yet */
    unsigned batch;
    unsigned interface_index; /* that interface_text is known to be the name of; 0: none in this batch */
    char interface_name[IF_NAMESIZE];
    JSValue interface_text;
};

static const char *const field_names[JS_UDP_FIELDS] = {"data",         "remoteAddress", "remotePort",
                                                       "localAddress", "interface",     "hopLimit"};

/* Shared ----------------------------------------------------------------------------------------- */

static JSClassID shared_class;

static void finalize(JSRuntime *js, JSValueConst value)
{
    struct js_udp_shared *shared = JS_GetOpaque(value, shared_class);
    if (!shared) {
        return;
    }
    for (int i = 0; i < JS_UDP_FIELDS; i++) {
        JS_FreeAtomRT(js, shared->fields[i]);
    }
    JS_FreeAtomRT(js, shared->value);
    JS_FreeAtomRT(js, shared->done);
    for (int i = 0; shared->texts && i < TEXTS; i++) {
        JS_FreeValueRT(js, shared->texts[i].text);
    }
    JS_FreeValueRT(js, shared->interface_text);
    js_free_rt(js, shared->texts);
    js_free_rt(js, shared);
}

static const JSClassDef shared_class_def = {.class_name = "UdpShared", .finalizer = finalize};

int js_udp_shared_prepare(JSContext *ctx)
{
    if (rt_define_class(ctx, &shared_class, &shared_class_def, NULL, 0) < 0) {
        return -1;
    }
    JSValue present = JS_GetClassProto(ctx, shared_class);
    bool done = JS_GetClassID(present) == shared_class;
    JS_FreeValue(ctx, present);
    if (done) {
        return 0;
    }
    JSValue holder = JS_NewObjectClass(ctx, shared_class);
    struct js_udp_shared *shared = JS_IsException(holder) ? NULL : js_mallocz(ctx, sizeof(*shared));
    if (!shared) {
        JS_FreeValue(ctx, holder);
        return -1;
    }
    shared->interface_text = JS_UNDEFINED;
    JS_SetOpaque(holder, shared);
    bool named = true;
    for (int i = 0; i < JS_UDP_FIELDS; i++) {
        shared->fields[i] = JS_NewAtom(ctx, field_names[i]);
        named = named && shared->fields[i] != JS_ATOM_NULL;
    }
    shared->value = JS_NewAtom(ctx, "value");
    shared->done = JS_NewAtom(ctx, "done");
    if (!named || shared->value == JS_ATOM_NULL || shared->done == JS_ATOM_NULL) {
        JS_FreeValue(ctx, holder);
        return -1;
    }
    JS_SetClassProto(ctx, shared_class, holder);
    return 0;
}

struct js_udp_shared *js_udp_shared_of(JSContext *ctx)
{
    JSValue holder = JS_GetClassProto(ctx, shared_class);
    struct js_udp_shared *shared = JS_GetOpaque(holder, shared_class);
    JS_FreeValue(ctx, holder); /* the context has it */
    return shared;
}

JSAtom js_udp_atom(const struct js_udp_shared *shared, enum js_udp_field field)
{
    return shared->fields[field];
}

/* Texts ------------------------------------------------------------------------------------------ */

void js_udp_begin_batch(struct js_udp_shared *shared)
{
    shared->batch++;
    shared->interface_index = 0;
}

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

static unsigned place_of(const union io_address *address)
{
    uint32_t hash = 0;
    if (address->any.sa_family == AF_INET) {
        hash = ntohl(address->in.sin_addr.s_addr);
    } else {
        uint32_t words[4];
        memcpy(words, &address->in6.sin6_addr, sizeof(words));
        hash = ntohl(words[0] ^ words[1] ^ words[2] ^ words[3]);
    }
    hash ^= hash >> 16;
    return (hash ^ hash >> 8) % TEXTS;
}

static int make_texts(JSContext *ctx, struct js_udp_shared *shared)
{
    shared->texts = js_mallocz(ctx, TEXTS * sizeof(shared->texts[0]));
    if (!shared->texts) {
        return -1;
    }
    for (int i = 0; i < TEXTS; i++) {
        shared->texts[i].text = JS_UNDEFINED;
    }
    return 0;
}

static JSValue address_text(JSContext *ctx, struct js_udp_shared *shared, const union io_address *address)
{
    if (address->any.sa_family == AF_UNSPEC) {
        return JS_NULL;
    }
    if (!shared->texts && make_texts(ctx, shared) < 0) {
        return JS_EXCEPTION;
    }
    struct address_text *known = &shared->texts[place_of(address)];
    /* A zone may get another name: its text holds for one batch only. */
    if (JS_IsUndefined(known->text) || !same_host(&known->address, address) ||
        (has_zone(address) && known->batch != shared->batch)) {
        char text[RT_ADDRESS_TEXT_MAX];
        format(address, text);
        JSValue made = JS_NewString(ctx, text);
        if (JS_IsException(made)) {
            return made;
        }
        JS_FreeValue(ctx, known->text);
        *known = (struct address_text){*address, shared->batch, made};
    }
    return JS_DupValue(ctx, known->text);
}

static JSValue interface_text(JSContext *ctx, struct js_udp_shared *shared, unsigned index)
{
    if (index == 0) {
        return JS_NULL;
    }
    if (index != shared->interface_index) {
        char name[IF_NAMESIZE];
        if (!io_netif_name(index, name)) {
            return JS_NULL;
        }
        if (JS_IsUndefined(shared->interface_text) ||
            strncmp(name, shared->interface_name, IF_NAMESIZE) != 0) {
            JSValue made = JS_NewString(ctx, name);
            if (JS_IsException(made)) {
                return made;
            }
            JS_FreeValue(ctx, shared->interface_text);
            shared->interface_text = made;
            memcpy(shared->interface_name, name, IF_NAMESIZE);
        }
        shared->interface_index = index;
    }
    return JS_DupValue(ctx, shared->interface_text);
}

bool js_udp_is_last_interface(const struct js_udp_shared *shared, JSValueConst value,
                              struct js_interface *ret_interface)
{
    if (shared->interface_index == 0 || JS_VALUE_GET_TAG(value) != JS_TAG_STRING ||
        JS_VALUE_GET_PTR(value) != JS_VALUE_GET_PTR(shared->interface_text)) {
        return false;
    }
    ret_interface->index = shared->interface_index;
    memcpy(ret_interface->name, shared->interface_name, IF_NAMESIZE);
    return true;
}

/* Objects ---------------------------------------------------------------------------------------- */

JSValue js_udp_new_message(JSContext *ctx, struct js_udp_shared *shared, const struct io_udp_message *message)
{
    JSValue values[JS_UDP_FIELDS] = {
        [JS_UDP_DATA] = rt_new_bytes(ctx, message->data, message->length),
        [JS_UDP_REMOTE_ADDRESS] = address_text(ctx, shared, &message->remote),
        [JS_UDP_REMOTE_PORT] = JS_NewInt32(ctx, rt_address_port(&message->remote.any)),
        [JS_UDP_LOCAL_ADDRESS] = address_text(ctx, shared, &message->local),
        [JS_UDP_INTERFACE] = interface_text(ctx, shared, message->interface_index),
        [JS_UDP_HOP_LIMIT] = message->hop_limit < 0 ? JS_NULL : JS_NewInt32(ctx, message->hop_limit),
    };
    return rt_new_object_of_atoms(ctx, JS_UDP_FIELDS, shared->fields, values);
}

JSValue js_udp_new_result(JSContext *ctx, const struct js_udp_shared *shared, JSValue value, bool done)
{
    const JSAtom names[2] = {shared->value, shared->done};
    JSValue values[2] = {value, JS_NewBool(ctx, done)};
    return rt_new_object_of_atoms(ctx, 2, names, values);
}
