/*
 * signal.ts - the `signal` option: runs something once when an AbortSignal aborts, and lets go of the signal when
 * the socket has ended. Not here: what aborting does to a socket.
 */
import { type AbortSignal, addAbortAlgorithm, isAbortSignal, removeAbortAlgorithm } from "../../web/abort.ts";

export { type AbortSignal, isAbortSignal };

/** Calls `aborted` once, in the turn in which `signal` aborts; the result ends the watch. */
export function watchSignal(signal: AbortSignal, aborted: (reason: unknown) => void): () => void {
    const algorithm = (): void => {
        aborted(signal.reason);
    };
    addAbortAlgorithm(signal, algorithm);
    return () => {
        removeAbortAlgorithm(signal, algorithm);
    };
}
