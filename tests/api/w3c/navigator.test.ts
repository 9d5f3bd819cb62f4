// flags: -A
// navigator.test.ts - W3C TCP and UDP Socket API: "Navigator Interface".
import { equal, ok, test, throws } from "../harness.ts";

function checkAttribute(
    name: "udpPermission" | "tcpPermission" | "tcpServerPermission",
    interface_: string,
): void {
    const object = navigator[name] as object;
    equal(navigator[name] as object, object, "the same object each time");
    equal(Object.prototype.toString.call(object), `[object ${interface_}]`);
    const attribute = Object.getOwnPropertyDescriptor(Navigator.prototype, name);
    ok(attribute?.get !== undefined && attribute.set === undefined, "read-only");
    ok(object instanceof (globalThis as unknown as Record<string, new () => object>)[interface_]!);
    throws(() => new (globalThis as unknown as Record<string, new () => object>)[interface_]!(), {
        name: "TypeError",
        message: "Illegal constructor",
    });
}

test("W3C-009: navigator.udpPermission exposes permission for UDPSocket", () => {
    checkAttribute("udpPermission", "UDPPermission");
});

test("W3C-010: navigator.tcpPermission exposes permission for TCPSocket", () => {
    checkAttribute("tcpPermission", "TCPPermission");
});

test("W3C-011: navigator.tcpServerPermission exposes permission for TCPServerSocket", () => {
    checkAttribute("tcpServerPermission", "TCPServerPermission");
});
