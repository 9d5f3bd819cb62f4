// http_server.ts - a small HTTP/1.1 server over TCPServerSocket: GET and HEAD of a few fixed documents, one request a
// connection. Everything that a peer can take is limited. Not here: what the documents are.
// Spec: RFC 9112 (HTTP/1.1), RFC 9110 (methods, status codes).

/** Connections at a time; more wait in the kernel's queue. A description is read once by each control point. */
const CONNECTIONS_MAX = 16;
/** Bytes of request line and headers; control points send a few hundred. */
const REQUEST_BYTES_MAX = 8192;
/** Milliseconds for a connection from accepting to closing, so that a silent peer does not hold one of the few. */
const CONNECTION_TIME_MAX = 5000;
/** Milliseconds before accepting goes on after it failed, for example for lack of descriptors. */
const ACCEPT_RETRY = 500;

export interface HttpDocument {
    readonly contentType: string;
    readonly text: string;
}

interface HttpResponse {
    readonly status: string;
    readonly headers?: Record<string, string>;
    readonly document?: HttpDocument;
    /** HEAD: headers only. */
    readonly withoutBody?: boolean;
}

export class HttpServer {
    readonly #server: TCPServerSocket;
    readonly #documents: ReadonlyMap<string, HttpDocument>;
    readonly #product: string;
    readonly #log: (text: string) => void;
    #closed = false;
    #connections = 0;
    #connectionEnded: (() => void) | undefined;

    /** `documents` by path; port 0: any free one; `product`: the SERVER header. */
    constructor(
        documents: ReadonlyMap<string, HttpDocument>,
        options: { port: number; product: string; log: (text: string) => void },
    ) {
        this.#server = new TCPServerSocket(options.port === 0 ? {} : { localPort: options.port });
        this.#documents = documents;
        this.#product = options.product;
        this.#log = options.log;
    }

    /** Starts to serve; resolves with the port once the server listens, rejects if it can't. */
    async start(): Promise<number> {
        const { localPort } = await this.#server.opened;
        void this.#acceptAll();
        return localPort;
    }

    /** Stops listening. Requests under way are still answered. */
    async close(): Promise<void> {
        this.#closed = true;
        await this.#server.close();
    }

    async #acceptAll(): Promise<void> {
        while (!this.#closed) {
            try {
                void this.#serve(await this.#server.listen());
            } catch (error) {
                if (!this.#closed) {
                    this.#log(`http: a connection could not be accepted: ${String(error)}`);
                    await new Promise<void>((resolve) => setTimeout(resolve, ACCEPT_RETRY));
                }
            }
            if (this.#connections >= CONNECTIONS_MAX) {
                await new Promise<void>((resolve) => (this.#connectionEnded = resolve));
            }
        }
    }

    async #serve(socket: TCPSocket): Promise<void> {
        this.#connections++;
        const reader = socket.readable.getReader();
        const writer = socket.writable.getWriter();
        // Abort rather than close: it frees the connection at once, whatever the peer does.
        const timer = setTimeout(
            () => void writer.abort("too slow").catch(() => undefined),
            CONNECTION_TIME_MAX,
        );
        try {
            const head = await readHead(reader);
            if (head !== undefined) {
                const response = this.#respond(head);
                this.#log(
                    `http: ${socket.remoteAddress}: ${JSON.stringify(firstLine(head))} ${response.status}`,
                );
                await writer.write(this.#format(response));
            }
            await socket.close();
        } catch (error) {
            this.#log(`http: ${socket.remoteAddress}: ${String(error)}`);
        } finally {
            clearTimeout(timer);
            this.#connections--;
            this.#connectionEnded?.();
        }
    }

    #respond(head: string): HttpResponse {
        if (head.length > REQUEST_BYTES_MAX) {
            return { status: "431 Request Header Fields Too Large" };
        }
        const request = /^([!-~]+) ([!-~]+) HTTP\/1\.([01])$/.exec(firstLine(head));
        const hosts = head.match(/^host[ \t]*:/gim)?.length ?? 0;
        if (request === null || hosts > 1 || (request[3] === "1" && hosts === 0)) {
            return { status: "400 Bad Request" };
        }
        const [, method = "", target = ""] = request;
        const path = target.replace(/^http:\/\/[^/]*/i, "").replace(/\?.*$/, "");
        const document = this.#documents.get(path);
        if (document === undefined) {
            return { status: "404 Not Found" };
        }
        if (method !== "GET" && method !== "HEAD") {
            return { status: "405 Method Not Allowed", headers: { ALLOW: "GET, HEAD" } };
        }
        return { status: "200 OK", document, withoutBody: method === "HEAD" };
    }

    #format({ status, headers, document, withoutBody }: HttpResponse): Uint8Array {
        const encoder = new TextEncoder();
        const body = encoder.encode(document?.text ?? `${status}\n`);
        const lines = Object.entries({
            ...headers,
            CONNECTION: "close",
            "CONTENT-LENGTH": String(body.length),
            "CONTENT-TYPE": document?.contentType ?? "text/plain",
            DATE: new Date().toUTCString(),
            SERVER: this.#product,
        }).map(([name, value]) => `${name}: ${value}\r\n`);
        const head = encoder.encode(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`);
        const response = new Uint8Array(head.length + (withoutBody === true ? 0 : body.length));
        response.set(head);
        if (withoutBody !== true) {
            response.set(body, head.length);
        }
        return response;
    }
}

/** The request up to the empty line, or more than REQUEST_BYTES_MAX of it; undefined if the peer ends before. */
async function readHead(reader: ReadableStreamDefaultReader<ArrayBuffer>): Promise<string | undefined> {
    const decoder = new TextDecoder("latin1");
    let text = "";
    for (;;) {
        const { value, done } = await reader.read();
        if (done) {
            return undefined;
        }
        text += decoder.decode(value, { stream: true });
        const end = text.indexOf("\r\n\r\n");
        if (end >= 0) {
            return text.slice(0, end);
        }
        if (text.length > REQUEST_BYTES_MAX) {
            return text;
        }
    }
}

function firstLine(head: string): string {
    return head.slice(0, (head + "\r\n").indexOf("\r\n"));
}
