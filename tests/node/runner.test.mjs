// not: asan (nothing here runs the runtime)
// runner.test.mjs - the test runner itself: whatever goes wrong in a test program must count as a failure.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgram } from "../runner/process.mjs";
import { judge, readNodeTap, readTap } from "../runner/tap.mjs";
import { splitFlags } from "../runner/units.mjs";
import { root } from "./support.mjs";

const shell = (script, timeout = 20) => runProgram("/bin/sh", ["-c", script], { cwd: root, timeout });
const verdict = async (script, timeout) => {
    const { passed, failed, problem } = judge(await shell(script, timeout), readTap);
    return { passed, failed, problem };
};

test("a program that passes all its planned tests counts them", async () => {
    assert.deepEqual(await verdict("echo ok 1 - a; echo ok 2 - b; echo 1..2"), {
        passed: 2,
        failed: 0,
        problem: undefined,
    });
});

test("a failed test, a missing plan, a short plan, no test, a bad exit code and a signal are failures", async () => {
    const scripts = {
        "echo not ok 1 - a; echo 1..1; exit 1": undefined,
        "echo not ok 1 - a; echo 1..1": undefined,
        "echo ok 1 - a": "it ended before its last test",
        "echo ok 1 - a; echo 1..2": "it announced 2 tests and reported 1",
        "echo 1..0": "it ran no test",
        "": "it ended before its last test",
        "echo ok 1 - a; echo 1..1; exit 3": "it exited with code 3",
        "echo ok 1 - a; echo 1..1; kill -SEGV $$": "it died of SIGSEGV",
    };
    for (const [script, problem] of Object.entries(scripts)) {
        const result = await verdict(script);
        assert.equal(result.failed, 1, script);
        assert.equal(result.problem, problem, script);
    }
});

test("a program that hangs is stopped with everything it started", async () => {
    const result = await shell("sleep 61.5 & echo ok 1 - a; echo 1..1; wait", 0.5);
    assert.equal(judge(result, readTap).failed, 1);
    const { output } = await shell("ps -e -o args | grep -c '[s]leep 61.5'");
    assert.equal(output.trim(), "0");
});

test("a program that is not there is a failure", async () => {
    const result = await runProgram("/nonexistent/program", [], { cwd: root, timeout: 5 });
    assert.equal(judge(result, readTap).failed, 1);
});

test("skipped tests are neither passed nor failed, and named", async () => {
    const counts = judge(await shell("echo ok 1 - a; echo 'ok 2 - b # SKIP no IPv6'; echo 1..2"), readTap);
    assert.deepEqual([counts.passed, counts.failed, counts.skipped], [1, 0, ["2 - b # SKIP no IPv6"]]);
});

test("a node:test program that dies before its summary is a failure", async () => {
    assert.equal(judge(await shell("echo TAP version 13; exit 1"), readNodeTap).failed, 1);
});

test("flags are split at blanks outside quotes", () => {
    assert.deepEqual(splitFlags(`--allow tcp "--deny=udp.send=a b" -A`), [
        "--allow",
        "tcp",
        "--deny=udp.send=a b",
        "-A",
    ]);
});
