/* load_tcp.c - load over TCP: echo on open connections (waiting for each echo, or pipelined), connections
 * that come and go, connections that do nothing. */
#include "load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 1024 };

struct connection {
    struct load_stream stream;
    bool is_blocked;                /* the kernel takes no more: waiting for EPOLLOUT */
    int64_t sent, received, target; /* bytes since the start */
};

static void *new_array(int count, size_t size)
{
    void *array = calloc((size_t)count, size);
    if (array == NULL) {
        load_fail("memory");
    }
    return array;
}

/* Reads what is there and compares it with what stream number `index` had to bring next. Returns 0 at the
 * end, SIZE_MAX if nothing is there. */
static size_t receive(const struct load_stream *stream, int index, int64_t offset)
{
    static uint8_t buffer[LOAD_SIZE_MAX];
    ssize_t count = load_receive(stream, buffer, sizeof(buffer));
    if (count < 0) {
        return SIZE_MAX;
    }
    if (memcmp(buffer, pattern_at(index, offset), (size_t)count) != 0) {
        errno = 0;
        load_fail("the echo is not what was sent");
    }
    return (size_t)count;
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
            ssize_t count = load_send(&connection->stream, pattern_at(index, connection->sent),
                                      (size_t)(rest < message ? rest : message));
            connection->sent += count > 0 ? count : 0;
            is_blocked = count < 0 && errno == EAGAIN;
        }
        if (is_blocked != connection->is_blocked) {
            load_watch(epoll, EPOLL_CTL_MOD, connection->stream.fd, index,
                       is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
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
                size_t size = receive(&connection->stream, index, connection->received);
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
        connections[i].stream = load_stream_open(options);
        int own = load_epoll();
        load_watch(own, EPOLL_CTL_ADD, connections[i].stream.fd, 0, EPOLLIN);
        run_messages(&one, own, &connections[i], 1);
        close(own);
        connections[i].sent = connections[i].received = connections[i].target = 0;
        load_watch(epoll, EPOLL_CTL_ADD, connections[i].stream.fd, i, EPOLLIN);
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
    int epoll = load_epoll();
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
    int epoll = load_epoll();
    struct connection *connections = open_connections(options, epoll);
    struct load_meter meter = {0, 0};
    load_report(options, &meter, 0);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    free(connections);
}

/* One life of a connection: connect, with TLS a handshake, a byte there and back, close_notify and FIN there
 * and back. The client ends first, so that the waiting time of the closed connection (TIME_WAIT) is the
 * client's. */
enum life { LIFE_CONNECTING, LIFE_HANDSHAKE, LIFE_ECHO, LIFE_ENDING };

struct life_slot {
    struct load_stream stream;
    enum life life;
};

static void begin_life(const struct load_options *options, int epoll, struct life_slot *slot, int index)
{
    slot->stream.fd = load_connect(options->port);
    slot->life = LIFE_CONNECTING;
    load_watch(epoll, EPOLL_CTL_ADD, slot->stream.fd, index, EPOLLOUT);
}

/* Goes on until there is something to wait for. True at the end of the life. */
static bool go_on(const struct load_options *options, int epoll, struct life_slot *slot, int index)
{
    if (slot->life == LIFE_CONNECTING) {
        load_check_connected(slot->stream.fd);
        slot->stream.tls = options->tls ? load_tls_new(slot->stream.fd, options->resume) : NULL;
        slot->life = LIFE_HANDSHAKE;
    }
    if (slot->life == LIFE_HANDSHAKE) {
        uint32_t events = slot->stream.tls != NULL ? load_tls_handshake(slot->stream.tls) : 0;
        if (events == 0) {
            if (load_send(&slot->stream, pattern_at(index, 0), 1) != 1) {
                load_fail("a byte that can't be sent");
            }
            slot->life = LIFE_ECHO;
            events = EPOLLIN;
        }
        load_watch(epoll, EPOLL_CTL_MOD, slot->stream.fd, index, events);
        return false;
    }
    size_t size = receive(&slot->stream, index, 0);
    if (size == SIZE_MAX) {
        return false;
    }
    if ((size == 0) != (slot->life == LIFE_ENDING)) {
        errno = 0;
        load_fail(size == 0 ? "the server has closed a connection early" : "too much came back");
    }
    if (slot->life == LIFE_ENDING) {
        load_stream_close(&slot->stream);
        return true;
    }
    slot->life = LIFE_ENDING;
    load_end(&slot->stream);
    return false;
}

static void run_lives(const struct load_options *options, int total)
{
    int epoll = load_epoll();
    int slots = options->connections < total ? options->connections : total, started = 0, done = 0;
    struct life_slot *slot = new_array(slots, sizeof(*slot));
    for (; started < slots; started++) {
        begin_life(options, epoll, &slot[started], started);
    }
    struct epoll_event events[EVENTS];
    while (done < total) {
        int count = load_wait(epoll, events, EVENTS);
        for (int i = 0; i < count; i++) {
            int index = (int)events[i].data.u32;
            if (!go_on(options, epoll, &slot[index], index)) {
                continue;
            }
            done++;
            if (started < total) {
                started++;
                begin_life(options, epoll, &slot[index], index);
            }
        }
    }
    free(slot);
    close(epoll);
}

void load_accept(const struct load_options *options)
{
    if (options->resume) {
        struct load_options first = *options; /* one that brings a session */
        first.connections = 1;
        run_lives(&first, 1);
    }
    if (options->warm_up > 0) {
        run_lives(options, options->warm_up);
    }
    int signatures = load_tls_signatures();
    struct load_meter meter;
    meter_start(&meter, options->pid);
    run_lives(options, options->operations);
    meter_stop(&meter, options->pid);
    signatures = load_tls_signatures() - signatures;
    if (options->tls && signatures != (options->resume ? 0 : options->operations)) {
        errno = 0;
        load_fail(options->resume ? "the server does not resume sessions" : "handshakes without a signature");
    }
    load_report(options, &meter, 0);
}
