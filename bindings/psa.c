/* psa.c - see psa.h. */
#include "psa.h"

#include <psa/crypto.h>

#include <errno.h>

int io_psa_init(void)
{
    /* Counts calls and locks by itself; what failed once may be tried again. */
    switch (psa_crypto_init()) {
    case PSA_SUCCESS:
        return 0;
    case PSA_ERROR_INSUFFICIENT_MEMORY:
        return -ENOMEM;
    default:
        return -EIO;
    }
}
