// structured_clone.ts - structuredClone for everything the engine has. Values are first written down as records, then
// made again from them, as the standard does it: getters and proxies of the source can't see the copy, and nothing is
// transferred if anything can't be cloned. Not here: cloning between threads (there are none).
//
// Spec: HTML §2.7 (StructuredSerializeInternal, StructuredDeserialize, the same with transfer, structuredClone).
import { classOf } from "cleat:native/runtime";
import {
    clonePlatformObject,
    dataProperty,
    isPlatformObject,
    requireArguments,
    toDictionary,
} from "./webidl.ts";

const { apply, construct, getPrototypeOf, ownKeys } = Reflect;
const { defineProperty, getOwnPropertyDescriptor, hasOwn } = Object;
const { get: mapGet, set: mapSet, forEach: mapForEach } = Map.prototype;
const { add: setAdd, forEach: setForEach } = Set.prototype;
const { getTime } = Date.prototype;

interface BufferMembers {
    transfer(): ArrayBuffer;
    transferToImmutable?(): ArrayBuffer;
}
const { transfer, transferToImmutable } = ArrayBuffer.prototype as unknown as BufferMembers;
const { set: setElements } = Uint8Array.prototype;

function getterOf(prototype: object, key: string): (() => unknown) | undefined {
    return getOwnPropertyDescriptor(prototype, key)?.get;
}

const typedArrayPrototype = getPrototypeOf(Uint8Array.prototype) as object;
const bufferLength = getterOf(ArrayBuffer.prototype, "byteLength")!;
const bufferMaxLength = getterOf(ArrayBuffer.prototype, "maxByteLength");
const bufferResizable = getterOf(ArrayBuffer.prototype, "resizable");
const bufferDetached = getterOf(ArrayBuffer.prototype, "detached");
const bufferImmutable = getterOf(ArrayBuffer.prototype, "immutable");
const arrayBuffer = getterOf(typedArrayPrototype, "buffer")!;
const arrayOffset = getterOf(typedArrayPrototype, "byteOffset")!;
const arrayLength = getterOf(typedArrayPrototype, "length")!;
const arrayByteLength = getterOf(typedArrayPrototype, "byteLength")!;
const viewBuffer = getterOf(DataView.prototype, "buffer")!;
const viewOffset = getterOf(DataView.prototype, "byteOffset")!;
const viewLength = getterOf(DataView.prototype, "byteLength")!;
const regExpSource = getterOf(RegExp.prototype, "source")!;
const regExpFlags = getterOf(RegExp.prototype, "flags")!;
const errorStack = getterOf(Error.prototype, "stack");
const domName = getterOf(DOMException.prototype, "name")!;
const domMessage = getterOf(DOMException.prototype, "message")!;

function read(getter: (() => unknown) | undefined, object: object): unknown {
    return getter === undefined ? undefined : apply(getter, object, []);
}

// Records --------------------------------------------------------------------------------------------------------

/** A value written down. Objects are records, shared where the source shares them. */
type Written = { readonly primitive: unknown } | ObjectRecord;

interface ObjectRecord {
    readonly kind: string;
    /** What the kind needs to be made again. */
    readonly data: unknown;
    /** Own properties: keys and values in turn. Of maps: keys and values; of sets: values. */
    readonly contents: (string | Written)[];
    made: object | null;
}

interface ErrorData {
    readonly name: string;
    readonly message: string | undefined;
    readonly stack: string | undefined;
    readonly cause: Written | undefined;
}

interface BufferData {
    readonly bytes: ArrayBuffer;
}

interface ViewData {
    readonly buffer: ObjectRecord;
    readonly constructor: new (buffer: ArrayBuffer, offset: number, length?: number) => object;
    readonly offset: number;
    /** undefined: the view follows the length of its buffer. */
    readonly length: number | undefined;
}

function notCloneable(what: string): DOMException {
    return new DOMException(`${what} could not be cloned`, "DataCloneError");
}

type Memory = Map<object, ObjectRecord>;

