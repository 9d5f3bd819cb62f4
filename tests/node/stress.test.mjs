// stress.test.mjs - many connections, rude peers, no descriptors left, floods: what a server on a device must survive.
import assert from "node:assert/strict";
import dgram from "node:dgram";
import net from "node:net";
import { test } from "node:test";
import { cpuMs, descriptors, preset, rssKiB, sleep, startApp, until } from "./support.mjs";

const slow = preset === "release" ? 1 : 4;

const echoServer = `
    const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: 0, backlog: 4096 });
    const { localPort } = await server.opened;
    let failures = 0;
    async function echo(socket) {
        const reader = socket.readable.getReader(), writer = socket.writeable.getWriter();
        for (;;) {
            const { value, done } = await reader.read();
            if (done) break;
            await writer.write(value);
        }
        await writer.close();
    }
    console.log("port", localPort);
    for (;;) {
        try {
            echo(await server.listen()).catch(() => {});
        } catch (error) {
            if (failures++ === 0) console.log("failure", error.name, error.code);
        }
    }`;

function connect(port) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, "127.0.0.1", () => resolve(socket));
        socket.once("error", reject);
    });
}

function roundTrip(socket, text = "ping") {
    return new Promise((resolve, reject) => {
        socket.once("data", (data) => resolve(String(data)));
        socket.once("error", reject);
        socket.once("close", () => reject(new Error("closed before the answer")));
        socket.write(text);
    });
}

async function withServer(work, options) {
    const app = startApp(echoServer, options);
    try {
        const port = Number((await app.line(/^port (\d+)/))[1]);
        await work(app, port);
    } finally {
        await app.stop();
    }
}

test("a client that connects and resets at once, 1,000 times, does not hurt the server", async () => {
    await withServer(async (app, port) => {
        const before = descriptors(app.pid);
        for (let i = 0; i < 1000; i += 20) {
            const sockets = await Promise.all(Array.from({ length: 20 }, () => connect(port)));
            for (const socket of sockets) {
                socket.resetAndDestroy();
            }
        }
        const socket = await connect(port);
        assert.equal(await roundTrip(socket), "ping");
        socket.destroy();
        await until(() => descriptors(app.pid) <= before, "the server's descriptors to be closed");
        assert.equal(app.err, "");
    });
});

test("5,000 connections are open at once and each is served", { timeout: 120_000 * slow }, async () => {
    await withServer(async (app, port) => {
        const sockets = [];
        for (let i = 0; i < 5000; i += 100) {
            sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => connect(port)))));
        }
        for (let i = 0; i < sockets.length; i += 250) {
            await Promise.all(
                sockets
                    .slice(i, i + 250)
                    .map(async (socket, j) =>
                        assert.equal(await roundTrip(socket, `m${i + j}`), `m${i + j}`),
                    ),
            );
        }
        assert.ok(descriptors(app.pid) > 5000);
        sockets.forEach((socket) => socket.destroy());
        await until(() => descriptors(app.pid) < 50, "all connections to be closed");
        assert.equal(app.err, "");
    });
});

test("a server without descriptors left says so, does not spin, and recovers", async () => {
    const limited = { prefix: ["sh", "-c", 'ulimit -n 40; exec "$@"', "sh"] };
    await withServer(async (app, port) => {
        const sockets = await Promise.all(Array.from({ length: 60 }, () => connect(port)));
        await app.line(/^failure NetworkError EMFILE/);
        const before = cpuMs(app.pid);
        await sleep(1000);
        assert.ok(cpuMs(app.pid) - before < 200 * slow, "it must not spin while it starves");
        sockets.slice(0, 40).forEach((socket) => socket.destroy());
        for (const socket of sockets.slice(40)) {
            assert.equal(await roundTrip(socket), "ping");
        }
        sockets.forEach((socket) => socket.destroy());
        const late = await connect(port);
        assert.equal(await roundTrip(late), "ping");
        late.destroy();
    }, limited);
});

test("a client without descriptors left gets EMFILE and can connect again later", async () => {
    const server = net.createServer((socket) => socket.on("error", () => {}).resume());
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const app = startApp(
        `const open = [], codes = new Set();
        for (let i = 0; i < 60; i++) {
            try {
                const socket = new TCPSocket("127.0.0.1", ${server.address().port});
                await socket.opened;
                open.push(socket);
            } catch (error) { codes.add(error.name + " " + error.code); }
        }
        console.log([...codes].join());
        await Promise.all(open.map((socket) => socket.close()));
        await new TCPSocket("127.0.0.1", ${server.address().port}).opened;
        console.log("again");
        cleat.exit(0);`,
        { prefix: ["sh", "-c", 'ulimit -n 40; exec "$@"', "sh"] },
    );
    assert.deepEqual(await app.ended, { code: 0, signal: null }, app.err);
    assert.equal(app.out, "NetworkError EMFILE\nagain\n");
    server.close();
});

