// flags: -A
// tls_shortened_chunk.test.ts - a chunk whose buffer the app shortens while it is being sent over TLS; and what decides
// about clientAuth.
import { equal, sleep, test, throws } from "../harness.ts";
import { closeAll, connectPair } from "./peers.ts";
import * as identities from "./tls_identities.ts";

for (const length of [0, 100]) {
    test(`what is written behind a chunk that shrank to ${length} bytes arrives whole`, async () => {
        const plain = await connectPair();
        const peer = plain.peer.startTls({ cert: identities.serverCertificate, key: identities.serverKey });
        const client = plain.client.startTls({ ca: identities.authority });
        await Promise.all([client.opened, peer.opened]);
        const writer = client.writable.getWriter();
        const buffer = new ArrayBuffer(16 << 20, { maxByteLength: 16 << 20 });
        const first = writer.write(buffer);
        await sleep(200); // more than the sockets take is under way
        buffer.resize(length);
        const second = writer.write(new Uint8Array(40000).fill(7));
        const reader = peer.readable.getReader();
        const reading = (async () => {
            let sevens = 0;
            for (;;) {
                const { value, done } = await reader.read();
                if (done) {
                    return sevens;
                }
                sevens += new Uint8Array(value).filter((byte) => byte === 7).length;
            }
        })();
        await first;
        await second;
        await client.close();
        equal(await reading, 40000);
        await closeAll(client, peer);
    });
}

test("clientAuth means what it says whatever an app does to arrays", () => {
    const { indexOf } = Array.prototype;
    Array.prototype.indexOf = () => 0;
    try {
        throws(
            () =>
                new TCPServerSocket({
                    localAddress: "127.0.0.1",
                    useSecureTransport: true,
                    cert: identities.serverCertificate,
                    key: identities.serverKey,
                    clientAuth: "require", // needs a ca: that it is missing tells that the mode was understood
                }),
            "InvalidAccessError",
        );
    } finally {
        Array.prototype.indexOf = indexOf;
    }
});
