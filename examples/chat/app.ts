// app.ts - a chat without a server: what one says reaches everybody on the local network by UDP multicast. Lines are
// typed into a TCP connection to this app, since an app has no keyboard: `nc 127.0.0.1 4848`.
import { parseCommandLine, wholeNumber, wrongUsage } from "../shared/command_line.ts";
import { readLines } from "../shared/lines.ts";
import { usableLinks } from "../shared/network.ts";

/** An address of the range that everybody may use inside an organisation (RFC 2365). */
const GROUP = "239.192.67.84";
const PORT = 4849;
/** Characters of a text: it has to fit into one datagram. */
const TEXT_MAX = 400;

const options = parseCommandLine(
    `
Usage: chat --name NAME [options]

    --name NAME     who you are
    --input PORT    local port that lines are typed into (4848); 0: none
    --say TEXT      something to say at once
    --loopback      talk to chats on this machine only
    --help          show this
`,
    { "--name": String, "--input": wholeNumber(0, 65535), "--say": String, "--loopback": Boolean },
);
const name = options["--name"] ?? wrongUsage("--name is needed");
const links = usableLinks(true).filter(({ name: link }) => options["--loopback"] !== true || link === "lo");

const socket = new UDPSocket({ localPort: PORT, multicastAllowAddressSharing: true, loopback: true });
await socket.opened;
links.forEach((link) => socket.joinMulticast(GROUP, { interface: link.name }));

/** What travels: each datagram is one of these as JSON. A number of its own tells copies apart. */
interface Message {
    readonly id: string;
    readonly name: string;
    readonly text: string;
}
/** Datagrams arrive once for each interface that two machines share. */
const seen = new Set<string>();
const SEEN_MAX = 100;

async function say(text: string): Promise<void> {
    const message: Message = { id: crypto.randomUUID(), name, text: text.slice(0, TEXT_MAX) };
    for (const link of links) {
        const data = JSON.stringify(message);
        const sent = socket.writable.write({
            data,
            remoteAddress: GROUP,
            remotePort: PORT,
            interface: link.name,
        });
        await sent.catch((error: unknown) => console.error(`${link.name}: ${String(error)}`));
    }
}

function parseMessage(data: ArrayBuffer): Message | undefined {
    try {
        const {
            id,
            name: from,
            text,
        } = JSON.parse(new TextDecoder().decode(data)) as Record<string, unknown>;
        const clean = (value: unknown): string =>
            String(value)
                .slice(0, TEXT_MAX)
                .replace(/[\p{Cc}\p{Cf}]/gu, "?");
        return { id: clean(id), name: clean(from), text: clean(text) };
    } catch {
        return undefined; // not ours
    }
}

async function listen(): Promise<void> {
    for await (const { data } of socket.readable) {
        const message = parseMessage(data);
        if (message !== undefined && !seen.has(message.id)) {
            seen.add(message.id);
            [...seen].slice(0, -SEEN_MAX).forEach((old) => seen.delete(old));
            console.log(`<${message.name}> ${message.text}`);
        }
    }
}

async function readInput(port: number): Promise<void> {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: port });
    await server.opened;
    for (;;) {
        const terminal = await server.listen();
        try {
            for await (const line of readLines(terminal.readable)) {
                await say(line);
            }
            await terminal.close();
        } catch {
            // the terminal is gone: the next one may come
        }
    }
}

async function leave(): Promise<void> {
    await say("(leaves)");
    await socket.close();
}
cleat.addSignalListener("SIGINT", leave);
cleat.addSignalListener("SIGTERM", leave);

const inputPort = options["--input"] ?? 4848;
console.log(`chatting as ${name} on ${links.map((link) => link.name).join(", ")}`);
await say(options["--say"] ?? "(joins)");
await Promise.all([listen(), inputPort === 0 ? undefined : readInput(inputPort)]);
