/*
 * byte_controller.ts - the abstract operations of ReadableByteStreamController and of BYOB readers, step by step as the
 * standard has them. Not here: the classes that apps see (byte_stream.ts), tee (byte_tee.ts).
 * Spec: Streams, "Byte stream controllers", "BYOB readers".
 */
import {
    $algorithms,
    $autoAllocateChunkSize,
    $byobRequest,
    $closeRequested,
    $controller,
    $pendingPullIntos,
    $pullAgain,
    $pulling,
    $queue,
    $reader,
    $readIntoRequests,
    $readRequests,
    $started,
    $state,
    $storedError,
    $strategyHWM,
    $stream,
    $view,
    type Controller,
    type Outcome,
    Queue,
    type Readable,
    readableStreamAddReadRequest,
    readableStreamClose,
    readableStreamError,
    readableStreamFulfillReadRequest,
    readableStreamGetNumReadRequests,
    readableStreamHasDefaultReader,
    type Reader,
    type ReadIntoRequest,
    type ReadRequest,
    type SourceAlgorithms,
    toOutcome,
    uponOutcome,
} from "./streams.ts";

const { apply } = Reflect;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const ArrayBufferClass = globalThis.ArrayBuffer;
const Uint8ArrayClass = globalThis.Uint8Array;
const DataViewClass = globalThis.DataView;

type Bytes = Uint8Array<ArrayBuffer>;
export type ViewConstructor = new (buffer: ArrayBuffer, offset: number, length?: number) => ArrayBufferView;

/** "pull-into descriptor" */
export interface PullInto {
    buffer: ArrayBuffer;
    readonly bufferByteLength: number;
    readonly byteOffset: number;
    readonly byteLength: number;
    bytesFilled: number;
    readonly minimumFill: number;
    readonly elementSize: number;
    readonly viewConstructor: ViewConstructor;
    /** "none": the reader has let go. */
    readerType: "default" | "byob" | "none";
}

/** "readable byte stream queue entry" */
interface Entry {
    readonly buffer: ArrayBuffer;
    byteOffset: number;
    byteLength: number;
}

/** The slots of ReadableStreamBYOBRequest. */
export interface ByobRequest {
    [$controller]: ByteController | undefined;
    [$view]: Bytes | null;
}

/** The slots of ReadableByteStreamController. */
export interface ByteController extends Controller {
    [$stream]: Readable;
    [$queue]: Queue<Entry>;
    [$started]: boolean;
    [$closeRequested]: boolean;
    [$pullAgain]: boolean;
    [$pulling]: boolean;
    [$strategyHWM]: number;
    [$algorithms]: SourceAlgorithms | undefined;
    [$autoAllocateChunkSize]: number | undefined;
    [$byobRequest]: ByobRequest | null;
    [$pendingPullIntos]: Queue<PullInto>;
}

// Buffers ---------------------------------------------------------------------------------------------------------

function getter<T>(prototype: object, key: string | symbol): (object: object) => T {
    const get = (getOwnPropertyDescriptor(prototype, key) as { get(): unknown }).get;
    return (object) => apply(get, object, []) as T;
}

const typedArrayPrototype = getPrototypeOf(Uint8ArrayClass.prototype) as object;
const typedArrayBuffer = getter<ArrayBufferLike>(typedArrayPrototype, "buffer");
const typedArrayOffset = getter<number>(typedArrayPrototype, "byteOffset");
const typedArrayByteLength = getter<number>(typedArrayPrototype, "byteLength");
const typedArrayLength = getter<number>(typedArrayPrototype, "length");
const typedArrayTag = getter<string | undefined>(typedArrayPrototype, Symbol.toStringTag);
const dataViewBuffer = getter<ArrayBufferLike>(DataViewClass.prototype, "buffer");
const dataViewOffset = getter<number>(DataViewClass.prototype, "byteOffset");
const dataViewLength = getter<number>(DataViewClass.prototype, "byteLength");
const bufferLength = getter<number>(ArrayBufferClass.prototype, "byteLength");
const bufferDetached = getter<boolean>(ArrayBufferClass.prototype, "detached");
const { slice, transfer } = ArrayBufferClass.prototype;
const setBytes = (typedArrayPrototype as Bytes).set;

