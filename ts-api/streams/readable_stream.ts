/*
 * readable_stream.ts - ReadableStream, its default reader and its default controller as apps see them. Not here: what
 * they do (readable_operations.ts); byte streams, pipes, tee and from(), which are loaded when they are used (byte_stream.ts,
 * piping.ts).
 * Spec: Streams, "Readable streams".
 */
import { resolved } from "cleat:native/promise";
import { builtin } from "cleat:native/runtime";
import { defineInterface, toDictionary, toUnsignedInteger } from "../web/webidl.ts";
import type * as Iterator from "./async_iterator.ts";
import type * as Bytes from "./byte_stream.ts";
import type { ChunkSource } from "./direct.ts";
import type * as Piping from "./piping.ts";
import { Deferred, type Outcome, promiseRejectedWith, releasedError, toOutcome } from "./promises.ts";
import type { Queue } from "./queue.ts";
import {
    type Controller,
    type DefaultController,
    defaultControllerCancelSteps,
    defaultControllerPullSteps,
    enqueueChunk,
    isReadableStreamLocked,
    NO_CHUNK,
    type Readable,
    readableStreamCancel,
    readableStreamDefaultControllerCanCloseOrEnqueue,
    readableStreamDefaultControllerClose,
    readableStreamDefaultControllerError,
    readableStreamDefaultControllerGetDesiredSize,
    readableStreamDefaultReaderRead,
    readableStreamReaderGenericInitialize,
    readableStreamReaderRelease,
    type ReadableStreamState,
    type Reader,
    readerClosedPromise,
    type ReadRequest,
    setUpReadableStreamDefaultController,
    type SourceAlgorithms,
    takeQueuedChunk,
} from "./readable_operations.ts";
import {
    $algorithms,
    $cancelSteps,
    $closedPromise,
    $controller,
    $flags,
    $pullSteps,
    $queue,
    $reader,
    $readRequests,
    $releaseSteps,
    $state,
    $storedError,
    $strategyHWM,
    $strategySizeAlgorithm,
    $stream,
} from "./slots.ts";
import { extractHighWaterMark, extractSizeAlgorithm, type SizeAlgorithm, toStrategy } from "./strategies.ts";
import {
    brandError,
    type Callback,
    hasSlot,
    toCallback,
    toObject,
    type WritableStream,
} from "./writable_stream.ts";

const { apply } = Reflect;
const { defineProperty } = Object;

/** In the place of the source: the stream is set up by whoever makes it. */
export const WITHOUT_SOURCE = {};
const INTERNAL = {};

export type ReadResult<T> = { value: T; done: false } | { value: T | undefined; done: true };

export interface AsyncIteratorOptions {
    readonly preventCancel?: boolean;
}

export let isReadableStream: (value: unknown) => value is ReadableStream;
/** The native handle that the chunks of a stream come from directly; undefined: an ordinary stream. */
export let directSource: (stream: ReadableStream) => ChunkSource | undefined;
export let setDirectSource: (stream: ReadableStream, source: ChunkSource | undefined) => void;

export class ReadableStream<R = unknown> implements Readable {
    static {
        isReadableStream = (value): value is ReadableStream =>
            typeof value === "object" && value !== null && #direct in value;
        directSource = (stream) => stream.#direct;
        setDirectSource = (stream, source) => {
            stream.#direct = source;
            const reader = stream[$reader];
            if (isDefaultReader(reader)) {
                setReaderSource(reader, source);
            }
        };
    }

    #direct: ChunkSource | undefined = undefined;
    declare [$state]: ReadableStreamState;
    declare [$storedError]: unknown;
    declare [$reader]: Reader | undefined;
    declare [$controller]: Controller;
    declare [Symbol.asyncIterator]: (options?: AsyncIteratorOptions) => AsyncIterableIterator<R>;

    static from<T>(asyncIterable: AsyncIterable<T> | Iterable<T>): ReadableStream<T> {
        return piping("readableStreamFrom")(asyncIterable) as ReadableStream<T>;
    }

    constructor(underlyingSource: unknown = undefined, strategy: unknown = undefined) {
        // The other slots are undefined until they are set: a server has thousands of streams.
        this[$state] = "readable";
        this[$reader] = undefined;
        this[$controller] = undefined as unknown as Controller;
        if (underlyingSource === WITHOUT_SOURCE) {
            return;
        }
        const source =
            underlyingSource === undefined ? null : toObject(underlyingSource, "The underlying source");
        const converted = toStrategy(strategy, "The strategy");
        const dictionary = toSource(source);
        if (dictionary.type === "bytes") {
            if (converted.size !== undefined) {
                throw new RangeError("The strategy of a byte stream must not have a size");
            }
            const highWaterMark = extractHighWaterMark(converted, 0);
            bytes("setUpFromUnderlyingByteSource")(this, source, dictionary, highWaterMark);
            return;
        }
        const size = extractSizeAlgorithm(converted);
        const highWaterMark = extractHighWaterMark(converted, 1);
        setUpFromUnderlyingSource(this, source, dictionary, highWaterMark, size);
    }

