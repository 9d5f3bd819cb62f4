// support.mjs - what the tests on Node share: the binary under test and its build.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** The program under test; the runner sets it for each build. */
export const cleat = process.env.CLEAT_BINARY ?? path.join(root, "build/cleat");
/** "release", "asan", … */
export const preset = process.env.CLEAT_PRESET ?? "release";

/** Resolves after so many milliseconds. */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Polls until `probe` gives something truthy; fails with `what` after `limit` milliseconds. */
export async function until(probe, what, limit = 20_000) {
    for (const end = Date.now() + limit; Date.now() < end; await sleep(20)) {
        const value = await probe();
        if (value) {
            return value;
        }
    }
    throw new Error(`gave up waiting: ${what}`);
}

let scripts;
/** An argument is at most 128 KiB long: longer code goes into a file. */
function appArguments(code) {
    if (code.length < 100_000) {
        return ["--eval", code];
    }
    if (scripts === undefined) {
        scripts = { folder: mkdtempSync(path.join(os.tmpdir(), "cleat-apps-")), count: 0 };
        process.on("exit", () => rmSync(scripts.folder, { recursive: true, force: true }));
    }
    const file = path.join(scripts.folder, `${scripts.count++}.js`);
    writeFileSync(file, code);
    return [file];
}

/**
 * Runs code as an app; `line(pattern)` waits for a line of its output, `ended` resolves with code and signal.
 * `prefix` is a command that execs the program, e.g. ["ip", "netns", "exec", "x"].
 * `file`: a script or bundle to run instead of code.
 */
export function startApp(code, { flags = ["-A"], args = [], prefix = [], env = process.env, file } = {}) {
    const what = file === undefined ? appArguments(code) : [file];
    const command = [...prefix, cleat, "run", ...flags, ...what, ...args];
    const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"], env });
    const app = { child, pid: child.pid, out: "", err: "" };
    child.stdout.on("data", (data) => (app.out += data));
    child.stderr.on("data", (data) => (app.err += data));
    app.ended = new Promise((resolve) =>
        child.once("close", (exit, signal) => resolve({ code: exit, signal })),
    );
    app.line = async (pattern, limit) => {
        let over = false;
        void app.ended.then(() => (over = true));
        return until(
            () => {
                const found = app.out
                    .split("\n")
                    .map((line) => pattern.exec(line))
                    .find(Boolean);
                if (!found && over) {
                    throw new Error(`the app ended before it printed ${pattern}:\n${app.out}${app.err}`);
                }
                return found;
            },
            `${pattern} in\n${app.out}${app.err}`,
            limit,
        );
    };
    app.stop = async () => {
        if (child.exitCode === null && child.signalCode === null) {
            child.kill("SIGTERM");
            const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
            await app.ended;
            clearTimeout(timer);
        }
        return app.ended;
    };
    return app;
}

/** CPU milliseconds that a process has used. */
export function cpuMs(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
}

export const rssKiB = (pid) =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
export const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

/** A reason to skip tests that make network namespaces, or undefined. */
export function cannotUnshare() {
    if (process.getuid() !== 0) {
        return "network namespaces need root";
    }
    return spawnSync("unshare", ["-n", "true"]).status === 0
        ? undefined
        : "this machine can't make network namespaces";
}
