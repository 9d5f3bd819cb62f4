/*
 * tcp_socket.ts - the TCPSocket interface: what an app sees. Not here: what it does (tcp_socket_connection.ts), its
 * arguments (tcp_arguments.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface TCPSocket".
 */
import type { TcpHandle } from "cleat:native/tcp";
import type { ReadableStream, WritableStream } from "../../streams/streams.ts";
import { defineInterface, requireArguments } from "../../web/webidl.ts";
import { type SocketReadyState, type TCPSocketOpenInfo, toTcpArguments } from "./tcp_arguments.ts";
import { type TcpSettings, TcpSocketConnection } from "./tcp_socket_connection.ts";

/** Stands in the place of the remote address where a server makes the socket; no app can have it. */
const ACCEPTED = {};

export class TCPSocket {
    readonly #connection: TcpSocketConnection;

    /** "When the TCPSocket constructor is invoked" */
    constructor(remoteAddress: string, remotePort: number, options: unknown = undefined) {
        if ((remoteAddress as unknown) === ACCEPTED) {
            this.#connection = options as TcpSocketConnection;
            return;
        }
        requireArguments(arguments.length, 2, "TCPSocket");
        const { host, port, options: converted, tls } = toTcpArguments(remoteAddress, remotePort, options); // steps 2, 3
        const { addressReuse, noDelay, allowHalfOpen, keepAlive } = converted;
        const remote = { address: host, port };
        this.#connection = new TcpSocketConnection(
            { addressReuse, noDelay, allowHalfOpen, keepAlive, remote, tls },
            null,
        );
        this.#connection.start(host, port, converted);
    }

    /** The host name or address of the peer as the constructor was given it. */
    get remoteAddress(): string {
        const { settings, addresses } = this.#connection;
        return settings.remote?.address ?? addresses?.remoteAddress ?? "";
    }

    get remotePort(): number {
        const { settings, addresses } = this.#connection;
        return settings.remote?.port ?? addresses?.remotePort ?? 0;
    }

    /** Null while it is not known yet: until the connection is open. */
    get localAddress(): string | null {
        return this.#connection.addresses?.localAddress ?? null;
    }

    get localPort(): number | null {
        return this.#connection.addresses?.localPort ?? null;
    }

    get addressReuse(): boolean {
        return this.#connection.settings.addressReuse;
    }

    get noDelay(): boolean {
        return this.#connection.settings.noDelay;
    }

    get readyState(): SocketReadyState {
        return this.#connection.readyState;
    }

    get opened(): Promise<TCPSocketOpenInfo> {
        return this.#connection.opened;
    }

    get closed(): Promise<undefined> {
        return this.#connection.closed;
    }

    get readable(): ReadableStream<ArrayBuffer> {
        return this.#connection.readable;
    }

    /** The spelling of the text. */
    get writeable(): WritableStream<unknown> {
        return this.#connection.writable;
    }

    get writable(): WritableStream<unknown> {
        return this.#connection.writable;
    }

    /** "The close() method when invoked" */
    close(reason: unknown = undefined): Promise<undefined> {
        return this.#connection.close(reason);
    }

    /**
     * TLS on a connection that has been plain so far (STARTTLS). This socket is closed, and the one that is returned
     * carries on. The side that connected is the client.
     */
    startTls(options: unknown = undefined): TCPSocket {
        return new TCPSocket(ACCEPTED as string, 0, this.#connection.upgrade(options));
    }

    /** "The halfClose() method when invoked" */
    halfClose(): void {
        this.#connection.halfClose();
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
export function adoptConnection(handle: TcpHandle, settings: TcpSettings): TCPSocket {
    const connection = new TcpSocketConnection(settings, handle);
    if (settings.tls !== null) {
        connection.secure(settings.tls, false, []);
    }
    return new TCPSocket(ACCEPTED as string, 0, connection);
}
