/* baseline_udp.c - UDP in plain C that others are compared with: level-triggered epoll, one recvfrom() and
 * one sendto() a datagram. `baseline_udp` echoes; `baseline_udp multicast` receives the group of the bench on
 * lo and answers a datagram that starts with '!' with the number of datagrams so far. Prints its port. Not
 * here: recvmmsg() and sendmmsg(): what a first version in C would not have. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { DATAGRAM_MAX = 65536 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int open_socket(bool is_multicast)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(is_multicast ? INADDR_ANY : INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        fail("bind");
    }
    if (is_multicast) {
        struct ip_mreqn group = {.imr_ifindex = (int)if_nametoindex("lo")};
        inet_pton(AF_INET, "239.255.42.99", &group.imr_multiaddr);
        if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
            fail("join");
        }
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* A datagram that the kernel has no room for is lost, as on the way. */
static void answer(int fd, const char *bytes, size_t size, const struct sockaddr_in *to)
{
    while (sendto(fd, bytes, size, 0, (const struct sockaddr *)to, sizeof(*to)) < 0) {
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED && errno != EPERM) {
            fail("sendto");
        }
        return;
    }
}

/* Every datagram that is there. */
static void receive_all(int fd, bool is_multicast)
{
    static char datagram[DATAGRAM_MAX];
    static unsigned long total;
    for (;;) {
        struct sockaddr_in from;
        socklen_t length = sizeof(from);
        ssize_t count = recvfrom(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&from, &length);
        if (count < 0) {
            if (errno == EAGAIN) {
                return;
            }
            if (errno == EINTR || errno == ECONNREFUSED) { /* the latter: an answer's receiver has gone */
                continue;
            }
            fail("recvfrom");
        }
        if (!is_multicast) {
            answer(fd, datagram, (size_t)count, &from);
            continue;
        }
        total++;
        if (count > 0 && datagram[0] == '!') {
            char text[32];
            int size = snprintf(text, sizeof(text), "%lu", total);
            answer(fd, text, (size_t)size, &from);
        }
    }
}

int main(int argc, char **argv)
{
    bool is_multicast = argc > 1 && strcmp(argv[1], "multicast") == 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC), fd = open_socket(is_multicast);
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        fail("epoll");
    }
    for (;;) {
        int count = epoll_wait(epoll, &event, 1, -1);
        if (count < 0 && errno != EINTR) {
            fail("epoll_wait");
        }
        if (count > 0) {
            receive_all(fd, is_multicast);
        }
    }
}
