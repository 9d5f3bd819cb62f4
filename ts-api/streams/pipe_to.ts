/*
 * pipe_to.ts - pipes from a readable to a writable stream. Not here: tee and from() (tee.ts, from.ts).
 *
 * Between two sockets whose streams are direct the bytes are moved by their native handles; JavaScript hears of the pipe
 * again when it ends, or when something else is asked of the streams.
 * Spec: Streams, ReadableStreamPipeTo.
 */
import { react } from "cleat:native/promise";
import { builtin } from "cleat:native/runtime";
import type * as Abort from "../web/abort.ts";
import { toDictionary } from "../web/webidl.ts";
import {
    $prepare,
    $readyPromise,
    $state,
    $storedError,
    Deferred,
    directSink,
    directSource,
    isIdle,
    isReadableStream,
    isReadableStreamLocked,
    isWritableStream,
    isWritableStreamLocked,
    NO_CHUNK,
    promiseRejectedWith,
    promiseResolvedWith,
    type ReadableStream,
    ReadableStreamDefaultReader,
    readableStreamCancel,
    readableStreamDefaultReaderRead,
    readableStreamReaderRelease,
    readerClosedPromise,
    type ReadRequest,
    setPromiseIsHandledToTrue,
    soon,
    takeQueuedChunk,
    uponPromise,
    type WritableStream,
    WritableStreamDefaultWriter,
    writableStreamAbort,
    writableStreamCloseQueuedOrInFlight,
    writableStreamDefaultWriterCloseWithErrorPropagation,
    writableStreamDefaultWriterGetDesiredSize,
    writableStreamDefaultWriterRelease,
    writableStreamWrite,
    type WriteRequest,
    writerClosedPromise,
} from "./streams.ts";

interface PipeOptions {
    readonly preventAbort: boolean;
    readonly preventCancel: boolean;
    readonly preventClose: boolean;
    readonly signal: Abort.AbortSignal | undefined;
}

type Action = () => Promise<unknown>;

function abortModule<K extends keyof typeof Abort>(name: K): (typeof Abort)[K] {
    return builtin("cleat:web/abort", name) as (typeof Abort)[K];
}

function toPipeOptions(value: unknown): PipeOptions {
    const options = toDictionary<Record<keyof PipeOptions, unknown>>(value, "The options of a pipe");
    const preventAbort = !!options.preventAbort;
    const preventCancel = !!options.preventCancel;
    const preventClose = !!options.preventClose;
    const signal = options.signal;
    if (signal !== undefined && !abortModule("isAbortSignal")(signal)) {
        throw new TypeError("signal must be an AbortSignal");
    }
    return { preventAbort, preventCancel, preventClose, signal };
}

/** The method pipeTo(). */
export function pipeTo(source: ReadableStream, destination: unknown, options: unknown): Promise<undefined> {
    let converted: PipeOptions;
    try {
        if (!isWritableStream(destination)) {
            throw new TypeError("pipeTo: the destination must be a WritableStream");
        }
        converted = toPipeOptions(options);
        checkLocks(source, destination);
    } catch (error) {
        return promiseRejectedWith(error);
    }
    return new Pipe(source, destination, converted).start();
}

/** The method pipeThrough(). */
export function pipeThrough(source: ReadableStream, transform: unknown, options: unknown): ReadableStream {
    const pair = toDictionary<{ readable: unknown; writable: unknown }>(transform, "The transform");
    const readable = pair.readable;
    if (!isReadableStream(readable)) {
        throw new TypeError("pipeThrough: readable must be a ReadableStream");
    }
    const writable = pair.writable;
    if (!isWritableStream(writable)) {
        throw new TypeError("pipeThrough: writable must be a WritableStream");
    }
    const converted = toPipeOptions(options);
    checkLocks(source, writable);
    void setPromiseIsHandledToTrue(new Pipe(source, writable, converted).start());
    return readable;
}

function checkLocks(source: ReadableStream, destination: WritableStream): void {
    if (isReadableStreamLocked(source)) {
        throw new TypeError("The source of the pipe is locked by a reader");
    }
    if (isWritableStreamLocked(destination)) {
        throw new TypeError("The destination of the pipe is locked by a writer");
    }
}

class Pipe implements ReadRequest, WriteRequest {
    readonly #source: ReadableStream;
    readonly #destination: WritableStream;
    readonly #options: PipeOptions;
    readonly #reader: ReadableStreamDefaultReader;
    readonly #writer: WritableStreamDefaultWriter;
    readonly #result = new Deferred<undefined>();
    readonly #ready = new ReadySteps(this);
    #shuttingDown = false;
    #isReleased = false;
    /** Chunks that were read and are not written yet. */
    #underWay = 0;
    /** The same for what native handles move. */
    #moved: Promise<unknown> | null = null;
    #whenWritten: (() => void) | null = null;
    #abortAlgorithm: (() => void) | null = null;

