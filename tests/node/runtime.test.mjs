// runtime.test.mjs - the program from outside: command line, exit codes, limits, signals, modules, uncaught errors.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { cleat } from "./support.mjs";

const work = mkdtempSync(path.join(tmpdir(), "cleat-runtime-"));
after(() => rmSync(work, { recursive: true }));

function run(...args) {
    const result = spawnSync(cleat, args, { encoding: "utf8", timeout: 60_000 });
    return { code: result.status, signal: result.signal, out: result.stdout, err: result.stderr };
}

const evaluate = (code, ...flags) => run("run", ...flags, "--eval", code);

/** Writes an app of several files and runs its main.js. */
function app(name, files, ...args) {
    for (const [file, text] of Object.entries(files)) {
        const target = path.join(work, name, file);
        mkdirSync(path.dirname(target), { recursive: true });
        writeFileSync(target, text);
    }
    return run("run", path.join(work, name, "main.js"), ...args);
}

test("an app that ends by itself exits with 0", () => {
    assert.deepEqual(evaluate("console.log('x', 1n, [2])"), {
        code: 0,
        signal: null,
        out: "x 1n [ 2 ]\n",
        err: "",
    });
});

test("wrong usage exits with 2 and says what to do", () => {
    for (const args of [
        [],
        ["frobnicate"],
        ["run"],
        ["run", "--nonsense"],
        ["run", "--memory-limit", "lots", "x.js"],
        ["run", "--eval"],
        ["run", "--allow", "tcp.dial=x:1", "--eval", "1"],
    ]) {
        const { code, out, err } = run(...args);
        assert.equal(code, 2, args.join(" "));
        assert.equal(out, "");
        assert.match(err, /cleat/);
    }
});

test("--ca-file names a file with certificates, or nothing starts", () => {
    const file = path.join(work, "ca.pem");
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null"];
    const openssl = spawnSync("openssl", ["req", "-x509", ...key, "-subj", "/CN=ca", "-out", file]);
    assert.equal(openssl.status, 0);
    const plain = { code: 0, signal: null, out: "1\n", err: "" };
    assert.deepEqual(evaluate("console.log(1)", "--ca-file", file), plain);
    assert.deepEqual(evaluate("console.log(1)", `--ca-file=${file}`), plain);
    const empty = path.join(work, "empty.pem");
    writeFileSync(empty, "hello\n");
    for (const [wrong, text] of [
        ["/no/such/ca.pem", "can't read /no/such/ca.pem: No such file or directory"],
        [work, `${work} is not a regular file`],
        [empty, `${empty} has no certificate: PEM ("-----BEGIN CERTIFICATE-----") or DER is wanted`],
    ]) {
        const { code, out, err } = evaluate("console.log(1)", "--ca-file", wrong);
        assert.deepEqual({ code, out }, { code: 2, out: "" });
        assert.equal(err, `cleat: --ca-file: ${text}\nTry 'cleat --help'.\n`);
    }
});

