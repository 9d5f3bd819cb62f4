// tls_certificates.test.mjs - which certificates are accepted: the bad ones with the code of each, names, pins, revocation,
// those of clients, keys in all forms, where trust comes from, and clocks that are wrong.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import tls from "node:tls";
import {
    certificate,
    folder,
    identity,
    keyIn,
    names,
    passphrase,
    revocationList,
    roots,
} from "./certificates.mjs";
import { boundedTest, bytesOption, listen, runClient, startApp, startServers } from "./tls_peers.mjs";
import { cannotUnshare } from "./support.mjs";

const versions = ["TLSv1.2", "TLSv1.3"];
const verdict = ({ error, thrown, opened, failed }) =>
    error?.code ?? thrown?.code ?? failed?.code ?? (opened === undefined ? "nothing" : "open");
/** OpenSSL would not serve with weak keys otherwise. */
const anything = "ALL:@SECLEVEL=0";

async function nodeServer(options) {
    return listen(
        tls.createServer({ ciphers: anything, ...options }, (socket) => {
            socket.on("error", () => {});
            socket.pipe(socket);
        }),
    );
}

/**
 * Connects to a server with each certificate in each version; `cases`: [certificate, options, verdict, another verdict in TLS 1.2]. `chain` of the
 * options of a case: names of what the server sends instead of its usual chain.
 */
async function verdicts(cases, runOptions) {
    const servers = [];
    const jobs = [];
    for (const [name, { chain, ...options }] of cases) {
        for (const version of versions) {
            const cert =
                chain === undefined
                    ? certificate(name).chain
                    : chain.map((each) => certificate(each).pem).join("");
            const server = await nodeServer({
                ...{ cert, key: certificate(name).key, minVersion: version, maxVersion: version },
                sigalgs:
                    "ed25519:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA+SHA256:rsa_pss_pss_sha256",
            });
            servers.push(server);
            jobs.push({
                port: server.port,
                options: { ca: roots(), serverName: "server.example", ...options },
            });
        }
    }
    try {
        return await runClient(jobs, { limit: 120_000, ...runOptions });
    } finally {
        servers.forEach((server) => server.close());
    }
}

async function check(context, cases, runOptions) {
    const results = await verdicts(cases, runOptions);
    for (const [index, [name, options, usual, in12 = usual]] of cases.entries()) {
        for (const [offset, version] of versions.entries()) {
            const expected = version === "TLSv1.2" ? in12 : usual;
            const text = Object.entries(options)
                .map(([key, value]) => `${key}: ${String(value).slice(0, 30)}`)
                .join();
            await context.test(`${name} ${text} ${version}: ${expected}`, () => {
                const result = results[2 * index + offset];
                assert.equal(verdict(result), expected, JSON.stringify(result));
                if (expected !== "open" && result.error !== undefined) {
                    assert.equal(result.error.name, "NetworkError");
                    assert.equal(result.closed.code, expected);
                    assert.match(result.error.message, /127\.0\.0\.1|server\.example/, "it says who");
                }
            });
        }
    }
}

test("every recipe can be made", () => names.forEach((name) => certificate(name)));

boundedTest("good certificates", async (context) => {
    await check(context, [
        ["good", {}, "open"],
        ["rsa", {}, "open"],
        ["p384", {}, "open"],
        ["pssSigned", {}, "open"],
        ["ecByRsa", {}, "open"],
        ["byRoot", {}, "open"],
        ["anyUsage", {}, "open"],
        ["bothUsages", {}, "open"],
        // The root is sent too, the chain is in no order, or has something to spare.
        ["good", { chain: ["good", "intermediate", "root"] }, "open"],
        ["rsa", { chain: ["rsa", "rsaIntermediate", "rsaRoot"] }, "open"],
        ["good", { chain: ["good", "rsaIntermediate", "intermediate"] }, "open"],
        // Trust in an intermediate alone, and in a certificate that is signed by itself.
        ["good", { ca: certificate("intermediate").pem }, "open"],
        ["selfSigned", { ca: certificate("selfSigned").pem }, "open"],
        ["good", { ca: bytesOption(certificate("root").der) }, "open"],
        ["good", { ca: [certificate("otherRoot").pem, bytesOption(certificate("root").der)] }, "open"],
        ["good", { ca: [certificate("otherRoot").pem, certificate("root").pem] }, "open"],
        // Two roots of one name.
        ["good", { ca: certificate("impostorRoot").pem + certificate("root").pem }, "open"],
    ]);
});

