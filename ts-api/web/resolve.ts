// resolve.ts - `cleat.resolve`: the addresses of a host name, as far as this app may connect to them. Not here: the
// lookup, its cache and its permission check (native).
import { hostKind, lookup } from "cleat:native/resolver";
import { addAbortAlgorithm, isAbortSignal, removeAbortAlgorithm } from "./abort.ts";
import { requireArguments, toDictionary, toUnsignedInteger } from "./webidl.ts";

/** Options of `cleat.resolve`. */
export interface ResolveOptions {
    /** 4 or 6: addresses of that family only. */
    family?: 0 | 4 | 6;
    signal?: object;
    /** Milliseconds; 0 is the default limit of the runtime. */
    timeout?: number;
}

/** One address of a name. */
export interface ResolvedAddress {
    address: string;
    family: 4 | 6;
}

const TIMEOUT_MAX = 0x7fffffff;

export function resolve(name: string, options?: ResolveOptions): Promise<ResolvedAddress[]> {
    return new Promise((fulfil, reject) => {
        requireArguments(name === undefined ? 0 : 1, 1, "cleat.resolve");
        const host = `${name}`;
        const { family = 0, signal, timeout = 0 } = toDictionary(options, "options");
        if (family !== 0 && family !== 4 && family !== 6) {
            throw new TypeError("cleat.resolve: family must be 0, 4 or 6");
        }
        const limit = toUnsignedInteger(timeout, "cleat.resolve: timeout");
        if (signal !== undefined && !isAbortSignal(signal)) {
            throw new TypeError("cleat.resolve: signal must be an AbortSignal");
        }
        if (hostKind(host) === null) {
            throw new TypeError(`cleat.resolve: '${host}' is not a host name`);
        }
        signal?.throwIfAborted();
        const query = lookup(
            "tcp.connect",
            host,
            -1,
            family,
            limit < TIMEOUT_MAX ? limit : TIMEOUT_MAX,
            (error, destinations) => {
                if (signal !== undefined) {
                    removeAbortAlgorithm(signal, abort);
                }
                if (destinations === undefined) {
                    reject(error as Error);
                    return;
                }
                const list: ResolvedAddress[] = [];
                for (let i = 0; i < destinations.length; i++) {
                    const { address, family: kind } = destinations[i]!;
                    list[i] = { address, family: kind };
                }
                fulfil(list);
            },
        );
        const abort = (): void => {
            query.cancel();
            reject(signal!.reason as Error);
        };
        if (signal !== undefined) {
            addAbortAlgorithm(signal, abort);
        }
    });
}
