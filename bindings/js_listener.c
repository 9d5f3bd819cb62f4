/* js_listener.c - the class ListenerHandle of "cleat:native/tcp". Accepting is in listener.c, the connections
 * are TcpHandle objects (js_tcp.c).
 *
 * OWNERSHIP  owner: the wrapper owns one struct js_listener
 *            kept alive by: from listen() on by a reference to itself and a pin of the loop
 *            freed when: the wrapper is collected, which is after the last event
 *            after close: inert, methods other than close() throw InvalidStateError; one event 5
 *            thread: loop */
#include "js_tcp.h"

#include "listener.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static JSClassID listener_class;

struct js_listener {
    struct io_listener io;
    struct js_net *net;
    struct rt_resource resource;
    JSValue self, callback;
    bool closed; /* before it listened */
};

struct listen_arguments {
    struct rt_host local; /* only if has_local */
    bool has_local;
    int port;
    struct io_listen_options options;
};

/* Life ------------------------------------------------------------------------------------------- */

static void finalize(JSRuntime *js, JSValueConst value)
{
    struct js_listener *listener = JS_GetOpaque(value, listener_class);
    if (listener != NULL) {
        JS_FreeValueRT(js, listener->callback);
        js_free_rt(js, listener);
    }
}

static void mark(JSRuntime *js, JSValueConst value, JS_MarkFunc *mark_value)
{
    struct js_listener *listener = JS_GetOpaque(value, listener_class);
    if (listener != NULL) {
        JS_MarkValue(js, listener->callback, mark_value);
    }
}

static const JSClassDef definition = {.class_name = "ListenerHandle", .finalizer = finalize, .gc_mark = mark};

static void on_event(struct io_listener *io, enum io_listener_event event)
{
    struct js_listener *listener = (struct js_listener *)io;
    struct rt *rt = listener->net->rt;
    JSContext *ctx = rt_context(rt);

    if (event == IO_LISTENER_READABLE) {
        js_net_tell(rt, listener->callback, JS_TCP_READABLE, JS_UNDEFINED);
        return;
    }
    JSValue self = listener->self, callback = listener->callback;
    listener->self = listener->callback = JS_UNDEFINED;
    rt_resource_unlink(&listener->resource);
    js_net_tell(rt, callback, JS_TCP_CLOSED, JS_UNDEFINED);
    rt_unpin(rt);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self);
}

static void close_resource(struct rt_resource *resource)
{
    rt_resource_unlink(resource);
    io_listener_close(
        &((struct js_listener *)((char *)resource - offsetof(struct js_listener, resource)))->io);
}

JSValue js_create_listener(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    if (!JS_IsFunction(ctx, argv[0])) {
        return JS_ThrowTypeError(ctx, "a listener needs a callback");
    }
    JSValue wrapper = JS_NewObjectClass(ctx, listener_class);
    struct js_listener *listener = JS_IsException(wrapper) ? NULL : js_mallocz(ctx, sizeof(*listener));
    if (listener == NULL) {
        JS_FreeValue(ctx, wrapper);
        return JS_EXCEPTION;
    }
    io_listener_init(&listener->io, on_event);
    listener->net = js_net_of(ctx);
    listener->self = JS_UNDEFINED;
    listener->callback = JS_DupValue(ctx, argv[0]);
    JS_SetOpaque(wrapper, listener);
    return wrapper;
}

/* The handle behind `self` if it is in this state, else NULL with TypeError or InvalidStateError. */
static struct js_listener *get(JSContext *ctx, JSValueConst self, enum io_state state)
{
    struct js_listener *listener = JS_GetOpaque2(ctx, self, listener_class);
    if (listener != NULL && (listener->io.state != state || listener->closed)) {
        rt_throw_dom_exception(ctx, "InvalidStateError", NULL, "the listener is %s",
                               listener->closed || listener->io.state > IO_OPEN ? "closed"
                               : listener->io.state == IO_OPEN                  ? "listening already"
                                                                                : "not listening");
        return NULL;
    }
    return listener;
}

