// peers.mjs - who is measured: Cleat (one or several builds), plain C, Node's callbacks, Node's web streams, QuickJS's
// own qjs, and whatever --peer names. A peer is {name, title, isCleat, command(scenario, ...arguments)}, where command
// returns undefined for a scenario that the peer does not have.
import { readFileSync } from "node:fs";
import path from "node:path";
import { buildDir, outputDir, root, tool } from "./process.mjs";

export const apps = [
    "echo",
    "pipe",
    "accept",
    "tls-echo",
    "tls-accept",
    "tls-source",
    "tls-sink",
    "udp",
    "multicast",
    "timers",
];
export const appBundle = (name) => path.join(outputDir, "apps", `${name}.cleat`);
const hello = path.join(root, "bench/apps/hello.js");

/** "name=value" or, where it has no name, "value" with the name given here. */
function named(text, name) {
    const [, given, value] = /^([\w.-]+)=(.+)$/s.exec(text) ?? [undefined, name, text];
    if (given === undefined) {
        throw new Error(`"${text}" is not name=command`);
    }
    return [given, value];
}

/** Splits a command line at blanks; quotes keep blanks. */
const words = (text) =>
    [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ""));

function cleatPeer(text, index) {
    const [name, binary] = named(text, index === 0 ? "cleat" : `cleat${index + 1}`);
    const program = path.resolve(binary);
    return {
        name,
        title: name === "cleat" ? "Cleat" : `Cleat (${name})`,
        isCleat: true,
        command(scenario, ...args) {
            if (scenario === "hello") {
                return [program, "run", hello];
            }
            // an app reads no files: certificate and key are told it as text
            const values = scenario.startsWith("tls-")
                ? args.map((file) => readFileSync(file, "utf8"))
                : args;
            return [program, "run", "--unsigned", "-A", appBundle(scenario), ...values];
        },
    };
}

function onlyFor(scenarios, command) {
    return (scenario, ...args) => (scenarios.includes(scenario) ? command(scenario, ...args) : undefined);
}

const usualPeers = [
    {
        name: "c",
        title: "plain C",
        command(scenario, ...args) {
            if (["echo", "pipe", "accept"].includes(scenario)) {
                return [tool("baseline_tcp")];
            }
            if (scenario.startsWith("tls-")) {
                return [tool("baseline_tls"), scenario, ...args];
            }
            if (scenario === "timers") {
                return [tool("baseline_timers"), ...args];
            }
            return ["udp", "multicast"].includes(scenario)
                ? [tool("baseline_udp"), scenario, ...args]
                : undefined;
        },
    },
    { name: "qjs", title: "qjs", command: onlyFor(["hello"], () => [tool("qjs"), hello]) },
    {
        name: "node",
        title: "Node net/dgram/tls",
        command: (scenario, ...args) =>
            scenario === "hello"
                ? [process.execPath, hello]
                : [process.execPath, path.join(root, "bench/peers/node.mjs"), scenario, ...args],
    },
    {
        name: "node-streams",
        title: "Node web streams",
        command: onlyFor(["echo", "pipe", "accept"], (scenario) => [
            process.execPath,
            path.join(root, "bench/peers/node_streams.mjs"),
            scenario,
        ]),
    },
];

/** `cleats` and `others` are the values of --cleat and --peer. */
export function allPeers(cleats, others) {
    const own = (cleats.length > 0 ? cleats : [path.join(buildDir, "cleat")]).map(cleatPeer);
    const more = others.map((text) => {
        const [name, command] = named(text);
        return { name, title: name, command: (scenario, ...args) => [...words(command), scenario, ...args] };
    });
    const peers = [usualPeers[0], ...own, ...usualPeers.slice(1), ...more];
    const twice = peers.find(({ name }, index) => peers.findIndex((other) => other.name === name) !== index);
    if (twice !== undefined) {
        throw new Error(`two peers are called "${twice.name}"`);
    }
    return peers;
}
