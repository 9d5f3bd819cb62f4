// echo.js - what instructions are counted of: one app that is the echo server and its clients.
// Arguments: "tcp", "pipe" (the server uses pipeTo) or "udp", and the number of round trips.
//
// One message is in flight at a time, so that each wake-up of the loop brings exactly one event and the count does not
// depend on timing.
const [kind, trips] = [cleat.args[0], Number(cleat.args[1])];
const connections = 10;
const message = new Uint8Array(64).fill(0x65);

async function echo(socket) {
    if (kind === "pipe") {
        await socket.readable.pipeTo(socket.writable);
        return;
    }
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
}

async function receive(reader, wanted) {
    for (let got = 0; got < wanted;) {
        const { value, done } = await reader.read();
        if (done) {
            throw new Error("the connection ended early");
        }
        got += value.byteLength;
    }
}

async function tcp() {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: 0 });
    const { localPort } = await server.opened;
    const served = [];
    const clients = [];
    for (let i = 0; i < connections; i++) {
        const socket = new TCPSocket("127.0.0.1", localPort);
        served.push(echo(await server.listen()));
        await socket.opened;
        clients.push({ reader: socket.readable.getReader(), writer: socket.writable.getWriter() });
    }
    for (let trip = 0; trip < trips; trip++) {
        const { reader, writer } = clients[trip % connections];
        await writer.write(message);
        await receive(reader, message.byteLength);
    }
    for (const { writer } of clients) {
        await writer.close();
    }
    await Promise.all(served);
    await server.close();
}

async function echoDatagrams(socket, count) {
    const reader = socket.readable.getReader();
    const writer = socket.writable.getWriter();
    for (let i = 0; i < count; i++) {
        const { value } = await reader.read();
        await writer.write({
            data: value.data,
            remoteAddress: value.remoteAddress,
            remotePort: value.remotePort,
        });
    }
}

async function udp() {
    const server = new UDPSocket({ localAddress: "127.0.0.1", localPort: 0 });
    const { localPort } = await server.opened;
    const client = new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: localPort });
    await client.opened;
    const reader = client.readable.getReader();
    const writer = client.writable.getWriter();
    const served = echoDatagrams(server, trips);
    for (let trip = 0; trip < trips; trip++) {
        await writer.write({ data: message });
        await reader.read();
    }
    await served;
    await client.close();
    await server.close();
}

await (kind === "udp" ? udp() : tcp());
