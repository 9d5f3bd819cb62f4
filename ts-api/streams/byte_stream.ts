/*
 * byte_stream.ts - the module of byte streams: ReadableByteStreamController, ReadableStreamBYOBReader and
 * ReadableStreamBYOBRequest as apps see them. It is loaded when one of them is used. Not here: what they do
 * (byte_controller.ts, byte_tee.ts).
 * Spec: Streams, "The ReadableStreamBYOBReader class", "The ReadableByteStreamController class",
 * "The ReadableStreamBYOBRequest class".
 */
import { defineInterface, requireArguments, toDictionary, toUnsignedInteger } from "../web/webidl.ts";
import {
    type ByobRequest,
    type ByteController,
    byteControllerCancelSteps,
    byteControllerPullSteps,
    byteControllerReleaseSteps,
    byteLengthOf,
    isDetached,
    partsOf,
    type PullInto,
    readableByteStreamControllerClose,
    readableByteStreamControllerEnqueue,
    readableByteStreamControllerError,
    readableByteStreamControllerGetDesiredSize,
    readableByteStreamControllerRespond,
    readableByteStreamControllerRespondWithNewView,
    readableStreamBYOBReaderRead,
    setUpReadableByteStreamController,
} from "./byte_controller.ts";
import {
    $algorithms,
    $autoAllocateChunkSize,
    $byobRequest,
    $cancelSteps,
    $closedPromise,
    $closeRequested,
    $controller,
    $pendingPullIntos,
    $pullAgain,
    $pulling,
    $pullSteps,
    $queue,
    $readIntoRequests,
    $releaseSteps,
    $started,
    $state,
    $strategyHWM,
    $stream,
    $view,
    brandError,
    Deferred,
    hasSlot,
    isReadableStream,
    promiseRejectedWith,
    type Queue,
    type Readable,
    type ReadableStream,
    readableStreamCancel,
    readableStreamReaderGenericInitialize,
    readableStreamReaderRelease,
    type Reader,
    readerClosedPromise,
    type ReadIntoRequest,
    type ReadRequest,
    type ReadResult,
    releasedError,
    type SourceAlgorithms,
    type SourceDictionary,
    type Outcome,
    toSourceAlgorithms,
    toStartAlgorithm,
} from "./streams.ts";

export { readableByteStreamTee } from "./byte_tee.ts";

const INTERNAL = {};
const { isView } = globalThis.ArrayBuffer;
const Uint8ArrayClass = globalThis.Uint8Array;

export class ReadableStreamBYOBReader implements Reader {
    declare [$stream]: Readable | undefined;
    declare [$closedPromise]: Deferred<undefined> | undefined;
    declare [$readIntoRequests]: Queue<ReadIntoRequest> | undefined;

    constructor(stream: ReadableStream) {
        requireArguments(arguments.length, 1, "ReadableStreamBYOBReader");
        if (!isReadableStream(stream)) {
            throw new TypeError("ReadableStreamBYOBReader: the argument must be a ReadableStream");
        }
        if (stream.locked) {
            throw new TypeError("The stream is locked: another reader has it");
        }
        if (!hasSlot(stream[$controller], $byobRequest)) {
            throw new TypeError("ReadableStreamBYOBReader: this is no byte stream");
        }
        readableStreamReaderGenericInitialize(this, stream);
        this[$readIntoRequests] = undefined;
    }

    get closed(): Promise<undefined> {
        return isByobReader(this)
            ? readerClosedPromise(this)
            : promiseRejectedWith(brandError("ReadableStreamBYOBReader", "closed"));
    }

    cancel(reason: unknown = undefined): Promise<undefined> {
        if (!isByobReader(this)) {
            return promiseRejectedWith(brandError("ReadableStreamBYOBReader", "cancel"));
        }
        const stream = this[$stream];
        return stream === undefined
            ? promiseRejectedWith(releasedError("cancel"))
            : readableStreamCancel(stream, reason);
    }

    read<T extends ArrayBufferView>(view: T, options: unknown = undefined): Promise<ReadResult<T>> {
        if (!isByobReader(this)) {
            return promiseRejectedWith(brandError("ReadableStreamBYOBReader", "read"));
        }
        let min: number;
        try {
            min = toMinimum(view, options);
        } catch (error) {
            return promiseRejectedWith(error);
        }
        if (this[$stream] === undefined) {
            return promiseRejectedWith(releasedError("read"));
        }
        const request = new PromiseReadIntoRequest();
        readableStreamBYOBReaderRead(this, view, min, request);
        return request.promise as Promise<ReadResult<T>>;
    }

