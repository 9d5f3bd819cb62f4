// ssdp_device.ts - the device's side of SSDP: answers searches, says that it is there, says goodbye. Multicast is
// joined and sent on each interface, and what is said there carries the address that the device has there. Not here:
// the description that LOCATION points to.
// Spec: UPnP Device Architecture 2.0, sections 1.2 (advertisement) and 1.3 (search).
import { type Link, addressTowards, usableLinks } from "../shared/network.ts";
import { SSDP_GROUP, SSDP_PORT, formatSsdpMessage, parseSsdpMessage } from "../shared/ssdp_message.ts";
import { DEVICE_TYPE, SERVER } from "./description.ts";

/** Seconds that control points may rely on an announcement. The specification's minimum. */
const MAX_AGE = 1800;
/** Announcements are sent twice, as datagrams get lost; milliseconds in between. */
const REPEAT_AFTER = 200;
/** Seconds: a longer wait asked for in MX counts as this. */
const MX_MAX = 5;
/** Searches that wait for their moment to be answered; more are dropped. */
const PENDING_MAX = 64;
/** Datagrams that one address gets in a second: who forges a victim's address can't flood it through us. */
const ANSWERS_PER_SECOND = 5;
/** Addresses that are counted in a second; beyond that, searches are dropped. */
const SOURCES_MAX = 256;
/** Routers between us and the furthest listener. */
const TIME_TO_LIVE = 2;

/** What became of the searches so far. */
export interface SearchCounts {
    /** Answered, or about to be. */
    answered: number;
    /** For other devices. */
    other: number;
    /** Malformed, or without a header that they must have. */
    malformed: number;
    /** From addresses that are not on the link that they came by. */
    offLink: number;
    /** Too many. */
    limited: number;
}

export interface SsdpDeviceOptions {
    readonly uuid: string;
    /** Port and path of the description. */
    readonly descriptionPort: number;
    readonly descriptionPath: string;
    /** Use loopback even where there are other interfaces. */
    readonly loopback: boolean;
    readonly log: (text: string) => void;
}

export class SsdpDevice {
    readonly counts: SearchCounts = { answered: 0, other: 0, malformed: 0, offLink: 0, limited: 0 };
    readonly #options: SsdpDeviceOptions;
    readonly #socket: UDPSocket;
    readonly #writer: WritableStreamDefaultWriter<UDPMessage>;
    readonly #bootId = String(Math.floor(Date.now() / 1000));
    readonly #pending = new Set<ReturnType<typeof setTimeout>>();
    #links: Link[] = [];
    #second = { start: 0, answers: new Map<string, number>() };
    #refresh: ReturnType<typeof setTimeout> | undefined;

