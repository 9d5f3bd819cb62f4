/* tls_pair.h - a TLS client and a TLS server in one loop, and a relay between them that is worked by hand:
 * the test decides how many bytes arrive at once, which are held back, and what comes instead. Each side is
 * driven as its owner would: called again only when the event that it waits for has come. Not here: checks.
 */
#ifndef CLEAT_TESTS_TLS_PAIR_H
#define CLEAT_TESTS_TLS_PAIR_H

#include "bindings/tls_connection.h"
#include "check.h"
#include "loopback.h"
#include "tls_keys.h"

#include <fcntl.h>
#include <netinet/tcp.h>

enum {
    /* Turns in which nothing happens, after which nothing will: it all happens on this thread. */
    PAIR_IDLE_TURNS = 25,
    /* TLS 1.2 comes by a limit of the test's own: apps can only ask for more. */
    PAIR_TLS12 = MBEDTLS_SSL_VERSION_TLS1_2,
    PAIR_TLS13 = MBEDTLS_SSL_VERSION_TLS1_3,
};

struct side {
    struct io_tcp tcp;
    struct io_tls *tls;
    int wire;   /* the other end of its socket, where the relay takes and puts bytes; -1: closed */
    int status; /* of the handshake */
    bool readable, writable, is_fresh;
    bool is_held;   /* nothing of what it sends is forwarded */
    bool has_ended; /* its FIN was forwarded */
    int closed;
};

/* One loop, its pool and its two sides. */
struct pair {
    uv_loop_t loop;
    struct io_tls_pool *pool;
    struct side client, server;
    size_t piece; /* bytes that the relay moves at once */
    int patience; /* PAIR_IDLE_TURNS, or fewer where failures are the rule */
    bool keeps_sessions;
};

static inline void pair_on_event(struct io_tcp *tcp, enum io_tcp_event event)
{
    struct side *side = (struct side *)tcp;
    side->readable = side->readable || event == IO_TCP_READABLE;
    side->writable = side->writable || event == IO_TCP_WRITABLE;
    side->closed = side->closed || event == IO_TCP_CLOSED || event == IO_TCP_FAILED;
}

static inline void pair_init(struct pair *pair)
{
    memset(pair, 0, sizeof(*pair));
    uv_loop_init(&pair->loop);
    pair->pool = io_tls_pool_create();
    pair->patience = PAIR_IDLE_TURNS;
}

static inline void pair_done(struct pair *pair)
{
    io_tls_pool_destroy(pair->pool);
    CHECK_INT(uv_loop_close(&pair->loop), 0);
}

static inline void side_open(struct pair *pair, struct side *side)
{
    int fds[2];
    loopback_pair(fds);
    memset(side, 0, sizeof(*side));
    side->wire = fds[1];
    side->is_fresh = true;
    side->status = -EAGAIN;
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    for (int i = 0, on = 1; i < 2; i++) {
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* what was sent is there at once */
    }
    io_tcp_init(&side->tcp, pair_on_event);
    CHECK_INT(io_tcp_open(&side->tcp, &pair->loop, fds[0]), 0);
}

static inline void pair_forget(struct pair *pair)
{
    io_tls_sessions_destroy(pair->pool->sessions);
    pair->pool->sessions = io_tls_sessions_create();
}

/* Sockets only. */
static inline void pair_connect(struct pair *pair)
{
    pair->piece = 1 << 16;
    if (!pair->keeps_sessions) {
        pair_forget(pair);
    }
    side_open(pair, &pair->client);
    side_open(pair, &pair->server);
}

static inline struct io_tls_target pair_target(const char *name)
{
    return (struct io_tls_target){.name = name, .port = 443};
}

/* Sockets, and TLS that has not begun. */
static inline void pair_open_as(struct pair *pair, struct io_tls_config *client, struct io_tls_config *server,
                                const char *name)
{
    struct io_tls_target to_server = pair_target(name), to_client = pair_target(NULL);
    pair_connect(pair);
    CHECK_INT(io_tls_create(&pair->client.tcp, client, pair->pool, &to_server, &pair->client.tls), 0);
    CHECK_INT(io_tls_create(&pair->server.tcp, server, pair->pool, &to_client, &pair->server.tls), 0);
}

static inline void side_close(struct pair *pair, struct side *side)
{
    io_tls_destroy(side->tls);
    side->tls = NULL;
    io_tcp_drop(&side->tcp);
    while (!side->closed) {
        uv_run(&pair->loop, UV_RUN_NOWAIT);
    }
    if (side->wire >= 0) {
        close(side->wire);
    }
}

static inline void pair_close(struct pair *pair)
{
    side_close(pair, &pair->client);
    side_close(pair, &pair->server);
}

/* Whether something moved. */
static inline bool pair_forward(struct pair *pair, struct side *from, struct side *to)
{
    uint8_t buffer[1 << 16];
    if (from->is_held || from->has_ended || from->wire < 0 || to->wire < 0) {
        return false;
    }
    ssize_t count = recv(from->wire, buffer, pair->piece, MSG_PEEK);
    if (count == 0) {
        from->has_ended = true;
        shutdown(to->wire, SHUT_WR);
        return true;
    }
    ssize_t sent = count > 0 ? send(to->wire, buffer, (size_t)count, MSG_NOSIGNAL) : -1;
    return sent > 0 && recv(from->wire, buffer, (size_t)sent, 0) == sent;
}

