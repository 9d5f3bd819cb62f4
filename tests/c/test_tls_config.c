/* test_tls_config.c - settings of TLS: what is refused, with which words; what makes two of them the same. */
/* links: bindings/tls_error.c bindings/tls_config.c bindings/tls_trust.c bindings/tls_pem.c bindings/tls_built_in.c */
/* links: bindings/tls_certificate.c bindings/tls_time.c bindings/tls_random.c bindings/psa.c */
#include "bindings/tls_config.h"
#include "certificates.h"
#include "check.h"
#include "tls_keys.h"

#include <mbedtls/base64.h>

#include <errno.h>
#include <stdlib.h>

static struct io_tls_problem problem;

/* A PEM text as bytes: without the NUL at its end. */
#define BYTES(text) ((struct io_tls_bytes){(const uint8_t *)(text), sizeof(text) - 1})
#define INPUTS(...)                                                                                          \
    ((struct io_tls_inputs){(const struct io_tls_bytes[]){__VA_ARGS__},                                      \
                            sizeof((const struct io_tls_bytes[]){__VA_ARGS__}) /                             \
                                sizeof(struct io_tls_bytes)})

/* The DER of a PEM text with one object. */
static struct io_tls_bytes to_der(const char *pem)
{
    static uint8_t der[2][4096];
    static int next;
    size_t size = 0;
    uint8_t *out = der[next++ % 2];
    const char *body = strchr(pem, '\n') + 1;
    CHECK_INT(mbedtls_base64_decode(out, 4096, &size, (const unsigned char *)body,
                                    (size_t)(strstr(body, "-----END") - body)),
              0);
    return (struct io_tls_bytes){out, size};
}

/* NULL if it is refused: then `problem` says why. */
static struct io_tls_config *create(const struct io_tls_settings *settings)
{
    struct io_tls_config *config = NULL;
    memset(&problem, 0, sizeof(problem));
    int error = io_tls_config_create(settings, &config, &problem);
    CHECK(error == 0 || error == -EINVAL);
    CHECK((error == 0) == (config != NULL) && (error == 0) == (problem.code == NULL));
    return config;
}

static bool is_accepted(const struct io_tls_settings *settings)
{
    struct io_tls_config *config = create(settings);
    if (config == NULL) {
        printf("# %s: %s\n", problem.code, problem.text);
    }
    io_tls_config_unref(config);
    return config != NULL;
}

static void refused(const struct io_tls_settings *settings, const char *code, const char *text)
{
    struct io_tls_config *config = create(settings);
    CHECK(config == NULL);
    CHECK_STR(problem.code, code);
    if (strstr(problem.text, text) == NULL) {
        printf("# \"%s\" has no \"%s\"\n", problem.text, text);
        CHECK(false);
    }
    io_tls_config_unref(config);
}

/* The settings of a server with this certificate and key. */
#define SERVER(certificate, its_key)                                                                         \
    .is_server = true, .cert = INPUTS(BYTES(certificate)), .key = BYTES(its_key)
#define WITH(...) (&(struct io_tls_settings){__VA_ARGS__})

TEST(what_servers_and_clients_need)
{
    CHECK(is_accepted(WITH(.is_server = false)));
    CHECK(is_accepted(WITH(SERVER(SERVER_PEM, SERVER_KEY))));
    CHECK(is_accepted(WITH(.cert = INPUTS(BYTES(CLIENT_PEM)), .key = BYTES(CLIENT_KEY))));
    refused(WITH(.is_server = true), "TLS_BAD_CERTIFICATE", "a server needs cert");
    refused(WITH(.is_server = true, .key = BYTES(SERVER_KEY)), "TLS_BAD_CERTIFICATE", "a server needs cert");
    refused(WITH(.is_server = true, .cert = INPUTS(BYTES(SERVER_PEM))), "TLS_BAD_KEY", "cert needs key");
    refused(WITH(.cert = INPUTS(BYTES(CLIENT_PEM))), "TLS_BAD_KEY", "cert needs key");
    refused(WITH(.key = BYTES(CLIENT_KEY)), "TLS_BAD_CERTIFICATE", "key is there, but not its cert");
}

