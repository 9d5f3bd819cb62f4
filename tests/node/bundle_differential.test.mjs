// bundle_differential.test.mjs - the two readers of bundles, runtime/bundle.c and tools/cli/bundle.ts, on the same
// mutated bundles: same verdict, same code, same rules. CLEAT_MUTATIONS sets how many, CLEAT_SEED which.
// timeout: 600
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import {
    canonical,
    container,
    goodBundle,
    goodManifest,
    mutations,
    randomSource,
    withDigest,
} from "./bundle_mutations.mjs";
import { preset, root } from "./support.mjs";

const total = Number(process.env.CLEAT_MUTATIONS ?? 10_000);
const seed = Number(process.env.CLEAT_SEED ?? 1);
const folder = path.join(root, "build/tests/bundle", preset);
const driver = path.join(folder, "bundle_driver");
let reader;
let rules;

/** Compiles the C side, with sanitizers: these bundles are what it must survive. */
function compileDriver() {
    const source = path.join(root, "tests/c/bundle_driver.c");
    const links = [...readFileSync(source, "utf8").matchAll(/links: ([^*\n]*)/g)].flatMap(([, names]) =>
        names.trim().split(/\s+/),
    );
    const flags = [
        "-std=gnu11",
        "-D_GNU_SOURCE",
        "-O1",
        "-g",
        "-Wall",
        "-Werror",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-I.",
    ];
    const result = spawnSync("cc", [...flags, source, ...links, "-o", driver], {
        cwd: root,
        encoding: "utf8",
    });
    assert.equal(result.status, 0, result.stderr);
}

async function bundleModule(name) {
    const outfile = path.join(folder, `${name}.mjs`);
    await esbuild.build({
        entryPoints: [path.join(root, `tools/cli/${name}.ts`)],
        outfile,
        bundle: true,
        format: "esm",
        platform: "node",
        logLevel: "silent",
    });
    return import(pathToFileURL(outfile).href);
}

before(async () => {
    mkdirSync(folder, { recursive: true });
    compileDriver();
    reader = await bundleModule("bundle");
    rules = await bundleModule("manifest_rules");
});

/** What C says of each bundle: a code, or "OK" and rules ("!" before those that the permission gate refuses). */
function verdictsOfC(bundles) {
    const input = bundles.flatMap((bundle) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bundle.length);
        return [length, bundle];
    });
    const result = spawnSync(driver, { input: Buffer.concat(input), encoding: "utf8", maxBuffer: 1 << 28 });
    assert.equal(result.status, 0, result.stderr);
    const lines = result.stdout.split("\n").slice(0, -1);
    assert.equal(lines.length, bundles.length);
    return lines;
}

function verdictOfTypeScript(bytes) {
    try {
        const { manifest } = reader.readBundle(bytes, { allowUnsigned: true });
        const texts = Object.keys(manifest.permissions)
            .sort()
            .flatMap((operation) =>
                manifest.permissions[operation].map((rule) => rules.ruleText(operation, rule)),
            );
        return ["OK", ...texts].join(" ");
    } catch (error) {
        if (error instanceof reader.BundleError) {
            return error.code;
        }
        throw error;
    }
}

test(`both readers agree on ${total} mutated bundles (seed ${seed})`, () => {
    const random = randomSource(seed);
    const names = Object.keys(mutations);
    const cases = Array.from({ length: total }, (_, index) => {
        const name = names[index % names.length];
        return { name, bytes: mutations[name](random) };
    });
    const verdicts = verdictsOfC(cases.map(({ bytes }) => bytes));
    const seen = new Map();
    for (const [index, { name, bytes }] of cases.entries()) {
        const c = verdicts[index].replaceAll(" !", " ");
        const typeScript = verdictOfTypeScript(bytes);
        assert.equal(
            typeScript,
            c,
            `${name}, case ${index}: ${JSON.stringify(bytes.toString("latin1")).slice(0, 3000)}`,
        );
        const code = c.split(" ")[0];
        seen.set(code, (seen.get(code) ?? 0) + 1);
    }
    // The mutations are worth something only if they reach every check.
    for (const code of [
        "OK",
        "BAD_MAGIC",
        "BAD_HEADER",
        "TRUNCATED",
        "TRAILING",
        "LIMIT",
        "UNVERIFIABLE",
        "BAD_MANIFEST",
        "BAD_PATH",
        "BAD_SIZE",
        "BAD_HASH",
    ]) {
        assert.ok((seen.get(code) ?? 0) >= 5, `${code} came up ${seen.get(code) ?? 0} times`);
    }
});

