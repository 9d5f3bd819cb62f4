/*
 * queuing_strategies.ts - CountQueuingStrategy and ByteLengthQueuingStrategy, a module of their own: few programs name them.
 * Not here: what a stream reads out of a strategy (strategies.ts).
 * Spec: Streams, "Queuing strategies".
 */
import { defineInterface, requireArguments, toDictionary } from "../web/webidl.ts";

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
