/*
 * tcp_connection.ts - one TCP connection over its native handle, with its two streams: what every API face shares.
 * Not here: the states of a face, which decides what the ends of the streams mean to the connection.
 */
import { onTcpEvent, type TcpConnectOptions, type TcpHandle, type TcpInfo } from "cleat:native/tcp";
import type { TlsInfo } from "cleat:native/tls";
import { type Bytes, toBytes } from "./bytes.ts";
import { CLOSED, DirectReadable, OPEN, SideEnd, sourceOf } from "./direct_readable.ts";
import { closedError, isNamed } from "./errors.ts";
import type { KeepAliveSetting } from "./keep_alive.ts";
import type { TlsSettings } from "./tls.ts";
import { closeWritable, failWritable, type SocketSink, SocketWritable } from "./socket_writable.ts";

/** The text's default strategy for `readable`: one chunk ahead of the reader, which the handle reads. */
const READ_HIGH_WATER_MARK = 1;

/* TcpEvent */
const EVENT_OPEN = 1;
const EVENT_FINISHED = 3;
const EVENT_FAILED = 4;
const EVENT_CLOSED = 5;

export abstract class TcpConnection extends DirectReadable<ArrayBuffer> implements SocketSink {
    static {
        onTcpEvent((owner, event, detail) => {
            TcpConnection.#handleEvent(owner as TcpConnection, event, detail);
        });
    }

    /** Until somebody asks for the stream: how the sending side has ended. */
    #writable: SocketWritable | SideEnd = OPEN;

    /** A handle that is new, or that a listener accepted. */
    constructor(handle: TcpHandle) {
        super(handle);
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
        handleOf(this).connect(host, port, options);
    }

    /** Addresses and buffer sizes, as far as they are known. */
    protected info(): TcpInfo {
        return handleOf(this).info();
    }

    /** TLS from now on; connectionOpened() or connectionFailed() follows. */
    protected startTls(tls: TlsSettings, upgrades: boolean, unread: readonly ArrayBuffer[]): void {
        handleOf(this).startTls(tls.context, tls.serverName, upgrades, unread, tls.handshakeTimeout);
    }

    /** What a TLS handshake led to; null: no TLS. */
    protected tlsInfo(): TlsInfo | null {
        return handleOf(this).tlsInfo();
    }

    /** The connection itself, for another that goes on with it. */
    protected get handle(): TcpHandle {
        return handleOf(this);
    }

    /** Keep-alive from now on. */
    protected setKeepAlive(setting: KeepAliveSetting): void {
        handleOf(this).setKeepAlive(setting.idle, setting.interval, setting.count);
    }

    /** Made when the app asks for it: many sockets only receive. */
    get writable(): SocketWritable {
        const end = this.#writable;
        if (!(end instanceof SideEnd)) {
            return end;
        }
        const stream = new SocketWritable(this, handleOf(this));
        this.#writable = stream;
        if (end === CLOSED) {
            closeWritable(stream);
        } else if (end !== OPEN) {
            failWritable(stream, end.error);
        }
        return stream;
    }

    /**
     * Closes `writable` behind what is queued, locked or not. True: nothing is under way, and nothing more will come;
     * false: writingFinished() follows, or the stream errors.
     */
    protected finishWriting(): boolean {
        const stream = this.#writable;
        if (!(stream instanceof SideEnd)) {
            return closeWritable(stream);
        }
        if (stream === OPEN && this.opening() !== undefined) {
            return closeWritable(this.writable); // waits for the connection
        }
        this.#writable = stream === OPEN ? CLOSED : stream;
        return true;
    }

    /** Errors `writable`. */
    protected errorWritable(error: unknown): void {
        const stream = this.#writable;
        if (!(stream instanceof SideEnd)) {
            failWritable(stream, error);
        } else if (stream === OPEN) {
            this.#writable = new SideEnd(error);
        }
    }

    /** Sends FIN; reading goes on. */
    protected finishConnection(): void {
        try {
            handleOf(this).shutdown();
        } catch (error) {
            TcpConnection.#fail(this, error);
        }
    }

    /** FIN, then the end: connectionClosed() follows. */
    protected closeConnection(): void {
        const handle = handleOf(this);
        handle.close(handle.sending() === undefined ? undefined : closedError("write"));
    }

    /** RST, then the end: connectionClosed() follows. A close that takes its time is cut short. */
    protected resetConnection(reason: unknown): void {
        handleOf(this).reset(reason);
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
        try {
            return handleOf(this).send(bytes);
        } catch (error) {
            if (isNamed(error, "InvalidStateError")) {
                throw closedError("write"); // the connection is ending already
            }
            TcpConnection.#fail(this, error);
            throw error;
        }
    }

    static #handleEvent(self: TcpConnection, event: number, detail: unknown): void {
        if (event === EVENT_FAILED) {
            self.connectionFailed(detail);
        } else if (event === EVENT_CLOSED) {
            self.connectionClosed();
        } else if (event === EVENT_OPEN) {
            self.connectionOpened();
        } else if (event === EVENT_FINISHED) {
            self.closeReadable();
            self.peerFinished();
        }
    }

    static #fail(self: TcpConnection, error: unknown): void {
        self.resetConnection(error);
        self.connectionFailed(error);
    }
}

function handleOf(connection: TcpConnection): TcpHandle {
    return sourceOf(connection) as TcpHandle;
}
