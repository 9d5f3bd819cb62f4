// timeout: 120
// examples.test.mjs - the small examples against small peers: an IRC server, a mail server, each other.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { runExample, start, startExample } from "./example_app.mjs";
import { Namespace } from "./namespace.mjs";
import { cannotUnshare, root } from "./support.mjs";

/** A server for one conversation: calls `speak(line, say)` for each line. Loopback has many addresses; each test has its own. */
async function startServer(t, address, port, greeting, speak) {
    const lines = [];
    const server = net.createServer((socket) => {
        const say = (text) => socket.write(`${text}\r\n`);
        let rest = "";
        socket.on("error", () => undefined);
        socket.on("data", (data) => {
            const parts = `${rest}${data}`.split("\r\n");
            rest = parts.pop();
            for (const line of parts) {
                lines.push(line);
                speak(line, say, socket);
            }
        });
        if (greeting !== undefined) {
            say(greeting);
        }
    });
    t.after(() => server.close());
    await new Promise((resolve, reject) => server.once("error", reject).listen(port, address, resolve));
    return lines;
}

test("irc registers, takes another nickname, joins, answers PING, prints what is said", async (t) => {
    let nick;
    const lines = await startServer(t, "127.44.0.1", 6667, undefined, (line, say, socket) => {
        const [command, parameter] = line.split(" ");
        if (command === "NICK") {
            nick = parameter;
            if (nick === "cleat") {
                say(":server 433 * cleat :Nickname is already in use");
            } else {
                say(`:server 001 ${nick} :Welcome`);
            }
        } else if (command === "JOIN") {
            say(`:${nick}!u@h JOIN ${parameter}`);
            say("PING :are you there");
        } else if (command === "PONG") {
            say(":ann!a@h PRIVMSG #cleat :hello :-) \u0002bold\u001b[2J");
        } else if (command === "QUIT") {
            socket.end();
        }
    });
    const irc = startExample("irc", [
        "--plain",
        "--server",
        "127.44.0.1",
        "--channel",
        "#cleat",
        "--say",
        "hi\r\nQUIT :no",
    ]);
    await irc.saw(/<ann> hello :-\) bold\[2J\n/);
    const { signal } = await irc.stop("SIGINT");
    assert.equal(signal, "SIGINT");
    assert.match(irc.out, /joined #cleat as cleat_\n/);
    assert.deepEqual(lines, [
        "NICK cleat",
        "USER cleat 0 * :Cleat example",
        "NICK cleat_",
        "JOIN #cleat",
        "PRIVMSG #cleat :hi  QUIT :no",
        "PONG :are you there",
        "QUIT :bye",
    ]);
});

test("irc ends when the server does", async (t) => {
    await startServer(t, "127.44.0.2", 6667, ":server NOTICE * :go away", (_line, _say, socket) =>
        socket.end(),
    );
    const { code, out } = await runExample("irc", [
        "--plain",
        "--server",
        "127.44.0.2:6667",
        "--channel",
        "#cleat",
    ]);
    assert.equal(code, 0);
    assert.match(out, /the server closed the connection/);
});

test("mail hands over every line, doubled dots and all", async (t) => {
    let inData = false;
    const lines = await startServer(
        t,
        "127.44.0.3",
        1025,
        "220-welcome\r\n220 ready",
        (line, say, socket) => {
            if (inData) {
                if (line === ".") {
                    inData = false;
                    say("250 taken");
                }
            } else if (line === "DATA") {
                inData = true;
                say("354 go on");
            } else if (line.startsWith("EHLO")) {
                say("250-test\r\n250 8BITMIME");
            } else if (line === "QUIT") {
                say("221 bye");
                socket.end();
            } else {
                say("250 ok");
            }
        },
    );
    const { code, out, err } = await runExample("mail", [
        ...[
            "--plain",
            "--server",
            "127.44.0.3:1025",
            "--from",
            "tv@home.example",
            "--to",
            "a@home.example",
            "--to",
            "b@home.example",
        ],
        ...["--subject", "Grüße\r\nBcc: all@home.example", "--text", "first\n.\n..two\nlast"],
    ]);
    assert.equal(code, 0, err);
    assert.equal(out, "sent to a@home.example, b@home.example\n");
    const start = lines.indexOf("DATA");
    assert.deepEqual(lines.slice(0, start), [
        "EHLO [127.0.0.1]",
        "MAIL FROM:<tv@home.example>",
        "RCPT TO:<a@home.example>",
        "RCPT TO:<b@home.example>",
    ]);
    const text = lines.slice(lines.indexOf("", start) + 1);
    assert.deepEqual(text, ["first", "..", "...two", "last", ".", "QUIT"]);
    const subject = /^Subject: =\?UTF-8\?B\?(.*)\?=$/.exec(
        lines.find((line) => line.startsWith("Subject:")),
    )[1];
    assert.equal(Buffer.from(subject, "base64").toString(), "Grüße Bcc: all@home.example");
    assert.ok(!lines.some((line) => line.startsWith("Bcc:")), "a subject can't add a header");
});

test("mail says what the server says when it refuses, and exits with 1", async (t) => {
    await startServer(t, "127.44.0.4", 1025, "220 ready", (line, say) =>
        say(line.startsWith("RCPT") ? "550 no such user here" : "250 ok"),
    );
    const { code, err } = await runExample("mail", [
        ...[
            "--plain",
            "--server",
            "127.44.0.4:1025",
            "--from",
            "tv@home.example",
            "--to",
            "nobody@home.example",
        ],
    ]);
    assert.equal(code, 1);
    assert.match(err, /not sent: the server says: 550 no such user here/);
});

test("what a manifest does not declare is refused, even with -A", async () => {
    const { code, err } = await runExample("mail", [
        ...["--plain", "--server", "127.44.0.5:2525", "--from", "tv@home.example", "--to", "a@home.example"],
    ]);
    assert.equal(code, 1);
    assert.match(err, /SecurityError|manifest/);
});

test(
    "two chats hear each other, and what is typed into one",
    { skip: cannotUnshare() ?? false },
    async (t) => {
        const [here, there] = [await Namespace.create(), await Namespace.create()];
        t.after(() => {
            here.destroy();
            there.destroy();
        });
        here.ip("link set lo up");
        there.ip("link set lo up");
        here.connect("c0", "10.92.0.1/24", there, "c1", "10.92.0.2/24");
        const ann = startExample("chat", ["--name", "Ann"], { prefix: here.prefix });
        t.after(() => ann.stop("SIGKILL"));
        await ann.saw(/chatting as Ann on lo, c0/);
        const ben = startExample("chat", ["--name", "Ben", "--say", "is anybody there?"], {
            prefix: there.prefix,
        });
        t.after(() => ben.stop("SIGKILL"));
        await ann.saw(/<Ben> is anybody there\?\n/);
        const terminal = `require("net").connect(4848, "127.0.0.1").end("yes, me\\n")`;
        await start([...here.prefix, process.execPath, "-e", terminal]).ended;
        await ben.saw(/<Ann> yes, me\n/);
        await ann.stop();
        await ben.saw(/<Ann> \(leaves\)\n/);
        assert.equal(ben.out.match(/yes, me/g).length, 1, "once, although Ann says it on two interfaces");
    },
);

for (const name of ["virtual-tv", "discover", "irc", "mail", "inbox", "chat"]) {
    test(`${name} passes the type check against the published types alone, and explains its options`, async () => {
        const command = [path.join(root, "tools/cleat.mjs"), "check", path.join(root, "examples", name)];
        const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
        assert.equal(status, 0, stdout + stderr);
        const { code, out } = await runExample(name, ["--help"]);
        assert.equal(code, 0);
        assert.match(out, new RegExp(`^Usage: ${name} `));
        const wrong = await runExample(name, ["--nonsense"]);
        assert.equal(wrong.code, 2);
        assert.match(wrong.err, /--nonsense/);
    });
}
