/*
 * tcp_socket_connection.ts - what a TCPSocket does: the text's states and steps over a TcpConnection.
 * Not here: the attributes and methods that an app sees (tcp_socket.ts), arguments (tcp_arguments.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface TCPSocket". What the text leaves open is decided in
 * docs/standards/w3c-sockets.md.
 */
import { createTcp, type TcpHandle, type TcpInfo } from "cleat:native/tcp";
import { toDictionary } from "../core/convert.ts";
import { type Deferred, deferHandled } from "../core/deferred.ts";
import { abortError, abortReason, constructorError, domException, isNetworkError } from "../core/errors.ts";
import { firstSetting, scheduleSparse } from "../core/keep_alive.ts";
import type { KeepAliveOptions, TcpOptions } from "../core/options.ts";
import { insecureQuestion, requireGranted } from "../core/permission.ts";
import { watchSignal } from "../core/signal.ts";
import { TcpConnection } from "../core/tcp_connection.ts";
import { newTlsSettings, type TlsSettings, toTlsOptions } from "../core/tls.ts";
import { connectOptions, type SocketReadyState, type TCPSocketOpenInfo } from "./tcp_arguments.ts";

/** What the options decide; the connections that one server accepts share it. */
export interface TcpSettings {
    readonly addressReuse: boolean;
    readonly noDelay: boolean;
    readonly allowHalfOpen: boolean;
    readonly keepAlive: KeepAliveOptions;
    /** The host and port that the constructor was given; null: as the connection says. */
    readonly remote: { readonly address: string; readonly port: number } | null;
    /** Null: without TLS. */
    readonly tls: TlsSettings | null;
}

/** What only some sockets need: most of the connections of a server are never asked for it. */
class Extras {
    /** As of the connection attempt, or of an open connection whose addresses somebody asked for. */
    info: TcpInfo | null = null;
    opened: Deferred<TCPSocketOpenInfo> | null = null;
    closed: Deferred<undefined> | null = null;
    /** What `closed`, and `opened` if the connection has never been open, reject with. */
    failure: { readonly error: unknown } | null = null;
    /** Ends what watches the socket from outside. */
    release: (() => void) | null = null;
    /** The connection could not be made. */
    neverOpen = false;
    /** The peer has sent its FIN. */
    peerFinished = false;
    /** What goes on with the connection after startTls(). */
    next: TcpSocketConnection | null = null;
    /** Begins with TLS as soon as everything that was written before has gone out. */
    secureNext: (() => void) | null = null;
}

export class TcpSocketConnection extends TcpConnection {
    readonly settings: TcpSettings;
    readyState: SocketReadyState;
    #extras: Extras | null = null;

    /** Without a handle: a socket that is still to connect. */
    constructor(settings: TcpSettings, accepted: TcpHandle | null) {
        super(accepted ?? createTcp());
        this.settings = settings;
        this.readyState = accepted === null || settings.tls !== null ? "opening" : "open";
        if (accepted !== null) {
            const setting = firstSetting(settings.keepAlive);
            if (setting.idle > 0) {
                this.setKeepAlive(setting);
            }
            if (settings.tls === null) {
                TcpSocketConnection.#scheduleKeepAlive(this);
            }
        }
    }

    /** Addresses, or null while there are none to tell. */
    get addresses(): TcpInfo | null {
        const extras = TcpSocketConnection.#extrasOf(this);
        if (extras.info === null && TcpSocketConnection.#wasOpen(this)) {
            extras.info = this.info();
        }
        return extras.info;
    }

    get opened(): Promise<TCPSocketOpenInfo> {
        const extras = TcpSocketConnection.#extrasOf(this);
        if (extras.opened === null) {
            extras.opened = deferHandled();
            TcpSocketConnection.#settleOpened(this, extras);
        }
        return extras.opened.promise;
    }

    get closed(): Promise<undefined> {
        const extras = TcpSocketConnection.#extrasOf(this);
        if (extras.closed === null) {
            extras.closed = deferHandled();
            TcpSocketConnection.#settleClosed(this, extras);
        }
        return extras.closed.promise;
    }

