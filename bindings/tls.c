/* tls.c - TLS on a connection: its life, and bytes. See tls.h; the handshake is in tls_handshake.c, the
 * socket and the buffers of records in tls_record.c. */
#include "tls_connection.h"

#include <mbedtls/platform_util.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Plain text in one record (RFC 8446 5.1). */
enum { RECORD_MAX = 16384 };

/* Life ------------------------------------------------------------------------------------------- */

int io_tls_create(struct io_tcp *tcp, struct io_tls_config *config, struct io_tls_pool *pool,
                  const struct io_tls_target *target, struct io_tls **ret_tls)
{
    struct io_tls *tls = calloc(1, sizeof(*tls));
    struct io_tls_handshake *handshake = calloc(1, sizeof(*handshake));
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
    io_tls_drop_buffers(&tls->ssl);
    if (error == 0 && io_tls_borrow(tls) != 0) {
        error = -ENOMEM;
        tcp->error = 0; /* the connection itself is well */
    }
    if (error == 0 && target->unread_length > 0) {
        tls->kept = malloc(target->unread_length);
        error = tls->kept == NULL ? -ENOMEM : 0;
    }
    if (error == 0 && target->name != NULL) {
        error = io_tls_set_up_client(tls, target);
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
    mbedtls_ssl_set_bio(&tls->ssl, tls, io_tls_on_send, io_tls_on_receive, NULL);
    mbedtls_ssl_set_verify(&tls->ssl, io_tls_on_verify, tls);
    *ret_tls = tls;
    return 0;
}

void io_tls_set_data(struct io_tls *tls, void *data)
{
    tls->data = data;
}

void *io_tls_data(const struct io_tls *tls)
{
    return tls->data;
}

void io_tls_end(struct io_tls *tls)
{
    if (tls->is_ended) {
        return;
    }
    tls->is_ended = true;
    io_tls_end_handshake(tls);
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

/* Bytes ------------------------------------------------------------------------------------------- */

/* What the library wants to be called again for, with nothing to wait for: a message after the handshake has
 * come (it says "want read" for that too), or was a ticket. */
static bool is_to_be_repeated(struct io_tls *tls, int result)
{
    if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        io_tls_save_session(tls);
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
        /* Also after an answer to the peer that the socket does not take (the next write takes it along), and
         * after two empty records, which look like an end. */
    } while (is_to_be_repeated(tls, result) ||
             (result == MBEDTLS_ERR_SSL_WANT_WRITE && tls->ssl.state == MBEDTLS_SSL_HANDSHAKE_OVER) ||
             (result == 0 && !tls->saw_end));
    switch (result) {
    case MBEDTLS_ERR_SSL_WANT_READ:
    case MBEDTLS_ERR_SSL_WANT_WRITE: /* a ticket waits until all that is being sent has gone (TLS 1.3) */
        return -EAGAIN;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        tls->peer_closed = true;
        return 0;
    case 0: /* FIN, but no close_notify (RFC 8446 6.1) */
        result = MBEDTLS_ERR_SSL_CONN_EOF;
        break;
    default:
        if (result > 0) {
            return result;
        }
    }
    tls->write_lost = false;
    return io_tls_fail(tls, result);
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

static bool borrow_to_read(struct io_tls *tls)
{
    bool can_read = io_tls_borrow(tls) == 0;
    tls->write_lost = tls->write_lost && can_read;
    return can_read;
}

ssize_t io_tls_read(struct io_tls *tls, uint8_t *buffer, size_t size)
{
    if (!tls->peer_closed && (tls->tcp->error == 0 || tls->write_lost) && borrow_to_read(tls)) {
        size_t length = read_all(tls, buffer, size);
        io_tls_settle(tls);
        if (length > 0) {
            return (ssize_t)length; /* an end or a loss is told next time */
        }
    }
    if (tls->peer_closed) {
        tls->tcp->peer_finished = true;
        return 0;
    }
    return tls->tcp->error != 0 && !tls->write_lost ? tls->tcp->error : -EAGAIN;
}

bool io_tls_is_pending(const struct io_tls *tls)
{
    return !tls->tcp->peer_finished && (tls->raw_length > 0 || tls->peer_closed || tls->tcp->error != 0 ||
                                        mbedtls_ssl_check_pending(&tls->ssl) != 0);
}

/* The record that is under way is sent to its end: its length, 0: call again, or what the library returned.
 */
static int finish_record(struct io_tls *tls, const uint8_t *data)
{
    if (tls->ssl.out_left == 0) { /* an alert or a ticket has taken the end along */
        return (int)tls->writing;
    }
    /* A ticket that waits is read as soon as the end has gone (TLS 1.3). mbedtls_ssl_write() would do that
     * too, but then make a second record of the same bytes if it has dropped the ticket. */
    return tls->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER ? mbedtls_ssl_handshake_step(&tls->ssl)
                                                        : mbedtls_ssl_write(&tls->ssl, data, tls->writing);
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
    if (io_tls_borrow(tls) != 0) {
        return tls->tcp->error;
    }
    tls->may_receive = true;
    if (tls->writing == 0 && tls->ssl.out_left > 0) { /* an alert: the library would take it for our data */
        result = mbedtls_ssl_write(&tls->ssl, data, 0);
    }
    while ((sent < size || tls->writing > 0) && result >= 0) {
        size_t left = size - sent, part = left < RECORD_MAX ? left : RECORD_MAX;
        tls->is_starved = false;
        result = tls->writing > 0 ? finish_record(tls, data + sent)
                                  : mbedtls_ssl_write(&tls->ssl, data + sent, part);
        if (is_to_be_repeated(tls, result)) {
            result = 0;
        } else if (result > 0) {
            sent += (size_t)result < left ? (size_t)result : left; /* the app may have shortened its buffer */
            tls->writing = 0;
        } else if (result == MBEDTLS_ERR_SSL_WANT_WRITE && tls->writing == 0) {
            size_t max = (size_t)mbedtls_ssl_get_max_out_record_payload(&tls->ssl);
            tls->writing = part < max ? part : max;
        }
    }
    if (result < 0 && result != MBEDTLS_ERR_SSL_WANT_WRITE) {
        io_tls_fail(tls, result);
    }
    io_tls_settle(tls);
    return tls->tcp->error != 0 ? tls->tcp->error : (ssize_t)sent;
}

bool io_tls_is_writing(const struct io_tls *tls)
{
    return tls->writing > 0;
}

int io_tls_close_notify(struct io_tls *tls)
{
    if (tls->tcp->error != 0) {
        return tls->tcp->error;
    }
    if (tls->notified && tls->ssl.out_left == 0) { /* the library would send a second */
        return 0;
    }
    if (io_tls_borrow(tls) != 0) {
        return tls->tcp->error;
    }
    /* While the socket has not taken all that was sent before, the library sends that instead. */
    int result = 0;
    for (bool is_sent = false; result == 0 && !is_sent;) {
        is_sent = tls->notified || tls->ssl.out_left == 0;
        tls->notified = is_sent;
        result = mbedtls_ssl_close_notify(&tls->ssl);
    }
    if (result != 0 && result != MBEDTLS_ERR_SSL_WANT_WRITE) {
        io_tls_fail(tls, result);
    }
    io_tls_settle(tls);
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