boundedTest("bad certificates", async (context) => {
    await check(context, [
        ["expired", {}, "TLS_CERT_EXPIRED"],
        ["notYet", {}, "TLS_CERT_NOT_YET_VALID"],
        ["wrongName", {}, "TLS_CERT_WRONG_NAME"],
        ["commonNameOnly", {}, "TLS_CERT_WRONG_NAME"],
        ["selfSigned", {}, "TLS_CERT_SELF_SIGNED"],
        ["unknownAuthority", {}, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["unknownAuthority", { chain: ["unknownAuthority", "otherRoot"] }, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["byImpostor", {}, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["byImpostor", { chain: ["byImpostor", "impostorRoot"] }, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["good", { chain: ["good"] }, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["good", { ca: certificate("rsaRoot").pem }, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["byExpiredIntermediate", {}, "TLS_CERT_EXPIRED"],
        ["byExpiredRoot", { ca: certificate("expiredRoot").pem }, "TLS_CERT_EXPIRED"],
        ["byWeakIntermediate", {}, "TLS_CERT_WEAK"],
        ["rsa1024", {}, "TLS_CERT_WEAK"],
        ["sha1", {}, "TLS_CERT_WEAK"],
        ["sha1Ec", {}, "TLS_CERT_WEAK"],
        ["md5", { chain: ["md5"] }, "TLS_CERT_WEAK"],
        // The library leaves out what it can't read: then the next one is the server's.
        ["md5", {}, "TLS_CERT_WRONG_NAME"],
        ["byNoCertSign", {}, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["byLeaf", {}, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["byTooDeep", {}, "TLS_CERT_UNKNOWN_AUTHORITY"],
        ["byConstrained", {}, "TLS_CERT_INVALID"],
        ["clientUsage", {}, "TLS_CERT_INVALID"],
        ["mailUsage", {}, "TLS_CERT_INVALID"],
        ["noSignatureUsage", {}, "TLS_CERT_INVALID", "TLS_NO_SHARED_CIPHER"], // OpenSSL itself, in 1.2
        ["unknownCritical", {}, "TLS_CERT_INVALID"],
        ["p521", {}, "TLS_NO_SHARED_CIPHER"],
        ["ed25519", {}, "TLS_NO_SHARED_CIPHER"],
        ["pssKey", {}, "TLS_NO_SHARED_CIPHER"],
    ]);
});

boundedTest("names", async (context) => {
    const name = (serverName) => ({ serverName });
    const wrong = "TLS_CERT_WRONG_NAME";
    await check(context, [
        ["good", name("localhost"), "open"],
        ["good", name("SERVER.EXAMPLE"), "open"],
        ["good", name("server.example."), "open"],
        ["good", name("127.0.0.1"), "open"],
        ["good", name("::1"), "open"],
        ["good", name("0:0:0:0:0:0:0:1"), "open"],
        ["good", name("127.0.0.2"), wrong],
        ["good", name("xserver.example"), wrong],
        ["good", name("server.example.org"), wrong],
        ["good", name("erver.example"), wrong],
        ["upperCase", {}, "open"],
        ["wildcard", name("a.wild.example"), "open"],
        ["wildcard", name("A.WILD.example"), "open"],
        ["wildcard", name("wild.example"), wrong],
        ["wildcard", name("a.b.wild.example"), wrong],
        ["partialWildcard", name("www.wild.example"), wrong],
        ["innerWildcard", name("www.wild.example"), wrong],
        ["bareWildcard", name("localhost"), wrong],
        ["bareWildcard", name("server.example"), wrong],
        ["topWildcard", {}, wrong],
        ["addressAsName", name("127.0.0.1"), wrong],
        ["addressOnly", name("127.0.0.1"), "open"],
        ["addressOnly", name("192.0.2.1"), "open"],
        ["addressOnly", name("server.example"), wrong],
        ["uriOnly", {}, wrong],
        ["nulName", {}, wrong],
        ["manyNames", name("n199.many.example"), "open"],
        ["manyNames", name("n200.many.example"), wrong],
        ["manyNames", name("192.0.2.7"), "open"],
    ]);
});

boundedTest("the host of the constructor is the name, unless serverName is given", async () => {
    const good = await nodeServer(identity("good"));
    const elsewhere = await nodeServer(identity("wrongName"));
    const ca = roots();
    const results = await runClient([
        { port: good.port, options: { ca } },
        { port: good.port, host: "localhost", options: { ca } },
        { port: elsewhere.port, options: { ca } },
        { port: elsewhere.port, host: "localhost", options: { ca } },
        { port: elsewhere.port, host: "localhost", options: { ca, serverName: "elsewhere.example" } },
        { port: good.port, host: "localhost", options: { ca, serverName: "elsewhere.example" } },
    ]);
    const wrong = "TLS_CERT_WRONG_NAME";
    assert.deepEqual(results.map(verdict), ["open", "open", wrong, wrong, "open", wrong]);
    good.close();
    elsewhere.close();
});

boundedTest("pins: leaf, intermediate, root, several; none fits", async (context) => {
    const pins = (...list) => ({ pins: list.map((name) => certificate(name).pin) });
    await check(context, [
        ["good", pins("good"), "open"],
        ["good", pins("intermediate"), "open"],
        ["good", pins("root"), "open"],
        ["good", pins("other", "client", "good"), "open"],
        ["good", pins("other"), "TLS_PIN_MISMATCH"],
        // What is sent without being part of the verified chain proves nothing.
        [
            "good",
            { ...pins("rsaIntermediate"), chain: ["good", "intermediate", "rsaIntermediate"] },
            "TLS_PIN_MISMATCH",
        ],
        // Pins are checked besides the chain, not instead of it.
        ["expired", pins("expired"), "TLS_CERT_EXPIRED"],
        ["selfSigned", pins("selfSigned"), "TLS_CERT_SELF_SIGNED"],
        ["wrongName", pins("wrongName"), "TLS_CERT_WRONG_NAME"],
    ]);
});

boundedTest("revocation lists", async (context) => {
    const crl = revocationList("intermediate", ["revoked", "revokedClient"]);
    await check(context, [
        ["revoked", {}, "open"],
        ["revoked", { crl }, "TLS_CERT_REVOKED"],
        ["good", { crl }, "open"],
        ["revoked", { crl: [revocationList("rsaIntermediate"), crl] }, "TLS_CERT_REVOKED"],
        ["rsa", { crl }, "open"],
        ["good", { crl: revocationList("root", ["intermediate"]) }, "TLS_CERT_REVOKED"],
        ["good", { crl: revocationList("intermediate", [], { past: true }) }, "TLS_CERT_INVALID"],
        // Signed by somebody else of the same name.
        ["byRoot", { crl: revocationList("impostorRoot", []) }, "TLS_CERT_INVALID"],
    ]);
});

boundedTest("rejectUnauthorized: false takes any certificate, where a manifest declares it", async () => {
    const names = ["good", "expired", "selfSigned", "wrongName", "unknownAuthority", "rsa1024", "revoked"];
    const cases = names.map((name) => [name, { rejectUnauthorized: false }]);
    const without = await verdicts(cases.slice(0, 1));
    assert.deepEqual(
        without.map(({ thrown }) => thrown?.name),
        ["SecurityError", "SecurityError"],
        "not even -A grants it to an app that does not declare it",
    );
    const permissions = { "tcp.connect": [{ host: "127.0.0.1" }], "tls.insecure": [{ host: "127.0.0.1" }] };
    const results = await verdicts(cases, { permissions });
    for (const [index, result] of results.entries()) {
        assert.equal(verdict(result), "open", JSON.stringify(result));
        const { pin } = certificate(names[index >> 1]);
        assert.equal(result.opened.peerCertificate.spkiHash, pin, "it tells what it was");
    }
    // A pin is not the certificate's business: it is checked all the same.
    const pinned = await verdicts(
        [
            ["selfSigned", { rejectUnauthorized: false, pins: [certificate("selfSigned").pin] }],
            ["selfSigned", { rejectUnauthorized: false, pins: [certificate("other").pin] }],
        ],
        { permissions },
    );
    assert.deepEqual(pinned.map(verdict), ["open", "open", "TLS_PIN_MISMATCH", "TLS_PIN_MISMATCH"]);
    // Unverified sessions are not resumed by connections that verify.
    const peer = await nodeServer(identity("selfSigned"));
    const job = { port: peer.port, options: { serverName: "server.example" }, ask: ["x"] };
    const loose = { ...job, options: { ...job.options, rejectUnauthorized: false } };
    const mixed = await runClient([loose, loose, job], { permissions });
    assert.deepEqual(mixed.map(verdict), ["open", "open", "TLS_CERT_SELF_SIGNED"]);
    peer.close();
});

boundedTest("certificates of clients at a server", async () => {
    const ca = roots();
    const crl = revocationList("intermediate", ["revoked", "revokedClient"]);
    const modes = [
        { options: { ...identity("good") } },
        { options: { ...identity("good"), clientAuth: "request", ca } },
        { options: { ...identity("good"), clientAuth: "require", ca } },
        { options: { ...identity("good"), clientAuth: "require", ca, crl } },
    ];
    const server = await startServers(modes);
    const connect = (index, name, version) =>
        new Promise((resolve) => {
            const socket = tls.connect({
                ...{ port: server.ports[index], host: "127.0.0.1", servername: "server.example", ca },
                ...{ minVersion: version, maxVersion: version },
                ...(name && identity(name)),
            });
            socket.on("error", resolve);
            socket.once("secureConnect", () => {
                socket.write("x");
                socket.once("data", () => socket.destroy());
            });
            socket.once("close", resolve);
        });
    const [none, request, require, revoking] = [0, 1, 2, 3];
    for (const [index, name, expected] of [
        [none, undefined, null],
        [none, "client", null],
        [request, undefined, null],
        [request, "client", "C=DE, O=Cleat Tests, CN=client 1"],
        [request, "expiredClient", "TLS_CERT_EXPIRED"],
        [request, "unknownClient", "TLS_CERT_UNKNOWN_AUTHORITY"],
        [require, undefined, "TLS_CERT_MISSING"],
        [require, "client", "C=DE, O=Cleat Tests, CN=client 1"],
        [require, "rsaClient", "CN=rsaClient"],
        [require, "expiredClient", "TLS_CERT_EXPIRED"],
        [require, "unknownClient", "TLS_CERT_UNKNOWN_AUTHORITY"],
        [require, "selfSignedClient", "TLS_CERT_SELF_SIGNED"],
        [require, "serverOnly", "TLS_CERT_INVALID"],
        [require, "revokedClient", "CN=revokedClient"],
        [revoking, "revokedClient", "TLS_CERT_REVOKED"],
        [revoking, "client", "C=DE, O=Cleat Tests, CN=client 1"],
    ]) {
        for (const version of versions) {
            const [, event] = await Promise.all([connect(index, name, version), server.next(index)]);
            const seen =
                event.error?.code ?? (event.opened.peerCertificate && event.opened.peerCertificate.subject);
            assert.equal(seen, expected, `${index} ${name} ${version}: ${JSON.stringify(event)}`);
        }
    }
    await server.stop();
});

boundedTest("a client learns that its certificate was refused or missing", async () => {
    const peers = [];
    const jobs = [];
    for (const version of versions) {
        const peer = await nodeServer({
            ...{ ...identity("good"), requestCert: true, rejectUnauthorized: true, ca: roots() },
            ...{ minVersion: version, maxVersion: version },
        });
        peers.push(peer);
        for (const more of [{}, identity("unknownClient"), identity("client")]) {
            jobs.push({
                port: peer.port,
                options: { ca: roots(), serverName: "server.example", ...more },
                ask: ["x"],
            });
        }
    }
    const results = await runClient(jobs);
    for (const [index, result] of results.entries()) {
        // In TLS 1.3 the client is done before the server has looked.
        const code = result.error?.code ?? result.failed?.code ?? result.answers?.[0];
        if (index % 3 === 2) {
            assert.equal(code, "x");
        } else {
            assert.match(String(code), /^TLS_|^ECONNRESET$|^EPIPE$/, JSON.stringify(result));
        }
    }
    peers.forEach((peer) => peer.close());
});

boundedTest("keys and certificates in all forms", async () => {
    const good = certificate("good");
    const rsa = certificate("rsa");
    const form = (name, text) => bytesOption(keyIn(name, text));
    const text = (name, of) => String(keyIn(name, of));
    const cases = [
        ["good", good.chain, text("good", "PKCS#8")],
        ["good", good.chain, form("good", "PKCS#8 DER")],
        ["good", good.chain, text("good", "SEC1")],
        ["good", good.chain, form("good", "SEC1 DER")],
        ["good", bytesOption(Buffer.from(good.chain)), form("good", "PKCS#8")],
        ["good", [good.pem, certificate("intermediate").pem], good.key],
        ["good", [bytesOption(good.der), bytesOption(certificate("intermediate").der)], good.key],
        ["good", good.chain.replaceAll("\n", "\r\n"), good.key.replaceAll("\n", "\r\n")],
        ["good", `some words before\n${good.chain}and behind\n`, good.key],
        ["rsa", rsa.chain, text("rsa", "PKCS#1")],
        ["rsa", rsa.chain, form("rsa", "PKCS#1 DER")],
        ["rsa", rsa.chain, form("rsa", "PKCS#8 DER")],
        ["good", good.chain, text("good", "encrypted"), passphrase],
        ["good", good.chain, form("good", "encrypted DER"), passphrase],
        ["good", good.chain, text("good", "encrypted AES-128"), passphrase],
        ["rsa", rsa.chain, text("rsa", "encrypted"), passphrase],
        // A passphrase that is not needed does no harm.
        ["good", good.chain, good.key, passphrase],
    ];
    const server = await startServers(
        cases.map(([, cert, key, word]) => ({ options: { cert, key, ...(word && { passphrase: word }) } })),
    );
    const results = await runClient(
        server.ports.map((port) => ({ port, options: { ca: roots(), serverName: "server.example" } })),
    );
    for (const [index, result] of results.entries()) {
        assert.equal(
            result.opened?.peerCertificate.spkiHash,
            certificate(cases[index][0]).pin,
            `${index} ${JSON.stringify(result)}`,
        );
    }
    await server.stop();
});

boundedTest(
    "bad certificates, keys, lists and pins are errors of the constructor that say what is wrong",
    async () => {
        const { chain: cert, key } = certificate("good");
        const other = certificate("other").key;
        const encrypted = String(keyIn("good", "encrypted"));
        const cut = (text) => text.slice(0, text.length / 2);
        const spoiled = (text) => text.replace(/^(.{60})/m, "$1").replace(/\n(.)(.)/, "\n$2$1");
        const cases = [
            [{ cert: "", key }, "TLS_BAD_CERTIFICATE"],
            [{ cert: "not a certificate", key }, "TLS_BAD_CERTIFICATE"],
            [{ cert: cut(certificate("good").pem), key }, "TLS_BAD_CERTIFICATE"],
            [{ cert: spoiled(certificate("good").pem), key }, "TLS_BAD_CERTIFICATE"],
            [{ cert: bytesOption(Buffer.alloc(100, 0x30)), key }, "TLS_BAD_CERTIFICATE"],
            [{ cert: key, key }, "TLS_BAD_CERTIFICATE"],
            [{ cert, key: "" }, "TLS_BAD_KEY"],
            [{ cert, key: "not a key" }, "TLS_BAD_KEY"],
            [{ cert, key: cut(key) }, "TLS_BAD_KEY"],
            [{ cert, key: cert }, "TLS_BAD_KEY"],
            [{ cert, key: bytesOption(Buffer.alloc(100, 0x30)) }, "TLS_BAD_KEY"],
            [{ cert, key: other }, "TLS_KEY_MISMATCH"],
            [{ cert, key: certificate("rsa").key }, "TLS_KEY_MISMATCH"],
            [{ cert, key: encrypted }, "TLS_BAD_PASSPHRASE"],
            [{ cert, key: encrypted, passphrase: "wrong" }, "TLS_BAD_PASSPHRASE"],
            [{ cert, key: encrypted, passphrase: "" }, "TLS_BAD_PASSPHRASE"],
            [
                { cert, key: bytesOption(keyIn("good", "encrypted DER")), passphrase: "wrong" },
                "TLS_BAD_PASSPHRASE",
            ],
            [{ cert, key: String(keyIn("rsa", "old encryption")), passphrase }, "TLS_BAD_KEY"],
            [{ ca: "nothing" }, "TLS_BAD_CERTIFICATE"],
            [{ ca: roots() + cut(roots()) }, "TLS_BAD_CERTIFICATE"],
            [{ crl: "nothing" }, "TLS_BAD_CRL"],
            [{ crl: roots() }, "TLS_BAD_CRL"],
        ];
        const results = await runClient(cases.map(([options]) => ({ port: 9, options })));
        for (const [index, result] of results.entries()) {
            const what = `${index} ${cases[index][1]}: ${JSON.stringify(result)}`;
            assert.equal(result.thrown?.name, "InvalidAccessError", what);
            assert.equal(result.thrown.code, cases[index][1], what);
            assert.doesNotMatch(result.thrown.message, /BEGIN|MIG/, "no key in the message");
        }
        const bad = await runClient(
            [
                [{ cert }, /key/],
                [{ key }, /cert/],
                [{ pins: ["sha1/abc"] }, /sha256/],
                [{ pins: [certificate("good").pin.slice(0, -2)] }, /sha256/],
                [{ pins: Array.from({ length: 17 }, () => certificate("good").pin) }, /16/],
            ].map(([options]) => ({ port: 9, options })),
        );
        for (const result of bad) {
            assert.match(
                result.thrown?.name ?? "nothing",
                /^(InvalidAccessError|TypeError|RangeError)$/,
                JSON.stringify(result),
            );
        }
    },
);

boundedTest("--ca-file is trusted instead of the system's store; `ca` instead of both", async () => {
    const good = await nodeServer(identity("good"));
    const unknown = await nodeServer(identity("unknownAuthority"));
    const job = (port, ca) => ({ port, options: { serverName: "server.example", ...(ca && { ca }) } });
    const jobs = [
        job(good.port),
        job(unknown.port),
        job(unknown.port, certificate("otherRoot").pem),
        job(good.port, certificate("otherRoot").pem),
    ];
    const without = (await runClient(jobs)).map(verdict);
    const foreign = "TLS_CERT_UNKNOWN_AUTHORITY";
    assert.deepEqual(without, [foreign, foreign, "open", foreign]);
    const file = `${folder()}/roots.pem`;
    writeFileSync(file, roots());
    const withFile = await runClient(jobs, { flags: ["-A", "--ca-file", file] });
    assert.deepEqual(withFile.map(verdict), ["open", foreign, "open", foreign]);
    good.close();
    unknown.close();

    const absent = startApp("console.log(1)", { flags: ["-A", "--ca-file", `${folder()}/absent.pem`] });
    const { code } = await absent.ended;
    assert.notEqual(code, 0);
    assert.match(absent.err, /absent\.pem/);
});

const inMountNamespace = async () => {
    const etc = `${folder()}/etc-ssl`;
    mkdirSync(`${etc}/certs`, { recursive: true });
    writeFileSync(`${etc}/certs/ca-certificates.crt`, roots());
    const peer = await nodeServer(identity("good"));
    const job = { port: peer.port, options: { serverName: "server.example" } };
    const mount = `mount --bind ${etc} /etc/ssl && exec "$@"`;
    const [result] = await runClient([job], { prefix: ["unshare", "--mount", "sh", "-c", mount, "sh"] });
    assert.equal(verdict(result), "open", JSON.stringify(result));
    peer.close();
};
boundedTest("the system's store is trusted", inMountNamespace, { skip: cannotUnshare() });

/** A clock that shows another time to one program. */
const clock = (time) => ({
    prefix: ["faketime", "-f", `@${time}`],
    env: {
        ...process.env,
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
        DONT_FAKE_MONOTONIC: "1",
        ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0`,
    },
});

boundedTest("a device whose clock stands at 1970: a warning once, valid certificates work", async () => {
    const cases = [
        ["good", {}],
        ["notYet", {}],
        ["expired", {}],
        ["wrongName", {}],
    ];
    const results = await verdicts(cases, clock("1970-01-01 00:00:10"));
    assert.deepEqual(results.map(verdict), [
        ...["open", "open", "TLS_CLOCK_NOT_SET", "TLS_CLOCK_NOT_SET"],
        ...["TLS_CERT_EXPIRED", "TLS_CERT_EXPIRED", "TLS_CERT_WRONG_NAME", "TLS_CERT_WRONG_NAME"],
    ]);
    assert.deepEqual(
        results.warnings.map(({ code }) => code),
        ["CLOCK_BEFORE_BUILD"],
    );
    assert.ok(results.warnings[0].message.length > 10);
    assert.equal(results.stderr.includes("CLOCK"), false, "a warning that was handled is not printed");
});

boundedTest("nobody listens to the warning: one line on stderr", async () => {
    const peer = await nodeServer(identity("good"));
    const app = startApp(
        `const options = { useSecureTransport: true, serverName: "server.example", ca: ${JSON.stringify(roots())} };
         for (let i = 0; i < 2; i++) {
             const socket = new TCPSocket("127.0.0.1", ${peer.port}, options);
             await socket.opened;
             await socket.close();
         }`,
        clock("1970-01-01 00:00:10"),
    );
    assert.deepEqual(await app.ended, { code: 0, signal: null }, app.err);
    const lines = app.err.split("\n").filter((line) => line !== "");
    assert.equal(lines.length, 1, app.err);
    assert.match(lines[0], /clock/);
    peer.close();
});

boundedTest("a clock that is right gives no warning; one of the far future finds all expired", async () => {
    const now = await verdicts([["good", {}]]);
    assert.deepEqual(now.warnings, []);
    const results = await verdicts([["good", {}]], clock("2055-01-01 00:00:00"));
    assert.deepEqual(results.map(verdict), ["TLS_CERT_EXPIRED", "TLS_CERT_EXPIRED"]);
    assert.deepEqual(results.warnings, []);
});
