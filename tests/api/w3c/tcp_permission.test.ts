// flags: --allow tcp.connect=192.0.2.1:80
// tcp_permission.test.ts - W3C TCP and UDP Socket API: "TCPPermission Interface".
import { equal, ok, rejects, test } from "../harness.ts";

const permission = navigator.tcpPermission;

test("W3C-024: TCPPermission.hasPermission() returns a promise for the state", async () => {
    const promise = permission.hasPermission({ remoteAddress: "192.0.2.1", remotePort: 80 });
    ok(promise instanceof Promise);
    equal(await promise, "granted");
});

test("W3C-025: TCPPermission.hasPermission() returns first and settles later", async () => {
    let settled = false;
    const promise = permission.hasPermission({ remoteAddress: "192.0.2.1", remotePort: 80 }).then(() => {
        settled = true;
    });
    equal(settled, false);
    await promise;
    equal(settled, true);
});

test("W3C-026: TCPPermission.hasPermission() answers for the options given", async () => {
    equal(await permission.hasPermission({ remoteAddress: "192.0.2.1", remotePort: 80 }), "granted");
    equal(await permission.hasPermission({ remoteAddress: "192.0.2.2", remotePort: 80 }), "denied");
    equal(await permission.hasPermission({ remoteAddress: "192.0.2.1" }), "denied");
});

test("W3C-027: TCPPermission.hasPermission() rejects if there is an error", async () => {
    await rejects(permission.hasPermission({ remoteAddress: "no host" }), "InvalidAccessError");
    await rejects(permission.hasPermission({ remotePort: -1 }), "InvalidAccessError");
    await rejects(permission.hasPermission(7 as unknown as TCPPermissionOptions), "TypeError");
    await rejects(permission.hasPermission.call({} as TCPPermission), "TypeError");
});

test("W3C-028: TCPPermission.hasPermission() resolves with a TCPUDPPermissionState", async () => {
    for (const options of [
        { remoteAddress: "192.0.2.1", remotePort: 80 },
        { remoteAddress: "192.0.2.2", remotePort: 80 },
        undefined,
    ]) {
        ok(["granted", "denied", "prompt"].includes(await permission.hasPermission(options)));
    }
});

test("W3C-029: TCPPermission.hasPermission() without options asks like one with an empty dictionary", async () => {
    equal(await permission.hasPermission(), await permission.hasPermission({}));
    equal(await permission.hasPermission(), "denied");
});

test("W3C-030: TCPPermission.requestPermission() returns a promise that tells the outcome", async () => {
    const promise = permission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: 80 });
    ok(promise instanceof Promise);
    equal(await promise, undefined);
    await rejects(permission.requestPermission({ remoteAddress: "192.0.2.2", remotePort: 80 }));
});

test("W3C-031: TCPPermission.requestPermission() returns first and settles later", async () => {
    let settled = false;
    const promise = permission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: 80 }).then(() => {
        settled = true;
    });
    equal(settled, false);
    await promise;
});

test("W3C-032: TCPPermission.requestPermission() rejects with SecurityError where connecting to the remote address and port is denied", async () => {
    await rejects(
        permission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: 81 }),
        "SecurityError",
    );
});

test("W3C-033: TCPPermission.requestPermission() resolves where no consent is needed", async () => {
    equal(await permission.requestPermission({ remoteAddress: "192.0.2.1", remotePort: 80 }), undefined);
});

test("W3C-034: TCPPermission.requestPermission() without options asks like one with an empty dictionary", async () => {
    await rejects(permission.requestPermission(), "SecurityError");
    await rejects(permission.requestPermission({}), "SecurityError");
});
