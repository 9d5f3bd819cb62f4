// flags: -A
// tcp_server_socket_cases.test.ts - a TCPServerSocket: arguments, waiting listen() calls, its stream of connections,
// close and signal.
import { deepEqual, equal, rejects, test, text, throws } from "../harness.ts";
import { closeAll, readOne, startServer } from "./peers.ts";

test("wrong options are a TypeError", () => {
    for (const options of [5, { backlog: 0 }, { backlog: 70_000 }, { sendBufferSize: 0 }, { signal: 1 }]) {
        throws(() => new TCPServerSocket(options as TCPServerOptions), "TypeError");
    }
});

test("close() at once: both promises end, the port was never there", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const closed = server.close();
    await rejects(server.opened, "AbortError");
    equal(await closed, undefined);
    equal(server.close(), closed);
});

test("listen() before the server is open waits for it", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const listening = server.listen();
    const { localPort } = await server.opened;
    const client = new TCPSocket("127.0.0.1", localPort);
    const peer = await listening;
    await closeAll(client, peer, server);
});

test("listen() calls that wait reject with AbortError when the server closes", async () => {
    const { server } = await startServer();
    const waiting = Promise.all(
        [server.listen(), server.listen()].map((promise) => rejects(promise, "AbortError")),
    );
    await server.close();
    await waiting;
    throws(() => server.listen(), "InvalidStateError");
});

test("nobody listens: connections wait in the backlog", async () => {
    const { server, port } = await startServer();
    const clients = Array.from({ length: 3 }, () => new TCPSocket("127.0.0.1", port));
    await Promise.all(clients.map((client) => client.opened));
    await clients[0]!.writeable.write("first");
    const peers = [await server.listen(), await server.listen(), await server.listen()];
    equal(text(await readOne(peers[0]!.readable)), "first");
    await closeAll(...clients, ...peers, server);
});

test("opened.readable gives connections, each when somebody reads", async () => {
    const { server, port } = await startServer();
    const { readable } = await server.opened;
    const reader = readable.getReader();
    const clients: TCPSocket[] = [];
    const peers: TCPSocket[] = [];
    for (let i = 0; i < 3; i++) {
        clients.push(new TCPSocket("127.0.0.1", port));
        peers.push((await reader.read()).value!);
    }
    deepEqual(
        peers.map((peer) => peer.remotePort),
        clients.map((client) => client.localPort),
    );
    const last = reader.read();
    await closeAll(...clients, ...peers, server);
    equal((await last).done, true);
});

test("for await over the connections ends with the server, and leaving it closes the server", async () => {
    const { server, port } = await startServer();
    const { readable } = await server.opened;
    const client = new TCPSocket("127.0.0.1", port);
    for await (const peer of readable) {
        await closeAll(peer, client);
        break;
    }
    equal(server.readyState, "closed");
    equal(await server.closed, undefined);
});

test("listen() and readable share the connections, in the order of asking", async () => {
    const { server, port } = await startServer();
    const reader = (await server.opened).readable.getReader();
    const first = server.listen();
    const second = reader.read();
    const third = server.listen();
    const clients: TCPSocket[] = [];
    for (let i = 0; i < 3; i++) {
        const client = new TCPSocket("127.0.0.1", port);
        await client.opened;
        clients.push(client);
    }
    const peers = [await first, (await second).value!, await third];
    equal(new Set(peers).size, 3);
    equal(peers[0]!.remotePort, clients[0]!.localPort);
    await closeAll(...clients, ...peers, server);
});

test("a signal closes the server with its reason and leaves connections alone", async () => {
    const controller = new AbortController();
    const { server, port } = await startServer({ signal: controller.signal });
    const client = new TCPSocket("127.0.0.1", port);
    const peer = await server.listen();
    const waiting = rejects(server.listen(), "RangeError");
    controller.abort(new RangeError("stop"));
    await rejects(server.closed, "RangeError");
    await waiting;
    await client.writeable.write("alive");
    equal(text(await readOne(peer.readable)), "alive");
    await closeAll(client, peer);
    const late = new TCPServerSocket({ localAddress: "127.0.0.1", signal: AbortSignal.abort() });
    await rejects(late.opened, "AbortError");
});

test("IPv6: one server for both families, or for IPv6 alone", async () => {
    const both = new TCPServerSocket({ localAddress: "::" });
    const { localPort } = await both.opened;
    for (const address of ["127.0.0.1", "::1"]) {
        const client = new TCPSocket(address, localPort);
        const peer = await both.listen();
        equal(peer.remoteAddress, address);
        await closeAll(client, peer);
    }
    await closeAll(both);
    const six = new TCPServerSocket({ localAddress: "::", localPort, ipv6Only: true });
    await six.opened;
    await rejects(new TCPSocket("127.0.0.1", localPort).opened, { code: "ECONNREFUSED" });
    await closeAll(six);
});
