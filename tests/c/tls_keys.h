/* tls_keys.h - certificates with their keys, and lists of revoked ones, for the tests that make TLS
 * connections. Valid from 2020 to 2120. Made with OpenSSL 3: */
// clang-format off
/*
 *     openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out server.key     (so for each)
 *     openssl req -new -key server.key -subj /CN=server -out server.csr
 *     openssl ca -in server.csr -extensions names -startdate 20200101000000Z -enddate 21200101000000Z
 *         -cert authority.pem -keyfile authority.key       (AUTHORITY, SELF, P384: -selfsign)
 *     openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret -in server.key            (ENCRYPTED_KEY)
 *     openssl ec -aes128 -passout pass:secret -in server.key                              (OLD_KEY)
 *     openssl ca -gencrl -crl_lastupdate 20200101000000Z -crl_nextupdate 21200101000000Z  (REVOKED: server.pem)
 * names: subjectAltName=DNS:server.example,IP:127.0.0.1. EXPIRED (ended in 2020), FUTURE (begins in 2110) and
 * BELOW (signed by INTERMEDIATE, and that by AUTHORITY) have the key of SERVER. */
// clang-format on
#ifndef CLEAT_TEST_TLS_KEYS_H
#define CLEAT_TEST_TLS_KEYS_H

#define AUTHORITY_PEM                                                                                        \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBSzCB8aADAgECAgEQMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWF1dGhvcml0\n"                                     \
    "eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ\n"                                     \
    "YXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEg7mhZ3o4R6rvVO7\n"                                     \
    "y3V7tMnIasjQ5At3XJ36Gt/P4dEU/BdiXTPtp5ZHRfOLokndHdGo9WjjNMXq2qBe\n"                                     \
    "NeU/aaMyMDAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUcnq4T2gug7YSwdGi\n"                                     \
    "tkNsUFoHfj0wCgYIKoZIzj0EAwIDSQAwRgIhAKA8C4qAPtGGYeW2soifP7hu1V0q\n"                                     \
    "pY8j7kqUOplC80LqAiEAjKhmYDBOZgGzmCxKv3wAxNHqdRaT8GUaLsrhNqrqsvk=\n"                                     \
    "-----END CERTIFICATE-----\n"

#define SERVER_PEM                                                                                           \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBeTCCAR+gAwIBAgIBEzAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlhdXRob3Jp\n"                                     \
    "dHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBExDzANBgNVBAMM\n"                                     \
    "BnNlcnZlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDSSX4qSBdXHaxlJ8j14\n"                                     \
    "T0QWfkU5HxgpIMLuDGlD7eIpvCUYpZ/KqW/3arVooVINMcIgVxQg7UyRh90hKbIB\n"                                     \
    "zhijYzBhMB8GA1UdEQQYMBaCDnNlcnZlci5leGFtcGxlhwR/AAABMB0GA1UdDgQW\n"                                     \
    "BBRE1lVQPFctB6Di7RNf7npKR3SkljAfBgNVHSMEGDAWgBRyerhPaC6DthLB0aK2\n"                                     \
    "Q2xQWgd+PTAKBggqhkjOPQQDAgNIADBFAiBJAH/pM5pc0Gb91plSCZykTOnCMubr\n"                                     \
    "h6v0X2UAQbbhlwIhAI5NV6+80ZS74EbBm9uEj9nfvnllX66FcOtcV7/oBPbD\n"                                         \
    "-----END CERTIFICATE-----\n"

#define SERVER_KEY                                                                                           \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvhLVZtd8G0S6gPgy\n"                                     \
    "7QX0giiZoktxSls7usw6NP2SasehRANCAAQ0kl+KkgXVx2sZSfI9eE9EFn5FOR8Y\n"                                     \
    "KSDC7gxpQ+3iKbwlGKWfyqlv92q1aKFSDTHCIFcUIO1MkYfdISmyAc4Y\n"                                             \
    "-----END PRIVATE KEY-----\n"

