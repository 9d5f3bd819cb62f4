// node.mjs - the bench's scenarios on Node's callbacks (net, dgram): node.mjs SCENARIO [COUNT].
import dgram from "node:dgram";
import net from "node:net";

const backlog = 4096;

function listen(serve) {
    const server = net.createServer((socket) => {
        socket.on("error", () => {}); // a lost connection is no failure of the server
        serve(socket);
    });
    server.listen(0, "127.0.0.1", backlog, () => console.log(server.address().port));
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
    timers: () => timers(Number(process.argv[3])),
};

scenarios[process.argv[2]]();
