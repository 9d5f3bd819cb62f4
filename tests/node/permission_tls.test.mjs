// permission_tls.test.mjs - permissions about TLS of an app with a manifest: what the declarations make of --allow, -A and
// the answers on a terminal that script(1) makes. Not here: TLS.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { cleat, root, until } from "./support.mjs";

const base = mkdtempSync(path.join(os.tmpdir(), "cleat-tls-"));
after(() => rmSync(base, { recursive: true }));

const permissions = {
    "tcp.connect": [{ host: "mail.example.com", port: 993, tls: "required" }, { host: "192.168.1.5" }],
    "tls.insecure": [{ host: "192.168.1.0/24", port: 8009 }],
};
const code = `
    const { tcpPermission } = navigator;
    const mail = { remoteAddress: "mail.example.com", remotePort: 993 };
    const tv = { remoteAddress: "192.168.1.5", remotePort: 8009, useSecureTransport: true, rejectUnauthorized: false };
    const questions = {
        plain: mail,
        secure: { ...mail, useSecureTransport: true },
        tv,
        other: { ...tv, remotePort: 8010 },
        public: { ...tv, remoteAddress: "8.8.8.8" },
    };
    for (const [name, options] of Object.entries(questions)) {
        const asked = cleat.args.includes(name) ? tcpPermission.requestPermission(options) : undefined;
        const outcome = await asked?.then(() => "yes", (error) => error.message);
        console.log(name + " " + (outcome ?? "") + " " + (await tcpPermission.hasPermission(options)));
    }`;

const bundle = path.join(base, "app.cleat");
writeFileSync(path.join(base, "app.js"), code);
writeFileSync(
    path.join(base, "manifest.json"),
    JSON.stringify({
        manifestVersion: 1,
        id: "com.example.app",
        name: "App",
        version: "1.0.0",
        counter: 1,
        entry: "app.js",
        permissions,
    }),
);
const built = spawnSync(
    process.execPath,
    [path.join(root, "tools/cleat.mjs"), "build", "app.js", "-o", bundle],
    {
        cwd: base,
        encoding: "utf8",
        env: { ...process.env, CLEAT_BINARY: cleat, NO_COLOR: "1" },
    },
);
assert.equal(built.status, 0, built.stderr);

const states = (out) =>
    Object.fromEntries(
        [...out.matchAll(/^(plain|secure|tv|other|public) .*?(\w+)\r?$/gm)].map((found) => found.slice(1)),
    );
const run = (flags, ...args) => {
    const { stdout, stderr } = spawnSync(cleat, ["run", "--unsigned", ...flags, bundle, ...args], {
        encoding: "utf8",
    });
    assert.equal(stderr, "");
    return stdout;
};
const denied = { plain: "denied", secure: "denied", tv: "denied", other: "denied", public: "denied" };

/** Runs the bundle with --prompt and types the answers; resolves with what was seen. */
async function onTerminal(args, answers) {
    const command = [cleat, "run", "--unsigned", "--prompt", bundle, ...args].join(" ");
    const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
    let seen = "";
    child.stdout.on("data", (data) => (seen += data));
    const ended = new Promise((resolve) => child.once("close", resolve));
    for (const [index, answer] of answers.entries()) {
        await until(() => seen.split("Allow?").length > index + 1, `question ${index + 1} in\n${seen}`);
        child.stdin.write(`${answer}\n`);
    }
    await ended;
    return seen;
}

test("-A grants exactly what the manifest declares: secure connections, and the local peers that go unverified", () => {
    const out = run(["-A"]);
    assert.deepEqual(states(out), { ...denied, secure: "granted", tv: "granted" });
});

test("--allow grants within the declaration, and nothing without it", () => {
    assert.deepEqual(states(run([])), denied);
    assert.deepEqual(states(run(["--allow", "tcp.connect=192.168.1.5"])), denied);
    assert.deepEqual(states(run(["--allow", "tls.insecure"])), denied);
    assert.deepEqual(states(run(["--allow", "tcp.connect=192.168.1.5", "--allow", "tls.insecure"])), {
        ...denied,
        tv: "granted",
    });
});

test("what is refused says what the manifest lacks", () => {
    const out = run(["-A"], "plain", "other", "public");
    assert.match(
        out,
        /^plain tcp\.connect to mail\.example\.com:993 is declared in the manifest with TLS only; /m,
    );
    assert.match(
        out,
        /^other tls\.insecure to 192\.168\.1\.5:8010 is not declared in the manifest; add \{"host": "192\.168\.1\.5", "port": 8010\} to permissions\["tls\.insecure"\]/m,
    );
    assert.match(out, /^public tcp\.connect with TLS to 8\.8\.8\.8:8009 is not declared/m);
});

test("on the terminal: encrypted or not in words, and who answers unchecked in a question of its own", async () => {
    const seen = await onTerminal(["secure", "tv"], ["r", "r", "r"]);
    const questions = seen.split("The app asks for permission").slice(1);
    assert.match(questions[0], /host +mail\.example\.com\r\n[^]*encrypted +yes \(TLS\)/);
    assert.match(
        questions[1],
        /operation +tcp\.connect\r\n +host +192\.168\.1\.5\r\n[^]*encrypted +yes \(TLS\)/,
    );
    assert.match(questions[2], /^ to talk to 192\.168\.1\.5, port 8009, without checking who answers:/);
    assert.deepEqual(states(seen), { ...denied, secure: "granted", tv: "granted" }, seen);
});

test("a flag with a rule that can't be is refused", () => {
    for (const [flag, rule, message] of [
        ["--deny", "tcp.connect=a.example,tls", /tls can't be in a deny rule/],
        ["--allow", "tls.insecure=8.8.8.8", /is public, or not wholly local/],
        ["--allow", "tls.insecure=a.example,public", /never for public addresses/],
        ["--allow", "udp.send=a.example,tls", /tls is for tcp\.connect only/],
    ]) {
        const { status, stderr } = spawnSync(cleat, ["run", flag, rule, "--eval", "0"], { encoding: "utf8" });
        assert.equal(status, 2);
        assert.match(stderr, message);
    }
});
