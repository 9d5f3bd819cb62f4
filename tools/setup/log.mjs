// log.mjs - what the build scripts print and how they stop: progress lines, warnings that can't be overlooked, and
// errors that say what to do next.

const quiet = { value: false };

/** From now on `progress` prints nothing. */
export function beQuiet() {
    quiet.value = true;
}

export function progress(text) {
    if (!quiet.value) {
        console.log(`[cleat] ${text}`);
    }
}

export function warn(text) {
    const lines = text.split("\n").map((line) => `*** ${line}`);
    console.error(["", "*** WARNING", ...lines, ""].join("\n"));
}

/** A failure whose message is all that the user needs: no stack trace. */
export class SetupError extends Error {}

/** Runs the main function of a script and turns a SetupError into its text and exit code 1. */
export async function runMain(main) {
    try {
        process.exitCode = (await main()) ?? 0;
    } catch (error) {
        if (!(error instanceof SetupError)) {
            throw error;
        }
        console.error(`\nerror: ${error.message}`);
        process.exitCode = 1;
    }
}
