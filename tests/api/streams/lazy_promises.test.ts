// lazy_promises.test.ts - `closed` and `ready` are made when somebody asks for them; what they say is what they would say
// if they had been there all the time.
import { equal, rejects, sleep, test } from "../harness.ts";

/** "pending", or how the promise is settled. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
    let state = "pending";
    promise.then(
        () => (state = "fulfilled"),
        (reason: unknown) => (state = `rejected: ${String((reason as Error).message)}`),
    );
    await sleep(0);
    return state;
}

test("ready after an error that came while the stream was being closed", async () => {
    let closeDone!: () => void;
    let controller!: WritableStreamDefaultController;
    const stream = new WritableStream({
        start(given) {
            controller = given;
        },
        close: () => new Promise<void>((resolve) => (closeDone = resolve)),
    });
    const writer = stream.getWriter();
    const closed = writer.close();
    await sleep(0);
    controller.error(new Error("too late"));
    closeDone();
    await closed;
    equal(await stateOf(writer.ready), "rejected: too late");
    equal(await stateOf(writer.closed), "fulfilled");
});

test("closed while the sink is still aborting", async () => {
    let abortDone!: () => void;
    const stream = new WritableStream({ abort: () => new Promise<void>((resolve) => (abortDone = resolve)) });
    const writer = stream.getWriter();
    const aborted = writer.abort(new Error("enough"));
    await sleep(0);
    const closed = writer.closed;
    equal(await stateOf(closed), "pending");
    abortDone();
    await aborted;
    await rejects(closed, { message: "enough" });
});

test("nobody has to listen to promises that were never asked for", async () => {
    const readable = new ReadableStream({
        start(controller) {
            controller.error(new Error("unheard"));
        },
    });
    const reader = readable.getReader();
    await sleep(0);
    equal(await stateOf(reader.closed), "rejected: unheard");
    reader.releaseLock();
    const writer = new WritableStream().getWriter();
    writer.releaseLock();
    void writer.closed;
    void writer.ready;
    void reader.closed;
    await sleep(1);
});

test("each promise is the same one each time, until its story starts anew", async () => {
    const writer = new WritableStream({ write: () => sleep(1) }).getWriter();
    const { ready } = writer;
    equal(writer.ready, ready);
    equal(writer.closed, writer.closed);
    const written = writer.write("a");
    equal(writer.ready === ready, false);
    equal(await stateOf(ready), "fulfilled");
    await written;
    await writer.ready;
});
