/* test_js_tls.c - TLS as built-in TypeScript meets it: settings that are refused, connections from the first
 * byte or in the middle, what is told of them, ends in every state. Each test is a module that runs in a
 * runtime of its own and has both ends. Not here: the public API (tests/api), TLS itself (test_tls.c). */
/* links: bindings/js_tcp.c bindings/js_tcp_read.c bindings/js_tcp_write.c bindings/js_tcp_pipe.c */
/* links: bindings/js_tcp_connect.c bindings/js_listener.c bindings/js_net.c bindings/js_resolver.c */
/* links: bindings/js_ask.c bindings/js_interface.c bindings/tcp.c bindings/listener.c bindings/connector.c */
/* links: bindings/resolver.c bindings/net_provider.c bindings/net_option.c bindings/netif.c runtime/engine.c */
/* links: runtime/errors.c runtime/builtins.c runtime/module_loader.c runtime/native_modules.c */
/* links: runtime/signals.c runtime/timers.c runtime/uncaught.c runtime/bundle.c runtime/sha512.c */
/* links: runtime/manifest.c runtime/manifest_files.c runtime/manifest_rules.c runtime/manifest_values.c */
/* links: runtime/json.c runtime/host.c runtime/own_address.c runtime/permission.c */
/* links: runtime/permission_parse.c runtime/permission_rule.c runtime/permission_text.c */
/* links: bindings/js_tcp_tls.c bindings/js_tls.c bindings/tls.c bindings/tls_record.c bindings/tls_handshake.c bindings/tls_pool.c bindings/tls_session.c */
/* links: bindings/tls_config.c bindings/tls_error.c bindings/tls_time.c bindings/tls_random.c bindings/psa.c */
/* links: bindings/tls_trust.c bindings/tls_pem.c bindings/tls_built_in.c bindings/tls_certificate.c */
/* links: bindings/tls_name.c */
#include "native_module.h"
#include "tcp_module.h"
#include "tls_keys.h"

#include <unistd.h>

/* No other natives. */
extern const struct rt_native_module js_tcp_module, js_tls_module;
const struct rt_native_module *const rt_linked_modules[] = {&js_tcp_module, &js_tls_module, NULL};

/* clang-format off */
static const char prelude[] =
    "import { createTcp, createListener, onTcpEvent } from 'cleat:native/tcp';"
    "import { createTlsContext } from 'cleat:native/tls';"
    TCP_PRELUDE
    "const AUTHORITY_PEM = `" AUTHORITY_PEM "`, SERVER_PEM = `" SERVER_PEM "`, SERVER_KEY = `" SERVER_KEY "`, ENCRYPTED_KEY = `" ENCRYPTED_KEY "`;"
    "const none = { alpn: [], ca: [], cert: [], clientAuth: 0, crl: [], isServer: false, key: null, passphrase: null, pins: [], rejectUnauthorized: true, tls13Only: false };"
    "const clientSettings = { ...none, ca: [bytes(AUTHORITY_PEM)] };"
    "const serverSettings = { ...none, isServer: true, cert: [bytes(SERVER_PEM)], key: bytes(SERVER_KEY) };"
    "const forClient = () => createTlsContext(clientSettings), forServer = () => createTlsContext(serverSettings);"
    "function throws(name, part, run) {"
    "    let caught;"
    "    try { run(); } catch (error) { caught = error; }"
    "    if (caught?.name !== name || !`${caught.code} ${caught.message}`.includes(part)) throw new Error(`${caught?.name} ${caught?.code} ${caught} instead of ${name} ${part}: ${run}`);"
    "}"
    "const start = (end, context, { name = 'server.example', upgrades = false, unread = [], timeout = 60000 } = {}) =>"
    "    end.handle.startTls(context, name, upgrades, unread, timeout);"
    "async function secure({ client, server }) {"
    "    start(client, forClient()); start(server, forServer());"
    "    await client.event(OPEN); await server.event(OPEN);"
    "    return { client, server };"
    "}"
    "\n";
/* clang-format on */

