// flags: -A --deny multicast.send=239.255.66.66:*
// udp_socket_options.test.ts - a UDPSocket: arguments, what options do to what is sent and received, IPv6, names.
import { deepEqual, equal, ok, rejects, test, text, throws } from "../harness.ts";
import { closeAll, freePort, isPending, readOne, udpSocket } from "./peers.ts";

test("wrong options are a TypeError that names the option", () => {
    for (const [options, word] of [
        [5, "options"],
        [{ dnsQueryType: "any" }, "dnsQueryType"],
        [{ multicastTimeToLive: 256 }, "multicastTimeToLive"],
        [{ timeToLive: 0 }, "timeToLive"],
        [{ sendBufferSize: 0 }, "sendBufferSize"],
        [{ signal: "now" }, "signal"],
    ] as [unknown, string][]) {
        throws(() => new UDPSocket(options as UDPOptions), { name: "TypeError", message: word });
    }
    const fail = {
        get localPort(): number {
            throw new RangeError("mine");
        },
    };
    throws(() => new UDPSocket(fail), "RangeError");
});

test("a datagram tells where it went, which way it came and with how many hops", async () => {
    const { socket, port } = await udpSocket({ localAddress: null, localPort: await freePort() });
    const { socket: peer } = await udpSocket({ timeToLive: 17 });
    await peer.writeable.write({ data: "x", remoteAddress: "127.0.0.12", remotePort: port });
    const message = await readOne(socket.readable);
    equal(message.localAddress, "127.0.0.12");
    equal(message.interface, "lo");
    equal(message.hopLimit, 17);
    deepEqual(Object.keys(message).sort(), [
        "data",
        "hopLimit",
        "interface",
        "localAddress",
        "remoteAddress",
        "remotePort",
    ]);
    await closeAll(socket, peer);
});

test("buffer sizes are what the kernel granted", async () => {
    const { socket } = await udpSocket({ sendBufferSize: 20_000, receiveBufferSize: 30_000 });
    const info = await socket.opened;
    ok(info.sendBufferSize >= 20_000 && info.receiveBufferSize >= 30_000);
    await closeAll(socket);
});

test("IPv6, and IPv4 on the same unbound socket", async () => {
    const { socket: six, port: sixPort } = await udpSocket({ localAddress: "::1" });
    const { socket: four, port: fourPort } = await udpSocket();
    const socket = new UDPSocket();
    await socket.writeable.write({ data: "six", remoteAddress: "::1", remotePort: sixPort });
    await socket.writeable.write({ data: "four", remoteAddress: "127.0.0.1", remotePort: fourPort });
    const message = await readOne(six.readable);
    equal(message.remoteAddress, "::1");
    equal(message.localAddress, "::1");
    equal((await readOne(four.readable)).remoteAddress, "127.0.0.1");
    await four.writeable.write({ data: "back", remoteAddress: "127.0.0.1", remotePort: message.remotePort });
    equal((await readOne(socket.readable)).remoteAddress, "127.0.0.1");
    await closeAll(socket, six, four);
});

test("host names are looked up, and one that is none rejects its write only", async () => {
    const { socket, port } = await udpSocket();
    const sender = new UDPSocket({ remoteAddress: "localhost", remotePort: port, dnsQueryType: "ipv4" });
    await sender.writeable.write({ data: "one" });
    await sender.writeable.write({ data: "two", remoteAddress: "LOCALHOST" });
    equal(text((await readOne(socket.readable)).data), "one");
    equal(text((await readOne(socket.readable)).data), "two");
    const error = (await rejects(
        sender.writeable.write({ data: "x", remoteAddress: "no-such-host.invalid" }),
        "NetworkError",
    )) as SocketError;
    ok(/^EAI_|^E/.test(error.code), error.code);
    await sender.writeable.write({ data: "three" });
    equal(text((await readOne(socket.readable)).data), "three");
    await closeAll(socket, sender);
});

test("an invalid receiver rejects its write only", async () => {
    const { socket, port } = await udpSocket();
    for (const target of [
        { remoteAddress: "no host", remotePort: port },
        { remoteAddress: "127.0.0.1", remotePort: 0 },
        { remoteAddress: "127.0.0.1", remotePort: 65_536 },
    ]) {
        await rejects(socket.writeable.write({ data: "x", ...target }), "InvalidAccessError");
    }
    await rejects(
        socket.writeable.write({
            data: "x",
            remoteAddress: "127.0.0.1",
            remotePort: port,
            interface: "nosuch0",
        }),
    );
    await socket.writeable.write({ data: "fine", remoteAddress: "127.0.0.1", remotePort: port });
    equal(text((await readOne(socket.readable)).data), "fine");
    await closeAll(socket);
});

