/* test_p256_der.c - keys of P-256 in DER: what OpenSSL writes, and each way in which it may be wrong.
 * links: bindings/p256_der.c */
#include "bindings/p256_der.h"

#include <mbedtls/asn1.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "check.h"

static uint8_t scalar[IO_P256_PRIVATE], point[IO_P256_PUBLIC];

static void make_key(void)
{
    for (size_t i = 0; i < sizeof(scalar); i++) {
        scalar[i] = (uint8_t)(i + 1);
    }
    for (size_t i = 0; i < sizeof(point); i++) {
        point[i] = (uint8_t)(4 + i);
    }
}

/* The bytes are copied to memory of exactly their size, so that sanitizers see reads beyond it. */
static int find_spki(const uint8_t *der, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);
    const uint8_t *found;
    size_t found_length;
    memcpy(copy, der, length);
    int error = io_p256_find_spki(copy, length, &found, &found_length);
    if (!error) {
        CHECK(found > copy && found + found_length == copy + length);
        CHECK(found_length != sizeof(point) || memcmp(found, point, sizeof(point)) == 0);
    }
    free(copy);
    return error;
}

/* Whether there was a point is told in `ret_has_point`. */
static int find_pkcs8(const uint8_t *der, size_t length, bool *ret_has_point)
{
    uint8_t *copy = malloc(length ? length : 1);
    const uint8_t *found_scalar, *found_point;
    size_t point_length;
    memcpy(copy, der, length);
    int error = io_p256_find_pkcs8(copy, length, &found_scalar, &found_point, &point_length);
    if (!error) {
        CHECK(memcmp(found_scalar, scalar, sizeof(scalar)) == 0);
        CHECK(found_point == NULL
                  ? point_length == 0
                  : point_length == sizeof(point) && memcmp(found_point, point, sizeof(point)) == 0);
        *ret_has_point = found_point != NULL;
    }
    free(copy);
    return error;
}

TEST(what_is_written_is_found)
{
    uint8_t spki[IO_P256_SPKI], pkcs8[IO_P256_PKCS8];
    bool has_point = false;
    make_key();
    io_p256_write_spki(point, spki);
    CHECK_INT(find_spki(spki, sizeof(spki)), 0);
    io_p256_write_pkcs8(scalar, point, pkcs8);
    CHECK_INT(find_pkcs8(pkcs8, sizeof(pkcs8), &has_point), 0);
    CHECK(has_point);
    CHECK_INT(spki[1] + 2, IO_P256_SPKI);
    CHECK_INT(pkcs8[2] + 3, IO_P256_PKCS8);
}

TEST(cut_anywhere)
{
    uint8_t spki[IO_P256_SPKI], pkcs8[IO_P256_PKCS8];
    bool has_point;
    make_key();
    io_p256_write_spki(point, spki);
    io_p256_write_pkcs8(scalar, point, pkcs8);
    for (size_t length = 0; length < sizeof(spki); length++) {
        CHECK_INT(find_spki(spki, length), -EINVAL);
    }
    for (size_t length = 0; length < sizeof(pkcs8); length++) {
        CHECK_INT(find_pkcs8(pkcs8, length, &has_point), -EINVAL);
    }
}

TEST(a_byte_more)
{
    uint8_t spki[IO_P256_SPKI + 1] = {0}, pkcs8[IO_P256_PKCS8 + 1] = {0};
    bool has_point;
    make_key();
    io_p256_write_spki(point, spki);
    io_p256_write_pkcs8(scalar, point, pkcs8);
    CHECK_INT(find_spki(spki, sizeof(spki)), -EINVAL);
    CHECK_INT(find_pkcs8(pkcs8, sizeof(pkcs8), &has_point), -EINVAL);
}

/* Every byte that is not of a key is checked. */
TEST(any_byte_of_the_frame_changed)
{
    uint8_t spki[IO_P256_SPKI], pkcs8[IO_P256_PKCS8];
    bool has_point;
    make_key();
    io_p256_write_spki(point, spki);
    io_p256_write_pkcs8(scalar, point, pkcs8);
    for (size_t i = 0; i < IO_P256_SPKI - IO_P256_PUBLIC; i++) {
        spki[i] ^= 1;
        CHECK(find_spki(spki, sizeof(spki)) < 0);
        spki[i] ^= 1;
    }
    size_t scalar_at = IO_P256_PKCS8 - IO_P256_PUBLIC - 5 - IO_P256_PRIVATE;
    for (size_t i = 0; i < IO_P256_PKCS8 - IO_P256_PUBLIC; i++) {
        if (i < scalar_at || i >= scalar_at + IO_P256_PRIVATE) {
            pkcs8[i] ^= 1;
            CHECK(find_pkcs8(pkcs8, sizeof(pkcs8), &has_point) < 0);
            pkcs8[i] ^= 1;
        }
    }
}

