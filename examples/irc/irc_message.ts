// irc_message.ts - one line of the IRC protocol as an object.
// Spec: RFC 2812, section 2.3.

export interface IrcMessage {
    /** Nickname or server; "" if the line has none. */
    readonly sender: string;
    /** "PRIVMSG", or a number of three digits. */
    readonly command: string;
    readonly parameters: readonly string[];
}

/** Reads a line. Control characters (colours, and what would move the cursor) are left out. */
export function parseIrcMessage(line: string): IrcMessage {
    const clean = line.replace(/\p{Cc}/gu, "");
    const [, prefix = "", command = "", rest = ""] = /^(?::(\S+) +)?(\S+)(.*)$/.exec(clean) ?? [];
    const [, middle = "", trailing] = /^(.*?)(?: :(.*))?$/.exec(rest) ?? [];
    const parameters = middle.split(" ").filter((word) => word !== "");
    return {
        sender: prefix.replace(/!.*$/, ""),
        command: command.toUpperCase(),
        parameters: trailing === undefined ? parameters : [...parameters, trailing],
    };
}
