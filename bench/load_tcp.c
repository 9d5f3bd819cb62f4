/* load_tcp.c - load over TCP: echo on open connections (waiting for each echo, or pipelined), connections
 * that come and go, connections that do nothing. */
#include "load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024 };

struct connection {
    int fd;
    bool is_blocked;                /* the kernel takes no more: waiting for EPOLLOUT */
    int64_t sent, received, target; /* bytes since the start */
};

static void watch(int epoll, int operation, int fd, int index, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u32 = (uint32_t)index};
    if (epoll_ctl(epoll, operation, fd, &event) < 0) {
        load_fail("epoll_ctl");
    }
}

static int new_epoll(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        load_fail("epoll_create1");
    }
    return epoll;
}

static void *new_array(int count, size_t size)
{
    void *array = calloc((size_t)count, size);
    if (array == NULL) {
        load_fail("memory");
    }
    return array;
}

/* Reads what is there and compares it with what stream `stream` had to bring next. Returns 0 at the end. */
static size_t receive(int fd, int stream, int64_t offset)
{
    static uint8_t buffer[LOAD_SIZE_MAX];
    ssize_t count = recv(fd, buffer, sizeof(buffer), 0);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            return SIZE_MAX;
        }
        load_fail("recv");
    }
    if (memcmp(buffer, pattern_at(stream, offset), (size_t)count) != 0) {
        errno = 0;
        load_fail("the echo is not what was sent");
    }
    return (size_t)count;
}

static ssize_t transmit(int fd, int stream, int64_t offset, size_t size)
{
    ssize_t count = send(fd, pattern_at(stream, offset), size, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
        load_fail("send");
    }
    return count;
}

/* Sends as far as the mode allows: to the end of the message whose echo is awaited, or to the target. */
static void pump(const struct load_options *options, int epoll, struct connection *connection, int index)
{
    int size = options->size;
    for (;;) {
        int64_t limit = options->pipelined ? connection->target : (connection->received / size + 1) * size;
        limit = limit < connection->target ? limit : connection->target;
        bool is_blocked = false;
        if (connection->sent < limit) {
            int64_t rest = limit - connection->sent, message = size - connection->sent % size;
            ssize_t count =
                transmit(connection->fd, index, connection->sent, (size_t)(rest < message ? rest : message));
            connection->sent += count > 0 ? count : 0;
            is_blocked = count < 0 && errno == EAGAIN;
        }
        if (is_blocked != connection->is_blocked) {
            watch(epoll, EPOLL_CTL_MOD, connection->fd, index, is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
            connection->is_blocked = is_blocked;
        }
        if (is_blocked || connection->sent >= limit) {
            return;
        }
    }
}

/* So many messages more on every connection; returns when all are back. */
static void run_messages(const struct load_options *options, int epoll, struct connection *connections,
                         int messages)
{
    int waiting = options->connections;
    for (int i = 0; i < options->connections; i++) {
        connections[i].target += (int64_t)messages * options->size;
        pump(options, epoll, &connections[i], i);
    }
    struct epoll_event events[EVENTS];
    while (waiting > 0) {
        int count = load_wait(epoll, events, EVENTS);
        for (int i = 0; i < count; i++) {
            int index = (int)events[i].data.u32;
            struct connection *connection = &connections[index];
            if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
                size_t size = receive(connection->fd, index, connection->received);
                if (size == 0) {
                    errno = 0;
                    load_fail("the server has closed a connection");
                }
                if (size != SIZE_MAX) {
                    connection->received += (int64_t)size;
                    waiting -= connection->received == connection->target;
                }
            }
            pump(options, epoll, connection, index);
        }
    }
}

