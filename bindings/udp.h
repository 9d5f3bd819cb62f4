/* udp.h - one UDP socket on the loop: batched receive with arrival data, send with a choice of interface,
 * groups that survive an interface that goes and returns. Pure C: no engine, no permission checks (js_udp.c).
 * Making the socket: net_provider.h.
 *
 * Pull-based: nothing is read before io_udp_receive(), so that an overloaded socket fills the kernel's buffer
 * and no more; io_udp_want() asks for one event. The socket is never connect()ed: ICMP errors of one peer
 * then can't fail an operation that concerns another. Everything runs on the loop thread. */
#ifndef CLEAT_UDP_H
#define CLEAT_UDP_H

#include "net_provider.h"

#include <net/if.h>
#include <stddef.h>
#include <uv.h>

/* Any address of the two families; a quarter of struct sockaddr_storage. */
union io_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

enum {
    /* Datagrams per recvmmsg() and per sendmmsg(): beyond it a system call costs nothing that counts. The
     * pool has room for the largest in each place, of which only touched pages take memory: 128 KiB for
     * datagrams as networks carry them, 2 MiB at worst. */
    IO_UDP_BATCH = 32,
    IO_UDP_DATAGRAM_MAX = 65536,
    /* Groups per socket. Linux allows 20 for IPv4 (igmp_max_memberships) and some hundred for IPv6. */
    IO_UDP_MEMBERSHIPS_MAX = 256,
};

struct io_udp_message {
    const uint8_t *data; /* in the pool: holds until the next io_udp_receive() on the thread */
    size_t length;
    union io_address remote;
    union io_address
        local; /* the address it was sent to (a group for multicast), port 0; AF_UNSPEC: unknown */
    unsigned interface_index; /* that it arrived on; 0: unknown */
    int hop_limit;            /* TTL or hop limit as it arrived; -1: unknown */
};

struct io_udp_membership {
    union io_address group, source; /* source AF_UNSPEC: any-source */
    unsigned interface_index;       /* 0: chosen by the system */
    char interface_name[IF_NAMESIZE];
};

struct io_udp;
/* One of UV_READABLE, UV_WRITABLE, each once for an io_udp_want(); or 0 with the negative errno that broke
 * the socket. The socket may be closed inside. */
typedef void io_udp_event_callback(struct io_udp *udp, int event, int error);
typedef void io_udp_closed_callback(struct io_udp *udp);

struct io_udp {
    uv_poll_t poll;
    int fd, family;
    struct in_addr bound_ipv4; /* the address it is bound to; INADDR_ANY: none */
    unsigned only_interface;   /* what arrives elsewhere is dropped; 0: no such rule */
    int wanted, watched;       /* events asked for, events that the loop watches */
    int stray_errors;          /* error events in a row without an error to be found */
    uint32_t kernel_dropped;   /* last value of the kernel's counter, which wraps */
    uint64_t dropped;
    struct io_udp_membership *memberships;
    unsigned membership_count;
    io_udp_event_callback *on_event;
    io_udp_closed_callback *on_closed;
};

/* Opens a socket. The memory of `udp` must stay until on_closed of io_udp_close(). 0 or a negative errno
 * (then there is nothing to close). options->remote must be NULL. */
int io_udp_open(struct io_udp *udp, uv_loop_t *loop, int family, const struct io_udp_options *options,
                io_udp_event_callback *on_event);
/* Leaves all groups, frees the port at once; on_closed follows from the loop, no event after this call. */
void io_udp_close(struct io_udp *udp, io_udp_closed_callback *on_closed);

/* At most max (and IO_UDP_BATCH) datagrams, by one recvmmsg(). Returns their number, 0 if none waits. Less
 * than asked for means that there were no more at that moment: the loop tells of later ones. */
unsigned io_udp_receive(struct io_udp *udp, unsigned max, const struct io_udp_message **ret_messages);
/* Asks for one event, UV_READABLE or UV_WRITABLE. 0 or a negative errno. */
int io_udp_want(struct io_udp *udp, int event);

struct io_udp_destination {
    const struct sockaddr *address;
    unsigned interface_index; /* leave by this interface; 0: as the socket and the routing table say */
    bool broadcast;           /* the address may be a broadcast address */
};
/* Sends one datagram. 0, -EAGAIN (buffer full: want UV_WRITABLE), or the error of this datagram. */
int io_udp_send(struct io_udp *udp, const uint8_t *data, size_t length,
                const struct io_udp_destination *destination);

struct io_udp_datagram {
    const uint8_t *data;
    size_t length;
    struct io_udp_destination destination;
    int result; /* set by io_udp_send_batch(): 0, or the negative errno of this datagram */
};
/* Sends datagrams in their order, by as few sendmmsg() as can be. Returns how many are done with, and stops
 * behind the first that fails (its result says how) and before the first for which the socket's buffer has no
 * room (its result is -EAGAIN: want UV_WRITABLE). */
unsigned io_udp_send_batch(struct io_udp *udp, struct io_udp_datagram *datagrams, unsigned count);

/* Joins a group by an interface (0: the system chooses); again is fine. An interface that was removed and
 * came back under its name can be joined again. 0, -EADDRNOTAVAIL/-ENODEV/-ENOBUFS/… */
int io_udp_join(struct io_udp *udp, const struct sockaddr *group, const struct sockaddr *source,
                unsigned interface_index);
/* Leaves what was joined by the interface of that name, or (name NULL) of that index. Works for an interface
 * that is gone. -EADDRNOTAVAIL: not joined. */
int io_udp_leave(struct io_udp *udp, const struct sockaddr *group, const struct sockaddr *source,
                 unsigned interface_index, const char *interface_name);

/* Datagrams that the kernel dropped at this socket so far. */
uint64_t io_udp_dropped(struct io_udp *udp);

/* The local address that the routing table picks for a destination (a connected socket of its own, nothing is
 * sent). local: NULL, or the address to start from. 0, or why the destination can't be reached that way. */
int io_udp_route(const struct sockaddr *remote, const struct sockaddr *local, unsigned interface_index,
                 struct sockaddr_storage *ret_local);

#endif
