/* links: bindings/tls_certificate.c bindings/tls_time.c bindings/tls_random.c */
/* test_tls_certificate.c - facts of a certificate as text: what is readable, what is escaped, cut or left
 * out. */
#include "bindings/tls_certificate.h"
#include "certificates.h"
#include "check.h"

#include <errno.h>
#include <mbedtls/oid.h>

static void parse(mbedtls_x509_crt *certificate, const char *pem)
{
    mbedtls_x509_crt_init(certificate);
    CHECK_INT(mbedtls_x509_crt_parse(certificate, (const unsigned char *)pem, strlen(pem) + 1), 0);
}

/* Pins ------------------------------------------------------------------------------------------- */

/* openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64 */
static const char names_pin[] = "sha256/60eNyahFzj3GritBl/duWHELgl0J8foq5lW33gYItFY=";

TEST(the_pin_is_the_hash_of_the_key)
{
    mbedtls_x509_crt certificate;
    uint8_t pin[IO_TLS_PIN_SIZE], parsed[IO_TLS_PIN_SIZE];
    char text[IO_TLS_PIN_TEXT_SIZE];
    parse(&certificate, NAMES_PEM);
    CHECK_INT(io_tls_certificate_pin(&certificate, pin), 0);
    CHECK_STR(io_tls_pin_format(pin, text), names_pin);
    CHECK_INT(io_tls_pin_parse(names_pin, strlen(names_pin), parsed), 0);
    CHECK(memcmp(pin, parsed, sizeof(pin)) == 0);
    mbedtls_x509_crt_free(&certificate);
    CHECK_INT(io_tls_certificate_pin(&certificate, pin), -EINVAL);
}

TEST(a_pin_has_one_spelling)
{
    static const char *const wrong[] = {
        "",
        "sha256/",
        "sha256",
        "SHA256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "sha1/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", /* bits behind the end */
        "sha256/AAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA=", /* base64url */
        "sha256/AAAAAAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAA=",
        "sha256/AAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAA=",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\n\n",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ",
        " sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA    ",
    };
    uint8_t pin[IO_TLS_PIN_SIZE], before[IO_TLS_PIN_SIZE];
    memset(pin, 0x55, sizeof(pin));
    memset(before, 0x55, sizeof(before));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (io_tls_pin_parse(wrong[i], strlen(wrong[i]), pin) != -EINVAL) {
            printf("# %s\n", wrong[i]);
            CHECK(false);
        }
    }
    CHECK(memcmp(pin, before, sizeof(pin)) == 0); /* untouched */
    CHECK_INT(io_tls_pin_parse("sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=more", 51, pin), 0);
    CHECK_INT(io_tls_pin_parse("sha256/AAAAAAAAAAAAAAAAAAAA\0AAAAAAAAAAAAAAAAAAAAAA=", 51, pin), -EINVAL);
}

/* Names ------------------------------------------------------------------------------------------ */

TEST(names_as_people_read_them)
{
    mbedtls_x509_crt certificate;
    char text[IO_TLS_NAME_TEXT_SIZE];
    parse(&certificate, NAMES_PEM);
    CHECK_INT(io_tls_certificate_subject(&certificate, text), strlen(text));
    CHECK_STR(text, "C=DE, O=Beispiel\\, Söhne & Co, CN=cn.example");
    io_tls_certificate_issuer(&certificate, text);
    CHECK_STR(text, "C=DE, O=Beispiel\\, Söhne & Co, CN=cn.example");
    mbedtls_x509_crt_free(&certificate);
    parse(&certificate, LEAF_PEM);
    io_tls_certificate_subject(&certificate, text);
    CHECK_STR(text, "CN=leaf");
    io_tls_certificate_issuer(&certificate, text);
    CHECK_STR(text, "C=DE, O=Test, CN=Root");
    mbedtls_x509_crt_free(&certificate);
    CHECK_INT(io_tls_certificate_subject(&certificate, text), 0); /* freed: no name */
    CHECK_STR(text, "");
}

