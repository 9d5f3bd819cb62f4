import { bytes, deepEqual, equal, ok, rejects, test, throws } from "../harness.ts";

const hmac = { name: "HMAC", hash: "SHA-256" };

// First, while the module is not there yet.
test("random values do not load what keys need", () => {
    crypto.randomUUID();
    cleat.gc();
    const before = cleat.memoryUsage().heapUsed;
    crypto.randomUUID();
    crypto.getRandomValues(new Uint8Array(1));
    cleat.gc();
    const between = cleat.memoryUsage().heapUsed;
    void crypto.subtle;
    cleat.gc();
    const after = cleat.memoryUsage().heapUsed;
    ok(after - between > 10_000, "crypto.subtle was there already");
    ok(between - before < 1_000, "random values have loaded something");
});

test("the classes are no constructors, and their members are on the prototype", () => {
    throws(() => new (SubtleCrypto as unknown as new () => void)(), "TypeError");
    throws(() => new (CryptoKey as unknown as new () => void)(), "TypeError");
    equal(crypto.subtle, crypto.subtle);
    ok(crypto.subtle instanceof SubtleCrypto);
    equal(Object.prototype.toString.call(crypto.subtle), "[object SubtleCrypto]");
    deepEqual(Object.keys(crypto.subtle), []);
    throws(() => Object.getOwnPropertyDescriptor(Crypto.prototype, "subtle")!.get!.call({}), "TypeError");
    throws(() => Object.getOwnPropertyDescriptor(CryptoKey.prototype, "type")!.get!.call({}), "TypeError");
});

test("wrong arguments reject, they do not throw", async () => {
    const { subtle } = crypto;
    const any = subtle as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
    const key = await subtle.generateKey(hmac, true, ["sign"]);
    for (const [method, ...values] of [
        ["digest"],
        ["digest", "SHA-256"],
        ["digest", "SHA-256", "text"],
        ["digest", "SHA-256", null],
        ["digest", {}, bytes("x")],
        ["digest", { name: undefined }, bytes("x")],
        ["digest", Symbol("x"), bytes("x")],
        ["sign", "HMAC", {}, bytes("x")],
        ["sign", "HMAC", null, bytes("x")],
        ["sign", "HMAC", Object.create(key as object), bytes("x")],
        ["sign", "ECDSA", key, bytes("x")],
        ["generateKey", "HMAC", true, ["sign"]],
        ["generateKey", hmac, true, "sign"],
        ["generateKey", hmac, true, {}],
        ["generateKey", "ECDSA", true, ["sign"]],
        ["importKey", "raw", { kty: "oct", k: "AA" }, hmac, true, ["sign"]],
        ["importKey", "jwk", bytes("x"), hmac, true, ["sign"]],
        ["importKey", "jwk", "text", hmac, true, ["sign"]],
        ["importKey", "pem", bytes("x"), hmac, true, ["sign"]],
        ["exportKey", "raw"],
        ["exportKey", "raw", {}],
        ["encrypt", "AES-GCM", key],
        ["encrypt", "AES-GCM", {}, bytes("x")],
        ["wrapKey", "raw", key, key],
    ] as [string, ...unknown[]][]) {
        await rejects(any[method]!.apply(subtle, values), "TypeError");
    }
    for (const method of Object.keys(SubtleCrypto.prototype)) {
        await rejects(any[method]!.call({}, hmac, key, bytes("x"), bytes("x")), "TypeError");
    }
});

test("what is not there is not supported, whatever the case of its name", async () => {
    const { subtle } = crypto;
    const any = subtle as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
    const key = await subtle.generateKey(hmac, true, ["sign"]);
    for (const [method, ...values] of [
        ["digest", "MD5", bytes("x")],
        ["digest", "SHA-224", bytes("x")],
        ["digest", "SHA256", bytes("x")],
        ["digest", "ſha-256", bytes("x")],
        ["digest", "SHA-256\0", bytes("x")],
        ["digest", "HMAC", bytes("x")],
        ["digest", "toString", bytes("x")],
        ["digest", null, bytes("x")],
        ["sign", "RSA-PSS", key, bytes("x")],
        ["sign", "SHA-256", key, bytes("x")],
        ["sign", { name: "ECDSA", hash: "MD5" }, key, bytes("x")],
        ["generateKey", { name: "AES-GCM", length: 128 }, true, ["encrypt"]],
        ["generateKey", { name: "HMAC", hash: "MD5" }, true, ["sign"]],
        ["generateKey", { name: "ECDSA", namedCurve: "P-384" }, true, ["sign"]],
        ["generateKey", { name: "ECDSA", namedCurve: "p-256" }, true, ["sign"]],
        ["generateKey", { name: "ECDH", namedCurve: "P-256" }, true, ["deriveKey"]],
        ["importKey", "raw", bytes("x"), "PBKDF2", false, ["deriveKey"]],
        ["importKey", "raw", bytes("x"), { name: "ECDSA", namedCurve: "P-521" }, false, ["verify"]],
        ["encrypt", "AES-GCM", key, bytes("x")],
        ["decrypt", hmac, key, bytes("x")],
        ["deriveBits", "HKDF", key, 128],
        ["deriveKey", "HKDF", key, hmac, true, ["sign"]],
        ["wrapKey", "raw", key, key, "AES-KW"],
        ["unwrapKey", "raw", bytes("x"), key, "AES-KW", hmac, true, ["sign"]],
    ] as [string, ...unknown[]][]) {
        await rejects(any[method]!.apply(subtle, values), "NotSupportedError");
    }
    for (const name of ["hmac", "Hmac", "HMAC"]) {
        equal(
            (await subtle.generateKey({ name, hash: { name: "sHa-1" } }, true, ["sign"])).algorithm.name,
            "HMAC",
        );
    }
});

