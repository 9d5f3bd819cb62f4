/*
 * writable_stream.ts - WritableStream, its writer and its controller as apps see them. Not here: what they do
 * (writable_operations.ts), pipes (pipe_to.ts).
 * Spec: Streams, "Writable streams".
 */
import type { AbortSignal } from "../web/abort.ts";
import { defineInterface, toDictionary } from "../web/webidl.ts";
import type { ChunkSink } from "./direct.ts";
import { type Deferred, type Outcome, promiseRejectedWith, releasedError, toOutcome } from "./promises.ts";
import type { Queue } from "./queue.ts";
import {
    $abortController,
    $aborting,
    $algorithms,
    $backpressure,
    $backpressureChanged,
    $byobRequest,
    $close,
    $closedPromise,
    $closeRequest,
    $controller,
    $inFlightCloseRequest,
    $inFlightWriteRequest,
    $pendingAbortRequest,
    $prepare,
    $queue,
    $readyPromise,
    $started,
    $state,
    $storedError,
    $strategyHWM,
    $strategySizeAlgorithm,
    $stream,
    $writer,
    $writeRequests,
    $write,
} from "./slots.ts";
import { extractHighWaterMark, extractSizeAlgorithm, type SizeAlgorithm, toStrategy } from "./strategies.ts";
import {
    type AbortRequest,
    controllerSignal,
    isWritableStreamLocked,
    setUpWritableStreamDefaultController,
    setUpWritableStreamDefaultWriter,
    type SinkAlgorithms,
    type Writable,
    type WritableController,
    writableStreamAbort,
    writableStreamClose,
    writableStreamCloseQueuedOrInFlight,
    writableStreamDefaultControllerError,
    writableStreamDefaultWriterGetDesiredSize,
    writableStreamDefaultWriterRelease,
    writableStreamDefaultWriterWrite,
    type WritableStreamState,
    type Writer,
    type WriteRequest,
    writerClosedPromise,
    writerReadyPromise,
} from "./writable_operations.ts";

const { apply } = Reflect;
const { hasOwn } = Object;

/** In the place of the sink: the stream is set up by whoever makes it. */
export const WITHOUT_SINK = {};
/** In the place of arguments that no app can give. */
const INTERNAL = {};

/** Whether a value is an object with this slot of its own. */
export function hasSlot(value: unknown, slot: symbol): boolean {
    return typeof value === "object" && value !== null && hasOwn(value, slot);
}

export let isWritableStream: (value: unknown) => value is WritableStream;
/** The native handle that the chunks of a stream can go to directly. */
export let directSink: (stream: WritableStream) => ChunkSink | undefined;
export let setDirectSink: (stream: WritableStream, sink: ChunkSink | undefined) => void;

export class WritableStream<W = unknown> implements Writable {
    static {
        isWritableStream = (value): value is WritableStream =>
            typeof value === "object" && value !== null && #direct in value;
        directSink = (stream) => stream.#direct;
        setDirectSink = (stream, sink) => {
            stream.#direct = sink;
            const writer = stream[$writer];
            if (isWriter(writer)) {
                setWriterSink(writer, sink);
            }
        };
    }

    #direct: ChunkSink | undefined = undefined;
    declare [$state]: WritableStreamState;
    declare [$storedError]: unknown;
    declare [$writer]: Writer | undefined;
    declare [$controller]: WritableController | undefined;
    declare [$backpressure]: boolean;
    declare [$writeRequests]: Queue<WriteRequest> | undefined;
    declare [$inFlightWriteRequest]: WriteRequest | undefined;
    declare [$closeRequest]: Deferred<undefined> | undefined;
    declare [$inFlightCloseRequest]: Deferred<undefined> | undefined;
    declare [$pendingAbortRequest]: AbortRequest | undefined;

    constructor(underlyingSink: unknown = undefined, strategy: unknown = undefined) {
        // The other slots are undefined until they are set: a server has thousands of streams.
        this[$state] = "writable";
        this[$writer] = undefined;
        this[$controller] = undefined;
        if (underlyingSink === WITHOUT_SINK) {
            return;
        }
        const sink = underlyingSink === undefined ? null : toObject(underlyingSink, "The underlying sink");
        const converted = toStrategy(strategy, "The strategy");
        const dictionary = toSink(sink);
        if (dictionary.type !== undefined) {
            throw new RangeError("The underlying sink must not have a type");
        }
        const size = extractSizeAlgorithm(converted);
        const highWaterMark = extractHighWaterMark(converted, 1);
        setUpFromUnderlyingSink(this, sink, dictionary, highWaterMark, size);
    }

