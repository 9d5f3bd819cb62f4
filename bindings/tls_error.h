/* tls_error.h - why TLS failed: negative numbers outside errno's range, each with the stable code that apps
 * see and a sentence. Not here: errno values, which the same functions return for what the system says. */
#ifndef CLEAT_IO_TLS_ERROR_H
#define CLEAT_IO_TLS_ERROR_H

#include <stdbool.h>
#include <stdint.h>

enum io_tls_error {
    IO_TLS_ERROR_FIRST = -20000, /* below every errno and UV_EAI_* */
    /* The peer's certificate */
    IO_TLS_CERT_EXPIRED = IO_TLS_ERROR_FIRST,
    IO_TLS_CERT_NOT_YET_VALID,
    IO_TLS_CLOCK_NOT_SET, /* not yet valid, but the system's clock is certainly wrong */
    IO_TLS_CERT_WRONG_NAME,
    IO_TLS_CERT_UNKNOWN_AUTHORITY,
    IO_TLS_CERT_SELF_SIGNED,
    IO_TLS_CERT_WEAK,
    IO_TLS_CERT_REVOKED,
    IO_TLS_CERT_INVALID,
    IO_TLS_CERT_MISSING,
    IO_TLS_PIN_MISMATCH,
    /* The handshake */
    IO_TLS_VERSION,
    IO_TLS_NO_SHARED_CIPHER,
    IO_TLS_NO_SHARED_ALPN,
    IO_TLS_HANDSHAKE_TIMEOUT,
    IO_TLS_PLAINTEXT,
    /* Any time */
    IO_TLS_TRUNCATED,
    IO_TLS_ALERT,
    IO_TLS_PROTOCOL,
    IO_TLS_ERROR_END,
};

static inline bool io_tls_is_error(int error)
{
    return error >= IO_TLS_ERROR_FIRST && error < IO_TLS_ERROR_END;
}

/* "TLS_CERT_EXPIRED". */
const char *io_tls_error_code(int error);
/* A sentence without its subject: "the certificate has expired". */
const char *io_tls_error_text(int error);
/* The name of an alert of RFC 8446 6 ("bad_certificate"), or "unknown alert". */
const char *io_tls_alert_name(uint8_t description);

/* What the verification of a chain found, as flags of Mbed TLS, as the one of these that matters most. A
 * chain that leads nowhere comes first: then nothing else in it can be believed. 0 for no flags. */
int io_tls_error_of_flags(uint32_t flags, bool self_signed);
/* The same for what a function of Mbed TLS returned; flags and alert speak for themselves. */
int io_tls_error_of_library(int error);
/* Whether that means that there was no memory: most modules of the library have a code of their own for it,
 * and may have added that of another. */
bool io_tls_is_out_of_memory(int error);

#endif
