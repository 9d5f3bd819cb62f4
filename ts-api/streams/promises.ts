/*
 * promises.ts - promises as the streams use them, whatever an app does to Promise and its prototype.
 * Spec: Streams, "Conventions"; Web IDL, "a new promise", "a promise resolved with", "react".
 */
const PromiseClass = globalThis.Promise;
const { apply } = Reflect;
const { then } = PromiseClass.prototype;
const { resolve: resolvePromise, reject: rejectPromise } = PromiseClass;

/** A promise that others settle. */
export class Deferred<T> {
    readonly promise: Promise<T>;
    /** Not settled yet. */
    pending = true;
    #resolve!: (value: T | PromiseLike<T>) => void;
    #reject!: (reason: unknown) => void;

    constructor() {
        this.promise = new PromiseClass<T>((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
    }

    resolve(value: T | PromiseLike<T>): void {
        this.pending = false;
        this.#resolve(value);
    }

    reject(reason: unknown): void {
        this.pending = false;
        this.#reject(reason);
    }
}

/** "a promise resolved with": always a new one, which follows a value that is a promise some turns later. */
export function promiseResolvedWith<T>(value: T): Promise<Awaited<T>> {
    if (typeof value === "object" || typeof value === "function") {
        return new PromiseClass((resolve) => {
            resolve(value as Awaited<T>);
        });
    }
    return apply(resolvePromise, PromiseClass, [value]) as Promise<Awaited<T>>;
}

/** "a promise rejected with" */
export function promiseRejectedWith(reason: unknown): Promise<never> {
    return apply(rejectPromise, PromiseClass, [reason]) as Promise<never>;
}

/** "Upon fulfillment" and "upon rejection"; what the steps throw would be a bug, and is reported as unhandled. */
export function uponPromise<T>(
    promise: Promise<T>,
    fulfilled: ((value: T) => void) | undefined,
    rejected?: (reason: unknown) => void,
): void {
    void apply(then, promise, [fulfilled, rejected]);
}

/** "the result of reacting to" */
export function transformPromiseWith<T, U>(
    promise: Promise<T>,
    fulfilled: ((value: T) => U | Promise<U>) | undefined,
    rejected?: (reason: unknown) => U | Promise<U>,
): Promise<U> {
    return apply(then, promise, [fulfilled, rejected]) as Promise<U>;
}

/** "Set promise.[[PromiseIsHandled]] to true" */
export function setPromiseIsHandledToTrue<T>(promise: Promise<T>): Promise<T> {
    void apply(then, promise, [undefined, nothing]);
    return promise;
}

/** Rejects; nobody has to listen. */
export function rejectHandled(deferred: Deferred<undefined>, error: unknown): void {
    deferred.reject(error);
    void setPromiseIsHandledToTrue(deferred.promise);
}

/** The error of whatever is asked of a reader or writer that has let go of its stream. */
export function releasedError(what: string): TypeError {
    return new TypeError(`${what}: the lock was released`);
}

/** The promise of a function that an app gave, or one rejected with what it threw. */
export function promiseCall(call: () => unknown): Promise<unknown> {
    try {
        return promiseResolvedWith(call());
    } catch (error) {
        return promiseRejectedWith(error);
    }
}

function nothing(): void {}
