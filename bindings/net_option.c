/* net_option.c - the part of net_provider.h that concerns a socket that is there already: groups, options,
 * what the kernel says of it, and the forms of an address. Not here: making sockets (net_provider.c). RFC
 * 3678. */
#include "net_provider.h"

#include <errno.h>
#include <string.h>

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

socklen_t io_net_address_length(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

int io_net_address_for(int family, const struct sockaddr *address, unsigned interface_index,
                       struct sockaddr_storage *ret_address)
{
    struct sockaddr_storage copy = {0};
    if (address->sa_family == AF_INET && family == AF_INET6) {
        const struct sockaddr_in *from = (const struct sockaddr_in *)address;
        struct sockaddr_in6 *to = (struct sockaddr_in6 *)&copy;
        to->sin6_family = AF_INET6;
        to->sin6_port = from->sin_port;
        to->sin6_addr.s6_addr[10] = to->sin6_addr.s6_addr[11] = 0xff;
        memcpy(&to->sin6_addr.s6_addr[12], &from->sin_addr, 4);
    } else if (address->sa_family == family && (family == AF_INET || family == AF_INET6)) {
        memcpy(&copy, address, io_net_address_length(address));
        struct sockaddr_in6 *to = (struct sockaddr_in6 *)&copy;
        if (family == AF_INET6 && to->sin6_scope_id == 0 &&
            (IN6_IS_ADDR_LINKLOCAL(&to->sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&to->sin6_addr) ||
             IN6_IS_ADDR_MC_NODELOCAL(&to->sin6_addr))) {
            to->sin6_scope_id = interface_index;
        }
    } else {
        return -EAFNOSUPPORT;
    }
    *ret_address = copy;
    return 0;
}

void io_net_address_unmap(struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *from = (const struct sockaddr_in6 *)address;
    if (address->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&from->sin6_addr)) {
        return;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = from->sin6_port};
    memcpy(&to.sin_addr, &from->sin6_addr.s6_addr[12], 4);
    memset(address, 0, sizeof(*address));
    memcpy(address, &to, sizeof(to));
}

/* Groups ----------------------------------------------------------------------------------------- */

/* The options of RFC 3678 work on both families; those of IPv4 also on a dual-stack AF_INET6 socket. */
static int change_membership(int fd, int option, const struct sockaddr *group, const struct sockaddr *source,
                             unsigned interface_index)
{
    int level = group->sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    int result;
    if (source) {
        struct group_source_req request = {.gsr_interface = interface_index};
        memcpy(&request.gsr_group, group, io_net_address_length(group));
        memcpy(&request.gsr_source, source, io_net_address_length(source));
        result = setsockopt(fd, level, option, &request, sizeof(request));
    } else {
        struct group_req request = {.gr_interface = interface_index};
        memcpy(&request.gr_group, group, io_net_address_length(group));
        result = setsockopt(fd, level, option, &request, sizeof(request));
    }
    return result < 0 ? -errno : 0;
}

int io_net_join(int fd, const struct sockaddr *group, const struct sockaddr *source, unsigned interface_index)
{
    return change_membership(fd, source ? MCAST_JOIN_SOURCE_GROUP : MCAST_JOIN_GROUP, group, source,
                             interface_index);
}

int io_net_leave(int fd, const struct sockaddr *group, const struct sockaddr *source,
                 unsigned interface_index)
{
    return change_membership(fd, source ? MCAST_LEAVE_SOURCE_GROUP : MCAST_LEAVE_GROUP, group, source,
                             interface_index);
}

int io_net_multicast_interface(int fd, int family, unsigned interface_index)
{
    struct ip_mreqn request = {.imr_ifindex = (int)interface_index};
    if (interface_index == IO_NET_LOOPBACK_INDEX) {
        request.imr_address.s_addr = htonl(INADDR_LOOPBACK);
    }
    int error = family == AF_INET6 ? set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface_index) : 0;
    if (!error && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)) < 0) {
        error = errno == EADDRNOTAVAIL ? -ENODEV : -errno;
    }
    return error;
}

int io_net_broadcast(int fd, bool on)
{
    return set_int(fd, SOL_SOCKET, SO_BROADCAST, on);
}

/* What the kernel says ---------------------------------------------------------------------------- */

int io_net_local_address(int fd, struct sockaddr_storage *ret_address)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        return -errno;
    }
    io_net_address_unmap(&address);
    *ret_address = address;
    return 0;
}

int io_net_peer_address(int fd, struct sockaddr_storage *ret_address)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    if (getpeername(fd, (struct sockaddr *)&address, &length) < 0) {
        return -errno;
    }
    io_net_address_unmap(&address);
    *ret_address = address;
    return 0;
}

int io_net_buffer_sizes(int fd, int *ret_send, int *ret_receive)
{
    int send_buffer, receive_buffer;
    socklen_t length = sizeof(int);
    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, &length) < 0) {
        return -errno;
    }
    length = sizeof(int);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, &length) < 0) {
        return -errno;
    }
    *ret_send = send_buffer;
    *ret_receive = receive_buffer;
    return 0;
}
