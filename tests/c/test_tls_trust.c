/* links: bindings/tls_trust.c bindings/tls_pem.c bindings/tls_built_in.c bindings/tls_time.c bindings/tls_random.c */
/* test_tls_trust.c - what is found in files of certificates: whole, broken, odd, changed behind our back. */
#include "bindings/tls_trust.h"
#include "certificates.h"
#include "check.h"

#include <mbedtls/base64.h>
#include <mbedtls/platform.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/cleat-trust-XXXXXX";
static char message[512];

static void write_file(const char *file, const void *bytes, size_t size)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

/* Opens a store with this text; NULL if it is refused. */
static struct io_tls_trust *open_text(const char *text)
{
    struct io_tls_trust *trust = NULL;
    message[0] = '\0';
    write_file(path, text, strlen(text));
    int error = io_tls_trust_open(path, &trust, message, sizeof(message));
    CHECK((error == 0) == (trust != NULL) && (error == 0) == (message[0] == '\0'));
    return trust;
}

/* How many authorities the store has for a certificate, each of which has its issuer's name. */
static int count_candidates(struct io_tls_trust *trust, const char *pem)
{
    mbedtls_x509_crt child, *found = (void *)1;
    int count = 0;
    mbedtls_x509_crt_init(&child);
    CHECK_INT(mbedtls_x509_crt_parse(&child, (const unsigned char *)pem, strlen(pem) + 1), 0);
    CHECK_INT(io_tls_trust_find(trust, &child, &found), 0);
    for (mbedtls_x509_crt *at = found; at != NULL; at = at->next) {
        count++;
        CHECK(at->subject_raw.len == child.issuer_raw.len &&
              memcmp(at->subject_raw.p, child.issuer_raw.p, at->subject_raw.len) == 0);
    }
    mbedtls_x509_crt_free(found);
    mbedtls_free(found);
    mbedtls_x509_crt_free(&child);
    return count;
}

/* The DER of a PEM text with one certificate. */
static size_t to_der(const char *pem, uint8_t der[static 2048])
{
    size_t size = 0;
    const char *body = strchr(pem, '\n') + 1;
    CHECK_INT(mbedtls_base64_decode(der, 2048, &size, (const unsigned char *)body,
                                    (size_t)(strstr(body, "-----END") - body)),
              0);
    return size;
}

TEST(an_authority_is_found_by_its_name)
{
    struct io_tls_trust *trust = open_text(NAMES_PEM ROOT_PEM);
    CHECK_STR(io_tls_trust_source(trust), path);
    CHECK_INT(io_tls_trust_count(trust), 2);
    CHECK_INT(io_tls_trust_skipped(trust), 0);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 1);
    CHECK_INT(count_candidates(trust, ROOT_PEM), 1); /* itself */
    CHECK_INT(count_candidates(trust, NAMES_PEM), 1);
    io_tls_trust_unref(trust);
    trust = open_text(NAMES_PEM);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 0);
    CHECK(io_tls_trust_unref(trust) == NULL);
    CHECK(io_tls_trust_unref(NULL) == NULL);
}

