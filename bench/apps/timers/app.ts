// app.ts - so many timers (its first argument) that wait at the same time, due within 50 ms of each other; ends when
// the last one has fired.
const count = Number(cleat.args[0] ?? 0);
let fired = 0;
for (let i = 0; i < count; i++) {
    setTimeout(() => fired++, 300 + ((i * 7919) % 50));
}
setTimeout(() => {
    if (fired !== count) {
        throw new Error(`${fired} of ${count} timers have fired`);
    }
}, 400);
