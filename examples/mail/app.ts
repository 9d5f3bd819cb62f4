// app.ts - sends a mail over SMTP, as a device does that reports to its owner. Without encryption or login: for the
// mail relay of a local network.
import { parseCommandLine, wrongUsage } from "../shared/command_line.ts";
import { parseEndpoint } from "../shared/endpoint.ts";
import { SmtpClient } from "./smtp_client.ts";

const options = parseCommandLine(
    `
Usage: mail --server HOST[:PORT] --from ADDRESS --to ADDRESS [options]

    --server HOST[:PORT]   the mail server; without a port, 25
    --from ADDRESS         the sender
    --to ADDRESS           a receiver; may be given again
    --subject TEXT         what the mail is about (Message from Cleat)
    --text TEXT            what it says (Hello)
    --help                 show this
`,
    { "--server": String, "--from": String, "--to": [String], "--subject": String, "--text": String },
);
const server = parseEndpoint(options["--server"] ?? "", 25) ?? wrongUsage("--server HOST[:PORT] is needed");
const from = options["--from"] ?? wrongUsage("--from ADDRESS is needed");
const to = options["--to"] ?? wrongUsage("--to ADDRESS is needed");
for (const address of [from, ...to]) {
    if (!/^[!-;=?-~]+@[!-;=?-~]+$/.test(address)) {
        wrongUsage(`not a mail address: ${address}`);
    }
}

/** A header's text: anything but plain ASCII is encoded (RFC 2047), a line break would start another header. */
function headerText(text: string): string {
    const line = text.replace(/[\r\n]+/g, " ");
    if (/^[ -~]*$/.test(line)) {
        return line;
    }
    return `=?UTF-8?B?${btoa(String.fromCharCode(...new TextEncoder().encode(line)))}?=`;
}

const message = [
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    `From: <${from}>`,
    `To: ${to.map((address) => `<${address}>`).join(", ")}`,
    `Message-ID: <${crypto.randomUUID()}@cleat.invalid>`,
    `Subject: ${headerText(options["--subject"] ?? "Message from Cleat")}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    ...(options["--text"] ?? "Hello").split(/\r?\n/),
];

const client = new SmtpClient(server);
try {
    await client.send({ from, to, lines: message });
    console.log(`sent to ${to.join(", ")}`);
} catch (error) {
    console.error(`not sent: ${(error as Error).message}`);
    cleat.exit(1);
} finally {
    await client.close();
}
