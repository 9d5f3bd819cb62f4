// flags: -A --deny udp.send=127.0.0.66:*
// udp_writeable.test.ts - W3C TCP and UDP Socket API: "Interface UDPSocket", the functions behind `writeable`, close().
import { bytes, equal, ok, rejects, test, text } from "../harness.ts";
import { closeAll, readOne, udpSocket } from "../sockets/peers.ts";

test("W3C-117: UDP writes wait for the set-up", async () => {
    const { socket: peer, port } = await udpSocket();
    const socket = new UDPSocket();
    const written = socket.writeable.write({ data: "early", remoteAddress: "127.0.0.1", remotePort: port });
    equal(socket.readyState, "opening");
    await written;
    equal(text((await readOne(peer.readable)).data), "early");
    await closeAll(socket, peer);
});

test("W3C-118: UDP writes reject with NetworkError where the set-up failed", async () => {
    const { socket: first, port } = await udpSocket({ addressReuse: false });
    const second = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    await rejects(
        second.writeable.write({ data: "x", remoteAddress: "127.0.0.1", remotePort: port }),
        "NetworkError",
    );
    await closeAll(first);
});

test("W3C-119: a chunk is converted to a UDPMessage as Web IDL converts dictionaries", async () => {
    const { socket, port } = await udpSocket();
    const reads: string[] = [];
    const message = new Proxy(
        { data: bytes("m"), remoteAddress: "127.0.0.1", remotePort: String(port) },
        {
            get(target, key): unknown {
                reads.push(String(key));
                return Reflect.get(target, key) as unknown;
            },
        },
    );
    await socket.writeable.write(message as unknown as UDPMessage);
    equal(reads.join(), "data,interface,remoteAddress,remotePort");
    equal(text((await readOne(socket.readable)).data), "m");
    await rejects(socket.writeable.write("text" as unknown as UDPMessage), "TypeError");
    await rejects(socket.writeable.write({ remotePort: 1 } as unknown as UDPMessage), "TypeError");
    equal(socket.readyState, "open");
    await closeAll(socket);
});

test("W3C-120: InvalidAccessError for a message without remoteAddress and no default", async () => {
    const { socket } = await udpSocket();
    await rejects(socket.writeable.write({ data: "x", remotePort: 9 }), "InvalidAccessError");
    await rejects(
        socket.writeable.write({ data: "x", remoteAddress: null, remotePort: 9 }),
        "InvalidAccessError",
    );
    await closeAll(socket);
});

test("W3C-121: InvalidAccessError for a message without remotePort and no default", async () => {
    const { socket } = await udpSocket();
    await rejects(socket.writeable.write({ data: "x", remoteAddress: "127.0.0.1" }), "InvalidAccessError");
    await rejects(
        socket.writeable.write({ data: "x", remoteAddress: "127.0.0.1", remotePort: null }),
        "InvalidAccessError",
    );
    await closeAll(socket);
});

test("W3C-122: SecurityError for a message to where the app may not send", async () => {
    const { socket, port } = await udpSocket();
    await rejects(
        socket.writeable.write({ data: "x", remoteAddress: "127.0.0.66", remotePort: 9 }),
        "SecurityError",
    );
    await socket.writeable.write({ data: "ok", remoteAddress: "127.0.0.1", remotePort: port });
    equal(text((await readOne(socket.readable)).data), "ok");
    await closeAll(socket);
});

test("W3C-123: the payload of a message is sent as it is", async () => {
    const { socket, port } = await udpSocket();
    const buffer = new Uint8Array([9, 0, 255, 1]);
    await socket.writeable.write({
        data: buffer.subarray(1, 3),
        remoteAddress: "127.0.0.1",
        remotePort: port,
    });
    equal(String([...new Uint8Array((await readOne(socket.readable)).data)]), "0,255");
    await socket.writeable.write({ data: new ArrayBuffer(0), remoteAddress: "127.0.0.1", remotePort: port });
    equal((await readOne(socket.readable)).data.byteLength, 0);
    await closeAll(socket);
});

