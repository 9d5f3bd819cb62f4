// app.ts - a TCP echo server: prints its port, echoes every connection through a reader and a writer.
import { listen } from "../server.ts";

async function echo(socket: TCPSocket): Promise<void> {
    try {
        const reader = socket.readable.getReader();
        const writer = socket.writable.getWriter();
        for (;;) {
            const { value, done } = await reader.read();
            if (done) {
                break;
            }
            await writer.write(value);
        }
        await writer.close();
    } catch {
        // a lost connection is no failure of the server
    }
}

for await (const socket of await listen()) {
    void echo(socket);
}
