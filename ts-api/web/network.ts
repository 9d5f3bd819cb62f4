// network.ts - `cleat.network`: the network interfaces of the device, and an event when they change. The kernel is
// watched only while somebody listens; watching does not keep the app alive. Not here: sockets, names (resolve.ts).
import { interfaces, watch, type NetworkInterface } from "cleat:native/network";
import { defineEventHandlers, Event, EventTarget, fire, observeListeners } from "./events.ts";
import { defineInterface } from "./webidl.ts";

const secret = {};

export class Network extends EventTarget {
    #brand = true;

    /** @internal */
    constructor(token?: unknown) {
        if (token !== secret) {
            throw new TypeError("Illegal constructor");
        }
        super();
        let watcher: { close(): void } | null = null;
        observeListeners(this, (type, count) => {
            if (type !== "change") {
                return;
            }
            if (count > 0) {
                watcher ??= watch(() => fire(this, new Event("change")));
            } else {
                watcher?.close();
                watcher = null;
            }
        });
    }

    interfaces(): NetworkInterface[] {
        void this.#brand;
        return interfaces();
    }
}

defineInterface(Network, "Network");
defineEventHandlers(Network.prototype, ["change"]);

export const network = new Network(secret);
