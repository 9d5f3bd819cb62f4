// flags: -A
// tcp_writeable.test.ts - W3C TCP and UDP Socket API: "Interface TCPSocket", the functions behind `writeable`, close(),
// halfClose().
import { equal, ok, rejects, test, text } from "../harness.ts";
import {
    closeAll,
    connectPair,
    freePort,
    isPending,
    readOne,
    readText,
    startServer,
} from "../sockets/peers.ts";

test("W3C-187: TCP writes wait for the connection", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    const written = socket.writeable.write("early");
    equal(socket.readyState, "opening");
    const peer = await server.listen();
    await written;
    equal(text(await readOne(peer.readable)), "early");
    await closeAll(socket, peer, server);
});

test("W3C-188: TCP writes reject with NetworkError where the connection could not be made", async () => {
    const socket = new TCPSocket("127.0.0.1", await freePort());
    await rejects(socket.writeable.write("x"), { name: "NetworkError", code: "ECONNREFUSED" });
});

test("W3C-189: a chunk goes to the peer: an ArrayBuffer, a view or a string", async () => {
    const { client, peer } = await connectPair();
    await client.writeable.write("é");
    await client.writeable.write(new Uint8Array([65, 66]).buffer);
    await client.writeable.write(new DataView(new Uint8Array([66, 67, 68]).buffer, 1, 1));
    await client.writeable.write(new Uint16Array([0x4545]));
    await client.writeable.write(new ArrayBuffer(0));
    await client.writeable.close();
    equal(await readText(peer.readable), "éABCEE");
    await closeAll(client, peer);
});

test("W3C-190: the data of a chunk may be of any type that is bytes; others are a TypeError", async () => {
    for (const chunk of [5, null, undefined, {}, [1], Symbol.iterator]) {
        const { client, peer } = await connectPair();
        await rejects(client.writeable.write(chunk as unknown as string), "TypeError");
        await rejects(client.closed, "TypeError");
        await rejects(peer.closed, { code: "ECONNRESET" });
    }
});

test("W3C-191: a TCP write resolves with undefined where sending succeeds", async () => {
    const { client, peer } = await connectPair();
    equal(await client.writeable.write("x"), undefined);
    await closeAll(client, peer);
});

test("W3C-192: a TCP write rejects with NetworkError where sending fails", async () => {
    const { client, peer } = await connectPair({ sendBufferSize: 65_536 });
    const written = client.writeable.write(new Uint8Array(8_000_000));
    ok(await isPending(written), "the kernel can't take it all");
    await peer.writeable.abort();
    await rejects(written, "NetworkError");
    await rejects(client.closed, "NetworkError");
});

test("W3C-193: closing writeable of a closing or closed TCPSocket does nothing", async () => {
    const { client, peer } = await connectPair();
    void client.close();
    client.halfClose();
    equal(client.readyState, "closing");
    await closeAll(peer);
    await client.closed;
    client.halfClose();
    equal(client.readyState, "closed");
});

test("W3C-194: closing writeable of an opening TCPSocket: FIN once the connection is there", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    const closed = socket.writeable.close();
    equal(socket.readyState, "opening");
    const peer = await server.listen();
    await closed;
    equal(socket.readyState, "halfclosed");
    equal(await readText(peer.readable), "");
    await closeAll(socket, peer, server);
});

test("W3C-195: closing writeable of an open TCPSocket sends FIN and sets readyState to halfclosed", async () => {
    const { client, peer } = await connectPair();
    await client.writeable.close();
    equal(client.readyState, "halfclosed");
    equal(await readText(peer.readable), "");
    await peer.writeable.write("answer");
    equal(text(await readOne(client.readable)), "answer");
    await closeAll(client, peer);
});

test("W3C-196: writeable is closed behind all queued writes", async () => {
    const { client, peer } = await connectPair();
    const writes = ["a", "b", "c"].map((chunk) => client.writeable.write(chunk));
    await client.writeable.close();
    await Promise.all(writes);
    equal(await readText(peer.readable), "abc");
    await closeAll(client, peer);
});

test("W3C-197: aborting writeable drops what is queued and ends the connection (by RST, where the text has FIN)", async () => {
    const { client, peer } = await connectPair({ sendBufferSize: 65_536 });
    const writer = client.writeable.getWriter();
    const first = writer.write(new Uint8Array(8_000_000));
    const second = writer.write("dropped");
    first.catch(() => undefined);
    second.catch(() => undefined);
    ok(await isPending(first));
    await writer.abort(new RangeError("enough"));
    await rejects(first);
    await rejects(second, "RangeError");
    await rejects(client.closed, "RangeError");
    equal(client.readyState, "closed");
    await rejects(readText(peer.readable), { name: "NetworkError", code: "ECONNRESET" });
});

test("W3C-198: TCP writeable waits after one chunk, and ready tells when it wants more", async () => {
    const { client, peer } = await connectPair({ sendBufferSize: 65_536 });
    const writer = client.writeable.getWriter();
    equal(writer.desiredSize, 1);
    const written = writer.write(new Uint8Array(8_000_000));
    equal(writer.desiredSize, 0);
    const { ready } = client.writeable;
    ok(await isPending(ready), "it waits while the chunk is not sent");
    await Promise.all([readSome(peer, 8_000_000), written, ready, writer.ready]);
    equal(writer.desiredSize, 1);
    await closeAll(client, peer);
});

async function readSome(socket: TCPSocket, total: number): Promise<void> {
    const reader = socket.readable.getReader();
    for (let received = 0; received < total;) {
        received += (await reader.read()).value!.byteLength;
    }
}

test("W3C-199: TCPSocket.close() cancels readable, also one that is locked", async () => {
    const { client, peer } = await connectPair();
    const reading = client.readable.getReader().read();
    const writer = client.writeable.getWriter();
    const written = writer.write("last words");
    void client.close();
    equal((await reading).done, true);
    equal(await readText(peer.readable), "last words");
    await written;
    await closeAll(peer);
    equal(await client.closed, undefined);
});

test("W3C-200: TCPSocket.close() returns closed, each time", async () => {
    const { client, peer } = await connectPair();
    equal(client.close(), client.closed);
    equal(client.close(), client.closed);
    await closeAll(peer);
    equal(await client.closed, undefined);
});

test("W3C-201: TCPSocket.halfClose() closes writeable, also one that is locked", async () => {
    const { client, peer } = await connectPair();
    const writer = client.writeable.getWriter();
    const written = writer.write("end");
    client.halfClose();
    equal(await readText(peer.readable), "end");
    await written;
    equal(await writer.closed, undefined);
    equal(client.readyState, "halfclosed");
    await closeAll(client, peer);
});
