import { equal, ok, test, throws } from "../harness.ts";

test("integer arrays are filled in place and returned", () => {
    for (const Kind of [
        Int8Array,
        Uint8Array,
        Uint8ClampedArray,
        Int16Array,
        Uint16Array,
        Int32Array,
        Uint32Array,
        BigInt64Array,
        BigUint64Array,
    ]) {
        const array = new Kind(32);
        equal(crypto.getRandomValues(array), array);
        ok(
            [...array].some((value) => value !== array[0]),
            Kind.name,
        );
    }
});

test("only the bytes of the view are touched", () => {
    const bytes = new Uint8Array(64);
    crypto.getRandomValues(bytes.subarray(16, 48));
    ok(bytes.subarray(0, 16).every((byte) => byte === 0) && bytes.subarray(48).every((byte) => byte === 0));
    ok(bytes.subarray(16, 48).some((byte) => byte !== 0));
});

test("65536 bytes are the most at once", () => {
    crypto.getRandomValues(new Uint8Array(65536));
    crypto.getRandomValues(new Uint32Array(16384));
    crypto.getRandomValues(new Uint8Array(0));
    throws(() => crypto.getRandomValues(new Uint8Array(65537)), "QuotaExceededError");
    throws(() => crypto.getRandomValues(new Uint32Array(16385)), "QuotaExceededError");
});

test("floats and DataView are a TypeMismatchError, no view at all a TypeError", () => {
    throws(() => crypto.getRandomValues(new Float32Array(1)), "TypeMismatchError");
    throws(() => crypto.getRandomValues(new Float64Array(70000)), "TypeMismatchError");
    throws(() => crypto.getRandomValues(new DataView(new ArrayBuffer(1))), "TypeMismatchError");
    for (const value of [null, undefined, 5, {}, [], new ArrayBuffer(4)]) {
        throws(() => crypto.getRandomValues(value as never), "TypeError");
    }
});

test("UUIDs are version 4 and differ", () => {
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) {
        const uuid = crypto.randomUUID();
        ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid), uuid);
        seen.add(uuid);
    }
    equal(seen.size, 500);
});

test("crypto is the only one of its kind", () => {
    throws(() => new (Crypto as unknown as new () => void)(), "TypeError");
    ok(crypto instanceof Crypto);
    throws(() => Crypto.prototype.randomUUID.call({} as Crypto), "TypeError");
    equal(Object.prototype.toString.call(crypto), "[object Crypto]");
});
