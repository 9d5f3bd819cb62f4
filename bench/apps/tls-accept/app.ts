// app.ts - a TLS server with short connections: prints its port, sends one chunk back, waits for the end, ends.
// Certificate and key (PEM) are its arguments.
const [cert = "", key = ""] = cleat.args;
const server = new TCPServerSocket({
    localAddress: "127.0.0.1",
    localPort: 0,
    useSecureTransport: true,
    cert,
    key,
});
const { readable: connections, localPort } = await server.opened;
console.log(localPort);

async function serve(socket: TCPSocket): Promise<void> {
    const writer = socket.writable.getWriter();
    for await (const chunk of socket.readable) {
        await writer.write(chunk);
    }
    await writer.close();
}

for await (const socket of connections) {
    serve(socket).catch(() => {}); // a lost connection is no failure of the server
}
