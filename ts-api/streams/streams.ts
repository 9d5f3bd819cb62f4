/*
 * streams.ts - the module of streams: what every program with a stream loads, for apps (the classes) and for other
 * built-ins (the abstract operations). Not here, modules of their own: byte streams (byte_stream.ts), pipes, tee and from()
 * (piping.ts), iteration (async_iterator.ts), transform streams (transform_stream.ts), strategies (queuing_strategies.ts).
 * Spec: Streams (WHATWG).
 */
export type { ChunkSink, ChunkSource } from "./direct.ts";
export * from "./promises.ts";
export * from "./queue.ts";
export * from "./readable_operations.ts";
export * from "./readable_stream.ts";
export * from "./slots.ts";
export * from "./strategies.ts";
export * from "./writable_operations.ts";
export * from "./writable_stream.ts";
