// client_auth.test.mjs - what the certificate of a client has to be for, where a server asks for one without
// requiring it. Not here: the matrix of bad certificates (tls_certificates.test.mjs).
import assert from "node:assert/strict";
import tls from "node:tls";
import { identity, roots } from "./certificates.mjs";
import { boundedTest, startServers } from "./tls_peers.mjs";

boundedTest('clientAuth "request": a certificate that is not for clients is refused', async () => {
    const ca = roots();
    const server = await startServers([{ options: { ...identity("good"), clientAuth: "request", ca } }]);
    const connect = (name, version) =>
        new Promise((resolve) => {
            const socket = tls.connect({
                ...{ port: server.ports[0], host: "127.0.0.1", servername: "server.example", ca },
                ...{ minVersion: version, maxVersion: version },
                ...identity(name),
            });
            socket.on("error", resolve);
            socket.once("secureConnect", () => {
                socket.write("x");
                socket.once("data", () => socket.destroy());
            });
            socket.once("close", resolve);
        });
    for (const [name, expected] of [
        ["client", "C=DE, O=Cleat Tests, CN=client 1"],
        ["bothUsages", "CN=bothUsages"],
        ["anyUsage", "CN=anyUsage"],
        ["serverOnly", "TLS_CERT_INVALID"],
        ["mailUsage", "TLS_CERT_INVALID"],
        ["noSignatureUsage", "TLS_CERT_INVALID"],
    ]) {
        for (const version of ["TLSv1.2", "TLSv1.3"]) {
            const [, event] = await Promise.all([connect(name, version), server.next(0)]);
            const seen = event.error?.code ?? event.opened.peerCertificate.subject;
            assert.equal(seen, expected, `${name} ${version}: ${JSON.stringify(event)}`);
        }
    }
    await server.stop();
});
