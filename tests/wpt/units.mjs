// units.mjs - the Web Platform Tests as units of tests/runner/units.mjs: one for each file of tests.json, and one that
// compares tests.json and exclusions.json with the corpus. Each app runs in a process of its own.
//
// tests.json: what runs, by folder of the corpus, which folders under gcstress, and what is special about some: `sloppy`
// (not in strict mode), `stubs` (globals that are there, but useless). Every *.any.js file of these folders is listed. exclusions.json: what may fail, a reason for each: {file: reason} or {file: {subtest or /pattern/: reason}}. An
// exclusion that passes, or that matches nothing, is a failure.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { runProgram } from "../runner/process.mjs";
import { readMeta, writeApp } from "./app.mjs";
import { provideCorpus, testFiles } from "./corpus.mjs";
import { judgeFile } from "./results.mjs";

const root = path.join(import.meta.dirname, "../..");
const readJson = (name) => JSON.parse(readFileSync(path.join(import.meta.dirname, name), "utf8"));

/** What a file may take, in seconds: at least what testharness.js gives it in a browser, on machines that are busy. */
const seconds = { normal: 30, long: 60 };

function describe({ name, status, verdict, message, stack, reason }, frame) {
    const first = `${verdict === "excluded" ? `excluded (${reason})` : status}: ${name}`;
    if (status === "PASS") {
        return first;
    }
    const details = [message, verdict === "failed" ? stack : undefined].filter(Boolean).join("\n");
    return `${first}\n${frame(details).trimEnd().replace(/^/gm, "    ")}`;
}

/** Runs one file of the corpus in all its variants. `program` is a command line without "run", `folder` for the apps. */
export async function runFile({ corpus, file, special, exclusions, program, env, flags, slowness, folder }) {
    const failure = (problem) => ({
        passed: 0,
        failed: 1,
        skipped: [],
        excluded: 0,
        problem,
        output: "",
        seconds: 0,
    });
    const location = path.join(corpus, file);
    if (!existsSync(location)) {
        return failure(`the corpus has no ${file}`);
    }
    const { variants } = readMeta(readFileSync(location, "utf8"));
    const results = [];
    let frame;
    for (const variant of variants.length > 0 ? variants : [""]) {
        const name = `${file.replace(/\.any\.js$/, "")}${variant.replace(/\W+/g, "_")}.js`;
        const bundle = path.join(folder, name);
        let app;
        try {
            app = writeApp({ corpus, file, variant, special, target: bundle });
        } catch (error) {
            if (error.code !== "ENOENT") {
                throw error;
            }
            return failure(`the corpus has no ${path.relative(corpus, error.path)}`);
        }
        frame = app.frame;
        const [command, ...args] = [...program, "run", ...flags, bundle];
        const timeout = (app.isLong ? seconds.long : seconds.normal) * slowness;
        results.push(await runProgram(command, args, { cwd: root, env, timeout }));
    }
    const verdict = judgeFile(results, exclusions);
    return {
        ...verdict,
        skipped: [],
        seconds: results.reduce((sum, one) => sum + one.seconds, 0),
        output: [
            ...verdict.subtests.filter((one) => one.verdict === "failed").map((one) => describe(one, frame)),
            ...verdict.complaints,
            frame(verdict.problem ?? ""),
            frame(verdict.other),
        ]
            .filter(Boolean)
            .join("\n"),
        details: verdict.subtests.map((one) => describe(one, frame)).join("\n"),
    };
}

/** The two lists against the corpus. */
async function checkLists(tests, exclusions) {
    const corpus = await provideCorpus();
    const complaints = [];
    let passed = 0;
    for (const [folder, listed] of Object.entries(tests)) {
        const there = testFiles(corpus, folder);
        passed += there.length;
        for (const name of there.filter((one) => !listed.includes(one))) {
            complaints.push(`${folder}/${name} is in the corpus and not in tests.json`);
        }
    }
    const all = new Set(
        Object.entries(tests).flatMap(([folder, names]) => names.map((one) => `${folder}/${one}`)),
    );
    for (const name of Object.keys(exclusions).filter((one) => !all.has(one))) {
        complaints.push(`exclusions.json names ${name}, which is not in tests.json`);
    }
    return {
        passed: complaints.length > 0 || passed === 0 ? 0 : 1,
        failed: complaints.length,
        skipped: [],
        problem: undefined,
        output: complaints.join("\n"),
        seconds: 0,
    };
}

/**
 * The units. `binaryOf(preset)` is the program, `env` its environment, `slowness` by preset how much longer it may take,
 * `flags` more flags for it.
 */
export function wptUnits({ binaryOf, env, slowness, flags = [] }) {
    const { run: tests, gcstress, special } = readJson("tests.json");
    const { comment, ...exclusions } = readJson("exclusions.json");
    void comment;
    const files = Object.entries(tests).flatMap(([folder, names]) =>
        names.map((name) => `${folder}/${name}`),
    );
    const isChosen = (preset, file) => preset !== "gcstress" || gcstress.includes(path.dirname(file));
    const lists = {
        file: "tests/wpt/tests.json",
        preset: "release",
        label: "tests/wpt/tests.json",
        prepare: provideCorpus,
        run: () => checkLists(tests, exclusions),
    };
    const units = ["release", "asan", "gcstress"].flatMap((preset) =>
        files
            .filter((file) => isChosen(preset, file))
            .map((file) => ({
                file: `wpt/${file}`,
                preset,
                label: `wpt/${file}`,
                kind: "Web Platform Tests",
                group: file.split("/")[0],
                prepare: provideCorpus,
                run: async () =>
                    runFile({
                        corpus: await provideCorpus(),
                        file,
                        special: special[file] ?? {},
                        exclusions: exclusions[file],
                        program: [binaryOf(preset)],
                        env,
                        flags,
                        slowness: slowness[preset] ?? 1,
                        folder: path.join(root, "build/tests/wpt"),
                    }),
            })),
    );
    return [lists, ...units];
}
