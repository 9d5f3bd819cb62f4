/* links: bindings/tcp.c bindings/tls.c bindings/tls_config.c bindings/tls_certificate.c bindings/tls_error.c */
/* links: bindings/tls_handshake.c bindings/tls_name.c bindings/tls_pem.c bindings/tls_pool.c */
/* links: bindings/tls_record.c bindings/tls_session.c bindings/tls_trust.c bindings/tls_built_in.c */
/* links: bindings/psa.c bindings/net_provider.c bindings/net_option.c */
/* fuzz_tls_handshake.c - what a peer may send to a TLS client or server, from the first byte on. The first
 * byte of the input says which, and with which settings; the rest arrives over a socket pair, in one piece
 * or in many. Random numbers and the clock are fixed, so that a recorded conversation can be replayed: the
 * inputs in corpus/tls_handshake are whole ones, with data and close_notify, made by
 * `CLEAT_FUZZ_RECORD=folder fuzz_tls_handshake`. Whatever comes, nothing is received before a handshake that
 * is over, and an error stays the same error. */
#include <errno.h>
#include <fcntl.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bindings/tls.h"
#include "bindings/tls_random.h"
#include "bindings/tls_time.h"
#include "tests/fuzz/tls_identity.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    OPTION_SERVER = 1,
    OPTION_TLS13 = 2,       /* and nothing older */
    OPTION_TLS12 = 4,       /* and nothing newer */
    OPTION_CERTIFICATE = 8, /* a client has one, a server wants one */
    OPTION_ALPN = 16,
    OPTION_UPGRADES = 32,
    OPTION_PIECES = 64,
    OPTION_UNREAD = 128, /* the first bytes have been received before */
    TURNS_MAX = 64,
    PIECE = 29,
    UNREAD = 11,
    RECORD_MAX = 1 << 16,
};

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Random numbers and time ------------------------------------------------------------------------ */

static uint64_t random_states[2];
static int side; /* whose numbers are drawn */

static void seed_random(void)
{
    random_states[0] = 0x9e3779b97f4a7c15u;
    random_states[1] = 0xd1b54a32d192ed03u;
}

int io_tls_random(void *context, unsigned char *bytes, size_t length)
{
    uint64_t *state = &random_states[side];
    (void)context;
    for (size_t i = 0; i < length; i++) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        bytes[i] = (uint8_t)(*state >> 24);
    }
    return 0;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
                                             size_t output_size, size_t *output_length)
{
    (void)context;
    (void)io_tls_random(NULL, output, output_size);
    *output_length = output_size;
    return PSA_SUCCESS;
}

time_t io_tls_time(time_t *ret_time)
{
    if (ret_time != NULL) {
        *ret_time = 1800000000;
    }
    return 1800000000;
}

time_t io_tls_build_time(void)
{
    return 1700000000;
}

bool io_tls_clock_is_wrong(void)
{
    return false;
}

/* One end ---------------------------------------------------------------------------------------- */

static uv_loop_t loop;
static bool is_complete; /* of the last input: the handshake and an orderly end */

static void begin(void)
{
    static bool is_begun;
    demand(is_begun || uv_loop_init(&loop) == 0);
    is_begun = true;
}

struct end {
    struct io_tcp tcp;
    struct io_tls *tls;
    struct io_tls_pool *pool;
    struct io_tls_config *config;
    int peer; /* the other descriptor of the pair */
    int side;
    bool is_open, is_over, is_gone;
};

static void on_event(struct io_tcp *tcp, enum io_tcp_event event)
{
    struct end *end = (struct end *)((char *)tcp - offsetof(struct end, tcp));
    end->is_gone = event == IO_TCP_CLOSED || event == IO_TCP_FAILED;
}

static struct io_tls_bytes text(const char *string)
{
    return (struct io_tls_bytes){(const uint8_t *)string, strlen(string)};
}

