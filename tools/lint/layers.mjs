// layers.mjs - checks the architecture rules that no compiler knows: include and import directions (layers.json), length
// of files, and the five OWNERSHIP fields at the head of each bindings/js_*.c.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "../..");
const layers = JSON.parse(readFileSync(path.join(import.meta.dirname, "layers.json"), "utf8"));
const thirdParty = /^(quickjs|uv|mbedtls\/|psa\/|cleat\.h)/;

/** Files of the repository, tracked or new, by extension. */
export function repositoryFiles(extensions) {
    const output = execFileSync(
        "git",
        ["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--deduplicate"],
        {
            cwd: root,
            encoding: "utf8",
        },
    );
    const deleted = new Set(
        execFileSync("git", ["ls-files", "--deleted", "-z"], { cwd: root, encoding: "utf8" }).split("\0"),
    );
    return output
        .split("\0")
        .filter((file) => extensions.includes(path.extname(file).slice(1)) && !deleted.has(file));
}

function ruleOf(kind, file) {
    return layers[kind].find((rule) => file.startsWith(rule.files));
}

/** "examples/*\/" stands for the file's own folder there. */
function matches(pattern, file, target) {
    if (!pattern.includes("*")) {
        return target.startsWith(pattern);
    }
    const depth = pattern.split("/").length - 1;
    return target.split("/").slice(0, depth).join("/") === file.split("/").slice(0, depth).join("/");
}

function isLocalAllowed(rule, file, target) {
    const { local, notLocal = [] } = rule;
    return (
        local.some((pattern) => matches(pattern, file, target)) &&
        !notLocal.some((pattern) => target.startsWith(pattern))
    );
}

function isLibraryAllowed({ libraries }, name) {
    return (
        libraries.includes("*") ||
        libraries.some((library) => name === library || name.startsWith(`${library}/`))
    );
}

function checkInclude(file, rule, line, existing) {
    const system = /^\s*#\s*include\s*<([^>]+)>/.exec(line)?.[1];
    if (system !== undefined) {
        return !thirdParty.test(system) || isLibraryAllowed(rule, system)
            ? undefined
            : `may not include <${system}>`;
    }
    const name = /^\s*#\s*include\s*"([^"]+)"/.exec(line)?.[1];
    if (name === undefined) {
        return undefined;
    }
    const besides = path.posix.join(path.posix.dirname(file), name);
    const target = existing.has(besides) ? besides : path.posix.normalize(name);
    return isLocalAllowed(rule, file, target) ? undefined : `may not include "${target}"`;
}

function checkImport(file, rule, name) {
    if (name.startsWith(".")) {
        const target = path.posix.join(path.posix.dirname(file), name);
        return isLocalAllowed(rule, file, target) ? undefined : `may not import ${target}`;
    }
    if (name.startsWith("cleat:native/")) {
        return rule.natives ? undefined : `may not import the native module ${name}`;
    }
    if (name.startsWith("node:")) {
        return /\.mjs$|^tools\//.test(file)
            ? undefined
            : `may not import ${name}: it does not run on Node.js`;
    }
    return isLibraryAllowed(rule, name) ? undefined : `may not import the package ${name}`;
}

const importPattern =
    /^\s*(?:import|export)\b[^"'`;]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

/** All complaints, as "file:line: text". */
export function checkLayers() {
    const problems = [];
    const files = repositoryFiles(["c", "h", "ts", "mjs"]);
    const existing = new Set(files);
    for (const file of files) {
        const text = readFileSync(path.join(root, file), "utf8");
        const extension = path.extname(file).slice(1);
        const isC = extension === "c" || extension === "h";
        const rule = ruleOf(isC ? "include" : "import", file);
        if (isC && rule !== undefined) {
            text.split("\n").forEach((line, index) => {
                const problem = checkInclude(file, rule, line, existing);
                if (problem !== undefined) {
                    problems.push(`${file}:${index + 1}: ${problem}`);
                }
            });
        }
        if (!isC && rule !== undefined && !file.endsWith("native.d.ts")) {
            for (const match of text.matchAll(importPattern)) {
                const problem = checkImport(file, rule, match[1] ?? match[2] ?? match[3]);
                if (problem !== undefined) {
                    problems.push(`${file}:${text.slice(0, match.index).split("\n").length}: ${problem}`);
                }
            }
        }
        const lines = text.split("\n").length - 1;
        if (
            lines > (layers.longerFiles[file]?.lines ?? layers.longestFile[extension]) &&
            !file.endsWith(".d.ts") &&
            !file.startsWith("tests/")
        ) {
            problems.push(
                `${file}: ${lines} lines; split it, or give it a line with the reason in tools/lint/layers.json (longerFiles)`,
            );
        }
        if (/^(bindings|runtime)\/js_.*\.c$/.test(file) && /\bJSClassDef\b/.test(text)) {
            const missing = ["owner:", "kept alive by:", "freed when:", "after close:", "thread:"].filter(
                (field) => !text.includes(field),
            );
            if (!text.includes("OWNERSHIP") || missing.length > 0) {
                problems.push(`${file}: its head comment lacks OWNERSHIP with ${missing.join(" ")}`);
            }
        }
    }
    return problems;
}
