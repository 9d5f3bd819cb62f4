/* js_tcp_read.c - receiving through a TcpHandle: take() gives a promise that is settled here, so that a chunk
 * reaches the app in one turn and without other JavaScript. Not here: life, events and table (js_tcp.c).
 *
 * Promises of take() are in the form of a stream's read: {value, done}. One chunk may be read ahead while
 * nobody waits, the high-water mark of the text's default strategy, which also notices the peer's FIN. Spec:
 * Streams, "read() of a default reader"; W3C TCP and UDP Socket API, TCPSocket, `readable`.
 *
 * OWNERSHIP  owner: the TcpHandle
 *            kept alive by: the TcpHandle
 *            freed when: the TcpHandle is
 *            after close: take() answers "done"
 *            thread: loop */
#include "js_tcp.h"

#include <errno.h>

/* Reads that wait behind the first: apps hardly ever have more than one. A ring; the TcpHandle points to the
 * last. */
struct js_taker {
    struct js_taker *next;
    JSValue resolve;
};

/* Values ------------------------------------------------------------------------------------------ */

/* {value, done}; takes the value. */
static JSValue new_result(struct js_net *net, JSValue value, bool done)
{
    JSContext *ctx = rt_context(net->rt);
    const JSAtom names[2] = {net->value_atom, net->done_atom};
    JSValue values[2] = {value, JS_NewBool(ctx, done)};
    return rt_new_object_of_atoms(ctx, 2, names, values);
}

/* A promise that is fulfilled with {value, done}. */
static JSValue new_settled(struct js_net *net, JSValue value, bool done)
{
    JSContext *ctx = rt_context(net->rt);
    JSValue result = new_result(net, value, done);
    JSValue promise = JS_IsException(result) ? JS_EXCEPTION : JS_NewSettledPromise(ctx, false, result);
    JS_FreeValue(ctx, result);
    return promise;
}

/* Who waits --------------------------------------------------------------------------------------- */

bool js_tcp_has_taker(const struct js_tcp *tcp)
{
    return tcp->slot_kind == JS_TCP_SLOT_TAKER;
}

static int add_taker(JSContext *ctx, struct js_tcp *tcp, JSValue resolve)
{
    if (!js_tcp_has_taker(tcp)) {
        tcp->slot = resolve;
        tcp->slot_kind = JS_TCP_SLOT_TAKER;
        return 0;
    }
    struct js_taker *taker = js_malloc(ctx, sizeof(*taker)), *last = tcp->takers;
    if (taker == NULL) {
        JS_FreeValue(ctx, resolve);
        return -1;
    }
    *taker = (struct js_taker){.next = last != NULL ? last->next : taker, .resolve = resolve};
    if (last != NULL) {
        last->next = taker;
    }
    tcp->takers = taker;
    return 0;
}

/* The second that waits, taken out of the ring; NULL: none. */
static struct js_taker *remove_taker(struct js_tcp *tcp)
{
    struct js_taker *last = tcp->takers, *first = last != NULL ? last->next : NULL;
    if (first == last) {
        tcp->takers = NULL;
    } else {
        last->next = first->next;
    }
    return first;
}

static JSValue first_taker(JSContext *ctx, struct js_tcp *tcp)
{
    JSValue resolve = tcp->slot;
    struct js_taker *next = remove_taker(tcp);
    if (next == NULL) {
        tcp->slot = JS_UNDEFINED;
        tcp->slot_kind = JS_TCP_SLOT_EMPTY;
    } else {
        tcp->slot = next->resolve;
        js_free(ctx, next);
    }
    return resolve;
}

void js_tcp_read_mark(JSRuntime *js, struct js_tcp *tcp, JS_MarkFunc *mark_value)
{
    JS_MarkValue(js, tcp->slot, mark_value);
    if (tcp->takers != NULL) {
        struct js_taker *taker = tcp->takers;
        do {
            JS_MarkValue(js, taker->resolve, mark_value);
            taker = taker->next;
        } while (taker != tcp->takers);
    }
}

void js_tcp_read_free(JSRuntime *js, struct js_tcp *tcp)
{
    JS_FreeValueRT(js, tcp->slot);
    for (struct js_taker *taker = remove_taker(tcp); taker != NULL; taker = remove_taker(tcp)) {
        JS_FreeValueRT(js, taker->resolve);
        js_free_rt(js, taker);
    }
}

/* Chunks ------------------------------------------------------------------------------------------ */

JSValue js_tcp_unread(struct js_tcp *tcp)
{
    JSValue chunk = JS_UNDEFINED;
    if (tcp->slot_kind == JS_TCP_SLOT_CHUNK) {
        chunk = tcp->slot;
        tcp->slot = JS_UNDEFINED;
        tcp->slot_kind = JS_TCP_SLOT_EMPTY;
    }
    return chunk;
}

/* Gives a chunk to whoever waits first, as one turn. */
static void give(struct js_tcp *tcp, JSValue chunk)
{
    JSContext *ctx = rt_context(tcp->net->rt);
    JSValue result = new_result(tcp->net, chunk, false);
    if (JS_IsException(result)) {
        js_tcp_lose(tcp, JS_GetException(ctx)); /* bytes that are missing from a stream end it */
        return;
    }
    JSValue resolve = first_taker(ctx, tcp);
    JSValueConst arguments[] = {result};
    rt_call(tcp->net->rt, resolve, 1, arguments);
    JS_FreeValue(ctx, resolve);
    JS_FreeValue(ctx, result);
}

