/* load_tls.c - the load generator's side of TLS 1.3: a client that offers one suite (AES-128-GCM) and X25519,
 * so that every server does the same work. It trusts any certificate and any signature (`__wrap_…` below):
 * whoever measures a server on the next CPU must not be slower than that server. Not here: sockets and
 * events, of which this knows a descriptor. */
#include "bindings/tls_random.h"
#include "load.h"
#include <errno.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct load_tls {
    mbedtls_ssl_context ssl;
    int fd;
};

static mbedtls_ssl_config config;
static mbedtls_ssl_session session; /* the server's newest, for load_tls_resume() */
static bool has_session;
static int signatures;

/* The linker puts this in the place of mbedtls_pk_verify_ext(): verifying takes twice as long as signing. */
int __wrap_mbedtls_pk_verify_ext(mbedtls_pk_type_t type, const void *options, mbedtls_pk_context *key,
                                 mbedtls_md_type_t hash, const unsigned char *digest, size_t digest_size,
                                 const unsigned char *signature, size_t signature_size);
int __wrap_mbedtls_pk_verify_ext(mbedtls_pk_type_t type, const void *options, mbedtls_pk_context *key,
                                 mbedtls_md_type_t hash, const unsigned char *digest, size_t digest_size,
                                 const unsigned char *signature, size_t signature_size)
{
    (void)type, (void)options, (void)key, (void)hash;
    (void)digest, (void)digest_size, (void)signature, (void)signature_size;
    signatures++;
    return 0;
}

_Noreturn static void fail(const char *what, int result)
{
    char text[80];
    snprintf(text, sizeof(text), "%s: Mbed TLS says -0x%04x", what, (unsigned)-result);
    errno = 0;
    load_fail(text);
}

static int on_send(void *context, const unsigned char *bytes, size_t size)
{
    ssize_t count = send(((struct load_tls *)context)->fd, bytes, size, MSG_NOSIGNAL);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            load_fail("send");
        }
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    return (int)count;
}

static int on_receive(void *context, unsigned char *bytes, size_t size)
{
    ssize_t count = recv(((struct load_tls *)context)->fd, bytes, size, 0);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            load_fail("recv");
        }
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    return (int)count;
}

static void prepare(void)
{
    static const int suites[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256, 0};
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519, 0};
    static bool is_prepared;
    if (is_prepared) {
        return;
    }
    is_prepared = true;
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_session_init(&session);
    if (psa_crypto_init() != PSA_SUCCESS ||
        mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        errno = 0;
        load_fail("Mbed TLS can't be set up");
    }
    mbedtls_ssl_conf_rng(&config, io_tls_random, NULL);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_ciphersuites(&config, suites);
    mbedtls_ssl_conf_groups(&config, groups);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        &config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
}

struct load_tls *load_tls_new(int fd, bool resume)
{
    prepare();
    struct load_tls *tls = malloc(sizeof(*tls));
    if (tls == NULL) {
        load_fail("memory");
    }
    tls->fd = fd;
    mbedtls_ssl_init(&tls->ssl);
    int result = mbedtls_ssl_setup(&tls->ssl, &config);
    if (result == 0 && resume && has_session) {
        result = mbedtls_ssl_set_session(&tls->ssl, &session);
    }
    if (result == 0) {
        result = mbedtls_ssl_set_hostname(&tls->ssl, "localhost");
    }
    if (result != 0) {
        fail("a TLS connection can't be made", result);
    }
    mbedtls_ssl_set_bio(&tls->ssl, tls, on_send, on_receive, NULL);
    return tls;
}

void load_tls_free(struct load_tls *tls)
{
    if (tls != NULL) {
        mbedtls_ssl_free(&tls->ssl);
        free(tls);
    }
}

uint32_t load_tls_handshake(struct load_tls *tls)
{
    int result = mbedtls_ssl_handshake(&tls->ssl);
    if (result != 0 && result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) {
        fail("handshake", result);
    }
    return result == 0 ? 0 : result == MBEDTLS_ERR_SSL_WANT_READ ? EPOLLIN : EPOLLOUT;
}

static void keep_session(struct load_tls *tls)
{
    mbedtls_ssl_session_free(&session);
    mbedtls_ssl_session_init(&session);
    int result = mbedtls_ssl_get_session(&tls->ssl, &session);
    if (result != 0) {
        fail("session", result);
    }
    has_session = true;
}

ssize_t load_tls_receive(struct load_tls *tls, uint8_t *bytes, size_t size)
{
    for (;;) {
        int result = mbedtls_ssl_read(&tls->ssl, bytes, size);
        if (result >= 0) {
            return result; /* 0 is an end without close_notify: a FIN */
        }
        if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            return 0;
        }
        if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            keep_session(tls);
            continue;
        }
        if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
            errno = EAGAIN;
            return -1;
        }
        fail("read", result);
    }
}

ssize_t load_tls_send(struct load_tls *tls, const uint8_t *bytes, size_t size)
{
    for (;;) {
        int result = mbedtls_ssl_write(&tls->ssl, bytes, size);
        if (result >= 0) {
            return result;
        }
        if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) { /* one that came in two pieces */
            keep_session(tls);
            continue;
        }
        if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
            errno = EAGAIN;
            return -1;
        }
        fail("write", result);
    }
}

void load_tls_end(struct load_tls *tls)
{
    int result = mbedtls_ssl_close_notify(&tls->ssl);
    if (result != 0) {
        fail("end", result);
    }
}

int load_tls_signatures(void)
{
    return signatures;
}
