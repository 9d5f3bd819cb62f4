// build.mjs - configures and builds presets of CMakePresets.json, after the set-up.
//
//     npm run build [-- <preset>…]        (release if none is named; binaries are in build/, others in build/<preset>)
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SetupError, progress, runMain } from "./setup/log.mjs";
import { directoryOptions } from "./setup/third_party.mjs";
import { setUp } from "./setup.mjs";

const root = path.join(import.meta.dirname, "..");

function run(program, args) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
        child.on("error", reject);
        child.on("exit", (code, signal) =>
            code === 0
                ? resolve()
                : reject(
                      new SetupError(
                          `${program} ${args.join(" ")} failed (${signal ?? `exit code ${code}`}), see above`,
                      ),
                  ),
        );
    });
}

/** Folder of a preset's build. */
export function buildDir(preset) {
    return path.join(root, preset === "release" ? "build" : `build/${preset}`);
}

/** Configures a preset if it wasn't with these options, then builds `targets` (all if none is given). */
export async function build(preset, { targets = [], options = [] } = {}) {
    const folder = buildDir(preset);
    const allOptions = [...directoryOptions(preset === "mipsel"), ...options];
    const stamp = path.join(folder, ".cleat-configured");
    const wanted = createHash("sha256")
        .update(readFileSync(path.join(root, "CMakePresets.json")))
        .update(JSON.stringify(allOptions))
        .digest("hex");
    if (
        !existsSync(path.join(folder, "build.ninja")) ||
        !existsSync(stamp) ||
        readFileSync(stamp, "utf8") !== wanted
    ) {
        progress(`configuring ${preset}`);
        await run("cmake", ["--preset", preset, "--log-level=WARNING", ...allOptions]);
        writeFileSync(stamp, wanted);
    }
    progress(`building ${preset}${targets.length > 0 ? ` (${targets.join(" ")})` : ""}`);
    await run("cmake", ["--build", folder, ...(targets.length > 0 ? ["--target", ...targets] : [])]);
}

if (process.argv[1] === import.meta.filename) {
    await runMain(async () => {
        const isCross = process.argv.slice(2).some((preset) => ["musl", "mipsel", "fuzz"].includes(preset));
        await setUp(isCross ? "cross builds" : "build");
        for (const preset of process.argv.length > 2 ? process.argv.slice(2) : ["release"]) {
            await build(preset);
        }
        progress("built");
    });
}
