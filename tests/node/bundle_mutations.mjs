// bundle_mutations.mjs - bundles with something wrong, for the tests that compare the two readers: a seeded random
// source, manifests of every shape, and what can happen to bytes and to values. Not here: any verdict.
import { createHash } from "node:crypto";

/** A small generator with a seed (mulberry32): the same seed, the same bundles. */
export function randomSource(seed) {
    let state = seed >>> 0;
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    return {
        below: (limit) => Math.floor(next() * limit),
        pick: (list) => list[Math.floor(next() * list.length)],
        chance: (probability) => next() < probability,
    };
}

export function hash(bytes) {
    return createHash("sha512").update(bytes).digest().subarray(0, 32).toString("base64url");
}

/** JSON with sorted keys and nothing else of canonical form: odd values stay odd. */
export function canonical(value) {
    if (Array.isArray(value)) {
        return `[${value.map(canonical).join(",")}]`;
    }
    if (value instanceof Raw) {
        return value.text;
    }
    if (typeof value === "object" && value !== null) {
        const keys = Object.keys(value).sort();
        return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
    }
    return JSON.stringify(value);
}

/** A piece of JSON text that goes in as it is. */
export class Raw {
    constructor(text) {
        this.text = text;
    }
}

export function container(manifestText, payload, fields = {}) {
    const manifest = Buffer.from(manifestText);
    const header = Buffer.alloc(24);
    Buffer.from([0x89, 0x46, 0x57, 0x42, 0x0d, 0x0a, 0x1a, 0x0a]).copy(header);
    header.writeUInt16LE(fields.version ?? 1, 8);
    header.writeUInt16LE(fields.flags ?? 0, 10);
    header.writeUInt32LE(fields.manifestSize ?? manifest.length, 12);
    header.writeUInt8(fields.signatures ?? 0, 16);
    header.writeUInt8(fields.reserved ?? 0, 17);
    header.writeUInt16LE(fields.lineage ?? 0, 18);
    header.writeUInt32LE(fields.payloadSize ?? payload.length, 20);
    return Buffer.concat([header, manifest, payload]);
}

/** Fills in the digest of a manifest that has a place for it. */
export function withDigest(manifest) {
    const blank = { ...manifest, digest: "A".repeat(43) };
    return { ...manifest, digest: hash(Buffer.from(canonical(blank))) };
}

const contents = {
    "main.js": "console.log('hello');\n",
    "main.js.map": "{}",
    "assets/empty": "",
    "assets/logo.svg": "<svg/>",
};

export function goodManifest(random) {
    const paths = Object.keys(contents).filter((path) => path === "main.js" || random.chance(0.5));
    return {
        counter: 1 + random.below(1000),
        digest: "",
        entry: "main.js",
        files: paths.map((path) => ({
            h: hash(Buffer.from(contents[path])),
            path,
            size: Buffer.byteLength(contents[path]),
        })),
        id: random.pick(["com.example.app", "a.b", "org.x-y.z1"]),
        manifestVersion: 1,
        name: random.pick([{ default: "App" }, { default: "\u{1F600} é", de: "Ä", "pt-BR": "x" }]),
        permissions: random.pick([
            {},
            { "tcp.connect": [{}] },
            {
                "tcp.connect": [
                    { host: "example.com", port: 443, reason: "why" },
                    { host: "10.0.0.0/8", space: ["local"] },
                ],
            },
            { "tcp.listen": [{ port: 8080 }], "udp.bind": [{ host: "0.0.0.0", port: 0, interface: "eth0" }] },
            {
                multicast: [
                    { group: "ff02::fb", port: 5353, ops: ["join"] },
                    { group: "239.255.255.250", port: "1900-1901" },
                ],
            },
            {
                broadcast: [{ port: 9 }],
                "udp.send": [{ host: "*.local", port: "*", space: ["link-local", "local"] }],
            },
            {
                "tcp.connect": [
                    { host: "mail.example.com", port: 993, tls: "required" },
                    { tls: "required" },
                ],
                "tls.insecure": [{ host: "192.168.0.0/16", port: 8009, space: ["local"] }],
            },
        ]),
        reasons: { why: { default: "Because" } },
        version: "1.0.0",
        ...random.pick([
            {},
            { type: "service" },
            { resources: { heapKiB: 1024, turnMs: 5 } },
            { "x-a": [1, { b: null }] },
        ]),
        ...random.pick([{}, { runtime: { api: ">=0.1 <2" } }]),
    };
}

function payloadOf(manifest) {
    return Buffer.concat(manifest.files.map(({ path }) => Buffer.from(contents[path] ?? "")));
}

export function goodBundle(random) {
    const manifest = withDigest(goodManifest(random));
    return container(canonical(manifest), payloadOf(manifest));
}

/** Values that a field may wrongly hold. */
const oddValues = [
    null,
    true,
    false,
    0,
    1,
    -1,
    65535,
    65536,
    2 ** 32,
    2 ** 53 - 1,
    "",
    "a",
    "*",
    "main.js",
    "\0",
    "a\u0000b",
    "../x",
    "A.b",
    "é",
    "\u{1F600}",
    "1.0.0",
    "01.0.0",
    "x".repeat(121),
    "y".repeat(481),
    "8000-8001",
    "8001-8000",
    "::1",
    "[::1]",
    "a,b",
    "a@b",
    "con",
    "a/b",
    "a//b",
    [],
    [1],
    ["join"],
    ["join", "join"],
    ["local", "public"],
    {},
    { default: "x" },
    { default: "" },
    { host: "x" },
    [{}],
    [{ host: "x", tls: "required" }],
    { api: ">=1" },
    { api: "1.x" },
    new Raw("1.5"),
    new Raw("-0"),
    new Raw("1e3"),
    new Raw("9007199254740992"),
    new Raw("[[[[[[[]]]]]]]"),
    new Raw('"\\ud800"'),
    new Raw('"\\/"'),
    new Raw('"\\u0041"'),
    new Raw('{"a":1,"a":2}'),
    new Raw(" 1"),
    new Raw("tru"),
];

