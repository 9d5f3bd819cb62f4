/*
 * tcp_arguments.ts - what goes into a TCPSocket and comes out of `opened`: the arguments of the constructor, converted and
 * checked in the order of the text, and the types. Not here: the class (tcp_socket.ts).
 * Spec: W3C TCP and UDP Socket API, "When the TCPSocket constructor is invoked", steps 2 and 3.
 */
import type { TcpConnectOptions } from "cleat:native/tcp";
import type { TlsCertificate } from "cleat:native/tls";
import { hostKind } from "cleat:native/resolver";
import type { ReadableStream, WritableStream } from "../../streams/streams.ts";
import { invalidPort, toPortNumber, toText } from "../core/convert.ts";
import { domException } from "../core/errors.ts";
import { firstSetting } from "../core/keep_alive.ts";
import { type TcpOptions, toTcpOptions } from "../core/options.ts";
import { requireAny, requireGranted, tcpQuestions } from "../core/permission.ts";
import { newTlsSettings, type TlsSettings } from "../core/tls.ts";

/** States of the text that a TCP socket can be in. */
export type SocketReadyState = "opening" | "open" | "closing" | "closed" | "halfclosed";

/** What `opened` resolves with. */
export interface TCPSocketOpenInfo {
    readonly readable: ReadableStream<ArrayBuffer>;
    readonly writable: WritableStream<unknown>;
    readonly remoteAddress: string;
    readonly remotePort: number;
    readonly localAddress: string;
    readonly localPort: number;
    readonly sendBufferSize: number;
    readonly receiveBufferSize: number;
    /* With TLS: */
    readonly alpn?: string | null;
    readonly protocol?: "TLSv1.2" | "TLSv1.3";
    readonly cipher?: string;
    readonly peerCertificate?: TlsCertificate | null;
    readonly resumed?: boolean;
}

/** Converts and checks; throws in the order of the text: permission, then validity. */
export function toTcpArguments(
    remoteAddress: unknown,
    remotePort: unknown,
    options: unknown,
): { host: string; port: number; options: TcpOptions; tls: TlsSettings | null } {
    const host = toText(remoteAddress);
    const port = toPortNumber(remotePort);
    const converted = toTcpOptions(options);
    // Step 2: permission
    const hostValid = hostKind(host) !== null;
    const portValid = port >= 1;
    if (hostValid && portValid) {
        requireGranted(
            tcpQuestions({
                localAddress: null,
                localPort: null,
                rejectUnauthorized: converted.tls?.rejectUnauthorized !== false,
                remoteAddress: host,
                remotePort: port,
                useSecureTransport: converted.tls !== null,
            }),
        );
    } else {
        requireAny("tcp.connect");
    }
    // Step 3
    if (!hostValid) {
        throw domException(
            "InvalidAccessError",
            "TCPSocket: remoteAddress is not a valid host name or address",
        );
    }
    if (!portValid) {
        throw invalidPort("TCPSocket: remotePort");
    }
    checkLocal(converted);
    const tls = converted.tls === null ? null : newTlsSettings(converted.tls, host);
    return { host, port, options: converted, tls };
}

/** The options as the native wants them. */
export function connectOptions(options: TcpOptions, tls: TlsSettings | null): TcpConnectOptions {
    const keepAlive = firstSetting(options.keepAlive);
    return {
        localAddress: options.localAddress,
        localPort: options.localPort ?? 0,
        interface: options.interface,
        addressReuse: options.addressReuse,
        noDelay: options.noDelay,
        keepAliveIdle: keepAlive.idle,
        keepAliveInterval: keepAlive.interval,
        keepAliveCount: keepAlive.count,
        sendBufferSize: options.sendBufferSize,
        receiveBufferSize: options.receiveBufferSize,
        family: options.family,
        resolveTimeout: 0,
        tls: tls === null ? null : tls.context,
        serverName: tls === null ? "" : tls.serverName,
        handshakeTimeout: tls === null ? 0 : tls.handshakeTimeout,
    };
}

function checkLocal({ localAddress, localPort }: TcpOptions): void {
    const kind = localAddress === null ? "ipv4" : hostKind(localAddress);
    if (kind !== "ipv4" && kind !== "ipv6") {
        throw domException("InvalidAccessError", "TCPSocket: localAddress is not an address of this device");
    }
    if (localPort !== null && localPort !== localPort) {
        throw invalidPort("TCPSocket: localPort");
    }
}
