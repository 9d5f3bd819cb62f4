/*
 * readable_side.ts - the receiving side of a socket as a ReadableStream: asks its source for more only when
 * the stream wants more, and can be ended by the socket even while a reader holds the lock.
 * Not here: where chunks come from (the source).
 * Spec: Streams, "Underlying source API"; W3C TCP and UDP Socket API, the steps for `readable`.
 */
import { ReadableStream, type ReadableStreamDefaultController } from "../../streams/streams.ts";
import { markHandled } from "./deferred.ts";

const apply = Reflect.apply;
const { getOwnPropertyDescriptor } = Object;

const cancelStream = ReadableStream.prototype.cancel;

const isLocked = getOwnPropertyDescriptor(ReadableStream.prototype, "locked")?.get as (
    this: ReadableStream<unknown>,
) => boolean;

/** Where chunks come from. */
export interface Source<T> {
    /** Resolves when reading may start, its rejection errors the stream; undefined: at once. */
    opening(): Promise<unknown> | undefined;
    /** Enqueues at least one chunk, closes or errors the side; a promise while there is nothing. */
    pullFor(side: ReadableSide<T>): void | Promise<void>;
    /** The stream was cancelled, by the app or by the socket. */
    cancelled(reason: unknown): void;
}

export class ReadableSide<T> {
    readonly stream: ReadableStream<T>;
    readonly #underlying: UnderlyingSource<T>;
    readonly #source: Source<T>;

    constructor(source: Source<T>, highWaterMark: number) {
        this.#source = source;
        this.#underlying = new UnderlyingSource(source, this);
        this.stream = new ReadableStream<T>(this.#underlying, { __proto__: null, highWaterMark } as object);
    }

    /** How many chunks the stream would like to have now. */
    get desiredSize(): number {
        return this.#underlying.controller.desiredSize ?? 0;
    }

    /** Hands a chunk on; false where the stream has ended meanwhile. */
    enqueue(chunk: T): boolean {
        try {
            this.#underlying.controller.enqueue(chunk);
            return true;
        } catch {
            return false;
        }
    }

    /** Ends the stream; what is queued can still be read. */
    close(): void {
        try {
            this.#underlying.controller.close();
        } catch {
            // closed or errored before
        }
    }

    /** Errors the stream; what is queued is dropped. */
    error(error: unknown): void {
        this.#underlying.controller.error(error);
    }

    /**
     * What `readable.cancel(reason)` does, but also on a stream that is locked: its pending reads then see the
     * end, and what is queued can still be read.
     */
    cancel(reason: unknown): void {
        if (apply(isLocked, this.stream, [])) {
            this.close();
        } else {
            void markHandled(apply(cancelStream, this.stream, [reason]));
        }
        // The stream does not pass it on once the peer's end has closed it, and a second call changes nothing.
        this.#source.cancelled(reason);
    }
}

/**
 * What the stream calls. A class, so that a socket needs no closure for each; without a prototype above it, since streams
 * look for optional members and somebody may have put them on Object's.
 */
class UnderlyingSource<T> {
    controller!: ReadableStreamDefaultController<T>;
    readonly source: Source<T>;
    readonly side: ReadableSide<T>;

    constructor(source: Source<T>, side: ReadableSide<T>) {
        this.source = source;
        this.side = side;
    }

    start(controller: ReadableStreamDefaultController<T>): Promise<void> | undefined {
        this.controller = controller;
        return this.source.opening() as Promise<void> | undefined;
    }

    pull(): void | Promise<void> {
        return this.source.pullFor(this.side);
    }

    cancel(reason: unknown): void {
        this.source.cancelled(reason);
    }
}
Object.setPrototypeOf(UnderlyingSource.prototype, null);
