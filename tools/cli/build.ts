// build.ts - `cleat build`: an app's sources and manifest become one .cleat file.
import { createHash } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findApp, shownPath } from "./app.ts";
import { type Compiled, compileApp } from "./compile.ts";
import { Failure, errnoOf, exitCodes } from "./failure.ts";
import { type Verb, parseVerb } from "./verb.ts";

const help = `
Usage: cleat build APP [-o FILE] [options]

Makes a bundle of an app: its modules become one, and the manifest.json beside it is checked and completed.
APP is the entry module, or a folder whose manifest.json names it. The same sources give the same bytes.
Bundles are not signed yet: the runtime runs them with --unsigned.

  -o, --output FILE   where to write (default: APP with the ending .cleat, in the current folder)
  --minify            shorter names and no white space
  --no-source-map     leave out main.js.map: stack traces then name lines of the one module
  --json              print {file, id, version, size, sha512} for scripts

Examples:
  cleat build app.ts -o app.cleat
  cleat build examples/discover --minify
`;

function writeWhole(file: string, bytes: Uint8Array): void {
    const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`);
    try {
        writeFileSync(temporary, bytes);
        renameSync(temporary, file);
    } catch (error) {
        rmSync(temporary, { force: true });
        throw new Failure(`can't write ${shownPath(file)}: ${errnoOf(error) ?? String(error)}`);
    }
}

function report(file: string, { bundle, manifest }: Compiled, json: boolean): void {
    const { id, version, permissions } = manifest;
    if (json) {
        const sha512 = createHash("sha512").update(bundle).digest("hex");
        console.log(JSON.stringify({ file, id, version, size: bundle.length, sha512 }));
        return;
    }
    const operations = Object.keys(permissions).filter((operation) => permissions[operation]?.length !== 0);
    const asks = operations.length === 0 ? "no permissions" : operations.join(", ");
    console.log(`${shownPath(file)}: ${id} ${version}, ${bundle.length} bytes, unsigned; declares ${asks}`);
}

async function run(args: readonly string[]): Promise<number> {
    const { values, positionals } = parseVerb(
        args,
        {
            output: { type: "string", short: "o" },
            minify: { type: "boolean", default: false },
            "no-source-map": { type: "boolean", default: false },
            json: { type: "boolean", default: false },
        },
        { min: 1, max: 1, what: "the app" },
    );
    const app = findApp(positionals[0] ?? "");
    if (app.manifest === undefined) {
        throw new Failure(
            `${shownPath(app.manifestPath)} is not there: a bundle needs a manifest (\`cleat new\` writes one)`,
        );
    }
    const source = path.resolve(positionals[0] ?? "");
    const output = path.resolve(
        values.output ?? `${path.basename(source).replace(/\.[cm]?[jt]sx?$/, "")}.cleat`,
    );
    const compiled = await compileApp(app, app.manifest, {
        minify: values.minify,
        sourceMap: !values["no-source-map"],
    });
    writeWhole(output, compiled.bundle);
    report(output, compiled, values.json);
    return exitCodes.success;
}

export const buildVerb: Verb = { name: "build", summary: "make a bundle of an app", help, run };
