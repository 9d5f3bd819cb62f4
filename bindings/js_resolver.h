/* js_resolver.h - what other natives may know of the class Destination of "cleat:native/resolver": an address that a
 * permitted name resolved to, made only by lookup(). Not here: resolving (resolver.h). */
#ifndef CLEAT_JS_RESOLVER_H
#define CLEAT_JS_RESOLVER_H

#include "../runtime/permission.h"
#include "../runtime/rt.h"

/* The address behind a Destination. 1: it is one, looked up for this operation and for this port (or for any
 * port), and *ret_address (port 0) holds as long as `value`. 0: something else than a Destination, no exception.
 * -1: looked up for another operation or port, SecurityError is thrown. Never runs JavaScript. */
int js_destination_address(JSContext *ctx, JSValueConst value, enum rt_operation operation, int port,
                           const struct sockaddr **ret_address);

#endif
