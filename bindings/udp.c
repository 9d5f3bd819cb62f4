/* udp.c - life, receiving and sending of a UDP socket (udp.h). Not here: groups (udp_group.c), making the
 * socket (net_provider.c). RFC 3542 (IPV6_PKTINFO, IPV6_HOPLIMIT), ip(7), recvmmsg(2), sendmmsg(2). */
#include "udp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SO_MEMINFO
#define SO_MEMINFO 55 /* Linux 4.12 */
#endif

enum {
    /* Room for every control message that net_provider.c asks for: both packet infos, both hop limits, the
     * overflow counter; with alignment, on every architecture. */
    CONTROL_MAX = 256,
    /* Batches read in one call when all of what arrived is to be dropped: the loop is not held longer. */
    FILTER_ROUNDS_MAX = 4,
    /* Errors pending on a socket that one receive skips, and error events in a row without a cause before the
     * socket counts as broken. */
    PENDING_ERRORS_MAX = 8,
    MEMINFO_COUNT = 16,
    MEMINFO_DROPS = 8, /* SK_MEMINFO_DROPS of linux/sock_diag.h */
};

/* The receive buffers, one set per thread: datagrams are copied out before the next receive. Made with the
 * first socket, freed with the last. The headers are ready to be filled; those that were filled are made
 * ready again. */
struct pool {
    struct mmsghdr headers[IO_UDP_BATCH];
    struct iovec vectors[IO_UDP_BATCH];
    union io_address names[IO_UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t controls[IO_UDP_BATCH][CONTROL_MAX];
    struct io_udp_message messages[IO_UDP_BATCH];
    uint8_t buffers[IO_UDP_BATCH][IO_UDP_DATAGRAM_MAX];
};
static _Thread_local struct pool *pool;
static _Thread_local unsigned pool_users;

static void ready_header(struct mmsghdr *header)
{
    header->msg_hdr.msg_namelen = sizeof(pool->names[0]);
    header->msg_hdr.msg_controllen = CONTROL_MAX;
    header->msg_hdr.msg_flags = 0;
}

static void ready_pool(void)
{
    for (unsigned i = 0; i < IO_UDP_BATCH; i++) {
        pool->vectors[i] = (struct iovec){pool->buffers[i], IO_UDP_DATAGRAM_MAX};
        pool->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &pool->names[i],
            .msg_iov = &pool->vectors[i],
            .msg_iovlen = 1,
            .msg_control = pool->controls[i],
        };
        ready_header(&pool->headers[i]);
    }
}

static int pool_use(void)
{
    if (!pool) {
        /* Not calloc(): clearing would touch every page. */
        pool = malloc(sizeof(*pool));
        if (!pool) {
            return -ENOMEM;
        }
        ready_pool();
    }
    pool_users++;
    return 0;
}

static void pool_leave(void)
{
    if (--pool_users == 0) {
        free(pool);
        pool = NULL;
    }
}

/* Life ------------------------------------------------------------------------------------------- */

int io_udp_open(struct io_udp *udp, uv_loop_t *loop, int family, const struct io_udp_options *options,
                io_udp_event_callback *on_event)
{
    assert(!options->remote);
    int error = pool_use();
    if (error) {
        return error;
    }
    int fd = -1;
    error = io_net_udp(family, options, &fd);
    if (error) {
        pool_leave();
        return error;
    }
    memset(udp, 0, sizeof(*udp));
    error = uv_poll_init(loop, &udp->poll, fd);
    if (error) {
        close(fd);
        pool_leave();
        return error;
    }
    udp->fd = fd;
    udp->family = family;
    struct sockaddr_storage local;
    if (io_net_local_address(fd, &local) == 0 && local.ss_family == AF_INET) {
        udp->bound_ipv4 = ((struct sockaddr_in *)&local)->sin_addr;
    }
    udp->only_interface = options->interface_index;
    udp->on_event = on_event;
    return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct io_udp *udp = (struct io_udp *)handle;
    udp->on_closed(udp);
}

