/*
 * destinations.ts - the names that one UDP socket sends to, resolved: a small cache, since a datagram a second to one
 * name must not be a look-up a second. Not here: the look-up itself and its permission checks (resolver, in C).
 */
import { type Destination, lookup } from "cleat:native/resolver";
import { hrtime } from "cleat:native/runtime";
import { type Deferred, defer } from "./deferred.ts";
import { abortError } from "./errors.ts";

/** Names that one socket remembers; the oldest is forgotten first. */
const NAMES_MAX = 32;
/** Milliseconds for which an answer is used without asking again: names move. */
const ANSWER_LIFETIME = 60_000;

/** Monotonic milliseconds: an answer must not outlive a clock that is set back. */
const now = (): number => hrtime() / 1e6;
const MapClass = globalThis.Map;
const { apply } = Reflect;

const { get, set, delete: remove, keys } = MapClass.prototype;

const nextKey = (Object.getPrototypeOf(new MapClass().keys()) as { next(): IteratorResult<string> }).next;

interface Answer {
    readonly destinations: readonly Destination[];
    readonly since: number;
}

/** Not by a template: the engine makes those with String.prototype.concat, which an app may have replaced. */
function keyOf(host: string, port: number, family: number): string {
    return family + " " + port + " " + host;
}

export class Destinations {
    readonly #answers = new MapClass<string, Answer>();
    #size = 0;
    #lookup: { cancel(): void } | null = null;
    #pending: Deferred<readonly Destination[]> | null = null;

    /** The addresses of a name, as often as it takes one at a time. */
    resolve(
        host: string,
        port: number,
        family: number,
    ): readonly Destination[] | Promise<readonly Destination[]> {
        const key = keyOf(host, port, family);
        const known = apply(get, this.#answers, [key]) as Answer | undefined;
        if (known !== undefined && now() - known.since < ANSWER_LIFETIME) {
            return known.destinations;
        }
        this.#forget(key);
        const pending = defer<readonly Destination[]>();
        this.#pending = pending;
        this.#lookup = lookup("udp.send", host, port, family, 0, (error, destinations) => {
            this.#lookup = null;
            this.#pending = null;
            if (destinations === undefined) {
                pending.reject(error);
            } else {
                this.#remember(key, { destinations, since: now() });
                pending.resolve(destinations);
            }
        });
        return pending.promise;
    }

    /** The name is to be resolved again: none of its addresses worked. */
    forget(host: string, port: number, family: number): void {
        this.#forget(keyOf(host, port, family));
    }

    /** Ends a look-up that is under way. */
    cancel(): void {
        this.#lookup?.cancel();
        this.#lookup = null;
        this.#pending?.reject(abortError("write: the socket was closed during the name look-up"));
        this.#pending = null;
    }

    #remember(key: string, answer: Answer): void {
        if (this.#size >= NAMES_MAX) {
            const oldest = apply(nextKey, apply(keys, this.#answers, []), []) as IteratorResult<string>;
            this.#forget(oldest.value as string);
        }
        apply(set, this.#answers, [key, answer]);
        this.#size++;
    }

    #forget(key: string): void {
        if (apply(remove, this.#answers, [key]) === true) {
            this.#size--;
        }
    }
}
