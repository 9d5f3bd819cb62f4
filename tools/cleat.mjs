#!/usr/bin/env node
// cleat.mjs - the `cleat` command on a developer's machine: bundles tools/cli into build/tools when its sources are
// newer, then runs it. Plain JavaScript, as nothing may be there yet; everything else is in tools/cli/main.ts.
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const root = path.join(import.meta.dirname, "..");
const sources = path.join(root, "tools/cli");
const output = path.join(root, "build/tools/cleat.mjs");

function isFresh() {
    if (!existsSync(output)) {
        return false;
    }
    const built = statSync(output).mtimeMs;
    const inputs = [
        sources,
        path.join(root, "package-lock.json"),
        ...readdirSync(sources).map((name) => path.join(sources, name)),
    ];
    return inputs.every((file) => statSync(file).mtimeMs < built);
}

async function bundle() {
    const esbuild = await import("esbuild");
    const result = await esbuild.build({
        entryPoints: [path.join(sources, "main.ts")],
        outfile: output,
        bundle: true,
        write: false,
        format: "esm",
        platform: "node",
        target: "node20",
        mainFields: ["module", "main"],
        external: ["esbuild", "typescript"],
        sourcemap: "inline",
        sourcesContent: false,
        logLevel: "warning",
    });
    mkdirSync(path.dirname(output), { recursive: true });
    // Whole or not at all: another `cleat` may start right now.
    const temporary = `${output}.${process.pid}`;
    writeFileSync(temporary, result.outputFiles[0].contents);
    renameSync(temporary, output);
}

try {
    if (!isFresh()) {
        await bundle();
    }
} catch (error) {
    if (error.code === "ERR_MODULE_NOT_FOUND") {
        console.error(
            "cleat: the npm packages are not installed: run `npm run setup` in the folder of Cleat",
        );
    } else {
        console.error(`cleat: can't build the command line: ${error.message}`);
    }
    process.exit(1);
}
const { main } = await import(pathToFileURL(output).href);
process.exitCode = await main(process.argv.slice(2));
