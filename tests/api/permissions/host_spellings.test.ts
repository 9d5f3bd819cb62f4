// flags: --allow tcp.connect=*.example.com --allow tcp.connect=127.0.0.1:9 --deny tcp.connect=10.0.0.0/8 --allow udp.send --deny udp.send=127.0.0.0/8
// host_spellings.test.ts - other spellings of a host get neither around a deny rule nor into a grant. The whole table is
// in tests/c/test_host.c.
import { equal, test, throws } from "../harness.ts";

test("what only looks like an address is no host", () => {
    for (const host of [
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127.0.0.1\0.example.com",
        "a@127.0.0.1",
        "127.0.0.1:9",
        "127.0.0.1%lo",
        "[127.0.0.1]",
        "::1%lo",
        "exa mple.com",
        "bücher.example.com",
        "%6c.example.com",
        "*.example.com",
        "",
    ]) {
        throws(() => new TCPSocket(host, 9), "InvalidAccessError");
    }
});

test("other spellings of a denied address are denied", async () => {
    for (const remoteAddress of [
        "127.0.0.1",
        "::ffff:127.0.0.1",
        "::FFFF:7f00:1",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::",
    ]) {
        equal(
            await navigator.udpPermission.hasPermission({ remoteAddress, remotePort: 9 }),
            "denied",
            remoteAddress,
        );
        throws(() => new UDPSocket({ remoteAddress, remotePort: 9 }), "SecurityError");
    }
});

test("names keep their rules in upper case and with a final dot, and nothing more", async () => {
    const state = (remoteAddress: string): Promise<string> =>
        navigator.tcpPermission.hasPermission({ remoteAddress, remotePort: 443 });
    equal(await state("A.EXAMPLE.com."), "granted");
    equal(await state("example.com"), "denied");
    equal(await state("notexample.com"), "denied");
    equal(await state("a.example.com.evil.example"), "denied");
    equal(await state("127.0.0.1.example.com"), "granted");
});

test("a group is nothing that a grant for single hosts covers", async () => {
    for (const remoteAddress of ["239.255.255.250", "ff02::fb", "255.255.255.255"]) {
        equal(await navigator.udpPermission.hasPermission({ remoteAddress, remotePort: 9 }), "denied");
    }
});
