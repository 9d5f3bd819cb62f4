// watch.ts - `cleat run --watch`: builds and starts an app again whenever one of its inputs changes. The running app is
// asked to end (SIGTERM) before the next one starts, and made to if it does not.
import { type ChildProcess } from "node:child_process";
import { type FSWatcher, watch } from "node:fs";
import path from "node:path";
import { findApp } from "./app.ts";
import { Failure } from "./failure.ts";
import { type RunPlan, compileForRun, ended, startRuntime } from "./run.ts";

/** Editors write in several steps; the build starts when they have been quiet for so long. */
const quietMs = 80;
/** How long an app may take to end when it is asked to. */
const endMs = 2000;

function note(text: string): void {
    console.error(`[cleat] ${text}`);
}

/** Calls back once after changes to any of the files, which may also appear, vanish or be replaced. */
class FileWatcher {
    readonly #watchers = new Map<string, FSWatcher>();
    readonly #onChange: () => void;
    #files = new Set<string>();
    #timer: NodeJS.Timeout | undefined;

    constructor(onChange: () => void) {
        this.#onChange = onChange;
    }

    /** From now on these are the files. */
    setFiles(files: readonly string[]): void {
        this.#files = new Set(files);
        const folders = new Set(files.map((file) => path.dirname(file)));
        for (const [folder, watcher] of this.#watchers) {
            if (!folders.has(folder)) {
                watcher.close();
                this.#watchers.delete(folder);
            }
        }
        for (const folder of folders) {
            if (!this.#watchers.has(folder)) {
                this.#watch(folder);
            }
        }
    }

    close(): void {
        clearTimeout(this.#timer);
        for (const watcher of this.#watchers.values()) {
            watcher.close();
        }
    }

    #watch(folder: string): void {
        // Folders, not files: a file that is replaced by renaming is another file.
        const watcher = watch(folder, (_, name) => {
            if (name === null || this.#files.has(path.join(folder, name))) {
                clearTimeout(this.#timer);
                this.#timer = setTimeout(this.#onChange, quietMs);
            }
        });
        watcher.on("error", () => {
            this.#watchers.delete(folder);
        });
        this.#watchers.set(folder, watcher);
    }
}

async function stop(child: ChildProcess): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
        return;
    }
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const timer = setTimeout(() => {
        note("the app does not end: killing it");
        child.kill("SIGKILL");
    }, endMs);
    await gone;
    clearTimeout(timer);
}

/** Starts the app and says how it ended, unless it was stopped to start again. */
function start(plan: RunPlan, bundle: Uint8Array, isStopping: () => boolean): ChildProcess {
    const child = startRuntime(plan, bundle);
    ended(child).then(
        ({ code, signal }) => {
            if (!isStopping()) {
                note(
                    `the app ended ${signal === null ? `with code ${code}` : `by ${signal}`}; waiting for changes`,
                );
            }
        },
        (error: unknown) => {
            note(error instanceof Error ? error.message : String(error));
        },
    );
    return child;
}

/** Runs an app again and again until a signal ends it; resolves with the exit code. */
export async function watchApp(argument: string, plan: RunPlan): Promise<number> {
    let child: ChildProcess | undefined;
    let stopping = false;
    let wake = (): void => undefined;
    const watcher = new FileWatcher(() => {
        wake();
    });
    const first = findApp(argument);
    let files: readonly string[] = [first.entry, first.manifestPath];
    let ending: NodeJS.Signals | undefined;
    const end = (signal: NodeJS.Signals): void => {
        ending = signal;
        wake();
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) {
        process.on(signal, end);
    }
    while (ending === undefined) {
        const changed = new Promise<void>((resolve) => {
            wake = resolve;
        });
        watcher.setFiles(files);
        try {
            const { bundle, inputs } = await compileForRun(findApp(argument), plan);
            files = inputs;
            watcher.setFiles(files);
            stopping = false;
            child = start(plan, bundle, () => stopping);
        } catch (error) {
            if (!(error instanceof Failure)) {
                throw error;
            }
            console.error(error.message);
            note("waiting for changes");
        }
        await changed;
        stopping = true;
        if (child !== undefined) {
            await stop(child);
        }
    }
    watcher.close();
    for (const signal of signals) {
        process.off(signal, end);
    }
    process.kill(process.pid, ending);
    return 1;
}
