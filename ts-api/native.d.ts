// native.d.ts - what the native modules export to built-in TypeScript. Generated from the tables in C by
// `npm run native-types`; do not edit.

declare module "cleat:native/crypto" {
    type Bytes = ArrayBuffer | ArrayBufferView;
    // By the number in their names: SHA-1, SHA-256, …
    type Hash = 1 | 256 | 384 | 512;
    // "point": uncompressed, of a public or private key; "scalar": a private one alone; "raw": a secret key.
    type KeyForm = "raw" | "point" | "scalar" | "spki" | "pkcs8";
    interface KeyHandle {
        /** Of HMAC, or of P-256 */
        readonly type: "secret" | "private" | "public";
        /** Of a secret key */
        readonly bits: number;
        /** Whether its bytes may leave C */
        readonly extractable: boolean;
    }
    /** The hash of the data */
    export function digest(hash: Hash, data: Bytes): ArrayBuffer;
    /** A secret key; bits -1: all of them, else a DataError unless at most 7 are left over */
    export function importSecret(data: Bytes, bits: number, extractable: boolean): KeyHandle;
    /** A random one; OperationError for lengths that are none */
    export function generateSecret(bits: number, extractable: boolean): KeyHandle;
    /** A random key of P-256; the public half is always extractable */
    export function generatePair(extractable: boolean): { privateKey: KeyHandle; publicKey: KeyHandle };
    /** Malformed keys are a DataError, here and below */
    export function importPrivate(scalar: Bytes, point: Bytes, extractable: boolean): KeyHandle;
    /** A private key */
    export function importPkcs8(der: Bytes, extractable: boolean): KeyHandle;
    /** A public key */
    export function importPoint(point: Bytes, extractable: boolean): KeyHandle;
    /** A public key */
    export function importSpki(der: Bytes, extractable: boolean): KeyHandle;
    /** InvalidAccessError for keys that are not extractable, or have no such form */
    export function exportKey(key: KeyHandle, form: KeyForm): ArrayBuffer;
    /** HMAC by a secret key, ECDSA by a private one */
    export function sign(key: KeyHandle, hash: Hash, data: Bytes): ArrayBuffer;
    /** The same by a secret or a public key */
    export function verify(key: KeyHandle, hash: Hash, signature: Bytes, data: Bytes): boolean;
}

declare module "cleat:native/network" {
    interface NetworkAddress {
        address: string;
        family: "ipv4" | "ipv6";
        prefixLength: number;
        broadcast: string | null;
    }
    interface NetworkInterface {
        name: string;
        index: number;
        mac: string | null;
        mtu: number;
        up: boolean;
        running: boolean;
        loopback: boolean;
        multicast: boolean;
        pointToPoint: boolean;
        addresses: NetworkAddress[];
    }
    interface NetworkWatch {
        /** No callback follows. Again is fine. */
        close(): void;
    }
    /** The network interfaces of this device. */
    export function interfaces(): NetworkInterface[];
    /** Calls back after interfaces or addresses changed (netlink; bursts are joined). Does not keep the runtime alive. */
    export function watch(callback: () => void): NetworkWatch;
}

declare module "cleat:native/permission" {
    /** One question; host null: any; port -1: any; interface null: any; secure, for tcp.connect: TLS from the first byte. TypeError for what is no host */
    export function state(
        operation: string,
        host: string | null,
        port: number,
        interface_: string | number | null,
        secure: boolean,
    ): "granted" | "denied" | "prompt";
    /** The sentence that says what would permit it */
    export function explain(
        operation: string,
        host: string | null,
        port: number,
        interface_: string | number | null,
        secure: boolean,
    ): string;
    /** Asks on the terminal; callback once, later, with whether it was granted */
    export function ask(
        operation: string,
        host: string | null,
        port: number,
        interface_: string | number | null,
        secure: boolean,
        callback: (granted: boolean) => void,
    ): void;
    /** Whether anything at all is granted for an operation */
    export function any(operation: string): boolean;
}

