import { deepEqual, equal, ok, test, throws } from "../harness.ts";

const encoder = new TextEncoder();

test("lone surrogates become U+FFFD, pairs four bytes", () => {
    const cases: [string, number[]][] = [
        ["\ud83d\ude00", [0xf0, 0x9f, 0x98, 0x80]],
        ["\ud83d", [0xef, 0xbf, 0xbd]],
        ["\ude00", [0xef, 0xbf, 0xbd]],
        ["a\ud83dz", [0x61, 0xef, 0xbf, 0xbd, 0x7a]],
        ["\ude00\ud83d", [0xef, 0xbf, 0xbd, 0xef, 0xbf, 0xbd]],
        ["\ud83d\ud83d\ude00", [0xef, 0xbf, 0xbd, 0xf0, 0x9f, 0x98, 0x80]],
        ["\ud7ff\ue000", [0xed, 0x9f, 0xbf, 0xee, 0x80, 0x80]],
        ["\u00ff", [0xc3, 0xbf]],
        ["\0", [0]],
        ["", []],
    ];
    for (const [text, bytes] of cases) {
        deepEqual([...encoder.encode(text)], bytes);
    }
});

test("a pair joined from two halves is a pair", () => {
    const text = "x".repeat(10_000) + "\ud83d" + "\ude00" + "y".repeat(10_000);
    deepEqual([...encoder.encode(text).subarray(10_000, 10_004)], [0xf0, 0x9f, 0x98, 0x80]);
});

test("what is no string is converted, undefined is the empty text", () => {
    const encode = encoder.encode.bind(encoder) as (value?: unknown) => Uint8Array;
    equal(encode().length, 0);
    equal(encode(undefined).length, 0);
    equal(new TextDecoder().decode(encode(null)), "null");
    equal(new TextDecoder().decode(encode(12)), "12");
    throws(() => encode(Symbol("x")), "TypeError");
    ok(encode("x") instanceof Uint8Array);
    equal(encoder.encoding, "utf-8");
    throws(() => TextEncoder.prototype.encode.call({} as TextEncoder), "TypeError");
});

test("encodeInto never splits a character", () => {
    const target = new Uint8Array(10).fill(0xaa);
    deepEqual(encoder.encodeInto("a€😀", target.subarray(0, 7)), { read: 2, written: 4 });
    deepEqual([...target.subarray(0, 6)], [0x61, 0xe2, 0x82, 0xac, 0xaa, 0xaa]);
    deepEqual(encoder.encodeInto("a€😀", target.subarray(0, 8)), { read: 4, written: 8 });
    deepEqual(encoder.encodeInto("€", target.subarray(0, 2)), { read: 0, written: 0 });
    deepEqual(encoder.encodeInto("abc", new Uint8Array(0)), { read: 0, written: 0 });
    deepEqual(encoder.encodeInto("\ud83d", target.subarray(0, 3)), { read: 1, written: 3 });
    deepEqual([...target.subarray(0, 3)], [0xef, 0xbf, 0xbd]);
    deepEqual(encoder.encodeInto("\ud83d", target.subarray(0, 2)), { read: 0, written: 0 });
});

test("encodeInto writes where the view lies", () => {
    const buffer = new ArrayBuffer(8);
    encoder.encodeInto("ab", new Uint8Array(buffer, 3, 2));
    deepEqual([...new Uint8Array(buffer)], [0, 0, 0, 0x61, 0x62, 0, 0, 0]);
});

test("encodeInto takes a Uint8Array only", () => {
    const into = encoder.encodeInto.bind(encoder) as unknown as (...values: unknown[]) => unknown;
    for (const target of [
        new Int8Array(4),
        new Uint16Array(4),
        new ArrayBuffer(4),
        new DataView(new ArrayBuffer(4)),
        [],
        null,
    ]) {
        throws(() => into("x", target), "TypeError");
    }
    throws(() => into("x"), "TypeError");
});

test("encodeInto of a detached array writes nothing", () => {
    const target = new Uint8Array(4);
    structuredClone(target.buffer, { transfer: [target.buffer] });
    deepEqual(encoder.encodeInto("abc", target), { read: 0, written: 0 });
});
