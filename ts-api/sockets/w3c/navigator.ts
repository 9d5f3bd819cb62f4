/*
 * navigator.ts - the Navigator interface: what the text adds to it, and nothing else.
 * Spec: W3C TCP and UDP Socket API, "Navigator Interface".
 */
import { defineInterface } from "../../web/webidl.ts";
import { typeError } from "../core/errors.ts";
import { type TCPPermission, tcpPermission } from "./tcp_permission.ts";
import { type TCPServerPermission, tcpServerPermission } from "./tcp_server_permission.ts";
import { type UDPPermission, udpPermission } from "./udp_permission.ts";

/** Lets this module, and nobody else, construct. */
const INTERNAL = {};

export class Navigator {
    readonly #udpPermission = udpPermission;
    readonly #tcpPermission = tcpPermission;
    readonly #tcpServerPermission = tcpServerPermission;

    constructor(token: unknown = undefined) {
        if (token !== INTERNAL) {
            throw typeError("Illegal constructor");
        }
    }

    /** Permission for access to UDPSocket. */
    get udpPermission(): UDPPermission {
        return this.#udpPermission;
    }

    /** Permission for access to TCPSocket. */
    get tcpPermission(): TCPPermission {
        return this.#tcpPermission;
    }

    /** Permission for access to TCPServerSocket. */
    get tcpServerPermission(): TCPServerPermission {
        return this.#tcpServerPermission;
    }
}

defineInterface(Navigator, "Navigator", ["udpPermission", "tcpPermission", "tcpServerPermission"]);

/** The global `navigator`. */
export const navigator: Navigator = new Navigator(INTERNAL);
