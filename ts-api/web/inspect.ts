// inspect.ts - values as text for people: what console prints for objects, and the `%` formats. Nothing of the app runs
// while a value is inspected: no getter, no proxy trap, no toString. Not here: the console's methods (console.ts),
// strings (text_width.ts), names (inspect_names.ts), errors (inspect_error.ts), the contents of collections
// (inspect_contents.ts), lines and columns (inspect_layout.ts).
import { classOf, proxyTarget } from "cleat:native/runtime";
import { contentsOf } from "./inspect_contents.ts";
import { errorHeader, formatError } from "./inspect_error.ts";
import { layOut } from "./inspect_layout.ts";
import { constructorName, fallbackName, functionText, symbolText, tagOf } from "./inspect_names.ts";
import {
    ELEMENTS_MAX,
    Inspection,
    moreText,
    STRING_MAX,
    VALUES_MAX,
    type InspectOptions,
} from "./inspect_style.ts";
import { isIdentifier, quoted, sliceText } from "./text_width.ts";
import { dataProperty, isPlatformObject, platformObject } from "./webidl.ts";

export { join, padded, spaces, textWidth } from "./text_width.ts";
export type { InspectOptions } from "./inspect_style.ts";

const { apply, ownKeys, getPrototypeOf } = Reflect;
const { getOwnPropertyDescriptor, hasOwn } = Object;
const { isArray } = Array;
const { max, floor } = Math;

/** A value as text. */
export function inspect(value: unknown, options: InspectOptions = {}): string {
    return inspectWith(new Inspection(options), value);
}

function inspectWith(state: Inspection, value: unknown): string {
    try {
        return formatValue(state, value);
    } catch {
        // Out of stack, or an app that has replaced what this needs.
        return "[value that can't be inspected]";
    }
}

/** The text that console.log and its like make of their arguments (Console §2.2 "Formatter"). */
export function formatArguments(args: readonly unknown[], colors: boolean): string {
    let text = "";
    let next = 0;
    const first = args[0];
    if (typeof first === "string") {
        next = 1;
        text = args.length === 1 ? first : formatString(first, args, colors, (used) => (next = used));
    }
    for (let i = next; i < args.length; i++) {
        const value = args[i];
        text += (i > 0 ? " " : "") + (typeof value === "string" ? value : inspect(value, { colors }));
    }
    return text;
}

function formatString(
    format: string,
    args: readonly unknown[],
    colors: boolean,
    setNext: (next: number) => void,
): string {
    let text = "";
    let start = 0;
    let next = 1;
    for (let i = 0; i + 1 < format.length; i++) {
        if (format[i] !== "%") {
            continue;
        }
        const kind = format[i + 1]!;
        let value: string;
        if (kind === "%") {
            value = "%";
        } else if (next >= args.length) {
            continue;
        } else {
            const formatted = formatOne(kind, args[next], colors);
            if (formatted === null) {
                continue;
            }
            value = formatted;
            next++;
        }
        text += sliceText(format, start, i) + value;
        start = i + 2;
        i++;
    }
    setNext(next);
    return text + sliceText(format, start);
}

function formatOne(kind: string, value: unknown, colors: boolean): string | null {
    switch (kind) {
        case "s":
            if (typeof value === "string") {
                return value;
            }
            return typeof value === "object" || typeof value === "function"
                ? inspect(value, { depth: 0 })
                : inspect(value);
        case "d":
        case "i":
        case "f":
            return formatNumber(kind, value);
        case "o":
            return inspect(value, { colors, showHidden: true });
        case "O":
            return inspect(value, { colors });
        case "c":
            return "";
        default:
            return null;
    }
}

function formatNumber(kind: string, value: unknown): string {
    if (typeof value === "bigint") {
        return `${value}n`;
    }
    if (
        typeof value === "symbol" ||
        (typeof value === "object" && value !== null) ||
        typeof value === "function"
    ) {
        return "NaN";
    }
    const number =
        kind === "i" ? toInteger(value) : kind === "f" ? parseFloat(`${value as string}`) : Number(value);
    return inspect(number);
}

