// starttls_warning.test.mjs - startTls() fires the warning of a wrong clock, whose listeners may use the same socket.
// Not here: STARTTLS itself (starttls.test.mjs), clocks (tls_certificates.test.mjs).
import assert from "node:assert/strict";
import { startApp } from "./support.mjs";
import { boundedTest } from "./tls_peers.mjs";

const code = `
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const { localPort, readable } = await server.opened;
    const plain = new TCPSocket("127.0.0.1", localPort);
    await plain.opened;
    const { value: peer } = await readable.getReader().read();
    let inner = null;
    addEventListener("warning", (event) => {
        event.preventDefault();
        inner = plain.startTls();
    });
    try {
        plain.startTls();
        console.log("none");
    } catch (error) {
        console.log(error.name);
    }
    await peer.writable.getWriter().write("no TLS");
    console.log(await inner.opened.catch((error) => error.code));
    await peer.close().catch(() => undefined);
    await server.close();
`;

boundedTest("a listener of the warning that calls startTls() has the connection", async () => {
    const app = startApp(code, {
        prefix: ["faketime", "-f", "@1970-01-01 00:00:10"],
        env: {
            ...process.env,
            FAKETIME_DONT_FAKE_MONOTONIC: "1",
            DONT_FAKE_MONOTONIC: "1",
            ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0`,
        },
    });
    const { code: exit } = await app.ended;
    assert.equal(app.out, "InvalidStateError\nTLS_PLAINTEXT\n", app.err);
    assert.equal(exit, 0);
});