    /** Steps 4, 5 and 9 to 12 of the constructor: binds and connects in the background. */
    start(host: string, port: number, options: TcpOptions): void {
        const signal = options.signal;
        if (signal?.aborted === true) {
            TcpSocketConnection.#abort(this, signal.reason);
            return;
        }
        try {
            this.connect(host, port, connectOptions(options, this.settings.tls));
        } catch (error) {
            // Steps 4 and 5: a local address that is not ours, a peer that no interface leads to
            const renamed = constructorError(error);
            this.resetConnection(renamed);
            if (!isNetworkError(renamed)) {
                throw renamed;
            }
            TcpSocketConnection.#end(this, renamed);
            return;
        }
        TcpSocketConnection.#extrasOf(this).info = this.info();
        if (signal !== null) {
            TcpSocketConnection.#watch(
                this,
                watchSignal(signal, (reason) => {
                    TcpSocketConnection.#abort(this, reason);
                }),
            );
        }
    }

    /** "The close() method when invoked" */
    close(reason: unknown): Promise<undefined> {
        if (this.#extras === null || this.#extras.next === null) {
            this.cancelReadable(reason);
        }
        return this.closed;
    }

    /** TLS on this connection, which is open. */
    secure(tls: TlsSettings, upgrades: boolean, unread: readonly ArrayBuffer[]): void {
        if (this.readyState === "closed") {
            return; // lost or aborted meanwhile
        }
        try {
            this.startTls(tls, upgrades, unread);
        } catch (error) {
            TcpSocketConnection.#abort(this, error);
        }
    }

    /** startTls(): this socket ends, and its connection goes on in the one that is returned. */
    upgrade(options: unknown): TcpSocketConnection {
        const { settings } = this;
        const converted = toTlsOptions(toDictionary(options, "startTls: options")); // may run anything
        TcpSocketConnection.#requireOpen(this);
        if (settings.tls !== null) {
            throw domException("InvalidStateError", "startTls: the connection is encrypted already");
        }
        const { remoteAddress, remotePort } = this.addresses as TcpInfo;
        if (settings.remote !== null && !converted.rejectUnauthorized) {
            requireGranted([
                insecureQuestion({ localAddress: null, localPort: null, remoteAddress, remotePort }),
            ]);
        }
        const tls = newTlsSettings(converted, settings.remote === null ? null : settings.remote.address);
        TcpSocketConnection.#requireOpen(this); // a listener of "warning" may have done anything
        const unread = this.takeUnread();
        const next = new TcpSocketConnection({ ...settings, tls }, this.handle);
        const extras = TcpSocketConnection.#extrasOf(this);
        extras.next = next;
        TcpSocketConnection.#extrasOf(next).release = extras.release;
        extras.release = null;
        this.readyState = "closed";
        TcpSocketConnection.#settleClosed(this, extras);
        extras.secureNext = () => {
            extras.secureNext = null; // a stream that is made later ends, too
            next.secure(tls, true, unread);
        };
        if (this.finishWriting()) {
            extras.secureNext();
        }
        return next;
    }

    /** "The halfClose() method when invoked" */
    halfClose(): void {
        if (this.readyState !== "closing" && this.readyState !== "closed" && this.finishWriting()) {
            this.writingFinished();
        }
    }

    override opening(): Promise<unknown> | undefined {
        return TcpSocketConnection.#wasOpen(this) ? undefined : this.opened;
    }

    protected override connectionOpened(): void {
        if (this.readyState !== "opening") {
            return;
        }
        const extras = TcpSocketConnection.#extrasOf(this);
        extras.info = null;
        this.readyState = "open";
        TcpSocketConnection.#scheduleKeepAlive(this);
        TcpSocketConnection.#settleOpened(this, extras);
    }

    protected override peerFinished(): void {
        TcpSocketConnection.#extrasOf(this).peerFinished = true;
        if (this.readyState === "halfclosed") {
            this.closeConnection(); // both have said FIN: the closing handshake is done
        } else if (!this.settings.allowHalfOpen) {
            this.readableCancelled();
        }
    }

    /** error() of start(): the attempt failed, the connection is lost, the closing handshake failed */
    protected override connectionFailed(error: unknown): void {
        if (this.#extras !== null && this.#extras.next !== null) {
            this.#extras.next.connectionFailed(error); // by something that was written before startTls()
        } else if (this.readyState !== "closed") {
            TcpSocketConnection.#end(this, error);
        }
    }

    /** "closed cleanly": close() of start() */
    protected override connectionClosed(): void {
        if (this.readyState !== "closed") {
            this.closeReadable();
            this.readyState = "closed";
            if (this.#extras !== null) {
                TcpSocketConnection.#settleClosed(this, this.#extras);
            }
            TcpSocketConnection.#unwatch(this);
        }
    }

    /** close() of the sink */
    override writingFinished(): void {
        const extras = this.#extras;
        if (extras !== null && extras.secureNext !== null) {
            extras.secureNext();
        } else if (this.readyState === "closing") {
            this.closeConnection(); // "assure that any buffered send data is sent"
        } else if (this.readyState === "open") {
            this.readyState = "halfclosed";
            this.finishConnection();
            if (extras?.peerFinished === true) {
                this.closeConnection();
            }
        }
    }

    /** abort() of the sink */
    override writingAborted(reason: unknown): void {
        const extras = this.#extras;
        if (extras !== null && extras.next !== null && extras.secureNext === null) {
            return; // all of it is sent, and the connection is another's
        }
        TcpSocketConnection.#abort(this, abortReason(reason, "The app aborted the connection"));
    }

    /** cancel(): "the TCP connection should be terminated" */
    override readableCancelled(): void {
        if (this.readyState === "opening") {
            TcpSocketConnection.#failOpening(
                this,
                abortError("The app closed the socket before the connection was open"),
            );
        } else if (this.readyState === "open" || this.readyState === "halfclosed") {
            const isFinished = this.readyState === "halfclosed"; // though the stream may not have heard of it yet
            this.readyState = "closing";
            if (this.finishWriting() || isFinished) {
                this.closeConnection();
            }
        }
    }

    /** "fail the connection attempt" */
    static #failOpening(self: TcpSocketConnection, error: unknown): void {
        TcpSocketConnection.#extrasOf(self).neverOpen = true;
        self.readyState = "closing";
        TcpSocketConnection.#fail(self, error);
        self.closeReadable();
        self.errorWritable(error);
        self.resetConnection(error);
    }

    /** abort() of `writeable`, and the signal: RST */
    static #abort(self: TcpSocketConnection, reason: unknown): void {
        if (self.#extras !== null && self.#extras.next !== null) {
            TcpSocketConnection.#abort(self.#extras.next, reason);
        } else if (self.readyState !== "closed") {
            TcpSocketConnection.#end(self, reason);
            self.resetConnection(reason);
        }
    }

    static #end(self: TcpSocketConnection, error: unknown): void {
        if (self.readyState === "opening") {
            TcpSocketConnection.#extrasOf(self).neverOpen = true;
        }
        self.readyState = "closed";
        self.errorReadable(error);
        self.errorWritable(error);
        TcpSocketConnection.#fail(self, error);
        TcpSocketConnection.#unwatch(self);
    }

    static #fail(self: TcpSocketConnection, error: unknown): void {
        const extras = TcpSocketConnection.#extrasOf(self);
        extras.failure ??= { error };
        TcpSocketConnection.#settleOpened(self, extras);
        TcpSocketConnection.#settleClosed(self, extras);
    }

    /** For startTls(). */
    static #requireOpen(self: TcpSocketConnection): void {
        if (self.readyState !== "open" || self.#extras?.peerFinished === true) {
            throw domException("InvalidStateError", "startTls: the socket is not open");
        }
    }

    /** Whether the connection is or has been open. */
    static #wasOpen(self: TcpSocketConnection): boolean {
        return self.readyState !== "opening" && self.#extras?.neverOpen !== true;
    }

    static #extrasOf(self: TcpSocketConnection): Extras {
        return (self.#extras ??= new Extras());
    }

    static #settleOpened(self: TcpSocketConnection, extras: Extras): void {
        if (extras.opened === null) {
            return;
        }
        if (TcpSocketConnection.#wasOpen(self)) {
            const { readable, writable } = self;
            const tls = self.settings.tls === null ? null : self.tlsInfo();
            extras.opened.resolve({ readable, writable, ...(self.addresses as TcpInfo), ...tls });
        } else if (extras.failure !== null) {
            extras.opened.reject(extras.failure.error);
        }
    }

    static #settleClosed(self: TcpSocketConnection, extras: Extras): void {
        if (extras.failure !== null) {
            extras.closed?.reject(extras.failure.error);
        } else if (self.readyState === "closed") {
            extras.closed?.resolve(undefined);
        }
    }

    static #scheduleKeepAlive(self: TcpSocketConnection): void {
        if (self.settings.keepAlive.mode === "frequent-then-sparse") {
            TcpSocketConnection.#watch(
                self,
                scheduleSparse(self.settings.keepAlive, (setting) => {
                    self.setKeepAlive(setting);
                }),
            );
        }
    }

    static #watch(self: TcpSocketConnection, unwatch: () => void): void {
        const extras = TcpSocketConnection.#extrasOf(self);
        const before = extras.release;
        extras.release =
            before === null
                ? unwatch
                : () => {
                      before();
                      unwatch();
                  };
    }

    static #unwatch(self: TcpSocketConnection): void {
        const release = self.#extras?.release;
        if (release !== undefined && release !== null) {
            (self.#extras as Extras).release = null;
            release();
        }
    }
}
