/* tls_certificate.c - see tls_certificate.h. Names: RFC 5280 §4.1.2.4 as RFC 4514 writes them; alternative
 * names: RFC 5280 §4.2.1.6; pins: RFC 7469 §2.4. */
#include "tls_certificate.h"

#include <mbedtls/asn1write.h>
#include <mbedtls/base64.h>
#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Pins ------------------------------------------------------------------------------------------- */

static const char pin_prefix[] = "sha256/";
enum { PIN_PREFIX_LENGTH = sizeof(pin_prefix) - 1, PIN_LENGTH = IO_TLS_PIN_TEXT_SIZE - 1 };

int io_tls_certificate_pin(const mbedtls_x509_crt *certificate, uint8_t ret_pin[static IO_TLS_PIN_SIZE])
{
    uint8_t pin[IO_TLS_PIN_SIZE];
    if (certificate->pk_raw.p == NULL ||
        mbedtls_sha256(certificate->pk_raw.p, certificate->pk_raw.len, pin, 0) != 0) {
        return -EINVAL;
    }
    memcpy(ret_pin, pin, sizeof(pin));
    return 0;
}

int io_tls_pin_parse(const char *text, size_t length, uint8_t ret_pin[static IO_TLS_PIN_SIZE])
{
    uint8_t pin[IO_TLS_PIN_SIZE];
    char again[IO_TLS_PIN_TEXT_SIZE];
    size_t size;
    if (length != PIN_LENGTH || memcmp(text, pin_prefix, PIN_PREFIX_LENGTH) != 0 ||
        mbedtls_base64_decode(pin, sizeof(pin), &size, (const unsigned char *)text + PIN_PREFIX_LENGTH,
                              length - PIN_PREFIX_LENGTH) != 0 ||
        size != sizeof(pin)) {
        return -EINVAL;
    }
    /* The decoder lets pass line ends and bits that mean nothing; a pin has one spelling. */
    if (memcmp(io_tls_pin_format(pin, again), text, length) != 0) {
        return -EINVAL;
    }
    memcpy(ret_pin, pin, sizeof(pin));
    return 0;
}

const char *io_tls_pin_format(const uint8_t pin[static IO_TLS_PIN_SIZE],
                              char out[static IO_TLS_PIN_TEXT_SIZE])
{
    size_t length;
    memcpy(out, pin_prefix, sizeof(pin_prefix));
    mbedtls_base64_encode((unsigned char *)out + PIN_PREFIX_LENGTH, IO_TLS_PIN_TEXT_SIZE - PIN_PREFIX_LENGTH,
                          &length, pin, IO_TLS_PIN_SIZE);
    return out;
}

/* Text ------------------------------------------------------------------------------------------- */

/* A text that grows until it is full, in whole characters. */
struct text {
    char *bytes; /* IO_TLS_NAME_TEXT_SIZE, without a NUL until it is done */
    size_t length;
    bool full;
};

static const char ellipsis[] = "…";
enum { ELLIPSIS_LENGTH = sizeof(ellipsis) - 1, TEXT_MAX = IO_TLS_NAME_TEXT_SIZE - 1 };

