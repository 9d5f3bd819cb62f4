/*
 * web.d.ts - the types of what Cleat has of the web platform and, by reference, of streams and of the `cleat`
 * namespace. Needs `"lib": ["es2023"]` and neither the DOM library nor Node's types. Each declaration says where it
 * differs from the standard; what is not here does not exist.
 */
/// <reference path="./streams.d.ts" />
/// <reference path="./cleat.d.ts" />

// Console --------------------------------------------------------------------------------------------------------

/** Options of {@link Console.dir}. */
interface InspectOptions {
    /** How many levels of objects are opened (default 4); null: all, up to 200. */
    depth?: number | null;
    /** Colours as ANSI escapes. Default: whether stdout is a terminal, NO_COLOR is not set and TERM is not "dumb". */
    colors?: boolean;
    /** Also properties that are not enumerable. */
    showHidden?: boolean;
}

/**
 * Text for people. `log`, `info`, `debug`, `dir`, `table`, `group`, `count` and `time` write to stdout; `warn`, `error`,
 * `trace`, `assert` and complaints about labels write to stderr. Output is written when the call returns.
 *
 * A first argument that is a string may hold `%s` (text), `%d` and `%i` (number, integer), `%f`, `%o` and `%O` (object;
 * `%o` with its hidden properties), `%c` (style: ignored) and `%%`. Objects are shown without running any of their
 * code: no getter, no proxy trap, no `toString`. Strings inside of objects have control characters escaped; a string
 * that is an argument itself is written as it is. Errors show their stack with the positions of the TypeScript sources.
 *
 * Console (WHATWG).
 */
interface Console {
    log(...data: unknown[]): void;
    info(...data: unknown[]): void;
    debug(...data: unknown[]): void;
    warn(...data: unknown[]): void;
    error(...data: unknown[]): void;
    /** The arguments and the stack of the call. */
    trace(...data: unknown[]): void;
    dir(value?: unknown, options?: InspectOptions): void;
    /** The same as {@link log}. */
    dirxml(...data: unknown[]): void;
    /** Rows and columns of an array, an object, a Map or a Set; `columns` picks columns. At most 1000 rows. */
    table(data?: unknown, columns?: readonly string[]): void;
    /** Writes its further arguments if `condition` is false. Throws nothing. */
    assert(condition?: unknown, ...data: unknown[]): void;
    /** Writes its arguments and moves what follows in, until {@link groupEnd}. */
    group(...data: unknown[]): void;
    groupCollapsed(...data: unknown[]): void;
    groupEnd(): void;
    count(label?: string): void;
    countReset(label?: string): void;
    time(label?: string): void;
    timeLog(label?: string, ...data: unknown[]): void;
    timeEnd(label?: string): void;
    /** Ends all groups; clears the screen if stdout is a terminal. */
    clear(): void;
}
declare var console: Console;

// Errors ---------------------------------------------------------------------------------------------------------

/**
 * An error with a `name` from a list of the web platform ("AbortError", "NetworkError", …). Those that a failed system
 * call caused have a stable `code` such as "ECONNREFUSED" as own property, which hides the number of old.
 *
 * Web IDL §2.8.1.
 */
declare class DOMException extends Error {
    constructor(message?: string, name?: string);
    /** The number that some names had in early standards, else 0. */
    readonly code: number;
    static readonly INDEX_SIZE_ERR: 1;
    static readonly NOT_FOUND_ERR: 8;
    static readonly NOT_SUPPORTED_ERR: 9;
    static readonly INVALID_STATE_ERR: 11;
    static readonly SYNTAX_ERR: 12;
    static readonly INVALID_ACCESS_ERR: 15;
    static readonly TYPE_MISMATCH_ERR: 17;
    static readonly SECURITY_ERR: 18;
    static readonly NETWORK_ERR: 19;
    static readonly ABORT_ERR: 20;
    static readonly QUOTA_EXCEEDED_ERR: 22;
    static readonly TIMEOUT_ERR: 23;
    static readonly DATA_CLONE_ERR: 25;
}

/**
 * Reports an error as if nobody had caught it: an "error" event on the global object and, unless a listener calls
 * `preventDefault()`, the error on stderr and the end of the app with exit code 1.
 *
 * HTML §8.1.4.6.
 */
