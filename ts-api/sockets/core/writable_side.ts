/*
 * writable_side.ts - the sending side of a socket as a WritableStream that also answers to write(), close() and
 * `ready` directly, as streams did in 2015, and that the socket can flush and end even while a writer holds
 * the lock. Not here: where chunks go (the sink).
 *
 * A sink with `independentWrites` (UDP) may fail one write and take the next: the error then rejects the promise
 * of that write() only, where Streams would error the stream. That needs the writers that getWriter() returns,
 * whose write() is replaced; chunks that come another way (pipeTo) have nobody to tell: network errors of theirs
 * are dropped, others error the stream.
 * Spec: Streams, "Underlying sink API"; W3C TCP and UDP Socket API, the steps for `writeable`.
 */
import {
    WritableStream,
    type WritableStreamDefaultController,
    WritableStreamDefaultWriter,
} from "../../streams/streams.ts";
import { type Deferred, defer, deferHandled, markHandled, whenSettled } from "./deferred.ts";
import { closedError, isNetworkError } from "./errors.ts";
import { IndependentChunk } from "./independent_chunk.ts";

const apply = Reflect.apply;
const { defineProperty, getOwnPropertyDescriptor } = Object;
const PromiseClass = globalThis.Promise;
const streamPrototype = WritableStream.prototype;

const { close: closeStream, getWriter } = streamPrototype;
const { write, close: closeWriter, releaseLock } = WritableStreamDefaultWriter.prototype;
const isLocked = getOwnPropertyDescriptor(streamPrototype, "locked")?.get as (
    this: WritableStream<unknown>,
) => boolean;

/** The text's default strategy: a writer waits while one chunk is queued or under way. */
const WRITE_HIGH_WATER_MARK = 1;

/** Where chunks go. */
export interface Sink {
    /** Resolves when writing may start, its rejection errors the stream; undefined: at once. */
    opening(): Promise<unknown> | undefined;
    /** A failing write() rejects that write only. */
    readonly independentWrites: boolean;
    write(chunk: unknown): undefined | Promise<void>;
    /** Everything is written and the stream was closed, by the app or by finish(). */
    finished(): void;
    /** The app aborted the stream, perhaps while a write is under way. */
    aborted(reason: unknown): void;
}

type Writer = WritableStreamDefaultWriter<unknown>;

/** What an app sees. */
export class SocketWritable extends WritableStream<unknown> {
    readonly #side: WritableSide;

    constructor(side: WritableSide, sink: object, strategy: object) {
        super(sink, strategy);
        this.#side = side;
    }

    /** Queues one chunk without a writer (2015). Rejects while a writer holds the lock. */
    write(chunk: unknown): Promise<undefined> {
        return this.#side.writeUnlocked(this, chunk);
    }

    /** Resolves when the stream would like more (2015). */
    get ready(): Promise<undefined> {
        return this.#side.ready;
    }

    override close(): Promise<undefined> {
        const closed = apply(closeStream, this, []);
        this.#side.noteClose(closed);
        return closed;
    }

    override getWriter(): Writer {
        const writer = apply(getWriter, this, []) as Writer;
        this.#side.noteWriter(writer);
        return writer;
    }
}

export class WritableSide {
    readonly #sink: Sink;
    /** Made when the app asks for it: many sockets only receive. */
    #stream: SocketWritable | null = null;
    #controller: WritableStreamDefaultController | null = null;
    /** The writer that getWriter() gave out last; it may be released by now. */
    #writer: Writer | null = null;
    /** Chunks that the stream took, and those that the sink is done with. */
    #taken = 0;
    #done = 0;
    #ready: Deferred<undefined> | null = null;
    /** Somebody closed the stream: nothing more will be taken. */
    #closing = false;
    /** The stream is closed or errored. */
    #ended = false;
    #error: unknown = undefined;
    #failed = false;
    #aborted = false;
    /** The sink knows that the stream is closed. */
    #sinkTold = false;
    /** finish() waits for this many chunks to be done, and then for this. */
    #finishAt = Infinity;
    #finished: Deferred<undefined> | null = null;

