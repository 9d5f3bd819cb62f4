/*
 * deferred.ts - a promise with its resolvers. Not here: anything about sockets.
 */
const PromiseClass = globalThis.Promise;

const then = PromiseClass.prototype.then;
const apply = Reflect.apply;
const resolved = PromiseClass.resolve();

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
    void apply(then, resolved, [run]);
}

/** Keeps a rejection that nobody listens to from being reported: the same error reaches the app elsewhere. */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
    void apply(then, promise, [undefined, nothing]);
    return promise;
}

/** A pending promise whose rejection may be ignored. */
export function deferHandled<T>(): Deferred<T> {
    const deferred = defer<T>();
    void markHandled(deferred.promise);
    return deferred;
}

function nothing(): void {}
