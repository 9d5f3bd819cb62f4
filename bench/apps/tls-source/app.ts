// app.ts - a TLS server that sends much: prints its port, sends 1 MiB (0 to 255, again and again) in writes of 64 KiB
// for each byte that comes. Certificate and key (PEM) are its arguments.
import { listen } from "../server.ts";

const chunk = Uint8Array.from({ length: 65536 }, (_, i) => i);
const chunksPerByte = (1 << 20) / chunk.length;

async function give(socket: TCPSocket): Promise<void> {
    const writer = socket.writable.getWriter();
    for await (const { byteLength } of socket.readable) {
        for (let i = 0; i < byteLength * chunksPerByte; i++) {
            await writer.write(chunk);
        }
    }
    await writer.close();
}

for await (const socket of await listen()) {
    give(socket).catch(() => {}); // a lost connection is no failure of the server
}
