// flags: --allow tcp.connect=mail.example.com:993,tls --allow tcp.connect=127.0.0.1,tls --allow tcp.connect=192.0.2.1 --allow tls.insecure --deny tcp.connect=192.0.2.1:80
// tls.test.ts - grants for encrypted connections only: what the permission objects and the constructor of TCPSocket make
// of them, and tls.insecure without a manifest. Not here: TLS.
import { equal, ok, rejects, test, throws } from "../harness.ts";

const { tcpPermission } = navigator;
const mail = { remoteAddress: "mail.example.com", remotePort: 993 };

test("a grant with tls is granted for secure connections, and for no others", async () => {
    equal(await tcpPermission.hasPermission({ ...mail, useSecureTransport: true }), "granted");
    equal(await tcpPermission.hasPermission({ ...mail, useSecureTransport: false }), "denied");
    equal(await tcpPermission.hasPermission(mail), "denied");
    equal(await tcpPermission.requestPermission({ ...mail, useSecureTransport: true }), undefined);
    const error = await rejects(tcpPermission.requestPermission(mail), "SecurityError");
    ok(String(error).includes("useSecureTransport: true"), String(error));
});

test("a grant without tls is for both, and what is denied is denied with TLS too", async () => {
    for (const useSecureTransport of [true, false]) {
        const options = { remoteAddress: "192.0.2.1", useSecureTransport };
        equal(await tcpPermission.hasPermission({ ...options, remotePort: 443 }), "granted");
        equal(await tcpPermission.hasPermission({ ...options, remotePort: 80 }), "denied");
    }
});

test("a plain TCPSocket to a destination that requires TLS throws SecurityError, which says what to do", () => {
    const error = throws(() => new TCPSocket("mail.example.com", 993), "SecurityError") as DOMException;
    equal(
        error.message,
        "tcp.connect to mail.example.com:993 is permitted with TLS only (tcp.connect=mail.example.com:993,tls); " +
            "pass useSecureTransport: true, or run with --allow tcp.connect=mail.example.com:993",
    );
});

test("useSecureTransport is converted to a boolean", async () => {
    for (const value of [1, "false", {}] as unknown as boolean[]) {
        equal(await tcpPermission.hasPermission({ ...mail, useSecureTransport: value }), "granted");
    }
    for (const value of [0, "", null] as unknown as boolean[]) {
        equal(await tcpPermission.hasPermission({ ...mail, useSecureTransport: value }), "denied");
    }
});

test("a name may be looked up where only secure connections are granted", async () => {
    const [found] = await cleat.resolve("127.0.0.1");
    equal(found?.address, "127.0.0.1");
});

test("without a manifest no peer goes unverified, whatever is granted", async () => {
    const options = { remoteAddress: "127.0.0.1", remotePort: 8009, useSecureTransport: true };
    equal(await tcpPermission.hasPermission(options), "granted");
    equal(await tcpPermission.hasPermission({ ...options, rejectUnauthorized: true }), "granted");
    equal(await tcpPermission.hasPermission({ ...options, rejectUnauthorized: false }), "denied");
    const asked = tcpPermission.requestPermission({ ...options, rejectUnauthorized: false });
    const error = await rejects(asked, "SecurityError");
    ok(
        String(error).includes(
            'needs a manifest that declares it, and then a grant; add {"host": "127.0.0.1"',
        ),
    );
});
