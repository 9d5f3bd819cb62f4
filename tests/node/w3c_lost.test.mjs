// not: asan (nothing here runs the runtime)
// w3c_lost.test.mjs - W3C TCP and UDP Socket API: what a socket does when the system takes it away. No test can make
// Linux do most of that, so the API runs on Node here, over natives that fail on demand.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { root } from "./support.mjs";

const work = mkdtempSync(path.join(tmpdir(), "cleat-lost-"));
after(() => rmSync(work, { recursive: true }));

/** The natives: `fake` collects the handles that the API makes. */
const fake = { handles: [], startTimer: setTimeout };
globalThis.cleatFake = fake;
const handle = `
    const make = (extra) => (callback) => {
        const handle = { event: callback, closed: false, close() { this.closed = true; }, reset() { this.closed = true; },
            info: () => ({ localAddress: "192.0.2.1", localPort: 5000, remoteAddress: "192.0.2.2", remotePort: 80,
                sendBufferSize: 1, receiveBufferSize: 1 }), ...extra };
        globalThis.cleatFake.handles.push(handle);
        return handle;
    };`;
const natives = {
    tcp: `${handle}
        let tell;
        export const onTcpEvent = (listener) => { tell = listener; };
        export const createTcp = () => make({
            waiting: [],
            attach(owner) { this.event = (event, detail) => tell(owner, event, detail); },
            connect(...all) { this.connected = all; }, setKeepAlive(...all) { this.keepAlive = all; }, shutdown() {},
            take() { return new Promise((resolve, reject) => { this.waiting.push({ resolve, reject }); }); },
            endTakes(failed, reason) {
                for (const { resolve, reject } of this.waiting.splice(0)) { if (failed) reject(reason); else resolve({ value: undefined, done: true }); }
            },
            waitsForChunk() { return this.waiting.length > 0; },
            stopReadingAhead: () => [], trySend: () => Promise.resolve(), send() {}, sends: () => 0, sending() {}, pipe: () => null, stopPipe() {},
        })();
        export const createListener = make({ listen() {}, accept: () => null });`,
    udp: `${handle}
        export const createUdp = make({
            waiting: [], open() {}, startSending() {}, write: () => Promise.resolve(), trySend: () => null, sends: () => 0, sending() {},
            take() { return new Promise((resolve, reject) => { this.waiting.push({ resolve, reject }); }); },
            endTakes(failed, reason) {
                for (const { resolve, reject } of this.waiting.splice(0)) { if (failed) reject(reason); else resolve({ value: undefined, done: true }); }
            },
            waitsForChunk() { return this.waiting.length > 0; },
            stopReadingAhead: () => [], flush: () => true, dropped: () => 0 });`,
    resolver: `export const hostKind = () => "ipv4"; export const isMulticast = () => false; export const lookup = () => {};`,
    network: `export const interfaces = () => [];`,
    permission: `export const state = () => "granted", any = () => true, explain = () => "", ask = () => {};`,
    promise: `export const soon = (step, value, context) => queueMicrotask(() => step(value, context));
        export const react = (promise, fulfilled, rejected, context) => {
            void promise.then((value) => fulfilled(value, context), (reason) => rejected(reason, context));
        };
        export const then = (promise, fulfilled, rejected) => promise.then(fulfilled, rejected);
        export const resolved = (value) => Promise.resolve(value), rejected = (reason) => Promise.reject(reason);
        export const markHandled = (promise) => void promise.catch(() => {});`,
    text: `export const utf8Encode = (text) => new TextEncoder().encode(text);`,
    tls: `export const createTlsContext = () => ({}), isClockWrong = () => false;`,
    timer: `export const startTimer = (callback, milliseconds) => globalThis.cleatFake.startTimer(callback, milliseconds);
        export const stopTimer = (timer) => clearTimeout(timer);`,
    runtime: `export const classOf = () => "object", reportError = () => {}, onUncaught = () => {}, builtin = (module, name) => abort[name];
        const abort = {
            createSignal() { const controller = new AbortController(); return Object.assign(controller.signal, { controller }); },
            signalAbort: (signal, reason) => signal.controller.abort(reason),
        };
        export const hrtime = () => performance.now() * 1e6, usesDirectStreams = () => true, write = () => {};`,
};

await esbuild.build({
    entryPoints: [path.join(root, "ts-api/sockets/w3c/w3c.ts")],
    outfile: path.join(work, "w3c.mjs"),
    bundle: true,
    format: "esm",
    target: "es2023",
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: true, verbatimModuleSyntax: true } },
    plugins: [
        {
            name: "fake-natives",
            setup(build) {
                build.onResolve({ filter: /^cleat:native\// }, ({ path: name }) => ({
                    path: name,
                    namespace: "fake",
                }));
                build.onLoad({ filter: /.*/, namespace: "fake" }, ({ path: name }) => ({
                    contents: natives[name.replace("cleat:native/", "")],
                }));
            },
        },
    ],
});
const { TCPServerSocket, TCPSocket, UDPSocket } = await import(pathToFileURL(path.join(work, "w3c.mjs")));
const FAILED = 4;
const lost = () => new DOMException("the network is gone", "NetworkError");
const named = (name) => (error) => error.name === name;

async function openUdp() {
    const socket = new UDPSocket();
    await socket.opened;
    return { socket, native: fake.handles.at(-1) };
}

async function openTcp() {
    const socket = new TCPSocket("192.0.2.2", 80);
    const native = fake.handles.at(-1);
    native.event(1);
    await socket.opened;
    return { socket, native };
}

async function openServer() {
    const server = new TCPServerSocket();
    await server.opened;
    return { server, native: fake.handles.at(-1) };
}

