/* tls.c - see tls.h. The private fields of the library that are touched here concern its record buffers; the
 * versions of the library that are known to work are in cmake/third-party.json. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "tls.h"

#include "tls_name.h"
#include "tls_pool.h"
#include "tls_time.h"

#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Plain text in one record (RFC 8446 5.1). */
    RECORD_MAX = 16384,
    /* Content type and version: what every TLS connection begins with (RFC 8446 5.1). */
    TYPE_ALERT = 21,
    TYPE_HANDSHAKE = 22,
};

/* Only while the handshake lasts. */
struct handshake {
    char *name;     /* NULL: the peer's certificate needs none */
    uint32_t flags; /* all that verification found */
    int deepest;    /* certificates above the peer's own */
    bool is_self_issued, pinned, upgrades;
    bool saw_certificate; /* the step of the server's certificate was done: no session is resumed */
    bool is_begun;        /* the first byte of the peer has been looked at */
};

struct io_tls {
    mbedtls_ssl_context ssl;
    struct io_tcp *tcp;
    struct io_tls_config *config;
    struct io_tls_pool *pool;
    struct handshake *handshake; /* NULL: over */
    /* What was received and not used: in the pool's buffer during a call, else a copy in `kept`. */
    const uint8_t *raw;
    size_t raw_length;
    uint8_t *kept;
    uint8_t in_counter[8]; /* of received records, while no buffer is lent for it */
    size_t writing;        /* plain text in the record that is under way */
    uint8_t *certificate;  /* the peer's */
    size_t certificate_length;
    uint8_t session_key[IO_TLS_SESSION_KEY];
    int cipher;
    uint16_t version;
    char *alpn;
    uint8_t alert;
    uint8_t out_message_offset; /* of what is sent behind the start of its initialisation vector */
    bool may_receive;           /* this call may ask the socket */
    bool is_starved;            /* it asked, and there was nothing */
    bool write_wants_read;
    bool resumed, peer_closed, notified, is_ended;
};

/* The socket ------------------------------------------------------------------------------------- */

static int take_raw(struct io_tls *tls, uint8_t *buffer, size_t size)
{
    size_t count = size < tls->raw_length ? size : tls->raw_length;
    memcpy(buffer, tls->raw, count);
    tls->raw += count;
    tls->raw_length -= count;
    return (int)count;
}

static int fail_with(struct io_tls *tls, int error)
{
    if (tls->tcp->error == 0) {
        tls->tcp->error = error;
    }
    return tls->tcp->error;
}

/* Something else than a handshake, where one must begin: a text protocol, or what somebody slipped in before.
 */
static bool is_foreign(struct io_tls *tls)
{
    struct handshake *handshake = tls->handshake;
    if (handshake == NULL || handshake->is_begun || tls->raw_length == 0) {
        return false;
    }
    handshake->is_begun = true;
    if (tls->raw[0] == TYPE_HANDSHAKE || tls->raw[0] == TYPE_ALERT) {
        return false;
    }
    fail_with(tls, handshake->upgrades ? IO_TLS_PLAINTEXT : IO_TLS_PROTOCOL);
    return true;
}

/* The library asks for a header, then for a record; the socket is asked for as much as it has. */
static int on_receive(void *context, unsigned char *buffer, size_t size)
{
    struct io_tls *tls = context;
    if (tls->raw_length == 0) {
        if (!tls->may_receive) {
            tls->is_starved = true;
            return MBEDTLS_ERR_SSL_WANT_READ;
        }
        free(tls->kept);
        tls->kept = NULL;
        ssize_t count = io_tcp_read(tls->tcp, tls->pool->raw, sizeof(tls->pool->raw));
        if (count == -EAGAIN) {
            tls->is_starved = true;
            return MBEDTLS_ERR_SSL_WANT_READ;
        }
        if (count <= 0) {
            return count == 0 ? 0 : MBEDTLS_ERR_NET_RECV_FAILED;
        }
        tls->raw = tls->pool->raw;
        tls->raw_length = (size_t)count;
    }
    return is_foreign(tls) ? MBEDTLS_ERR_SSL_INVALID_RECORD : take_raw(tls, buffer, size);
}

static int on_send(void *context, const unsigned char *data, size_t size)
{
    struct io_tls *tls = context;
    ssize_t count = io_tcp_write(tls->tcp, data, size);
    if (count < 0) {
        return MBEDTLS_ERR_NET_SEND_FAILED;
    }
    return count == 0 ? MBEDTLS_ERR_SSL_WANT_WRITE : (int)count;
}

