// app.ts - a TCP server with short connections: prints its port, sends one chunk back, waits for the end, ends.
import { listen } from "../server.ts";

async function serve(socket: TCPSocket): Promise<void> {
    const writer = socket.writable.getWriter();
    for await (const chunk of socket.readable) {
        await writer.write(chunk);
    }
    await writer.close();
}

for await (const socket of await listen()) {
    serve(socket).catch(() => {}); // a lost connection is no failure of the server
}
