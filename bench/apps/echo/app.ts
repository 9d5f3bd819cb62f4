// app.ts - a TCP echo server: prints its port, echoes every connection. For the bench; the idiom is an app's.
const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: 0 });
const { localPort } = await server.opened;
console.log(localPort);

async function echo(socket: TCPSocket): Promise<void> {
    const reader = socket.readable.getReader();
    const writer = socket.writeable.getWriter();
    for (;;) {
        const { value, done } = await reader.read();
        if (done) {
            break;
        }
        await writer.write(value);
    }
    await writer.close();
}

for (;;) {
    echo(await server.listen()).catch(() => {});
}
