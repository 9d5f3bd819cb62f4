/* tls_handshake.c - the handshake: who the peer is, sessions that go on, what it ended with. See
 * tls_connection.h. */
#include "tls_connection.h"

#include "tls_name.h"
#include "tls_time.h"

#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static time_t expiry_of(const mbedtls_x509_crt *certificate)
{
    const mbedtls_x509_time *to = &certificate->valid_to;
    struct tm parts = {.tm_year = to->year - 1900,
                       .tm_mon = to->mon - 1,
                       .tm_mday = to->day,
                       .tm_hour = to->hour,
                       .tm_min = to->min,
                       .tm_sec = to->sec};
    return timegm(&parts);
}

/* Of what verification found. */
static uint32_t flags_that_count(const struct io_tls *tls)
{
    return tls->config->unverified ? tls->handshake->flags & MBEDTLS_X509_BADCERT_OTHER
                                   : tls->handshake->flags;
}

/* What a client shows has to be for clients. The library looks for itself, but only after the callback, and
 * where no certificate is required it goes on whatever it finds. */
static uint32_t flags_of_usage(const mbedtls_x509_crt *certificate)
{
    uint32_t flags = 0;
    if (mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0) {
        flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
    }
    if (mbedtls_x509_crt_check_extended_key_usage(certificate, MBEDTLS_OID_CLIENT_AUTH,
                                                  MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)) != 0) {
        flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    }
    return flags;
}

/* Called for each certificate of the chain, from the authority down to the peer's own, when the library has
 * looked at all of them. What it adds to *flags counts like what the library found. */
int io_tls_on_verify(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    struct io_tls *tls = context;
    struct io_tls_handshake *handshake = tls->handshake;
    const struct io_tls_config *config = tls->config;

    handshake->deepest = depth > handshake->deepest ? depth : handshake->deepest;
    /* Where nobody verifies, a certificate above may be there without having signed anything. */
    handshake->pinned =
        handshake->pinned || ((depth == 0 || !config->unverified) && is_pin(config, certificate));
    time_t expiry = expiry_of(certificate);
    tls->valid_until = tls->valid_until == 0 || expiry < tls->valid_until ? expiry : tls->valid_until;
    if (depth == 0 && certificate->raw.len == 0) {
        /* The library lets one through, empty, whose signature is of a kind that it does not know. */
        *flags |= MBEDTLS_X509_BADCERT_BAD_MD;
    } else if (depth == 0) {
        keep_certificate(tls, certificate->raw.p, certificate->raw.len);
        *flags |= config->is_server ? flags_of_usage(certificate) : 0;
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
    /* A client may show none where none is required, but not a bad one. A pin is checked in any case. */
    bool is_optional = config->ssl.authmode != MBEDTLS_SSL_VERIFY_REQUIRED;
    return depth == 0 && is_optional && flags_that_count(tls) != 0 ? MBEDTLS_ERR_X509_FATAL_ERROR : 0;
}

/* Sessions ---------------------------------------------------------------------------------------- */

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
    tls->handshake->offered = mbedtls_ssl_set_session(&tls->ssl, &session.session) == 0;
    if (tls->handshake->offered && session.certificate != NULL) {
        tls->certificate = session.certificate;
        tls->certificate_length = session.certificate_length;
        session.certificate = NULL;
        tls->valid_until = session.valid_until;
    }
    io_tls_session_clear(&session);
}

/* Who offers a session offers its version only: it may be what the server no longer has. */
static void forget_sessions(struct io_tls *tls)
{
    struct io_tls_session session;
    while (io_tls_sessions_take(tls->pool->sessions, tls->session_key, &session)) {
        io_tls_session_clear(&session);
    }
}

int io_tls_set_up_client(struct io_tls *tls, const struct io_tls_target *target)
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

/* What went wrong --------------------------------------------------------------------------------- */

/* A peer that breaks off before it has keys sends its alert in plain text, which the library refuses in
 * TLS 1.3. It still tells why. */
static bool is_plain_alert(const mbedtls_ssl_context *ssl)
{
    const uint8_t *record = ssl->in_hdr;
    return record != NULL && record[0] == IO_TLS_TYPE_ALERT && record[3] == 0 && record[4] == 2 &&
           record[5] == MBEDTLS_SSL_ALERT_LEVEL_FATAL;
}

/* RFC 8446 6.2: alerts that say the same as an error of ours. */
static int error_of_alert(struct io_tls *tls)
{
    tls->alert = is_plain_alert(&tls->ssl) ? tls->ssl.in_hdr[6] : tls->ssl.in_msg[1];
    switch (tls->alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
        /* A server that has chosen a cipher suite means something else by it. */
        return tls->handshake != NULL &&
                       (tls->config->is_server || tls->ssl.state <= MBEDTLS_SSL_SERVER_HELLO)
                   ? IO_TLS_NO_SHARED_CIPHER
                   : IO_TLS_ALERT;
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
        return IO_TLS_VERSION;
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
        return IO_TLS_NO_SHARED_ALPN;
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED:
    case MBEDTLS_SSL_ALERT_MSG_NO_CERT: /* what the library sends for it */
        return IO_TLS_CERT_MISSING;
    default:
        return IO_TLS_ALERT;
    }
}

