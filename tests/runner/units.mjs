// units.mjs - what there is to run: one unit per test file and preset. A unit is {label, preset, exclusive, run()},
// where run() resolves with {passed, failed, skipped, problem, output, seconds}; prepare(), if there is one, has to be done
// before.
//
//   tests/c/test_*.c              one program each (presets release, asan)
//   tests/api/**/*.test.ts        apps inside the runtime (release, asan, gcstress; others by an `also` comment); those
//                                 of sockets again with --standard-streams (release, asan)
//   tests/node/**/*.test.mjs      node:test programs that drive the runtime from outside (release, asan); they find
//                                 it in CLEAT_BINARY, the preset's name in CLEAT_PRESET
//   tests/wpt/tests.json          files of the Web Platform Tests (release, asan, gcstress): see tests/wpt/units.mjs;
//                                 those of streams again with --standard-streams (release)
//   tests/fuzz/fuzz_*.c           a few seconds each, starting from tests/fuzz/corpus/<parser> (fuzz)
//
// Comments at the top of a test file (before the first other line):
//   // flags: --allow tcp.connect=127.0.0.1:*      flags for the runtime (api)
//   // timeout: 120                                seconds for the whole file (api: 30, node: 300, c: 60)
//   // also: musl, mipsel                          further presets that run it (api, node)
//   // not: asan                                   presets that don't, with the reason in words behind (api, node)
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { SourceMap } from "node:module";
import path from "node:path";
import * as esbuild from "esbuild";
import { runProgram } from "./process.mjs";
import { wptUnits } from "../wpt/units.mjs";
import { judge, readNodeTap, readTap } from "./tap.mjs";

const root = path.join(import.meta.dirname, "../..");
const fuzzSeconds = 4;
/** How much longer a preset may take than release. */
const slowness = { asan: 4, gcstress: 20, mipsel: 10 };
const environment = {
    ASAN_OPTIONS: "detect_leaks=1:detect_stack_use_after_return=0",
    UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
};

export const allPresets = ["release", "asan", "gcstress", "fuzz", "musl", "mipsel"];

function buildDir(preset) {
    return path.join(root, preset === "release" ? "build" : `build/${preset}`);
}

function listFiles(folder, pattern) {
    const absolute = path.join(root, folder);
    if (!existsSync(absolute)) {
        return [];
    }
    return readdirSync(absolute, { recursive: true })
        .filter((name) => pattern.test(name) && !name.includes("node_modules"))
        .map((name) => path.join(folder, name))
        .sort();
}

/** The "// name: value" comments before the first line of code. */
export function headComments(file) {
    const comments = {};
    for (const line of readFileSync(path.join(root, file), "utf8").split("\n")) {
        if (!line.startsWith("//")) {
            break;
        }
        const [, name, value] = /^\/\/ (flags|timeout|also|not): (.*)$/.exec(line) ?? [];
        if (name !== undefined) {
            comments[name] = value.trim();
        }
    }
    return comments;
}

/** Splits a command line at blanks; quotes keep blanks. */
export function splitFlags(text) {
    return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ""));
}

function presetsOf(comments, usual) {
    const also = (comments.also ?? "").split(/[\s,]+/).filter(Boolean);
    const not = (comments.not ?? "").split(/[\s,]+/);
    return [...new Set([...usual, ...also])].filter((preset) => !not.includes(preset));
}

async function finish(result, read) {
    return { ...judge(result, read), output: result.output, seconds: result.seconds };
}

function cUnits() {
    return listFiles("tests/c", /^test_.*\.c$/).flatMap((file) =>
        ["release", "asan"].map((preset) => ({
            file,
            preset,
            label: file,
            target: "c-tests",
            async run() {
                const program = path.join(buildDir(preset), "c-tests", path.basename(file, ".c"));
                const timeout = 60 * (slowness[preset] ?? 1);
                return finish(
                    await runProgram(program, [], { cwd: root, env: environment, timeout }),
                    readTap,
                );
            },
        })),
    );
}

/** Bundles an in-runtime test with the harness; the source map lies beside it. */
async function bundleApiTest(file) {
    const outfile = path.join(root, "build/tests", file.replace(/\.ts$/, ".js"));
    await esbuild.build({
        entryPoints: [path.join(root, file)],
        outfile,
        absWorkingDir: root,
        bundle: true,
        format: "esm",
        platform: "neutral",
        target: "es2023",
        charset: "utf8",
        sourcemap: true,
        sourcesContent: false,
        logLevel: "silent",
        external: ["cleat:*"],
    });
    return outfile;
}

