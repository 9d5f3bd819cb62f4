/* tls_config.h - what TLS connections of one kind share, parsed and checked once: certificates, keys, trust,
 * versions, application protocols; for servers also the keys of their tickets. Reference counted: a
 * connection holds one. Not here: connections (tls.h), names of peers, which differ from one connection to
 * the next. */
#ifndef CLEAT_IO_TLS_CONFIG_H
#define CLEAT_IO_TLS_CONFIG_H

#include "tls_certificate.h"
#include "tls_session.h"
#include "tls_trust.h"

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

enum {
    IO_TLS_ALPN_MAX = 16,       /* protocols: each costs a comparison with each of the peer's */
    IO_TLS_ALPN_NAME_MAX = 255, /* bytes (RFC 7301 3.1) */
    IO_TLS_PINS_MAX = 16,
    /* Bytes of certificates, keys and lists that are parsed: beyond this it is a mistake. */
    IO_TLS_INPUT_MAX = 1 << 20,
    /* Seconds that a server's ticket is good for. Its key is replaced as often, and the one before kept as
       long. */
    IO_TLS_TICKET_SECONDS = 43200,
    IO_TLS_PROBLEM_MAX = 200,
};

enum io_tls_client_auth { IO_TLS_CLIENT_AUTH_NONE, IO_TLS_CLIENT_AUTH_REQUEST, IO_TLS_CLIENT_AUTH_REQUIRE };

struct io_tls_bytes {
    const uint8_t *data;
    size_t length;
};

/* Several inputs of one kind. */
struct io_tls_inputs {
    const struct io_tls_bytes *items;
    size_t count;
};

struct io_tls_settings {
    bool is_server;
    bool tls13_only;
    bool unverified; /* client: any certificate will do */
    enum io_tls_client_auth client_auth;
    /* PEM, also several in one, or DER. ca: trusted instead of `trust`. cert: the own chain, leaf first. */
    struct io_tls_inputs ca, cert, crl;
    struct io_tls_bytes key, passphrase; /* data NULL: none */
    const char *const *alpn;             /* preferred first */
    size_t alpn_count;
    const uint8_t (*pins)[IO_TLS_PIN_SIZE];
    size_t pin_count;
    struct io_tls_trust *trust; /* where there is no ca; NULL: nothing is trusted */
};

/* What is wrong with settings: a stable code ("TLS_BAD_KEY") and a sentence. */
struct io_tls_problem {
    const char *code;
    char text[IO_TLS_PROBLEM_MAX];
};

struct io_tls_config {
    unsigned references;
    bool is_server, unverified,
        asks_client; /* asks_client: a server that wants certificates of its clients */
    mbedtls_ssl_config ssl;
    mbedtls_x509_crt ca, cert;
    mbedtls_x509_crl crl;
    mbedtls_pk_context key;
    mbedtls_ssl_ticket_context tickets;
    struct io_tls_trust *trust;
    char **alpn; /* ended by NULL */
    uint8_t (*pins)[IO_TLS_PIN_SIZE];
    size_t pin_count;
    uint8_t identity[IO_TLS_SESSION_KEY]; /* the same for the same settings: sessions are theirs alone */
};

/* Copies what it needs. 0, -ENOMEM, or -EINVAL: *ret_problem says why. */
int io_tls_config_create(const struct io_tls_settings *settings, struct io_tls_config **ret_config,
                         struct io_tls_problem *ret_problem);
struct io_tls_config *io_tls_config_ref(struct io_tls_config *config);
/* Wipes and frees with the last reference; NULL is fine. */
void io_tls_config_unref(struct io_tls_config *config);

#endif
