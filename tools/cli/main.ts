// main.ts - the command line on a developer's machine: finds the verb, and turns failures into text and exit codes.
// Not here: what the verbs do (one file each), the runtime's own flags (runtime/main.c).
import { buildVerb } from "./build.ts";
import { checkVerb } from "./check.ts";
import { Failure, UsageError, exitCodes } from "./failure.ts";
import { inspectVerb } from "./inspect.ts";
import { newVerb } from "./new.ts";
import { runVerb } from "./run.ts";
import { table } from "./terminal.ts";
import { type Verb, packageVersion } from "./verb.ts";

const verbs: readonly Verb[] = [newVerb, checkVerb, buildVerb, runVerb, inspectVerb];

function generalHelp(): string {
    return `Cleat runs TypeScript apps that talk TCP, UDP and multicast on TVs, set-top boxes and routers.

Usage: cleat <verb> [options]

${table(verbs.map(({ name, summary }) => [`  ${name}`, summary]))}

       cleat <verb> --help    what the verb takes, with examples
       cleat --version [--json]

Exit codes: 0 done, 1 failed, 2 wrong usage; \`run\` passes on the app's own.`;
}

function findVerb(name: string): Verb {
    const verb = verbs.find((candidate) => candidate.name === name);
    if (verb === undefined) {
        throw new UsageError(
            `unknown verb "${name}" (known: ${verbs.map((known) => known.name).join(", ")})`,
        );
    }
    return verb;
}

/** Flags behind "--" are the app's. */
function wantsHelp(args: readonly string[]): boolean {
    const end = args.indexOf("--");
    return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}

async function dispatch(args: readonly string[]): Promise<number> {
    const [first, ...rest] = args;
    if (first === undefined) {
        console.error(generalHelp());
        return exitCodes.usage;
    }
    if (first === "--help" || first === "-h" || (first === "help" && rest.length === 0)) {
        console.log(generalHelp());
        return exitCodes.success;
    }
    if (first === "--version") {
        if (rest.length > 0 && (rest.length > 1 || rest[0] !== "--json")) {
            throw new UsageError(`unexpected argument "${rest.find((arg) => arg !== "--json") ?? ""}"`);
        }
        console.log(
            rest[0] === "--json" ? JSON.stringify({ cleat: packageVersion() }) : `cleat ${packageVersion()}`,
        );
        return exitCodes.success;
    }
    if (first === "help" || wantsHelp(rest)) {
        console.log(findVerb(first === "help" ? (rest[0] ?? "") : first).help.trim());
        return exitCodes.success;
    }
    return findVerb(first).run(rest);
}

/** Runs the command line; resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
    try {
        return await dispatch(args);
    } catch (error) {
        if (error instanceof UsageError) {
            const known = verbs.some(({ name }) => name === args[0]);
            console.error(`cleat: ${error.message}\nTry \`cleat ${known ? `${args[0]} ` : ""}--help\`.`);
            return exitCodes.usage;
        }
        if (error instanceof Failure) {
            console.error(error.message);
            return exitCodes.failure;
        }
        throw error;
    }
}
