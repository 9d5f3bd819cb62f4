// inspect_style.ts - colours of inspected values and the state of one inspection. Not here: values (inspect.ts).

const { hasOwn } = Object;

/** What `inspect` and `console.dir` take. */
export interface InspectOptions {
    /** How many levels of objects are opened; null: all. */
    depth?: number | null;
    colors?: boolean;
    /** Also properties that are not enumerable. */
    showHidden?: boolean;
}

/** Levels of nesting that are opened unless an option says otherwise. */
export const DEPTH_DEFAULT = 4;
/** Deeper than this the engine's stack might not bear it. */
export const DEPTH_MAX = 200;
/** Elements of arrays, maps and sets, and properties of an object, that are shown. */
export const ELEMENTS_MAX = 100;
/** Code units of a string inside of an object. */
export const STRING_MAX = 10_000;
/** Values of one inspection altogether: a wide and deep object must not take the memory of a small device. */
export const VALUES_MAX = 10_000;
/** Bytes of an ArrayBuffer that are shown. */
export const BYTES_MAX = 50;
/** Columns after which an object is broken into lines. */
export const LINE_WIDTH = 80;

export type Style =
    | "bigint"
    | "boolean"
    | "date"
    | "null"
    | "number"
    | "regexp"
    | "special"
    | "string"
    | "symbol"
    | "undefined"
    | "dim";

function colorOf(style: Style): string {
    switch (style) {
        case "bigint":
        case "boolean":
        case "number":
            return "33";
        case "date":
            return "35";
        case "null":
            return "1";
        case "regexp":
            return "31";
        case "special":
            return "36";
        case "string":
        case "symbol":
            return "32";
        case "undefined":
        case "dim":
            return "90";
    }
}

/** The state of one inspection. */
export class Inspection {
    readonly depth: number;
    readonly colors: boolean;
    readonly showHidden: boolean;
    /** The objects around the one at hand. */
    readonly path: object[] = [];
    /** Objects that contain themselves, in the order they were met. */
    readonly circular: object[] = [];
    values = 0;
    level = 0;
    /** Columns that the lines of the object at hand are moved in. */
    indentation = 0;
    /** How many levels the value that was formatted last has. */
    height = 0;

    constructor(options: InspectOptions) {
        // Own properties: what an app added to Object.prototype is no option.
        const depth = hasOwn(options, "depth") ? options.depth : undefined;
        this.depth =
            depth === null || !(+(depth ?? DEPTH_DEFAULT) < DEPTH_MAX)
                ? DEPTH_MAX
                : +(depth ?? DEPTH_DEFAULT);
        this.colors = hasOwn(options, "colors") && options.colors === true;
        this.showHidden = hasOwn(options, "showHidden") && options.showHidden === true;
    }

    style(text: string, style: Style): string {
        return this.colors ? `\x1b[${colorOf(style)}m${text}\x1b[${style === "null" ? "22" : "39"}m` : text;
    }
}

/** "... 3 more items" */
export function moreText(state: Inspection, count: number, what: string): string {
    state.height = 0;
    return `... ${count} more ${what}${count > 1 ? "s" : ""}`;
}
