/* test_tls_error.c - what went wrong with TLS: codes, sentences, which of several findings matters most. */
/* links: bindings/tls_error.c */
#include "bindings/tls_error.h"
#include "bindings/tls_time.h"
#include "check.h"

#include <mbedtls/asn1.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

#include <errno.h>
#include <stdlib.h>

static bool clock_is_wrong;

bool io_tls_clock_is_wrong(void)
{
    return clock_is_wrong;
}

time_t io_tls_time(time_t *ret_time)
{
    return time(ret_time);
}

TEST(each_error_has_a_code_and_a_sentence_of_its_own)
{
    for (int error = IO_TLS_ERROR_FIRST; error < IO_TLS_ERROR_END; error++) {
        const char *code = io_tls_error_code(error), *text = io_tls_error_text(error);
        CHECK(io_tls_is_error(error));
        CHECK(code != NULL && strncmp(code, "TLS_", 4) == 0);
        CHECK(text != NULL && strlen(text) > 10);
        for (int other = IO_TLS_ERROR_FIRST; other < error; other++) {
            CHECK(strcmp(code, io_tls_error_code(other)) != 0);
            CHECK(strcmp(text, io_tls_error_text(other)) != 0);
        }
    }
}

TEST(codes_are_those_of_the_documentation)
{
    CHECK_STR(io_tls_error_code(IO_TLS_CERT_EXPIRED), "TLS_CERT_EXPIRED");
    CHECK_STR(io_tls_error_code(IO_TLS_CLOCK_NOT_SET), "TLS_CLOCK_NOT_SET");
    CHECK_STR(io_tls_error_code(IO_TLS_PIN_MISMATCH), "TLS_PIN_MISMATCH");
    CHECK_STR(io_tls_error_code(IO_TLS_NO_SHARED_ALPN), "TLS_NO_SHARED_ALPN");
    CHECK_STR(io_tls_error_code(IO_TLS_HANDSHAKE_TIMEOUT), "TLS_HANDSHAKE_TIMEOUT");
    CHECK_STR(io_tls_error_code(IO_TLS_TRUNCATED), "TLS_TRUNCATED");
}

TEST(what_the_system_says_is_no_error_of_tls)
{
    const int others[] = {0,
                          -EAGAIN,
                          -ENOMEM,
                          -ECONNRESET,
                          -3013 /* UV_EAI_* */,
                          -4095 /* UV_EOF */,
                          -133,
                          1,
                          IO_TLS_ERROR_FIRST - 1,
                          IO_TLS_ERROR_END};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CHECK(!io_tls_is_error(others[i]));
        CHECK_STR(io_tls_error_code(others[i]), "TLS_PROTOCOL");
        CHECK(io_tls_error_text(others[i]) != NULL);
    }
}

TEST(alerts_have_their_names)
{
    int known = 0;
    CHECK_STR(io_tls_alert_name(10), "unexpected_message");
    CHECK_STR(io_tls_alert_name(20), "bad_record_mac");
    CHECK_STR(io_tls_alert_name(42), "bad_certificate");
    CHECK_STR(io_tls_alert_name(48), "unknown_ca");
    CHECK_STR(io_tls_alert_name(86), "inappropriate_fallback");
    CHECK_STR(io_tls_alert_name(112), "unrecognized_name");
    CHECK_STR(io_tls_alert_name(116), "certificate_required");
    CHECK_STR(io_tls_alert_name(120), "no_application_protocol");
    CHECK_STR(io_tls_alert_name(255), "unknown alert");
    for (int i = 0; i < 256; i++) {
        known += strcmp(io_tls_alert_name((uint8_t)i), "unknown alert") != 0;
    }
    CHECK(known >= 24);
}