static void append(struct text *text, const char *bytes, size_t length)
{
    if (text->full || length > TEXT_MAX - text->length) {
        text->full = true;
        return;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

/* The length of the UTF-8 sequence that `bytes` starts with, 0 if it is none (Unicode, table 3-7). */
static size_t read_character(const uint8_t *bytes, size_t size, uint32_t *ret_code)
{
    uint8_t first = bytes[0];
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 0 || first > 0xf4 || length > size) {
        return 0;
    }
    uint32_t code = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    if ((length == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
        (length == 4 && (code < 0x10000 || code > 0x10ffff))) {
        return 0;
    }
    *ret_code = code;
    return length;
}

/* Controls, and what makes a terminal or a page show characters in another order than they stand in. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

/* Bytes of a certificate as text: "?" for what is no text. With `escape`, as the value of an attribute. */
static void append_text(struct text *text, const uint8_t *bytes, size_t size, bool escape)
{
    for (size_t i = 0; i < size && !text->full;) {
        uint32_t code = 0;
        size_t length = read_character(bytes + i, size - i, &code);
        if (length == 0 || is_control(code)) {
            append(text, "?", 1);
        } else {
            char c = (char)bytes[i];
            bool special = code < 0x80 && (strchr(",=+<>;\"\\", c) != NULL || (i == 0 && c == '#') ||
                                           (c == ' ' && (i == 0 || i == size - 1)));
            if (escape && special) {
                append(text, "\\", 1);
            }
            append(text, (const char *)bytes + i, length);
        }
        i += length > 0 ? length : 1;
    }
}

/* Names ------------------------------------------------------------------------------------------ */

static void append_hex(struct text *text, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size && !text->full; i++) {
        char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        append(text, pair, sizeof(pair));
    }
}

/* "CN=example.com"; "1.2.3.4=#0403616263" where the type or the encoding of the value is not known. */
static void append_attribute(struct text *text, const mbedtls_x509_name *name)
{
    const char *type;
    char number[64]; /* larger than the type of any real attribute */
    int tag = name->val.tag;
    bool readable = tag == MBEDTLS_ASN1_UTF8_STRING || tag == MBEDTLS_ASN1_PRINTABLE_STRING ||
                    tag == MBEDTLS_ASN1_IA5_STRING;
    if (mbedtls_oid_get_attr_short_name(&name->oid, &type) != 0) {
        readable = false;
        type = mbedtls_oid_get_numeric_string(number, sizeof(number), &name->oid) > 0 ? number : "?";
    }
    append(text, type, strlen(type));
    append(text, "=", 1);
    if (readable) {
        append_text(text, name->val.p, name->val.len, true);
        return;
    }
    uint8_t head[8], *start = head + sizeof(head);
    if (mbedtls_asn1_write_len(&start, head, name->val.len) < 0 ||
        mbedtls_asn1_write_tag(&start, head, (unsigned char)tag) < 0) {
        append(text, "?", 1);
        return;
    }
    append(text, "#", 1);
    append_hex(text, start, (size_t)(head + sizeof(head) - start));
    append_hex(text, name->val.p, name->val.len);
}

static size_t format_name(const mbedtls_x509_name *name, char *out)
{
    struct text text = {.bytes = out};
    const char *separator = "";
    for (; name != NULL; name = name->next) {
        if (name->oid.p == NULL) {
            continue;
        }
        size_t before = text.length;
        append(&text, separator, strlen(separator));
        size_t after_separator = text.length;
        append_attribute(&text, name);
        if (text.full || (name->next != NULL && TEXT_MAX - text.length < ELLIPSIS_LENGTH + 3)) {
            /* Before each attribute but the last there is room for " + …". */
            text.length = before;
            text.full = false;
            append(&text, separator, after_separator - before);
            append(&text, ellipsis, ELLIPSIS_LENGTH);
            break;
        }
        separator = name->MBEDTLS_PRIVATE(next_merged) ? " + " : ", ";
    }
    out[text.length] = '\0';
    return text.length;
}

size_t io_tls_certificate_subject(const mbedtls_x509_crt *certificate, char out[static IO_TLS_NAME_TEXT_SIZE])
{
    return format_name(&certificate->subject, out);
}

size_t io_tls_certificate_issuer(const mbedtls_x509_crt *certificate, char out[static IO_TLS_NAME_TEXT_SIZE])
{
    return format_name(&certificate->issuer, out);
}

/* false: not a kind that is shown. */
static bool format_alt_name(const mbedtls_x509_buf *entry, char *out)
{
    static const struct {
        int kind;
        const char *prefix;
    } kinds[] = {
        {MBEDTLS_X509_SAN_DNS_NAME, "DNS:"},
        {MBEDTLS_X509_SAN_IP_ADDRESS, "IP:"},
        {MBEDTLS_X509_SAN_UNIFORM_RESOURCE_IDENTIFIER, "URI:"},
        {MBEDTLS_X509_SAN_RFC822_NAME, "email:"},
    };
    struct text text = {.bytes = out};
    char address[INET6_ADDRSTRLEN];
    size_t i = 0, count = sizeof(kinds) / sizeof(kinds[0]);
    while (i < count && entry->tag != (MBEDTLS_ASN1_CONTEXT_SPECIFIC | kinds[i].kind)) {
        i++;
    }
    if (i == count) {
        return false;
    }
    append(&text, kinds[i].prefix, strlen(kinds[i].prefix));
    if (kinds[i].kind != MBEDTLS_X509_SAN_IP_ADDRESS) {
        append_text(&text, entry->p, entry->len, false);
    } else if (entry->len == 4 || entry->len == 16) {
        inet_ntop(entry->len == 4 ? AF_INET : AF_INET6, entry->p, address, sizeof(address));
        append(&text, address, strlen(address));
    } else {
        return false;
    }
    if (text.full) {
        while (text.length > TEXT_MAX - ELLIPSIS_LENGTH) {
            do { /* a whole character */
                text.length--;
            } while ((out[text.length] & 0xc0) == 0x80);
        }
        text.full = false;
        append(&text, ellipsis, ELLIPSIS_LENGTH);
    }
    out[text.length] = '\0';
    return true;
}

bool io_tls_alt_names_next(struct io_tls_alt_names *names, const mbedtls_x509_crt *certificate,
                           char out[static IO_TLS_NAME_TEXT_SIZE])
{
    while (names->count < IO_TLS_ALT_NAMES_MAX) {
        names->at =
            names->count == 0 && names->at == NULL ? &certificate->subject_alt_names : names->at->next;
        if (names->at == NULL || names->at->buf.p == NULL) {
            names->count = IO_TLS_ALT_NAMES_MAX;
        } else if (format_alt_name(&names->at->buf, out)) {
            names->count++;
            return true;
        }
    }
    return false;
}

/* Validity --------------------------------------------------------------------------------------- */

const char *io_tls_certificate_time(const mbedtls_x509_time *time, char out[static IO_TLS_TIME_TEXT_SIZE])
{
    /* The parser has checked the ranges; the compiler does not know. */
    snprintf(out, IO_TLS_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.000Z", (unsigned)time->year % 10000,
             (unsigned)time->mon % 100, (unsigned)time->day % 100, (unsigned)time->hour % 100,
             (unsigned)time->min % 100, (unsigned)time->sec % 100);
    return out;
}
