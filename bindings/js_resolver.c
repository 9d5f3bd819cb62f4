/* js_resolver.c - "cleat:native/resolver": names to Destinations under permissions, and what kind of host a
 * text is. Not here: the lookup itself (resolver.c), connecting by name (js_tcp.c).
 *
 * OWNERSHIP  owner: a Lookup object owns one struct js_lookup, a Destination one struct destination
 *            kept alive by: a lookup in progress holds its object; a destination only JavaScript does
 *            freed when: the object is collected, which is after the lookup has ended
 *            after close: cancel() does nothing
 *            thread: loop */
#include "js_resolver.h"

#include "js_net.h"

#include <limits.h>
#include <string.h>

static JSClassID lookup_class, destination_class;

struct destination {
    enum rt_operation operation;
    int port; /* RT_ANY_PORT: not looked up for one */
    struct sockaddr_storage address;
    unsigned epoch; /* of the permissions, when the address was last found permitted */
    bool by_name;   /* looked up, not an address from the start */
    char host[];    /* as it was looked up, to ask again when something has been denied */
};

struct js_lookup {
    struct rt *rt;
    struct io_lookup *lookup; /* NULL: over */
    struct rt_resource resource;
    JSValue self, callback; /* held while in progress */
    enum rt_operation operation;
    int port;
    struct rt_host host;
};

/* Destination ------------------------------------------------------------------------------------ */

static void destination_finalize(JSRuntime *js, JSValueConst value)
{
    js_free_rt(js, JS_GetOpaque(value, destination_class));
}

static const JSClassDef destination_definition = {.class_name = "Destination",
                                                  .finalizer = destination_finalize};

static JSValue new_destination(JSContext *ctx, const struct js_lookup *lookup,
                               const struct sockaddr_storage *address)
{
    JSValue value = JS_NewObjectClass(ctx, destination_class);
    if (JS_IsException(value)) {
        return value;
    }
    size_t length = strlen(lookup->host.name);
    struct destination *destination = js_mallocz(ctx, sizeof(*destination) + length + 1);
    if (destination == NULL) {
        JS_FreeValue(ctx, value);
        return JS_EXCEPTION;
    }
    destination->operation = lookup->operation;
    destination->port = lookup->port;
    destination->address = *address;
    destination->epoch = rt_permissions_epoch(rt_permissions_of(lookup->rt));
    destination->by_name = !lookup->host.is_address;
    memcpy(destination->host, lookup->host.name, length + 1);
    JS_SetOpaque(value, destination);
    return value;
}

/* Whether nothing was denied since that meets an address. A grant "once" is used up by now and holds. 0, or
 * -1 with SecurityError. */
static int check_denials(JSContext *ctx, struct destination *destination, int port)
{
    struct rt_permissions *permissions = rt_permissions_of(rt_from_context(ctx));
    const struct sockaddr *address = (const struct sockaddr *)&destination->address;
    unsigned epoch = rt_permissions_epoch(permissions);
    if (destination->epoch == epoch) {
        return 0;
    }
    struct rt_host host = {.is_address = !destination->by_name, .address = destination->address};
    memcpy(host.name, destination->host, strlen(destination->host) + 1);
    struct rt_permission_query query = {.operation = destination->operation,
                                        .host = &host,
                                        .port = port,
                                        .interface_index = js_net_zone(&host),
                                        .secure = true};
    char text[RT_EXPLAIN_MAX];
    if (rt_permission_denied(permissions, &query)) {
        rt_permission_explain(permissions, &query, text, sizeof(text));
    } else if (destination->by_name && !rt_permission_address(permissions, &query, address)) {
        rt_permission_explain_address(permissions, &query, address, text, sizeof(text));
    } else {
        destination->epoch = destination->port == RT_ANY_PORT ? destination->epoch : epoch;
        return 0;
    }
    rt_throw_dom_exception(ctx, "SecurityError", NULL, "%s", text);
    return -1;
}

int js_destination_address(JSContext *ctx, JSValueConst value, enum rt_operation operation, int port,
                           const struct sockaddr **ret_address)
{
    struct destination *destination = JS_GetOpaque(value, destination_class);
    if (destination == NULL) {
        return 0;
    }
    if (destination->operation != operation ||
        (destination->port != RT_ANY_PORT && destination->port != port)) {
        rt_throw_dom_exception(ctx, "SecurityError", NULL, "this address was looked up for %s on port %d",
                               rt_operation_name(destination->operation), destination->port);
        return -1;
    }
    if (check_denials(ctx, destination, port) < 0) {
        return -1;
    }
    *ret_address = (const struct sockaddr *)&destination->address;
    return 1;
}

