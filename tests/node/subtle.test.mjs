// subtle.test.mjs - keys and signatures of crypto.subtle between Cleat and Node, whose Web Cryptography is OpenSSL's: what
// one exports the other imports, and what one signs the other verifies.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { startApp } from "./support.mjs";

const { subtle } = webcrypto;
const hashes = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
const messages = ["", "a", "text", "x".repeat(10_000)];

const hex = (data) => Buffer.from(data).toString("hex");
const fromHex = (text) => Uint8Array.from(Buffer.from(text, "hex"));

/** What each side does: the same text runs in Cleat and here. Keys and signatures travel as JSON. */
const sides = String.raw`
    const toHex = (data) =>
        [...new Uint8Array(data)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const ofHex = (text) => new Uint8Array((text.match(/../g) ?? []).map((digits) => parseInt(digits, 16)));
    const encoder = new TextEncoder();
    const ecdsa = { name: "ECDSA", namedCurve: "P-256" };

    /** Makes a key of each kind, writes it in every format and signs each message with each hash. */
    async function make(hashes, messages) {
        const { privateKey, publicKey } = await crypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]);
        const result = { ecdsa: {}, hmac: [], signatures: [] };
        for (const [format, key] of [["raw", publicKey], ["spki", publicKey], ["pkcs8", privateKey]]) {
            result.ecdsa[format] = toHex(await crypto.subtle.exportKey(format, key));
        }
        result.ecdsa.publicJwk = await crypto.subtle.exportKey("jwk", publicKey);
        result.ecdsa.privateJwk = await crypto.subtle.exportKey("jwk", privateKey);
        for (const hash of hashes) {
            const key = await crypto.subtle.generateKey({ name: "HMAC", hash }, true, ["sign", "verify"]);
            const hmac = { hash, raw: toHex(await crypto.subtle.exportKey("raw", key)), macs: [] };
            hmac.jwk = await crypto.subtle.exportKey("jwk", key);
            for (const message of messages) {
                const data = encoder.encode(message);
                hmac.macs.push(toHex(await crypto.subtle.sign("HMAC", key, data)));
                const signature = await crypto.subtle.sign({ name: "ECDSA", hash }, privateKey, data);
                result.signatures.push({ hash, message, signature: toHex(signature) });
            }
            result.hmac.push(hmac);
        }
        return result;
    }

    /** Takes what the other side has made; the number of signatures that were right, and throws if one is wrong. */
    async function take(made, messages) {
        let right = 0;
        const demand = (condition, what) => {
            if (!condition) {
                throw new Error("wrong: " + what);
            }
            right++;
        };
        const keys = [];
        for (const format of ["raw", "spki"]) {
            keys.push(await crypto.subtle.importKey(format, ofHex(made.ecdsa[format]), ecdsa, true, ["verify"]));
        }
        keys.push(await crypto.subtle.importKey("jwk", made.ecdsa.publicJwk, ecdsa, true, ["verify"]));
        for (const key of keys) {
            demand(toHex(await crypto.subtle.exportKey("spki", key)) === made.ecdsa.spki, "public key");
            for (const { hash, message, signature } of made.signatures) {
                const data = encoder.encode(message);
                const isRight = (bytes) => crypto.subtle.verify({ name: "ECDSA", hash }, key, bytes, data);
                demand(await isRight(ofHex(signature)), "signature with " + hash);
                const changed = ofHex(signature);
                changed[63] ^= 1;
                demand(!(await isRight(changed)), "changed signature");
            }
        }
        const signers = [await crypto.subtle.importKey("pkcs8", ofHex(made.ecdsa.pkcs8), ecdsa, true, ["sign"])];
        signers.push(await crypto.subtle.importKey("jwk", made.ecdsa.privateJwk, ecdsa, true, ["sign"]));
        for (const signer of signers) {
            demand(toHex(await crypto.subtle.exportKey("pkcs8", signer)) === made.ecdsa.pkcs8, "private key");
        }
        for (const { hash, raw, jwk, macs } of made.hmac) {
            for (const [format, data] of [["raw", ofHex(raw)], ["jwk", jwk]]) {
                const algorithm = { name: "HMAC", hash };
                const key = await crypto.subtle.importKey(format, data, algorithm, true, ["sign", "verify"]);
                for (const [index, message] of messages.entries()) {
                    const bytes = encoder.encode(message);
                    demand(toHex(await crypto.subtle.sign("HMAC", key, bytes)) === macs[index], "MAC");
                    demand(await crypto.subtle.verify("HMAC", key, ofHex(macs[index]), bytes), "MAC");
                }
            }
        }
        return right;
    }
`;
const here = new Function("crypto", `${sides}; return { make, take };`)(webcrypto);

