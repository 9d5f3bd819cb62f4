/* links: bindings/tls_certificate.c bindings/tls_name.c bindings/tls_trust.c bindings/tls_pem.c bindings/tls_built_in.c */
/* links: bindings/tls_time.c bindings/tls_random.c */
/* fuzz_certificate.c - any bytes as certificates: one after the other in DER, or a file with PEM. Every text
 * that comes out of them is bounded UTF-8 without control characters; names match only what is in them; a
 * store finds what is in it. */
#include "bindings/tls_certificate.h"
#include "bindings/tls_name.h"
#include "bindings/tls_trust.h"

#include <mbedtls/platform.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Written otherwise than what it checks: the ranges of well-formed UTF-8, RFC 3629. */
static void check_text(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    demand(memchr(text, '\0', IO_TLS_NAME_TEXT_SIZE) != NULL);
    while (*at != 0) {
        uint8_t low = 0x80, high = 0xbf;
        int more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
        demand(*at >= 0x20 && *at != 0x7f && !(*at >= 0x80 && *at < 0xc2) && *at < 0xf5);
        low = *at == 0xe0 || *at == 0xc2 ? 0xa0 : *at == 0xf0 ? 0x90 : low; /* 0xc2: not U+0080 to U+009F */
        high = *at == 0xed ? 0x9f : *at == 0xf4 ? 0x8f : high;
        for (at++; more > 0; more--, at++) {
            demand(*at >= low && *at <= high);
            low = 0x80;
            high = 0xbf;
        }
    }
}

/* Whether a name that is no address, which the certificate matches, stands in it. */
static bool stands_in(const mbedtls_x509_crt *certificate, const char *name)
{
    size_t length = strlen(name);
    length -= length > 0 && name[length - 1] == '.';
    for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names; at != NULL; at = at->next) {
        const char *dot = memchr(name, '.', length);
        size_t rest = dot != NULL ? length - (size_t)(dot - name) : 0;
        const char *entry = (const char *)at->buf.p;
        if (at->buf.tag == 0x82 && ((at->buf.len == length && strncasecmp(entry, name, length) == 0) ||
                                    (rest > 0 && at->buf.len == rest + 1 && entry[0] == '*' &&
                                     strncasecmp(entry + 1, dot, rest) == 0))) {
            return true;
        }
    }
    return false;
}

static void check_name(const mbedtls_x509_crt *certificate, const char *name)
{
    if (io_tls_name_matches(certificate, name)) {
        demand(name[0] != '\0' && strchr(name, '*') == NULL);
        demand(io_tls_name_is_address(name) || stands_in(certificate, name));
    }
}

static void check_names(const mbedtls_x509_crt *certificate)
{
    struct io_tls_alt_names names = {0};
    char text[IO_TLS_NAME_TEXT_SIZE], label[IO_TLS_NAME_TEXT_SIZE + 8];
    demand(io_tls_certificate_subject(certificate, text) == strlen(text));
    check_text(text);
    demand(io_tls_certificate_issuer(certificate, text) == strlen(text));
    check_text(text);
    while (io_tls_alt_names_next(&names, certificate, text)) {
        check_text(text);
        const char *value = strchr(text, ':') + 1;
        check_name(certificate, value);
        if (value[0] == '*') {
            snprintf(label, sizeof(label), "a%s", value + 1);
            check_name(certificate, label);
        }
        if (strncmp(text, "IP:", 3) == 0) {
            demand(io_tls_name_matches(certificate, value));
        }
    }
    demand(!io_tls_alt_names_next(&names, certificate, text));
    check_name(certificate, "www.example.com");
    check_name(certificate, "192.0.2.1");
    check_name(certificate, "");
}

static void check_certificate(const mbedtls_x509_crt *certificate)
{
    uint8_t pin[IO_TLS_PIN_SIZE], again[IO_TLS_PIN_SIZE];
    char text[IO_TLS_PIN_TEXT_SIZE], from[IO_TLS_TIME_TEXT_SIZE], to[IO_TLS_TIME_TEXT_SIZE];
    check_names(certificate);
    demand(io_tls_certificate_pin(certificate, pin) == 0);
    io_tls_pin_format(pin, text);
    demand(io_tls_pin_parse(text, strlen(text), again) == 0 && memcmp(pin, again, sizeof(pin)) == 0);
    demand(strlen(io_tls_certificate_time(&certificate->valid_from, from)) == sizeof(from) - 1);
    demand(strlen(io_tls_certificate_time(&certificate->valid_to, to)) == sizeof(to) - 1);
}

/* Every certificate of the store is there, and a child of each finds an authority of that name. */
static void check_store(struct io_tls_trust *trust)
{
    mbedtls_x509_crt chain, child, *found;
    size_t count = 0;
    mbedtls_x509_crt_init(&chain);
    demand(io_tls_trust_all(trust, &chain) == 0);
    for (mbedtls_x509_crt *at = &chain; at != NULL && at->version != 0; at = at->next) {
        count++;
        check_certificate(at);
        child = *at; /* with the subject for an issuer */
        child.issuer = at->subject;
        demand(io_tls_trust_find(trust, &child, &found) == 0 && found != NULL);
        mbedtls_x509_crt_free(found);
        mbedtls_free(found);
        demand(io_tls_trust_find(trust, at, &found) == 0);
        mbedtls_x509_crt_free(found);
        mbedtls_free(found);
    }
    demand(count == io_tls_trust_count(trust));
    mbedtls_x509_crt_free(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const nowhere[] = {NULL};
    struct io_tls_trust *trust = NULL;
    char text[256] = "";
    if (size > 0 && data[0] == 0x30) {
        struct io_tls_built_in built_in = {data, size};
        demand(io_tls_trust_search(nowhere, &built_in, &trust) == 0);
    } else {
        int fd = memfd_create("pem", MFD_CLOEXEC);
        char path[32];
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        demand(fd >= 0 && write(fd, data, size) == (ssize_t)size);
        int error = io_tls_trust_open(path, &trust, text, sizeof(text));
        demand((error == 0) == (trust != NULL) && (error == 0) == (text[0] == '\0'));
        close(fd);
    }
    if (trust != NULL) {
        check_store(trust);
        io_tls_trust_unref(trust);
    }
    return 0;
}
