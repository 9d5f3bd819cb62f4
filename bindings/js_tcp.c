/* js_tcp.c - the class TcpHandle of "cleat:native/tcp": life, events, data and the table. Connecting is in
 * js_tcp_connect.c, accepting in js_listener.c, the socket in tcp.c.
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
        JS_FreeValueRT(js, tcp->callback);
        js_free_rt(js, tcp);
    }
}

static void mark(JSRuntime *js, JSValueConst value, JS_MarkFunc *mark_value)
{
    struct js_tcp *tcp = JS_GetOpaque(value, tcp_class);
    if (tcp != NULL) {
        JS_MarkValue(js, tcp->callback, mark_value);
    }
}

static const JSClassDef definition = {.class_name = "TcpHandle", .finalizer = finalize, .gc_mark = mark};

/* "192.0.2.1 port 80", for messages. */
static const char *peer_text(const struct js_tcp *tcp, char out[static RT_ADDRESS_TEXT_MAX + 16])
{
    char address[RT_ADDRESS_TEXT_MAX];
    snprintf(out, RT_ADDRESS_TEXT_MAX + 16, "%s port %u", rt_address_format(&tcp->peer.any, address),
             (unsigned)rt_address_port(&tcp->peer.any));
    return out;
}

static void on_event(struct io_tcp *io, enum io_tcp_event event)
{
    struct js_tcp *tcp = (struct js_tcp *)io;
    char peer[RT_ADDRESS_TEXT_MAX + 16];

    switch (event) {
    case IO_TCP_READABLE:
        js_net_tell(tcp->net->rt, tcp->callback, JS_TCP_READABLE, JS_UNDEFINED);
        break;
    case IO_TCP_WRITABLE:
        js_net_tell(tcp->net->rt, tcp->callback, JS_TCP_WRITABLE, JS_UNDEFINED);
        break;
    case IO_TCP_CLOSED:
        js_tcp_end(tcp, JS_TCP_CLOSED, JS_UNDEFINED);
        break;
    case IO_TCP_FAILED:
        js_tcp_end(tcp, JS_TCP_FAILED,
                   rt_new_system_error(rt_context(tcp->net->rt), io->error, "close",
                                       "close the connection to %s", peer_text(tcp, peer)));
        break;
    }
}

JSValue js_tcp_new(JSContext *ctx, JSValueConst callback)
{
    if (!JS_IsFunction(ctx, callback)) {
        return JS_ThrowTypeError(ctx, "a TCP handle needs a callback");
    }
    JSValue self = JS_NewObjectClass(ctx, tcp_class);
    struct js_tcp *tcp = JS_IsException(self) ? NULL : js_mallocz(ctx, sizeof(*tcp));
    if (tcp == NULL) {
        JS_FreeValue(ctx, self);
        return JS_EXCEPTION;
    }
    io_tcp_init(&tcp->io, on_event);
    tcp->net = js_net_of(ctx);
    tcp->self = JS_UNDEFINED;
    tcp->callback = JS_DupValue(ctx, callback);
    JS_SetOpaque(self, tcp);
    return self;
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
    case JS_TCP_STATE_OPEN:
    case JS_TCP_STATE_CLOSING: /* a reset cuts a close short */
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
        memcpy(&tcp->peer, peer, peer->sa_family == AF_INET6 ? sizeof(tcp->peer.v6) : sizeof(tcp->peer.v4));
        tcp->state = JS_TCP_STATE_OPEN;
    }
    return error;
}

void js_tcp_end(struct js_tcp *tcp, enum js_tcp_event event, JSValue detail)
{
    struct rt *rt = tcp->net->rt;
    JSContext *ctx = rt_context(rt);
    JSValue self = tcp->self, callback = tcp->callback;

    tcp->state = JS_TCP_STATE_CLOSED;
    tcp->self = tcp->callback = JS_UNDEFINED;
    rt_resource_unlink(&tcp->resource);
    js_net_tell(rt, callback, (int)event, detail);
    rt_unpin(rt);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self);
}

struct js_tcp *js_tcp_get(JSContext *ctx, JSValueConst self, enum js_tcp_state state)
{
    static const char *const names[] = {"not connected", "still connecting", "open", "closed", "closed"};
    struct js_tcp *tcp = JS_GetOpaque2(ctx, self, tcp_class);
    if (tcp != NULL && tcp->state != state) {
        rt_throw_dom_exception(ctx, "InvalidStateError", NULL, "the TCP connection is %s", names[tcp->state]);
        return NULL;
    }
    return tcp;
}