/* Record buffers ---------------------------------------------------------------------------------- */

/* Whether nothing of what was received is in the library's buffer. */
static bool is_in_idle(const mbedtls_ssl_context *ssl)
{
    return ssl->in_left == 0 && ssl->badmac_seen_or_in_hsfraglen == 0 &&
           mbedtls_ssl_check_pending(ssl) == 0 &&
           ssl->in_hdr == ssl->in_buf + sizeof(((struct io_tls *)NULL)->in_counter);
}

/* Gives the library buffers for the calls that follow. The counter of received records is the first thing in
 * one. */
static int borrow(struct io_tls *tls)
{
    mbedtls_ssl_context *ssl = &tls->ssl;
    uint8_t *in = ssl->in_buf != NULL ? NULL : io_tls_pool_take(tls->pool);
    uint8_t *out = ssl->out_buf != NULL ? NULL : io_tls_pool_take(tls->pool);
    if (in != NULL) {
        memcpy(in, tls->in_counter, sizeof(tls->in_counter));
        ssl->in_buf = ssl->in_ctr = in;
        ssl->in_hdr = in + sizeof(tls->in_counter);
        ssl->in_len = ssl->in_hdr + 3;
        ssl->in_iv = ssl->in_msg = ssl->in_hdr + 5;
    }
    if (out != NULL) {
        ssl->out_buf = ssl->out_ctr = out;
        ssl->out_hdr = out + sizeof(tls->in_counter);
        ssl->out_len = ssl->out_hdr + 3;
        ssl->out_iv = ssl->out_hdr + 5;
        ssl->out_msg = ssl->out_iv + tls->out_message_offset;
    }
    return ssl->in_buf != NULL && ssl->out_buf != NULL ? 0 : fail_with(tls, -ENOMEM);
}

/* The end of each call: lends on what is not needed, and keeps what was received and not used. */
static void settle(struct io_tls *tls)
{
    mbedtls_ssl_context *ssl = &tls->ssl;
    if (tls->raw_length > 0 && tls->kept == NULL) {
        tls->kept = malloc(tls->raw_length);
        if (tls->kept == NULL) {
            fail_with(tls, -ENOMEM);
            tls->raw_length = 0;
        } else {
            memcpy(tls->kept, tls->raw, tls->raw_length);
            tls->raw = tls->kept;
        }
    } else if (tls->raw_length == 0) {
        free(tls->kept);
        tls->kept = NULL;
    }
    if (tls->handshake != NULL) {
        return;
    }
    if (ssl->in_buf != NULL && is_in_idle(ssl)) {
        memcpy(tls->in_counter, ssl->in_ctr, sizeof(tls->in_counter));
        io_tls_pool_give(tls->pool, ssl->in_buf);
        ssl->in_buf = ssl->in_ctr = ssl->in_hdr = ssl->in_len = ssl->in_iv = ssl->in_msg = NULL;
    }
    if (ssl->out_buf != NULL && ssl->out_left == 0) {
        tls->out_message_offset = (uint8_t)(ssl->out_msg - ssl->out_iv);
        io_tls_pool_give(tls->pool, ssl->out_buf);
        ssl->out_buf = ssl->out_ctr = ssl->out_hdr = ssl->out_len = ssl->out_iv = ssl->out_msg = NULL;
    }
}

/* Buffers that the library made are a little smaller than those of the pool. */
static void drop_buffers(mbedtls_ssl_context *ssl)
{
    free(ssl->in_buf);
    free(ssl->out_buf);
    ssl->in_buf = ssl->in_ctr = ssl->in_hdr = ssl->in_len = ssl->in_iv = ssl->in_msg = NULL;
    ssl->out_buf = ssl->out_ctr = ssl->out_hdr = ssl->out_len = ssl->out_iv = ssl->out_msg = NULL;
}

/* The peer's certificate -------------------------------------------------------------------------- */

static bool is_pin(const struct io_tls_config *config, const mbedtls_x509_crt *certificate)
{
    uint8_t pin[IO_TLS_PIN_SIZE];
    if (io_tls_certificate_pin(certificate, pin) != 0) {
        return false;
    }
    for (size_t i = 0; i < config->pin_count; i++) {
        if (memcmp(config->pins[i], pin, sizeof(pin)) == 0) {
            return true;
        }
    }
    return false;
}

