/*
 * socket_writable.ts - the sending side of a socket as a WritableStream that also answers to write() and `ready`
 * directly, as streams did in 2015, and that the socket can end even while a writer holds the lock.
 *
 * While the kernel takes each chunk at once the stream is direct: a write is the handle's trySend(), and there is no
 * controller. Whatever else is asked of the stream (a queue, close, abort) gives it one; later chunks go direct again
 * whenever nothing is queued.
 * Not here: where chunks go (tcp_connection.ts, udp_endpoint.ts).
 * Spec: Streams, WritableStream and "Underlying sink API"; W3C TCP and UDP Socket API, the steps for `writeable`.
 */
import { usesDirectStreams } from "cleat:native/runtime";
import {
    $aborting,
    $backpressure,
    $backpressureChanged,
    $close,
    $closedPromise,
    $controller,
    $inFlightWriteRequest,
    $prepare,
    $readyPromise,
    $state,
    $storedError,
    $writer,
    type ChunkSink,
    createWritableController,
    Deferred,
    directSink,
    isIdle,
    isWritableStreamLocked,
    one,
    promiseCall,
    promiseRejectedWith,
    promiseResolvedWith,
    rejectHandled,
    setDirectSink,
    setPromiseIsHandledToTrue,
    setUpWritableStreamDefaultController,
    startWritableController,
    WITHOUT_SINK,
    WritableStream,
    type WritableController,
    WritableStreamDefaultWriter,
    writableStreamAddWriteRequest,
    writableStreamClose,
    writableStreamCloseQueuedOrInFlight,
    writableStreamDefaultControllerErrorIfNeeded,
    writableStreamDefaultControllerWrite,
    writableStreamDefaultWriterRelease,
} from "../../streams/streams.ts";

/** The text's default strategy: a writer waits while one chunk is queued or under way. */
const WRITE_HIGH_WATER_MARK = 1;

/** Stands in the queue for chunks that went direct and are still under way. */
const UNDER_WAY = {};

const ABORTED = "aborted";

/** Where chunks go. */
export interface SocketSink {
    /** Resolves when writing may start, its rejection errors the stream; undefined: at once. */
    opening(): Promise<unknown> | undefined;
    /** Sends a chunk; undefined: the kernel has it. */
    sendChunk(chunk: unknown): Promise<undefined> | undefined;
    /** The stream was closed, and everything is sent. */
    writingFinished(): void;
    /** The app aborted the stream, perhaps while a write is under way. */
    writingAborted(reason: unknown): void;
}

/** Errors a stream, unless an abort is doing so. */
export let failWritable: (stream: SocketWritable, error: unknown) => void;
/**
 * Closes a stream behind what is queued, locked or not. True: nothing is under way, and the sink hears no more of it;
 * false: the sink is told, perhaps at once, unless the stream errors first.
 */
export let closeWritable: (stream: SocketWritable) => boolean;

/* Static methods in the place of private ones: see direct_readable.ts. */
export class SocketWritable extends WritableStream {
    static {
        failWritable = (stream, error) => {
            SocketWritable.#fail(stream, error);
        };
        closeWritable = (stream) => SocketWritable.#close(stream);
    }

    readonly #sink: SocketSink;
    /** What `ready` waits with; ABORTED: the app has aborted the stream. */
    #ready: Deferred<undefined> | typeof ABORTED | null = null;

    constructor(sink: SocketSink, handle: ChunkSink) {
        super(WITHOUT_SINK);
        this.#sink = sink;
        if (usesDirectStreams()) {
            setDirectSink(this, handle);
        } else {
            SocketWritable.#setUp(this);
        }
    }

    /** Queues one chunk without a writer (2015). Rejects while a writer holds the lock. */
    write(chunk: unknown): Promise<undefined> {
        if (isWritableStreamLocked(this)) {
            return promiseRejectedWith(new TypeError("write: the stream is locked by a writer"));
        }
        const direct = directSink(this);
        const sent = direct !== undefined && isIdle(this) ? direct.trySend(chunk) : null;
        if (sent !== null) {
            return sent;
        }
        const writer = new WritableStreamDefaultWriter(this);
        const written = writer.write(chunk);
        writableStreamDefaultWriterRelease(writer);
        return written;
    }

