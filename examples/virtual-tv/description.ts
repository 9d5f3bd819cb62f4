// description.ts - what the device says about itself: names, types and the description document.
// Spec: UPnP Device Architecture 2.0, section 2.3 (device description).

/** What control points look for. */
export const DEVICE_TYPE = "urn:schemas-upnp-org:device:MediaRenderer:1";
/** Where the HTTP server has the document. */
export const DESCRIPTION_PATH = "/description.xml";
/** What the device says in SERVER headers: operating system, UPnP version, product. */
export const SERVER = `Linux UPnP/1.1 Cleat-virtual-TV/${cleat.version}`;

export interface Device {
    /** What people see. */
    readonly name: string;
    /** Without "uuid:". */
    readonly uuid: string;
}

/** The description document. It lists no services: this device can be found, but not played to. */
export function describe(device: Device): string {
    return `<?xml version="1.0" encoding="utf-8"?>
<root xmlns="urn:schemas-upnp-org:device-1-0" configId="1">
    <specVersion><major>1</major><minor>1</minor></specVersion>
    <device>
        <deviceType>${DEVICE_TYPE}</deviceType>
        <friendlyName>${escape(device.name)}</friendlyName>
        <manufacturer>Cleat</manufacturer>
        <modelName>Virtual TV</modelName>
        <modelNumber>${escape(cleat.version)}</modelNumber>
        <UDN>uuid:${escape(device.uuid)}</UDN>
    </device>
</root>
`;
}

function escape(text: string): string {
    return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
