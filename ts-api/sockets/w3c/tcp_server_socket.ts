/*
 * tcp_server_socket.ts - the TCPServerSocket interface: the text's steps over a TcpListener.
 * Not here: accepting (core/tcp_listener.ts), the sockets that come out (tcp_socket.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface TCPServerSocket".
 */
import { hostKind } from "cleat:native/resolver";
import type { TcpHandle } from "cleat:native/tcp";
import type { ReadableStream } from "../../streams/streams.ts";
import { defineInterface } from "../../web/webidl.ts";
import { invalidPort } from "../core/convert.ts";
import { type Deferred, deferHandled, soon } from "../core/deferred.ts";
import { DirectReadable } from "../core/direct_readable.ts";
import { abortError, closedError, constructorError, domException, isNetworkError } from "../core/errors.ts";
import { type TcpServerOptions, toTcpServerOptions } from "../core/options.ts";
import { listenQuestion, requireAny, requireGranted } from "../core/permission.ts";
import { watchSignal } from "../core/signal.ts";
import { newTlsSettings } from "../core/tls.ts";
import { TcpListener } from "../core/tcp_listener.ts";
import type { SocketReadyState } from "./tcp_arguments.ts";
import { adoptConnection, type TCPSocket } from "./tcp_socket.ts";
import type { TcpSettings } from "./tcp_socket_connection.ts";

/** What `opened` resolves with. */
export interface TCPServerSocketOpenInfo {
    /** Accepts a connection when, and only when, somebody reads. */
    readonly readable: ReadableStream<TCPSocket>;
    readonly localAddress: string;
    readonly localPort: number;
}

/** "any IPv4 address": step 3 */
const ANY_IPV4 = "0.0.0.0";
const ANY_IPV6 = "::";
/** `readable`: one connection for one read, and none ahead of it. */
class Connections extends DirectReadable<TCPSocket> {
    readonly #cancelled: () => void;

    constructor(listener: TcpListener, settings: TcpSettings, cancelled: () => void) {
        const adopt = (handle: TcpHandle): TCPSocket => adoptConnection(handle, settings);
        super({
            take: () => listener.take(adopt),
            endTakes: (failed, reason) => {
                listener.endTakes(failed, reason);
            },
            waitsForChunk: () => listener.isTaken,
            stopReadingAhead: () => [],
        });
        this.#cancelled = cancelled;
    }

    protected override get highWaterMark(): number {
        return 0;
    }

    protected override readableCancelled(): void {
        this.#cancelled();
    }

    protected override chunkDropped(socket: TCPSocket): void {
        void socket.close();
    }
}

export class TCPServerSocket {
    readonly #listener: TcpListener;
    readonly #options: TcpServerOptions;
    /** Of the sockets that it accepts. */
    readonly #settings: TcpSettings;
    readonly #localAddress: string | null;
    #localPort: number | null = null;
    readonly #opened: Deferred<TCPServerSocketOpenInfo> = deferHandled();
    readonly #closed: Deferred<undefined> = deferHandled();
    readonly #connections: Connections;
    #readyState: SocketReadyState = "opening";
    #unwatchSignal: (() => void) | null = null;

