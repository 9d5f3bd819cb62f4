// flags: --allow tcp.listen=127.0.0.1:8000
// tcp_server_permission.test.ts - W3C TCP and UDP Socket API: "TCPServerPermission Interface".
import { equal, ok, rejects, test } from "../harness.ts";

const permission = navigator.tcpServerPermission;

test("W3C-035: TCPServerPermission.hasPermission() returns a promise for the state", async () => {
    const promise = permission.hasPermission({ localAddress: "127.0.0.1", localPort: 8000 });
    ok(promise instanceof Promise);
    equal(await promise, "granted");
});

test("W3C-036: TCPServerPermission.hasPermission() returns first and settles later", async () => {
    let settled = false;
    const promise = permission.hasPermission({ localAddress: "127.0.0.1", localPort: 8000 }).then(() => {
        settled = true;
    });
    equal(settled, false);
    await promise;
    equal(settled, true);
});

test("W3C-037: TCPServerPermission.hasPermission() answers for the options given", async () => {
    equal(await permission.hasPermission({ localAddress: "127.0.0.1", localPort: 8000 }), "granted");
    equal(await permission.hasPermission({ localAddress: "127.0.0.2", localPort: 8000 }), "denied");
    equal(await permission.hasPermission({ localAddress: "127.0.0.1" }), "denied");
});

test("W3C-038: TCPServerPermission.hasPermission() rejects if there is an error", async () => {
    await rejects(permission.hasPermission({ localAddress: "no host" }), "InvalidAccessError");
    await rejects(permission.hasPermission({ localPort: NaN }), "InvalidAccessError");
    await rejects(permission.hasPermission(7 as unknown as TCPServerPermissionOptions), "TypeError");
    await rejects(permission.hasPermission.call({} as TCPServerPermission), "TypeError");
});

test("W3C-039: TCPServerPermission.hasPermission() resolves with a TCPUDPPermissionState", async () => {
    for (const options of [
        { localAddress: "127.0.0.1", localPort: 8000 },
        { localAddress: "127.0.0.2", localPort: 8000 },
        undefined,
    ]) {
        ok(["granted", "denied", "prompt"].includes(await permission.hasPermission(options)));
    }
});

test("W3C-040: TCPServerPermission.hasPermission() without options asks like one with an empty dictionary", async () => {
    equal(await permission.hasPermission(), await permission.hasPermission({}));
    equal(await permission.hasPermission(), "denied");
});

test("W3C-041: TCPServerPermission.requestPermission() returns a promise that tells the outcome", async () => {
    const promise = permission.requestPermission({ localAddress: "127.0.0.1", localPort: 8000 });
    ok(promise instanceof Promise);
    equal(await promise, undefined);
    await rejects(permission.requestPermission({ localAddress: "127.0.0.2", localPort: 8000 }));
});

test("W3C-042: TCPServerPermission.requestPermission() returns first and settles later", async () => {
    let settled = false;
    const promise = permission.requestPermission({ localAddress: "127.0.0.1", localPort: 8000 }).then(() => {
        settled = true;
    });
    equal(settled, false);
    await promise;
});

test("W3C-043: TCPServerPermission.requestPermission() rejects with SecurityError where binding to the local address and port is denied", async () => {
    await rejects(
        permission.requestPermission({ localAddress: "127.0.0.1", localPort: 8001 }),
        "SecurityError",
    );
});

test("W3C-044: TCPServerPermission.requestPermission() resolves where no consent is needed", async () => {
    equal(await permission.requestPermission({ localAddress: "127.0.0.1", localPort: 8000 }), undefined);
});

test("W3C-045: TCPServerPermission.requestPermission() without options asks like one with an empty dictionary", async () => {
    await rejects(permission.requestPermission(), "SecurityError");
    await rejects(permission.requestPermission({}), "SecurityError");
});
