/* tls_record.c - what TLS has of its socket, and the buffers of records: received bytes are asked for as many
 * as there are, and an idle connection has no buffer. See tls_connection.h. */
#include "tls_connection.h"

#include <mbedtls/net_sockets.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 7 }; /* of a record, and the two bytes of an alert */

/* The socket ------------------------------------------------------------------------------------- */

static int take_raw(struct io_tls *tls, uint8_t *buffer, size_t size)
{
    size_t count = size < tls->raw_length ? size : tls->raw_length;
    memcpy(buffer, tls->raw, count);
    tls->raw += count;
    tls->raw_length -= count;
    return (int)count;
}

int io_tls_fail_with(struct io_tls *tls, int error)
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
    struct io_tls_handshake *handshake = tls->handshake;
    if (handshake == NULL || handshake->is_begun || tls->raw_length == 0) {
        return false;
    }
    handshake->is_begun = true;
    if (tls->raw[0] == IO_TLS_TYPE_HANDSHAKE || tls->raw[0] == IO_TLS_TYPE_ALERT) {
        return false;
    }
    io_tls_fail_with(tls, handshake->upgrades ? IO_TLS_PLAINTEXT : IO_TLS_PROTOCOL);
    return true;
}

/* The library asks for a header, then for a record; the socket is asked for as much as it has. */
int io_tls_on_receive(void *context, unsigned char *buffer, size_t size)
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
            tls->saw_end = count == 0;
            return count == 0 ? 0 : MBEDTLS_ERR_NET_RECV_FAILED;
        }
        tls->raw = tls->pool->raw;
        tls->raw_length = (size_t)count;
    }
    return is_foreign(tls) ? MBEDTLS_ERR_SSL_INVALID_RECORD : take_raw(tls, buffer, size);
}

int io_tls_on_send(void *context, const unsigned char *data, size_t size)
{
    struct io_tls *tls = context;
    ssize_t count = io_tcp_write(tls->tcp, data, size);
    if (count < 0) {
        tls->write_lost = true;
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
int io_tls_borrow(struct io_tls *tls)
{
    mbedtls_ssl_context *ssl = &tls->ssl;
    uint8_t *in = ssl->in_buf != NULL ? NULL : io_tls_pool_take(tls->pool);
    uint8_t *out = ssl->out_buf != NULL ? NULL : io_tls_pool_take(tls->pool);
    if (in != NULL) {
        memcpy(in, tls->in_counter, sizeof(tls->in_counter));
        memset(in + sizeof(tls->in_counter), 0, HEADER); /* of somebody else's record */
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
    return ssl->in_buf != NULL && ssl->out_buf != NULL ? 0 : io_tls_fail_with(tls, -ENOMEM);
}

void io_tls_settle(struct io_tls *tls)
{
    mbedtls_ssl_context *ssl = &tls->ssl;
    if (tls->raw_length > 0 && tls->kept == NULL) {
        tls->kept = malloc(tls->raw_length);
        if (tls->kept == NULL) {
            io_tls_fail_with(tls, -ENOMEM);
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

void io_tls_drop_buffers(mbedtls_ssl_context *ssl)
{
    free(ssl->in_buf);
    free(ssl->out_buf);
    ssl->in_buf = ssl->in_ctr = ssl->in_hdr = ssl->in_len = ssl->in_iv = ssl->in_msg = NULL;
    ssl->out_buf = ssl->out_ctr = ssl->out_hdr = ssl->out_len = ssl->out_iv = ssl->out_msg = NULL;
}
