// node_streams.mjs - the bench's TCP scenarios on Node's web streams (Duplex.toWeb over net): node_streams.mjs SCENARIO.
// Without allowHalfOpen: of a half-open socket, Node 20's readable side never ends.
import net from "node:net";
import { Duplex } from "node:stream";

const backlog = 4096;

function listen(serve) {
    const server = net.createServer((socket) => {
        socket.on("error", () => {}); // a lost connection is no failure of the server
        serve(Duplex.toWeb(socket)).catch(() => {});
    });
    server.listen(0, "127.0.0.1", backlog, () => console.log(server.address().port));
}

async function echo({ readable, writable }) {
    const reader = readable.getReader();
    const writer = writable.getWriter();
    for (;;) {
        const { value, done } = await reader.read();
        if (done) {
            break;
        }
        await writer.write(value);
    }
    await writer.close();
}

async function accept({ readable, writable }) {
    const writer = writable.getWriter();
    for await (const chunk of readable) {
        await writer.write(chunk);
    }
    await writer.close();
}

const scenarios = {
    echo: () => listen(echo),
    pipe: () => listen(({ readable, writable }) => readable.pipeTo(writable)),
    accept: () => listen(accept),
};

scenarios[process.argv[2]]();
