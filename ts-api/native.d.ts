// native.d.ts - what the native modules export to built-in TypeScript. Generated from the tables in C by
// `npm run native-types`; do not edit.

declare module "cleat:native/tcp" {
    /** What a TCP handle tells: 1 open, 2 readable (after read() gave null), 3 writable (after write() took less than offered), 4 failed (detail: the error; the handle is closed), 5 closed (after close(); detail undefined). */
    type TcpEvent = 1 | 2 | 3 | 4 | 5;
    type TcpCallback = (event: TcpEvent, detail: unknown) => void;
    /** Every field is always present; null or 0 stands for "not given". */
    interface TcpConnectOptions {
        localAddress: string | null; localPort: number; interface: string | number | null;
        addressReuse: boolean; noDelay: boolean;
        keepAliveIdle: number; keepAliveInterval: number; keepAliveCount: number;
        sendBufferSize: number; receiveBufferSize: number;
        /** 0, 4 or 6: which addresses of a name are tried. */
        family: number;
        /** Milliseconds for name resolution; 0 is the default limit. */
        resolveTimeout: number;
    }
    interface TcpInfo { localAddress: string; localPort: number; remoteAddress: string; remotePort: number; sendBufferSize: number; receiveBufferSize: number }
    interface TcpHandle {
        /** Checks the permission (SecurityError), then starts resolving and connecting; event 1 or 4 follows. Throws at once for a local address that is not this device's, or a literal without a route. */
        connect(host: string, port: number, options: TcpConnectOptions): void;
        /** At most `max` bytes as an immutable ArrayBuffer; null: none yet, event 2 follows; undefined: the peer has finished. Throws on a lost connection. */
        read(max: number): ArrayBuffer | null | undefined;
        /** Sends from `offset` on; the number of bytes taken, less than offered if event 3 follows. */
        write(data: ArrayBuffer | ArrayBufferView, offset: number): number;
        /** Sends FIN. */
        shutdown(): void;
        /** FIN, discards what still arrives until the peer's FIN (bounded), then event 5. */
        close(): void;
        /** RST at once, then event 5. */
        reset(): void;
        info(): TcpInfo;
        /** Seconds; idle 0 turns keep-alive off, count 0 is the system's number. */
        setKeepAlive(idle: number, interval: number, count: number): void;
    }
    interface ListenOptions { localAddress: string | null; localPort: number; addressReuse: boolean; ipv6Only: boolean; backlog: number; sendBufferSize: number; receiveBufferSize: number }
    interface ListenerHandle {
        /** Checks the permission, binds and listens; throws on failure. */
        listen(options: ListenOptions): void;
        /** A connected handle that reports to `callback`; null: none waiting, event 2 follows. Throws when a connection can't be served (EMFILE …); the next call tries again. */
        accept(callback: TcpCallback): TcpHandle | null;
        close(): void;
        info(): { localAddress: string; localPort: number };
    }
    export function createTcp(callback: TcpCallback): TcpHandle;
    /** Events: 2 readable (a connection may wait), 4 failed, 5 closed. */
    export function createListener(callback: TcpCallback): ListenerHandle;
}

declare module "cleat:native/udp" {
    import type { Destination } from "cleat:native/resolver";
    /** 2 readable (after receive() gave an empty list), 3 writable (after send() gave false), 4 failed, 5 closed. */
    type UdpEvent = 2 | 3 | 4 | 5;
    interface UdpOptions {
        localAddress: string | null; localPort: number; remoteAddress: string | null; remotePort: number;
        addressReuse: boolean; addressSharing: boolean; ipv6Only: boolean; loopback: boolean; broadcast: boolean;
        interface: string | number | null; hops: number; multicastHops: number; sendBufferSize: number; receiveBufferSize: number;
        /** 0, 4 or 6; 0: both where the address leaves it open. */
        family: number;
    }
    interface UdpMessage { data: ArrayBuffer; remoteAddress: string; remotePort: number; localAddress: string | null; interface: string | null; hopLimit: number | null }
    interface UdpHandle {
        /** Checks the permissions (SecurityError), creates and binds; throws on failure. A remote name is not resolved here: send() with a Destination does. */
        open(options: UdpOptions): void;
        /** Up to `max` datagrams (recvmmsg); an empty list: none yet, event 2 follows. */
        receive(max: number): UdpMessage[];
        /** Sends one datagram; false: the socket's buffer is full, event 3 follows and the call is to be repeated. Throws for this datagram only; the socket stays usable. */
        send(data: ArrayBuffer | ArrayBufferView, host: string | Destination, port: number, interface_: string | number | null): boolean;
        join(group: string, source: string | null, interface_: string | number | null): void;
        leave(group: string, source: string | null, interface_: string | number | null): void;
        /** Datagrams that the kernel dropped because this socket's buffer was full (SO_RXQ_OVFL). */
        dropped(): number;
        info(): { localAddress: string; localPort: number; sendBufferSize: number; receiveBufferSize: number };
        close(): void;
    }
    export function createUdp(callback: (event: UdpEvent, detail: unknown) => void): UdpHandle;
}

