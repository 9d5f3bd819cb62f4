/*
 * udp_socket.ts - the UDPSocket interface: the text's steps over a UdpEndpoint and two streams.
 * Not here: option dictionaries (core/options.ts), streams (core/*_side.ts), the handle (core/udp_endpoint.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface UDPSocket". What the text leaves open is decided in
 * docs/standards/w3c-sockets.md.
 */
import type { UdpMessage } from "cleat:native/udp";
import { any } from "cleat:native/permission";
import { hostKind } from "cleat:native/resolver";
import type { ReadableStream, WritableStream } from "../../streams/streams.ts";
import { defineInterface } from "../../web/webidl.ts";
import { invalidPort, toText } from "../core/convert.ts";
import { type Deferred, deferHandled, soon, whenSettled } from "../core/deferred.ts";
import { abortError, constructorError, domException, isNetworkError, securityError } from "../core/errors.ts";
import { toMembershipOptions, toUdpOptions, type UdpSocketOptions } from "../core/options.ts";
import { anyUdp, isGroup, requireGranted, udpUseQuestions } from "../core/permission.ts";
import { ReadableSide } from "../core/readable_side.ts";
import { watchSignal } from "../core/signal.ts";
import { UdpEndpoint } from "../core/udp_endpoint.ts";
import { WritableSide } from "../core/writable_side.ts";
import type { SocketReadyState } from "./tcp_arguments.ts";

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

/** Datagrams that wait in `readable` for the app: beyond it the kernel's buffer fills, then the kernel drops. */
const RECEIVE_HIGH_WATER_MARK = 64;
/** Datagrams that one wake-up takes at most (one recvmmsg). */
const RECEIVE_BATCH = 32;

export class UDPSocket {
    readonly #endpoint: UdpEndpoint;
    readonly #options: UdpSocketOptions;
    readonly #opened: Deferred<UDPSocketOpenInfo> = deferHandled();
    readonly #closed: Deferred<undefined> = deferHandled();
    readonly #readable: ReadableSide<UdpMessage>;
    readonly #writable: WritableSide;
    #localAddress: string | null = null;
    #localPort: number | null = null;
    #readyState: SocketReadyState = "opening";
    #unwatchSignal: (() => void) | null = null;