test("W3C-124: a message goes to its own remoteAddress, else to the default one", async () => {
    const { socket: peer, port } = await udpSocket({ localAddress: "127.0.0.8" });
    const { socket: other } = await udpSocket({ localAddress: "127.0.0.9", localPort: port });
    const socket = new UDPSocket({ remoteAddress: "127.0.0.8", remotePort: port });
    await socket.writeable.write({ data: "default" });
    await socket.writeable.write({ data: "own", remoteAddress: "127.0.0.9" });
    equal(text((await readOne(peer.readable)).data), "default");
    equal(text((await readOne(other.readable)).data), "own");
    await closeAll(socket, peer, other);
});

test("W3C-125: a message goes to its own remotePort, else to the default one", async () => {
    const { socket: peer, port } = await udpSocket();
    const { socket: other, port: otherPort } = await udpSocket();
    const socket = new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: port });
    await socket.writeable.write({ data: "default" });
    await socket.writeable.write({ data: "own", remotePort: otherPort });
    equal(text((await readOne(peer.readable)).data), "default");
    equal(text((await readOne(other.readable)).data), "own");
    await closeAll(socket, peer, other);
});

test("W3C-126: a UDP write resolves with undefined where sending succeeds", async () => {
    const { socket, port } = await udpSocket();
    equal(
        await socket.writeable.write({ data: "x", remoteAddress: "127.0.0.1", remotePort: port }),
        undefined,
    );
    await closeAll(socket);
});

test("W3C-127: a UDP write rejects with NetworkError where sending fails, and the next one goes", async () => {
    const { socket, port } = await udpSocket();
    const target = { remoteAddress: "127.0.0.1", remotePort: port };
    await rejects(socket.writeable.write({ data: new Uint8Array(70_000), ...target }), {
        name: "NetworkError",
        code: "EMSGSIZE",
    });
    const writer = socket.writeable.getWriter();
    await rejects(writer.write({ data: new Uint8Array(70_000), ...target }), { code: "EMSGSIZE" });
    await writer.write({ data: "fine", ...target });
    writer.releaseLock();
    equal(text((await readOne(socket.readable)).data), "fine");
    equal(socket.readyState, "open");
    await closeAll(socket);
});

test("W3C-128: closing or aborting writeable does not close a UDPSocket", async () => {
    const { socket, port } = await udpSocket();
    const { socket: peer } = await udpSocket();
    await socket.writeable.close();
    equal(socket.readyState, "open");
    await peer.writeable.write({ data: "in", remoteAddress: "127.0.0.1", remotePort: port });
    equal(text((await readOne(socket.readable)).data), "in");
    await peer.writeable.abort();
    equal(peer.readyState, "open");
    await closeAll(socket, peer);
});

test("W3C-129: UDP writeable waits after one chunk, and ready tells when it wants more", async () => {
    const { socket, port } = await udpSocket();
    const writer = socket.writeable.getWriter();
    equal(writer.desiredSize, 1);
    const written = writer.write({ data: "x", remoteAddress: "127.0.0.1", remotePort: port });
    equal(writer.desiredSize, 0);
    let ready = false;
    void socket.writeable.ready.then(() => {
        ready = true;
    });
    await written;
    await writer.ready;
    equal(writer.desiredSize, 1);
    equal(ready, true);
    await closeAll(socket);
});

test("W3C-130: UDPSocket.close() cancels readable, also one that is locked", async () => {
    const { socket } = await udpSocket();
    const reading = socket.readable.getReader().read();
    void socket.close();
    equal((await reading).done, true);
    equal(await socket.closed, undefined);
});

test("W3C-131: UDPSocket.close() returns closed, each time", async () => {
    const { socket } = await udpSocket();
    equal(socket.close(), socket.closed);
    equal(socket.close(), socket.closed);
    ok((await socket.closed) === undefined);
});