declare module "cleat:native/promise" {
    /** Calls in a microtask */
    export function soon(step: (value: any, context: any) => void, value: unknown, context: unknown): void;
    /** What then() does, without a new promise */
    export function react(
        promise: Promise<unknown>,
        fulfilled: (value: any, context: any) => void,
        rejected: (reason: unknown, context: any) => void,
        context: unknown,
    ): void;
    /** What then() does */
    export function then(
        promise: Promise<unknown>,
        fulfilled: ((value: any) => unknown) | undefined,
        rejected: ((reason: unknown) => unknown) | undefined,
    ): Promise<any>;
    /** A promise that is resolved with a value; of a promise the same one */
    export function resolved(value: unknown): Promise<any>;
    /** A rejected promise */
    export function rejected(reason: unknown): Promise<never>;
    /** The rejection of this promise is not reported as unhandled */
    export function markHandled(promise: Promise<unknown>): void;
}

declare module "cleat:native/resolver" {
    interface Destination {
        /** An address that a permitted name resolved to. Opaque: natives accept the object in place of the name, for the operation and port of the lookup. */
        readonly address: string;
        /** Of the address. */
        readonly family: 4 | 6;
    }
    interface Lookup {
        /** Ends the lookup; the callback does not come. */
        cancel(): void;
    }
    /** Resolves a name for an operation ("tcp.connect", "udp.send", …) after checking it, and drops answers that the grant does not cover; none left is a SecurityError with the code "EBLOCKED". An address is its own answer. Port -1: any; family 0: both; timeout in milliseconds, 0: the default. The callback comes once, in a later turn; never after cancel(). */
    export function lookup(
        operation: string,
        host: string,
        port: number,
        family: number,
        timeout: number,
        callback: (error: unknown, destinations: Destination[] | undefined) => void,
    ): Lookup;
    /** null where `host` is not a valid host. */
    export function hostKind(host: string): "name" | "ipv4" | "ipv6" | null;
    /** Whether the address is a multicast group. */
    export function isMulticast(address: string): boolean;
}

declare module "cleat:native/runtime" {
    /** Writes text to stdout (1) or stderr (2), at once and in full */
    export function write(stream: 1 | 2, text: string): void;
    /** Whether the stream is a terminal */
    export function isTerminal(stream: 1 | 2): boolean;
    /** Ends the app with this exit code, 0 to 255 */
    export function exit(code: number): never;
    /** Sets the handler of a signal; null restores the default */
    export function onSignal(name: string, handler: (() => void) | null): void;
    /** Ends the app as the signal does without a handler, everything closed in order */
    export function exitBySignal(name: string): never;
    /** The arguments after the app's name */
    export function args(): string[];
    /** Versions of the parts */
    export function version(): { cleat: string; engine: string; uv: string; mbedtls: string };
    /** "x64", "arm64", "mipsel", … as compiled */
    export function architecture(): string;
    /** The bundle's manifest; null for a plain file */
    export function app(): { id: string; name: string; version: string } | null;
    /** The functions of the program that embeds the runtime */
    export function host(): Record<string, (...values: unknown[]) => unknown> | undefined;
    /** Collects garbage now */
    export function gc(): void;
    /** Bytes; heapLimit 0 means none */
    export function memoryUsage(): { heapUsed: number; heapLimit: number; rss: number };
    /** Monotonic nanoseconds */
    export function hrtime(): number;
    /** Fills an integer array with random bytes */
    export function getRandomValues(target: ArrayBufferView): void;
    /** The source map (JSON text) that came with a module of the app */
    export function sourceMap(file: string): string | null;
    /** The engine's class in lower case: "map", "date", "uint8array", "proxy", "promise:pending", "promise:fulfilled", "promise:rejected", … */
    export function classOf(value: object): string;
    /** The target of a proxy, null once it is revoked; runs no trap */
    export function proxyTarget(proxy: object): object | null;
    /** An export of a built-in module, which is loaded if need be: for what only some programs reach */
    export function builtin(module: string, name: string): unknown;
    /** Reports an error as if nobody had caught it (HTML, "report an exception"): events, text, exit code */
    export function reportError(error: unknown): void;
    /** Whether chunks may go between an app and a socket directly (--standard-streams not given) */
    export function usesDirectStreams(): boolean;
    /** Whether the stream is a terminal on which colours are wanted (NO_COLOR not set, TERM not "dumb") */
    export function wantsColor(stream: 1 | 2): boolean;
    /** What a settled promise holds */
    export function promiseResult(promise: Promise<unknown>): unknown;
}

