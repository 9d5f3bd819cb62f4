import { deepEqual, equal, ok, rejects, test, throws } from "../harness.ts";

async function collect<T>(stream: ReadableStream<T>): Promise<T[]> {
    const list: T[] = [];
    for await (const chunk of stream) {
        list.push(chunk);
    }
    return list;
}

test("chunks come in order, the queue is asked for when it is empty", async () => {
    let next = 0;
    const stream = new ReadableStream<number>(
        {
            pull(controller) {
                controller.enqueue(next++);
                if (next === 5) {
                    controller.close();
                }
            },
        },
        { highWaterMark: 2 },
    );
    await Promise.resolve();
    deepEqual(await collect(stream), [0, 1, 2, 3, 4]);
});

test("leaving a loop cancels the stream, unless told not to", async () => {
    let reason: unknown = "not canceled";
    const source = {
        pull: (controller: ReadableStreamDefaultController) => controller.enqueue(1),
        cancel: (given: unknown) => void (reason = given),
    };
    for await (const _ of new ReadableStream(source)) {
        break;
    }
    equal(reason, undefined);
    reason = "kept";
    const kept = new ReadableStream(source);
    for await (const _ of kept.values({ preventCancel: true })) {
        break;
    }
    equal(reason, "kept");
    equal(kept.locked, false);
});

test("a BYOB read fills the caller's buffer and detaches it", async () => {
    const stream = new ReadableStream({
        type: "bytes",
        pull(controller) {
            const view = controller.byobRequest!.view as Uint8Array;
            view.set([1, 2, 3]);
            controller.byobRequest!.respond(3);
        },
    });
    const reader = stream.getReader({ mode: "byob" });
    const buffer = new ArrayBuffer(8);
    const { value, done } = await reader.read(new Uint8Array(buffer));
    equal(done, false);
    deepEqual([...value!], [1, 2, 3]);
    equal(buffer.byteLength, 0);
    await reader.cancel();
});

test("byte streams take bytes and hand out Uint8Arrays of their own", async () => {
    const stream = new ReadableStream({
        type: "bytes",
        start(controller) {
            controller.enqueue(new Uint16Array([0x0201]));
            throws(() => controller.enqueue("text" as never), "TypeError");
            throws(() => controller.enqueue(new Uint8Array(0)), "TypeError");
            controller.close();
        },
    });
    const [chunk] = (await collect(stream)) as Uint8Array[];
    ok(chunk instanceof Uint8Array);
    deepEqual([...chunk], [1, 2]);
});

test("tee gives both halves everything", async () => {
    const [a, b] = ReadableStream.from([1, 2, 3]).tee();
    deepEqual(await Promise.all([collect(a), collect(b)]), [
        [1, 2, 3],
        [1, 2, 3],
    ]);
});

test("from takes iterables and async iterables", async () => {
    deepEqual(await collect(ReadableStream.from(new Set(["a", "b"]))), ["a", "b"]);
    deepEqual(
        await collect(
            ReadableStream.from(
                (async function* () {
                    yield 1;
                    yield 2;
                })(),
            ),
        ),
        [1, 2],
    );
    throws(() => ReadableStream.from(5 as never), "TypeError");
});

test("a slow sink holds the source back", async () => {
    let produced = 0;
    let release: (() => void) | undefined;
    const source = new ReadableStream(
        { pull: (controller) => controller.enqueue(produced++) },
        { highWaterMark: 0 },
    );
    const sink = new WritableStream(
        { write: () => new Promise<void>((resolve) => (release = resolve)) },
        { highWaterMark: 1 },
    );
    const controller = new AbortController();
    const piped = source.pipeTo(sink, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 5));
    ok(produced <= 2, `${produced} produced`);
    release!();
    await new Promise((resolve) => setTimeout(resolve, 5));
    ok(produced <= 3, `${produced} produced`);
    controller.abort();
    release!();
    await rejects(piped, "AbortError");
});

test("an error of the source aborts the sink, an error of the sink cancels the source", async () => {
    let aborted: unknown;
    const broken = new ReadableStream({
        start(controller) {
            controller.error(new RangeError("source"));
        },
    });
    await rejects(
        broken.pipeTo(new WritableStream({ abort: (reason) => void (aborted = reason) })),
        "RangeError",
    );
    equal((aborted as Error).message, "source");
    let canceled: unknown;
    const source = new ReadableStream({
        pull: (controller) => controller.enqueue(1),
        cancel: (reason) => void (canceled = reason),
    });
    const sink = new WritableStream({
        write() {
            throw new SyntaxError("sink");
        },
    });
    await rejects(source.pipeTo(sink), "SyntaxError");
    equal((canceled as Error).message, "sink");
});

test("a transform that terminates closes one side and errors the other", async () => {
    const transform = new TransformStream<number, number>({
        transform(chunk, controller) {
            controller.enqueue(chunk * 2);
            if (chunk === 2) {
                controller.terminate();
            }
        },
    });
    const writer = transform.writable.getWriter();
    writer.write(1).catch(() => {});
    writer.write(2).catch(() => {});
    deepEqual(await collect(transform.readable), [2, 4]);
    await rejects(writer.closed, "TypeError");
});

test("strategies count chunks or bytes", () => {
    equal(new CountQueuingStrategy({ highWaterMark: 3 }).size("anything"), 1);
    equal(new ByteLengthQueuingStrategy({ highWaterMark: 3 }).size(new Uint8Array(7)), 7);
    throws(() => new WritableStream({}, { highWaterMark: -1 }), "RangeError");
    throws(() => new ReadableStream({ type: "nonsense" as never }), "TypeError");
});

test("writer.ready follows the queue", async () => {
    const releases: (() => void)[] = [];
    const stream = new WritableStream(
        { write: () => new Promise<void>((resolve) => releases.push(resolve)) },
        { highWaterMark: 2 },
    );
    const writer = stream.getWriter();
    await writer.ready;
    equal(writer.desiredSize, 2);
    const first = writer.write("a");
    void writer.write("b");
    equal(writer.desiredSize, 0);
    let ready = false;
    void writer.ready.then(() => (ready = true));
    await new Promise((resolve) => setTimeout(resolve, 1));
    equal(ready, false);
    releases.shift()!();
    await first;
    await writer.ready;
    equal(ready, true);
});
