// harness.ts - what an in-runtime test needs: test(), assertions, TAP output. Runs as part of an app inside Cleat, so
// it uses nothing but the language, `console.log` and timers. Each *.test.ts file is bundled with it and run alone;
// flags for the runtime stand in a first-line comment `// flags: --allow tcp.connect=127.0.0.1:*`.
//
// Tests run one after the other, in the order of the file, after the module has been evaluated. A test that is not
// done in time fails and the run stops there, since what it left behind would disturb the next one.

/** Thrown by the assertions. */
export class AssertionError extends Error {
    override get name(): string {
        return "AssertionError";
    }
}

interface TestCase {
    name: string;
    run: () => void | Promise<void>;
    timeout: number;
    skip: string | undefined;
}

/** `timeout` in milliseconds (10,000 if absent); `skip`: a reason. */
export interface TestOptions {
    timeout?: number;
    skip?: string | undefined;
}

const cases: TestCase[] = [];

/** Adds a test. The name says what is surprising, not which function is called. */
export function test(name: string, run: () => void | Promise<void>, options: TestOptions = {}): void {
    cases.push({ name, run, timeout: options.timeout ?? 10_000, skip: options.skip });
    if (cases.length === 1) {
        setTimeout(() => void runAll(), 0);
    }
}

async function runAll(): Promise<void> {
    let failures = 0;
    for (const [index, { name, run, timeout, skip }] of cases.entries()) {
        const title = `${index + 1} - ${name}`;
        if (skip !== undefined) {
            console.log(`ok ${title} # SKIP ${skip}`);
            continue;
        }
        let timer: ReturnType<typeof setTimeout> | undefined;
        let timedOut = false;
        const expired = new Promise<never>((_, reject) => {
            timer = setTimeout(() => {
                timedOut = true;
                reject(new AssertionError(`not done after ${timeout} ms`));
            }, timeout);
        });
        try {
            await Promise.race([run(), expired]);
            console.log(`ok ${title}`);
        } catch (error) {
            failures++;
            console.log(`not ok ${title}\n${commented(describe(error))}`);
        }
        clearTimeout(timer);
        if (timedOut) {
            break;
        }
    }
    console.log(`1..${cases.length}`);
    if (failures > 0) {
        cleat.exit(1);
    }
    // Otherwise the loop runs dry: a socket that a test left open shows as a time-out of the whole file.
}

function describe(error: unknown): string {
    if (!(error instanceof Error)) {
        return `thrown: ${format(error)}`;
    }
    const code = (error as { code?: unknown }).code;
    const head = `${error.name}: ${error.message}${typeof code === "string" ? ` (${code})` : ""}`;
    return error.stack === undefined ? head : `${head}\n${error.stack}`;
}

function commented(text: string): string {
    return text.replace(/\n$/, "").replace(/^/gm, "# ");
}

function format(value: unknown): string {
    if (typeof value === "string") {
        return JSON.stringify(value);
    }
    if (typeof value === "bigint") {
        return `${value}n`;
    }
    if (value instanceof Error) {
        return `${value.name}: ${value.message}`;
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
        const view = bytesOf(value);
        const shown = Array.from(view.subarray(0, 32), (byte) => byte.toString(16).padStart(2, "0")).join(
            " ",
        );
        return `<${view.length} bytes: ${shown}${view.length > 32 ? " …" : ""}>`;
    }
    if (typeof value === "object" && value !== null) {
        try {
            return JSON.stringify(value);
        } catch {
            return Object.prototype.toString.call(value);
        }
    }
    return String(value);
}

function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
    return ArrayBuffer.isView(value)
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : new Uint8Array(value);
}

/** Fails with the message. */
export function fail(message: string): never {
    throw new AssertionError(message);
}

/** Fails unless the value is truthy. */
export function ok(value: unknown, message = "not true"): asserts value {
    if (!value) {
        fail(`${message}: ${format(value)}`);
    }
}

/** Fails unless both are the same value (Object.is). */
export function equal(actual: unknown, expected: unknown, message = "values differ"): void {
    if (!Object.is(actual, expected)) {
        fail(`${message}: got ${format(actual)}, expected ${format(expected)}`);
    }
}

