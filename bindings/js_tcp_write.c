/* js_tcp_write.c - sending through a TcpHandle: a chunk goes to the kernel at once, and what it does not take
 * waits here, one chunk at a time. Not here: queues of chunks (the stream's), life, events and table
 * (js_tcp.c).
 *
 * OWNERSHIP  owner: the TcpHandle
 *            kept alive by: the TcpHandle
 *            freed when: the TcpHandle is
 *            after close: send() throws InvalidStateError, trySend() answers null
 *            thread: loop */
#include "js_tcp.h"

#include <errno.h>

/* The chunk under way. The bytes are fetched anew each time: the app may have detached or changed its buffer.
 */
struct js_send {
    JSValue chunk;
    size_t offset;
    JSValue promise, functions[2]; /* functions: resolve and reject */
};

void js_tcp_write_mark(JSRuntime *js, struct js_tcp *tcp, JS_MarkFunc *mark_value)
{
    if (tcp->send != NULL) {
        JS_MarkValue(js, tcp->send->chunk, mark_value);
        JS_MarkValue(js, tcp->send->promise, mark_value);
        JS_MarkValue(js, tcp->send->functions[0], mark_value);
        JS_MarkValue(js, tcp->send->functions[1], mark_value);
    }
}

static void free_send(JSRuntime *js, struct js_send *send)
{
    JS_FreeValueRT(js, send->chunk);
    JS_FreeValueRT(js, send->promise);
    JS_FreeValueRT(js, send->functions[0]);
    JS_FreeValueRT(js, send->functions[1]);
    js_free_rt(js, send);
}

void js_tcp_write_free(JSRuntime *js, struct js_tcp *tcp)
{
    if (tcp->send != NULL) {
        free_send(js, tcp->send);
        tcp->send = NULL;
    }
}

void js_tcp_reject_send(struct js_tcp *tcp, JSValueConst error)
{
    JSContext *ctx = rt_context(tcp->net->rt);
    struct js_send *send = tcp->send;
    if (send != NULL) {
        tcp->send = NULL;
        JS_FreeValue(ctx, JS_Call(ctx, send->functions[1], JS_UNDEFINED, 1, &error));
        free_send(JS_GetRuntime(ctx), send);
    }
}

/* A promise for what is left of the chunk after `offset`. */
static JSValue send_later(JSContext *ctx, struct js_tcp *tcp, JSValueConst chunk, size_t offset)
{
    struct js_send *send = js_malloc(ctx, sizeof(*send));
    if (send == NULL) {
        return JS_EXCEPTION;
    }
    JSValue promise = JS_NewPromiseCapability(ctx, send->functions);
    if (JS_IsException(promise)) {
        js_free(ctx, send);
        return promise;
    }
    send->promise = JS_DupValue(ctx, promise);
    send->chunk = JS_DupValue(ctx, chunk);
    send->offset = offset;
    tcp->send = send;
    return promise;
}

void js_tcp_writable(struct js_tcp *tcp)
{
    struct js_send *send = tcp->send;
    if (send == NULL) {
        if (tcp->pipe_to != NULL) {
            js_pipe_run(tcp->pipe_to);
        }
        return;
    }
    JSContext *ctx = rt_context(tcp->net->rt);
    const uint8_t *data;
    size_t length;
    if (rt_get_bytes(ctx, send->chunk, &data, &length) < 0) {
        js_tcp_lose(tcp, JS_GetException(ctx)); /* a stream with a gap in it is no use to the peer */
        return;
    }
    size_t left = send->offset < length ? length - send->offset : 0; /* the app may have shortened it */
    ssize_t count = js_tcp_write(tcp, data + (length - left), left);
    if (count < 0) {
        js_tcp_lose(tcp, js_tcp_loss(tcp, (int)count, "send"));
        return;
    }
    send->offset += (size_t)count;
    bool is_writing = tcp->tls != NULL && io_tls_is_writing(tcp->tls); /* what has been encrypted is sent */
    if ((size_t)count == left && !is_writing) {
        tcp->send = NULL;
        JSValueConst arguments[] = {JS_UNDEFINED};
        rt_call(tcp->net->rt, send->functions[0], 1, arguments);
        free_send(JS_GetRuntime(ctx), send);
    }
}

/* Natives ----------------------------------------------------------------------------------------- */

/* The kernel has taken a chunk whole. To the stream it is under way until another job runs. */
static void count_send(struct js_tcp *tcp)
{
    uint32_t job = rt_job_number(tcp->net->rt);
    if (tcp->send_job != job) {
        tcp->send_job = job;
        tcp->sends = 0;
    }
    tcp->sends = (uint16_t)(tcp->sends + (tcp->sends < UINT16_MAX));
}

JSValue js_tcp_sends(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    int at_once = tcp->send_job == rt_job_number(tcp->net->rt) ? tcp->sends : 0;
    return JS_NewInt32(ctx, at_once + (tcp->send != NULL));
}

JSValue js_tcp_sending(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    return tcp->send != NULL ? JS_DupValue(ctx, tcp->send->promise) : JS_UNDEFINED;
}

JSValue js_tcp_try_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    const uint8_t *data;
    size_t length;
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    if (tcp->state != JS_TCP_STATE_OPEN || tcp->send != NULL || tcp->pipe_to != NULL || tcp->io.finished ||
        tcp->io.error != 0) {
        return JS_NULL;
    }
    if (rt_get_bytes(ctx, argv[0], &data, &length) < 0) {
        JS_FreeValue(ctx, JS_GetException(ctx)); /* not bytes: the general way knows what to do */
        return JS_NULL;
    }
    ssize_t count = js_tcp_write(tcp, data, length);
    if (count < 0) {
        return JS_NULL; /* told again when the general way tries */
    }
    if ((size_t)count < length) {
        return send_later(ctx, tcp, argv[0], (size_t)count);
    }
    count_send(tcp);
    return JS_NewSettledPromise(ctx, false, JS_UNDEFINED);
}

JSValue js_tcp_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    const uint8_t *data;
    size_t length;

    (void)argc;
    if (rt_get_bytes(ctx, argv[0], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    struct js_tcp *tcp = js_tcp_get(ctx, self, JS_TCP_STATE_OPEN);
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    if (tcp->io.finished || tcp->send != NULL || tcp->pipe_to != NULL) {
        return rt_throw_dom_exception(ctx, "InvalidStateError", NULL,
                                      tcp->io.finished ? "nothing can be sent after shutdown()"
                                                       : "a chunk is being sent already");
    }
    ssize_t count = js_tcp_write(tcp, data, length);
    if (count < 0) {
        return JS_Throw(ctx, js_tcp_loss(tcp, (int)count, "send"));
    }
    return (size_t)count == length ? JS_UNDEFINED : send_later(ctx, tcp, argv[0], (size_t)count);
}
