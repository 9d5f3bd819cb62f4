// imap_response.ts - reads what an IMAP server sends: lines in which strings of any bytes may stand ("literals"), each
// announced by its length at the end of a line.
// Spec: RFC 9051, sections 4 (data formats) and 9 (formal syntax).
import { type TextConnection } from "../shared/text_connection.ts";

/** Bytes of one literal, and of all of them in one response: the headers that are asked for are far smaller. */
const LITERAL_BYTES_MAX = 16_384;
const RESPONSE_BYTES_MAX = 32_768;
/** Lists in lists. */
const DEPTH_MAX = 16;

/** A word, a quoted string or literal, or a list of these. */
export type ImapValue = string | ImapValue[];

export interface ImapResponse {
    /** "*": told without being asked. "+": go on. Otherwise the tag of the command that this is the end of. */
    readonly tag: string;
    /** The rest of the first line. */
    readonly text: string;
    /** What stands in text, taken apart; [] where it can't be, as in the words for people behind OK and NO. */
    readonly values: readonly ImapValue[];
}

/** The next response. */
export async function readResponse(connection: TextConnection): Promise<ImapResponse> {
    const parts: (string | Uint8Array)[] = [];
    for (let bytes = 0; bytes <= RESPONSE_BYTES_MAX;) {
        const line = await connection.readLine();
        if (line === undefined) {
            throw new Error("the server closed the connection");
        }
        parts.push(line);
        const literal = /\{(\d{1,10})\}$/.exec(line);
        if (literal === null) {
            return toResponse(parts);
        }
        const length = Number(literal[1]);
        if (length > LITERAL_BYTES_MAX) {
            break;
        }
        parts.push(await connection.readBytes(length));
        bytes += line.length + length;
    }
    throw new Error("the server sent more than a list of mails needs");
}

function toResponse(parts: readonly (string | Uint8Array)[]): ImapResponse {
    const [, tag = "", text = ""] = /^(\S+)(?: (.*))?$/.exec(String(parts[0])) ?? [];
    const isCondition = /^(?:OK|NO|BAD|BYE|PREAUTH)\b/i.test(text);
    return { tag, text, values: tag === "+" || isCondition ? [] : parseValues(tag, parts) };
}

/** Takes a response apart; a list that is not closed ends with the response. */
function parseValues(tag: string, parts: readonly (string | Uint8Array)[]): ImapValue[] {
    const top: ImapValue[] = [];
    const open: ImapValue[][] = [top];
    const add = (value: ImapValue): void => void open.at(-1)?.push(value);
    for (const [index, part] of parts.entries()) {
        if (typeof part !== "string") {
            add(new TextDecoder().decode(part));
            continue;
        }
        const line = (index === 0 ? part.slice(tag.length) : part).replace(/\{\d+\}$/, "");
        // A word may have a part in brackets, with blanks and lists in it: BODY[HEADER.FIELDS (FROM)]
        for (const [token] of line.matchAll(/"(?:[^"\\]|\\.)*"|[()]|(?:[^\s()"[]|\[[^\]]*\]?)+/g)) {
            if (token === "(") {
                if (open.length > DEPTH_MAX) {
                    throw new Error("the server sent lists in lists without end");
                }
                const list: ImapValue[] = [];
                add(list);
                open.push(list);
            } else if (token === ")") {
                if (open.length > 1) {
                    open.pop();
                }
            } else {
                add(token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/g, "$1") : token);
            }
        }
    }
    return top;
}