#define RSA_PEM                                                                                              \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIICQjCCAeegAwIBAgIBFDAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlhdXRob3Jp\n"                                     \
    "dHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMA4xDDAKBgNVBAMM\n"                                     \
    "A3JzYTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBANQFBLwcOLJynH9Q\n"                                     \
    "fNMOAh6JSpQIljgv7JyzW3EFlv2u6ngIDaKhcDZ1JKzcyF5DqJsiprnMo6ZsnrD4\n"                                     \
    "slpOboA/19NsDiF5o9nZtYjVN/A5YCpj0PZyAE99GgsWgeOX73mc8wCLk39horo3\n"                                     \
    "eRAV2XaI6phCSLVhwAKHi64abbSmyeH0B12OxGuJTBgxKAafMxbmLPWoDaftBLjb\n"                                     \
    "KxHJxuLB7jA7tletsJ0loLloPd/om8N2srruJQQyXId0KdQHpt4M2o5/eiC3muz1\n"                                     \
    "4YrrLxxobOk5FwE4bW8p1mrqCMpkP+TbzxAzSpV9teyPmYDfCCauFLYinz6DV/Fk\n"                                     \
    "Gt+PvA8CAwEAAaNjMGEwHwYDVR0RBBgwFoIOc2VydmVyLmV4YW1wbGWHBH8AAAEw\n"                                     \
    "HQYDVR0OBBYEFLhifnMp1EI5WJBNpBLppUqSxi4hMB8GA1UdIwQYMBaAFHJ6uE9o\n"                                     \
    "LoO2EsHRorZDbFBaB349MAoGCCqGSM49BAMCA0kAMEYCIQC7NaVnv5Losqftki+F\n"                                     \
    "Qx8tnl968Zn2MzBrwvf2kC9yDgIhAMHZzN5RxFUid4V/+oaSbRYuF2IfAm8Qxlc0\n"                                     \
    "90JWV1k3\n"                                                                                             \
    "-----END CERTIFICATE-----\n"

#define RSA_KEY                                                                                              \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDUBQS8HDiycpx/\n"                                     \
    "UHzTDgIeiUqUCJY4L+ycs1txBZb9rup4CA2ioXA2dSSs3MheQ6ibIqa5zKOmbJ6w\n"                                     \
    "+LJaTm6AP9fTbA4heaPZ2bWI1TfwOWAqY9D2cgBPfRoLFoHjl+95nPMAi5N/YaK6\n"                                     \
    "N3kQFdl2iOqYQki1YcACh4uuGm20psnh9AddjsRriUwYMSgGnzMW5iz1qA2n7QS4\n"                                     \
    "2ysRycbiwe4wO7ZXrbCdJaC5aD3f6JvDdrK67iUEMlyHdCnUB6beDNqOf3ogt5rs\n"                                     \
    "9eGK6y8caGzpORcBOG1vKdZq6gjKZD/k288QM0qVfbXsj5mA3wgmrhS2Ip8+g1fx\n"                                     \
    "ZBrfj7wPAgMBAAECggEADcPcciJ6hqqZp37M9xG2dU+tKsRBJuYeb6QJzUiZuRNF\n"                                     \
    "cyqOr0VAJedgGX4yEhCrEZT9ck9FCejzOpxcgMlzzVn+KkjrKyUDGTTULBovvT+n\n"                                     \
    "ky9gCAgQJhkCR/MCCgoGVbgPYzTGP3BrolLReaGTH1BPVThRRFltOZzRDRCRMje9\n"                                     \
    "oLfpEZaCZyhNeqMcEicIY9XKnYdD2YFRpK2uxRbVPo7dYyTOecBca8pzptuQzf6X\n"                                     \
    "hD4qWHfy4jqlQc+o6QqTbHwpDOQX8hm78LDGuW1BWYckCX+vyLIe/01sPen0lMdt\n"                                     \
    "KxYhX/i606r7+al4S80DQYWQo4NwoiUTqry4XtM2wQKBgQD2TD3/9UZzD09sKUfw\n"                                     \
    "VIB19Rhq+mC38lfdQ3njlcKCTeVvajDnZm4C9G66lYBIDoqEJZ93uBQoWDUMQ7Ot\n"                                     \
    "AdWXulUlNBjR+lCoDS5HhemsIjm0r0B9rzgoVrPqI1BJOHynFdeTQBxv4D0vZ6K9\n"                                     \
    "c3M071qACaK2LsHG2y+l1rk/QQKBgQDcXxom3kNfasF8jgbIWVbJbQY4bdRpxsSW\n"                                     \
    "Bo2ELnr4kYJvpbo7pY1CCYFIViTCmdpHsvdRVKW95WLTiYsZ30OwmmhrbJYmTN4Q\n"                                     \
    "EjjI7kU608qLpCBdFU+2ohzw38jRAQM7+lYJncWwymG0Uh5P/nIDQax7+6e8x8RY\n"                                     \
    "f/WW3n53TwKBgHek+clJAPwLx+0m8IdSxUSH12DAWBODaiNWD/P6YA6kgHvq/e6q\n"                                     \
    "124gB1okHbjjN26SSDED/ubKUpqumK3GYlfecFYuRJBcJKo+HOkpqCWySo33REDJ\n"                                     \
    "yWHvHF704J9xDTytY5doYWgHajGJCok1eBWS4EeqZpxRglhzSWYqNLsBAoGAYEUT\n"                                     \
    "kaNLX2WtvRH2mJOevEPqkcA5KTRyMPAP5oy/n9NBXjDSGLiL6ytn1Qf86x53Ixdl\n"                                     \
    "v5vxA/IvqCXQJK9KTN5He5ZmSbkO0YqEUBL3H2nic/pxQPjMaAaOChRZECUXGp6T\n"                                     \
    "84N/F2pyIGo3X87SU+XeyhL4BhpnBhpwWUY9jTUCgYBMEUEtCko5Mh1d6E74m9Pe\n"                                     \
    "mCLnbkSwe2N8CuZJm/XS7W2msM1Pw2qfjLBaRtrzpzXqUXUiKip0+FrS0achEPxG\n"                                     \
    "5lh59TPCioWe7kOHfdFpACrp+f1KKfCdHy2meLqqMwRp7ts6ekjIiruPn78TYD/i\n"                                     \
    "PdusSyz15t4f8jPBe7OpUg==\n"                                                                             \
    "-----END PRIVATE KEY-----\n"

