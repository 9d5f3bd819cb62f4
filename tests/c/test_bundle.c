/* test_bundle.c - bundles: header fields, every truncation, every flipped bit, sizes, hashes, descriptors.
 * links: runtime/bundle.c runtime/sha512.c runtime/json.c
 * links: runtime/manifest.c runtime/manifest_values.c runtime/manifest_files.c runtime/manifest_rules.c
 */
#include "runtime/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bundle_fixture.h"
#include "check.h"

static const struct fixture_file files[] = {
    {"main.js", "console.log('hello');\n"}, {"assets/empty", ""}, {"z.js", "1"}};
static const char payload[] = "console.log('hello');\n1";

static uint8_t *small_bundle(size_t *ret_size)
{
    static char manifest[4096];
    fixture_manifest(manifest, sizeof(manifest), FIXTURE_BEFORE, FIXTURE_AFTER, files, 3);
    return fixture_bundle(manifest, payload, ret_size);
}

/* Opens a copy of the exact size, from memory and from a pipe or file, which must agree. "" if it opens. */
static const char *open_code(const uint8_t *data, size_t size, unsigned flags)
{
    static char error[RT_BUNDLE_ERROR_MAX], fd_error[RT_BUNDLE_ERROR_MAX];
    struct rt_bundle *bundle = NULL, *fd_bundle = NULL;
    uint8_t *exact = malloc(size > 0 ? size : 1);
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    if (exact == NULL || fd < 0) {
        abort();
    }
    memcpy(exact, data, size);
    error[0] = fd_error[0] = 0;
    int r = rt_bundle_open(exact, size, flags, error, &bundle);
    CHECK((r == 0) == (bundle != NULL));
    rt_bundle_destroy(bundle);
    free(exact);
    CHECK(write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    int fd_r = rt_bundle_open_fd(fd, flags, fd_error, &fd_bundle);
    CHECK_INT(fd_r, r);
    rt_bundle_destroy(fd_bundle);
    close(fd);
    char *colon = strchr(error, ':'), *fd_colon = strchr(fd_error, ':');
    if (colon != NULL) {
        *colon = 0;
    }
    if (fd_colon != NULL) {
        *fd_colon = 0;
    }
    CHECK_STR(fd_error, error);
    return error;
}

#define CODE(data, size) open_code(data, size, RT_BUNDLE_UNSIGNED_OK)

TEST(a_whole_bundle)
{
    size_t size, file_size = 99;
    uint8_t *data = small_bundle(&size);
    struct rt_bundle *bundle = NULL;
    char error[RT_BUNDLE_ERROR_MAX] = "";
    const uint8_t *bytes;
    CHECK(rt_bundle_sniff(data, size) && !rt_bundle_sniff(data, 7) &&
          !rt_bundle_sniff((const uint8_t *)"console.", 8));
    CHECK_INT(rt_bundle_open(data, size, RT_BUNDLE_UNSIGNED_OK, error, &bundle), 0);
    CHECK_STR(error, "");
    if (bundle == NULL) {
        free(data);
        return;
    }
    CHECK_STR(rt_bundle_manifest(bundle)->id, "com.example.app");
    CHECK(rt_bundle_file(bundle, "main.js", &bytes, &file_size) == 0);
    CHECK(file_size == strlen(files[0].text) && memcmp(bytes, files[0].text, file_size) == 0);
    CHECK(rt_bundle_file(bundle, "assets/empty", &bytes, &file_size) == 0 && file_size == 0);
    CHECK(rt_bundle_file(bundle, "z.js", &bytes, &file_size) == 0 && file_size == 1 && *bytes == '1');
    static const char *const absent[] = {"",          "main",   "main.js.map", "MAIN.JS",
                                         "./main.js", "assets", "assets/",     "/main.js"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        file_size = 99;
        CHECK_INT(rt_bundle_file(bundle, absent[i], &bytes, &file_size), -ENOENT);
        CHECK_INT(file_size, 99);
    }
    CHECK(rt_bundle_destroy(bundle) == NULL);
    CHECK(rt_bundle_destroy(NULL) == NULL);
    free(data);
}

TEST(every_length_but_the_right_one)
{
    size_t size;
    uint8_t *data = small_bundle(&size);
    for (size_t length = 0; length < size; length++) {
        CHECK_STR(CODE(data, length), "TRUNCATED");
    }
    CHECK_STR(CODE(data, size), "");
    uint8_t *longer = calloc(1, size + 100);
    if (longer == NULL) {
        abort();
    }
    memcpy(longer, data, size);
    CHECK_STR(CODE(longer, size + 1), "TRAILING");
    CHECK_STR(CODE(longer, size + 100), "TRAILING");
    free(longer);
    free(data);
}

TEST(every_flipped_bit)
{
    size_t size;
    uint8_t *data = small_bundle(&size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const char *code = CODE(data, size);
        if (code[0] == 0) {
            printf("# accepted with bit %zu of byte %zu flipped\n", bit % 8, bit / 8);
            CHECK(false);
        }
        if (bit / 8 < 8) {
            CHECK_STR(code, "BAD_MAGIC");
        } else if (bit / 8 >= size - strlen(payload)) {
            CHECK_STR(code, "BAD_HASH");
        }
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK_STR(CODE(data, size), "");
    free(data);
}

TEST(header_fields)
{
    static const struct {
        int offset, bytes;
        uint32_t value;
        const char *code;
    } cases[] = {
        {8, 2, 0, "BAD_HEADER"},
        {8, 2, 2, "BAD_HEADER"},
        {8, 2, 0x0101, "BAD_HEADER"},
        {10, 2, 1, "BAD_HEADER"},
        {10, 2, 0x8000, "BAD_HEADER"},
        {12, 4, 0, "BAD_HEADER"},
        {12, 4, 32769, "BAD_HEADER"},
        {12, 4, 0xFFFFFFFF, "BAD_HEADER"},
        {12, 4, 32768, "TRUNCATED"},
        {12, 4, 1, "TRAILING"},
        {16, 1, 1, "UNVERIFIABLE"},
        {16, 1, 4, "UNVERIFIABLE"},
        {16, 1, 5, "BAD_HEADER"},
        {16, 1, 255, "BAD_HEADER"},
        {17, 1, 1, "BAD_HEADER"},
        {18, 2, 1, "BAD_HEADER"},
        {18, 2, 2049, "BAD_HEADER"},
        {20, 4, 0, "TRAILING"},
        {20, 4, 0xFFFFFFFF, "LIMIT"},
        {20, 4, CLEAT_BUNDLE_PAYLOAD_MAX, "TRUNCATED"},
        {20, 4, CLEAT_BUNDLE_PAYLOAD_MAX + 1, "LIMIT"},
    };
    size_t size;
    uint8_t *data = small_bundle(&size), saved[24];
    memcpy(saved, data, sizeof(saved));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture_put(data + cases[i].offset, cases[i].value, cases[i].bytes);
        CHECK_STR(CODE(data, size), cases[i].code);
        memcpy(data, saved, sizeof(saved));
    }
    data[16] = 1; /* a signed one may have a lineage, but no longer than its limit */
    fixture_put(data + 18, 2048, 2);
    CHECK_STR(CODE(data, size), "UNVERIFIABLE");
    fixture_put(data + 18, 2049, 2);
    CHECK_STR(CODE(data, size), "BAD_HEADER");
    memcpy(data, saved, sizeof(saved));
    CHECK_STR(open_code(data, size, 0), "UNSIGNED");
    free(data);
}

/* Moves bytes between payload and manifest, and says other sizes than there are. */
TEST(sizes_and_hashes_that_differ)
{
    char manifest[4096];
    size_t size;
    uint8_t *data;
    fixture_manifest(manifest, sizeof(manifest), FIXTURE_BEFORE, FIXTURE_AFTER, files, 1);
    data = fixture_bundle(manifest, payload, &size); /* one byte more than listed */
    CHECK_STR(CODE(data, size), "BAD_SIZE");
    free(data);
    fixture_manifest(manifest, sizeof(manifest), FIXTURE_BEFORE, FIXTURE_AFTER, files, 3);
    data = fixture_bundle(manifest, "", &size);
    CHECK_STR(CODE(data, size), "BAD_SIZE");
    free(data);
    static const struct fixture_file swapped[] = {{"z.js", "1"}, {"main.js", "console.log('hello');\n"}};
    fixture_manifest(manifest, sizeof(manifest), FIXTURE_BEFORE, FIXTURE_AFTER, swapped, 2);
    data = fixture_bundle(manifest, payload, &size); /* right files, other order */
    CHECK_STR(CODE(data, size), "BAD_HASH");
    free(data);
    data = fixture_bundle(manifest, "1console.log('hello');\n", &size);
    CHECK_STR(CODE(data, size), "");
    free(data);
    /* The last character of a hash carries two bits that are none: they must be zero. */
    fixture_manifest(manifest, sizeof(manifest), FIXTURE_BEFORE, FIXTURE_AFTER, files, 3);
    char *digest = strstr(manifest, "\"digest\":\"") + 10;
    char *last = strstr(manifest, "\",\"path\":") - 1;
    *last = (char)(*last + 1);
    memcpy(digest, FIXTURE_DIGEST, 43);
    char hash[44];
    fixture_hash(manifest, strlen(manifest), hash);
    memcpy(digest, hash, 43);
    data = fixture_bundle(manifest, payload, &size);
    CHECK_STR(CODE(data, size), "BAD_HASH");
    free(data);
}

TEST(manifest_errors_keep_their_code)
{
    static const struct {
        const char *manifest, *code;
    } cases[] = {
        {"{}", "BAD_MANIFEST"},
        {"{\"files\":[{\"path\":\"../x\"}],\"manifestVersion\":1}", "BAD_PATH"},
        {"{\"files\":[{\"h\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"path\":\"x\",\"size\":"
         "4294967296}],"
         "\"manifestVersion\":1}",
         "BAD_SIZE"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *data = fixture_bundle(cases[i].manifest, payload, &size);
        CHECK_STR(CODE(data, size), cases[i].code);
        free(data);
    }
}

TEST(descriptors)
{
    char error[RT_BUNDLE_ERROR_MAX];
    struct rt_bundle *bundle = NULL;
    int ends[2];
    size_t size, file_size;
    const uint8_t *bytes;
    uint8_t *data = small_bundle(&size);
    CHECK_INT(rt_bundle_open_fd(-1, RT_BUNDLE_UNSIGNED_OK, error, &bundle), -EBADF);
    CHECK(strncmp(error, "READ_ERROR: ", 12) == 0);
    int folder = open("/", O_RDONLY | O_CLOEXEC);
    CHECK_INT(rt_bundle_open_fd(folder, RT_BUNDLE_UNSIGNED_OK, error, &bundle), -EISDIR);
    close(folder);
    /* An endless file is not read to its end. */
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    CHECK_INT(rt_bundle_open_fd(zero, RT_BUNDLE_UNSIGNED_OK, error, &bundle), -EBADMSG);
    close(zero);
    /* A pipe will do, and a file that changes afterwards changes nothing. */
    CHECK(pipe(ends) == 0 && write(ends[1], data, size) == (ssize_t)size);
    close(ends[1]);
    CHECK_INT(rt_bundle_open_fd(ends[0], RT_BUNDLE_UNSIGNED_OK, error, &bundle), 0);
    close(ends[0]);
    bundle = rt_bundle_destroy(bundle);
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    CHECK(write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    CHECK_INT(rt_bundle_open_fd(fd, RT_BUNDLE_UNSIGNED_OK, error, &bundle), 0);
    CHECK(ftruncate(fd, 0) == 0);
    close(fd);
    if (bundle != NULL) {
        CHECK(rt_bundle_file(bundle, "main.js", &bytes, &file_size) == 0);
        CHECK(memcmp(bytes, files[0].text, file_size) == 0);
    }
    rt_bundle_destroy(bundle);
    free(data);
}

int main(void)
{
    RUN(a_whole_bundle);
    RUN(every_length_but_the_right_one);
    RUN(every_flipped_bit);
    RUN(header_fields);
    RUN(sizes_and_hashes_that_differ);
    RUN(manifest_errors_keep_their_code);
    RUN(descriptors);
    return check_done();
}