/** Fails if both are the same value (Object.is). */
export function notEqual(actual: unknown, unexpected: unknown, message = "values are the same"): void {
    if (Object.is(actual, unexpected)) {
        fail(`${message}: ${format(actual)}`);
    }
}

/** Fails unless both have the same shape: plain objects, arrays, maps, sets, buffers and primitives. */
export function deepEqual(actual: unknown, expected: unknown, message = "values differ"): void {
    if (!same(actual, expected)) {
        fail(`${message}: got ${format(actual)}, expected ${format(expected)}`);
    }
}

function same(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) {
        return true;
    }
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
        return false;
    }
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) {
        return false;
    }
    if (ArrayBuffer.isView(a) || a instanceof ArrayBuffer) {
        const left = bytesOf(a);
        const right = bytesOf(b as ArrayBuffer | ArrayBufferView);
        return left.length === right.length && left.every((byte, index) => byte === right[index]);
    }
    if (a instanceof Map || a instanceof Set) {
        return same([...a], [...(b as Map<unknown, unknown> | Set<unknown>)]);
    }
    if (a instanceof Date) {
        return a.getTime() === (b as Date).getTime();
    }
    const keys = Reflect.ownKeys(a);
    return (
        keys.length === Reflect.ownKeys(b).length &&
        keys.every(
            (key) =>
                Object.hasOwn(b, key) &&
                same((a as Record<PropertyKey, unknown>)[key], (b as Record<PropertyKey, unknown>)[key]),
        )
    );
}

/**
 * What an error must look like: `name`, `code` and `message` (a text that it contains, or an expression), each only if
 * given.
 */
export interface ErrorShape {
    name?: string;
    code?: string | number;
    message?: string | RegExp;
}

function checkError(error: unknown, shape: ErrorShape | string): unknown {
    const { name, code, message } = typeof shape === "string" ? { name: shape } : (shape as ErrorShape);
    const actual = error as { name?: unknown; code?: unknown; message?: unknown };
    if (typeof error !== "object" || error === null) {
        fail(`threw ${format(error)}, which is no error`);
    }
    if (name !== undefined) {
        equal(actual.name, name, `name of "${String(actual.message)}"`);
    }
    if (code !== undefined) {
        equal(actual.code, code, `code of "${String(actual.message)}"`);
    }
    if (message !== undefined) {
        const text = String(actual.message);
        ok(typeof message === "string" ? text.includes(message) : message.test(text), `message "${text}"`);
    }
    return error;
}

/** Fails unless `run` throws an error of this shape (a text: its name). Returns the error. */
export function throws(run: () => unknown, shape: ErrorShape | string = {}): unknown {
    let result: unknown;
    try {
        result = run();
    } catch (error) {
        return checkError(error, shape);
    }
    fail(`did not throw, returned ${format(result)}`);
}

/** Fails unless the promise rejects with an error of this shape (a text: its name). Resolves with the error. */
export async function rejects(promise: Promise<unknown>, shape: ErrorShape | string = {}): Promise<unknown> {
    let result: unknown;
    try {
        result = await promise;
    } catch (error) {
        return checkError(error, shape);
    }
    fail(`did not reject, resolved with ${format(result)}`);
}

/** Resolves after so many milliseconds. */
export function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(() => resolve(), milliseconds));
}

/** Resolves once `condition` holds, looked at every few milliseconds; rejects after `timeout` milliseconds. */
export async function until(condition: () => boolean, message = "condition", timeout = 5_000): Promise<void> {
    const end = performance.now() + timeout;
    while (!condition()) {
        if (performance.now() > end) {
            fail(`${message}: not within ${timeout} ms`);
        }
        await sleep(2);
    }
}

/** The same as a time limit on a promise. */
export async function within<T>(promise: Promise<T>, timeout: number, message = "promise"): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const expired = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new AssertionError(`${message}: not within ${timeout} ms`)), timeout);
    });
    try {
        return await Promise.race([promise, expired]);
    } finally {
        clearTimeout(timer);
    }
}

/** The bytes of a text, for short payloads. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(text);
}

/** The text of received bytes. */
export function text(data: ArrayBuffer | ArrayBufferView): string {
    return new TextDecoder().decode(data);
}
