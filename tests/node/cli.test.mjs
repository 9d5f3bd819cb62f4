// cli.test.mjs - the command line on a developer's machine: every verb, wrong usage, wrong manifests with their lines,
// reproducible bytes, broken bundles, signals and exit codes. Not here: the bytes of bundles (bundle_differential).
// timeout: 300
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
    cpSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { cleat, root, until } from "./support.mjs";

const tool = path.join(root, "tools/cleat.mjs");
const base = mkdtempSync(path.join(os.tmpdir(), "cleat-cli-"));
after(() => rmSync(base, { recursive: true }));

/** Runs the command line; the working folder is `cwd`. */
function run(args, { cwd = base, env = {} } = {}) {
    const result = spawnSync(process.execPath, [tool, ...args], {
        cwd,
        encoding: "utf8",
        env: { ...process.env, CLEAT_BINARY: cleat, NO_COLOR: "1", ...env },
        timeout: 60_000,
    });
    return { code: result.status, signal: result.signal, out: result.stdout, err: result.stderr };
}

function start(args, { cwd = base } = {}) {
    const child = spawn(process.execPath, [tool, ...args], {
        cwd,
        env: { ...process.env, CLEAT_BINARY: cleat },
        stdio: ["ignore", "pipe", "pipe"],
    });
    const app = { child, out: "", err: "" };
    child.stdout.on("data", (data) => (app.out += data));
    child.stderr.on("data", (data) => (app.err += data));
    app.ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    app.seen = (pattern) =>
        until(() => pattern.test(app.out + app.err), `${pattern} in\n${app.out}${app.err}`);
    return app;
}

/** A folder with files; an object becomes JSON. */
function folder(files) {
    const made = mkdtempSync(path.join(base, "app-"));
    for (const [name, content] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(made, name)), { recursive: true });
        writeFileSync(
            path.join(made, name),
            typeof content === "object" && !Buffer.isBuffer(content)
                ? JSON.stringify(content, undefined, 4)
                : content,
        );
    }
    return made;
}

const manifest = {
    manifestVersion: 1,
    id: "com.example.app",
    name: "App",
    version: "1.2.3",
    counter: 7,
    permissions: {},
};
const hello = 'console.log("hello", cleat.args.join(" "));\n';

function build(files, ...args) {
    const where = folder(files);
    const result = run(["build", "app.ts", "-o", "app.cleat", ...args], { cwd: where });
    assert.equal(result.code, 0, result.err);
    return path.join(where, "app.cleat");
}

test("help and versions", () => {
    const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
    assert.equal(run(["--version"]).out, `cleat ${version}\n`);
    assert.deepEqual(JSON.parse(run(["--version", "--json"]).out), { cleat: version });
    const general = run(["--help"]);
    assert.equal(general.code, 0);
    for (const verb of ["new", "check", "build", "run", "inspect"]) {
        assert.match(general.out, new RegExp(`^  ${verb} `, "m"));
        for (const args of [
            [verb, "--help"],
            ["help", verb],
            [verb, "-h"],
        ]) {
            const help = run(args);
            assert.equal(help.code, 0);
            assert.match(help.out, new RegExp(`^Usage: cleat ${verb} `));
            assert.match(help.out, /^Examples:\n {2}cleat /m);
        }
    }
});

test("wrong usage: exit code 2, and where help is", () => {
    const cases = [
        [[], /Usage: cleat/],
        [["frobnicate"], /unknown verb "frobnicate"/],
        [["--frobnicate"], /unknown verb "--frobnicate"/],
        [["--version", "now"], /unexpected argument "now"/],
        [["help", "frobnicate"], /unknown verb/],
        [["new"], /the folder is missing/],
        [["new", "a", "b"], /unexpected argument "b"/],
        [["new", "made", "--id", "Wrong"], /--id must be a reverse domain name/],
        [["build"], /the app is missing/],
        [["build", "a", "b"], /unexpected argument "b"/],
        [["build", "a", "-o"], /output/],
        [["build", "a", "--frobnicate"], /--frobnicate/],
        [["check", "a", "b"], /unexpected argument "b"/],
        [["run"], /the app is missing/],
        [["run", "a", "--allow"], /allow/],
        [["run", "a", "--frobnicate"], /--frobnicate/],
        [["run", "a.cleat", "--watch"], /--watch is for sources/],
        [["inspect"], /the bundle is missing/],
        [["inspect", "a", "b"], /unexpected argument "b"/],
    ];
    for (const [args, pattern] of cases) {
        const result = run(args);
        assert.equal(result.code, 2, args.join(" "));
        assert.match(result.err, pattern);
        assert.match(result.err, /--help/);
        assert.equal(result.out, "");
    }
    assert.ok(!readdirSync(base).includes("made"), "nothing is made by a wrong call");
});

