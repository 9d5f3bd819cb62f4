/* js_udp_receive.c - datagrams on their way in: one recvmmsg() for each wake-up, the queue of messages, and
 * who waits for them. take() returns a promise of {value, done} for each message: what a direct stream calls
 * for read(). Not here: what a message is (js_udp_message.c). Ownership: js_udp.c.
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

/* Reads one batch into the queue. 0, or -1 with an exception. */
static int receive_batch(JSContext *ctx, struct js_udp *udp)
{
    if (!udp->received) {
        udp->received = js_malloc(ctx, JS_UDP_RECEIVED_MAX * sizeof(udp->received[0]));
    }
    if (!udp->received) {
        return -1;
    }
    const struct io_udp_message *batch;
    unsigned count = io_udp_receive(&udp->io, JS_UDP_RECEIVED_MAX - udp->received_count, &batch);
    js_udp_begin_batch(udp->shared);
    for (unsigned i = 0; i < count; i++) {
        JSValue message = js_udp_new_message(ctx, udp->shared, &batch[i]);
        if (JS_IsException(message)) {
            return -1;
        }
        unsigned last = (udp->received_first + udp->received_count++) % JS_UDP_RECEIVED_MAX;
        udp->received[last] = (struct js_udp_received){message, batch[i].length};
        udp->received_bytes += batch[i].length;
    }
    return 0;
}

void js_udp_free_received(JSRuntime *js, struct js_udp *udp)
{
    while (udp->received_count > 0) {
        JS_FreeValueRT(js, take(udp));
    }
    js_free_rt(js, udp->received);
    udp->received = NULL;
    while (udp->takers) {
        struct js_udp_taker *taker = udp->takers;
        udp->takers = taker->next;
        JS_FreeValueRT(js, taker->settle[0]);
        JS_FreeValueRT(js, taker->settle[1]);
        js_free_rt(js, taker);
    }
    udp->takers_end = &udp->takers;
}

void js_udp_mark_received(JSRuntime *js, const struct js_udp *udp, JS_MarkFunc *mark)
{
    for (unsigned i = 0; i < udp->received_count; i++) {
        JS_MarkValue(js, udp->received[(udp->received_first + i) % JS_UDP_RECEIVED_MAX].message, mark);
    }
    for (const struct js_udp_taker *taker = udp->takers; taker; taker = taker->next) {
        JS_MarkValue(js, taker->settle[0], mark);
        JS_MarkValue(js, taker->settle[1], mark);
    }
}

/* Who waits -------------------------------------------------------------------------------------- */

/* Takes the oldest that waits, and the value. May run JavaScript: the engine looks whether what a promise is
 * resolved with is a promise itself, and somebody may have put a getter on Object.prototype. */
static void settle_taker(JSContext *ctx, struct js_udp *udp, bool reject, JSValue value)
{
    struct js_udp_taker *taker = udp->takers;
    udp->takers = taker->next;
    if (!udp->takers) {
        udp->takers_end = &udp->takers;
    }
    if (JS_IsException(value)) {
        value = JS_GetException(ctx); /* out of memory */
        reject = true;
    }
    JSValue result = JS_Call(ctx, taker->settle[reject], JS_UNDEFINED, 1, (JSValueConst *)&value);
    if (JS_IsException(result)) {
        result = JS_GetException(ctx);
    }
    JS_FreeValue(ctx, result);
    JS_FreeValue(ctx, value);
    JS_FreeValue(ctx, taker->settle[0]);
    JS_FreeValue(ctx, taker->settle[1]);
    js_free(ctx, taker);
}

static JSValue new_taker(JSContext *ctx, struct js_udp *udp)
{
    struct js_udp_taker *taker = js_malloc(ctx, sizeof(*taker));
    if (!taker) {
        return JS_EXCEPTION;
    }
    JSValue promise = JS_NewPromiseCapability(ctx, taker->settle);
    if (JS_IsException(promise)) {
        js_free(ctx, taker);
        return promise;
    }
    taker->next = NULL;
    *udp->takers_end = taker;
    udp->takers_end = &taker->next;
    return promise;
}

