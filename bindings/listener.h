/* listener.h - a listening TCP socket that accepts on demand: connections that nobody asked for wait in the
 * kernel's backlog. Not here: the connections themselves (tcp.h).
 *
 * Events come from the loop only. The memory is the embedder's and has to live until IO_LISTENER_CLOSED, in
 * which it may be freed. Loop thread only. */
#ifndef CLEAT_IO_LISTENER_H
#define CLEAT_IO_LISTENER_H

#include "handle.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

enum {
    /* Connections that one event may hand out before the loop gets a turn; see IO_TCP_BYTES_PER_EVENT. */
    IO_LISTENER_ACCEPTS_PER_EVENT = 64,
    /* While descriptors or memory are exhausted the listener tries again after 5, 10, 20 … ms: few enough
     * wakeups to cost nothing, soon enough to be back within 100 ms after something was freed. */
    IO_LISTENER_RETRY_MIN_MS = 5,
    IO_LISTENER_RETRY_MAX_MS = 80,
};

enum io_listener_event {
    IO_LISTENER_READABLE, /* once after io_listener_accept() gave -EAGAIN */
    IO_LISTENER_CLOSED,   /* the last event */
};

struct io_listener;
typedef void io_listener_callback(struct io_listener *listener, enum io_listener_event event);

struct io_listener {
    uv_poll_t poll;
    uv_timer_t retry;
    io_listener_callback *callback;
    struct sockaddr_storage spare_peer;
    int fd;
    int spare_fd; /* accepted by the retry timer, waiting for the next io_listener_accept(); -1: none */
    unsigned retry_ms;
    uint8_t state;   /* enum io_state */
    uint8_t handles; /* that libuv has not let go of yet */
    uint8_t budget;
    bool armed, waiting;
    bool starved; /* out of descriptors or memory: polling would spin, so the timer tries */
};

void io_listener_init(struct io_listener *listener, io_listener_callback *callback);
/* Takes a listening descriptor over. On failure it stays the caller's. */
int io_listener_open(struct io_listener *listener, uv_loop_t *loop, int fd);
/* 0 with a connection that is the caller's, -EAGAIN (IO_LISTENER_READABLE follows), or why none can be
 * served. Want of descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM) is told once; calls after that give
 * -EAGAIN until a connection could be accepted. */
int io_listener_accept(struct io_listener *listener, int *ret_fd, struct sockaddr_storage *ret_peer);
/* Stops listening; connections still in the backlog are reset by the kernel. Twice is fine. */
void io_listener_close(struct io_listener *listener);

#endif
