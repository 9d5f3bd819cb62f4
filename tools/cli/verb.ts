// verb.ts - what a verb of the command line is, and how its arguments are parsed. Not here: any verb.
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./failure.ts";

export interface Verb {
    readonly name: string;
    /** One line for the list of verbs. */
    readonly summary: string;
    /** What `cleat <verb> --help` prints: usage, flags, examples. */
    readonly help: string;
    /** Does it; resolves with the exit code. */
    run(args: readonly string[]): Promise<number>;
}

/** The folder of this package: of tools/cli as of build/tools, where the bundled command line lies. */
export const packageRoot = path.join(import.meta.dirname, "../..");

/** This version, from package.json. */
export function packageVersion(): string {
    const text = readFileSync(path.join(packageRoot, "package.json"), "utf8");
    return (JSON.parse(text) as { version: string }).version;
}

type Options = NonNullable<ParseArgsConfig["options"]>;
type Parsed<T extends Options> = ReturnType<
    typeof parseArgs<{ options: T; allowPositionals: true; strict: true; args: string[] }>
>;

/** parseArgs() whose errors are usage errors, and whose positionals are counted. */
export function parseVerb<const T extends Options>(
    args: readonly string[],
    options: T,
    positionals: { readonly min: number; readonly max: number; readonly what: string },
): Parsed<T> {
    let parsed: Parsed<T>;
    try {
        parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    } catch (error) {
        throw new UsageError(error instanceof Error ? error.message : String(error));
    }
    const { length } = parsed.positionals;
    if (length < positionals.min) {
        throw new UsageError(`${positionals.what} is missing`);
    }
    if (length > positionals.max) {
        throw new UsageError(`unexpected argument "${parsed.positionals[positionals.max]}"`);
    }
    return parsed;
}
