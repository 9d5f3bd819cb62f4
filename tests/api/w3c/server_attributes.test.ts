// flags: -A
// server_attributes.test.ts - W3C TCP and UDP Socket API: "Interface TCPServerSocket", its attributes and methods.
import { equal, ok, rejects, test } from "../harness.ts";
import { abortAll, closeAll, freePort, startServer } from "../sockets/peers.ts";

test("W3C-202: TCPServerSocket.localAddress is the option, or null for any IPv4 address", async () => {
    const { server } = await startServer();
    equal(server.localAddress, "127.0.0.1");
    const any = new TCPServerSocket();
    equal(any.localAddress, null);
    equal((await any.opened).localAddress, "0.0.0.0");
    await closeAll(server, any);
});

test("W3C-203: TCPServerSocket.localPort is the option, or null for the system's choice", async () => {
    const localPort = await freePort();
    const { server } = await startServer({ localPort });
    equal(server.localPort, localPort);
    const { server: chosen, port } = await startServer();
    equal(chosen.localPort, null);
    ok(port > 0, "opened tells the port");
    await closeAll(server, chosen);
});

test("W3C-204: TCPServerSocket.addressReuse tells the option, and is true by default", async () => {
    const { server } = await startServer();
    const { server: given } = await startServer({ addressReuse: false });
    equal(server.addressReuse, true);
    equal(given.addressReuse, false);
    await closeAll(server, given);
});

test("W3C-205: TCPServerSocket.readyState is opening, open or closed", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    equal(server.readyState, "opening");
    await server.opened;
    equal(server.readyState, "open");
    void server.close();
    equal(server.readyState, "closed");
    await server.closed;
});

test("W3C-206: TCPServerSocket.opened is one promise for when it listens", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const { opened } = server;
    ok(opened instanceof Promise);
    const { localPort } = await opened;
    equal(server.opened, opened);
    const client = new TCPSocket("127.0.0.1", localPort);
    await client.opened;
    await abortAll(client);
    await closeAll(server);
});

test("W3C-207: TCPServerSocket.closed is one promise for the end of the server", async () => {
    const { server } = await startServer();
    const { closed } = server;
    ok(closed instanceof Promise);
    equal(server.close(), closed);
    equal(await closed, undefined);
});

test("W3C-208: TCPServerSocket.listen() returns a promise for one TCPSocket", async () => {
    const { server, port } = await startServer();
    const listening = server.listen();
    ok(listening instanceof Promise);
    const client = new TCPSocket("127.0.0.1", port);
    const peer = await listening;
    ok(peer instanceof TCPSocket);
    await closeAll(client, peer, server);
});

test("W3C-209: TCPServerSocket.close() stops listening and leaves connections open", async () => {
    const { server, port } = await startServer();
    const client = new TCPSocket("127.0.0.1", port);
    const peer = await server.listen();
    await client.opened;
    equal(server.close(), server.closed);
    await server.closed;
    await rejects(new TCPSocket("127.0.0.1", port).opened, { code: "ECONNREFUSED" });
    equal(client.readyState, "open");
    equal(peer.readyState, "open");
    await peer.writeable.write("x");
    await closeAll(client, peer);
});
