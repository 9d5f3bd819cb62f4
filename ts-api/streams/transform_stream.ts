/*
 * transform_stream.ts - TransformStream and its controller: the classes that apps see, and the abstract operations, step
 * by step as the standard has them. A module of its own, loaded when one is made.
 * Spec: Streams, "Transform streams".
 */
import { defineInterface, toDictionary } from "../web/webidl.ts";
import {
    $algorithms,
    $backpressure,
    $controller,
    $finishPromise,
    $state,
    $storedError,
    brandError,
    type Callback,
    createReadableStream,
    createWritableStream,
    type DefaultController,
    Deferred,
    extractHighWaterMark,
    extractSizeAlgorithm,
    hasSlot,
    type Outcome,
    promiseRejectedWith,
    type ReadableStream,
    readableStreamDefaultControllerCanCloseOrEnqueue,
    readableStreamDefaultControllerClose,
    readableStreamDefaultControllerEnqueue,
    readableStreamDefaultControllerError,
    readableStreamDefaultControllerGetDesiredSize,
    readableStreamDefaultControllerHasBackpressure,
    toCallback,
    toObject,
    toStrategy,
    transformPromiseWith,
    toOutcome,
    uponOutcome,
    type WritableController,
    type WritableStream,
    writableStreamDefaultControllerErrorIfNeeded,
} from "./streams.ts";

const { apply } = Reflect;
const INTERNAL = {};
const $readable: unique symbol = Symbol("readable");
const $writable: unique symbol = Symbol("writable");
const $backpressureChange: unique symbol = Symbol("backpressureChangePromise");
const $transformStream: unique symbol = Symbol("stream");

interface TransformAlgorithms {
    transform(chunk: unknown): Outcome;
    flush(): Outcome;
    cancel(reason: unknown): Outcome;
}

interface TransformerDictionary {
    readonly cancel: Callback | undefined;
    readonly flush: Callback | undefined;
    readonly readableType: unknown;
    readonly start: Callback | undefined;
    readonly transform: Callback | undefined;
    readonly writableType: unknown;
}

function toTransformer(value: object | null): TransformerDictionary {
    const transformer = toDictionary<Record<keyof TransformerDictionary, unknown>>(value, "The transformer");
    return {
        cancel: toCallback(transformer.cancel, "cancel"),
        flush: toCallback(transformer.flush, "flush"),
        readableType: transformer.readableType,
        start: toCallback(transformer.start, "start"),
        transform: toCallback(transformer.transform, "transform"),
        writableType: transformer.writableType,
    };
}

export class TransformStream<I = unknown, O = unknown> {
    declare [$readable]: ReadableStream<O>;
    declare [$writable]: WritableStream<I>;
    declare [$backpressure]: boolean | undefined;
    declare [$backpressureChange]: Deferred<undefined> | undefined;
    declare [$controller]: TransformStreamDefaultController<O>;

    constructor(
        transformer: unknown = undefined,
        writableStrategy: unknown = undefined,
        readableStrategy: unknown = undefined,
    ) {
        const object = transformer === undefined ? null : toObject(transformer, "The transformer");
        const writable = toStrategy(writableStrategy, "The writable strategy");
        const readable = toStrategy(readableStrategy, "The readable strategy");
        const dictionary = toTransformer(object);
        if (dictionary.readableType !== undefined) {
            throw new RangeError("The transformer must not have a readableType");
        }
        if (dictionary.writableType !== undefined) {
            throw new RangeError("The transformer must not have a writableType");
        }
        const readableHighWaterMark = extractHighWaterMark(readable, 0);
        const readableSize = extractSizeAlgorithm(readable);
        const writableHighWaterMark = extractHighWaterMark(writable, 1);
        const writableSize = extractSizeAlgorithm(writable);
        const started = new Deferred<unknown>();

        // "InitializeTransformStream"
        const start = (): Promise<unknown> => started.promise;
        this[$writable] = createWritableStream(
            start,
            {
                write: (chunk) => sinkWrite(this, chunk),
                abort: (reason) => sinkAbort(this, reason),
                close: () => sinkClose(this),
            },
            writableHighWaterMark,
            writableSize,
        ) as WritableStream<I>;
        this[$readable] = createReadableStream<O>(
            start,
            { pull: () => sourcePull(this), cancel: (reason) => sourceCancel(this, reason) },
            readableHighWaterMark,
            readableSize,
        );
        this[$backpressure] = undefined;
        this[$backpressureChange] = undefined;
        setBackpressure(this, true);

        // "SetUpTransformStreamDefaultControllerFromTransformer"
        const controller = new TransformStreamDefaultController<O>(INTERNAL);
        controller[$transformStream] = this;
        controller[$algorithms] = new TransformerAlgorithms(object, dictionary, controller);
        controller[$finishPromise] = undefined;
        this[$controller] = controller;
        started.resolve(
            dictionary.start === undefined ? undefined : apply(dictionary.start, object, [controller]),
        );
    }

    get readable(): ReadableStream<O> {
        checkStream(this, "readable");
        return this[$readable];
    }

