// subtle_arguments.ts - the arguments of SubtleCrypto as Web IDL converts them, and the normalization of algorithms. Not
// here: what is done with them.
//
// Spec: Web Cryptography §18.4 (Algorithm Normalization), §14 (SubtleCrypto); Web IDL §3.2.
import type { Hash } from "cleat:native/crypto";
import { classOf } from "cleat:native/runtime";
import { usageNames } from "./crypto_key.ts";
import { toDictionary, toUnsignedInteger } from "./webidl.ts";

const { apply, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
const { charCodeAt } = String.prototype;
const { isView } = ArrayBuffer;

function getterOf(prototype: object, key: string): () => unknown {
    return getOwnPropertyDescriptor(prototype, key)!.get!;
}
const typedArrayPrototype = getPrototypeOf(Uint8Array.prototype)!;
const arrayBuffer = getterOf(typedArrayPrototype, "buffer");
const arrayLength = getterOf(typedArrayPrototype, "byteLength");
const viewBuffer = getterOf(DataView.prototype, "buffer");
const viewLength = getterOf(DataView.prototype, "byteLength");
const bufferLength = getterOf(ArrayBuffer.prototype, "byteLength");

export function notSupported(text: string): DOMException {
    return new DOMException(text, "NotSupportedError");
}

/** Whether a value is taken for bytes, where it might be a dictionary. */
export function isBytes(value: unknown): boolean {
    return typeof value === "object" && value !== null && (classOf(value) === "arraybuffer" || isView(value));
}

/** A BufferSource. Copied by nobody: everything that reads it does so before a method of SubtleCrypto returns. */
export function toBytes(value: unknown): ArrayBuffer | ArrayBufferView {
    const kind = typeof value === "object" && value !== null ? classOf(value) : "";
    let buffer = value;
    if (kind !== "" && isView(value)) {
        buffer = apply(kind === "dataview" ? viewBuffer : arrayBuffer, value, []);
    } else if (kind !== "arraybuffer") {
        throw new TypeError("bytes are given as an ArrayBuffer or a view on one");
    }
    if (classOf(buffer as object) !== "arraybuffer") {
        throw new TypeError("a SharedArrayBuffer can't be used here, copy it first");
    }
    return value as ArrayBuffer | ArrayBufferView;
}

/** The same bytes when they are needed: a buffer that was detached or made smaller meanwhile has none. */
export function currentBytes(value: ArrayBuffer | ArrayBufferView): ArrayBuffer | ArrayBufferView {
    let length: unknown = 0;
    try {
        length = apply(
            !isView(value) ? bufferLength : classOf(value) === "dataview" ? viewLength : arrayLength,
            value,
            [],
        );
    } catch {
        // A DataView says so by an error, an array by 0.
    }
    return length === 0 ? new Uint8Array(0) : value;
}

export type KeyFormat = "raw" | "spki" | "pkcs8" | "jwk";

export function toKeyFormat(value: unknown): KeyFormat {
    const format = `${value as string}`;
    switch (format) {
        case "raw":
        case "spki":
        case "pkcs8":
        case "jwk":
            return format;
        default:
            throw new TypeError(`'${format}' is no format of keys`);
    }
}

/** A sequence<KeyUsage> as a set. */
export function toUsages(value: unknown): number {
    let usages = 0;
    const names = toStrings(value, "the list of usages");
    for (let i = 0; i < names.length; i++) {
        let bit = 0;
        while (bit < usageNames.length && usageNames[bit] !== names[i]) {
            bit++;
        }
        if (bit === usageNames.length) {
            throw new TypeError(`'${names[i]!}' is no usage of keys`);
        }
        usages |= 1 << bit;
    }
    return usages;
}

/** What every import and generation of a secret or private key checks last. */
export function requireUsages(usages: number): void {
    if (usages === 0) {
        throw new DOMException("a secret or private key needs a usage", "SyntaxError");
    }
}

/** A sequence<DOMString>. */
function toStrings(value: unknown, what: string): string[] {
    if (typeof value !== "object" || value === null) {
        throw new TypeError(`${what} must be a list`);
    }
    const list: string[] = [];
    for (const one of value as Iterable<unknown>) {
        list[list.length] = `${one as string}`;
    }
    return list;
}

// JSON Web Keys --------------------------------------------------------------------------------------------------

/** Those members of JsonWebKey that some algorithm here reads. */
export interface JsonWebKey {
    readonly alg: string | undefined;
    readonly crv: string | undefined;
    readonly d: string | undefined;
    readonly ext: boolean | undefined;
    readonly k: string | undefined;
    readonly key_ops: readonly string[] | undefined;
    readonly kty: string | undefined;
    readonly use: string | undefined;
    readonly x: string | undefined;
    readonly y: string | undefined;
}

function optionalString(value: unknown): string | undefined {
    return value === undefined ? undefined : `${value as string}`;
}

export function toJsonWebKey(value: unknown): JsonWebKey {
    const key = toDictionary<JsonWebKey>(value, "a JSON Web Key");
    // In the order of Web IDL; each is read once.
    const alg = optionalString(key.alg);
    const crv = optionalString(key.crv);
    const d = optionalString(key.d);
    const ext: unknown = key.ext;
    const k = optionalString(key.k);
    const operations: unknown = key.key_ops;
    return {
        alg,
        crv,
        d,
        ext: ext === undefined ? undefined : !!ext,
        k,
        key_ops: operations === undefined ? undefined : toStrings(operations, "key_ops"),
        kty: optionalString(key.kty),
        use: optionalString(key.use),
        x: optionalString(key.x),
        y: optionalString(key.y),
    };
}

// Algorithms -----------------------------------------------------------------------------------------------------

export type Operation = "digest" | "sign" | "verify" | "generateKey" | "importKey" | "other";

/** An algorithm and its parameters. */
export interface Algorithm {
    readonly name: "HMAC" | "ECDSA" | "digest";
    /** 0: the operation has none. */
    readonly hash: Hash | 0;
    /** undefined: not given. */
    readonly length: number | undefined;
    readonly namedCurve: string;
}

/** The AlgorithmIdentifier as what is later asked for members. */
export function toAlgorithm(value: unknown): object {
    return (typeof value === "object" && value !== null) || typeof value === "function"
        ? value
        : ({ __proto__: null, name: `${value as string}` } as unknown as object);
}

interface Parameters {
    name?: unknown;
    hash?: unknown;
    length?: unknown;
    namedCurve?: unknown;
}

function required(value: unknown, what: string): unknown {
    if (value === undefined) {
        throw new TypeError(`the algorithm needs the member '${what}'`);
    }
    return value;
}

/** Names differ by the case of ASCII letters only. (toUpperCase() makes an S of more than s.) */
function sameName(given: string, upper: string): boolean {
    if (given.length !== upper.length) {
        return false;
    }
    for (let i = 0; i < upper.length; i++) {
        const code = apply(charCodeAt, given, [i]);
        if ((code >= 97 && code <= 122 ? code - 32 : code) !== apply(charCodeAt, upper, [i])) {
            return false;
        }
    }
    return true;
}

function toHash(name: string): Hash | 0 {
    return sameName(name, "SHA-1")
        ? 1
        : sameName(name, "SHA-256")
          ? 256
          : sameName(name, "SHA-384")
            ? 384
            : sameName(name, "SHA-512")
              ? 512
              : 0;
}

/** §18.4.4: normalize an algorithm. */
export function normalize(value: object, operation: Operation): Algorithm {
    const given = value as Parameters;
    const name = `${required(given.name, "name") as string}`;
    if (operation === "digest") {
        const hash = toHash(name);
        if (hash !== 0) {
            return { name: "digest", hash, length: undefined, namedCurve: "" };
        }
    } else if (operation !== "other" && sameName(name, "HMAC")) {
        if (operation === "sign" || operation === "verify") {
            return { name: "HMAC", hash: 0, length: undefined, namedCurve: "" };
        }
        const hash = toAlgorithm(required(given.hash, "hash"));
        const bits: unknown = given.length;
        const length = bits === undefined ? undefined : toUnsignedLong(bits);
        return { name: "HMAC", hash: normalize(hash, "digest").hash, length, namedCurve: "" };
    } else if (operation !== "other" && sameName(name, "ECDSA")) {
        if (operation === "sign" || operation === "verify") {
            const hash = toAlgorithm(required(given.hash, "hash"));
            return { name: "ECDSA", hash: normalize(hash, "digest").hash, length: undefined, namedCurve: "" };
        }
        const namedCurve = `${required(given.namedCurve, "namedCurve") as string}`;
        return { name: "ECDSA", hash: 0, length: undefined, namedCurve };
    }
    throw notSupported(
        operation === "other"
            ? "this operation has no algorithms here"
            : `the algorithm '${name}' is not supported for ${operation}`,
    );
}

/** `[EnforceRange] unsigned long`. */
function toUnsignedLong(value: unknown): number {
    const number = toUnsignedInteger(value, "length");
    if (number > 4294967295) {
        throw new TypeError("length must be a number from 0 to 2^32 - 1");
    }
    return number;
}
