// flags: --allow tcp.connect=127.0.0.1 --allow tcp.listen=127.0.0.1 --allow udp.bind=127.0.0.1 --allow udp.send=127.0.0.1
// also: musl, mipsel
// A loopback echo over TCP and over UDP: byte order, structure layout and system call numbers of every build.
import { bytes, equal, ok, test, text } from "../harness.ts";

test("a TCP server sends back what a client sends", async () => {
    const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
    const { localPort } = await server.opened;
    const client = new TCPSocket("127.0.0.1", localPort);
    const connection = await server.listen();
    const echoed = connection.readable.pipeTo(connection.writable);
    const writer = client.writable.getWriter();
    await writer.write(bytes("hello "));
    await writer.write(bytes("televisions"));
    await writer.close();
    let received = "";
    for await (const chunk of client.readable) {
        received += text(chunk);
    }
    equal(received, "hello televisions");
    await echoed;
    await Promise.all([client.close(), connection.close(), server.close()]);
});

test("a UDP socket receives what another one sends, with the sender's address", async () => {
    const receiver = new UDPSocket({ localAddress: "127.0.0.1" });
    const { localPort } = await receiver.opened;
    const sender = new UDPSocket({
        localAddress: "127.0.0.1",
        remoteAddress: "127.0.0.1",
        remotePort: localPort,
    });
    await sender.opened;
    await sender.writable.getWriter().write({ data: bytes("ping").buffer });
    const { value } = await receiver.readable.getReader().read();
    ok(value !== undefined, "nothing received");
    equal(text(value.data), "ping");
    equal(value.remoteAddress, "127.0.0.1");
    await Promise.all([sender.close(), receiver.close()]);
});
