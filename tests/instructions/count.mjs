// count.mjs - counts the instructions of fixed scenarios under valgrind and compares them with the committed figures.
//
//     npm run instructions                 measure and compare
//     npm run instructions -- --update     measure and record: figures.json, to be committed with the reason
//
// A count does not depend on how busy the machine is, so it can fail a test where a time can't. It does depend on the
// compiler and the C library: figures.json has one row for each of these that somebody recorded. What is counted is
// the musl preset: static, so the machine's C library plays no part, and without a profile, which would change the
// counts of a build that was not trained with the sources as they are now.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.join(import.meta.dirname, "../..");
const figuresFile = path.join(import.meta.dirname, "figures.json");
const preset = "musl";
const binary = path.join(root, "build", preset, "cleat");

/** A count may differ from its figure by this much, up or down. */
export const tolerance = 0.05;

/** Round trips of the two runs whose difference is the cost of one: start-up and first uses cancel out. */
const [fewTrips, manyTrips] = [200, 1200];

const scenarios = {
    hello: { title: "hello world", apps: [["hello.js"]] },
    tcpRoundTrip: { title: "TCP echo, a round trip", apps: trips("tcp") },
    pipeRoundTrip: { title: "TCP echo by pipeTo, a round trip", apps: trips("pipe") },
    udpRoundTrip: { title: "UDP echo, a round trip", apps: trips("udp") },
};

function trips(kind) {
    return [fewTrips, manyTrips].map((count) => ["echo.js", kind, String(count)]);
}

/** Why nothing can be counted here; undefined if it can. */
export function obstacle() {
    if (spawnSync("valgrind", ["--version"]).status !== 0) {
        return "valgrind is not installed (npm run setup -- --tests installs it)";
    }
    return undefined;
}

/** What a count depends on besides our code: "gcc 12.2.0, x86_64-linux-gnu, musl 1.2.3". */
export function toolchain() {
    // The compiler of the preset (cmake/toolchains/musl.cmake).
    const say = (option) => execFileSync("musl-gcc", [option], { encoding: "utf8" }).trim();
    const machine = say("-dumpmachine");
    // musl's loader says its version when it is started by itself.
    const loader = spawnSync(`/lib/ld-musl-${machine.split("-")[0]}.so.1`, { encoding: "utf8" });
    const library = /^Version (\S+)$/m.exec(loader.stderr ?? "")?.[1] ?? "unknown";
    return `gcc ${say("-dumpfullversion")}, ${machine}, musl ${library}`;
}

/** Some containers forbid to switch address randomisation off; the counts then differ in the fourth digit. */
const fixedAddresses = spawnSync("setarch", ["-R", "true"]).status === 0 ? ["setarch", "-R"] : [];

/** Instructions of one run of an app. */
function count(work, app, ...args) {
    const out = path.join(work, "callgrind.out");
    const [program, ...rest] = [
        ...fixedAddresses,
        "valgrind",
        "--tool=callgrind",
        `--callgrind-out-file=${out}`,
        binary,
        "run",
        "-A",
        path.join("tests/instructions", app),
        ...args,
    ];
    const result = spawnSync(program, rest, {
        cwd: root,
        encoding: "utf8",
        env: { PATH: process.env.PATH, LC_ALL: "C" },
        timeout: 120_000,
    });
    const total = /^summary: (\d+)$/m.exec(result.status === 0 ? readFileSync(out, "utf8") : "")?.[1];
    if (total === undefined) {
        throw new Error(`counting ${app} ${args.join(" ")} failed:\n${result.stdout}${result.stderr}`);
    }
    return Number(total);
}

/** Counts every scenario: { hello: 2213201, … }. */
export function measure() {
    const work = mkdtempSync(path.join(tmpdir(), "cleat-instructions-"));
    try {
        const counts = {};
        for (const [name, { apps }] of Object.entries(scenarios)) {
            const [first, second] = apps.map((app) => count(work, ...app));
            counts[name] =
                second === undefined ? first : Math.round((second - first) / (manyTrips - fewTrips));
        }
        return counts;
    } finally {
        rmSync(work, { recursive: true });
    }
}

const readFigures = () => JSON.parse(readFileSync(figuresFile, "utf8"));

/** The figures recorded for a toolchain; undefined if there are none. */
export function recorded(name) {
    return readFigures().figures.find((row) => row.toolchain === name)?.counts;
}

/** One row for each scenario: { name, title, count, figure, change }; change is relative, undefined without a figure. */
export function compare(counts, figures) {
    return Object.entries(scenarios).map(([name, { title }]) => {
        const figure = figures?.[name];
        const change = figure === undefined ? undefined : counts[name] / figure - 1;
        return { name, title, count: counts[name], figure, change };
    });
}

function update(name, counts) {
    const file = readFigures();
    file.figures = [...file.figures.filter((row) => row.toolchain !== name), { toolchain: name, counts }];
    file.figures.sort((a, b) => a.toolchain.localeCompare(b.toolchain));
    writeFileSync(figuresFile, `${JSON.stringify(file, null, 4)}\n`);
}

function format(rows) {
    const text = (value) => (value === undefined ? "-" : value.toLocaleString("en"));
    const percent = (value) =>
        value === undefined ? "-" : `${value > 0 ? "+" : ""}${(value * 100).toFixed(2)} %`;
    return rows
        .map(
            ({ title, count: now, figure, change }) =>
                `${title.padEnd(36)}${text(now).padStart(12)}${text(figure).padStart(12)}${percent(change).padStart(11)}`,
        )
        .join("\n");
}

/** Counts with the build as it is; the exit code. */
function main(args) {
    if (args.some((arg) => arg !== "--update")) {
        console.error("usage: npm run instructions [-- --update]");
        return 2;
    }
    const problem = obstacle();
    if (problem !== undefined) {
        console.error(`error: ${problem}`);
        return 1;
    }
    const name = toolchain();
    const rows = compare(measure(), recorded(name));
    console.log(`${name}\n${"".padEnd(36)}${"counted".padStart(12)}${"recorded".padStart(12)}`);
    console.log(format(rows));
    if (args.includes("--update")) {
        update(name, Object.fromEntries(rows.map((row) => [row.name, row.count])));
        console.log("recorded in tests/instructions/figures.json");
        return 0;
    }
    const bad = rows.filter(({ change }) => change === undefined || Math.abs(change) > tolerance);
    if (bad.length > 0) {
        console.log(
            `beyond ±${tolerance * 100} % or not recorded: ${bad.map(({ title }) => title).join("; ")}`,
        );
        console.log("If that is meant: npm run instructions -- --update");
    }
    return bad.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) {
    const { build } = await import("../../tools/build.mjs");
    const { setUp } = await import("../../tools/setup.mjs");
    await setUp("cross builds");
    await build(preset, { targets: ["cleat"] });
    process.exitCode = main(process.argv.slice(2));
}
