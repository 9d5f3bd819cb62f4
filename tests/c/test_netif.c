/* test_netif.c - the list of interfaces and the watch for changes, in a namespace of its own. */
/* links: bindings/netif.c bindings/netif_watch.c */
#include "check.h"
#include "namespace.h"

#include "../../bindings/netif.h"

#include <arpa/inet.h>

enum { PATIENCE_MS = 3000 };

static uv_loop_t loop;
static int changes, closings;

static const struct io_netif *find(const struct io_netif_list *list, const char *name)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (strcmp(list->interfaces[i].name, name) == 0) {
            return &list->interfaces[i];
        }
    }
    return NULL;
}

static const struct io_netif_address *find_address(const struct io_netif *netif, const char *wanted)
{
    for (unsigned i = 0; netif && i < netif->address_count; i++) {
        char text[INET6_ADDRSTRLEN];
        const struct sockaddr_storage *address = &netif->addresses[i].address;
        const void *bytes = address->ss_family == AF_INET6
                                ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                                : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
        inet_ntop(address->ss_family, bytes, text, sizeof(text));
        if (strcmp(text, wanted) == 0) {
            return &netif->addresses[i];
        }
    }
    return NULL;
}

static struct sockaddr_in ipv4(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    CHECK(inet_pton(AF_INET, text, &address.sin_addr) == 1);
    return address;
}

static bool is_broadcast(const char *text)
{
    struct sockaddr_in address = ipv4(text);
    return io_netif_is_broadcast((struct sockaddr *)&address);
}

TEST(the_loopback_interface_is_listed)
{
    struct io_netif_list list;
    CHECK_INT(io_netif_list_get(&list), 0);
    const struct io_netif *lo = find(&list, "lo");
    CHECK(lo && lo->index == if_nametoindex("lo") && (lo->flags & IFF_LOOPBACK) && lo->mac_length == 0);
    const struct io_netif_address *address = find_address(lo, "127.0.0.1");
    CHECK(address && address->prefix_length == 8 && address->broadcast.ss_family == AF_UNSPEC);
    char name[IF_NAMESIZE];
    CHECK_STR(lo ? io_netif_name(lo->index, name) : NULL, "lo");
    CHECK(io_netif_name(0, name) == NULL);
    CHECK(io_netif_name(999999, name) == NULL);
    io_netif_list_finish(&list);
    CHECK(is_broadcast("255.255.255.255"));
    CHECK(!is_broadcast("127.0.0.1"));
}

TEST(interfaces_have_all_their_addresses_also_labelled_ones)
{
    CHECK(run_ip("addr add 10.9.0.1/20 brd + dev near0 label near0:1"));
    struct io_netif_list list, again;
    CHECK_INT(io_netif_list_get(&list), 0);
    const struct io_netif *netif = find(&list, "near0");
    CHECK(find(&list, "near0:1") == NULL);
    CHECK(netif && netif->mac_length == 6 && netif->mtu == 1500);
    CHECK(netif &&
          (netif->flags & (IFF_UP | IFF_RUNNING | IFF_MULTICAST)) == (IFF_UP | IFF_RUNNING | IFF_MULTICAST));
    CHECK(find_address(netif, "10.0.0.1") && find_address(netif, "10.0.0.1")->prefix_length == 24);
    CHECK(find_address(netif, "10.9.0.1") && find_address(netif, "10.9.0.1")->prefix_length == 20);
    CHECK(find_address(netif, "fd00::1") && find_address(netif, "fd00::1")->prefix_length == 64);
    CHECK(is_broadcast("10.9.15.255"));
    CHECK(is_broadcast("10.0.0.255"));
    CHECK(!is_broadcast("10.0.2.255"));
    CHECK_INT(io_netif_list_get(&again), 0);
    CHECK(io_netif_list_equal(&list, &again));
    io_netif_list_finish(&again);
    CHECK(run_ip("addr del 10.9.0.1/20 dev near0"));
    CHECK_INT(io_netif_list_get(&again), 0);
    CHECK(!io_netif_list_equal(&list, &again));
    io_netif_list_finish(&list);
    io_netif_list_finish(&again);
}

/* Where none is configured, getifaddrs() gives the address itself, or that of the peer. */
TEST(a_broadcast_address_is_the_networks_last_one)
{
    CHECK(run_ip("addr add 10.6.0.1/24 dev near0") &&
          run_ip("addr add 10.6.1.1 peer 10.6.1.2/32 dev near0") && run_ip("addr add 10.6.2.0/31 dev near0"));
    CHECK(is_broadcast("10.6.0.255"));
    const char *const others[] = {"10.6.0.1", "10.6.1.1", "10.6.1.2", "10.6.2.0", "10.6.2.1"};
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CHECK(!is_broadcast(others[i]));
    }
    CHECK(run_ip("addr del 10.6.0.1/24 dev near0") &&
          run_ip("addr del 10.6.1.1 peer 10.6.1.2/32 dev near0") && run_ip("addr del 10.6.2.0/31 dev near0"));
}

/* Watch ------------------------------------------------------------------------------------------ */

static void on_change(struct io_netif_watch *watch)
{
    (void)watch;
    changes++;
}

static void on_closed(struct io_netif_watch *watch)
{
    (void)watch;
    closings++;
}

