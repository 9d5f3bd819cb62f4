/* js_tcp.c - the class TcpHandle of "cleat:native/tcp": life, events, data and the table. Connecting is in
 * js_tcp_connect.c, TLS in js_tcp_tls.c, accepting in js_listener.c, the socket in tcp.c.
 *
 * OWNERSHIP  owner: the wrapper owns one struct js_tcp
 *            kept alive by: from connect() or accept() on by a reference to itself and a pin of the loop
 *            freed when: the wrapper is collected, which is after the last event
 *            after close: inert: methods throw InvalidStateError, but close() and reset() do nothing
 *            thread: loop */
#include "js_tcp.h"

#include "net_provider.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static JSClassID tcp_class;

/* Life ------------------------------------------------------------------------------------------- */

static void finalize(JSRuntime *js, JSValueConst value)
{
    struct js_tcp *tcp = JS_GetOpaque(value, tcp_class);
    if (tcp != NULL) {
        js_tcp_read_free(js, tcp);
        js_tcp_write_free(js, tcp);
        js_tls_free(tcp);
        JS_FreeValueRT(js, tcp->owner);
        js_free_rt(js, tcp->local);
        js_free_rt(js, tcp);
    }
}

static void mark(JSRuntime *js, JSValueConst value, JS_MarkFunc *mark_value)
{
    struct js_tcp *tcp = JS_GetOpaque(value, tcp_class);
    if (tcp != NULL) {
        JS_MarkValue(js, tcp->owner, mark_value);
        js_tcp_read_mark(js, tcp, mark_value);
        js_tcp_write_mark(js, tcp, mark_value);
        if (tcp->pipe_from != NULL) {
            js_pipe_mark(js, tcp->pipe_from, mark_value);
        }
    }
}

static const JSClassDef definition = {.class_name = "TcpHandle", .finalizer = finalize, .gc_mark = mark};

JSValue js_tcp_loss(struct js_tcp *tcp, int error, const char *syscall)
{
    char address[RT_ADDRESS_TEXT_MAX];
    if (io_tls_is_error(error)) {
        return js_tls_loss(tcp, error);
    }
    return rt_new_system_error(rt_context(tcp->net->rt), error, syscall, "%s %s port %u",
                               strcmp(syscall, "recv") == 0    ? "receive from"
                               : strcmp(syscall, "send") == 0  ? "send to"
                               : strcmp(syscall, "close") == 0 ? "close the connection to"
                                                               : "shut down the connection to",
                               rt_address_format(&tcp->peer.any, address),
                               (unsigned)rt_address_port(&tcp->peer.any));
}

void js_tcp_tell(struct js_tcp *tcp, enum js_tcp_event event, JSValue detail)
{
    struct rt *rt = tcp->net->rt;
    JSContext *ctx = rt_context(rt);
    JSValue owner = JS_DupValue(ctx, tcp->owner); /* the call may end the handle that holds it */
    if (JS_IsException(detail)) {
        detail = JS_GetException(ctx); /* an error that could not be made */
    }
    if (!JS_IsUndefined(owner)) {
        JSValueConst arguments[] = {owner, JS_MKVAL(JS_TAG_INT, (int)event), detail};
        rt_call(rt, tcp->net->tcp_listener, 3, arguments);
    }
    JS_FreeValue(ctx, detail);
    JS_FreeValue(ctx, owner);
}

void js_tcp_on_readable(struct js_tcp *tcp)
{
    if (tcp->pipe_from != NULL) {
        js_pipe_run(tcp->pipe_from);
    } else {
        js_tcp_readable(tcp);
    }
}

static void on_event(struct io_tcp *io, enum io_tcp_event event)
{
    struct js_tcp *tcp = (struct js_tcp *)io;

    if (tcp->state == JS_TCP_STATE_HANDSHAKE && (event == IO_TCP_READABLE || event == IO_TCP_WRITABLE)) {
        js_tls_advance(tcp);
        return;
    }
    switch (event) {
    case IO_TCP_READABLE:
        js_tcp_on_readable(tcp);
        break;
    case IO_TCP_WRITABLE:
        if (tcp->tls == NULL || !js_tls_writable(tcp)) {
            js_tcp_writable(tcp);
        }
        if (tcp->state == JS_TCP_STATE_OPEN && tcp->tls != NULL && io_tls_is_pending(tcp->tls)) {
            js_tcp_on_readable(tcp);
        }
        break;
    case IO_TCP_CLOSED:
        js_tcp_end(tcp, JS_TCP_CLOSED, JS_UNDEFINED);
        break;
    case IO_TCP_FAILED:
        js_tcp_end(tcp, JS_TCP_FAILED, js_tcp_loss(tcp, io->error, "close"));
        break;
    }
}