test("--help and --version go to stdout and exit with 0", () => {
    assert.match(run("--help").out, /Exit codes:/);
    assert.match(run("run", "--help").out, /--allow OP/);
    assert.match(run("--version").out, /^cleat \d+\.\d+\.\d+ \(QuickJS-ng .*libuv /);
    assert.equal(typeof JSON.parse(run("--version", "--json").out).cleat, "string");
});

test("an app that can't be loaded exits with 3", () => {
    const { code, err } = run("run", path.join(work, "missing.js"));
    assert.equal(code, 3);
    assert.match(err, /missing\.js: no such file/);
    assert.equal(run("run", work).code, 3);
});

test("an uncaught error prints its stack and exits with 1", () => {
    const { code, err, out } = app("throws", {
        "main.js": "function inner() {\n    throw new TypeError('boo');\n}\ninner();\n",
    });
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(
        err,
        /Uncaught TypeError: boo\n\s+at inner \(main\.js:2:\d+\)\n\s+at <anonymous> \(main\.js:4:/,
    );
});

test("an error in a timer, a syntax error and a rejected top-level await exit with 1", () => {
    assert.match(
        evaluate("setTimeout(() => { throw new Error('late') }, 1); setInterval(() => {}, 1000)").err,
        /Uncaught Error: late/,
    );
    assert.match(evaluate("let = =").err, /SyntaxError/);
    const rejected = evaluate("await Promise.reject(new RangeError('no'))");
    assert.equal(rejected.code, 1);
    assert.match(rejected.err, /Uncaught RangeError: no/);
});

test("an unhandled rejection exits with 1, one handled in the same turn does not", () => {
    const unhandled = evaluate("Promise.reject(new Error('rejected'))");
    assert.equal(unhandled.code, 1);
    assert.match(unhandled.err, /Uncaught \(in promise\) Error: rejected/);
    assert.equal(evaluate("const p = Promise.reject(1); await null; p.catch(() => {})").code, 0);
});

test("unhandledrejection comes after the microtasks, rejectionhandled when a handler follows later", () => {
    const { code, out } = evaluate(`
        addEventListener("unhandledrejection", (event) => { event.preventDefault(); console.log("unhandled", event.reason); });
        addEventListener("rejectionhandled", (event) => console.log("handled", event.reason));
        const promise = Promise.reject("r");
        queueMicrotask(() => console.log("microtask"));
        setTimeout(() => promise.catch(() => console.log("caught")), 5);`);
    assert.equal(code, 0);
    assert.equal(out, "microtask\nunhandled r\ncaught\nhandled r\n");
});

test("a promise that a listener for another one handles is not told", () => {
    const { code, out } = evaluate(`
        let second;
        addEventListener("unhandledrejection", (event) => {
            event.preventDefault();
            console.log("unhandled", event.reason);
            second.catch(() => console.log("caught"));
        });
        Promise.reject(1);
        second = Promise.reject(2);
        Promise.reject(3);`);
    assert.equal(code, 0);
    assert.equal(out, "unhandled 1\nunhandled 3\ncaught\ncaught\n");
});

test("a listener for error events can keep the app alive", () => {
    const { code, out, err } = evaluate(`
        addEventListener("error", (event) => { event.preventDefault(); console.log(event.message, event.error.name); });
        setTimeout(() => console.log("still here"), 5);
        setTimeout(() => { throw new TypeError("x") }, 1);`);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    assert.match(out, /x TypeError\nstill here\n/);
});

test("a top-level await that nothing can settle is told and exits with 1", () => {
    const { code, err } = evaluate("await new Promise(() => {})");
    assert.equal(code, 1);
    assert.match(err, /top-level await was still waiting/);
});

test("an endless loop is interrupted with 71, whatever it tries to catch", () => {
    const loops = [
        "for (;;) {}",
        "try { for (;;) {} } catch {} finally { for (;;) {} }",
        "function again() { Promise.resolve().then(again) } again()",
        "setTimeout(() => { while (true) {} }, 1)",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "new Array(100).fill(0).map((_, i) => 100 - i).sort(() => { for (;;) {} })",
        "addEventListener('error', (event) => event.preventDefault()); for (;;) {}",
        "await new Promise(() => { for (;;) {} })",
    ];
    for (const loop of loops) {
        const { code, err } = evaluate(loop, "--max-turn-ms", "100");
        assert.equal(code, 71, loop);
        assert.match(err, /did not yield for more than 100 ms/, loop);
    }
});

test("a turn limit leaves an app alone that yields", () => {
    const code =
        "const end = performance.now() + 500; while (performance.now() < end) { await new Promise((done) => setTimeout(done, 1)); }";
    assert.equal(evaluate(code, "--max-turn-ms", "200").code, 0);
});

test("a memory bomb ends with 72 and says which limit it reached", () => {
    const bombs = [
        "const list = []; for (;;) list.push(new Array(1000).fill(1))",
        "let text = 'x'; const keep = []; for (;;) keep.push(text.repeat(100000) + keep.length)",
        "const map = new Map(); for (let i = 0; ; i++) map.set(i, { i })",
        "const list = []; for (;;) list.push(new ArrayBuffer(65536))",
        "const list = []; for (;;) list.push(new Promise(() => {}))",
        "function f() {} for (;;) setTimeout(f, 1e9)",
    ];
    for (const bomb of bombs) {
        const { code, err } = evaluate(bomb, "--memory-limit", "16M");
        assert.equal(code, 72, `${bomb}\n${err}`);
        assert.match(err, /out of memory/);
        assert.match(err, /limit of 16777216 bytes/);
    }
});

test("an app can catch that memory is out and go on", () => {
    const { code, out } = evaluate(
        "let list = []; try { for (;;) list.push(new ArrayBuffer(65536)) } catch (e) { list = null; console.log(e.message) } console.log('on')",
        "--memory-limit",
        "16M",
    );
    assert.deepEqual({ code, out }, { code: 0, out: "out of memory\non\n" });
});

test("deep recursion is a RangeError, never a crash, at any stack size", () => {
    const recursions = [
        "function f() { f() } f()",
        "const a = []; a[0] = a; let s = '['.repeat(200000); JSON.parse(s)",
        "let p = {}; for (let i = 0; i < 100000; i++) p = new Proxy(p, {}); p.x",
        "const o = { toString() { return String(o) } }; String(o)",
        "let e = {}; for (let i = 0; i < 1e5; i++) e = [e]; JSON.stringify(e)",
        "new RegExp('('.repeat(100000) + ')'.repeat(100000))",
    ];
    for (const size of ["64K", "256K", "1M"]) {
        for (const recursion of recursions) {
            const { code, signal, err } = evaluate(recursion, "--stack-size", size);
            assert.equal(signal, null, `${recursion} with ${size}`);
            assert.equal(code, 1, `${recursion} with ${size}: ${err}`);
            assert.match(err, /RangeError|SyntaxError|InternalError/);
        }
    }
});

test("cleat.exit ends at once with its code; nothing after it runs", () => {
    const { code, out } = evaluate(
        "try { cleat.exit(7) } catch { console.log('caught') } finally { console.log('finally') } console.log('after')",
    );
    assert.deepEqual({ code, out }, { code: 7, out: "" });
    assert.equal(evaluate("setInterval(() => cleat.exit(3), 1)").code, 3);
});

test("arguments after the app are the app's", () => {
    const { out } = app(
        "arguments",
        { "main.js": "console.log(JSON.stringify(cleat.args))" },
        "--allow",
        "-x",
        "é",
        "",
    );
    assert.equal(out, '["--allow","-x","é",""]\n');
});

test("modules are files below the app's folder and nothing else", () => {
    writeFileSync(path.join(work, "outside.js"), "export const secret = 1;");
    mkdirSync(path.join(work, "modules/lib"), { recursive: true });
    symlinkSync(path.join(work, "outside.js"), path.join(work, "modules/link.js"));
    const { code, out, err } = app("modules", {
        "lib/b.js":
            "import { c } from '../c.js'; export const b = c + 1; export const main = import.meta.main;",
        "c.js": "export const c = 1;",
        "main.js": `
            import { b, main } from "./lib/b.js";
            console.log(b, main, import.meta.main, import.meta.url);
            console.log((await import("./lib/../c.js")).c);
            for (const name of ["../outside.js", "./link.js", "/etc/passwd", "fs", "cleat:native/runtime", "data:text/javascript,1", "./missing.js", "file:///etc/passwd"]) {
                try { await import(name); console.log("LOADED", name); } catch (error) { console.log(error.name + ": " + error.message.slice(0, 40)); }
            }`,
    });
    assert.equal(err, "");
    assert.equal(code, 0);
    const lines = out.trim().split("\n");
    assert.deepEqual(lines.slice(0, 2), ["2 false true app:///main.js", "1"]);
    assert.equal(lines.length, 10);
    assert.ok(!out.includes("LOADED"), out);
});

test("SIGTERM and SIGINT close in order and end by that signal", async () => {
    for (const signal of ["SIGTERM", "SIGINT"]) {
        const child = spawn(cleat, ["run", "--eval", "setInterval(() => {}, 1000); console.log('up')"]);
        await new Promise((resolve) => child.stdout.once("data", resolve));
        child.kill(signal);
        const ended = await new Promise((resolve) => child.once("exit", (code, by) => resolve(by)));
        assert.equal(ended, signal);
    }
});

test("signal listeners run, may finish asynchronous work, then the app ends by the signal", async () => {
    const code = `
        cleat.addSignalListener("SIGTERM", async () => { console.log("first"); await new Promise((done) => setTimeout(done, 20)); console.log("done"); });
        setInterval(() => {}, 1000); console.log("up");`;
    const child = spawn(cleat, ["run", "--eval", code]);
    let out = "";
    child.stdout.on("data", (data) => (out += data));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGTERM");
    const by = await new Promise((resolve) => child.once("close", (exit, signal) => resolve(signal)));
    assert.equal(by, "SIGTERM");
    assert.equal(out, "up\nfirst\ndone\n");
});

test("SIGTERM ends an app that is stuck in a loop; with a listener the second one does", async () => {
    for (const [listener, times] of [
        ["", 1],
        ["cleat.addSignalListener('SIGTERM', () => {});", 2],
    ]) {
        const child = spawn(cleat, [
            "run",
            "--eval",
            `${listener} console.log('up'); for (;;) { try { for (;;) {} } catch {} }`,
        ]);
        await new Promise((resolve) => child.stdout.once("data", resolve));
        const ended = new Promise((resolve) => child.once("exit", (code, by) => resolve(by)));
        for (let i = 0; i < times; i++) {
            child.kill("SIGTERM");
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
        assert.equal(await ended, "SIGTERM");
        clearTimeout(timer);
    }
});

test("SIGTERM ends an app whose output nobody takes", async () => {
    const child = spawn(cleat, ["run", "--eval", "for (;;) console.log('x'.repeat(1000))"]);
    await new Promise((resolve) => child.stdout.once("readable", resolve)); // and never read
    await new Promise((resolve) => setTimeout(resolve, 300));
    const ended = new Promise((resolve) => child.once("exit", (code, by) => resolve(by)));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    assert.equal(await ended, "SIGTERM");
    clearTimeout(timer);
});

test("an idle app does not wake up", async () => {
    const child = spawn(cleat, [
        "run",
        "-A",
        "--eval",
        "const server = new TCPServerSocket({ localPort: 0 }); await server.opened; server.listen(); console.log('up'); setInterval(() => {}, 1e6)",
    ]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, 2500)); // beyond the idle collection
    const { readFileSync } = await import("node:fs");
    const switches = () =>
        Number(
            /^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1],
        );
    const before = switches();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const woken = switches() - before;
    child.kill();
    assert.equal(woken, 0);
});

test("output to a closed pipe is no error of the app", () => {
    const result = spawnSync(
        "sh",
        ["-c", `'${cleat}' run --eval 'for (let i = 0; i < 10000; i++) console.log("line", i)' | head -1`],
        { encoding: "utf8" },
    );
    assert.equal(result.stdout, "line 0\n");
    assert.equal(result.stderr, "");
});