/* One turn of the loop and of the relay; whether anything happened. */
static inline bool pair_turn(struct pair *pair)
{
    bool before =
        pair->client.readable || pair->client.writable || pair->server.readable || pair->server.writable;
    bool moved = pair_forward(pair, &pair->client, &pair->server);
    moved = pair_forward(pair, &pair->server, &pair->client) || moved;
    uv_run(&pair->loop, UV_RUN_NOWAIT);
    bool after =
        pair->client.readable || pair->client.writable || pair->server.readable || pair->server.writable;
    return moved || (after && !before);
}

/* Turns until *flag, or until nothing happens any more. */
static inline bool pair_wait(struct pair *pair, const bool *flag)
{
    for (int idle = 0; !*flag && idle < pair->patience;) {
        if (pair_turn(pair)) {
            idle = 0;
        } else {
            idle++;
            poll(NULL, 0, 1);
        }
    }
    return *flag;
}

/* What is on the wires arrives. */
static inline void pair_settle(struct pair *pair)
{
    const bool never = false;
    pair_wait(pair, &never);
}

static inline void side_advance(struct side *side)
{
    if (side->status == -EAGAIN && (side->readable || side->writable || side->is_fresh)) {
        side->readable = side->writable = side->is_fresh = false;
        side->status = io_tls_handshake(side->tls);
    }
}

/* Both handshakes, to their ends or until nothing happens. */
static inline void pair_shake(struct pair *pair)
{
    for (int idle = 0; idle < pair->patience;) {
        side_advance(&pair->client);
        side_advance(&pair->server);
        if (pair->client.status != -EAGAIN && pair->server.status != -EAGAIN) {
            return;
        }
        if (pair_turn(pair)) {
            idle = 0;
        } else {
            idle++;
            poll(NULL, 0, 1);
        }
    }
}

static inline void pair_open(struct pair *pair, struct io_tls_config *client, struct io_tls_config *server)
{
    pair_open_as(pair, client, server, "server.example");
    pair_shake(pair);
    CHECK_INT(pair->client.status, 0);
    CHECK_INT(pair->server.status, 0);
}

/* As io_tls_read(), and waits; -EAGAIN: nothing comes. */
static inline ssize_t side_read(struct pair *pair, struct side *side, uint8_t *buffer)
{
    for (;;) {
        ssize_t count = io_tls_read(side->tls, buffer, IO_TLS_READ_MIN);
        if (count != -EAGAIN) {
            return count;
        }
        CHECK(!io_tls_is_pending(side->tls));
        side->readable = false;
        if (!pair_wait(pair, &side->readable)) {
            return -EAGAIN;
        }
    }
}

/* The next bytes are this text, in as many pieces as they like. */
static inline void side_expect(struct pair *pair, struct side *side, const char *text)
{
    static _Thread_local uint8_t buffer[IO_TLS_READ_MIN];
    size_t length = 0, expected = strlen(text);
    while (length < expected) {
        ssize_t count = side_read(pair, side, buffer);
        if (count <= 0 || length + (size_t)count > expected ||
            memcmp(buffer, text + length, (size_t)count) != 0) {
            printf("# %zd instead of \"%s\"\n", count, text + length);
            CHECK(false);
            return;
        }
        length += (size_t)count;
    }
}

static inline void side_write(struct side *side, const char *text)
{
    CHECK_INT(io_tls_write(side->tls, (const uint8_t *)text, strlen(text)), strlen(text));
}

/* Configurations --------------------------------------------------------------------------------- */

#define PAIR_INPUT(text)                                                                                     \
    ((struct io_tls_inputs){&(const struct io_tls_bytes){(const uint8_t *)(text), sizeof(text) - 1}, 1})
#define PAIR_KEY(text) ((struct io_tls_bytes){(const uint8_t *)(text), sizeof(text) - 1})

static inline struct io_tls_config *pair_config(const struct io_tls_settings *settings, int version)
{
    struct io_tls_config *config = NULL;
    struct io_tls_problem problem;
    if (io_tls_config_create(settings, &config, &problem) != 0) {
        printf("# %s\n", problem.text);
        abort();
    }
    mbedtls_ssl_conf_max_tls_version(&config->ssl, (mbedtls_ssl_protocol_version)version);
    return config;
}

/* Trusts AUTHORITY. */
static inline struct io_tls_config *pair_client(int version)
{
    return pair_config(&(struct io_tls_settings){.ca = PAIR_INPUT(AUTHORITY_PEM)}, version);
}

static inline struct io_tls_config *pair_server(int version)
{
    return pair_config(&(struct io_tls_settings){.is_server = true,
                                                 .cert = PAIR_INPUT(SERVER_PEM),
                                                 .key = PAIR_KEY(SERVER_KEY)},
                       version);
}

#endif
