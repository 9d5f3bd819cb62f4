/* js_net.h - what the TCP and resolver natives of one runtime share: the resolver, a receive buffer, reading
 * options, asking permission. Not here: the classes (js_tcp.c, js_listener.c, js_resolver.c). */
#ifndef CLEAT_JS_NET_H
#define CLEAT_JS_NET_H

#include "js_ask.h"
#include "resolver.h"
#include "tls.h"

enum {
    /* Bytes that one read() takes at most: beyond this a system call costs little beside the copy. */
    JS_NET_SCRATCH = 64 << 10,
};

struct js_net {
    struct rt *rt;
    struct io_resolver *resolver; /* NULL until a name is looked up */
    struct rt_resource resource;  /* linked while there is a resolver */
    JSAtom value_atom, done_atom; /* of what take() gives */
    /* {value} and {value, done}, never given out: the engine forgets the shape of objects when the last of
     * them goes, and would make those of take() anew each time. */
    JSValue shape_keepers[2];
    JSValue tcp_listener;           /* hears of the events of all TcpHandles; JS_UNDEFINED: nobody */
    struct io_tls_pool *tls_pool;   /* NULL until there is a TLS connection */
    struct io_tls_trust *tls_trust; /* NULL until somebody is verified with it */
    uint8_t *scratch; /* NULL until something is read; each chunk is then copied at its exact size */
};

/* Makes the struct of this context, if need be. 0, or -1 with an exception. */
int js_net_prepare(JSContext *ctx);
/* After js_net_prepare(): never NULL. */
struct js_net *js_net_of(JSContext *ctx);
/* NULL if memory is out. */
struct io_resolver *js_net_resolver(struct js_net *net);
uint8_t *js_net_scratch(struct js_net *net);
struct io_tls_pool *js_net_tls_pool(struct js_net *net);

/* Parses a host for an operation. 0, or -1: with SecurityError if nothing at all is granted for the operation
 * (an invalid host can't be granted more), else InvalidAccessError. */
int js_net_get_host(JSContext *ctx, JSValueConst value, enum rt_operation operation,
                    struct rt_host *ret_host);
unsigned js_net_zone(const struct rt_host *host);

/* A number cut to a range; may run JavaScript. 0, or -1 with an exception. */
int js_net_to_int(JSContext *ctx, JSValueConst value, int minimum, int maximum, int *ret_value);
/* The same for a field of an options object, which is read once. */
int js_net_get_int(JSContext *ctx, JSValueConst options, const char *name, int minimum, int maximum,
                   int *ret_value);
int js_net_get_bool(JSContext *ctx, JSValueConst options, const char *name, bool *ret_value);

/* An address field of an options object: a string, or null for none. 1: *ret_host is an address; 0: none; -1:
 * an exception, InvalidAccessError for what is no address. */
int js_net_get_address(JSContext *ctx, JSValueConst options, const char *name, struct rt_host *ret_host);

/* Tells a native's callback an event, as one turn. `detail` is freed; an exception value stands for the
 * pending exception (an error that could not be made). */
void js_net_tell(struct rt *rt, JSValueConst callback, int event, JSValue detail);

#endif
