// ssdp_peer.mjs - the other end of SSDP for tests, run as a program of its own (in a namespace):
//
//     node ssdp_peer.mjs search ADDRESS SECONDS MESSAGE…   sends messages to the group by the interface with ADDRESS,
//                                                          prints what comes back as JSON: [{from, text}]
//     node ssdp_peer.mjs listen ADDRESS SECONDS            prints what is sent to the group
//     node ssdp_peer.mjs flood ADDRESS COUNT               sends so many malformed searches
//     node ssdp_peer.mjs devices ADDRESS DEVICES           answers searches as several devices, [{uuid, location}] in
//                                                          JSON, prints "ready"; serves odd documents on port 8080
import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";

const [mode, address, ...rest] = process.argv.slice(2);
const group = "239.255.255.250";
const socket = dgram.createSocket({ type: "udp4", reuseAddr: true });
const received = [];
socket.on("message", (data, { address: from }) => received.push({ from, text: data.toString() }));

async function bind(port) {
    socket.bind(port);
    await once(socket, "listening");
    socket.setMulticastInterface(address);
    socket.setMulticastLoopback(true);
    if (port === 1900) {
        socket.addMembership(group, address);
    }
}

const send = (data, port = 1900, to = group) =>
    new Promise((resolve) => socket.send(data, port, to, resolve));
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Malformed in every way that is known to have hurt somebody. */
function* malformed(count) {
    const head = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n";
    const kinds = [
        `${head}MAN: ssdp:discover\r\nMX: 1\r\nST: ssdp:all\r\n\r\n`,
        `${head}MAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n`,
        `${head}MAN: "ssdp:discover"\r\nMX: -1\r\nST: ssdp:all\r\n\r\n`,
        `${head}MAN: "ssdp:discover"\r\nMX: 0\r\nST: ssdp:all\r\n\r\n`,
        `${head}MAN: "ssdp:discover"\r\nMX: 99999999999999999999\r\nST: ssdp:all\r\n\r\n`,
        `${head}MAN: "ssdp:discover"\r\nMX: 1\r\n\r\n`,
        `${head}${"X".repeat(9000)}: 1\r\n\r\n`,
        `${head}${Array.from({ length: 500 }, (_, i) => `X${i}: 1\r\n`).join("")}\r\n`,
        Buffer.from([0, 255, 254, 0, 13, 10]),
        "",
        "M-SEARCH",
        `${head.slice(0, 40)}`,
        `${head} folded: header\r\n\r\n`,
        `${"\r\n".repeat(2000)}`,
    ];
    for (let i = 0; i < count; i++) {
        yield kinds[i % kinds.length];
    }
}

/** What the web server of `devices` says on each path. */
const documents = {
    "/endless": (stream) => {
        stream.on("error", () => undefined);
        stream.write("HTTP/1.1 200 OK\r\n\r\n");
        const more = () => stream.destroyed || stream.write("x".repeat(65536), () => setImmediate(more));
        more();
    },
    "/silent": () => undefined,
    "/entities": (stream) =>
        stream.end(
            `HTTP/1.1 200 OK\r\n\r\n<?xml version="1.0"?><!DOCTYPE root [<!ENTITY a "aaaa">]><root><device>` +
                `<deviceType>&a;</deviceType></device></root>`,
        ),
    "/redirect": (stream) =>
        stream.end(`HTTP/1.1 302 Found\r\nLOCATION: http://${address}:8080/good\r\n\r\n`),
    "/broken": (stream) => stream.end("HTTP/1.1 200 OK\r\n\r\n<root><device>"),
    "/nonsense": (stream) => stream.end("hello\r\n\r\n"),
    "/chunked": (stream) => {
        const xml =
            "<root xmlns='urn:schemas-upnp-org:device-1-0'><device><deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType>" +
            "<friendlyName>Tom &amp; Jerry&#39;s \u001b[31mbox</friendlyName></device></root>";
        const half = Math.floor(xml.length / 2);
        const chunk = (text) => `${Buffer.byteLength(text).toString(16)};x=y\r\n${text}\r\n`;
        stream.end(
            `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(xml.slice(0, half))}${chunk(xml.slice(half))}0\r\n\r\n`,
        );
    },
};

function serveDocuments() {
    const server = net.createServer((stream) => {
        stream.on("error", () => undefined);
        stream.once("data", (data) => {
            const path = /^GET (\S+)/.exec(data.toString())?.[1];
            documents[path]?.(stream);
        });
    });
    server.listen(8080, address);
    return once(server, "listening");
}

switch (mode) {
    case "search": {
        const [seconds, ...messages] = rest;
        await bind(0);
        for (const message of messages) {
            await send(message);
        }
        await sleep(Number(seconds));
        break;
    }
    case "listen":
        await bind(1900);
        console.error("listening");
        await sleep(Number(rest[0]));
        break;
    case "flood":
        await bind(0);
        for (const message of malformed(Number(rest[0]))) {
            await send(message);
        }
        break;
    case "devices": {
        const devices = JSON.parse(rest[0]);
        await serveDocuments();
        await bind(1900);
        socket.on("message", (data, { address: from, port }) => {
            if (!data.toString().startsWith("M-SEARCH")) {
                return;
            }
            for (const { uuid, location } of devices) {
                const usn = `uuid:${uuid}::upnp:rootdevice`;
                void send(
                    `HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: ${usn}\r\nLOCATION: ${location}\r\n\r\n`,
                    port,
                    from,
                );
            }
        });
        console.log("ready");
        await sleep(600);
        break;
    }
    default:
        throw new Error(`unknown mode ${mode}`);
}
console.log(JSON.stringify(received));
process.exit(0);
