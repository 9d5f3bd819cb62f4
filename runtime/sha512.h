/* sha512.h - SHA-512 (FIPS 180-4), for the hashes in app bundles. Pure. Small rather than fast (about 200
 * MB/s on a PC); gives way to the TLS library's when that is linked. Not here: signatures. */
#ifndef CLEAT_SHA512_H
#define CLEAT_SHA512_H

#include <stddef.h>
#include <stdint.h>

enum { RT_SHA512_SIZE = 64, RT_SHA512_BLOCK = 128 };

struct rt_sha512 {
    uint64_t state[8];
    uint64_t length; /* bytes so far; 2^61 bytes are the end, not checked */
    uint8_t block[RT_SHA512_BLOCK];
};

void rt_sha512_init(struct rt_sha512 *hash);
void rt_sha512_update(struct rt_sha512 *hash, const uint8_t *data, size_t size);
void rt_sha512_final(struct rt_sha512 *hash, uint8_t out[static RT_SHA512_SIZE]);
void rt_sha512(const uint8_t *data, size_t size, uint8_t out[static RT_SHA512_SIZE]);

#endif