static JSValue js_destination_get_address(JSContext *ctx, JSValueConst self)
{
    char text[RT_ADDRESS_TEXT_MAX];
    struct destination *destination = JS_GetOpaque2(ctx, self, destination_class);
    return destination == NULL
               ? JS_EXCEPTION
               : JS_NewString(ctx, rt_address_format((struct sockaddr *)&destination->address, text));
}

static JSValue js_destination_get_family(JSContext *ctx, JSValueConst self)
{
    struct destination *destination = JS_GetOpaque2(ctx, self, destination_class);
    return destination == NULL ? JS_EXCEPTION
                               : JS_NewInt32(ctx, destination->address.ss_family == AF_INET6 ? 6 : 4);
}

/* Verdicts --------------------------------------------------------------------------------------- */

size_t js_resolver_permitted(JSContext *ctx, const struct rt_permission_query *query,
                             struct sockaddr_storage *addresses, size_t count)
{
    const struct rt_permissions *permissions = rt_permissions_of(rt_from_context(ctx));
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (rt_permission_address(permissions, query, (struct sockaddr *)&addresses[i])) {
            struct sockaddr_storage permitted = addresses[i];
            memmove(&addresses[kept + 1], &addresses[kept], (i - kept) * sizeof(addresses[0]));
            addresses[kept++] = permitted;
        }
    }
    return kept;
}

JSValue js_resolver_blocked_error(JSContext *ctx, const struct rt_permission_query *query,
                                  const struct sockaddr_storage *blocked)
{
    char text[RT_EXPLAIN_MAX];
    rt_permission_explain_address(rt_permissions_of(rt_from_context(ctx)), query,
                                  (const struct sockaddr *)blocked, text, sizeof(text));
    return rt_new_dom_exception(ctx, "SecurityError", "EBLOCKED", NULL, "%s", text);
}

JSValue js_resolver_lookup_error(JSContext *ctx, int status, const char *name)
{
    return rt_new_system_error(ctx, status, "getaddrinfo", "resolve %s", name);
}

int js_resolver_family(int family)
{
    return family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
}

/* Lookup ----------------------------------------------------------------------------------------- */

static void lookup_finalize(JSRuntime *js, JSValueConst value)
{
    struct js_lookup *lookup = JS_GetOpaque(value, lookup_class);
    if (lookup != NULL) {
        JS_FreeValueRT(js, lookup->callback);
        js_free_rt(js, lookup);
    }
}

static void lookup_mark(JSRuntime *js, JSValueConst value, JS_MarkFunc *mark)
{
    struct js_lookup *lookup = JS_GetOpaque(value, lookup_class);
    if (lookup != NULL) {
        JS_MarkValue(js, lookup->callback, mark);
    }
}

static const JSClassDef lookup_definition = {
    .class_name = "Lookup", .finalizer = lookup_finalize, .gc_mark = lookup_mark};

/* Lets go of everything; may free `lookup`. */
static void end_lookup(struct js_lookup *lookup)
{
    JSContext *ctx = rt_context(lookup->rt);
    JSValue self = lookup->self, callback = lookup->callback;

    lookup->lookup = NULL;
    lookup->self = lookup->callback = JS_UNDEFINED;
    rt_resource_unlink(&lookup->resource);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self);
}

static void cancel_lookup(struct js_lookup *lookup)
{
    if (lookup->lookup != NULL) {
        io_lookup_cancel(lookup->lookup);
        end_lookup(lookup);
    }
}

static void close_lookup(struct rt_resource *resource)
{
    cancel_lookup((struct js_lookup *)((char *)resource - offsetof(struct js_lookup, resource)));
}

static JSValue new_destinations(JSContext *ctx, const struct js_lookup *lookup,
                                const struct sockaddr_storage *addresses, size_t count)
{
    JSValue list = JS_NewArray(ctx);
    for (size_t i = 0; i < count && !JS_IsException(list); i++) {
        JSValue destination = new_destination(ctx, lookup, &addresses[i]);
        if (JS_IsException(destination) ||
            JS_DefinePropertyValueUint32(ctx, list, (uint32_t)i, destination, JS_PROP_C_W_E) < 0) {
            JS_FreeValue(ctx, list);
            list = JS_EXCEPTION;
        }
    }
    return list;
}