function serialize(memory: Memory, value: unknown): Written {
    if (typeof value === "symbol") {
        throw notCloneable("A symbol");
    }
    if ((typeof value !== "object" || value === null) && typeof value !== "function") {
        return { primitive: value };
    }
    const known = apply(mapGet, memory, [value]) as ObjectRecord | undefined;
    if (known !== undefined) {
        return known;
    }
    if (typeof value === "function") {
        throw notCloneable("A function");
    }
    const kind = classOf(value);
    const record: ObjectRecord = { kind, data: serializeData(memory, value, kind), contents: [], made: null };
    apply(mapSet, memory, [value, record]);
    if (kind === "map") {
        serializeMap(memory, value, record);
    } else if (kind === "set") {
        serializeSet(memory, value, record);
    } else if ((kind === "object" && record.data === undefined) || kind === "array" || kind === "arguments") {
        serializeProperties(memory, value, record);
    } else if (kind === "error") {
        serializeCause(memory, value, record);
    }
    return record;
}

function serializeData(memory: Memory, value: object, kind: string): unknown {
    switch (kind) {
        case "boolean":
            return apply(Boolean.prototype.valueOf, value, []);
        case "number":
            return apply(Number.prototype.valueOf, value, []);
        case "bigint":
            return apply(BigInt.prototype.valueOf, value, []);
        case "string":
            return apply(String.prototype.valueOf, value, []);
        case "date":
            return apply(getTime, value, []);
        case "regexp":
            return { source: read(regExpSource, value), flags: read(regExpFlags, value) };
        case "arraybuffer":
            return copyBuffer(value as ArrayBuffer);
        case "dataview":
            return serializeView(memory, value, kind);
        case "error":
            return serializeError(value);
        case "domexception":
            return { name: read(domName, value), message: read(domMessage, value), stack: stackOf(value) };
        case "array":
            return (value as unknown[]).length;
        case "map":
        case "set":
        case "arguments":
            return undefined;
        case "object":
            if (isPlatformObject(value)) {
                const clone = clonePlatformObject(value);
                if (clone === undefined) {
                    throw notCloneable("An object of the runtime");
                }
                return clone;
            }
            return undefined;
        default:
            if (typedArrayOf(kind) !== undefined) {
                return serializeView(memory, value, kind);
            }
            throw notCloneable(kind === "proxy" ? "A Proxy" : `An object of the class '${kind}'`);
    }
}

function copyBuffer(buffer: ArrayBuffer): BufferData {
    if (read(bufferDetached, buffer) === true) {
        throw notCloneable("A detached ArrayBuffer");
    }
    const source = new Uint8Array(buffer);
    if (read(bufferResizable, buffer) === true) {
        const maxByteLength = read(bufferMaxLength, buffer) as number;
        const Resizable = ArrayBuffer as new (
            length: number,
            options: { maxByteLength: number },
        ) => ArrayBuffer;
        const bytes = new Resizable(read(bufferLength, buffer) as number, { maxByteLength });
        apply(setElements, new Uint8Array(bytes), [source]);
        return { bytes };
    }
    // Not slice(): it asks the constructor of the buffer what to make, and the engine refuses immutable buffers.
    const bytes = read(arrayBuffer, new Uint8Array(source)) as ArrayBuffer;
    const immutable = read(bufferImmutable, buffer) === true;
    return { bytes: immutable ? apply(transferToImmutable!, bytes, []) : bytes };
}

function serializeView(memory: Memory, view: object, kind: string): ViewData {
    const isDataView = kind === "dataview";
    let offset: number;
    let length: number;
    const buffer = read(isDataView ? viewBuffer : arrayBuffer, view) as ArrayBuffer;
    try {
        offset = read(isDataView ? viewOffset : arrayOffset, view) as number;
        length = read(isDataView ? viewLength : arrayLength, view) as number;
    } catch {
        throw notCloneable("A view outside of its buffer");
    }
    if (read(bufferDetached, buffer) === true) {
        throw notCloneable("A view on a detached ArrayBuffer");
    }
    const written = serialize(memory, buffer) as ObjectRecord;
    const byteLength = isDataView ? length : (read(arrayByteLength, view) as number);
    return {
        buffer: written,
        constructor: (isDataView ? DataView : typedArrayOf(kind)!) as ViewData["constructor"],
        offset,
        length: isLengthTracking(buffer, offset, byteLength) ? undefined : length,
    };
}

