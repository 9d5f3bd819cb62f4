// app.ts - a TV that exists only on the network: a UPnP root device that can be found by SSDP and describes itself
// over HTTP. See README.md.
import { parseCommandLine, wholeNumber, wrongUsage } from "../shared/command_line.ts";
import { DESCRIPTION_PATH, SERVER, describe } from "./description.ts";
import { HttpServer } from "./http_server.ts";
import { SsdpDevice } from "./ssdp_device.ts";

const options = parseCommandLine(
    `
Usage: virtual-tv [options]

    --name NAME    what the device is called (Cleat virtual TV)
    --port PORT    port of the description, from 49152 on (any free one)
    --uuid UUID    identity of the device (a new one each time)
    --loopback     be found on the loopback interface, too (only if there is no other)
    --verbose      tell about each search and request
    --help         show this
`,
    {
        "--name": String,
        "--port": wholeNumber(49152, 65535), // what the manifest permits
        "--uuid": String,
        "--loopback": Boolean,
        "--verbose": Boolean,
    },
);
const name = options["--name"] ?? "Cleat virtual TV";
const uuid = options["--uuid"] ?? crypto.randomUUID();
if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) {
    wrongUsage(`not a UUID: ${uuid}`);
}
const log = options["--verbose"] === true ? (text: string): void => console.log(text) : (): void => undefined;

const server = new HttpServer(
    new Map([
        [DESCRIPTION_PATH, { contentType: 'text/xml; charset="utf-8"', text: describe({ name, uuid }) }],
    ]),
    { port: options["--port"] ?? 0, product: SERVER, log },
);
const device = new SsdpDevice({
    uuid,
    descriptionPort: await server.start(),
    descriptionPath: DESCRIPTION_PATH,
    loopback: options["--loopback"] === true,
    log,
});
for (const link of await device.start()) {
    console.log(`"${name}" is on ${link.name}: ${device.location(link.address)}`);
}
cleat.network.addEventListener("change", () => device.updateLinks());

async function stop(): Promise<void> {
    await device.stop();
    await server.close();
    log(`searches: ${JSON.stringify(device.counts)}`);
}
// The signal ends the app once the promise that its listener returns has settled.
cleat.addSignalListener("SIGINT", stop);
cleat.addSignalListener("SIGTERM", stop);
