/* manifest_values.c - single values of the manifest: strings, numbers, texts for people, ids, versions; and
 * the errors that name where one stands. See manifest_reader.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "manifest_reader.h"

enum {
    LANGUAGE_MAX = 35,      /* RFC 5646 4.4.1 */
    VERSION_DIGITS_MAX = 9, /* a part fits 32 bits */
};

/* Errors and events -------------------------------------------------------------------------------- */

int manifest_fail(struct manifest_reader *reader, const char *code, const char *format, ...)
{
    char what[128];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    snprintf(reader->error, RT_MANIFEST_ERROR_MAX, "%s: manifest%s%s: %s", code,
             reader->where_length > 0 ? ": " : "", reader->where, what);
    return strcmp(code, "LIMIT") == 0 ? -EFBIG : -EBADMSG;
}

int manifest_next(struct manifest_reader *reader)
{
    int r = rt_json_next(&reader->json, &reader->event);
    if (r < 0) {
        manifest_fail(reader, "BAD_MANIFEST", "%s (byte %zu)", reader->json.error, reader->json.at);
    }
    return r;
}

int manifest_open(struct manifest_reader *reader, enum rt_json_type type)
{
    int r = manifest_next(reader);
    if (r < 0) {
        return r;
    }
    if (reader->event.type != type) {
        return manifest_fail(reader, "BAD_MANIFEST", "must be an %s",
                             type == RT_JSON_OBJECT ? "object" : "array");
    }
    return 0;
}

int manifest_more(struct manifest_reader *reader)
{
    int r = manifest_next(reader);
    if (r < 0) {
        return r;
    }
    return reader->event.type != RT_JSON_OBJECT_END && reader->event.type != RT_JSON_ARRAY_END;
}

size_t manifest_enter_key(struct manifest_reader *reader)
{
    size_t mark = reader->where_length;
    char *out = reader->where + mark;
    size_t left = sizeof(reader->where) - mark;
    if (mark > 0 && left > 1) {
        *out++ = '.';
        left--;
    }
    /* The raw spelling, which has no control characters; what is not ASCII could confuse a terminal. */
    for (size_t i = 0; i < reader->event.length && i < 40 && left > 1; i++, left--) {
        uint8_t byte = reader->event.text[i];
        *out++ = byte < 0x7F ? (char)byte : '?';
    }
    *out = 0;
    reader->where_length = strlen(reader->where);
    return mark;
}

size_t manifest_enter_index(struct manifest_reader *reader, int index)
{
    size_t mark = reader->where_length;
    snprintf(reader->where + mark, sizeof(reader->where) - mark, "[%d]", index);
    reader->where_length = strlen(reader->where);
    return mark;
}

void manifest_leave(struct manifest_reader *reader, size_t mark)
{
    reader->where[mark] = 0;
    reader->where_length = mark;
}

/* Values ------------------------------------------------------------------------------------------- */

int manifest_string(struct manifest_reader *reader, size_t max, const char **ret_text)
{
    if (reader->event.type != RT_JSON_STRING && reader->event.type != RT_JSON_KEY) {
        return manifest_fail(reader, "BAD_MANIFEST", "must be a string");
    }
    size_t length = rt_json_text_length(&reader->event);
    if (length == 0 || length > max) {
        return manifest_fail(reader, "BAD_MANIFEST", "must have 1 to %zu bytes", max);
    }
    if (length + 1 > reader->arena_left) {
        return manifest_fail(reader, "LIMIT", "too many strings");
    }
    rt_json_text_copy(&reader->event, reader->arena);
    reader->arena[length] = 0;
    if (strlen(reader->arena) != length) {
        return manifest_fail(reader, "BAD_MANIFEST", "must not contain U+0000");
    }
    *ret_text = reader->arena;
    reader->arena += length + 1;
    reader->arena_left -= length + 1;
    return 0;
}

int manifest_read_string(struct manifest_reader *reader, size_t max, const char **ret_text)
{
    int r = manifest_next(reader);
    return r < 0 ? r : manifest_string(reader, max, ret_text);
}

int manifest_read_integer(struct manifest_reader *reader, int64_t min, int64_t max, int64_t *ret_value)
{
    int r = manifest_next(reader);
    if (r < 0) {
        return r;
    }
    if (reader->event.type != RT_JSON_INTEGER || reader->event.integer < min || reader->event.integer > max) {
        return manifest_fail(reader, "BAD_MANIFEST", "must be an integer from %lld to %lld", (long long)min,
                             (long long)max);
    }
    *ret_value = reader->event.integer;
    return 0;
}

int manifest_unknown_key(struct manifest_reader *reader)
{
    return manifest_fail(reader, "BAD_MANIFEST", "unknown key");
}

bool manifest_spelt(const char *text, size_t max, const char *first, const char *rest)
{
    size_t length = strlen(text);
    return length > 0 && length <= max && strchr(first, text[0]) != NULL &&
           strspn(text + 1, rest) == length - 1;
}

int manifest_check_hash(struct manifest_reader *reader)
{
    bool ok = reader->event.type == RT_JSON_STRING && reader->event.length == RT_MANIFEST_HASH_LENGTH;
    for (size_t i = 0; ok && i < RT_MANIFEST_HASH_LENGTH; i++) {
        uint8_t byte = reader->event.text[i];
        ok = byte != 0 && strchr(MANIFEST_ALNUM "-_", byte) != NULL;
    }
    return ok ? 0 : manifest_fail(reader, "BAD_MANIFEST", "must be 43 characters of base64url");
}

