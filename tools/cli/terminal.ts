// terminal.ts - text for terminals: tables, sizes, and strings of unknown origin made visible.

/** Characters that could change what a terminal shows around them: controls, bidirectional and invisible ones. */
const unsafe = /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/g;

/** The same text, with such characters spelt as \u{…}. */
export function visible(text: string): string {
    return text.replace(unsafe, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

/** Rows of cells under headings, columns two spaces apart; `right` names the columns of numbers. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
    const widths: number[] = [];
    for (const row of rows) {
        for (const [column, cell] of row.entries()) {
            widths[column] = Math.max(widths[column] ?? 0, cell.length);
        }
    }
    return rows
        .map((row) =>
            row
                .map((cell, column) => {
                    const width = widths[column] ?? 0;
                    return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
                })
                .join("  ")
                .trimEnd(),
        )
        .join("\n");
}

/** "1 file", "2 files" */
export function count(number: number, noun: string): string {
    return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
