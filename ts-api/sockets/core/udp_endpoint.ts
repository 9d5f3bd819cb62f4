/*
 * udp_endpoint.ts - one UDP socket over its native handle, in promises: receive a batch, send a message to an
 * address (C does all of it) or to a name. Not here: streams, messages as a face shapes them.
 *
 * At most one receive and one send wait at a time: streams call them one after the other.
 */
import type { Destination } from "cleat:native/resolver";
import { createUdp, type UdpHandle, type UdpMessage, type UdpOptions } from "cleat:native/udp";
import { type Bytes, toBytes } from "./bytes.ts";
import { type Deferred, defer } from "./deferred.ts";
import { Destinations } from "./destinations.ts";
import { closedError, domException, isNetworkError } from "./errors.ts";

const EVENT_READABLE = 2;
const EVENT_WRITABLE = 3;
const EVENT_FAILED = 4;
const EVENT_CLOSED = 5;

/** What a face is told. */
export interface UdpObserver {
    /** The socket is lost. Comes at most once and last. */
    endpointFailed(error: unknown): void;
    /** close() has run its course. Comes at most once and last. */
    endpointClosed(): void;
}

/** What open() ended with. */
export type UdpInfo = ReturnType<UdpHandle["info"]>;

export class UdpEndpoint {
    #handle: UdpHandle | null = null;
    #observer: UdpObserver | null;
    #receiving: {
        readonly deferred: Deferred<undefined>;
        readonly max: number;
        readonly received: (messages: UdpMessage[]) => void;
    } | null = null;
    #writable: Deferred<void> | null = null;
    readonly #destinations = new Destinations();
    /** One function for all writes. */
    readonly #toName = (
        data: unknown,
        host: string,
        port: number,
        interface_: string | number | null,
    ): Promise<undefined> => this.#sendToName(toBytes(data, "UDPMessage: data"), host, port, interface_);
    #family = 0;
    #dropped = 0;

    constructor(observer: UdpObserver) {
        this.#observer = observer;
    }

    /** Creates and binds; throws what the system or the permission gate says. */
    open(options: UdpOptions): void {
        const handle = createUdp((event, detail) => {
            this.#handleEvent(event, detail);
        });
        try {
            handle.open(options);
        } catch (error) {
            handle.close();
            throw error;
        }
        this.#handle = handle;
        this.#family = options.family;
    }

    /** Local address and port, buffer sizes. */
    info(): UdpInfo {
        return this.#open("info").info();
    }

    /** Datagrams that the kernel dropped so far; keeps its last value after close. */
    dropped(): number {
        if (this.#handle !== null) {
            this.#dropped = this.#handle.dropped();
        }
        return this.#dropped;
    }

    /** Hands one to `max` datagrams on, now or before the promise resolves; none once the socket is closed. */
    receive(max: number, received: (messages: UdpMessage[]) => void): undefined | Promise<undefined> {
        if (this.#handle === null) {
            return undefined;
        }
        const messages = this.#receiveNow(this.#handle, max);
        if (messages.length > 0) {
            received(messages);
            return undefined;
        }
        const deferred = defer<undefined>();
        this.#receiving = { deferred, max, received };
        return deferred.promise;
    }

    /** What messages are completed with. */
    setDefaults(host: string | null, port: number | null, interface_: string | number | null): void {
        this.#open("setDefaults").setDefaults(host, port, interface_);
    }

    /** Sends a UDPMessage as an app passes it; what goes wrong concerns this datagram only. */
    write(message: unknown): Promise<undefined> {
        return this.#open("write").write(message, this.#toName);
    }

    join(group: string, source: string | null, interface_: string | number | null): void {
        this.#open("joinMulticast").join(group, source, interface_);
    }

    leave(group: string, source: string | null, interface_: string | number | null): void {
        this.#open("leaveMulticast").leave(group, source, interface_);
    }

    /** Closes; a waiting send rejects, endpointClosed() follows. */
    close(): void {
        const handle = this.#handle;
        if (handle === null) {
            this.#take()?.endpointClosed();
            return;
        }
        this.dropped();
        this.#release(closedError("write"));
        handle.close();
    }

    #continueReceiving(): void {
        const receiving = this.#receiving;
        if (receiving === null || this.#handle === null) {
            return;
        }
        try {
            const messages = this.#receiveNow(this.#handle, receiving.max);
            if (messages.length > 0) {
                this.#receiving = null;
                receiving.received(messages);
                receiving.deferred.resolve(undefined);
            }
        } catch {
            // the observer knows
        }
    }

    #receiveNow(handle: UdpHandle, max: number): UdpMessage[] {
        try {
            return handle.receive(max);
        } catch (error) {
            this.#release(error);
            this.#take()?.endpointFailed(error);
            handle.close();
            throw error;
        }
    }

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
                await this.#sendLater(data, destinations[i] as Destination, port, interface_);
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

    async #sendLater(
        data: Bytes,
        host: Destination,
        port: number,
        interface_: string | number | null,
    ): Promise<void> {
        while (!this.#open("write").send(data, host, port, interface_)) {
            this.#writable = defer();
            await this.#writable.promise;
        }
    }

    #handleEvent(event: number, detail: unknown): void {
        if (event === EVENT_READABLE) {
            this.#continueReceiving();
        } else if (event === EVENT_WRITABLE) {
            this.#writable?.resolve();
            this.#writable = null;
        } else if (event === EVENT_FAILED) {
            this.#release(detail);
            this.#take()?.endpointFailed(detail);
        } else if (event === EVENT_CLOSED) {
            this.#release(closedError("write"));
            this.#take()?.endpointClosed();
        }
    }

    #open(what: string): UdpHandle {
        if (this.#handle === null) {
            throw closedError(what);
        }
        return this.#handle;
    }

    #release(error: unknown): void {
        this.#handle = null;
        this.#destinations.cancel();
        this.#receiving?.deferred.resolve(undefined);
        this.#receiving = null;
        this.#writable?.reject(error);
        this.#writable = null;
    }

    #take(): UdpObserver | null {
        const observer = this.#observer;
        this.#observer = null;
        return observer;
    }
}