static void keep_certificate(struct io_tls *tls, const uint8_t *der, size_t length)
{
    free(tls->certificate);
    tls->certificate = malloc(length);
    tls->certificate_length = tls->certificate != NULL ? length : 0;
    if (tls->certificate != NULL) {
        memcpy(tls->certificate, der, length);
    }
}

/* Called for each certificate of the chain, from the authority down to the peer's own, when the library has
 * looked at all of them. What it adds to *flags counts like what the library found. */
static int on_verify(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    struct io_tls *tls = context;
    struct handshake *handshake = tls->handshake;
    const struct io_tls_config *config = tls->config;

    handshake->deepest = depth > handshake->deepest ? depth : handshake->deepest;
    handshake->pinned = handshake->pinned || is_pin(config, certificate);
    if (depth == 0) {
        keep_certificate(tls, certificate->raw.p, certificate->raw.len);
        handshake->is_self_issued =
            certificate->issuer_raw.len == certificate->subject_raw.len &&
            memcmp(certificate->issuer_raw.p, certificate->subject_raw.p, certificate->issuer_raw.len) == 0;
        /* RFC 6125 6.4.4: the library would also take the common name. */
        if (handshake->name != NULL && !io_tls_name_matches(certificate, handshake->name)) {
            *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
        }
        /* A device that signs for itself and is trusted by name of its very certificate: the library looks
         * for an authority only. */
        if (config->trust != NULL && handshake->is_self_issued &&
            io_tls_trust_has(config->trust, certificate)) {
            *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
        }
        if (config->pin_count > 0 && !handshake->pinned) {
            *flags |= MBEDTLS_X509_BADCERT_OTHER;
        }
    }
    handshake->flags |= *flags;
    /* A client may show none where none is required, but not a bad one. */
    return depth == 0 && config->asks_client && handshake->flags != 0 ? MBEDTLS_ERR_X509_FATAL_ERROR : 0;
}

/* Life ------------------------------------------------------------------------------------------- */

/* Sessions belong to a server and to the way in which it was verified. */
static void make_session_key(struct io_tls *tls, const struct io_tls_target *target)
{
    mbedtls_sha256_context hash;
    uint16_t port = (uint16_t)target->port;
    mbedtls_sha256_init(&hash);
    mbedtls_sha256_starts(&hash, 0);
    mbedtls_sha256_update(&hash, tls->config->identity, sizeof(tls->config->identity));
    mbedtls_sha256_update(&hash, (const uint8_t *)&port, sizeof(port));
    mbedtls_sha256_update(&hash, (const uint8_t *)target->name, strlen(target->name));
    mbedtls_sha256_finish(&hash, tls->session_key);
    mbedtls_sha256_free(&hash);
}

static void resume_session(struct io_tls *tls)
{
    struct io_tls_session session;
    if (!io_tls_sessions_take(tls->pool->sessions, tls->session_key, &session)) {
        return;
    }
    if (mbedtls_ssl_set_session(&tls->ssl, &session.session) == 0 && session.certificate != NULL) {
        tls->certificate = session.certificate;
        tls->certificate_length = session.certificate_length;
        session.certificate = NULL;
    }
    io_tls_session_clear(&session);
}

static int set_up_client(struct io_tls *tls, const struct io_tls_target *target)
{
    /* RFC 6066 3: no addresses, and no dot at the end. */
    size_t length = strlen(target->name);
    bool is_address = io_tls_name_is_address(target->name);
    char *name = tls->handshake->name = strdup(target->name);
    if (name == NULL) {
        return -ENOMEM;
    }
    if (!is_address && length > 1 && name[length - 1] == '.') {
        name[length - 1] = '\0';
    }
    if (mbedtls_ssl_set_hostname(&tls->ssl, is_address ? NULL : name) != 0) {
        return -ENOMEM;
    }
    make_session_key(tls, target);
    resume_session(tls);
    return 0;
}

