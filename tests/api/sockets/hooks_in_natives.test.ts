// flags: -A
// hooks_in_natives.test.ts - natives make errors, messages and views between two steps of their own: none of the hooks
// that an app can set in its realm runs there.
import { deepEqual, equal, ok, test } from "../harness.ts";
import { closeAll, readOne, udpSocket } from "./peers.ts";

const { defineProperty } = Object;

/** Calls `run` while properties of an object are these accessors. */
async function whileReplaced(
    target: object,
    accessors: Readonly<Record<string, PropertyDescriptor>>,
    run: () => Promise<void>,
): Promise<void> {
    const before = Object.keys(accessors).map(
        (name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const,
    );
    for (const [name] of before) {
        defineProperty(target, name, { configurable: true, ...accessors[name] });
    }
    try {
        await run();
    } finally {
        for (const [name, descriptor] of before) {
            Reflect.deleteProperty(target, name);
            if (descriptor !== undefined) {
                defineProperty(target, name, descriptor);
            }
        }
    }
}

test("setters of Object.prototype do not see a received datagram", async () => {
    const { socket, port } = await udpSocket();
    let seen = 0;
    const set = (): void => {
        seen++;
        void socket.close().catch(() => undefined);
    };
    const message = { __proto__: null, data: "abc", remoteAddress: "127.0.0.1", remotePort: port };
    const fields = { data: { set }, remotePort: { set }, interface: { set }, hopLimit: { set } };
    await whileReplaced(Object.prototype, fields, async () => {
        await socket.writeable.write(message as unknown as UDPMessage);
        const { data } = await readOne(socket.readable);
        deepEqual([...new Uint8Array(data as ArrayBuffer)], [97, 98, 99]);
    });
    equal(seen, 0);
    await closeAll(socket);
});

test("getters of DataView.prototype do not choose the bytes that are sent", async () => {
    const { socket, port } = await udpSocket();
    const data = new DataView(new Uint8Array([7, 8, 9, 10]).buffer, 1, 2);
    const getters = {
        buffer: { get: () => new ArrayBuffer(4096) },
        byteOffset: { get: () => 0 },
        byteLength: { get: () => 4096 },
    };
    await whileReplaced(DataView.prototype, getters, () =>
        socket.writeable.write({ data, remoteAddress: "127.0.0.1", remotePort: port }),
    );
    const message = await readOne(socket.readable);
    deepEqual([...new Uint8Array(message.data as ArrayBuffer)], [8, 9]);
    await closeAll(socket);
});

test("nothing of the app runs while an error is made", async () => {
    const errors = Error as unknown as { prepareStackTrace?: unknown; stackTraceLimit: unknown };
    const before = errors.stackTraceLimit;
    let hooks = 0;
    errors.prepareStackTrace = () => hooks++;
    errors.stackTraceLimit = { valueOf: () => (hooks++, 5) };
    equal(hooks, 1); // converted when it is assigned
    equal(errors.stackTraceLimit, 5);
    const socket = new TCPSocket("127.0.0.1", 1);
    const error = await socket.opened.then(
        () => undefined,
        (reason: unknown) => reason,
    );
    ok(error instanceof DOMException);
    equal(typeof error.stack, "string");
    equal(hooks, 1);
    delete errors.prepareStackTrace;
    errors.stackTraceLimit = before;
    await socket.closed.catch(() => undefined);
});
