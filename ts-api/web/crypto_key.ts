// crypto_key.ts - CryptoKey: a key of Web Cryptography around its native handle, which holds the bytes. What SubtleCrypto
// decides by is private to the object; `algorithm` and `usages` are copies that an app may do anything with. Not here:
// the operations (subtle.ts, subtle_hmac.ts, subtle_ecdsa.ts).
//
// Spec: Web Cryptography §13 (CryptoKey).
import type { Hash, KeyHandle } from "cleat:native/crypto";
import { defineInterface, makeCloneable } from "./webidl.ts";

/** What a key may be used for, as the standard orders them. The place of a usage is its bit in a set of them. */
export const usageNames = [
    "encrypt",
    "decrypt",
    "sign",
    "verify",
    "deriveKey",
    "deriveBits",
    "wrapKey",
    "unwrapKey",
] as const;
export type KeyUsage = (typeof usageNames)[number];

/** A set of usages, a bit each. */
export const SIGN = 4;
export const VERIFY = 8;

/** What an algorithm has to say about its key. */
export interface KeyAlgorithm {
    readonly name: string;
    readonly hash?: { readonly name: string };
    readonly length?: number;
    readonly namedCurve?: string;
}

/** What a key is. */
export interface KeyParts {
    readonly handle: KeyHandle;
    readonly name: "HMAC" | "ECDSA";
    /** Of HMAC. */
    readonly hash: Hash | 0;
    readonly usages: number;
}

const secret = {};
let readParts: (key: CryptoKey) => KeyParts;
let isKey: (value: object) => value is CryptoKey;

export class CryptoKey {
    readonly #parts: KeyParts;
    #algorithm: KeyAlgorithm | undefined;
    #usages: KeyUsage[] | undefined;

    /** @internal */
    constructor(token: unknown = undefined, parts: unknown = undefined) {
        if (token !== secret) {
            throw new TypeError("Illegal constructor");
        }
        this.#parts = parts as KeyParts;
    }

    static {
        readParts = (key) => key.#parts;
        isKey = (value): value is CryptoKey => #parts in value;
    }

    get type(): "secret" | "private" | "public" {
        return this.#parts.handle.type;
    }

    get extractable(): boolean {
        return this.#parts.handle.extractable;
    }

    get algorithm(): KeyAlgorithm {
        const { name, hash, handle } = this.#parts;
        return (this.#algorithm ??=
            name === "HMAC"
                ? { name, hash: { name: `SHA-${hash}` }, length: handle.bits }
                : { name, namedCurve: "P-256" });
    }

    get usages(): KeyUsage[] {
        return (this.#usages ??= usageList(this.#parts.usages));
    }
}

defineInterface(CryptoKey, "CryptoKey", ["type", "extractable", "algorithm", "usages"]);
// A clone shares the handle, which never changes.
makeCloneable(CryptoKey, (value) => (isKey(value) ? makeKey(readParts(value)) : undefined));

export function makeKey(parts: KeyParts): CryptoKey {
    return new CryptoKey(secret, parts);
}

/** The names in a set of usages. */
export function usageList(usages: number): KeyUsage[] {
    const list: KeyUsage[] = [];
    for (let i = 0; i < usageNames.length; i++) {
        if ((usages & (1 << i)) !== 0) {
            list[list.length] = usageNames[i]!;
        }
    }
    return list;
}

/** What a key given by an app is; a TypeError for everything else. */
export function partsOf(key: unknown): KeyParts {
    if (typeof key !== "object" || key === null || !isKey(key)) {
        throw new TypeError("a CryptoKey is needed here");
    }
    return readParts(key);
}
