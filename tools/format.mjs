// format.mjs - formats everything: clang-format for C, prettier for the rest.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { runMain } from "./setup/log.mjs";
import { setUp } from "./setup.mjs";
import { repositoryFiles } from "./lint/layers.mjs";

const root = path.join(import.meta.dirname, "..");

await runMain(async () => {
    await setUp("lint");
    const options = { cwd: root, stdio: "inherit" };
    const results = [
        spawnSync("clang-format", ["-i", ...repositoryFiles(["c", "h"])], options),
        spawnSync(
            path.join(root, "node_modules/.bin/prettier"),
            ["--write", "--log-level=warn", "."],
            options,
        ),
    ];
    return results.every(({ status }) => status === 0) ? 0 : 1;
});
