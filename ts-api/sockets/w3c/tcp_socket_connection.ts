/*
 * tcp_socket_connection.ts - what a TCPSocket does: the text's states and steps over a TcpConnection.
 * Not here: the attributes and methods that an app sees (tcp_socket.ts), arguments (tcp_arguments.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface TCPSocket". What the text leaves open is decided in
 * docs/standards/w3c-sockets.md.
 */
import { createTcp, type TcpHandle, type TcpInfo } from "cleat:native/tcp";
import { type Deferred, deferHandled } from "../core/deferred.ts";
import { abortError, abortReason, constructorError, isNetworkError } from "../core/errors.ts";
import { firstSetting, scheduleSparse } from "../core/keep_alive.ts";
import type { KeepAliveOptions, TcpOptions } from "../core/options.ts";
import { watchSignal } from "../core/signal.ts";
import { TcpConnection } from "../core/tcp_connection.ts";
import { connectOptions, type SocketReadyState, type TCPSocketOpenInfo } from "./tcp_arguments.ts";

/** What the options decide; the connections that one server accepts share it. */
export interface TcpSettings {
    readonly addressReuse: boolean;
    readonly noDelay: boolean;
    readonly allowHalfOpen: boolean;
    readonly keepAlive: KeepAliveOptions;
}

export class TcpSocketConnection extends TcpConnection {
    readonly settings: TcpSettings;
    readyState: SocketReadyState;
    /** As of the connection attempt, or of an open connection whose addresses somebody asked for. */
    #info: TcpInfo | null = null;
    #opened: Deferred<TCPSocketOpenInfo> | null = null;
    #closed: Deferred<undefined> | null = null;
    /** The connection has been open. */
    #wasOpen: boolean;
    /** What `closed`, and `opened` if the connection has never been open, reject with. */
    #failure: { readonly error: unknown } | null = null;
    /** The peer has sent its FIN. */
    #peerFinished = false;
    /** Ends what watches the socket from outside. */
    #release: (() => void) | null = null;

    /** Without a handle: a socket that is still to connect. */
    constructor(settings: TcpSettings, accepted: TcpHandle | null) {
        super(accepted ?? createTcp());
        this.settings = settings;
        this.#wasOpen = accepted !== null;
        this.readyState = this.#wasOpen ? "open" : "opening";
        if (this.#wasOpen) {
            const setting = firstSetting(settings.keepAlive);
            if (setting.idle > 0) {
                this.setKeepAlive(setting);
            }
            this.#scheduleKeepAlive();
        }
    }

    /** Addresses, or null while there are none to tell. */
    get addresses(): TcpInfo | null {
        if (this.#info === null && this.#wasOpen) {
            this.#info = this.info();
        }
        return this.#info;
    }

    get opened(): Promise<TCPSocketOpenInfo> {
        if (this.#opened === null) {
            this.#opened = deferHandled();
            this.#settleOpened();
        }
        return this.#opened.promise;
    }

    get closed(): Promise<undefined> {
        if (this.#closed === null) {
            this.#closed = deferHandled();
            this.#settleClosed();
        }
        return this.#closed.promise;
    }

