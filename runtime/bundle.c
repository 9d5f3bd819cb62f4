/* bundle.c - opening app bundles; see bundle.h and docs/bundle-format.md. The order of the checks is part of
 * the format, as tools/cli/bundle.ts must find the same error: header fields, limits, signatures, lengths,
 * manifest, digest, sizes, hashes. Only 24 bytes are looked at before anything is allocated. */
#include "bundle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sha512.h"

struct rt_bundle {
    uint8_t *owned; /* what rt_bundle_open_fd() read; NULL if the bytes are the caller's */
    const uint8_t *payload;
    struct rt_manifest *manifest;
};

struct header {
    uint32_t manifest_size, payload_size;
    uint32_t signature_count, lineage_size;
    size_t total;
};

/* Like PNG's: a transfer that changes line ends or drops the high bit breaks it. */
static const uint8_t magic[8] = {0x89, 'F', 'W', 'B', '\r', '\n', 0x1A, '\n'};

__attribute__((format(printf, 3, 4))) static int fail(char *error, int result, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, RT_BUNDLE_ERROR_MAX, format, args);
    va_end(args);
    return result;
}

static uint32_t load_le(const uint8_t *p, int bytes)
{
    uint32_t value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
        value = value << 8 | p[i];
    }
    return value;
}

bool rt_bundle_sniff(const uint8_t *data, size_t size)
{
    return size >= sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

/* Reads what there is of the first 24 bytes. */
static int read_header(const uint8_t *data, size_t size, unsigned flags, char *error,
                       struct header *ret_header)
{
    if (size > 0 && memcmp(data, magic, size < sizeof(magic) ? size : sizeof(magic)) != 0) {
        return fail(error, -EBADMSG, "BAD_MAGIC: not a Cleat bundle");
    }
    if (size < RT_BUNDLE_HEADER_SIZE) {
        return fail(error, -EBADMSG, "TRUNCATED: %zu bytes, and the header alone has %d", size,
                    RT_BUNDLE_HEADER_SIZE);
    }
    uint32_t version = load_le(data + 8, 2);
    struct header header = {
        .manifest_size = load_le(data + 12, 4),
        .payload_size = load_le(data + 20, 4),
        .signature_count = data[16],
        .lineage_size = load_le(data + 18, 2),
    };
    if (version != 1) {
        return fail(error, -EBADMSG, "BAD_HEADER: format version %u, and this runtime reads 1",
                    (unsigned)version);
    }
    if (load_le(data + 10, 2) != 0 || data[17] != 0) {
        return fail(error, -EBADMSG, "BAD_HEADER: unknown flags");
    }
    if (header.manifest_size == 0 || header.manifest_size > RT_MANIFEST_SIZE_MAX) {
        return fail(error, -EBADMSG, "BAD_HEADER: a manifest of %u bytes, and 1 to %d are allowed",
                    (unsigned)header.manifest_size, RT_MANIFEST_SIZE_MAX);
    }
    if (header.signature_count > RT_BUNDLE_SIGNATURES_MAX) {
        return fail(error, -EBADMSG, "BAD_HEADER: %u signatures, and at most %d are allowed",
                    (unsigned)header.signature_count, RT_BUNDLE_SIGNATURES_MAX);
    }
    if (header.lineage_size > (header.signature_count > 0 ? RT_BUNDLE_LINEAGE_MAX : 0)) {
        return fail(error, -EBADMSG, "BAD_HEADER: a key lineage of %u bytes", (unsigned)header.lineage_size);
    }
    if (header.payload_size > CLEAT_BUNDLE_PAYLOAD_MAX) {
        return fail(error, -EFBIG, "LIMIT: %u bytes of files, and at most %u are allowed",
                    (unsigned)header.payload_size, (unsigned)CLEAT_BUNDLE_PAYLOAD_MAX);
    }
    if (header.signature_count > 0) {
        return fail(error, -EKEYREJECTED,
                    "UNVERIFIABLE: the bundle is signed, and this build can't verify signatures");
    }
    if ((flags & RT_BUNDLE_UNSIGNED_OK) == 0) {
        return fail(error, -EKEYREJECTED,
                    "UNSIGNED: nobody signed the bundle (--unsigned runs it all the same)");
    }
    header.total = RT_BUNDLE_HEADER_SIZE + (size_t)header.signature_count * RT_BUNDLE_SIGNATURE_SIZE +
                   header.lineage_size + header.manifest_size + header.payload_size;
    *ret_header = header;
    return 0;
}

/* Base64url of the first 32 bytes of the hash: 43 characters, no padding. */
static void hash_text(struct rt_sha512 *state, char out[static RT_MANIFEST_HASH_LENGTH + 1])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t hash[RT_SHA512_SIZE];
    rt_sha512_final(state, hash);
    hash[32] = 0; /* the last character has two bits of padding */
    for (int i = 0; i < RT_MANIFEST_HASH_LENGTH; i++) {
        int bit = i * 6;
        unsigned pair = (unsigned)hash[bit / 8] << 8 | hash[bit / 8 + 1];
        out[i] = alphabet[pair >> (10 - bit % 8) & 63];
    }
    out[RT_MANIFEST_HASH_LENGTH] = 0;
}

/* The manifest's own hash, taken with "A" for each of its characters. It finds accidents; whoever alters a
 * manifest on purpose can compute it anew, which is what signatures are for. */
