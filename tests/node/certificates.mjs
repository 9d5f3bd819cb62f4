// certificates.mjs - the certificates, keys and revocation lists of the TLS tests, good and bad in every way, made
// with the `openssl` program when a test asks for them first, in a folder that goes with the process. No tests here.
import { spawnSync } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

export const passphrase = "correct horse";
const serverNames = "DNS:localhost, DNS:server.example, IP:127.0.0.1, IP:::1";
const authority = ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign"];
const leafUsage = ["basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature"];
const serverUsage = [...leafUsage, "extendedKeyUsage = serverAuth"];

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
/** A subjectAltName with these bytes as its only DNS name, which no configuration file could spell. */
const rawDnsName = (text) => {
    const name = Buffer.from(text, "latin1");
    return `subjectAltName = DER:${hex([0x30, name.length + 2, 0x82, name.length, ...name])}`;
};
const named = (names, more = {}) => ({ ext: [...serverUsage, `subjectAltName = ${names}`], ...more });

/**
 * How each is made: `issuer` (absent: signed by itself), `key` (P-256 if absent), `from` and `to`, `md` and `sigopt` of
 * the signature, `ext` lines, `subject`, and the key to take over from another one (`keyOf`).
 */
const recipes = {
    root: { ca: true, key: "P-384", ext: authority, subject: "/C=DE/O=Cleat Tests/CN=Root EC" },
    intermediate: {
        ca: true,
        issuer: "root",
        ext: ["basicConstraints = critical, CA:TRUE, pathlen:0", authority[1]],
        subject: "/C=DE/O=Cleat Tests/CN=Intermediate EC",
    },
    rsaRoot: { ca: true, key: "RSA-2048", ext: authority, subject: "/C=DE/O=Cleat Tests/CN=Root RSA" },
    rsaIntermediate: {
        ca: true,
        key: "RSA-2048",
        issuer: "rsaRoot",
        ext: authority,
        subject: "/C=DE/O=Cleat Tests/CN=Intermediate RSA",
    },
    otherRoot: { ca: true, ext: authority, subject: "/C=DE/O=Somebody Else/CN=Root" },
    /** Has the name of `root` and another key. */
    impostorRoot: { ca: true, key: "P-384", ext: authority, subject: "/C=DE/O=Cleat Tests/CN=Root EC" },
    expiredRoot: { ca: true, ext: authority, from: 2010, to: 2021, subject: "/CN=Expired Root" },
    expiredIntermediate: { ca: true, issuer: "root", ext: authority, from: 2010, to: 2021 },
    weakIntermediate: { ca: true, key: "RSA-1024", issuer: "root", ext: authority },
    noCertSign: {
        ca: true,
        issuer: "root",
        ext: [authority[0], "keyUsage = critical, digitalSignature"],
    },
    /** pathlen:0 of `intermediate` forbids it. */
    tooDeep: { ca: true, issuer: "intermediate", ext: authority, subject: "/CN=Too Deep" },
    constrained: {
        ca: true,
        issuer: "root",
        ext: [...authority, "nameConstraints = critical, permitted;DNS:allowed.example"],
    },

    good: named(serverNames, { issuer: "intermediate", subject: "/C=DE/O=Cleat Tests/CN=server.example" }),
    /** A second one from the same authority. */
    other: named(serverNames, { issuer: "intermediate" }),
    rsa: named(serverNames, { key: "RSA-2048", issuer: "rsaIntermediate" }),
    p384: named(serverNames, { key: "P-384", issuer: "intermediate" }),
    p521: named(serverNames, { key: "P-521", issuer: "intermediate" }),
    ed25519: named(serverNames, { key: "ED25519", issuer: "intermediate" }),
    pssSigned: named(serverNames, {
        key: "RSA-2048",
        keyOf: "rsa",
        issuer: "rsaIntermediate",
        sigopt: ["rsa_padding_mode:pss", "rsa_pss_saltlen:32"],
    }),
    pssKey: named(serverNames, { key: "RSA-PSS", issuer: "rsaIntermediate" }),
    ecByRsa: named(serverNames, { issuer: "rsaIntermediate" }),
    byRoot: named(serverNames, { issuer: "root" }),
    anyUsage: { issuer: "intermediate", ext: [...leafUsage, `subjectAltName = ${serverNames}`] },
    bothUsages: {
        issuer: "intermediate",
        ext: [...leafUsage, "extendedKeyUsage = clientAuth, serverAuth", `subjectAltName = ${serverNames}`],
    },

    wildcard: named("DNS:*.wild.example", { issuer: "intermediate" }),
    upperCase: named("DNS:SERVER.Example", { issuer: "intermediate" }),
    manyNames: named(
        [...Array.from({ length: 200 }, (_, index) => `DNS:n${index}.many.example`), "IP:192.0.2.7"].join(
            ", ",
        ),
        { issuer: "intermediate" },
    ),
    partialWildcard: named("DNS:w*.wild.example", { issuer: "intermediate" }),
    innerWildcard: named("DNS:www.*.example", { issuer: "intermediate" }),
    bareWildcard: named("DNS:*", { issuer: "intermediate" }),
    topWildcard: named("DNS:*.example", { issuer: "intermediate" }),
    addressAsName: named("DNS:127.0.0.1", { issuer: "intermediate" }),
    addressOnly: named("IP:127.0.0.1, IP:::1, IP:192.0.2.1", { issuer: "intermediate" }),
    uriOnly: named("URI:https://server.example/", { issuer: "intermediate" }),
    nulName: {
        issuer: "intermediate",
        ext: [...serverUsage, rawDnsName("server.example\0.attacker.example")],
    },
    wrongName: named("DNS:elsewhere.example", { issuer: "intermediate" }),
    commonNameOnly: { issuer: "intermediate", ext: serverUsage, subject: "/CN=server.example" },

    expired: named(serverNames, { issuer: "intermediate", from: 2020, to: 2021 }),
    notYet: named(serverNames, { issuer: "intermediate", from: 2047, to: 2048 }),
    selfSigned: named(serverNames, {}),
    unknownAuthority: named(serverNames, { issuer: "otherRoot" }),
    byImpostor: named(serverNames, { issuer: "impostorRoot" }),
    byExpiredIntermediate: named(serverNames, { issuer: "expiredIntermediate" }),
    byExpiredRoot: named(serverNames, { issuer: "expiredRoot" }),
    byWeakIntermediate: named(serverNames, { issuer: "weakIntermediate" }),
    byNoCertSign: named(serverNames, { issuer: "noCertSign" }),
    byLeaf: named(serverNames, { issuer: "good" }),
    byTooDeep: named(serverNames, { issuer: "tooDeep" }),
    byConstrained: named(serverNames, { issuer: "constrained" }),
    rsa1024: named(serverNames, { key: "RSA-1024", issuer: "rsaIntermediate" }),
    sha1: named(serverNames, { key: "RSA-2048", keyOf: "rsa", issuer: "rsaIntermediate", md: "sha1" }),
    sha1Ec: named(serverNames, { issuer: "intermediate", md: "sha1" }),
    md5: named(serverNames, { key: "RSA-2048", keyOf: "rsa", issuer: "rsaIntermediate", md: "md5" }),
    revoked: named(serverNames, { issuer: "intermediate" }),
    clientUsage: {
        issuer: "intermediate",
        ext: [...leafUsage, "extendedKeyUsage = clientAuth", `subjectAltName = ${serverNames}`],
    },
    mailUsage: {
        issuer: "intermediate",
        ext: [...leafUsage, "extendedKeyUsage = emailProtection", `subjectAltName = ${serverNames}`],
    },
    noSignatureUsage: {
        issuer: "intermediate",
        ext: [
            leafUsage[0],
            "keyUsage = critical, keyAgreement",
            "extendedKeyUsage = serverAuth",
            `subjectAltName = ${serverNames}`,
        ],
    },
    unknownCritical: {
        issuer: "intermediate",
        ext: [...serverUsage, `subjectAltName = ${serverNames}`, "1.2.3.4.5 = critical, DER:05:00"],
    },

    client: {
        issuer: "intermediate",
        ext: [...leafUsage, "extendedKeyUsage = clientAuth"],
        subject: "/C=DE/O=Cleat Tests/CN=client 1",
    },
    rsaClient: {
        key: "RSA-2048",
        keyOf: "rsa",
        issuer: "rsaIntermediate",
        ext: [...leafUsage, "extendedKeyUsage = clientAuth"],
    },
    expiredClient: {
        issuer: "intermediate",
        from: 2020,
        to: 2021,
        ext: [...leafUsage, "extendedKeyUsage = clientAuth"],
    },
    unknownClient: { issuer: "otherRoot", ext: [...leafUsage, "extendedKeyUsage = clientAuth"] },
    selfSignedClient: { ext: [...leafUsage, "extendedKeyUsage = clientAuth"] },
    revokedClient: { issuer: "intermediate", ext: [...leafUsage, "extendedKeyUsage = clientAuth"] },
    serverOnly: { issuer: "intermediate", ext: serverUsage },
};
export const names = Object.keys(recipes);

