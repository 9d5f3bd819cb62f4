/*
 * convert.ts - Web IDL conversions: how the values that an app passes become strings, numbers, booleans and
 * dictionary members. Each property is read once. Not here: which members a dictionary has (options.ts).
 * Spec: Web IDL, section "ECMAScript type mapping".
 */
import { domException, typeError } from "./errors.ts";

const { isFinite: isFiniteNumber } = Number;
const { create } = Object;
const { apply } = Reflect;
const { push } = Array.prototype;
const { trunc } = Math;
const StringOf = String;

/** The largest port number. */
export const PORT_MAX = 65535;

/** An object to read members from; undefined and null count as an empty one. */
export type Dictionary = Readonly<Record<string, unknown>> | null;

/** Whether a value is an object in the sense of the language. */
export function isObject(value: unknown): value is object {
    return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A dictionary argument: an object, or null for what was left out. */
export function toDictionary(value: unknown, what: string): Dictionary {
    if (value === undefined || value === null) {
        return null;
    }
    if (!isObject(value)) {
        throw typeError(`${what} must be an object`);
    }
    return value as Record<string, unknown>;
}

/** One member, read now and once. */
export function member(dictionary: Dictionary, name: string): unknown {
    return dictionary === null ? undefined : dictionary[name];
}

/** All members of these names, each read now and once, in the order given. */
export function members(dictionary: Dictionary, names: readonly string[]): Dictionary {
    if (dictionary === null) {
        return null;
    }
    const values = create(null) as Record<string, unknown>;
    for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        values[name] = dictionary[name];
    }
    return values;
}

/** Two lists of member names in lexicographical order as one. */
export function merge(one: readonly string[], other: readonly string[]): string[] {
    const names: string[] = [];
    for (let i = 0, j = 0; i < one.length || j < other.length;) {
        const isFirst = j === other.length || (i < one.length && (one[i] as string) < (other[j] as string));
        apply(push, names, [isFirst ? one[i++] : other[j++]]);
    }
    return names;
}

/** DOMString. A symbol is a TypeError. Not by a template: the engine makes those with String.prototype.concat. */
export function toText(value: unknown): string {
    if (typeof value === "symbol") {
        throw typeError("a symbol can't be turned into a string");
    }
    return StringOf(value);
}

/** DOMString member; null where it is left out (or null, as older code writes it). */
export function textOrNull(value: unknown): string | null {
    return value === undefined || value === null ? null : toText(value);
}

/** boolean member. */
export function toBoolean(value: unknown, fallback: boolean): boolean {
    return value === undefined ? fallback : !!value;
}

/** The number of a port-like value; NaN where it is none. ToNumber, then towards zero, as EnforceRange does. */
export function toPortNumber(value: unknown): number {
    const number = trunc(+(value as number));
    return isFiniteNumber(number) && number >= 0 && number <= PORT_MAX ? number + 0 : NaN;
}

/** A port member; null where it is left out, NaN where it is no valid port (the caller says which error). */
export function portOrNull(value: unknown): number | null {
    return value === undefined || value === null ? null : toPortNumber(value);
}

/** The InvalidAccessError of the text for a port that is none. */
export function invalidPort(what: string): DOMException {
    return domException("InvalidAccessError", `${what} is not a valid port number`);
}

/** [EnforceRange] unsigned integer member within limits; `fallback` where it is left out. */
export function toInteger(
    value: unknown,
    what: string,
    least: number,
    most: number,
    fallback: number,
): number {
    if (value === undefined) {
        return fallback;
    }
    const number = trunc(+(value as number));
    if (!isFiniteNumber(number) || number < least || number > most) {
        throw typeError(`${what} must be a whole number from ${least} to ${most}`);
    }
    return number + 0;
}

/** enum member. */
export function toEnum<T extends string>(value: unknown, what: string, values: readonly T[], fallback: T): T {
    if (value === undefined) {
        return fallback;
    }
    const text = toText(value);
    let list = "";
    for (let i = 0; i < values.length; i++) {
        const candidate = values[i] as T;
        if (candidate === text) {
            return candidate;
        }
        list += `${i === 0 ? "" : ", "}"${candidate}"`;
    }
    throw typeError(`${what} must be one of ${list}`);
}

/** The largest interface index that the kernel gives out. */
const INTERFACE_INDEX_MAX = 0x7fffffff;

/** A network interface by name or by index; null where it is left out. */
export function toInterface(value: unknown, what: string): string | number | null {
    if (value === undefined || value === null) {
        return null;
    }
    if (typeof value === "number") {
        return toInteger(value, what, 1, INTERFACE_INDEX_MAX, 0);
    }
    const name = toText(value);
    if (name === "") {
        throw typeError(`${what} must be the name or the index of a network interface`);
    }
    return name;
}