declare module "cleat:native/tcp" {
    // 2 readable (after accept() gave null), 5 closed (after close()).
    type ListenerEvent = 2 | 5;
    type ListenerCallback = (event: ListenerEvent, detail: undefined) => void;
    // Every field is always present; null or 0 stands for "not given".
    interface ListenOptions {
        localAddress: string | null;
        localPort: number;
        addressReuse: boolean;
        ipv6Only: boolean;
        backlog: number;
        sendBufferSize: number;
        receiveBufferSize: number;
    }
    // 1 open; 3 the peer has finished (FIN); 4 failed (detail: the error; the handle is closed or closing);
    // 5 closed (after close() or reset()). 4 or 5 comes once and last.
    type TcpEvent = 1 | 3 | 4 | 5;
    // `owner` is what the handle was attached to.
    type TcpListener = (owner: object, event: TcpEvent, detail: unknown) => void;
    // In the form of a stream's read.
    type TcpChunk =
        | { readonly value: ArrayBuffer; readonly done: false }
        | { readonly value: undefined; readonly done: true };
    // Every field is always present; null or 0 stands for "not given". Keep-alive is in seconds, family
    // (which addresses of a name are tried) 0, 4 or 6, resolveTimeout in milliseconds.
    interface TcpConnectOptions {
        localAddress: string | null;
        localPort: number;
        interface: string | number | null;
        addressReuse: boolean;
        noDelay: boolean;
        keepAliveIdle: number;
        keepAliveInterval: number;
        keepAliveCount: number;
        sendBufferSize: number;
        receiveBufferSize: number;
        family: number;
        resolveTimeout: number;
        // TLS from the first byte; null: plain. serverName: of the peer's certificate. Milliseconds.
        tls: import("cleat:native/tls").TlsContext | null;
        serverName: string;
        handshakeTimeout: number;
    }
    // What is not known yet is "" or 0, and so are the sizes of a connection that is gone.
    interface TcpInfo {
        localAddress: string;
        localPort: number;
        remoteAddress: string;
        remotePort: number;
        sendBufferSize: number;
        receiveBufferSize: number;
    }
    interface ListenerHandle {
        /** Checks the permission, binds and listens; throws on failure. Without a local address: on all of IPv4 (of IPv6 if ipv6Only); "::" takes both families. */
        listen(options: ListenOptions): void;
        /** A connected handle, to be attached at once; null: none waiting, event 2 follows. Throws when a connection can't be served (EMFILE …), once; calls after that give null until one could be. */
        accept(): TcpHandle | null;
        /** Stops listening; event 5 follows. Again is fine. */
        close(): void;
        /** The address that it is bound to. */
        info(): { localAddress: string; localPort: number };
    }
    interface TcpHandle {
        /** Checks the permission (SecurityError), then starts resolving and connecting; event 1 or 4 follows. Throws InvalidAccessError at once for what is not a host, a group or broadcast address, a local address or interface that this device does not have, and an address without a route. */
        connect(host: string, port: number, options: TcpConnectOptions): void;
        /** Who is told of events. */
        attach(owner: object): void;
        /** The next chunk, an immutable ArrayBuffer; waits for it, also before the connection is open. Waiting calls are settled in order; at the end by endTakes() alone. Afterwards: done. */
        take(): Promise<TcpChunk>;
        /** Settles what waits: done, or rejected with the reason. */
        endTakes(failed: boolean, reason: unknown): void;
        /** Whether a take() waits. */
        waitsForChunk(): boolean;
        /** A new handle reads one chunk, or the peer's FIN, ahead of take(). From now on it does not; gives the chunk back, if there is one. */
        stopReadingAhead(): ArrayBuffer[];
        /** Sends where that is simple: bytes, on an open connection, with nothing under way. Null: use send(). Rejects with what send() would. */
        trySend(data: unknown): Promise<undefined> | null;
        /** Sends all of it; undefined: the kernel has it already. One at a time. Throws or rejects on a lost connection; reset() then frees the handle. */
        send(data: ArrayBuffer | ArrayBufferView): Promise<undefined> | undefined;
        /** The promise of the chunk that the kernel has not taken whole. */
        sending(): Promise<undefined> | undefined;
        /** Chunks under way to an observer of the stream: what the kernel has not taken, and what it took during this job. */
        sends(): number;
        /** Moves what arrives to another handle until the peer has finished or an end is lost; fulfilled then, when nothing is under way. Null: something waits or is under way, it can't be done now. */
        pipe(destination: TcpHandle): Promise<undefined> | null;
        /** Stops reading; the promise is fulfilled when what was read has been sent. */
        stopPipe(): void;
        /** TLS on an open connection, in the role of the context: event 1 or 4 follows. Nothing may wait or be under way. upgrades: it has been used for plain text; unread: of which this was never read by anybody. */
        startTls(
            context: import("cleat:native/tls").TlsContext,
            serverName: string,
            upgrades: boolean,
            unread: readonly ArrayBuffer[],
            handshakeTimeout: number,
        ): void;
        /** What a TLS handshake led to; null: no TLS. */
        tlsInfo(): import("cleat:native/tls").TlsInfo | null;
        /** Sends FIN; reading goes on. Again is fine. */
        shutdown(): void;
        /** FIN, discards what still arrives until the peer's FIN (bounded), then event 5, or 4 if the connection breaks meanwhile. What is under way rejects with the reason. While connecting: gives up, then event 5. Again is fine. */
        close(reason: unknown): void;
        /** RST at once, also during close(), then event 5. Again is fine. */
        reset(reason: unknown): void;
        /** Both ends, and the buffer sizes that the kernel granted. */
        info(): TcpInfo;
        /** Seconds; idle 0 turns keep-alive off, count 0 is the system's number. Nothing happens where there is no connection (any more). */
        setKeepAlive(idle: number, interval: number, count: number): void;
    }
    /** Who hears of the events of all TCP handles. */
    export function onTcpEvent(listener: TcpListener): void;
    /** A new TCP handle. */
    export function createTcp(): TcpHandle;
    /** A new listener. Events: 2 readable (a connection may wait), 5 closed. */
    export function createListener(callback: ListenerCallback): ListenerHandle;
}

