// tls_interop.test.mjs - TLS with others, in both roles: what is agreed with OpenSSL, GnuTLS and Node, data of all sizes,
// and resumption. How connections end badly: tls_failures.test.mjs. Certificates: tls_certificates.test.mjs.
import assert from "node:assert/strict";
import tls from "node:tls";
import { certificate, folder, identity, roots } from "./certificates.mjs";
import {
    boundedTest,
    Program,
    gnutlsServer,
    listen,
    opensslClient,
    opensslServer,
    pattern,
    relay,
    runClient,
    startServers,
} from "./tls_peers.mjs";
import { until } from "./support.mjs";

const sizes = [1, 2, 1023, 16_383, 16_384, 16_385, 50_001];
const total = sizes.reduce((sum, size) => sum + size);
/** The echo of gnutls-serv is one of lines. */
const lines = ["a\n", `${"b".repeat(1000)}\n`, `${"c".repeat(15_000)}\n`];
const megabyte = 1 << 20;
const trusted = (more = {}) => ({ ca: roots(), serverName: "server.example", ...more });

/** Every suite of bindings/mbedtls_config.h: version, IANA name, OpenSSL's and GnuTLS's, and whose certificate. */
const suites = [
    ["TLSv1.3", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "AES-128-GCM", "good"],
    ["TLSv1.3", "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", "AES-256-GCM", "rsa"],
    ["TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", "p384"],
    ...[
        ["AES_128_GCM_SHA256", "AES128-GCM-SHA256", "AES-128-GCM"],
        ["AES_256_GCM_SHA384", "AES256-GCM-SHA384", "AES-256-GCM"],
        ["CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", "CHACHA20-POLY1305"],
    ].flatMap(([iana, openssl, gnutls]) => [
        ["TLSv1.2", `TLS_ECDHE_ECDSA_WITH_${iana}`, `ECDHE-ECDSA-${openssl}`, gnutls, "good"],
        ["TLSv1.2", `TLS_ECDHE_RSA_WITH_${iana}`, `ECDHE-RSA-${openssl}`, gnutls, "rsa"],
    ]),
];
const groups = [
    ["P-256", "GROUP-SECP256R1"],
    ["P-384", "GROUP-SECP384R1"],
    ["X25519", "GROUP-X25519"],
];
/** In TLS 1.2 the groups are those of certificates too (RFC 8422 5.1): only one without a curve goes with all. */
const groupName = (version) => (version === "TLSv1.2" ? "rsa" : "good");
const opensslVersion = (version) => (version === "TLSv1.3" ? "-tls1_3" : "-tls1_2");
const opensslSuite = (version, name) => [version === "TLSv1.3" ? "-ciphersuites" : "-cipher", name];
const gnutlsPriority = (version, cipher, group) =>
    `NORMAL:-VERS-ALL:+VERS-${version.replace("v", "")}:-CIPHER-ALL:+${cipher}` +
    (group === undefined ? "" : `:-GROUP-ALL:+${group}`);

function checkResult(result, what) {
    assert.equal(result.thrown, undefined, what);
    assert.equal(result.error, undefined, `${what}: ${JSON.stringify(result.error)}`);
    assert.equal(result.failed, undefined, `${what}: ${JSON.stringify(result.failed)}`);
}

boundedTest("client of openssl s_server: every suite, and every group in 1.2 and 1.3", async (context) => {
    const cases = [
        ...suites.map(([version, iana, openssl, , name]) => ({
            version,
            iana,
            name,
            args: opensslSuite(version, openssl),
        })),
        ...["TLSv1.2", "TLSv1.3"].flatMap((version) =>
            groups.map(([group]) => ({ version, name: "good", args: ["-groups", group] })),
        ),
        { version: "TLSv1.2", name: "p384", args: [] },
        { version: "TLSv1.3", name: "pssSigned", args: [] },
        { version: "TLSv1.2", name: "pssSigned", args: [] },
    ];
    for (const { version, iana, name, args } of cases) {
        await context.test(`${version} ${args.join(" ")} ${name}`, async () => {
            const peer = await opensslServer(certificate(name), opensslVersion(version), ...args, "-quiet");
            try {
                peer.stdin.write(pattern(total));
                const [result] = await runClient([
                    { port: peer.port, options: trusted(), write: total, read: total },
                ]);
                checkResult(result);
                assert.equal(result.opened.protocol, version);
                if (iana !== undefined) {
                    assert.equal(result.opened.cipher, iana);
                }
                assert.equal(result.closed, "ok");
                await until(() => peer.size >= total, `all bytes at the server, not ${peer.size}`);
                assert.deepEqual(peer.out, pattern(total));
            } finally {
                await peer.stop();
            }
        });
    }
});