/** Lines of the bundle in stack traces become lines of the sources. */
function mapFrames(output, bundle) {
    const name = path.basename(bundle);
    if (!output.includes(`(${name}:`)) {
        return output;
    }
    const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, "utf8")));
    return output.replace(/\(([^():]+):(\d+):(\d+)\)/g, (frame, file, line, column) => {
        const { originalSource, originalLine, originalColumn } = map.findEntry(line - 1, column - 1);
        if (file !== name || originalSource === undefined) {
            return frame;
        }
        const source = path.relative(root, path.resolve(path.dirname(bundle), originalSource));
        return `(${source}:${originalLine + 1}:${originalColumn + 1})`;
    });
}

function apiUnits(flags, files, usualPresets, suffix = "") {
    return files.flatMap((file) => {
        const comments = headComments(file);
        return presetsOf(comments, usualPresets).map((preset) => ({
            file,
            preset,
            label: `${file}${suffix}`,
            async run() {
                let bundle;
                try {
                    bundle = await bundleApiTest(file);
                } catch (error) {
                    return {
                        passed: 0,
                        failed: 1,
                        skipped: [],
                        problem: "it can't be bundled",
                        output: error.message,
                        seconds: 0,
                    };
                }
                const binary = path.join(buildDir(preset), "cleat");
                const command = [...(preset === "mipsel" ? ["qemu-mipsel"] : []), binary, "run"];
                const [program, ...args] = [
                    ...command,
                    ...flags,
                    ...splitFlags(comments.flags ?? ""),
                    bundle,
                ];
                const timeout = Number(comments.timeout ?? 30) * (slowness[preset] ?? 1);
                const result = await runProgram(program, args, { cwd: root, env: environment, timeout });
                return finish({ ...result, output: mapFrames(result.output, bundle) }, readTap);
            },
        }));
    });
}

function nodeUnits() {
    return listFiles("tests/node", /\.test\.mjs$/).flatMap((file) => {
        const comments = headComments(file);
        return presetsOf(comments, ["release", "asan"]).map((preset) => ({
            file,
            preset,
            label: file,
            exclusive: true,
            async run() {
                const env = {
                    ...environment,
                    CLEAT_BINARY: path.join(buildDir(preset), "cleat"),
                    CLEAT_PRESET: preset,
                };
                const timeout = Number(comments.timeout ?? 300) * (preset === "release" ? 1 : 2);
                const args = ["--test-reporter=tap", path.join(root, file)];
                return finish(
                    await runProgram(process.execPath, args, { cwd: root, env, timeout }),
                    readNodeTap,
                );
            },
        }));
    });
}

/** libFuzzer prints no TAP: a fuzzer is one test, which passes if the program ends well. */
function readFuzzer(output) {
    return { passed: /^Done \d+ runs/m.test(output) ? 1 : 0, failed: 0, skipped: [], problem: undefined };
}

function fuzzUnits() {
    return listFiles("tests/fuzz", /^fuzz_.*\.c$/).map((file) => {
        const name = path.basename(file, ".c");
        return {
            file,
            preset: "fuzz",
            label: file,
            target: "fuzzers",
            async run() {
                const found = path.join(buildDir("fuzz"), "corpus", name); // what it finds stays out of the repository
                const corpus = path.join(root, "tests/fuzz/corpus", name.replace("fuzz_", ""));
                mkdirSync(found, { recursive: true });
                const args = [
                    `-max_total_time=${fuzzSeconds}`,
                    "-timeout=10",
                    "-rss_limit_mb=1024",
                    `-artifact_prefix=${found}-`,
                    found,
                    ...(existsSync(corpus) ? [corpus] : []),
                ];
                const program = path.join(buildDir("fuzz"), "fuzzers", name);
                const result = await runProgram(program, args, {
                    cwd: root,
                    env: environment,
                    timeout: fuzzSeconds + 60,
                });
                return finish(result, readFuzzer);
            },
        };
    });
}

/** `flags`: more flags for the runtime, for apps that it runs directly (api, wpt). */
export function allUnits(flags = []) {
    const binaryOf = (preset) => path.join(buildDir(preset), "cleat");
    const apps = listFiles("tests/api", /\.test\.ts$/);
    const socketApps = apps.filter((file) => /^tests\/api\/(sockets|w3c)\//.test(file));
    const suffix = " (standard streams)";
    const standard = [...flags, "--standard-streams"];
    return [
        ...cUnits(),
        ...apiUnits(flags, apps, ["release", "asan", "gcstress"]),
        ...apiUnits(standard, socketApps, ["release", "asan"], suffix),
        ...nodeUnits(),
        ...wptUnits({ binaryOf, env: environment, slowness, flags }),
        ...wptUnits({ binaryOf, env: environment, slowness, flags: standard })
            .filter(({ preset, label }) => preset === "release" && label.includes("streams/"))
            .map((unit) => ({ ...unit, label: `${unit.label}${suffix}`, group: `${unit.group}${suffix}` })),
        ...fuzzUnits(),
    ];
}
