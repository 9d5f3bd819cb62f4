// flags: -A
// tcp_attributes.test.ts - W3C TCP and UDP Socket API: "Interface TCPSocket", its attributes and methods.
import { equal, ok, rejects, test, text } from "../harness.ts";
import {
    abortAll,
    closeAll,
    connectPair,
    freePort,
    readOne,
    readText,
    startServer,
} from "../sockets/peers.ts";

test("W3C-132: TCPSocket.remoteAddress is the host name or address that the constructor was given", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("localhost", port, { dnsQueryType: "ipv4" });
    equal(socket.remoteAddress, "localhost");
    const { remoteAddress } = await socket.opened;
    equal(remoteAddress, "127.0.0.1");
    equal(socket.remoteAddress, "localhost");
    await abortAll(socket);
    await closeAll(server);
});

test("W3C-133: TCPSocket.remotePort is the port that the constructor was given", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    equal(socket.remotePort, port);
    await socket.opened;
    await abortAll(socket);
    await closeAll(server);
});

test("W3C-134: TCPSocket.localAddress is the option, else what the routing table says", async () => {
    const { client: given, peer: one } = await connectPair({ localAddress: "127.0.0.4" });
    equal(given.localAddress, "127.0.0.4");
    const { client: routed, peer: two } = await connectPair();
    equal(routed.localAddress, "127.0.0.1");
    equal(one.remoteAddress, "127.0.0.4");
    await abortAll(given, routed, one, two);
});

test("W3C-135: TCPSocket.localPort is the option, else the system's choice", async () => {
    const { client, peer } = await connectPair();
    ok(client.localPort! > 0);
    equal(client.localPort, peer.remotePort);
    await abortAll(client, peer);
    const wanted = await freePort();
    const { client: given, peer: other } = await connectPair({ localPort: wanted });
    equal(given.localPort, wanted);
    equal(other.remotePort, wanted);
    await abortAll(given, other);
});

test("W3C-136: TCPSocket.addressReuse tells the option, and is true by default", async () => {
    const { client, peer } = await connectPair();
    equal(client.addressReuse, true);
    const { client: given, peer: other } = await connectPair({ addressReuse: false });
    equal(given.addressReuse, false);
    await abortAll(client, peer, given, other);
});

test("W3C-137: TCPSocket.noDelay tells the option, and is true by default", async () => {
    const { client, peer } = await connectPair();
    equal(client.noDelay, true);
    equal(peer.noDelay, true);
    const { client: given, peer: other } = await connectPair({ noDelay: false });
    equal(given.noDelay, false);
    await abortAll(client, peer, given, other);
});

test("W3C-138: TCPSocket.readyState goes through opening, open, halfclosed or closing, closed", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    equal(socket.readyState, "opening");
    await socket.opened;
    equal(socket.readyState, "open");
    const peer = await server.listen();
    await socket.writeable.close();
    equal(socket.readyState, "halfclosed");
    void socket.close();
    equal(socket.readyState, "closing");
    await closeAll(peer, server);
    await socket.closed;
    equal(socket.readyState, "closed");
});

test("W3C-139: TCPSocket.opened is one promise for the result of the attempt", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    const { opened } = socket;
    ok(opened instanceof Promise);
    await opened;
    equal(socket.opened, opened);
    await abortAll(socket);
    await closeAll(server);
    await rejects(new TCPSocket("127.0.0.1", port).opened, "NetworkError");
});

test("W3C-140: TCPSocket.closed is one promise for the end, clean or by an error", async () => {
    const { client, peer } = await connectPair();
    const { closed } = client;
    ok(closed instanceof Promise);
    equal(client.closed, closed);
    await closeAll(client, peer);
    equal(await closed, undefined);
    const { client: lost, peer: other } = await connectPair();
    await other.writeable.abort();
    await rejects(lost.closed, { name: "NetworkError", code: "ECONNRESET" });
});

test("W3C-141: TCPSocket.readable is the ReadableStream of what the peer sends", async () => {
    const { client, peer } = await connectPair();
    ok(client.readable instanceof ReadableStream);
    equal(client.readable, client.readable);
    await peer.writeable.write("hello");
    equal(text(await readOne(client.readable)), "hello");
    await closeAll(client, peer);
});

test("W3C-142: TCPSocket.writeable is the WritableStream to the peer", async () => {
    const { client, peer } = await connectPair();
    ok(client.writeable instanceof WritableStream);
    equal(client.writeable, client.writable);
    const writer = client.writeable.getWriter();
    await writer.write("hello");
    equal(text(await readOne(peer.readable)), "hello");
    await closeAll(client, peer);
});

test("W3C-143: TCPSocket.close() closes and returns the closed promise", async () => {
    const { client, peer } = await connectPair();
    equal(client.close(), client.closed);
    equal(await readText(peer.readable), "");
    await peer.close();
    equal(await client.closed, undefined);
});

test("W3C-144: TCPSocket.halfClose() ends sending, not receiving", async () => {
    const { client, peer } = await connectPair();
    equal(client.halfClose(), undefined);
    equal(await readText(peer.readable), "");
    equal(client.readyState, "halfclosed");
    await peer.writeable.write("still");
    equal(text(await readOne(client.readable)), "still");
    await closeAll(client, peer);
});
