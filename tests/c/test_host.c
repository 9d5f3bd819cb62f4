/* links: runtime/host.c runtime/own_address.c */
/* test_host.c - every way to spell a host, with the one verdict that each has; classes of addresses; text
 * form. A spelling that resolvers would read as an address, and we as a name, would pass rules on names: the
 * list of refusals is the point. */
#include "check.h"
#include "runtime/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define N253                                                                                                 \
    L63 "." L63 "." L63 "."                                                                                  \
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

enum verdict { REFUSED, NAME, ADDRESS, NO_DEVICE };

/* An embedded NUL is written with its length. */
struct spelling {
    const char *text;
    enum verdict verdict;
    const char *canonical;
    size_t length; /* 0: strlen(text) */
};

static const struct spelling spellings[] = {
    /* Names */
    {"example.com", NAME, "example.com", 0},
    {"EXAMPLE.COM", NAME, "example.com", 0},
    {"eXaMpLe.CoM.", NAME, "example.com", 0},
    {"example.com.", NAME, "example.com", 0},
    {"localhost", NAME, "localhost", 0},
    {"LOCALHOST", NAME, "localhost", 0},
    {"localhost.", NAME, "localhost", 0},
    {"foo.localhost", NAME, "foo.localhost", 0},
    {"router", NAME, "router", 0},
    {"a", NAME, "a", 0},
    {"a.b", NAME, "a.b", 0},
    {"tv.local", NAME, "tv.local", 0},
    {"TV.Local.", NAME, "tv.local", 0},
    {"_http._tcp.local", NAME, "_http._tcp.local", 0},
    {"under_score.example", NAME, "under_score.example", 0},
    {"_", NAME, "_", 0},
    {"xn--bcher-kva.example", NAME, "xn--bcher-kva.example", 0},
    {"XN--BCHER-KVA.example", NAME, "xn--bcher-kva.example", 0},
    {"a--b.example", NAME, "a--b.example", 0},
    {"1.example", NAME, "1.example", 0},
    {"127.0.0.1.example", NAME, "127.0.0.1.example", 0},
    {"127.0.0.1.nip.io", NAME, "127.0.0.1.nip.io", 0},
    {"1e3", NAME, "1e3", 0},
    {"1a", NAME, "1a", 0},
    {"a1", NAME, "a1", 0},
    {"0xg", NAME, "0xg", 0},
    {"0x7f.1.example", NAME, "0x7f.1.example", 0},
    {"1.2.3.4a", NAME, "1.2.3.4a", 0},
    {"1.2.3.a4", NAME, "1.2.3.a4", 0},
    {"1-2", NAME, "1-2", 0},
    {"deadbeef", NAME, "deadbeef", 0},
    {"fe80", NAME, "fe80", 0},
    {"x0x7f", NAME, "x0x7f", 0},
    {"00x7f", NAME, "00x7f", 0},
    {"0b11", NAME, "0b11", 0},
    {"0o177", NAME, "0o177", 0},
    {"127.0.0.one", NAME, "127.0.0.one", 0},
    {"3com.com", NAME, "3com.com", 0},
    {L63 ".example", NAME, L63 ".example", 0},
    {N253, NAME, N253, 0},
    {N253 ".", NAME, N253, 0},

    /* Not names */
    {"", REFUSED, NULL, 0},
    {".", REFUSED, NULL, 0},
    {"..", REFUSED, NULL, 0},
    {".example.com", REFUSED, NULL, 0},
    {"example..com", REFUSED, NULL, 0},
    {"example.com..", REFUSED, NULL, 0},
    {"-example.com", REFUSED, NULL, 0},
    {"example-.com", REFUSED, NULL, 0},
    {"example.com-", REFUSED, NULL, 0},
    {"example.-com", REFUSED, NULL, 0},
    {"-", REFUSED, NULL, 0},
    {"--help", REFUSED, NULL, 0},
    {L63 "x.example", REFUSED, NULL, 0},
    {N253 "x", REFUSED, NULL, 0},
    {"x" N253 ".", REFUSED, NULL, 0},
    {" example.com", REFUSED, NULL, 0},
    {"example.com ", REFUSED, NULL, 0},
    {"exa mple.com", REFUSED, NULL, 0},
    {"example.com\t", REFUSED, NULL, 0},
    {"example.com\n", REFUSED, NULL, 0},
    {"example.com\r\n", REFUSED, NULL, 0},
    {"\x01", REFUSED, NULL, 0},
    {"\x7f", REFUSED, NULL, 0},
    {"\0", REFUSED, NULL, 1},
    {"example.com\0", REFUSED, NULL, 12},
    {"example.com\0.evil.example", REFUSED, NULL, 25},
    {"example\0.com", REFUSED, NULL, 12},
    {"user@example.com", REFUSED, NULL, 0},
    {"user:pass@example.com", REFUSED, NULL, 0},
    {"@example.com", REFUSED, NULL, 0},
    {"example.com@", REFUSED, NULL, 0},
    {"127.0.0.1@example.com", REFUSED, NULL, 0},
    {"example.com/", REFUSED, NULL, 0},
    {"example.com/path", REFUSED, NULL, 0},
    {"/", REFUSED, NULL, 0},
    {"//example.com", REFUSED, NULL, 0},
    {"http://example.com", REFUSED, NULL, 0},
    {"example.com:80", REFUSED, NULL, 0},
    {":80", REFUSED, NULL, 0},
    {"example.com:", REFUSED, NULL, 0},
    {"example.com?", REFUSED, NULL, 0},
    {"example.com#", REFUSED, NULL, 0},
    {"example.com\\", REFUSED, NULL, 0},
    {"exam%70le.com", REFUSED, NULL, 0},
    {"example%2ecom", REFUSED, NULL, 0},
    {"example.com%", REFUSED, NULL, 0},
    {"example.com%eth0", REFUSED, NULL, 0},
    {"example.com%00", REFUSED, NULL, 0},
    {"%", REFUSED, NULL, 0},
    {"*", REFUSED, NULL, 0},
    {"*.example.com", REFUSED, NULL, 0},
    {"exa*mple.com", REFUSED, NULL, 0},
    {"example,com", REFUSED, NULL, 0},
    {"example;com", REFUSED, NULL, 0},
    {"exam!ple.com", REFUSED, NULL, 0},
    {"exam+ple.com", REFUSED, NULL, 0},
    {"exam=ple.com", REFUSED, NULL, 0},
    {"exam~ple.com", REFUSED, NULL, 0},
    {"(example.com)", REFUSED, NULL, 0},
    {"\"example.com\"", REFUSED, NULL, 0},
    {"'example.com'", REFUSED, NULL, 0},
    {"[example.com]", REFUSED, NULL, 0},
    {"{example}", REFUSED, NULL, 0},
    {"b\xc3\xbc"
     "cher.example",
     REFUSED, NULL, 0},                     /* bücher: U-label */
    {"\xd0\xb0pple.com", REFUSED, NULL, 0}, /* Cyrillic а */
    {"example\xe3\x80\x82"
     "com",
     REFUSED, NULL, 0}, /* ideographic full stop */
    {"example\xef\xbc\x8e"
     "com",
     REFUSED, NULL, 0},                                               /* full-width full stop */
    {"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1", REFUSED, NULL, 0}, /* full-width 127 */
    {"\xe2\x91\xa0.example", REFUSED, NULL, 0},                       /* circled 1 */
    {"exam\xe2\x80\x8bple.com", REFUSED, NULL, 0},                    /* zero-width space */
    {"exam\xc2\xadple.com", REFUSED, NULL, 0},                        /* soft hyphen */
    {"\xe2\x80\xaemoc.elpmaxe", REFUSED, NULL, 0},                    /* right-to-left override */
    {"\xef\xbb\xbf"
     "example.com",
     REFUSED, NULL, 0}, /* byte order mark */
    {"example.com\xff", REFUSED, NULL, 0},
    {"\xc0\xae"
     "com",
     REFUSED, NULL, 0},                          /* overlong encoding of a dot */
    {"K.example\xe2\x84\xaa", REFUSED, NULL, 0}, /* Kelvin sign, lower-cases to k */

    /* IPv4 */
    {"127.0.0.1", ADDRESS, "127.0.0.1", 0},
    {"0.0.0.0", ADDRESS, "0.0.0.0", 0},
    {"255.255.255.255", ADDRESS, "255.255.255.255", 0},
    {"192.0.2.1", ADDRESS, "192.0.2.1", 0},
    {"10.0.0.255", ADDRESS, "10.0.0.255", 0},
    {"239.255.255.250", ADDRESS, "239.255.255.250", 0},

    /* Numbers that resolvers (inet_aton) take for IPv4 */
    {"2130706433", REFUSED, NULL, 0},
    {"017700000001", REFUSED, NULL, 0},
    {"0x7f000001", REFUSED, NULL, 0},
    {"0X7F000001", REFUSED, NULL, 0},
    {"0x7f.1", REFUSED, NULL, 0},
    {"0x7f.0.0.1", REFUSED, NULL, 0},
    {"0x7f.0x0.0x0.0x1", REFUSED, NULL, 0},
    {"127.0.0.0x1", REFUSED, NULL, 0},
    {"127.1", REFUSED, NULL, 0},
    {"127.0.1", REFUSED, NULL, 0},
    {"127", REFUSED, NULL, 0},
    {"0", REFUSED, NULL, 0},
    {"00", REFUSED, NULL, 0},
    {"1", REFUSED, NULL, 0},
    {"0x", REFUSED, NULL, 0},
    {"0x0", REFUSED, NULL, 0},
    {"0177.1", REFUSED, NULL, 0},
    {"0177.0.0.1", REFUSED, NULL, 0},
    {"0177.0.0.01", REFUSED, NULL, 0},
    {"127.0.0.01", REFUSED, NULL, 0},
    {"127.0.0.001", REFUSED, NULL, 0},
    {"127.00.0.1", REFUSED, NULL, 0},
    {"0127.0.0.1", REFUSED, NULL, 0},
    {"127.0.0.1.", REFUSED, NULL, 0},
    {"127.0.0.1..", REFUSED, NULL, 0},
    {".127.0.0.1", REFUSED, NULL, 0},
    {"127..0.1", REFUSED, NULL, 0},
    {"127.0.0", REFUSED, NULL, 0},
    {"127.0.0.", REFUSED, NULL, 0},
    {"127.0.0.1.1", REFUSED, NULL, 0},
    {"1.2.3.4.5", REFUSED, NULL, 0},
    {"256.0.0.1", REFUSED, NULL, 0},
    {"127.0.0.256", REFUSED, NULL, 0},
    {"999.999.999.999", REFUSED, NULL, 0},
    {"127.0.0.1000", REFUSED, NULL, 0},
    {"4294967295", REFUSED, NULL, 0},
    {"4294967296", REFUSED, NULL, 0},
    {"99999999999999999999", REFUSED, NULL, 0},
    {"127.65535", REFUSED, NULL, 0},
    {"-1", REFUSED, NULL, 0},
    {"+127.0.0.1", REFUSED, NULL, 0},
    {"127.0.0.-1", REFUSED, NULL, 0},
    {"127.0.0.1 ", REFUSED, NULL, 0},
    {" 127.0.0.1", REFUSED, NULL, 0},
    {"127.0.0.1 example.com", REFUSED, NULL, 0},
    {"127.0.0.1\0", REFUSED, NULL, 10},
    {"127.0.0.1\n", REFUSED, NULL, 0},
    {"127.0.0.1:80", REFUSED, NULL, 0},
    {"127.0.0.1/8", REFUSED, NULL, 0},
    {"127.0.0.1%lo", REFUSED, NULL, 0},
    {"[127.0.0.1]", REFUSED, NULL, 0},
    {"example.1", REFUSED, NULL, 0},
    {"example.0x1", REFUSED, NULL, 0},
    {"example.0x", REFUSED, NULL, 0},
    {"example.01", REFUSED, NULL, 0},
    {"a.b.c.4", REFUSED, NULL, 0},
    {"foo.1.", REFUSED, NULL, 0},

    /* IPv6 */
    {"::1", ADDRESS, "::1", 0},
    {"[::1]", ADDRESS, "::1", 0},
    {"::", ADDRESS, "::", 0},
    {"0:0:0:0:0:0:0:1", ADDRESS, "::1", 0},
    {"0000:0000:0000:0000:0000:0000:0000:0001", ADDRESS, "::1", 0},
    {"2001:DB8::1", ADDRESS, "2001:db8::1", 0},
    {"2001:0db8:0:0:0:0:0:1", ADDRESS, "2001:db8::1", 0},
    {"2001:db8:0:0:1::1", ADDRESS, "2001:db8::1:0:0:1", 0},
    {"[2001:DB8::1]", ADDRESS, "2001:db8::1", 0},
    {"fe80::1", ADDRESS, "fe80::1", 0},
    {"fe80::1%lo", ADDRESS, "fe80::1%lo", 0},
    {"[fe80::1%lo]", ADDRESS, "fe80::1%lo", 0},
    {"fe80::1%1", ADDRESS, "fe80::1%lo", 0},
    {"ff02::fb%lo", ADDRESS, "ff02::fb%lo", 0},
    {"ff12::1%lo", ADDRESS, "ff12::1%lo", 0},
    {"ff01::1%lo", ADDRESS, "ff01::1%lo", 0},
    {"::ffff:192.0.2.1", ADDRESS, "192.0.2.1", 0},
    {"::FFFF:127.0.0.1", ADDRESS, "127.0.0.1", 0},
    {"::ffff:7f00:1", ADDRESS, "127.0.0.1", 0},
    {"0:0:0:0:0:ffff:7f00:0001", ADDRESS, "127.0.0.1", 0},
    {"[::ffff:10.0.0.1]", ADDRESS, "10.0.0.1", 0},
    {"::127.0.0.1", ADDRESS, NULL, 0}, /* compatible: not IPv4; libraries print it differently */
    {"64:ff9b::192.0.2.1", ADDRESS, "64:ff9b::c000:201", 0},
    {"2002:7f00:1::", ADDRESS, "2002:7f00:1::", 0},
    {"2001::1", ADDRESS, "2001::1", 0},

    /* Not IPv6 */
    {":", REFUSED, NULL, 0},
    {":::", REFUSED, NULL, 0},
    {"1:2", REFUSED, NULL, 0},
    {"::1::", REFUSED, NULL, 0},
    {"1:2:3:4:5:6:7", REFUSED, NULL, 0},
    {"1:2:3:4:5:6:7:8:9", REFUSED, NULL, 0},
    {"1::2::3", REFUSED, NULL, 0},
    {"12345::", REFUSED, NULL, 0},
    {"g::1", REFUSED, NULL, 0},
    {"::1 ", REFUSED, NULL, 0},
    {" ::1", REFUSED, NULL, 0},
    {"::1\0", REFUSED, NULL, 4},
    {"::1.", REFUSED, NULL, 0},
    {"::1/128", REFUSED, NULL, 0},
    {"::ffff:127.1", REFUSED, NULL, 0},
    {"::ffff:0x7f.0.0.1", REFUSED, NULL, 0},
    {"::ffff:127.0.0.01", REFUSED, NULL, 0},
    {"::ffff:256.0.0.1", REFUSED, NULL, 0},
    {"::ffff:127.0.0.1%lo", REFUSED, NULL, 0},
    {"[::1", REFUSED, NULL, 0},
    {"::1]", REFUSED, NULL, 0},
    {"[]", REFUSED, NULL, 0},
    {"[", REFUSED, NULL, 0},
    {"]", REFUSED, NULL, 0},
    {"[[::1]]", REFUSED, NULL, 0},
    {"[::1]:80", REFUSED, NULL, 0},
    {"[::1].", REFUSED, NULL, 0},
    {"[::1]x", REFUSED, NULL, 0},
    {"::1%lo", REFUSED, NULL, 0},
    {"[::1%25lo]", REFUSED, NULL, 0},
    {"2001:db8::1%lo", REFUSED, NULL, 0},
    {"ff05::1%lo", REFUSED, NULL, 0},
    {"ff0e::1%lo", REFUSED, NULL, 0},
    {"fe80::1%", REFUSED, NULL, 0},
    {"fe80::1%lo\0", REFUSED, NULL, 11},
    {"%lo", REFUSED, NULL, 0},
    {"fe80%lo::1", REFUSED, NULL, 0},
    {"1111:2222:3333:4444:5555:6666:7777:888888888888888888", REFUSED, NULL, 0},

    /* Zones that name no interface */
    {"fe80::1%nowhere0", NO_DEVICE, NULL, 0},
    {"fe80::1%25lo", NO_DEVICE, NULL, 0},
    {"[fe80::1%25lo]", NO_DEVICE, NULL, 0},
    {"fe80::1%0", NO_DEVICE, NULL, 0},
    {"fe80::1%01", NO_DEVICE, NULL, 0},
    {"fe80::1%999999", NO_DEVICE, NULL, 0},
    {"fe80::1%4294967297", NO_DEVICE, NULL, 0},
    {"fe80::1%-1", NO_DEVICE, NULL, 0},
    {"fe80::1%lo%lo", NO_DEVICE, NULL, 0},
    {"fe80::1%lo ", NO_DEVICE, NULL, 0},
    {"fe80::1%thisnameistoolongforaninterface", NO_DEVICE, NULL, 0},
};

