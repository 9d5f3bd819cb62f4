// app.mjs - makes an app out of a file of the Web Platform Tests: environment, testharness.js (unmodified), reporter,
// the scripts that the file asks for and the file itself, one after the other in one module, as they would share the
// scope of a page. A module is always strict, as most of these files are anyway; the others (`sloppy`) are evaluated.
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    renameSync,
    rmdirSync,
    writeFileSync,
} from "node:fs";
import path from "node:path";

/** The `// META: name=value` lines at the top of a file, in order. */
export function readMeta(source) {
    const meta = [];
    for (const line of source.split("\n")) {
        const [, name, value] = /^\/\/ META: ([a-z_]+)=(.*?)\s*$/.exec(line) ?? [];
        if (name !== undefined) {
            meta.push([name, value]);
        } else if (!/^\s*(\/\/.*)?$/.test(line)) {
            break;
        }
    }
    return {
        scripts: meta.filter(([name]) => name === "script").map(([, value]) => value),
        variants: meta.filter(([name]) => name === "variant").map(([, value]) => value),
        isLong: meta.some(([name, value]) => name === "timeout" && value === "long"),
        title: meta.find(([name]) => name === "title")?.[1],
    };
}

/** A path that the server of the Web Platform Tests rewrites. */
const rewritten = { "/resources/WebIDLParser.js": "/resources/webidl2/lib/webidl2.js" };

/** A path in a test, from the root of the corpus if it starts with a slash. */
function resolve(corpus, file, name) {
    const actual = rewritten[name] ?? name;
    return path.join(corpus, actual.startsWith("/") ? actual : path.join(path.dirname(file), actual));
}

/** What the file reads with fetch(): interface definitions, and files that it names in a string. */
function fetchedFiles(corpus, file, source) {
    const words = [...source.matchAll(/(["'`])((?:(?!\1)[^\\\n])*)\1/g)].map(([, , text]) => text);
    const candidates = [
        ...(source.includes("idl_test(") ? words.map((word) => `interfaces/${word}.idl`) : []),
        ...words
            .filter((word) => word.endsWith(".json"))
            .map((word) => path.relative(corpus, resolve(corpus, file, word))),
    ];
    return Object.fromEntries(
        candidates
            .filter((name) => !name.startsWith("..") && existsSync(path.join(corpus, name)))
            .map((name) => [name, readFileSync(path.join(corpus, name), "utf8")]),
    );
}

/**
 * Writes the app for `file` (a path below the corpus) and a variant ("" or "?…"); `special` is its entry in tests.json. Returns {bundle, isLong, frame}, where
 * frame(text) turns places in the app into places in the files it is made of.
 */
export function writeApp({ corpus, file, variant, special, target }) {
    const source = readFileSync(path.join(corpus, file), "utf8");
    const { scripts: names, isLong, title } = readMeta(source);
    const url = { pathname: `/${file}`, search: variant };
    const description = {
        url,
        title,
        files: fetchedFiles(corpus, file, source),
        stubs: special.stubs ?? [],
        wantsSharedMemory: names.includes("/common/sab.js"),
    };
    const own = (name) => path.join(import.meta.dirname, name);
    const parts = [
        ["environment.js", own("environment.js")],
        ["testharness.js", path.join(corpus, "resources/testharness.js")],
        ["reporter.js", own("reporter.js")],
        ...names.map((name) => [name, resolve(corpus, file, name)]),
    ].map(([name, location]) => [
        name,
        readFileSync(location, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""),
    ]);
    parts.unshift(["app.mjs", `const wptFile = ${JSON.stringify(description)};`]);
    parts.push([file, source]);
    if (special.sloppy === true) {
        const scripts = parts.splice(-1 - names.length).map(([, text]) => text);
        parts.push([file, `(0, eval)(${JSON.stringify(scripts.join("\n"))});`]);
    }

    parts.push(["app.mjs", "wptLoaded();\n"]);

    const starts = [];
    let line = 1;
    for (const [name, text] of parts) {
        starts.push({ name, line });
        line += text.split("\n").length;
    }
    mkdirSync(path.dirname(target), { recursive: true });
    // Another run of the same file, with other flags, may be reading it.
    const unfinished = mkdtempSync(`${target}-`);
    writeFileSync(path.join(unfinished, "app.js"), parts.map(([, text]) => text).join("\n"));
    renameSync(path.join(unfinished, "app.js"), target);
    rmdirSync(unfinished);

    const base = path.basename(target).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const places = new RegExp(`(?:[\\w./-]*/)?${base}:(\\d+)`, "g");
    const frame = (text) =>
        text.replace(places, (_, number) => {
            const part = starts.findLast((one) => one.line <= Number(number));
            return `${part.name}:${Number(number) - part.line + 1}`;
        });
    return { isLong, frame };
}
