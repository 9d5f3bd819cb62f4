/* js_tcp_pipe.c - moves bytes from one TcpHandle to another without entering JavaScript: the loop of pipeTo()
 * between two sockets. Not here: how a pipe begins and ends (ts-api/streams/pipe_to.ts), which is the
 * standard's.
 *
 * While the destination does not take everything, nothing is read. A pipe ends when the source has finished
 * or an end is lost, after what had been read was written; its promise is then fulfilled, whatever the
 * reason, which the owners of the two handles have been told. Spec: Streams, ReadableStreamPipeTo.
 *
 * OWNERSHIP  owner: the two TcpHandles that it joins
 *            kept alive by: both being open
 *            freed when: it ends
 *            after close: its promise is fulfilled
 *            thread: loop */
#include "js_tcp.h"

#include <errno.h>
#include <string.h>

struct js_pipe {
    struct js_tcp *from, *to;
    JSValue resolve;
    uint8_t *rest; /* what the destination did not take, NULL: nothing */
    size_t length, offset;
    bool stopping; /* ends as soon as nothing is left */
};

void js_pipe_mark(JSRuntime *js, struct js_pipe *pipe, JS_MarkFunc *mark_value)
{
    JS_MarkValue(js, pipe->resolve, mark_value);
}

/* Detaches it; the promise is fulfilled by the caller with the result, a function. */
static JSValue detach(struct js_pipe *pipe)
{
    JSContext *ctx = rt_context(pipe->from->net->rt);
    JSValue resolve = pipe->resolve;
    pipe->from->pipe_from = NULL;
    pipe->to->pipe_to = NULL;
    js_free(ctx, pipe->rest);
    js_free(ctx, pipe);
    return resolve;
}

/* From within a call, or before a turn that follows: only queues what waits for the promise. */
void js_pipe_break(struct js_pipe *pipe)
{
    JSContext *ctx = rt_context(pipe->from->net->rt);
    JSValue resolve = detach(pipe);
    JSValueConst arguments[] = {JS_UNDEFINED};
    JS_FreeValue(ctx, JS_Call(ctx, resolve, JS_UNDEFINED, 1, arguments));
    JS_FreeValue(ctx, resolve);
}

/* 1: nothing is left; 0: the destination is full; -1: it is lost and the pipe gone. */
static int write_rest(struct js_pipe *pipe)
{
    struct js_tcp *to = pipe->to;
    if (pipe->rest == NULL) {
        return 1;
    }
    ssize_t count = js_tcp_write(to, pipe->rest + pipe->offset, pipe->length - pipe->offset);
    if (count < 0) {
        js_tcp_lose(to, js_tcp_loss(to, (int)count, "send"));
        return -1;
    }
    pipe->offset += (size_t)count;
    if (pipe->offset < pipe->length) {
        return 0;
    }
    js_free(rt_context(to->net->rt), pipe->rest);
    pipe->rest = NULL;
    return 1;
}

/* The same for bytes that were just read. */
static int write_bytes(struct js_pipe *pipe, const uint8_t *data, size_t length)
{
    struct js_tcp *to = pipe->to;
    ssize_t count = js_tcp_write(to, data, length);
    if (count < 0) {
        js_tcp_lose(to, js_tcp_loss(to, (int)count, "send"));
        return -1;
    }
    if ((size_t)count == length) {
        return 1;
    }
    JSContext *ctx = rt_context(to->net->rt);
    pipe->length = length - (size_t)count;
    pipe->offset = 0;
    pipe->rest = js_malloc(ctx, pipe->length);
    if (pipe->rest == NULL) {
        js_tcp_lose(to, JS_GetException(ctx)); /* a stream with a gap in it is no use to the peer */
        return -1;
    }
    memcpy(pipe->rest, data + count, pipe->length);
    return 0;
}

static void end(struct js_pipe *pipe)
{
    struct rt *rt = pipe->from->net->rt;
    JSValue resolve = detach(pipe);
    JSValueConst arguments[] = {JS_UNDEFINED};
    rt_call(rt, resolve, 1, arguments);
    JS_FreeValue(rt_context(rt), resolve);
}

void js_pipe_run(struct js_pipe *pipe)
{
    struct js_tcp *from = pipe->from;
    uint8_t *scratch = js_net_scratch(from->net);
    int written = write_rest(pipe);

    while (written > 0 && !pipe->stopping) {
        ssize_t count = scratch == NULL ? -ENOMEM : js_tcp_read(from, scratch, JS_NET_SCRATCH);
        if (count == -EAGAIN) {
            return;
        }
        if (count < 0) {
            js_tcp_lose(from, js_tcp_loss(from, (int)count, "recv"));
            return;
        }
        if (count == 0) {
            from->reads_ahead = false;
            js_pipe_break(pipe);
            js_tcp_tell(from, JS_TCP_FINISHED, JS_UNDEFINED);
            return;
        }
        written = write_bytes(pipe, scratch, (size_t)count);
    }
    if (written > 0) {
        end(pipe);
    }
}

/* Natives ----------------------------------------------------------------------------------------- */

JSValue js_tcp_pipe(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *from = js_tcp_any(ctx, self);
    struct js_tcp *to = from != NULL ? js_tcp_any(ctx, argv[0]) : NULL;
    JSValue functions[2];

    (void)argc;
    if (to == NULL) {
        return JS_EXCEPTION;
    }
    if (from->state != JS_TCP_STATE_OPEN || to->state != JS_TCP_STATE_OPEN || from->pipe_from != NULL ||
        to->pipe_to != NULL || js_tcp_has_taker(from) || to->send != NULL || to->io.finished ||
        to->io.error != 0 || from->io.peer_finished || from->io.error != 0 ||
        from->slot_kind == JS_TCP_SLOT_CHUNK) {
        return JS_NULL;
    }
    struct js_pipe *pipe = js_mallocz(ctx, sizeof(*pipe));
    if (pipe == NULL) {
        return JS_EXCEPTION;
    }
    JSValue promise = JS_NewPromiseCapability(ctx, functions);
    if (JS_IsException(promise)) {
        js_free(ctx, pipe);
        return promise;
    }
    JS_FreeValue(ctx, functions[1]);
    *pipe = (struct js_pipe){.from = from, .to = to, .resolve = functions[0]};
    from->pipe_from = pipe;
    to->pipe_to = pipe;
    js_tcp_watch(from);
    return promise;
}

JSValue js_tcp_stop_pipe(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    if (tcp->pipe_from != NULL) {
        tcp->pipe_from->stopping = true;
        if (tcp->pipe_from->rest == NULL) {
            js_pipe_break(tcp->pipe_from);
        }
    }
    return JS_UNDEFINED;
}