/* Opens all connections, one after the other's echo: a server with a short backlog keeps up. */
static struct connection *open_connections(const struct load_options *options, int epoll)
{
    struct connection *connections = new_array(options->connections, sizeof(connections[0]));
    struct load_options one = {.size = 1, .connections = 1};
    for (int i = 0; i < options->connections; i++) {
        connections[i].fd = load_connect(options->port);
        int own = new_epoll();
        watch(own, EPOLL_CTL_ADD, connections[i].fd, 0, EPOLLIN | EPOLLOUT);
        struct epoll_event event;
        do {
            load_wait(own, &event, 1);
        } while ((event.events & EPOLLOUT) == 0);
        connections[i].is_blocked = true; /* so that pump() corrects the events */
        run_messages(&one, own, &connections[i], 1);
        close(own);
        connections[i].sent = connections[i].received = connections[i].target = 0;
        watch(epoll, EPOLL_CTL_ADD, connections[i].fd, i, EPOLLIN);
    }
    return connections;
}

static int per_connection(const struct load_options *options, int operations)
{
    return (operations + options->connections - 1) / options->connections;
}

void load_tcp(const struct load_options *options)
{
    struct load_options whole = *options; /* every connection carries the same number */
    whole.operations = per_connection(options, options->operations) * options->connections;
    int epoll = new_epoll();
    struct connection *connections = open_connections(options, epoll);
    if (options->warm_up > 0) {
        run_messages(options, epoll, connections, per_connection(options, options->warm_up));
    }
    struct load_meter meter;
    meter_start(&meter, options->pid);
    run_messages(options, epoll, connections, per_connection(options, options->operations));
    meter_stop(&meter, options->pid);
    load_report(&whole, &meter, 0);
    free(connections);
}

void load_hold(const struct load_options *options)
{
    int epoll = new_epoll();
    struct connection *connections = open_connections(options, epoll);
    struct load_meter meter = {0, 0};
    load_report(options, &meter, 0);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    free(connections);
}

/* One life of a connection: connect, a byte there and back, FIN there and back. The client ends first, so
 * that the waiting time of the closed connection (TIME_WAIT) is the client's. */
enum life { LIFE_CONNECTING, LIFE_ECHO, LIFE_ENDING };

static void run_lives(const struct load_options *options, int total)
{
    int epoll = new_epoll();
    int slots = options->connections < total ? options->connections : total, started = 0, done = 0;
    struct life_slot {
        int fd;
        enum life life;
    } *slot = new_array(slots, sizeof(*slot));
    for (; started < slots; started++) {
        slot[started].fd = load_connect(options->port);
        slot[started].life = LIFE_CONNECTING;
        watch(epoll, EPOLL_CTL_ADD, slot[started].fd, started, EPOLLOUT);
    }
    struct epoll_event events[EVENTS];
    while (done < total) {
        int count = load_wait(epoll, events, EVENTS);
        for (int i = 0; i < count; i++) {
            int index = (int)events[i].data.u32;
            struct life_slot *own = &slot[index];
            if (own->life == LIFE_CONNECTING) {
                int error;
                socklen_t length = sizeof(error);
                if (getsockopt(own->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error != 0) {
                    errno = error;
                    load_fail("connect");
                }
                if (transmit(own->fd, index, 0, 1) == 1) {
                    own->life = LIFE_ECHO;
                    watch(epoll, EPOLL_CTL_MOD, own->fd, index, EPOLLIN);
                }
                continue;
            }
            size_t size = receive(own->fd, index, 0);
            if (size == SIZE_MAX) {
                continue;
            }
            if ((size == 0) != (own->life == LIFE_ENDING)) {
                errno = 0;
                load_fail(size == 0 ? "the server has closed a connection early" : "too much came back");
            }
            if (own->life == LIFE_ECHO) {
                own->life = LIFE_ENDING;
                shutdown(own->fd, SHUT_WR);
                continue;
            }
            close(own->fd);
            done++;
            if (started < total) {
                started++;
                own->fd = load_connect(options->port);
                own->life = LIFE_CONNECTING;
                watch(epoll, EPOLL_CTL_ADD, own->fd, index, EPOLLOUT);
            }
        }
    }
    free(slot);
    close(epoll);
}

void load_accept(const struct load_options *options)
{
    if (options->warm_up > 0) {
        run_lives(options, options->warm_up);
    }
    struct load_meter meter;
    meter_start(&meter, options->pid);
    run_lives(options, options->operations);
    meter_stop(&meter, options->pid);
    load_report(options, &meter, 0);
}
