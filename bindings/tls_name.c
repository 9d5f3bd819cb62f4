/* tls_name.c - see tls_name.h. */
#include "tls_name.h"

#include <arpa/inet.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 253 }; /* of a DNS name, RFC 1035 */

/* Tags of entries that mean something here: context-specific and primitive, nothing else. */
enum {
    TAG_DNS = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_DNS_NAME,
    TAG_IP = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_IP_ADDRESS,
};

struct address {
    uint8_t bytes[16];
    size_t size; /* 0: no address */
};

static struct address parse_address(const char *name)
{
    struct address address = {.size = 0};
    char copy[INET6_ADDRSTRLEN];
    size_t length = strcspn(name, "%");
    if (length >= sizeof(copy)) {
        return address;
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    if (inet_pton(AF_INET6, copy, address.bytes) == 1) {
        address.size = 16;
    } else if (name[length] == '\0' && inet_pton(AF_INET, copy, address.bytes) == 1) {
        address.size = 4;
    }
    return address;
}

bool io_tls_name_is_address(const char *name)
{
    return parse_address(name).size != 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal_without_case(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

/* The length without the last dot; 0 unless every label has a character, and only such as host names have:
 * then nothing odd in a certificate, a NUL or an asterisk, can be equal to it. */
static size_t name_length(const char *name)
{
    size_t length = strlen(name);
    if (length > 0 && name[length - 1] == '.') {
        length--;
    }
    if (length > NAME_MAX_LENGTH) {
        return 0;
    }
    bool label = false;
    for (size_t i = 0; i < length; i++) {
        char c = lower(name[i]);
        if (c == '.' && !label) {
            return 0;
        }
        label = c != '.';
        if (label && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return 0;
        }
    }
    return label ? length : 0;
}

static bool matches_dns(const mbedtls_x509_buf *entry, const char *name, size_t length)
{
    const char *pattern = (const char *)entry->p;
    size_t size = entry->len;
    if (size >= 2 && pattern[0] == '*' && pattern[1] == '.') {
        /* From here on both start with the dot after the label that the asterisk stands for. */
        const char *dot = memchr(name, '.', length);
        if (dot == NULL || memchr(dot + 1, '.', length - (size_t)(dot + 1 - name)) == NULL) {
            return false;
        }
        pattern++;
        size--;
        length -= (size_t)(dot - name);
        name = dot;
    }
    return size == length && equal_without_case(pattern, name, length);
}

bool io_tls_name_matches(const mbedtls_x509_crt *certificate, const char *name)
{
    struct address address = parse_address(name);
    size_t length = address.size == 0 ? name_length(name) : 0;
    if (address.size == 0 && length == 0) {
        return false;
    }
    const mbedtls_x509_sequence *entry = &certificate->subject_alt_names;
    for (; entry != NULL && entry->buf.p != NULL; entry = entry->next) {
        const mbedtls_x509_buf *buffer = &entry->buf;
        if (address.size != 0) {
            if (buffer->tag == TAG_IP && buffer->len == address.size &&
                memcmp(buffer->p, address.bytes, address.size) == 0) {
                return true;
            }
        } else if (buffer->tag == TAG_DNS && matches_dns(buffer, name, length)) {
            return true;
        }
    }
    return false;
}