    get locked(): boolean {
        checkStream(this, "locked");
        return isWritableStreamLocked(this);
    }

    abort(reason: unknown = undefined): Promise<undefined> {
        if (!isWritableStream(this)) {
            return promiseRejectedWith(brandError("WritableStream", "abort"));
        }
        if (isWritableStreamLocked(this)) {
            return promiseRejectedWith(new TypeError("abort: the stream is locked by a writer"));
        }
        this[$prepare]();
        return writableStreamAbort(this, reason);
    }

    close(): Promise<undefined> {
        if (!isWritableStream(this)) {
            return promiseRejectedWith(brandError("WritableStream", "close"));
        }
        if (isWritableStreamLocked(this)) {
            return promiseRejectedWith(new TypeError("close: the stream is locked by a writer"));
        }
        if (writableStreamCloseQueuedOrInFlight(this)) {
            return promiseRejectedWith(new TypeError("close: the stream is closing already"));
        }
        return this[$close]();
    }

    getWriter(): WritableStreamDefaultWriter<W> {
        checkStream(this, "getWriter");
        return new WritableStreamDefaultWriter<W>(this);
    }

    /** Streams that have no controller yet make one. */
    [$prepare](): void {}

    [$close](): Promise<undefined> {
        this[$prepare]();
        return writableStreamClose(this);
    }

    [$backpressureChanged](_backpressure: boolean): void {}

    [$aborting](_reason: unknown): void {}

    /** Queues a chunk of a writer; a socket may tell it how that one chunk went. */
    [$write](writer: Writer, chunk: unknown): Promise<undefined> {
        return writableStreamDefaultWriterWrite(writer, chunk);
    }
}
defineInterface(WritableStream, "WritableStream", ["locked"]);
// Few streams ever need these: they are their own only from then on.
WritableStream.prototype[$inFlightCloseRequest] = undefined;
WritableStream.prototype[$pendingAbortRequest] = undefined;

let isWriter: (value: unknown) => value is WritableStreamDefaultWriter;
let setWriterSink: (writer: WritableStreamDefaultWriter, sink: ChunkSink | undefined) => void;

export class WritableStreamDefaultWriter<W = unknown> implements Writer {
    static {
        isWriter = (value): value is WritableStreamDefaultWriter =>
            typeof value === "object" && value !== null && #direct in value;
        setWriterSink = (writer, sink) => {
            writer.#direct = sink;
        };
    }

    /** That of the stream, while the writer has it: a write then begins with one call. */
    #direct: ChunkSink | undefined = undefined;
    declare [$stream]: Writable | undefined;
    declare [$closedPromise]: Deferred<undefined> | undefined;
    declare [$readyPromise]: Deferred<undefined> | undefined;

    constructor(stream: WritableStream<W>) {
        if (!isWritableStream(stream)) {
            throw new TypeError("WritableStreamDefaultWriter: the argument must be a WritableStream");
        }
        if (hasSendsUnderWay(stream)) {
            stream[$prepare]();
        }
        setUpWritableStreamDefaultWriter(this, stream);
        this.#direct = directSink(stream);
    }

    get closed(): Promise<undefined> {
        if (!isWriter(this)) {
            return promiseRejectedWith(brandError("WritableStreamDefaultWriter", "closed"));
        }
        return writerClosedPromise(this);
    }

    get desiredSize(): number | null {
        if (!isWriter(this)) {
            throw brandError("WritableStreamDefaultWriter", "desiredSize");
        }
        const stream = this[$stream] as WritableStream | undefined;
        if (stream === undefined) {
            throw releasedError("desiredSize");
        }
        if (
            stream[$state] === "writable" &&
            (stream[$controller] === undefined || hasSendsUnderWay(stream))
        ) {
            stream[$prepare]();
        }
        return writableStreamDefaultWriterGetDesiredSize(this);
    }

