// process.mjs - runs one test program: collects its output, enforces a time limit, and ends it together with whatever
// it started (each runs in a process group of its own).
import { spawn } from "node:child_process";

const running = new Set();

function killGroup(pid) {
    try {
        process.kill(-pid, "SIGKILL");
    } catch {
        // it has ended in the meantime
    }
}

for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
        for (const pid of running) {
            killGroup(pid);
        }
        process.exit(signal === "SIGINT" ? 130 : 143);
    });
}

/** Resolves with {code, signal, output, timedOut, seconds}; never rejects. `timeout` in seconds. */
export function runProgram(program, args, { cwd, env = {}, timeout }) {
    return new Promise((resolve) => {
        const start = performance.now();
        const chunks = [];
        let timedOut = false;
        const child = spawn(program, args, {
            cwd,
            env: { ...process.env, ...env },
            stdio: ["ignore", "pipe", "pipe"],
            detached: true,
        });
        const finish = (code, signal) => {
            clearTimeout(timer);
            if (child.pid !== undefined) {
                running.delete(child.pid);
                killGroup(child.pid);
            }
            const output = Buffer.concat(chunks).toString("utf8");
            resolve({ code, signal, output, timedOut, seconds: (performance.now() - start) / 1000 });
        };
        const timer = setTimeout(() => {
            timedOut = true;
            killGroup(child.pid);
        }, timeout * 1000);
        if (child.pid !== undefined) {
            running.add(child.pid);
        }
        child.stdout.on("data", (chunk) => chunks.push(chunk));
        child.stderr.on("data", (chunk) => chunks.push(chunk));
        child.on("error", (error) => {
            chunks.push(Buffer.from(`${program}: ${error.message}\n`));
            finish(null, null);
        });
        // "exit" and not "close": a grandchild that holds the pipe open must not hold up the run.
        child.on("exit", (code, signal) => setTimeout(() => finish(code, signal), 20));
    });
}
