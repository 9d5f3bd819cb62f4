/* load_stream.c - a TCP connection of the load generator, with TLS or without: open, receive, send, close.
 * Not here: what goes over it. */
#include "load.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int load_epoll(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        load_fail("epoll_create1");
    }
    return epoll;
}

void load_watch(int epoll, int operation, int fd, int index, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u32 = (uint32_t)index};
    if (epoll_ctl(epoll, operation, fd, &event) < 0) {
        load_fail("epoll_ctl");
    }
}

void load_check_connected(int fd)
{
    int error;
    socklen_t length = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error != 0) {
        errno = error;
        load_fail("connect");
    }
}

struct load_stream load_stream_open(const struct load_options *options)
{
    struct load_stream stream = {.fd = load_connect(options->port), .tls = NULL};
    int epoll = load_epoll();
    load_watch(epoll, EPOLL_CTL_ADD, stream.fd, 0, EPOLLOUT);
    struct epoll_event event;
    load_wait(epoll, &event, 1);
    load_check_connected(stream.fd);
    if (options->tls) {
        stream.tls = load_tls_new(stream.fd, options->resume);
        for (uint32_t events; (events = load_tls_handshake(stream.tls)) != 0;) {
            load_watch(epoll, EPOLL_CTL_MOD, stream.fd, 0, events);
            load_wait(epoll, &event, 1);
        }
    }
    close(epoll);
    return stream;
}

void load_stream_close(struct load_stream *stream)
{
    load_tls_free(stream->tls);
    stream->tls = NULL;
    close(stream->fd);
}

ssize_t load_receive(const struct load_stream *stream, uint8_t *bytes, size_t size)
{
    ssize_t count =
        stream->tls != NULL ? load_tls_receive(stream->tls, bytes, size) : recv(stream->fd, bytes, size, 0);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
        load_fail("recv");
    }
    return count;
}

ssize_t load_send(const struct load_stream *stream, const uint8_t *bytes, size_t size)
{
    ssize_t count = stream->tls != NULL ? load_tls_send(stream->tls, bytes, size)
                                        : send(stream->fd, bytes, size, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
        load_fail("send");
    }
    return count;
}

void load_end(const struct load_stream *stream)
{
    if (stream->tls != NULL) {
        load_tls_end(stream->tls);
    }
    shutdown(stream->fd, SHUT_WR);
}
