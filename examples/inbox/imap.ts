// imap.ts - lists the newest mails of an IMAP mailbox and changes nothing in it.
// Spec: RFC 9051 and RFC 3501, which the commands here have in common.
import { clean } from "../shared/secure_connect.ts";
import { TextConnection } from "../shared/text_connection.ts";
import { type ImapResponse, type ImapValue, readResponse } from "./imap_response.ts";
import { type MailHeader, parseMailHeader } from "./mail_header.ts";
import { type MailList, type MailboxOptions, connectionOptions, plainLogin } from "./mailbox.ts";

/** Responses to one command: one for each mail, and what the server tells besides. */
const RESPONSES_MAX = 300;

/** One conversation: connects, logs in, lists, leaves. */
export async function listImap(options: MailboxOptions): Promise<MailList> {
    const connection = new TextConnection(options.server, connectionOptions(options));
    try {
        return await converse(connection, options);
    } finally {
        await connection.close();
    }
}

async function converse(connection: TextConnection, options: MailboxOptions): Promise<MailList> {
    let info = await connection.opened;
    const greeting = await readResponse(connection);
    // PREAUTH: nobody needs to log in, and STARTTLS is not possible any more. Nobody but an attacker would say so.
    if (greeting.tag !== "*" || !/^OK\b/i.test(greeting.text)) {
        throw new Error(`the server says: ${clean(greeting.text)}`);
    }
    let commands = 0;
    const command = async (text: string, ...goingOn: string[]): Promise<ImapResponse[]> => {
        commands += 1;
        return run(connection, `c${commands}`, [text, ...goingOn]);
    };
    if (options.security === "starttls") {
        if (!has(await command("CAPABILITY"), "STARTTLS")) {
            throw new Error("the server does not offer STARTTLS; the password was not sent");
        }
        await command("STARTTLS");
        info = await connection.startTls(options.tls);
    }
    options.report(info);
    // Asked for anew: what the server said before the encryption could have been changed on the way.
    if (!has(await command("CAPABILITY"), "AUTH=PLAIN")) {
        throw new Error("the server does not take passwords (AUTH=PLAIN)");
    }
    await command("AUTHENTICATE PLAIN", plainLogin(options));
    const opened = await command("EXAMINE INBOX"); // SELECT would mark mails as seen by somebody
    const total = Number(opened.map(({ text }) => /^(\d+) EXISTS$/i.exec(text)?.[1]).find(Boolean) ?? 0);
    const headers =
        total === 0
            ? []
            : (
                  await command(
                      `FETCH ${Math.max(1, total - options.count + 1)}:${total} (BODY.PEEK[HEADER.FIELDS (FROM DATE SUBJECT)])`,
                  )
              ).flatMap(fetched);
    await command("LOGOUT");
    return { total, headers: headers.sort((a, b) => b.number - a.number).map(({ header }) => header) };
}

/** Sends a command and, when the server asks to go on, the rest of it; the untagged responses. */
async function run(connection: TextConnection, tag: string, lines: string[]): Promise<ImapResponse[]> {
    const responses: ImapResponse[] = [];
    await connection.writeLine(`${tag} ${lines.shift() ?? ""}`);
    while (responses.length < RESPONSES_MAX) {
        const response = await readResponse(connection);
        if (response.tag === "+") {
            await connection.writeLine(lines.shift() ?? "*"); // "*" calls the command off
        } else if (response.tag === "*") {
            responses.push(response);
        } else if (response.tag === tag && /^OK\b/i.test(response.text)) {
            return responses;
        } else {
            throw new Error(`the server says: ${clean(response.text)}`);
        }
    }
    throw new Error("the server does not come to an end");
}

function has(responses: readonly ImapResponse[], capability: string): boolean {
    return responses.some(({ text }) => {
        const [first, ...capabilities] = text.toUpperCase().split(" ");
        return first === "CAPABILITY" && capabilities.includes(capability);
    });
}

/** "* 12 FETCH (BODY[HEADER.FIELDS …] {80}…)"; nothing for other responses. */
function fetched({ values }: ImapResponse): { number: number; header: MailHeader }[] {
    const [number, name, items] = values;
    if (typeof name !== "string" || name.toUpperCase() !== "FETCH" || !Array.isArray(items)) {
        return [];
    }
    const body = items.findIndex((item: ImapValue) => typeof item === "string" && /^BODY\[/i.test(item));
    const text = items[body + 1];
    return body === -1 || typeof text !== "string"
        ? []
        : [{ number: Number(number), header: parseMailHeader(text) }];
}
