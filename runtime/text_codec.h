/* text_codec.h - bytes to text and back: decoders for the encodings that TextDecoder offers (UTF-8, UTF-16,
 * windows-1252), label lookup, and UTF-8 encoding into a buffer. Pure: no engine, no allocation, no I/O.
 * Not here: the JavaScript side (js_text.c), the other legacy encodings of the standard.
 *
 * Text leaves a decoder as well-formed UTF-8, whatever the encoding of the input, because that is what the
 * engine makes its strings of.
 *
 * Spec: WHATWG Encoding, sections 4 (labels), 8 (UTF-8), 9 (windows-1252), 14.3-14.5 (UTF-16). */
#ifndef CLEAT_TEXT_CODEC_H
#define CLEAT_TEXT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rt_text_encoding {
    RT_TEXT_UTF_8,
    RT_TEXT_UTF_16LE,
    RT_TEXT_UTF_16BE,
    RT_TEXT_WINDOWS_1252,
};

struct rt_text_decoder {
    enum rt_text_encoding encoding;
    bool fatal;      /* malformed input is an error instead of U+FFFD */
    bool ignore_bom; /* a byte order mark is text */
    bool started;    /* the first code point has been seen, so that a later U+FEFF is text */
    uint8_t pending_count;
    uint8_t pending[4]; /* the bytes of an unfinished sequence: at most 3 */
};

/* The encoding of a label ("utf8", "latin1", "UTF-16", …): case and surrounding ASCII whitespace do not
 * matter. 0, or -ENOENT for every other label. */
int rt_text_encoding_find(const char *label, size_t length, enum rt_text_encoding *ret_encoding);
/* "utf-8", "utf-16le", "utf-16be", "windows-1252". */
const char *rt_text_encoding_name(enum rt_text_encoding encoding);

void rt_text_decoder_init(struct rt_text_decoder *decoder, enum rt_text_encoding encoding, bool fatal,
                          bool ignore_bom);
/* Forgets unfinished input and the byte order mark; keeps encoding and flags. */
void rt_text_decoder_reset(struct rt_text_decoder *decoder);

/* If this chunk passes through unchanged (UTF-8, nothing pending, well formed to its end), the number of
 * bytes to skip for a byte order mark: 0 or 3, and the decoder moves on. Else -EAGAIN: use
 * rt_text_decode(). Saves the copy in the usual case. */
int rt_text_decode_in_place(struct rt_text_decoder *decoder, const uint8_t *data, size_t length);

/* The most bytes that rt_text_decode() can write for `length` bytes of input; 0 on overflow of size_t. */
size_t rt_text_decode_bound(const struct rt_text_decoder *decoder, size_t length);
/* Decodes one chunk into `out` (at least rt_text_decode_bound() bytes). With `flush` the input ends here and
 * the decoder is reset. 0, or -EILSEQ (fatal and malformed; the decoder is reset). */
int rt_text_decode(struct rt_text_decoder *decoder, const uint8_t *data, size_t length, bool flush,
                   uint8_t *out, size_t *ret_length);

/* The engine hands out lone surrogates as three bytes (ED A0..BF xx); replaces each by U+FFFD, which has
 * three bytes too. */
void rt_utf8_replace_surrogates(uint8_t *text, size_t length);
/* Copies as many whole code points of `text` (UTF-8 as the engine gives it) as fit; lone surrogates become
 * U+FFFD. Returns how many UTF-16 code units were read and bytes written. */
void rt_utf8_encode_into(const uint8_t *text, size_t length, uint8_t *out, size_t capacity, size_t *ret_read,
                         size_t *ret_written);

#endif
