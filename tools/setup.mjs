// setup.mjs - brings a machine to the point where Cleat can be built: checks Node.js, installs npm packages, missing
// Debian packages and third-party sources. `npm start`, `npm test` and `npm run build` do this first; when nothing
// is missing it takes no time. Needs nothing but Node.js, since it runs before npm packages are there.
//
//     node tools/setup.mjs [--tests]
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SetupError, progress, runMain } from "./setup/log.mjs";
import {
    buildPackages,
    crossPackages,
    installMissing,
    lintPackages,
    testPackages,
} from "./setup/packages.mjs";
import { provideDaemons } from "./setup/daemons.mjs";
import { fetchThirdParty } from "./setup/third_party.mjs";

const root = path.join(import.meta.dirname, "..");
const nodeMajor = 20;

function checkNode() {
    if (Number.parseInt(process.versions.node, 10) < nodeMajor) {
        throw new SetupError(`Node.js ${nodeMajor} or newer is needed; this is ${process.versions.node}`);
    }
    if (process.platform !== "linux") {
        throw new SetupError("Cleat builds on Linux only; use a Linux machine or container");
    }
}

/** `npm ci`, unless the installed packages are those of the lockfile. */
export function installNpmPackages() {
    const stamp = path.join(root, "node_modules/.cleat-lockfile");
    const hash = createHash("sha256")
        .update(readFileSync(path.join(root, "package-lock.json")))
        .digest("hex");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) {
        return;
    }
    progress(
        "installing npm packages (esbuild bundles the built-in modules, TypeScript and ESLint check them)",
    );
    const result = spawnSync("npm", ["ci", "--no-progress"], {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit"],
    });
    if (result.status !== 0) {
        throw new SetupError("npm ci failed (its messages are above)");
    }
    writeFileSync(stamp, hash);
}

const purposes = {
    build: { packages: buildPackages },
    lint: { packages: [...buildPackages, ...lintPackages] },
    "quick tests": { packages: [...buildPackages, ...testPackages], daemons: true },
    "cross builds": { packages: [...buildPackages, ...crossPackages], crossSources: true },
    tests: {
        packages: [...buildPackages, ...testPackages, ...crossPackages],
        daemons: true,
        crossSources: true,
    },
};

/** Installs and fetches what a purpose needs: "build", "lint", "quick tests", "cross builds" or "tests". */
export async function setUp(purpose = "build") {
    const { packages, daemons = false, crossSources = false } = purposes[purpose];
    checkNode();
    installMissing(packages);
    installNpmPackages();
    await fetchThirdParty(crossSources);
    if (daemons) {
        provideDaemons();
    }
}

if (process.argv[1] === import.meta.filename) {
    await runMain(async () => {
        await setUp(process.argv.includes("--tests") ? "tests" : "build");
        progress("everything that is needed is there");
    });
}
