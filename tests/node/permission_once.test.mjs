// permission_once.test.mjs - what the answer "once" on the terminal is good for: the next operation that fits, and
// nothing after it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { cleat, until } from "./support.mjs";

/** Runs code with --prompt on a terminal that script(1) makes, answering each question; resolves with what was seen. */
async function onTerminal(code, answers, flags = "") {
    const command = `${cleat} run --prompt ${flags} --eval '${code}'`;
    const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
    let seen = "";
    child.stdout.on("data", (data) => (seen += data));
    const ended = new Promise((resolve) => child.once("close", resolve));
    for (const [index, answer] of answers.entries()) {
        await until(() => seen.split("Allow?").length > index + 1, `question ${index + 1} in\n${seen}`);
        child.stdin.write(`${answer}\n`);
    }
    await ended;
    return seen;
}

const attempt = (name, what) =>
    `try { ${what}; console.log("${name} made"); } catch (error) { console.log("${name} " + error.name); }`;

test("once is one connection", async () => {
    const seen = await onTerminal(
        `const options = { remoteAddress: "127.0.0.1", remotePort: 9 };
        await navigator.tcpPermission.requestPermission(options);
        console.log("before " + await navigator.tcpPermission.hasPermission(options));
        ${attempt("first", 'new TCPSocket("127.0.0.1", 9).opened.catch(() => {})')}
        console.log("after " + await navigator.tcpPermission.hasPermission(options));
        ${attempt("second", 'new TCPSocket("127.0.0.1", 9)')}`,
        ["o"],
    );
    assert.match(seen, /before granted/);
    assert.match(seen, /first made/);
    assert.match(seen, /after prompt/);
    assert.match(seen, /second SecurityError/);
});

test("once is one listening socket, and not one on another port", async () => {
    const seen = await onTerminal(
        `await navigator.tcpServerPermission.requestPermission({ localAddress: "127.0.0.1" });
        ${attempt("other", 'new TCPServerSocket({ localAddress: "127.0.0.1", localPort: 47123 })')}
        ${attempt("first", 'void new TCPServerSocket({ localAddress: "127.0.0.1" }).close()')}
        ${attempt("second", 'new TCPServerSocket({ localAddress: "127.0.0.1" })')}`,
        ["once"],
    );
    assert.match(seen, /other SecurityError/);
    assert.match(seen, /first made/);
    assert.match(seen, /second SecurityError/);
});

test("once is one destination of one UDP socket", async () => {
    const send = (socket, port) =>
        `await ${socket}.writeable.write({ data: new ArrayBuffer(1), remoteAddress: "127.0.0.1", remotePort: ${port} })`;
    const seen = await onTerminal(
        `await navigator.udpPermission.requestPermission({ remoteAddress: "127.0.0.1", remotePort: 47124 });
        const one = new UDPSocket({ localAddress: "127.0.0.1" }), two = new UDPSocket({ localAddress: "127.0.0.1" });
        await one.opened; await two.opened;
        ${attempt("first", send("one", 47124))}
        ${attempt("again", send("one", 47124))}
        ${attempt("elsewhere", send("one", 47125))}
        ${attempt("other", send("two", 47124))}
        await one.close(); await two.close();`,
        ["y"],
        "--allow udp.bind=127.0.0.1",
    );
    assert.match(seen, /first made/);
    assert.match(seen, /again made/);
    assert.match(seen, /elsewhere SecurityError/);
    assert.match(seen, /other SecurityError/);
});

test("a refusal reaches destinations that a socket has used before", async () => {
    const send = (host) =>
        `await socket.writeable.write({ data: new ArrayBuffer(1), remoteAddress: "${host}", remotePort: 47126 })`;
    const seen = await onTerminal(
        `await navigator.udpPermission.requestPermission({ remoteAddress: "127.0.0.1", remotePort: 47126 });
        await navigator.udpPermission.requestPermission({ remoteAddress: "localhost", remotePort: 47126 });
        const socket = new UDPSocket({ localAddress: "127.0.0.1" });
        await socket.opened;
        ${attempt("address", send("127.0.0.1"))}
        ${attempt("name", send("localhost"))}
        await navigator.udpPermission.requestPermission({ remotePort: 47126 }).catch(() => {});
        ${attempt("refused address", send("127.0.0.1"))}
        ${attempt("refused name", send("localhost"))}
        await socket.close();`,
        ["r", "r", "n"],
        "--allow udp.bind=127.0.0.1",
    );
    assert.match(seen, /^address made/m);
    assert.match(seen, /^name made/m);
    assert.match(seen, /refused address SecurityError/);
    assert.match(seen, /refused name SecurityError/);
});

test("once for a name covers its look-up, and not the local network", async () => {
    const seen = await onTerminal(
        `await navigator.tcpPermission.requestPermission({ remoteAddress: "localhost", remotePort: 9 });
        const socket = new TCPSocket("localhost", 9);
        await socket.opened.then(() => console.log("open"), (error) => console.log("opened " + error.name));
        ${attempt("second", 'new TCPSocket("localhost", 9)')}`,
        ["o"],
    );
    assert.match(seen, /opened NetworkError/); // refused by the peer, not by the gate
    assert.match(seen, /second SecurityError/);
});

test("an app that asks in a loop is asked about a bounded number of times", async () => {
    const seen = await onTerminal(
        `const asked = [];
        for (let port = 1; port <= 1000; port++) {
            asked.push(navigator.tcpPermission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: port }));
        }
        const outcomes = await Promise.allSettled(asked);
        console.log("granted " + outcomes.filter(({ status }) => status === "fulfilled").length);`,
        Array(16).fill("n"),
    );
    assert.equal(seen.split("Allow?").length - 1, 16);
    assert.match(seen, /granted 0/);
});
