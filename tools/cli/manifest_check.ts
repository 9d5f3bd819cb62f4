// manifest_check.ts - the small checks that a manifest is made of, each of which notes what is wrong and where, and goes
// on: strings, numbers, texts for people, file paths. Not here: the keys of a manifest (manifest.ts), its permission
// rules (manifest_rules.ts).
import { isObject } from "./canonical_json.ts";

/** "bundle": as it stands in a bundle, canonical and complete. "source": as a person writes it (docs/manifest.md). */
export type ManifestMode = "bundle" | "source";
export type ManifestCode = "BAD_MANIFEST" | "BAD_PATH" | "BAD_SIZE" | "LIMIT";
export type JsonPath = readonly (string | number)[];

export interface Problem {
    readonly code: ManifestCode;
    readonly path: JsonPath;
    readonly message: string;
}

/** A member of an object that was checked to be one. */
export type Members = { readonly [key: string]: unknown };

const textMax = 120;
const languagesMax = 64;
const pathDepthMax = 8;
const componentMax = 64;

/** "permissions.tcp.connect[0].port" */
export function describePath(path: JsonPath): string {
    return path
        .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${step}`))
        .join("");
}

/** Whether a path may name a file in a bundle: rt_manifest_path_ok(). */
export function isBundlePath(path: string): boolean {
    const components = path.split("/");
    return (
        components.length <= pathDepthMax &&
        components.every(
            (component) =>
                /^[A-Za-z0-9._-]+$/.test(component) &&
                component.length <= componentMax &&
                !component.endsWith(".") &&
                !/^(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|$)/i.test(component),
        )
    );
}

/** Whether two files can't both exist: the same but for case, or one the other's folder. */
export function pathsClash(a: string, b: string): boolean {
    const [x, y] = [a.toLowerCase(), b.toLowerCase()];
    return x === y || x.startsWith(`${y}/`) || y.startsWith(`${x}/`);
}

/** Collects what is wrong, in the order of the canonical form, which is the order of runtime/manifest.c. */
export class ManifestChecker {
    readonly mode: ManifestMode;
    readonly problems: Problem[] = [];

    constructor(mode: ManifestMode) {
        this.mode = mode;
    }

    report(path: JsonPath, message: string, code: ManifestCode = "BAD_MANIFEST"): undefined {
        this.problems.push({ code, path, message });
    }

    object(value: unknown, path: JsonPath): Members | undefined {
        return isObject(value) ? value : this.report(path, "must be an object");
    }

    array(value: unknown, path: JsonPath): readonly unknown[] | undefined {
        return Array.isArray(value) ? (value as readonly unknown[]) : this.report(path, "must be an array");
    }

    string(value: unknown, path: JsonPath, pattern: RegExp, what: string): string | undefined {
        if (typeof value !== "string") {
            return this.report(path, `must be a string: ${what}`);
        }
        return pattern.test(value) ? value : this.report(path, `must be ${what}`);
    }

    integer(value: unknown, path: JsonPath, min: number, max: number): number | undefined {
        if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) {
            return value;
        }
        return this.report(path, `must be an integer from ${min} to ${max}`);
    }

    /** Calls `member` for each key in canonical order. */
    members(
        object: Members,
        path: JsonPath,
        member: (key: string, value: unknown, at: JsonPath) => void,
    ): void {
        for (const key of Object.keys(object).sort()) {
            member(key, object[key], [...path, key]);
        }
    }

    unknownKey(path: JsonPath, known: readonly string[]): void {
        const key = String(path.at(-1));
        const close = known.find((name) => distance(name.toLowerCase(), key.toLowerCase()) <= 2);
        const hint = close === undefined ? `known here: ${known.join(", ")}` : `did you mean "${close}"?`;
        this.report(path, `unknown key (${hint})`);
    }

    /** A text that a person is shown. */
    text(value: unknown, path: JsonPath): void {
        if (typeof value !== "string" || value === "") {
            this.report(path, "must be a string that is not empty");
        } else if (/[\u0000-\u001F\u007F-\u009F]/.test(value)) {
            this.report(path, "must not contain control characters");
        } else if ([...value].length > textMax) {
            this.report(path, `must have at most ${textMax} characters`);
        }
    }

    /** {"default": text, language: text…}; in source a string alone will do. */
    texts(value: unknown, path: JsonPath): void {
        if (this.mode === "source" && typeof value === "string") {
            this.text(value, path);
            return;
        }
        const texts = this.object(value, path);
        if (texts === undefined) {
            return;
        }
        let count = 0;
        this.members(texts, path, (key, text, at) => {
            if (++count > languagesMax) {
                this.report(at, `more than ${languagesMax} languages`, "LIMIT");
            }
            if (key !== "default" && (key.length > 35 || !/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(key))) {
                this.report(at, 'not "default" and not a language such as "de"');
            }
            this.text(text, at);
        });
        if (!Object.hasOwn(texts, "default")) {
            this.report(path, 'must have "default"');
        }
    }
}

/** Edit distance, for suggestions. */
function distance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
            next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replace));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}
