/* js_tcp.h - what the files of the class TcpHandle share: js_tcp.c (life, events, table), js_tcp_read.c,
 * js_tcp_write.c and js_tcp_pipe.c (data), js_tcp_connect.c (options and the way to a connection),
 * js_listener.c (accepted connections). */
#ifndef CLEAT_JS_TCP_H
#define CLEAT_JS_TCP_H

#include "js_net.h"
#include "net_provider.h"
#include "tcp.h"

#include <netinet/in.h>

/* TcpEvent of native.d.ts. */
enum js_tcp_event {
    JS_TCP_OPEN = 1,
    JS_TCP_READABLE = 2, /* of a listener only */
    JS_TCP_FINISHED = 3,
    JS_TCP_FAILED = 4,
    JS_TCP_CLOSED = 5,
};

enum js_tcp_state {
    JS_TCP_STATE_NEW,
    JS_TCP_STATE_CONNECTING, /* resolving included */
    JS_TCP_STATE_OPEN,
    JS_TCP_STATE_CLOSING, /* close() or reset() was called: only the last event is to come */
    JS_TCP_STATE_CLOSED,
};

/* What js_tcp.slot holds. */
enum js_tcp_slot {
    JS_TCP_SLOT_EMPTY,
    JS_TCP_SLOT_CHUNK, /* a chunk that was read ahead of take() */
    JS_TCP_SLOT_TAKER, /* the function that resolves the first take() that waits */
};

struct js_connect;
struct js_taker;
struct js_send;
struct js_pipe;

union js_tcp_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct js_tcp {
    struct io_tcp io;
    uint8_t state; /* enum js_tcp_state */
    uint8_t slot_kind;
    bool reads_ahead;  /* one chunk is read though nobody waits: the high-water mark of a stream */
    uint16_t sends;    /* chunks that the kernel took at once while the job of this number ran: */
    uint32_t send_job; /* rt_job_number() */
    struct js_net *net;
    struct rt_resource resource;
    JSValue self, owner; /* self is held from connect() or accept() until the last event */
    JSValue slot;
    struct js_taker *takers;             /* more of them; NULL nearly always */
    struct js_send *send;                /* the chunk that the kernel has not taken whole, NULL: none */
    struct js_pipe *pipe_from, *pipe_to; /* that this connection feeds, or is fed by */
    struct js_connect *connect;          /* while CONNECTING */
    union js_tcp_address *local;         /* NULL until somebody asks, or the end is near */
    union js_tcp_address peer;           /* kept: the kernel forgets both when the connection is lost */
};

/* The handle behind `self` if it is in this state, else NULL with TypeError or InvalidStateError. */
struct js_tcp *js_tcp_get(JSContext *ctx, JSValueConst self, enum js_tcp_state state);
/* The handle behind `self` whatever its state, or NULL with TypeError. */
struct js_tcp *js_tcp_any(JSContext *ctx, JSValueConst self);
JSValue js_tcp_new(JSContext *ctx);
/* NEW: pins the handle and the loop. */
void js_tcp_hold(JSContext *ctx, JSValueConst self, struct js_tcp *tcp);
/* Takes over a connected descriptor: a held handle is OPEN then. On failure the descriptor stays the
 * caller's. */
int js_tcp_adopt(struct js_tcp *tcp, int fd, const struct sockaddr *peer);
/* Tells the owner, as one turn. `detail` is freed. */
void js_tcp_tell(struct js_tcp *tcp, enum js_tcp_event event, JSValue detail);
/* The last event, unless the loss has been told, and the end of the hold; may free `tcp`. `detail` is freed.
 */
void js_tcp_end(struct js_tcp *tcp, enum js_tcp_event event, JSValue detail);
/* The error for a lost connection. */
JSValue js_tcp_loss(struct js_tcp *tcp, int error, const char *syscall);
/* From the loop: the connection is lost. What waits to be sent is rejected, the owner hears JS_TCP_FAILED,
 * and nothing after it. `error` is freed. */
void js_tcp_lose(struct js_tcp *tcp, JSValue error);

/* js_tcp_read.c */
void js_tcp_readable(struct js_tcp *tcp);
/* Takes the chunk that was read ahead; JS_UNDEFINED: none. */
JSValue js_tcp_unread(struct js_tcp *tcp);
bool js_tcp_has_taker(const struct js_tcp *tcp);
void js_tcp_read_mark(JSRuntime *js, struct js_tcp *tcp, JS_MarkFunc *mark_value);
void js_tcp_read_free(JSRuntime *js, struct js_tcp *tcp);
JSValue js_tcp_take(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_tcp_end_takes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_tcp_stop_reading_ahead(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_tcp_waits_for_chunk(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

/* js_tcp_write.c */
void js_tcp_writable(struct js_tcp *tcp);
/* Rejects the chunk under way; before js_tcp_tell() or from within a call. `error` stays the caller's. */
void js_tcp_reject_send(struct js_tcp *tcp, JSValueConst error);
void js_tcp_write_mark(JSRuntime *js, struct js_tcp *tcp, JS_MarkFunc *mark_value);
void js_tcp_write_free(JSRuntime *js, struct js_tcp *tcp);
JSValue js_tcp_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_tcp_try_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_tcp_sending(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_tcp_sends(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

/* js_tcp_pipe.c */
/* Moves what it can; called when one of its ends is ready. */
void js_pipe_run(struct js_pipe *pipe);
/* One of its ends is gone. */
void js_pipe_break(struct js_pipe *pipe);
void js_pipe_mark(JSRuntime *js, struct js_pipe *pipe, JS_MarkFunc *mark_value);
JSValue js_tcp_pipe(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_tcp_stop_pipe(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

/* js_tcp_connect.c */
JSValue js_tcp_connect(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
/* Gives up an attempt: CONNECTING becomes CLOSING, js_tcp_end() follows. */
void js_connect_abort(struct js_tcp *tcp);
/* A descriptor of the attempt in progress, for its local address; -1: none. */
int js_connect_fd(const struct js_connect *connect);
void js_connect_keepalive(struct js_connect *connect, const struct io_keepalive *keepalive);

/* js_listener.c */
int js_listener_prepare(JSContext *ctx);
JSValue js_create_listener(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

#endif
