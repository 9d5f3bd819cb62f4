/*
 * errors.ts - the one TypeScript place where the socket API makes errors: DOMExceptions with the names of the
 * W3C text, and TypeErrors. A system error that C made is passed on as it is, or renamed here.
 * Not here: what C throws itself (runtime/errors.c).
 * Spec: W3C TCP and UDP Socket API, the notes on error handling; Web IDL, exceptions.
 */
import { explain } from "cleat:native/permission";

const ErrorClass = globalThis.Error;
const TypeErrorClass = globalThis.TypeError;
const DOMExceptionClass = DOMException;
const { defineProperty, prototype: objectPrototype } = Object;
const { isPrototypeOf, hasOwnProperty } = objectPrototype;
const apply = Reflect.apply;

/** The names that this API uses. */
export type ErrorName =
    | "AbortError"
    | "InvalidAccessError"
    | "InvalidStateError"
    | "NetworkError"
    | "NotSupportedError"
    | "QuotaExceededError"
    | "SecurityError";

/** A DOMException; `code`, where given, is an own property with a stable upper-case name. */
export function domException(name: ErrorName, message: string, code?: string): DOMException {
    const error = new DOMExceptionClass(message, name);
    if (code !== undefined) {
        defineProperty(error, "code", { value: code, writable: true, enumerable: true, configurable: true });
    }
    return error;
}

/** A TypeError, for what Web IDL conversion refuses. */
export function typeError(message: string): TypeError {
    return new TypeErrorClass(message);
}

/** The SecurityError for a question that was not answered with "granted"; its text names the way to permit it. */
export function securityError(
    operation: string,
    host: string | null,
    port: number,
    interface_: string | number | null,
    secure: boolean,
): DOMException {
    return domException("SecurityError", explain(operation, host, port, interface_, secure));
}

/** For methods of a socket that is closed. */
export function closedError(what: string): DOMException {
    return domException("InvalidStateError", `${what}: the socket is closed`);
}

/** For what the app itself called off. */
export function abortError(what: string): DOMException {
    return domException("AbortError", what);
}

/** Whether a value is an error object. */
export function isError(value: unknown): value is Error {
    return typeof value === "object" && value !== null && apply(isPrototypeOf, ErrorClass.prototype, [value]);
}

/** The stable code of an error that C made, or "". */
export function codeOf(error: unknown): string {
    if (!isError(error) || !apply(hasOwnProperty, error, ["code"])) {
        return "";
    }
    const code = (error as Error & { code?: unknown }).code;
    return typeof code === "string" ? code : "";
}

/** What ends a socket that its app aborted: the reason if that is an error, else an AbortError. */
export function abortReason(reason: unknown, what: string): Error {
    return isError(reason) ? reason : abortError(what);
}

/* Codes of a bind or a route look-up that failed while a constructor ran: the arguments name an address that
 * is not this device's, or a peer that no interface leads to. The text wants InvalidAccessError for these. */
const WRONG_ADDRESS = ["EADDRNOTAVAIL", "EAFNOSUPPORT", "EHOSTUNREACH", "EINVAL", "ENETUNREACH", "ENODEV"];

/** Renames what a constructor's system call threw: InvalidAccessError where the arguments are at fault. */
export function constructorError(error: unknown): unknown {
    const code = codeOf(error);
    for (let i = 0; i < WRONG_ADDRESS.length; i++) {
        if (WRONG_ADDRESS[i] === code) {
            const renamed = domException("InvalidAccessError", (error as Error).message, code);
            const syscall = (error as Error & { syscall?: unknown }).syscall;
            if (typeof syscall === "string") {
                defineProperty(renamed, "syscall", {
                    value: syscall,
                    writable: true,
                    enumerable: true,
                    configurable: true,
                });
            }
            return renamed;
        }
    }
    return error;
}

/** Whether a value is an error of this name. */
export function isNamed(value: unknown, name: ErrorName): boolean {
    return isError(value) && value.name === name;
}

/** Whether an error is a NetworkError: what a constructor does not throw, but rejects its promises with. */
export function isNetworkError(error: unknown): boolean {
    return isNamed(error, "NetworkError");
}
