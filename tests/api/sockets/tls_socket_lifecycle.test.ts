// flags: -A
// tls_socket_lifecycle.test.ts - a secure TCPSocket from the handshake to the end: used before it is open, closed twice and
// from within, half-closed both ways, aborted, with streams that are locked.
import { deepEqual, equal, notEqual, ok, rejects, test, text } from "../harness.ts";
import { abortAll, closeAll, freePort, isPending, readOne, readText, startServer } from "./peers.ts";
import * as identities from "./tls_identities.ts";
import { pattern, readPattern, securePair, startSecureServer } from "./tls_peers.ts";

test("opened tells what was agreed, on both sides", async () => {
    const { server, port } = await startSecureServer({ alpn: ["b", "a"] });
    const client = new TCPSocket("127.0.0.1", port, { ...identities.client, alpn: ["a", "b"] });
    equal(client.readyState, "opening");
    const peer = await server.listen();
    const [mine, theirs] = await Promise.all([client.opened, peer.opened]);
    equal(client.readyState, "open");
    equal(peer.readyState, "open");
    for (const opened of [mine, theirs]) {
        equal(opened.protocol, "TLSv1.3");
        equal(opened.alpn, "b");
        ok(opened.cipher?.startsWith("TLS_"));
        equal(opened.resumed, false);
    }
    equal(mine.cipher, theirs.cipher);
    equal(theirs.peerCertificate, null);
    const certificate = mine.peerCertificate!;
    equal(certificate.subject, "CN=server");
    equal(certificate.issuer, "CN=Cleat test root");
    equal(certificate.spkiHash, identities.serverPin);
    equal(certificate.validFrom, "2020-01-01T00:00:00.000Z");
    equal(certificate.validTo, "2099-12-31T23:59:59.000Z");
    deepEqual(certificate.subjectAltNames, ["DNS:localhost", "DNS:server.example", "IP:127.0.0.1", "IP:::1"]);
    equal(new Uint8Array(certificate.raw)[0], 0x30);
    equal(mine.remotePort, port);
    equal(theirs.remotePort, client.localPort);
    await closeAll(client, peer, server);
});

test("a plain socket tells nothing of TLS", async () => {
    const { server, port } = await startServer();
    const client = new TCPSocket("127.0.0.1", port);
    const peer = await server.listen();
    const opened = await client.opened;
    ok(!("protocol" in opened) || (opened.protocol ?? null) === null);
    await closeAll(client, peer, server);
});

test("reads and writes before the handshake wait for it", async () => {
    const { server, port } = await startSecureServer();
    const client = new TCPSocket("127.0.0.1", port, identities.client);
    const writing = client.writable.write("early");
    const reading = client.readable.getReader().read();
    const peer = await server.listen();
    equal(peer.readyState, "opening");
    const answer = peer.writable.write("as early");
    equal(text(await readOne(peer.readable)), "early");
    equal(text((await reading).value!), "as early");
    await Promise.all([writing, answer]);
    await closeAll(client, peer, server);
});

test("client certificates, required", async () => {
    const { server, port } = await startSecureServer({ clientAuth: "require", ca: identities.authority });
    const own = { cert: identities.clientCertificate, key: identities.clientKey };
    const client = new TCPSocket("127.0.0.1", port, { ...identities.client, ...own });
    const peer = await server.listen();
    equal((await peer.opened).peerCertificate?.subject, "CN=client");
    await closeAll(client, peer);

    const without = new TCPSocket("127.0.0.1", port, identities.client);
    const refused = await server.listen();
    await rejects(refused.opened, { name: "NetworkError", code: "TLS_CERT_MISSING" });
    await rejects(refused.closed, { code: "TLS_CERT_MISSING" });
    await rejects(refused.readable.getReader().read(), { code: "TLS_CERT_MISSING" });
    await rejects(refused.writable.write("x"), { code: "TLS_CERT_MISSING" });
    equal(refused.readyState, "closed");
    await rejects(without.closed, { name: "NetworkError" });
    equal(server.readyState, "open", "the server goes on");
    await closeAll(server);
});

test("what the client does not trust is an error of both sides' sockets and not of the server", async () => {
    const { server, port } = await startSecureServer();
    const client = new TCPSocket("127.0.0.1", port, { useSecureTransport: true });
    const writing = client.writable.write("secret");
    const peer = await server.listen();
    const error = (await rejects(client.opened, {
        name: "NetworkError",
        code: "TLS_CERT_UNKNOWN_AUTHORITY",
    })) as Error;
    ok(error.message.includes("127.0.0.1"), error.message);
    equal(await rejects(client.closed), error);
    equal(await rejects(client.readable.getReader().read()), error);
    equal(await rejects(writing), error);
    await rejects(peer.closed, "NetworkError");
    equal((await peer.opened.then(() => "open").catch(() => "failed")) !== "", true);
    const again = new TCPSocket("127.0.0.1", port, identities.client);
    const next = await server.listen();
    await again.opened;
    await closeAll(again, next, server);
});

