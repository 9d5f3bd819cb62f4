// flags: -A
// udp_attributes.test.ts - W3C TCP and UDP Socket API: "Interface UDPSocket", its attributes.
import { bytes, equal, ok, rejects, test, text } from "../harness.ts";
import { closeAll, freePort, readOne, udpSocket } from "../sockets/peers.ts";

test("W3C-056: UDPSocket.localAddress is the address that the options name", async () => {
    const { socket } = await udpSocket();
    equal(socket.localAddress, "127.0.0.1");
    await closeAll(socket);
});

test("W3C-057: UDPSocket.localAddress is the routing table's choice where only a remote address is given", async () => {
    const socket = new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: 9 });
    equal(socket.localAddress, "127.0.0.1");
    await socket.opened;
    await closeAll(socket);
});

test("W3C-058: UDPSocket.localAddress is null where neither address is given", async () => {
    const socket = new UDPSocket();
    equal(socket.localAddress, null);
    await socket.opened;
    equal(socket.localAddress, null);
    await closeAll(socket);
});

test("W3C-059: UDPSocket.localPort is the port that the options name", async () => {
    const { socket: first, port } = await udpSocket();
    await closeAll(first);
    const socket = new UDPSocket({ localAddress: "127.0.0.1", localPort: port });
    equal(socket.localPort, port);
    await socket.opened;
    await closeAll(socket);
});

test("W3C-060: UDPSocket.localPort is null for a port of the system's choice", async () => {
    const socket = new UDPSocket({ localAddress: "127.0.0.1" });
    equal(socket.localPort, null);
    const { localPort } = await socket.opened;
    ok(localPort > 0, "opened tells the port");
    equal(socket.localPort, null);
    await closeAll(socket);
});

test("W3C-061: UDPSocket.remoteAddress is the default receiver, host name or address, or null", async () => {
    const named = new UDPSocket({ remoteAddress: "localhost", remotePort: 9 });
    equal(named.remoteAddress, "localhost");
    const none = new UDPSocket();
    equal(none.remoteAddress, null);
    await named.opened;
    await none.opened;
    await closeAll(named, none);
});

test("W3C-062: UDPSocket.remotePort is the default receiver's port, or null", async () => {
    const given = new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: 9 });
    equal(given.remotePort, 9);
    const none = new UDPSocket();
    equal(none.remotePort, null);
    await given.opened;
    await none.opened;
    await closeAll(given, none);
});

test("W3C-063: UDPSocket.addressReuse lets two sockets have one port, and is true by default", async () => {
    const port = await freePort();
    const { socket: first } = await udpSocket({ localPort: port, addressReuse: true });
    const second = new UDPSocket({ localAddress: "127.0.0.1", localPort: port });
    equal(second.addressReuse, true);
    await second.opened;
    const third = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    equal(third.addressReuse, false);
    await rejects(third.opened, { name: "NetworkError", code: "EADDRINUSE" });
    await closeAll(first, second, third);
});

test("W3C-064: UDPSocket.loopback tells whether multicast comes back, and is false by default", async () => {
    const quiet = new UDPSocket();
    equal(quiet.loopback, false);
    const loud = new UDPSocket({ loopback: true });
    equal(loud.loopback, true);
    await quiet.opened;
    await loud.opened;
    await closeAll(quiet, loud);
});

test("W3C-065: UDPSocket.readyState is opening, open or closed", async () => {
    const socket = new UDPSocket();
    equal(socket.readyState, "opening");
    await socket.opened;
    equal(socket.readyState, "open");
    void socket.close();
    equal(socket.readyState, "closed");
    await socket.closed;
});

test("W3C-066: UDPSocket.opened is one promise for the result of the set-up", async () => {
    const socket = new UDPSocket();
    const { opened } = socket;
    ok(opened instanceof Promise);
    equal(socket.opened, opened);
    await opened;
    await closeAll(socket);
});

test("W3C-067: UDPSocket.closed is one promise for the end of the socket", async () => {
    const socket = new UDPSocket();
    const { closed } = socket;
    ok(closed instanceof Promise);
    equal(socket.closed, closed);
    await socket.opened;
    await socket.close();
    equal(await closed, undefined);
});

test("W3C-068: UDPSocket.readable is the ReadableStream of what arrives", async () => {
    const { socket, port } = await udpSocket();
    ok(socket.readable instanceof ReadableStream);
    equal(socket.readable, socket.readable);
    await socket.writeable.write({ data: bytes("a"), remoteAddress: "127.0.0.1", remotePort: port });
    equal(text((await readOne(socket.readable)).data), "a");
    await closeAll(socket);
});

test("W3C-069: UDPSocket.writeable is the WritableStream of what is sent", async () => {
    const { socket, port } = await udpSocket();
    ok(socket.writeable instanceof WritableStream);
    equal(socket.writeable, socket.writable);
    const writer = socket.writeable.getWriter();
    await writer.write({ data: bytes("b"), remoteAddress: "127.0.0.1", remotePort: port });
    equal(text((await readOne(socket.readable)).data), "b");
    await closeAll(socket);
});

test("W3C-070: UDPSocket.close() closes and returns the closed promise", async () => {
    const { socket } = await udpSocket();
    equal(socket.close(), socket.closed);
    equal(await socket.closed, undefined);
});

test("W3C-071: UDPSocket.joinMulticast() joins the group of an address", async () => {
    const socket = new UDPSocket({ localPort: 0, loopback: true, interface: "lo" });
    const { localPort } = await socket.opened;
    socket.joinMulticast("239.255.77.1");
    await socket.writeable.write({ data: "hi", remoteAddress: "239.255.77.1", remotePort: localPort });
    const message = await readOne(socket.readable);
    equal(text(message.data), "hi");
    equal(message.localAddress, "239.255.77.1");
    await closeAll(socket);
});

test("W3C-072: UDPSocket.leaveMulticast() leaves the group of an address", async () => {
    const socket = new UDPSocket({ localPort: 0, loopback: true, interface: "lo" });
    const { localPort } = await socket.opened;
    socket.joinMulticast("239.255.77.2");
    socket.leaveMulticast("239.255.77.2");
    await socket.writeable.write({ data: "gone", remoteAddress: "239.255.77.2", remotePort: localPort });
    await socket.writeable.write({ data: "here", remoteAddress: "127.0.0.1", remotePort: localPort });
    equal(text((await readOne(socket.readable)).data), "here");
    await closeAll(socket);
});
