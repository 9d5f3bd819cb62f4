// not: asan (nothing here runs the runtime)
// w3c_sentences.test.mjs - the sentence map docs/standards/w3c-sockets.md against the tests: each id of the one is an id
// of exactly one of the others, in the file that the map names, and the numbers have no gap.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { root } from "./support.mjs";

const read = (file) => readFileSync(path.join(root, file), "utf8");

/** Id → file, from the map. */
function idsOfMap() {
    const ids = new Map();
    let file;
    for (const line of read("docs/standards/w3c-sockets.md").split("\n")) {
        file = /^`(tests\/.*)`$/.exec(line)?.[1] ?? file;
        const id = /^\| (W3C-\d{3}) /.exec(line)?.[1];
        if (id !== undefined) {
            assert.ok(!ids.has(id), `${id} stands twice in the map`);
            ids.set(id, file);
        }
    }
    return ids;
}

/** [id, file] of every test. The consent tests compute theirs: nine from a first one on. */
function idsOfTests() {
    const files = [
        ...readdirSync(path.join(root, "tests/api/w3c")).map((name) => `tests/api/w3c/${name}`),
        ...readdirSync(path.join(root, "tests/node")).map((name) => `tests/node/${name}`),
    ].filter((name) => /\.test\.(ts|mjs)$/.test(name));
    return files.flatMap((file) => {
        const code = read(file);
        const ids = [...code.matchAll(/test\(\s*"(W3C-\d{3}): /g)].map(([, id]) => [id, file]);
        const first = /const firstId = (\d+);/.exec(code);
        for (let i = 0; first !== null && i < 9; i++) {
            ids.push([`W3C-${String(Number(first[1]) + i).padStart(3, "0")}`, file]);
        }
        return ids;
    });
}

test("every sentence of the map has a test, and every test a sentence", () => {
    const map = idsOfMap();
    const tests = idsOfTests();
    assert.ok(map.size > 200, `${map.size} sentences`);
    assert.equal(new Set(tests.map(([id]) => id)).size, tests.length, "no id is used twice");
    assert.deepEqual([...map].sort(), tests.sort());
});

test("the sentences are numbered without gaps", () => {
    assert.deepEqual(
        [...idsOfMap().keys()],
        Array.from(idsOfMap().keys(), (_, index) => `W3C-${String(index + 1).padStart(3, "0")}`),
    );
});
