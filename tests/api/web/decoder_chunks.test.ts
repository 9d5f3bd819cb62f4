import { deepEqual, equal, ok, test, throws } from "../harness.ts";

/** Decodes in chunks of a size. */
function chunked(bytes: Uint8Array, size: number, label?: string, options?: TextDecoderOptions): string {
    const decoder = new TextDecoder(label, options);
    let text = "";
    for (let at = 0; at < bytes.length; at += size) {
        text += decoder.decode(bytes.subarray(at, at + size), { stream: true });
    }
    return text + decoder.decode();
}

test("text survives any chunk size", () => {
    const text = "z\u00a2\u6c34\ud834\udd1e\uf8ff\udbff\udffd\ufffe|\u{10ffff}é日本語🎉";
    const utf8 = new TextEncoder().encode(text);
    const utf16 = new Uint8Array(text.length * 2);
    for (let i = 0; i < text.length; i++) {
        utf16[2 * i] = text.charCodeAt(i) & 255;
        utf16[2 * i + 1] = text.charCodeAt(i) >> 8;
    }
    for (let size = 1; size <= 7; size++) {
        equal(chunked(utf8, size), text);
        equal(chunked(utf16, size, "utf-16le"), text);
        equal(
            chunked(
                utf16.map((_, i) => utf16[i ^ 1]!),
                size,
                "utf-16be",
            ),
            text,
        );
    }
});

