/*
 * strategies.ts - what a stream reads out of a strategy. Not here: the classes (queuing_strategies.ts).
 * Spec: Streams, "Validate and normalize high water mark" and "… size algorithm".
 */
import { toDictionary } from "../web/webidl.ts";

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
