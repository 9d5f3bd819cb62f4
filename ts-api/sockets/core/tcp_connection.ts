/*
 * tcp_connection.ts - one TCP connection over its native handle, in promises: open, read, write, the two ends.
 * What every API face shares. Not here: streams (readable_side.ts, writable_side.ts), the states of a face.
 *
 * At most one read and one write wait at a time: streams call them one after the other.
 */
import { createTcp, type TcpConnectOptions, type TcpHandle, type TcpInfo } from "cleat:native/tcp";
import { type Bytes, byteLength } from "./bytes.ts";
import { type Deferred, defer } from "./deferred.ts";
import { closedError } from "./errors.ts";
import type { KeepAliveSetting } from "./keep_alive.ts";

/** Bytes that one read takes at most; a chunk holds what came and no more. */
const READ_MAX = 64 * 1024;

/* TcpEvent */
const EVENT_OPEN = 1;
const EVENT_READABLE = 2;
const EVENT_WRITABLE = 3;
const EVENT_FAILED = 4;
const EVENT_CLOSED = 5;

/** What a face is told, each in a turn of its own or from within a call that failed. */
export interface TcpObserver {
    connectionOpened(info: TcpInfo): void;
    /** The connection is lost, its handle gone. Comes at most once and last. */
    connectionFailed(error: unknown): void;
    /** close() has run its course. Comes at most once and last. */
    connectionClosed(): void;
}

export class TcpConnection {
    #handle: TcpHandle | null = null;
    #observer: TcpObserver | null;
    #reading: { deferred: Deferred<undefined>; received: (chunk: ArrayBuffer | undefined) => void } | null =
        null;
    #writing: { deferred: Deferred<undefined>; bytes: Bytes; offset: number } | null = null;
    /** close() or reset() was called: nothing but the end is of interest. */
    #closing = false;

    constructor(observer: TcpObserver | null) {
        this.#observer = observer;
    }

    /** Who is told from now on: an accepted connection gets its face after it exists. */
    observe(observer: TcpObserver): void {
        this.#observer = observer;
    }

    /** Starts to connect. Throws what the native refuses at once. */
    connect(host: string, port: number, options: TcpConnectOptions): void {
        const handle = createTcp((event, detail) => {
            this.handleEvent(event, detail);
        });
        this.#handle = handle;
        try {
            handle.connect(host, port, options);
        } catch (error) {
            this.#handle = null;
            handle.close();
            throw error;
        }
    }

    /** Takes over a handle that a listener accepted, whose callback leads to handleEvent(). */
    adopt(handle: TcpHandle): void {
        this.#handle = handle;
    }

    /** Addresses and buffer sizes; null while there are none to tell. */
    info(): TcpInfo | null {
        if (this.#handle === null) {
            return null;
        }
        try {
            return this.#handle.info();
        } catch {
            return null;
        }
    }

    /**
     * Hands the next chunk on, now or before the promise resolves; undefined: the peer has sent its FIN, or close() came
     * first. Throws or rejects on a lost connection.
     */
    read(received: (chunk: ArrayBuffer | undefined) => void): undefined | Promise<undefined> {
        if (this.#handle === null || this.#closing) {
            received(undefined);
            return undefined;
        }
        const chunk = this.#attempt(this.#handle, readChunk);
        if (chunk !== null) {
            received(chunk);
            return undefined;
        }
        const deferred = defer<undefined>();
        this.#reading = { deferred, received };
        return deferred.promise;
    }

    /** Sends all of it; returns at once where the kernel took all. Throws or rejects on a lost connection. */
    write(bytes: Bytes): undefined | Promise<undefined> {
        if (this.#handle === null || this.#closing) {
            throw closedError("write");
        }
        const length = byteLength(bytes);
        const offset = this.#attempt(this.#handle, (handle) => handle.write(bytes, 0));
        if (offset < length) {
            const deferred = defer<undefined>();
            this.#writing = { deferred, bytes, offset };
            return deferred.promise;
        }
        return undefined;
    }

