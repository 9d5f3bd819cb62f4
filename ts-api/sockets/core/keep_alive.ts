/*
 * keep_alive.ts - maps the keep-alive options onto the three settings of the kernel (idle time, interval, count)
 * and changes them after the first minute for "frequent-then-sparse". Not here: the system calls.
 * Spec: W3C TCP and UDP Socket API, "Dictionary TCPOptions" (tcpKeepAliveSparseIntvl) and "TCPKeepAliveOptions".
 */
import { startTimer, stopTimer } from "cleat:native/timer";
import { KEEP_ALIVE_SECONDS_MAX, type KeepAliveOptions } from "./options.ts";

/** Seconds between probes in the first minute. */
const FREQUENT_SECONDS = 10;
/** Milliseconds: the "first minute" of the text, counted from the open connection. */
const FREQUENT_PERIOD = 60_000;

const { ceil, min } = Math;

/** What the kernel is told, in seconds; idle 0: no keep-alive. */
export interface KeepAliveSetting {
    readonly idle: number;
    readonly interval: number;
    /** Unanswered probes before the connection counts as lost; 0: the system's own number. */
    readonly count: number;
}

const OFF: KeepAliveSetting = { idle: 0, interval: 0, count: 0 };

/** The setting to connect with. keepAliveDelay, where given, decides the idle time of "off" and "sparse". */
export function firstSetting(options: KeepAliveOptions): KeepAliveSetting {
    if (options.mode === "frequent-then-sparse") {
        return every(FREQUENT_SECONDS);
    }
    const delay = min(ceil(options.delay / 1000), KEEP_ALIVE_SECONDS_MAX);
    if (options.mode === "sparse") {
        const sparse = every(options.sparseSeconds);
        return delay === 0 ? sparse : { ...sparse, idle: delay };
    }
    return delay === 0 ? OFF : every(delay);
}

/** Starts the minute after which probes get sparse; the result stops it. */
export function scheduleSparse(
    options: KeepAliveOptions,
    apply: (setting: KeepAliveSetting) => void,
): () => void {
    if (options.mode !== "frequent-then-sparse") {
        return nothing;
    }
    const change = (): void => {
        apply(every(options.sparseSeconds));
    };
    const timer = startTimer(change, FREQUENT_PERIOD, false);
    return () => {
        stopTimer(timer);
    };
}

function every(seconds: number): KeepAliveSetting {
    const limited = min(seconds, KEEP_ALIVE_SECONDS_MAX);
    return { idle: limited, interval: limited, count: 0 };
}

function nothing(): void {}
