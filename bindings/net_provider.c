/* net_provider.c - where sockets are made and their options set, by kernel calls. Not here: waiting, reading
 * and writing (tcp.c, udp.c), permission checks (js_ files). RFC 3493, RFC 3542, RFC 3678, ip(7), ipv6(7). */
#include "net_provider.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* In the kernel since 4.20, 5.1 and 4.2; older C libraries lack the names. */
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#ifndef IP_UNICAST_IF
#define IP_UNICAST_IF 50
#endif
#ifndef IPV6_UNICAST_IF
#define IPV6_UNICAST_IF 76
#endif
#ifndef IP_MULTICAST_ALL
#define IP_MULTICAST_ALL 49
#endif

enum {
    /* A peer that connects and resets all the time must not hold the loop in accept(). */
    ACCEPT_RETRIES_MAX = 64,
};

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int close_with(int fd, int error)
{
    close(fd);
    return error;
}

static int make_socket(int family, int type, int *ret_fd)
{
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    *ret_fd = fd;
    return 0;
}

/* The kernel clamps a size to its limits without an error: io_net_buffer_sizes() tells what was granted. */
static int set_buffers(int fd, int send_buffer, int receive_buffer)
{
    int error = 0;
    if (send_buffer > 0) {
        error = set_int(fd, SOL_SOCKET, SO_SNDBUF, send_buffer);
    }
    if (!error && receive_buffer > 0) {
        error = set_int(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
    }
    return error;
}

int io_net_keepalive(int fd, const struct io_keepalive *keepalive)
{
    if (keepalive->idle_seconds == 0) {
        return set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 0);
    }
    int error = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (!error) {
        error = set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)keepalive->idle_seconds);
    }
    if (!error && keepalive->probe_seconds) {
        error = set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, (int)keepalive->probe_seconds);
    }
    if (!error && keepalive->probe_count) {
        error = set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, (int)keepalive->probe_count);
    }
    return error;
}

/* Ties the socket to one interface both ways. No privilege needed since Linux 5.7; before, SO_BINDTODEVICE
 * is tried for processes that have CAP_NET_RAW. */
static int bind_interface(int fd, unsigned interface_index)
{
    int error = set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)interface_index);
    if (!error || error == -ENODEV) {
        return error;
    }
    char name[IF_NAMESIZE];
    if (!if_indextoname(interface_index, name)) {
        return -ENODEV;
    }
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0 ? -errno : 0;
}

static int bind_address(int fd, int family, const struct sockaddr *local, unsigned interface_index)
{
    struct sockaddr_storage address = {0};
    int error = io_net_address_for(family, local, interface_index, &address);
    if (error) {
        return error;
    }
    socklen_t length = io_net_address_length((struct sockaddr *)&address);
    return bind(fd, (struct sockaddr *)&address, length) < 0 ? -errno : 0;
}

static in_port_t port_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                          : ((const struct sockaddr_in *)address)->sin_port;
}

/* TCP -------------------------------------------------------------------------------------------- */

static int prepare_tcp(int fd, int family, const struct io_tcp_options *options)
{
    /* Buffer sizes first: the window scale is fixed when the connection starts. */
    int error = set_buffers(fd, options->send_buffer, options->receive_buffer);
    if (!error && options->address_reuse) {
        error = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    }
    if (!error && options->no_delay) {
        error = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    }
    if (!error && options->keepalive.idle_seconds) {
        error = io_net_keepalive(fd, &options->keepalive);
    }
    if (!error && options->interface_index) {
        error = bind_interface(fd, options->interface_index);
    }
    if (!error && options->local) {
        if (port_of(options->local) == 0) {
            /* The port is then chosen with the peer known, so that one local port serves many peers. */
            (void)set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        }
        error = bind_address(fd, family, options->local, options->interface_index);
    }
    return error;
}

int io_net_connect(const struct sockaddr *remote, const struct io_tcp_options *options, int *ret_fd)
{
    int family = remote->sa_family;
    struct sockaddr_storage address = {0};
    int error = io_net_address_for(family, remote, options->interface_index, &address);
    if (error) {
        return error;
    }
    int fd = -1;
    error = make_socket(family, SOCK_STREAM, &fd);
    if (error) {
        return error;
    }
    error = prepare_tcp(fd, family, options);
    if (error) {
        return close_with(fd, error);
    }
    socklen_t length = io_net_address_length(remote);
    /* An interrupted connect() goes on in the background like one in progress. */
    if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS && errno != EINTR) {
        return close_with(fd, -errno);
    }
    *ret_fd = fd;
    return 0;
}

int io_net_connect_result(int fd)
{
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) {
        return -errno;
    }
    return -error;
}

