/* p256_der.c - see p256_der.h. */
#include "p256_der.h"

#include <mbedtls/asn1.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { SEQUENCE = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE };
#define CONTEXT(number) (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_CONTEXT_SPECIFIC | (number))

/* The object identifiers with tag and length. */
#define OID_EC_PUBLIC_KEY 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01
#define OID_P256 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07
static const uint8_t ec_public_key[] = {OID_EC_PUBLIC_KEY}, p256[] = {OID_P256};

/* What is left to read: of the whole, or of an element. The library does not write through its pointers. */
struct reader {
    unsigned char *at;
    const unsigned char *end;
};

/* Steps over an element and opens it. */
static bool read_element(struct reader *reader, int tag, struct reader *ret_content)
{
    size_t length;
    if (mbedtls_asn1_get_tag(&reader->at, reader->end, &length, tag) != 0) {
        return false;
    }
    *ret_content = (struct reader){reader->at, reader->at + length};
    reader->at += length;
    return true;
}

static bool next_is(const struct reader *reader, int tag)
{
    return reader->at < reader->end && *reader->at == tag;
}

static size_t left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static bool read_bytes(struct reader *reader, const uint8_t *bytes, size_t length)
{
    if (left(reader) < length || memcmp(reader->at, bytes, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

/* AlgorithmIdentifier. */
static int read_algorithm(struct reader *reader)
{
    struct reader algorithm;
    if (!read_element(reader, SEQUENCE, &algorithm)) {
        return -EINVAL;
    }
    return read_bytes(&algorithm, ec_public_key, sizeof(ec_public_key)) &&
                   read_bytes(&algorithm, p256, sizeof(p256)) && left(&algorithm) == 0
               ? 0
               : -ENOTSUP;
}

/* A bit string of whole bytes. */
static bool read_point(struct reader *reader, struct reader *ret_point)
{
    return read_element(reader, MBEDTLS_ASN1_BIT_STRING, ret_point) && left(ret_point) > 1 &&
           *ret_point->at++ == 0;
}

int io_p256_find_spki(const uint8_t *der, size_t length, const uint8_t **ret_point, size_t *ret_length)
{
    if (length == 0) {
        return -EINVAL; /* and der may be NULL */
    }
    struct reader whole = {(unsigned char *)der, der + length}, info, point;
    if (!read_element(&whole, SEQUENCE, &info) || left(&whole) != 0) {
        return -EINVAL;
    }
    int error = read_algorithm(&info);
    if (error) {
        return error;
    }
    if (!read_point(&info, &point) || left(&info) != 0) {
        return -EINVAL;
    }
    *ret_point = point.at;
    *ret_length = left(&point);
    return 0;
}

/* ECPrivateKey, whose parameters must be those of the algorithm if they are there. */
static bool read_private_key(struct reader *reader, struct reader *ret_private, struct reader *ret_point)
{
    struct reader key, parameters, public_key;
    int version;
    if (!read_element(reader, SEQUENCE, &key) || left(reader) != 0 ||
        mbedtls_asn1_get_int(&key.at, key.end, &version) != 0 || version != 1 ||
        !read_element(&key, MBEDTLS_ASN1_OCTET_STRING, ret_private) || left(ret_private) != IO_P256_PRIVATE) {
        return false;
    }
    if (next_is(&key, CONTEXT(0)) &&
        !(read_element(&key, CONTEXT(0), &parameters) && read_bytes(&parameters, p256, sizeof(p256)) &&
          left(&parameters) == 0)) {
        return false;
    }
    *ret_point = (struct reader){NULL, NULL};
    if (next_is(&key, CONTEXT(1)) && !(read_element(&key, CONTEXT(1), &public_key) &&
                                       read_point(&public_key, ret_point) && left(&public_key) == 0)) {
        return false;
    }
    return left(&key) == 0;
}

int io_p256_find_pkcs8(const uint8_t *der, size_t length, const uint8_t **ret_private,
                       const uint8_t **ret_point, size_t *ret_point_length)
{
    if (length == 0) {
        return -EINVAL;
    }
    struct reader whole = {(unsigned char *)der, der + length}, info, octets, attributes, private_key, point;
    int version;
    if (!read_element(&whole, SEQUENCE, &info) || left(&whole) != 0 ||
        mbedtls_asn1_get_int(&info.at, info.end, &version) != 0 || version != 0) {
        return -EINVAL;
    }
    int error = read_algorithm(&info);
    if (error) {
        return error;
    }
    if (!read_element(&info, MBEDTLS_ASN1_OCTET_STRING, &octets) ||
        !read_private_key(&octets, &private_key, &point)) {
        return -EINVAL;
    }
    if (next_is(&info, CONTEXT(0)) && !read_element(&info, CONTEXT(0), &attributes)) {
        return -EINVAL;
    }
    if (left(&info) != 0) {
        return -EINVAL;
    }
    *ret_private = private_key.at;
    *ret_point = point.at;
    *ret_point_length = point.at == NULL ? 0 : left(&point);
    return 0;
}

/* Writing: all but the keys is always the same. --------------------------------------------------- */

void io_p256_write_spki(const uint8_t public_key[IO_P256_PUBLIC], uint8_t ret_der[IO_P256_SPKI])
{
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, OID_EC_PUBLIC_KEY, OID_P256, 0x03, 0x42, 0x00};
    memcpy(ret_der, head, sizeof(head));
    memcpy(ret_der + sizeof(head), public_key, IO_P256_PUBLIC);
    _Static_assert(sizeof(head) + IO_P256_PUBLIC == IO_P256_SPKI, "the length in the head is right");
}

void io_p256_write_pkcs8(const uint8_t private_key[IO_P256_PRIVATE], const uint8_t public_key[IO_P256_PUBLIC],
                         uint8_t ret_der[IO_P256_PKCS8])
{
    static const uint8_t head[] = {0x30,     0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, OID_EC_PUBLIC_KEY,
                                   OID_P256, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04,
                                   0x20};
    static const uint8_t middle[] = {0xa1, 0x44, 0x03, 0x42, 0x00};
    memcpy(ret_der, head, sizeof(head));
    memcpy(ret_der + sizeof(head), private_key, IO_P256_PRIVATE);
    memcpy(ret_der + sizeof(head) + IO_P256_PRIVATE, middle, sizeof(middle));
    memcpy(ret_der + sizeof(head) + IO_P256_PRIVATE + sizeof(middle), public_key, IO_P256_PUBLIC);
    _Static_assert(sizeof(head) + sizeof(middle) + IO_P256_PRIVATE + IO_P256_PUBLIC == IO_P256_PKCS8,
                   "the lengths in the head are right");
}
