// run.mjs - `npm run bench`: Cleat beside plain C, qjs and Node in one run, alternating; JSON, Markdown and charts.
// Who is measured is in peers.mjs, what in scenarios.mjs. Numbers are for comparing within one run; nothing here passes
// or fails.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { judge, median } from "./budgets.mjs";
import { allPeers, appBundle, apps } from "./peers.mjs";
import { buildDir, outputDir, root, run, tool } from "./process.mjs";
import { format, markdown, plots } from "./report.mjs";
import { scenarios } from "./scenarios.mjs";

const usage = `Usage: npm run bench [-- options]

Measures Cleat side by side with plain C, QuickJS's qjs and Node. Prints Markdown (progress on stderr) and writes
report.json, report.md and charts (SVG) to build/bench/.

  --only A,B           these scenarios only, or those that begin so ("tls"):
                       ${scenarios
                           .map(({ name }) => name)
                           .join(" ")
                           .replace(/(.{60}\S*) /g, "$1\n                       ")}
  --rounds N           how often everything is measured (5)
  --scale X            operations per measurement, as a multiple of the usual number (1)
  --quick              one round with a tenth of the operations
  --peers A,B          these peers only: c cleat qjs node node-streams, and names given by --cleat and --peer
  --cleat [NAME=]FILE  measure this build instead of build/cleat; may be given several times
  --peer NAME=COMMAND  another runtime; may be given several times
  --output FOLDER      where the files go (build/bench)
  --json               print JSON instead of Markdown
  --help               show this

COMMAND of --peer is run with the scenario's name as its last argument: hello prints a line and ends; echo, pipe,
accept (TCP) and udp listen on 127.0.0.1 at any port, print its number as their first line, and echo; multicast joins
239.255.42.99 on lo, counts datagrams and answers those that start with "!" with their number so far in decimal;
timers, which a count follows as one argument more, lets so many timers of 300 to 349 ms wait at once and ends.
tls-echo, tls-accept, tls-source and tls-sink are followed by the paths of a certificate and of its key (docs/bench.md).

Examples:
  npm run bench
  npm run bench -- --only echo,udp --rounds 3
  npm run bench -- --cleat old=../before/build/cleat --cleat new=build/cleat --peers old,new,c
  npm run bench -- --peer 'other=/usr/bin/other run /tmp/bench.js' --quick
  npm run --silent bench -- --json > report.json`;

const say = (text) => process.stderr.write(`${text}\n`);

function parse() {
    const { values } = parseArgs({
        options: {
            only: { type: "string" },
            rounds: { type: "string" },
            scale: { type: "string" },
            quick: { type: "boolean", default: false },
            peers: { type: "string" },
            cleat: { type: "string", multiple: true, default: [] },
            peer: { type: "string", multiple: true, default: [] },
            output: { type: "string", default: outputDir },
            json: { type: "boolean", default: false },
            help: { type: "boolean", short: "h", default: false },
        },
    });
    const options = {
        ...values,
        rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
        scale: Number(values.scale ?? (values.quick ? 0.1 : 1)),
    };
    if (!Number.isInteger(options.rounds) || options.rounds < 1 || !(options.scale > 0)) {
        throw new Error("--rounds takes a whole number from 1 on, --scale a positive number");
    }
    return options;
}

/** Those of `list` whose names, or beginnings of names up to a hyphen, stand in `text`; all if there is none. */
function choose(list, text) {
    const all = list.map(({ name }) => name);
    const names = (text?.split(",") ?? all).flatMap((name) => {
        const chosen = all.includes(name) ? [name] : all.filter((one) => one.startsWith(`${name}-`));
        if (chosen.length === 0) {
            throw new Error(`no "${name}"; there are ${all.join(" ")}`);
        }
        return chosen;
    });
    return list.filter(({ name }) => names.includes(name));
}

/** Runs a program whose output is progress. */
async function show(program, ...args) {
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", 2, 2] });
    const [code] = await once(child, "exit");
    if (code !== 0) {
        throw new Error(`${[program, ...args].join(" ")} failed, see above`);
    }
}

/** Builds the tools, the apps and, unless others are measured, Cleat. */
async function build(isOwn) {
    if (!existsSync(path.join(buildDir, "build.ninja")) || !existsSync(path.join(root, "node_modules"))) {
        await show(process.execPath, "tools/build.mjs");
    }
    await show("cmake", "--build", buildDir, "--target", "bench-tools", ...(isOwn ? ["cleat"] : []));
    mkdirSync(path.dirname(appBundle("echo")), { recursive: true });
    for (const app of apps) {
        await run([process.execPath, "tools/cleat.mjs", "build", `bench/apps/${app}`, "-o", appBundle(app)]);
    }
}

/** One measurement, tried again once: a busy machine is no failure. */
async function measureOnce(scenario, peer, point, plan) {
    try {
        return await scenario.run(peer, point, plan);
    } catch {
        return scenario.run(peer, point, plan);
    }
}

