/*
 * udp_endpoint.ts - one UDP socket over its native handle, with its two streams. Receiving and sending to addresses are
 * done by the handle; here are names, which have to be resolved first.
 * Not here: the states of a face, which decides what the ends of the streams mean to the socket.
 */
import type { Destination } from "cleat:native/resolver";
import { createUdp, type UdpHandle, type UdpMessage, type UdpOptions } from "cleat:native/udp";
import { type Bytes, toBytes } from "./bytes.ts";
import { type Deferred, defer } from "./deferred.ts";
import { Destinations } from "./destinations.ts";
import { DirectReadable } from "./direct_readable.ts";
import { closedError, domException, isNetworkError } from "./errors.ts";
import { closeWritable, failWritable, type SocketSink } from "./socket_writable.ts";
import { sendIndependently, UdpWritable } from "./udp_writable.ts";

/* UdpEvent */
const EVENT_WRITABLE = 3;
const EVENT_FAILED = 4;
const EVENT_CLOSED = 5;

/** Datagrams that wait for the app, in the handle or in the stream: beyond it the kernel's buffer fills, then it drops. */
const RECEIVE_HIGH_WATER_MARK = 64;

/** What open() ended with. */
export type UdpInfo = ReturnType<UdpHandle["info"]>;

export abstract class UdpEndpoint extends DirectReadable<UdpMessage> implements SocketSink {
    readonly #handle: UdpHandle;
    readonly #destinations = new Destinations();
    #writable: UdpWritable | null = null;
    #writableAgain: Deferred<void> | null = null;
    #family = 0;
    #dropped = 0;
    /** close() was called, or the socket is lost: nothing but the end is of interest. */
    #ending = false;

    constructor() {
        let tell: (event: number, detail: unknown) => void = () => undefined;
        const handle = createUdp((event, detail) => {
            tell(event, detail);
        });
        super(handle);
        tell = (event, detail) => {
            this.#handleEvent(event, detail);
        };
        this.#handle = handle;
    }

    /* What a face is told ------------------------------------------------------------------------------ */

    /** The socket is lost. Comes at most once and last. */
    protected abstract endpointFailed(error: unknown): void;
    /** closeEndpoint() has run its course. Comes at most once and last. */
    protected abstract endpointClosed(): void;
    /** Resolves when writing may start, its rejection errors the stream; undefined: at once. */
    abstract opening(): Promise<unknown> | undefined;
    /** `writable` is closed, and all of it sent. */
    abstract writingFinished(): void;
    /** The app aborted `writable`, perhaps while a write is under way. */
    abstract writingAborted(reason: unknown): void;

    /* What a face does --------------------------------------------------------------------------------- */

    protected override get highWaterMark(): number {
        return RECEIVE_HIGH_WATER_MARK;
    }

    /** Creates and binds; throws what the system or the permission gate says. */
    protected openEndpoint(options: UdpOptions): void {
        this.#family = options.family;
        this.#handle.open(options);
    }

    /** From now on writes are sent; what their messages leave out is taken from here. */
    protected startSending(
        host: string | null,
        port: number | null,
        interface_: string | number | null,
    ): void {
        this.#handle.startSending(host, port, interface_);
    }

    get writable(): UdpWritable {
        this.#writable ??= new UdpWritable(this, this.#handle);
        return this.#writable;
    }

    /** Local address and port, buffer sizes. */
    protected info(): UdpInfo {
        return this.#handle.info();
    }

    /** Datagrams that the kernel dropped so far; keeps its last value after close. */
    get dropped(): number {
        if (!this.#ending) {
            this.#dropped = this.#handle.dropped();
        }
        return this.#dropped;
    }

    join(group: string, source: string | null, interface_: string | number | null): void {
        this.#open("joinMulticast").join(group, source, interface_);
    }

    leave(group: string, source: string | null, interface_: string | number | null): void {
        this.#open("leaveMulticast").leave(group, source, interface_);
    }

    /**
     * Closes `writable` behind what is queued, locked or not. True: nothing is under way, and nothing more will come;
     * false: writingFinished() follows, or the stream errors.
     */
    protected finishWriting(): boolean {
        return closeWritable(this.writable);
    }

    /** Errors `writable`. */
    protected errorWritable(error: unknown): void {
        failWritable(this.writable, error);
    }

    /** Closes; a waiting write rejects, endpointClosed() follows. */
    protected closeEndpoint(): void {
        if (!this.#ending) {
            this.#dropped = this.dropped;
            this.#end(closedError("write"));
            this.#handle.close();
        }
    }

    /* What the streams do ------------------------------------------------------------------------------ */

    /** The write algorithm of the sink. */
    sendChunk(chunk: unknown): Promise<undefined> {
        return sendIndependently(chunk, (message) => this.#open("write").write(message, this.#toName));
    }

    readonly #toName = (
        data: unknown,
        host: string,
        port: number,
        interface_: string | number | null,
    ): Promise<undefined> => this.#sendToName(toBytes(data, "UDPMessage: data"), host, port, interface_);

    async #sendToName(
        data: Bytes,
        host: string,
        port: number,
        interface_: string | number | null,
    ): Promise<undefined> {
        const destinations = await this.#destinations.resolve(host, port, this.#family);
        let failure: unknown = domException("NetworkError", `send to ${host}: no address`, "EAI_NONAME");
        for (let i = 0; i < destinations.length; i++) {
            try {
                await this.#sendTo(destinations[i] as Destination, data, port, interface_);
                return undefined;
            } catch (error) {
                if (!isNetworkError(error)) {
                    throw error;
                }
                failure = error;
            }
        }
        this.#destinations.forget(host, port, this.#family);
        throw failure;
    }

    async #sendTo(
        destination: Destination,
        data: Bytes,
        port: number,
        interface_: string | number | null,
    ): Promise<void> {
        while (!this.#open("write").send(data, destination, port, interface_)) {
            this.#writableAgain = defer();
            await this.#writableAgain.promise;
        }
    }

    #handleEvent(event: number, detail: unknown): void {
        if (event === EVENT_WRITABLE) {
            this.#writableAgain?.resolve();
            this.#writableAgain = null;
        } else if (event === EVENT_FAILED) {
            this.#end(detail);
            this.endpointFailed(detail);
        } else if (event === EVENT_CLOSED) {
            this.#end(closedError("write"));
            this.endpointClosed();
        }
    }

    #open(what: string): UdpHandle {
        if (this.#ending) {
            throw closedError(what);
        }
        return this.#handle;
    }

    #end(error: unknown): void {
        this.#ending = true;
        this.#destinations.cancel();
        this.#writableAgain?.reject(error);
        this.#writableAgain = null;
    }
}
