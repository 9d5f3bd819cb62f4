// language.js - training for the profile-guided build: the parts of the language and of the engine's library that apps
// live on, each in proportion to what an app of this kind does (objects, strings, bytes, promises before regular
// expressions, dates and big integers). Runs the same way every time: no clock, no random numbers.

class Header {
    #name;
    static count = 0;
    constructor(name, value) {
        this.#name = name.toLowerCase();
        this.value = value;
        Header.count++;
    }
    get name() {
        return this.#name;
    }
    toString() {
        return `${this.#name}: ${this.value}`;
    }
}

class Folded extends Header {
    constructor(name, ...parts) {
        super(name, parts.join(", "));
        this.parts = parts;
    }
    toString() {
        return super.toString() + ` (${this.parts.length})`;
    }
}

function objectsAndClasses() {
    const list = [];
    for (let i = 0; i < 600; i++) {
        const header =
            i % 3 === 0 ? new Folded(`Name-${i % 17}`, "a", i, true) : new Header(`Name-${i % 17}`, i);
        list.push(header);
        const { name, value = "none", ...rest } = header;
        const copy = { ...rest, name, value, nested: { i, list: [i, i + 1] } };
        delete copy.nested.i;
        list.at(-1).copy = copy?.nested?.list ?? [];
        if ("value" in copy && Object.hasOwn(copy, "name") && header instanceof Header) {
            copy[`key${i % 5}`] = header.toString();
        }
        for (const key in copy) {
            if (typeof copy[key] === "string") {
                copy[key] += key;
            }
        }
        for (const [key, item] of Object.entries(copy)) {
            Object.defineProperty(copy, key, { value: item, enumerable: key !== "nested" });
        }
        Object.assign({}, copy, { frozen: Object.freeze(Object.keys(copy)) });
    }
    const node = { list };
    node.self = node; // a cycle, for the collector
    return list.filter((header) => header.name.endsWith("3")).map(String).length;
}

function strings() {
    let total = 0;
    for (let i = 0; i < 250; i++) {
        const text = `NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nUSN: uuid:${i}\r\n\r\n`;
        const lines = text.split("\r\n").filter((line) => line !== "");
        const headers = new Map();
        for (const line of lines.slice(1)) {
            const colon = line.indexOf(":");
            headers.set(line.slice(0, colon).trim().toUpperCase(), line.substring(colon + 1).trim());
        }
        let sum = 0;
        for (let at = 0; at < text.length; at++) {
            sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
        }
        for (const character of "Grüße, 世界 😀") {
            sum += character.codePointAt(0) + String.fromCodePoint(character.codePointAt(0)).length;
        }
        total +=
            sum + headers.size + lines.join("\n").padEnd(200, "·").replaceAll("\n", " ").lastIndexOf("uuid");
        total += "abc".localeCompare("abd") + ["x", "y"].concat(lines).includes("y") + parseInt(`${i}`, 10);
        total += encodeURIComponent(text).length + `${i / 7}`.length + Number.parseFloat((i / 3).toFixed(3));
    }
    return total;
}

