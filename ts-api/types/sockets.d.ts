/*
 * sockets.d.ts - types of the W3C TCP and UDP Socket API as Cleat implements it: TCPSocket, TCPServerSocket,
 * UDPSocket and the permission objects of `navigator`. Not here: streams, events and the rest (web.d.ts).
 * Spec: W3C TCP and UDP Socket API (2015). Members that the text lacks are marked "Addition". Where the text is
 * silent: docs/standards/w3c-sockets.md.
 *
 * Errors: every rejection and exception is a DOMException (its `name` is given below) or a TypeError. A
 * DOMException that stands for a failed system call has a `code` ("ECONNREFUSED", "EADDRINUSE", …) and mostly
 * the `syscall`.
 */

/** What can be sent: bytes, or text that is sent as UTF-8. */
type SocketData = ArrayBuffer | ArrayBufferView | string;

/** A network interface: its name ("eth0") or its index (`ip link` shows both). */
type NetworkInterfaceName = string | number;

/** A DOMException that a failed system call caused. */
type SocketError = Omit<DOMException, "code"> & {
    /** Stable upper-case name, e.g. "ECONNREFUSED", "ENETUNREACH", "EAI_NONAME". */
    readonly code: string;
    /** The call that failed, e.g. "connect". */
    readonly syscall?: string;
};

/** State of a socket. W3C: "SocketReadyState". */
type SocketReadyState =
    /** Addresses are being looked up, the connection is being made. */
    | "opening"
    /** Data can be sent and received. */
    | "open"
    /** TCP only: close() was called, the closing handshake is under way. */
    | "closing"
    /** The end, in order or by an error. */
    | "closed"
    /** TCP only: the app has finished sending and can still receive. */
    | "halfclosed";

/** Answer to a question for permission. W3C: "TCPUDPPermissionState". */
type TCPUDPPermissionState =
    /** The app may. */
    | "granted"
    /** The app may not, and asking is of no use. */
    | "denied"
    /** The app has to ask with requestPermission(). */
    | "prompt";

/** Keep-alive probes. W3C: "TCPKeepAliveOptions". */
type TCPKeepAliveOptions =
    /** None. */
    | "off"
    /** Every 10 seconds in the first minute, then every `tcpKeepAliveSparseIntvl` seconds. */
    | "frequent-then-sparse"
    /** Every `tcpKeepAliveSparseIntvl` seconds. */
    | "sparse";

/**
 * The sending side of a socket: a WritableStream that also takes chunks without a writer, as streams did when
 * the text was written.
 */
interface SocketWritableStream<W> extends WritableStream<W> {
    /**
     * Sends one chunk, also before the socket is open (it waits then). TCP: an error of one write ends the
     * connection. UDP: it rejects this write and nothing else.
     * @throws TypeError (rejection) while a writer holds the lock, after close(), or for a chunk of a wrong type
     */
    write(chunk: W): Promise<undefined>;
    /** Resolved while the stream wants more; otherwise resolves when it does. Rejects once the stream has failed. */
    readonly ready: Promise<undefined>;
}

/** Options of all sockets that the text lacks. Addition. */
interface SocketOptions {
    /** Size of the kernel's send buffer in bytes (SO_SNDBUF); `opened` tells what was granted. At least 1. */
    sendBufferSize?: number;
    /** Size of the kernel's receive buffer in bytes (SO_RCVBUF); `opened` tells what was granted. At least 1. */
    receiveBufferSize?: number;
    /**
     * Ends the socket when it aborts: before it is open, `opened` and `closed` reject with the reason of the
     * signal; afterwards the connection is reset and `closed` rejects with the reason.
     */
    signal?: AbortSignal | null;
}

