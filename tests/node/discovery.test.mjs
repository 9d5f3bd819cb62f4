// timeout: 240
// discovery.test.mjs - SSDP between real network stacks: examples/virtual-tv and examples/discover in namespaces with no,
// one and two interfaces, against rude peers, and against minidlna.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Namespace } from "./namespace.mjs";
import { patience, runExample, start, startExample } from "./example_app.mjs";
import { cannotUnshare, preset, root, rssKiB, sleep } from "./support.mjs";

const skip = cannotUnshare() ?? false;
const uuid = "3b4c7a2e-0000-4000-8000-0123456789ab";
const work = mkdtempSync(path.join(tmpdir(), "cleat-discovery-"));
after(() => rmSync(work, { recursive: true }));

/** A search as a control point sends it. */
const search = (target, { mx = "MX: 1\r\n", man = '"ssdp:discover"' } = {}) =>
    `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: ${man}\r\n${mx}ST: ${target}\r\n\r\n`;

const startPeer = (namespace, ...args) =>
    start([
        ...namespace.prefix,
        process.execPath,
        path.join(root, "tests/node/ssdp_peer.mjs"),
        ...args.map(String),
    ]);

/** What a peer printed at its end. */
async function heard(peer) {
    const { code } = await peer.ended;
    assert.equal(code, 0, peer.err);
    return JSON.parse(peer.out.trim().split("\n").at(-1));
}

const header = (text, name) => new RegExp(`^${name}:[ ]*(.*?)\r?$`, "im").exec(text)?.[1];

/** Two machines on two networks: `a` has a0 and a1, `b` has b0 and b1. */
async function twoMachines(t) {
    const [a, b] = [await Namespace.create(), await Namespace.create()];
    t.after(() => {
        a.destroy();
        b.destroy();
    });
    a.ip("link set lo up");
    b.ip("link set lo up");
    a.connect("a0", "10.91.0.1/24", b, "b0", "10.91.0.2/24");
    a.connect("a1", "10.91.1.1/24", b, "b1", "10.91.1.2/24");
    return { a, b };
}

async function startTv(t, { prefix }, ...args) {
    const tv = startExample("virtual-tv", ["--uuid", uuid, "--verbose", ...args], { prefix });
    t.after(() => tv.stop("SIGKILL"));
    await tv.saw(/ is on .*http:/);
    return tv;
}

const discoverJson = async (namespace, ...args) => {
    const result = await runExample("discover", ["--json", ...args], { prefix: namespace.prefix });
    return { ...result, devices: result.out === "" ? undefined : JSON.parse(result.out) };
};

test("a machine with nothing but loopback finds its own television", { skip }, async (t) => {
    const only = await Namespace.create();
    t.after(() => only.destroy());
    only.ip("link set lo up");
    const none = await runExample("discover", ["--timeout", "1"], { prefix: only.prefix });
    assert.equal(none.code, 1, none.out + none.err);
    assert.match(none.err, /No device answered .*on lo[^]*firewall/);
    const tv = await startTv(t, only, "--name", "Attic");
    const found = await runExample("discover", [], { prefix: only.prefix });
    assert.equal(found.code, 0, found.err);
    assert.match(
        found.out,
        /^NAME +KIND +ADDRESS +LOCATION\nAttic +MediaRenderer:1 +127\.0\.0\.1 +http:\/\/127/,
    );
    assert.equal((await tv.stop()).signal, "SIGTERM");
});

test("without any interface both say so", { skip }, async (t) => {
    const nothing = await Namespace.create();
    t.after(() => nothing.destroy());
    const { code, err } = await runExample("discover", ["--timeout", "1"], { prefix: nothing.prefix });
    assert.equal(code, 1);
    assert.match(err, /No network interface is up/);
    const tv = await runExample("virtual-tv", [], { prefix: nothing.prefix });
    assert.equal(tv.code, 1);
    assert.match(tv.err, /no network interface is up/);
});

