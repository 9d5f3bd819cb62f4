/* crypto.h - hashes, HMAC and ECDSA over P-256 for crypto.subtle, over PSA Crypto. Keys are bytes of the
 * caller: PSA holds one for as long as an operation takes. Not here: how keys are written (p256_der.h),
 * JavaScript (js_crypto.c), TLS.
 *
 * Spec: FIPS 180-4, RFC 2104 (HMAC), FIPS 186-5 (ECDSA), RFC 6979 (its nonces: a device that has just started
 * need not have good random numbers), IEEE P1363 (a signature is r and s, 32 bytes each).
 *
 * io_psa_init() comes first. Every function may be called by any thread. */
#ifndef CLEAT_IO_CRYPTO_H
#define CLEAT_IO_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

enum {
    IO_HASH_MAX = 64,       /* bytes of the longest hash, and so of an HMAC */
    IO_P256_PRIVATE = 32,   /* a number from 1 to the order less one, big endian */
    IO_P256_PUBLIC = 65,    /* an uncompressed point: 4, x, y */
    IO_P256_POINT_MIN = 33, /* a compressed one: 2 or 3, x */
    IO_P256_SIGNATURE = 64,
};

/* By the number in their names. */
enum io_hash { IO_SHA1 = 1, IO_SHA256 = 256, IO_SHA384 = 384, IO_SHA512 = 512 };

/* Bytes of a hash; 0 if it is none of them. */
size_t io_hash_length(enum io_hash hash);

/* All: 0, -EINVAL for a hash or key that is none, -ENOMEM, or -EIO. */

int io_hash_compute(enum io_hash hash, const uint8_t *data, size_t length, uint8_t ret_hash[IO_HASH_MAX]);
int io_hmac_sign(enum io_hash hash, const uint8_t *key, size_t key_length, const uint8_t *data, size_t length,
                 uint8_t ret_mac[IO_HASH_MAX]);
int io_p256_sign(enum io_hash hash, const uint8_t private_key[IO_P256_PRIVATE], const uint8_t *data,
                 size_t length, uint8_t ret_signature[IO_P256_SIGNATURE]);

/* 1 if the signature is right, 0 if it is not, in time that does not tell where it differs. Of any length. */
int io_hmac_verify(enum io_hash hash, const uint8_t *key, size_t key_length, const uint8_t *data,
                   size_t length, const uint8_t *mac, size_t mac_length);
int io_p256_verify(enum io_hash hash, const uint8_t public_key[IO_P256_PUBLIC], const uint8_t *data,
                   size_t length, const uint8_t *signature, size_t signature_length);

int io_p256_generate(uint8_t ret_private[IO_P256_PRIVATE], uint8_t ret_public[IO_P256_PUBLIC]);
/* The public key of a private one; -EINVAL if there is none. */
int io_p256_public_of(const uint8_t private_key[IO_P256_PRIVATE], uint8_t ret_public[IO_P256_PUBLIC]);
/* A point, compressed or not; -EINVAL if it is not on the curve. */
int io_p256_read_point(const uint8_t *point, size_t length, uint8_t ret_public[IO_P256_PUBLIC]);

#endif
