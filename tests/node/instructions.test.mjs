// instructions.test.mjs - the instruction counts of start-up and echo stay within ±5 % of the committed figures. The
// figures hold for one toolchain: with another, each scenario counts as skipped.
// also: musl
// not: release, asan (the profile's and the sanitizer's instructions are not ours)
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, measure, obstacle, recorded, tolerance, toolchain } from "../instructions/count.mjs";

const problem = obstacle();
const name = toolchain();
const figures = recorded(name);

if (problem !== undefined || figures === undefined) {
    const reason = problem ?? `no figures for ${name}: npm run instructions -- --update records them`;
    test("instruction counts of hello world and echo", { skip: reason }, () => {});
} else {
    for (const { title, count, figure, change } of compare(measure(), figures)) {
        test(`instructions: ${title}`, () => {
            assert.ok(
                figure !== undefined && Math.abs(change) <= tolerance,
                `${count} instead of ${figure} (${(change * 100).toFixed(1)} %). A figure that changes for a reason ` +
                    "is updated by: npm run instructions -- --update",
            );
        });
    }
}
