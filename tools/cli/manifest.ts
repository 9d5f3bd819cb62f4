// manifest.ts - what a manifest holds (docs/manifest.md) and the check of its keys, in the order in which
// runtime/manifest.c checks them, so that both find the same first error. Not here: positions in a file
// (manifest_source.ts), permission rules (manifest_rules.ts).
import { isObject } from "./canonical_json.ts";
import {
    type JsonPath,
    ManifestChecker,
    type ManifestMode,
    type Problem,
    isBundlePath,
    pathsClash,
} from "./manifest_check.ts";
import { checkPermissions } from "./manifest_rules.ts";

/** A text in the default language and others. */
export type Texts = { readonly default: string; readonly [language: string]: string };

export interface ManifestFile {
    readonly h: string;
    readonly path: string;
    readonly size: number;
}

/** A rule object; which keys an operation takes is in docs/manifest.md. */
export interface ManifestRule {
    readonly host?: string;
    readonly group?: string;
    readonly port?: number | string;
    readonly ops?: readonly string[];
    readonly interface?: string;
    readonly space?: readonly string[];
    readonly tls?: "required";
    readonly reason?: string;
}

export type Permissions = { readonly [operation: string]: readonly ManifestRule[] };

/** The manifest as it stands in a bundle. */
export interface Manifest {
    readonly manifestVersion: 1;
    readonly id: string;
    readonly name: Texts;
    readonly version: string;
    readonly counter: number;
    readonly digest: string;
    readonly entry: string;
    readonly files: readonly ManifestFile[];
    readonly permissions: Permissions;
    readonly reasons?: { readonly [key: string]: Texts };
    readonly resources?: { readonly [key: string]: number };
    readonly runtime?: { readonly api: string };
    readonly type?: "app" | "service";
}

export const filesMax = 512;
const rulesMax = 256;
const reasonsMax = 64;
const hashPattern = /^[A-Za-z0-9_-]{43}$/;
const keys = [
    "counter",
    "digest",
    "entry",
    "files",
    "id",
    "manifestVersion",
    "name",
    "permissions",
    "reasons",
    "resources",
    "runtime",
    "type",
    "version",
];
/** Keys of later versions, which get a better message than a typing error. */
const laterKeys = ["keyEpoch", "pins", "privilege", "restart", "update"];
const resourceMax = new Map([
    ["cpuPercent", 100],
    ["fds", 65536],
    ["heapKiB", 4 * 1024 * 1024],
    ["heartbeatMs", 86400000],
    ["rssKiB", 4 * 1024 * 1024],
    ["storageKiB", 2 ** 31 - 1],
    ["turnMs", 86400000],
    ["workers", 64],
]);

function sizeOf(value: unknown): number {
    return Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0;
}

/** What runtime/manifest.c finds in its first pass. */
function survey(checker: ManifestChecker, manifest: { readonly [key: string]: unknown }): boolean {
    if (manifest["manifestVersion"] !== 1) {
        checker.report(["manifestVersion"], "must be 1");
        return false;
    }
    const rules = isObject(manifest["permissions"])
        ? Object.values(manifest["permissions"]).reduce<number>((sum, value) => sum + sizeOf(value), 0)
        : 0;
    const counts: [JsonPath, number, number][] = [
        [["files"], sizeOf(manifest["files"]), filesMax],
        [["permissions"], rules, rulesMax],
        [["reasons"], sizeOf(manifest["reasons"]), reasonsMax],
    ];
    for (const [path, count, max] of counts) {
        if (count > max) {
            checker.report(path, `more than ${max}`, "LIMIT");
            return false;
        }
    }
    return true;
}

function checkFile(
    checker: ManifestChecker,
    value: unknown,
    path: JsonPath,
    sum: number,
): ManifestFile | undefined {
    const before = checker.problems.length;
    const file = checker.object(value, path);
    if (file === undefined) {
        return undefined;
    }
    checker.members(file, path, (key, member, at) => {
        if (key === "h") {
            checker.string(member, at, hashPattern, "43 characters of base64url");
        } else if (key === "path") {
            if (typeof member !== "string") {
                checker.report(at, "must be a string");
            } else if (!isBundlePath(member)) {
                checker.report(at, "not a path that a bundle may hold", "BAD_PATH");
            }
        } else if (key === "size") {
            checker.integer(member, at, 0, Number.MAX_SAFE_INTEGER);
        } else {
            checker.unknownKey(at, ["h", "path", "size"]);
        }
    });
    for (const key of ["h", "path", "size"]) {
        if (!Object.hasOwn(file, key)) {
            checker.report(path, `must have "${key}"`);
        }
    }
    if (checker.problems.length > before) {
        return undefined;
    }
    const checked = file as unknown as ManifestFile;
    if (sum + checked.size > 2 ** 32 - 1) {
        return checker.report(path, "the files have more than 2^32-1 bytes", "BAD_SIZE");
    }
    return checked;
}

function checkFiles(checker: ManifestChecker, value: unknown, path: JsonPath): void {
    const seen: string[] = [];
    let sum = 0;
    for (const [index, element] of (checker.array(value, path) ?? []).entries()) {
        const file = checkFile(checker, element, [...path, index], sum);
        if (file === undefined) {
            continue;
        }
        const clash = seen.findIndex((other) => pathsClash(other, file.path));
        if (clash >= 0) {
            checker.report([...path, index], `clashes with files[${clash}]`, "BAD_PATH");
        }
        seen.push(file.path);
        sum += file.size;
    }
}

