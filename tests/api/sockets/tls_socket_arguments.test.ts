// flags: -A
// tls_socket_arguments.test.ts - the options of secure sockets: wrong types, bounds, what belongs together, and that
// nothing is connected to when they are wrong.
import { equal, ok, rejects, test, throws } from "../harness.ts";
import { closeAll, spy, startServer } from "./peers.ts";
import * as identities from "./tls_identities.ts";
import { securePair, startSecureServer } from "./tls_peers.ts";

const { authority, serverCertificate: cert, serverKey: key, serverPin } = identities;

function connect(options: unknown): TCPSocket {
    return new TCPSocket("127.0.0.1", 9, { useSecureTransport: true, ...(options as TCPOptions) });
}

function listen(options: unknown): TCPServerSocket {
    return new TCPServerSocket({
        localAddress: "127.0.0.1",
        ...identities.server,
        ...(options as TCPServerOptions),
    });
}

const wrongEverywhere: unknown[] = [
    { alpn: "h2" },
    { alpn: 5 },
    { alpn: [""] },
    { alpn: ["x".repeat(256)] },
    { alpn: Array.from({ length: 17 }, (_, index) => String(index)) },
    { alpn: [Symbol()] },
    { ca: 5 },
    { ca: [5] },
    { ca: {} },
    { cert: 5, key },
    { cert, key: 5 },
    { cert, key: {} },
    { crl: 5 },
    { minVersion: "TLSv1.1" },
    { minVersion: "TLSv1" },
    { minVersion: "tlsv1.2" },
    { minVersion: 1.2 },
    { handshakeTimeout: 0 },
    { handshakeTimeout: -1 },
    { handshakeTimeout: 600_001 },
    { handshakeTimeout: NaN },
    { handshakeTimeout: "soon" },
];

test("wrong types and values are a TypeError or a RangeError, of the client and of the server", () => {
    for (const options of wrongEverywhere) {
        for (const make of [connect, listen]) {
            try {
                const { name } = throws(() => make(options)) as Error;
                ok(name === "TypeError" || name === "RangeError", name);
            } catch (error) {
                (error as Error).message += ` for ${make.name} ${Object.entries(options as object).join()}`;
                throw error;
            }
        }
    }
});

test("options of the client alone", () => {
    for (const options of [
        { pins: serverPin },
        { pins: [5] },
        { pins: ["sha1/AAAA"] },
        { pins: ["sha256/AAAA"] },
        { pins: [serverPin.replace("=", "")] },
        { pins: [`${serverPin}\n`] },
        { pins: Array.from({ length: 17 }, () => serverPin) },
    ]) {
        const error = throws(() => connect(options)) as Error;
        ok(
            ["TypeError", "RangeError", "InvalidAccessError"].includes(error.name),
            `${String(error)} ${String(options.pins)}`,
        );
    }
    for (const options of [{ serverName: "" }, { serverName: "a\0b" }, { serverName: Symbol() }]) {
        const error = throws(() => connect(options)) as Error;
        ok(
            ["TypeError", "InvalidAccessError"].includes(error.name),
            `${String(error)} ${String(options.serverName)}`,
        );
    }
});

test("options of the server alone", () => {
    for (const options of [{ clientAuth: "maybe" }, { clientAuth: true }]) {
        throws(() => listen(options), "TypeError");
    }
});

test("a server needs a certificate and its key, a client both or none", () => {
    const secure = { localAddress: "127.0.0.1", useSecureTransport: true };
    for (const options of [secure, { ...secure, cert }, { ...secure, key }]) {
        const error = throws(() => new TCPServerSocket(options)) as Error;
        ok(["TypeError", "InvalidAccessError"].includes(error.name), String(error));
        ok(/cert|key/.test(error.message), error.message);
    }
    for (const options of [{ cert }, { key }]) {
        const error = throws(() => connect(options)) as Error;
        ok(["TypeError", "InvalidAccessError"].includes(error.name), String(error));
    }
});

test("without useSecureTransport they are a TypeError that names it", () => {
    for (const options of [
        { serverName: "a" },
        { alpn: ["a"] },
        { ca: authority },
        { cert, key },
        { passphrase: "x" },
        { crl: "x" },
        { pins: [serverPin] },
        { minVersion: "TLSv1.3" as const },
        { rejectUnauthorized: true },
        { handshakeTimeout: 1000 },
    ]) {
        throws(() => new TCPSocket("127.0.0.1", 9, options), {
            name: "TypeError",
            message: /useSecureTransport/,
        });
    }
    for (const options of [{ cert, key }, { alpn: ["a"] }, { clientAuth: "require" as const }]) {
        throws(() => new TCPServerSocket({ localAddress: "127.0.0.1", ...options }), {
            name: "TypeError",
            message: /useSecureTransport/,
        });
    }
});

test("undefined is as if it were not there, with and without useSecureTransport", async () => {
    const nothing = Object.fromEntries(
        [
            "serverName",
            "alpn",
            "ca",
            "cert",
            "key",
            "passphrase",
            "crl",
            "pins",
            "minVersion",
            "handshakeTimeout",
        ].map((name) => [name, undefined]),
    );
    const { server, port } = await startServer();
    const plain = new TCPSocket("127.0.0.1", port, nothing);
    const peer = await server.listen();
    await closeAll(plain, peer, server);
    const { client, peer: other } = await securePair({ ...nothing, ...identities.client });
    await closeAll(client, other);
});

