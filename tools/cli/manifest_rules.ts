// manifest_rules.ts - the manifest's permissions: the shape of the rule objects (as runtime/manifest_rules.c checks it),
// the rule text that each stands for, and, for a manifest that is being written, whether hosts make sense (as
// runtime/permission_parse.c decides when the app is loaded). Not here: verdicts, which only the runtime gives.
import { isIP, isIPv4 } from "node:net";
import { type ManifestRule } from "./manifest.ts";
import { type JsonPath, type ManifestChecker } from "./manifest_check.ts";

interface Operation {
    /** "host" or "group": the key that says whom the rule is for. */
    readonly target: "host" | "group";
    /** The address classes that it may name. */
    readonly spaces: readonly string[];
    /** The lowest port: 0 where it means a port that the system chooses. */
    readonly portMin: number;
    /** Whether names may stand for hosts. */
    readonly names: boolean;
    /** Whether it may require TLS. */
    readonly tls?: boolean;
}

const spaces = ["public", "local", "link-local", "loopback"];
const nearSpaces = spaces.slice(1);

const operations = new Map<string, Operation>([
    ["broadcast", { target: "host", spaces: [], portMin: 1, names: false }],
    ["multicast", { target: "group", spaces: [], portMin: 1, names: false }],
    ["tcp.connect", { target: "host", spaces, portMin: 1, names: true, tls: true }],
    ["tcp.listen", { target: "host", spaces: [], portMin: 0, names: false }],
    ["tls.insecure", { target: "host", spaces: nearSpaces, portMin: 1, names: true }],
    ["udp.bind", { target: "host", spaces: [], portMin: 0, names: false }],
    ["udp.send", { target: "host", spaces, portMin: 1, names: true }],
]);
const groupOperations = ["join", "send"];

function checkPort(checker: ManifestChecker, value: unknown, path: JsonPath, min: number): void {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= 65535) {
        return;
    }
    if (value === "*") {
        return;
    }
    const range = typeof value === "string" ? /^(0|[1-9][0-9]{0,4})-(0|[1-9][0-9]{0,4})$/.exec(value) : null;
    const [low, high] = [Number(range?.[1]), Number(range?.[2])];
    if (range === null || low < min || low > high || high > 65535) {
        checker.report(path, `must be a port from ${min} to 65535, a range "lo-hi" or "*"`);
    }
}

function checkWords(
    checker: ManifestChecker,
    value: unknown,
    path: JsonPath,
    words: readonly string[],
): void {
    const list = checker.array(value, path);
    if (list?.length === 0) {
        checker.report(path, "must not be empty");
    }
    for (const [index, word] of (list ?? []).entries()) {
        if (typeof word !== "string" || !words.includes(word)) {
            checker.report([...path, index], `must be one of ${words.join(", ")}`);
        } else if (list?.indexOf(word) !== index) {
            checker.report([...path, index], "occurs twice");
        }
    }
}

