// lines.ts - text protocols: cuts what a TCP connection receives into lines. Not here: what the lines mean.

/** Bytes: a peer that sends more without a line feed is not speaking the protocol. IRC and SMTP stay below 1 KiB. */
const LINE_BYTES_MAX = 8192;

/** The lines of a stream, without their ends; an unfinished last line is left out. Throws if a line is too long. */
export async function* readLines(
    readable: ReadableStream<ArrayBuffer>,
): AsyncGenerator<string, void, undefined> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of readable) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
        rest = lines.pop() ?? "";
        if (rest.length > LINE_BYTES_MAX) {
            throw new Error("the peer sent a line without end");
        }
        yield* lines;
    }
}
