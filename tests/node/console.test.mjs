// console.test.mjs - what console writes, to which stream, and that nothing an app does to its prototypes stops it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { cleat } from "./support.mjs";

function run(code, { env = {} } = {}) {
    const result = spawnSync(cleat, ["run", "--eval", code], {
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "", ...env },
        timeout: 60_000,
        killSignal: "SIGKILL", // an app that never yields does not see other signals
    });
    return { code: result.status, out: result.stdout, err: result.stderr };
}

/** What console.log writes for the arguments. */
function log(args, before = "") {
    const { code, out, err } = run(`${before};console.log(${args})`);
    assert.equal(err, "");
    assert.equal(code, 0);
    return out;
}

test("log, info and debug go to stdout, warn, error, trace and assert to stderr", () => {
    const { out, err } = run(`
        console.log("log"); console.info("info"); console.debug("debug"); console.dirxml("dirxml");
        console.warn("warn"); console.error("error"); console.assert(false, "assert"); console.trace("trace");`);
    assert.equal(out, "log\ninfo\ndebug\ndirxml\n");
    assert.match(err, /^warn\nerror\nAssertion failed: assert\nTrace: trace\n {4}at /);
});

test("methods work alone", () => {
    assert.equal(
        run("const { log, count } = console; log(1); count(); [2].forEach(log)").out,
        "1\ndefault: 1\n2 0 [ 2 ]\n",
    );
    assert.equal(
        log("Object.prototype.toString.call(console), Object.keys(Object.getPrototypeOf(console)).length"),
        "[object console] 0\n",
    );
});

test("formats take one argument each; what is left over follows", () => {
    assert.equal(
        log(
            `"%s is %d, %i, %f; %o %O%c %%|%x %", "a", "4.5", 4.5, "1.5x", { a: 1 }, { b: 2 }, "css", "rest", 1`,
        ),
        "a is 4.5, 4, 1.5; { a: 1 } { b: 2 } %|%x % rest 1\n",
    );
    assert.equal(log(`"%s %s", "one"`), "one %s\n");
    assert.equal(log(`"%d %i %f %d", "x", Symbol("s"), {}, 7n`), "NaN NaN NaN 7n\n");
    assert.equal(log(`"%i %d", -1.5, -0`), "-1 -0\n");
    assert.equal(
        log(`"%s %s %s", Symbol("x"), { a: { b: 1 } }, class A {}`),
        "Symbol(x) { a: [Object] } [class A]\n",
    );
    assert.equal(log(`"100%", 5`), "100% 5\n");
    assert.equal(log(`5, "%s", 6`), "5 %s 6\n");
});

test("primitives", () => {
    assert.equal(
        log(`"text", 1, -0, 2n, true, null, undefined, Symbol("s"), NaN`),
        "text 1 -0 2n true null undefined Symbol(s) NaN\n",
    );
    assert.equal(log(""), "\n");
    assert.equal(log(`""`), "\n");
});

test("strings inside of objects are quoted and can't reach the terminal", () => {
    assert.equal(
        log(`["it's", 'say "x"', "both ' and \\"", "all ' \\" \`"]`),
        `[ "it's", 'say "x"', \`both ' and "\`, 'all \\' " \`' ]\n`,
    );
    assert.equal(
        log(`["\\x1b[31m", "a\\nb\\t\\\\", "\\x9b", "\\u202e", "\\ud800", "\\x7f"]`),
        "[ '\\x1B[31m', 'a\\nb\\t\\\\', '\\x9B', '\\u202E', '\\uD800', '\\x7F' ]\n",
    );
    assert.equal(
        log(`{ "\\x1b]0;": 1, [Symbol("\\x1b[2J")]: 2 }`),
        "{ '\\x1B]0;': 1, [Symbol(\\x1B[2J)]: 2 }\n",
    );
    assert.equal(log(`{ emoji: "😀é日本" }`), "{ emoji: '😀é日本' }\n");
});

test("arrays: holes, extra properties, many elements", () => {
    assert.equal(log("[1, , 3, , , 4]"), "[ 1, <1 empty item>, 3, <2 empty items>, 4 ]\n");
    assert.equal(
        log("Object.assign([1], { a: 2 }), new Array(3), []"),
        "[ 1, a: 2 ] [ <3 empty items> ] []\n",
    );
    assert.match(log("Array.from({ length: 150 }, (_, i) => i)"), /\.\.\. 50 more items\n\]\n$/);
    assert.match(log("(() => { const a = []; a[4e9] = 1; return a })()"), /empty item/);
    assert.equal(log("new (class Stack extends Array {})(1, 2)"), "Stack(2) [ 1, 2 ]\n");
});

