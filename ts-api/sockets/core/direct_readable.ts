/*
 * direct_readable.ts - the receiving side of a socket as a ReadableStream. While an app does no more than read, by a
 * reader or a loop, the stream is direct: chunks wait in the native handle, and a read is the handle's take(). An object
 * of this class stands in the place of the controller then. Whatever else is asked of the stream gives it an ordinary
 * default controller.
 * Not here: where chunks come from (the handle), what the end of a stream means to a socket (the face).
 *
 * Spec: Streams, "Default controllers"; W3C TCP and UDP Socket API, the steps for `readable`.
 */
import { usesDirectStreams } from "cleat:native/runtime";
import {
    $cancelSteps,
    $controller,
    $iterating,
    $pullSteps,
    $reader,
    $releaseSteps,
    $state,
    type ChunkSource,
    type Controller,
    createReadableController,
    isReadableStreamLocked,
    promiseResolvedWith,
    ReadableStream,
    readableStreamCancel,
    readableStreamClose,
    type ReadableStreamDefaultController,
    readableStreamDefaultControllerCallPullIfNeeded,
    readableStreamDefaultControllerClose,
    readableStreamDefaultControllerEnqueue,
    readableStreamDefaultControllerError,
    readableStreamError,
    readableStreamReaderRelease,
    type ReadRequest,
    setDirectSource,
    setPromiseIsHandledToTrue,
    setUpReadableStreamDefaultController,
    type SourceAlgorithms,
    transformPromiseWith,
    WITHOUT_SOURCE,
} from "../../streams/streams.ts";

export abstract class DirectReadable<T> implements Controller {
    readonly #source: ChunkSource<T>;
    #stream: ReadableStream<T> | null = null;
    /** How the stream ended; it may be made later than that. */
    #end: "open" | "closed" | "errored" = "open";
    #error: unknown = undefined;

    constructor(source: ChunkSource<T>) {
        this.#source = source;
    }

    /** Chunks that the stream would have in its queue: as many as the handle reads ahead. */
    protected abstract get highWaterMark(): number;
    /** The stream was cancelled, by the app or by the socket. */
    protected abstract readableCancelled(reason: unknown): void;

    /** Made when the app asks for it: not every socket receives. */
    get readable(): ReadableStream<T> {
        if (this.#stream === null) {
            this.#stream = new ReadableStream<T>(WITHOUT_SOURCE);
            this.#stream[$controller] = this;
            if (this.#end === "errored") {
                readableStreamError(this.#stream, this.#error);
            } else if (this.#end === "closed") {
                this.#closeDirect(this.#stream);
            } else if (usesDirectStreams()) {
                setDirectSource(this.#stream, this.#source);
            } else {
                this.#standardize(this.#stream);
            }
        }
        return this.#stream;
    }

    /** Ends the stream; what is queued can still be read. */
    closeReadable(): void {
        if (this.#end !== "open") {
            return;
        }
        this.#end = "closed";
        const stream = this.#stream;
        if (stream === null) {
            return; // what was read ahead stays with the handle until somebody asks for the stream
        }
        if (stream[$controller] === this) {
            this.#closeDirect(stream);
        } else {
            readableStreamDefaultControllerClose(stream[$controller] as ReadableStreamDefaultController<T>);
        }
        this.#endTakes(stream, false, undefined);
    }

    /** Errors the stream; what is queued is dropped. */
    errorReadable(error: unknown): void {
        if (this.#end === "errored") {
            return;
        }
        this.#end = "errored";
        this.#error = error;
        const stream = this.#stream;
        if (stream === null) {
            return;
        }
        if (stream[$controller] !== this) {
            readableStreamDefaultControllerError(
                stream[$controller] as ReadableStreamDefaultController<T>,
                error,
            );
        } else if (stream[$state] === "readable") {
            setDirectSource(stream, undefined);
            readableStreamError(stream, error);
        }
        this.#endTakes(stream, true, error);
    }

    /**
     * What `readable.cancel(reason)` does, but also on a stream that is locked: its pending reads then see the
     * end, and what is queued can still be read.
     */
    cancelReadable(reason: unknown): void {
        const stream = this.#stream;
        if (stream === null || isReadableStreamLocked(stream)) {
            this.closeReadable();
        } else {
            void setPromiseIsHandledToTrue(readableStreamCancel(stream, reason));
        }
        // The stream does not pass it on once the peer's end has closed it, and a second call changes nothing.
        this.readableCancelled(reason);
    }

    /* The internal methods of a controller ------------------------------------------------------------ */

    [$pullSteps](request: ReadRequest): void {
        this.#standardize(this.#stream as ReadableStream<T>)[$pullSteps](request);
    }

    [$cancelSteps](reason: unknown): Promise<undefined> {
        const stream = this.#stream as ReadableStream<T>;
        setDirectSource(stream, undefined);
        this.#source.stopReadingAhead();
        this.#cancelled(reason);
        return promiseResolvedWith(undefined);
    }

    [$releaseSteps](): void {}

    #cancelled(reason: unknown): void {
        this.#end = this.#end === "open" ? "closed" : this.#end;
        this.#endTakes(this.#stream as ReadableStream<T>, false, undefined);
        this.readableCancelled(reason);
    }

    /** An iterator that waits lets go of the stream when it hears of the end. */
    #endTakes(stream: ReadableStream<T>, failed: boolean, reason: unknown): void {
        const waits = stream[$controller] === this && this.#source.waitsForChunk(); // not the pull of a queue
        this.#source.endTakes(failed, reason);
        const reader = stream[$reader];
        if (waits && reader?.[$iterating] === true && stream[$state] !== "readable") {
            readableStreamReaderRelease(reader);
        }
    }

    #closeDirect(stream: ReadableStream<T>): void {
        const queued = this.#source.stopReadingAhead();
        if (queued.length === 0) {
            setDirectSource(stream, undefined);
            readableStreamClose(stream);
        } else {
            readableStreamDefaultControllerClose(this.#standardize(stream, queued));
        }
    }

    /** Gives the stream a default controller, with what the handle has read ahead in its queue. */
    #standardize(
        stream: ReadableStream<T>,
        queued: readonly T[] = this.#source.stopReadingAhead(),
    ): ReadableStreamDefaultController<T> {
        const controller = createReadableController<T>();
        const algorithms: SourceAlgorithms = {
            pull: () =>
                transformPromiseWith(this.#source.take(), (result) => {
                    if (!result.done) {
                        readableStreamDefaultControllerEnqueue(controller, result.value);
                    }
                }),
            cancel: (reason) => {
                this.#cancelled(reason);
                return promiseResolvedWith(undefined);
            },
        };
        setDirectSource(stream, undefined);
        setUpReadableStreamDefaultController(
            stream,
            controller,
            undefined,
            algorithms,
            this.highWaterMark,
            undefined,
        );
        for (let i = 0; i < queued.length; i++) {
            readableStreamDefaultControllerEnqueue(controller, queued[i]);
        }
        if (this.#end === "open") {
            readableStreamDefaultControllerCallPullIfNeeded(controller);
        }
        return controller;
    }
}