TEST(the_library_verifies_with_it)
{
    struct io_tls_trust *trust = open_text(ROOT2_PEM ROOT_PEM), *other = NULL;
    mbedtls_x509_crt leaf;
    uint32_t flags = 0;
    mbedtls_x509_crt_init(&leaf);
    CHECK_INT(mbedtls_x509_crt_parse(&leaf, (const unsigned char *)LEAF_PEM, sizeof(LEAF_PEM)), 0);
    mbedtls_x509_crt_verify_with_ca_cb(&leaf, io_tls_trust_find, trust, &mbedtls_x509_crt_profile_default,
                                       NULL, &flags, NULL, NULL);
    /* Of the two of that name it takes the one that signed. (The clock is not what is tested.) */
    CHECK_INT(flags & ~(uint32_t)MBEDTLS_X509_BADCERT_FUTURE, 0);
    io_tls_trust_unref(trust);
    other = open_text(ROOT2_PEM);
    mbedtls_x509_crt_verify_with_ca_cb(&leaf, io_tls_trust_find, other, &mbedtls_x509_crt_profile_default,
                                       NULL, &flags, NULL, NULL);
    CHECK((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0);
    io_tls_trust_unref(other);
    mbedtls_x509_crt_free(&leaf);
}

TEST(all_of_them_become_a_chain)
{
    struct io_tls_trust *trust = open_text(ROOT_PEM "junk\n" P521_PEM ROOT2_PEM NAMES_PEM);
    mbedtls_x509_crt chain;
    int count = 0;
    mbedtls_x509_crt_init(&chain);
    CHECK_INT(io_tls_trust_count(trust), 3);
    CHECK_INT(io_tls_trust_skipped(trust), 1); /* the curve is not supported */
    CHECK_INT(io_tls_trust_all(trust, &chain), 0);
    for (mbedtls_x509_crt *at = &chain; at != NULL; at = at->next) {
        count += at->version != 0;
    }
    CHECK_INT(count, 3);
    CHECK_INT(io_tls_trust_all(trust, &chain), 0); /* onto the end */
    count = 0;
    for (mbedtls_x509_crt *at = &chain; at != NULL; at = at->next) {
        count += at->version != 0;
    }
    CHECK_INT(count, 6);
    mbedtls_x509_crt_free(&chain);
    io_tls_trust_unref(trust);
}

TEST(a_certificate_is_the_same_only_byte_by_byte)
{
    static const char *const pems[] = {ROOT_PEM, ROOT2_PEM, NAMES_PEM, LEAF_PEM};
    struct io_tls_trust *trust = open_text(ROOT_PEM NAMES_PEM);
    for (int i = 0; i < 4; i++) {
        mbedtls_x509_crt certificate;
        mbedtls_x509_crt_init(&certificate);
        CHECK_INT(mbedtls_x509_crt_parse(&certificate, (const unsigned char *)pems[i], strlen(pems[i]) + 1),
                  0);
        CHECK_INT(io_tls_trust_has(trust, &certificate), i == 0 || i == 2);
        mbedtls_x509_crt_free(&certificate);
    }
    io_tls_trust_unref(trust);
}

TEST(candidates_are_bounded)
{
    static char text[20 * sizeof(ROOT_PEM)];
    for (int i = 0; i < 20; i++) {
        strcat(text, i % 2 == 0 ? ROOT_PEM : ROOT2_PEM);
    }
    struct io_tls_trust *trust = open_text(text);
    CHECK_INT(io_tls_trust_count(trust), 20);
    CHECK_INT(count_candidates(trust, LEAF_PEM), IO_TLS_TRUST_CANDIDATES_MAX);
    io_tls_trust_unref(trust);
}

TEST(spellings_of_pem)
{
    static char text[2 * sizeof(ROOT_PEM) + 64];
    static const struct {
        const char *before, *after;
        int count, skipped;
    } rows[] = {
        {"", "", 1, 0},
        {"# Root of the tests\nSubject: Root\n", "the end", 1, 0},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "", 1, 0},
        {"-----BEGIN CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN CERTIFICATE-----\nMA=A\n-----END CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN CERTIFICATE-----\nA===\n-----END CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN CERTIFICATE-----\n====\n-----END CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN CERTIFICATE-----\nProc-Type: 4\n-----END CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n", "", 1, 1},
        {"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "", 1, 0},
        {"-----BEGIN ", "", 1, 0},
        {"-----BEGIN -----BEGIN ", "-----BEGIN ", 1, 0},
        {"\xff\xfe", "-----", 1, 0},
        {"", "-----BEGIN CERTIFICATE-----", 1, 1},
        {"", "-----BEGIN CERTIFICATE-----\nMAAA", 1, 1},
        {"", "-----BEGIN CERTIFICATE-----\nMAAA\n-----EN", 1, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "%s%s%s", rows[i].before, ROOT_PEM, rows[i].after);
        struct io_tls_trust *trust = open_text(text);
        CHECK(trust != NULL);
        if (trust != NULL) {
            int count = (int)io_tls_trust_count(trust), skipped = (int)io_tls_trust_skipped(trust);
            if (count != rows[i].count || skipped != rows[i].skipped) {
                printf("# row %zu: %d, %d skipped\n", i, count, skipped);
                CHECK(false);
            }
            CHECK_INT(count_candidates(trust, LEAF_PEM), count);
            io_tls_trust_unref(trust);
        }
    }
}

TEST(base64_on_one_line_or_with_line_ends_of_windows)
{
    static char text[2 * sizeof(ROOT_PEM)];
    char *to = text;
    for (const char *at = ROOT_PEM; *at != '\0'; at++) {
        if (*at == '\n') {
            *to++ = '\r';
        }
        *to++ = *at;
    }
    struct io_tls_trust *trust = open_text(text);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 1);
    io_tls_trust_unref(trust);
    to = text;
    for (const char *at = ROOT_PEM; *at != '\0'; at++) {
        if (*at != '\n') {
            *to++ = *at;
        }
    }
    *to = '\0';
    trust = open_text(text);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 1);
    io_tls_trust_unref(trust);
}

