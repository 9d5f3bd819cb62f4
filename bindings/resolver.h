/* resolver.h - host names to addresses with the system's getaddrinfo(), off the loop thread, with timeout and
 * cancel. Not here: what a host name is (runtime/host.h; names come here in canonical form: lower case, no
 * trailing dot), permissions, caching (the system's business), addresses in place of names.
 *
 * Threads of its own instead of uv_getaddrinfo(): a running getaddrinfo() cannot be stopped, and libuv waits
 * for its threads before a loop or the process may end, which with a dead name server is half a minute. These
 * threads are simply left behind; each ends when the queue is empty, so an idle program has none.
 *
 * "localhost" and names under it are answered here and never leave the host (RFC 6761 section 6.3). */
#ifndef CLEAT_IO_RESOLVER_H
#define CLEAT_IO_RESOLVER_H

#include <netdb.h>
#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

enum {
    IO_LOOKUP_TIMEOUT_MS = 10000,  /* unless told otherwise: two rounds of the usual resolver */
    IO_LOOKUP_ADDRESSES_MAX = 32,  /* of one name; what is further back in a preference order is of no use */
    IO_LOOKUPS_MAX = 1024,         /* unanswered at a time per resolver; more are refused with -ENOBUFS */
    IO_RESOLVER_THREADS_MAX = 4,   /* in the process; further lookups wait in line */
    IO_RESOLVER_STACK = 256 << 10, /* bytes per thread; glibc's resolver takes about a quarter at worst */
};

struct io_resolver; /* one per loop */
struct io_lookup;

/* status 0: count >= 1 addresses with port 0, best first (RFC 6724), valid during the call. Else a negative
 * errno
 * (-ETIMEDOUT) or UV_EAI_*, count 0. Comes once, from the loop; the lookup is gone. */
typedef void io_lookup_callback(void *owner, int status, const struct sockaddr_storage *addresses,
                                size_t count);

int io_resolver_create(uv_loop_t *loop, struct io_resolver **ret_resolver);
/* Lets go of the resolver: it ends when its last lookup has been answered or cancelled and the loop has
 * turned. NULL is fine. Returns NULL. */
struct io_resolver *io_resolver_destroy(struct io_resolver *resolver);

/* family: AF_UNSPEC, AF_INET or AF_INET6. timeout_ms 0: the default. Keeps the loop alive until the answer.
 */
int io_lookup_start(struct io_resolver *resolver, const char *name, int family, unsigned timeout_ms,
                    io_lookup_callback *callback, void *owner, struct io_lookup **ret_lookup);
/* The same for what is an address already: `address` is the answer, after the loop has turned. */
int io_lookup_start_address(struct io_resolver *resolver, const struct sockaddr *address,
                            io_lookup_callback *callback, void *owner, struct io_lookup **ret_lookup);
/* No callback follows. */
void io_lookup_cancel(struct io_lookup *lookup);

/* Where names are looked up; tests put their own in place before the first lookup. It runs on other threads.
 */
extern int (*io_resolver_getaddrinfo)(const char *node, const char *service, const struct addrinfo *hints,
                                      struct addrinfo **ret_list);

#endif