static JSValue js_stop(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    rt_stop(rt_from_context(ctx), 0);
    return JS_UNDEFINED;
}

static void run(const char *script)
{
    static const struct native_global globals[] = {{"stop", js_stop, 0}, {NULL, NULL, 0}};
    run_module("tcp.connect;tcp.listen", globals, prelude, script);
}

/* clang-format off */

TEST(settings_that_are_refused)
{
    run("const bad = (name, part, settings) => throws(name, part, () => createTlsContext({ ...none, ...settings }));"
        "throws('TypeError', '', () => createTlsContext(undefined));"
        "throws('TypeError', '', () => createTlsContext({}));"
        "bad('TypeError', '', { alpn: null }); bad('TypeError', '', { ca: undefined }); bad('TypeError', '', { pins: null });"
        "bad('RangeError', 'alpn', { alpn: Array(17).fill('h2') });"
        "bad('RangeError', 'ca', { ca: Array(257).fill(bytes('')) });"
        "bad('RangeError', 'pins', { pins: Array(17).fill('') });"
        "for (const name of ['', 'x'.repeat(256), 'a\\0b', '\\u00e9'.repeat(128)]) bad('TypeError', 'alpn', { alpn: ['h2', name] });"
        "bad('TypeError', '', { alpn: [Symbol()] }); bad('TypeError', '', { ca: ['text'] }); bad('TypeError', '', { key: 'text' });"
        "createTlsContext({ ...none, alpn: ['x'.repeat(255), 'h2'] });"
        "for (const pin of ['', 'sha256/', 'sha1/' + 'A'.repeat(43) + '=', 'sha256/' + 'A'.repeat(44)]) bad('InvalidAccessError', 'TLS_BAD_PIN', { pins: [pin] });"
        "createTlsContext({ ...none, pins: ['sha256/' + 'A'.repeat(43) + '='] });"
        "bad('InvalidAccessError', 'TLS_BAD_CERTIFICATE', { ...serverSettings, clientAuth: 9 });" /* is 2 */
        "bad('InvalidAccessError', 'TLS_BAD_CERTIFICATE', { isServer: true });"
        "bad('InvalidAccessError', 'TLS_BAD_CERTIFICATE', { ca: [bytes('junk')] });"
        "bad('InvalidAccessError', 'TLS_BAD_CERTIFICATE', { ...serverSettings, clientAuth: 2 });"
        "bad('InvalidAccessError', 'TLS_BAD_CRL', { crl: [bytes('junk')] });"
        "bad('InvalidAccessError', 'TLS_BAD_KEY', { ...serverSettings, key: bytes('junk') });"
        "bad('InvalidAccessError', 'TLS_BAD_PASSPHRASE', { ...serverSettings, key: bytes(ENCRYPTED_KEY) });"
        "bad('InvalidAccessError', 'TLS_BAD_PASSPHRASE', { ...serverSettings, key: bytes(ENCRYPTED_KEY), passphrase: bytes('wrong') });"
        "createTlsContext({ ...serverSettings, key: bytes(ENCRYPTED_KEY), passphrase: bytes('secret') });"
        "bad('Error', 'from a getter', { get key() { throw new Error('from a getter'); } });"
        "bad('Error', 'from a getter', { ca: { length: 1, get 0() { throw new Error('from a getter'); } } });"
        "listener.close(); done();");
}

TEST(settings_are_copied_as_they_are_read)
{
    run("const cert = bytes(SERVER_PEM), key = bytes(SERVER_KEY);"
        "createTlsContext({ ...none, isServer: true, cert: [cert],"
        "    get crl() { cert.buffer.transfer(); return []; }, key, get pins() { key.fill(0); return []; } });"
        "equal([cert.length, key[0]], [0, 0]);"
        "throws('InvalidAccessError', 'TLS_BAD_KEY', () => createTlsContext({ ...serverSettings, key }));"
        "throws('TypeError', 'detached', () => createTlsContext({ ...serverSettings, cert: [cert] }));"
        "const list = [bytes(SERVER_PEM)]; let reads = 0;"
        "createTlsContext({ ...serverSettings, cert: { get length() { reads++; return 1; }, get 0() { reads += 10; return list[0]; } } });"
        "equal(reads, 11);"
        "gc(); listener.close(); done();");
}

