// manifest_source.ts - manifest.json as a person writes it: JSON with positions, so that every problem names its line,
// and its completion to what a bundle holds. Not here: the rules of a manifest (manifest.ts).
import { readFileSync } from "node:fs";
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { errnoOf, Failure } from "./failure.ts";
import { type Manifest, type Texts, checkManifest } from "./manifest.ts";
import { type JsonPath, describePath } from "./manifest_check.ts";
import { visible } from "./terminal.ts";

/** A problem of a source file, with its place: 1-based line and column. */
export interface Diagnostic {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly message: string;
}

/** The manifest that a build starts from. `entry` is the source file; `files` are further files for the bundle. */
export interface SourceManifest {
    readonly entry: string | undefined;
    readonly files: readonly string[];
    /** All but what the build fills in. */
    readonly rest: Omit<Manifest, "digest" | "entry" | "files">;
}

/** A manifest with mistakes; the message shows each with its line. */
export class ManifestFailure extends Failure {
    readonly diagnostics: readonly Diagnostic[];
    constructor(text: string, diagnostics: readonly Diagnostic[]) {
        super(diagnostics.map((diagnostic) => showDiagnostic(text, diagnostic)).join("\n"));
        this.diagnostics = diagnostics;
    }
}

const syntaxMessages = new Map([
    ["InvalidSymbol", "unknown word"],
    ["InvalidNumberFormat", "not a number"],
    ["PropertyNameExpected", "a key in double quotes should be here"],
    ["ValueExpected", "a value should be here (is there a comma too many?)"],
    ["ColonExpected", "a colon should be here"],
    ["CommaExpected", "a comma should be here"],
    ["CloseBraceExpected", "a closing } should be here"],
    ["CloseBracketExpected", "a closing ] should be here"],
    ["EndOfFileExpected", "the end of the file should be here"],
    ["InvalidCommentToken", "JSON has no comments"],
    ["UnexpectedEndOfComment", "JSON has no comments"],
    ["UnexpectedEndOfString", "the string has no end"],
    ["UnexpectedEndOfNumber", "the number has no end"],
    ["InvalidUnicode", "not a \\u escape"],
    ["InvalidEscapeCharacter", "not an escape"],
    ["InvalidCharacter", "a character that must be escaped"],
]);

function showDiagnostic(text: string, { file, line, column, message }: Diagnostic): string {
    const source = (text.split("\n")[line - 1] ?? "").replaceAll("\t", " ").trimEnd();
    const start = Math.max(0, column - 60);
    const excerpt = visible(source.slice(start, start + 100));
    return `${file}:${line}:${column}: ${visible(message)}\n    ${excerpt}\n    ${" ".repeat(column - 1 - start)}^`;
}

function place(text: string, offset: number): { line: number; column: number } {
    const before = text.slice(0, offset);
    return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

/** The value of a node, every key an own property whatever its name; notes keys that occur twice. */
function valueOf(node: Node, duplicates: Node[]): unknown {
    if (node.type === "array") {
        return (node.children ?? []).map((child) => valueOf(child, duplicates));
    }
    if (node.type !== "object") {
        return node.value as unknown;
    }
    const object: { [key: string]: unknown } = {};
    for (const property of node.children ?? []) {
        const [key, value] = property.children ?? [];
        if (key === undefined || value === undefined) {
            continue;
        }
        if (Object.hasOwn(object, key.value as string)) {
            duplicates.push(key);
        }
        Object.defineProperty(object, key.value as string, {
            value: valueOf(value, duplicates),
            enumerable: true,
            configurable: true,
            writable: true,
        });
    }
    return object;
}

/** The node that a path leads to, or the nearest around it; for an unknown or wrong key, the key itself. */
function nodeAt(root: Node, path: JsonPath): Node {
    let node = root;
    for (const step of path) {
        const child: Node | undefined =
            typeof step === "number"
                ? node.children?.[step]
                : node.children?.findLast((property) => property.children?.[0]?.value === step)
                      ?.children?.[1];
        if (child === undefined) {
            break;
        }
        node = child;
    }
    return node;
}

function offsetOf(root: Node, path: JsonPath, message: string): number {
    const node = nodeAt(root, path);
    const isAboutKey =
        /^(unknown key|unknown operation|is filled in|belongs to|not a key|not "default")/.test(message);
    return isAboutKey && node.parent?.type === "property" ? node.parent.offset : node.offset;
}

function asTexts(value: Texts | string): Texts {
    return typeof value === "string" ? { default: value } : value;
}

/** Reads, checks and completes the text of a manifest. Throws {@link ManifestFailure}. */
export function parseManifestSource(text: string, file: string): SourceManifest {
    const errors: ParseError[] = [];
    const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
    const diagnostics: Diagnostic[] = [];
    const [syntax] = errors;
    if (syntax !== undefined || root === undefined) {
        const name = syntax === undefined ? "ValueExpected" : printParseErrorCode(syntax.error);
        const message = syntaxMessages.get(name) ?? name;
        throw new ManifestFailure(text, [{ file, ...place(text, syntax?.offset ?? 0), message }]);
    }
    const duplicates: Node[] = [];
    const value = valueOf(root, duplicates);
    for (const key of duplicates) {
        const message = `"${key.value as string}" occurs twice`;
        diagnostics.push({ file, ...place(text, key.offset), message });
    }
    for (const { path, message } of checkManifest(value, "source")) {
        const subject = path.length > 0 ? `${describePath(path)}: ` : "";
        diagnostics.push({
            file,
            ...place(text, offsetOf(root, path, message)),
            message: `${subject}${message}`,
        });
    }
    if (diagnostics.length > 0) {
        throw new ManifestFailure(
            text,
            diagnostics.sort((a, b) => a.line - b.line || a.column - b.column),
        );
    }
    const { entry, files, name, reasons, ...rest } = value as Omit<Manifest, "digest" | "files"> & {
        files?: readonly string[];
    };
    const reasonTexts = Object.entries(reasons ?? {}).map(([key, texts]) => [key, asTexts(texts)] as const);
    return {
        entry,
        files: files ?? [],
        rest: {
            ...rest,
            name: asTexts(name),
            ...(reasons === undefined ? {} : { reasons: Object.fromEntries(reasonTexts) }),
        },
    };
}

/** The same from a file; undefined if there is none. `name` is what errors call it. */
export function readManifestSource(path: string, name: string): SourceManifest | undefined {
    let text: string;
    try {
        text = readFileSync(path, "utf8");
    } catch (error) {
        if (errnoOf(error) === "ENOENT") {
            return undefined;
        }
        throw new Failure(`can't read ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return parseManifestSource(text.replace(/^\uFEFF/, " "), name);
}
