// tls_peers.mjs - what the TLS tests talk through and to: programs that serve or connect (openssl, gnutls), a relay that
// can damage what it passes on, and Cleat apps that do what a list of jobs says. No tests here.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { folder } from "./certificates.mjs";
import { test } from "node:test";
import { cleat, preset, root, startApp as start, until } from "./support.mjs";

/** Byte `index` of the data that all sides send: neither of the period of a record nor of a buffer. */
export const patternByte = (index) => (index * 31 + (index >> 8) * 7 + (index >> 16)) & 255;
export function pattern(length, from = 0) {
    const data = Buffer.alloc(length);
    for (let index = 0; index < length; index++) {
        data[index] = patternByte(from + index);
    }
    return data;
}

/** The port of 127.0.0.1 (or of any address) that a process listens on, or undefined. */
function listeningPort(pid) {
    let inodes;
    try {
        inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => {
            try {
                return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
            } catch {
                return undefined; // closed meanwhile
            }
        });
    } catch {
        return undefined;
    }
    for (const family of ["tcp", "tcp6"]) {
        for (const line of readFileSync(`/proc/net/${family}`, "utf8").split("\n").slice(1)) {
            const fields = line.trim().split(/\s+/);
            if (fields[3] === "0A" && inodes.includes(fields[9])) {
                return parseInt(fields[1].split(":")[1], 16);
            }
        }
    }
    return undefined;
}

/** What a test has started and not ended: functions that do. */
const open = new Set();
const endAll = () => open.forEach((end) => end());
process.on("exit", endAll);

/** A test with a time limit, which leaves nothing behind when it fails. */
export function boundedTest(name, run, { skip } = {}) {
    const timeout = preset === "release" ? 60_000 : 180_000;
    test(name, { timeout, skip }, async (context) => {
        context.signal.addEventListener("abort", endAll);
        try {
            await run(context);
        } finally {
            if (!context.signal.aborted) {
                endAll(); // otherwise the next test has begun
            }
        }
    });
}

/** startApp() of support.mjs; the app ends with the test. */
export function startApp(...options) {
    const app = start(...options);
    const end = () => app.child.kill("SIGKILL");
    open.add(end);
    void app.ended.then(() => open.delete(end));
    return app;
}

/** A program with its standard streams as `stdin`, `out` (bytes so far) and `err` (text so far). */
export class Program {
    #chunks = [];
    err = "";

