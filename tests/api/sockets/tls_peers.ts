// tls_peers.ts - connected pairs of sockets over TLS, for the tests of secure sockets. No tests here.
import * as identities from "./tls_identities.ts";
import { startServer } from "./peers.ts";

/** A TLS server on a loopback port of the system's choice. */
export function startSecureServer(
    options: TCPServerOptions = {},
): Promise<{ server: TCPServerSocket; port: number }> {
    return startServer({ ...identities.server, ...options });
}

/** Both ends of a TLS connection, open; the server that made it is closed. */
export async function securePair(
    clientOptions: TCPOptions = {},
    serverOptions: TCPServerOptions = {},
): Promise<{ client: TCPSocket; peer: TCPSocket }> {
    const { server, port } = await startSecureServer(serverOptions);
    const client = new TCPSocket("127.0.0.1", port, { ...identities.client, ...clientOptions });
    const peer = await server.listen();
    await Promise.all([client.opened, peer.opened]);
    await server.close();
    return { client, peer };
}

/** Bytes of which none is where it would be in a buffer that was shifted by a record or a chunk. */
export function pattern(length: number, from = 0): Uint8Array<ArrayBuffer> {
    const data = new Uint8Array(length);
    for (let index = 0; index < length; index++) {
        data[index] = patternByte(from + index);
    }
    return data;
}

/** Byte `index` of the pattern. */
export function patternByte(index: number): number {
    return (index * 31 + (index >> 8) * 7 + (index >> 16)) & 255;
}

/** Reads to the end, or `limit` bytes; throws at a byte that is not the pattern's. Resolves with the number of bytes. */
export async function readPattern(
    reader: ReadableStreamDefaultReader<ArrayBuffer>,
    limit = Infinity,
    from = 0,
): Promise<number> {
    let count = 0;
    while (count < limit) {
        const { value, done } = await reader.read();
        if (done) {
            break;
        }
        for (const byte of new Uint8Array(value)) {
            if (byte !== patternByte(from + count)) {
                throw new Error(`byte ${from + count} is ${byte}`);
            }
            count++;
        }
    }
    return count;
}

/** Reads so many bytes without looking at them, where looking would take too long. */
export async function readLength(
    reader: ReadableStreamDefaultReader<ArrayBuffer>,
    limit: number,
): Promise<number> {
    let count = 0;
    while (count < limit) {
        const { value, done } = await reader.read();
        if (done) {
            break;
        }
        count += value.byteLength;
    }
    return count;
}