declare module "cleat:native/resolver" {
    /** An address that a permitted name resolved to. Opaque: natives accept it in place of the name. */
    interface Destination { readonly address: string; readonly family: 4 | 6 }
    interface Lookup { cancel(): void }
    /** Resolves a name for an operation ("tcp.connect", "udp.send", …) after checking it, and drops answers that the grant does not cover. Port -1: any. `callback(error, destinations)` comes once, in a later turn; never after cancel(). */
    export function lookup(operation: string, host: string, port: number, family: number, timeout: number, callback: (error: unknown, destinations: Destination[] | undefined) => void): Lookup;
    /** "name", "ipv4", "ipv6", or null where `host` is not a valid host. */
    export function hostKind(host: string): "name" | "ipv4" | "ipv6" | null;
    /** Whether the address is a multicast group. */
    export function isMulticast(address: string): boolean;
}

declare module "cleat:native/network" {
    interface NetworkAddress { address: string; family: "ipv4" | "ipv6"; prefixLength: number; broadcast: string | null }
    interface NetworkInterface { name: string; index: number; mac: string | null; mtu: number; up: boolean; running: boolean; loopback: boolean; multicast: boolean; pointToPoint: boolean; addresses: NetworkAddress[] }
    export function interfaces(): NetworkInterface[];
    /** Calls back after interfaces or addresses changed (netlink; bursts are joined). Does not keep the runtime alive. */
    export function watch(callback: () => void): { close(): void };
}

declare module "cleat:native/permission" {
    /** One question; host null: any; port -1: any; interface null: any. */
    export function state(operation: string, host: string | null, port: number, interface_: string | number | null): "granted" | "denied" | "prompt";
    /** The sentence that says what would permit it. */
    export function explain(operation: string, host: string | null, port: number, interface_: string | number | null): string;
    /** Asks on the terminal; callback once, in a later turn, with whether it was granted. */
    export function ask(operation: string, host: string | null, port: number, interface_: string | number | null, callback: (granted: boolean) => void): void;
    export function any(operation: string): boolean;
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
    /** Calls back once; without keepAlive the runtime may end before. */
    export function startTimer(callback: () => void, milliseconds: number, keepAlive: boolean): number;
    /** Stops a timer; unknown ids are ignored. */
    export function stopTimer(id: number): void;
}

declare module "cleat:native/runtime" {
    export function write(stream: 1 | 2, text: string): void;
    export function isTerminal(stream: 1 | 2): boolean;
    export function exit(code: number): never;
    /** Ends the app as the signal does without a handler, everything closed in order. */
    export function exitBySignal(name: string): never;
    export function args(): string[];
    /** The bundle's manifest; null for a plain file. */
    export function app(): { id: string; name: string; version: string } | null;
    /** The functions of the program that embeds the runtime. */
    export function host(): Record<string, (...values: unknown[]) => unknown> | undefined;
    export function version(): { cleat: string; engine: string; uv: string };
    /** "x64", "arm64", "mipsel", … as compiled. */
    export function architecture(): string;
    export function gc(): void;
    export function memoryUsage(): { heapUsed: number; heapLimit: number; rss: number };
    /** Monotonic nanoseconds. */
    export function hrtime(): number;
    export function getRandomValues(target: ArrayBufferView): void;
    /** Sets the handler of a signal ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"); null restores the default. */
    export function onSignal(name: string, handler: (() => void) | null): void;
    /** The source map (JSON text) that came with a module of the app, or null. */
    export function sourceMap(file: string): string | null;
    /** What a value is, whatever its prototype says: "proxy", "promise:pending", "promise:fulfilled", "promise:rejected", "date", "regexp", "map", "set", "weakmap", "weakset", "weakref", "error", "domexception", "arraybuffer", "sharedarraybuffer", "dataview", "uint8array" and so on, "array", "arguments", "function", "generator", "map iterator", "set iterator", "number", "string", "boolean", "bigint", "symbol" (the wrappers), else "object" or the engine's class name in lower case. Runs no JavaScript. Used by console and structuredClone. */
    export function classOf(value: object): string;
    export function promiseResult(promise: Promise<unknown>): unknown;
    /** The target of a proxy, null once it is revoked. Runs no trap. */
    export function proxyTarget(proxy: object): object | null;
    /** An export of a built-in module, which is loaded if need be: for what only some programs reach. */
    export function builtin(module: string, name: string): unknown;
    /** Reports an error as if nobody had caught it (HTML, "report an exception"): events, text, exit code. */
    export function reportError(error: unknown): void;
    /** Whether the stream is a terminal on which colours are wanted (NO_COLOR unset, TERM not "dumb"). */
    export function wantsColor(stream: 1 | 2): boolean;
}