const viewConstructors = {
    __proto__: null,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float16Array: (globalThis as { Float16Array?: unknown }).Float16Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
} as unknown as Record<string, ViewConstructor & { BYTES_PER_ELEMENT: number }>;

/** What a view is on, whatever an app did to its prototype. */
export interface ViewParts {
    readonly buffer: ArrayBuffer;
    readonly byteOffset: number;
    readonly byteLength: number;
    /** In elements; in bytes for a DataView. */
    readonly length: number;
    readonly elementSize: number;
    readonly constructor: ViewConstructor;
}

export function partsOf(view: ArrayBufferView): ViewParts {
    const tag = typedArrayTag(view);
    if (tag === undefined) {
        const byteLength = dataViewLength(view);
        return {
            buffer: dataViewBuffer(view) as ArrayBuffer,
            byteOffset: dataViewOffset(view),
            byteLength,
            length: byteLength,
            elementSize: 1,
            constructor: DataViewClass as unknown as ViewConstructor,
        };
    }
    const constructor = viewConstructors[tag] as ViewConstructor & { BYTES_PER_ELEMENT: number };
    return {
        buffer: typedArrayBuffer(view) as ArrayBuffer,
        byteOffset: typedArrayOffset(view),
        byteLength: typedArrayByteLength(view),
        length: typedArrayLength(view),
        elementSize: constructor.BYTES_PER_ELEMENT,
        constructor,
    };
}

export function isDetached(buffer: ArrayBuffer): boolean {
    return bufferDetached(buffer);
}

export function byteLengthOf(buffer: ArrayBuffer): number {
    return bufferLength(buffer);
}

/** "TransferArrayBuffer"; throws for what can't be detached. */
export function transferArrayBuffer(buffer: ArrayBuffer): ArrayBuffer {
    return apply(transfer, buffer, []) as ArrayBuffer;
}

/** "CloneArrayBuffer" */
export function cloneArrayBuffer(buffer: ArrayBuffer, offset: number, length: number): ArrayBuffer {
    return apply(slice, buffer, [offset, offset + length]) as ArrayBuffer;
}

function copyBytes(
    to: ArrayBuffer,
    toOffset: number,
    from: ArrayBuffer,
    fromOffset: number,
    count: number,
): void {
    apply(setBytes, new Uint8ArrayClass(to, toOffset, count), [new Uint8ArrayClass(from, fromOffset, count)]);
}

// BYOB readers ----------------------------------------------------------------------------------------------------

export function readableStreamHasBYOBReader(stream: Readable): boolean {
    const reader = stream[$reader];
    return reader !== undefined && $readIntoRequests in reader;
}

function readableStreamGetNumReadIntoRequests(stream: Readable): number {
    return stream[$reader]?.[$readIntoRequests]?.length ?? 0;
}

function readableStreamAddReadIntoRequest(stream: Readable, request: ReadIntoRequest): void {
    const reader = stream[$reader] as Reader;
    (reader[$readIntoRequests] ??= new Queue()).push(request);
}

function readableStreamFulfillReadIntoRequest(stream: Readable, chunk: ArrayBufferView, done: boolean): void {
    const request = ((stream[$reader] as Reader)[$readIntoRequests] as Queue<ReadIntoRequest>).dequeue();
    if (done) {
        request.closeSteps(chunk);
    } else {
        request.chunkSteps(chunk);
    }
}

/** "ReadableStreamBYOBReaderRead" */
export function readableStreamBYOBReaderRead(
    reader: Reader,
    view: ArrayBufferView,
    min: number,
    request: ReadIntoRequest,
): void {
    const stream = reader[$stream] as Readable;
    if (stream[$state] === "errored") {
        request.errorSteps(stream[$storedError]);
    } else {
        readableByteStreamControllerPullInto(stream[$controller] as ByteController, view, min, request);
    }
}