    releaseLock(): void {
        if (!isByobReader(this)) {
            throw brandError("ReadableStreamBYOBReader", "releaseLock");
        }
        if (this[$stream] !== undefined) {
            readableStreamReaderRelease(this);
        }
    }
}
defineInterface(ReadableStreamBYOBReader, "ReadableStreamBYOBReader");

/** Checks the arguments of read(). */
function toMinimum(view: unknown, options: unknown): number {
    if (!isView(view)) {
        throw new TypeError("read: the argument must be a view on an ArrayBuffer");
    }
    const dictionary = toDictionary<{ min: unknown }>(options, "read: options");
    const given = dictionary.min;
    const min = given === undefined ? 1 : toUnsignedInteger(given, "read: min");
    const { buffer, byteLength, length } = partsOf(view);
    if (byteLength === 0) {
        throw new TypeError("read: the view must not be empty");
    }
    if (byteLengthOf(buffer) === 0) {
        throw new TypeError("read: the buffer of the view must not be empty");
    }
    if (isDetached(buffer)) {
        throw new TypeError("read: the buffer of the view is detached");
    }
    if (min === 0) {
        throw new TypeError("read: min must be more than 0");
    }
    if (min > length) {
        throw new RangeError("read: min is more than the view holds");
    }
    return min;
}

class PromiseReadIntoRequest implements ReadIntoRequest {
    readonly #deferred = new Deferred<ReadResult<ArrayBufferView>>();

    get promise(): Promise<ReadResult<ArrayBufferView>> {
        return this.#deferred.promise;
    }

    chunkSteps(chunk: ArrayBufferView): void {
        this.#deferred.resolve({ value: chunk, done: false });
    }

    closeSteps(chunk: ArrayBufferView | undefined): void {
        this.#deferred.resolve({ value: chunk, done: true });
    }

    errorSteps(error: unknown): void {
        this.#deferred.reject(error);
    }
}

export class ReadableStreamBYOBRequest implements ByobRequest {
    declare [$controller]: ByteController | undefined;
    declare [$view]: Uint8Array<ArrayBuffer> | null;

    constructor(internal: object | undefined = undefined) {
        if (internal !== INTERNAL) {
            throw new TypeError("Illegal constructor");
        }
    }

    get view(): Uint8Array<ArrayBuffer> | null {
        checkRequest(this, "view");
        return this[$view];
    }

    respond(bytesWritten: number): void {
        checkRequest(this, "respond");
        requireArguments(arguments.length, 1, "respond");
        const count = toUnsignedInteger(bytesWritten, "respond: bytesWritten");
        const controller = checkValid(this);
        if (isDetached(partsOf(this[$view] as ArrayBufferView).buffer)) {
            throw new TypeError("respond: the buffer of the view is detached");
        }
        readableByteStreamControllerRespond(controller, count);
    }

    respondWithNewView(view: ArrayBufferView): void {
        checkRequest(this, "respondWithNewView");
        requireArguments(arguments.length, 1, "respondWithNewView");
        if (!isView(view)) {
            throw new TypeError("respondWithNewView: the argument must be a view on an ArrayBuffer");
        }
        const controller = checkValid(this);
        if (isDetached(partsOf(view).buffer)) {
            throw new TypeError("respondWithNewView: the buffer of the view is detached");
        }
        readableByteStreamControllerRespondWithNewView(controller, view);
    }
}
defineInterface(ReadableStreamBYOBRequest, "ReadableStreamBYOBRequest");

function checkValid(request: ByobRequest): ByteController {
    const controller = request[$controller];
    if (controller === undefined) {
        throw new TypeError("This BYOB request has been answered already, or its stream has ended");
    }
    return controller;
}

export class ReadableByteStreamController implements ByteController {
    declare [$stream]: Readable;
    declare [$queue]: ByteController[typeof $queue];
    declare [$started]: boolean;
    declare [$closeRequested]: boolean;
    declare [$pullAgain]: boolean;
    declare [$pulling]: boolean;
    declare [$strategyHWM]: number;
    declare [$algorithms]: SourceAlgorithms | undefined;
    declare [$autoAllocateChunkSize]: number | undefined;
    declare [$byobRequest]: ByobRequest | null;
    declare [$pendingPullIntos]: Queue<PullInto>;

