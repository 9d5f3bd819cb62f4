// uncaught.test.mjs - what an app that fails prints: the place in its TypeScript, the cause, and nothing that a terminal
// would obey; whatever is wrong with its source map.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import * as esbuild from "esbuild";
import { cleat } from "./support.mjs";

const work = mkdtempSync(path.join(tmpdir(), "cleat-uncaught-"));
after(() => rmSync(work, { recursive: true }));

function start(...args) {
    const result = spawnSync(cleat, ["run", ...args], {
        encoding: "utf8",
        timeout: 60_000,
        killSignal: "SIGKILL",
    });
    return { code: result.status, out: result.stdout, err: result.stderr };
}

/** Bundles TypeScript with a source map, lets `change` spoil the map, and runs it. */
function runTypeScript(text, { change, minify = false } = {}) {
    const source = path.join(work, "app.ts");
    const bundle = path.join(work, "app.js");
    writeFileSync(source, text);
    const { outputFiles } = esbuild.buildSync({
        entryPoints: [source],
        outfile: bundle,
        bundle: true,
        format: "esm",
        sourcemap: true,
        minify,
        write: false,
    });
    const map = outputFiles.find((file) => file.path.endsWith(".map")).text;
    writeFileSync(bundle, outputFiles.find((file) => file.path.endsWith(".js")).text);
    writeFileSync(`${bundle}.map`, change === undefined ? map : change(map));
    return start(bundle);
}

const thrower = `interface Shape {
    sides: number;
}

// Types go away, so that lines move.
function check(shape: Shape): void {
    if (shape.sides < 3) {
        throw new RangeError("too few sides");
    }
}

check({ sides: 2 } satisfies Shape);
`;

test("frames name the TypeScript file and line, also of a minified bundle", () => {
    const { code, err } = runTypeScript(thrower);
    assert.equal(code, 1);
    assert.match(
        err,
        /^Uncaught RangeError: too few sides\n {4}at check \(app\.ts:8:\d+\)\n {4}at <anonymous> \(app\.ts:12:1\)\n$/,
    );
    assert.match(
        runTypeScript(thrower, { minify: true }).err,
        /^Uncaught RangeError: too few sides\n {4}at .* \(app\.ts:8:\d+\)\n/,
    );
});

test("a rejection, its cause and its properties are told", () => {
    const { code, err } = runTypeScript(`
        class Missing extends Error {}
        void Promise.reject(Object.assign(new Missing("no file", { cause: new TypeError("inner") }), { code: "ENOENT" }));`);
    assert.equal(code, 1);
    assert.match(
        err,
        /^Uncaught \(in promise\) Missing: no file\n.*app\.ts:3:\d+\) \{\n {2}\[cause\]: TypeError: inner\n.*app\.ts:3:\d+\),\n {2}code: 'ENOENT'\n\}\n$/s,
    );
});

test("whatever is wrong with the source map, the error is told with the place in the bundle", () => {
    const edit = (change) => (text) => JSON.stringify(change(JSON.parse(text)));
    const spoils = {
        "no JSON": () => "{",
        empty: () => "",
        null: () => "null",
        "a number": () => "7",
        "another version": edit((map) => ({ ...map, version: 2 })),
        "no mappings": edit(({ mappings: _, ...map }) => map),
        "mappings that are none": edit((map) => ({ ...map, mappings: [] })),
        "no sources": edit((map) => ({ ...map, sources: null })),
        "fewer sources than mappings name": edit((map) => ({ ...map, sources: [] })),
        "a foreign character": edit((map) => ({ ...map, mappings: `é${map.mappings}` })),
        "a value cut off": edit((map) => ({ ...map, mappings: "AAAg" })),
        "a value without end": edit((map) => ({ ...map, mappings: "g".repeat(1000) })),
        "negative positions": edit((map) => ({ ...map, mappings: "DDDD" })),
        "nothing but separators": edit((map) => ({ ...map, mappings: ";,;,".repeat(1000) })),
        "too many segments": edit((map) => ({ ...map, mappings: ",".repeat(2_000_000) })),
    };
    for (const [what, change] of Object.entries(spoils)) {
        const { code, err } = runTypeScript(thrower, { change });
        assert.equal(code, 1, what);
        assert.match(err, /^Uncaught RangeError: too few sides\n {4}at check \(app\.js:\d+:\d+\)\n/, what);
    }
});

