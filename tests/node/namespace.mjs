// namespace.mjs - network namespaces for tests: each is held by a process of its own and ends with it. Needs root; ask
// cannotUnshare() first.
import { spawn, spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { until } from "./support.mjs";

const holders = new Set();
process.on("exit", () => holders.forEach((holder) => holder.kill("SIGKILL")));

export class Namespace {
    #holder;

    constructor(holder) {
        this.#holder = holder;
    }

    /** A new namespace, in which nothing but `lo` exists and is down. */
    static async create() {
        const holder = spawn("unshare", ["--net", "sleep", "600"], { stdio: "ignore" });
        holders.add(holder);
        const own = readlinkSync("/proc/self/ns/net");
        await until(() => {
            try {
                return readlinkSync(`/proc/${holder.pid}/ns/net`) !== own;
            } catch {
                return false;
            }
        }, "a namespace");
        return new Namespace(holder);
    }

    get pid() {
        return this.#holder.pid;
    }

    /** What to put before a command so that it runs in here. */
    get prefix() {
        return ["nsenter", `--net=/proc/${this.pid}/ns/net`, "--"];
    }

    /** Runs ip(8) in here. */
    ip(text) {
        const [program, ...args] = [...this.prefix, "ip", ...text.split(" ")];
        const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
        if (status !== 0) {
            throw new Error(`ip ${text}: ${stderr}`);
        }
    }

    /** Connects both namespaces: interface `name` here and `peerName` there, up, with the addresses given. */
    connect(name, address, peer, peerName, peerAddress) {
        this.ip(`link add ${name} type veth peer name ${peerName} netns ${peer.pid}`);
        this.ip(`addr add ${address} dev ${name}`);
        this.ip(`link set ${name} up`);
        peer.ip(`addr add ${peerAddress} dev ${peerName}`);
        peer.ip(`link set ${peerName} up`);
    }

    destroy() {
        this.#holder.kill("SIGKILL");
        holders.delete(this.#holder);
    }
}
