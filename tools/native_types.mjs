// native_types.mjs - writes ts-api/native.d.ts, the TypeScript view of the native modules, from the tables in C
// (RT_TABLE, RT_METHOD and RT_GETTER of runtime/rt.h) and from the RT_TYPES comments beside them, which hold further
// declarations word for word.
//
//     npm run native-types            writes the file
//     npm run native-types -- --check    fails if it is not what the tables say
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SetupError, runMain } from "./setup/log.mjs";
import { installNpmPackages } from "./setup.mjs";

const root = path.join(import.meta.dirname, "..");
const target = path.join(root, "ts-api/native.d.ts");

const head = `// native.d.ts - what the native modules export to built-in TypeScript. Generated from the tables in C by
// \`npm run native-types\`; do not edit.
`;

/**
 * The arguments of a macro call: C string literals (joined where several stand in a row) as their value, anything else
 * as its text. `at` is the place behind the opening parenthesis; returns [args, place behind the closing one].
 */
function macroArguments(text, at, where) {
    const args = [];
    let current = "";
    for (let depth = 0; at < text.length; at++) {
        const char = text[at];
        if (char === '"') {
            const literal = /"(?:[^"\\\n]|\\.)*"/y;
            literal.lastIndex = at;
            const [raw] = literal.exec(text) ?? [];
            if (raw === undefined) {
                throw new SetupError(`${where}: a string literal does not end`);
            }
            current += JSON.parse(raw);
            at += raw.length - 1;
        } else if (char === ")" && depth === 0) {
            return [[...args, current.trim()], at + 1];
        } else if (char === "," && depth === 0) {
            args.push(current.trim());
            current = "";
        } else {
            depth += char === "(" ? 1 : char === ")" ? -1 : 0;
            current += /\s/.test(char) ? "" : char;
        }
    }
    throw new SetupError(`${where}: a macro call does not end`);
}

/** Splits "(a: string) => void" into its parameters and its result. */
function splitSignature(signature, where) {
    let depth = 0;
    for (let at = 0; at < signature.length; at++) {
        depth += signature[at] === "(" ? 1 : signature[at] === ")" ? -1 : 0;
        if (depth === 0) {
            const result = /^\s*=>\s*(.+)$/s.exec(signature.slice(at + 1))?.[1];
            if (signature[0] !== "(" || result === undefined) {
                break;
            }
            return [signature.slice(0, at + 1), result];
        }
    }
    throw new SetupError(`${where}: "${signature}" is not of the form "(…) => …"`);
}

/** Adds the tables of one C file to `modules`: name → {types: [text], interfaces: Map(name → [member]), functions}. */
function readTables(file, modules) {
    const text = readFileSync(path.join(root, file), "utf8");
    const moduleOf = (name) => {
        if (!modules.has(name)) {
            modules.set(name, { types: [], interfaces: new Map(), functions: [] });
        }
        return modules.get(name);
    };
    for (const [, name, types] of text.matchAll(/^\/\* RT_TYPES "([^"]+)"\n([\s\S]*?)\n?[ \t]*\*\//gm)) {
        moduleOf(name).types.push(types.replaceAll("*\\/", "*/"));
    }
    const table = /\bRT_TABLE\(/g;
    while (table.exec(text) !== null) {
        if (text.slice(0, table.lastIndex).split("\n").at(-1).includes("#define")) {
            continue;
        }
        const line = text.slice(0, table.lastIndex).split("\n").length;
        const [[, moduleName, interfaceName], begin] = macroArguments(
            text,
            table.lastIndex,
            `${file}:${line}`,
        );
        const end = text.indexOf("\n};", begin);
        const module = moduleOf(moduleName);
        const members =
            interfaceName === "" ? module.functions : (module.interfaces.get(interfaceName) ?? []);
        const row = /\bRT_(METHOD|GETTER)\(/g;
        row.lastIndex = begin;
        for (let match = row.exec(text); match !== null && match.index < end; match = row.exec(text)) {
            const where = `${file}:${text.slice(0, match.index).split("\n").length}`;
            const [args, next] = macroArguments(text, row.lastIndex, where);
            row.lastIndex = next;
            members.push(member(match[1], args, interfaceName === "", where));
        }
        if (interfaceName !== "") {
            module.interfaces.set(interfaceName, members);
        }
    }
}

function member(kind, args, isFunction, where) {
    const doc = args.at(-1) === "" ? "" : `/** ${args.at(-1)} */\n`;
    if (kind === "GETTER") {
        const [name, , type] = args;
        return isFunction ? `${doc}export const ${name}: ${type};` : `${doc}readonly ${name}: ${type};`;
    }
    const [name, , arity, signature] = args;
    if (!/^\d+$/.test(arity)) {
        throw new SetupError(`${where}: the arity of ${name} is ${arity}, not a number`);
    }
    const [parameters, result] = splitSignature(signature, where);
    return `${doc}${isFunction ? "export function " : ""}${name}${parameters}: ${result};`;
}

function declarations(modules) {
    return [...modules].sort().map(([name, { types, interfaces, functions }]) => {
        const blocks = [...interfaces].map(([interfaceName, members]) => {
            return `interface ${interfaceName} {\n${members.join("\n")}\n}`;
        });
        return `declare module "${name}" {\n${[...types, ...blocks, ...functions].join("\n")}\n}\n`;
    });
}

/** The text that ts-api/native.d.ts should have. */
export async function nativeTypes() {
    const modules = new Map();
    for (const folder of ["runtime", "bindings"]) {
        for (const file of readdirSync(path.join(root, folder))
            .filter((name) => name.endsWith(".c"))
            .sort()) {
            readTables(`${folder}/${file}`, modules);
        }
    }
    const { format, resolveConfig } = await import("prettier");
    const options = await resolveConfig(target);
    const text = [head, ...declarations(modules)].join("\n");
    return format(text, { ...options, parser: "typescript" }).catch((error) => {
        throw new SetupError(`the tables in C do not make valid TypeScript: ${error.message}`);
    });
}

if (process.argv[1] === import.meta.filename) {
    await runMain(async () => {
        installNpmPackages();
        const text = await nativeTypes();
        if (!process.argv.includes("--check")) {
            writeFileSync(target, text);
            return 0;
        }
        if (readFileSync(target, "utf8") !== text) {
            throw new SetupError(
                "ts-api/native.d.ts is not what the tables in C say: run `npm run native-types`",
            );
        }
        return 0;
    });
}
