/*
 * tcp_permission.ts - the TCPPermission interface, the object behind navigator.tcpPermission.
 * Not here: the questions and their answers (core/permission.ts), the verdicts (C).
 * Spec: W3C TCP and UDP Socket API, "TCPPermission Interface".
 */
import { defineInterface } from "../../web/webidl.ts";
import { typeError } from "../core/errors.ts";
import { toTcpPermissionOptions } from "../core/options.ts";
import {
    checkQuestions,
    type PermissionState,
    type Question,
    request,
    stateOf,
    tcpQuestions,
} from "../core/permission.ts";

/** Lets this module, and nobody else, construct. */
const INTERNAL = {};

export class TCPPermission {
    readonly #brand = true;

    constructor(token: unknown = undefined) {
        if (token !== INTERNAL) {
            throw typeError("Illegal constructor");
        }
    }

    /** "Retrieves the permission state ... of the requesting webapp for creating a TCPSocket object" */

    async hasPermission(options: unknown = undefined): Promise<PermissionState> {
        this.#check();
        return stateOf(toQuestions(options));
    }

    /** "Requests permission to create a TCPSocket object" */
    async requestPermission(options: unknown = undefined): Promise<undefined> {
        this.#check();
        return request(toQuestions(options));
    }

    /** A receiver of another class is a TypeError. */
    #check(): boolean {
        return this.#brand;
    }
}

defineInterface(TCPPermission, "TCPPermission");

function toQuestions(options: unknown): Question[] {
    const converted = toTcpPermissionOptions(options, "TCPPermission");
    checkQuestions(converted);
    return tcpQuestions(converted);
}

/** The one object of this interface. */
export const tcpPermission: TCPPermission = new TCPPermission(INTERNAL);
