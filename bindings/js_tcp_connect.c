/* js_tcp_connect.c - TcpHandle.connect(): options, permission, and the way from a host to a connection:
 * name -> addresses (resolver.c) -> those that the grant covers -> the first that answers (connector.c). Not
 * here: what happens on the connection (js_tcp.c).
 *
 * OWNERSHIP  owner: the loop, by the timer in struct js_connect
 *            kept alive by: the lookup or the attempts, which keep the loop alive; it holds the handle
 *            freed when: the timer has closed
 *            after close: tcp->connect is NULL, nothing refers to it
 *            thread: loop */
#include "js_tcp.h"

#include "connector.h"
#include "js_interface.h"
#include "js_resolver.h"
#include "js_tls.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct js_connect {
    uv_timer_t timer; /* tells a failure from the loop; closing it is the end */
    struct js_tcp *tcp;
    struct io_lookup *lookup;       /* NULL: not looking up (any more) */
    struct io_connector *connector; /* NULL: not connecting (yet, any more) */
    struct rt_host host;
    struct sockaddr_storage local; /* what options.local points to */
    struct js_interface interface;
    struct io_tcp_options options;
    int port, family, timeout;
    int error; /* for the timer to tell */
    bool keepalive_changed;
    struct js_tls_options tls;
    char server_name[RT_HOST_MAX]; /* what tls.target.name points to */
};

enum { ENDPOINT_MAX = RT_HOST_MAX + 16 };

/* "host.example:80", "[::1]:80". */
static const char *endpoint_text(const struct js_connect *connect, char out[static ENDPOINT_MAX])
{
    bool brackets = connect->host.is_address && connect->host.address.ss_family == AF_INET6;
    snprintf(out, ENDPOINT_MAX, "%s%s%s:%d", brackets ? "[" : "", connect->host.name, brackets ? "]" : "",
             connect->port);
    return out;
}

static struct rt_permission_query query_of(const struct js_connect *connect)
{
    unsigned interface_index = connect->interface.index;
    return (struct rt_permission_query){
        .operation = RT_TCP_CONNECT,
        .host = &connect->host,
        .port = connect->port,
        .interface_index = interface_index != 0 ? interface_index : js_net_zone(&connect->host),
        .secure = connect->tls.config != NULL,
    };
}

/* Besides: for a peer that need not be who it says. */
static struct rt_permission_query unverified_query_of(const struct js_connect *connect)
{
    struct rt_permission_query query = query_of(connect);
    query.operation = RT_TLS_INSECURE;
    query.secure = false;
    return query;
}

static bool is_unverified(const struct js_connect *connect)
{
    return connect->tls.config != NULL && connect->tls.config->unverified;
}

/* The end of an attempt --------------------------------------------------------------------------- */

static void free_connect(JSRuntime *js, struct js_connect *connect)
{
    io_tls_config_unref(connect->tls.config);
    js_free_rt(js, connect);
}

static void on_freed(uv_handle_t *timer)
{
    free_connect(timer->data, (struct js_connect *)timer);
}

static void stop(struct js_connect *connect, uv_close_cb on_closed)
{
    if (connect->lookup != NULL) {
        io_lookup_cancel(connect->lookup);
    }
    if (connect->connector != NULL) {
        io_connector_abort(connect->connector);
    }
    connect->lookup = NULL;
    connect->connector = NULL;
    connect->tcp->connect = NULL;
    uv_close((uv_handle_t *)&connect->timer, on_closed);
}

static void on_aborted(uv_handle_t *timer)
{
    struct js_tcp *tcp = ((struct js_connect *)timer)->tcp;
    on_freed(timer);
    js_tcp_end(tcp, JS_TCP_CLOSED, JS_UNDEFINED);
}

void js_connect_abort(struct js_tcp *tcp)
{
    tcp->state = JS_TCP_STATE_CLOSING;
    stop(tcp->connect, on_aborted);
}

/* Frees `error`. */
static void fail(struct js_connect *connect, JSValue error)
{
    struct js_tcp *tcp = connect->tcp;
    stop(connect, on_freed);
    js_tcp_end(tcp, JS_TCP_FAILED, error);
}

static void fail_system(struct js_connect *connect, int error)
{
    char endpoint[ENDPOINT_MAX];
    fail(connect, rt_new_system_error(rt_context(connect->tcp->net->rt), error, "connect", "connect to %s",
                                      endpoint_text(connect, endpoint)));
}

static void on_timer(uv_timer_t *timer)
{
    struct js_connect *connect = (struct js_connect *)timer;
    fail_system(connect, connect->error);
}