static int verify_digest(const struct rt_manifest *manifest, const uint8_t *text, size_t size, char *error)
{
    char blank[RT_MANIFEST_HASH_LENGTH], hash[RT_MANIFEST_HASH_LENGTH + 1];
    const size_t start = manifest->digest_offset, end = start + sizeof(blank);
    struct rt_sha512 state;
    memset(blank, 'A', sizeof(blank));
    rt_sha512_init(&state);
    rt_sha512_update(&state, text, start);
    rt_sha512_update(&state, (const uint8_t *)blank, sizeof(blank));
    rt_sha512_update(&state, text + end, size - end);
    hash_text(&state, hash);
    if (memcmp(hash, text + start, sizeof(blank)) != 0) {
        return fail(error, -EBADMSG, "BAD_HASH: the manifest is not what its digest says");
    }
    return 0;
}

static int verify_files(const struct rt_manifest *manifest, const uint8_t *payload, char *error)
{
    for (int i = 0; i < manifest->file_count; i++) {
        const struct rt_manifest_file *file = &manifest->files[i];
        char hash[RT_MANIFEST_HASH_LENGTH + 1];
        struct rt_sha512 state;
        rt_sha512_init(&state);
        rt_sha512_update(&state, payload + file->offset, file->size);
        hash_text(&state, hash);
        if (strcmp(hash, file->hash) != 0) {
            return fail(error, -EBADMSG, "BAD_HASH: %.200s is not what the manifest says", file->path);
        }
    }
    return 0;
}

int rt_bundle_open(const uint8_t *data, size_t size, unsigned flags, char error[static RT_BUNDLE_ERROR_MAX],
                   struct rt_bundle **ret_bundle)
{
    struct header header;
    int r = read_header(data, size, flags, error, &header);
    if (r < 0) {
        return r;
    }
    if (size != header.total) {
        return fail(error, -EBADMSG,
                    size < header.total ? "TRUNCATED: %zu bytes of %zu"
                                        : "TRAILING: %zu bytes, and the bundle has %zu",
                    size, header.total);
    }
    const uint8_t *text = data + RT_BUNDLE_HEADER_SIZE;
    const uint8_t *payload = text + header.manifest_size;
    struct rt_manifest *manifest;
    char manifest_error[RT_MANIFEST_ERROR_MAX];
    r = rt_manifest_parse(text, header.manifest_size, manifest_error, &manifest);
    if (r < 0) {
        return fail(error, r, "%s", manifest_error);
    }
    r = verify_digest(manifest, text, header.manifest_size, error);
    if (r < 0) {
        /* error is set */
    } else if (manifest->payload_size != header.payload_size) {
        r = fail(error, -EBADMSG, "BAD_SIZE: %u bytes of files, and the manifest lists %u",
                 (unsigned)header.payload_size, (unsigned)manifest->payload_size);
    } else {
        r = verify_files(manifest, payload, error);
    }
    struct rt_bundle *bundle = r == 0 ? malloc(sizeof(*bundle)) : NULL;
    if (bundle == NULL) {
        rt_manifest_destroy(manifest);
        return r < 0 ? r : fail(error, -ENOMEM, "NO_MEMORY: out of memory");
    }
    *bundle = (struct rt_bundle){.payload = payload, .manifest = manifest};
    *ret_bundle = bundle;
    return 0;
}

/* Reads until `size` bytes are there or the end is. */
static int read_all(int fd, uint8_t *out, size_t size, size_t *ret_size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t r = read(fd, out + done, size - done);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0) {
            return -errno;
        }
        if (r == 0) {
            break;
        }
        done += (size_t)r;
    }
    *ret_size = done;
    return 0;
}

int rt_bundle_open_fd(int fd, unsigned flags, char error[static RT_BUNDLE_ERROR_MAX],
                      struct rt_bundle **ret_bundle)
{
    uint8_t start[RT_BUNDLE_HEADER_SIZE];
    size_t size, rest;
    int r = read_all(fd, start, sizeof(start), &size);
    if (r < 0) {
        return fail(error, r, "READ_ERROR: %s", strerror(-r));
    }
    struct header header;
    r = read_header(start, size, flags, error, &header);
    if (r < 0) {
        return r;
    }
    /* One byte more than promised shows whether something follows. */
    uint8_t *data = malloc(header.total + 1);
    if (data == NULL) {
        return fail(error, -ENOMEM, "NO_MEMORY: out of memory");
    }
    memcpy(data, start, sizeof(start));
    r = read_all(fd, data + sizeof(start), header.total + 1 - sizeof(start), &rest);
    if (r < 0) {
        fail(error, r, "READ_ERROR: %s", strerror(-r));
    } else if (sizeof(start) + rest > header.total) {
        r = fail(error, -EBADMSG, "TRAILING: more than the %zu bytes of the bundle", header.total);
    } else {
        r = rt_bundle_open(data, sizeof(start) + rest, flags, error, ret_bundle);
    }
    if (r < 0) {
        free(data);
        return r;
    }
    (*ret_bundle)->owned = data;
    return 0;
}

struct rt_bundle *rt_bundle_destroy(struct rt_bundle *bundle)
{
    if (bundle != NULL) {
        rt_manifest_destroy(bundle->manifest);
        free(bundle->owned);
        free(bundle);
    }
    return NULL;
}

const struct rt_manifest *rt_bundle_manifest(const struct rt_bundle *bundle)
{
    return bundle->manifest;
}

int rt_bundle_file(const struct rt_bundle *bundle, const char *path, const uint8_t **ret_data,
                   size_t *ret_size)
{
    for (int i = 0; i < bundle->manifest->file_count; i++) {
        const struct rt_manifest_file *file = &bundle->manifest->files[i];
        if (strcmp(file->path, path) == 0) {
            *ret_data = bundle->payload + file->offset;
            *ret_size = file->size;
            return 0;
        }
    }
    return -ENOENT;
}
