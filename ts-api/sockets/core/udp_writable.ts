/*
 * udp_writable.ts - the sending side of a UDP socket as a WritableStream: as that of a TCP socket, but one failed write()
 * leaves the stream as it is, where Streams would error it.
 *
 * Chunks that come another way than by write() (pipeTo) have nobody to tell: network errors of theirs are dropped, others
 * error the stream.
 * Not here: where chunks go (udp_endpoint.ts).
 * Spec: W3C TCP and UDP Socket API, the steps for `writeable` of UDPSocket.
 */
import {
    $write,
    promiseCall,
    transformPromiseWith,
    uponPromise,
    type Writer,
    writableStreamDefaultWriterWrite,
} from "../../streams/streams.ts";
import { isNetworkError } from "./errors.ts";
import { IndependentChunk } from "./independent_chunk.ts";
import { SocketWritable } from "./socket_writable.ts";

export class UdpWritable extends SocketWritable {
    override [$write](writer: Writer, chunk: unknown): Promise<undefined> {
        const entry = new IndependentChunk(chunk);
        uponPromise(writableStreamDefaultWriterWrite(writer, entry), undefined, (error) => {
            entry.outcome.reject(error); // the stream is closed or errored
        });
        return entry.outcome.promise;
    }
}

/** Sends a chunk of a UdpWritable; rejects with what is to error the stream. */
export function sendIndependently(
    chunk: unknown,
    send: (message: unknown) => Promise<undefined>,
): Promise<undefined> {
    if (IndependentChunk.is(chunk)) {
        const { outcome } = chunk;
        return transformPromiseWith(
            promiseCall(() => send(chunk.chunk)),
            () => {
                outcome.resolve(undefined);
                return undefined;
            },
            (error) => {
                outcome.reject(error);
                return undefined;
            },
        );
    }
    return transformPromiseWith(
        promiseCall(() => send(chunk)),
        () => undefined,
        (error) => {
            if (!isNetworkError(error)) {
                throw error;
            }
            return undefined;
        },
    );
}