/* The way ---------------------------------------------------------------------------------------- */

static void on_connected(void *owner, int status, int fd)
{
    struct js_connect *connect = owner;
    struct js_tcp *tcp = connect->tcp;
    struct sockaddr_storage peer;

    connect->connector = NULL;
    tcp->connect = NULL; /* its place may be taken by TLS */
    if (status == 0) {
        status = io_net_peer_address(fd, &peer);
        status = status == -ENOTCONN ? -ECONNRESET : status; /* came and went */
        if (status == 0) {
            status = js_tcp_adopt(tcp, fd, (struct sockaddr *)&peer);
        }
        if (status != 0) {
            close(fd);
        }
    }
    if (status != 0) {
        fail_system(connect, status);
        return;
    }
    if (connect->keepalive_changed) {
        (void)io_net_keepalive(fd, &connect->options.keepalive);
    }
    stop(connect, on_freed);
    if (connect->tls.config == NULL) {
        js_tcp_tell(tcp, JS_TCP_OPEN, JS_UNDEFINED);
    } else if (js_tls_start(tcp, &connect->tls) != 0) {
        JS_ThrowOutOfMemory(rt_context(tcp->net->rt));
        js_tcp_lose(tcp, JS_GetException(rt_context(tcp->net->rt)));
    }
}

static int start_connector(struct js_connect *connect, struct sockaddr_storage *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rt_address_set_port((struct sockaddr *)&addresses[i], (uint16_t)connect->port);
    }
    return io_connector_start(rt_loop(connect->tcp->net->rt), addresses, count, &connect->options,
                              on_connected, connect, &connect->connector);
}

static void on_answer(void *owner, int status, const struct sockaddr_storage *addresses, size_t count)
{
    struct js_connect *connect = owner;
    JSContext *ctx = rt_context(connect->tcp->net->rt);
    struct sockaddr_storage permitted[IO_LOOKUP_ADDRESSES_MAX];
    struct rt_permission_query query = query_of(connect);

    connect->lookup = NULL;
    if (status != 0) {
        fail(connect, js_resolver_lookup_error(ctx, status, connect->host.name));
        return;
    }
    memcpy(permitted, addresses, count * sizeof(addresses[0]));
    count = js_resolver_permitted(ctx, &query, permitted, count);
    if (count > 0 && is_unverified(connect)) {
        query = unverified_query_of(connect);
        count = js_resolver_permitted(ctx, &query, permitted, count);
    }
    if (count == 0) {
        fail(connect, js_resolver_blocked_error(ctx, &query, &permitted[0]));
        return;
    }
    status = start_connector(connect, permitted, count);
    if (status != 0) {
        fail_system(connect, status);
    }
}

/* Arguments -------------------------------------------------------------------------------------- */

static int get_keepalive(JSContext *ctx, JSValueConst options, struct io_keepalive *ret_keepalive)
{
    int idle, interval, count;
    /* The kernel's limits (MAX_TCP_KEEPIDLE and so on). */
    if (js_net_get_int(ctx, options, "keepAliveIdle", 0, 32767, &idle) < 0 ||
        js_net_get_int(ctx, options, "keepAliveInterval", 0, 32767, &interval) < 0 ||
        js_net_get_int(ctx, options, "keepAliveCount", 0, 127, &count) < 0) {
        return -1;
    }
    *ret_keepalive = (struct io_keepalive){(unsigned)idle, (unsigned)interval, (unsigned)count};
    return 0;
}

static int get_local(JSContext *ctx, JSValueConst options, struct js_connect *connect)
{
    struct rt_host local;
    int port;
    int given = js_net_get_address(ctx, options, "localAddress", &local);
    if (given < 0 || js_net_get_int(ctx, options, "localPort", 0, 65535, &port) < 0) {
        return -1;
    }
    if (given > 0) {
        connect->local = local.address;
        rt_address_set_port((struct sockaddr *)&connect->local, (uint16_t)port);
    } else {
        /* A port alone fits whichever family the connection gets (connector.h). */
        *(struct sockaddr_in *)&connect->local =
            (struct sockaddr_in){.sin_family = AF_UNSPEC, .sin_port = htons((uint16_t)port)};
    }
    if (given > 0 || port > 0) {
        connect->options.local = (struct sockaddr *)&connect->local;
    }
    return 0;
}