    constructor(command, { env = process.env } = {}) {
        this.command = command;
        this.child = spawn(command[0], command.slice(1), { stdio: "pipe", env });
        const end = () => this.child.kill("SIGKILL");
        open.add(end);
        this.stdin = this.child.stdin;
        this.stdin.on("error", () => {}); // the program has ended
        this.child.stdout.on("data", (data) => this.#chunks.push(data));
        this.child.stderr.on("data", (data) => (this.err += data));
        this.ended = new Promise((resolve, reject) => {
            this.child.once("error", reject);
            this.child.once("close", (code) => {
                open.delete(end);
                resolve(code);
            });
        });
        this.ended.catch(() => {});
        this.isOver = false;
        void this.ended.then(() => (this.isOver = true)).catch(() => (this.isOver = true));
    }

    get out() {
        return Buffer.concat(this.#chunks);
    }

    get size() {
        return this.#chunks.reduce((sum, { length }) => sum + length, 0);
    }

    /** Waits for output that matches. */
    match(expression, limit) {
        return until(
            () => {
                const found = expression.exec(this.out.toString("latin1")) ?? expression.exec(this.err);
                if (!found && this.isOver) {
                    throw new Error(
                        `${this.command.join(" ")} ended without ${expression}:\n${this.out}${this.err}`,
                    );
                }
                return found;
            },
            `${expression} of ${this.command[0]}`,
            limit,
        );
    }

    async stop() {
        if (!this.isOver) {
            this.child.kill("SIGKILL");
            await this.ended.catch(() => {});
        }
    }

    /** Starts a server and waits until it listens: `port`. */
    static async serve(command, options) {
        const program = new Program(command, options);
        program.port = await until(() => {
            if (program.isOver) {
                throw new Error(`${command.join(" ")} ended:\n${program.out}${program.err}`);
            }
            return listeningPort(program.child.pid);
        }, `${command[0]} listening`);
        return program;
    }
}

/** openssl s_server on a port of its own. What comes in is in `out`, what is written to `stdin` goes out. */
export const opensslServer = ({ file, chainFile, keyFile }, ...args) =>
    Program.serve([
        ...["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", file, "-cert_chain", chainFile],
        ...["-key", keyFile, ...args],
    ]);

export const opensslClient = (port, ...args) =>
    new Program(["openssl", "s_client", "-connect", `127.0.0.1:${port}`, ...args]);

/** gnutls-serv, which echoes; `priority` is its text of algorithms. */
export const gnutlsServer = ({ chainFile, keyFile }, priority, ...args) =>
    Program.serve([
        ...["gnutls-serv", "--echo", "--port=0", `--x509certfile=${chainFile}`, `--x509keyfile=${keyFile}`],
        ...[`--priority=${priority}`, ...args],
    ]);

/** A server of any kind on 127.0.0.1 in this process: `port`, `close()`. */
export async function listen(server) {
    const sockets = new Set();
    server.on("connection", (socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.once("close", () => sockets.delete(socket));
    });
    server.on("tlsClientError", () => {});
    await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    const close = () => {
        open.delete(close);
        sockets.forEach((socket) => socket.destroy());
        server.close();
    };
    open.add(close);
    return { server, sockets, port: server.address().port, close };
}

/**
 * Passes connections on to `port`. `change(direction, data, connection)` with direction "up" (to the server) or "down"
 * sees each piece and returns what to pass on instead (or nothing). A connection: `up` and `down` (the sockets), `sent`
 * (bytes passed on by direction).
 */
export async function relay(port, change = (direction, data) => data) {
    const connections = [];
    const server = net.createServer({ allowHalfOpen: true }, (down) => {
        const up = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
        const connection = { up, down, sent: { up: 0, down: 0 }, cut: false };
        connections.push(connection);
        for (const [direction, from, to] of [
            ["up", down, up],
            ["down", up, down],
        ]) {
            from.setNoDelay(true);
            from.on("error", () => to.destroy());
            from.on("data", (data) => {
                const changed = change(direction, data, connection);
                if (changed?.length > 0 && to.writable) {
                    connection.sent[direction] += changed.length;
                    to.write(changed);
                }
            });
            from.on("end", () => !connection.cut && to.end());
        }
        down.once("close", () => up.destroy());
    });
    return Object.assign(await listen(server), { connections });
}

/** What both apps below share. */
const appCommon = `
    const describe = (error) => ({ name: error.name, code: error.code, message: error.message });
    const patternByte = ${patternByte};
    const pattern = (length, from) => {
        const data = new Uint8Array(length);
        for (let i = 0; i < length; i++) {
            data[i] = patternByte(from + i);
        }
        return data;
    };
    const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const revive = (value) => {
        if (Array.isArray(value)) {
            return value.map(revive);
        }
        return typeof value === "object" && value !== null && "hex" in value
            ? new Uint8Array(value.hex.match(/../g).map((byte) => parseInt(byte, 16)))
            : value;
    };
    const reviveAll = (options = {}) =>
        Object.fromEntries(Object.entries(options).map(([name, value]) => [name, revive(value)]));
    const describeOpened = ({ alpn, protocol, cipher, resumed, peerCertificate, remotePort, localPort }) => ({
        alpn, protocol, cipher, resumed, remotePort, localPort,
        peerCertificate: peerCertificate && { ...peerCertificate, raw: hex(peerCertificate.raw) },
    });
    globalThis.addEventListener("warning", (event) => {
        event.preventDefault();
        console.log(JSON.stringify({ warning: { code: event.code, message: event.message } }));
    });
`;

/** Code as a bundle whose manifest declares these permissions: its path. */
function bundle(code, permissions) {
    const base = mkdtempSync(path.join(folder(), "app-"));
    const manifest = { manifestVersion: 1, id: "com.example.app", name: "App", version: "1.0.0", counter: 1 };
    writeFileSync(path.join(base, "app.js"), code);
    writeFileSync(
        path.join(base, "manifest.json"),
        JSON.stringify({ ...manifest, entry: "app.js", permissions }),
    );
    const command = [path.join(root, "tools/cleat.mjs"), "build", "app.js", "-o", "app.cleat"];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
        cwd: base,
        encoding: "utf8",
        env: { ...process.env, CLEAT_BINARY: cleat, NO_COLOR: "1" },
    });
    if (status !== 0) {
        throw new Error(stdout + stderr);
    }
    return path.join(base, "app.cleat");
}

