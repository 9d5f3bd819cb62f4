// check.ts - `cleat check`: the types of an app against the types of this version, and its manifest. Uses the app's
// tsconfig.json if there is one; what is always so (no emit, the ambient types of Cleat) is added.
import { existsSync } from "node:fs";
import path from "node:path";
import type TypeScript from "typescript";
import { findApp, shownPath } from "./app.ts";
import { Failure, exitCodes } from "./failure.ts";
import { count } from "./terminal.ts";
import { type Verb, packageRoot, parseVerb } from "./verb.ts";

const help = `
Usage: cleat check [APP] [--json]

Checks the types of an app and its manifest.json; builds nothing. APP is the entry module or the app's folder
(default: the current one). The app's tsconfig.json counts if there is one, else the strict settings of \`cleat new\`.

  --json   print [{file, line, column, code, message}] for scripts

Examples:
  cleat check
  cleat check examples/discover
`;

interface Finding {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly code: number;
    readonly message: string;
}

const strictOptions = {
    target: "es2023",
    lib: ["es2023"],
    types: [],
    module: "esnext",
    moduleResolution: "bundler",
    moduleDetection: "force",
    verbatimModuleSyntax: true,
    isolatedModules: true,
    allowImportingTsExtensions: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
};

/** The ambient types that every app sees. */
export function appTypes(): string {
    return path.join(packageRoot, "ts-api/types/index.d.ts");
}

function parseConfig(ts: typeof TypeScript, folder: string, entry: string): TypeScript.ParsedCommandLine {
    const always = { noEmit: true };
    const file = ts.findConfigFile(folder, (name) => ts.sys.fileExists(name));
    if (file === undefined) {
        const config = { compilerOptions: strictOptions, files: [entry] };
        return ts.parseJsonConfigFileContent(config, ts.sys, folder, always);
    }
    const { config, error } = ts.readConfigFile(file, (name) => ts.sys.readFile(name));
    if (error !== undefined) {
        throw new Failure(ts.formatDiagnostic(error, formatHost(ts)).trimEnd());
    }
    return ts.parseJsonConfigFileContent(config, ts.sys, path.dirname(file), always, file);
}

function formatHost(ts: typeof TypeScript): TypeScript.FormatDiagnosticsHost {
    return {
        getCurrentDirectory: () => process.cwd(),
        getCanonicalFileName: (name) => name,
        getNewLine: () => ts.sys.newLine,
    };
}

function findings(ts: typeof TypeScript, diagnostics: readonly TypeScript.Diagnostic[]): Finding[] {
    return diagnostics.map(({ file, start, code, messageText }) => {
        const place = file?.getLineAndCharacterOfPosition(start ?? 0) ?? { line: 0, character: 0 };
        return {
            file: file === undefined ? "" : shownPath(file.fileName),
            line: place.line + 1,
            column: place.character + 1,
            code,
            message: ts.flattenDiagnosticMessageText(messageText, "\n"),
        };
    });
}

async function run(args: readonly string[]): Promise<number> {
    const { values, positionals } = parseVerb(
        args,
        { json: { type: "boolean", default: false } },
        { min: 0, max: 1, what: "the app" },
    );
    const app = findApp(positionals[0] ?? ".");
    const { default: ts } = await import("typescript");
    if (!existsSync(appTypes())) {
        throw new Failure(`${shownPath(appTypes())} is not there: this copy of Cleat is not whole`);
    }
    const config = parseConfig(ts, app.folder, app.entry);
    const rootNames = [...new Set([app.entry, appTypes()])];
    const program = ts.createProgram({ rootNames, options: config.options });
    // 18003: the include patterns match nothing, which says nothing about this app.
    const configErrors = config.errors.filter(({ code }) => code !== 18003);
    const diagnostics = ts.sortAndDeduplicateDiagnostics([
        ...configErrors,
        ...ts.getPreEmitDiagnostics(program),
    ]);
    if (values.json) {
        console.log(JSON.stringify(findings(ts, diagnostics), undefined, 2));
    } else if (diagnostics.length > 0) {
        const format =
            process.stderr.isTTY === true ? ts.formatDiagnosticsWithColorAndContext : ts.formatDiagnostics;
        console.error(format(diagnostics, formatHost(ts)).trimEnd());
        console.error(`\n${count(diagnostics.length, "error")}`);
    } else {
        console.log(`${shownPath(app.entry)}: no errors`);
    }
    return diagnostics.length > 0 ? exitCodes.failure : exitCodes.success;
}

export const checkVerb: Verb = {
    name: "check",
    summary: "check the types and the manifest of an app",
    help,
    run,
};
