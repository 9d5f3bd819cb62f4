// streams.ts - the stream classes, from the npm package web-streams-polyfill (a port of the reference implementation),
// as a module of the runtime. Not here: streams over sockets (sockets/), text streams (web/text_streams.ts).
//
// Spec: Streams (WHATWG).
import {
    ReadableByteStreamController,
    ReadableStream,
    ReadableStreamBYOBReader,
    ReadableStreamBYOBRequest,
    ReadableStreamDefaultController,
    ReadableStreamDefaultReader,
    TransformStream,
    TransformStreamDefaultController,
    WritableStream,
    WritableStreamDefaultController,
    WritableStreamDefaultWriter,
} from "web-streams-polyfill";
import { markPlatformObject } from "../web/webidl.ts";

markPlatformObject(ReadableByteStreamController);
markPlatformObject(ReadableStream, ["locked"]);
markPlatformObject(ReadableStreamBYOBReader);
markPlatformObject(ReadableStreamBYOBRequest);
markPlatformObject(ReadableStreamDefaultController);
markPlatformObject(ReadableStreamDefaultReader);
markPlatformObject(TransformStream);
markPlatformObject(TransformStreamDefaultController);
markPlatformObject(WritableStream, ["locked"]);
markPlatformObject(WritableStreamDefaultController);
markPlatformObject(WritableStreamDefaultWriter);

export {
    ByteLengthQueuingStrategy,
    CountQueuingStrategy,
    ReadableByteStreamController,
    ReadableStream,
    ReadableStreamBYOBReader,
    ReadableStreamBYOBRequest,
    ReadableStreamDefaultController,
    ReadableStreamDefaultReader,
    TransformStream,
    TransformStreamDefaultController,
    WritableStream,
    WritableStreamDefaultController,
    WritableStreamDefaultWriter,
} from "web-streams-polyfill";
