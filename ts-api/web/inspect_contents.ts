// inspect_contents.ts - what is inside of the engine's own kinds of objects (collections, buffers, dates, promises, …),
// read through the methods that were there when this module was loaded. Not here: own properties and layout
// (inspect.ts).
import { promiseResult } from "cleat:native/runtime";
import { BYTES_MAX, ELEMENTS_MAX, moreText, type Inspection } from "./inspect_style.ts";

const { apply, getPrototypeOf } = Reflect;
const { getOwnPropertyDescriptor, hasOwn } = Object;
const typedArrayPrototype = getPrototypeOf(Uint8Array.prototype) as object;

function getterOf(prototype: object, key: PropertyKey): () => unknown {
    return getOwnPropertyDescriptor(prototype, key)!.get!;
}

const typedArrayLength = getterOf(typedArrayPrototype, "length");
const bufferByteLength = getterOf(ArrayBuffer.prototype, "byteLength");
const bufferDetached = getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get;
const viewBuffer = getterOf(DataView.prototype, "buffer");
const viewByteLength = getterOf(DataView.prototype, "byteLength");
const viewByteOffset = getterOf(DataView.prototype, "byteOffset");
const mapSize = getterOf(Map.prototype, "size");
const setSize = getterOf(Set.prototype, "size");
const regExpSource = getterOf(RegExp.prototype, "source");
const { forEach: mapForEach } = Map.prototype;
const { forEach: setForEach } = Set.prototype;
const { getTime, toISOString } = Date.prototype;

/** What stands before and between the braces of an object. */
export interface Contents {
    /** Number of elements; -1: it has no size. */
    size: number;
    /** Stands for the object itself, as "[Number: 3]" does; "" if only the braces do. */
    base: string;
    /** The class whose name need not be said before `base`. */
    plainName: string;
    /** Elements stand in brackets. */
    brackets: boolean;
    elements: ArrayLike<unknown> | undefined;
}

type Add = (entry: string) => void;
type Nested = (state: Inspection, value: unknown) => string;

/** Adds the contents of `value` as entries. */
export function contentsOf(
    state: Inspection,
    value: object,
    kind: string,
    add: Add,
    nested: Nested,
): Contents {
    const contents: Contents = { size: -1, base: "", plainName: "", brackets: false, elements: undefined };
    switch (kind) {
        case "object":
            break;
        case "map":
            contents.size = addMap(state, value, add, nested);
            break;
        case "set":
            contents.size = addSet(state, value, add, nested);
            break;
        case "date":
            contents.base = state.style(dateText(value), "date");
            contents.plainName = "Date";
            break;
        case "regexp":
            contents.base = state.style(regExpText(value), "regexp");
            contents.plainName = "RegExp";
            break;
        case "number":
        case "string":
        case "boolean":
        case "bigint":
        case "symbol":
            contents.base = boxedText(state, value, kind, nested);
            contents.plainName = kind === "bigint" ? "BigInt" : kind[0]!.toUpperCase() + kind.slice(1);
            break;
        case "arguments":
            contents.brackets = true;
            addArguments(state, value as ArrayLike<unknown>, add, nested);
            break;
        case "arraybuffer":
            addBuffer(state, value as ArrayBuffer, add);
            break;
        case "dataview":
            addView(state, value, add, nested);
            break;
        case "promise:pending":
            add(state.style("<pending>", "special"));
            break;
        case "promise:fulfilled":
            add(nested(state, promiseResult(value as Promise<unknown>)));
            break;
        case "promise:rejected":
            add(
                `${state.style("<rejected>", "special")} ${nested(state, promiseResult(value as Promise<unknown>))}`,
            );
            break;
        case "weakmap":
        case "weakset":
            add(state.style("<items unknown>", "special"));
            break;
        case "weakref":
            add(state.style("<target unknown>", "special"));
            break;
        default:
            if (kind.slice(-5) === "array") {
                contents.brackets = true;
                contents.elements = value as ArrayLike<unknown>;
                contents.size = addTypedArray(state, value as ArrayLike<number>, add, nested);
            }
    }
    return contents;
}

function addMap(state: Inspection, map: object, add: Add, nested: Nested): number {
    const size = apply(mapSize, map, []) as number;
    let shown = 0;
    apply(mapForEach, map, [
        (value: unknown, key: unknown): void => {
            if (shown++ < ELEMENTS_MAX) {
                const text = nested(state, key);
                const { height } = state;
                const entry = `${text} => ${nested(state, value)}`;
                state.height = height > state.height ? height : state.height;
                add(entry);
            }
        },
    ]);
    if (size > ELEMENTS_MAX) {
        add(moreText(state, size - ELEMENTS_MAX, "item"));
    }
    return size;
}

