// timeout: 600
// not: asan (a sanitizer's build has nothing to measure)
// bench.test.mjs - that the benchmark measures what it says: every scenario brings numbers, charts are XML, a wrong echo
// ends in a failure, a peer that fails is named and stops nothing. Not here: any assertion on how long something takes.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:crypto";
import dgram from "node:dgram";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import tls from "node:tls";
import { XMLValidator } from "fast-xml-parser";
import { pair } from "../../bench/pair.mjs";
import { scenarios } from "../../bench/scenarios.mjs";
import { lineChart } from "../../bench/svg.mjs";
import { cleat, root } from "./support.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "cleat-bench-"));
after(() => rmSync(folder, { recursive: true }));
const nodePeer = `${process.execPath} ${path.join(root, "bench/peers/node.mjs")}`;

/** Runs the bench without blocking this process: {status, stdout, stderr}. */
function bench(...args) {
    return new Promise((resolve) => {
        const child = spawn(process.execPath, [
            path.join(root, "bench/run.mjs"),
            "--output",
            folder,
            ...args,
        ]);
        const result = { stdout: "", stderr: "" };
        child.stdout.on("data", (data) => (result.stdout += data));
        child.stderr.on("data", (data) => (result.stderr += data));
        child.once("close", (status) => resolve({ ...result, status }));
    });
}

const few = ["--quick", "--scale", "0.005"];

function checkResults(report, peersOf) {
    for (const scenario of scenarios.filter(({ name }) => report.options.only.includes(name))) {
        for (const point of scenario.points) {
            for (const metric of Object.keys(scenario.metrics)) {
                const result = report.results.find(
                    (one) => one.scenario === scenario.name && one.point === point && one.metric === metric,
                );
                assert.ok(result, `${scenario.name} ${point} ${metric}`);
                assert.deepEqual(Object.keys(result.peers), peersOf(scenario));
                for (const { median, min, max, samples } of Object.values(result.peers)) {
                    assert.ok([median, min, max, ...samples].every(Number.isFinite), JSON.stringify(result));
                    assert.equal(samples.length, report.options.rounds);
                }
            }
        }
    }
}

test("every scenario brings numbers for C and Cleat, and the files say them", async () => {
    const { status, stdout, stderr } = await bench(
        ...few,
        "--cleat",
        cleat,
        "--peers",
        "c,cleat,qjs",
        "--json",
    );
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout);
    assert.deepEqual(JSON.parse(readFileSync(path.join(folder, "report.json"), "utf8")), report);
    assert.deepEqual(report.failures, []);
    assert.deepEqual(
        report.options.only,
        scenarios.map(({ name }) => name),
    );
    checkResults(report, ({ name }) => (name === "hello" ? ["cleat", "qjs"] : ["c", "cleat"]));
    assert.equal(report.budgets.length, 9); // all but those against Node
    for (const { value, lowest, highest, limit, isMet } of report.budgets) {
        assert.equal(isMet, value <= limit);
        assert.ok(lowest <= value && value <= highest);
    }

    const text = readFileSync(path.join(folder, "report.md"), "utf8");
    for (const { title } of scenarios.filter(({ tablePoints }) => tablePoints?.length !== 0)) {
        assert.ok(text.includes(`| ${title}`), title);
    }
    assert.match(text, /\| (met|missed) \|/);

    const charts = readdirSync(folder).filter((name) => name.endsWith(".svg"));
    assert.deepEqual(charts.sort(), [
        "connections.svg",
        "message-size.svg",
        "timers-memory.svg",
        "timers.svg",
        "tls.svg",
    ]);
    for (const name of charts) {
        const svg = readFileSync(path.join(folder, name), "utf8");
        assert.equal(XMLValidator.validate(svg), true, name);
        assert.ok(!/NaN|Infinity|undefined/.test(svg), name);
    }
});

test("Node's peers serve every scenario that they claim; --peer's command is given the scenario's name", async () => {
    const { status, stdout, stderr } = await bench(
        ...few,
        ...["--peers", "node,node-streams,other", "--peer", `other=${nodePeer}`],
        ...["--only", "accept,tls,udp,udp-one,multicast,bulk,pipe-bulk", "--json"],
    );
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout);
    assert.deepEqual(report.failures, []);
    checkResults(report, ({ app }) =>
        /^(tls-|udp|multicast)/.test(app) ? ["node", "other"] : ["node", "node-streams", "other"],
    );
});

test("a peer that fails is named, and the others are measured", async () => {
    const { status, stdout, stderr } = await bench(
        ...few,
        ...["--peers", "c,broken,talker", "--peer", "broken=/bin/false", "--peer", "talker=/bin/echo"],
        ...["--only", "udp", "--json"],
    );
    assert.equal(status, 0, stderr);
    const { failures, results } = JSON.parse(stdout);
    assert.deepEqual(Object.keys(results[0].peers), ["c"]);
    assert.deepEqual(
        failures.map(({ peer, scenario }) => [peer, scenario]),
        [
            ["broken", "udp"],
            ["talker", "udp"],
        ],
    );
    assert.match(failures[0].message, /ended/);
    assert.match(failures[1].message, /printed "udp" instead of its port/);
});