static const int results[] = {[REFUSED] = -EINVAL, [NAME] = 0, [ADDRESS] = 0, [NO_DEVICE] = -ENODEV};

TEST(every_spelling_has_its_verdict)
{
    int count = (int)(sizeof(spellings) / sizeof(spellings[0]));
    CHECK(count >= 200);
    for (int i = 0; i < count; i++) {
        const struct spelling *spelling = &spellings[i];
        struct rt_host host;
        memset(&host, 0x55, sizeof(host));
        size_t length = spelling->length != 0 ? spelling->length : strlen(spelling->text);
        int result = rt_host_parse(spelling->text, length, &host);
        bool right = result == results[spelling->verdict];
        if (right && result == 0) {
            right = host.is_address == (spelling->verdict == ADDRESS) &&
                    (spelling->canonical == NULL || strcmp(host.name, spelling->canonical) == 0);
        } else if (right) {
            right = host.name[0] == 0x55; /* untouched on failure */
        }
        if (!right) {
            printf("# \"%s\": %d %s\n", spelling->text, result, result == 0 ? host.name : "");
        }
        CHECK(right);
    }
    printf("# %d spellings\n", count);
}

/* What is printed is what is parsed: no canonical form means something else when it is read again. */
TEST(canonical_forms_parse_to_themselves)
{
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        struct rt_host host;
        const char *canonical = spellings[i].canonical;
        if (canonical != NULL) {
            CHECK_INT(rt_host_parse(canonical, strlen(canonical), &host), 0);
            CHECK_STR(host.name, canonical);
        }
    }
}

