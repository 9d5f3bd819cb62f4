/* js_udp_send.c - datagrams on their way out. Those of write() wait for the end of the turn and leave by one
 * sendmmsg(), each with a promise of its own outcome; where the kernel's buffer is full they wait for room.
 * send() sends one at once, behind those that wait. Not here: what an app passes (js_udp_write.c),
 * permissions (js_udp_permit.c). Ownership: js_udp.c. */
#include "js_resolver.h"
#include "js_udp.h"

#include <errno.h>
#include <string.h>

JSValue js_udp_send_error(JSContext *ctx, int error, const union io_address *address)
{
    char text[RT_ADDRESS_TEXT_MAX];
    return rt_new_system_error(ctx, error, "sendmsg", "send to %s port %d",
                               rt_address_format(&address->any, text), rt_address_port(&address->any));
}

/* Outcomes --------------------------------------------------------------------------------------- */

/* Settling with undefined or an error of ours runs no JavaScript. */
static void call(JSContext *ctx, JSValueConst function, JSValueConst value)
{
    JSValue result = JS_Call(ctx, function, JS_UNDEFINED, 1, &value);
    if (JS_IsException(result)) {
        result = JS_GetException(ctx); /* out of memory */
    }
    JS_FreeValue(ctx, result);
}

/* Tells how a datagram went, and frees it. Takes the error; undefined: it has left. */
static void finish(JSContext *ctx, struct js_udp_queued *queued, JSValue error)
{
    if (JS_IsException(error)) {
        error = JS_GetException(ctx);
    }
    call(ctx, queued->settle[!JS_IsUndefined(error)], error);
    if (!JS_IsUndefined(queued->done[1])) {
        call(ctx, queued->done[1], JS_UNDEFINED);
    }
    JS_FreeValue(ctx, error);
    JS_FreeValue(ctx, queued->settle[0]);
    JS_FreeValue(ctx, queued->settle[1]);
    JS_FreeValue(ctx, queued->done[0]);
    JS_FreeValue(ctx, queued->done[1]);
    js_free(ctx, queued);
}

static struct js_udp_queued *take(struct js_udp *udp)
{
    struct js_udp_queued *queued = udp->queued;
    udp->queued = queued->next;
    udp->queued_count--;
    udp->queued_bytes -= queued->length;
    return queued;
}

/* Sends to a broadcast address: permission is there, the app must have wanted it when it opened the socket.
 */
static int send_broadcast(struct js_udp *udp, const uint8_t *data, size_t length,
                          struct io_udp_destination *destination)
{
    destination->broadcast = true;
    return udp->broadcast ? io_udp_send(&udp->io, data, length, destination) : -EACCES;
}

/* Sends again what the kernel refused since it goes to a broadcast address, if it does and that is permitted.
 * The result, or 1 with SecurityError. */
static int send_refused(JSContext *ctx, struct js_udp *udp, const uint8_t *data, size_t length,
                        const struct io_udp_destination *refused)
{
    int may = js_udp_may_broadcast(ctx, udp, refused->address, refused->interface_index);
    if (may < 0) {
        return 1;
    }
    if (may == 0) {
        return -EACCES;
    }
    union io_address address = {0};
    memcpy(&address, refused->address, rt_address_length(refused->address));
    js_udp_note_broadcast(udp, &address, refused->interface_index);
    struct io_udp_destination destination = *refused;
    return send_broadcast(udp, data, length, &destination);
}

/* The first of the queue is done with. */
static void finish_first(JSContext *ctx, struct js_udp *udp, int result)
{
    struct js_udp_queued *queued = take(udp);
    JSValue error = JS_UNDEFINED;
    if (result != 0) {
        error = result > 0 ? JS_GetException(ctx) : js_udp_send_error(ctx, result, &queued->address);
    }
    finish(ctx, queued, error);
}

/* Queue ------------------------------------------------------------------------------------------ */

static unsigned gather(const struct js_udp *udp, struct io_udp_datagram *datagrams)
{
    unsigned count = 0;
    for (struct js_udp_queued *queued = udp->queued; queued && count < IO_UDP_BATCH; queued = queued->next) {
        datagrams[count++] = (struct io_udp_datagram){
            .data = queued->data,
            .length = queued->length,
            .destination = {&queued->address.any, queued->interface_index, queued->broadcast},
        };
        if (queued->broadcast && !udp->broadcast) {
            datagrams[count - 1].destination.broadcast = false; /* the kernel says no */
        }
    }
    return count;
}