int io_net_listen(const struct sockaddr *local, const struct io_listen_options *options, int *ret_fd)
{
    int fd = -1;
    int error = make_socket(local->sa_family, SOCK_STREAM, &fd);
    if (error) {
        return error;
    }
    /* Accepted sockets inherit the sizes and TCP_NODELAY. */
    error = set_buffers(fd, options->send_buffer, options->receive_buffer);
    if (!error && options->no_delay) {
        error = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    }
    if (!error && options->address_reuse) {
        error = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    }
    if (!error && local->sa_family == AF_INET6) {
        error = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->ipv6_only);
    }
    if (!error) {
        error = bind_address(fd, local->sa_family, local, 0);
    }
    if (!error && listen(fd, options->backlog > 0 ? options->backlog : SOMAXCONN) < 0) {
        error = -errno;
    }
    if (error) {
        return close_with(fd, error);
    }
    *ret_fd = fd;
    return 0;
}

/* Whether an accept() failed because of that one connection: Linux passes on what was pending on it. */
static bool is_connection_error(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM: /* a firewall rule refused it */
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

int io_net_accept(int listen_fd, int *ret_fd, struct sockaddr_storage *ret_peer)
{
    for (int i = 0; i < ACCEPT_RETRIES_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t length = sizeof(peer);
        int fd = accept4(listen_fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            io_net_address_unmap(&peer);
            *ret_fd = fd;
            *ret_peer = peer;
            return 0;
        }
        if (!is_connection_error(errno)) {
            return -errno;
        }
    }
    return -EAGAIN; /* the listener is still readable if more wait: other work comes first */
}

/* UDP -------------------------------------------------------------------------------------------- */

static int set_udp_ipv4(int fd, const struct io_udp_options *options)
{
    int error = set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
    if (!error) {
        error = set_int(fd, IPPROTO_IP, IP_RECVTTL, 1);
    }
    if (!error) {
        error = set_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP, options->loopback);
    }
    if (!error && options->hops) {
        error = set_int(fd, IPPROTO_IP, IP_TTL, options->hops);
    }
    if (!error && options->multicast_hops) {
        error = set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, options->multicast_hops);
    }
    if (!error) {
        error = set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
        if (error == -ENOPROTOOPT) {
            error = 0; /* every kernel since 2.6.31 knows it; qemu-user, which the tests of other processors
                          use, does not */
        }
    }
    return error;
}

static int set_udp_ipv6(int fd, const struct io_udp_options *options)
{
    int error = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->ipv6_only);
    if (!error) {
        error = set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    }
    if (!error) {
        error = set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    }
    if (!error) {
        error = set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, options->loopback);
    }
    if (!error && options->hops) {
        error = set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, options->hops);
    }
    if (!error && options->multicast_hops) {
        error = set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, options->multicast_hops);
    }
    /* Kernels before 4.20 cannot do it; nothing else is lost there. */
    (void)set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    return error;
}

static int set_udp_reuse(int fd, const struct io_udp_options *options)
{
    /* Not for a port that the system chooses: among reusing sockets it may hand out one that is in use,
     * and unicast datagrams would then reach the wrong socket. */
    if (!options->local || port_of(options->local) == 0 ||
        (!options->address_reuse && !options->address_sharing)) {
        return 0;
    }
    int error = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!error && options->address_sharing) {
        error = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    return error;
}

/* One interface for a UDP socket. Where the kernel refuses to tie the socket to it, at least what is sent
 * leaves by it; udp.c drops what arrives elsewhere. */
static int set_udp_interface(int fd, int family, unsigned interface_index)
{
    int error = io_net_multicast_interface(fd, family, interface_index);
    if (error) {
        return error;
    }
    error = bind_interface(fd, interface_index);
    if (error != -EPERM) {
        return error;
    }
    int index = (int)htonl(interface_index); /* network order, unlike every other option of its kind */
    if (family == AF_INET6) {
        (void)set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, index);
    }
    (void)set_int(fd, IPPROTO_IP, IP_UNICAST_IF, index);
    return 0;
}

static int prepare_udp(int fd, int family, const struct io_udp_options *options)
{
    int error = set_buffers(fd, options->send_buffer, options->receive_buffer);
    if (!error) {
        error = set_udp_reuse(fd, options);
    }
    /* Counting what was dropped is a help, not a need: emulators (qemu-user) know no such option. */
    (void)set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    if (!error && family == AF_INET6) {
        error = set_udp_ipv6(fd, options);
    }
    if (!error && (family == AF_INET || !options->ipv6_only)) {
        error = set_udp_ipv4(fd, options);
    }
    if (!error && options->interface_index) {
        error = set_udp_interface(fd, family, options->interface_index);
    }
    if (!error && options->local) {
        error = bind_address(fd, family, options->local, options->interface_index);
    }
    if (!error && options->remote) {
        struct sockaddr_storage remote = {0};
        error = io_net_address_for(family, options->remote, options->interface_index, &remote);
        socklen_t length = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        if (!error && connect(fd, (struct sockaddr *)&remote, length) < 0) {
            error = -errno;
        }
    }
    return error;
}

int io_net_udp(int family, const struct io_udp_options *options, int *ret_fd)
{
    int fd = -1;
    int error = make_socket(family, SOCK_DGRAM, &fd);
    if (error) {
        return error;
    }
    error = prepare_udp(fd, family, options);
    if (error) {
        return close_with(fd, error);
    }
    *ret_fd = fd;
    return 0;
}