declare module "cleat:native/text" {
    interface TextDecoderHandle {
        /** Decodes a chunk; without `stream` the input ends with it and the decoder starts anew. Throws TypeError if fatal and malformed. */
        decode(data: ArrayBuffer | ArrayBufferView | undefined, stream: boolean): string;
    }
    /** The UTF-8 bytes of a string; lone surrogates become U+FFFD. */
    export function utf8Encode(text: string): Uint8Array<ArrayBuffer>;
    /** Encodes as much as fits; [code units read, bytes written]. */
    export function utf8EncodeInto(text: string, target: Uint8Array): [number, number];
    /** The name of the encoding that a label stands for: "utf-8", "utf-16le", "utf-16be", "windows-1252", or null. */
    export function findEncoding(label: string): string | null;
    /** A decoder with its own state. */
    export function createDecoder(label: string, fatal: boolean, ignoreBOM: boolean): TextDecoderHandle;
}

declare module "cleat:native/timer" {
    /** Calls back once; without keepAlive the runtime may end before */
    export function startTimer(callback: () => void, milliseconds: number, keepAlive: boolean): number;
    /** Stops a timer; unknown ids are ignored */
    export function stopTimer(id: number): void;
}

declare module "cleat:native/tls" {
    interface TlsContext {
        readonly __tlsContext: never;
    }
    // Every field is always present; null or an empty list stands for "not given". Certificates, keys
    // and lists are PEM or DER. clientAuth: 0 none, 1 request, 2 require. isServer decides the role.
    interface TlsContextOptions {
        alpn: readonly string[];
        ca: readonly Uint8Array[];
        cert: readonly Uint8Array[];
        clientAuth: number;
        crl: readonly Uint8Array[];
        isServer: boolean;
        key: Uint8Array | null;
        passphrase: Uint8Array | null;
        pins: readonly string[];
        rejectUnauthorized: boolean;
        tls13Only: boolean;
    }
    // Times in the form of Date.prototype.toISOString(); spkiHash as in pins; raw is DER.
    interface TlsCertificate {
        subject: string;
        issuer: string;
        validFrom: string;
        validTo: string;
        subjectAltNames: string[];
        spkiHash: string;
        raw: ArrayBuffer;
    }
    interface TlsInfo {
        protocol: "TLSv1.2" | "TLSv1.3";
        cipher: string;
        alpn: string | null;
        resumed: boolean;
        peerCertificate: TlsCertificate | null;
    }
    /** Parses and checks. InvalidAccessError with a code (TLS_BAD_CERTIFICATE, TLS_BAD_KEY, TLS_BAD_PASSPHRASE, TLS_KEY_MISMATCH, TLS_BAD_CRL, TLS_BAD_PIN) for what can't be used. */
    export function createTlsContext(options: TlsContextOptions): TlsContext;
    /** Whether the system's clock is before the time when this program was built. */
    export function isClockWrong(): boolean;
}