TEST(a_context_shows_nothing)
{
    run("const context = forServer();"
        "equal(Reflect.ownKeys(context).length, 0);"
        "equal(JSON.stringify(context), '{}');"
        "equal(Object.getPrototypeOf(context) === null || Reflect.ownKeys(Object.getPrototypeOf(context)).filter((key) => key !== 'constructor').length <= 1, true);"
        "listener.close(); done();");
}

TEST(bytes_and_facts)
{
    run("const { client, server } = await pair();"
        "equal([client.handle.tlsInfo(), createTcp().tlsInfo()], [null, null]);"
        "start(client, forClient()); start(server, forServer());"
        "equal([client.handle.tlsInfo().protocol, client.handle.tlsInfo().peerCertificate], ['', null]);"
        "await client.event(OPEN); await server.event(OPEN);"
        "const info = client.handle.tlsInfo();"
        "equal([info.protocol, info.cipher, info.alpn, info.resumed], ['TLSv1.3', server.handle.tlsInfo().cipher, null, false]);"
        "equal([info.peerCertificate.subject, info.peerCertificate.issuer, info.peerCertificate.validFrom, info.peerCertificate.subjectAltNames],"
        "    ['CN=server', 'CN=authority', '2020-01-01T00:00:00.000Z', ['DNS:server.example', 'IP:127.0.0.1']]);"
        "equal([info.peerCertificate.spkiHash.length, new Uint8Array(info.peerCertificate.raw)[0]], [51, 0x30]);"
        "equal(server.handle.tlsInfo().peerCertificate, null);"
        "client.handle.send(bytes('hello')); equal(await server.read(), 'hello');"
        "server.handle.send(bytes('hello, too')); equal(await client.read(), 'hello, too');"
        "const chunk = new Uint8Array(5_000_000).map((_, i) => i * 7), sent = client.handle.trySend(chunk);"
        "let at = 0;"
        "while (at < chunk.length) {"
        "    for (const byte of new Uint8Array((await server.handle.take()).value)) if (byte !== chunk[at++]) throw new Error(`byte ${at}`);"
        "}"
        "await sent;"
        "client.handle.shutdown(); client.handle.shutdown();"
        "await server.event(FINISHED); equal(await server.read(), 'done');"
        "server.handle.send(bytes('last')); equal(await client.read(), 'last');"
        "server.handle.close(); client.handle.close();"
        "await client.event(CLOSED); await server.event(CLOSED);"
        "equal([client.handle.tlsInfo().protocol, client.handle.tlsInfo().peerCertificate.subject], ['TLSv1.3', 'CN=server']);"
        "listener.close(); done();");
}

TEST(from_the_first_byte)
{
    run_module("tcp.connect=127.0.0.1,tls;tcp.listen", (const struct native_global[]){{NULL, NULL, 0}}, prelude,
        "const port = listener.info().localPort;"
        "for (const [name, code] of [['server.example', null], ['127.0.0.1', null], ['other.example', 'TLS_CERT_WRONG_NAME']]) {"
        "    const client = new End(createTcp());"
        "    client.handle.connect('127.0.0.1', port, { ...options, tls: forClient(), serverName: name, handshakeTimeout: 60000 });"
        "    equal(client.handle.tlsInfo(), null);" /* connecting */
        "    const server = await accept(); start(server, forServer());"
        "    if (code === null) { await client.event(OPEN); await server.event(OPEN); await end1(client, server); }"
        "    else {"
        "        const error = await client.event(FAILED), other = await server.event(FAILED);"
        "        equal([error.name, error.code, other.name, other.code], ['NetworkError', code, 'NetworkError', 'TLS_ALERT']);"
        "        equal([error.message.includes(`127.0.0.1 port ${port}`), other.message.includes('bad_certificate')], [true, true]);"
        "        await turn(); equal([client.events, server.events], [[], []]);"
        "    }"
        "}"
        "async function end1(...ends) { for (const one of ends) one.handle.reset(); for (const one of ends) await one.event(CLOSED); }"
        "const bad = (part, changes) => throws(part[0], part[1], () => createTcp().connect('127.0.0.1', port, { ...options, tls: forClient(), serverName: 'x', handshakeTimeout: 1000, ...changes }));"
        "bad(['InvalidAccessError', 'serverName'], { serverName: '' });"
        "bad(['InvalidAccessError', 'serverName'], { serverName: 'x'.repeat(3000) });"
        "bad(['InvalidAccessError', 'serverName'], { serverName: 'a\\0b' });"
        "bad(['InvalidAccessError', ''], { tls: forServer() });"
        "bad(['TypeError', ''], { tls: {} }); bad(['TypeError', ''], { tls: undefined });"
        "listener.close(); done();");
}

