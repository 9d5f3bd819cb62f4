// flags: --allow tcp.connect=localhost:* --allow tcp.connect=127.0.0.1:*
import { deepEqual, equal, ok, rejects, test, throws } from "../harness.ts";

test("the namespace says what runs", () => {
    deepEqual(cleat.args, []);
    ok(/^\d+\.\d+\.\d+/.test(cleat.version), cleat.version);
    equal(cleat.versions.cleat, cleat.version);
    ok(cleat.versions.engine.length > 0 && cleat.versions.uv.length > 0 && cleat.versions.mbedtls.length > 0);
    ok(cleat.arch.length > 0);
    equal(cleat.app, null);
    equal(cleat.host, undefined);
    const usage = cleat.memoryUsage();
    ok(usage.heapUsed > 0 && usage.rss > usage.heapUsed && usage.heapLimit >= 0);
    equal(Object.prototype.toString.call(cleat), "[object cleat]");
});

test("garbage that was collected is no longer counted", () => {
    let list: unknown[] | undefined = Array.from({ length: 10_000 }, () => ({}));
    const before = cleat.memoryUsage().heapUsed;
    ok(list.length === 10_000);
    list = undefined;
    cleat.gc();
    ok(cleat.memoryUsage().heapUsed < before - 100_000);
});

test("signals have known names, listeners are functions", () => {
    const listener = (): void => {};
    throws(() => cleat.addSignalListener("SIGKILL" as never, listener), "TypeError");
    throws(() => cleat.addSignalListener("sigint" as never, listener), "TypeError");
    throws(() => cleat.addSignalListener("SIGINT", {} as never), "TypeError");
    throws(() => cleat.removeSignalListener("SIGINT", undefined as never), "TypeError");
    cleat.addSignalListener("SIGUSR2", listener);
    cleat.removeSignalListener("SIGUSR2", listener);
    cleat.removeSignalListener("SIGUSR2", listener);
});

test("exit codes are 0 to 255", () => {
    throws(() => cleat.exit(256), "RangeError");
    throws(() => cleat.exit(-1), "RangeError");
});

test("the loopback interface is there, with its addresses", () => {
    const loopback = cleat.network.interfaces().find((entry) => entry.loopback);
    ok(loopback);
    ok(loopback.index > 0 && loopback.name.length > 0);
    ok(
        loopback.addresses.some(
            ({ address, family, prefixLength }) =>
                address === "127.0.0.1" && family === "ipv4" && prefixLength === 8,
        ),
    );
});

test("network is one object, an EventTarget, and can't be made", () => {
    equal(cleat.network, cleat.network);
    ok(cleat.network instanceof EventTarget);
    const Network = cleat.network.constructor as new () => unknown;
    throws(() => new Network(), "TypeError");
    equal(cleat.network.onchange, null);
    const listener = (): void => {};
    cleat.network.addEventListener("change", listener);
    cleat.network.onchange = listener;
    cleat.network.removeEventListener("change", listener);
    cleat.network.onchange = null;
});

test("localhost resolves to loopback addresses", async () => {
    const addresses = await cleat.resolve("localhost");
    ok(addresses.length > 0);
    ok(addresses.every(({ address }) => address === "127.0.0.1" || address === "::1"));
    const four = await cleat.resolve("localhost", { family: 4 });
    deepEqual(four, [{ address: "127.0.0.1", family: 4 }]);
});

test("a name that may not be connected to is not even asked for", async () => {
    await rejects(cleat.resolve("example.com"), "SecurityError");
    await rejects(cleat.resolve("192.0.2.1"), "SecurityError");
});

test("options are checked, errors come as rejections", async () => {
    const resolve = cleat.resolve as (...values: unknown[]) => Promise<unknown>;
    await rejects(resolve(), "TypeError");
    await rejects(resolve("localhost", 5), "TypeError");
    await rejects(resolve("localhost", { family: 5 }), "TypeError");
    await rejects(resolve("localhost", { timeout: -1 }), "TypeError");
    await rejects(resolve("localhost", { signal: {} }), "TypeError");
    await rejects(resolve("not a host"), "TypeError");
    await rejects(resolve("2130706433"), "TypeError");
});

test("a signal ends the wait with its reason", async () => {
    const controller = new AbortController();
    const pending = cleat.resolve("localhost", { signal: controller.signal });
    controller.abort(new RangeError("changed my mind"));
    await rejects(pending, "RangeError");
    await rejects(cleat.resolve("localhost", { signal: AbortSignal.abort() }), "AbortError");
    deepEqual(
        await cleat.resolve("localhost", { family: 4, signal: new AbortController().signal, timeout: 5000 }),
        [{ address: "127.0.0.1", family: 4 }],
    );
});
