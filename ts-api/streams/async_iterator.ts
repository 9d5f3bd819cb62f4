/*
 * async_iterator.ts - the asynchronous iterator of a ReadableStream, a module that is loaded with the first. Not here: streams that iterators become (from(), in
 * piping.ts).
 * Spec: Streams, ReadableStream, "Asynchronous iteration"; Web IDL, "Asynchronous iterator prototype object".
 */
import {
    $iterating,
    $stream,
    Deferred,
    directSource,
    promiseRejectedWith,
    promiseResolvedWith,
    type Readable,
    type ReadableStream,
    readableStreamCancel,
    readableStreamDefaultReaderRead,
    readableStreamReaderRelease,
    type Reader,
    type ReadRequest,
    transformPromiseWith,
} from "./streams.ts";

const { defineProperty, getPrototypeOf, setPrototypeOf } = Object;

type Result<T> = IteratorResult<T, unknown>;

/** "end of iteration" */
const END = {};

/** The read request of "get the next iteration result". */
class NextRequest implements ReadRequest {
    readonly #reader: Reader;
    readonly #deferred: Deferred<unknown>;

    constructor(reader: Reader, deferred: Deferred<unknown>) {
        this.#reader = reader;
        this.#deferred = deferred;
    }

    chunkSteps(chunk: unknown): void {
        this.#deferred.resolve({ value: chunk, done: false });
    }

    closeSteps(): void {
        readableStreamReaderRelease(this.#reader);
        this.#deferred.resolve(END);
    }

    errorSteps(error: unknown): void {
        readableStreamReaderRelease(this.#reader);
        this.#deferred.reject(error);
    }
}

let isIterator: <T>(value: unknown) => value is ReadableStreamAsyncIterator<T>;

class ReadableStreamAsyncIterator<T> {
    static {
        // Objects of Web IDL's iterators have no constructor, and inherit from all asynchronous iterators.
        delete (this.prototype as { constructor?: unknown }).constructor;
        const asyncGenerators = getPrototypeOf(
            async function* (): AsyncGenerator {}.prototype as object,
        ) as object;
        setPrototypeOf(this.prototype, getPrototypeOf(asyncGenerators) as object);
        defineProperty(this.prototype, "next", { enumerable: true });
        defineProperty(this.prototype, "return", { enumerable: true });
        defineProperty(this.prototype, Symbol.toStringTag, {
            value: "ReadableStream AsyncIterator",
            writable: false,
            enumerable: false,
            configurable: true,
        });
    }

    readonly #reader: Reader;
    readonly #preventCancel: boolean;
    #ongoing: Promise<Result<T>> | null = null;
    /** What a native handle gave last: calls of it are settled in their order without our help. */
    #taken: Promise<Result<T>> | null = null;
    #finished = false;

    constructor(reader: Reader, preventCancel: boolean) {
        this.#reader = reader;
        this.#preventCancel = preventCancel;
    }

    next(): Promise<Result<T>> {
        if (!isIterator<T>(this)) {
            return promiseRejectedWith(
                new TypeError("next was called on what is no iterator of a ReadableStream"),
            );
        }
        const stream = this.#reader[$stream] as ReadableStream<T> | undefined;
        const direct = stream === undefined ? undefined : directSource(stream);
        if (direct !== undefined && this.#ongoing === null && !this.#finished) {
            this.#taken = direct.take() as Promise<Result<T>>;
            return this.#taken;
        }
        this.#ongoing = this.#after(() => this.#nextSteps());
        return this.#ongoing;
    }

    return(value: unknown): Promise<Result<T>> {
        if (!isIterator<T>(this)) {
            return promiseRejectedWith(
                new TypeError("return was called on what is no iterator of a ReadableStream"),
            );
        }
        this.#ongoing = this.#after(() => this.#returnSteps(value));
        return this.#ongoing;
    }

    /** Runs steps when what is under way has ended. */
    #after(steps: () => Promise<Result<T>>): Promise<Result<T>> {
        const before = this.#ongoing ?? this.#taken;
        return before === null ? steps() : transformPromiseWith(before, steps, steps);
    }

    #nextSteps(): Promise<Result<T>> {
        if (this.#finished || this.#reader[$stream] === undefined) {
            return promiseResolvedWith({ value: undefined, done: true }) as Promise<Result<T>>;
        }
        const deferred = new Deferred<unknown>();
        readableStreamDefaultReaderRead(this.#reader, new NextRequest(this.#reader, deferred));
        return transformPromiseWith(
            deferred.promise,
            (result) => {
                this.#ongoing = null;
                if (result === END) {
                    this.#finished = true;
                    return { value: undefined, done: true };
                }
                return result as Result<T>;
            },
            (error) => {
                this.#ongoing = null;
                this.#finished = true;
                throw error;
            },
        );
    }

    #returnSteps(value: unknown): Promise<Result<T>> {
        const result = { value, done: true } as Result<T>;
        if (this.#finished) {
            return promiseResolvedWith(result) as Promise<Result<T>>;
        }
        this.#finished = true;
        const stream: Readable | undefined = this.#reader[$stream];
        if (stream === undefined) {
            return promiseResolvedWith(result) as Promise<Result<T>>; // a direct stream has ended and let go
        }
        if (this.#preventCancel) {
            readableStreamReaderRelease(this.#reader);
            return promiseResolvedWith(result) as Promise<Result<T>>;
        }
        const cancelled = readableStreamCancel(stream, value);
        readableStreamReaderRelease(this.#reader);
        return transformPromiseWith(cancelled, () => result);
    }

    static {
        isIterator = <T>(value: unknown): value is ReadableStreamAsyncIterator<T> =>
            typeof value === "object" && value !== null && #taken in value;
    }
}
/** An iterator over what a reader reads; it lets go of the stream at its end. */
export function iterate<T>(reader: Reader, preventCancel: boolean): AsyncIterableIterator<T> {
    reader[$iterating] = true;
    return new ReadableStreamAsyncIterator<T>(reader, preventCancel) as unknown as AsyncIterableIterator<T>;
}
