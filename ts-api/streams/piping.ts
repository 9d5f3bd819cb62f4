/*
 * piping.ts - the module of what programs seldom do with streams: pipes, tee, streams from iterators. It is loaded when one
 * of them is used. Not here: how they work.
 */
export { pipeThrough, pipeTo } from "./pipe_to.ts";
export { readableStreamFrom } from "./from.ts";
export { readableStreamTee } from "./tee.ts";
