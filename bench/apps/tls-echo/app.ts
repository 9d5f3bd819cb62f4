// app.ts - a TLS echo server: prints its port, echoes every connection through a reader and a writer. Certificate and
// key (PEM) are its arguments.
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

async function echo(socket: TCPSocket): Promise<void> {
    try {
        const reader = socket.readable.getReader();
        const writer = socket.writable.getWriter();
        for (;;) {
            const { value, done } = await reader.read();
            if (done) {
                break;
            }
            await writer.write(value);
        }
        await writer.close();
    } catch {
        // a lost connection is no failure of the server
    }
}

for await (const socket of connections) {
    void echo(socket);
}