/* Listening -------------------------------------------------------------------------------------- */

static int get_arguments(JSContext *ctx, JSValueConst options, struct listen_arguments *ret_arguments)
{
    struct io_listen_options *listen = &ret_arguments->options;
    int given = js_net_get_address(ctx, options, "localAddress", &ret_arguments->local);
    if (given < 0 || js_net_get_int(ctx, options, "localPort", 0, 65535, &ret_arguments->port) < 0 ||
        js_net_get_bool(ctx, options, "addressReuse", &listen->address_reuse) < 0 ||
        js_net_get_bool(ctx, options, "ipv6Only", &listen->ipv6_only) < 0 ||
        js_net_get_int(ctx, options, "backlog", 0, INT_MAX, &listen->backlog) < 0 ||
        js_net_get_int(ctx, options, "sendBufferSize", 0, INT_MAX, &listen->send_buffer) < 0 ||
        js_net_get_int(ctx, options, "receiveBufferSize", 0, INT_MAX, &listen->receive_buffer) < 0) {
        return -1;
    }
    ret_arguments->has_local = given > 0;
    listen->no_delay = true; /* the default of the W3C text for every TCPSocket */
    return 0;
}

/* Without an address: all of IPv4, as the W3C text has it ("connections directed to any IPv4 address"), or
 * all of IPv6 where that alone is wanted. "::" takes both. */
static int open_listening(const struct listen_arguments *arguments, int *ret_fd)
{
    struct sockaddr_storage local = arguments->local.address;
    if (!arguments->has_local) {
        local.ss_family = arguments->options.ipv6_only ? AF_INET6 : AF_INET;
    }
    rt_address_set_port((struct sockaddr *)&local, (uint16_t)arguments->port);
    return io_net_listen((struct sockaddr *)&local, &arguments->options, ret_fd);
}

static JSValue throw_listen(JSContext *ctx, int error, const struct listen_arguments *arguments)
{
    const char *local = arguments->has_local ? arguments->local.name : "all addresses";
    if (error == -EADDRNOTAVAIL) {
        return rt_throw_dom_exception(ctx, "InvalidAccessError", "EADDRNOTAVAIL",
                                      "this device does not have the local address: %s", local);
    }
    return rt_throw_system_error(ctx, error, error == -EADDRINUSE || error == -EACCES ? "bind" : "listen",
                                 "listen on %s, port %d", local, arguments->port);
}

static bool is_unspecified(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6
               ? IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr)
               : ((const struct sockaddr_in *)address)->sin_addr.s_addr == INADDR_ANY;
}

static JSValue js_listener_listen(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct listen_arguments arguments = {0};
    int fd;

    (void)argc;
    if (get_arguments(ctx, argv[0], &arguments) < 0) {
        return JS_EXCEPTION;
    }
    struct js_listener *listener = get(ctx, self, IO_NEW);
    if (listener == NULL) {
        return JS_EXCEPTION;
    }
    /* 0.0.0.0 and :: are every address of the device: the same question as no address at all. */
    bool any = !arguments.has_local || is_unspecified(&arguments.local.address);
    struct rt_permission_query query = {
        .operation = RT_TCP_LISTEN,
        .host = any ? NULL : &arguments.local,
        .port = arguments.port,
        .interface_index = arguments.has_local ? js_net_zone(&arguments.local) : 0,
    };
    if (js_ask(ctx, &query) < 0) {
        return JS_EXCEPTION;
    }
    int error = open_listening(&arguments, &fd);
    if (error != 0) {
        return throw_listen(ctx, error, &arguments);
    }
    error = io_listener_open(&listener->io, rt_loop(listener->net->rt), fd);
    if (error != 0) {
        close(fd);
        return throw_listen(ctx, error, &arguments);
    }
    listener->self = JS_DupValue(ctx, self);
    listener->resource.close = close_resource;
    rt_resource_link(listener->net->rt, &listener->resource);
    rt_pin(listener->net->rt);
    return JS_UNDEFINED;
}

