import { deepEqual, equal, test, throws } from "../harness.ts";

interface Immutable extends ArrayBuffer {
    readonly immutable: boolean;
}

function immutable(...bytes: number[]): Immutable {
    const buffer = new Uint8Array(bytes).buffer as ArrayBuffer & { transferToImmutable(): Immutable };
    return buffer.transferToImmutable();
}

test("they are decoded like any other", () => {
    equal(new TextDecoder().decode(immutable(0x61, 0xc3, 0xa9)), "aé");
    equal(new TextDecoder().decode(new Uint8Array(immutable(0x61, 0x62), 1)), "b");
});

test("nothing writes to them", () => {
    const view = new Uint8Array(immutable(1, 2, 3));
    throws(() => new TextEncoder().encodeInto("abc", view), "TypeError");
    throws(() => crypto.getRandomValues(view), "TypeError");
    deepEqual([...view], [1, 2, 3]);
});

test("their copies are immutable too, and they can't be transferred", () => {
    const buffer = immutable(1, 2, 3);
    const copy = structuredClone({ buffer, view: new Uint8Array(buffer, 1) });
    equal(copy.buffer.immutable, true);
    equal(copy.view.buffer as ArrayBuffer, copy.buffer);
    deepEqual([...copy.view], [2, 3]);
    throws(() => structuredClone(buffer, { transfer: [buffer] }), "DataCloneError");
    equal(buffer.byteLength, 3);
});

test("they pass through text streams", async () => {
    const stream = ReadableStream.from([immutable(0xe2, 0x82), immutable(0xac)]).pipeThrough(
        new TextDecoderStream(),
    );
    equal((await stream.getReader().read()).value, "€");
});
