// flags: -A
// udp_socket_lifecycle.test.ts - a UDPSocket from open to closed: twice, from within callbacks, after the end, with the
// streams locked, by a signal.
import { equal, ok, rejects, test, text, throws } from "../harness.ts";
import { closeAll, isPending, readOne, udpSocket } from "./peers.ts";

test("close() at once, twice, and after the end", async () => {
    const socket = new UDPSocket();
    const closed = socket.close();
    equal(socket.close(), closed);
    equal(socket.readyState, "closed");
    await rejects(socket.opened, "AbortError");
    await rejects(closed, "AbortError");
    const { socket: other } = await udpSocket();
    await other.close();
    equal(await other.close(), undefined);
});

test("close() from within a read", async () => {
    const { socket, port } = await udpSocket();
    await socket.writeable.write({ data: "x", remoteAddress: "127.0.0.1", remotePort: port });
    await socket.readable
        .getReader()
        .read()
        .then(() => void socket.close());
    await socket.closed;
});

test("after the end: reading is done, writing a TypeError, counters and attributes stay", async () => {
    const { socket } = await udpSocket();
    await socket.close();
    equal((await socket.readable.getReader().read()).done, true);
    await rejects(
        socket.writeable.write({ data: "x", remoteAddress: "127.0.0.1", remotePort: 9 }),
        "TypeError",
    );
    equal(socket.droppedDatagrams, 0);
    equal(socket.localAddress, "127.0.0.1");
    throws(() => socket.joinMulticast("239.1.1.1"), "InvalidStateError");
});

test("close() sends what a locked writer has queued, and then its write() rejects", async () => {
    const { socket: peer, port } = await udpSocket();
    const { socket } = await udpSocket();
    const writer = socket.writeable.getWriter();
    const target = { remoteAddress: "127.0.0.1", remotePort: port };
    const writes = ["1", "2", "3"].map((data) => writer.write({ data, ...target }));
    const closed = socket.close();
    await Promise.all(writes);
    await rejects(writer.write({ data: "late", ...target }), "TypeError");
    await closed;
    const reader = peer.readable.getReader();
    for (const expected of ["1", "2", "3"]) {
        equal(text((await reader.read()).value!.data), expected);
    }
    await closeAll(peer);
});

test("close() with a name look-up under way", async () => {
    const { socket } = await udpSocket();
    const written = socket.writeable.write({
        data: "x",
        remoteAddress: "no-such-host.invalid",
        remotePort: 9,
    });
    written.catch(() => undefined);
    await socket.close();
    await rejects(written, "NetworkError");
});

test("a signal closes the socket with its reason", async () => {
    const controller = new AbortController();
    const { socket } = await udpSocket({ signal: controller.signal });
    const reading = rejects(socket.readable.getReader().read(), "RangeError");
    controller.abort(new RangeError("stop"));
    equal(socket.readyState, "closed");
    await rejects(socket.closed, "RangeError");
    await reading;
    const late = new UDPSocket({ signal: AbortSignal.abort() });
    await rejects(late.opened, "AbortError");
    await rejects(late.closed, "AbortError");
});

test("a second socket can have the port as soon as closed resolves", async () => {
    const { socket, port } = await udpSocket({ addressReuse: false });
    await socket.close();
    const again = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    await again.opened;
    await closeAll(again);
});

test("datagrams that wait can be read after close() of a locked readable", async () => {
    const { socket, port } = await udpSocket();
    const target = { remoteAddress: "127.0.0.1", remotePort: port };
    const reader = socket.readable.getReader();
    await socket.writeable.write({ data: "1", ...target });
    await reader.read();
    await socket.writeable.write({ data: "2", ...target });
    ok(!(await isPending(socket.opened)));
    await new Promise<void>((resolve) => setTimeout(() => resolve(), 20));
    await socket.close();
    equal(text((await reader.read()).value!.data), "2");
    equal((await reader.read()).done, true);
});

test("readers and writers come and go", async () => {
    const { socket, port } = await udpSocket();
    const target = { remoteAddress: "127.0.0.1", remotePort: port };
    for (let i = 0; i < 5; i++) {
        const writer = socket.writeable.getWriter();
        ok(writer instanceof WritableStreamDefaultWriter);
        await rejects(socket.writeable.write({ data: "locked", ...target }), "TypeError");
        await writer.ready;
        await writer.write({ data: String(i), ...target });
        writer.releaseLock();
        await rejects(writer.write({ data: "released", ...target }), "TypeError");
        equal(text((await readOne(socket.readable)).data), String(i));
    }
    await closeAll(socket);
});
