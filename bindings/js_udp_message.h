/* js_udp_message.h - received datagrams as JavaScript objects, and what the sockets of a runtime share for
 * that. Not here: queues and sockets (js_udp.h). */
#ifndef CLEAT_JS_UDP_MESSAGE_H
#define CLEAT_JS_UDP_MESSAGE_H

#include "js_interface.h"
#include "udp.h"

/* Fields of a message, in the order that a received one has them. */
enum js_udp_field {
    JS_UDP_DATA,
    JS_UDP_REMOTE_ADDRESS,
    JS_UDP_REMOTE_PORT,
    JS_UDP_LOCAL_ADDRESS,
    JS_UDP_INTERFACE,
    JS_UDP_HOP_LIMIT,
    JS_UDP_FIELDS,
};

/* Names of fields and texts of addresses, of all sockets of a runtime (js_udp_message.c). */
struct js_udp_shared;

/* 0, or -1 with an exception. */
int js_udp_shared_prepare(JSContext *ctx);
/* After it: never NULL. */
struct js_udp_shared *js_udp_shared_of(JSContext *ctx);
JSAtom js_udp_atom(const struct js_udp_shared *shared, enum js_udp_field field);
/* A new batch of datagrams is turned into messages: names of interfaces may have moved since the last. */
void js_udp_begin_batch(struct js_udp_shared *shared);
/* Whether a value is the very string that the last message carries as its interface, and which that is: the
 * answer to a datagram mostly names it. */
bool js_udp_is_last_interface(const struct js_udp_shared *shared, JSValueConst value,
                              struct js_interface *ret_interface);
JSValue js_udp_new_message(JSContext *ctx, struct js_udp_shared *shared,
                           const struct io_udp_message *message);
/* {value, done}; takes the value. */
JSValue js_udp_new_result(JSContext *ctx, const struct js_udp_shared *shared, JSValue value, bool done);

#endif
