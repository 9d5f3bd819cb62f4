// app.ts - a TCP echo server: prints its port, pipes every connection back into itself.
const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: 0 });
const { readable: connections, localPort } = await server.opened;
console.log(localPort);

for await (const socket of connections) {
    socket.readable.pipeTo(socket.writable).catch(() => {}); // a lost connection is no failure of the server
}
