// smtp_client.ts - the client's side of SMTP: one mail over one connection, encrypted from its first byte or by STARTTLS.
// Not here: what the mail looks like.
// Spec: RFC 5321; STARTTLS: RFC 3207; AUTH PLAIN: RFC 4954, 4616.
import { type Endpoint } from "../shared/endpoint.ts";
import { type Security, clean } from "../shared/secure_connect.ts";
import { TextConnection } from "../shared/text_connection.ts";

/** Milliseconds for the whole conversation. */
const TIME_MAX = 60_000;
/** Lines of one answer; the longest is the one to EHLO, with one for each extension. */
const ANSWER_LINES_MAX = 100;

export interface Mail {
    readonly from: string;
    readonly to: readonly string[];
    /** Headers, an empty line, text. */
    readonly lines: readonly string[];
}
export interface Login {
    readonly user: string;
    readonly password: string;
}

export class SmtpClient {
    readonly #connection: TextConnection;
    readonly #security: Security;
    readonly #tls: TLSClientOptions;

    constructor(server: Endpoint, security: Security, tls: TLSClientOptions) {
        this.#security = security;
        this.#tls = tls;
        this.#connection = new TextConnection(server, {
            timeout: TIME_MAX,
            ...(security === "tls" ? { ...tls, useSecureTransport: true } : {}),
        });
    }

    /** Connects, and logs in where there is a login. `report` gets what is known about the connection. */
    async begin(login: Login | undefined, report: (info: TCPSocketOpenInfo) => void): Promise<void> {
        let info = await this.#connection.opened;
        // A device has no name that a server could look up; its address in brackets will do.
        const name = info.localAddress.includes(":") ? `IPv6:${info.localAddress}` : info.localAddress;
        await this.#answer(220);
        let extensions = await this.#command(`EHLO [${name}]`, 250);
        if (this.#security === "starttls") {
            if (!extensions.includes("STARTTLS")) {
                throw new Error("the server does not offer STARTTLS; nothing was sent");
            }
            await this.#command("STARTTLS", 220);
            info = await this.#connection.startTls(this.#tls);
            extensions = await this.#command(`EHLO [${name}]`, 250); // what it said before could have been changed
        }
        report(info);
        if (login !== undefined) {
            if (this.#security === "plain") {
                throw new Error("passwords are sent over encrypted connections only");
            }
            if (!extensions.some((line) => /^AUTH(?: \S+)* PLAIN(?: |$)/.test(line))) {
                throw new Error("the server does not take passwords (AUTH PLAIN)");
            }
            const bytes = new TextEncoder().encode(`\0${login.user}\0${login.password}`);
            await this.#command(`AUTH PLAIN ${btoa(String.fromCharCode(...bytes))}`, 235);
        }
    }

    /** Hands a mail over; rejects with the server's words if it does not take it. */
    async send({ from, to, lines }: Mail): Promise<void> {
        await this.#command(`MAIL FROM:<${from}>`, 250);
        for (const address of to) {
            await this.#command(`RCPT TO:<${address}>`, 250);
        }
        await this.#command("DATA", 354);
        // A line with a single dot ends the mail, so a dot at the start of a line is doubled.
        const text = lines.map((line) => `${line.replace(/^\./, "..")}\r\n`).join("");
        await this.#command(`${text}.`, 250);
        await this.#command("QUIT", 221);
    }

    async close(): Promise<void> {
        await this.#connection.close();
    }

    async #command(line: string, expected: number): Promise<string[]> {
        await this.#connection.writeLine(line);
        return this.#answer(expected);
    }

    /** The texts of an answer: one or more lines "250-text"; the last one has a space instead of the hyphen. */
    async #answer(code: number): Promise<string[]> {
        const texts: string[] = [];
        while (texts.length < ANSWER_LINES_MAX) {
            const line = await this.#connection.readLine();
            if (line === undefined) {
                throw new Error("the server closed the connection");
            }
            if (!/^\d{3}(?:[ -]|$)/.test(line) || Number(line.slice(0, 3)) !== code) {
                throw new Error(`the server says: ${clean(line)}`);
            }
            texts.push(line.slice(4).toUpperCase());
            if (line[3] !== "-") {
                return texts;
            }
        }
        throw new Error("the server does not come to an end");
    }
}
