// train.mjs - records a profile for profile-guided optimisation: builds Cleat instrumented, runs the training apps beside
// this file, and collects what GCC's instrumentation wrote. CMake calls it; see cmake/profile.cmake.
//
//     node train.mjs --build FOLDER --data FOLDER --stamp FILE -- [options for cmake…]
//
// The runs are the same each time (fixed environment, fixed addresses where that is permitted), so that the same sources
// give the same program.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const root = path.join(import.meta.dirname, "../..");
const { values: options, positionals: cmakeOptions } = parseArgs({
    allowPositionals: true,
    options: { build: { type: "string" }, data: { type: "string" }, stamp: { type: "string" } },
});

/** Start-up is short beside the other apps: several runs make its functions count. */
const runs = [["language.js"], ["sockets.js"], ...Array.from({ length: 5 }, () => ["hello.js"])];

function run(command, args, settings = {}) {
    const result = spawnSync(command, args, { cwd: root, encoding: "utf8", ...settings });
    if (result.status !== 0) {
        throw new Error(
            `${command} ${args.join(" ")} failed (${result.signal ?? result.error ?? `exit code ${result.status}`}):\n` +
                `${result.stdout ?? ""}${result.stderr ?? ""}`,
        );
    }
    return result.stdout;
}

function recordings() {
    return readdirSync(path.join(options.build, "CMakeFiles"), { recursive: true })
        .filter((name) => name.endsWith(".gcda"))
        .map((name) => path.join("CMakeFiles", name));
}

function train() {
    run("cmake", [
        "-S",
        root,
        "-B",
        options.build,
        "-G",
        "Ninja",
        "-DCLEAT_PROFILE=generate",
        ...cmakeOptions,
    ]);
    run("cmake", ["--build", options.build, "--target", "cleat"]);
    // What building itself recorded (the built-in modules are compiled with the instrumented engine) is no training.
    for (const name of recordings()) {
        rmSync(path.join(options.build, name));
    }
    const fixed = spawnSync("setarch", ["-R", "true"]).status === 0 ? ["setarch", "-R"] : [];
    for (const [app] of runs) {
        const [program, ...args] = [
            ...fixed,
            path.join(options.build, "cleat"),
            "run",
            "-A",
            path.join("tools/profile", app),
        ];
        const output = run(program, args, { env: { PATH: process.env.PATH, LC_ALL: "C" }, timeout: 300_000 });
        if (!output.startsWith("ok")) {
            throw new Error(`the training app ${app} says: ${output}`);
        }
    }
    // The name under which GCC looks for an object's profile: its path below the build folder, with "#" for "/". CMake names
    // an object after its source, below the build folder if the source is there (the third-party sources are in build/),
    // else below the project: the release build and others differ in that.
    rmSync(options.data, { recursive: true, force: true });
    mkdirSync(options.data, { recursive: true });
    for (const name of recordings()) {
        for (const object of new Set([name, name.replace(".dir/build/", ".dir/")])) {
            copyFileSync(
                path.join(options.build, name),
                path.join(options.data, object.replaceAll("/", "#")),
            );
        }
    }
    writeFileSync(options.stamp, "");
}

try {
    train();
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
}
