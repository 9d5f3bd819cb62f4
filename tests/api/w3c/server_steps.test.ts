// flags: -A --deny tcp.listen=127.0.0.66:8080
// server_steps.test.ts - W3C TCP and UDP Socket API: "Interface TCPServerSocket", its steps.
import { equal, ok, rejects, test, throws } from "../harness.ts";
import { closeAll, freePort, isPending, startServer } from "../sockets/peers.ts";

test("W3C-210: the TCPServerSocket constructor creates a TCPServerSocket and returns it", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    ok(server instanceof TCPServerSocket);
    await server.opened;
    await closeAll(server);
});

test("W3C-211: the TCPServerSocket constructor throws SecurityError without permission for its options", () => {
    throws(() => new TCPServerSocket({ localAddress: "127.0.0.66", localPort: 8080 }), "SecurityError");
});

test("W3C-212: localAddress absent: the server accepts on any IPv4 address, and localAddress is null", async () => {
    const server = new TCPServerSocket();
    equal(server.localAddress, null);
    const { localPort } = await server.opened;
    for (const address of ["127.0.0.1", "127.0.0.9"]) {
        const client = new TCPSocket(address, localPort);
        const peer = await server.listen();
        equal(peer.localAddress, address);
        await closeAll(client, peer);
    }
    await closeAll(server);
});

test("W3C-213: localAddress given: the server is bound to it", async () => {
    const { server, port } = await startServer({ localAddress: "127.0.0.10" });
    equal(server.localAddress, "127.0.0.10");
    await rejects(new TCPSocket("127.0.0.1", port).opened, { code: "ECONNREFUSED" });
    await closeAll(server);
});

test("W3C-214: localAddress given: InvalidAccessError for one that is not this device's", () => {
    for (const localAddress of ["192.0.2.200", "", "localhost"]) {
        throws(() => new TCPServerSocket({ localAddress }), "InvalidAccessError");
    }
});

test("W3C-215: localPort absent: a server port of the system's choice, and localPort is null", async () => {
    const { server, port } = await startServer();
    equal(server.localPort, null);
    ok(port >= 1024);
    await closeAll(server);
});

test("W3C-216: localPort given: the server is bound to it and localPort tells it", async () => {
    const localPort = await freePort();
    const { server, port } = await startServer({ localPort });
    equal(server.localPort, localPort);
    equal(port, localPort);
    await closeAll(server);
    throws(() => new TCPServerSocket({ localPort: 65536 }), "InvalidAccessError");
});

test("W3C-217: the TCPServerSocket constructor sets addressReuse to the option, or to true", async () => {
    const { server } = await startServer({ addressReuse: false });
    const { server: absent } = await startServer();
    equal(server.addressReuse, false);
    equal(absent.addressReuse, true);
    await closeAll(server, absent);
});

test("W3C-218: the TCPServerSocket constructor sets readyState to opening", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    equal(server.readyState, "opening");
    await server.opened;
    await closeAll(server);
});

test("W3C-219: the TCPServerSocket constructor creates the opened promise", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const opened = server.opened;
    await opened;
    equal(server.opened, opened);
    await closeAll(server);
});

test("W3C-220: the TCPServerSocket constructor creates the closed promise, which close() returns", async () => {
    const { server } = await startServer();
    const closed = server.closed;
    equal(server.close(), closed);
    await closed;
});

test("W3C-221: closing a server: connections that were set up are finished as usual", async () => {
    const { server, port } = await startServer();
    const client = new TCPSocket("127.0.0.1", port);
    const peer = await server.listen();
    const closed = server.close();
    await client.opened;
    await peer.writeable.write("x");
    await closed;
    await closeAll(client, peer);
});

test("W3C-222: closing a server stops listening", async () => {
    const { server, port } = await startServer();
    await server.close();
    await rejects(new TCPSocket("127.0.0.1", port).opened, { code: "ECONNREFUSED" });
});

test("W3C-223: closing a server sets readyState to closed", async () => {
    const { server } = await startServer();
    void server.close();
    equal(server.readyState, "closed");
    await server.closed;
});

test("W3C-224: closing a server resolves closed with undefined", async () => {
    const { server } = await startServer();
    equal(await server.close(), undefined);
});

