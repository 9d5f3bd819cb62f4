// text_streams.ts - TextEncoderStream and TextDecoderStream: transform streams over the encoder and the decoders.
//
// Spec: Encoding §7.4 (TextDecoderStream), §7.5 (TextEncoderStream).
import { createDecoder, findEncoding, utf8Encode, type TextDecoderHandle } from "cleat:native/text";
import type { ReadableStream, WritableStream } from "../streams/streams.ts";
import {
    TransformStream,
    type TransformStreamDefaultController as Controller,
} from "../streams/transform_stream.ts";
import { defineInterface, toDictionary } from "./webidl.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export class TextEncoderStream {
    readonly #stream: TransformStream<string, Bytes>;

    constructor() {
        // The second half of a pair may be the first code unit of the next chunk.
        let pending = "";
        this.#stream = new TransformStream<string, Bytes>({
            transform(chunk: string, controller: Controller<Bytes>): void {
                let text = pending + `${chunk}`;
                pending = "";
                const last = text.charCodeAt(text.length - 1);
                if (last >= 0xd800 && last <= 0xdbff) {
                    pending = text.slice(-1);
                    text = text.slice(0, -1);
                }
                if (text !== "") {
                    controller.enqueue(utf8Encode(text));
                }
            },
            flush(controller: Controller<Bytes>): void {
                if (pending !== "") {
                    controller.enqueue(utf8Encode(pending));
                }
            },
        });
    }

    get encoding(): string {
        void this.#stream;
        return "utf-8";
    }

    get readable(): ReadableStream<Bytes> {
        return this.#stream.readable;
    }

    get writable(): WritableStream<string> {
        return this.#stream.writable;
    }
}

defineInterface(TextEncoderStream, "TextEncoderStream");

export class TextDecoderStream {
    readonly #stream: TransformStream<ArrayBuffer | ArrayBufferView, string>;
    readonly #encoding: string;
    readonly #fatal: boolean;
    readonly #ignoreBOM: boolean;

    constructor(label = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
        label = `${label}`;
        const { fatal, ignoreBOM } = toDictionary(options, "TextDecoderStream options");
        const encoding = findEncoding(label);
        if (encoding === null) {
            throw new RangeError(`TextDecoderStream: the encoding '${label}' is not supported`);
        }
        this.#encoding = encoding;
        this.#fatal = !!fatal;
        this.#ignoreBOM = !!ignoreBOM;
        const decoder: TextDecoderHandle = createDecoder(encoding, this.#fatal, this.#ignoreBOM);
        const enqueue = (text: string, controller: { enqueue(text: string): void }): void => {
            if (text !== "") {
                controller.enqueue(text);
            }
        };
        this.#stream = new TransformStream<ArrayBuffer | ArrayBufferView, string>({
            transform(chunk: Bytes | undefined, controller: Controller<string>): void {
                if (chunk === undefined) {
                    throw new TypeError("TextDecoderStream: a chunk must be an ArrayBuffer or a view on one");
                }
                enqueue(decoder.decode(chunk, true), controller);
            },
            flush(controller: Controller<string>): void {
                enqueue(decoder.decode(undefined, false), controller);
            },
        });
    }

    get encoding(): string {
        return this.#encoding;
    }

    get fatal(): boolean {
        return this.#fatal;
    }

    get ignoreBOM(): boolean {
        return this.#ignoreBOM;
    }

    get readable(): ReadableStream<string> {
        return this.#stream.readable;
    }

    get writable(): WritableStream<ArrayBuffer | ArrayBufferView> {
        return this.#stream.writable;
    }
}

defineInterface(TextDecoderStream, "TextDecoderStream");
