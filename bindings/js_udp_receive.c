/* js_udp_receive.c - datagrams on their way in: one recvmmsg() for each wake-up, the queue of messages, and
 * who waits for them. Two ways out: read() returns a promise of {value, done} for each message (the fast path
 * of a stream), receive() hands over what is there. Not here: what a message is (js_udp_message.c).
 * Ownership: js_udp.c.
 *
 * Nothing is read from the kernel outside of its event: an app that finds a datagram for every read() gives
 * way to the loop after each batch. */
#include "js_udp.h"

#include <string.h>

/* Queue ------------------------------------------------------------------------------------------ */

static JSValue take(struct js_udp *udp)
{
    struct js_udp_received *first = &udp->received[udp->received_first];
    udp->received_first = (udp->received_first + 1) % JS_UDP_RECEIVED_MAX;
    udp->received_count--;
    udp->received_bytes -= first->length;
    return first->message;
}

static bool has_room(const struct js_udp *udp)
{
    return udp->received_count < JS_UDP_RECEIVED_MAX && udp->received_bytes < JS_UDP_RECEIVED_BYTES_MAX;
}

/* Reads one batch into the queue. Where memory is out, what was read is lost, as datagrams are. */
static void receive_batch(JSContext *ctx, struct js_udp *udp)
{
    if (!udp->received) {
        udp->received = js_malloc(ctx, JS_UDP_RECEIVED_MAX * sizeof(udp->received[0]));
    }
    if (!udp->received) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        return;
    }
    const struct io_udp_message *batch;
    unsigned count = io_udp_receive(&udp->io, JS_UDP_RECEIVED_MAX - udp->received_count, &batch);
    js_udp_begin_batch(udp->shared);
    for (unsigned i = 0; i < count; i++) {
        JSValue message = js_udp_new_message(ctx, udp->shared, &batch[i]);
        if (JS_IsException(message)) {
            JS_FreeValue(ctx, JS_GetException(ctx));
            continue;
        }
        unsigned last = (udp->received_first + udp->received_count++) % JS_UDP_RECEIVED_MAX;
        udp->received[last] = (struct js_udp_received){message, batch[i].length};
        udp->received_bytes += batch[i].length;
    }
}

void js_udp_free_received(JSRuntime *js, struct js_udp *udp)
{
    while (udp->received_count > 0) {
        JS_FreeValueRT(js, take(udp));
    }
    js_free_rt(js, udp->received);
    udp->received = NULL;
    while (udp->reads) {
        struct js_udp_read *read = udp->reads;
        udp->reads = read->next;
        JS_FreeValueRT(js, read->settle[0]);
        JS_FreeValueRT(js, read->settle[1]);
        js_free_rt(js, read);
    }
    udp->reads_end = &udp->reads;
}

void js_udp_mark_received(JSRuntime *js, const struct js_udp *udp, JS_MarkFunc *mark)
{
    for (unsigned i = 0; i < udp->received_count; i++) {
        JS_MarkValue(js, udp->received[(udp->received_first + i) % JS_UDP_RECEIVED_MAX].message, mark);
    }
    for (const struct js_udp_read *read = udp->reads; read; read = read->next) {
        JS_MarkValue(js, read->settle[0], mark);
        JS_MarkValue(js, read->settle[1], mark);
    }
}

/* Reads ------------------------------------------------------------------------------------------ */

/* Takes the oldest read and the value. May run JavaScript: the engine looks whether what a promise is
 * resolved with is a promise itself, and somebody may have put a getter on Object.prototype. */
static void settle_read(JSContext *ctx, struct js_udp *udp, bool reject, JSValue value)
{
    struct js_udp_read *read = udp->reads;
    udp->reads = read->next;
    if (!udp->reads) {
        udp->reads_end = &udp->reads;
    }
    if (JS_IsException(value)) {
        value = JS_GetException(ctx); /* out of memory */
        reject = true;
    }
    JSValue result = JS_Call(ctx, read->settle[reject], JS_UNDEFINED, 1, (JSValueConst *)&value);
    if (JS_IsException(result)) {
        result = JS_GetException(ctx);
    }
    JS_FreeValue(ctx, result);
    JS_FreeValue(ctx, value);
    JS_FreeValue(ctx, read->settle[0]);
    JS_FreeValue(ctx, read->settle[1]);
    js_free(ctx, read);
}

static JSValue new_read(JSContext *ctx, struct js_udp *udp)
{
    struct js_udp_read *read = js_malloc(ctx, sizeof(*read));
    if (!read) {
        return JS_EXCEPTION;
    }
    JSValue promise = JS_NewPromiseCapability(ctx, read->settle);
    if (JS_IsException(promise)) {
        js_free(ctx, read);
        return promise;
    }
    read->next = NULL;
    *udp->reads_end = read;
    udp->reads_end = &read->next;
    return promise;
}

void js_udp_end_reads(JSContext *ctx, struct js_udp *udp, JSValueConst error)
{
    bool reject = !JS_IsUndefined(error);
    while (udp->reads) {
        settle_read(ctx, udp, reject,
                    reject ? JS_DupValue(ctx, error)
                           : js_udp_new_result(ctx, udp->shared, JS_UNDEFINED, true));
    }
}

/* Events ----------------------------------------------------------------------------------------- */

/* Has the loop tell of the next datagram, if somebody waits for one or there is room for it. */
static int want_more(struct js_udp *udp)
{
    bool wanted = udp->telling || udp->reads || (udp->reading && has_room(udp));
    return wanted && udp->state == JS_UDP_OPEN ? io_udp_want(&udp->io, UV_READABLE) : 0;
}

void js_udp_on_readable(struct js_udp *udp)
{
    JSContext *ctx = rt_context(udp->rt);
    receive_batch(ctx, udp);
    if (udp->telling && udp->received_count > 0) {
        udp->telling = false;
        js_udp_tell(udp, JS_UDP_READABLE, JS_UNDEFINED);
    } else if (udp->reads && udp->received_count > 0 && rt_turn_enter(udp->rt)) {
        while (udp->reads && udp->received_count > 0) {
            settle_read(ctx, udp, false, js_udp_new_result(ctx, udp->shared, take(udp), false));
        }
        rt_turn_leave(udp->rt);
    }
    if (want_more(udp) < 0) {
        js_udp_on_event(&udp->io, 0, -ENOMEM); /* what epoll_ctl() can fail with here */
    }
}

/* Methods ---------------------------------------------------------------------------------------- */

static JSValue throw_want(JSContext *ctx, int error)
{
    return rt_throw_system_error(ctx, error, "epoll_ctl", "UDP socket");
}

JSValue js_udp_read(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_udp *udp = js_udp_get_open(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    udp->reading = true;
    JSValue promise;
    if (udp->received_count > 0) {
        JSValue result = js_udp_new_result(ctx, udp->shared, take(udp), false);
        promise = JS_IsException(result) ? result : JS_NewSettledPromise(ctx, false, result);
        JS_FreeValue(ctx, result);
    } else {
        promise = new_read(ctx, udp);
    }
    int error = want_more(udp); /* resolving may have closed it */
    if (error) {
        JS_FreeValue(ctx, promise);
        return throw_want(ctx, error);
    }
    return promise;
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
    JSValue messages[JS_UDP_RECEIVED_MAX];
    unsigned count = 0;
    while (count < max && udp->received_count > 0) {
        messages[count++] = take(udp);
    }
    if (count == 0 && max > 0) {
        udp->telling = true;
        int error = want_more(udp);
        if (error) {
            return throw_want(ctx, error);
        }
    }
    return JS_NewArrayFrom(ctx, (int)count, messages);
}
