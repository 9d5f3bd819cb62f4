// ssdp_message.ts - SSDP's messages: HTTP-like text in one datagram, as bytes and as an object. Not here: sending,
// timing, what a message means.
// Spec: UPnP Device Architecture 2.0, section 1 (discovery).

/** Where SSDP lives. */
export const SSDP_GROUP = "239.255.255.250";
export const SSDP_PORT = 1900;

/** A datagram with more bytes than this is no SSDP message: the specification wants them to fit in one frame. */
const MESSAGE_BYTES_MAX = 4096;
const HEADERS_MAX = 64;

export interface SsdpMessage {
    /** "M-SEARCH * HTTP/1.1", "NOTIFY * HTTP/1.1" or "HTTP/1.1 200 OK". */
    readonly startLine: string;
    /** By name in upper case. Of a header that occurs twice, the first counts. */
    readonly headers: ReadonlyMap<string, string>;
}

/** Reads a datagram; undefined if it is not an SSDP message. */
export function parseSsdpMessage(data: ArrayBuffer): SsdpMessage | undefined {
    if (data.byteLength > MESSAGE_BYTES_MAX) {
        return undefined;
    }
    // Every line ends with a line feed; many devices leave the carriage return or the last empty line out.
    const lines = new TextDecoder().decode(data).split(/\r?\n/);
    const startLine = lines[0] ?? "";
    if (!/^(?:M-SEARCH \* HTTP\/1\.[01]|NOTIFY \* HTTP\/1\.[01]|HTTP\/1\.[01] 200\b.*)$/.test(startLine)) {
        return undefined;
    }
    const headers = new Map<string, string>();
    for (const line of lines.slice(1)) {
        if (line === "") {
            break;
        }
        const [, name, value = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:(.*)$/.exec(line) ?? [];
        if (name === undefined || headers.size === HEADERS_MAX) {
            return undefined;
        }
        if (!headers.has(name.toUpperCase())) {
            headers.set(name.toUpperCase(), value.trim());
        }
    }
    return { startLine, headers };
}

/** Writes a datagram. */
export function formatSsdpMessage(startLine: string, headers: Record<string, string>): Uint8Array {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return new TextEncoder().encode(`${startLine}\r\n${lines.join("")}\r\n`);
}
