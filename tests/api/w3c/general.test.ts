// flags: -A --deny tcp.connect=192.0.2.66:* --deny tcp.listen=127.0.0.66:* --deny udp.send=192.0.2.66:* --deny udp.bind=127.0.0.66:*
// general.test.ts - W3C TCP and UDP Socket API: the notes at the start, conformance, security considerations.
import { deepEqual, equal, ok, rejects, test, throws } from "../harness.ts";
import { closeAll, connectPair, freePort, readOne, spy } from "../sockets/peers.ts";

test("W3C-001: reasons of rejections are instances of Error", async () => {
    const socket = new TCPSocket("127.0.0.1", await freePort());
    for (const promise of [socket.opened, socket.closed, socket.writeable.write("x")]) {
        ok((await rejects(promise)) instanceof Error);
    }
    ok((await rejects(navigator.tcpPermission.hasPermission({ remoteAddress: "" }))) instanceof Error);
});

test("W3C-002: error names are those of Web IDL's DOMException, with a stable code beside", async () => {
    const error = (await rejects(new TCPSocket("127.0.0.1", await freePort()).opened, {
        name: "NetworkError",
        code: "ECONNREFUSED",
    })) as DOMException;
    ok(error instanceof DOMException);
    ok(throws(() => new TCPSocket("", 80), "InvalidAccessError") instanceof DOMException);
});

test("W3C-003: the interfaces are as Web IDL wants them", () => {
    for (const [interface_, name, length] of [
        [TCPSocket, "TCPSocket", 2],
        [TCPServerSocket, "TCPServerSocket", 0],
        [UDPSocket, "UDPSocket", 0],
    ] as const) {
        const prototype = interface_.prototype as object;
        equal(interface_.name, name);
        equal(interface_.length, length);
        equal(Object.prototype.toString.call(prototype), `[object ${name}]`);
        ok(Object.getOwnPropertyDescriptor(prototype, "close")?.enumerable, "operations are enumerable");
        ok(Object.getOwnPropertyDescriptor(prototype, "opened")?.enumerable, "attributes are enumerable");
        equal(Object.getOwnPropertyDescriptor(prototype, "opened")?.set, undefined);
        throws(
            () => Reflect.apply(interface_ as unknown as () => void, undefined, ["127.0.0.1", 1]),
            "TypeError",
        );
        throws(() => Reflect.get(prototype, "readyState", {}) as unknown, "TypeError");
        equal(Object.getOwnPropertyDescriptor(globalThis, name)?.enumerable ?? false, false);
    }
});

test("W3C-004: dictionaries are converted as Web IDL wants it: once, in lexicographical order", async () => {
    const { options, reads } = spy<TCPOptions>({ noDelay: false, localPort: 0 });
    const socket = new TCPSocket("127.0.0.1", await freePort(), options);
    await rejects(socket.opened);
    deepEqual(reads, [...reads].sort());
    equal(new Set(reads).size, reads.length);
    throws(() => new TCPSocket("127.0.0.1", 1, 5 as unknown as TCPOptions), "TypeError");
    throws(() => new TCPSocket("127.0.0.1", 1, { tcpKeepAliveOptions: "often" as "off" }), "TypeError");
    throws(() => new (TCPSocket as unknown as new (host: string) => unknown)("127.0.0.1"), "TypeError");
});

test("W3C-005: ArrayBuffer is accepted as data to send", async () => {
    const { client, peer } = await connectPair();
    await client.writeable.write(new Uint8Array([1, 2, 3]).buffer);
    deepEqual(new Uint8Array(await readOne(peer.readable)), new Uint8Array([1, 2, 3]));
    await closeAll(client, peer);
});

test("W3C-006: a constructor without permission throws SecurityError at once", () => {
    throws(() => new TCPSocket("192.0.2.66", 80), "SecurityError");
    throws(() => new TCPServerSocket({ localAddress: "127.0.0.66" }), "SecurityError");
    throws(() => new UDPSocket({ localAddress: "127.0.0.66" }), "SecurityError");
    throws(() => new UDPSocket({ remoteAddress: "192.0.2.66", remotePort: 80 }), "SecurityError");
});

test("W3C-007: hasPermission tells the state, requestPermission asks for it", async () => {
    equal(
        await navigator.tcpPermission.hasPermission({ remoteAddress: "192.0.2.66", remotePort: 80 }),
        "denied",
    );
    equal(
        await navigator.tcpPermission.hasPermission({ remoteAddress: "127.0.0.1", remotePort: 80 }),
        "granted",
    );
    equal(await navigator.tcpPermission.requestPermission({ remoteAddress: "127.0.0.1" }), undefined);
});

test("W3C-008: permission is a matter of its own objects: making sockets asks nobody", async () => {
    const error = throws(() => new TCPSocket("192.0.2.66", 80), "SecurityError") as DOMException;
    ok(error.message.includes("tcp.connect"), error.message);
    await rejects(
        navigator.tcpPermission.requestPermission({ remoteAddress: "192.0.2.66", remotePort: 80 }),
        "SecurityError",
    );
});
