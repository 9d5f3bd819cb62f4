// endpoint.ts - "host:port" as people write it on a command line.

export interface Endpoint {
    readonly host: string;
    readonly port: number;
}

/** Takes "host", "host:port" or "[IPv6 address]:port" apart; undefined if it is none of them. */
export function parseEndpoint(text: string, defaultPort: number): Endpoint | undefined {
    const [, bracketed, plain, port = String(defaultPort)] =
        /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const host = bracketed ?? plain;
    return host === undefined || Number(port) < 1 || Number(port) > 65535
        ? undefined
        : { host, port: Number(port) };
}
