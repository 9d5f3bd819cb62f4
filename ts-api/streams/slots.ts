/*
 * slots.ts - the internal slots of the stream classes: `stream[$state]` is what the standard writes as stream.[[state]].
 * Symbols, so that what is internal is not among the names of an object. Not here: what the slots hold.
 * Spec: Streams, the tables "Internal slots".
 */

/* Of streams */
export const $state: unique symbol = Symbol("state");
export const $storedError: unique symbol = Symbol("storedError");
export const $controller: unique symbol = Symbol("controller");
export const $reader: unique symbol = Symbol("reader");
export const $writer: unique symbol = Symbol("writer");
export const $backpressure: unique symbol = Symbol("backpressure");
export const $writeRequests: unique symbol = Symbol("writeRequests");
export const $inFlightWriteRequest: unique symbol = Symbol("inFlightWriteRequest");
export const $closeRequest: unique symbol = Symbol("closeRequest");
export const $inFlightCloseRequest: unique symbol = Symbol("inFlightCloseRequest");
export const $pendingAbortRequest: unique symbol = Symbol("pendingAbortRequest");

/* Of readers and writers */
export const $stream: unique symbol = Symbol("stream");
export const $closedPromise: unique symbol = Symbol("closedPromise");
export const $readyPromise: unique symbol = Symbol("readyPromise");
export const $readRequests: unique symbol = Symbol("readRequests");
export const $readIntoRequests: unique symbol = Symbol("readIntoRequests");

/** Not of the standard: an iterator has the reader, and lets go of the stream with the end of it. */
export const $iterating: unique symbol = Symbol("iterating");

/* Of controllers */
export const $queue: unique symbol = Symbol("queue");
export const $algorithms: unique symbol = Symbol("algorithms");
export const $strategyHWM: unique symbol = Symbol("strategyHWM");
export const $strategySizeAlgorithm: unique symbol = Symbol("strategySizeAlgorithm");
export const $started: unique symbol = Symbol("started");
export const $closeRequested: unique symbol = Symbol("closeRequested");
/** [[started]], [[closeRequested]], [[pulling]] and [[pullAgain]] of a default controller. */
export const $flags: unique symbol = Symbol("flags");
export const $pulling: unique symbol = Symbol("pulling");
export const $pullAgain: unique symbol = Symbol("pullAgain");
export const $abortController: unique symbol = Symbol("abortController");
export const $autoAllocateChunkSize: unique symbol = Symbol("autoAllocateChunkSize");
export const $byobRequest: unique symbol = Symbol("byobRequest");
export const $pendingPullIntos: unique symbol = Symbol("pendingPullIntos");
export const $view: unique symbol = Symbol("view");
export const $finishPromise: unique symbol = Symbol("finishPromise");

/* Internal methods that differ by class */
export const $cancelSteps: unique symbol = Symbol("cancelSteps");
export const $pullSteps: unique symbol = Symbol("pullSteps");
export const $releaseSteps: unique symbol = Symbol("releaseSteps");
/** Not of the standard: a writable stream that has no controller yet gets one. */
export const $prepare: unique symbol = Symbol("prepare");
/** Not of the standard: the backpressure of a writable stream has changed. */
export const $backpressureChanged: unique symbol = Symbol("backpressureChanged");
/** Not of the standard: a writable stream is being aborted. */
export const $aborting: unique symbol = Symbol("aborting");
/** Not of the standard: what write() of a writer does where the chunk goes by the queue. */
export const $write: unique symbol = Symbol("write");
/** Not of the standard: closes a writable stream; the way may be shorter where nothing is queued. */
export const $close: unique symbol = Symbol("close");