    /** Sends FIN. */
    shutdown(): void {
        if (this.#handle !== null && !this.#closing) {
            this.#attempt(this.#handle, (handle) => {
                handle.shutdown();
            });
        }
    }

    /** Keep-alive of a connection that has none yet. */
    startKeepAlive(setting: KeepAliveSetting): void {
        if (setting.idle > 0) {
            this.setKeepAlive(setting);
        }
    }

    /** Keep-alive from now on. */
    setKeepAlive(setting: KeepAliveSetting): void {
        if (this.#handle !== null && !this.#closing) {
            this.#handle.setKeepAlive(setting.idle, setting.interval, setting.count);
        }
    }

    /** FIN, then the end: connectionClosed() follows. */
    close(): void {
        this.#end((handle) => {
            handle.close();
        }, closedError("write"));
    }

    /** RST, or the attempt called off: connectionClosed() follows. A waiting write rejects with `error`. */
    reset(error: unknown): void {
        const closing = this.#closing;
        this.#end((handle) => {
            handle.reset();
        }, error);
        if (closing && this.#handle !== null) {
            discard(this.#handle); // a close that takes its time is cut short
        }
    }

    /** The callback of the native handle. */
    handleEvent(event: number, detail: unknown): void {
        if (event === EVENT_CLOSED) {
            this.#handle = null;
            this.#take()?.connectionClosed();
        } else if (event === EVENT_FAILED) {
            this.#fail(detail);
        } else if (!this.#closing && this.#handle !== null) {
            if (event === EVENT_OPEN) {
                this.#observer?.connectionOpened(this.#handle.info());
            } else if (event === EVENT_READABLE) {
                this.#continueReading(this.#handle);
            } else if (event === EVENT_WRITABLE) {
                this.#continueWriting(this.#handle);
            }
        }
    }

    #continueReading(handle: TcpHandle): void {
        const reading = this.#reading;
        if (reading === null) {
            return;
        }
        try {
            const chunk = this.#attempt(handle, readChunk);
            if (chunk !== null) {
                this.#reading = null;
                reading.received(chunk);
                reading.deferred.resolve(undefined);
            }
        } catch {
            // #fail() has rejected it
        }
    }

    #continueWriting(handle: TcpHandle): void {
        const writing = this.#writing;
        if (writing === null) {
            return;
        }
        try {
            writing.offset += this.#attempt(handle, () => handle.write(writing.bytes, writing.offset));
        } catch {
            return; // #fail() has rejected it
        }
        if (writing.offset >= byteLength(writing.bytes)) {
            this.#writing = null;
            writing.deferred.resolve(undefined);
        }
    }

    /** Runs a native call; what it throws ends the connection and is thrown on. */
    #attempt<T>(handle: TcpHandle, call: (handle: TcpHandle) => T): T {
        try {
            return call(handle);
        } catch (error) {
            this.#fail(error);
            throw error;
        }
    }

    #fail(error: unknown): void {
        const handle = this.#handle;
        const observer = this.#take();
        this.#handle = null;
        this.#closing = true;
        this.#settle(error, true);
        if (handle !== null) {
            discard(handle);
        }
        observer?.connectionFailed(error);
    }

    #end(call: (handle: TcpHandle) => void, error: unknown): void {
        if (this.#closing) {
            return;
        }
        this.#closing = true;
        this.#settle(error, false);
        if (this.#handle !== null) {
            call(this.#handle);
        } else {
            this.#take()?.connectionClosed();
        }
    }

    #settle(error: unknown, readFails: boolean): void {
        const reading = this.#reading;
        const writing = this.#writing;
        this.#reading = null;
        this.#writing = null;
        if (readFails) {
            reading?.deferred.reject(error);
        } else {
            reading?.received(undefined);
            reading?.deferred.resolve(undefined);
        }
        writing?.deferred.reject(error);
    }

    #take(): TcpObserver | null {
        const observer = this.#observer;
        this.#observer = null;
        return observer;
    }
}

function readChunk(handle: TcpHandle): ArrayBuffer | null | undefined {
    return handle.read(READ_MAX);
}

/** Resets a handle that may be gone already. */
function discard(handle: TcpHandle): void {
    try {
        handle.reset();
    } catch {
        // gone
    }
}
