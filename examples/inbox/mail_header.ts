// mail_header.ts - the header of a mail: who, when, about what. Not here: bodies.
// Spec: RFC 5322; words in other alphabets: RFC 2047.

/** What the list shows. A field that is missing is "". */
export interface MailHeader {
    readonly from: string;
    /** As the sender wrote it: "Tue, 24 Nov 2026 13:20:49 +0000". */
    readonly date: string;
    readonly subject: string;
}

/** Reads a header; lines that make no sense are left out, as every mail program does. */
export function parseMailHeader(text: string): MailHeader {
    const fields = new Map<string, string>();
    const [header = ""] = text.split(/\r?\n\r?\n/, 1);
    for (const line of header.replace(/\r?\n(?=[ \t])/g, "").split(/\r?\n/)) {
        const [, name, value = ""] = /^([!-9;-~]+)[ \t]*:(.*)$/.exec(line) ?? [];
        if (name !== undefined && !fields.has(name.toLowerCase())) {
            fields.set(name.toLowerCase(), decodeWords(value.trim()));
        }
    }
    const field = (name: string): string => fields.get(name) ?? "";
    return { from: field("from"), date: field("date"), subject: field("subject") };
}

/** Replaces "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=" by "Grüße"; words in an encoding that there is no decoder for stay. */
export function decodeWords(text: string): string {
    const word = /=\?([\w-]+)(?:\*[\w-]+)?\?([bq])\?([!->@-~]*)\?=/gi;
    // White space between two of them is not part of the text, and a letter may be torn in two.
    const joined = text.replace(/(\?=)[ \t]+(?==\?[\w*-]+\?[bq]\?)/gi, "$1");
    let result = "";
    let done = 0;
    let pending: { charset: string; bytes: number[] } | undefined;
    const flush = (): void => {
        result += pending === undefined ? "" : decoder(pending.charset).decode(new Uint8Array(pending.bytes));
        pending = undefined;
    };
    for (const match of joined.matchAll(word)) {
        const [whole, charset = "", encoding = "", content = ""] = match;
        const bytes = isKnown(charset) ? wordBytes(encoding, content) : undefined;
        if (match.index > done || bytes === undefined || pending?.charset !== charset) {
            flush();
        }
        result += joined.slice(done, match.index);
        if (bytes === undefined) {
            result += whole;
        } else {
            pending ??= { charset, bytes: [] };
            pending.bytes.push(...bytes);
        }
        done = match.index + whole.length;
    }
    flush();
    return result + joined.slice(done);
}

/** The bytes of a word; undefined if it is not written as it says. */
function wordBytes(encoding: string, content: string): number[] | undefined {
    const text =
        encoding.toLowerCase() === "b"
            ? base64Text(content)
            : content
                  .replaceAll("_", " ")
                  .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    return text === undefined ? undefined : [...text].map((character) => character.charCodeAt(0));
}

function base64Text(content: string): string | undefined {
    try {
        return atob(content);
    } catch {
        return undefined;
    }
}

function decoder(charset: string): TextDecoder {
    return new TextDecoder(charset);
}

function isKnown(charset: string): boolean {
    try {
        return decoder(charset) instanceof TextDecoder;
    } catch {
        return false;
    }
}
