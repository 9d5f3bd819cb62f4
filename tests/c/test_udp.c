/* test_udp.c - UDP sockets between two namespaces joined by two cables: groups, zones, arrival data, drops,
 * errors of single datagrams, interfaces that go. */
/* links: bindings/udp.c bindings/udp_group.c bindings/net_provider.c bindings/net_option.c */
#include "check.h"
#include "namespace.h"

#include "../../bindings/udp.h"

#include <arpa/inet.h>

enum { PATIENCE_MS = 2000, QUIET_MS = 50 };

static uv_loop_t loop;

/* One socket under test. */
struct end {
    struct io_udp udp;
    int readable, writable, failed, closed;
    bool close_on_event;
};

static void on_closed(struct io_udp *udp)
{
    ((struct end *)udp)->closed++;
}

static void on_event(struct io_udp *udp, int event, int error)
{
    struct end *end = (struct end *)udp;
    end->readable += event == UV_READABLE;
    end->writable += event == UV_WRITABLE;
    end->failed += event == 0 && error < 0;
    if (end->close_on_event) {
        io_udp_close(udp, on_closed);
    }
}

static union io_address address(const char *text, int port, unsigned zone)
{
    union io_address result = {0};
    if (strchr(text, ':')) {
        result.in6.sin6_family = AF_INET6;
        result.in6.sin6_port = htons((uint16_t)port);
        result.in6.sin6_scope_id = zone;
        CHECK(inet_pton(AF_INET6, text, &result.in6.sin6_addr) == 1);
    } else {
        result.in.sin_family = AF_INET;
        result.in.sin_port = htons((uint16_t)port);
        CHECK(inet_pton(AF_INET, text, &result.in.sin_addr) == 1);
    }
    return result;
}

static const char *text_of(const union io_address *address)
{
    static char text[INET6_ADDRSTRLEN];
    if (address->any.sa_family == AF_INET) {
        return inet_ntop(AF_INET, &address->in.sin_addr, text, sizeof(text));
    }
    if (address->any.sa_family == AF_INET6) {
        return inet_ntop(AF_INET6, &address->in6.sin6_addr, text, sizeof(text));
    }
    return "none";
}

/* Opens on the wildcard address of a family, shared. */
static bool open_end(struct end *end, int family, int port, struct io_udp_options options)
{
    union io_address local = address(family == AF_INET6 ? "::" : "0.0.0.0", port, 0);
    if (!options.local) {
        options.local = &local.any;
        options.address_reuse = true;
    }
    memset(end, 0, sizeof(*end));
    int error = io_udp_open(&end->udp, &loop, family, &options, on_event);
    CHECK_INT(error, 0);
    return error == 0;
}

