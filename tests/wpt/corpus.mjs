// corpus.mjs - the files of the Web Platform Tests: where they are, and which version it is. They are fetched when a
// test needs them for the first time, not by the build, and are never changed.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { SetupError, warn } from "../../tools/setup/log.mjs";
import { fetchSources } from "../../tools/setup/third_party.mjs";

const pin = JSON.parse(readFileSync(path.join(import.meta.dirname, "corpus.json"), "utf8")).wpt;

/** A folder given by CLEAT_WPT_DIR may hold another version: that is somebody's wish, but results will differ. */
function checkVersion(folder) {
    for (const [name, expected] of Object.entries(pin.files)) {
        const file = path.join(folder, name);
        if (!existsSync(file)) {
            throw new SetupError(`${folder} holds no Web Platform Tests: it has no ${name}`);
        }
        const actual = createHash("sha256").update(readFileSync(file)).digest("hex");
        if (actual !== expected) {
            warn(
                `${file} is not that of the pinned Web Platform Tests (tests/wpt/corpus.json):\n` +
                    "tests/wpt/tests.json and tests/wpt/exclusions.json may not fit.",
            );
            return;
        }
    }
}

let found;

/** The folder of the corpus; fetches it if it is missing. */
export function provideCorpus() {
    found ??= fetchSources("wpt", pin).then((folder) => {
        checkVersion(folder);
        return folder;
    });
    return found;
}

/** The names of the *.any.js files of a folder of the corpus. */
export function testFiles(corpus, folder) {
    return readdirSync(path.join(corpus, folder)).filter((name) => name.endsWith(".any.js"));
}
