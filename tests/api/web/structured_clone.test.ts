// not: gcstress (large values take too long there)
import { deepEqual, equal, notEqual, ok, test, throws } from "../harness.ts";

test("primitives are themselves, symbols can't be cloned", () => {
    for (const value of [
        undefined,
        null,
        true,
        false,
        "",
        "text",
        "\ud800",
        0,
        -0,
        NaN,
        Infinity,
        1.5,
        10n,
        -(2n ** 80n),
    ]) {
        equal(structuredClone(value), value);
    }
    throws(() => structuredClone(Symbol("x")), "DataCloneError");
    throws(() => structuredClone({ a: [Symbol.iterator] }), "DataCloneError");
});

test("wrapped primitives stay wrapped", () => {
    for (const value of [new Boolean(true), new Number(-0), new String("x\ud800"), Object(5n)] as {
        valueOf(): unknown;
    }[]) {
        const copy = structuredClone(value);
        notEqual(copy, value);
        equal(Object.getPrototypeOf(copy), Object.getPrototypeOf(value));
        equal(copy.valueOf(), value.valueOf());
    }
    throws(() => structuredClone(Object(Symbol("x"))), "DataCloneError");
});

test("dates, also invalid ones, and regular expressions, whose lastIndex is not kept", () => {
    equal(structuredClone(new Date(1.5e12)).getTime(), 1.5e12);
    ok(Number.isNaN(structuredClone(new Date(NaN)).getTime()));
    const pattern = /a\/b(?<n>c)/giy;
    pattern.lastIndex = 3;
    const copy = structuredClone(pattern);
    equal(String(copy), String(pattern));
    equal(copy.lastIndex, 0);
});

test("cycles and shared objects keep their shape", () => {
    const shared = { s: 1 };
    const value: Record<string, unknown> = { a: shared, b: [shared], m: new Map([[shared, shared]]) };
    value["self"] = value;
    const copy = structuredClone(value) as any;
    equal(copy.self, copy);
    notEqual(copy.a, shared);
    equal(copy.b[0], copy.a);
    equal([...copy.m.keys()][0], copy.a);
    const set: Set<unknown> = new Set();
    set.add(set);
    const setCopy = structuredClone(set);
    ok(setCopy.has(setCopy) && setCopy !== set);
});

test("arrays keep length, holes and named properties", () => {
    const array: any = [1, , 3];
    array.length = 10;
    array.name = "n";
    const copy = structuredClone(array);
    equal(copy.length, 10);
    equal(1 in copy, false);
    equal(copy.name, "n");
    deepEqual(Object.keys(copy), ["0", "2", "name"]);
    equal(structuredClone(new Array(5)).length, 5);
});

test("own enumerable properties with text keys are copied, and nothing else", () => {
    class Point {
        x = 1;
        get sum(): number {
            return 2;
        }
    }
    const point: any = new Point();
    point[Symbol("s")] = 1;
    Object.defineProperty(point, "hidden", { value: 1 });
    Object.defineProperty(point, "getter", { get: () => "got", enumerable: true });
    const copy = structuredClone(point);
    equal(Object.getPrototypeOf(copy), Object.prototype);
    deepEqual(copy, { x: 1, getter: "got" });
    deepEqual(Object.getOwnPropertyDescriptor(copy, "getter"), {
        value: "got",
        writable: true,
        enumerable: true,
        configurable: true,
    });
    deepEqual(structuredClone(Object.assign(Object.create({ inherited: 1 }), { own: 2 })), { own: 2 });
});

test("a property named __proto__ stays a property", () => {
    const value = JSON.parse('{"__proto__": {"polluted": 1}}');
    const copy = structuredClone(value);
    ok(Object.hasOwn(copy, "__proto__"));
    equal(copy.polluted, undefined);
});

test("a getter that throws ends it with that error; one that removes the next property is heeded", () => {
    const error = new RangeError("mine");
    equal(
        throws(() =>
            structuredClone({
                get a() {
                    throw error;
                },
            }),
        ),
        error,
    );
    const value: any = {
        get a() {
            delete value.b;
            return 1;
        },
        b: 2,
    };
    deepEqual(structuredClone(value), { a: 1 });
});

test("maps and sets are copied as they are when it begins, without their other properties", () => {
    const map: Map<unknown, unknown> = new Map();
    map.set("a", {
        get x() {
            map.set("later", 1);
            return 1;
        },
    });
    (map as any).extra = 1;
    const copy = structuredClone(map);
    equal(copy.size, 1);
    deepEqual(copy.get("a"), { x: 1 });
    equal((copy as any).extra, undefined);
    deepEqual([...structuredClone(new Set([1, "a", NaN]))], [1, "a", NaN]);
    equal(Object.getPrototypeOf(structuredClone(new (class extends Map {})())), Map.prototype);
});

test("errors keep their standard name, message, stack and cause", () => {
    for (const Kind of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
        const error = new Kind("message", { cause: { a: 1 } });
        const copy = structuredClone(error);
        equal(Object.getPrototypeOf(copy), Kind.prototype);
        equal(copy.message, "message");
        equal(copy.stack, error.stack);
        deepEqual(copy.cause, { a: 1 });
        ok(!Object.keys(copy).includes("message"));
    }
    const own = Object.assign(new TypeError("x"), { code: "E" });
    equal((structuredClone(own) as any).code, undefined);
    const named = new Error("x");
    named.name = "RangeError";
    equal(Object.getPrototypeOf(structuredClone(named)), RangeError.prototype);
    named.name = "Whatever";
    equal(Object.getPrototypeOf(structuredClone(named)), Error.prototype);
    const silent = new Error();
    equal(Object.hasOwn(structuredClone(silent), "message"), false);
    const looping = new Error("loop");
    looping.cause = looping;
    const loopCopy = structuredClone(looping);
    equal(loopCopy.cause, loopCopy);
});