static void close_end(struct end *end)
{
    io_udp_close(&end->udp, on_closed);
    for (int i = 0; i < 10 && !end->closed; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(end->closed, 1);
}

static void on_timeout(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Runs the loop until a number is reached or time is up. */
static void run_until(const int *number, int wanted, unsigned milliseconds)
{
    uv_timer_t timer;
    bool late = false;
    uv_timer_init(&loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_timeout, milliseconds, 0);
    while (*number < wanted && !late) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

/* The next datagram, or NULL after a while. */
static const struct io_udp_message *receive_within(struct end *end, unsigned milliseconds)
{
    const struct io_udp_message *messages;
    if (io_udp_receive(&end->udp, 1, &messages) == 1) {
        return messages;
    }
    int before = end->readable;
    CHECK_INT(io_udp_want(&end->udp, UV_READABLE), 0);
    run_until(&end->readable, before + 1, milliseconds);
    return io_udp_receive(&end->udp, 1, &messages) == 1 ? messages : NULL;
}

static const struct io_udp_message *receive_one(struct end *end)
{
    static const struct io_udp_message nothing;
    const struct io_udp_message *message = receive_within(end, PATIENCE_MS);
    CHECK(message != NULL);
    return message ? message : &nothing;
}

static void check_silent(struct end *end)
{
    CHECK(receive_within(end, QUIET_MS) == NULL);
}

static int send_by(struct end *end, const char *to, int port, unsigned interface_index, const char *data)
{
    union io_address remote = address(to, port, 0);
    struct io_udp_destination destination = {.address = &remote.any, .interface_index = interface_index};
    return io_udp_send(&end->udp, (const uint8_t *)data, strlen(data), &destination);
}

static int send_text(struct end *end, const char *to, int port, const char *data)
{
    return send_by(end, to, port, 0, data);
}

static int join(struct end *end, const char *group, const char *source, unsigned interface_index)
{
    union io_address group_address = address(group, 0, 0);
    union io_address source_address = address(source ? source : "0.0.0.0", 0, 0);
    return io_udp_join(&end->udp, &group_address.any, source ? &source_address.any : NULL, interface_index);
}

static int leave(struct end *end, const char *group, const char *source, unsigned interface_index,
                 const char *name)
{
    union io_address group_address = address(group, 0, 0);
    union io_address source_address = address(source ? source : "0.0.0.0", 0, 0);
    return io_udp_leave(&end->udp, &group_address.any, source ? &source_address.any : NULL, interface_index,
                        name);
}

/* The other machine. */
static struct end far;

static bool open_far(int family, struct io_udp_options options)
{
    go_far();
    bool good = open_end(&far, family, 0, options);
    go_near();
    return good;
}

static unsigned far_index(const char *name)
{
    go_far();
    unsigned index = if_nametoindex(name);
    go_near();
    return index;
}

TEST(two_sockets_share_a_multicast_port)
{
    struct end a, b;
    unsigned index = if_nametoindex("near0");
    if (open_end(&a, AF_INET, 5000, (struct io_udp_options){0}) &&
        open_end(&b, AF_INET, 5000, (struct io_udp_options){0}) &&
        open_far(AF_INET, (struct io_udp_options){0})) {
        CHECK_INT(join(&a, "239.1.1.1", NULL, index), 0);
        CHECK_INT(join(&b, "239.1.1.1", NULL, index), 0);
        CHECK_INT(send_by(&far, "239.1.1.1", 5000, far_index("far0"), "both"), 0);
        CHECK_INT(receive_one(&a)->length, 4);
        CHECK_INT(receive_one(&b)->length, 4);
        close_end(&a);
        close_end(&b);
        close_end(&far);
    }
}

TEST(a_group_that_only_another_socket_joined_is_not_heard)
{
    for (int v6 = 0; v6 <= 1; v6++) {
        struct end member, other;
        int family = v6 ? AF_INET6 : AF_INET;
        const char *group = v6 ? "ff02::1234" : "239.1.1.1";
        unsigned index = if_nametoindex("near0");
        if (open_end(&member, family, 5000, (struct io_udp_options){0}) &&
            open_end(&other, family, 5000, (struct io_udp_options){0}) &&
            open_far(family, (struct io_udp_options){0})) {
            CHECK_INT(join(&member, group, NULL, index), 0);
            CHECK_INT(send_by(&far, group, 5000, far_index("far0"), "one"), 0);
            CHECK_INT(receive_one(&member)->length, 3);
            check_silent(&other);
            close_end(&member);
            close_end(&other);
            close_end(&far);
        }
    }
}

TEST(one_socket_of_both_families_joins_receives_and_sends_in_each)
{
    struct end near;
    unsigned index = if_nametoindex("near0"), back = far_index("far0");
    if (open_end(&near, AF_INET6, 5000, (struct io_udp_options){0}) &&
        open_far(AF_INET6, (struct io_udp_options){0})) {
        CHECK_INT(join(&near, "239.1.1.1", NULL, index), 0);
        CHECK_INT(join(&near, "ff02::1234", NULL, index), 0);

        CHECK_INT(send_by(&far, "239.1.1.1", 5000, back, "four"), 0);
        const struct io_udp_message *message = receive_one(&near);
        CHECK_STR(text_of(&message->remote), "10.0.0.2");
        CHECK_STR(text_of(&message->local), "239.1.1.1");
        CHECK_INT(message->interface_index, index);
        CHECK_INT(message->hop_limit, 1);
        union io_address peer = message->remote;
        struct io_udp_destination destination = {.address = &peer.any};
        CHECK_INT(io_udp_send(&near.udp, (const uint8_t *)"ok", 2, &destination), 0);
        CHECK_STR(text_of(&receive_one(&far)->remote), "10.0.0.1");

        CHECK_INT(send_by(&far, "ff02::1234", 5000, back, "six"), 0);
        message = receive_one(&near);
        CHECK_STR(text_of(&message->local), "ff02::1234");
        CHECK_INT(message->local.in6.sin6_scope_id, index);
        CHECK_INT(message->interface_index, index);
        CHECK_INT(message->hop_limit, 1);
        close_end(&near);
        close_end(&far);
    }
}

TEST(a_group_of_one_source_hears_that_source_only)
{
    struct end near;
    unsigned index = if_nametoindex("near0");
    go_far();
    run_ip("addr add 10.0.0.3/24 dev far0");
    go_near();
    union io_address third = address("10.0.0.3", 0, 0);
    struct end other;
    go_far();
    bool good = open_end(&other, AF_INET, 0, (struct io_udp_options){.local = &third.any});
    go_near();
    if (good && open_end(&near, AF_INET, 5000, (struct io_udp_options){0}) &&
        open_far(AF_INET, (struct io_udp_options){0})) {
        unsigned back = far_index("far0");
        CHECK_INT(join(&near, "232.1.1.1", "10.0.0.3", index), 0);
        CHECK_INT(send_by(&far, "232.1.1.1", 5000, back, "wrong"), 0);
        CHECK_INT(send_by(&other, "232.1.1.1", 5000, back, "right"), 0);
        CHECK_STR(text_of(&receive_one(&near)->remote), "10.0.0.3");
        check_silent(&near);
        CHECK_INT(join(&near, "232.1.1.1", "10.0.0.2", index), 0); /* a second source */
        CHECK_INT(send_by(&far, "232.1.1.1", 5000, back, "now"), 0);
        CHECK_STR(text_of(&receive_one(&near)->remote), "10.0.0.2");
        CHECK_INT(leave(&near, "232.1.1.1", "10.0.0.2", index, NULL), 0);
        CHECK_INT(send_by(&far, "232.1.1.1", 5000, back, "again"), 0);
        check_silent(&near);
        CHECK_INT(leave(&near, "232.1.1.1", NULL, index, NULL), -EADDRNOTAVAIL);
        close_end(&near);
        close_end(&far);
        close_end(&other);
    }
}

/* Both cables carry fe80::1 at the far end. */
TEST(a_link_local_address_goes_by_its_zone)
{
    struct end near, peers[2];
    unsigned index[2] = {if_nametoindex("near0"), if_nametoindex("near1")};
    go_far();
    bool good = true;
    for (int i = 0; i < 2; i++) {
        run_ip("addr add fe80::1/64 dev far%d nodad", i);
        char name[IF_NAMESIZE];
        snprintf(name, sizeof(name), "far%d", i);
        union io_address local = address("fe80::1", 5001, if_nametoindex(name));
        good = good && open_end(&peers[i], AF_INET6, 0, (struct io_udp_options){.local = &local.any});
    }
    go_near();
    if (good && open_end(&near, AF_INET6, 0, (struct io_udp_options){0})) {
        for (int i = 0; i < 2; i++) {
            union io_address remote = address("fe80::1", 5001, index[i]);
            struct io_udp_destination destination = {.address = &remote.any};
            CHECK_INT(io_udp_send(&near.udp, (const uint8_t *)"zone", 4, &destination), 0);
            union io_address back = receive_one(&peers[i])->remote;
            destination.address = &back.any;
            CHECK_INT(io_udp_send(&peers[i].udp, (const uint8_t *)"back", 4, &destination), 0);
            const struct io_udp_message *message = receive_one(&near);
            CHECK_INT(message->remote.in6.sin6_scope_id, index[i]);
            CHECK_INT(message->interface_index, index[i]);
            check_silent(&peers[1 - i]);
            /* Without zone the interface of the message stands for it. */
            CHECK_INT(send_by(&near, "fe80::1", 5001, index[i], "given"), 0);
            CHECK_INT(receive_one(&peers[i])->length, 5);
        }
        close_end(&near);
        close_end(&peers[0]);
        close_end(&peers[1]);
    }
}

TEST(each_message_leaves_by_the_interface_it_names)
{
    struct end near;
    if (open_end(&near, AF_INET6, 0, (struct io_udp_options){.multicast_hops = 7}) &&
        open_far(AF_INET6, (struct io_udp_options){0})) {
        struct sockaddr_storage local;
        CHECK_INT(io_net_local_address(far.udp.fd, &local), 0);
        int port = ntohs(((struct sockaddr_in6 *)&local)->sin6_port);
        for (int i = 0; i < 2; i++) {
            char name[IF_NAMESIZE];
            snprintf(name, sizeof(name), "far%d", i);
            CHECK_INT(join(&far, "239.1.1.1", NULL, far_index(name)), 0);
            CHECK_INT(join(&far, "ff02::1234", NULL, far_index(name)), 0);
        }
        for (int i = 1; i >= 0; i--) {
            char name[IF_NAMESIZE];
            snprintf(name, sizeof(name), "near%d", i);
            unsigned index = if_nametoindex(name);
            snprintf(name, sizeof(name), "far%d", i);
            CHECK_INT(send_by(&near, "239.1.1.1", port, index, "x"), 0);
            const struct io_udp_message *message = receive_one(&far);
            CHECK_INT(message->interface_index, far_index(name));
            CHECK_INT(message->hop_limit, 7);
            CHECK_STR(text_of(&message->remote), i ? "10.0.1.1" : "10.0.0.1");
            CHECK_INT(send_by(&near, "ff02::1234", port, index, "x"), 0);
            message = receive_one(&far);
            CHECK_INT(message->interface_index, far_index(name));
            CHECK_INT(message->hop_limit, 7);
        }
        CHECK(send_by(&near, "239.1.1.1", port, 9999, "x") < 0);
        close_end(&near);
        close_end(&far);
    }
}

TEST(a_socket_of_one_interface_hears_and_uses_no_other)
{
    struct end near;
    unsigned index = if_nametoindex("near0");
    if (open_end(&near, AF_INET, 5000, (struct io_udp_options){.interface_index = index}) &&
        open_far(AF_INET, (struct io_udp_options){0})) {
        CHECK_INT(send_text(&far, "10.0.1.1", 5000, "other cable"), 0);
        CHECK_INT(send_text(&far, "10.0.0.1", 5000, "this one"), 0);
        CHECK_INT(receive_one(&near)->length, 8);
        check_silent(&near);
        close_end(&near);
        close_end(&far);
    }
    /* Where the kernel can't tie it: what arrives elsewhere is dropped here. */
    if (open_end(&near, AF_INET, 5000, (struct io_udp_options){0}) &&
        open_far(AF_INET, (struct io_udp_options){0})) {
        near.udp.only_interface = index;
        CHECK_INT(send_text(&far, "10.0.1.1", 5000, "other cable"), 0);
        CHECK_INT(send_text(&far, "10.0.0.1", 5000, "this one"), 0);
        CHECK_INT(receive_one(&near)->length, 8);
        close_end(&near);
        close_end(&far);
    }
}

TEST(loopback_of_groups_is_off_unless_asked_for)
{
    for (int on = 0; on <= 1; on++) {
        struct end near;
        unsigned index = if_nametoindex("near0");
        if (open_end(&near, AF_INET6, 5000, (struct io_udp_options){.loopback = on})) {
            CHECK_INT(join(&near, "239.1.1.1", NULL, index), 0);
            CHECK_INT(join(&near, "ff02::1234", NULL, index), 0);
            CHECK_INT(send_by(&near, "239.1.1.1", 5000, index, "self"), 0);
            CHECK_INT(send_by(&near, "ff02::1234", 5000, index, "self"), 0);
            CHECK((receive_within(&near, on ? PATIENCE_MS : QUIET_MS) != NULL) == on);
            CHECK((receive_within(&near, on ? PATIENCE_MS : QUIET_MS) != NULL) == on);
            close_end(&near);
        }
    }
}

TEST(multicast_by_the_loopback_interface_has_a_source_address)
{
    for (int per_message = 0; per_message <= 1; per_message++) {
        struct end near;
        unsigned index = if_nametoindex("lo");
        struct io_udp_options options = {.loopback = true, .interface_index = per_message ? 0 : index};
        if (open_end(&near, AF_INET6, 5000, options)) {
            CHECK_INT(join(&near, "239.1.1.1", NULL, index), 0);
            CHECK_INT(send_by(&near, "239.1.1.1", 5000, per_message ? index : 0, "self"), 0);
            CHECK_STR(text_of(&receive_one(&near)->remote), "127.0.0.1");
            close_end(&near);
        }
    }
}

TEST(drops_of_an_overloaded_socket_are_counted_once)
{
    struct end near;
    union io_address local = address("127.0.0.1", 5000, 0);
    if (open_end(&near, AF_INET, 0, (struct io_udp_options){.local = &local.any, .receive_buffer = 4096})) {
        static const char data[1000] = "";
        union io_address remote = address("127.0.0.1", 5000, 0);
        struct io_udp_destination destination = {.address = &remote.any};
        enum { SENT = 50 };
        for (int i = 0; i < SENT; i++) {
            CHECK_INT(io_udp_send(&near.udp, (const uint8_t *)data, sizeof(data), &destination), 0);
        }
        uint64_t dropped = io_udp_dropped(&near.udp);
        unsigned received = 0;
        const struct io_udp_message *messages;
        for (unsigned count; (count = io_udp_receive(&near.udp, IO_UDP_BATCH, &messages)) > 0;) {
            received += count;
        }
        CHECK(received > 0 && received < SENT);
        CHECK_INT(dropped, SENT - received);
        CHECK_INT(io_udp_send(&near.udp, (const uint8_t *)data, sizeof(data), &destination), 0);
        CHECK_INT(io_udp_receive(&near.udp, IO_UDP_BATCH, &messages), 1); /* it carries the counter */
        CHECK_INT(io_udp_dropped(&near.udp), dropped);
        close_end(&near);
    }
}

TEST(a_datagram_that_fails_leaves_the_socket_usable)
{
    for (int v6 = 0; v6 <= 1; v6++) {
        struct end near;
        if (open_end(&near, v6 ? AF_INET6 : AF_INET, 5000, (struct io_udp_options){0})) {
            static const uint8_t large[70000];
            union io_address remote = address("127.0.0.1", 5000, 0);
            struct io_udp_destination destination = {.address = &remote.any};
            CHECK_INT(send_text(&near, "203.0.113.1", 9, "x"), -ENETUNREACH);
            CHECK_INT(io_udp_send(&near.udp, large, sizeof(large), &destination), -EMSGSIZE);
            CHECK_INT(send_text(&near, "127.0.0.1", 0, "x"), -EINVAL);
            CHECK_INT(send_text(&near, "2001:db8::1", 9, "x"), v6 ? -ENETUNREACH : -EAFNOSUPPORT);
            CHECK_INT(send_text(&near, "127.0.0.1", 5000, "fine"), 0);
            CHECK_INT(receive_one(&near)->length, 4);
            close_end(&near);
        }
    }
}

TEST(a_port_that_refuses_disturbs_nothing)
{
    struct end near;
    if (open_end(&near, AF_INET6, 5000, (struct io_udp_options){0})) {
        for (int i = 0; i < 3; i++) {
            CHECK_INT(send_text(&near, "127.0.0.1", 1, "x"), 0);
            CHECK_INT(send_text(&near, "::1", 1, "x"), 0);
        }
        check_silent(&near);
        CHECK_INT(near.failed, 0);
        CHECK_INT(send_text(&near, "::1", 5000, "fine"), 0);
        CHECK_INT(receive_one(&near)->length, 4);
        close_end(&near);
    }
}

TEST(broadcast_needs_to_be_allowed_for_each_datagram)
{
    struct end near;
    if (open_end(&near, AF_INET6, 0, (struct io_udp_options){0}) &&
        open_far(AF_INET, (struct io_udp_options){0})) {
        struct sockaddr_storage local;
        CHECK_INT(io_net_local_address(far.udp.fd, &local), 0);
        int port = ntohs(((struct sockaddr_in *)&local)->sin_port);
        union io_address remote = address("10.0.0.255", port, 0);
        struct io_udp_destination destination = {.address = &remote.any, .broadcast = true};
        CHECK_INT(send_text(&near, "10.0.0.255", port, "no"), -EACCES);
        CHECK_INT(io_udp_send(&near.udp, (const uint8_t *)"yes", 3, &destination), 0);
        const struct io_udp_message *message = receive_one(&far);
        CHECK_INT(message->length, 3);
        CHECK_STR(text_of(&message->local), "10.0.0.255");
        CHECK_INT(send_text(&near, "10.0.0.255", port, "no"), -EACCES);
        remote = address("255.255.255.255", port, 0);
        destination.interface_index = if_nametoindex("near0");
        CHECK_INT(io_udp_send(&near.udp, (const uint8_t *)"all", 3, &destination), 0);
        CHECK_STR(text_of(&receive_one(&far)->local), "255.255.255.255");
        close_end(&near);
        close_end(&far);
    }
}

TEST(an_interface_removed_while_joined_can_be_left_and_joined_again)
{
    struct end near;
    CHECK(plug(2));
    unsigned index = if_nametoindex("near2");
    if (open_end(&near, AF_INET6, 5000, (struct io_udp_options){0}) &&
        open_far(AF_INET, (struct io_udp_options){0})) {
        CHECK_INT(join(&near, "239.1.1.1", NULL, index), 0);
        CHECK_INT(join(&near, "239.1.1.2", NULL, index), 0);
        CHECK_INT(join(&near, "ff02::1234", NULL, index), 0);
        CHECK_INT(join(&near, "232.1.1.1", "10.0.2.2", index), 0);
        CHECK(run_ip("link del near2"));
        CHECK_INT(join(&near, "239.1.1.3", NULL, index), -ENODEV);
        CHECK_INT(leave(&near, "239.1.1.1", NULL, 0, "near2"), 0);
        CHECK_INT(leave(&near, "239.1.1.1", NULL, 0, "near2"), -EADDRNOTAVAIL);
        CHECK_INT(leave(&near, "232.1.1.1", "10.0.2.2", 0, "near2"), 0);
        CHECK(plug(2));
        unsigned again = if_nametoindex("near2");
        CHECK(again != index);
        CHECK_INT(join(&near, "239.1.1.1", NULL, again), 0);
        CHECK_INT(join(&near, "239.1.1.2", NULL, again), 0); /* without having left */
        CHECK_INT(join(&near, "ff02::1234", NULL, again), 0);
        CHECK_INT(send_by(&far, "239.1.1.2", 5000, far_index("far2"), "back"), 0);
        CHECK_INT(receive_one(&near)->interface_index, again);
        close_end(&near);
        close_end(&far);
    }
    run_ip("link del near2");
}

/* Linux permits 20 IPv4 groups on a socket; groups of an interface that is gone must not count for ever. */
TEST(the_kernels_limit_of_groups_is_an_error_and_no_end)
{
    struct end near;
    unsigned index = if_nametoindex("near0");
    if (open_end(&near, AF_INET, 5000, (struct io_udp_options){0})) {
        int error = 0, count = 0;
        for (; error == 0 && count < IO_UDP_MEMBERSHIPS_MAX + 1; count++) {
            char group[32];
            snprintf(group, sizeof(group), "239.2.%d.%d", count / 250, count % 250 + 1);
            error = join(&near, group, NULL, index);
        }
        CHECK_INT(error, -ENOBUFS);
        CHECK_INT(join(&near, "239.2.0.1", NULL, index), 0); /* joined already */
        CHECK_INT(leave(&near, "239.2.0.1", NULL, index, NULL), 0);
        CHECK_INT(join(&near, "239.3.0.1", NULL, index), 0);
        close_end(&near);
    }
}

TEST(a_group_joined_by_the_systems_choice_can_be_left_after_the_choice_changed)
{
    struct end near;
    if (open_end(&near, AF_INET6, 5000, (struct io_udp_options){0}) &&
        open_far(AF_INET, (struct io_udp_options){0})) {
        CHECK(run_ip("route add default via 10.0.0.2"));
        CHECK_INT(join(&near, "239.1.1.1", NULL, 0), 0);
        CHECK_INT(join(&near, "239.1.1.2", NULL, 0), 0);
        CHECK(run_ip("route replace default via 10.0.1.2"));
        CHECK_INT(leave(&near, "239.1.1.1", NULL, 0, NULL), 0);
        unsigned back = far_index("far0");
        CHECK_INT(send_by(&far, "239.1.1.1", 5000, back, "left"), 0);
        check_silent(&near);
        CHECK_INT(send_by(&far, "239.1.1.2", 5000, back, "stayed"), 0);
        CHECK_INT(receive_one(&near)->length, 6);
        CHECK(run_ip("route del default"));
        close_end(&near);
        close_end(&far);
    }
}

TEST(what_is_no_group_or_contradicts_its_zone_is_refused)
{
    struct end near;
    if (open_end(&near, AF_INET6, 0, (struct io_udp_options){0})) {
        unsigned index = if_nametoindex("near0");
        CHECK_INT(join(&near, "10.0.0.1", NULL, index), -EINVAL);
        CHECK_INT(join(&near, "239.1.1.1", "fd00::1", index), -EINVAL);
        union io_address group = address("ff02::1234", 0, if_nametoindex("near1"));
        CHECK_INT(io_udp_join(&near.udp, &group.any, NULL, index), -EINVAL);
        CHECK_INT(io_udp_join(&near.udp, &group.any, NULL, 0), 0);
        CHECK_INT(leave(&near, "ff02::1234", NULL, 0, "near0"), -EADDRNOTAVAIL);
        CHECK_INT(leave(&near, "ff02::1234", NULL, 0, "near1"), 0);
        close_end(&near);
    }
}

TEST(an_event_comes_once_for_each_want)
{
    struct end near;
    if (open_end(&near, AF_INET, 5000, (struct io_udp_options){0})) {
        CHECK_INT(io_udp_want(&near.udp, UV_READABLE), 0);
        CHECK_INT(send_text(&near, "127.0.0.1", 5000, "1"), 0);
        run_until(&near.readable, 2, QUIET_MS);
        CHECK_INT(near.readable, 1);    /* nobody read it, nobody asked again */
        CHECK_INT(near.udp.watched, 0); /* and the loop does not spin */
        CHECK_INT(io_udp_want(&near.udp, UV_READABLE | UV_WRITABLE), 0);
        run_until(&near.readable, 2, PATIENCE_MS);
        CHECK_INT(near.readable, 2);
        CHECK_INT(near.writable, 1);
        close_end(&near);
    }
}

TEST(a_full_send_buffer_asks_to_wait_and_goes_on)
{
    struct end near;
    CHECK(run_ip("link set near0 txqueuelen 1000") &&
          system("tc qdisc add dev near0 root tbf rate 2mbit burst 3kb "
                 "latency 10s 2>/dev/null") >= 0);
    if (open_end(&near, AF_INET, 0, (struct io_udp_options){.send_buffer = 4096})) {
        static const uint8_t data[1200];
        union io_address remote = address("10.0.0.2", 9, 0);
        struct io_udp_destination destination = {.address = &remote.any};
        int error = 0;
        for (int i = 0; i < 1000 && error == 0; i++) {
            error = io_udp_send(&near.udp, data, sizeof(data), &destination);
        }
        if (error == 0) {
            printf("# no queue discipline: a full buffer can't be made here\n");
        } else {
            CHECK_INT(error, -EAGAIN);
            CHECK_INT(io_udp_want(&near.udp, UV_WRITABLE), 0);
            run_until(&near.writable, 1, PATIENCE_MS);
            CHECK_INT(near.writable, 1);
            CHECK_INT(io_udp_send(&near.udp, data, sizeof(data), &destination), 0);
        }
        close_end(&near);
    }
    CHECK(system("tc qdisc del dev near0 root 2>/dev/null") >= 0);
}

TEST(a_socket_closed_inside_its_event_is_silent)
{
    struct end near;
    if (open_end(&near, AF_INET, 5000, (struct io_udp_options){0})) {
        near.close_on_event = true;
        CHECK_INT(io_udp_want(&near.udp, UV_READABLE | UV_WRITABLE), 0);
        CHECK_INT(send_text(&near, "127.0.0.1", 5000, "1"), 0);
        run_until(&near.closed, 1, PATIENCE_MS);
        CHECK_INT(near.closed, 1);
        CHECK_INT(near.readable + near.writable, 1);
    }
}

TEST(datagrams_come_in_batches_of_exact_sizes)
{
    struct end near;
    if (open_end(&near, AF_INET, 5000, (struct io_udp_options){.receive_buffer = 1 << 20})) {
        static uint8_t data[65507];
        const size_t sizes[] = {0, 1, 1472, 9000, sizeof(data)};
        enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
        memset(data, 'x', sizeof(data));
        union io_address remote = address("127.0.0.1", 5000, 0);
        struct io_udp_datagram datagrams[COUNT];
        for (int i = 0; i < COUNT; i++) {
            datagrams[i] = (struct io_udp_datagram){data, sizes[i], {.address = &remote.any}, 1};
        }
        CHECK_INT(io_udp_send_batch(&near.udp, datagrams, COUNT), COUNT);
        const struct io_udp_message *messages;
        CHECK_INT(io_udp_receive(&near.udp, 0, &messages), 0);
        CHECK_INT(io_udp_receive(&near.udp, 2, &messages), 2);
        CHECK_INT(messages[0].length, 0);
        CHECK_INT(messages[1].length, 1);
        CHECK_INT(io_udp_receive(&near.udp, 1000, &messages), COUNT - 2);
        for (int i = 2; i < COUNT; i++) {
            CHECK_INT(messages[i - 2].length, sizes[i]);
            CHECK(memcmp(messages[i - 2].data, data, sizes[i]) == 0);
            CHECK_INT(messages[i - 2].hop_limit, 64);
        }
        CHECK_INT(io_udp_receive(&near.udp, 1000, &messages), 0);
        close_end(&near);
    }
}

/* The rest of a batch behind what failed is left to the next call. */
TEST(each_datagram_of_a_batch_has_its_own_result)
{
    struct end near, other;
    if (open_end(&near, AF_INET6, 5000, (struct io_udp_options){0}) &&
        open_end(&other, AF_INET, 5001, (struct io_udp_options){0})) {
        static uint8_t large[70000];
        union io_address first = address("127.0.0.1", 5000, 0), second = address("127.0.0.1", 5001, 0);
        union io_address nowhere = address("203.0.113.1", 9, 0), subnet = address("10.0.0.255", 9, 0);
        const struct io_udp_datagram datagrams[] = {
            {(const uint8_t *)"a", 1, {.address = &first.any}, 1},
            {(const uint8_t *)"bb", 2, {.address = &second.any}, 1},
            {large, sizeof(large), {.address = &first.any}, 1},
            {(const uint8_t *)"x", 1, {.address = &nowhere.any}, 1},
            {(const uint8_t *)"all", 3, {.address = &subnet.any, .broadcast = true}, 1},
            {(const uint8_t *)"x", 1, {.address = &subnet.any}, 1},
            {(const uint8_t *)"ccc", 3, {.address = &first.any}, 1},
        };
        const int results[] = {0, 0, -EMSGSIZE, -ENETUNREACH, 0, -EACCES, 0};
        enum { COUNT = sizeof(results) / sizeof(results[0]) };
        struct io_udp_datagram batch[COUNT];
        memcpy(batch, datagrams, sizeof(batch));
        const unsigned ends[] = {3, 4, 6, 7};
        unsigned done = 0;
        for (int i = 0; i < 4; i++) {
            done += io_udp_send_batch(&near.udp, &batch[done], COUNT - done);
            CHECK_INT(done, ends[i]);
        }
        for (int i = 0; i < COUNT; i++) {
            CHECK_INT(batch[i].result, results[i]);
        }
        CHECK_INT(receive_one(&near)->length, 1);
        CHECK_INT(receive_one(&near)->length, 3);
        CHECK_INT(receive_one(&other)->length, 2);
        close_end(&near);
        close_end(&other);
    }
}

/* More than sendmmsg() is given at once, in order. */
TEST(a_long_batch_keeps_its_order)
{
    struct end near;
    if (open_end(&near, AF_INET, 5000, (struct io_udp_options){.receive_buffer = 1 << 20})) {
        enum { COUNT = 100 };
        union io_address remote = address("127.0.0.1", 5000, 0);
        struct io_udp_datagram batch[COUNT];
        uint8_t data[COUNT];
        for (int i = 0; i < COUNT; i++) {
            data[i] = (uint8_t)i;
            batch[i] = (struct io_udp_datagram){&data[i], 1, {.address = &remote.any}, 1};
        }
        CHECK_INT(io_udp_send_batch(&near.udp, batch, COUNT), COUNT);
        int next = 0;
        const struct io_udp_message *messages;
        for (unsigned count; (count = io_udp_receive(&near.udp, COUNT, &messages)) > 0;) {
            for (unsigned i = 0; i < count; i++) {
                CHECK_INT(messages[i].data[0], next++);
            }
        }
        CHECK_INT(next, COUNT);
        close_end(&near);
    }
}

/* A host that does not answer ARP: the kernel keeps what is sent there, in the socket's buffer. */
TEST(a_buffer_that_fills_within_a_batch_leaves_the_rest)
{
    struct end near;
    if (open_end(&near, AF_INET, 0, (struct io_udp_options){.send_buffer = 4096})) {
        enum { COUNT = 32 };
        static const uint8_t data[1200];
        union io_address remote = address("10.0.0.77", 9, 0);
        struct io_udp_datagram batch[COUNT];
        for (int i = 0; i < COUNT; i++) {
            batch[i] = (struct io_udp_datagram){data, sizeof(data), {.address = &remote.any}, 1};
        }
        unsigned done = io_udp_send_batch(&near.udp, batch, COUNT);
        CHECK(done > 0 && done < COUNT);
        CHECK_INT(batch[done - 1].result, 0);
        CHECK_INT(batch[done].result, -EAGAIN);
        CHECK_INT(io_udp_send_batch(&near.udp, &batch[done], COUNT - done), 0);
        while (done < COUNT) {
            CHECK_INT(io_udp_want(&near.udp, UV_WRITABLE), 0);
            int before = near.writable;
            CHECK(run_ip("neigh replace 10.0.0.77 lladdr 02:00:00:00:00:77 dev near0"));
            run_until(&near.writable, before + 1, PATIENCE_MS);
            CHECK_INT(near.writable, before + 1);
            unsigned more = io_udp_send_batch(&near.udp, &batch[done], COUNT - done);
            CHECK(more > 0);
            done += more > 0 ? more : COUNT;
        }
        close_end(&near);
    }
}

TEST(the_routing_table_names_the_local_address)
{
    struct sockaddr_storage local;
    union io_address remote = address("10.0.1.2", 9, 0), from = address("10.0.0.1", 0, 0);
    union io_address loopback = address("127.0.0.1", 0, 0);
    CHECK_INT(io_udp_route(&remote.any, NULL, 0, &local), 0);
    CHECK_STR(text_of((union io_address *)&local), "10.0.1.1");
    CHECK_INT(io_udp_route(&remote.any, &from.any, 0, &local), 0); /* Linux may send from any own address */
    CHECK(io_udp_route(&remote.any, &loopback.any, 0, &local) < 0);
    remote = address("203.0.113.1", 9, 0);
    CHECK_INT(io_udp_route(&remote.any, NULL, 0, &local), -ENETUNREACH);
    remote = address("fd00:1::2", 9, 0);
    CHECK_INT(io_udp_route(&remote.any, NULL, 0, &local), 0);
    CHECK_STR(text_of((union io_address *)&local), "fd00:1::1");
}

int main(void)
{
    if (!enter_namespaces()) {
        printf("# %s\n", namespace_missing);
    }
    uv_loop_init(&loop);
    RUN_IN_NAMESPACE(two_sockets_share_a_multicast_port);
    RUN_IN_NAMESPACE(a_group_that_only_another_socket_joined_is_not_heard);
    RUN_IN_NAMESPACE(one_socket_of_both_families_joins_receives_and_sends_in_each);
    RUN_IN_NAMESPACE(a_group_of_one_source_hears_that_source_only);
    RUN_IN_NAMESPACE(a_link_local_address_goes_by_its_zone);
    RUN_IN_NAMESPACE(each_message_leaves_by_the_interface_it_names);
    RUN_IN_NAMESPACE(a_socket_of_one_interface_hears_and_uses_no_other);
    RUN_IN_NAMESPACE(loopback_of_groups_is_off_unless_asked_for);
    RUN_IN_NAMESPACE(multicast_by_the_loopback_interface_has_a_source_address);
    RUN_IN_NAMESPACE(broadcast_needs_to_be_allowed_for_each_datagram);
    RUN_IN_NAMESPACE(an_interface_removed_while_joined_can_be_left_and_joined_again);
    RUN_IN_NAMESPACE(the_kernels_limit_of_groups_is_an_error_and_no_end);
    RUN_IN_NAMESPACE(a_group_joined_by_the_systems_choice_can_be_left_after_the_choice_changed);
    RUN_IN_NAMESPACE(what_is_no_group_or_contradicts_its_zone_is_refused);
    RUN_IN_NAMESPACE(a_full_send_buffer_asks_to_wait_and_goes_on);
    RUN_IN_NAMESPACE(the_routing_table_names_the_local_address);
    RUN_IN_NAMESPACE(a_datagram_that_fails_leaves_the_socket_usable);
    RUN(drops_of_an_overloaded_socket_are_counted_once);
    RUN(a_port_that_refuses_disturbs_nothing);
    RUN(an_event_comes_once_for_each_want);
    RUN(a_socket_closed_inside_its_event_is_silent);
    RUN(datagrams_come_in_batches_of_exact_sizes);
    RUN_IN_NAMESPACE(each_datagram_of_a_batch_has_its_own_result);
    RUN(a_long_batch_keeps_its_order);
    RUN_IN_NAMESPACE(a_buffer_that_fills_within_a_batch_leaves_the_rest);
    CHECK_INT(uv_loop_close(&loop), 0);
    return check_done();
}