static int get_tls(JSContext *ctx, JSValueConst options, struct js_connect *connect)
{
    JSValue context = JS_GetPropertyStr(ctx, options, "tls");
    if (JS_IsException(context) || JS_IsNull(context)) {
        return JS_IsNull(context) ? 0 : -1;
    }
    struct io_tls_config *config = js_tls_config(ctx, context);
    connect->tls.config = config != NULL ? io_tls_config_ref(config) : NULL;
    JS_FreeValue(ctx, context);
    if (config == NULL ||
        js_net_get_int(ctx, options, "handshakeTimeout", 1, INT_MAX, &connect->tls.timeout) < 0) {
        return -1;
    }
    size_t length;
    JSValue value = JS_GetPropertyStr(ctx, options, "serverName");
    const char *name = JS_IsException(value) ? NULL : JS_ToCStringLen(ctx, &length, value);
    JS_FreeValue(ctx, value);
    if (name == NULL) {
        return -1;
    }
    bool fits = length > 0 && length < sizeof(connect->server_name) && strlen(name) == length;
    memcpy(connect->server_name, name, fits ? length + 1 : 0);
    JS_FreeCString(ctx, name);
    if (!fits || connect->tls.config->is_server) {
        rt_throw_dom_exception(ctx, "InvalidAccessError", "EINVAL",
                               "serverName is not a host name or address");
        return -1;
    }
    connect->tls.target.name = connect->server_name;
    return 0;
}

static int get_options(JSContext *ctx, JSValueConst options, struct js_connect *connect)
{
    struct io_tcp_options *tcp = &connect->options;
    if (get_local(ctx, options, connect) < 0) {
        return -1;
    }
    JSValue interface = JS_GetPropertyStr(ctx, options, "interface");
    int result = JS_IsException(interface) ? -1 : js_get_interface(ctx, interface, &connect->interface);
    JS_FreeValue(ctx, interface);
    if (result < 0 || js_net_get_bool(ctx, options, "addressReuse", &tcp->address_reuse) < 0 ||
        js_net_get_bool(ctx, options, "noDelay", &tcp->no_delay) < 0 ||
        get_keepalive(ctx, options, &tcp->keepalive) < 0 ||
        js_net_get_int(ctx, options, "sendBufferSize", 0, INT_MAX, &tcp->send_buffer) < 0 ||
        js_net_get_int(ctx, options, "receiveBufferSize", 0, INT_MAX, &tcp->receive_buffer) < 0 ||
        js_net_get_int(ctx, options, "family", 0, 6, &connect->family) < 0 ||
        js_net_get_int(ctx, options, "resolveTimeout", 0, INT_MAX, &connect->timeout) < 0 ||
        get_tls(ctx, options, connect) < 0) {
        return -1;
    }
    tcp->interface_index = connect->interface.index;
    return 0;
}

/* Start ------------------------------------------------------------------------------------------ */

static int invalid(JSContext *ctx, int error, const char *what, const char *value)
{
    rt_throw_dom_exception(ctx, "InvalidAccessError", rt_error_code(error), "%s: %s", what, value);
    return -1;
}

/* Whether the device can use this local address at all, whatever the destination. */
static bool is_own_address(const struct sockaddr *local)
{
    /* All of 127/8 is the device's, though only one address of it is assigned. Unspecified ones are of this
     * class too. */
    return local->sa_family == AF_UNSPEC || rt_address_classify(local) == RT_ADDRESS_LOOPBACK ||
           rt_address_is_own(local);
}

static bool is_group(const struct rt_host *host)
{
    enum rt_address_class class = rt_address_classify((const struct sockaddr *)&host->address);
    return class == RT_ADDRESS_MULTICAST || class == RT_ADDRESS_BROADCAST;
}

/* What is wrong with the arguments, once the permission is there. 0, or -1 with InvalidAccessError. */
static int check(JSContext *ctx, const struct js_connect *connect)
{
    const struct rt_host *host = &connect->host;
    const struct sockaddr *remote = (const struct sockaddr *)&host->address, *local = connect->options.local;
    int family = js_resolver_family(connect->family);
    char text[RT_ADDRESS_TEXT_MAX];

    if (js_interface_missing(&connect->interface)) {
        return invalid(ctx, -ENODEV, "there is no network interface of this name", connect->interface.name);
    }
    if (local != NULL && !is_own_address(local)) {
        return invalid(ctx, -EADDRNOTAVAIL, "this device does not have the local address",
                       rt_address_format(local, text));
    }
    if (!host->is_address) {
        return 0;
    }
    if (family != AF_UNSPEC && family != remote->sa_family) {
        return invalid(ctx, -EAFNOSUPPORT, "the address is not of the family that was asked for", host->name);
    }
    if (local != NULL && local->sa_family != AF_UNSPEC && local->sa_family != remote->sa_family) {
        return invalid(ctx, -EADDRNOTAVAIL, "the local address is of another family than the remote",
                       host->name);
    }
    return 0;
}