declare function reportError(error: unknown): void;

/** The global object. */
declare var self: typeof globalThis;

// Events ---------------------------------------------------------------------------------------------------------

/** Options of the {@link Event} constructor; all default to false. */
interface EventInit {
    bubbles?: boolean;
    cancelable?: boolean;
    composed?: boolean;
}

/** Something that happened. There is no tree of targets here: an event has one target. DOM §2.2. */
declare class Event {
    constructor(type: string, init?: EventInit);
    readonly type: string;
    readonly target: EventTarget | null;
    /** @deprecated The same as {@link target}. */
    readonly srcElement: EventTarget | null;
    readonly currentTarget: EventTarget | null;
    readonly eventPhase: number;
    readonly bubbles: boolean;
    readonly cancelable: boolean;
    readonly composed: boolean;
    readonly defaultPrevented: boolean;
    /** Whether the runtime itself fired it. Deviation: an accessor of the prototype. */
    readonly isTrusted: boolean;
    /** Milliseconds, on the clock of `performance.now()`. */
    readonly timeStamp: number;
    /** @deprecated Use {@link stopPropagation}. */
    cancelBubble: boolean;
    /** @deprecated Use {@link preventDefault} and {@link defaultPrevented}. */
    returnValue: boolean;
    composedPath(): EventTarget[];
    preventDefault(): void;
    stopPropagation(): void;
    stopImmediatePropagation(): void;
    /** @deprecated Use the constructor. */
    initEvent(type: string, bubbles?: boolean, cancelable?: boolean): void;
    static readonly NONE: 0;
    static readonly CAPTURING_PHASE: 1;
    static readonly AT_TARGET: 2;
    static readonly BUBBLING_PHASE: 3;
    readonly NONE: 0;
    readonly CAPTURING_PHASE: 1;
    readonly AT_TARGET: 2;
    readonly BUBBLING_PHASE: 3;
}

interface EventListener<E extends Event = Event> {
    (event: E): unknown;
}
interface EventListenerObject<E extends Event = Event> {
    handleEvent(event: E): unknown;
}
type EventListenerOrEventListenerObject<E extends Event = Event> = EventListener<E> | EventListenerObject<E>;

interface EventListenerOptions {
    capture?: boolean;
}
interface AddEventListenerOptions extends EventListenerOptions {
    /** Removed before it is called for the first time. */
    once?: boolean;
    /** `preventDefault()` does nothing in it. */
    passive?: boolean;
    /** Removed when the signal aborts. */
    signal?: AbortSignal;
}

/** Something that events happen to. An error in a listener is reported as uncaught; the others still run. DOM §2.7. */
declare class EventTarget {
    constructor();
    addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: AddEventListenerOptions | boolean,
    ): void;
    removeEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: EventListenerOptions | boolean,
    ): void;
    /** Returns false if the event was canceled. Throws InvalidStateError for an event that is being dispatched. */
    dispatchEvent(event: Event): boolean;
}

interface CustomEventInit<T = unknown> extends EventInit {
    detail?: T;
}
/** An event with data of the app. DOM §2.4. */
declare class CustomEvent<T = unknown> extends Event {
    constructor(type: string, init?: CustomEventInit<T>);
    readonly detail: T;
    /** @deprecated Use the constructor. */
    initCustomEvent(type: string, bubbles?: boolean, cancelable?: boolean, detail?: T): void;
}

interface ErrorEventInit extends EventInit {
    message?: string;
    filename?: string;
    lineno?: number;
    colno?: number;
    error?: unknown;
}
/** An error that nobody caught. HTML §8.1.4.6. */
declare class ErrorEvent extends Event {
    constructor(type: string, init?: ErrorEventInit);
    /** "Uncaught TypeError: …" */
    readonly message: string;
    /** Where it was thrown: TypeScript file, line and column, as far as a source map tells. */
    readonly filename: string;
    readonly lineno: number;
    readonly colno: number;
    readonly error: unknown;
}

