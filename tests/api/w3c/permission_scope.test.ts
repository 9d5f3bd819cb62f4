// flags: --allow udp.send=192.0.2.1:53 --allow udp.bind=127.0.0.1:5000-5010 --allow multicast=239.255.255.250:1900 --allow tcp.connect=192.0.2.1 --allow tcp.listen=127.0.0.1:8000
// permission_scope.test.ts - W3C TCP and UDP Socket API: what each member of the permission dictionaries, left out or
// given, asks for; the values of TCPUDPPermissionState.
import { equal, test } from "../harness.ts";

const { udpPermission: udp, tcpPermission: tcp, tcpServerPermission: tcpServer } = navigator;

test("W3C-273: UDPPermissionOptions.localAddress left out: no particular interface is asked for", async () => {
    equal(await udp.hasPermission({ localAddress: "127.0.0.1", localPort: 5000 }), "granted");
    equal(await udp.hasPermission({ localPort: 5000 }), "denied");
});

test("W3C-274: UDPPermissionOptions.localPort left out: a port of the system's choice is asked for", async () => {
    equal(await udp.hasPermission({ localAddress: "127.0.0.1", localPort: 5010 }), "granted");
    equal(await udp.hasPermission({ localAddress: "127.0.0.1", localPort: 5011 }), "denied");
    equal(await udp.hasPermission({ localAddress: "127.0.0.1" }), "denied");
});

test("W3C-275: UDPPermissionOptions.remoteAddress left out: sending to any peer is asked for", async () => {
    equal(await udp.hasPermission({ remoteAddress: "192.0.2.1", remotePort: 53 }), "granted");
    equal(await udp.hasPermission({ remotePort: 53 }), "denied");
    equal(await udp.hasPermission({ remoteAddress: "239.255.255.250", remotePort: 1900 }), "granted");
});

test("W3C-276: UDPPermissionOptions.remotePort left out: sending to any port is asked for", async () => {
    equal(await udp.hasPermission({ remoteAddress: "192.0.2.1" }), "denied");
});

test("W3C-277: TCPPermissionOptions.remoteAddress left out: connecting to any peer is asked for", async () => {
    equal(await tcp.hasPermission({ remoteAddress: "192.0.2.1" }), "granted");
    equal(await tcp.hasPermission({}), "denied");
});

test("W3C-278: TCPPermissionOptions.remotePort left out: connecting to any port is asked for", async () => {
    equal(await tcp.hasPermission({ remoteAddress: "192.0.2.1" }), "granted");
    equal(await tcp.hasPermission({ remotePort: 80 }), "denied");
});

test("W3C-279: TCPServerPermissionOptions.localAddress left out: no particular interface is asked for", async () => {
    equal(await tcpServer.hasPermission({ localAddress: "127.0.0.1", localPort: 8000 }), "granted");
    equal(await tcpServer.hasPermission({ localPort: 8000 }), "denied");
});

test("W3C-280: TCPServerPermissionOptions.localPort left out: a port of the system's choice is asked for", async () => {
    equal(await tcpServer.hasPermission({ localAddress: "127.0.0.1" }), "denied");
});

test("W3C-281: granted: the webapp may use the interface", async () => {
    equal(await tcp.hasPermission({ remoteAddress: "192.0.2.1", remotePort: 1 }), "granted");
});

test("W3C-282: denied: the webapp may not use the interface", async () => {
    equal(await tcp.hasPermission({ remoteAddress: "192.0.2.2", remotePort: 1 }), "denied");
});
