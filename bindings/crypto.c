/* crypto.c - see crypto.h. */
#include "crypto.h"

#include <mbedtls/ecp.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>

#include <errno.h>
#include <string.h>

static int errno_of(psa_status_t status)
{
    switch (status) {
    case PSA_SUCCESS:
        return 0;
    case PSA_ERROR_INSUFFICIENT_MEMORY:
        return -ENOMEM;
    case PSA_ERROR_INVALID_ARGUMENT:
        return -EINVAL;
    default:
        return -EIO;
    }
}

/* The same of a verification. */
static int verdict_of(psa_status_t status)
{
    return status == PSA_SUCCESS ? 1 : status == PSA_ERROR_INVALID_SIGNATURE ? 0 : errno_of(status);
}

/* Hashes ----------------------------------------------------------------------------------------- */

static psa_algorithm_t algorithm_of(enum io_hash hash)
{
    switch (hash) {
    case IO_SHA1:
        return PSA_ALG_SHA_1;
    case IO_SHA256:
        return PSA_ALG_SHA_256;
    case IO_SHA384:
        return PSA_ALG_SHA_384;
    case IO_SHA512:
        return PSA_ALG_SHA_512;
    }
    return PSA_ALG_NONE;
}

size_t io_hash_length(enum io_hash hash)
{
    return PSA_HASH_LENGTH(algorithm_of(hash));
}

int io_hash_compute(enum io_hash hash, const uint8_t *data, size_t length, uint8_t ret_hash[IO_HASH_MAX])
{
    size_t hash_length;
    return errno_of(psa_hash_compute(algorithm_of(hash), data, length, ret_hash, IO_HASH_MAX, &hash_length));
}

/* Keys ------------------------------------------------------------------------------------------- */

/* Gives a key to PSA, for one operation. */
static psa_status_t lend_key(psa_key_type_t type, psa_algorithm_t algorithm, psa_key_usage_t usage,
                             const uint8_t *key, size_t length, psa_key_id_t *ret_id)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, type);
    psa_set_key_algorithm(&attributes, algorithm);
    psa_set_key_usage_flags(&attributes, usage);
    return psa_import_key(&attributes, key, length, ret_id);
}

/* HMAC ------------------------------------------------------------------------------------------- */

/* PSA takes keys of up to 8 KB. One longer than a block stands for its hash (RFC 2104 §2), which never is. */
static psa_status_t lend_hmac_key(psa_algorithm_t hash, psa_key_usage_t usage, const uint8_t *key,
                                  size_t length, psa_key_id_t *ret_id)
{
    uint8_t hashed[IO_HASH_MAX];
    psa_status_t status = PSA_SUCCESS;
    if (length > PSA_HASH_BLOCK_LENGTH(hash)) {
        status = psa_hash_compute(hash, key, length, hashed, sizeof(hashed), &length);
        key = hashed;
    }
    if (status == PSA_SUCCESS) {
        status = lend_key(PSA_KEY_TYPE_HMAC, PSA_ALG_HMAC(hash), usage, key, length, ret_id);
    }
    mbedtls_platform_zeroize(hashed, sizeof(hashed));
    return status;
}

int io_hmac_sign(enum io_hash hash, const uint8_t *key, size_t key_length, const uint8_t *data, size_t length,
                 uint8_t ret_mac[IO_HASH_MAX])
{
    psa_algorithm_t algorithm = algorithm_of(hash);
    psa_key_id_t id;
    psa_status_t status = lend_hmac_key(algorithm, PSA_KEY_USAGE_SIGN_MESSAGE, key, key_length, &id);
    if (status == PSA_SUCCESS) {
        size_t mac_length;
        status =
            psa_mac_compute(id, PSA_ALG_HMAC(algorithm), data, length, ret_mac, IO_HASH_MAX, &mac_length);
        psa_destroy_key(id);
    }
    return errno_of(status);
}

int io_hmac_verify(enum io_hash hash, const uint8_t *key, size_t key_length, const uint8_t *data,
                   size_t length, const uint8_t *mac, size_t mac_length)
{
    psa_algorithm_t algorithm = algorithm_of(hash);
    psa_key_id_t id;
    psa_status_t status = lend_hmac_key(algorithm, PSA_KEY_USAGE_VERIFY_MESSAGE, key, key_length, &id);
    if (status == PSA_SUCCESS) {
        status = psa_mac_verify(id, PSA_ALG_HMAC(algorithm), data, length, mac, mac_length);
        psa_destroy_key(id);
    }
    return verdict_of(status);
}