TEST(the_length_bounds_what_is_read)
{
    struct rt_host host;
    CHECK_INT(rt_host_parse("127.0.0.12", 9, &host), 0);
    CHECK_STR(host.name, "127.0.0.1");
    CHECK_INT(rt_host_parse("example.commerce", 11, &host), 0);
    CHECK_STR(host.name, "example.com");
    CHECK_INT(rt_host_parse("fe80::1%lo0", 10, &host), 0);
    CHECK_STR(host.name, "fe80::1%lo");
}

static struct rt_host parse(const char *text)
{
    struct rt_host host = {0};
    CHECK_INT(rt_host_parse(text, strlen(text), &host), 0);
    return host;
}

TEST(every_range_has_its_class)
{
    static const struct {
        const char *address;
        enum rt_address_class class;
    } rows[] = {
        {"0.0.0.0", RT_ADDRESS_LOOPBACK},
        {"0.255.255.255", RT_ADDRESS_LOOPBACK},
        {"1.0.0.0", RT_ADDRESS_PUBLIC},
        {"9.255.255.255", RT_ADDRESS_PUBLIC},
        {"10.0.0.0", RT_ADDRESS_LOCAL},
        {"10.255.255.255", RT_ADDRESS_LOCAL},
        {"11.0.0.0", RT_ADDRESS_PUBLIC},
        {"100.63.255.255", RT_ADDRESS_PUBLIC},
        {"100.64.0.0", RT_ADDRESS_LOCAL},
        {"100.127.255.255", RT_ADDRESS_LOCAL},
        {"100.128.0.0", RT_ADDRESS_PUBLIC},
        {"126.255.255.255", RT_ADDRESS_PUBLIC},
        {"127.0.0.0", RT_ADDRESS_LOOPBACK},
        {"127.255.255.255", RT_ADDRESS_LOOPBACK},
        {"128.0.0.0", RT_ADDRESS_PUBLIC},
        {"169.253.255.255", RT_ADDRESS_PUBLIC},
        {"169.254.0.0", RT_ADDRESS_LINK_LOCAL},
        {"169.254.169.254", RT_ADDRESS_LINK_LOCAL},
        {"169.255.0.0", RT_ADDRESS_PUBLIC},
        {"172.15.255.255", RT_ADDRESS_PUBLIC},
        {"172.16.0.0", RT_ADDRESS_LOCAL},
        {"172.31.255.255", RT_ADDRESS_LOCAL},
        {"172.32.0.0", RT_ADDRESS_PUBLIC},
        {"192.167.255.255", RT_ADDRESS_PUBLIC},
        {"192.168.0.0", RT_ADDRESS_LOCAL},
        {"192.168.255.255", RT_ADDRESS_LOCAL},
        {"192.169.0.0", RT_ADDRESS_PUBLIC},
        {"198.17.255.255", RT_ADDRESS_PUBLIC},
        {"198.18.0.0", RT_ADDRESS_LOOPBACK},
        {"198.19.255.255", RT_ADDRESS_LOOPBACK},
        {"198.20.0.0", RT_ADDRESS_PUBLIC},
        {"223.255.255.255", RT_ADDRESS_PUBLIC},
        {"224.0.0.0", RT_ADDRESS_MULTICAST},
        {"239.255.255.255", RT_ADDRESS_MULTICAST},
        {"240.0.0.0", RT_ADDRESS_RESERVED},
        {"255.255.255.254", RT_ADDRESS_RESERVED},
        {"255.255.255.255", RT_ADDRESS_BROADCAST},
        {"::", RT_ADDRESS_LOOPBACK},
        {"::1", RT_ADDRESS_LOOPBACK},
        {"::2", RT_ADDRESS_RESERVED},
        {"::127.0.0.1", RT_ADDRESS_RESERVED},
        {"::8.8.8.8", RT_ADDRESS_RESERVED},
        {"100::1", RT_ADDRESS_RESERVED},
        {"1fff::1", RT_ADDRESS_RESERVED},
        {"2000::1", RT_ADDRESS_PUBLIC},
        {"2a00:1450::1", RT_ADDRESS_PUBLIC},
        {"2001:db7::1", RT_ADDRESS_PUBLIC},
        {"2001:db8::1", RT_ADDRESS_LOCAL},
        {"2001:db9::1", RT_ADDRESS_PUBLIC},
        {"3ffe::1", RT_ADDRESS_PUBLIC},
        {"3fff::1", RT_ADDRESS_LOCAL},
        {"3fff:1000::1", RT_ADDRESS_PUBLIC},
        {"4000::1", RT_ADDRESS_RESERVED},
        {"fbff::1", RT_ADDRESS_RESERVED},
        {"fc00::1", RT_ADDRESS_LOCAL},
        {"fdff::1", RT_ADDRESS_LOCAL},
        {"fe00::1", RT_ADDRESS_RESERVED},
        {"fe7f::1", RT_ADDRESS_RESERVED},
        {"fe80::1", RT_ADDRESS_LINK_LOCAL},
        {"febf::1", RT_ADDRESS_LINK_LOCAL},
        {"fec0::1", RT_ADDRESS_LOCAL},
        {"feff::1", RT_ADDRESS_LOCAL},
        {"ff00::1", RT_ADDRESS_MULTICAST},
        {"ff02::fb", RT_ADDRESS_MULTICAST},
        {"64:ff9b::8.8.8.8", RT_ADDRESS_PUBLIC},
        {"64:ff9b::10.0.0.1", RT_ADDRESS_LOCAL},
        {"64:ff9b::127.0.0.1", RT_ADDRESS_LOOPBACK},
        {"64:ff9b::224.0.0.1", RT_ADDRESS_MULTICAST},
        {"64:ff9b::0.0.0.0", RT_ADDRESS_LOOPBACK},
        {"64:ff9b:0:0:0:1:8.8.8.8", RT_ADDRESS_RESERVED},
        {"64:ff9b:1::192.168.1.1", RT_ADDRESS_LOCAL},
        {"64:ff9b:1:fffe::8.8.8.8", RT_ADDRESS_PUBLIC},
        {"64:ff9b:2::8.8.8.8", RT_ADDRESS_RESERVED},
        {"2002:808:808::1", RT_ADDRESS_PUBLIC},
        {"2002:7f00:1::1", RT_ADDRESS_LOOPBACK},
        {"2002:c0a8:101::1", RT_ADDRESS_LOCAL},
        {"2002:a9fe:a9fe::1", RT_ADDRESS_LINK_LOCAL},
        {"2001:0:808:808::f7f7:f7f7", RT_ADDRESS_PUBLIC}, /* client 8.8.8.8, inverted */
        {"2001:0:808:808::f5ff:fffe", RT_ADDRESS_LOCAL},  /* client 10.0.0.1 */
        {"2001:0:808:808::80ff:fffe", RT_ADDRESS_LOOPBACK},
        {"2001:1::8.8.8.8", RT_ADDRESS_PUBLIC},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rt_host host = parse(rows[i].address);
        enum rt_address_class class = rt_address_classify((const struct sockaddr *)&host.address);
        if (class != rows[i].class) {
            printf("# %s\n", rows[i].address);
        }
        CHECK_INT(class, rows[i].class);
    }
}

