// scenarios.mjs - what is measured. A scenario is {name, title, points, tablePoints, metrics, run}: run(peer, point,
// plan) starts what it needs and resolves with a number for each metric. Operations per run are for plan.scale 1.
import { pair } from "./pair.mjs";
import { measure, pause, withServer } from "./process.mjs";

const settleMs = 1200; // longer than the second after which Cleat collects garbage when idle

/** Metrics of what is counted per operation: CPU time is the figure, wall time is noted. */
const perOperation = (what) => ({
    cpu: { unit: `µs CPU/${what}`, isMain: true },
    wall: { unit: `µs wall/${what}` },
});

/** How many operations, and half as many before them: compilers need some. */
const counts = (plan, operations) => ({
    operations: Math.max(Math.round(operations * plan.scale), 1),
    warmUp: Math.max(Math.round((operations * plan.scale) / 2), 1),
});

const perMicrosecond = ({ operations, cpuNs, wallNs }, factor = 1) => ({
    cpu: (cpuNs / 1000 / operations) * factor,
    wall: (wallNs / 1000 / operations) * factor,
});

const serverCommand = async (peer, app) => peer.command(app, ...(app.startsWith("tls-") ? await pair() : []));

/** Load on a server that serves `app`. */
async function underLoad(peer, app, mode, options, factor) {
    const result = await withServer(await serverCommand(peer, app), (server) => server.load(mode, options));
    if (result.lost > result.operations / 100) {
        throw new Error(`${result.lost} of ${result.operations} datagrams were lost`);
    }
    return perMicrosecond(result, factor);
}

const connectionCounts = [1, 10, 50, 200, 1000];
const messageSizes = [64, 256, 1024, 4096, 16384, 65536];
const chunk = 65536;

function overConnections(name, title) {
    return {
        name,
        title,
        app: name,
        points: connectionCounts,
        tablePoints: [1, 50, 1000],
        pointLabel: (point) => `${point} connection${point === 1 ? "" : "s"}`,
        metrics: perOperation("round trip"),
        run: (peer, connections, plan) =>
            underLoad(peer, name, "tcp", {
                connections,
                size: 64,
                ...counts(plan, connections === 1 ? 4000 : 10_000), // one connection waits most of the time
            }),
    };
}

function overSizes(name, app, title) {
    return {
        name,
        title,
        app,
        points: messageSizes,
        tablePoints: [],
        pointLabel: (size) => `${size} B`,
        metrics: perOperation("round trip"),
        run: (peer, size, plan) =>
            underLoad(peer, app, "tcp", {
                connections: 50,
                size,
                ...counts(plan, 4000),
            }),
    };
}

function bulk(name, app, title) {
    return {
        name,
        title,
        app,
        metrics: perOperation("MiB"),
        run: (peer, _point, plan) =>
            underLoad(
                peer,
                app,
                "tcp",
                { connections: 1, size: chunk, args: ["--pipelined"], ...counts(plan, 2000) },
                (1 << 20) / chunk,
            ),
    };
}

function udp(name, window, operations, title) {
    return {
        name,
        title,
        app: "udp",
        metrics: perOperation("datagram"),
        run: (peer, _point, plan) =>
            underLoad(peer, "udp", "udp", { window, size: 64, ...counts(plan, operations) }),
    };
}

/** What so many timers cost more than none. */
async function runTimers(peer, count) {
    const all = await measure(1, peer.command("timers", String(count)));
    const none = await measure(1, peer.command("timers", "0"));
    return {
        cpu: ((all.cpuMs - none.cpuMs) * 1000) / count,
        memory: ((all.peakKiB - none.peakKiB) * 1024) / count,
    };
}

function idle(name, app, connections, title, args) {
    const run = async (peer) =>
        withServer(await serverCommand(peer, app), async (server) => {
            await pause(settleMs);
            const empty = server.memory();
            return server.hold({ connections, args }, async () => {
                await pause(settleMs);
                return {
                    rss: empty.rss,
                    connection: ((server.memory().private - empty.private) * 1024) / connections,
                };
            });
        });
    return {
        name,
        title,
        app,
        points: [connections],
        pointLabel: (point) => `${point} connections`,
        metrics: {
            rss: { unit: "KiB without connections (RSS)", isMain: true },
            connection: { unit: "bytes/idle connection", isMain: true },
        },
        run,
    };
}

/** Besides the cost, how much of it a CPU could do in a second if the generator kept up. */
const withRate = (what, unit) => ({
    ...perOperation(what),
    rate: { unit: `${unit} of the server's CPU`, isMain: true },
});

