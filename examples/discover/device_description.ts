// device_description.ts - what a device says about itself: its description document, fetched from where its answer
// says and read with the npm package fast-xml-parser. The answer may come from anybody, so the document is only taken
// from the host that answered, and nothing in it is expanded.
// Spec: UPnP Device Architecture 2.0, section 2.3 (device description).
import { XMLParser } from "fast-xml-parser";
import { httpGet, parseLocation } from "./http_get.ts";
import { type Place } from "./ssdp_search.ts";

/** Bytes: descriptions have a few thousand. */
const DESCRIPTION_BYTES_MAX = 256 * 1024;
/** Milliseconds for connecting and fetching. */
const FETCH_TIME_MAX = 3000;
/** Characters of a text in it. */
const TEXT_MAX = 200;

const parser = new XMLParser({
    ignoreAttributes: true,
    removeNSPrefix: true,
    parseTagValue: false,
    processEntities: false,
});

export interface Description {
    readonly friendlyName: string;
    /** "urn:schemas-upnp-org:device:MediaRenderer:1" */
    readonly deviceType: string;
    readonly manufacturer: string;
    readonly modelName: string;
}

/** Fetches and reads a description; rejects with what is wrong with it. */
export async function fetchDescription({ address, location }: Place): Promise<Description> {
    const target = parseLocation(location);
    if (target === undefined) {
        throw new Error("its location is not a URL with an IPv4 address");
    }
    if (target.host !== address) {
        throw new Error(`its location is another host (${target.host}): not fetched`);
    }
    const bytes = await httpGet(target, { bytesMax: DESCRIPTION_BYTES_MAX, milliseconds: FETCH_TIME_MAX });
    return parseDescription(new TextDecoder().decode(bytes));
}

function parseDescription(xml: string): Description {
    if (/<!doctype/i.test(xml)) {
        throw new Error("its description declares entities: not read");
    }
    let document: { root?: { device?: Record<string, unknown> } };
    try {
        document = parser.parse(xml, true);
    } catch (error) {
        throw new Error(`its description is not XML: ${(error as Error).message}`);
    }
    const device = document.root?.device;
    if (typeof device !== "object" || typeof device["deviceType"] !== "string") {
        throw new Error("its description is not that of a device");
    }
    return {
        friendlyName: plainText(device["friendlyName"]),
        deviceType: plainText(device["deviceType"]),
        manufacturer: plainText(device["manufacturer"]),
        modelName: plainText(device["modelName"]),
    };
}

const predefined: Record<string, string> = { amp: "&", apos: "'", gt: ">", lt: "<", quot: '"' };

/** The text of an element: the entities that XML itself has are resolved; control characters could play tricks. */
function plainText(value: unknown): string {
    return String(value ?? "")
        .slice(0, TEXT_MAX)
        .replace(
            /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|apos|gt|lt|quot));/gi,
            (whole, decimal, hex, name) => {
                if (name !== undefined) {
                    return predefined[name.toLowerCase()] ?? whole;
                }
                const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
                return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
            },
        )
        .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
        .trim();
}
