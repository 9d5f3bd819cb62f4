/* load_udp.c - load over UDP: echo with so many datagrams in flight, and rounds of multicast from many
 * senders. A datagram that does not come back in time is counted as lost; one that comes back changed ends
 * the run. */
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LOST_MS = 500,        /* no answer for so long: what is in flight is lost */
    LOST_ROUNDS_MAX = 10, /* the receiver hangs */
    DATAGRAM_MAX = 65000,
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool can_read_in_time(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&event, 1, LOST_MS);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) {
        load_fail("poll");
    }
    return ready > 0;
}

/* Sequence number, then the pattern: datagrams are told apart and compared. */
static void fill(uint8_t *datagram, int size, uint32_t number)
{
    memcpy(datagram, pattern_at(0, number), (size_t)size);
    memcpy(datagram, &number, sizeof(number));
}

struct echo {
    int fd;
    uint32_t next_sent, next_expected;
    int lost, silences;
};

/* Takes every datagram that is there; those that it skips are lost. */
static void take_echoes(struct echo *echo, int size)
{
    static uint8_t datagram[LOAD_SIZE_MAX], expected[LOAD_SIZE_MAX];
    for (;;) {
        ssize_t count = recv(echo->fd, datagram, sizeof(datagram), MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno != EAGAIN) {
            load_fail("recv");
        }
        if (count < 0) {
            return;
        }
        uint32_t number = 0;
        memcpy(&number, datagram, sizeof(number));
        fill(expected, size, number);
        if (count != size || memcmp(datagram, expected, (size_t)size) != 0 || number >= echo->next_sent) {
            errno = 0;
            load_fail("the echo is not what was sent");
        }
        if (number >= echo->next_expected) { /* one that was given up and comes after all is passed over */
            echo->lost += (int)(number - echo->next_expected);
            echo->next_expected = number + 1;
            echo->silences = 0;
        }
    }
}

static void run_echo(const struct load_options *options, struct echo *echo, int total)
{
    static uint8_t datagram[LOAD_SIZE_MAX];
    uint32_t end = echo->next_sent + (uint32_t)total;
    while (echo->next_expected < end) {
        while (echo->next_sent < end && echo->next_sent - echo->next_expected < (uint32_t)options->window) {
            fill(datagram, options->size, echo->next_sent);
            if (send(echo->fd, datagram, (size_t)options->size, 0) < 0 && errno != EINTR) {
                load_fail("send");
            }
            echo->next_sent++;
        }
        if (!can_read_in_time(echo->fd)) {
            echo->lost += (int)(echo->next_sent - echo->next_expected);
            echo->next_expected = echo->next_sent;
            if (++echo->silences == LOST_ROUNDS_MAX) {
                errno = 0;
                load_fail("the server has stopped answering");
            }
            continue;
        }
        take_echoes(echo, options->size);
    }
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        load_fail("socket");
    }
    return fd;
}

static void check_size(const struct load_options *options, size_t least)
{
    if ((size_t)options->size < least || options->size > DATAGRAM_MAX) {
        errno = 0;
        load_fail("--size does not fit a datagram of this mode");
    }
}

void load_udp(const struct load_options *options)
{
    check_size(options, sizeof(uint32_t));
    struct echo echo = {.fd = new_socket()};
    struct sockaddr_in server = loopback(options->port);
    if (connect(echo.fd, (struct sockaddr *)&server, sizeof(server)) < 0) {
        load_fail("connect");
    }
    run_echo(options, &echo, options->warm_up);
    echo.lost = 0;
    struct load_meter meter;
    meter_start(&meter, options->pid);
    run_echo(options, &echo, options->operations);
    meter_stop(&meter, options->pid);
    load_report(options, &meter, echo.lost);
    close(echo.fd);
}

/* Every sender sends one datagram a round; the last one asks ('!' as its first byte) and is answered with the
 * number of datagrams that the receiver has had, in decimal. */
struct round {
    int *fds;
    struct sockaddr_in group;
    long sent, received;
};

static void send_round(const struct load_options *options, struct round *round)
{
    static uint8_t datagram[LOAD_SIZE_MAX];
    for (int i = 0; i < options->connections; i++) {
        memcpy(datagram, pattern_at(i, 0), (size_t)options->size);
        datagram[0] = i == options->connections - 1 ? '!' : '.';
        if (sendto(round->fds[i], datagram, (size_t)options->size, 0, (struct sockaddr *)&round->group,
                   sizeof(round->group)) < 0) {
            load_fail("sendto the group");
        }
        round->sent++;
    }
}

/* Rounds until `total` datagrams are sent; returns how many of them were lost. */
static int run_rounds(const struct load_options *options, struct round *round, int total)
{
    long sent_before = round->sent, received_before = round->received;
    int asker = round->fds[options->connections - 1], silences = 0;
    while (round->sent - sent_before < total) {
        send_round(options, round);
        if (!can_read_in_time(asker)) {
            if (++silences == LOST_ROUNDS_MAX) {
                errno = 0;
                load_fail("the receiver does not answer");
            }
            continue;
        }
        char answer[32];
        ssize_t count = recv(asker, answer, sizeof(answer) - 1, 0);
        if (count < 0) {
            load_fail("recv");
        }
        answer[count] = 0;
        round->received = atol(answer);
        silences = 0;
    }
    return (int)(round->sent - sent_before - (round->received - received_before));
}

void load_multicast(const struct load_options *options)
{
    check_size(options, 1);
    struct round round = {.fds = calloc((size_t)options->connections, sizeof(int)),
                          .group = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)}};
    if (round.fds == NULL) {
        load_fail("memory");
    }
    inet_pton(AF_INET, "239.255.42.99", &round.group.sin_addr);
    struct ip_mreqn interface = {.imr_ifindex = (int)if_nametoindex("lo"),
                                 .imr_address.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < options->connections; i++) {
        struct sockaddr_in own = loopback(0);
        round.fds[i] = new_socket();
        if (bind(round.fds[i], (struct sockaddr *)&own, sizeof(own)) < 0 ||
            setsockopt(round.fds[i], IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)) < 0) {
            load_fail("multicast socket");
        }
    }
    if (options->warm_up > 0) {
        run_rounds(options, &round, options->warm_up);
    }
    struct load_meter meter;
    meter_start(&meter, options->pid);
    long sent = round.sent;
    int lost = run_rounds(options, &round, options->operations);
    meter_stop(&meter, options->pid);
    struct load_options whole = *options; /* whole rounds */
    whole.operations = (int)(round.sent - sent);
    load_report(&whole, &meter, lost);
    free(round.fds);
}
