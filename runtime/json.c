/* json.c - canonical JSON, event by event; see json.h. RFC 8785 section 3.2 (with RFC 8259 for the grammar).
 */
#include "json.h"

#include <errno.h>
#include <string.h>

void rt_json_init(struct rt_json *json, const uint8_t *data, size_t size)
{
    memset(json, 0, sizeof(*json));
    json->data = data;
    json->size = size;
}

static int fail(struct rt_json *json, const char *error)
{
    json->error = error;
    return -EBADMSG;
}

/* Length of the UTF-8 sequence at `p` (RFC 3629: shortest form, no surrogates), or 0. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    uint8_t lead = p[0];
    if (lead < 0x80) {
        return 1;
    }
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || left < length) {
        return 0;
    }
    uint8_t low = 0x80, high = 0xBF;
    if (lead == 0xE0) {
        low = 0xA0;
    } else if (lead == 0xED) {
        high = 0x9F;
    } else if (lead == 0xF0) {
        low = 0x90;
    } else if (lead == 0xF4) {
        high = 0x8F;
    }
    if (p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF) {
            return 0;
        }
    }
    return length;
}

/* The value of "00xy" behind "\u", in lower case, or -1: only control characters are ever spelt so. */
static int control_escape(const uint8_t *p, size_t left)
{
    if (left < 4 || p[0] != '0' || p[1] != '0' || (p[2] != '0' && p[2] != '1')) {
        return -1;
    }
    int low = p[3] >= '0' && p[3] <= '9' ? p[3] - '0' : p[3] >= 'a' && p[3] <= 'f' ? p[3] - 'a' + 10 : -1;
    if (low < 0) {
        return -1;
    }
    return (p[2] - '0') * 16 + low;
}

static const char short_escapes[] = "\"\\bfnrt";
static const char short_values[] = "\"\\\b\f\n\r\t";

/* Checks the escape at `at` (behind the backslash) and moves over it. */
static int read_escape(struct rt_json *json)
{
    const uint8_t *p = json->data + json->at;
    size_t left = json->size - json->at;
    if (left == 0) {
        return fail(json, "the text ends inside a string");
    }
    if (p[0] == 'u') {
        int value = control_escape(p + 1, left - 1);
        /* The test for 0 matters: strchr() would find the terminator. */
        if (value < 0 || (value != 0 && strchr(short_values, value) != NULL)) {
            return fail(json, "an escape that is not the shortest form");
        }
        json->at += 5;
        return 0;
    }
    if (p[0] == 0 || strchr(short_escapes, p[0]) == NULL) {
        return fail(json, "an unknown or needless escape");
    }
    json->at++;
    return 0;
}

/* A string whose opening quote is at `at`. */
static int read_string(struct rt_json *json, const uint8_t **ret_text, size_t *ret_length)
{
    size_t start = ++json->at;
    for (;;) {
        if (json->at >= json->size) {
            return fail(json, "the text ends inside a string");
        }
        const uint8_t *p = json->data + json->at;
        if (*p == '"') {
            break;
        }
        if (*p < 0x20) {
            return fail(json, "a control character in a string");
        }
        if (*p == '\\') {
            json->at++;
            int r = read_escape(json);
            if (r < 0) {
                return r;
            }
            continue;
        }
        size_t length = utf8_length(p, json->size - json->at);
        if (length == 0) {
            return fail(json, "invalid UTF-8");
        }
        json->at += length;
    }
    *ret_text = json->data + start;
    *ret_length = json->at - start;
    json->at++;
    return 0;
}

static int read_integer(struct rt_json *json, int64_t *ret_value)
{
    bool negative = json->data[json->at] == '-';
    if (negative) {
        json->at++;
    }
    size_t start = json->at;
    int64_t value = 0;
    while (json->at < json->size && json->data[json->at] >= '0' && json->data[json->at] <= '9') {
        value = value * 10 + (json->data[json->at] - '0');
        if (value > RT_JSON_INTEGER_MAX) {
            return fail(json, "a number beyond 2^53-1");
        }
        json->at++;
    }
    size_t digits = json->at - start;
    if (digits == 0) {
        return fail(json, "a number without digits");
    }
    if (json->data[start] == '0' && (digits > 1 || negative)) {
        return fail(json, "a number with a leading zero or \"-0\"");
    }
    if (json->at < json->size && memchr(".eE", json->data[json->at], 3) != NULL) {
        return fail(json, "a number that is not a plain integer");
    }
    *ret_value = negative ? -value : value;
    return 0;
}

/* The next byte of a checked string with escapes resolved, or -1 at its end. Escapes in canonical text only
 * stand for single ASCII bytes. */
static int decoded_byte(const uint8_t **p, const uint8_t *end)
{
    if (*p == end) {
        return -1;
    }
    uint8_t byte = *(*p)++;
    if (byte != '\\') {
        return byte;
    }
    byte = *(*p)++;
    if (byte == 'u') {
        int value = control_escape(*p, (size_t)(end - *p));
        *p += 4;
        return value;
    }
    return short_values[strchr(short_escapes, byte) - short_escapes];
}

/* Order of UTF-16 code units, from UTF-8: that of the bytes, but characters beyond U+FFFF (lead bytes F0..F4,
 * in UTF-16 surrogates D800..DFFF) come before U+E000..U+FFFF (lead bytes EE, EF). */
static int utf16_rank(int byte)
{
    return byte >= 0xF0 ? 0xED * 8 + 1 + (byte - 0xF0) : byte * 8;
}

static int compare_keys(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    const uint8_t *a_end = a + a_length, *b_end = b + b_length;
    for (;;) {
        int x = decoded_byte(&a, a_end), y = decoded_byte(&b, b_end);
        if (x != y) {
            return x < 0 ? -1 : y < 0 ? 1 : utf16_rank(x) - utf16_rank(y);
        }
        if (x < 0) {
            return 0;
        }
    }
}

