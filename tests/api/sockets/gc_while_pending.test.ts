// flags: -A
// gc_while_pending.test.ts - sockets that only a pending operation refers to outlive the collector, and ended ones don't.
import { equal, ok, test, text } from "../harness.ts";
import { closeAll, connectPair, readOne, startServer, udpSocket } from "./peers.ts";

async function collect(): Promise<void> {
    for (let i = 0; i < 3; i++) {
        cleat.gc();
        await new Promise<void>((resolve) => setTimeout(() => resolve(), 1));
    }
}

test("a connection attempt, a pending read and a pending write survive", async () => {
    const { server, port } = await startServer();
    const opened = new TCPSocket("127.0.0.1", port).opened;
    await collect();
    const { readable, writable } = await opened;
    const peer = await server.listen();
    const reading = readable.getReader().read();
    await collect();
    await peer.writeable.write("x");
    equal(text((await reading).value!), "x");
    const writing = writable.write(new Uint8Array(4_000_000));
    await collect();
    let received = 0;
    const reader = peer.readable.getReader();
    while (received < 4_000_000) {
        received += (await reader.read()).value!.byteLength;
    }
    await writing;
    void writable.close();
    await closeAll(peer, server);
});

test("a listen() and a UDP read survive", async () => {
    const { server, port } = await startServer();
    const listening = server.listen();
    const { socket, port: udpPort } = await udpSocket();
    const receiving = socket.readable.getReader().read();
    await collect();
    const client = new TCPSocket("127.0.0.1", port);
    const peer = await listening;
    await socket.writeable.write({ data: "x", remoteAddress: "127.0.0.1", remotePort: udpPort });
    equal(text((await receiving).value!.data), "x");
    await closeAll(client, peer, server, socket);
});

test("closed sockets are collected", async () => {
    const references: WeakRef<TCPSocket | UDPSocket>[] = [];
    await (async () => {
        const { client, peer } = await connectPair();
        const { socket } = await udpSocket();
        references.push(new WeakRef(client), new WeakRef(peer), new WeakRef(socket));
        await closeAll(client, peer, socket);
    })();
    await collect();
    ok(
        references.every((reference) => reference.deref() === undefined),
        `still there: ${references.filter((reference) => reference.deref() !== undefined).length}`,
    );
});

test("chunks are exact: a byte does not hold a buffer of 64 KiB", async () => {
    const { client, peer } = await connectPair();
    await client.writeable.write("x");
    equal((await readOne(peer.readable)).byteLength, 1);
    await closeAll(client, peer);
});
