/*
 * udp_socket_endpoint.ts - what a UDPSocket does: the text's states and steps over a UdpEndpoint.
 * Not here: the attributes and methods that an app sees (udp_socket.ts), arguments (udp_arguments.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface UDPSocket". What the text leaves open is decided in
 * docs/standards/w3c-sockets.md.
 */
import type { UdpMessage } from "cleat:native/udp";
import type { ReadableStream, WritableStream } from "../../streams/streams.ts";
import { type Deferred, deferHandled, soon } from "../core/deferred.ts";
import { abortError, constructorError, isNetworkError } from "../core/errors.ts";
import type { UdpSocketOptions } from "../core/options.ts";
import { watchSignal } from "../core/signal.ts";
import { UdpEndpoint } from "../core/udp_endpoint.ts";
import type { SocketReadyState } from "./tcp_arguments.ts";
import { openOptions } from "./udp_arguments.ts";

/** What `opened` resolves with. */
export interface UDPSocketOpenInfo {
    readonly readable: ReadableStream<UdpMessage>;
    readonly writable: WritableStream<unknown>;
    readonly localAddress: string;
    readonly localPort: number;
    readonly remoteAddress: string | null;
    readonly remotePort: number | null;
    readonly sendBufferSize: number;
    readonly receiveBufferSize: number;
}

export class UdpSocketEndpoint extends UdpEndpoint {
    readonly options: UdpSocketOptions;
    readyState: SocketReadyState = "opening";
    localAddress: string | null = null;
    localPort: number | null = null;
    readonly #opened: Deferred<UDPSocketOpenInfo> = deferHandled();
    readonly #closed: Deferred<undefined> = deferHandled();
    #unwatchSignal: (() => void) | null = null;

    constructor(options: UdpSocketOptions) {
        super();
        this.options = options;
    }

    get opened(): Promise<UDPSocketOpenInfo> {
        return this.#opened.promise;
    }

    get closed(): Promise<undefined> {
        return this.#closed.promise;
    }

    /** Steps 5 and 6 of the constructor, and the set-up. */
    start(): void {
        const signal = this.options.signal;
        const failure = signal?.aborted === true ? { error: signal.reason as unknown } : this.#open();
        // "When the UDP socket has been successfully setup", or not: after the constructor has returned
        soon(() => {
            if (failure === null) {
                this.#noteOpen();
            } else {
                this.#abort(failure.error);
            }
        });
        if (failure === null && signal !== null) {
            this.#unwatchSignal = watchSignal(signal, (reason) => {
                this.#abort(reason);
            });
        }
    }

    /** "The close method when invoked" */
    close(reason: unknown): Promise<undefined> {
        this.cancelReadable(reason);
        return this.closed;
    }

    override opening(): Promise<unknown> | undefined {
        return this.readyState === "opening" ? this.opened : undefined;
    }

    /** close() of the sink "MUST be omitted": it ends the stream and not the socket, unless that is ending */
    override writingFinished(): void {
        if (this.readyState === "closed") {
            this.closeEndpoint(); // "assure that any buffered send data is sent"
        }
    }

    /** abort() of the sink, likewise */
    override writingAborted(): void {
        this.writingFinished();
    }

    /** cancel(): "the UDP socket should be closed for reading and writing" */
    protected override readableCancelled(): void {
        if (this.readyState === "opening") {
            this.#abort(abortError("The app closed the socket before it was open"));
        } else if (this.readyState === "open") {
            this.readyState = "closed";
            this.#unwatch();
            if (this.finishWriting()) {
                this.closeEndpoint();
            }
        }
    }

    /** error() of start(): the socket is lost */
    protected override endpointFailed(error: unknown): void {
        this.#fail(error);
    }

    protected override endpointClosed(): void {
        this.#closed.resolve(undefined);
    }

    /** What the arguments are not to blame for rejects the promises later. */
    #open(): { error: unknown } | null {
        const { options } = this;
        try {
            this.openEndpoint(openOptions(options));
        } catch (error) {
            const renamed = constructorError(error);
            if (!isNetworkError(renamed)) {
                this.closeEndpoint();
                throw renamed;
            }
            return { error: renamed };
        }
        const info = this.info();
        if (options.localAddress !== null || options.remoteAddress !== null) {
            this.localAddress = info.localAddress;
        }
        if (options.localPort !== null) {
            this.localPort = info.localPort;
        }
        return null;
    }

    #noteOpen(): void {
        if (this.readyState !== "opening") {
            return;
        }
        const { readable, writable } = this;
        const { remoteAddress, remotePort, interface: interface_ } = this.options;
        this.readyState = "open";
        this.startSending(remoteAddress, remotePort, interface_);
        const { localAddress, localPort, sendBufferSize, receiveBufferSize } = this.info();
        this.#opened.resolve({
            readable,
            writable,
            localAddress,
            localPort,
            remoteAddress,
            remotePort,
            sendBufferSize,
            receiveBufferSize,
        });
    }

    /** The set-up failed or was called off; the signal */
    #abort(reason: unknown): void {
        if (this.readyState !== "closed") {
            this.#fail(reason);
            this.closeEndpoint();
        }
    }

    #fail(error: unknown): void {
        if (this.readyState === "closed") {
            this.#closed.resolve(undefined); // lost while it was being closed anyway
            return;
        }
        this.readyState = "closed";
        this.errorReadable(error);
        this.errorWritable(error);
        this.#opened.reject(error);
        this.#closed.reject(error);
        this.#unwatch();
    }

    #unwatch(): void {
        this.#unwatchSignal?.();
        this.#unwatchSignal = null;
    }
}
