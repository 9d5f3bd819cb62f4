// ca_bundle.test.mjs - the authorities that a firmware builds in: which are taken, and what the maker is told.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const root = path.join(import.meta.dirname, "../..");
const work = mkdtempSync(path.join(tmpdir(), "cleat-ca-"));
after(() => rmSync(work, { recursive: true }));
const out = path.join(work, "made/ca_bundle.c");

function certificate(subject, ...more) {
    const key = more.includes("-newkey") ? [] : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    const result = spawnSync(
        "openssl",
        ["req", "-x509", ...key, "-nodes", "-keyout", "/dev/null", "-subj", subject, "-days", "30", ...more],
        { encoding: "utf8" },
    );
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
}

function make(text) {
    const file = path.join(work, "in.pem");
    rmSync(out, { force: true });
    writeFileSync(file, text);
    const result = spawnSync("node", [path.join(root, "tools/ca_bundle.mjs"), "--in", file, "--out", out], {
        encoding: "utf8",
    });
    return { code: result.status, err: result.stderr.replaceAll(file, "in.pem") };
}

/** The bytes in the array of the C file. */
function bytesOf(text) {
    const body = /bytes\[\] = \{\n([^]*?)\n\};/.exec(text)[1].replaceAll(/\/\*.*\*\//g, "");
    return Buffer.from(body.match(/\d+/g).map(Number));
}

const first = certificate("/CN=First *\\/ \\/* ü/O=x", "-utf8");
const second = certificate("/CN=Second", "-newkey", "rsa:2048");

test("certificates become one array, each once", () => {
    assert.deepEqual(make(`# some words\n${first}\n${second}${first}`), { code: 0, err: "" });
    const ders = [first, second].map((pem) => new X509Certificate(pem).raw);
    assert.deepEqual(bytesOf(readFileSync(out, "utf8")), Buffer.concat(ders));
    const compiled = spawnSync(
        "cc",
        ["-xc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-"],
        { encoding: "utf8", input: readFileSync(out, "utf8").replace(/#include.*/, stub) },
    );
    assert.equal(compiled.status, 0, compiled.stderr);
});

const stub =
    "#include <stdint.h>\n#include <stddef.h>\nstruct io_tls_built_in {const uint8_t *bytes; size_t size;};";

test("what could not be used is left out, and said", () => {
    const pem = [
        second,
        certificate("/CN=leaf", "-addext", "basicConstraints=critical,CA:FALSE"),
        certificate("/CN=weak", "-newkey", "rsa:1024"),
        certificate("/CN=curve", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"),
        certificate("/CN=edwards", "-newkey", "ed25519"),
    ];
    const { code, err } = make(pem.join(""));
    assert.equal(code, 0);
    assert.match(err, /in\.pem:\d+: CN=leaf: it is not an authority/);
    for (const name of ["weak", "curve", "edwards"]) {
        assert.match(err, new RegExp(`CN=${name}: only keys of RSA with 2048 bits or more, P-256 and P-384`));
    }
    assert.deepEqual(bytesOf(readFileSync(out, "utf8")), new X509Certificate(second).raw);
    assert.match(make(pem[1]).err, /none of the 1 certificates in in\.pem can be used/);
});

test("errors name the file and the line", () => {
    for (const [text, message] of [
        ["hello", /in\.pem has no certificate in PEM/],
        [
            `${first}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
            /in\.pem:\d\d: a broken/,
        ],
        [first.slice(0, -40), /in\.pem:1: a broken certificate/],
        [first.replace("M", ""), /in\.pem:1: a broken certificate/],
    ]) {
        const { code, err } = make(text);
        assert.equal(code, 1);
        assert.match(err, message);
        assert.match(err, /^\nerror: CLEAT_CA_BUNDLE: /);
        assert.equal(existsSync(out), false);
    }
    const script = path.join(root, "tools/ca_bundle.mjs");
    const missing = spawnSync("node", [script, "--in", "/no/such.pem", "--out", out], { encoding: "utf8" });
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /can't read \/no\/such\.pem: ENOENT/);
});