TEST(who_is_not_verified_needs_a_permission)
{
    run("const { client, server } = await pair();"
        "const context = createTlsContext({ ...none, rejectUnauthorized: false });"
        "throws('SecurityError', 'tls.insecure', () => start(client, context));"
        "throws('SecurityError', 'tls.insecure', () => createTcp().connect('127.0.0.1', listener.info().localPort, { ...options, tls: context, serverName: 'x', handshakeTimeout: 1000 }));"
        "client.handle.send(bytes('still plain')); equal(await server.read(), 'still plain');"
        "await secure({ client, server });"
        "await end(client, server);");
}

TEST(when_tls_can_start)
{
    run("const context = forClient(), server = forServer(), state = 'InvalidStateError';"
        "throws(state, 'not connected', () => start(new End(createTcp()), context));"
        "const closed = new End(createTcp()); closed.handle.close(); throws(state, 'closed', () => start(closed, context));"
        "const one = await pair();"
        "throws('TypeError', '', () => start(one.client, {}));"
        "throws('TypeError', '', () => start(one.client, undefined));"
        "throws('TypeError', '', () => start(one.client, context, { name: Symbol() }));"
        "throws('TypeError', '', () => start(one.client, context, { unread: null }));"
        "throws('TypeError', '', () => start(one.client, context, { unread: ['text'] }));"
        "const taken = one.client.handle.take();"
        "throws(state, 'awaited', () => start(one.client, context));"
        "one.server.handle.send(bytes('x')); equal(text(await taken), 'x');"
        "const sent = one.client.handle.trySend(new Uint8Array(20_000_000)); sent.catch(() => {});"
        "throws(state, 'being sent', () => start(one.client, context));"
        "one.client.handle.reset(); one.server.handle.reset();"
        "const two = await pair();"
        "two.client.handle.shutdown();"
        "throws(state, 'half closed', () => start(two.client, context));"
        "const three = await pair();"
        "three.client.handle.pipe(three.client.handle);"
        "throws(state, '', () => start(three.client, context));"
        "const four = await pair();"
        "start(four.client, context);"
        "throws(state, 'still connecting', () => start(four.client, context));"
        "throws(state, '', () => four.client.handle.send(bytes('x')));"
        "equal(four.client.handle.trySend(bytes('x')), null);"
        "throws(state, '', () => four.client.handle.shutdown());"
        "start(four.server, server); await four.client.event(OPEN); await four.server.event(OPEN);"
        "throws(state, 'encrypted already', () => start(four.client, context));"
        "for (const both of [two, three, four]) { both.client.handle.reset(); both.server.handle.reset(); }"
        "listener.close(); done();");
}

TEST(arguments_that_end_the_connection)
{
    run("for (const how of ['close', 'reset', 'startTls']) {"
        "    const { client, server } = await pair();"
        "    const unread = { length: 1, get 0() { how === 'startTls' ? start(client, forClient()) : client.handle[how](); gc(); return new ArrayBuffer(0); } };"
        "    throws('InvalidStateError', '', () => start(client, forClient(), { unread }));"
        "    client.handle.reset(); server.handle.reset();"
        "    await turn();"
        "}"
        "listener.close(); done();");
}