declare module "cleat:native/udp" {
    import type { Destination } from "cleat:native/resolver";
    // 3 writable (after send() or flush() gave false), 4 failed (detail: the error; the handle is closed),
    // 5 closed (after close()).
    type UdpEvent = 3 | 4 | 5;
    interface UdpOptions {
        localAddress: string | null;
        localPort: number;
        remoteAddress: string | null;
        remotePort: number;
        addressReuse: boolean;
        addressSharing: boolean;
        ipv6Only: boolean;
        loopback: boolean;
        // Whether broadcast addresses can be sent to; true needs a grant for it at once.
        broadcast: boolean;
        interface: string | number | null;
        hops: number;
        multicastHops: number;
        sendBufferSize: number;
        receiveBufferSize: number;
        // 0, 4 or 6; 0: both where the addresses leave it open.
        family: number;
    }
    type UdpToName = (
        data: unknown,
        host: string,
        port: number,
        interface_: string | number | null,
    ) => Promise<undefined>;
    // localAddress is what the datagram was sent to: a group for multicast. `data` is immutable.
    interface UdpMessage {
        data: ArrayBuffer;
        remoteAddress: string;
        remotePort: number;
        localAddress: string | null;
        interface: string | null;
        hopLimit: number | null;
    }
    interface UdpHandle {
        /** Checks the permissions (SecurityError), creates and binds; throws on failure. A remote name is not resolved here: send() with a Destination does. */
        open(options: UdpOptions): void;
        /** From now on trySend() sends. What it and write() take for members that a message leaves out. */
        startSending(host: string | null, port: number | null, interface_: string | number | null): void;
        /** The next datagram, in the form of a stream's read(); done once the handle is closed. From the first call on up to 64 are fetched ahead. */
        take(): Promise<{ value: UdpMessage; done: false } | { value: undefined; done: true }>;
        /** Settles what waits: done, or rejected with the reason. */
        endTakes(failed: boolean, reason: unknown): void;
        /** Whether a take() waits. */
        waitsForChunk(): boolean;
        /** Fetches nothing ahead any more, and gives back what has been, the oldest first. */
        stopReadingAhead(): UdpMessage[];
        /** Converts a UDPMessage (each member is read once) and queues it; it leaves at the end of the turn, by one sendmmsg with all the others, or when there is room for it. The promise is that of this datagram alone; its rejection counts as handled. null: the host is a name, the queue is full, or the handle does not send; write() is to be called with the same message, and does not read the members again. */
        trySend(message: unknown): Promise<undefined> | null;
        /** Datagrams that are queued. */
        sends(): number;
        /** A promise that is resolved when all that are queued have left or failed. */
        sending(): Promise<undefined> | undefined;
        /** The same for every host: where it is a name, the promise is whatever toName returns. */
        write(message: unknown, toName: UdpToName): Promise<undefined>;
        /** Sends one datagram now, behind those that are queued; false: there is no room, event 3 follows and the call is to be repeated. Throws for this datagram only; the socket stays usable. */
        send(
            data: ArrayBuffer | ArrayBufferView,
            host: string | Destination,
            port: number,
            interface_: string | number | null,
        ): boolean;
        /** Sends what is queued; false: some of it is still there, event 3 follows when it is gone. */
        flush(): boolean;
        /** Joins a group, again is fine; checks the permission. */
        join(group: string, source: string | null, interface_: string | number | null): void;
        /** Leaves a group that was joined with the same arguments, also by an interface that is gone. */
        leave(group: string, source: string | null, interface_: string | number | null): void;
        /** Datagrams that the kernel dropped because this socket's buffer was full (SO_RXQ_OVFL). */
        dropped(): number;
        /** The local end; localAddress is "::" or "0.0.0.0" where it is not bound to one. */
        info(): {
            localAddress: string;
            localPort: number;
            sendBufferSize: number;
            receiveBufferSize: number;
        };
        /** Closes at once; event 5 follows. Again is fine. */
        close(): void;
    }
    /** A new UDP handle. */
    export function createUdp(callback: (event: UdpEvent, detail: unknown) => void): UdpHandle;
}
