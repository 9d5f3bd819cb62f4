// support.mjs - what the tests on Node share: the binary under test and its build.
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** The program under test; the runner sets it for each build. */
export const cleat = process.env.CLEAT_BINARY ?? path.join(root, "build/cleat");
/** "release", "asan", … */
export const preset = process.env.CLEAT_PRESET ?? "release";
