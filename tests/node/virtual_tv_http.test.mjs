// timeout: 120
// virtual_tv_http.test.mjs - the HTTP server of examples/virtual-tv against clients that are odd, slow or many.
import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";
import { startExample } from "./example_app.mjs";
import { sleep } from "./support.mjs";

let tv;
let host;
let port;
before(async () => {
    tv = startExample("virtual-tv", ["--name", '<TV> & "more"']);
    [, host, port] = await tv.saw(/http:\/\/([\d.]+):(\d+)\//);
});
after(() => tv.stop());

/** Sends pieces of a request, resolves with everything that came until the end; "reset" if it was one. */
function request(pieces, { end = false } = {}) {
    return new Promise((resolve) => {
        let answer = "";
        const socket = net.connect({ port: Number(port), host, allowHalfOpen: true });
        socket.on("data", (data) => (answer += data));
        socket.on("end", () => socket.end());
        socket.on("error", () => resolve("reset"));
        socket.on("close", () => resolve(answer));
        socket.on("connect", async () => {
            for (const piece of pieces) {
                socket.write(piece);
                await sleep(5);
            }
            if (end) {
                socket.end();
            }
        });
    });
}
const get = "GET /description.xml HTTP/1.1\r\nHost: tv\r\n\r\n";

test("the description is XML whatever the name", async () => {
    const answer = await request([get]);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    const [head, body] = answer.split("\r\n\r\n");
    assert.equal(Number(/CONTENT-LENGTH: (\d+)/.exec(head)[1]), Buffer.byteLength(body));
    assert.match(head, /CONNECTION: close/);
    assert.match(body, /<friendlyName>&#60;TV&#62; &#38; &#34;more&#34;<\/friendlyName>/);
});

test("a request may come byte by byte, from a client that has finished sending", async () => {
    assert.match(await request([...get]), /^HTTP\/1\.1 200 OK/);
    assert.match(await request([get], { end: true }), /^HTTP\/1\.1 200 OK/);
});

test("HEAD is answered without a body, with the length that GET has", async () => {
    const [head, body] = (await request([get.replace("GET", "HEAD")])).split("\r\n\r\n");
    assert.match(head, /200 OK[^]*CONTENT-LENGTH: [1-9]/);
    assert.equal(body, "");
});

test("odd requests get the status that HTTP has for them", async () => {
    const status = async (text) => /^HTTP\/1\.1 (\d{3})/.exec(await request([text]))?.[1];
    assert.equal(await status("GET / HTTP/1.1\r\nHost: tv\r\n\r\n"), "404");
    assert.equal(await status("GET /description.xml?a=1 HTTP/1.1\r\nHost: tv\r\n\r\n"), "200");
    assert.equal(await status("GET http://tv/description.xml HTTP/1.0\r\n\r\n"), "200");
    assert.equal(await status("GET /../../etc/passwd HTTP/1.1\r\nHost: tv\r\n\r\n"), "404");
    assert.equal(await status("GET /description.xml HTTP/1.1\r\n\r\n"), "400");
    assert.equal(await status("GET /description.xml HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "400");
    assert.equal(await status("hello\r\n\r\n"), "400");
    assert.equal(
        await status(`GET /description.xml HTTP/1.1\r\nHost: tv\r\nX: ${"x".repeat(9000)}\r\n\r\n`),
        "431",
    );
    const post = await request(["POST /description.xml HTTP/1.1\r\nHost: tv\r\n\r\n"]);
    assert.match(post, /^HTTP\/1\.1 405 [^]*ALLOW: GET, HEAD/);
});

test("clients that leave at once do no harm", async () => {
    for (let i = 0; i < 200; i++) {
        const socket = net.connect(Number(port), host);
        socket.on("error", () => undefined);
        socket.on("connect", () => socket.resetAndDestroy());
        await new Promise((resolve) => socket.on("close", resolve));
    }
    assert.match(await request([get]), /^HTTP\/1\.1 200 OK/);
});

test("silent clients are thrown out after some seconds, and others are served then", async () => {
    const start = performance.now();
    const silent = Array.from({ length: 40 }, () => request(["GET /"]));
    await sleep(200);
    assert.match(await request([get]), /^HTTP\/1\.1 200 OK/);
    const endings = await Promise.all(silent);
    assert.ok(endings.every((ending) => ending === "reset"));
    assert.ok(performance.now() - start < 40_000);
});
