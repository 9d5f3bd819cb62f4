// also: musl, mipsel
// The least that every build must do: run a module, keep time, count in 64 bits.
import { equal, ok, test } from "../harness.ts";

test("numbers and text are the same on every processor", () => {
    equal((0.1 + 0.2).toString(), "0.30000000000000004");
    equal((2n ** 64n).toString(), "18446744073709551616");
    equal(String.fromCodePoint(0x1f4fa).length, 2);
    equal(new Date(2 ** 42).toISOString(), "2109-05-15T07:35:11.104Z");
});

test("a timer fires after its time", async () => {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(() => resolve(undefined), 20));
    ok(performance.now() - start >= 19, "the timer fired early");
});
