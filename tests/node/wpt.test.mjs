// wpt.test.mjs - the runner of the Web Platform Tests: whatever goes wrong in a file must count as a failure, and an
// exclusion that is not needed too. Files written here run with the testharness.js of the corpus.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { provideCorpus } from "../wpt/corpus.mjs";
import { readMeta } from "../wpt/app.mjs";
import { judgeFile } from "../wpt/results.mjs";
import { runFile } from "../wpt/units.mjs";
import { cleat } from "./support.mjs";

const corpus = mkdtempSync(path.join(tmpdir(), "cleat-wpt-"));
after(() => rmSync(corpus, { recursive: true }));
mkdirSync(path.join(corpus, "area"));
symlinkSync(path.join(await provideCorpus(), "resources"), path.join(corpus, "resources"));

let files = 0;

/** Runs a file with this source. */
async function run(source, { exclusions, special = {} } = {}) {
    const file = `area/test${files++}.any.js`;
    writeFileSync(path.join(corpus, file), source);
    const folder = path.join(corpus, "apps");
    return runFile({
        corpus,
        file,
        special,
        exclusions,
        program: [cleat],
        env: {},
        flags: [],
        slowness: 1,
        folder,
    });
}

const counts = ({ passed, failed, excluded, problem }) => ({ passed, failed, excluded, problem });

test("subtests are counted, and a failed one is described by its message and its place", async () => {
    const result = await run("test(() => {}, 'good');\ntest(() => assert_equals(1, 2), 'bad');");
    assert.deepEqual(counts(result), { passed: 1, failed: 1, excluded: 0, problem: undefined });
    assert.match(result.output, /^FAIL: bad\n {4}assert_equals: expected 2 but got 1/);
    assert.match(result.output, /area\/test\d+\.any\.js:2/);
});

test("a rejected promise test fails", async () => {
    const result = await run("promise_test(() => Promise.reject(new Error('no')), 'a');");
    assert.deepEqual(counts(result), { passed: 0, failed: 1, excluded: 0, problem: undefined });
});

test("an error outside of tests, also a rejection that nobody handles, is a failure of the file", async () => {
    for (const code of [
        "setTimeout(() => { throw new Error('out') }, 0)",
        "Promise.reject(new Error('out'))",
    ]) {
        const result = await run(
            `promise_test(() => new Promise((done) => setTimeout(done, 50)), 'a'); ${code};`,
        );
        assert.ok(result.failed > 0, code);
        assert.match(result.problem, /^error outside of tests: .*out/, code);
    }
});

test("an app that can't be loaded or ends too early is a failure", async () => {
    const early = await run("promise_test(() => new Promise(() => setTimeout(cleat.exit, 10)), 'a');");
    assert.equal(early.problem, "it ended before its last test");
    assert.equal(early.failed, 2, "the file, and the test without result");
    assert.equal((await run("const a = ;")).failed, 1);
    const thrown = await run("test(() => {}, 'a'); throw new Error('half-way');");
    assert.deepEqual([thrown.passed, thrown.failed], [1, 1]);
    assert.match(thrown.output, /half-way/);
});

test("a file that is not there, or a script that it wants, is a failure", async () => {
    const missing = await runFile({ corpus, file: "area/none.any.js", special: {}, program: [cleat] });
    assert.equal(missing.failed, 1);
    const script = await run("// META: script=none.js\ntest(() => {}, 'a');");
    assert.deepEqual([script.failed, script.problem], [1, "the corpus has no area/none.js"]);
});

test("each variant runs, and scripts are loaded before the file", async () => {
    writeFileSync(path.join(corpus, "area/helper.js"), "const helper = () => location.search;");
    const result = await run(
        "// META: script=helper.js\n// META: variant=?1\n// META: variant=?2\ntest(() => {}, helper());",
    );
    assert.deepEqual(
        result.subtests.map(({ name }) => name),
        ["?1", "?2"],
    );
});

test("META lines are those before the first code", () => {
    const meta = readMeta(
        "// META: script=a.js\n\n// note\n// META: timeout=long\n'use strict';\n// META: script=b.js",
    );
    assert.deepEqual(meta, { scripts: ["a.js"], variants: [], isLong: true, title: undefined });
});

test("an excluded subtest is neither passed nor failed; one that passes or is not there is a failure", async () => {
    const source = "test(() => {}, 'good'); test(() => assert_true(false), 'bad 1');";
    const verdict = async (exclusions) => counts(await run(source, { exclusions }));
    const fine = { passed: 1, failed: 0, excluded: 1, problem: undefined };
    assert.deepEqual(await verdict({ "bad 1": "why" }), fine);
    assert.deepEqual(await verdict({ "/^bad/": "why" }), fine);
    assert.deepEqual(await verdict("why"), fine);
    assert.equal((await verdict({ "bad 1": "why", "bad 2": "why" })).failed, 1);
    assert.equal((await verdict({ "/d/": "why" })).failed, 1, "a pattern that also matches what passes");
    const passing = await run("test(() => {}, 'good');", { exclusions: "why" });
    assert.equal(passing.failed, 1);
});

test("a time-out, a signal and a lost result are failures whatever was reported before", () => {
    const line = (event) => `@wpt ${JSON.stringify(event)}\n`;
    const loaded = line({ event: "loaded" });
    const started = loaded + line({ event: "start", name: "a" });
    const passed = started + line({ event: "result", name: "a", status: 0 });
    const end = line({ event: "end", count: 1, status: 0 });
    const ended = { code: 0, signal: null, timedOut: false, seconds: 1 };
    const failures = (result) => judgeFile([{ ...ended, ...result }]).failed;
    assert.equal(failures({ output: passed + end }), 0);
    assert.equal(failures({ output: passed, timedOut: true, code: null, signal: "SIGKILL" }), 1);
    assert.equal(failures({ output: passed + end, code: null, signal: "SIGSEGV" }), 1);
    assert.equal(failures({ output: passed + end, code: 1 }), 1);
    assert.equal(failures({ output: passed + line({ event: "end", count: 2, status: 0 }) }), 1);
    assert.equal(failures({ output: `@wpt {"event":"start","na\n${loaded}${end}` }), 1);
    assert.equal(failures({ output: (passed + end).replace(loaded, "") }), 1);
});
