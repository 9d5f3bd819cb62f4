/*
 * tcp_socket.ts - the TCPSocket interface: the text's steps over a TcpConnection and two streams.
 * Not here: option dictionaries (core/options.ts), streams (core/*_side.ts), the handle (core/tcp_connection.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface TCPSocket". What the text leaves open is decided in
 * docs/standards/w3c-sockets.md.
 */
import type { TcpInfo } from "cleat:native/tcp";
import type { ReadableStream, WritableStream } from "../../streams/streams.ts";
import { defineInterface, requireArguments } from "../../web/webidl.ts";
import { toBytes } from "../core/bytes.ts";
import { whenSettled } from "../core/deferred.ts";
import { abortError, abortReason, constructorError, isNetworkError } from "../core/errors.ts";
import { firstSetting, scheduleSparse } from "../core/keep_alive.ts";
import type { KeepAliveOptions, TcpOptions } from "../core/options.ts";
import { nothing, Outcome } from "../core/outcome.ts";
import { ReadableSide, type Source } from "../core/readable_side.ts";
import { watchSignal } from "../core/signal.ts";
import { TcpConnection, type TcpObserver } from "../core/tcp_connection.ts";
import { type Sink, WritableSide } from "../core/writable_side.ts";
import {
    type AcceptedConnection,
    connectOptions,
    type SocketReadyState,
    type TCPSocketOpenInfo,
    toTcpArguments,
} from "./tcp_arguments.ts";

/** The text's default strategy for `readable`: one chunk ahead of the reader. */
const READ_HIGH_WATER_MARK = 1;

/** Stands in the place of the remote address where a server makes the socket; no app can have it. */
const ACCEPTED = {};

export class TCPSocket {
    /** What the connection and the two streams call: one object a socket, and no method that an app could reach. */
    static readonly #Inside = class implements TcpObserver, Source<ArrayBuffer>, Sink {
        readonly independentWrites = false;
        readonly #socket: TCPSocket;

        constructor(socket: TCPSocket) {
            this.#socket = socket;
        }

        opening(): Promise<unknown> | undefined {
            const opened = this.#socket.#opened;
            return opened.fulfilled ? undefined : opened.promise;
        }

        pullFor(side: ReadableSide<ArrayBuffer>): undefined | Promise<undefined> {
            return this.#socket.#pull(side);
        }

        cancelled(): void {
            this.#socket.#cancel();
        }

        write(chunk: unknown): undefined | Promise<void> {
            return this.#socket.#write(chunk);
        }

        finished(): void {
            this.#socket.#sendFin();
        }

        aborted(reason: unknown): void {
            this.#socket.#abort(abortReason(reason, "The app aborted the connection"));
        }

        connectionOpened(info: TcpInfo): void {
            this.#socket.#noteOpen(info);
        }

        connectionFailed(error: unknown): void {
            this.#socket.#fail(error);
        }

