// tls_failures.test.mjs - TLS connections that end early or badly, in both roles: half-closed, cut off, silent, damaged,
// spoken to in another language, in versions and suites that are no longer good enough. Each has its code.
import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { certificate, identity, roots } from "./certificates.mjs";
import {
    boundedTest,
    listen,
    opensslClient,
    opensslServer,
    pattern,
    relay,
    runClient,
    startServers,
} from "./tls_peers.mjs";
import { sleep, until } from "./support.mjs";

const options = { ca: roots(), serverName: "server.example" };
const codeOf = ({ error, thrown, opened, failed }) =>
    error?.code ?? thrown?.code ?? failed?.code ?? (opened === undefined ? "nothing" : "opened");

const nodeServer = (more, onSecure = (socket) => socket.pipe(socket)) =>
    listen(
        tls.createServer({ ...identity("good"), ...more }, (socket) => {
            socket.on("error", () => {});
            onSecure(socket);
        }),
    );

/** A Node client that reports how it ended: "open" with the socket, or the code of its error. */
function nodeAttempt(port, more = {}) {
    return new Promise((resolve) => {
        const socket = tls.connect({
            ...{ port, host: "127.0.0.1", servername: "server.example", ca: roots() },
            ...more,
        });
        socket.once("secureConnect", () => resolve({ socket }));
        socket.on("error", (error) => resolve({ code: error.code, socket }));
        socket.once("close", () => resolve({ code: "closed", socket }));
    });
}

/** A raw TCP connection to a server: says something, then does something. */
function rawClient(port, data = undefined) {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.received = Buffer.alloc(0);
    socket.on("data", (bytes) => (socket.received = Buffer.concat([socket.received, bytes])));
    socket.on("error", (error) => (socket.problem = error.code));
    socket.gone = new Promise((resolve) => socket.once("end", resolve).once("close", resolve));
    socket.once("end", () => socket.end());
    if (data !== undefined) {
        socket.write(data);
    }
    return socket;
}

