/* tls_random.h - where all of the cryptography gets its random bytes: the kernel, asked each time. */
#ifndef CLEAT_IO_TLS_RANDOM_H
#define CLEAT_IO_TLS_RANDOM_H

#include <stddef.h>

/* In the form of Mbed TLS's f_rng; `context` is unused. 0, or MBEDTLS_ERR_ENTROPY_SOURCE_FAILED. */
int io_tls_random(void *context, unsigned char *bytes, size_t length);

#endif
