/*
 * readable_operations.ts - the abstract operations of readable streams, default readers and default controllers, step by
 * step as the standard has them. Not here: the classes that apps see (readable_stream.ts), byte streams (byte_*.ts).
 *
 * Two liberties that nobody can observe: the promise `closed` of a reader is made when somebody asks for it, and the
 * queues when the first chunk comes.
 * Spec: Streams, "Readable streams": "Abstract operations", "Internal methods".
 */
import {
    Deferred,
    type Outcome,
    promiseRejectedWith,
    promiseResolvedWith,
    rejectHandled,
    releasedError,
    soon,
    toOutcome,
    transformPromiseWith,
    uponOutcome,
} from "./promises.ts";
import { Queue } from "./queue.ts";
import {
    $algorithms,
    $cancelSteps,
    $closedPromise,
    $controller,
    $flags,
    type $iterating,
    $pullSteps,
    $queue,
    $reader,
    $readIntoRequests,
    $readRequests,
    $releaseSteps,
    $state,
    $storedError,
    $strategyHWM,
    $strategySizeAlgorithm,
    $stream,
} from "./slots.ts";
import type { SizeAlgorithm } from "./strategies.ts";

export type ReadableStreamState = "readable" | "closed" | "errored";

/** What a source does; one object may do it for many streams. */
export interface SourceAlgorithms {
    pull(controller: Controller): Outcome;
    cancel(reason: unknown, controller: Controller): Outcome;
}

/** "read request": what becomes of a chunk that somebody waits for. */
export interface ReadRequest<T = unknown> {
    chunkSteps(chunk: T): void;
    closeSteps(): void;
    errorSteps(error: unknown): void;
}

/** "read-into request" */
export interface ReadIntoRequest {
    chunkSteps(chunk: ArrayBufferView): void;
    closeSteps(chunk: ArrayBufferView | undefined): void;
    errorSteps(error: unknown): void;
}

/** What the operations ask of any controller. */
export interface Controller {
    [$cancelSteps](reason: unknown): Outcome;
    [$pullSteps](request: ReadRequest): void;
    [$releaseSteps](): void;
}

/** The slots of ReadableStream. */
export interface Readable {
    [$state]: ReadableStreamState;
    [$storedError]: unknown;
    [$reader]: Reader | undefined;
    [$controller]: Controller;
}

/** The slots of readers: one of the two lists is a queue, or undefined while it is empty. */
export interface Reader {
    [$stream]: Readable | undefined;
    /** Undefined: nobody has asked for it. */
    [$closedPromise]: Deferred<undefined> | undefined;
    [$readRequests]?: Queue<ReadRequest> | undefined;
    [$readIntoRequests]?: Queue<ReadIntoRequest> | undefined;
    [$iterating]?: boolean;
}

/** The slots of ReadableStreamDefaultController. */
export interface DefaultController extends Controller {
    [$stream]: Readable;
    [$queue]: Queue<unknown> | undefined;
    /** STARTED and so on: what the standard has in four slots. */
    [$flags]: number;
    [$strategyHWM]: number;
    [$strategySizeAlgorithm]: SizeAlgorithm | undefined;
    [$algorithms]: SourceAlgorithms | undefined;
}

/** [[started]], [[closeRequested]], [[pulling]], [[pullAgain]] */
const STARTED = 1;
const CLOSE_REQUESTED = 2;
const PULLING = 4;
const PULL_AGAIN = 8;

// Working with readable streams -----------------------------------------------------------------------------------

export function isReadableStreamLocked(stream: Readable): boolean {
    return stream[$reader] !== undefined;
}

function readsByDefault(reader: Reader): boolean {
    return $readRequests in reader;
}

export function readableStreamAddReadRequest(stream: Readable, request: ReadRequest): void {
    const reader = stream[$reader] as Reader;
    (reader[$readRequests] ??= new Queue()).push(request);
}

