/* load.h - what the load generator's modes share: options, the server's CPU clock, the byte pattern that
 * tells a wrong echo, ends with a message. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    LOAD_SIZE_MAX = 65536,        /* largest message and largest read */
    LOAD_CONNECTIONS_MAX = 20000, /* below the 28,232 ephemeral ports that Linux offers */
    LOAD_IDLE_MS = 10000,         /* no byte for so long: the server hangs */
    LOAD_SETTLE_US = 30000,       /* before the server's clock is read: it finishes what is in its hands */
};

struct load_options {
    int port, pid;
    int connections; /* tcp, accept: at the same time; multicast: senders */
    int operations;  /* in all; warm-up comes before it and is not in it */
    int warm_up;
    int size;       /* bytes of a message */
    int window;     /* datagrams in flight */
    bool pipelined; /* tcp: don't wait for the echo before the next message */
    bool tls;       /* tcp, accept, hold, fetch, store: TLS on every connection */
    bool resume;    /* accept: all connections but the first resume a session */
};

/* CPU time and wall time of a measured phase. */
struct load_meter {
    int64_t cpu_ns, wall_ns;
};

/* Prints "load: …" with errno if it is not 0, ends with 1. */
_Noreturn void load_fail(const char *what);

/* `meter_start` lets the server settle and takes the time; `meter_stop` gives what passed since. */
void meter_start(struct load_meter *meter, int pid);
void meter_stop(struct load_meter *meter, int pid);

/* Prints the result of a mode, one line of JSON. */
void load_report(const struct load_options *options, const struct load_meter *meter, int lost);

/* The bytes of stream number `stream` from offset `offset` on: LOAD_SIZE_MAX can be read from there. */
const uint8_t *pattern_at(int stream, int64_t offset);

/* Waits for events; ends the program when nothing comes for LOAD_IDLE_MS. */
struct epoll_event;
int load_wait(int epoll, struct epoll_event *events, int count);

/* A non-blocking TCP socket on its way to the server. */
int load_connect(int port);

int load_epoll(void);
void load_watch(int epoll, int operation, int fd, int index, uint32_t events);
/* Ends the program if the socket, now writable, could not be connected. */
void load_check_connected(int fd);

/* A connection; `tls` is NULL without TLS. */
struct load_stream {
    int fd;
    struct load_tls *tls;
};
/* Connects and, with TLS, waits for the end of the handshake. */
struct load_stream load_stream_open(const struct load_options *options);
void load_stream_close(struct load_stream *stream);
/* Like recv() and send(): -1 when there is nothing, or no room, now; other failures end the program. What
 * could not be sent has to be given again. */
ssize_t load_receive(const struct load_stream *stream, uint8_t *bytes, size_t size);
ssize_t load_send(const struct load_stream *stream, const uint8_t *bytes, size_t size);
/* FIN, and close_notify before it. */
void load_end(const struct load_stream *stream);

/* TLS on a connected socket, as a client. Failures end the program. */
struct load_tls;
struct load_tls *load_tls_new(int fd, bool resume);
void load_tls_free(struct load_tls *tls);
/* 0 when the handshake is done, else the event of epoll that it waits for. */
uint32_t load_tls_handshake(struct load_tls *tls);
/* As load_receive() and load_send(), with EAGAIN in errno. */
ssize_t load_tls_receive(struct load_tls *tls, uint8_t *bytes, size_t size);
ssize_t load_tls_send(struct load_tls *tls, const uint8_t *bytes, size_t size);
/* close_notify; the FIN is the caller's. */
void load_tls_end(struct load_tls *tls);
/* How many full handshakes there were: a resumed one shows no certificate and no signature. */
int load_tls_signatures(void);

void load_tcp(const struct load_options *options);
void load_accept(const struct load_options *options);
void load_hold(const struct load_options *options);
void load_fetch(const struct load_options *options);
void load_store(const struct load_options *options);
void load_udp(const struct load_options *options);
void load_multicast(const struct load_options *options);

#endif
