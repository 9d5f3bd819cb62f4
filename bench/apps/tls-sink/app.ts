// app.ts - a TLS server that is sent much: prints its port, sends a byte for each MiB that has come. Certificate and
// key (PEM) are its arguments.
import { listen } from "../server.ts";

const mebibyte = 1 << 20;
const confirmation = new Uint8Array(1);

async function take(socket: TCPSocket): Promise<void> {
    const writer = socket.writable.getWriter();
    let received = 0;
    for await (const { byteLength } of socket.readable) {
        for (received += byteLength; received >= mebibyte; received -= mebibyte) {
            await writer.write(confirmation);
        }
    }
    await writer.close();
}

for await (const socket of await listen()) {
    take(socket).catch(() => {}); // a lost connection is no failure of the server
}
