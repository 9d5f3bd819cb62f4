/* tls_pem.c - see tls_pem.h. RFC 7468, with the labels that OpenSSL knows. */
#include "tls_pem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char begin_mark[] = "-----BEGIN ", end_mark[] = "-----END ";

/* Of each base64 digit, plus 1. A table, since digits are random and their branches mispredicted. */
static const uint8_t digit_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* The library's decoder takes constant time, for keys, which is ten times as long. These are no secret. */
bool io_pem_decode(uint8_t *bytes, size_t length, size_t *ret_size)
{
    uint32_t bits = 0;
    size_t size = 0, digits = 0, padding = 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t c = bytes[i], value = digit_values[c];
        if (value != 0 && padding == 0) {
            bits = bits << 6 | (value - 1u);
            if (++digits % 4 != 1) {
                bytes[size++] = (uint8_t)(bits >> (8 - digits % 4 * 2) % 8);
            }
        } else if (c == '=') {
            padding++;
        } else if (c != '\n' && c != '\r' && c != ' ' && c != '\t') {
            return false;
        }
    }
    if (digits % 4 == 1 || (digits + padding) % 4 != 0 || padding > 2) {
        return false;
    }
    *ret_size = size;
    return true;
}

ssize_t io_pem_read(int fd, uint8_t *bytes, size_t size, off_t offset)
{
    size_t done = 0;
    while (done < size) {
        ssize_t count = pread(fd, bytes + done, size - done, offset + (off_t)done);
        if (count == 0) {
            break;
        }
        if (count > 0) {
            done += (size_t)count;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return (ssize_t)done;
}

/* A window over the file: the bytes from `at` to `end` are not done yet. */
struct window {
    int fd;
    uint8_t *bytes; /* IO_PEM_CERTIFICATE_MAX */
    size_t at, end;
    off_t offset; /* of bytes[0] in the file */
    bool last;    /* nothing comes after it */
};

/* Moves on, so that the window begins with what is not done. */
static int refill(struct window *window)
{
    memmove(window->bytes, window->bytes + window->at, window->end - window->at);
    window->offset += (off_t)window->at;
    window->end -= window->at;
    window->at = 0;
    size_t space = IO_PEM_CERTIFICATE_MAX - window->end;
    ssize_t count =
        io_pem_read(window->fd, window->bytes + window->end, space, window->offset + (off_t)window->end);
    if (count < 0) {
        return (int)count;
    }
    window->end += (size_t)count;
    window->last = (size_t)count < space || window->offset + (off_t)window->end >= IO_PEM_FILE_MAX;
    return 0;
}

static uint8_t *find(const struct window *window, size_t from, const char *text)
{
    return memmem(window->bytes + from, window->end - from, text, strlen(text));
}

/* After a begin_mark. > 0: the length of the label of a certificate; 0: of something else, -1:
 * of a certificate with more around it, which only OpenSSL reads. */
static int label_length(const uint8_t *label, size_t size)
{
    static const char *const labels[] = {"CERTIFICATE-----", "X509 CERTIFICATE-----",
                                         "TRUSTED CERTIFICATE-----"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        size_t length = strlen(labels[i]);
        if (size >= length && memcmp(label, labels[i], length) == 0) {
            return i < 2 ? (int)length : -1;
        }
    }
    return 0;
}

/* One block, whose begin_mark is at window->at. -EAGAIN: more of the file is needed. */
static int scan_block(struct window *window, io_pem_visit *visit, void *context, size_t *skipped)
{
    enum { LABEL_MAX = 32 };
    size_t label = window->at + sizeof(begin_mark) - 1, size = 0;
    bool whole = window->last || window->at == 0; /* there is nothing to win by moving on */
    if (!whole && window->end - label < LABEL_MAX) {
        return -EAGAIN;
    }
    int length = label_length(window->bytes + label, window->end - label);
    if (length <= 0) {
        *skipped += length < 0;
        window->at = label;
        return 0;
    }
    size_t body = label + (size_t)length;
    uint8_t *stop = find(window, body, "-----");
    size_t rest = stop != NULL ? (size_t)(window->bytes + window->end - stop) : 0;
    if (rest < sizeof(end_mark) - 1 && !whole) {
        return -EAGAIN;
    }
    window->at = stop != NULL ? (size_t)(stop - window->bytes) : body;
    if (rest < sizeof(end_mark) - 1 || memcmp(stop, end_mark, sizeof(end_mark) - 1) != 0 ||
        !io_pem_decode(window->bytes + body, window->at - body, &size)) {
        (*skipped)++;
        return 0;
    }
    struct io_pem_place place = {(uint32_t)(window->offset + (off_t)body), (uint32_t)(window->at - body)};
    return visit(context, window->bytes + body, size, place);
}

int io_pem_scan(int fd, io_pem_visit *visit, void *context, size_t *skipped)
{
    struct window window = {.fd = fd, .bytes = malloc(IO_PEM_CERTIFICATE_MAX)};
    int error = window.bytes == NULL ? -ENOMEM : refill(&window);
    while (error == 0) {
        uint8_t *begin = find(&window, window.at, begin_mark);
        if (begin != NULL) {
            window.at = (size_t)(begin - window.bytes);
            error = scan_block(&window, visit, context, skipped);
            error = error == -EAGAIN ? refill(&window) : error;
            continue;
        }
        if (window.last) {
            break;
        }
        /* The end may be part of a mark. */
        size_t kept = sizeof(begin_mark) - 2;
        window.at = window.end - window.at > kept ? window.end - kept : window.at;
        error = refill(&window);
    }
    free(window.bytes);
    return error;
}