/* Every alert that RFC 8446 6 names. */
TEST(no_alert_of_tls_13_is_unknown)
{
    static const uint8_t alerts[] = {0,  10, 20, 22, 40, 42, 43,  44,  45,  46,  47,  48,  49, 50,
                                     51, 70, 71, 80, 86, 90, 109, 110, 112, 113, 115, 116, 120};
    for (size_t i = 0; i < sizeof(alerts); i++) {
        if (strcmp(io_tls_alert_name(alerts[i]), "unknown alert") == 0) {
            printf("# alert %d\n", alerts[i]);
            CHECK(false);
        }
    }
}

enum { NOTHING_KNOWN = 1u << 30 };

TEST(the_finding_that_matters_most_is_told)
{
    /* Each with all that stand below it. */
    static const struct {
        uint32_t flag;
        int error;
    } order[] = {
        {NOTHING_KNOWN, IO_TLS_CERT_INVALID},
        {MBEDTLS_X509_BADCERT_OTHER, IO_TLS_PIN_MISMATCH},
        {MBEDTLS_X509_BADCERT_CN_MISMATCH, IO_TLS_CERT_WRONG_NAME},
        {MBEDTLS_X509_BADCERT_FUTURE, IO_TLS_CERT_NOT_YET_VALID},
        {MBEDTLS_X509_BADCERT_EXPIRED, IO_TLS_CERT_EXPIRED},
        {MBEDTLS_X509_BADCERT_REVOKED, IO_TLS_CERT_REVOKED},
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED, IO_TLS_CERT_UNKNOWN_AUTHORITY},
        {MBEDTLS_X509_BADCERT_BAD_KEY, IO_TLS_CERT_WEAK},
        {MBEDTLS_X509_BADCERT_MISSING, IO_TLS_CERT_MISSING},
    };
    uint32_t flags = 0;
    CHECK_INT(io_tls_error_of_flags(0, false), 0);
    CHECK_INT(io_tls_error_of_flags(0, true), 0);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        flags |= order[i].flag;
        CHECK_INT(io_tls_error_of_flags(order[i].flag, false), order[i].error);
        CHECK_INT(io_tls_error_of_flags(flags, false), order[i].error);
    }
    CHECK(io_tls_error_of_flags(UINT32_MAX, false) != 0); /* what the library sets when it gives up */
}

TEST(self_signed_is_a_way_of_not_being_trusted)
{
    CHECK_INT(io_tls_error_of_flags(MBEDTLS_X509_BADCERT_NOT_TRUSTED, true), IO_TLS_CERT_SELF_SIGNED);
    CHECK_INT(io_tls_error_of_flags(MBEDTLS_X509_BADCERT_EXPIRED, true), IO_TLS_CERT_EXPIRED);
    CHECK_INT(io_tls_error_of_flags(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_NOT_TRUSTED, true),
              IO_TLS_CERT_SELF_SIGNED);
}

TEST(weak_is_one_error)
{
    static const uint32_t flags[] = {MBEDTLS_X509_BADCERT_BAD_MD,  MBEDTLS_X509_BADCERT_BAD_PK,
                                     MBEDTLS_X509_BADCERT_BAD_KEY, MBEDTLS_X509_BADCRL_BAD_MD,
                                     MBEDTLS_X509_BADCRL_BAD_PK,   MBEDTLS_X509_BADCRL_BAD_KEY};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        CHECK_INT(io_tls_error_of_flags(flags[i], false), IO_TLS_CERT_WEAK);
        CHECK_INT(io_tls_error_of_flags(flags[i] | MBEDTLS_X509_BADCERT_NOT_TRUSTED, true), IO_TLS_CERT_WEAK);
    }
}

TEST(other_flags_make_a_certificate_invalid)
{
    static const uint32_t flags[] = {MBEDTLS_X509_BADCERT_KEY_USAGE,    MBEDTLS_X509_BADCERT_EXT_KEY_USAGE,
                                     MBEDTLS_X509_BADCERT_NS_CERT_TYPE, MBEDTLS_X509_BADCRL_NOT_TRUSTED,
                                     MBEDTLS_X509_BADCRL_EXPIRED,       MBEDTLS_X509_BADCRL_FUTURE};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        CHECK_INT(io_tls_error_of_flags(flags[i], false), IO_TLS_CERT_INVALID);
    }
}

