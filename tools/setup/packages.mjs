// packages.mjs - the Debian packages that building and testing need, each with its reason, and their installation.
// A package counts as present if its program or file is there, however it came: nothing is installed twice and other
// distributions only need the same programs.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { SetupError, progress, warn } from "./log.mjs";

export const buildPackages = [
    { name: "gcc", program: "cc", why: "compiles the runtime and the engine" },
    { name: "libc6-dev", file: "/usr/include/stdio.h", why: "headers of the C library" },
    { name: "cmake", program: "cmake", why: "describes the build" },
    { name: "ninja-build", program: "ninja", why: "runs the build" },
    { name: "bzip2", program: "bzip2", why: "unpacks sources" },
];

export const lintPackages = [
    { name: "clang-format", program: "clang-format", why: "checks the format of C code" },
];

/** What the tests of the release and sanitizer builds need. */
export const testPackages = [
    { name: "iproute2", program: "ip", why: "network namespaces with interfaces of their own" },
    { name: "valgrind", program: "valgrind", why: "counts the instructions of fixed scenarios" },
    { name: "openssl", program: "openssl", why: "certificates of the TLS tests, and a peer" },
    { name: "gnutls-bin", program: "gnutls-serv", why: "a peer of the TLS tests" },
    { name: "faketime", program: "faketime", why: "clocks that are wrong, for certificates" },
];

/** What fuzzing and the builds for other processors and C libraries need. */
export const crossPackages = [
    { name: "clang", program: "clang", why: "compiles the fuzzers" },
    {
        name: "libclang-rt-dev",
        glob: ["/usr/lib/llvm-*/lib/clang/*/lib/linux", "libclang_rt.fuzzer-"],
        why: "libFuzzer",
    },
    { name: "musl-tools", program: "musl-gcc", why: "the fully static build" },
    { name: "gcc-mipsel-linux-gnu", program: "mipsel-linux-gnu-gcc", why: "the build for 32-bit MIPS" },
    {
        name: "linux-libc-dev-mipsel-cross",
        file: "/usr/mipsel-linux-gnu/include/linux/netlink.h",
        why: "kernel headers for 32-bit MIPS",
    },
    { name: "qemu-user", program: "qemu-mipsel", why: "runs the MIPS build" },
];

/** Whether a program is in PATH. */
export function inPath(program) {
    return (process.env.PATH ?? "").split(path.delimiter).some((folder) => {
        try {
            accessSync(path.join(folder, program), constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

/** Whether a file whose name starts with `prefix` is in a folder that matches `pattern` (one * per level). */
function globExists([pattern, prefix]) {
    let folders = ["/"];
    for (const part of pattern.split("/").filter(Boolean)) {
        const expression = new RegExp(`^${part.replaceAll("*", ".*")}$`);
        folders = folders.flatMap((folder) =>
            existsSync(folder)
                ? readdirSync(folder)
                      .filter((name) => expression.test(name))
                      .map((name) => path.join(folder, name))
                : [],
        );
    }
    return folders.some((folder) => readdirSync(folder).some((name) => name.startsWith(prefix)));
}

function isPresent(item) {
    if (item.program !== undefined) {
        return inPath(item.program);
    }
    return item.file !== undefined ? existsSync(item.file) : globExists(item.glob);
}

export function hasApt() {
    return inPath("apt-get");
}

function aptGet(args, environment = {}) {
    const result = spawnSync(
        "apt-get",
        ["-q", "-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=3", ...args],
        {
            stdio: ["ignore", "inherit", "inherit"],
            env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C", ...environment },
        },
    );
    return result.status === 0;
}

/** Installs by name; the caller has said why. */
export function aptInstall(names) {
    if (aptGet(["install", "-y", "--no-install-recommends", ...names])) {
        return;
    }
    progress("apt knows no such package yet or its lists are old: apt-get update");
    if (!aptGet(["update"])) {
        warn("apt-get update reported errors (above); trying to install with the lists that there are");
    }
    if (!aptGet(["install", "-y", "--no-install-recommends", ...names])) {
        throw new SetupError(
            `apt-get could not install ${names.join(" ")} (its messages are above).\n` +
                `Repair that, for example with "apt-get update && apt-get -f install", and run this again.`,
        );
    }
}

/** Installs what is missing of a list; without root or apt, an error names all of it. */
export function installMissing(packages) {
    const missing = packages.filter((item) => !isPresent(item));
    if (missing.length === 0) {
        return;
    }
    const width = Math.max(...missing.map(({ name }) => name.length));
    const table = missing.map(({ name, why }) => `    ${name.padEnd(width)}  ${why}`).join("\n");
    const names = missing.map(({ name }) => name);
    if (!hasApt()) {
        throw new SetupError(
            `these programs are missing, and there is no apt-get to install them (names are Debian's):\n${table}\n` +
                "Install them with the package manager of this system and run this again.",
        );
    }
    if (process.getuid() !== 0) {
        throw new SetupError(
            `these packages are missing:\n${table}\nInstall them and run this again:\n` +
                `    sudo apt-get update && sudo apt-get install --no-install-recommends ${names.join(" ")}`,
        );
    }
    progress(`installing ${missing.length} Debian packages:\n${table}`);
    aptInstall(names);
    const still = missing.filter((item) => !isPresent(item));
    if (still.length > 0) {
        throw new SetupError(
            `installed, but not found afterwards: ${still.map((item) => item.program ?? item.file ?? item.glob.join("/")).join(", ")}`,
        );
    }
}