function toInteger(value: unknown): number {
    const number = typeof value === "number" ? value : parseFloat(`${value as string}`);
    return number < 0 ? -floor(-number) : floor(number);
}

const { parseFloat, Number } = globalThis;

/** After so many holes in a row they are no longer counted one by one. */
const HOLES_COUNTED = 1000;
/** Errors are shown this much deeper than other values: chains of causes are short, and matter. */
const ERROR_DEPTH = 8;

// Values ---------------------------------------------------------------------------------------------------------

export function formatValue(state: Inspection, value: unknown): string {
    state.height = 0;
    if ((typeof value === "object" && value !== null) || typeof value === "function") {
        return formatObject(state, value);
    }
    return formatPrimitive(state, value);
}

function formatPrimitive(state: Inspection, value: unknown): string {
    switch (typeof value) {
        case "string":
            return formatText(state, value);
        case "number":
            return state.style(value === 0 && 1 / value < 0 ? "-0" : `${value}`, "number");
        case "bigint":
            return state.style(`${value}n`, "bigint");
        case "boolean":
            return state.style(`${value}`, "boolean");
        case "symbol":
            return state.style(symbolText(value), "symbol");
        case "undefined":
            return state.style("undefined", "undefined");
        default:
            return state.style("null", "null");
    }
}

function formatText(state: Inspection, text: string): string {
    const more = text.length - STRING_MAX;
    return more > 0
        ? `${state.style(quoted(sliceText(text, 0, STRING_MAX)), "string")}... ${more} more character${more > 1 ? "s" : ""}`
        : state.style(quoted(text), "string");
}

function formatObject(state: Inspection, value: object): string {
    for (let i = 0; i < state.path.length; i++) {
        if (state.path[i] === value) {
            return state.style(`[Circular *${circularIndex(state, value, true)}]`, "special");
        }
    }
    let kind = classOf(value);
    if (kind === "proxy") {
        return formatProxy(state, value);
    }
    kind = typeof value === "function" ? "function" : kind;
    if (++state.values > VALUES_MAX) {
        return state.style("...", "special");
    }
    const name = constructorName(value);
    const limit = kind === "error" || kind === "domexception" ? state.depth + ERROR_DEPTH : state.depth;
    if (state.level > limit && kind !== "function") {
        return state.style(`[${name ?? `${fallbackName(kind)}: null prototype`}]`, "special");
    }
    state.path[state.path.length] = value;
    state.level++;
    const text = formatOpened(state, value, kind, name);
    state.level--;
    state.path.length--;
    const index = circularIndex(state, value, false);
    return index > 0 ? `${state.style(`<ref *${index}>`, "special")} ${text}` : text;
}

function circularIndex(state: Inspection, value: object, add: boolean): number {
    const { circular } = state;
    for (let i = 0; i < circular.length; i++) {
        if (circular[i] === value) {
            return i + 1;
        }
    }
    if (!add) {
        return 0;
    }
    circular[circular.length] = value;
    return circular.length;
}

function formatProxy(state: Inspection, value: object): string {
    const target = proxyTarget(value);
    if (target === null) {
        return state.style("[revoked Proxy]", "special");
    }
    state.path[state.path.length] = value;
    const text = formatObject(state, target);
    state.path.length--;
    return `Proxy(${text})`;
}

