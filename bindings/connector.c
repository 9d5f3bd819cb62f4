/* connector.c - see connector.h. Sections are those of RFC 8305. */
#include "connector.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct attempt {
    uv_poll_t poll;
    struct io_connector *connector;
    int fd; /* -1: not started, failed or over */
};

struct io_connector {
    uv_timer_t timer; /* the delay until the next attempt, or zero to report a failure from the loop */
    io_connector_callback *callback;
    void *owner;
    struct io_tcp_options options;
    union address local;
    size_t count, next; /* addresses; the first one that was not tried */
    size_t pending;     /* attempts in progress */
    size_t handles;     /* that libuv has not let go of yet, the timer included */
    int error;          /* of the attempt that failed last */
    union address *addresses;
    struct attempt attempts[]; /* attempts[i] is on addresses[i]; the addresses lie behind them */
};

static void try_next(struct io_connector *connector);

static void set_address(union address *to, const struct sockaddr *from)
{
    memcpy(to, from, from->sa_family == AF_INET6 ? sizeof(to->v6) : sizeof(to->v4));
}

/* Section 4: the order that destination address selection (RFC 6724, done by the resolver) gave is kept
 * within each family; the families alternate, beginning with that of the first address ("First Address Family
 * Count" 1). */
static void interleave(const struct sockaddr_storage *from, size_t count, union address *to)
{
    sa_family_t family = from[0].ss_family;
    size_t same = 0, other = 0, written = 0;

    while (written < count) {
        while (same < count && from[same].ss_family != family) {
            same++;
        }
        if (same < count) {
            set_address(&to[written++], (const struct sockaddr *)&from[same++]);
        }
        while (other < count && from[other].ss_family == family) {
            other++;
        }
        if (other < count) {
            set_address(&to[written++], (const struct sockaddr *)&from[other++]);
        }
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct io_connector *connector = handle->data;
    if (--connector->handles == 0) {
        free(connector);
    }
}

static void end_attempt(struct attempt *attempt)
{
    uv_close((uv_handle_t *)&attempt->poll, on_handle_closed);
    attempt->fd = -1;
    attempt->connector->pending--;
}

/* Lets go of everything but the descriptor of the winner. */
static void end_all(struct io_connector *connector)
{
    for (size_t i = 0; i < connector->next; i++) {
        struct attempt *attempt = &connector->attempts[i];
        if (attempt->fd >= 0) {
            int fd = attempt->fd;
            end_attempt(attempt);
            close(fd);
        }
    }
    uv_close((uv_handle_t *)&connector->timer, on_handle_closed);
}

/* A TCP socket that connects to a port from the ephemeral range of its own host can by chance get that very
 * port as its own and then reaches itself (simultaneous open). Nobody is listening there. */
static bool is_self_connected(int fd)
{
    struct sockaddr_storage local, peer;
    if (io_net_local_address(fd, &local) != 0 || io_net_peer_address(fd, &peer) != 0 ||
        local.ss_family != peer.ss_family) {
        return false;
    }
    if (local.ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)&local, *b = (const void *)&peer;
        return a->sin6_port == b->sin6_port && memcmp(&a->sin6_addr, &b->sin6_addr, 16) == 0;
    }
    const struct sockaddr_in *a = (const void *)&local, *b = (const void *)&peer;
    return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

static void on_attempt(uv_poll_t *poll, int status, int events)
{
    struct attempt *attempt = (struct attempt *)poll;
    struct io_connector *connector = attempt->connector;
    int fd = attempt->fd;
    int error = io_net_connect_result(fd);

    (void)status; /* UV_EBADF is how libuv says "look at the socket", which has just been done */
    (void)events;
    end_attempt(attempt);
    if (error == 0 && is_self_connected(fd)) {
        error = -ECONNREFUSED;
    }
    if (error == 0) {
        io_connector_callback *callback = connector->callback;
        void *owner = connector->owner;
        end_all(connector); /* section 5: once one succeeds, all others are cancelled */
        callback(owner, 0, fd);
        return;
    }
    close(fd);
    connector->error = error;
    try_next(connector);
}

static void on_timer(uv_timer_t *timer)
{
    struct io_connector *connector = (struct io_connector *)timer;

    if (connector->next < connector->count) {
        try_next(connector);
    } else if (connector->pending == 0) {
        io_connector_callback *callback = connector->callback;
        void *owner = connector->owner;
        int error = connector->error;
        end_all(connector);
        callback(owner, error, -1);
    }
}

/* Starts one attempt: 0, or why there is none. */
static int start_attempt(struct io_connector *connector, size_t index)
{
    struct attempt *attempt = &connector->attempts[index];
    const struct sockaddr *remote = &connector->addresses[index].any;
    struct io_tcp_options options = connector->options;
    union address local = connector->local;
    int fd, error;

    if (options.local != NULL && local.any.sa_family != AF_UNSPEC &&
        local.any.sa_family != remote->sa_family) {
        return -EADDRNOTAVAIL; /* an address of the other family cannot be reached from the local one */
    }
    if (options.local != NULL) {
        local.any.sa_family = remote->sa_family; /* ports are at the same place in both */
        options.local = &local.any;
    }
    error = io_net_connect(remote, &options, &fd);
    if (error != 0) {
        return error;
    }
    error = uv_poll_init(connector->timer.loop, &attempt->poll, fd);
    if (error != 0) {
        close(fd);
        return error;
    }
    attempt->poll.data = attempt->connector = connector;
    attempt->fd = fd;
    connector->handles++;
    connector->pending++;
    (void)uv_poll_start(&attempt->poll, UV_WRITABLE, on_attempt); /* a fresh handle: cannot fail */
    return 0;
}

/* Section 5: the next attempt follows 250 ms after the last one began, or at once when one failed. Addresses
 * that fail inside connect() (no route, family not there) cost no delay either. */
static void try_next(struct io_connector *connector)
{
    bool started = false;

    while (!started && connector->next < connector->count) {
        size_t index = connector->next++;
        int error = start_attempt(connector, index);
        started = error == 0;
        connector->error = error != 0 ? error : connector->error;
    }
    if (connector->next < connector->count) {
        uv_update_time(connector->timer.loop);
        uv_timer_start(&connector->timer, on_timer, IO_CONNECTOR_DELAY_MS, 0);
    } else if (connector->pending == 0) {
        uv_timer_start(&connector->timer, on_timer, 0, 0);
    } else {
        uv_timer_stop(&connector->timer);
    }
}

int io_connector_start(uv_loop_t *loop, const struct sockaddr_storage *addresses, size_t count,
                       const struct io_tcp_options *options, io_connector_callback *callback, void *owner,
                       struct io_connector **ret_connector)
{
    struct io_connector *connector;

    count = count > IO_CONNECTOR_ADDRESSES_MAX ? IO_CONNECTOR_ADDRESSES_MAX : count;
    connector =
        calloc(1, sizeof(*connector) + count * (sizeof(connector->attempts[0]) + sizeof(union address)));
    if (connector == NULL) {
        return -ENOMEM;
    }
    connector->addresses = (union address *)&connector->attempts[count];
    connector->count = count;
    connector->callback = callback;
    connector->owner = owner;
    connector->options = *options;
    if (options->local != NULL) {
        set_address(&connector->local, options->local);
    }
    for (size_t i = 0; i < count; i++) {
        connector->attempts[i].fd = -1;
    }
    interleave(addresses, count, connector->addresses);
    uv_timer_init(loop, &connector->timer);
    connector->timer.data = connector;
    connector->handles = 1;
    try_next(connector);
    *ret_connector = connector;
    return 0;
}

int io_connector_error(const struct io_connector *connector)
{
    return connector->pending == 0 && connector->next == connector->count ? connector->error : 0;
}

int io_connector_fd(const struct io_connector *connector)
{
    for (size_t i = connector->next; i > 0; i--) {
        if (connector->attempts[i - 1].fd >= 0) {
            return connector->attempts[i - 1].fd;
        }
    }
    return -1;
}

void io_connector_abort(struct io_connector *connector)
{
    end_all(connector);
}
