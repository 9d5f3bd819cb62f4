// tcp.test.mjs - TCP where it takes a program's whole life, or names: an app that ends in the middle of everything, names
// that resolve to more than one address, to none, and to one that their rule does not cover.
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { cpuMs, sleep, startApp } from "./support.mjs";

const everythingOpen = `
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const { localPort } = await server.opened;
    const pair = async () => {
        const client = new TCPSocket("127.0.0.1", localPort);
        const peer = await server.listen();
        await client.opened;
        return [client, peer];
    };
    const [idle] = await pair();
    const [closing] = await pair();
    void closing.close();                                   // waits for the FIN of its peer
    const [full] = await pair();
    full.writeable.write(new Uint8Array(16_000_000)).catch(() => {});
    const [, reading] = await pair();
    reading.readable.getReader().read().catch(() => {});
    const ignore = (socket) => [socket.opened, socket.closed].forEach((promise) => promise.catch(() => {}));
    ignore(new TCPSocket("name-that-does-not-exist.invalid", 80)); // resolving
    ignore(new TCPSocket("localhost", 1));                  // resolving without a server
    ignore(new TCPSocket("127.0.0.1", 1));                  // refused, not told yet
    ignore(new TCPSocket("127.0.0.1", localPort));          // connected, not told yet
    server.listen().catch(() => {});
    console.log("open");`;

for (const [how, ending, code] of [
    ["an uncaught error", `throw new Error("enough");`, 1],
    ["exit", `cleat.exit(7);`, 7],
]) {
    test(`${how} ends an app with sockets in every state at once and cleanly`, async () => {
        const app = startApp(everythingOpen + ending);
        const begin = Date.now();
        assert.deepEqual(await app.ended, { code, signal: null }, app.err);
        assert.match(app.out, /open/);
        assert.ok(Date.now() - begin < 4000, "nothing waits for name servers or peers");
        assert.doesNotMatch(app.err, /Sanitizer/);
    });
}

test("a signal ends an app with sockets in every state", async () => {
    const app = startApp(`${everythingOpen} await new Promise(() => {});`);
    await app.line(/open/);
    const { signal } = await app.stop();
    assert.equal(signal, "SIGTERM", app.err);
    assert.doesNotMatch(app.err, /Sanitizer/);
});

test("an open connection that nobody uses keeps the app alive and costs nothing", async () => {
    const server = net.createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const app = startApp(`
        const socket = new TCPSocket("127.0.0.1", ${server.address().port});
        await socket.opened;
        console.log("open");`);
    const [peer] = await Promise.all([
        new Promise((resolve) => server.once("connection", resolve)),
        app.line(/open/),
    ]);
    await sleep(1500); // the collection that follows the start
    const before = cpuMs(app.pid);
    await sleep(500);
    assert.equal(cpuMs(app.pid), before);
    assert.equal(app.child.exitCode, null);
    peer.destroy();
    server.close();
    await app.stop();
});

for (const host of ["127.0.0.1", "::1"]) {
    test(`localhost reaches a server that listens on ${host} alone`, async (context) => {
        const server = net.createServer((socket) => socket.end("here"));
        const failed = await new Promise((resolve) => {
            server.once("error", resolve).listen(0, host, () => resolve(null));
        });
        if (failed !== null) {
            context.skip(`${host}: ${failed.code}`);
            return;
        }
        const app = startApp(
            `const socket = new TCPSocket("LocalHost.", ${server.address().port});
             const { remoteAddress } = await socket.opened;
             const { value } = await socket.readable.getReader().read();
             console.log(remoteAddress, new TextDecoder().decode(value));
             await socket.close();`,
            { flags: ["--allow", "tcp.connect=localhost"] },
        );
        assert.deepEqual(await app.ended, { code: 0, signal: null }, app.err);
        assert.equal(app.out.trim(), `${host} here`);
        server.close();
    });
}

const reportFailure = (host) => `
    const socket = new TCPSocket(${JSON.stringify(host)}, 80);
    socket.closed.catch(() => {});
    await socket.opened.catch((error) => console.log(error.name, error.code, error.syscall, error.message));`;

test("a name without an address is a NetworkError that says so", async () => {
    const app = startApp(reportFailure("nothing.invalid"), {
        flags: ["--allow", "tcp.connect=nothing.invalid"],
    });
    await app.ended;
    assert.match(app.out, /^NetworkError EAI_\w+ getaddrinfo resolve nothing\.invalid: /);
});

test("a permitted name that leads to an address of a class it may not is blocked", async () => {
    const app = startApp(reportFailure("localhost"), { flags: ["--allow", "tcp.connect=localhost,public"] });
    await app.ended;
    assert.match(app.out, /^SecurityError EBLOCKED undefined .*127\.0\.0\.1/, app.err);
});