export function readableStreamCancel(stream: Readable, reason: unknown): Promise<undefined> {
    if (stream[$state] === "closed") {
        return promiseResolvedWith(undefined);
    }
    if (stream[$state] === "errored") {
        return promiseRejectedWith(stream[$storedError]);
    }
    readableStreamClose(stream);
    const reader = stream[$reader];
    const requests = reader?.[$readIntoRequests];
    if (reader !== undefined && requests !== undefined) {
        reader[$readIntoRequests] = undefined;
        while (!requests.isEmpty) {
            requests.dequeue().closeSteps(undefined);
        }
    }
    const outcome = stream[$controller][$cancelSteps](reason) ?? promiseResolvedWith(undefined);
    return transformPromiseWith(outcome, toUndefined);
}

function toUndefined(): undefined {}

export function readableStreamClose(stream: Readable): void {
    stream[$state] = "closed";
    const reader = stream[$reader];
    if (reader === undefined) {
        return;
    }
    reader[$closedPromise]?.resolve(undefined);
    const requests = reader[$readRequests];
    if (requests !== undefined) {
        reader[$readRequests] = undefined;
        while (!requests.isEmpty) {
            requests.dequeue().closeSteps();
        }
    }
}

export function readableStreamError(stream: Readable, error: unknown): void {
    stream[$state] = "errored";
    stream[$storedError] = error;
    const reader = stream[$reader];
    if (reader === undefined) {
        return;
    }
    const closed = reader[$closedPromise];
    if (closed !== undefined) {
        rejectHandled(closed, error);
    }
    errorRequests(reader, error);
}

/** "ReadableStreamDefaultReaderErrorReadRequests", "ReadableStreamBYOBReaderErrorReadIntoRequests" */
function errorRequests(reader: Reader, error: unknown): void {
    const requests = reader[$readRequests] ?? reader[$readIntoRequests];
    if (requests === undefined) {
        return;
    }
    if (readsByDefault(reader)) {
        reader[$readRequests] = undefined;
    } else {
        reader[$readIntoRequests] = undefined;
    }
    while (!requests.isEmpty) {
        requests.dequeue().errorSteps(error);
    }
}

export function readableStreamFulfillReadRequest(stream: Readable, chunk: unknown, done: boolean): void {
    const request = (stream[$reader]?.[$readRequests] as Queue<ReadRequest>).dequeue();
    if (done) {
        request.closeSteps();
    } else {
        request.chunkSteps(chunk);
    }
}

export function readableStreamGetNumReadRequests(stream: Readable): number {
    return stream[$reader]?.[$readRequests]?.length ?? 0;
}

export function readableStreamHasDefaultReader(stream: Readable): boolean {
    const reader = stream[$reader];
    return reader !== undefined && readsByDefault(reader);
}

// Readers ---------------------------------------------------------------------------------------------------------

/** [[closedPromise]], made now if need be. */
export function readerClosedPromise(reader: Reader): Promise<undefined> {
    let deferred = reader[$closedPromise];
    if (deferred === undefined) {
        deferred = new Deferred();
        const stream = reader[$stream];
        if (stream === undefined) {
            rejectHandled(deferred, releasedError("closed"));
        } else if (stream[$state] === "errored") {
            rejectHandled(deferred, stream[$storedError]);
        } else if (stream[$state] === "closed") {
            deferred.resolve(undefined);
        }
        reader[$closedPromise] = deferred;
    }
    return deferred.promise;
}

export function readableStreamReaderGenericInitialize(reader: Reader, stream: Readable): void {
    if (isReadableStreamLocked(stream)) {
        throw new TypeError("The stream is locked: another reader has it");
    }
    reader[$stream] = stream;
    stream[$reader] = reader;
}

function readableStreamReaderGenericRelease(reader: Reader): void {
    const stream = reader[$stream] as Readable;
    const closed = reader[$closedPromise];
    if (closed !== undefined) {
        if (closed.pending) {
            rejectHandled(closed, releasedError("reader"));
        } else {
            reader[$closedPromise] = undefined; // a rejected one, if somebody asks
        }
    }
    stream[$controller][$releaseSteps]();
    stream[$reader] = undefined;
    reader[$stream] = undefined;
}