test("new: checks, runs, builds", () => {
    const result = run(["new", "My App", "--name", "Mine"]);
    assert.equal(result.code, 0, result.err);
    const where = path.join(base, "My App");
    assert.deepEqual(readdirSync(where).sort(), [
        ".gitignore",
        "README.md",
        "app.ts",
        "manifest.json",
        "tsconfig.json",
    ]);
    const { id, name } = JSON.parse(readFileSync(path.join(where, "manifest.json"), "utf8"));
    assert.deepEqual([id, name.default], ["com.example.my-app", "Mine"]);
    assert.equal(run(["check"], { cwd: where }).code, 0);
    const ran = run(["run", "."], { cwd: where });
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /^listening on 127\.0\.0\.1:[1-9][0-9]*\nreceived: Hello from Cleat\n$/);
    assert.equal(run(["build", ".", "-o", "x.cleat"], { cwd: where }).code, 0);
    // The tsconfig.json is whole by itself: editors use it without this tool.
    const tsc = spawnSync(path.join(root, "node_modules/.bin/tsc"), ["-p", where], { encoding: "utf8" });
    assert.equal(tsc.status, 0, tsc.stdout);
    // A folder with something in it stays as it is.
    const before = readFileSync(path.join(where, "app.ts"), "utf8");
    const again = run(["new", "My App"]);
    assert.equal(again.code, 1);
    assert.match(again.err, /is not empty/);
    assert.equal(readFileSync(path.join(where, "app.ts"), "utf8"), before);
    writeFileSync(path.join(base, "a-file"), "");
    assert.match(run(["new", "a-file"]).err, /can't make a-file: EEXIST/);
    const json = run(["new", "scripted", "--json"]);
    assert.ok(JSON.parse(json.out).files.includes("app.ts"));
});