// Controllers -----------------------------------------------------------------------------------------------------

export function setUpReadableByteStreamController(
    stream: Readable,
    controller: ByteController,
    start: () => unknown,
    algorithms: SourceAlgorithms,
    highWaterMark: number,
    autoAllocateChunkSize: number | undefined,
): void {
    controller[$stream] = stream;
    controller[$pullAgain] = false;
    controller[$pulling] = false;
    controller[$byobRequest] = null;
    controller[$queue] = new Queue();
    controller[$closeRequested] = false;
    controller[$started] = false;
    controller[$strategyHWM] = highWaterMark;
    controller[$algorithms] = algorithms;
    controller[$autoAllocateChunkSize] = autoAllocateChunkSize;
    controller[$pendingPullIntos] = new Queue();
    stream[$controller] = controller;
    uponOutcome(toOutcome(start()), started, failed, controller);
}

function started(_: unknown, controller: ByteController): void {
    controller[$started] = true;
    readableByteStreamControllerCallPullIfNeeded(controller);
}

function failed(error: unknown, controller: ByteController): void {
    readableByteStreamControllerError(controller, error);
}

/** [[CancelSteps]] */
export function byteControllerCancelSteps(controller: ByteController, reason: unknown): Outcome {
    readableByteStreamControllerClearPendingPullIntos(controller);
    controller[$queue].reset();
    const result = (controller[$algorithms] as SourceAlgorithms).cancel(reason, controller);
    readableByteStreamControllerClearAlgorithms(controller);
    return result;
}

/** [[PullSteps]] */
export function byteControllerPullSteps(controller: ByteController, request: ReadRequest): void {
    const stream = controller[$stream];
    if (controller[$queue].totalSize > 0) {
        readableByteStreamControllerFillReadRequestFromQueue(controller, request);
        return;
    }
    const autoAllocateChunkSize = controller[$autoAllocateChunkSize];
    if (autoAllocateChunkSize !== undefined) {
        let buffer: ArrayBuffer;
        try {
            buffer = new ArrayBufferClass(autoAllocateChunkSize);
        } catch (error) {
            request.errorSteps(error);
            return;
        }
        controller[$pendingPullIntos].push({
            buffer,
            bufferByteLength: autoAllocateChunkSize,
            byteOffset: 0,
            byteLength: autoAllocateChunkSize,
            bytesFilled: 0,
            minimumFill: 1,
            elementSize: 1,
            viewConstructor: Uint8ArrayClass as unknown as ViewConstructor,
            readerType: "default",
        });
    }
    readableStreamAddReadRequest(stream, request);
    readableByteStreamControllerCallPullIfNeeded(controller);
}

/** [[ReleaseSteps]] */
export function byteControllerReleaseSteps(controller: ByteController): void {
    const pending = controller[$pendingPullIntos];
    if (!pending.isEmpty) {
        const first = pending.peek();
        first.readerType = "none";
        pending.reset();
        pending.push(first);
    }
}

export function readableByteStreamControllerCallPullIfNeeded(controller: ByteController): void {
    if (!readableByteStreamControllerShouldCallPull(controller)) {
        return;
    }
    if (controller[$pulling]) {
        controller[$pullAgain] = true;
        return;
    }
    controller[$pulling] = true;
    uponOutcome((controller[$algorithms] as SourceAlgorithms).pull(controller), pulled, failed, controller);
}

function pulled(_: unknown, controller: ByteController): void {
    controller[$pulling] = false;
    if (controller[$pullAgain]) {
        controller[$pullAgain] = false;
        readableByteStreamControllerCallPullIfNeeded(controller);
    }
}

