/* certificates.h - certificates for the unit tests of TLS, valid until 2126. Made with OpenSSL 3: */
// clang-format off
/*
 *     openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key   (so for each; p521: P-521)
 *     openssl req -x509 -new -key root.key -subj "/C=DE/O=Test/CN=Root" -days 36500 -sha256
 *         -addext basicConstraints=critical,CA:TRUE -addext subjectKeyIdentifier=none
 *         (root2: another key, the same subject; p521: "/CN=P-521")
 *     openssl req -new -key leaf.key -subj "/CN=leaf" | openssl x509 -req -CA root.pem -CAkey root.key
 *         -set_serial 2 -days 36500 -sha256 -extfile <(echo subjectAltName=DNS:leaf.example)
 *     openssl req -x509 -new -key names.key -config names.cnf -days 36500 -sha256 -set_serial 1
 * names.cnf has utf8 = yes, string_mask = utf8only, and the subject and the alternative names that
 * test_tls_certificate.c expects. */
// clang-format on
#ifndef CLEAT_TEST_CERTIFICATES_H
#define CLEAT_TEST_CERTIFICATES_H

#define ROOT_PEM                                                                                             \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBjjCCATSgAwIBAgIUVbxj32lrDrepb1cFOnJtfrcz7T4wCgYIKoZIzj0EAwIw\n"                                     \
    "KzELMAkGA1UEBhMCREUxDTALBgNVBAoMBFRlc3QxDTALBgNVBAMMBFJvb3QwIBcN\n"                                     \
    "MjYxMTI0MTI0MjQyWhgPMjEyNjEwMzExMjQyNDJaMCsxCzAJBgNVBAYTAkRFMQ0w\n"                                     \
    "CwYDVQQKDARUZXN0MQ0wCwYDVQQDDARSb290MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"                                     \
    "AQcDQgAECLlYSXkrVAc1PZQMB7LfZtKZI+U/NAPVHnDbNOoc7v4U684mRLKBza6J\n"                                     \
    "bmIGFAX9Qzo6naFie9KnUQpYBovB76M0MDIwHwYDVR0jBBgwFoAUB+bMPRP2FODA\n"                                     \
    "M/8p+gXp44BIQqUwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA\n"                                     \
    "qT4l7K3MqMtRErhS7qLoXgIvBjwku80UkoCihGIEAEMCIHFH8ei7uBoRkEi1as/b\n"                                     \
    "OrWwIfEe5Kil/7fYZkv8WcQt\n"                                                                             \
    "-----END CERTIFICATE-----\n"

#define ROOT2_PEM                                                                                            \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBjjCCATSgAwIBAgIUcalKcjZzZVsIPPuSTIiEC9utfM0wCgYIKoZIzj0EAwIw\n"                                     \
    "KzELMAkGA1UEBhMCREUxDTALBgNVBAoMBFRlc3QxDTALBgNVBAMMBFJvb3QwIBcN\n"                                     \
    "MjYxMTI0MTI0MjQyWhgPMjEyNjEwMzExMjQyNDJaMCsxCzAJBgNVBAYTAkRFMQ0w\n"                                     \
    "CwYDVQQKDARUZXN0MQ0wCwYDVQQDDARSb290MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"                                     \
    "AQcDQgAE8Uq1PUUpWST2oM9xtg0v34TS8LnXGmb4Q4tvOsNyHeP4Bh4pGagwJ3v6\n"                                     \
    "YcGfFH91t8qzYQOVqG/95XLG0AASm6M0MDIwHwYDVR0jBBgwFoAUlgzR9tmEcNt+\n"                                     \
    "BgPNQkQfQ/TFsaIwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA\n"                                     \
    "4egd0uPjqv8ysJw/KU4v18wa+Sq1qa7yev8p/3NUhFcCIBFuOOCI6i5nyJ4+yUL9\n"                                     \
    "D5VP4xiuTJnko9y8Dh9rqZZR\n"                                                                             \
    "-----END CERTIFICATE-----\n"

#define LEAF_PEM                                                                                             \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBuTCCAV+gAwIBAgIBAjAKBggqhkjOPQQDAjArMQswCQYDVQQGEwJERTENMAsG\n"                                     \
    "A1UECgwEVGVzdDENMAsGA1UEAwwEUm9vdDAgFw0yNjExMjQxMjQyNDJaGA8yMTI2\n"                                     \
    "MTAzMTEyNDI0MlowDzENMAsGA1UEAwwEbGVhZjBZMBMGByqGSM49AgEGCCqGSM49\n"                                     \
    "AwEHA0IABJbAiUxPUZsw12XY/MzkzrLQwpn8VlHbMtCxa9pNZjVTK1BUEdzfjwq2\n"                                     \
    "GqH3SbiL3yu64sfeGPDjyYMN3feLy7WjgY0wgYowFwYDVR0RBBAwDoIMbGVhZi5l\n"                                     \
    "eGFtcGxlMB0GA1UdDgQWBBSQ+h9eh5CR3+RUtz53/N+r7rvuizBQBgNVHSMESTBH\n"                                     \
    "oS+kLTArMQswCQYDVQQGEwJERTENMAsGA1UECgwEVGVzdDENMAsGA1UEAwwEUm9v\n"                                     \
    "dIIUVbxj32lrDrepb1cFOnJtfrcz7T4wCgYIKoZIzj0EAwIDSAAwRQIhAOHAl4Ej\n"                                     \
    "qEkFu3rx0eyUpW8FIQqMf+JW5w21M36NUmc5AiB7iUAmyfzvxPNksgVaVh1LOdpx\n"                                     \
    "ATAeRm5rrRUL8W7BPw==\n"                                                                                 \
    "-----END CERTIFICATE-----\n"

