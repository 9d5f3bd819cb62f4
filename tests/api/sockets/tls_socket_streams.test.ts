// flags: -A
// timeout: 60
// tls_socket_streams.test.ts - the streams of secure sockets: data of all sizes both ways at once, back-pressure, pipes
// between plain and secure sockets, tees, loops, buffers of the app, and the collector in the middle.
import { equal, ok, rejects, sleep, test, text, until } from "../harness.ts";
import { abortAll, closeAll, connectPair, isPending, readOne, readText, startServer } from "./peers.ts";
import * as identities from "./tls_identities.ts";
import { pattern, readLength, readPattern, securePair, startSecureServer } from "./tls_peers.ts";

test("sizes around those of records, both ways at once", async () => {
    const { client, peer } = await securePair();
    const [mine, theirs] = [client.readable.getReader(), peer.readable.getReader()];
    let sent = 0;
    for (const size of [1, 2, 255, 4096, 16_383, 16_384, 16_385, 32_768, 65_536, 65_537, 200_000]) {
        const writing = [client, peer].map((socket) => socket.writable.write(pattern(size, sent)));
        const counts = await Promise.all([readPattern(mine, size, sent), readPattern(theirs, size, sent)]);
        equal(counts[0], size);
        equal(counts[1], size);
        await Promise.all(writing);
        sent += size;
    }
    await closeAll(client, peer);
});

test("empty chunks send nothing and end nothing", async () => {
    const { client, peer } = await securePair();
    await client.writable.write("");
    await client.writable.write(new Uint8Array(0));
    await client.writable.write("x");
    equal(text(await readOne(peer.readable)), "x");
    await closeAll(client, peer);
});

test("text, views and buffers are sent as what they are", async () => {
    const { client, peer } = await securePair();
    const bytes = new Uint8Array([1, 2, 3, 65, 66, 67]);
    await client.writable.write("grün");
    await client.writable.write(new DataView(bytes.buffer, 3, 2));
    await client.writable.write(bytes.buffer.slice(5));
    await rejects(client.writable.write(5 as unknown as string), "TypeError");
    await client.close().catch(() => undefined);
    const all = await readText(peer.readable).catch((error: unknown) => String(error));
    ok(all === "grünABC" || all.includes("Error"), all);
    await peer.close().catch(() => undefined);
});

test("a chunk that the app changes after write() has resolved was sent as it was", async () => {
    const { client, peer } = await securePair();
    const data = pattern(100_000);
    const reading = readPattern(peer.readable.getReader(), 200_000);
    await client.writable.write(data);
    data.fill(0);
    await client.writable.write(pattern(100_000, 100_000));
    equal(await reading, 200_000);
    await closeAll(client, peer);
});

test("a peer that does not read stops the writer, and the writer goes on when it does", async () => {
    const { client, peer } = await securePair();
    const writer = client.writable.getWriter();
    const chunk = new Uint8Array(65_536);
    let written = 0;
    const writing = (async () => {
        for (let index = 0; index < 300; index++) {
            await writer.ready;
            await writer.write(chunk);
            written++;
        }
    })();
    let before = -1;
    while (before !== written) {
        before = written;
        await sleep(100);
    }
    ok(written < 300, `${written} chunks went out unread`);
    const reader = peer.readable.getReader();
    equal(await readLength(reader, 300 * 65_536), 300 * 65_536);
    await writing;
    equal(written, 300);
    await closeAll(client, peer);
});

test("both sides write without reading, then both read: no deadlock", async () => {
    const { client, peer } = await securePair();
    const size = 8_000_000;
    const writes = [client, peer].map((socket) => socket.writable.write(new Uint8Array(size)));
    ok(await isPending(Promise.all(writes), 100));
    const counts = await Promise.all(
        [client, peer].map((socket) => readLength(socket.readable.getReader(), size)),
    );
    equal(counts[0], size);
    equal(counts[1], size);
    await Promise.all(writes);
    await closeAll(client, peer);
});

