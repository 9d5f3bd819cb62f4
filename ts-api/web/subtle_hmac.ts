// subtle_hmac.ts - keys of HMAC: generated, imported and exported. Not here: the MAC itself (native).
//
// Spec: Web Cryptography §31 (HMAC).
import { exportKey, generateSecret, importSecret, type Hash } from "cleat:native/crypto";
import { makeKey, SIGN, usageList, VERIFY, type CryptoKey, type KeyParts } from "./crypto_key.ts";
import {
    notSupported,
    requireUsages,
    type Algorithm,
    type JsonWebKey,
    type KeyFormat,
} from "./subtle_arguments.ts";
import { checkMembers, dataError, decodeMember, encode } from "./subtle_jwk.ts";

function checkUsages(usages: number): void {
    if ((usages & ~(SIGN | VERIFY)) !== 0) {
        throw new DOMException("a key of HMAC is used to sign and to verify only", "SyntaxError");
    }
}

export function generateHmac(algorithm: Algorithm, extractable: boolean, usages: number): CryptoKey {
    checkUsages(usages);
    const hash = algorithm.hash as Hash;
    const bits = algorithm.length ?? (hash <= 256 ? 512 : 1024);
    const handle = generateSecret(bits, extractable);
    requireUsages(usages);
    return makeKey({ handle, name: "HMAC", hash, usages });
}

export function importHmac(
    format: KeyFormat,
    data: ArrayBuffer | ArrayBufferView | JsonWebKey,
    algorithm: Algorithm,
    extractable: boolean,
    usages: number,
): CryptoKey {
    checkUsages(usages);
    const hash = algorithm.hash as Hash;
    let bytes: ArrayBuffer | ArrayBufferView;
    if (format === "raw") {
        bytes = data as ArrayBuffer | ArrayBufferView;
    } else if (format === "jwk") {
        const key = data as JsonWebKey;
        checkMembers(key, "oct", extractable, usages);
        if (key.alg !== undefined && key.alg !== `HS${hash}`) {
            throw dataError(`the member 'alg' of the key is not 'HS${hash}'`);
        }
        bytes = decodeMember(key.k, "k");
    } else {
        throw notSupported(`HMAC has no keys in the format '${format}'`);
    }
    const handle = importSecret(bytes, algorithm.length ?? -1, extractable);
    requireUsages(usages);
    return makeKey({ handle, name: "HMAC", hash, usages });
}

export function exportHmac(format: KeyFormat, { handle, hash, usages }: KeyParts): ArrayBuffer | object {
    if (format === "raw") {
        return exportKey(handle, "raw");
    }
    if (format !== "jwk") {
        throw notSupported(`HMAC has no keys in the format '${format}'`);
    }
    return {
        alg: `HS${hash}`,
        ext: handle.extractable,
        k: encode(exportKey(handle, "raw")),
        key_ops: usageList(usages),
        kty: "oct",
    };
}
