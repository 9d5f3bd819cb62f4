/*
 * tcp_listener.ts - a listening socket over its native handle: accept() on demand, in the order of the calls.
 * Nobody asking means nobody accepted: connections wait in the kernel's backlog.
 * Not here: the streams and states of a face.
 */
import { createListener, type ListenerHandle, type ListenOptions, type TcpHandle } from "cleat:native/tcp";
import { startTimer, stopTimer } from "cleat:native/timer";
import { defer } from "./deferred.ts";
import { domException } from "./errors.ts";

/** Calls of accept() that may wait at once: more than any app needs, less than would hurt. */
const ACCEPTS_MAX = 1024;
/**
 * Milliseconds without a try after one that failed for want of descriptors or memory: what is short now will be
 * short in a moment, and an app that calls listen() again at once must not spin.
 */
const ACCEPT_RETRY_DELAY = 100;

const { apply } = Reflect;

const { push, shift } = Array.prototype;

const EVENT_READABLE = 2;
const EVENT_FAILED = 4;
const EVENT_CLOSED = 5;

/** What a face is told. */
export interface ListenerObserver {
    /** The listening socket is lost. Comes at most once and last. */
    listenerFailed(error: unknown): void;
    /** close() has run its course. Comes at most once and last. */
    listenerClosed(): void;
}

/** Who waits for a connection: a call of accept(), or a read of the stream of connections. */
class Waiter {
    readonly deferred = defer<unknown>();
    /** What becomes of a connection, and is read; null: accept() gives the handle itself. */
    readonly adopt: ((handle: TcpHandle) => unknown) | null;

    constructor(adopt: ((handle: TcpHandle) => unknown) | null) {
        this.adopt = adopt;
    }
}

export class TcpListener {
    #handle: ListenerHandle | null = null;
    #observer: ListenerObserver | null;
    #waiting: Waiter[] = [];
    #retry: number | null = null;

    constructor(observer: ListenerObserver) {
        this.#observer = observer;
    }

    /** Binds and listens; throws what the system says. */
    listen(options: ListenOptions): void {
        const handle = createListener((event, detail) => {
            this.#handleEvent(event, detail);
        });
        try {
            handle.listen(options);
        } catch (error) {
            handle.close();
            throw error;
        }
        this.#handle = handle;
    }

    /** Where it listens. */
    info(): { localAddress: string; localPort: number } {
        if (this.#handle === null) {
            throw domException("InvalidStateError", "info: the socket is not listening");
        }
        return this.#handle.info();
    }

    /** The next connection, to be attached at once; rejects when one can't be served, and the next call tries again. */
    accept(): Promise<TcpHandle> {
        return this.#wait(null) as Promise<TcpHandle>;
    }

    /** The next connection as a read of a stream gives it; connections that can't be served are none of its business. */
    take<T>(adopt: (handle: TcpHandle) => T): Promise<{ value: T; done: false }> {
        return this.#wait(adopt) as Promise<{ value: T; done: false }>;
    }

    /** Whether a take() waits. */
    get isTaken(): boolean {
        for (let i = 0; i < this.#waiting.length; i++) {
            if ((this.#waiting[i] as Waiter).adopt !== null) {
                return true;
            }
        }
        return false;
    }

    /** Settles what waits in take(): done, or rejected. */
    endTakes(failed: boolean, reason: unknown): void {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (let i = 0; i < waiting.length; i++) {
            const waiter = waiting[i] as Waiter;
            if (waiter.adopt === null) {
                apply(push, this.#waiting, [waiter]);
            } else if (failed) {
                waiter.deferred.reject(reason);
            } else {
                waiter.deferred.resolve({ value: undefined, done: true });
            }
        }
    }

    #wait(adopt: ((handle: TcpHandle) => unknown) | null): Promise<unknown> {
        const waiter = new Waiter(adopt);
        if (this.#waiting.length >= ACCEPTS_MAX) {
            waiter.deferred.reject(
                domException(
                    "QuotaExceededError",
                    `accept: ${ACCEPTS_MAX} calls are waiting for a connection`,
                ),
            );
            return waiter.deferred.promise;
        }
        apply(push, this.#waiting, [waiter]);
        if (this.#waiting.length === 1) {
            this.#serve();
        }
        return waiter.deferred.promise;
    }

    /** Stops listening; accept() calls that wait reject with `reason`. listenerClosed() follows. */
    close(reason: unknown): void {
        const handle = this.#handle;
        this.#stop(reason);
        if (handle === null) {
            this.#take()?.listenerClosed();
        } else {
            handle.close();
        }
    }

    #handleEvent(event: number, detail: unknown): void {
        if (event === EVENT_CLOSED) {
            this.#take()?.listenerClosed();
        } else if (event === EVENT_FAILED) {
            this.#stop(detail);
            this.#take()?.listenerFailed(detail);
        } else if (event === EVENT_READABLE) {
            this.#serve();
        }
    }

    /** Accepts while somebody waits and connections are there. */
    #serve(): void {
        while (this.#handle !== null && this.#waiting.length > 0 && this.#retry === null) {
            let connection: TcpHandle | null;
            try {
                connection = this.#handle.accept();
            } catch (error) {
                if ((this.#waiting[0] as Waiter).adopt === null) {
                    this.#next()?.deferred.reject(error);
                }
                this.#pause();
                return;
            }
            if (connection === null) {
                return; // event 2 follows
            }
            const { deferred, adopt } = this.#next() as Waiter;
            deferred.resolve(adopt === null ? connection : { value: adopt(connection), done: false });
        }
    }

    #pause(): void {
        const retry = (): void => {
            this.#retry = null;
            this.#serve();
        };
        this.#retry = startTimer(retry, ACCEPT_RETRY_DELAY, false);
    }

    #next(): Waiter | undefined {
        return apply(shift, this.#waiting, []) as Waiter | undefined;
    }

    #stop(reason: unknown): void {
        this.#handle = null;
        if (this.#retry !== null) {
            stopTimer(this.#retry);
            this.#retry = null;
        }
        for (let waiting = this.#next(); waiting !== undefined; waiting = this.#next()) {
            waiting.deferred.reject(reason);
        }
    }

    #take(): ListenerObserver | null {
        const observer = this.#observer;
        this.#observer = null;
        return observer;
    }
}