        connectionClosed(): void {
            this.#socket.#noteClosed();
        }
    };

    readonly #connection: TcpConnection;
    readonly #remoteAddress: string;
    readonly #remotePort: number;
    readonly #addressReuse: boolean;
    readonly #noDelay: boolean;
    readonly #allowHalfOpen: boolean;
    readonly #keepAlive: KeepAliveOptions;
    readonly #opened = new Outcome<TCPSocketOpenInfo>();
    readonly #closed = new Outcome<undefined>();
    readonly #readable: ReadableSide<ArrayBuffer>;
    readonly #writable: WritableSide;
    #localAddress: string | null = null;
    #localPort: number | null = null;
    #readyState: SocketReadyState = "opening";
    /** The peer has sent its FIN. */
    #peerFinished = false;
    #unwatchSignal: (() => void) | null = null;
    #stopKeepAlive: (() => void) | null = null;

    /** "When the TCPSocket constructor is invoked" */
    constructor(remoteAddress: string, remotePort: number, options: unknown = undefined) {
        const inside = new TCPSocket.#Inside(this);
        if ((remoteAddress as unknown) === ACCEPTED) {
            const accepted = options as AcceptedConnection;
            this.#connection = accepted.connection;
            this.#remoteAddress = accepted.info.remoteAddress;
            this.#remotePort = accepted.info.remotePort;
            this.#addressReuse = accepted.addressReuse;
            this.#noDelay = true;
            this.#allowHalfOpen = accepted.allowHalfOpen;
            this.#keepAlive = accepted.keepAlive;
            this.#connection.observe(inside);
            this.#connection.startKeepAlive(firstSetting(this.#keepAlive));
            this.#noteOpen(accepted.info);
            this.#readable = new ReadableSide<ArrayBuffer>(inside, READ_HIGH_WATER_MARK);
            this.#writable = new WritableSide(inside);
            return;
        }
        requireArguments(arguments.length, 2, "TCPSocket");
        const { host, port, options: converted } = toTcpArguments(remoteAddress, remotePort, options); // steps 2, 3
        this.#remoteAddress = host;
        this.#remotePort = port;
        this.#addressReuse = converted.addressReuse;
        this.#noDelay = converted.noDelay;
        this.#allowHalfOpen = converted.allowHalfOpen;
        this.#keepAlive = converted.keepAlive;
        // Steps 4, 5 and the start() function of `readable`: bind and connect in the background.
        this.#connection = new TcpConnection(inside);
        const signal = converted.signal;
        const failure = signal?.aborted === true ? null : this.#connect(converted);
        // Steps 9 to 12
        this.#readable = new ReadableSide<ArrayBuffer>(inside, READ_HIGH_WATER_MARK);
        this.#writable = new WritableSide(inside);
        if (signal?.aborted === true) {
            this.#abort(signal.reason);
        } else if (failure !== null) {
            this.#fail(failure.error);
        } else if (signal !== null) {
            this.#unwatchSignal = watchSignal(signal, (reason) => {
                this.#abort(reason);
            });
        }
    }

    /** The host name or address of the peer as the constructor was given it. */
    get remoteAddress(): string {
        return this.#remoteAddress;
    }

    get remotePort(): number {
        return this.#remotePort;
    }

    /** Null while it is not known yet: until the connection is open. */
    get localAddress(): string | null {
        return this.#localAddress;
    }

    get localPort(): number | null {
        return this.#localPort;
    }

    get addressReuse(): boolean {
        return this.#addressReuse;
    }

    get noDelay(): boolean {
        return this.#noDelay;
    }

    get readyState(): SocketReadyState {
        return this.#readyState;
    }

    get opened(): Promise<TCPSocketOpenInfo> {
        return this.#opened.promise;
    }

    get closed(): Promise<undefined> {
        return this.#closed.promise;
    }

    get readable(): ReadableStream<ArrayBuffer> {
        return this.#readable.stream;
    }

    /** The spelling of the text. */
    get writeable(): WritableStream<unknown> {
        return this.#writable.stream;
    }

    get writable(): WritableStream<unknown> {
        return this.#writable.stream;
    }

    /** "The close() method when invoked" */
    close(reason: unknown = undefined): Promise<undefined> {
        this.#readable.cancel(reason);
        return this.#closed.promise;
    }

    /** "The halfClose() method when invoked" */
    halfClose(): void {
        void this.#writable.finish();
    }

    #connect(options: TcpOptions): { error: unknown } | null {
        try {
            this.#connection.connect(this.#remoteAddress, this.#remotePort, connectOptions(options));
        } catch (error) {
            // Steps 4 and 5: a local address that is not ours, a peer that no interface leads to
            const renamed = constructorError(error);
            if (!isNetworkError(renamed)) {
                throw renamed;
            }
            return { error: renamed };
        }
        const info = this.#connection.info();
        if (info !== null) {
            this.#noteLocal(info);
        }
        return null;
    }

    #noteLocal(info: TcpInfo): void {
        this.#localAddress = info.localAddress;
        this.#localPort = info.localPort;
    }

    #noteOpen(info: TcpInfo): void {
        if (this.#readyState !== "opening") {
            return;
        }
        this.#noteLocal(info);
        this.#readyState = "open";
        this.#stopKeepAlive = scheduleSparse(this.#keepAlive, (setting) => {
            this.#connection.setKeepAlive(setting);
        });
        this.#opened.resolve(() => this.#openInfo(info));
    }

    #openInfo(info: TcpInfo): TCPSocketOpenInfo {
        return {
            readable: this.#readable.stream,
            writable: this.#writable.stream,
            remoteAddress: info.remoteAddress,
            remotePort: info.remotePort,
            localAddress: info.localAddress,
            localPort: info.localPort,
            sendBufferSize: info.sendBufferSize,
            receiveBufferSize: info.receiveBufferSize,
        };
    }

    /** pull(): "MUST resume receiving TCP data"; enqueue() and close() of start() */
    #pull(side: ReadableSide<ArrayBuffer>): undefined | Promise<undefined> {
        // A lost connection has told the observer when this throws.
        return this.#connection.read((chunk) => {
            this.#received(side, chunk);
        });
    }

    #received(side: ReadableSide<ArrayBuffer>, chunk: ArrayBuffer | undefined): void {
        if (chunk !== undefined) {
            side.enqueue(chunk);
            return;
        }
        side.close();
        if (this.#readyState === "closing" || this.#readyState === "closed") {
            return; // close() ended the read, not the peer
        }
        this.#peerFinished = true;
        if (this.#readyState === "halfclosed") {
            this.#connection.close(); // both have said FIN: the closing handshake is done
        } else if (!this.#allowHalfOpen) {
            this.#cancel();
        }
    }

    /** write(chunk) */
    #write(chunk: unknown): undefined | Promise<void> {
        let bytes;
        try {
            bytes = toBytes(chunk, "TCPSocket: a chunk");
        } catch (error) {
            this.#abort(error); // the stream errors, and a stream with a gap in it is no use to the peer
            throw error;
        }
        return this.#connection.write(bytes);
    }

    /** close() of the sink */
    #sendFin(): void {
        if (this.#readyState !== "open") {
            return; // "closing" or "closed": do nothing; "opening" can't be, the stream waits for start()
        }
        this.#connection.shutdown();
        this.#readyState = "halfclosed";
        if (this.#peerFinished) {
            this.#connection.close();
        }
    }

    /** cancel(): "the TCP connection should be terminated" */
    #cancel(): void {
        switch (this.#readyState) {
            case "closing":
            case "closed":
                return;
            case "opening":
                this.#failOpening(abortError("The app closed the socket before the connection was open"));
                return;
            case "open":
            case "halfclosed":
                this.#readyState = "closing";
                whenSettled(
                    this.#writable.finish(), // "assure that any buffered send data is sent"
                    () => {
                        this.#connection.close();
                    },
                    () => {
                        this.#connection.close(); // a stream that errored has nothing left to send
                    },
                );
        }
    }

    /** "fail the connection attempt" */
    #failOpening(error: unknown): void {
        this.#readyState = "closing";
        this.#opened.reject(error);
        this.#closed.reject(error);
        this.#readable.close();
        this.#writable.fail(error);
        this.#connection.reset(error);
    }

    /** abort() of `writeable`, and the signal: RST */
    #abort(reason: unknown): void {
        if (this.#readyState === "closed") {
            return;
        }
        this.#end(reason);
        this.#connection.reset(reason);
    }

    /** error() of start(): the attempt failed, the connection is lost, the closing handshake failed */
    #fail(error: unknown): void {
        if (this.#readyState !== "closed") {
            this.#end(error);
        }
    }

    #end(error: unknown): void {
        this.#readyState = "closed";
        this.#readable.error(error);
        this.#writable.fail(error);
        this.#opened.reject(error);
        this.#closed.reject(error);
        this.#release();
    }

    /** "closed cleanly": close() of start() */
    #noteClosed(): void {
        if (this.#readyState === "closed") {
            return;
        }
        this.#readable.close();
        this.#readyState = "closed";
        this.#closed.resolve(nothing);
        this.#release();
    }

    #release(): void {
        this.#unwatchSignal?.();
        this.#unwatchSignal = null;
        this.#stopKeepAlive?.();
        this.#stopKeepAlive = null;
    }
}

defineInterface(TCPSocket, "TCPSocket", [
    "remoteAddress",
    "remotePort",
    "localAddress",
    "localPort",
    "readyState",
]);

/** "Let socket be a new instance of TCPSocket": for a connection that a server accepted. */
export function adoptConnection(accepted: AcceptedConnection): TCPSocket {
    return new TCPSocket(ACCEPTED as string, 0, accepted);
}