test("W3C-225: listen() on a closed server throws InvalidStateError", async () => {
    const { server } = await startServer();
    await server.close();
    throws(() => server.listen(), "InvalidStateError");
});

test("W3C-226: each listen() creates a promise of its own", async () => {
    const { server, port } = await startServer();
    const first = server.listen();
    const second = server.listen();
    ok(first !== second);
    const one = new TCPSocket("127.0.0.1", port);
    const onePeer = await first;
    ok(await isPending(second));
    const two = new TCPSocket("127.0.0.1", port);
    const twoPeer = await second;
    equal(onePeer.remotePort, one.localPort);
    equal(twoPeer.remotePort, two.localPort);
    await closeAll(one, onePeer, two, twoPeer, server);
});

test("W3C-227: listen() waits for a connection to the server's address and port", async () => {
    const { server, port } = await startServer();
    const listening = server.listen();
    ok(await isPending(listening));
    const client = new TCPSocket("127.0.0.1", port);
    const peer = await listening;
    equal(peer.localPort, port);
    await closeAll(client, peer, server);
});

test("W3C-228: server created: readyState changes to open", async () => {
    const { server } = await startServer();
    equal(server.readyState, "open");
    await closeAll(server);
});

test("W3C-229: server created: opened resolves (with more than the text's undefined)", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const info = await server.opened;
    ok(info.readable instanceof ReadableStream);
    equal(info.localAddress, "127.0.0.1");
    await closeAll(server);
});

test("W3C-230: server not created: readyState changes to closed", async () => {
    const { server, port } = await startServer();
    const second = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: port });
    equal(second.readyState, "opening");
    await rejects(second.opened);
    equal(second.readyState, "closed");
    await closeAll(server);
});

test("W3C-231: server not created: opened rejects with NetworkError", async () => {
    const { server, port } = await startServer();
    const second = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: port });
    await rejects(second.opened, { name: "NetworkError", code: "EADDRINUSE" });
    await closeAll(server);
});

test("W3C-232: server not created: closed rejects with NetworkError", async () => {
    const { server, port } = await startServer();
    const second = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: port });
    await rejects(second.closed, { name: "NetworkError", code: "EADDRINUSE" });
    await closeAll(server);
});

async function accepted(): Promise<{
    client: TCPSocket;
    peer: TCPSocket;
    server: TCPServerSocket;
    port: number;
}> {
    const { server, port } = await startServer();
    const client = new TCPSocket("127.0.0.1", port);
    const peer = await server.listen();
    await client.opened;
    return { client, peer, server, port };
}

test("W3C-233: new connection: a new instance of TCPSocket", async () => {
    const { client, peer, server } = await accepted();
    equal(Object.getPrototypeOf(peer), TCPSocket.prototype);
    await closeAll(client, peer, server);
});

test("W3C-234: new connection: remoteAddress is the peer's address", async () => {
    const { client, peer, server } = await accepted();
    equal(peer.remoteAddress, client.localAddress);
    await closeAll(client, peer, server);
});

test("W3C-235: new connection: remotePort is the peer's port", async () => {
    const { client, peer, server } = await accepted();
    equal(peer.remotePort, client.localPort);
    await closeAll(client, peer, server);
});

test("W3C-236: new connection: localAddress is the local address in use", async () => {
    const { client, peer, server } = await accepted();
    equal(peer.localAddress, "127.0.0.1");
    await closeAll(client, peer, server);
});

test("W3C-237: new connection: localPort is the local port in use", async () => {
    const { client, peer, server, port } = await accepted();
    equal(peer.localPort, port);
    await closeAll(client, peer, server);
});

test("W3C-238: new connection: readyState is open", async () => {
    const { client, peer, server } = await accepted();
    equal(peer.readyState, "open");
    equal((await peer.opened).remotePort, peer.remotePort);
    await closeAll(client, peer, server);
});

test("W3C-239: new connection: no bufferedAmount, which only the event-based draft had", async () => {
    const { client, peer, server } = await accepted();
    equal("bufferedAmount" in peer, false);
    equal(peer.writeable.getWriter().desiredSize, 1);
    await closeAll(client, peer, server);
});

test("W3C-240: new connection: the promise of listen() resolves with the socket", async () => {
    const { client, peer, server } = await accepted();
    ok(peer instanceof TCPSocket);
    await closeAll(client, peer, server);
});