int io_tls_create(struct io_tcp *tcp, struct io_tls_config *config, struct io_tls_pool *pool,
                  const struct io_tls_target *target, struct io_tls **ret_tls)
{
    struct io_tls *tls = calloc(1, sizeof(*tls));
    struct handshake *handshake = calloc(1, sizeof(*handshake));
    if (tls == NULL || handshake == NULL) {
        free(tls);
        free(handshake);
        return -ENOMEM;
    }
    tls->tcp = tcp;
    tls->config = io_tls_config_ref(config);
    tls->pool = pool;
    tls->handshake = handshake;
    handshake->upgrades = target->upgrades;
    mbedtls_ssl_init(&tls->ssl);
    int error = mbedtls_ssl_setup(&tls->ssl, &config->ssl) == 0 ? 0 : -ENOMEM;
    drop_buffers(&tls->ssl);
    if (error == 0 && borrow(tls) != 0) {
        error = -ENOMEM;
        tcp->error = 0; /* the connection itself is well */
    }
    if (error == 0 && target->unread_length > 0) {
        tls->kept = malloc(target->unread_length);
        error = tls->kept == NULL ? -ENOMEM : 0;
    }
    if (error == 0 && target->name != NULL) {
        error = set_up_client(tls, target);
    }
    if (error != 0) {
        io_tls_destroy(tls);
        return error;
    }
    if (target->unread_length > 0) {
        memcpy(tls->kept, target->unread, target->unread_length);
        tls->raw = tls->kept;
        tls->raw_length = target->unread_length;
    }
    mbedtls_ssl_set_bio(&tls->ssl, tls, on_send, on_receive, NULL);
    mbedtls_ssl_set_verify(&tls->ssl, on_verify, tls);
    *ret_tls = tls;
    return 0;
}

static void end_handshake(struct io_tls *tls)
{
    if (tls->handshake != NULL) {
        free(tls->handshake->name);
        free(tls->handshake);
        tls->handshake = NULL;
    }
}

void io_tls_end(struct io_tls *tls)
{
    if (tls->is_ended) {
        return;
    }
    tls->is_ended = true;
    end_handshake(tls);
    if (tls->ssl.in_buf != NULL) {
        io_tls_pool_give(tls->pool, tls->ssl.in_buf);
    }
    if (tls->ssl.out_buf != NULL) {
        io_tls_pool_give(tls->pool, tls->ssl.out_buf);
    }
    tls->ssl.in_buf = tls->ssl.out_buf = NULL;
    mbedtls_ssl_free(&tls->ssl);
    free(tls->kept);
    tls->kept = NULL;
    tls->raw_length = 0;
    io_tls_config_unref(tls->config);
    tls->config = NULL;
}

void io_tls_destroy(struct io_tls *tls)
{
    if (tls != NULL) {
        io_tls_end(tls);
        free(tls->certificate);
        free(tls->alpn);
        mbedtls_platform_zeroize(tls, sizeof(*tls));
        free(tls);
    }
}

/* What went wrong --------------------------------------------------------------------------------- */

/* A peer that breaks off before it has keys sends its alert in plain text, which the library refuses in
 * TLS 1.3. It still tells why. */
static bool is_plain_alert(const mbedtls_ssl_context *ssl)
{
    const uint8_t *record = ssl->in_hdr;
    return record != NULL && record[0] == TYPE_ALERT && record[3] == 0 && record[4] == 2 &&
           record[5] == MBEDTLS_SSL_ALERT_LEVEL_FATAL;
}

/* RFC 8446 6.2: alerts that say the same as an error of ours. */
static int error_of_alert(struct io_tls *tls)
{
    tls->alert = is_plain_alert(&tls->ssl) ? tls->ssl.in_hdr[6] : tls->ssl.in_msg[1];
    switch (tls->alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
        return tls->handshake != NULL ? IO_TLS_NO_SHARED_CIPHER : IO_TLS_ALERT;
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
        return IO_TLS_VERSION;
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
        return IO_TLS_NO_SHARED_ALPN;
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED:
        return IO_TLS_CERT_MISSING;
    default:
        return IO_TLS_ALERT;
    }
}

/* Makes what the library returned the error of the connection, unless the socket had one before. */
static int fail(struct io_tls *tls, int result)
{
    const struct handshake *handshake = tls->handshake;
    int error = 0;
    if (handshake != NULL && !tls->config->unverified) {
        error = io_tls_error_of_flags(handshake->flags, handshake->is_self_issued && handshake->deepest == 0);
    }
    if (error == 0) {
        bool is_alert =
            result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || (handshake != NULL && is_plain_alert(&tls->ssl));
        error = is_alert ? error_of_alert(tls) : io_tls_error_of_library(result);
    }
    return fail_with(tls, error);
}

/* Handshake -------------------------------------------------------------------------------------- */

static void keep_alpn(struct io_tls *tls)
{
    const char *protocol = mbedtls_ssl_get_alpn_protocol(&tls->ssl);
    tls->alpn = protocol != NULL ? strdup(protocol) : NULL;
}

