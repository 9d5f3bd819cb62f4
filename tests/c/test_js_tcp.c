/* test_js_tcp.c - the class TcpHandle as built-in TypeScript meets it: promises that C settles, reading
 * ahead, chunks that the kernel takes in parts, pipes, ends. Each test is a module that runs in a runtime of
 * its own. Not here: the public API (tests/api), the socket (test_tcp.c). */
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

#include <unistd.h>

/* No other natives. */
extern const struct rt_native_module js_tcp_module;
const struct rt_native_module *const rt_linked_modules[] = {&js_tcp_module, NULL};

/* clang-format off */
static const char prelude[] =
    "import { createTcp, createListener, onTcpEvent } from 'cleat:native/tcp';"
    TCP_PRELUDE
    "\n";
/* clang-format on */

static void run(const char *script)
{
    static const struct native_global globals[] = {{NULL, NULL, 0}};
    run_module("tcp.connect;tcp.listen", globals, prelude, script);
}

/* clang-format off */

TEST(a_take_waits_for_its_chunk)
{
    run("const { client, server } = await pair();"
        "const taken = server.handle.take();"
        "equal(server.handle.waitsForChunk(), true);"
        "equal(await client.handle.send(bytes('hello')), undefined);"
        "const chunk = await taken;"
        "equal([Object.keys(chunk), chunk.done, chunk.value.constructor === ArrayBuffer, chunk.value.byteLength], [['value', 'done'], false, true, 5]);"
        "new Uint8Array(chunk.value)[0] = 0;" /* immutable */
        "equal(text(chunk), 'hello');"
        "equal(server.handle.waitsForChunk(), false);"
        "await end(client, server);");
}

TEST(takes_are_settled_in_their_order)
{
    run("const { client, server } = await pair();"
        "const taken = []; for (let i = 0; i < 4; i++) taken.push(server.read());"
        "gc();"
        "for (const word of ['one', 'two', 'three', 'four']) { client.handle.send(bytes(word)); await turn(3); }"
        "equal(await Promise.all(taken), ['one', 'two', 'three', 'four']);"
        "await end(client, server);");
}

TEST(a_take_may_come_before_the_connection_is_open)
{
    run("const client = new End(createTcp());"
        "const early = client.read();"
        "client.handle.connect('127.0.0.1', listener.info().localPort, options);"
        "const server = await accept();"
        "server.handle.send(bytes('welcome'));"
        "equal(await early, 'welcome');"
        "await end(client, server);");
}

TEST(one_chunk_is_read_ahead_and_no_more)
{
    run("const { client, server } = await pair();"
        "client.handle.send(bytes('one')); await turn();"
        "client.handle.send(bytes('two')); await turn();"
        "client.handle.send(bytes('three')); await turn();"
        "equal(await server.read(), 'one');"
        "equal(await server.read(), 'twothree');"
        "await end(client, server);");
}

TEST(what_was_read_ahead_can_be_taken_back)
{
    run("const { client, server } = await pair();"
        "equal(client.handle.stopReadingAhead(), []);"
        "client.handle.send(bytes('one')); await turn();"
        "const chunks = server.handle.stopReadingAhead();"
        "equal([chunks.length, text({ value: chunks[0] })], [1, 'one']);"
        "client.handle.send(bytes('two')); await turn();"
        "equal(server.handle.stopReadingAhead(), []);"
        "equal(await server.read(), 'two');"
        "await end(client, server);");
}

TEST(the_end_of_the_peer_is_told_though_nobody_reads)
{
    run("const { client, server } = await pair();"
        "client.handle.shutdown(); client.handle.shutdown();"
        "await server.event(FINISHED);"
        "equal(await server.read(), 'done');"
        "server.handle.send(bytes('still here'));"
        "equal(await client.read(), 'still here');"
        "await end(client, server);");
}

TEST(a_chunk_that_was_read_ahead_comes_before_the_end)
{
    run("const { client, server } = await pair();"
        "client.handle.send(bytes('last')); await turn();"
        "client.handle.shutdown(); await turn();"
        "equal(server.events, []);"
        "equal(await server.read(), 'last');"
        "await server.event(FINISHED);"
        "await end(client, server);");
}

TEST(what_waits_is_settled_by_its_owner)
{
    run("const { client, server } = await pair();"
        "const ended = [server.read(), server.read()];"
        "server.handle.endTakes(false);"
        "equal(await Promise.all(ended), ['done', 'done']);"
        "const failed = [server.read(), server.read()];"
        "server.handle.endTakes(true, new Error('no more'));"
        "await rejects(failed[0], 'no more'); await rejects(failed[1], 'no more');"
        "client.handle.send(bytes('goes on'));"
        "equal(await server.read(), 'goes on');"
        "await end(client, server);");
}

