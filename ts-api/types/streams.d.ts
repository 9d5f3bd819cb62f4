/*
 * streams.d.ts - the types of the stream classes. Streams (WHATWG); Encoding §7.4 and §7.5 for the text streams.
 */

/** What a strategy says about chunks: how large one is, and at how many the queue is full. */
interface QueuingStrategy<T = any> {
    highWaterMark?: number;
    size?: (chunk: T) => number;
}
interface QueuingStrategyInit {
    highWaterMark: number;
}
/** Counts chunks by their `byteLength`. */
declare class ByteLengthQueuingStrategy implements QueuingStrategy<ArrayBufferView> {
    constructor(init: QueuingStrategyInit);
    readonly highWaterMark: number;
    readonly size: (chunk: ArrayBufferView) => number;
}
/** Counts each chunk as one. */
declare class CountQueuingStrategy implements QueuingStrategy<any> {
    constructor(init: QueuingStrategyInit);
    readonly highWaterMark: number;
    readonly size: (chunk: any) => 1;
}

// Reading --------------------------------------------------------------------------------------------------------

interface UnderlyingDefaultSource<R = any> {
    type?: undefined;
    start?: (controller: ReadableStreamDefaultController<R>) => unknown;
    pull?: (controller: ReadableStreamDefaultController<R>) => unknown;
    cancel?: (reason: any) => unknown;
}
interface UnderlyingByteSource {
    type: "bytes";
    autoAllocateChunkSize?: number;
    start?: (controller: ReadableByteStreamController) => unknown;
    pull?: (controller: ReadableByteStreamController) => unknown;
    cancel?: (reason: any) => unknown;
}

/** What `read()` gives. A value that is there while `done` is true is the buffer that a BYOB read handed in. */
type ReadableStreamReadResult<T> = { done: false; value: T } | { done: true; value: T | undefined };
type ReadableStreamReader<R> = ReadableStreamDefaultReader<R> | ReadableStreamBYOBReader;

interface StreamPipeOptions {
    preventAbort?: boolean;
    preventCancel?: boolean;
    preventClose?: boolean;
    signal?: AbortSignal;
}
interface ReadableStreamIteratorOptions {
    preventCancel?: boolean;
}
interface ReadableWritablePair<R = any, W = any> {
    readonly readable: ReadableStream<R>;
    readonly writable: WritableStream<W>;
}

/** A source of chunks. Streams §4.2. */
declare class ReadableStream<R = any> implements AsyncIterable<R> {
    constructor(source: UnderlyingByteSource, strategy?: { highWaterMark?: number });
    constructor(source?: UnderlyingDefaultSource<R>, strategy?: QueuingStrategy<R>);
    static from<R>(iterable: Iterable<R> | AsyncIterable<R>): ReadableStream<R>;
    readonly locked: boolean;
    cancel(reason?: any): Promise<void>;
    getReader(options: { mode: "byob" }): ReadableStreamBYOBReader;
    getReader(options?: { mode?: undefined }): ReadableStreamDefaultReader<R>;
    pipeThrough<T>(transform: ReadableWritablePair<T, R>, options?: StreamPipeOptions): ReadableStream<T>;
    pipeTo(destination: WritableStream<R>, options?: StreamPipeOptions): Promise<void>;
    tee(): [ReadableStream<R>, ReadableStream<R>];
    values(options?: ReadableStreamIteratorOptions): AsyncIterableIterator<R>;
    [Symbol.asyncIterator](options?: ReadableStreamIteratorOptions): AsyncIterableIterator<R>;
}

declare class ReadableStreamDefaultReader<R = any> {
    constructor(stream: ReadableStream<R>);
    readonly closed: Promise<undefined>;
    cancel(reason?: any): Promise<void>;
    read(): Promise<ReadableStreamReadResult<R>>;
    releaseLock(): void;
}

