// inspect_error.ts - an error as text: its class and message, its stack with the positions of the TypeScript sources, its
// cause. Not here: where the positions come from (stack_trace.ts), the report of uncaught errors (uncaught.ts).
import { classOf } from "cleat:native/runtime";
import type { Inspection } from "./inspect_style.ts";
import { formatFrame, parseStack } from "./stack_trace.ts";
import { printable, sliceText, spaces } from "./text_width.ts";
import { dataProperty } from "./webidl.ts";

const { apply, getPrototypeOf } = Reflect;
const { getOwnPropertyDescriptor, hasOwn } = Object;
const { isArray } = Array;
const getStack = getOwnPropertyDescriptor(Error.prototype, "stack")?.get;
const getDomName = getOwnPropertyDescriptor(DOMException.prototype, "name")?.get;
const getDomMessage = getOwnPropertyDescriptor(DOMException.prototype, "message")?.get;

/** Frames of one stack that are shown; the engine itself keeps fewer. */
const FRAMES_MAX = 50;

/** Header and stack. `addExtra` gets what belongs to the error besides its enumerable properties. */
export function formatError(
    state: Inspection,
    error: object,
    kind: string,
    className: string | null,
    addExtra: (key: string, value: unknown) => void,
): string {
    const header = errorHeader(error, kind, className);
    const indentation = spaces(state.indentation);
    const stack = stackText(state, error, indentation);
    if (hasOwn(error, "cause")) {
        addExtra("cause", dataProperty(error, "cause"));
    }
    const errors = dataProperty(error, "errors");
    if (isArray(errors)) {
        addExtra("errors", errors);
    }
    return stack === "" ? `[${indented(header, indentation)}]` : indented(header, indentation) + stack;
}

/** "TypeError: not a function". Control characters are escaped: messages carry what came from the network. */
export function errorHeader(error: object, kind: string, className: string | null): string {
    const isDom = kind === "domexception";
    let name = isDom && getDomName !== undefined ? apply(getDomName, error, []) : inherited(error, "name");
    const message =
        isDom && getDomMessage !== undefined ? apply(getDomMessage, error, []) : inherited(error, "message");
    if (typeof name !== "string" || name === "") {
        name = className ?? "Error";
    } else if (name === "Error" && className !== null) {
        // class ConfigError extends Error {}: nobody sets `name`.
        name = className;
    }
    const text = name as string;
    return printable(typeof message === "string" && message !== "" ? `${text}: ${message}` : text);
}

/** A data property of the object or of its prototypes. */
function inherited(value: object, key: string): unknown {
    let object: object | null = value;
    for (let i = 0; object !== null && i < 1000; i++) {
        if (i > 0 && classOf(object) === "proxy") {
            return undefined;
        }
        if (hasOwn(object, key)) {
            return dataProperty(object, key);
        }
        object = getPrototypeOf(object);
    }
    return undefined;
}

function stackText(state: Inspection, error: object, indentation: string): string {
    let stack: unknown;
    try {
        stack = hasOwn(error, "stack")
            ? dataProperty(error, "stack")
            : getStack === undefined
              ? undefined
              : apply(getStack, error, []);
    } catch {
        return "";
    }
    if (typeof stack !== "string" || stack === "") {
        return "";
    }
    const frames = parseStack(stack);
    if (frames.length === 0) {
        return indented(`\n${printable(stack)}`, indentation);
    }
    let text = "";
    for (let i = 0; i < frames.length && i < FRAMES_MAX; i++) {
        const frame = frames[i]!;
        const line = `    at ${printable(formatFrame(frame))}`;
        text += `\n${indentation}${frame.builtin ? state.style(line, "dim") : line}`;
    }
    return text;
}

function indented(text: string, indentation: string): string {
    if (indentation === "") {
        return text;
    }
    let result = "";
    let start = 0;
    for (let i = 0; i < text.length; i++) {
        if (text[i] === "\n") {
            result += sliceText(text, start, i + 1) + indentation;
            start = i + 1;
        }
    }
    return result + sliceText(text, start);
}
