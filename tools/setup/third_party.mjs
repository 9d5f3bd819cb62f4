// third_party.mjs - brings the third-party sources of cmake/third-party.json into the cache (build/third-party, or
// CLEAT_CACHE_DIR): downloads the Debian packages, checks their hashes, unpacks them. What is already there for the
// same pin is left alone. Debian's patches of libuv are not applied: they concern its test-suite and architectures
// (loong64, sparc) or faults of file I/O that Cleat does not use, and the pinned hashes are those of the release.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
    copyFileSync,
    existsSync,
    mkdirSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import path from "node:path";
import { aptFetch } from "./apt_fetch.mjs";
import { SetupError, progress, warn } from "./log.mjs";
import { hasApt } from "./packages.mjs";

const root = path.join(import.meta.dirname, "../..");

export const cacheDir = path.resolve(root, process.env.CLEAT_CACHE_DIR ?? "build/third-party");

/** The pins that are fetched: everything, or without what only the tests need. */
function pins(withTests) {
    const all = JSON.parse(readFileSync(path.join(root, "cmake/third-party.json"), "utf8"));
    delete all.comment;
    return Object.entries(all).filter(([, pin]) => withTests || pin.testsOnly !== true);
}

/** Where the sources are, as CMake options; folders given by the environment (CLEAT_QUICKJS_DIR=…) come first. */
export function directoryOptions(withTests) {
    return pins(withTests).map(
        ([, { option, folder }]) =>
            `-D${option}=${path.resolve(process.env[option] ?? path.join(cacheDir, folder))}`,
    );
}

/** Fetches what is missing in the cache. */
export async function fetchThirdParty(withTests) {
    const missing = pins(withTests).filter(
        ([, pin]) =>
            process.env[pin.option] === undefined && !isCurrent(path.join(cacheDir, pin.folder), pin),
    );
    if (missing.length > 0 && !hasApt()) {
        throw new SetupError(missingText(missing, "there is no apt-get here to fetch them"));
    }
    await Promise.all(missing.map(([name, pin]) => fetchOne(name, pin)));
}

/** The folder with the sources of one pin, fetched if they are not in the cache. */
export async function fetchSources(name, pin) {
    if (process.env[pin.option] !== undefined) {
        return path.resolve(process.env[pin.option]);
    }
    const folder = path.join(cacheDir, pin.folder);
    if (!isCurrent(folder, pin)) {
        if (!hasApt()) {
            throw new SetupError(missingText([[name, pin]], "there is no apt-get here to fetch them"));
        }
        await fetchOne(name, pin);
    }
    return folder;
}

function missingText(missing, reason) {
    const lines = missing.map(([name, { option, version, apt }]) => {
        return `    ${option}=<folder>  for ${name} ${version} (Debian package ${apt.package}, suite ${apt.suite})`;
    });
    const forCMake = missing.some(([, pin]) => pin.extract === undefined);
    return (
        `third-party sources are missing, and ${reason}\nUnpack them yourself and name the folders, in the ` +
        `environment of this command${forCMake ? " or as -D… options of CMake" : ""}:\n${lines.join("\n")}`
    );
}

const markerName = ".cleat-pin";

function isCurrent(folder, pin) {
    const marker = path.join(folder, markerName);
    return existsSync(marker) && readFileSync(marker, "utf8") === pinText(pin);
}

function pinText(pin) {
    return JSON.stringify([pin.apt, pin.packages, pin.files, ...(pin.extract ?? [])]);
}

/** While a download takes long, says how far it is. */
async function reportingSize(folder, name, download) {
    const size = () =>
        readdirSync(folder, { recursive: true })
            .map((file) => statSync(path.join(folder, file), { throwIfNoEntry: false }))
            .reduce((sum, found) => sum + (found?.isFile() === true ? found.size : 0), 0);
    const timer = setInterval(() => {
        progress(`still fetching ${name}: ${(size() / 1e6).toFixed(1)} MB of lists and packages so far`);
    }, 10_000);
    try {
        return await download();
    } finally {
        clearInterval(timer);
    }
}

async function fetchOne(name, pin) {
    const { apt } = pin;
    progress(
        `fetching ${name} ${pin.version}, ${pin.why} (Debian package ${apt.package}, suite ${apt.suite})`,
    );
    const work = path.join(cacheDir, "apt", name);
    let fetched;
    try {
        fetched = await reportingSize(work, name, () => aptFetch(work, apt));
    } catch (error) {
        throw error instanceof SetupError ? new SetupError(missingText([[name, pin]], error.message)) : error;
    }
    const file = checkPackage(name, pin, fetched);
    const unpacked = path.join(work, "unpacked");
    mkdirSync(unpacked, { recursive: true });
    let content = unpacked;
    if (apt.kind === "binary") {
        execFileSync("dpkg-deb", ["-x", file, unpacked]);
        content = path.join(unpacked, pin.unpack);
    } else {
        const patterns = pin.extract === undefined ? [] : ["--wildcards", ...pin.extract];
        execFileSync("tar", ["-xf", file, "-C", unpacked, ...patterns]);
        const inner = readdirSync(unpacked);
        content = path.join(unpacked, inner.length === 1 ? inner[0] : "", pin.unpack ?? "");
    }
    for (const [target, source] of Object.entries(pin.also ?? {})) {
        copyFileSync(path.join(unpacked, source), path.join(content, target));
    }
    writeFileSync(path.join(content, markerName), pinText(pin));
    const destination = path.join(cacheDir, pin.folder);
    rmSync(destination, { recursive: true, force: true });
    renameSync(content, destination);
    rmSync(work, { recursive: true, force: true });
    progress(`${name} ${fetched.version} is in ${path.relative(process.cwd(), destination) || "."}`);
}

/** The file with the sources, after its hash was compared with the pin. */
function checkPackage(name, pin, { folder, files, version }) {
    const file = files.find((one) =>
        pin.apt.kind === "binary" ? one.endsWith(".deb") : /\.orig\.tar\./.test(one),
    );
    if (file === undefined) {
        throw new SetupError(`the download of ${name} ${version} holds no sources: ${files.join(", ")}`);
    }
    const expected = pin.packages[decodeURIComponent(file)];
    const actual = createHash("sha256")
        .update(readFileSync(path.join(folder, file)))
        .digest("hex");
    if (expected !== undefined && actual !== expected) {
        throw new SetupError(
            `${file} is not the file that was tested:\n    expected ${expected}\n    found    ${actual}\n` +
                "Don't use it before you know why. The pin is in cmake/third-party.json.",
        );
    }
    if (version !== pin.apt.version) {
        warn(
            `${name} ${pin.apt.version}, the tested version, is no longer in Debian ${pin.apt.suite}: taking ${version}.\n` +
                (expected === undefined
                    ? "Its hash is not known either.\n"
                    : "Its sources are the tested ones.\n") +
                `Run "npm test"; if it passes, put this version into cmake/third-party.json. To stay with the tested\n` +
                `version, unpack it yourself and set ${pin.option}=<folder>.`,
        );
    }
    return path.join(folder, file);
}