#define CLIENT_PEM                                                                                           \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBZDCCAQmgAwIBAgIBFTAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlhdXRob3Jp\n"                                     \
    "dHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBExDzANBgNVBAMM\n"                                     \
    "BmNsaWVudDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPr5uCAYtu8obj5pIQxs\n"                                     \
    "VRs5Lod2UAFwBagk+/R9hePSezad4PfQXmadZwmEiS4ldbbqQ/QpMXECyH7fljAU\n"                                     \
    "Ov2jTTBLMAkGA1UdEwQCMAAwHQYDVR0OBBYEFGjysp6rYSQR8ymHYlX3oTj2ycsq\n"                                     \
    "MB8GA1UdIwQYMBaAFHJ6uE9oLoO2EsHRorZDbFBaB349MAoGCCqGSM49BAMCA0kA\n"                                     \
    "MEYCIQD/Z4dz2bzrgPL4hQt6eem/nIEaVSGfj91aIGzEs2vviwIhAPMpgySh1Ki1\n"                                     \
    "z4M9gTufLjkfIViYivXq/TttNzcOFl3l\n"                                                                     \
    "-----END CERTIFICATE-----\n"

#define CLIENT_KEY                                                                                           \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgONw++iFAcB9o/+Mx\n"                                     \
    "G6y9nJhhKlSNleAQtwOg/9MAmH2hRANCAAT6+bggGLbvKG4+aSEMbFUbOS6HdlAB\n"                                     \
    "cAWoJPv0fYXj0ns2neD30F5mnWcJhIkuJXW26kP0KTFxAsh+35YwFDr9\n"                                             \
    "-----END PRIVATE KEY-----\n"

#define SELF_PEM                                                                                             \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBUTCB96ADAgECAgERMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBHNlbGYwIBcN\n"                                     \
    "MjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMA8xDTALBgNVBAMMBHNlbGYw\n"                                     \
    "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ8b5rPoX2XFxEOp8JWKmPmjwzi+z/0\n"                                     \
    "+89PfW9l6XOFLBcRhAi/2rOwXO3OP6dZ1onrs8jcJqMhk+2eMJUNrFs8o0IwQDAf\n"                                     \
    "BgNVHREEGDAWgg5zZXJ2ZXIuZXhhbXBsZYcEfwAAATAdBgNVHQ4EFgQU8G0v9VpH\n"                                     \
    "O13xngh2RcZB7f+lLNYwCgYIKoZIzj0EAwIDSQAwRgIhAOVz7zmNxUxpwLUdcOom\n"                                     \
    "i/MdROsMUhDSoq2ERuixxhsKAiEAhtr/wjSfwf5F/qelbNsNE3zKI9vkwNPJC3U3\n"                                     \
    "ry7RnaA=\n"                                                                                             \
    "-----END CERTIFICATE-----\n"

