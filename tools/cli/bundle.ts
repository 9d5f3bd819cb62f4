// bundle.ts - the bundle format on this side: writing, reading and verifying (docs/bundle-format.md). An independent
// second implementation of runtime/bundle.c: same verdict, same code, for the same bytes
// (tests/node/bundle_differential.test.mjs). Not here: where bundles come from (compile.ts), what is shown (inspect.ts).
import { createHash } from "node:crypto";
import { CanonicalJsonError, type Json, readCanonicalJson, writeCanonicalJson } from "./canonical_json.ts";
import { type Manifest, type ManifestFile, checkManifest } from "./manifest.ts";
import { describePath } from "./manifest_check.ts";

export type BundleCode =
    | "BAD_MAGIC"
    | "BAD_HEADER"
    | "TRUNCATED"
    | "TRAILING"
    | "LIMIT"
    | "UNSIGNED"
    | "UNVERIFIABLE"
    | "BAD_MANIFEST"
    | "BAD_PATH"
    | "BAD_SIZE"
    | "BAD_HASH";

/** A bundle that may not be used. The message begins with the code, as the runtime's does. */
export class BundleError extends Error {
    readonly code: BundleCode;
    constructor(code: BundleCode, what: string) {
        super(`${code}: ${what}`);
        this.name = "BundleError";
        this.code = code;
    }
}

export interface BundleHeader {
    readonly version: number;
    readonly flags: number;
    readonly manifestSize: number;
    readonly signatureCount: number;
    readonly reserved: number;
    readonly lineageSize: number;
    readonly payloadSize: number;
}

export interface Bundle {
    readonly header: BundleHeader;
    readonly manifest: Manifest;
    readonly files: ReadonlyMap<string, Uint8Array>;
}