TEST(plain_text_before_the_handshake)
{
    run("const one = await pair();"
        "one.server.handle.send(bytes('220 ready\\r\\n250 injected\\r\\n')); await turn();"
        "throws('NetworkError', 'TLS_PLAINTEXT', () => start(one.client, forClient(), { upgrades: true, unread: one.client.handle.stopReadingAhead() }));"
        "const two = await pair();"
        "start(two.client, forClient(), { upgrades: true });"
        "two.server.handle.send(bytes('250 late'));"
        "equal((await two.client.event(FAILED)).code, 'TLS_PLAINTEXT');"
        "const three = await pair();"
        "three.client.handle.send(bytes('NOOP\\r\\n')); await turn();"
        "start(three.server, forServer(), { upgrades: true });"
        "equal((await three.server.event(FAILED)).code, 'TLS_PLAINTEXT');"
        "for (const both of [one, two, three]) { both.client.handle.reset(); both.server.handle.reset(); }"
        "listener.close(); done();");
}

TEST(a_hello_that_was_read_already)
{
    run("const { client, server } = await pair();"
        "start(client, forClient()); await turn();"
        "const unread = [...server.handle.stopReadingAhead()];"
        "equal([unread.length, new Uint8Array(unread[0])[0]], [1, 22]);"
        "const whole = new Uint8Array(unread[0]);"
        "start(server, forServer(), { upgrades: true, unread: [whole.slice(0, 7).buffer, new ArrayBuffer(0), whole.slice(7).buffer] });"
        "await client.event(OPEN); await server.event(OPEN);"
        "client.handle.send(bytes('x')); equal(await server.read(), 'x');"
        "await end(client, server);");
}

TEST(a_slow_handshake)
{
    run("const { client, server } = await pair();"
        "start(client, forClient(), { timeout: 30 });"
        "const error = await client.event(FAILED);"
        "equal([error.name, error.code], ['NetworkError', 'TLS_HANDSHAKE_TIMEOUT']);"
        "await turn(); equal(client.events, []);"
        "server.handle.reset();"
        "listener.close(); done();");
}

TEST(ends_during_the_handshake)
{
    run("for (const how of ['close', 'reset', 'peer', 'peer resets']) {"
        "    for (let turns = 0; turns < 4; turns++) {"
        "        const { client, server } = await pair();"
        "        start(client, forClient());"
        "        await turn(turns);"
        "        if (how === 'close') client.handle.close(); else if (how === 'reset') client.handle.reset();"
        "        else if (how === 'peer') server.handle.close(); else server.handle.reset();"
        "        if (how.startsWith('peer')) equal(['TLS_TRUNCATED', 'ECONNRESET', 'EPIPE'].includes((await client.event(FAILED)).code), true);"
        "        else await client.event(CLOSED);"
        "        client.handle.close(); client.handle.reset(); server.handle.reset(); gc();"
        "        equal(typeof client.handle.tlsInfo().protocol, 'string');"
        "    }"
        "}"
        "listener.close(); done();");
}

TEST(ends_afterwards)
{
    run("const one = await secure(await pair());"
        "one.client.handle.reset(); await one.client.event(CLOSED);"
        "equal((await one.server.event(FAILED)).code, 'ECONNRESET');"
        "const two = await secure(await pair());"
        "const sent = two.client.handle.trySend(new Uint8Array(20_000_000));"
        "two.client.handle.close(new Error('enough')); await rejects(sent, 'enough');"
        "await two.server.drain(); await two.server.event(FINISHED); two.server.handle.close();" /* close_notify after the record under way */
        "await two.client.event(CLOSED);"
        "const three = await secure(await pair());"
        "const reading = three.client.handle.take(); three.server.handle.send(bytes('a')); equal(text(await reading), 'a');"
        "three.server.handle.close(); await three.client.event(FINISHED); three.client.handle.close();"
        "await three.client.event(CLOSED); await three.server.event(CLOSED);"
        "listener.close(); done();");
}

