/* test_crypto.c - hashes, HMAC and ECDSA against published answers, and what must be refused.
 * links: bindings/crypto.c bindings/psa.c bindings/tls_random.c bindings/tls_time.c */
#include "bindings/crypto.h"
#include "bindings/psa.h"
#include "bindings/tls_random.h"

#include <psa/crypto.h>

#include <errno.h>
#include <stdlib.h>

#include "check.h"

/* Up to 160 bytes of hexadecimal digits. */
static size_t from_hex(const char *text, uint8_t *ret_bytes)
{
    size_t length = strlen(text) / 2;
    for (size_t i = 0; i < length; i++) {
        unsigned byte;
        CHECK_INT(sscanf(text + 2 * i, "%2x", &byte), 1);
        ret_bytes[i] = (uint8_t)byte;
    }
    return length;
}

static void check_bytes(const uint8_t *bytes, size_t length, const char *expected)
{
    char text[2 * 160 + 1] = "";
    for (size_t i = 0; i < length; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    CHECK_STR(text, expected);
}

TEST(psa_starts_more_than_once)
{
    CHECK_INT(io_psa_init(), 0);
    CHECK_INT(io_psa_init(), 0);
}

TEST(hashes_of_nothing_and_of_abc)
{
    static const struct {
        enum io_hash hash;
        const char *nothing, *abc;
    } answers[] = {
        {IO_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {IO_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {IO_SHA384,
         "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
        {IO_SHA512,
         "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
         "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    uint8_t hash[IO_HASH_MAX];
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        size_t length = io_hash_length(answers[i].hash);
        CHECK_INT(io_hash_compute(answers[i].hash, (const uint8_t *)"", 0, hash), 0);
        check_bytes(hash, length, answers[i].nothing);
        CHECK_INT(io_hash_compute(answers[i].hash, (const uint8_t *)"abc", 3, hash), 0);
        check_bytes(hash, length, answers[i].abc);
    }
    CHECK_INT(io_hash_length((enum io_hash)224), 0);
    CHECK(io_hash_compute((enum io_hash)224, (const uint8_t *)"", 0, hash) < 0);
}

/* RFC 4231, test cases 1 to 3, 6 and 7: short keys, one longer than a block, long data. */
TEST(hmac_of_rfc_4231)
{
    uint8_t key[200], data[200], mac[IO_HASH_MAX];
    memset(key, 0x0b, 20);
    CHECK_INT(io_hmac_sign(IO_SHA256, key, 20, (const uint8_t *)"Hi There", 8, mac), 0);
    check_bytes(mac, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    const char *question = "what do ya want for nothing?";
    CHECK_INT(io_hmac_sign(IO_SHA512, (const uint8_t *)"Jefe", 4, (const uint8_t *)question, 28, mac), 0);
    check_bytes(mac, 64,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    memset(key, 0xaa, 131);
    memset(data, 0xdd, 50);
    CHECK_INT(io_hmac_sign(IO_SHA384, key, 20, data, 50, mac), 0);
    check_bytes(
        mac, 48,
        "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27");
    const char *larger = "Test Using Larger Than Block-Size Key - Hash Key First";
    CHECK_INT(io_hmac_sign(IO_SHA256, key, 131, (const uint8_t *)larger, strlen(larger), mac), 0);
    check_bytes(mac, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(hmac_with_a_key_of_a_megabyte)
{
    size_t length = 1 << 20;
    uint8_t *key = calloc(1, length), hashed[IO_HASH_MAX], mac[IO_HASH_MAX], same[IO_HASH_MAX];
    CHECK(key != NULL);
    CHECK_INT(io_hmac_sign(IO_SHA1, key, length, (const uint8_t *)"x", 1, mac), 0);
    CHECK_INT(io_hash_compute(IO_SHA1, key, length, hashed), 0);
    CHECK_INT(io_hmac_sign(IO_SHA1, hashed, 20, (const uint8_t *)"x", 1, same), 0);
    CHECK(memcmp(mac, same, 20) == 0);
    free(key);
}

TEST(a_mac_is_right_only_as_a_whole)
{
    uint8_t mac[IO_HASH_MAX];
    const uint8_t *key = (const uint8_t *)"key", *data = (const uint8_t *)"data";
    CHECK_INT(io_hmac_sign(IO_SHA256, key, 3, data, 4, mac), 0);
    CHECK_INT(io_hmac_verify(IO_SHA256, key, 3, data, 4, mac, 32), 1);
    CHECK_INT(io_hmac_verify(IO_SHA256, key, 3, data, 4, mac, 31), 0);
    CHECK_INT(io_hmac_verify(IO_SHA256, key, 3, data, 4, mac, 33), 0);
    CHECK_INT(io_hmac_verify(IO_SHA256, key, 3, data, 4, mac, 0), 0);
    CHECK_INT(io_hmac_verify(IO_SHA384, key, 3, data, 4, mac, 32), 0);
    CHECK_INT(io_hmac_verify(IO_SHA256, key, 3, data, 3, mac, 32), 0);
    for (int i = 0; i < 32 * 8; i++) {
        mac[i / 8] ^= (uint8_t)(1 << i % 8);
        CHECK_INT(io_hmac_verify(IO_SHA256, key, 3, data, 4, mac, 32), 0);
        mac[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

/* RFC 6979, A.2.5: the key, and the signatures of "sample". */
static const char scalar_text[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char point_text[] = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                 "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

TEST(ecdsa_of_rfc_6979)
{
    static const struct {
        enum io_hash hash;
        const char *signature;
    } answers[] = {
        {IO_SHA1, "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32"
                  "6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb"},
        {IO_SHA256, "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
        {IO_SHA384, "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719"
                    "4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954"},
        {IO_SHA512, "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00"
                    "2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe"},
    };
    uint8_t scalar[IO_P256_PRIVATE], point[IO_P256_PUBLIC], signature[IO_P256_SIGNATURE];
    const uint8_t *sample = (const uint8_t *)"sample";
    from_hex(scalar_text, scalar);
    CHECK_INT(io_p256_public_of(scalar, point), 0);
    check_bytes(point, sizeof(point), point_text);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        CHECK_INT(io_p256_sign(answers[i].hash, scalar, sample, 6, signature), 0);
        check_bytes(signature, sizeof(signature), answers[i].signature);
        CHECK_INT(io_p256_verify(answers[i].hash, point, sample, 6, signature, sizeof(signature)), 1);
        CHECK_INT(io_p256_verify(answers[i].hash, point, sample, 5, signature, sizeof(signature)), 0);
        CHECK_INT(io_p256_verify(answers[i].hash, point, sample, 6, signature, sizeof(signature) - 1), 0);
        CHECK_INT(io_p256_verify(answers[i].hash, point, sample, 6, signature, 0), 0);
        signature[40] ^= 1;
        CHECK_INT(io_p256_verify(answers[i].hash, point, sample, 6, signature, sizeof(signature)), 0);
        memset(signature, 0, sizeof(signature));
        CHECK_INT(io_p256_verify(answers[i].hash, point, sample, 6, signature, sizeof(signature)), 0);
    }
}

TEST(numbers_that_are_no_private_key)
{
    static const char *const texts[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", /* the order */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    uint8_t scalar[IO_P256_PRIVATE], point[IO_P256_PUBLIC] = {0x55}, signature[IO_P256_SIGNATURE];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        from_hex(texts[i], scalar);
        CHECK_INT(io_p256_public_of(scalar, point), -EINVAL);
        CHECK_INT(io_p256_sign(IO_SHA256, scalar, scalar, 1, signature), -EINVAL);
        CHECK_INT(point[0], 0x55);
    }
    from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", scalar);
    CHECK_INT(io_p256_public_of(scalar, point), 0);
}

TEST(points_compressed_or_not)
{
    uint8_t point[IO_P256_PUBLIC], read[IO_P256_PUBLIC];
    from_hex(point_text, point);
    CHECK_INT(io_p256_read_point(point, sizeof(point), read), 0);
    CHECK(memcmp(point, read, sizeof(point)) == 0);
    uint8_t compressed[IO_P256_POINT_MIN];
    memcpy(compressed, point, sizeof(compressed));
    compressed[0] = 3; /* y is odd */
    memset(read, 0, sizeof(read));
    CHECK_INT(io_p256_read_point(compressed, sizeof(compressed), read), 0);
    CHECK(memcmp(point, read, sizeof(point)) == 0);
    compressed[0] = 2;
    CHECK_INT(io_p256_read_point(compressed, sizeof(compressed), read), 0);
    CHECK(memcmp(point, read, 33) == 0 && memcmp(point, read, sizeof(point)) != 0);
}

TEST(points_that_are_none)
{
    uint8_t point[IO_P256_PUBLIC + 1] = {0}, read[IO_P256_PUBLIC] = {0x55};
    from_hex(point_text, point);
    static const uint8_t infinity[1] = {0};
    CHECK_INT(io_p256_read_point(infinity, 1, read), -EINVAL);
    CHECK_INT(io_p256_read_point(infinity, 0, read), -EINVAL);
    CHECK_INT(io_p256_read_point(point, IO_P256_PUBLIC + 1, read), -EINVAL);
    CHECK_INT(io_p256_read_point(point, IO_P256_PUBLIC - 1, read), -EINVAL);
    CHECK_INT(io_p256_read_point(point, IO_P256_POINT_MIN, read), -EINVAL); /* 4, but no y */
    point[0] = 6;                                                           /* hybrid, which nobody uses */
    CHECK_INT(io_p256_read_point(point, IO_P256_PUBLIC, read), -EINVAL);
    point[0] = 4;
    point[64] ^= 1;
    CHECK_INT(io_p256_read_point(point, IO_P256_PUBLIC, read), -EINVAL);
    memset(point + 1, 0xff, 64);
    CHECK_INT(io_p256_read_point(point, IO_P256_PUBLIC, read), -EINVAL);
    memset(point + 1, 0, 64);
    CHECK_INT(io_p256_read_point(point, IO_P256_PUBLIC, read), -EINVAL);
    CHECK_INT(read[0], 0x55);
}

TEST(generated_keys_belong_together)
{
    uint8_t scalar[IO_P256_PRIVATE], point[IO_P256_PUBLIC], same[IO_P256_PUBLIC], last[IO_P256_PRIVATE] = {0};
    for (int i = 0; i < 10; i++) {
        CHECK_INT(io_p256_generate(scalar, point), 0);
        CHECK_INT(io_p256_public_of(scalar, same), 0);
        CHECK(memcmp(point, same, sizeof(point)) == 0);
        CHECK(memcmp(scalar, last, sizeof(scalar)) != 0);
        memcpy(last, scalar, sizeof(last));
    }
}

TEST(no_operation_leaves_a_key_behind)
{
    uint8_t scalar[IO_P256_PRIVATE] = {0}, point[IO_P256_PUBLIC] = {4}, mac[IO_HASH_MAX];
    CHECK_INT(io_hmac_sign(IO_SHA1, point, 1, scalar, 1, mac), 0);
    CHECK_INT(io_hmac_verify(IO_SHA1, point, 1, scalar, 1, scalar, 20), 0);
    CHECK_INT(io_p256_verify(IO_SHA1, point, scalar, 1, mac, 64), -EINVAL);
    CHECK_INT(io_p256_public_of(scalar, point), -EINVAL);
    CHECK_INT(io_p256_sign(IO_SHA1, scalar, scalar, 1, mac), -EINVAL);
    CHECK_INT(io_p256_generate(scalar, point), 0);
    CHECK_INT(io_p256_sign(IO_SHA1, scalar, scalar, 1, mac), 0);
    CHECK_INT(io_p256_verify(IO_SHA1, point, scalar, 1, mac, 64), 1);
    mbedtls_psa_stats_t stats;
    mbedtls_psa_get_stats(&stats);
    CHECK_INT(stats.MBEDTLS_PRIVATE(volatile_slots), 0);
}

int main(void)
{
    RUN(psa_starts_more_than_once);
    RUN(hashes_of_nothing_and_of_abc);
    RUN(hmac_of_rfc_4231);
    RUN(hmac_with_a_key_of_a_megabyte);
    RUN(a_mac_is_right_only_as_a_whole);
    RUN(ecdsa_of_rfc_6979);
    RUN(numbers_that_are_no_private_key);
    RUN(points_compressed_or_not);
    RUN(points_that_are_none);
    RUN(generated_keys_belong_together);
    RUN(no_operation_leaves_a_key_behind);
    return check_done();
}