export const headerSize = 24;
export const signatureSize = 104;
/** The runtime's CLEAT_BUNDLE_PAYLOAD_MAX, unless it was built with another. */
export const payloadMax = 16 * 1024 * 1024;
export const manifestMax = 32768;
const signaturesMax = 4;
const lineageMax = 2048;
const magic = Buffer.from([0x89, 0x46, 0x57, 0x42, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Stands for the digest while the digest is computed. */
const blankDigest = "A".repeat(43);

/** Base64url of the first 32 bytes of SHA-512. */
export function hashText(...parts: readonly Uint8Array[]): string {
    const hash = createHash("sha512");
    for (const part of parts) {
        hash.update(part);
    }
    return hash.digest().subarray(0, 32).toString("base64url");
}

/** What there is of the header, unchecked; undefined if it is not whole. */
export function readHeader(bytes: Uint8Array): BundleHeader | undefined {
    if (bytes.length < headerSize) {
        return undefined;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, headerSize);
    return {
        version: view.getUint16(8, true),
        flags: view.getUint16(10, true),
        manifestSize: view.getUint32(12, true),
        signatureCount: view.getUint8(16),
        reserved: view.getUint8(17),
        lineageSize: view.getUint16(18, true),
        payloadSize: view.getUint32(20, true),
    };
}

function checkedHeader(bytes: Uint8Array, allowUnsigned: boolean): BundleHeader {
    const start = bytes.subarray(0, magic.length);
    if (!start.every((byte, index) => byte === magic[index])) {
        throw new BundleError("BAD_MAGIC", "not a Cleat bundle");
    }
    const header = readHeader(bytes);
    if (header === undefined) {
        throw new BundleError("TRUNCATED", `${bytes.length} bytes, and the header alone has ${headerSize}`);
    }
    if (header.version !== 1) {
        throw new BundleError("BAD_HEADER", `format version ${header.version}, and this tool reads 1`);
    }
    if (header.flags !== 0 || header.reserved !== 0) {
        throw new BundleError("BAD_HEADER", "unknown flags");
    }
    if (header.manifestSize === 0 || header.manifestSize > manifestMax) {
        throw new BundleError(
            "BAD_HEADER",
            `a manifest of ${header.manifestSize} bytes, and 1 to ${manifestMax} are allowed`,
        );
    }
    if (header.signatureCount > signaturesMax) {
        throw new BundleError(
            "BAD_HEADER",
            `${header.signatureCount} signatures, and at most ${signaturesMax} are allowed`,
        );
    }
    if (header.lineageSize > (header.signatureCount > 0 ? lineageMax : 0)) {
        throw new BundleError("BAD_HEADER", `a key lineage of ${header.lineageSize} bytes`);
    }
    if (header.payloadSize > payloadMax) {
        throw new BundleError(
            "LIMIT",
            `${header.payloadSize} bytes of files, and at most ${payloadMax} are allowed`,
        );
    }
    if (header.signatureCount > 0) {
        throw new BundleError(
            "UNVERIFIABLE",
            "the bundle is signed, and this version can't verify signatures",
        );
    }
    if (!allowUnsigned) {
        throw new BundleError("UNSIGNED", "nobody signed the bundle");
    }
    return header;
}

function verifiedManifest(text: Uint8Array): Manifest {
    let value: Json;
    try {
        value = readCanonicalJson(text);
    } catch (error) {
        if (error instanceof CanonicalJsonError) {
            throw new BundleError("BAD_MANIFEST", `manifest: ${error.message}`);
        }
        throw error;
    }
    const [problem] = checkManifest(value, "bundle");
    if (problem !== undefined) {
        const where = problem.path.length > 0 ? `manifest: ${describePath(problem.path)}` : "manifest";
        throw new BundleError(problem.code, `${where}: ${problem.message}`);
    }
    const manifest = value as unknown as Manifest;
    const blank = writeCanonicalJson({ ...manifest, digest: blankDigest });
    if (hashText(blank) !== manifest.digest) {
        throw new BundleError("BAD_HASH", "the manifest is not what its digest says");
    }
    return manifest;
}

/** Verifies a whole bundle. Throws {@link BundleError}. */
export function readBundle(bytes: Uint8Array, options: { readonly allowUnsigned: boolean }): Bundle {
    const header = checkedHeader(bytes, options.allowUnsigned);
    const payloadStart = headerSize + header.manifestSize;
    const total = payloadStart + header.payloadSize;
    if (bytes.length < total) {
        throw new BundleError("TRUNCATED", `${bytes.length} bytes of ${total}`);
    }
    if (bytes.length > total) {
        throw new BundleError("TRAILING", `${bytes.length} bytes, and the bundle has ${total}`);
    }
    const manifest = verifiedManifest(bytes.subarray(headerSize, payloadStart));
    const listed = manifest.files.reduce((sum, file) => sum + file.size, 0);
    if (listed !== header.payloadSize) {
        throw new BundleError(
            "BAD_SIZE",
            `${header.payloadSize} bytes of files, and the manifest lists ${listed}`,
        );
    }
    const files = new Map<string, Uint8Array>();
    let at = payloadStart;
    for (const { path, size, h } of manifest.files) {
        const content = bytes.subarray(at, at + size);
        if (hashText(content) !== h) {
            throw new BundleError("BAD_HASH", `${path} is not what the manifest says`);
        }
        files.set(path, content);
        at += size;
    }
    return { header, manifest, files };
}

/**
 * Writes an unsigned bundle: the manifest without `digest` and `files`, completed by the files in the order of their
 * paths. The same input gives the same bytes. Throws {@link BundleError} for what could not be read again.
 */
export function writeBundle(
    manifest: Omit<Manifest, "digest" | "files">,
    contents: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
    const sorted = [...contents].sort(([a], [b]) => (a < b ? -1 : 1));
    const files: ManifestFile[] = sorted.map(([path, content]) => ({
        h: hashText(content),
        path,
        size: content.length,
    }));
    const whole: Manifest = { ...manifest, digest: blankDigest, files };
    const digest = hashText(writeCanonicalJson(whole));
    const text = writeCanonicalJson({ ...whole, digest });
    if (text.length > manifestMax) {
        throw new BundleError(
            "LIMIT",
            `the manifest has ${text.length} bytes, and at most ${manifestMax} are allowed`,
        );
    }
    const payload = Buffer.concat(sorted.map(([, content]) => content));
    const header = Buffer.alloc(headerSize);
    magic.copy(header);
    header.writeUInt16LE(1, 8);
    header.writeUInt32LE(text.length, 12);
    header.writeUInt32LE(payload.length, 20);
    const bundle = Buffer.concat([header, text, payload]);
    readBundle(bundle, { allowUnsigned: true });
    return bundle;
}
