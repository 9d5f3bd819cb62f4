// flags: -A
// tcp_socket_arguments.test.ts - what goes into a TCPSocket: wrong types, throwing getters, odd hosts, prototypes that
// somebody changed.
import { deepEqual, equal, ok, rejects, test, throws } from "../harness.ts";
import { closeAll, connectPair, freePort, startServer } from "./peers.ts";

type Any = TCPOptions;

test("options of a wrong type are a TypeError that names the option", () => {
    for (const [options, word] of [
        [5, "options"],
        ["text", "options"],
        [{ tcpKeepAliveOptions: "often" }, "tcpKeepAliveOptions"],
        [{ dnsQueryType: "ipv5" }, "dnsQueryType"],
        [{ keepAliveDelay: 999 }, "keepAliveDelay"],
        [{ sendBufferSize: 0 }, "sendBufferSize"],
        [{ receiveBufferSize: -1 }, "receiveBufferSize"],
        [{ receiveBufferSize: 2 ** 31 }, "receiveBufferSize"],
        [{ interface: "" }, "interface"],
        [{ interface: 0 }, "interface"],
        [{ signal: {} }, "signal"],
    ] as [unknown, string][]) {
        throws(() => new TCPSocket("127.0.0.1", 1, options as Any), { name: "TypeError", message: word });
    }
    throws(() => new TCPSocket(Symbol("host") as unknown as string, 1), "TypeError");
    throws(() => new TCPSocket("127.0.0.1", 1n as unknown as number), "TypeError");
});

test("what a getter or a conversion throws comes out, and nothing is connected", () => {
    const error = new RangeError("mine");
    const fail = (): never => {
        throw error;
    };
    for (const name of ["addressReuse", "localAddress", "noDelay", "signal", "useSecureTransport"]) {
        const options = Object.defineProperty({}, name, { get: fail });
        equal(
            throws(() => new TCPSocket("127.0.0.1", 1, options as Any)),
            error,
        );
    }
    equal(
        throws(() => new TCPSocket({ toString: fail } as unknown as string, 1)),
        error,
    );
    equal(
        throws(() => new TCPSocket("127.0.0.1", { valueOf: fail } as unknown as number)),
        error,
    );
});

test("a host that changes between two looks is looked at once", async () => {
    const { server, port } = await startServer();
    let looks = 0;
    const host = { toString: () => (looks++ === 0 ? "127.0.0.1" : "192.0.2.66") };
    const socket = new TCPSocket(host as unknown as string, port);
    equal(socket.remoteAddress, "127.0.0.1");
    const peer = await server.listen();
    await socket.opened;
    equal(looks, 1);
    await closeAll(socket, peer, server);
});

test("a port may be anything that is a number", async () => {
    const { server, port } = await startServer();
    for (const spelling of [String(port), port + 0.9, { valueOf: () => port }, `0x${port.toString(16)}`]) {
        const socket = new TCPSocket("127.0.0.1", spelling as number);
        equal(socket.remotePort, port);
        await closeAll(await server.listen(), socket);
    }
    await closeAll(server);
});

test("null stands for an option that is left out, where the option is an address or a port", async () => {
    const options = { localAddress: null, localPort: null, interface: null, signal: null };
    const { client, peer } = await connectPair(options);
    await closeAll(client, peer);
});

test("interfaces that do not exist are an error of the constructor", () => {
    const error = throws(() => new TCPSocket("127.0.0.1", 1, { interface: "nosuch0" })) as DOMException;
    ok(["InvalidAccessError", "NetworkError"].includes(error.name), `${error.name}: ${error.message}`);
});

test("changed prototypes change neither options nor states", async () => {
    const port = await freePort();
    const objectPrototype = Object.prototype as unknown as Record<string, unknown>;
    const arrayIterator = Array.prototype[Symbol.iterator];
    const { push } = Array.prototype;
    const { then } = Promise.prototype;
    const reads: string[] = [];
    objectPrototype.localAddress = "192.0.2.200";
    objectPrototype.size = () => NaN;
    objectPrototype.type = "bytes";
    objectPrototype.code = "EVIL";
    Array.prototype.push = () => {
        reads.push("push");
        return 0;
    };
    Array.prototype[Symbol.iterator] = () => {
        throw new Error("iterated");
    };
    let socket: TCPSocket;
    try {
        socket = new TCPSocket("127.0.0.1", port, { localAddress: "127.0.0.1" });
    } finally {
        Array.prototype[Symbol.iterator] = arrayIterator;
        Array.prototype.push = push;
        Promise.prototype.then = then;
        delete objectPrototype.localAddress;
        delete objectPrototype.size;
        delete objectPrototype.type;
        delete objectPrototype.code;
    }
    await rejects(socket.opened, { name: "NetworkError", code: "ECONNREFUSED" });
    deepEqual(reads, []);
});

test("a subclass works", async () => {
    class Mine extends TCPSocket {
        tag = "mine";
    }
    const { server, port } = await startServer();
    const socket = new Mine("127.0.0.1", port);
    ok(socket instanceof TCPSocket);
    equal(socket.tag, "mine");
    await closeAll(await server.listen(), socket, server);
});
