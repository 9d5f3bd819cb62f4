/* test_connector.c - Happy Eyeballs over loopback: order of addresses, the delay, failures of every kind.
 * Addresses that never answer are listening sockets whose backlog is full: Linux drops further SYNs. */
/* links: bindings/connector.c bindings/net_provider.c bindings/net_option.c */
#include "bindings/connector.h"
#include "check.h"
#include "loopback.h"

static uv_loop_t loop;
static int done, status, connected = -1;

static void callback(void *owner, int result, int fd)
{
    CHECK(owner == &done);
    CHECK_INT(done, 0);
    done = 1;
    status = result;
    connected = fd;
}

static struct io_connector *start_with(const struct sockaddr_storage *addresses, size_t count,
                                       const struct io_tcp_options *options)
{
    struct io_connector *connector = NULL;

    done = 0;
    status = 1;
    connected = -1;
    CHECK_INT(io_connector_start(&loop, addresses, count, options, callback, &done, &connector), 0);
    CHECK_INT(done, 0); /* never from inside */
    return connector;
}

static struct io_connector *start(const struct sockaddr_storage *addresses, size_t count)
{
    static const struct io_tcp_options options = {0};
    return start_with(addresses, count, &options);
}

static struct sockaddr_storage address_v6(const char *text, int port)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)&storage;
    address->sin6_family = AF_INET6;
    inet_pton(AF_INET6, text, &address->sin6_addr);
    address->sin6_port = htons((uint16_t)port);
    return storage;
}

static struct sockaddr_storage address_v4(const char *text, int port)
{
    struct sockaddr_storage storage = loopback_address(port);
    inet_pton(AF_INET, text, &((struct sockaddr_in *)&storage)->sin_addr);
    return storage;
}

/* A port that swallows connection attempts. */
static struct blackhole {
    int listening, clients[2], port;
} hole;

static void open_blackhole(void)
{
    hole.listening = loopback_listen(0);
    hole.port = loopback_port(hole.listening);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_storage address = loopback_address(hole.port);
        hole.clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(hole.clients[i], (struct sockaddr *)&address, sizeof(struct sockaddr_in));
    }
}

static void close_blackhole(void)
{
    close(hole.listening);
    close(hole.clients[0]);
    close(hole.clients[1]);
}