/** Options of TCPSocket. W3C: "Dictionary TCPOptions". */
interface TCPOptions extends SocketOptions, TLSClientOptions {
    /** Address of this device to connect from. Default: what the routing table says. */
    localAddress?: string | null;
    /** Port to connect from, 0 to 65535. Default: the system's choice. */
    localPort?: number | null;
    /** Whether a local address and port in use can be bound to. Default: true. */
    addressReuse?: boolean;
    /** Whether small writes are sent at once (no Nagle algorithm). Default: true. */
    noDelay?: boolean;
    /** TLS from the first byte; the options of TLSClientOptions go with it. Default: false. */
    useSecureTransport?: boolean;
    /** Keep-alive probes. Default: "off". */
    tcpKeepAliveOptions?: TCPKeepAliveOptions;
    /** Seconds between sparse probes, at least 1 (the kernel's maximum of 32767 is used for more). Default: 600. */
    tcpKeepAliveSparseIntvl?: number;
    /** Milliseconds without traffic before the first probe and between probes, at least 1000. Addition. */
    keepAliveDelay?: number;
    /**
     * Whether the app can go on sending after the peer has finished. Default: true. False: the peer's FIN
     * closes the socket (after what was written is sent). Addition.
     */
    allowHalfOpen?: boolean;
    /** Which addresses of a host name are tried. Default: both, in a race (RFC 8305). Addition. */
    dnsQueryType?: "ipv4" | "ipv6";
    /** Interface to connect through. Addition. */
    interface?: NetworkInterfaceName | null;
}

/** What `opened` of a TCPSocket resolves with. The text resolves with undefined. */
interface TCPSocketOpenInfo extends TLSOpenInfo {
    readonly readable: ReadableStream<ArrayBuffer>;
    readonly writable: SocketWritableStream<SocketData>;
    /** Address of the peer (also where the constructor was given a name). */
    readonly remoteAddress: string;
    readonly remotePort: number;
    readonly localAddress: string;
    readonly localPort: number;
    /** Bytes, as the kernel reports them. */
    readonly sendBufferSize: number;
    /** Bytes, as the kernel reports them. */
    readonly receiveBufferSize: number;
}

/**
 * A TCP connection. W3C: "Interface TCPSocket".
 *
 * ```ts
 * const socket = new TCPSocket("192.168.1.20", 8009);
 * await socket.writeable.write("hello\n");
 * for await (const chunk of socket.readable) {
 *     console.log(new TextDecoder().decode(chunk));
 * }
 * await socket.close();
 * ```
 */
