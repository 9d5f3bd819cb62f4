// secret.ts - asks for a password. An app has no keyboard, no files and no environment, and what stands on a command line
// every user of the device can see (`ps`): so one line is written to a port of this device that the app listens on
// meanwhile. Only programs on this device reach it.
import { readLines } from "./lines.ts";

/** Asks for `what` on a local port and waits for the line; the connection is closed before anything else happens. */
export async function askSecret(what: string, port: number): Promise<string> {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: port });
    await server.opened;
    console.error(`waiting for ${what} on port ${port}; in bash on this device:`);
    console.error(`    (read -rs P && echo "$P" > /dev/tcp/127.0.0.1/${port})`);
    try {
        for (;;) {
            const terminal = await server.listen();
            for await (const line of readLines(terminal.readable)) {
                await terminal.close().catch(() => undefined);
                return line;
            }
        }
    } finally {
        await server.close();
    }
}
