// flags: -A
// not: gcstress (thousands of connections take too long there)
// tcp_server_socket_crowds.test.ts - a TCPServerSocket with many clients, many that reset at once, many waiting calls.
import { equal, ok, rejects, test, text } from "../harness.ts";
import { abortAll, closeAll, isPending, readOne, startServer } from "./peers.ts";

test("no more than 1,024 listen() calls wait", async () => {
    const { server } = await startServer();
    const waiting = Array.from({ length: 1024 }, () => server.listen().catch(() => undefined));
    await rejects(server.listen(), "QuotaExceededError");
    await server.close();
    await Promise.all(waiting);
});

test("a client that connects and resets at once costs the server nothing", async () => {
    const { server, port } = await startServer();
    for (let i = 0; i < 50; i++) {
        const client = new TCPSocket("127.0.0.1", port);
        await client.opened;
        await client.writeable.abort();
    }
    const good = new TCPSocket("127.0.0.1", port);
    await good.writeable.write("good");
    for (;;) {
        const peer = await server.listen();
        if (peer.remotePort === good.localPort) {
            equal(text(await readOne(peer.readable)), "good");
            await closeAll(peer, good);
            break;
        }
        await rejects(peer.closed, "NetworkError");
    }
    await closeAll(server);
});

test("a full loopback: 200 connections at once, each served", async () => {
    const { server, port } = await startServer();
    const clients = Array.from({ length: 200 }, () => new TCPSocket("127.0.0.1", port));
    const peers: TCPSocket[] = [];
    while (peers.length < clients.length) {
        peers.push(await server.listen());
    }
    await Promise.all(clients.map((client) => client.opened));
    ok(await isPending(server.listen().catch(() => undefined)));
    await abortAll(...clients);
    await closeAll(...peers, server);
});
