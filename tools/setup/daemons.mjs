// daemons.mjs - programs that tests talk to and whose Debian package would start a service on this machine when it is
// installed: the package is unpacked into the cache instead, and only the libraries that it needs are installed.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { SetupError, progress } from "./log.mjs";
import { aptInstall, hasApt, inPath } from "./packages.mjs";
import { cacheDir } from "./third_party.mjs";

/** `name` of the package and of its folder in the cache, `packages` where it takes several of them. */
const daemons = [
    { name: "minidlna", program: "minidlnad", folder: "usr/sbin", why: "a real UPnP device to discover" },
    {
        name: "dovecot",
        packages: ["dovecot-core", "dovecot-imapd", "dovecot-pop3d"],
        program: "dovecot",
        folder: "usr/sbin",
        why: "a real IMAP and POP3 server, with OpenSSL",
    },
    {
        name: "exim4",
        packages: ["exim4-daemon-light"],
        program: "exim4",
        folder: "usr/sbin",
        why: "a real SMTP server, with GnuTLS",
    },
    { name: "ngircd", program: "ngircd", folder: "usr/sbin", why: "a real IRC server, with GnuTLS" },
];

/** Names in a Depends field, the first of each alternative. */
function dependencies(deb) {
    const field = execFileSync("dpkg-deb", ["-f", deb, "Depends"], { encoding: "utf8" });
    const names = field.split(",").map((part) =>
        part
            .split("|")[0]
            .replace(/\(.*?\)/, "")
            .trim(),
    );
    return names.filter((name) => name.startsWith("lib"));
}

function fetchDaemon({ name, packages = [name], why }) {
    if (!hasApt() || process.getuid() !== 0) {
        throw new SetupError(
            `the tests need ${packages.join(" ")} (${why}), and the libraries can only be installed by root.\n` +
                `Install it (sudo apt-get install ${packages.join(" ")}) and stop its service if you don't want it.`,
        );
    }
    progress(`unpacking ${name}, ${why} (not installed: its service would start on this machine)`);
    const work = path.join(cacheDir, "apt", name);
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    execFileSync(
        "apt-get",
        ["-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", "download", ...packages],
        {
            cwd: work,
            stdio: ["ignore", "ignore", "inherit"],
        },
    );
    const debs = readdirSync(work).map((file) => path.join(work, file));
    aptInstall([...new Set(debs.flatMap(dependencies))]);
    debs.forEach((deb) => execFileSync("dpkg-deb", ["-x", deb, path.join(work, "unpacked")]));
    renameSync(path.join(work, "unpacked"), path.join(cacheDir, name));
    rmSync(work, { recursive: true, force: true });
}

/** Fetches what is missing and puts all of them into PATH. */
export function provideDaemons() {
    for (const daemon of daemons) {
        if (inPath(daemon.program)) {
            continue;
        }
        if (!existsSync(path.join(cacheDir, daemon.name))) {
            fetchDaemon(daemon);
        }
        process.env.PATH = `${process.env.PATH}${path.delimiter}${path.join(cacheDir, daemon.name, daemon.folder)}`;
    }
}