TEST(a_simple_send_is_a_settled_promise)
{
    run("const { client, server } = await pair();"
        "equal(client.handle.sends(), 0);"
        "const sent = client.handle.trySend(bytes('a').buffer);"
        "equal([sent instanceof Promise, client.handle.sends(), client.handle.sending()], [true, 1, undefined]);"
        "client.handle.trySend(new DataView(bytes('b').buffer));"
        "equal(client.handle.sends(), 2);"
        "await sent;"
        "equal(client.handle.sends(), 0);"
        "equal(sent === client.handle.trySend(bytes('c')), false);"
        "await turn();"
        "equal(await server.read(), 'abc');"
        "await end(client, server);");
}

TEST(what_is_not_simple_is_not_sent)
{
    run("const idle = createTcp();"
        "equal(idle.trySend(bytes('x')), null);"
        "const { client, server } = await pair();"
        "equal(client.handle.trySend('text'), null);"
        "equal(client.handle.trySend(undefined), null);"
        "equal(client.handle.trySend(new Uint8Array(new SharedArrayBuffer(1))), null);"
        "const buffer = new ArrayBuffer(4), view = new DataView(buffer); buffer.transfer();"
        "equal(client.handle.trySend(view), null);"
        "client.handle.shutdown();"
        "equal(client.handle.trySend(bytes('x')), null);"
        "await end(client, server);");
}

TEST(a_large_chunk_goes_in_parts)
{
    run("const { client, server } = await pair();"
        "const chunk = new Uint8Array(20_000_000).map((_, i) => i * 7);"
        "const sent = client.handle.trySend(chunk);"
        "equal([client.handle.sends(), client.handle.sending() === sent, client.handle.trySend(bytes('x'))], [1, true, null]);"
        "gc();"
        "let at = 0;"
        "while (at < chunk.length) {"
        "    for (const byte of new Uint8Array((await server.handle.take()).value)) if (byte !== chunk[at++]) throw new Error(`byte ${at}`);"
        "}"
        "equal(await sent, undefined);"
        "equal(client.handle.sends(), 0);"
        "await end(client, server);");
}

TEST(a_chunk_under_way_rejects_with_the_reason_of_the_end)
{
    run("const { client, server } = await pair();"
        "const sent = client.handle.trySend(new Uint8Array(20_000_000));"
        "client.handle.reset(new Error('called off'));"
        "await rejects(sent, 'called off');"
        "await client.event(CLOSED);"
        "void server.drain();"
        "await server.event(FAILED);"
        "await end();");
}

TEST(a_chunk_whose_buffer_goes_ends_the_connection)
{
    run("const { client, server } = await pair();"
        "const chunk = new Uint8Array(20_000_000), view = new DataView(chunk.buffer), sent = client.handle.trySend(view);"
        "chunk.buffer.transfer();"
        "const reading = server.drain();"
        "await rejects(sent, '');"
        "await client.event(FAILED);"
        "await server.event(FAILED);"
        "await reading;"
        "await end();");
}

TEST(a_loss_is_told_once_after_what_arrived)
{
    run("const { client, server } = await pair();"
        "client.handle.send(bytes('last words')); await turn();"
        "client.handle.reset(); await client.event(CLOSED); await turn();"
        "equal(await server.read(), 'last words');"
        "const error = await server.event(FAILED);"
        "equal([error.name, error.code, error.syscall], ['NetworkError', 'ECONNRESET', 'recv']);"
        "await turn();"
        "equal(server.events, []);"
        "equal(server.handle.trySend(bytes('x')), null);"
        "await end();");
}

TEST(a_pipe_moves_what_arrives)
{
    run("const { client, server } = await pair();"
        "const piped = server.handle.pipe(server.handle);"
        "equal([piped instanceof Promise, server.handle.pipe(server.handle), server.handle.trySend(bytes('x'))], [true, null, null]);"
        "gc();"
        "for (const word of ['one', 'two']) { client.handle.send(bytes(word)); equal(await client.read(), word); }"
        "const chunk = new Uint8Array(20_000_000).map((_, i) => i * 7), sent = client.handle.trySend(chunk);"
        "let at = 0;"
        "while (at < chunk.length) {"
        "    for (const byte of new Uint8Array((await client.handle.take()).value)) if (byte !== chunk[at++]) throw new Error(`byte ${at}`);"
        "}"
        "await sent;"
        "client.handle.shutdown();"
        "await piped;"
        "await server.event(FINISHED);"
        "server.handle.send(bytes('bye'));"
        "equal(await client.read(), 'bye');"
        "await end(client, server);");
}