for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const only = { minVersion: version, maxVersion: version };

    boundedTest(`${version} client: half-close sends close_notify and goes on reading`, async () => {
        let ended = false;
        const peer = await nodeServer({ ...only, allowHalfOpen: true }, (socket) => {
            socket.resume();
            socket.once("end", async () => {
                ended = true;
                await sleep(50);
                socket.write("after the end");
                socket.end();
            });
        });
        const [result] = await runClient([{ port: peer.port, options, write: 100, end: "half", rest: true }]);
        assert.equal(ended, true);
        assert.equal(result.failed, undefined);
        assert.equal(result.rest, "after the end");
        assert.equal(result.closed, "ok");
        peer.close();
    });

    boundedTest(`${version} server: half-close both ways`, async () => {
        const server = await startServers([
            { options: identity("good"), behaviour: "sink" },
            { options: identity("good"), behaviour: "greet" },
        ]);
        const { socket } = await nodeAttempt(server.ports[0], { ...only, allowHalfOpen: true });
        socket.end(pattern(5000));
        let text = "";
        for await (const chunk of socket) {
            text += chunk;
        }
        assert.equal(text, "5000", "half-closed by the client, the server still answers");
        assert.equal((await server.ended(0)).closed, "ok");

        const second = (await nodeAttempt(server.ports[1], { ...only, allowHalfOpen: true })).socket;
        let hello = "";
        for await (const chunk of second) {
            hello += chunk;
        }
        assert.equal(hello, "hello");
        second.end();
        assert.equal((await server.ended(1)).closed, "ok");
        await server.stop();
    });

    boundedTest(`${version}: FIN without close_notify is TLS_TRUNCATED, in both roles`, async () => {
        const peer = await nodeServer(only, (socket) => socket.write(pattern(5000)));
        // Cuts the way down once the data have gone through.
        const cutting = await relay(peer.port, (direction, data, connection) => {
            if (connection.cut) {
                return undefined;
            }
            if (direction === "down" && connection.sent.down > 5000) {
                return data;
            }
            if (direction === "down" && connection.sent.down + data.length > 5000) {
                setTimeout(() => {
                    connection.cut = true;
                    connection.down.end();
                }, 100);
            }
            return data;
        });
        const [result] = await runClient([
            { port: cutting.port, options, read: 5000, rest: true, end: "wait" },
        ]);
        assert.equal(result.failed?.code, "TLS_TRUNCATED", JSON.stringify(result));
        assert.equal(result.failed.name, "NetworkError");
        assert.equal(result.closed.code, "TLS_TRUNCATED");
        cutting.close();
        peer.close();

        const server = await startServers([{ options: identity("good"), behaviour: "sink" }]);
        const way = await relay(server.ports[0]);
        const { socket } = await nodeAttempt(way.port, only);
        socket.write(pattern(5000));
        await sleep(100);
        way.connections[0].cut = true;
        way.connections[0].up.end();
        assert.equal((await server.ended(0)).closed.code, "TLS_TRUNCATED");
        socket.destroy();
        way.close();
        await server.stop();
    });

    boundedTest(`${version}: RST after the handshake is ECONNRESET, in both roles`, async () => {
        const peer = await nodeServer(only, (socket) => socket.write("x"));
        const resetting = await relay(peer.port, (direction, data, connection) => {
            if (direction === "down" && connection.sent.down > 1000) {
                setTimeout(() => connection.down.resetAndDestroy(), 100);
            }
            return data;
        });
        const [result] = await runClient([{ port: resetting.port, options, rest: true, end: "wait" }]);
        assert.equal(result.closed?.code, "ECONNRESET", JSON.stringify(result));
        resetting.close();
        peer.close();

        const server = await startServers([{ options: identity("good"), behaviour: "sink" }]);
        const way = await relay(server.ports[0]);
        const { socket } = await nodeAttempt(way.port, only);
        socket.write(pattern(5000));
        await server.next(0);
        way.connections[0].up.resetAndDestroy();
        assert.equal((await server.ended(0)).closed.code, "ECONNRESET");
        socket.destroy();
        way.close();
        await server.stop();
    });

    boundedTest(`${version}: abort by the app is RST, not an orderly end`, async () => {
        let seen;
        const peer = await nodeServer(only, (socket) => {
            socket.removeAllListeners("error");
            socket.on("error", (error) => (seen = error.code));
            socket.once("close", () => (seen ??= "close"));
            socket.pipe(socket);
        });
        const [result] = await runClient([{ port: peer.port, options, echo: [10], end: "abort" }]);
        assert.equal(result.closed.name, "RangeError");
        await until(() => seen !== undefined, "the end at the server");
        assert.equal(seen, "ECONNRESET");
        peer.close();
    });

    boundedTest(
        `${version}: a handshake that is cut anywhere ends with an error, in both roles`,
        async () => {
            const peer = await nodeServer(only);
            // The way down is cut after so many bytes: half by FIN, half by RST.
            const amounts = [0, 1, 4, 5, 6, 40, 100, 200, 400, 700, 900];
            const cuts = amounts.flatMap((bytes) => [
                { bytes, how: "end" },
                { bytes, how: "resetAndDestroy" },
            ]);
            let next = 0;
            const cutting = await relay(peer.port, (direction, data, connection) => {
                connection.plan ??= cuts[next++];
                const { bytes, how } = connection.plan;
                if (direction === "up" || connection.cut) {
                    return connection.cut ? undefined : data;
                }
                const rest = bytes - connection.sent.down;
                if (data.length < rest) {
                    return data;
                }
                connection.cut = true;
                connection.sent.down = bytes;
                connection.down.write(data.subarray(0, rest), () => connection.down[how]());
                return undefined;
            });
            const results = await runClient(cuts.map(() => ({ port: cutting.port, options, echo: [1] })));
            for (const [index, result] of results.entries()) {
                const expected = cuts[index].how === "end" ? ["TLS_TRUNCATED"] : ["ECONNRESET", "EPIPE"];
                assert.ok(
                    expected.includes(codeOf(result)),
                    `${JSON.stringify(cuts[index])} ${JSON.stringify(result)}`,
                );
                assert.equal(result.opened, undefined);
            }
            cutting.close();

            const server = await startServers([
                { options: { ...identity("good"), clientAuth: "request", ca: roots() } },
            ]);
            const hello = await recordClientHello(only);
            for (const bytes of [0, 1, 5, 6, 43, 100, hello.length - 1, hello.length]) {
                for (const how of ["end", "resetAndDestroy"]) {
                    const client = rawClient(server.ports[0]);
                    await new Promise((resolve) => client.write(hello.subarray(0, bytes), resolve));
                    if (bytes === hello.length) {
                        await until(() => client.received.length > 100, "an answer");
                    }
                    client[how]();
                    const { error } = await server.next(0);
                    const expected = how === "end" ? ["TLS_TRUNCATED"] : ["ECONNRESET", "EPIPE"];
                    assert.ok(
                        expected.includes(error?.code),
                        `${how} after ${bytes}: ${JSON.stringify(error)}`,
                    );
                    client.destroy();
                }
            }
            // And the server still serves.
            const { socket, code } = await nodeAttempt(server.ports[0], only);
            assert.equal(code, undefined);
            socket.destroy();
            await server.stop();
            peer.close();
        },
    );

    boundedTest(`${version}: a damaged byte anywhere is an error and never data, in both roles`, async () => {
        const peer = await nodeServer(only, (socket) => socket.write(pattern(100)));
        const places = Array.from({ length: 24 }, (_, index) => index * 61);
        let next = 0;
        const damaging = await relay(peer.port, (direction, data, connection) => {
            connection.place ??= places[next++];
            const offset = connection.place - connection.sent.down;
            if (direction === "down" && offset >= 0 && offset < data.length) {
                data[offset] ^= 0x41;
            }
            return data;
        });
        const jobs = places.map(() => ({
            port: damaging.port,
            options: { ...options, handshakeTimeout: 1500 },
            read: 100,
        }));
        const results = await runClient(jobs, { parallel: false });
        for (const [index, result] of results.entries()) {
            const code = codeOf(result);
            // A length that was damaged may make it wait for more; what is not covered by a MAC (the version of
            // a record) may pass.
            if (code !== "opened") {
                assert.match(
                    code,
                    /^TLS_|^ECONNRESET$|^EPIPE$/,
                    `byte ${places[index]}: ${JSON.stringify(result)}`,
                );
            }
        }
        const failures = results.filter((result) => codeOf(result) !== "opened").length;
        assert.ok(failures >= places.length * 0.6, `${failures} of ${places.length}`);
        damaging.close();
        peer.close();

        const server = await startServers([{ options: { ...identity("good"), handshakeTimeout: 1500 } }]);
        let place = 0;
        const upward = await relay(server.ports[0], (direction, data, connection) => {
            const offset = place - connection.sent.up;
            if (direction === "up" && offset >= 0 && offset < data.length) {
                data[offset] ^= 0x41;
            }
            return data;
        });
        const codes = [];
        for (place of [0, 1, 3, 5, 6, 9, 10, 11, 43, 44, 77, 100, 150, 200]) {
            const { socket } = await nodeAttempt(upward.port, only);
            const event = await server.next(0);
            codes.push(event.error?.code ?? "opened");
            socket.destroy();
        }
        for (const code of codes) {
            assert.match(code, /^TLS_|^opened$|^ECONNRESET$|^EPIPE$/);
        }
        assert.ok(codes.filter((code) => code !== "opened").length > 5, codes.join());
        upward.close();
        await server.stop();
    });
}

