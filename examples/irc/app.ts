// app.ts - an IRC client that listens: connects, registers, joins a channel and prints what is said there.
// Spec: RFC 2812 (client protocol).
import { parseCommandLine, wrongUsage } from "../shared/command_line.ts";
import { parseEndpoint } from "../shared/endpoint.ts";
import { readLines } from "../shared/lines.ts";
import { parseIrcMessage } from "./irc_message.ts";

const options = parseCommandLine(
    `
Usage: irc --server HOST[:PORT] --channel CHANNEL [options]

    --server HOST[:PORT]   the server; without a port, 6667 (the connection is not encrypted)
    --channel CHANNEL      for example "#cleat"
    --nick NAME            nickname (cleat)
    --say TEXT             something to say after joining
    --help                 show this
`,
    { "--server": String, "--channel": String, "--nick": String, "--say": String },
);
const server = parseEndpoint(options["--server"] ?? "", 6667) ?? wrongUsage("--server HOST[:PORT] is needed");
const channel = options["--channel"] ?? wrongUsage("--channel is needed");
let nick = options["--nick"] ?? "cleat";
if (!/^[#&+!][^\s,:]{1,49}$/.test(channel) || !/^[^\s:@!]{1,30}$/.test(nick)) {
    wrongUsage("not the name of a channel, or not a nickname");
}

const socket = new TCPSocket(server.host, server.port);
await socket.opened;
console.log(`connected to ${server.host}`);

/** Sends one line; line breaks in a text would be commands of their own. */
async function send(line: string): Promise<void> {
    await socket.writable.write(`${line.replace(/[\r\n\0]/g, " ")}\r\n`);
}

async function quit(): Promise<void> {
    await send("QUIT :bye");
    await socket.close();
}
cleat.addSignalListener("SIGINT", quit);
cleat.addSignalListener("SIGTERM", quit);

await send(`NICK ${nick}`);
await send(`USER ${nick} 0 * :Cleat example`);
for await (const line of readLines(socket.readable)) {
    const { sender, command, parameters } = parseIrcMessage(line);
    const text = parameters.at(-1) ?? "";
    if (command === "PING") {
        await send(`PONG :${text}`);
    } else if (command === "001") {
        await send(`JOIN ${channel}`);
    } else if (command === "433") {
        nick += "_"; // in use: try another one
        await send(`NICK ${nick}`);
    } else if (command === "JOIN" && sender === nick) {
        console.log(`joined ${channel} as ${nick}`);
        if (options["--say"] !== undefined) {
            await send(`PRIVMSG ${channel} :${options["--say"]}`);
        }
    } else if (command === "PRIVMSG") {
        console.log(`<${sender}> ${text}`);
    } else if (command === "ERROR" || /^4\d\d$/.test(command)) {
        console.error(`server: ${text}`);
    }
}
console.log("the server closed the connection");
await socket.close();
