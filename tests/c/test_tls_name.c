/* links: bindings/tls_name.c bindings/tls_time.c bindings/tls_random.c */
/* test_tls_name.c - which names of a host each entry of a certificate stands for, and which it does not. */
#include "bindings/tls_name.h"
#include "certificates.h"
#include "check.h"

enum { DNS = 0x82, IP = 0x87, URI = 0x86, EMAIL = 0x81 };

/* Whether an entry of one certificate matches; embedded NULs are written with the length. */
static bool entry_matches(int tag, const char *value, size_t length, const char *name)
{
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    certificate.subject_alt_names.buf.tag = tag;
    certificate.subject_alt_names.buf.p = (unsigned char *)(uintptr_t)value;
    certificate.subject_alt_names.buf.len = length;
    return io_tls_name_matches(&certificate, name);
}

static bool dns_matches(const char *value, const char *name)
{
    return entry_matches(DNS, value, strlen(value), name);
}

struct pair {
    const char *value, *name;
};

TEST(names_that_match)
{
    static const struct pair pairs[] = {
        {"example.com", "example.com"},
        {"EXAMPLE.com", "example.COM"},
        {"example.com", "example.com."},
        {"localhost", "localhost"},
        {"tv", "tv"},
        {"_sip.example.com", "_sip.example.com"},
        {"*.example.com", "www.example.com"},
        {"*.Example.com", "WWW.eXample.com"},
        {"*.example.com", "www.example.com."},
        {"*.example.com", "xn--bcher-kva.example.com"},
        {"*.example.com", "-.example.com"},
        {"*.tv.local", "a.tv.local"},
        {"*.a.b.c.d", "x.a.b.c.d"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (!dns_matches(pairs[i].value, pairs[i].name)) {
            printf("# %s %s\n", pairs[i].value, pairs[i].name);
            CHECK(false);
        }
    }
}

TEST(names_that_do_not)
{
    static const struct pair pairs[] = {
        {"example.com", "example.org"},
        {"example.com", "www.example.com"},
        {"www.example.com", "example.com"},
        {"example.com", "example.co"},
        {"example.com", "example.comm"},
        {"example.com", ""},
        {"", ""},
        {"", "."},
        {".", "."},
        {"example.com", "example.com.."},
        {"example.com", ".example.com"},
        {".example.com", ".example.com"},
        {".example.com", "www.example.com"},
        {"a..b", "a..b"},
        {"example.com.", "example.com"},
        {"example.com.", "example.com."},
        /* The wildcard is one whole label, the first, and stands for one that is not empty. */
        {"*.example.com", "example.com"},
        {"*.example.com", ".example.com"},
        {"*.example.com", "a.b.example.com"},
        {"*.example.com", "*.example.com"},
        {"w*.example.com", "www.example.com"},
        {"*w.example.com", "www.example.com"},
        {"**.example.com", "www.example.com"},
        {"www.*.com", "www.example.com"},
        {"*.*.com", "www.example.com"},
        {"*.*.example.com", "a.b.example.com"},
        {"xn--*.example.com", "xn--a.example.com"},
        {"*example.com", "wexample.com"},
        {"*", "example"},
        {"*", "*"},
        {"*.", "example."},
        {"*.com", "example.com"},
        {"*.com", "example.com."},
        {"*.com.", "example.com"},
        {"*..com", "a..com"},
        {"*.example.com.", "www.example.com"},
        /* Not names of hosts, even where the certificate says the same. */
        {"a b.example", "a b.example"},
        {"a/b.example", "a/b.example"},
        {"b\xc3\xbc.example", "b\xc3\xbc.example"},
        {"http://example.com", "http://example.com"},
        {"[::1]", "[::1]"},
        /* Addresses are never names. */
        {"192.0.2.1", "192.0.2.1"},
        {"*.0.2.1", "192.0.2.1"},
        {"2001:db8::1", "2001:db8::1"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (dns_matches(pairs[i].value, pairs[i].name)) {
            printf("# %s %s\n", pairs[i].value, pairs[i].name);
            CHECK(false);
        }
    }
}

TEST(a_nul_in_the_certificate_ends_nothing)
{
    CHECK(!entry_matches(DNS, "example.com\0.evil.example", 25, "example.com"));
    CHECK(!entry_matches(DNS, "example.com\0", 12, "example.com"));
    CHECK(!entry_matches(DNS, "\0example.com", 12, "example.com"));
    CHECK(!entry_matches(DNS, "*.example.com\0", 14, "www.example.com"));
    CHECK(!entry_matches(DNS, "*\0.example.com", 14, "www.example.com"));
}

TEST(other_kinds_of_entries_are_not_names)
{
    CHECK(!entry_matches(URI, "example.com", 11, "example.com"));
    CHECK(!entry_matches(EMAIL, "example.com", 11, "example.com"));
    CHECK(!entry_matches(IP, "abcd", 4, "abcd"));
    CHECK(!entry_matches(0xa2, "example.com", 11, "example.com")); /* constructed */
    CHECK(!entry_matches(0x02, "example.com", 11, "example.com")); /* universal */
}

TEST(names_longer_than_dns_has_match_nothing)
{
    char name[256];
    memset(name, 'a', sizeof(name));
    for (size_t i = 63; i < sizeof(name); i += 64) {
        name[i] = '.';
    }
    name[253] = '\0';
    CHECK(dns_matches(name, name));
    name[253] = 'a';
    name[254] = '\0';
    CHECK(!dns_matches(name, name));
}

TEST(addresses_match_the_same_bytes)
{
    static const char v4[] = {(char)192, 0, 2, 1}, v6[16] = {0x20, 0x01, 0x0d, (char)0xb8, [15] = 1};
    static const char mapped[16] = {[10] = (char)0xff, [11] = (char)0xff, (char)192, 0, 2, 1};
    static const char link_local[16] = {(char)0xfe, (char)0x80, [15] = 1};
    CHECK(entry_matches(IP, v4, 4, "192.0.2.1"));
    CHECK(!entry_matches(IP, v4, 4, "192.0.2.2"));
    CHECK(!entry_matches(IP, v4, 4, "192.0.2.1."));
    CHECK(!entry_matches(IP, v4, 4, "192.0.2"));
    CHECK(!entry_matches(IP, v4, 4, "192.0.2.1%lo"));
    CHECK(!entry_matches(IP, v4, 3, "192.0.2.1"));
    CHECK(!entry_matches(IP, v6, 8, "192.0.2.1"));
    CHECK(!entry_matches(DNS, v4, 4, "192.0.2.1"));
    CHECK(entry_matches(IP, v6, 16, "2001:db8::1"));
    CHECK(entry_matches(IP, v6, 16, "2001:0DB8:0:0::1"));
    CHECK(entry_matches(IP, v6, 16, "2001:db8::1%eth0"));
    CHECK(!entry_matches(IP, v6, 16, "2001:db8::2"));
    CHECK(!entry_matches(IP, mapped, 16, "192.0.2.1"));
    CHECK(entry_matches(IP, mapped, 16, "::ffff:192.0.2.1"));
    CHECK(entry_matches(IP, link_local, 16, "fe80::1%a-long-name-of-an-interface-that-no-system-has-at-all"));
    CHECK(!entry_matches(IP, link_local, 16, "[fe80::1]"));
}

TEST(what_is_an_address)
{
    CHECK(io_tls_name_is_address("192.0.2.1"));
    CHECK(io_tls_name_is_address("::1"));
    CHECK(io_tls_name_is_address("fe80::1%eth0"));
    CHECK(io_tls_name_is_address("::ffff:192.0.2.1"));
    CHECK(!io_tls_name_is_address("127.1"));
    CHECK(!io_tls_name_is_address("0x7f000001"));
    CHECK(!io_tls_name_is_address("example.com"));
    CHECK(!io_tls_name_is_address("192.0.2.1%lo"));
    CHECK(!io_tls_name_is_address("[::1]"));
    CHECK(!io_tls_name_is_address(""));
    CHECK(!io_tls_name_is_address("%lo"));
    CHECK(!io_tls_name_is_address("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"));
}

TEST(a_certificate_as_it_comes)
{
    static const char pem[] = NAMES_PEM;
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    CHECK(!io_tls_name_matches(&certificate, "www.example.com")); /* never parsed */
    CHECK_INT(mbedtls_x509_crt_parse(&certificate, (const unsigned char *)pem, sizeof(pem)), 0);
    CHECK(io_tls_name_matches(&certificate, "www.example.com"));
    CHECK(io_tls_name_matches(&certificate, "a.wild.example.org"));
    CHECK(io_tls_name_matches(&certificate, "XN--BCHER-KVA.example"));
    CHECK(io_tls_name_matches(&certificate, "192.0.2.1"));
    CHECK(io_tls_name_matches(&certificate, "2001:db8::1"));
    CHECK(!io_tls_name_matches(&certificate, "cn.example")); /* the common name */
    CHECK(!io_tls_name_matches(&certificate, "example.com"));
    CHECK(!io_tls_name_matches(&certificate, "foo.partial.example"));
    CHECK(!io_tls_name_matches(&certificate, "a.b.inner.example"));
    CHECK(!io_tls_name_matches(&certificate, "a.b.double.example"));
    CHECK(!io_tls_name_matches(&certificate, "dotted.example"));
    CHECK(!io_tls_name_matches(&certificate, "192.0.2.7")); /* a dNSName */
    CHECK(!io_tls_name_matches(&certificate, "uri.example"));
    CHECK(!io_tls_name_matches(&certificate, "mail.example"));
    CHECK(!io_tls_name_matches(&certificate, "dir.example"));
    CHECK(!io_tls_name_matches(&certificate, "other"));
    mbedtls_x509_crt_free(&certificate);
}

int main(void)
{
    RUN(names_that_match);
    RUN(names_that_do_not);
    RUN(a_nul_in_the_certificate_ends_nothing);
    RUN(other_kinds_of_entries_are_not_names);
    RUN(names_longer_than_dns_has_match_nothing);
    RUN(addresses_match_the_same_bytes);
    RUN(what_is_an_address);
    RUN(a_certificate_as_it_comes);
    return check_done();
}
