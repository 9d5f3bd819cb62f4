// table.ts - text in columns for a terminal. What is shown comes from the network, so control characters and others
// that move the cursor or reverse the writing direction are shown as "?".

/** One line per row, columns as wide as their widest text, two spaces in between. */
export function formatTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
    const lines = [titles, ...rows].map((row) =>
        row.map((text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?")),
    );
    const widths = titles.map((_, column) => Math.max(...lines.map((line) => length(line[column] ?? ""))));
    return lines
        .map((line) =>
            line
                .map((text, column) => text + " ".repeat((widths[column] ?? 0) - length(text)))
                .join("  ")
                .trimEnd(),
        )
        .join("\n");
}

/** In characters, not code units. */
function length(text: string): number {
    return [...text].length;
}
