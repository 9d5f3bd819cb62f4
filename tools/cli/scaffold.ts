// scaffold.ts - the files of a new app (new.ts).

interface Scaffold {
    readonly name: string;
    readonly id: string;
    /** Where the ambient types lie, from the app's folder. */
    readonly types: string;
}

const app = `// An echo server and a client that talks to it, both on this device. What the constructors below may do is declared in
// manifest.json under "permissions"; without those lines they throw a SecurityError.

const server = new TCPServerSocket({ localAddress: "127.0.0.1" });
const { localAddress, localPort } = await server.opened;
console.log(\`listening on \${localAddress}:\${localPort}\`);

/** Accepts one connection and sends back what comes in. */
async function echo(): Promise<void> {
    const socket = await server.listen();
    await socket.readable.pipeTo(socket.writeable);
}

const echoed = echo();
const client = new TCPSocket("127.0.0.1", localPort);
await client.writeable.write("Hello from Cleat");
client.halfClose();
const decoder = new TextDecoder();
for await (const chunk of client.readable) {
    console.log(\`received: \${decoder.decode(chunk, { stream: true })}\`);
}
await echoed;
await server.close();
`;

function manifest({ name, id }: Scaffold): string {
    const value = {
        manifestVersion: 1,
        id,
        name: { default: name },
        version: "0.1.0",
        counter: 1,
        entry: "app.ts",
        type: "app",
        permissions: {
            "tcp.listen": [{ host: "127.0.0.1", port: 0 }],
            "tcp.connect": [{ host: "127.0.0.1", reason: "self" }],
        },
        reasons: { self: { default: "Talk to its own server on this device" } },
    };
    // Rule objects are short enough for one line each.
    return `${JSON.stringify(value, undefined, 4).replace(
        /\[\n\s+(\{[^{}]*\})\n\s+\]/g,
        (_, rule: string) => `[${rule.replace(/\s+/g, " ")}]`,
    )}\n`;
}

function tsconfig({ types }: Scaffold): string {
    const value = {
        compilerOptions: {
            target: "es2023",
            lib: ["es2023"],
            types: [],
            module: "esnext",
            moduleResolution: "bundler",
            moduleDetection: "force",
            verbatimModuleSyntax: true,
            isolatedModules: true,
            allowImportingTsExtensions: true,
            noEmit: true,
            strict: true,
            noUncheckedIndexedAccess: true,
            exactOptionalPropertyTypes: true,
        },
        include: ["**/*.ts", types],
    };
    const text = JSON.stringify(value, undefined, 4).replace(
        /\[\n\s+("[^\]]*")\n\s+\]/g,
        (_, list: string) => {
            return `[${list.replace(/\s*\n\s*/g, " ")}]`;
        },
    );
    return `${text}\n`;
}

function readme({ name, id }: Scaffold): string {
    return `# ${name}

\`${id}\`, an app for Cleat.

\`\`\`sh
npx cleat check .               # types and manifest
npx cleat run .                 # build in memory and run; --watch runs again on every change
npx cleat build . -o app.cleat  # make the bundle for a device
npx cleat inspect app.cleat     # what is in it
\`\`\`

- \`app.ts\`: the entry module. Imports of other files and of npm packages are bundled in.
- \`manifest.json\`: who the app is and the most that it can be allowed. Raise \`version\` and \`counter\` with each release.
- \`tsconfig.json\`: strict settings and the types of Cleat, for editors and \`cleat check\`.
`;
}

/** The files, in the order in which they are worth reading. */
export function scaffoldFiles(scaffold: Scaffold): Map<string, string> {
    return new Map([
        ["app.ts", app],
        ["manifest.json", manifest(scaffold)],
        ["tsconfig.json", tsconfig(scaffold)],
        ["README.md", readme(scaffold)],
        [".gitignore", "*.cleat\n"],
    ]);
}