test("a plain client at a TLS server, and a TLS client at a plain server", async () => {
    const { server, port } = await startSecureServer();
    const plain = new TCPSocket("127.0.0.1", port);
    await plain.writable.write("GET / HTTP/1.0\r\n\r\n");
    const peer = await server.listen();
    const failure = (await rejects(peer.opened, "NetworkError")) as { code?: string };
    ok(/^TLS_(PROTOCOL|PLAINTEXT)$/.test(String(failure.code)), failure.code);
    await plain.close().catch(() => undefined);
    await closeAll(server);

    const { server: other, port: otherPort } = await startServer();
    const secure = new TCPSocket("127.0.0.1", otherPort, identities.client);
    const plainPeer = await other.listen();
    await plainPeer.writable.write("220 hello\r\n");
    const second = (await rejects(secure.opened, "NetworkError")) as { code?: string };
    ok(/^TLS_(PROTOCOL|PLAINTEXT)$/.test(String(second.code)), second.code);
    await abortAll(plainPeer);
    await closeAll(other);
});

test("refused connections are those of TCP", async () => {
    const port = await freePort();
    const socket = new TCPSocket("127.0.0.1", port, identities.client);
    await rejects(socket.opened, { name: "NetworkError", code: "ECONNREFUSED" });
    await rejects(socket.closed, { code: "ECONNREFUSED" });
});

test("close() at once, and in the middle of the handshake", async () => {
    const { server, port } = await startSecureServer();
    const first = new TCPSocket("127.0.0.1", port, identities.client);
    await rejects(first.close(), "AbortError");
    await rejects(first.opened, "AbortError");
    equal((await first.readable.getReader().read()).done, true);

    // A plain server accepts and says nothing: the handshake stands.
    const { server: silent, port: silentPort } = await startServer();
    const second = new TCPSocket("127.0.0.1", silentPort, identities.client);
    const accepted = await silent.listen();
    await readOne(accepted.readable);
    await rejects(second.close(), "AbortError");
    await rejects(second.opened, "AbortError");
    await abortAll(accepted);

    const third = new TCPSocket("127.0.0.1", port, identities.client);
    void third.opened.catch(() => undefined);
    void third.closed.catch(() => undefined);
    const peer = await server.listen();
    void peer.opened.catch(() => undefined);
    await peer.close().catch(() => undefined);
    ok(peer.readyState === "closing" || peer.readyState === "closed", peer.readyState);
    await third.close().catch(() => undefined);
    await closeAll(server, silent);
});

test("close() twice, and after the end, is one close", async () => {
    const { client, peer } = await securePair();
    const first = client.close();
    equal(client.close(), first);
    await closeAll(peer);
    await first;
    equal(client.close(), first);
    client.halfClose();
    equal(client.readyState, "closed");
});

test("close() from within a read, a write and the end of the peer", async () => {
    const { client, peer } = await securePair();
    await peer.writable.write("now");
    await client.readable
        .getReader()
        .read()
        .then(() => client.writable.write("bye"))
        .then(() => void client.close());
    equal(await readText(peer.readable), "bye");
    await peer.close();
    await client.closed;
});

test("after the end, reading is done and writing is a TypeError", async () => {
    const { client, peer } = await securePair();
    const { readable, writable } = client;
    await closeAll(client, peer);
    equal((await readable.getReader().read()).done, true);
    await rejects(writable.write("x"), "TypeError");
    await rejects(writable.close(), "TypeError");
    await writable.ready;
    equal(client.localAddress, "127.0.0.1");
});

test("half-closed by the app: it goes on receiving until the peer ends too", async () => {
    const { client, peer } = await securePair();
    client.halfClose();
    client.halfClose();
    await rejects(client.writable.write("x"), "TypeError");
    equal(await readText(peer.readable), "");
    equal(client.readyState, "halfclosed");
    await peer.writable.write("answer");
    await peer.writable.close();
    equal(await readText(client.readable), "answer");
    await Promise.all([client.closed, peer.closed]);
});

test("half-closed by the peer: the app goes on sending", async () => {
    const { client, peer } = await securePair();
    peer.halfClose();
    equal(await readText(client.readable), "");
    equal(client.readyState, "open");
    ok(await isPending(client.closed));
    await client.writable.write("still");
    equal(text(await readOne(peer.readable)), "still");
    await client.close();
    await peer.closed;
});

test("allowHalfOpen: false ends the socket with the peer, after what was written", async () => {
    const { client, peer } = await securePair({ allowHalfOpen: false });
    const written = client.writable.write("last");
    peer.halfClose();
    await client.closed;
    await written;
    equal(await readText(peer.readable), "last");
    await peer.closed;
});

test("close() sends what a locked writer has queued", async () => {
    const { client, peer } = await securePair();
    const writer = client.writable.getWriter();
    const writes = Array.from({ length: 50 }, (_, index) => writer.write(`${index},`));
    void client.close();
    const all = await readText(peer.readable);
    equal(all, Array.from({ length: 50 }, (_, index) => `${index},`).join(""));
    await Promise.all(writes);
    await rejects(writer.write("late"), "TypeError");
    await closeAll(peer);
    await client.closed;
});