static void expect_idle(void)
{
    for (int i = 0; i < 3; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK(!uv_loop_alive(&loop));
}

static void expect_connected_to(int port)
{
    CHECK(loopback_run(&loop, &done));
    CHECK_INT(status, 0);
    if (connected >= 0) {
        struct sockaddr_in peer;
        socklen_t length = sizeof(peer);
        CHECK_INT(getpeername(connected, (struct sockaddr *)&peer, &length), 0);
        CHECK_INT(ntohs(peer.sin_port), port);
        close(connected);
    }
    expect_idle();
}

static void expect_error(int error)
{
    CHECK(loopback_run(&loop, &done));
    CHECK_INT(status, error);
    CHECK_INT(connected, -1);
    expect_idle();
}

TEST(connects_to_one_address)
{
    int listening = loopback_listen(8), port = loopback_port(listening);
    struct sockaddr_storage address = loopback_address(port);
    struct io_connector *connector = start(&address, 1);

    CHECK(io_connector_fd(connector) >= 0);
    CHECK_INT(io_connector_error(connector), 0);
    expect_connected_to(port);
    close(listening);
}

TEST(a_refusal_is_reported)
{
    struct sockaddr_storage address = loopback_address(loopback_unused_port());
    start(&address, 1);
    expect_error(-ECONNREFUSED);
}

TEST(the_next_address_follows_a_refusal_at_once)
{
    int listening = loopback_listen(8), port = loopback_port(listening);
    struct sockaddr_storage addresses[8];
    uint64_t begin = uv_hrtime();

    for (int i = 0; i < 7; i++) {
        addresses[i] = loopback_address(loopback_unused_port());
    }
    addresses[7] = loopback_address(port);
    start(addresses, 8);
    expect_connected_to(port);
    CHECK((uv_hrtime() - begin) / 1000000 < 7 * IO_CONNECTOR_DELAY_MS);
    close(listening);
}

TEST(a_silent_address_costs_one_delay)
{
    int listening = loopback_listen(8), port = loopback_port(listening);
    struct sockaddr_storage addresses[2];
    uint64_t begin = uv_hrtime();

    open_blackhole();
    addresses[0] = loopback_address(hole.port);
    addresses[1] = loopback_address(port);
    start(addresses, 2);
    expect_connected_to(port);
    CHECK((uv_hrtime() - begin) / 1000000 >= IO_CONNECTOR_DELAY_MS - 5);
    close_blackhole();
    close(listening);
}

TEST(a_slow_first_address_can_still_win)
{
    struct sockaddr_storage addresses[2];

    open_blackhole();
    addresses[0] = loopback_address(hole.port);
    addresses[1] = loopback_address(loopback_unused_port());
    start(addresses, 2);
    CHECK(loopback_wakeups(&loop, 2 * IO_CONNECTOR_DELAY_MS) >= 1);
    CHECK_INT(done, 0);     /* the second was refused, the first is still trying */
    close(hole.clients[1]); /* the other one that is waiting for room */
    hole.clients[1] = accept(hole.listening, NULL, NULL);
    expect_connected_to(hole.port); /* there is room now, and SYN is sent again 1 s after the first */
    close_blackhole();
}

static int listening_v6 = -1;

static bool have_ipv6(void)
{
    struct sockaddr_storage address = address_v6("::1", 0);
    listening_v6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return listening_v6 >= 0 &&
           bind(listening_v6, (struct sockaddr *)&address, sizeof(struct sockaddr_in6)) == 0 &&
           listen(listening_v6, 8) == 0;
}

TEST(families_take_turns)
{
    int port = loopback_port(listening_v6), listening = loopback_listen(8);
    struct sockaddr_storage addresses[3];

    open_blackhole();
    addresses[0] = loopback_address(hole.port);
    addresses[1] = loopback_address(loopback_port(listening)); /* would answer, but it is the turn of IPv6 */
    addresses[2] = address_v6("::1", port);
    start(addresses, 3);
    expect_connected_to(port);
    close_blackhole();
    close(listening);
}

TEST(no_route_is_known_on_return_and_reported_later)
{
    struct sockaddr_storage addresses[2] = {address_v4("255.255.255.255", 9),
                                            address_v4("255.255.255.255", 10)};
    struct io_connector *connector = start(addresses, 2);
    int error = io_connector_error(connector);

    CHECK(error < 0); /* ENETUNREACH, or EACCES where there is a route */
    CHECK_INT(io_connector_fd(connector), -1);
    expect_error(error);
}

TEST(addresses_without_a_route_cost_no_delay)
{
    int listening = loopback_listen(8), port = loopback_port(listening);
    struct sockaddr_storage addresses[2] = {address_v4("255.255.255.255", 9), loopback_address(port)};
    struct io_connector *connector = start(addresses, 2);

    CHECK(io_connector_fd(connector) >= 0);
    expect_connected_to(port);
    close(listening);
}

TEST(a_local_address_chooses_the_family_and_is_used)
{
    int listening = loopback_listen(8), port = loopback_port(listening), fd;
    struct sockaddr_storage addresses[2] = {address_v6("::1", port), loopback_address(port)};
    struct sockaddr_storage local = address_v4("127.0.0.9", 0);
    struct io_tcp_options options = {.local = (struct sockaddr *)&local};
    struct sockaddr_in peer;
    socklen_t length = sizeof(peer);

    start_with(addresses, 2, &options);
    memset(&local, 0, sizeof(local)); /* copied */
    expect_connected_to(port);
    fd = accept(listening, (struct sockaddr *)&peer, &length);
    CHECK_INT(peer.sin_addr.s_addr, inet_addr("127.0.0.9"));
    close(fd);
    close(listening);
}

TEST(a_foreign_local_address_is_an_error)
{
    struct sockaddr_storage address = loopback_address(9), local = address_v4("192.0.2.1", 0);
    struct io_tcp_options options = {.local = (struct sockaddr *)&local};

    CHECK_INT(io_connector_error(start_with(&address, 1, &options)), -EADDRNOTAVAIL);
    expect_error(-EADDRNOTAVAIL);
}

TEST(a_local_port_alone_fits_either_family)
{
    int listening = loopback_listen(8), port = loopback_port(listening), local_port = loopback_unused_port(),
        fd;
    struct sockaddr_storage addresses[2] = {address_v6("::1", loopback_unused_port()),
                                            loopback_address(port)};
    struct sockaddr_in local = {.sin_family = AF_UNSPEC, .sin_port = htons((uint16_t)local_port)};
    struct io_tcp_options options = {.local = (struct sockaddr *)&local, .address_reuse = true};
    struct sockaddr_in peer;
    socklen_t length = sizeof(peer);

    start_with(addresses, 2, &options);
    expect_connected_to(port);
    fd = accept(listening, (struct sockaddr *)&peer, &length);
    CHECK_INT(ntohs(peer.sin_port), local_port);
    close(fd);
    close(listening);
}

TEST(exhausted_descriptors_are_an_error)
{
    struct sockaddr_storage addresses[2] = {loopback_address(9), loopback_address(10)};
    rlim_t before = loopback_exhaust_descriptors();

    start(addresses, 2);
    loopback_restore_descriptors(before);
    expect_error(-EMFILE);
}

TEST(abort_ends_everything)
{
    struct sockaddr_storage addresses[2];

    open_blackhole();
    addresses[0] = addresses[1] = loopback_address(hole.port);
    struct io_connector *connector = start(addresses, 2);
    loopback_wakeups(&loop, IO_CONNECTOR_DELAY_MS + 50); /* both under way */
    io_connector_abort(connector);
    expect_idle();
    CHECK_INT(done, 0);
    close_blackhole();
}

TEST(abort_before_a_known_failure_is_reported)
{
    struct sockaddr_storage address = address_v4("255.255.255.255", 9);
    io_connector_abort(start(&address, 1));
    expect_idle();
    CHECK_INT(done, 0);
}

TEST(a_long_list_is_cut)
{
    struct sockaddr_storage addresses[IO_CONNECTOR_ADDRESSES_MAX + 1];
    int listening = loopback_listen(8);

    for (int i = 0; i < IO_CONNECTOR_ADDRESSES_MAX; i++) {
        addresses[i] = loopback_address(loopback_unused_port());
    }
    addresses[IO_CONNECTOR_ADDRESSES_MAX] = loopback_address(loopback_port(listening));
    start(addresses, IO_CONNECTOR_ADDRESSES_MAX + 1);
    expect_error(-ECONNREFUSED);
    close(listening);
}

int main(void)
{
    uv_loop_init(&loop);
    RUN(connects_to_one_address);
    RUN(a_refusal_is_reported);
    RUN(the_next_address_follows_a_refusal_at_once);
    RUN(a_silent_address_costs_one_delay);
    RUN(a_slow_first_address_can_still_win);
    if (have_ipv6()) {
        RUN(families_take_turns);
    } else {
        check_skip("families take turns", "no IPv6 here");
    }
    RUN(no_route_is_known_on_return_and_reported_later);
    RUN(addresses_without_a_route_cost_no_delay);
    RUN(a_local_address_chooses_the_family_and_is_used);
    RUN(a_foreign_local_address_is_an_error);
    RUN(a_local_port_alone_fits_either_family);
    RUN(exhausted_descriptors_are_an_error);
    RUN(abort_ends_everything);
    RUN(abort_before_a_known_failure_is_reported);
    RUN(a_long_list_is_cut);
    CHECK_INT(uv_loop_close(&loop), 0);
    return check_done();
}
