/* tcp.h - one TCP connection: a connected descriptor on a uv_poll_t. Pull based: reading or writing that
 * would block arms one event, and a socket that nobody waits on costs no wakeup. Not here: making connections
 * (connector.h), accepting them (listener.h), queues of any kind: what write() did not take stays the
 * caller's.
 *
 * Events come from the loop only. The memory is the embedder's and has to live until IO_TCP_CLOSED or
 * IO_TCP_FAILED, in which it may be freed. Loop thread only. */
#ifndef CLEAT_IO_TCP_H
#define CLEAT_IO_TCP_H

#include "handle.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

enum {
    /* Bytes that one event may move in each direction before the socket reports "would block" and lets the
     * loop turn once: a fast peer must not starve timers and other sockets of an app that reads in a loop. */
    IO_TCP_BYTES_PER_EVENT = 1 << 20,
    /* After close(): how long and how much is read and thrown away while the peer has not finished. Closing
     * with unread data makes the kernel send RST, which can destroy what the peer has not read yet. */
    IO_TCP_LINGER_MS = 5000,
    IO_TCP_LINGER_BYTES = 1 << 20,
};

enum io_tcp_event {
    IO_TCP_READABLE, /* once after io_tcp_read() gave -EAGAIN */
    IO_TCP_WRITABLE, /* once after io_tcp_write() took less than offered */
    IO_TCP_CLOSED,   /* the last event: closed as asked */
    IO_TCP_FAILED,   /* the last event: the connection broke (tcp->error) while close() waited for the peer's
                        FIN */
};

struct io_tcp;
typedef void io_tcp_callback(struct io_tcp *tcp, enum io_tcp_event event);

struct io_tcp {
    uv_poll_t poll;
    io_tcp_callback *callback;
    struct io_tcp_linger *linger; /* only while close() waits for the peer */
    int fd;
    int error; /* negative errno of the lost connection, 0 while it is well */
    uint32_t read_budget, write_budget;
    uint8_t state;   /* enum io_state */
    uint8_t armed;   /* what the poll handle listens for */
    uint8_t waiting; /* what the owner asked to be told; a subset of armed, except after an error */
    bool peer_finished, finished, failed;
    bool drained; /* the kernel had no more at the last look, and has not said since that it has */
};

/* Before anything else, so that io_tcp_close() and friends are safe on a socket that never opened. */
void io_tcp_init(struct io_tcp *tcp, io_tcp_callback *callback);
/* Takes a connected descriptor over. On failure it stays the caller's. */
int io_tcp_open(struct io_tcp *tcp, uv_loop_t *loop, int fd);

/* Bytes received (> 0), 0 after the peer's FIN, -EAGAIN (IO_TCP_READABLE follows), or why the connection is
 * lost, the same again on each call. Data that arrived before the loss is delivered first. size > 0. */
ssize_t io_tcp_read(struct io_tcp *tcp, void *buffer, size_t size);
/* The same, but data only: an end or a loss comes as IO_TCP_READABLE, for io_tcp_read() to tell. */
ssize_t io_tcp_read_data(struct io_tcp *tcp, void *buffer, size_t size);
/* IO_TCP_READABLE as soon as there is something, without looking now. */
void io_tcp_watch(struct io_tcp *tcp);
/* Bytes taken by the kernel, 0 included; less than `size` means that IO_TCP_WRITABLE follows. -EPIPE after
 * io_tcp_shutdown(), else why the connection is lost. */
ssize_t io_tcp_write(struct io_tcp *tcp, const void *data, size_t size);
/* Sends FIN; reading goes on. Twice is fine. */
int io_tcp_shutdown(struct io_tcp *tcp);

/* FIN, then waits for the peer's within the limits above. Does nothing unless the socket is open. */
void io_tcp_close(struct io_tcp *tcp);
/* RST. Also cuts a close() short. */
void io_tcp_reset(struct io_tcp *tcp);
/* Closes the descriptor now and leaves the rest to the kernel; for teardown. Also cuts a close() short. */
void io_tcp_drop(struct io_tcp *tcp);

#endif
