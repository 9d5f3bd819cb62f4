/*
 * tee.ts - two branches of one readable stream. Not here: branches of a byte stream (byte_tee.ts).
 * Spec: Streams, ReadableStreamTee, ReadableStreamDefaultTee.
 */
import { builtin } from "cleat:native/runtime";
import type * as Bytes from "./byte_stream.ts";
import {
    $byobRequest,
    $controller,
    createReadableStream,
    type DefaultController,
    Deferred,
    hasSlot,
    promiseResolvedWith,
    type ReadableStream,
    ReadableStreamDefaultReader,
    readableStreamCancel,
    readableStreamDefaultControllerClose,
    readableStreamDefaultControllerEnqueue,
    readableStreamDefaultControllerError,
    readableStreamDefaultReaderRead,
    readerClosedPromise,
    type ReadRequest,
    uponPromise,
} from "./streams.ts";

/** "ReadableStreamTee" */
export function readableStreamTee(stream: ReadableStream): [ReadableStream, ReadableStream] {
    if (hasSlot(stream[$controller], $byobRequest)) {
        const teeBytes = builtin(
            "cleat:streams/bytes",
            "readableByteStreamTee",
        ) as typeof Bytes.readableByteStreamTee;
        return teeBytes(stream);
    }
    return new Tee(stream).branches;
}

class Tee implements ReadRequest {
    readonly branches: [ReadableStream, ReadableStream];
    readonly #stream: ReadableStream;
    readonly #reader: ReadableStreamDefaultReader;
    readonly #cancelled = new Deferred<unknown>();
    readonly #isCancelled: [boolean, boolean] = [false, false];
    readonly #reasons: [unknown, unknown] = [undefined, undefined];
    #reading = false;
    #readAgain = false;

    constructor(stream: ReadableStream) {
        this.#stream = stream;
        this.#reader = new ReadableStreamDefaultReader(stream);
        this.branches = [this.#newBranch(0), this.#newBranch(1)];
        uponPromise(readerClosedPromise(this.#reader), undefined, (error) => {
            readableStreamDefaultControllerError(this.#controller(0), error);
            readableStreamDefaultControllerError(this.#controller(1), error);
            this.#ended();
        });
    }

    chunkSteps(chunk: unknown): void {
        // A microtask later, so that an error of the stream that comes with the chunk is seen first.
        uponPromise(promiseResolvedWith(undefined), () => {
            this.#readAgain = false;
            for (let i = 0; i < 2; i++) {
                if (!this.#isCancelled[i as 0 | 1]) {
                    readableStreamDefaultControllerEnqueue(this.#controller(i), chunk);
                }
            }
            this.#reading = false;
            if (this.#readAgain) {
                void this.#pull();
            }
        });
    }

    closeSteps(): void {
        this.#reading = false;
        for (let i = 0; i < 2; i++) {
            if (!this.#isCancelled[i as 0 | 1]) {
                readableStreamDefaultControllerClose(this.#controller(i));
            }
        }
        this.#ended();
    }

    errorSteps(): void {
        this.#reading = false;
    }

    #newBranch(index: 0 | 1): ReadableStream {
        return createReadableStream(() => undefined, {
            pull: () => this.#pull(),
            cancel: (reason) => this.#cancel(index, reason),
        });
    }

    #controller(index: number): DefaultController {
        return (this.branches[index] as ReadableStream)[$controller] as DefaultController;
    }

    #pull(): Promise<undefined> {
        if (this.#reading) {
            this.#readAgain = true;
        } else {
            this.#reading = true;
            readableStreamDefaultReaderRead(this.#reader, this);
        }
        return promiseResolvedWith(undefined);
    }

    #cancel(index: 0 | 1, reason: unknown): Promise<unknown> {
        this.#isCancelled[index] = true;
        this.#reasons[index] = reason;
        if (this.#isCancelled[0] && this.#isCancelled[1]) {
            const reasons = [this.#reasons[0], this.#reasons[1]];
            this.#cancelled.resolve(readableStreamCancel(this.#stream, reasons));
        }
        return this.#cancelled.promise;
    }

    #ended(): void {
        if (!this.#isCancelled[0] || !this.#isCancelled[1]) {
            this.#cancelled.resolve(undefined);
        }
    }
}
