/*
 * writable_operations.ts - the abstract operations of writable streams, writers and controllers, step by step as the
 * standard has them. Not here: the classes that apps see (writable_stream.ts).
 *
 * Two liberties that nobody can observe: the promises `closed` and `ready` of a writer are made when somebody asks for
 * them, and the queues when the first chunk comes.
 * Spec: Streams, "Writable streams": "Abstract operations", "Internal methods".
 */
import { builtin } from "cleat:native/runtime";
import type * as Abort from "../web/abort.ts";
import type { AbortSignal } from "../web/abort.ts";
import {
    Deferred,
    promiseRejectedWith,
    promiseResolvedWith,
    type Outcome,
    rejectHandled,
    releasedError,
    soon,
    toOutcome,
    uponOutcome,
} from "./promises.ts";
import { Queue } from "./queue.ts";
import {
    $abortController,
    $aborting,
    $algorithms,
    $backpressure,
    $backpressureChanged,
    $closedPromise,
    $closeRequest,
    $controller,
    $inFlightCloseRequest,
    $inFlightWriteRequest,
    $pendingAbortRequest,
    $queue,
    $readyPromise,
    $started,
    $state,
    $storedError,
    $strategyHWM,
    $strategySizeAlgorithm,
    $stream,
    $writer,
    $writeRequests,
} from "./slots.ts";
import type { SizeAlgorithm } from "./strategies.ts";

export type WritableStreamState = "writable" | "closed" | "erroring" | "errored";

/** What a sink does; one object may do it for many streams. */
export interface SinkAlgorithms {
    write(chunk: unknown, controller: WritableController): Outcome;
    close(): Outcome;
    abort(reason: unknown): Outcome;
}

/** What becomes of a chunk: a promise, or the steps of a pipe. */
export interface WriteRequest {
    resolve(value: undefined): void;
    reject(error: unknown): void;
}

export interface AbortRequest {
    readonly deferred: Deferred<undefined>;
    readonly reason: unknown;
    readonly wasAlreadyErroring: boolean;
}

/** The slots of WritableStream. */
export interface Writable {
    [$state]: WritableStreamState;
    [$storedError]: unknown;
    [$writer]: Writer | undefined;
    [$controller]: WritableController | undefined;
    [$backpressure]: boolean;
    [$writeRequests]: Queue<WriteRequest> | undefined;
    [$inFlightWriteRequest]: WriteRequest | undefined;
    [$closeRequest]: Deferred<undefined> | undefined;
    [$inFlightCloseRequest]: Deferred<undefined> | undefined;
    [$pendingAbortRequest]: AbortRequest | undefined;
    [$backpressureChanged](backpressure: boolean): void;
    [$aborting](reason: unknown): void;
}

/** The slots of WritableStreamDefaultWriter. Promises that are undefined have not been asked for. */
export interface Writer {
    [$stream]: Writable | undefined;
    [$closedPromise]: Deferred<undefined> | undefined;
    [$readyPromise]: Deferred<undefined> | undefined;
}

/** The slots of WritableStreamDefaultController. */
export interface WritableController {
    [$stream]: Writable;
    [$queue]: Queue<unknown> | undefined;
    [$started]: boolean;
    [$strategyHWM]: number;
    [$strategySizeAlgorithm]: SizeAlgorithm | undefined;
    [$algorithms]: SinkAlgorithms | undefined;
    /** Its signal once that was asked for; before, the reason of an abort in a box. */
    [$abortController]: AbortSignal | AbortReason | undefined;
}

class AbortReason {
    readonly reason: unknown;

    constructor(reason: unknown) {
        this.reason = reason;
    }
}

/** "close sentinel" */
const CLOSE = {};

// Working with writable streams -----------------------------------------------------------------------------------

/** "InitializeWritableStream", the slots that a controller needs. */
function initializeRequests(stream: Writable): void {
    stream[$storedError] = undefined;
    stream[$backpressure] = false;
    stream[$writeRequests] = undefined;
    stream[$inFlightWriteRequest] = undefined;
    stream[$closeRequest] = undefined;
}