test("each interface is told the address that the device has there", { skip }, async (t) => {
    const { a, b } = await twoMachines(t);
    await startTv(t, a);
    const searches = [search("ssdp:all"), search("upnp:rootdevice"), search(`uuid:${uuid}`)];
    const peers = [
        startPeer(b, "search", "10.91.0.2", 2, searches[0]),
        startPeer(b, "search", "10.91.1.2", 2, searches[1]),
    ];
    const [first, second] = [await heard(peers[0]), await heard(peers[1])];
    assert.deepEqual(first.map(({ text }) => header(text, "ST")).sort(), [
        "upnp:rootdevice",
        "urn:schemas-upnp-org:device:MediaRenderer:1",
        `uuid:${uuid}`,
    ]);
    for (const { from, text } of first) {
        assert.equal(from, "10.91.0.1");
        assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
        assert.match(header(text, "LOCATION"), /^http:\/\/10\.91\.0\.1:\d+\/description\.xml$/);
        assert.match(header(text, "CACHE-CONTROL"), /^max-age=1800$/);
        assert.ok(header(text, "USN").startsWith(`uuid:${uuid}`));
        assert.equal(header(text, "EXT"), "");
    }
    assert.equal(second.length, 1);
    assert.match(header(second[0].text, "LOCATION"), /^http:\/\/10\.91\.1\.1:/);
});

test("discover finds the television over either interface, once", { skip }, async (t) => {
    const { a, b } = await twoMachines(t);
    await startTv(t, a);
    const { code, devices, err } = await discoverJson(b);
    assert.equal(code, 0, err);
    assert.equal(devices.length, 1);
    const [{ address, location, description, note }] = devices;
    assert.ok(["10.91.0.1", "10.91.1.1"].includes(address));
    assert.ok(location.startsWith(`http://${address}:`));
    assert.equal(description.friendlyName, "Cleat virtual TV");
    assert.equal(note, "");
    const other = await discoverJson(
        b,
        "--search",
        "urn:schemas-upnp-org:device:Printer:1",
        "--timeout",
        "2",
    );
    assert.equal(other.code, 1);
    assert.deepEqual(other.devices, []);
});

test("the television says when it comes and when it goes", { skip }, async (t) => {
    const { a, b } = await twoMachines(t);
    const peer = startPeer(b, "listen", "10.91.1.2", 4);
    await peer.saw(/listening/);
    const tv = await startTv(t, a);
    await sleep(600);
    await tv.stop();
    const messages = (await heard(peer)).map(({ text }) => text);
    const alive = messages.filter((text) => header(text, "NTS") === "ssdp:alive");
    const byebye = messages.filter((text) => header(text, "NTS") === "ssdp:byebye");
    assert.equal(alive.length, 6, "three announcements, twice");
    assert.equal(byebye.length, 3);
    assert.ok(alive.every((text) => /^http:\/\/10\.91\.1\.1:/.test(header(text, "LOCATION"))));
    assert.ok(byebye.every((text) => header(text, "LOCATION") === undefined));
    assert.deepEqual(
        new Set(byebye.map((text) => header(text, "USN"))),
        new Set(alive.map((text) => header(text, "USN"))),
    );
});

test("an interface that comes up later is used", { skip }, async (t) => {
    const { a, b } = await twoMachines(t);
    a.ip("link set a1 down");
    a.ip("addr flush dev a1");
    const tv = await startTv(t, a);
    assert.doesNotMatch(tv.out, /on a1/);
    a.ip("addr add 10.91.1.1/24 dev a1");
    a.ip("link set a1 up");
    await sleep(1500);
    const answers = await heard(startPeer(b, "search", "10.91.1.2", 2, search("upnp:rootdevice")));
    assert.equal(answers.length, 1, tv.out);
});

test("searches without MAN or MX, from off the link, or too many are not answered", { skip }, async (t) => {
    const { a, b } = await twoMachines(t);
    b.ip("addr add 172.30.0.9/24 dev b0");
    const tv = await startTv(t, a);
    const wrong = [
        search("ssdp:all", { mx: "" }),
        search("ssdp:all", { mx: "MX: 0\r\n" }),
        search("ssdp:all", { mx: "MX: soon\r\n" }),
        search("ssdp:all", { man: "ssdp:discover" }),
        search("urn:schemas-upnp-org:device:Printer:1"),
    ];
    assert.deepEqual(await heard(startPeer(b, "search", "10.91.0.2", 2, ...wrong)), []);
    const many = Array.from({ length: 50 }, () => search("upnp:rootdevice"));
    const answers = await heard(startPeer(b, "search", "10.91.0.2", 2, ...many));
    assert.ok(
        answers.length >= 5 && answers.length <= 10,
        `${answers.length} answers to 50 searches at once`,
    );
    // The kernel drops what claims to come from an address that it would not answer by this interface; not so on b's side.
    a.ip("route add 172.30.0.0/24 dev a0");
    const offLink = startPeer(b, "search", "172.30.0.9", 2, search("ssdp:all"));
    assert.deepEqual(await heard(offLink), []);
    await tv.saw(/from 172\.30\.0\.9 dropped: offLink/);
    await tv.stop();
    assert.match(tv.out, /"other":1,"malformed":4,"offLink":1,"limited":4\d/);
});

