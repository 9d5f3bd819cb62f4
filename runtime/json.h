/* json.h - a reader of canonical JSON (RFC 8785 without fractions): events, one at a time. Pure; allocates
 * nothing, never recurses. Not here: a general JSON parser (scripts have the engine's), writing.
 *
 * Canonical means that there is exactly one spelling: no white space, keys sorted by UTF-16 code units and
 * never twice, the shortest escapes only, integers only (at most 2^53-1, no "-0"), valid UTF-8 without BOM.
 * Anything else is an error, as is nesting deeper than RT_JSON_DEPTH_MAX. Normalisation form is not looked
 * at: two spellings of "é" are two strings. */
#ifndef CLEAT_JSON_H
#define CLEAT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RT_JSON_DEPTH_MAX = 6 /* a manifest needs 5; bounds the state of the reader */ };
#define RT_JSON_INTEGER_MAX INT64_C(9007199254740991)

enum rt_json_type {
    RT_JSON_OBJECT, /* begins; its keys and values follow, then RT_JSON_OBJECT_END */
    RT_JSON_OBJECT_END,
    RT_JSON_ARRAY,
    RT_JSON_ARRAY_END,
    RT_JSON_KEY,
    RT_JSON_STRING,
    RT_JSON_INTEGER,
    RT_JSON_TRUE,
    RT_JSON_FALSE,
    RT_JSON_NULL,
    RT_JSON_END, /* of the text: the one value is complete */
};

struct rt_json_event {
    enum rt_json_type type;
    size_t offset;       /* where it begins in the text */
    const uint8_t *text; /* KEY, STRING: between the quotes, still escaped */
    size_t length;
    int64_t integer; /* INTEGER */
};

struct rt_json {
    const uint8_t *data;
    size_t size, at;
    const char *error; /* after -EBADMSG: what is wrong, at offset `at` */
    int depth;
    bool complete;
    struct {
        bool is_object, is_empty, wants_value;
        const uint8_t *key; /* the one before, for the order */
        size_t key_length;
    } levels[RT_JSON_DEPTH_MAX];
};

/* `data` stays the caller's and must outlive the reader and its events. */
void rt_json_init(struct rt_json *json, const uint8_t *data, size_t size);
/* The next event. 0, -EBADMSG (then `error` and `at` are set, and every further call gives the same). */
int rt_json_next(struct rt_json *json, struct rt_json_event *ret_event);
/* Reads on to the end of the value that `event` (just read, not a key) begins. 0, -EBADMSG. */
int rt_json_skip(struct rt_json *json, const struct rt_json_event *event);

/* Whether a key or string is this text. */
bool rt_json_equal(const struct rt_json_event *event, const char *text);
/* Length of a key or string in bytes once unescaped, and those bytes (no NUL is added). */
size_t rt_json_text_length(const struct rt_json_event *event);
void rt_json_text_copy(const struct rt_json_event *event, char *out);

#endif
