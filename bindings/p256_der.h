/* p256_der.h - keys of P-256 in DER: the public one as SubjectPublicKeyInfo, the private one as PKCS #8. Not
 * here: other curves and kinds of keys, PEM, keys of TLS.
 *
 * Spec: RFC 5480 §2 (SubjectPublicKeyInfo), RFC 5208 §5 (PrivateKeyInfo), RFC 5915 §3 (ECPrivateKey). */
#ifndef CLEAT_IO_P256_DER_H
#define CLEAT_IO_P256_DER_H

#include "crypto.h"

enum {
    IO_P256_SPKI = 26 + IO_P256_PUBLIC, /* bytes that are written */
    IO_P256_PKCS8 = 41 + IO_P256_PRIVATE + IO_P256_PUBLIC,
};

/* Finds the point (compressed or not; unchecked) in a SubjectPublicKeyInfo that is nothing else.
 * -EINVAL: malformed, -ENOTSUP: a key of another kind or curve. */
int io_p256_find_spki(const uint8_t *der, size_t length, const uint8_t **ret_point, size_t *ret_length);

/* The same for a PrivateKeyInfo: the private key has IO_P256_PRIVATE bytes; the point is NULL if there is
 * none. */
int io_p256_find_pkcs8(const uint8_t *der, size_t length, const uint8_t **ret_private,
                       const uint8_t **ret_point, size_t *ret_point_length);

void io_p256_write_spki(const uint8_t public_key[IO_P256_PUBLIC], uint8_t ret_der[IO_P256_SPKI]);
void io_p256_write_pkcs8(const uint8_t private_key[IO_P256_PRIVATE], const uint8_t public_key[IO_P256_PUBLIC],
                         uint8_t ret_der[IO_P256_PKCS8]);

#endif