/* A name of one attribute, or of the same one `count` times. */
static const char *format(int tag, const char *oid, const char *value, size_t length, int count)
{
    static char text[IO_TLS_NAME_TEXT_SIZE];
    mbedtls_x509_name names[64];
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    memset(names, 0, sizeof(names));
    memset(text, 0x80, sizeof(text));
    for (int i = 0; i < count; i++) {
        names[i].oid.tag = MBEDTLS_ASN1_OID;
        names[i].oid.p = (unsigned char *)(uintptr_t)oid;
        names[i].oid.len = strlen(oid);
        names[i].val.tag = tag;
        names[i].val.p = (unsigned char *)(uintptr_t)value;
        names[i].val.len = length;
        names[i].next = i + 1 < count ? &names[i + 1] : NULL;
        names[i].MBEDTLS_PRIVATE(next_merged) = i == 1;
    }
    certificate.subject = names[0];
    io_tls_certificate_subject(&certificate, text);
    return text;
}

static const char *format_cn(const char *value)
{
    return format(MBEDTLS_ASN1_UTF8_STRING, MBEDTLS_OID_AT_CN, value, strlen(value), 1);
}

TEST(what_means_something_in_a_name_is_escaped)
{
    CHECK_STR(format_cn("a,b=c+d<e>f;g\"h\\i"), "CN=a\\,b\\=c\\+d\\<e\\>f\\;g\\\"h\\\\i");
    CHECK_STR(format_cn("#a#"), "CN=\\#a#");
    CHECK_STR(format_cn(" a b "), "CN=\\ a b\\ ");
    CHECK_STR(format_cn(" "), "CN=\\ ");
    CHECK_STR(format_cn(""), "CN=");
    CHECK_STR(format(MBEDTLS_ASN1_UTF8_STRING, MBEDTLS_OID_AT_CN, "a", 1, 4), "CN=a, CN=a + CN=a, CN=a");
}

TEST(what_is_no_text_becomes_a_question_mark)
{
    CHECK_STR(format_cn("a\nb\tc\x1b[31m\x7f"), "CN=a?b?c?[31m?");
    CHECK_STR(format_cn("\xc2\x85 \xe2\x80\xae x \xe2\x81\xa6 \xef\xbb\xbf"), "CN=? ? x ? ?");
    CHECK_STR(format_cn("\x80 \xc3 \xc0\xaf \xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xf8 \xff"),
              "CN=? ? ?? ??? ??? ???? ? ?");
    CHECK_STR(format_cn("\xe2\x82"), "CN=??");
    CHECK_STR(format_cn("\xe2\x82\xac \xf0\x9f\x94\x92"), "CN=€ 🔒");
    CHECK_STR(format(MBEDTLS_ASN1_UTF8_STRING, MBEDTLS_OID_AT_CN, "a\0b", 3, 1), "CN=a?b");
}

TEST(other_types_and_encodings_are_hexadecimal)
{
    CHECK_STR(format(MBEDTLS_ASN1_BMP_STRING, MBEDTLS_OID_AT_CN, "\0a", 2, 1), "CN=#1e020061");
    CHECK_STR(format(MBEDTLS_ASN1_UTF8_STRING, "\x2a\x03\x04", "a", 1, 1), "1.2.3.4=#0c0161");
    CHECK_STR(format(MBEDTLS_ASN1_UTF8_STRING, "\x80", "a", 1, 1), "?=#0c0161");
    CHECK_STR(format(MBEDTLS_ASN1_UTF8_STRING,
                     "\x2a\x84\x80\x80\x01\x84\x80\x80\x01\x84\x80\x80\x01\x84\x80\x80\x01\x84\x80\x80\x01"
                     "\x84\x80\x80\x01\x84\x80\x80\x01\x84\x80\x80\x01",
                     "a", 1, 1),
              "?=#0c0161");
}