/** "ReadableStreamDefaultReaderRelease" and "ReadableStreamBYOBReaderRelease" */
export function readableStreamReaderRelease(reader: Reader): void {
    readableStreamReaderGenericRelease(reader);
    if ((reader[$readRequests] ?? reader[$readIntoRequests]) !== undefined) {
        errorRequests(reader, releasedError("read")); // an error costs more than all the rest
    }
}

export function readableStreamDefaultReaderRead(reader: Reader, request: ReadRequest): void {
    const stream = reader[$stream] as Readable;
    if (stream[$state] === "closed") {
        request.closeSteps();
    } else if (stream[$state] === "errored") {
        request.errorSteps(stream[$storedError]);
    } else {
        stream[$controller][$pullSteps](request);
    }
}

// Default controllers ---------------------------------------------------------------------------------------------

export function setUpReadableStreamDefaultController(
    stream: Readable,
    controller: DefaultController,
    start: (() => unknown) | undefined,
    algorithms: SourceAlgorithms,
    highWaterMark: number,
    sizeAlgorithm: SizeAlgorithm | undefined,
): void {
    controller[$stream] = stream;
    controller[$queue] = undefined;
    controller[$flags] = 0;
    controller[$strategySizeAlgorithm] = sizeAlgorithm;
    controller[$strategyHWM] = highWaterMark;
    controller[$algorithms] = algorithms;
    stream[$controller] = controller;
    if (start === undefined) {
        controller[$flags] = STARTED; // the source is native and has started already
    } else {
        uponOutcome(toOutcome(start()), started, failed, controller);
    }
}

function started(_: unknown, controller: DefaultController): void {
    controller[$flags] |= STARTED;
    readableStreamDefaultControllerCallPullIfNeeded(controller);
}

function failed(reason: unknown, controller: DefaultController): void {
    readableStreamDefaultControllerError(controller, reason);
}

/** [[CancelSteps]] */
export function defaultControllerCancelSteps(controller: DefaultController, reason: unknown): Outcome {
    controller[$queue]?.reset();
    const result = (controller[$algorithms] as SourceAlgorithms).cancel(reason, controller);
    readableStreamDefaultControllerClearAlgorithms(controller);
    return result;
}

/** [[PullSteps]] */
export function defaultControllerPullSteps(controller: DefaultController, request: ReadRequest): void {
    const queue = controller[$queue];
    if (queue === undefined || queue.length === 0) {
        readableStreamAddReadRequest(controller[$stream], request);
        readableStreamDefaultControllerCallPullIfNeeded(controller);
        return;
    }
    request.chunkSteps(takeChunk(controller, queue));
}

function takeChunk(controller: DefaultController, queue: Queue<unknown>): unknown {
    const chunk = queue.dequeue();
    if ((controller[$flags] & CLOSE_REQUESTED) !== 0 && queue.length === 0) {
        readableStreamDefaultControllerClearAlgorithms(controller);
        readableStreamClose(controller[$stream]);
    } else {
        readableStreamDefaultControllerCallPullIfNeeded(controller);
    }
    return chunk;
}

export const NO_CHUNK = {};

/** ReadableStreamDefaultReaderRead without a read request, where a chunk is queued; NO_CHUNK: none is. */
export function takeQueuedChunk(stream: Readable): unknown {
    const controller = stream[$controller] as DefaultController;
    const queue = controller[$queue];
    if (
        queue === undefined ||
        queue.length === 0 ||
        stream[$state] !== "readable" ||
        controller[$flags] === undefined // a byte stream
    ) {
        return NO_CHUNK;
    }
    return takeChunk(controller, queue);
}