/* Wherever the edges of what is read at once fall. */
TEST(a_certificate_anywhere_in_a_long_file)
{
    enum { SIZE = 60000, WINDOW = 16384 };
    static char text[SIZE + 1];
    int found = 0, tried = 0;
    for (int at = WINDOW - 700; at<WINDOW + 40; at += at> WINDOW - 30 ? 1 : 13) {
        memset(text, '#', SIZE);
        memcpy(text + at, ROOT_PEM, sizeof(ROOT_PEM) - 1);
        memcpy(text + at + 2 * WINDOW, NAMES_PEM, sizeof(NAMES_PEM) - 1);
        struct io_tls_trust *trust = open_text(text);
        found += trust != NULL && io_tls_trust_count(trust) == 2 && io_tls_trust_skipped(trust) == 0 &&
                 count_candidates(trust, LEAF_PEM) == 1;
        tried++;
        io_tls_trust_unref(trust);
    }
    CHECK_INT(found, tried);
    /* Larger than a window: skipped, and what comes behind is found. */
    memset(text, 'A', SIZE);
    memcpy(text, "-----BEGIN CERTIFICATE-----\n", 28);
    memcpy(text + 3 * WINDOW - 100, "\n-----END CERTIFICATE-----\n" ROOT_PEM, sizeof(ROOT_PEM) + 26);
    struct io_tls_trust *trust = open_text(text);
    CHECK_INT(io_tls_trust_count(trust), 1);
    CHECK_INT(io_tls_trust_skipped(trust), 1);
    io_tls_trust_unref(trust);
}

TEST(one_certificate_in_der)
{
    uint8_t der[2048];
    struct io_tls_trust *trust = NULL;
    size_t size = to_der(ROOT_PEM, der);
    write_file(path, der, size);
    CHECK_INT(io_tls_trust_open(path, &trust, message, sizeof(message)), 0);
    CHECK_INT(io_tls_trust_count(trust), 1);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 1);
    io_tls_trust_unref(trust);
    write_file(path, der, size - 1);
    CHECK_INT(io_tls_trust_open(path, &trust, message, sizeof(message)), -EINVAL);
    CHECK(strstr(message, "can be used") != NULL);
}

static int open_error(const char *file)
{
    struct io_tls_trust *trust = (void *)1;
    message[0] = '\0';
    int error = io_tls_trust_open(file, &trust, message, sizeof(message));
    CHECK(trust == (void *)1); /* untouched */
    CHECK(strstr(message, file) != NULL);
    return error;
}

TEST(files_that_are_refused)
{
    CHECK_INT(open_error("/nonexistent/ca.pem"), -ENOENT);
    CHECK(strstr(message, "No such file") != NULL);
    CHECK_INT(open_error("/tmp"), -EINVAL);
    CHECK_INT(open_error("/dev/zero"), -EINVAL);
    CHECK(strstr(message, "regular file") != NULL);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(mkfifo(path, 0600), 0);
    CHECK_INT(open_error(path), -EINVAL); /* and at once */
    CHECK_INT(unlink(path), 0);
    write_file(path, "", 0);
    CHECK_INT(open_error(path), -EINVAL);
    CHECK(strstr(message, "has no certificate") != NULL);
    write_file(path, "hello\n", 6);
    CHECK_INT(open_error(path), -EINVAL);
    write_file(path, P521_PEM, sizeof(P521_PEM) - 1);
    CHECK_INT(open_error(path), -EINVAL);
    CHECK(strstr(message, "can be used") != NULL);
    CHECK_INT(truncate(path, (16 << 20) + 1), 0);
    CHECK_INT(open_error(path), -EFBIG);
    CHECK_INT(truncate(path, 0), 0);
}

TEST(another_file_under_the_same_name_changes_nothing)
{
    struct io_tls_trust *trust = open_text(ROOT_PEM);
    char other[sizeof(path) + 8];
    snprintf(other, sizeof(other), "%s.new", path);
    write_file(other, NAMES_PEM, sizeof(NAMES_PEM) - 1);
    CHECK_INT(rename(other, path), 0);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 1);
    CHECK_INT(count_candidates(trust, NAMES_PEM), 0);
    io_tls_trust_unref(trust);
}

