/* test_tls.c - handshakes of two struct io_tls over a relay: versions, keys, sessions, refusals, and bytes
 * that come one by one, before their time, or instead of others. Not here: bytes after the handshake
 * (test_tls_record.c), all the ways in which a certificate can be bad (tests/node). */
/* links: bindings/tls.c bindings/tls_handshake.c bindings/tls_record.c bindings/tls_pool.c */
/* links: bindings/tls_session.c bindings/tls_config.c bindings/tls_error.c bindings/tls_time.c */
/* links: bindings/tls_random.c bindings/tls_trust.c bindings/tls_pem.c bindings/tls_built_in.c */
/* links: bindings/tls_certificate.c bindings/tls_name.c bindings/psa.c bindings/tcp.c */
/* links: bindings/net_provider.c bindings/net_option.c */
#include "tls_pair.h"

#include <pthread.h>

static struct pair pair;
static const int versions[] = {PAIR_TLS12, PAIR_TLS13};
#define EACH_VERSION(version)                                                                                \
    for (int at_##version = 0, version = versions[0]; at_##version < 2;                                      \
         version = versions[++at_##version % 2])

static struct io_tls_info info_of(const struct side *side)
{
    struct io_tls_info info;
    io_tls_info(side->tls, &info);
    return info;
}

/* Both sides end with these. */
static void ends(struct io_tls_config *client, struct io_tls_config *server, const char *name,
                 int client_status, int server_status)
{
    pair_open_as(&pair, client, server, name);
    pair_shake(&pair);
    CHECK_INT(pair.client.status, client_status);
    CHECK_INT(pair.server.status, server_status);
    pair_close(&pair);
    io_tls_config_unref(client);
    io_tls_config_unref(server);
}

TEST(versions_and_kinds_of_keys)
{
    EACH_VERSION(version)
    {
        for (int rsa = 0; rsa < 2; rsa++) {
            struct io_tls_config *client = pair_client(PAIR_TLS13);
            struct io_tls_config *server = pair_config(
                &(struct io_tls_settings){.is_server = true,
                                          .cert = rsa ? PAIR_INPUT(RSA_PEM) : PAIR_INPUT(SERVER_PEM),
                                          .key = rsa ? PAIR_KEY(RSA_KEY) : PAIR_KEY(SERVER_KEY)},
                version);
            pair_open(&pair, client, server);
            struct io_tls_info info = info_of(&pair.client), other = info_of(&pair.server);
            CHECK_STR(info.protocol, version == PAIR_TLS13 ? "TLSv1.3" : "TLSv1.2");
            CHECK_STR(other.protocol, info.protocol);
            CHECK_STR(info.cipher, version == PAIR_TLS13 ? "TLS_AES_128_GCM_SHA256"
                                   : rsa                 ? "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
                                                         : "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
            CHECK_STR(other.cipher, info.cipher);
            CHECK(info.certificate != NULL && info.certificate_length > 300);
            CHECK(other.certificate == NULL && other.certificate_length == 0);
            CHECK(info.alpn == NULL && !info.resumed && !other.resumed);
            side_write(&pair.client, "hello");
            side_expect(&pair, &pair.server, "hello");
            side_write(&pair.server, "good bye");
            side_expect(&pair, &pair.client, "good bye");
            pair_close(&pair);
            io_tls_config_unref(client);
            io_tls_config_unref(server);
        }
    }
}

TEST(bytes_that_come_one_by_one_or_in_odd_pieces)
{
    static const size_t pieces[] = {1, 3, 7, 100};
    EACH_VERSION(version)
    {
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            struct io_tls_config *client = pair_client(version), *server = pair_server(version);
            pair_open_as(&pair, client, server, "server.example");
            pair.piece = pieces[i];
            pair_shake(&pair);
            CHECK_INT(pair.client.status, 0);
            CHECK_INT(pair.server.status, 0);
            side_write(&pair.server, "in pieces");
            side_expect(&pair, &pair.client, "in pieces");
            side_write(&pair.client, "back");
            side_expect(&pair, &pair.server, "back");
            pair_close(&pair);
            io_tls_config_unref(client);
            io_tls_config_unref(server);
        }
    }
}

TEST(who_the_peer_is)
{
    EACH_VERSION(version)
    {
        struct io_tls_config *server = pair_server(version);
        ends(pair_client(version), io_tls_config_ref(server), "other.example", IO_TLS_CERT_WRONG_NAME,
             IO_TLS_ALERT);
        ends(pair_client(version), io_tls_config_ref(server), "SERVER.example.", 0, 0);
        ends(pair_client(version), io_tls_config_ref(server), "127.0.0.1", 0, 0);
        ends(pair_client(version), io_tls_config_ref(server), "127.0.0.2", IO_TLS_CERT_WRONG_NAME,
             IO_TLS_ALERT);
        ends(pair_client(version), io_tls_config_ref(server), "server", IO_TLS_CERT_WRONG_NAME, IO_TLS_ALERT);
        ends(pair_config(&(struct io_tls_settings){0}, version), io_tls_config_ref(server), "server.example",
             IO_TLS_CERT_UNKNOWN_AUTHORITY, IO_TLS_ALERT);
        ends(pair_config(&(struct io_tls_settings){.unverified = true}, version), io_tls_config_ref(server),
             "any.example", 0, 0);
        ends(pair_config(
                 &(struct io_tls_settings){.ca = PAIR_INPUT(AUTHORITY_PEM), .crl = PAIR_INPUT(REVOKED_CRL)},
                 version),
             io_tls_config_ref(server), "server.example", IO_TLS_CERT_REVOKED, IO_TLS_ALERT);
        ends(pair_config(
                 &(struct io_tls_settings){.ca = PAIR_INPUT(AUTHORITY_PEM), .crl = PAIR_INPUT(EMPTY_CRL)},
                 version),
             io_tls_config_ref(server), "server.example", 0, 0);
        io_tls_config_unref(server);
    }
}

static struct io_tls_config *server_with(const char *certificate, const char *key, int version)
{
    const struct io_tls_bytes bytes = {(const uint8_t *)certificate, strlen(certificate)};
    return pair_config(&(struct io_tls_settings){.is_server = true,
                                                 .cert = {&bytes, 1},
                                                 .key = {(const uint8_t *)key, strlen(key)}},
                       version);
}

TEST(certificates_that_are_not_good)
{
    EACH_VERSION(version)
    {
        ends(pair_client(version), server_with(EXPIRED_PEM, SERVER_KEY, version), "server.example",
             IO_TLS_CERT_EXPIRED, IO_TLS_ALERT);
        ends(pair_client(version), server_with(FUTURE_PEM, SERVER_KEY, version), "server.example",
             IO_TLS_CERT_NOT_YET_VALID, IO_TLS_ALERT);
        ends(pair_client(version), server_with(SELF_PEM, SELF_KEY, version), "server.example",
             IO_TLS_CERT_SELF_SIGNED, IO_TLS_ALERT);
        ends(pair_client(version), server_with(BELOW_PEM, SERVER_KEY, version), "server.example",
             IO_TLS_CERT_UNKNOWN_AUTHORITY, IO_TLS_ALERT);
        ends(pair_client(version), server_with(BELOW_PEM INTERMEDIATE_PEM, SERVER_KEY, version),
             "server.example", 0, 0);
        ends(pair_client(version), server_with(BELOW_PEM INTERMEDIATE_PEM AUTHORITY_PEM, SERVER_KEY, version),
             "server.example", 0, 0);
        ends(pair_config(&(struct io_tls_settings){.ca = PAIR_INPUT(SELF_PEM)}, version),
             server_with(SELF_PEM, SELF_KEY, version), "server.example", 0, 0);
    }
}

static size_t append_der(uint8_t *der, size_t size, const char *pem)
{
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    CHECK_INT(mbedtls_x509_crt_parse(&certificate, (const uint8_t *)pem, strlen(pem) + 1), 0);
    memcpy(der + size, certificate.raw.p, certificate.raw.len);
    size += certificate.raw.len;
    mbedtls_x509_crt_free(&certificate);
    return size;
}

/* As the clients of apps that bring no authorities along. A list of revoked ones makes the library use the
 * store in another way. */
TEST(trust_in_a_store)
{
    static uint8_t der[4096];
    const char *const nowhere[] = {NULL};
    struct io_tls_trust *trust = NULL;
    size_t size = append_der(der, append_der(der, 0, AUTHORITY_PEM), SELF_PEM);
    CHECK_INT(io_tls_trust_search(nowhere, &(const struct io_tls_built_in){der, size}, &trust), 0);
    CHECK_INT(io_tls_trust_count(trust), 2);
    EACH_VERSION(version)
    {
        for (int i = 0; i < 2; i++) {
            const struct io_tls_settings settings = {
                .trust = trust,
                .crl = i == 0 ? (struct io_tls_inputs){NULL, 0} : PAIR_INPUT(EMPTY_CRL),
            };
            struct io_tls_config *client = pair_config(&settings, version);
            ends(io_tls_config_ref(client), pair_server(version), "server.example", 0, 0);
            ends(io_tls_config_ref(client), pair_server(version), "other.example", IO_TLS_CERT_WRONG_NAME,
                 IO_TLS_ALERT);
            ends(io_tls_config_ref(client), server_with(BELOW_PEM INTERMEDIATE_PEM, SERVER_KEY, version),
                 "server.example", 0, 0);
            ends(io_tls_config_ref(client), server_with(EXPIRED_PEM, SERVER_KEY, version), "server.example",
                 IO_TLS_CERT_EXPIRED, IO_TLS_ALERT);
            /* A device that signs for itself, and one that is not in the store. */
            ends(io_tls_config_ref(client), server_with(SELF_PEM, SELF_KEY, version), "server.example", 0, 0);
            ends(io_tls_config_ref(client), server_with(SELF_PEM, SELF_KEY, version), "other.example",
                 IO_TLS_CERT_WRONG_NAME, IO_TLS_ALERT);
            ends(client, server_with(P384_PEM, P384_KEY, version), "server.example", IO_TLS_CERT_SELF_SIGNED,
                 IO_TLS_ALERT);
        }
        ends(pair_config(&(struct io_tls_settings){.trust = trust, .crl = PAIR_INPUT(REVOKED_CRL)}, version),
             pair_server(version), "server.example", IO_TLS_CERT_REVOKED, IO_TLS_ALERT);
    }
    io_tls_trust_unref(trust);
}

TEST(pins)
{
    mbedtls_x509_crt certificate;
    uint8_t pins[2][IO_TLS_PIN_SIZE] = {{0}};
    struct io_tls_settings settings = {
        .ca = PAIR_INPUT(AUTHORITY_PEM), .pins = (const uint8_t(*)[IO_TLS_PIN_SIZE])pins, .pin_count = 1};
    const char *pinned[] = {SERVER_PEM, AUTHORITY_PEM};
    EACH_VERSION(version)
    {
        memset(pins, 0, sizeof(pins));
        settings.pin_count = 1;
        ends(pair_config(&settings, version), pair_server(version), "server.example", IO_TLS_PIN_MISMATCH,
             IO_TLS_ALERT);
        settings.pin_count = 2;
        for (int i = 0; i < 2; i++) { /* the server's own key, and one above it */
            mbedtls_x509_crt_init(&certificate);
            CHECK_INT(mbedtls_x509_crt_parse(&certificate, (const uint8_t *)pinned[i], strlen(pinned[i]) + 1),
                      0);
            CHECK_INT(io_tls_certificate_pin(&certificate, pins[1]), 0);
            mbedtls_x509_crt_free(&certificate);
            ends(pair_config(&settings, version), pair_server(version), "server.example", 0, 0);
        }
        /* A pin is no trust. */
        settings.ca.count = 0;
        ends(pair_config(&settings, version), pair_server(version), "server.example",
             IO_TLS_CERT_UNKNOWN_AUTHORITY, IO_TLS_ALERT);
        settings.ca.count = 1;
    }
}

static const char *const h2[] = {"h2", "http/1.1"}, *const http[] = {"http/1.1"}, *const smb[] = {"smb"};

TEST(application_protocols)
{
    EACH_VERSION(version)
    {
        struct io_tls_settings client = {.ca = PAIR_INPUT(AUTHORITY_PEM), .alpn = h2, .alpn_count = 2};
        struct io_tls_settings server = {.is_server = true,
                                         .cert = PAIR_INPUT(SERVER_PEM),
                                         .key = PAIR_KEY(SERVER_KEY),
                                         .alpn = http,
                                         .alpn_count = 1};
        struct io_tls_config *from = pair_config(&client, version), *to = pair_config(&server, version);
        pair_open(&pair, from, to);
        CHECK_STR(info_of(&pair.client).alpn, "http/1.1");
        CHECK_STR(info_of(&pair.server).alpn, "http/1.1");
        pair_close(&pair);
        io_tls_config_unref(from);
        client.alpn = smb;
        client.alpn_count = 1;
        ends(pair_config(&client, version), to, "server.example", IO_TLS_NO_SHARED_ALPN,
             IO_TLS_NO_SHARED_ALPN);
        /* Who has no opinion goes along. */
        ends(pair_config(&client, version), pair_server(version), "server.example", 0, 0);
    }
}

TEST(versions_that_do_not_meet)
{
    ends(pair_config(&(struct io_tls_settings){.ca = PAIR_INPUT(AUTHORITY_PEM), .tls13_only = true},
                     PAIR_TLS13),
         pair_server(PAIR_TLS12), "server.example", IO_TLS_NO_SHARED_CIPHER,
         IO_TLS_NO_SHARED_CIPHER); /* of TLS 1.2 alone */
    ends(pair_client(PAIR_TLS12),
         pair_config(&(struct io_tls_settings){.is_server = true,
                                               .cert = PAIR_INPUT(SERVER_PEM),
                                               .key = PAIR_KEY(SERVER_KEY),
                                               .tls13_only = true},
                     PAIR_TLS13),
         "server.example", IO_TLS_VERSION, IO_TLS_VERSION);
}

static struct io_tls_config *asking_server(enum io_tls_client_auth auth, int version)
{
    return pair_config(&(struct io_tls_settings){.is_server = true,
                                                 .cert = PAIR_INPUT(SERVER_PEM),
                                                 .key = PAIR_KEY(SERVER_KEY),
                                                 .ca = PAIR_INPUT(AUTHORITY_PEM),
                                                 .client_auth = auth},
                       version);
}

static struct io_tls_config *client_with(bool is_good, int version)
{
    return pair_config(
        &(struct io_tls_settings){.ca = PAIR_INPUT(AUTHORITY_PEM),
                                  .cert = is_good ? PAIR_INPUT(CLIENT_PEM) : PAIR_INPUT(SELF_PEM),
                                  .key = is_good ? PAIR_KEY(CLIENT_KEY) : PAIR_KEY(SELF_KEY)},
        version);
}

/* In TLS 1.3 a client is done before the server has looked at its certificate. */
TEST(certificates_of_clients)
{
    static uint8_t buffer[IO_TLS_READ_MIN];
    EACH_VERSION(version)
    {
        for (int auth = IO_TLS_CLIENT_AUTH_REQUEST; auth <= IO_TLS_CLIENT_AUTH_REQUIRE; auth++) {
            struct io_tls_config *server = asking_server((enum io_tls_client_auth)auth, version);
            bool is_required = auth == IO_TLS_CLIENT_AUTH_REQUIRE;
            struct io_tls_config *clients[] = {client_with(true, version), client_with(false, version),
                                               pair_client(version)};
            const int expected[] = {0, IO_TLS_CERT_SELF_SIGNED, is_required ? IO_TLS_CERT_MISSING : 0};
            for (int i = 0; i < 3; i++) {
                pair_open_as(&pair, clients[i], server, "server.example");
                pair_shake(&pair);
                CHECK_INT(pair.server.status, expected[i]);
                CHECK((info_of(&pair.server).certificate != NULL) == (i < 2));
                if (expected[i] == 0) {
                    CHECK_INT(pair.client.status, 0);
                } else if (version == PAIR_TLS13) {
                    CHECK_INT(pair.client.status, 0);
                    CHECK_INT(side_read(&pair, &pair.client, buffer),
                              i == 2 ? IO_TLS_CERT_MISSING : IO_TLS_ALERT);
                    CHECK_STR(io_tls_alert_name(info_of(&pair.client).alert), i == 2 ? "no_certificate"
                                                                              : is_required
                                                                                  ? "unknown_ca"
                                                                                  : "access_denied");
                } else {
                    CHECK_INT(pair.client.status, IO_TLS_ALERT);
                }
                pair_close(&pair);
                io_tls_config_unref(clients[i]);
            }
            io_tls_config_unref(server);
        }
    }
}

/* Sessions --------------------------------------------------------------------------------------- */

/* A connection; whether its session was resumed. */
static bool resumes(struct io_tls_config *client, struct io_tls_config *server, const char *name)
{
    pair_open_as(&pair, client, server, name);
    pair_shake(&pair);
    CHECK_INT(pair.client.status, 0);
    CHECK_INT(pair.server.status, 0);
    side_write(&pair.server, "tickets come before data");
    side_expect(&pair, &pair.client, "tickets come before data");
    struct io_tls_info info = info_of(&pair.client);
    CHECK(info.certificate != NULL && info.certificate_length > 300); /* also of a resumed one */
    CHECK(info_of(&pair.server).resumed == info.resumed);
    pair_close(&pair);
    return info.resumed;
}

TEST(sessions_are_resumed)
{
    EACH_VERSION(version)
    {
        struct io_tls_config *client = pair_client(version), *server = pair_server(version);
        struct io_tls_config *other = pair_config(
            &(struct io_tls_settings){.ca = PAIR_INPUT(AUTHORITY_PEM), .crl = PAIR_INPUT(EMPTY_CRL)},
            version);
        pair_forget(&pair);
        CHECK(!resumes(client, server, "server.example"));
        CHECK(io_tls_sessions_count(pair.pool->sessions) > 0);
        CHECK(!resumes(client, server, "127.0.0.1"));     /* another name */
        CHECK(!resumes(other, server, "server.example")); /* verified in another way */
        CHECK(resumes(client, server, "server.example"));
        CHECK(resumes(client, server, "server.example")); /* it got a new ticket */
        CHECK(resumes(other, server, "server.example"));
        io_tls_config_unref(other);
        other = pair_server(version); /* restarted: it has other keys */
        CHECK(!resumes(client, other, "server.example"));
        /* In TLS 1.2 the next one finds out which versions there are. */
        CHECK(resumes(client, other, "server.example") == (version == PAIR_TLS13));
        CHECK(resumes(client, other, "server.example"));
        pair_forget(&pair);
        CHECK(!resumes(client, other, "server.example"));
        io_tls_config_unref(client);
        io_tls_config_unref(server);
        io_tls_config_unref(other);
    }
}

/* Who offers a session offers its version: it must not stand in the way for long. */
TEST(servers_that_change_their_version)
{
    struct io_tls_config *client = pair_client(PAIR_TLS13), *old = pair_server(PAIR_TLS12);
    struct io_tls_config *new = pair_server(PAIR_TLS13);
    pair_forget(&pair);
    CHECK(!resumes(client, old, "server.example"));
    CHECK(!resumes(client, new, "server.example"));
    CHECK(!resumes(client, new, "server.example"));
    CHECK(resumes(client, new, "server.example"));
    pair_open_as(&pair, client, new, "server.example"); /* TLS 1.3 by now */
    pair_shake(&pair);
    CHECK_STR(info_of(&pair.client).protocol, "TLSv1.3");
    pair_close(&pair);
    CHECK(!resumes(client, new, "server.example"));
    ends(io_tls_config_ref(client), io_tls_config_ref(old), "server.example", IO_TLS_NO_SHARED_CIPHER,
         IO_TLS_NO_SHARED_CIPHER);
    CHECK_INT(io_tls_sessions_count(pair.pool->sessions), 0);
    CHECK(!resumes(client, old, "server.example"));
    CHECK(resumes(client, old, "server.example"));
    io_tls_config_unref(client);
    io_tls_config_unref(old);
    io_tls_config_unref(new);
}

TEST(who_has_to_show_a_certificate_shows_it_each_time)
{
    EACH_VERSION(version)
    {
        struct io_tls_config *client = client_with(true, version);
        struct io_tls_config *server = asking_server(IO_TLS_CLIENT_AUTH_REQUIRE, version);
        pair_forget(&pair);
        for (int i = 0; i < 3; i++) {
            CHECK(!resumes(client, server, "server.example"));
        }
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
}

TEST(an_unverified_session_does_not_serve_a_verified_connection)
{
    EACH_VERSION(version)
    {
        struct io_tls_config *careless = pair_config(
            &(struct io_tls_settings){.unverified = true, .ca = PAIR_INPUT(AUTHORITY_PEM)}, version);
        struct io_tls_config *client = pair_client(version);
        struct io_tls_config *server = server_with(SELF_PEM, SELF_KEY, version);
        pair_forget(&pair);
        CHECK(!resumes(careless, server, "server.example"));
        CHECK(resumes(careless, server, "server.example"));
        ends(client, io_tls_config_ref(server), "server.example", IO_TLS_CERT_SELF_SIGNED, IO_TLS_ALERT);
        CHECK(resumes(careless, server, "server.example"));
        io_tls_config_unref(careless);
        io_tls_config_unref(server);
    }
}

/* A ticket of TLS 1.3 is a message after the handshake. */
TEST(tickets_that_come_late_or_in_pieces)
{
    static const size_t pieces[] = {1, 50, 1 << 16};
    static uint8_t buffer[IO_TLS_READ_MIN];
    for (size_t i = 0; i < 3; i++) {
        struct io_tls_config *client = pair_client(PAIR_TLS13), *server = pair_server(PAIR_TLS13);
        pair_forget(&pair);
        pair_open(&pair, client, server);
        CHECK_INT(io_tls_sessions_count(pair.pool->sessions), 0);
        pair.piece = pieces[i];
        for (int turns = 0; turns < 60; turns++) {
            /* What came so far of the ticket keeps nobody from writing. */
            CHECK_INT(io_tls_read(pair.client.tls, buffer, sizeof(buffer)), -EAGAIN);
            CHECK_INT(io_tls_write(pair.client.tls, (const uint8_t *)"x", 1), 1);
            CHECK(!io_tls_is_writing(pair.client.tls));
            pair_turn(&pair);
        }
        CHECK_INT(side_read(&pair, &pair.client, buffer), -EAGAIN);
        CHECK(io_tls_sessions_count(pair.pool->sessions) > 0);
        size_t received = 0;
        for (ssize_t count; (count = side_read(&pair, &pair.server, buffer)) > 0; received += (size_t)count) {
        }
        CHECK_INT(received, 60);
        pair_close(&pair);
        CHECK(resumes(client, server, "server.example"));
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
}

/* Bytes before their time ------------------------------------------------------------------------ */

TEST(plain_text_instead_of_a_handshake)
{
    for (int upgrades = 0; upgrades < 2; upgrades++) {
        for (int is_server = 0; is_server < 2; is_server++) {
            struct io_tls_config *config = is_server ? pair_server(PAIR_TLS13) : pair_client(PAIR_TLS13);
            struct io_tls_target target = pair_target(is_server ? NULL : "server.example");
            struct side *side = is_server ? &pair.server : &pair.client;
            pair_connect(&pair);
            target.upgrades = upgrades;
            CHECK_INT(io_tls_create(&side->tcp, config, pair.pool, &target, &side->tls), 0);
            CHECK_INT(io_tls_handshake(side->tls), -EAGAIN);
            CHECK_INT(send(side->wire, "250 OK\r\n", 8, 0), 8);
            CHECK(pair_wait(&pair, &side->readable));
            CHECK_INT(io_tls_handshake(side->tls), upgrades ? IO_TLS_PLAINTEXT : IO_TLS_PROTOCOL);
            CHECK_INT(io_tls_handshake(side->tls), upgrades ? IO_TLS_PLAINTEXT : IO_TLS_PROTOCOL);
            pair_close(&pair);
            io_tls_config_unref(config);
        }
    }
}

/* What an owner received before it knew that it was TLS: the whole of the ClientHello, half of it, more. */
TEST(a_server_takes_what_was_received_before)
{
    uint8_t hello[4096];
    EACH_VERSION(version)
    {
        for (int part = 0; part < 3; part++) {
            struct io_tls_config *client = pair_client(version), *server = pair_server(version);
            struct io_tls_target to_server = pair_target("server.example"), to_client = pair_target(NULL);
            pair_connect(&pair);
            CHECK_INT(io_tls_create(&pair.client.tcp, client, pair.pool, &to_server, &pair.client.tls), 0);
            side_advance(&pair.client);
            ssize_t length = recv(pair.client.wire, hello, sizeof(hello), 0);
            CHECK(length > 100);
            size_t unread = part == 0 ? (size_t)length : part == 1 ? (size_t)length / 2 : 1;
            CHECK_INT(send(pair.server.wire, hello + unread, (size_t)length - unread, 0),
                      (size_t)length - unread);
            to_client.unread = hello;
            to_client.unread_length = unread;
            to_client.upgrades = true;
            CHECK_INT(io_tls_create(&pair.server.tcp, server, pair.pool, &to_client, &pair.server.tls), 0);
            memset(hello, 0, sizeof(hello)); /* it is not the caller's to keep */
            pair_shake(&pair);
            CHECK_INT(pair.client.status, 0);
            CHECK_INT(pair.server.status, 0);
            side_write(&pair.client, "there");
            side_expect(&pair, &pair.server, "there");
            pair_close(&pair);
            io_tls_config_unref(client);
            io_tls_config_unref(server);
        }
    }
}

TEST(commands_behind_the_upgrade_are_not_used)
{
    struct io_tls_config *server = pair_server(PAIR_TLS13);
    struct io_tls_target target = {
        .upgrades = true, .unread = (const uint8_t *)"NOOP\r\n", .unread_length = 6};
    pair_connect(&pair);
    CHECK_INT(io_tls_create(&pair.server.tcp, server, pair.pool, &target, &pair.server.tls), 0);
    CHECK_INT(io_tls_handshake(pair.server.tls), IO_TLS_PLAINTEXT);
    pair_close(&pair);
    io_tls_config_unref(server);
}

/* Each byte of the peer's first flight is spoiled in turn: no success, no hang, and never a crash. */
TEST(a_spoiled_byte_fails_the_handshake)
{
    static uint8_t flight[1 << 16];
    EACH_VERSION(version)
    {
        struct io_tls_config *client = pair_client(version), *server = pair_server(version);
        ssize_t length = 1;
        for (ssize_t at = 0; at < length; at += 1 + at / 16) {
            pair_open_as(&pair, client, server, "server.example");
            pair.server.is_held = true;
            pair_shake(&pair);
            length = recv(pair.server.wire, flight, sizeof(flight), 0);
            CHECK(length > 300);
            flight[at] ^= 0x41;
            CHECK_INT(send(pair.client.wire, flight, (size_t)length, 0), length);
            pair.server.is_held = false;
            pair_shake(&pair);
            CHECK(pair.client.status != 0 || pair.server.status != 0 || at < 5);
            CHECK(pair.client.status == -EAGAIN || pair.client.status == 0 ||
                  io_tls_is_error(pair.client.status));
            pair_close(&pair);
        }
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
}

/* Ends ------------------------------------------------------------------------------------------- */

TEST(a_peer_that_goes_is_truncated)
{
    EACH_VERSION(version)
    {
        struct io_tls_config *client = pair_client(version), *server = pair_server(version);
        for (int at = 0; at < 2; at++) {
            pair_open_as(&pair, client, server, "server.example");
            if (at > 0) {
                pair.server.is_held = true; /* the client waits for the answer */
                pair_shake(&pair);
            }
            shutdown(pair.client.wire, SHUT_WR);
            shutdown(pair.server.wire, SHUT_WR);
            pair.server.is_held = true;
            pair_shake(&pair);
            CHECK_INT(pair.client.status, IO_TLS_TRUNCATED);
            CHECK_INT(pair.server.status, IO_TLS_TRUNCATED);
            pair_close(&pair);
        }
        pair_open_as(&pair, client, server, "server.example");
        loopback_reset(pair.client.wire);
        pair.client.wire = -1;
        pair_shake(&pair);
        CHECK(pair.client.status == -ECONNRESET || pair.client.status == -EPIPE);
        pair_close(&pair);
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
}

TEST(a_handshake_is_given_up_at_any_point)
{
    static const size_t pieces[] = {100, 37};
    EACH_VERSION(version)
    {
        struct io_tls_config *client = pair_client(version), *server = pair_server(version);
        for (int at = 0; at < 40; at++) {
            pair_open_as(&pair, client, server, "server.example");
            pair.piece = pieces[at % 2];
            for (int turns = 0; turns < at; turns++) {
                side_advance(&pair.client);
                side_advance(&pair.server);
                pair_turn(&pair);
            }
            if (pair.client.status == -EAGAIN) {
                io_tls_abort(pair.client.tls, IO_TLS_HANDSHAKE_TIMEOUT);
                io_tls_abort(pair.client.tls, IO_TLS_PROTOCOL); /* the first counts */
                CHECK_INT(io_tls_handshake(pair.client.tls), IO_TLS_HANDSHAKE_TIMEOUT);
            }
            io_tls_end(pair.client.tls);
            io_tls_end(pair.client.tls);
            CHECK(info_of(&pair.client).protocol != NULL); /* still answers */
            pair_close(&pair);
        }
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
    io_tls_destroy(NULL);
    io_tls_pool_destroy(NULL);
}

TEST(settings_live_as_long_as_their_connections)
{
    struct io_tls_config *client = pair_client(PAIR_TLS13), *server = pair_server(PAIR_TLS13);
    pair_open_as(&pair, client, server, "server.example");
    CHECK_INT(client->references, 2);
    io_tls_config_unref(client);
    io_tls_config_unref(server);
    pair_shake(&pair);
    CHECK_INT(pair.client.status, 0);
    CHECK_INT(pair.server.status, 0);
    CHECK_INT(pair.client.tls->config->references, 1);
    pair_close(&pair);
}

/* Threads ---------------------------------------------------------------------------------------- */

enum { THREADS = 2, CONNECTIONS = 12 };

/* A runtime of its own; what is shared is inside of the library. */
static void *run_connections(void *failures)
{
    static _Thread_local struct pair own;
    pair_init(&own);
    for (int i = 0; i < CONNECTIONS; i++) {
        int version = versions[i % 2];
        struct io_tls_config *client = pair_client(version), *server = pair_server(version);
        pair_open_as(&own, client, server, "server.example");
        pair_shake(&own);
        *(int *)failures += own.client.status != 0 || own.server.status != 0;
        pair_close(&own);
        io_tls_config_unref(client);
        io_tls_config_unref(server);
    }
    pair_done(&own);
    return NULL;
}

TEST(loops_in_several_threads)
{
    pthread_t threads[THREADS];
    int failures[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, run_connections, &failures[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(failures[i], 0);
    }
}

int main(void)
{
    alarm(300);
    pair_init(&pair);
    RUN(versions_and_kinds_of_keys);
    RUN(bytes_that_come_one_by_one_or_in_odd_pieces);
    RUN(who_the_peer_is);
    RUN(certificates_that_are_not_good);
    RUN(trust_in_a_store);
    RUN(pins);
    RUN(application_protocols);
    RUN(versions_that_do_not_meet);
    RUN(certificates_of_clients);
    pair.keeps_sessions = true;
    RUN(sessions_are_resumed);
    RUN(servers_that_change_their_version);
    RUN(who_has_to_show_a_certificate_shows_it_each_time);
    RUN(an_unverified_session_does_not_serve_a_verified_connection);
    RUN(tickets_that_come_late_or_in_pieces);
    pair.keeps_sessions = false;
    RUN(plain_text_instead_of_a_handshake);
    RUN(a_server_takes_what_was_received_before);
    RUN(commands_behind_the_upgrade_are_not_used);
    RUN(a_spoiled_byte_fails_the_handshake);
    RUN(a_peer_that_goes_is_truncated);
    RUN(a_handshake_is_given_up_at_any_point);
    RUN(settings_live_as_long_as_their_connections);
    RUN(loops_in_several_threads);
    pair_done(&pair);
    return check_done();
}