interface PromiseRejectionEventInit extends EventInit {
    promise: Promise<unknown>;
    reason?: unknown;
}
/** A rejection that nobody handles, or that somebody handles after it was reported. HTML §8.1.4.7. */
declare class PromiseRejectionEvent extends Event {
    constructor(type: string, init: PromiseRejectionEventInit);
    readonly promise: Promise<unknown>;
    readonly reason: unknown;
}

/** The events of the global object. */
interface GlobalEventMap {
    /** An error that nobody caught; it ends the app unless canceled. */
    error: ErrorEvent;
    /** A rejection that nobody handles by the end of its turn; it ends the app unless canceled. */
    unhandledrejection: PromiseRejectionEvent;
    /** Such a rejection has been handled after all. */
    rejectionhandled: PromiseRejectionEvent;
}
declare function addEventListener<K extends keyof GlobalEventMap>(
    type: K,
    listener: EventListenerOrEventListenerObject<GlobalEventMap[K]> | null,
    options?: AddEventListenerOptions | boolean,
): void;
declare function addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
): void;
declare function removeEventListener<K extends keyof GlobalEventMap>(
    type: K,
    listener: EventListenerOrEventListenerObject<GlobalEventMap[K]> | null,
    options?: EventListenerOptions | boolean,
): void;
declare function removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: EventListenerOptions | boolean,
): void;
declare function dispatchEvent(event: Event): boolean;

/**
 * Called for an "error" event of the global object, before all listeners; returning true takes the error. Deviation: a
 * plain property, called first whenever it was set.
 */
declare var onerror:
    ((message: string, filename: string, lineno: number, colno: number, error: unknown) => unknown) | null;
/** Called for an "unhandledrejection" event; returning false takes the rejection. */
declare var onunhandledrejection: ((event: PromiseRejectionEvent) => unknown) | null;
declare var onrejectionhandled: ((event: PromiseRejectionEvent) => unknown) | null;

// Aborting -------------------------------------------------------------------------------------------------------

/** Tells operations that they are no longer wanted. DOM §3.2. */
declare class AbortSignal extends EventTarget {
    private constructor();
    /** A signal that has aborted. The reason is an AbortError unless given. */
    static abort(reason?: unknown): AbortSignal;
    /** Aborts after some milliseconds with a TimeoutError. Does not keep the app alive. */
    static timeout(milliseconds: number): AbortSignal;
    /** Aborts as soon as one of `signals` does, with its reason. */
    static any(signals: Iterable<AbortSignal>): AbortSignal;
    readonly aborted: boolean;
    /** Why; undefined while the signal has not aborted. */
    readonly reason: any;
    throwIfAborted(): void;
    onabort: ((event: Event) => unknown) | null;
    addEventListener(
        type: "abort",
        listener: EventListenerOrEventListenerObject | null,
        options?: AddEventListenerOptions | boolean,
    ): void;
    addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: AddEventListenerOptions | boolean,
    ): void;
}

/** Makes one signal abort. DOM §3.1. */
declare class AbortController {
    constructor();
    readonly signal: AbortSignal;
    /** Aborts the signal, once. The reason is an AbortError unless given. */
    abort(reason?: unknown): void;
}

// Timers and turns -----------------------------------------------------------------------------------------------

/**
 * Calls `callback` once, `delay` milliseconds from now at the earliest. Returns an id for {@link clearTimeout}. A timer
 * keeps the app alive. Deviations: no strings as callbacks, no minimum for nested timers. HTML §8.7.
 */
declare function setTimeout(callback: (nothing: void) => unknown, delay?: number): number;
declare function setTimeout<A extends unknown[]>(
    callback: (...args: A) => unknown,
    delay: number | undefined,
    ...args: A
): number;
/** The same, again and again until {@link clearInterval}. */
declare function setInterval(callback: (nothing: void) => unknown, delay?: number): number;
declare function setInterval<A extends unknown[]>(
    callback: (...args: A) => unknown,
    delay: number | undefined,
    ...args: A
): number;
declare function clearTimeout(id: number | undefined): void;
declare function clearInterval(id: number | undefined): void;
/** Calls `callback` once the running code has returned, before timers and I/O. */
declare function queueMicrotask(callback: () => void): void;

