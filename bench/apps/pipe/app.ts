// app.ts - a TCP echo server: prints its port, pipes every connection back into itself.
import { listen } from "../server.ts";

for await (const socket of await listen()) {
    socket.readable.pipeTo(socket.writable).catch(() => {}); // a lost connection is no failure of the server
}