test("check: errors name file, line and column", () => {
    const where = folder({
        "app.ts": 'import { twice } from "./twice.ts";\n\nconst text: string = twice(2);\n',
        "twice.ts": "export function twice(x: number): number {\n    return x * two;\n}\n",
    });
    const result = run(["check", "app.ts"], { cwd: where });
    assert.equal(result.code, 1);
    assert.match(result.err, /^app\.ts\(3,7\): error TS2322:/m);
    assert.match(result.err, /^twice\.ts\(2,16\): error TS2304:/m);
    assert.match(result.err, /^2 errors$/m);
    const findings = JSON.parse(run(["check", "app.ts", "--json"], { cwd: where }).out);
    assert.deepEqual(
        findings.map(({ file, line, column, code }) => [file, line, column, code]),
        [
            ["app.ts", 3, 7, 2322],
            ["twice.ts", 2, 16, 2304],
        ],
    );
    // Neither the DOM nor Node are there, and what is there has types.
    const globals = folder({
        "app.ts":
            'document.title;\nprocess.exit();\nnew TCPSocket("a", "b");\nnavigator.tcpPermission.hasPermission().then((state) => state === "granted");\n',
    });
    const wrong = run(["check", "app.ts"], { cwd: globals }).err;
    assert.match(wrong, /^app\.ts\(1,1\): error TS2584/m);
    assert.match(wrong, /^app\.ts\(2,1\): error TS2591|^app\.ts\(2,1\): error TS2580/m);
    assert.match(wrong, /^app\.ts\(3,20\): error TS2345/m);
    assert.doesNotMatch(wrong, /app\.ts\(4/);
    assert.match(run(["check", "nowhere"]).err, /^nowhere is not there/);
    assert.match(run(["check", folder({})]).err, /app\.ts is not there/);
});

/** A manifest as text, the mistake, its line and column, and the message. */
const manifestMistakes = [
    ['{\n    "manifestVersion": 1,\n    "id": "App",\n}', 4, 1, /a comma too many|key in double quotes/],
    ['{\n    // no\n    "manifestVersion": 1\n}', 2, 5, /no comments/],
    ['{\n    "manifestVersion" 1\n}', 2, 23, /colon/],
    ['{ "manifestVersion": 1, "name": "x', 1, 33, /string has no end/],
    ["", 1, 1, /a value should be here/],
    ["[]", 1, 1, /must be an object/],
    ['{"manifestVersion": 2}', 1, 21, /manifestVersion: must be 1/],
    [{ id: "App" }, 3, 11, /id: must be a reverse domain name/],
    [{ version: "1.2" }, 5, 16, /version: must be three numbers/],
    [{ counter: 1.5 }, 6, 16, /counter: must be an integer/],
    [{ name: { de: "x" } }, 4, 13, /name: must have "default"/],
    [{ permission: {} }, 8, 5, /permission: unknown key \(did you mean "permissions"\?\)/],
    [{ pins: {} }, 8, 5, /pins: belongs to a later version/],
    [{ digest: "x" }, 8, 5, /digest: is filled in by the build/],
    [{ files: ["../secret"] }, 9, 9, /files\[0\]: must be a path beside the manifest/],
    [{ files: ["main.js"] }, 9, 9, /is the name of what the build makes/],
    [{ permissions: { "tcp.conect": [] } }, 8, 9, /permissions\.tcp\.conect: unknown operation/],
    [
        { permissions: { "tcp.connect": [{ host: "a.example", prot: 1 }] } },
        11,
        17,
        /unknown key \(did you mean "port"\?\)/,
    ],
    [{ permissions: { "tcp.connect": [{ port: 70000 }] } }, 10, 25, /port: must be a port from 1 to 65535/],
    [{ permissions: { "tcp.connect": [{ host: "127.1" }] } }, 10, 25, /"127\.1" is no host/],
    [{ permissions: { "tcp.connect": [{ host: "*.com" }] } }, 10, 25, /too wide/],
    [{ permissions: { "tcp.connect": [{ host: "10.1.0.0/8" }] } }, 10, 25, /bits set behind its prefix/],
    [{ permissions: { "tcp.listen": [{ host: "a.example" }] } }, 10, 25, /takes addresses and networks/],
    [{ permissions: { multicast: [{ group: "192.0.2.1" }] } }, 10, 26, /no multicast group/],
    [
        { permissions: { "tcp.connect": [{ host: "a.example", tls: true }] } },
        11,
        24,
        /tls: must be "required", or left out where plain connections are needed too/,
    ],
    [{ permissions: { "udp.send": [{ tls: "required" }] } }, 10, 17, /tls: unknown key/],
    [
        { permissions: { "tls.insecure": [{ host: "8.8.8.8" }] } },
        10,
        25,
        /"8\.8\.8\.8" is public, or not wholly local: tls\.insecure is for local/,
    ],
    [{ permissions: { "tls.insecure": [{ host: "10.0.0.0/7" }] } }, 10, 25, /not wholly local/],
    [{ permissions: { "tls.insecure": [{ host: "64:ff9b::a00:1" }] } }, 10, 25, /not wholly local/],
    [
        { permissions: { "tls.insecure": [{ space: ["public"] }] } },
        11,
        21,
        /must be one of local, link-local, loopback/,
    ],
    [{ permissions: { "udp.send": [{ reason: "why" }] } }, 10, 27, /is not a key of "reasons"/],
    [{ runtime: { api: "^1" } }, 9, 16, /must be a range of versions/],
    [{ type: "daemon" }, 8, 13, /must be "app" or "service"/],
];

test("build: every mistake in a manifest has its line and column", () => {
    for (const [mistake, line, column, pattern] of manifestMistakes) {
        const text =
            typeof mistake === "string" ? mistake : JSON.stringify({ ...manifest, ...mistake }, undefined, 4);
        const where = folder({ "app.ts": hello, "manifest.json": text });
        const result = run(["build", "app.ts", "-o", "app.cleat"], { cwd: where });
        const [first, excerpt, caret] = result.err.split("\n");
        assert.equal(result.code, 1, text);
        assert.match(first, pattern);
        assert.ok(
            first.startsWith(`manifest.json:${line}:${column}: `),
            `${first} (not ${line}:${column}) in\n${text}`,
        );
        assert.equal(excerpt.slice(4), (text.split("\n")[line - 1] ?? "").trimEnd());
        assert.equal(caret, `${" ".repeat(column + 3)}^`);
        assert.ok(!readdirSync(where).includes("app.cleat"));
    }
});

test("build: several mistakes come in the order of their lines; a key that occurs twice is one", () => {
    const text =
        '{"manifestVersion": 1, "id": "x", "__proto__": {},\n"counter": 0, "counter": 1,\n"name": "", "version": "1.0.0", "permissions": {}}';
    const result = run(["build", folder({ "app.ts": hello, "manifest.json": text })]);
    const places = [...result.err.matchAll(/manifest\.json:(\d+):(\d+): ([^\n]*)/g)].map(
        ([, line, , what]) => `${line} ${what}`,
    );
    assert.equal(places.length, 4, result.err);
    assert.match(places[0], /^1 id: /);
    assert.match(places[1], /^1 __proto__: unknown key/);
    assert.match(places[2], /^2 "counter" occurs twice/);
    assert.match(places[3], /^3 name: must be a string that is not empty/);
});

test("build: the same sources give the same bytes, wherever they lie and whatever the order of the keys", () => {
    const files = {
        "app.ts": 'import { a } from "./lib/a.ts";\nconsole.log(a);\n',
        "lib/a.ts": "export const a: string = 'ä';\n",
        "logo.svg": "<svg/>",
    };
    const one = build({ ...files, "manifest.json": { ...manifest, files: ["logo.svg"] } });
    const other = build({
        ...files,
        "manifest.json": Object.fromEntries(Object.entries({ files: ["logo.svg"], ...manifest }).reverse()),
    });
    assert.ok(readFileSync(one).equals(readFileSync(other)));
    assert.ok(!readFileSync(one).includes(base), "no path of this machine is in a bundle");
    const { verdict, manifest: built } = JSON.parse(run(["inspect", one, "--json"]).out);
    assert.deepEqual([verdict.ok, built.entry], [true, "main.js"]);
    assert.deepEqual(
        built.files.map(({ path: name }) => name),
        ["logo.svg", "main.js", "main.js.map"],
    );
    const small = build({ ...files, "manifest.json": manifest }, "--minify", "--no-source-map");
    assert.deepEqual(
        JSON.parse(run(["inspect", small, "--json"]).out).manifest.files.map(({ path: name }) => name),
        ["main.js"],
    );
});

test("an entry that is itself called main.js", () => {
    const where = folder({ "main.js": hello, "manifest.json": { ...manifest, entry: "main.js" } });
    assert.equal(run(["run", ".", "--", "x"], { cwd: where }).out, "hello x\n");
    assert.equal(readFileSync(path.join(where, "main.js"), "utf8"), hello);
});

test("build: what can't be built says where", () => {
    const cases = [
        [{ "app.ts": "const x = ;\n" }, /app\.ts:1:10/],
        [{ "app.ts": 'import "./missing.ts";\n' }, /Could not resolve "\.\/missing\.ts"[^]*app\.ts:1:7/],
        [{ "app.ts": 'import "left-pad";\n' }, /Could not resolve "left-pad"[^]*npm install left-pad/],
        [{ "app.ts": 'import "node:fs";\n' }, /"node:fs" is a module of Node\.js[^]*app\.ts:1:7/],
        [{ "app.ts": 'import fs from "fs";\nfs;\n' }, /"fs" is a module of Node\.js/],
        [{ "app.ts": 'import "cleat:native/tcp";\n' }, /for the built-in modules of Cleat only/],
        [
            { "app.ts": hello, "manifest.json": { ...manifest, files: ["gone.png"] } },
            /can't read gone\.png: ENOENT/,
        ],
    ];
    for (const [files, pattern] of cases) {
        const where = folder({ "manifest.json": manifest, ...files });
        const result = run(["build", "app.ts"], { cwd: where });
        assert.equal(result.code, 1);
        assert.match(result.err, pattern);
        assert.ok(!readdirSync(where).some((name) => name.endsWith(".cleat")));
    }
    const bare = folder({ "app.ts": hello });
    assert.match(
        run(["build", "app.ts"], { cwd: bare }).err,
        /manifest\.json is not there: a bundle needs a manifest/,
    );
    assert.match(
        run(["build", "app.txt"], { cwd: folder({ "app.txt": "" }) }).err,
        /neither a TypeScript nor a JavaScript/,
    );
    const whole = folder({ "app.ts": hello, "manifest.json": manifest });
    assert.match(
        run(["build", "app.ts", "-o", "no/where.cleat"], { cwd: whole }).err,
        /can't write no\/where\.cleat: ENOENT/,
    );
});

test("build: too large is refused before anything is written", () => {
    const where = folder({
        "app.ts": hello,
        "manifest.json": { ...manifest, files: ["large.bin"] },
        "large.bin": Buffer.alloc(16 * 1024 * 1024),
    });
    const result = run(["build", "app.ts", "-o", "app.cleat"], { cwd: where });
    assert.equal(result.code, 1);
    assert.match(result.err, /^LIMIT: \d+ bytes of files, and at most 16777216 are allowed/);
    assert.ok(!readdirSync(where).includes("app.cleat"));
});

test("build --json, and the default name", () => {
    const where = folder({ "app.ts": hello, "manifest.json": manifest });
    const report = JSON.parse(run(["build", "app.ts", "--json"], { cwd: where }).out);
    assert.deepEqual(
        [report.id, report.version, path.basename(report.file)],
        ["com.example.app", "1.2.3", "app.cleat"],
    );
    assert.equal(report.size, readFileSync(path.join(where, "app.cleat")).length);
    assert.equal(
        spawnSync("sha512sum", [report.file], { encoding: "utf8" }).stdout.slice(0, 128),
        report.sha512,
    );
});

test("inspect: everything about a whole bundle", () => {
    const file = build({
        "app.ts": hello,
        "manifest.json": {
            ...manifest,
            name: { default: "A\u202Epp", de: "Ä" },
            permissions: {
                "tcp.connect": [{ host: "api.example.com", port: 443, reason: "account" }],
                multicast: [{ group: "ff02::fb", ops: ["join"] }],
            },
            reasons: { account: "Sign in" },
            resources: { heapKiB: 8192 },
        },
    });
    const { code, out } = run(["inspect", file]);
    assert.equal(code, 0);
    assert.match(out, /^id +com\.example\.app$/m);
    assert.match(out, /^name +A\\u\{202e\}pp$/m, "characters that could deceive are spelt out");
    assert.match(out, /^version +1\.2\.3 \(counter 7\)$/m);
    assert.match(out, /^heapKiB +8192$/m);
    assert.match(out, /^ {2}main\.js +\d+ {2}[A-Za-z0-9_-]{43}$/m);
    assert.match(out, /^ {2}tcp\.connect=api\.example\.com:443 +Sign in$/m);
    assert.match(out, /^ {2}multicast\.join=\[ff02::fb\]:\*$/m);
    assert.match(out, /^verdict: whole, unsigned/m);
    const json = JSON.parse(run(["inspect", file, "--json"]).out);
    assert.equal(json.header.signatureCount, 0);
    assert.deepEqual(
        json.rules.map(({ rule }) => rule),
        ["multicast.join=[ff02::fb]:*", "tcp.connect=api.example.com:443"],
    );
});

/** Ways to break a bundle, and the code that tool and runtime answer with. */
const damage = {
    TRUNCATED: (bytes) => bytes.subarray(0, bytes.length - 1),
    TRAILING: (bytes) => Buffer.concat([bytes, Buffer.from([0])]),
    BAD_HASH: (bytes) => {
        bytes[bytes.length - 1] ^= 1;
        return bytes;
    },
    BAD_HEADER: (bytes) => {
        bytes[8] = 2;
        return bytes;
    },
    LIMIT: (bytes) => {
        bytes.writeUInt32LE(16 * 1024 * 1024 + 1, 20);
        return bytes;
    },
    UNVERIFIABLE: (bytes) => {
        bytes[16] = 1;
        return bytes;
    },
    BAD_MANIFEST: (bytes) => {
        bytes[24] = 0x20;
        return bytes;
    },
};

test("a broken bundle has a specific error and never runs", () => {
    const file = build({ "app.ts": 'console.log("it ran");\n', "manifest.json": manifest });
    const good = readFileSync(file);
    assert.match(run(["run", file]).out, /it ran/);
    for (const [code, break_] of Object.entries(damage)) {
        const broken = path.join(base, `${code}.cleat`);
        writeFileSync(broken, break_(Buffer.from(good)));
        const ran = run(["run", broken]);
        assert.equal(ran.code, 3, `${code}: ${ran.err}`);
        assert.match(ran.err, new RegExp(`${code}: `));
        assert.equal(ran.out, "");
        const inspected = run(["inspect", broken, "--json"]);
        assert.equal(inspected.code, 1);
        assert.equal(JSON.parse(inspected.out).verdict.code, code);
        assert.match(run(["inspect", broken]).out, new RegExp(`^verdict: ${code}: `, "m"));
    }
    // An altered manifest: another id of the same length.
    const altered = Buffer.from(
        good.toString("latin1").replace("com.example.app", "com.example.apq"),
        "latin1",
    );
    writeFileSync(path.join(base, "altered.cleat"), altered);
    const ran = run(["run", "altered.cleat"]);
    assert.deepEqual([ran.code, ran.out], [3, ""]);
    assert.match(ran.err, /BAD_HASH: the manifest/);
    assert.match(run(["run", "gone.cleat"]).err, /can't read gone\.cleat: ENOENT/);
    assert.match(run(["inspect", tool]).out, /^\nverdict: BAD_MAGIC/);
    // The runtime itself wants to be told that nobody signed it.
    const direct = spawnSync(cleat, ["run", file], { encoding: "utf8" });
    assert.equal(direct.status, 3);
    assert.match(direct.stderr, /UNSIGNED: /);
});

test("run: arguments, exit codes, stack traces in TypeScript", () => {
    const where = folder({
        "app.ts": `${hello}interface X {\n    y: number;\n}\nif (cleat.args[0] === "--throw") {\n    throw new Error("boom");\n}\n`,
    });
    const result = run(["run", "app.ts", "--", "--throw", "--help"], { cwd: where });
    assert.equal(result.out, "hello --throw --help\n");
    assert.equal(result.code, 1);
    assert.match(result.err, /Error: boom\n[^]*app\.ts:6:/);
    assert.equal(run(["run", "app.ts", "one", "--", "two"], { cwd: where }).out, "hello one two\n");
    const loop = folder({ "app.ts": "for (;;);\n" });
    assert.equal(run(["run", "app.ts", "--max-turn-ms", "200"], { cwd: loop }).code, 71);
    assert.equal(run(["run", "app.ts", "--memory-limit", "nonsense"], { cwd: loop }).code, 2);
    assert.match(
        run(["run", "app.ts", "--ca-file", "app.ts"], { cwd: loop }).err,
        /app\.ts has no certificate/,
    );
    const missing = run(["run", "app.ts", "--runtime", "/no/such/cleat"], { cwd: where });
    assert.equal(missing.code, 1);
    assert.match(missing.err, /\/no\/such\/cleat is not there/);
    const temporary = folder({});
    assert.equal(run(["run", "app.ts"], { cwd: where, env: { TMPDIR: temporary } }).code, 0);
    assert.deepEqual(readdirSync(temporary), [], "nothing is left behind");
});

test("run: what a manifest declares is allowed in the own sources, and nothing else", () => {
    const code = `for (const [kind, options] of [["declared", { localAddress: "127.0.0.1" }], ["other", { localAddress: "127.0.0.1", localPort: 7 }]]) {
    try {
        const server = new TCPServerSocket(options);
        server.opened.catch(() => undefined);
        server.close();
        console.log(kind, "allowed");
    } catch (error) {
        console.log(kind, error.name);
    }
}
`;
    const declared = { ...manifest, permissions: { "tcp.listen": [{ host: "127.0.0.1", port: 0 }] } };
    const own = folder({ "app.js": code, "manifest.json": declared });
    assert.equal(run(["run", "app.js"], { cwd: own }).out, "declared allowed\nother SecurityError\n");
    // A flag that says what to allow replaces that; a denial beats it.
    assert.equal(
        run(["run", "app.js", "--allow", "tcp.listen=127.0.0.1:7"], { cwd: own }).out,
        "declared SecurityError\nother SecurityError\n",
    );
    assert.equal(
        run(["run", "app.js", "--deny", "tcp.listen"], { cwd: own }).out,
        "declared SecurityError\nother SecurityError\n",
    );
    // A bundle is somebody's: nothing is allowed by itself.
    assert.equal(run(["build", "app.js", "-o", "app.cleat"], { cwd: own }).code, 0);
    assert.equal(
        run(["run", "app.cleat"], { cwd: own }).out,
        "declared SecurityError\nother SecurityError\n",
    );
    assert.equal(
        run(["run", "app.cleat", "-A"], { cwd: own }).out,
        "declared allowed\nother SecurityError\n",
    );
    // Without a manifest there is no ceiling, and nothing by itself either.
    const bare = folder({ "app.js": code });
    assert.equal(run(["run", "app.js"], { cwd: bare }).out, "declared SecurityError\nother SecurityError\n");
    assert.equal(
        run(["run", "app.js", "--allow", "tcp.listen=127.0.0.1:7"], { cwd: bare }).out,
        "declared SecurityError\nother allowed\n",
    );
});

test("run: signals reach the app, and the tool ends as the app does", async () => {
    const where = folder({
        "app.ts": `const timer = setInterval(() => undefined, 1000);
cleat.addSignalListener("SIGTERM", () => console.log("bye"));
cleat.addSignalListener("SIGUSR1", () => clearInterval(timer));
console.log("ready");
`,
    });
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
        const app = start(["run", "app.ts"], { cwd: where });
        await app.seen(/ready/);
        app.child.kill(signal);
        assert.deepEqual(await app.ended, { code: null, signal });
        assert.equal(app.out, signal === "SIGTERM" ? "ready\nbye\n" : "ready\n");
    }
    const app = start(["run", "app.ts"], { cwd: where });
    await app.seen(/ready/);
    app.child.kill("SIGUSR1");
    assert.deepEqual(await app.ended, { code: 0, signal: null });
});

test("run --watch: starts again on every change, waits while the sources are wrong, ends on a signal", async () => {
    const where = folder({
        "app.ts":
            'import { word } from "./lib/word.ts";\nconsole.log(word);\nsetInterval(() => undefined, 1000);\n',
        "lib/word.ts": 'export const word = "first";\n',
    });
    const app = start(["run", "app.ts", "--watch"], { cwd: where });
    await app.seen(/^first$/m);
    writeFileSync(path.join(where, "lib/word.ts"), 'export const word = "second";\n');
    await app.seen(/^second$/m);
    writeFileSync(path.join(where, "lib/word.ts"), "export const word = ;\n");
    await app.seen(/lib\/word\.ts:1:20[^]*waiting for changes/);
    // As editors do it: another file takes the name.
    writeFileSync(
        path.join(where, "lib/word.new"),
        'export const word = "third"; setTimeout(() => cleat.exit(5), 50);\n',
    );
    spawnSync("mv", ["lib/word.new", "lib/word.ts"], { cwd: where });
    await app.seen(/^third$/m);
    await app.seen(/ended with code 5; waiting for changes/);
    // A manifest that appears counts as well.
    writeFileSync(path.join(where, "manifest.json"), '{"manifestVersion": 3}');
    await app.seen(/manifest\.json:1:21: manifestVersion: must be 1/);
    app.child.kill("SIGTERM");
    assert.deepEqual(await app.ended, { code: null, signal: "SIGTERM" });
});

test("the example and the table of rules in docs/manifest.md are true", () => {
    const page = readFileSync(path.join(root, "docs/manifest.md"), "utf8");
    const example = /```json\n([^]*?)```/.exec(page)[1];
    const file = build({ "app.ts": hello, "manifest.json": example });
    assert.equal(run(["run", file]).code, 0);
    const rows = [...page.matchAll(/^\| `([a-z.]+)` +\| `(\{.*?\})` +\| `([^`]+)` +\|$/gm)];
    assert.ok(rows.length >= 10, `${rows.length} rules found`);
    for (const [, operation, rule, text] of rows) {
        const declared = { ...manifest, permissions: { [operation]: [JSON.parse(rule)] } };
        const { rules } = JSON.parse(
            run(["inspect", build({ "app.ts": hello, "manifest.json": declared }), "--json"]).out,
        );
        assert.deepEqual(rules, [{ rule: text }]);
    }
});

test("without the npm packages the error says what to do", () => {
    const copy = path.join(base, "copy");
    mkdirSync(path.join(copy, "tools"), { recursive: true });
    for (const name of ["tools/cleat.mjs", "package.json", "package-lock.json"]) {
        cpSync(path.join(root, name), path.join(copy, name));
    }
    symlinkSync(path.join(root, "tools/cli"), path.join(copy, "tools/cli"));
    const result = spawnSync(process.execPath, [path.join(copy, "tools/cleat.mjs"), "--version"], {
        encoding: "utf8",
    });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /run `npm run setup`/);
});

test("npx finds the command", () => {
    const result = spawnSync("npx", ["cleat", "--version"], { cwd: root, encoding: "utf8" });
    assert.match(result.stdout, /^cleat \d/, result.stderr);
});
