/* test_sha512.c - SHA-512 against the examples of FIPS 180-4 and its lengths around the block and padding
 * bounds. links: runtime/sha512.c */
#include "runtime/sha512.h"

#include <stdlib.h>

#include "check.h"

static void hex(const uint8_t *hash, char out[static 2 * RT_SHA512_SIZE + 1])
{
    for (int i = 0; i < RT_SHA512_SIZE; i++) {
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}

static void check_hash(const uint8_t *data, size_t size, const char *expected)
{
    uint8_t hash[RT_SHA512_SIZE];
    char text[2 * RT_SHA512_SIZE + 1];
    rt_sha512(data, size, hash);
    hex(hash, text);
    CHECK_STR(text, expected);
}

TEST(published_examples)
{
    check_hash((const uint8_t *)"", 0,
               "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
               "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
    check_hash((const uint8_t *)"abc", 3,
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    const char *two_blocks = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                             "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    check_hash((const uint8_t *)two_blocks, strlen(two_blocks),
               "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
               "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
}

TEST(a_million_letters)
{
    struct rt_sha512 hash;
    uint8_t chunk[1000], out[RT_SHA512_SIZE];
    char text[2 * RT_SHA512_SIZE + 1];
    memset(chunk, 'a', sizeof(chunk));
    rt_sha512_init(&hash);
    for (int i = 0; i < 1000; i++) {
        rt_sha512_update(&hash, chunk, sizeof(chunk));
    }
    rt_sha512_final(&hash, out);
    hex(out, text);
    CHECK_STR(text, "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                    "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
}

/* Every way to cut a message in two gives the hash of the whole. */
TEST(pieces_of_every_length_make_the_same_hash)
{
    uint8_t data[300], whole[RT_SHA512_SIZE], pieces[RT_SHA512_SIZE];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (size_t size = 0; size <= sizeof(data); size++) {
        rt_sha512(data, size, whole);
        for (size_t cut = 0; cut <= size; cut++) {
            struct rt_sha512 hash;
            rt_sha512_init(&hash);
            rt_sha512_update(&hash, data, cut);
            rt_sha512_update(&hash, data + cut, size - cut);
            rt_sha512_final(&hash, pieces);
            CHECK(memcmp(whole, pieces, sizeof(whole)) == 0);
        }
    }
}

int main(void)
{
    RUN(published_examples);
    RUN(a_million_letters);
    RUN(pieces_of_every_length_make_the_same_hash);
    return check_done();
}