static void on_answer(void *owner, int status, const struct sockaddr_storage *addresses, size_t count)
{
    struct js_lookup *lookup = owner;
    struct rt *rt = lookup->rt;
    JSContext *ctx = rt_context(rt);
    struct sockaddr_storage permitted[IO_LOOKUP_ADDRESSES_MAX];
    struct rt_permission_query query = {
        .operation = lookup->operation, .host = &lookup->host, .port = lookup->port, .secure = true};
    JSValue error = JS_UNDEFINED, list = JS_UNDEFINED;

    if (status == 0) {
        memcpy(permitted, addresses, count * sizeof(addresses[0]));
        size_t kept = lookup->host.is_address ? count : js_resolver_permitted(ctx, &query, permitted, count);
        if (kept == 0) {
            error = js_resolver_blocked_error(ctx, &query, &permitted[0]);
        } else {
            list = new_destinations(ctx, lookup, permitted, kept);
        }
    } else {
        error = js_resolver_lookup_error(ctx, status, lookup->host.name);
    }
    if (JS_IsException(error) || JS_IsException(list)) {
        error = JS_GetException(ctx); /* out of memory */
        list = JS_UNDEFINED;
    }
    JSValue callback = JS_DupValue(ctx, lookup->callback);
    end_lookup(lookup);
    rt_call(rt, callback, 2, (JSValueConst[]){error, list});
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, error);
    JS_FreeValue(ctx, list);
}

static JSValue js_lookup_cancel(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_lookup *lookup = JS_GetOpaque2(ctx, self, lookup_class);

    (void)argc;
    (void)argv;
    if (lookup == NULL) {
        return JS_EXCEPTION;
    }
    cancel_lookup(lookup);
    return JS_UNDEFINED;
}

static int get_operation(JSContext *ctx, JSValueConst value, enum rt_operation *ret_operation)
{
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (text == NULL) {
        return -1;
    }
    int error = rt_operation_parse(text, length, ret_operation);
    if (error != 0) {
        JS_ThrowTypeError(ctx, "unknown operation '%s'", text);
    }
    JS_FreeCString(ctx, text);
    return error != 0 ? -1 : 0;
}

static int start_lookup(JSContext *ctx, struct js_lookup *lookup, int family, unsigned timeout)
{
    struct io_resolver *resolver = js_net_resolver(js_net_of(ctx));
    int error = resolver == NULL ? -ENOMEM
                : lookup->host.is_address
                    ? io_lookup_start_address(resolver, (struct sockaddr *)&lookup->host.address, on_answer,
                                              lookup, &lookup->lookup)
                    : io_lookup_start(resolver, lookup->host.name, js_resolver_family(family), timeout,
                                      on_answer, lookup, &lookup->lookup);
    if (error != 0) {
        JSValue exception = js_resolver_lookup_error(ctx, error, lookup->host.name);
        if (!JS_IsException(exception)) {
            JS_Throw(ctx, exception);
        }
        return -1;
    }
    lookup->resource.close = close_lookup;
    rt_resource_link(lookup->rt, &lookup->resource);
    return 0;
}

static JSValue js_lookup(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    enum rt_operation operation;
    struct rt_host host;
    int port, family, timeout;

    (void)self;
    (void)argc;
    if (get_operation(ctx, argv[0], &operation) < 0 || js_net_get_host(ctx, argv[1], operation, &host) < 0 ||
        js_net_to_int(ctx, argv[2], RT_ANY_PORT, 65535, &port) < 0 ||
        js_net_to_int(ctx, argv[3], 0, 6, &family) < 0 ||
        js_net_to_int(ctx, argv[4], 0, INT_MAX, &timeout) < 0) {
        return JS_EXCEPTION;
    }
    if (!JS_IsFunction(ctx, argv[5])) {
        return JS_ThrowTypeError(ctx, "lookup needs a callback");
    }
    struct rt_permission_query query = {
        .operation = operation,
        .host = &host,
        .port = port,
        .interface_index = js_net_zone(&host),
        .secure = true}; /* nothing is sent to the host yet: a grant for encrypted connections will do */
    if (js_ask(ctx, &query) < 0) {
        return JS_EXCEPTION;
    }
    JSValue object = JS_NewObjectClass(ctx, lookup_class);
    struct js_lookup *lookup = JS_IsException(object) ? NULL : js_mallocz(ctx, sizeof(*lookup));
    if (lookup == NULL) {
        JS_FreeValue(ctx, object);
        return JS_EXCEPTION;
    }
    lookup->rt = rt_from_context(ctx);
    lookup->operation = operation;
    lookup->port = port;
    lookup->host = host;
    lookup->self = lookup->callback = JS_UNDEFINED;
    JS_SetOpaque(object, lookup);
    if (start_lookup(ctx, lookup, family, (unsigned)timeout) < 0) {
        JS_FreeValue(ctx, object);
        return JS_EXCEPTION;
    }
    lookup->callback = JS_DupValue(ctx, argv[5]);
    lookup->self = JS_DupValue(ctx, object);
    return object;
}

