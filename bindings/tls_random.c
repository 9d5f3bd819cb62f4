/* tls_random.c - see tls_random.h. */
#include "tls_random.h"

#include <mbedtls/entropy.h>
#include <psa/crypto.h>

#include <errno.h>
#include <sys/random.h>

int io_tls_random(void *context, unsigned char *bytes, size_t length)
{
    (void)context;
    while (length > 0) {
        ssize_t count = getrandom(bytes, length, 0);
        if (count > 0) {
            bytes += count;
            length -= (size_t)count;
        } else if (errno != EINTR) {
            return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
        }
    }
    return 0;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
                                             size_t output_size, size_t *output_length)
{
    (void)context;
    if (io_tls_random(NULL, output, output_size) != 0) {
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    }
    *output_length = output_size;
    return PSA_SUCCESS;
}
