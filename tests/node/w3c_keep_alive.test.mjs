// w3c_keep_alive.test.mjs - W3C TCP and UDP Socket API: "tcpKeepAliveOptions", as the kernel sees it: ss(8) shows the
// timer of each connection.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { startApp } from "./support.mjs";

/** Seconds until the next keep-alive probe of a connection that an app makes with these options; null: none. */
async function nextProbe(options) {
    const app = startApp(`
        const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
        const { localPort } = await server.opened;
        const client = new TCPSocket("127.0.0.1", localPort, ${JSON.stringify(options)});
        const peer = await server.listen();
        await client.opened;
        console.log("port " + client.localPort);`);
    const [, port] = await app.line(/^port (\d+)$/);
    const { stdout } = spawnSync("ss", ["-Htno", "state", "established", `sport = :${port}`], {
        encoding: "utf8",
    });
    await app.stop();
    assert.ok(stdout.includes(`:${port}`), stdout);
    // "9min59sec", "39sec", and "9.980ms" for 9.98 seconds
    const time = /timer:\(keepalive,(?:(\d+)min)?(?:(\d+)(?:sec|\.))?/.exec(stdout);
    return time === null ? null : Number(time[1] ?? 0) * 60 + Number(time[2] ?? 0);
}

function between(value, least, most) {
    assert.ok(value !== null && value > least && value <= most, `next probe in ${value} s`);
}

test("W3C-283: tcpKeepAliveOptions left out or off: no probes", async () => {
    assert.equal(await nextProbe({}), null);
    assert.equal(await nextProbe({ tcpKeepAliveOptions: "off" }), null);
});

test("W3C-284: tcpKeepAliveOptions sparse: a probe every tcpKeepAliveSparseIntvl seconds, 600 by default", async () => {
    between(await nextProbe({ tcpKeepAliveOptions: "sparse", tcpKeepAliveSparseIntvl: 40 }), 30, 40);
    between(await nextProbe({ tcpKeepAliveOptions: "sparse" }), 500, 600);
});

test("W3C-285: tcpKeepAliveOptions frequent-then-sparse: a probe every 10 seconds at first", async () => {
    between(await nextProbe({ tcpKeepAliveOptions: "frequent-then-sparse" }), 5, 10);
});

test("keepAliveDelay, in milliseconds, turns probes on as in the Direct Sockets draft", async () => {
    between(await nextProbe({ keepAliveDelay: 20_000 }), 15, 20);
});
