/*
 * udp_arguments.ts - what a UDPSocket is given: the checks of its constructor and of multicast groups.
 * Not here: option dictionaries (core/options.ts), the class (udp_socket.ts).
 * Spec: W3C TCP and UDP Socket API, "Interface UDPSocket".
 */
import { any } from "cleat:native/permission";
import { hostKind } from "cleat:native/resolver";
import type { UdpOptions } from "cleat:native/udp";
import { invalidPort } from "../core/convert.ts";
import { domException, securityError } from "../core/errors.ts";
import type { UdpSocketOptions } from "../core/options.ts";
import { anyUdp, isGroup, requireGranted, udpUseQuestions } from "../core/permission.ts";

/** Steps 2 to 4: permission for the options, then whether they are hosts and ports at all. */
export function checkOptions(options: UdpSocketOptions): void {
    const { localAddress, localPort, remoteAddress, remotePort } = options;
    const remoteValid = remoteAddress === null || hostKind(remoteAddress) !== null;
    const localValid = localAddress === null || isAddress(localAddress);
    const remotePortValid = remotePort === null || remotePort >= 1;
    const localPortValid = localPort === null || localPort === localPort;
    // A port of the system's choice, or a default port without a host, is nothing to ask for yet.
    const boundPort = localPort === 0 && localAddress === null ? null : localPort;
    const given = localAddress !== null || boundPort !== null || remoteAddress !== null;
    if (!given || !remoteValid || !localValid || !remotePortValid || !localPortValid) {
        if (!anyUdp()) {
            throw securityError("udp.send", null, -1, null, false);
        }
    } else {
        requireGranted(udpUseQuestions({ ...options, localPort: boundPort }, remoteAddress !== null));
    }
    if (!remoteValid) {
        throw domException(
            "InvalidAccessError",
            "UDPSocket: remoteAddress is not a valid host name or address",
        );
    }
    if (!remotePortValid) {
        throw invalidPort("UDPSocket: remotePort");
    }
    if (!localValid) {
        throw domException("InvalidAccessError", "UDPSocket: localAddress is not an address of this device");
    }
    if (!localPortValid) {
        throw invalidPort("UDPSocket: localPort");
    }
}

/** What the native is to do. */
export function openOptions(options: UdpSocketOptions): UdpOptions {
    return {
        localAddress: options.localAddress,
        localPort: options.localPort ?? 0,
        remoteAddress: options.remoteAddress,
        remotePort: options.remoteAddress === null ? 0 : (options.remotePort ?? 0),
        addressReuse: options.addressReuse,
        addressSharing: options.multicastAllowAddressSharing,
        ipv6Only: options.ipv6Only,
        loopback: options.loopback,
        broadcast: options.broadcast ?? any("broadcast"),
        interface: options.interface,
        hops: options.timeToLive,
        multicastHops: options.multicastTimeToLive,
        sendBufferSize: options.sendBufferSize,
        receiveBufferSize: options.receiveBufferSize,
        family: options.family,
    };
}

export function checkGroup(group: string, source: string | null, what: string): void {
    if (!isGroup(group)) {
        throw domException(
            "InvalidAccessError",
            `${what}: "${group}" is not the address of a multicast group`,
        );
    }
    if (source !== null && (!isAddress(source) || isGroup(source))) {
        throw domException("InvalidAccessError", `${what}: source is not the address of a host`);
    }
}

function isAddress(host: string): boolean {
    const kind = hostKind(host);
    return kind === "ipv4" || kind === "ipv6";
}