test("a message that is an accessor is left out", () => {
    const error = new Error("x");
    Object.defineProperty(error, "message", { get: () => "no" });
    equal(structuredClone(error).message, "");
});

test("DOMException keeps name, message and code", () => {
    const copy = structuredClone(new DOMException("m", "AbortError"));
    ok(copy instanceof DOMException);
    deepEqual([copy.name, copy.message, copy.code], ["AbortError", "m", 20]);
});

test("buffers are copied, views of one buffer share the copy", () => {
    const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
    const value = {
        a: new Uint8Array(buffer, 1, 3),
        b: new DataView(buffer, 2, 4),
        c: new Float32Array(buffer),
        buffer,
    };
    const copy = structuredClone(value);
    equal(copy.a.buffer, copy.buffer);
    equal(copy.b.buffer, copy.buffer);
    deepEqual(
        [copy.a.byteOffset, copy.a.length, copy.b.byteOffset, copy.b.byteLength, copy.c.length],
        [1, 3, 2, 4, 2],
    );
    deepEqual([...copy.a], [2, 3, 4]);
    copy.a[0] = 99;
    equal(value.a[0], 2);
    for (const Kind of [
        Int8Array,
        Uint8ClampedArray,
        Int16Array,
        Uint16Array,
        Int32Array,
        Uint32Array,
        Float32Array,
        Float64Array,
    ]) {
        const array = new Kind([1, 2, 3]);
        const other = structuredClone(array);
        equal(Object.getPrototypeOf(other), Kind.prototype);
        deepEqual([...other], [...array]);
    }
    deepEqual([...structuredClone(new BigInt64Array([1n, -1n]))], [1n, -1n]);
});

test("a transferred buffer moves, with its views", () => {
    const view = new Uint8Array([1, 2, 3]);
    const { buffer } = view;
    const copy = structuredClone({ view, buffer }, { transfer: [buffer] });
    equal(buffer.byteLength, 0);
    equal(view.length, 0);
    deepEqual([...copy.view], [1, 2, 3]);
    equal(copy.view.buffer, copy.buffer);
    throws(() => structuredClone(buffer), "DataCloneError");
    throws(() => structuredClone(view), "DataCloneError");
    throws(() => structuredClone(1, { transfer: [buffer] }), "DataCloneError");
});

test("nothing moves if anything can't be cloned", () => {
    const buffer = new ArrayBuffer(4);
    throws(() => structuredClone({ buffer, f() {} }, { transfer: [buffer] }), "DataCloneError");
    equal(buffer.byteLength, 4);
    throws(() => structuredClone(1, { transfer: [buffer, buffer] }), "DataCloneError");
    throws(() => structuredClone(1, { transfer: [{} as ArrayBuffer] }), "DataCloneError");
    throws(() => structuredClone(1, { transfer: [new Uint8Array(1) as never] }), "DataCloneError");
    throws(() => structuredClone(1, { transfer: [1 as never] }), "TypeError");
    throws(() => structuredClone(1, { transfer: 1 as never }), "TypeError");
    equal(buffer.byteLength, 4);
    structuredClone(1, { transfer: new Set([buffer]) });
    equal(buffer.byteLength, 0, "what is not part of the value moves too");
});

test("resizable buffers stay resizable, views that follow the length still do", () => {
    const Resizable = ArrayBuffer as unknown as new (
        length: number,
        options: { maxByteLength: number },
    ) => ArrayBuffer & {
        resizable: boolean;
        maxByteLength: number;
        resize(length: number): void;
    };
    const buffer = new Resizable(4, { maxByteLength: 16 });
    const copy = structuredClone({ buffer, view: new Uint8Array(buffer) });
    deepEqual([copy.buffer.resizable, copy.buffer.byteLength, copy.buffer.maxByteLength], [true, 4, 16]);
    copy.buffer.resize(8);
    equal(copy.view.length, 8);
});

test("what is more than data can't be cloned", () => {
    const values: unknown[] = [
        () => {},
        class {},
        Promise.resolve(),
        new WeakMap(),
        new WeakSet(),
        new WeakRef({}),
        new Proxy({}, {}),
        new Proxy([], {}),
        (function* () {})(),
        [][Symbol.iterator](),
        new Event("x"),
        new EventTarget(),
        new AbortController(),
        AbortSignal.abort(),
        new TextDecoder(),
        crypto,
        new ReadableStream(),
        new (class extends EventTarget {})(),
    ];
    for (const value of values) {
        throws(() => structuredClone(value), "DataCloneError");
        throws(() => structuredClone([{ value }]), "DataCloneError");
    }
});

test("arguments and modules' plain objects are objects", () => {
    const args = (function (..._values: unknown[]) {
        return arguments;
    })(1, "b");
    const copy = structuredClone(args) as unknown;
    deepEqual(copy, { 0: 1, 1: "b" });
    deepEqual(structuredClone(Object.create(null)), {});
    throws(() => (structuredClone as () => void)(), "TypeError");
});

test("deep values end in a RangeError, not in a crash", () => {
    let value: unknown = 1;
    for (let i = 0; i < 200_000; i++) {
        value = [value];
    }
    ok(throws(() => structuredClone(value)));
});

test("polluted prototypes do not show up in the copy", () => {
    const set = (Array.prototype as any).push;
    try {
        (Array.prototype as any).push = () => {
            throw new Error("push");
        };
        (Map.prototype as any).get = undefined;
        deepEqual(structuredClone({ a: [1, { b: 2 }] }), { a: [1, { b: 2 }] });
    } finally {
        (Array.prototype as any).push = set;
    }
});
