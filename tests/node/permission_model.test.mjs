// timeout: 900
// permission_model.test.mjs - the permission gate in C (through tests/c/permission_driver.c) against the independent
// model of docs/permissions.md in tests/model. Random rules and questions from pools in which much meets; one
// disagreement fails. Then laws that hold whatever the rules: a grant never takes away, a deny rule never gives, and a
// part of what is granted is granted.
//
//     CASES=1000000 SEED=7 node --test tests/node/permission_model.test.mjs
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import * as esbuild from "esbuild";
import { cleat, root } from "./support.mjs";

const cases = Number(process.env.CASES ?? 20_000);
const seed = Number(process.env.SEED ?? 1);
const driver = path.join(path.dirname(cleat), "c-tests/permission_driver");

const bundle = await esbuild.build({
    entryPoints: [path.join(root, "tests/model/permission_model.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
});
const { PermissionModel, parseHost } = await import(
    `data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString("base64")}`
);

const interfaces = new Map([["lo", 1]]);

/** mulberry32: small, seeded, good enough to pick from pools. */
function randomFrom(start) {
    let state = start >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

const operations = [
    "tcp.connect",
    "tcp.listen",
    "udp.send",
    "udp.bind",
    "multicast.join",
    "multicast.send",
    "broadcast",
    "tls.insecure",
];
const near = (
    "10.0.0.1 10.128.0.1 192.168.1.1 172.16.0.1 100.64.0.1 127.0.0.1 0.0.0.0 169.254.1.1 198.18.0.1 ::1 :: fe80::1 " +
    "fe80::1%lo 2001:db8::1 fd00::1 fec0::1 64:ff9b::10.0.0.1 2002:a00:1::1 ::ffff:10.0.0.1 3fff::1"
).split(" ");
const names = (
    "example.com a.example.com b.a.example.com notexample.com EXAMPLE.com. nas.example.com example.org router local " +
    "tv.local a.tv.local localhost x.localhost 127.0.0.1.example.com _x._tcp.local com xn--bcher-kva.example 1e3"
).split(" ");
const unicast = (
    "10.0.0.1 10.0.0.2 10.128.0.1 192.168.1.1 192.168.1.128 172.16.0.1 100.64.0.1 8.8.8.8 8.8.4.4 203.0.113.5 127.0.0.1 " +
    "127.0.0.2 0.0.0.0 0.0.0.1 169.254.1.1 198.18.0.1 240.0.0.1 ::1 :: ::2 fe80::1 fe80::1%lo fe80::1%1 2001:db8::1 " +
    "2a00::1 2a00::2 fd00::1 fec0::1 64:ff9b::10.0.0.1 64:ff9b::8.8.8.8 64:ff9b::0.0.0.0 64:ff9b::203.0.113.5 " +
    "64:ff9b:1::192.168.1.1 2002:a00:1::1 2002:808:808::1 2001:0:1:2::f5ff:fffe ::ffff:10.0.0.1 ::ffff:7f00:1 " +
    "::10.0.0.1 [::1] 3fff::1 4000::1"
).split(" ");
const groups = (
    "224.0.0.251 239.255.255.250 239.1.2.3 ff02::fb ff02::fb%lo ff05::1 ff0e::1 255.255.255.255 192.168.1.255 " +
    "64:ff9b::224.0.0.1"
).split(" ");
const odd = (
    "127.1 0x7f.1 2130706433 0177.0.0.1 127.0.0.1. 127.0.0.01 256.0.0.1 1.2.3.4.5 a..b .a a. -a a- example.1 ::1%lo " +
    "fe80::1%nowhere0 fe80::1% [10.0.0.1] [::1 ::1] 1::2::3 12345:: ::ffff:1.2.3 * *.com *.example.com a.*.com @ % ["
).split(" ");
const ports = ["0", "1", "53", "80", "443", "1900", "65535"];
const classes = ["public", "local", "link-local", "loopback"];

/** The makers of random rules and questions. */
function generator(random) {
    const below = (count) => Math.floor(random() * count);
    const pick = (list) => list[below(list.length)];
    const chance = (probability) => random() < probability;

    const host = (operation) => {
        if (chance(0.01)) {
            return pick(odd);
        }
        const kind = random();
        if (operation.startsWith("multicast") || operation === "broadcast") {
            return kind < 0.8 ? pick(groups) : pick([...names, ...unicast]);
        }
        if (operation === "tls.insecure" && kind > 0.4) {
            return kind < 0.9 ? pick(near) : pick([...unicast, ...groups]);
        }
        if (operation === "tcp.connect" || operation === "udp.send" || operation === "tls.insecure") {
            return kind < 0.5 ? pick(names) : kind < 0.95 ? pick(unicast) : pick(groups);
        }
        return kind < 0.9 ? pick(unicast) : pick([...names, ...groups]);
    };

    /** An address with the bits behind a random prefix cleared (mostly). */
    const network = (text) => {
        const found = parseHost(text, () => 0);
        if (found?.kind !== "address") {
            return `${text}/8`;
        }
        const { family, value } = found.address;
        const bits = family === 4 ? 32 : 128;
        const prefix = chance(0.1) ? pick([0, bits]) : below(bits + 1);
        const size = 1n << BigInt(bits - prefix);
        const start = chance(0.97) ? value - (value % size) : value;
        const written =
            family === 4
                ? [24n, 16n, 8n, 0n].map((shift) => (start >> shift) & 255n).join(".")
                : Array.from({ length: 8 }, (_, i) =>
                      ((start >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
                  ).join(":");
        return `${written}/${prefix}`;
    };

    const port = () => {
        const kind = random();
        if (kind < 0.25) {
            return "*";
        }
        if (kind < 0.75) {
            return pick(ports);
        }
        const [low, high] = [pick(ports), pick(ports)].sort((a, b) => a - b);
        return chance(0.02) ? `${high}-${low}` : `${low}-${high}`;
    };

    const rule = (operation = pick([...operations, "multicast"])) => {
        let text = operation;
        if (chance(0.9)) {
            const kind = random();
            const bare = chance(0.3);
            if (bare && (operation === "tcp.listen" || operation === "udp.bind")) {
                text += `=${port()}`;
            } else {
                let target =
                    kind < 0.15
                        ? "*"
                        : kind < 0.3
                          ? `*.${pick(names)}`
                          : kind < 0.5
                            ? network(
                                  host(operation)
                                      .replace(/%.*/, "")
                                      .replace(/^\[|\]$/g, ""),
                              )
                            : host(operation);
                const withPort = chance(0.6);
                if (target.includes(":") && withPort && !target.startsWith("[")) {
                    target = `[${target}]`;
                }
                text += `=${target}${withPort ? `:${port()}` : ""}`;
            }
        }
        const remote =
            operation === "tcp.connect" || operation === "udp.send" || operation === "tls.insecure";
        while (chance(remote ? 0.25 : 0.01)) {
            text += `,${pick(classes)}`;
        }
        if (chance(operation === "tcp.connect" ? 0.4 : 0.01)) {
            text += `,tls${chance(0.1) ? `,${pick(classes)}` : ""}`;
        }
        if (chance(0.12)) {
            text += `@${pick(["lo", "1", "2", "nowhere0", ""])}`;
        }
        if (chance(0.02)) {
            /* a slip of the finger */
            const at = below(text.length + 1);
            const gone = below(3);
            text =
                text.slice(0, at) +
                pick(["", "", "*", ".", ":", "[", "]", "/", ",", "@", "%", "-", "0", "x"]) +
                text.slice(at + gone);
        }
        return text;
    };

    const query = (operation = pick(operations)) => {
        return {
            operation,
            host: chance(0.1) ? null : host(operation),
            port: chance(0.1) ? -1 : chance(0.01) ? 65536 : Number(pick(ports)),
            interface: chance(0.75) ? 0 : pick([1, 2]),
            secure: chance(0.5),
        };
    };
    return { below, pick, chance, rule, query, host };
}

const line = (verb, { operation, host, port, interface: on, secure }) =>
    `${verb} ${operation} ${host ?? "-"} ${port} ${on} ${secure ? "secure" : "plain"}`;

/** What the C says to each line. */
function drive(lines) {
    const { stdout, status, signal, error } = spawnSync(driver, {
        input: `${lines.join("\n")}\n`,
        maxBuffer: 1 << 30,
        encoding: "utf8",
    });
    assert.equal(error, undefined, `${driver}: ${error?.message}`);
    assert.deepEqual([status, signal], [0, null]);
    const answers = stdout.trimEnd().split("\n");
    assert.equal(answers.length, lines.length);
    return answers;
}

/** What the model says to one line. */
function modelAnswer(state, text) {
    const [verb, ...words] = text.split(" ");
    if (verb === "reset") {
        state.model = new PermissionModel(interfaces);
        return "ok";
    }
    const { model } = state;
    switch (verb) {
        case "limit":
        case "ask":
        case "all":
            model[verb]();
            return "ok";
        case "own":
            model.own(words[0]);
            return "ok";
        case "allow":
        case "deny":
        case "declare":
            return words[0] !== undefined && model[verb](words[0]) ? "ok" : "bad";
        case "host": {
            const host = parseHost(words[0], model.findInterface);
            return host === null ? "bad" : host.kind;
        }
    }
    const [operation, host, port, on, transport, address] = words;
    const query = {
        operation,
        host: host === "-" ? null : host,
        port: Number(port),
        interface: Number(on),
        secure: transport === "secure",
    };
    const read = (text) => parseHost(text, model.findInterface);
    if (
        (query.host !== null && read(query.host) === null) ||
        (verb === "address" && read(address)?.kind !== "address")
    ) {
        return "bad";
    }
    switch (verb) {
        case "state":
        case "use":
            return model[verb](query);
        case "grant":
        case "once":
        case "refuse":
            return model[verb](query) ? "ok" : "bad";
        case "address":
            return model.address(query, address) ? "yes" : "no";
    }
    throw new Error(text);
}

/** Lines of one random set of rules and `count` questions about it, each with an address that its name resolves to. */
function randomCase(random, count) {
    const { below, pick, chance, rule, query, host } = generator(random);
    const lines = ["reset"];
    /* Only a case that is about it meets a manifest, a declaration, a grant and a question of tls.insecure. */
    const operation = chance(0.15) ? "tls.insecure" : undefined;
    for (const [verb, probability] of [
        ["limit", operation === undefined ? 0.3 : 0.9],
        ["ask", 0.5],
        ["all", 0.2],
        ["own 203.0.113.5", 0.5],
        ["own 2a00::2", 0.5],
    ]) {
        if (chance(probability)) {
            lines.push(verb);
        }
    }
    for (let left = below(8); left > 0; left--) {
        lines.push(`${pick(["allow", "allow", "deny", "declare"])} ${rule(operation)}`);
    }
    if (operation !== undefined && chance(0.5)) {
        lines.push(`declare ${operation}`);
    }
    for (let left = count; left > 0; left--) {
        const asked = query(operation);
        if (chance(0.1)) {
            lines.push(line(pick(["grant", "once", "refuse"]), asked));
        }
        lines.push(line(pick(["state", "state", "use"]), asked));
        const at = chance(0.9)
            ? pick([...unicast, ...groups].filter((text) => !text.includes("[")))
            : host("tcp.connect");
        lines.push(`${line("address", asked)} ${at}`);
        if (chance(0.05)) {
            lines.push(`host ${host("tcp.connect")}`);
        }
    }
    return lines;
}

test(`${cases} random questions: the C and the model agree`, () => {
    const random = randomFrom(seed);
    const perCase = 5;
    const seen = new Map();
    for (let done = 0; done < cases;) {
        const lines = [];
        for (; done < cases && lines.length < 200_000; done += perCase) {
            lines.push(...randomCase(random, perCase));
        }
        const answers = drive(lines);
        const state = {};
        let start = 0;
        lines.forEach((text, i) => {
            start = text === "reset" ? i : start;
            const expected = modelAnswer(state, text);
            const actual = text.startsWith("host ") ? answers[i].split(" ")[0] : answers[i];
            if (actual !== expected) {
                const story = lines.slice(start, i + 1).map((said, k) => `${said} -> ${answers[start + k]}`);
                assert.fail(`the model says ${expected}:\n${story.join("\n")}`);
            }
            const key = `${text.split(" ")[0]} ${actual}`;
            seen.set(key, (seen.get(key) ?? 0) + 1);
            if (text.includes(" tls.insecure ")) {
                const insecure = `${key} for tls.insecure`;
                seen.set(insecure, (seen.get(insecure) ?? 0) + 1);
            }
        });
    }
    /* A generator that only makes denials would agree, too. */
    const least = cases / 100;
    for (const key of [
        "state granted",
        "state denied",
        "state prompt",
        "use granted",
        "address yes",
        "address no",
        "allow ok",
    ]) {
        assert.ok((seen.get(key) ?? 0) >= least, `${key}: only ${seen.get(key) ?? 0}`);
    }
    for (const key of ["state granted", "state prompt", "address yes", "address no"]) {
        const count = seen.get(`${key} for tls.insecure`) ?? 0;
        assert.ok(count >= cases / 2000, `${key} for tls.insecure: only ${count}`);
    }
    assert.ok((seen.get("allow bad") ?? 0) > 0 && (seen.get("host bad") ?? 0) > 0);
    console.log(
        [...seen]
            .map(([key, count]) => `# ${key}: ${count}`)
            .sort()
            .join("\n"),
    );
});

const rank = { denied: 0, prompt: 1, granted: 2 };

test("a grant takes nothing away, a deny rule gives nothing, a part of what is granted is granted", () => {
    const random = randomFrom(seed + 1);
    const { chance, pick, rule, query, below } = generator(random);
    const lines = [];
    const checks = []; // [index of the answer before, index after, law]
    for (let n = 0; n < cases / 4; n++) {
        lines.push(
            "reset",
            ...(chance(0.5) ? ["ask"] : []),
            ...(chance(0.3) ? ["all"] : []),
            "own 203.0.113.5",
        );
        if (chance(0.3)) {
            lines.push("limit");
        }
        for (let left = below(6); left > 0; left--) {
            lines.push(`${pick(["allow", "deny", "declare"])} ${rule()}`);
        }
        const asked = query();
        const at = pick(unicast.filter((text) => !text.includes("[")));
        const ask = () => {
            lines.push(line("state", asked), `${line("address", asked)} ${at}`);
            return lines.length - 2;
        };
        const before = ask();
        const inner = asked.operation.startsWith("multicast")
            ? ["224.0.0.251", "ff05::1"]
            : asked.operation === "tls.insecure"
              ? ["10.0.0.1", "fd00::1"] /* any host is any local one */
              : ["10.0.0.1", "2a00::1"];
        const parts = [
            asked.port === -1 ? { ...asked, port: Number(pick(ports)) } : asked,
            asked.host === null ? { ...asked, host: pick(inner) } : asked,
            asked.interface === 0 && !asked.host?.includes("%") ? { ...asked, interface: 2 } : asked,
            { ...asked, secure: true },
        ];
        for (const part of parts) {
            lines.push(line("state", part));
            checks.push([before, lines.length - 1, "part"]);
        }
        lines.push(`allow ${rule()}`);
        const allowed = ask();
        checks.push([before, allowed, "allow"]);
        lines.push(`deny ${rule()}`);
        checks.push([allowed, ask(), "deny"]);
    }
    const answers = drive(lines);
    const counts = { part: 0, allow: 0, deny: 0 };
    for (const [before, after, law] of checks) {
        const [first, second] = [answers[before], answers[after]];
        const story = () => `${law}: ${lines.slice(before, after + 2).join("\n")}\n${first} -> ${second}`;
        if (second === "bad" || first === "bad") {
            continue;
        }
        if (law === "part") {
            assert.ok(first !== "granted" || second === "granted", story());
        } else if (law === "allow") {
            assert.ok(rank[second] >= rank[first], story());
            assert.ok(answers[before + 1] === "no" || answers[after + 1] === "yes", story());
        } else {
            assert.ok(rank[second] <= rank[first], story());
            assert.ok(answers[before + 1] === "yes" || answers[after + 1] === "no", story());
        }
        counts[law] += first !== second || first === "granted" ? 1 : 0;
    }
    for (const [law, count] of Object.entries(counts)) {
        assert.ok(count > cases / 400, `${law} is tested by ${count} only`);
    }
});
