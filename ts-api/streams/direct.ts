/*
 * direct.ts - streams whose chunks go between an app and a native handle without a queue of ours: while such a stream
 * is "direct", read() is the handle's take() and write() its trySend(). Here: what the streams ask of a handle. Not
 * here: how a stream becomes direct and how it ceases to be (sockets/core).
 *
 * Handles are in private fields of the streams and not in slots: they are natives, which apps must not reach.
 */

/** What a readable stream asks of the handle that its chunks come from. */
export interface ChunkSource<T = unknown> {
    /** The next chunk, in the form of read(). Waiting calls are settled in their order. */
    take(): Promise<{ value: T; done: false } | { value: undefined; done: true }>;
    /** Settles what waits: done, or rejected with the reason. */
    endTakes(failed: boolean, reason: unknown): void;
    /** Whether a take() waits. */
    waitsForChunk(): boolean;
    /** Stops reading ahead of take(), and gives back what has been read ahead, the oldest first. */
    stopReadingAhead(): T[];
    /** Moves what arrives to another handle until the end; null: can't be done now. TCP has it. */
    pipe?(destination: ChunkSink): Promise<undefined> | null;
    /** Ends a pipe as soon as what was read is sent. */
    stopPipe?(): void;
}

/** What a writable stream asks of the handle that its chunks go to. */
export interface ChunkSink {
    /** Sends a chunk where that is simple; null: by the queue. */
    trySend(chunk: unknown): Promise<undefined> | null;
    /** Chunks that went this way and are still under way, as the standard counts. */
    sends(): number;
    /** The promise of the one that the kernel has not taken whole. */
    sending(): Promise<undefined> | undefined;
}
