/* text_codec.c - see text_codec.h. */
#include "text_codec.h"

#include <errno.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD, BYTE_ORDER_MARK = 0xFEFF, LABEL_MAX = 19 };

struct label {
    const char *text;
    enum rt_text_encoding encoding;
};

/* Encoding §4.2, the rows of the four encodings. */
static const struct label labels[] = {
    {"unicode-1-1-utf-8", RT_TEXT_UTF_8},
    {"unicode11utf8", RT_TEXT_UTF_8},
    {"unicode20utf8", RT_TEXT_UTF_8},
    {"utf-8", RT_TEXT_UTF_8},
    {"utf8", RT_TEXT_UTF_8},
    {"x-unicode20utf8", RT_TEXT_UTF_8},
    {"unicodefffe", RT_TEXT_UTF_16BE},
    {"utf-16be", RT_TEXT_UTF_16BE},
    {"csunicode", RT_TEXT_UTF_16LE},
    {"iso-10646-ucs-2", RT_TEXT_UTF_16LE},
    {"ucs-2", RT_TEXT_UTF_16LE},
    {"unicode", RT_TEXT_UTF_16LE},
    {"unicodefeff", RT_TEXT_UTF_16LE},
    {"utf-16", RT_TEXT_UTF_16LE},
    {"utf-16le", RT_TEXT_UTF_16LE},
    {"ansi_x3.4-1968", RT_TEXT_WINDOWS_1252},
    {"ascii", RT_TEXT_WINDOWS_1252},
    {"cp1252", RT_TEXT_WINDOWS_1252},
    {"cp819", RT_TEXT_WINDOWS_1252},
    {"csisolatin1", RT_TEXT_WINDOWS_1252},
    {"ibm819", RT_TEXT_WINDOWS_1252},
    {"iso-8859-1", RT_TEXT_WINDOWS_1252},
    {"iso-ir-100", RT_TEXT_WINDOWS_1252},
    {"iso8859-1", RT_TEXT_WINDOWS_1252},
    {"iso88591", RT_TEXT_WINDOWS_1252},
    {"iso_8859-1", RT_TEXT_WINDOWS_1252},
    {"iso_8859-1:1987", RT_TEXT_WINDOWS_1252},
    {"l1", RT_TEXT_WINDOWS_1252},
    {"latin1", RT_TEXT_WINDOWS_1252},
    {"us-ascii", RT_TEXT_WINDOWS_1252},
    {"windows-1252", RT_TEXT_WINDOWS_1252},
    {"x-cp1252", RT_TEXT_WINDOWS_1252},
};

/* index-windows-1252 for 0x80..0x9F; the rest of the upper half maps to itself. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

static bool is_label_space(char c)
{
    return c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

int rt_text_encoding_find(const char *label, size_t length, enum rt_text_encoding *ret_encoding)
{
    while (length > 0 && is_label_space(label[0])) {
        label++;
        length--;
    }
    while (length > 0 && is_label_space(label[length - 1])) {
        length--;
    }
    if (length == 0 || length > LABEL_MAX) {
        return -ENOENT;
    }
    char lower[LABEL_MAX + 1];
    for (size_t i = 0; i < length; i++) {
        char c = label[i];
        if (c == '\0') {
            return -ENOENT;
        }
        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    lower[length] = '\0';
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (strcmp(labels[i].text, lower) == 0) {
            *ret_encoding = labels[i].encoding;
            return 0;
        }
    }
    return -ENOENT;
}

const char *rt_text_encoding_name(enum rt_text_encoding encoding)
{
    switch (encoding) {
    case RT_TEXT_UTF_8:
        return "utf-8";
    case RT_TEXT_UTF_16LE:
        return "utf-16le";
    case RT_TEXT_UTF_16BE:
        return "utf-16be";
    case RT_TEXT_WINDOWS_1252:
        return "windows-1252";
    }
    return "utf-8";
}

void rt_text_decoder_init(struct rt_text_decoder *decoder, enum rt_text_encoding encoding, bool fatal,
                          bool ignore_bom)
{
    *decoder = (struct rt_text_decoder){.encoding = encoding, .fatal = fatal, .ignore_bom = ignore_bom};
}

void rt_text_decoder_reset(struct rt_text_decoder *decoder)
{
    decoder->started = false;
    decoder->pending_count = 0;
}

/* UTF-8 -------------------------------------------------------------------------------------------- */

enum { SEQUENCE_UNFINISHED = 0, SEQUENCE_MALFORMED = -1 };

/* The sequence at the start of `data` (length > 0): its length if it is well formed; UNFINISHED if the data
 * end inside it; MALFORMED, and then *ret_skip bytes are one maximal subpart (Encoding §8.1.1: a byte that
 * does not continue the sequence is looked at again). */