void io_udp_close(struct io_udp *udp, io_udp_closed_callback *on_closed)
{
    assert(udp->fd >= 0);
    udp->on_closed = on_closed;
    uv_close((uv_handle_t *)&udp->poll, on_poll_closed);
    close(udp->fd);
    udp->fd = -1;
    free(udp->memberships);
    udp->memberships = NULL;
    udp->membership_count = 0;
    pool_leave();
}

/* Events ----------------------------------------------------------------------------------------- */

static void on_poll(uv_poll_t *poll, int status, int events);

/* Lets the loop watch exactly what is wanted. */
static int watch_wanted(struct io_udp *udp)
{
    udp->watched = udp->wanted;
    return uv_poll_start(&udp->poll, udp->wanted, on_poll);
}

int io_udp_want(struct io_udp *udp, int event)
{
    udp->wanted |= event;
    return (udp->watched & event) ? 0 : watch_wanted(udp);
}

/* The loop reports an error event as EBADF and stops watching. On a socket that is not connected it comes
 * from outside (somebody destroyed the socket by netlink, `ss -K`); reading the error clears it. */
static void on_poll_error(struct io_udp *udp, int status)
{
    udp->watched = 0;
    int error = io_net_connect_result(udp->fd);
    udp->stray_errors = error ? 0 : udp->stray_errors + 1;
    if (udp->stray_errors < PENDING_ERRORS_MAX) {
        error = watch_wanted(udp);
        if (!error) {
            return;
        }
    }
    udp->on_event(udp, 0, error ? error : status);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct io_udp *udp = (struct io_udp *)poll;
    if (status < 0) {
        on_poll_error(udp, status);
        return;
    }
    udp->stray_errors = 0;
    /* A watch is kept past its event, since the next want usually comes within the turn: only an event that
     * finds nobody waiting ends it. Saves two epoll_ctl() for each datagram. */
    if (events & ~udp->wanted) {
        watch_wanted(udp);
    }
    events &= udp->wanted;
    udp->wanted &= ~events;
    if (events & UV_READABLE) {
        udp->on_event(udp, UV_READABLE, 0);
    }
    if ((events & UV_WRITABLE) && udp->fd >= 0) {
        udp->on_event(udp, UV_WRITABLE, 0);
    }
}

/* Receiving -------------------------------------------------------------------------------------- */

static void count_dropped(struct io_udp *udp, uint32_t counter)
{
    /* Two sources tell the same counter; an older value than the last is no news. */
    uint32_t news = counter - udp->kernel_dropped;
    if (news < UINT32_MAX / 2) {
        udp->dropped += news;
        udp->kernel_dropped = counter;
    }
}

uint64_t io_udp_dropped(struct io_udp *udp)
{
    /* SO_RXQ_OVFL tells as of a datagram that was received; this one as of now, where the kernel has it. */
    uint32_t info[MEMINFO_COUNT];
    socklen_t length = sizeof(info);
    if (udp->fd >= 0 && getsockopt(udp->fd, SOL_SOCKET, SO_MEMINFO, info, &length) == 0 &&
        length > MEMINFO_DROPS * sizeof(info[0])) {
        count_dropped(udp, info[MEMINFO_DROPS]);
    }
    return udp->dropped;
}

static void set_local_ipv6(struct io_udp_message *message, const struct in6_pktinfo *info)
{
    message->interface_index = info->ipi6_ifindex;
    if (IN6_IS_ADDR_V4MAPPED(&info->ipi6_addr)) {
        message->local.in.sin_family = AF_INET;
        memcpy(&message->local.in.sin_addr, &info->ipi6_addr.s6_addr[12], 4);
        return;
    }
    message->local.in6.sin6_family = AF_INET6;
    message->local.in6.sin6_addr = info->ipi6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&info->ipi6_addr)) {
        message->local.in6.sin6_scope_id = info->ipi6_ifindex;
    }
}

