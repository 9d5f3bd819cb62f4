// failure.ts - how a verb ends without success: an error whose message is all that the user needs, and the exit code.

export const exitCodes = { success: 0, failure: 1, usage: 2 } as const;

/** Something went wrong with what was asked for: exit code 1, no stack trace. */
export class Failure extends Error {}

/** The command line makes no sense: exit code 2, with a pointer to the help. */
export class UsageError extends Error {}

/** The errno name of a failed system call, or undefined. */
export function errnoOf(error: unknown): string | undefined {
    return error instanceof Error && "code" in error && typeof error.code === "string"
        ? error.code
        : undefined;
}