export function isWritableStreamLocked(stream: Writable): boolean {
    return stream[$writer] !== undefined;
}

export function setUpWritableStreamDefaultWriter(writer: Writer, stream: Writable): void {
    if (isWritableStreamLocked(stream)) {
        throw new TypeError("The stream is locked: another writer has it");
    }
    writer[$stream] = stream;
    writer[$readyPromise] = undefined;
    stream[$writer] = writer;
}

export function writableStreamAbort(stream: Writable, reason: unknown): Promise<undefined> {
    if (stream[$state] === "closed" || stream[$state] === "errored") {
        return promiseResolvedWith(undefined);
    }
    signalAbort(stream[$controller] as WritableController, reason);
    stream[$aborting](reason);
    const state = stream[$state] as WritableStreamState; // the signal may have run anything
    if (state === "closed" || state === "errored") {
        return promiseResolvedWith(undefined);
    }
    if (stream[$pendingAbortRequest] !== undefined) {
        return stream[$pendingAbortRequest].deferred.promise;
    }
    const wasAlreadyErroring = state === "erroring";
    const deferred = new Deferred<undefined>();
    stream[$pendingAbortRequest] = {
        deferred,
        reason: wasAlreadyErroring ? undefined : reason,
        wasAlreadyErroring,
    };
    if (!wasAlreadyErroring) {
        writableStreamStartErroring(stream, reason);
    }
    return deferred.promise;
}

export function writableStreamClose(stream: Writable): Promise<undefined> {
    const state = stream[$state];
    if (state === "closed" || state === "errored") {
        return promiseRejectedWith(new TypeError(`The stream is ${state} already`));
    }
    const deferred = new Deferred<undefined>();
    stream[$closeRequest] = deferred;
    if (stream[$backpressure] && state === "writable") {
        stream[$writer]?.[$readyPromise]?.resolve(undefined);
        stream[$backpressureChanged](false); // whoever waits for the stream itself has nothing to wait for
    }
    writableStreamDefaultControllerClose(stream[$controller] as WritableController);
    return deferred.promise;
}

export function writableStreamAddWriteRequest(stream: Writable): Promise<undefined> {
    const deferred = new Deferred<undefined>();
    (stream[$writeRequests] ??= new Queue()).push(deferred);
    return deferred.promise;
}

export function writableStreamCloseQueuedOrInFlight(stream: Writable): boolean {
    return stream[$closeRequest] !== undefined || stream[$inFlightCloseRequest] !== undefined;
}

function writableStreamDealWithRejection(stream: Writable, error: unknown): void {
    if (stream[$state] === "writable") {
        writableStreamStartErroring(stream, error);
    } else {
        writableStreamFinishErroring(stream);
    }
}

function writableStreamFinishErroring(stream: Writable): void {
    const controller = stream[$controller] as WritableController;
    stream[$state] = "errored";
    controller[$queue]?.reset(); // [[ErrorSteps]]
    const storedError = stream[$storedError];
    const requests = stream[$writeRequests];
    stream[$writeRequests] = undefined;
    while (requests !== undefined && !requests.isEmpty) {
        requests.dequeue().reject(storedError);
    }
    const abortRequest = stream[$pendingAbortRequest];
    if (abortRequest === undefined) {
        writableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
        return;
    }
    stream[$pendingAbortRequest] = undefined;
    if (abortRequest.wasAlreadyErroring) {
        abortRequest.deferred.reject(storedError);
        writableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
        return;
    }
    const writer = stream[$writer];
    if (writer !== undefined) {
        writer[$closedPromise] ??= new Deferred(); // to be rejected when the abort is done, not now
    }
    uponOutcome(
        abortSteps(controller, abortRequest.reason),
        () => {
            abortRequest.deferred.resolve(undefined);
            writableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
        },
        (reason) => {
            abortRequest.deferred.reject(reason);
            writableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
        },
        undefined,
    );
}

