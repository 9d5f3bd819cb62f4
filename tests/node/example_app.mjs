// example_app.mjs - runs an example as a bundle with everything that its manifest declares allowed.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cleat, preset, root, until } from "./support.mjs";

const work = mkdtempSync(path.join(tmpdir(), "cleat-example-"));
const running = new Set();
process.on("exit", () => {
    running.forEach((child) => child.kill("SIGKILL"));
    rmSync(work, { recursive: true });
});
const bundles = new Map();

/** Builds an example once; the path of its bundle. */
function bundleOf(name) {
    if (!bundles.has(name)) {
        const file = path.join(work, `${name}.cleat`);
        const command = [
            path.join(root, "tools/cleat.mjs"),
            "build",
            path.join(root, "examples", name),
            "-o",
            file,
        ];
        const result = spawnSync(process.execPath, command, { encoding: "utf8" });
        if (result.status !== 0) {
            throw new Error(`cleat build ${name}: ${result.stdout}${result.stderr}`);
        }
        bundles.set(name, file);
    }
    return bundles.get(name);
}

/** How long to wait for a text: sanitized builds are slower. */
export const patience = preset === "release" ? 15_000 : 60_000;

/** Starts any program; `out` and `err` grow, `saw(pattern)` waits for output, `ended` resolves with code and signal. */
export function start(command) {
    const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    const app = { child, pid: child.pid, out: "", err: "", over: false };
    child.stdout.on("data", (data) => (app.out += data));
    child.stderr.on("data", (data) => (app.err += data));
    app.ended = new Promise((resolve) =>
        child.once("close", (code, signal) => {
            running.delete(child);
            app.over = true;
            resolve({ code, signal });
        }),
    );
    app.saw = (pattern) =>
        until(
            () => {
                const found = pattern.exec(app.out + app.err);
                if (found === null && app.over) {
                    throw new Error(`${command.join(" ")} ended without ${pattern}:\n${app.out}${app.err}`);
                }
                return found;
            },
            `${pattern} from ${command.join(" ")}`,
            patience,
        );
    app.stop = (signal = "SIGTERM") => {
        child.kill(signal);
        return app.ended;
    };
    return app;
}

/** Starts an example, e.g. in a namespace by its prefix, with more flags for the runtime. */
export function startExample(name, args = [], { prefix = [], flags = [] } = {}) {
    return start([...prefix, cleat, "run", "--unsigned", "-A", ...flags, bundleOf(name), ...args]);
}

/** Runs an example to its end: {code, out, err}. */
export async function runExample(name, args = [], options = {}) {
    const app = startExample(name, args, options);
    const { code, signal } = await app.ended;
    return { code: signal ?? code, out: app.out, err: app.err };
}
