/*
 * promises.ts - promises as the streams use them, whatever an app does to Promise and its prototype. Steps that follow are
 * functions with a context, so that what runs for each chunk makes no closure.
 * Spec: Streams, "Conventions"; Web IDL, "a new promise", "a promise resolved with", "react".
 */
import { markHandled, react, rejected, resolved, soon, then } from "cleat:native/promise";

export { soon };

const PromiseClass = globalThis.Promise;

type Resolve = (value: never) => void;
type Reject = (reason: unknown) => void;

let takenResolve!: (value: unknown) => void;
let takenReject!: Reject;

function take(resolve: Resolve, reject: Reject): void {
    takenResolve = resolve as (value: unknown) => void;
    takenReject = reject;
}

/** A promise that others settle. */
export class Deferred<T> {
    readonly promise: Promise<T>;
    #resolve: ((value: unknown) => void) | undefined;
    #reject: Reject | undefined;

    constructor() {
        this.promise = new PromiseClass<T>(take);
        this.#resolve = takenResolve;
        this.#reject = takenReject;
    }

    /** Not settled yet. */
    get pending(): boolean {
        return this.#resolve !== undefined;
    }

    resolve(value: T | PromiseLike<T>): void {
        const resolve = this.#resolve;
        this.#resolve = this.#reject = undefined;
        resolve?.(value);
    }

    reject(reason: unknown): void {
        const reject = this.#reject;
        this.#resolve = this.#reject = undefined;
        reject?.(reason);
    }
}

/** "a promise resolved with": always a new one, which follows a value that is a promise some turns later. */
export function promiseResolvedWith<T>(value: T): Promise<Awaited<T>> {
    if ((typeof value === "object" && value !== null) || typeof value === "function") {
        const promise = new PromiseClass<Awaited<T>>(take);
        takenResolve(value);
        return promise;
    }
    return resolved(value);
}

/** "a promise rejected with" */
export const promiseRejectedWith: (reason: unknown) => Promise<never> = rejected;

/** "Upon fulfillment" and "upon rejection"; what the steps throw would be a bug, and is reported as uncaught. */
export function uponPromise<T>(
    promise: Promise<T>,
    fulfilled: ((value: T) => void) | undefined,
    rejectedSteps?: (reason: unknown) => void,
): void {
    react(promise, fulfilled ?? nothing, rejectedSteps ?? nothing, undefined);
}

/** What an algorithm of a source or a sink gives: undefined where it is done at once. */
export type Outcome = Promise<unknown> | undefined;

/** "Upon fulfillment" and "upon rejection" of what an algorithm gave. */
export function uponOutcome<C>(
    outcome: Outcome,
    fulfilled: (value: unknown, context: C) => void,
    rejectedSteps: (reason: unknown, context: C) => void,
    context: C,
): void {
    if (outcome === undefined) {
        soon(fulfilled, undefined, context);
    } else {
        react(outcome, fulfilled, rejectedSteps, context);
    }
}

/** "the result of reacting to" */
export function transformPromiseWith<T, U>(
    promise: Promise<T>,
    fulfilled: ((value: T) => U | Promise<U>) | undefined,
    rejectedSteps?: (reason: unknown) => U | Promise<U>,
): Promise<U> {
    return then(promise, fulfilled, rejectedSteps) as Promise<U>;
}

/** "Set promise.[[PromiseIsHandled]] to true" */
export function setPromiseIsHandledToTrue<T>(promise: Promise<T>): Promise<T> {
    markHandled(promise);
    return promise;
}

/** Rejects; nobody has to listen. */
export function rejectHandled(deferred: Deferred<undefined>, error: unknown): void {
    markHandled(deferred.promise);
    deferred.reject(error);
}

/** The error of whatever is asked of a reader or writer that has let go of its stream. */
export function releasedError(what: string): TypeError {
    return new TypeError(`${what}: the lock was released`);
}

/** What a function that an app gave is converted to where Web IDL has a promise, undefined where that is one of undefined. */
export function toOutcome(value: unknown): Outcome {
    return (typeof value === "object" && value !== null) || typeof value === "function"
        ? promiseResolvedWith(value)
        : undefined;
}

/** The promise of a function that an app gave, or one rejected with what it threw. */
export function promiseCall(call: () => unknown): Promise<unknown> {
    try {
        return promiseResolvedWith(call());
    } catch (error) {
        return rejected(error);
    }
}

function nothing(): void {}
