// text_connection.ts - a connection to a server that talks in lines and answers when it is asked: mail, and much else.
// Lines, counted bytes in between (what IMAP calls literals), TLS from the first byte or later on (STARTTLS). Not here:
// what the lines mean, and a peer that talks whenever it likes (lines.ts).
import { type Endpoint } from "./endpoint.ts";

/** Bytes: a peer that sends more without a line feed is not speaking the protocol. */
const LINE_BYTES_MAX = 8192;

export class TextConnection {
    #socket: TCPSocket;
    #reader: ReadableStreamDefaultReader<ArrayBuffer>;
    /** What was received and not asked for yet. */
    #rest = new Uint8Array(0);

    /** `options` as of TCPSocket; `timeout` is in milliseconds, for the whole of the connection. */
    constructor({ host, port }: Endpoint, options: TCPOptions & { timeout: number }) {
        this.#socket = new TCPSocket(host, port, {
            ...options,
            signal: AbortSignal.timeout(options.timeout),
        });
        this.#reader = this.#socket.readable.getReader();
    }

    /** Resolves when the connection is there, and encrypted if it is to be. */
    get opened(): Promise<TCPSocketOpenInfo> {
        return this.#socket.opened;
    }

    /** The next line without its end; undefined where the peer has finished. */
    async readLine(): Promise<string | undefined> {
        for (;;) {
            const end = this.#rest.indexOf(0x0a);
            if (end > LINE_BYTES_MAX || (end === -1 && this.#rest.length > LINE_BYTES_MAX)) {
                throw new Error("the server sent a line without end");
            }
            if (end !== -1) {
                return new TextDecoder().decode(this.#take(end + 1)).replace(/\r?\n$/, "");
            }
            if (!(await this.#receive())) {
                return undefined;
            }
        }
    }

    /** So many bytes, whatever is in them. The caller has decided that they are not too many. */
    async readBytes(count: number): Promise<Uint8Array> {
        while (this.#rest.length < count) {
            if (!(await this.#receive())) {
                throw new Error("the server closed the connection");
            }
        }
        return this.#take(count);
    }

    /** Sends one line. */
    async writeLine(line: string): Promise<void> {
        await this.#socket.writable.write(`${line}\r\n`);
    }

    /**
     * Goes on encrypted, when the server has agreed to. What it sent behind its agreement is not protected and may
     * be somebody else's: that ends the conversation. (The runtime looks after what has not been received yet.)
     */
    async startTls(options: TLSClientOptions): Promise<TCPSocketOpenInfo> {
        if (this.#rest.length > 0) {
            throw new Error(
                "there is text behind the server's answer to STARTTLS; somebody may have put it there",
            );
        }
        this.#socket = this.#socket.startTls(options);
        this.#reader = this.#socket.readable.getReader();
        return this.#socket.opened;
    }

    async close(): Promise<void> {
        await this.#socket.close().catch(() => undefined); // all is said; how the connection ends is not of interest
    }

    #take(count: number): Uint8Array {
        const taken = this.#rest.subarray(0, count);
        this.#rest = this.#rest.subarray(count);
        return taken;
    }

    /** Receives more; false if the peer has finished. */
    async #receive(): Promise<boolean> {
        const { value, done } = await this.#reader.read();
        if (done) {
            return false;
        }
        const joined = new Uint8Array(this.#rest.length + value.byteLength);
        joined.set(this.#rest);
        joined.set(new Uint8Array(value), this.#rest.length);
        this.#rest = joined;
        return true;
    }
}
