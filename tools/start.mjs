// start.mjs - what `npm start` does: sets the machine up, builds the runtime, starts the example television
// (examples/virtual-tv) in the background and lets examples/discover find it. Exits with discover's exit code.
import { spawn } from "node:child_process";
import path from "node:path";
import { SetupError, progress, runMain } from "./setup/log.mjs";
import { build } from "./build.mjs";
import { setUp } from "./setup.mjs";

const root = path.join(import.meta.dirname, "..");
const cli = path.join(root, "tools/cleat.mjs");
const tvStartSeconds = 30;

/** Starts an example in a process group of its own. */
function runExample(name, stdout, args = []) {
    return spawn(process.execPath, [cli, "run", path.join(root, `examples/${name}/app.ts`), ...args], {
        cwd: root,
        stdio: ["ignore", stdout, "inherit"],
        detached: true,
    });
}

function stop(child) {
    if (child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, "SIGTERM");
    }
}

const ended = (child) => new Promise((resolve) => child.on("exit", (code) => resolve(code ?? 1)));

/** Resolves when the television prints its first line: from then on it answers. */
function started(tv) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(
            () => reject(new SetupError(`the television said nothing for ${tvStartSeconds} s`)),
            tvStartSeconds * 1000,
        );
        tv.stdout.once("data", (data) => {
            clearTimeout(timer);
            process.stdout.write(data);
            tv.stdout.pipe(process.stdout);
            resolve();
        });
        tv.on("exit", (code) => {
            clearTimeout(timer);
            reject(new SetupError(`the television ended at once (exit code ${code}), see above`));
        });
    });
}

await runMain(async () => {
    await setUp();
    await build("release");
    progress("starting examples/virtual-tv, a UPnP television that lives on this machine");
    const tv = runExample("virtual-tv", "pipe");
    const tvEnded = ended(tv);
    const stopBoth = () => stop(tv);
    process.on("SIGINT", stopBoth).on("SIGTERM", stopBoth);
    try {
        await started(tv);
        progress("running examples/discover, which asks the network who is there");
        return await ended(runExample("discover", "inherit"));
    } finally {
        stop(tv);
        await tvEnded;
    }
});
