// app.ts - a UDP echo server: prints its port, sends every datagram back to where it came from.
const socket = new UDPSocket({ localAddress: "127.0.0.1", localPort: 0 });
const { readable, writable, localPort } = await socket.opened;
console.log(localPort);

const writer = writable.getWriter();
for await (const { data, remoteAddress, remotePort } of readable) {
    await writer.write({ data, remoteAddress, remotePort });
}
