// inspect.ts - `cleat inspect`: what a bundle says about itself, and whether it is whole. Shows nothing of a bundle that
// fails but its header.
import { readFileSync } from "node:fs";
import { type Bundle, BundleError, type BundleHeader, headerSize, readBundle, readHeader } from "./bundle.ts";
import { Failure, errnoOf, exitCodes } from "./failure.ts";
import { hostProblem, ruleText } from "./manifest_rules.ts";
import { count, table, visible } from "./terminal.ts";
import { type Verb, parseVerb } from "./verb.ts";

const help = `
Usage: cleat inspect FILE [--json]

Verifies a bundle as the runtime does and shows its header, manifest, files and permissions. Exit code 0 if the
runtime would open it (with --unsigned if nobody signed it), 1 if it would not.

  --json   print everything for scripts: {verdict, header, manifest, rules}

Examples:
  cleat inspect app.cleat
  cleat inspect app.cleat --json | jq .manifest.version
`;

interface Rule {
    readonly rule: string;
    readonly reason: string | undefined;
    readonly problem: string | undefined;
}

function rulesOf({ manifest }: Bundle): Rule[] {
    return Object.entries(manifest.permissions).flatMap(([operation, rules]) =>
        rules.map((rule) => ({
            rule: ruleText(operation, rule),
            reason: rule.reason === undefined ? undefined : manifest.reasons?.[rule.reason]?.default,
            problem: hostProblem(operation, rule),
        })),
    );
}

function showHeader(header: BundleHeader, size: number): string {
    return table([
        ["format", String(header.version)],
        [
            "size",
            `${size} bytes: header ${headerSize}, manifest ${header.manifestSize}, files ${header.payloadSize}`,
        ],
        ["signatures", header.signatureCount === 0 ? "none" : String(header.signatureCount)],
    ]);
}

function showBundle(bundle: Bundle): string {
    const { manifest } = bundle;
    const facts = [
        ["id", manifest.id],
        ["name", visible(manifest.name.default)],
        ["version", `${manifest.version} (counter ${manifest.counter})`],
        ["type", manifest.type ?? "app"],
        ["entry", manifest.entry],
        ["runtime", manifest.runtime?.api ?? "any version"],
        ...Object.entries(manifest.resources ?? {}).map(([key, value]) => [key, String(value)]),
    ];
    const files = manifest.files.map(({ path, size, h }) => [`  ${path}`, String(size), h]);
    const rules = rulesOf(bundle).map(({ rule, reason, problem }) => [
        `  ${rule}`,
        problem === undefined ? visible(reason ?? "") : `NOT A RULE: ${problem}`,
    ]);
    return [
        table(facts),
        "",
        `${count(files.length, "file")}:`,
        table([["  path", "bytes", "SHA-512, first 32 bytes, base64url"], ...files], [1]),
        "",
        rules.length === 0 ? "no permissions" : "permissions (the most that can be granted):",
        table(rules),
    ]
        .join("\n")
        .trimEnd();
}

function show(bytes: Uint8Array, bundle: Bundle | undefined, error: BundleError | undefined): void {
    const header = readHeader(bytes);
    if (error?.code !== "BAD_MAGIC" && header !== undefined) {
        console.log(showHeader(header, bytes.length));
    }
    if (bundle !== undefined) {
        console.log(showBundle(bundle));
    }
    console.log(
        `\nverdict: ${error === undefined ? "whole, unsigned (runs with --unsigned)" : error.message}`,
    );
}

function showJson(bytes: Uint8Array, bundle: Bundle | undefined, error: BundleError | undefined): void {
    const verdict = {
        ok: error === undefined,
        code: error?.code ?? "OK",
        message: error?.message ?? "whole, unsigned",
    };
    const header = error?.code === "BAD_MAGIC" ? undefined : readHeader(bytes);
    const contents = bundle === undefined ? {} : { manifest: bundle.manifest, rules: rulesOf(bundle) };
    console.log(JSON.stringify({ verdict, size: bytes.length, header, ...contents }, undefined, 2));
}

async function run(args: readonly string[]): Promise<number> {
    const { values, positionals } = parseVerb(
        args,
        { json: { type: "boolean", default: false } },
        { min: 1, max: 1, what: "the bundle" },
    );
    const file = positionals[0] ?? "";
    let bytes: Uint8Array;
    try {
        bytes = readFileSync(file);
    } catch (error) {
        throw new Failure(`can't read ${visible(file)}: ${errnoOf(error) ?? String(error)}`);
    }
    let bundle: Bundle | undefined;
    let failure: BundleError | undefined;
    try {
        bundle = readBundle(bytes, { allowUnsigned: true });
    } catch (error) {
        if (!(error instanceof BundleError)) {
            throw error;
        }
        failure = error;
    }
    (values.json ? showJson : show)(bytes, bundle, failure);
    return failure === undefined ? exitCodes.success : exitCodes.failure;
}

export const inspectVerb: Verb = {
    name: "inspect",
    summary: "verify a bundle and show what it holds",
    help,
    run,
};
