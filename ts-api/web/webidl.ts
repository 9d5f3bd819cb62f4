// webidl.ts - what classes that a standard describes in Web IDL have in common: enumerable members, the class string,
// the mark that structuredClone refuses, conversions of arguments. Not here: the classes.
//
// Spec: Web IDL §3.6 (overloads and argument counts), §3.2.17 (dictionaries), §3.7 (interfaces).

import { classOf } from "cleat:native/runtime";

const { defineProperty, getOwnPropertyDescriptor, hasOwn } = Object;
const { getPrototypeOf, ownKeys } = Reflect;
const { floor } = Math;
const { toStringTag } = Symbol;

/**
 * A property of the prototypes of platform objects: what has it can't be cloned. Its value lists the accessors that
 * console shows as if they were own properties.
 */
export const platformObject: unique symbol = Symbol("platform object");

/** Gives a class the shape of a Web IDL interface. `shown` are attributes that inspection may read. */
export function defineInterface(
    constructor: { prototype: object },
    name: string,
    shown: readonly string[] = [],
): void {
    // The bundler renames classes that refer to themselves.
    defineProperty(constructor, "name", hidden(name));
    makeEnumerable(constructor.prototype, "constructor");
    makeEnumerable(constructor, "prototype");
    defineProperty(constructor.prototype, toStringTag, hidden(name));
    markPlatformObject(constructor, shown);
}

/** The mark alone, for classes that are made elsewhere. */
export function markPlatformObject(constructor: { prototype: object }, shown: readonly string[] = []): void {
    defineProperty(constructor.prototype, platformObject, hidden(shown));
}

/** Whether a value is an object of a marked class. */
export function isPlatformObject(value: object): boolean {
    return holderOf(value, platformObject) !== null;
}

/** Where in its prototype chain an object has a property. Runs no code of the app: a proxy ends the search. */
function holderOf(value: object, key: symbol): object | null {
    let object: object | null = value;
    for (let i = 0; object !== null && i < 1000 && classOf(object) !== "proxy"; i++) {
        if (hasOwn(object, key)) {
            return object;
        }
        object = getPrototypeOf(object);
    }
    return null;
}

const cloner = Symbol("cloner");

/** Objects of this class can be cloned nevertheless. `clone` answers undefined for what only looks like one. */
export function makeCloneable(
    constructor: { prototype: object },
    clone: (value: object) => object | undefined,
): void {
    defineProperty(constructor.prototype, cloner, hidden(clone));
}

/** A clone of an object of the runtime; undefined if there can't be one. */
export function clonePlatformObject(value: object): object | undefined {
    const holder = holderOf(value, cloner) as Record<symbol, (value: object) => object | undefined> | null;
    return holder === null ? undefined : holder[cloner]!(value);
}

function hidden(value: unknown): PropertyDescriptor & { __proto__: null } {
    return { __proto__: null, value, writable: false, enumerable: false, configurable: true };
}

function makeEnumerable(object: object, except: string): void {
    const keys = ownKeys(object);
    for (let i = 0; i < keys.length; i++) {
        const key = keys[i]!;
        if (typeof key !== "string" || key === except || key === "length" || key === "name") {
            continue;
        }
        defineProperty(object, key, { __proto__: null, enumerable: true } as PropertyDescriptor);
    }
}

/** Defines constants on a class and its prototype, as Web IDL does. */
export function defineConstants(constructor: { prototype: object }, constants: Record<string, number>): void {
    const keys = ownKeys(constants) as string[];
    for (let i = 0; i < keys.length; i++) {
        const descriptor = {
            __proto__: null,
            value: constants[keys[i]!],
            writable: false,
            enumerable: true,
            configurable: false,
        };
        defineProperty(constructor, keys[i]!, descriptor);
        defineProperty(constructor.prototype, keys[i]!, descriptor);
    }
}

/** Throws the TypeError for a call with too few arguments. */
export function requireArguments(given: number, needed: number, what: string): void {
    if (given < needed) {
        throw new TypeError(
            `${what}: ${needed} argument${needed === 1 ? "" : "s"} required, but only ${given} present`,
        );
    }
}

/** A dictionary argument: undefined and null are the empty dictionary, primitives are refused. */
// The first signature infers T.
export function toDictionary<T extends object>(value: T | null | undefined, what: string): Partial<T>;
// eslint-disable-next-line @typescript-eslint/unified-signatures
export function toDictionary<T extends object>(value: unknown, what: string): Partial<T>;
export function toDictionary<T extends object>(value: unknown, what: string): Partial<T> {
    if (value === undefined || value === null) {
        return { __proto__: null } as unknown as Partial<T>;
    }
    if (typeof value !== "object" && typeof value !== "function") {
        throw new TypeError(`${what} must be an object`);
    }
    return value as Partial<T>;
}

/** An integer of `[EnforceRange] unsigned long long` (up to 2^53 - 1). */
export function toUnsignedInteger(value: unknown, what: string): number {
    const number = +(value as number);
    const integer = number < 0 ? -floor(-number) : floor(number);
    if (!(integer >= 0 && integer <= 9007199254740991)) {
        throw new TypeError(`${what} must be a number from 0 to 2^53 - 1`);
    }
    return integer;
}

/** Reads a data property without running a getter; undefined for everything else. */
export function dataProperty(object: object, key: PropertyKey): unknown {
    const descriptor = getOwnPropertyDescriptor(object, key);
    // The descriptor is an ordinary object: ask it for its own "value" only.
    return descriptor !== undefined && hasOwn(descriptor, "value") ? descriptor.value : undefined;
}