test("a flood of malformed searches costs the television nothing lasting", { skip }, async (t) => {
    const { a, b } = await twoMachines(t);
    const tv = startExample("virtual-tv", [], { prefix: a.prefix }); // without --verbose: 20,000 lines would measure printing
    t.after(() => tv.stop("SIGKILL"));
    await tv.saw(/ is on /);
    await heard(startPeer(b, "flood", "10.91.0.2", 5000));
    const before = rssKiB(tv.pid);
    await heard(startPeer(b, "flood", "10.91.0.2", 20_000));
    await sleep(500);
    if (preset === "release") {
        // sanitizers keep what was freed
        assert.ok(rssKiB(tv.pid) - before < 2048, `${before} KiB became ${rssKiB(tv.pid)} KiB`);
    }
    const { code, devices } = await discoverJson(b);
    assert.equal(code, 0);
    assert.equal(devices.length, 1);
});

test("devices that lie, stall or send rubbish get a note each and hold nobody up", { skip }, async (t) => {
    const { a, b } = await twoMachines(t);
    await startTv(t, a);
    const at = (where) => `http://10.91.0.1:8080${where}`;
    const locations = {
        loopback: "http://127.0.0.1:8080/good",
        other: "http://10.91.0.2:8080/good",
        name: "http://router.example/good",
        file: "file:///etc/passwd",
        closed: "http://10.91.0.1:1/",
        endless: at("/endless"),
        silent: at("/silent"),
        entities: at("/entities"),
        redirect: at("/redirect"),
        broken: at("/broken"),
        nonsense: at("/nonsense"),
        chunked: at("/chunked"),
    };
    const devices = Object.entries(locations).map(([name, location]) => ({ uuid: name, location }));
    const peer = startPeer(a, "devices", "10.91.0.1", JSON.stringify(devices));
    t.after(() => peer.stop("SIGKILL"));
    await peer.saw(/ready/);
    const result = await discoverJson(b);
    assert.equal(result.code, 0, result.err);
    const notes = Object.fromEntries(
        result.devices.map((device) => [device.uuid.replace("uuid:", ""), device.note]),
    );
    const expected = {
        loopback: /another host/,
        other: /another host/,
        name: /not a URL with an IPv4 address/,
        file: /not a URL with an IPv4 address/,
        closed: /refused|ECONNREFUSED/i,
        endless: /larger than/,
        silent: /no answer within/,
        entities: /declares entities/,
        redirect: /HTTP status 302/,
        broken: /not XML|not that of a device/,
        nonsense: /not an HTTP answer/,
        chunked: /^$/,
    };
    for (const [name, pattern] of Object.entries(expected)) {
        assert.match(notes[name] ?? "not listed", pattern, name);
    }
    const byName = (name) => result.devices.find((device) => device.description?.friendlyName === name);
    assert.ok(byName("Tom & Jerry's [31mbox"), "text is decoded, without its escape character");
    assert.ok(byName("Cleat virtual TV"), "the honest device is there all the same");
});

test("minidlna, a real UPnP device, is found by its name", { skip }, async (t) => {
    const { a, b } = await twoMachines(t);
    const config = path.join(work, "minidlna.conf");
    writeFileSync(
        config,
        `port=8200\nnetwork_interface=a0,a1\nfriendly_name=Cellar music\nmedia_dir=${work}\ndb_dir=${work}/db\n` +
            `log_dir=${work}\nuuid=${uuid}\ninotify=no\nnotify_interval=60\n`,
    );
    const server = start([
        ...a.prefix,
        "minidlnad",
        "-S",
        "-f",
        config,
        "-P",
        path.join(work, "minidlna.pid"),
    ]);
    t.after(() => server.stop("SIGKILL"));
    let result;
    for (const end = Date.now() + patience; Date.now() < end;) {
        result = await discoverJson(b, "--timeout", "3");
        if (result.code === 0) {
            break;
        }
        assert.ok(!server.over, `minidlna ended: ${server.out}${server.err}`);
    }
    assert.equal(result.code, 0, result.err);
    const [{ address, description, note }] = result.devices;
    assert.equal(note, "");
    assert.equal(description.friendlyName, "Cellar music");
    assert.equal(description.deviceType, "urn:schemas-upnp-org:device:MediaServer:1");
    assert.ok(["10.91.0.1", "10.91.1.1"].includes(address));
});
