/*
 * outcome.ts - what `opened` and `closed` of a socket are behind the scenes: a promise that is made when somebody asks for
 * it, since most of the connections of a server are never asked. Not here: deferred.ts, for promises in use.
 *
 * A rejection that nobody handles is not reported: the same error reaches whoever reads or writes.
 */
import { type Deferred, deferHandled } from "./deferred.ts";

export class Outcome<T> {
    #deferred: Deferred<T> | null = null;
    #state: "pending" | "fulfilled" | "rejected" = "pending";
    #value: (() => T) | null = null;
    #reason: unknown = undefined;

    /** The promise, the same each time. */
    get promise(): Promise<T> {
        if (this.#deferred === null) {
            this.#deferred = deferHandled();
            this.#settle(this.#deferred);
        }
        return this.#deferred.promise;
    }

    /** Whether it is fulfilled. */
    get fulfilled(): boolean {
        return this.#state === "fulfilled";
    }

    /** Fulfills with what `value` returns, asked once and only if somebody wants it. */
    resolve(value: () => T): void {
        if (this.#state === "pending") {
            this.#state = "fulfilled";
            this.#value = value;
            this.#settle(this.#deferred);
        }
    }

    reject(reason: unknown): void {
        if (this.#state === "pending") {
            this.#state = "rejected";
            this.#reason = reason;
            this.#settle(this.#deferred);
        }
    }

    #settle(deferred: Deferred<T> | null): void {
        if (deferred === null || this.#state === "pending") {
            return;
        }
        if (this.#state === "rejected") {
            deferred.reject(this.#reason);
        } else if (this.#value !== null) {
            deferred.resolve(this.#value());
            this.#value = null;
        }
    }
}

/** For outcomes without a value. */
export function nothing(): undefined {
    return undefined;
}