static int utf8_sequence(const uint8_t *data, size_t length, size_t *ret_skip)
{
    uint8_t lead = data[0];
    uint8_t lower = 0x80, upper = 0xBF;
    size_t need;

    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        need = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        need = 3;
        if (lead == 0xE0) {
            lower = 0xA0;
        } else if (lead == 0xED) {
            upper = 0x9F;
        }
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        need = 4;
        if (lead == 0xF0) {
            lower = 0x90;
        } else if (lead == 0xF4) {
            upper = 0x8F;
        }
    } else {
        *ret_skip = 1;
        return SEQUENCE_MALFORMED;
    }
    for (size_t i = 1; i < need; i++) {
        if (i == length) {
            return SEQUENCE_UNFINISHED;
        }
        if (data[i] < lower || data[i] > upper) {
            *ret_skip = i;
            return SEQUENCE_MALFORMED;
        }
        lower = 0x80;
        upper = 0xBF;
    }
    return (int)need;
}

static size_t ascii_prefix(const uint8_t *data, size_t length)
{
    size_t i = 0;
    while (i + sizeof(uint64_t) <= length) {
        uint64_t word;
        memcpy(&word, data + i, sizeof(word));
        if (word & UINT64_C(0x8080808080808080)) {
            break;
        }
        i += sizeof(word);
    }
    while (i < length && data[i] < 0x80) {
        i++;
    }
    return i;
}

static size_t well_formed_prefix(const uint8_t *data, size_t length)
{
    size_t i = 0, skip;
    for (;;) {
        i += ascii_prefix(data + i, length - i);
        if (i == length) {
            return i;
        }
        int sequence = utf8_sequence(data + i, length - i, &skip);
        if (sequence <= 0) {
            return i;
        }
        i += (size_t)sequence;
    }
}

static size_t put_code_point(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | (c >> 6));
        out[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | (c >> 12));
        out[1] = (uint8_t)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | (c >> 18));
    out[1] = (uint8_t)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (uint8_t)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

static bool starts_with_bom(const uint8_t *text, size_t length)
{
    return length >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF;
}

int rt_text_decode_in_place(struct rt_text_decoder *decoder, const uint8_t *data, size_t length)
{
    if (decoder->encoding != RT_TEXT_UTF_8 || decoder->pending_count > 0 ||
        well_formed_prefix(data, length) != length) {
        return -EAGAIN;
    }
    int skip = 0;
    if (!decoder->started && !decoder->ignore_bom && starts_with_bom(data, length)) {
        skip = 3;
    }
    if (length > 0) {
        decoder->started = true;
    }
    return skip;
}

/* Decoding a chunk --------------------------------------------------------------------------------- */

/* One byte becomes at most three (U+FFFD, or a windows-1252 character); two bytes of UTF-16 at most three.
 * Pending bytes count like new ones. */
size_t rt_text_decode_bound(const struct rt_text_decoder *decoder, size_t length)
{
    size_t total = length + decoder->pending_count;
    if (total > SIZE_MAX / 3 - 8) {
        return 0;
    }
    return total * 3 + 8;
}

/* Where a chunk is decoded to. */
struct output {
    uint8_t *data;
    size_t length;
};

static void emit(struct output *out, uint32_t code_point)
{
    out->length += put_code_point(out->data + out->length, code_point);
}

/* Takes every whole sequence of `data`; returns how many bytes are left unfinished at its end (0..3), or
 * -EILSEQ. */
static int decode_utf8(bool fatal, const uint8_t *data, size_t length, struct output *out)
{
    size_t i = 0;
    for (;;) {
        size_t good = well_formed_prefix(data + i, length - i);
        memcpy(out->data + out->length, data + i, good);
        out->length += good;
        i += good;
        if (i == length) {
            return 0;
        }
        size_t skip = 0;
        if (utf8_sequence(data + i, length - i, &skip) == SEQUENCE_UNFINISHED) {
            return (int)(length - i);
        }
        if (fatal) {
            return -EILSEQ;
        }
        emit(out, REPLACEMENT);
        i += skip;
    }
}

/* The same for UTF-16: 0, 1 (half a unit), 2 (a high surrogate) or 3 bytes (both) are left. */
static int decode_utf16(bool fatal, bool big_endian, const uint8_t *data, size_t length, struct output *out)
{
    size_t i = 0;
    while (length - i >= 2) {
        uint32_t unit =
            big_endian ? (uint32_t)(data[i] << 8 | data[i + 1]) : (uint32_t)(data[i + 1] << 8 | data[i]);
        if (unit < 0xD800 || unit > 0xDFFF) {
            emit(out, unit);
            i += 2;
            continue;
        }
        if (unit <= 0xDBFF) {
            if (length - i < 4) {
                return (int)(length - i);
            }
            uint32_t low = big_endian ? (uint32_t)(data[i + 2] << 8 | data[i + 3])
                                      : (uint32_t)(data[i + 3] << 8 | data[i + 2]);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                emit(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
                i += 4;
                continue;
            }
        }
        if (fatal) {
            return -EILSEQ;
        }
        emit(out, REPLACEMENT);
        i += 2;
    }
    return (int)(length - i);
}