static size_t join(uint8_t *target, size_t count, const uint8_t *const *parts, const size_t *lengths)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] > 0) {
            memcpy(target + length, parts[i], lengths[i]);
        }
        length += lengths[i];
    }
    return length;
}

/* A private key as a PrivateKeyInfo with these bytes behind the scalar, and these at its end. */
static int find_with(const uint8_t *behind, size_t behind_length, const uint8_t *end, size_t end_length,
                     bool *ret_has_point)
{
    uint8_t pkcs8[IO_P256_PKCS8], der[256];
    io_p256_write_pkcs8(scalar, point, pkcs8);
    size_t algorithm = 3 + 3, key = 2 + 3 + 2 + IO_P256_PRIVATE + behind_length;
    uint8_t head[] = {0x30, 0x81, (uint8_t)(3 + 21 + 2 + key + end_length), 2, 1, 0};
    uint8_t middle[] = {4, (uint8_t)key, 0x30, (uint8_t)(key - 2), 2, 1, 1, 4, 32};
    const uint8_t *parts[] = {head, pkcs8 + algorithm, middle, scalar, behind, end};
    size_t lengths[] = {sizeof(head), 21, sizeof(middle), sizeof(scalar), behind_length, end_length};
    return find_pkcs8(der, join(der, 6, parts, lengths), ret_has_point);
}

TEST(optional_parts_of_a_private_key)
{
    static const uint8_t parameters[] = {0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    static const uint8_t p384[] = {0xa0, 7, 6, 5, 0x2b, 0x81, 4, 0, 0x22};
    static const uint8_t attributes[] = {0xa0, 2, 0x30, 0}, unknown[] = {0xa2, 0};
    bool has_point = true;
    make_key();
    CHECK_INT(find_with(NULL, 0, NULL, 0, &has_point), 0);
    CHECK(!has_point);
    CHECK_INT(find_with(parameters, sizeof(parameters), NULL, 0, &has_point), 0);
    CHECK_INT(find_with(NULL, 0, attributes, sizeof(attributes), &has_point), 0);
    CHECK_INT(find_with(p384, sizeof(p384), NULL, 0, &has_point), -EINVAL);
    CHECK_INT(find_with(unknown, sizeof(unknown), NULL, 0, &has_point), -EINVAL);
    CHECK_INT(find_with(NULL, 0, unknown, sizeof(unknown), &has_point), -EINVAL);

    uint8_t both[sizeof(parameters) + 5 + sizeof(point)];
    static const uint8_t public_head[] = {0xa1, 0x44, 3, 0x42, 0};
    const uint8_t *parts[] = {parameters, public_head, point};
    size_t lengths[] = {sizeof(parameters), sizeof(public_head), sizeof(point)};
    CHECK_INT(find_with(both, join(both, 3, parts, lengths), NULL, 0, &has_point), 0);
    CHECK(has_point);
    both[sizeof(parameters) + 4] = 1; /* unused bits */
    CHECK_INT(find_with(both, sizeof(both), NULL, 0, &has_point), -EINVAL);
}

TEST(keys_of_other_kinds)
{
    /* P-384, and RSA, as far as the algorithm goes. */
    static const uint8_t p384[] = {0x30, 0x17, 0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1,
                                   6,    5,    0x2b, 0x81, 4, 0, 0x22, 3,    3,    0,    4,    4};
    static const uint8_t rsa[] = {0x30, 0x14, 0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                  0x0d, 1,    1,    1,    5, 0, 3,    3,    0,    4,    4};
    CHECK_INT(find_spki(p384, sizeof(p384)), -ENOTSUP);
    CHECK_INT(find_spki(rsa, sizeof(rsa)), -ENOTSUP);
}

int main(void)
{
    RUN(what_is_written_is_found);
    RUN(cut_anywhere);
    RUN(a_byte_more);
    RUN(any_byte_of_the_frame_changed);
    RUN(optional_parts_of_a_private_key);
    RUN(keys_of_other_kinds);
    return check_done();
}