test("sources that are not text, absolute or above the app are named without harm", () => {
    const withSource = (source) => ({
        change: (text) => JSON.stringify({ ...JSON.parse(text), sources: [source] }),
    });
    assert.match(runTypeScript(thrower, withSource(null)).err, /\(app\.js:8:/);
    assert.match(
        runTypeScript(thrower, withSource("../../lib/./x/../shape.ts")).err,
        /\(\.\.\/\.\.\/lib\/shape\.ts:8:/,
    );
    assert.match(
        runTypeScript(thrower, withSource("webpack://app/shape.ts")).err,
        /\(webpack:\/\/app\/shape\.ts:8:/,
    );
    assert.match(runTypeScript(thrower, withSource("\x1b[31mred.ts")).err, /\\x1B\[31mred\.ts:8:/);
});

test("messages can't reach the terminal", () => {
    const { err } = start("--eval", `throw new Error("\\x1b]0;owned\\x07\\u202e\\x9b31m ok\\nsecond line")`);
    assert.match(err, /^Uncaught Error: \\x1B\]0;owned\\x07\\u202E\\x9B31m ok\nsecond line\n {4}at /);
});

test("anything can be thrown", () => {
    const said = (code) => start("--eval", code);
    assert.deepEqual(said("throw 5"), { code: 1, out: "", err: "Uncaught 5\n" });
    assert.deepEqual(said("throw null"), { code: 1, out: "", err: "Uncaught null\n" });
    assert.deepEqual(said("throw undefined"), { code: 1, out: "", err: "Uncaught undefined\n" });
    assert.deepEqual(said("throw '\\x1b[2J'"), { code: 1, out: "", err: "Uncaught '\\x1B[2J'\n" });
    assert.deepEqual(said("throw { a: [1] }"), { code: 1, out: "", err: "Uncaught { a: [ 1 ] }\n" });
    assert.deepEqual(said("throw Symbol('s')"), { code: 1, out: "", err: "Uncaught Symbol(s)\n" });
    assert.equal(said("throw new Proxy(new Error('x'), { get() { throw 1 } })").code, 1);
    assert.match(
        said("const e = new Error('x'); e.stack = 'made up'; throw e").err,
        /^Uncaught Error: x\nmade up\n$/,
    );
    assert.match(said("throw Object.defineProperty(new Error('x'), 'stack', { value: 5 })").err, /Error: x/);
});

test("an app that has broken everything still says that it failed", () => {
    const { code, err } = start(
        "--eval",
        `
        Object.getOwnPropertyDescriptor = Reflect.apply = Reflect.ownKeys = Object.defineProperty = () => { throw 1 };
        Error.prototype.toString = undefined; globalThis.Error = globalThis.console = undefined;
        throw new TypeError("the end")`,
    );
    assert.equal(code, 1);
    assert.match(err, /Uncaught/);
});

test("an error in a listener of errors is told as well, and ends the app", () => {
    const { code, err } = start(
        "--eval",
        `
        addEventListener("error", () => { throw new Error("second") });
        throw new Error("first")`,
    );
    assert.equal(code, 1);
    assert.match(err, /Error: second/);
});

test("reportError without a listener ends the app with 1, at once", () => {
    const { code, out, err } = start(
        "--eval",
        `setTimeout(() => { reportError(new Error("reported")); console.log("after") }, 1)`,
    );
    assert.equal(code, 1);
    assert.match(err, /^Uncaught Error: reported\n/);
    assert.equal(out, "");
});

test("a timeout signal does not keep the app alive", () => {
    const begin = Date.now();
    assert.equal(
        start(
            "--eval",
            "AbortSignal.timeout(20000).onabort = () => {}; AbortSignal.any([AbortSignal.timeout(20000)]).addEventListener('abort', () => {})",
        ).code,
        0,
    );
    assert.ok(Date.now() - begin < 15_000);
});

test("listening to network changes does not keep the app alive", () => {
    assert.deepEqual(
        start(
            "--eval",
            "cleat.network.onchange = () => {}; console.log(cleat.network.interfaces().some((i) => i.loopback))",
        ),
        { code: 0, out: "true\n", err: "" },
    );
});
