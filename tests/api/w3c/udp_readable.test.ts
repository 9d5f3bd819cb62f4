// flags: -A
// not: gcstress (it floods a socket, which takes too long there)
// udp_readable.test.ts - W3C TCP and UDP Socket API: "Interface UDPSocket", the functions behind `readable`.
import { bytes, deepEqual, equal, ok, rejects, sleep, test, text, throws } from "../harness.ts";
import { closeAll, isPending, readOne, udpSocket } from "../sockets/peers.ts";

function send(socket: UDPSocket, port: number, data: SocketData): Promise<undefined> {
    return socket.writeable.write({ data, remoteAddress: "127.0.0.1", remotePort: port });
}

test("W3C-098: the UDP socket is set up in the background, and reading waits for it", async () => {
    const socket = new UDPSocket({ localAddress: "127.0.0.1" });
    const reader = socket.readable.getReader();
    const first = reader.read();
    equal(socket.readyState, "opening");
    const { localPort } = await socket.opened;
    await send(socket, localPort, "x");
    equal(text((await first).value!.data), "x");
    await closeAll(socket);
});

test("W3C-099: UDP set-up done: readyState changes to open", async () => {
    const socket = new UDPSocket();
    await socket.opened;
    equal(socket.readyState, "open");
    await closeAll(socket);
});

test("W3C-100: UDP set-up done: opened resolves (with more than the text's undefined)", async () => {
    const socket = new UDPSocket({ localAddress: "127.0.0.1" });
    const info = await socket.opened;
    equal(info.readable, socket.readable);
    equal(info.writable, socket.writable);
    equal(info.localAddress, "127.0.0.1");
    ok(info.localPort > 0 && info.sendBufferSize > 0 && info.receiveBufferSize > 0);
    await closeAll(socket);
});

test("W3C-101: each datagram becomes a new UDPMessage", async () => {
    const { socket, port } = await udpSocket();
    await send(socket, port, "1");
    await send(socket, port, "22");
    const first = await readOne(socket.readable);
    const second = await readOne(socket.readable);
    ok(first !== second && first.data !== second.data);
    deepEqual([text(first.data), text(second.data)], ["1", "22"]);
    await closeAll(socket);
});

test("W3C-102: UDPMessage.data is a read-only ArrayBuffer of the datagram", async () => {
    const { socket, port } = await udpSocket();
    await send(socket, port, bytes("abc"));
    const { data } = await readOne(socket.readable);
    ok(data instanceof ArrayBuffer);
    equal(data.byteLength, 3);
    try {
        new Uint8Array(data)[0] = 0;
    } catch {
        // strict mode may throw
    }
    equal(text(data), "abc");
    throws(() => data.transfer(), "TypeError");
    await closeAll(socket);
});

test("W3C-103: UDPMessage.remoteAddress is the source address of the datagram", async () => {
    const { socket, port } = await udpSocket();
    const { socket: peer } = await udpSocket({ localAddress: "127.0.0.7" });
    await send(peer, port, "x");
    equal((await readOne(socket.readable)).remoteAddress, "127.0.0.7");
    await closeAll(socket, peer);
});

test("W3C-104: UDPMessage.remotePort is the source port of the datagram", async () => {
    const { socket, port } = await udpSocket();
    const { socket: peer, port: peerPort } = await udpSocket();
    await send(peer, port, "x");
    equal((await readOne(socket.readable)).remotePort, peerPort);
    await closeAll(socket, peer);
});

test("W3C-105: UDP messages are queued in order until they are read", async () => {
    const { socket, port } = await udpSocket();
    for (let i = 0; i < 20; i++) {
        await send(socket, port, String(i));
    }
    await sleep(20);
    const reader = socket.readable.getReader();
    for (let i = 0; i < 20; i++) {
        equal(text((await reader.read()).value!.data), String(i));
    }
    await closeAll(socket);
});