function writableStreamFinishInFlightWrite(stream: Writable): void {
    stream[$inFlightWriteRequest]?.resolve(undefined);
    stream[$inFlightWriteRequest] = undefined;
}

function writableStreamFinishInFlightWriteWithError(stream: Writable, error: unknown): void {
    stream[$inFlightWriteRequest]?.reject(error);
    stream[$inFlightWriteRequest] = undefined;
    writableStreamDealWithRejection(stream, error);
}

function writableStreamFinishInFlightClose(stream: Writable): void {
    stream[$inFlightCloseRequest]?.resolve(undefined);
    stream[$inFlightCloseRequest] = undefined;
    if (stream[$state] === "erroring") {
        // The close came before the error could take hold; [[readyPromise]] stays rejected with it.
        const writer = stream[$writer];
        if (writer !== undefined) {
            writer[$readyPromise] ??= rejectedHandled(stream[$storedError]);
        }
        stream[$storedError] = undefined;
        stream[$pendingAbortRequest]?.deferred.resolve(undefined);
        stream[$pendingAbortRequest] = undefined;
    }
    stream[$state] = "closed";
    stream[$writer]?.[$closedPromise]?.resolve(undefined);
}

function writableStreamFinishInFlightCloseWithError(stream: Writable, error: unknown): void {
    stream[$inFlightCloseRequest]?.reject(error);
    stream[$inFlightCloseRequest] = undefined;
    stream[$pendingAbortRequest]?.deferred.reject(error);
    stream[$pendingAbortRequest] = undefined;
    writableStreamDealWithRejection(stream, error);
}

function writableStreamHasOperationMarkedInFlight(stream: Writable): boolean {
    return stream[$inFlightWriteRequest] !== undefined || stream[$inFlightCloseRequest] !== undefined;
}

function writableStreamRejectCloseAndClosedPromiseIfNeeded(stream: Writable): void {
    stream[$closeRequest]?.reject(stream[$storedError]);
    stream[$closeRequest] = undefined;
    const writer = stream[$writer];
    if (writer?.[$closedPromise] !== undefined) {
        rejectHandled(writer[$closedPromise], stream[$storedError]);
    }
}

function writableStreamStartErroring(stream: Writable, reason: unknown): void {
    const controller = stream[$controller] as WritableController;
    stream[$state] = "erroring";
    stream[$storedError] = reason;
    const writer = stream[$writer];
    if (writer !== undefined) {
        writableStreamDefaultWriterEnsureReadyPromiseRejected(writer, reason);
    }
    stream[$backpressureChanged](false); // whoever waits for the stream itself looks at its state
    if (!writableStreamHasOperationMarkedInFlight(stream) && controller[$started]) {
        writableStreamFinishErroring(stream);
    }
}

function writableStreamUpdateBackpressure(stream: Writable, backpressure: boolean): void {
    const writer = stream[$writer];
    if (backpressure === stream[$backpressure]) {
        return;
    }
    stream[$backpressure] = backpressure;
    stream[$backpressureChanged](backpressure);
    if (writer !== undefined) {
        if (backpressure) {
            writer[$readyPromise] = undefined; // a new one, if somebody asks
        } else {
            writer[$readyPromise]?.resolve(undefined);
        }
    }
}

/** WritableStreamUpdateBackpressure, unless the stream is closing. */
function updateBackpressure(stream: Writable, controller: WritableController): void {
    const backpressure = writableStreamDefaultControllerGetBackpressure(controller);
    if (backpressure !== stream[$backpressure] && !writableStreamCloseQueuedOrInFlight(stream)) {
        writableStreamUpdateBackpressure(stream, backpressure);
    }
}

// Writers ---------------------------------------------------------------------------------------------------------

function rejectedHandled(error: unknown): Deferred<undefined> {
    const deferred = new Deferred<undefined>();
    rejectHandled(deferred, error);
    return deferred;
}

