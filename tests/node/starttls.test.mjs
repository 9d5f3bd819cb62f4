// starttls.test.mjs - connections that begin in plain text: SMTP, IMAP, POP3 and XMPP in both roles, with OpenSSL, GnuTLS
// and Node; plain text that an attacker puts before the handshake; what becomes of the old socket.
import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { certificate, identity, roots } from "./certificates.mjs";
import { Program, boundedTest, listen, opensslClient, startApp } from "./tls_peers.mjs";
import { sleep } from "./support.mjs";

const xmppStream =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' " +
    "version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>" +
    "</stream:features>";
/** The server's side: what it says, and (expressions) what it waits for; $1 is from the last of these. */
const dialogues = {
    smtp: [
        "220 server.example ESMTP\r\n",
        /EHLO [^\r]*\r\n/,
        "250-server.example\r\n250-SIZE 1000000\r\n250-STARTTLS\r\n250 HELP\r\n",
        /STARTTLS\r\n/,
        "220 2.0.0 Ready to start TLS\r\n",
    ],
    imap: [
        "* OK IMAP4rev1 ready\r\n",
        /(\S+) CAPABILITY\r\n/,
        "* CAPABILITY IMAP4rev1 STARTTLS\r\n$1 OK done\r\n",
        /(\S+) STARTTLS\r\n/,
        "$1 OK Begin TLS\r\n",
    ],
    pop3: ["+OK ready\r\n", /STLS\r\n/, "+OK Begin TLS\r\n"],
    xmpp: [
        /<stream:stream[^>]*>/,
        xmppStream,
        /<starttls [^>]*>/,
        "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ],
};
/** The client's side, likewise. */
const clientDialogues = {
    smtp: [/220 .*\r\n/, "EHLO client.example\r\n", /250 .*\r\n/, "STARTTLS\r\n", /220 .*\r\n/],
    imap: [/\* OK .*\r\n/, "a1 CAPABILITY\r\n", /a1 OK .*\r\n/, "a2 STARTTLS\r\n", /a2 OK .*\r\n/],
    pop3: [/\+OK .*\r\n/, "STLS\r\n", /\+OK .*\r\n/],
    xmpp: [
        "<?xml version='1.0'?><stream:stream to='server.example' xmlns='jabber:client' version='1.0'>",
        /<\/stream:features>/,
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        /<proceed [^>]*>/,
    ],
};

const portable = (steps) =>
    JSON.stringify(steps.map((step) => (step instanceof RegExp ? { expect: step.source } : { send: step })));

/** In Cleat: runs a dialogue on a plain socket; resolves with what came behind it in the same chunks. */
const appDialogue = `
    const decoder = new TextDecoder();
    const describe = (error) => [error.name, error.code ?? "", error.message].join(" ");
    const converse = async (socket, steps) => {
        const reader = socket.readable.getReader();
        let text = "";
        let found;
        for (const { send, expect } of steps) {
            if (send !== undefined) {
                await socket.writable.write(send.replaceAll("$1", found?.[1] ?? ""));
                continue;
            }
            for (found = null; (found = new RegExp(expect).exec(text)) === null;) {
                const { value, done } = await reader.read();
                if (done) {
                    throw new Error("ended in the dialogue");
                }
                text += decoder.decode(value);
            }
            text = text.slice(found.index + found[0].length);
        }
        reader.releaseLock();
        return text;
    };
    const lineOf = async (socket) => {
        const reader = socket.readable.getReader();
        for (let text = "";;) {
            const { value, done } = await reader.read();
            if (done) {
                return text + "<end>";
            }
            text += decoder.decode(value);
            if (text.endsWith("\\n")) {
                reader.releaseLock();
                return text.trim();
            }
        }
    };`;

/** A Cleat server that upgrades each connection and answers lines in upper case. */
async function startUpgrader(protocol) {
    const app = startApp(`${appDialogue}
        const options = ${JSON.stringify(identity("good"))};
        const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
        const { readable, localPort } = await server.opened;
        console.log("port", localPort);
        const serve = async (plain) => {
            await converse(plain, ${portable(dialogues[protocol])});
            const socket = plain.startTls(options);
            const opened = await socket.opened;
            console.log("open", opened.protocol, plain.readyState, socket.readyState);
            await plain.closed;
            for (;;) {
                const line = await lineOf(socket);
                if (line.endsWith("<end>")) {
                    break;
                }
                await socket.writable.write(line.toUpperCase() + "\\n");
            }
            await socket.close();
            console.log("done");
        };
        for await (const plain of readable) {
            serve(plain).catch((error) => console.log("failed", describe(error)));
        }`);
    const port = Number((await app.line(/^port (\d+)/))[1]);
    return { app, port };
}

for (const protocol of Object.keys(dialogues)) {
    boundedTest(`${protocol}: a server, with openssl s_client and gnutls-cli`, async () => {
        const { app, port } = await startUpgrader(protocol);
        const trust = certificate("root").file;
        const client = opensslClient(
            port,
            ...["-starttls", protocol, "-quiet", "-CAfile", trust, "-verify_return_error"],
            ...[
                "-servername",
                "server.example",
                ...(protocol === "xmpp" ? ["-xmpphost", "server.example"] : []),
            ],
        );
        client.stdin.write("something secret\n");
        await client.match(/^SOMETHING SECRET\r?$/m);
        assert.match((await app.line(/^open .*/))[0], /^open TLSv1\.3 closed open$/);
        await client.stop();

        const other = new Program([
            ...["gnutls-cli", `--starttls-proto=${protocol}`, "127.0.0.1", `--port=${port}`],
            ...[`--x509cafile=${trust}`, "--verify-hostname=server.example", "--sni-hostname=server.example"],
        ]);
        await other.match(/Handshake was completed/);
        other.stdin.write("another secret\n");
        await other.match(/ANOTHER SECRET/);
        await other.stop();
        await app.stop();
    });

    boundedTest(`${protocol}: a client, with a Node server, in 1.2 and 1.3`, async () => {
        for (const version of ["TLSv1.2", "TLSv1.3"]) {
            const names = [];
            const peer = await upgradingServer(
                dialogues[protocol],
                { minVersion: version, maxVersion: version },
                names,
            );
            const app = startApp(`${appDialogue}
                const plain = new TCPSocket("127.0.0.1", ${peer.port});
                await plain.opened;
                const rest = await converse(plain, ${portable(clientDialogues[protocol])});
                const socket = plain.startTls({ serverName: "server.example", ca: ${JSON.stringify(roots())} });
                console.log(plain.readyState, socket.readyState, socket === plain, JSON.stringify(rest));
                const opened = await socket.opened;
                await plain.closed;
                console.log(opened.protocol, opened.peerCertificate.subject, socket.remotePort === ${peer.port});
                await socket.writable.write("something secret\\n");
                console.log(await lineOf(socket));
                await socket.close();
                console.log("closed");`);
            assert.deepEqual(await app.ended, { code: 0, signal: null }, app.out + app.err);
            assert.deepEqual(app.out.trim().split("\n"), [
                'closed opening false ""',
                `${version} C=DE, O=Cleat Tests, CN=server.example true`,
                "SOMETHING SECRET",
                "closed",
            ]);
            assert.deepEqual(names, ["server.example"]);
            peer.close();
        }
    });
}

/** Runs the server's side of a dialogue on a Node socket. */
async function converse(socket, steps) {
    let text = "";
    let found = null;
    for (const step of steps) {
        if (typeof step === "string") {
            socket.write(step.replaceAll("$1", found?.[1] ?? ""));
            continue;
        }
        while ((found = step.exec(text)) === null) {
            text += await new Promise((resolve, reject) => {
                socket.once("data", resolve);
                socket.once("close", () => reject(new Error(`closed before ${step}`)));
            });
        }
        text = text.slice(found.index + found[0].length);
    }
    return text;
}

/** A Node server that upgrades, then answers lines in upper case. `names` gets the server names that clients ask for. */
function upgradingServer(steps, options, names = [], before = async () => {}) {
    return listen(
        net.createServer((raw) => {
            void (async () => {
                await converse(raw, steps);
                await before(raw);
                const socket = new tls.TLSSocket(raw, {
                    isServer: true,
                    secureContext: tls.createSecureContext({ ...identity("good"), ...options }),
                    SNICallback: (name, callback) => {
                        names.push(name);
                        callback(null, undefined);
                    },
                });
                socket.on("error", () => {});
                socket.on("data", (data) => socket.write(String(data).toUpperCase()));
                socket.on("end", () => socket.end());
            })().catch(() => {});
        }),
    );
}

const clientApp = (port, { delay = 0, steps = clientDialogues.smtp, read = false } = {}) => `${appDialogue}
    const plain = new TCPSocket("127.0.0.1", ${port});
    await plain.opened;
    const rest = await converse(plain, ${portable(steps)});
    await new Promise((resolve) => setTimeout(resolve, ${delay}));
    const socket = plain.startTls({ serverName: "server.example", ca: ${JSON.stringify(roots())} });
    try {
        await socket.opened;
        ${read ? "" : `await socket.writable.write("mine\\n");`}
        console.log("data", await lineOf(socket));
        void socket.close();
    } catch (error) {
        console.log("failed", describe(error));
    }
    await socket.closed.then(() => console.log("closed"), (error) => console.log("closed", describe(error)));`;

boundedTest(
    "client: plain text behind the go-ahead, in a later packet, is TLS_PLAINTEXT and never data",
    async () => {
        // The attacker's text comes before startTls() is called, or after the client has begun its handshake.
        for (const delay of [300, 0]) {
            const peer = await upgradingServer(dialogues.smtp, {}, [], async (raw) => {
                await sleep(60);
                raw.write("250 injected\r\n");
                await sleep(300);
            });
            const app = startApp(clientApp(peer.port, { delay }));
            assert.deepEqual(await app.ended, { code: 0, signal: null }, app.out + app.err);
            assert.match(app.out, /^failed NetworkError TLS_PLAINTEXT .*\nclosed NetworkError TLS_PLAINTEXT/);
            assert.doesNotMatch(app.out, /injected|data/);
            peer.close();
        }
    },
);

boundedTest(
    "client: plain text behind the go-ahead, in the same packet, is never data of the secure socket",
    async () => {
        const steps = [...dialogues.smtp.slice(0, -1), "220 2.0.0 Ready to start TLS\r\n250 injected\r\n"];
        const peer = await upgradingServer(steps, {});
        const app = startApp(clientApp(peer.port, { steps: clientDialogues.smtp }));
        assert.deepEqual(
            await app.ended.then(() => app.stop()),
            { code: 0, signal: null },
            app.out + app.err,
        );
        assert.doesNotMatch(app.out, /injected/);
        assert.match(app.out, /^data MINE\n|^failed NetworkError TLS_PLAINTEXT/);
        peer.close();
    },
);

boundedTest(
    "client: a go-ahead that the app has not read counts as plain text before the handshake",
    async () => {
        const peer = await listen(net.createServer((raw) => raw.write("220 hello\r\n250 more\r\n")));
        const app = startApp(`${appDialogue}
        const plain = new TCPSocket("127.0.0.1", ${peer.port});
        await plain.opened;
        await new Promise((resolve) => setTimeout(resolve, 200));
        const socket = plain.startTls({ serverName: "server.example" });
        await socket.opened.catch((error) => console.log(describe(error)));
        const { done } = await plain.readable.getReader().read();
        console.log(done);`);
        assert.deepEqual(await app.ended, { code: 0, signal: null }, app.out + app.err);
        assert.match(app.out, /^NetworkError TLS_PLAINTEXT .*\ntrue\n$/);
        peer.close();
    },
);

boundedTest("server: plain text behind STARTTLS is TLS_PLAINTEXT and never data", async () => {
    const { app, port } = await startUpgrader("smtp");
    for (const [wait, text] of [
        [0, "RCPT TO:<victim@example.com>\r\n"],
        [60, "RCPT TO:<victim@example.com>\r\n"],
        [60, "x"],
        [60, "\x17\x03\x03\x00\x05abcde"],
    ]) {
        const before = app.out.length;
        const socket = net.connect(port, "127.0.0.1");
        socket.on("error", () => {});
        const gone = new Promise((resolve) => socket.once("close", resolve));
        await converse(socket, [
            /220 /,
            "EHLO x\r\n",
            /250 HELP/,
            "STARTTLS\r\n",
            ...(wait === 0 ? [] : [/220 /]),
        ]);
        await sleep(wait);
        socket.write(Buffer.from(text, "latin1"));
        await gone;
        await app.line(/^failed/);
        await sleep(30);
        assert.match(
            app.out.slice(before),
            /^failed NetworkError TLS_(PLAINTEXT|PROTOCOL) /,
            JSON.stringify(text),
        );
        assert.doesNotMatch(app.out, /^open/m);
    }
    await app.stop();
});

boundedTest("server: text in the packet of STARTTLS is not what the client says under TLS", async () => {
    const { app, port } = await startUpgrader("smtp");
    const raw = net.connect(port, "127.0.0.1");
    raw.on("error", () => {});
    await converse(raw, [/220 /, "EHLO x\r\n", /250 HELP/, "STARTTLS\r\ninjected\r\n", /220 .*\r\n/]);
    const socket = tls.connect({ socket: raw, servername: "server.example", ca: roots() });
    const answer = await new Promise((resolve) => {
        socket.on("error", (error) => resolve(error.code));
        socket.once("secureConnect", () => socket.write("proper\n"));
        socket.once("data", (data) => resolve(String(data)));
    });
    assert.match(answer, /^PROPER\n$|^E|^ERR/);
    socket.destroy();
    await app.stop();
});

boundedTest(
    "server: a client that begins its handshake without waiting for the go-ahead is served",
    async () => {
        // RFC 3207 lets it wait; TLS from the same packet is no injection, since the handshake covers it.
        const { app, port } = await startUpgrader("pop3");
        const raw = net.connect(port, "127.0.0.1");
        await converse(raw, [/\+OK /, "STLS\r\n"]);
        const text = new Promise((resolve) => raw.once("data", resolve));
        assert.match(String(await text), /\+OK Begin/);
        const socket = tls.connect({ socket: raw, servername: "server.example", ca: roots() });
        socket.write("early\n");
        assert.equal(String(await new Promise((resolve) => socket.once("data", resolve))), "EARLY\n");
        socket.destroy();
        await app.stop();
    },
);

boundedTest("what was written before startTls() goes out first, in plain text", async () => {
    const received = [];
    const peer = await listen(
        net.createServer((raw) => {
            const text = [];
            let size = 0;
            const onData = (data) => {
                text.push(data);
                size += data.length;
                if (size < 3_000_000) {
                    return;
                }
                const all = Buffer.concat(text);
                received.push(all.subarray(0, 3_000_000));
                raw.off("data", onData);
                raw.pause();
                raw.unshift(all.subarray(3_000_000));
                const socket = new tls.TLSSocket(raw, {
                    isServer: true,
                    secureContext: tls.createSecureContext(identity("good")),
                });
                socket.on("error", () => {});
                socket.on("data", (data) => socket.write(String(data).toUpperCase()));
                socket.on("end", () => socket.end());
            };
            raw.on("data", onData);
        }),
    );
    const app = startApp(`${appDialogue}
        const plain = new TCPSocket("127.0.0.1", ${peer.port});
        await plain.opened;
        const writer = plain.writable.getWriter();
        const writes = Array.from({ length: 30 }, (_, i) => writer.write(new Uint8Array(100_000).fill(65 + i)));
        const socket = plain.startTls({ serverName: "server.example", ca: ${JSON.stringify(roots())} });
        await Promise.all(writes);
        await socket.opened;
        await socket.writable.write("after\\n");
        console.log(await lineOf(socket));
        await writer.write("late").catch((error) => console.log(error.name));
        await socket.close();`);
    assert.deepEqual(await app.ended, { code: 0, signal: null }, app.out + app.err);
    assert.equal(app.out, "AFTER\nTypeError\n");
    const expected = Buffer.concat(
        Array.from({ length: 30 }, (_, index) => Buffer.alloc(100_000, 65 + index)),
    );
    assert.ok(received[0].equals(expected));
    peer.close();
});

boundedTest(
    "the old socket is over: reads are done, also one that waits; it ends nothing any more",
    async () => {
        const peer = await upgradingServer(dialogues.pop3, {});
        const app = startApp(`${appDialogue}
        const plain = new TCPSocket("127.0.0.1", ${peer.port});
        const { readable, writable } = await plain.opened;
        await converse(plain, ${portable(clientDialogues.pop3)});
        const reader = readable.getReader();
        const waiting = reader.read();
        const socket = plain.startTls({ serverName: "server.example", ca: ${JSON.stringify(roots())} });
        console.log((await waiting).done, plain.readyState);
        await reader.closed;
        console.log((await reader.read()).done);
        await writable.write("x").then(() => console.log("written"), (error) => console.log(error.name));
        await plain.closed;
        await plain.close();
        plain.halfClose();
        await writable.abort().catch(() => {});
        try {
            plain.startTls({});
        } catch (error) {
            console.log(error.name);
        }
        await socket.opened;
        await socket.writable.write("alive\\n");
        console.log(await lineOf(socket));
        await socket.close();`);
        assert.deepEqual(await app.ended, { code: 0, signal: null }, app.out + app.err);
        assert.equal(app.out, "true closed\ntrue\nTypeError\nInvalidStateError\nALIVE\n");
        peer.close();
    },
);

boundedTest("startTls() where it can't be: InvalidStateError, and the connection goes on", async () => {
    const peer = await upgradingServer(dialogues.pop3, {});
    const secure = await listen(tls.createServer(identity("good"), (socket) => socket.on("error", () => {})));
    const app = startApp(`${appDialogue}
        const attempt = (what, socket, options = {}) => {
            try {
                socket.startTls(options);
                console.log(what, "no error");
            } catch (error) {
                console.log(what, error.name);
            }
        };
        const ca = ${JSON.stringify(roots())};
        const opening = new TCPSocket("127.0.0.1", ${peer.port});
        attempt("opening", opening);
        await opening.opened;
        attempt("bad option", opening, { ca: 5 });
        attempt("bad ca", opening, { ca: "x" });
        attempt("bad alpn", opening, { alpn: "x" });
        const { value } = await opening.readable.getReader().read();
        console.log(decoder.decode(value).trim());
        opening.halfClose();
        attempt("half-closed", opening);
        await opening.close();
        attempt("closed", opening);
        const already = new TCPSocket("127.0.0.1", ${secure.port}, { useSecureTransport: true, ca });
        attempt("opening TLS", already);
        await already.opened;
        attempt("TLS", already);
        await already.writable.abort();
        await already.closed.catch(() => {});
        const twice = new TCPSocket("127.0.0.1", ${peer.port});
        await twice.opened;
        await converse(twice, ${portable(clientDialogues.pop3)});
        const socket = twice.startTls({ serverName: "server.example", ca });
        attempt("twice", twice);
        attempt("handshake", socket);
        await socket.opened;
        attempt("upgraded", socket);
        await socket.close();`);
    assert.deepEqual(await app.ended, { code: 0, signal: null }, app.out + app.err);
    assert.deepEqual(app.out.trim().split("\n"), [
        "opening InvalidStateError",
        "bad option TypeError",
        "bad ca InvalidAccessError",
        "bad alpn TypeError",
        "+OK ready",
        "half-closed InvalidStateError",
        "closed InvalidStateError",
        "opening TLS InvalidStateError",
        "TLS InvalidStateError",
        "twice InvalidStateError",
        "handshake InvalidStateError",
        "upgraded InvalidStateError",
    ]);
    peer.close();
    secure.close();
});

boundedTest("the peer closes instead, or is silent: the new socket says so", async () => {
    const closing = await upgradingServer(dialogues.smtp, {}, [], (raw) => {
        raw.end();
        return new Promise(() => {});
    });
    const app = startApp(clientApp(closing.port));
    await app.ended;
    assert.match(app.out, /^failed NetworkError TLS_TRUNCATED/);
    closing.close();
    const silent = await upgradingServer(dialogues.smtp, {}, [], () => new Promise(() => {}));
    const other = startApp(clientApp(silent.port).replace("ca:", "handshakeTimeout: 300, ca:"));
    await other.ended;
    assert.match(
        other.out,
        /^failed NetworkError TLS_HANDSHAKE_TIMEOUT .*\nclosed NetworkError TLS_HANDSHAKE_TIMEOUT/,
    );
    silent.close();
});

boundedTest("the host of the constructor is the name for startTls()", async () => {
    const peer = await upgradingServer(dialogues.pop3, {});
    for (const [host, expected] of [
        ["localhost", /^open\n/],
        ["127.0.0.1", /^open\n/],
    ]) {
        const app = startApp(`${appDialogue}
            const plain = new TCPSocket("${host}", ${peer.port});
            await plain.opened;
            await converse(plain, ${portable(clientDialogues.pop3)});
            const socket = plain.startTls({ ca: ${JSON.stringify(roots())} });
            await socket.opened.then(() => console.log("open"), (error) => console.log(describe(error)));
            await socket.close().catch(() => {});`);
        await app.ended;
        assert.match(app.out, expected, app.err);
    }
    peer.close();
});
