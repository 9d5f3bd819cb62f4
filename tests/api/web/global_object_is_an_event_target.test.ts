import { deepEqual, equal, test } from "../harness.ts";

const self = globalThis as unknown as EventTarget;

test("listeners can be added with and without naming the global object", () => {
    const log: string[] = [];
    const bare = (): void => void log.push("bare");
    addEventListener("custom", bare);
    self.addEventListener("custom", () => log.push("named"), { once: true });
    EventTarget.prototype.addEventListener.call(
        undefined as never,
        "custom",
        () => log.push("undefined this"),
        {
            once: true,
        },
    );
    const event = new Event("custom");
    dispatchEvent(event);
    equal(event.target, self);
    removeEventListener("custom", bare);
    dispatchEvent(new Event("custom"));
    deepEqual(log, ["bare", "named", "undefined this"]);
});

test("onerror gets five arguments and takes the error by returning true", () => {
    let seen: unknown[] = [];
    equal(onerror, null);
    onerror = (...values): boolean => {
        seen = values;
        return true;
    };
    const error = new TypeError("five");
    reportError(error);
    onerror = null;
    equal(seen.length, 5);
    equal(seen[0], "Uncaught TypeError: five");
    equal(seen[4], error);
});

test("onunhandledrejection takes a rejection by returning false", async () => {
    const reasons: unknown[] = [];
    onunhandledrejection = (event): boolean => {
        reasons.push(event.reason);
        return false;
    };
    void Promise.reject("nobody cares");
    await new Promise((resolve) => setTimeout(resolve, 1));
    onunhandledrejection = null;
    deepEqual(reasons, ["nobody cares"]);
});

test("a promise handled later is announced once, with the same promise", async () => {
    const log: unknown[] = [];
    const unhandled = (event: PromiseRejectionEvent): void => {
        event.preventDefault();
        log.push("unhandled", event.promise === promise);
    };
    const handled = (event: PromiseRejectionEvent): void =>
        void log.push("handled", event.promise === promise);
    addEventListener("unhandledrejection", unhandled);
    addEventListener("rejectionhandled", handled);
    const promise = Promise.reject(new Error("late"));
    await new Promise((resolve) => setTimeout(resolve, 1));
    promise.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1));
    removeEventListener("unhandledrejection", unhandled);
    removeEventListener("rejectionhandled", handled);
    deepEqual(log, ["unhandled", true, "handled", true]);
});

test("error events of the app itself go to listeners like any other", () => {
    let count = 0;
    addEventListener("error", () => count++, { once: true });
    dispatchEvent(new Event("error"));
    equal(count, 1);
});
