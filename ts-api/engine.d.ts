// engine.d.ts - the globals that the engine itself brings and the ECMAScript library types do not have, for the built-in
// modules. Apps see ts-api/types instead.

declare class DOMException extends Error {
    constructor(message?: string, name?: string);
    readonly code: number;
}
