/*
 * bytes.ts - what an app may send, as bytes. Not here: sending.
 * Spec: W3C TCP and UDP Socket API, the note on data types. The text wants ArrayBuffer; views and strings
 * (UTF-8) are taken too, as its own TCP example writes a string.
 */
import { utf8Encode } from "cleat:native/text";
import { typeError } from "./errors.ts";

const ArrayBufferClass = globalThis.ArrayBuffer;
const isView = ArrayBufferClass.isView;
const apply = Reflect.apply;
const bufferLength = getter(ArrayBufferClass.prototype, "byteLength");
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayLength = getter(typedArray, "byteLength");
const typedArrayTag = getter(typedArray, Symbol.toStringTag);
const viewLength = getter(DataView.prototype, "byteLength");

/** Bytes that natives take: never a shared buffer. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** The bytes of a chunk: an ArrayBuffer, a view on one, or a string as UTF-8; anything else is a TypeError. */
export function toBytes(value: unknown, what: string): Bytes {
    if (typeof value === "string") {
        return utf8Encode(value);
    }
    if (isView(value) || isBuffer(value)) {
        return value;
    }
    throw typeError(`${what} must be an ArrayBuffer, a view on one, or a string`);
}

/** The number of bytes; 0 where the buffer is detached. */
export function byteLength(bytes: Bytes): number {
    if (!isView(bytes)) {
        return apply(bufferLength, bytes, []) as number;
    }
    try {
        const length = apply(typedArrayTag, bytes, []) === undefined ? viewLength : typedArrayLength;
        return apply(length, bytes, []) as number;
    } catch {
        return 0; // a DataView whose buffer is detached
    }
}

function isBuffer(value: unknown): value is ArrayBuffer {
    try {
        apply(bufferLength, value, []);
        return true;
    } catch {
        return false;
    }
}

function getter(prototype: object, key: string | symbol): (this: unknown) => unknown {
    return (Object.getOwnPropertyDescriptor(prototype, key) as { get(this: unknown): unknown }).get;
}