/* Data ------------------------------------------------------------------------------------------- */

static void *resize_chunk(JSRuntime *js, void *opaque, void *data, size_t size)
{
    (void)opaque;
    return js_realloc_rt(js, data, size); /* size 0: frees */
}

/* A chunk of exactly these bytes that nobody can change: an app may hold many. */
static JSValue new_chunk(JSContext *ctx, const uint8_t *data, size_t length)
{
    uint8_t *copy = js_malloc(ctx, length);
    if (copy == NULL) {
        return JS_EXCEPTION;
    }
    memcpy(copy, data, length);
    JSValue buffer = JS_NewArrayBuffer(ctx, copy, length, 0, resize_chunk, NULL, false);
    if (JS_IsException(buffer)) {
        js_free(ctx, copy);
        return buffer;
    }
    JS_SetImmutableArrayBuffer(buffer, true);
    return buffer;
}

static JSValue throw_lost(JSContext *ctx, const struct js_tcp *tcp, int error, const char *syscall)
{
    char peer[RT_ADDRESS_TEXT_MAX + 16];
    return rt_throw_system_error(ctx, error, syscall, "%s %s",
                                 strcmp(syscall, "recv") == 0   ? "receive from"
                                 : strcmp(syscall, "send") == 0 ? "send to"
                                                                : "shut down the connection to",
                                 peer_text(tcp, peer));
}

static JSValue js_tcp_read(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int max;

    (void)argc;
    if (js_net_to_int(ctx, argv[0], 1, JS_NET_SCRATCH, &max) < 0) {
        return JS_EXCEPTION;
    }
    struct js_tcp *tcp = js_tcp_get(ctx, self, JS_TCP_STATE_OPEN);
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    uint8_t *scratch = js_net_scratch(tcp->net);
    if (scratch == NULL) {
        return JS_ThrowOutOfMemory(ctx);
    }
    ssize_t count = io_tcp_read(&tcp->io, scratch, (size_t)max);
    if (count > 0) {
        return new_chunk(ctx, scratch, (size_t)count);
    }
    if (count == 0) {
        return JS_UNDEFINED;
    }
    return count == -EAGAIN ? JS_NULL : throw_lost(ctx, tcp, (int)count, "recv");
}

