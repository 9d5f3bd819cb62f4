// tls_identities.ts - a server and a client with certificates of one authority, for tests that run inside the runtime and so
// can make none. P-256, good until 2099; the server is localhost, server.example, 127.0.0.1 and ::1. The keys are known to
// everybody. No tests here.

export const authority = `-----BEGIN CERTIFICATE-----
MIIBejCCASCgAwIBAgIUOkYRlMAmfliQedYfFPNixYwwmmkwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPQ2xlYXQgdGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIw
OTkxMjMxMjM1OTU5WjAaMRgwFgYDVQQDDA9DbGVhdCB0ZXN0IHJvb3QwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAS+8NVPootyKhlnhtuqmcJCZy/pQazCNBXnu4Yn
/AlAVJvPy1/Hd4YHmetKDGHf7YMkdl7ex25MlDxuiGPdWldIo0IwQDAPBgNVHRMB
Af8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUDts7RZIvoSgjq46S
My693zEVkMEwCgYIKoZIzj0EAwIDSAAwRQIgemxO+RfbFsA2M4bHcPQXZztF3iEC
PIjLb5+/MSilgGoCIQDhu7fuI9rYEDOLDOrfUjvXtEMMmx3mycw8JeycZ4c8BQ==
-----END CERTIFICATE-----
`;
export const serverCertificate = `-----BEGIN CERTIFICATE-----
MIIB4zCCAYqgAwIBAgIUWT6AbJZxsCJnEfDEofvSFxN313gwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPQ2xlYXQgdGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIw
OTkxMjMxMjM1OTU5WjARMQ8wDQYDVQQDDAZzZXJ2ZXIwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAAQnhsHSBoGySlRD/60s6Zo5mPfSM/Ym0e4Guz052wv1mwqd5ApW
DiBUCLIbr0Maryyjyi7YQLdNW3GkZ5Fo4KFZo4G0MIGxMAwGA1UdEwEB/wQCMAAw
DgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMDwGA1UdEQQ1MDOC
CWxvY2FsaG9zdIIOc2VydmVyLmV4YW1wbGWHBH8AAAGHEAAAAAAAAAAAAAAAAAAA
AAEwHQYDVR0OBBYEFALnvsVAV5QKxtbYXsL4L1HBtMXNMB8GA1UdIwQYMBaAFA7b
O0WSL6EoI6uOkjMuvd8xFZDBMAoGCCqGSM49BAMCA0cAMEQCIB5Q/WT4X0L0G4M4
LqW5FzUVhe0ZcFIrPhwrTGtsIa2GAiAq7P/wUZDraUOiZ9pQW44l3GdWnZukcYtX
eq91QJ1SVg==
-----END CERTIFICATE-----
`;
export const serverKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjejrhuAA/RCwQcww
63cgKmJt6F2SYUoIjVekHJP2eB2hRANCAAQnhsHSBoGySlRD/60s6Zo5mPfSM/Ym
0e4Guz052wv1mwqd5ApWDiBUCLIbr0Maryyjyi7YQLdNW3GkZ5Fo4KFZ
-----END PRIVATE KEY-----
`;
export const clientCertificate = `-----BEGIN CERTIFICATE-----
MIIBpDCCAUqgAwIBAgIUIcpaxLJej7o4HHWOHzgmGjPIozowCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPQ2xlYXQgdGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIw
OTkxMjMxMjM1OTU5WjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAAS3+QdOrKojuoLeCnAQNG+RBoj6a2+fWb9RBiiFO5HJlQKZKXdD
gxANMdRSFCGACDakvU857Z9r9lWUsNnKjzZYo3UwczAMBgNVHRMBAf8EAjAAMA4G
A1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAjAdBgNVHQ4EFgQU9uJl
WMyio1c+gFu58CjQvWer8xcwHwYDVR0jBBgwFoAUDts7RZIvoSgjq46SMy693zEV
kMEwCgYIKoZIzj0EAwIDSAAwRQIhALGqdcnxjCK4u1wBoIHMKqcPVDqn26Yjd9QZ
5xSWlMAoAiAdPQMvQxFgX6VQr2DsYM2SWsBhfNgyIjjzSNHI646OVg==
-----END CERTIFICATE-----
`;
export const clientKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjcEUIjWBfJ76oKvY
lLyrc0Z94vcfC0erQQLUDnQSbwKhRANCAAS3+QdOrKojuoLeCnAQNG+RBoj6a2+f
Wb9RBiiFO5HJlQKZKXdDgxANMdRSFCGACDakvU857Z9r9lWUsNnKjzZY
-----END PRIVATE KEY-----
`;

/** Of the server's key. */
export const serverPin = "sha256/Xop7FxUWmy0upmr4i2m6nJvjFqmqMqrrhvutnDnLkOo=";
/** Options of a server. */
export const server = { useSecureTransport: true, cert: serverCertificate, key: serverKey };
/** Options of a client that trusts it. */
export const client = { useSecureTransport: true, ca: authority };
