/*
 * tcp_server_permission.ts - the TCPServerPermission interface, the object behind navigator.tcpServerPermission.
 * Not here: the questions and their answers (core/permission.ts), the verdicts (C).
 * Spec: W3C TCP and UDP Socket API, "TCPServerPermission Interface".
 */
import { defineInterface } from "../../web/webidl.ts";
import { typeError } from "../core/errors.ts";
import { toPermissionOptions } from "../core/options.ts";
import {
    checkQuestions,
    listenQuestion,
    type PermissionState,
    type Question,
    request,
    stateOf,
} from "../core/permission.ts";

/** Lets this module, and nobody else, construct. */
const INTERNAL = {};

export class TCPServerPermission {
    readonly #brand = true;

    constructor(token: unknown = undefined) {
        if (token !== INTERNAL) {
            throw typeError("Illegal constructor");
        }
    }

    /** "Retrieves the permission state ... of the requesting webapp for creating a TCPServerSocket object" */

    async hasPermission(options: unknown = undefined): Promise<PermissionState> {
        this.#check();
        return stateOf(toQuestions(options));
    }

    /** "Requests permission to create a TCPServerSocket object" */
    async requestPermission(options: unknown = undefined): Promise<undefined> {
        this.#check();
        return request(toQuestions(options));
    }

    /** A receiver of another class is a TypeError. */
    #check(): boolean {
        return this.#brand;
    }
}

defineInterface(TCPServerPermission, "TCPServerPermission");

function toQuestions(options: unknown): Question[] {
    const converted = toPermissionOptions(options, "TCPServerPermission", true, false);
    checkQuestions(converted);
    return [listenQuestion(converted)];
}

/** The one object of this interface. */
export const tcpServerPermission: TCPServerPermission = new (
    TCPServerPermission as new (token: object) => TCPServerPermission
)(INTERNAL);