void js_udp_settle_takers(JSContext *ctx, struct js_udp *udp, bool failed, JSValueConst reason)
{
    while (udp->takers) {
        settle_taker(ctx, udp, failed,
                     failed ? JS_DupValue(ctx, reason)
                            : js_udp_new_result(ctx, udp->shared, JS_UNDEFINED, true));
    }
}

/* Events ----------------------------------------------------------------------------------------- */

/* Somebody waits for a datagram, or it is fetched ahead. */
static bool is_wanted(const struct js_udp *udp)
{
    return udp->state == JS_UDP_OPEN && (udp->takers || (udp->ahead && has_room(udp)));
}

/* Has the loop tell of the next datagram. */
static int want_more(struct js_udp *udp)
{
    return is_wanted(udp) ? io_udp_want(&udp->io, UV_READABLE) : 0;
}

static JSValue want_error(JSContext *ctx, int error)
{
    return rt_new_system_error(ctx, error, "epoll_ctl", "UDP socket");
}

void js_udp_on_readable(struct js_udp *udp)
{
    JSContext *ctx = rt_context(udp->rt);
    if (!is_wanted(udp)) {
        return;
    }
    if (receive_batch(ctx, udp) < 0) {
        js_udp_lose(udp, JS_EXCEPTION); /* the W3C text: what can't become an ArrayBuffer ends the socket */
        return;
    }
    if (udp->takers && udp->received_count > 0 && rt_turn_enter(udp->rt)) {
        while (udp->takers && udp->received_count > 0) {
            settle_taker(ctx, udp, false, js_udp_new_result(ctx, udp->shared, take(udp), false));
        }
        rt_turn_leave(udp->rt);
    }
    int error = want_more(udp);
    if (error) {
        js_udp_lose(udp, want_error(ctx, error));
    }
}

/* Methods ---------------------------------------------------------------------------------------- */

/* A promise that is fulfilled with a result; takes it. */
static JSValue new_settled(JSContext *ctx, JSValue result)
{
    JSValue promise = JS_IsException(result) ? JS_EXCEPTION : JS_NewSettledPromise(ctx, false, result);
    JS_FreeValue(ctx, result);
    return promise;
}

JSValue js_udp_take(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_udp *udp = js_udp_get(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    if (udp->state >= JS_UDP_CLOSING) {
        return new_settled(ctx, js_udp_new_result(ctx, udp->shared, JS_UNDEFINED, true));
    }
    udp->ahead = !udp->no_ahead;
    JSValue promise = udp->received_count > 0
                          ? new_settled(ctx, js_udp_new_result(ctx, udp->shared, take(udp), false))
                          : new_taker(ctx, udp);
    int error = want_more(udp); /* nothing where resolving has closed it */
    if (error) {
        JS_FreeValue(ctx, promise);
        return JS_Throw(ctx, want_error(ctx, error));
    }
    return promise;
}

JSValue js_udp_end_takes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    struct js_udp *udp = js_udp_get(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    js_udp_settle_takers(ctx, udp, JS_ToBool(ctx, argv[0]) > 0, argv[1]);
    return JS_UNDEFINED;
}

JSValue js_udp_waits_for_chunk(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    const struct js_udp *udp = js_udp_get(ctx, self);
    return udp ? JS_NewBool(ctx, udp->takers != NULL) : JS_EXCEPTION;
}

JSValue js_udp_stop_reading_ahead(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_udp *udp = js_udp_get(ctx, self);
    if (!udp) {
        return JS_EXCEPTION;
    }
    udp->ahead = false;
    udp->no_ahead = true;
    JSValue messages[JS_UDP_RECEIVED_MAX];
    int count = 0;
    while (udp->received_count > 0) {
        messages[count++] = take(udp);
    }
    return JS_NewArrayFrom(ctx, count, messages);
}
