/*
 * strategies.ts - CountQueuingStrategy, ByteLengthQueuingStrategy, and what a stream reads out of a strategy.
 * Spec: Streams, "Queuing strategies" and "Validate and normalize high water mark" and "… size algorithm".
 */
import { defineInterface, requireArguments, toDictionary } from "../web/webidl.ts";

const { apply } = Reflect;

export type SizeAlgorithm = (chunk: unknown) => number;

export interface Strategy {
    readonly highWaterMark: number | undefined;
    readonly size: SizeAlgorithm | undefined;
}

/** Converts a QueuingStrategy dictionary. */
export function toStrategy(value: unknown, what: string): Strategy {
    const dictionary = toDictionary<{ highWaterMark: unknown; size: unknown }>(value, what);
    const highWaterMark = dictionary.highWaterMark;
    const mark = highWaterMark === undefined ? undefined : +(highWaterMark as number);
    const size = dictionary.size;
    if (size !== undefined && typeof size !== "function") {
        throw new TypeError(`${what}: size must be a function`);
    }
    // A callback function of Web IDL is called with undefined as `this`, and its result is converted.
    const callback = size as ((chunk: unknown) => unknown) | undefined;
    return {
        highWaterMark: mark,
        size:
            callback === undefined ? undefined : (chunk) => +(apply(callback, undefined, [chunk]) as number),
    };
}

/** "ExtractHighWaterMark" */
export function extractHighWaterMark(strategy: Strategy, defaultHWM: number): number {
    const mark = strategy.highWaterMark;
    if (mark === undefined) {
        return defaultHWM;
    }
    if (!(mark >= 0)) {
        throw new RangeError("highWaterMark must be a number that is not negative");
    }
    return mark;
}

/** "ExtractSizeAlgorithm" */
export function extractSizeAlgorithm(strategy: Strategy): SizeAlgorithm | undefined {
    return strategy.size; // undefined: each chunk counts as one
}

export function one(): number {
    return 1;
}

function toInit(init: unknown, what: string): number {
    const { highWaterMark } = toDictionary<{ highWaterMark: number }>(init, what);
    if (highWaterMark === undefined) {
        throw new TypeError(`${what}: highWaterMark is required`);
    }
    return +highWaterMark;
}

/* One function for all strategies of a class; methods, since the functions of Web IDL are no constructors. */
const byteLengthSize = {
    size(chunk: { readonly byteLength: number }): number {
        return chunk.byteLength;
    },
}.size;
const countSize = {
    size(): number {
        return 1;
    },
}.size;

export class ByteLengthQueuingStrategy {
    readonly #highWaterMark: number;

    constructor(init: unknown) {
        requireArguments(arguments.length, 1, "ByteLengthQueuingStrategy");
        this.#highWaterMark = toInit(init, "ByteLengthQueuingStrategy");
    }

    get highWaterMark(): number {
        return this.#highWaterMark;
    }

    get size(): (chunk: { readonly byteLength: number }) => number {
        void this.#highWaterMark;
        return byteLengthSize;
    }
}
defineInterface(ByteLengthQueuingStrategy, "ByteLengthQueuingStrategy", ["highWaterMark"]);

export class CountQueuingStrategy {
    readonly #highWaterMark: number;

    constructor(init: unknown) {
        requireArguments(arguments.length, 1, "CountQueuingStrategy");
        this.#highWaterMark = toInit(init, "CountQueuingStrategy");
    }

    get highWaterMark(): number {
        return this.#highWaterMark;
    }

    get size(): () => number {
        void this.#highWaterMark;
        return countSize;
    }
}
defineInterface(CountQueuingStrategy, "CountQueuingStrategy", ["highWaterMark"]);
