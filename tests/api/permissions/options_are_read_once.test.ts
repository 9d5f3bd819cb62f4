// flags: --allow tcp.connect=127.0.0.1:* --allow tcp.listen=127.0.0.1:* --allow udp.send=127.0.0.1 --allow udp.bind=127.0.0.1
// options_are_read_once.test.ts - the value that is checked is the value that is used: options whose getters change
// their mind, throw, or count.
import { equal, ok, rejects, test, throws } from "../harness.ts";

/** An option that is permitted the first time it is read and something else from then on. */
function turncoat<T>(first: T, later: T): { readonly value: T; reads: number } {
    const state = {
        reads: 0,
        get value(): T {
            return state.reads++ === 0 ? first : later;
        },
    };
    return state;
}

test("hasPermission() reads each option once", async () => {
    const address = turncoat("127.0.0.1", "10.0.0.1");
    const port = turncoat(80, 81);
    const options = {
        get remoteAddress(): string {
            return address.value;
        },
        get remotePort(): number {
            return port.value;
        },
    };
    equal(await navigator.tcpPermission.hasPermission(options), "granted");
    equal(address.reads, 1);
    equal(port.reads, 1);
});

test("a UDPSocket is bound to the address that was checked", async () => {
    const address = turncoat("127.0.0.1", "0.0.0.0");
    const socket = new UDPSocket({
        get localAddress(): string {
            return address.value;
        },
    });
    await socket.opened;
    equal(address.reads, 1);
    equal(socket.localAddress, "127.0.0.1");
    await socket.close();
});

test("a server listens on the address that was checked", async () => {
    const address = turncoat("127.0.0.1", "0.0.0.0");
    const server = new TCPServerSocket({
        get localAddress(): string {
            return address.value;
        },
    });
    await server.opened;
    equal(address.reads, 1);
    equal(server.localAddress, "127.0.0.1");
    await server.close();
});

test("a host object is turned into text once, and a denied one is denied", () => {
    let calls = 0;
    const host = {
        toString(): string {
            return calls++ === 0 ? "10.0.0.1" : "127.0.0.1";
        },
    };
    throws(() => new TCPSocket(host as unknown as string, 80), "SecurityError");
    equal(calls, 1);
});

test("what a getter throws comes out as it is, from the constructor and from the promise", async () => {
    const mine = new RangeError("mine");
    const options = {
        get localAddress(): string {
            throw mine;
        },
        get remoteAddress(): string {
            throw mine;
        },
    };
    for (const run of [() => new TCPServerSocket(options), () => new UDPSocket(options)]) {
        let thrown: unknown;
        try {
            run();
        } catch (error) {
            thrown = error;
        }
        ok(thrown === mine);
    }
    equal(await rejects(navigator.tcpPermission.hasPermission(options), "RangeError"), mine);
    equal(await rejects(navigator.udpPermission.requestPermission(options), "RangeError"), mine);
});

test("a proxy as options is asked for members only, and each once", async () => {
    const asked = new Map<PropertyKey, number>();
    const options = new Proxy(
        { remoteAddress: "127.0.0.1", remotePort: 9 },
        {
            get(target, key, receiver): unknown {
                asked.set(key, (asked.get(key) ?? 0) + 1);
                return Reflect.get(target, key, receiver);
            },
        },
    );
    const socket = new UDPSocket(options);
    await socket.opened;
    for (const [key, count] of asked) {
        equal(count, 1, String(key));
    }
    ok(asked.has("remoteAddress"));
    await socket.close();
});

test("a getter that closes nothing and opens another socket does not confuse the check", () => {
    const options = {
        get localPort(): number {
            throws(() => new TCPServerSocket({ localAddress: "127.0.0.2" }), "SecurityError");
            return 0;
        },
        localAddress: "127.0.0.3",
    };
    throws(() => new TCPServerSocket(options), "SecurityError");
});
