/* tls_config.c - see tls_config.h. */
#include "tls_config.h"

#include "psa.h"
#include "tls_error.h"
#include "tls_random.h"

#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static int refuse(struct io_tls_problem *problem, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int refuse(struct io_tls_problem *problem, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    problem->code = code;
    vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

/* Parsing ---------------------------------------------------------------------------------------- */

/* The library wants a NUL after PEM, and counts it. NULL: no memory. */
static uint8_t *copy_input(struct io_tls_bytes input, size_t *ret_length)
{
    static const char begin[] = "-----BEGIN ";
    uint8_t *copy = malloc(input.length + 1);
    if (copy != NULL) {
        bool is_pem;
        memcpy(copy, input.data, input.length);
        copy[input.length] = '\0';
        is_pem = memmem(copy, input.length, begin, sizeof(begin) - 1) != NULL;
        *ret_length = input.length + is_pem;
    }
    return copy;
}

static void free_input(uint8_t *copy, size_t length)
{
    mbedtls_platform_zeroize(copy, length);
    free(copy);
}

/* The library may have added a low-level code to its own. */
static bool is_of_unknown_kind(int error)
{
    switch (-(-error & 0xff80)) {
    case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG:
    case MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE:
    case MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE:
    case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
        return true;
    default:
        return false;
    }
}

/* Whether a text ends in the middle of a PEM object, which the library does not mind if there is another. */
static bool is_cut(const uint8_t *text, size_t length)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ";
    const uint8_t *limit = text + length;
    while (text != NULL) {
        const uint8_t *at = memmem(text, (size_t)(limit - text), begin, sizeof(begin) - 1);
        text = at != NULL ? memmem(at, (size_t)(limit - at), end, sizeof(end) - 1) : NULL;
        if (at != NULL && text == NULL) {
            return true;
        }
    }
    return false;
}

