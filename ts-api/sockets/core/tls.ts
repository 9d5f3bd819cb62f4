/*
 * tls.ts - the way to "cleat:sockets/tls", which sockets without TLS never load, and the check that no option of TLS is
 * given to one. Not here: what the options are (tls_settings.ts).
 */
import { builtin } from "cleat:native/runtime";
import { type Dictionary, member } from "./convert.ts";
import { typeError } from "./errors.ts";
import type * as Tls from "./tls_settings.ts";

export type { TlsOptions, TlsSettings } from "./tls_settings.ts";

/** The members of the options that are about TLS, in lexicographical order. */
const TLS_MEMBERS = [
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

/** The TLS members of a dictionary. */
export function toTlsOptions(from: Dictionary): Tls.TlsOptions {
    return (builtin("cleat:sockets/tls", "toTlsOptions") as typeof Tls.toTlsOptions)(from);
}

/** What a connection needs; `host` is whom a client connects to, null for a server. */
export function newTlsSettings(options: Tls.TlsOptions, host: string | null): Tls.TlsSettings {
    return (builtin("cleat:sockets/tls", "newTlsSettings") as typeof Tls.newTlsSettings)(options, host);
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
