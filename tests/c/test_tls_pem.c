/* links: bindings/tls_pem.c */
/* test_tls_pem.c - base64 as it is and as it is not; what a scan hands over, and when it ends. What is found
 * in files of real certificates is in test_tls_trust.c. */
#include "bindings/tls_pem.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* "" for text that is refused, in brackets what it stands for. */
static const char *decode(const char *text)
{
    static char result[64];
    uint8_t bytes[64];
    size_t size = 99, length = strlen(text);
    memcpy(bytes, text, length);
    if (!io_pem_decode(bytes, length, &size)) {
        return size == 99 ? "" : "touched";
    }
    snprintf(result, sizeof(result), "[%.*s]", (int)size, (const char *)bytes);
    return result;
}

TEST(base64_of_every_length)
{
    CHECK_STR(decode(""), "[]");
    CHECK_STR(decode("Zg=="), "[f]");
    CHECK_STR(decode("Zm8="), "[fo]");
    CHECK_STR(decode("Zm9v"), "[foo]");
    CHECK_STR(decode("Zm9vYg=="), "[foob]");
    CHECK_STR(decode("Zm9vYmE="), "[fooba]");
    CHECK_STR(decode("Zm9vYmFy"), "[foobar]");
    CHECK_STR(decode("\n Zm9v\r\n\tYm Fy \n"), "[foobar]");
    CHECK_STR(decode("Zm8 =\n"), "[fo]");
}

TEST(what_is_no_base64)
{
    static const char *const wrong[] = {"Z",        "Zg",   "Zm8",   "Zg=",   "Zm9vY",   "Zm9v=",
                                        "Zm9v====", "=",    "====",  "Z===",  "Zg==Z",   "Zm8=v",
                                        "Zm9-",     "Zm9_", "Zm9v.", "Z:m8=", "Zm9\xf6", "Zm9\x01"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (strcmp(decode(wrong[i]), "") != 0) {
            printf("# %s\n", wrong[i]);
            CHECK(false);
        }
    }
}

TEST(every_byte_comes_back)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    int right = 0;
    for (unsigned value = 0; value < 1u << 24; value += 4099) {
        uint8_t text[4] = {(uint8_t)digits[value >> 18], (uint8_t)digits[value >> 12 & 63],
                           (uint8_t)digits[value >> 6 & 63], (uint8_t)digits[value & 63]};
        size_t size = 0;
        right += io_pem_decode(text, 4, &size) && size == 3 &&
                 (unsigned)(text[0] << 16 | text[1] << 8 | text[2]) == value;
    }
    CHECK_INT(right, (1 << 24) / 4099 + 1);
}

struct visits {
    int count, end_at, error;
    struct io_pem_place places[8];
    char text[64];
};

static int visit(void *context, uint8_t *der, size_t size, struct io_pem_place place)
{
    struct visits *visits = context;
    visits->places[visits->count % 8] = place;
    snprintf(visits->text, sizeof(visits->text), "%.*s", (int)size, (const char *)der);
    return ++visits->count == visits->end_at ? visits->error : 0;
}

static int scan(const char *text, struct visits *visits, size_t *skipped)
{
    int fd = memfd_create("pem", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    int result = io_pem_scan(fd, visit, visits, skipped);
    close(fd);
    return result;
}

TEST(a_scan_tells_where_the_base64_lies)
{
    static const char text[] = "x-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n"
                               "-----BEGIN CERTIFICATE-----YmFy-----END CERTIFICATE-----";
    struct visits visits = {0};
    size_t skipped = 0;
    CHECK_INT(scan(text, &visits, &skipped), 0);
    CHECK_INT(visits.count, 2);
    CHECK_INT(skipped, 0);
    CHECK_INT(visits.places[0].offset, 28);
    CHECK_INT(visits.places[0].length, 6);
    CHECK(memcmp(text + visits.places[1].offset, "YmFy", 4) == 0);
    CHECK_INT(visits.places[1].length, 4);
    CHECK_STR(visits.text, "bar");
}

TEST(a_scan_ends_when_the_visitor_says_so)
{
    struct visits visits = {.end_at = 1, .error = -ENOMEM};
    size_t skipped = 0;
    CHECK_INT(scan("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
                   "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
                   &visits, &skipped),
              -ENOMEM);
    CHECK_INT(visits.count, 1);
}

TEST(a_scan_of_what_can_not_be_read_fails)
{
    struct visits visits = {0};
    size_t skipped = 0;
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK_INT(io_pem_scan(fd, visit, &visits, &skipped), -EISDIR);
    close(fd);
    CHECK_INT(io_pem_scan(-1, visit, &visits, &skipped), -EBADF);
}

/* Many marks without an end: the time grows with the file, not with its square. */
TEST(a_file_full_of_beginnings)
{
    static const char mark[] = "-----BEGIN CERTIFICATE-----";
    enum { COUNT = 100000 };
    char *text = malloc(COUNT * (sizeof(mark) - 1) + 1);
    struct visits visits = {0};
    size_t skipped = 0;
    CHECK(text != NULL);
    for (int i = 0; text != NULL && i < COUNT; i++) {
        memcpy(text + (size_t)i * (sizeof(mark) - 1), mark, sizeof(mark));
    }
    if (text != NULL) {
        CHECK_INT(scan(text, &visits, &skipped), 0);
    }
    CHECK_INT(visits.count, 0);
    CHECK_INT(skipped, COUNT);
    free(text);
}

int main(void)
{
    RUN(base64_of_every_length);
    RUN(what_is_no_base64);
    RUN(every_byte_comes_back);
    RUN(a_scan_tells_where_the_base64_lies);
    RUN(a_scan_ends_when_the_visitor_says_so);
    RUN(a_scan_of_what_can_not_be_read_fails);
    RUN(a_file_full_of_beginnings);
    return check_done();
}
