// new.ts - `cleat new`: a folder with an app that type-checks and runs. The texts of its files are in scaffold.ts.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { shownPath } from "./app.ts";
import { appTypes } from "./check.ts";
import { Failure, UsageError, errnoOf, exitCodes } from "./failure.ts";
import { checkManifest } from "./manifest.ts";
import { scaffoldFiles } from "./scaffold.ts";
import { type Verb, parseVerb } from "./verb.ts";

const help = `
Usage: cleat new FOLDER [--name NAME] [--id ID] [--json]

Makes a folder with a small app to start from: app.ts, manifest.json, tsconfig.json and README.md. The app is an
echo server and a client on this device; it runs at once.

  --name NAME   what people see (default: the folder's name)
  --id ID       reverse domain name, for ever the same (default: com.example.<folder>)
  --json        print {folder, files} for scripts

Examples:
  cleat new remote
  cleat new apps/remote --name "TV remote" --id com.acme.remote
`;

/** "My App_2" → "my-app-2" */
function slug(name: string): string {
    const text = name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-+|-+$/g, "")
        .slice(0, 63);
    return text === "" ? "app" : text.replace(/-+$/, "");
}

function makeFolder(folder: string): void {
    try {
        mkdirSync(folder, { recursive: true });
        if (readdirSync(folder).length > 0) {
            throw new Failure(`${shownPath(folder)} is not empty: nothing was written`);
        }
    } catch (error) {
        const code = errnoOf(error);
        throw code === undefined ? error : new Failure(`can't make ${shownPath(folder)}: ${code}`);
    }
}

async function run(args: readonly string[]): Promise<number> {
    const { values, positionals } = parseVerb(
        args,
        { name: { type: "string" }, id: { type: "string" }, json: { type: "boolean", default: false } },
        { min: 1, max: 1, what: "the folder" },
    );
    const folder = path.resolve(positionals[0] ?? "");
    const name = values.name ?? path.basename(folder);
    const id = values.id ?? `com.example.${slug(path.basename(folder))}`;
    const types = path.relative(folder, appTypes());
    const files = scaffoldFiles({ name, id, types });
    const manifest: unknown = JSON.parse(files.get("manifest.json") ?? "");
    for (const problem of checkManifest(manifest, "source")) {
        throw new UsageError(`--${String(problem.path[0])} ${problem.message}`);
    }
    makeFolder(folder);
    for (const [file, text] of files) {
        writeFileSync(path.join(folder, file), text, { flag: "wx" });
    }
    if (values.json) {
        console.log(JSON.stringify({ folder, files: [...files.keys()] }));
    } else {
        const shown = shownPath(folder);
        console.log(
            `${shown}: ${[...files.keys()].join(", ")}\n\nNext:\n  npx cleat check ${shown}\n  npx cleat run ${shown}`,
        );
    }
    return exitCodes.success;
}

export const newVerb: Verb = { name: "new", summary: "make a folder with an app to start from", help, run };
