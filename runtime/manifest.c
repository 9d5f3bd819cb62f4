/* manifest.c - the manifest as a whole: its keys, its two passes; see manifest.h and docs/manifest.md. Two
 * passes over the same bytes: the first checks that they are canonical JSON and counts, so that one
 * allocation holds everything; the second reads in document order, and the first thing wrong is the error.
 * The order of the checks is part of the format, as tools/cli/manifest.ts must find the same error. Not here:
 * files (manifest_files.c), permission rules (manifest_rules.c). */
#include "manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "manifest_reader.h"

enum {
    REASON_KEY_MAX = 32,
    VERSION_MAX = 32, /* three numbers of nine digits */
    API_MAX = 64,
    RULE_OVERHEAD = 64, /* what the text of a rule may be longer than its JSON: the operation's name, "*" */
};

static int read_reasons(struct manifest_reader *reader)
{
    int r = manifest_open(reader, RT_JSON_OBJECT);
    if (r < 0) {
        return r;
    }
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_key(reader);
        if (reader->reason_count == reader->reason_capacity) {
            return manifest_fail(reader, "LIMIT", "too many reasons");
        }
        struct manifest_reason *reason = &reader->reasons[reader->reason_count];
        r = manifest_string(reader, REASON_KEY_MAX, &reason->key);
        if (r == 0 && !manifest_spelt(reason->key, REASON_KEY_MAX, MANIFEST_LOWER, MANIFEST_ALNUM "-_")) {
            r = manifest_fail(reader, "BAD_MANIFEST", "not a key such as \"account\"");
        }
        if (r == 0) {
            r = manifest_read_texts(reader, &reason->text);
        }
        if (r < 0) {
            return r;
        }
        reader->reason_count++;
        manifest_leave(reader, mark);
    }
    return r;
}

static int read_resources(struct manifest_reader *reader)
{
    struct rt_manifest_resources *resources = &reader->manifest->resources;
    const struct {
        const char *key;
        uint32_t *value;
        int64_t max;
    } keys[] = {
        {"cpuPercent", &resources->cpu_percent, 100},
        {"fds", &resources->fds, 65536},
        {"heapKiB", &resources->heap_kib, 4 * 1024 * 1024},
        {"heartbeatMs", &resources->heartbeat_ms, 86400000},
        {"rssKiB", &resources->rss_kib, 4 * 1024 * 1024},
        {"storageKiB", &resources->storage_kib, INT32_MAX},
        {"turnMs", &resources->turn_ms, 86400000},
        {"workers", &resources->workers, 64},
    };
    int r = manifest_open(reader, RT_JSON_OBJECT);
    if (r < 0) {
        return r;
    }
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_key(reader);
        size_t i = 0;
        while (i < sizeof(keys) / sizeof(keys[0]) && !rt_json_equal(&reader->event, keys[i].key)) {
            i++;
        }
        if (i == sizeof(keys) / sizeof(keys[0])) {
            return manifest_unknown_key(reader);
        }
        int64_t value = 0;
        r = manifest_read_integer(reader, 1, keys[i].max, &value);
        if (r < 0) {
            return r;
        }
        *keys[i].value = (uint32_t)value;
        manifest_leave(reader, mark);
    }
    return r;
}

static int read_runtime(struct manifest_reader *reader)
{
    int r = manifest_open(reader, RT_JSON_OBJECT);
    if (r < 0) {
        return r;
    }
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_key(reader);
        if (!rt_json_equal(&reader->event, "api")) {
            return manifest_unknown_key(reader);
        }
        r = manifest_read_string(reader, API_MAX, &reader->manifest->api);
        if (r == 0 && !manifest_api_fits(reader->manifest->api, NULL)) {
            r = manifest_fail(reader, "BAD_MANIFEST", "must be a range of versions such as \">=1.2 <2\"");
        }
        if (r < 0) {
            return r;
        }
        manifest_leave(reader, mark);
    }
    if (r == 0 && reader->manifest->api == NULL) {
        return manifest_fail(reader, "BAD_MANIFEST", "must have \"api\"");
    }
    return r;
}

static int read_type(struct manifest_reader *reader)
{
    int r = manifest_next(reader);
    if (r < 0) {
        return r;
    }
    bool is_string = reader->event.type == RT_JSON_STRING;
    reader->manifest->is_service = is_string && rt_json_equal(&reader->event, "service");
    if (!reader->manifest->is_service && !(is_string && rt_json_equal(&reader->event, "app"))) {
        return manifest_fail(reader, "BAD_MANIFEST", "must be \"app\" or \"service\"");
    }
    return 0;
}