TEST(kinds_of_keys)
{
    CHECK(is_accepted(WITH(SERVER(RSA_PEM, RSA_KEY))));
    CHECK(is_accepted(WITH(SERVER(P384_PEM, P384_KEY))));
    refused(WITH(SERVER(SERVER_PEM, P521_KEY)), "TLS_BAD_KEY", "of a kind that is not supported");
    refused(WITH(SERVER(SERVER_PEM, ED25519_KEY)), "TLS_BAD_KEY", "of a kind that is not supported");
    refused(WITH(SERVER(P521_PEM, P521_KEY)), "TLS_BAD_CERTIFICATE", "of a kind that is not supported");
    refused(WITH(SERVER(ED25519_PEM, ED25519_KEY)), "TLS_BAD_CERTIFICATE", "of a kind that is not supported");
    refused(WITH(.ca = INPUTS(BYTES(P521_PEM))), "TLS_BAD_CERTIFICATE", "of a kind that is not supported");
}

TEST(der_is_taken_too)
{
    struct io_tls_bytes certificate = to_der(SERVER_PEM), key = to_der(SERVER_KEY);
    CHECK(is_accepted(WITH(.is_server = true, .cert = INPUTS(certificate), .key = key)));
    CHECK(is_accepted(WITH(.is_server = true, .cert = INPUTS(BYTES(SERVER_PEM)), .key = key)));
    certificate = to_der(AUTHORITY_PEM);
    CHECK(is_accepted(WITH(.ca = INPUTS(certificate), .crl = INPUTS(BYTES(EMPTY_CRL)))));
    struct io_tls_bytes list = to_der(EMPTY_CRL);
    CHECK(is_accepted(WITH(.ca = INPUTS(certificate), .crl = INPUTS(list, BYTES(REVOKED_CRL)))));
    CHECK(certificate.data != list.data);
}

TEST(broken_certificates)
{
    struct io_tls_bytes der = to_der(SERVER_PEM);
    const struct io_tls_bytes empty = {(const uint8_t *)"", 0};
    refused(WITH(.ca = INPUTS(BYTES("junk"))), "TLS_BAD_CERTIFICATE", "ca is neither PEM nor DER");
    refused(WITH(.ca = INPUTS(empty)), "TLS_BAD_CERTIFICATE", "ca is neither PEM nor DER");
    refused(WITH(SERVER("\xef\xbb\xbf", SERVER_KEY)), "TLS_BAD_CERTIFICATE", "cert is neither PEM nor DER");
    der.length -= 1;
    refused(WITH(.ca = INPUTS(der)), "TLS_BAD_CERTIFICATE", "ca is neither PEM nor DER");
    refused(WITH(SERVER(SERVER_KEY, SERVER_KEY)), "TLS_BAD_CERTIFICATE", "cert is neither PEM nor DER");
    refused(WITH(SERVER("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", SERVER_KEY)),
            "TLS_BAD_CERTIFICATE", "cert is neither PEM nor DER");
    refused(WITH(SERVER("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n", SERVER_KEY)),
            "TLS_BAD_CERTIFICATE", "cert is neither PEM nor DER");
    refused(WITH(SERVER("-----BEGIN CERTIFICATE-----\nAAAA", SERVER_KEY)), "TLS_BAD_CERTIFICATE",
            "cert is neither PEM nor DER");
    /* The second of two, and one among others in a text. */
    refused(WITH(.ca = INPUTS(BYTES(AUTHORITY_PEM), BYTES("junk"))), "TLS_BAD_CERTIFICATE", "ca is neither");
    refused(WITH(.ca = INPUTS(BYTES(AUTHORITY_PEM P521_PEM ROOT_PEM))), "TLS_BAD_CERTIFICATE",
            "ca: 1 of the certificates in it can't be read");
}