declare class TCPSocket {
    /**
     * Starts to connect to `remoteAddress` (host name or IPv4 or IPv6 address, `fe80::1%eth0` with its zone) on
     * `remotePort` (1 to 65535). All addresses of a name are tried; `opened` tells how it ended.
     * @throws SecurityError without permission "tcp.connect" for the host and port; the message says how to give it
     * @throws InvalidAccessError for a host or port that is none, a local address that is not this device's, or a
     *     peer that no interface leads to
     * @throws InvalidAccessError with a code (docs/tls.md) for certificates and keys that can't be used
     * @throws TypeError for options of a wrong type
     */
    constructor(remoteAddress: string, remotePort: number, options?: TCPOptions);
    /** The host name or address as the constructor was given it; of an accepted socket the peer's address. */
    readonly remoteAddress: string;
    readonly remotePort: number;
    /** The local address; null until it is known (at the latest when `opened` resolves). */
    readonly localAddress: string | null;
    /** The local port; null until it is known (at the latest when `opened` resolves). */
    readonly localPort: number | null;
    readonly addressReuse: boolean;
    readonly noDelay: boolean;
    readonly readyState: SocketReadyState;
    /**
     * Resolves when the connection is open. Rejects with NetworkError if it could not be made, with AbortError
     * after close(), with the reason of the signal. A rejection that nobody handles is not reported.
     */
    readonly opened: Promise<TCPSocketOpenInfo>;
    /**
     * Resolves when both sides have finished (FIN), rejects with NetworkError when the connection is lost or could
     * not be made, with the reason after an abort. A rejection that nobody handles is not reported.
     */
    readonly closed: Promise<undefined>;
    /**
     * What the peer sends, as immutable ArrayBuffers of at most 64 KiB. Ends when the peer has finished. Nothing
     * is read from the network while one chunk waits here: TCP then slows the peer down. cancel() is close().
     */
    readonly readable: ReadableStream<ArrayBuffer>;
    /**
     * What is sent to the peer. close() sends FIN behind what is queued; abort() drops what is queued and resets
     * the connection (RST). The spelling is the text's.
     */
    readonly writeable: SocketWritableStream<SocketData>;
    /** The same stream, in the usual spelling. Addition. */
    readonly writable: SocketWritableStream<SocketData>;
    /**
     * Sends what is queued, then closes; works while the streams are locked. Returns `closed`. Before the
     * connection is open: calls it off, `opened` and `closed` reject with AbortError.
     */
    close(reason?: unknown): Promise<undefined>;
    /** Finishes sending (FIN behind what is queued); the app can still receive. W3C: "halfClose". */
    halfClose(): void;
    /**
     * Begins with TLS on a connection that has been plain so far (STARTTLS), when what was written before has gone out. The
     * side that connected is the client, with the host it connected to as the default of `serverName`. This socket and
     * its streams are closed; the one that is returned carries on, and is open when the handshake is done. What
     * the peer sent before and nobody has read makes it fail (TLS_PLAINTEXT): read all of the peer's answer first,
     * and refuse an answer that has more behind it. Addition.
     * @throws InvalidStateError unless the socket is open and plain
     * @throws InvalidAccessError with a code (docs/tls.md) for certificates and keys that can't be used
     * @throws SecurityError for `rejectUnauthorized: false` without permission "tls.insecure"
     */
    startTls(options?: TLSClientOptions & TLSServerOptions): TCPSocket;
}

/** Options of TCPServerSocket. W3C: "Dictionary TCPServerOptions". */
interface TCPServerOptions extends SocketOptions, TLSServerOptions {
    /** Address of this device to listen on. Default: any IPv4 address; "::" is any address of both families. */
    localAddress?: string | null;
    /** Port to listen on, 0 to 65535. Default: the system's choice, which `opened` tells. */
    localPort?: number | null;
    /** Whether a port can be bound to whose last connections are still ending. Default: true. */
    addressReuse?: boolean;
    /** TLS on each connection; the options of TLSServerOptions go with it. Default: false. */
    useSecureTransport?: boolean;
    /** Connections that the kernel keeps until the app takes them, 1 to 65535 (SOMAXCONN if absent). Addition. */
    backlog?: number;
    /** Whether "::" leaves out IPv4. Default: false. Addition. */
    ipv6Only?: boolean;
    /** Keep-alive of accepted connections. Addition. */
    tcpKeepAliveOptions?: TCPKeepAliveOptions;
    /** Keep-alive of accepted connections. Addition. */
    tcpKeepAliveSparseIntvl?: number;
    /** Keep-alive of accepted connections. Addition. */
    keepAliveDelay?: number;
    /** `allowHalfOpen` of accepted connections. Addition. */
    allowHalfOpen?: boolean;
}

/** What `opened` of a TCPServerSocket resolves with. The text resolves with undefined. */
interface TCPServerSocketOpenInfo {
    /** Connections, each accepted when somebody reads for it: the rest waits in the kernel's backlog. */
    readonly readable: ReadableStream<TCPSocket>;
    readonly localAddress: string;
    readonly localPort: number;
}

/**
 * A TCP server. W3C: "Interface TCPServerSocket".
 *
 * ```ts
 * const server = new TCPServerSocket({ localPort: 7 });
 * for (;;) {
 *     const socket = await server.listen();
 *     void socket.readable.pipeTo(socket.writeable);
 * }
 * ```
 */
