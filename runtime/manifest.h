/* manifest.h - the manifest of an app bundle: reading and checking it. Pure: bytes in, struct out, no I/O, no
 * engine. The keys, limits and rule objects are described in docs/manifest.md. Not here: the container and
 * the hashes of the files (bundle.h), what a permission rule means (permission.h).
 *
 * Only the canonical byte form is accepted (json.h), so that one manifest has one hash. */
#ifndef CLEAT_MANIFEST_H
#define CLEAT_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RT_MANIFEST_SIZE_MAX = 32768,   /* bytes: read and held whole, before anything in the bundle is trusted */
    RT_MANIFEST_FILES_MAX = 512,    /* bounds the pairwise path checks */
    RT_MANIFEST_RULES_MAX = 256,    /* permission rules of all operations; below RT_RULES_MAX */
    RT_MANIFEST_REASONS_MAX = 64,   /* texts that permission questions may show */
    RT_MANIFEST_LANGUAGES_MAX = 64, /* translations of one text */
    RT_MANIFEST_TEXT_MAX = 120,     /* characters of a text that a person is shown */
    RT_MANIFEST_ID_MAX = 128,       /* bytes */
    RT_MANIFEST_PATH_DEPTH_MAX = 8, /* components of a file path */
    RT_MANIFEST_COMPONENT_MAX = 64, /* bytes of one component */
    RT_MANIFEST_HASH_LENGTH = 43,   /* base64url of 32 bytes, no padding */
    RT_MANIFEST_ERROR_MAX = 320,
};

/* All strings and arrays belong to the manifest and end with it. */
struct rt_manifest_file {
    const char *path;
    uint32_t size;
    uint32_t offset; /* in the payload */
    char hash[RT_MANIFEST_HASH_LENGTH + 1];
};

struct rt_manifest_rule {
    const char *text;   /* in the grammar of --allow, for rt_permissions_declare() */
    const char *reason; /* what the app says it is for, in its default language; NULL: nothing */
};

/* Ceilings that the app asks for; 0: not given. */
struct rt_manifest_resources {
    uint32_t heap_kib, rss_kib, fds, cpu_percent, storage_kib, turn_ms, heartbeat_ms, workers;
};

struct rt_manifest {
    const char *id;      /* "com.example.remote" */
    const char *name;    /* in the default language */
    const char *version; /* "2.4.1" */
    uint64_t counter;
    size_t digest_offset; /* where in the text the 43 characters of "digest" begin; bundle.c checks them */
    const char *entry;    /* path of the entry module, always one of the files */
    const char *api;      /* range of runtime versions, e.g. ">=1.2 <2"; NULL: any */
    bool is_service;      /* type "service"; else "app" */
    struct rt_manifest_resources resources;
    const struct rt_manifest_file *files;
    int file_count;
    uint32_t payload_size; /* sum over the files */
    const struct rt_manifest_rule *rules;
    int rule_count;
};

/* Reads and checks a manifest. 0; -EBADMSG (not canonical JSON, or breaks a rule); -EFBIG (a limit); -ENOMEM.
 * `error` then reads "CODE: where: what", CODE being BAD_MANIFEST, BAD_PATH, BAD_SIZE or LIMIT. Keeps no
 * pointer to `data`. Bounded: at most about 160 KiB are allocated, for any input. */
int rt_manifest_parse(const uint8_t *data, size_t size, char error[static RT_MANIFEST_ERROR_MAX],
                      struct rt_manifest **ret_manifest);
struct rt_manifest *rt_manifest_destroy(struct rt_manifest *manifest); /* NULL is fine; returns NULL */

/* Whether a runtime of this version satisfies the manifest's runtime.api. */
bool rt_manifest_fits(const struct rt_manifest *manifest, unsigned major, unsigned minor, unsigned patch);

/* Whether a path may name a file in a bundle: relative, components of [A-Za-z0-9._-], none of them special.
 */
bool rt_manifest_path_ok(const char *path, size_t length);

#endif