static void on_timeout(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Runs the loop until that many changes were told, or for the time. */
static void run_for(int wanted, unsigned milliseconds)
{
    uv_timer_t timer;
    bool late = false;
    uv_timer_init(&loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_timeout, milliseconds, 0);
    while (changes < wanted && !late) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void start(struct io_netif_watch *watch)
{
    changes = closings = 0;
    CHECK_INT(io_netif_watch_open(watch, &loop, on_change), 0);
}

static void stop(struct io_netif_watch *watch)
{
    io_netif_watch_close(watch, on_closed);
    for (int i = 0; i < 10 && !closings; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(closings, 1);
}

TEST(a_burst_of_changes_is_told_once)
{
    struct io_netif_watch watch;
    start(&watch);
    for (int i = 1; i <= 5; i++) {
        CHECK(run_ip("addr add 10.8.%d.1/24 dev near0", i));
    }
    run_for(1, PATIENCE_MS);
    CHECK_INT(changes, 1);
    run_for(2, IO_NETIF_SETTLE_MS * 2);
    CHECK_INT(changes, 1);
    for (int i = 1; i <= 5; i++) {
        CHECK(run_ip("addr del 10.8.%d.1/24 dev near0", i));
    }
    run_for(2, PATIENCE_MS);
    CHECK_INT(changes, 2);
    stop(&watch);
}

TEST(a_link_that_flaps_is_a_change_although_all_is_as_before)
{
    struct io_netif_watch watch;
    run_ip("addr flush dev near1");
    start(&watch);
    CHECK(run_ip("link set near1 down") && run_ip("link set near1 up"));
    run_for(1, PATIENCE_MS);
    CHECK_INT(changes, 1);
    stop(&watch);
}

TEST(messages_that_change_nothing_are_not_told)
{
    struct io_netif_watch watch;
    run_for(1, IO_NETIF_SETTLE_MS); /* what still comes from before */
    start(&watch);
    CHECK(run_ip(
        "addr change fd00::1/64 dev near0 valid_lft 1000 preferred_lft 500")); /* a router does so often */
    CHECK(run_ip("link set near0 txqueuelen 500"));
    run_for(1, IO_NETIF_SETTLE_MS * 3);
    CHECK_INT(changes, 0);
    stop(&watch);
}

TEST(an_interface_that_comes_and_goes_is_told)
{
    struct io_netif_watch watch;
    start(&watch);
    CHECK(run_ip("link add tip9 type veth peer name tail9"));
    run_for(1, PATIENCE_MS);
    CHECK_INT(changes, 1);
    CHECK(run_ip("link del tip9"));
    run_for(2, PATIENCE_MS);
    CHECK_INT(changes, 2);
    stop(&watch);
}

TEST(messages_lost_to_overflow_are_a_change)
{
    struct io_netif_watch watch;
    start(&watch);
    int size = 1; /* the kernel's least */
    CHECK(setsockopt(watch.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
    for (int i = 0; i < 10; i++) {
        CHECK(run_ip("link set near0 txqueuelen %d", 501 + i)); /* would not be told if it was read */
    }
    run_for(1, PATIENCE_MS);
    CHECK_INT(changes, 1);
    CHECK(run_ip("addr add 10.8.1.1/24 dev near0")); /* and it goes on */
    run_for(2, PATIENCE_MS);
    CHECK_INT(changes, 2);
    stop(&watch);
}

TEST(a_watch_does_not_keep_the_loop_alive)
{
    struct io_netif_watch watch;
    start(&watch);
    CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
    stop(&watch);
}

TEST(a_watch_closed_while_a_burst_settles_is_silent)
{
    struct io_netif_watch watch;
    start(&watch);
    CHECK(run_ip("link add tip9 type veth peer name tail9"));
    while (watch.first == 0) {
        uv_ref((uv_handle_t *)&watch.poll);
        uv_run(&loop, UV_RUN_ONCE);
    }
    stop(&watch);
    run_for(1, IO_NETIF_SETTLE_MS * 2);
    CHECK_INT(changes, 0);
    CHECK(run_ip("link del tip9"));
}

int main(void)
{
    if (!enter_namespaces()) {
        printf("# %s\n", namespace_missing);
    }
    uv_loop_init(&loop);
    RUN(the_loopback_interface_is_listed);
    RUN_IN_NAMESPACE(interfaces_have_all_their_addresses_also_labelled_ones);
    RUN_IN_NAMESPACE(a_broadcast_address_is_the_networks_last_one);
    RUN_IN_NAMESPACE(a_burst_of_changes_is_told_once);
    RUN_IN_NAMESPACE(messages_that_change_nothing_are_not_told);
    RUN_IN_NAMESPACE(an_interface_that_comes_and_goes_is_told);
    RUN_IN_NAMESPACE(messages_lost_to_overflow_are_a_change);
    RUN_IN_NAMESPACE(a_link_that_flaps_is_a_change_although_all_is_as_before);
    RUN_IN_NAMESPACE(a_watch_closed_while_a_burst_settles_is_silent);
    RUN(a_watch_does_not_keep_the_loop_alive);
    CHECK_INT(uv_loop_close(&loop), 0);
    return check_done();
}
