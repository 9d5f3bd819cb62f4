/*
 * byte_tee.ts - two branches of one byte stream. Not here: branches of other streams (tee.ts).
 * Spec: Streams, ReadableByteStreamTee.
 */
import {
    type ByteController,
    cloneArrayBuffer,
    partsOf,
    readableByteStreamControllerClose,
    readableByteStreamControllerEnqueue,
    readableByteStreamControllerError,
    readableByteStreamControllerRespond,
    readableByteStreamControllerRespondWithNewView,
    readableStreamBYOBReaderRead,
    setUpReadableByteStreamController,
} from "./byte_controller.ts";
import { createByteController, getByobRequest, ReadableStreamBYOBReader } from "./byte_stream.ts";
import {
    $controller,
    $pendingPullIntos,
    $readIntoRequests,
    $readRequests,
    $view,
    Deferred,
    hasSlot,
    promiseResolvedWith,
    ReadableStream,
    ReadableStreamDefaultReader,
    readableStreamCancel,
    readableStreamDefaultReaderRead,
    readableStreamReaderRelease,
    readerClosedPromise,
    type ReadIntoRequest,
    type ReadRequest,
    uponPromise,
    WITHOUT_SOURCE,
} from "./streams.ts";

const Uint8ArrayClass = globalThis.Uint8Array;

type Index = 0 | 1;

/** "ReadableByteStreamTee" */
export function readableByteStreamTee(stream: ReadableStream): [ReadableStream, ReadableStream] {
    return new ByteTee(stream).branches;
}

/** "CloneAsUint8Array" */
function cloneAsUint8Array(chunk: ArrayBufferView): Uint8Array {
    const { buffer, byteOffset, byteLength } = partsOf(chunk);
    return new Uint8ArrayClass(cloneArrayBuffer(buffer, byteOffset, byteLength), 0, byteLength);
}

class ByteTee {
    readonly branches: [ReadableStream, ReadableStream];
    readonly #stream: ReadableStream;
    readonly #cancelled = new Deferred<unknown>();
    readonly #isCancelled: [boolean, boolean] = [false, false];
    readonly #reasons: [unknown, unknown] = [undefined, undefined];
    readonly #readAgain: [boolean, boolean] = [false, false];
    #reader: ReadableStreamDefaultReader | ReadableStreamBYOBReader;
    #reading = false;

    constructor(stream: ReadableStream) {
        this.#stream = stream;
        this.#reader = new ReadableStreamDefaultReader(stream);
        this.branches = [this.#newBranch(0), this.#newBranch(1)];
        this.#forwardReaderError();
    }

    #newBranch(index: Index): ReadableStream {
        const stream = new ReadableStream(WITHOUT_SOURCE);
        setUpReadableByteStreamController(
            stream,
            createByteController(),
            () => undefined,
            { pull: () => this.#pull(index), cancel: (reason) => this.#cancel(index, reason) },
            0,
            undefined,
        );
        return stream;
    }

    #controller(index: number): ByteController {
        return (this.branches[index] as ReadableStream)[$controller] as ByteController;
    }

    #forwardReaderError(): void {
        const reader = this.#reader;
        uponPromise(readerClosedPromise(reader), undefined, (error) => {
            if (reader !== this.#reader) {
                return;
            }
            readableByteStreamControllerError(this.#controller(0), error);
            readableByteStreamControllerError(this.#controller(1), error);
            this.#ended();
        });
    }

    #ended(): void {
        if (!this.#isCancelled[0] || !this.#isCancelled[1]) {
            this.#cancelled.resolve(undefined);
        }
    }

    /** A chunk could not be cloned. */
    #cloneFailed(error: unknown): void {
        readableByteStreamControllerError(this.#controller(0), error);
        readableByteStreamControllerError(this.#controller(1), error);
        this.#cancelled.resolve(readableStreamCancel(this.#stream, error));
    }

    #pullAgain(): void {
        this.#reading = false;
        if (this.#readAgain[0]) {
            void this.#pull(0);
        } else if (this.#readAgain[1]) {
            void this.#pull(1);
        }
    }

    #pull(index: Index): Promise<undefined> {
        if (this.#reading) {
            this.#readAgain[index] = true;
            return promiseResolvedWith(undefined);
        }
        this.#reading = true;
        const request = getByobRequest(this.#controller(index));
        if (request === null) {
            this.#pullWithDefaultReader();
        } else {
            this.#pullWithByobReader(request[$view] as Uint8Array<ArrayBuffer>, index);
        }
        return promiseResolvedWith(undefined);
    }