    get locked(): boolean {
        checkStream(this, "locked");
        return isReadableStreamLocked(this);
    }

    cancel(reason: unknown = undefined): Promise<undefined> {
        if (!isReadableStream(this)) {
            return promiseRejectedWith(brandError("ReadableStream", "cancel"));
        }
        if (isReadableStreamLocked(this)) {
            return promiseRejectedWith(new TypeError("cancel: the stream is locked by a reader"));
        }
        return readableStreamCancel(this, reason);
    }

    getReader(options?: { mode?: undefined }): ReadableStreamDefaultReader<R>;
    getReader(options: { mode: "byob" }): Bytes.ReadableStreamBYOBReader;
    getReader(options: unknown = undefined): ReadableStreamDefaultReader<R> | Bytes.ReadableStreamBYOBReader {
        checkStream(this, "getReader");
        const mode = toDictionary<{ mode: unknown }>(options, "getReader: options").mode;
        if (mode === undefined) {
            return new ReadableStreamDefaultReader<R>(this);
        }
        if (`${mode as string}` !== "byob") {
            throw new TypeError('getReader: mode must be "byob" or undefined');
        }
        return new (bytes("ReadableStreamBYOBReader"))(this);
    }

    pipeThrough<T>(
        transform: { readonly readable: ReadableStream<T>; readonly writable: WritableStream<R> },
        options: unknown = undefined,
    ): ReadableStream<T> {
        checkStream(this, "pipeThrough");
        return piping("pipeThrough")(this, transform, options) as ReadableStream<T>;
    }

    pipeTo(destination: WritableStream<R>, options: unknown = undefined): Promise<undefined> {
        if (!isReadableStream(this)) {
            return promiseRejectedWith(brandError("ReadableStream", "pipeTo"));
        }
        return piping("pipeTo")(this, destination, options);
    }

    tee(): [ReadableStream<R>, ReadableStream<R>] {
        checkStream(this, "tee");
        return piping("readableStreamTee")(this) as [ReadableStream<R>, ReadableStream<R>];
    }

    values(options: AsyncIteratorOptions | undefined = undefined): AsyncIterableIterator<R> {
        checkStream(this, "values");
        const preventCancel = toDictionary<{ preventCancel: unknown }>(
            options,
            "values: options",
        ).preventCancel;
        const iterate = builtin("cleat:streams/async_iterator", "iterate") as typeof Iterator.iterate;
        return iterate<R>(new ReadableStreamDefaultReader<R>(this), !!preventCancel);
    }
}
defineInterface(ReadableStream, "ReadableStream", ["locked"]);
defineProperty(ReadableStream, "from", { enumerable: true });
defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
    value: ReadableStream.prototype.values,
    writable: true,
    enumerable: false,
    configurable: true,
});

export let isDefaultReader: (value: unknown) => value is ReadableStreamDefaultReader;
let setReaderSource: (reader: ReadableStreamDefaultReader, source: ChunkSource | undefined) => void;

export class ReadableStreamDefaultReader<R = unknown> implements Reader {
    static {
        isDefaultReader = (value): value is ReadableStreamDefaultReader =>
            typeof value === "object" && value !== null && #direct in value;
        setReaderSource = (reader, source) => {
            reader.#direct = source;
        };
    }

    /** That of the stream, while the reader has it: a read then is one call. */
    #direct: ChunkSource | undefined = undefined;
    declare [$stream]: Readable | undefined;
    declare [$closedPromise]: Deferred<undefined> | undefined;
    declare [$readRequests]: Queue<ReadRequest> | undefined;

    constructor(stream: ReadableStream<R>) {
        if (!isReadableStream(stream)) {
            throw new TypeError("ReadableStreamDefaultReader: the argument must be a ReadableStream");
        }
        readableStreamReaderGenericInitialize(this, stream);
        this[$readRequests] = undefined;
        this.#direct = directSource(stream);
    }

    get closed(): Promise<undefined> {
        return isDefaultReader(this)
            ? readerClosedPromise(this)
            : promiseRejectedWith(brandError("ReadableStreamDefaultReader", "closed"));
    }

