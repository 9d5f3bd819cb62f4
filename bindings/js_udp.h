/* js_udp.h - what the files of the class UdpHandle share: js_udp.c (life, groups, table), js_udp_open.c
 * (options and permissions of open()), js_udp_send.c, js_udp_receive.c. */
#ifndef CLEAT_JS_UDP_H
#define CLEAT_JS_UDP_H

#include "js_ask.h"
#include "js_interface.h"
#include "udp.h"

/* Destinations that a socket remembers as permitted, so that the next datagram there costs no parsing and no
 * search of rules. What a socket once was permitted it may do for its life, like a connection; also a grant
 * "once" is meant for a socket, not for a datagram. */
enum { JS_UDP_PERMITTED_MAX = 4 };

/* Fields of a received message. */
enum { JS_UDP_FIELDS = 6 };

struct js_udp_permitted {
    char host[RT_ADDRESS_TEXT_MAX]; /* as the app wrote it; empty: free */
    int port;
    unsigned interface_index; /* of the message */
    union io_address address; /* with port */
    bool broadcast;
};

enum js_udp_state { JS_UDP_NEW, JS_UDP_OPEN, JS_UDP_CLOSING, JS_UDP_CLOSED };

/* A text that was made for an address and is likely needed for the next datagram too. */
struct js_udp_text {
    union io_address address;
    JSValue text;
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
    struct js_udp_permitted permitted[JS_UDP_PERMITTED_MAX];
    unsigned permitted_next;
    struct js_udp_text remote_text, local_text;
    char interface_name[IF_NAMESIZE];
    JSValue interface_text;
    JSAtom atoms[JS_UDP_FIELDS]; /* names of the fields; JS_ATOM_NULL until the first message */
};

/* The handle behind `self` if it is open, or if it was never opened; else NULL with InvalidStateError. */
struct js_udp *js_udp_get_open(JSContext *ctx, JSValueConst self);
struct js_udp *js_udp_get_new(JSContext *ctx, JSValueConst self);
/* A host argument that must be an address literal. 0, or -1 with an exception. */
int js_udp_get_address(JSContext *ctx, JSValueConst value, const char *what, struct rt_host *ret_host);
/* Remembers a destination of this socket. Addresses with a zone are not remembered: names of zones move. */
void js_udp_permit(struct js_udp *udp, const char *host, int port, unsigned interface_index,
                   const struct sockaddr *address, bool broadcast);
/* Checks whether the socket may send to a host that is an address, by an interface (0: any); *ret_broadcast
 * tells whether it is a broadcast address, as far as it was needed to know. false: SecurityError is thrown.
 */
bool js_udp_may_send(JSContext *ctx, struct js_udp *udp, const struct rt_host *host, int port,
                     unsigned interface_index, bool *ret_broadcast);

JSValue js_udp_open(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_send(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_send_batch(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue js_udp_receive(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

/* The socket is there: pins the wrapper and the loop. */
void js_udp_opened(JSContext *ctx, JSValueConst self, struct js_udp *udp);
io_udp_event_callback js_udp_on_event;
/* Lets go of cached texts and atoms. */
void js_udp_free_texts(JSRuntime *js, struct js_udp *udp);

#endif