function patterns() {
    let found = 0;
    const header = /^(?<name>[!#$%&'*+\-.^_`|~0-9a-z]+):[ \t]*(.*?)[ \t]*$/i;
    for (let i = 0; i < 120; i++) {
        found += header.exec(`Content-Length:  ${i} `)?.groups.name.length ?? 0;
        found += "<a href='x'>one</a> <b>two</b>".replace(
            /<(\/?)(\w+)[^>]*>/g,
            (_, end, tag) => end + tag,
        ).length;
        found += [..."192.168.1.1:80, 10.0.0.1:8080".matchAll(/(\d{1,3}(?:\.\d{1,3}){3}):(\d+)/gu)].length;
        found += "a, b;c  d".split(/[,;\s]+/).length + ("Äpfel".match(/\p{L}+/u)?.length ?? 0);
    }
    return found;
}

function json() {
    let size = 0;
    for (let i = 0; i < 60; i++) {
        const value = {
            id: i,
            name: 'Gerät \n"x"',
            list: [1, 2.5, null, true, { deep: [[], {}] }],
            when: -1e-7,
        };
        const text = JSON.stringify({
            jsonrpc: "2.0",
            method: "Item.Get",
            params: value,
            list: Array(10).fill(value),
        });
        const back = JSON.parse(text);
        size += JSON.stringify(back, (key, item) => (key === "when" ? undefined : item), 2).length;
    }
    return size;
}

function arrays() {
    let total = 0;
    for (let i = 0; i < 60; i++) {
        const numbers = Array.from({ length: 100 }, (_, at) => (at * 7919 + i) % 101);
        numbers.sort((a, b) => a - b);
        total +=
            numbers.reduce((sum, number) => sum + number, 0) + Math.max(...numbers) + numbers.indexOf(50);
        numbers.splice(10, 5, ...numbers.slice(0, 5));
        const queue = [...numbers];
        while (queue.length > 0) {
            total += queue.shift() + (queue.pop() ?? 0);
        }
        numbers.forEach((number, at) => (total += number ^ at));
        const [first, , third = 3, ...others] = numbers.reverse();
        total +=
            first + third + others.flatMap((number) => [number, number]).findLast((number) => number < 9);
        total += ["b", "a", "ä"]
            .sort()
            .map((text) => text.toUpperCase())
            .every(Boolean)
            ? 1
            : 0;
        for (let x = 0, y = 0.5; x < 200; x++, y *= 1.01) {
            total += Math.floor(y) + (x % 3) + (x >> 1) + Math.sqrt(x);
            switch (x % 4) {
                case 0:
                    total -= 1;
                    break;
                case 1:
                    continue;
                default:
                    total += x & 1 ? 1 : 2;
            }
        }
    }
    return total;
}

function collections() {
    const map = new Map(),
        set = new Set(),
        weak = new WeakMap();
    for (let i = 0; i < 1500; i++) {
        const key = { i };
        map.set(i % 100, key).set(`k${i}`, i);
        set.add(i % 50);
        weak.set(key, i);
        map.delete(`k${i - 20}`);
    }
    let total = 0;
    for (const [key, value] of map) {
        total += typeof key === "number" ? (weak.get(value) ?? 0) : value;
    }
    set.forEach((value) => (total += value));
    return total + map.size + new WeakRef(map).deref().size;
}

function bytes() {
    let sum = 0;
    for (let i = 0; i < 60; i++) {
        const data = new Uint8Array(512);
        const view = new DataView(data.buffer, 4, 128);
        for (let at = 0; at < data.length; at++) {
            data[at] = at * i;
            sum += data[at] & 0x7f;
        }
        view.setUint16(0, i);
        view.setUint32(2, 0xdeadbeef, true);
        sum += view.getUint16(0) + view.getUint32(2, true) + view.getInt8(1) + view.byteLength;
        const joined = new Uint8Array(1024);
        joined.set(data, 0);
        joined.set(data.subarray(10, 100), 512);
        sum +=
            joined.slice(500, 600).indexOf(0) + joined.buffer.slice(1, 9).byteLength + joined.fill(1).length;
        sum += new TextDecoder().decode(new TextEncoder().encode(`Grüße ${i}`)).length;
        sum += new Float64Array([1.5, i]).reduce((a, b) => a + b) + Uint16Array.from([1, 2, i])[2];
    }
    return sum;
}

function* walk(depth) {
    if (depth > 0) {
        yield depth;
        yield* walk(depth - 1);
        yield* walk(depth - 1);
    }
}

function control() {
    let total = 0;
    for (const depth of walk(8)) {
        total += depth;
    }
    for (let i = 0; i < 200; i++) {
        try {
            if (i % 2 === 0) {
                throw new RangeError(`no ${i}`, { cause: i });
            }
            null.member;
        } catch (error) {
            total += error instanceof TypeError ? 1 : error.message.length + error.stack.length;
        } finally {
            total++;
        }
    }
    const seen = [];
    const proxy = new Proxy(
        {},
        { get: (_, key) => key, has: () => true, set: (...args) => seen.push(args[1]) > 0 },
    );
    for (let i = 0; i < 50; i++) {
        proxy[`p${i}`] = proxy.name;
        total += Reflect.ownKeys({ a: 1, [Symbol.for("b")]: 2 }).length + ("x" in proxy ? 1 : 0);
        total += Number(BigInt(i) ** 5n % 1009n) + new Date(i * 1e10).toISOString().length;
        total += new Date(2020, i % 12, 1).getUTCMonth() + Date.parse("2024-05-06T07:08:09Z") / 1e12;
    }
    const curried =
        (a) =>
        (b) =>
        (...rest) =>
            a + b + rest.length;
    for (let i = 0; i < 500; i++) {
        total += curried(i)(1)(2, 3) + Math.min.apply(null, [i, 3]) + curried.bind(null, 1)()(2)();
    }
    return total;
}

async function promises() {
    const later = (value) => new Promise((resolve) => queueMicrotask(() => resolve(value)));
    async function* numbers(count) {
        for (let i = 0; i < count; i++) {
            yield await later(i);
        }
    }
    let total = 0;
    for await (const number of numbers(300)) {
        total += number;
    }
    for (let i = 0; i < 300; i++) {
        total += await later(i).then((value) => value + 1);
        total += await Promise.reject(new Error("no")).catch(() => 1);
    }
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => later(i)));
    const settled = await Promise.allSettled([later(1), Promise.reject(new Error("x"))]);
    return total + all.length + settled.length + (await Promise.race([later(1), later(2)]));
}

function events() {
    const target = new EventTarget();
    let count = 0;
    const controller = new AbortController();
    target.addEventListener("tick", () => count++, { signal: controller.signal });
    target.addEventListener("tick", { handleEvent: (event) => (count += event.type.length) });
    for (let i = 0; i < 100; i++) {
        target.dispatchEvent(new Event("tick"));
    }
    controller.abort();
    return count;
}

/** The parser and the compiler: apps arrive as source. */
function compilation() {
    const functions = [
        objectsAndClasses,
        strings,
        patterns,
        json,
        arrays,
        collections,
        bytes,
        walk,
        control,
        promises,
        events,
        Header,
        Folded,
    ];
    let total = 0;
    for (let round = 0; round < 12; round++) {
        for (const item of functions) {
            const text = String(item)
                .replace(/^(async )?function/, "return $1function")
                .replace(/^class/, "return class");
            total += typeof new Function("Header", text) === "function" ? 1 : 0;
        }
    }
    return total;
}

const results = [];
for (let round = 0; round < 3; round++) {
    for (const work of [
        objectsAndClasses,
        strings,
        patterns,
        json,
        arrays,
        collections,
        bytes,
        control,
        events,
    ]) {
        results.push(work());
    }
    results.push(await promises());
}
results.push(compilation());
await new Promise((resolve) => setTimeout(resolve, 1));
console.log(results.every(Number.isFinite) ? "ok" : "not ok", results.length);
