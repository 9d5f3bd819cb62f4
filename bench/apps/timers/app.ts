// app.ts - so many timers (its first argument) between 1 and 500 ms, all waiting at the same time; ends when the last
// one has fired.
const count = Number(cleat.args[0] ?? 0);
let fired = 0;
for (let i = 0; i < count; i++) {
    setTimeout(() => fired++, 1 + (i % 500));
}
setTimeout(() => {
    if (fired !== count) {
        throw new Error(`${fired} of ${count} timers have fired`);
    }
}, 600);