/** Bytes as an option of a job. */
export const bytesOption = (data) => ({ hex: Buffer.from(data).toString("hex") });

/**
 * Runs connections of Cleat as a client, one after the other unless `parallel`, and resolves with a result for each:
 * `opened` or `error` or `thrown`, and what became of the steps of the job:
 *   echo: sizes        sends so many bytes of the pattern, wants them back
 *   read: n            wants n bytes of the pattern
 *   write: n           sends n bytes of the pattern
 *   bytewise: n        sends n bytes of the pattern in writes of one byte
 *   ask: texts         sends each and notes what comes back, as long as itself, in `answers`
 *   rest: true         reads to the end into \`rest\` (a text)
 *   end: "close" (if absent), "half", "abort", "wait" (for the peer to close)
 * With `permissions` it runs as a bundle whose manifest declares them.
 */
export async function runClient(
    jobs,
    { flags = ["-A"], parallel = false, prefix, env, limit = 60_000, permissions } = {},
) {
    const code = `${appCommon}
        const run = async (job) => {
            const result = {};
            let socket;
            try {
                socket = new TCPSocket(job.host ?? "127.0.0.1", job.port,
                    { useSecureTransport: true, ...reviveAll(job.options) });
            } catch (error) {
                return { thrown: describe(error) };
            }
            const closed = socket.closed.then(() => (result.closed = "ok"), (error) => (result.closed = describe(error)));
            let opened;
            try {
                opened = await socket.opened;
                result.opened = describeOpened(opened);
            } catch (error) {
                result.error = describe(error);
                await closed;
                return result;
            }
            const reader = opened.readable.getReader();
            const { writable } = opened;
            let pieces = [];
            let received = 0;
            let sent = 0;
            let expected = 0;
            const read = async (length) => {
                for (const end = expected + length; expected < end;) {
                    const { value, done } = await reader.read();
                    if (done) {
                        throw new Error("the stream has ended after " + expected);
                    }
                    const bytes = new Uint8Array(value);
                    result.largest = Math.max(result.largest ?? 0, bytes.length);
                    for (const byte of bytes) {
                        if (byte !== patternByte(expected++)) {
                            throw new Error("wrong byte " + (expected - 1));
                        }
                    }
                }
            };
            try {
                for (const size of job.echo ?? []) {
                    const writing = writable.write(pattern(size, sent));
                    writing.catch(() => {}); // reading tells
                    sent += size;
                    await read(size);
                    await writing;
                }
                if (job.write !== undefined) {
                    await writable.write(pattern(job.write, sent));
                    sent += job.write;
                }
                for (let i = 0; i < (job.bytewise ?? 0); i++) {
                    await writable.write(pattern(1, sent++));
                }
                if (job.read !== undefined) {
                    await read(job.read);
                }
                for (const text of job.ask ?? []) {
                    await writable.write(text);
                    let answer = "";
                    while (answer.length < text.length) {
                        const { value, done } = await reader.read();
                        if (done) {
                            throw new Error("no answer, but the end");
                        }
                        answer += new TextDecoder().decode(value);
                    }
                    (result.answers ??= []).push(answer);
                }
                if (job.end === "half") {
                    socket.halfClose();
                }
                if (job.rest) {
                    result.rest = "";
                    for (;;) {
                        const { value, done } = await reader.read();
                        if (done) {
                            break;
                        }
                        result.rest += new TextDecoder().decode(value);
                    }
                }
            } catch (error) {
                result.failed = describe(error);
            }
            if (job.end === "abort") {
                await writable.abort(new RangeError("enough")).catch(() => {});
            } else if (job.end !== "wait" && job.end !== "half") {
                socket.close().catch(() => {});
                reader.cancel().catch(() => {});
            }
            await closed;
            return result;
        };
        const results = [];
        const jobs = ${JSON.stringify(jobs)};
        if (${parallel}) {
            results.push(...await Promise.all(jobs.map(run)));
        } else {
            for (const job of jobs) {
                results.push(await run(job));
            }
        }
        console.log("results " + JSON.stringify(results));`;
    const app =
        permissions === undefined
            ? startApp(code, { flags, prefix, env })
            : startApp("", { flags: [...flags, "--unsigned"], file: bundle(code, permissions), prefix, env });
    const timer = setTimeout(() => app.child.kill("SIGKILL"), limit);
    const { code: exit, signal } = await app.ended;
    clearTimeout(timer);
    const line = app.out.split("\n").find((text) => text.startsWith("results "));
    if (exit !== 0 || line === undefined) {
        throw new Error(`the app ended with ${exit ?? signal}:\n${app.out.slice(-4000)}${app.err}`);
    }
    const results = JSON.parse(line.slice("results ".length));
    results.warnings = app.out
        .split("\n")
        .filter((text) => text.startsWith('{"warning"'))
        .map((text) => JSON.parse(text).warning);
    results.stderr = app.err;
    return results;
}

