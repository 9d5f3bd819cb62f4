// command_line.ts - an app's options from cleat.args, by the npm package `arg`. A wrong option ends the app with exit
// code 2, --help with 0, as with other programs.
import arg from "arg";

/** What `arg` makes of the options: see its documentation for the specification. */
export function parseCommandLine<T extends arg.Spec>(
    usage: string,
    spec: T,
): arg.Result<T & { "--help": BooleanConstructor }> {
    let options: arg.Result<T & { "--help": BooleanConstructor }>;
    try {
        options = arg({ "--help": Boolean, "-h": "--help", ...spec }, { argv: [...cleat.args] });
    } catch (error) {
        wrongUsage((error as Error).message);
    }
    if (options._.length > 0) {
        wrongUsage(`unexpected argument: ${options._[0]}`);
    }
    if (options["--help"] === true) {
        console.log(usage.trim());
        cleat.exit(0);
    }
    return options;
}

/** Says what is wrong with the options and ends the app. */
export function wrongUsage(problem: string): never {
    console.error(`${problem}\nTry --help.`);
    cleat.exit(2);
}

/** A type for parseCommandLine: a whole number in a range. */
export function wholeNumber(min: number, max: number): (value: string, name: string) => number {
    return (value, name) => {
        const number = Number(value);
        if (!/^\d+$/.test(value) || number < min || number > max) {
            throw new Error(`option requires a whole number from ${min} to ${max}: ${name}`);
        }
        return number;
    };
}
