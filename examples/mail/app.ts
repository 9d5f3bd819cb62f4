// app.ts - sends a mail over SMTP, as a device does that reports to its owner: to a provider in the internet with TLS and
// a password, or to the relay of a local network.
import { parseCommandLine, wholeNumber, wrongUsage } from "../shared/command_line.ts";
import { parseEndpoint } from "../shared/endpoint.ts";
import { askSecret } from "../shared/secret.ts";
import {
    chooseSecurity,
    clientOptions,
    describeConnection,
    explainFailure,
    secureOptions,
    secureUsage,
} from "../shared/secure_connect.ts";
import { SmtpClient } from "./smtp_client.ts";

const PORTS = { tls: 465, starttls: 587, plain: 25 };

const options = parseCommandLine(
    `
Usage: mail --server HOST[:PORT] --from ADDRESS --to ADDRESS [options]

    --server HOST[:PORT]   the mail server; without a port, 465 (--starttls: 587, --plain: 25)
    --from ADDRESS         the sender
    --to ADDRESS           a receiver; may be given again
    --subject TEXT         what the mail is about (Message from Cleat)
    --text TEXT            what it says (Hello)
    --user NAME            log in; the password is asked for
    --input PORT           local port that the password is written to (4848)
    --tls                  encrypted from the first byte (without this and the next two: on every port but 25 and 587)
    --starttls             encrypted by STARTTLS (on ports 25 and 587)
    --plain                not encrypted, without a password
${secureUsage}
    --verbose              say how the connection is encrypted
    --help                 show this
`,
    {
        ...{ "--server": String, "--from": String, "--to": [String], "--subject": String, "--text": String },
        ...{ "--user": String, "--input": wholeNumber(1, 65535), "--verbose": Boolean },
        ...{ "--tls": Boolean, "--starttls": Boolean, "--plain": Boolean },
        ...secureOptions,
    },
);
const chosen = chooseSecurity(options);
const server =
    parseEndpoint(options["--server"] ?? "", PORTS[chosen ?? "tls"]) ??
    wrongUsage("--server HOST[:PORT] is needed");
const security = chosen ?? (server.port === 25 || server.port === 587 ? "starttls" : "tls");
const tls = clientOptions(options);
const user = options["--user"];
if (user !== undefined && security === "plain") {
    wrongUsage("--user and --plain: passwords are sent over encrypted connections only");
}
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

let client: SmtpClient | undefined;
try {
    const login =
        user === undefined
            ? undefined
            : { user, password: await askSecret(`the password of ${user}`, options["--input"] ?? 4848) };
    client = new SmtpClient(server, security, tls);
    await client.begin(login, (info) => {
        if (options["--verbose"] === true) {
            console.error(describeConnection(info));
        }
    });
    await client.send({ from, to, lines: message });
    await client.close();
    console.log(`sent to ${to.join(", ")}`);
} catch (error) {
    console.error(`not sent: ${explainFailure(error)}`);
    await client?.close();
    cleat.exit(1);
}
