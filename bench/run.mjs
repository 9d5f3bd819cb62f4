// run.mjs - `npm run bench`: size, start-up, memory and echo figures of Cleat beside QuickJS's own qjs (same sources,
// same flags) and Node, in one run, alternating. Prints a Markdown table, or JSON with --json. Numbers are for
// comparing within one run; nothing here passes or fails.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const build = path.join(root, "build");
const { values: flags } = parseArgs({
    options: {
        json: { type: "boolean", default: false },
        rounds: { type: "string", default: "5" },
        connections: { type: "string", default: "4000" },
        help: { type: "boolean", short: "h", default: false },
    },
});
if (flags.help) {
    console.log(`npm run bench [-- --json] [-- --rounds N] [-- --connections N]

Measures, side by side with qjs and Node: binary size, hello world (wall, CPU, peak memory), memory of an
idle echo server, bytes per idle connection, CPU per 64-byte echo round trip with 50 connections.`);
    process.exit(0);
}
const rounds = Number(flags.rounds);
const connections = Number(flags.connections);
const say = (text) => process.stderr.write(`${text}\n`);

function run(command, args, options = {}) {
    return execFileSync(command, args, { cwd: root, encoding: "utf8", ...options });
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Hello world, alternating between the programs: medians of medians. */
function startUp(work) {
    const hello = path.join(root, "bench/apps/hello.js");
    const programs = {
        cleat: [path.join(work, "cleat"), "run", hello],
        qjs: [path.join(work, "qjs"), hello],
        node: [process.execPath, hello],
    };
    const samples = { cleat: [], qjs: [], node: [] };
    for (let round = 0; round < rounds; round++) {
        for (const [name, command] of Object.entries(programs)) {
            samples[name].push(
                JSON.parse(run(path.join(build, "measure"), [name === "node" ? "5" : "40", ...command])),
            );
        }
    }
    const result = {};
    for (const [name, list] of Object.entries(samples)) {
        result[name] = Object.fromEntries(
            ["wallMs", "cpuMs", "peakKiB"].map((key) => [key, median(list.map((one) => one[key]))]),
        );
    }
    return result;
}

function memoryKiB(pid) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)[1]);
    return { rss: field("Rss"), private: field("Private_Clean") + field("Private_Dirty") };
}

/** CPU milliseconds (user and system) that a process has used. */
function cpuMs(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function startServer(command) {
    const child = spawn(command[0], command.slice(1), { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise((resolve, reject) => {
        child.stdout.once("data", (data) => resolve(Number(String(data))));
        child.once("exit", (code) => reject(new Error(`${command[0]} ended with ${code}`)));
    });
    return { child, port };
}

function connect(port) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, "127.0.0.1", () => resolve(socket));
        socket.once("error", reject);
    });
}

/** One byte there and back, so that the server has the connection in its hands. */
function touch(socket) {
    return new Promise((resolve) => {
        socket.once("data", resolve);
        socket.write("x");
    });
}

async function idleMemory(command) {
    const { child, port } = await startServer(command);
    const sockets = [];
    try {
        await new Promise((resolve) => setTimeout(resolve, 1500));
        const empty = memoryKiB(child.pid);
        for (let i = 0; i < connections; i++) {
            const socket = await connect(port);
            await touch(socket);
            sockets.push(socket);
        }
        await new Promise((resolve) => setTimeout(resolve, 1500));
        const full = memoryKiB(child.pid);
        return {
            idleRssKiB: empty.rss,
            bytesPerConnection: Math.round(((full.private - empty.private) * 1024) / connections),
        };
    } finally {
        sockets.forEach((socket) => socket.destroy());
        child.kill();
    }
}

