/*
 * tls.d.ts - the TLS side of the socket API: options and facts of encrypted connections. All of it is an addition to the
 * W3C text, which has `useSecureTransport` alone. Guide: docs/tls.md.
 */

/**
 * Certificates, keys or revocation lists: PEM as a string or bytes (any number in one), or DER as bytes.
 */
type TLSInput = string | ArrayBuffer | ArrayBufferView;

/** What both sides of a TLS connection can choose. Goes with `useSecureTransport: true`. */
interface TLSOptions {
    /**
     * Application protocols (ALPN, RFC 7301), the preferred one first, at most 16. If both sides have a list and nothing
     * in common, the handshake fails (TLS_NO_SHARED_ALPN). Default: none.
     */
    alpn?: readonly string[];
    /**
     * The authorities to trust, instead of those of `--ca-file`, of the system or of the firmware. A server trusts nobody
     * without. Bad: InvalidAccessError, code TLS_BAD_CERTIFICATE.
     */
    ca?: TLSInput | readonly TLSInput[];
    /** The own certificate first, then the authorities between it and one that the peer trusts. Needs `key`. */
    cert?: TLSInput | readonly TLSInput[];
    /**
     * The private key of `cert`: PKCS #8, PKCS #1 or SEC 1, RSA, P-256 or P-384. Copied; no byte of it comes back. Bad:
     * InvalidAccessError, code TLS_BAD_KEY, TLS_BAD_PASSPHRASE or TLS_KEY_MISMATCH.
     */
    key?: TLSInput;
    /** Opens a key that is encrypted (PKCS #8 with PBES2, what `openssl pkcs8 -topk8` writes). */
    passphrase?: string | ArrayBuffer | ArrayBufferView;
    /** Lists of revoked certificates: a peer's that is in one fails with TLS_CERT_REVOKED. */
    crl?: TLSInput | readonly TLSInput[];
    /** The oldest version to accept. Default: "TLSv1.2". */
    minVersion?: "TLSv1.2" | "TLSv1.3";
    /** Milliseconds for the handshake, 1 to 600000. Default: 30000. Later: TLS_HANDSHAKE_TIMEOUT. */
    handshakeTimeout?: number;
}

/** What a TLS client can choose. */
interface TLSClientOptions extends TLSOptions {
    /**
     * The name that the server's certificate must be for, also sent to the server (SNI) unless it is an address. Default:
     * the host that the socket connects to.
     */
    serverName?: string;
    /**
     * Keys of which the server's chain must have one, besides being trusted: "sha256/" and the base64 of the SHA-256 of a
     * certificate's SubjectPublicKeyInfo, at most 16. Else: TLS_PIN_MISMATCH.
     */
    pins?: readonly string[];
    /**
     * False: any certificate will do. Needs the permission "tls.insecure", which a manifest has to declare and which works
     * for local addresses only. Default: true.
     */
    rejectUnauthorized?: boolean;
}

/** What a TLS server can choose; `cert` and `key` are required. */
interface TLSServerOptions extends TLSOptions {
    /**
     * Whether clients are asked for a certificate, which `ca` then has to vouch for. "request": they may have none; a bad one
     * fails the handshake all the same. Default: "none".
     */
    clientAuth?: "none" | "request" | "require";
}

/** The certificate of a peer. */
interface TLSCertificate {
    /** Like "C=DE, O=Example, CN=example.com". */
    readonly subject: string;
    readonly issuer: string;
    /** Like "2026-01-01T00:00:00.000Z". */
    readonly validFrom: string;
    readonly validTo: string;
    /** Like "DNS:example.com", "IP:192.0.2.1". */
    readonly subjectAltNames: readonly string[];
    /** As in the option `pins`. */
    readonly spkiHash: string;
    /** The certificate itself, DER. */
    readonly raw: ArrayBuffer;
}

/** What `opened` of a socket tells besides if it is encrypted; without TLS these are absent. */
interface TLSOpenInfo {
    /** The application protocol agreed on; null: none. */
    readonly alpn?: string | null;
    readonly protocol?: "TLSv1.2" | "TLSv1.3";
    /** The cipher suite by its IANA name, like "TLS_AES_128_GCM_SHA256". */
    readonly cipher?: string;
    /** Null: the peer showed none. */
    readonly peerCertificate?: TLSCertificate | null;
    /** Whether an earlier session went on, which saves the server's signature and the check of the certificate. */
    readonly resumed?: boolean;
}

/**
 * Fired once on the global object, cancelable, before a certificate is checked while the system clock is earlier than the
 * build of Cleat. Unless it is prevented, one line goes to the standard error output.
 */
interface WarningEvent extends Event {
    readonly type: "warning";
    readonly code: "CLOCK_BEFORE_BUILD";
    readonly message: string;
}
