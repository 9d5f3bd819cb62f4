/* loopback.h - what the socket tests share: blocking peers on 127.0.0.1 and a loop that runs until something
 * happened or a generous time is over. Not here: network namespaces (tests/node). */
#ifndef CLEAT_LOOPBACK_H
#define CLEAT_LOOPBACK_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { LOOPBACK_PATIENCE_MS = 20000 }; /* reached only when a test has failed */

static inline struct sockaddr_storage loopback_address(int port)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *address = (struct sockaddr_in *)&storage;
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address->sin_port = htons((uint16_t)port);
    return storage;
}

static inline int loopback_port(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : -errno;
}

/* A blocking listening socket on a port that the system chooses. */
static inline int loopback_listen(int backlog)
{
    struct sockaddr_storage address = loopback_address(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(struct sockaddr_in)) != 0 ||
        listen(fd, backlog) != 0) {
        abort();
    }
    return fd;
}

/* A blocking connection to a port. */
static inline int loopback_connect(int port)
{
    struct sockaddr_storage address = loopback_address(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(struct sockaddr_in)) != 0) {
        abort();
    }
    return fd;
}

/* Both ends of a connection: [0] as the code under test gets it (non-blocking), [1] blocking. */
static inline void loopback_pair(int fds[2])
{
    int listening = loopback_listen(1);
    fds[1] = loopback_connect(loopback_port(listening));
    fds[0] = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fds[0] < 0) {
        abort();
    }
    close(listening);
}

/* Ends a connection with RST. */
static inline void loopback_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

/* A port on which nobody listens. */
static inline int loopback_unused_port(void)
{
    int fd = loopback_listen(1);
    int port = loopback_port(fd);
    close(fd);
    return port;
}

static void loopback_give_up(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void loopback_timer_closed(uv_handle_t *timer)
{
    *(bool *)timer->data = false;
}

/* Runs the loop until *done is not zero; false if the time is over first. */
static inline bool loopback_run(uv_loop_t *loop, const int *done)
{
    bool over = false, open = true;
    uv_timer_t timer;

    uv_timer_init(loop, &timer);
    uv_update_time(loop);
    timer.data = &over;
    uv_timer_start(&timer, loopback_give_up, LOOPBACK_PATIENCE_MS, 0);
    while (*done == 0 && !over) {
        uv_run(loop, UV_RUN_ONCE);
    }
    timer.data = &open;
    uv_close((uv_handle_t *)&timer, loopback_timer_closed);
    while (open) {
        uv_run(loop, UV_RUN_NOWAIT);
    }
    return *done != 0;
}

static void loopback_count_turn(uv_prepare_t *prepare)
{
    ++*(int *)prepare->data;
}

/* Runs the loop for a while; how often it woke up in that time, the end of it not counted. */
static inline int loopback_wakeups(uv_loop_t *loop, unsigned milliseconds)
{
    bool over = false, open = true;
    int turns = 0;
    uv_timer_t timer;
    uv_prepare_t prepare;

    uv_timer_init(loop, &timer);
    uv_prepare_init(loop, &prepare);
    prepare.data = &turns;
    uv_update_time(loop);
    timer.data = &over;
    uv_timer_start(&timer, loopback_give_up, milliseconds, 0);
    uv_prepare_start(&prepare, loopback_count_turn);
    while (!over) {
        uv_run(loop, UV_RUN_ONCE);
    }
    uv_prepare_stop(&prepare);
    prepare.data = timer.data = &open;
    uv_close((uv_handle_t *)&timer, loopback_timer_closed);
    while (open) {
        uv_run(loop, UV_RUN_NOWAIT);
    }
    open = true;
    uv_close((uv_handle_t *)&prepare, loopback_timer_closed);
    while (open) {
        uv_run(loop, UV_RUN_NOWAIT);
    }
    return turns - 1;
}

/* Leaves no free descriptor; loopback_restore_descriptors() undoes it. */
static inline rlim_t loopback_exhaust_descriptors(void)
{
    struct rlimit limit;
    rlim_t before;
    int next = dup(0);

    close(next); /* the lowest free one */
    getrlimit(RLIMIT_NOFILE, &limit);
    before = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &limit);
    return before;
}

static inline void loopback_restore_descriptors(rlim_t before)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = before;
    setrlimit(RLIMIT_NOFILE, &limit);
}

#endif