/**
 * A Cleat app with one TLS server for each item of `servers`: `ports`, and `next(index)`, which resolves with what the
 * next connection of that server came to: `{opened}` or `{error}`; `ended(index)` the same with its `closed`. An item:
 * `options`, and `behaviour`: "echo" (if absent), "hold" (neither reads nor ends), "greet" (sends "hello", ends), "sink"
 * (reads to the end, then says how many bytes of the pattern came and ends), "flood" (sends \`amount\` bytes, ends).
 */
export async function startServers(servers, { flags = ["-A"], prefix, env } = {}) {
    const code = `${appCommon}
        const items = ${JSON.stringify(servers)};
        const tell = (message) => console.log(JSON.stringify(message));
        const serve = async (index, { behaviour = "echo", amount = 0 }, socket) => {
            socket.closed.then(() => tell({ index, closed: "ok" }), (error) => tell({ index, closed: describe(error) }));
            let opened;
            try {
                opened = await socket.opened;
            } catch (error) {
                tell({ index, error: describe(error) });
                return;
            }
            tell({ index, opened: describeOpened(opened) });
            const { readable, writable } = opened;
            if (behaviour === "echo") {
                await readable.pipeTo(writable).catch(() => {});
            } else if (behaviour === "greet") {
                await writable.write("hello");
                await socket.close();
            } else if (behaviour === "flood") {
                await writable.write(pattern(amount, 0));
                await socket.close();
            } else if (behaviour === "sink") {
                let count = 0;
                for await (const chunk of readable) {
                    for (const byte of new Uint8Array(chunk)) {
                        if (byte !== patternByte(count++)) {
                            throw new Error("wrong byte " + (count - 1));
                        }
                    }
                }
                await writable.write(String(count));
                await writable.close();
            }
        };
        const ports = [];
        for (const [index, item] of items.entries()) {
            const server = new TCPServerSocket({
                localAddress: "127.0.0.1", useSecureTransport: true, ...reviveAll(item.options),
            });
            const { readable, localPort } = await server.opened;
            ports.push(localPort);
            void (async () => {
                for await (const socket of readable) {
                    serve(index, item, socket).catch((error) => tell({ index, failed: describe(error) }));
                }
            })();
        }
        tell({ ports });`;
    const app = startApp(code, { flags, prefix, env });
    const { ports } = JSON.parse((await app.line(/^\{"ports".*/))[0]);
    const taken = new Map();
    const nextOf = (index, kind, limit) =>
        until(
            () => {
                const events = app.out
                    .slice(0, app.out.lastIndexOf("\n") + 1)
                    .split("\n")
                    .filter((line) => line.startsWith(`{"index":${index},`))
                    .map((line) => JSON.parse(line))
                    .filter((event) => kind.some((name) => name in event));
                const position = taken.get(`${index} ${kind}`) ?? 0;
                if (events.length <= position) {
                    if (app.child.exitCode !== null) {
                        throw new Error(`the server has ended:\n${app.err}`);
                    }
                    return undefined;
                }
                taken.set(`${index} ${kind}`, position + 1);
                return events[position];
            },
            `${kind} of server ${index} in\n${app.out.slice(-2000)}${app.err}`,
            limit,
        );
    return {
        app,
        ports,
        next: (index, limit) => nextOf(index, ["opened", "error"], limit),
        ended: (index, limit) => nextOf(index, ["closed"], limit),
        async stop() {
            await app.stop();
            if (/Sanitizer|runtime error/.test(app.err)) {
                throw new Error(app.err);
            }
        },
    };
}
