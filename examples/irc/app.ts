// app.ts - an IRC client that listens: connects, encrypted unless it is told otherwise, registers, joins a channel and
// prints what is said there.
// Spec: RFC 2812 (client protocol), RFC 7194 (TLS on port 6697).
import { parseCommandLine, wrongUsage } from "../shared/command_line.ts";
import { parseEndpoint } from "../shared/endpoint.ts";
import { readLines } from "../shared/lines.ts";
import {
    clientOptions,
    describeConnection,
    explainFailure,
    secureOptions,
    secureUsage,
} from "../shared/secure_connect.ts";
import { parseIrcMessage } from "./irc_message.ts";

const options = parseCommandLine(
    `
Usage: irc --server HOST[:PORT] --channel CHANNEL [options]

    --server HOST[:PORT]   the server; without a port, 6697 (--plain: 6667)
    --channel CHANNEL      for example "#cleat"
    --nick NAME            nickname (cleat)
    --say TEXT             something to say after joining
    --plain                not encrypted: everybody on the way can read and change what is said
${secureUsage}
    --verbose              say how the connection is encrypted
    --help                 show this
`,
    {
        ...{ "--server": String, "--channel": String, "--nick": String, "--say": String },
        ...{ "--plain": Boolean, "--verbose": Boolean },
        ...secureOptions,
    },
);
const plain = options["--plain"] === true;
const server =
    parseEndpoint(options["--server"] ?? "", plain ? 6667 : 6697) ??
    wrongUsage("--server HOST[:PORT] is needed");
const channel = options["--channel"] ?? wrongUsage("--channel is needed");
let nick = options["--nick"] ?? "cleat";
if (!/^[#&+!][^\s,:]{1,49}$/.test(channel) || !/^[^\s:@!]{1,30}$/.test(nick)) {
    wrongUsage("not the name of a channel, or not a nickname");
}

const socket = await connect();
console.log(`connected to ${server.host}`);

async function connect(): Promise<TCPSocket> {
    try {
        const tls = plain ? {} : { ...clientOptions(options), useSecureTransport: true };
        const connection = new TCPSocket(server.host, server.port, tls);
        const info = await connection.opened;
        if (options["--verbose"] === true) {
            console.log(describeConnection(info));
        }
        return connection;
    } catch (error) {
        console.error(`not connected: ${explainFailure(error)}`);
        cleat.exit(1);
    }
}

/** Sends one line; line breaks in a text would be commands of their own. */
async function send(line: string): Promise<void> {
    await socket.writable.write(`${line.replace(/[\r\n\0]/g, " ")}\r\n`);
}

let leaving = false;

async function quit(): Promise<void> {
    leaving = true;
    await send("QUIT :bye");
    await socket.close().catch(() => undefined);
}
cleat.addSignalListener("SIGINT", quit);
cleat.addSignalListener("SIGTERM", quit);

await send(`NICK ${nick}`);
await send(`USER ${nick} 0 * :Cleat example`);
try {
    await listen();
    console.log("the server closed the connection");
    await socket.close();
} catch (error) {
    if (leaving) {
        await new Promise<never>(() => undefined); // the signal ends the app; how the connection does is not of interest
    }
    console.error(`the connection is lost: ${explainFailure(error)}`);
    cleat.exit(1);
}

async function listen(): Promise<void> {
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
}
