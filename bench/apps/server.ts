// server.ts - what the TCP servers among the apps begin with. With a certificate and its key (PEM) as arguments of the app
// it is TLS.

/** Listens on a port of the system's choice, prints it, and gives the connections. */
export async function listen(): Promise<ReadableStream<TCPSocket>> {
    const [cert, key] = cleat.args;
    const secure = cert === undefined || key === undefined ? {} : { useSecureTransport: true, cert, key };
    const server = new TCPServerSocket({ localAddress: "127.0.0.1", localPort: 0, ...secure });
    const { readable, localPort } = await server.opened;
    console.log(localPort);
    return readable;
}
