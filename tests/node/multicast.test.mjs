// timeout: 120
// multicast.test.mjs - UDPSocket between two machines on two networks: groups, sources, zones, interfaces that go and
// return. Not here: discovery (discovery.test.mjs), the natives alone (tests/c/test_udp.c, test_js_udp.c).
import assert from "node:assert/strict";
import { before, after, test } from "node:test";
import { Namespace } from "./namespace.mjs";
import { cannotUnshare, startApp } from "./support.mjs";

const skip = cannotUnshare() ?? false;
let near, far;

before(async () => {
    if (!skip) {
        near = await Namespace.create();
        far = await Namespace.create();
        for (const namespace of [near, far]) {
            namespace.ip("link set lo up");
        }
        plug(0);
        plug(1);
        far.ip("addr add 10.90.0.3/24 dev far0");
    }
});
after(() => {
    near?.destroy();
    far?.destroy();
});

/** A cable between `near<n>` and `far<n>`. Link-local addresses need no duplicate address detection here. */
function plug(number) {
    near.connect(`near${number}`, `10.90.${number}.1/24`, far, `far${number}`, `10.90.${number}.2/24`);
    near.ip(`addr add fe80::a/64 dev near${number} nodad`);
    far.ip(`addr add fe80::b/64 dev far${number} nodad`);
}

/** What every app here can use. */
const prelude = `
    const bytes = (text) => new TextEncoder().encode(text).buffer;
    const text = ({ data }) => new TextDecoder().decode(data);
    const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    async function send(options, ...messages) {
        const socket = new UDPSocket(options);
        for (const message of messages) await socket.writable.write({ ...message, data: bytes(message.data) });
        await socket.close();
    }
    async function throwsName(call, name) {
        try { await call(); } catch (error) { console.log(name === error.name ? "as expected" : error.stack); return; }
        console.log("no error");
    }
`;

function run(t, namespace, code, flags) {
    const app = startApp(prelude + code, { prefix: namespace.prefix, ...(flags && { flags }) });
    t.after(() => app.stop());
    return app;
}

async function done(app) {
    const { code } = await app.ended;
    assert.equal(code, 0, app.out + app.err);
    return app.out.trim().split("\n");
}

/** Sends as the far machine. */
const sendFar = (t, options, ...messages) =>
    done(run(t, far, `await send(${JSON.stringify(options)}, ...${JSON.stringify(messages)});`));

test(
    "two apps on one multicast port hear a group each joined; one that did not hears nothing",
    { skip },
    async (t) => {
        const listener = (join) => `
        const socket = new UDPSocket({ localPort: 5000, multicastAllowAddressSharing: true });
        ${join ? 'socket.joinMulticast("239.1.2.3", { interface: "near0" });' : ""}
        console.log("ready");
        const first = await socket.readable.getReader().read();
        console.log("got", text(first.value));
        await socket.close();`;
        const apps = [true, true, false].map((join) => run(t, near, listener(join)));
        await Promise.all(apps.map((app) => app.line(/^ready/)));
        await sendFar(
            t,
            { interface: "far0" },
            { data: "hello", remoteAddress: "239.1.2.3", remotePort: 5000 },
        );
        assert.deepEqual(await done(apps[0]), ["ready", "got hello"]);
        assert.deepEqual(await done(apps[1]), ["ready", "got hello"]);
        assert.equal(apps[2].out, "ready\n");
    },
);

test("a message names the interface it leaves by, and tells the one it came by", { skip }, async (t) => {
    const app = run(
        t,
        near,
        `const socket = new UDPSocket({ localPort: 5000 });
        for (const name of ["near0", "near1"]) {
            socket.joinMulticast("239.1.2.3", { interface: name });
            socket.joinMulticast("ff02::1234", { interface: name });
        }
        console.log("ready");
        const reader = socket.readable.getReader();
        for (let i = 0; i < 4; i++) {
            const { value } = await reader.read();
            console.log(text(value), value.interface, value.localAddress, value.hopLimit, value.remoteAddress);
        }
        await socket.close();`,
    );
    await app.line(/^ready/);
    for (const number of [1, 0]) {
        await sendFar(
            t,
            { multicastTimeToLive: 3 },
            { data: "four", remoteAddress: "239.1.2.3", remotePort: 5000, interface: `far${number}` },
        );
        await sendFar(
            t,
            { localAddress: `fe80::b%far${number}`, multicastTimeToLive: 4 },
            { data: "six", remoteAddress: "ff02::1234", remotePort: 5000, interface: `far${number}` },
        );
    }
    assert.deepEqual((await done(app)).slice(1), [
        "four near1 239.1.2.3 3 10.90.1.2",
        "six near1 ff02::1234%near1 4 fe80::b%near1",
        "four near0 239.1.2.3 3 10.90.0.2",
        "six near0 ff02::1234%near0 4 fe80::b%near0",
    ]);
});

