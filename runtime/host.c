/* host.c - parsing, classifying and printing of hosts (host.h). Host names: RFC 952/1123 letters, digits and
 * hyphens, plus the underscore that the field uses; text forms of addresses: RFC 4291, 4007, 5952; address
 * classes: the address spaces of Local Network Access, with IPv4 embedded in IPv6 (RFC 6052, 3056, 4380)
 * classified as what it embeds. Not here: asking the kernel for its addresses (own_address.c). */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_MAX = 63 };

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* Reading the parts of a socket address ------------------------------------------------------------- */

static const struct sockaddr_in *as_v4(const struct sockaddr *address)
{
    return (const struct sockaddr_in *)(const void *)address;
}

static const struct sockaddr_in6 *as_v6(const struct sockaddr *address)
{
    return (const struct sockaddr_in6 *)(const void *)address;
}

static const uint8_t *address_bytes(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return (const uint8_t *)&as_v4(address)->sin_addr;
    }
    return as_v6(address)->sin6_addr.s6_addr;
}

static uint32_t address_scope(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? as_v6(address)->sin6_scope_id : 0;
}

socklen_t rt_address_length(const struct sockaddr *address)
{
    return address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

uint16_t rt_address_port(const struct sockaddr *address)
{
    return ntohs(address->sa_family == AF_INET ? as_v4(address)->sin_port : as_v6(address)->sin6_port);
}

void rt_address_set_port(struct sockaddr *address, uint16_t port)
{
    if (address->sa_family == AF_INET) {
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
    } else {
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    }
}

bool rt_address_equal(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family) {
        return false;
    }
    size_t size = a->sa_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    return memcmp(address_bytes(a), address_bytes(b), size) == 0 && address_scope(a) == address_scope(b);
}

const char *rt_address_format(const struct sockaddr *address, char out[static RT_ADDRESS_TEXT_MAX])
{
    if ((address->sa_family != AF_INET && address->sa_family != AF_INET6) ||
        inet_ntop(address->sa_family, address_bytes(address), out, RT_ADDRESS_TEXT_MAX) == NULL) {
        out[0] = '\0';
        return out;
    }
    uint32_t scope = address_scope(address);
    if (scope != 0) {
        size_t length = strlen(out);
        char interface[IF_NAMESIZE];
        if (if_indextoname(scope, interface) != NULL) {
            snprintf(out + length, RT_ADDRESS_TEXT_MAX - length, "%%%s", interface);
        } else {
            snprintf(out + length, RT_ADDRESS_TEXT_MAX - length, "%%%u", (unsigned)scope);
        }
    }
    return out;
}

/* Parsing ------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void set_v4(struct rt_host *host, const uint8_t bytes[static 4])
{
    struct sockaddr_in *address = (struct sockaddr_in *)&host->address;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    memcpy(&address->sin_addr, bytes, sizeof(address->sin_addr));
}

/* Four decimal octets without leading zeros, and nothing else. */
static bool parse_v4(const char *text, size_t length, uint8_t ret_bytes[static 4])
{
    uint8_t bytes[4] = {0};
    size_t at = 0;
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (at >= length || text[at++] != '.')) {
            return false;
        }
        size_t start = at;
        unsigned value = 0;
        while (at < length && is_digit(text[at]) && at - start < 3) {
            value = value * 10 + (unsigned)(text[at++] - '0');
        }
        if (at == start || value > 255 || (text[start] == '0' && at - start > 1)) {
            return false;
        }
        bytes[i] = (uint8_t)value;
    }
    if (at != length) {
        return false;
    }
    memcpy(ret_bytes, bytes, sizeof(bytes));
    return true;
}

/* Addresses that mean another host on every link, and so may carry a zone: fe80::/10 and the groups of
 * interface-local and link-local scope (ff01 and ff02 with any flags). */