/** Time since the app started. High Resolution Time §7. */
interface Performance {
    /** Milliseconds since {@link timeOrigin}, monotonic. */
    now(): number;
    /** When the app started. Deviation: on the same monotonic clock, not since 1970. */
    readonly timeOrigin: number;
}
declare var performance: Performance;

// Data -----------------------------------------------------------------------------------------------------------

/** Bytes: a buffer or any view on one. */
type BufferSource = ArrayBuffer | ArrayBufferView;

/** Text to UTF-8. Encoding §7.3. */
declare class TextEncoder {
    constructor();
    readonly encoding: "utf-8";
    encode(input?: string): Uint8Array<ArrayBuffer>;
    /** Encodes as much as fits, whole characters only; says how many UTF-16 units it read and bytes it wrote. */
    encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

interface TextDecoderOptions {
    /** Malformed input throws a TypeError instead of becoming U+FFFD. */
    fatal?: boolean;
    /** A byte order mark is kept as text. */
    ignoreBOM?: boolean;
}
/**
 * Bytes to text. Encodings: utf-8 (default), utf-16le, utf-16be and windows-1252 under all of their labels ("latin1",
 * "ascii", …); any other label is a RangeError. Encoding §7.2.
 */
declare class TextDecoder {
    constructor(label?: string, options?: TextDecoderOptions);
    readonly encoding: string;
    readonly fatal: boolean;
    readonly ignoreBOM: boolean;
    /** With `stream`, a sequence cut off at the end waits for the next chunk. */
    decode(input?: BufferSource, options?: { stream?: boolean }): string;
}

/** Base64 to text whose characters are bytes. Throws InvalidCharacterError. HTML §8.3. */
declare function atob(data: string): string;
/** Text whose characters are bytes to base64. Throws InvalidCharacterError. */
declare function btoa(data: string): string;

interface StructuredSerializeOptions {
    /** Buffers that move to the copy and are detached here. */
    transfer?: Iterable<ArrayBuffer>;
}
/**
 * A deep copy of what the language has: plain objects, arrays, maps, sets, dates, regular expressions, errors (with
 * stack and cause), buffers and views, wrappers, keys, with their cycles. Throws DataCloneError for functions, symbols,
 * promises, proxies and other objects of the runtime. HTML §2.7.10.
 */
declare function structuredClone<T>(value: T, options?: StructuredSerializeOptions): T;

/** Random values from the kernel's generator, and keys and signatures. Web Cryptography §10. */
declare class Crypto {
    private constructor();
    /** Hashes, HMAC and ECDSA. */
    readonly subtle: SubtleCrypto;
    /** Fills an integer array of at most 65536 bytes (QuotaExceededError) and returns it. */
    getRandomValues<T extends ArrayBufferView>(array: T): T;
    /** A version 4 UUID. */
    randomUUID(): string;
}
declare var crypto: Crypto;

interface Algorithm {
    /** Compared without regard to case. */
    name: string;
}
type AlgorithmIdentifier = Algorithm | string;
/** One of "SHA-1", "SHA-256", "SHA-384" and "SHA-512". */
type HashAlgorithmIdentifier = AlgorithmIdentifier;

/** To sign and verify with a key of "ECDSA". */
interface EcdsaParams extends Algorithm {
    hash: HashAlgorithmIdentifier;
}
/** A new key of "HMAC". */
interface HmacKeyGenParams extends Algorithm {
    hash: HashAlgorithmIdentifier;
    /** Bits, at most 524,288. As many as a block of the hash has (512 or 1024) unless given. */
    length?: number;
}
/** A given key of "HMAC". */
interface HmacImportParams extends Algorithm {
    hash: HashAlgorithmIdentifier;
    /** Bits: all of the last byte's unless given. */
    length?: number;
}
/** A new key pair of "ECDSA". */
interface EcKeyGenParams extends Algorithm {
    /** "P-256". */
    namedCurve: string;
}
/** A given key of "ECDSA". */
interface EcKeyImportParams extends Algorithm {
    /** "P-256". */
    namedCurve: string;
}

type KeyType = "public" | "private" | "secret";
type KeyUsage =
    "encrypt" | "decrypt" | "sign" | "verify" | "deriveKey" | "deriveBits" | "wrapKey" | "unwrapKey";
/** raw: a secret key, or a public point. spki: public, pkcs8: private, both in DER. */
type KeyFormat = "raw" | "spki" | "pkcs8" | "jwk";

interface KeyAlgorithm {
    name: string;
}
interface HmacKeyAlgorithm extends KeyAlgorithm {
    name: "HMAC";
    hash: KeyAlgorithm;
    /** Bits. */
    length: number;
}
interface EcKeyAlgorithm extends KeyAlgorithm {
    name: "ECDSA";
    namedCurve: "P-256";
}

/** A key as JSON has it; other members are left out of account. RFC 7517. */
interface JsonWebKey {
    alg?: string;
    crv?: string;
    d?: string;
    ext?: boolean;
    k?: string;
    key_ops?: string[];
    kty?: string;
    use?: string;
    x?: string;
    y?: string;
}

/**
 * A key. Its bytes are out of reach of the app unless it is extractable, and are wiped when it is collected. It can be
 * cloned. Web Cryptography §13.
 */
declare class CryptoKey {
    private constructor();
    readonly type: KeyType;
    /** Whether {@link SubtleCrypto.exportKey} may give it out. */
    readonly extractable: boolean;
    readonly algorithm: HmacKeyAlgorithm | EcKeyAlgorithm;
    readonly usages: KeyUsage[];
}

interface CryptoKeyPair {
    readonly privateKey: CryptoKey;
    readonly publicKey: CryptoKey;
}

/**
 * Hashes (SHA-1, SHA-256, SHA-384, SHA-512), HMAC with them, and ECDSA over P-256. Every other algorithm, and every
 * method that is for other algorithms, is a NotSupportedError. What is wrong rejects the promise: NotSupportedError (no
 * such algorithm, curve or format), SyntaxError (usages that this key can't have, or none), DataError (malformed keys),
 * InvalidAccessError (a key that is not for this), TypeError (arguments). A method reads all bytes before it returns.
 * Web Cryptography §14.
 */
declare class SubtleCrypto {
    private constructor();
    digest(algorithm: HashAlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer>;
    /** HMAC: as long as the hash. ECDSA: r and s, 32 bytes each. */
    sign(
        algorithm: AlgorithmIdentifier | EcdsaParams,
        key: CryptoKey,
        data: BufferSource,
    ): Promise<ArrayBuffer>;
    /** Whether the signature is that of the data, in time that does not tell where it differs. */
    verify(
        algorithm: AlgorithmIdentifier | EcdsaParams,
        key: CryptoKey,
        signature: BufferSource,
        data: BufferSource,
    ): Promise<boolean>;
    generateKey(
        algorithm: HmacKeyGenParams,
        extractable: boolean,
        keyUsages: Iterable<KeyUsage>,
    ): Promise<CryptoKey>;
    /** The public key is always extractable. */
    generateKey(
        algorithm: EcKeyGenParams,
        extractable: boolean,
        keyUsages: Iterable<KeyUsage>,
    ): Promise<CryptoKeyPair>;
    /** HMAC: raw and jwk. ECDSA: all formats; a point may be compressed. */
    importKey(
        format: "jwk",
        keyData: JsonWebKey,
        algorithm: HmacImportParams | EcKeyImportParams,
        extractable: boolean,
        keyUsages: Iterable<KeyUsage>,
    ): Promise<CryptoKey>;
    importKey(
        format: "raw" | "spki" | "pkcs8",
        keyData: BufferSource,
        algorithm: HmacImportParams | EcKeyImportParams,
        extractable: boolean,
        keyUsages: Iterable<KeyUsage>,
    ): Promise<CryptoKey>;
    exportKey(format: "jwk", key: CryptoKey): Promise<JsonWebKey>;
    exportKey(format: "raw" | "spki" | "pkcs8", key: CryptoKey): Promise<ArrayBuffer>;
}

// Modules --------------------------------------------------------------------------------------------------------

interface ImportMeta {
    /** `app:///` and the path of the module within the app. */
    readonly url: string;
    /** Whether it is the module that the app started with. */
    readonly main: boolean;
}
