import { deepEqual, equal, ok, test, throws } from "../harness.ts";

test("a listener removed by an earlier one does not run", () => {
    const target = new EventTarget();
    const log: string[] = [];
    const second = (): void => void log.push("second");
    target.addEventListener("x", () => {
        log.push("first");
        target.removeEventListener("x", second);
    });
    target.addEventListener("x", second);
    target.dispatchEvent(new Event("x"));
    deepEqual(log, ["first"]);
});

test("a listener added during dispatch waits for the next event", () => {
    const target = new EventTarget();
    let late = 0;
    target.addEventListener("x", () => target.addEventListener("x", () => late++), { once: true });
    target.dispatchEvent(new Event("x"));
    equal(late, 0);
    target.dispatchEvent(new Event("x"));
    equal(late, 1);
});

test("one added by a capturing listener to the bubbling phase runs at once", () => {
    const target = new EventTarget();
    let count = 0;
    target.addEventListener("x", () => target.addEventListener("x", () => count++), {
        capture: true,
        once: true,
    });
    target.dispatchEvent(new Event("x"));
    equal(count, 1);
});

test("capturing listeners run before the others, whenever they were added", () => {
    const target = new EventTarget();
    const log: string[] = [];
    target.addEventListener("x", () => log.push("bubble 1"));
    target.addEventListener("x", () => log.push("capture 1"), true);
    target.addEventListener("x", () => log.push("bubble 2"));
    target.addEventListener("x", () => log.push("capture 2"), { capture: true });
    target.dispatchEvent(new Event("x"));
    deepEqual(log, ["capture 1", "capture 2", "bubble 1", "bubble 2"]);
});

test("a once listener is gone before it runs, so that it does not run again from within", () => {
    const target = new EventTarget();
    let count = 0;
    target.addEventListener(
        "x",
        () => {
            count++;
            target.dispatchEvent(new Event("x"));
        },
        { once: true },
    );
    target.dispatchEvent(new Event("x"));
    equal(count, 1);
});

test("once, passive and signal do not make another listener; capture does", () => {
    const target = new EventTarget();
    let count = 0;
    const listener = (): void => void count++;
    target.addEventListener("x", listener);
    target.addEventListener("x", listener, { once: true });
    target.addEventListener("x", listener, { passive: true });
    target.dispatchEvent(new Event("x"));
    equal(count, 1);
    target.addEventListener("x", listener, { capture: true });
    target.dispatchEvent(new Event("x"));
    equal(count, 3);
    target.removeEventListener("x", listener, true);
    target.dispatchEvent(new Event("x"));
    equal(count, 4);
    target.removeEventListener("x", listener, { capture: false });
    target.dispatchEvent(new Event("x"));
    equal(count, 4);
});

test("stopImmediatePropagation keeps the other listeners of the target out, stopPropagation the later phase only", () => {
    const target = new EventTarget();
    const log: string[] = [];
    target.addEventListener(
        "x",
        (event) => {
            log.push("a");
            event.stopPropagation();
        },
        true,
    );
    target.addEventListener("x", () => log.push("b"), true);
    target.addEventListener("x", () => log.push("c"));
    target.dispatchEvent(new Event("x"));
    deepEqual(log, ["a", "b"]);
    const other = new EventTarget();
    other.addEventListener("x", (event) => event.stopImmediatePropagation());
    other.addEventListener("x", () => log.push("d"));
    other.dispatchEvent(new Event("x"));
    deepEqual(log, ["a", "b"]);
});

test("flags of propagation are gone after the dispatch, cancellation stays", () => {
    const target = new EventTarget();
    const event = new Event("x", { cancelable: true });
    let count = 0;
    target.addEventListener("x", (seen) => {
        count++;
        seen.stopImmediatePropagation();
        seen.preventDefault();
    });
    equal(target.dispatchEvent(event), false);
    equal(event.cancelBubble, false);
    equal(event.defaultPrevented, true);
    equal(target.dispatchEvent(event), false);
    equal(count, 2);
});

test("a dispatched event stopped beforehand reaches nobody", () => {
    const target = new EventTarget();
    const event = new Event("x");
    event.stopPropagation();
    let count = 0;
    target.addEventListener("x", () => count++);
    ok(target.dispatchEvent(event));
    equal(count, 0);
    target.dispatchEvent(event);
    equal(count, 1);
});

test("an event that is being dispatched can't be dispatched again, and may be afterwards", () => {
    const target = new EventTarget();
    const event = new Event("x");
    let inner: unknown;
    target.addEventListener(
        "x",
        () => {
            inner = throws(() => target.dispatchEvent(event), "InvalidStateError");
            event.initEvent("other", true, true);
        },
        { once: true },
    );
    target.dispatchEvent(event);
    ok(inner);
    equal(event.type, "x");
    target.dispatchEvent(event);
});

test("target, currentTarget, phase and path are there during dispatch only", () => {
    const target = new EventTarget();
    const event = new Event("x");
    const seen: unknown[] = [];
    target.addEventListener("x", function (this: unknown, given) {
        seen.push(
            this,
            given.target,
            given.currentTarget,
            given.srcElement,
            given.eventPhase,
            given.composedPath()[0],
        );
    } as (event: Event) => void);
    equal(event.target, null);
    deepEqual(event.composedPath(), []);
    target.dispatchEvent(event);
    for (const value of [seen[0], seen[1], seen[2], seen[3], seen[5]]) {
        equal(value, target);
    }
    equal(seen[4], Event.AT_TARGET);
    equal(event.target, target);
    equal(event.currentTarget, null);
    equal(event.eventPhase, Event.NONE);
    deepEqual(event.composedPath(), []);
});
