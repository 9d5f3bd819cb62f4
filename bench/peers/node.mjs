// node.mjs - the bench's scenarios on Node's callbacks (net, dgram, tls): node.mjs SCENARIO [COUNT | CERTIFICATE KEY].
import dgram from "node:dgram";
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

const backlog = 4096;

function listen(serve) {
    const server = net.createServer((socket) => {
        socket.on("error", () => {}); // a lost connection is no failure of the server
        serve(socket);
    });
    server.listen(0, "127.0.0.1", backlog, () => console.log(server.address().port));
}

function listenTls(serve) {
    const [cert, key] = process.argv.slice(3).map((file) => readFileSync(file));
    const server = tls.createServer({ cert, key }, (socket) => {
        socket.setNoDelay();
        socket.on("error", () => {});
        serve(socket);
    });
    server.on("tlsClientError", () => {});
    server.listen(0, "127.0.0.1", backlog, () => console.log(server.address().port));
}

const mebibyte = 1 << 20;
const chunk = Uint8Array.from({ length: 65536 }, (_, i) => i);

/** A MiB for each byte, as fast as it is taken. */
function give(socket) {
    let owed = 0;
    function write() {
        while (owed > 0) {
            owed -= chunk.length;
            if (!socket.write(chunk)) {
                return;
            }
        }
    }
    socket.on("drain", write);
    socket.on("data", ({ length }) => {
        const isIdle = owed === 0 && !socket.writableNeedDrain;
        owed += length * mebibyte;
        if (isIdle) {
            write();
        }
    });
}

/** A byte for each MiB. */
function take(socket) {
    let received = 0;
    socket.on("data", ({ length }) => {
        received += length;
        if (received >= mebibyte) {
            received -= mebibyte;
            socket.write(chunk.subarray(0, 1));
        }
    });
}

const echo = (socket) => socket.on("data", (data) => socket.write(data));

function udp() {
    const socket = dgram.createSocket("udp4");
    socket.on("message", (data, { address, port }) => socket.send(data, port, address));
    socket.bind(0, "127.0.0.1", () => console.log(socket.address().port));
}

function multicast() {
    const socket = dgram.createSocket("udp4");
    let count = 0;
    socket.on("message", (data, { address, port }) => {
        count++;
        if (data[0] === "!".charCodeAt(0)) {
            socket.send(String(count), port, address);
        }
    });
    socket.bind(0, () => {
        socket.addMembership("239.255.42.99", "127.0.0.1");
        console.log(socket.address().port);
    });
}

function timers(count) {
    let fired = 0;
    for (let i = 0; i < count; i++) {
        setTimeout(() => fired++, 300 + ((i * 7919) % 50));
    }
    setTimeout(() => {
        if (fired !== count) {
            throw new Error(`${fired} of ${count} timers have fired`);
        }
    }, 400);
}

const scenarios = {
    hello: () => console.log("hello, world"),
    echo: () => listen(echo),
    pipe: () => listen((socket) => socket.pipe(socket)),
    accept: () => listen(echo),
    udp,
    multicast,
    "tls-echo": () => listenTls(echo),
    "tls-accept": () => listenTls(echo),
    "tls-source": () => listenTls(give),
    "tls-sink": () => listenTls(take),
    timers: () => timers(Number(process.argv[3])),
};

scenarios[process.argv[2]]();
