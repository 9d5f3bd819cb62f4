/* baseline_tcp.c - the echo server in plain C that others are compared with: one thread, level-triggered
 * epoll, one shared read buffer. It does what a server has to do: takes connections until there are no more,
 * keeps what the peer does not take and stops reading from it meanwhile, answers an end by an end, drops what
 * fails. Prints its port. Not here: what nobody would write by hand (io_uring, splice, edge triggers with
 * their state). */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 1024,
    BUFFER_SIZE = 65536,
    BACKLOG = 4096, /* as many as SOMAXCONN allows on a usual Linux */
};

struct connection {
    int fd;
    uint8_t *rest;           /* what the kernel did not take, or NULL */
    size_t length, position; /* of the rest */
};

static int epoll;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void watch(int operation, int fd, void *data, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    if (epoll_ctl(epoll, operation, fd, &event) < 0) {
        fail("epoll_ctl");
    }
}

static void drop(struct connection *connection)
{
    close(connection->fd);
    free(connection->rest);
    free(connection);
}

/* Connections until there are no more. Where descriptors or memory run out they wait in the backlog. */
static void accept_all(int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) {
                continue;
            }
            if (errno == EAGAIN || errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                errno == ENOMEM) {
                return;
            }
            fail("accept4");
        }
        struct connection *connection = calloc(1, sizeof(*connection));
        if (connection == NULL) {
            close(fd);
            return;
        }
        connection->fd = fd;
        watch(EPOLL_CTL_ADD, fd, connection, EPOLLIN);
    }
}

/* How many bytes the kernel took: 0 if it can't now, -1 if the connection is lost. */
static ssize_t transmit(int fd, const uint8_t *bytes, size_t size)
{
    for (;;) {
        ssize_t count = send(fd, bytes, size, MSG_NOSIGNAL);
        if (count >= 0) {
            return count;
        }
        if (errno != EINTR) {
            return errno == EAGAIN ? 0 : -1;
        }
    }
}

/* Sends the rest, then reads again. False if the connection is lost or done. */
static bool on_writable(struct connection *connection)
{
    ssize_t count = transmit(connection->fd, connection->rest + connection->position,
                             connection->length - connection->position);
    if (count < 0) {
        return false;
    }
    connection->position += (size_t)count;
    if (connection->position == connection->length) {
        free(connection->rest);
        connection->rest = NULL;
        watch(EPOLL_CTL_MOD, connection->fd, connection, EPOLLIN);
    }
    return true;
}

static bool on_readable(struct connection *connection)
{
    static uint8_t buffer[BUFFER_SIZE];
    ssize_t count = recv(connection->fd, buffer, sizeof(buffer), 0);
    if (count <= 0) {
        return count < 0 && (errno == EAGAIN || errno == EINTR);
    }
    ssize_t sent = transmit(connection->fd, buffer, (size_t)count);
    if (sent < 0) {
        return false;
    }
    if (sent < count) {
        connection->length = (size_t)(count - sent);
        connection->position = 0;
        connection->rest = malloc(connection->length);
        if (connection->rest == NULL) {
            return false;
        }
        memcpy(connection->rest, buffer + sent, connection->length);
        watch(EPOLL_CTL_MOD, connection->fd, connection, EPOLLOUT);
    }
    return true;
}

static int listen_on_loopback(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        fail("listen");
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        fail("epoll_create1");
    }
    int listener = listen_on_loopback();
    watch(EPOLL_CTL_ADD, listener, NULL, EPOLLIN);
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        if (count < 0 && errno != EINTR) {
            fail("epoll_wait");
        }
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL) {
                accept_all(listener);
            } else if (!(connection->rest != NULL ? on_writable(connection) : on_readable(connection))) {
                drop(connection);
            }
        }
    }
}