TEST(a_name_is_cut_after_a_whole_attribute)
{
    char value[600];
    memset(value, 'a', sizeof(value));
    const char *text =
        format(MBEDTLS_ASN1_UTF8_STRING, MBEDTLS_OID_AT_CN, value, 95, 6); /* 100 each, with separators */
    CHECK_INT(strlen(text), 5 * 100 + 1 + strlen("…"));                    /* one separator is " + " */
    CHECK_STR(text + strlen(text) - 11, "aaaaaa, …");
    text = format(MBEDTLS_ASN1_UTF8_STRING, MBEDTLS_OID_AT_CN, value, 98, 5); /* 103 each */
    CHECK_INT(strlen(text), 4 * 103 + 1 + strlen("…"));
    text = format(MBEDTLS_ASN1_UTF8_STRING, MBEDTLS_OID_AT_CN, value, 508, 1);
    CHECK_INT(strlen(text), IO_TLS_NAME_TEXT_SIZE - 1); /* just fits */
    CHECK_STR(format(MBEDTLS_ASN1_UTF8_STRING, MBEDTLS_OID_AT_CN, value, 509, 1), "…");
    CHECK_STR(format(MBEDTLS_ASN1_UTF8_STRING, MBEDTLS_OID_AT_CN, value, 508, 2), "…");
    CHECK_STR(format(MBEDTLS_ASN1_BMP_STRING, MBEDTLS_OID_AT_CN, value, 600, 1), "…");
}

/* Alternative names ------------------------------------------------------------------------------ */

TEST(alternative_names_of_the_kinds_that_apps_know)
{
    static const char *const expected[] = {
        "DNS:www.Example.COM",
        "DNS:*.wild.example.org",
        "DNS:*.com",
        "DNS:f*.partial.example",
        "DNS:*",
        "DNS:a.*.inner.example",
        "DNS:xn--bcher-kva.example",
        "DNS:192.0.2.7",
        "DNS:dotted.example.",
        "DNS:*.*.double.example",
        "IP:192.0.2.1",
        "IP:2001:db8::1",
        "URI:https://uri.example/",
        "email:post@mail.example",
    };
    mbedtls_x509_crt certificate;
    struct io_tls_alt_names names = {0};
    char text[IO_TLS_NAME_TEXT_SIZE];
    parse(&certificate, NAMES_PEM);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        CHECK(io_tls_alt_names_next(&names, &certificate, text));
        CHECK_STR(text, expected[i]);
    }
    CHECK(!io_tls_alt_names_next(&names, &certificate, text));
    CHECK(!io_tls_alt_names_next(&names, &certificate, text));
    mbedtls_x509_crt_free(&certificate);
    parse(&certificate, ROOT_PEM);
    names = (struct io_tls_alt_names){0};
    CHECK(!io_tls_alt_names_next(&names, &certificate, text)); /* none */
    CHECK(!io_tls_alt_names_next(&names, &certificate, text));
    mbedtls_x509_crt_free(&certificate);
}

static const char *format_alt_name(int tag, const char *value, size_t length)
{
    static char text[IO_TLS_NAME_TEXT_SIZE];
    struct io_tls_alt_names names = {0};
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    certificate.subject_alt_names.buf.tag = tag;
    certificate.subject_alt_names.buf.p = (unsigned char *)(uintptr_t)value;
    certificate.subject_alt_names.buf.len = length;
    return io_tls_alt_names_next(&names, &certificate, text) ? text : NULL;
}