/** In source: further files to put into the bundle, as paths beside the manifest. */
function checkFileNames(checker: ManifestChecker, value: unknown, path: JsonPath): void {
    for (const [index, element] of (checker.array(value, path) ?? []).entries()) {
        if (typeof element !== "string" || !isBundlePath(element)) {
            checker.report(
                [...path, index],
                "must be a path beside the manifest, as in assets/icon.png",
                "BAD_PATH",
            );
        } else if (element === "main.js" || element === "main.js.map") {
            checker.report([...path, index], "is the name of what the build makes", "BAD_PATH");
        }
    }
}

function checkReasons(checker: ManifestChecker, value: unknown, path: JsonPath): void {
    checker.members(checker.object(value, path) ?? {}, path, (key, texts, at) => {
        if (!/^[a-z][A-Za-z0-9_-]{0,31}$/.test(key)) {
            checker.report(at, 'not a key such as "account"');
        }
        checker.texts(texts, at);
    });
}

function checkResources(checker: ManifestChecker, value: unknown, path: JsonPath): void {
    checker.members(checker.object(value, path) ?? {}, path, (key, amount, at) => {
        const max = resourceMax.get(key);
        if (max === undefined) {
            checker.unknownKey(at, [...resourceMax.keys()]);
        } else {
            checker.integer(amount, at, 1, max);
        }
    });
}

function checkRuntime(checker: ManifestChecker, value: unknown, path: JsonPath): void {
    const runtime = checker.object(value, path);
    if (runtime === undefined) {
        return;
    }
    const version = "(?:0|[1-9][0-9]{0,8})";
    const term = `(?:[<>]=?|=)?${version}(?:\\.${version}){0,2}`;
    const range = new RegExp(`^(?=.{1,64}$)${term}(?: ${term})*$`);
    checker.members(runtime, path, (key, api, at) => {
        if (key === "api") {
            checker.string(api, at, range, 'a range of versions such as ">=1.2 <2"');
        } else {
            checker.unknownKey(at, ["api"]);
        }
    });
    if (!Object.hasOwn(runtime, "api")) {
        checker.report(path, 'must have "api"');
    }
}

function checkKey(checker: ManifestChecker, key: string, value: unknown, path: JsonPath): void {
    const isSource = checker.mode === "source";
    switch (key) {
        case "counter":
            checker.integer(value, path, 1, Number.MAX_SAFE_INTEGER);
            break;
        case "digest":
            if (isSource) {
                checker.report(path, "is filled in by the build: leave it out");
            } else {
                checker.string(value, path, hashPattern, "43 characters of base64url");
            }
            break;
        case "entry":
            if (typeof value !== "string" || value === "" || value.includes("\0")) {
                checker.report(
                    path,
                    isSource ? "must be the path of the app's first module" : "must be a path",
                );
            }
            break;
        case "files":
            (isSource ? checkFileNames : checkFiles)(checker, value, path);
            break;
        case "id":
            checker.string(
                value,
                path,
                /^(?=.{1,128}$)(?=[a-z])(?!.*(?:^|\.)[^.]{64})[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
                'a reverse domain name such as "com.example.remote"',
            );
            break;
        case "manifestVersion":
            break;
        case "name":
            checker.texts(value, path);
            break;
        case "permissions":
            checkPermissions(checker, value, path);
            break;
        case "reasons":
            checkReasons(checker, value, path);
            break;
        case "resources":
            checkResources(checker, value, path);
            break;
        case "runtime":
            checkRuntime(checker, value, path);
            break;
        case "type":
            checker.string(value, path, /^(?:app|service)$/, '"app" or "service"');
            break;
        case "version":
            checker.string(
                value,
                path,
                /^(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){2}$/,
                'three numbers such as "2.4.1"',
            );
            break;
        default:
            if (/^x-./.test(key)) {
                break;
            }
            if (laterKeys.includes(key)) {
                checker.report(path, "belongs to a later version of the manifest");
            } else {
                checker.unknownKey(path, isSource ? keys.filter((name) => name !== "digest") : keys);
            }
    }
}

/** What can only be told at the end: keys that are missing, and names that point at something. */
function checkWhole(checker: ManifestChecker, manifest: { readonly [key: string]: unknown }): void {
    const always = ["counter", "id", "name", "permissions", "version"];
    for (const key of checker.mode === "source" ? always : [...always, "digest", "entry"]) {
        if (!Object.hasOwn(manifest, key)) {
            checker.report([], `must have "${key}"`);
        }
    }
    const files = manifest["files"];
    if (checker.mode === "bundle") {
        const paths = Array.isArray(files) ? (files as readonly unknown[]) : [];
        if (!paths.some((file) => isObject(file) && file["path"] === manifest["entry"])) {
            checker.report(["entry"], "is not one of the files");
        }
    }
    const reasons = isObject(manifest["reasons"]) ? manifest["reasons"] : {};
    for (const [operation, rules] of Object.entries(
        isObject(manifest["permissions"]) ? manifest["permissions"] : {},
    )) {
        for (const [index, rule] of (Array.isArray(rules) ? (rules as readonly unknown[]) : []).entries()) {
            const reason = isObject(rule) ? rule["reason"] : undefined;
            if (typeof reason === "string" && !Object.hasOwn(reasons, reason)) {
                checker.report(["permissions", operation, index, "reason"], 'is not a key of "reasons"');
            }
        }
    }
}

/** Everything that is wrong with a manifest; in bundle mode the first is what the runtime finds. */
export function checkManifest(value: unknown, mode: ManifestMode): readonly Problem[] {
    const checker = new ManifestChecker(mode);
    const manifest = checker.object(value, []);
    if (manifest !== undefined && survey(checker, manifest)) {
        checker.members(manifest, [], (key, member, path) => {
            checkKey(checker, key, member, path);
        });
        checkWhole(checker, manifest);
    }
    return checker.problems;
}
