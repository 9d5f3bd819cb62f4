// console.ts - the console object. log, info, debug and their like write to stdout, warn, error, trace and assert to
// stderr, at once. What needs more than strings is loaded when it is first used: inspecting values (inspect.ts), tables
// (console_extras.ts).
//
// Spec: Console (WHATWG).
import { builtin, hrtime, isTerminal, wantsColor, write } from "cleat:native/runtime";
import type * as Extras from "./console_extras.ts";
import type * as Inspect from "./inspect.ts";

type Stream = 1 | 2;

const { round } = Math;

/** Deeper groups are not moved in further. */
const GROUP_DEPTH_MAX = 100;
/** Labels that count() and time() remember. */
const LABELS_MAX = 1000;

let indentation = "";
let depth = 0;
let counts: Record<string, number> | null = null;
let timers: Record<string, number> | null = null;
let labels = 0;

let formatArguments: typeof Inspect.formatArguments | null = null;

function format(stream: Stream, args: readonly unknown[]): string {
    if (args.length === 0) {
        return "";
    }
    if (args.length === 1 && typeof args[0] === "string") {
        return args[0];
    }
    try {
        formatArguments ??= builtin("cleat:web/inspect", "formatArguments") as typeof Inspect.formatArguments;
        return formatArguments(args, wantsColor(stream));
    } catch {
        return plainText(args);
    }
}

/** For an app that has broken what formatting needs before it was loaded, and for want of memory. */
function plainText(args: readonly unknown[]): string {
    let text = "";
    for (let i = 0; i < args.length; i++) {
        const value = args[i];
        const kind = typeof value;
        const simple = kind !== "object" && kind !== "function" && kind !== "symbol";
        text += (i > 0 ? " " : "") + (simple || value === null ? `${value as string}` : `[${kind}]`);
    }
    return text;
}

function print(stream: Stream, args: readonly unknown[]): void {
    printText(stream, format(stream, args));
}

function printText(stream: Stream, text: string): void {
    if (indentation !== "") {
        let moved = indentation;
        for (let i = 0; i < text.length; i++) {
            moved += text[i]! === "\n" ? `\n${indentation}` : text[i]!;
        }
        text = moved;
    }
    write(stream, `${text}\n`);
}

/** An export of a module that is loaded now; null if an app has broken what loading it needs. */
function load<T>(module: string, name: string): T | null {
    try {
        return builtin(module, name) as T;
    } catch {
        return null;
    }
}

function labelOf(label: unknown): string {
    return label === undefined ? "default" : `${label as string}`;
}

function emptyRecord(): Record<string, number> {
    return { __proto__: null } as unknown as Record<string, number>;
}

/** Both lists in one. No spread: it would run an iterator that an app may have replaced. */
function after(first: unknown[], second: readonly unknown[]): unknown[] {
    for (let i = 0; i < second.length; i++) {
        first[first.length] = second[i];
    }
    return first;
}

function warning(text: string): void {
    printText(2, text);
}

function duration(nanoseconds: number): string {
    const unit = nanoseconds < 1e9 ? 1e6 : 1e9;
    return `${round((nanoseconds / unit) * 1000) / 1000}${unit === 1e6 ? "ms" : "s"}`;
}

function setDepth(value: number): void {
    depth = value;
    indentation = "";
    for (let i = 0; i < depth && i < GROUP_DEPTH_MAX; i++) {
        indentation += "  ";
    }
}

function openGroup(args: readonly unknown[]): void {
    if (args.length > 0) {
        print(1, args);
    }
    setDepth(depth + 1);
}

function logTime(label: string, args: readonly unknown[], end: boolean): void {
    const start = timers?.[label];
    if (start === undefined) {
        warning(`Timer '${label}' does not exist`);
        return;
    }
    const text = `${label}: ${duration(hrtime() - start)}`;
    print(1, args.length === 0 ? [text] : after(["%s", text], args));
    if (end) {
        delete timers![label];
        labels--;
    }
}

// Console §1: a namespace object, so each method works alone; its prototype is an empty object. Web IDL does not count
// optional arguments for `length`, JavaScript those without a default. Made without calling anything: it may be touched
// for the first time after an app has replaced what could be called.
export const console = {
    __proto__: {},
    [Symbol.toStringTag]: "console",
    log(...args: unknown[]): void {
        print(1, args);
    },
    info(...args: unknown[]): void {
        print(1, args);
    },
    debug(...args: unknown[]): void {
        print(1, args);
    },
    warn(...args: unknown[]): void {
        print(2, args);
    },
    error(...args: unknown[]): void {
        print(2, args);
    },
    trace(...args: unknown[]): void {
        const traceText = load<typeof Extras.traceText>("cleat:web/console_extras", "traceText");
        const text = format(2, args);
        printText(2, traceText === null ? `Trace: ${text}` : traceText(text, console.trace));
    },
    dir(value: unknown = undefined, options: Inspect.InspectOptions | undefined = undefined): void {
        const inspect = load<typeof Inspect.inspect>("cleat:web/inspect", "inspect");
        const text = inspect?.(value, { colors: wantsColor(1), ...options });
        printText(1, text ?? plainText([value]));
    },
    dirxml(...args: unknown[]): void {
        print(1, args);
    },
    table(data: unknown = undefined, columns: readonly string[] | undefined = undefined): void {
        const tableText = load<typeof Extras.tableText>("cleat:web/console_extras", "tableText");
        print(1, [tableText?.(data, columns) ?? data]);
    },
    assert(condition: unknown = false, ...args: unknown[]): void {
        if (condition) {
            return;
        }
        if (args.length === 0) {
            warning("Assertion failed");
        } else if (typeof args[0] === "string") {
            args[0] = `Assertion failed: ${args[0]}`;
            print(2, args);
        } else {
            print(2, after(["Assertion failed:"], args));
        }
    },
    group(...args: unknown[]): void {
        openGroup(args);
    },
    groupCollapsed(...args: unknown[]): void {
        openGroup(args);
    },
    groupEnd(): void {
        if (depth > 0) {
            setDepth(depth - 1);
        }
    },
    count(label: string | undefined = undefined): void {
        const name = labelOf(label);
        counts ??= emptyRecord();
        let count = counts[name];
        if (count === undefined) {
            if (labels >= LABELS_MAX) {
                warning(`Count '${name}' is not kept: there are ${LABELS_MAX} labels already`);
                return;
            }
            labels++;
            count = 0;
        }
        counts[name] = count + 1;
        printText(1, `${name}: ${count + 1}`);
    },
    countReset(label: string | undefined = undefined): void {
        const name = labelOf(label);
        if (counts?.[name] === undefined) {
            warning(`Count for '${name}' does not exist`);
            return;
        }
        counts[name] = 0;
    },
    time(label: string | undefined = undefined): void {
        const name = labelOf(label);
        timers ??= emptyRecord();
        if (timers[name] !== undefined) {
            warning(`Timer '${name}' already exists`);
            return;
        }
        if (labels >= LABELS_MAX) {
            warning(`Timer '${name}' is not kept: there are ${LABELS_MAX} labels already`);
            return;
        }
        labels++;
        timers[name] = hrtime();
    },
    timeLog(label: string | undefined = undefined, ...args: unknown[]): void {
        logTime(labelOf(label), args, false);
    },
    timeEnd(label: string | undefined = undefined): void {
        logTime(labelOf(label), [], true);
    },
    clear(): void {
        setDepth(0);
        if (isTerminal(1)) {
            write(1, "\x1b[H\x1b[2J");
        }
    },
};
