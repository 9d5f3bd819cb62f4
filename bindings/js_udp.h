/* js_udp.h - what the files of the class UdpHandle share: js_udp.c (life, groups, table), js_udp_open.c
 * (options and permissions of open()), js_udp_receive.c and js_udp_message.c (datagrams in), js_udp_write.c,
 * js_udp_send.c and js_udp_permit.c (datagrams out). */
#ifndef CLEAT_JS_UDP_H
#define CLEAT_JS_UDP_H

#include "js_ask.h"
#include "js_udp_message.h"

enum {
    /* Datagrams that were received and wait to be read: beyond it the kernel's buffer fills, then the kernel
     * drops, which is counted. Any number of bytes that a device can spare, too: no new batch beyond it. */
    JS_UDP_RECEIVED_MAX = 64,
    JS_UDP_RECEIVED_BYTES_MAX = 256 << 10,
    /* Datagrams that were written and wait for room in the kernel's buffer: beyond it trySend() leaves them
     * to the queue of the stream, and write() rejects with ENOBUFS. */
    JS_UDP_QUEUED_MAX = 1024,
    JS_UDP_QUEUED_BYTES_MAX = 4 << 20,
    /* Times that one socket sends within a turn: an app that awaits write after write gives way to the loop.
     */
    JS_UDP_FLUSHES_MAX = 64,
    /* Destinations that a socket remembers as permitted, so that the next datagram there costs no parsing and
     * no search of rules. */
    JS_UDP_PERMITTED_MAX = 16,
    JS_UDP_HOST_MAX = 48, /* the longest address without a zone, with brackets */
};

/* A destination that was found permitted. What a socket once was permitted it may do until it is denied, like
 * a connection; also a grant "once" is meant for a socket, not for a datagram. */
struct js_udp_permitted {
    char host[JS_UDP_HOST_MAX]; /* as the app wrote it; empty: free */
    JSValue text;               /* the string object that it was last seen as, or undefined */
    int port;
    unsigned interface_index; /* of the message */
    union io_address address; /* with port */
    bool broadcast;
    enum rt_operation operation;
    unsigned epoch; /* of the permissions, when it was last found so */
};

enum js_udp_state { JS_UDP_NEW, JS_UDP_OPEN, JS_UDP_CLOSING, JS_UDP_CLOSED };

struct js_udp_received {
    JSValue message;
    size_t length;
};

/* A promise that take() returned and that nothing has come for. */
struct js_udp_taker {
    struct js_udp_taker *next;
    JSValue settle[2]; /* resolve, reject */
};

/* A UDPMessage as an app passed it, converted: undefined or a string or (interface) a number. */
struct js_udp_outgoing {
    JSValue message; /* what it was made of, where it is put back; else undefined */
    JSValue data, interface, host;
    double port; /* NaN: no valid one; -1: none */
};

/* A datagram on its way out. */
struct js_udp_queued {
    struct js_udp_queued *next;
    JSValue settle[2]; /* of the promise that trySend() or write() returned */
    JSValue done[2];   /* a promise that sending() returned and what resolves it; undefined: nobody asked */
    union io_address address;
    unsigned interface_index;
    bool broadcast;
    size_t length;
    uint8_t data[];
};

struct js_udp {
    struct io_udp io;
    enum js_udp_state state;
    bool failed;
    bool bound_port;          /* the app chose the local port */
    bool broadcast;           /* the app wants to send to broadcast addresses */
    unsigned interface_index; /* of the socket; 0: none */
    struct rt *rt;
    struct rt_resource resource;
    JSValue self; /* held while open: keeps the wrapper */
    JSValue callback;
    struct sockaddr_storage route_local; /* AF_UNSPEC unless only the routing table names a local address */
    struct js_udp_shared *shared;

    /* Received (js_udp_receive.c) */
    struct js_udp_received *received; /* ring of JS_UDP_RECEIVED_MAX messages; NULL: none yet */
    unsigned received_first, received_count;
    size_t received_bytes;
    struct js_udp_taker *takers, **takers_end; /* oldest first */
    bool ahead, no_ahead; /* datagrams are fetched before they are asked for; never again */

    /* Sent (js_udp_send.c) */
    struct js_udp_permitted *permitted; /* JS_UDP_PERMITTED_MAX; NULL: none yet */
    unsigned permitted_next;
    JSValue default_host, default_interface; /* for messages that do not say */
    double default_port;
    struct js_udp_queued *queued, *queued_last; /* oldest first */
    struct js_udp_outgoing *put_back;           /* a message to a name that trySend() has converted */
    unsigned queued_count;
    size_t queued_bytes;
    struct rt_turn_end turn_end;
    unsigned flushes; /* since the loop was here */
    bool sends;       /* startSending() was called */
    bool blocked;     /* the kernel's buffer is full */
    bool draining;    /* event 3 is owed */
};

