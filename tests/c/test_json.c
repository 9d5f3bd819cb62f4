/* test_json.c - canonical JSON: what passes, what does not and where, and that every prefix of a text is
 * refused. links: runtime/json.c */
#include "runtime/json.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"

/* Reads a text to its end from a buffer of the exact size (so that a sanitizer sees a read beyond it).
 * Returns the result; the offset of the error. */
static int read_bytes(const char *text, size_t size, size_t *ret_at)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, text, size);
    struct rt_json json;
    struct rt_json_event event = {0};
    rt_json_init(&json, exact, size);
    int r;
    while ((r = rt_json_next(&json, &event)) == 0 && event.type != RT_JSON_END) {
        CHECK(event.offset < size);
        if (event.type == RT_JSON_KEY || event.type == RT_JSON_STRING) {
            size_t length = rt_json_text_length(&event);
            char *copy = malloc(length + 1);
            if (copy == NULL) {
                abort();
            }
            rt_json_text_copy(&event, copy);
            copy[length] = 0;
            CHECK(strlen(copy) != length || rt_json_equal(&event, copy));
            free(copy);
        }
    }
    CHECK(r == 0 || json.error != NULL);
    CHECK(r == 0 || rt_json_next(&json, &event) == -EBADMSG);
    *ret_at = json.at;
    free(exact);
    return r;
}

static int read_text(const char *text)
{
    size_t at;
    return read_bytes(text, strlen(text), &at);
}

static void check_error(const char *text, size_t expected_at)
{
    size_t at = 0;
    int r = read_bytes(text, strlen(text), &at);
    if (r != -EBADMSG || at != expected_at) {
        printf("# %s: %d at %zu\n", text, r, at);
    }
    CHECK(r == -EBADMSG);
    CHECK_INT(at, expected_at);
}

TEST(values_of_every_kind)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "\"\"",
        "0",
        "-1",
        "9007199254740991",
        "-9007199254740991",
        "true",
        "false",
        "null",
        "{\"a\":1,\"b\":[],\"c\":{\"\":null}}",
        "[[[[[[]]]]]]",
        "[1,\"x\",true,{}]",
        "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\"",
        "\"/\x7f\xc2\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK(read_text(texts[i]) == 0);
    }
}

TEST(white_space_is_not_canonical)
{
    check_error(" {}", 0);
    check_error("{ }", 1);
    check_error("{\"a\": 1}", 5);
    check_error("[1, 2]", 3);
    check_error("[1 ,2]", 2);
    check_error("{}\n", 2);
    check_error("\xef\xbb\xbf{}", 0);
}

TEST(numbers_are_integers_of_one_spelling)
{
    static const char *const texts[] = {"-0",
                                        "01",
                                        "-01",
                                        "1.0",
                                        "1.5",
                                        "1e3",
                                        "1E3",
                                        "1e999",
                                        "9007199254740992",
                                        "99999999999999999999999999",
                                        "-",
                                        "+1",
                                        ".5",
                                        "Infinity",
                                        "NaN",
                                        "0x10"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK(read_text(texts[i]) == -EBADMSG);
    }
}

TEST(escapes_are_the_shortest)
{
    static const char *const texts[] = {"\"\\/\"",     "\"\\u0041\"", "\"\\u000a\"", "\"\\u0022\"",
                                        "\"\\u001F\"", "\"\\u007f\"", "\"\\ud800\"", "\"\\x\"",
                                        "\"\\\"",      "\"\\u00\"",   "\"\\u\"",     "\"\\u0008\"",
                                        "\"\\u0009\"", "\"\\u005c\"", "\"\x01\""};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK(read_text(texts[i]) == -EBADMSG);
    }
}

TEST(utf8_is_valid)
{
    static const char *const texts[] = {
        "\"\x80\"",
        "\"\xc0\x80\"",
        "\"\xc1\xbf\"",
        "\"\xc2\"",
        "\"\xe0\x9f\xbf\"",
        "\"\xed\xa0\x80\"",
        "\"\xed\xbf\xbf\"",
        "\"\xe2\x82\"",
        "\"\xf0\x8f\xbf\xbf\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xff\"",
        "\"\xe2\x28\xa1\"",
        "\"\xf0\x90\x28\xbc\"",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK(read_text(texts[i]) == -EBADMSG);
    }
}

