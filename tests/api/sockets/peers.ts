// peers.ts - what the socket tests share: connected pairs over loopback, readers, option spies. No tests here.

/** A server on a loopback port of the system's choice. */
export async function startServer(
    options: TCPServerOptions = {},
): Promise<{ server: TCPServerSocket; port: number }> {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1", ...options });
    const { localPort } = await server.opened;
    return { server, port: localPort };
}

/** Both ends of a connection; the server that made it is closed. */
export async function connectPair(
    clientOptions: TCPOptions = {},
    serverOptions: TCPServerOptions = {},
): Promise<{ client: TCPSocket; peer: TCPSocket }> {
    const { server, port } = await startServer(serverOptions);
    const client = new TCPSocket("127.0.0.1", port, clientOptions);
    const peer = await server.listen();
    await client.opened;
    await server.close();
    return { client, peer };
}

/** Closes sockets and waits until they are. */
export async function closeAll(...sockets: (TCPSocket | TCPServerSocket | UDPSocket)[]): Promise<void> {
    await Promise.all(sockets.map((socket) => socket.close().catch(() => undefined)));
}

/** Ends both sides at once, whatever they are doing. */
export async function abortAll(...sockets: TCPSocket[]): Promise<void> {
    for (const socket of sockets) {
        if (!socket.writeable.locked) {
            await socket.writeable.abort().catch(() => undefined);
        }
        await socket.close().catch(() => undefined);
    }
}

/** A UDP socket on a loopback port of the system's choice. */
export async function udpSocket(options: UDPOptions = {}): Promise<{ socket: UDPSocket; port: number }> {
    const socket = new UDPSocket({ localAddress: "127.0.0.1", ...options });
    const { localPort } = await socket.opened;
    return { socket, port: localPort };
}

/** A loopback port on which nobody listens. */
export async function freePort(): Promise<number> {
    const { server, port } = await startServer();
    await server.close();
    return port;
}

/** One chunk, with the lock given back. */
export async function readOne<T>(stream: ReadableStream<T>): Promise<T> {
    const reader = stream.getReader();
    try {
        const { value, done } = await reader.read();
        if (done) {
            throw new Error("the stream has ended");
        }
        return value;
    } finally {
        reader.releaseLock();
    }
}

/** Everything until the end, as text. */
export async function readText(stream: ReadableStream<ArrayBuffer>): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    const reader = stream.getReader();
    for (;;) {
        const { value, done } = await reader.read();
        if (done) {
            reader.releaseLock();
            return text + decoder.decode();
        }
        text += decoder.decode(value, { stream: true });
    }
}

/** Whether a promise is still pending after everything that is due has run. */
export async function isPending(promise: Promise<unknown>, milliseconds = 30): Promise<boolean> {
    const mark = {};
    const timer = new Promise<unknown>((resolve) => setTimeout(() => resolve(mark), milliseconds));
    return (await Promise.race([promise.catch(() => undefined), timer])) === mark;
}

/** An object that notes which members are read, in order. */
export function spy<T extends object>(values: T): { options: T; reads: string[] } {
    const reads: string[] = [];
    const options = new Proxy(values, {
        get(target, key): unknown {
            reads.push(String(key));
            return Reflect.get(target, key) as unknown;
        },
    });
    return { options, reads };
}