/** What Node's client says first. */
async function recordClientHello(more) {
    const sink = await listen(net.createServer());
    const received = new Promise((resolve) =>
        sink.server.once("connection", (socket) => socket.once("data", resolve)),
    );
    const client = tls.connect({ port: sink.port, host: "127.0.0.1", ...more });
    client.on("error", () => {});
    const hello = await received;
    client.destroy();
    sink.close();
    return hello;
}

boundedTest(
    "what is no TLS is TLS_PROTOCOL or TLS_PLAINTEXT, in both roles, and ends the connection",
    async () => {
        const says = [
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nno TLS here",
            "220 mail.example ESMTP\r\n",
            "\0".repeat(200),
            Buffer.from("160303ffff", "hex"), // a record that is too long
            Buffer.from("16030300050e0000", "hex").toString("latin1") + "x".repeat(50),
            Buffer.from("1703030020", "hex").toString("latin1") + "y".repeat(32), // data before the handshake
            Buffer.from("160301000400ffffff", "hex"), // an endless handshake message
            "\x80\x2e\x01\x03\x01", // SSL 2
        ];
        for (const text of says) {
            const peer = await listen(
                net.createServer((socket) => socket.write(Buffer.from(text, "latin1"))),
            );
            const [result] = await runClient([
                { port: peer.port, options: { ...options, handshakeTimeout: 2000 }, echo: [1] },
            ]);
            assert.match(
                codeOf(result),
                /^TLS_(PROTOCOL|PLAINTEXT|VERSION|HANDSHAKE_TIMEOUT)$/,
                JSON.stringify(text),
            );
            peer.close();
        }
        const server = await startServers([{ options: { ...identity("good"), handshakeTimeout: 2000 } }]);
        for (const text of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "EHLO x\r\n", ...says]) {
            const client = rawClient(server.ports[0], Buffer.from(text, "latin1"));
            const { error } = await server.next(0);
            assert.match(
                error?.code ?? "opened",
                /^TLS_(PROTOCOL|PLAINTEXT|VERSION|HANDSHAKE_TIMEOUT)$/,
                JSON.stringify(text),
            );
            await client.gone;
        }
        await server.stop();
    },
);

