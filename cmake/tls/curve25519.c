/* curve25519.c - HACL*'s Curve25519, for ecp.c. */
#if defined(__SIZEOF_INT128__)
#define MBEDTLS_ECDH_VARIANT_EVEREST_ENABLED
#include <Hacl_Curve25519_joined.c>
#else
typedef int curve25519_is_not_built; /* a file can't be empty */
#endif