    /** "When the UDPSocket constructor is invoked" */
    constructor(options: unknown = undefined) {
        const converted = toUdpOptions(options);
        checkOptions(converted); // steps 2 to 4
        this.#options = converted;
        this.#endpoint = new UdpEndpoint({
            endpointFailed: (error) => {
                this.#fail(error);
            },
            endpointClosed: () => {
                this.#closed.resolve(undefined);
            },
        });
        const signal = converted.signal;
        const failure =
            signal?.aborted === true ? { error: signal.reason as unknown } : this.#open(converted);
        this.#readable = this.#makeReadable();
        this.#writable = this.#makeWritable();
        // "When the UDP socket has been successfully setup", or not: after the constructor has returned
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

    /** Null where the options name neither a local nor a remote address. */
    get localAddress(): string | null {
        return this.#localAddress;
    }

    /** Null where the options name no port; `opened` tells which one the system chose. */
    get localPort(): number | null {
        return this.#localPort;
    }

    get remoteAddress(): string | null {
        return this.#options.remoteAddress;
    }

    get remotePort(): number | null {
        return this.#options.remotePort;
    }

    get addressReuse(): boolean {
        return this.#options.addressReuse;
    }

    get loopback(): boolean {
        return this.#options.loopback;
    }

    get readyState(): SocketReadyState {
        return this.#readyState;
    }

    get opened(): Promise<UDPSocketOpenInfo> {
        return this.#opened.promise;
    }

    get closed(): Promise<undefined> {
        return this.#closed.promise;
    }

    get readable(): ReadableStream<UdpMessage> {
        return this.#readable.stream;
    }

    /** The spelling of the text. */
    get writeable(): WritableStream<unknown> {
        return this.#writable.stream;
    }

    get writable(): WritableStream<unknown> {
        return this.#writable.stream;
    }

    /** Datagrams that the kernel dropped because the app did not read fast enough. */
    get droppedDatagrams(): number {
        return this.#endpoint.dropped();
    }

    /** "The close method when invoked" */
    close(reason: unknown = undefined): Promise<undefined> {
        this.#readable.cancel(reason);
        return this.#closed.promise;
    }

    joinMulticast(multicastGroupAddress: string, options: unknown = undefined): void {
        const group = toText(multicastGroupAddress);
        const { source, interface: interface_ } = toMembershipOptions(options, "joinMulticast");
        checkGroup(group, source, "joinMulticast");
        this.#endpoint.join(group, source, interface_ ?? this.#options.interface);
    }

    leaveMulticast(multicastGroupAddress: string, options: unknown = undefined): void {
        const group = toText(multicastGroupAddress);
        const { source, interface: interface_ } = toMembershipOptions(options, "leaveMulticast");
        checkGroup(group, source, "leaveMulticast");
        this.#endpoint.leave(group, source, interface_ ?? this.#options.interface);
    }

    /** Steps 5 and 6; what the arguments are not to blame for rejects the promises later. */
    #open(options: UdpSocketOptions): { error: unknown } | null {
        try {
            this.#endpoint.open({
                localAddress: options.localAddress,
                localPort: options.localPort ?? 0,
                remoteAddress: options.remoteAddress,
                remotePort: options.remoteAddress === null ? 0 : (options.remotePort ?? 0),
                addressReuse: options.addressReuse,
                addressSharing: options.multicastAllowAddressSharing,
                ipv6Only: options.ipv6Only,
                loopback: options.loopback,
                broadcast: options.broadcast ?? any("broadcast"),
                interface: options.interface,
                hops: options.timeToLive,
                multicastHops: options.multicastTimeToLive,
                sendBufferSize: options.sendBufferSize,
                receiveBufferSize: options.receiveBufferSize,
                family: options.family,
            });
        } catch (error) {
            const renamed = constructorError(error);
            if (!isNetworkError(renamed)) {
                throw renamed;
            }
            return { error: renamed };
        }
        this.#endpoint.setDefaults(options.remoteAddress, options.remotePort, options.interface);
        const info = this.#endpoint.info();
        if (options.localAddress !== null || options.remoteAddress !== null) {
            this.#localAddress = info.localAddress;
        }
        if (options.localPort !== null) {
            this.#localPort = info.localPort;
        }
        return null;
    }

    /** `readable`: "Let the mySocket.readable attribute be a new ReadableStream" */
    #makeReadable(): ReadableSide<UdpMessage> {
        return new ReadableSide<UdpMessage>(
            {
                opening: () => this.#opened.promise,
                pullFor: (side) => this.#pull(side),
                cancelled: () => {
                    this.#cancel();
                },
            },
            RECEIVE_HIGH_WATER_MARK,
        );
    }

    /** `writeable`: "Let the mySocket.writeable attribute be a new WritableStream" */
    #makeWritable(): WritableSide {
        return new WritableSide({
            opening: () => this.#opened.promise,
            independentWrites: true,
            write: (chunk) => this.#endpoint.write(chunk),
            finished: nothing, // "MUST be omitted"
            aborted: nothing,
        });
    }

    /**
     * enqueue() of start(). The text has no pull() and drops what the queue can't hold; here the queue is filled
     * on demand and the kernel drops, which can be counted.
     */
    #pull(side: ReadableSide<UdpMessage>): undefined | Promise<undefined> {
        const wanted = side.desiredSize;
        return this.#endpoint.receive(wanted < RECEIVE_BATCH ? wanted : RECEIVE_BATCH, (messages) => {
            for (let i = 0; i < messages.length; i++) {
                side.enqueue(messages[i] as UdpMessage);
            }
        });
    }

    #noteOpen(): void {
        if (this.#readyState !== "opening") {
            return;
        }
        this.#readyState = "open";
        const info = this.#endpoint.info();
        this.#opened.resolve({
            readable: this.#readable.stream,
            writable: this.#writable.stream,
            localAddress: info.localAddress,
            localPort: info.localPort,
            remoteAddress: this.#options.remoteAddress,
            remotePort: this.#options.remotePort,
            sendBufferSize: info.sendBufferSize,
            receiveBufferSize: info.receiveBufferSize,
        });
    }

    /** cancel(): "the UDP socket should be closed for reading and writing" */
    #cancel(): void {
        if (this.#readyState === "closed") {
            return;
        }
        if (this.#readyState === "opening") {
            this.#fail(abortError("The app closed the socket before it was open"));
            this.#endpoint.close();
            return;
        }
        this.#readyState = "closed";
        this.#release();
        const close = (): void => {
            this.#endpoint.close();
        };
        whenSettled(this.#writable.finish(), close, close); // "assure that any buffered send data is sent"
    }

    /** The signal */
    #abort(reason: unknown): void {
        if (this.#readyState !== "closed") {
            this.#fail(reason);
            this.#endpoint.close();
        }
    }

    /** error() of start(): the set-up failed, or the socket is lost */
    #fail(error: unknown): void {
        if (this.#readyState === "closed") {
            this.#closed.resolve(undefined); // lost while it was being closed anyway
            return;
        }
        this.#readyState = "closed";
        this.#readable.error(error);
        this.#writable.fail(error);
        this.#opened.reject(error);
        this.#closed.reject(error);
        this.#release();
    }

    #release(): void {
        this.#unwatchSignal?.();
        this.#unwatchSignal = null;
    }
}

