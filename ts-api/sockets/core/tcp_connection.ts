/*
 * tcp_connection.ts - one TCP connection over its native handle, with its two streams: what every API face shares.
 * Not here: the states of a face, which decides what the ends of the streams mean to the connection.
 */
import { onTcpEvent, type TcpConnectOptions, type TcpHandle, type TcpInfo } from "cleat:native/tcp";
import { type Bytes, toBytes } from "./bytes.ts";
import { DirectReadable } from "./direct_readable.ts";
import { closedError } from "./errors.ts";
import type { KeepAliveSetting } from "./keep_alive.ts";
import { closeWritable, failWritable, type TcpSink, TcpWritable } from "./tcp_writable.ts";

/** The text's default strategy for `readable`: one chunk ahead of the reader, which the handle reads. */
const READ_HIGH_WATER_MARK = 1;

/* TcpEvent */
const EVENT_OPEN = 1;
const EVENT_FINISHED = 3;
const EVENT_FAILED = 4;
const EVENT_CLOSED = 5;

export abstract class TcpConnection extends DirectReadable<ArrayBuffer> implements TcpSink {
    static {
        onTcpEvent((owner, event, detail) => {
            (owner as TcpConnection).#handleEvent(event, detail);
        });
    }

    readonly #handle: TcpHandle;
    #writable: TcpWritable | null = null;
    /** How the sending side ended, if that was before anybody asked for its stream. */
    #writableEnd: "open" | "closed" | "errored" = "open";
    #writableError: unknown = undefined;
    /** close() or reset() was called, or the connection is lost: nothing but the end is of interest. */
    #ending = false;

    /** A handle that is new, or that a listener accepted. */
    constructor(handle: TcpHandle) {
        super(handle);
        this.#handle = handle;
        handle.attach(this);
    }

    /* What a face is told ------------------------------------------------------------------------------ */

    /** The connection is there. */
    protected abstract connectionOpened(): void;
    /** The peer has sent its FIN; `readable` is closed. */
    protected abstract peerFinished(): void;
    /** The connection is lost, or could not be made. Comes at most once and last. */
    protected abstract connectionFailed(error: unknown): void;
    /** closeConnection() or resetConnection() has run its course. Comes at most once and last. */
    protected abstract connectionClosed(): void;
    /** Resolves when writing may start, its rejection errors the stream; undefined: at once. */
    abstract opening(): Promise<unknown> | undefined;
    /** `writable` is closed, and all of it sent. */
    abstract writingFinished(): void;
    /** The app aborted `writable`, perhaps while a write is under way, or wrote what can't be sent. */
    abstract writingAborted(reason: unknown): void;

    /* What a face does --------------------------------------------------------------------------------- */

    protected override get highWaterMark(): number {
        return READ_HIGH_WATER_MARK;
    }

    /** Starts to connect. Throws what the native refuses at once. */
    protected connect(host: string, port: number, options: TcpConnectOptions): void {
        this.#handle.connect(host, port, options);
    }

    /** Addresses and buffer sizes, as far as they are known. */
    protected info(): TcpInfo {
        return this.#handle.info();
    }

    /** Keep-alive from now on. */
    protected setKeepAlive(setting: KeepAliveSetting): void {
        if (!this.#ending) {
            this.#handle.setKeepAlive(setting.idle, setting.interval, setting.count);
        }
    }

    /** Made when the app asks for it: many sockets only receive. */
    get writable(): TcpWritable {
        if (this.#writable === null) {
            this.#writable = new TcpWritable(this, this.#handle);
            if (this.#writableEnd === "errored") {
                failWritable(this.#writable, this.#writableError);
            } else if (this.#writableEnd === "closed") {
                closeWritable(this.#writable);
            }
        }
        return this.#writable;
    }

    /**
     * Closes `writable` behind what is queued, locked or not. True: nothing is under way, and nothing more will come;
     * false: writingFinished() follows, or the stream errors.
     */
    protected finishWriting(): boolean {
        if (this.#writable !== null) {
            return closeWritable(this.#writable);
        }
        if (this.#writableEnd === "open" && this.opening() !== undefined) {
            return closeWritable(this.writable); // waits for the connection
        }
        this.#writableEnd = this.#writableEnd === "errored" ? "errored" : "closed";
        return true;
    }

    /** Errors `writable`. */
    protected errorWritable(error: unknown): void {
        if (this.#writable !== null) {
            failWritable(this.#writable, error);
        } else if (this.#writableEnd === "open") {
            this.#writableEnd = "errored";
            this.#writableError = error;
        }
    }

    /** Sends FIN; reading goes on. */
    protected finishConnection(): void {
        if (this.#ending) {
            return;
        }
        try {
            this.#handle.shutdown();
        } catch (error) {
            this.#fail(error);
        }
    }

    /** FIN, then the end: connectionClosed() follows. */
    protected closeConnection(): void {
        if (!this.#ending) {
            this.#ending = true;
            this.#handle.close(closedError("write"));
        }
    }

    /** RST, then the end: connectionClosed() follows. A close that takes its time is cut short. */
    protected resetConnection(reason: unknown): void {
        this.#ending = true;
        this.#handle.reset(reason);
    }

    /* What the streams do ------------------------------------------------------------------------------ */

    /** The write algorithm of the sink. */
    sendChunk(chunk: unknown): Promise<undefined> | undefined {
        let bytes: Bytes;
        try {
            bytes = toBytes(chunk, "TCPSocket: a chunk");
        } catch (error) {
            this.writingAborted(error); // the stream errors, and a stream with a gap in it is no use to the peer
            throw error;
        }
        if (this.#ending) {
            throw closedError("write");
        }
        try {
            return this.#handle.send(bytes);
        } catch (error) {
            this.#fail(error);
            throw error;
        }
    }

    #handleEvent(event: number, detail: unknown): void {
        if (event === EVENT_FAILED) {
            this.#ending = true;
            this.connectionFailed(detail);
        } else if (event === EVENT_CLOSED) {
            this.#ending = true;
            this.connectionClosed();
        } else if (this.#ending) {
            return;
        } else if (event === EVENT_OPEN) {
            this.connectionOpened();
        } else if (event === EVENT_FINISHED) {
            this.closeReadable();
            this.peerFinished();
        }
    }

    #fail(error: unknown): void {
        if (!this.#ending) {
            this.resetConnection(error);
            this.connectionFailed(error);
        }
    }
}