    /** Steps 4, 5 and 9 to 12 of the constructor: binds and connects in the background. */
    start(host: string, port: number, options: TcpOptions): void {
        const signal = options.signal;
        if (signal?.aborted === true) {
            this.#abort(signal.reason);
            return;
        }
        try {
            this.connect(host, port, connectOptions(options));
        } catch (error) {
            // Steps 4 and 5: a local address that is not ours, a peer that no interface leads to
            const renamed = constructorError(error);
            this.resetConnection(renamed);
            if (!isNetworkError(renamed)) {
                throw renamed;
            }
            this.#end(renamed);
            return;
        }
        this.#info = this.info();
        if (signal !== null) {
            this.#watch(
                watchSignal(signal, (reason) => {
                    this.#abort(reason);
                }),
            );
        }
    }

    /** "The close() method when invoked" */
    close(reason: unknown): Promise<undefined> {
        this.cancelReadable(reason);
        return this.closed;
    }

    /** "The halfClose() method when invoked" */
    halfClose(): void {
        if (this.readyState !== "closing" && this.readyState !== "closed" && this.finishWriting()) {
            this.writingFinished();
        }
    }

    override opening(): Promise<unknown> | undefined {
        return this.#wasOpen ? undefined : this.opened;
    }

    protected override connectionOpened(): void {
        if (this.readyState !== "opening") {
            return;
        }
        this.#info = null;
        this.#wasOpen = true;
        this.readyState = "open";
        this.#scheduleKeepAlive();
        this.#settleOpened();
    }

    protected override peerFinished(): void {
        this.#peerFinished = true;
        if (this.readyState === "halfclosed") {
            this.closeConnection(); // both have said FIN: the closing handshake is done
        } else if (!this.settings.allowHalfOpen) {
            this.readableCancelled();
        }
    }

    /** error() of start(): the attempt failed, the connection is lost, the closing handshake failed */
    protected override connectionFailed(error: unknown): void {
        if (this.readyState !== "closed") {
            this.#end(error);
        }
    }

    /** "closed cleanly": close() of start() */
    protected override connectionClosed(): void {
        if (this.readyState !== "closed") {
            this.closeReadable();
            this.readyState = "closed";
            this.#settleClosed();
            this.#unwatch();
        }
    }

    /** close() of the sink */
    override writingFinished(): void {
        if (this.readyState === "closing") {
            this.closeConnection(); // "assure that any buffered send data is sent"
        } else if (this.readyState === "open") {
            this.readyState = "halfclosed";
            this.finishConnection();
            if (this.#peerFinished) {
                this.closeConnection();
            }
        }
    }

    /** abort() of the sink */
    override writingAborted(reason: unknown): void {
        this.#abort(abortReason(reason, "The app aborted the connection"));
    }

    /** cancel(): "the TCP connection should be terminated" */
    override readableCancelled(): void {
        if (this.readyState === "opening") {
            this.#failOpening(abortError("The app closed the socket before the connection was open"));
        } else if (this.readyState === "open" || this.readyState === "halfclosed") {
            this.readyState = "closing";
            if (this.finishWriting()) {
                this.closeConnection();
            }
        }
    }

    /** "fail the connection attempt" */
    #failOpening(error: unknown): void {
        this.readyState = "closing";
        this.#fail(error);
        this.closeReadable();
        this.errorWritable(error);
        this.resetConnection(error);
    }

    /** abort() of `writeable`, and the signal: RST */
    #abort(reason: unknown): void {
        if (this.readyState !== "closed") {
            this.#end(reason);
            this.resetConnection(reason);
        }
    }

    #end(error: unknown): void {
        this.readyState = "closed";
        this.errorReadable(error);
        this.errorWritable(error);
        this.#fail(error);
        this.#unwatch();
    }

    #fail(error: unknown): void {
        this.#failure ??= { error };
        this.#settleOpened();
        this.#settleClosed();
    }

    #settleOpened(): void {
        if (this.#opened === null) {
            return;
        }
        if (this.#wasOpen) {
            const { readable, writable } = this;
            this.#opened.resolve({ readable, writable, ...(this.addresses as TcpInfo) });
        } else if (this.#failure !== null) {
            this.#opened.reject(this.#failure.error);
        }
    }

    #settleClosed(): void {
        if (this.#failure !== null) {
            this.#closed?.reject(this.#failure.error);
        } else if (this.readyState === "closed") {
            this.#closed?.resolve(undefined);
        }
    }

    #scheduleKeepAlive(): void {
        if (this.settings.keepAlive.mode === "frequent-then-sparse") {
            this.#watch(
                scheduleSparse(this.settings.keepAlive, (setting) => {
                    this.setKeepAlive(setting);
                }),
            );
        }
    }

    #watch(unwatch: () => void): void {
        const before = this.#release;
        this.#release =
            before === null
                ? unwatch
                : () => {
                      before();
                      unwatch();
                  };
    }

    #unwatch(): void {
        this.#release?.();
        this.#release = null;
    }
}
