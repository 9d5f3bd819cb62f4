// flags: -A
// tcp_socket_abort.test.ts - ending a TCPSocket hard: abort() of writeable, the signal option, before and after open.
import { equal, ok, rejects, test } from "../harness.ts";
import { closeAll, connectPair, isPending, startServer } from "./peers.ts";

test("a signal that has aborted: no connection, both promises reject with its reason", async () => {
    const { server, port } = await startServer();
    const reason = new RangeError("no");
    const socket = new TCPSocket("127.0.0.1", port, { signal: AbortSignal.abort(reason) });
    equal(socket.readyState, "closed");
    equal(await rejects(socket.opened), reason);
    equal(await rejects(socket.closed), reason);
    equal(await rejects(socket.readable.getReader().read()), reason);
    equal(await rejects(socket.writeable.write("x")), reason);
    ok(await isPending(server.listen()), "nobody came");
    await closeAll(server);
});

test("a signal that aborts while opening", async () => {
    const controller = new AbortController();
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port, { signal: controller.signal });
    controller.abort();
    equal(socket.readyState, "closed");
    await rejects(socket.opened, "AbortError");
    await rejects(socket.closed, "AbortError");
    await closeAll(server);
});

test("a signal that aborts a name look-up", async () => {
    const controller = new AbortController();
    const socket = new TCPSocket("localhost", 9, { signal: controller.signal });
    controller.abort(new RangeError("enough"));
    await rejects(socket.opened, "RangeError");
});

test("a signal that aborts after open resets the connection", async () => {
    const controller = new AbortController();
    const { client, peer } = await connectPair({ signal: controller.signal });
    const reading = client.readable.getReader().read();
    controller.abort(new RangeError("enough"));
    equal(client.readyState, "closed");
    await rejects(reading, "RangeError");
    await rejects(client.closed, "RangeError");
    await client.opened;
    await rejects(peer.closed, { name: "NetworkError", code: "ECONNRESET" });
});

test("a signal that aborts after the end does nothing", async () => {
    const controller = new AbortController();
    const { client, peer } = await connectPair({ signal: controller.signal });
    await closeAll(client, peer);
    controller.abort();
    equal(await client.closed, undefined);
});

test("AbortSignal.timeout limits the attempt", async () => {
    // 192.0.2.1 (TEST-NET-1) answers nobody; where there is no route at all, that is the error
    const socket = ((): TCPSocket | undefined => {
        try {
            return new TCPSocket("192.0.2.1", 9, { signal: AbortSignal.timeout(50) });
        } catch (error) {
            equal((error as DOMException).name, "InvalidAccessError");
            return undefined;
        }
    })();
    if (socket !== undefined) {
        const error = (await rejects(socket.opened)) as DOMException;
        ok(["TimeoutError", "NetworkError"].includes(error.name), error.name);
    }
});

test("abort() of writeable resets, and its reason tells how both ends", async () => {
    const { client, peer } = await connectPair();
    equal(await client.writeable.abort(new RangeError("why")), undefined);
    await rejects(client.closed, "RangeError");
    await rejects(client.readable.getReader().read(), "RangeError");
    await rejects(peer.closed, { code: "ECONNRESET" });
});

test("abort() with a reason that is no error: closed rejects with AbortError all the same", async () => {
    const { client, peer } = await connectPair();
    await client.writeable.abort("text");
    await rejects(client.closed, "AbortError");
    await rejects(peer.closed, "NetworkError");
});

test("abort() cuts a close() short that waits for a peer that does not read", async () => {
    const { client, peer } = await connectPair();
    const written = client.writeable.write(new Uint8Array(20_000_000));
    written.catch(() => undefined);
    const closed = client.close();
    ok(await isPending(closed));
    equal(client.readyState, "closing");
    await client.writeable.abort(new RangeError("enough"));
    await rejects(closed, "RangeError");
    await rejects(peer.readable.pipeTo(new WritableStream()), { code: "ECONNRESET" });
});

test("abort() while opening calls the attempt off", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    await socket.writeable.abort();
    await rejects(socket.opened, "AbortError");
    await rejects(socket.closed, "AbortError");
    equal(socket.readyState, "closed");
    await closeAll(server);
});