static JSValue js_listener_accept(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_listener *listener = get(ctx, self, IO_OPEN);
    struct sockaddr_storage peer;
    int fd;

    (void)argc;
    (void)argv;
    if (listener == NULL) {
        return JS_EXCEPTION;
    }
    int error = io_listener_accept(&listener->io, &fd, &peer);
    if (error != 0) {
        return error == -EAGAIN ? JS_NULL
                                : rt_throw_system_error(ctx, error, "accept", "accept a connection");
    }
    JSValue connection = js_tcp_new(ctx);
    if (JS_IsException(connection)) {
        close(fd);
        return connection;
    }
    struct js_tcp *tcp = js_tcp_get(ctx, connection, JS_TCP_STATE_NEW);
    error = js_tcp_adopt(tcp, fd, (struct sockaddr *)&peer);
    if (error != 0) {
        close(fd);
        JS_FreeValue(ctx, connection);
        return rt_throw_system_error(ctx, error, "epoll_ctl", "accept a connection");
    }
    js_tcp_hold(ctx, connection, tcp);
    return connection;
}

static JSValue js_listener_close(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_listener *listener = JS_GetOpaque2(ctx, self, listener_class);

    (void)argc;
    (void)argv;
    if (listener == NULL) {
        return JS_EXCEPTION;
    }
    listener->closed = true;
    io_listener_close(&listener->io);
    return JS_UNDEFINED;
}

static JSValue js_listener_info(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_listener *listener = get(ctx, self, IO_OPEN);
    struct sockaddr_storage local;
    char text[RT_ADDRESS_TEXT_MAX];

    (void)argc;
    (void)argv;
    if (listener == NULL) {
        return JS_EXCEPTION;
    }
    int error = io_net_local_address(listener->io.fd, &local);
    if (error != 0) {
        return rt_throw_system_error(ctx, error, "getsockname", "listener");
    }
    const char *names[] = {"localAddress", "localPort"};
    JSValue values[] = {
        JS_NewString(ctx, rt_address_format((struct sockaddr *)&local, text)),
        JS_NewInt32(ctx, rt_address_port((struct sockaddr *)&local)),
    };
    return rt_new_object(ctx, RT_COUNT(names), names, values);
}

/* RT_TYPES "cleat:native/tcp"
    // 2 readable (after accept() gave null), 5 closed (after close()).
    type ListenerEvent = 2 | 5;
    type ListenerCallback = (event: ListenerEvent, detail: undefined) => void;
    // Every field is always present; null or 0 stands for "not given".
    interface ListenOptions {
        localAddress: string | null; localPort: number; addressReuse: boolean; ipv6Only: boolean;
        backlog: number; sendBufferSize: number; receiveBufferSize: number;
    }
*/
RT_TABLE(listener_methods, "cleat:native/tcp", "ListenerHandle"){
    RT_METHOD("listen", js_listener_listen, 1, "(options: ListenOptions) => void",
              "Checks the permission, binds and listens; throws on failure. Without a local address: on all "
              "of IPv4 (of IPv6 if ipv6Only); \"::\" takes both families."),
    RT_METHOD(
        "accept", js_listener_accept, 0, "() => TcpHandle | null",
        "A connected handle, to be attached at once; null: none waiting, event 2 follows. Throws when a "
        "connection can't be served (EMFILE …), once; calls after that give null until one could be."),
    RT_METHOD("close", js_listener_close, 0, "() => void",
              "Stops listening; event 5 follows. Again is fine."),
    RT_METHOD("info", js_listener_info, 0, "() => { localAddress: string; localPort: number }",
              "The address that it is bound to."),
};

int js_listener_prepare(JSContext *ctx)
{
    return rt_define_class(ctx, &listener_class, &definition, listener_methods, RT_COUNT(listener_methods));
}