test("every bit of a small bundle", () => {
    const bundle = goodBundle(randomSource(7));
    const flipped = Array.from({ length: bundle.length * 8 }, (_, bit) => {
        const copy = Buffer.from(bundle);
        copy[bit >> 3] ^= 1 << (bit & 7);
        return copy;
    });
    for (const [bit, verdict] of verdictsOfC(flipped).entries()) {
        assert.notEqual(verdict.slice(0, 2), "OK", `bit ${bit}`);
        assert.equal(verdictOfTypeScript(flipped[bit]), verdict, `bit ${bit}`);
    }
});

/** Hosts as people write them, right and wrong. */
const hosts = [
    "example.com",
    "EXAMPLE.com.",
    "*",
    "*.example.com",
    "*.com",
    "*.local",
    "*.localhost",
    "*.",
    "*x.com",
    "a.*.com",
    "localhost",
    "192.0.2.1",
    "192.0.2.256",
    "192.168.0.0/16",
    "192.168.1.0/16",
    "10.0.0.0/33",
    "0.0.0.0/0",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.1",
    "127.0.0.1.",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "2001:db8::/32",
    "2001:db8::1/32",
    "fd00::/8",
    "::ffff:10.0.0.1",
    "::/0",
    "1::%eth0",
    "ff02::1%eth0",
    "224.0.0.251",
    "239.0.0.0/8",
    "ff02::fb",
    "ff00::/8",
    "255.255.255.255",
    "1.2.3",
    "a_b.example",
    "-a.example",
    "a-.example",
    "a..b",
    ".a",
    "xn--bcher-kva.example",
    `${"a".repeat(63)}.example`,
    `${"a".repeat(64)}.example`,
    "1.2.3.4.5",
    "a.0",
    "a.0x1f",
    ":::",
    "1:2:3:4:5:6:7:8:9",
];

test("hosts: what the build refuses is what the runtime would refuse", () => {
    const operations = ["tcp.connect", "tcp.listen", "udp.send", "udp.bind", "multicast", "broadcast"];
    const cases = operations.flatMap((operation) =>
        hosts.map((host) => ({
            operation,
            rule: { [operation === "multicast" ? "group" : "host"]: host, port: 80 },
        })),
    );
    const random = randomSource(3);
    const bundles = cases.map(({ operation, rule }) => {
        const manifest = withDigest({
            ...goodManifest(random),
            permissions: { [operation]: [rule] },
            files: goodManifest(randomSource(1)).files,
        });
        return container(
            canonical(manifest),
            Buffer.concat(
                manifest.files.map(({ path: name }) =>
                    Buffer.from(
                        {
                            "main.js": "console.log('hello');\n",
                            "main.js.map": "{}",
                            "assets/empty": "",
                            "assets/logo.svg": "<svg/>",
                        }[name],
                    ),
                ),
            ),
        );
    });
    for (const [index, verdict] of verdictsOfC(bundles).entries()) {
        const { operation, rule } = cases[index];
        assert.match(verdict, /^OK /, JSON.stringify(rule));
        assert.equal(
            rules.hostProblem(operation, rule) === undefined,
            !verdict.startsWith("OK !"),
            `${operation} ${JSON.stringify(rule)}: ${verdict}; ${rules.hostProblem(operation, rule)}`,
        );
    }
});
