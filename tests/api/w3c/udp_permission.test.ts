// flags: --allow udp.send=192.0.2.1:53 --allow udp.bind=127.0.0.1:5000 --allow multicast=239.255.255.250:1900
// udp_permission.test.ts - W3C TCP and UDP Socket API: "UDPPermission Interface".
import { equal, ok, rejects, test } from "../harness.ts";

const permission = navigator.udpPermission;

test("W3C-012: UDPPermission.hasPermission() returns a promise for the state", async () => {
    const promise = permission.hasPermission({ remoteAddress: "192.0.2.1", remotePort: 53 });
    ok(promise instanceof Promise);
    equal(await promise, "granted");
});

test("W3C-013: UDPPermission.hasPermission() returns first and settles later", async () => {
    let settled = false;
    const promise = permission.hasPermission({ remoteAddress: "192.0.2.1", remotePort: 53 }).then(() => {
        settled = true;
    });
    equal(settled, false);
    await promise;
    equal(settled, true);
});

test("W3C-014: UDPPermission.hasPermission() answers for the options given", async () => {
    equal(await permission.hasPermission({ remoteAddress: "192.0.2.1", remotePort: 53 }), "granted");
    equal(await permission.hasPermission({ remoteAddress: "192.0.2.2", remotePort: 53 }), "denied");
    equal(await permission.hasPermission({ remoteAddress: "192.0.2.1" }), "denied");
});

test("W3C-015: UDPPermission.hasPermission() rejects if there is an error", async () => {
    await rejects(permission.hasPermission({ remoteAddress: "no host" }), "InvalidAccessError");
    await rejects(permission.hasPermission({ remotePort: 65536 }), "InvalidAccessError");
    await rejects(permission.hasPermission(7 as unknown as UDPPermissionOptions), "TypeError");
    await rejects(permission.hasPermission.call({} as UDPPermission), "TypeError");
});

test("W3C-016: UDPPermission.hasPermission() resolves with a TCPUDPPermissionState", async () => {
    for (const options of [
        { remoteAddress: "192.0.2.1", remotePort: 53 },
        { remoteAddress: "192.0.2.2", remotePort: 53 },
        undefined,
    ]) {
        ok(["granted", "denied", "prompt"].includes(await permission.hasPermission(options)));
    }
});

test("W3C-017: UDPPermission.hasPermission() without options asks like one with an empty dictionary", async () => {
    equal(await permission.hasPermission(), await permission.hasPermission({}));
    equal(await permission.hasPermission(), "denied");
});

test("W3C-018: UDPPermission.requestPermission() returns a promise that tells the outcome", async () => {
    const promise = permission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: 53 });
    ok(promise instanceof Promise);
    equal(await promise, undefined);
    await rejects(permission.requestPermission({ remoteAddress: "192.0.2.2", remotePort: 53 }));
});

test("W3C-019: UDPPermission.requestPermission() returns first and settles later", async () => {
    let settled = false;
    const promise = permission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: 53 }).then(() => {
        settled = true;
    });
    equal(settled, false);
    await promise;
});

test("W3C-020: UDPPermission.requestPermission() rejects with SecurityError where sending to the remote address and port is denied", async () => {
    await rejects(
        permission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: 54 }),
        "SecurityError",
    );
});

test("W3C-021: UDPPermission.requestPermission() rejects with SecurityError where binding to the local address and port is denied", async () => {
    await rejects(
        permission.requestPermission({ localAddress: "127.0.0.1", localPort: 5001 }),
        "SecurityError",
    );
});

test("W3C-022: UDPPermission.requestPermission() resolves where no consent is needed", async () => {
    equal(await permission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: 53 }), undefined);
});

test("W3C-023: UDPPermission.requestPermission() without options asks like one with an empty dictionary", async () => {
    await rejects(permission.requestPermission(), "SecurityError");
    await rejects(permission.requestPermission({}), "SecurityError");
});