JSValue js_tcp_new(JSContext *ctx)
{
    JSValue self = JS_NewObjectClass(ctx, tcp_class);
    struct js_tcp *tcp = JS_IsException(self) ? NULL : js_mallocz(ctx, sizeof(*tcp));
    if (tcp == NULL) {
        JS_FreeValue(ctx, self);
        return JS_EXCEPTION;
    }
    io_tcp_init(&tcp->io, on_event);
    tcp->net = js_net_of(ctx);
    tcp->self = tcp->owner = tcp->slot = JS_UNDEFINED;
    tcp->reads_ahead = true;
    JS_SetOpaque(self, tcp);
    return self;
}

/* What the kernel forgets with the descriptor. */
static void keep_local(struct js_tcp *tcp)
{
    struct sockaddr_storage local;
    if (tcp->local == NULL && tcp->io.fd >= 0 && io_net_local_address(tcp->io.fd, &local) == 0) {
        tcp->local = js_mallocz_rt(JS_GetRuntime(rt_context(tcp->net->rt)), sizeof(*tcp->local));
        if (tcp->local != NULL) { /* else it is left empty, as after a loss */
            memcpy(tcp->local, &local, rt_address_length((struct sockaddr *)&local));
        }
    }
}

static void break_pipes(struct js_tcp *tcp)
{
    if (tcp->pipe_from != NULL) {
        js_pipe_break(tcp->pipe_from);
    }
    if (tcp->pipe_to != NULL) {
        js_pipe_break(tcp->pipe_to);
    }
}

static void begin_close(struct js_tcp *tcp, void (*close_io)(struct io_tcp *io))
{
    switch ((enum js_tcp_state)tcp->state) {
    case JS_TCP_STATE_NEW:
        tcp->state = JS_TCP_STATE_CLOSED;
        break;
    case JS_TCP_STATE_CONNECTING:
        js_connect_abort(tcp);
        break;
    case JS_TCP_STATE_HANDSHAKE:
    case JS_TCP_STATE_OPEN:
    case JS_TCP_STATE_CLOSING: /* a reset cuts a close short */
        keep_local(tcp);
        if (tcp->tls != NULL && close_io == io_tcp_close) {
            js_tls_close(tcp);
            break;
        }
        tcp->state = JS_TCP_STATE_CLOSING;
        close_io(&tcp->io);
        break;
    case JS_TCP_STATE_CLOSED:
        break;
    }
}

static void close_resource(struct rt_resource *resource)
{
    struct js_tcp *tcp = (struct js_tcp *)((char *)resource - offsetof(struct js_tcp, resource));
    rt_resource_unlink(resource);
    break_pipes(tcp);
    begin_close(tcp, io_tcp_drop);
}

void js_tcp_hold(JSContext *ctx, JSValueConst self, struct js_tcp *tcp)
{
    tcp->self = JS_DupValue(ctx, self);
    tcp->resource.close = close_resource;
    rt_resource_link(tcp->net->rt, &tcp->resource);
    rt_pin(tcp->net->rt);
}

int js_tcp_adopt(struct js_tcp *tcp, int fd, const struct sockaddr *peer)
{
    int error = io_tcp_open(&tcp->io, rt_loop(tcp->net->rt), fd);
    if (error == 0) {
        memcpy(&tcp->peer, peer, rt_address_length(peer));
        tcp->state = JS_TCP_STATE_OPEN;
        if (tcp->reads_ahead || js_tcp_has_taker(tcp)) {
            js_tcp_watch(tcp);
        }
    }
    return error;
}

void js_tcp_watch(struct js_tcp *tcp)
{
    if (tcp->tls != NULL && io_tls_is_pending(tcp->tls)) {
        js_tls_wake(tcp);
    } else {
        io_tcp_watch(&tcp->io);
    }
}

void js_tcp_end(struct js_tcp *tcp, enum js_tcp_event event, JSValue detail)
{
    struct rt *rt = tcp->net->rt;
    JSContext *ctx = rt_context(rt);
    JSValue self = tcp->self;

    tcp->state = JS_TCP_STATE_CLOSED;
    tcp->self = JS_UNDEFINED;
    rt_resource_unlink(&tcp->resource);
    js_tls_end(tcp);
    js_tcp_tell(tcp, event, detail);
    JS_FreeValue(ctx, tcp->owner);
    tcp->owner = JS_UNDEFINED;
    rt_unpin(rt);
    JS_FreeValue(ctx, self);
}

