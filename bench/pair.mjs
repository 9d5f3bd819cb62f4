// pair.mjs - the certificate that the bench's TLS servers show, and its key: ECDSA on P-256, signed by itself, for
// localhost. `openssl` makes a new pair when the first of them is started, so that none lies in the repository or expires;
// the load generator believes any.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { outputDir, run } from "./process.mjs";

const folder = path.join(outputDir, "tls");
const certificate = path.join(folder, "certificate.pem");
const key = path.join(folder, "key.pem");
let made;

async function make() {
    mkdirSync(folder, { recursive: true });
    await run([
        ...[
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-sha256",
        ],
        ...["-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        ...["-out", certificate, "-keyout", key],
    ]);
}

/** The paths of certificate and key, as PEM. */
export async function pair() {
    await (made ??= make());
    return [certificate, key];
}
