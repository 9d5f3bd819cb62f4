import { deepEqual, equal, ok, rejects, test, throws } from "../harness.ts";

test("a controller aborts its signal once; the first reason stays", () => {
    const controller = new AbortController();
    const { signal } = controller;
    equal(controller.signal, signal);
    equal(signal.aborted, false);
    equal(signal.reason, undefined);
    signal.throwIfAborted();
    let events = 0;
    signal.addEventListener("abort", (event) => {
        events++;
        equal(event.target, signal);
        equal(event.isTrusted, true);
        equal(event.bubbles || event.cancelable, false);
    });
    controller.abort("first");
    controller.abort("second");
    equal(events, 1);
    equal(signal.aborted, true);
    equal(signal.reason, "first");
    try {
        signal.throwIfAborted();
        ok(false);
    } catch (error) {
        equal(error, "first");
    }
});

test("the reason is an AbortError unless there is one; undefined counts as none, null does not", () => {
    const controller = new AbortController();
    controller.abort(undefined);
    ok(controller.signal.reason instanceof DOMException);
    equal(controller.signal.reason.name, "AbortError");
    equal(controller.signal.reason.code, 20);
    equal(AbortSignal.abort().reason.name, "AbortError");
    equal(AbortSignal.abort(undefined).reason.name, "AbortError");
    equal(AbortSignal.abort(null).reason, null);
    equal(AbortSignal.abort(0).aborted, true);
});

test("a signal can't be constructed", () => {
    throws(() => new (AbortSignal as unknown as new () => AbortSignal)(), "TypeError");
    throws(() => (AbortController as unknown as () => void)(), "TypeError");
});

test("onabort runs in the place where it was first set", () => {
    const controller = new AbortController();
    const log: string[] = [];
    controller.signal.addEventListener("abort", () => log.push("a"));
    controller.signal.onabort = () => log.push("old");
    controller.signal.addEventListener("abort", () => log.push("b"));
    controller.signal.onabort = () => log.push("handler");
    controller.abort();
    deepEqual(log, ["a", "handler", "b"]);
});

test("onabort set to null and back moves to the end; what is no object is null", () => {
    const controller = new AbortController();
    const log: string[] = [];
    const handler = (): void => void log.push("handler");
    controller.signal.onabort = handler;
    equal(controller.signal.onabort, handler);
    controller.signal.onabort = null;
    controller.signal.addEventListener("abort", () => log.push("a"));
    controller.signal.onabort = handler;
    controller.abort();
    deepEqual(log, ["a", "handler"]);
    controller.signal.onabort = 5 as never;
    equal(controller.signal.onabort, null);
});

test("a listener with a signal goes when the signal aborts, even during the dispatch", () => {
    const controller = new AbortController();
    const target = new EventTarget();
    const log: string[] = [];
    target.addEventListener("x", () => log.push("kept"));
    target.addEventListener("x", () => controller.abort());
    target.addEventListener("x", () => log.push("removed"), { signal: controller.signal });
    target.dispatchEvent(new Event("x"));
    target.dispatchEvent(new Event("x"));
    deepEqual(log, ["kept", "kept"]);
});

test("a listener with a signal that has aborted is never added", () => {
    const target = new EventTarget();
    let count = 0;
    target.addEventListener("x", () => count++, { signal: AbortSignal.abort() });
    target.dispatchEvent(new Event("x"));
    equal(count, 0);
});

test("one signal removes listeners of several targets, and of itself", () => {
    const controller = new AbortController();
    const { signal } = controller;
    let count = 0;
    const targets = [new EventTarget(), new EventTarget()];
    for (const target of targets) {
        target.addEventListener("x", () => count++, { signal });
    }
    signal.addEventListener("abort", () => count++, { signal });
    controller.abort();
    for (const target of targets) {
        target.dispatchEvent(new Event("x"));
    }
    equal(count, 0, "removal comes before the abort event");
});

test(
    "timeout aborts with a TimeoutError, with or without listeners",
    async () => {
        const signal = AbortSignal.timeout(5);
        const silent = AbortSignal.timeout(5);
        equal(signal.aborted, false);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        ok(signal.reason instanceof DOMException);
        equal(signal.reason.name, "TimeoutError");
        equal(signal.reason.code, 23);
        await new Promise((resolve) => setTimeout(resolve, 5));
        equal(silent.aborted, true);
    },
    { timeout: 2000 },
);

// The harness's own timer keeps the app alive meanwhile.
test("a timeout that nobody refers to still tells its listener after a collection", async () => {
    const fired = new Promise((resolve) => {
        AbortSignal.timeout(10).addEventListener("abort", resolve);
    });
    cleat.gc();
    await fired;
});

test("a signal of any() that nobody refers to still tells its listener", async () => {
    const fired = new Promise((resolve) => {
        AbortSignal.any([AbortSignal.any([AbortSignal.timeout(10)]), new AbortController().signal]).onabort =
            resolve;
    });
    cleat.gc();
    await fired;
});