function formatOpened(state: Inspection, value: object, kind: string, name: string | null): string {
    const output: string[] = [];
    let height = 0;
    const add = (entry: string): void => {
        output[output.length] = entry;
        height = max(height, state.height);
    };
    let prefix: string;
    let base = "";
    let open = "{";
    let close = "}";
    let elements: ArrayLike<unknown> | undefined;

    if (kind === "array") {
        const array = value as unknown[];
        prefix = name === "Array" ? "" : `${nameText(name, "Array")}(${array.length}) `;
        open = "[";
        close = "]";
        elements = array;
        addElements(state, array, add);
        addProperties(state, value, add, true);
    } else if (kind === "error" || kind === "domexception") {
        prefix = "";
        base = formatError(state, value, kind, name, (key, shown) =>
            add(`[${key}]: ${nested(state, shown)}`),
        );
        addProperties(state, value, add, false, isErrorKey);
    } else if (kind === "function") {
        prefix = "";
        base = state.style(functionText(value, name), "special");
        addProperties(state, value, add, false);
    } else {
        const contents = contentsOf(state, value, kind, add, nested);
        prefix = objectPrefix(value, kind, name, contents.size);
        if (contents.base !== "") {
            base = contents.base;
            prefix = name === contents.plainName ? "" : prefix;
        }
        if (contents.brackets) {
            open = "[";
            close = "]";
            elements = contents.elements;
        }
        const skip = kind === "object" && isPlatformObject(value) ? isSlot : undefined;
        addProperties(state, value, add, contents.brackets || kind === "string", skip);
        addAccessors(state, value, add);
    }
    state.height = height + 1;
    if (output.length === 0) {
        return base !== "" ? prefix + base : `${prefix}${open}${close}`;
    }
    return layOut(state, output, `${prefix}${base === "" ? "" : `${base} `}${open}`, close, elements, height);
}

/** A value inside of another one. */
export function nested(state: Inspection, value: unknown): string {
    state.indentation += 2;
    const text = formatValue(state, value);
    state.indentation -= 2;
    return text;
}

function objectPrefix(value: object, kind: string, name: string | null, size: number): string {
    const count = size >= 0 ? `(${size})` : "";
    const fallback = fallbackName(kind);
    const tag = tagOf(value);
    let text = nameText(name, fallback + count);
    if (name !== null) {
        text += count;
        if (kind !== "object" && name !== fallback) {
            text += ` [${fallback}]`;
        }
    }
    if (tag !== "" && tag !== name && tag !== fallback) {
        text += ` [${tag}]`;
    } else if (kind === "object" && name === "Object") {
        return "";
    }
    return `${text} `;
}

function nameText(name: string | null, fallback: string): string {
    return name ?? `[${fallback}: null prototype]`;
}

/** Of objects of the runtime: "_name" is none of an app's business. */
/** Internal slots of platform objects are properties that symbols name (streams/slots.ts). */
function isSlot(key: PropertyKey): boolean {
    return typeof key === "symbol";
}

function isErrorKey(key: PropertyKey): boolean {
    return key === "stack" || key === "message" || key === "cause" || key === "errors";
}

// Elements and properties ----------------------------------------------------------------------------------------

function addElements(state: Inspection, array: readonly unknown[], add: (entry: string) => void): void {
    const { length } = array;
    let shown = 0;
    let index = 0;
    while (index < length && shown < ELEMENTS_MAX) {
        const descriptor = getOwnPropertyDescriptor(array, index);
        if (descriptor === undefined) {
            const start = index;
            index = nextElement(array, start);
            const holes = index - start;
            add(state.style(`<${holes} empty item${holes > 1 ? "s" : ""}>`, "undefined"));
        } else {
            add(formatDescriptor(state, descriptor));
            index++;
        }
        shown++;
    }
    if (index < length) {
        add(moreText(state, length - index, "item"));
    }
}

/** The next index that has an element; the length if there is none. */
function nextElement(array: readonly unknown[], start: number): number {
    const { length } = array;
    let index = start;
    while (index < length && !hasOwn(array, index)) {
        if (index++ - start < HOLES_COUNTED) {
            continue;
        }
        // A huge array with few elements: ask for their indices, which come in order.
        const keys = ownKeys(array);
        for (let i = 0; i < keys.length; i++) {
            const key = typeof keys[i] === "string" ? +(keys[i] as string) : NaN;
            if (key >= index && key < length) {
                return key;
            }
        }
        return length;
    }
    return index;
}

