/* js_udp.c - the class UdpHandle of "cleat:native/udp": life, events, groups and the table. Options are in
 * js_udp_open.c, datagrams in js_udp_write.c, js_udp_send.c and js_udp_receive.c, the socket in udp.c.
 *
 * OWNERSHIP  owner: the wrapper owns one struct js_udp
 *            kept alive by: while open a reference to itself and a pin of the loop
 *            freed when: the wrapper is collected, which is after the loop has let go of the socket
 *            after close: inert, methods throw InvalidStateError; one event 5, unless the handle failed (4)
 *            thread: loop */
#include "js_udp.h"

#include <errno.h>
#include <string.h>

static JSClassID udp_class;

/* Life ------------------------------------------------------------------------------------------- */

void js_udp_tell(struct js_udp *udp, int event, JSValueConst detail)
{
    JSContext *ctx = rt_context(udp->rt);
    JSValueConst arguments[2] = {JS_MKVAL(JS_TAG_INT, event), detail};
    JSValue callback = JS_DupValue(ctx, udp->callback);
    rt_call(udp->rt, callback, 2, arguments);
    JS_FreeValue(ctx, callback);
}

static void on_closed(struct io_udp *io)
{
    struct js_udp *udp = (struct js_udp *)io;
    JSContext *ctx = rt_context(udp->rt);
    udp->state = JS_UDP_CLOSED;
    if (!udp->failed) {
        js_udp_tell(udp, JS_UDP_ENDED, JS_UNDEFINED);
    }
    JSValue callback = udp->callback, self = udp->self;
    udp->callback = udp->self = JS_UNDEFINED;
    rt_unpin(udp->rt);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self); /* may free udp */
}

/* `error`: what writes that can't leave any more are rejected with. Who waits to take is the caller's to
 * tell. */
static void begin_close(struct js_udp *udp, JSValueConst error)
{
    JSContext *ctx = rt_context(udp->rt);
    if (udp->state == JS_UDP_OPEN) {
        udp->state = JS_UDP_CLOSING;
        rt_resource_unlink(&udp->resource);
        js_udp_end_queue(ctx, udp, error);
        js_udp_permit_nothing(JS_GetRuntime(ctx), udp);
        js_udp_forget_put_back(JS_GetRuntime(ctx), udp);
        io_udp_close(&udp->io, on_closed);
    } else if (udp->state == JS_UDP_NEW) {
        udp->state = JS_UDP_CLOSED;
    }
}

static void close_resource(struct rt_resource *resource)
{
    struct js_udp *udp = (struct js_udp *)((char *)resource - offsetof(struct js_udp, resource));
    begin_close(udp, JS_UNDEFINED);
    js_udp_free_received(JS_GetRuntime(rt_context(udp->rt)), udp);
}

void js_udp_lose(struct js_udp *udp, JSValue detail)
{
    JSContext *ctx = rt_context(udp->rt);
    if (JS_IsException(detail)) {
        detail = JS_GetException(ctx); /* out of memory */
    }
    udp->failed = true;
    bool turn = rt_turn_enter(udp->rt);
    begin_close(udp, detail);
    if (turn) {
        js_udp_settle_takers(ctx, udp, true, detail);
        rt_turn_leave(udp->rt);
    }
    js_udp_free_received(JS_GetRuntime(ctx), udp);
    js_udp_tell(udp, JS_UDP_FAILED, detail);
    JS_FreeValue(ctx, detail);
}

void js_udp_on_event(struct io_udp *io, int event, int error)
{
    struct js_udp *udp = (struct js_udp *)io;
    udp->flushes = 0;
    if (event == UV_READABLE) {
        js_udp_on_readable(udp);
    } else if (event == UV_WRITABLE) {
        js_udp_on_writable(udp);
    } else {
        js_udp_lose(udp, rt_new_system_error(rt_context(udp->rt), error, "poll", "UDP socket"));
    }
}

void js_udp_opened(JSContext *ctx, JSValueConst self, struct js_udp *udp)
{
    udp->state = JS_UDP_OPEN;
    udp->self = JS_DupValue(ctx, self);
    udp->resource.close = close_resource;
    rt_resource_link(udp->rt, &udp->resource);
    rt_pin(udp->rt);
}

