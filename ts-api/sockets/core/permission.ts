/*
 * permission.ts - turns the permission options of the socket API into questions for the permission gate, and
 * several answers into one. Verdicts fall in C; what is asked here orders errors and answers hasPermission().
 * Spec: W3C TCP and UDP Socket API, "UDPPermission Interface" to "TCPServerPermission Interface".
 */
import { interfaces } from "cleat:native/network";
import { any, ask, state } from "cleat:native/permission";
import { hostKind, isMulticast } from "cleat:native/resolver";
import { defer, type Deferred } from "./deferred.ts";
import { domException, securityError } from "./errors.ts";
import type { PermissionOptions, TcpPermissionOptions } from "./options.ts";

export type PermissionState = "granted" | "denied" | "prompt";

/**
 * One question: host null is any host, port -1 any port, port 0 of a local end one that the system chooses; secure, of
 * "tcp.connect": for TLS from the first byte on.
 */
export interface Question {
    readonly operation: string;
    readonly host: string | null;
    readonly port: number;
    readonly interface: string | number | null;
    readonly secure: boolean;
}

const ANY_PORT = -1;
const LIMITED_BROADCAST = "255.255.255.255";
const { apply } = Reflect;

const { push } = Array.prototype;

/** May a connection be made? With `secure`, one that is encrypted (TLS) from its first byte on. */
export function connectQuestion(options: PermissionOptions, secure: boolean): Question {
    return question("tcp.connect", options.remoteAddress, options.remotePort ?? ANY_PORT, secure);
}

/** May a TLS connection be made to a peer that nobody verifies? Comes beside the question for the connection. */
export function insecureQuestion(options: PermissionOptions): Question {
    return question("tls.insecure", options.remoteAddress, options.remotePort ?? ANY_PORT);
}

/** What permission for such a TCP socket means. */
export function tcpQuestions(options: TcpPermissionOptions): Question[] {
    const connect = connectQuestion(options, options.useSecureTransport);
    return options.rejectUnauthorized ? [connect] : [connect, insecureQuestion(options)];
}

/** May a server listen? A port left out is one that the system chooses. */
export function listenQuestion(options: PermissionOptions): Question {
    return question("tcp.listen", options.localAddress, options.localPort ?? 0);
}

/** What permission to create a UDP socket means: nothing given is to send anywhere; a group is also joined. */
export function udpQuestions(options: PermissionOptions): Question[] {
    const { localAddress, localPort, remoteAddress, remotePort } = options;
    const local = localAddress !== null || localPort !== null;
    const remote = remoteAddress !== null || remotePort !== null;
    const questions = udpUseQuestions(options, remote || !local);
    if (remoteAddress !== null && isGroup(remoteAddress)) {
        add(questions, question("multicast.join", remoteAddress, localPort ?? 0));
    }
    return questions;
}

/** What a UDP socket with these options does by being there: it is bound to the one end, and sends to the other. */
export function udpUseQuestions(options: PermissionOptions, remote: boolean): Question[] {
    const questions: Question[] = [];
    const { localAddress, localPort, remoteAddress, remotePort } = options;
    if (remote) {
        const port = remotePort ?? ANY_PORT;
        if (remoteAddress !== null && isGroup(remoteAddress)) {
            add(questions, question("multicast.send", remoteAddress, port));
        } else if (remoteAddress !== null && isBroadcast(remoteAddress)) {
            add(questions, question("broadcast", remoteAddress, port));
        } else {
            add(questions, question("udp.send", remoteAddress, port));
        }
    }
    if (localAddress !== null || localPort !== null) {
        add(questions, question("udp.bind", localAddress, localPort ?? 0));
    }
    return questions;
}

/** Whether anything at all is granted that a UDP socket without addresses could do. */
export function anyUdp(): boolean {
    return (
        any("udp.send") ||
        any("udp.bind") ||
        any("multicast.send") ||
        any("multicast.join") ||
        any("broadcast")
    );
}

/** The least of the answers: denied, prompt, granted. */
export function stateOf(questions: readonly Question[]): PermissionState {
    let result: PermissionState = "granted";
    for (let i = 0; i < questions.length; i++) {
        const answer = ask1(questions[i] as Question);
        if (answer === "denied") {
            return answer;
        }
        if (answer === "prompt") {
            result = answer;
        }
    }
    return result;
}

/** Throws the SecurityError for the first question that is not granted. */
export function requireGranted(questions: readonly Question[]): void {
    for (let i = 0; i < questions.length; i++) {
        const asked = questions[i] as Question;
        if (ask1(asked) !== "granted") {
            throw refusal(asked);
        }
    }
}

/** Asks the user for what is open; resolves when all of it is granted, rejects with SecurityError. */
export function request(questions: readonly Question[]): Promise<undefined> {
    const outcome = defer<undefined>();
    requestFrom(questions, 0, outcome);
    return outcome.promise;
}

/**
 * For an argument that is no host or no port: SecurityError if nothing of the operation is granted at all. Otherwise the
 * caller says what is wrong with the argument; no rule could cover it.
 */
export function requireAny(operation: string): void {
    if (!any(operation)) {
        throw securityError(operation, null, ANY_PORT, null, false);
    }
}

/** Hosts and ports that are none make the question an error (NaN ports, empty names). */
export function checkQuestions(options: PermissionOptions): void {
    checkPart(options.localAddress, options.localPort, "local");
    checkPart(options.remoteAddress, options.remotePort, "remote");
}

/** Whether an address is a multicast group. */
export function isGroup(host: string): boolean {
    const kind = hostKind(host);
    return (kind === "ipv4" || kind === "ipv6") && isMulticast(host);
}

function checkPart(host: string | null, port: number | null, side: string): void {
    if (host !== null && hostKind(host) === null) {
        throw domException("InvalidAccessError", `${side}Address is not a valid host name or address`);
    }
    if (port !== null && port !== port) {
        throw domException("InvalidAccessError", `${side}Port is not a valid port number`);
    }
}

function requestFrom(questions: readonly Question[], index: number, outcome: Deferred<undefined>): void {
    for (let i = index; i < questions.length; i++) {
        const asked = questions[i] as Question;
        const answer = ask1(asked);
        if (answer === "denied") {
            outcome.reject(refusal(asked));
            return;
        }
        if (answer === "prompt") {
            ask(asked.operation, asked.host, asked.port, asked.interface, asked.secure, (granted) => {
                if (granted) {
                    requestFrom(questions, i + 1, outcome);
                } else {
                    outcome.reject(refusal(asked));
                }
            });
            return;
        }
    }
    outcome.resolve(undefined);
}

function ask1(asked: Question): PermissionState {
    return state(asked.operation, asked.host, asked.port, asked.interface, asked.secure);
}

function refusal(asked: Question): DOMException {
    return securityError(asked.operation, asked.host, asked.port, asked.interface, asked.secure);
}

function question(operation: string, host: string | null, port: number, secure: boolean = false): Question {
    return { operation, host, port, interface: null, secure };
}

function add(questions: Question[], item: Question): void {
    apply(push, questions, [item]);
}

/** The limited broadcast address, or the one of a network that this device is on. */
function isBroadcast(host: string): boolean {
    if (host === LIMITED_BROADCAST) {
        return true;
    }
    if (hostKind(host) !== "ipv4") {
        return false;
    }
    const list = interfaces();
    for (let i = 0; i < list.length; i++) {
        const addresses = list[i]?.addresses ?? [];
        for (let j = 0; j < addresses.length; j++) {
            if (addresses[j]?.broadcast === host) {
                return true;
            }
        }
    }
    return false;
}
