/* js_net.c - see js_net.h.
 *
 * OWNERSHIP  owner: the context, by the prototype slot of a class of its own
 *            kept alive by: the context
 *            freed when: the context is freed
 *            after close: the resolver is closed at teardown and not made again
 *            thread: loop */
#include "js_net.h"

#include <errno.h>

static JSClassID net_class;

static void finalize(JSRuntime *js, JSValueConst value)
{
    struct js_net *net = JS_GetOpaque(value, net_class);
    if (net != NULL) {
        JS_FreeValueRT(js, net->shape_keepers[0]);
        JS_FreeValueRT(js, net->shape_keepers[1]);
        JS_FreeAtomRT(js, net->value_atom);
        JS_FreeAtomRT(js, net->done_atom);
        JS_FreeValueRT(js, net->tcp_listener);
        io_tls_pool_destroy(net->tls_pool);
        io_tls_trust_unref(net->tls_trust);
        js_free_rt(js, net->scratch);
        js_free_rt(js, net);
    }
}

static void mark(JSRuntime *js, JSValueConst value, JS_MarkFunc *mark_value)
{
    struct js_net *net = JS_GetOpaque(value, net_class);
    if (net != NULL) {
        JS_MarkValue(js, net->tcp_listener, mark_value);
        JS_MarkValue(js, net->shape_keepers[0], mark_value);
        JS_MarkValue(js, net->shape_keepers[1], mark_value);
    }
}

static const JSClassDef net_class_definition = {
    .class_name = "NetworkState", .finalizer = finalize, .gc_mark = mark};

int js_net_prepare(JSContext *ctx)
{
    if (rt_define_class(ctx, &net_class, &net_class_definition, NULL, 0) < 0) {
        return -1;
    }
    JSValue present = JS_GetClassProto(ctx, net_class);
    bool done = JS_GetClassID(present) == net_class;
    JS_FreeValue(ctx, present);
    if (done) {
        return 0;
    }
    JSValue holder = JS_NewObjectClass(ctx, net_class);
    if (JS_IsException(holder)) {
        return -1;
    }
    struct js_net *net = js_mallocz(ctx, sizeof(*net));
    if (net == NULL) {
        JS_FreeValue(ctx, holder);
        return -1;
    }
    net->rt = rt_from_context(ctx);
    net->tcp_listener = JS_UNDEFINED;
    net->value_atom = JS_NewAtom(ctx, "value");
    net->done_atom = JS_NewAtom(ctx, "done");
    JS_SetOpaque(holder, net);
    JS_SetClassProto(ctx, net_class, holder); /* the context owns it from here on */
    net->shape_keepers[0] = net->shape_keepers[1] = JS_UNDEFINED;
    for (int i = 0; i < 2; i++) {
        const char *names[] = {"value", "done"};
        JSValue values[] = {JS_UNDEFINED, JS_UNDEFINED};
        net->shape_keepers[i] = rt_new_object(ctx, i + 1, names, values);
        if (JS_IsException(net->shape_keepers[i])) {
            net->shape_keepers[i] = JS_UNDEFINED;
            return -1;
        }
    }
    return net->value_atom == JS_ATOM_NULL || net->done_atom == JS_ATOM_NULL ? -1 : 0;
}

struct js_net *js_net_of(JSContext *ctx)
{
    JSValue holder = JS_GetClassProto(ctx, net_class);
    struct js_net *net = JS_GetOpaque(holder, net_class);
    JS_FreeValue(ctx, holder); /* the context has it */
    return net;
}

static void close_resolver(struct rt_resource *resource)
{
    struct js_net *net = (struct js_net *)((char *)resource - offsetof(struct js_net, resource));
    rt_resource_unlink(resource);
    net->resolver = io_resolver_destroy(net->resolver);
}

struct io_resolver *js_net_resolver(struct js_net *net)
{
    if (net->resolver == NULL && io_resolver_create(rt_loop(net->rt), &net->resolver) == 0) {
        net->resource.close = close_resolver;
        rt_resource_link(net->rt, &net->resource);
    }
    return net->resolver;
}