test("timeout wants a number from 0 on", () => {
    const timeout = AbortSignal.timeout as (value?: unknown) => AbortSignal;
    throws(() => timeout(), "TypeError");
    throws(() => timeout(-1), "TypeError");
    throws(() => timeout(NaN), "TypeError");
    throws(() => timeout(Infinity), "TypeError");
    throws(() => timeout(2 ** 53), "TypeError");
    ok(!timeout(0.9).aborted);
    ok(!timeout("7").aborted);
    ok(!timeout(2 ** 53 - 1).aborted);
});

test("any() follows whichever source is first, with its reason", () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const any = AbortSignal.any([a.signal, b.signal]);
    const order: string[] = [];
    b.signal.addEventListener("abort", () => order.push(`source ${any.aborted}`));
    any.addEventListener("abort", () => order.push(`any ${b.signal.aborted}`));
    b.abort("b");
    a.abort("a");
    equal(any.reason, "b");
    deepEqual(order, ["source true", "any true"], "all are aborted before the first event");
});

test("any() of an aborted signal is aborted at once and adds no listener", () => {
    const controller = new AbortController();
    const any = AbortSignal.any([controller.signal, AbortSignal.abort("x"), AbortSignal.abort("y")]);
    equal(any.aborted, true);
    equal(any.reason, "x");
    equal(AbortSignal.any([]).aborted, false);
});

test("any() of any() follows the sources, and takes one twice", () => {
    const controller = new AbortController();
    const log: string[] = [];
    const first = AbortSignal.any([controller.signal, controller.signal]);
    const second = AbortSignal.any([first, controller.signal, first]);
    second.addEventListener("abort", () => log.push("second"));
    first.addEventListener("abort", () => log.push("first"));
    controller.abort(1);
    deepEqual(log, ["first", "second"], "in the order in which the signals were made");
    equal(second.reason, 1);
});

test("a signal made in a listener of the source is aborted at once", () => {
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    controller.signal.addEventListener("abort", () => (inner = AbortSignal.any([controller.signal])));
    controller.abort("r");
    equal(inner?.aborted, true);
    equal(inner?.reason, "r");
});

test("any() takes iterables of signals only", () => {
    const any = AbortSignal.any as unknown as (...values: unknown[]) => AbortSignal;
    throws(() => any(), "TypeError");
    throws(() => any(1), "TypeError");
    throws(() => any([1]), "TypeError");
    throws(() => any({}), "TypeError");
    throws(() => any([new EventTarget()]), "TypeError");
    ok(any(new Set([new AbortController().signal])) instanceof AbortSignal);
});

test("signals of any() that were dropped do not pile up in their source", () => {
    const controller = new AbortController();
    const make = (): void => {
        for (let i = 0; i < 2000; i++) {
            AbortSignal.any([controller.signal]);
        }
        cleat.gc();
    };
    make();
    const before = cleat.memoryUsage().heapUsed;
    for (let round = 0; round < 5; round++) {
        make();
    }
    const grown = cleat.memoryUsage().heapUsed - before;
    ok(grown < 200_000, `10,000 signals left ${grown} bytes`);
    controller.abort();
});

test("a dropped signal of any() with a listener is held until the listener is removed", async () => {
    const controller = new AbortController();
    let signal: AbortSignal | undefined = AbortSignal.any([controller.signal]);
    const weak = new WeakRef(signal);
    const listener = (): void => {};
    signal.addEventListener("abort", listener);
    signal = undefined;
    await new Promise((resolve) => setTimeout(resolve, 1));
    cleat.gc();
    ok(weak.deref() !== undefined);
    weak.deref()!.removeEventListener("abort", listener);
    await new Promise((resolve) => setTimeout(resolve, 1));
    cleat.gc();
    equal(weak.deref(), undefined);
    controller.abort();
});

test("removing a listener lets go of its signal", () => {
    const controller = new AbortController();
    const target = new EventTarget();
    const round = (): void => {
        for (let i = 0; i < 1000; i++) {
            const listener = (): void => {};
            target.addEventListener("x", listener, { signal: controller.signal });
            target.removeEventListener("x", listener);
        }
        cleat.gc();
    };
    round();
    const before = cleat.memoryUsage().heapUsed;
    round();
    round();
    ok(cleat.memoryUsage().heapUsed - before < 20_000);
});

test("streams take the signal of this runtime", async () => {
    const controller = new AbortController();
    const source = new ReadableStream({ pull: () => new Promise(() => {}) });
    let aborted: unknown;
    const sink = new WritableStream({ abort: (reason) => void (aborted = reason) });
    const piped = source.pipeTo(sink, { signal: controller.signal });
    controller.abort(new RangeError("enough"));
    await rejects(piped, "RangeError");
    equal((aborted as Error).message, "enough");
});

test("a writable stream's controller has a signal that aborts", async () => {
    let signal: AbortSignal | undefined;
    const stream = new WritableStream({ start: (controller) => void (signal = controller.signal) });
    ok(signal instanceof AbortSignal);
    await stream.abort("why");
    equal(signal.aborted, true);
    equal(signal.reason, "why");
});
