// console.ts - the console object. log, info, debug and their like write to stdout, warn, error, trace and assert to
// stderr, at once. What needs more than strings is loaded when it is first used: inspecting values (inspect.ts), tables
// (console_extras.ts).
//
// Spec: Console (WHATWG).
import { builtin, hrtime, isTerminal, wantsColor, write } from "cleat:native/runtime";
import type * as Extras from "./console_extras.ts";
import type * as Inspect from "./inspect.ts";

type Stream = 1 | 2;

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
        return "[text that can't be formatted]";
    }
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

function extra<Name extends keyof typeof Extras>(name: Name): (typeof Extras)[Name] {
    return builtin("cleat:web/console_extras", name) as (typeof Extras)[Name];
}

function labelOf(label: unknown): string {
    return label === undefined ? "default" : `${label as string}`;
}

function emptyRecord(): Record<string, number> {
    return { __proto__: null } as unknown as Record<string, number>;
}

function warning(text: string): void {
    printText(2, text);
}

function duration(nanoseconds: number): string {
    const milliseconds = nanoseconds / 1e6;
    return milliseconds < 1000 ? `${milliseconds.toFixed(3)}ms` : `${(milliseconds / 1000).toFixed(3)}s`;
}

function openGroup(args: readonly unknown[]): void {
    if (args.length > 0) {
        print(1, args);
    }
    depth++;
    if (depth <= GROUP_DEPTH_MAX) {
        indentation += "  ";
    }
}

function logTime(label: string, args: readonly unknown[], end: boolean): void {
    const start = timers?.[label];
    if (start === undefined) {
        warning(`Timer '${label}' does not exist`);
        return;
    }
    const text = `${label}: ${duration(hrtime() - start)}`;
    print(1, args.length === 0 ? [text] : ["%s", text, ...args]);
    if (end) {
        delete timers![label];
        labels--;
    }
}

// Console §2: a namespace object, so each method works alone; its prototype is an empty object.
export const console = Object.assign(Object.create({}), {
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
        printText(2, extra("traceText")(format(2, args), console.trace));
    },
    dir(value?: unknown, options?: Inspect.InspectOptions): void {
        const inspect = builtin("cleat:web/inspect", "inspect") as typeof Inspect.inspect;
        printText(1, inspect(value, { colors: wantsColor(1), ...options }));
    },
    dirxml(...args: unknown[]): void {
        print(1, args);
    },
    table(data?: unknown, columns?: readonly string[]): void {
        const text = extra("tableText")(data, columns);
        print(1, [text ?? data]);
    },
    assert(condition?: unknown, ...args: unknown[]): void {
        if (condition) {
            return;
        }
        if (args.length === 0) {
            warning("Assertion failed");
        } else if (typeof args[0] === "string") {
            args[0] = `Assertion failed: ${args[0]}`;
            print(2, args);
        } else {
            print(2, ["Assertion failed:", ...args]);
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
            depth--;
            if (depth < GROUP_DEPTH_MAX) {
                indentation = indentation.slice(2);
            }
        }
    },
    count(label?: string): void {
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
    countReset(label?: string): void {
        const name = labelOf(label);
        if (counts?.[name] === undefined) {
            warning(`Count for '${name}' does not exist`);
            return;
        }
        counts[name] = 0;
    },
    time(label?: string): void {
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
    timeLog(label?: string, ...args: unknown[]): void {
        logTime(labelOf(label), args, false);
    },
    timeEnd(label?: string): void {
        logTime(labelOf(label), [], true);
    },
    clear(): void {
        depth = 0;
        indentation = "";
        if (isTerminal(1)) {
            write(1, "\x1b[H\x1b[2J");
        }
    },
});

Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