uint8_t *js_net_scratch(struct js_net *net)
{
    if (net->scratch == NULL) {
        net->scratch = js_malloc_rt(JS_GetRuntime(rt_context(net->rt)), JS_NET_SCRATCH);
    }
    return net->scratch;
}

struct io_tls_pool *js_net_tls_pool(struct js_net *net)
{
    if (net->tls_pool == NULL) {
        net->tls_pool = io_tls_pool_create();
    }
    return net->tls_pool;
}

int js_net_get_host(JSContext *ctx, JSValueConst value, enum rt_operation operation, struct rt_host *ret_host)
{
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (text == NULL) {
        return -1;
    }
    int error = rt_host_parse(text, length, ret_host);
    struct rt_permission_query anything = {.operation = operation, .port = RT_ANY_PORT};
    if (error != 0 && (rt_permission_any(rt_permissions_of(rt_from_context(ctx)), operation) ||
                       js_ask(ctx, &anything) == 0)) {
        rt_throw_dom_exception(ctx, "InvalidAccessError", rt_error_code(error), "%s: '%s'",
                               error == -ENODEV ? "there is no interface for the zone of this address"
                                                : "this is not a host name or IP address",
                               text);
    }
    JS_FreeCString(ctx, text);
    return error != 0 ? -1 : 0;
}

unsigned js_net_zone(const struct rt_host *host)
{
    return host->is_address && host->address.ss_family == AF_INET6
               ? ((const struct sockaddr_in6 *)&host->address)->sin6_scope_id
               : 0;
}

int js_net_to_int(JSContext *ctx, JSValueConst value, int minimum, int maximum, int *ret_value)
{
    double number;
    if (JS_ToFloat64(ctx, &number, value) < 0) {
        return -1;
    }
    *ret_value = !(number > minimum) ? minimum : number > maximum ? maximum : (int)number; /* NaN: minimum */
    return 0;
}

int js_net_get_int(JSContext *ctx, JSValueConst options, const char *name, int minimum, int maximum,
                   int *ret_value)
{
    JSValue value = JS_GetPropertyStr(ctx, options, name);
    int result = JS_IsException(value) ? -1 : js_net_to_int(ctx, value, minimum, maximum, ret_value);
    JS_FreeValue(ctx, value);
    return result;
}

int js_net_get_bool(JSContext *ctx, JSValueConst options, const char *name, bool *ret_value)
{
    JSValue value = JS_GetPropertyStr(ctx, options, name);
    int result = JS_IsException(value) ? -1 : JS_ToBool(ctx, value);
    JS_FreeValue(ctx, value);
    if (result < 0) {
        return -1;
    }
    *ret_value = result != 0;
    return 0;
}

int js_net_get_address(JSContext *ctx, JSValueConst options, const char *name, struct rt_host *ret_host)
{
    JSValue value = JS_GetPropertyStr(ctx, options, name);
    if (JS_IsException(value) || JS_IsNull(value)) {
        return JS_IsNull(value) ? 0 : -1;
    }
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    JS_FreeValue(ctx, value);
    if (text == NULL) {
        return -1;
    }
    int error = rt_host_parse(text, length, ret_host);
    if (error == 0 && !ret_host->is_address) {
        error = -EINVAL;
    }
    if (error != 0) {
        rt_throw_dom_exception(ctx, "InvalidAccessError", rt_error_code(error), "%s: '%s'",
                               error == -ENODEV ? "there is no interface for the zone of this address"
                                                : "this is not an IP address",
                               text);
    }
    JS_FreeCString(ctx, text);
    return error != 0 ? -1 : 1;
}

void js_net_tell(struct rt *rt, JSValueConst callback, int event, JSValue detail)
{
    JSContext *ctx = rt_context(rt);
    JSValue called = JS_DupValue(ctx, callback); /* the call may end the handle that holds it */
    if (JS_IsException(detail)) {
        detail = JS_GetException(ctx);
    }
    JSValueConst arguments[2] = {JS_MKVAL(JS_TAG_INT, event), detail};
    rt_call(rt, called, 2, arguments);
    JS_FreeValue(ctx, detail);
    JS_FreeValue(ctx, called);
}