function readableByteStreamControllerShouldCallPull(controller: ByteController): boolean {
    const stream = controller[$stream];
    if (stream[$state] !== "readable" || controller[$closeRequested] || !controller[$started]) {
        return false;
    }
    if (readableStreamHasDefaultReader(stream) && readableStreamGetNumReadRequests(stream) > 0) {
        return true;
    }
    if (readableStreamHasBYOBReader(stream) && readableStreamGetNumReadIntoRequests(stream) > 0) {
        return true;
    }
    return (readableByteStreamControllerGetDesiredSize(controller) as number) > 0;
}

export function readableByteStreamControllerClearAlgorithms(controller: ByteController): void {
    controller[$algorithms] = undefined;
}

function readableByteStreamControllerClearPendingPullIntos(controller: ByteController): void {
    readableByteStreamControllerInvalidateBYOBRequest(controller);
    controller[$pendingPullIntos].reset();
}

export function readableByteStreamControllerClose(controller: ByteController): void {
    const stream = controller[$stream];
    if (controller[$closeRequested] || stream[$state] !== "readable") {
        return;
    }
    if (controller[$queue].totalSize > 0) {
        controller[$closeRequested] = true;
        return;
    }
    const pending = controller[$pendingPullIntos];
    if (!pending.isEmpty) {
        const first = pending.peek();
        if (first.bytesFilled % first.elementSize !== 0) {
            const error = new TypeError("The stream is closed in the middle of an element of the view");
            readableByteStreamControllerError(controller, error);
            throw error;
        }
    }
    readableByteStreamControllerClearAlgorithms(controller);
    readableStreamClose(stream);
}

function readableByteStreamControllerCommitPullIntoDescriptor(stream: Readable, descriptor: PullInto): void {
    const done = stream[$state] === "closed";
    const filledView = readableByteStreamControllerConvertPullIntoDescriptor(descriptor);
    if (descriptor.readerType === "default") {
        readableStreamFulfillReadRequest(stream, filledView, done);
    } else {
        readableStreamFulfillReadIntoRequest(stream, filledView, done);
    }
}

function readableByteStreamControllerConvertPullIntoDescriptor(descriptor: PullInto): ArrayBufferView {
    const { byteOffset, bytesFilled, elementSize } = descriptor;
    const buffer = transferArrayBuffer(descriptor.buffer);
    return new descriptor.viewConstructor(buffer, byteOffset, bytesFilled / elementSize);
}

export function readableByteStreamControllerEnqueue(
    controller: ByteController,
    chunk: ArrayBufferView,
): void {
    const stream = controller[$stream];
    if (controller[$closeRequested] || stream[$state] !== "readable") {
        return;
    }
    const { buffer, byteOffset, byteLength } = partsOf(chunk);
    if (isDetached(buffer)) {
        throw new TypeError("The buffer of the chunk is detached");
    }
    const transferredBuffer = transferArrayBuffer(buffer);
    const pending = controller[$pendingPullIntos];
    if (!pending.isEmpty) {
        const first = pending.peek();
        if (isDetached(first.buffer)) {
            throw new TypeError("The buffer of the BYOB request is detached");
        }
        readableByteStreamControllerInvalidateBYOBRequest(controller);
        first.buffer = transferArrayBuffer(first.buffer);
        if (first.readerType === "none") {
            readableByteStreamControllerEnqueueDetachedPullIntoToQueue(controller, first);
        }
    }
    if (readableStreamHasDefaultReader(stream)) {
        readableByteStreamControllerProcessReadRequestsUsingQueue(controller);
        if (readableStreamGetNumReadRequests(stream) === 0) {
            enqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
        } else {
            if (!pending.isEmpty) {
                readableByteStreamControllerShiftPendingPullInto(controller);
            }
            const view = new Uint8ArrayClass(transferredBuffer, byteOffset, byteLength);
            readableStreamFulfillReadRequest(stream, view, false);
        }
    } else if (readableStreamHasBYOBReader(stream)) {
        enqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
        commitAll(stream, readableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller));
    } else {
        enqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
    }
    readableByteStreamControllerCallPullIfNeeded(controller);
}

