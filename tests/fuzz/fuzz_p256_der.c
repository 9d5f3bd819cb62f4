/* links: bindings/p256_der.c */
/* fuzz_p256_der.c - any bytes as a key of P-256 in DER. What is found lies within the bytes, and is found
 * again in what is written of it. */
#include <stdlib.h>
#include <string.h>

#include <mbedtls/asn1.h>

#include "bindings/p256_der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check_spki(const uint8_t *data, size_t size)
{
    const uint8_t *point = NULL, *again;
    size_t length, again_length;
    if (io_p256_find_spki(data, size, &point, &length) < 0) {
        demand(point == NULL);
        return;
    }
    demand(length > 0 && point > data && point + length <= data + size);
    if (length == IO_P256_PUBLIC) {
        uint8_t der[IO_P256_SPKI];
        io_p256_write_spki(point, der);
        demand(io_p256_find_spki(der, sizeof(der), &again, &again_length) == 0);
        demand(again_length == length && memcmp(point, again, length) == 0);
    }
}

static void check_pkcs8(const uint8_t *data, size_t size)
{
    const uint8_t *scalar = NULL, *point, *scalar_again, *point_again;
    size_t length, again_length;
    if (io_p256_find_pkcs8(data, size, &scalar, &point, &length) < 0) {
        demand(scalar == NULL);
        return;
    }
    demand(scalar > data && scalar + IO_P256_PRIVATE <= data + size);
    demand(point == NULL ? length == 0 : length > 0 && point > scalar && point + length <= data + size);
    if (length == IO_P256_PUBLIC) {
        uint8_t der[IO_P256_PKCS8];
        io_p256_write_pkcs8(scalar, point, der);
        demand(io_p256_find_pkcs8(der, sizeof(der), &scalar_again, &point_again, &again_length) == 0);
        demand(memcmp(scalar, scalar_again, IO_P256_PRIVATE) == 0);
        demand(again_length == length && memcmp(point, point_again, length) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_spki(data, size);
    check_pkcs8(data, size);
    return 0;
}
