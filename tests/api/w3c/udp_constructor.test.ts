// flags: -A --deny udp.send=192.0.2.66:*
// udp_constructor.test.ts - W3C TCP and UDP Socket API: "When the UDPSocket constructor is invoked".
import { bytes, equal, ok, rejects, test, text, throws } from "../harness.ts";
import { closeAll, readOne, udpSocket } from "../sockets/peers.ts";

async function made(options?: UDPOptions): Promise<UDPSocket> {
    const socket = new UDPSocket(options);
    await socket.opened;
    return socket;
}

test("W3C-073: the UDPSocket constructor creates a UDPSocket", async () => {
    const socket = await made();
    ok(socket instanceof UDPSocket);
    await closeAll(socket);
});

test("W3C-074: the UDPSocket constructor throws SecurityError without permission for its options", () => {
    throws(() => new UDPSocket({ remoteAddress: "192.0.2.66", remotePort: 9 }), "SecurityError");
});

test("W3C-075: the UDPSocket constructor sets remoteAddress to a valid host name or address", async () => {
    for (const remoteAddress of ["127.0.0.1", "localhost"]) {
        const socket = await made({ remoteAddress, remotePort: 9 });
        equal(socket.remoteAddress, remoteAddress);
        await closeAll(socket);
    }
});

test("W3C-076: the UDPSocket constructor throws InvalidAccessError for a remoteAddress that is none", () => {
    for (const remoteAddress of ["", "no host", "1.2.3.4.5", "-a", "::1::"]) {
        throws(() => new UDPSocket({ remoteAddress, remotePort: 9 }), "InvalidAccessError");
    }
});

test("W3C-077: the UDPSocket constructor sets remoteAddress to null where it is absent", async () => {
    const socket = await made({ remotePort: 9 });
    equal(socket.remoteAddress, null);
    await closeAll(socket);
});

test("W3C-078: the UDPSocket constructor sets remotePort to a valid port number", async () => {
    const socket = await made({ remoteAddress: "127.0.0.1", remotePort: "1900" as unknown as number });
    equal(socket.remotePort, 1900);
    await closeAll(socket);
});

test("W3C-079: the UDPSocket constructor throws InvalidAccessError for a remotePort that is none", () => {
    for (const remotePort of [0, -1, 65536, NaN, Infinity]) {
        throws(() => new UDPSocket({ remoteAddress: "127.0.0.1", remotePort }), "InvalidAccessError");
    }
});

test("W3C-080: the UDPSocket constructor sets remotePort to null where it is absent", async () => {
    const socket = await made({ remoteAddress: "127.0.0.1" });
    equal(socket.remotePort, null);
    await closeAll(socket);
});

test("W3C-081: both addresses given: the UDPSocket is bound to a local one that leads to the remote one", async () => {
    const socket = await made({ localAddress: "127.0.0.2", remoteAddress: "127.0.0.1", remotePort: 9 });
    equal(socket.localAddress, "127.0.0.2");
    await closeAll(socket);
});

test("W3C-082: both addresses given: InvalidAccessError for a local address that can't be used", () => {
    throws(
        () => new UDPSocket({ localAddress: "192.0.2.200", remoteAddress: "127.0.0.1", remotePort: 9 }),
        "InvalidAccessError",
    );
});

test("W3C-083: only localAddress given: the UDPSocket is bound to it", async () => {
    const { socket, port } = await udpSocket({ localAddress: "127.0.0.3" });
    equal(socket.localAddress, "127.0.0.3");
    await socket.writeable.write({ data: "x", remoteAddress: "127.0.0.3", remotePort: port });
    const message = await readOne(socket.readable);
    equal(message.remoteAddress, "127.0.0.3");
    await closeAll(socket);
});

test("W3C-084: only localAddress given: InvalidAccessError for one that is not this device's", () => {
    for (const localAddress of ["192.0.2.200", "", "localhost"]) {
        throws(() => new UDPSocket({ localAddress }), "InvalidAccessError");
    }
});

test("W3C-085: a UDPSocket bound to an interface sends only to peers reachable through it", async () => {
    const { socket } = await udpSocket();
    await rejects(
        socket.writeable.write({ data: "x", remoteAddress: "198.51.100.1", remotePort: 9 }),
        "NetworkError",
    );
    equal(socket.readyState, "open");
    await closeAll(socket);
});

test("W3C-086: only remoteAddress given: InvalidAccessError where no interface leads to it", () => {
    throws(() => new UDPSocket({ remoteAddress: "fe80::1", remotePort: 9 }), "InvalidAccessError");
});

test("W3C-087: only remoteAddress given: the UDPSocket is bound to the default local address for it", async () => {
    const socket = await made({ remoteAddress: "127.0.0.1", remotePort: 9 });
    equal((await socket.opened).localAddress, "127.0.0.1");
    await closeAll(socket);
});

test("W3C-088: only remoteAddress given: localAddress is set to what the UDPSocket is bound to", async () => {
    const socket = await made({ remoteAddress: "127.0.0.5", remotePort: 9 });
    equal(socket.localAddress, (await socket.opened).localAddress);
    await closeAll(socket);
});

test("W3C-089: neither address given: localAddress is null", async () => {
    const socket = await made({ localPort: 0 });
    equal(socket.localAddress, null);
    await closeAll(socket);
});

test("W3C-090: localPort absent: a UDP port of the system's choice, and localPort is null", async () => {
    const socket = await made({ localAddress: "127.0.0.1" });
    equal(socket.localPort, null);
    ok((await socket.opened).localPort >= 1024);
    await closeAll(socket);
});

test("W3C-091: localPort given: the UDPSocket is bound to it and localPort tells it", async () => {
    const { socket: first, port } = await udpSocket();
    await closeAll(first);
    const socket = await made({ localAddress: "127.0.0.1", localPort: port });
    equal(socket.localPort, port);
    equal((await socket.opened).localPort, port);
    await closeAll(socket);
});

test("W3C-092: the UDPSocket constructor sets addressReuse to the option, or to true", async () => {
    const given = await made({ addressReuse: false });
    const absent = await made();
    equal(given.addressReuse, false);
    equal(absent.addressReuse, true);
    await closeAll(given, absent);
});

test("W3C-093: the UDPSocket constructor sets loopback to the option, or to false", async () => {
    const given = await made({ loopback: true });
    const absent = await made();
    equal(given.loopback, true);
    equal(absent.loopback, false);
    await closeAll(given, absent);
});

test("W3C-094: the UDPSocket constructor sets readyState to opening", async () => {
    const socket = new UDPSocket();
    equal(socket.readyState, "opening");
    await socket.opened;
    await closeAll(socket);
});

test("W3C-095: the UDPSocket constructor creates the opened promise", async () => {
    const socket = new UDPSocket();
    const opened = socket.opened;
    await opened;
    equal(socket.opened, opened);
    await closeAll(socket);
});

test("W3C-096: the UDPSocket constructor creates the closed promise, which close() returns", async () => {
    const socket = await made();
    const closed = socket.closed;
    equal(socket.close(), closed);
    await closed;
});

test("W3C-097: the UDPSocket constructor makes readable and writeable and returns the socket", async () => {
    const socket = new UDPSocket({ localAddress: "127.0.0.1" });
    ok(socket.readable instanceof ReadableStream);
    ok(socket.writeable instanceof WritableStream);
    const { localPort } = await socket.opened;
    await socket.writeable.write({ data: bytes("r"), remoteAddress: "127.0.0.1", remotePort: localPort });
    equal(text((await readOne(socket.readable)).data), "r");
    await closeAll(socket);
});
