// mailbox.ts - what a mailbox is for this app, whichever protocol reads it.
import { type Endpoint } from "../shared/endpoint.ts";
import { type Security } from "../shared/secure_connect.ts";
import { type MailHeader } from "./mail_header.ts";

/** Milliseconds for the whole conversation. */
export const TIME_MAX = 60_000;

export interface MailboxOptions {
    readonly server: Endpoint;
    readonly security: Exclude<Security, "plain">;
    readonly tls: TLSClientOptions;
    readonly user: string;
    readonly password: string;
    /** At most so many mails. */
    readonly count: number;
    /** Called with what is known about the connection as soon as it is encrypted, before the password is sent. */
    readonly report: (info: TCPSocketOpenInfo) => void;
}

export interface MailList {
    /** All mails in the mailbox. */
    readonly total: number;
    /** The newest ones, the newest first. */
    readonly headers: readonly MailHeader[];
}

/** The options for TextConnection. */
export function connectionOptions({ security, tls }: MailboxOptions): TCPOptions & { timeout: number } {
    return { timeout: TIME_MAX, ...(security === "tls" ? { ...tls, useSecureTransport: true } : {}) };
}

/** Name and password as the mechanism PLAIN wants them (RFC 4616). */
export function plainLogin({ user, password }: MailboxOptions): string {
    const bytes = new TextEncoder().encode(`\0${user}\0${password}`);
    return btoa(String.fromCharCode(...bytes));
}