function checkRule(
    checker: ManifestChecker,
    name: string,
    operation: Operation,
    value: unknown,
    path: JsonPath,
): void {
    const rule = checker.object(value, path);
    if (rule === undefined) {
        return;
    }
    const before = checker.problems.length;
    const known = [operation.target, "interface", "port", "reason"];
    if (operation.spaces.length > 0) {
        known.push("space");
    }
    if (operation.tls === true) {
        known.push("tls");
    }
    if (operation.target === "group") {
        known.push("ops");
    }
    checker.members(rule, path, (key, member, at) => {
        if (!known.includes(key)) {
            checker.unknownKey(at, known);
            return;
        }
        switch (key) {
            case "host":
            case "group":
                checker.string(
                    member,
                    at,
                    /^[A-Za-z0-9.:/*%_-]{1,253}$/,
                    key === "host" ? "a host" : "a group address",
                );
                break;
            case "interface":
                checker.string(member, at, /^[A-Za-z0-9._-]{1,15}$/, "the name of an interface");
                break;
            case "ops":
                checkWords(checker, member, at, groupOperations);
                break;
            case "port":
                checkPort(checker, member, at, operation.portMin);
                break;
            case "reason":
                checker.string(member, at, /^[A-Za-z0-9_-]{1,32}$/, 'a key of "reasons"');
                break;
            case "space":
                checkWords(checker, member, at, operation.spaces);
                break;
            case "tls":
                if (member !== "required") {
                    checker.report(
                        at,
                        'must be "required", or left out where plain connections are needed too',
                    );
                }
                break;
        }
    });
    if (checker.mode === "source" && checker.problems.length === before) {
        const problem = hostProblem(name, rule as ManifestRule);
        if (problem !== undefined) {
            checker.report(
                Object.hasOwn(rule, operation.target) ? [...path, operation.target] : path,
                problem,
            );
        }
    }
}

/** The value of "permissions". */
export function checkPermissions(checker: ManifestChecker, value: unknown, path: JsonPath): void {
    checker.members(checker.object(value, path) ?? {}, path, (key, rules, at) => {
        const operation = operations.get(key);
        if (operation === undefined) {
            checker.report(at, `unknown operation (known: ${[...operations.keys()].join(", ")})`);
            return;
        }
        for (const [index, rule] of (checker.array(rules, at) ?? []).entries()) {
            checkRule(checker, key, operation, rule, [...at, index]);
        }
    });
}

/** The rule in the grammar of --allow, as the runtime declares it. */
export function ruleText(operation: string, rule: ManifestRule): string {
    const ops = rule.ops ?? groupOperations;
    const suffix = ops.length === 1 ? `.${ops[0]}` : "";
    const host = rule.host ?? rule.group;
    if ([host, rule.port, rule.space, rule.tls, rule.interface].every((part) => part === undefined)) {
        return `${operation}${suffix}`;
    }
    const target = host?.includes(":") === true ? `[${host}]` : (host ?? "*");
    const classes = spaces
        .filter((space) => rule.space?.includes(space) === true)
        .map((space) => `,${space}`);
    const tls = rule.tls === undefined ? "" : ",tls";
    const zone = rule.interface === undefined ? "" : `@${rule.interface}`;
    return `${operation}${suffix}=${target}:${rule.port ?? "*"}${classes.join("")}${tls}${zone}`;
}

/** The bits of an address literal, or undefined. */
function addressBits(address: string): { bits: bigint; length: 32 | 128 } | undefined {
    if (isIPv4(address)) {
        return {
            bits: address.split(".").reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n),
            length: 32,
        };
    }
    if (isIP(address) !== 6) {
        return undefined;
    }
    // The URL parser writes IPv4 tails as hexadecimal.
    const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
    const [head = "", tail] = text.split("::");
    const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
    const [first, last] = [groups(head), groups(tail ?? "")];
    const middle = Array.from({ length: 8 - first.length - last.length }, () => "0");
    const all = tail === undefined ? first : [...first, ...middle, ...last];
    return { bits: all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n), length: 128 };
}

/** Networks of local, link-local and loopback addresses, as runtime/host.c classifies them. */
const nearNetworks = (
    "0.0.0.0/8 127.0.0.0/8 198.18.0.0/15 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 " +
    "::/128 ::1/128 fe80::/10 fc00::/7 fec0::/10 2001:db8::/32 3fff::/20"
).split(" ");

/** Whether all of a network, or an address, is local. */
function isNear({ bits, length }: { bits: bigint; length: 32 | 128 }, prefix: number): boolean {
    if (length === 128 && bits >> 32n === 0xffffn && prefix >= 96) {
        return isNear({ bits: bits & 0xffffffffn, length: 32 }, prefix - 96);
    }
    return nearNetworks.some((network) => {
        const [start = "", size] = network.split("/");
        const near = addressBits(start);
        const shift = BigInt(length - Number(size));
        return near?.length === length && Number(size) <= prefix && bits >> shift === near.bits >> shift;
    });
}

function isMulticast({ bits, length }: { bits: bigint; length: 32 | 128 }): boolean {
    return length === 32 ? bits >> 28n === 0xen : bits >> 120n === 0xffn;
}

function nameProblem(name: string): string | undefined {
    const labels = name.replace(/\.$/, "").split(".");
    if (/^(?:[0-9]+|0[xX][0-9A-Fa-f]*)$/.test(labels.at(-1) ?? "")) {
        return `"${name}" looks like a number and is neither an address nor a name`;
    }
    if (!labels.every((label) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label))) {
        return `"${name}" is no host name: labels have letters, digits and inner hyphens (write IDN as xn--…)`;
    }
    return undefined;
}

/** Why the host of a rule can't be meant, or undefined. The runtime has the last word when it loads the app. */
export function hostProblem(operation: string, rule: ManifestRule): string | undefined {
    const properties = operations.get(operation);
    const host = rule.host ?? rule.group;
    if (properties === undefined || host === undefined || host === "*") {
        return undefined;
    }
    const [literal = "", zone] = host.split("%");
    const [network = "", prefix] = literal.split("/");
    const address = addressBits(network);
    if (address === undefined && (/[:/%]/.test(host) || /^[0-9.]+$/.test(host))) {
        return `"${host}" is no host: write a name, or an address as in 192.0.2.1, 192.168.0.0/16 or 2001:db8::1`;
    }
    if (address !== undefined) {
        return addressProblem(operation, host, address, prefix, zone);
    }
    if (!properties.names) {
        return `"${host}" is a name: ${operation} takes addresses and networks`;
    }
    if (host.startsWith("*.")) {
        const name = host.slice(2);
        const isWide = !name.includes(".") && !/^local(host)?$/i.test(name);
        return isWide
            ? `${host} is too wide: at least two labels follow the *, as in *.example.com`
            : nameProblem(name);
    }
    return host.includes("*") ? "a * stands alone or before a name, as in *.example.com" : nameProblem(host);
}

function addressProblem(
    operation: string,
    host: string,
    address: { bits: bigint; length: 32 | 128 },
    prefix: string | undefined,
    zone: string | undefined,
): string | undefined {
    if (prefix !== undefined) {
        if (
            zone !== undefined ||
            !/^(?:0|[1-9][0-9]{0,2})$/.test(prefix) ||
            Number(prefix) > address.length
        ) {
            return `"${host}" is no network: write 192.168.0.0/16 or fd00::/8`;
        }
        if ((address.bits & ((1n << BigInt(address.length - Number(prefix))) - 1n)) !== 0n) {
            return `${host} has bits set behind its prefix: write the first address of the network`;
        }
    }
    const top = address.length === 128 ? Number(address.bits >> 112n) : 0;
    const takesZone = (top & 0xffc0) === 0xfe80 || (top & 0xff0f) === 0xff01 || (top & 0xff0f) === 0xff02;
    if (zone !== undefined && (!takesZone || !/^[A-Za-z0-9._-]{1,15}$/.test(zone))) {
        return `"${host}": a zone is the name of an interface, behind a link-local address`;
    }
    if (operation === "tls.insecure" && !isNear(address, Number(prefix ?? address.length))) {
        return `"${host}" is public, or not wholly local: tls.insecure is for local, link-local and loopback addresses only`;
    }
    // A network of unicast addresses may hold groups as well (0.0.0.0/0): the runtime decides by its first address.
    if (operation === "multicast" && !isMulticast(address)) {
        return `"${host}" is no multicast group or network of groups`;
    }
    if (operation !== "multicast" && operation !== "udp.bind" && isMulticast(address)) {
        return `"${host}" is a multicast group: declare it under "multicast"`;
    }
    if (/^(?:tcp|udp\.send)/.test(operation) && address.length === 32 && address.bits === 0xffffffffn) {
        return `"${host}" is a broadcast address: declare it under "broadcast"`;
    }
    return undefined;
}