/** "ReadableByteStreamControllerEnqueueChunkToQueue" */
function enqueueChunkToQueue(
    controller: ByteController,
    buffer: ArrayBuffer,
    byteOffset: number,
    byteLength: number,
): void {
    controller[$queue].push({ buffer, byteOffset, byteLength }, byteLength);
}

function readableByteStreamControllerEnqueueClonedChunkToQueue(
    controller: ByteController,
    buffer: ArrayBuffer,
    byteOffset: number,
    byteLength: number,
): void {
    let clone: ArrayBuffer;
    try {
        clone = cloneArrayBuffer(buffer, byteOffset, byteLength);
    } catch (error) {
        readableByteStreamControllerError(controller, error);
        throw error;
    }
    enqueueChunkToQueue(controller, clone, 0, byteLength);
}

function readableByteStreamControllerEnqueueDetachedPullIntoToQueue(
    controller: ByteController,
    descriptor: PullInto,
): void {
    if (descriptor.bytesFilled > 0) {
        readableByteStreamControllerEnqueueClonedChunkToQueue(
            controller,
            descriptor.buffer,
            descriptor.byteOffset,
            descriptor.bytesFilled,
        );
    }
    readableByteStreamControllerShiftPendingPullInto(controller);
}

export function readableByteStreamControllerError(controller: ByteController, error: unknown): void {
    const stream = controller[$stream];
    if (stream[$state] !== "readable") {
        return;
    }
    readableByteStreamControllerClearPendingPullIntos(controller);
    controller[$queue].reset();
    readableByteStreamControllerClearAlgorithms(controller);
    readableStreamError(stream, error);
}

/** Whether a pull-into is filled as far as its reader asked. */
function readableByteStreamControllerFillPullIntoDescriptorFromQueue(
    controller: ByteController,
    descriptor: PullInto,
): boolean {
    const queue = controller[$queue];
    const maxBytesToCopy = min(queue.totalSize, descriptor.byteLength - descriptor.bytesFilled);
    const maxBytesFilled = descriptor.bytesFilled + maxBytesToCopy;
    let totalBytesToCopyRemaining = maxBytesToCopy;
    let ready = false;
    const maxAlignedBytes = maxBytesFilled - (maxBytesFilled % descriptor.elementSize);
    if (maxAlignedBytes >= descriptor.minimumFill) {
        totalBytesToCopyRemaining = maxAlignedBytes - descriptor.bytesFilled;
        ready = true;
    }
    while (totalBytesToCopyRemaining > 0) {
        const head = queue.peek();
        const bytesToCopy = min(totalBytesToCopyRemaining, head.byteLength);
        copyBytes(
            descriptor.buffer,
            descriptor.byteOffset + descriptor.bytesFilled,
            head.buffer,
            head.byteOffset,
            bytesToCopy,
        );
        queue.dequeue();
        if (head.byteLength !== bytesToCopy) {
            head.byteOffset += bytesToCopy;
            head.byteLength -= bytesToCopy;
            queue.unshift(head, head.byteLength);
        }
        descriptor.bytesFilled += bytesToCopy;
        totalBytesToCopyRemaining -= bytesToCopy;
    }
    return ready;
}

function readableByteStreamControllerFillReadRequestFromQueue(
    controller: ByteController,
    request: ReadRequest,
): void {
    const entry = controller[$queue].dequeue();
    readableByteStreamControllerHandleQueueDrain(controller);
    request.chunkSteps(new Uint8ArrayClass(entry.buffer, entry.byteOffset, entry.byteLength));
}

export function readableByteStreamControllerGetDesiredSize(controller: ByteController): number | null {
    const state = controller[$stream][$state];
    if (state === "errored") {
        return null;
    }
    return state === "closed" ? 0 : controller[$strategyHWM] - controller[$queue].totalSize;
}

