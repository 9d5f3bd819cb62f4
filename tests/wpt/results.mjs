// results.mjs - from the output of an app (reporter.js) and the exclusions of its file to a verdict. A crash, a time-out,
// an error outside of tests and a test without result are failures; so is an exclusion that nothing needs.

const statuses = ["PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED"];
const marker = "@wpt ";

/** An event, or undefined: errors on stderr may stand in the middle of a long line. What is lost is missed at the end. */
function parseEvent(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/** {subtests: [{name, status, message, stack}], isLoaded, end: {count, status, message, stack} | undefined, other: text} */
export function readEvents(output) {
    const events = [];
    const other = [];
    for (const line of output.split("\n")) {
        const event = line.startsWith(marker) ? parseEvent(line.slice(marker.length)) : undefined;
        if (event !== undefined) {
            events.push(event);
        } else if (line !== "") {
            other.push(line);
        }
    }
    const results = events
        .filter(({ event }) => event === "result")
        .map(({ name, status, message, stack }) => ({ name, status: statuses[status], message, stack }));
    const known = new Set(results.map(({ name }) => name));
    const unfinished = events
        .filter(({ event, name }) => event === "start" && !known.has(name))
        .map(({ name }) => ({ name, status: "UNFINISHED", message: "it has no result" }));
    return {
        subtests: [...results, ...unfinished],
        isLoaded: events.some(({ event }) => event === "loaded"),
        end: events.find(({ event }) => event === "end"),
        other: other.join("\n"),
    };
}

/** Why the file as a whole has failed, whatever its subtests say; undefined if it has not. */
function problemOf({ code, signal, timedOut, seconds }, { subtests, isLoaded, end }) {
    if (timedOut) {
        return `it was stopped after ${seconds.toFixed(0)} s`;
    }
    if (signal !== null) {
        return `it died of ${signal}`;
    }
    if (code !== 0) {
        return `it exited with code ${code}`;
    }
    if (end === undefined) {
        return "it ended before its last test";
    }
    if (end.status !== 0) {
        return `error outside of tests: ${end.message}\n${end.stack ?? ""}`.trimEnd();
    }
    if (!isLoaded) {
        return "an error ended it while it was loaded";
    }
    if (end.count !== subtests.length) {
        return `it ran ${end.count} tests and reported ${subtests.length}`;
    }
    return subtests.length === 0 ? "it ran no test" : undefined;
}

/** A key of exclusions.json: the name of a subtest, or a /regular expression/ for several. */
function matcher(key) {
    const [, pattern] = /^\/(.*)\/$/s.exec(key) ?? [];
    if (pattern === undefined) {
        return (name) => name === key;
    }
    const expression = new RegExp(pattern, "u");
    return (name) => expression.test(name);
}

/**
 * {passed, failed, excluded, problem, complaints, subtests}: the counts of subtests; every subtest has got a `verdict`
 * ("passed", "failed", "excluded") and an excluded one its `reason`. `results` are the ended programs, one for each
 * variant of the file; `exclusions` is the file's entry of exclusions.json.
 */
export function judgeFile(results, exclusions) {
    const runs = results.map((result) => ({ result, read: readEvents(result.output) }));
    const read = {
        subtests: runs.flatMap((run) => run.read.subtests),
        other: runs
            .map((run) => run.read.other)
            .filter(Boolean)
            .join("\n"),
    };
    let problem = runs.map((run) => problemOf(run.result, run.read)).find((text) => text !== undefined);
    const complaints = [];
    const reasons = typeof exclusions === "string" ? {} : (exclusions ?? {});
    for (const subtest of read.subtests) {
        subtest.verdict = subtest.status === "PASS" ? "passed" : "failed";
    }
    for (const [key, reason] of Object.entries(reasons)) {
        const matches = matcher(key);
        const found = read.subtests.filter(({ name }) => matches(name));
        if (found.length === 0 && problem === undefined) {
            complaints.push(`no subtest matches the exclusion ${key}`);
        }
        for (const subtest of found) {
            if (subtest.status === "PASS") {
                complaints.push(`excluded, but passes: ${subtest.name}`);
            } else {
                subtest.verdict = "excluded";
                subtest.reason = reason;
            }
        }
    }
    const count = (verdict) => read.subtests.filter((subtest) => subtest.verdict === verdict).length;
    if (typeof exclusions === "string") {
        if (problem === undefined && count("failed") === 0) {
            complaints.push("the whole file is excluded, but passes");
        } else {
            for (const subtest of read.subtests.filter(({ verdict }) => verdict === "failed")) {
                subtest.verdict = "excluded";
                subtest.reason = exclusions;
            }
            if (problem !== undefined) {
                read.subtests.push({
                    name: "the file as a whole",
                    status: "FAIL",
                    message: problem,
                    verdict: "excluded",
                    reason: exclusions,
                });
                problem = undefined;
            }
        }
    }
    return {
        passed: count("passed"),
        failed: count("failed") + complaints.length + (problem === undefined ? 0 : 1),
        excluded: count("excluded"),
        problem,
        complaints,
        subtests: read.subtests,
        other: read.other,
    };
}