    get writable(): WritableStream<I> {
        checkStream(this, "writable");
        return this[$writable];
    }
}
defineInterface(TransformStream, "TransformStream", ["readable", "writable"]);

export class TransformStreamDefaultController<O = unknown> {
    declare [$transformStream]: TransformStream<never, O>;
    declare [$algorithms]: TransformAlgorithms | undefined;
    declare [$finishPromise]: Deferred<undefined> | undefined;

    constructor(internal: object | undefined = undefined) {
        if (internal !== INTERNAL) {
            throw new TypeError("Illegal constructor");
        }
    }

    get desiredSize(): number | null {
        checkController(this, "desiredSize");
        return readableStreamDefaultControllerGetDesiredSize(readableController(this[$transformStream]));
    }

    enqueue(chunk: O = undefined as O): void {
        checkController(this, "enqueue");
        enqueue(this, chunk);
    }

    error(reason: unknown = undefined): void {
        checkController(this, "error");
        errorStream(this[$transformStream], reason);
    }

    terminate(): void {
        checkController(this, "terminate");
        const stream = this[$transformStream];
        readableStreamDefaultControllerClose(readableController(stream));
        errorWritableAndUnblockWrite(stream, new TypeError("The transform stream was terminated"));
    }
}
defineInterface(TransformStreamDefaultController, "TransformStreamDefaultController");

type AnyTransform = TransformStream<never, never> | TransformStream;

/** What an app's transformer does. */
class TransformerAlgorithms implements TransformAlgorithms {
    readonly #transformer: object | null;
    readonly #dictionary: TransformerDictionary;
    readonly #controller: TransformStreamDefaultController<never>;

    constructor(transformer: object | null, dictionary: TransformerDictionary, controller: object) {
        this.#transformer = transformer;
        this.#dictionary = dictionary;
        this.#controller = controller as TransformStreamDefaultController<never>;
    }