/* The macro of musl mixes signs. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static struct cmsghdr *next_control(struct msghdr *header, struct cmsghdr *control)
{
    return CMSG_NXTHDR(header, control);
}
#pragma GCC diagnostic pop

static void parse_control(struct io_udp *udp, struct msghdr *header, struct io_udp_message *message)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = next_control(header, control)) {
        const void *data = CMSG_DATA(control);
        int level = control->cmsg_level, type = control->cmsg_type;
        if (level == SOL_SOCKET && type == SO_RXQ_OVFL) {
            uint32_t counter;
            memcpy(&counter, data, sizeof(counter));
            count_dropped(udp, counter);
        } else if (level == IPPROTO_IP && type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, data, sizeof(info));
            message->interface_index = (unsigned)info.ipi_ifindex;
            message->local.in.sin_family = AF_INET;
            message->local.in.sin_addr = info.ipi_addr;
        } else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, data, sizeof(info));
            set_local_ipv6(message, &info);
        } else if ((level == IPPROTO_IP && type == IP_TTL) ||
                   (level == IPPROTO_IPV6 && type == IPV6_HOPLIMIT)) {
            memcpy(&message->hop_limit, data, sizeof(message->hop_limit));
        }
    }
}

static void unmap(union io_address *address)
{
    if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr)) {
        return;
    }
    struct sockaddr_storage storage = {0};
    memcpy(&storage, address, sizeof(*address));
    io_net_address_unmap(&storage);
    memcpy(address, &storage, sizeof(*address));
}

/* Skips errors that are pending on the socket: they belong to datagrams sent earlier. */
static unsigned receive_batch(int fd, unsigned max)
{
    for (int i = 0; i < PENDING_ERRORS_MAX; i++) {
        int count = recvmmsg(fd, pool->headers, max, 0, NULL);
        if (count >= 0) {
            return (unsigned)count;
        }
        if (errno == EAGAIN) {
            break;
        }
    }
    return 0;
}

unsigned io_udp_receive(struct io_udp *udp, unsigned max, const struct io_udp_message **ret_messages)
{
    if (max > IO_UDP_BATCH) {
        max = IO_UDP_BATCH;
    }
    unsigned kept = 0;
    for (int round = 0; round < FILTER_ROUNDS_MAX && kept == 0 && max > 0; round++) {
        unsigned count = receive_batch(udp->fd, max);
        for (unsigned i = 0; i < count; i++) {
            struct io_udp_message *message = &pool->messages[kept];
            *message = (struct io_udp_message){
                .data = pool->buffers[i],
                .length = pool->headers[i].msg_len,
                .remote = pool->names[i],
                .hop_limit = -1,
            };
            if (pool->headers[i].msg_hdr.msg_namelen == 0) {
                message->remote.any.sa_family = AF_UNSPEC;
            }
            parse_control(udp, &pool->headers[i].msg_hdr, message);
            ready_header(&pool->headers[i]);
            unmap(&message->remote);
            kept += udp->only_interface == 0 || message->interface_index == udp->only_interface;
        }
        if (count == 0) {
            break;
        }
    }
    *ret_messages = pool->messages;
    return kept;
}

/* Sending ---------------------------------------------------------------------------------------- */