static bool takes_zone(const struct in6_addr *address)
{
    const uint8_t *b = address->s6_addr;
    return (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
           (b[0] == 0xff && ((b[1] & 0x0f) == 1 || (b[1] & 0x0f) == 2));
}

/* "eth0" or "2". */
static int parse_zone(const char *text, size_t length, uint32_t *ret_index)
{
    char zone[IF_NAMESIZE];
    if (length == 0 || memchr(text, '\0', length) != NULL) {
        return -EINVAL;
    }
    if (length >= sizeof(zone)) {
        return -ENODEV;
    }
    memcpy(zone, text, length);
    zone[length] = '\0';
    unsigned index = if_nametoindex(zone);
    if (index == 0 && strspn(zone, "0123456789") == length && zone[0] != '0' && length < 10) {
        char name[IF_NAMESIZE];
        index = (unsigned)strtoul(zone, NULL, 10);
        if (if_indextoname(index, name) == NULL) {
            return -ENODEV;
        }
    }
    if (index == 0) {
        return -ENODEV;
    }
    *ret_index = index;
    return 0;
}

static int parse_v6(const char *text, size_t length, struct rt_host *host)
{
    const char *percent = memchr(text, '%', length);
    size_t digits = percent != NULL ? (size_t)(percent - text) : length;
    char copy[INET6_ADDRSTRLEN];
    if (digits >= sizeof(copy)) {
        return -EINVAL;
    }
    for (size_t i = 0; i < digits; i++) {
        if (!is_hex(text[i]) && text[i] != ':' && text[i] != '.') {
            return -EINVAL;
        }
    }
    memcpy(copy, text, digits);
    copy[digits] = '\0';
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET6, copy, &address.sin6_addr) != 1) {
        return -EINVAL;
    }
    if (percent != NULL) {
        if (!takes_zone(&address.sin6_addr)) {
            return -EINVAL;
        }
        int error = parse_zone(percent + 1, length - digits - 1, &address.sin6_scope_id);
        if (error < 0) {
            return error;
        }
    }
    if (memcmp(address.sin6_addr.s6_addr, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        set_v4(host, address.sin6_addr.s6_addr + 12);
    } else {
        memcpy(&host->address, &address, sizeof(address));
    }
    return 0;
}

/* Whether resolvers would read the last label, and with it the whole name, as a number: digits, or "0x" and
 * hexadecimal digits. */
static bool ends_in_number(const char *name, size_t length)
{
    size_t start = length;
    while (start > 0 && name[start - 1] != '.') {
        start--;
    }
    const char *label = name + start;
    size_t size = length - start, i = 0;
    if (size >= 2 && label[0] == '0' && label[1] == 'x') {
        for (i = 2; i < size && is_hex(label[i]); i++) {
        }
        return i == size;
    }
    for (i = 0; i < size && is_digit(label[i]); i++) {
    }
    return i == size;
}

/* Writes the canonical name into `out` (RT_HOST_MAX bytes). */
static int parse_name(const char *text, size_t length, char *out)
{
    if (length > 0 && text[length - 1] == '.') {
        length--;
    }
    if (length == 0 || length >= RT_HOST_MAX) {
        return -EINVAL;
    }
    size_t label = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '.') {
            if (label == 0 || text[i - 1] == '-') {
                return -EINVAL;
            }
            label = 0;
            out[i] = c;
            continue;
        }
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        bool letter = (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
        if (!letter && (c != '-' || label == 0)) {
            return -EINVAL;
        }
        if (++label > LABEL_MAX) {
            return -EINVAL;
        }
        out[i] = c;
    }
    if (label == 0 || out[length - 1] == '-' || ends_in_number(out, length)) {
        return -EINVAL;
    }
    out[length] = '\0';
    return 0;
}

int rt_host_parse(const char *text, size_t length, struct rt_host *ret_host)
{
    struct rt_host host = {.is_address = true};
    uint8_t bytes[4];
    int error = 0;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        error = parse_v6(text + 1, length - 2, &host);
    } else if (memchr(text, ':', length) != NULL) {
        error = parse_v6(text, length, &host);
    } else if (parse_v4(text, length, bytes)) {
        set_v4(&host, bytes);
    } else {
        host.is_address = false;
        error = parse_name(text, length, host.name);
    }
    if (error < 0) {
        return error;
    }
    if (host.is_address) {
        rt_address_format((const struct sockaddr *)&host.address, host.name);
    }
    *ret_host = host;
    return 0;
}

/* Classes ------------------------------------------------------------------------------------------- */

struct range {
    uint8_t prefix[12];
    uint8_t length; /* bits */
    uint8_t class;
};

/* The first range that holds the address decides. */
static const struct range v4_ranges[] = {
    {{0}, 8, RT_ADDRESS_LOOPBACK},        /* 0.0.0.0 is this device */
    {{127}, 8, RT_ADDRESS_LOOPBACK},      /* */
    {{198, 18}, 15, RT_ADDRESS_LOOPBACK}, /* benchmarks inside one device or rack, RFC 2544 */
    {{10}, 8, RT_ADDRESS_LOCAL},          /* RFC 1918 */
    {{172, 16}, 12, RT_ADDRESS_LOCAL},    /* */
    {{192, 168}, 16, RT_ADDRESS_LOCAL},   /* */
    {{100, 64}, 10, RT_ADDRESS_LOCAL},    /* shared by a carrier, RFC 6598 */
    {{169, 254}, 16, RT_ADDRESS_LINK_LOCAL},
    {{224}, 4, RT_ADDRESS_MULTICAST},
    {{255, 255, 255, 255}, 32, RT_ADDRESS_BROADCAST},
    {{240}, 4, RT_ADDRESS_RESERVED},
    {{0}, 0, RT_ADDRESS_PUBLIC},
};