/* W3C, TCPSocket constructor: no local interface that can reach the address is an InvalidAccessError at once;
 * every other failure is told later. */
static bool is_unreachable(int error)
{
    return error == -ENETUNREACH || error == -EHOSTUNREACH || error == -EAFNOSUPPORT || error == -ENODEV ||
           error == -EINVAL; /* a link-local address without zone */
}

/* 0, or -1 with an exception. Failures that are not to be thrown are left in connect->error. */
static int start(JSContext *ctx, struct js_connect *connect)
{
    struct js_tcp *tcp = connect->tcp;
    char endpoint[ENDPOINT_MAX];

    if (connect->host.is_address) {
        struct sockaddr_storage address = connect->host.address;
        connect->error = start_connector(connect, &address, 1);
        int error = connect->error == 0 ? io_connector_error(connect->connector) : 0;
        if (is_unreachable(error)) {
            io_connector_abort(connect->connector);
            return invalid(ctx, error, "there is no way to", endpoint_text(connect, endpoint));
        }
        memcpy(&tcp->peer, &address, rt_address_length((struct sockaddr *)&address));
        return 0;
    }
    struct io_resolver *resolver = js_net_resolver(tcp->net);
    connect->error = resolver == NULL
                         ? -ENOMEM
                         : io_lookup_start(resolver, connect->host.name, js_resolver_family(connect->family),
                                           (unsigned)connect->timeout, on_answer, connect, &connect->lookup);
    return 0;
}

/* Everything that can be refused without a socket; fills `connect`. 0, or -1 with an exception. */
static int prepare(JSContext *ctx, JSValueConst *argv, struct js_connect *connect)
{
    if (js_net_get_host(ctx, argv[0], RT_TCP_CONNECT, &connect->host) < 0 ||
        js_net_to_int(ctx, argv[1], -1, 65536, &connect->port) < 0 ||
        get_options(ctx, argv[2], connect) < 0) {
        return -1;
    }
    if (connect->port < 1 || connect->port > 65535) {
        rt_throw_dom_exception(ctx, "InvalidAccessError", "EINVAL",
                               "a remote port is a number from 1 to 65535");
        return -1;
    }
    if (connect->host.is_address && is_group(&connect->host) &&
        rt_permission_any(rt_permissions_of(rt_from_context(ctx)), RT_TCP_CONNECT)) {
        return invalid(ctx, -EINVAL, "TCP reaches single hosts only, not groups", connect->host.name);
    }
    struct rt_permission_query query = query_of(connect), unverified = unverified_query_of(connect);
    connect->tls.target.port = connect->port;
    return js_ask(ctx, &query) < 0 || (is_unverified(connect) && js_ask(ctx, &unverified) < 0) ||
                   check(ctx, connect) < 0
               ? -1
               : 0;
}

JSValue js_tcp_connect(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    if (js_tcp_get(ctx, self, JS_TCP_STATE_NEW) == NULL) {
        return JS_EXCEPTION;
    }
    struct js_connect *connect = js_mallocz(ctx, sizeof(*connect));
    if (connect == NULL) {
        return JS_EXCEPTION;
    }
    if (prepare(ctx, argv, connect) < 0) {
        free_connect(JS_GetRuntime(ctx), connect);
        return JS_EXCEPTION;
    }
    struct js_tcp *tcp = js_tcp_get(ctx, self, JS_TCP_STATE_NEW); /* the arguments may have run anything */
    connect->tcp = tcp;
    if (tcp == NULL || start(ctx, connect) < 0) {
        free_connect(JS_GetRuntime(ctx), connect);
        return JS_EXCEPTION;
    }
    uv_timer_init(rt_loop(tcp->net->rt), &connect->timer);
    connect->timer.data = JS_GetRuntime(ctx);
    if (connect->error != 0) {
        uv_timer_start(&connect->timer, on_timer, 0, 0);
    }
    tcp->connect = connect;
    tcp->state = JS_TCP_STATE_CONNECTING;
    js_tcp_hold(ctx, self, tcp);
    return JS_UNDEFINED;
}

int js_connect_fd(const struct js_connect *connect)
{
    return connect->connector != NULL ? io_connector_fd(connect->connector) : -1;
}

void js_connect_keepalive(struct js_connect *connect, const struct io_keepalive *keepalive)
{
    connect->options.keepalive = *keepalive;
    connect->keepalive_changed = true;
}