struct send_target {
    union io_address address;
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static size_t put_control(uint8_t *buffer, int level, int type, const void *data, size_t length)
{
    struct cmsghdr *control = (struct cmsghdr *)buffer;
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = (socklen_t)CMSG_LEN(length);
    memcpy(CMSG_DATA(control), data, length);
    return CMSG_SPACE(length);
}

/* Fills in a header without data. The interface goes by the family of the destination: an IPv4 destination of
 * a dual-stack socket takes the IPv4 message. */
static int prepare_send(const struct io_udp *udp, const struct io_udp_destination *destination,
                        struct send_target *target, struct msghdr *ret_header)
{
    unsigned interface_index = destination->interface_index;
    struct sockaddr_storage address;
    int error = io_net_address_for(udp->family, destination->address,
                                   interface_index ? interface_index : udp->only_interface, &address);
    if (error) {
        return error;
    }
    struct msghdr header = {
        .msg_name = &target->address,
        .msg_namelen = io_net_address_length((struct sockaddr *)&address),
    };
    memcpy(&target->address, &address, sizeof(target->address));
    if (interface_index) {
        memset(target->control, 0, sizeof(target->control));
        header.msg_control = target->control;
        if (destination->address->sa_family == AF_INET) {
            /* The source goes with it: left out, the message would not have the address that the socket is
             * bound to. */
            struct in_pktinfo info = {.ipi_ifindex = (int)interface_index, .ipi_spec_dst = udp->bound_ipv4};
            if (interface_index == IO_NET_LOOPBACK_INDEX && info.ipi_spec_dst.s_addr == htonl(INADDR_ANY)) {
                info.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK);
            }
            header.msg_controllen =
                (socklen_t)put_control(target->control, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
        } else {
            struct in6_pktinfo info = {.ipi6_ifindex = interface_index};
            header.msg_controllen =
                (socklen_t)put_control(target->control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
        }
    }
    *ret_header = header;
    return 0;
}

/* Broadcasting is permitted for the one call only, so that the kernel goes on telling which destinations are
 * broadcast addresses (-EACCES). */
static int send_prepared(int fd, struct mmsghdr *headers, unsigned count, bool broadcast)
{
    int error = broadcast ? io_net_broadcast(fd, true) : 0;
    if (error) {
        return error;
    }
    int sent;
    unsigned tries = 0;
    do {
        sent = sendmmsg(fd, headers, count, MSG_NOSIGNAL);
        /* ECONNREFUSED and ECONNABORTED are never of the datagram at hand. */
    } while (sent < 0 && (errno == EINTR || errno == ECONNREFUSED || errno == ECONNABORTED) &&
             ++tries < PENDING_ERRORS_MAX);
    int result = sent < 0 ? -errno : sent;
    if (broadcast) {
        (void)io_net_broadcast(fd, false);
    }
    return result;
}

int io_udp_send(struct io_udp *udp, const uint8_t *data, size_t length,
                const struct io_udp_destination *destination)
{
    struct io_udp_datagram datagram = {data, length, *destination, 0};
    return io_udp_send_batch(udp, &datagram, 1) == 0 ? -EAGAIN : datagram.result;
}

/* Datagrams as sendmmsg() takes them in one call: for as long as they can be addressed at all and agree about
 * broadcasting. */
struct send_run {
    struct mmsghdr headers[IO_UDP_BATCH];
    struct iovec vectors[IO_UDP_BATCH];
    struct send_target targets[IO_UDP_BATCH];
};

/* Returns how many were taken in; 0: the first can't be sent, its result is set. */
static unsigned prepare_run(const struct io_udp *udp, struct io_udp_datagram *datagrams, unsigned count,
                            struct send_run *run)
{
    unsigned taken = 0;
    for (; taken < count && taken < IO_UDP_BATCH; taken++) {
        struct io_udp_datagram *datagram = &datagrams[taken];
        struct msghdr *header = &run->headers[taken].msg_hdr;
        if (datagram->destination.broadcast != datagrams[0].destination.broadcast) {
            break;
        }
        datagram->result = prepare_send(udp, &datagram->destination, &run->targets[taken], header);
        if (datagram->result) {
            break;
        }
        run->vectors[taken] = (struct iovec){(void *)(uintptr_t)datagram->data, datagram->length};
        header->msg_iov = &run->vectors[taken];
        header->msg_iovlen = 1;
    }
    return taken;
}

unsigned io_udp_send_batch(struct io_udp *udp, struct io_udp_datagram *datagrams, unsigned count)
{
    struct send_run run;
    unsigned done = 0;
    while (done < count) {
        struct io_udp_datagram *first = &datagrams[done];
        unsigned taken = prepare_run(udp, first, count - done, &run);
        int sent = taken > 0 ? send_prepared(udp->fd, run.headers, taken, first->destination.broadcast)
                             : first->result;
        if (sent < 0) {
            first->result = sent;
            return sent == -EAGAIN ? done : done + 1;
        }
        done += (unsigned)sent; /* less than taken: the next one fails, and says how when it comes first */
    }
    return done;
}

int io_udp_route(const struct sockaddr *remote, const struct sockaddr *local, unsigned interface_index,
                 struct sockaddr_storage *ret_local)
{
    struct io_udp_options options = {.local = local, .remote = remote, .interface_index = interface_index};
    int fd = -1;
    int error = io_net_udp(remote->sa_family, &options, &fd);
    if (error) {
        return error;
    }
    error = io_net_local_address(fd, ret_local);
    close(fd);
    return error;
}
