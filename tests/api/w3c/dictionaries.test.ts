// flags: -A
// dictionaries.test.ts - W3C TCP and UDP Socket API: the dictionaries and enums, member by member, as far as the
// steps of the interfaces don't say it already.
import { deepEqual, equal, ok, rejects, test, text, throws } from "../harness.ts";
import { abortAll, closeAll, connectPair, freePort, readOne, spy, udpSocket } from "../sockets/peers.ts";

test("W3C-256: UDPMessage: data is mandatory, remoteAddress and remotePort are optional", async () => {
    const { socket: peer, port } = await udpSocket();
    const socket = new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: port });
    await socket.writeable.write({ data: "only data" });
    equal(text((await readOne(peer.readable)).data), "only data");
    await rejects(socket.writeable.write({} as UDPMessage), "TypeError");
    await closeAll(socket, peer);
});

test("W3C-257: UDPMessage.data is what was received or is to be sent", async () => {
    const { socket, port } = await udpSocket();
    for (const data of [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]), "\u0001\u0002"]) {
        await socket.writeable.write({ data, remoteAddress: "127.0.0.1", remotePort: port });
        deepEqual(new Uint8Array((await readOne(socket.readable)).data), new Uint8Array([1, 2]));
    }
    await rejects(
        socket.writeable.write({
            data: 5 as unknown as string,
            remoteAddress: "127.0.0.1",
            remotePort: port,
        }),
        "TypeError",
    );
    await closeAll(socket);
});

test("W3C-258: UDPMessage.remoteAddress is the address of the remote machine", async () => {
    const { socket: peer, port } = await udpSocket({ localAddress: "127.0.0.11" });
    const { socket } = await udpSocket();
    await socket.writeable.write({ data: "x", remoteAddress: "127.0.0.11", remotePort: port });
    equal((await readOne(peer.readable)).remoteAddress, "127.0.0.1");
    await closeAll(socket, peer);
});

test("W3C-259: UDPMessage.remotePort is the port of the remote machine", async () => {
    const { socket: peer, port } = await udpSocket();
    const { socket, port: own } = await udpSocket();
    await socket.writeable.write({ data: "x", remoteAddress: "127.0.0.1", remotePort: port });
    equal((await readOne(peer.readable)).remotePort, own);
    await closeAll(socket, peer);
});

test("W3C-260: UDPOptions: every member is optional, and so is the dictionary", async () => {
    for (const options of [undefined, {}, null as unknown as UDPOptions]) {
        const socket = new UDPSocket(options);
        await socket.opened;
        await closeAll(socket);
    }
});

test("W3C-261: UDPOptions are read once each, in lexicographical order", async () => {
    const { options, reads } = spy<UDPOptions>({});
    const socket = new UDPSocket(options);
    await socket.opened;
    for (const name of [
        "addressReuse",
        "localAddress",
        "localPort",
        "loopback",
        "remoteAddress",
        "remotePort",
    ]) {
        ok(reads.includes(name), name);
    }
    deepEqual(reads, [...new Set(reads)].sort());
    await closeAll(socket);
});

test("W3C-262: TCPOptions: every member is optional, and so is the dictionary", async () => {
    for (const options of [undefined, {}, null as unknown as TCPOptions]) {
        const { client, peer } = await connectPair(options);
        await closeAll(client, peer);
    }
});

test("W3C-263: TCPOptions are read once each, in lexicographical order", async () => {
    const { options, reads } = spy<TCPOptions>({});
    const socket = new TCPSocket("127.0.0.1", await freePort(), options);
    await rejects(socket.opened);
    for (const name of ["addressReuse", "localAddress", "localPort", "noDelay", "useSecureTransport"]) {
        ok(reads.includes(name), name);
    }
    ok(reads.includes("tcpKeepAliveOptions") && reads.includes("tcpKeepAliveSparseIntvl"));
    deepEqual(reads, [...new Set(reads)].sort());
});

