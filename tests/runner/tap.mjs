// tap.mjs - reads what a test program printed: TAP lines of our own harnesses, or the counts of node:test. A program
// that prints no test, less than its plan, or ends badly without a failed test counts as one failure.

/** {passed, failed, skipped: [text], problem: text | undefined} */
export function readTap(output) {
    const tests = [...output.matchAll(/^(not ok|ok)\b(.*)$/gm)];
    const skipped = tests.filter(([, , title]) => /# SKIP/i.test(title)).map(([, , title]) => title.trim());
    const failed = tests.filter(([, verdict]) => verdict === "not ok").length;
    const plan = /^1\.\.(\d+)$/m.exec(output)?.[1];
    let problem;
    if (plan === undefined) {
        problem = "it ended before its last test";
    } else if (Number(plan) !== tests.length) {
        problem = `it announced ${plan} tests and reported ${tests.length}`;
    } else if (tests.length === 0) {
        problem = "it ran no test";
    }
    return { passed: tests.length - failed - skipped.length, failed, skipped, problem };
}

/** The same from the summary that node:test's TAP reporter prints. */
export function readNodeTap(output) {
    const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(output)?.[1] ?? Number.NaN);
    const skipped = [...output.matchAll(/^\s*ok \d+ - (.*# SKIP.*)$/gm)].map(([, title]) => title);
    const counts = { passed: count("pass"), failed: count("fail") + count("cancelled"), skipped };
    if (Number.isNaN(counts.passed + counts.failed)) {
        return { passed: 0, failed: 0, skipped, problem: "it printed no summary" };
    }
    return {
        ...counts,
        problem: counts.passed + counts.failed + skipped.length === 0 ? "it ran no test" : undefined,
    };
}

/** Counts of a finished program, with its end taken into account. */
export function judge(result, read) {
    const counts = read(result.output);
    let problem = counts.problem;
    if (result.timedOut) {
        problem = `it was stopped after ${result.seconds.toFixed(0)} s`;
    } else if (result.code !== 0 && counts.failed === 0) {
        problem =
            result.signal === null ? `it exited with code ${result.code}` : `it died of ${result.signal}`;
    }
    return { ...counts, failed: counts.failed + (problem === undefined ? 0 : 1), problem };
}
