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
    $queue,
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
    readableStreamDefaultControllerCanCloseOrEnqueue,
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

const { apply } = Reflect;
const { push } = Array.prototype;

/** How a side ended before anybody asked for its stream: with an error, or without. */
export class SideEnd {
    readonly error: unknown;

    constructor(error: unknown = undefined) {
        this.error = error;
    }
}
export const OPEN = new SideEnd();
export const CLOSED = new SideEnd();

/** The native handle behind a side. */
export let sourceOf: <T>(side: DirectReadable<T>) => ChunkSource<T>;

/* Its methods that are nobody else's business are static: a private method of an object costs it a property. */
export abstract class DirectReadable<T> implements Controller {
    static {
        sourceOf = (side) => side.#source;
    }

    readonly #source: ChunkSource<T>;
    /** Until somebody asks for the stream: how the side has ended. */
    #stream: ReadableStream<T> | SideEnd = OPEN;

    constructor(source: ChunkSource<T>) {
        this.#source = source;
    }

    /** Chunks that the stream would have in its queue: as many as the handle reads ahead. */
    protected abstract get highWaterMark(): number;
    /** The stream was cancelled, by the app or by the socket. */
    protected abstract readableCancelled(reason: unknown): void;
    /** A chunk that came when the stream had just ended. */
    protected chunkDropped(_chunk: T): void {}

    /** Made when the app asks for it: not every socket receives. */
    get readable(): ReadableStream<T> {
        const end = this.#stream;
        if (!(end instanceof SideEnd)) {
            return end;
        }
        const stream = new ReadableStream<T>(WITHOUT_SOURCE);
        this.#stream = stream;
        stream[$controller] = this;
        if (end === CLOSED) {
            DirectReadable.#closeDirect(this, stream);
        } else if (end !== OPEN) {
            readableStreamError(stream, end.error);
        } else if (usesDirectStreams()) {
            setDirectSource(stream, this.#source);
        } else {
            DirectReadable.#standardize(this, stream, this.#source.stopReadingAhead());
        }
        return stream;
    }

    /** Ends the stream; what is queued can still be read. */
    closeReadable(): void {
        const stream = this.#stream;
        if (stream instanceof SideEnd) {
            // What was read ahead stays with the handle until somebody asks for the stream.
            this.#stream = stream === OPEN ? CLOSED : stream;
            return;
        }
        if (stream[$controller] !== this) {
            readableStreamDefaultControllerClose(stream[$controller] as ReadableStreamDefaultController<T>);
        } else if (stream[$state] === "readable") {
            DirectReadable.#closeDirect(this, stream);
        }
        DirectReadable.#endTakes(this, stream, false, undefined);
    }

    /** Errors the stream; what is queued is dropped. */
    errorReadable(error: unknown): void {
        const stream = this.#stream;
        if (stream instanceof SideEnd) {
            this.#stream = new SideEnd(error);
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
        DirectReadable.#endTakes(this, stream, true, error);
    }

    /** Ends the stream as if the source had ended, and gives what was received and nobody has read. */
    takeUnread(): T[] {
        const stream = this.readable; // made now, if need be: later it must not touch the source any more
        const unread = this.#source.stopReadingAhead() as T[];
        const controller = stream[$controller];
        if (stream[$state] === "readable" && controller !== this) {
            const queue = (controller as ReadableStreamDefaultController<T>)[$queue];
            while (queue !== undefined && !queue.isEmpty) {
                apply(push, unread, [queue.dequeue()]);
            }
        }
        this.closeReadable();
        return unread;
    }

    /**
     * What `readable.cancel(reason)` does, but also on a stream that is locked: its pending reads then see the
     * end, and what is queued can still be read.
     */
    cancelReadable(reason: unknown): void {
        const stream = this.#stream;
        if (stream instanceof SideEnd || isReadableStreamLocked(stream)) {
            this.closeReadable();
        } else {
            void setPromiseIsHandledToTrue(readableStreamCancel(stream, reason));
        }
        // The stream does not pass it on once the peer's end has closed it, and a second call changes nothing.
        this.readableCancelled(reason);
    }

    /* The internal methods of a controller ------------------------------------------------------------ */

    [$pullSteps](request: ReadRequest): void {
        const queued = this.#source.stopReadingAhead();
        DirectReadable.#standardize(this, this.#stream as ReadableStream<T>, queued)[$pullSteps](request);
    }

    [$cancelSteps](reason: unknown): Promise<undefined> {
        setDirectSource(this.#stream as ReadableStream<T>, undefined);
        this.#source.stopReadingAhead();
        DirectReadable.#cancelled(this, reason);
        return promiseResolvedWith(undefined);
    }

    [$releaseSteps](): void {}

    static #cancelled<U>(self: DirectReadable<U>, reason: unknown): void {
        DirectReadable.#endTakes(self, self.#stream as ReadableStream<U>, false, undefined);
        self.readableCancelled(reason);
    }

    /** An iterator that waits lets go of the stream when it hears of the end. */
    static #endTakes<U>(
        self: DirectReadable<U>,
        stream: ReadableStream<U>,
        failed: boolean,
        reason: unknown,
    ): void {
        const waits = stream[$controller] === self && self.#source.waitsForChunk(); // not the pull of a queue
        self.#source.endTakes(failed, reason);
        const reader = stream[$reader];
        if (waits && reader?.[$iterating] === true && stream[$state] !== "readable") {
            readableStreamReaderRelease(reader);
        }
    }

    static #closeDirect<U>(self: DirectReadable<U>, stream: ReadableStream<U>): void {
        const queued = self.#source.stopReadingAhead();
        if (queued.length === 0) {
            setDirectSource(stream, undefined);
            readableStreamClose(stream);
            return;
        }
        const controller = DirectReadable.#standardize(self, stream, queued);
        readableStreamDefaultControllerClose(controller);
    }

    /** Gives the stream a default controller, with these chunks in its queue. */
    static #standardize<U>(
        self: DirectReadable<U>,
        stream: ReadableStream<U>,
        queued: readonly U[],
    ): ReadableStreamDefaultController<U> {
        const controller = createReadableController<U>();
        const algorithms: SourceAlgorithms = {
            pull: () =>
                transformPromiseWith(self.#source.take(), (result) => {
                    if (result.done) {
                        return;
                    }
                    if (readableStreamDefaultControllerCanCloseOrEnqueue(controller)) {
                        readableStreamDefaultControllerEnqueue(controller, result.value);
                    } else {
                        self.chunkDropped(result.value);
                    }
                }),
            cancel: (reason) => {
                DirectReadable.#cancelled(self, reason);
                return promiseResolvedWith(undefined);
            },
        };
        setDirectSource(stream, undefined);
        setUpReadableStreamDefaultController(
            stream,
            controller,
            undefined,
            algorithms,
            self.highWaterMark,
            undefined,
        );
        for (let i = 0; i < queued.length; i++) {
            readableStreamDefaultControllerEnqueue(controller, queued[i]);
        }
        readableStreamDefaultControllerCallPullIfNeeded(controller);
        return controller;
    }
}
