/*
 * cleat.d.ts - the types of the `cleat` namespace: what belongs to the program and its device and to no standard.
 */

/** The signals that an app may listen to. */
type CleatSignal = "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/** The bundle that is running. */
interface CleatApp {
    readonly id: string;
    readonly name: string;
    readonly version: string;
}

interface CleatNetworkAddress {
    /** "192.0.2.1"; a link-local one with its zone: "fe80::1%eth0". */
    readonly address: string;
    readonly family: "ipv4" | "ipv6";
    readonly prefixLength: number;
    /** Of IPv4 only. */
    readonly broadcast: string | null;
}
interface CleatNetworkInterface {
    readonly name: string;
    readonly index: number;
    /** "02:00:5e:10:00:01"; null where the interface has none. */
    readonly mac: string | null;
    /** Bytes. */
    readonly mtu: number;
    /** Switched on by the administrator. */
    readonly up: boolean;
    /** Able to send: the cable is plugged in, the network joined. */
    readonly running: boolean;
    readonly loopback: boolean;
    readonly multicast: boolean;
    readonly pointToPoint: boolean;
    readonly addresses: readonly CleatNetworkAddress[];
}

/** The network interfaces of the device. Listening to "change" does not keep the app alive. */
interface CleatNetwork extends EventTarget {
    interfaces(): CleatNetworkInterface[];
    /** Interfaces or addresses have changed; changes in quick succession are one event. */
    onchange: ((event: Event) => unknown) | null;
    addEventListener(
        type: "change",
        listener: EventListenerOrEventListenerObject | null,
        options?: AddEventListenerOptions | boolean,
    ): void;
    addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: AddEventListenerOptions | boolean,
    ): void;
}

interface CleatResolveOptions {
    /** 4 or 6: addresses of that family only. Default 0: both. */
    family?: 0 | 4 | 6;
    signal?: AbortSignal;
    /** Milliseconds. Default 0: the limit of the runtime. */
    timeout?: number;
}

interface Cleat {
    /** The arguments after the app's name on the command line. */
    readonly args: string[];
    /** The version of Cleat, "0.1.0". */
    readonly version: string;
    readonly versions: {
        readonly cleat: string;
        readonly engine: string;
        readonly uv: string;
        readonly mbedtls: string;
    };
    /** What the runtime was compiled for: "x64", "arm64", "mipsel", … */
    readonly arch: string;
    /** The bundle that is running; null for an app that runs from files. */
    readonly app: CleatApp | null;
    /** The functions of the program that embeds the runtime; undefined where there are none. */
    readonly host: Readonly<Record<string, (...values: any[]) => any>> | undefined;
    readonly network: CleatNetwork;
    /** Ends the app at once: sockets are closed, nothing of the app runs any more. `code`: 0 (default) to 255. */
    exit(code?: number): never;
    /** Collects garbage now. Apps need not call it. */
    gc(): void;
    /** Bytes: of objects of the app, the limit for them (0: none), and of the whole process. */
    memoryUsage(): { heapUsed: number; heapLimit: number; rss: number };
    /**
     * Calls `listener` when the signal arrives. After the listeners of SIGINT and SIGTERM, and the promises that they
     * return, the app ends by that signal, with its sockets closed; a second signal does not wait for them. Other
     * signals do nothing but call their listeners. Does not keep the app alive.
     */
    addSignalListener(signal: CleatSignal, listener: (signal: CleatSignal) => unknown): void;
    removeSignalListener(signal: CleatSignal, listener: (signal: CleatSignal) => unknown): void;
    /**
     * The addresses of a host that this app may connect to. Rejects with SecurityError, with NetworkError if there are
     * none, or with the reason of `signal`.
     */
    resolve(host: string, options?: CleatResolveOptions): Promise<{ address: string; family: 4 | 6 }[]>;
}
declare var cleat: Cleat;
