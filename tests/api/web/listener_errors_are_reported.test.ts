import { deepEqual, equal, ok, test } from "../harness.ts";

/** Runs with a listener that takes the errors reported meanwhile. */
function reported(run: () => void): unknown[] {
    const errors: unknown[] = [];
    const take = (event: ErrorEvent): void => {
        errors.push(event.error);
        event.preventDefault();
    };
    addEventListener("error", take);
    try {
        run();
    } finally {
        removeEventListener("error", take);
    }
    return errors;
}

test("an error in one listener is reported, the others run, dispatchEvent does not throw", () => {
    const target = new EventTarget();
    const log: string[] = [];
    const boom = new Error("boom");
    target.addEventListener("x", () => {
        log.push("first");
        throw boom;
    });
    target.addEventListener("x", () => log.push("second"));
    const errors = reported(() => ok(target.dispatchEvent(new Event("x"))));
    deepEqual(log, ["first", "second"]);
    equal(errors.length, 1);
    equal(errors[0], boom);
});

test("handleEvent is looked up at dispatch; one that can't be called is reported", () => {
    const target = new EventTarget();
    const listener: { handleEvent?: unknown } = {};
    target.addEventListener("x", listener as never);
    equal((reported(() => target.dispatchEvent(new Event("x")))[0] as Error).name, "TypeError");
    let self: unknown;
    listener.handleEvent = function (this: unknown): void {
        self = this;
    };
    deepEqual(
        reported(() => target.dispatchEvent(new Event("x"))),
        [],
    );
    equal(self, listener);
    const getter = new Error("getter");
    Object.defineProperty(listener, "handleEvent", {
        get() {
            throw getter;
        },
    });
    equal(reported(() => target.dispatchEvent(new Event("x")))[0], getter);
});

test("a function with a handleEvent of its own is called itself", () => {
    const target = new EventTarget();
    let called = "";
    const listener = Object.assign(() => void (called += "function"), {
        handleEvent: () => void (called += "method"),
    });
    target.addEventListener("x", listener);
    target.dispatchEvent(new Event("x"));
    equal(called, "function");
});

test("an error in a listener for errors does not go round in circles", () => {
    let calls = 0;
    const target = new EventTarget();
    target.addEventListener("x", () => {
        throw new Error("first");
    });
    const errors = reported(() => {
        const bad = (event: Event): void => {
            calls++;
            event.preventDefault();
        };
        addEventListener("error", bad);
        target.dispatchEvent(new Event("x"));
        removeEventListener("error", bad);
    });
    equal(calls, 1);
    equal(errors.length, 1);
});

test("reportError makes an ErrorEvent that knows where the error came from", () => {
    let event: ErrorEvent | undefined;
    const take = (given: ErrorEvent): void => {
        event = given;
        given.preventDefault();
    };
    addEventListener("error", take);
    const error = new RangeError("reported");
    reportError(error);
    removeEventListener("error", take);
    ok(event instanceof ErrorEvent);
    equal(event.error, error);
    equal(event.message, "Uncaught RangeError: reported");
    ok(event.filename.endsWith("listener_errors_are_reported.test.ts"), event.filename);
    ok(event.lineno > 80 && event.colno > 0);
    equal(event.cancelable, true);
    equal(event.isTrusted, true);
    equal(event.target, globalThis as unknown as EventTarget);
});
