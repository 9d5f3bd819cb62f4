// scope_model.ts - the part of the permission model that is about sets: what rules and questions hold, cover and have in
// common, and how the parts of a rule are read (docs/permissions.md, "Rules", "The three states"). See permission_model.ts.
import {
    type Address,
    type AddressClass,
    type Block,
    type FindInterface,
    behind,
    block,
    classBlocks,
    classify,
    isMapped,
    mapped,
    parseHost,
    parseIPv4,
    parseIPv6,
} from "./host_model.ts";

export type Operation =
    | "tcp.connect"
    | "tcp.listen"
    | "udp.send"
    | "udp.bind"
    | "multicast.join"
    | "multicast.send"
    | "broadcast"
    | "tls.insecure";

export const operations: readonly Operation[] = [
    "tcp.connect",
    "tcp.listen",
    "udp.send",
    "udp.bind",
    "multicast.join",
    "multicast.send",
    "broadcast",
    "tls.insecure",
];

export const everyClass: readonly AddressClass[] = [
    "public",
    "local",
    "link-local",
    "loopback",
    "multicast",
    "broadcast",
    "reserved",
];

// Sets ----------------------------------------------------------------------------------------------------------

/** Which hosts: "any" holds names and addresses. */
export type Hosts =
    | { readonly kind: "any" }
    | { readonly kind: "name"; readonly labels: readonly string[] }
    | { readonly kind: "below"; readonly labels: readonly string[] }
    | ({ readonly kind: "block" } & Block);

/** A rule or a question. */
export interface Scope {
    readonly operations: ReadonlySet<Operation>;
    readonly hosts: Hosts;
    readonly ports: readonly [number, number];
    /** null: any; a name that no interface bears is "?". */
    readonly interface: number | "?" | null;
    /** Of a rule: what it permits. */
    readonly classes: ReadonlySet<AddressClass>;
    /** Which connections: those that are encrypted from the first byte, and those that are not. */
    readonly transports: ReadonlySet<Transport>;
}

export type Transport = "tls" | "plain";
export const onlyTls: ReadonlySet<Transport> = new Set<Transport>(["tls"]);
export const eitherTransport: ReadonlySet<Transport> = new Set<Transport>(["tls", "plain"]);

export const everything: readonly [number, number] = [0, 65535];
export const allClasses: ReadonlySet<AddressClass> = new Set(everyClass);

function endsWith(labels: readonly string[], tail: readonly string[]): boolean {
    return (
        labels.length >= tail.length &&
        tail.every((label, i) => labels[labels.length - tail.length + i] === label)
    );
}

function hostsCover(outer: Hosts, inner: Hosts): boolean {
    if (outer.kind === "any") {
        return true;
    }
    if (outer.kind === "block") {
        return (
            inner.kind === "block" &&
            outer.family === inner.family &&
            outer.first <= inner.first &&
            inner.last <= outer.last
        );
    }
    if (inner.kind === "any" || inner.kind === "block") {
        return false;
    }
    if (outer.kind === "name") {
        return (
            inner.kind === "name" &&
            inner.labels.length === outer.labels.length &&
            endsWith(inner.labels, outer.labels)
        );
    }
    const deeper = inner.labels.length > outer.labels.length;
    return endsWith(inner.labels, outer.labels) && (deeper || inner.kind === "below");
}

function hostsMeet(a: Hosts, b: Hosts): boolean {
    if (a.kind === "block" && b.kind === "block") {
        return a.family === b.family && a.first <= b.last && b.first <= a.last;
    }
    return hostsCover(a, b) || hostsCover(b, a);
}

/** Joining from a port that the system chose: the port of a rule does not matter. */
function isEphemeralJoin(query: Scope): boolean {
    return query.operations.size === 1 && query.operations.has("multicast.join") && query.ports[1] === 0;
}

/** Whether a rule covers a question, classes left aside. */
export function covers(rule: Scope, query: Scope): boolean {
    return (
        [...query.operations].every((operation) => rule.operations.has(operation)) &&
        [...query.transports].every((transport) => rule.transports.has(transport)) &&
        hostsCover(rule.hosts, query.hosts) &&
        (isEphemeralJoin(query) || (rule.ports[0] <= query.ports[0] && query.ports[1] <= rule.ports[1])) &&
        (rule.interface === null || (rule.interface === query.interface && rule.interface !== "?"))
    );
}

/** Whether they have anything in common, classes left aside. */
export function meets(rule: Scope, query: Scope): boolean {
    return (
        [...query.operations].some((operation) => rule.operations.has(operation)) &&
        hostsMeet(rule.hosts, query.hosts) &&
        (isEphemeralJoin(query) || (rule.ports[0] <= query.ports[1] && query.ports[0] <= rule.ports[1])) &&
        (rule.interface === null ||
            query.interface === null ||
            (rule.interface === query.interface && rule.interface !== "?"))
    );
}

export const isLocal = (operation: Operation): boolean =>
    operation === "tcp.listen" || operation === "udp.bind";
export const takesNames = (operation: Operation): boolean =>
    operation === "tcp.connect" || operation === "udp.send" || operation === "tls.insecure";

/** The hosts that a single address stands for. */
export function hostsOf(operation: Operation, { family, value }: Address): Hosts {
    if (value === 0n && isLocal(operation)) {
        return family === 6 ? { kind: "any" } : { kind: "block", family: 4, first: 0n, last: 0xffffffffn };
    }
    const at = value === 0n && takesNames(operation) ? (family === 4 ? 0x7f000001n : 1n) : value;
    return { kind: "block", family, first: at, last: at };
}

