/* tls_name.h - whether a certificate is for the host that was meant (RFC 6125, 9525): its subjectAltName
 * only, never its common name. Not here: whether the certificate is to be trusted (tls_trust.h), names as
 * text for people (tls_certificate.h). */
#ifndef CLEAT_IO_TLS_NAME_H
#define CLEAT_IO_TLS_NAME_H

#include <mbedtls/x509_crt.h>
#include <stdbool.h>

/* `name` is a host name in ASCII (IDNA names as A-labels, a last dot is ignored) or an IP address without
 * brackets (an IPv6 zone is ignored). An address matches iPAddress entries only, a name dNSName entries only,
 * where a left-most label "*" stands for one label and wants two more after it. Any other text matches
 * nothing. */
bool io_tls_name_matches(const mbedtls_x509_crt *certificate, const char *name);
/* Whether the text is an IP address, with or without a zone: no SNI is sent for one. */
bool io_tls_name_is_address(const char *name);

#endif