#define P521_PEM                                                                                             \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIB3zCCAUGgAwIBAgIUNnIT/5laE4BXVY9f15IZwvNyZnwwCgYIKoZIzj0EAwIw\n"                                     \
    "EDEOMAwGA1UEAwwFUC01MjEwIBcNMjYxMTI0MTI0MjQyWhgPMjEyNjEwMzExMjQy\n"                                     \
    "NDJaMBAxDjAMBgNVBAMMBVAtNTIxMIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQA\n"                                     \
    "q92Tvsj+tBCMG1SIJTxrKSEw7dhn4SMHj6rGlNMytr86GJkz9LEV8B2rCsKHc2iU\n"                                     \
    "0ALtnEnWCXQeKehlNS49vCEAIo+kLnn5ljnA0NU36+bJUTQd5c8A35D3m3Dd9H9K\n"                                     \
    "Kh0IIkJ+YI9D9jsIPGgxJ9+vAzVet+RiCNcA8eHcDYzC7I2jNDAyMB8GA1UdIwQY\n"                                     \
    "MBaAFABfPXURlToT6xKqHl6saVJ9SdQVMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI\n"                                     \
    "zj0EAwIDgYsAMIGHAkFC63KF3QW6JmFhb5lLi1KVnglx6fefDUr6RroUujrgLzXh\n"                                     \
    "e0HxSOHRbdeDRX6ZpypaPr/k7n6VMzY4cZWi6oT06gJCAJPASMJDA0bvAgfGYfRJ\n"                                     \
    "jg2Z8MsetMF7a0heamjnOcJJa9D3UXDEkqZHnixOMmSL39LsQPG5QD2Ra8gF3w4e\n"                                     \
    "2sva\n"                                                                                                 \
    "-----END CERTIFICATE-----\n"

#define NAMES_PEM                                                                                            \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIICwjCCAmegAwIBAgIBATAKBggqhkjOPQQDAjBCMQswCQYDVQQGEwJERTEeMBwG\n"                                     \
    "A1UECgwVQmVpc3BpZWwsIFPDtmhuZSAmIENvMRMwEQYDVQQDDApjbi5leGFtcGxl\n"                                     \
    "MCAXDTI2MTEyNDEyNDEzOVoYDzIxMjYxMDMxMTI0MTM5WjBCMQswCQYDVQQGEwJE\n"                                     \
    "RTEeMBwGA1UECgwVQmVpc3BpZWwsIFPDtmhuZSAmIENvMRMwEQYDVQQDDApjbi5l\n"                                     \
    "eGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEt5CVYN5JyqsYQSqNs1iH\n"                                     \
    "igrPEHEC2ARUwNxZ5BlAfYb6NT+feuRNCYpb8LjjKSgJ2hJVZiFsnk52GKR+G3WJ\n"                                     \
    "GaOCAUowggFGMIIBFQYDVR0RBIIBDDCCAQiCD3d3dy5FeGFtcGxlLkNPTYISKi53\n"                                     \
    "aWxkLmV4YW1wbGUub3JnggUqLmNvbYISZioucGFydGlhbC5leGFtcGxlggEqghFh\n"                                     \
    "LiouaW5uZXIuZXhhbXBsZYIVeG4tLWJjaGVyLWt2YS5leGFtcGxlggkxOTIuMC4y\n"                                     \
    "LjeCD2RvdHRlZC5leGFtcGxlLoISKi4qLmRvdWJsZS5leGFtcGxlhwTAAAIBhxAg\n"                                     \
    "AQ24AAAAAAAAAAAAAAABhhRodHRwczovL3VyaS5leGFtcGxlL4ERcG9zdEBtYWls\n"                                     \
    "LmV4YW1wbGWgDgYDKgMEoAcMBW90aGVypBgwFjEUMBIGA1UEAwwLZGlyLmV4YW1w\n"                                     \
    "bGUwDAYDVR0TAQH/BAIwADAdBgNVHQ4EFgQUkqcVtYVXsXGqbSwEi3mQfzjdSoUw\n"                                     \
    "CgYIKoZIzj0EAwIDSQAwRgIhAIak2r9LAs9UzVvDx2NMsYXmXKclYBCGA/sU9lat\n"                                     \
    "fqFbAiEA3HTMAJ2g5AlIg0RjT2ZclhmrSfTYXMSkHW9qqvkxbY8=\n"                                                 \
    "-----END CERTIFICATE-----\n"

#endif
