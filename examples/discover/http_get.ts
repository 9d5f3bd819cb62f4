// http_get.ts - fetches one document over HTTP/1.1 from a given host, by TCPSocket. Bounded in size and time, follows
// no redirects. Not here: which hosts may be asked, what the document is.
// Spec: RFC 9112 (HTTP/1.1).

/** Bytes of status line and headers. */
const HEAD_BYTES_MAX = 16 * 1024;

/** A URL that http_get can fetch: an IPv4 address, no name. */
export interface HttpLocation {
    readonly host: string;
    readonly port: number;
    readonly path: string;
}

/** Takes "http://192.0.2.1:80/path" apart; undefined for every other kind of URL. */
export function parseLocation(url: string): HttpLocation | undefined {
    const parts = /^http:\/\/(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?(\/[!-~]*)?$/i.exec(url);
    const [, host, port = "80", path = "/"] = parts ?? [];
    if (host === undefined || Number(port) < 1 || Number(port) > 65535) {
        return undefined;
    }
    return { host, port: Number(port), path: path.replace(/#.*$/, "") };
}

/** The body of a document; rejects if the host has none for us, or one that is too large or takes too long. */
export async function httpGet(
    { host, port, path }: HttpLocation,
    { bytesMax, milliseconds }: { bytesMax: number; milliseconds: number },
): Promise<Uint8Array> {
    const socket = new TCPSocket(host, port, { signal: AbortSignal.timeout(milliseconds) });
    try {
        const request = `GET ${path} HTTP/1.1\r\nHOST: ${host}:${port}\r\nCONNECTION: close\r\n\r\n`;
        await socket.writable.write(new TextEncoder().encode(request));
        return await readResponse(new ByteReader(socket.readable.getReader()), bytesMax);
    } catch (error) {
        throw (error as Error).name === "TimeoutError"
            ? new Error(`no answer within ${milliseconds} ms`)
            : error;
    } finally {
        void socket.close().catch(() => undefined); // how the connection ends makes no difference any more
    }
}

async function readResponse(reader: ByteReader, bytesMax: number): Promise<Uint8Array> {
    const [statusLine = "", ...lines] = (await reader.text("\r\n\r\n", HEAD_BYTES_MAX)).split("\r\n");
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1];
    if (status !== "200") {
        throw new Error(status === undefined ? "not an HTTP answer" : `HTTP status ${status}`);
    }
    const header = (name: string): string | undefined =>
        lines
            .find((line) => line.toLowerCase().startsWith(`${name}:`))
            ?.slice(name.length + 1)
            .trim();
    if (header("transfer-encoding")?.toLowerCase() === "chunked") {
        return readChunks(reader, bytesMax);
    }
    const length = header("content-length");
    if (length === undefined) {
        return reader.rest(bytesMax);
    }
    if (!/^\d+$/.test(length)) {
        throw new Error("not an HTTP answer: bad length");
    }
    checkSize(Number(length), bytesMax);
    return reader.bytes(Number(length));
}

async function readChunks(reader: ByteReader, bytesMax: number): Promise<Uint8Array> {
    let body = new Uint8Array();
    for (;;) {
        const size = /^[0-9a-f]{1,8}(?=;|$)/i.exec(await reader.text("\r\n", HEAD_BYTES_MAX))?.[0];
        if (size === undefined) {
            throw new Error("not an HTTP answer: bad chunk");
        }
        const length = Number.parseInt(size, 16);
        if (length === 0) {
            return body;
        }
        checkSize(body.length + length, bytesMax);
        body = joined(body, await reader.bytes(length));
        await reader.bytes(2); // the end of the chunk's line
    }
}

/** Cuts what a socket receives into the pieces that a protocol has. */
class ByteReader {
    readonly #reader: ReadableStreamDefaultReader<ArrayBuffer>;
    #buffer = new Uint8Array();

    constructor(reader: ReadableStreamDefaultReader<ArrayBuffer>) {
        this.#reader = reader;
    }

    /** The text up to a mark, which is taken, too. */
    async text(mark: string, bytesMax: number): Promise<string> {
        for (;;) {
            const end = new TextDecoder("latin1").decode(this.#buffer).indexOf(mark);
            if (end >= 0) {
                const text = new TextDecoder().decode(this.#buffer.subarray(0, end));
                this.#buffer = this.#buffer.slice(end + mark.length);
                return text;
            }
            checkSize(this.#buffer.length, bytesMax);
            if (!(await this.#more())) {
                throw new Error("the answer ends early");
            }
        }
    }

    async bytes(count: number): Promise<Uint8Array<ArrayBuffer>> {
        while (this.#buffer.length < count) {
            if (!(await this.#more())) {
                throw new Error("the answer ends early");
            }
        }
        const bytes = this.#buffer.slice(0, count);
        this.#buffer = this.#buffer.slice(count);
        return bytes;
    }

    /** Everything until the peer ends. */
    async rest(bytesMax: number): Promise<Uint8Array> {
        while (await this.#more()) {
            checkSize(this.#buffer.length, bytesMax);
        }
        return this.#buffer;
    }

    async #more(): Promise<boolean> {
        const { value, done } = await this.#reader.read();
        if (!done) {
            this.#buffer = joined(this.#buffer, new Uint8Array(value));
        }
        return !done;
    }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
    const both = new Uint8Array(a.length + b.length);
    both.set(a);
    both.set(b, a.length);
    return both;
}

function checkSize(size: number, max: number): void {
    if (size > max) {
        throw new Error(`larger than ${max} bytes`);
    }
}