void js_tcp_lose(struct js_tcp *tcp, JSValue error)
{
    JSContext *ctx = rt_context(tcp->net->rt);
    break_pipes(tcp);
    js_tcp_reject_send(tcp, error);
    if (tcp->state == JS_TCP_STATE_OPEN || tcp->state == JS_TCP_STATE_HANDSHAKE) {
        /* What TLS told the peer of its failure must not be overtaken by a reset. */
        begin_close(tcp, io_tls_is_error(tcp->io.error) ? io_tcp_drop : io_tcp_reset);
        js_tcp_tell(tcp, JS_TCP_FAILED, JS_DupValue(ctx, error));
        JS_FreeValue(ctx, tcp->owner);
        tcp->owner = JS_UNDEFINED;
    }
    JS_FreeValue(ctx, error);
}

struct js_tcp *js_tcp_any(JSContext *ctx, JSValueConst self)
{
    return JS_GetOpaque2(ctx, self, tcp_class);
}

struct js_tcp *js_tcp_get(JSContext *ctx, JSValueConst self, enum js_tcp_state state)
{
    static const char *const names[] = {"not connected", "still connecting", "still connecting",
                                        "open",          "closed",           "closed"};
    struct js_tcp *tcp = js_tcp_any(ctx, self);
    if (tcp != NULL && tcp->state != state) {
        rt_throw_dom_exception(ctx, "InvalidStateError", NULL, "the TCP connection is %s", names[tcp->state]);
        return NULL;
    }
    return tcp;
}

static JSValue js_tcp_attach(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    if (tcp->state != JS_TCP_STATE_CLOSED) {
        JS_FreeValue(ctx, tcp->owner);
        tcp->owner = JS_DupValue(ctx, argv[0]);
    }
    return JS_UNDEFINED;
}

/* Closing ---------------------------------------------------------------------------------------- */

static JSValue js_tcp_shutdown(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_get(ctx, self, JS_TCP_STATE_OPEN);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    int error = tcp->tls != NULL ? js_tls_shutdown(tcp) : io_tcp_shutdown(&tcp->io);
    return error == 0 ? JS_UNDEFINED : JS_Throw(ctx, js_tcp_loss(tcp, error, "shutdown"));
}

static JSValue end_by(JSContext *ctx, JSValueConst self, JSValueConst reason,
                      void (*close_io)(struct io_tcp *io))
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    break_pipes(tcp);
    js_tcp_reject_send(tcp, reason);
    begin_close(tcp, close_io);
    return JS_UNDEFINED;
}

static JSValue js_tcp_close(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    return end_by(ctx, self, argv[0], io_tcp_close);
}

static JSValue js_tcp_reset(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    return end_by(ctx, self, argv[0], io_tcp_reset);
}

/* Other methods ---------------------------------------------------------------------------------- */

static JSValue js_tcp_info(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);
    struct sockaddr_storage attempt = {0};
    const struct sockaddr *local = (const struct sockaddr *)&attempt;
    int send_buffer = 0, receive_buffer = 0;
    char text[RT_ADDRESS_TEXT_MAX];

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    /* What the kernel no longer knows about a lost connection is left empty. */
    if (tcp->state == JS_TCP_STATE_CONNECTING) {
        int fd = js_connect_fd(tcp->connect);
        if (fd >= 0) {
            (void)io_net_local_address(fd, &attempt);
            (void)io_net_buffer_sizes(fd, &send_buffer, &receive_buffer);
        }
    } else {
        keep_local(tcp);
        local = tcp->local != NULL ? &tcp->local->any : local;
        if (tcp->io.fd >= 0) {
            (void)io_net_buffer_sizes(tcp->io.fd, &send_buffer, &receive_buffer);
        }
    }
    bool has_local = local->sa_family != AF_UNSPEC, has_peer = tcp->peer.any.sa_family != AF_UNSPEC;
    const char *names[] = {"localAddress", "localPort",      "remoteAddress",
                           "remotePort",   "sendBufferSize", "receiveBufferSize"};
    JSValue values[] = {
        JS_NewString(ctx, has_local ? rt_address_format(local, text) : ""),
        JS_NewInt32(ctx, has_local ? rt_address_port(local) : 0),
        JS_NewString(ctx, has_peer ? rt_address_format(&tcp->peer.any, text) : ""),
        JS_NewInt32(ctx, has_peer ? rt_address_port(&tcp->peer.any) : 0),
        JS_NewInt32(ctx, send_buffer),
        JS_NewInt32(ctx, receive_buffer),
    };
    return rt_new_object(ctx, RT_COUNT(names), names, values);
}

