// w3c_examples.test.mjs - the three examples of the W3C text (tests/w3c-examples), each against a peer on Node, in a
// network namespace of its own: the ports of the text are fixed, and multicast needs a network.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { cannotUnshare, cleat, root, until } from "./support.mjs";

const skip = cannotUnshare() ?? false;
const examples = path.join(root, "tests/w3c-examples");
const work = mkdtempSync(path.join(tmpdir(), "cleat-w3c-"));
const running = [];
after(() => {
    running.forEach((child) => child.kill("SIGKILL"));
    rmSync(work, { recursive: true });
});

/** A namespace with loopback only, held by a process that is killed at the end. */
async function makeNamespace() {
    const holder = spawn("unshare", ["-n", "sh", "-c", "ip link set lo up && echo up && exec sleep 600"], {
        stdio: ["ignore", "pipe", "inherit"],
    });
    running.push(holder);
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    return ["nsenter", "-n", "-t", String(holder.pid)];
}

function run(command, options = {}) {
    const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"], ...options });
    running.push(child);
    const process = { child, text: "" };
    child.stdout.on("data", (data) => (process.text += data));
    child.stderr.on("data", (data) => (process.text += data));
    process.ended = new Promise((resolve) => child.once("close", resolve));
    process.says = (text) => until(() => process.text.includes(text), `"${text}" in\n${process.text}`);
    return process;
}

/** Runs code as a CommonJS module on Node in the namespace. */
function nodePeer(namespace, code) {
    return run([...namespace, process.execPath, "-e", code]);
}

/** Runs an example with the helpers of the text. */
function runExample(namespace, name, flags) {
    const app = path.join(work, `${name}.js`);
    const files = ["helpers.js", `${name}.js`].map((file) => path.join(examples, file));
    writeFileSync(app, files.map((file) => readFileSync(file, "utf8")).join(""));
    return run([...namespace, cleat, "run", ...flags, app]);
}

test("W3C-286: the text's UDP example finds a device by SSDP", { skip }, async () => {
    const namespace = await makeNamespace();
    const far = await makeNamespace();
    const farPid = far.at(-1);
    const near = (...command) =>
        assert.equal(
            spawnSync(namespace[0], [...namespace.slice(1), ...command]).status,
            0,
            command.join(" "),
        );
    const there = (...command) =>
        assert.equal(spawnSync(far[0], [...far.slice(1), ...command]).status, 0, command.join(" "));
    near("ip", "link", "add", "tv0", "type", "veth", "peer", "name", "tv1", "netns", farPid);
    near("ip", "address", "add", "10.77.0.1/24", "dev", "tv0");
    near("ip", "link", "set", "tv0", "up");
    near("ip", "route", "add", "default", "via", "10.77.0.2");
    there("ip", "address", "add", "10.77.0.2/24", "dev", "tv1");
    there("ip", "link", "set", "tv1", "up");
    const peer = nodePeer(
        far,
        `const socket = require("dgram").createSocket({ type: "udp4", reuseAddr: true });
        socket.bind(1900, () => { socket.addMembership("239.255.255.250", "10.77.0.2"); console.log("ready"); });
        socket.on("message", (data, from) => {
            console.log(JSON.stringify(data.toString()));
            socket.send("HTTP/1.1 200 OK\\r\\nST: upnp:rootdevice\\r\\n\\r\\n", from.port, from.address);
        });`,
    );
    await peer.says("ready");
    const app = runExample(namespace, "ssdp", ["--allow", "multicast=239.255.255.250:1900"]);
    await app.says("UDP socket created sucessfully");
    await app.says("M-SEARCH Sent");
    await app.says("Remote address: 10.77.0.2Remote port: 1900Message: HTTP/1.1 200 OK");
    assert.match(peer.text, /M-SEARCH \* HTTP\/1\.1\\r\\nST: upnp:rootdevice\\r\\nMAN: \\"ssdp:discover\\"/);
    assert.doesNotMatch(app.text, /error/i);
});

test("W3C-287: the text's TCP example gets its echo, and both sides end in order", { skip }, async () => {
    const namespace = await makeNamespace();
    const peer = nodePeer(
        namespace,
        `require("net").createServer({ allowHalfOpen: true }, (socket) => {
            socket.on("data", (data) => { console.log("got " + data); socket.write(data); });
            socket.on("end", () => { console.log("end"); socket.end(); });
        }).listen(6789, "127.0.0.1", () => console.log("ready"));`,
    );
    await peer.says("ready");
    const app = runExample(namespace, "echo_client", ["--allow", "tcp.connect=127.0.0.1:6789"]);
    assert.equal(await app.ended, 0, app.text);
    assert.match(app.text, /TCP connection established sucessfully/);
    assert.match(app.text, /Data has been sent to server/);
    assert.match(app.text, /Data received from server:\[object ArrayBuffer\]/);
    assert.match(app.text, /TCP socket has been cleanly closed/);
    await peer.says("got Hello World");
    await peer.says("end");
});

test("W3C-288: the text's TCP example tells where no server is", { skip }, async () => {
    const namespace = await makeNamespace();
    const app = runExample(namespace, "echo_client", ["--allow", "tcp.connect=127.0.0.1:6789"]);
    await app.ended;
    assert.match(app.text, /Sending error: .*refused/);
    assert.match(app.text, /TCP connection setup failed due to error: .*refused/);
    assert.match(app.text, /TCP socket closed due to error: .*refused/);
});

test("W3C-289: the text's TCP server example echoes to several clients", { skip }, async () => {
    const namespace = await makeNamespace();
    const app = runExample(namespace, "echo_server", ["--allow", "tcp.listen=6789"]);
    await app.says("TCP server socket created sucessfully");
    const client = nodePeer(
        namespace,
        `const net = require("net");
        for (const name of ["one", "two", "three"]) {
            const socket = net.connect(6789, "127.0.0.1", () => socket.write(name));
            socket.on("data", (data) => { console.log("echo " + data); socket.destroy(); });
        }`,
    );
    for (const name of ["one", "two", "three"]) {
        await client.says(`echo ${name}`);
    }
    await app.says("Connection accepted from address: 127.0.0.1 port: ");
    await app.says("Received: [object ArrayBuffer]");
    await app.says("Sending data succeeded");
    assert.equal(app.child.exitCode, null, app.text);
});

test("W3C-290: the examples say so where permission is denied", { skip }, async () => {
    const namespace = await makeNamespace();
    for (const [name, text] of [
        ["ssdp", "Sending SSDP multicast messages was denied due to error: "],
        ["echo_client", "Connection to 127.0.0.1 on port 6789 was denied due to error: "],
        ["echo_server", "TCP Server Socket on local port 6789 was denied due to error: "],
    ]) {
        const app = runExample(namespace, name, []);
        assert.equal(await app.ended, 0, app.text);
        assert.ok(app.text.includes(text), app.text);
        assert.match(app.text, /SecurityError/);
    }
});