TEST(a_clock_that_is_wrong_is_told_apart)
{
    clock_is_wrong = true;
    CHECK_INT(io_tls_error_of_flags(MBEDTLS_X509_BADCERT_FUTURE, false), IO_TLS_CLOCK_NOT_SET);
    CHECK_INT(io_tls_error_of_flags(MBEDTLS_X509_BADCERT_EXPIRED, false), IO_TLS_CERT_EXPIRED);
    CHECK_INT(io_tls_error_of_flags(MBEDTLS_X509_BADCERT_FUTURE | MBEDTLS_X509_BADCERT_NOT_TRUSTED, false),
              IO_TLS_CERT_UNKNOWN_AUTHORITY);
    clock_is_wrong = false;
}

TEST(what_the_library_returns_is_translated)
{
    static const struct {
        int result, error;
    } errors[] = {
        {MBEDTLS_ERR_SSL_ALLOC_FAILED, -ENOMEM},
        {MBEDTLS_ERR_X509_ALLOC_FAILED, -ENOMEM},
        {MBEDTLS_ERR_MPI_ALLOC_FAILED, -ENOMEM},
        {MBEDTLS_ERR_ECP_ALLOC_FAILED, -ENOMEM},
        {MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_ALLOC_FAILED, -ENOMEM},
        {MBEDTLS_ERR_PK_BAD_INPUT_DATA + MBEDTLS_ERR_MPI_ALLOC_FAILED, -ENOMEM},
        {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, IO_TLS_VERSION},
        {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, IO_TLS_NO_SHARED_CIPHER},
        {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, IO_TLS_NO_SHARED_ALPN},
        {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, IO_TLS_CERT_MISSING},
        {MBEDTLS_ERR_SSL_CONN_EOF, IO_TLS_TRUNCATED},
        {MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG, IO_TLS_CERT_WEAK},
        {MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND, IO_TLS_CERT_WEAK},
        {MBEDTLS_ERR_SSL_BAD_CERTIFICATE, IO_TLS_CERT_INVALID},
        {MBEDTLS_ERR_X509_INVALID_FORMAT, IO_TLS_CERT_INVALID},
        {MBEDTLS_ERR_X509_INVALID_DATE + MBEDTLS_ERR_ASN1_OUT_OF_DATA, IO_TLS_CERT_INVALID},
        {MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE, IO_TLS_CERT_INVALID},
        {MBEDTLS_ERR_X509_FATAL_ERROR, IO_TLS_CERT_INVALID},
        {MBEDTLS_ERR_SSL_INVALID_MAC, IO_TLS_PROTOCOL},
        {MBEDTLS_ERR_SSL_INVALID_RECORD, IO_TLS_PROTOCOL},
        {MBEDTLS_ERR_SSL_DECODE_ERROR, IO_TLS_PROTOCOL},
        {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, IO_TLS_PROTOCOL},
        {MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, IO_TLS_PROTOCOL},
        {-1, IO_TLS_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (io_tls_error_of_library(errors[i].result) != errors[i].error) {
            printf("# of -0x%04x\n", (unsigned)-errors[i].result);
            CHECK_INT(io_tls_error_of_library(errors[i].result), errors[i].error);
        }
    }
}

int main(void)
{
    RUN(each_error_has_a_code_and_a_sentence_of_its_own);
    RUN(codes_are_those_of_the_documentation);
    RUN(what_the_system_says_is_no_error_of_tls);
    RUN(alerts_have_their_names);
    RUN(no_alert_of_tls_13_is_unknown);
    RUN(the_finding_that_matters_most_is_told);
    RUN(self_signed_is_a_way_of_not_being_trusted);
    RUN(weak_is_one_error);
    RUN(other_flags_make_a_certificate_invalid);
    RUN(a_clock_that_is_wrong_is_told_apart);
    RUN(what_the_library_returns_is_translated);
    return check_done();
}
