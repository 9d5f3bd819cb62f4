// uncaught.ts - errors that nobody caught: the events on the global object, and the report if no listener took the
// error. The runtime calls report() (runtime/uncaught.c has the timing and the exit code) and prints a plain text if
// that throws. Not here: text of errors (inspect_error.ts).
//
// Spec: HTML §8.1.4.6 (report an exception), §8.1.4.7 (unhandled promise rejections).
import { classOf, reportError as reportNative, wantsColor, write } from "cleat:native/runtime";
import { ErrorEvent, fire, PromiseRejectionEvent, type EventTarget } from "./events.ts";
import { errorSummary, inspect } from "./inspect.ts";
import { parseStack } from "./stack_trace.ts";
import { dataProperty, requireArguments } from "./webidl.ts";

const { apply } = Reflect;
const { hasOwn } = Object;
const getStack = Object.getOwnPropertyDescriptor(Error.prototype, "stack")?.get;
const target = globalThis as unknown as EventTarget;

/** Which kind of error it is; also the type of the event. */
export type ReportKind = "error" | "unhandledrejection" | "rejectionhandled";

/** HTML: "in error reporting mode". An error in a listener of error events is not told to those listeners again. */
let reporting = false;

/** Tells listeners; prints unless one of them took it. Returns whether one did. */
export function report(kind: ReportKind, error: unknown, promise: object | null): boolean {
    let handled = false;
    if (!reporting) {
        reporting = true;
        try {
            handled = tell(kind, error, promise);
        } finally {
            reporting = false;
        }
    }
    if (!handled && kind !== "rejectionhandled") {
        print(kind, error);
    }
    return handled;
}

function tell(kind: ReportKind, error: unknown, promise: object | null): boolean {
    if (kind === "error") {
        return !fire(target, newErrorEvent(error));
    }
    const init = { promise: promise ?? {}, reason: error, cancelable: kind === "unhandledrejection" };
    return !fire(target, new PromiseRejectionEvent(kind, init));
}

function newErrorEvent(error: unknown): ErrorEvent {
    const frame = isError(error) ? firstFrame(error) : undefined;
    return new ErrorEvent("error", {
        message: `Uncaught ${errorSummary(error)}`,
        filename: frame?.file ?? "",
        lineno: frame?.line ?? 0,
        colno: frame?.column ?? 0,
        error,
        cancelable: true,
    });
}

function isError(error: unknown): error is object {
    if (typeof error !== "object" || error === null) {
        return false;
    }
    const kind = classOf(error);
    return kind === "error" || kind === "domexception";
}

function firstFrame(error: object): { file: string; line: number; column: number } | undefined {
    try {
        const stack: unknown = hasOwn(error, "stack")
            ? dataProperty(error, "stack")
            : apply(getStack!, error, []);
        const frames = typeof stack === "string" ? parseStack(stack) : [];
        for (let i = 0; i < frames.length; i++) {
            if (!frames[i]!.builtin) {
                return frames[i];
            }
        }
    } catch {
        // No stack, no place.
    }
    return undefined;
}

function print(kind: ReportKind, error: unknown): void {
    const colors = wantsColor(2);
    const where = kind === "unhandledrejection" ? "Uncaught (in promise)" : "Uncaught";
    write(2, `${colors ? `\x1b[31m${where}\x1b[39m` : where} ${inspect(error, { colors })}\n`);
}

/** The global function: reports an error as if nobody had caught it. */
export function reportError(error: unknown): void {
    requireArguments(arguments.length, 1, "reportError");
    reportNative(error);
}