boundedTest("client of gnutls-serv: every suite and group", async (context) => {
    const cases = [
        ...suites.map(([version, iana, , gnutls, name]) => ({ version, iana, name, cipher: gnutls })),
        ...["TLSv1.2", "TLSv1.3"].flatMap((version) =>
            groups.map(([, group]) => ({ version, name: "rsa", cipher: "AES-128-GCM", group })),
        ),
    ];
    for (const { version, iana, name, cipher, group } of cases) {
        await context.test(`${version} ${cipher} ${group ?? ""} ${name}`, async () => {
            const priority = gnutlsPriority(version, cipher, group);
            const peer = await gnutlsServer(certificate(name), priority, "--crlf");
            try {
                const [result] = await runClient([{ port: peer.port, options: trusted(), ask: lines }]);
                checkResult(result, peer.err);
                assert.deepEqual(result.answers, lines);
                assert.equal(result.opened.protocol, version);
                if (iana !== undefined) {
                    assert.equal(result.opened.cipher, iana);
                }
            } finally {
                await peer.stop();
            }
        });
    }
});

boundedTest("server of openssl s_client: every suite and group", async (context) => {
    const server = await startServers(["good", "rsa", "p384"].map((name) => ({ options: identity(name) })));
    const cases = [
        ...suites.map(([version, iana, openssl, , name]) => ({
            version,
            iana,
            name,
            args: opensslSuite(version, openssl),
        })),
        ...["TLSv1.2", "TLSv1.3"].flatMap((version) =>
            groups.map(([group]) => ({ version, name: groupName(version), args: ["-groups", group] })),
        ),
    ];
    for (const { version, iana, name, args } of cases) {
        await context.test(`${version} ${args.join(" ")} ${name}`, async () => {
            const index = ["good", "rsa", "p384"].indexOf(name);
            const client = opensslClient(
                server.ports[index],
                ...[opensslVersion(version), ...args, "-quiet", "-servername", "server.example"],
                ...["-CAfile", certificate(name === "rsa" ? "rsaRoot" : "root").file, "-verify_return_error"],
            );
            client.stdin.write(pattern(total));
            const { opened, error } = await server.next(index);
            assert.equal(error, undefined, client.err);
            assert.equal(opened.protocol, version);
            assert.equal(opened.peerCertificate, null);
            if (iana !== undefined) {
                assert.equal(opened.cipher, iana);
            }
            await until(() => client.size >= total, `the echo: ${client.size} of ${total}`);
            assert.deepEqual(client.out, pattern(total));
            await client.stop();
        });
    }
    await server.stop();
});

