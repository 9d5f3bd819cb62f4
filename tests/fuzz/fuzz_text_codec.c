/* fuzz_text_codec.c - decoding in two chunks gives what decoding at once gives, in buffers of exactly the
 * promised size, and what comes out is well-formed UTF-8. First byte: encoding and flags; second: the cut. */
/* links: runtime/text_codec.c */
#include "runtime/text_codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(struct rt_text_decoder *decoder, const uint8_t *data, size_t length, bool flush,
                  uint8_t **ret_text, size_t *ret_length)
{
    uint8_t *text = malloc(rt_text_decode_bound(decoder, length));
    if (text == NULL) {
        abort();
    }
    int error = rt_text_decode(decoder, data, length, flush, text, ret_length);
    *ret_text = text;
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct rt_text_decoder whole, cut, check;
    enum rt_text_encoding encoding = (enum rt_text_encoding)(data[0] & 3);
    rt_text_decoder_init(&whole, encoding, data[0] & 4, data[0] & 8);
    cut = whole;
    rt_text_decoder_init(&check, RT_TEXT_UTF_8, true, true);
    size_t at = data[1];
    data += 2;
    size -= 2;
    at = at < size ? at : size;

    uint8_t *text = NULL, *head = NULL, *tail = NULL;
    size_t length = 0, head_length = 0, tail_length = 0;
    int error = decode(&whole, data, size, true, &text, &length);
    int cut_error = decode(&cut, data, at, false, &head, &head_length);
    if (cut_error == 0) {
        cut_error = decode(&cut, data + at, size - at, true, &tail, &tail_length);
    }
    if (error != cut_error) {
        abort();
    }
    if (error == 0) {
        if (length != head_length + tail_length || memcmp(text, head, head_length) != 0 ||
            memcmp(text + head_length, tail, tail_length) != 0) {
            abort();
        }
        if (rt_text_decode_in_place(&check, text, length) != 0) {
            abort();
        }
        size_t read, written;
        rt_utf8_encode_into(text, length, head, head_length, &read, &written);
        if (written > head_length || read > length) {
            abort();
        }
    }
    free(text);
    free(head);
    free(tail);
    return 0;
}
