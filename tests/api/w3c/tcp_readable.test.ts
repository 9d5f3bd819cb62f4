// flags: -A
// tcp_readable.test.ts - W3C TCP and UDP Socket API: "Interface TCPSocket", the functions behind `readable`.
import { equal, ok, rejects, test, text, throws, until } from "../harness.ts";
import {
    abortAll,
    closeAll,
    connectPair,
    freePort,
    isPending,
    readOne,
    readText,
    startServer,
} from "../sockets/peers.ts";

test("W3C-162: the TCP connection is made in the background, and reading waits for it", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    const reading = socket.readable.getReader().read();
    equal(socket.readyState, "opening");
    const peer = await server.listen();
    await peer.writeable.write("x");
    equal(text((await reading).value!), "x");
    await closeAll(socket, peer, server);
});

test("W3C-163: TCP connection made: readyState changes to open", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    await socket.opened;
    equal(socket.readyState, "open");
    await abortAll(socket);
    await closeAll(server);
});

test("W3C-164: TCP connection made: opened resolves (with more than the text's undefined)", async () => {
    const { client, peer } = await connectPair();
    const info = await client.opened;
    equal(info.readable, client.readable);
    equal(info.writable, client.writable);
    equal(info.remoteAddress, "127.0.0.1");
    equal(info.remotePort, client.remotePort);
    equal(info.localAddress, client.localAddress);
    equal(info.localPort, client.localPort);
    ok(info.sendBufferSize > 0 && info.receiveBufferSize > 0);
    await closeAll(client, peer);
});

test("W3C-165: received TCP data is a read-only ArrayBuffer", async () => {
    const { client, peer } = await connectPair();
    await peer.writeable.write("abc");
    const chunk = await readOne(client.readable);
    ok(chunk instanceof ArrayBuffer);
    equal(chunk.byteLength, 3);
    throws(() => chunk.transfer(), "TypeError");
    equal(text(chunk), "abc");
    await closeAll(client, peer);
});

test("W3C-166: received TCP data is queued in readable", async () => {
    const { client, peer } = await connectPair();
    await peer.writeable.write("one");
    await peer.writeable.write("two");
    await peer.writeable.close();
    equal(await readText(client.readable), "onetwo");
    await closeAll(client, peer);
});

test("W3C-167: a full queue stops the peer by TCP flow control", async () => {
    const { client, peer } = await connectPair({ receiveBufferSize: 8192 }, { sendBufferSize: 8192 });
    const block = new Uint8Array(64 * 1024);
    let sent = 0;
    const writer = peer.writeable.getWriter();
    while (sent < 400 && !(await isPending(writer.write(block)))) {
        sent++;
    }
    ok(sent < 400, "the sender was stopped");
    await abortAll(client);
    await rejects(peer.closed);
});

test("W3C-168: TCP connection closed cleanly: readable closes", async () => {
    const { client, peer } = await connectPair();
    const { closed } = client.readable.getReader();
    await closeAll(client, peer);
    equal(await closed, undefined);
});

test("W3C-169: TCP connection closed cleanly: readyState changes to closed and the resources are released", async () => {
    const localAddress = "127.0.0.77"; // where no other test is
    const { client, peer } = await connectPair({ localAddress });
    const { localPort } = client;
    await closeAll(client, peer);
    equal(client.readyState, "closed");
    equal(peer.readyState, "closed");
    const again = new TCPServerSocket({ localAddress, localPort });
    await again.opened;
    await closeAll(again);
});

test("W3C-170: TCP connection closed cleanly, by either side: closed resolves with undefined", async () => {
    const { client, peer } = await connectPair();
    peer.halfClose();
    equal(await readText(client.readable), "");
    client.halfClose();
    equal(await readText(peer.readable), "");
    equal(await client.closed, undefined);
    equal(await peer.closed, undefined);
});

test("W3C-171: TCP attempt failed: readable errors with NetworkError", async () => {
    const socket = new TCPSocket("127.0.0.1", await freePort());
    await rejects(socket.readable.getReader().read(), { name: "NetworkError", code: "ECONNREFUSED" });
});

test("W3C-172: TCP attempt failed: opened rejects with NetworkError", async () => {
    const socket = new TCPSocket("127.0.0.1", await freePort());
    await rejects(socket.opened, { name: "NetworkError", code: "ECONNREFUSED" });
});

test("W3C-173: TCP attempt failed: closed rejects with NetworkError", async () => {
    const socket = new TCPSocket("127.0.0.1", await freePort());
    await rejects(socket.closed, { name: "NetworkError", code: "ECONNREFUSED" });
});

