// ssdp_search.ts - the searcher's side of SSDP: asks on every interface, collects the answers by device. Not here: what
// the devices are (device_description.ts).
// Spec: UPnP Device Architecture 2.0, section 1.3 (search).
import { usableLinks } from "../shared/network.ts";
import { SSDP_GROUP, SSDP_PORT, formatSsdpMessage, parseSsdpMessage } from "../shared/ssdp_message.ts";

/** Seconds over which devices spread their answers. */
const MX = 2;
/** Searches are sent twice, as datagrams get lost; milliseconds in between. */
const REPEAT_AFTER = 300;
/** Routers between us and the furthest device. */
const TIME_TO_LIVE = 2;
/** Devices and places of each that are remembered: a flood of answers must not fill the memory. */
const DEVICES_MAX = 256;
const PLACES_MAX = 4;

/** Where an answer said that the device is described. */
export interface Place {
    /** Who answered. */
    readonly address: string;
    /** A URL, as the answer has it: not to be trusted. */
    readonly location: string;
}

/** A device that answered, by one or more interfaces. */
export interface Answer {
    /** "uuid:…" */
    readonly device: string;
    readonly places: Place[];
}

export interface SearchResult {
    readonly answers: Answer[];
    /** The interfaces that were searched. */
    readonly interfaces: string[];
    /** What went wrong on one of them. */
    readonly problems: string[];
}

/** Searches for `target` ("upnp:rootdevice", "ssdp:all", a device or service type) for so many milliseconds. */
export async function search(target: string, milliseconds: number, loopback: boolean): Promise<SearchResult> {
    const interfaces = usableLinks(loopback).map(({ name }) => name);
    const problems = new Set<string>();
    const answers = new Map<string, Answer>();
    const socket = new UDPSocket({ loopback: true, multicastTimeToLive: TIME_TO_LIVE });
    await socket.opened;
    const timers = [setTimeout(() => void socket.close(), milliseconds)];
    const send = async (): Promise<void> => {
        for (const name of interfaces) {
            try {
                await sendSearch(socket, target, name);
            } catch (error) {
                problems.add(`${name}: ${(error as Error).message}`);
            }
        }
    };
    await send();
    timers.push(setTimeout(() => void send(), REPEAT_AFTER));
    try {
        for await (const message of socket.readable) {
            collect(message, answers);
        }
    } finally {
        timers.forEach((timer) => clearTimeout(timer));
    }
    return { answers: [...answers.values()], interfaces, problems: [...problems] };
}

async function sendSearch(socket: UDPSocket, target: string, interface_: string): Promise<void> {
    const data = formatSsdpMessage("M-SEARCH * HTTP/1.1", {
        HOST: `${SSDP_GROUP}:${SSDP_PORT}`,
        MAN: '"ssdp:discover"',
        MX: String(MX),
        ST: target,
        "USER-AGENT": `Linux UPnP/1.1 Cleat-discover/${cleat.version}`,
    });
    await socket.writable.write({
        data,
        remoteAddress: SSDP_GROUP,
        remotePort: SSDP_PORT,
        interface: interface_,
    });
}

function collect({ data, remoteAddress }: UDPReceivedMessage, answers: Map<string, Answer>): void {
    const message = parseSsdpMessage(data);
    const location = message?.headers.get("LOCATION");
    // The unique service name is "uuid:…", alone or with "::" and what was found.
    const device = /^uuid:[^:\s]+/i.exec(message?.headers.get("USN") ?? "")?.[0].toLowerCase();
    if (!message?.startLine.startsWith("HTTP/") || location === undefined || device === undefined) {
        return;
    }
    const answer = answers.get(device);
    if (answer === undefined) {
        if (answers.size < DEVICES_MAX) {
            answers.set(device, { device, places: [{ address: remoteAddress, location }] });
        }
        return;
    }
    const known = answer.places.some(
        (place) => place.location === location && place.address === remoteAddress,
    );
    if (!known && answer.places.length < PLACES_MAX) {
        answer.places.push({ address: remoteAddress, location });
    }
}
