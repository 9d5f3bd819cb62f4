// stack_trace.ts - turns the engine's stack text into frames whose positions are those of the TypeScript sources, by
// the source map that came with the app. Maps and stacks come from the app: whatever is wrong with them, the frame
// stays as the engine gave it. Not here: printing errors (inspect_error.ts).
//
// Spec: ECMA-426 (source map format), version 3, without index maps.
import { sourceMap } from "cleat:native/runtime";
import { utf8Encode } from "cleat:native/text";
import { sliceText, unitAt } from "./text_width.ts";

/** Beyond these a map is not used: decoding takes time and memory of the app that failed. */
const MAP_TEXT_MAX = 16 * 1024 * 1024;
const SEGMENTS_MAX = 1_000_000;
/** An app has few modules; a stack that names more files than this gets no more maps. */
const FILES_MAX = 64;

/** One line of a stack. */
export interface StackFrame {
    /** As the engine printed it, without indentation and "at ". */
    readonly text: string;
    readonly functionName: string;
    /** The source file as the map names it, else the file of the engine's text; "" for native frames. */
    readonly file: string;
    readonly line: number;
    readonly column: number;
    /** Whether the frame belongs to the runtime and not to the app. */
    readonly builtin: boolean;
}

/** Where one place of the generated code came from. */
interface Original {
    file: string;
    line: number;
    column: number;
}

/** Mappings in the order of the generated code, five numbers each: line, column, source, source line, source column. */
interface DecodedMap {
    readonly segments: Uint32Array;
    readonly sources: readonly string[];
}

const maps = new Map<string, DecodedMap | null>();
const { get: mapGet, has: mapHas, set: mapSet } = Map.prototype;
const { apply } = Reflect;
const parse = JSON.parse;
const { isArray } = Array;
/** How the engine names the file of built-in modules in a release, which has no line numbers of them. */
const WITHOUT_LINES = "<null>";
const COMMA = 44;
const SEMICOLON = 59;

/** The frames of a stack text, mapped. */
export function parseStack(stack: string): StackFrame[] {
    const frames: StackFrame[] = [];
    let start = 0;
    for (let i = 0; i <= stack.length; i++) {
        if (i === stack.length || stack[i] === "\n") {
            const frame = parseFrame(sliceText(stack, start, i));
            if (frame !== null) {
                frames[frames.length] = frame;
            }
            start = i + 1;
        }
    }
    return frames;
}

/** `f (src/main.ts:10:5)` */
export function formatFrame(frame: StackFrame): string {
    if (frame.line === 0) {
        return frame.text;
    }
    const place = `${frame.file}:${frame.line}:${frame.column}`;
    return frame.functionName === "" ? place : `${frame.functionName} (${place})`;
}

// "    at f (main.js:10:5)", "    at main.js:10:5", "    at f (native)"
function parseFrame(line: string): StackFrame | null {
    let start = 0;
    while (line[start] === " ") {
        start++;
    }
    if (sliceText(line, start, start + 3) !== "at ") {
        return null;
    }
    const text = sliceText(line, start + 3);
    let functionName = "";
    let place = text;
    if (text[text.length - 1] === ")") {
        let open = text.length - 1;
        while (open > 0 && !(text[open] === "(" && text[open - 1] === " ")) {
            open--;
        }
        if (open > 0) {
            functionName = sliceText(text, 0, open - 1);
            place = sliceText(text, open + 1, text.length - 1);
        }
    }
    const column = trailingNumber(place);
    const row = column === null ? null : trailingNumber(column.rest);
    if (column === null || row === null) {
        return { text, functionName, file: "", line: 0, column: 0, builtin: place === "native" };
    }
    const file = row.rest;
    if (file === WITHOUT_LINES) {
        const builtinText = functionName === "" ? "cleat" : functionName + " (cleat)";
        return { text: builtinText, functionName, file: "", line: 0, column: 0, builtin: true };
    }
    const builtin = sliceText(file, 0, 6) === "cleat:";
    const original = builtin ? null : originalOf(file, row.value, column.value);
    return {
        text,
        functionName,
        file: original?.file ?? file,
        line: original?.line ?? row.value,
        column: original?.column ?? column.value,
        builtin,
    };
}

/** Splits "file:12" into "file" and 12. */
function trailingNumber(text: string): { rest: string; value: number } | null {
    let start = text.length;
    let value = 0;
    let scale = 1;
    while (start > 0) {
        const digit = unitAt(text, start - 1) - 48;
        if (digit < 0 || digit > 9 || scale > 1e9) {
            break;
        }
        value += digit * scale;
        scale *= 10;
        start--;
    }
    return start === text.length || text[start - 1] !== ":"
        ? null
        : { rest: sliceText(text, 0, start - 1), value };
}

// Source maps ----------------------------------------------------------------------------------------------------

function originalOf(file: string, line: number, column: number): Original | null {
    const map = mapOf(file);
    return map === null || line < 1 || column < 1 ? null : find(map, line - 1, column - 1);
}