test("nesting stops at four levels, dir takes a depth", () => {
    assert.match(log("{ a: { b: { c: { d: { e: { f: 1 } } } } } }"), /\{ e: \[Object\] \}/);
    assert.equal(
        run(
            "console.dir({ a: { b: [1] } }, { depth: 0 }); console.dir({ a: { b: [[[[[1]]]]] } }, { depth: null })",
        ).out,
        "{ a: [Object] }\n{\n  a: {\n    b: [\n      [\n        [ [ [ 1 ] ] ]\n      ]\n    ]\n  }\n}\n",
    );
});

test("cycles are marked", () => {
    assert.equal(
        log("a", "const a = { b: {} }; a.b.a = a; a.self = a"),
        "<ref *1> { b: { a: [Circular *1] }, self: [Circular *1] }\n",
    );
    assert.equal(
        log("m", "const m = new Map(); m.set(m, [m])"),
        "<ref *1> Map(1) { [Circular *1] => [ [Circular *1] ] }\n",
    );
});

test("collections, buffers and the other kinds of the engine", () => {
    assert.equal(
        log(`new Map([["a", { b: 1 }]]), new Set([1, "x"]), new WeakMap(), new WeakSet()`),
        "Map(1) { 'a' => { b: 1 } } Set(2) { 1, 'x' } WeakMap { <items unknown> } WeakSet { <items unknown> }\n",
    );
    assert.equal(
        log("new Uint8Array([1, 2]), new Float64Array(1), new Uint8Array([255, 1]).buffer"),
        "Uint8Array(2) [ 1, 2 ] Float64Array(1) [ 0 ] ArrayBuffer { [Uint8Contents]: <ff 01>, byteLength: 2 }\n",
    );
    assert.equal(
        log("new Date(0), new Date(NaN), /a\\/b/gi"),
        "1970-01-01T00:00:00.000Z Invalid Date /a\\/b/gi\n",
    );
    assert.equal(
        log(`new Number(-0), new String("s"), new Boolean(true), Object(1n), Object(Symbol("y"))`),
        "[Number: -0] [String: 's'] [Boolean: true] [BigInt: 1n] [Symbol: Symbol(y)]\n",
    );
    assert.equal(
        log("Promise.resolve(1), new Promise(() => {}), p", "const p = Promise.reject(2); p.catch(() => {})"),
        "Promise { 1 } Promise { <pending> } Promise { <rejected> 2 }\n",
    );
    assert.equal(
        log("(function* g() {})(), (function () { return arguments })(1)"),
        "Object [Generator] {} Object [Arguments] [ 1 ]\n",
    );
    assert.equal(
        log("structuredClone && b", "const b = new ArrayBuffer(2); structuredClone(b, { transfer: [b] })"),
        "ArrayBuffer { (detached), byteLength: 0 }\n",
    );
});

test("classes and functions", () => {
    assert.equal(
        log("new A(), new B(), A, B, class {}", "class A { x = 1; #y = 2 } class B extends A {}"),
        "A { x: 1 } B { x: 1 } [class A] [class B extends A] [class (anonymous)]\n",
    );
    assert.equal(
        log("function f() {}, () => {}, async function af() {}, function* gf() {}, Math.max"),
        "[Function: f] [Function (anonymous)] [AsyncFunction: af] [GeneratorFunction: gf] [Function: max]\n",
    );
    assert.equal(
        log(
            "Object.create(null), Object.assign(Object.create(null), { a: 1 }), new (class M extends Map {})()",
        ),
        "[Object: null prototype] {} [Object: null prototype] { a: 1 } M(0) [Map] {}\n",
    );
    assert.equal(
        log("{ [Symbol.toStringTag]: 'Tag', a: 1 }"),
        "Object [Tag] { a: 1, [Symbol(Symbol.toStringTag)]: 'Tag' }\n",
    );
});