void js_tcp_readable(struct js_tcp *tcp)
{
    JSContext *ctx = rt_context(tcp->net->rt);
    uint8_t *scratch = js_net_scratch(tcp->net);

    while (tcp->state == JS_TCP_STATE_OPEN &&
           (js_tcp_has_taker(tcp) || (tcp->reads_ahead && tcp->slot_kind == JS_TCP_SLOT_EMPTY))) {
        if (scratch == NULL) {
            JS_ThrowOutOfMemory(ctx);
            js_tcp_lose(tcp, JS_GetException(ctx));
            return;
        }
        ssize_t count = js_tcp_read(tcp, scratch, JS_NET_SCRATCH);
        if (count == -EAGAIN) {
            return;
        }
        if (count == 0) {
            tcp->reads_ahead = false;
            js_tcp_tell(tcp, JS_TCP_FINISHED, JS_UNDEFINED);
            return;
        }
        if (count < 0) {
            js_tcp_lose(tcp, js_tcp_loss(tcp, (int)count, "recv"));
            return;
        }
        JSValue chunk = rt_new_bytes(ctx, scratch, (size_t)count);
        if (JS_IsException(chunk)) {
            js_tcp_lose(tcp, JS_GetException(ctx));
        } else if (js_tcp_has_taker(tcp)) {
            give(tcp, chunk);
        } else {
            tcp->slot = chunk;
            tcp->slot_kind = JS_TCP_SLOT_CHUNK;
        }
    }
}

/* Natives ----------------------------------------------------------------------------------------- */

/* A chunk that is there already, or JS_UNDEFINED. */
static JSValue take_now(JSContext *ctx, struct js_tcp *tcp)
{
    JSValue chunk = js_tcp_unread(tcp);
    if (!JS_IsUndefined(chunk)) {
        if (tcp->reads_ahead && tcp->state == JS_TCP_STATE_OPEN) {
            js_tcp_watch(tcp);
        }
        return chunk;
    }
    if (js_tcp_has_taker(tcp) || tcp->state != JS_TCP_STATE_OPEN) {
        return JS_UNDEFINED;
    }
    if (tcp->tls != NULL) {
        js_tcp_watch(tcp); /* an end or a loss that decrypting brings up is for the loop to tell */
        return JS_UNDEFINED;
    }
    uint8_t *scratch = js_net_scratch(tcp->net);
    if (scratch == NULL) {
        return JS_ThrowOutOfMemory(ctx);
    }
    ssize_t count = io_tcp_read_data(&tcp->io, scratch, JS_NET_SCRATCH);
    return count > 0 ? rt_new_bytes(ctx, scratch, (size_t)count) : JS_UNDEFINED;
}

JSValue js_tcp_take(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    JSValue chunk = take_now(ctx, tcp);
    if (!JS_IsUndefined(chunk)) {
        return new_settled(tcp->net, chunk, false);
    }
    if (tcp->state >= JS_TCP_STATE_CLOSING || tcp->io.peer_finished) {
        return new_settled(tcp->net, JS_UNDEFINED, true);
    }
    JSValue functions[2];
    JSValue promise = JS_NewPromiseCapability(ctx, functions);
    if (JS_IsException(promise)) {
        return promise;
    }
    /* Half of what a waiting connection would cost: a failure resolves with a rejected promise instead. */
    JS_FreeValue(ctx, functions[1]);
    if (add_taker(ctx, tcp, functions[0]) < 0) {
        JS_FreeValue(ctx, promise);
        return JS_EXCEPTION;
    }
    return promise;
}

JSValue js_tcp_end_takes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    bool failed = JS_ToBool(ctx, argv[0]) > 0;
    while (js_tcp_has_taker(tcp)) {
        JSValue resolve = first_taker(ctx, tcp);
        JSValue outcome =
            failed ? JS_NewSettledPromise(ctx, true, argv[1]) : new_result(tcp->net, JS_UNDEFINED, true);
        JSValueConst arguments[] = {outcome};
        JSValue result =
            JS_IsException(outcome) ? JS_EXCEPTION : JS_Call(ctx, resolve, JS_UNDEFINED, 1, arguments);
        JS_FreeValue(ctx, resolve);
        JS_FreeValue(ctx, outcome);
        if (JS_IsException(result)) {
            return result;
        }
        JS_FreeValue(ctx, result);
    }
    return JS_UNDEFINED;
}

JSValue js_tcp_stop_reading_ahead(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    tcp->reads_ahead = false;
    JSValue chunk = js_tcp_unread(tcp);
    JSValue chunks = JS_NewArray(ctx);
    if (JS_IsUndefined(chunk) || JS_IsException(chunks)) {
        JS_FreeValue(ctx, chunk);
        return chunks;
    }
    if (JS_DefinePropertyValueUint32(ctx, chunks, 0, chunk, JS_PROP_C_W_E) < 0) {
        JS_FreeValue(ctx, chunks);
        return JS_EXCEPTION;
    }
    return chunks;
}

JSValue js_tcp_waits_for_chunk(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    (void)argv;
    return tcp == NULL ? JS_EXCEPTION : JS_NewBool(ctx, js_tcp_has_taker(tcp));
}
