// lint.mjs - every check that needs no running: formats, ESLint, types, layers, freshness of native.d.ts, and the
// engine's own check of JSValue against JSValueConst. All of them run, then the failures are shown.
//
//     npm run lint [-- <check>…]
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { runMain, progress } from "./setup/log.mjs";
import { cacheDir } from "./setup/third_party.mjs";
import { setUp } from "./setup.mjs";
import { nativeTypes } from "./native_types.mjs";
import { checkBraces } from "./lint/braces.mjs";
import { checkLayers, repositoryFiles } from "./lint/layers.mjs";

const root = path.join(import.meta.dirname, "..");

/** Runs a program; resolves with what it printed if it failed, else with "". */
function output(program, args) {
    return new Promise((resolve) => {
        execFile(program, args, { cwd: root, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
            resolve(error === null ? "" : `${stdout}${stderr}`.trim() || error.message);
        });
    });
}

const npx = (name, ...args) => output(path.join(root, "node_modules/.bin", name), args);
const cFiles = (...folders) =>
    repositoryFiles(["c", "h"]).filter((file) => folders.some((folder) => file.startsWith(folder)));

/** Compiles the JS-facing C with JSValue and JSValueConst as different types: a wrong owner becomes a type error. */
async function checkValueTypes() {
    const files = cFiles("runtime/", "bindings/").filter(
        (file) =>
            file.endsWith(".c") &&
            /quickjs\.h|"(\.\.\/runtime\/|runtime\/)?(rt|engine)\.h"/.test(
                readFileSync(path.join(root, file), "utf8"),
            ),
    );
    const quickjs = process.env.CLEAT_QUICKJS_DIR ?? path.join(cacheDir, "quickjs-ng");
    const libuv = process.env.CLEAT_LIBUV_DIR ?? path.join(cacheDir, "libuv");
    const mbedtls = process.env.CLEAT_MBEDTLS_DIR ?? path.join(cacheDir, "mbedtls");
    const flags = [
        "-std=gnu11",
        "-D_GNU_SOURCE",
        "-DJS_CHECK_JSVALUE",
        "-fsyntax-only",
        "-Wall",
        "-Werror",
        "-I.",
        '-DMBEDTLS_CONFIG_FILE="bindings/mbedtls_config.h"',
    ];
    return output("cc", [
        ...flags,
        `-isystem${quickjs}`,
        `-isystem${libuv}/include`,
        `-isystem${mbedtls}/include`,
        ...files,
    ]);
}

const checks = {
    "clang-format": () => output("clang-format", ["--dry-run", "-Werror", ...cFiles("")]),
    prettier: () => npx("prettier", "--check", "--log-level=warn", "."),
    eslint: () => npx("eslint", "--max-warnings=0", "--no-warn-ignored", "."),
    ...Object.fromEntries(
        ["ts-api", "ts-api/types", "tools", "tests", "examples", "bench"]
            .filter((folder) => existsSync(path.join(root, folder, "tsconfig.json")))
            .map((folder) => [`types of ${folder}`, () => npx("tsc", "-p", folder)]),
    ),
    braces: async () => checkBraces().join("\n"),
    layers: async () => checkLayers().join("\n"),
    "native.d.ts": async () =>
        readFileSync(path.join(root, "ts-api/native.d.ts"), "utf8") === (await nativeTypes())
            ? ""
            : "ts-api/native.d.ts is not what the tables in C say: run `npm run native-types`",
    "JSValue types": checkValueTypes,
};

await runMain(async () => {
    const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks);
    await setUp("lint");
    const failures = [];
    const queue = chosen.slice();
    const worker = async () => {
        for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
            const problem = await checks[name]().catch((error) => error.message);
            progress(`${problem === "" ? "ok  " : "FAIL"} ${name}`);
            if (problem !== "") {
                failures.push(`\n${name}:\n${problem}`);
            }
        }
    };
    await Promise.all([worker(), worker()]);
    if (failures.length > 0) {
        console.error(failures.join("\n"));
        console.error("\n`npm run format` repairs formats.");
    }
    return failures.length > 0 ? 1 : 0;
});
