import { bytes, deepEqual, equal, notEqual, ok, rejects, test, throws } from "../harness.ts";

const { subtle } = crypto;
const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
const hmac = { name: "HMAC", hash: "SHA-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };

function pair(extractable = true): Promise<CryptoKeyPair> {
    return subtle.generateKey(ecdsa, extractable, ["sign", "verify"]);
}

function fromBase64Url(text: string): Uint8Array {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

test("what a key says of itself are copies that nothing depends on", async () => {
    const key = await subtle.generateKey(hmac, false, ["verify", "sign", "sign"]);
    deepEqual(key.usages, ["sign", "verify"]);
    equal(key.usages, key.usages);
    equal(key.algorithm, key.algorithm);
    deepEqual(key.algorithm, { name: "HMAC", hash: { name: "SHA-256" }, length: 512 });
    key.usages.length = 0;
    (key.algorithm as { name: string }).name = "ECDSA";
    Object.defineProperty(key, "extractable", { value: true });
    Object.defineProperty(key, "type", { value: "public" });
    equal((await subtle.sign("HMAC", key, bytes("x"))).byteLength, 32);
    await rejects(subtle.exportKey("raw", key), "InvalidAccessError");
});

test("a key that is not extractable is exported in no format, whichever way it came", async () => {
    const { privateKey, publicKey } = await pair(false);
    equal(publicKey.extractable, true);
    const jwk = await subtle.exportKey("jwk", (await pair()).privateKey);
    const keys: [CryptoKey, ("raw" | "spki" | "pkcs8" | "jwk")[]][] = [
        [privateKey, ["raw", "spki", "pkcs8", "jwk"]],
        [await subtle.importKey("jwk", { ...jwk, ext: true }, ecdsa, false, ["sign"]), ["pkcs8", "jwk"]],
        [await subtle.generateKey(hmac, false, ["sign"]), ["raw", "jwk"]],
        [await subtle.importKey("raw", bytes("key"), hmac, false, ["sign"]), ["raw", "jwk"]],
        [structuredClone(privateKey), ["pkcs8", "jwk"]],
        [
            await subtle.importKey("spki", await subtle.exportKey("spki", publicKey), ecdsa, false, []),
            ["raw", "spki", "jwk"],
        ],
    ];
    for (const [key, formats] of keys) {
        for (const format of formats) {
            await rejects(subtle.exportKey(format as "raw", key), "InvalidAccessError");
        }
    }
});

test("a key pair comes back from every format", async () => {
    const { privateKey, publicKey } = await pair();
    const signature = await subtle.sign(signing, privateKey, bytes("text"));
    for (const format of ["raw", "spki", "jwk"] as const) {
        const data = await subtle.exportKey(format as "raw", publicKey);
        const again = await subtle.importKey(format as "raw", data, ecdsa, true, ["verify"]);
        equal(again.type, "public");
        ok(await subtle.verify(signing, again, signature, bytes("text")));
        deepEqual(await subtle.exportKey(format as "raw", again), data);
    }
    for (const format of ["pkcs8", "jwk"] as const) {
        const data = await subtle.exportKey(format as "pkcs8", privateKey);
        const again = await subtle.importKey(format as "pkcs8", data, ecdsa, true, ["sign"]);
        equal(again.type, "private");
        const other = await subtle.sign(signing, again, bytes("text"));
        ok(await subtle.verify(signing, publicKey, other, bytes("text")));
        deepEqual(await subtle.exportKey(format as "pkcs8", again), data);
    }
});

test("a compressed point is the same key", async () => {
    const { publicKey } = await pair();
    const raw = new Uint8Array(await subtle.exportKey("raw", publicKey));
    const compressed = raw.slice(0, 33);
    compressed[0] = 2 + (raw[64]! & 1);
    const key = await subtle.importKey("raw", compressed, ecdsa, true, ["verify"]);
    deepEqual(new Uint8Array(await subtle.exportKey("raw", key)), raw);
});

test("formats that a kind of key does not have", async () => {
    const { privateKey, publicKey } = await pair();
    const secret = await subtle.generateKey(hmac, true, ["sign"]);
    await rejects(subtle.exportKey("raw", privateKey), "InvalidAccessError");
    await rejects(subtle.exportKey("spki", privateKey), "InvalidAccessError");
    await rejects(subtle.exportKey("pkcs8", publicKey), "InvalidAccessError");
    await rejects(subtle.exportKey("spki", secret), "NotSupportedError");
    await rejects(subtle.exportKey("pkcs8", secret), "NotSupportedError");
    await rejects(subtle.importKey("spki", new Uint8Array(91), hmac, true, ["sign"]), "NotSupportedError");
    await rejects(subtle.exportKey("der" as "raw", secret), "TypeError");
});

test("usages that a key can't have, or none, are a SyntaxError", async () => {
    const { privateKey, publicKey } = await pair();
    const pkcs8 = await subtle.exportKey("pkcs8", privateKey);
    const raw = await subtle.exportKey("raw", publicKey);
    const jwk = await subtle.exportKey("jwk", privateKey);
    await rejects(subtle.generateKey(hmac, true, ["encrypt"]), "SyntaxError");
    await rejects(subtle.generateKey(hmac, true, []), "SyntaxError");
    await rejects(subtle.generateKey(ecdsa, true, []), "SyntaxError");
    await rejects(subtle.generateKey(ecdsa, true, ["verify"]), "SyntaxError");
    await rejects(subtle.generateKey(ecdsa, true, ["sign", "deriveKey"]), "SyntaxError");
    await rejects(subtle.importKey("pkcs8", pkcs8, ecdsa, true, ["verify"]), "SyntaxError");
    await rejects(subtle.importKey("pkcs8", pkcs8, ecdsa, true, []), "SyntaxError");
    await rejects(subtle.importKey("raw", raw, ecdsa, true, ["sign"]), "SyntaxError");
    await rejects(subtle.importKey("jwk", jwk, ecdsa, true, ["verify"]), "SyntaxError");
    await rejects(subtle.importKey("raw", bytes("key"), hmac, true, []), "SyntaxError");
    await rejects(subtle.importKey("raw", bytes("key"), hmac, true, ["bake" as "sign"]), "TypeError");
    equal((await subtle.importKey("raw", raw, ecdsa, true, [])).usages.length, 0);
});

test("a key does nothing that it was not made for", async () => {
    const { privateKey, publicKey } = await pair();
    const signer = await subtle.generateKey(hmac, true, ["sign"]);
    const verifier = await subtle.importKey("raw", await subtle.exportKey("raw", signer), hmac, true, [
        "verify",
    ]);
    const silent = await subtle.importKey("raw", await subtle.exportKey("raw", publicKey), ecdsa, true, []);
    const data = bytes("x");
    for (const wrong of [
        () => subtle.sign("HMAC", verifier, data),
        () => subtle.verify("HMAC", signer, data, data),
        () => subtle.sign(signing, publicKey, data),
        () => subtle.verify(signing, privateKey, data, data),
        () => subtle.verify(signing, silent, data, data),
        () => subtle.sign("HMAC", privateKey, data),
        () => subtle.sign(signing, signer, data),
        () => subtle.verify(signing, verifier, data, data),
    ]) {
        await rejects(wrong(), "InvalidAccessError");
    }
});

test("malformed keys are a DataError", async () => {
    const { privateKey, publicKey } = await pair();
    const other = await pair();
    const raw = new Uint8Array(await subtle.exportKey("raw", publicKey));
    const spki = new Uint8Array(await subtle.exportKey("spki", publicKey));
    const pkcs8 = new Uint8Array(await subtle.exportKey("pkcs8", privateKey));
    const otherPkcs8 = new Uint8Array(await subtle.exportKey("pkcs8", other.privateKey));
    const changed = (data: Uint8Array, at: number): Uint8Array<ArrayBuffer> => {
        const copy = new Uint8Array(data);
        copy.set([copy.at(at)! ^ 1], at < 0 ? copy.length + at : at);
        return copy;
    };
    const swapped = new Uint8Array(pkcs8);
    swapped.set(otherPkcs8.subarray(-64), swapped.length - 64);
    const zero = new Uint8Array(pkcs8);
    zero.fill(0, 36, 68);
    for (const [format, data] of [
        ["raw", changed(raw, 10)],
        ["raw", raw.slice(1)],
        ["raw", new Uint8Array(0)],
        ["raw", new Uint8Array(65)],
        ["spki", changed(spki, -1)],
        ["spki", changed(spki, 20)],
        ["spki", spki.slice(0, -1)],
        ["spki", new Uint8Array(0)],
        ["spki", pkcs8],
        ["pkcs8", changed(pkcs8, 40)],
        ["pkcs8", changed(pkcs8, 5)],
        ["pkcs8", swapped],
        ["pkcs8", zero],
        ["pkcs8", spki],
        ["pkcs8", new Uint8Array(0)],
    ] as const) {
        await rejects(
            subtle.importKey(format, data, ecdsa, true, [format === "pkcs8" ? "sign" : "verify"]),
            "DataError",
        );
    }
    await rejects(subtle.importKey("raw", new Uint8Array(0), hmac, true, ["sign"]), "DataError");
});

test("a JSON Web Key must be what it is taken for", async () => {
    const { privateKey } = await pair();
    const jwk = await subtle.exportKey("jwk", privateKey);
    const other = await subtle.exportKey("jwk", (await pair()).privateKey);
    equal(fromBase64Url(jwk.d!).length, 32);
    for (const wrong of [
        { kty: "oct" },
        { kty: undefined },
        { crv: "P-384" },
        { crv: undefined },
        { alg: "ES384" },
        { use: "enc" },
        { key_ops: ["verify"] },
        { key_ops: ["sign", "sign"] },
        { key_ops: ["sign", "deriveBits"], use: "sig" },
        { ext: false },
        { d: other.d! },
        { d: "" },
        { d: `${jwk.d!}=` },
        { d: `${jwk.d!.slice(0, -1)} ` },
        { d: jwk.d!.slice(0, -2) },
        { x: undefined },
        { x: other.x! },
        { y: `+${jwk.y!.slice(1)}` },
        { y: `AAAA${jwk.y!}` },
    ]) {
        const key = { ...jwk, ...wrong } as JsonWebKey;
        await rejects(subtle.importKey("jwk", key, ecdsa, true, ["sign"]), "DataError");
    }
    for (const fine of [{ alg: "ES256" }, { use: "sig" }, { key_ops: undefined }, { ext: undefined }]) {
        const key = { ...jwk, ...fine } as JsonWebKey;
        equal((await subtle.importKey("jwk", key, ecdsa, true, ["sign"])).type, "private");
    }
});

test("a JSON Web Key of HMAC, of every length", async () => {
    for (let length = 1; length < 70; length++) {
        const raw = crypto.getRandomValues(new Uint8Array(length));
        const key = await subtle.importKey("raw", raw, hmac, true, ["sign", "verify"]);
        const jwk = await subtle.exportKey("jwk", key);
        deepEqual([jwk.kty, jwk.alg, jwk.ext, jwk.key_ops], ["oct", "HS256", true, ["sign", "verify"]]);
        deepEqual(fromBase64Url(jwk.k!), raw);
        const again = await subtle.importKey("jwk", jwk, hmac, true, ["sign"]);
        deepEqual(new Uint8Array(await subtle.exportKey("raw", again)), raw);
    }
    const jwk = { kty: "oct", k: "AAA" };
    for (const wrong of [
        { alg: "HS512" },
        { k: undefined },
        { k: "A" },
        { k: "AB" },
        { k: "A/A" },
        { k: "" },
    ]) {
        const key = { ...jwk, ...wrong } as JsonWebKey;
        await rejects(subtle.importKey("jwk", key, hmac, true, ["sign"]), "DataError");
    }
});

test("lengths of HMAC keys are in bits, and what is beyond them is zero", async () => {
    for (const [hash, expected] of [
        ["SHA-1", 512],
        ["SHA-256", 512],
        ["SHA-384", 1024],
        ["SHA-512", 1024],
    ] as const) {
        const key = await subtle.generateKey({ name: "HMAC", hash }, true, ["sign"]);
        equal((key.algorithm as HmacKeyAlgorithm).length, expected);
        equal((await subtle.exportKey("raw", key)).byteLength, expected / 8);
    }
    const key = await subtle.importKey("raw", new Uint8Array([255, 255]), { ...hmac, length: 11 }, true, [
        "sign",
    ]);
    equal((key.algorithm as HmacKeyAlgorithm).length, 11);
    deepEqual(new Uint8Array(await subtle.exportKey("raw", key)), new Uint8Array([255, 0b11100000]));
    for (const length of [0, 8, 17, 16.9 - 8, 4294967295]) {
        await rejects(
            subtle.importKey("raw", new Uint8Array(2), { ...hmac, length }, true, ["sign"]),
            "DataError",
        );
    }
    for (const length of [-1, 4294967296, NaN, Infinity]) {
        await rejects(
            subtle.importKey("raw", new Uint8Array(2), { ...hmac, length }, true, ["sign"]),
            "TypeError",
        );
    }
    const odd = await subtle.generateKey({ ...hmac, length: 9 }, true, ["sign"]);
    equal(new Uint8Array(await subtle.exportKey("raw", odd))[1]! & 0x7f, 0);
    await rejects(subtle.generateKey({ ...hmac, length: 0 }, true, ["sign"]), "OperationError");
    await rejects(subtle.generateKey({ ...hmac, length: 524289 }, true, ["sign"]), "OperationError");
    await subtle.generateKey({ ...hmac, length: 524288 }, true, ["sign"]);
});

test("a clone is another object with the same key", async () => {
    const { privateKey, publicKey } = await pair();
    const { keys } = structuredClone({ keys: [privateKey, privateKey] });
    equal(keys[0], keys[1]);
    notEqual(keys[0], privateKey);
    ok(keys[0] instanceof CryptoKey);
    deepEqual(keys[0].usages, ["sign"]);
    const signature = await subtle.sign(signing, keys[0], bytes("x"));
    ok(await subtle.verify(signing, publicKey, signature, bytes("x")));
    throws(() => structuredClone(Object.create(privateKey)), "DataCloneError");
    throws(() => structuredClone(Object.create(CryptoKey.prototype)), "DataCloneError");
    throws(() => structuredClone(subtle), "DataCloneError");
});

test("keys that nobody holds any more are collected", async () => {
    const algorithm = { ...hmac, length: 65536 * 8 };
    cleat.gc();
    const before = cleat.memoryUsage().heapUsed;
    for (let i = 0; i < 100; i++) {
        await subtle.generateKey(algorithm, false, ["sign"]);
    }
    const refs = [...Array(3)].map(() => 0);
    equal(refs.length, 3);
    cleat.gc();
    ok(cleat.memoryUsage().heapUsed - before < 1_000_000, "what is left of 6.5 MB of keys");
});

test("a key counts as memory of the app", async () => {
    cleat.gc();
    const before = cleat.memoryUsage().heapUsed;
    const key = await subtle.importKey("raw", new Uint8Array(1 << 20), hmac, false, ["sign"]);
    cleat.gc();
    ok(cleat.memoryUsage().heapUsed - before >= 1 << 20, "its bytes");
    equal((await subtle.sign("HMAC", key, bytes("x"))).byteLength, 32);
});
