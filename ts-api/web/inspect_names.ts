// inspect_names.ts - what objects, functions and symbols are called, found without running code of the app. Not here:
// their contents (inspect.ts).
import { classOf } from "cleat:native/runtime";
import { isIdentifier, quoted, sliceText } from "./text_width.ts";
import { dataProperty } from "./webidl.ts";

const { apply, getPrototypeOf } = Reflect;
const { hasOwn } = Object;
const symbolToString = Symbol.prototype.toString;
const functionToString = Function.prototype.toString;
const { toStringTag } = Symbol;
/** A chain of prototypes may be endless: one of them may be a proxy that makes more. */
const PROTOTYPES_MAX = 1000;

export function symbolText(symbol: symbol): string {
    const text: string = apply(symbolToString, symbol, []);
    const description = sliceText(text, 7, text.length - 1);
    const literal = quoted(description);
    // Escaped as in a literal, without its quotes.
    return `Symbol(${sliceText(literal, 1, literal.length - 1)})`;
}

/** "Uint8Array" for "uint8array". */
export function fallbackName(kind: string): string {
    switch (kind) {
        case "arraybuffer":
            return "ArrayBuffer";
        case "sharedarraybuffer":
            return "SharedArrayBuffer";
        case "dataview":
            return "DataView";
        case "weakmap":
            return "WeakMap";
        case "weakset":
            return "WeakSet";
        case "weakref":
            return "WeakRef";
        case "finalizationregistry":
            return "FinalizationRegistry";
        case "regexp":
            return "RegExp";
        case "bigint64array":
            return "BigInt64Array";
        case "biguint64array":
            return "BigUint64Array";
        case "uint8clampedarray":
            return "Uint8ClampedArray";
        case "promise:pending":
        case "promise:fulfilled":
        case "promise:rejected":
            return "Promise";
        default: {
            let text = "";
            let upper = true;
            const short = sliceText(kind, kind.length - 5) === "array" ? kind.length - 5 : kind.length;
            for (let i = 0; i < kind.length; i++) {
                text += upper || i === short ? kind[i]!.toUpperCase() : kind[i]!;
                upper = kind[i] === " ";
            }
            return text;
        }
    }
}

/** The name of the class: of the first `constructor` on the prototype chain; null where there is none. */
export function constructorName(value: object): string | null {
    let object: object | null = value;
    for (let i = 0; object !== null && i < PROTOTYPES_MAX; i++) {
        const constructor = dataProperty(object, "constructor");
        if (typeof constructor === "function" && classOf(constructor) !== "proxy") {
            const name = dataProperty(constructor, "name");
            if (typeof name === "string" && name !== "") {
                return name;
            }
        }
        object = getPrototypeOf(object);
        if (object !== null && classOf(object) === "proxy") {
            return null;
        }
    }
    return null;
}

export function tagOf(value: object): string {
    let object: object | null = value;
    for (let i = 0; object !== null && i < PROTOTYPES_MAX; i++) {
        if (hasOwn(object, toStringTag)) {
            const tag = dataProperty(object, toStringTag);
            return typeof tag === "string" ? tag : "";
        }
        object = getPrototypeOf(object);
        if (object !== null && classOf(object) === "proxy") {
            return "";
        }
    }
    return "";
}

export function functionText(value: object, constructor: string | null): string {
    const given = dataProperty(value, "name");
    const name = typeof given === "string" ? given : "";
    const source: string = apply(functionToString, value, []);
    if (sliceText(source, 0, 5) === "class" && !isIdentifier(source[5] ?? "")) {
        const parent = getPrototypeOf(value);
        const parentName = typeof parent === "function" ? dataProperty(parent, "name") : "";
        const heir = typeof parentName === "string" && parentName !== "" ? ` extends ${parentName}` : "";
        return `[class ${name === "" ? "(anonymous)" : name}${heir}]`;
    }
    const tag = tagOf(value);
    const kind = tag === "" || sliceText(tag, tag.length - 8) !== "Function" ? "Function" : tag;
    return `[${kind}${name === "" ? " (anonymous)" : `: ${name}`}]${constructor === null ? " (null prototype)" : ""}`;
}
