/* js_tcp.h - what the files of the class TcpHandle share: js_tcp.c (life, events, table), js_tcp_read.c,
 * js_tcp_write.c and js_tcp_pipe.c (data), js_tcp_connect.c (options and the way to a connection),
 * js_tcp_tls.c (TLS on it), js_listener.c (accepted connections). */
#ifndef CLEAT_JS_TCP_H
#define CLEAT_JS_TCP_H

#include "js_net.h"
#include "net_provider.h"
#include "tcp.h"
#include "tls.h"

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
    JS_TCP_STATE_HANDSHAKE,  /* of TLS */
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
    bool finishing;    /* TLS: close_notify is under way, FIN follows */
    uint16_t sends;    /* chunks that the kernel took at once while the job of this number ran: */
    uint32_t send_job; /* rt_job_number() */
    struct js_net *net;
    struct rt_resource resource;
    JSValue self, owner; /* self is held from connect() or accept() until the last event */
    JSValue slot;
    struct js_taker *takers;             /* more of them; NULL nearly always */
    struct js_send *send;                /* the chunk that the kernel has not taken whole, NULL: none */
    struct js_pipe *pipe_from, *pipe_to; /* that this connection feeds, or is fed by */
    union {
        struct js_connect *connect; /* while CONNECTING */
        struct io_tls *tls;         /* from then on; NULL: plain */
    };
    union js_tcp_address *local; /* NULL until somebody asks, or the end is near */
    union js_tcp_address peer;   /* kept: the kernel forgets both when the connection is lost */
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

/* The bytes of the connection, whether they travel in TLS or plain. */
static inline ssize_t js_tcp_read(struct js_tcp *tcp, uint8_t *buffer, size_t size)
{
    return tcp->tls != NULL ? io_tls_read(tcp->tls, buffer, size) : io_tcp_read(&tcp->io, buffer, size);
}
static inline ssize_t js_tcp_write(struct js_tcp *tcp, const uint8_t *data, size_t size)
{
    return tcp->tls != NULL ? io_tls_write(tcp->tls, data, size) : io_tcp_write(&tcp->io, data, size);
}
/* From the loop: there may be something to read. */
void js_tcp_on_readable(struct js_tcp *tcp);
/* js_tcp_on_readable() as soon as there is. */
void js_tcp_watch(struct js_tcp *tcp);

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

/* js_tcp_tls.c */
/* What a connection needs to know of TLS before there is one. */
struct js_tls_options {
    struct io_tls_config *config; /* NULL: no TLS */
    struct io_tls_target target;
    int timeout; /* milliseconds for the handshake */
};
/* OPEN becomes HANDSHAKE; JS_TCP_OPEN or JS_TCP_FAILED follows from the loop. 0 or -ENOMEM. */
int js_tls_start(struct js_tcp *tcp, const struct js_tls_options *options);
/* An event of the socket during the handshake. */
void js_tls_advance(struct js_tcp *tcp);
/* close_notify, then FIN (`finish`: io_tcp_shutdown) or the end (io_tcp_close): at once, or when the socket
 * takes it. */
int js_tls_shutdown(struct js_tcp *tcp);
void js_tls_close(struct js_tcp *tcp);
/* The socket is writable; true: that was awaited by one of the two. */
bool js_tls_writable(struct js_tcp *tcp);
/* The connection is gone; facts stay until js_tls_free(). */
void js_tls_end(struct js_tcp *tcp);
void js_tls_free(struct js_tcp *tcp);
/* From the loop, soon: what io_tls_is_pending() stands for. */
void js_tls_wake(struct js_tcp *tcp);
/* The error of a TLS connection that failed, or that can't begin. */
JSValue js_tls_loss(struct js_tcp *tcp, int error);
JSValue js_tcp_start_tls(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_tcp_tls_info(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

/* js_listener.c */
int js_listener_prepare(JSContext *ctx);
JSValue js_create_listener(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

#endif