/** Where tls.insecure is possible at all. */
export const nearClasses: ReadonlySet<AddressClass> = new Set<AddressClass>([
    "local",
    "link-local",
    "loopback",
]);

/** Whether an address is near, and not only the other end of a gateway to something that is. */
export function isNear(address: Address): boolean {
    return behind(address) === null && nearClasses.has(classify(address));
}

/** Whether a network lies in what is near: in one entry of the table. */
function isNearBlock(hosts: Hosts): boolean {
    return (
        hosts.kind !== "block" ||
        (isNear({ family: hosts.family, value: hosts.first, zone: 0 }) &&
            classBlocks.some(
                ([table, name]) =>
                    nearClasses.has(name) &&
                    table.family === hosts.family &&
                    table.first <= hosts.first &&
                    hosts.last <= table.last,
            ))
    );
}

export function possible(operation: Operation, addressClass: AddressClass): boolean {
    if (operation === "tls.insecure") {
        return nearClasses.has(addressClass);
    }
    const group = addressClass === "multicast";
    if (operation === "multicast.join" || operation === "multicast.send") {
        return group;
    }
    if (operation === "udp.bind") {
        return true;
    }
    return !group && (addressClass !== "broadcast" || operation === "broadcast");
}

export function usualClasses(labels: readonly string[]): ReadonlySet<AddressClass> {
    const last = labels[labels.length - 1];
    if (last === "local") {
        return new Set<AddressClass>(["local", "link-local"]);
    }
    return new Set<AddressClass>([last === "localhost" ? "loopback" : "public"]);
}

// Rules ---------------------------------------------------------------------------------------------------------

export function parsePort(text: string): readonly [number, number] | null {
    if (text === "*") {
        return everything;
    }
    const match = /^(0|[1-9][0-9]{0,4})(?:-(0|[1-9][0-9]{0,4}))?$/.exec(text);
    if (match === null) {
        return null;
    }
    const low = Number(match[1]);
    const high = match[2] === undefined ? low : Number(match[2]);
    return low <= high && high <= 65535 ? [low, high] : null;
}

/** Splits "HOST:PORT"; brackets are taken off. */
export function splitTarget(text: string): { host: string; port: string } | null {
    const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
    if (bracketed !== null) {
        const host = bracketed[1] ?? "";
        return host.includes(":") ? { host, port: bracketed[2] ?? "*" } : null;
    }
    const parts = text.split(":");
    if (text.startsWith("[") || (parts[0] === "" && parts.length === 2)) {
        return null;
    }
    return parts.length === 2 ? { host: parts[0] ?? "", port: parts[1] ?? "" } : { host: text, port: "*" };
}

function parseNetwork(text: string): Hosts | null {
    const [start = "", prefixText = "", more] = text.split("/");
    const v6 = start.includes(":");
    if (more !== undefined || !/^(0|[1-9][0-9]{0,2})$/.test(prefixText)) {
        return null;
    }
    let prefix = Number(prefixText);
    let family: 4 | 6 = v6 ? 6 : 4;
    let value = v6 ? parseIPv6(start) : parseIPv4(start);
    if (value === null || prefix > (v6 ? 128 : 32)) {
        return null;
    }
    if (v6 && isMapped(value)) {
        if (prefix < 96) {
            return null;
        }
        family = 4;
        prefix -= 96;
        value -= mapped;
    }
    const found = block(family, value, prefix);
    return found === null ? null : { kind: "block", ...found };
}

/** Host and zone ("" for none) of a rule. */
export function parseRuleHost(
    operation: Operation,
    text: string,
): { hosts: Hosts; zone: string; name: boolean } | null {
    const anyZone: FindInterface = () => 1;
    if (text === "*") {
        return { hosts: { kind: "any" }, zone: "", name: false };
    }
    let hosts: Hosts | null;
    let zone = "";
    let first: Address | null = null;
    if (text.startsWith("*.")) {
        const host = parseHost(text.slice(2), () => 0);
        const special = ["local", "localhost"];
        if (host?.kind !== "name" || (host.labels.length < 2 && !special.includes(host.labels[0] ?? ""))) {
            return null;
        }
        hosts = { kind: "below", labels: host.labels };
    } else if (text.includes("/")) {
        hosts = parseNetwork(text);
        if (hosts?.kind === "block") {
            first = { family: hosts.family, value: hosts.first, zone: 0 };
            hosts = hosts.first === hosts.last ? hostsOf(operation, first) : hosts;
        }
    } else {
        const host = parseHost(text, anyZone);
        if (host?.kind === "address") {
            zone = text.includes("%") ? text.slice(text.indexOf("%") + 1) : "";
            if (text.includes("%") && !interfaceName.test(zone)) {
                return null;
            }
            hosts = hostsOf(operation, host.address);
            first = hosts.kind === "block" ? { family: hosts.family, value: hosts.first, zone: 0 } : null;
        } else {
            hosts = host;
        }
    }
    if (hosts === null) {
        return null;
    }
    const name = hosts.kind === "name" || hosts.kind === "below";
    if (operation === "tls.insecure" && !isNearBlock(hosts)) {
        return null;
    }
    if ((name && !takesNames(operation)) || (first !== null && !possible(operation, classify(first)))) {
        return null;
    }
    return { hosts, zone, name };
}

export const interfaceName = /^[A-Za-z0-9._:-]{1,15}$/;
