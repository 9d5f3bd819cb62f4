// timeout: 180
// examples_tls.test.mjs - the examples that use TLS, against servers of Debian and against servers that misbehave.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { certificate } from "./certificates.mjs";
import { runExample, startExample } from "./example_app.mjs";
import { cannotRunServers, startServer } from "./real_server.mjs";
import { sleep, until } from "./support.mjs";

const work = mkdtempSync(path.join(os.tmpdir(), "cleat-examples-tls-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
chmodSync(work, 0o755); // servers read it under accounts of their own
const [certFile, keyFile] = [path.join(work, "cert.pem"), path.join(work, "key.pem")];
const { pem: cert, key, pin } = certificate("selfSigned");
writeFileSync(certFile, cert);
writeFileSync(keyFile, key);
const otherPin = `sha256/${"A".repeat(43)}=`;

const flags = ["--ca-file", certFile];
const named = ["--server-name", "server.example"];
const skip = cannotRunServers() ?? false;
let inputPort = 4900;

/** Runs an example to its end, and gives it the password when it asks. */
async function runWithPassword(name, args, { password = "secret", ...options } = { flags }) {
    inputPort += 1;
    const app = startExample(name, [...args, "--input", String(inputPort)], options);
    await app.saw(/waiting for the password of/);
    await new Promise((resolve, reject) =>
        net
            .connect(inputPort, "127.0.0.1")
            .on("error", reject)
            .on("close", resolve)
            .end(`${password}\n`)
            .resume(),
    );
    const { code, signal } = await app.ended;
    return { code: signal ?? code, out: app.out, err: app.err };
}

async function listening(server, port, address) {
    const connects = () =>
        new Promise((resolve) => {
            const socket = net.connect(port, address);
            socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
            socket.on("close", () => socket.destroy());
            void sleep(500).then(() => socket.destroy());
        });
    await until(() => {
        assert.ok(!server.over, `the server ended: ${server.out}${server.err}`);
        return connects();
    }, `${address}:${port}: ${server.out}${server.err}`);
}

test("mail hands a mail to Exim: TLS, STARTTLS, with a password and without", { skip }, async (t) => {
    const spool = path.join(work, "exim");
    mkdirSync(spool);
    chmodSync(spool, 0o777);
    const config = path.join(work, "exim.conf");
    writeFileSync(
        config,
        `primary_hostname = localhost
daemon_smtp_ports = 465 : 587 : 1025
tls_on_connect_ports = 465
local_interfaces = 127.45.0.1
tls_certificate = ${certFile}
tls_privatekey = ${keyFile}
tls_advertise_hosts = *
auth_advertise_hosts = \${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = rcpt
acl_smtp_data = data
log_file_path = ${spool}/log-%s
spool_directory = /var/spool/Debian-exim
keep_environment =
rfc1413_query_timeout = 0s
begin acl
rcpt:
  accept authenticated = *
  accept condition = \${if eq{$received_port}{1025}}
  deny message = log in first
data:
  accept
begin routers
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  file = ${spool}/mailbox
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if and{{eq{$auth2}{tv}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
`,
    );
    const server = startServer(t, ["exim4", "-bdf", "-C", config], ["Debian-exim"]);
    await listening(server, 465, "127.45.0.1");
    const letter = (text) => ["--from", "tv@home.example", "--to", "me@home.example", "--text", text];
    const to = (port, ...more) => ["--server", `127.45.0.1:${port}`, ...named, ...more];
    const login = ["--user", "tv"];

    const first = await runWithPassword("mail", [
        ...to(465, "--verbose", "--pin", pin),
        ...letter("by TLS\n.dots"),
        ...login,
    ]);
    assert.equal(first.code, 0, first.err);
    assert.match(
        first.err,
        /TLSv1\.3, TLS_\w+\ncertificate of CN=selfSigned for DNS:localhost, DNS:server\.example, .*\n/,
    );
    assert.ok(first.err.includes(`pin: ${pin}\n`));
    const second = await runWithPassword("mail", [...to(587), ...letter("by STARTTLS"), ...login]);
    assert.equal(second.code, 0, second.err);
    const third = await runExample("mail", [...to(1025, "--plain"), ...letter("by nothing")]);
    assert.equal(third.code, 0, third.err);

    const wrong = await runWithPassword("mail", [...to(465), ...letter("x"), ...login], {
        flags,
        password: "guess",
    });
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /not sent: the server says: 535 /);
    const unknown = await runExample("mail", [...to(465), ...letter("x")]);
    assert.match(
        unknown.err,
        /\(TLS_CERT_SELF_SIGNED\)\nIf it is your own server, start the app with --ca-file/,
    );
    const pinned = await runExample("mail", [...to(587), ...letter("x"), "--pin", otherPin], { flags });
    assert.match(pinned.err, /\(TLS_PIN_MISMATCH\)\nHas the server a new key\?/);
    const misnamed = await runExample("mail", ["--server", "127.45.0.1", ...letter("x")], { flags });
    assert.match(misnamed.err, /\(TLS_CERT_WRONG_NAME\)\nGive the name/);
    assert.deepEqual([unknown.code, pinned.code, misnamed.code], [1, 1, 1]);

    const mailbox = await until(() => {
        const text = readdirSync(spool).includes("mailbox")
            ? readFileSync(path.join(spool, "mailbox"), "utf8")
            : "";
        return (text.match(/^by /gm) ?? []).length === 3 && text;
    }, "three mails");
    assert.match(mailbox, /with esmtpsa\b[^]*^by TLS\n\.dots\n/m);
    assert.match(mailbox, /with esmtp\b[^]*^by nothing\n/m);
});

test("inbox lists a mailbox of Dovecot, by IMAP and POP3, TLS and STARTTLS", { skip }, async (t) => {
    const maildir = path.join(work, "maildir");
    ["", "cur", "new", "tmp"].forEach((folder) => mkdirSync(path.join(maildir, folder)));
    const addMail = (number, text) => writeFileSync(path.join(maildir, "new", `${number}.M1.host`), text);
    addMail(1, `From: old@home.example\nSubject: old\n\nx`);
    addMail(
        2,
        'From: b@home.example\nSubject: a "quote" and (a list) {99}\n\u001b[2J in the text\n' +
            "Date: Mon, 23 Nov 2026 23:00:00 GMT (so they say)\n\n.x\n",
    );
    addMail(
        3,
        "From: =?utf-8?q?J=C3=BCrgen?= <j@home.example>\nDate: Tue, 24 Nov 2026 13:20:49 +0100\n" +
            "Subject: =?iso-8859-1?Q?Gr=FC=DFe_aus?= K=\n =?utf-8?B?w7zD?= =?utf-8?B?n2Vu?= =?koi-9?q?=41?=\n\nx",
    );
    const config = path.join(work, "dovecot.conf");
    const listeners = (name) => `service ${name}-login {\n  chroot =\n}\n`;
    writeFileSync(
        config,
        `protocols = imap pop3
base_dir = /run/dovecot
state_dir = /var/lib/dovecot
log_path = /dev/stderr
listen = 127.45.0.2
ssl = required
ssl_cert = <${certFile}
ssl_key = <${keyFile}
default_internal_user = dovecot
default_login_user = dovenull
mail_location = maildir:${maildir}
auth_failure_delay = 0
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=7700 gid=7700 home=${maildir}
}
${listeners("imap")}${listeners("pop3")}service anvil {
  chroot =
}
`,
    );
    assert.equal(spawnSync("chown", ["-R", "7700:7700", maildir]).status, 0);
    const server = startServer(t, ["dovecot", "-F", "-c", config], ["dovecot", "dovenull"]);
    await listening(server, 995, "127.45.0.2");
    const expected = `Date              From                    Subject
2026-11-24 12:20  Jürgen <j@home.example>  Grüße aus K= üßen=?koi-9?q?=41?=
2026-11-23 23:00  b@home.example           a "quote" and (a list) {99}
2 of 3
`.replace("From                    ", "From                     ");
    for (const how of [[993], [143], [995, "--pop3"], [110, "--pop3"]]) {
        const [port, ...more] = how;
        const args = ["--server", `127.45.0.2:${port}`, ...named, "--user", "tv", "--count", "2", ...more];
        const { code, out, err } = await runWithPassword("inbox", args);
        assert.equal(code, 0, err);
        assert.equal(out, expected);
        const wrong = await runWithPassword("inbox", args, { flags, password: "guess" });
        assert.equal(wrong.code, 1);
        assert.match(wrong.err, /failed: the server says: (?:NO|-ERR) .*Authentication failed/);
    }
    const unread = readdirSync(path.join(maildir, "cur")).filter((name) => !name.includes("S"));
    assert.equal(
        unread.length + readdirSync(path.join(maildir, "new")).length,
        3,
        "nothing is marked as seen",
    );
    const unknown = await runWithPassword("inbox", ["--server", "127.45.0.2", ...named, "--user", "tv"], {});
    assert.match(unknown.err, /\(TLS_CERT_SELF_SIGNED\)/);
    const noTls = await runWithPassword("inbox", ["--server", "127.45.0.2:143", "--tls", "--user", "tv"]);
    assert.match(noTls.err, /\(TLS_PROTOCOL\)\nIs this port one for TLS\?/);
});

test("two irc hear each other by ngIRCd, one of them encrypted", { skip }, async (t) => {
    const config = path.join(work, "ngircd.conf");
    writeFileSync(
        config,
        `[Global]
Name = irc.example.net
Info = test
Listen = 127.45.0.3
Ports = 6667
ServerUID = 7700
ServerGID = 7700
MotdPhrase = "hello"
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = ${certFile}
KeyFile = ${keyFile}
Ports = 6697
`,
    );
    const server = startServer(t, ["ngircd", "-n", "-f", config], ["ngircd"]);
    await listening(server, 6697, "127.45.0.3");
    const common = ["--server", "127.45.0.3", "--channel", "#c"];
    const ann = startExample("irc", [...common, ...named, "--nick", "ann", "--verbose"], { flags });
    await ann.saw(/TLSv1\.3, [^]*joined #c as ann\n/);
    const ben = startExample("irc", [...common, "--plain", "--nick", "ben", "--say", "is anybody there?"]);
    await ann.saw(/<ben> is anybody there\?\n/);
    await ben.stop("SIGINT");
    const { signal } = await ann.stop("SIGINT");
    assert.equal(signal, "SIGINT");
    assert.equal(ann.err, "");
    const unknown = await runExample("irc", common);
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /not connected: .*\(TLS_CERT_SELF_SIGNED\)/);
    const plain = await runExample("irc", ["--plain", "--server", "127.45.0.3:6697", "--channel", "#c"]);
    assert.match(plain.err, /declared in the manifest with TLS only/);
});

/** A server that misbehaves: `talk(line, socket)` after the greeting; what it received is in `lines`. */
async function startRude(t, address, port, greeting, talk) {
    const lines = [];
    const server = net.createServer((socket) => {
        socket.on("error", () => undefined);
        socket.on("data", (data) => {
            for (const line of String(data).split("\r\n").slice(0, -1)) {
                lines.push(line);
                talk(line, socket);
            }
        });
        socket.write(greeting);
    });
    t.after(() => server.close());
    await new Promise((resolve, reject) => server.once("error", reject).listen(port, address, resolve));
    return lines;
}

const mailTo = (server) => ["--server", server, "--from", "tv@home.example", "--to", "me@home.example"];

test("mail says nothing to a server without STARTTLS, nor to one with text behind its answer", async (t) => {
    const login = ["--starttls", "--user", "tv"];
    const without = await startRude(t, "127.45.0.4", 1025, "220 hello\r\n", (_line, socket) =>
        socket.write("250-x\r\n250 AUTH PLAIN\r\n"),
    );
    const first = await runWithPassword("mail", [...mailTo("127.45.0.4:1025"), ...login]);
    assert.match(first.err, /not sent: the server does not offer STARTTLS; nothing was sent\n/);
    assert.deepEqual(without, ["EHLO [127.0.0.1]"]);

    const injecting = await startRude(t, "127.45.0.5", 1025, "220 hello\r\n", (line, socket) =>
        socket.write(line === "STARTTLS" ? "220 go on\r\n250 AUTH PLAIN\r\n" : "250 STARTTLS\r\n"),
    );
    const second = await runWithPassword("mail", [...mailTo("127.45.0.5:1025"), ...login]);
    assert.match(second.err, /not sent: there is text behind the server's answer to STARTTLS/);
    assert.deepEqual(injecting, ["EHLO [127.0.0.1]", "STARTTLS"]);

    // The same a moment later, when the app no longer looks: the runtime does.
    const late = await startRude(t, "127.45.0.6", 1025, "220 hello\r\n", (line, socket) => {
        socket.write(line === "STARTTLS" ? "220 go on\r\n" : "250 STARTTLS\r\n");
        if (line === "STARTTLS") {
            setTimeout(() => socket.write("250 AUTH PLAIN\r\n"), 50);
        }
    });
    const third = await runWithPassword("mail", [...mailTo("127.45.0.6:1025"), ...login]);
    assert.match(third.err, /\(TLS_PLAINTEXT\)|\(TLS_PROTOCOL\)/);
    assert.deepEqual(late.slice(0, 2), ["EHLO [127.0.0.1]", "STARTTLS"]);
    assert.ok(!late.some((line) => line.startsWith("AUTH")));
    assert.deepEqual([first.code, second.code, third.code], [1, 1, 1]);
});

test("mail forgets what a server said before it was encrypted", async (t) => {
    const lines = [];
    const secureContext = tls.createSecureContext({ cert, key });
    await startRude(t, "127.45.0.7", 1025, "220 hello\r\n", (line, socket) => {
        if (line !== "STARTTLS") {
            socket.write("250-STARTTLS\r\n250 AUTH PLAIN\r\n");
            return;
        }
        socket.removeAllListeners("data");
        socket.write("220 go on\r\n");
        const secure = new tls.TLSSocket(socket, { isServer: true, secureContext });
        secure.on("error", () => undefined);
        secure.on("data", (data) => {
            lines.push(...String(data).split("\r\n").slice(0, -1));
            secure.write("250 8BITMIME\r\n");
        });
    });
    const args = [...mailTo("127.45.0.7:1025"), ...named, "--starttls", "--user", "tv"];
    const { code, err } = await runWithPassword("mail", args);
    assert.equal(code, 1);
    assert.match(err, /does not take passwords \(AUTH PLAIN\)/);
    assert.deepEqual(lines, ["EHLO [127.0.0.1]"]);
});

test("passwords are not for plain connections, nor is TLS left out", async () => {
    const args = [...mailTo("127.45.0.8:1025"), "--plain", "--user", "tv"];
    const { code, err } = await runExample("mail", args);
    assert.equal(code, 2);
    assert.match(err, /passwords are sent over encrypted connections only/);
    const both = await runExample("mail", [...mailTo("127.45.0.8"), "--plain", "--tls"]);
    assert.equal(both.code, 2);
    assert.match(both.err, /only one of --tls, --plain/);
    const noPin = await runExample("mail", [...mailTo("127.45.0.8"), "--pin", "sha1/x"]);
    assert.match(noPin.err, /not a pin: sha1\/x/);
});

test("inbox does not send the password to a server without STARTTLS, or that greets with PREAUTH", async (t) => {
    const imap = await startRude(t, "127.45.0.9", 1143, "* OK hello\r\n", (line, socket) =>
        socket.write(`* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n${line.split(" ")[0]} OK\r\n`),
    );
    const pop3 = await startRude(t, "127.45.0.9", 1110, "+OK hello\r\n", (_line, socket) =>
        socket.write("+OK\r\nUSER\r\n.\r\n"),
    );
    const preauth = await startRude(t, "127.45.0.10", 1143, "* PREAUTH hello\r\n", () => undefined);
    const run = (server, ...more) =>
        runWithPassword("inbox", ["--server", server, "--starttls", "--user", "tv", ...more]);
    assert.match((await run("127.45.0.9:1143")).err, /does not offer STARTTLS; the password was not sent/);
    assert.match(
        (await run("127.45.0.9:1110", "--pop3")).err,
        /does not offer STLS; the password was not sent/,
    );
    assert.match((await run("127.45.0.10:1143")).err, /failed: the server says: PREAUTH hello/);
    assert.deepEqual([imap, pop3, preauth], [["c1 CAPABILITY"], ["CAPA"], []]);
});

test("inbox bounds what a server may send: lines, strings, lists, answers", async (t) => {
    let answer;
    const secure = tls.createServer({ cert, key }, (socket) => {
        socket.on("error", () => undefined);
        socket.resume();
        socket.write(`* OK hello\r\n${answer}`);
        if (answer === "") {
            socket.end();
        }
    });
    t.after(() => secure.close());
    await new Promise((resolve) => secure.listen(1993, "127.45.0.11", resolve));
    const args = ["--server", "127.45.0.11:1993", ...named, "--user", "tv"];
    for (const [bad, expected] of [
        [`* ${"x".repeat(10_000)}`, /sent a line without end/],
        ["* 1 FETCH (BODY[] {99999999}\r\n", /sent more than a list of mails needs/],
        [`* 1 FETCH ${"(".repeat(100)}\r\n`, /sent lists in lists without end/],
        ["* 1 EXISTS\r\n".repeat(400), /does not come to an end/],
        ["", /the server closed the connection|TLS_TRUNCATED/],
    ]) {
        answer = bad;
        const { code, err } = await runWithPassword("inbox", args);
        assert.equal(code, 1);
        assert.match(err, expected);
    }
});
