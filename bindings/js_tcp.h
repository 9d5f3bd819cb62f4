/* js_tcp.h - what the files of the class TcpHandle share: js_tcp.c (life, events, table), js_tcp_connect.c
 * (options and the way to a connection), js_listener.c (accepted connections). */
#ifndef CLEAT_JS_TCP_H
#define CLEAT_JS_TCP_H

#include "js_net.h"
#include "net_provider.h"
#include "tcp.h"

#include <netinet/in.h>

/* TcpEvent of native.d.ts. */
enum js_tcp_event {
    JS_TCP_OPEN = 1,
    JS_TCP_READABLE = 2,
    JS_TCP_WRITABLE = 3,
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

struct js_connect;

struct js_tcp {
    struct io_tcp io;
    uint8_t state; /* enum js_tcp_state */
    struct js_net *net;
    struct rt_resource resource;
    JSValue self, callback;     /* self is held from connect() or accept() until the last event */
    struct js_connect *connect; /* while CONNECTING */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer; /* kept: the kernel forgets it when the connection is lost */
};

/* The handle behind `self` if it is in this state, else NULL with TypeError or InvalidStateError. */
struct js_tcp *js_tcp_get(JSContext *ctx, JSValueConst self, enum js_tcp_state state);
/* A handle that reports to `callback` (a function, else TypeError). */
JSValue js_tcp_new(JSContext *ctx, JSValueConst callback);
/* NEW: pins the handle and the loop. */
void js_tcp_hold(JSContext *ctx, JSValueConst self, struct js_tcp *tcp);
/* Takes over a connected descriptor: a held handle is OPEN then. On failure the descriptor stays the
 * caller's. */
int js_tcp_adopt(struct js_tcp *tcp, int fd, const struct sockaddr *peer);
/* The last event, and the end of the hold; may free `tcp`. `detail` is freed. */
void js_tcp_end(struct js_tcp *tcp, enum js_tcp_event event, JSValue detail);

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
