// console_extras.ts - the parts of console that few programs use: tables and traces.
//
// Spec: Console §1.1.8 (table), §1.1.9 (trace).
import { classOf } from "cleat:native/runtime";
import { inspect, join, padded, textWidth } from "./inspect.ts";
import { formatFrame, parseStack } from "./stack_trace.ts";
import { dataProperty } from "./webidl.ts";

/** Larger tables are cut: each cell is text that must be held until the widths are known. */
const ROWS_MAX = 1000;
const COLUMNS_MAX = 50;

const { getOwnPropertyDescriptor, keys } = Object;
const { isArray } = Array;
const { max } = Math;
const VALUES = "Values";
const INDEX = "(index)";

/** The text of a table; undefined if the data have no rows. */
export function tableText(data: unknown, filter: readonly string[] | undefined): string | undefined {
    if (typeof data !== "object" || data === null) {
        return undefined;
    }
    if (filter !== undefined && !isArray(filter)) {
        throw new TypeError("console.table: the columns must be an array");
    }
    const kind = classOf(data);
    const rows: { index: string; value: unknown }[] = [];
    let more = 0;
    const add = (index: string, value: unknown): void => {
        if (rows.length < ROWS_MAX) {
            rows[rows.length] = { index, value };
        } else {
            more++;
        }
    };
    let indexName = INDEX;
    const isMap = kind === "map";
    if (isMap || kind === "set") {
        indexName = "(iteration index)";
        let count = 0;
        (data as Map<unknown, unknown>).forEach((value, key) =>
            add(`${count++}`, isMap ? { Key: key, Values: value } : value),
        );
    } else {
        const names = keys(data);
        for (let i = 0; i < names.length; i++) {
            add(names[i]!, dataProperty(data, names[i]!));
        }
    }

    const columns: string[] = [];
    let hasValues = false;
    for (let i = 0; i < rows.length; i++) {
        const { value } = rows[i]!;
        if (!isRow(value)) {
            hasValues = true;
            continue;
        }
        const names = keys(value);
        for (let j = 0; j < names.length && columns.length < COLUMNS_MAX; j++) {
            if (columns.indexOf(names[j]!) < 0) {
                columns[columns.length] = names[j]!;
            }
        }
    }
    const shown: string[] = [];
    const wanted = filter ?? columns;
    for (let i = 0; i < wanted.length; i++) {
        shown[i] = `${wanted[i]!}`;
    }

    const head = [indexName];
    for (let i = 0; i < shown.length; i++) {
        head[i + 1] = shown[i]!;
    }
    if (hasValues) {
        head[head.length] = VALUES;
    }
    const table: string[][] = [head];
    for (let i = 0; i < rows.length; i++) {
        const { index, value } = rows[i]!;
        const row = isRow(value);
        const cells = [index];
        for (let j = 0; j < shown.length; j++) {
            const own = row ? getOwnPropertyDescriptor(value, shown[j]!) : undefined;
            cells[cells.length] = own === undefined ? "" : cellText(dataProperty(value as object, shown[j]!));
        }
        if (hasValues) {
            cells[cells.length] = row ? "" : cellText(value);
        }
        table[table.length] = cells;
    }
    return draw(table) + (more > 0 ? `\n... ${more} more row${more > 1 ? "s" : ""}` : "");
}

function isRow(value: unknown): value is object {
    return (
        typeof value === "object" && value !== null && classOf(value) !== "date" && classOf(value) !== "proxy"
    );
}

function cellText(value: unknown): string {
    return inspect(value, { depth: 0 }).replaceAll("\n", " ");
}

function draw(table: string[][]): string {
    const widths: number[] = [];
    for (let i = 0; i < table.length; i++) {
        for (let j = 0; j < table[i]!.length; j++) {
            widths[j] = max(widths[j] ?? 0, textWidth(table[i]![j]!));
        }
    }
    const line = (left: string, middle: string, right: string): string => {
        const parts: string[] = [];
        for (let j = 0; j < widths.length; j++) {
            parts[j] = "─".repeat(widths[j]! + 2);
        }
        return left + join(parts, middle) + right;
    };
    const row = (cells: string[]): string => {
        const parts: string[] = [];
        for (let j = 0; j < widths.length; j++) {
            parts[j] = ` ${padded(cells[j] ?? "", widths[j]!)} `;
        }
        return `│${join(parts, "│")}│`;
    };
    let text = `${line("┌", "┬", "┐")}\n${row(table[0]!)}\n${line("├", "┼", "┤")}`;
    for (let i = 1; i < table.length; i++) {
        text += `\n${row(table[i]!)}`;
    }
    return `${text}\n${line("└", "┴", "┘")}`;
}

/** "Trace: message" and the stack of the caller of `above`. */
export function traceText(message: string, above: (...args: never[]) => unknown): string {
    const holder: { stack?: string } = {};
    (Error as unknown as { captureStackTrace?(object: object, above: unknown): void }).captureStackTrace?.(
        holder,
        above,
    );
    const frames = parseStack(holder.stack ?? "");
    let text = message === "" ? "Trace" : `Trace: ${message}`;
    for (let i = 0; i < frames.length; i++) {
        text += `\n    at ${formatFrame(frames[i]!)}`;
    }
    return text;
}
