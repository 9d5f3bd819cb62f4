/* netif_watch.c - tells when interfaces or addresses change (netif.h): a NETLINK_ROUTE socket on the loop
 * says that something happened, a fresh list says whether it matters. Router advertisements and wireless
 * drivers send messages that change nothing; a link that went down and up again within a burst is a change
 * although the list is as before. Not here: what the change is (compare lists). rtnetlink(7). */
#include "netif.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

enum {
    MESSAGES_SIZE = 8192, /* what the kernel sends in one datagram */
    READS_MAX = 64, /* datagrams read before other work; the rest comes with the next turn of the loop */
};

static void on_timer(uv_timer_t *timer)
{
    struct io_netif_watch *watch = timer->data;
    bool changed = watch->certain;
    watch->certain = false;
    watch->first = 0;
    struct io_netif_list now;
    if (io_netif_list_get(&now) == 0) {
        changed = changed || !io_netif_list_equal(&watch->before, &now);
        io_netif_list_finish(&watch->before);
        watch->before = now;
    } else {
        changed = true; /* can't tell: the one who is told may find out */
    }
    if (changed) {
        watch->on_change(watch);
    }
}

static void settle(struct io_netif_watch *watch)
{
    uint64_t now = uv_now(watch->timer.loop);
    if (watch->first == 0) {
        watch->first = now;
    }
    uint64_t end = watch->first + IO_NETIF_SETTLE_MAX_MS, next = now + IO_NETIF_SETTLE_MS;
    next = next < end ? next : end;
    uv_timer_start(&watch->timer, on_timer, next > now ? next - now : 0, 0);
}

static const struct io_netif *find(const struct io_netif_watch *watch, unsigned index)
{
    for (unsigned i = 0; i < watch->before.count; i++) {
        if (watch->before.interfaces[i].index == index) {
            return &watch->before.interfaces[i];
        }
    }
    return NULL;
}

/* Whether a message alone proves a change, whatever the list says later. */
static bool is_certain(const struct io_netif_watch *watch, const struct nlmsghdr *header)
{
    if (header->nlmsg_type == RTM_DELADDR) {
        return true;
    }
    if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) {
        return false;
    }
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg))) {
        return false;
    }
    const struct ifinfomsg *link = NLMSG_DATA(header);
    if (link->ifi_family != AF_UNSPEC) {
        return false; /* ports of a bridge */
    }
    const struct io_netif *known = find(watch, (unsigned)link->ifi_index);
    if (header->nlmsg_type == RTM_DELLINK) {
        return known != NULL;
    }
    const unsigned state = IFF_UP | IFF_RUNNING;
    return known && (known->flags & state) != (link->ifi_flags & state);
}

static bool has_certain(const struct io_netif_watch *watch, const uint8_t *data, size_t length)
{
    const struct nlmsghdr *header = (const void *)data;
    while (length >= sizeof(*header) && header->nlmsg_len >= sizeof(*header) && header->nlmsg_len <= length) {
        if (is_certain(watch, header)) {
            return true;
        }
        size_t step = NLMSG_ALIGN((size_t)header->nlmsg_len);
        step = step < length ? step : length;
        header = (const void *)((const uint8_t *)header + step);
        length -= step;
    }
    return false;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct io_netif_watch *watch = poll->data;
    (void)events;
    bool some = false;
    for (int i = 0; i < READS_MAX; i++) {
        _Alignas(struct nlmsghdr) uint8_t buffer[MESSAGES_SIZE];
        ssize_t length = recv(watch->fd, buffer, sizeof(buffer), 0);
        if (length > 0) {
            some = true;
            watch->certain = watch->certain || has_certain(watch, buffer, (size_t)length);
        } else if (length < 0 && errno == ENOBUFS) {
            some = watch->certain = true; /* messages were lost */
        } else if (length == 0 || errno != EINTR) {
            break;
        }
    }
    if (status < 0) {
        /* Lost messages come as an error event, after which the loop no longer watches. */
        uv_poll_start(&watch->poll, UV_READABLE, on_poll);
        uv_unref((uv_handle_t *)&watch->poll);
    }
    if (some) {
        settle(watch);
    }
}

static int open_socket(int *ret_fd)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) {
        return -errno;
    }
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
    };
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

int io_netif_watch_open(struct io_netif_watch *watch, uv_loop_t *loop,
                        void (*on_change)(struct io_netif_watch *watch))
{
    int fd = -1;
    int error = open_socket(&fd);
    if (error) {
        return error;
    }
    memset(watch, 0, sizeof(*watch));
    /* Listening begins before the list is made: no change falls between. */
    error = io_netif_list_get(&watch->before);
    if (!error) {
        error = uv_poll_init(loop, &watch->poll, fd);
    }
    if (error) {
        io_netif_list_finish(&watch->before);
        close(fd);
        return error;
    }
    uv_timer_init(loop, &watch->timer);
    watch->fd = fd;
    watch->open_handles = 2;
    watch->on_change = on_change;
    watch->poll.data = watch->timer.data = watch;
    uv_poll_start(&watch->poll, UV_READABLE, on_poll);
    uv_unref((uv_handle_t *)&watch->poll);
    uv_unref((uv_handle_t *)&watch->timer);
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct io_netif_watch *watch = handle->data;
    if (--watch->open_handles == 0) {
        watch->on_closed(watch);
    }
}

void io_netif_watch_close(struct io_netif_watch *watch, void (*on_closed)(struct io_netif_watch *watch))
{
    watch->on_closed = on_closed;
    uv_close((uv_handle_t *)&watch->poll, on_handle_closed);
    uv_close((uv_handle_t *)&watch->timer, on_handle_closed);
    close(watch->fd);
    watch->fd = -1;
    io_netif_list_finish(&watch->before);
}