test("a failed write that nobody awaits is no uncaught error", async () => {
    const { socket, port } = await udpSocket();
    void socket.writeable.write({
        data: new Uint8Array(70_000),
        remoteAddress: "127.0.0.1",
        remotePort: port,
    });
    const writer = socket.writeable.getWriter();
    void writer.write({ data: new Uint8Array(70_000), remoteAddress: "127.0.0.1", remotePort: port });
    await writer.write({ data: "fine", remoteAddress: "127.0.0.1", remotePort: port });
    equal(text((await readOne(socket.readable)).data), "fine");
    await closeAll(socket);
});

test("a pipe into the socket goes on after a datagram that can't be sent, and ends at one that is none", async () => {
    const { socket, port } = await udpSocket();
    const target = { remoteAddress: "127.0.0.1", remotePort: port };
    const { socket: sender } = await udpSocket();
    const messages: unknown[] = [
        { data: "a", ...target },
        { data: new Uint8Array(70_000), ...target },
        { data: "b", ...target },
        5,
    ];
    const pipe = new ReadableStream({
        pull(controller) {
            controller.enqueue(messages.shift());
        },
    }).pipeTo(sender.writeable as WritableStream);
    await rejects(pipe, "TypeError");
    equal(text((await readOne(socket.readable)).data), "a");
    equal(text((await readOne(socket.readable)).data), "b");
    equal(sender.readyState, "open");
    await closeAll(socket, sender);
});

test("multicast: loopback, interface of socket, join and message", async () => {
    const localPort = await freePort();
    const receiver = new UDPSocket({ localPort });
    await receiver.opened;
    receiver.joinMulticast("239.255.77.7", { interface: "lo" });
    const loud = new UDPSocket({ loopback: true, interface: "lo" });
    const target = { remoteAddress: "239.255.77.7", remotePort: localPort };
    await loud.writeable.write({ data: "socket", ...target });
    const first = await readOne(receiver.readable);
    equal(text(first.data), "socket");
    equal(first.localAddress, "239.255.77.7");
    equal(first.interface, "lo");
    equal(first.hopLimit, 1);
    const plain = new UDPSocket({ loopback: true, multicastTimeToLive: 5 });
    await plain.writeable.write({ data: "message", interface: "lo", ...target });
    equal((await readOne(receiver.readable)).hopLimit, 5);
    receiver.leaveMulticast("239.255.77.7", { interface: "lo" });
    await loud.writeable.write({ data: "gone", ...target });
    ok(await isPending(receiver.readable.getReader().read()));
    await closeAll(receiver, loud, plain);
});

test("multicast: source-specific joins", async () => {
    const localPort = await freePort();
    const receiver = new UDPSocket({ localPort, interface: "lo" });
    await receiver.opened;
    receiver.joinMulticast("232.1.2.3", { source: "127.0.0.1" });
    const sender = new UDPSocket({ loopback: true, interface: "lo" });
    await sender.writeable.write({ data: "wanted", remoteAddress: "232.1.2.3", remotePort: localPort });
    equal(text((await readOne(receiver.readable)).data), "wanted");
    receiver.leaveMulticast("232.1.2.3", { source: "127.0.0.1" });
    await closeAll(receiver, sender);
});

test("multicast: what is no group, no member, no permission", async () => {
    const socket = new UDPSocket({ interface: "lo" });
    await socket.opened;
    for (const group of ["127.0.0.1", "localhost", "", "239.0.0.256", "::1"]) {
        throws(() => socket.joinMulticast(group), "InvalidAccessError");
        throws(() => socket.leaveMulticast(group), "InvalidAccessError");
    }
    throws(() => socket.joinMulticast("232.1.2.3", { source: "239.1.1.1" }), "InvalidAccessError");
    throws(() => socket.joinMulticast("239.1.1.1", { interface: "nosuch0" }));
    throws(() => socket.leaveMulticast("239.9.9.9"), "InvalidAccessError");
    await rejects(
        socket.writeable.write({ data: "x", remoteAddress: "239.255.66.66", remotePort: 1 }),
        "SecurityError",
    );
    await socket.close();
    throws(() => socket.joinMulticast("239.1.1.1"), "InvalidStateError");
    throws(() => socket.leaveMulticast("239.1.1.1"), "InvalidStateError");
});
