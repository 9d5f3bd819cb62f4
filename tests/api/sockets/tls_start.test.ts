// flags: -A
// tls_start.test.ts - startTls() between two sockets of one runtime: both roles, what was queued, what becomes of the old
// sockets and of whoever holds their streams, ends in the middle, and the collector.
import { equal, notEqual, ok, rejects, sleep, test, text, throws } from "../harness.ts";
import { abortAll, closeAll, connectPair, isPending, readOne, readText } from "./peers.ts";
import * as identities from "./tls_identities.ts";
import { pattern, readPattern } from "./tls_peers.ts";

const serverOptions = { cert: identities.serverCertificate, key: identities.serverKey };
const clientOptions = { ca: identities.authority };

async function upgraded(): Promise<{ client: TCPSocket; peer: TCPSocket; old: TCPSocket[] }> {
    const plain = await connectPair();
    const peer = plain.peer.startTls(serverOptions);
    const client = plain.client.startTls(clientOptions);
    await Promise.all([client.opened, peer.opened]);
    return { client, peer, old: [plain.client, plain.peer] };
}

test("both sides upgrade at once, before a word was said", async () => {
    const plain = await connectPair();
    const client = plain.client.startTls(clientOptions);
    equal(client.readyState, "opening");
    equal(plain.client.readyState, "closed");
    notEqual(client, plain.client);
    ok(client instanceof TCPSocket);
    const peer = plain.peer.startTls(serverOptions);
    const [mine, theirs] = await Promise.all([client.opened, peer.opened]);
    equal(mine.protocol, "TLSv1.3");
    equal(theirs.peerCertificate, null);
    equal(mine.peerCertificate?.spkiHash, identities.serverPin);
    equal(client.readyState, "open");
    equal(client.remotePort, plain.client.remotePort);
    equal(client.localPort, plain.client.localPort);
    equal(client.remoteAddress, "127.0.0.1");
    await client.writable.write("secret");
    equal(text(await readOne(peer.readable)), "secret");
    await closeAll(client, peer);
});

test("after a dialogue in plain text, with a writer and a reader that were never released", async () => {
    const plain = await connectPair();
    const writer = plain.client.writable.getWriter();
    const reader = plain.client.readable.getReader();
    await plain.peer.writable.write("220 hello");
    equal(text((await reader.read()).value!), "220 hello");
    await writer.write("STARTTLS");
    equal(text(await readOne(plain.peer.readable)), "STARTTLS");
    await plain.peer.writable.write("220 go");
    equal(text((await reader.read()).value!), "220 go");
    const peer = plain.peer.startTls(serverOptions);
    const waiting = reader.read();
    const client = plain.client.startTls(clientOptions);
    equal((await waiting).done, true);
    await reader.closed;
    await rejects(writer.write("late"), "TypeError");
    equal(await plain.client.closed, undefined);
    equal(await plain.peer.closed, undefined);
    await Promise.all([client.opened, peer.opened]);
    await peer.writable.write("now");
    equal(text(await readOne(client.readable)), "now");
    await closeAll(client, peer);
});

test("the old sockets end nothing", async () => {
    const { client, peer, old } = await upgraded();
    for (const socket of old) {
        await socket.close();
        socket.halfClose();
        await socket.writable.abort().catch(() => undefined);
        equal((await socket.readable.getReader().read()).done, true);
        throws(() => socket.startTls(clientOptions), "InvalidStateError");
    }
    await client.writable.write("alive");
    equal(text(await readOne(peer.readable)), "alive");
    await closeAll(client, peer);
});

test("what was queued goes out before, and none of it is lost or encrypted", async () => {
    const plain = await connectPair();
    const size = 1_000_000;
    const written = plain.peer.writable.write(pattern(size));
    const peer = plain.peer.startTls(serverOptions);
    const reader = plain.client.readable.getReader();
    equal(await readPattern(reader, size), size);
    await written;
    reader.releaseLock();
    const client = plain.client.startTls(clientOptions);
    await Promise.all([client.opened, peer.opened]);
    await closeAll(client, peer);
});

test("reads and writes of the new socket wait for the handshake", async () => {
    const plain = await connectPair();
    const client = plain.client.startTls(clientOptions);
    const writing = client.writable.write("early");
    const reading = client.readable.getReader().read();
    ok(await isPending(writing));
    const peer = plain.peer.startTls(serverOptions);
    equal(text(await readOne(peer.readable)), "early");
    await peer.writable.write("answer");
    equal(text((await reading).value!), "answer");
    await writing;
    await closeAll(client, peer);
});

test("plain text that was not read, client: TLS_PLAINTEXT, and the connection is reset", async () => {
    const plain = await connectPair();
    await plain.peer.writable.write("220 go\r\ninjected");
    await sleep(30);
    const client = plain.client.startTls(clientOptions);
    await rejects(client.opened, { name: "NetworkError", code: "TLS_PLAINTEXT" });
    await rejects(client.closed, { code: "TLS_PLAINTEXT" });
    await rejects(client.readable.getReader().read(), { code: "TLS_PLAINTEXT" });
    equal((await plain.client.readable.getReader().read()).done, true);
    await rejects(plain.peer.closed, "NetworkError");
});

test("plain text that a stream had queued, client: the same", async () => {
    const plain = await connectPair();
    const reader = plain.client.readable.getReader();
    await plain.peer.writable.write("220 go\r\n");
    equal(text((await reader.read()).value!), "220 go\r\n");
    await plain.peer.writable.write("one");
    await sleep(20);
    await plain.peer.writable.write("two");
    await sleep(20);
    const client = plain.client.startTls(clientOptions);
    await rejects(client.opened, { code: "TLS_PLAINTEXT" });
    await abortAll(plain.peer);
});

