import { bytes, equal, ok, test } from "../harness.ts";

const { subtle } = crypto;

function hex(data: ArrayBuffer): string {
    return [...new Uint8Array(data)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(text.match(/../g)!.map((digits) => parseInt(digits, 16)));
}

const twoBlocks = bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");

test("hashes are those of FIPS 180", async () => {
    for (const [name, empty, abc, two] of [
        [
            "SHA-1",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
        ],
        [
            "SHA-256",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ],
        [
            "SHA-384",
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1fe3c8452b",
        ],
        [
            "SHA-512",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445",
        ],
    ] as const) {
        equal(hex(await subtle.digest(name, new Uint8Array(0))), empty);
        equal(hex(await subtle.digest(name, new ArrayBuffer(0))), empty);
        equal(hex(await subtle.digest({ name }, bytes("abc"))), abc);
        equal(hex(await subtle.digest(name.toLowerCase(), twoBlocks)), two);
    }
});

test("a hash of a view is one of its bytes only, whatever the view", async () => {
    const padded = new Uint8Array(16);
    padded.set(bytes("abcd"), 4);
    const expected = hex(await subtle.digest("SHA-256", bytes("abcd")));
    for (const view of [
        padded.subarray(4, 8),
        new DataView(padded.buffer, 4, 4),
        new Uint16Array(padded.buffer, 4, 2),
        new Float32Array(padded.buffer, 4, 1),
    ]) {
        equal(hex(await subtle.digest("SHA-256", view)), expected);
    }
});

test("HMAC is that of RFC 2202 and RFC 4231, also with a key longer than a block", async () => {
    const question = bytes("what do ya want for nothing?");
    const larger = bytes("Test Using Larger Than Block-Size Key - Hash Key First");
    for (const [hash, key, data, expected] of [
        ["SHA-1", bytes("Jefe"), question, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
        [
            "SHA-256",
            new Uint8Array(20).fill(0x0b),
            bytes("Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ],
        [
            "SHA-384",
            bytes("Jefe"),
            question,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ],
        [
            "SHA-512",
            new Uint8Array(131).fill(0xaa),
            larger,
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
        ],
    ] as const) {
        const algorithm = { name: "HMAC", hash };
        const imported = await subtle.importKey("raw", key, algorithm, false, ["sign", "verify"]);
        const mac = await subtle.sign("HMAC", imported, data);
        equal(hex(mac), expected);
        ok(await subtle.verify("hmac", imported, mac, data));
        ok(!(await subtle.verify("HMAC", imported, mac, bytes("other"))));
        ok(!(await subtle.verify("HMAC", imported, mac.slice(1), data)));
        ok(!(await subtle.verify("HMAC", imported, new Uint8Array(0), data)));
    }
});

test("a signature of RFC 6979 is right, and wrong as soon as anything about it is another", async () => {
    const key = await subtle.importKey(
        "raw",
        fromHex(
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        ),
        { name: "ECDSA", namedCurve: "P-256" },
        true,
        ["verify"],
    );
    const algorithm = { name: "ECDSA", hash: "SHA-512" };
    const signature = fromHex(
        "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f002362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe",
    );
    ok(await subtle.verify(algorithm, key, signature, bytes("sample")));
    ok(!(await subtle.verify(algorithm, key, signature, bytes("simple"))));
    ok(!(await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, bytes("sample"))));
    ok(!(await subtle.verify(algorithm, key, signature.subarray(1), bytes("sample"))));
    ok(!(await subtle.verify(algorithm, key, new Uint8Array(64), bytes("sample"))));
    ok(!(await subtle.verify(algorithm, key, new Uint8Array(0), bytes("sample"))));
    signature[0]! ^= 1;
    ok(!(await subtle.verify(algorithm, key, signature, bytes("sample"))));
});

test("what a generated key signs, its other half verifies, with each hash", async () => {
    const { privateKey, publicKey } = await subtle.generateKey(
        { name: "ECDSA", namedCurve: "P-256" },
        false,
        ["sign", "verify"],
    );
    for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
        const signature = await subtle.sign({ name: "ECDSA", hash }, privateKey, bytes("text"));
        equal(signature.byteLength, 64);
        ok(await subtle.verify({ name: "ECDSA", hash }, publicKey, signature, bytes("text")));
    }
});
