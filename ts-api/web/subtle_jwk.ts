// subtle_jwk.ts - what JSON Web Keys of all kinds have in common: base64url, and the members that say what a key is for.
//
// Spec: RFC 7517 §4 (JWK), RFC 7515 §2 (base64url); Web Cryptography §18.4.1, §14.3.9 (importKey).
import { usageList } from "./crypto_key.ts";
import type { JsonWebKey } from "./subtle_arguments.ts";

const { apply } = Reflect;
const { charCodeAt } = String.prototype;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export function dataError(text: string): DOMException {
    return new DOMException(text, "DataError");
}

function valueOfDigit(code: number): number {
    if (code >= 97 && code <= 122) {
        return code - 71;
    }
    if (code >= 65 && code <= 90) {
        return code - 65;
    }
    if (code >= 48 && code <= 57) {
        return code + 4;
    }
    return code === 45 ? 62 : code === 95 ? 63 : -1;
}

/** The bytes of a member, which must be there, in base64url without padding. */
export function decodeMember(text: string | undefined, name: string): Uint8Array {
    if (text === undefined || text.length % 4 === 1) {
        throw dataError(`the member '${name}' of the key must be base64url`);
    }
    const bytes = new Uint8Array((text.length * 3) >> 2);
    let bits = 0;
    let pending = 0;
    for (let i = 0, used = 0; i < text.length; i++) {
        const value = valueOfDigit(apply(charCodeAt, text, [i]));
        if (value < 0) {
            throw dataError(`the member '${name}' of the key must be base64url`);
        }
        pending = ((pending << 6) | value) & 0xfff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[used++] = pending >> bits;
        }
    }
    if ((pending & ((1 << bits) - 1)) !== 0) {
        throw dataError(`the member '${name}' of the key has bits after its end`);
    }
    return bytes;
}

export function encode(buffer: ArrayBuffer, start = 0, length = buffer.byteLength): string {
    const bytes = new Uint8Array(buffer, start, length);
    let text = "";
    for (let i = 0; i < length; i += 3) {
        const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
        text += alphabet[group >> 18]! + alphabet[(group >> 12) & 63]!;
        text += i + 1 < length ? alphabet[(group >> 6) & 63]! : "";
        text += i + 2 < length ? alphabet[group & 63]! : "";
    }
    return text;
}

/** Whether a key is what it is imported as. `usages` are those that the app wants. */
export function checkMembers(key: JsonWebKey, kind: string, extractable: boolean, usages: number): void {
    if (key.kty !== kind) {
        throw dataError(`the member 'kty' of the key is not '${kind}'`);
    }
    if (usages !== 0 && key.use !== undefined && key.use !== "sig") {
        throw dataError("the member 'use' of the key is not 'sig'");
    }
    if (key.key_ops !== undefined) {
        checkOperations(key.key_ops, key.use, usages);
    }
    if (key.ext === false && extractable) {
        throw dataError("the member 'ext' of the key forbids that it is extractable");
    }
}

function has(list: readonly string[], name: string): boolean {
    for (let i = 0; i < list.length; i++) {
        if (list[i] === name) {
            return true;
        }
    }
    return false;
}

function checkOperations(operations: readonly string[], use: string | undefined, usages: number): void {
    for (let i = 0; i < operations.length; i++) {
        for (let j = 0; j < i; j++) {
            if (operations[i] === operations[j]) {
                throw dataError(`the member 'key_ops' of the key names '${operations[i]!}' twice`);
            }
        }
        if (use === "sig" && operations[i] !== "sign" && operations[i] !== "verify") {
            throw dataError("the members 'use' and 'key_ops' of the key contradict each other");
        }
    }
    const wanted = usageList(usages);
    for (let i = 0; i < wanted.length; i++) {
        if (!has(operations, wanted[i]!)) {
            throw dataError(`the member 'key_ops' of the key does not allow '${wanted[i]!}'`);
        }
    }
}
