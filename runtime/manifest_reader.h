/* manifest_reader.h - what the parts of the manifest parser share: manifest.c (keys, texts), manifest_files.c
 * and manifest_rules.c (permissions). Nobody else includes it. */
#ifndef CLEAT_MANIFEST_READER_H
#define CLEAT_MANIFEST_READER_H

#include "json.h"
#include "manifest.h"

struct manifest_reason {
    const char *key, *text;
};

struct manifest_reader {
    struct rt_json json;
    struct rt_json_event event; /* the one read last */
    char *error;                /* RT_MANIFEST_ERROR_MAX bytes */
    char where[128];            /* "permissions.tcp.connect[2]", for errors */
    size_t where_length;
    struct rt_manifest *manifest;
    struct rt_manifest_file *files; /* the manifest's own arrays, writable; sized by the counting pass */
    struct rt_manifest_rule *rules; /* while reading, reason holds the key into reasons */
    struct manifest_reason *reasons;
    int file_count, rule_count, reason_count;
    int file_capacity, rule_capacity, reason_capacity;
    char *arena; /* room for the strings */
    size_t arena_left;
    bool has_permissions;
};

/* Sets the error text to "code: where: what". Returns -EFBIG for LIMIT, else -EBADMSG. */
int manifest_fail(struct manifest_reader *reader, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The next event, into reader->event. */
int manifest_next(struct manifest_reader *reader);
/* Reads the beginning of an object or array, or fails. */
int manifest_open(struct manifest_reader *reader, enum rt_json_type type);
/* Inside an object: 1 and the key in reader->event, 0 at its end. Inside an array: 1 and the element. */
int manifest_more(struct manifest_reader *reader);

/* Appends ".key" (the key read last) or "[index]" to `where`; returns what manifest_leave() takes. */
size_t manifest_enter_key(struct manifest_reader *reader);
size_t manifest_enter_index(struct manifest_reader *reader, int index);
void manifest_leave(struct manifest_reader *reader, size_t mark);

/* The string read last, NUL-terminated, in the arena. `max` in bytes; a string with NUL inside is refused. */
int manifest_string(struct manifest_reader *reader, size_t max, const char **ret_text);
/* Reads a value that must be a string (same as above) or an integer within bounds. */
int manifest_read_string(struct manifest_reader *reader, size_t max, const char **ret_text);
int manifest_read_integer(struct manifest_reader *reader, int64_t min, int64_t max, int64_t *ret_value);
/* Reads {"default": text, language: text…}; gives the default. */
int manifest_read_texts(struct manifest_reader *reader, const char **ret_text);
/* Whether the value read last is a string shaped like a hash: 0, or fails. */
int manifest_check_hash(struct manifest_reader *reader);
int manifest_unknown_key(struct manifest_reader *reader);

/* The values of "files" (manifest_files.c) and "permissions" (manifest_rules.c). */
int manifest_read_files(struct manifest_reader *reader);
int manifest_read_permissions(struct manifest_reader *reader);

/* Whether text is [first][rest]{0,max-1}, the sets being ASCII characters. */
bool manifest_spelt(const char *text, size_t max, const char *first, const char *rest);
bool manifest_id_ok(const char *text);
bool manifest_version_ok(const char *text);
/* Whether a version lies in a range; `version` NULL: whether it is a range. */
bool manifest_api_fits(const char *text, const uint32_t *version);
#define MANIFEST_LOWER "abcdefghijklmnopqrstuvwxyz"
#define MANIFEST_UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define MANIFEST_DIGITS "0123456789"
#define MANIFEST_ALNUM MANIFEST_LOWER MANIFEST_UPPER MANIFEST_DIGITS

#endif