function readableByteStreamControllerHandleQueueDrain(controller: ByteController): void {
    if (controller[$queue].totalSize === 0 && controller[$closeRequested]) {
        readableByteStreamControllerClearAlgorithms(controller);
        readableStreamClose(controller[$stream]);
    } else {
        readableByteStreamControllerCallPullIfNeeded(controller);
    }
}

export function readableByteStreamControllerInvalidateBYOBRequest(controller: ByteController): void {
    const request = controller[$byobRequest];
    if (request !== null) {
        request[$controller] = undefined;
        request[$view] = null;
        controller[$byobRequest] = null;
    }
}

function readableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(
    controller: ByteController,
): Queue<PullInto> {
    const filled = new Queue<PullInto>();
    const pending = controller[$pendingPullIntos];
    while (!pending.isEmpty && controller[$queue].totalSize > 0) {
        const descriptor = pending.peek();
        if (!readableByteStreamControllerFillPullIntoDescriptorFromQueue(controller, descriptor)) {
            break;
        }
        readableByteStreamControllerShiftPendingPullInto(controller);
        filled.push(descriptor);
    }
    return filled;
}

function readableByteStreamControllerProcessReadRequestsUsingQueue(controller: ByteController): void {
    const reader = controller[$stream][$reader] as Reader;
    while (readableStreamGetNumReadRequests(controller[$stream]) > 0 && controller[$queue].totalSize > 0) {
        const request = (reader[$readRequests] as Queue<ReadRequest>).dequeue();
        readableByteStreamControllerFillReadRequestFromQueue(controller, request);
    }
}

function readableByteStreamControllerPullInto(
    controller: ByteController,
    view: ArrayBufferView,
    minimum: number,
    request: ReadIntoRequest,
): void {
    const stream = controller[$stream];
    const parts = partsOf(view);
    const { byteOffset, byteLength, elementSize, constructor } = parts;
    let buffer: ArrayBuffer;
    try {
        buffer = transferArrayBuffer(parts.buffer);
    } catch (error) {
        request.errorSteps(error);
        return;
    }
    const descriptor: PullInto = {
        buffer,
        bufferByteLength: byteLengthOf(buffer),
        byteOffset,
        byteLength,
        bytesFilled: 0,
        minimumFill: minimum * elementSize,
        elementSize,
        viewConstructor: constructor,
        readerType: "byob",
    };
    const pending = controller[$pendingPullIntos];
    if (!pending.isEmpty) {
        pending.push(descriptor);
        readableStreamAddReadIntoRequest(stream, request);
        return;
    }
    if (stream[$state] === "closed") {
        request.closeSteps(new constructor(buffer, byteOffset, 0));
        return;
    }
    if (controller[$queue].totalSize > 0) {
        if (readableByteStreamControllerFillPullIntoDescriptorFromQueue(controller, descriptor)) {
            const filledView = readableByteStreamControllerConvertPullIntoDescriptor(descriptor);
            readableByteStreamControllerHandleQueueDrain(controller);
            request.chunkSteps(filledView);
            return;
        }
        if (controller[$closeRequested]) {
            const error = new TypeError("The stream is closed in the middle of an element of the view");
            readableByteStreamControllerError(controller, error);
            request.errorSteps(error);
            return;
        }
    }
    pending.push(descriptor);
    readableStreamAddReadIntoRequest(stream, request);
    readableByteStreamControllerCallPullIfNeeded(controller);
}

export function readableByteStreamControllerRespond(controller: ByteController, bytesWritten: number): void {
    const first = controller[$pendingPullIntos].peek();
    if (controller[$stream][$state] === "closed") {
        if (bytesWritten !== 0) {
            throw new TypeError("respond: the stream is closed, only 0 bytes can be answered");
        }
    } else {
        if (bytesWritten === 0) {
            throw new TypeError("respond: bytesWritten must be more than 0 while the stream is readable");
        }
        if (first.bytesFilled + bytesWritten > first.byteLength) {
            throw new RangeError("respond: bytesWritten is more than the view holds");
        }
    }
    first.buffer = transferArrayBuffer(first.buffer);
    readableByteStreamControllerRespondInternal(controller, bytesWritten);
}

