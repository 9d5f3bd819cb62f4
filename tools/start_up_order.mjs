// start_up_order.mjs - writes cmake/start_up.ld: the functions that hello world runs through, which the linker then puts
// side by side, so that a start touches few pages of the program. Run by hand, with valgrind, when start-up has
// changed a lot; a name that is out of date costs nothing but its page.
//
//     node tools/start_up_order.mjs
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build, buildDir } from "./build.mjs";
import { progress, runMain } from "./setup/log.mjs";

const root = path.join(import.meta.dirname, "..");
/** What one compilation inlines is a function of its own in another: the names of both. */
const presets = ["release", "dev"];
const hello = path.join(root, "tests/instructions/hello.js");

/** Names of all functions that a run of hello world enters, those of libraries too. */
function entered(binary) {
    const work = mkdtempSync(path.join(tmpdir(), "cleat-order-"));
    try {
        const out = path.join(work, "callgrind.out");
        execFileSync("valgrind", ["--tool=callgrind", `--callgrind-out-file=${out}`, binary, "run", hello], {
            stdio: "ignore",
        });
        const lines = readFileSync(out, "utf8").matchAll(/^c?fn=\(\d+\) (\S+)$/gm);
        return new Set([...lines].map(([, name]) => name.replace(/'\d+$/, "")));
    } finally {
        rmSync(work, { recursive: true });
    }
}

/** Functions of the program itself, without what the C library's start files bring. */
function own(binary) {
    const lines = execFileSync("nm", [binary], { encoding: "utf8", maxBuffer: 1 << 26 }).matchAll(
        /^[0-9a-f]+ [tT] (\S+)$/gm,
    );
    const foreign = new Set(["_start", "_init", "_fini", "frame_dummy", "main"]);
    return new Set([...lines].map(([, name]) => name).filter((name) => !foreign.has(name)));
}

function script(names) {
    const rows = (row) => names.map((name) => `        *(${row(name)})`).join("\n");
    return `/* Where code and data lie in the program: what a start touches together, what it does not touch at the end, so that
 * the kernel maps few pages of both. Written by tools/start_up_order.mjs; sections that are not named here, and linkers
 * that do not know INSERT, do as they always do. */
SECTIONS
{
    .text.start_up :
    {
        *crt1.o(.text) *crtbegin*.o(.text)
        *(.text.startup .text.startup.* .text.exit .text.exit.*)
${rows((name) => `.text.${name} .text.${name}.* .text.hot.${name} .text.hot.${name}.*`)}
        /* With a profile: the unlikely parts of those above. */
${rows((name) => `.text.unlikely.${name} .text.unlikely.${name}.*`)}
    }
}
INSERT BEFORE .text;
SECTIONS
{
    /* Bytecode of built-in modules, tables of Unicode. */
    .rodata.late :
    {
        *(.rodata.bytecode_* .rodata.unicode_* .rodata.case_conv*)
    }
}
INSERT AFTER .rodata;
`;
}

await runMain(async () => {
    const names = new Set();
    for (const preset of presets) {
        await build(preset, { targets: ["cleat"] });
        const binary = path.join(buildDir(preset), "cleat");
        const ours = own(binary);
        for (const name of entered(binary)) {
            // Parts that the compiler split off or cloned (name.part.0) come with the name.
            const whole = name.replace(/\.(part|constprop|isra|cold|lto_priv).*$/, "");
            if (ours.has(name) && /^\w+$/.test(whole)) {
                names.add(whole);
            }
        }
    }
    writeFileSync(path.join(root, "cmake/start_up.ld"), script([...names].sort()));
    progress(`cmake/start_up.ld names ${names.size} functions`);
});