test("each maximal subpart of a malformed sequence is one U+FFFD, in one chunk or in many", () => {
    const cases: [number[], string][] = [
        [[0xff], "\ufffd"],
        [[0xc0], "\ufffd"],
        [[0xe0], "\ufffd"],
        [[0xc0, 0x00], "\ufffd\u0000"],
        [[0xc0, 0xc0], "\ufffd\ufffd"],
        [[0xe0, 0x00], "\ufffd\u0000"],
        [[0xe0, 0xc0], "\ufffd\ufffd"],
        [[0xe0, 0x80, 0x00], "\ufffd\ufffd\u0000"],
        [[0xe0, 0x80, 0xc0], "\ufffd\ufffd\ufffd"],
        [[0xfc, 0x80, 0x80], "\ufffd\ufffd\ufffd"],
        [[0xfe, 0x80, 0x80, 0x80, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"],
        [[0xc0, 0x80], "\ufffd\ufffd"],
        [[0xe0, 0x80, 0x80], "\ufffd\ufffd\ufffd"],
        [[0xf0, 0x80, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
        [[0xf4, 0x90, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
        [[0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
        [[0xf0, 0x9d, 0x84, 0x41], "\ufffdA"],
        [[0xe4, 0xbd, 0xe4, 0xbd, 0xa0], "\ufffd你"],
    ];
    for (const [bytes, expected] of cases) {
        for (const size of [1, 2, 10]) {
            equal(
                chunked(new Uint8Array(bytes), size),
                expected,
                bytes.map((byte) => byte.toString(16)).join(" "),
            );
        }
        throws(() => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes)), "TypeError");
    }
});

test("a byte order mark is dropped at the start only, once per stream, unless it is to be kept", () => {
    const marked = new Uint8Array([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 0x61]);
    for (const size of [1, 2, 3, 4, 7]) {
        equal(chunked(marked, size), "\ufeffa");
        equal(chunked(marked, size, "utf-8", { ignoreBOM: true }), "\ufeff\ufeffa");
    }
    const decoder = new TextDecoder();
    equal(decoder.decode(marked), "\ufeffa");
    equal(decoder.decode(marked), "\ufeffa", "the next input starts anew");
    equal(decoder.decode(marked.subarray(0, 3), { stream: true }), "");
    equal(decoder.decode(marked.subarray(0, 4), { stream: true }), "\ufeff");
    equal(decoder.decode(), "\ufffd");
    equal(chunked(new Uint8Array([0xff, 0xfe, 0x61, 0]), 1, "utf-16"), "a");
    equal(chunked(new Uint8Array([0xfe, 0xff, 0x61, 0]), 1, "utf-16"), "\ufffea");
});

test("input that ends within a sequence is one error, which comes with the end", () => {
    const decoder = new TextDecoder();
    equal(decoder.decode(new Uint8Array([0xf0, 0x9f]), { stream: true }), "");
    equal(decoder.decode(new Uint8Array([0x98]), { stream: true }), "");
    equal(decoder.decode(), "\ufffd");
    equal(decoder.decode(new Uint8Array([0x80])), "\ufffd", "nothing is left over");
    const fatal = new TextDecoder("utf-8", { fatal: true });
    equal(fatal.decode(new Uint8Array([0xe2, 0x82]), { stream: true }), "");
    throws(() => fatal.decode(), "TypeError");
    equal(fatal.decode(new Uint8Array([0x61])), "a", "a fatal error leaves the decoder usable");
});

test("lone surrogates of UTF-16 are replaced, a pair may be split", () => {
    equal(chunked(new Uint8Array([0x00, 0xd8]), 1, "utf-16le"), "\ufffd");
    equal(chunked(new Uint8Array([0x00, 0xdc]), 2, "utf-16le"), "\ufffd");
    equal(chunked(new Uint8Array([0x00, 0xdc, 0x00, 0xd8]), 3, "utf-16le"), "\ufffd\ufffd");
    equal(chunked(new Uint8Array([0x00, 0xd8, 0x00, 0x00]), 1, "utf-16le"), "\ufffd\u0000");
    equal(chunked(new Uint8Array([0x00]), 1, "utf-16le"), "\ufffd");
    throws(() => new TextDecoder("utf-16be", { fatal: true }).decode(new Uint8Array([0xd8, 0])), "TypeError");
});

test("latin1 and ascii are windows-1252", () => {
    const decoder = new TextDecoder("latin1");
    equal(decoder.encoding, "windows-1252");
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const text = decoder.decode(all);
    equal(text.length, 256);
    equal(text.slice(0x80, 0xa0), "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ");
    equal(text.slice(0xa0), String.fromCharCode(...all.subarray(0xa0)));
    equal(new TextDecoder("us-ascii").encoding, "windows-1252");
    equal(new TextDecoder("windows-1252", { fatal: true }).decode(new Uint8Array([0x81])), "\u0081");
});

test("every label of the four encodings is known, whatever its case and surrounding space", () => {
    const labels: Record<string, string[]> = {
        "utf-8": ["unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "utf-8", "utf8", "x-unicode20utf8"],
        "utf-16be": ["unicodefffe", "utf-16be"],
        "utf-16le": ["csunicode", "iso-10646-ucs-2", "ucs-2", "unicode", "unicodefeff", "utf-16", "utf-16le"],
        "windows-1252": [
            "ansi_x3.4-1968",
            "ascii",
            "cp1252",
            "cp819",
            "csisolatin1",
            "ibm819",
            "iso-8859-1",
            "iso-ir-100",
            "iso8859-1",
            "iso88591",
            "iso_8859-1",
            "iso_8859-1:1987",
            "l1",
            "latin1",
            "us-ascii",
            "windows-1252",
            "x-cp1252",
        ],
    };
    for (const [encoding, list] of Object.entries(labels)) {
        for (const label of list) {
            equal(new TextDecoder(label).encoding, encoding);
            equal(new TextDecoder(`\t\n\f\r ${label.toUpperCase()} \r`).encoding, encoding);
            for (const space of ["\u000b", "\u00a0", "\u2028", "\0"]) {
                throws(() => new TextDecoder(label + space), "RangeError");
                throws(() => new TextDecoder(space + label), "RangeError");
            }
        }
    }
    for (const label of [
        "",
        "utf-7",
        "utf-32",
        "koi8-r",
        "shift_jis",
        "replacement",
        "x-user-defined",
        "ütf-8",
        "null",
    ]) {
        throws(() => new TextDecoder(label), "RangeError");
    }
});

test("any buffer and view is input, and what is none is a TypeError", () => {
    const bytes = new Uint8Array([0x20, 0x61, 0x62, 0x63, 0x20]);
    const decoder = new TextDecoder();
    equal(decoder.decode(bytes.buffer), " abc ");
    equal(decoder.decode(new DataView(bytes.buffer, 1, 3)), "abc");
    equal(decoder.decode(new Uint8ClampedArray(bytes.buffer, 1, 2)), "ab");
    equal(decoder.decode(new Uint16Array(new Uint8Array([0x61, 0x62]).buffer)), "ab");
    equal(decoder.decode(undefined), "");
    equal(decoder.decode(), "");
    equal(decoder.decode(new ArrayBuffer(0)), "");
    for (const value of [null, "text", 5, {}, [1]]) {
        throws(() => decoder.decode(value as never), "TypeError");
    }
});

test("options and attributes are those of Web IDL", () => {
    const decoder = new TextDecoder("UTF-8", { fatal: 1, ignoreBOM: "x" } as never);
    deepEqual([decoder.encoding, decoder.fatal, decoder.ignoreBOM], ["utf-8", true, true]);
    deepEqual([new TextDecoder().fatal, new TextDecoder(undefined).ignoreBOM], [false, false]);
    throws(() => new TextDecoder("utf-8", 1 as never), "TypeError");
    throws(() => (TextDecoder as unknown as () => void)(), "TypeError");
    throws(() => TextDecoder.prototype.decode.call({} as TextDecoder), "TypeError");
    throws(() => Object.getOwnPropertyDescriptor(TextDecoder.prototype, "fatal")!.get!.call({}), "TypeError");
    equal(Object.prototype.toString.call(decoder), "[object TextDecoder]");
    const strict = decoder as { encoding: string };
    throws(() => (strict.encoding = "x"), "TypeError");
});

test("a long text keeps its tail", () => {
    const text = "日本語".repeat(50_000);
    const bytes = new TextEncoder().encode(text);
    equal(bytes.length, 450_000);
    equal(new TextDecoder().decode(bytes) === text, true);
    equal(chunked(bytes, 4099) === text, true);
    ok(new TextDecoder().decode(new Uint8Array(100_000)).length === 100_000);
});
