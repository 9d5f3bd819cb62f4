// permission_denied.test.ts - an app without any grant: constructors throw at once, say what would permit it, and come
// before any other complaint.
import { equal, ok, rejects, test, throws } from "../harness.ts";

function denied(run: () => unknown, hint: string): void {
    const error = throws(run, "SecurityError") as DOMException;
    ok(error instanceof DOMException);
    ok(error.message.includes("--allow"), error.message);
    ok(error.message.includes(hint), error.message);
}

test("every constructor throws SecurityError and names the flag that helps", () => {
    denied(() => new TCPSocket("example.com", 80), "tcp.connect=example.com:80");
    denied(() => new TCPSocket("fe80::1%lo", 80), "tcp.connect");
    denied(() => new TCPServerSocket({ localPort: 8080 }), "tcp.listen");
    denied(() => new TCPServerSocket(), "tcp.listen");
    denied(() => new UDPSocket(), "udp.send");
    denied(() => new UDPSocket({ localPort: 1900 }), "udp.bind");
    denied(() => new UDPSocket({ remoteAddress: "192.0.2.1", remotePort: 53 }), "udp.send");
    denied(() => new UDPSocket({ remoteAddress: "239.255.255.250", remotePort: 1900 }), "multicast");
});

test("without any grant, SecurityError comes before InvalidAccessError and NotSupportedError", () => {
    throws(() => new TCPSocket("", 0), "SecurityError");
    throws(() => new TCPServerSocket({ localPort: -1 }), "SecurityError");
    throws(() => new UDPSocket({ remoteAddress: "no host" }), "SecurityError");
    throws(() => new TCPSocket("127.0.0.1", 443, { useSecureTransport: true }), "SecurityError");
    throws(() => new TCPSocket("127.0.0.1", 443, { tcpKeepAliveOptions: "x" as "off" }), "TypeError");
});

test("the permission objects say denied and reject", async () => {
    equal(await navigator.tcpPermission.hasPermission(), "denied");
    equal(await navigator.tcpServerPermission.hasPermission({ localPort: 80 }), "denied");
    equal(
        await navigator.udpPermission.hasPermission({ remoteAddress: "255.255.255.255", remotePort: 9 }),
        "denied",
    );
    await rejects(navigator.udpPermission.requestPermission({ localPort: 5353 }), "SecurityError");
});