static void finalize(JSRuntime *js, JSValueConst value)
{
    struct js_udp *udp = JS_GetOpaque(value, udp_class);
    if (udp) {
        js_udp_free_received(js, udp);
        js_udp_permit_nothing(js, udp);
        js_udp_forget_put_back(js, udp);
        JS_FreeValueRT(js, udp->default_host);
        JS_FreeValueRT(js, udp->default_interface);
        JS_FreeValueRT(js, udp->callback);
        js_free_rt(js, udp);
    }
}

static void mark(JSRuntime *js, JSValueConst value, JS_MarkFunc *mark_value)
{
    struct js_udp *udp = JS_GetOpaque(value, udp_class);
    if (udp) {
        JS_MarkValue(js, udp->callback, mark_value);
        js_udp_mark_received(js, udp, mark_value);
        js_udp_mark_queue(js, udp, mark_value);
    }
}

static const JSClassDef udp_class_def = {"UdpHandle", .finalizer = finalize, .gc_mark = mark};

static JSValue js_create_udp(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    if (!JS_IsFunction(ctx, argv[0])) {
        return JS_ThrowTypeError(ctx, "createUdp needs a callback");
    }
    JSValue wrapper = JS_NewObjectClass(ctx, udp_class);
    if (JS_IsException(wrapper)) {
        return wrapper;
    }
    struct js_udp *udp = js_mallocz(ctx, sizeof(*udp));
    if (!udp) {
        JS_FreeValue(ctx, wrapper);
        return JS_EXCEPTION;
    }
    udp->rt = rt_from_context(ctx);
    udp->self = udp->default_host = udp->default_interface = JS_UNDEFINED;
    udp->default_port = -1;
    udp->shared = js_udp_shared_of(ctx);
    udp->takers_end = &udp->takers;
    udp->callback = JS_DupValue(ctx, argv[0]);
    JS_SetOpaque(wrapper, udp);
    return wrapper;
}

/* Shared by the methods -------------------------------------------------------------------------- */

struct js_udp *js_udp_get(JSContext *ctx, JSValueConst self)
{
    return JS_GetOpaque2(ctx, self, udp_class);
}

struct js_udp *js_udp_get_open(JSContext *ctx, JSValueConst self)
{
    struct js_udp *udp = JS_GetOpaque2(ctx, self, udp_class);
    if (udp && udp->state != JS_UDP_OPEN) {
        rt_throw_dom_exception(ctx, "InvalidStateError", NULL, "the UDP socket is %s",
                               udp->state == JS_UDP_NEW ? "not open" : "closed");
        return NULL;
    }
    return udp;
}

struct js_udp *js_udp_get_new(JSContext *ctx, JSValueConst self)
{
    struct js_udp *udp = JS_GetOpaque2(ctx, self, udp_class);
    if (udp && udp->state != JS_UDP_NEW) {
        rt_throw_dom_exception(ctx, "InvalidStateError", NULL, "the UDP socket is %s",
                               udp->state == JS_UDP_OPEN ? "already open" : "closed");
        return NULL;
    }
    return udp;
}

int js_udp_get_address(JSContext *ctx, JSValueConst value, const char *what, struct rt_host *ret_host)
{
    if (!JS_IsString(value)) {
        JS_ThrowTypeError(ctx, "%s must be a string", what);
        return -1;
    }
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (!text) {
        return -1;
    }
    int error = rt_host_parse(text, length, ret_host);
    if (error == -ENODEV) {
        rt_throw_system_error(ctx, error, "if_nametoindex", "%s '%s'", what, text);
    } else if (error || !ret_host->is_address) {
        rt_throw_dom_exception(ctx, "InvalidAccessError", "EINVAL", "%s '%s' is not an IP address", what,
                               text);
        error = -EINVAL;
    }
    JS_FreeCString(ctx, text);
    return error ? -1 : 0;
}

/* Groups ----------------------------------------------------------------------------------------- */

struct group_arguments {
    struct rt_host group, source;
    bool has_source;
    struct js_interface interface;
};