    /** Resolves when the stream would like more (2015). */
    get ready(): Promise<undefined> {
        if (SocketWritable.#sends(this) > 0) {
            this[$prepare]();
        }
        const state = this[$state];
        if (state === "erroring" || state === "errored") {
            return setPromiseIsHandledToTrue(promiseRejectedWith(this[$storedError]));
        }
        if (state === "closed" || writableStreamCloseQueuedOrInFlight(this) || !this[$backpressure]) {
            return promiseResolvedWith(undefined);
        }
        if (this.#ready === null || this.#ready === ABORTED) {
            this.#ready = new Deferred();
        }
        return this.#ready.promise;
    }

    /** Makes the controller, if there is none, and queues what is under way without it. */
    override [$prepare](): void {
        if (this[$controller] === undefined) {
            SocketWritable.#setUp(this);
        }
        if (
            SocketWritable.#sends(this) > 0 &&
            this[$state] === "writable" &&
            this[$inFlightWriteRequest] === undefined &&
            !writableStreamCloseQueuedOrInFlight(this)
        ) {
            void setPromiseIsHandledToTrue(writableStreamAddWriteRequest(this));
            writableStreamDefaultControllerWrite(
                this[$controller] as WritableController,
                UNDER_WAY,
                SocketWritable.#sends(this),
            );
        }
    }

    override [$close](): Promise<undefined> {
        if (!SocketWritable.#closeDirect(this)) {
            return super[$close]();
        }
        this.#sink.writingFinished();
        return promiseResolvedWith(undefined);
    }

    override [$backpressureChanged](backpressure: boolean): void {
        const ready = this.#ready;
        if (backpressure || ready === null || ready === ABORTED) {
            return;
        }
        this.#ready = null;
        if (this[$state] === "erroring" || this[$state] === "errored") {
            rejectHandled(ready, this[$storedError]);
        } else {
            ready.resolve(undefined);
        }
    }

    /** The abort step of a sink comes only when the write under way has ended. */
    override [$aborting](reason: unknown): void {
        if (this.#ready !== ABORTED && this[$state] === "writable") {
            if (this.#ready !== null) {
                rejectHandled(this.#ready, reason);
            }
            this.#ready = ABORTED;
            this.#sink.writingAborted(reason);
        }
    }

    /** Chunks that went direct and are still under way. */
    static #sends(self: SocketWritable): number {
        return directSink(self)?.sends() ?? 0;
    }

    static #setUp(self: SocketWritable): void {
        const opening = self.#sink.opening();
        const controller = createWritableController();
        const algorithms = {
            write: (chunk: unknown): Promise<unknown> =>
                chunk === UNDER_WAY
                    ? (directSink(self)?.sending() ?? promiseResolvedWith(undefined))
                    : promiseCall(() => self.#sink.sendChunk(chunk)),
            close: (): Promise<undefined> => {
                self.#sink.writingFinished();
                return promiseResolvedWith(undefined);
            },
            abort: (reason: unknown): Promise<undefined> => {
                self[$aborting](reason);
                return promiseResolvedWith(undefined);
            },
        };
        setUpWritableStreamDefaultController(
            self,
            controller,
            () => opening,
            algorithms,
            WRITE_HIGH_WATER_MARK,
            one,
        );
        if (opening === undefined) {
            startWritableController(controller);
        }
    }

    static #fail(self: SocketWritable, error: unknown): void {
        if (self.#ready === ABORTED) {
            return; // its promise would reject if it found the stream erring
        }
        if (self[$controller] === undefined) {
            SocketWritable.#setUp(self);
        }
        writableStreamDefaultControllerErrorIfNeeded(self[$controller] as WritableController, error);
    }

    static #close(self: SocketWritable): boolean {
        if (self[$state] !== "writable") {
            return true;
        }
        if (writableStreamCloseQueuedOrInFlight(self)) {
            return false;
        }
        if (SocketWritable.#closeDirect(self)) {
            return true;
        }
        self[$prepare]();
        void setPromiseIsHandledToTrue(writableStreamClose(self));
        return false;
    }

    /** What a close does to a stream with an empty queue, where there is none yet. */
    static #closeDirect(self: SocketWritable): boolean {
        if (
            self[$controller] !== undefined ||
            self[$state] !== "writable" ||
            SocketWritable.#sends(self) > 0 ||
            self.#sink.opening() !== undefined
        ) {
            return false;
        }
        setDirectSink(self, undefined);
        self[$state] = "closed";
        self[$writer]?.[$readyPromise]?.resolve(undefined);
        self[$writer]?.[$closedPromise]?.resolve(undefined);
        return true;
    }
}
