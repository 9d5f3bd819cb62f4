// w3c_consent.test.mjs - W3C TCP and UDP Socket API: requestPermission() where the user is asked, on a terminal that
// script(1) makes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { cleat, until } from "./support.mjs";

const interfaces = [
    ["UDPPermission", "udpPermission", '{ remoteAddress: "192.0.2.1", remotePort: 53 }', "udp.send"],
    ["TCPPermission", "tcpPermission", '{ remoteAddress: "192.0.2.1", remotePort: 80 }', "tcp.connect"],
    ["TCPServerPermission", "tcpServerPermission", "{ localPort: 8080 }", "tcp.listen"],
];

/** Runs code with --prompt on a terminal, types the answers; resolves with what was seen. */
async function onTerminal(code, answers) {
    const command = `${cleat} run --prompt --eval '${code}'`;
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

/** The sentences stand once per interface in the text: three times three ids from this one on. */
const firstId = 46;

for (const [index, [name, attribute, options, operation]] of interfaces.entries()) {
    const id = (sentence) => String(firstId + index * 3 + sentence).padStart(3, "0");
    const code = `
        const permission = navigator.${attribute}, options = ${options};
        console.log("before " + (await permission.hasPermission(options)));
        const outcome = await permission.requestPermission(options).then(() => "resolved", (error) => error.name);
        console.log("outcome " + outcome);
        console.log("after " + (await permission.hasPermission(options)));`;

    test(`W3C-${id(0)}: ${name}.requestPermission() asks the user where the state is prompt`, async () => {
        const seen = await onTerminal(code, ["n"]);
        assert.match(seen, /before prompt/);
        assert.ok(seen.includes(operation), seen);
    });

    test(`W3C-${id(1)}: ${name}.requestPermission() resolves where the user agrees`, async () => {
        const seen = await onTerminal(code, ["r"]);
        assert.match(seen, /outcome resolved/);
        assert.match(seen, /after granted/);
    });

    test(`W3C-${id(2)}: ${name}.requestPermission() rejects with SecurityError where the user does not`, async () => {
        const seen = await onTerminal(code, ["n"]);
        assert.match(seen, /outcome SecurityError/);
        assert.match(seen, /after denied/);
    });
}

test("W3C-055: prompt: the webapp has to call requestPermission before it can use the interface", async () => {
    const seen = await onTerminal(
        `try { new TCPServerSocket({ localAddress: "127.0.0.1" }); } catch (error) { console.log("first " + error.name); }
        await navigator.tcpServerPermission.requestPermission({ localAddress: "127.0.0.1" });
        const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
        await server.opened;
        console.log("then open");
        await server.close();`,
        ["r"],
    );
    assert.match(seen, /first SecurityError/);
    assert.match(seen, /then open/);
});