test("W3C-106: a full UDP queue loses datagrams, counts them and goes on", async () => {
    const { socket, port } = await udpSocket({ receiveBufferSize: 4096 });
    const { socket: peer } = await udpSocket();
    for (let i = 0; i < 500; i++) {
        await send(peer, port, new Uint8Array(512));
    }
    const reader = socket.readable.getReader();
    let received = 0;
    while (!(await isPending(reader.read(), 50))) {
        received++;
    }
    await send(peer, port, "still alive");
    await send(peer, port, "and counting");
    ok(received < 500, `${received} of 500 received`);
    const { value } = await reader.read();
    ok(value !== undefined);
    equal(socket.droppedDatagrams, 500 - received);
    await closeAll(socket, peer);
});

test("W3C-107: UDP set-up failed: readable errors with NetworkError", async () => {
    const { socket: first, port } = await udpSocket({ addressReuse: false });
    const second = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    await rejects(second.readable.getReader().read(), { name: "NetworkError", code: "EADDRINUSE" });
    await closeAll(first, second);
});

test("W3C-108: UDP set-up failed: opened rejects with NetworkError", async () => {
    const { socket: first, port } = await udpSocket({ addressReuse: false });
    const second = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    await rejects(second.opened, { name: "NetworkError", code: "EADDRINUSE" });
    await closeAll(first, second);
});

test("W3C-109: UDP set-up failed: closed rejects with NetworkError", async () => {
    const { socket: first, port } = await udpSocket({ addressReuse: false });
    const second = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    await rejects(second.closed, { name: "NetworkError", code: "EADDRINUSE" });
    await closeAll(first);
});

test("W3C-110: UDP set-up failed: readyState changes to closed and the resources are released", async () => {
    const { socket: first, port } = await udpSocket({ addressReuse: false });
    const second = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    await rejects(second.opened);
    equal(second.readyState, "closed");
    await closeAll(first);
    const third = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    await third.opened;
    await closeAll(third);
});

test("W3C-111: a UDP peer that is not there is no error of the socket", async () => {
    const { socket, port } = await udpSocket();
    const { socket: gone, port: gonePort } = await udpSocket();
    await closeAll(gone);
    for (let i = 0; i < 3; i++) {
        await send(socket, gonePort, "anybody?"); // ICMP port unreachable comes back
        await sleep(5);
    }
    await send(socket, port, "me");
    equal(text((await readOne(socket.readable)).data), "me");
    equal(socket.readyState, "open");
    await closeAll(socket);
});

test("W3C-112: cancelling readable of a closed UDPSocket does nothing", async () => {
    const { socket } = await udpSocket();
    await socket.close();
    equal(await socket.readable.cancel(), undefined);
    equal(socket.readyState, "closed");
    equal(await socket.closed, undefined);
});

test("W3C-113: cancelling readable of an opening UDPSocket: opened rejects with AbortError, state is closed", async () => {
    const socket = new UDPSocket();
    await socket.readable.cancel();
    equal(socket.readyState, "closed");
    await rejects(socket.opened, "AbortError");
    await rejects(socket.closed, "AbortError");
});

test("W3C-114: cancelling readable of an open UDPSocket sends what is queued", async () => {
    const { socket, port } = await udpSocket();
    const { socket: peer } = await udpSocket();
    const writes = ["1", "2", "3"].map((data) => send(peer, port, data));
    await peer.readable.cancel();
    await Promise.all(writes);
    const reader = socket.readable.getReader();
    for (const expected of ["1", "2", "3"]) {
        equal(text((await reader.read()).value!.data), expected);
    }
    await rejects(
        peer.writeable.write({ data: "4", remoteAddress: "127.0.0.1", remotePort: port }),
        "TypeError",
    );
    await closeAll(socket);
});

test("W3C-115: cancelling readable of an open UDPSocket sets readyState to closed", async () => {
    const { socket } = await udpSocket();
    const cancelled = socket.readable.cancel();
    equal(socket.readyState, "closed");
    await cancelled;
    await socket.closed;
});

test("W3C-116: cancelling readable of an open UDPSocket resolves closed with undefined and frees the port", async () => {
    const { socket, port } = await udpSocket({ addressReuse: false });
    await socket.readable.cancel();
    equal(await socket.closed, undefined);
    const again = new UDPSocket({ localAddress: "127.0.0.1", localPort: port, addressReuse: false });
    await again.opened;
    await closeAll(again);
});