TEST(pipes_of_encrypted_connections)
{
    run("const { client, server } = await secure(await pair());"
        "const piped = server.handle.pipe(server.handle);"
        "const chunk = new Uint8Array(3_000_000).map((_, i) => i * 11), sent = client.handle.trySend(chunk);"
        "let at = 0;"
        "while (at < chunk.length) {"
        "    for (const byte of new Uint8Array((await client.handle.take()).value)) if (byte !== chunk[at++]) throw new Error(`byte ${at}`);"
        "}"
        "await sent;"
        "client.handle.shutdown(); await piped; await server.event(FINISHED);"
        "server.handle.send(bytes('bye')); equal(await client.read(), 'bye');"
        "const plain = await pair();"
        "const other = plain.server.handle.pipe(server.handle);"
        "plain.client.handle.send(bytes('through')); equal(await client.read(), 'through');"
        "plain.client.handle.reset(); await other;"
        "await plain.server.event(FAILED); await plain.client.event(CLOSED);"
        "await end(client, server);");
}

TEST(contexts_are_collected_while_connections_live)
{
    run("let { client, server } = await pair();"
        "start(client, forClient()); start(server, forServer());"
        "gc();"
        "await client.event(OPEN); await server.event(OPEN);"
        "gc();"
        "client.handle.send(bytes('alive')); equal(await server.read(), 'alive');"
        "for (let i = 0; i < 20; i++) forClient();"
        "gc();"
        "server.handle.send(bytes('alive')); equal(await client.read(), 'alive');"
        "const info = client.handle.tlsInfo(); client.handle.reset(); server.handle.reset();"
        "await client.event(CLOSED); client = server = null; gc();"
        "equal(new Uint8Array(info.peerCertificate.raw)[0], 0x30);"
        "listener.close(); done();");
}

TEST(sessions_are_resumed)
{
    run("const context = forClient(), server = forServer();"
        "const seen = [];"
        "for (let i = 0; i < 3; i++) {"
        "    const both = await pair();"
        "    const port = {};"
        "    start(both.client, context); start(both.server, server);"
        "    await both.client.event(OPEN); await both.server.event(OPEN);"
        "    both.server.handle.send(bytes('x')); equal(await both.client.read(), 'x');"
        "    const info = both.client.handle.tlsInfo();"
        "    seen.push([info.resumed, both.server.handle.tlsInfo().resumed, info.peerCertificate.subject]);"
        "    both.client.handle.reset(); both.server.handle.reset();"
        "}"
        "equal(seen, [[false, false, 'CN=server'], [true, true, 'CN=server'], [true, true, 'CN=server']]);"
        "listener.close(); done();");
}

TEST(the_runtime_ends_during_a_handshake)
{
    run("const one = await pair(), two = await pair(), three = await secure(await pair());"
        "start(one.client, forClient());"
        "start(two.client, forClient()); await turn(3);"
        "three.client.handle.trySend(new Uint8Array(20_000_000)).catch(() => {}); three.client.handle.take();"
        "three.server.handle.pipe(two.server.handle);"
        "done(); stop();");
}

/* clang-format on */

int main(void)
{
    alarm(200);
    RUN(settings_that_are_refused);
    RUN(settings_are_copied_as_they_are_read);
    RUN(a_context_shows_nothing);
    RUN(bytes_and_facts);
    RUN(from_the_first_byte);
    RUN(who_is_not_verified_needs_a_permission);
    RUN(when_tls_can_start);
    RUN(arguments_that_end_the_connection);
    RUN(plain_text_before_the_handshake);
    RUN(a_hello_that_was_read_already);
    RUN(a_slow_handshake);
    RUN(ends_during_the_handshake);
    RUN(ends_afterwards);
    RUN(pipes_of_encrypted_connections);
    RUN(contexts_are_collected_while_connections_live);
    RUN(sessions_are_resumed);
    RUN(the_runtime_ends_during_a_handshake);
    return check_done();
}