/**
 * Measures one point of a scenario: every round each peer in turn. Resolves with one result for each metric,
 * {scenario, title, point, pointLabel, metric, unit, isMain, inTable, reference, peers}, where peers are by name
 * {median, min, max, samples} and a failed round's sample is null.
 */
async function measurePoint(scenario, point, peers, options, failures) {
    const samples = new Map(peers.map(({ name }) => [name, []]));
    const failed = new Set();
    for (let round = 0; round < options.rounds; round++) {
        for (const peer of peers) {
            if (failed.has(peer.name)) {
                samples.get(peer.name).push(null);
                continue;
            }
            try {
                samples.get(peer.name).push(await measureOnce(scenario, peer, point, options));
            } catch (error) {
                samples.get(peer.name).push(null);
                failed.add(peer.name);
                const label = [scenario.name, scenario.pointLabel(point)].filter(Boolean).join(", ");
                failures.push({ scenario: label, peer: peer.name, message: error.message });
                say(`  ${peer.name} failed: ${error.message}`);
            }
        }
    }
    return Object.entries(scenario.metrics).map(([metric, { unit, isMain = false }]) => ({
        scenario: scenario.name,
        title: scenario.title,
        point,
        pointLabel: scenario.pointLabel(point),
        metric,
        unit,
        isMain,
        inTable: scenario.tablePoints?.includes(point) ?? true,
        reference: scenario.reference,
        peers: Object.fromEntries(
            [...samples]
                .map(([name, list]) => [name, list.map((sample) => sample?.[metric] ?? null)])
                .filter(([, list]) => list.some((value) => value !== null))
                .map(([name, list]) => {
                    const values = list.filter((value) => value !== null);
                    const spread = { min: Math.min(...values), max: Math.max(...values) };
                    return [name, { median: median(values), ...spread, samples: list }];
                }),
        ),
    }));
}

async function measureAll(peers, chosen, options) {
    const results = [];
    const failures = [];
    for (const scenario of chosen) {
        const able = peers.filter((peer) => peer.command(scenario.app) !== undefined);
        for (const point of scenario.points) {
            say([`bench: ${scenario.name}`, scenario.pointLabel(point)].filter(Boolean).join(", "));
            const rows = await measurePoint(scenario, point, able, options, failures);
            results.push(...rows);
            for (const { unit, isMain, peers: costs } of rows.filter((row) => row.isMain)) {
                const text = Object.entries(costs).map(([name, cost]) => `${name} ${format(cost.median)}`);
                say(`  ${isMain ? unit : ""}: ${text.join(", ")}`);
            }
        }
    }
    return { results, failures };
}

/** Sizes without symbols. */
async function strippedSizes(peers) {
    const programs = peers
        .map(({ title, command, isCleat, name }) => ({
            title,
            program: command("hello")?.[0],
            isCleat,
            name,
        }))
        .filter(({ isCleat, name }) => isCleat === true || name === "qjs");
    const sizes = [];
    for (const { title, program } of programs) {
        const copy = tool("stripped");
        await run(["strip", "-o", copy, program]);
        sizes.push({ name: title, bytes: statSync(copy).size });
    }
    return sizes;
}

function machine() {
    const [, cpu = os.arch()] = /^model name\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8")) ?? [];
    return { cpu, cpus: os.availableParallelism(), kernel: os.release(), node: process.versions.node };
}

async function main() {
    const options = parse();
    if (options.help) {
        console.log(usage);
        return;
    }
    const peers = choose(allPeers(options.cleat, options.peer), options.peers);
    const chosen = choose(scenarios, options.only);
    say("bench: building what it needs");
    await build(options.cleat.length === 0 && peers.some(({ isCleat }) => isCleat));
    const { rounds, scale } = options;
    const { results, failures } = await measureAll(peers, chosen, { rounds, scale });
    const report = {
        version: 1,
        date: new Date().toISOString(),
        machine: machine(),
        options: { rounds, scale, only: chosen.map(({ name }) => name) },
        peers: peers.map(({ name, title }) => ({ name, title })),
        binaries: chosen.some(({ name }) => name === "hello") ? await strippedSizes(peers) : [],
        results,
        budgets: judge(results, peers),
        failures,
    };
    const folder = path.resolve(options.output);
    mkdirSync(folder, { recursive: true });
    const files = [
        { file: "report.json", content: `${JSON.stringify(report, null, 4)}\n` },
        { file: "report.md", content: markdown(report) },
        ...plots(report).map(({ file, svg }) => ({ file, content: svg })),
    ];
    files.forEach(({ file, content }) => writeFileSync(path.join(folder, file), content));
    process.stdout.write(files[options.json ? 0 : 1].content);
    say(`bench: ${files.map(({ file }) => file).join(", ")} are in ${path.relative(root, folder) || "."}`);
}

try {
    await main();
} catch (error) {
    say(`bench: ${error.message}`);
    process.exitCode = error.code?.startsWith("ERR_PARSE_ARGS") ? 2 : 1;
}
