// run.ts - `cleat run`: builds an app in memory and runs it on the native runtime, which this only finds, feeds and
// stands in for: standard streams, signals and exit code are the app's. Not here: running again on changes (watch.ts).
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type App, findApp, shownPath } from "./app.ts";
import { anyManifest, compileApp } from "./compile.ts";
import { Failure, UsageError, errnoOf } from "./failure.ts";
import { visible } from "./terminal.ts";
import { type Verb, packageRoot, parseVerb } from "./verb.ts";
import { watchApp } from "./watch.ts";

const help = `
Usage: cleat run APP [flags] [-- ARGUMENTS]

Runs an app on the native runtime. APP is an entry module or an app's folder, which is built in memory first, or a
bundle. ARGUMENTS are the app's own (cleat.args). Standard streams, signals and the exit code are the app's.

An app with a manifest.json is run with what that declares allowed (-A), unless --allow or --prompt says otherwise.
An app without one is allowed nothing but what --allow says; so is a bundle.

  --watch              run again whenever a source changes
  --minify             as for \`cleat build\`
  --runtime FILE       the native runtime (default: $CLEAT_BINARY, then build/cleat)

Passed on to the runtime (see docs/cli.md):
  --allow OP[=RULE]    allow tcp.connect, tcp.listen, udp.send, udp.bind, multicast,
                       broadcast or tls.insecure
  --deny OP[=RULE]     deny, whatever else allows it
  -A, --allow-all      allow everything that the manifest declares
  --prompt             ask on the terminal for the rest
  --memory-limit SIZE, --stack-size SIZE, --max-turn-ms N, --ca-file FILE

Examples:
  cleat run app.ts
  cleat run . --watch
  cleat run app.ts --allow tcp.connect=irc.example.net:6667 -- mynick
  cleat run app.cleat -A
`;

const valueFlags = ["allow", "deny", "memory-limit", "stack-size", "max-turn-ms", "ca-file"] as const;

/** What to run, and how. */
export interface RunPlan {
    readonly runtime: string;
    /** Flags for the runtime, without the app. */
    readonly flags: readonly string[];
    readonly args: readonly string[];
    readonly minify: boolean;
}

function findRuntime(given: string | undefined): string {
    const file = given ?? process.env["CLEAT_BINARY"] ?? path.join(packageRoot, "build/cleat");
    if (!existsSync(file)) {
        const hint = given === undefined ? ": run `npm run build` in the folder of Cleat" : "";
        throw new Failure(`the native runtime ${shownPath(path.resolve(file))} is not there${hint}`);
    }
    return path.resolve(file);
}

/** Hands a bundle to the runtime as an open file that has no name any more, so that nothing is left behind. */
function openUnnamed(bundle: Uint8Array): number {
    const folder = mkdtempSync(path.join(os.tmpdir(), "cleat-"));
    try {
        const file = path.join(folder, "app.cleat");
        writeFileSync(file, bundle, { mode: 0o600 });
        return openSync(file, "r");
    } finally {
        rmSync(folder, { recursive: true });
    }
}

/** Starts the runtime on a bundle. */
export function startRuntime(plan: RunPlan, bundle: Uint8Array): ChildProcess {
    const descriptor = openUnnamed(bundle);
    try {
        return spawn(plan.runtime, ["run", ...plan.flags, "--unsigned", "/dev/fd/3", ...plan.args], {
            stdio: ["inherit", "inherit", "inherit", descriptor],
        });
    } finally {
        closeSync(descriptor);
    }
}

/** Builds an app as `cleat run` does. */
export async function compileForRun(app: App, plan: RunPlan): ReturnType<typeof compileApp> {
    return compileApp(app, app.manifest ?? anyManifest, { minify: plan.minify, sourceMap: true });
}

export interface Ending {
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
}