test("nothing of the app runs: getters, traps, toString, inspect methods", () => {
    const boom = "throw new Error('ran')";
    assert.equal(
        log(
            `{ get a() { ${boom} }, set b(v) {}, get c() { ${boom} }, set c(v) {}, toString() { ${boom} }, toJSON() { ${boom} } }`,
        ),
        "{\n  a: [Getter],\n  b: [Setter],\n  c: [Getter/Setter],\n  toString: [Function: toString],\n  toJSON: [Function: toJSON]\n}\n",
    );
    assert.equal(
        log(
            "new Proxy({ a: 1 }, h), new Proxy(function f() {}, h), Object.create(new Proxy({}, h)), r.proxy",
            `const h = new Proxy({}, { get() { ${boom} } }); const r = Proxy.revocable({}, {}); r.revoke()`,
        ),
        "Proxy({ a: 1 }) Proxy([Function: f]) [Object: null prototype] {} [revoked Proxy]\n",
    );
    assert.equal(
        log(
            "o",
            `class X { static get name() { ${boom} } get [Symbol.toStringTag]() { ${boom} } } const o = new X()`,
        ),
        "{}\n",
    );
    assert.equal(
        log(
            "e",
            `const e = new Error("m"); Object.defineProperty(e, "name", { get() { ${boom} } }); Object.defineProperty(e, "stack", { get() { ${boom} } })`,
        ),
        "[Error: m]\n",
    );
});