test("W3C-264: TCPOptions.useSecureTransport is false by default; true begins with TLS", async () => {
    const { client, peer } = await connectPair({ useSecureTransport: false });
    await closeAll(client, peer);
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const { localPort } = await server.opened;
    const secure = new TCPSocket("127.0.0.1", localPort, { useSecureTransport: true });
    const plain = await server.listen();
    const hello = new Uint8Array(await readOne(plain.readable));
    deepEqual([hello[0], hello[1], hello[5]], [22, 3, 1]); // a handshake record, which holds a ClientHello
    await plain.writable.write("220 this is not TLS\r\n");
    await rejects(secure.opened, { name: "NetworkError", code: "TLS_PROTOCOL" });
    await abortAll(plain);
    await server.close();
});

test("W3C-265: TCPOptions.tcpKeepAliveOptions takes the values of its enum", async () => {
    for (const tcpKeepAliveOptions of ["off", "frequent-then-sparse", "sparse"] as const) {
        const { client, peer } = await connectPair({ tcpKeepAliveOptions });
        await abortAll(client, peer);
    }
    const wrong = { tcpKeepAliveOptions: "sometimes" as "off" };
    throws(() => new TCPSocket("127.0.0.1", 1, wrong), "TypeError");
});

test("W3C-266: TCPOptions.tcpKeepAliveSparseIntvl is a number of seconds", async () => {
    const { client, peer } = await connectPair({ tcpKeepAliveOptions: "sparse", tcpKeepAliveSparseIntvl: 5 });
    await abortAll(client, peer);
    for (const tcpKeepAliveSparseIntvl of [0, -1, NaN, 2 ** 32]) {
        throws(() => new TCPSocket("127.0.0.1", 1, { tcpKeepAliveSparseIntvl }), "TypeError");
    }
});

test("W3C-267: TCPServerOptions: every member is optional, and so is the dictionary", async () => {
    for (const options of [undefined, {}, null as unknown as TCPServerOptions]) {
        const server = new TCPServerSocket(options);
        await server.opened;
        await closeAll(server);
    }
});

test("W3C-268: TCPServerOptions are read once each, in lexicographical order", async () => {
    const { options, reads } = spy<TCPServerOptions>({});
    const server = new TCPServerSocket(options);
    await server.opened;
    for (const name of ["addressReuse", "localAddress", "localPort", "useSecureTransport"]) {
        ok(reads.includes(name), name);
    }
    deepEqual(reads, [...new Set(reads)].sort());
    await closeAll(server);
});

test("W3C-269: TCPServerOptions.useSecureTransport is false by default; true needs a certificate", () => {
    const expected = { name: "InvalidAccessError", code: "TLS_BAD_CERTIFICATE" };
    throws(() => new TCPServerSocket({ useSecureTransport: true }), expected);
});

test("W3C-270: UDPPermissionOptions has localAddress, localPort, remoteAddress, remotePort, all optional", async () => {
    const { options, reads } = spy<UDPPermissionOptions>({});
    equal(await navigator.udpPermission.hasPermission(options), "granted");
    deepEqual(reads, ["localAddress", "localPort", "remoteAddress", "remotePort"]);
});

test("W3C-271: TCPPermissionOptions has remoteAddress, remotePort, both optional", async () => {
    const { options, reads } = spy<TCPPermissionOptions>({});
    equal(await navigator.tcpPermission.hasPermission(options), "granted");
    deepEqual(reads, ["rejectUnauthorized", "remoteAddress", "remotePort", "useSecureTransport"]);
});

test("W3C-272: TCPServerPermissionOptions has localAddress, localPort, both optional", async () => {
    const { options, reads } = spy<TCPServerPermissionOptions>({});
    equal(await navigator.tcpServerPermission.hasPermission(options), "granted");
    deepEqual(reads, ["localAddress", "localPort"]);
});