/* Sends until the queue is empty or the kernel's buffer is full. Runs no JavaScript. */
static void flush(JSContext *ctx, struct js_udp *udp)
{
    struct io_udp_datagram datagrams[IO_UDP_BATCH];
    while (udp->queued && !udp->blocked) {
        unsigned count = gather(udp, datagrams);
        unsigned done = io_udp_send_batch(&udp->io, datagrams, count);
        udp->blocked = done < count && datagrams[done].result == -EAGAIN;
        for (unsigned i = 0; i < done; i++) {
            int result = datagrams[i].result;
            if (result == -EACCES && !datagrams[i].destination.broadcast) {
                result =
                    send_refused(ctx, udp, datagrams[i].data, datagrams[i].length, &datagrams[i].destination);
            }
            if (result == -EAGAIN) { /* the last: a batch ends behind what failed */
                udp->blocked = true;
            } else {
                finish_first(ctx, udp, result);
            }
        }
    }
}

static void reject_all(JSContext *ctx, struct js_udp *udp, JSValueConst error)
{
    while (udp->queued) {
        finish(ctx, take(udp), JS_DupValue(ctx, error));
    }
}

/* Waits for room, or just for the loop to come by. */
static void want_room(JSContext *ctx, struct js_udp *udp)
{
    int error = io_udp_want(&udp->io, UV_WRITABLE);
    if (error) {
        JSValue reason = rt_new_system_error(ctx, error, "epoll_ctl", "UDP socket");
        reject_all(ctx, udp, reason);
        JS_FreeValue(ctx, reason);
    }
}

static void on_turn_end(struct rt_turn_end *work)
{
    struct js_udp *udp = (struct js_udp *)((char *)work - offsetof(struct js_udp, turn_end));
    JSContext *ctx = rt_context(udp->rt);
    if (udp->flushes++ < JS_UDP_FLUSHES_MAX) {
        flush(ctx, udp);
    }
    if (udp->queued) {
        want_room(ctx, udp);
    }
}

void js_udp_on_writable(struct js_udp *udp)
{
    JSContext *ctx = rt_context(udp->rt);
    udp->blocked = false;
    udp->flushes = 0;
    if (udp->queued && rt_turn_enter(udp->rt)) {
        flush(ctx, udp);
        if (udp->queued) {
            want_room(ctx, udp);
        }
        rt_turn_leave(udp->rt);
    }
    if (!udp->queued && udp->draining) {
        udp->draining = false;
        js_udp_tell(udp, JS_UDP_WRITABLE, JS_UNDEFINED);
    }
}

void js_udp_end_queue(JSContext *ctx, struct js_udp *udp, JSValueConst error)
{
    rt_cancel_turn_end(&udp->turn_end);
    flush(ctx, udp);
    reject_all(ctx, udp, error);
}

void js_udp_mark_queue(JSRuntime *js, const struct js_udp *udp, JS_MarkFunc *mark)
{
    for (const struct js_udp_queued *queued = udp->queued; queued; queued = queued->next) {
        JS_MarkValue(js, queued->settle[0], mark);
        JS_MarkValue(js, queued->settle[1], mark);
        JS_MarkValue(js, queued->done[0], mark);
        JS_MarkValue(js, queued->done[1], mark);
    }
    if (udp->put_back) {
        JS_MarkValue(js, udp->put_back->message, mark);
        JS_MarkValue(js, udp->put_back->data, mark);
    }
}

bool js_udp_queue_is_full(const struct js_udp *udp)
{
    return udp->queued_count >= JS_UDP_QUEUED_MAX || udp->queued_bytes >= JS_UDP_QUEUED_BYTES_MAX;
}

JSValue js_udp_queue(JSContext *ctx, struct js_udp *udp, const uint8_t *data, size_t length,
                     const struct js_udp_permitted *destination)
{
    if (js_udp_queue_is_full(udp)) {
        return JS_Throw(ctx, js_udp_send_error(ctx, -ENOBUFS, &destination->address));
    }
    struct js_udp_queued *queued = js_malloc(ctx, sizeof(*queued) + length);
    if (!queued) {
        return JS_EXCEPTION;
    }
    JSValue promise = JS_NewPromiseCapability(ctx, queued->settle);
    if (JS_IsException(promise)) {
        js_free(ctx, queued);
        return promise;
    }
    JS_PromiseMarkAsHandled(ctx,
                            promise); /* a lost datagram whose write() nobody awaits is no uncaught error */
    queued->next = NULL;
    queued->done[0] = queued->done[1] = JS_UNDEFINED;
    queued->address = destination->address;
    queued->interface_index = destination->interface_index;
    queued->broadcast = destination->broadcast;
    queued->length = length;
    memcpy(queued->data, data, length);
    if (udp->queued) {
        udp->queued_last->next = queued;
    } else {
        udp->queued = queued;
    }
    udp->queued_last = queued;
    udp->queued_count++;
    udp->queued_bytes += length;
    if (udp->queued_count >= IO_UDP_BATCH && udp->flushes < JS_UDP_FLUSHES_MAX && !udp->blocked) {
        udp->flushes++;
        flush(ctx, udp); /* a full batch need not wait */
    }
    if (udp->queued && !udp->blocked) {
        udp->turn_end.run = on_turn_end;
        rt_at_turn_end(udp->rt, &udp->turn_end);
    } else if (udp->queued) {
        want_room(ctx, udp);
    }
    return promise;
}