boundedTest("plain HTTP and SMTP are told apart from damaged TLS: never TLS_HANDSHAKE_TIMEOUT", async () => {
    const server = await startServers([{ options: identity("good") }]);
    for (const text of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "EHLO example.org\r\n"]) {
        const begin = Date.now();
        const client = rawClient(server.ports[0], text);
        assert.match((await server.next(0)).error.code, /^TLS_(PROTOCOL|PLAINTEXT)$/);
        await client.gone;
        assert.ok(Date.now() - begin < 3000);
    }
    await server.stop();
});

boundedTest(
    "a silent peer, and one that trickles, end with TLS_HANDSHAKE_TIMEOUT, in both roles",
    async () => {
        const silent = await listen(net.createServer());
        const real = await nodeServer({});
        const trickling = await relay(real.port, (direction, data, connection) => {
            if (direction === "up") {
                return data;
            }
            void (async () => {
                for (let index = 0; index < data.length && !connection.down.destroyed; index++) {
                    connection.down.write(data.subarray(index, index + 1));
                    await sleep(30);
                }
            })();
            return undefined;
        });
        const begin = Date.now();
        const results = await runClient(
            [silent.port, trickling.port].map((port) => ({
                port,
                options: { ...options, handshakeTimeout: 400 },
            })),
            { parallel: true },
        );
        for (const result of results) {
            assert.equal(codeOf(result), "TLS_HANDSHAKE_TIMEOUT");
            assert.equal(result.error.name, "NetworkError");
            assert.equal(result.closed.code, "TLS_HANDSHAKE_TIMEOUT");
        }
        assert.ok(Date.now() - begin < 10_000);
        [silent, trickling, real].forEach((each) => each.close());

        const server = await startServers([{ options: { ...identity("good"), handshakeTimeout: 400 } }]);
        const client = rawClient(server.ports[0]);
        assert.equal((await server.next(0)).error.code, "TLS_HANDSHAKE_TIMEOUT");
        await client.gone;
        const hello = await recordClientHello({});
        const slow = rawClient(server.ports[0]);
        const timer = setInterval(() => {
            if (slow.writable) {
                slow.write(hello.subarray(0, 1));
            }
        }, 30);
        assert.match((await server.next(0)).error.code, /^TLS_(HANDSHAKE_TIMEOUT|PROTOCOL)$/);
        clearInterval(timer);
        await slow.gone;
        // A client that is done with its handshake may be silent for longer.
        const { socket } = await nodeAttempt(server.ports[0]);
        await sleep(800);
        socket.write("x");
        assert.equal(String(await new Promise((resolve) => socket.once("data", resolve))), "x");
        socket.destroy();
        await server.stop();
    },
);

