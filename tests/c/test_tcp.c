/* test_tcp.c - TCP connections over loopback: end and loss of a connection in every order, arming, budgets.
 */
/* links: bindings/tcp.c bindings/net_provider.c bindings/net_option.c */
#include "bindings/tcp.h"
#include "check.h"
#include "loopback.h"

static uv_loop_t loop;
static struct io_tcp tcp;
static int peer;
static int events[4]; /* how many of each */
static int closed;
static void (*on_event)(enum io_tcp_event event);

static void callback(struct io_tcp *socket, enum io_tcp_event event)
{
    CHECK(socket == &tcp);
    CHECK(closed == 0);
    events[event]++;
    closed = event == IO_TCP_CLOSED || event == IO_TCP_FAILED;
    if (on_event != NULL) {
        on_event(event);
    }
}

static void open_pair(void)
{
    int fds[2];

    memset(events, 0, sizeof(events));
    closed = 0;
    on_event = NULL;
    loopback_pair(fds);
    peer = fds[1];
    io_tcp_init(&tcp, callback);
    CHECK_INT(io_tcp_open(&tcp, &loop, fds[0]), 0);
}

/* Small buffers: a few writes fill them, long before the budget of an event is used up. */
static void fill(void)
{
    static const char block[1 << 16];
    int size = 1 << 14;

    setsockopt(tcp.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    while (io_tcp_write(&tcp, block, sizeof(block)) == sizeof(block)) {
    }
    CHECK(tcp.write_budget > 0);
}

static void expect_closed(enum io_tcp_event event)
{
    CHECK(loopback_run(&loop, &closed));
    CHECK_INT(events[event], 1);
    CHECK_INT(events[IO_TCP_CLOSED] + events[IO_TCP_FAILED], 1);
    CHECK(!uv_loop_alive(&loop));
}

TEST(reads_after_one_readable_event)
{
    char buffer[16];

    open_pair();
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    CHECK_INT(write(peer, "hello", 5), 5);
    CHECK(loopback_run(&loop, &events[IO_TCP_READABLE]));
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    CHECK_INT(events[IO_TCP_READABLE], 1);
    io_tcp_drop(&tcp);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(an_idle_socket_wakes_nobody)
{
    char buffer[16];

    open_pair();
    CHECK_INT(loopback_wakeups(&loop, 50), 0);
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    CHECK_INT(loopback_wakeups(&loop, 50), 0);
    io_tcp_drop(&tcp);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(data_that_nobody_reads_wakes_at_most_once)
{
    char buffer[16];

    open_pair();
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    CHECK_INT(write(peer, "a", 1), 1);
    CHECK(loopback_run(&loop, &events[IO_TCP_READABLE]));
    CHECK(loopback_wakeups(&loop, 50) <= 1);
    CHECK_INT(events[IO_TCP_READABLE], 1);
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), 1);
    io_tcp_drop(&tcp);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(writes_until_full_then_one_writable_event)
{
    static char block[1 << 16];
    size_t sent = 0, received = 0;
    ssize_t count;

    open_pair();
    do {
        count = io_tcp_write(&tcp, block, sizeof(block));
        CHECK(count >= 0);
        sent += (size_t)count;
    } while (count == sizeof(block));
    while (received < sent) {
        count = read(peer, block, sizeof(block));
        CHECK(count > 0);
        received += (size_t)count;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK(loopback_run(&loop, &events[IO_TCP_WRITABLE]));
    CHECK(loopback_wakeups(&loop, 20) == 0);
    CHECK_INT(events[IO_TCP_WRITABLE], 1);
    CHECK_INT(io_tcp_write(&tcp, "x", 1), 1);
    io_tcp_drop(&tcp);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(a_reader_and_a_writer_wait_together)
{
    static char block[1 << 16];
    char buffer[4];

    open_pair();
    fill();
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    CHECK_INT(write(peer, "a", 1), 1);
    CHECK(loopback_run(&loop, &events[IO_TCP_READABLE]));
    CHECK_INT(events[IO_TCP_WRITABLE], 0);
    while (events[IO_TCP_WRITABLE] == 0) {
        CHECK(read(peer, block, sizeof(block)) > 0);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), 1);
    io_tcp_drop(&tcp);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(a_fast_peer_does_not_starve_the_loop)
{
    static char block[1 << 16];
    size_t sent = 0;
    ssize_t count = 0;

    open_pair();
    /* Everything written is read at once, so the kernel never says "would block". */
    for (int i = 0; i < 100 && count >= 0; i++) {
        count = io_tcp_write(&tcp, block, sizeof(block));
        if (count <= 0) {
            break;
        }
        sent += (size_t)count;
        CHECK(recv(peer, block, (size_t)count, MSG_WAITALL) == count);
    }
    CHECK_INT(count, 0);
    CHECK_INT(sent, IO_TCP_BYTES_PER_EVENT);
    CHECK(loopback_run(&loop, &events[IO_TCP_WRITABLE]));
    CHECK_INT(io_tcp_write(&tcp, "x", 1), 1);

    sent = 0;
    for (int i = 0; i < 100; i++) {
        CHECK(write(peer, block, sizeof(block)) == sizeof(block));
        count = io_tcp_read(&tcp, block, sizeof(block));
        if (count < 0) {
            break;
        }
        sent += (size_t)count;
    }
    CHECK_INT(count, -EAGAIN);
    CHECK(sent >= IO_TCP_BYTES_PER_EVENT && sent < 2 * IO_TCP_BYTES_PER_EVENT);
    CHECK(loopback_run(&loop, &events[IO_TCP_READABLE]));
    CHECK(io_tcp_read(&tcp, block, sizeof(block)) > 0);
    io_tcp_drop(&tcp);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(after_the_peers_fin_writing_goes_on)
{
    char buffer[16];

    open_pair();
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    shutdown(peer, SHUT_WR);
    CHECK(loopback_run(&loop, &events[IO_TCP_READABLE]));
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), 0);
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), 0);
    CHECK_INT(loopback_wakeups(&loop, 20), 0);
    CHECK_INT(io_tcp_write(&tcp, "late", 4), 4);
    CHECK_INT(read(peer, buffer, sizeof(buffer)), 4);
    io_tcp_close(&tcp);
    expect_closed(IO_TCP_CLOSED);
    CHECK_INT(read(peer, buffer, sizeof(buffer)), 0);
    close(peer);
}

TEST(after_shutdown_reading_goes_on)
{
    char buffer[16];

    open_pair();
    CHECK_INT(io_tcp_write(&tcp, "last", 4), 4);
    CHECK_INT(io_tcp_shutdown(&tcp), 0);
    CHECK_INT(io_tcp_shutdown(&tcp), 0);
    CHECK_INT(io_tcp_write(&tcp, "more", 4), -EPIPE);
    CHECK_INT(recv(peer, buffer, sizeof(buffer), 0), 4);
    CHECK_INT(recv(peer, buffer, sizeof(buffer), 0), 0);
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    CHECK_INT(write(peer, "reply", 5), 5);
    CHECK(loopback_run(&loop, &events[IO_TCP_READABLE]));
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), 5);
    io_tcp_drop(&tcp);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(a_reset_while_reading_is_told)
{
    char buffer[16];

    open_pair();
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    loopback_reset(peer);
    CHECK(loopback_run(&loop, &events[IO_TCP_READABLE]));
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -ECONNRESET);
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -ECONNRESET);
    CHECK_INT(io_tcp_write(&tcp, "x", 1), -ECONNRESET);
    CHECK(loopback_wakeups(&loop, 20) <= 0);
    io_tcp_close(&tcp);
    expect_closed(IO_TCP_CLOSED);
}

