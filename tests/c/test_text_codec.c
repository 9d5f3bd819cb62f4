/* test_text_codec.c - decoders against a second implementation (the standard's state machine, one byte at a
 * time), at every chunk boundary; labels, byte order marks, encodeInto. */
/* links: runtime/text_codec.c */
#include "check.h"
#include "runtime/text_codec.h"

#include <errno.h>
#include <stdlib.h>

/* The UTF-8 decoder of Encoding §8.1.1, step by step, into `out` as UTF-8. Returns the length. */
static size_t reference_utf8(const uint8_t *data, size_t length, uint8_t *out)
{
    uint32_t code_point = 0;
    int seen = 0, needed = 0;
    uint8_t lower = 0x80, upper = 0xBF;
    size_t written = 0;
    for (size_t i = 0; i < length;) {
        uint8_t byte = data[i];
        if (needed == 0) {
            i++;
            if (byte <= 0x7F) {
                out[written++] = byte;
            } else if (byte >= 0xC2 && byte <= 0xDF) {
                needed = 1;
                code_point = byte & 0x1F;
            } else if (byte >= 0xE0 && byte <= 0xEF) {
                lower = byte == 0xE0 ? 0xA0 : 0x80;
                upper = byte == 0xED ? 0x9F : 0xBF;
                needed = 2;
                code_point = byte & 0xF;
            } else if (byte >= 0xF0 && byte <= 0xF4) {
                lower = byte == 0xF0 ? 0x90 : 0x80;
                upper = byte == 0xF4 ? 0x8F : 0xBF;
                needed = 3;
                code_point = byte & 0x7;
            } else {
                memcpy(out + written, "\xEF\xBF\xBD", 3);
                written += 3;
            }
            continue;
        }
        if (byte < lower || byte > upper) {
            seen = needed = 0;
            lower = 0x80;
            upper = 0xBF;
            memcpy(out + written, "\xEF\xBF\xBD", 3);
            written += 3;
            continue;
        }
        i++;
        lower = 0x80;
        upper = 0xBF;
        code_point = code_point << 6 | (byte & 0x3F);
        if (++seen == needed) {
            /* Well formed: what came in goes out. */
            memcpy(out + written, data + i - (size_t)needed - 1, (size_t)needed + 1);
            written += (size_t)needed + 1;
            seen = needed = 0;
        }
    }
    if (needed != 0) {
        memcpy(out + written, "\xEF\xBF\xBD", 3);
        written += 3;
    }
    return written;
}

/* Decodes in chunks cut at `first` and `second`, in allocations of exactly the promised size. */
static size_t decode_cut(enum rt_text_encoding encoding, bool ignore_bom, const uint8_t *data, size_t length,
                         size_t first, size_t second, uint8_t *out)
{
    struct rt_text_decoder decoder;
    rt_text_decoder_init(&decoder, encoding, false, ignore_bom);
    size_t cuts[] = {0, first, second, length}, written = 0;
    for (int i = 0; i < 3; i++) {
        size_t chunk = cuts[i + 1] - cuts[i], got = 0;
        uint8_t *in = malloc(chunk + 1), *text = malloc(rt_text_decode_bound(&decoder, chunk));
        memcpy(in, data + cuts[i], chunk);
        CHECK_INT(rt_text_decode(&decoder, in, chunk, i == 2, text, &got), 0);
        memcpy(out + written, text, got);
        written += got;
        free(in);
        free(text);
    }
    return written;
}

static void check_text(enum rt_text_encoding encoding, bool ignore_bom, const char *data, size_t length,
                       const char *expected, size_t expected_length)
{
    for (size_t first = 0; first <= length; first++) {
        for (size_t second = first; second <= length; second++) {
            uint8_t out[256];
            size_t got = decode_cut(encoding, ignore_bom, (const uint8_t *)data, length, first, second, out);
            CHECK_INT(got, expected_length);
            CHECK(got == expected_length && memcmp(out, expected, got) == 0);
        }
    }
}