declare class TCPServerSocket {
    /**
     * Binds and listens.
     * @throws SecurityError without permission "tcp.listen" for the address and port
     * @throws InvalidAccessError for a port that is none or an address that is not this device's
     * @throws InvalidAccessError with a code (docs/tls.md) for certificates and keys that can't be used
     * @throws TypeError for options of a wrong type
     */
    constructor(options?: TCPServerOptions);
    /** The address of the options; null: any IPv4 address. */
    readonly localAddress: string | null;
    /** The port of the options; null where the system chose (`opened` tells which). */
    readonly localPort: number | null;
    readonly addressReuse: boolean;
    /** "opening", "open" or "closed". */
    readonly readyState: SocketReadyState;
    /** Resolves when the server listens; rejects with NetworkError ("EADDRINUSE", …) or AbortError. */
    readonly opened: Promise<TCPServerSocketOpenInfo>;
    /** Resolves after close(), rejects with NetworkError when the listening socket is lost. */
    readonly closed: Promise<undefined>;
    /**
     * The next connection, as an open TCPSocket. Several calls may wait; they are served in their order.
     * Rejects with NetworkError when a connection can't be served (out of descriptors: "EMFILE"), with AbortError when
     * the server is closed meanwhile, with QuotaExceededError beyond 1,024 waiting calls.
     * @throws InvalidStateError once the server is closed (thrown, not rejected, as the text orders its steps)
     */
    listen(): Promise<TCPSocket>;
    /** Stops listening; connections go on. Returns `closed`. */
    close(): Promise<undefined>;
}

/** A datagram to send. W3C: "Dictionary UDPMessage". */
interface UDPMessage {
    /** The payload. */
    data: SocketData;
    /** Host name or address of the receiver. Default: that of the socket's options. */
    remoteAddress?: string | null;
    /** Port of the receiver. Default: that of the socket's options. */
    remotePort?: number | null;
    /** Interface to send it through (for groups and link-local addresses). Default: that of the options. Addition. */
    interface?: NetworkInterfaceName | null;
}

/** A datagram that arrived. W3C: "Dictionary UDPMessage". */
interface UDPReceivedMessage {
    /** The payload: an immutable ArrayBuffer. */
    readonly data: ArrayBuffer;
    /** Address of the sender. */
    readonly remoteAddress: string;
    /** Port of the sender. */
    readonly remotePort: number;
    /** Address that it was sent to: one of this device's, a group, a broadcast address. Addition. */
    readonly localAddress: string | null;
    /** Name of the interface that it came in by. Addition. */
    readonly interface: string | null;
    /** TTL or hop limit with which it arrived. Addition. */
    readonly hopLimit: number | null;
}

/** Options of UDPSocket. W3C: "Dictionary UDPOptions". */
interface UDPOptions extends SocketOptions {
    /** Address of this device to bind to. Such a socket receives no multicast: leave it out and use `interface`. */
    localAddress?: string | null;
    /** Port to bind to, 0 to 65535. Default: the system's choice, which `opened` tells. */
    localPort?: number | null;
    /** Default receiver: a host name or address. */
    remoteAddress?: string | null;
    /** Default receiver: port, 1 to 65535. */
    remotePort?: number | null;
    /** Whether an address and port in use can be bound to. Default: true. */
    addressReuse?: boolean;
    /** Whether multicast that this socket sends is also delivered on this device. Default: false. */
    loopback?: boolean;
    /** Whether broadcast addresses can be sent to. Default: whether the app has a grant for "broadcast". Addition. */
    broadcast?: boolean;
    /** Which addresses of host names are sent to. Default: both. Addition. */
    dnsQueryType?: "ipv4" | "ipv6";
    /** Default interface for joins and for what is sent to groups. Addition. */
    interface?: NetworkInterfaceName | null;
    /** Whether a socket on "::" leaves out IPv4. Default: false. Addition. */
    ipv6Only?: boolean;
    /** Whether other programs may use the same port (SO_REUSEPORT), as mDNS needs. Default: false. Addition. */
    multicastAllowAddressSharing?: boolean;
    /** TTL or hop limit of multicast, 0 to 255. Default: 1. Addition. */
    multicastTimeToLive?: number;
    /** TTL or hop limit of the rest, 1 to 255. Default: the system's. Addition. */
    timeToLive?: number;
}