test("close() right after a lot was written loses nothing", async () => {
    const { client, peer } = await securePair();
    const written = client.writable.write(pattern(500_000));
    const closed = client.close();
    equal(await readPattern(peer.readable.getReader()), 500_000);
    await written;
    await peer.close();
    await closed;
});

test("a signal that aborts during the handshake, and after open", async () => {
    const { server: silent, port } = await startServer();
    const controller = new AbortController();
    const first = new TCPSocket("127.0.0.1", port, { ...identities.client, signal: controller.signal });
    const accepted = await silent.listen();
    await readOne(accepted.readable);
    const reason = new RangeError("enough");
    controller.abort(reason);
    equal(await rejects(first.opened), reason);
    equal(await rejects(first.closed), reason);
    await accepted.closed.catch(() => undefined);
    await closeAll(accepted, silent);

    const second = new AbortController();
    const { client, peer } = await securePair({ signal: second.signal });
    const reading = client.readable.getReader().read();
    second.abort(reason);
    equal(await rejects(reading), reason);
    equal(await rejects(client.closed), reason);
    await rejects(peer.closed, { name: "NetworkError", code: "ECONNRESET" });
});

test("AbortSignal.timeout() and handshakeTimeout limit a handshake", async () => {
    const { server: silent, port } = await startServer();
    const first = new TCPSocket("127.0.0.1", port, { ...identities.client, handshakeTimeout: 50 });
    await rejects(first.opened, { name: "NetworkError", code: "TLS_HANDSHAKE_TIMEOUT" });
    await rejects(first.closed, { code: "TLS_HANDSHAKE_TIMEOUT" });
    const signal = AbortSignal.timeout(50);
    const second = new TCPSocket("127.0.0.1", port, { ...identities.client, signal });
    await rejects(second.opened, "TimeoutError");
    await closeAll(silent);

    const { server, port: securePort } = await startSecureServer({ handshakeTimeout: 50 });
    const plain = new TCPSocket("127.0.0.1", securePort);
    const peer = await server.listen();
    await rejects(peer.opened, { code: "TLS_HANDSHAKE_TIMEOUT" });
    await closeAll(plain, server);
});

test("abort() resets: the peer gets an error, not an end", async () => {
    const { client, peer } = await securePair();
    await client.writable.write("some");
    equal(text(await readOne(peer.readable)), "some");
    await client.writable.abort(new RangeError("why"));
    await rejects(client.closed, "RangeError");
    await rejects(client.readable.getReader().read(), "RangeError");
    await rejects(peer.closed, { code: "ECONNRESET" });
});

test("abort() cuts a close() short that waits for a peer that does not read", async () => {
    const { client, peer } = await securePair();
    const written = client.writable.write(new Uint8Array(20_000_000));
    written.catch(() => undefined);
    const closed = client.close();
    ok(await isPending(closed));
    equal(client.readyState, "closing");
    await client.writable.abort(new RangeError("enough"));
    await rejects(closed, "RangeError");
    await rejects(peer.readable.pipeTo(new WritableStream()), { code: "ECONNRESET" });
});

test("abort() while opening calls the attempt off", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port, identities.client);
    const accepted = await server.listen();
    await readOne(accepted.readable);
    await socket.writable.abort();
    await rejects(socket.opened, "AbortError");
    await rejects(socket.closed, "AbortError");
    equal(socket.readyState, "closed");
    await accepted.closed.catch(() => undefined);
    await closeAll(accepted, server);
});

test("cancel() of readable is close()", async () => {
    const { client, peer } = await securePair();
    const cancelled = client.readable.cancel();
    equal(await readText(peer.readable), "");
    await peer.close();
    await cancelled;
    await client.closed;
});

test("a server that closes leaves its connections alone, also those in the handshake", async () => {
    const { server, port } = await startSecureServer();
    const client = new TCPSocket("127.0.0.1", port, identities.client);
    const peer = await server.listen();
    await server.close();
    await Promise.all([client.opened, peer.opened]);
    await client.writable.write("alive");
    equal(text(await readOne(peer.readable)), "alive");
    await closeAll(client, peer);
});

test("a second connection resumes the session, and tells the same of the peer", async () => {
    const { server, port } = await startSecureServer();
    const infos: TCPSocketOpenInfo[] = [];
    for (let index = 0; index < 3; index++) {
        const client = new TCPSocket("127.0.0.1", port, identities.client);
        const peer = await server.listen();
        await peer.writable.write("x");
        await readOne(client.readable);
        infos.push(await client.opened);
        equal((await peer.opened).resumed, index > 0);
        await closeAll(client, peer);
    }
    deepEqual(
        infos.map(({ resumed }) => resumed),
        [false, true, true],
    );
    equal(infos[1]!.peerCertificate?.spkiHash, identities.serverPin);
    notEqual(infos[1]!.peerCertificate, null);
    await closeAll(server);
});
