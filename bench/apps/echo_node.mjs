// echo_node.mjs - the echo server of echo/app.ts on Node's net.
import net from "node:net";

const server = net.createServer((socket) => {
    socket.on("data", (data) => socket.write(data));
    socket.on("error", () => {});
});
server.listen(0, "127.0.0.1", 16384, () => console.log(server.address().port));
