// abort.ts - AbortController and AbortSignal, and how other built-ins follow a signal (addAbortAlgorithm). Not here:
// what is aborted.
//
// What keeps a signal alive: whoever refers to it. A signal that comes from others (`any`) is held by its sources
// only while something listens to it, and a timer holds the signal of `timeout` only in the same case; so signals
// made per request and dropped do not pile up in a long-lived source, and none with a listener is lost.
//
// Spec: DOM §3 (aborting ongoing activities).
import { startTimer, stopTimer } from "cleat:native/timer";
import {
    defineEventHandlers,
    Event,
    EventTarget,
    fire,
    observeListeners,
    setSignalHook,
    type SignalHook,
} from "./events.ts";
import { defineInterface, requireArguments, toUnsignedInteger } from "./webidl.ts";

/** The longest delay that timers take (2^31 - 1 ms); a longer timeout is awaited in parts. */
const LONGEST_TIMER = 2147483647;

const secret = {};

type Algorithm = () => void;

/** The timer of a `timeout` signal: it refers to the signal strongly only while the signal is retained. */
interface Timeout {
    readonly weak: WeakRef<AbortSignal>;
    strong: AbortSignal | null;
    remaining: number;
    timer: number;
}

let newSignal: () => AbortSignal;
let abortSignal: (signal: AbortSignal, reason: unknown) => void;
let addAlgorithm: (signal: AbortSignal, algorithm: Algorithm) => void;
let removeAlgorithm: (signal: AbortSignal, algorithm: Algorithm) => void;
let isAbortSignal: (value: unknown) => value is AbortSignal;
let hasAborted: (signal: AbortSignal) => boolean;
let reasonOf: (signal: AbortSignal) => unknown;

/** Stops the timers of `timeout` signals that nobody refers to any more. Made with the first of them. */
let abandoned: FinalizationRegistry<Timeout> | null = null;

export class AbortSignal extends EventTarget {
    #aborted = false;
    #reason: unknown = undefined;
    #algorithms: Algorithm[] | null = null;
    #listeners = 0;
    /** Of a signal made by `any`: the signals it follows, none of which follows another. */
    #sources: AbortSignal[] | null = null;
    /** The signals made by `any` from this one. */
    #dependents: Dependents | null = null;
    #timeout: Timeout | null = null;
    #weak: WeakRef<AbortSignal> | null = null;
    #retained = false;

    /** @internal */
    constructor(token?: unknown) {
        if (token !== secret) {
            throw new TypeError("Illegal constructor");
        }
        super();
    }

    static abort(reason: unknown = newAbortError()): AbortSignal {
        const signal = newSignal();
        signal.#aborted = true;
        signal.#reason = reason;
        return signal;
    }

    static timeout(milliseconds: number): AbortSignal {
        requireArguments(arguments.length, 1, "AbortSignal.timeout");
        const remaining = toUnsignedInteger(milliseconds, "AbortSignal.timeout: milliseconds");
        const signal = newSignal();
        const timeout: Timeout = { weak: new WeakRef(signal), strong: null, remaining, timer: 0 };
        signal.#timeout = timeout;
        signal.#observe();
        abandoned ??= new FinalizationRegistry((left) => stopTimer(left.timer));
        abandoned.register(signal, timeout);
        armTimeout(timeout);
        return signal;
    }

    static any(signals: Iterable<AbortSignal>): AbortSignal {
        requireArguments(arguments.length, 1, "AbortSignal.any");
        if ((typeof signals !== "object" || signals === null) && typeof signals !== "function") {
            throw new TypeError("AbortSignal.any: the argument must be iterable");
        }
        const given: AbortSignal[] = [];
        for (const signal of signals) {
            if (!isAbortSignal(signal)) {
                throw new TypeError("AbortSignal.any: every element must be an AbortSignal");
            }
            given[given.length] = signal;
        }
        const result = newSignal();
        for (let i = 0; i < given.length; i++) {
            if (given[i]!.#aborted) {
                result.#aborted = true;
                result.#reason = given[i]!.#reason;
                return result;
            }
        }
        result.#follow(given);
        return result;
    }