/** CPU of the server for one 64-byte round trip, 50 connections. */
async function echoCost(command, trips = 1000) {
    const { child, port } = await startServer(command);
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connect(port)));
    try {
        const message = Buffer.alloc(64, "e");
        const turn = (socket, count) =>
            new Promise((resolve) => {
                let left = count,
                    received = 0;
                socket.on("data", (data) => {
                    received += data.length;
                    if (received >= 64) {
                        received -= 64;
                        if (--left === 0) {
                            socket.removeAllListeners("data");
                            resolve();
                        } else {
                            socket.write(message);
                        }
                    }
                });
                socket.write(message);
            });
        await Promise.all(sockets.map((socket) => turn(socket, 100)));
        const before = cpuMs(child.pid);
        await Promise.all(sockets.map((socket) => turn(socket, trips)));
        return ((cpuMs(child.pid) - before) * 1000) / (50 * trips);
    } finally {
        sockets.forEach((socket) => socket.destroy());
        child.kill();
    }
}

async function main() {
    say("bench: building what it needs");
    run("cmake", ["--build", build, "--target", "bench-tools"], { stdio: ["ignore", "ignore", "inherit"] });
    const work = mkdtempSync(path.join(tmpdir(), "cleat-bench-"));
    try {
        copyFileSync(path.join(build, "cleat"), path.join(work, "cleat"));
        run("strip", [path.join(work, "cleat")]);
        run("strip", ["-o", path.join(work, "qjs"), path.join(build, "qjs")]);
        const app = path.join(work, "echo.cleat");
        run(process.execPath, ["tools/cleat.mjs", "build", "bench/apps/echo", "-o", app]);
        const cleatEcho = [path.join(work, "cleat"), "run", "--unsigned", "-A", app];
        const nodeEcho = [process.execPath, path.join(root, "bench/apps/echo_node.mjs")];

        const report = {
            connections,
            rounds,
            strippedBytes: {
                cleat: statSync(path.join(work, "cleat")).size,
                qjs: statSync(path.join(work, "qjs")).size,
            },
        };
        say("bench: hello world");
        report.hello = startUp(work);
        say(`bench: idle echo server, ${connections} connections`);
        report.idle = { cleat: await idleMemory(cleatEcho), node: await idleMemory(nodeEcho) };
        say("bench: echo, 50 connections, 64 bytes");
        const cost = { cleat: [], node: [] };
        for (let round = 0; round < rounds; round++) {
            cost.cleat.push(await echoCost(cleatEcho));
            cost.node.push(await echoCost(nodeEcho));
        }
        report.echoMicroseconds = { cleat: median(cost.cleat), node: median(cost.node) };
        print(report);
    } finally {
        rmSync(work, { recursive: true });
    }
}

function print(report) {
    if (flags.json) {
        console.log(JSON.stringify(report, null, 4));
        return;
    }
    const { hello, idle, echoMicroseconds: echo } = report;
    const rows = [
        ["", "cleat", "qjs", "node"],
        ["---", "---", "---", "---"],
        [
            "stripped binary, bytes",
            report.strippedBytes.cleat,
            report.strippedBytes.qjs,
            statSync(process.execPath).size,
        ],
        ["hello world, wall ms", hello.cleat.wallMs, hello.qjs.wallMs, hello.node.wallMs],
        ["hello world, CPU ms", hello.cleat.cpuMs, hello.qjs.cpuMs, hello.node.cpuMs],
        ["hello world, peak KiB", hello.cleat.peakKiB, hello.qjs.peakKiB, hello.node.peakKiB],
        ["idle echo server, RSS KiB", idle.cleat.idleRssKiB, "", idle.node.idleRssKiB],
        [
            `bytes per idle connection (${report.connections})`,
            idle.cleat.bytesPerConnection,
            "",
            idle.node.bytesPerConnection,
        ],
        [
            "CPU µs per 64-byte echo, 50 connections",
            echo.cleat.toFixed(1),
            "",
            `${echo.node.toFixed(1)} (net)`,
        ],
    ];
    console.log(rows.map((row) => `| ${row.join(" | ")} |`).join("\n"));
}

await main();