/** Runs an expression of these functions in Cleat; resolves with its value. */
async function inCleat(expression) {
    const app = startApp(`${sides}\nconsole.log(JSON.stringify(await ${expression}));`);
    const { code } = await app.ended;
    assert.equal(code, 0, app.err);
    return JSON.parse(app.out);
}

/** Signatures: 16 with 3 keys, right and changed; the keys; 16 MACs in 2 formats, made and verified. */
const expected = 16 * 3 * 2 + 3 + 2 + 16 * 2 * 2;

test("Node takes what Cleat has made", async () => {
    const made = await inCleat(`make(${JSON.stringify(hashes)}, ${JSON.stringify(messages)})`);
    assert.equal(await here.take(made, messages), expected);
});

test("Cleat takes what Node has made", async () => {
    const made = await here.make(hashes, messages);
    assert.equal(await inCleat(`take(${JSON.stringify(made)}, ${JSON.stringify(messages)})`), expected);
});

test("hashes of every length around the blocks are the same", async () => {
    const lengths = [...Array(20).keys(), 55, 56, 63, 64, 65, 111, 112, 119, 120, 127, 128, 129, 1000, 65537];
    const expression = `(async () => {
        const hashes = [];
        for (const name of ${JSON.stringify(hashes)}) {
            for (const length of ${JSON.stringify(lengths)}) {
                hashes.push(toHex(await crypto.subtle.digest(name, new Uint8Array(length).fill(length))));
            }
        }
        return hashes;
    })()`;
    const actual = await inCleat(expression);
    for (const name of hashes) {
        for (const length of lengths) {
            const data = new Uint8Array(length).fill(length);
            assert.equal(actual.shift(), hex(await subtle.digest(name, data)), `${name} of ${length} bytes`);
        }
    }
});

test("the same keys are refused by both", async () => {
    const { publicKey } = await subtle.generateKey(ecdsa, true, ["sign", "verify"]);
    const spki = new Uint8Array(await subtle.exportKey("spki", publicKey));
    const other = await subtle.generateKey({ ...ecdsa, namedCurve: "P-384" }, true, ["sign", "verify"]);
    const keys = [
        ["spki", hex(spki.subarray(0, 90))],
        ["spki", hex(spki).replace(/.$/, (digit) => (parseInt(digit, 16) ^ 1).toString(16))],
        ["spki", hex(await subtle.exportKey("spki", other.publicKey))],
        ["raw", hex(await subtle.exportKey("raw", other.publicKey))],
        ["raw", "00"],
        ["raw", hex(spki.subarray(26, 90))],
    ];
    const names = await inCleat(`Promise.all(${JSON.stringify(keys)}.map(([format, data]) =>
        crypto.subtle.importKey(format, ofHex(data), ecdsa, true, ["verify"]).then(
            () => "imported",
            (error) => error.name,
        )))`);
    assert.deepEqual(names, Array(keys.length).fill("DataError"));
    for (const [format, data] of keys) {
        await assert.rejects(subtle.importKey(format, fromHex(data), ecdsa, true, ["verify"]), {
            name: "DataError",
        });
    }
});
