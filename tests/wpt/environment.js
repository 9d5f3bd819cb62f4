// environment.js - what a Web Platform Test finds in the global object beyond Cleat's own: the names by which
// testharness.js tells environments apart (none fits, so it takes its "shell" environment), the way to the garbage
// collector, and a fetch() of those files of the corpus that tests read. Put in front of testharness.js by app.mjs,
// which has declared `wptFile` before: {url: {pathname, search}, title, files: {path: text}, stubs: [name], wantsSharedMemory}.
{
    const { url, title, files, stubs, wantsSharedMemory } = wptFile;
    const define = (name, value) =>
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
    define("self", globalThis);
    define("location", { ...url, origin: "null", href: `wpt:${url.pathname}${url.search}` });
    define("GLOBAL", { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false });
    if (title !== undefined) {
        define("META_TITLE", title);
    }
    define("gc", () => cleat.gc());
    // Without these a file can't even be loaded; whatever uses them fails.
    for (const name of stubs) {
        define(name, class {});
    }
    if (wantsSharedMemory) {
        // common/sab.js does not trust the global of that name and takes the class of such a buffer.
        define("WebAssembly", {
            Memory: class Memory {
                buffer = new SharedArrayBuffer(0);
            },
        });
    }
    // A page stays, whatever it waits for; reporter.js ends the app.
    setInterval(() => {}, 1000);
    const paths = Object.keys(files);
    if (paths.some((path) => path.endsWith(".idl"))) {
        // idlharness.js wants to know which of [Exposed] holds: that of a window, or none.
        define("Window", class Window {});
        // A global of Cleat is an accessor until it is first read; what it is then is what is tested.
        for (const name of Object.getOwnPropertyNames(globalThis)) {
            void globalThis[name];
        }
    }
    if (paths.length > 0) {
        const resolve = (name) => {
            const parts = name.startsWith("/") ? [] : url.pathname.split("/").slice(1, -1);
            for (const part of name.split("/")) {
                if (part === "..") {
                    parts.pop();
                } else if (part !== "" && part !== ".") {
                    parts.push(part);
                }
            }
            return parts.join("/");
        };
        define("fetch", async (name) => {
            const text = files[resolve(name)];
            if (text === undefined) {
                throw new TypeError(
                    `the corpus has no ${name}, or wpt/app.mjs has not seen that it is needed`,
                );
            }
            return { ok: true, status: 200, text: async () => text, json: async () => JSON.parse(text) };
        });
    }
}