TEST(a_pipe_stops_when_nothing_is_left)
{
    run("const { client, server } = await pair(), { client: sink, server: source } = await pair();"
        "const piped = server.handle.pipe(sink.handle);"
        "server.handle.stopPipe();"
        "await piped;"
        "client.handle.send(bytes('for the server'));"
        "equal(await server.read(), 'for the server');"
        "const again = server.handle.pipe(sink.handle);"
        "const sent = client.handle.trySend(new Uint8Array(20_000_000));"
        "await turn();"
        "server.handle.stopPipe();"
        "let stopped = false; again.then(() => { stopped = true; });"
        "await turn(2);"
        "equal(stopped, false);" /* the kernel has not taken it all */
        "let received = 0;"
        "while (!stopped) { const taken = source.handle.take(); await Promise.race([taken, again]); received += stopped ? 0 : (await taken).value.byteLength; }"
        "sent.catch(() => {});"
        "await end(client, server, sink, source);");
}

TEST(a_pipe_ends_with_either_end)
{
    run("for (const which of ['from', 'to', 'lost source', 'lost sink']) {"
        "    const { client, server } = await pair(), { client: sink, server: source } = await pair();"
        "    const piped = server.handle.pipe(sink.handle);"
        "    if (which === 'from') server.handle.close();"
        "    else if (which === 'to') sink.handle.reset();"
        "    else if (which === 'lost source') client.handle.reset();"
        "    else { source.handle.reset(); await turn(); client.handle.send(bytes('one')); await turn(); client.handle.send(bytes('two')); }"
        "    await piped;"
        "    if (which.startsWith('lost')) await (which === 'lost source' ? server : sink).event(FAILED);"
        "    for (const one of [client, server, sink, source]) one.handle.reset();"
        "    await turn();"
        "}"
        "await end();");
}

TEST(a_pipe_lives_without_references)
{
    run("const { client, server } = await pair();"
        "server.handle.pipe(server.handle); server.handle = null;"
        "gc();"
        "client.handle.send(bytes('there'));"
        "equal(await client.read(), 'there');"
        "client.handle.reset(); await client.event(CLOSED); await server.event(FAILED);"
        "await end();");
}

TEST(ends_are_told_after_the_descriptor_is_gone)
{
    run("const { client, server } = await pair();"
        "const info = client.handle.info();"
        "client.handle.close(); server.handle.close();"
        "await client.event(CLOSED); await server.event(CLOSED);"
        "const after = client.handle.info();"
        "equal([after.localAddress, after.localPort, after.remotePort], [info.localAddress, info.localPort, info.remotePort]);"
        "equal([await client.read(), client.handle.trySend(bytes('x')), client.handle.pipe(server.handle)], ['done', null, null]);"
        "await end();");
}

TEST(what_is_left_open_is_closed_with_the_runtime)
{
    run("const { client, server } = await pair();"
        "server.handle.pipe(server.handle); client.handle.take(); client.handle.take(); client.handle.trySend(new Uint8Array(20_000_000)).catch(() => {});"
        "done(); listener.close();"
        "await turn();"
        "client.handle.reset(); await client.event(CLOSED);"); /* its end ends the server's; what is open keeps the loop */
}

TEST(a_grant_with_tls_is_none_for_a_plain_connection)
{
    static const struct native_global globals[] = {{NULL, NULL, 0}};
    run_module("tcp.connect=127.0.0.1,tls;tcp.listen", globals, prelude,
        "const client = new End(createTcp());"
        "let said;"
        "try { client.handle.connect('127.0.0.1', listener.info().localPort, options); }"
        "catch (error) { said = [error.name, error.message.includes('with TLS only')]; }"
        "equal(said, ['SecurityError', true]);"
        "client.handle.close(); listener.close(); done();");
}

/* clang-format on */

int main(void)
{
    alarm(120);
    RUN(a_take_waits_for_its_chunk);
    RUN(takes_are_settled_in_their_order);
    RUN(a_take_may_come_before_the_connection_is_open);
    RUN(one_chunk_is_read_ahead_and_no_more);
    RUN(what_was_read_ahead_can_be_taken_back);
    RUN(the_end_of_the_peer_is_told_though_nobody_reads);
    RUN(a_chunk_that_was_read_ahead_comes_before_the_end);
    RUN(what_waits_is_settled_by_its_owner);
    RUN(a_simple_send_is_a_settled_promise);
    RUN(what_is_not_simple_is_not_sent);
    RUN(a_large_chunk_goes_in_parts);
    RUN(a_chunk_under_way_rejects_with_the_reason_of_the_end);
    RUN(a_chunk_whose_buffer_goes_ends_the_connection);
    RUN(a_loss_is_told_once_after_what_arrived);
    RUN(a_pipe_moves_what_arrives);
    RUN(a_pipe_stops_when_nothing_is_left);
    RUN(a_pipe_ends_with_either_end);
    RUN(a_pipe_lives_without_references);
    RUN(ends_are_told_after_the_descriptor_is_gone);
    RUN(what_is_left_open_is_closed_with_the_runtime);
    RUN(a_grant_with_tls_is_none_for_a_plain_connection);
    return check_done();
}
