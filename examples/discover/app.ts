// app.ts - lists the UPnP devices of the local network: searches by multicast on every interface, fetches what each
// device says about itself and prints a table. See README.md.
import { parseCommandLine, wholeNumber } from "../shared/command_line.ts";
import { type Description, fetchDescription } from "./device_description.ts";
import { type Answer, type Place, search } from "./ssdp_search.ts";
import { formatTable } from "../shared/table.ts";

/** Descriptions that are fetched at a time. */
const FETCHES_MAX = 8;

const options = parseCommandLine(
    `
Usage: discover [options]

    --search TARGET    what to look for: upnp:rootdevice (default), ssdp:all, or a device or service type
    --timeout SECONDS  how long to wait for answers (3)
    --loopback         look on the loopback interface, too (only if there is no other)
    --json             print JSON instead of a table
    --help             show this

Exits with 0 if a device was found, 1 if none was.
`,
    {
        "--search": String,
        "--timeout": wholeNumber(1, 120),
        "--loopback": Boolean,
        "--json": Boolean,
    },
);

/** A line of the table. */
interface Device {
    readonly uuid: string;
    readonly address: string;
    readonly location: string;
    readonly description: Description | null;
    readonly note: string;
}

const target = options["--search"] ?? "upnp:rootdevice";
const { answers, interfaces, problems } = await search(
    target,
    (options["--timeout"] ?? 3) * 1000,
    options["--loopback"] === true,
);
const devices = await describeAll(answers);
if (options["--json"] === true) {
    console.log(JSON.stringify(devices, null, 4));
} else if (devices.length > 0) {
    printTable(devices);
}
problems.forEach((problem) => console.error(`search failed on ${problem}`));
if (devices.length === 0) {
    printAdvice();
    cleat.exit(1);
}

async function describeAll(found: Answer[]): Promise<Device[]> {
    const queue = [...found];
    const results: Device[] = [];
    const worker = async (): Promise<void> => {
        for (let answer = queue.shift(); answer !== undefined; answer = queue.shift()) {
            results.push(await describeDevice(answer));
        }
    };
    await Promise.all(Array.from({ length: FETCHES_MAX }, worker));
    return results.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** A device may answer from several addresses, not all of which need work: the first one that does counts. */
async function describeDevice({ device, places }: Answer): Promise<Device> {
    const problems: string[] = [];
    for (const place of places) {
        try {
            return { uuid: device, ...place, description: await fetchDescription(place), note: "" };
        } catch (error) {
            problems.push((error as Error).message);
        }
    }
    return { uuid: device, ...(places[0] as Place), description: null, note: problems.join("; ") };
}

function nameOf({ description, uuid }: Device): string {
    return description === null ? `(${uuid})` : description.friendlyName;
}

function printTable(rows: Device[]): void {
    const withNotes = rows.some(({ note }) => note !== "");
    const lines = rows.map((device) => [
        nameOf(device),
        // "urn:schemas-upnp-org:device:MediaRenderer:1"
        device.description?.deviceType.replace(/^urn:[^:]*:device:/, "") ?? "?",
        device.address,
        device.location,
        ...(withNotes ? [device.note] : []),
    ]);
    console.log(formatTable(["NAME", "KIND", "ADDRESS", "LOCATION", ...(withNotes ? ["NOTES"] : [])], lines));
    console.log(`\n${rows.length} device${rows.length === 1 ? "" : "s"} on ${interfaces.join(", ")}`);
}

function printAdvice(): void {
    console.error(
        interfaces.length === 0
            ? "No network interface is up and has an IPv4 address: see `ip addr`."
            : `No device answered to ${target} on ${interfaces.join(", ")}. To be checked:
  - Is a device switched on and in the same network? Guest networks often keep devices apart.
  - Does a firewall drop what comes in over UDP? Answers come from port 1900 to a port above 1023.
  - Does the switch or access point pass multicast to 239.255.255.250 on?
  - Does the device take longer than others? Try --timeout 10.`,
    );
}