boundedTest("server of gnutls-cli: every suite and group", async (context) => {
    const server = await startServers(["good", "rsa", "p384"].map((name) => ({ options: identity(name) })));
    const cases = [
        ...suites.map(([version, iana, , gnutls, name]) => ({ version, iana, name, cipher: gnutls })),
        ...["TLSv1.2", "TLSv1.3"].flatMap((version) =>
            groups.map(([, group]) => ({ version, name: groupName(version), cipher: "AES-256-GCM", group })),
        ),
    ];
    for (const { version, iana, name, cipher, group } of cases) {
        await context.test(`${version} ${cipher} ${group ?? ""} ${name}`, async () => {
            const index = ["good", "rsa", "p384"].indexOf(name);
            const client = new Program([
                ...["gnutls-cli", "--logfile=/dev/null", "127.0.0.1", `--port=${server.ports[index]}`],
                ...["--sni-hostname=server.example", "--verify-hostname=server.example"],
                `--x509cafile=${certificate(name === "rsa" ? "rsaRoot" : "root").file}`,
                `--priority=${gnutlsPriority(version, cipher, group)}`,
            ]);
            const { opened, error } = await server.next(index);
            assert.equal(error, undefined, client.err);
            assert.equal(opened.protocol, version);
            if (iana !== undefined) {
                assert.equal(opened.cipher, iana);
            }
            // It sends text by lines.
            const text = Buffer.from(Array.from({ length: 3000 }, (_, index) => `line ${index}\n`).join(""));
            client.stdin.write(text);
            await until(() => client.size >= text.length, `the echo: ${client.size} ${client.err}`);
            assert.deepEqual(client.out.subarray(-text.length), text);
            await client.stop();
        });
    }
    await server.stop();
});

/** A Node server that echoes; `connections` as it sees them. */
async function nodeServer(options, onSecure = (socket) => socket.pipe(socket)) {
    const connections = [];
    const server = tls.createServer(options, (socket) => {
        socket.on("error", () => {});
        connections.push({
            reused: socket.isSessionReused(),
            serverName: socket.servername,
            alpn: socket.alpnProtocol,
            protocol: socket.getProtocol(),
            cipher: socket.getCipher().standardName,
            authorized: socket.authorized,
            peer: socket.getPeerCertificate().subject?.CN,
            socket,
        });
        onSecure(socket);
    });
    return Object.assign(await listen(server), { connections });
}

/** A Node client's connection, when it is open. */
function nodeConnect(port, options = {}) {
    return new Promise((resolve, reject) => {
        const socket = tls.connect({
            ...{ port, host: "127.0.0.1", servername: "server.example", ca: roots() },
            ...options,
        });
        socket.on("session", (session) => (socket.lastSession = session)); // in TLS 1.2 before it is open
        socket.once("error", reject);
        socket.once("secureConnect", () => {
            socket.on("error", () => {});
            resolve(socket);
        });
    });
}

const readBytes = (socket, length) =>
    new Promise((resolve, reject) => {
        const chunks = [];
        let size = 0;
        const onData = (data) => {
            chunks.push(data);
            size += data.length;
            if (size >= length) {
                socket.off("data", onData);
                resolve(Buffer.concat(chunks));
            }
        };
        socket.on("data", onData);
        socket.once("error", reject);
        socket.once("close", () => reject(new Error(`closed after ${size} of ${length} bytes`)));
    });