/** What `opened` of a UDPSocket resolves with. The text resolves with undefined. */
interface UDPSocketOpenInfo {
    readonly readable: ReadableStream<UDPReceivedMessage>;
    readonly writable: SocketWritableStream<UDPMessage>;
    readonly localAddress: string;
    readonly localPort: number;
    readonly remoteAddress: string | null;
    readonly remotePort: number | null;
    /** Bytes, as the kernel reports them. */
    readonly sendBufferSize: number;
    /** Bytes, as the kernel reports them. */
    readonly receiveBufferSize: number;
}

/** Options of joinMulticast() and leaveMulticast(). Addition. */
interface MulticastMembershipOptions {
    /** Only what this host sends to the group (source-specific multicast). */
    source?: string | null;
    /** Interface to join on. Default: that of the socket's options, else the routing table's. */
    interface?: NetworkInterfaceName | null;
}

/**
 * A UDP socket. W3C: "Interface UDPSocket".
 *
 * ```ts
 * const socket = new UDPSocket();
 * await socket.writeable.write({ data: search, remoteAddress: "239.255.255.250", remotePort: 1900 });
 * for await (const { data, remoteAddress } of socket.readable) {
 *     console.log(remoteAddress, new TextDecoder().decode(data));
 * }
 * ```
 */
declare class UDPSocket {
    /**
     * Creates and binds.
     * @throws SecurityError without permission: "udp.bind" for a local address or port, "udp.send" (or "multicast",
     *     "broadcast") for a remote one; without either, if the app has no grant for UDP at all
     * @throws InvalidAccessError for a host or port that is none, a local address that is not this device's, or a
     *     remote address that no interface leads to
     * @throws TypeError for options of a wrong type
     */
    constructor(options?: UDPOptions);
    /** The address that the socket is bound to; null where the options name neither end. */
    readonly localAddress: string | null;
    /** The port of the options; null where the system chose (`opened` tells which). */
    readonly localPort: number | null;
    /** The default receiver, as in the options, or null. */
    readonly remoteAddress: string | null;
    /** The default receiver's port, as in the options, or null. */
    readonly remotePort: number | null;
    readonly addressReuse: boolean;
    readonly loopback: boolean;
    /** "opening", "open" or "closed". */
    readonly readyState: SocketReadyState;
    /** Resolves when the socket is bound; rejects with NetworkError ("EADDRINUSE", …) or AbortError. */
    readonly opened: Promise<UDPSocketOpenInfo>;
    /** Resolves after close(), rejects with NetworkError when the socket is lost. */
    readonly closed: Promise<undefined>;
    /**
     * Datagrams that arrived. At most 64 wait here and further ones in the kernel's buffer; what that can't
     * hold is dropped and counted in `droppedDatagrams`. cancel() is close().
     */
    readonly readable: ReadableStream<UDPReceivedMessage>;
    /**
     * Datagrams to send. A write() that fails (NetworkError: "ENETUNREACH", "EMSGSIZE", "EAI_NONAME", …; SecurityError;
     * InvalidAccessError without a receiver; TypeError) rejects and changes nothing else; a rejection that nobody
     * handles is not reported. close() and abort() end this stream, not the socket. The spelling is the text's.
     */
    readonly writeable: SocketWritableStream<UDPMessage>;
    /** The same stream, in the usual spelling. Addition. */
    readonly writable: SocketWritableStream<UDPMessage>;
    /** Datagrams that the kernel dropped because its buffer was full. Addition. */
    readonly droppedDatagrams: number;
    /** Sends what is queued, then closes; works while the streams are locked. Returns `closed`. */
    close(reason?: unknown): Promise<undefined>;
    /**
     * Joins a group; once more changes nothing. An interface that was removed and came back under its name is joined
     * anew by the same call.
     * @throws InvalidAccessError for what is not the address of a group
     * @throws SecurityError without permission "multicast" (join) for group, port and interface
     * @throws NetworkError if the system refuses ("ENODEV", "ENOBUFS" for more groups than it allows on a socket, …)
     * @throws InvalidStateError once the socket is closed
     */
    joinMulticast(multicastGroupAddress: string, options?: MulticastMembershipOptions): void;
    /**
     * Leaves a group that was joined with the same arguments; works also where the interface is gone.
     * @throws like joinMulticast(); InvalidAccessError for a group that was not joined
     */
    leaveMulticast(multicastGroupAddress: string, options?: MulticastMembershipOptions): void;
}