test("an app that does not read holds no more than some chunks", async () => {
    const { client, peer } = await securePair();
    const before = cleat.memoryUsage().heapUsed;
    const writing = client.writable.write(new Uint8Array(30_000_000));
    writing.catch(() => undefined);
    await sleep(200);
    ok(cleat.memoryUsage().heapUsed - before < 34_000_000, "received what nobody asked for");
    await abortAll(client, peer);
});

test("pipeTo between secure and plain sockets, in all combinations, copies all of it and ends both", async () => {
    for (const [first, second] of [
        [securePair, connectPair],
        [connectPair, securePair],
        [securePair, securePair],
    ] as const) {
        const left = await first();
        const right = await second();
        const pipe = left.peer.readable.pipeTo(right.client.writable);
        const written = left.client.writable.write(pattern(400_000)).then(() => left.client.close());
        equal(await readPattern(right.peer.readable.getReader()), 400_000);
        await pipe;
        await closeAll(left.peer, right.peer, right.client);
        await written;
    }
});

test("an echo by pipe, of its own streams", async () => {
    const { client, peer } = await securePair();
    const echo = peer.readable.pipeTo(peer.writable);
    const writing = client.writable.write(pattern(500_000)).then(() => client.halfClose());
    equal(await readPattern(client.readable.getReader()), 500_000);
    await Promise.all([writing, echo, client.closed, peer.closed]);
});

test("a pipe through plain and back (a proxy) in both directions", async () => {
    const { server, port } = await startSecureServer();
    const { server: proxy, port: proxyPort } = await startServer();
    const client = new TCPSocket("127.0.0.1", proxyPort);
    const [inner, outer] = [await proxy.listen(), new TCPSocket("127.0.0.1", port, identities.client)];
    const pipes = [inner.readable.pipeTo(outer.writable), outer.readable.pipeTo(inner.writable)];
    const peer = await server.listen();
    const echo = peer.readable.pipeTo(peer.writable);
    const writing = client.writable.write(pattern(300_000)).then(() => client.halfClose());
    equal(await readPattern(client.readable.getReader()), 300_000);
    await Promise.all([...pipes, echo, writing]);
    await closeAll(client, inner, outer, peer, server, proxy);
});

test("a pipe ends with an error when its secure source is reset", async () => {
    const left = await securePair();
    const right = await connectPair();
    const pipe = left.peer.readable.pipeTo(right.client.writable);
    await left.client.writable.write("some");
    equal(text(await readOne(right.peer.readable)), "some");
    await left.client.writable.abort();
    await rejects(pipe, { code: "ECONNRESET" });
    await rejects(right.peer.closed, { code: "ECONNRESET" });
    await rejects(right.client.closed, { code: "ECONNRESET" });
});

test("for await, tee and a transform", async () => {
    const one = await securePair();
    void one.client.writable.write(pattern(300_000)).then(() => one.client.writable.close());
    let count = 0;
    for await (const chunk of one.peer.readable) {
        ok(chunk.byteLength > 0 && chunk.byteLength <= 65_536, String(chunk.byteLength));
        count += chunk.byteLength;
    }
    equal(count, 300_000);
    await closeAll(one.client, one.peer);

    const two = await securePair();
    const [left, right] = two.peer.readable.tee();
    void two.client.writable.write(pattern(300_000)).then(() => two.client.close());
    const counts = await Promise.all([readPattern(left.getReader()), readPattern(right.getReader())]);
    equal(counts[0], 300_000);
    equal(counts[1], 300_000);
    await closeAll(two.client, two.peer);

    const three = await securePair();
    const texts = three.peer.readable.pipeThrough(new TextDecoderStream());
    void three.client.writable.write("grün".repeat(20_000)).then(() => three.client.close());
    let all = "";
    for await (const part of texts) {
        all += part;
    }
    equal(all, "grün".repeat(20_000));
    await closeAll(three.client, three.peer);
});

test("leaving a for await closes the socket", async () => {
    const { client, peer } = await securePair();
    await client.writable.write("x");
    for await (const chunk of peer.readable) {
        equal(text(chunk), "x");
        break;
    }
    await client.close();
    await peer.closed;
    equal(peer.readyState, "closed");
});