static int get_group_arguments(JSContext *ctx, JSValueConst *argv, struct group_arguments *ret_arguments)
{
    if (js_udp_get_address(ctx, argv[0], "the multicast group", &ret_arguments->group) < 0) {
        return -1;
    }
    if (rt_address_classify((struct sockaddr *)&ret_arguments->group.address) != RT_ADDRESS_MULTICAST) {
        rt_throw_dom_exception(ctx, "InvalidAccessError", "EINVAL", "'%s' is not a multicast group",
                               ret_arguments->group.name);
        return -1;
    }
    ret_arguments->has_source = !JS_IsNull(argv[1]) && !JS_IsUndefined(argv[1]);
    if (ret_arguments->has_source &&
        js_udp_get_address(ctx, argv[1], "the source of a group", &ret_arguments->source) < 0) {
        return -1;
    }
    if (ret_arguments->has_source &&
        ret_arguments->source.address.ss_family != ret_arguments->group.address.ss_family) {
        rt_throw_dom_exception(ctx, "InvalidAccessError", "EAFNOSUPPORT",
                               "the source %s and the group %s are of different families",
                               ret_arguments->source.name, ret_arguments->group.name);
        return -1;
    }
    return js_get_interface(ctx, argv[2], &ret_arguments->interface);
}

static unsigned zone_of(const struct rt_host *host)
{
    const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)&host->address;
    return host->address.ss_family == AF_INET6 ? address->sin6_scope_id : 0;
}

static JSValue throw_group(JSContext *ctx, int error, const char *what,
                           const struct group_arguments *arguments)
{
    const char *by = arguments->interface.name;
    return rt_throw_system_error(ctx, error, "setsockopt", "%s %s%s%s%s%s", what, arguments->group.name,
                                 arguments->has_source ? " from " : "",
                                 arguments->has_source ? arguments->source.name : "", by[0] ? " by " : "",
                                 by);
}

static int local_port(const struct js_udp *udp)
{
    struct sockaddr_storage local;
    return io_net_local_address(udp->io.fd, &local) < 0 ? 0 : rt_address_port((struct sockaddr *)&local);
}

