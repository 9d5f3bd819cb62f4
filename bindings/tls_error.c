/* tls_error.c - see tls_error.h. */
#include "tls_error.h"

#include "tls_time.h"

#include <mbedtls/asn1.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

#include <errno.h>
#include <stddef.h>

static const struct {
    const char *code, *text;
} errors[] = {
#define ERROR(name, text) [IO_##name - IO_TLS_ERROR_FIRST] = {#name, text}
    ERROR(TLS_CERT_EXPIRED, "its certificate has expired"),
    ERROR(TLS_CERT_NOT_YET_VALID, "its certificate is not valid yet"),
    ERROR(TLS_CLOCK_NOT_SET,
          "its certificate is not valid yet as far as can be told: the clock of this device is not "
          "set; set it and try again"),
    ERROR(TLS_CERT_WRONG_NAME, "its certificate is for another name"),
    ERROR(TLS_CERT_UNKNOWN_AUTHORITY, "its certificate comes from an authority that is not trusted here"),
    ERROR(TLS_CERT_SELF_SIGNED, "its certificate is signed by itself, and not trusted here"),
    ERROR(TLS_CERT_WEAK,
          "its certificate has a key or a signature that is too weak (RSA below 2048 bits, SHA-1, MD5)"),
    ERROR(TLS_CERT_REVOKED, "its certificate has been revoked"),
    ERROR(TLS_CERT_INVALID, "its certificate can't be used"),
    ERROR(TLS_CERT_MISSING, "a certificate is required, and there is none"),
    ERROR(TLS_PIN_MISMATCH, "no key in its chain of certificates is one of the pins"),
    ERROR(TLS_VERSION, "it has no version of TLS that is accepted here"),
    ERROR(TLS_NO_SHARED_CIPHER, "the two sides have no cipher suite, group or signature in common"),
    ERROR(TLS_NO_SHARED_ALPN, "the two sides have no application protocol (ALPN) in common"),
    ERROR(TLS_HANDSHAKE_TIMEOUT, "the handshake took too long"),
    ERROR(TLS_PLAINTEXT, "it sent plain text where the handshake had to begin; none of it is used"),
    ERROR(TLS_TRUNCATED,
          "it ended the connection without saying so in TLS (no close_notify): data may be missing"),
    ERROR(TLS_ALERT, "it broke off"),
    ERROR(TLS_PROTOCOL, "what it sent is not valid TLS"),
#undef ERROR
};

static size_t index_of(int error)
{
    return (size_t)((io_tls_is_error(error) ? error : IO_TLS_PROTOCOL) - IO_TLS_ERROR_FIRST);
}

const char *io_tls_error_code(int error)
{
    return errors[index_of(error)].code;
}

const char *io_tls_error_text(int error)
{
    return errors[index_of(error)].text;
}

const char *io_tls_alert_name(uint8_t description)
{
    static const struct {
        uint8_t description;
        const char *name;
    } alerts[] = {
        {MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY, "close_notify"},
        {MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE, "unexpected_message"},
        {MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC, "bad_record_mac"},
        {MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW, "record_overflow"},
        {MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE, "handshake_failure"},
        {MBEDTLS_SSL_ALERT_MSG_NO_CERT, "no_certificate"},
        {MBEDTLS_SSL_ALERT_MSG_BAD_CERT, "bad_certificate"},
        {MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT, "unsupported_certificate"},
        {MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED, "certificate_revoked"},
        {MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED, "certificate_expired"},
        {MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN, "certificate_unknown"},
        {MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER, "illegal_parameter"},
        {MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA, "unknown_ca"},
        {MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED, "access_denied"},
        {MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR, "decode_error"},
        {MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR, "decrypt_error"},
        {MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION, "protocol_version"},
        {MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY, "insufficient_security"},
        {MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, "internal_error"},
        {MBEDTLS_SSL_ALERT_MSG_INAPROPRIATE_FALLBACK, "inappropriate_fallback"},
        {MBEDTLS_SSL_ALERT_MSG_USER_CANCELED, "user_canceled"},
        {MBEDTLS_SSL_ALERT_MSG_NO_RENEGOTIATION, "no_renegotiation"},
        {109, "missing_extension"},
        {MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_EXT, "unsupported_extension"},
        {MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME, "unrecognized_name"},
        {113, "bad_certificate_status_response"},
        {115, "unknown_psk_identity"},
        {116, "certificate_required"},
        {MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL, "no_application_protocol"},
    };
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
        if (alerts[i].description == description) {
            return alerts[i].name;
        }
    }
    return "unknown alert";
}

int io_tls_error_of_flags(uint32_t flags, bool self_signed)
{
    const uint32_t weak = MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
                          MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCRL_BAD_MD |
                          MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY;
    if (flags == 0) {
        return 0;
    }
    if ((flags & MBEDTLS_X509_BADCERT_MISSING) != 0) {
        return IO_TLS_CERT_MISSING;
    }
    /* A weak signature is not followed up: that is why the chain ends. */
    if ((flags & weak) != 0) {
        return IO_TLS_CERT_WEAK;
    }
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
        return self_signed ? IO_TLS_CERT_SELF_SIGNED : IO_TLS_CERT_UNKNOWN_AUTHORITY;
    }
    if ((flags & MBEDTLS_X509_BADCERT_REVOKED) != 0) {
        return IO_TLS_CERT_REVOKED;
    }
    if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
        return IO_TLS_CERT_EXPIRED;
    }
    if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        return io_tls_clock_is_wrong() ? IO_TLS_CLOCK_NOT_SET : IO_TLS_CERT_NOT_YET_VALID;
    }
    if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
        return IO_TLS_CERT_WRONG_NAME;
    }
    /* Ours (tls_handshake.c): BADCERT_OTHER is what the library leaves to callbacks. */
    return (flags & MBEDTLS_X509_BADCERT_OTHER) != 0 ? IO_TLS_PIN_MISMATCH : IO_TLS_CERT_INVALID;
}

bool io_tls_is_out_of_memory(int error)
{
    switch (-(-error & 0xff80)) {
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_PEM_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
    case MBEDTLS_ERR_MD_ALLOC_FAILED:
    case MBEDTLS_ERR_CIPHER_ALLOC_FAILED:
        return true;
    default: { /* low-level codes */
        int low = -(-error & 0x7f);
        return low == MBEDTLS_ERR_MPI_ALLOC_FAILED || low == MBEDTLS_ERR_ASN1_ALLOC_FAILED;
    }
    }
}

int io_tls_error_of_library(int error)
{
    if (io_tls_is_out_of_memory(error)) {
        return -ENOMEM;
    }
    switch (error) {
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        return IO_TLS_VERSION;
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
        return IO_TLS_NO_SHARED_CIPHER;
    case MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL:
        return IO_TLS_NO_SHARED_ALPN;
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
        return IO_TLS_CERT_MISSING;
    case MBEDTLS_ERR_SSL_CONN_EOF:
        return IO_TLS_TRUNCATED;
    case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG:
    case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND:
        return IO_TLS_CERT_WEAK; /* MD5 and older are not even built */
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
        return IO_TLS_CERT_INVALID;
    default:
        /* High-level codes of X.509 and PK, perhaps with a low-level one added. */
        return (-error & 0xff80) >= -MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE &&
                       (-error & 0xff80) <= -MBEDTLS_ERR_X509_FATAL_ERROR
                   ? IO_TLS_CERT_INVALID
                   : IO_TLS_PROTOCOL;
    }
}
