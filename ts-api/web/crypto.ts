// crypto.ts - crypto.getRandomValues and crypto.randomUUID over the kernel's generator. Not here: SubtleCrypto, which is
// loaded by the first use of crypto.subtle (builtin() loads a module synchronously).
//
// Spec: Web Cryptography §10 (Crypto interface), RFC 9562 §5.4 (UUID version 4).
import { builtin, classOf, getRandomValues } from "cleat:native/runtime";
import type { SubtleCrypto } from "./subtle.ts";
import { defineInterface, requireArguments } from "./webidl.ts";

/** Web Cryptography §10.1.1. */
const RANDOM_BYTES_MAX = 65536;

const secret = {};
const hex: string[] = [];

export class Crypto {
    /** Once it was asked for. Every member reads it: other objects than those of this class have none. */
    #subtle: SubtleCrypto | undefined;

    /** @internal */
    constructor(token: unknown = undefined) {
        if (token !== secret) {
            throw new TypeError("Illegal constructor");
        }
    }

    get subtle(): SubtleCrypto {
        return (this.#subtle ??= builtin("cleat:web/subtle", "subtle") as SubtleCrypto);
    }

    getRandomValues<T extends ArrayBufferView>(array: T): T {
        void this.#subtle;
        requireArguments(arguments.length, 1, "getRandomValues");
        if (!isIntegerArray(array)) {
            throw new DOMException(
                "getRandomValues: the argument must be an integer typed array",
                "TypeMismatchError",
            );
        }
        if (byteLengthOf(array) > RANDOM_BYTES_MAX) {
            throw new DOMException(
                `getRandomValues: at most ${RANDOM_BYTES_MAX} bytes at once`,
                "QuotaExceededError",
            );
        }
        getRandomValues(array);
        return array;
    }

    randomUUID(): string {
        void this.#subtle;
        const bytes = new Uint8Array(16);
        getRandomValues(bytes);
        bytes[6] = (bytes[6]! & 0x0f) | 0x40;
        bytes[8] = (bytes[8]! & 0x3f) | 0x80;
        if (hex.length === 0) {
            for (let i = 0; i < 256; i++) {
                hex[i] = "0123456789abcdef"[i >> 4]! + "0123456789abcdef"[i & 15]!;
            }
        }
        let text = "";
        for (let i = 0; i < 16; i++) {
            text += (i === 4 || i === 6 || i === 8 || i === 10 ? "-" : "") + hex[bytes[i]!]!;
        }
        return text;
    }
}

defineInterface(Crypto, "Crypto");

export const crypto = new Crypto(secret);

const getByteLength = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype),
    "byteLength",
)!.get!;

function byteLengthOf(array: ArrayBufferView): number {
    return Reflect.apply(getByteLength, array, []) as number;
}

function isIntegerArray(value: unknown): boolean {
    switch (typeof value === "object" && value !== null ? classOf(value) : "") {
        case "int8array":
        case "uint8array":
        case "uint8clampedarray":
        case "int16array":
        case "uint16array":
        case "int32array":
        case "uint32array":
        case "bigint64array":
        case "biguint64array":
            return true;
        case "float16array":
        case "float32array":
        case "float64array":
        case "dataview":
            return false;
        default:
            throw new TypeError("getRandomValues: the argument must be a typed array");
    }
}