/* Parses each item by a function of the library. 0, or what it returned for the first that failed. */
static int parse_inputs(struct io_tls_inputs inputs,
                        int (*parse)(void *list, const uint8_t *data, size_t length), void *list)
{
    for (size_t i = 0; i < inputs.count; i++) {
        size_t length;
        if (inputs.items[i].length > IO_TLS_INPUT_MAX) {
            return MBEDTLS_ERR_X509_BUFFER_TOO_SMALL;
        }
        uint8_t *copy = copy_input(inputs.items[i], &length);
        if (copy == NULL) {
            return MBEDTLS_ERR_X509_ALLOC_FAILED;
        }
        int error = parse(list, copy, length);
        free_input(copy, length); /* a file of certificates may hold the key too */
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int parse_certificate(void *list, const uint8_t *data, size_t length)
{
    if (is_cut(data, length)) {
        return MBEDTLS_ERR_PEM_NO_HEADER_FOOTER_PRESENT;
    }
    return mbedtls_x509_crt_parse(list, data, length);
}

static int parse_crl(void *list, const uint8_t *data, size_t length)
{
    return mbedtls_x509_crl_parse(list, data, length);
}

static int parse_list(struct io_tls_inputs inputs, const char *what, const char *code, void *list,
                      int (*parse)(void *list, const uint8_t *data, size_t length),
                      struct io_tls_problem *problem)
{
    int error = parse_inputs(inputs, parse, list);
    if (error == 0) {
        return 0;
    }
    if (io_tls_is_out_of_memory(error)) {
        return -ENOMEM;
    }
    if (error > 0) {
        return refuse(problem, code, "%s: %d of the certificates in it can't be read", what, error);
    }
    if (error == MBEDTLS_ERR_X509_BUFFER_TOO_SMALL) {
        return refuse(problem, code, "%s is too long", what);
    }
    if (is_of_unknown_kind(error)) {
        return refuse(problem, code,
                      "%s: its key or signature is of a kind that is not supported (RSA, P-256 and "
                      "P-384 with SHA-256, SHA-384 or SHA-512 are)",
                      what);
    }
    return refuse(problem, code, "%s is neither PEM nor DER that can be read (error -0x%04x)", what,
                  (unsigned)-error);
}

static int load_key(struct io_tls_config *config, const struct io_tls_settings *settings,
                    struct io_tls_problem *problem)
{
    size_t length;
    if (settings->key.length > IO_TLS_INPUT_MAX) {
        return refuse(problem, "TLS_BAD_KEY", "key is too long");
    }
    uint8_t *copy = copy_input(settings->key, &length);
    if (copy == NULL) {
        return -ENOMEM;
    }
    int error = mbedtls_pk_parse_key(&config->key, copy, length, settings->passphrase.data,
                                     settings->passphrase.length, io_tls_random, NULL);
    bool is_encrypted_der =
        error != 0 && settings->passphrase.length == 0 && length == settings->key.length &&
        memmem(copy, length, "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d", 9) != NULL; /* PBES2 */
    free_input(copy, length);
    if (error == 0) {
        return 0;
    }
    if (io_tls_is_out_of_memory(error)) {
        return -ENOMEM;
    }
    if (error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || error == MBEDTLS_ERR_PEM_PASSWORD_REQUIRED ||
        is_encrypted_der) {
        return refuse(problem, "TLS_BAD_PASSPHRASE", "key is encrypted: pass its passphrase too");
    }
    if (error == MBEDTLS_ERR_PK_PASSWORD_MISMATCH || error == MBEDTLS_ERR_PEM_PASSWORD_MISMATCH) {
        return refuse(problem, "TLS_BAD_PASSPHRASE", "passphrase does not open the key");
    }
    if (error == MBEDTLS_ERR_PEM_UNKNOWN_ENC_ALG || error == MBEDTLS_ERR_PEM_FEATURE_UNAVAILABLE) {
        return refuse(problem, "TLS_BAD_KEY",
                      "key is encrypted in an old way; rewrite it: openssl pkcs8 -topk8 -v2 aes-256-cbc");
    }
    if (is_of_unknown_kind(error)) {
        return refuse(problem, "TLS_BAD_KEY",
                      "key is of a kind that is not supported: RSA, P-256 and P-384 are");
    }
    return refuse(problem, "TLS_BAD_KEY",
                  "key is no private key in PEM or DER that can be read (error -0x%04x)", (unsigned)-error);
}

static int load_own_chain(struct io_tls_config *config, const struct io_tls_settings *settings,
                          struct io_tls_problem *problem)
{
    if (settings->cert.count == 0 && settings->key.data == NULL && !settings->is_server) {
        return 0;
    }
    if (settings->cert.count == 0) {
        return refuse(problem, "TLS_BAD_CERTIFICATE",
                      settings->is_server ? "a server needs cert, its certificate"
                                          : "key is there, but not its cert");
    }
    if (settings->key.data == NULL) {
        return refuse(problem, "TLS_BAD_KEY", "cert needs key, its private key");
    }
    int error =
        parse_list(settings->cert, "cert", "TLS_BAD_CERTIFICATE", &config->cert, parse_certificate, problem);
    if (error == 0) {
        error = load_key(config, settings, problem);
    }
    if (error != 0) {
        return error;
    }
    error = mbedtls_pk_check_pair(&config->cert.pk, &config->key, io_tls_random, NULL);
    if (io_tls_is_out_of_memory(error)) {
        return -ENOMEM;
    }
    if (error != 0) {
        return refuse(problem, "TLS_KEY_MISMATCH",
                      "key is not the key of cert (of its first certificate, which must be the own one)");
    }
    return mbedtls_ssl_conf_own_cert(&config->ssl, &config->cert, &config->key) == 0 ? 0 : -ENOMEM;
}

static int load_trust(struct io_tls_config *config, const struct io_tls_settings *settings,
                      struct io_tls_problem *problem)
{
    int error =
        parse_list(settings->ca, "ca", "TLS_BAD_CERTIFICATE", &config->ca, parse_certificate, problem);
    if (error == 0) {
        error = parse_list(settings->crl, "crl", "TLS_BAD_CRL", &config->crl, parse_crl, problem);
    }
    if (error != 0) {
        return error;
    }
    bool has_ca = settings->ca.count > 0, has_crl = settings->crl.count > 0;
    if (settings->is_server && settings->client_auth != IO_TLS_CLIENT_AUTH_NONE && !has_ca) {
        return refuse(problem, "TLS_BAD_CERTIFICATE",
                      "clientAuth needs ca: the authority that the certificates of clients come from");
    }
    if (has_ca || settings->trust == NULL) {
        mbedtls_ssl_conf_ca_chain(&config->ssl, &config->ca, has_crl ? &config->crl : NULL);
        return 0;
    }
    config->trust = io_tls_trust_ref(settings->trust);
    if (!has_crl) {
        mbedtls_ssl_conf_ca_cb(&config->ssl, io_tls_trust_find, config->trust);
        return 0;
    }
    /* The library checks revocation against a parsed store only. */
    if (io_tls_trust_all(config->trust, &config->ca) != 0) {
        return -ENOMEM;
    }
    mbedtls_ssl_conf_ca_chain(&config->ssl, &config->ca, &config->crl);
    return 0;
}

/* The rest --------------------------------------------------------------------------------------- */

static int copy_lists(struct io_tls_config *config, const struct io_tls_settings *settings)
{
    config->alpn = calloc(settings->alpn_count + 1, sizeof(*config->alpn));
    config->pins = calloc(settings->pin_count + 1, sizeof(*config->pins));
    if (config->alpn == NULL || config->pins == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < settings->alpn_count; i++) {
        config->alpn[i] = strdup(settings->alpn[i]);
        if (config->alpn[i] == NULL) {
            return -ENOMEM;
        }
    }
    config->pin_count = settings->pin_count;
    for (size_t i = 0; i < settings->pin_count; i++) {
        memcpy(config->pins[i], settings->pins[i], sizeof(config->pins[i]));
    }
    if (settings->alpn_count > 0) {
        /* Lengths were checked: nothing else can be wrong. */
        (void)mbedtls_ssl_conf_alpn_protocols(&config->ssl, (const char **)config->alpn);
    }
    return 0;
}

static void hash_bytes(mbedtls_sha256_context *hash, struct io_tls_bytes bytes)
{
    uint64_t length = bytes.length;
    mbedtls_sha256_update(hash, (const uint8_t *)&length, sizeof(length));
    mbedtls_sha256_update(hash, bytes.data, bytes.length);
}

static void hash_inputs(mbedtls_sha256_context *hash, struct io_tls_inputs inputs)
{
    uint64_t count = inputs.count;
    mbedtls_sha256_update(hash, (const uint8_t *)&count, sizeof(count));
    for (size_t i = 0; i < inputs.count; i++) {
        hash_bytes(hash, inputs.items[i]);
    }
}

/* A session that was verified in one way must not serve where the settings ask for another. */
static void identify(struct io_tls_config *config, const struct io_tls_settings *settings)
{
    mbedtls_sha256_context hash;
    const uint8_t flags[] = {settings->tls13_only, settings->unverified};
    mbedtls_sha256_init(&hash);
    mbedtls_sha256_starts(&hash, 0);
    mbedtls_sha256_update(&hash, flags, sizeof(flags));
    hash_inputs(&hash, settings->ca);
    hash_inputs(&hash, settings->cert);
    hash_inputs(&hash, settings->crl);
    for (size_t i = 0; i < settings->alpn_count; i++) {
        hash_bytes(&hash,
                   (struct io_tls_bytes){(const uint8_t *)settings->alpn[i], strlen(settings->alpn[i])});
    }
    hash_bytes(&hash, (struct io_tls_bytes){(const uint8_t *)settings->pins,
                                            settings->pin_count * sizeof(settings->pins[0])});
    mbedtls_sha256_finish(&hash, config->identity);
    mbedtls_sha256_free(&hash);
}

static int set_up_tickets(struct io_tls_config *config, const struct io_tls_settings *settings)
{
    if (!settings->is_server) {
        mbedtls_ssl_conf_session_tickets(&config->ssl, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
        mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
            &config->ssl, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
        return 0;
    }
    /* Who has to show a certificate shows it each time: a ticket would outlive its revocation and its
     * validity. */
    if (config->asks_client) {
        return 0;
    }
    if (mbedtls_ssl_ticket_setup(&config->tickets, io_tls_random, NULL, MBEDTLS_CIPHER_AES_256_GCM,
                                 IO_TLS_TICKET_SECONDS) != 0) {
        return -ENOMEM;
    }
    mbedtls_ssl_conf_session_tickets_cb(&config->ssl, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &config->tickets);
    return 0;
}

/* Whether the processor has instructions for AES. */
static bool has_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("aes");
#elif defined(__aarch64__)
    return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
    return false;
#endif
}

/* Without, ChaCha20 takes a third of the time. The library's own order is that of mbedtls_config.h. */
static void order_ciphers(struct io_tls_config *config)
{
    static const int chacha_first[] = {
        MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
        MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
        MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        0,
    };
    if (!has_aes()) {
        mbedtls_ssl_conf_ciphersuites(&config->ssl, chacha_first);
    }
}

static int auth_mode(const struct io_tls_settings *settings)
{
    if (!settings->is_server) {
        /* Optional: looked at, for what `opened` tells, and then accepted whatever it is. */
        return settings->unverified ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_REQUIRED;
    }
    /* A certificate that a client shows has to be good even if none is required: see the callback in
     * tls_handshake.c.
     */
    return settings->client_auth == IO_TLS_CLIENT_AUTH_REQUIRE   ? MBEDTLS_SSL_VERIFY_REQUIRED
           : settings->client_auth == IO_TLS_CLIENT_AUTH_REQUEST ? MBEDTLS_SSL_VERIFY_OPTIONAL
                                                                 : MBEDTLS_SSL_VERIFY_NONE;
}

static int set_up(struct io_tls_config *config, const struct io_tls_settings *settings,
                  struct io_tls_problem *problem)
{
    int endpoint = settings->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
    if (io_psa_init() != 0 ||
        mbedtls_ssl_config_defaults(&config->ssl, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return -ENOMEM;
    }
    mbedtls_ssl_conf_rng(&config->ssl, io_tls_random, NULL);
    order_ciphers(config);
    mbedtls_ssl_conf_authmode(&config->ssl, auth_mode(settings));
    if (settings->tls13_only) {
        mbedtls_ssl_conf_min_tls_version(&config->ssl, MBEDTLS_SSL_VERSION_TLS1_3);
    }
    config->is_server = settings->is_server;
    config->unverified = settings->unverified;
    config->asks_client = settings->is_server && settings->client_auth != IO_TLS_CLIENT_AUTH_NONE;
    identify(config, settings);
    int error = load_trust(config, settings, problem);
    error = error == 0 ? load_own_chain(config, settings, problem) : error;
    error = error == 0 ? copy_lists(config, settings) : error;
    return error == 0 ? set_up_tickets(config, settings) : error;
}

int io_tls_config_create(const struct io_tls_settings *settings, struct io_tls_config **ret_config,
                         struct io_tls_problem *ret_problem)
{
    struct io_tls_config *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        return -ENOMEM;
    }
    config->references = 1;
    mbedtls_ssl_config_init(&config->ssl);
    mbedtls_x509_crt_init(&config->ca);
    mbedtls_x509_crt_init(&config->cert);
    mbedtls_x509_crl_init(&config->crl);
    mbedtls_pk_init(&config->key);
    mbedtls_ssl_ticket_init(&config->tickets);
    int error = set_up(config, settings, ret_problem);
    if (error != 0) {
        io_tls_config_unref(config);
        return error;
    }
    *ret_config = config;
    return 0;
}

struct io_tls_config *io_tls_config_ref(struct io_tls_config *config)
{
    config->references++;
    return config;
}

void io_tls_config_unref(struct io_tls_config *config)
{
    if (config == NULL || --config->references > 0) {
        return;
    }
    mbedtls_ssl_config_free(&config->ssl);
    mbedtls_x509_crt_free(&config->ca);
    mbedtls_x509_crt_free(&config->cert);
    mbedtls_x509_crl_free(&config->crl);
    mbedtls_pk_free(&config->key);
    mbedtls_ssl_ticket_free(&config->tickets);
    io_tls_trust_unref(config->trust);
    for (size_t i = 0; config->alpn != NULL && config->alpn[i] != NULL; i++) {
        free(config->alpn[i]);
    }
    free(config->alpn);
    free(config->pins);
    mbedtls_platform_zeroize(config, sizeof(*config));
    free(config);
}