export function readableStreamDefaultControllerCallPullIfNeeded(controller: DefaultController): void {
    if (!readableStreamDefaultControllerShouldCallPull(controller)) {
        return;
    }
    if ((controller[$flags] & PULLING) !== 0) {
        controller[$flags] |= PULL_AGAIN;
        return;
    }
    controller[$flags] |= PULLING;
    const outcome = (controller[$algorithms] as SourceAlgorithms).pull(controller);
    if (outcome === undefined) {
        soon(pulled, undefined, controller);
    } else {
        uponOutcome(outcome, pulled, failed, controller);
    }
}

function pulled(_: unknown, controller: DefaultController): void {
    const again = (controller[$flags] & PULL_AGAIN) !== 0;
    controller[$flags] &= ~(PULLING | PULL_AGAIN);
    if (again) {
        readableStreamDefaultControllerCallPullIfNeeded(controller);
    }
}

function readableStreamDefaultControllerShouldCallPull(controller: DefaultController): boolean {
    const stream = controller[$stream];
    if (stream[$state] !== "readable" || (controller[$flags] & (STARTED | CLOSE_REQUESTED)) !== STARTED) {
        return false;
    }
    const requests = stream[$reader]?.[$readRequests];
    if (requests !== undefined && requests.length > 0) {
        return true;
    }
    const queue = controller[$queue];
    return controller[$strategyHWM] > (queue === undefined ? 0 : queue.totalSize);
}

function readableStreamDefaultControllerClearAlgorithms(controller: DefaultController): void {
    controller[$algorithms] = undefined;
    controller[$strategySizeAlgorithm] = undefined;
}

export function readableStreamDefaultControllerClose(controller: DefaultController): void {
    if (!readableStreamDefaultControllerCanCloseOrEnqueue(controller)) {
        return;
    }
    controller[$flags] |= CLOSE_REQUESTED;
    const queue = controller[$queue];
    if (queue === undefined || queue.isEmpty) {
        readableStreamDefaultControllerClearAlgorithms(controller);
        readableStreamClose(controller[$stream]);
    }
}

export function readableStreamDefaultControllerEnqueue(controller: DefaultController, chunk: unknown): void {
    if (readableStreamDefaultControllerCanCloseOrEnqueue(controller)) {
        enqueueChunk(controller, chunk);
    }
}

/** ReadableStreamDefaultControllerEnqueue for a stream that is known to take chunks. */
export function enqueueChunk(controller: DefaultController, chunk: unknown): void {
    const requests = controller[$stream][$reader]?.[$readRequests];
    if (requests !== undefined && requests.length > 0) {
        requests.dequeue().chunkSteps(chunk); // "ReadableStreamFulfillReadRequest"
    } else {
        try {
            const size = controller[$strategySizeAlgorithm];
            if (size === undefined) {
                (controller[$queue] ??= new Queue()).push(chunk, 1);
            } else {
                const chunkSize = size(chunk);
                (controller[$queue] ??= new Queue()).enqueue(chunk, chunkSize);
            }
        } catch (error) {
            readableStreamDefaultControllerError(controller, error);
            throw error;
        }
    }
    readableStreamDefaultControllerCallPullIfNeeded(controller);
}

export function readableStreamDefaultControllerError(controller: DefaultController, error: unknown): void {
    const stream = controller[$stream];
    if (stream[$state] !== "readable") {
        return;
    }
    controller[$queue]?.reset();
    readableStreamDefaultControllerClearAlgorithms(controller);
    readableStreamError(stream, error);
}

export function readableStreamDefaultControllerGetDesiredSize(controller: DefaultController): number | null {
    const state = controller[$stream][$state];
    if (state === "errored") {
        return null;
    }
    if (state === "closed") {
        return 0;
    }
    return controller[$strategyHWM] - (controller[$queue]?.totalSize ?? 0);
}

export function readableStreamDefaultControllerHasBackpressure(controller: DefaultController): boolean {
    return !readableStreamDefaultControllerShouldCallPull(controller);
}

export function readableStreamDefaultControllerCanCloseOrEnqueue(controller: DefaultController): boolean {
    return (controller[$flags] & CLOSE_REQUESTED) === 0 && controller[$stream][$state] === "readable";
}
