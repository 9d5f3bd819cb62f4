/* test_net_provider.c - sockets as they are made: options, forms of addresses, errors that leave nothing
 * behind. */
/* links: bindings/net_provider.c bindings/net_option.c */
#include "check.h"
#include "namespace.h"

#include "../../bindings/net_provider.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>

static struct sockaddr_storage address(const char *text, int port)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;
    struct sockaddr_in *in = (struct sockaddr_in *)&storage;
    if (strchr(text, ':')) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        CHECK(inet_pton(AF_INET6, text, &in6->sin6_addr) == 1);
    } else {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        CHECK(inet_pton(AF_INET, text, &in->sin_addr) == 1);
    }
    return storage;
}

static int port_of(const struct sockaddr_storage *storage)
{
    return ntohs(storage->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)storage)->sin6_port
                                                : ((const struct sockaddr_in *)storage)->sin_port);
}

static int local_port(int fd)
{
    struct sockaddr_storage local = {0};
    CHECK_INT(io_net_local_address(fd, &local), 0);
    return port_of(&local);
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(fd, level, name, &value, &length) < 0 ? -errno : value;
}

static bool wait_for(int fd, short events)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    return poll(&waiting, 1, 2000) == 1;
}

static int listen_on(const char *text, int port, struct io_listen_options options)
{
    struct sockaddr_storage local = address(text, port);
    int fd = -1;
    CHECK_INT(io_net_listen((struct sockaddr *)&local, &options, &fd), 0);
    return fd;
}

/* The lowest free descriptor: the same again if nothing was left open. */
static int next_descriptor(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

static int udp_on(const char *text, int port, struct io_udp_options options, int *ret_fd)
{
    struct sockaddr_storage local = address(text, port);
    options.local = (struct sockaddr *)&local;
    return io_net_udp(local.ss_family, &options, ret_fd);
}

TEST(a_connection_is_made_accepted_and_described)
{
    int listener = listen_on("127.0.0.1", 0, (struct io_listen_options){0});
    struct sockaddr_storage remote = address("127.0.0.1", local_port(listener)), peer, other;
    struct io_tcp_options options = {.no_delay = true,
                                     .keepalive = {.idle_seconds = 60, .probe_seconds = 7, .probe_count = 3},
                                     .send_buffer = 20000};
    int client = -1, server = -1;
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &options, &client), 0);
    CHECK(wait_for(client, POLLOUT));
    CHECK_INT(io_net_connect_result(client), 0);
    CHECK_INT(io_net_accept(listener, &server, &peer), 0);
    CHECK_INT(port_of(&peer), local_port(client));
    CHECK_INT(io_net_peer_address(client, &other), 0);
    CHECK_INT(port_of(&other), port_of(&remote));
    CHECK_INT(io_net_accept(listener, &server, &peer), -EAGAIN);

    CHECK(option(client, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK_INT(option(client, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_INT(option(client, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    CHECK_INT(option(client, IPPROTO_TCP, TCP_KEEPINTVL), 7);
    CHECK_INT(option(client, IPPROTO_TCP, TCP_KEEPCNT), 3);
    int send_buffer = 0, receive_buffer = 0;
    CHECK_INT(io_net_buffer_sizes(client, &send_buffer, &receive_buffer), 0);
    CHECK_INT(send_buffer, 40000); /* Linux doubles what is asked for */
    const int made[] = {listener, client, server};
    for (int i = 0; i < 3; i++) {
        CHECK(fcntl(made[i], F_GETFD) & FD_CLOEXEC);
        CHECK(fcntl(made[i], F_GETFL) & O_NONBLOCK);
        close(made[i]);
    }
}

TEST(a_refused_connection_tells_why)
{
    int listener = listen_on("127.0.0.1", 0, (struct io_listen_options){0});
    struct sockaddr_storage remote = address("127.0.0.1", local_port(listener));
    close(listener);
    int fd = -1;
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &(struct io_tcp_options){0}, &fd), 0);
    CHECK(wait_for(fd, POLLOUT));
    CHECK_INT(io_net_connect_result(fd), -ECONNREFUSED);
    close(fd);
}

TEST(a_failure_leaves_no_descriptor_and_no_output)
{
    int free_descriptor = next_descriptor(), fd = 77;
    struct sockaddr_storage foreign = address("203.0.113.1", 0), remote = address("127.0.0.1", 9),
                            six = address("::1", 9);
    struct io_tcp_options tcp = {.local = (struct sockaddr *)&foreign};
    struct io_udp_options udp = {.local = (struct sockaddr *)&foreign};
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &tcp, &fd), -EADDRNOTAVAIL);
    CHECK_INT(io_net_listen((struct sockaddr *)&foreign, &(struct io_listen_options){0}, &fd),
              -EADDRNOTAVAIL);
    CHECK_INT(io_net_udp(AF_INET, &udp, &fd), -EADDRNOTAVAIL);
    udp.local = (struct sockaddr *)&six;
    CHECK_INT(io_net_udp(AF_INET, &udp, &fd), -EAFNOSUPPORT);
    tcp = (struct io_tcp_options){.interface_index = 999999};
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &tcp, &fd), -ENODEV);
    CHECK_INT(fd, 77);
    CHECK_INT(next_descriptor(), free_descriptor);
}