/** Puts load on a server in this process: [status, stderr]. */
function load(mode, port, ...args) {
    return new Promise((resolve) => {
        const program = path.join(root, "build/bench/bin/load");
        const child = spawn(program, [mode, "--port", port, "--pid", process.pid, ...args].map(String));
        let text = "";
        child.stderr.on("data", (data) => (text += data));
        child.once("close", (status) => resolve([status, text]));
    });
}

for (const [what, spoil, complaint] of [
    ["a changed byte", (data) => (data[data.length - 1] ^= 1), /not what was sent/],
    ["an early end", (_data, socket) => socket.end(), /closed a connection/],
]) {
    test(`the load generator notices ${what} on TCP`, async (t) => {
        let count = 0;
        const server = net.createServer((socket) => {
            socket.on("error", () => {});
            socket.on("data", (data) => {
                if (++count === 20) {
                    spoil(data, socket);
                }
                if (!socket.writableEnded) {
                    socket.write(data);
                }
            });
        });
        await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
        t.after(() => server.close());
        const [status, text] = await load("tcp", server.address().port, "--operations", 100);
        assert.equal(status, 1, text);
        assert.match(text, complaint);
    });
}

for (const [what, mode, answer, complaint] of [
    ["a server without TLS", "tcp", (socket, data) => socket.write(data), /handshake/],
    ["a server without TLS that is to send much", "fetch", (socket, data) => socket.write(data), /handshake/],
    ["an end in the handshake", "accept", (socket) => socket.end(), /handshake/],
]) {
    test(`the load generator notices ${what}, over TLS`, async (t) => {
        const server = net.createServer((socket) => {
            socket.on("error", () => {});
            socket.on("data", (data) => answer(socket, data));
        });
        await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
        t.after(() => server.close());
        const [status, text] = await load(mode, server.address().port, "--operations", 10, "--tls");
        assert.equal(status, 1, text);
        assert.match(text, complaint);
    });
}

test("the load generator notices wrong bytes among many", async (t) => {
    const server = net.createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.write(Uint8Array.from({ length: 1000 }, (_, i) => i ^ (i >> 9))));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const [status, text] = await load("fetch", server.address().port, "--operations", 1);
    assert.equal(status, 1, text);
    assert.match(text, /what comes is not/);
});

test("the load generator notices sessions that are not resumed", async () => {
    const [cert, key] = (await pair()).map((file) => readFileSync(file));
    for (const [secureOptions, wanted] of [
        [0, 0],
        [constants.SSL_OP_NO_TICKET, 1],
    ]) {
        const server = tls.createServer({ cert, key, secureOptions }, (socket) => socket.pipe(socket));
        await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
        const [status, text] = await load("accept", server.address().port, "--operations", 5, "--resume");
        server.close();
        assert.equal(status, wanted, text);
        assert.match(text, wanted === 0 ? /^$/ : /does not resume sessions/);
    }
});

test("the load generator notices a changed datagram", async (t) => {
    let count = 0;
    const server = dgram.createSocket("udp4");
    server.on("message", (data, { port }) => {
        data[30] ^= Number(++count === 20);
        server.send(data, port, "127.0.0.1");
    });
    await new Promise((resolve) => server.bind(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const [status, text] = await load("udp", server.address().port, "--operations", 100);
    assert.equal(status, 1, text);
    assert.match(text, /not what was sent/);
});

test("the load generator counts lost datagrams and goes on", async (t) => {
    let count = 0;
    const server = dgram.createSocket("udp4");
    server.on("message", (data, { port }) => {
        if (++count !== 20) {
            server.send(data, port, "127.0.0.1");
        }
    });
    await new Promise((resolve) => server.bind(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const program = path.join(root, "build/bench/bin/load");
    const args = ["udp", "--port", server.address().port, "--pid", process.pid, "--operations", 100];
    const child = spawn(program, [...args, "--window", 4].map(String));
    let text = "";
    child.stdout.on("data", (data) => (text += data));
    assert.equal(await new Promise((resolve) => child.once("close", resolve)), 0);
    const { operations, lost } = JSON.parse(text);
    assert.deepEqual({ operations, lost }, { operations: 100, lost: 1 });
});

test("a chart of any text is XML", () => {
    const series = [{ name: `<a> & "b"`, style: 9, points: [[1, 0]] }];
    const options = { title: "<&>", xLabel: "]]>", yLabel: "'", series };
    for (const isLog of [false, true]) {
        assert.equal(XMLValidator.validate(lineChart({ ...options, isLog })), true);
    }
    assert.equal(XMLValidator.validate(lineChart({ ...options, series: [] })), true);
});

test("what can't be measured is refused with the choice", () => {
    const run = (...args) =>
        spawnSync(process.execPath, [path.join(root, "bench/run.mjs"), ...args], { encoding: "utf8" });
    assert.match(run("--only", "nothing").stderr, /no "nothing"; there are hello /);
    assert.match(run("--rounds", "x").stderr, /whole number/);
    assert.equal(run("--unknown").status, 2);
    const help = run("--help");
    assert.equal(help.status, 0);
    scenarios.forEach(({ name }) => assert.ok(help.stdout.includes(name), name));
});
