// compile.ts - from an app in the file system to a bundle in memory: esbuild makes one module of its sources, the
// manifest is completed. The same sources give the same bytes. Not here: the bytes of a bundle (bundle.ts).
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import { type Message, type OutputFile, type Plugin, type PluginBuild, build, formatMessages } from "esbuild";
import { type App, shownPath } from "./app.ts";
import { BundleError, writeBundle } from "./bundle.ts";
import { Failure, errnoOf } from "./failure.ts";
import { type Manifest } from "./manifest.ts";
import { type SourceManifest } from "./manifest_source.ts";

export interface CompileOptions {
    readonly minify: boolean;
    readonly sourceMap: boolean;
}

export interface Compiled {
    readonly bundle: Uint8Array;
    readonly manifest: SourceManifest["rest"];
    /** Every file that the bundle depends on, absolute; what --watch watches. */
    readonly inputs: readonly string[];
}

/** A failed compilation that still knows its inputs, so that a later change of one can be waited for. */
export class CompileFailure extends Failure {}

/** Stands for the manifest of an app that has none: no ceiling, so that flags alone decide what is allowed. */
export const anyManifest: SourceManifest = {
    entry: undefined,
    files: [],
    rest: {
        manifestVersion: 1,
        id: "local.unnamed",
        name: { default: "An app without manifest" },
        version: "0.0.0",
        counter: 1,
        permissions: Object.fromEntries(
            ["broadcast", "multicast", "tcp.connect", "tcp.listen", "udp.bind", "udp.send"].map(
                (operation) => [operation, [{}]],
            ),
        ),
    },
};

/** Imports that no app can have get an error that says so. */
const foreignImports: Plugin = {
    name: "foreign-imports",
    setup(context: PluginBuild) {
        context.onResolve({ filter: /^cleat:/ }, ({ path: name }) =>
            name.startsWith("cleat:native/")
                ? {
                      errors: [
                          {
                              text: `"${name}" is for the built-in modules of Cleat only: use the global objects`,
                          },
                      ],
                  }
                : { path: name, external: true },
        );
        context.onResolve({ filter: /^node:/ }, ({ path: name }) => ({
            errors: [{ text: `"${name}" is a module of Node.js, which apps of Cleat don't have` }],
        }));
        const names = new Set(builtinModules);
        context.onResolve({ filter: /^[a-z_/]+$/ }, async ({ path: name, ...rest }) => {
            if (!names.has(name) || rest.pluginData === "again") {
                return undefined;
            }
            // An npm package may have the same name.
            const { importer, kind, namespace, resolveDir } = rest;
            const found = await context.resolve(name, {
                importer,
                kind,
                namespace,
                resolveDir,
                pluginData: "again",
            });
            return found.errors.length === 0
                ? found
                : { errors: [{ text: `"${name}" is a module of Node.js, which apps of Cleat don't have` }] };
        });
    },
};

/** esbuild's own advice for a missing package, to leave the import in, does not help an app. */
function withOurAdvice(message: Message): Message {
    const name = /^Could not resolve "([^"./][^"]*)"$/.exec(message.text)?.[1];
    if (name === undefined) {
        return message;
    }
    const packageName = name.split("/", name.startsWith("@") ? 2 : 1).join("/");
    return {
        ...message,
        notes: [{ text: `  If it is an npm package: npm install ${packageName}`, location: null }],
    };
}

async function showMessages(messages: readonly Message[], kind: "error" | "warning"): Promise<string> {
    const lines = await formatMessages(messages.map(withOurAdvice), {
        kind,
        color: process.stderr.isTTY === true,
    });
    return lines.join("").trimEnd();
}

interface Modules {
    readonly code: Uint8Array;
    readonly map: Uint8Array | undefined;
    readonly inputs: readonly string[];
}

async function bundleModules(app: App, options: CompileOptions): Promise<Modules> {
    const result = await build({
        entryPoints: [app.entry],
        // Nothing is written; the name decides the paths in the source map.
        outfile: path.join(app.folder, "main.js"),
        absWorkingDir: app.folder,
        write: false,
        allowOverwrite: true, // an entry may itself be main.js
        bundle: true,
        format: "esm",
        platform: "neutral",
        mainFields: ["module", "main"],
        target: "es2023",
        charset: "utf8",
        define: { "process.env.NODE_ENV": '"production"' },
        minify: options.minify,
        sourcemap: options.sourceMap ? "linked" : false,
        sourcesContent: false,
        metafile: true,
        logLevel: "silent",
        plugins: [foreignImports],
    }).catch(async (error: unknown) => {
        if (error instanceof Error && "errors" in error) {
            throw new CompileFailure(await showMessages(error.errors as Message[], "error"));
        }
        throw error;
    });
    if (result.warnings.length > 0) {
        console.error(await showMessages(result.warnings, "warning"));
    }
    const output = (name: string): OutputFile | undefined =>
        result.outputFiles.find((file) => path.basename(file.path) === name);
    const other = result.outputFiles.find((file) => !/^main\.js(\.map)?$/.test(path.basename(file.path)));
    if (other !== undefined) {
        throw new CompileFailure(
            `the build makes a file besides main.js, ${path.basename(other.path)}: apps are one module`,
        );
    }
    return {
        code: output("main.js")?.contents ?? new Uint8Array(),
        map: output("main.js.map")?.contents,
        inputs: Object.keys(result.metafile.inputs).map((file) => path.resolve(app.folder, file)),
    };
}

function readExtraFiles(app: App, names: readonly string[]): Map<string, Uint8Array> {
    return new Map(
        names.map((name) => {
            try {
                return [name, readFileSync(path.join(app.folder, name))];
            } catch (error) {
                const shown = shownPath(app.manifestPath);
                throw new CompileFailure(
                    `${shown}: files: can't read ${name}: ${errnoOf(error) ?? String(error)}`,
                );
            }
        }),
    );
}

/** Compiles an app. Throws {@link CompileFailure} with what is wrong and where. */
export async function compileApp(
    app: App,
    source: SourceManifest,
    options: CompileOptions,
): Promise<Compiled> {
    const { code, map, inputs } = await bundleModules(app, options);
    const files = readExtraFiles(app, source.files);
    files.set("main.js", code);
    if (map !== undefined) {
        files.set("main.js.map", map);
    }
    const manifest: Omit<Manifest, "digest" | "files"> = { ...source.rest, entry: "main.js" };
    try {
        return {
            bundle: writeBundle(manifest, files),
            manifest: source.rest,
            inputs: [...inputs, app.manifestPath, ...source.files.map((name) => path.join(app.folder, name))],
        };
    } catch (error) {
        if (error instanceof BundleError) {
            throw new CompileFailure(error.message);
        }
        throw error;
    }
}