TEST(broken_keys)
{
    struct io_tls_bytes der = to_der(SERVER_KEY);
    const struct io_tls_bytes empty = {(const uint8_t *)"", 0};
    refused(WITH(SERVER(SERVER_PEM, "junk")), "TLS_BAD_KEY", "no private key in PEM or DER");
    refused(WITH(SERVER(SERVER_PEM, SERVER_PEM)), "TLS_BAD_KEY", "no private key in PEM or DER");
    refused(WITH(.is_server = true, .cert = INPUTS(BYTES(SERVER_PEM)), .key = empty), "TLS_BAD_KEY",
            "no private key in PEM or DER");
    for (der.length--; der.length > 0; der.length /= 2) {
        refused(WITH(.is_server = true, .cert = INPUTS(BYTES(SERVER_PEM)), .key = der), "TLS_BAD_KEY",
                "no private key in PEM or DER");
    }
    refused(WITH(SERVER(SERVER_PEM, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")),
            "TLS_BAD_KEY", "no private key in PEM or DER");
}

TEST(a_key_must_fit_its_certificate)
{
    refused(WITH(SERVER(SERVER_PEM, CLIENT_KEY)), "TLS_KEY_MISMATCH", "key is not the key of cert");
    refused(WITH(SERVER(SERVER_PEM, RSA_KEY)), "TLS_KEY_MISMATCH", "key is not the key of cert");
    refused(WITH(SERVER(RSA_PEM, P384_KEY)), "TLS_KEY_MISMATCH", "key is not the key of cert");
    refused(WITH(SERVER(INTERMEDIATE_PEM BELOW_PEM, SERVER_KEY)), "TLS_KEY_MISMATCH",
            "its first certificate");
}

TEST(encrypted_keys)
{
    const struct io_tls_bytes empty = {(const uint8_t *)"", 0};
    struct io_tls_bytes der = to_der(ENCRYPTED_KEY);
    const struct io_tls_bytes keys[] = {BYTES(ENCRYPTED_KEY), der};
    for (size_t i = 0; i < 2; i++) {
        struct io_tls_settings settings = {.is_server = true,
                                           .cert = INPUTS(BYTES(SERVER_PEM)),
                                           .key = keys[i],
                                           .passphrase = BYTES("secret")};
        CHECK(is_accepted(&settings));
        settings.passphrase = BYTES("Secret");
        refused(&settings, "TLS_BAD_PASSPHRASE", "passphrase does not open the key");
        settings.passphrase.data = NULL;
        settings.passphrase.length = 0;
        refused(&settings, "TLS_BAD_PASSPHRASE", "key is encrypted: pass its passphrase too");
        settings.passphrase = empty;
        refused(&settings, "TLS_BAD_PASSPHRASE", "pass");
    }
    refused(WITH(SERVER(SERVER_PEM, OLD_KEY)), "TLS_BAD_KEY", "encrypted in an old way");
    refused(WITH(SERVER(SERVER_PEM, OLD_KEY), .passphrase = BYTES("secret")), "TLS_BAD_KEY",
            "encrypted in an old way");
    /* One that needs none does not mind. */
    CHECK(is_accepted(WITH(SERVER(SERVER_PEM, SERVER_KEY), .passphrase = BYTES("secret"))));
}

static int chain_length(const struct io_tls_config *config)
{
    int count = 0;
    for (const mbedtls_x509_crt *at = &config->cert; at != NULL; at = at->next) {
        count += at->version != 0;
    }
    return count;
}

TEST(chains_in_one_input_and_in_several)
{
    const struct io_tls_inputs ways[] = {
        INPUTS(BYTES(BELOW_PEM INTERMEDIATE_PEM)),
        INPUTS(BYTES("subject=below\n" BELOW_PEM "\n\nissuer=intermediate\r\n" INTERMEDIATE_PEM "end\n")),
        INPUTS(BYTES(BELOW_PEM), BYTES(INTERMEDIATE_PEM)),
        INPUTS(BYTES(BELOW_PEM), to_der(INTERMEDIATE_PEM)),
    };
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct io_tls_config *config =
            create(WITH(.is_server = true, .cert = ways[i], .key = BYTES(SERVER_KEY)));
        CHECK(config != NULL && chain_length(config) == 2);
        io_tls_config_unref(config);
    }
    /* A file that has both, as some programs write them. */
    CHECK(is_accepted(WITH(SERVER(SERVER_PEM SERVER_KEY, SERVER_PEM SERVER_KEY))));
    CHECK(is_accepted(WITH(SERVER(SERVER_KEY SERVER_PEM, SERVER_KEY SERVER_PEM))));
}

TEST(lists_of_revoked_ones)
{
    refused(WITH(.crl = INPUTS(BYTES("junk"))), "TLS_BAD_CRL", "crl is neither PEM nor DER");
    refused(WITH(.crl = INPUTS(BYTES(SERVER_PEM))), "TLS_BAD_CRL", "crl is neither PEM nor DER");
    refused(WITH(.crl = INPUTS(BYTES(EMPTY_CRL), BYTES("junk"))), "TLS_BAD_CRL", "crl is neither");
    CHECK(is_accepted(WITH(.crl = INPUTS(BYTES(EMPTY_CRL REVOKED_CRL)))));
}

TEST(who_asks_clients_says_whom_they_come_from)
{
    for (int auth = IO_TLS_CLIENT_AUTH_REQUEST; auth <= IO_TLS_CLIENT_AUTH_REQUIRE; auth++) {
        struct io_tls_settings settings = {SERVER(SERVER_PEM, SERVER_KEY),
                                           .client_auth = (enum io_tls_client_auth)auth};
        refused(&settings, "TLS_BAD_CERTIFICATE", "clientAuth needs ca");
        settings.ca = INPUTS(BYTES(AUTHORITY_PEM));
        struct io_tls_config *config = create(&settings);
        CHECK(config != NULL && config->asks_client);
        io_tls_config_unref(config);
    }
}

TEST(too_much_is_a_mistake)
{
    uint8_t *much = calloc(1, IO_TLS_INPUT_MAX + 1);
    const struct io_tls_bytes input = {much, IO_TLS_INPUT_MAX + 1}, allowed = {much, IO_TLS_INPUT_MAX};
    memset(much, '\n', IO_TLS_INPUT_MAX + 1);
    refused(WITH(.is_server = true, .cert = INPUTS(BYTES(SERVER_PEM)), .key = input), "TLS_BAD_KEY",
            "key is too long");
    refused(WITH(.ca = INPUTS(input)), "TLS_BAD_CERTIFICATE", "ca is too long");
    refused(WITH(.crl = INPUTS(input)), "TLS_BAD_CRL", "crl is too long");
    memcpy(much, AUTHORITY_PEM, sizeof(AUTHORITY_PEM) - 1);
    CHECK(is_accepted(WITH(.ca = INPUTS(allowed))));
    free(much);
}

TEST(texts_end)
{
    /* Of each refusal, whatever is in it. */
    refused(WITH(.ca = INPUTS(BYTES(ED25519_PEM))), "TLS_BAD_CERTIFICATE", "are)");
    CHECK(strlen(problem.text) < sizeof(problem.text) - 1);
}

/* Identity --------------------------------------------------------------------------------------- */

static void identity_of(const struct io_tls_settings *settings, uint8_t ret_identity[IO_TLS_SESSION_KEY])
{
    struct io_tls_config *config = create(settings);
    CHECK(config != NULL);
    if (config != NULL) {
        memcpy(ret_identity, config->identity, IO_TLS_SESSION_KEY);
    }
    io_tls_config_unref(config);
}

TEST(the_same_settings_have_the_same_identity)
{
    static const char *const a[] = {"a"}, *const b[] = {"b"}, *const ab[] = {"a", "b"},
                             *const ba[] = {"b", "a"}, *const joined[] = {"ab"};
    static const uint8_t pins[2][IO_TLS_PIN_SIZE] = {{1}, {2}}, one[1][IO_TLS_PIN_SIZE] = {{2}};
    const struct io_tls_settings ways[] = {
        {.is_server = false},
        {.tls13_only = true},
        {.unverified = true},
        {.tls13_only = true, .unverified = true},
        {.ca = INPUTS(BYTES(AUTHORITY_PEM))},
        {.ca = INPUTS(BYTES(ROOT_PEM))},
        {.ca = INPUTS(BYTES(ROOT_PEM), BYTES(AUTHORITY_PEM))},
        {.ca = INPUTS(BYTES(ROOT_PEM AUTHORITY_PEM))},
        {.crl = INPUTS(BYTES(EMPTY_CRL))},
        {.crl = INPUTS(BYTES(REVOKED_CRL))},
        {.ca = INPUTS(BYTES(AUTHORITY_PEM)), .crl = INPUTS(BYTES(REVOKED_CRL))},
        {.cert = INPUTS(BYTES(CLIENT_PEM)), .key = BYTES(CLIENT_KEY)},
        {.cert = INPUTS(BYTES(RSA_PEM)), .key = BYTES(RSA_KEY)},
        {.alpn = a, .alpn_count = 1},
        {.alpn = b, .alpn_count = 1},
        {.alpn = ab, .alpn_count = 2},
        {.alpn = ba, .alpn_count = 2},
        {.alpn = joined, .alpn_count = 1},
        {.pins = pins, .pin_count = 1},
        {.pins = pins, .pin_count = 2},
        {.pins = one, .pin_count = 1},
    };
    enum { COUNT = sizeof(ways) / sizeof(ways[0]) };
    uint8_t identities[COUNT][IO_TLS_SESSION_KEY], again[IO_TLS_SESSION_KEY];
    for (size_t i = 0; i < COUNT; i++) {
        identity_of(&ways[i], identities[i]);
        identity_of(&ways[i], again);
        CHECK(memcmp(identities[i], again, sizeof(again)) == 0);
        for (size_t k = 0; k < i; k++) {
            if (memcmp(identities[i], identities[k], IO_TLS_SESSION_KEY) == 0) {
                printf("# %zu and %zu\n", k, i);
                CHECK(false);
            }
        }
    }
}

TEST(copies_outlive_what_they_were_made_of)
{
    char name[] = "h2";
    const char *alpn[] = {name};
    uint8_t pins[1][IO_TLS_PIN_SIZE] = {{7}};
    char *certificate = strdup(SERVER_PEM), *key = strdup(SERVER_KEY);
    const struct io_tls_bytes input = {(uint8_t *)certificate, strlen(certificate)};
    struct io_tls_settings settings = {.is_server = true,
                                       .cert = {&input, 1},
                                       .key = {(uint8_t *)key, strlen(key)},
                                       .alpn = alpn,
                                       .alpn_count = 1,
                                       .pins = (const uint8_t(*)[IO_TLS_PIN_SIZE])pins,
                                       .pin_count = 1};
    struct io_tls_config *config = create(&settings);
    memset(name, 'x', 2);
    pins[0][0] = 0;
    memset(certificate, 'x', strlen(certificate));
    memset(key, 'x', strlen(key));
    free(certificate);
    free(key);
    CHECK_STR(config->alpn[0], "h2");
    CHECK(config->alpn[1] == NULL);
    CHECK_INT(config->pins[0][0], 7);
    CHECK_INT(mbedtls_pk_check_pair(&config->cert.pk, &config->key, config->ssl.MBEDTLS_PRIVATE(f_rng), NULL),
              0);
    io_tls_config_unref(config);
}

TEST(references_are_counted)
{
    struct io_tls_trust *trust = NULL;
    const char *const nowhere[] = {NULL};
    CHECK_INT(io_tls_trust_search(nowhere, &(const struct io_tls_built_in){NULL, 0}, &trust), 0);
    struct io_tls_config *config = create(WITH(.trust = trust));
    CHECK(config->trust == trust);
    io_tls_trust_unref(trust); /* the settings' own */
    CHECK_INT(io_tls_trust_count(config->trust), 0);
    CHECK(io_tls_config_ref(config) == config);
    io_tls_config_unref(config);
    CHECK_INT(config->references, 1);
    io_tls_config_unref(config);
    io_tls_config_unref(NULL);
}

/* With a list of revoked ones the library wants all authorities; with an own ca it wants none of the store.
 */
TEST(where_trust_comes_from)
{
    struct io_tls_trust *trust = NULL;
    const char *const nowhere[] = {NULL};
    struct io_tls_bytes der = to_der(AUTHORITY_PEM);
    const struct io_tls_built_in built_in = {der.data, der.length};
    CHECK_INT(io_tls_trust_search(nowhere, &built_in, &trust), 0);
    CHECK_INT(io_tls_trust_count(trust), 1);
    struct io_tls_config *config = create(WITH(.trust = trust));
    CHECK(config->trust == trust && config->ca.version == 0);
    io_tls_config_unref(config);
    config = create(WITH(.trust = trust, .crl = INPUTS(BYTES(EMPTY_CRL))));
    CHECK(config->trust == trust && config->ca.version != 0);
    io_tls_config_unref(config);
    config = create(WITH(.trust = trust, .ca = INPUTS(BYTES(ROOT_PEM))));
    CHECK(config->trust == NULL);
    CHECK(config->ca.next == NULL);
    io_tls_config_unref(config);
    io_tls_trust_unref(trust);
}

int main(void)
{
    RUN(what_servers_and_clients_need);
    RUN(kinds_of_keys);
    RUN(der_is_taken_too);
    RUN(broken_certificates);
    RUN(broken_keys);
    RUN(a_key_must_fit_its_certificate);
    RUN(encrypted_keys);
    RUN(chains_in_one_input_and_in_several);
    RUN(lists_of_revoked_ones);
    RUN(who_asks_clients_says_whom_they_come_from);
    RUN(too_much_is_a_mistake);
    RUN(texts_end);
    RUN(the_same_settings_have_the_same_identity);
    RUN(copies_outlive_what_they_were_made_of);
    RUN(references_are_counted);
    RUN(where_trust_comes_from);
    return check_done();
}