/** The engine does not tell; a view on a resizable buffer that ends where the buffer does is taken for one. */
function isLengthTracking(buffer: ArrayBuffer, offset: number, byteLength: number): boolean {
    return (
        read(bufferResizable, buffer) === true &&
        offset + byteLength === (read(bufferLength, buffer) as number)
    );
}

function typedArrayOf(kind: string): (new (buffer: ArrayBuffer) => object) | undefined {
    switch (kind) {
        case "int8array":
            return Int8Array;
        case "uint8array":
            return Uint8Array;
        case "uint8clampedarray":
            return Uint8ClampedArray;
        case "int16array":
            return Int16Array;
        case "uint16array":
            return Uint16Array;
        case "int32array":
            return Int32Array;
        case "uint32array":
            return Uint32Array;
        case "bigint64array":
            return BigInt64Array;
        case "biguint64array":
            return BigUint64Array;
        case "float16array":
            return (globalThis as unknown as { Float16Array: new (buffer: ArrayBuffer) => object })
                .Float16Array;
        case "float32array":
            return Float32Array;
        case "float64array":
            return Float64Array;
        default:
            return undefined;
    }
}

function stackOf(error: object): string | undefined {
    const stack = hasOwn(error, "stack") ? dataProperty(error, "stack") : read(errorStack, error);
    return typeof stack === "string" ? stack : undefined;
}

function errorConstructor(name: string): ErrorConstructor {
    switch (name) {
        case "EvalError":
            return EvalError;
        case "RangeError":
            return RangeError;
        case "ReferenceError":
            return ReferenceError;
        case "SyntaxError":
            return SyntaxError;
        case "TypeError":
            return TypeError;
        case "URIError":
            return URIError;
        default:
            return Error;
    }
}

function serializeError(error: object): ErrorData {
    const name: unknown = (error as Error).name;
    const descriptor = getOwnPropertyDescriptor(error, "message");
    const hasMessage = descriptor !== undefined && hasOwn(descriptor, "value");
    return {
        name: name === undefined ? "Error" : `${name as string}`,
        message: hasMessage ? `${descriptor.value as string}` : undefined,
        stack: stackOf(error),
        cause: undefined,
    };
}

function serializeCause(memory: Memory, error: object, record: ObjectRecord): void {
    const descriptor = getOwnPropertyDescriptor(error, "cause");
    if (descriptor !== undefined && hasOwn(descriptor, "value")) {
        record.contents[0] = serialize(memory, descriptor.value);
    }
}

function serializeMap(memory: Memory, map: object, record: ObjectRecord): void {
    // Copied first: cloning a value may run a getter that changes the map.
    const entries: unknown[] = [];
    apply(mapForEach, map, [
        (value: unknown, key: unknown): void => {
            entries[entries.length] = key;
            entries[entries.length] = value;
        },
    ]);
    for (let i = 0; i < entries.length; i++) {
        record.contents[i] = serialize(memory, entries[i]);
    }
}

function serializeSet(memory: Memory, set: object, record: ObjectRecord): void {
    const entries: unknown[] = [];
    apply(setForEach, set, [(value: unknown): void => void (entries[entries.length] = value)]);
    for (let i = 0; i < entries.length; i++) {
        record.contents[i] = serialize(memory, entries[i]);
    }
}

function serializeProperties(memory: Memory, value: object, record: ObjectRecord): void {
    const keys = ownKeys(value);
    let used = 0;
    for (let i = 0; i < keys.length; i++) {
        const key = keys[i]!;
        // Looked up again each time: a getter may have removed it.
        if (typeof key === "string" && getOwnPropertyDescriptor(value, key)?.enumerable === true) {
            record.contents[used++] = key;
            record.contents[used++] = serialize(memory, (value as Record<string, unknown>)[key]);
        }
    }
}

// Making the copy ------------------------------------------------------------------------------------------------