#define SELF_KEY                                                                                             \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2q7iF/jv52oNFYSS\n"                                     \
    "sX/EpmMjV5960FeCkywplL1+OcWhRANCAAQ8b5rPoX2XFxEOp8JWKmPmjwzi+z/0\n"                                     \
    "+89PfW9l6XOFLBcRhAi/2rOwXO3OP6dZ1onrs8jcJqMhk+2eMJUNrFs8\n"                                             \
    "-----END PRIVATE KEY-----\n"

#define EXPIRED_PEM                                                                                          \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBdzCCAR6gAwIBAgIBFjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlhdXRob3Jp\n"                                     \
    "dHkwHhcNMTkwMTAxMDAwMDAwWhcNMjAwMTAxMDAwMDAwWjASMRAwDgYDVQQDDAdl\n"                                     \
    "eHBpcmVkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENJJfipIF1cdrGUnyPXhP\n"                                     \
    "RBZ+RTkfGCkgwu4MaUPt4im8JRiln8qpb/dqtWihUg0xwiBXFCDtTJGH3SEpsgHO\n"                                     \
    "GKNjMGEwHwYDVR0RBBgwFoIOc2VydmVyLmV4YW1wbGWHBH8AAAEwHQYDVR0OBBYE\n"                                     \
    "FETWVVA8Vy0HoOLtE1/uekpHdKSWMB8GA1UdIwQYMBaAFHJ6uE9oLoO2EsHRorZD\n"                                     \
    "bFBaB349MAoGCCqGSM49BAMCA0cAMEQCIBOJWeesqTVodKwoWSu9lKt18T7eS6DH\n"                                     \
    "XlegA4UYOB5nAiADtAva4IqfguyIdACfhJNR8dv/tWOTdBPeS3EME5e5Kw==\n"                                         \
    "-----END CERTIFICATE-----\n"

#define FUTURE_PEM                                                                                           \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBezCCASGgAwIBAgIBFzAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlhdXRob3Jp\n"                                     \
    "dHkwIhgPMjExMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowETEPMA0GA1UE\n"                                     \
    "AwwGZnV0dXJlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENJJfipIF1cdrGUny\n"                                     \
    "PXhPRBZ+RTkfGCkgwu4MaUPt4im8JRiln8qpb/dqtWihUg0xwiBXFCDtTJGH3SEp\n"                                     \
    "sgHOGKNjMGEwHwYDVR0RBBgwFoIOc2VydmVyLmV4YW1wbGWHBH8AAAEwHQYDVR0O\n"                                     \
    "BBYEFETWVVA8Vy0HoOLtE1/uekpHdKSWMB8GA1UdIwQYMBaAFHJ6uE9oLoO2EsHR\n"                                     \
    "orZDbFBaB349MAoGCCqGSM49BAMCA0gAMEUCIQDlQM0k/irn/SIyzCHSf2fb8/Hz\n"                                     \
    "p4OjSBBBjzpJuAb4pwIgHz2ZrcQi5sX/WWqJIGWfA3aLJ0G0okYikPmDLN+69XU=\n"                                     \
    "-----END CERTIFICATE-----\n"

#define INTERMEDIATE_PEM                                                                                     \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBbjCCARWgAwIBAgIBGDAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlhdXRob3Jp\n"                                     \
    "dHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBcxFTATBgNVBAMM\n"                                     \
    "DGludGVybWVkaWF0ZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKIjinM75Ttr\n"                                     \
    "A08ekK1GGuLSpkfHNhJGq1ASWVLEH/VD7T6tTq+u3ZGGqcykdjUFzxCgP4uKhP8d\n"                                     \
    "uMNaJNMXyIqjUzBRMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFLydphhnSgdQ\n"                                     \
    "nAlRq6e7NYx5eYSoMB8GA1UdIwQYMBaAFHJ6uE9oLoO2EsHRorZDbFBaB349MAoG\n"                                     \
    "CCqGSM49BAMCA0cAMEQCIBfGrCSuLAEyDsXch6tjWlxmN4d2MDwrYjU13e2kZzRt\n"                                     \
    "AiAKoHBfnbwNwAtg/CWKbSWS2oZtLFKxhCtPXk9D/KG6/w==\n"                                                     \
    "-----END CERTIFICATE-----\n"