    constructor(sink: Sink) {
        this.#sink = sink;
    }

    get stream(): SocketWritable {
        if (this.#stream === null) {
            this.#stream = this.#make();
            if (this.#failed) {
                this.#controller?.error(this.#error);
            } else if (this.#closing) {
                void markHandled(apply(closeStream, this.#stream, []));
            }
        }
        return this.#stream;
    }

    /** Errors the stream, unless an abort is doing so: its promise would reject if it found the stream erring. */
    fail(error: unknown): void {
        this.#noteError(error);
        if (!this.#aborted) {
            this.#controller?.error(error);
        }
    }

    /**
     * Closes the stream behind what is queued, locked or not; resolves when all of it is with the sink, rejects
     * when the stream errors first.
     */
    finish(): Promise<undefined> {
        if (this.#finished !== null) {
            return this.#finished.promise;
        }
        this.#finished = deferHandled();
        const { promise } = this.#finished;
        if (this.#failed) {
            this.#finished.reject(this.#error);
        } else if (this.#ended) {
            this.#finished.resolve(undefined);
        } else if (this.#stream === null) {
            this.#finishUnused();
        } else if (!apply(isLocked, this.#stream, [])) {
            this.noteClose(apply(closeStream, this.#stream, []));
        } else {
            this.#finishLocked();
        }
        return promise;
    }

    /** Resolved while the stream wants more. */
    get ready(): Promise<undefined> {
        if (this.#failed) {
            return markHandled(PromiseClass.reject(this.#error));
        }
        if (this.#closing || this.#ended || this.#taken - this.#done < WRITE_HIGH_WATER_MARK) {
            return PromiseClass.resolve(undefined);
        }
        this.#ready ??= deferHandled();
        return this.#ready.promise;
    }

    /** write() on the stream itself. */
    writeUnlocked(stream: SocketWritable, chunk: unknown): Promise<undefined> {
        let writer: Writer;
        try {
            writer = apply(getWriter, stream, []) as Writer;
        } catch (error) {
            return PromiseClass.reject(error);
        }
        try {
            return this.#sink.independentWrites
                ? this.#writeIndependent(writer, chunk)
                : (apply(write, writer, [chunk]) as Promise<undefined>);
        } finally {
            apply(releaseLock, writer, []);
        }
    }

    /** The app closes the stream. */
    noteClose(closed: Promise<undefined>): void {
        whenSettled(
            closed,
            () => {
                this.#closing = true;
                this.#sinkEnded();
            },
            () => undefined, // closed twice, locked or errored: told elsewhere
        );
    }

    /** The app has a writer. */
    noteWriter(writer: Writer): void {
        this.#writer = writer;
        if (this.#sink.independentWrites) {
            defineProperty(writer, "write", {
                value: (chunk: unknown): Promise<undefined> => this.#writeIndependent(writer, chunk),
                writable: true,
                configurable: true,
            });
        }
    }

    #make(): SocketWritable {
        const underlying = {
            __proto__: null,
            start: (controller: WritableStreamDefaultController): Promise<void> | undefined => {
                this.#controller = controller;
                const signal = controller.signal;
                // The signal comes at once; the abort step of a sink only when the write under way has ended.
                signal.addEventListener("abort", () => {
                    this.#abort(signal.reason);
                });
                return this.#sink.opening() as Promise<void> | undefined;
            },
            write: (chunk: unknown): undefined | Promise<void> => this.#write(chunk),
            close: (): void => {
                this.#closed();
            },
            abort: (reason: unknown): void => {
                this.#abort(reason);
            },
        };
        const strategy = {
            __proto__: null,
            highWaterMark: WRITE_HIGH_WATER_MARK,
            size: (): number => {
                this.#taken++;
                return 1;
            },
        };
        return new SocketWritable(this, underlying, strategy);
    }

    #closed(): void {
        this.#sinkEnded();
        if (!this.#sinkTold) {
            this.#sinkTold = true;
            this.#sink.finished();
        }
    }

    #abort(reason: unknown): void {
        if (!this.#aborted && !this.#ended) {
            this.#aborted = true;
            this.#noteError(reason);
            this.#sink.aborted(reason);
        }
    }

    /** Nobody has written anything: once writing could start, there is nothing to write. */
    #finishUnused(): void {
        this.#closing = true;
        const closed = (): void => {
            if (!this.#ended) {
                this.#closed();
            }
        };
        whenSettled(this.#sink.opening() ?? PromiseClass.resolve(), closed, () => undefined);
    }

    #writeIndependent(writer: Writer, chunk: unknown): Promise<undefined> {
        const entry = new IndependentChunk(chunk);
        whenSettled(
            apply(write, writer, [entry]),
            () => undefined,
            (error: unknown) => {
                entry.outcome.reject(error);
            },
        );
        return entry.outcome.promise;
    }

    #write(chunk: unknown): undefined | Promise<void> {
        if (this.#done >= this.#finishAt) {
            throw closedError("write");
        }
        let result: undefined | Promise<void>;
        try {
            result = this.#sink.write(IndependentChunk.is(chunk) ? chunk.chunk : chunk);
        } catch (error) {
            this.#writeFailed(chunk, error);
            return undefined;
        }
        if (result === undefined) {
            this.#written(chunk);
            return undefined;
        }
        const outcome = defer<undefined>();
        whenSettled(
            result,
            () => {
                this.#written(chunk);
                outcome.resolve(undefined);
            },
            (error: unknown) => {
                try {
                    this.#writeFailed(chunk, error);
                    outcome.resolve(undefined);
                } catch {
                    outcome.reject(error);
                }
            },
        );
        return outcome.promise;
    }

    #written(chunk: unknown): void {
        if (IndependentChunk.is(chunk)) {
            chunk.outcome.resolve(undefined);
        }
        this.#noteDone();
    }

    /** Throws what is to error the stream. */
    #writeFailed(chunk: unknown, error: unknown): void {
        if (IndependentChunk.is(chunk)) {
            chunk.outcome.reject(error);
        } else if (!this.#sink.independentWrites || !isNetworkError(error)) {
            this.#noteError(error);
            throw error;
        }
        this.#noteDone();
    }