test("a slow reader stops the sender instead of filling memory", async () => {
    const app = startApp(
        `const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: 0 });
        console.log("port", (await server.opened).localPort);
        const socket = await server.listen();
        const reader = socket.readable.getReader();
        await reader.read();
        console.log("reading stops");
        setInterval(() => {}, 1000);`,
    );
    try {
        const port = Number((await app.line(/^port (\d+)/))[1]);
        const socket = await connect(port);
        socket.on("error", () => {});
        const block = Buffer.alloc(1 << 20);
        for (let i = 0; i < 64; i++) {
            socket.write(block);
        }
        await app.line(/^reading stops/);
        await sleep(1000);
        assert.ok(socket.writableLength > 32 << 20, "the peer must be held back");
        assert.ok(rssKiB(app.pid) < 60_000 * slow, `resident ${rssKiB(app.pid)} KiB`);
        socket.destroy();
    } finally {
        await app.stop();
    }
});

test("a UDP flood on an app that does not read is dropped and counted, memory stays flat", async () => {
    const app = startApp(
        `const socket = new UDPSocket({ localAddress: "127.0.0.1", localPort: 0 });
        console.log("port", (await socket.opened).localPort);
        const reader = socket.readable.getReader();
        await reader.read();
        cleat.gc();
        console.log("stopped", cleat.memoryUsage().heapUsed);
        await new Promise((done) => setTimeout(done, 1500));
        let count = 0;
        const idle = Symbol();
        for (;;) {
            const result = await Promise.race([reader.read(), new Promise((done) => setTimeout(done, 200, idle))]);
            if (result === idle) break;
            count++;
        }
        console.log("read", count, "dropped", socket.droppedDatagrams);
        cleat.exit(0);`,
    );
    const port = Number((await app.line(/^port (\d+)/))[1]);
    const sender = dgram.createSocket("udp4");
    const send = (text) => new Promise((resolve) => sender.send(text, port, "127.0.0.1", resolve));
    await send("first");
    await app.line(/^stopped/);
    const before = rssKiB(app.pid);
    for (let i = 0; i < 20_000; i++) {
        await send("x".repeat(512));
    }
    assert.ok(rssKiB(app.pid) - before < 4096 * slow, "memory must stay flat");
    assert.deepEqual(await app.ended, { code: 0, signal: null }, app.err);
    sender.close();
    const [, read, dropped] = /read (\d+) dropped (\d+)/.exec(app.out).map(Number);
    assert.ok(read > 0 && dropped > 0, app.out);
    assert.ok(read + dropped <= 20_000 && read + dropped > 19_000, app.out);
});

test("datagrams that can't be sent reject their own write and nothing else", async () => {
    const app = startApp(
        `const socket = new UDPSocket({ localAddress: "127.0.0.1" });
        const { writable, readable, localPort } = await socket.opened;
        const writer = writable.getWriter();
        const attempt = (data, remoteAddress, remotePort) => writer.write({ data, remoteAddress, remotePort }).then(() => "sent", (error) => error.name + " " + error.code);
        console.log(await attempt(new ArrayBuffer(70000), "127.0.0.1", localPort));
        console.log(await attempt(new ArrayBuffer(1), "2001:db8::1", 9));
        console.log(await attempt(new TextEncoder().encode("fine").buffer, "127.0.0.1", localPort));
        const { value } = await readable.getReader().read();
        console.log(new TextDecoder().decode(value.data), value.remoteAddress, value.remotePort === localPort);
        await socket.close();`,
    );
    assert.deepEqual(await app.ended, { code: 0, signal: null }, app.err);
    const lines = app.out.trim().split("\n");
    assert.equal(lines[0], "NetworkError EMSGSIZE");
    assert.match(lines[1], /^NetworkError (ENETUNREACH|EAFNOSUPPORT|EINVAL|EHOSTUNREACH)$/);
    assert.deepEqual(lines.slice(2), ["sent", "fine 127.0.0.1 true"]);
});