test("errors: class, message, stack, cause, further properties", () => {
    const out = log(
        "e",
        "class ConfigError extends Error {}\nconst e = new ConfigError('bad', { cause: new TypeError('inner') }); e.code = 'ECONF'",
    );
    assert.match(
        out,
        /^ConfigError: bad\n {4}at .*\{\n {2}\[cause\]: TypeError: inner\n {6}at .*,\n {2}code: 'ECONF'\n\}\n$/s,
    );
    assert.match(
        log("new AggregateError([new Error('a'), 1], 'all')"),
        /AggregateError: all\n.*\[errors\]: \[\n {4}Error: a\n/s,
    );
    assert.match(log("new DOMException('gone', 'AbortError')"), /^AbortError: gone\n {4}at /);
    assert.match(log("{ e: new Error('x\\x1b[31m\\ny') }"), /^\{\n {2}e: Error: x\\x1B\[31m\n {2}y\n {6}at /);
    assert.match(log("e", "const e = new Error('loop'); e.cause = e"), /\[cause\]: \[Circular \*1\]/);
});

test("tables", () => {
    const { out } = run(`
        console.table([{ a: 1, b: "x" }, { a: 2, c: true }]);
        console.table(new Map([["k", 1]]));
        console.table(["日本", "é"]);
        console.table([{ a: 1, b: 2 }], ["b", "z"]);
        console.table(5);
        console.table([{ get a() { throw 1 } }]);`);
    assert.equal(
        out,
        `┌─────────┬───┬─────┬──────┐
│ (index) │ a │ b   │ c    │
├─────────┼───┼─────┼──────┤
│ 0       │ 1 │ 'x' │      │
│ 1       │ 2 │     │ true │
└─────────┴───┴─────┴──────┘
┌───────────────────┬─────┬────────┐
│ (iteration index) │ Key │ Values │
├───────────────────┼─────┼────────┤
│ 0                 │ 'k' │ 1      │
└───────────────────┴─────┴────────┘
┌─────────┬────────┐
│ (index) │ Values │
├─────────┼────────┤
│ 0       │ '日本' │
│ 1       │ 'é'    │
└─────────┴────────┘
┌─────────┬───┬───┐
│ (index) │ b │ z │
├─────────┼───┼───┤
│ 0       │ 2 │   │
└─────────┴───┴───┘
5
┌─────────┬───────────┐
│ (index) │ a         │
├─────────┼───────────┤
│ 0       │ undefined │
└─────────┴───────────┘
`,
    );
});

test("groups move lines in, also on stderr, and end", () => {
    const { out, err } = run(`
        console.group("outer"); console.log("a\\nb"); console.groupCollapsed("inner"); console.warn("w");
        console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log({ a: 1 });`);
    assert.equal(out, "outer\n  a\n  b\n  inner\n{ a: 1 }\n");
    assert.equal(err, "    w\n");
});

test("counts and timers have labels", () => {
    const { out, err } = run(`
        console.count(); console.count("x"); console.count(); console.countReset(); console.count(undefined);
        console.countReset("y"); console.time(); console.time(); console.timeLog("default", 1, "%s"); console.timeEnd();
        console.timeEnd(); console.count("__proto__"); console.count({ toString: () => "o" });`);
    assert.match(
        out,
        /^default: 1\nx: 1\ndefault: 2\ndefault: 1\ndefault: [\d.e-]+ms 1 %s\ndefault: [\d.e-]+ms\n__proto__: 1\no: 1\n$/,
    );
    assert.equal(
        err,
        "Count for 'y' does not exist\nTimer 'default' already exists\nTimer 'default' does not exist\n",
    );
});

test("output that would be endless is cut", () => {
    const wide = log(
        "o",
        "const o = {}; for (let i = 0; i < 200; i++) { o['k' + i] = {}; for (let j = 0; j < 99; j++) { o['k' + i][j] = [i, { j, k: [j] }]; } }",
    );
    assert.ok(wide.length < 1_000_000, `${wide.length}`);
    assert.match(wide, /\.\.\. 100 more keys/);
    assert.match(log("['x'.repeat(20000)]"), /\.\.\. 10000 more characters/);
    assert.match(log("a", "let a = []; for (let i = 0; i < 1e5; i++) a = [a]"), /\[Array\]/);
    assert.equal(
        run(
            "let e = new Error('0'); for (let i = 0; i < 10000; i++) e = new Error(i, { cause: e }); console.log(e)",
        ).code,
        0,
    );
});

test("polluted prototypes neither stop nor hang it", () => {
    const pollution = `
        const map = new Map([["k", 1]]);
        Object.prototype.get = function () { throw new Error("get") };
        Object.prototype.value = 77; Object.prototype.enumerable = false; Object.prototype.colors = true;
        for (const key of ["push", "join", "map", "forEach", "slice"]) Array.prototype[key] = () => { throw new Error(key) };
        Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1; };
        Map.prototype.forEach = Map.prototype.get = () => { for (;;); };
        Function.prototype.call = Function.prototype.apply = Function.prototype.toString = () => { throw new Error("f") };
        Symbol.prototype.toString = Object.prototype.toString = () => { throw new Error("s") };`;
    const use = `
        console.log("%s %o", "a", { b: 1 }, [1, 2], map, Symbol("q"));
        console.table([{ a: 1 }]); console.group("g"); console.groupEnd(); console.count(); console.dir({}); console.assert(1);`;
    const expected =
        "a { b: 1 } [ 1, 2 ] Map(1) { 'k' => 1 } Symbol(q)\n┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│ 0       │ 1 │\n└─────────┴───┘\ng\ndefault: 1\n{}\n";
    assert.deepEqual(run(`console.log("warm", {}); console.table([1]); ${pollution} ${use}`), {
        code: 0,
        err: "",
        out: `warm {}\n┌─────────┬────────┐\n│ (index) │ Values │\n├─────────┼────────┤\n│ 0       │ 1      │\n└─────────┴────────┘\n${expected}`,
    });
    const cold = run(
        `${pollution} Object.getOwnPropertyDescriptor = Reflect.ownKeys = () => { throw new Error("o") }; ${use} console.log("still", 1, {})`,
    );
    assert.equal(cold.code, 0, cold.err);
    assert.match(cold.out, /still 1 /);
});

test("no colours without a terminal", () => {
    assert.ok(!log("{ a: 1, b: 'x', c: null }").includes("\x1b"));
    assert.match(run("console.dir({ a: 1 }, { colors: true })").out, /\x1b\[33m1\x1b\[39m/);
});

test(
    "colours on a terminal, unless NO_COLOR is set or TERM is dumb",
    { skip: !hasScript() && "no script(1)" },
    () => {
        const onTerminal = (env) =>
            spawnSync(
                "script",
                [
                    "-qec",
                    `'${cleat}' run --eval 'console.log({ a: 1 }); console.error(new Error("x"))'`,
                    "/dev/null",
                ],
                {
                    encoding: "utf8",
                    env: { ...process.env, TERM: "xterm", NO_COLOR: "", ...env },
                },
            ).stdout;
        assert.ok(onTerminal({}).includes("\x1b[33m1\x1b[39m"));
        assert.ok(!onTerminal({ NO_COLOR: "1" }).includes("\x1b"));
        assert.ok(!onTerminal({ TERM: "dumb" }).includes("\x1b"));
    },
);

function hasScript() {
    return spawnSync("script", ["--version"]).status === 0;
}