static JSValue js_tcp_set_keep_alive(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int idle, interval, count;

    (void)argc;
    /* The kernel's limits (MAX_TCP_KEEPIDLE and so on). */
    if (js_net_to_int(ctx, argv[0], 0, 32767, &idle) < 0 ||
        js_net_to_int(ctx, argv[1], 0, 32767, &interval) < 0 ||
        js_net_to_int(ctx, argv[2], 0, 127, &count) < 0) {
        return JS_EXCEPTION;
    }
    struct js_tcp *tcp = JS_GetOpaque2(ctx, self, tcp_class);
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    struct io_keepalive keepalive = {(unsigned)idle, (unsigned)interval, (unsigned)count};
    if (tcp->state == JS_TCP_STATE_CONNECTING) {
        js_connect_keepalive(tcp->connect, &keepalive);
        return JS_UNDEFINED;
    }
    if (tcp->state != JS_TCP_STATE_OPEN) {
        return JS_UNDEFINED;
    }
    int error = io_net_keepalive(tcp->io.fd, &keepalive);
    return error == 0 ? JS_UNDEFINED : rt_throw_system_error(ctx, error, "setsockopt", "set keep-alive");
}

static JSValue js_create_tcp(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    return js_tcp_new(ctx);
}

static JSValue js_on_tcp_event(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_net *net = js_net_of(ctx);

    (void)self;
    (void)argc;
    if (!JS_IsFunction(ctx, argv[0])) {
        return JS_ThrowTypeError(ctx, "the listener must be a function");
    }
    JS_FreeValue(ctx, net->tcp_listener);
    net->tcp_listener = JS_DupValue(ctx, argv[0]);
    return JS_UNDEFINED;
}

/* The module ------------------------------------------------------------------------------------- */