function readableByteStreamControllerRespondInClosedState(controller: ByteController, first: PullInto): void {
    if (first.readerType === "none") {
        readableByteStreamControllerShiftPendingPullInto(controller);
    }
    const stream = controller[$stream];
    if (readableStreamHasBYOBReader(stream)) {
        const count = readableStreamGetNumReadIntoRequests(stream);
        for (let i = 0; i < count; i++) {
            const descriptor = readableByteStreamControllerShiftPendingPullInto(controller);
            readableByteStreamControllerCommitPullIntoDescriptor(stream, descriptor);
        }
    }
}

function readableByteStreamControllerRespondInReadableState(
    controller: ByteController,
    bytesWritten: number,
    descriptor: PullInto,
): void {
    descriptor.bytesFilled += bytesWritten;
    const stream = controller[$stream];
    if (descriptor.readerType === "none") {
        readableByteStreamControllerEnqueueDetachedPullIntoToQueue(controller, descriptor);
        commitAll(stream, readableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller));
        return;
    }
    if (descriptor.bytesFilled < descriptor.minimumFill) {
        return;
    }
    readableByteStreamControllerShiftPendingPullInto(controller);
    const remainderSize = descriptor.bytesFilled % descriptor.elementSize;
    if (remainderSize > 0) {
        const end = descriptor.byteOffset + descriptor.bytesFilled;
        readableByteStreamControllerEnqueueClonedChunkToQueue(
            controller,
            descriptor.buffer,
            end - remainderSize,
            remainderSize,
        );
    }
    descriptor.bytesFilled -= remainderSize;
    const filled = readableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller);
    readableByteStreamControllerCommitPullIntoDescriptor(stream, descriptor);
    commitAll(stream, filled);
}

function commitAll(stream: Readable, filled: Queue<PullInto>): void {
    while (!filled.isEmpty) {
        readableByteStreamControllerCommitPullIntoDescriptor(stream, filled.dequeue());
    }
}

function readableByteStreamControllerRespondInternal(controller: ByteController, bytesWritten: number): void {
    const first = controller[$pendingPullIntos].peek();
    readableByteStreamControllerInvalidateBYOBRequest(controller);
    if (controller[$stream][$state] === "closed") {
        readableByteStreamControllerRespondInClosedState(controller, first);
    } else {
        readableByteStreamControllerRespondInReadableState(controller, bytesWritten, first);
    }
    readableByteStreamControllerCallPullIfNeeded(controller);
}

export function readableByteStreamControllerRespondWithNewView(
    controller: ByteController,
    view: ArrayBufferView,
): void {
    const first = controller[$pendingPullIntos].peek();
    const { buffer, byteOffset, byteLength } = partsOf(view);
    if (controller[$stream][$state] === "closed") {
        if (byteLength !== 0) {
            throw new TypeError("respondWithNewView: the stream is closed, the view must be empty");
        }
    } else if (byteLength === 0) {
        throw new TypeError("respondWithNewView: the view must not be empty while the stream is readable");
    }
    if (first.byteOffset + first.bytesFilled !== byteOffset) {
        throw new RangeError("respondWithNewView: the view begins elsewhere than the view of the request");
    }
    if (first.bufferByteLength !== byteLengthOf(buffer)) {
        throw new RangeError("respondWithNewView: the buffer has another size than that of the request");
    }
    if (first.bytesFilled + byteLength > first.byteLength) {
        throw new RangeError("respondWithNewView: the view is larger than the view of the request");
    }
    first.buffer = transferArrayBuffer(buffer);
    readableByteStreamControllerRespondInternal(controller, byteLength);
}

function readableByteStreamControllerShiftPendingPullInto(controller: ByteController): PullInto {
    return controller[$pendingPullIntos].dequeue();
}

function min(a: number, b: number): number {
    return a < b ? a : b;
}