for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const only = { minVersion: version, maxVersion: version };

    boundedTest(
        `${version} with Node, as a client: a megabyte both ways, ALPN, SNI, client certificate`,
        async () => {
            const peer = await nodeServer({
                ...identity("good"),
                ...only,
                ALPNProtocols: ["second", "first"],
                requestCert: true,
                rejectUnauthorized: false,
                ca: roots(),
            });
            const results = await runClient([
                { port: peer.port, options: trusted({ alpn: ["none", "first"] }), echo: [1, megabyte] },
                { port: peer.port, options: trusted({ ...identity("client") }), echo: [10] },
                { port: peer.port, options: { ca: roots() }, echo: [10] },
                {
                    port: peer.port,
                    host: "localhost",
                    options: { ca: roots(), ...identity("rsaClient") },
                    echo: [10],
                },
                { port: peer.port, options: trusted({ alpn: ["first", "second"] }), echo: [10] },
            ]);
            results.forEach((result, index) => checkResult(result, index));
            const seen = peer.connections;
            assert.deepEqual(
                results.map(({ opened }) => opened.alpn),
                ["first", null, null, null, "second"],
            );
            assert.deepEqual(
                seen.map(({ alpn }) => alpn || null),
                ["first", null, null, null, "second"],
            );
            assert.deepEqual(
                seen.map(({ serverName }) => serverName || null),
                ["server.example", "server.example", null, "localhost", "server.example"],
            );
            assert.deepEqual(
                seen.map(({ peer }) => peer),
                [undefined, "client 1", undefined, "rsaClient", undefined],
            );
            assert.deepEqual(
                seen.map(({ authorized }) => authorized),
                [false, true, false, true, false],
            );
            for (const [index, { opened }] of results.entries()) {
                assert.equal(opened.cipher, seen[index].cipher);
                assert.equal(opened.protocol, version);
            }
            const { peerCertificate } = results[0].opened;
            assert.equal(peerCertificate.subject, "C=DE, O=Cleat Tests, CN=server.example");
            assert.equal(peerCertificate.issuer, "C=DE, O=Cleat Tests, CN=Intermediate EC");
            assert.equal(peerCertificate.validFrom, "2019-01-01T00:00:00.000Z");
            assert.equal(peerCertificate.validTo, "2049-01-01T00:00:00.000Z");
            assert.deepEqual(peerCertificate.subjectAltNames, [
                ...["DNS:localhost", "DNS:server.example", "IP:127.0.0.1", "IP:::1"],
            ]);
            assert.equal(peerCertificate.spkiHash, certificate("good").pin);
            assert.equal(peerCertificate.raw, certificate("good").der.toString("hex"));
            peer.close();
        },
    );

    boundedTest(
        `${version} with Node, as a server: a megabyte both ways, ALPN, client certificate`,
        async () => {
            const server = await startServers([
                { options: { ...identity("good"), alpn: ["one", "two"], minVersion: version } },
                { options: { ...identity("rsa"), clientAuth: "require", ca: roots() } },
            ]);
            const first = await nodeConnect(server.ports[0], { ...only, ALPNProtocols: ["two", "one"] });
            assert.equal(first.alpnProtocol, "one", "the server's order counts");
            const { opened } = await server.next(0);
            assert.equal(opened.alpn, "one");
            assert.equal(opened.protocol, version);
            assert.equal(opened.cipher, first.getCipher().standardName);
            first.write(pattern(megabyte));
            assert.ok((await readBytes(first, megabyte)).equals(pattern(megabyte)));
            first.end();
            assert.equal((await server.ended(0)).closed, "ok");

            const second = await nodeConnect(server.ports[0], only);
            assert.equal(second.alpnProtocol, false);
            assert.equal((await server.next(0)).opened.alpn, null);
            second.destroy();

            const third = await nodeConnect(server.ports[1], { ...only, ...identity("client") });
            const { peerCertificate } = (await server.next(1)).opened;
            assert.equal(peerCertificate.subject, "C=DE, O=Cleat Tests, CN=client 1");
            assert.equal(peerCertificate.raw, certificate("client").der.toString("hex"));
            third.write(pattern(100));
            assert.ok((await readBytes(third, 100)).equals(pattern(100)));
            third.destroy();
            await server.stop();
        },
    );

    boundedTest(`${version}: records of one byte, both ways and both roles`, async () => {
        const count = 3000;
        const byByte = async (socket) => {
            socket.setNoDelay(true);
            for (const byte of pattern(count)) {
                await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
            }
        };
        const receive = (socket) =>
            new Promise((resolve) => {
                const chunks = [];
                socket.on("data", (data) => {
                    chunks.push(data);
                    if (chunks.reduce((sum, { length }) => sum + length, 0) === count) {
                        resolve(chunks);
                    }
                });
            });
        let received;
        const peer = await nodeServer({ ...identity("good"), ...only }, (socket) => {
            received = receive(socket);
            void byByte(socket);
        });
        const [result] = await runClient([
            { port: peer.port, options: trusted(), bytewise: count, read: count },
        ]);
        checkResult(result);
        assert.deepEqual(Buffer.concat(await received), pattern(count));
        peer.close();

        const server = await startServers([{ options: identity("good") }]);
        const client = await nodeConnect(server.ports[0], only);
        const echo = receive(client);
        await byByte(client);
        assert.deepEqual(Buffer.concat(await echo), pattern(count));
        client.destroy();
        await server.stop();
    });

    boundedTest(`${version}: a network that delivers byte by byte and joins records`, async () => {
        const peer = await nodeServer({ ...identity("rsa"), ...only });
        // Each direction is a queue that a timer takes from: now one byte, now a lot.
        const slow = await relay(peer.port, (direction, data, connection) => {
            const to = direction === "up" ? connection.up : connection.down;
            connection.queues ??= {};
            const queue = (connection.queues[direction] ??= []);
            queue.push(...data);
            if (queue.length === data.length) {
                const next = () => {
                    const bytes = queue.splice(0, connection.sent[direction]++ < 3000 ? 1 : 40_000);
                    if (to.writable) {
                        to.write(Buffer.from(bytes));
                    }
                    if (queue.length > 0) {
                        setImmediate(next);
                    }
                };
                setImmediate(next);
            }
            return undefined;
        });
        const [result] = await runClient([{ port: slow.port, options: trusted(), echo: [1, 300, 70_000] }]);
        checkResult(result);
        assert.equal(result.closed, "ok");
        slow.close();
        peer.close();
    });

    boundedTest(`${version}: a client resumes at Node, OpenSSL and GnuTLS`, async () => {
        const node = await nodeServer({ ...identity("good"), ...only });
        const openssl = await opensslServer(certificate("good"), opensslVersion(version), "-rev");
        const gnutls = await gnutlsServer(
            certificate("good"),
            gnutlsPriority(version, "AES-128-GCM"),
            "--crlf",
        );
        const jobs = [
            ...Array.from({ length: 3 }, () => ({ port: node.port, options: trusted(), echo: [100] })),
            ...Array.from({ length: 3 }, () => ({ port: openssl.port, options: trusted(), ask: ["abc\n"] })),
            ...Array.from({ length: 3 }, () => ({ port: gnutls.port, options: trusted(), ask: ["abc\n"] })),
        ];
        const results = await runClient(jobs);
        results.forEach((result, index) => checkResult(result, index));
        const resumed = results.map(({ opened }) => opened.resumed);
        assert.deepEqual(resumed, [false, true, true, false, true, true, false, true, true]);
        assert.deepEqual(
            node.connections.map(({ reused }) => reused),
            [false, true, true],
        );
        assert.deepEqual(
            results.slice(3).map(({ answers }) => answers[0]),
            ["cba\n", "cba\n", "cba\n", "abc\n", "abc\n", "abc\n"],
        );
        // What is told about the peer is the same.
        for (const result of results) {
            assert.equal(result.opened.peerCertificate.spkiHash, certificate("good").pin);
            assert.equal(result.opened.protocol, version);
        }
        node.close();
        await openssl.stop();
        await gnutls.stop();
    });

    boundedTest(`${version}: a session is no way around names, trust, pins, revocation or ALPN`, async () => {
        const node = await nodeServer({ ...identity("good"), ...only, ALPNProtocols: ["a", "b"] });
        const { port } = node;
        const job = (options) => ({ port, options, echo: [100] });
        const results = await runClient([
            job(trusted()),
            job(trusted()),
            job(trusted({ serverName: "attacker.example" })),
            job({ ca: certificate("otherRoot").pem, serverName: "server.example" }),
            job(trusted({ pins: [certificate("other").pin] })),
            job(trusted({ alpn: ["a"] })),
            job(trusted({ alpn: ["b"] })),
            job(trusted({ pins: [certificate("good").pin] })),
            job({ serverName: "server.example" }),
            job(trusted()),
        ]);
        const brief = results.map(({ opened, error }) => error?.code ?? opened?.alpn ?? "open");
        assert.deepEqual(brief, [
            ...["open", "open", "TLS_CERT_WRONG_NAME", "TLS_CERT_UNKNOWN_AUTHORITY", "TLS_PIN_MISMATCH"],
            ...["a", "b", "open", "TLS_CERT_UNKNOWN_AUTHORITY", "open"],
        ]);
        assert.equal(results[1].opened.resumed, true);
        node.close();
    });

    boundedTest(
        `${version}: a server whose keys for tickets have changed gets a full handshake`,
        async () => {
            const keys = Buffer.alloc(48, 1);
            const node = await nodeServer({ ...identity("good"), ...only, ticketKeys: keys });
            const job = { port: node.port, options: trusted(), echo: [100] };
            const running = runClient([job, job, { ...job, echo: [100, 200] }, job]);
            await until(() => node.connections.length >= 2, "two connections");
            node.server.setTicketKeys(Buffer.alloc(48, 2));
            const results = await running;
            results.forEach((result, index) => checkResult(result, index));
            assert.equal(results[1].opened.resumed, true);
            node.close();
        },
    );

    boundedTest(`${version}: Node and OpenSSL resume at a server`, async () => {
        const server = await startServers([
            { options: identity("good") },
            { options: { ...identity("good"), clientAuth: "require", ca: roots() } },
            { options: identity("other") },
        ]);
        const once = async (index, options, hasTicket = true) => {
            const socket = await nodeConnect(server.ports[index], { ...only, ...options });
            socket.write("x");
            await readBytes(socket, 1);
            const reused = socket.isSessionReused();
            if (hasTicket) {
                await until(() => socket.lastSession !== undefined || reused, "a ticket");
            }
            socket.destroy();
            return { session: socket.lastSession, reused, seen: await server.next(index) };
        };
        const first = await once(0);
        assert.equal(first.reused, false);
        assert.equal(first.seen.opened.resumed, false);
        const second = await once(0, { session: first.session });
        assert.equal(second.reused, true);
        assert.equal(second.seen.opened.resumed, true);
        const elsewhere = await once(2, { session: first.session });
        assert.equal(elsewhere.reused, false, "another server has other keys");

        // A session of a server that asks for no certificate opens none that does; who has to show one does so each
        // time.
        const sneak = await once(1, { session: first.session }, false).catch((error) => error);
        assert.ok(sneak instanceof Error, "got in without a certificate");
        assert.equal((await server.next(1)).error.code, "TLS_CERT_MISSING");
        const proper = await once(1, identity("client"), false);
        const again = await once(1, { session: proper.session, ...identity("client") }, false);
        for (const { seen } of [proper, again]) {
            assert.equal(seen.opened.resumed, false);
            assert.equal(seen.opened.peerCertificate.subject, "C=DE, O=Cleat Tests, CN=client 1");
        }

        const file = `${folder()}/session-${version}`;
        const openssl = async (...args) => {
            const client = opensslClient(server.ports[0], opensslVersion(version), "-ign_eof", ...args);
            client.stdin.write("x\n");
            await client.match(/^x$/m);
            await client.stop();
            return server.next(0);
        };
        assert.equal((await openssl("-sess_out", file)).opened.resumed, false);
        assert.equal((await openssl("-sess_in", file)).opened.resumed, true);
        await server.stop();
    });
}

boundedTest("500 connections at once to a server", async () => {
    const server = await startServers([{ options: identity("good") }]);
    const sockets = [];
    for (let batch = 0; batch < 10; batch++) {
        sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => nodeConnect(server.ports[0])))));
    }
    await Promise.all(
        sockets.map(async (socket, index) => {
            const data = pattern(1000, index);
            socket.write(data);
            assert.ok((await readBytes(socket, 1000)).equals(data));
        }),
    );
    sockets.forEach((socket) => socket.end());
    for (let index = 0; index < 500; index++) {
        const { closed } = await server.ended(0);
        assert.equal(closed, "ok");
    }
    await server.stop();
});

boundedTest("500 connections at once from a client", async () => {
    const peer = await nodeServer(identity("good"));
    let most = 0;
    peer.server.on("secureConnection", () => (most = Math.max(most, peer.sockets.size)));
    const job = { port: peer.port, options: trusted(), echo: [1000, 10] };
    const results = await runClient(
        Array.from({ length: 500 }, () => job),
        { parallel: true, limit: 120_000 },
    );
    results.forEach((result, index) => checkResult(result, index));
    assert.ok(most > 400, `only ${most} at once`);
    peer.close();
});
