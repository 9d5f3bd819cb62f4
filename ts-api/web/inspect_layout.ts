// inspect_layout.ts - entries of an object on one line, on lines of their own or in columns. Not here: the entries
// (inspect.ts).
import { ELEMENTS_MAX, LINE_WIDTH, type Inspection } from "./inspect_style.ts";
import { join, spaces, textWidth } from "./text_width.ts";

const { max, min, floor, round, sqrt } = Math;

/** Objects of at most this many levels may stand on one line. */
const ONE_LINE_HEIGHT = 3;

/** Puts entries between `start` and `end`: on one line if they fit, in columns if they are many and short. */
export function layOut(
    state: Inspection,
    output: string[],
    start: string,
    end: string,
    elements: ArrayLike<unknown> | undefined,
    height: number,
): string {
    let lines = output;
    if (elements !== undefined && output.length > 6) {
        lines = inColumns(state, output, elements);
    }
    if (lines === output && height < ONE_LINE_HEIGHT) {
        let width = textWidth(start) + output.length + state.indentation;
        let broken = false;
        for (let i = 0; i < output.length && !broken; i++) {
            width += textWidth(output[i]!) + 1;
            broken = width > LINE_WIDTH - 4 || hasLineBreak(output[i]!);
        }
        if (!broken && !hasLineBreak(start)) {
            return `${start} ${join(output, ", ")} ${end}`;
        }
    }
    const indentation = spaces(state.indentation);
    return `${start}\n${indentation}  ${join(lines, `,\n${indentation}  `)}\n${indentation}${end}`;
}

function hasLineBreak(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
        if (text[i] === "\n") {
            return true;
        }
    }
    return false;
}

/** Puts more than six short elements into columns. */
function inColumns(state: Inspection, output: string[], elements: ArrayLike<unknown>): string[] {
    const rest = elements.length > output.length && output.length > ELEMENTS_MAX ? 1 : 0;
    const count = output.length - rest;
    const widths: number[] = [];
    let total = 0;
    let widest = 0;
    for (let i = 0; i < count; i++) {
        const width = textWidth(output[i]!);
        if (hasLineBreak(output[i]!)) {
            return output;
        }
        widths[i] = width;
        total += width + 2;
        widest = max(widest, width);
    }
    const cell = widest + 2;
    if (!(cell * 3 + state.indentation < LINE_WIDTH && (total / cell > 5 || widest <= 6))) {
        return output;
    }
    // A block about two and a half times as wide as high, characters being higher than wide.
    const bias = max(cell - sqrt(cell - total / count) - 2, 1);
    const columns = min(
        round(sqrt(2.5 * bias * count) / bias),
        floor((LINE_WIDTH - state.indentation) / cell),
        15,
    );
    if (columns <= 1) {
        return output;
    }
    const columnWidths: number[] = [];
    for (let column = 0; column < columns; column++) {
        let width = 0;
        for (let i = column; i < count; i += columns) {
            width = max(width, widths[i]!);
        }
        columnWidths[column] = width;
    }
    const first = elements[0];
    const right = typeof first === "number" || typeof first === "bigint";
    const rows: string[] = [];
    for (let start = 0; start < count; start += columns) {
        const end = min(start + columns, count);
        let row = "";
        for (let i = start; i < end; i++) {
            const gap = spaces(columnWidths[i - start]! - widths[i]!);
            const last = i === end - 1;
            row += right ? gap + output[i]! : output[i]!;
            row += last ? "" : right ? ", " : `, ${gap}`;
        }
        rows[rows.length] = row;
    }
    if (rest > 0) {
        rows[rows.length] = output[count]!;
    }
    return rows;
}
