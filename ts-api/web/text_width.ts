// text_width.ts - what inspected text needs of strings: quoting, escaping what a terminal could obey, width in columns,
// padding. Loops always end, whatever an app made of String.prototype. Not here: layout (inspect.ts).

export function unitAt(text: string, index: number): number {
    return text.charCodeAt(index);
}

export function sliceText(text: string, start: number, end?: number): string {
    return text.slice(start, end);
}

/** Control characters, lone surrogates, and what changes the direction of text or is invisible. */
function mustEscape(unit: number, text: string, index: number): boolean {
    if (unit < 0xd800) {
        return (
            unit < 0x20 ||
            (unit >= 0x7f && unit < 0xa0) ||
            (unit >= 0x2000 &&
                ((unit >= 0x200e && unit <= 0x200f) ||
                    (unit >= 0x2028 && unit <= 0x202e) ||
                    (unit >= 0x2066 && unit <= 0x2069)))
        );
    }
    if (unit <= 0xdbff) {
        const next = unitAt(text, index + 1);
        return !(next >= 0xdc00 && next <= 0xdfff);
    }
    if (unit <= 0xdfff) {
        const previous = index > 0 ? unitAt(text, index - 1) : 0;
        return !(previous >= 0xd800 && previous <= 0xdbff);
    }
    return unit === 0xfeff;
}

function hex(value: number, digits: number): string {
    let text = "";
    for (let shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
        text += "0123456789ABCDEF"[(value >> shift) & 15]!;
    }
    return text;
}

function escapeOf(unit: number): string {
    switch (unit) {
        case 8:
            return "\\b";
        case 9:
            return "\\t";
        case 10:
            return "\\n";
        case 12:
            return "\\f";
        case 13:
            return "\\r";
        default:
            return unit < 0x100 ? `\\x${hex(unit, 2)}` : `\\u${hex(unit, 4)}`;
    }
}

/** Escapes as in a string literal; `keep` stays as it is, `quote` (a code unit) and the backslash are escaped. */
function escape(text: string, quote: number, keepLines: boolean): string {
    let result = "";
    let start = 0;
    for (let i = 0; i < text.length; i++) {
        const unit = unitAt(text, i);
        let replacement: string;
        if (quote !== 0 && (unit === quote || unit === 92)) {
            replacement = `\\${text[i]!}`;
        } else if (mustEscape(unit, text, i) && !(keepLines && (unit === 9 || unit === 10))) {
            replacement = escapeOf(unit);
        } else {
            continue;
        }
        result += sliceText(text, start, i) + replacement;
        start = i + 1;
    }
    return start === 0 ? text : result + sliceText(text, start);
}

/** Text that can't do anything to a terminal but move to the next line. */
export function printable(text: string): string {
    return escape(text, 0, true);
}

/** A string literal in the quotes that need the fewest escapes. */
export function quoted(text: string): string {
    let single = false;
    let double = false;
    let backtick = false;
    for (let i = 0; i < text.length; i++) {
        const unit = unitAt(text, i);
        single ||= unit === 39;
        double ||= unit === 34;
        backtick ||= unit === 96 || unit === 36;
    }
    const quote = !single ? "'" : !double ? '"' : !backtick ? "`" : "'";
    return quote + escape(text, unitAt(quote, 0), false) + quote;
}

export function isIdentifier(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
        const unit = unitAt(text, i);
        const letter =
            (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || unit === 95 || unit === 36;
        if (!letter && !(i > 0 && unit >= 48 && unit <= 57)) {
            return false;
        }
    }
    return text.length > 0;
}

/** Columns on a terminal: two for East Asian wide characters and emoji, none for combining marks and colours. */
export function textWidth(text: string): number {
    let width = 0;
    for (let i = 0; i < text.length; i++) {
        const unit = unitAt(text, i);
        if (unit < 0x300) {
            if (unit === 27 && text[i + 1] === "[") {
                while (i < text.length && text[i] !== "m") {
                    i++;
                }
            } else {
                width++;
            }
            continue;
        }
        const code = text.codePointAt(i)!;
        if (code > 0xffff) {
            i++;
        }
        width += isZeroWidth(code) ? 0 : isWide(code) ? 2 : 1;
    }
    return width;
}

function isZeroWidth(code: number): boolean {
    return (
        code <= 0x36f ||
        (code >= 0x200b && code <= 0x200f) ||
        (code >= 0x20d0 && code <= 0x20ff) ||
        (code >= 0xfe00 && code <= 0xfe0f) ||
        (code >= 0xfe20 && code <= 0xfe2f) ||
        (code >= 0xe0100 && code <= 0xe01ef)
    );
}

function isWide(code: number): boolean {
    return (
        code >= 0x1100 &&
        (code <= 0x115f ||
            (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
            (code >= 0xac00 && code <= 0xd7a3) ||
            (code >= 0xf900 && code <= 0xfaff) ||
            (code >= 0xfe30 && code <= 0xfe6f) ||
            (code >= 0xff00 && code <= 0xff60) ||
            (code >= 0xffe0 && code <= 0xffe6) ||
            (code >= 0x1f300 && code <= 0x1f64f) ||
            (code >= 0x1f900 && code <= 0x1f9ff) ||
            (code >= 0x20000 && code <= 0x3fffd))
    );
}

export function spaces(count: number): string {
    let text = "";
    for (let i = 0; i < count; i++) {
        text += " ";
    }
    return text;
}

/** Adds spaces on the right up to a width. */
export function padded(text: string, width: number): string {
    return text + spaces(width - textWidth(text));
}

export function join(parts: readonly string[], separator: string): string {
    let text = "";
    for (let i = 0; i < parts.length; i++) {
        text += (i > 0 ? separator : "") + parts[i]!;
    }
    return text;
}
