// braces.mjs - checks that every if, else, for, while and do of our C has braces (clang-format only knows how to add them
// from version 15 on).
import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryFiles } from "./layers.mjs";

const root = path.join(import.meta.dirname, "../..");

/** Comments, strings and characters become blanks of the same length, so that places stay what they are. */
function codeOnly(text) {
    return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (part) =>
        part.replace(/[^\n]/g, " "),
    );
}

/** The place behind the parenthesis that closes the one at `at`. */
function closing(code, at) {
    for (let depth = 0; at < code.length; at++) {
        depth += code[at] === "(" ? 1 : code[at] === ")" ? -1 : 0;
        if (depth === 0) {
            return at + 1;
        }
    }
    return at;
}

/** Whether a loop ends a macro, whose user writes the body: `#define EACH(x) for (…)`. */
function endsMacro(code, start, end) {
    let line = code.lastIndexOf("\n", start) + 1;
    while (line > 1 && code[line - 2] === "\\") {
        line = code.lastIndexOf("\n", line - 2) + 1;
    }
    return /^[ \t]*#[ \t]*define\b/.test(code.slice(line, start)) && /^[ \t]*\n/.test(code.slice(end));
}

/** All complaints, as "file:line: text". */
export function checkBraces() {
    const problems = [];
    for (const file of repositoryFiles(["c", "h"])) {
        const code = codeOnly(readFileSync(path.join(root, file), "utf8"));
        for (const match of code.matchAll(/\b(?:(if|for|while)\s*\(|(else|do)\b)/g)) {
            const head = match.index + match[0].length;
            const rest = code
                .slice(match[1] === undefined ? head : closing(code, head - 1))
                .replace(/^[\s\\]+/, "");
            const before = code.slice(code.lastIndexOf("\n", match.index) + 1, match.index);
            const isFine =
                rest.startsWith("{") ||
                (match[1] !== undefined && endsMacro(code, match.index, closing(code, head - 1))) ||
                (match[2] === "else" && /^if\b/.test(rest)) ||
                (match[1] === "while" && /\}\s*$/.test(before)); // of do … while
            const isDirective = /^\s*#/.test(before);
            if (!isFine && !isDirective) {
                problems.push(
                    `${file}:${code.slice(0, match.index).split("\n").length}: ${match[1] ?? match[2]} without braces`,
                );
            }
        }
    }
    return problems;
}