test("what arrived before the peer's end is read first, however late it is read", async () => {
    const { client, peer } = await securePair();
    for (let index = 0; index < 20; index++) {
        await client.writable.write(pattern(1000, index * 1000));
    }
    client.halfClose();
    await sleep(50);
    const reader = peer.readable.getReader();
    equal(await readPattern(reader), 20_000);
    equal((await reader.read()).done, true);
    await closeAll(client, peer);
});

test("many small records in one segment come out in order, and none is left behind", async () => {
    const { client, peer } = await securePair();
    const writer = client.writable.getWriter();
    const writes = Array.from({ length: 500 }, (_, index) => writer.write(pattern(7, index * 7)));
    const reader = peer.readable.getReader();
    equal(await readPattern(reader, 3500), 3500);
    await Promise.all(writes);
    const waiting = reader.read();
    ok(await isPending(waiting));
    client.halfClose();
    equal((await waiting).done, true);
    await closeAll(client, peer);
});

async function collect(): Promise<void> {
    for (let i = 0; i < 3; i++) {
        cleat.gc();
        await sleep(1);
    }
}

test("a handshake, a pending read and a pending write survive the collector", async () => {
    const { server, port } = await startSecureServer();
    const opened = new TCPSocket("127.0.0.1", port, { ...identities.client }).opened;
    await collect();
    const accepted = server.listen();
    await collect();
    const peer = await accepted;
    await collect();
    const { readable, writable } = await opened;
    const reading = readable.getReader().read();
    await collect();
    await peer.writable.write("x");
    equal(text((await reading).value!), "x");
    const writing = writable.write(pattern(400_000));
    await collect();
    equal(await readPattern(peer.readable.getReader(), 400_000), 400_000);
    await writing;
    void writable.close();
    await closeAll(peer, server);
});

test("closed secure sockets and their servers are collected", async () => {
    const references: WeakRef<object>[] = [];
    await (async () => {
        const { server, port } = await startSecureServer();
        const client = new TCPSocket("127.0.0.1", port, identities.client);
        const peer = await server.listen();
        await Promise.all([client.opened, peer.opened]);
        const failed = new TCPSocket("127.0.0.1", port, { useSecureTransport: true });
        const refused = await server.listen();
        await failed.closed.catch(() => undefined);
        await refused.closed.catch(() => undefined);
        references.push(...[server, client, peer, failed, refused].map((object) => new WeakRef(object)));
        await closeAll(client, peer, server);
    })();
    await collect();
    const left = references.map((reference) => reference.deref() !== undefined);
    ok(!left.includes(true), `still there: ${left.join()}`);
});

test(
    "a hundred connections at once, each with its own data",
    async () => {
        const { server, port } = await startSecureServer();
        const { readable } = await server.opened;
        const served = (async () => {
            let count = 0;
            for await (const socket of readable) {
                void socket.readable.pipeTo(socket.writable).catch(() => undefined);
                if (++count === 100) {
                    break;
                }
            }
        })();
        const clients = Array.from(
            { length: 100 },
            () => new TCPSocket("127.0.0.1", port, identities.client),
        );
        await Promise.all(
            clients.map(async (client, index) => {
                const reader = client.readable.getReader();
                await client.writable.write(pattern(1000, index));
                equal(await readPattern(reader, 1000, index), 1000);
                client.halfClose();
                equal((await reader.read()).done, true);
            }),
        );
        await served;
        await Promise.all(clients.map((client) => client.closed));
        await closeAll(server);
    },
    { timeout: 60_000 },
);

test("a reader that waits is told at once, and costs no turn of a busy loop", async () => {
    const { client, peer } = await securePair();
    const reader = peer.readable.getReader();
    let received = "";
    const reading = reader.read().then(({ value }) => (received = text(value!)));
    await client.writable.write("now");
    await until(() => received !== "", "the chunk");
    equal(received, "now");
    await reading;
    await closeAll(client, peer);
});
