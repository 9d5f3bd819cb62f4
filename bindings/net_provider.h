/* net_provider.h - the one place where sockets are made: create-and-connect, listen, bind, join. Today it
 * calls the kernel; a broker outside a sandbox can take its place and pass the descriptor in. Pure C: no
 * engine, no loop, no permission checks (they come before, in the js_ files).
 *
 * Every descriptor is CLOEXEC and NONBLOCK. Functions return 0 or a negative errno; on failure no output is
 * touched and no descriptor is left open. */
#ifndef CLEAT_NET_PROVIDER_H
#define CLEAT_NET_PROVIDER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

socklen_t io_net_address_length(const struct sockaddr *address);
/* A copy of an address as a socket of `family` wants it: IPv4 becomes IPv4-mapped for an AF_INET6 socket, a
 * link-local address without zone gets the interface (if not 0) as its zone. -EAFNOSUPPORT: does not fit. */
int io_net_address_for(int family, const struct sockaddr *address, unsigned interface_index,
                       struct sockaddr_storage *ret_address);
/* IPv4-mapped IPv6 becomes IPv4. Every address that this file returns is in that form. */
void io_net_address_unmap(struct sockaddr_storage *address);

/* Keep-alive: off if idle_seconds is 0. probe_seconds between probes, probe_count before giving up (0:
 * system). */
struct io_keepalive {
    unsigned idle_seconds, probe_seconds, probe_count;
};

struct io_tcp_options {
    const struct sockaddr *local; /* bind to this address and port first; NULL: the system chooses */
    unsigned interface_index; /* only this interface, and scope of link-local addresses without one; 0: any */
    bool address_reuse, no_delay;
    int send_buffer, receive_buffer; /* bytes, 0: system default */
    struct io_keepalive keepalive;
};

/* Starts a connection. 0: established or in progress (wait for writable, then io_net_connect_result). */
int io_net_connect(const struct sockaddr *remote, const struct io_tcp_options *options, int *ret_fd);
int io_net_connect_result(int fd); /* 0 or the negative errno of the attempt (SO_ERROR) */
/* Changes keep-alive of a connection. */
int io_net_keepalive(int fd, const struct io_keepalive *keepalive);

struct io_listen_options {
    bool address_reuse, ipv6_only;
    bool no_delay; /* of accepted connections */
    int backlog;   /* 0: SOMAXCONN */
    int send_buffer, receive_buffer;
};
int io_net_listen(const struct sockaddr *local, const struct io_listen_options *options, int *ret_fd);
/* Accepts one connection: 0, -EAGAIN, or the error. Errors that concern only that one connection
 * (ECONNABORTED, EPROTO, network errors, EINTR) are retried inside, at most 64 times, then -EAGAIN. */
int io_net_accept(int listen_fd, int *ret_fd, struct sockaddr_storage *ret_peer);

struct io_udp_options {
    const struct sockaddr *local; /* NULL: not bound to an address or port */
    const struct sockaddr
        *remote;              /* connect() to it; NULL: not connected. ICMP errors do not end the socket. */
    unsigned interface_index; /* sends and receives by this interface only; 0: any */
    bool address_reuse;       /* SO_REUSEADDR; ignored for a port that the system chooses */
    bool address_sharing;     /* also SO_REUSEPORT */
    bool ipv6_only;
    bool loopback; /* IP_MULTICAST_LOOP and IPV6_MULTICAST_LOOP */
    int send_buffer, receive_buffer;
    int hops;           /* unicast TTL / hop limit, 0: system default */
    int multicast_hops; /* 0: 1, the default of both families */
};
/* A UDP socket of the family; sets IP_MULTICAST_ALL=0, PKTINFO, RECVTTL and RXQ_OVFL on it. AF_INET6 without
 * ipv6_only is dual-stack. */
int io_net_udp(int family, const struct io_udp_options *options, int *ret_fd);

/* Group membership: source NULL for any-source. interface_index 0: the system chooses. */
int io_net_join(int fd, const struct sockaddr *group, const struct sockaddr *source,
                unsigned interface_index);
int io_net_leave(int fd, const struct sockaddr *group, const struct sockaddr *source,
                 unsigned interface_index);
/* The loopback interface is the first of every namespace (Linux: LOOPBACK_IFINDEX). For multicast that leaves
 * by it the kernel finds no source address of the right scope and would send from 0.0.0.0: we name 127.0.0.1.
 */
enum { IO_NET_LOOPBACK_INDEX = 1 };
/* Default outgoing interface of multicast; family is the socket's (AF_INET6: both families). */
int io_net_multicast_interface(int fd, int family, unsigned interface_index);
int io_net_broadcast(int fd, bool on);

int io_net_local_address(int fd, struct sockaddr_storage *ret_address);
int io_net_peer_address(int fd, struct sockaddr_storage *ret_address);
/* What the kernel granted, in bytes, as getsockopt reports it. */
int io_net_buffer_sizes(int fd, int *ret_send, int *ret_receive);

#endif