    constructor(options: SsdpDeviceOptions) {
        this.#options = options;
        this.#socket = new UDPSocket({
            localPort: SSDP_PORT,
            multicastAllowAddressSharing: true, // other devices and control points on this machine use the port, too
            multicastTimeToLive: TIME_TO_LIVE,
            loopback: true, // and hear us
        });
        this.#writer = this.#socket.writable.getWriter();
    }

    /** The URL of the description as peers on a link see it. */
    location(address: string): string {
        return `http://${address}:${this.#options.descriptionPort}${this.#options.descriptionPath}`;
    }

    /** Joins, announces and starts to answer. Resolves with the links that the device is on. */
    async start(): Promise<readonly Link[]> {
        await this.#socket.opened;
        void this.#receiveAll();
        this.updateLinks();
        if (this.#links.length === 0) {
            throw new Error("no network interface is up and has an IPv4 address");
        }
        return this.#links;
    }

    /** Joins on interfaces that have come up and announces the device there. To be called when interfaces change. */
    updateLinks(): void {
        const known = this.#links;
        this.#links = usableLinks(this.#options.loopback).filter((link) => {
            if (known.some(({ name }) => name === link.name)) {
                return true;
            }
            try {
                this.#socket.joinMulticast(SSDP_GROUP, { interface: link.name });
                return true;
            } catch (error) {
                this.#options.log(`ssdp: ${link.name}: ${String(error)}`);
                return false;
            }
        });
        this.#announce();
    }

    /** Says goodbye and closes. */
    async stop(): Promise<void> {
        clearTimeout(this.#refresh);
        this.#pending.forEach(clearTimeout);
        await this.#notify("ssdp:byebye");
        await this.#socket.close();
    }

    /** Says that the device is there, twice, and plans to do so again in time. */
    #announce(): void {
        clearTimeout(this.#refresh);
        void this.#notify("ssdp:alive");
        const again = setTimeout(() => {
            this.#pending.delete(again);
            void this.#notify("ssdp:alive");
        }, REPEAT_AFTER);
        this.#pending.add(again);
        // Before half of max-age is over, and not in step with other devices that started when we did.
        this.#refresh = setTimeout(() => this.#announce(), MAX_AGE * 1000 * (0.3 + 0.15 * Math.random()));
    }

    async #notify(subtype: "ssdp:alive" | "ssdp:byebye"): Promise<void> {
        for (const link of this.#links) {
            for (const target of this.#targets()) {
                const message = formatSsdpMessage("NOTIFY * HTTP/1.1", {
                    HOST: `${SSDP_GROUP}:${SSDP_PORT}`,
                    ...(subtype === "ssdp:alive" ? this.#presence(link.address) : {}),
                    NT: target,
                    NTS: subtype,
                    ...this.#identity(target),
                });
                await this.#send(message, SSDP_GROUP, SSDP_PORT, link.name);
            }
        }
    }

    async #receiveAll(): Promise<void> {
        for await (const message of this.#socket.readable) {
            this.#receive(message);
        }
    }

    #receive(datagram: UDPReceivedMessage): void {
        const message = parseSsdpMessage(datagram.data);
        if (message !== undefined && !message.startLine.startsWith("M-SEARCH")) {
            return; // an announcement, ours or another's
        }
        const target = message?.headers.get("ST") ?? "";
        const mx = message?.headers.get("MX") ?? "";
        if (
            message?.headers.get("MAN") !== '"ssdp:discover"' ||
            !/^0*[1-9][0-9]{0,9}$/.test(mx) ||
            target === ""
        ) {
            this.#drop("malformed", datagram);
            return;
        }
        const targets = this.#targets().filter((own) => target === "ssdp:all" || target === own);
        if (targets.length === 0) {
            this.counts.other++;
            return;
        }
        const link = this.#links.find(({ name }) => name === datagram.interface);
        const address = link && addressTowards(link, datagram.remoteAddress);
        if (link === undefined || address === undefined) {
            this.#drop("offLink", datagram);
            return;
        }
        if (this.#pending.size >= PENDING_MAX || !this.#mayAnswer(datagram.remoteAddress, targets.length)) {
            this.#drop("limited", datagram);
            return;
        }
        this.counts.answered++;
        this.#options.log(
            `ssdp: ${datagram.remoteAddress} searches ${JSON.stringify(target)} on ${link.name}`,
        );
        // Spread over the time that the searcher gives, so that it does not get all devices' answers at once.
        const delay = Math.random() * Math.min(Number(mx), MX_MAX) * 1000;
        const timer = setTimeout(() => {
            this.#pending.delete(timer);
            void this.#answer(targets, address, datagram.remoteAddress, datagram.remotePort);
        }, delay);
        this.#pending.add(timer);
    }

    async #answer(targets: string[], ownAddress: string, address: string, port: number): Promise<void> {
        for (const target of targets) {
            const message = formatSsdpMessage("HTTP/1.1 200 OK", {
                ...this.#presence(ownAddress),
                DATE: new Date().toUTCString(),
                EXT: "",
                ST: target,
                ...this.#identity(target),
            });
            await this.#send(message, address, port);
        }
    }

    /** Sends a datagram. That one can't be sent (an interface went down) is no reason to stop. */
    async #send(data: Uint8Array, address: string, port: number, interface_?: string): Promise<void> {
        const message: UDPMessage = { data, remoteAddress: address, remotePort: port };
        try {
            await this.#writer.write(
                interface_ === undefined ? message : { ...message, interface: interface_ },
            );
        } catch (error) {
            this.#options.log(`ssdp: to ${address}: ${String(error)}`);
        }
    }

    /** What the device answers to. */
    #targets(): string[] {
        return ["upnp:rootdevice", `uuid:${this.#options.uuid}`, DEVICE_TYPE];
    }

    /** The headers that say where the device is and for how long that holds. */
    #presence(address: string): Record<string, string> {
        return { "CACHE-CONTROL": `max-age=${MAX_AGE}`, LOCATION: this.location(address), SERVER };
    }

    /** The headers that say which device and which of its starts this is. */
    #identity(target: string): Record<string, string> {
        const uuid = `uuid:${this.#options.uuid}`;
        return {
            USN: target === uuid ? uuid : `${uuid}::${target}`,
            "BOOTID.UPNP.ORG": this.#bootId,
            "CONFIGID.UPNP.ORG": "1",
        };
    }

    #mayAnswer(source: string, answers: number): boolean {
        const now = performance.now();
        if (now - this.#second.start >= 1000) {
            this.#second = { start: now, answers: new Map() };
        }
        const counted = this.#second.answers;
        const sum = (counted.get(source) ?? 0) + answers;
        if (sum > ANSWERS_PER_SECOND || (counted.size >= SOURCES_MAX && !counted.has(source))) {
            return false;
        }
        counted.set(source, sum);
        return true;
    }

    #drop(reason: "malformed" | "offLink" | "limited", { remoteAddress }: UDPReceivedMessage): void {
        this.counts[reason]++;
        this.#options.log(`ssdp: search from ${remoteAddress} dropped: ${reason}`);
    }
}