    get ready(): Promise<undefined> {
        if (!isWriter(this)) {
            return promiseRejectedWith(brandError("WritableStreamDefaultWriter", "ready"));
        }
        const stream = this[$stream] as WritableStream | undefined;
        if (stream !== undefined && hasSendsUnderWay(stream)) {
            stream[$prepare]();
        }
        return writerReadyPromise(this);
    }

    abort(reason: unknown = undefined): Promise<undefined> {
        if (!isWriter(this)) {
            return promiseRejectedWith(brandError("WritableStreamDefaultWriter", "abort"));
        }
        const stream = this[$stream] as WritableStream | undefined;
        if (stream === undefined) {
            return promiseRejectedWith(releasedError("abort"));
        }
        stream[$prepare]();
        return writableStreamAbort(stream, reason);
    }

    close(): Promise<undefined> {
        if (!isWriter(this)) {
            return promiseRejectedWith(brandError("WritableStreamDefaultWriter", "close"));
        }
        const stream = this[$stream] as WritableStream | undefined;
        if (stream === undefined) {
            return promiseRejectedWith(releasedError("close"));
        }
        if (writableStreamCloseQueuedOrInFlight(stream)) {
            return promiseRejectedWith(new TypeError("close: the stream is closing already"));
        }
        return stream[$close]();
    }

    releaseLock(): void {
        if (!isWriter(this)) {
            throw brandError("WritableStreamDefaultWriter", "releaseLock");
        }
        if (this[$stream] !== undefined) {
            writableStreamDefaultWriterRelease(this);
        }
    }

    write(chunk: W = undefined as W): Promise<undefined> {
        // Not by isWriter(): this is where speed counts.
        let direct: ChunkSink | undefined;
        try {
            direct = this.#direct;
        } catch {
            return promiseRejectedWith(brandError("WritableStreamDefaultWriter", "write"));
        }
        const stream = this[$stream] as WritableStream | undefined;
        if (stream === undefined) {
            return promiseRejectedWith(releasedError("write"));
        }
        if (direct !== undefined) {
            const sent = isIdle(stream) ? direct.trySend(chunk) : null;
            if (sent !== null) {
                return sent;
            }
        }
        stream[$prepare]();
        return stream[$write](this, chunk);
    }
}
defineInterface(WritableStreamDefaultWriter, "WritableStreamDefaultWriter");

export class WritableStreamDefaultController implements WritableController {
    declare [$stream]: Writable;
    declare [$queue]: Queue<unknown> | undefined;
    declare [$started]: boolean;
    declare [$strategyHWM]: number;
    declare [$strategySizeAlgorithm]: SizeAlgorithm | undefined;
    declare [$algorithms]: SinkAlgorithms | undefined;
    declare [$abortController]: WritableController[typeof $abortController];

    constructor(internal: object | undefined = undefined) {
        if (internal !== INTERNAL) {
            throw new TypeError("Illegal constructor");
        }
    }

    get signal(): AbortSignal {
        checkController(this, "signal");
        return controllerSignal(this);
    }

    error(error: unknown = undefined): void {
        checkController(this, "error");
        if (this[$stream][$state] === "writable") {
            writableStreamDefaultControllerError(this, error);
        }
    }
}
defineInterface(WritableStreamDefaultController, "WritableStreamDefaultController");
WritableStreamDefaultController.prototype[$abortController] = undefined; // until it is asked for

export function createWritableController(): WritableStreamDefaultController {
    return new WritableStreamDefaultController(INTERNAL);
}

/** "CreateWritableStream" */
export function createWritableStream(
    start: () => unknown,
    algorithms: SinkAlgorithms,
    highWaterMark: number,
    size: SizeAlgorithm | undefined,
): WritableStream {
    const stream = new WritableStream(WITHOUT_SINK);
    setUpWritableStreamDefaultController(
        stream,
        createWritableController(),
        start,
        algorithms,
        highWaterMark,
        size,
    );
    return stream;
}

// Underlying sinks ------------------------------------------------------------------------------------------------

export type Callback = (...values: unknown[]) => unknown;

interface SinkDictionary {
    readonly abort: Callback | undefined;
    readonly close: Callback | undefined;
    readonly start: Callback | undefined;
    readonly type: unknown;
    readonly write: Callback | undefined;
}

