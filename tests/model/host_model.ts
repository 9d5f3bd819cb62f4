// host_model.ts - the part of the permission model that is about hosts: reading them, IPv4 inside IPv6, classes of
// addresses (docs/permissions.md, "Odd spellings", "Names, and what they resolve to"). See permission_model.ts.

export type AddressClass =
    "public" | "local" | "link-local" | "loopback" | "multicast" | "broadcast" | "reserved";

/** An IPv4 or IPv6 address as a number; zone 0 is none. */
export interface Address {
    readonly family: 4 | 6;
    readonly value: bigint;
    readonly zone: number;
}

/** A host as docs/permissions.md ("Odd spellings") reads it. */
export type Host =
    | { readonly kind: "name"; readonly labels: readonly string[] }
    | { readonly kind: "address"; readonly address: Address };

export function parseIPv4(text: string): bigint | null {
    const parts = text.split(".");
    if (
        parts.length !== 4 ||
        !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
    ) {
        return null;
    }
    return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

export function parseIPv6(text: string): bigint | null {
    const halves = text.split("::");
    if (halves.length > 2) {
        return null;
    }
    const groups = halves.map((half): string[] | null => {
        if (half === "") {
            return [];
        }
        const parts = half.split(":");
        const last = parts[parts.length - 1] ?? "";
        if (last.includes(".")) {
            const v4 = half === halves[halves.length - 1] ? parseIPv4(last) : null;
            if (v4 === null) {
                return null;
            }
            parts.splice(-1, 1, (v4 >> 16n).toString(16), (v4 & 0xffffn).toString(16));
        }
        return parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part)) ? parts : null;
    });
    const [head, tail] = groups;
    if (head === undefined || head === null || tail === null) {
        return null;
    }
    const count = head.length + (tail?.length ?? 0);
    if (tail === undefined ? count !== 8 : count > 7) {
        return null;
    }
    const all = [...head, ...Array<string>(8 - count).fill("0"), ...(tail ?? [])];
    return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

export const mapped = 0xffffn << 32n;

export function isMapped(value: bigint): boolean {
    return value >> 32n === 0xffffn;
}

function takesZone(value: bigint): boolean {
    const scope = (value >> 112n) & 0xfn;
    return value >> 118n === 0xfe80n >> 6n || (value >> 120n === 0xffn && (scope === 1n || scope === 2n));
}

/** The number of an interface by its name or number; 0 if there is none. */
export type FindInterface = (text: string) => number;

/** Reads a host; null is a refusal, for whatever reason. */
export function parseHost(text: string, findInterface: FindInterface): Host | null {
    const bracketed = /^\[(.*)\]$/s.exec(text)?.[1];
    const inner = bracketed ?? text;
    if (bracketed !== undefined || inner.includes(":")) {
        const percent = inner.indexOf("%");
        const value = parseIPv6(percent < 0 ? inner : inner.slice(0, percent));
        if (value === null || !inner.includes(":")) {
            return null;
        }
        const zone = percent < 0 ? 0 : findInterface(inner.slice(percent + 1));
        if (percent >= 0 && (zone === 0 || !takesZone(value))) {
            return null;
        }
        return {
            kind: "address",
            address: isMapped(value)
                ? { family: 4, value: value - mapped, zone: 0 }
                : { family: 6, value, zone },
        };
    }
    const v4 = parseIPv4(text);
    if (v4 !== null) {
        return { kind: "address", address: { family: 4, value: v4, zone: 0 } };
    }
    const name = text.replace(/\.$/, "").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    const labels = name.split(".");
    const valid =
        name.length <= 253 &&
        labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
        !/^([0-9]+|0x[0-9a-f]*)$/.test(labels[labels.length - 1] ?? "");
    return valid ? { kind: "name", labels } : null;
}

/** The IPv4 address behind an IPv6 address that is a way to it. */
export function behind(address: Address): Address | null {
    const { family, value } = address;
    const last = value & 0xffffffffn;
    const v4 = (inner: bigint): Address => ({ family: 4, value: inner, zone: 0 });
    if (family === 4) {
        return null;
    }
    if (isMapped(value) || value >> 32n === 0x64ff9bn << 64n || value >> 80n === 0x64ff9b0001n) {
        return v4(last);
    }
    if (value >> 112n === 0x2002n) {
        return v4((value >> 80n) & 0xffffffffn);
    }
    if (value >> 96n === 0x20010000n) {
        return v4(last ^ 0xffffffffn);
    }
    return null;
}

const classTable: readonly (readonly [string, AddressClass])[] = [
    ["127.0.0.0/8", "loopback"],
    ["0.0.0.0/8", "loopback"],
    ["198.18.0.0/15", "loopback"],
    ["::1/128", "loopback"],
    ["::/128", "loopback"],
    ["169.254.0.0/16", "link-local"],
    ["fe80::/10", "link-local"],
    ["10.0.0.0/8", "local"],
    ["172.16.0.0/12", "local"],
    ["192.168.0.0/16", "local"],
    ["100.64.0.0/10", "local"],
    ["fc00::/7", "local"],
    ["fec0::/10", "local"],
    ["2001:db8::/32", "local"],
    ["3fff::/20", "local"],
    ["224.0.0.0/4", "multicast"],
    ["ff00::/8", "multicast"],
    ["255.255.255.255/32", "broadcast"],
    ["240.0.0.0/4", "reserved"],
    ["0.0.0.0/0", "public"],
    ["2000::/3", "public"],
    ["::/0", "reserved"],
];

export interface Block {
    readonly family: 4 | 6;
    readonly first: bigint;
    readonly last: bigint;
}

/** A network as the interval of its addresses; null if bits behind the prefix are set. */
export function block(family: 4 | 6, value: bigint, prefix: number): Block | null {
    const size = 1n << BigInt((family === 4 ? 32 : 128) - prefix);
    return value % size === 0n ? { family, first: value, last: value + size - 1n } : null;
}

export const classBlocks = classTable.map(([text, name]) => {
    const [start = "", prefix = ""] = text.split("/");
    const family = start.includes(":") ? 6 : 4;
    const found = block(family, (family === 6 ? parseIPv6(start) : parseIPv4(start)) ?? -1n, Number(prefix));
    if (found === null) {
        throw new Error(`class table: ${text}`);
    }
    return [found, name] as const;
});

export function classify(address: Address): AddressClass {
    const plain = behind(address) ?? address;
    for (const [{ family, first, last }, name] of classBlocks) {
        if (family === plain.family && plain.value >= first && plain.value <= last) {
            return name;
        }
    }
    throw new Error("the class table has a gap");
}
