/* js_resolver.h - what other natives may know of "cleat:native/resolver": the class Destination, an address
 * that a permitted name resolved to, made only by lookup(), and the second permission check. Not here:
 * resolving (resolver.h). */
#ifndef CLEAT_JS_RESOLVER_H
#define CLEAT_JS_RESOLVER_H

#include "../runtime/permission.h"
#include "../runtime/rt.h"

/* The address behind a Destination. 1: it is one, looked up for this operation and for this port (or for any
 * port), and *ret_address (port 0) holds as long as `value`. 0: something else than a Destination, no
 * exception. -1: looked up for another operation or port, or denied since, SecurityError is thrown. Never
 * runs JavaScript. */
int js_destination_address(JSContext *ctx, JSValueConst value, enum rt_operation operation, int port,
                           const struct sockaddr **ret_address);

/* The number of addresses of a name that the grant covers; they are moved to the front, in their order (DNS
 * rebinding: a name that is permitted must not lead where its rule does not). `addresses` are a copy of the
 * caller's. */
size_t js_resolver_permitted(JSContext *ctx, const struct rt_permission_query *query,
                             struct sockaddr_storage *addresses, size_t count);
/* The SecurityError (code "EBLOCKED") for a name none of whose addresses is covered; `blocked` is one of
 * them. */
JSValue js_resolver_blocked_error(JSContext *ctx, const struct rt_permission_query *query,
                                  const struct sockaddr_storage *blocked);
/* The NetworkError for a name that has no address; `status` is of io_lookup_callback. */
JSValue js_resolver_lookup_error(JSContext *ctx, int status, const char *name);
/* What a `family` of 4, 6 or 0 stands for. */
int js_resolver_family(int family);

#endif