/* A text that a person is shown: no control characters, at most RT_MANIFEST_TEXT_MAX characters. */
static int read_text(struct manifest_reader *reader, const char **ret_text)
{
    const char *text;
    int r = manifest_read_string(reader, RT_MANIFEST_TEXT_MAX * 4, &text);
    if (r < 0) {
        return r;
    }
    int count = 0;
    for (const char *p = text; *p != 0; p++) {
        uint8_t byte = (uint8_t)p[0], next = (uint8_t)p[1];
        if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next < 0xA0)) {
            return manifest_fail(reader, "BAD_MANIFEST", "must not contain control characters");
        }
        count += (byte & 0xC0) != 0x80;
    }
    if (count > RT_MANIFEST_TEXT_MAX) {
        return manifest_fail(reader, "BAD_MANIFEST", "must have at most %d characters", RT_MANIFEST_TEXT_MAX);
    }
    *ret_text = text;
    return 0;
}

/* "de", "pt-BR", "zh-Hant-TW": the shape only. */
static bool language_ok(const char *text)
{
    if (strlen(text) > LANGUAGE_MAX) {
        return false;
    }
    size_t part = strspn(text, MANIFEST_LOWER);
    if (part < 2 || part > 3) {
        return false;
    }
    for (text += part; *text != 0; text += part) {
        if (*text++ != '-') {
            return false;
        }
        part = strspn(text, MANIFEST_ALNUM);
        if (part < 2 || part > 8) {
            return false;
        }
    }
    return true;
}

/* {"default": text, language: text…}; gives the default. */
int manifest_read_texts(struct manifest_reader *reader, const char **ret_text)
{
    int r = manifest_open(reader, RT_JSON_OBJECT);
    if (r < 0) {
        return r;
    }
    const char *chosen = NULL;
    int count = 0;
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_key(reader);
        if (++count > RT_MANIFEST_LANGUAGES_MAX) {
            return manifest_fail(reader, "LIMIT", "more than %d languages", RT_MANIFEST_LANGUAGES_MAX);
        }
        bool is_default = rt_json_equal(&reader->event, "default");
        const char *key, *text = NULL;
        r = manifest_string(reader, LANGUAGE_MAX, &key);
        if (r == 0 && !is_default && !language_ok(key)) {
            r = manifest_fail(reader, "BAD_MANIFEST", "not \"default\" and not a language such as \"de\"");
        }
        if (r == 0) {
            r = read_text(reader, &text);
        }
        if (r < 0) {
            return r;
        }
        if (is_default) {
            chosen = text;
        }
        manifest_leave(reader, mark);
    }
    if (r == 0 && chosen == NULL) {
        return manifest_fail(reader, "BAD_MANIFEST", "must have \"default\"");
    }
    if (r == 0) {
        *ret_text = chosen;
    }
    return r;
}

/* Reverse DNS: at least two labels of lower-case letters, digits and inner hyphens; the first begins with a
 * letter. */
bool manifest_id_ok(const char *text)
{
    if (strchr(MANIFEST_LOWER, text[0]) == NULL || strlen(text) > RT_MANIFEST_ID_MAX) {
        return false;
    }
    int labels = 0;
    for (;;) {
        size_t length = strspn(text, MANIFEST_LOWER MANIFEST_DIGITS "-");
        if (length == 0 || length > 63 || text[0] == '-' || text[length - 1] == '-') {
            return false;
        }
        labels++;
        if (text[length] == 0) {
            return labels >= 2;
        }
        if (text[length] != '.') {
            return false;
        }
        text += length + 1;
    }
}

/* One number of a version: no leading zero, at most nine digits. Moves *p over it. */
static bool version_part(const char **p, uint32_t *ret_value)
{
    size_t digits = strspn(*p, MANIFEST_DIGITS);
    if (digits == 0 || digits > VERSION_DIGITS_MAX || (digits > 1 && **p == '0')) {
        return false;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (uint32_t)((*p)[i] - '0');
    }
    *p += digits;
    *ret_value = value;
    return true;
}

bool manifest_version_ok(const char *text)
{
    uint32_t ignored;
    for (int part = 0; part < 3; part++) {
        if (part > 0 && *text++ != '.') {
            return false;
        }
        if (!version_part(&text, &ignored)) {
            return false;
        }
    }
    return *text == 0;
}

/* ">=1.2 <2": comparisons that must all hold, each on as many parts as it names. `version` NULL: shape only.
 */
bool manifest_api_fits(const char *text, const uint32_t *version)
{
    bool fits = true;
    for (;;) {
        char relation = *text == '<' || *text == '>' ? *text++ : '=';
        bool or_equal = relation == '=' || *text == '=';
        if (*text == '=') {
            text++;
        }
        int order = 0;
        for (int part = 0;;) {
            uint32_t value;
            if (!version_part(&text, &value)) {
                return false;
            }
            if (version != NULL && order == 0) {
                order = (version[part] > value) - (version[part] < value);
            }
            part++;
            if (*text != '.' || part == 3) {
                break;
            }
            text++;
        }
        fits = fits && (order == 0 ? or_equal : order == (relation == '>' ? 1 : relation == '<' ? -1 : 0));
        if (*text == 0) {
            return version == NULL || fits;
        }
        if (*text++ != ' ') {
            return false;
        }
    }
}
