/* connector.h - Happy Eyeballs version 2 (RFC 8305, sections 4 and 5): connects to whichever of the addresses
 * of one host answers first, IPv6 and IPv4 taking turns, an attempt every 250 ms or as soon as one failed.
 * Not here: resolving (resolver.h), the permission of each address (the caller has dropped what is not
 * permitted).
 *
 * The outcome always comes from the loop, at most once, never from inside a call. Loop thread only. */
#ifndef CLEAT_IO_CONNECTOR_H
#define CLEAT_IO_CONNECTOR_H

#include "net_provider.h"

#include <stddef.h>
#include <uv.h>

enum {
    /* Section 5: "Connection Attempt Delay", 250 ms recommended. */
    IO_CONNECTOR_DELAY_MS = 250,
    /* More addresses than any real name has; further ones are not tried. Bounds the sockets of one connect.
     */
    IO_CONNECTOR_ADDRESSES_MAX = 32,
};

struct io_connector;
/* status 0: `fd` is connected and the receiver's. Else fd is -1 and status the error of the attempt that
 * failed last. The connector is gone when this is called. */
typedef void io_connector_callback(void *owner, int status, int fd);

/* Starts at once with the first address, so that a descriptor and a local address exist on return. 0 or
 * -ENOMEM; every other failure, even one that is known already, comes by the callback. `options` is copied,
 * options->local with it; addresses of the other family than options->local are passed over. count >= 1. */
int io_connector_start(uv_loop_t *loop, const struct sockaddr_storage *addresses, size_t count,
                       const struct io_tcp_options *options, io_connector_callback *callback, void *owner,
                       struct io_connector **ret_connector);
/* The error that is about to be reported because every address failed at once; 0: still trying, or connected.
 */
int io_connector_error(const struct io_connector *connector);
/* The descriptor of the latest attempt, for its local address; -1: none. It stays the connector's. */
int io_connector_fd(const struct io_connector *connector);
/* Ends all attempts; no callback follows. */
void io_connector_abort(struct io_connector *connector);

#endif