/** One of them, never shared between places. */
function oddValue(random) {
    const value = random.pick(oddValues);
    return value instanceof Raw ? value : structuredClone(value);
}

const oddKeys = [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "x-",
    "x-ok",
    "X-no",
    "",
    "é",
    "\u{1F600}",
    "\uE000",
    "pins",
];

/** Every object and array inside a value, itself included. */
function containers(value) {
    if (typeof value !== "object" || value === null || value instanceof Raw) {
        return [];
    }
    return [value, ...Object.values(value).flatMap(containers)];
}

function setOwn(object, key, value) {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Changes one thing in a manifest. */
function changeValue(manifest, random) {
    const place = random.pick(containers(manifest));
    const keys = Object.keys(place);
    const key = random.pick(keys.length > 0 ? keys : ["0"]);
    switch (random.below(Array.isArray(place) ? 3 : 4)) {
        case 0:
            setOwn(place, key, oddValue(random));
            break;
        case 1:
            if (Array.isArray(place)) {
                place.push(structuredClone(place[0] ?? {}));
            } else {
                delete place[key];
            }
            break;
        case 2:
            if (Array.isArray(place)) {
                place.pop();
            } else {
                setOwn(place, random.pick(oddKeys), oddValue(random));
            }
            break;
        default:
            setOwn(
                place,
                random.pick(["host", "port", "space", "tls", "size", "path", "h", "default", "type"]),
                oddValue(random),
            );
    }
}

/** Mutations: each makes a bundle from a random source. Most are wrong, some are not. */
export const mutations = {
    "one bit"(random) {
        const bundle = goodBundle(random);
        bundle[random.below(bundle.length)] ^= 1 << random.below(8);
        return bundle;
    },
    "some bytes"(random) {
        const bundle = goodBundle(random);
        for (let i = 0; i <= random.below(4); i++) {
            bundle[random.below(bundle.length)] = random.below(256);
        }
        return bundle;
    },
    "cut or longer"(random) {
        const bundle = goodBundle(random);
        return random.chance(0.7)
            ? bundle.subarray(0, random.below(bundle.length + 1))
            : Buffer.concat([bundle, Buffer.alloc(1 + random.below(40))]);
    },
    "header fields"(random) {
        const manifest = withDigest(goodManifest(random));
        const fields = [
            "version",
            "flags",
            "manifestSize",
            "signatures",
            "reserved",
            "lineage",
            "payloadSize",
        ];
        const limits = { manifestSize: 2 ** 32, payloadSize: 2 ** 32, signatures: 256, reserved: 256 };
        const chosen = {};
        for (let i = 0; i <= random.below(2); i++) {
            const field = random.pick(fields);
            const limit = limits[field] ?? 65536;
            const values = [0, 1, 2, 4, 5, 255, 2048, 2049, 32768, 32769, 2 ** 24, 2 ** 24 + 1, 2 ** 32 - 1];
            chosen[field] = random.pick(values.filter((value) => value < limit));
        }
        return container(canonical(manifest), payloadOf(manifest), chosen);
    },
    "a value of the manifest"(random) {
        const manifest = goodManifest(random);
        for (let i = 0; i <= random.below(3); i++) {
            changeValue(manifest, random);
        }
        const whole =
            random.chance(0.9) && typeof manifest.digest === "string" ? withDigest(manifest) : manifest;
        return container(canonical(whole), Buffer.concat([Buffer.from("console.log('hello');\n")]));
    },
    "a value, with the right payload"(random) {
        const manifest = goodManifest(random);
        const payload = payloadOf(manifest);
        changeValue(manifest, random);
        return container(canonical(withDigest(manifest)), payload);
    },
    "the text of the manifest"(random) {
        const text = canonical(withDigest(goodManifest(random)));
        const at = random.below(text.length + 1);
        const insert = random.pick([
            " ",
            "\n",
            ",",
            "}",
            "]",
            "{",
            '"',
            "\\",
            "0",
            "\u00e9",
            "\ud83d\ude00",
            '"x-z":1,',
            "[",
            "null",
        ]);
        const changed =
            text.slice(0, at) + (random.chance(0.5) ? insert : "") + text.slice(at + random.below(3));
        return container(changed, Buffer.from("console.log('hello');\n"));
    },
    "too many"(random) {
        const manifest = goodManifest(random);
        const number = random.pick([64, 65, 66, 256, 257, 512, 513, 600]);
        random.pick([
            () => (manifest.files = Array.from({ length: number }, () => 0)),
            () => (manifest.permissions = { "udp.bind": Array.from({ length: number }, () => ({})) }),
            () =>
                (manifest.permissions = Object.fromEntries(
                    Array.from({ length: number }, (_, i) => [`o${i}`, [{}]]),
                )),
            () =>
                (manifest.reasons = Object.fromEntries(
                    Array.from({ length: number }, (_, i) => [`r${i}`, { default: "x" }]),
                )),
            () =>
                (manifest.name = {
                    default: "x",
                    ...Object.fromEntries(Array.from({ length: number }, (_, i) => [`aa-x${100 + i}`, "y"])),
                }),
        ])();
        return container(canonical(withDigest(manifest)), payloadOf(goodManifest(random)));
    },
};
