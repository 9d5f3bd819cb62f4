/* tcp_module.h - the JavaScript that tests of TcpHandle begin with: pairs of connected handles, and what
 * became of them. After the imports of the module. */
#ifndef CLEAT_TEST_TCP_MODULE_H
#define CLEAT_TEST_TCP_MODULE_H

/* clang-format off */
#define TCP_PRELUDE \
    "const OPEN = 1, FINISHED = 3, FAILED = 4, CLOSED = 5;" \
    "const options = { localAddress: null, localPort: 0, interface: null, addressReuse: true, noDelay: true, keepAliveIdle: 0," \
    "    keepAliveInterval: 0, keepAliveCount: 0, sendBufferSize: 0, receiveBufferSize: 0, family: 0, resolveTimeout: 0," \
    "    tls: null, serverName: '', handshakeTimeout: 0 };" \
    "const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));" \
    "const text = (chunk) => chunk.done ? 'done' : String.fromCharCode(...new Uint8Array(chunk.value));" \
    "function equal(actual, expected) {" \
    "    if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);" \
    "}" \
    "async function rejects(promise, message) {" \
    "    let caught;" \
    "    try { await promise; } catch (error) { caught = error; }" \
    "    if (!caught || !String(caught.message ?? caught).includes(message)) throw new Error(`${caught} instead of ${message}`);" \
    "}" \
    "class End {" \
    "    events = []; waiting = [];" \
    "    constructor(handle) { this.handle = handle; handle.attach(this); }" \
    "    told(event, detail) {" \
    "        this.events.push([event, detail]); this.wake();" \
    "        if (event !== OPEN) this.handle?.endTakes(event === FAILED, detail);" \
    "    }" \
    "    wake() { this.waiting = this.waiting.filter(([event, resolve]) => { const at = this.events.findIndex((one) => one[0] === event);" \
    "        if (at >= 0) resolve(this.events.splice(at, 1)[0][1]); return at < 0; }); }" \
    "    event(event) { return new Promise((resolve) => { this.waiting.push([event, resolve]); this.wake(); }); }" \
    "    async drain() { try { while (!(await this.handle.take()).done); } catch { } }" \
    "    async read() { return text(await this.handle.take()); }" \
    "}" \
    "onTcpEvent((owner, event, detail) => { owner.told(event, detail); });" \
    "let ready; const listener = createListener((event) => { if (event === 2) ready?.(); });" \
    "listener.listen({ localAddress: '127.0.0.1', localPort: 0, addressReuse: true, ipv6Only: false, backlog: 16, sendBufferSize: 0, receiveBufferSize: 0 });" \
    "async function accept() {" \
    "    for (;;) { const handle = listener.accept(); if (handle) return new End(handle); await new Promise((resolve) => { ready = resolve; }); }" \
    "}" \
    "async function pair() {" \
    "    const client = new End(createTcp());" \
    "    client.handle.connect('127.0.0.1', listener.info().localPort, options);" \
    "    await client.event(OPEN);" \
    "    return { client, server: await accept() };" \
    "}" \
    "async function end(...ends) {" \
    "    for (const one of ends) one.handle.reset(new Error('ended'));" \
    "    for (const one of ends) await one.event(CLOSED);" \
    "    listener.close();" \
    "    done();" \
    "}" \
    "const turn = async (count = 20) => { for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 1)); };"
/* clang-format on */

#endif