TEST(odd_alternative_names)
{
    char value[600], expected[600];
    CHECK_STR(format_alt_name(0x82, "a.example\0.b", 12), "DNS:a.example?.b");
    CHECK_STR(format_alt_name(0x82, "a, DNS:b", 8), "DNS:a, DNS:b");
    CHECK_STR(format_alt_name(0x82, "", 0), "DNS:");
    CHECK_STR(format_alt_name(0x86, "x\r\ny", 4), "URI:x??y");
    CHECK_STR(format_alt_name(0x87, "abcd", 4), "IP:97.98.99.100");
    CHECK_STR(format_alt_name(0x87, "abcdefgh", 8), NULL); /* address and mask: of name constraints */
    CHECK_STR(format_alt_name(0xa2, "a.example", 9), NULL);
    CHECK_STR(format_alt_name(0x88, "\x2a\x03", 2), NULL);
    memset(value, 'a', sizeof(value));
    snprintf(expected, sizeof(expected), "DNS:%.507s", value);
    CHECK_STR(format_alt_name(0x82, value, 507), expected); /* just fits */
    snprintf(expected, sizeof(expected), "DNS:%.504s…", value);
    CHECK_STR(format_alt_name(0x82, value, 508), expected);
    memcpy(value + 502, "\xf0\x9f\x94\x92", 4); /* would be cut in two */
    snprintf(expected, sizeof(expected), "DNS:%.502s…", value);
    CHECK_STR(format_alt_name(0x82, value, 600), expected);
    memset(value, 'a', 600);
    memcpy(value + 504, "\xf0\x9f\x94\x92", 4); /* the one that does not fit */
    snprintf(expected, sizeof(expected), "DNS:%.504s…", value);
    CHECK_STR(format_alt_name(0x82, value, 600), expected);
}

TEST(more_alternative_names_than_anybody_wants)
{
    static mbedtls_x509_sequence entries[IO_TLS_ALT_NAMES_MAX + 10];
    static char value[] = "a.example";
    mbedtls_x509_crt certificate;
    struct io_tls_alt_names names = {0};
    char text[IO_TLS_NAME_TEXT_SIZE];
    mbedtls_x509_crt_init(&certificate);
    for (int i = 0; i < IO_TLS_ALT_NAMES_MAX + 10; i++) {
        entries[i].buf = (mbedtls_x509_buf){i == 0 ? 0x88 : 0x82, sizeof(value) - 1, (unsigned char *)value};
        entries[i].next = i + 1 < IO_TLS_ALT_NAMES_MAX + 10 ? &entries[i + 1] : NULL;
    }
    certificate.subject_alt_names = entries[0];
    int count = 0;
    while (io_tls_alt_names_next(&names, &certificate, text)) {
        count++;
    }
    CHECK_INT(count, IO_TLS_ALT_NAMES_MAX);
}

/* Validity --------------------------------------------------------------------------------------- */

TEST(times_are_iso_8601)
{
    mbedtls_x509_time time = {2049, 2, 28, 9, 5, 59};
    char text[IO_TLS_TIME_TEXT_SIZE];
    CHECK_STR(io_tls_certificate_time(&time, text), "2049-02-28T09:05:59.000Z");
    time = (mbedtls_x509_time){9999, 12, 31, 23, 59, 59};
    CHECK_STR(io_tls_certificate_time(&time, text), "9999-12-31T23:59:59.000Z");
    time = (mbedtls_x509_time){0};
    CHECK_STR(io_tls_certificate_time(&time, text), "0000-00-00T00:00:00.000Z");
}

int main(void)
{
    RUN(the_pin_is_the_hash_of_the_key);
    RUN(a_pin_has_one_spelling);
    RUN(names_as_people_read_them);
    RUN(what_means_something_in_a_name_is_escaped);
    RUN(what_is_no_text_becomes_a_question_mark);
    RUN(other_types_and_encodings_are_hexadecimal);
    RUN(a_name_is_cut_after_a_whole_attribute);
    RUN(alternative_names_of_the_kinds_that_apps_know);
    RUN(odd_alternative_names);
    RUN(more_alternative_names_than_anybody_wants);
    RUN(times_are_iso_8601);
    return check_done();
}