#define BYTES(text) (text), sizeof(text) - 1
#define FFFD "\xEF\xBF\xBD"

TEST(malformed_utf8_becomes_one_replacement_per_maximal_subpart)
{
    check_text(RT_TEXT_UTF_8, false, BYTES("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"),
               BYTES("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xF0\x9F\x98z"), BYTES(FFFD "z"));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xF0\x9F\x98"), BYTES(FFFD));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xE0\x80\x80"), BYTES(FFFD FFFD FFFD));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xED\xA0\x80"), BYTES(FFFD FFFD FFFD));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xC0\xAF"), BYTES(FFFD FFFD));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xF4\x90\x80\x80"), BYTES(FFFD FFFD FFFD FFFD));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xF5\xFF\x80"), BYTES(FFFD FFFD FFFD));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xE2\xE2\x82\xAC"), BYTES(FFFD "\xE2\x82\xAC"));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xF0\x90\xF0\x90\x80\x80"), BYTES(FFFD "\xF0\x90\x80\x80"));
}

TEST(every_four_bytes_of_the_interesting_values_agree_with_the_state_machine)
{
    static const uint8_t values[] = {0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2,
                                     0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
    enum { COUNT = sizeof(values) };
    for (int n = 0; n < COUNT * COUNT * COUNT * COUNT; n++) {
        uint8_t data[4] = {values[n % COUNT], values[n / COUNT % COUNT], values[n / COUNT / COUNT % COUNT],
                           values[n / COUNT / COUNT / COUNT]};
        uint8_t expected[16], out[64];
        size_t length = reference_utf8(data, 4, expected);
        size_t cut = (size_t)n % 5;
        size_t got = decode_cut(RT_TEXT_UTF_8, true, data, 4, cut, cut, out);
        if (got != length || memcmp(out, expected, length) != 0) {
            CHECK_INT(n, -1);
            return;
        }
    }
    CHECK(true);
}

TEST(a_byte_order_mark_is_dropped_once_and_only_at_the_start)
{
    check_text(RT_TEXT_UTF_8, false, BYTES("\xEF\xBB\xBF\xEF\xBB\xBFz"), BYTES("\xEF\xBB\xBFz"));
    check_text(RT_TEXT_UTF_8, true, BYTES("\xEF\xBB\xBFz"), BYTES("\xEF\xBB\xBFz"));
    check_text(RT_TEXT_UTF_8, false, BYTES("z\xEF\xBB\xBF"), BYTES("z\xEF\xBB\xBF"));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xEF\xBB"), BYTES(FFFD));
    check_text(RT_TEXT_UTF_8, false, BYTES("\xEF\xBB\xBF"), BYTES(""));
    check_text(RT_TEXT_UTF_16LE, false, BYTES("\xFF\xFEz\0"), BYTES("z"));
    check_text(RT_TEXT_UTF_16LE, true, BYTES("\xFF\xFEz\0"), BYTES("\xEF\xBB\xBFz"));
    check_text(RT_TEXT_UTF_16LE, false, BYTES("\xFE\xFFz\0"), BYTES("\xEF\xBF\xBEz"));
    check_text(RT_TEXT_UTF_16BE, false, BYTES("\xFE\xFF\0z\xFE\xFF"), BYTES("z\xEF\xBB\xBF"));
    check_text(RT_TEXT_WINDOWS_1252, false, BYTES("\xEF\xBB\xBF"), BYTES("\xC3\xAF\xC2\xBB\xC2\xBF"));
}

TEST(utf16_surrogates_pair_up_across_chunks_or_are_replaced)
{
    check_text(RT_TEXT_UTF_16LE, false, BYTES("\x3D\xD8\x00\xDEz\0"), BYTES("\xF0\x9F\x98\x80z"));
    check_text(RT_TEXT_UTF_16BE, false, BYTES("\xD8\x3D\xDE\x00\0z"), BYTES("\xF0\x9F\x98\x80z"));
    check_text(RT_TEXT_UTF_16LE, false, BYTES("\x00\xD8z\0"), BYTES(FFFD "z"));
    check_text(RT_TEXT_UTF_16LE, false, BYTES("\x00\xDCz\0"), BYTES(FFFD "z"));
    check_text(RT_TEXT_UTF_16LE, false, BYTES("\x00\xD8\x00\xD8\x00\xDC"), BYTES(FFFD "\xF0\x90\x80\x80"));
    check_text(RT_TEXT_UTF_16LE, false, BYTES("z\0z"), BYTES("z" FFFD));
    check_text(RT_TEXT_UTF_16LE, false, BYTES("\x00\xD8"), BYTES(FFFD));
    check_text(RT_TEXT_UTF_16LE, false, BYTES("\x00\xD8\x00"), BYTES(FFFD)); /* one error, not two */
}

TEST(windows_1252_covers_all_bytes)
{
    check_text(RT_TEXT_WINDOWS_1252, false, BYTES("A\x80\x81\x9F\xA0\xFF"),
               BYTES("A\xE2\x82\xAC\xC2\x81\xC5\xB8\xC2\xA0\xC3\xBF"));
}

TEST(fatal_decoders_fail_and_start_anew)
{
    struct rt_text_decoder decoder;
    uint8_t out[64];
    size_t length = 77;
    rt_text_decoder_init(&decoder, RT_TEXT_UTF_8, true, false);
    CHECK_INT(rt_text_decode(&decoder, (const uint8_t *)"ok\xFF", 3, false, out, &length), -EILSEQ);
    CHECK_INT(length, 77);
    CHECK_INT(rt_text_decode(&decoder, (const uint8_t *)"\xE2\x82", 2, false, out, &length), 0);
    CHECK_INT(length, 0);
    CHECK_INT(rt_text_decode(&decoder, (const uint8_t *)"", 0, true, out, &length), -EILSEQ);
    CHECK_INT(rt_text_decode(&decoder, (const uint8_t *)"\xEF\xBB\xBFz", 4, true, out, &length), 0);
    CHECK(length == 1 && out[0] == 'z');
    rt_text_decoder_init(&decoder, RT_TEXT_UTF_16LE, true, false);
    CHECK_INT(rt_text_decode(&decoder, (const uint8_t *)"\x00\xDC", 2, true, out, &length), -EILSEQ);
    CHECK_INT(rt_text_decode(&decoder, (const uint8_t *)"z", 1, true, out, &length), -EILSEQ);
}

TEST(well_formed_chunks_need_no_copy)
{
    struct rt_text_decoder decoder;
    uint8_t out[64];
    size_t length;
    rt_text_decoder_init(&decoder, RT_TEXT_UTF_8, true, false);
    CHECK_INT(rt_text_decode_in_place(&decoder, (const uint8_t *)"", 0), 0);
    CHECK_INT(rt_text_decode_in_place(&decoder, (const uint8_t *)"\xEF\xBB\xBF\xC3\xA9", 5), 3);
    CHECK_INT(rt_text_decode_in_place(&decoder, (const uint8_t *)"\xEF\xBB\xBFz", 4), 0);
    CHECK_INT(rt_text_decode_in_place(&decoder, (const uint8_t *)"abcdefghi\xC3", 10), -EAGAIN);
    CHECK_INT(rt_text_decode_in_place(&decoder, (const uint8_t *)"abcdefgh\xFF", 9), -EAGAIN);
    CHECK_INT(rt_text_decode(&decoder, (const uint8_t *)"\xC3", 1, false, out, &length), 0);
    CHECK_INT(rt_text_decode_in_place(&decoder, (const uint8_t *)"a", 1), -EAGAIN);
    rt_text_decoder_init(&decoder, RT_TEXT_WINDOWS_1252, false, false);
    CHECK_INT(rt_text_decode_in_place(&decoder, (const uint8_t *)"a", 1), -EAGAIN);
}

TEST(labels_ignore_case_and_surrounding_space_and_nothing_else)
{
    enum rt_text_encoding encoding;
    CHECK_INT(rt_text_encoding_find(BYTES(" \t\r\n\fUtF-8\f"), &encoding), 0);
    CHECK_STR(rt_text_encoding_name(encoding), "utf-8");
    CHECK_INT(rt_text_encoding_find(BYTES("LATIN1"), &encoding), 0);
    CHECK_STR(rt_text_encoding_name(encoding), "windows-1252");
    CHECK_INT(rt_text_encoding_find(BYTES("ucs-2"), &encoding), 0);
    CHECK_STR(rt_text_encoding_name(encoding), "utf-16le");
    CHECK_INT(rt_text_encoding_find(BYTES("unicodeFFFE"), &encoding), 0);
    CHECK_STR(rt_text_encoding_name(encoding), "utf-16be");
    CHECK_INT(rt_text_encoding_find(BYTES("unicode-1-1-utf-8"), &encoding), 0);
    CHECK_INT(rt_text_encoding_find(BYTES(""), &encoding), -ENOENT);
    CHECK_INT(rt_text_encoding_find(BYTES("  "), &encoding), -ENOENT);
    CHECK_INT(rt_text_encoding_find(BYTES("\vutf-8"), &encoding), -ENOENT);
    CHECK_INT(rt_text_encoding_find(BYTES("utf-8\0"), &encoding), -ENOENT);
    CHECK_INT(rt_text_encoding_find(BYTES("utf-8x"), &encoding), -ENOENT);
    CHECK_INT(rt_text_encoding_find(BYTES("utf-7"), &encoding), -ENOENT);
    CHECK_INT(rt_text_encoding_find(BYTES("a-label-longer-than-any-of-the-table"), &encoding), -ENOENT);
}

TEST(encode_into_stops_before_what_does_not_fit)
{
    const uint8_t *text = (const uint8_t *)"a\xC3\xA9\xF0\x9F\x98\x80z";
    uint8_t out[16];
    size_t read, written;
    rt_utf8_encode_into(text, 8, out, 6, &read, &written);
    CHECK(read == 2 && written == 3);
    rt_utf8_encode_into(text, 8, out, 7, &read, &written);
    CHECK(read == 4 && written == 7);
    rt_utf8_encode_into(text, 8, out, 16, &read, &written);
    CHECK(read == 5 && written == 8);
    rt_utf8_encode_into(text, 8, out, 0, &read, &written);
    CHECK(read == 0 && written == 0);
    rt_utf8_encode_into((const uint8_t *)"\xED\xA0\xBDz", 4, out, 4, &read, &written);
    CHECK(read == 2 && written == 4 && memcmp(out, FFFD "z", 4) == 0);
}

TEST(lone_surrogates_are_replaced_in_place)
{
    char text[] = "\xED\x9F\xBF|\xED\xA0\x80|\xED\xBF\xBF|\xED";
    rt_utf8_replace_surrogates((uint8_t *)text, sizeof(text) - 1);
    CHECK_STR(text, "\xED\x9F\xBF|" FFFD "|" FFFD "|\xED");
}

int main(void)
{
    RUN(malformed_utf8_becomes_one_replacement_per_maximal_subpart);
    RUN(every_four_bytes_of_the_interesting_values_agree_with_the_state_machine);
    RUN(a_byte_order_mark_is_dropped_once_and_only_at_the_start);
    RUN(utf16_surrogates_pair_up_across_chunks_or_are_replaced);
    RUN(windows_1252_covers_all_bytes);
    RUN(fatal_decoders_fail_and_start_anew);
    RUN(well_formed_chunks_need_no_copy);
    RUN(labels_ignore_case_and_surrounding_space_and_nothing_else);
    RUN(encode_into_stops_before_what_does_not_fit);
    RUN(lone_surrogates_are_replaced_in_place);
    return check_done();
}