function addSet(state: Inspection, set: object, add: Add, nested: Nested): number {
    const size = apply(setSize, set, []) as number;
    let shown = 0;
    apply(setForEach, set, [
        (value: unknown): void => {
            if (shown++ < ELEMENTS_MAX) {
                add(nested(state, value));
            }
        },
    ]);
    if (size > ELEMENTS_MAX) {
        add(moreText(state, size - ELEMENTS_MAX, "item"));
    }
    return size;
}

function addTypedArray(state: Inspection, array: ArrayLike<number>, add: Add, nested: Nested): number {
    const length = apply(typedArrayLength, array, []) as number;
    for (let i = 0; i < length && i < ELEMENTS_MAX; i++) {
        add(nested(state, array[i]));
    }
    if (length > ELEMENTS_MAX) {
        add(moreText(state, length - ELEMENTS_MAX, "item"));
    }
    return length;
}

function addArguments(state: Inspection, list: ArrayLike<unknown>, add: Add, nested: Nested): void {
    const descriptor = getOwnPropertyDescriptor(list, "length");
    const length = typeof descriptor?.value === "number" ? descriptor.value : 0;
    for (let i = 0; i < length && i < ELEMENTS_MAX; i++) {
        const element = getOwnPropertyDescriptor(list, i);
        add(element !== undefined && hasOwn(element, "value") ? nested(state, element.value) : "<empty>");
    }
}

function addBuffer(state: Inspection, buffer: ArrayBuffer, add: Add): void {
    state.height = 0;
    if (bufferDetached !== undefined && apply(bufferDetached, buffer, []) === true) {
        add("(detached)");
        add(`byteLength: ${state.style("0", "number")}`);
        return;
    }
    const length = apply(bufferByteLength, buffer, []) as number;
    const bytes = new Uint8Array(buffer, 0, length < BYTES_MAX ? length : BYTES_MAX);
    let text = "";
    for (let i = 0; i < length && i < BYTES_MAX; i++) {
        text +=
            (i > 0 ? " " : "") + "0123456789abcdef"[bytes[i]! >> 4]! + "0123456789abcdef"[bytes[i]! & 15]!;
    }
    if (length > BYTES_MAX) {
        text += ` ... ${moreText(state, length - BYTES_MAX, "byte").slice(4)}`;
    }
    add(`[${state.style("Uint8Contents", "special")}]: <${text}>`);
    add(`byteLength: ${state.style(`${length}`, "number")}`);
}

function addView(state: Inspection, view: object, add: Add, nested: Nested): void {
    let length: number;
    let offset: number;
    try {
        length = apply(viewByteLength, view, []) as number;
        offset = apply(viewByteOffset, view, []) as number;
    } catch {
        add("(detached)");
        return;
    }
    add(`byteLength: ${state.style(`${length}`, "number")}`);
    add(`byteOffset: ${state.style(`${offset}`, "number")}`);
    add(`buffer: ${nested(state, apply(viewBuffer, view, []))}`);
}

function dateText(date: object): string {
    const time = apply(getTime, date, []);
    return time !== time ? "Invalid Date" : apply(toISOString, date, []);
}

// The letters in the order of the `flags` accessor, which itself would look at properties that an app may define.
const flagLetters = "dgimsuvy";
const flagGetters = [
    "hasIndices",
    "global",
    "ignoreCase",
    "multiline",
    "dotAll",
    "unicode",
    "unicodeSets",
    "sticky",
];

function regExpText(value: object): string {
    let flags = "";
    for (let i = 0; i < flagLetters.length; i++) {
        const getter = getOwnPropertyDescriptor(RegExp.prototype, flagGetters[i]!)?.get;
        if (getter !== undefined && apply(getter, value, []) === true) {
            flags += flagLetters[i]!;
        }
    }
    return `/${apply(regExpSource, value, []) as string}/${flags}`;
}

function boxedText(state: Inspection, value: object, kind: string, nested: Nested): string {
    let prototype: { valueOf(): unknown };
    let name: string;
    switch (kind) {
        case "number":
            prototype = Number.prototype;
            name = "Number";
            break;
        case "string":
            prototype = String.prototype;
            name = "String";
            break;
        case "boolean":
            prototype = Boolean.prototype;
            name = "Boolean";
            break;
        case "bigint":
            prototype = BigInt.prototype;
            name = "BigInt";
            break;
        default:
            prototype = Symbol.prototype;
            name = "Symbol";
    }
    return `[${name}: ${nested(state, apply(prototype.valueOf, value, []))}]`;
}
