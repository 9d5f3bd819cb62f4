/* tls_certificate.h - facts of a certificate as text and bytes, for people and apps: names, alternative
 * names, validity, and the pin of its key. Certificates come from strangers: every text is bounded, valid
 * UTF-8 and without control characters. Not here: whether it is trusted, or for this host (tls_trust.h,
 * tls_name.h). */
#ifndef CLEAT_IO_TLS_CERTIFICATE_H
#define CLEAT_IO_TLS_CERTIFICATE_H

#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pins ------------------------------------------------------------------------------------------- */

/* "sha256/" and 44 characters of base64. */
enum { IO_TLS_PIN_SIZE = 32, IO_TLS_PIN_TEXT_SIZE = 7 + 44 + 1 };

/* SHA-256 of the SubjectPublicKeyInfo (RFC 7469). 0, or -EINVAL for a certificate that was never parsed. */
int io_tls_certificate_pin(const mbedtls_x509_crt *certificate, uint8_t ret_pin[static IO_TLS_PIN_SIZE]);
/* Reads "sha256/<base64>", padded and canonical, and nothing else. 0 or -EINVAL. */
int io_tls_pin_parse(const char *text, size_t length, uint8_t ret_pin[static IO_TLS_PIN_SIZE]);
/* Writes that text into `out` and returns it. */
const char *io_tls_pin_format(const uint8_t pin[static IO_TLS_PIN_SIZE],
                              char out[static IO_TLS_PIN_TEXT_SIZE]);

/* Names ------------------------------------------------------------------------------------------ */

/* Enough for the names of real authorities; what is longer ends in "…". */
enum { IO_TLS_NAME_TEXT_SIZE = 512 };

/* "C=DE, O=Example, CN=example.com" in the order of the certificate, escaped as RFC 4514 does it except that
 * UTF-8 stays readable; cut after a whole attribute. The length; `out` is always ended by a NUL. */
size_t io_tls_certificate_subject(const mbedtls_x509_crt *certificate,
                                  char out[static IO_TLS_NAME_TEXT_SIZE]);
size_t io_tls_certificate_issuer(const mbedtls_x509_crt *certificate, char out[static IO_TLS_NAME_TEXT_SIZE]);

/* Most alternative names of one certificate that are shown: they become JavaScript strings for each
 * connection. Matching (tls_name.h) looks at all of them. */
enum { IO_TLS_ALT_NAMES_MAX = 512 };

/* Where a walk over the alternative names is; zero it first. Refers to the certificate. */
struct io_tls_alt_names {
    const mbedtls_x509_sequence *at;
    int count;
};

/* The next of "DNS:example.com", "IP:192.0.2.1", "URI:https://…", "email:a@example.com" (kinds other than
 * these are left out); false after the last. Texts that are too long end in "…". */
bool io_tls_alt_names_next(struct io_tls_alt_names *names, const mbedtls_x509_crt *certificate,
                           char out[static IO_TLS_NAME_TEXT_SIZE]);

/* Validity --------------------------------------------------------------------------------------- */

/* "2026-01-01T00:00:00.000Z" */
enum { IO_TLS_TIME_TEXT_SIZE = 24 + 1 };

/* Of certificate->valid_from or valid_to: writes the text into `out` and returns it. */
const char *io_tls_certificate_time(const mbedtls_x509_time *time, char out[static IO_TLS_TIME_TEXT_SIZE]);

#endif