/* Hosts ------------------------------------------------------------------------------------------ */

/* 0, -EINVAL for a text that is no host, or -1 with an exception (-EPERM is never a parser's answer). */
static int parse_host(JSContext *ctx, JSValueConst value, struct rt_host *ret_host)
{
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (text == NULL) {
        return -1;
    }
    int error = rt_host_parse(text, length, ret_host);
    JS_FreeCString(ctx, text);
    return error != 0 ? -EINVAL : 0;
}

static JSValue js_host_kind(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct rt_host host;
    int error = parse_host(ctx, argv[0], &host);

    (void)self;
    (void)argc;
    if (error != 0) {
        return error == -1 ? JS_EXCEPTION : JS_NULL;
    }
    return JS_NewString(ctx, !host.is_address                     ? "name"
                             : host.address.ss_family == AF_INET6 ? "ipv6"
                                                                  : "ipv4");
}

static JSValue js_is_multicast(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct rt_host host;
    int error = parse_host(ctx, argv[0], &host);

    (void)self;
    (void)argc;
    if (error == -1) {
        return JS_EXCEPTION;
    }
    return JS_NewBool(ctx, error == 0 && host.is_address &&
                               rt_address_classify((struct sockaddr *)&host.address) == RT_ADDRESS_MULTICAST);
}

/* The module ------------------------------------------------------------------------------------- */

RT_TABLE(destination_methods, "cleat:native/resolver", "Destination"){
    RT_GETTER("address", js_destination_get_address, "string",
              "An address that a permitted name resolved to. Opaque: natives accept the object in place of "
              "the name, "
              "for the operation and port of the lookup."),
    RT_GETTER("family", js_destination_get_family, "4 | 6", "Of the address."),
};

RT_TABLE(lookup_methods, "cleat:native/resolver", "Lookup"){
    RT_METHOD("cancel", js_lookup_cancel, 0, "() => void", "Ends the lookup; the callback does not come."),
};

RT_TABLE(resolver_functions, "cleat:native/resolver", ""){
    RT_METHOD(
        "lookup", js_lookup, 6,
        "(operation: string, host: string, port: number, family: number, timeout: number, callback: (error: "
        "unknown, destinations: Destination[] | undefined) => void) => Lookup",
        "Resolves a name for an operation (\"tcp.connect\", \"udp.send\", …) after checking it, and drops "
        "answers that the grant does not cover; none left is a SecurityError with the code \"EBLOCKED\". An "
        "address is its own answer. Port -1: any; family 0: both; timeout in milliseconds, 0: the default. "
        "The callback comes once, in a later turn; never after cancel()."),
    RT_METHOD("hostKind", js_host_kind, 1, "(host: string) => \"name\" | \"ipv4\" | \"ipv6\" | null",
              "null where `host` is not a valid host."),
    RT_METHOD("isMulticast", js_is_multicast, 1, "(address: string) => boolean",
              "Whether the address is a multicast group."),
};

static int prepare(JSContext *ctx)
{
    if (js_net_prepare(ctx) < 0 || rt_define_class(ctx, &destination_class, &destination_definition,
                                                   destination_methods, RT_COUNT(destination_methods)) < 0) {
        return -1;
    }
    return rt_define_class(ctx, &lookup_class, &lookup_definition, lookup_methods, RT_COUNT(lookup_methods));
}

const struct rt_native_module js_resolver_module = {"cleat:native/resolver", resolver_functions,
                                                    RT_COUNT(resolver_functions), prepare};