TEST(a_reset_found_by_writing_is_not_an_end_of_file_for_reading)
{
    char buffer[16];

    open_pair();
    loopback_reset(peer);
    CHECK_INT(io_tcp_write(&tcp, "x", 1), -ECONNRESET);
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -ECONNRESET);
    io_tcp_reset(&tcp);
    expect_closed(IO_TCP_CLOSED);
}

TEST(data_before_a_loss_is_read_first)
{
    char buffer[16];

    open_pair();
    CHECK_INT(io_tcp_write(&tcp, "unread", 6), 6);
    CHECK_INT(write(peer, "answer", 6), 6);
    close(peer); /* with unread data: RST */
    CHECK(io_tcp_write(&tcp, "x", 1) < 0 || io_tcp_write(&tcp, "x", 1) < 0);
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), 6);
    CHECK(io_tcp_read(&tcp, buffer, sizeof(buffer)) < 0);
    io_tcp_drop(&tcp);
    expect_closed(IO_TCP_CLOSED);
}

TEST(close_waits_for_the_peers_fin)
{
    char buffer[16];

    open_pair();
    CHECK_INT(write(peer, "unread", 6), 6);
    CHECK_INT(io_tcp_write(&tcp, "bye", 3), 3);
    io_tcp_close(&tcp);
    io_tcp_close(&tcp);
    CHECK_INT(recv(peer, buffer, sizeof(buffer), 0), 3);
    CHECK_INT(recv(peer, buffer, sizeof(buffer), 0), 0);
    CHECK_INT(write(peer, "ignored", 7), 7);
    for (int i = 0; i < 5; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(closed, 0);
    CHECK_INT(recv(peer, buffer, sizeof(buffer), MSG_DONTWAIT), 0); /* still no RST */
    shutdown(peer, SHUT_WR);
    expect_closed(IO_TCP_CLOSED);
    CHECK_INT(recv(peer, buffer, sizeof(buffer), 0), 0);
    close(peer);
}

TEST(close_gives_up_on_a_peer_that_never_stops_sending)
{
    static char block[1 << 16];
    struct timeval wait = {.tv_sec = 2};

    open_pair();
    setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    io_tcp_close(&tcp);
    for (int i = 0; i < 1000 && closed == 0; i++) {
        if (send(peer, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) {
            break;
        }
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(a_reset_during_close_is_a_failure)
{
    open_pair();
    io_tcp_close(&tcp);
    uv_run(&loop, UV_RUN_NOWAIT);
    loopback_reset(peer);
    expect_closed(IO_TCP_FAILED);
    CHECK_INT(tcp.error, -ECONNRESET);
}

TEST(a_loss_that_close_discovers_is_a_failure)
{
    open_pair();
    loopback_reset(peer);
    io_tcp_close(&tcp);
    expect_closed(IO_TCP_FAILED);
    CHECK_INT(tcp.error, -ECONNRESET);
}

TEST(reset_sends_rst)
{
    char buffer[16];

    open_pair();
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    io_tcp_reset(&tcp);
    io_tcp_reset(&tcp);
    CHECK_INT(closed, 0); /* never from inside */
    CHECK_INT(recv(peer, buffer, sizeof(buffer), 0), -1);
    CHECK_INT(errno, ECONNRESET);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

TEST(reset_cuts_a_close_short)
{
    open_pair();
    io_tcp_close(&tcp);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_INT(closed, 0);
    io_tcp_reset(&tcp);
    expect_closed(IO_TCP_CLOSED);
    close(peer);
}

static void reset_in_event(enum io_tcp_event event)
{
    if (event == IO_TCP_READABLE) {
        io_tcp_reset(&tcp);
    }
}

TEST(a_reset_inside_an_event_ends_the_events)
{
    char buffer[4];

    open_pair();
    fill();
    CHECK_INT(io_tcp_read(&tcp, buffer, sizeof(buffer)), -EAGAIN);
    on_event = reset_in_event;
    loopback_reset(peer); /* wakes reader and writer in one go */
    expect_closed(IO_TCP_CLOSED);
    CHECK_INT(events[IO_TCP_READABLE], 1);
    CHECK_INT(events[IO_TCP_WRITABLE], 0);
}

TEST(closing_what_never_opened_does_nothing)
{
    io_tcp_init(&tcp, callback);
    io_tcp_close(&tcp);
    io_tcp_reset(&tcp);
    io_tcp_drop(&tcp);
    CHECK_INT(tcp.state, IO_NEW);
    CHECK(!uv_loop_alive(&loop));
}

int main(void)
{
    uv_loop_init(&loop);
    printf("# sizeof(struct io_tcp) is %zu\n", sizeof(struct io_tcp));
    RUN(reads_after_one_readable_event);
    RUN(an_idle_socket_wakes_nobody);
    RUN(data_that_nobody_reads_wakes_at_most_once);
    RUN(writes_until_full_then_one_writable_event);
    RUN(a_reader_and_a_writer_wait_together);
    RUN(a_fast_peer_does_not_starve_the_loop);
    RUN(after_the_peers_fin_writing_goes_on);
    RUN(after_shutdown_reading_goes_on);
    RUN(a_reset_while_reading_is_told);
    RUN(a_reset_found_by_writing_is_not_an_end_of_file_for_reading);
    RUN(data_before_a_loss_is_read_first);
    RUN(close_waits_for_the_peers_fin);
    RUN(close_gives_up_on_a_peer_that_never_stops_sending);
    RUN(a_reset_during_close_is_a_failure);
    RUN(a_loss_that_close_discovers_is_a_failure);
    RUN(reset_sends_rst);
    RUN(reset_cuts_a_close_short);
    RUN(a_reset_inside_an_event_ends_the_events);
    RUN(closing_what_never_opened_does_nothing);
    CHECK_INT(uv_loop_close(&loop), 0);
    return check_done();
}