test("W3C-241: an open UDP socket is lost: readable errors with NetworkError", async () => {
    const { socket, native } = await openUdp();
    const reading = socket.readable.getReader().read();
    native.event(FAILED, lost());
    await assert.rejects(reading, named("NetworkError"));
});

test("W3C-242: an open UDP socket is lost: closed rejects with NetworkError", async () => {
    const { socket, native } = await openUdp();
    native.event(FAILED, lost());
    await assert.rejects(socket.closed, named("NetworkError"));
});

test("W3C-243: an open UDP socket is lost: readyState changes to closed", async () => {
    const { socket, native } = await openUdp();
    native.event(FAILED, lost());
    assert.equal(socket.readyState, "closed");
    await assert.rejects(socket.writeable.write({ data: "x", remoteAddress: "192.0.2.3", remotePort: 1 }));
});

/** The native can't make an ArrayBuffer of what it received, and has given up the socket when it tells. */
function lose(native) {
    native.closed = true;
    native.event(FAILED, new TypeError("no ArrayBuffer"));
}

test("W3C-244: a datagram that can't become an ArrayBuffer: readable errors with TypeError", async () => {
    const { socket, native } = await openUdp();
    const reading = socket.readable.getReader().read();
    await new Promise((resolve) => setImmediate(resolve));
    lose(native);
    await assert.rejects(reading, TypeError);
});

test("W3C-245: a datagram that can't become an ArrayBuffer: closed rejects with TypeError", async () => {
    const { socket, native } = await openUdp();
    await new Promise((resolve) => setImmediate(resolve));
    lose(native);
    await assert.rejects(socket.closed, TypeError);
});

test("W3C-246: a datagram that can't become an ArrayBuffer: readyState changes to closed, all is released", async () => {
    const { socket, native } = await openUdp();
    await new Promise((resolve) => setImmediate(resolve));
    lose(native);
    await assert.rejects(socket.closed);
    assert.equal(socket.readyState, "closed");
    assert.equal(native.closed, true);
});

test("W3C-247: TCP data that can't become an ArrayBuffer: readable errors with TypeError", async () => {
    const { socket, native } = await openTcp();
    const reading = socket.readable.getReader().read();
    await new Promise((resolve) => setImmediate(resolve));
    lose(native);
    await assert.rejects(reading, TypeError);
});

test("W3C-248: TCP data that can't become an ArrayBuffer: closed rejects with TypeError", async () => {
    const { socket, native } = await openTcp();
    await new Promise((resolve) => setImmediate(resolve));
    lose(native);
    await assert.rejects(socket.closed, TypeError);
});

test("W3C-249: TCP data that can't become an ArrayBuffer: readyState changes to closed, all is released", async () => {
    const { socket, native } = await openTcp();
    await new Promise((resolve) => setImmediate(resolve));
    lose(native);
    await assert.rejects(socket.closed);
    assert.equal(socket.readyState, "closed");
    assert.equal(native.closed, true);
});

test("W3C-250: the TCP closing handshake fails: closed rejects with NetworkError", async () => {
    const { socket, native } = await openTcp();
    const closed = socket.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(socket.readyState, "closing");
    native.event(FAILED, lost());
    await assert.rejects(closed, named("NetworkError"));
});

test("W3C-251: the TCP closing handshake fails: readyState changes to closed", async () => {
    const { socket, native } = await openTcp();
    void socket.close();
    await new Promise((resolve) => setImmediate(resolve));
    native.event(FAILED, lost());
    assert.equal(socket.readyState, "closed");
});

test("W3C-252: an open server is lost: readyState changes to closed", async () => {
    const { server, native } = await openServer();
    native.event(FAILED, lost());
    assert.equal(server.readyState, "closed");
    assert.throws(() => server.listen(), named("InvalidStateError"));
});

test("W3C-253: an open server is lost: closed rejects with NetworkError", async () => {
    const { server, native } = await openServer();
    const listening = server.listen();
    native.event(FAILED, lost());
    await assert.rejects(server.closed, named("NetworkError"));
    await assert.rejects(listening, named("NetworkError"));
});

test("W3C-254: a connection that can't be served rejects listen() with NetworkError, and the server goes on", async () => {
    const { server, native } = await openServer();
    native.accept = () => {
        throw new DOMException("accept: too many open files", "NetworkError");
    };
    await assert.rejects(server.listen(), named("NetworkError"));
    assert.equal(server.readyState, "open");
    const started = performance.now();
    await assert.rejects(server.listen(), named("NetworkError"));
    assert.ok(performance.now() - started > 50, "no spin: the next attempt waits");
    native.accept = () => ({ ...native, attach() {}, setKeepAlive() {}, shutdown() {} });
    const socket = await server.listen();
    assert.equal(socket.readyState, "open");
});

test("W3C-255: frequent-then-sparse: probes every 10 s in the first minute, then every tcpKeepAliveSparseIntvl", async () => {
    let minute;
    fake.startTimer = (callback, milliseconds) => {
        minute = { callback, milliseconds };
    };
    const options = { tcpKeepAliveOptions: "frequent-then-sparse", tcpKeepAliveSparseIntvl: 300 };
    const socket = new TCPSocket("192.0.2.2", 80, options);
    const native = fake.handles.at(-1);
    const { keepAliveIdle, keepAliveInterval } = native.connected[2];
    assert.deepEqual([keepAliveIdle, keepAliveInterval], [10, 10]);
    native.event(1);
    await socket.opened;
    fake.startTimer = setTimeout;
    assert.equal(minute.milliseconds, 60_000);
    minute.callback();
    assert.deepEqual(native.keepAlive, [300, 300, 0]);
});