static JSValue js_udp_join(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct group_arguments arguments;
    if (get_group_arguments(ctx, argv, &arguments) < 0) {
        return JS_EXCEPTION;
    }
    struct js_udp *udp = js_udp_get_open(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    if (js_interface_missing(&arguments.interface)) {
        return throw_group(ctx, -ENODEV, "join", &arguments);
    }
    unsigned interface_index = arguments.interface.index ? arguments.interface.index : udp->interface_index;
    struct rt_permission_query query = {
        .operation = RT_MULTICAST_JOIN,
        .host = &arguments.group,
        .port = udp->bound_port ? local_port(udp) : 0,
        .interface_index = interface_index ? interface_index : zone_of(&arguments.group),
    };
    if (js_ask(ctx, &query) < 0) {
        return JS_EXCEPTION;
    }
    const struct sockaddr *source =
        arguments.has_source ? (struct sockaddr *)&arguments.source.address : NULL;
    int error = io_udp_join(&udp->io, (struct sockaddr *)&arguments.group.address, source, interface_index);
    return error ? throw_group(ctx, error, "join", &arguments) : JS_UNDEFINED;
}

/* Asks no permission: leaving takes nothing. */
static JSValue js_udp_leave(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct group_arguments arguments;
    if (get_group_arguments(ctx, argv, &arguments) < 0) {
        return JS_EXCEPTION;
    }
    struct js_udp *udp = js_udp_get_open(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    const char *name = arguments.interface.name[0] ? arguments.interface.name : NULL;
    unsigned interface_index = arguments.interface.index;
    if (!name && interface_index == 0) {
        interface_index = udp->interface_index;
    }
    const struct sockaddr *source =
        arguments.has_source ? (struct sockaddr *)&arguments.source.address : NULL;
    int error =
        io_udp_leave(&udp->io, (struct sockaddr *)&arguments.group.address, source, interface_index, name);
    if (error == -EADDRNOTAVAIL) {
        return rt_throw_dom_exception(ctx, "InvalidAccessError", "EADDRNOTAVAIL",
                                      "the socket has not joined %s%s%s", arguments.group.name,
                                      name ? " by " : "", name ? name : "");
    }
    return error ? throw_group(ctx, error, "leave", &arguments) : JS_UNDEFINED;
}

/* Other methods ---------------------------------------------------------------------------------- */

static JSValue js_udp_dropped(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_udp *udp = JS_GetOpaque2(ctx, self, udp_class);
    if (!udp) {
        return JS_EXCEPTION;
    }
    /* Also after close: the last number stays. */
    uint64_t dropped = udp->state == JS_UDP_OPEN ? io_udp_dropped(&udp->io) : udp->io.dropped;
    return JS_NewInt64(ctx, (int64_t)dropped);
}

static JSValue js_udp_info(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_udp *udp = js_udp_get_open(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    struct sockaddr_storage local;
    int send_buffer, receive_buffer;
    int error = io_net_local_address(udp->io.fd, &local);
    if (!error) {
        error = io_net_buffer_sizes(udp->io.fd, &send_buffer, &receive_buffer);
    }
    if (error) {
        return rt_throw_system_error(ctx, error, "getsockname", "UDP socket");
    }
    uint16_t port = rt_address_port((struct sockaddr *)&local);
    if (udp->route_local.ss_family != AF_UNSPEC) {
        local = udp->route_local;
    }
    char text[RT_ADDRESS_TEXT_MAX];
    const char *names[] = {"localAddress", "localPort", "sendBufferSize", "receiveBufferSize"};
    JSValue values[] = {
        JS_NewString(ctx, rt_address_format((struct sockaddr *)&local, text)),
        JS_NewInt32(ctx, port),
        JS_NewInt32(ctx, send_buffer),
        JS_NewInt32(ctx, receive_buffer),
    };
    return rt_new_object(ctx, RT_COUNT(names), names, values);
}

static JSValue js_udp_close(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_udp *udp = JS_GetOpaque2(ctx, self, udp_class);
    if (!udp) {
        return JS_EXCEPTION;
    }
    if (udp->state != JS_UDP_OPEN) {
        begin_close(udp, JS_UNDEFINED);
        return JS_UNDEFINED;
    }
    (void)io_udp_dropped(&udp->io);
    JSValue error = JS_UNDEFINED;
    if (udp->queued) {
        error = rt_new_dom_exception(ctx, "InvalidStateError", NULL, NULL, "write: the socket is closed");
        error = JS_IsException(error) ? JS_GetException(ctx) : error;
    }
    begin_close(udp, error);
    JS_FreeValue(ctx, error);
    js_udp_settle_takers(ctx, udp, false, JS_UNDEFINED); /* last: may run JavaScript */
    js_udp_free_received(JS_GetRuntime(ctx), udp);
    return JS_UNDEFINED;
}

/* RT_TYPES "cleat:native/udp"
    import type { Destination } from "cleat:native/resolver";
    // 3 writable (after send() or flush() gave false), 4 failed (detail: the error; the handle is closed),
    // 5 closed (after close()).
    type UdpEvent = 3 | 4 | 5;
    interface UdpOptions {
        localAddress: string | null; localPort: number; remoteAddress: string | null; remotePort: number;
        addressReuse: boolean; addressSharing: boolean; ipv6Only: boolean; loopback: boolean;
        // Whether broadcast addresses can be sent to; true needs a grant for it at once.
        broadcast: boolean;
        interface: string | number | null; hops: number; multicastHops: number;
        sendBufferSize: number; receiveBufferSize: number;
        // 0, 4 or 6; 0: both where the addresses leave it open.
        family: number;
    }
    type UdpToName = (data: unknown, host: string, port: number, interface_: string | number | null) =>
   Promise<undefined>;
    // localAddress is what the datagram was sent to: a group for multicast. `data` is immutable.
    interface UdpMessage {
        data: ArrayBuffer; remoteAddress: string; remotePort: number; localAddress: string | null;
        interface: string | null; hopLimit: number | null;
    }
*/
RT_TABLE(udp_methods, "cleat:native/udp", "UdpHandle"){
    RT_METHOD(
        "open", js_udp_open, 1, "(options: UdpOptions) => void",
        "Checks the permissions (SecurityError), creates and binds; throws on failure. A remote name is not "
        "resolved here: send() with a Destination does."),
    RT_METHOD("startSending", js_udp_start_sending, 3,
              "(host: string | null, port: number | null, interface_: string | number | null) => void",
              "From now on trySend() sends. What it and write() take for members that a message leaves out."),
    RT_METHOD(
        "take", js_udp_take, 0,
        "() => Promise<{ value: UdpMessage; done: false } | { value: undefined; done: true }>",
        "The next datagram, in the form of a stream's read(); done once the handle is closed. From the first "
        "call on up to 64 are fetched ahead."),
    RT_METHOD("endTakes", js_udp_end_takes, 2, "(failed: boolean, reason: unknown) => void",
              "Settles what waits: done, or rejected with the reason."),
    RT_METHOD("waitsForChunk", js_udp_waits_for_chunk, 0, "() => boolean", "Whether a take() waits."),
    RT_METHOD("stopReadingAhead", js_udp_stop_reading_ahead, 0, "() => UdpMessage[]",
              "Fetches nothing ahead any more, and gives back what has been, the oldest first."),
    RT_METHOD(
        "trySend", js_udp_try_send, 1, "(message: unknown) => Promise<undefined> | null",
        "Converts a UDPMessage (each member is read once) and queues it; it leaves at the end of the turn, "
        "by one sendmmsg with all the others, or when there is room for it. The promise is that of this "
        "datagram alone; its rejection counts as handled. null: the host is a name, the queue is full, or "
        "the handle does not send; write() is to be called with the same message, and does not read the "
        "members again."),
    RT_METHOD("sends", js_udp_sends, 0, "() => number", "Datagrams that are queued."),
    RT_METHOD("sending", js_udp_sending, 0, "() => Promise<undefined> | undefined",
              "A promise that is resolved when all that are queued have left or failed."),
    RT_METHOD("write", js_udp_write, 2, "(message: unknown, toName: UdpToName) => Promise<undefined>",
              "The same for every host: where it is a name, the promise is whatever toName returns."),
    RT_METHOD(
        "send", js_udp_send, 4,
        "(data: ArrayBuffer | ArrayBufferView, host: string | Destination, port: number, interface_: string "
        "| number | null) => boolean",
        "Sends one datagram now, behind those that are queued; false: there is no room, event 3 follows and "
        "the "
        "call is to be repeated. Throws for this datagram only; the socket stays usable."),
    RT_METHOD("flush", js_udp_flush, 0, "() => boolean",
              "Sends what is queued; false: some of it is still there, event 3 follows when it is gone."),
    RT_METHOD("join", js_udp_join, 3,
              "(group: string, source: string | null, interface_: string | number | null) => void",
              "Joins a group, again is fine; checks the permission."),
    RT_METHOD("leave", js_udp_leave, 3,
              "(group: string, source: string | null, interface_: string | number | null) => void",
              "Leaves a group that was joined with the same arguments, also by an interface that is gone."),
    RT_METHOD("dropped", js_udp_dropped, 0, "() => number",
              "Datagrams that the kernel dropped because this socket's buffer was full (SO_RXQ_OVFL)."),
    RT_METHOD("info", js_udp_info, 0,
              "() => { localAddress: string; localPort: number; sendBufferSize: number; receiveBufferSize: "
              "number }",
              "The local end; localAddress is \"::\" or \"0.0.0.0\" where it is not bound to one."),
    RT_METHOD("close", js_udp_close, 0, "() => void", "Closes at once; event 5 follows. Again is fine."),
};
RT_TABLE(udp_functions, "cleat:native/udp", ""){
    RT_METHOD("createUdp", js_create_udp, 1,
              "(callback: (event: UdpEvent, detail: unknown) => void) => UdpHandle", "A new UDP handle."),
};

static int prepare(JSContext *ctx)
{
    return js_udp_shared_prepare(ctx) < 0
               ? -1
               : rt_define_class(ctx, &udp_class, &udp_class_def, udp_methods, RT_COUNT(udp_methods));
}

const struct rt_native_module js_udp_module = {"cleat:native/udp", udp_functions, RT_COUNT(udp_functions),
                                               prepare};
