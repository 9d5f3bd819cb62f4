/* tls_identity.h - a server and a client with certificates of one authority: P-256, good until 2099, the
 * server is localhost and server.example. The keys are known to everybody. */
#ifndef CLEAT_TLS_IDENTITY_H
#define CLEAT_TLS_IDENTITY_H

static const char identity_authority[] = "-----BEGIN CERTIFICATE-----\n"
                                         "MIIBejCCASCgAwIBAgIUOkYRlMAmfliQedYfFPNixYwwmmkwCgYIKoZIzj0EAwIw\n"
                                         "GjEYMBYGA1UEAwwPQ2xlYXQgdGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIw\n"
                                         "OTkxMjMxMjM1OTU5WjAaMRgwFgYDVQQDDA9DbGVhdCB0ZXN0IHJvb3QwWTATBgcq\n"
                                         "hkjOPQIBBggqhkjOPQMBBwNCAAS+8NVPootyKhlnhtuqmcJCZy/pQazCNBXnu4Yn\n"
                                         "/AlAVJvPy1/Hd4YHmetKDGHf7YMkdl7ex25MlDxuiGPdWldIo0IwQDAPBgNVHRMB\n"
                                         "Af8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUDts7RZIvoSgjq46S\n"
                                         "My693zEVkMEwCgYIKoZIzj0EAwIDSAAwRQIgemxO+RfbFsA2M4bHcPQXZztF3iEC\n"
                                         "PIjLb5+/MSilgGoCIQDhu7fuI9rYEDOLDOrfUjvXtEMMmx3mycw8JeycZ4c8BQ==\n"
                                         "-----END CERTIFICATE-----\n";
static const char identity_server[] = "-----BEGIN CERTIFICATE-----\n"
                                      "MIIB4zCCAYqgAwIBAgIUWT6AbJZxsCJnEfDEofvSFxN313gwCgYIKoZIzj0EAwIw\n"
                                      "GjEYMBYGA1UEAwwPQ2xlYXQgdGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIw\n"
                                      "OTkxMjMxMjM1OTU5WjARMQ8wDQYDVQQDDAZzZXJ2ZXIwWTATBgcqhkjOPQIBBggq\n"
                                      "hkjOPQMBBwNCAAQnhsHSBoGySlRD/60s6Zo5mPfSM/Ym0e4Guz052wv1mwqd5ApW\n"
                                      "DiBUCLIbr0Maryyjyi7YQLdNW3GkZ5Fo4KFZo4G0MIGxMAwGA1UdEwEB/wQCMAAw\n"
                                      "DgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMDwGA1UdEQQ1MDOC\n"
                                      "CWxvY2FsaG9zdIIOc2VydmVyLmV4YW1wbGWHBH8AAAGHEAAAAAAAAAAAAAAAAAAA\n"
                                      "AAEwHQYDVR0OBBYEFALnvsVAV5QKxtbYXsL4L1HBtMXNMB8GA1UdIwQYMBaAFA7b\n"
                                      "O0WSL6EoI6uOkjMuvd8xFZDBMAoGCCqGSM49BAMCA0cAMEQCIB5Q/WT4X0L0G4M4\n"
                                      "LqW5FzUVhe0ZcFIrPhwrTGtsIa2GAiAq7P/wUZDraUOiZ9pQW44l3GdWnZukcYtX\n"
                                      "eq91QJ1SVg==\n"
                                      "-----END CERTIFICATE-----\n";
static const char identity_server_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjejrhuAA/RCwQcww\n"
                                          "63cgKmJt6F2SYUoIjVekHJP2eB2hRANCAAQnhsHSBoGySlRD/60s6Zo5mPfSM/Ym\n"
                                          "0e4Guz052wv1mwqd5ApWDiBUCLIbr0Maryyjyi7YQLdNW3GkZ5Fo4KFZ\n"
                                          "-----END PRIVATE KEY-----\n";
static const char identity_client[] = "-----BEGIN CERTIFICATE-----\n"
                                      "MIIBpDCCAUqgAwIBAgIUIcpaxLJej7o4HHWOHzgmGjPIozowCgYIKoZIzj0EAwIw\n"
                                      "GjEYMBYGA1UEAwwPQ2xlYXQgdGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIw\n"
                                      "OTkxMjMxMjM1OTU5WjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggq\n"
                                      "hkjOPQMBBwNCAAS3+QdOrKojuoLeCnAQNG+RBoj6a2+fWb9RBiiFO5HJlQKZKXdD\n"
                                      "gxANMdRSFCGACDakvU857Z9r9lWUsNnKjzZYo3UwczAMBgNVHRMBAf8EAjAAMA4G\n"
                                      "A1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAjAdBgNVHQ4EFgQU9uJl\n"
                                      "WMyio1c+gFu58CjQvWer8xcwHwYDVR0jBBgwFoAUDts7RZIvoSgjq46SMy693zEV\n"
                                      "kMEwCgYIKoZIzj0EAwIDSAAwRQIhALGqdcnxjCK4u1wBoIHMKqcPVDqn26Yjd9QZ\n"
                                      "5xSWlMAoAiAdPQMvQxFgX6VQr2DsYM2SWsBhfNgyIjjzSNHI646OVg==\n"
                                      "-----END CERTIFICATE-----\n";
static const char identity_client_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjcEUIjWBfJ76oKvY\n"
                                          "lLyrc0Z94vcfC0erQQLUDnQSbwKhRANCAAS3+QdOrKojuoLeCnAQNG+RBoj6a2+f\n"
                                          "Wb9RBiiFO5HJlQKZKXdDgxANMdRSFCGACDakvU857Z9r9lWUsNnKjzZY\n"
                                          "-----END PRIVATE KEY-----\n";

#endif