    constructor(source: ReadableStream, destination: WritableStream, options: PipeOptions) {
        this.#source = source;
        this.#destination = destination;
        this.#options = options;
        this.#reader = new ReadableStreamDefaultReader(source);
        this.#writer = new WritableStreamDefaultWriter(destination);
    }

    start(): Promise<undefined> {
        const signal = this.#options.signal;
        if (signal !== undefined) {
            this.#abortAlgorithm = () => {
                this.#abort(abortModule("abortReason")(signal));
            };
            if (abortModule("isAborted")(signal)) {
                this.#abortAlgorithm();
                return this.#result.promise;
            }
            abortModule("addAbortAlgorithm")(signal, this.#abortAlgorithm);
        }
        this.#watch();
        this.continue();
        return this.#result.promise;
    }

    /* The read request ------------------------------------------------------------------------------ */

    chunkSteps(chunk: unknown): void {
        this.#underWay++;
        soon(writeAndContinue, chunk, this); // the sink's write algorithm must not run within the source's enqueue()
    }

    closeSteps(): void {}

    errorSteps(): void {}

    /* The write request ----------------------------------------------------------------------------- */

    resolve(): void {
        if (--this.#underWay === 0 && this.#whenWritten !== null) {
            soon(this.#whenWritten, undefined, undefined);
        }
    }

    reject(): void {
        this.resolve();
    }

    /* Moving chunks --------------------------------------------------------------------------------- */

    #write(chunk: unknown): void {
        if (this.#isReleased) {
            this.resolve();
        } else {
            this.#destination[$prepare]();
            writableStreamWrite(this.#writer, chunk, this);
        }
    }

    /** After a chunk that came later than it was asked for. */
    writeAndContinue(chunk: unknown): void {
        this.#write(chunk);
        this.continue();
    }

    /** Reads and writes while that goes on at once. */
    continue(): void {
        const destination = this.#destination;
        while (!this.#shuttingDown && this.#source[$state] === "readable") {
            if (writableStreamCloseQueuedOrInFlight(destination) || destination[$state] === "closed") {
                this.#destinationClosed(); // by a socket, which may end its stream though we have the lock
                return;
            }
            if (this.#moveNatively()) {
                return;
            }
            destination[$prepare]();
            const desiredSize = writableStreamDefaultWriterGetDesiredSize(this.#writer);
            if (desiredSize === null) {
                return;
            }
            if (desiredSize <= 0) {
                this.#ready.pending = true;
                this.#writer[$readyPromise] = this.#ready as unknown as Deferred<undefined>;
                return;
            }
            const chunk = takeQueuedChunk(this.#source);
            if (chunk === NO_CHUNK) {
                readableStreamDefaultReaderRead(this.#reader, this);
                return;
            }
            this.#underWay++;
            this.#write(chunk);
        }
    }

    #moveNatively(): boolean {
        const to = directSink(this.#destination);
        const from = to === undefined ? undefined : directSource(this.#source);
        if (to === undefined || from?.pipe === undefined || !isIdle(this.#destination)) {
            return false;
        }
        this.#moved = from.pipe(to);
        if (this.#moved !== null) {
            react(this.#moved, moved, moveFailed, this);
        }
        return this.#moved !== null;
    }

    /** The handles move no more. */
    moved(failed: boolean): void {
        this.#moved = null;
        if (!failed) {
            this.continue();
        }
    }

    /* Errors and ends, in the order of the standard ---------------------------------------------------- */

    #watch(): void {
        const { preventAbort, preventCancel, preventClose } = this.#options;
        const source = this.#source;
        const destination = this.#destination;
        const sourceErrored = (error: unknown): void => {
            // Errors must be propagated forward
            if (preventAbort) {
                this.#shutdown(null, true, error);
            } else {
                this.#shutdown(
                    () => {
                        destination[$prepare]();
                        return writableStreamAbort(destination, error);
                    },
                    true,
                    error,
                );
            }
        };
        const destinationErrored = (error: unknown): void => {
            // Errors must be propagated backward
            if (preventCancel) {
                this.#shutdown(null, true, error);
            } else {
                this.#shutdown(() => readableStreamCancel(source, error), true, error);
            }
        };
        const sourceClosed = (): void => {
            // Closing must be propagated forward
            if (preventClose) {
                this.#shutdown(null, false, undefined);
            } else {
                this.#shutdown(
                    () => {
                        destination[$prepare]();
                        return writableStreamDefaultWriterCloseWithErrorPropagation(this.#writer);
                    },
                    false,
                    undefined,
                );
            }
        };
        const readerClosed = readerClosedPromise(this.#reader);
        const writerClosed = writerClosedPromise(this.#writer);
        if (source[$state] === "errored") {
            sourceErrored(source[$storedError]);
        } else {
            uponPromise(readerClosed, undefined, sourceErrored);
        }
        if (destination[$state] === "errored") {
            destinationErrored(destination[$storedError]);
        } else {
            uponPromise(
                writerClosed,
                () => {
                    this.#destinationClosed();
                },
                destinationErrored,
            );
        }
        if (source[$state] === "closed") {
            sourceClosed();
        } else {
            uponPromise(readerClosed, sourceClosed, nothing);
        }
        if (writableStreamCloseQueuedOrInFlight(destination) || destination[$state] === "closed") {
            this.#destinationClosed();
        }
    }

    /** Closing must be propagated backward */
    #destinationClosed(): void {
        const error = new TypeError("The destination of the pipe is closed");
        if (this.#options.preventCancel) {
            this.#shutdown(null, true, error);
        } else {
            this.#shutdown(() => readableStreamCancel(this.#source, error), true, error);
        }
    }

    /** The signal aborts. */
    #abort(error: unknown): void {
        const actions: Action[] = [];
        if (!this.#options.preventAbort) {
            actions[0] = (): Promise<unknown> => {
                this.#destination[$prepare]();
                return this.#destination[$state] === "writable"
                    ? writableStreamAbort(this.#destination, error)
                    : promiseResolvedWith(undefined);
            };
        }
        if (!this.#options.preventCancel) {
            actions[actions.length] = (): Promise<unknown> =>
                this.#source[$state] === "readable"
                    ? readableStreamCancel(this.#source, error)
                    : promiseResolvedWith(undefined);
        }
        this.#shutdown(() => waitForAll(actions), true, error);
    }

    /** "Shutdown with an action", and "Shutdown" where there is none. */
    #shutdown(action: Action | null, isError: boolean, error: unknown): void {
        if (this.#shuttingDown) {
            return;
        }
        this.#shuttingDown = true;
        const finish = (): void => {
            if (action === null) {
                this.#finalize(isError, error);
                return;
            }
            uponPromise(
                action(),
                () => {
                    this.#finalize(isError, error);
                },
                (newError) => {
                    this.#finalize(true, newError);
                },
            );
        };
        directSource(this.#source)?.stopPipe?.();
        const destination = this.#destination;
        if (destination[$state] === "writable" && !writableStreamCloseQueuedOrInFlight(destination)) {
            this.#waitForWrites(finish);
        } else {
            finish();
        }
    }

    #waitForWrites(finish: () => void): void {
        if (this.#moved !== null) {
            uponPromise(this.#moved, finish, finish);
        } else if (this.#underWay > 0) {
            this.#whenWritten = finish;
        } else {
            soon(finish, undefined, undefined);
        }
    }

    #finalize(isError: boolean, error: unknown): void {
        this.#isReleased = true;
        writableStreamDefaultWriterRelease(this.#writer);
        readableStreamReaderRelease(this.#reader);
        const signal = this.#options.signal;
        if (signal !== undefined && this.#abortAlgorithm !== null) {
            abortModule("removeAbortAlgorithm")(signal, this.#abortAlgorithm);
        }
        if (isError) {
            this.#result.reject(error);
        } else {
            this.#result.resolve(undefined);
        }
    }
}

/** In the place of the writer's promise `ready`: goes on when the destination wants more. */
class ReadySteps {
    readonly promise = settled;
    readonly #pipe: Pipe;
    pending = false;

    constructor(pipe: Pipe) {
        this.#pipe = pipe;
    }

    resolve(): void {
        this.pending = false;
        soon(goOn, undefined, this.#pipe);
    }

    reject(): void {
        this.pending = false;
    }
}

const settled = promiseResolvedWith(undefined);

function goOn(_: unknown, pipe: Pipe): void {
    pipe.continue();
}

function moved(_: unknown, pipe: Pipe): void {
    pipe.moved(false);
}

function moveFailed(_: unknown, pipe: Pipe): void {
    pipe.moved(true); // the streams tell why
}

function writeAndContinue(chunk: unknown, pipe: Pipe): void {
    pipe.writeAndContinue(chunk);
}

/** "getting a promise to wait for all"; rejects with the first error. */
function waitForAll(actions: readonly Action[]): Promise<unknown> {
    const all = new Deferred<undefined>();
    let left = actions.length;
    const done = (): void => {
        if (--left <= 0) {
            all.resolve(undefined);
        }
    };
    if (left === 0) {
        done();
    }
    for (let i = 0; i < actions.length; i++) {
        uponPromise((actions[i] as Action)(), done, (error) => {
            all.reject(error);
        });
    }
    return all.promise;
}

function nothing(): void {}