static struct io_tls_config *make_config(unsigned options)
{
    static const char *const protocols[] = {"one", "two"};
    struct io_tls_bytes authority = text(identity_authority);
    bool is_server = (options & OPTION_SERVER) != 0, certificate = (options & OPTION_CERTIFICATE) != 0;
    struct io_tls_bytes own = text(is_server ? identity_server : identity_client);
    struct io_tls_settings settings = {
        .is_server = is_server,
        .tls13_only = (options & OPTION_TLS13) != 0,
        .client_auth = is_server && certificate ? IO_TLS_CLIENT_AUTH_REQUIRE : IO_TLS_CLIENT_AUTH_NONE,
        .ca = {&authority, 1},
        .cert = {&own, is_server || certificate ? 1 : 0},
        .alpn = protocols,
        .alpn_count = (options & OPTION_ALPN) != 0 ? 2 : 0,
    };
    if (settings.cert.count > 0) {
        settings.key = text(is_server ? identity_server_key : identity_client_key);
    }
    struct io_tls_config *config = NULL;
    struct io_tls_problem problem;
    demand(io_tls_config_create(&settings, &config, &problem) == 0);
    return config;
}

static void open_end(struct end *end, unsigned options, const uint8_t *unread, size_t unread_length)
{
    int fds[2];
    memset(end, 0, sizeof(*end));
    demand(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    end->peer = fds[1];
    end->side = side = (options & OPTION_SERVER) != 0;
    end->pool = io_tls_pool_create();
    end->config = make_config(options);
    if ((options & OPTION_TLS12) != 0 && (options & OPTION_TLS13) == 0) {
        mbedtls_ssl_conf_max_tls_version(&end->config->ssl, MBEDTLS_SSL_VERSION_TLS1_2);
    }
    io_tcp_init(&end->tcp, on_event);
    demand(end->pool != NULL && io_tcp_open(&end->tcp, &loop, fds[0]) == 0);
    struct io_tls_target target = {
        .name = (options & OPTION_SERVER) != 0 ? NULL : "server.example",
        .port = 443,
        .upgrades = (options & OPTION_UPGRADES) != 0,
        .unread = unread,
        .unread_length = unread_length,
    };
    demand(io_tls_create(&end->tcp, end->config, end->pool, &target, &end->tls) == 0);
}

static void close_end(struct end *end)
{
    side = end->side;
    io_tls_destroy(end->tls);
    if (end->peer >= 0) {
        close(end->peer);
    }
    io_tcp_drop(&end->tcp);
    for (int i = 0; i < TURNS_MAX && !end->is_gone; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    demand(end->is_gone);
    io_tls_config_unref(end->config);
    io_tls_pool_destroy(end->pool);
}

/* One turn: whatever is possible. */
static void drive(struct end *end, const char *words)
{
    static uint8_t buffer[IO_TLS_READ_MIN];
    side = end->side;
    if (!end->is_open && !end->is_over) {
        int result = io_tls_handshake(end->tls);
        end->is_open = result == 0;
        end->is_over = result < 0 && result != -EAGAIN;
        if (end->is_over) {
            demand(io_tls_handshake(end->tls) == result && end->tcp.error == result);
            demand(io_tls_read(end->tls, buffer, sizeof(buffer)) == result);
            demand(io_tls_write(end->tls, buffer, 1) == result);
        } else if (end->is_open) {
            struct io_tls_info info;
            io_tls_info(end->tls, &info);
            demand(info.protocol[0] != '\0' && info.cipher[0] != '\0');
            demand(end->side == 1 || info.certificate != NULL);
            (void)io_tls_write(end->tls, (const uint8_t *)words, strlen(words));
        }
    }
    while (end->is_open && !end->is_over) {
        ssize_t count = io_tls_read(end->tls, buffer, sizeof(buffer));
        if (count == -EAGAIN) {
            break;
        }
        demand(count <= (ssize_t)sizeof(buffer));
        if (count <= 0) {
            end->is_over = true;
            demand(io_tls_read(end->tls, buffer, sizeof(buffer)) == count);
            (void)io_tls_close_notify(end->tls);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct end end;
    if (size < 1) {
        return 0;
    }
    begin();
    unsigned options = data[0];
    data++;
    size--;
    size_t unread = (options & OPTION_UNREAD) == 0 ? 0 : size < UNREAD ? size : UNREAD;
    seed_random();
    open_end(&end, options, data, unread);
    data += unread;
    size -= unread;
    for (int turn = 0; turn < TURNS_MAX && !end.is_over; turn++) {
        size_t part = (options & OPTION_PIECES) != 0 && turn < TURNS_MAX / 2 && size > PIECE ? PIECE : size;
        ssize_t sent = part > 0 ? send(end.peer, data, part, MSG_NOSIGNAL) : 0;
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        }
        if (size == 0) {
            shutdown(end.peer, SHUT_WR);
        }
        drive(&end, "a few words");
        uv_run(&loop, UV_RUN_NOWAIT); /* events, without which a drained socket is not looked at again */
    }
    is_complete = end.is_open && end.is_over && end.tcp.error == 0;
    close_end(&end);
    return 0;
}

/* Recording --------------------------------------------------------------------------------------- */

struct recording {
    uint8_t data[RECORD_MAX];
    size_t length;
};

static void pump(int from, int to, struct recording *recording)
{
    for (;;) {
        uint8_t *place = recording->data + recording->length;
        ssize_t count = recv(from, place, RECORD_MAX - recording->length, MSG_DONTWAIT);
        if (count <= 0) {
            return;
        }
        demand(send(to, place, (size_t)count, MSG_NOSIGNAL) == count);
        recording->length += (size_t)count;
    }
}

/* Replayed at once: what a recording is good for is that all of it is accepted. */
static void save(const char *folder, const char *name, struct recording *recording)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s-%02x", folder, name, recording->data[0]);
    FILE *file = fopen(path, "wb");
    demand(file != NULL && fwrite(recording->data, 1, recording->length, file) == recording->length);
    fclose(file);
    LLVMFuzzerTestOneInput(recording->data, recording->length);
    demand(is_complete);
}

static void record(const char *folder, unsigned options)
{
    static struct recording to_server, to_client;
    struct end client, server;
    to_server.length = to_client.length = 1;
    to_server.data[0] = (uint8_t)(options | OPTION_SERVER);
    to_client.data[0] = (uint8_t)options;
    seed_random();
    open_end(&client, options, NULL, 0);
    open_end(&server, options | OPTION_SERVER, NULL, 0);
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        drive(&client, "from the client");
        drive(&server, "from the server");
        if (turn == TURNS_MAX / 2) {
            side = 0;
            demand(io_tls_close_notify(client.tls) == 0);
            side = 1;
            demand(io_tls_close_notify(server.tls) == 0);
        }
        pump(client.peer, server.peer, &to_server);
        pump(server.peer, client.peer, &to_client);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    demand(client.is_open && server.is_open && client.is_over && server.is_over);
    demand(client.tcp.error == 0 && server.tcp.error == 0);
    close_end(&client);
    close_end(&server);
    save(folder, "client", &to_client);
    save(folder, "server", &to_server);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    const char *folder = getenv("CLEAT_FUZZ_RECORD");
    if (folder != NULL) {
        begin();
        static const unsigned kinds[] = {
            0,
            OPTION_TLS13 | OPTION_ALPN,
            OPTION_TLS12,
            OPTION_TLS12 | OPTION_ALPN | OPTION_CERTIFICATE,
            OPTION_CERTIFICATE | OPTION_PIECES,
            OPTION_UPGRADES | OPTION_UNREAD,
        };
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            record(folder, kinds[i]);
        }
        exit(0);
    }
    return 0;
}
