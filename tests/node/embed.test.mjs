// timeout: 120
// embed.test.mjs - examples/embed: a C program built against libcleat through its public header alone, once against the
// build folder and once (release) against an installed prefix, and what its app may and may not do.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { cleat, preset, root } from "./support.mjs";

const work = mkdtempSync(path.join(tmpdir(), "cleat-embed-"));
after(() => rmSync(work, { recursive: true }));

function run(program, args) {
    const result = spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
    assert.equal(result.status, 0, `${program} ${args.join(" ")}\n${result.stdout}${result.stderr}`);
    return result.stdout;
}

/** Builds the example; the path of the program. */
function buildEmbed(name, ...options) {
    const folder = path.join(work, name);
    const flags = preset === "asan" ? ["-DCMAKE_C_FLAGS=-fsanitize=address,undefined"] : [];
    run("cmake", [
        "-G",
        "Ninja",
        "-S",
        path.join(root, "examples/embed"),
        "-B",
        folder,
        ...flags,
        ...options,
    ]);
    run("cmake", ["--build", folder]);
    return path.join(folder, "embed");
}

const build = path.dirname(cleat);
const program = buildEmbed("build", `-DCLEAT_BUILD=${build}`);

/** A port that was free a moment ago. */
async function freePort() {
    const server = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

/** Runs the program; `ended` resolves with its exit code, `output` grows, `saw` waits for a text. */
function start(binary, app, port) {
    const child = spawn(binary, [app, String(port)], { stdio: ["ignore", "pipe", "pipe"] });
    const running = { child, output: "" };
    const waiting = new Set();
    const note = (data) => {
        running.output += data;
        waiting.forEach((check) => check());
    };
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    running.ended = new Promise((resolve) =>
        child.once("close", (code, signal) => {
            note("");
            resolve(signal ?? code);
        }),
    );
    running.saw = (text) =>
        new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`no "${text}" in:\n${running.output}`)), 20_000);
            const check = () => {
                if (running.output.includes(text)) {
                    clearTimeout(timer);
                    waiting.delete(check);
                    resolve();
                }
            };
            waiting.add(check);
            check();
        });
    return running;
}

/** Sends lines, resolves with everything that came until the peer ended. */
async function talk(port, text) {
    const socket = net.connect(port, "127.0.0.1");
    socket.write(text);
    let answer = "";
    for await (const data of socket) {
        answer += data;
    }
    return answer;
}

function appFile(name, code) {
    const file = path.join(work, name);
    writeFileSync(file, code);
    return file;
}

async function checkExample(binary) {
    const port = await freePort();
    const embed = start(binary, path.join(root, "examples/embed/app.js"), port);
    await embed.saw("app: Kitchen radio listens");
    const answer = await talk(port, "status\nvolume 35\nvolume 900\nstatus\nbye\n");
    assert.deepEqual(answer.split("\n"), [
        '{"name":"Kitchen radio","volume":20}',
        '{"name":"Kitchen radio","volume":35}',
        "error: the volume must be a whole number from 0 to 100",
        '{"name":"Kitchen radio","volume":35}',
        "",
    ]);
    assert.equal(await embed.ended, 0, embed.output);
    assert.match(embed.output, /the app has ended with exit code 0, the volume is 35/);
}

test("host functions are called with arguments, return values and throw", () => checkExample(program));

test(
    "the same program builds and runs against an installed prefix",
    { skip: preset !== "release" },
    async () => {
        const prefix = path.join(work, "prefix");
        run("cmake", ["--install", build, "--prefix", prefix]);
        await checkExample(buildEmbed("installed", `-DCMAKE_PREFIX_PATH=${prefix}`));
    },
);

test("SIGTERM ends the app in order, and the host program goes on", async () => {
    const port = await freePort();
    const embed = start(program, path.join(root, "examples/embed/app.js"), port);
    await embed.saw("app: Kitchen radio listens");
    embed.child.kill("SIGTERM");
    assert.equal(await embed.ended, 0, embed.output);
    assert.match(embed.output, /the app has ended with exit code 143/);
});

test("what the host did not allow is refused, whatever the app tries", async () => {
    const app = appFile(
        "denied.js",
        `const [port] = cleat.args;
        for (const attempt of [
            () => new TCPServerSocket({ localAddress: "127.0.0.1", localPort: Number(port) + 1 }),
            () => new TCPServerSocket({ localPort: Number(port) }),
            () => new TCPSocket("127.0.0.1", Number(port)),
            () => new UDPSocket(),
        ]) {
            try { attempt(); console.log("done"); } catch (error) { console.log(error.name); }
        }
        console.log(Object.keys(cleat.host).join());`,
    );
    const embed = start(program, app, 20000);
    assert.equal(await embed.ended, 0, embed.output);
    assert.match(embed.output, /^(SecurityError\n){4}status,setVolume\n/);
});

test("an app that takes too much memory or time ends with its exit code, not the program", async () => {
    const hungry = start(
        program,
        appFile("hungry.js", "const all = []; for (;;) all.push(new Array(1000).fill(1));"),
        1,
    );
    assert.equal(await hungry.ended, 72, hungry.output);
    assert.match(hungry.output, /the app has ended with exit code 72/);
    const endless = start(program, appFile("endless.js", "for (;;);"), 1);
    assert.equal(await endless.ended, 71, endless.output);
    assert.match(endless.output, /the app has ended with exit code 71/);
});

test("a missing app and a wrong port are told in words", async () => {
    const missing = start(program, path.join(work, "nothing.js"), 1);
    assert.equal(await missing.ended, 1);
    assert.match(missing.output, /nothing\.js: .+/);
    const wrong = start(program, path.join(root, "examples/embed/app.js"), "many");
    assert.equal(await wrong.ended, 1);
    assert.match(wrong.output, /set-up: .+/);
});