/** What a UDPSocket is to be allowed. W3C: "Dictionary UDPPermissionOptions". */
interface UDPPermissionOptions {
    /** Bind to this address. */
    localAddress?: string | null;
    /** Bind to this port. Left out beside localAddress: a port of the system's choice. */
    localPort?: number | null;
    /** Send to this host, group (then also join it) or broadcast address. Left out: to any. */
    remoteAddress?: string | null;
    /** Send to this port. Left out: to any. */
    remotePort?: number | null;
}

/** What a TCPSocket is to be allowed. W3C: "Dictionary TCPPermissionOptions". */
interface TCPPermissionOptions {
    /** Connect to this host. Left out: to any. */
    remoteAddress?: string | null;
    /** Connect to this port. Left out: to any. */
    remotePort?: number | null;
    /** With TLS from the first byte only. Default: false, which is without TLS as well. Addition. */
    useSecureTransport?: boolean;
    /**
     * Whether the peer of TLS is verified. Default: true. False asks for "tls.insecure" besides: for local addresses
     * only, and only where the manifest declares it. Addition.
     */
    rejectUnauthorized?: boolean;
}

/** What a TCPServerSocket is to be allowed. W3C: "Dictionary TCPServerPermissionOptions". */
interface TCPServerPermissionOptions {
    /** Listen on this address. Left out: on any. */
    localAddress?: string | null;
    /** Listen on this port. Left out: on one of the system's choice. */
    localPort?: number | null;
}

/** Permission to use UDPSocket. W3C: "UDPPermission Interface". */
declare class UDPPermission {
    private constructor();
    /** The state now. Rejects with InvalidAccessError or TypeError for options that make no question. */
    hasPermission(options?: UDPPermissionOptions): Promise<TCPUDPPermissionState>;
    /** Asks, where asking is possible. Rejects with SecurityError if it was or is denied. */
    requestPermission(options?: UDPPermissionOptions): Promise<undefined>;
}

/** Permission to use TCPSocket. W3C: "TCPPermission Interface". */
declare class TCPPermission {
    private constructor();
    /** The state now. Rejects with InvalidAccessError or TypeError for options that make no question. */
    hasPermission(options?: TCPPermissionOptions): Promise<TCPUDPPermissionState>;
    /** Asks, where asking is possible. Rejects with SecurityError if it was or is denied. */
    requestPermission(options?: TCPPermissionOptions): Promise<undefined>;
}

/** Permission to use TCPServerSocket. W3C: "TCPServerPermission Interface". */
declare class TCPServerPermission {
    private constructor();
    /** The state now. Rejects with InvalidAccessError or TypeError for options that make no question. */
    hasPermission(options?: TCPServerPermissionOptions): Promise<TCPUDPPermissionState>;
    /** Asks, where asking is possible. Rejects with SecurityError if it was or is denied. */
    requestPermission(options?: TCPServerPermissionOptions): Promise<undefined>;
}

/** W3C: "Navigator Interface". */
declare class Navigator {
    private constructor();
    readonly udpPermission: UDPPermission;
    readonly tcpPermission: TCPPermission;
    readonly tcpServerPermission: TCPServerPermission;
}

/** The device, as far as the socket API goes. */
declare var navigator: Navigator;