/* Offers the session for later connections. */
static void save_session(struct io_tls *tls)
{
    struct io_tls_session session = {0};
    uint32_t seconds = tls->ssl.session->ticket_lifetime;
    if (tls->ssl.session->ticket == NULL || seconds == 0) {
        return; /* nothing to resume with, or not to be kept (RFC 8446 4.6.1) */
    }
    mbedtls_ssl_session_init(&session.session);
    if (mbedtls_ssl_get_session(&tls->ssl, &session.session) == 0) {
        session.certificate = tls->certificate != NULL ? malloc(tls->certificate_length) : NULL;
        if (session.certificate != NULL) {
            memcpy(session.certificate, tls->certificate, tls->certificate_length);
            session.certificate_length = tls->certificate_length;
            io_tls_sessions_add(tls->pool->sessions, tls->session_key, &session, seconds);
            return;
        }
    }
    io_tls_session_clear(&session);
}

static void finish_handshake(struct io_tls *tls)
{
    mbedtls_ssl_session *session = tls->ssl.session;
    bool is_client = tls->ssl.conf->endpoint == MBEDTLS_SSL_IS_CLIENT;

    tls->resumed = !tls->handshake->saw_certificate;
    tls->cipher = mbedtls_ssl_get_ciphersuite_id_from_ssl(&tls->ssl);
    tls->version = (uint16_t)tls->ssl.tls_version;
    keep_alpn(tls);
    /* Two kilobytes that nothing needs any more: certificates do not change (renegotiation is not built). */
    if (session->peer_cert != NULL) {
        mbedtls_x509_crt_free(session->peer_cert);
        free(session->peer_cert);
        session->peer_cert = NULL;
    }
    if (is_client && tls->version == MBEDTLS_SSL_VERSION_TLS1_2) {
        save_session(tls); /* in TLS 1.3 tickets come later */
    }
    end_handshake(tls);
}

int io_tls_handshake(struct io_tls *tls)
{
    int result = 0;
    if (tls->tcp->error != 0) {
        return tls->tcp->error;
    }
    tls->may_receive = true;
    while (result == 0 && tls->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        tls->handshake->saw_certificate =
            tls->handshake->saw_certificate || tls->ssl.state == MBEDTLS_SSL_SERVER_CERTIFICATE;
        result = mbedtls_ssl_handshake_step(&tls->ssl);
    }
    if (result == 0) {
        finish_handshake(tls);
    } else if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) {
        fail(tls, result);
    }
    settle(tls);
    return tls->tcp->error != 0 ? tls->tcp->error : result == 0 ? 0 : -EAGAIN;
}

void io_tls_abort(struct io_tls *tls, int error)
{
    fail_with(tls, error);
}

/* Bytes ------------------------------------------------------------------------------------------- */

/* What the library wants to be called again for, with nothing to wait for: a message after the handshake has
 * come (it says "want read" for that too), or was a ticket. */
static bool is_to_be_repeated(struct io_tls *tls, int result)
{
    if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        save_session(tls);
        return true;
    }
    return result == MBEDTLS_ERR_SSL_WANT_READ && !tls->is_starved;
}

/* One read of the library: bytes, 0: the peer's close_notify, -EAGAIN, or the error of the connection. */
static ssize_t read_once(struct io_tls *tls, uint8_t *buffer, size_t size)
{
    int result;
    do {
        tls->is_starved = false;
        result = mbedtls_ssl_read(&tls->ssl, buffer, size);
    } while (is_to_be_repeated(tls, result));
    if (result > 0) {
        return result;
    }
    switch (result) {
    case MBEDTLS_ERR_SSL_WANT_READ:
    case MBEDTLS_ERR_SSL_WANT_WRITE: /* an answer to the peer: the next write takes it along */
        return -EAGAIN;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        tls->peer_closed = true;
        return 0;
    case 0: /* FIN, but no close_notify (RFC 8446 6.1) */
        return fail(tls, MBEDTLS_ERR_SSL_CONN_EOF);
    default:
        return fail(tls, result);
    }
}

static size_t read_all(struct io_tls *tls, uint8_t *buffer, size_t size)
{
    size_t length = 0;
    ssize_t count;
    tls->may_receive = true;
    do {
        count = read_once(tls, buffer + length, size - length);
        if (count > 0) {
            length += (size_t)count;
            tls->may_receive = false; /* what is here already, and no more */
        }
    } while (count > 0 && length < size);
    return length;
}