test("certificates and keys that are none: InvalidAccessError with a code, from the constructor", () => {
    for (const [options, code] of [
        [{ cert: "x", key }, "TLS_BAD_CERTIFICATE"],
        [{ cert, key: "x" }, "TLS_BAD_KEY"],
        [{ cert, key: identities.clientKey }, "TLS_KEY_MISMATCH"],
        [{ ca: "x" }, "TLS_BAD_CERTIFICATE"],
        [{ ca: [authority, "x"] }, "TLS_BAD_CERTIFICATE"],
        [{ ca: new Uint8Array(100) }, "TLS_BAD_CERTIFICATE"],
        [{ crl: "x" }, "TLS_BAD_CRL"],
    ] as const) {
        for (const make of [connect, listen]) {
            throws(() => make(options), { name: "InvalidAccessError", code });
        }
    }
});

test("every option is read once", () => {
    const client = spy({
        useSecureTransport: true,
        ...{ serverName: "a.example", alpn: ["a"], ca: authority, cert, key, passphrase: "x" },
        ...{ pins: [serverPin], minVersion: "TLSv1.3" as const, handshakeTimeout: 1000 },
    });
    const socket = new TCPSocket("127.0.0.1", 9, client.options);
    void socket.close().catch(() => undefined);
    equal(client.reads.length, new Set(client.reads).size, client.reads.join());
    ok(client.reads.includes("pins") && client.reads.includes("passphrase"), client.reads.join());
});

test("a getter that throws, throws, and nothing is left open", async () => {
    const { server, port } = await startSecureServer();
    const reason = new RangeError("mine");
    for (const name of ["ca", "alpn", "pins", "key", "minVersion", "handshakeTimeout", "serverName"]) {
        const options = { useSecureTransport: true, cert, key, ca: authority };
        Object.defineProperty(options, name, {
            get() {
                throw reason;
            },
            enumerable: true,
        });
        equal(
            throws(() => new TCPSocket("127.0.0.1", port, options)),
            reason,
            name,
        );
    }
    await server.close();
});

test("a getter that closes over detached buffers does no harm", async () => {
    const { server, port } = await startSecureServer();
    const der = new Uint8Array(Array.from(atobBytes(authority)));
    const options = {
        useSecureTransport: true,
        ca: der,
        get passphrase() {
            structuredClone(der.buffer, { transfer: [der.buffer] });
            return undefined as unknown as string;
        },
    };
    let socket: TCPSocket | undefined;
    try {
        socket = new TCPSocket("127.0.0.1", port, options);
    } catch (error) {
        ok(["TypeError", "InvalidAccessError"].includes((error as Error).name), String(error));
    }
    await socket?.opened.catch(() => undefined);
    await socket?.close().catch(() => undefined);
    await server.close();
});

/** The DER of a PEM text, without atob(). */
function* atobBytes(pem: string): Generator<number> {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = 0;
    let value = 0;
    for (const character of pem.replace(/-----[^-]+-----|\s|=/g, "")) {
        value = (value << 6) | alphabet.indexOf(character);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            yield (value >> bits) & 255;
            value &= (1 << bits) - 1;
        }
    }
}

test("a certificate as DER in any view, at an offset", async () => {
    const der = [...atobBytes(authority)];
    const shifted = new Uint8Array(der.length + 10);
    shifted.set(der, 5);
    const { server, port } = await startSecureServer();
    for (const ca of [
        new Uint8Array(der),
        new Uint8Array(der).buffer,
        shifted.subarray(5, 5 + der.length),
        new DataView(shifted.buffer, 5, der.length),
        [new Uint8Array(der), authority],
        `${authority}\n${cert}`,
    ]) {
        const client = new TCPSocket("127.0.0.1", port, { useSecureTransport: true, ca });
        const peer = await server.listen();
        await client.opened;
        await closeAll(client, peer);
    }
    await server.close();
});

test("no key can be read back", async () => {
    const { client, peer } = await securePair({
        cert: identities.clientCertificate,
        key: identities.clientKey,
    });
    for (const socket of [client, peer]) {
        const opened = (await socket.opened) as object;
        const texts = [socket as object, opened].flatMap((object) =>
            Object.entries(object).map(([name, value]) => `${name} ${String(value)}`),
        );
        ok(!texts.some((text) => /PRIVATE|passphrase/i.test(text)), texts.join());
    }
    await closeAll(client, peer);
});

test("useSecureTransport that is no boolean is converted like any other", async () => {
    const { server, port } = await startSecureServer();
    const client = new TCPSocket("127.0.0.1", port, {
        ca: authority,
        useSecureTransport: 1 as unknown as boolean,
    });
    const peer = await server.listen();
    await client.opened;
    await closeAll(client, peer, server);
    const plain = new TCPSocket("127.0.0.1", 9, { useSecureTransport: undefined as unknown as boolean });
    await rejects(plain.opened, "NetworkError");
});