/** [[closedPromise]], made now if need be. */
export function writerClosedPromise(writer: Writer): Promise<undefined> {
    let deferred = writer[$closedPromise];
    if (deferred === undefined) {
        deferred = new Deferred();
        const stream = writer[$stream];
        if (stream === undefined) {
            return rejectReleased(writer)[$closedPromise].promise;
        } else if (stream[$state] === "errored") {
            rejectHandled(deferred, stream[$storedError]);
        } else if (stream[$state] === "closed") {
            deferred.resolve(undefined);
        }
        writer[$closedPromise] = deferred;
    }
    return deferred.promise;
}

/** [[readyPromise]], made now if need be. */
export function writerReadyPromise(writer: Writer): Promise<undefined> {
    let deferred = writer[$readyPromise];
    if (deferred === undefined) {
        deferred = new Deferred();
        const stream = writer[$stream];
        if (stream === undefined) {
            return rejectReleased(writer)[$readyPromise].promise;
        } else if (stream[$state] === "erroring" || stream[$state] === "errored") {
            rejectHandled(deferred, stream[$storedError]);
        } else if (
            stream[$state] === "closed" ||
            writableStreamCloseQueuedOrInFlight(stream) ||
            !stream[$backpressure]
        ) {
            deferred.resolve(undefined);
        }
        writer[$readyPromise] = deferred;
    }
    return deferred.promise;
}

export function writableStreamDefaultWriterClose(writer: Writer): Promise<undefined> {
    return writableStreamClose(writer[$stream] as Writable);
}

export function writableStreamDefaultWriterCloseWithErrorPropagation(writer: Writer): Promise<undefined> {
    const stream = writer[$stream] as Writable;
    const state = stream[$state];
    if (writableStreamCloseQueuedOrInFlight(stream) || state === "closed") {
        return promiseResolvedWith(undefined);
    }
    if (state === "errored") {
        return promiseRejectedWith(stream[$storedError]);
    }
    return writableStreamDefaultWriterClose(writer);
}

function writableStreamDefaultWriterEnsureReadyPromiseRejected(writer: Writer, error: unknown): void {
    const deferred = writer[$readyPromise];
    if (deferred !== undefined && deferred.pending) {
        rejectHandled(deferred, error);
    } else {
        writer[$readyPromise] = deferred === undefined ? undefined : rejectedHandled(error);
    }
}

export function writableStreamDefaultWriterGetDesiredSize(writer: Writer): number | null {
    const stream = writer[$stream] as Writable;
    const state = stream[$state];
    if (state === "errored" || state === "erroring") {
        return null;
    }
    if (state === "closed") {
        return 0;
    }
    return writableStreamDefaultControllerGetDesiredSize(stream[$controller] as WritableController);
}

export function writableStreamDefaultWriterRelease(writer: Writer): void {
    const stream = writer[$stream] as Writable;
    if (writer[$closedPromise] !== undefined || writer[$readyPromise] !== undefined) {
        rejectReleased(writer);
    }
    stream[$writer] = undefined;
    writer[$stream] = undefined;
}

/** Rejects [[readyPromise]] and [[closedPromise]] of a released writer, both with one error. */
function rejectReleased(writer: Writer): ReleasedWriter {
    const error = releasedError("writer");
    const { [$closedPromise]: closed, [$readyPromise]: ready } = writer;
    writer[$readyPromise] = ready?.pending === true ? ready : new Deferred();
    rejectHandled(writer[$readyPromise], error);
    writer[$closedPromise] = closed?.pending === true ? closed : new Deferred();
    rejectHandled(writer[$closedPromise], error);
    return writer as ReleasedWriter;
}

interface ReleasedWriter {
    [$closedPromise]: Deferred<undefined>;
    [$readyPromise]: Deferred<undefined>;
}

export function writableStreamDefaultWriterWrite(writer: Writer, chunk: unknown): Promise<undefined> {
    const deferred = new Deferred<undefined>();
    writableStreamWrite(writer, chunk, deferred);
    return deferred.promise;
}

