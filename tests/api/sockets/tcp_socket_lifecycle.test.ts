// flags: -A
// tcp_socket_lifecycle.test.ts - a TCPSocket from open to closed: twice, from within callbacks, after the end, half-closed
// both ways, with the streams locked.
import { equal, ok, rejects, sleep, test, text } from "../harness.ts";
import { abortAll, closeAll, connectPair, isPending, readOne, readText } from "./peers.ts";

test("close() at once, before anything happened", async () => {
    const { client, peer } = await connectPair();
    const second = new TCPSocket("127.0.0.1", peer.localPort!);
    await rejects(second.close(), "AbortError");
    await rejects(second.opened, "AbortError");
    equal((await second.readable.getReader().read()).done, true);
    await rejects(second.writeable.write("x"), "AbortError");
    await closeAll(client, peer);
});

test("close() twice, and after the end, is one close", async () => {
    const { client, peer } = await connectPair();
    const first = client.close();
    equal(client.close(), first);
    await closeAll(peer);
    await first;
    equal(client.close(), first);
    client.halfClose();
    equal(client.readyState, "closed");
});

test("close() from within a read, a write and the end of the peer", async () => {
    const { client, peer } = await connectPair();
    await peer.writeable.write("now");
    await client.readable
        .getReader()
        .read()
        .then(() => client.writeable.write("bye"))
        .then(() => void client.close());
    equal(await readText(peer.readable), "bye");
    await peer.close();
    await client.closed;
});

test("after the end, reading is done and writing is a TypeError", async () => {
    const { client, peer } = await connectPair();
    const { readable, writeable } = client;
    await closeAll(client, peer);
    equal((await readable.getReader().read()).done, true);
    await rejects(writeable.write("x"), "TypeError");
    await rejects(writeable.close(), "TypeError");
    await writeable.ready;
    await writeable.abort();
    equal(client.localAddress, "127.0.0.1");
});

test("half-closed by the app: it goes on receiving until the peer ends too", async () => {
    const { client, peer } = await connectPair();
    client.halfClose();
    client.halfClose();
    await rejects(client.writeable.write("x"), "TypeError");
    equal(await readText(peer.readable), "");
    await peer.writeable.write("answer");
    await peer.writeable.close();
    equal(await readText(client.readable), "answer");
    await Promise.all([client.closed, peer.closed]);
});

test("close() in the turn of a halfClose() that follows a write", async () => {
    const { client, peer } = await connectPair();
    await client.writeable.write("x");
    equal(text(await readOne(peer.readable)), "x");
    client.halfClose();
    await closeAll(client, peer);
    equal(client.readyState, "closed");
});

test("half-closed by the peer: the app goes on sending", async () => {
    const { client, peer } = await connectPair();
    peer.halfClose();
    equal(await readText(client.readable), "");
    equal(client.readyState, "open");
    ok(await isPending(client.closed));
    await client.writeable.write("still");
    equal(text(await readOne(peer.readable)), "still");
    await client.close();
    await peer.closed;
});

test("allowHalfOpen: false ends the socket with the peer, after what was written", async () => {
    const { client, peer } = await connectPair({ allowHalfOpen: false });
    const written = client.writeable.write("last");
    peer.halfClose();
    await client.closed;
    await written;
    equal(await readText(peer.readable), "last");
    await peer.closed;
});

test("close() sends what a locked writer has queued", async () => {
    const { client, peer } = await connectPair();
    const writer = client.writeable.getWriter();
    const writes = Array.from({ length: 50 }, (_, index) => writer.write(`${index},`));
    void client.close();
    const all = await readText(peer.readable);
    equal(all, Array.from({ length: 50 }, (_, index) => `${index},`).join(""));
    await Promise.all(writes);
    await rejects(writer.write("late"), "TypeError");
    await closeAll(peer);
    await client.closed;
});

test("close() after the writer was released, and after writer.close()", async () => {
    const one = await connectPair();
    const released = one.client.writeable.getWriter();
    void released.write("a");
    released.releaseLock();
    void one.client.close();
    equal(await readText(one.peer.readable), "a");
    await closeAll(one.peer, one.client);

    const two = await connectPair();
    const writer = two.client.writeable.getWriter();
    void writer.write("b");
    void writer.close();
    void two.client.close();
    equal(await readText(two.peer.readable), "b");
    await closeAll(two.peer, two.client);
});

test("close() ends a pipe into the socket, which is told", async () => {
    const { client, peer } = await connectPair();
    let cancelled: unknown;
    const source = new ReadableStream<string>(
        {
            async pull(controller) {
                await sleep(5);
                controller.enqueue("tick ");
            },
            cancel(reason) {
                cancelled = reason;
            },
        },
        { highWaterMark: 0 },
    );
    const pipe = source.pipeTo(client.writeable);
    equal(text(await readOne(peer.readable)), "tick ");
    void client.close();
    await rejects(pipe, "TypeError");
    equal((cancelled as Error).name, "TypeError");
    await closeAll(peer);
    await client.closed;
});

test("pipeTo from one socket into another copies all of it and ends both", async () => {
    const left = await connectPair();
    const right = await connectPair();
    const pipe = left.peer.readable.pipeTo(right.client.writeable);
    const data = "x".repeat(300_000);
    const written = left.client.writeable.write(data).then(() => left.client.close());
    equal((await readText(right.peer.readable)).length, data.length);
    await pipe;
    await closeAll(left.peer, right.peer, right.client);
    await written;
});

test("a pipe ends with an error when its source is reset, and so does its destination", async () => {
    const left = await connectPair();
    const right = await connectPair();
    const pipe = left.peer.readable.pipeTo(right.client.writeable);
    await left.client.writeable.write("some");
    equal(text(await readOne(right.peer.readable)), "some");
    await left.client.writeable.abort();
    await rejects(pipe, { code: "ECONNRESET" });
    await rejects(right.peer.closed, { code: "ECONNRESET" });
    await rejects(right.client.closed, { code: "ECONNRESET" });
});

test("an echo by pipe, of its own streams", async () => {
    const { client, peer } = await connectPair();
    const echo = peer.readable.pipeTo(peer.writeable);
    await client.writeable.write("hello");
    client.halfClose();
    equal(await readText(client.readable), "hello");
    await echo;
    await Promise.all([client.closed, peer.closed]);
    await abortAll(client, peer);
});

test("writeable is the right one when it is looked at for the first time after the end", async () => {
    const ended = await connectPair();
    await closeAll(ended.client, ended.peer);
    equal(ended.client.writeable, ended.client.writable);
    await rejects(ended.client.writeable.write("x"), "TypeError");
    await ended.client.writeable.ready;

    const half = await connectPair();
    half.client.halfClose();
    await rejects(half.client.writeable.write("x"), "TypeError");
    equal(await readText(half.peer.readable), "");
    equal(half.client.readyState, "halfclosed");
    await closeAll(half.client, half.peer);

    const lost = await connectPair();
    await lost.peer.writeable.abort();
    await rejects(lost.client.closed, { code: "ECONNRESET" });
    await rejects(lost.client.writeable.write("x"), { code: "ECONNRESET" });
    await rejects(lost.client.writeable.ready, { code: "ECONNRESET" });
});

test("opened and closed, looked at for the first time after the end, tell the same", async () => {
    const { client, peer } = await connectPair();
    await closeAll(client, peer);
    equal(await peer.closed, undefined);
    equal((await peer.opened).remotePort, client.localPort);
    equal(peer.opened, peer.opened);
});