/* {"permissions": …} and the rest of the top level, in the order that canonical form gives. */
static int read_key(struct manifest_reader *reader)
{
    struct rt_manifest *manifest = reader->manifest;
    const struct rt_json_event *key = &reader->event;
    int64_t value = 0;
    int r;
    if (rt_json_equal(key, "counter")) {
        r = manifest_read_integer(reader, 1, RT_JSON_INTEGER_MAX, &value);
        if (r == 0) {
            manifest->counter = (uint64_t)value;
        }
        return r;
    }
    if (rt_json_equal(key, "digest")) {
        r = manifest_next(reader);
        if (r == 0) {
            r = manifest_check_hash(reader);
        }
        if (r == 0) {
            manifest->digest_offset = reader->event.offset + 1;
        }
        return r;
    }
    if (rt_json_equal(key, "entry")) {
        return manifest_read_string(reader, RT_MANIFEST_SIZE_MAX, &manifest->entry);
    }
    if (rt_json_equal(key, "files")) {
        return manifest_read_files(reader);
    }
    if (rt_json_equal(key, "id")) {
        r = manifest_read_string(reader, RT_MANIFEST_ID_MAX, &manifest->id);
        if (r == 0 && !manifest_id_ok(manifest->id)) {
            r = manifest_fail(reader, "BAD_MANIFEST",
                              "must be a reverse domain name such as \"com.example.remote\"");
        }
        return r;
    }
    if (rt_json_equal(key, "manifestVersion")) {
        return manifest_next(reader); /* seen to by the first pass */
    }
    if (rt_json_equal(key, "name")) {
        return manifest_read_texts(reader, &manifest->name);
    }
    if (rt_json_equal(key, "permissions")) {
        reader->has_permissions = true;
        return manifest_read_permissions(reader);
    }
    if (rt_json_equal(key, "reasons")) {
        return read_reasons(reader);
    }
    if (rt_json_equal(key, "resources")) {
        return read_resources(reader);
    }
    if (rt_json_equal(key, "runtime")) {
        return read_runtime(reader);
    }
    if (rt_json_equal(key, "type")) {
        return read_type(reader);
    }
    if (rt_json_equal(key, "version")) {
        r = manifest_read_string(reader, VERSION_MAX, &manifest->version);
        if (r == 0 && !manifest_version_ok(manifest->version)) {
            r = manifest_fail(reader, "BAD_MANIFEST", "must be three numbers such as \"2.4.1\"");
        }
        return r;
    }
    if (key->length > 2 && key->text[0] == 'x' && key->text[1] == '-') {
        r = manifest_next(reader);
        return r < 0 ? r : rt_json_skip(&reader->json, &reader->event);
    }
    return manifest_unknown_key(reader);
}

/* Passes ------------------------------------------------------------------------------------------- */

/* Counts the elements of the array, or keys of the object, that `event` begins; 0 for anything else. */
static int count_members(struct manifest_reader *reader, struct rt_json_event container, int *ret_count)
{
    int count = 0;
    if (container.type != RT_JSON_ARRAY && container.type != RT_JSON_OBJECT) {
        *ret_count = 0;
        return 0;
    }
    int r;
    while ((r = manifest_more(reader)) > 0) {
        count++;
        if (container.type == RT_JSON_OBJECT) {
            r = manifest_next(reader);
        }
        if (r < 0 || (r = rt_json_skip(&reader->json, &reader->event)) < 0) {
            break;
        }
    }
    *ret_count = count;
    return r;
}

static int count_rules(struct manifest_reader *reader, struct rt_json_event container)
{
    if (container.type != RT_JSON_OBJECT) {
        return rt_json_skip(&reader->json, &container);
    }
    int r;
    while ((r = manifest_more(reader)) > 0) {
        int count;
        r = manifest_next(reader);
        if (r == 0) {
            r = count_members(reader, reader->event, &count);
        }
        if (r < 0) {
            break;
        }
        reader->rule_capacity += count;
    }
    return r;
}

/* The first pass: that everything is canonical JSON, the version, and how much there is of what. */
static int survey(struct manifest_reader *reader)
{
    int64_t version = 0;
    int r = manifest_open(reader, RT_JSON_OBJECT);
    while (r == 0 && (r = manifest_more(reader)) > 0) {
        struct rt_json_event key = reader->event;
        r = manifest_next(reader);
        if (r < 0) {
            break;
        }
        if (rt_json_equal(&key, "files")) {
            r = count_members(reader, reader->event, &reader->file_capacity);
        } else if (rt_json_equal(&key, "permissions")) {
            r = count_rules(reader, reader->event);
        } else if (rt_json_equal(&key, "reasons")) {
            r = count_members(reader, reader->event, &reader->reason_capacity);
        } else {
            if (rt_json_equal(&key, "manifestVersion") && reader->event.type == RT_JSON_INTEGER) {
                version = reader->event.integer;
            }
            r = rt_json_skip(&reader->json, &reader->event);
        }
    }
    if (r == 0) {
        r = manifest_next(reader); /* the end of the text */
    }
    if (r < 0) {
        if (reader->json.error != NULL) { /* rt_json_skip() says nothing itself */
            manifest_fail(reader, "BAD_MANIFEST", "%s (byte %zu)", reader->json.error, reader->json.at);
        }
        return r;
    }
    if (version != 1) {
        return manifest_fail(reader, "BAD_MANIFEST", "manifestVersion must be 1");
    }
    if (reader->file_capacity > RT_MANIFEST_FILES_MAX) {
        return manifest_fail(reader, "LIMIT", "more than %d files", RT_MANIFEST_FILES_MAX);
    }
    if (reader->rule_capacity > RT_MANIFEST_RULES_MAX) {
        return manifest_fail(reader, "LIMIT", "more than %d permission rules", RT_MANIFEST_RULES_MAX);
    }
    if (reader->reason_capacity > RT_MANIFEST_REASONS_MAX) {
        return manifest_fail(reader, "LIMIT", "more than %d reasons", RT_MANIFEST_REASONS_MAX);
    }
    return 0;
}