TEST(a_dual_stack_listener_reports_ipv4_peers_as_ipv4)
{
    int listener = listen_on("::", 0, (struct io_listen_options){0});
    struct sockaddr_storage remote = address("127.0.0.1", local_port(listener)), peer = {0}, local = {0};
    int client = -1, server = -1;
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &(struct io_tcp_options){0}, &client), 0);
    CHECK(wait_for(listener, POLLIN));
    CHECK_INT(io_net_accept(listener, &server, &peer), 0);
    CHECK_INT(peer.ss_family, AF_INET);
    CHECK_INT(io_net_local_address(server, &local), 0);
    CHECK_INT(local.ss_family, AF_INET);
    close(client);
    close(server);
    close(listener);

    listener = listen_on("::", 0, (struct io_listen_options){.ipv6_only = true});
    remote = address("127.0.0.1", local_port(listener));
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &(struct io_tcp_options){0}, &client), 0);
    CHECK(wait_for(client, POLLOUT));
    CHECK_INT(io_net_connect_result(client), -ECONNREFUSED);
    close(client);
    close(listener);
}

TEST(a_reset_before_accept_does_not_hurt_the_listener)
{
    int listener = listen_on("127.0.0.1", 0, (struct io_listen_options){0});
    struct sockaddr_storage remote = address("127.0.0.1", local_port(listener)), peer;
    int client = -1, server = -1;
    for (int i = 0; i < 100; i++) {
        CHECK_INT(io_net_connect((struct sockaddr *)&remote, &(struct io_tcp_options){0}, &client), 0);
        struct linger linger = {.l_onoff = 1};
        setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        close(client);
        int error = io_net_accept(listener, &server, &peer);
        CHECK(error == 0 || error == -EAGAIN);
        if (error == 0) {
            close(server);
        }
    }
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &(struct io_tcp_options){0}, &client), 0);
    CHECK(wait_for(listener, POLLIN));
    int error;
    while ((error = io_net_accept(listener, &server, &peer)) == 0 && port_of(&peer) != local_port(client)) {
        close(server);
    }
    CHECK_INT(error, 0);
    close(server);
    close(client);
    close(listener);
}