/* ECDSA over P-256 ------------------------------------------------------------------------------- */

enum { P256_BITS = 256 };

int io_p256_sign(enum io_hash hash, const uint8_t private_key[IO_P256_PRIVATE], const uint8_t *data,
                 size_t length, uint8_t ret_signature[IO_P256_SIGNATURE])
{
    psa_algorithm_t algorithm = PSA_ALG_DETERMINISTIC_ECDSA(algorithm_of(hash));
    psa_key_id_t id;
    psa_status_t status = lend_key(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1), algorithm,
                                   PSA_KEY_USAGE_SIGN_MESSAGE, private_key, IO_P256_PRIVATE, &id);
    if (status == PSA_SUCCESS) {
        size_t signature_length;
        status = psa_sign_message(id, algorithm, data, length, ret_signature, IO_P256_SIGNATURE,
                                  &signature_length);
        psa_destroy_key(id);
    }
    return errno_of(status);
}

int io_p256_verify(enum io_hash hash, const uint8_t public_key[IO_P256_PUBLIC], const uint8_t *data,
                   size_t length, const uint8_t *signature, size_t signature_length)
{
    psa_algorithm_t algorithm = PSA_ALG_ECDSA(algorithm_of(hash));
    psa_key_id_t id;
    psa_status_t status = lend_key(PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), algorithm,
                                   PSA_KEY_USAGE_VERIFY_MESSAGE, public_key, IO_P256_PUBLIC, &id);
    if (status == PSA_SUCCESS) {
        status = psa_verify_message(id, algorithm, data, length, signature, signature_length);
        psa_destroy_key(id);
    }
    return verdict_of(status);
}

int io_p256_generate(uint8_t ret_private[IO_P256_PRIVATE], uint8_t ret_public[IO_P256_PUBLIC])
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, P256_BITS);
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_EXPORT);
    psa_key_id_t id;
    psa_status_t status = psa_generate_key(&attributes, &id);
    if (status == PSA_SUCCESS) {
        size_t length;
        status = psa_export_key(id, ret_private, IO_P256_PRIVATE, &length);
        if (status == PSA_SUCCESS) {
            status = psa_export_public_key(id, ret_public, IO_P256_PUBLIC, &length);
        }
        psa_destroy_key(id);
    }
    return errno_of(status);
}

int io_p256_public_of(const uint8_t private_key[IO_P256_PRIVATE], uint8_t ret_public[IO_P256_PUBLIC])
{
    psa_key_id_t id;
    psa_status_t status = lend_key(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1), PSA_ALG_NONE, 0,
                                   private_key, IO_P256_PRIVATE, &id);
    if (status == PSA_SUCCESS) {
        size_t length;
        status = psa_export_public_key(id, ret_public, IO_P256_PUBLIC, &length);
        psa_destroy_key(id);
    }
    return errno_of(status);
}

/* Not over PSA, which takes no compressed points. */
int io_p256_read_point(const uint8_t *point, size_t length, uint8_t ret_public[IO_P256_PUBLIC])
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point parsed;
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&parsed);
    uint8_t bytes[IO_P256_PUBLIC];
    size_t written = 0;
    int error = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1);
    if (!error) {
        error = mbedtls_ecp_point_read_binary(&group, &parsed, point, length);
    }
    if (!error) {
        error = mbedtls_ecp_check_pubkey(&group, &parsed);
    }
    if (!error) {
        error = mbedtls_ecp_point_write_binary(&group, &parsed, MBEDTLS_ECP_PF_UNCOMPRESSED, &written, bytes,
                                               sizeof(bytes));
    }
    mbedtls_ecp_point_free(&parsed);
    mbedtls_ecp_group_free(&group);
    if (error || written != IO_P256_PUBLIC) {
        return error == MBEDTLS_ERR_ECP_ALLOC_FAILED || error == MBEDTLS_ERR_MPI_ALLOC_FAILED ? -ENOMEM
                                                                                              : -EINVAL;
    }
    memcpy(ret_public, bytes, IO_P256_PUBLIC);
    return 0;
}