#define BELOW_PEM                                                                                            \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBejCCASGgAwIBAgIBGTAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxpbnRlcm1l\n"                                     \
    "ZGlhdGUwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBAxDjAMBgNV\n"                                     \
    "BAMMBWJlbG93MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENJJfipIF1cdrGUny\n"                                     \
    "PXhPRBZ+RTkfGCkgwu4MaUPt4im8JRiln8qpb/dqtWihUg0xwiBXFCDtTJGH3SEp\n"                                     \
    "sgHOGKNjMGEwHwYDVR0RBBgwFoIOc2VydmVyLmV4YW1wbGWHBH8AAAEwHQYDVR0O\n"                                     \
    "BBYEFETWVVA8Vy0HoOLtE1/uekpHdKSWMB8GA1UdIwQYMBaAFLydphhnSgdQnAlR\n"                                     \
    "q6e7NYx5eYSoMAoGCCqGSM49BAMCA0cAMEQCIAdD5+M+mfin0lalFYvNxiKS2cYE\n"                                     \
    "NorlH4y/CRRQI2xgAiBJc/abL3JoeP7ZHMrcLEs4czlc4vCSwo5ynzJmoUFuLA==\n"                                     \
    "-----END CERTIFICATE-----\n"

#define P384_PEM                                                                                             \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBjjCCARSgAwIBAgIBEjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARwMzg0MCAX\n"                                     \
    "DTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAPMQ0wCwYDVQQDDARwMzg0\n"                                     \
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAES+XO4h5tXs33f33xJ9+Sw7oyDlPChs7m\n"                                     \
    "aumU2O6h6Hsq1iuqNKMrDaAmsh2jnae6PLicdxToH9NNAtTCP5o3fML0B3oJ1i65\n"                                     \
    "+i1WwaAvolKqvrcLF5bhpn2UsYal08Ito0IwQDAfBgNVHREEGDAWgg5zZXJ2ZXIu\n"                                     \
    "ZXhhbXBsZYcEfwAAATAdBgNVHQ4EFgQUf4Vqp7lRz4YrvFgzODykGQtnRTAwCgYI\n"                                     \
    "KoZIzj0EAwIDaAAwZQIxANmSby6LDpF1emqP3daKjq9OUxynqtpUUaLesQyGVMeg\n"                                     \
    "YYUsj5FHAN60+ClZXcPf4AIwbw1Fa1b4MTNM3L4AsDk6vPrb/JqBnn85fDEIuv+E\n"                                     \
    "dr3OHX8zvxVVBD1DsNMa3+Oi\n"                                                                             \
    "-----END CERTIFICATE-----\n"

#define P384_KEY                                                                                             \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBgsPUbOZK9l5bjXHGu\n"                                     \
    "89b1nZ54DB1cdOz6JGZhcInH3dwD+CzF+cgntpp/Pqb8KluhZANiAARL5c7iHm1e\n"                                     \
    "zfd/ffEn35LDujIOU8KGzuZq6ZTY7qHoeyrWK6o0oysNoCayHaOdp7o8uJx3FOgf\n"                                     \
    "000C1MI/mjd8wvQHegnWLrn6LVbBoC+iUqq+twsXluGmfZSxhqXTwi0=\n"                                             \
    "-----END PRIVATE KEY-----\n"

#define ED25519_PEM                                                                                          \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBOjCB7aADAgECAhQQ2qqCUVuKrRJvCo+erpDZycna1DAFBgMrZXAwEjEQMA4G\n"                                     \
    "A1UEAwwHZWQyNTUxOTAgFw0yNjExMjQxMzE4MTZaGA8yMTA5MDExMzEzMTgxNlow\n"                                     \
    "EjEQMA4GA1UEAwwHZWQyNTUxOTAqMAUGAytlcAMhAPtPSV4AdreUG/4aRk6atlu6\n"                                     \
    "k4l0k44ybCVgiQZCTvCwo1MwUTAdBgNVHQ4EFgQUktaF18ENfGUqEcQeP8ftlQVk\n"                                     \
    "GKYwHwYDVR0jBBgwFoAUktaF18ENfGUqEcQeP8ftlQVkGKYwDwYDVR0TAQH/BAUw\n"                                     \
    "AwEB/zAFBgMrZXADQQA0qxMfuG5dNN0P/1auIMZNjIwUde1Zkv9163k9Gjkcwe+7\n"                                     \
    "GOrG3SMOJKrBecWQ/KzT1L4tBZRf4hIEQayogBgP\n"                                                             \
    "-----END CERTIFICATE-----\n"

