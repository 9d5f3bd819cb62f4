// app.ts - lists the newest mails in a mailbox, read by IMAP or POP3, always encrypted. It marks and deletes nothing.
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
import { formatTable } from "../shared/table.ts";
import { listImap } from "./imap.ts";
import { listPop3 } from "./pop3.ts";

/** Characters of a column. */
const COLUMN_MAX = 60;

const options = parseCommandLine(
    `
Usage: inbox --server HOST[:PORT] --user NAME [options]

    --server HOST[:PORT]   the mail server; without a port, 993 (--pop3: 995)
    --user NAME            whose mailbox; the password is asked for
    --input PORT           local port that the password is written to (4848)
    --count N              how many mails, at most 200 (10)
    --pop3                 by POP3 instead of IMAP
    --tls                  encrypted from the first byte (without this and the next: on every port but 143 and 110)
    --starttls             encrypted by STARTTLS (on ports 143 and 110)
${secureUsage}
    --verbose              say how the connection is encrypted
    --help                 show this
`,
    {
        ...{ "--server": String, "--user": String, "--input": wholeNumber(1, 65535), "--verbose": Boolean },
        ...{ "--count": wholeNumber(1, 200), "--pop3": Boolean, "--tls": Boolean, "--starttls": Boolean },
        ...secureOptions,
    },
);
const pop3 = options["--pop3"] === true;
const ports = pop3 ? { tls: 995, starttls: 110 } : { tls: 993, starttls: 143 };
const chosen =
    chooseSecurity(options) === "starttls" ? "starttls" : options["--tls"] === true ? "tls" : undefined;
const server =
    parseEndpoint(options["--server"] ?? "", ports[chosen ?? "tls"]) ??
    wrongUsage("--server HOST[:PORT] is needed");
const security = chosen ?? (server.port === 143 || server.port === 110 ? "starttls" : "tls");
const tls = clientOptions(options);
const user = options["--user"] ?? wrongUsage("--user NAME is needed");
if (/[\p{Cc}]/u.test(user)) {
    wrongUsage("not a user's name");
}

/** "2026-11-24 13:20" in UTC, so that the column sorts; as it came where it is no date. */
function formatDate(text: string): string {
    const time = new Date(text.replace(/ *\([^)]*\)$/, ""));
    return Number.isNaN(time.getTime()) ? text : time.toISOString().slice(0, 16).replace("T", " ");
}

function shorten(text: string): string {
    const characters = [...text];
    return characters.length > COLUMN_MAX ? `${characters.slice(0, COLUMN_MAX - 1).join("")}…` : text;
}

try {
    const { total, headers } = await (pop3 ? listPop3 : listImap)({
        ...{ server, security, tls, user },
        password: await askSecret(`the password of ${user}`, options["--input"] ?? 4848),
        count: options["--count"] ?? 10,
        report: (info) => {
            if (options["--verbose"] === true) {
                console.error(describeConnection(info));
            }
        },
    });
    const rows = headers.map(({ from, date, subject }) => [formatDate(date), from, subject].map(shorten));
    console.log(rows.length === 0 ? "no mails" : formatTable(["Date", "From", "Subject"], rows));
    console.log(`${rows.length} of ${total}`);
} catch (error) {
    console.error(`failed: ${explainFailure(error)}`);
    cleat.exit(1);
}