    cancel(reason: unknown = undefined): Promise<undefined> {
        if (!isDefaultReader(this)) {
            return promiseRejectedWith(brandError("ReadableStreamDefaultReader", "cancel"));
        }
        const stream = this[$stream];
        return stream === undefined
            ? promiseRejectedWith(releasedError("cancel"))
            : readableStreamCancel(stream, reason);
    }

    read(): Promise<ReadResult<R>> {
        // Not by isDefaultReader(): this is where speed counts.
        let direct: ChunkSource | undefined;
        try {
            direct = this.#direct;
        } catch {
            return promiseRejectedWith(brandError("ReadableStreamDefaultReader", "read"));
        }
        if (direct !== undefined) {
            return direct.take() as Promise<ReadResult<R>>;
        }
        const stream = this[$stream] as ReadableStream<R> | undefined;
        if (stream === undefined) {
            return promiseRejectedWith(releasedError("read"));
        }
        const chunk = takeQueuedChunk(stream);
        if (chunk !== NO_CHUNK) {
            return resolved({ value: chunk, done: false });
        }
        const request = new PromiseReadRequest<R>();
        readableStreamDefaultReaderRead(this, request as ReadRequest);
        return request.promise;
    }

    releaseLock(): void {
        if (!isDefaultReader(this)) {
            throw brandError("ReadableStreamDefaultReader", "releaseLock");
        }
        const stream = this[$stream] as ReadableStream | undefined;
        if (stream !== undefined) {
            readableStreamReaderRelease(this);
            this.#direct?.endTakes(true, releasedError("read"));
            this.#direct = undefined;
        }
    }
}
defineInterface(ReadableStreamDefaultReader, "ReadableStreamDefaultReader");

/** The read request of read(). Where the chunk is there already, the promise is made with it. */
class PromiseReadRequest<T> implements ReadRequest<T> {
    #promise: Promise<ReadResult<T>> | undefined = undefined;
    #deferred: Deferred<ReadResult<T>> | undefined = undefined;

    get promise(): Promise<ReadResult<T>> {
        return this.#promise ?? (this.#deferred = new Deferred()).promise;
    }

    chunkSteps(chunk: T): void {
        this.#resolve({ value: chunk, done: false });
    }

    closeSteps(): void {
        this.#resolve({ value: undefined, done: true });
    }

    errorSteps(error: unknown): void {
        if (this.#deferred === undefined) {
            this.#promise = promiseRejectedWith(error);
        } else {
            this.#deferred.reject(error);
        }
    }

    #resolve(result: ReadResult<T>): void {
        if (this.#deferred === undefined) {
            this.#promise = resolved(result) as Promise<ReadResult<T>>;
        } else {
            this.#deferred.resolve(result);
        }
    }
}

export class ReadableStreamDefaultController<R = unknown> implements DefaultController {
    declare [$stream]: Readable;
    declare [$queue]: Queue<unknown> | undefined;
    declare [$flags]: number;
    declare [$strategyHWM]: number;
    declare [$strategySizeAlgorithm]: SizeAlgorithm | undefined;
    declare [$algorithms]: SourceAlgorithms | undefined;

    constructor(internal: object | undefined = undefined) {
        if (internal !== INTERNAL) {
            throw new TypeError("Illegal constructor");
        }
    }

    get desiredSize(): number | null {
        checkController(this, "desiredSize");
        return readableStreamDefaultControllerGetDesiredSize(this);
    }

    close(): void {
        checkController(this, "close");
        if (!readableStreamDefaultControllerCanCloseOrEnqueue(this)) {
            throw new TypeError("close: the stream is closed or errored, or asked to close");
        }
        readableStreamDefaultControllerClose(this);
    }

    enqueue(chunk: R = undefined as R): void {
        // Not by hasSlot(): this is where speed counts.
        if (typeof this !== "object" || this === null || !($flags in this)) {
            throw brandError("ReadableStreamDefaultController", "enqueue");
        }
        if (!readableStreamDefaultControllerCanCloseOrEnqueue(this)) {
            throw new TypeError("enqueue: the stream is closed or errored, or asked to close");
        }
        enqueueChunk(this, chunk);
    }

    error(error: unknown = undefined): void {
        checkController(this, "error");
        readableStreamDefaultControllerError(this, error);
    }

    [$cancelSteps](reason: unknown): Outcome {
        return defaultControllerCancelSteps(this, reason);
    }

    [$pullSteps](request: ReadRequest): void {
        defaultControllerPullSteps(this, request);
    }

    [$releaseSteps](): void {}
}
defineInterface(ReadableStreamDefaultController, "ReadableStreamDefaultController");

export function createReadableController<R>(): ReadableStreamDefaultController<R> {
    return new ReadableStreamDefaultController<R>(INTERNAL);
}

