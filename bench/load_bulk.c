/* load_bulk.c - much data one way over one connection. `fetch`: each byte sent asks the server for 1 MiB
 * more. `store`: the server confirms each MiB with a byte, so that it has read all of it when the clocks
 * stop. */
#include "load.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

enum { MIB = 1 << 20 };

/* What comes is to be 0, 1, … 255, 0, … */
static void check(const uint8_t *bytes, size_t size, int64_t offset)
{
    static uint8_t expected[LOAD_SIZE_MAX + 256];
    if (expected[1] == 0) {
        for (size_t i = 0; i < sizeof(expected); i++) {
            expected[i] = (uint8_t)i;
        }
    }
    if (memcmp(bytes, expected + offset % 256, size) != 0) {
        errno = 0;
        load_fail("what comes is not 0, 1, 2 to 255 and again");
    }
}

/* Returns how many bytes came: 0 if none is there. */
static size_t receive(const struct load_stream *stream, uint8_t *bytes, size_t size)
{
    ssize_t count = load_receive(stream, bytes, size);
    if (count == 0) {
        errno = 0;
        load_fail("the server has closed the connection");
    }
    return count > 0 ? (size_t)count : 0;
}

static void run_fetch(const struct load_options *options, int epoll, const struct load_stream *stream,
                      int count)
{
    static uint8_t buffer[LOAD_SIZE_MAX];
    int64_t received = 0;
    int asked = 0;
    struct epoll_event event;
    while (received < (int64_t)count * MIB) {
        while (asked < count && asked < received / MIB + options->window) {
            if (load_send(stream, (const uint8_t *)"", 1) != 1) {
                load_fail("a byte that can't be sent");
            }
            asked++;
        }
        load_wait(epoll, &event, 1);
        size_t size = receive(stream, buffer, sizeof(buffer));
        check(buffer, size, received);
        received += (int64_t)size;
    }
}

static void run_store(const struct load_options *options, int epoll, const struct load_stream *stream,
                      int count)
{
    uint8_t buffer[64];
    int64_t sent = 0, total = (int64_t)count * MIB;
    int confirmed = 0;
    uint32_t watched = EPOLLIN;
    struct epoll_event event;
    while (confirmed < count) {
        bool is_blocked = false;
        while (sent < total && !is_blocked) {
            int64_t rest = options->size - sent % options->size;
            rest = rest < total - sent ? rest : total - sent;
            ssize_t size = load_send(stream, pattern_at(0, sent), (size_t)rest);
            is_blocked = size < 0;
            sent += is_blocked ? 0 : size;
        }
        uint32_t events = is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
        if (events != watched) {
            load_watch(epoll, EPOLL_CTL_MOD, stream->fd, 0, events);
            watched = events;
        }
        load_wait(epoll, &event, 1);
        if ((event.events & ~(uint32_t)EPOLLOUT) != 0) {
            confirmed += (int)receive(stream, buffer, sizeof(buffer));
        }
    }
    if (watched != EPOLLIN) {
        load_watch(epoll, EPOLL_CTL_MOD, stream->fd, 0, EPOLLIN);
    }
}

static void run(const struct load_options *options,
                void (*run_some)(const struct load_options *, int, const struct load_stream *, int))
{
    int epoll = load_epoll();
    struct load_stream stream = load_stream_open(options);
    load_watch(epoll, EPOLL_CTL_ADD, stream.fd, 0, EPOLLIN);
    run_some(options, epoll, &stream, options->warm_up);
    struct load_meter meter;
    meter_start(&meter, options->pid);
    run_some(options, epoll, &stream, options->operations);
    meter_stop(&meter, options->pid);
    load_report(options, &meter, 0);
    load_stream_close(&stream);
}

void load_fetch(const struct load_options *options)
{
    run(options, run_fetch);
}

void load_store(const struct load_options *options)
{
    run(options, run_store);
}
