// flags: --allow tcp.connect=127.0.0.1 --allow tcp.listen=127.0.0.1
// also: musl, mipsel
// A TLS echo over loopback: byte order, word size and the cryptography of every build.
import { equal, ok, test, text } from "../harness.ts";
import { authority, serverCertificate, serverKey } from "../sockets/tls_identities.ts";

test("a TLS server sends back what a client sends", async () => {
    const server = new TCPServerSocket({
        localAddress: "127.0.0.1",
        useSecureTransport: true,
        cert: serverCertificate,
        key: serverKey,
    });
    const { localPort } = await server.opened;
    const client = new TCPSocket("127.0.0.1", localPort, {
        useSecureTransport: true,
        ca: authority,
    });
    const connection = await server.listen();
    const { protocol, cipher, peerCertificate } = await client.opened;
    equal(protocol, "TLSv1.3");
    ok(cipher?.startsWith("TLS_"));
    equal(peerCertificate?.subject, "CN=server");
    const echoed = connection.readable.pipeTo(connection.writable);
    const writer = client.writable.getWriter();
    await writer.write("hello ");
    await writer.write("televisions");
    await writer.close();
    let received = "";
    for await (const chunk of client.readable) {
        received += text(chunk);
    }
    equal(received, "hello televisions");
    await echoed;
    await client.closed;
    await server.close();
});

test("hashes and signatures are those of every other machine", async () => {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array([97, 98, 99])));
    equal([...hash.slice(0, 4)].map((byte) => byte.toString(16)).join(" "), "ba 78 16 bf");
    const { publicKey, privateKey } = await crypto.subtle.generateKey(
        { name: "ECDSA", namedCurve: "P-256" },
        false,
        ["sign", "verify"],
    );
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, hash);
    ok(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, publicKey, signature, hash));
});