function addProperties(
    state: Inspection,
    value: object,
    add: (entry: string) => void,
    indexed: boolean,
    skip?: (key: PropertyKey) => boolean,
): void {
    // Every index of a large array would become a key: its other properties are not shown.
    if (indexed && ((value as { length?: number }).length ?? 0) > 4096) {
        return;
    }
    const keys = ownKeys(value);
    let shown = 0;
    for (let i = 0; i < keys.length; i++) {
        const key = keys[i]!;
        if ((indexed && (isIndex(key) || key === "length")) || skip?.(key)) {
            continue;
        }
        let descriptor: PropertyDescriptor | undefined;
        try {
            descriptor = getOwnPropertyDescriptor(value, key);
        } catch {
            // An export of a module that has not been evaluated yet.
            add(`${keyText(state, key, true)}: ${state.style("<uninitialized>", "special")}`);
            continue;
        }
        if (descriptor === undefined || !(descriptor.enumerable || state.showHidden)) {
            continue;
        }
        if (++shown > ELEMENTS_MAX) {
            add(moreText(state, keys.length - i, "key"));
            break;
        }
        add(`${keyText(state, key, descriptor.enumerable === true)}: ${formatDescriptor(state, descriptor)}`);
    }
}

function isIndex(key: PropertyKey): boolean {
    if (typeof key !== "string" || key === "") {
        return false;
    }
    for (let i = 0; i < key.length; i++) {
        if (!(key[i]! >= "0" && key[i]! <= "9")) {
            return false;
        }
    }
    return true;
}

function keyText(state: Inspection, key: PropertyKey, enumerable: boolean): string {
    const text =
        typeof key === "symbol"
            ? `[${state.style(symbolText(key), "symbol")}]`
            : isIdentifier(key as string)
              ? (key as string)
              : state.style(quoted(key as string), "string");
    return enumerable ? text : `[${text}]`;
}

function formatDescriptor(state: Inspection, descriptor: PropertyDescriptor): string {
    if (hasOwn(descriptor, "value")) {
        return nested(state, descriptor.value);
    }
    state.height = 0;
    const text =
        descriptor.get === undefined
            ? "[Setter]"
            : descriptor.set === undefined
              ? "[Getter]"
              : "[Getter/Setter]";
    return state.style(text, "special");
}

/** The attributes that a class of the runtime wants to be seen: they live behind accessors of its prototype. */
function addAccessors(state: Inspection, value: object, add: (entry: string) => void): void {
    let object: object | null = getPrototypeOf(value);
    for (let i = 0; object !== null && i < 1000 && classOf(object) !== "proxy"; i++) {
        const shown = dataProperty(object, platformObject);
        if (isArray(shown)) {
            for (let j = 0; j < shown.length; j++) {
                const name = shown[j] as string;
                const descriptor = getOwnPropertyDescriptor(object, name);
                const getter =
                    descriptor !== undefined && hasOwn(descriptor, "get") ? descriptor.get : undefined;
                if (getter !== undefined) {
                    try {
                        add(`${name}: ${nested(state, apply(getter, value, []))}`);
                    } catch {
                        // The prototype itself, or an object that only looks like one.
                        return;
                    }
                }
            }
        }
        object = getPrototypeOf(object);
    }
}

// Summary --------------------------------------------------------------------------------------------------------

/** "TypeError: not a function", or the value where it is no error. */
export function errorSummary(value: unknown): string {
    if (typeof value === "object" && value !== null) {
        const kind = classOf(value);
        if (kind === "error" || kind === "domexception") {
            return errorHeader(value, kind, constructorName(value));
        }
    }
    return inspect(value, { depth: 0 });
}