static int decode_windows_1252(const uint8_t *data, size_t length, struct output *out)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = data[i];
        emit(out, byte >= 0x80 && byte <= 0x9F ? windows_1252[byte - 0x80] : byte);
    }
    return 0;
}

static int decode_bytes(const struct rt_text_decoder *decoder, const uint8_t *data, size_t length,
                        struct output *out)
{
    switch (decoder->encoding) {
    case RT_TEXT_UTF_8:
        return decode_utf8(decoder->fatal, data, length, out);
    case RT_TEXT_UTF_16LE:
        return decode_utf16(decoder->fatal, false, data, length, out);
    case RT_TEXT_UTF_16BE:
        return decode_utf16(decoder->fatal, true, data, length, out);
    case RT_TEXT_WINDOWS_1252:
        return decode_windows_1252(data, length, out);
    }
    return 0;
}

/* Finishes the sequence that an earlier chunk began, moving bytes over one by one: at most seven are needed
 * to get past it. Returns how many bytes of `data` it used, or -EILSEQ. */
static int decode_pending(struct rt_text_decoder *decoder, const uint8_t *data, size_t length,
                          struct output *out)
{
    size_t used = 0;
    while (decoder->pending_count > 0 && used < length) {
        decoder->pending[decoder->pending_count++] = data[used++];
        uint8_t bytes[sizeof(decoder->pending)];
        size_t count = decoder->pending_count;
        memcpy(bytes, decoder->pending, count);
        int left = decode_bytes(decoder, bytes, count, out);
        if (left < 0) {
            return left;
        }
        memmove(decoder->pending, bytes + count - (size_t)left, (size_t)left);
        decoder->pending_count = (uint8_t)left;
    }
    return (int)used;
}

int rt_text_decode(struct rt_text_decoder *decoder, const uint8_t *data, size_t length, bool flush,
                   uint8_t *out_data, size_t *ret_length)
{
    struct output out = {out_data, 0};
    int used = decode_pending(decoder, data, length, &out);
    if (used < 0) {
        rt_text_decoder_reset(decoder);
        return used;
    }
    if ((size_t)used < length) {
        int left = decode_bytes(decoder, data + used, length - (size_t)used, &out);
        if (left < 0) {
            rt_text_decoder_reset(decoder);
            return left;
        }
        memcpy(decoder->pending, data + length - (size_t)left, (size_t)left);
        decoder->pending_count = (uint8_t)left;
    }
    if (flush && decoder->pending_count > 0) {
        /* End of input inside a sequence is one error, also for "high surrogate, half a unit". */
        if (decoder->fatal) {
            rt_text_decoder_reset(decoder);
            return -EILSEQ;
        }
        emit(&out, REPLACEMENT);
        decoder->pending_count = 0;
    }
    if (out.length > 0) {
        /* §7.1 "serialize I/O queue": the mark is dropped once, before anything else. Windows-1252 can't
         * produce it. */
        if (!decoder->started && !decoder->ignore_bom && starts_with_bom(out.data, out.length)) {
            out.length -= 3;
            memmove(out.data, out.data + 3, out.length);
        }
        decoder->started = true;
    }
    if (flush) {
        rt_text_decoder_reset(decoder);
    }
    *ret_length = out.length;
    return 0;
}

/* Encoding ----------------------------------------------------------------------------------------- */

static bool is_surrogate(const uint8_t *text, size_t left)
{
    return left >= 3 && text[0] == 0xED && text[1] >= 0xA0;
}

void rt_utf8_replace_surrogates(uint8_t *text, size_t length)
{
    size_t i = 0;
    while (i < length) {
        uint8_t *at = memchr(text + i, 0xED, length - i);
        if (at == NULL) {
            return;
        }
        i = (size_t)(at - text);
        if (is_surrogate(at, length - i)) {
            at[0] = 0xEF;
            at[1] = 0xBF;
            at[2] = 0xBD;
        }
        i++;
    }
}

void rt_utf8_encode_into(const uint8_t *text, size_t length, uint8_t *out, size_t capacity, size_t *ret_read,
                         size_t *ret_written)
{
    size_t i = 0, read = 0, written = 0;
    while (i < length) {
        uint8_t lead = text[i];
        size_t count = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (count > length - i || count > capacity - written) {
            break;
        }
        memcpy(out + written, text + i, count);
        rt_utf8_replace_surrogates(out + written, count);
        i += count;
        written += count;
        read += count == 4 ? 2 : 1;
    }
    *ret_read = read;
    *ret_written = written;
}
