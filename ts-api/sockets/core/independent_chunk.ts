/*
 * independent_chunk.ts - a chunk that carries its own outcome through a WritableStream, whose own way would be to error as
 * a whole. Not here: who wraps and unwraps it (udp_writable.ts).
 */
import { type Deferred, deferHandled } from "./deferred.ts";

/** A chunk that carries its own outcome. */
export class IndependentChunk {
    readonly #chunk: unknown;
    /** Handled: a lost datagram whose write() nobody awaits is no uncaught error. */
    readonly outcome: Deferred<undefined> = deferHandled();

    constructor(chunk: unknown) {
        this.#chunk = chunk;
    }

    static is(value: unknown): value is IndependentChunk {
        return typeof value === "object" && value !== null && #chunk in value;
    }

    get chunk(): unknown {
        return this.#chunk;
    }
}