/* What a resolver may hand over although it never comes out of rt_host_parse. */
TEST(a_mapped_address_has_the_class_of_its_ipv4)
{
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    CHECK_INT(inet_pton(AF_INET6, "::ffff:10.0.0.1", &mapped.sin6_addr), 1);
    CHECK_INT(rt_address_classify((const struct sockaddr *)&mapped), RT_ADDRESS_LOCAL);
    struct sockaddr_in v4;
    CHECK(rt_address_embedded((const struct sockaddr *)&mapped, &v4));
    CHECK_INT(ntohl(v4.sin_addr.s_addr), 0x0a000001);
}

TEST(an_unknown_family_is_reserved)
{
    struct sockaddr other = {.sa_family = AF_UNIX};
    char text[RT_ADDRESS_TEXT_MAX] = "x";
    CHECK_INT(rt_address_classify(&other), RT_ADDRESS_RESERVED);
    CHECK_STR(rt_address_format(&other, text), "");
}

TEST(unspecified_is_seen_through_embeddings)
{
    struct rt_host v4 = parse("0.0.0.0"), v6 = parse("::"), nat = parse("64:ff9b::0.0.0.0"),
                   one = parse("::1");
    CHECK(rt_address_is_unspecified((const struct sockaddr *)&v4.address));
    CHECK(rt_address_is_unspecified((const struct sockaddr *)&v6.address));
    CHECK(rt_address_is_unspecified((const struct sockaddr *)&nat.address));
    CHECK(!rt_address_is_unspecified((const struct sockaddr *)&one.address));
}

