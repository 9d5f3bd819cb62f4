// servers.mjs - a mail server, a mailbox and an IRC server to try the examples against, for this machine only:
// `node examples/servers.mjs`. They know one user, keep nothing and check little. Needs the program `openssl`, which makes
// the certificate.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";

const password = "secret";
const mails = [
    "From: Ann <ann@home.example>\r\nDate: Mon, 23 Nov 2026 18:00:00 +0000\r\nSubject: Dinner?\r\n\r\n",
    "From: =?utf-8?q?J=C3=BCrgen?= <j@home.example>\r\nDate: Tue, 24 Nov 2026 09:30:00 +0100\r\n" +
        "Subject: =?utf-8?B?R3LDvMOfZQ==?= from the garden\r\n\r\n",
];

/** Name, password: what PLAIN encodes. */
const isLogin = (base64) => Buffer.from(base64, "base64").toString().split("\0")[2] === password;

// Each is called for a connection, with how to answer, and returns what to do with a line. `startTls` answers, then encrypts.

function smtp({ say, isSecure, startTls, end }) {
    let mail;
    say("220 localhost");
    return (line) => {
        const [command] = line.toUpperCase().split(" ", 1);
        if (mail !== undefined) {
            mail.push(line);
            if (line === ".") {
                console.log(`a mail came:\n    ${mail.join("\n    ")}`);
                mail = undefined;
                say("250 taken");
            }
        } else if (command === "EHLO") {
            say("250-localhost", "250-8BITMIME", isSecure() ? "250 AUTH PLAIN" : "250 STARTTLS");
        } else if (command === "STARTTLS") {
            startTls("220 go on");
        } else if (command === "AUTH") {
            say(isLogin(line.split(" ")[2] ?? "") ? "235 welcome" : "535 wrong password");
        } else if (command === "DATA") {
            mail = [];
            say("354 go on");
        } else if (command === "QUIT") {
            say("221 bye");
            end();
        } else {
            say("250 ok");
        }
    };
}

function imap({ say, isSecure, startTls, end }) {
    let waiting;
    say("* OK localhost");
    return (line) => {
        const [tag, command = ""] = line.split(" ");
        if (waiting !== undefined) {
            say(isLogin(line) ? `${waiting} OK welcome` : `${waiting} NO wrong password`);
            waiting = undefined;
        } else if (command === "CAPABILITY") {
            say(
                `* CAPABILITY IMAP4rev1 ${isSecure() ? "AUTH=PLAIN" : "STARTTLS LOGINDISABLED"}`,
                `${tag} OK`,
            );
        } else if (command === "STARTTLS") {
            startTls(`${tag} OK go on`);
        } else if (command === "AUTHENTICATE") {
            waiting = tag;
            say("+ ");
        } else if (command === "EXAMINE") {
            say(`* ${mails.length} EXISTS`, `${tag} OK [READ-ONLY]`);
        } else if (command === "FETCH") {
            mails.forEach((text, index) => say(`* ${index + 1} FETCH (BODY[] {${text.length}}`, `${text})`));
            say(`${tag} OK`);
        } else if (command === "LOGOUT") {
            say("* BYE", `${tag} OK`);
            end();
        } else {
            say(`${tag} BAD what is that?`);
        }
    };
}

function pop3({ say, isSecure, startTls, end }) {
    say("+OK localhost");
    return (line) => {
        const [command, argument] = line.split(" ");
        if (command === "CAPA") {
            say("+OK", "TOP", isSecure() ? "USER" : "STLS", ".");
        } else if (command === "STLS") {
            startTls("+OK go on");
        } else if (command === "PASS") {
            say(argument === password ? "+OK welcome" : "-ERR wrong password");
        } else if (command === "STAT") {
            say(`+OK ${mails.length} 1000`);
        } else if (command === "TOP") {
            say("+OK", `${mails[argument - 1]}.`);
        } else {
            say("+OK");
            if (command === "QUIT") {
                end();
            }
        }
    };
}

function irc({ say, end }) {
    let nick;
    return (line) => {
        const [command, argument] = line.split(" ");
        if (command === "NICK") {
            nick = argument;
            say(`:localhost 001 ${nick} :Welcome`);
        } else if (command === "JOIN") {
            say(
                `:${nick}!u@localhost JOIN ${argument}`,
                `:ann!a@localhost PRIVMSG ${argument} :hello ${nick}`,
            );
        } else if (command === "PRIVMSG") {
            console.log(`${nick} says: ${line}`);
        } else if (command === "QUIT") {
            end();
        }
    };
}

/** Talks to one peer; its lines are short, and it is this machine's. */
function converse(first, protocol, context) {
    let socket = first;
    let rest = "";
    const say = (...lines) => socket.write(`${lines.join("\r\n")}\r\n`);
    const isSecure = () => socket instanceof tls.TLSSocket;
    const receive = (data) => {
        const lines = `${rest}${data}`.split(/\r?\n/);
        rest = lines.pop();
        lines.forEach(handle);
    };
    const listen = () => {
        socket.on("data", receive);
        socket.on("error", (error) => console.log(`a connection failed: ${error.message}`));
    };
    const startTls = (answer) => {
        say(answer);
        socket.removeAllListeners("data");
        socket = new tls.TLSSocket(socket, { isServer: true, secureContext: context });
        listen();
    };
    const handle = protocol({ say, isSecure, startTls, end: () => socket.end() });
    listen();
}

/** The certificate is for localhost and trusted by nobody who is not told to. */
function makeCertificate(folder) {
    const [file, key] = [path.join(folder, "example-servers.pem"), path.join(folder, "example-servers.key")];
    if (!existsSync(file)) {
        mkdirSync(folder, { recursive: true });
        const { status, stderr, error } = spawnSync("openssl", [
            ...[
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "365",
            ],
            ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            ...["-keyout", key, "-out", file],
        ]);
        if (status !== 0) {
            throw new Error(`openssl can't make a certificate: ${error ?? stderr}`);
        }
    }
    return { file, cert: readFileSync(file), key: readFileSync(key) };
}

const { file, cert, key } = makeCertificate(path.join(import.meta.dirname, "../build"));
const context = tls.createSecureContext({ cert, key });
const services = [
    ["SMTP", smtp, 1025, 1465],
    ["IMAP", imap, 1143, 1993],
    ["POP3", pop3, 1110, 1995],
    ["IRC", irc, 6667, 6697],
];
for (const [name, protocol, plainPort, tlsPort] of services) {
    const server = net.createServer((socket) => converse(socket, protocol, context));
    const secure = tls.createServer({ cert, key }, (socket) => converse(socket, protocol, context));
    secure.on("tlsClientError", (error) => console.log(`a handshake failed: ${error.message}`));
    server.listen(plainPort, "127.0.0.1");
    secure.listen(tlsPort, "127.0.0.1");
    console.log(
        `${name.padEnd(4)} on localhost:${tlsPort} with TLS, on localhost:${plainPort} without at first`,
    );
}
console.log(`the password of every user is "${password}"; the certificate: ${path.relative(".", file)}`);