    #pullWithDefaultReader(): void {
        if (hasSlot(this.#reader, $readIntoRequests)) {
            const reader = this.#reader;
            readableStreamReaderRelease(reader);
            this.#reader = new ReadableStreamDefaultReader(this.#stream);
            this.#forwardReaderError();
        }
        const request: ReadRequest = {
            chunkSteps: (chunk) => {
                uponPromise(promiseResolvedWith(undefined), () => {
                    this.#distribute(chunk as ArrayBufferView);
                });
            },
            closeSteps: () => {
                this.#reading = false;
                for (let i = 0; i < 2; i++) {
                    if (!this.#isCancelled[i as Index]) {
                        readableByteStreamControllerClose(this.#controller(i));
                    }
                }
                for (let i = 0; i < 2; i++) {
                    if (!this.#controller(i)[$pendingPullIntos].isEmpty) {
                        readableByteStreamControllerRespond(this.#controller(i), 0);
                    }
                }
                this.#ended();
            },
            errorSteps: () => {
                this.#reading = false;
            },
        };
        readableStreamDefaultReaderRead(this.#reader, request);
    }

    #distribute(chunk: ArrayBufferView): void {
        this.#readAgain[0] = this.#readAgain[1] = false;
        let chunk2 = chunk;
        if (!this.#isCancelled[0] && !this.#isCancelled[1]) {
            try {
                chunk2 = cloneAsUint8Array(chunk);
            } catch (error) {
                this.#cloneFailed(error);
                return;
            }
        }
        if (!this.#isCancelled[0]) {
            readableByteStreamControllerEnqueue(this.#controller(0), chunk);
        }
        if (!this.#isCancelled[1]) {
            readableByteStreamControllerEnqueue(this.#controller(1), chunk2);
        }
        this.#pullAgain();
    }

    #pullWithByobReader(view: ArrayBufferView, forBranch: Index): void {
        if (hasSlot(this.#reader, $readRequests)) {
            readableStreamReaderRelease(this.#reader);
            this.#reader = new ReadableStreamBYOBReader(this.#stream);
            this.#forwardReaderError();
        }
        const other: Index = forBranch === 0 ? 1 : 0;
        const request: ReadIntoRequest = {
            chunkSteps: (chunk) => {
                uponPromise(promiseResolvedWith(undefined), () => {
                    this.#distributeView(chunk, forBranch, other);
                });
            },
            closeSteps: (chunk) => {
                this.#closeViews(chunk, forBranch, other);
            },
            errorSteps: () => {
                this.#reading = false;
            },
        };
        readableStreamBYOBReaderRead(this.#reader, view, 1, request);
    }

    #distributeView(chunk: ArrayBufferView, byob: Index, other: Index): void {
        this.#readAgain[0] = this.#readAgain[1] = false;
        const byobCancelled = this.#isCancelled[byob];
        if (!this.#isCancelled[other]) {
            let clone: Uint8Array;
            try {
                clone = cloneAsUint8Array(chunk);
            } catch (error) {
                this.#cloneFailed(error);
                return;
            }
            if (!byobCancelled) {
                readableByteStreamControllerRespondWithNewView(this.#controller(byob), chunk);
            }
            readableByteStreamControllerEnqueue(this.#controller(other), clone);
        } else if (!byobCancelled) {
            readableByteStreamControllerRespondWithNewView(this.#controller(byob), chunk);
        }
        this.#pullAgain();
    }

    #closeViews(chunk: ArrayBufferView | undefined, byob: Index, other: Index): void {
        this.#reading = false;
        if (!this.#isCancelled[byob]) {
            readableByteStreamControllerClose(this.#controller(byob));
        }
        if (!this.#isCancelled[other]) {
            readableByteStreamControllerClose(this.#controller(other));
        }
        if (chunk !== undefined) {
            if (!this.#isCancelled[byob]) {
                readableByteStreamControllerRespondWithNewView(this.#controller(byob), chunk);
            }
            if (!this.#isCancelled[other] && !this.#controller(other)[$pendingPullIntos].isEmpty) {
                readableByteStreamControllerRespond(this.#controller(other), 0);
            }
        }
        this.#ended();
    }

    #cancel(index: Index, reason: unknown): Promise<unknown> {
        this.#isCancelled[index] = true;
        this.#reasons[index] = reason;
        if (this.#isCancelled[0] && this.#isCancelled[1]) {
            const reasons = [this.#reasons[0], this.#reasons[1]];
            this.#cancelled.resolve(readableStreamCancel(this.#stream, reasons));
        }
        return this.#cancelled.promise;
    }
}