/** Reads into buffers of the caller. */
declare class ReadableStreamBYOBReader {
    constructor(stream: ReadableStream);
    readonly closed: Promise<undefined>;
    cancel(reason?: any): Promise<void>;
    /** The buffer of `view` is detached; the result has the bytes in a new view. */
    read<T extends ArrayBufferView>(
        view: T,
        options?: { min?: number },
    ): Promise<ReadableStreamReadResult<T>>;
    releaseLock(): void;
}

declare class ReadableStreamDefaultController<R = any> {
    private constructor();
    readonly desiredSize: number | null;
    close(): void;
    enqueue(chunk: R): void;
    error(reason?: any): void;
}
declare class ReadableByteStreamController {
    private constructor();
    readonly byobRequest: ReadableStreamBYOBRequest | null;
    readonly desiredSize: number | null;
    close(): void;
    enqueue(chunk: ArrayBufferView): void;
    error(reason?: any): void;
}
declare class ReadableStreamBYOBRequest {
    private constructor();
    readonly view: ArrayBufferView | null;
    respond(bytesWritten: number): void;
    respondWithNewView(view: ArrayBufferView): void;
}

// Writing --------------------------------------------------------------------------------------------------------

interface UnderlyingSink<W = any> {
    type?: undefined;
    start?: (controller: WritableStreamDefaultController) => unknown;
    write?: (chunk: W, controller: WritableStreamDefaultController) => unknown;
    close?: () => unknown;
    abort?: (reason: any) => unknown;
}

/** A destination of chunks. Streams §5.2. */
declare class WritableStream<W = any> {
    constructor(sink?: UnderlyingSink<W>, strategy?: QueuingStrategy<W>);
    readonly locked: boolean;
    abort(reason?: any): Promise<void>;
    close(): Promise<void>;
    getWriter(): WritableStreamDefaultWriter<W>;
}
declare class WritableStreamDefaultWriter<W = any> {
    constructor(stream: WritableStream<W>);
    readonly closed: Promise<undefined>;
    readonly desiredSize: number | null;
    readonly ready: Promise<undefined>;
    abort(reason?: any): Promise<void>;
    close(): Promise<void>;
    releaseLock(): void;
    write(chunk: W): Promise<void>;
}
declare class WritableStreamDefaultController {
    private constructor();
    readonly abortReason: any;
    readonly signal: AbortSignal;
    error(reason?: any): void;
}

// Transforming ---------------------------------------------------------------------------------------------------

interface Transformer<I = any, O = any> {
    readableType?: undefined;
    writableType?: undefined;
    start?: (controller: TransformStreamDefaultController<O>) => unknown;
    transform?: (chunk: I, controller: TransformStreamDefaultController<O>) => unknown;
    flush?: (controller: TransformStreamDefaultController<O>) => unknown;
    cancel?: (reason: any) => unknown;
}

/** Chunks in, chunks out. Streams §6.2. */
declare class TransformStream<I = any, O = any> implements ReadableWritablePair<O, I> {
    constructor(
        transformer?: Transformer<I, O>,
        writableStrategy?: QueuingStrategy<I>,
        readableStrategy?: QueuingStrategy<O>,
    );
    readonly readable: ReadableStream<O>;
    readonly writable: WritableStream<I>;
}
declare class TransformStreamDefaultController<O = any> {
    private constructor();
    readonly desiredSize: number | null;
    enqueue(chunk: O): void;
    error(reason?: any): void;
    terminate(): void;
}

/** Text to UTF-8, surrogate pairs across chunks included. */
declare class TextEncoderStream implements ReadableWritablePair<Uint8Array<ArrayBuffer>, string> {
    constructor();
    readonly encoding: "utf-8";
    readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
    readonly writable: WritableStream<string>;
}
/** Bytes to text, with the encodings of {@link TextDecoder}. */
declare class TextDecoderStream implements ReadableWritablePair<string, BufferSource> {
    constructor(label?: string, options?: TextDecoderOptions);
    readonly encoding: string;
    readonly fatal: boolean;
    readonly ignoreBOM: boolean;
    readonly readable: ReadableStream<string>;
    readonly writable: WritableStream<BufferSource>;
}