    constructor(internal: object | undefined = undefined) {
        if (internal !== INTERNAL) {
            throw new TypeError("Illegal constructor");
        }
    }

    /** "ReadableByteStreamControllerGetBYOBRequest" */
    get byobRequest(): ReadableStreamBYOBRequest | null {
        checkController(this, "byobRequest");
        return getByobRequest(this);
    }

    get desiredSize(): number | null {
        checkController(this, "desiredSize");
        return readableByteStreamControllerGetDesiredSize(this);
    }

    close(): void {
        checkController(this, "close");
        if (this[$closeRequested] || this[$stream][$state] !== "readable") {
            throw new TypeError("close: the stream is closed or errored, or asked to close");
        }
        readableByteStreamControllerClose(this);
    }

    enqueue(chunk: ArrayBufferView): void {
        checkController(this, "enqueue");
        requireArguments(arguments.length, 1, "enqueue");
        if (!isView(chunk)) {
            throw new TypeError("enqueue: the chunk must be a view on an ArrayBuffer");
        }
        const { buffer, byteLength } = partsOf(chunk);
        if (byteLength === 0) {
            throw new TypeError("enqueue: the chunk must not be empty");
        }
        if (byteLengthOf(buffer) === 0) {
            throw new TypeError("enqueue: the buffer of the chunk must not be empty");
        }
        if (this[$closeRequested] || this[$stream][$state] !== "readable") {
            throw new TypeError("enqueue: the stream is closed or errored, or asked to close");
        }
        readableByteStreamControllerEnqueue(this, chunk);
    }

    error(error: unknown = undefined): void {
        checkController(this, "error");
        readableByteStreamControllerError(this, error);
    }

    [$cancelSteps](reason: unknown): Outcome {
        return byteControllerCancelSteps(this, reason);
    }

    [$pullSteps](request: ReadRequest): void {
        byteControllerPullSteps(this, request);
    }

    [$releaseSteps](): void {
        byteControllerReleaseSteps(this);
    }
}
defineInterface(ReadableByteStreamController, "ReadableByteStreamController");

export function createByteController(): ReadableByteStreamController {
    return new ReadableByteStreamController(INTERNAL);
}

/** "ReadableByteStreamControllerGetBYOBRequest" */
export function getByobRequest(controller: ByteController): ReadableStreamBYOBRequest | null {
    const pending = controller[$pendingPullIntos];
    if (controller[$byobRequest] === null && !pending.isEmpty) {
        const { buffer, byteOffset, bytesFilled, byteLength } = pending.peek();
        const request = new ReadableStreamBYOBRequest(INTERNAL);
        request[$controller] = controller;
        request[$view] = new Uint8ArrayClass(buffer, byteOffset + bytesFilled, byteLength - bytesFilled);
        controller[$byobRequest] = request;
    }
    return controller[$byobRequest] as ReadableStreamBYOBRequest | null;
}

/** "SetUpReadableByteStreamControllerFromUnderlyingSource" */
export function setUpFromUnderlyingByteSource(
    stream: ReadableStream,
    source: object | null,
    dictionary: SourceDictionary,
    highWaterMark: number,
): void {
    const controller = createByteController();
    const autoAllocateChunkSize = dictionary.autoAllocateChunkSize as number | undefined;
    if (autoAllocateChunkSize === 0) {
        throw new TypeError("autoAllocateChunkSize must be more than 0");
    }
    setUpReadableByteStreamController(
        stream,
        controller,
        toStartAlgorithm(source, dictionary.start, controller),
        toSourceAlgorithms(source, dictionary),
        highWaterMark,
        autoAllocateChunkSize,
    );
}

function isByobReader(value: unknown): value is ReadableStreamBYOBReader {
    return hasSlot(value, $readIntoRequests);
}

function checkRequest(value: unknown, member: string): void {
    if (!hasSlot(value, $view)) {
        throw brandError("ReadableStreamBYOBRequest", member);
    }
}

function checkController(value: unknown, member: string): void {
    if (!hasSlot(value, $byobRequest)) {
        throw brandError("ReadableByteStreamController", member);
    }
}
