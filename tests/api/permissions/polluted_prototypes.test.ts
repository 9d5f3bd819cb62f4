// flags: --allow tcp.connect=127.0.0.1:* --allow tcp.connect=*.example.com:443 --allow tcp.listen=8080 --allow udp.send=192.168.0.0/16 --deny tcp.connect=evil.example.com --allow multicast=239.255.255.250:1900
// polluted_prototypes.test.ts - an app owns its realm and may replace every method in it; the verdicts stay what they
// were, since they fall in C on values that were read once.
import { deepEqual, equal, test, throws } from "../harness.ts";

type Answer = "granted" | "denied" | "prompt";

const tcp = navigator.tcpPermission;
const server = navigator.tcpServerPermission;
const udp = navigator.udpPermission;

const questions: readonly (() => Promise<Answer>)[] = [
    () => tcp.hasPermission(),
    () => tcp.hasPermission({ remoteAddress: "127.0.0.1", remotePort: 80 }),
    () => tcp.hasPermission({ remoteAddress: "127.0.0.1" }),
    () => tcp.hasPermission({ remoteAddress: "127.0.0.2", remotePort: 80 }),
    () => tcp.hasPermission({ remoteAddress: "a.example.com", remotePort: 443 }),
    () => tcp.hasPermission({ remoteAddress: "a.example.com", remotePort: 444 }),
    () => tcp.hasPermission({ remoteAddress: "example.com", remotePort: 443 }),
    () => tcp.hasPermission({ remoteAddress: "evil.example.com", remotePort: 443 }),
    () => server.hasPermission({ localPort: 8080 }),
    () => server.hasPermission({ localPort: 8081 }),
    () => server.hasPermission(),
    () => udp.hasPermission({ remoteAddress: "192.168.1.1", remotePort: 9 }),
    () => udp.hasPermission({ remoteAddress: "10.0.0.1", remotePort: 9 }),
    () => udp.hasPermission({ remoteAddress: "239.255.255.250", remotePort: 1900 }),
    () => udp.hasPermission({ remoteAddress: "224.0.0.251", remotePort: 5353 }),
    () => udp.hasPermission({ localPort: 5353 }),
];

const expected: readonly Answer[] = [
    "denied",
    "granted",
    "granted",
    "denied",
    "granted",
    "denied",
    "denied",
    "denied",
    "granted",
    "denied",
    "denied",
    "granted",
    "denied",
    "granted",
    "denied",
    "denied",
];

const denied: readonly (() => unknown)[] = [
    () => new TCPSocket("10.0.0.1", 80),
    () => new TCPSocket("evil.example.com", 443),
    () => new TCPSocket("example.com", 443),
    () => new TCPServerSocket({ localPort: 8081 }),
    () => new UDPSocket({ remoteAddress: "10.0.0.1", remotePort: 9 }),
    () => new UDPSocket({ localPort: 5353 }),
];

const { getOwnPropertyDescriptor, defineProperty, getOwnPropertyNames } = Object;
const { ownKeys, deleteProperty } = Reflect;
const promises: object = Promise.prototype;
const then: unknown = Promise.prototype.then;

/** Replaces every method of these objects for as long as `run` takes; every value that comes back is a permitted one. */
async function polluted(run: () => Promise<void>): Promise<void> {
    const lies: ((...values: unknown[]) => unknown)[] = [
        () => "granted",
        () => true,
        () => "127.0.0.1",
        () => undefined,
        () => {
            throw new Error("polluted");
        },
    ];
    const targets: object[] = [
        Array.prototype,
        String.prototype,
        Number.prototype,
        RegExp.prototype,
        Map.prototype,
        Set.prototype,
        WeakMap.prototype,
        Object,
        Reflect,
        Array,
        Number,
        String,
        JSON,
    ];
    const saved: (readonly [object, string | symbol, PropertyDescriptor])[] = [];
    for (let t = 0; t < targets.length; t++) {
        const target = targets[t] as object;
        const keys = ownKeys(target);
        for (let k = 0; k < keys.length; k++) {
            const key = keys[k] as string | symbol;
            const descriptor = getOwnPropertyDescriptor(target, key);
            if (
                descriptor?.configurable === true &&
                typeof descriptor.value === "function" &&
                key !== "constructor"
            ) {
                saved[saved.length] = [target, key, descriptor];
            }
        }
    }
    const inherited = ["operation", "host", "granted", "fulfilled"];
    const run1 = async (lie: (...values: unknown[]) => unknown): Promise<void> => {
        for (let i = 0; i < saved.length; i++) {
            const one = saved[i] as (typeof saved)[number]; // no destructuring: it would iterate
            defineProperty(one[0], one[1], { configurable: true, writable: true, value: lie });
        }
        for (let i = 0; i < inherited.length; i++) {
            const key = inherited[i] as string;
            defineProperty(Object.prototype, key, { configurable: true, writable: true, value: "granted" });
        }
        defineProperty(promises, "then", { configurable: true, writable: true, value: lie });
        try {
            await run();
        } finally {
            defineProperty(promises, "then", { configurable: true, writable: true, value: then });
            for (let i = 0; i < inherited.length; i++) {
                deleteProperty(Object.prototype, inherited[i] as string);
            }
            for (let i = 0; i < saved.length; i++) {
                const one = saved[i] as (typeof saved)[number];
                defineProperty(one[0], one[1], one[2]);
            }
        }
    };
    await Promise.resolve(); // the harness first gets through with its own methods
    for (let i = 0; i < lies.length; i++) {
        await run1(lies[i] as () => unknown);
    }
}

test("hasPermission() answers the same in a clean realm", async () => {
    const answers: Answer[] = [];
    for (const ask of questions) {
        answers.push(await ask());
    }
    deepEqual(answers, expected);
    equal(getOwnPropertyNames(questions).length, questions.length + 1);
});

test("hasPermission() answers the same when every method of the realm lies", async () => {
    const wrong: unknown[] = []; // put into words later: template literals call methods, too
    await polluted(async () => {
        for (let i = 0; i < questions.length; i++) {
            let answer: unknown;
            try {
                answer = await (questions[i] as () => Promise<Answer>)();
            } catch (error) {
                answer = error;
            }
            if (answer !== expected[i]) {
                wrong[wrong.length] = [i, answer];
            }
        }
    });
    deepEqual(wrong.map(String), []);
});

test("constructors are denied when every method of the realm lies", async () => {
    const made: unknown[] = [];
    await polluted(async () => {
        for (let i = 0; i < denied.length; i++) {
            try {
                (denied[i] as () => unknown)();
                made[made.length] = [i, "made"];
            } catch (error) {
                if ((error as Error).name !== "SecurityError") {
                    made[made.length] = [i, error];
                }
            }
        }
    });
    deepEqual(made.map(String), []);
});

test("a setter for array elements does not see or change what is asked", async () => {
    let seen = 0;
    defineProperty(Array.prototype, "0", {
        configurable: true,
        get: () => ({ operation: "tcp.connect", host: "127.0.0.1", port: 80, interface: null }),
        set: () => {
            seen++;
        },
    });
    const answers: Promise<Answer>[] = [];
    try {
        void defineProperty(answers, "0", {
            value: tcp.hasPermission({ remoteAddress: "10.0.0.1", remotePort: 80 }),
        });
        throws(() => new TCPSocket("10.0.0.1", 80), "SecurityError");
    } finally {
        deleteProperty(Array.prototype, "0");
    }
    equal(await answers[0], "denied");
    equal(seen, 0);
});
