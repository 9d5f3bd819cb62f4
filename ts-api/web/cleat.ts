// cleat.ts - the `cleat` namespace: what belongs to the program and its device and to no standard. Network parts are
// loaded by the first use of `network` or `resolve` (builtin() loads a module synchronously), so that `cleat.args` costs
// this file only. Not here: interfaces and their changes (network.ts), names (resolve.ts).
import {
    app,
    architecture,
    args,
    builtin,
    exit,
    exitBySignal,
    gc,
    host,
    memoryUsage,
    onSignal,
    reportError,
    version,
} from "cleat:native/runtime";
import type { network } from "./network.ts";
import type { resolve, ResolveOptions } from "./resolve.ts";

/** The signals that an app may listen to. */
export type Signal = "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";
/** May return a promise: the app ends when it has settled. */
export type SignalListener = (signal: Signal) => unknown;

const listeners: Record<string, readonly SignalListener[]> = { __proto__: null } as never;
const { apply } = Reflect;
const { then } = Promise.prototype;
/** The signal that is about to end the app. */
let ending = false;

/** What is left of a signal once its listeners have run: SIGINT and SIGTERM end the app, the others do not. */
function endsApp(signal: Signal): boolean {
    return signal === "SIGINT" || signal === "SIGTERM";
}

function received(signal: Signal): void {
    if (endsApp(signal)) {
        if (ending) {
            // Again while a listener is still at it: the user has lost patience.
            exitBySignal(signal);
        }
        ending = true;
    }
    const list = listeners[signal] ?? [];
    let waiting = 1;
    const done = (): void => {
        if (--waiting === 0 && endsApp(signal)) {
            exitBySignal(signal);
        }
    };
    const failed = (error: unknown): void => {
        reportError(error);
        done();
    };
    for (let i = 0; i < list.length; i++) {
        try {
            const result = list[i]!(signal);
            if (result instanceof Promise) {
                waiting++;
                void apply(then, result, [done, failed]);
            }
        } catch (error) {
            reportError(error);
        }
    }
    done();
}

function checkListener(listener: unknown): void {
    if (typeof listener !== "function") {
        throw new TypeError("the listener must be a function");
    }
}

/** Lists are replaced, never changed: received() may be walking through one. */
function listenersWithout(signal: string, listener: SignalListener): SignalListener[] {
    const old = listeners[signal] ?? [];
    const list: SignalListener[] = [];
    for (let i = 0; i < old.length; i++) {
        if (old[i] !== listener) {
            list[list.length] = old[i]!;
        }
    }
    return list;
}

export const cleat = {
    [Symbol.toStringTag]: "cleat",
    get args(): string[] {
        return args();
    },
    get version(): string {
        return version().cleat;
    },
    get versions(): ReturnType<typeof version> {
        return version();
    },
    get arch(): string {
        return architecture();
    },
    get app(): ReturnType<typeof app> {
        return app();
    },
    exit(code = 0): never {
        return exit(code);
    },
    gc(): void {
        gc();
    },
    memoryUsage(): ReturnType<typeof memoryUsage> {
        return memoryUsage();
    },
    addSignalListener(signal: Signal, listener: SignalListener): void {
        checkListener(listener);
        signal = `${signal}`;
        const list = listenersWithout(signal, listener);
        list[list.length] = listener;
        onSignal(signal, () => received(signal));
        listeners[signal] = list;
    },
    removeSignalListener(signal: Signal, listener: SignalListener): void {
        checkListener(listener);
        signal = `${signal}`;
        const list = listenersWithout(signal, listener);
        if (list.length === 0) {
            onSignal(signal, null);
        }
        listeners[signal] = list;
    },
    get host(): ReturnType<typeof host> {
        return host();
    },
    get network(): typeof network {
        return builtin("cleat:web/network", "network") as typeof network;
    },
    resolve(name: string, options?: ResolveOptions): ReturnType<typeof resolve> {
        return (builtin("cleat:web/resolve", "resolve") as typeof resolve)(name, options);
    },
};
