/* udp_group.c - the groups of a UDP socket (udp.h): which it joined by which interface. The kernel knows
 * interfaces by index only, and an interface that is removed and returns has a new one: the list here leads
 * from the name that the app uses to the index that the kernel remembers. RFC 3678. */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool same_address(const union io_address *a, const union io_address *b)
{
    if (a->any.sa_family != b->any.sa_family) {
        return false;
    }
    switch (a->any.sa_family) {
    case AF_INET:
        return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    case AF_INET6:
        return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
    default:
        return true; /* both none */
    }
}

static union io_address copy_address(const struct sockaddr *address)
{
    union io_address copy = {.any.sa_family = AF_UNSPEC};
    if (address) {
        memcpy(&copy, address, io_net_address_length(address));
    }
    return copy;
}

static bool is_group(const struct sockaddr *address)
{
    switch (address->sa_family) {
    case AF_INET:
        return IN_MULTICAST(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
    case AF_INET6:
        return IN6_IS_ADDR_MULTICAST(&((const struct sockaddr_in6 *)address)->sin6_addr);
    default:
        return false;
    }
}

static struct io_udp_membership *find(struct io_udp *udp, const struct io_udp_membership *like)
{
    for (unsigned i = 0; i < udp->membership_count; i++) {
        struct io_udp_membership *membership = &udp->memberships[i];
        bool same_interface = like->interface_name[0] ? strncmp(membership->interface_name,
                                                                like->interface_name, IF_NAMESIZE) == 0
                                                      : membership->interface_index == like->interface_index;
        if (same_interface && same_address(&membership->group, &like->group) &&
            same_address(&membership->source, &like->source)) {
            return membership;
        }
    }
    return NULL;
}

static const struct sockaddr *source_of(const struct io_udp_membership *membership)
{
    return membership->source.any.sa_family == AF_UNSPEC ? NULL : &membership->source.any;
}

/* Leaves a group that the system chose the interface for: the routing table may name another one by now. */
static int leave_anywhere(int fd, const struct io_udp_membership *membership)
{
    struct if_nameindex *interfaces = if_nameindex();
    int result = -EADDRNOTAVAIL;
    for (struct if_nameindex *at = interfaces; at && at->if_index && result; at++) {
        result = io_net_leave(fd, &membership->group.any, source_of(membership), at->if_index);
    }
    if (interfaces) {
        if_freenameindex(interfaces);
    }
    return result;
}

/* Failure to leave means that the membership is gone, with its interface. */
static void leave_kernel(int fd, const struct io_udp_membership *membership)
{
    int error = io_net_leave(fd, &membership->group.any, source_of(membership), membership->interface_index);
    if (error && membership->interface_index == 0) {
        (void)leave_anywhere(fd, membership);
    } else if (error && source_of(membership)) {
        /* A source can't be left on an interface that is gone, the group can; else it would count against the
         * kernel's limit until the socket closes. */
        (void)io_net_leave(fd, &membership->group.any, NULL, membership->interface_index);
    }
}

static void forget(struct io_udp *udp, struct io_udp_membership *membership)
{
    *membership = udp->memberships[--udp->membership_count];
}

/* Room for one more. */
static int reserve(struct io_udp *udp)
{
    if (udp->membership_count >= IO_UDP_MEMBERSHIPS_MAX) {
        return -ENOBUFS;
    }
    size_t size = (udp->membership_count + 1) * sizeof(*udp->memberships);
    struct io_udp_membership *memberships = realloc(udp->memberships, size);
    if (!memberships) {
        return -ENOMEM;
    }
    udp->memberships = memberships;
    return 0;
}

/* A group with a zone is joined there and nowhere else. */
static int add_zone(const struct sockaddr *group, unsigned *interface_index)
{
    if (group->sa_family == AF_INET6) {
        unsigned zone = ((const struct sockaddr_in6 *)group)->sin6_scope_id;
        if (zone && *interface_index && zone != *interface_index) {
            return -EINVAL;
        }
        *interface_index = zone ? zone : *interface_index;
    }
    return 0;
}

int io_udp_join(struct io_udp *udp, const struct sockaddr *group, const struct sockaddr *source,
                unsigned interface_index)
{
    if (!is_group(group) || (source && source->sa_family != group->sa_family)) {
        return -EINVAL;
    }
    int error = add_zone(group, &interface_index);
    if (error) {
        return error;
    }
    struct io_udp_membership membership = {
        .group = copy_address(group), .source = copy_address(source), .interface_index = interface_index};
    if (interface_index && !if_indextoname(interface_index, membership.interface_name)) {
        return -ENODEV;
    }
    struct io_udp_membership *old = find(udp, &membership);
    if (old && old->interface_index == interface_index) {
        return 0;
    }
    if (old) {
        leave_kernel(udp->fd, old);
        forget(udp, old);
    }
    error = reserve(udp);
    if (!error) {
        error = io_net_join(udp->fd, group, source, interface_index);
    }
    if (!error) {
        udp->memberships[udp->membership_count++] = membership;
    }
    return error;
}

int io_udp_leave(struct io_udp *udp, const struct sockaddr *group, const struct sockaddr *source,
                 unsigned interface_index, const char *interface_name)
{
    int error = add_zone(group, &interface_index);
    if (error) {
        return error;
    }
    struct io_udp_membership like = {
        .group = copy_address(group), .source = copy_address(source), .interface_index = interface_index};
    if (interface_name) {
        strncpy(like.interface_name, interface_name, IF_NAMESIZE - 1);
    }
    struct io_udp_membership *membership = find(udp, &like);
    if (!membership) {
        return -EADDRNOTAVAIL;
    }
    leave_kernel(udp->fd, membership);
    forget(udp, membership);
    return 0;
}