function make(written: Written): unknown {
    if ("primitive" in written) {
        return written.primitive;
    }
    if (written.made !== null) {
        return written.made;
    }
    const made = (written.made = makeObject(written));
    const { kind, contents } = written;
    if (kind === "map") {
        for (let i = 0; i < contents.length; i += 2) {
            const key = make(contents[i] as Written);
            apply(mapSet, made, [key, make(contents[i + 1] as Written)]);
        }
    } else if (kind === "set") {
        for (let i = 0; i < contents.length; i++) {
            apply(setAdd, made, [make(contents[i] as Written)]);
        }
    } else if (kind === "error") {
        if (contents.length > 0) {
            define(made, "cause", make(contents[0] as Written), false);
        }
    } else {
        for (let i = 0; i < contents.length; i += 2) {
            define(made, contents[i] as string, make(contents[i + 1] as Written), true);
        }
    }
    return made;
}

function define(object: object, key: string, value: unknown, enumerable: boolean): void {
    defineProperty(object, key, {
        __proto__: null,
        value,
        writable: true,
        enumerable,
        configurable: true,
    } as PropertyDescriptor);
}

function makeObject(record: ObjectRecord): object {
    const { kind, data } = record;
    switch (kind) {
        case "boolean":
        case "number":
        case "bigint":
        case "string":
            return Object(data) as object;
        case "date":
            return new Date(data as number);
        case "regexp": {
            const { source, flags } = data as { source: string; flags: string };
            return new RegExp(source, flags);
        }
        case "arraybuffer":
            return (data as BufferData).bytes;
        case "map":
            return new Map();
        case "set":
            return new Set();
        case "array": {
            const array: unknown[] = [];
            array.length = data as number;
            return array;
        }
        case "error":
            return makeError(data as ErrorData);
        case "domexception": {
            const { name, message, stack } = data as ErrorData;
            const exception = new DOMException(message, name);
            define(exception, "stack", stack, false);
            return exception;
        }
        case "object":
        case "arguments":
            return (data as object | undefined) ?? {};
        default: {
            const { buffer, constructor, offset, length } = data as ViewData;
            const bytes = make(buffer) as ArrayBuffer;
            return construct(
                constructor,
                length === undefined ? [bytes, offset] : [bytes, offset, length],
            ) as object;
        }
    }
}

function makeError({ name, message, stack }: ErrorData): object {
    const error = new (errorConstructor(name))();
    if (message !== undefined) {
        define(error, "message", message, false);
    }
    define(error, "stack", stack, false);
    return error;
}

// The global function --------------------------------------------------------------------------------------------

/** Options of {@link structuredClone}. */
export interface StructuredSerializeOptions {
    transfer?: Iterable<ArrayBuffer>;
}

export function structuredClone<T>(value: T, options: StructuredSerializeOptions = {}): T {
    requireArguments(arguments.length, 1, "structuredClone");
    const { transfer: list } = toDictionary(options, "structuredClone options");
    const memory: Memory = new Map();
    const transferred: { buffer: ArrayBuffer; record: ObjectRecord }[] = [];
    if (list !== undefined) {
        for (const buffer of list) {
            if (typeof buffer !== "object" || buffer === null) {
                throw new TypeError("structuredClone: transfer must be a list of objects");
            }
            transferred[transferred.length] = { buffer, record: transferRecord(memory, buffer) };
        }
    }
    const written = serialize(memory, value);
    for (let i = 0; i < transferred.length; i++) {
        const { buffer, record } = transferred[i]!;
        if (read(bufferDetached, buffer) === true) {
            throw notCloneable("A detached ArrayBuffer");
        }
        record.made = apply(transfer, buffer, []);
    }
    return make(written) as T;
}

function transferRecord(memory: Memory, buffer: object): ObjectRecord {
    if (classOf(buffer) !== "arraybuffer" || read(bufferImmutable, buffer) === true) {
        throw new DOMException(
            "Only an ArrayBuffer that can be detached can be transferred",
            "DataCloneError",
        );
    }
    if (read(bufferDetached, buffer) === true) {
        throw notCloneable("A detached ArrayBuffer");
    }
    if (apply(mapGet, memory, [buffer]) !== undefined) {
        throw new DOMException("An object is in the transfer list twice", "DataCloneError");
    }
    const record: ObjectRecord = { kind: "arraybuffer", data: undefined, contents: [], made: null };
    apply(mapSet, memory, [buffer, record]);
    return record;
}