/** Resolves when the process has ended. Rejects with a {@link Failure} if it can't start. */
export function ended(child: ChildProcess): Promise<Ending> {
    return new Promise((resolve, reject) => {
        child.once("error", (error) => {
            reject(new Failure(`can't start the native runtime: ${error.message}`));
        });
        child.once("exit", (code, signal) => {
            resolve({ code, signal });
        });
    });
}

const passedSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

/**
 * Passes signals on to a child until the returned function is called. Comes before the child, so that no signal can
 * end this process and leave the child behind; handlers run later than what starts the child.
 */
function passSignals(child: () => ChildProcess | undefined): () => void {
    const pass = (signal: NodeJS.Signals): void => {
        // Ctrl-C on a terminal reaches the child by itself.
        if (signal !== "SIGINT" || process.stdin.isTTY !== true) {
            child()?.kill(signal);
        }
    };
    for (const signal of passedSignals) {
        process.on(signal, pass);
    }
    return () => {
        for (const signal of passedSignals) {
            process.off(signal, pass);
        }
    };
}

/** Ends as the child did: with its code, or by its signal. */
async function endLike({ code, signal }: Ending): Promise<number> {
    // SIGUSR1 would not end Node.js but start its debugger.
    if (signal !== null && signal !== "SIGUSR1") {
        process.kill(process.pid, signal);
        // Only a signal that does not end this process gets here.
        await new Promise((resolve) => setTimeout(resolve, 100));
        return 128 + os.constants.signals[signal];
    }
    return code ?? 128 + os.constants.signals.SIGUSR1;
}

async function runOnce(plan: RunPlan, bundle: Uint8Array): Promise<number> {
    const started: { child?: ChildProcess } = {};
    const stopPassing = passSignals(() => started.child);
    started.child = startRuntime(plan, bundle);
    const ending = await ended(started.child);
    stopPassing();
    return endLike(ending);
}

async function run(args: readonly string[]): Promise<number> {
    const end = args.includes("--") ? args.indexOf("--") : args.length;
    const value = { type: "string", multiple: true } as const;
    const { values, positionals } = parseVerb(
        args.slice(0, end),
        {
            allow: value,
            deny: value,
            "memory-limit": value,
            "stack-size": value,
            "max-turn-ms": value,
            "ca-file": value,
            "allow-all": { type: "boolean", short: "A", default: false },
            prompt: { type: "boolean", default: false },
            unsigned: { type: "boolean", default: false },
            watch: { type: "boolean", default: false },
            minify: { type: "boolean", default: false },
            runtime: { type: "string" },
        },
        { min: 1, max: Number.POSITIVE_INFINITY, what: "the app" },
    );
    const [argument = "", ...more] = positionals;
    const flags = valueFlags.flatMap((name) => (values[name] ?? []).flatMap((text) => [`--${name}`, text]));
    if (values.prompt) {
        flags.push("--prompt");
    }
    const isBundle = /\.cleat$/i.test(argument);
    if (isBundle && values.watch) {
        throw new UsageError("--watch is for sources, not for bundles");
    }
    const app = isBundle ? undefined : findApp(argument);
    const isOwn = app?.manifest !== undefined && values.allow === undefined && !values.prompt;
    if (values["allow-all"] || isOwn) {
        flags.push("--allow-all");
    }
    const plan: RunPlan = {
        runtime: findRuntime(values.runtime),
        flags,
        args: [...more, ...args.slice(end + 1)],
        minify: values.minify,
    };
    if (app === undefined) {
        return runOnce(plan, readBundleFile(argument));
    }
    if (values.watch) {
        return watchApp(argument, plan);
    }
    return runOnce(plan, (await compileForRun(app, plan)).bundle);
}

function readBundleFile(file: string): Uint8Array {
    try {
        return readFileSync(file);
    } catch (error) {
        throw new Failure(`can't read ${visible(file)}: ${errnoOf(error) ?? String(error)}`);
    }
}

export const runVerb: Verb = { name: "run", summary: "run an app on the native runtime", help, run };