TEST(keys_are_sorted_and_single)
{
    check_error("{\"b\":1,\"a\":2}", 7);
    check_error("{\"a\":1,\"a\":2}", 7);
    CHECK(read_text("{\"\":0,\"a\":1,\"aa\":2,\"b\":3}") == 0);
    check_error("{\"aa\":1,\"a\":2}", 8);
    /* An escape sorts as what it stands for: the line feed is U+000A, the backslash U+005C. */
    CHECK(read_text("{\"\\n\":0,\" \":1,\"\\\\\":2,\"]\":3}") == 0);
    check_error("{\"]\":0,\"\\\\\":1}", 7);
    check_error("{\"\\u0001\":0,\"\\u0001\":1}", 12);
    /* UTF-16 order: U+1F600 (D83D...) before U+E000 and U+FFFD, although its UTF-8 is larger. */
    CHECK(read_text("{\"\xf0\x9f\x98\x80\":0,\"\xee\x80\x80\":1,\"\xef\xbf\xbd\":2}") == 0);
    CHECK(read_text(
              "{\"\xed\x9f\xbf\":0,\"\xf0\x90\x80\x80\":1,\"\xf4\x8f\xbf\xbf\":2,\"\xee\x80\x80\":3}") == 0);
    CHECK(read_text("{\"\xee\x80\x80\":1,\"\xf0\x9f\x98\x80\":0}") == -EBADMSG);
    /* The order is per object. */
    CHECK(read_text("[{\"b\":1},{\"a\":1}]") == 0);
    CHECK(read_text("{\"b\":{\"a\":1},\"c\":{\"a\":1}}") == 0);
}

TEST(depth_is_bounded)
{
    check_error("[[[[[[[]]]]]]]", 6);
    check_error("[[[[[[{}]]]]]]", 6);
    char deep[10000];
    memset(deep, '[', sizeof(deep));
    size_t at;
    CHECK(read_bytes(deep, sizeof(deep), &at) == -EBADMSG);
    CHECK_INT(at, RT_JSON_DEPTH_MAX);
}

TEST(structure_errors)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[",
                                        "]",
                                        "}",
                                        "[1,]",
                                        "[,1]",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{\"a\":1,}",
                                        "{,}",
                                        "{1:2}",
                                        "[1 2]",
                                        "[1][2]",
                                        "{}x",
                                        "tru",
                                        "nul",
                                        "truex",
                                        "[true1]",
                                        "{\"a\":1]",
                                        "[1}",
                                        "\"a",
                                        "{\"a\":1\"b\":2}",
                                        "[\"a\":1]"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (read_text(texts[i]) != -EBADMSG) {
            printf("# accepted: %s\n", texts[i]);
            CHECK(false);
        }
    }
}

TEST(every_prefix_is_refused_and_read_within_bounds)
{
    const char *text = "{\"a\":[true,false,null,-12,\"x\\n\\u0001\xf0\x9f\x98\x80\"],\"b\":{\"c\":[]}}";
    size_t at;
    for (size_t size = 0; size < strlen(text); size++) {
        CHECK(read_bytes(text, size, &at) == -EBADMSG);
    }
    CHECK(read_bytes(text, strlen(text), &at) == 0);
}

TEST(skip_ends_behind_the_value)
{
    const char *text = "{\"a\":[1,{\"b\":[2]}],\"c\":3}";
    struct rt_json json;
    struct rt_json_event event;
    rt_json_init(&json, (const uint8_t *)text, strlen(text));
    CHECK(rt_json_next(&json, &event) == 0 && event.type == RT_JSON_OBJECT);
    CHECK(rt_json_next(&json, &event) == 0 && rt_json_equal(&event, "a"));
    CHECK(rt_json_next(&json, &event) == 0 && event.type == RT_JSON_ARRAY);
    CHECK(rt_json_skip(&json, &event) == 0);
    CHECK(rt_json_next(&json, &event) == 0 && rt_json_equal(&event, "c"));
    CHECK(rt_json_next(&json, &event) == 0 && event.type == RT_JSON_INTEGER && event.integer == 3);
    CHECK(rt_json_skip(&json, &event) == 0);
    CHECK(rt_json_next(&json, &event) == 0 && event.type == RT_JSON_OBJECT_END);
    CHECK(rt_json_next(&json, &event) == 0 && event.type == RT_JSON_END);
    CHECK(rt_json_next(&json, &event) == 0 && event.type == RT_JSON_END);
    static const char broken[] = "[{\"a\":[1,]}]";
    rt_json_init(&json, (const uint8_t *)broken, strlen(broken));
    CHECK(rt_json_next(&json, &event) == 0 && event.type == RT_JSON_ARRAY);
    CHECK_INT(rt_json_skip(&json, &event), -EBADMSG);
    CHECK_INT(json.at, 9);
    CHECK(!rt_json_equal(&(struct rt_json_event){.text = (const uint8_t *)"ab", .length = 2}, "a"));
    CHECK(!rt_json_equal(&(struct rt_json_event){.text = (const uint8_t *)"ab", .length = 2}, "abc"));
}

int main(void)
{
    RUN(values_of_every_kind);
    RUN(white_space_is_not_canonical);
    RUN(numbers_are_integers_of_one_spelling);
    RUN(escapes_are_the_shortest);
    RUN(utf8_is_valid);
    RUN(keys_are_sorted_and_single);
    RUN(depth_is_bounded);
    RUN(structure_errors);
    RUN(every_prefix_is_refused_and_read_within_bounds);
    RUN(skip_ends_behind_the_value);
    return check_done();
}