/* :: and ::1 are looked at before: no range of 96 bits tells them from the rest of ::/96. */
static const struct range v6_ranges[] = {
    {{0xfe, 0x80}, 10, RT_ADDRESS_LINK_LOCAL},
    {{0xfc}, 7, RT_ADDRESS_LOCAL},                    /* ULA, RFC 4193 */
    {{0xfe, 0xc0}, 10, RT_ADDRESS_LOCAL},             /* former site-local */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, RT_ADDRESS_LOCAL}, /* documentation: never on the internet */
    {{0x3f, 0xff}, 20, RT_ADDRESS_LOCAL},             /* likewise, RFC 9637 */
    {{0xff}, 8, RT_ADDRESS_MULTICAST},
    {{0x20}, 3, RT_ADDRESS_PUBLIC}, /* all of the internet that is assigned */
    {{0}, 0, RT_ADDRESS_RESERVED},
};

/* IPv6 ranges whose addresses stand for an IPv4 address, which starts at byte `at`. */
static const struct {
    uint8_t prefix[12];
    uint8_t length, at;
    bool inverted;
} embeddings[] = {
    {{[10] = 0xff, [11] = 0xff}, 96, 12, false},           /* mapped: ::ffff:192.0.2.1 */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12, false},             /* NAT64, RFC 6052 */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, 12, false}, /* NAT64 of the local network, RFC 8215 */
    {{0x20, 0x02}, 16, 2, false},                          /* 6to4 */
    {{0x20, 0x01, 0x00, 0x00}, 32, 12, true},              /* Teredo: the client behind the relay */
};

static bool has_prefix(const uint8_t *bytes, const uint8_t *prefix, unsigned length)
{
    unsigned whole = length / 8, rest = length % 8;
    if (memcmp(bytes, prefix, whole) != 0) {
        return false;
    }
    return rest == 0 || ((bytes[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static const struct range *find_range(const struct range *range, const uint8_t *bytes)
{
    while (!has_prefix(bytes, range->prefix, range->length)) {
        range++; /* the last range holds everything */
    }
    return range;
}

static enum rt_address_class find_class(const struct range *range, const uint8_t *bytes)
{
    return find_range(range, bytes)->class;
}

bool rt_address_embedded(const struct sockaddr *address, struct sockaddr_in *ret_address)
{
    if (address->sa_family != AF_INET6) {
        return false;
    }
    const uint8_t *bytes = address_bytes(address);
    for (size_t i = 0; i < sizeof(embeddings) / sizeof(embeddings[0]); i++) {
        if (has_prefix(bytes, embeddings[i].prefix, embeddings[i].length)) {
            uint8_t v4[4];
            for (size_t k = 0; k < sizeof(v4); k++) {
                uint8_t byte = bytes[embeddings[i].at + k];
                v4[k] = (uint8_t)(embeddings[i].inverted ? ~byte : byte);
            }
            *ret_address = (struct sockaddr_in){.sin_family = AF_INET};
            memcpy(&ret_address->sin_addr, v4, sizeof(v4));
            return true;
        }
    }
    return false;
}

enum rt_address_class rt_address_classify(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    if (address->sa_family == AF_INET) {
        return find_class(v4_ranges, address_bytes(address));
    }
    if (address->sa_family != AF_INET6) {
        return RT_ADDRESS_RESERVED;
    }
    const struct in6_addr *v6 = &as_v6(address)->sin6_addr;
    if (IN6_IS_ADDR_UNSPECIFIED(v6) || IN6_IS_ADDR_LOOPBACK(v6)) {
        return RT_ADDRESS_LOOPBACK;
    }
    if (rt_address_embedded(address, &v4)) {
        return find_class(v4_ranges, (const uint8_t *)&v4.sin_addr);
    }
    return find_class(v6_ranges, v6->s6_addr);
}

unsigned rt_address_range_bits(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    if (address->sa_family == AF_INET) {
        return find_range(v4_ranges, address_bytes(address))->length;
    }
    const struct in6_addr *v6 = &as_v6(address)->sin6_addr;
    if (IN6_IS_ADDR_UNSPECIFIED(v6) || IN6_IS_ADDR_LOOPBACK(v6) || rt_address_embedded(address, &v4)) {
        return 128;
    }
    return find_range(v6_ranges, v6->s6_addr)->length;
}

bool rt_address_is_unspecified(const struct sockaddr *address)
{
    static const uint8_t zero[16];
    struct sockaddr_in v4;
    if (rt_address_embedded(address, &v4)) {
        return v4.sin_addr.s_addr == 0;
    }
    return memcmp(address_bytes(address), zero, address->sa_family == AF_INET ? 4 : 16) == 0;
}