defineInterface(UDPSocket, "UDPSocket", [
    "localAddress",
    "localPort",
    "remoteAddress",
    "remotePort",
    "readyState",
]);

/** Steps 2 to 4: permission for the options, then whether they are hosts and ports at all. */
function checkOptions(options: UdpSocketOptions): void {
    const { localAddress, localPort, remoteAddress, remotePort } = options;
    const remoteValid = remoteAddress === null || hostKind(remoteAddress) !== null;
    const localValid = localAddress === null || isAddress(localAddress);
    const remotePortValid = remotePort === null || remotePort >= 1;
    const localPortValid = localPort === null || localPort === localPort;
    // A port of the system's choice, or a default port without a host, is nothing to ask for yet.
    const boundPort = localPort === 0 && localAddress === null ? null : localPort;
    const given = localAddress !== null || boundPort !== null || remoteAddress !== null;
    if (!given || !remoteValid || !localValid || !remotePortValid || !localPortValid) {
        if (!anyUdp()) {
            throw securityError("udp.send", null, -1, null);
        }
    } else {
        requireGranted(udpUseQuestions({ ...options, localPort: boundPort }, remoteAddress !== null));
    }
    if (!remoteValid) {
        throw domException(
            "InvalidAccessError",
            "UDPSocket: remoteAddress is not a valid host name or address",
        );
    }
    if (!remotePortValid) {
        throw invalidPort("UDPSocket: remotePort");
    }
    if (!localValid) {
        throw domException("InvalidAccessError", "UDPSocket: localAddress is not an address of this device");
    }
    if (!localPortValid) {
        throw invalidPort("UDPSocket: localPort");
    }
}

function checkGroup(group: string, source: string | null, what: string): void {
    if (!isGroup(group)) {
        throw domException(
            "InvalidAccessError",
            `${what}: "${group}" is not the address of a multicast group`,
        );
    }
    if (source !== null && (!isAddress(source) || isGroup(source))) {
        throw domException("InvalidAccessError", `${what}: source is not the address of a host`);
    }
}

function isAddress(host: string): boolean {
    const kind = hostKind(host);
    return kind === "ipv4" || kind === "ipv6";
}

function nothing(): void {}