/* What can only be told at the end: keys that are missing, and names that point at something. */
static int check_whole(struct manifest_reader *reader)
{
    struct rt_manifest *manifest = reader->manifest;
    const char *missing = manifest->counter == 0         ? "counter"
                          : manifest->digest_offset == 0 ? "digest"
                          : manifest->entry == NULL      ? "entry"
                          : manifest->id == NULL         ? "id"
                          : manifest->name == NULL       ? "name"
                          : !reader->has_permissions     ? "permissions"
                          : manifest->version == NULL    ? "version"
                                                         : NULL;
    if (missing != NULL) {
        return manifest_fail(reader, "BAD_MANIFEST", "must have \"%s\"", missing);
    }
    int i = 0;
    while (i < reader->file_count && strcmp(reader->files[i].path, manifest->entry) != 0) {
        i++;
    }
    if (i == reader->file_count) {
        return manifest_fail(reader, "BAD_MANIFEST", "\"entry\" is not one of \"files\"");
    }
    for (int rule = 0; rule < reader->rule_count; rule++) {
        const char *key = reader->rules[rule].reason;
        if (key == NULL) {
            continue;
        }
        i = 0;
        while (i < reader->reason_count && strcmp(reader->reasons[i].key, key) != 0) {
            i++;
        }
        if (i == reader->reason_count) {
            return manifest_fail(reader, "BAD_MANIFEST", "a reason is not one of \"reasons\"");
        }
        reader->rules[rule].reason = reader->reasons[i].text;
    }
    return 0;
}

/* Manifest, arrays and strings in one block, widest alignment first. Strings are at most the text itself, and
 * once more for the rules that are made of them. */
static struct rt_manifest *allocate(struct manifest_reader *reader)
{
    size_t files = (size_t)reader->file_capacity * sizeof(*reader->files);
    size_t rules = (size_t)reader->rule_capacity * sizeof(*reader->rules);
    size_t reasons = (size_t)reader->reason_capacity * sizeof(*reader->reasons);
    size_t head = (sizeof(struct rt_manifest) + 15) / 16 * 16;
    size_t arena = 2 * reader->json.size + (size_t)reader->rule_capacity * RULE_OVERHEAD;
    char *block = calloc(1, head + rules + reasons + files + arena);
    if (block == NULL) {
        return NULL;
    }
    reader->manifest = (struct rt_manifest *)(void *)block;
    reader->rules = (struct rt_manifest_rule *)(void *)(block + head);
    reader->reasons = (struct manifest_reason *)(void *)(block + head + rules);
    reader->files = (struct rt_manifest_file *)(void *)(block + head + rules + reasons);
    reader->arena = block + head + rules + reasons + files;
    reader->arena_left = arena;
    return reader->manifest;
}

int rt_manifest_parse(const uint8_t *data, size_t size, char error[static RT_MANIFEST_ERROR_MAX],
                      struct rt_manifest **ret_manifest)
{
    struct manifest_reader reader = {.error = error};
    if (size > RT_MANIFEST_SIZE_MAX) {
        return manifest_fail(&reader, "LIMIT", "more than %d bytes", RT_MANIFEST_SIZE_MAX);
    }
    rt_json_init(&reader.json, data, size);
    int r = survey(&reader);
    if (r < 0) {
        return r;
    }
    struct rt_manifest *manifest = allocate(&reader);
    if (manifest == NULL) {
        manifest_fail(&reader, "NO_MEMORY", "out of memory");
        return -ENOMEM;
    }
    rt_json_init(&reader.json, data, size);
    r = manifest_open(&reader, RT_JSON_OBJECT);
    while (r == 0 && (r = manifest_more(&reader)) > 0) {
        size_t mark = manifest_enter_key(&reader);
        r = read_key(&reader);
        if (r == 0) {
            manifest_leave(&reader, mark);
        }
    }
    if (r == 0) {
        r = check_whole(&reader);
    }
    if (r < 0) {
        rt_manifest_destroy(manifest);
        return r;
    }
    manifest->files = reader.files;
    manifest->file_count = reader.file_count;
    manifest->rules = reader.rules;
    manifest->rule_count = reader.rule_count;
    *ret_manifest = manifest;
    return 0;
}

struct rt_manifest *rt_manifest_destroy(struct rt_manifest *manifest)
{
    free(manifest);
    return NULL;
}

bool rt_manifest_fits(const struct rt_manifest *manifest, unsigned major, unsigned minor, unsigned patch)
{
    const uint32_t version[3] = {major, minor, patch};
    return manifest->api == NULL || manifest_api_fits(manifest->api, version);
}