/** WritableStreamDefaultWriterWrite, for whoever needs no promise. */
export function writableStreamWrite(writer: Writer, chunk: unknown, request: WriteRequest): void {
    const stream = writer[$stream] as Writable;
    const controller = stream[$controller] as WritableController;
    const chunkSize = writableStreamDefaultControllerGetChunkSize(controller, chunk);
    const state = stream[$state];
    if (stream !== writer[$stream]) {
        request.reject(releasedError("write")); // by the size algorithm
    } else if (state === "errored") {
        request.reject(stream[$storedError]);
    } else if (state === "closed" || writableStreamCloseQueuedOrInFlight(stream)) {
        request.reject(new TypeError("write: the stream is closing or closed"));
    } else if (state === "erroring") {
        request.reject(stream[$storedError]);
    } else {
        (stream[$writeRequests] ??= new Queue()).push(request); // "WritableStreamAddWriteRequest"
        writableStreamDefaultControllerWrite(controller, chunk, chunkSize);
    }
}

// Controllers -----------------------------------------------------------------------------------------------------

export function setUpWritableStreamDefaultController(
    stream: Writable,
    controller: WritableController,
    start: () => unknown,
    algorithms: SinkAlgorithms,
    highWaterMark: number,
    sizeAlgorithm: SizeAlgorithm | undefined,
): void {
    initializeRequests(stream);
    stream[$controller] = controller;
    controller[$stream] = stream;
    controller[$queue] = undefined;
    controller[$started] = false;
    controller[$strategySizeAlgorithm] = sizeAlgorithm;
    controller[$strategyHWM] = highWaterMark;
    controller[$algorithms] = algorithms;
    writableStreamUpdateBackpressure(stream, writableStreamDefaultControllerGetBackpressure(controller));
    uponOutcome(toOutcome(start()), started, startFailed, controller);
}

function started(_: unknown, controller: WritableController): void {
    if (!controller[$started]) {
        controller[$started] = true;
        writableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
    }
}

function startFailed(reason: unknown, controller: WritableController): void {
    controller[$started] = true;
    writableStreamDealWithRejection(controller[$stream], reason);
}

/** Not of the standard: a controller whose start algorithm has nothing to do has started. */
export function startWritableController(controller: WritableController): void {
    controller[$started] = true;
}

/** [[AbortSteps]] */
function abortSteps(controller: WritableController, reason: unknown): Outcome {
    const result = (controller[$algorithms] as SinkAlgorithms).abort(reason);
    writableStreamDefaultControllerClearAlgorithms(controller);
    return result;
}

function writableStreamDefaultControllerAdvanceQueueIfNeeded(controller: WritableController): void {
    const stream = controller[$stream];
    if (!controller[$started] || stream[$inFlightWriteRequest] !== undefined) {
        return;
    }
    if (stream[$state] === "erroring") {
        writableStreamFinishErroring(stream);
        return;
    }
    const queue = controller[$queue];
    if (queue === undefined || queue.length === 0) {
        return;
    }
    const value = queue.peek();
    if (value === CLOSE) {
        writableStreamDefaultControllerProcessClose(controller, queue);
    } else {
        writableStreamDefaultControllerProcessWrite(controller, value);
    }
}

function writableStreamDefaultControllerClearAlgorithms(controller: WritableController): void {
    controller[$algorithms] = undefined;
    controller[$strategySizeAlgorithm] = undefined;
}

function writableStreamDefaultControllerClose(controller: WritableController): void {
    (controller[$queue] ??= new Queue()).push(CLOSE, 0);
    writableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}

export function writableStreamDefaultControllerError(controller: WritableController, error: unknown): void {
    writableStreamDefaultControllerClearAlgorithms(controller);
    writableStreamStartErroring(controller[$stream], error);
}

export function writableStreamDefaultControllerErrorIfNeeded(
    controller: WritableController,
    error: unknown,
): void {
    if (controller[$stream][$state] === "writable") {
        writableStreamDefaultControllerError(controller, error);
    }
}

function writableStreamDefaultControllerGetBackpressure(controller: WritableController): boolean {
    const queue = controller[$queue];
    return controller[$strategyHWM] <= (queue === undefined ? 0 : queue.totalSize);
}

