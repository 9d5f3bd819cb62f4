/*
 * deferred.ts - a promise with its resolvers. Not here: anything about sockets.
 */
import { markHandled as markAsHandled, soon as enqueue } from "cleat:native/promise";

const PromiseClass = globalThis.Promise;

/** A promise that others settle. */
export interface Deferred<T> {
    readonly promise: Promise<T>;
    resolve(value: T): void;
    reject(reason: unknown): void;
}

/** A new pending promise. */
export function defer<T>(): Deferred<T> {
    let resolve!: (value: T) => void;
    let reject!: (reason: unknown) => void;
    const promise = new PromiseClass<T>((yes, no) => {
        resolve = yes;
        reject = no;
    });
    return { promise, resolve, reject };
}

/** Runs something in a microtask. */
export function soon(run: () => void): void {
    enqueue(run, undefined, undefined);
}

/** Keeps a rejection that nobody listens to from being reported: the same error reaches the app elsewhere. */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
    markAsHandled(promise);
    return promise;
}

/** A pending promise whose rejection may be ignored. */
export function deferHandled<T>(): Deferred<T> {
    const deferred = defer<T>();
    void markHandled(deferred.promise);
    return deferred;
}