static JSValue js_tcp_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    const uint8_t *data;
    size_t length;
    double offset;

    (void)argc;
    if (JS_ToFloat64(ctx, &offset, argv[1]) < 0 || rt_get_bytes(ctx, argv[0], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    if (!(offset >= 0 && offset <= (double)length)) {
        return JS_ThrowRangeError(ctx, "offset must be within the data");
    }
    struct js_tcp *tcp = js_tcp_get(ctx, self, JS_TCP_STATE_OPEN);
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    if (tcp->io.finished) {
        return rt_throw_dom_exception(ctx, "InvalidStateError", NULL, "nothing can be sent after shutdown()");
    }
    ssize_t count = io_tcp_write(&tcp->io, data + (size_t)offset, length - (size_t)offset);
    return count >= 0 ? JS_NewInt64(ctx, count) : throw_lost(ctx, tcp, (int)count, "send");
}

static JSValue js_tcp_shutdown(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_get(ctx, self, JS_TCP_STATE_OPEN);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    int error = io_tcp_shutdown(&tcp->io);
    return error == 0 ? JS_UNDEFINED : throw_lost(ctx, tcp, error, "shutdown");
}

/* Closing ---------------------------------------------------------------------------------------- */

static JSValue js_tcp_close(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = JS_GetOpaque2(ctx, self, tcp_class);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    begin_close(tcp, io_tcp_close);
    return JS_UNDEFINED;
}

static JSValue js_tcp_reset(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = JS_GetOpaque2(ctx, self, tcp_class);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    begin_close(tcp, io_tcp_reset);
    return JS_UNDEFINED;
}

/* Other methods ---------------------------------------------------------------------------------- */

static JSValue js_tcp_info(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = JS_GetOpaque2(ctx, self, tcp_class);
    struct sockaddr_storage local = {0};
    int send_buffer = 0, receive_buffer = 0;
    char text[RT_ADDRESS_TEXT_MAX];

    (void)argc;
    (void)argv;
    if (tcp == NULL || (tcp->state != JS_TCP_STATE_CONNECTING && tcp->io.fd < 0)) {
        return tcp == NULL
                   ? JS_EXCEPTION
                   : rt_throw_dom_exception(ctx, "InvalidStateError", NULL, "there is no TCP connection");
    }
    int fd = tcp->state == JS_TCP_STATE_CONNECTING ? js_connect_fd(tcp->connect) : tcp->io.fd;
    if (fd >= 0) {
        /* What the kernel no longer knows about a lost connection is left empty. */
        (void)io_net_local_address(fd, &local);
        (void)io_net_buffer_sizes(fd, &send_buffer, &receive_buffer);
    }
    bool has_local = local.ss_family != AF_UNSPEC, has_peer = tcp->peer.any.sa_family != AF_UNSPEC;
    const char *names[] = {"localAddress", "localPort",      "remoteAddress",
                           "remotePort",   "sendBufferSize", "receiveBufferSize"};
    JSValue values[] = {
        JS_NewString(ctx, has_local ? rt_address_format((struct sockaddr *)&local, text) : ""),
        JS_NewInt32(ctx, has_local ? rt_address_port((struct sockaddr *)&local) : 0),
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
    if (js_tcp_get(ctx, self, JS_TCP_STATE_OPEN) == NULL) {
        return JS_EXCEPTION;
    }
    int error = io_net_keepalive(tcp->io.fd, &keepalive);
    return error == 0 ? JS_UNDEFINED : rt_throw_system_error(ctx, error, "setsockopt", "set keep-alive");
}

static JSValue js_create_tcp(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    return js_tcp_new(ctx, argv[0]);
}

/* The module ------------------------------------------------------------------------------------- */

/* RT_TYPES "cleat:native/tcp"
    // 1 open, 2 readable (after read() gave null), 3 writable (after write() took less than offered),
    // 4 failed (detail: the error; connecting or close() failed, the handle is closed), 5 closed (after
    // close() or reset()). 4 and 5 come once and last.
    type TcpEvent = 1 | 2 | 3 | 4 | 5;
    type TcpCallback = (event: TcpEvent, detail: unknown) => void;
    // Every field is always present; null or 0 stands for "not given". Keep-alive is in seconds, family
    // (which addresses of a name are tried) 0, 4 or 6, resolveTimeout in milliseconds.
    interface TcpConnectOptions {
        localAddress: string | null; localPort: number; interface: string | number | null;
        addressReuse: boolean; noDelay: boolean;
        keepAliveIdle: number; keepAliveInterval: number; keepAliveCount: number;
        sendBufferSize: number; receiveBufferSize: number; family: number; resolveTimeout: number;
    }
    // While connecting, what is not known yet is "" or 0.
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
    RT_METHOD(
        "read", js_tcp_read, 1, "(max: number) => ArrayBuffer | null | undefined",
        "At most `max` bytes as an immutable ArrayBuffer; null: none yet, event 2 follows; undefined: the "
        "peer "
        "has finished. Throws on a lost connection, after what arrived before has been read; reset() then "
        "frees the handle."),
    RT_METHOD("write", js_tcp_write, 2, "(data: ArrayBuffer | ArrayBufferView, offset: number) => number",
              "Sends from `offset` on; the number of bytes taken, less than offered if event 3 follows. "
              "Throws on a "
              "lost connection."),
    RT_METHOD("shutdown", js_tcp_shutdown, 0, "() => void", "Sends FIN; reading goes on. Again is fine."),
    RT_METHOD("close", js_tcp_close, 0, "() => void",
              "FIN, discards what still arrives until the peer's FIN (bounded), then event 5, or 4 if the "
              "connection "
              "breaks meanwhile. While connecting: gives up, then event 5. Again is fine."),
    RT_METHOD("reset", js_tcp_reset, 0, "() => void",
              "RST at once, also during close(), then event 5. Again is fine."),
    RT_METHOD("info", js_tcp_info, 0, "() => TcpInfo",
              "Both ends, and the buffer sizes that the kernel granted."),
    RT_METHOD("setKeepAlive", js_tcp_set_keep_alive, 3,
              "(idle: number, interval: number, count: number) => void",
              "Seconds; idle 0 turns keep-alive off, count 0 is the system's number."),
};

RT_TABLE(tcp_functions, "cleat:native/tcp", ""){
    RT_METHOD("createTcp", js_create_tcp, 1, "(callback: TcpCallback) => TcpHandle", "A new TCP handle."),
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
