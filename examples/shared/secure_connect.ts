// secure_connect.ts - what the apps that talk to a server in the internet have in common about TLS: their options, how
// the connection is described, and what a person can do about an error. An app can't switch the check of the server's
// certificate off; whom to trust is for whoever starts it (`--ca-file`).
import { wrongUsage } from "./command_line.ts";

/** For parseCommandLine; `secureUsage` explains them. */
export const secureOptions = { "--server-name": String, "--pin": [String] as [StringConstructor] };
export const secureUsage = `
    --server-name NAME     the name in the server's certificate, if it is not HOST
    --pin sha256/HASH      a key that the server must have besides (may be given again); --verbose shows it`.slice(
    1,
);

/** How a connection becomes an encrypted one: from its first byte, by the server's leave (STARTTLS), not at all. */
export type Security = "tls" | "starttls" | "plain";

/** The one of these options that was given; undefined: none. */
export function chooseSecurity(given: Partial<Record<`--${Security}`, boolean>>): Security | undefined {
    const chosen = (["tls", "starttls", "plain"] as const).filter((name) => given[`--${name}`] === true);
    if (chosen.length > 1) {
        wrongUsage(`only one of ${chosen.map((name) => `--${name}`).join(", ")}`);
    }
    return chosen[0];
}

/** The options for TCPSocket and startTls(). */
export function clientOptions(given: { "--server-name"?: string; "--pin"?: string[] }): TLSClientOptions {
    const { "--server-name": serverName, "--pin": pins = [] } = given;
    const wrong = pins.find((pin) => !/^sha256\/[A-Za-z0-9+/]{43}=$/.test(pin));
    if (wrong !== undefined) {
        wrongUsage(`not a pin: ${wrong}`);
    }
    return serverName === undefined ? { pins } : { pins, serverName };
}

/** Text of a peer for a terminal: control characters could move the cursor, others turn the writing around. */
export function clean(text: string): string {
    return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

/** What there is to know about an open connection, line by line. */
export function describeConnection(info: TCPSocketOpenInfo): string {
    const { protocol, cipher, peerCertificate: certificate, resumed } = info;
    if (protocol === undefined) {
        return "the connection is not encrypted";
    }
    const lines = [`${protocol}, ${cipher ?? "?"}${resumed === true ? ", resumed" : ""}`];
    if (certificate !== undefined && certificate !== null) {
        lines.push(
            `certificate of ${certificate.subject} for ${certificate.subjectAltNames.join(", ")}`,
            `issued by ${certificate.issuer}, valid until ${certificate.validTo.slice(0, 10)}`,
            `pin: ${certificate.spkiHash}`,
        );
    }
    return lines.map(clean).join("\n");
}

const advice: Readonly<Record<string, string>> = {
    TLS_CERT_EXPIRED: "The server's operator has to renew it.",
    TLS_CERT_NOT_YET_VALID: "Is the clock of the server that issued it right, and the one of this device?",
    TLS_CLOCK_NOT_SET: "Set the clock of this device.",
    TLS_CERT_WRONG_NAME:
        "Give the name that the certificate is for as HOST, or --server-name if HOST is an address. " +
        "If you are sure of the name, this is another server.",
    TLS_CERT_UNKNOWN_AUTHORITY:
        "If it is an authority of your own, start the app with --ca-file and its certificate.",
    TLS_CERT_SELF_SIGNED:
        "If it is your own server, start the app with --ca-file and the server's certificate.",
    TLS_PIN_MISMATCH: "Has the server a new key? Ask its operator before you give the new one with --pin.",
    TLS_CERT_WEAK: "The server's operator has to replace it.",
    TLS_CERT_REVOKED: "Do not trust this server.",
    TLS_VERSION: "The server is too old: it needs TLS 1.2 or 1.3.",
    TLS_NO_SHARED_CIPHER: "The server is too old, or allows old ciphers only.",
    TLS_PROTOCOL: "Is this port one for TLS? Many servers have another one for STARTTLS.",
    TLS_PLAINTEXT: "Somebody may be interfering with the connection.",
    TLS_HANDSHAKE_TIMEOUT: "Is this port one for TLS?",
    TLS_TRUNCATED: "The end may be missing.",
};

/** An error of a connection as a person should see it: what, its code, what to do. */
export function explainFailure(error: unknown): string {
    const { message, code } = error as { message: string; code?: unknown };
    if (typeof code !== "string") {
        return clean(message);
    }
    const hint = Object.hasOwn(advice, code) ? `\n${advice[code] ?? ""}` : "";
    return `${clean(message)} (${code})${hint}`;
}
