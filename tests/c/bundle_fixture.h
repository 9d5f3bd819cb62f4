/* bundle_fixture.h - makes bundles for tests: container, file entries and hashes around the rest of a
 * manifest that the test writes itself. Deliberately does not check anything: most tests want something
 * wrong. */
#ifndef CLEAT_BUNDLE_FIXTURE_H
#define CLEAT_BUNDLE_FIXTURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/sha512.h"

struct fixture_file {
    const char *path, *text;
};

/* Replaced by the hash of the manifest around it. */
#define FIXTURE_DIGEST "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define FIXTURE_BEFORE "\"counter\":1,\"digest\":\"" FIXTURE_DIGEST "\",\"entry\":\"main.js\","

static inline void fixture_hash(const char *text, size_t size, char out[44])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t hash[RT_SHA512_SIZE];
    rt_sha512((const uint8_t *)text, size, hash);
    uint32_t bits = 0;
    int count = 0, used = 0;
    for (int i = 0; used < 43; i++) {
        bits = bits << 8 | (i < 32 ? hash[i] : 0u);
        count += 8;
        while (count >= 6 && used < 43) {
            count -= 6;
            out[used++] = digits[bits >> count & 63];
        }
    }
    out[43] = 0;
}

/* The manifest: `before` and `after` are the keys around "files", e.g. "\"counter\":1," and ",\"id\":…". */
static inline void fixture_manifest(char *out, size_t room, const char *before, const char *after,
                                    const struct fixture_file *files, int count)
{
    size_t used = (size_t)snprintf(out, room, "{%s\"files\":[", before);
    for (int i = 0; i < count; i++) {
        char hash[44];
        fixture_hash(files[i].text, strlen(files[i].text), hash);
        used += (size_t)snprintf(out + used, room - used, "%s{\"h\":\"%s\",\"path\":\"%s\",\"size\":%zu}",
                                 i > 0 ? "," : "", hash, files[i].path, strlen(files[i].text));
    }
    snprintf(out + used, room - used, "]%s}", after);
    char *digest = strstr(out, FIXTURE_DIGEST), hash[44];
    if (digest != NULL) {
        fixture_hash(out, strlen(out), hash);
        memcpy(digest, hash, 43);
    }
}

static inline void fixture_put(uint8_t *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The container around a manifest and a payload, in memory of the exact size that the caller frees. */
static inline uint8_t *fixture_bundle(const char *manifest, const char *payload, size_t *ret_size)
{
    size_t manifest_size = strlen(manifest), payload_size = strlen(payload);
    size_t size = 24 + manifest_size + payload_size;
    uint8_t *bundle = calloc(1, size);
    if (bundle == NULL) {
        abort();
    }
    memcpy(bundle,
           "\x89"
           "FWB\r\n\x1a\n",
           8);
    fixture_put(bundle + 8, 1, 2);
    fixture_put(bundle + 12, (uint32_t)manifest_size, 4);
    fixture_put(bundle + 20, (uint32_t)payload_size, 4);
    memcpy(bundle + 24, manifest, manifest_size);
    memcpy(bundle + 24 + manifest_size, payload, payload_size);
    *ret_size = size;
    return bundle;
}

#define FIXTURE_AFTER                                                                                        \
    ",\"id\":\"com.example.app\",\"manifestVersion\":1,\"name\":{\"default\":\"App\"},\"permissions\":{"     \
    "\"tcp.connect\":[{\"host\":\"example.com\",\"port\":443}]},\"version\":\"1.0.0\""

#endif
