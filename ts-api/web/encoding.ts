// encoding.ts - TextEncoder and TextDecoder. Encodings: utf-8, utf-16le, utf-16be and windows-1252 (which "latin1" and
// "ascii" are labels of); other labels are a RangeError. Not here: the conversion (native), the streams
// (text_streams.ts).
//
// Spec: Encoding §7 (API).
import {
    createDecoder,
    findEncoding,
    utf8Encode,
    utf8EncodeInto,
    type TextDecoderHandle,
} from "cleat:native/text";
import { defineInterface, requireArguments, toDictionary } from "./webidl.ts";

export class TextEncoder {
    #brand = true;

    get encoding(): string {
        void this.#brand;
        return "utf-8";
    }

    encode(input = ""): Uint8Array<ArrayBuffer> {
        void this.#brand;
        return utf8Encode(`${input}`);
    }

    encodeInto(source: string, destination: Uint8Array): { read: number; written: number } {
        void this.#brand;
        requireArguments(arguments.length, 2, "encodeInto");
        const counts = utf8EncodeInto(`${source}`, destination);
        return { read: counts[0], written: counts[1] };
    }
}

defineInterface(TextEncoder, "TextEncoder", ["encoding"]);

/** Options of the {@link TextDecoder} constructor. */
export interface TextDecoderOptions {
    fatal?: boolean;
    ignoreBOM?: boolean;
}

export class TextDecoder {
    readonly #encoding: string;
    readonly #fatal: boolean;
    readonly #ignoreBOM: boolean;
    readonly #native: TextDecoderHandle;

    constructor(label = "utf-8", options: TextDecoderOptions = {}) {
        label = `${label}`;
        const { fatal, ignoreBOM } = toDictionary(options, "TextDecoder options");
        const encoding = findEncoding(label);
        if (encoding === null) {
            throw new RangeError(`TextDecoder: the encoding '${label}' is not supported`);
        }
        this.#encoding = encoding;
        this.#fatal = !!fatal;
        this.#ignoreBOM = !!ignoreBOM;
        this.#native = createDecoder(encoding, this.#fatal, this.#ignoreBOM);
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

    decode(
        input: ArrayBuffer | ArrayBufferView | undefined = undefined,
        options: { stream?: boolean } = {},
    ): string {
        const native = this.#native;
        const { stream } = toDictionary(options, "decode options");
        return native.decode(input, !!stream);
    }
}

defineInterface(TextDecoder, "TextDecoder", ["encoding", "fatal", "ignoreBOM"]);
