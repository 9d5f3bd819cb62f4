// smtp_client.ts - the client's side of SMTP: one mail over one connection. Not here: what the mail looks like.
// Spec: RFC 5321.
import { type Endpoint } from "../shared/endpoint.ts";
import { readLines } from "../shared/lines.ts";

/** Milliseconds for the whole conversation. */
const TIME_MAX = 60_000;

export interface Mail {
    readonly from: string;
    readonly to: readonly string[];
    /** Headers, an empty line, text. */
    readonly lines: readonly string[];
}

export class SmtpClient {
    readonly #socket: TCPSocket;
    readonly #lines: AsyncGenerator<string, void, undefined>;

    constructor({ host, port }: Endpoint) {
        this.#socket = new TCPSocket(host, port, { signal: AbortSignal.timeout(TIME_MAX) });
        this.#lines = readLines(this.#socket.readable);
    }

    /** Hands a mail over; rejects with the server's words if it does not take it. */
    async send({ from, to, lines }: Mail): Promise<void> {
        await this.#expect(220);
        await this.#command(`EHLO [127.0.0.1]`, 250);
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
        await this.#socket.close().catch(() => undefined); // the mail's fate is known; how the connection ends is not of interest
    }

    async #command(line: string, expected: number): Promise<void> {
        await this.#socket.writable.write(`${line}\r\n`);
        await this.#expect(expected);
    }

    /** An answer has one or more lines "250-text"; the last one has a space instead of the hyphen. */
    async #expect(code: number): Promise<void> {
        for (;;) {
            const { value: line, done } = await this.#lines.next();
            if (done === true) {
                throw new Error("the server closed the connection");
            }
            if (!/^\d{3}(?:[ -]|$)/.test(line) || Number(line.slice(0, 3)) !== code) {
                throw new Error(`the server says: ${line}`);
            }
            if (line[3] !== "-") {
                return;
            }
        }
    }
}