ssize_t io_tls_read(struct io_tls *tls, uint8_t *buffer, size_t size)
{
    if (!tls->peer_closed && tls->tcp->error == 0 && borrow(tls) == 0) {
        size_t length = read_all(tls, buffer, size);
        settle(tls);
        if (length > 0) {
            return (ssize_t)length; /* an end or a loss is told next time */
        }
    }
    if (tls->peer_closed) {
        tls->tcp->peer_finished = true;
        return 0;
    }
    return tls->tcp->error != 0 ? tls->tcp->error : -EAGAIN;
}

bool io_tls_is_pending(const struct io_tls *tls)
{
    return !tls->tcp->peer_finished && (tls->raw_length > 0 || tls->peer_closed || tls->tcp->error != 0 ||
                                        mbedtls_ssl_check_pending(&tls->ssl) != 0);
}

ssize_t io_tls_write(struct io_tls *tls, const uint8_t *data, size_t size)
{
    size_t sent = 0;
    int result = 0;

    if (tls->tcp->error != 0) {
        return tls->tcp->error;
    }
    if (tls->notified || tls->tcp->finished) {
        return -EPIPE;
    }
    if (borrow(tls) != 0) {
        return tls->tcp->error;
    }
    tls->may_receive = true;
    while (sent < size && result >= 0) {
        size_t left = size - sent, part = left < RECORD_MAX ? left : RECORD_MAX;
        /* A record that is under way is sent to its end; the library wants to be asked for the same length.
         */
        tls->is_starved = false;
        result = mbedtls_ssl_write(&tls->ssl, data + sent, tls->writing > 0 ? tls->writing : part);
        if (is_to_be_repeated(tls, result)) {
            result = 0;
        } else if (result > 0) {
            sent += (size_t)result < left ? (size_t)result : left; /* the app may have shortened its buffer */
            tls->writing = 0;
        } else if (result == MBEDTLS_ERR_SSL_WANT_WRITE) {
            tls->writing = tls->writing > 0 ? tls->writing : part;
        }
    }
    /* Half of a ticket has come: the library wants the other half before anything else (TLS 1.3). */
    tls->write_wants_read = result == MBEDTLS_ERR_SSL_WANT_READ;
    if (result < 0 && result != MBEDTLS_ERR_SSL_WANT_WRITE && result != MBEDTLS_ERR_SSL_WANT_READ) {
        fail(tls, result);
    }
    settle(tls);
    return tls->tcp->error != 0 ? tls->tcp->error : (ssize_t)sent;
}

bool io_tls_write_wants_read(const struct io_tls *tls)
{
    return tls->write_wants_read;
}

int io_tls_close_notify(struct io_tls *tls)
{
    if (tls->tcp->error != 0) {
        return tls->tcp->error;
    }
    if (tls->notified && tls->ssl.out_left == 0) {
        return 0;
    }
    if (borrow(tls) != 0) {
        return tls->tcp->error;
    }
    /* Called again it sends what the socket has not taken yet, and the alert only once: the library sends a
     * second when nothing is left of the first. */
    int result = mbedtls_ssl_close_notify(&tls->ssl);
    tls->notified = true;
    if (result != 0 && result != MBEDTLS_ERR_SSL_WANT_WRITE) {
        fail(tls, result);
    }
    settle(tls);
    return tls->tcp->error != 0 ? tls->tcp->error : result == 0 ? 0 : -EAGAIN;
}

/* Facts ------------------------------------------------------------------------------------------- */

/* The suites of mbedtls_config.h, by the names of the IANA registry. */
static const char *cipher_name(int id)
{
    static const struct {
        int id;
        const char *name;
    } ciphers[] = {
        {MBEDTLS_TLS1_3_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256"},
        {MBEDTLS_TLS1_3_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384"},
        {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256"},
        {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
        {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
        {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
        {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
        {MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
         "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
        {MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    };
    for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
        if (ciphers[i].id == id) {
            return ciphers[i].name;
        }
    }
    return "";
}

void io_tls_info(const struct io_tls *tls, struct io_tls_info *ret_info)
{
    *ret_info = (struct io_tls_info){
        .protocol = tls->version == MBEDTLS_SSL_VERSION_TLS1_3   ? "TLSv1.3"
                    : tls->version == MBEDTLS_SSL_VERSION_TLS1_2 ? "TLSv1.2"
                                                                 : "",
        .cipher = cipher_name(tls->cipher),
        .alpn = tls->alpn,
        .certificate = tls->certificate,
        .certificate_length = tls->certificate_length,
        .resumed = tls->resumed,
        .alert = tls->alert,
    };
}
