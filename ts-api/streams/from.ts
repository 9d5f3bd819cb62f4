/*
 * from.ts - a readable stream of what an iterable gives.
 * Spec: Streams, ReadableStreamFromIterable; ECMAScript, GetIterator, IteratorNext, CreateAsyncFromSyncIterator.
 */
import {
    createReadableController,
    promiseRejectedWith,
    promiseResolvedWith,
    ReadableStream,
    readableStreamDefaultControllerClose,
    readableStreamDefaultControllerEnqueue,
    setUpReadableStreamDefaultController,
    transformPromiseWith,
    WITHOUT_SOURCE,
} from "./streams.ts";

const { apply } = Reflect;

type Method = (...values: unknown[]) => unknown;

/** GetMethod */
function methodOf(value: object, key: PropertyKey): Method | undefined {
    const method = (value as Record<PropertyKey, unknown>)[key];
    if (method === undefined || method === null) {
        return undefined;
    }
    if (typeof method !== "function") {
        throw new TypeError("A method of an iterable is not a function");
    }
    return method as Method;
}

/** What IteratorNext and IteratorClose need. */
interface IteratorRecord {
    readonly iterator: object;
    readonly next: Method;
    readonly isAsync: boolean;
}

function getIterator(iterable: unknown): IteratorRecord {
    if (iterable === undefined || iterable === null) {
        throw new TypeError("ReadableStream.from: the argument is not iterable");
    }
    const object = iterable as object;
    let method = methodOf(object, Symbol.asyncIterator);
    const isAsync = method !== undefined;
    method ??= methodOf(object, Symbol.iterator);
    if (method === undefined) {
        throw new TypeError("ReadableStream.from: the argument is not iterable");
    }
    const iterator = apply(method, object, []);
    if ((typeof iterator !== "object" || iterator === null) && typeof iterator !== "function") {
        throw new TypeError("ReadableStream.from: the iterator is not an object");
    }
    return { iterator, next: (iterator as { next: Method }).next, isAsync };
}

function toResult(value: unknown): { readonly done?: unknown; readonly value?: unknown } {
    if ((typeof value !== "object" || value === null) && typeof value !== "function") {
        throw new TypeError("ReadableStream.from: the iterator gave what is not an object");
    }
    return value;
}

/** "ReadableStreamFromIterable" */
export function readableStreamFrom(iterable: unknown): ReadableStream {
    const record = getIterator(iterable);
    const stream = new ReadableStream(WITHOUT_SOURCE);
    const controller = createReadableController();
    const deliver = (value: unknown, done: unknown): void => {
        if (done) {
            readableStreamDefaultControllerClose(controller);
        } else {
            readableStreamDefaultControllerEnqueue(controller, value);
        }
    };
    const pull = (): Promise<unknown> => {
        try {
            const next = apply(record.next, record.iterator, []);
            if (record.isAsync) {
                return transformPromiseWith(promiseResolvedWith(next) as Promise<unknown>, (result) => {
                    const { done, value } = readResult(result);
                    deliver(value, done);
                });
            }
            const { done, value } = readResult(next);
            return transformPromiseWith(valuePromise(record, value, !!done), (awaited) => {
                deliver(awaited, done);
            });
        } catch (error) {
            return promiseRejectedWith(error);
        }
    };
    const cancel = (reason: unknown): Promise<unknown> => {
        try {
            const method = methodOf(record.iterator, "return");
            if (method === undefined) {
                return promiseResolvedWith(undefined);
            }
            const result = apply(method, record.iterator, [reason]);
            if (record.isAsync) {
                return transformPromiseWith(promiseResolvedWith(result) as Promise<unknown>, (settled) => {
                    toResult(settled);
                });
            }
            return transformPromiseWith(
                promiseResolvedWith(toResult(result).value) as Promise<unknown>,
                nothing,
            );
        } catch (error) {
            return promiseRejectedWith(error);
        }
    };
    setUpReadableStreamDefaultController(
        stream,
        controller,
        () => undefined,
        { pull, cancel },
        0,
        () => 1,
    );
    return stream;
}

/** `done` before `value`, each once. */
function readResult(result: unknown): { done: unknown; value: unknown } {
    const object = toResult(result);
    const done = object.done;
    return { done, value: done ? undefined : object.value };
}

/** A value of a synchronous iterator is awaited; where that fails the iterator is told. */
function valuePromise(record: IteratorRecord, value: unknown, done: boolean): Promise<unknown> {
    let promise: Promise<unknown>;
    try {
        promise = promiseResolvedWith(value) as Promise<unknown>;
    } catch (error) {
        promise = promiseRejectedWith(error);
    }
    return done
        ? promise
        : transformPromiseWith(promise, undefined, (error) => {
              const method = methodOf(record.iterator, "return");
              if (method !== undefined) {
                  apply(method, record.iterator, []);
              }
              throw error;
          });
}

function nothing(): void {}