    /** "When the TCPServerSocket constructor is invoked" */
    constructor(options: unknown = undefined) {
        const converted = toTcpServerOptions(options);
        const { localAddress, localPort, signal } = converted;
        const hostValid = localAddress === null || isAddress(localAddress);
        const portValid = localPort === null || localPort === localPort;
        // Step 2
        if (hostValid && portValid) {
            requireGranted([
                listenQuestion({ localAddress, localPort, remoteAddress: null, remotePort: null }),
            ]);
        } else {
            requireAny("tcp.listen");
        }
        // Steps 3 and 4
        if (!hostValid) {
            throw domException(
                "InvalidAccessError",
                "TCPServerSocket: localAddress is not an address of this device",
            );
        }
        if (!portValid) {
            throw invalidPort("TCPServerSocket: localPort");
        }
        const { addressReuse, allowHalfOpen, keepAlive } = converted;
        this.#options = converted;
        const tls = converted.tls === null ? null : newTlsSettings(converted.tls, null);
        this.#settings = { addressReuse, noDelay: true, allowHalfOpen, keepAlive, remote: null, tls };
        this.#localAddress = localAddress;
        this.#listener = new TcpListener({
            listenerFailed: (error) => {
                this.#fail(error);
            },
            listenerClosed: () => {
                this.#closed.resolve(undefined);
            },
        });
        const failure =
            signal?.aborted === true ? { error: signal.reason as unknown } : this.#listen(converted);
        if (failure === null && localPort !== null) {
            this.#localPort = this.#listener.info().localPort;
        }
        this.#connections = new Connections(this.#listener, this.#settings, () => {
            this.#close(abortError("The app closed the server socket"));
        });
        // "When a new TCP server socket has successfully been created": after the constructor has returned
        soon(() => {
            if (failure === null) {
                this.#noteOpen();
            } else {
                this.#fail(failure.error);
            }
        });
        if (failure === null && signal !== null) {
            this.#unwatchSignal = watchSignal(signal, (reason) => {
                this.#abort(reason);
            });
        }
    }

    /** Null: connections to any address of the device. */
    get localAddress(): string | null {
        return this.#localAddress;
    }

    /** Null where the options name no port; `opened` tells which one the system chose. */
    get localPort(): number | null {
        return this.#localPort;
    }

    get addressReuse(): boolean {
        return this.#options.addressReuse;
    }

    get readyState(): SocketReadyState {
        return this.#readyState;
    }

    get opened(): Promise<TCPServerSocketOpenInfo> {
        return this.#opened.promise;
    }

    get closed(): Promise<undefined> {
        return this.#closed.promise;
    }

    /** "The listen method when invoked" */
    listen(): Promise<TCPSocket> {
        if (this.#readyState === "closed") {
            throw closedError("listen"); // thrown, as the step says: it comes before the promise is created
        }
        return this.#accept();
    }

    /** "The close method when invoked" */
    close(): Promise<undefined> {
        this.#close(abortError("The app closed the server socket"));
        return this.#closed.promise;
    }

    #listen(options: TcpServerOptions): { error: unknown } | null {
        try {
            this.#listener.listen({
                localAddress: options.localAddress ?? (options.ipv6Only ? ANY_IPV6 : ANY_IPV4),
                localPort: options.localPort ?? 0,
                addressReuse: options.addressReuse,
                ipv6Only: options.ipv6Only,
                backlog: options.backlog,
                sendBufferSize: options.sendBufferSize,
                receiveBufferSize: options.receiveBufferSize,
            });
            return null;
        } catch (error) {
            const renamed = constructorError(error);
            if (!isNetworkError(renamed)) {
                throw renamed;
            }
            return { error: renamed };
        }
    }

    /** "Upon a new successful connection to the TCP server socket" */
    async #accept(): Promise<TCPSocket> {
        return adoptConnection(await this.#listener.accept(), this.#settings);
    }

    #noteOpen(): void {
        if (this.#readyState === "opening") {
            this.#readyState = "open";
            this.#opened.resolve({ readable: this.#connections.readable, ...this.#listener.info() });
        }
    }

    #close(reason: unknown): void {
        if (this.#readyState === "closed") {
            return;
        }
        this.#readyState = "closed";
        this.#opened.reject(reason); // without effect once it is open
        this.#connections.closeReadable();
        this.#listener.close(reason);
        this.#release();
    }

    #abort(reason: unknown): void {
        if (this.#readyState !== "closed") {
            this.#fail(reason);
            this.#listener.close(reason);
        }
    }

    /** The socket could not be created, or "there is an error on an established TCP server socket" */
    #fail(error: unknown): void {
        if (this.#readyState === "closed") {
            return;
        }
        this.#readyState = "closed";
        this.#opened.reject(error);
        this.#closed.reject(error);
        this.#connections.errorReadable(error);
        this.#release();
    }

    #release(): void {
        this.#unwatchSignal?.();
        this.#unwatchSignal = null;
    }
}

defineInterface(TCPServerSocket, "TCPServerSocket", ["localAddress", "localPort", "readyState"]);

function isAddress(host: string): boolean {
    const kind = hostKind(host);
    return kind === "ipv4" || kind === "ipv6";
}
