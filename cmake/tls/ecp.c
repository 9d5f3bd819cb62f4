/* ecp.c - the library's file of this name, with the multiplication on Curve25519 done by HACL* where there
 * are 128-bit numbers: verified code that comes with the library, and some eight times as fast, which halves
 * a handshake. The library itself would use it for one of the two multiplications of a key exchange only.
 * Spec: RFC 7748 5. */
#include "common.h"
#include <mbedtls/ecp.h>

#if defined(__SIZEOF_INT128__)
#define mbedtls_ecp_mul_restartable mul_of_library
#define mbedtls_ecp_mul mul_of_library_at_once
#include <ecp.c>
#undef mbedtls_ecp_mul_restartable
#undef mbedtls_ecp_mul

#include <Hacl_Curve25519.h>

enum { X25519_SIZE = 32 };

static int mul_curve25519(mbedtls_ecp_point *product, const mbedtls_mpi *scalar,
                          const mbedtls_ecp_point *point)
{
    static const uint8_t zero[X25519_SIZE];
    uint8_t secret[X25519_SIZE], base[X25519_SIZE], result[X25519_SIZE];
    int error = mbedtls_mpi_write_binary_le(scalar, secret, sizeof(secret));
    if (error == 0) {
        error = mbedtls_mpi_write_binary_le(&point->X, base, sizeof(base));
    }
    if (error == 0) {
        Hacl_Curve25519_crypto_scalarmult(result, secret, base);
        /* RFC 7748 6.1: a point of small order gives zero. */
        error = mbedtls_ct_memcmp(result, zero, sizeof(zero)) == 0
                    ? MBEDTLS_ERR_ECP_INVALID_KEY
                    : mbedtls_mpi_read_binary_le(&product->X, result, sizeof(result));
    }
    if (error == 0) {
        error = mbedtls_mpi_lset(&product->Z, 1);
    }
    mbedtls_mpi_free(&product->Y);
    mbedtls_platform_zeroize(secret, sizeof(secret));
    mbedtls_platform_zeroize(result, sizeof(result));
    return error;
}

int mbedtls_ecp_mul_restartable(mbedtls_ecp_group *grp, mbedtls_ecp_point *R, const mbedtls_mpi *m,
                                const mbedtls_ecp_point *P, int (*f_rng)(void *, unsigned char *, size_t),
                                void *p_rng, mbedtls_ecp_restart_ctx *rs_ctx)
{
    int error;
    if (grp->id != MBEDTLS_ECP_DP_CURVE25519) {
        return mul_of_library(grp, R, m, P, f_rng, p_rng, rs_ctx);
    }
    if ((error = mbedtls_ecp_check_privkey(grp, m)) != 0 || (error = mbedtls_ecp_check_pubkey(grp, P)) != 0) {
        return error;
    }
    return mul_curve25519(R, m, P);
}

int mbedtls_ecp_mul(mbedtls_ecp_group *grp, mbedtls_ecp_point *R, const mbedtls_mpi *m,
                    const mbedtls_ecp_point *P, int (*f_rng)(void *, unsigned char *, size_t), void *p_rng)
{
    return mbedtls_ecp_mul_restartable(grp, R, m, P, f_rng, p_rng, NULL);
}
#else
#include <ecp.c>
#endif
