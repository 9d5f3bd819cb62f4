// app.ts - finding an app in the file system: its folder, its entry module and its manifest. Not here: compiling.
import { statSync } from "node:fs";
import path from "node:path";
import { Failure, errnoOf } from "./failure.ts";
import { type SourceManifest, readManifestSource } from "./manifest_source.ts";

export interface App {
    /** Absolute. */
    readonly folder: string;
    /** The entry module, absolute. */
    readonly entry: string;
    readonly manifestPath: string;
    readonly manifest: SourceManifest | undefined;
}

/** As the user would write it. */
export function shownPath(file: string): string {
    const relative = path.relative(process.cwd(), file);
    return relative === "" ? "." : relative.startsWith("../../..") ? file : relative;
}

function isFolder(file: string): boolean {
    try {
        return statSync(file).isDirectory();
    } catch (error) {
        const code = errnoOf(error);
        throw new Failure(
            code === "ENOENT" ? `${shownPath(file)} is not there` : `can't open ${shownPath(file)}: ${code}`,
        );
    }
}

/**
 * The app that an argument names: a module, whose manifest.json may lie beside it, or a folder with a manifest.json,
 * which names the module. Throws {@link Failure}, for a wrong manifest with the lines in question.
 */
export function findApp(argument: string): App {
    const file = path.resolve(argument);
    const folder = isFolder(file) ? file : path.dirname(file);
    const manifestPath = path.join(folder, "manifest.json");
    const manifest = readManifestSource(manifestPath, shownPath(manifestPath));
    if (folder !== file) {
        if (!/\.[cm]?[jt]sx?$/.test(file)) {
            throw new Failure(`${shownPath(file)} is neither a TypeScript nor a JavaScript module`);
        }
        return { folder, entry: file, manifestPath, manifest };
    }
    const entry = path.join(folder, manifest?.entry ?? "app.ts");
    try {
        if (statSync(entry).isFile()) {
            return { folder, entry, manifestPath, manifest };
        }
    } catch (error) {
        if (errnoOf(error) !== "ENOENT") {
            throw error;
        }
    }
    const source =
        manifest?.entry === undefined ? "no manifest.json names another entry" : "manifest.json names it";
    throw new Failure(`${shownPath(entry)} is not there (${source})`);
}
