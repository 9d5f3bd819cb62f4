/* tcp.c - see tcp.h. RFC 9293 (TCP) section 3.6 on closing is cited where it decides something. */
#include "tcp.h"

#include "net_provider.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Lives on its own because uv_close() of the timer ends later than the wait that it bounds. */
struct io_tcp_linger {
    uv_timer_t timer;
    size_t bytes;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static struct io_tcp *from_poll(uv_poll_t *poll)
{
    return (struct io_tcp *)((char *)poll - offsetof(struct io_tcp, poll));
}

void io_tcp_init(struct io_tcp *tcp, io_tcp_callback *callback)
{
    memset(tcp, 0, sizeof(*tcp));
    tcp->callback = callback;
    tcp->fd = -1;
    tcp->state = IO_NEW;
}

int io_tcp_open(struct io_tcp *tcp, uv_loop_t *loop, int fd)
{
    int error = uv_poll_init(loop, &tcp->poll, fd);
    if (error != 0) {
        return error;
    }
    tcp->fd = fd;
    tcp->state = IO_OPEN;
    tcp->read_budget = tcp->write_budget = IO_TCP_BYTES_PER_EVENT;
    return 0;
}

/* Changing what a poll handle listens for costs two system calls, so callers avoid it where they can. */
static void arm(struct io_tcp *tcp, int events)
{
    if (tcp->armed == (uint8_t)events) {
        return;
    }
    tcp->armed = (uint8_t)events;
    if (events == 0) {
        uv_poll_stop(&tcp->poll);
        return;
    }
    /* Fails only for a descriptor that another handle watches, which io_tcp_open() has ruled out. */
    (void)uv_poll_start(&tcp->poll, events, on_poll);
}

static void wait_for(struct io_tcp *tcp, int event)
{
    tcp->waiting = (uint8_t)(tcp->waiting | event);
    arm(tcp, tcp->armed | event);
}

static void on_linger_freed(uv_handle_t *timer)
{
    free((struct io_tcp_linger *)timer);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct io_tcp *tcp = from_poll((uv_poll_t *)handle);

    tcp->state = IO_CLOSED;
    tcp->callback(tcp, tcp->failed ? IO_TCP_FAILED : IO_TCP_CLOSED);
}

/* The end of every path: the descriptor goes now, the last event comes when libuv has let go of the handle.
 */
static void finish(struct io_tcp *tcp, bool failed)
{
    if (tcp->fd < 0) {
        return;
    }
    tcp->state = IO_CLOSING;
    tcp->armed = 0;
    tcp->waiting = 0;
    tcp->failed = failed;
    if (tcp->linger != NULL) {
        tcp->linger->timer.data = NULL;
        uv_close((uv_handle_t *)&tcp->linger->timer, on_linger_freed);
        tcp->linger = NULL;
    }
    uv_close((uv_handle_t *)&tcp->poll, on_poll_closed);
    close(tcp->fd);
    tcp->fd = -1;
}

/* Reads and discards until the peer's FIN, an error, a limit, or until nothing is there right now. */
static void discard(struct io_tcp *tcp)
{
    char waste[16384];

    for (;;) {
        ssize_t count = recv(tcp->fd, waste, sizeof(waste), 0);
        if (count > 0) {
            tcp->linger->bytes += (size_t)count;
            if (tcp->linger->bytes > IO_TCP_LINGER_BYTES) {
                finish(tcp, false);
                return;
            }
        } else if (count == 0) {
            finish(tcp, false);
            return;
        } else if (errno == EAGAIN) {
            arm(tcp, UV_READABLE);
            return;
        } else if (errno != EINTR) {
            tcp->error = -errno;
            finish(tcp, true);
            return;
        }
    }
}

static void on_linger_timeout(uv_timer_t *timer)
{
    finish(timer->data, false);
}

void io_tcp_close(struct io_tcp *tcp)
{
    if (tcp->state != IO_OPEN) {
        return;
    }
    tcp->state = IO_CLOSING;
    tcp->waiting = 0;
    /* Nothing to wait for once the connection is lost or both sides are done. RFC 9293 3.6, case 2: a close
     * after the peer's FIN needs no wait, the kernel finishes LAST-ACK alone. */
    if (tcp->error != 0) {
        finish(tcp, false); /* the owner knows */
        return;
    }
    if (io_tcp_shutdown(tcp) != 0 || tcp->peer_finished) {
        finish(tcp, tcp->error != 0);
        return;
    }
    tcp->linger = calloc(1, sizeof(*tcp->linger));
    if (tcp->linger == NULL) {
        finish(tcp, false); /* out of memory: the kernel's way of closing has to do */
        return;
    }
    uv_timer_init(tcp->poll.loop, &tcp->linger->timer);
    tcp->linger->timer.data = tcp;
    uv_timer_start(&tcp->linger->timer, on_linger_timeout, IO_TCP_LINGER_MS, 0);
    discard(tcp);
}

void io_tcp_reset(struct io_tcp *tcp)
{
    if (tcp->fd >= 0) {
        /* RFC 9293 3.9.1.6 (ABORT): Linux sends RST on close() when lingering is on with a time of zero. */
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        setsockopt(tcp->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        finish(tcp, false);
    }
}

void io_tcp_drop(struct io_tcp *tcp)
{
    finish(tcp, false);
}

int io_tcp_shutdown(struct io_tcp *tcp)
{
    if (tcp->finished) {
        return 0;
    }
    tcp->finished = true;
    if (shutdown(tcp->fd, SHUT_WR) != 0 && tcp->error == 0) {
        /* ENOTCONN: the connection is lost already; the reason waits in SO_ERROR. */
        tcp->error = io_net_connect_result(tcp->fd);
        tcp->error = tcp->error != 0 ? tcp->error : -ECONNRESET;
    }
    if (tcp->state == IO_OPEN && (tcp->waiting & UV_WRITABLE) != 0) {
        tcp->waiting = (uint8_t)(tcp->waiting & ~UV_WRITABLE);
        arm(tcp, tcp->armed & ~UV_WRITABLE);
    }
    return tcp->error;
}

void io_tcp_watch(struct io_tcp *tcp)
{
    wait_for(tcp, UV_READABLE);
}

/* Bytes received, 0 at the peer's FIN or after a loss (then tcp->error is set), or -EAGAIN. A short count
 * empties the socket: asking again before the loop says so would cost a system call to hear "nothing". */
static ssize_t receive(struct io_tcp *tcp, void *buffer, size_t size)
{
    ssize_t count;

    if ((tcp->drained && tcp->error == 0) || tcp->read_budget == 0) {
        return -EAGAIN;
    }
    do {
        count = recv(tcp->fd, buffer, size, 0);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        tcp->drained = (size_t)count < size;
        tcp->read_budget -= (uint32_t)count < tcp->read_budget ? (uint32_t)count : tcp->read_budget;
        return count;
    }
    if (count < 0 && errno == EAGAIN && tcp->error == 0) {
        tcp->drained = true;
        return -EAGAIN;
    }
    /* Only the first call after a loss gets the kernel's error, and a write may have taken it: then recv()
     * says "finished", which is wrong. */
    if (count < 0 && tcp->error == 0) {
        tcp->error = -errno;
    }
    return 0;
}

ssize_t io_tcp_read(struct io_tcp *tcp, void *buffer, size_t size)
{
    if (tcp->peer_finished) {
        return 0;
    }
    ssize_t count = receive(tcp, buffer, size);
    if (count > 0) {
        return count;
    }
    if (count == -EAGAIN) {
        wait_for(tcp, UV_READABLE);
        return -EAGAIN;
    }
    tcp->peer_finished = tcp->error == 0;
    tcp->waiting = (uint8_t)(tcp->waiting & ~UV_READABLE);
    arm(tcp, tcp->armed & ~UV_READABLE); /* an end of file stays readable: do not be woken for it again */
    return tcp->error;
}

ssize_t io_tcp_read_data(struct io_tcp *tcp, void *buffer, size_t size)
{
    ssize_t count = tcp->peer_finished ? 0 : receive(tcp, buffer, size);
    if (count > 0) {
        return count;
    }
    wait_for(tcp, UV_READABLE); /* an end and a loss stay readable */
    return -EAGAIN;
}

ssize_t io_tcp_write(struct io_tcp *tcp, const void *data, size_t size)
{
    size_t sent = 0;

    if (tcp->error != 0) {
        return tcp->error;
    }
    if (tcp->finished) {
        return -EPIPE;
    }
    while (sent < size) {
        size_t part = size - sent < tcp->write_budget ? size - sent : tcp->write_budget;
        ssize_t count;

        if (part == 0) {
            wait_for(tcp, UV_WRITABLE);
            break;
        }
        count = send(tcp->fd, (const char *)data + sent, part, MSG_NOSIGNAL);
        if (count >= 0) {
            sent += (size_t)count;
            tcp->write_budget -= (uint32_t)count;
        } else if (errno == EAGAIN) {
            wait_for(tcp, UV_WRITABLE);
            break;
        } else if (errno != EINTR) {
            tcp->error = -errno;
            return tcp->error;
        }
    }
    return (ssize_t)sent;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct io_tcp *tcp = from_poll(poll);
    int ready;

    if (status < 0) {
        /* How libuv reports an error condition on the socket; it has stopped the handle. The next system call
         * tells what happened, so whoever waits is woken to make it. */
        tcp->armed = 0;
        events = UV_READABLE | UV_WRITABLE;
    }
    if (tcp->state == IO_CLOSING) {
        discard(tcp);
        return;
    }
    ready = tcp->waiting & events;
    tcp->waiting = (uint8_t)(tcp->waiting & ~ready);
    if (status >= 0) {
        /* Reading usually goes on, so its arming is kept until data comes that nobody waits for. A socket is
         * writable nearly always: that is asked for anew each time. */
        arm(tcp, tcp->waiting | (ready & UV_READABLE) | (tcp->armed & UV_READABLE & ~events));
    }
    tcp->read_budget = tcp->write_budget = IO_TCP_BYTES_PER_EVENT; /* the loop has turned */
    tcp->drained = tcp->drained && (events & UV_READABLE) == 0;
    if ((ready & UV_READABLE) != 0) {
        tcp->callback(tcp, IO_TCP_READABLE);
    }
    if ((ready & UV_WRITABLE) != 0 && tcp->state == IO_OPEN) {
        tcp->callback(tcp, IO_TCP_WRITABLE);
    }
}
