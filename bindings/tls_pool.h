/* tls_pool.h - what the TLS connections of one loop share: the buffer that bytes are received into, spare
 * record buffers, the sessions to resume. For tls.c. */
#ifndef CLEAT_IO_TLS_POOL_H
#define CLEAT_IO_TLS_POOL_H

#include "tls.h"

enum {
    /* A record of the largest size with all that the library puts around it (MBEDTLS_SSL_IN_BUFFER_LEN is
     * private; it is some 330 bytes more than the plain text). */
    IO_TLS_RECORD_BUFFER = 16384 + 1024,
    /* Buffers kept for the next call: one for each direction, and as many for a handshake that ends
       meanwhile. */
    IO_TLS_SPARE_MAX = 4,
    /* One system call receives this much at most: what it decrypts to fits the least that io_tls_read() is
       given. */
    IO_TLS_RAW_MAX = IO_TLS_READ_MIN,
};

struct io_tls_pool {
    struct io_tls_sessions *sessions;
    uint8_t *spare[IO_TLS_SPARE_MAX];
    unsigned spare_count;
    uint8_t raw[IO_TLS_RAW_MAX];
};

/* NULL: no memory. */
uint8_t *io_tls_pool_take(struct io_tls_pool *pool);
void io_tls_pool_give(struct io_tls_pool *pool, uint8_t *buffer);

#endif
