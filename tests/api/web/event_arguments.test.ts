import { deepEqual, equal, ok, test, throws } from "../harness.ts";

const anything = Event as unknown as new (...args: unknown[]) => Event;
const target = new EventTarget() as unknown as Record<string, (...args: unknown[]) => unknown>;

test("an event needs a type, which becomes a string", () => {
    throws(() => new anything(), "TypeError");
    throws(() => (Event as unknown as () => void)(), "TypeError");
    equal(new anything(undefined).type, "undefined");
    equal(new anything(5).type, "5");
    equal(new anything("").type, "");
    throws(() => new anything(Symbol("x")), "TypeError");
});

test("options are a dictionary: null and undefined are empty, primitives are refused", () => {
    equal(new anything("x", null).bubbles, false);
    equal(new anything("x", undefined).bubbles, false);
    equal(new anything("x", () => {}).bubbles, false);
    equal(new anything("x", { bubbles: "yes", cancelable: 1, composed: {} }).bubbles, true);
    throws(() => new anything("x", 1), "TypeError");
    throws(() => new anything("x", "bubbles"), "TypeError");
});

test("a new event has its defaults", () => {
    const event = new Event("x");
    deepEqual(
        [
            event.bubbles,
            event.cancelable,
            event.composed,
            event.defaultPrevented,
            event.returnValue,
            event.isTrusted,
        ],
        [false, false, false, false, true, false],
    );
    equal(event.eventPhase, 0);
    const now = performance.now();
    ok(event.timeStamp > 0 && event.timeStamp <= now, "timeStamp is on the clock of performance.now()");
    equal(Object.prototype.toString.call(event), "[object Event]");
    deepEqual([Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE], [0, 1, 2, 3]);
    equal(event.BUBBLING_PHASE, 3);
});

test("preventDefault needs cancelable, returnValue = false is the same", () => {
    const fixed = new Event("x");
    fixed.preventDefault();
    equal(fixed.defaultPrevented, false);
    const event = new Event("x", { cancelable: true });
    event.returnValue = true;
    equal(event.defaultPrevented, false);
    event.returnValue = false;
    equal(event.defaultPrevented, true);
    event.returnValue = true;
    equal(event.defaultPrevented, true, "it can't be taken back");
});

test("cancelBubble can be set and not be cleared", () => {
    const event = new Event("x");
    event.cancelBubble = false;
    equal(event.cancelBubble, false);
    event.cancelBubble = true;
    event.cancelBubble = false;
    equal(event.cancelBubble, true);
});

test("initEvent starts anew", () => {
    const event = new Event("x", { cancelable: true });
    event.preventDefault();
    event.initEvent("y", true);
    deepEqual(
        [event.type, event.bubbles, event.cancelable, event.defaultPrevented],
        ["y", true, false, false],
    );
    throws(() => (event.initEvent as () => void)(), "TypeError");
});

test("addEventListener checks its arguments before anything happens", () => {
    throws(() => target["addEventListener"]!(), "TypeError");
    throws(() => target["addEventListener"]!("x"), "TypeError");
    throws(() => target["addEventListener"]!("x", 1), "TypeError");
    throws(() => target["addEventListener"]!("x", "f"), "TypeError");
    throws(() => target["addEventListener"]!("x", () => {}, { signal: null }), "TypeError");
    throws(() => target["addEventListener"]!("x", () => {}, { signal: {} }), "TypeError");
    throws(() => target["addEventListener"]!("x", null, { signal: 1 }), "TypeError");
    equal(target["addEventListener"]!("x", null), undefined);
    equal(target["addEventListener"]!("x", undefined), undefined);
    equal(
        target["addEventListener"]!("x", () => {}, null),
        undefined,
    );
    equal(
        target["addEventListener"]!("x", () => {}, 5),
        undefined,
    );
    throws(() => target["removeEventListener"]!("x"), "TypeError");
    throws(() => target["dispatchEvent"]!(), "TypeError");
    throws(() => target["dispatchEvent"]!(null), "TypeError");
    throws(() => target["dispatchEvent"]!({ type: "x" }), "TypeError");
});

test("options are read once and in order", () => {
    const read: string[] = [];
    const options = Object.defineProperties(
        {},
        Object.fromEntries(
            ["signal", "passive", "once", "capture"].map((name) => [
                name,
                { get: () => void read.push(name) },
            ]),
        ),
    );
    new EventTarget().addEventListener("x", () => {}, options);
    deepEqual(read, ["capture", "once", "passive", "signal"]);
});

test("methods refuse other receivers", () => {
    const { addEventListener: add } = EventTarget.prototype;
    throws(() => add.call({} as EventTarget, "x", () => {}), "TypeError");
    throws(() => add.call(1 as unknown as EventTarget, "x", () => {}), "TypeError");
    throws(() => Object.getOwnPropertyDescriptor(Event.prototype, "type")!.get!.call({}), "TypeError");
});

test("an EventTarget can be extended", () => {
    class Radio extends EventTarget {
        volume = 0;
    }
    const radio = new Radio();
    radio.addEventListener("louder", () => radio.volume++);
    radio.dispatchEvent(new Event("louder"));
    equal(radio.volume, 1);
    ok(radio instanceof EventTarget);
});

test("a passive listener can't cancel", () => {
    const passive = new EventTarget();
    passive.addEventListener("x", (event) => event.preventDefault(), { passive: true });
    equal(passive.dispatchEvent(new Event("x", { cancelable: true })), true);
    passive.addEventListener("x", (event) => event.preventDefault());
    equal(passive.dispatchEvent(new Event("x", { cancelable: true })), false);
});

test("CustomEvent carries its detail as it is", () => {
    const detail = { a: 1 };
    equal(new CustomEvent("x", { detail }).detail, detail);
    equal(new CustomEvent("x").detail, null);
    equal(new CustomEvent("x", { detail: 0 }).detail, 0);
    const event = new CustomEvent("x", { detail });
    event.initCustomEvent("y", true, true, "new" as never);
    deepEqual([event.type, event.detail as unknown], ["y", "new"]);
    equal(Object.prototype.toString.call(event), "[object CustomEvent]");
});

test("ErrorEvent converts numbers and text", () => {
    const event = new ErrorEvent("error", { message: 5, lineno: "7", colno: -1, filename: null } as never);
    deepEqual([event.message, event.lineno, event.colno, event.filename], ["5", 7, 4294967295, "null"]);
    equal(new ErrorEvent("x").error, undefined);
});

test("PromiseRejectionEvent needs a promise", () => {
    const Rejection = PromiseRejectionEvent as unknown as new (...args: unknown[]) => PromiseRejectionEvent;
    throws(() => new Rejection("x"), "TypeError");
    throws(() => new Rejection("x", {}), "TypeError");
    const promise = Promise.resolve();
    const event = new PromiseRejectionEvent("x", { promise, reason: 7 });
    equal(event.promise, promise);
    equal(event.reason, 7);
});

test("members are enumerable, as Web IDL has it", () => {
    const names: string[] = [];
    for (const name in new Event("x")) {
        names.push(name);
    }
    for (const name of ["type", "target", "preventDefault", "NONE", "isTrusted"]) {
        ok(names.includes(name), name);
    }
    ok(!names.includes("constructor"));
});
