// reporter.js - prints what testharness.js finds out, a line of JSON per event, and ends the app when all tests are
// done. Put behind testharness.js by app.mjs. It keeps what it uses, since some tests tamper with the built-in objects.
{
    const { log } = console;
    const { stringify } = JSON;
    const { exit } = cleat;
    const setTimer = setTimeout;
    const print = (event) => log(`@wpt ${stringify(event)}`);
    const seen = new Set();
    const has = Function.prototype.call.bind(Set.prototype.has);
    const add = Function.prototype.call.bind(Set.prototype.add);

    add_test_state_callback(({ name }) => {
        if (!has(seen, name)) {
            add(seen, name);
            print({ event: "start", name });
        }
    });
    add_result_callback(({ name, status, message, stack }) => {
        print({ event: "result", name, status, message, stack });
    });
    add_completion_callback((tests, { status, message, stack }) => {
        print({ event: "end", count: tests.length, status, message, stack });
        setTimer(exit, 0, 0); // not at once: what was thrown while the file was loaded is reported first
    });
    // app.mjs calls this behind the last line of the file.
    globalThis.wptLoaded = () => print({ event: "loaded" });
    // testharness.js has listeners of its own, which make an uncaught error an error of the whole file. In a browser the
    // page lives on; here this keeps the app alive, so that the verdict can be told.
    addEventListener("error", (event) => {
        event.preventDefault();
        log(`uncaught: ${event.message}\n${event.error?.stack ?? ""}`);
    });
    addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        log("unhandled rejection:", event.reason);
    });
}
