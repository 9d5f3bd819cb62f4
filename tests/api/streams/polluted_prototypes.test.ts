// polluted_prototypes.test.ts - an app owns its realm and may replace every method in it: what streams do among
// themselves calls none of them.
import { equal, ok, sleep, test } from "../harness.ts";

const { defineProperty, getOwnPropertyDescriptor } = Object;
const { deleteProperty, ownKeys } = Reflect;

// Loads the modules: they take what they need when they are loaded.
await new ReadableStream({ type: "bytes" }).cancel();
await ReadableStream.from([]).pipeTo(new WritableStream());
ReadableStream.from([]).pipeThrough(new TransformStream()).tee();
new ReadableStream({ type: "bytes" }).tee();
new WritableStream({
    start(controller) {
        void controller.signal.aborted;
    },
});
void AbortSignal.abort();

interface Change {
    readonly target: object;
    readonly key: PropertyKey;
    readonly before: PropertyDescriptor | undefined;
}

/** Replaces methods and getters of what streams and promises are made of, until the function that it returns is called. */
function pollute(): { calls: PropertyKey[]; restore(): void } {
    const calls: PropertyKey[] = [];
    const changes: Change[] = [];
    const replace = (target: object, key: PropertyKey, descriptor: PropertyDescriptor): void => {
        changes[changes.length] = { target, key, before: getOwnPropertyDescriptor(target, key) };
        defineProperty(target, key, descriptor);
    };
    const intruder = (key: PropertyKey) => (): never => {
        calls[calls.length] = key;
        throw new Error("intruder: " + String(key)); // no template literal: that calls concat()
    };
    const targets: object[] = [
        Promise,
        Promise.prototype,
        ReadableStream.prototype,
        ReadableStreamDefaultReader.prototype,
        ReadableStreamBYOBReader.prototype,
        ReadableStreamDefaultController.prototype,
        ReadableByteStreamController.prototype,
        ReadableStreamBYOBRequest.prototype,
        WritableStream.prototype,
        WritableStreamDefaultWriter.prototype,
        WritableStreamDefaultController.prototype,
        TransformStream.prototype,
        TransformStreamDefaultController.prototype,
        AbortController.prototype,
        AbortSignal.prototype,
        Array.prototype,
        ArrayBuffer.prototype,
        Object.getPrototypeOf(Uint8Array.prototype),
        Uint8Array.prototype,
        DataView.prototype,
    ];
    for (let i = 0; i < targets.length; i++) {
        const keys = ownKeys(targets[i]!);
        for (let j = 0; j < keys.length; j++) {
            const key = keys[j]!;
            const descriptor = getOwnPropertyDescriptor(targets[i]!, key)!;
            // Symbols of the streams' own are no business of an app.
            const known = typeof key === "string" || key === Symbol.iterator || key === Symbol.asyncIterator;
            if (!descriptor.configurable || !known || key === "prototype") {
                continue;
            }
            if (descriptor.get !== undefined) {
                replace(targets[i]!, key, { get: intruder(key), configurable: true });
            } else if (typeof descriptor.value === "function") {
                replace(targets[i]!, key, { value: intruder(key), configurable: true, writable: true });
            }
        }
    }
    const members = [
        "type",
        "size",
        "highWaterMark",
        "start",
        "pull",
        "cancel",
        "write",
        "close",
        "abort",
        "0",
        "1",
    ];
    for (let i = 0; i < members.length; i++) {
        replace(Object.prototype, members[i]!, {
            get: intruder(members[i]!),
            set: intruder(members[i]!),
            configurable: true,
        });
    }
    return {
        calls,
        restore(): void {
            for (let i = changes.length - 1; i >= 0; i--) {
                const { target, key, before } = changes[i]!;
                if (before === undefined) {
                    deleteProperty(target, key);
                } else {
                    defineProperty(target, key, before);
                }
            }
        },
    };
}

/**
 * Pollutes the realm for so long; tells what was called meanwhile. Not by a promise: to wait for one would call what was
 * replaced.
 */
function intruders(milliseconds: number): PromiseLike<string> {
    const { calls, restore } = pollute();
    return {
        then(resolve: (text: string) => void) {
            setTimeout(() => {
                restore();
                resolve(calls.map((key) => String(key)).join(" "));
            }, milliseconds);
        },
    } as unknown as PromiseLike<string>;
}

function count(limit: number, type?: "bytes"): ReadableStream<unknown> {
    let next = 0;
    const chunks = Array.from({ length: limit }, (_, i) => (type === "bytes" ? new Uint8Array([i, 1]) : i));
    let controller!: ReadableStreamDefaultController & ReadableByteStreamController;
    const { enqueue, close } = (
        type === "bytes" ? ReadableByteStreamController : ReadableStreamDefaultController
    ).prototype as { enqueue(chunk: unknown): void; close(): void };
    const { apply } = Reflect;
    return new ReadableStream({
        ...(type === undefined ? {} : { type }),
        start(given: never) {
            controller = given;
        },
        pull() {
            if (next === limit) {
                apply(close, controller, []);
            } else {
                apply(enqueue, controller, [chunks[next++]]);
            }
        },
    } as unknown as UnderlyingDefaultSource);
}

test("a pipe through a transform", async () => {
    await sleep(0); // the harness has called what it needs of promises
    const { enqueue } = TransformStreamDefaultController.prototype;
    const { apply } = Reflect;
    let sum = 0;
    const piped = count(50)
        .pipeThrough(
            new TransformStream<number, number>({
                transform(chunk, controller) {
                    apply(enqueue, controller, [chunk + 1]);
                },
            }),
        )
        .pipeTo(
            new WritableStream({
                write(chunk) {
                    sum += chunk;
                },
            }),
        );
    equal(await intruders(20), "");
    await piped;
    equal(sum, 1275);
});

test("both branches of a tee, of bytes too", async () => {
    await sleep(0); // the harness has called what it needs of promises
    for (const type of [undefined, "bytes"] as const) {
        let chunks = 0;
        const sink = (): WritableStream => new WritableStream({ write: () => void chunks++ });
        const [one, two] = count(20, type).tee();
        const piped = [one.pipeTo(sink()), two.pipeTo(sink())];
        equal(await intruders(20), "", type ?? "default");
        await Promise.all(piped);
        equal(chunks, 40, type ?? "default");
    }
});

test("an abort by a signal", async () => {
    await sleep(0); // the harness has called what it needs of promises
    const { apply } = Reflect;
    const controller = new AbortController();
    const { abort } = controller;
    let reason: unknown;
    const outcome = new ReadableStream({
        cancel(given) {
            reason = given;
        },
    })
        .pipeTo(new WritableStream(), { signal: controller.signal })
        .catch((error: unknown) => error);
    setTimeout(() => {
        apply(abort, controller, ["enough"]);
    }, 1);
    equal(await intruders(5), "");
    equal(await outcome, "enough");
    equal(reason, "enough");
});

test("an abort of a stream whose signal was asked for", async () => {
    await sleep(0); // the harness has called what it needs of promises
    const { apply } = Reflect;
    let signal!: AbortSignal;
    const stream = new WritableStream({
        start(controller) {
            signal = controller.signal;
        },
    });
    const writer = stream.getWriter();
    const { abort } = writer;
    const outcome = writer.closed.catch((error: unknown) => error);
    setTimeout(() => {
        void apply(abort, writer, ["enough"]);
    }, 1);
    equal(await intruders(5), "");
    equal(await outcome, "enough");
    ok(signal.aborted);
    equal(signal.reason, "enough");
});