    transform(chunk: unknown): Outcome {
        if (this.#dictionary.transform !== undefined) {
            return this.#call(this.#dictionary.transform, [chunk, this.#controller]);
        }
        try {
            enqueue(this.#controller, chunk);
            return undefined;
        } catch (error) {
            return promiseRejectedWith(error);
        }
    }

    flush(): Outcome {
        return this.#call(this.#dictionary.flush, [this.#controller]);
    }

    cancel(reason: unknown): Outcome {
        return this.#call(this.#dictionary.cancel, [reason]);
    }

    #call(callback: Callback | undefined, values: unknown[]): Outcome {
        if (callback === undefined) {
            return undefined;
        }
        try {
            return toOutcome(apply(callback, this.#transformer, values));
        } catch (error) {
            return promiseRejectedWith(error);
        }
    }
}

function readableController(stream: AnyTransform): DefaultController {
    return (stream[$readable] as ReadableStream)[$controller] as DefaultController;
}

function writableController(stream: AnyTransform): WritableController {
    return (stream[$writable] as WritableStream)[$controller] as WritableController;
}

// Working with transform streams ----------------------------------------------------------------------------------

/** "TransformStreamError" */
function errorStream(stream: AnyTransform, error: unknown): void {
    readableStreamDefaultControllerError(readableController(stream), error);
    errorWritableAndUnblockWrite(stream, error);
}

/** "TransformStreamErrorWritableAndUnblockWrite" */
function errorWritableAndUnblockWrite(stream: AnyTransform, error: unknown): void {
    clearAlgorithms(stream[$controller]);
    writableStreamDefaultControllerErrorIfNeeded(writableController(stream), error);
    unblockWrite(stream);
}

/** "TransformStreamUnblockWrite" */
function unblockWrite(stream: AnyTransform): void {
    if (stream[$backpressure] === true) {
        setBackpressure(stream, false);
    }
}

/** "TransformStreamSetBackpressure" */
function setBackpressure(stream: AnyTransform, backpressure: boolean): void {
    const change = stream[$backpressureChange];
    stream[$backpressureChange] = undefined;
    stream[$backpressure] = backpressure;
    change?.resolve(undefined);
}

/** [[backpressureChangePromise]], made when somebody waits for it. */
function backpressureChange(stream: AnyTransform): Promise<undefined> {
    return (stream[$backpressureChange] ??= new Deferred()).promise;
}

// The controller --------------------------------------------------------------------------------------------------

/** "TransformStreamDefaultControllerClearAlgorithms" */
function clearAlgorithms(controller: { [$algorithms]: TransformAlgorithms | undefined }): void {
    controller[$algorithms] = undefined;
}

/** "TransformStreamDefaultControllerEnqueue" */
function enqueue(controller: TransformStreamDefaultController<never>, chunk: unknown): void {
    const stream = controller[$transformStream];
    const readable = readableController(stream);
    if (!readableStreamDefaultControllerCanCloseOrEnqueue(readable)) {
        throw new TypeError("enqueue: the readable side is closed or errored");
    }
    try {
        readableStreamDefaultControllerEnqueue(readable, chunk);
    } catch (error) {
        errorWritableAndUnblockWrite(stream, error);
        throw (stream[$readable] as ReadableStream)[$storedError];
    }
    const backpressure = readableStreamDefaultControllerHasBackpressure(readable);
    if (backpressure !== stream[$backpressure]) {
        setBackpressure(stream, true);
    }
}

/** "TransformStreamDefaultControllerPerformTransform" */
function performTransform(controller: TransformStreamDefaultController<never>, chunk: unknown): Outcome {
    const outcome = (controller[$algorithms] as TransformAlgorithms).transform(chunk);
    return outcome === undefined
        ? undefined
        : transformPromiseWith(outcome, undefined, (reason) => {
              errorStream(controller[$transformStream], reason);
              throw reason;
          });
}

// Sinks and sources -----------------------------------------------------------------------------------------------

/** "TransformStreamDefaultSinkWriteAlgorithm" */
function sinkWrite(stream: AnyTransform, chunk: unknown): Outcome {
    const controller = stream[$controller] as TransformStreamDefaultController<never>;
    if (stream[$backpressure] !== true) {
        return performTransform(controller, chunk);
    }
    return transformPromiseWith(backpressureChange(stream), () => {
        const writable = stream[$writable] as WritableStream;
        if (writable[$state] === "erroring") {
            throw writable[$storedError];
        }
        return performTransform(controller, chunk);
    });
}

/** "TransformStreamDefaultSinkAbortAlgorithm" */
function sinkAbort(stream: AnyTransform, reason: unknown): Promise<unknown> {
    const controller = stream[$controller] as TransformStreamDefaultController<never>;
    if (controller[$finishPromise] !== undefined) {
        return controller[$finishPromise].promise;
    }
    const readable = stream[$readable] as ReadableStream;
    const finish = new Deferred<undefined>();
    controller[$finishPromise] = finish;
    const cancelOutcome = (controller[$algorithms] as TransformAlgorithms).cancel(reason);
    clearAlgorithms(controller);
    uponOutcome(
        cancelOutcome,
        () => {
            if (readable[$state] === "errored") {
                finish.reject(readable[$storedError]);
            } else {
                readableStreamDefaultControllerError(readableController(stream), reason);
                finish.resolve(undefined);
            }
        },
        (error) => {
            readableStreamDefaultControllerError(readableController(stream), error);
            finish.reject(error);
        },
        undefined,
    );
    return finish.promise;
}

/** "TransformStreamDefaultSinkCloseAlgorithm" */
function sinkClose(stream: AnyTransform): Promise<unknown> {
    const controller = stream[$controller] as TransformStreamDefaultController<never>;
    if (controller[$finishPromise] !== undefined) {
        return controller[$finishPromise].promise;
    }
    const readable = stream[$readable] as ReadableStream;
    const finish = new Deferred<undefined>();
    controller[$finishPromise] = finish;
    const flushOutcome = (controller[$algorithms] as TransformAlgorithms).flush();
    clearAlgorithms(controller);
    uponOutcome(
        flushOutcome,
        () => {
            if (readable[$state] === "errored") {
                finish.reject(readable[$storedError]);
            } else {
                readableStreamDefaultControllerClose(readableController(stream));
                finish.resolve(undefined);
            }
        },
        (error) => {
            readableStreamDefaultControllerError(readableController(stream), error);
            finish.reject(error);
        },
        undefined,
    );
    return finish.promise;
}

/** "TransformStreamDefaultSourceCancelAlgorithm" */
function sourceCancel(stream: AnyTransform, reason: unknown): Promise<unknown> {
    const controller = stream[$controller] as TransformStreamDefaultController<never>;
    if (controller[$finishPromise] !== undefined) {
        return controller[$finishPromise].promise;
    }
    const writable = stream[$writable] as WritableStream;
    const finish = new Deferred<undefined>();
    controller[$finishPromise] = finish;
    const cancelOutcome = (controller[$algorithms] as TransformAlgorithms).cancel(reason);
    clearAlgorithms(controller);
    uponOutcome(
        cancelOutcome,
        () => {
            if (writable[$state] === "errored") {
                finish.reject(writable[$storedError]);
            } else {
                writableStreamDefaultControllerErrorIfNeeded(writableController(stream), reason);
                unblockWrite(stream);
                finish.resolve(undefined);
            }
        },
        (error) => {
            writableStreamDefaultControllerErrorIfNeeded(writableController(stream), error);
            unblockWrite(stream);
            finish.reject(error);
        },
        undefined,
    );
    return finish.promise;
}

/** "TransformStreamDefaultSourcePullAlgorithm" */
function sourcePull(stream: AnyTransform): Promise<unknown> {
    setBackpressure(stream, false);
    return backpressureChange(stream);
}

// Brands ----------------------------------------------------------------------------------------------------------

function checkStream(value: unknown, member: string): void {
    if (!hasSlot(value, $backpressureChange)) {
        throw brandError("TransformStream", member);
    }
}

function checkController(value: unknown, member: string): void {
    if (!hasSlot(value, $finishPromise)) {
        throw brandError("TransformStreamDefaultController", member);
    }
}
