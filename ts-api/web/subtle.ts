// subtle.ts - SubtleCrypto: the methods with their arguments and checks, over the keys and operations of HMAC
// (subtle_hmac.ts), ECDSA over P-256 (subtle_ecdsa.ts) and the hashes SHA-1, SHA-256, SHA-384 and SHA-512. Methods that
// none of them has (encryption, derivation, wrapping) reject every algorithm as not supported. Everything is done before
// a method returns its promise: what an app changes afterwards changes nothing.
//
// Spec: Web Cryptography §14 (SubtleCrypto).
import { digest, sign, verify, type Hash } from "cleat:native/crypto";
import { rejected, resolved } from "cleat:native/promise";
import { CryptoKey, partsOf, SIGN, VERIFY, type KeyParts } from "./crypto_key.ts";
import {
    currentBytes,
    isBytes,
    normalize,
    notSupported,
    toAlgorithm,
    toBytes,
    toJsonWebKey,
    toKeyFormat,
    toUsages,
    type Algorithm,
} from "./subtle_arguments.ts";
import { exportEcdsa, generateEcdsa, importEcdsa, type CryptoKeyPair } from "./subtle_ecdsa.ts";
import { exportHmac, generateHmac, importHmac } from "./subtle_hmac.ts";
import { defineInterface, requireArguments } from "./webidl.ts";

export { CryptoKey };

const secret = {};

/** A promise for what `run` returns or throws. */
function promised<T>(run: () => T): Promise<T> {
    try {
        return resolved(run());
    } catch (error) {
        return rejected(error);
    }
}

function checkKey({ name, usages }: KeyParts, algorithm: Algorithm, usage: number): void {
    if (name !== algorithm.name) {
        throw new DOMException(`the key is one of ${name}, not of ${algorithm.name}`, "InvalidAccessError");
    }
    if ((usages & usage) === 0) {
        throw new DOMException("the key was not made for this operation", "InvalidAccessError");
    }
}

function hashFor({ name, hash }: KeyParts, algorithm: Algorithm): Hash {
    return (name === "HMAC" ? hash : algorithm.hash) as Hash;
}

export class SubtleCrypto {
    /** @internal */
    constructor(token: unknown = undefined) {
        if (token !== secret) {
            throw new TypeError("Illegal constructor");
        }
    }

    digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
        return promised(() => {
            this.#check(arguments.length, 2, "digest");
            const identifier = toAlgorithm(algorithm);
            const bytes = toBytes(data);
            const { hash } = normalize(identifier, "digest");
            return digest(hash as Hash, currentBytes(bytes));
        });
    }

    sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
        return promised(() => {
            this.#check(arguments.length, 3, "sign");
            const identifier = toAlgorithm(algorithm);
            const parts = partsOf(key);
            const bytes = toBytes(data);
            const normalized = normalize(identifier, "sign");
            checkKey(parts, normalized, SIGN);
            return sign(parts.handle, hashFor(parts, normalized), currentBytes(bytes));
        });
    }

    verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
        return promised(() => {
            this.#check(arguments.length, 4, "verify");
            const identifier = toAlgorithm(algorithm);
            const parts = partsOf(key);
            const signed = toBytes(signature);
            const bytes = toBytes(data);
            const normalized = normalize(identifier, "verify");
            checkKey(parts, normalized, VERIFY);
            return verify(
                parts.handle,
                hashFor(parts, normalized),
                currentBytes(signed),
                currentBytes(bytes),
            );
        });
    }

    generateKey(
        algorithm: unknown,
        extractable: unknown,
        keyUsages: unknown,
    ): Promise<CryptoKey | CryptoKeyPair> {
        return promised(() => {
            this.#check(arguments.length, 3, "generateKey");
            const identifier = toAlgorithm(algorithm);
            const usages = toUsages(keyUsages);
            const normalized = normalize(identifier, "generateKey");
            return normalized.name === "HMAC"
                ? generateHmac(normalized, !!extractable, usages)
                : generateEcdsa(normalized, !!extractable, usages);
        });
    }

    importKey(
        format: unknown,
        keyData: unknown,
        algorithm: unknown,
        extractable: unknown,
        keyUsages: unknown,
    ): Promise<CryptoKey> {
        return promised(() => {
            this.#check(arguments.length, 5, "importKey");
            const keyFormat = toKeyFormat(format);
            const bytes = isBytes(keyData) ? toBytes(keyData) : undefined;
            const jwk = bytes === undefined ? toJsonWebKey(keyData) : undefined;
            const identifier = toAlgorithm(algorithm);
            const usages = toUsages(keyUsages);
            const normalized = normalize(identifier, "importKey");
            if ((jwk !== undefined) !== (keyFormat === "jwk")) {
                throw new TypeError(`the data are not those of a key in the format '${keyFormat}'`);
            }
            const data = jwk ?? currentBytes(bytes!);
            return normalized.name === "HMAC"
                ? importHmac(keyFormat, data, normalized, !!extractable, usages)
                : importEcdsa(keyFormat, data, normalized, !!extractable, usages);
        });
    }

    exportKey(format: unknown, key: unknown): Promise<object> {
        return promised(() => {
            this.#check(arguments.length, 2, "exportKey");
            const keyFormat = toKeyFormat(format);
            const parts = partsOf(key);
            // Checked again in C, where the bytes are.
            if (!parts.handle.extractable) {
                throw new DOMException("the key is not extractable", "InvalidAccessError");
            }
            return parts.name === "HMAC" ? exportHmac(keyFormat, parts) : exportEcdsa(keyFormat, parts);
        });
    }

    encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<never> {
        return promised(() => {
            this.#check(arguments.length, 3, "encrypt");
            return unsupported(algorithm, [key], [data]);
        });
    }

    decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<never> {
        return promised(() => {
            this.#check(arguments.length, 3, "decrypt");
            return unsupported(algorithm, [key], [data]);
        });
    }

    deriveKey(
        algorithm: unknown,
        baseKey: unknown,
        _derivedKeyType: unknown,
        _extractable: unknown,
        keyUsages: unknown,
    ): Promise<never> {
        return promised(() => {
            this.#check(arguments.length, 5, "deriveKey");
            toUsages(keyUsages);
            return unsupported(algorithm, [baseKey], []);
        });
    }

    deriveBits(algorithm: unknown, baseKey: unknown, _length: unknown = null): Promise<never> {
        return promised(() => {
            this.#check(arguments.length, 2, "deriveBits");
            return unsupported(algorithm, [baseKey], []);
        });
    }

    wrapKey(format: unknown, key: unknown, wrappingKey: unknown, wrapAlgorithm: unknown): Promise<never> {
        return promised(() => {
            this.#check(arguments.length, 4, "wrapKey");
            toKeyFormat(format);
            return unsupported(wrapAlgorithm, [key, wrappingKey], []);
        });
    }

    unwrapKey(
        format: unknown,
        wrappedKey: unknown,
        unwrappingKey: unknown,
        unwrapAlgorithm: unknown,
        _unwrappedKeyAlgorithm: unknown,
        _extractable: unknown,
        keyUsages: unknown,
    ): Promise<never> {
        return promised(() => {
            this.#check(arguments.length, 7, "unwrapKey");
            toKeyFormat(format);
            toUsages(keyUsages);
            return unsupported(unwrapAlgorithm, [unwrappingKey], [wrappedKey]);
        });
    }

    /** Of an object of this class only: others throw a TypeError. */
    #check(given: number, needed: number, what: string): void {
        requireArguments(given, needed, what);
    }
}

/** Ends a method that has no algorithms, after its arguments were looked at. */
function unsupported(algorithm: unknown, keys: readonly unknown[], data: readonly unknown[]): never {
    for (let i = 0; i < keys.length; i++) {
        partsOf(keys[i]);
    }
    for (let i = 0; i < data.length; i++) {
        toBytes(data[i]);
    }
    normalize(toAlgorithm(algorithm), "other");
    throw notSupported("this operation has no algorithms here");
}

defineInterface(SubtleCrypto, "SubtleCrypto");

export const subtle = new SubtleCrypto(secret);