TEST(equality_looks_at_the_zone_and_not_at_the_port)
{
    struct rt_host a = parse("fe80::1%lo"), b = parse("fe80::1"), c = parse("10.0.0.1"),
                   d = parse("10.0.0.1");
    CHECK(!rt_address_equal((struct sockaddr *)&a.address, (struct sockaddr *)&b.address));
    rt_address_set_port((struct sockaddr *)&c.address, 80);
    CHECK(rt_address_equal((struct sockaddr *)&c.address, (struct sockaddr *)&d.address));
    CHECK(!rt_address_equal((struct sockaddr *)&a.address, (struct sockaddr *)&c.address));
    CHECK_INT(rt_address_port((struct sockaddr *)&c.address), 80);
    rt_address_set_port((struct sockaddr *)&a.address, 443);
    CHECK_INT(rt_address_port((struct sockaddr *)&a.address), 443);
    CHECK_INT(rt_address_length((struct sockaddr *)&a.address), sizeof(struct sockaddr_in6));
    CHECK_INT(rt_address_length((struct sockaddr *)&c.address), sizeof(struct sockaddr_in));
}

TEST(the_zone_of_a_lost_interface_is_printed_as_its_number)
{
    struct rt_host host = parse("fe80::1%lo");
    char text[RT_ADDRESS_TEXT_MAX];
    ((struct sockaddr_in6 *)&host.address)->sin6_scope_id = 999999;
    CHECK_STR(rt_address_format((struct sockaddr *)&host.address, text), "fe80::1%999999");
}

TEST(the_device_knows_its_own_addresses)
{
    struct rt_host loopback = parse("127.0.0.1"), other = parse("203.0.113.77");
    CHECK(rt_address_is_own((struct sockaddr *)&loopback.address));
    CHECK(!rt_address_is_own((struct sockaddr *)&other.address));
    struct rt_host nat = parse("64:ff9b::127.0.0.1");
    CHECK(rt_address_is_own((struct sockaddr *)&nat.address));
}

int main(void)
{
    RUN(every_spelling_has_its_verdict);
    RUN(canonical_forms_parse_to_themselves);
    RUN(the_length_bounds_what_is_read);
    RUN(every_range_has_its_class);
    RUN(a_mapped_address_has_the_class_of_its_ipv4);
    RUN(an_unknown_family_is_reserved);
    RUN(unspecified_is_seen_through_embeddings);
    RUN(equality_looks_at_the_zone_and_not_at_the_port);
    RUN(the_zone_of_a_lost_interface_is_printed_as_its_number);
    RUN(the_device_knows_its_own_addresses);
    return check_done();
}
