// pop3.ts - lists the newest mails of a POP3 mailbox and changes nothing in it.
// Spec: RFC 1939; CAPA: RFC 2449; STLS: RFC 2595.
import { clean } from "../shared/secure_connect.ts";
import { TextConnection } from "../shared/text_connection.ts";
import { type MailHeader, parseMailHeader } from "./mail_header.ts";
import { type MailList, type MailboxOptions, connectionOptions } from "./mailbox.ts";

/** Characters of an answer of several lines. */
const TEXT_MAX = 262_144;

/** One conversation: connects, logs in, lists, leaves. */
export async function listPop3(options: MailboxOptions): Promise<MailList> {
    const connection = new TextConnection(options.server, connectionOptions(options));
    try {
        return await converse(connection, options);
    } finally {
        await connection.close();
    }
}

async function converse(connection: TextConnection, options: MailboxOptions): Promise<MailList> {
    const command = async (line: string): Promise<string> => {
        await connection.writeLine(line);
        return readStatus(connection);
    };
    let info = await connection.opened;
    await readStatus(connection);
    if (options.security === "starttls") {
        await command("CAPA");
        if (!/^STLS$/im.test(await readText(connection))) {
            throw new Error("the server does not offer STLS; the password was not sent");
        }
        await command("STLS");
        info = await connection.startTls(options.tls);
    }
    options.report(info);
    await command(`USER ${options.user}`);
    await command(`PASS ${options.password}`);
    const total = Number(/^\d+/.exec(await command("STAT"))?.[0] ?? 0);
    const headers: MailHeader[] = [];
    for (let number = total; number > 0 && headers.length < options.count; number--) {
        await command(`TOP ${number} 0`);
        headers.push(parseMailHeader(await readText(connection)));
    }
    await command("QUIT");
    return { total, headers };
}

/** "+OK text" or "-ERR text". */
async function readStatus(connection: TextConnection): Promise<string> {
    const line = await readLine(connection);
    const [, text] = /^\+OK ?(.*)$/i.exec(line) ?? [];
    if (text === undefined) {
        throw new Error(`the server says: ${clean(line)}`);
    }
    return text;
}

/** Lines up to one with a single dot; a dot at the start of another one was doubled. */
async function readText(connection: TextConnection): Promise<string> {
    let text = "";
    while (text.length <= TEXT_MAX) {
        const line = await readLine(connection);
        if (line === ".") {
            return text;
        }
        text += `${line.replace(/^\./, "")}\n`;
    }
    throw new Error("the server sent more than a list of mails needs");
}

async function readLine(connection: TextConnection): Promise<string> {
    const line = await connection.readLine();
    if (line === undefined) {
        throw new Error("the server closed the connection");
    }
    return line;
}