    get aborted(): boolean {
        return this.#aborted;
    }

    get reason(): unknown {
        return this.#reason;
    }

    throwIfAborted(): void {
        if (this.#aborted) {
            throw this.#reason;
        }
    }

    #follow(given: AbortSignal[]): void {
        const sources: AbortSignal[] = [];
        for (let i = 0; i < given.length; i++) {
            const signal = given[i]!;
            if (signal.#sources === null) {
                addOnce(sources, signal);
            } else {
                for (let j = 0; j < signal.#sources.length; j++) {
                    addOnce(sources, signal.#sources[j]!);
                }
            }
        }
        this.#sources = sources;
        this.#weak = new WeakRef(this);
        this.#observe();
        for (let i = 0; i < sources.length; i++) {
            (sources[i]!.#dependents ??= new Dependents()).add(this.#weak);
        }
    }

    /** Only a signal that something else may have to keep alive counts its listeners. */
    #observe(): void {
        observeListeners(this, (type, count) => {
            if (type === "abort") {
                this.#listeners = count;
                this.#retain();
            }
        });
    }

    #retain(): void {
        const retained =
            !this.#aborted &&
            (this.#listeners > 0 || this.#algorithms !== null || (this.#dependents?.strong.length ?? 0) > 0);
        if (retained === this.#retained) {
            return;
        }
        this.#retained = retained;
        if (this.#timeout !== null) {
            this.#timeout.strong = retained ? this : null;
        }
        if (this.#sources !== null) {
            for (let i = 0; i < this.#sources.length; i++) {
                const source = this.#sources[i]!;
                if (retained) {
                    source.#dependents!.hold(this);
                } else {
                    source.#dependents?.release(this);
                }
                source.#retain();
            }
        }
    }

    static {
        isAbortSignal = (value: unknown): value is AbortSignal =>
            typeof value === "object" && value !== null && #aborted in value;
        newSignal = (): AbortSignal => new AbortSignal(secret);
        hasAborted = (signal): boolean => signal.#aborted;
        reasonOf = (signal): unknown => signal.#reason;

        addAlgorithm = (signal, algorithm): void => {
            if (signal.#aborted) {
                return;
            }
            const algorithms = (signal.#algorithms ??= []);
            algorithms[algorithms.length] = algorithm;
            signal.#retain();
        };
        removeAlgorithm = (signal, algorithm): void => {
            if (signal.#algorithms === null) {
                return;
            }
            signal.#algorithms = without(signal.#algorithms, algorithm);
            if (signal.#algorithms.length === 0) {
                signal.#algorithms = null;
            }
            signal.#retain();
        };

        // DOM §3.2 "signal abort": every signal is in its final state before the first of them tells it.
        abortSignal = (signal, reason = newAbortError()): void => {
            if (signal.#aborted) {
                return;
            }
            signal.#aborted = true;
            signal.#reason = reason;
            const aborted: AbortSignal[] = [signal];
            const dependents = signal.#dependents?.take() ?? [];
            for (let i = 0; i < dependents.length; i++) {
                const dependent = dependents[i]!;
                if (!dependent.#aborted) {
                    dependent.#aborted = true;
                    dependent.#reason = reason;
                    aborted[aborted.length] = dependent;
                }
            }
            for (let i = 0; i < aborted.length; i++) {
                runAbortSteps(aborted[i]!);
            }
        };
        const runAbortSteps = (signal: AbortSignal): void => {
            const algorithms = signal.#algorithms ?? [];
            signal.#algorithms = null;
            signal.#retain();
            signal.#sources = signal.#dependents = signal.#timeout = null;
            for (let i = 0; i < algorithms.length; i++) {
                algorithms[i]!();
            }
            fire(signal, new Event("abort"));
        };
    }
}

defineInterface(AbortSignal, "AbortSignal", ["aborted", "reason"]);
defineEventHandlers(AbortSignal.prototype, ["abort"]);

/** Signals that follow one source: all of them weakly, those that something listens to strongly as well. */
class Dependents {
    #weak: WeakRef<AbortSignal>[] = [];
    #sweepAt = 16;
    strong: AbortSignal[] = [];

