/* ssl_tls12_client.c - the library's file of this name, with a fault of Mbed TLS 3.6.6 mended: its client
 * offers RSA-PSS, which servers then sign with in TLS 1.2 too (RFC 8446 4.2.3), and refuses what it asked
 * for. Later versions do the same as this (pull request 10674 of Mbed TLS). That the algorithm was offered is
 * still checked. */
#include "common.h"
#include "ssl_misc.h"

static int sig_alg_is_supported_or_pss(const mbedtls_ssl_context *ssl, uint16_t sig_alg)
{
    return sig_alg == MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256 ||
           sig_alg == MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384 ||
           sig_alg == MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512 ||
           mbedtls_ssl_sig_alg_is_supported(ssl, sig_alg);
}
#define mbedtls_ssl_sig_alg_is_supported sig_alg_is_supported_or_pss

#include <ssl_tls12_client.c>