/* What the library does not tell the peer by itself; 0: nothing. */
static uint8_t alert_for(const struct io_tls *tls, int result)
{
    switch (result) {
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
        return MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE;
    case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
        return tls->handshake == NULL ? MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE : 0;
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA: /* longer than its buffer */
        return tls->handshake == NULL ? MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW : 0;
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE: /* RFC 5246 7.4.6 */
        return tls->ssl.tls_version == MBEDTLS_SSL_VERSION_TLS1_2 ? MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE
                                                                  : 0;
    default:
        return 0;
    }
}

static void tell_peer(struct io_tls *tls, int result)
{
    uint8_t alert = tls->tcp->error == 0 ? alert_for(tls, result) : 0;
    if (alert != 0) {
        (void)mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
    }
}

int io_tls_fail(struct io_tls *tls, int result)
{
    const struct io_tls_handshake *handshake = tls->handshake;
    int error = 0;
    if (handshake != NULL && handshake->offered) {
        forget_sessions(tls);
    }
    tell_peer(tls, result);
    if (handshake != NULL) {
        error = io_tls_error_of_flags(flags_that_count(tls),
                                      handshake->is_self_issued && handshake->deepest == 0);
    }
    if (error == 0) {
        bool is_alert =
            result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || (handshake != NULL && is_plain_alert(&tls->ssl));
        error = is_alert ? error_of_alert(tls) : io_tls_error_of_library(result);
    }
    return io_tls_fail_with(tls, error);
}

/* Handshake -------------------------------------------------------------------------------------- */

static void keep_alpn(struct io_tls *tls)
{
    const char *protocol = mbedtls_ssl_get_alpn_protocol(&tls->ssl);
    tls->alpn = protocol != NULL ? strdup(protocol) : NULL;
}

void io_tls_save_session(struct io_tls *tls)
{
    struct io_tls_session session = {0};
    uint32_t seconds = tls->ssl.session->ticket_lifetime;
    time_t valid = tls->valid_until - io_tls_time(NULL);
    if (tls->ssl.session->ticket == NULL || seconds == 0 || valid <= 0) {
        return; /* nothing to resume with, or not to be kept (RFC 8446 4.6.1) */
    }
    seconds = valid < (time_t)seconds ? (uint32_t)valid : seconds;
    session.valid_until = tls->valid_until;
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
    /* In TLS 1.3 tickets come later. And where a session was offered in vain, the next connection is to find
     * out which versions the server has by now. */
    if (is_client && tls->version == MBEDTLS_SSL_VERSION_TLS1_2 &&
        (tls->resumed || !tls->handshake->offered)) {
        io_tls_save_session(tls);
    }
    io_tls_end_handshake(tls);
}

void io_tls_end_handshake(struct io_tls *tls)
{
    if (tls->handshake != NULL) {
        free(tls->handshake->name);
        free(tls->handshake);
        tls->handshake = NULL;
    }
}

/* RFC 8446 A.2: what a server sends after its Finished is under the keys of the application. The library
 * keeps those of the handshake until the client's Finished has come, so that clients could not read the alert
 * that refuses their certificate. It is the only thing that is sent meanwhile, and the last. */
static void switch_keys(mbedtls_ssl_context *ssl)
{
    bool has_finished =
        ssl->state == MBEDTLS_SSL_CLIENT_CERTIFICATE || ssl->state == MBEDTLS_SSL_CERTIFICATE_VERIFY ||
        ssl->state == MBEDTLS_SSL_CLIENT_CERTIFICATE_VERIFY || ssl->state == MBEDTLS_SSL_CLIENT_FINISHED;
    if (has_finished && ssl->conf->endpoint == MBEDTLS_SSL_IS_SERVER &&
        ssl->tls_version == MBEDTLS_SSL_VERSION_TLS1_3 && ssl->transform_application != NULL &&
        ssl->transform_out != ssl->transform_application) {
        ssl->transform_out = ssl->transform_application;
        memset(ssl->cur_out_ctr, 0, sizeof(ssl->cur_out_ctr));
    }
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
        switch_keys(&tls->ssl);
    }
    if (result == 0) {
        finish_handshake(tls);
    } else if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) {
        io_tls_fail(tls, result);
    }
    io_tls_settle(tls);
    return tls->tcp->error != 0 ? tls->tcp->error : result == 0 ? 0 : -EAGAIN;
}

void io_tls_abort(struct io_tls *tls, int error)
{
    io_tls_fail_with(tls, error);
}
