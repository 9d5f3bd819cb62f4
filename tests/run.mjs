// run.mjs - what `npm test` does: sets the machine up, builds each preset, runs every test with it, and ends with the
// line "N passed, N failed". What there is to run, and how a test file says what it needs, is in runner/units.mjs.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { SetupError, progress, runMain } from "../tools/setup/log.mjs";
import { setUp } from "../tools/setup.mjs";

const usage = `usage: npm test [-- [options] [filter…]]

Runs the tests whose path contains one of the filters; all of them if there is none.

    --quick          release build only: no sanitizers, fuzzers or cross builds
    --preset NAME    only this build (may be given again): release asan gcstress fuzz musl mipsel
    --jobs N         tests at the same time (2)
    --flags "FLAGS"  more flags for the runtime, in in-runtime tests and Web Platform Tests
    --verbose        show the output of tests that pass, and each subtest of the Web Platform Tests
    --json FILE      write all results to a file
    --list           show what would run
    --help           show this
`;

function parse() {
    try {
        return parseArgs({
            allowPositionals: true,
            options: {
                quick: { type: "boolean" },
                preset: { type: "string", multiple: true },
                jobs: { type: "string", default: "2" },
                flags: { type: "string", default: "" },
                verbose: { type: "boolean" },
                json: { type: "string" },
                list: { type: "boolean" },
                help: { type: "boolean", short: "h" },
            },
        });
    } catch (error) {
        throw new SetupError(`${error.message}\n\n${usage}`);
    }
}

/** Runs units with `jobs` at a time, exclusive ones alone at the end; reports each as it ends. */
async function runUnits(units, jobs, report) {
    const shared = units.filter((unit) => unit.exclusive !== true);
    const worker = async () => {
        for (let unit = shared.shift(); unit !== undefined; unit = shared.shift()) {
            report(unit, await unit.run());
        }
    };
    await Promise.all(Array.from({ length: jobs }, worker));
    for (const unit of units.filter(({ exclusive }) => exclusive === true)) {
        report(unit, await unit.run());
    }
}

/**
 * Does what units need before they run. Where that fails, it is one failure and these units are left out: the others can
 * still tell something.
 */
async function prepareUnits(units, totals) {
    const failed = new Set();
    for (const prepare of new Set(units.map((unit) => unit.prepare).filter(Boolean))) {
        try {
            await prepare();
        } catch (error) {
            if (!(error instanceof SetupError)) {
                throw error;
            }
            const own = units.filter((unit) => unit.prepare === prepare);
            console.log(`FAIL ${own.length} test files can't run: ${error.message}`);
            totals.failures.push(`${own.length} test files that can't run, the first is ${own[0].label}`);
            totals.failed++;
            failed.add(prepare);
        }
    }
    return units.filter((unit) => !failed.has(unit.prepare));
}

/** Counts of a kind of tests that has subtests by the hundred, some of them excluded; each of its groups apart. */
function countKind(kinds, unit, result) {
    if (unit.kind === undefined) {
        return;
    }
    const name = `${unit.kind}, ${unit.group} [${unit.preset}]`;
    const counts = kinds.get(name) ?? { files: 0, passed: 0, failed: 0, excluded: 0 };
    counts.files++;
    for (const key of ["passed", "failed", "excluded"]) {
        counts[key] += result[key];
    }
    kinds.set(name, counts);
}

function reporter(totals, verbose) {
    return (unit, result) => {
        totals.results.push({ label: unit.label, preset: unit.preset, ...result });
        countKind(totals.kinds, unit, result);
        totals.passed += result.passed;
        totals.failed += result.failed;
        for (const title of result.skipped) {
            totals.skipped.push(`${unit.label} [${unit.preset}]: ${title}`);
        }
        const counts = ["passed", "failed", "excluded"]
            .filter((key) => key === "passed" || result[key] > 0)
            .map((key) => `${result[key]} ${key}`)
            .join(", ");
        const verdict = result.failed > 0 ? "FAIL" : "ok  ";
        console.log(`${verdict} ${unit.label} [${unit.preset}] ${counts}, ${result.seconds.toFixed(1)} s`);
        if (result.failed > 0) {
            totals.failures.push(
                `${unit.label} [${unit.preset}]${result.problem === undefined ? "" : `: ${result.problem}`}`,
            );
            console.log(result.output.trimEnd().replace(/^/gm, "     | "));
        }
        if (verbose === true && (result.failed === 0 || result.details !== undefined)) {
            console.log((result.details ?? result.output).trimEnd().replace(/^/gm, "     . "));
        }
    };
}

await runMain(async () => {
    const { values: options, positionals: filters } = parse();
    if (options.help === true) {
        console.log(usage);
        return 0;
    }
    const start = performance.now();
    const presets = options.preset ?? (options.quick === true ? ["release"] : undefined);
    const isCross =
        presets === undefined || presets.some((preset) => ["fuzz", "musl", "mipsel"].includes(preset));
    await setUp(isCross ? "tests" : "quick tests");
    // Both need npm packages, which are there only now.
    const { allPresets, allUnits, splitFlags } = await import("./runner/units.mjs");
    const { build } = await import("../tools/build.mjs");
    const chosen = presets ?? allPresets;
    const unknown = chosen.filter((preset) => !allPresets.includes(preset));
    if (unknown.length > 0) {
        throw new SetupError(`unknown preset ${unknown.join(", ")}; there are ${allPresets.join(" ")}`);
    }
    const units = allUnits(splitFlags(options.flags)).filter(
        (unit) =>
            chosen.includes(unit.preset) &&
            (filters.length === 0 || filters.some((filter) => unit.label.includes(filter))),
    );
    if (units.length === 0) {
        throw new SetupError(`no test matches ${filters.join(" ")}; "npm test -- --list" shows them all`);
    }
    if (options.list === true) {
        units.forEach((unit) => console.log(`${unit.label} [${unit.preset}]`));
        return 0;
    }

    const totals = { passed: 0, failed: 0, skipped: [], failures: [], kinds: new Map(), results: [] };
    const ready = await prepareUnits(units, totals);
    for (const preset of chosen) {
        const own = ready.filter((unit) => unit.preset === preset);
        if (own.length === 0) {
            continue;
        }
        try {
            await build(preset, { targets: [...new Set(own.map(({ target }) => target ?? "all"))] });
        } catch (error) {
            if (!(error instanceof SetupError)) {
                throw error;
            }
            console.log(`FAIL build of ${preset}: ${error.message}`);
            totals.failures.push(`build of ${preset}`);
            totals.failed++;
            continue;
        }
        progress(`running ${own.length} test files with ${preset}`);
        await runUnits(own, Number(options.jobs), reporter(totals, options.verbose));
    }

    if (totals.skipped.length > 0) {
        console.log(
            `\nskipped (${totals.skipped.length}):\n${totals.skipped.map((line) => `    ${line}`).join("\n")}`,
        );
    }
    if (totals.failures.length > 0) {
        console.log(`\nfailures:\n${totals.failures.map((line) => `    ${line}`).join("\n")}`);
    }
    console.log("");
    for (const [name, { files, passed, failed, excluded }] of totals.kinds) {
        console.log(`${name}: ${passed} passed, ${failed} failed, ${excluded} excluded in ${files} files`);
    }
    if (options.json !== undefined) {
        writeFileSync(options.json, `${JSON.stringify(totals.results, undefined, 1)}\n`);
    }
    console.log(`\n${((performance.now() - start) / 1000).toFixed(0)} s`);
    console.log(`${totals.passed} passed, ${totals.failed} failed`);
    return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
});
