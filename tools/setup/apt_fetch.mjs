// apt_fetch.mjs - downloads single Debian packages of any suite without touching the machine's apt: configuration,
// lists and state are in a folder of ours. The mirror and the keyring are those of the machine's own apt sources.
// Not here: what is fetched and how it is checked (third_party.mjs).
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { SetupError, progress } from "./log.mjs";

const run = promisify(execFile);
const attempts = 3;

/** The entries of the machine's apt sources, both formats: {types, uris, suites, components, signedBy}. */
export function parseSources(text, isDeb822) {
    if (isDeb822) {
        return text
            .replace(/^#.*\n?/gm, "")
            .split(/\n\s*\n/)
            .map((stanza) => {
                const fields = new Map();
                for (const [, name, value] of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
                    fields.set(name.toLowerCase(), value.trim());
                }
                const words = (name) => (fields.get(name) ?? "").split(/\s+/).filter(Boolean);
                return {
                    types: /^no$/i.test(fields.get("enabled") ?? "") ? [] : words("types"),
                    uris: words("uris"),
                    suites: words("suites"),
                    components: words("components"),
                    signedBy: fields.get("signed-by"),
                };
            });
    }
    return [...text.matchAll(/^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/gm)].map(
        ([, type, options, uri, suite, components]) => ({
            types: [type],
            uris: [uri],
            suites: [suite],
            components: components.split(/\s+/).filter(Boolean),
            signedBy: /signed-by=(\S+)/.exec(options ?? "")?.[1],
        }),
    );
}

/** Mirror and keyring of the machine's Debian archive: the entry that carries the machine's own release. */
export function machineArchive(etc = "/etc") {
    const folder = path.join(etc, "apt/sources.list.d");
    const files = [
        path.join(etc, "apt/sources.list"),
        ...(existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : []),
    ].filter((file) => existsSync(file) && /(sources\.list|\.list|\.sources)$/.test(file));
    const entries = files.flatMap((file) =>
        parseSources(readFileSync(file, "utf8"), file.endsWith(".sources")),
    );
    const osRelease = existsSync(path.join(etc, "os-release"))
        ? readFileSync(path.join(etc, "os-release"), "utf8")
        : "";
    const codename = /^VERSION_CODENAME=(.*)$/m.exec(osRelease)?.[1];
    const releases = new Set([codename, "stable", "testing", "unstable", "sid"]);
    const isDebian = /^ID=debian$/m.test(osRelease);
    const entry = entries.find(
        ({ types, suites, components }) =>
            types.includes("deb") &&
            components.includes("main") &&
            suites.some((suite) => releases.has(suite)),
    );
    if (!isDebian || entry === undefined) {
        throw new SetupError("the apt sources of this machine name no Debian archive");
    }
    return { uri: entry.uris[0], signedBy: entry.signedBy };
}

/** A folder with an apt configuration that knows exactly one index of one suite. */
function writeConfiguration(folder, { kind, suite, architecture }) {
    const { uri, signedBy } = machineArchive();
    for (const name of ["state", "lists/partial", "cache/archives/partial", "sources", "empty", "download"]) {
        mkdirSync(path.join(folder, name), { recursive: true });
    }
    writeFileSync(path.join(folder, "state/status"), "");
    writeFileSync(
        path.join(folder, "sources/debian.sources"),
        [
            `Types: ${kind === "source" ? "deb-src" : "deb"}`,
            `URIs: ${uri}`,
            `Suites: ${suite}`,
            "Components: main",
            ...(architecture === undefined ? [] : [`Architectures: ${architecture}`]),
            ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`]),
            "",
        ].join("\n"),
    );
    const settings = {
        "Dir::State": path.join(folder, "state"),
        "Dir::State::status": path.join(folder, "state/status"),
        "Dir::State::Lists": path.join(folder, "lists"),
        "Dir::Cache": path.join(folder, "cache"),
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": path.join(folder, "sources"),
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": path.join(folder, "empty"),
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "APT::Update::Error-Mode": "any", // else an index that can't be fetched is a mere warning
        "APT::Default-Release": "",
        // What is fetched is pinned by hash: an index that a mirror keeps for long does no harm.
        "Acquire::Check-Valid-Until": "false",
        // Files are downloaded by who runs this: nothing here is written by another user.
        "APT::Sandbox::User": "root",
        ...(architecture === undefined ? {} : { "APT::Architecture": architecture }),
    };
    // As options, they win over the machine's own configuration (where a proxy may be set, which stays in force).
    return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** Runs a command, several times if it fails: networks do. */
async function retried(program, args, cwd) {
    for (let attempt = 1; ; attempt++) {
        try {
            return (await run(program, args, { cwd, env: { ...process.env, LC_ALL: "C" } })).stdout;
        } catch (error) {
            if (attempt === attempts) {
                throw new SetupError(
                    `${program} failed ${attempts} times:\n${(error.stderr || error.message).trim()}\n` +
                        "Is the network reachable from here?",
                );
            }
            progress(`${program} failed, trying again in ${attempt * 3} s`);
            await new Promise((resolve) => setTimeout(resolve, attempt * 3000));
        }
    }
}

/**
 * Downloads a package: {package, kind, suite, version, architecture?}. If the version is gone from the archive, the
 * newest one is taken. Returns {folder, files, version}.
 */
export async function aptFetch(folder, wanted) {
    rmSync(folder, { recursive: true, force: true });
    const options = writeConfiguration(folder, wanted);
    await retried("apt-get", [...options, "-q", "update"], folder);
    const isSource = wanted.kind === "source";
    const known = await versions(options, wanted.package, isSource);
    if (known.length === 0) {
        throw new SetupError(`the archive has no package ${wanted.package} in ${wanted.suite}`);
    }
    const version = known.includes(wanted.version) ? wanted.version : known[0];
    const download = path.join(folder, "download");
    // Of a source package nothing but the upstream sources is used: Debian's patches stay where they are.
    const command = isSource ? ["source", "--download-only", "--tar-only"] : ["download"];
    await retried("apt-get", [...options, "-q", ...command, `${wanted.package}=${version}`], download);
    return { folder: download, files: readdirSync(download), version };
}

/** The versions of a package that the lists know, newest first. */
async function versions(options, name, isSource) {
    const { stdout } = await run("apt-cache", [...options, isSource ? "showsrc" : "show", name]).catch(
        () => ({
            stdout: "",
        }),
    );
    const stanzas = stdout.split(/\n\n+/).filter((text) => new RegExp(`^Package: ${name}$`, "m").test(text));
    return stanzas.map((text) => /^Version: (.*)$/m.exec(text)[1]);
}