#define ED25519_KEY                                                                                          \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MC4CAQAwBQYDK2VwBCIEIBiCvGKKlVU/OT573CIQHScl4233PS84oK06Q8cBSc2d\n"                                     \
    "-----END PRIVATE KEY-----\n"

#define P521_KEY                                                                                             \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAE5FamXMofZCYrwH2\n"                                     \
    "adLa3fDeQwjOVqnKQ0CEBmmckuIhkCSalpvILpInIKDeyU3b8OB8vluMQSLZbvjN\n"                                     \
    "MXeqDs+hgYkDgYYABAHTMeRtjdJ94qzmgkMzc3zqsWvTn7+UmeKKcvxj0LNUTgdv\n"                                     \
    "NhdHchuDwgPMep5V+r+T2i80OSHdaHW/NUo0xkdQHwGUL7FY/j/HcsCY91bzLRla\n"                                     \
    "SGVHJCvyuw8bJP9LR8HT5kviruOb5hIZqPnfZKbFc0kNQ97yR5we0JoTb7h7AJwa\n"                                     \
    "sQ==\n"                                                                                                 \
    "-----END PRIVATE KEY-----\n"

#define ENCRYPTED_KEY                                                                                        \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"                                                                \
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjehA9S3V6HxAICCAAw\n"                                     \
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEH5OcpjGTfuGNv+dl0D36TkEgZDD\n"                                     \
    "FDWe4Zz5SrRN72pfAXd8AJdlMuuYTsIiQJ3boUwHOLAPzZxw3qgRig4Fe7yPJUV/\n"                                     \
    "N8h2sPzjVziG+cS52/ptUC8Ggwwrc2NvkadUt2UKVv3niuvZ79CDNXIz5hbDgbiJ\n"                                     \
    "OEJYvQlZL1+jUo6ByN6lMQ/8JE7afbyahCWilZeFxLlPCoxqUSTzCte6AdFGMDQ=\n"                                     \
    "-----END ENCRYPTED PRIVATE KEY-----\n"

#define OLD_KEY                                                                                              \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                                       \
    "Proc-Type: 4,ENCRYPTED\n"                                                                               \
    "DEK-Info: AES-128-CBC,EAB2FCCB68B74447E4B58BB5E689F570\n"                                               \
    "\n"                                                                                                     \
    "KsJFGGxXT+4zFZtCEHeod4VvagA8lyARZhxDibjIA/c4AljBotvLIpUDnfzHBYlq\n"                                     \
    "/G1YiX/di9fluBUsYQ+IxOqCQp65yTo2O+43PMj7IO1XFKeB4PMQ8OgLbTSMrkP1\n"                                     \
    "3lMHqeMRISNQFW+UwUWD3/zMUIVQSyXr6p8YO/WYdUk=\n"                                                         \
    "-----END EC PRIVATE KEY-----\n"

#define EMPTY_CRL                                                                                            \
    "-----BEGIN X509 CRL-----\n"                                                                             \
    "MIGtMFUCAQEwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJYXV0aG9yaXR5Fw0yMDAx\n"                                     \
    "MDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFqgDjAMMAoGA1UdFAQDAgEBMAoGCCqG\n"                                     \
    "SM49BAMCA0gAMEUCIAuXVWOW90+DO+u/30Ic+yEJX5Iw+Zy0ey/4Y46Q8RyXAiEA\n"                                     \
    "/setVM2NrSF/aUthyH+Qgg9sJfiF92BAq9H/+SjOIIY=\n"                                                         \
    "-----END X509 CRL-----\n"

#define REVOKED_CRL                                                                                          \
    "-----BEGIN X509 CRL-----\n"                                                                             \
    "MIHCMGsCAQEwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJYXV0aG9yaXR5Fw0yMDAx\n"                                     \
    "MDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDASAgETFw0yNjExMjQxMzE4MTZa\n"                                     \
    "oA4wDDAKBgNVHRQEAwIBAjAKBggqhkjOPQQDAgNHADBEAiAOiODgbWrAheSM35/G\n"                                     \
    "EOKPOGiyz2TG0U238ssXa68xpAIgMcErVJkphZt8qkNirZzOF0XTFBGO3Nn1M8my\n"                                     \
    "YQ5RPhg=\n"                                                                                             \
    "-----END X509 CRL-----\n"

#endif
