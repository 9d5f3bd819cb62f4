// sockets.js - training for the profile-guided build: TCP and UDP over loopback, in one app that is its own peer. What an
// app's hot paths are: messages through reader.read() and writer.write(), large writes, pipeTo, many short connections,
// datagrams, timers. Runs the same way every time.
const address = "127.0.0.1";

async function pair(server) {
    const accepted = server.listen();
    const client = new TCPSocket(address, (await server.opened).localPort, { noDelay: true });
    await client.opened;
    return [client, await accepted];
}

async function echo(socket) {
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

async function exchange(client, size, count) {
    const reader = client.readable.getReader();
    const writer = client.writeable.getWriter();
    const message = new Uint8Array(size).fill(65);
    let bytes = 0;
    for (let trip = 1; trip <= count; trip++) {
        await writer.write(message);
        while (bytes < trip * size) {
            bytes += (await reader.read()).value.byteLength;
        }
    }
    await writer.close();
    await reader.read();
    return bytes;
}

const server = new TCPServerSocket({ localAddress: address, localPort: 0, noDelay: true });
await server.opened;

let [client, peer] = await pair(server);
let echoing = echo(peer);
let total = await exchange(client, 64, 3000);
await echoing;

const pairs = [];
for (let i = 0; i < 20; i++) {
    pairs.push(await pair(server));
}
await Promise.all(pairs.flatMap(([near, far]) => [echo(far), exchange(near, 64, 100)]));

[client, peer] = await pair(server);
echoing = echo(peer);
total += await exchange(client, 65536, 40);
await echoing;

[client, peer] = await pair(server);
echoing = peer.readable.pipeTo(peer.writeable);
total += await exchange(client, 64, 1500);
await echoing;

for (let i = 0; i < 60; i++) {
    [client, peer] = await pair(server);
    echoing = echo(peer);
    total += await exchange(client, 64, 1);
    await echoing;
}
await server.close();

const receiver = new UDPSocket({ localAddress: address, localPort: 0 });
await receiver.opened;
const sender = new UDPSocket({ remoteAddress: address, remotePort: (await receiver.opened).localPort });
await sender.opened;
const messages = receiver.readable.getReader();
const out = receiver.writeable.getWriter();
const answers = sender.readable.getReader();
const questions = sender.writeable.getWriter();
for (let i = 0; i < 1500; i++) {
    await questions.write({ data: new Uint8Array(64) });
    const { value } = await messages.read();
    await out.write({ data: value.data, remoteAddress: value.remoteAddress, remotePort: value.remotePort });
    total += (await answers.read()).value.data.byteLength;
}
await sender.close();
await receiver.close();

// Each batch is due at once: what fires with what must not depend on the clock.
let fired = 0;
for (let batch = 0; batch < 20; batch++) {
    await new Promise((resolve) => {
        for (let i = 0; i < 150; i++) {
            setTimeout(() => ++fired % 150 === 0 && resolve(), 1);
        }
        for (let i = 0; i < 50; i++) {
            clearTimeout(setTimeout(() => {}, 10_000));
        }
    });
}
console.log("ok", total, fired);
