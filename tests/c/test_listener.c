/* test_listener.c - accepting on demand over loopback: bursts, clients that leave at once, exhausted
 * descriptors. */
/* links: bindings/listener.c bindings/net_provider.c bindings/net_option.c */
#include "bindings/listener.h"
#include "bindings/net_provider.h"
#include "check.h"
#include "loopback.h"

static uv_loop_t loop;
static struct io_listener listener;
static int port, readable, closed;

static void callback(struct io_listener *l, enum io_listener_event event)
{
    CHECK(l == &listener);
    CHECK_INT(closed, 0);
    readable += event == IO_LISTENER_READABLE;
    closed = event == IO_LISTENER_CLOSED;
}

static void open_listener(void)
{
    struct sockaddr_storage local = loopback_address(0);
    struct io_listen_options options = {.backlog = 128};
    int fd = -1;

    readable = closed = 0;
    CHECK_INT(io_net_listen((struct sockaddr *)&local, &options, &fd), 0);
    port = loopback_port(fd);
    io_listener_init(&listener, callback);
    CHECK_INT(io_listener_open(&listener, &loop, fd), 0);
}

static void close_listener(void)
{
    io_listener_close(&listener);
    io_listener_close(&listener);
    CHECK_INT(closed, 0); /* never from inside */
    CHECK(loopback_run(&loop, &closed));
    CHECK(!uv_loop_alive(&loop));
}

static int try_accept(void)
{
    struct sockaddr_storage peer;
    int fd = -1;
    int error = io_listener_accept(&listener, &fd, &peer);
    return error == 0 ? fd : error;
}

TEST(accepts_on_demand)
{
    struct sockaddr_storage peer;
    int client, fd = -1;

    open_listener();
    CHECK_INT(try_accept(), -EAGAIN);
    CHECK_INT(loopback_wakeups(&loop, 30), 0);
    client = loopback_connect(port);
    CHECK(loopback_run(&loop, &readable));
    CHECK_INT(io_listener_accept(&listener, &fd, &peer), 0);
    CHECK_INT(ntohs(((struct sockaddr_in *)&peer)->sin_port), loopback_port(client));
    CHECK_INT(readable, 1);
    close(fd);
    close(client);
    close_listener();
}

TEST(connections_that_nobody_asks_for_wake_at_most_once)
{
    int client, other, fd;

    open_listener();
    CHECK_INT(try_accept(), -EAGAIN);
    client = loopback_connect(port);
    CHECK(loopback_run(&loop, &readable));
    fd = try_accept();
    other = loopback_connect(port);
    CHECK(loopback_wakeups(&loop, 30) <= 1);
    CHECK_INT(readable, 1);
    close(fd);
    fd = try_accept();
    CHECK(fd >= 0);
    close(fd);
    close(client);
    close(other);
    close_listener();
}

TEST(a_burst_leaves_the_loop_a_turn)
{
    int clients[IO_LISTENER_ACCEPTS_PER_EVENT + 1], accepted = 0, fd;

    open_listener();
    for (int i = 0; i <= IO_LISTENER_ACCEPTS_PER_EVENT; i++) {
        clients[i] = loopback_connect(port);
    }
    while ((fd = try_accept()) >= 0) {
        close(fd);
        accepted++;
    }
    CHECK_INT(fd, -EAGAIN);
    CHECK_INT(accepted, IO_LISTENER_ACCEPTS_PER_EVENT);
    CHECK(loopback_run(&loop, &readable));
    fd = try_accept();
    CHECK(fd >= 0);
    close(fd);
    for (int i = 0; i <= IO_LISTENER_ACCEPTS_PER_EVENT; i++) {
        close(clients[i]);
    }
    close_listener();
}

TEST(clients_that_reset_at_once_do_no_harm)
{
    int client, fd;

    open_listener();
    CHECK_INT(try_accept(), -EAGAIN);
    for (int i = 0; i < 1000; i++) {
        loopback_reset(loopback_connect(port));
        if (i % 50 == 49) {
            readable = 0;
            while ((fd = try_accept()) >= 0) {
                close(fd);
            }
            CHECK_INT(fd, -EAGAIN);
            uv_run(&loop, UV_RUN_NOWAIT);
        }
    }
    while ((fd = try_accept()) >= 0) {
        close(fd);
    }
    client = loopback_connect(port);
    readable = 0;
    CHECK(loopback_run(&loop, &readable));
    fd = try_accept();
    CHECK(fd >= 0);
    close(fd);
    close(client);
    close_listener();
}

TEST(exhausted_descriptors_are_told_once_and_recovered_from)
{
    int client, fd, wakeups;
    uint64_t start;
    rlim_t before;

    open_listener();
    client = loopback_connect(port);
    before = loopback_exhaust_descriptors();
    CHECK_INT(try_accept(), -EMFILE);
    CHECK_INT(try_accept(), -EAGAIN);
    CHECK_INT(try_accept(), -EAGAIN);
    wakeups = loopback_wakeups(&loop, 300);
    CHECK(wakeups > 0 && wakeups < 20); /* tries, does not spin */
    CHECK_INT(readable, 0);
    loopback_restore_descriptors(before);
    start = uv_hrtime();
    CHECK(loopback_run(&loop, &readable));
    CHECK((uv_hrtime() - start) / 1000000 < 1000); /* 80 ms plus whatever the machine is busy with */
    fd = try_accept();
    CHECK(fd >= 0);
    close(fd);
    CHECK_INT(try_accept(), -EAGAIN);
    close(client);
    client = loopback_connect(port); /* polling again */
    readable = 0;
    CHECK(loopback_run(&loop, &readable));
    close(try_accept());
    close(client);
    close_listener();
}

TEST(exhausted_descriptors_without_a_taker_wake_nobody)
{
    int client;
    rlim_t before;

    open_listener();
    client = loopback_connect(port);
    before = loopback_exhaust_descriptors();
    CHECK_INT(try_accept(), -EMFILE);
    CHECK_INT(loopback_wakeups(&loop, 50), 0);
    loopback_restore_descriptors(before);
    close(client);
    close_listener();
}

TEST(a_connection_accepted_ahead_is_closed_with_the_listener)
{
    char byte;
    int client;
    rlim_t before;

    open_listener();
    client = loopback_connect(port);
    before = loopback_exhaust_descriptors();
    CHECK_INT(try_accept(), -EMFILE);
    CHECK_INT(try_accept(), -EAGAIN);
    loopback_restore_descriptors(before);
    CHECK(loopback_run(&loop, &readable));
    close_listener();
    CHECK(recv(client, &byte, 1, 0) <= 0);
    close(client);
}

int main(void)
{
    uv_loop_init(&loop);
    printf("# sizeof(struct io_listener) is %zu\n", sizeof(struct io_listener));
    RUN(accepts_on_demand);
    RUN(connections_that_nobody_asks_for_wake_at_most_once);
    RUN(a_burst_leaves_the_loop_a_turn);
    RUN(clients_that_reset_at_once_do_no_harm);
    RUN(exhausted_descriptors_are_told_once_and_recovered_from);
    RUN(exhausted_descriptors_without_a_taker_wake_nobody);
    RUN(a_connection_accepted_ahead_is_closed_with_the_listener);
    CHECK_INT(uv_loop_close(&loop), 0);
    return check_done();
}