TEST(a_file_that_is_written_over_is_searched_anew)
{
    struct io_tls_trust *trust = open_text(NAMES_PEM ROOT_PEM);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 1);
    write_file(path, ROOT_PEM, sizeof(ROOT_PEM) - 1);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 1);
    CHECK_INT(count_candidates(trust, NAMES_PEM), 0);
    CHECK_INT(truncate(path, 100), 0);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 0);
    CHECK_INT(truncate(path, 0), 0);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 0);
    mbedtls_x509_crt chain;
    mbedtls_x509_crt_init(&chain);
    CHECK_INT(io_tls_trust_all(trust, &chain), 0);
    CHECK_INT(chain.version, 0);
    mbedtls_x509_crt_free(&chain);
    io_tls_trust_unref(trust);
}

TEST(the_first_place_with_certificates_is_taken)
{
    const char *const places[] = {"/nonexistent", "/tmp", "/dev/null", path, NULL};
    const char *const none[] = {"/nonexistent", NULL};
    uint8_t der[4096];
    size_t size = to_der(ROOT_PEM, der);
    size += to_der(NAMES_PEM, der + size);
    struct io_tls_built_in built_in = {der, size}, nothing = {NULL, 0}, broken = {der, size - 1};
    struct io_tls_trust *trust = NULL;
    write_file(path, ROOT_PEM, sizeof(ROOT_PEM) - 1);

    CHECK_INT(io_tls_trust_search(places, &built_in, &trust), 0);
    CHECK_STR(io_tls_trust_source(trust), path);
    io_tls_trust_unref(trust);

    CHECK_INT(io_tls_trust_search(none, &built_in, &trust), 0);
    CHECK_STR(io_tls_trust_source(trust), "built in");
    CHECK_INT(io_tls_trust_count(trust), 2);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 1);
    CHECK_INT(count_candidates(trust, NAMES_PEM), 1);
    mbedtls_x509_crt chain;
    mbedtls_x509_crt_init(&chain);
    CHECK_INT(io_tls_trust_all(trust, &chain), 0);
    CHECK(chain.version != 0 && chain.next != NULL && chain.next->next == NULL);
    mbedtls_x509_crt_free(&chain);
    struct io_tls_trust *again = io_tls_trust_ref(trust);
    CHECK(again == trust);
    io_tls_trust_unref(trust);
    CHECK_INT(io_tls_trust_count(again), 2);
    io_tls_trust_unref(again);

    CHECK_INT(io_tls_trust_search(none, &broken, &trust), 0);
    CHECK_INT(io_tls_trust_count(trust), 1);
    io_tls_trust_unref(trust);

    CHECK_INT(io_tls_trust_search(none, &nothing, &trust), 0);
    CHECK_STR(io_tls_trust_source(trust), NULL);
    CHECK_INT(io_tls_trust_count(trust), 0);
    CHECK_INT(count_candidates(trust, LEAF_PEM), 0);
    mbedtls_x509_crt_init(&chain);
    CHECK_INT(io_tls_trust_all(trust, &chain), 0);
    CHECK_INT(chain.version, 0);
    io_tls_trust_unref(trust);
}

TEST(the_store_of_this_system_opens)
{
    struct io_tls_trust *trust = NULL;
    CHECK_INT(io_tls_trust_open(NULL, &trust, message, sizeof(message)), 0);
    const char *source = io_tls_trust_source(trust);
    printf("# %s: %zu, %zu skipped\n", source != NULL ? source : "none", io_tls_trust_count(trust),
           io_tls_trust_skipped(trust));
    CHECK((source == NULL) == (io_tls_trust_count(trust) == 0));
    io_tls_trust_unref(trust);
}

int main(void)
{
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    RUN(an_authority_is_found_by_its_name);
    RUN(the_library_verifies_with_it);
    RUN(all_of_them_become_a_chain);
    RUN(a_certificate_is_the_same_only_byte_by_byte);
    RUN(candidates_are_bounded);
    RUN(spellings_of_pem);
    RUN(base64_on_one_line_or_with_line_ends_of_windows);
    RUN(a_certificate_anywhere_in_a_long_file);
    RUN(one_certificate_in_der);
    RUN(files_that_are_refused);
    RUN(another_file_under_the_same_name_changes_nothing);
    RUN(a_file_that_is_written_over_is_searched_anew);
    RUN(the_first_place_with_certificates_is_taken);
    RUN(the_store_of_this_system_opens);
    unlink(path);
    return check_done();
}