test("a group of one source hears that source only", { skip }, async (t) => {
    const app = run(
        t,
        near,
        `const socket = new UDPSocket({ localPort: 5000 });
        socket.joinMulticast("232.1.2.3", { interface: "near0", source: "10.90.0.3" });
        console.log("ready");
        const { value } = await socket.readable.getReader().read();
        console.log(text(value), value.remoteAddress);
        socket.leaveMulticast("232.1.2.3", { interface: "near0", source: "10.90.0.3" });
        await socket.close();`,
    );
    await app.line(/^ready/);
    const message = { remoteAddress: "232.1.2.3", remotePort: 5000, interface: "far0" };
    await sendFar(t, { localAddress: "10.90.0.2" }, { ...message, data: "wrong" });
    await sendFar(t, { localAddress: "10.90.0.3" }, { ...message, data: "right" });
    assert.deepEqual((await done(app)).slice(1), ["right 10.90.0.3"]);
});

test("a link-local address is answered by the zone it came with", { skip }, async (t) => {
    const echo = run(
        t,
        far,
        `const socket = new UDPSocket({ localPort: 5000 });
        console.log("ready");
        const reader = socket.readable.getReader();
        for (let i = 0; i < 2; i++) {
            const { value } = await reader.read();
            await socket.writable.write(value);
        }
        await socket.close();`,
    );
    await echo.line(/^ready/);
    const lines = await done(
        run(
            t,
            near,
            `for (const name of ["near0", "near1"]) {
                const socket = new UDPSocket({ remoteAddress: "fe80::b%" + name, remotePort: 5000 });
                await socket.writable.write({ data: bytes(name) });
                const { value } = await socket.readable.getReader().read();
                console.log(text(value), value.remoteAddress, socket.localAddress.endsWith("%" + name));
                await socket.close();
            }`,
        ),
    );
    assert.deepEqual(lines, ["near0 fe80::b%near0 true", "near1 fe80::b%near1 true"]);
    await done(echo);
});

test(
    "an interface removed while joined can be left, and joined again when it is back",
    { skip },
    async (t) => {
        plug(2);
        const app = run(
            t,
            near,
            `const socket = new UDPSocket({ localPort: 5000 });
        const by = { interface: "near2" };
        socket.joinMulticast("239.1.2.3", by);
        socket.joinMulticast("239.1.2.4", by);
        console.log("ready");
        const has = () => cleat.network.interfaces().some(({ name }) => name === "near2");
        while (has()) await pause(20);
        socket.leaveMulticast("239.1.2.3", by);
        await throwsName(() => socket.leaveMulticast("239.1.2.3", by), "InvalidAccessError");
        await throwsName(() => socket.joinMulticast("239.1.2.5", by), "NetworkError");
        console.log("gone");
        while (!has()) await pause(20);
        socket.joinMulticast("239.1.2.3", by);
        socket.joinMulticast("239.1.2.4", by); /* was not left */
        console.log("back");
        const reader = socket.readable.getReader();
        for (let i = 0; i < 2; i++) console.log(text((await reader.read()).value));
        await socket.close();`,
        );
        await app.line(/^ready/);
        near.ip("link del near2");
        await app.line(/^gone/);
        plug(2);
        await app.line(/^back/);
        await sendFar(
            t,
            { interface: "far2" },
            { data: "one", remoteAddress: "239.1.2.3", remotePort: 5000 },
            { data: "two", remoteAddress: "239.1.2.4", remotePort: 5000 },
        );
        assert.deepEqual(await done(app), [
            "ready",
            "as expected",
            "as expected",
            "gone",
            "back",
            "one",
            "two",
        ]);
        near.ip("link del near2");
    },
);

test(
    "a grant for a group on one interface is none for the other, nor for no interface",
    { skip },
    async (t) => {
        const lines = await done(
            run(
                t,
                near,
                `const socket = new UDPSocket();
            socket.joinMulticast("239.1.2.3", { interface: "near0" });
            await throwsName(() => socket.joinMulticast("239.1.2.3", { interface: "near1" }), "SecurityError");
            await throwsName(() => socket.joinMulticast("239.1.2.3"), "SecurityError");
            await throwsName(() => socket.joinMulticast("239.1.2.4", { interface: "near0" }), "SecurityError");
            const message = { data: bytes("x"), remoteAddress: "239.1.2.3", remotePort: 5000 };
            await socket.writable.write({ ...message, interface: "near0" });
            await throwsName(() => socket.writable.write({ ...message, interface: "near1" }), "SecurityError");
            await throwsName(() => socket.writable.write(message), "SecurityError");
            await socket.close();`,
                ["--allow", "multicast=239.1.2.3@near0"],
            ),
        );
        assert.deepEqual(lines, Array(5).fill("as expected"));
    },
);
