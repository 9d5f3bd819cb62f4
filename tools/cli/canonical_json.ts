// canonical_json.ts - canonical JSON (RFC 8785 without fractions): writing it, and refusing any other spelling of it.
// Written independently of runtime/json.c, against which tests/node/bundle_differential.test.mjs compares it: this one
// parses, writes again and compares bytes.

/** What JSON text can hold; numbers are safe integers. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Nesting of objects and arrays; the same as RT_JSON_DEPTH_MAX. */
export const jsonDepthMax = 6;

/** Why bytes are not canonical JSON. */
export class CanonicalJsonError extends Error {}

export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function write(value: unknown, depth: number): string {
    if (typeof value === "object" && value !== null) {
        if (depth === jsonDepthMax) {
            throw new CanonicalJsonError("nested too deep");
        }
        if (Array.isArray(value)) {
            return `[${value.map((element) => write(element, depth + 1)).join(",")}]`;
        }
        // The default order of sort() is that of UTF-16 code units, which RFC 8785 3.2.3 asks for.
        const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
        return `{${members.map(([key, member]) => `${write(key, 0)}:${write(member, depth + 1)}`).join(",")}}`;
    }
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
        throw new CanonicalJsonError("a number that is not an integer up to 2^53-1");
    }
    if (typeof value === "string" && !isWellFormed(value)) {
        throw new CanonicalJsonError("half of a surrogate pair");
    }
    if (value === undefined || typeof value === "function" || typeof value === "symbol") {
        throw new CanonicalJsonError("not a JSON value");
    }
    return JSON.stringify(value);
}

function isWellFormed(text: string): boolean {
    return !/[\uD800-\uDFFF]/u.test(text);
}

/** The one spelling of a value. Throws {@link CanonicalJsonError} for what has none. */
export function writeCanonicalJson(value: unknown): Uint8Array {
    return new TextEncoder().encode(write(value, 0));
}

/** Reads canonical JSON. Throws {@link CanonicalJsonError} for every other spelling. */
export function readCanonicalJson(bytes: Uint8Array): Json {
    let text: string;
    let value: Json;
    try {
        text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        throw new CanonicalJsonError("invalid UTF-8");
    }
    try {
        value = JSON.parse(text) as Json;
    } catch (error) {
        throw new CanonicalJsonError(error instanceof Error ? error.message : String(error));
    }
    const canonical = write(value, 0);
    if (canonical !== text) {
        let at = 0;
        while (canonical[at] === text[at]) {
            at++;
        }
        throw new CanonicalJsonError(`not the canonical spelling, from character ${at + 1} on`);
    }
    return value;
}