function mapOf(file: string): DecodedMap | null {
    if (apply(mapHas, maps, [file])) {
        return apply(mapGet, maps, [file]) as DecodedMap | null;
    }
    if (maps.size >= FILES_MAX) {
        return null;
    }
    let map: DecodedMap | null = null;
    try {
        const text = sourceMap(file);
        if (text !== null && text.length <= MAP_TEXT_MAX) {
            map = decodeMap(parse(text), file);
        }
    } catch {
        // Unreadable: the frame stays as it is.
    }
    apply(mapSet, maps, [file, map]);
    return map;
}

function decodeMap(json: unknown, file: string): DecodedMap | null {
    if (typeof json !== "object" || json === null) {
        return null;
    }
    const { version, mappings, sources, sourceRoot } = json as Record<string, unknown>;
    if (version !== 3 || typeof mappings !== "string" || !isArray(sources)) {
        return null;
    }
    const root = typeof sourceRoot === "string" && sourceRoot !== "" ? `${sourceRoot}/` : "";
    const names: string[] = [];
    for (let i = 0; i < sources.length; i++) {
        const source: unknown = sources[i];
        names[i] = typeof source === "string" ? resolve(file, root + source) : file;
    }
    const segments = decodeMappings(mappings, names.length);
    return segments === null ? null : { segments, sources: names };
}

/** The path of a source relative to the file whose map names it, "a/b/../c" made short. */
function resolve(file: string, source: string): string {
    let start = 0;
    const parts: string[] = [];
    const take = (path: string, count: number): void => {
        start = 0;
        for (let i = 0; i <= count; i++) {
            if (i < count && path[i] !== "/") {
                continue;
            }
            const part = sliceText(path, start, i);
            start = i + 1;
            const last = parts[parts.length - 1];
            if (part === ".." && last !== undefined && last !== ".." && last !== "") {
                parts.length--;
            } else if (part !== "." && (part !== "" || parts.length === 0)) {
                parts[parts.length] = part;
            }
        }
    };
    let slash = file.length;
    while (slash > 0 && file[slash - 1] !== "/") {
        slash--;
    }
    let scheme = false;
    for (let i = 0; i + 2 < source.length; i++) {
        scheme ||= source[i] === ":" && source[i + 1] === "/" && source[i + 2] === "/";
    }
    if (scheme) {
        return source;
    }
    if (source[0] !== "/" && slash > 1) {
        take(file, slash - 1);
    }
    take(source, source.length);
    let path = "";
    for (let i = 0; i < parts.length; i++) {
        path += (i > 0 ? "/" : "") + parts[i]!;
    }
    return path;
}

function base64Value(unit: number): number {
    if (unit >= 65 && unit <= 90) {
        return unit - 65;
    }
    if (unit >= 97 && unit <= 122) {
        return unit - 71;
    }
    if (unit >= 48 && unit <= 57) {
        return unit + 4;
    }
    return unit === 43 ? 62 : unit === 47 ? 63 : -1;
}

/** Decodes the "mappings" field; null if it is broken or too long. */
function decodeMappings(mappings: string, sourceCount: number): Uint32Array | null {
    const text = utf8Encode(mappings);
    const { length } = text;
    let count = 1;
    for (let i = 0; i < length; i++) {
        if (text[i] === COMMA || text[i] === SEMICOLON) {
            count++;
        }
    }
    if (count > SEGMENTS_MAX) {
        return null;
    }
    const segments = new Uint32Array(count * 5);
    let used = 0;
    let line = 0;
    // Generated column, source, source line, source column, name: each is the difference to the one before.
    const state = [0, 0, 0, 0, 0];
    let at = 0;
    while (at < length) {
        const unit = text[at];
        if (unit === COMMA || unit === SEMICOLON) {
            if (unit === SEMICOLON) {
                line++;
                state[0] = 0;
            }
            at++;
            continue;
        }
        let fields = 0;
        do {
            let value = 0;
            let scale = 1;
            let digit: number;
            do {
                digit = at < length ? base64Value(text[at]!) : -1;
                if (digit < 0 || scale > 2 ** 30) {
                    return null;
                }
                at++;
                value += (digit & 31) * scale;
                scale *= 32;
            } while (digit & 32);
            const sum = state[fields]! + (value % 2 === 1 ? -(value - 1) / 2 : value / 2);
            if (sum < 0 || sum > 0xffffffff) {
                return null;
            }
            state[fields++] = sum;
        } while (fields < 5 && at < length && text[at] !== COMMA && text[at] !== SEMICOLON);
        if (fields >= 4 && state[1]! < sourceCount) {
            segments[used] = line;
            segments[used + 1] = state[0]!;
            segments[used + 2] = state[1]!;
            segments[used + 3] = state[2]!;
            segments[used + 4] = state[3]!;
            used += 5;
        }
    }
    // A view on the used part: subarray() is a method that an app may have replaced.
    return new Uint32Array(segments.buffer, 0, used);
}

/** The last segment that starts at or before a position of the same line. */
function find(map: DecodedMap, line: number, column: number): Original | null {
    const { segments, sources } = map;
    let low = 0;
    let high = segments.length / 5;
    while (low < high) {
        const middle = (low + high) >>> 1;
        const at = middle * 5;
        if (segments[at]! < line || (segments[at] === line && segments[at + 1]! <= column)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const at = (low - 1) * 5;
    if (low === 0 || segments[at] !== line) {
        return null;
    }
    return { file: sources[segments[at + 2]!]!, line: segments[at + 3]! + 1, column: segments[at + 4]! + 1 };
}
