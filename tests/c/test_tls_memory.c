/* test_tls_memory.c - TLS when memory runs out: every allocation fails once, from the first of a
 * configuration to the last of a connection. Nothing may crash or leak, and no certificate that is to be
 * refused may pass. */
/* links: bindings/tls.c bindings/tls_handshake.c bindings/tls_record.c bindings/tls_pool.c */
/* links: bindings/tls_session.c bindings/tls_config.c bindings/tls_error.c bindings/tls_time.c */
/* links: bindings/tls_random.c bindings/tls_trust.c bindings/tls_pem.c bindings/tls_built_in.c */
/* links: bindings/tls_certificate.c bindings/tls_name.c bindings/psa.c bindings/tcp.c */
/* links: bindings/net_provider.c bindings/net_option.c */
/* wraps: malloc calloc realloc strdup */
#include "bindings/psa.h"
#include "tls_pair.h"

/* For LeakSanitizer: the library forgets what half a transform has allocated. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:mbedtls_ssl_tls13_populate_transform\n";
}

/* Allocations until one fails; negative: never. */
static long countdown = -1;

static bool fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return fails() ? NULL : __real_realloc(block, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* Each allocation at first, then fewer: there are thousands in a handshake, of one bignum after the other. */
static long next(long at)
{
    return at + 1 + (at > 100 ? at / 12 : 0);
}

TEST(configurations)
{
    static const char *const alpn[] = {"h2", "http/1.1"};
    static const uint8_t pins[1][IO_TLS_PIN_SIZE] = {{1}};
    const struct io_tls_settings settings = {.is_server = true,
                                             .cert = PAIR_INPUT(BELOW_PEM INTERMEDIATE_PEM),
                                             .key = PAIR_KEY(ENCRYPTED_KEY),
                                             .passphrase = PAIR_KEY("secret"),
                                             .ca = PAIR_INPUT(AUTHORITY_PEM),
                                             .crl = PAIR_INPUT(REVOKED_CRL),
                                             .client_auth = IO_TLS_CLIENT_AUTH_REQUIRE,
                                             .alpn = alpn,
                                             .alpn_count = 2,
                                             .pins = pins,
                                             .pin_count = 1};
    int succeeded = 0, failed = 0;
    CHECK_INT(io_psa_init(), 0); /* once for all */
    for (long at = 0; succeeded == 0; at = next(at)) {
        struct io_tls_config *config = NULL;
        struct io_tls_problem problem;
        countdown = at;
        int error = io_tls_config_create(&settings, &config, &problem);
        bool has_failed = countdown < 0;
        countdown = -1;
        CHECK((error == 0) == (config != NULL));
        /* The library itself may put it as a key that does not fit or can't be read. */
        CHECK(error == 0 || error == -ENOMEM || error == -EINVAL);
        succeeded += !has_failed && error == 0;
        failed += error == -ENOMEM;
        io_tls_config_unref(config);
    }
    CHECK(failed > 20);
}

static struct pair pair;
static uint8_t buffer[IO_TLS_READ_MIN];

/* A whole connection of which one allocation fails. Returns whether none did any more. */
static bool connect_without(long at, struct io_tls_config *client, struct io_tls_config *server,
                            const char *name)
{
    struct io_tls_target to_server = pair_target(name), to_client = pair_target(NULL);
    pair_connect(&pair);
    countdown = at;
    int error = io_tls_create(&pair.client.tcp, client, pair.pool, &to_server, &pair.client.tls);
    int other = io_tls_create(&pair.server.tcp, server, pair.pool, &to_client, &pair.server.tls);
    CHECK(error == 0 || error == -ENOMEM);
    CHECK(other == 0 || other == -ENOMEM);
    CHECK_INT(pair.client.tcp.error, 0);
    CHECK_INT(pair.server.tcp.error, 0);
    if (error == 0 && other == 0) {
        pair_shake(&pair);
        for (int i = 0; i < 2; i++) {
            int status = i == 0 ? pair.client.status : pair.server.status;
            CHECK(status == 0 || status == -EAGAIN || status == -ENOMEM || io_tls_is_error(status));
        }
    } else {
        pair.client.status = -ENOMEM;
    }
    if (pair.client.status == 0 && pair.server.status == 0) {
        for (int i = 0; i < 5; i++) { /* some of it has to be kept for the next read */
            (void)io_tls_write(pair.server.tls, buffer, 16000);
        }
        for (ssize_t count = 1; count > 0;) {
            count = side_read(&pair, &pair.client, buffer);
            CHECK(count > 0 || count == -EAGAIN || count == -ENOMEM || io_tls_is_error((int)count));
        }
        (void)io_tls_close_notify(pair.client.tls);
    }
    bool none = countdown >= 0;
    countdown = -1;
    return none;
}

TEST(connections)
{
    for (int version = 0; version < 2; version++) {
        struct io_tls_config *client = pair_client(version == 0 ? PAIR_TLS12 : PAIR_TLS13);
        struct io_tls_config *server = pair_server(version == 0 ? PAIR_TLS12 : PAIR_TLS13);
        bool none = false;
        for (long at = 0; !none; at = next(at)) {
            none = connect_without(at, client, server, "server.example");
            CHECK(!none || (pair.client.status == 0 && pair.server.status == 0));
            pair_close(&pair);
        }
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
}

TEST(resumed_connections)
{
    for (int version = 0; version < 2; version++) {
        struct io_tls_config *client = pair_client(version == 0 ? PAIR_TLS12 : PAIR_TLS13);
        struct io_tls_config *server = pair_server(version == 0 ? PAIR_TLS12 : PAIR_TLS13);
        bool none = false;
        pair.keeps_sessions = true;
        for (long at = 0; !none; at = next(at)) {
            pair_forget(&pair);
            CHECK(connect_without(1000000, client, server, "server.example"));
            pair_close(&pair);
            none = connect_without(at, client, server, "server.example");
            CHECK(!none || pair.client.tls->resumed);
            pair_close(&pair);
        }
        pair.keeps_sessions = false;
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
}

/* What can't be checked is not good. */
TEST(certificates_that_are_refused)
{
    static const uint8_t pins[1][IO_TLS_PIN_SIZE] = {{1}};
    for (int way = 0; way < 4; way++) {
        int version = way % 2 == 0 ? PAIR_TLS13 : PAIR_TLS12;
        struct io_tls_config *server = pair_server(version);
        struct io_tls_config *client =
            way == 0   ? pair_client(version)
            : way == 1 ? pair_config(&(struct io_tls_settings){.ca = PAIR_INPUT(SELF_PEM)}, version)
            : way == 2 ? pair_config(&(struct io_tls_settings){.ca = PAIR_INPUT(AUTHORITY_PEM),
                                                               .pins = pins,
                                                               .pin_count = 1},
                                     version)
                       : pair_config(&(struct io_tls_settings){.ca = PAIR_INPUT(AUTHORITY_PEM),
                                                               .crl = PAIR_INPUT(REVOKED_CRL)},
                                     version);
        bool none = false;
        for (long at = 0; !none; at = next(at)) {
            none = connect_without(at, client, server, way == 0 ? "other.example" : "server.example");
            CHECK(pair.client.status != 0);
            pair_close(&pair);
        }
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
}

int main(void)
{
    alarm(300);
    pair_init(&pair);
    pair.patience = 5;
    RUN(configurations);
    RUN(connections);
    RUN(resumed_connections);
    RUN(certificates_that_are_refused);
    pair_done(&pair);
    return check_done();
}
