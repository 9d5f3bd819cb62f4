// process.mjs - the processes of the bench: servers under load, the load generator, measured commands. All of them
// end with the bench. Servers run on one CPU and the generator on another where there are two.
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

export const root = path.dirname(import.meta.dirname);
export const buildDir = path.join(root, "build");
export const outputDir = path.join(buildDir, "bench");
const bin = path.join(outputDir, "bin");
export const tool = (name) => path.join(bin, name);

const startLimitMs = 20_000;
const loadLimitMs = 600_000;
const execute = promisify(execFile);

const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));
for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
]) {
    process.on(signal, () => process.exit(128 + number));
}

/** The CPUs that this process may use: [of the servers, of the generator]. */
export function chooseCpus() {
    const [, list] = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"));
    const cpus = list.split(",").flatMap((range) => {
        const [first, last = first] = range.split("-").map(Number);
        return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
    return [cpus[0], cpus[1] ?? cpus[0]];
}

const [serverCpu, loadCpu] = chooseCpus();
const pinned = (cpu, command) => [tool("load"), "on", String(cpu), ...command];

/** Runs a command and resolves with what it printed; rejects with what it complained about. */
export async function run(command, options = {}) {
    try {
        const [program, ...args] = command;
        return (await execute(program, args, { cwd: root, maxBuffer: 1 << 26, ...options })).stdout;
    } catch (error) {
        const reason = String(error.stderr ?? "").trim() || error.message;
        throw new Error(`${command.slice(0, 3).join(" ")} …: ${reason.split("\n").at(-1)}`, { cause: error });
    }
}

/** A server: started with a command that prints its port as its first line. */
export class Server {
    #child;
    #errors = "";

    constructor(child) {
        this.#child = child;
        children.add(child);
        child.once("exit", () => children.delete(child));
        child.stderr.on("data", (data) => (this.#errors = (this.#errors + data).slice(-2000)));
    }

    static async start(command) {
        const [program, ...args] = pinned(serverCpu, command);
        const server = new Server(spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] }));
        try {
            server.port = await server.#readPort();
        } catch (error) {
            await server.stop();
            throw error;
        }
        return server;
    }

    get pid() {
        return this.#child.pid;
    }

    #readPort() {
        return new Promise((resolve, reject) => {
            let text = "";
            const fail = (what) =>
                reject(new Error(`the server ${what}: ${this.#errors.trim() || "no message"}`));
            const timer = setTimeout(() => fail("printed no port in time"), startLimitMs);
            this.#child.once("error", reject);
            this.#child.once("close", (code, signal) => {
                clearTimeout(timer);
                fail(`ended (${signal ?? code})`);
            });
            this.#child.stdout.on("data", (data) => {
                text += data;
                const [, port] = /^(\d+)\r?\n/.exec(text) ?? [];
                if (port !== undefined) {
                    clearTimeout(timer);
                    resolve(Number(port));
                } else if (text.includes("\n")) {
                    fail(`printed "${text.split("\n")[0]}" instead of its port`);
                }
            });
        });
    }

    /** Puts load on the server: {operations, cpuNs, wallNs, lost}. */
    async load(mode, options) {
        const { args, ...rest } = { args: [], ...options };
        try {
            const command = [
                tool("load"),
                mode,
                "--port",
                this.port,
                "--pid",
                this.pid,
                ...flags(rest),
                ...args,
            ];
            const text = await run(pinned(loadCpu, command.map(String)), { timeout: loadLimitMs });
            return JSON.parse(text);
        } catch (error) {
            throw new Error(
                `${error.message}${this.#errors === "" ? "" : ` (the server: ${this.#errors.trim()})`}`,
                {
                    cause: error,
                },
            );
        }
    }

    /** Opens connections, calls `whileOpen`, closes them. */
    async hold({ connections, args: more }, whileOpen) {
        const options = flags({ port: this.port, pid: this.pid, connections });
        const command = [tool("load"), "hold", ...options, ...more];
        const [program, ...args] = pinned(loadCpu, command);
        const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
        children.add(child);
        try {
            await new Promise((resolve, reject) => {
                child.stdout.once("data", resolve);
                child.once("exit", () => reject(new Error("the connections can't be opened")));
            });
            return await whileOpen();
        } finally {
            children.delete(child);
            child.kill();
        }
    }

    /** Resident and private memory in KiB. */
    memory() {
        const text = readFileSync(`/proc/${this.pid}/smaps_rollup`, "utf8");
        const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)[1]);
        return { rss: field("Rss"), private: field("Private_Clean") + field("Private_Dirty") };
    }

    async stop() {
        const child = this.#child;
        if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
            const ended = new Promise((resolve) => child.once("exit", resolve));
            child.kill("SIGKILL");
            await ended;
        }
    }
}

const flags = (options) =>
    Object.entries(options).flatMap(([name, value]) => [
        `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        String(value),
    ]);

/** Runs a server while `use` does; `use` gets the server. */
export async function withServer(command, use) {
    const server = await Server.start(command);
    try {
        return await use(server);
    } finally {
        await server.stop();
    }
}

/** Runs a command so many times: medians {wallMs, cpuMs, peakKiB}. */
export async function measure(runs, command) {
    const text = await run(pinned(serverCpu, [tool("measure"), String(runs), ...command]), {
        timeout: loadLimitMs,
    });
    return JSON.parse(text);
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