/* RT_TYPES "cleat:native/tcp"
    // 1 open; 3 the peer has finished (FIN); 4 failed (detail: the error; the handle is closed or closing);
    // 5 closed (after close() or reset()). 4 or 5 comes once and last.
    type TcpEvent = 1 | 3 | 4 | 5;
    // `owner` is what the handle was attached to.
    type TcpListener = (owner: object, event: TcpEvent, detail: unknown) => void;
    // In the form of a stream's read.
    type TcpChunk = { readonly value: ArrayBuffer; readonly done: false } | { readonly value: undefined;
   readonly done: true };
    // Every field is always present; null or 0 stands for "not given". Keep-alive is in seconds, family
    // (which addresses of a name are tried) 0, 4 or 6, resolveTimeout in milliseconds.
    interface TcpConnectOptions {
        localAddress: string | null; localPort: number; interface: string | number | null;
        addressReuse: boolean; noDelay: boolean;
        keepAliveIdle: number; keepAliveInterval: number; keepAliveCount: number;
        sendBufferSize: number; receiveBufferSize: number; family: number; resolveTimeout: number;
        // TLS from the first byte; null: plain. serverName: of the peer's certificate. Milliseconds.
        tls: import("cleat:native/tls").TlsContext | null; serverName: string; handshakeTimeout: number;
    }
    // What is not known yet is "" or 0, and so are the sizes of a connection that is gone.
    interface TcpInfo {
        localAddress: string; localPort: number; remoteAddress: string; remotePort: number;
        sendBufferSize: number; receiveBufferSize: number;
    }
*/
RT_TABLE(tcp_methods, "cleat:native/tcp", "TcpHandle"){
    RT_METHOD(
        "connect", js_tcp_connect, 3, "(host: string, port: number, options: TcpConnectOptions) => void",
        "Checks the permission (SecurityError), then starts resolving and connecting; event 1 or 4 follows. "
        "Throws InvalidAccessError at once for what is not a host, a group or broadcast address, a local "
        "address "
        "or interface that this device does not have, and an address without a route."),
    RT_METHOD("attach", js_tcp_attach, 1, "(owner: object) => void", "Who is told of events."),
    RT_METHOD("take", js_tcp_take, 0, "() => Promise<TcpChunk>",
              "The next chunk, an immutable ArrayBuffer; waits for it, also before the connection is open. "
              "Waiting calls are settled in order; at the end by endTakes() alone. Afterwards: done."),
    RT_METHOD("endTakes", js_tcp_end_takes, 2, "(failed: boolean, reason: unknown) => void",
              "Settles what waits: done, or rejected with the reason."),
    RT_METHOD("waitsForChunk", js_tcp_waits_for_chunk, 0, "() => boolean", "Whether a take() waits."),
    RT_METHOD(
        "stopReadingAhead", js_tcp_stop_reading_ahead, 0, "() => ArrayBuffer[]",
        "A new handle reads one chunk, or the peer's FIN, ahead of take(). From now on it does not; gives "
        "the chunk back, if there is one."),
    RT_METHOD(
        "trySend", js_tcp_try_send, 1, "(data: unknown) => Promise<undefined> | null",
        "Sends where that is simple: bytes, on an open connection, with nothing under way. Null: use send(). "
        "Rejects with what send() would."),
    RT_METHOD("send", js_tcp_send, 1,
              "(data: ArrayBuffer | ArrayBufferView) => Promise<undefined> | undefined",
              "Sends all of it; undefined: the kernel has it already. One at a time. Throws or rejects on a "
              "lost connection; reset() then frees the handle."),
    RT_METHOD("sending", js_tcp_sending, 0, "() => Promise<undefined> | undefined",
              "The promise of the chunk that the kernel has not taken whole."),
    RT_METHOD(
        "sends", js_tcp_sends, 0, "() => number",
        "Chunks under way to an observer of the stream: what the kernel has not taken, and what it took "
        "during this job."),
    RT_METHOD(
        "pipe", js_tcp_pipe, 1, "(destination: TcpHandle) => Promise<undefined> | null",
        "Moves what arrives to another handle until the peer has finished or an end is lost; fulfilled then, "
        "when nothing is under way. Null: something waits or is under way, it can't be done now."),
    RT_METHOD("stopPipe", js_tcp_stop_pipe, 0, "() => void",
              "Stops reading; the promise is fulfilled when what was read has been sent."),
    RT_METHOD(
        "startTls", js_tcp_start_tls, 5,
        "(context: import(\"cleat:native/tls\").TlsContext, serverName: string, upgrades: boolean, unread: "
        "readonly ArrayBuffer[], "
        "handshakeTimeout: number) => void",
        "TLS on an open connection, in the role of the context: event 1 or 4 follows. Nothing may wait or be "
        "under way. upgrades: it has been used for plain text; unread: of which this was never read by "
        "anybody."),
    RT_METHOD("tlsInfo", js_tcp_tls_info, 0, "() => import(\"cleat:native/tls\").TlsInfo | null",
              "What a TLS handshake led to; null: no TLS."),
    RT_METHOD("shutdown", js_tcp_shutdown, 0, "() => void", "Sends FIN; reading goes on. Again is fine."),
    RT_METHOD(
        "close", js_tcp_close, 1, "(reason: unknown) => void",
        "FIN, discards what still arrives until the peer's FIN (bounded), then event 5, or 4 if the "
        "connection breaks meanwhile. What is under way rejects with the reason. While connecting: gives up, "
        "then event 5. Again is fine."),
    RT_METHOD("reset", js_tcp_reset, 1, "(reason: unknown) => void",
              "RST at once, also during close(), then event 5. Again is fine."),
    RT_METHOD("info", js_tcp_info, 0, "() => TcpInfo",
              "Both ends, and the buffer sizes that the kernel granted."),
    RT_METHOD("setKeepAlive", js_tcp_set_keep_alive, 3,
              "(idle: number, interval: number, count: number) => void",
              "Seconds; idle 0 turns keep-alive off, count 0 is the system's number. Nothing happens where "
              "there is no "
              "connection (any more)."),
};

RT_TABLE(tcp_functions, "cleat:native/tcp", ""){
    RT_METHOD("onTcpEvent", js_on_tcp_event, 1, "(listener: TcpListener) => void",
              "Who hears of the events of all TCP handles."),
    RT_METHOD("createTcp", js_create_tcp, 0, "() => TcpHandle", "A new TCP handle."),
    RT_METHOD("createListener", js_create_listener, 1, "(callback: ListenerCallback) => ListenerHandle",
              "A new listener. Events: 2 readable (a connection may wait), 5 closed."),
};

static int prepare(JSContext *ctx)
{
    return js_net_prepare(ctx) < 0 || js_listener_prepare(ctx) < 0
               ? -1
               : rt_define_class(ctx, &tcp_class, &definition, tcp_methods, RT_COUNT(tcp_methods));
}

const struct rt_native_module js_tcp_module = {"cleat:native/tcp", tcp_functions, RT_COUNT(tcp_functions),
                                               prepare};