    #noteDone(): void {
        this.#done++;
        if (this.#taken - this.#done < WRITE_HIGH_WATER_MARK) {
            this.#ready?.resolve(undefined);
            this.#ready = null;
        }
        if (this.#done >= this.#finishAt) {
            this.#sinkEnded();
        }
    }

    #finishLocked(): void {
        const writer = this.#writer;
        if (writer !== null) {
            const closed = apply(closeWriter, writer, []);
            whenSettled(
                closed,
                () => {
                    this.#sinkEnded();
                },
                () => {
                    this.#finishForeign(); // released, or closed before
                },
            );
        } else {
            this.#finishForeign();
        }
    }

    /**
     * A writer that did not come from getWriter() (pipeTo) holds the lock: waits until what is queued now is
     * written; the next chunk then errors the stream, which ends the pipe.
     */
    #finishForeign(): void {
        this.#finishAt = this.#taken;
        if (this.#done >= this.#taken) {
            this.#sinkEnded();
        }
    }

    #sinkEnded(): void {
        this.#ended = true;
        this.#closing = true;
        this.#ready?.resolve(undefined);
        this.#ready = null;
        this.#finished?.resolve(undefined);
    }

    #noteError(error: unknown): void {
        if (!this.#ended) {
            this.#ended = true;
            this.#failed = true;
            this.#error = error;
            this.#ready?.reject(error);
            this.#ready = null;
            this.#finished?.reject(error);
        }
    }
}