/* Methods ---------------------------------------------------------------------------------------- */

JSValue js_udp_sends(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    const struct js_udp *udp = js_udp_get(ctx, self);
    return udp ? JS_NewInt32(ctx, (int32_t)udp->queued_count) : JS_EXCEPTION;
}

JSValue js_udp_sending(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_udp *udp = js_udp_get(ctx, self);
    if (!udp || !udp->queued) {
        return udp ? JS_UNDEFINED : JS_EXCEPTION;
    }
    struct js_udp_queued *last = udp->queued_last;
    if (JS_IsUndefined(last->done[0])) {
        JSValue functions[2], promise = JS_NewPromiseCapability(ctx, functions);
        if (JS_IsException(promise)) {
            return promise;
        }
        JS_FreeValue(ctx, functions[1]);
        last->done[0] = promise;
        last->done[1] = functions[0];
    }
    return JS_DupValue(ctx, last->done[0]);
}

JSValue js_udp_flush(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_udp *udp = js_udp_get_open(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    flush(ctx, udp);
    if (udp->queued) {
        udp->draining = true;
        want_room(ctx, udp);
    }
    return JS_NewBool(ctx, !udp->queued);
}

/* The port of send(), converted without running JavaScript. 0, or -1 with an exception. */
static int get_port(JSContext *ctx, JSValueConst value, int *ret_port)
{
    double port;
    if (!JS_IsNumber(value)) {
        JS_ThrowTypeError(ctx, "the port must be a number");
        return -1;
    }
    JS_ToFloat64(ctx, &port, value);
    if (!(port >= 0 && port <= UINT16_MAX && port == (double)(int)port)) {
        JS_ThrowRangeError(ctx, "a port is an integer from 0 to 65535");
        return -1;
    }
    *ret_port = (int)port;
    return 0;
}

/* The destination behind a host argument, checked. 0, or -1 with an exception. */
static int resolve(JSContext *ctx, struct js_udp *udp, JSValueConst host, int port, unsigned interface_index,
                   struct js_udp_permitted *ret_destination)
{
    if (JS_IsString(host)) {
        int result = js_udp_resolve(ctx, udp, host, port, interface_index, ret_destination);
        if (result == 0) {
            rt_throw_dom_exception(ctx, "InvalidAccessError", "EINVAL",
                                   "a name must be resolved before it is sent to");
        }
        return result == 1 ? 0 : -1;
    }
    const struct sockaddr *address;
    int known = js_destination_address(ctx, host, RT_UDP_SEND, port, &address);
    if (known <= 0) {
        if (known == 0) {
            JS_ThrowTypeError(ctx, "the host must be a string or a Destination");
        }
        return -1;
    }
    struct js_udp_permitted destination = {.interface_index = interface_index};
    memcpy(&destination.address, address, rt_address_length(address));
    rt_address_set_port(&destination.address.any, (uint16_t)port);
    *ret_destination = destination;
    return 0;
}

JSValue js_udp_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    int port;
    struct js_interface interface;
    const uint8_t *data;
    size_t length;
    /* The bytes last: getting at them may run JavaScript, nothing after it does. */
    if (get_port(ctx, argv[2], &port) < 0 || js_get_interface(ctx, argv[3], &interface) < 0 ||
        rt_get_bytes(ctx, argv[0], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    struct js_udp *udp = js_udp_get_open(ctx, self);
    struct js_udp_permitted permitted;
    if (!udp || resolve(ctx, udp, argv[1], port, interface.index, &permitted) < 0) {
        return JS_EXCEPTION;
    }
    int result = js_interface_missing(&interface) ? -ENODEV : -EAGAIN;
    if (result == -EAGAIN) {
        flush(ctx, udp);
    }
    if (result == -EAGAIN && !udp->queued) {
        struct io_udp_destination destination = {.address = &permitted.address.any,
                                                 .interface_index = permitted.interface_index};
        result = permitted.broadcast ? send_broadcast(udp, data, length, &destination)
                                     : io_udp_send(&udp->io, data, length, &destination);
        if (result == -EACCES && !permitted.broadcast) {
            result = send_refused(ctx, udp, data, length, &destination);
        }
    }
    if (result == -EAGAIN) {
        udp->draining = true;
        result = io_udp_want(&udp->io, UV_WRITABLE);
        return result < 0 ? JS_Throw(ctx, js_udp_send_error(ctx, result, &permitted.address)) : JS_FALSE;
    }
    if (result < 0) {
        return JS_Throw(ctx, js_udp_send_error(ctx, result, &permitted.address));
    }
    return result > 0 ? JS_EXCEPTION : JS_TRUE;
}
