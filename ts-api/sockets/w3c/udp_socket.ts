/*
 * udp_socket.ts - the UDPSocket interface: what an app sees. Not here: what it does (udp_socket_endpoint.ts), its
 * arguments (udp_arguments.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface UDPSocket".
 */
import type { UdpMessage } from "cleat:native/udp";
import type { ReadableStream, WritableStream } from "../../streams/streams.ts";
import { defineInterface } from "../../web/webidl.ts";
import { toText } from "../core/convert.ts";
import { toMembershipOptions, toUdpOptions } from "../core/options.ts";
import type { SocketReadyState } from "./tcp_arguments.ts";
import { checkGroup, checkOptions } from "./udp_arguments.ts";
import { type UDPSocketOpenInfo, UdpSocketEndpoint } from "./udp_socket_endpoint.ts";

export class UDPSocket {
    readonly #endpoint: UdpSocketEndpoint;

    /** "When the UDPSocket constructor is invoked" */
    constructor(options: unknown = undefined) {
        const converted = toUdpOptions(options);
        checkOptions(converted); // steps 2 to 4
        this.#endpoint = new UdpSocketEndpoint(converted);
        this.#endpoint.start();
    }

    /** Null where the options name neither a local nor a remote address. */
    get localAddress(): string | null {
        return this.#endpoint.localAddress;
    }

    /** Null where the options name no port; `opened` tells which one the system chose. */
    get localPort(): number | null {
        return this.#endpoint.localPort;
    }

    get remoteAddress(): string | null {
        return this.#endpoint.options.remoteAddress;
    }

    get remotePort(): number | null {
        return this.#endpoint.options.remotePort;
    }

    get addressReuse(): boolean {
        return this.#endpoint.options.addressReuse;
    }

    get loopback(): boolean {
        return this.#endpoint.options.loopback;
    }

    get readyState(): SocketReadyState {
        return this.#endpoint.readyState;
    }

    get opened(): Promise<UDPSocketOpenInfo> {
        return this.#endpoint.opened;
    }

    get closed(): Promise<undefined> {
        return this.#endpoint.closed;
    }

    get readable(): ReadableStream<UdpMessage> {
        return this.#endpoint.readable;
    }

    /** The spelling of the text. */
    get writeable(): WritableStream<unknown> {
        return this.#endpoint.writable;
    }

    get writable(): WritableStream<unknown> {
        return this.#endpoint.writable;
    }

    /** Datagrams that the kernel dropped because the app did not read fast enough. */
    get droppedDatagrams(): number {
        return this.#endpoint.dropped;
    }

    /** "The close method when invoked" */
    close(reason: unknown = undefined): Promise<undefined> {
        return this.#endpoint.close(reason);
    }

    joinMulticast(multicastGroupAddress: string, options: unknown = undefined): void {
        const group = toText(multicastGroupAddress);
        const { source, interface: interface_ } = toMembershipOptions(options, "joinMulticast");
        checkGroup(group, source, "joinMulticast");
        this.#endpoint.join(group, source, interface_ ?? this.#endpoint.options.interface);
    }

    leaveMulticast(multicastGroupAddress: string, options: unknown = undefined): void {
        const group = toText(multicastGroupAddress);
        const { source, interface: interface_ } = toMembershipOptions(options, "leaveMulticast");
        checkGroup(group, source, "leaveMulticast");
        this.#endpoint.leave(group, source, interface_ ?? this.#endpoint.options.interface);
    }
}

defineInterface(UDPSocket, "UDPSocket", [
    "localAddress",
    "localPort",
    "remoteAddress",
    "remotePort",
    "readyState",
]);
