import { deepEqual, equal, ok, rejects, test, throws } from "../harness.ts";

async function through<I, O>(transform: ReadableWritablePair<O, I>, chunks: I[]): Promise<O[]> {
    const output: O[] = [];
    const source = new ReadableStream<I>({
        start(controller) {
            for (const chunk of chunks) {
                controller.enqueue(chunk);
            }
            controller.close();
        },
    });
    for await (const chunk of source.pipeThrough(transform)) {
        output.push(chunk);
    }
    return output;
}

const bytes = (...list: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(list);

test("a surrogate pair split over chunks is one character", async () => {
    const encode = async (chunks: string[]): Promise<number[][]> =>
        (await through(new TextEncoderStream(), chunks)).map((chunk) => [...chunk]);
    deepEqual(await encode(["a\ud83d", "\ude00b"]), [[0x61], [0xf0, 0x9f, 0x98, 0x80, 0x62]]);
    deepEqual(await encode(["\ud83d", "", "\ude00"]), [[0xf0, 0x9f, 0x98, 0x80]]);
    deepEqual(await encode(["\ud83d", "x"]), [[0xef, 0xbf, 0xbd, 0x78]]);
    deepEqual(await encode(["\ud83d", "\ud83d", "\ude00"]), [
        [0xef, 0xbf, 0xbd],
        [0xf0, 0x9f, 0x98, 0x80],
    ]);
    deepEqual(await encode(["x\ud83d"]), [[0x78], [0xef, 0xbf, 0xbd]]);
    deepEqual(await encode(["\ude00"]), [[0xef, 0xbf, 0xbd]]);
    deepEqual(await encode(["", ""]), [], "empty text makes no chunk");
});

test("chunks that are no strings are converted", async () => {
    const chunks = (
        await through(new TextEncoderStream(), [1, null, { toString: () => "o" }] as unknown as string[])
    ).map((chunk) => new TextDecoder().decode(chunk));
    deepEqual(chunks, ["1", "null", "o"]);
    await rejects(through(new TextEncoderStream(), [Symbol("x")] as unknown as string[]), "TypeError");
});

test("a sequence split over chunks is decoded when it is complete", async () => {
    deepEqual(await through(new TextDecoderStream(), [bytes(0xf0, 0x9f), bytes(0x98), bytes(0x80, 0x61)]), [
        "😀a",
    ]);
    deepEqual(await through(new TextDecoderStream(), [bytes(0xf0, 0x9f)]), ["\ufffd"]);
    deepEqual(
        await through(new TextDecoderStream(), [
            bytes(),
            bytes(0x61).buffer,
            new DataView(bytes(0x62).buffer),
        ]),
        ["a", "b"],
    );
    deepEqual(
        await through(new TextDecoderStream("utf-16le"), [bytes(0x3d), bytes(0xd8, 0x00), bytes(0xde)]),
        ["😀"],
    );
});

test("a byte order mark is dropped once, unless it is to be kept", async () => {
    deepEqual(await through(new TextDecoderStream(), [bytes(0xef, 0xbb), bytes(0xbf, 0x61)]), ["a"]);
    deepEqual(await through(new TextDecoderStream("utf-8", { ignoreBOM: true }), [bytes(0xef, 0xbb, 0xbf)]), [
        "\ufeff",
    ]);
});

test("a fatal decoder errors both sides", async () => {
    const stream = new TextDecoderStream("utf-8", { fatal: true });
    const writer = stream.writable.getWriter();
    const reader = stream.readable.getReader();
    const written = writer.write(bytes(0xff));
    await rejects(reader.read(), "TypeError");
    await rejects(written, "TypeError");
    await rejects(writer.closed, "TypeError");
    await rejects(through(new TextDecoderStream("utf-8", { fatal: true }), [bytes(0xe2)]), "TypeError");
});

test("what is no buffer source is a TypeError", async () => {
    for (const chunk of [undefined, null, "text", 5, {}]) {
        await rejects(through(new TextDecoderStream(), [chunk as never]), "TypeError");
    }
});

test("attributes and arguments are those of the decoder", () => {
    const stream = new TextDecoderStream("LATIN1", { fatal: true });
    deepEqual([stream.encoding, stream.fatal, stream.ignoreBOM], ["windows-1252", true, false]);
    throws(() => new TextDecoderStream("nonsense"), "RangeError");
    equal(new TextEncoderStream().encoding, "utf-8");
    equal(Object.prototype.toString.call(stream), "[object TextDecoderStream]");
    ok(stream.readable instanceof ReadableStream && stream.writable instanceof WritableStream);
    equal(stream.readable, stream.readable);
});