    add(reference: WeakRef<AbortSignal>): void {
        if (this.#weak.length >= this.#sweepAt) {
            this.#sweep();
        }
        this.#weak[this.#weak.length] = reference;
    }

    hold(signal: AbortSignal): void {
        addOnce(this.strong, signal);
    }

    release(signal: AbortSignal): void {
        this.strong = without(this.strong, signal);
    }

    /** Those that are still there, in the order they were made; there are none afterwards. */
    take(): AbortSignal[] {
        const list: AbortSignal[] = [];
        for (let i = 0; i < this.#weak.length; i++) {
            const signal = this.#weak[i]!.deref();
            if (signal !== undefined) {
                list[list.length] = signal;
            }
        }
        this.#weak = [];
        this.strong = [];
        return list;
    }

    /** Forgets what has been collected; done each time that the list has doubled. */
    #sweep(): void {
        const left: WeakRef<AbortSignal>[] = [];
        for (let i = 0; i < this.#weak.length; i++) {
            if (this.#weak[i]!.deref() !== undefined) {
                left[left.length] = this.#weak[i]!;
            }
        }
        this.#weak = left;
        this.#sweepAt = left.length < 8 ? 16 : left.length * 2;
    }
}

function addOnce<T>(list: T[], value: T): void {
    for (let i = 0; i < list.length; i++) {
        if (list[i] === value) {
            return;
        }
    }
    list[list.length] = value;
}

function without<T>(list: readonly T[], value: T): T[] {
    const left: T[] = [];
    for (let i = 0; i < list.length; i++) {
        if (list[i] !== value) {
            left[left.length] = list[i]!;
        }
    }
    return left;
}

function newAbortError(): DOMException {
    return new DOMException("This operation was aborted", "AbortError");
}

function armTimeout(timeout: Timeout): void {
    const part = timeout.remaining < LONGEST_TIMER ? timeout.remaining : LONGEST_TIMER;
    timeout.remaining -= part;
    timeout.timer = startTimer(
        () => {
            if (timeout.remaining > 0) {
                armTimeout(timeout);
                return;
            }
            const signal = timeout.weak.deref();
            if (signal !== undefined) {
                abortSignal(signal, new DOMException("The operation timed out", "TimeoutError"));
            }
        },
        part,
        false,
    );
}

export class AbortController {
    readonly #signal = newSignal();

    get signal(): AbortSignal {
        return this.#signal;
    }

    abort(reason?: unknown): void {
        abortSignal(this.#signal, reason);
    }
}

defineInterface(AbortController, "AbortController", ["signal"]);

// For other built-ins --------------------------------------------------------------------------------------------

export { isAbortSignal };

/** What `signal.aborted` is, whatever an app did to the prototype. */
export function isAborted(signal: AbortSignal): boolean {
    return hasAborted(signal);
}

/** What `signal.reason` is, likewise. */
export function abortReason(signal: AbortSignal): unknown {
    return reasonOf(signal);
}

/** A signal without a controller, for signalAbort(). */
export function createSignal(): AbortSignal {
    return newSignal();
}

/** DOM §3.2 "signal abort" */
export function signalAbort(signal: AbortSignal, reason: unknown): void {
    abortSignal(signal, reason);
}

/** Calls `algorithm` once when the signal aborts, before its event. Does nothing if it has aborted already. */
export function addAbortAlgorithm(signal: AbortSignal, algorithm: () => void): void {
    addAlgorithm(signal, algorithm);
}

/** Undoes addAbortAlgorithm(); to be called as soon as the operation is over. */
export function removeAbortAlgorithm(signal: AbortSignal, algorithm: () => void): void {
    removeAlgorithm(signal, algorithm);
}

setSignalHook({
    isSignal: isAbortSignal,
    isAborted: (signal) => hasAborted(signal as AbortSignal),
    add: addAlgorithm as SignalHook["add"],
    remove: removeAlgorithm as SignalHook["remove"],
});
