/*
 * udp_permission.ts - the UDPPermission interface, the object behind navigator.udpPermission.
 * Not here: the questions and their answers (core/permission.ts), the verdicts (C).
 * Spec: W3C TCP and UDP Socket API, "UDPPermission Interface".
 */
import { defineInterface } from "../../web/webidl.ts";
import { typeError } from "../core/errors.ts";
import { toPermissionOptions } from "../core/options.ts";
import {
    checkQuestions,
    udpQuestions,
    type PermissionState,
    type Question,
    request,
    stateOf,
} from "../core/permission.ts";

/** Lets this module, and nobody else, construct. */
const INTERNAL = {};

export class UDPPermission {
    readonly #brand = true;

    constructor(token: unknown = undefined) {
        if (token !== INTERNAL) {
            throw typeError("Illegal constructor");
        }
    }

    /** "Retrieves the permission state ... of the requesting webapp for creating a UDPSocket object" */

    async hasPermission(options: unknown = undefined): Promise<PermissionState> {
        this.#check();
        return stateOf(toQuestions(options));
    }

    /** "Requests permission to create a UDPSocket object" */
    async requestPermission(options: unknown = undefined): Promise<undefined> {
        this.#check();
        return request(toQuestions(options));
    }

    /** A receiver of another class is a TypeError. */
    #check(): boolean {
        return this.#brand;
    }
}

defineInterface(UDPPermission, "UDPPermission");

function toQuestions(options: unknown): Question[] {
    const converted = toPermissionOptions(options, "UDPPermission", true, true);
    checkQuestions(converted);
    return udpQuestions(converted);
}

/** The one object of this interface. */
export const udpPermission: UDPPermission = new UDPPermission(INTERNAL);
