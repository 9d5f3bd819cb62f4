// app.js - the part of a device that speaks to remote controls: takes lines over TCP ("status", "volume 30", "bye"),
// answers each with a line. What the device is and can do comes from the program around it (main.c).
const [port] = cleat.args;
const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: Number(port) });
await server.opened;
console.log(`app: ${cleat.host.status().name} listens on 127.0.0.1:${port}`);

/** What is answered to a line. */
function answer(line) {
    const [command, value] = line.trim().split(" ");
    try {
        if (command === "volume") {
            cleat.host.setVolume(Number(value));
        }
        return JSON.stringify(cleat.host.status());
    } catch (error) {
        return `error: ${error.message}`;
    }
}

/** Serves one remote control; true if it wants the app to end. */
async function serve(socket) {
    let text = "";
    for await (const chunk of socket.readable.pipeThrough(new TextDecoderStream())) {
        const lines = (text + chunk).split("\n");
        text = lines.pop().slice(0, 1000);
        for (const line of lines) {
            if (line.trim() === "bye") {
                return true;
            }
            await socket.writable.write(`${answer(line)}\n`);
        }
    }
    return false;
}

for (let done = false; !done;) {
    const socket = await server.listen();
    try {
        done = await serve(socket);
        await socket.close();
    } catch (error) {
        console.error(`app: lost a remote control: ${error.message}`);
    }
}
await server.close();
