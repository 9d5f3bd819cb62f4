// not: asan (nothing here runs the runtime's own code paths)
// build.test.mjs - the build as a packager and a newcomer meet it: third-party folders, missing programs, repeated
// builds, and a program that embeds the installed library.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { parseSources } from "../../tools/setup/apt_fetch.mjs";
import { cacheDir } from "../../tools/setup/third_party.mjs";
import { root } from "./support.mjs";

const work = mkdtempSync(path.join(tmpdir(), "cleat-build-"));
after(() => rmSync(work, { recursive: true }));

function run(program, args, options = {}) {
    const result = spawnSync(program, args, { encoding: "utf8", cwd: root, ...options });
    return { code: result.status, output: `${result.stdout}${result.stderr}` };
}

/** Configures the smallest build there is, with other third-party folders. */
function configure(name, options) {
    const folder = path.join(work, name);
    return run("cmake", ["-G", "Ninja", "-S", root, "-B", folder, "-DCLEAT_HOST_TOOLS_ONLY=ON", ...options]);
}

/** A copy of the headers and sources of libuv with one file changed. */
function changedLibuv(name, file, change) {
    const folder = path.join(work, name);
    cpSync(path.join(process.env.CLEAT_LIBUV_DIR ?? path.join(cacheDir, "libuv"), "."), folder, {
        recursive: true,
    });
    writeFileSync(path.join(folder, file), change(readFileSync(path.join(folder, file), "utf8")));
    return folder;
}

test("a folder without the sources is refused, with the option that names another one", () => {
    const { code, output } = configure("missing", [`-DCLEAT_LIBUV_DIR=${work}/nothing`]);
    assert.notEqual(code, 0);
    assert.match(output, /npm run setup/);
    assert.match(output, /-DCLEAT_LIBUV_DIR=/);
});

test("another version than the tested one is a loud warning, not an error", () => {
    const folder = changedLibuv("uv-newer", "include/uv/version.h", (text) =>
        text.replace(/UV_VERSION_MINOR \d+/, "UV_VERSION_MINOR 99"),
    );
    const { code, output } = configure("newer", [`-DCLEAT_LIBUV_DIR=${folder}`]);
    assert.equal(code, 0, output);
    assert.match(output, /\*\*\* libuv 1\.99\.0 is not the tested version/);
});

test("the tested version with other contents is an error that shows both hashes", () => {
    const folder = changedLibuv("uv-changed", "src/unix/core.c", (text) => `${text}\n/* changed */\n`);
    const { code, output } = configure("changed", [`-DCLEAT_LIBUV_DIR=${folder}`]);
    assert.notEqual(code, 0);
    assert.match(output, /core\.c says it is libuv/);
    assert.match(output, /expected [0-9a-f]{64}/);
});

test("without compiler and apt, set-up names every package and its reason", () => {
    const folder = path.join(work, "bin");
    mkdirSync(folder);
    symlinkSync(process.execPath, path.join(folder, "node"));
    const { code, output } = run(process.execPath, [path.join(root, "tools/setup.mjs")], {
        env: { PATH: folder },
    });
    assert.equal(code, 1);
    assert.match(output, /there is no apt-get/);
    for (const line of [/gcc +compiles/, /cmake +describes/, /ninja-build +runs/]) {
        assert.match(output, line);
    }
});

test("without apt, the third-party folders can be named in the environment", () => {
    const folder = path.join(work, "no-apt");
    mkdirSync(folder);
    for (const program of ["bzip2", "cc", "cmake", "ninja", "npm"]) {
        writeFileSync(path.join(folder, program), "#!/bin/sh\n", { mode: 0o755 });
    }
    const environment = { PATH: folder, CLEAT_CACHE_DIR: path.join(work, "empty-cache") };
    const script = path.join(root, "tools/setup.mjs");
    const failed = run(process.execPath, [script], { env: environment });
    assert.equal(failed.code, 1);
    assert.match(failed.output, /CLEAT_QUICKJS_DIR=<folder> {2}for quickjs/);
    assert.match(failed.output, /CLEAT_LIBUV_DIR=<folder>/);
    assert.match(failed.output, /CLEAT_MBEDTLS_DIR=<folder>/);
    const given = { ...environment, CLEAT_QUICKJS_DIR: work, CLEAT_LIBUV_DIR: work, CLEAT_MBEDTLS_DIR: work };
    assert.equal(run(process.execPath, [script], { env: given }).code, 0);
});

test("apt sources are read in both formats, comments and disabled entries aside", () => {
    const deb822 =
        "# a comment\nTypes: deb\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\n" +
        "Components: main\nSigned-By: /usr/share/keyrings/x.gpg\n\nEnabled: no\nTypes: deb\nURIs: http://off.test/\nSuites: sid\n";
    const [first, second] = parseSources(deb822, true);
    assert.deepEqual(first, {
        types: ["deb"],
        uris: ["http://mirror.test/debian"],
        suites: ["bookworm", "bookworm-updates"],
        components: ["main"],
        signedBy: "/usr/share/keyrings/x.gpg",
    });
    assert.deepEqual(second.types, []);
    const [oneLine, ...rest] = parseSources(
        "# deb http://no.test x main\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian sid main contrib\n",
        false,
    );
    assert.deepEqual(rest, []);
    assert.equal(oneLine.signedBy, "/k.gpg");
    assert.deepEqual(oneLine.components, ["main", "contrib"]);
});

test("a second build does nothing", () => {
    run("cmake", ["--build", path.join(root, "build")]);
    const { output } = run("cmake", ["--build", path.join(root, "build")]);
    assert.match(output, /no work to do/);
});

test("a program that embeds the installed library needs nothing but its package file", () => {
    const example = path.join(root, "examples/embed");
    const prefix = path.join(work, "prefix");
    const install = run("cmake", ["--install", path.join(root, "build"), "--prefix", prefix]);
    assert.equal(install.code, 0, install.output);
    for (const file of [
        "bin/cleat",
        "lib/libcleat.a",
        "include/cleat.h",
        "share/doc/cleat/licences/quickjs-ng",
    ]) {
        assert.ok(existsSync(path.join(prefix, file)), `${file} is not installed`);
    }
    const folder = path.join(work, "embed");
    const configured = run("cmake", [
        "-G",
        "Ninja",
        "-S",
        example,
        "-B",
        folder,
        `-DCMAKE_PREFIX_PATH=${prefix}`,
    ]);
    assert.equal(configured.code, 0, configured.output);
    const built = run("cmake", ["--build", folder]);
    assert.equal(built.code, 0, built.output);
});