static int read_literal(struct rt_json *json, const char *word)
{
    size_t length = strlen(word);
    if (json->size - json->at < length || memcmp(json->data + json->at, word, length) != 0) {
        return fail(json, "an unknown word");
    }
    json->at += length;
    return 0;
}

static int read_value(struct rt_json *json, struct rt_json_event *event)
{
    if (json->at >= json->size) {
        return fail(json, "the text ends where a value should be");
    }
    int r;
    uint8_t byte = json->data[json->at];
    switch (byte) {
    case '{':
    case '[':
        if (json->depth == RT_JSON_DEPTH_MAX) {
            return fail(json, "nested too deep");
        }
        memset(&json->levels[json->depth], 0, sizeof(json->levels[0]));
        json->levels[json->depth].is_object = byte == '{';
        json->levels[json->depth].is_empty = true;
        json->depth++;
        json->at++;
        event->type = byte == '{' ? RT_JSON_OBJECT : RT_JSON_ARRAY;
        return 0;
    case '"':
        event->type = RT_JSON_STRING;
        return read_string(json, &event->text, &event->length);
    case 't':
        event->type = RT_JSON_TRUE;
        r = read_literal(json, "true");
        break;
    case 'f':
        event->type = RT_JSON_FALSE;
        r = read_literal(json, "false");
        break;
    case 'n':
        event->type = RT_JSON_NULL;
        r = read_literal(json, "null");
        break;
    case '-':
    case '0' ... '9':
        event->type = RT_JSON_INTEGER;
        r = read_integer(json, &event->integer);
        break;
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return fail(json, "white space");
    default:
        return fail(json, "not a value");
    }
    return r;
}

static int read_key(struct rt_json *json, struct rt_json_event *event)
{
    if (json->at >= json->size || json->data[json->at] != '"') {
        return fail(json, "a key should be here");
    }
    size_t start = json->at;
    int r = read_string(json, &event->text, &event->length);
    if (r < 0) {
        return r;
    }
    const uint8_t *before = json->levels[json->depth - 1].key;
    if (before != NULL) {
        int order =
            compare_keys(before, json->levels[json->depth - 1].key_length, event->text, event->length);
        if (order >= 0) {
            json->at = start;
            return fail(json, order == 0 ? "a key that occurs twice" : "a key out of order");
        }
    }
    json->levels[json->depth - 1].key = event->text;
    json->levels[json->depth - 1].key_length = event->length;
    if (json->at >= json->size || json->data[json->at] != ':') {
        return fail(json, "a colon should be here");
    }
    json->at++;
    json->levels[json->depth - 1].wants_value = true;
    event->type = RT_JSON_KEY;
    return 0;
}

/* What follows inside an object or array: its end, or the next key or value. */
static int read_inside(struct rt_json *json, struct rt_json_event *event)
{
    bool is_object = json->levels[json->depth - 1].is_object;
    if (json->levels[json->depth - 1].wants_value) {
        json->levels[json->depth - 1].wants_value = false;
        return read_value(json, event);
    }
    if (json->at >= json->size) {
        return fail(json, "the text ends too early");
    }
    if (json->data[json->at] == (is_object ? '}' : ']')) {
        json->at++;
        json->depth--;
        event->type = is_object ? RT_JSON_OBJECT_END : RT_JSON_ARRAY_END;
        return 0;
    }
    if (json->levels[json->depth - 1].is_empty) {
        json->levels[json->depth - 1].is_empty = false;
    } else {
        if (json->data[json->at] != ',') {
            return fail(json, "a comma or the end should be here");
        }
        event->offset = ++json->at;
    }
    return is_object ? read_key(json, event) : read_value(json, event);
}

int rt_json_next(struct rt_json *json, struct rt_json_event *ret_event)
{
    if (json->error != NULL) {
        return -EBADMSG;
    }
    struct rt_json_event event = {.offset = json->at};
    int r;
    if (json->depth > 0) {
        r = read_inside(json, &event);
    } else if (!json->complete) {
        r = read_value(json, &event);
    } else if (json->at < json->size) {
        r = fail(json, "something behind the value");
    } else {
        event.type = RT_JSON_END;
        r = 0;
    }
    if (r < 0) {
        return r;
    }
    if (json->depth == 0) {
        json->complete = true;
    }
    *ret_event = event;
    return 0;
}

int rt_json_skip(struct rt_json *json, const struct rt_json_event *event)
{
    if (event->type != RT_JSON_OBJECT && event->type != RT_JSON_ARRAY) {
        return 0;
    }
    int outer = json->depth - 1;
    struct rt_json_event ignored;
    while (json->depth > outer) {
        int r = rt_json_next(json, &ignored);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

bool rt_json_equal(const struct rt_json_event *event, const char *text)
{
    const uint8_t *p = event->text, *end = p + event->length;
    for (;; text++) {
        int byte = decoded_byte(&p, end);
        if (byte < 0) {
            return *text == 0;
        }
        if (*text == 0 || byte != (uint8_t)*text) {
            return false;
        }
    }
}

size_t rt_json_text_length(const struct rt_json_event *event)
{
    const uint8_t *p = event->text, *end = p + event->length;
    size_t length = 0;
    while (decoded_byte(&p, end) >= 0) {
        length++;
    }
    return length;
}

void rt_json_text_copy(const struct rt_json_event *event, char *out)
{
    const uint8_t *p = event->text, *end = p + event->length;
    for (int byte; (byte = decoded_byte(&p, end)) >= 0;) {
        *out++ = (char)byte;
    }
}