test("each member of an argument is read once, in the order of Web IDL", async () => {
    const read: string[] = [];
    const watched = (target: object): never =>
        new Proxy(target, {
            get(object, key, receiver): unknown {
                read.push(String(key));
                return Reflect.get(object, key, receiver);
            },
        }) as never;
    const jwk = { kty: "oct", k: "AAAA", ext: true, key_ops: ["sign"] };
    await crypto.subtle.importKey("jwk", watched(jwk), watched({ ...hmac, length: 24 }), true, ["sign"]);
    deepEqual(read, [
        ...["alg", "crv", "d", "ext", "k", "key_ops", "kty", "use", "x", "y"],
        ...["name", "hash", "length"],
    ]);
});

test("bytes are those at the time of the call", async () => {
    const { subtle } = crypto;
    const data = bytes("abc");
    const expected = await subtle.digest("SHA-256", data);
    const digest = subtle.digest("SHA-256", data);
    data.fill(0);
    deepEqual(await digest, expected);

    const raw = bytes("secret key");
    const importing = subtle.importKey("raw", raw, hmac, true, ["sign"]);
    raw.fill(0);
    deepEqual(new Uint8Array(await subtle.exportKey("raw", await importing)), bytes("secret key"));
    const exported = new Uint8Array(await subtle.exportKey("raw", await importing));
    exported.fill(0);
    deepEqual(new Uint8Array(await subtle.exportKey("raw", await importing)), bytes("secret key"));
});

test("a buffer that was detached has no bytes, also while the algorithm is looked at", async () => {
    const { subtle } = crypto;
    const empty = await subtle.digest("SHA-256", new Uint8Array(0));
    for (const make of [
        (buffer: ArrayBuffer): BufferSource => buffer,
        (buffer: ArrayBuffer): BufferSource => new Uint8Array(buffer),
        (buffer: ArrayBuffer): BufferSource => new DataView(buffer),
    ]) {
        const buffer = new ArrayBuffer(8);
        const view = make(buffer);
        const algorithm = {
            get name(): string {
                structuredClone(buffer, { transfer: [buffer] });
                return "SHA-256";
            },
        };
        deepEqual(await subtle.digest(algorithm, view), empty);
        deepEqual(await subtle.digest("SHA-256", view), empty);
    }
    const key = new ArrayBuffer(8);
    structuredClone(key, { transfer: [key] });
    await rejects(subtle.importKey("raw", key, hmac, true, ["sign"]), "DataError");
});

test("a view that its buffer has left, and memory that is shared", async () => {
    const { subtle } = crypto;
    const Resizable = ArrayBuffer as unknown as new (
        n: number,
        o: object,
    ) => ArrayBuffer & { resize(n: number): void };
    const buffer = new Resizable(8, { maxByteLength: 8 });
    const view = new Uint8Array(buffer, 4, 4);
    buffer.resize(2);
    deepEqual(await subtle.digest("SHA-1", view), await subtle.digest("SHA-1", new Uint8Array(0)));
    const shared = new SharedArrayBuffer(8);
    for (const data of [shared, new Uint8Array(shared), new DataView(shared)]) {
        await rejects(subtle.digest("SHA-1", data as unknown as ArrayBuffer), "TypeError");
    }
});

test("received data, which are immutable, can be hashed", async () => {
    const immutable = (
        new ArrayBuffer(3) as unknown as { transferToImmutable(): ArrayBuffer }
    ).transferToImmutable();
    deepEqual(
        await crypto.subtle.digest("SHA-1", immutable),
        await crypto.subtle.digest("SHA-1", new Uint8Array(3)),
    );
});

test("replaced built-in functions and properties of all objects change nothing", async () => {
    const { subtle } = crypto;
    const hash = { name: "SHA-256" };
    const data = bytes("text");
    const { privateKey, publicKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
        "sign",
        "verify",
    ]);
    const closed = await subtle.generateKey(hmac, false, ["sign"]);
    const { toUpperCase, charCodeAt } = String.prototype;
    const { set } = Uint8Array.prototype;
    const tampered = Object.prototype as unknown as Record<string, unknown>;
    const called: string[] = [];
    const trap = (name: string): never =>
        function (): unknown {
            called.push(name);
            return "SHA-1";
        } as never;
    String.prototype.toUpperCase = trap("toUpperCase");
    String.prototype.charCodeAt = trap("charCodeAt");
    Uint8Array.prototype.set = trap("set");
    tampered.extractable = true;
    tampered.hash = "SHA-1";
    tampered.usages = 15;
    let signature, jwk, again, correct, failure: unknown;
    try {
        signature = await subtle.sign({ name: "ECDSA", hash }, privateKey, data);
        correct = await subtle.verify({ name: "ECDSA", hash }, publicKey, signature, data);
        jwk = await subtle.exportKey("jwk", privateKey);
        again = await subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
        failure = await subtle.exportKey("raw", closed).catch((error: unknown) => error);
    } finally {
        Object.assign(String.prototype, { toUpperCase, charCodeAt });
        Uint8Array.prototype.set = set;
        delete tampered.extractable;
        delete tampered.hash;
        delete tampered.usages;
    }
    deepEqual(called, []);
    equal(correct, true);
    deepEqual(await subtle.exportKey("pkcs8", again), await subtle.exportKey("pkcs8", privateKey));
    equal((failure as Error).name, "InvalidAccessError");
    ok(await subtle.verify({ name: "ECDSA", hash }, publicKey, signature, data));
});