async function runHandshakes(peer, point, plan) {
    const flag = point === "resumed" ? "--resume" : "--tls";
    const cost = await underLoad(peer, "tls-accept", "accept", {
        connections: 16,
        args: [flag],
        ...counts(plan, 1000),
    });
    return { ...cost, rate: 1e6 / cost.cpu };
}

async function runTlsBulk(peer, point, plan) {
    const options = { args: ["--tls"], ...counts(plan, 200) }; // an operation is a MiB
    const cost =
        point === "sent"
            ? await underLoad(peer, "tls-source", "fetch", { window: 4, ...options })
            : await underLoad(peer, "tls-sink", "store", { size: chunk, ...options });
    return { ...cost, rate: (1 << 20) / cost.cpu };
}

/** Processes are started one after the other: plan.scale says how often. */
async function runHello(peer, _point, plan) {
    const { wallMs, cpuMs, peakKiB } = await measure(
        Math.max(Math.round(20 * Math.min(plan.scale, 1)), 1),
        peer.command("hello"),
    );
    return { wall: wallMs, cpu: cpuMs, peak: peakKiB };
}

export const scenarios = [
    {
        name: "hello",
        title: "Hello world",
        app: "hello",
        reference: "qjs",
        metrics: {
            wall: { unit: "ms wall", isMain: true },
            cpu: { unit: "ms CPU", isMain: true },
            peak: { unit: "KiB peak memory", isMain: true },
        },
        run: runHello,
    },
    idle("idle", "echo", 4000, "Idle echo server", []),
    overConnections("echo", "TCP echo, 64 B, reader and writer"),
    overConnections("pipe", "TCP echo, 64 B, pipeTo"),
    overSizes("size", "echo", "TCP echo by message size, 50 connections, reader and writer"),
    overSizes("pipe-size", "pipe", "TCP echo by message size, 50 connections, pipeTo"),
    bulk("bulk", "echo", "Bulk echo, 64 KiB writes, reader and writer"),
    bulk("pipe-bulk", "pipe", "Bulk echo, 64 KiB writes, pipeTo"),
    {
        name: "accept",
        title: "Connect, 1 byte there and back, close",
        app: "accept",
        metrics: perOperation("connection"),
        run: (peer, _point, plan) =>
            underLoad(peer, "accept", "accept", { connections: 16, ...counts(plan, 3000) }),
    },
    {
        name: "tls-handshake",
        title: "TLS 1.3 handshake, 1 byte there and back, close",
        app: "tls-accept",
        points: ["full", "resumed"],
        pointLabel: (point) => point,
        metrics: withRate("connection", "connections/s"),
        run: runHandshakes,
    },
    {
        name: "tls-echo",
        title: "TLS echo, 50 connections, reader and writer",
        app: "tls-echo",
        points: messageSizes,
        tablePoints: [64],
        pointLabel: (size) => `${size} B`,
        metrics: perOperation("round trip"),
        run: (peer, size, plan) =>
            underLoad(peer, "tls-echo", "tcp", {
                connections: 50,
                size,
                args: ["--tls"],
                ...counts(plan, size === 64 ? 10_000 : 3000),
            }),
    },
    {
        name: "tls-bulk",
        title: "TLS, 64 KiB writes, one way",
        app: "tls-source",
        points: ["sent", "received"],
        pointLabel: (point) => `${point} by the server`,
        metrics: withRate("MiB", "MB/s"),
        run: runTlsBulk,
    },
    idle("tls-idle", "tls-echo", 1000, "Idle TLS echo server", ["--tls"]),
    udp("udp", 32, 10_000, "UDP echo, 64 B, 32 in flight"),
    udp("udp-one", 1, 4000, "UDP echo, 64 B, one in flight"),
    {
        name: "multicast",
        title: "Multicast receive, 64 B, 64 senders",
        app: "multicast",
        metrics: perOperation("datagram"),
        run: (peer, _point, plan) =>
            underLoad(peer, "multicast", "multicast", { connections: 64, size: 64, ...counts(plan, 10_000) }),
    },
    {
        name: "timers",
        title: "Timers that wait at the same time",
        app: "timers",
        points: [1000, 3000, 10_000, 30_000, 100_000],
        tablePoints: [1000, 100_000],
        pointLabel: (point) => `${point} timers`,
        metrics: {
            cpu: { unit: "µs CPU/timer", isMain: true },
            memory: { unit: "bytes/timer (peak)", isMain: true },
        },
        run: runTimers,
    },
].map((scenario) => ({ points: [null], reference: "c", pointLabel: () => "", ...scenario }));