/** Web IDL's `object` type. */
export function toObject(value: unknown, what: string): object {
    if ((typeof value !== "object" || value === null) && typeof value !== "function") {
        throw new TypeError(`${what} must be an object`);
    }
    return value;
}

/** A member of a dictionary that is a callback function. */
export function toCallback(value: unknown, what: string): Callback | undefined {
    if (value !== undefined && typeof value !== "function") {
        throw new TypeError(`${what} must be a function`);
    }
    return value as Callback | undefined;
}

function toSink(value: object | null): SinkDictionary {
    const sink = toDictionary<Record<keyof SinkDictionary, unknown>>(value, "The underlying sink");
    return {
        abort: toCallback(sink.abort, "abort"),
        close: toCallback(sink.close, "close"),
        start: toCallback(sink.start, "start"),
        type: sink.type,
        write: toCallback(sink.write, "write"),
    };
}

/** What an app's underlying sink does. */
class UnderlyingSinkAlgorithms implements SinkAlgorithms {
    readonly #sink: object | null;
    readonly #write: Callback | undefined;
    readonly #close: Callback | undefined;
    readonly #abort: Callback | undefined;

    constructor(sink: object | null, dictionary: SinkDictionary) {
        this.#sink = sink;
        this.#write = dictionary.write;
        this.#close = dictionary.close;
        this.#abort = dictionary.abort;
    }

    write(chunk: unknown, controller: WritableController): Outcome {
        if (this.#write === undefined) {
            return undefined;
        }
        try {
            return toOutcome(apply(this.#write, this.#sink, [chunk, controller]));
        } catch (error) {
            return promiseRejectedWith(error);
        }
    }

    close(): Outcome {
        return this.#call(this.#close, []);
    }

    abort(reason: unknown): Outcome {
        return this.#call(this.#abort, [reason]);
    }

    #call(callback: Callback | undefined, values: unknown[]): Outcome {
        if (callback === undefined) {
            return undefined;
        }
        try {
            return toOutcome(apply(callback, this.#sink, values));
        } catch (error) {
            return promiseRejectedWith(error);
        }
    }
}

/** Of all sinks that do nothing. */
const nothingAtAll: SinkAlgorithms = { write: nothing, close: nothing, abort: nothing };

function toSinkAlgorithms(sink: object | null, dictionary: SinkDictionary): SinkAlgorithms {
    return dictionary.write === undefined && dictionary.close === undefined && dictionary.abort === undefined
        ? nothingAtAll
        : new UnderlyingSinkAlgorithms(sink, dictionary);
}

function nothing(): undefined {}

/** "SetUpWritableStreamDefaultControllerFromUnderlyingSink" */
function setUpFromUnderlyingSink(
    stream: WritableStream,
    sink: object | null,
    dictionary: SinkDictionary,
    highWaterMark: number,
    size: SizeAlgorithm | undefined,
): void {
    const controller = createWritableController();
    const start = dictionary.start;
    setUpWritableStreamDefaultController(
        stream,
        controller,
        start === undefined ? nothing : () => apply(start, sink, [controller]),
        toSinkAlgorithms(sink, dictionary),
        highWaterMark,
        size,
    );
}

// Brands ----------------------------------------------------------------------------------------------------------

export function brandError(name: string, member: string): TypeError {
    return new TypeError(`${name}: ${member} was called on what is no ${name}`);
}

function checkStream(value: unknown, member: string): void {
    if (!isWritableStream(value)) {
        throw brandError("WritableStream", member);
    }
}

function checkController(value: unknown, member: string): void {
    if (!hasSlot(value, $started) || hasSlot(value, $byobRequest)) {
        throw brandError("WritableStreamDefaultController", member);
    }
}

/** Nothing is queued or under way that a chunk would have to wait for. */
export function isIdle(stream: WritableStream): boolean {
    const controller = stream[$controller];
    return (
        controller === undefined ||
        (controller[$started] &&
            stream[$state] === "writable" &&
            stream[$inFlightWriteRequest] === undefined &&
            !writableStreamCloseQueuedOrInFlight(stream))
    );
}

function hasSendsUnderWay(stream: WritableStream): boolean {
    const direct: ChunkSink | undefined = directSink(stream);
    return direct !== undefined && direct.sends() > 0;
}