test("plain text where the handshake had to begin, both roles", async () => {
    const first = await connectPair();
    const client = first.client.startTls(clientOptions);
    await first.peer.writable.write("250 injected\r\n");
    await rejects(client.opened, { code: "TLS_PLAINTEXT" });
    await abortAll(first.peer);

    const second = await connectPair();
    const peer = second.peer.startTls(serverOptions);
    await second.client.writable.write("RCPT TO:<x>\r\n");
    await rejects(peer.opened, { code: "TLS_PLAINTEXT" });
    await abortAll(second.client);

    const third = await connectPair();
    await third.client.writable.write("RCPT TO:<x>\r\n");
    await sleep(30);
    const late = third.peer.startTls(serverOptions);
    await rejects(late.opened, { code: "TLS_PLAINTEXT" });
    await abortAll(third.client);
});

test("a client's handshake that the server has received, but not looked for yet, is no injection", async () => {
    const plain = await connectPair();
    const client = plain.client.startTls(clientOptions);
    await sleep(50);
    const peer = plain.peer.startTls(serverOptions);
    await Promise.all([client.opened, peer.opened]);
    await closeAll(client, peer);
});

test("where it can't be: InvalidStateError, TypeError, InvalidAccessError; the socket goes on", async () => {
    const { client, peer } = await connectPair();
    throws(() => client.startTls({ ca: 5 as unknown as string }), "TypeError");
    throws(() => client.startTls({ ca: "x" }), { name: "InvalidAccessError", code: "TLS_BAD_CERTIFICATE" });
    throws(() => peer.startTls({}), /* a server without a certificate */ {});
    equal(client.readyState, "open");
    await client.writable.write("still");
    equal(text(await readOne(peer.readable)), "still");
    client.halfClose();
    throws(() => client.startTls(clientOptions), "InvalidStateError");
    await closeAll(client, peer);
    throws(() => client.startTls(clientOptions), "InvalidStateError");
    const { client: secure, peer: securePeer } = await upgraded();
    throws(() => secure.startTls(clientOptions), "InvalidStateError");
    throws(() => securePeer.startTls(serverOptions), "InvalidStateError");
    await closeAll(secure, securePeer);
});

test("a peer that has half-closed can't be upgraded to", async () => {
    const { client, peer } = await connectPair();
    peer.halfClose();
    equal(await readText(client.readable), "");
    let socket: TCPSocket | undefined;
    try {
        socket = client.startTls(clientOptions);
    } catch (error) {
        equal((error as Error).name, "InvalidStateError");
    }
    if (socket !== undefined) {
        await rejects(socket.opened, "NetworkError");
    }
    await closeAll(client, peer);
});

test("an untrusted certificate fails the new socket and leaves the old one closed", async () => {
    const plain = await connectPair();
    const peer = plain.peer.startTls(serverOptions);
    const client = plain.client.startTls({});
    await rejects(client.opened, { code: "TLS_CERT_UNKNOWN_AUTHORITY" });
    equal(await plain.client.closed, undefined);
    await rejects(peer.closed, "NetworkError");
});

test("close, abort and a signal in the middle of the handshake", async () => {
    const first = await connectPair();
    const one = first.client.startTls(clientOptions);
    await rejects(one.close(), "AbortError");
    await rejects(one.opened, "AbortError");
    await abortAll(first.peer);

    const second = await connectPair();
    const two = second.client.startTls(clientOptions);
    await two.writable.abort(new RangeError("x"));
    await rejects(two.opened);
    await rejects(two.closed);
    await abortAll(second.peer);
});

test("a pipe from the old socket ends as its source does", async () => {
    const plain = await connectPair();
    const chunks: string[] = [];
    const pipe = plain.client.readable.pipeTo(
        new WritableStream({
            write(chunk: ArrayBuffer): void {
                chunks.push(text(chunk));
            },
        }),
    );
    await plain.peer.writable.write("go");
    await sleep(20);
    const peer = plain.peer.startTls(serverOptions);
    const client = plain.client.startTls(clientOptions);
    await pipe;
    equal(chunks.join(), "go");
    await Promise.all([client.opened, peer.opened]);
    await closeAll(client, peer);
});

test("an upgraded socket carries a lot, half-closes, and is collected", async () => {
    let reference: WeakRef<TCPSocket> | undefined;
    await (async () => {
        const { client, peer, old } = await upgraded();
        reference = new WeakRef(old[0]!);
        const echo = peer.readable.pipeTo(peer.writable);
        const writing = client.writable.write(pattern(400_000)).then(() => client.halfClose());
        equal(await readPattern(client.readable.getReader()), 400_000);
        await Promise.all([writing, echo, client.closed, peer.closed]);
    })();
    for (let i = 0; i < 3; i++) {
        cleat.gc();
        await sleep(1);
    }
    equal(reference!.deref(), undefined);
});

test("a handshake that only its promise refers to survives the collector", async () => {
    const { opened, peer } = await (async () => {
        const plain = await connectPair();
        return {
            opened: plain.client.startTls(clientOptions).opened,
            peer: plain.peer.startTls(serverOptions),
        };
    })();
    for (let i = 0; i < 3; i++) {
        cleat.gc();
        await sleep(1);
    }
    const { readable, writable } = await opened;
    await peer.writable.write("x");
    equal(text(await readOne(readable)), "x");
    void writable.close();
    await closeAll(peer);
});