/** "CreateReadableStream" */
export function createReadableStream<R>(
    start: () => unknown,
    algorithms: SourceAlgorithms,
    highWaterMark = 1,
    size: SizeAlgorithm | undefined = undefined,
): ReadableStream<R> {
    const stream = new ReadableStream<R>(WITHOUT_SOURCE);
    const controller = createReadableController<R>();
    setUpReadableStreamDefaultController(stream, controller, start, algorithms, highWaterMark, size);
    return stream;
}

// Underlying sources ----------------------------------------------------------------------------------------------

export interface SourceDictionary {
    readonly autoAllocateChunkSize: unknown;
    readonly cancel: Callback | undefined;
    readonly pull: Callback | undefined;
    readonly start: Callback | undefined;
    readonly type: "bytes" | undefined;
}

function toSource(value: object | null): SourceDictionary {
    const source = toDictionary<Record<keyof SourceDictionary, unknown>>(value, "The underlying source");
    const autoAllocateChunkSize = source.autoAllocateChunkSize;
    const size =
        autoAllocateChunkSize === undefined
            ? undefined
            : toUnsignedInteger(autoAllocateChunkSize, "autoAllocateChunkSize");
    const cancel = toCallback(source.cancel, "cancel");
    const pull = toCallback(source.pull, "pull");
    const start = toCallback(source.start, "start");
    const type = source.type;
    if (type !== undefined && `${type as string}` !== "bytes") {
        throw new TypeError('The type of an underlying source must be "bytes" or undefined');
    }
    return {
        autoAllocateChunkSize: size,
        cancel,
        pull,
        start,
        type: type === undefined ? undefined : "bytes",
    };
}

/** What an app's underlying source does. */
class UnderlyingSourceAlgorithms implements SourceAlgorithms {
    readonly #source: object | null;
    readonly #pull: Callback | undefined;
    readonly #cancel: Callback | undefined;

    constructor(source: object | null, dictionary: SourceDictionary) {
        this.#source = source;
        this.#pull = dictionary.pull;
        this.#cancel = dictionary.cancel;
    }

    pull(controller: Controller): Outcome {
        if (this.#pull === undefined) {
            return undefined;
        }
        try {
            return toOutcome(apply(this.#pull, this.#source, [controller]));
        } catch (error) {
            return promiseRejectedWith(error);
        }
    }

    cancel(reason: unknown): Outcome {
        if (this.#cancel === undefined) {
            return undefined;
        }
        try {
            return toOutcome(apply(this.#cancel, this.#source, [reason]));
        } catch (error) {
            return promiseRejectedWith(error);
        }
    }
}

/** Of all sources that do nothing. */
const nothingAtAll: SourceAlgorithms = { pull: nothing, cancel: nothing };

/** The algorithms of a dictionary, start apart. */
export function toSourceAlgorithms(source: object | null, dictionary: SourceDictionary): SourceAlgorithms {
    return dictionary.pull === undefined && dictionary.cancel === undefined
        ? nothingAtAll
        : new UnderlyingSourceAlgorithms(source, dictionary);
}

/** The start algorithm of a dictionary. */
export function toStartAlgorithm(
    source: object | null,
    start: Callback | undefined,
    controller: object,
): () => unknown {
    return start === undefined ? nothing : () => apply(start, source, [controller]);
}

function nothing(): undefined {}

/** "SetUpReadableStreamDefaultControllerFromUnderlyingSource" */
function setUpFromUnderlyingSource(
    stream: ReadableStream,
    source: object | null,
    dictionary: SourceDictionary,
    highWaterMark: number,
    size: SizeAlgorithm | undefined,
): void {
    const controller = createReadableController();
    setUpReadableStreamDefaultController(
        stream,
        controller,
        toStartAlgorithm(source, dictionary.start, controller),
        toSourceAlgorithms(source, dictionary),
        highWaterMark,
        size,
    );
}

// Parts that are loaded when they are used ------------------------------------------------------------------------

function piping<K extends keyof typeof Piping>(name: K): (typeof Piping)[K] {
    return builtin("cleat:streams/piping", name) as (typeof Piping)[K];
}

function bytes<K extends keyof typeof Bytes>(name: K): (typeof Bytes)[K] {
    return builtin("cleat:streams/bytes", name) as (typeof Bytes)[K];
}

// Brands ----------------------------------------------------------------------------------------------------------

function checkStream(value: unknown, member: string): void {
    if (!isReadableStream(value)) {
        throw brandError("ReadableStream", member);
    }
}

function checkController(value: unknown, member: string): void {
    if (!hasSlot(value, $flags)) {
        throw brandError("ReadableStreamDefaultController", member);
    }
}