test("W3C-174: TCP attempt failed: readyState changes to closed and the resources are released", async () => {
    const localAddress = "127.0.0.78"; // where no other test is
    const localPort = await freePort();
    const socket = new TCPSocket("127.0.0.1", await freePort(), { localAddress, localPort });
    await rejects(socket.opened);
    equal(socket.readyState, "closed");
    const again = new TCPServerSocket({ localAddress, localPort });
    await again.opened;
    await closeAll(again);
});

test("W3C-175: TCP connection lost: readable errors with NetworkError", async () => {
    const { client, peer } = await connectPair();
    const reading = client.readable.getReader().read();
    await peer.writeable.abort();
    await rejects(reading, { name: "NetworkError", code: "ECONNRESET" });
});

test("W3C-176: TCP connection lost: closed rejects with NetworkError", async () => {
    const { client, peer } = await connectPair();
    await peer.writeable.abort();
    await rejects(client.closed, { name: "NetworkError", code: "ECONNRESET" });
});

test("W3C-177: TCP connection lost: readyState changes to closed and the resources are released", async () => {
    const { client, peer } = await connectPair();
    await peer.writeable.abort();
    await rejects(client.closed);
    equal(client.readyState, "closed");
    await rejects(client.writeable.write("x"), "NetworkError");
});

test("W3C-178: closing handshake failed: readable ends and closed rejects, or both end in order", async () => {
    // close() has ended the stream already; a reset of the peer can only show in `closed`
    const { client, peer } = await connectPair();
    const reading = client.readable.getReader().read();
    const closed = client.close();
    await peer.writeable.abort();
    equal((await reading).done, true);
    const outcome = await closed.then(
        () => "closed",
        (error: unknown) => (error as DOMException).name,
    );
    ok(outcome === "closed" || outcome === "NetworkError", outcome);
    equal(client.readyState, "closed");
});

test("W3C-179: reset after the app has finished sending: closed rejects with NetworkError", async () => {
    const { client, peer } = await connectPair();
    await client.writeable.close();
    await peer.writeable.abort();
    await rejects(client.closed, { name: "NetworkError", code: "ECONNRESET" });
    equal(client.readyState, "closed");
});

test("W3C-180: reading on resumes receiving", async () => {
    const { client, peer } = await connectPair({ receiveBufferSize: 8192 }, { sendBufferSize: 8192 });
    const total = 2_000_000;
    const sending = peer.writeable.write(new Uint8Array(total));
    ok(await isPending(sending), "the sender waits");
    let received = 0;
    const reader = client.readable.getReader();
    while (received < total) {
        received += (await reader.read()).value!.byteLength;
    }
    await sending;
    equal(received, total);
    await closeAll(client, peer);
});

test("W3C-181: cancelling readable of a closing or closed TCPSocket does nothing", async () => {
    const { client, peer } = await connectPair();
    void client.close();
    equal(client.readyState, "closing");
    await client.readable.cancel();
    equal(client.readyState, "closing");
    await closeAll(peer);
    await client.closed;
    await client.readable.cancel();
    equal(client.readyState, "closed");
});

test("W3C-182: cancelling readable of an opening TCPSocket: AbortError on both promises, state is closing", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    await socket.readable.cancel();
    await rejects(socket.opened, "AbortError");
    await rejects(socket.closed, "AbortError");
    equal(socket.readyState, "closing");
    await until(() => socket.readyState === "closed");
    await closeAll(server);
});

test("W3C-183: cancelling readable of an open TCPSocket sends what is queued", async () => {
    const { client, peer } = await connectPair();
    const writes = ["1", "2", "3"].map((data) => client.writeable.write(data));
    const cancelled = client.readable.cancel();
    equal(await readText(peer.readable), "123");
    await Promise.all(writes);
    await cancelled;
    await closeAll(client, peer);
});

test("W3C-184: cancelling readable of an open TCPSocket sets readyState to closing", async () => {
    const { client, peer } = await connectPair();
    void client.readable.cancel();
    equal(client.readyState, "closing");
    await closeAll(client, peer);
});

test("W3C-185: cancelling readable of an open TCPSocket starts the closing handshake", async () => {
    const { client, peer } = await connectPair();
    void client.readable.cancel();
    equal(await readText(peer.readable), "");
    await peer.close();
    equal(await client.closed, undefined);
});

test("W3C-186: readable takes one chunk ahead of its reader and no more", async () => {
    const { client, peer } = await connectPair();
    await peer.writeable.write("first");
    ok(!(await isPending(client.opened)));
    await new Promise<void>((resolve) => setTimeout(() => resolve(), 20));
    await peer.writeable.write("second");
    await new Promise<void>((resolve) => setTimeout(() => resolve(), 20));
    equal(text(await readOne(client.readable)), "first");
    equal(text(await readOne(client.readable)), "second");
    await closeAll(client, peer);
});
