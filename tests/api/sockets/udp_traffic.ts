// udp_traffic.ts - datagrams through the streams of a UDPSocket: what an app sees must be the same whether the streams
// are direct or not. Run by udp_socket_direct.test.ts and udp_socket_standard.test.ts.
import { deepEqual, equal, rejects, sleep, test, text } from "../harness.ts";
import { closeAll, readOne, udpSocket } from "./peers.ts";

const here = "127.0.0.1";

async function readTexts(stream: ReadableStream<UDPReceivedMessage>, count: number): Promise<string[]> {
    const reader = stream.getReader();
    const texts: string[] = [];
    while (texts.length < count) {
        texts.push(text((await reader.read()).value!.data));
    }
    reader.releaseLock();
    return texts;
}

export function defineTraffic(): void {
    test("writes of one turn arrive in their order, with the bytes they had when they were written", async () => {
        const { socket, port } = await udpSocket({ receiveBufferSize: 1 << 20 });
        const writer = socket.writable.getWriter();
        const buffer = new Uint8Array(1);
        for (let i = 0; i < 50; i++) {
            buffer[0] = 48 + (i % 10);
            const data = buffer.slice();
            void writer.write({ data, remoteAddress: here, remotePort: port });
        }
        const expected = Array.from({ length: 50 }, (_, i) => String(i % 10));
        deepEqual(await readTexts(socket.readable, 50), expected);
        await closeAll(socket);
    });

    test("one failed write of many rejects alone", async () => {
        const { socket, port } = await udpSocket();
        const writer = socket.writable.getWriter();
        const to = { remoteAddress: here, remotePort: port };
        const outcomes = await Promise.all(
            [
                { data: "a", ...to },
                { data: new Uint8Array(70_000), ...to },
                { data: "b", ...to },
                { data: "x", remoteAddress: "1.2.3", remotePort: 9 },
                { data: "x", remoteAddress: here, remotePort: 0 },
                7,
                { data: "c", ...to },
            ].map((message) =>
                writer.write(message as UDPMessage).then(
                    () => "sent",
                    (error: unknown) => (error as Error).name,
                ),
            ),
        );
        deepEqual(outcomes, [
            "sent",
            "NetworkError",
            "sent",
            "InvalidAccessError",
            "InvalidAccessError",
            "TypeError",
            "sent",
        ]);
        deepEqual(await readTexts(socket.readable, 3), ["a", "b", "c"]);
        equal(socket.readyState, "open");
        await closeAll(socket);
    });

    test("desiredSize counts what is under way", async () => {
        const { socket, port } = await udpSocket();
        const writer = socket.writable.getWriter();
        const message = { data: "x", remoteAddress: here, remotePort: port };
        equal(writer.desiredSize, 1);
        const writes = [writer.write(message), writer.write(message), writer.write(message)];
        equal(writer.desiredSize, -2);
        await Promise.all(writes);
        await writer.ready;
        equal(writer.desiredSize, 1);
        await writer.write(message);
        await closeAll(socket);
    });

    test("a name holds up what is written behind it", async () => {
        const { socket, port } = await udpSocket({ receiveBufferSize: 1 << 20 });
        const writer = socket.writable.getWriter();
        const hosts = [here, "localhost", here, "localhost", here];
        const writes = hosts.map((remoteAddress, i) =>
            writer.write({ data: String(i), remoteAddress, remotePort: port }),
        );
        await Promise.all(writes);
        deepEqual(await readTexts(socket.readable, 5), ["0", "1", "2", "3", "4"]);
        await writer.write({ data: "5", remoteAddress: here, remotePort: port });
        deepEqual(await readTexts(socket.readable, 1), ["5"]);
        await closeAll(socket);
    });

    test("a message to a name is converted once", async () => {
        const { socket, port } = await udpSocket();
        const reads: string[] = [];
        const message = new Proxy(
            { data: "n", remoteAddress: "localhost", remotePort: port },
            {
                get(target, key): unknown {
                    reads.push(String(key));
                    return Reflect.get(target, key) as unknown;
                },
            },
        );
        await socket.writable.getWriter().write(message);
        equal(reads.join(), "data,interface,remoteAddress,remotePort");
        deepEqual(await readTexts(socket.readable, 1), ["n"]);
        await closeAll(socket);
    });

    test("close() and closing the writer wait for what is written", async () => {
        const { socket: peer, port } = await udpSocket({ receiveBufferSize: 1 << 20 });
        for (const end of ["socket", "writer"]) {
            const { socket } = await udpSocket();
            const writer = socket.writable.getWriter();
            const writes = Array.from({ length: 40 }, (_, i) =>
                writer.write({ data: String(i), remoteAddress: here, remotePort: port }),
            );
            const closed = end === "socket" ? socket.close() : writer.close();
            await Promise.all(writes);
            await closed;
            deepEqual(
                await readTexts(peer.readable, 40),
                Array.from({ length: 40 }, (_, i) => String(i)),
            );
            await closeAll(socket);
        }
        await closeAll(peer);
    });

    test("reads that wait are settled in order, end with the lock, and with the socket", async () => {
        const { socket, port } = await udpSocket();
        const reader = socket.readable.getReader();
        const reads = [reader.read(), reader.read(), reader.read()];
        for (const data of ["1", "2"]) {
            await socket.writeable.write({ data, remoteAddress: here, remotePort: port });
        }
        deepEqual([text((await reads[0]!).value!.data), text((await reads[1]!).value!.data)], ["1", "2"]);
        reader.releaseLock();
        await rejects(reads[2]!, "TypeError");
        const again = socket.readable.getReader();
        const last = again.read();
        void socket.close();
        equal((await last).done, true);
        equal((await again.closed) as unknown, undefined);
        await socket.closed;
    });

    test("what has arrived goes along when the stream is teed or piped", async () => {
        const { socket, port } = await udpSocket({ receiveBufferSize: 1 << 20 });
        const write = (data: string): Promise<undefined> =>
            socket.writeable.write({ data, remoteAddress: here, remotePort: port });
        const first = readOne(socket.readable);
        for (let i = 0; i < 10; i++) {
            await write(String(i));
        }
        equal(text((await first).data), "0");
        await sleep(10);
        const [one, two] = socket.readable.tee();
        await write("10");
        const expected = Array.from({ length: 10 }, (_, i) => String(i + 1));
        deepEqual(await readTexts(one, 10), expected);
        deepEqual(await readTexts(two, 10), expected);
        await closeAll(socket);
    });

    test("a loop over datagrams echoes them through a pipe", async () => {
        const { socket: echo, port } = await udpSocket();
        const piped = echo.readable.pipeTo(echo.writable).catch(() => undefined);
        const { socket } = await udpSocket();
        for (let i = 0; i < 5; i++) {
            await socket.writeable.write({ data: String(i), remoteAddress: here, remotePort: port });
        }
        const texts: string[] = [];
        for await (const { data } of socket.readable) {
            texts.push(text(data));
            if (texts.length === 5) {
                break;
            }
        }
        deepEqual(texts, ["0", "1", "2", "3", "4"]);
        equal(socket.readyState, "closed"); // by the end of the loop
        await closeAll(echo, socket);
        await piped;
    });
}