const old = "DEFAULT@SECLEVEL=0";
for (const [what, peer, code, own = {}] of [
    ["TLS 1.0 alone", { minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: old }, "TLS_VERSION"],
    ["TLS 1.1 alone", { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: old }, "TLS_VERSION"],
    ["TLS 1.2, where 1.3 is wanted", { maxVersion: "TLSv1.2" }, "TLS_VERSION", { minVersion: "TLSv1.3" }],
    ["CBC", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" }, "TLS_NO_SHARED_CIPHER"],
    ["CBC and SHA-1", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-SHA" }, "TLS_NO_SHARED_CIPHER"],
    [
        "RSA key exchange",
        { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256", name: "rsa" },
        "TLS_NO_SHARED_CIPHER",
    ],
    [
        "DHE",
        { maxVersion: "TLSv1.2", ciphers: "DHE-RSA-AES128-GCM-SHA256", dhparam: "auto", name: "rsa" },
        "TLS_NO_SHARED_CIPHER",
    ],
    ["another group", { minVersion: "TLSv1.3", ecdhCurve: "secp521r1" }, "TLS_NO_SHARED_CIPHER"],
    ["another group in 1.2", { maxVersion: "TLSv1.2", ecdhCurve: "secp521r1" }, "TLS_NO_SHARED_CIPHER"],
]) {
    const { name = "good", ...more } = peer;
    boundedTest(`a peer that offers only ${what}: ${code}, in both roles`, async () => {
        const server = await nodeServer({ ...more, ...identity(name) });
        const [result] = await runClient([{ port: server.port, options: { ...options, ...own } }]);
        assert.equal(codeOf(result), code, JSON.stringify(result));
        server.close();

        const cleat = await startServers([{ options: { ...identity(name), ...own } }]);
        const { socket, code: seen } = await nodeAttempt(cleat.ports[0], more);
        assert.notEqual(seen, undefined, "it connected");
        assert.equal((await cleat.next(0)).error?.code, code);
        socket.destroy();
        await cleat.stop();
    });
}

boundedTest("a server hello of TLS 1.1, and one with the mark of a downgrade, are refused", async () => {
    const random = (tail) => Buffer.concat([Buffer.alloc(24, 7), Buffer.from(tail, "latin1")]);
    const hello = (version, tail) => {
        const body = Buffer.concat([Buffer.from(version), random(tail), Buffer.from("00c02b00", "hex")]);
        const message = Buffer.concat([Buffer.from([2, 0, 0, body.length]), body]);
        return Buffer.concat([Buffer.from([22, 3, 3, 0, message.length]), message]);
    };
    for (const [data, expected] of [
        [hello([3, 2], "abcdefgh"), /^TLS_VERSION$/],
        [hello([3, 0], "abcdefgh"), /^TLS_VERSION$/],
        [hello([3, 3], "DOWNGRD\x01"), /^TLS_(PROTOCOL|VERSION)$/],
    ]) {
        const peer = await listen(
            net.createServer((socket) => socket.once("data", () => socket.write(data))),
        );
        const [result] = await runClient([
            { port: peer.port, options: { ...options, handshakeTimeout: 1000 } },
        ]);
        assert.match(codeOf(result), expected, data.toString("hex"));
        peer.close();
    }
});

boundedTest("no shared ALPN: TLS_NO_SHARED_ALPN, in both roles", async () => {
    const peer = await nodeServer({ ALPNProtocols: ["theirs"] });
    const [result] = await runClient([{ port: peer.port, options: { ...options, alpn: ["ours"] } }]);
    assert.equal(codeOf(result), "TLS_NO_SHARED_ALPN");
    peer.close();
    const server = await startServers([{ options: { ...identity("good"), alpn: ["ours"] } }]);
    const { socket } = await nodeAttempt(server.ports[0], { ALPNProtocols: ["theirs"] });
    assert.equal((await server.next(0)).error.code, "TLS_NO_SHARED_ALPN");
    socket.destroy();
    await server.stop();
});

boundedTest(
    "renegotiation by the peer is refused, in both roles, and gives no second handshake",
    async () => {
        const peer = await opensslServer(certificate("good"), "-tls1_2");
        const running = runClient([{ port: peer.port, options, write: 10, rest: true, end: "wait" }]);
        await peer.match(/Shared ciphers|CIPHER is/);
        await until(() => peer.size > 0, "the connection");
        peer.stdin.write("R\n");
        await sleep(300);
        peer.stdin.write("still here\n");
        await sleep(300);
        peer.stdin.write("Q\n");
        const [result] = await running;
        const handshakes = peer.out.toString("latin1").match(/CIPHER is/g).length;
        assert.equal(handshakes, 1);
        if (result.failed === undefined) {
            assert.match(result.rest, /still here/);
        } else {
            assert.match(result.failed.code, /^TLS_(PROTOCOL|ALERT|TRUNCATED)$/, JSON.stringify(result));
        }
        await peer.stop();

        const server = await startServers([{ options: identity("good") }]);
        const client = opensslClient(
            server.ports[0],
            "-tls1_2",
            "-legacy_renegotiation",
            "-CAfile",
            certificate("root").file,
        );
        await client.match(/Verify return code/);
        assert.equal((await server.next(0)).error, undefined);
        client.stdin.write("R\n");
        await sleep(300);
        client.stdin.write("hello\n");
        const { closed } = await server.ended(0);
        assert.ok(closed === "ok" || /^TLS_|^ECONNRESET/.test(closed.code), JSON.stringify(closed));
        assert.doesNotMatch(client.out.toString("latin1"), /renegotiation done/i);
        await client.stop();
        const other = await nodeAttempt(server.ports[0]);
        assert.equal(other.code, undefined, "the server goes on");
        other.socket.destroy();
        await server.stop();
    },
);

boundedTest(
    "a key update of the peer (TLS 1.3) is followed or ends with a code, and data stay right",
    async () => {
        const peer = await opensslServer(certificate("good"), "-tls1_3");
        const running = runClient([{ port: peer.port, options, write: 10, rest: true, end: "wait" }]);
        await peer.match(/CIPHER is/);
        await sleep(100);
        peer.stdin.write("K\n");
        await sleep(200);
        peer.stdin.write("after the update\n");
        await sleep(200);
        peer.stdin.write("Q\n");
        const [result] = await running;
        if (result.failed === undefined) {
            assert.match(result.rest, /after the update/);
        } else {
            assert.match(result.failed.code, /^TLS_/);
            assert.equal(result.rest, "");
        }
        await peer.stop();
    },
);

boundedTest("an alert of the peer is TLS_ALERT and names it", async () => {
    const peer = await listen(
        net.createServer((socket) =>
            socket.once("data", () => socket.write(Buffer.from("1503030002022f", "hex"))),
        ),
    );
    const [result] = await runClient([{ port: peer.port, options }]);
    assert.equal(codeOf(result), "TLS_ALERT");
    assert.match(result.error.message, /illegal_parameter/);
    peer.close();

    // A client that does not trust the server's certificate says so.
    const server = await startServers([{ options: identity("unknownAuthority") }]);
    const trust = certificate("root").file;
    const client = opensslClient(server.ports[0], "-tls1_2", "-CAfile", trust, "-verify_return_error");
    const { error } = await server.next(0);
    assert.equal(error?.code, "TLS_ALERT");
    assert.match(error.message, /unknown_ca|certificate_unknown|bad_certificate/);
    await client.stop();
    await server.stop();
});

boundedTest("a failed handshake of one client disturbs no other", async () => {
    const server = await startServers([{ options: identity("good") }]);
    const { socket } = await nodeAttempt(server.ports[0]);
    const bad = Array.from({ length: 50 }, (_, index) =>
        rawClient(server.ports[0], index % 2 ? "garbage\n\n" : undefined),
    );
    await sleep(100);
    bad.forEach((client, index) => (index % 3 ? client.destroy() : client.resetAndDestroy()));
    socket.write("alive");
    assert.equal(String(await new Promise((resolve) => socket.once("data", resolve))), "alive");
    socket.destroy();
    await server.stop();
});