/* The handle behind `self`; NULL with TypeError. */
struct js_udp *js_udp_get(JSContext *ctx, JSValueConst self);
/* The handle behind `self` if it is open, or if it was never opened; else NULL with InvalidStateError. */
struct js_udp *js_udp_get_open(JSContext *ctx, JSValueConst self);
struct js_udp *js_udp_get_new(JSContext *ctx, JSValueConst self);
/* A host argument that must be an address literal. 0, or -1 with an exception. */
int js_udp_get_address(JSContext *ctx, JSValueConst value, const char *what, struct rt_host *ret_host);
/* Tells the callback an event, as one turn. */
enum { JS_UDP_WRITABLE = 3, JS_UDP_FAILED = 4, JS_UDP_ENDED = 5 };
void js_udp_tell(struct js_udp *udp, int event, JSValueConst detail);
/* The socket is there: pins the wrapper and the loop. */
void js_udp_opened(JSContext *ctx, JSValueConst self, struct js_udp *udp);
io_udp_event_callback js_udp_on_event;
/* The socket is of no use any more. Takes the error; an exception value stands for the pending exception.
 * From an event of the loop, not within a turn. */
void js_udp_lose(struct js_udp *udp, JSValue detail);

/* Permissions (js_udp_permit.c) --------------------------------------------------------------------- */

/* Checks whether the socket may send to a host that is an address, by an interface (0: any); *ret_operation
 * is what it asked for, RT_BROADCAST as far as it was needed to know. false: SecurityError is thrown. */
bool js_udp_may_send(JSContext *ctx, struct js_udp *udp, const struct rt_host *host, int port,
                     unsigned interface_index, enum rt_operation *ret_operation);
/* A destination that the rules for single hosts permit, and of which the kernel says that it may be a
 * broadcast address. 1: it is, and is permitted; 0: it is not; -1: SecurityError. */
int js_udp_may_broadcast(JSContext *ctx, struct js_udp *udp, const struct sockaddr *address,
                         unsigned interface_index);
/* Remembers a destination of this socket; forgets all. Addresses with a zone are not remembered: names of
 * zones move. */
void js_udp_permit(JSContext *ctx, struct js_udp *udp, JSValueConst text, const char *host,
                   const struct js_udp_permitted *permitted);
void js_udp_permit_nothing(JSRuntime *js, struct js_udp *udp);
/* The kernel found that a remembered destination is a broadcast address. */
void js_udp_note_broadcast(struct js_udp *udp, const union io_address *address, unsigned interface_index);
/* The destination behind a host that is given as text, checked: 1; 0: the text is a name; -1: an exception.
 */
int js_udp_resolve(JSContext *ctx, struct js_udp *udp, JSValueConst host, int port, unsigned interface_index,
                   struct js_udp_permitted *ret_destination);

/* Datagrams out ------------------------------------------------------------------------------------- */

JSValue js_udp_open(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_try_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_sends(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_sending(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_start_sending(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_flush(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
/* Queues a datagram that leaves at the end of the turn, at the latest; the promise of its outcome, or an
 * exception. Copies the data. */
JSValue js_udp_queue(JSContext *ctx, struct js_udp *udp, const uint8_t *data, size_t length,
                     const struct js_udp_permitted *destination);
bool js_udp_queue_is_full(const struct js_udp *udp);
/* The kernel has room again: sends, then tells. The socket may be closed inside. */
void js_udp_on_writable(struct js_udp *udp);
/* Sends what can be sent at once and rejects the rest. Runs no JavaScript. */
void js_udp_end_queue(JSContext *ctx, struct js_udp *udp, JSValueConst error);
void js_udp_forget_put_back(JSRuntime *js, struct js_udp *udp);
void js_udp_mark_queue(JSRuntime *js, const struct js_udp *udp, JS_MarkFunc *mark);
/* The error of a failed datagram. */
JSValue js_udp_send_error(JSContext *ctx, int error, const union io_address *address);

/* Datagrams in -------------------------------------------------------------------------------------- */

JSValue js_udp_take(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_end_takes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_waits_for_chunk(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_stop_reading_ahead(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
void js_udp_on_readable(struct js_udp *udp);
/* Settles who waits: with the end, or rejected. May run JavaScript. */
void js_udp_settle_takers(JSContext *ctx, struct js_udp *udp, bool failed, JSValueConst reason);
/* Lets go of messages and of who waits, without a word. */
void js_udp_free_received(JSRuntime *js, struct js_udp *udp);
void js_udp_mark_received(JSRuntime *js, const struct js_udp *udp, JS_MarkFunc *mark);

#endif