TEST(udp_sockets_tell_arrival_data_and_hear_only_their_own_groups)
{
    int fd = -1;
    struct io_udp_options options = {.hops = 3, .multicast_hops = 4, .loopback = true};
    CHECK_INT(udp_on("::", 0, options, &fd), 0);
    CHECK_INT(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    CHECK_INT(option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
    CHECK_INT(option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT), 1);
    CHECK_INT(option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 3);
    CHECK_INT(option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 4);
    CHECK_INT(option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 1);
    CHECK_INT(option(fd, IPPROTO_IPV6, 29 /* IPV6_MULTICAST_ALL */), 0);
    CHECK_INT(option(fd, IPPROTO_IP, IP_PKTINFO), 1);
    CHECK_INT(option(fd, IPPROTO_IP, IP_RECVTTL), 1);
    CHECK_INT(option(fd, IPPROTO_IP, IP_TTL), 3);
    CHECK_INT(option(fd, IPPROTO_IP, IP_MULTICAST_TTL), 4);
    CHECK_INT(option(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 1);
    CHECK_INT(option(fd, IPPROTO_IP, IP_MULTICAST_ALL), 0);
    CHECK_INT(option(fd, SOL_SOCKET, SO_RXQ_OVFL), 1);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    close(fd);
    CHECK_INT(udp_on("0.0.0.0", 0, (struct io_udp_options){0}, &fd), 0);
    CHECK_INT(option(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
    CHECK_INT(option(fd, IPPROTO_IP, IP_MULTICAST_ALL), 0);
    CHECK_INT(option(fd, SOL_SOCKET, SO_BROADCAST), 0);
    close(fd);
}

TEST(a_udp_port_is_shared_only_by_those_who_agree)
{
    int first = -1, second = -1;
    CHECK_INT(udp_on("127.0.0.1", 0, (struct io_udp_options){0}, &first), 0);
    int port = local_port(first);
    CHECK_INT(udp_on("127.0.0.1", port, (struct io_udp_options){.address_reuse = true}, &second),
              -EADDRINUSE);
    close(first);
    CHECK_INT(udp_on("127.0.0.1", port, (struct io_udp_options){.address_reuse = true}, &first), 0);
    CHECK_INT(udp_on("127.0.0.1", port, (struct io_udp_options){0}, &second), -EADDRINUSE);
    CHECK_INT(udp_on("127.0.0.1", port, (struct io_udp_options){.address_reuse = true}, &second), 0);
    close(second);
    /* SO_REUSEPORT on one side only, as with a daemon that sets both: SO_REUSEADDR is what agrees. */
    CHECK_INT(udp_on("127.0.0.1", port, (struct io_udp_options){.address_sharing = true}, &second), 0);
    close(second);
    close(first);
}

/* Among reusing sockets the kernel may choose a port that is in use, and unicast goes astray. */
TEST(a_udp_port_that_the_system_chooses_is_never_shared)
{
    int fd = -1;
    struct io_udp_options options = {.address_reuse = true, .address_sharing = true};
    CHECK_INT(udp_on("0.0.0.0", 0, options, &fd), 0);
    CHECK_INT(option(fd, SOL_SOCKET, SO_REUSEADDR), 0);
    CHECK_INT(option(fd, SOL_SOCKET, SO_REUSEPORT), 0);
    close(fd);
}

TEST(addresses_take_the_form_that_a_family_wants)
{
    struct sockaddr_storage four = address("192.0.2.1", 80), six = address("fe80::1", 80), out = {0};
    CHECK_INT(io_net_address_for(AF_INET6, (struct sockaddr *)&four, 0, &out), 0);
    CHECK(IN6_IS_ADDR_V4MAPPED(&((struct sockaddr_in6 *)&out)->sin6_addr));
    CHECK_INT(port_of(&out), 80);
    io_net_address_unmap(&out);
    CHECK(memcmp(&out, &four, sizeof(out)) == 0);
    CHECK_INT(io_net_address_for(AF_INET6, (struct sockaddr *)&six, 5, &out), 0);
    CHECK_INT(((struct sockaddr_in6 *)&out)->sin6_scope_id, 5);
    ((struct sockaddr_in6 *)&six)->sin6_scope_id = 3;
    CHECK_INT(io_net_address_for(AF_INET6, (struct sockaddr *)&six, 5, &out), 0);
    CHECK_INT(((struct sockaddr_in6 *)&out)->sin6_scope_id, 3);
    CHECK_INT(io_net_address_for(AF_INET, (struct sockaddr *)&six, 0, &out), -EAFNOSUPPORT);
    struct sockaddr_storage global = address("2001:db8::1", 80);
    CHECK_INT(io_net_address_for(AF_INET6, (struct sockaddr *)&global, 5, &out), 0);
    CHECK_INT(((struct sockaddr_in6 *)&out)->sin6_scope_id, 0);
}

TEST(a_connection_by_an_interface_uses_it_and_its_zone)
{
    unsigned near[2] = {if_nametoindex("near0"), if_nametoindex("near1")};
    go_far();
    run_ip("addr add fe80::2/64 dev far0 nodad");
    int listener = listen_on("::", 4000, (struct io_listen_options){0});
    go_near();
    struct sockaddr_storage remote = address("fe80::2", 4000), peer;
    int client = -1, server = -1;
    struct io_tcp_options options = {.interface_index = near[0]};
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &options, &client), 0);
    CHECK(wait_for(client, POLLOUT));
    CHECK_INT(io_net_connect_result(client), 0);
    CHECK_INT(io_net_accept(listener, &server, &peer), 0);
    CHECK(((struct sockaddr_in6 *)&peer)->sin6_scope_id != 0);
    close(client);
    close(server);
    /* The routing table would choose the other cable, and with it another local address. */
    struct sockaddr_storage local = {0};
    char text[INET_ADDRSTRLEN];
    remote = address("10.0.0.2", 4000);
    options.interface_index = near[1];
    CHECK_INT(io_net_connect((struct sockaddr *)&remote, &options, &client), 0);
    CHECK_INT(io_net_local_address(client, &local), 0);
    CHECK_STR(inet_ntop(AF_INET, &((struct sockaddr_in *)&local)->sin_addr, text, sizeof(text)), "10.0.1.1");
    close(client);
    close(listener);
}

int main(void)
{
    if (!enter_namespaces()) {
        printf("# %s\n", namespace_missing);
    }
    RUN(a_connection_is_made_accepted_and_described);
    RUN(a_refused_connection_tells_why);
    RUN(a_failure_leaves_no_descriptor_and_no_output);
    RUN(a_dual_stack_listener_reports_ipv4_peers_as_ipv4);
    RUN(a_reset_before_accept_does_not_hurt_the_listener);
    RUN(udp_sockets_tell_arrival_data_and_hear_only_their_own_groups);
    RUN(a_udp_port_is_shared_only_by_those_who_agree);
    RUN(a_udp_port_that_the_system_chooses_is_never_shared);
    RUN(addresses_take_the_form_that_a_family_wants);
    RUN_IN_NAMESPACE(a_connection_by_an_interface_uses_it_and_its_zone);
    return check_done();
}
