// flags: -A --deny tcp.connect=192.0.2.66:*
// tcp_constructor.test.ts - W3C TCP and UDP Socket API: "When the TCPSocket constructor is invoked".
import { equal, ok, rejects, test, throws } from "../harness.ts";
import { abortAll, closeAll, connectPair, freePort, startServer } from "../sockets/peers.ts";

test("W3C-145: the TCPSocket constructor creates a TCPSocket", async () => {
    const { client, peer } = await connectPair();
    ok(client instanceof TCPSocket);
    ok(peer instanceof TCPSocket);
    await closeAll(client, peer);
});

test("W3C-146: the TCPSocket constructor throws SecurityError without permission for host and port", () => {
    throws(() => new TCPSocket("192.0.2.66", 80), "SecurityError");
});

test("W3C-147: the TCPSocket constructor throws InvalidAccessError for a host or a port that is none", () => {
    for (const host of ["", "no host", "1.2.3.4.5", "-a.example", "::1::"]) {
        throws(() => new TCPSocket(host, 80), "InvalidAccessError");
    }
    for (const port of [0, -1, 65536, NaN, Infinity]) {
        throws(() => new TCPSocket("127.0.0.1", port), "InvalidAccessError");
    }
});

test("W3C-148: the TCPSocket constructor sets remoteAddress and remotePort", async () => {
    const port = await freePort();
    const socket = new TCPSocket("127.0.0.1", port);
    equal(socket.remoteAddress, "127.0.0.1");
    equal(socket.remotePort, port);
    await rejects(socket.opened);
});

test("W3C-149: localAddress given: the TCPSocket is bound to it", async () => {
    const { client, peer } = await connectPair({ localAddress: "127.0.0.6" });
    equal(client.localAddress, "127.0.0.6");
    equal(peer.remoteAddress, "127.0.0.6");
    await closeAll(client, peer);
});

test("W3C-150: localAddress given: InvalidAccessError for one that can't be used", async () => {
    const port = await freePort();
    for (const localAddress of ["192.0.2.200", "", "localhost"]) {
        throws(() => new TCPSocket("127.0.0.1", port, { localAddress }), "InvalidAccessError");
    }
});

test("W3C-151: localAddress absent: InvalidAccessError where no interface leads to the peer", () => {
    throws(() => new TCPSocket("fe80::1", 80), "InvalidAccessError");
});

test("W3C-152: localAddress absent: the TCPSocket is bound to the default local address for the peer", async () => {
    const { client, peer } = await connectPair();
    equal(client.localAddress, "127.0.0.1");
    equal((await client.opened).localAddress, "127.0.0.1");
    await closeAll(client, peer);
});

test("W3C-153: localAddress absent: localAddress is set to what the TCPSocket is bound to", async () => {
    const { client, peer } = await connectPair();
    equal(client.localAddress, peer.remoteAddress);
    await closeAll(client, peer);
});

test("W3C-154: localPort absent: a TCP port of the system's choice, and localPort tells it", async () => {
    const { client, peer } = await connectPair();
    equal(client.localPort, peer.remotePort);
    await closeAll(client, peer);
});

test("W3C-155: localPort given: the TCPSocket is bound to it and localPort tells it", async () => {
    const localPort = await freePort();
    const { client, peer } = await connectPair({ localPort });
    equal(client.localPort, localPort);
    equal(peer.remotePort, localPort);
    await abortAll(client, peer);
    throws(() => new TCPSocket("127.0.0.1", 9, { localPort: 70_000 }), "InvalidAccessError");
});

test("W3C-156: the TCPSocket constructor sets addressReuse to the option, or to true", async () => {
    const port = await freePort();
    const given = new TCPSocket("127.0.0.1", port, { addressReuse: false });
    const absent = new TCPSocket("127.0.0.1", port);
    equal(given.addressReuse, false);
    equal(absent.addressReuse, true);
    await rejects(given.opened);
    await rejects(absent.opened);
});

test("W3C-157: the TCPSocket constructor sets noDelay to the option, or to true", async () => {
    const port = await freePort();
    const given = new TCPSocket("127.0.0.1", port, { noDelay: false });
    const absent = new TCPSocket("127.0.0.1", port);
    equal(given.noDelay, false);
    equal(absent.noDelay, true);
    await rejects(given.opened);
    await rejects(absent.opened);
});

test("W3C-158: the TCPSocket constructor sets readyState to opening", async () => {
    const socket = new TCPSocket("127.0.0.1", await freePort());
    equal(socket.readyState, "opening");
    await rejects(socket.opened);
});

test("W3C-159: the TCPSocket constructor creates the opened promise", async () => {
    const socket = new TCPSocket("127.0.0.1", await freePort());
    const opened = socket.opened;
    await rejects(opened);
    equal(socket.opened, opened);
});

test("W3C-160: the TCPSocket constructor creates the closed promise, which close() returns", async () => {
    const { client, peer } = await connectPair();
    const closed = client.closed;
    equal(client.close(), closed);
    await closeAll(peer);
    await closed;
});

test("W3C-161: the TCPSocket constructor makes readable and writeable and returns the socket", async () => {
    const { server, port } = await startServer();
    const socket = new TCPSocket("127.0.0.1", port);
    ok(socket.readable instanceof ReadableStream);
    ok(socket.writeable instanceof WritableStream);
    await socket.opened;
    await abortAll(socket);
    await closeAll(server);
});