const keyArguments = {
    "P-256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "P-384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "P-521": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "RSA-2048": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "RSA-1024": ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "RSA-PSS": ["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
    ED25519: ["ED25519"],
};

let home;
/** A folder for files of the tests of this process. */
export function folder() {
    if (home === undefined) {
        home = mkdtempSync(path.join(os.tmpdir(), "cleat-certificates-"));
        process.on("exit", () => rmSync(home, { recursive: true, force: true }));
    }
    return home;
}
const fileOf = (name) => path.join(folder(), name);

export function openssl(...args) {
    const { status, stderr, error } = spawnSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
    if (status !== 0) {
        throw new Error(`openssl ${args.join(" ")}: ${error ?? stderr}`);
    }
}

function makeKey(name) {
    const file = fileOf(`${name}.key`);
    const { keyOf, key = "P-256" } = recipes[name];
    if (keyOf !== undefined) {
        return makeKey(keyOf);
    }
    if (!existsSync(file)) {
        openssl("genpkey", "-algorithm", ...keyArguments[key], "-out", file);
    }
    return file;
}

/** The configuration of an authority: `openssl ca` wants a database, even an empty one. */
function database(name) {
    const base = fileOf(`${name}.ca`);
    if (!existsSync(base)) {
        mkdirSync(base);
        writeFileSync(path.join(base, "index"), "");
        writeFileSync(path.join(base, "index.attr"), "unique_subject = no\n");
        writeFileSync(path.join(base, "number"), "01\n");
        writeFileSync(
            path.join(base, "conf"),
            `[ca]\ndefault_ca = a\n[a]\ndatabase = ${base}/index\nnew_certs_dir = ${base}\ncrlnumber = ${base}/number\nserial = ${base}/number\n` +
                "default_md = sha256\npolicy = p\nemail_in_dn = no\n[p]\ncountryName = optional\n" +
                "organizationName = optional\ncommonName = supplied\n",
        );
    }
    return path.join(base, "conf");
}

function sign(name) {
    const recipe = recipes[name];
    const { issuer, from = 2019, to = 2049, md = "sha256", sigopt = [] } = recipe;
    const keyFile = makeKey(name);
    const [request, extensions, file] = ["csr", "ext", "pem"].map((end) => fileOf(`${name}.${end}`));
    const subject = recipe.subject ?? `/CN=${name}`;
    openssl("req", "-new", "-key", keyFile, "-subj", subject, "-out", request);
    writeFileSync(extensions, `${recipe.ext.join("\n")}\n`);
    const signer =
        issuer === undefined
            ? ["-selfsign", "-keyfile", keyFile]
            : ["-cert", certificate(issuer).file, "-keyfile", certificate(issuer).keyFile];
    openssl(
        ...["ca", "-batch", "-notext", "-rand_serial", "-config", database(issuer ?? name)],
        ...["-in", request, "-out", file, "-extfile", extensions, "-md", md, ...signer],
        ...["-startdate", `${from}0101000000Z`, "-enddate", `${to}0101000000Z`],
        ...sigopt.flatMap((option) => ["-sigopt", option]),
    );
    return { file, keyFile };
}

const made = new Map();
/**
 * A certificate by its recipe: `pem`, `der`, `file`; `key` (PEM) and `keyFile`; `chain` (PEM, leaf first, without the
 * root) and `chainFile`; `pin`, as the option `pins` wants it.
 */
export function certificate(name) {
    if (!made.has(name)) {
        const { file, keyFile } = sign(name);
        const pem = readFileSync(file, "utf8");
        const issuer = recipes[name].issuer;
        const chain =
            issuer === undefined || recipes[issuer].issuer === undefined ? "" : certificate(issuer).chain;
        const chainFile = fileOf(`${name}.chain`);
        writeFileSync(chainFile, pem + chain);
        const x509 = new X509Certificate(pem);
        made.set(name, {
            name,
            pem,
            file,
            keyFile,
            chainFile,
            der: x509.raw,
            key: readFileSync(keyFile, "utf8"),
            chain: pem + chain,
            get pin() {
                const spki = x509.publicKey.export({ type: "spki", format: "der" });
                return `sha256/${createHash("sha256").update(spki).digest("base64")}`;
            },
        });
    }
    return made.get(name);
}

/** Cert and key under the names of the options. */
export const identity = (name) => ({ cert: certificate(name).chain, key: certificate(name).key });

/** The roots that the tests trust, as PEM. */
export const roots = () => certificate("root").pem + certificate("rsaRoot").pem;

const lists = new Map();
/** A revocation list of an authority, PEM; `revoked`: names of certificates; `past`: it is out of date. */
export function revocationList(issuer, revoked = [], { past = false } = {}) {
    const id = [issuer, ...revoked, past].join("-");
    if (!lists.has(id)) {
        const { file, keyFile } = certificate(issuer);
        const config = ["-config", database(id), "-cert", file, "-keyfile", keyFile]; // a database of its own
        revoked.forEach((name) => openssl("ca", ...config, "-revoke", certificate(name).file));
        const times = past
            ? ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20210101000000Z"]
            : ["-crldays", "365"];
        openssl("ca", "-gencrl", ...config, ...times, "-out", fileOf(`${id}.crl`));
        lists.set(id, readFileSync(fileOf(`${id}.crl`), "utf8"));
    }
    return lists.get(id);
}

const forms = {
    "PKCS#8": ["pkcs8", "-topk8", "-nocrypt"],
    "PKCS#8 DER": ["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"],
    "PKCS#1": ["rsa", "-traditional"],
    "PKCS#1 DER": ["rsa", "-traditional", "-outform", "DER"],
    SEC1: ["ec"],
    "SEC1 DER": ["ec", "-outform", "DER"],
    encrypted: ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", `pass:${passphrase}`],
    "encrypted DER": [
        "pkcs8",
        "-topk8",
        "-v2",
        "aes-256-cbc",
        "-passout",
        `pass:${passphrase}`,
        "-outform",
        "DER",
    ],
    "encrypted AES-128": ["pkcs8", "-topk8", "-v2", "aes-128-cbc", "-passout", `pass:${passphrase}`],
    "old encryption": ["rsa", "-traditional", "-aes256", "-passout", `pass:${passphrase}`],
};
/** The key of a certificate in another form, as a Buffer. */
export function keyIn(name, form) {
    const out = fileOf(`${name}.${form.replaceAll(/\W/g, "")}`);
    if (!existsSync(out)) {
        const [program, ...args] = forms[form];
        openssl(program, "-in", certificate(name).keyFile, ...args, "-out", out);
    }
    return readFileSync(out);
}
