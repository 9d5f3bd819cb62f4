/*
 * tls.ts - the TLS members of the option dictionaries, and what they become, a native context. Not here: connections
 * (tcp_connection.ts), parsing of certificates and keys and all verdicts (C).
 * Spec: W3C TCP and UDP Socket API, `useSecureTransport`, which leaves the rest open; the members carry the names that
 * they have elsewhere (docs/tls.md).
 */
import { hostKind } from "cleat:native/resolver";
import { write } from "cleat:native/runtime";
import { createTlsContext, isClockWrong, type TlsContext } from "cleat:native/tls";
import { Event, fire, type EventTarget } from "../../web/events.ts";
import { toBytes } from "./bytes.ts";
import { type Dictionary, member, textOrNull, toBoolean, toEnum, toInteger, toText } from "./convert.ts";
import { domException, typeError } from "./errors.ts";

/** Milliseconds: patience for a peer that does not finish its handshake. */
const HANDSHAKE_TIMEOUT = 30_000;
const HANDSHAKE_TIMEOUT_MAX = 600_000;
/** Items of one list: what C takes. */
const LIST_MAX = 256;

const { isArray } = Array;
const { apply } = Reflect;
const { indexOf, push } = Array.prototype;

const CLIENT_AUTH = ["none", "request", "require"] as const;
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

/** The members of the options that are about TLS, in lexicographical order. */
export const TLS_MEMBERS = [
    "alpn",
    "ca",
    "cert",
    "clientAuth",
    "crl",
    "handshakeTimeout",
    "key",
    "minVersion",
    "passphrase",
    "pins",
    "rejectUnauthorized",
    "serverName",
];

/** The TLS members of TCPOptions, TCPServerOptions and the options of startTls(). */
export interface TlsOptions {
    readonly alpn: readonly string[];
    readonly ca: readonly Uint8Array[];
    readonly cert: readonly Uint8Array[];
    readonly clientAuth: number;
    readonly crl: readonly Uint8Array[];
    readonly handshakeTimeout: number;
    readonly key: Uint8Array | null;
    readonly passphrase: Uint8Array | null;
    readonly pins: readonly string[];
    readonly rejectUnauthorized: boolean;
    readonly serverName: string | null;
    readonly tls13Only: boolean;
}

/** What a connection needs. */
export interface TlsSettings {
    readonly context: TlsContext;
    /** Of the peer's certificate; a server has "". */
    readonly serverName: string;
    readonly handshakeTimeout: number;
}

/** Reads each member once. */
export function toTlsOptions(from: Dictionary): TlsOptions {
    return {
        alpn: toTexts(member(from, "alpn"), "alpn"),
        ca: toInputs(member(from, "ca"), "ca"),
        cert: toInputs(member(from, "cert"), "cert"),
        clientAuth: apply(indexOf, CLIENT_AUTH, [
            toEnum(member(from, "clientAuth"), "clientAuth", CLIENT_AUTH, "none"),
        ]) as number,
        crl: toInputs(member(from, "crl"), "crl"),
        handshakeTimeout: toInteger(
            member(from, "handshakeTimeout"),
            "handshakeTimeout",
            1,
            HANDSHAKE_TIMEOUT_MAX,
            HANDSHAKE_TIMEOUT,
        ),
        key: toInput(member(from, "key"), "key"),
        passphrase: toInput(member(from, "passphrase"), "passphrase"),
        pins: toTexts(member(from, "pins"), "pins"),
        rejectUnauthorized: toBoolean(member(from, "rejectUnauthorized"), true),
        serverName: textOrNull(member(from, "serverName")),
        tls13Only: toEnum(member(from, "minVersion"), "minVersion", VERSIONS, "TLSv1.2") === "TLSv1.3",
    };
}

/**
 * Parses certificates and keys; throws InvalidAccessError for what can't be used. `host`: whom a client connects to;
 * null: a server.
 */
export function newTlsSettings(options: TlsOptions, host: string | null): TlsSettings {
    const isServer = host === null;
    if (options.serverName !== null && hostKind(options.serverName) === null) {
        throw domException("InvalidAccessError", "serverName is not a host name or address", "EINVAL");
    }
    const context = createTlsContext({ ...options, isServer });
    if (!isServer || options.clientAuth !== 0) {
        warnOfClock();
    }
    return {
        context,
        serverName: isServer ? "" : (options.serverName ?? host),
        handshakeTimeout: options.handshakeTimeout,
    };
}

/** Who names an authority or a pin means to be safe: without TLS that must not pass in silence. */
export function refuseTlsOptions(from: Dictionary): null {
    if (from !== null) {
        for (let i = 0; i < TLS_MEMBERS.length; i++) {
            const name = TLS_MEMBERS[i] as string;
            if (member(from, name) !== undefined) {
                throw typeError(name + " needs useSecureTransport: true");
            }
        }
    }
    return null;
}

let warned = false;

/** Certificates are about to be checked while the clock is certainly wrong: said once. */
function warnOfClock(): void {
    if (warned || !isClockWrong()) {
        return;
    }
    warned = true;
    const message =
        "the system clock is earlier than the build of this program; certificates are checked against the time of the " +
        "build until the clock is set";
    const event = new Event("warning", { cancelable: true }) as Event & { code: string; message: string };
    event.code = "CLOCK_BEFORE_BUILD";
    event.message = message;
    if (fire(globalThis as unknown as EventTarget, event)) {
        write(2, "Warning: " + message + "\n");
    }
}

/** PEM as text, or bytes. */
function toInput(value: unknown, what: string): Uint8Array | null {
    if (value === undefined || value === null) {
        return null;
    }
    return toBytes(value, what) as Uint8Array;
}

function toInputs(value: unknown, what: string): Uint8Array[] {
    const inputs: Uint8Array[] = [];
    const add = (item: unknown): void => {
        apply(push, inputs, [toBytes(item, what)]);
    };
    if (value === undefined || value === null) {
        return inputs;
    }
    if (isArray(value)) {
        each(value, what, add);
    } else {
        add(value);
    }
    return inputs;
}

function toTexts(value: unknown, what: string): string[] {
    const texts: string[] = [];
    if (value === undefined || value === null) {
        return texts;
    }
    if (!isArray(value)) {
        throw typeError(what + " must be an array of strings");
    }
    each(value, what, (item) => {
        apply(push, texts, [toText(item)]);
    });
    return texts;
}

function each(list: readonly unknown[], what: string, visit: (item: unknown) => void): void {
    const { length } = list;
    if (length > LIST_MAX) {
        throw typeError(what + " has too many items");
    }
    for (let i = 0; i < length; i++) {
        visit(list[i]);
    }
}
