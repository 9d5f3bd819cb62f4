// network.ts - which network interfaces an app should use, and which addresses are on their links. IPv4, as UPnP
// devices in homes use it.

/** An interface that multicast works on, with its IPv4 addresses. */
export interface Link {
    readonly name: string;
    /** The first of them. */
    readonly address: string;
    readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[];
}

/**
 * The interfaces that are up, can multicast and have an IPv4 address. Loopback is among them only where there is
 * nothing else, or if asked for; Linux does not flag it as multicast, but it works there.
 */
export function usableLinks(withLoopback = false): Link[] {
    const links = cleat.network
        .interfaces()
        .filter(({ up, multicast, loopback }) => up && (multicast || loopback))
        .flatMap(({ name, loopback, addresses: all }) => {
            const addresses = all.filter(({ family }) => family === "ipv4");
            return addresses.slice(0, 1).map(({ address }) => ({ name, loopback, address, addresses }));
        });
    const others = links.filter(({ loopback }) => !loopback);
    return withLoopback || others.length === 0 ? links : others;
}

/** The own address by which a peer on this link reaches us; undefined if the peer is not on the link. */
export function addressTowards(link: Link, peer: string): string | undefined {
    const found = link.addresses.find(
        ({ address, prefixLength }) => networkOf(address, prefixLength) === networkOf(peer, prefixLength),
    );
    return found?.address;
}

function networkOf(address: string, prefixLength: number): number | undefined {
    const bytes = address.split(".").map(Number);
    if (bytes.length !== 4 || bytes.some(Number.isNaN)) {
        return undefined;
    }
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    return Math.floor(value / 2 ** (32 - prefixLength));
}
