// subtle_ecdsa.ts - keys of ECDSA over P-256: generated, imported and exported. Not here: signatures (native), other
// curves.
//
// Spec: Web Cryptography §23 (ECDSA).
import {
    exportKey,
    generatePair,
    importPkcs8,
    importPoint,
    importPrivate,
    importSpki,
    type KeyForm,
    type KeyHandle,
} from "cleat:native/crypto";
import { makeKey, SIGN, usageList, VERIFY, type CryptoKey, type KeyParts } from "./crypto_key.ts";
import {
    notSupported,
    requireUsages,
    type Algorithm,
    type JsonWebKey,
    type KeyFormat,
} from "./subtle_arguments.ts";
import { checkMembers, dataError, decodeMember, encode } from "./subtle_jwk.ts";

/** Bytes of a coordinate, and of a private key. */
const COORDINATE = 32;
const { apply } = Reflect;
const { set } = Uint8Array.prototype;

function checkUsages(usages: number, allowed: number): void {
    if ((usages & ~allowed) !== 0) {
        throw new DOMException("this key of ECDSA has no such usage", "SyntaxError");
    }
}

function checkCurve(algorithm: Algorithm): void {
    if (algorithm.namedCurve !== "P-256") {
        throw notSupported(`the curve '${algorithm.namedCurve}' is not supported, P-256 is`);
    }
}

function makeEcdsaKey(handle: KeyHandle, usages: number): CryptoKey {
    return makeKey({ handle, name: "ECDSA", hash: 0, usages });
}

/** Two keys that belong together. */
export interface CryptoKeyPair {
    readonly privateKey: CryptoKey;
    readonly publicKey: CryptoKey;
}

export function generateEcdsa(algorithm: Algorithm, extractable: boolean, usages: number): CryptoKeyPair {
    checkUsages(usages, SIGN | VERIFY);
    checkCurve(algorithm);
    requireUsages(usages & SIGN);
    const { privateKey, publicKey } = generatePair(extractable);
    return {
        privateKey: makeEcdsaKey(privateKey, usages & SIGN),
        publicKey: makeEcdsaKey(publicKey, usages & VERIFY),
    };
}

export function importEcdsa(
    format: KeyFormat,
    data: ArrayBuffer | ArrayBufferView | JsonWebKey,
    algorithm: Algorithm,
    extractable: boolean,
    usages: number,
): CryptoKey {
    const isPrivate = format === "jwk" ? (data as JsonWebKey).d !== undefined : format === "pkcs8";
    checkUsages(usages, isPrivate ? SIGN : VERIFY);
    checkCurve(algorithm);
    const handle = importHandle(format, data, extractable, usages);
    if (isPrivate) {
        requireUsages(usages);
    }
    return makeEcdsaKey(handle, usages);
}

function importHandle(
    format: KeyFormat,
    data: ArrayBuffer | ArrayBufferView | JsonWebKey,
    extractable: boolean,
    usages: number,
): KeyHandle {
    switch (format) {
        case "raw":
            return importPoint(data as ArrayBuffer, extractable);
        case "spki":
            return importSpki(data as ArrayBuffer, extractable);
        case "pkcs8":
            return importPkcs8(data as ArrayBuffer, extractable);
        case "jwk":
            return importJwk(data as JsonWebKey, extractable, usages);
    }
}

function decodeNumber(text: string | undefined, name: string): Uint8Array {
    const bytes = decodeMember(text, name);
    if (bytes.length !== COORDINATE) {
        throw dataError(`the member '${name}' of the key must be ${COORDINATE} bytes`);
    }
    return bytes;
}

function importJwk(key: JsonWebKey, extractable: boolean, usages: number): KeyHandle {
    checkMembers(key, "EC", extractable, usages);
    if (key.crv !== "P-256") {
        throw dataError("the member 'crv' of the key is not 'P-256'");
    }
    if (key.alg !== undefined && key.alg !== "ES256") {
        throw dataError("the member 'alg' of the key is not 'ES256'");
    }
    const point = new Uint8Array(1 + 2 * COORDINATE);
    point[0] = 4;
    apply(set, point, [decodeNumber(key.x, "x"), 1]);
    apply(set, point, [decodeNumber(key.y, "y"), 1 + COORDINATE]);
    return key.d === undefined
        ? importPoint(point, extractable)
        : importPrivate(decodeNumber(key.d, "d"), point, extractable);
}

export function exportEcdsa(format: KeyFormat, { handle, usages }: KeyParts): ArrayBuffer | object {
    if (format !== "jwk") {
        const form: KeyForm = format === "raw" ? "point" : format;
        if ((format === "pkcs8") !== (handle.type === "private")) {
            throw new DOMException(
                `a ${handle.type} key can't be exported in the format '${format}'`,
                "InvalidAccessError",
            );
        }
        return exportKey(handle, form);
    }
    const point = exportKey(handle, "point");
    const key = {
        crv: "P-256",
        ext: handle.extractable,
        key_ops: usageList(usages),
        kty: "EC",
        x: encode(point, 1, COORDINATE),
        y: encode(point, 1 + COORDINATE, COORDINATE),
    };
    return handle.type === "private" ? { ...key, d: encode(exportKey(handle, "scalar")) } : key;
}