function writableStreamDefaultControllerGetChunkSize(controller: WritableController, chunk: unknown): number {
    const size = controller[$strategySizeAlgorithm];
    if (size === undefined) {
        return 1; // or errored: the stream's state decides
    }
    try {
        return size(chunk);
    } catch (error) {
        writableStreamDefaultControllerErrorIfNeeded(controller, error);
        return 1;
    }
}

export function writableStreamDefaultControllerGetDesiredSize(controller: WritableController): number {
    return controller[$strategyHWM] - (controller[$queue]?.totalSize ?? 0);
}

function writableStreamDefaultControllerProcessClose(
    controller: WritableController,
    queue: Queue<unknown>,
): void {
    const stream = controller[$stream];
    stream[$inFlightCloseRequest] = stream[$closeRequest]; // "WritableStreamMarkCloseRequestInFlight"
    stream[$closeRequest] = undefined;
    queue.dequeue();
    const outcome = (controller[$algorithms] as SinkAlgorithms).close();
    writableStreamDefaultControllerClearAlgorithms(controller);
    uponOutcome(outcome, sinkClosed, sinkCloseFailed, stream);
}

function sinkClosed(_: unknown, stream: Writable): void {
    writableStreamFinishInFlightClose(stream);
}

function sinkCloseFailed(reason: unknown, stream: Writable): void {
    writableStreamFinishInFlightCloseWithError(stream, reason);
}

function writableStreamDefaultControllerProcessWrite(controller: WritableController, chunk: unknown): void {
    const stream = controller[$stream];
    stream[$inFlightWriteRequest] = stream[$writeRequests]?.dequeue(); // "WritableStreamMarkFirstWriteRequestInFlight"
    const outcome = (controller[$algorithms] as SinkAlgorithms).write(chunk, controller);
    if (outcome === undefined) {
        soon(written, undefined, controller);
    } else {
        uponOutcome(outcome, written, writeFailed, controller);
    }
}

function written(_: unknown, controller: WritableController): void {
    const stream = controller[$stream];
    writableStreamFinishInFlightWrite(stream);
    (controller[$queue] as Queue<unknown>).dequeue();
    if (stream[$state] === "writable") {
        updateBackpressure(stream, controller);
    }
    writableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}

function writeFailed(reason: unknown, controller: WritableController): void {
    const stream = controller[$stream];
    if (stream[$state] === "writable") {
        writableStreamDefaultControllerClearAlgorithms(controller);
    }
    writableStreamFinishInFlightWriteWithError(stream, reason);
}

export function writableStreamDefaultControllerWrite(
    controller: WritableController,
    chunk: unknown,
    chunkSize: number,
): void {
    try {
        (controller[$queue] ??= new Queue()).enqueue(chunk, chunkSize);
    } catch (error) {
        writableStreamDefaultControllerErrorIfNeeded(controller, error);
        return;
    }
    const stream = controller[$stream];
    if (stream[$state] === "writable") {
        updateBackpressure(stream, controller);
    }
    if (stream[$inFlightWriteRequest] === undefined) {
        writableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
    }
}

/** "Signal abort on stream.[[controller]].[[abortController]]": remembered where nobody has asked for the signal. */
function signalAbort(controller: WritableController, reason: unknown): void {
    const signal = controller[$abortController];
    if (signal === undefined) {
        controller[$abortController] = new AbortReason(reason);
    } else if (!(signal instanceof AbortReason)) {
        abortModule("signalAbort")(signal, reason);
    }
}

/** The signal of the controller. */
export function controllerSignal(controller: WritableController): AbortSignal {
    const known = controller[$abortController];
    if (known !== undefined && !(known instanceof AbortReason)) {
        return known;
    }
    const signal = abortModule("createSignal")();
    controller[$abortController] = signal;
    if (known !== undefined) {
        abortModule("signalAbort")(signal, known.reason);
    }
    return signal;
}

function abortModule<K extends keyof typeof Abort>(name: K): (typeof Abort)[K] {
    return builtin("cleat:web/abort", name) as (typeof Abort)[K];
}
