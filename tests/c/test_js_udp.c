/* test_js_udp.c - the classes UdpHandle and NetworkWatch as built-in TypeScript meets them: permissions,
 * errors, events, life. Each test is a module that runs in a runtime of its own, with the rules it names. Not
 * here: the public API (tests/api). */
/* links: bindings/js_udp.c bindings/js_udp_open.c bindings/js_udp_send.c bindings/js_udp_receive.c */
/* links: bindings/js_udp_message.c bindings/js_udp_permit.c bindings/js_udp_write.c */
/* links: bindings/js_netif.c bindings/js_ask.c bindings/js_interface.c bindings/udp.c bindings/udp_group.c bindings/netif.c */
/* links: bindings/netif_watch.c bindings/net_provider.c bindings/net_option.c runtime/engine.c */
/* links: runtime/errors.c runtime/builtins.c runtime/module_loader.c runtime/native_modules.c */
/* links: runtime/signals.c runtime/timers.c runtime/uncaught.c runtime/bundle.c runtime/sha512.c */
/* links: runtime/manifest.c runtime/manifest_files.c runtime/manifest_rules.c runtime/manifest_values.c */
/* links: runtime/json.c runtime/host.c runtime/own_address.c runtime/permission.c */
/* links: runtime/permission_parse.c runtime/permission_rule.c runtime/permission_text.c */
#include "namespace.h"
#include "native_module.h"

#include "../../bindings/js_resolver.h"

/* No other natives. */
extern const struct rt_native_module js_udp_module, js_network_module;
const struct rt_native_module *const rt_linked_modules[] = {&js_udp_module, &js_network_module, NULL};

/* In place of the resolver: a number n is the Destination 127.0.0.1, looked up for port n. */
int js_destination_address(JSContext *ctx, JSValueConst value, enum rt_operation operation, int port,
                           const struct sockaddr **ret_address)
{
    static struct sockaddr_in loopback = {.sin_family = AF_INET};
    int32_t known = 0;
    if (!JS_IsNumber(value) || JS_ToInt32(ctx, &known, value) < 0) {
        return 0;
    }
    if (operation != RT_UDP_SEND || known != port) {
        rt_throw_dom_exception(ctx, "SecurityError", NULL, "another port");
        return -1;
    }
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *ret_address = (struct sockaddr *)&loopback;
    return 1;
}

/* clang-format off */
static const char prelude[] =
    "import { createUdp } from 'cleat:native/udp';"
    "import { interfaces, watch } from 'cleat:native/network';"
    "const defaults = { localAddress: null, localPort: 0, remoteAddress: null, remotePort: 0, addressReuse: true, addressSharing: false,"
    "    ipv6Only: false, loopback: false, broadcast: false, interface: null, hops: 0, multicastHops: 0, sendBufferSize: 0, receiveBufferSize: 0, family: 0 };"
    "const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));"
    "const text = (data) => String.fromCharCode(...new Uint8Array(data));"
    "function equal(actual, expected) {"
    "    if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);"
    "}"
    "function throws(call, name, code) {"
    "    let caught;"
    "    try { call(); } catch (error) { caught = error; }"
    "    if (!caught) throw new Error(`${call}: no error`);"
    "    if (caught.name !== name || (code && caught.code !== code)) throw new Error(`${call}: ${caught.name} ${caught.code} ${caught.message}`);"
    "    return caught.message;"
    "}"
    "class End {"
    "    events = []; wake;"
    "    constructor(options) {"
    "        this.handle = createUdp((event, detail) => { this.events.push(event); this.wake?.(event, detail); });"
    "        if (options) { this.handle.open({ ...defaults, ...options }); this.handle.startSending(null, null, null); }"
    "    }"
    "    next() { return new Promise((resolve) => { this.wake = resolve; }); }"
    "    async receive() { return (await this.handle.take()).value; }"
    "    rest() { return this.handle.stopReadingAhead(); }"
    "    toName = () => { throw new Error('no name'); };"
    "    write(data, remoteAddress, remotePort, by) { return this.handle.write({ data, remoteAddress, remotePort, interface: by }, this.toName); }"
    "    get port() { return this.handle.info().localPort; }"
    "    send(data, host, port, by = null) { return this.handle.send(bytes(data), host, port, by); }"
    "    async close() { this.handle.close(); equal(await this.next(), 5); }"
    "}"
    "\n";
/* clang-format on */

static JSValue js_ip(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const char *arguments = JS_ToCString(ctx, argv[0]);
    bool good = arguments && run_ip("%s", arguments);
    JS_FreeCString(ctx, arguments);
    return JS_NewBool(ctx, good);
}

static JSValue js_deny(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    char error[RT_RULE_ERROR_MAX];
    const char *rule = JS_ToCString(ctx, argv[0]);
    CHECK(rule && rt_permissions_deny(rt_permissions_of(rt_from_context(ctx)), rule, error) == 0);
    JS_FreeCString(ctx, rule);
    return JS_UNDEFINED;
}

static void run(const char *rules, const char *script)
{
    static const struct native_global globals[] = {{"ip", js_ip, 1}, {"deny", js_deny, 1}, {NULL, NULL, 0}};
    run_module(rules, globals, prelude, script);
}

/* clang-format off */

TEST(a_datagram_makes_the_round_with_all_its_data)
{
    run("udp.bind;udp.send",
        "const end = new End({ localPort: 5000 });"
        "equal(end.send('hello', '127.0.0.1', 5000), true);"
        "const message = await end.receive();"
        "equal(Object.keys(message), ['data', 'remoteAddress', 'remotePort', 'localAddress', 'interface', 'hopLimit']);"
        "equal({ ...message, data: text(message.data) }, { data: 'hello', remoteAddress: '127.0.0.1', remotePort: 5000,"
        "    localAddress: '127.0.0.1', interface: 'lo', hopLimit: 64 });"
        "equal(message.data.constructor === ArrayBuffer && message.data.byteLength, 5);"
        "new Uint8Array(message.data)[0] = 120;" /* immutable */
        "equal(text(message.data), 'hello');"
        "equal(end.send('', '::1', 5000), true);"
        "const empty = await end.receive();"
        "equal([empty.remoteAddress, empty.data.byteLength], ['::1', 0]);"
        "equal(end.handle.info().localAddress, '::');"
        "await end.close();"
        "equal(end.events.at(-1), 5);"
        "done();");
}

TEST(nothing_is_allowed_by_default)
{
    run("",
        "const end = new End();"
        "for (const options of [{}, { localPort: 5000 }, { localAddress: '127.0.0.1' }, { remoteAddress: '127.0.0.1', remotePort: 9 },"
        "    { remoteAddress: 'example.com', remotePort: 9 }, { remotePort: 9 }, { remoteAddress: '239.1.1.1', remotePort: 9 },"
        "    { remoteAddress: '255.255.255.255', remotePort: 9 }]) {"
        "    throws(() => end.handle.open({ ...defaults, ...options }), 'SecurityError');"
        "}"
        "equal(end.handle.waitsForChunk(), false);"
        "done();");
}

TEST(the_message_of_a_denial_names_the_flag)
{
    run("udp.send=192.0.2.1:9",
        "const end = new End({});"
        "const message = throws(() => end.send('x', '127.0.0.1', 9), 'SecurityError');"
        "if (!message.includes('udp.send=127.0.0.1:9')) throw new Error(message);"
        "end.handle.close(); done();");
}

TEST(each_destination_is_checked_by_address_port_and_kind)
{
    run("udp.send=127.0.0.1:5001-5002;!udp.send=127.0.0.1:5002",
        "const end = new End({});"
        "for (let i = 0; i < 3; i++) {"
        "    equal(end.send('x', '127.0.0.1', 5001), true);"
        "    throws(() => end.send('x', '127.0.0.1', 5002), 'SecurityError');"
        "    throws(() => end.send('x', '127.0.0.1', 5003), 'SecurityError');"
        "    throws(() => end.send('x', '127.0.0.2', 5001), 'SecurityError');"
        "    throws(() => end.send('x', '::1', 5001), 'SecurityError');"
        "    throws(() => end.send('x', '239.1.1.1', 5001), 'SecurityError');"
        "    throws(() => end.send('x', '255.255.255.255', 5001), 'SecurityError');"
        "    equal(end.send('x', '::ffff:127.0.0.1', 5001), true);"
        "    for (const host of ['2130706433', '0x7f.1', '127.1', 'localhost', '', '127.0.0.1\\0', '127.0.0.1 '])"
        "        throws(() => end.send('x', host, 5001), 'InvalidAccessError');"
        "}"
        "throws(() => end.handle.join('239.1.1.1', null, null), 'SecurityError');"
        "end.handle.close(); done();");
}

TEST(groups_are_checked_by_operation_group_port_and_interface)
{
    run("multicast.join=239.1.1.1:5000@near0;multicast.send=239.1.1.2:5000;udp.bind=5000-5001",
        "const fixed = new End({ localPort: 5000 }), other = new End({ localPort: 5001 }), ephemeral = new End({});"
        "fixed.handle.join('239.1.1.1', null, 'near0');"
        "fixed.handle.join('239.1.1.1', null, 'near0');" /* again is fine */
        "ephemeral.handle.join('239.1.1.1', null, interfaces().find((i) => i.name === 'near0').index);"
        "throws(() => other.handle.join('239.1.1.1', null, 'near0'), 'SecurityError');"
        "throws(() => fixed.handle.join('239.1.1.1', null, 'near1'), 'SecurityError');"
        "throws(() => fixed.handle.join('239.1.1.1', null, null), 'SecurityError');"
        "throws(() => fixed.handle.join('239.1.1.2', null, 'near0'), 'SecurityError');"
        "throws(() => fixed.handle.join('239.1.1.1', null, 'nosuch'), 'NetworkError', 'ENODEV');"
        "throws(() => fixed.handle.join('127.0.0.1', null, 'near0'), 'InvalidAccessError');"
        "throws(() => fixed.handle.join('example.com', null, 'near0'), 'InvalidAccessError');"
        "equal(fixed.send('x', '239.1.1.2', 5000, 'near0'), true);"
        "throws(() => fixed.send('x', '239.1.1.1', 5000, 'near0'), 'SecurityError');"
        "fixed.handle.leave('239.1.1.1', null, 'near0');"
        "throws(() => fixed.handle.leave('239.1.1.1', null, 'near0'), 'InvalidAccessError', 'EADDRNOTAVAIL');"
        "fixed.handle.close(); other.handle.close(); ephemeral.handle.close(); done();");
}

TEST(the_interface_of_a_message_counts_for_its_permission)
{
    run("multicast.send=239.1.1.1@near0;multicast.join=239.1.1.1;multicast.send=ff02::1234@near1",
        "const end = new End({}), bound = new End({ interface: 'near0' });"
        "equal(end.send('x', '239.1.1.1', 9, 'near0'), true);"
        "throws(() => end.send('x', '239.1.1.1', 9, 'near1'), 'SecurityError');"
        "throws(() => end.send('x', '239.1.1.1', 9), 'SecurityError');"
        "equal(bound.send('x', '239.1.1.1', 9), true);"
        "equal(end.send('x', 'ff02::1234', 9, 'near1'), true);"
        "equal(end.send('x', 'ff02::1234%near1', 9), true);"
        "throws(() => end.send('x', 'ff02::1234%near0', 9), 'SecurityError');"
        "throws(() => end.send('x', '239.1.1.1', 9, 'nosuch'), 'SecurityError');"
        "throws(() => end.send('x', '239.1.1.1', 9, 0), 'TypeError');"
        "throws(() => end.send('x', '239.1.1.1', 9, {}), 'TypeError');"
        "end.handle.close(); bound.handle.close(); done();");
}

TEST(broadcast_is_a_permission_of_its_own)
{
    run("udp.send=*",
        "const end = new End({});"
        "throws(() => end.send('x', '255.255.255.255', 9, 'near0'), 'SecurityError');"
        "throws(() => end.send('x', '10.0.0.255', 9), 'SecurityError');"
        "end.handle.close(); done();");
    run("broadcast",
        "const end = new End({ broadcast: true });"
        "equal(end.send('x', '255.255.255.255', 9, 'near0'), true);"
        "equal(end.send('x', '10.0.0.255', 9), true);"
        "equal(end.send('x', '10.0.0.255', 9), true);"
        "throws(() => end.send('x', '10.0.0.2', 9), 'SecurityError');"
        "end.handle.close();"
        "const aimed = new End({ remoteAddress: '10.0.0.255', remotePort: 9, broadcast: true });"
        "equal(aimed.send('x', '10.0.0.255', 9), true);"
        "aimed.handle.close(); done();");
    run("broadcast=10.0.0.255;udp.send=10.0.0.0/24",
        "const end = new End({ broadcast: true });"
        "equal(end.send('x', '10.0.0.255', 9), true);"
        "equal(end.send('x', '10.0.0.2', 9), true);"
        "equal(end.send('x', '10.0.0.255', 9), true);"
        "throws(() => end.send('x', '10.0.1.255', 9), 'SecurityError');"
        "const not = new End({});"
        "throws(() => not.send('x', '10.0.0.255', 9), 'NetworkError', 'EACCES');"
        "end.handle.close(); not.handle.close(); done();");
    run("udp.send",
        "throws(() => new End({ broadcast: true }), 'SecurityError');"
        "done();");
}

TEST(open_tells_what_is_wrong_with_an_address)
{
    run("udp.send;udp.bind;multicast",
        "const end = new End();"
        "const open = (options) => end.handle.open({ ...defaults, ...options });"
        "throws(() => open({ localAddress: '203.0.113.1' }), 'InvalidAccessError', 'EADDRNOTAVAIL');"
        "throws(() => open({ localAddress: '239.1.1.1' }), 'InvalidAccessError', 'EADDRNOTAVAIL');"
        "throws(() => open({ localAddress: '255.255.255.255' }), 'InvalidAccessError', 'EADDRNOTAVAIL');"
        "throws(() => open({ localAddress: 'localhost' }), 'InvalidAccessError');"
        "throws(() => open({ localAddress: 'fe80::1%nosuch' }), 'NetworkError', 'ENODEV');"
        "throws(() => open({ interface: 'nosuch' }), 'InvalidAccessError', 'ENODEV');"
        "throws(() => open({ remoteAddress: 'a b', remotePort: 9 }), 'InvalidAccessError');"
        "throws(() => open({ remoteAddress: '203.0.113.1', remotePort: 9 }), 'InvalidAccessError', 'ENETUNREACH');"
        "throws(() => open({ remoteAddress: '10.0.0.2', remotePort: 9, localAddress: '127.0.0.1' }), 'InvalidAccessError');"
        "throws(() => open({ remoteAddress: '10.0.0.2', remotePort: 9, localAddress: '::1' }), 'InvalidAccessError', 'EAFNOSUPPORT');"
        "throws(() => open({ localPort: 65536 }), 'RangeError');"
        "throws(() => open({ localPort: 1.5 }), 'RangeError');"
        "throws(() => open({ hops: 256 }), 'RangeError');"
        "throws(() => end.handle.open(null), 'TypeError');"
        "const first = new End({ localPort: 5000, addressReuse: false });"
        "throws(() => open({ localPort: 5000 }), 'NetworkError', 'EADDRINUSE');"
        "first.handle.close();"
        "open({ localPort: 5000 });" /* the port is free at once, and a failed open() may be repeated */
        "throws(() => open({}), 'InvalidStateError');"
        "end.handle.close(); done();");
}

TEST(the_local_address_follows_the_default_destination)
{
    run("udp.send;udp.bind;multicast",
        "const local = (options) => { const end = new End(options), info = end.handle.info(); end.handle.close(); return info.localAddress; };"
        "equal(local({ remoteAddress: '10.0.1.2', remotePort: 9 }), '10.0.1.1');"
        "equal(local({ remoteAddress: 'fd00:1::2', remotePort: 9 }), 'fd00:1::1');"
        "equal(local({ remoteAddress: '127.0.0.1', remotePort: 9 }), '127.0.0.1');"
        "equal(local({ remoteAddress: '239.1.1.1', remotePort: 9, interface: 'near1' }), '10.0.1.1');"
        "equal(local({ remoteAddress: 'example.com', remotePort: 9 }), '::');"
        "equal(local({ family: 4 }), '0.0.0.0');"
        "equal(local({ localAddress: '10.0.0.1' }), '10.0.0.1');"
        /* A socket that talks to a group hears it too. */
        "const end = new End({ remoteAddress: '239.1.1.1', remotePort: 5000, localPort: 5000, interface: 'near0', loopback: true });"
        "end.handle.join('239.1.1.1', null, null);"
        "end.send('x', '239.1.1.1', 5000);"
        "const message = await end.receive();"
        "equal([message.localAddress, message.interface, message.remoteAddress], ['239.1.1.1', 'near0', '10.0.0.1']);"
        "end.handle.close(); done();");
}

TEST(what_a_failed_open_was_permitted_is_forgotten)
{
    run("udp.send=10.0.0.2:9@near0;udp.bind=5000",
        "const first = new End({ localPort: 5000, addressReuse: false }), end = new End();"
        "const options = { ...defaults, remoteAddress: '10.0.0.2', remotePort: 9, interface: 'near0', localAddress: null };"
        "throws(() => end.handle.open({ ...options, localAddress: '0.0.0.0', localPort: 5000 }), 'NetworkError', 'EADDRINUSE');"
        "end.handle.open(defaults);"
        "throws(() => end.send('x', '10.0.0.2', 9), 'SecurityError');"
        "equal(end.send('x', '10.0.0.2', 9, 'near0'), true);"
        "first.handle.close(); end.handle.close(); done();");
}

TEST(a_destination_stands_for_its_name)
{
    run("udp.bind",
        "const end = new End({ localPort: 5000 });"
        "equal(end.handle.send(bytes('x'), 5000, 5000, null), true);" /* see js_destination_address() above */
        "equal((await end.receive()).remoteAddress, '127.0.0.1');"
        "throws(() => end.handle.send(bytes('x'), 5000, 5001, null), 'SecurityError');"
        "throws(() => end.handle.send(bytes('x'), {}, 5001, null), 'TypeError');"
        "throws(() => end.handle.send(bytes('x'), null, 5001, null), 'TypeError');"
        "end.handle.close(); done();");
}

TEST(one_error_does_not_end_the_socket)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "throws(() => end.send('x', '203.0.113.1', 9), 'NetworkError', 'ENETUNREACH');"
        "throws(() => end.handle.send(new Uint8Array(70000), '127.0.0.1', 9, null), 'NetworkError', 'EMSGSIZE');"
        "throws(() => end.send('x', '127.0.0.1', 0), 'NetworkError', 'EINVAL');"
        "throws(() => end.send('x', '10.0.0.2', 9, 999999), 'NetworkError');"
        "throws(() => end.handle.send('text', '127.0.0.1', 9, null), 'TypeError');"
        "throws(() => end.send('x', '127.0.0.1', -1), 'RangeError');"
        "throws(() => end.send('x', '127.0.0.1', '9'), 'TypeError');"
        "end.send('x', '127.0.0.1', 1);" /* refused by ICMP */
        "end.send('fine', '127.0.0.1', 5000);"
        "equal(text((await end.receive()).data), 'fine');"
        "equal(end.events.includes(4), false);"
        "end.handle.close(); done();");
}

TEST(what_is_written_in_a_turn_leaves_in_order_at_its_end)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000, receiveBufferSize: 1 << 20 });"
        "const buffer = new Uint8Array(1);"
        "const writes = [];"
        "for (let i = 0; i < 20; i++) { buffer[0] = i; writes.push(end.write(buffer, '127.0.0.1', 5000)); }" /* as it is now */
        "equal(end.handle.sends(), 20);" /* none has left yet */
        "equal(await Promise.all(writes), Array(20).fill(undefined));"
        "const got = [];"
        "while (got.length < 20) got.push(new Uint8Array((await end.receive()).data)[0]);"
        "equal(got, Array.from({ length: 20 }, (_, i) => i));"
        "for (let i = 0; i < 100; i++) void end.write(String(i), '127.0.0.1', 5000);" /* more than one sendmmsg takes */
        "const more = [];"
        "while (more.length < 100) more.push(Number(text((await end.receive()).data)));"
        "equal(more, Array.from({ length: 100 }, (_, i) => i));"
        "end.handle.close(); done();");
}

TEST(each_write_has_its_own_outcome)
{
    run("udp.send=127.0.0.1;udp.send=203.0.113.1;udp.bind;udp.send=10.0.0.0/24",
        "const end = new End({ localPort: 5000 });"
        "const outcome = (promise) => promise.then(() => 'sent', (error) => typeof error.code === 'string' ? error.code : error.name);"
        "const write = (data, host, port, by) => outcome(end.write(data, host, port, by));"
        "equal(await Promise.all(["
        "    write('a', '127.0.0.1', 5000), write(new Uint8Array(70000), '127.0.0.1', 5000), write('x', '203.0.113.1', 9),"
        "    write('x', '127.0.0.2', 9), write('x', '10.0.0.255', 9), write('b', '127.0.0.1', 5000), write({}, '127.0.0.1', 5000),"
        "    write('x', '127.0.0.1', 0), write('x', '127.0.0.1', 70000), write('x', '1.2.3', 9), write('x', 'fe80::1%nosuch', 9),"
        "    write('x', undefined, 9), write('x', '127.0.0.1', undefined), write('x', '10.0.0.2', 9, 'nosuch'), write('x', '10.0.0.2', 9, 0),"
        "    write('c', new String('127.0.0.1'), '5000'), outcome(end.handle.write()), outcome(end.handle.write(1)), outcome(end.handle.write({}))]),"
        "    ['sent', 'EMSGSIZE', 'ENETUNREACH', 'SecurityError', 'SecurityError', 'sent', 'TypeError', 'InvalidAccessError', 'InvalidAccessError',"
        "        'EINVAL', 'EINVAL', 'InvalidAccessError', 'InvalidAccessError', 'ENODEV', 'TypeError', 'sent', 'TypeError', 'TypeError', 'TypeError']);"
        "const got = [];"
        "while (got.length < 3) got.push(text((await end.receive()).data));"
        "equal(got, ['a', 'b', 'c']);"
        "void end.write('x', '127.0.0.2', 9);" /* nobody hears of it: no uncaught error */
        "void end.write(new Uint8Array(70000), '127.0.0.1', 9);"
        "await 0; end.handle.close(); done();");
}

TEST(a_message_is_completed_with_the_defaults)
{
    run("udp.send=127.0.0.1;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "end.handle.startSending('127.0.0.1', 5000, null);"
        "await end.handle.write({ data: 'x' }, end.toName);"
        "equal(text((await end.receive()).data), 'x');"
        "await end.handle.write({ data: 'y', remoteAddress: null, remotePort: null, interface: null }, end.toName);"
        "equal(text((await end.receive()).data), 'y');"
        "end.handle.startSending(null, null, 'nosuch');"
        "const error = await end.handle.write({ data: 'x', remoteAddress: '127.0.0.1', remotePort: 9 }, end.toName).catch((e) => e);"
        "equal(error.code, 'ENODEV');"
        "throws(() => end.handle.startSending(Symbol(), null, null), 'TypeError');"
        "throws(() => end.handle.startSending(null, 1n, null), 'TypeError');"
        "end.handle.close(); done();");
}

TEST(a_name_is_left_to_others)
{
    run("udp.send=127.0.0.1;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "const seen = [];"
        "const toName = (...fields) => { seen.push(fields); return Promise.resolve(); };"
        "await end.handle.write({ data: 'x', remoteAddress: 'Example.com', remotePort: 9.9 }, toName);"
        "await end.handle.write({ data: 'y', remoteAddress: 'b.example', remotePort: 9, interface: 1 }, toName);"
        "equal(seen, [['x', 'Example.com', 9, null], ['y', 'b.example', 9, 1]]);"
        "const error = await end.handle.write({ data: 'x', remoteAddress: 'c.example', remotePort: 9 }, () => { throw new RangeError(); }).catch((e) => e);"
        "equal(error.name, 'RangeError');"
        "end.handle.close(); done();");
}

TEST(what_does_not_fit_waits_for_room_up_to_a_limit)
{
    /* A host that does not answer ARP: the kernel keeps what is sent there, in the socket's buffer. */
    run("udp.send;udp.bind",
        "const end = new End({ sendBufferSize: 4096 });"
        "const data = new Uint8Array(1200), outcomes = [];"
        "const write = () => end.write(data, '10.0.0.78', 9).then(() => outcomes.push('sent'), (error) => outcomes.push(error.code));"
        "for (let i = 0; i < 1100; i++) void write();"
        "equal(end.handle.trySend({ get data() { throw new Error('read'); } }), null);" /* by the queue of the stream */
        "await 0; await 0; await new Promise((resolve) => setTimeout(resolve, 20));"
        "equal(outcomes.filter((outcome) => outcome === 'ENOBUFS').length > 50, true);"
        "const sent = outcomes.filter((outcome) => outcome === 'sent').length;"
        "equal(sent > 0 && sent < 50, true);"
        "equal(end.send('x', '10.0.0.78', 9), false);"
        "equal(end.handle.flush(), false);"
        "equal(ip('neigh replace 10.0.0.78 lladdr 02:00:00:00:00:78 dev near0'), true);"
        "equal(await end.next(), 3);"
        "equal(end.handle.flush(), true);"
        "equal(outcomes.filter((outcome) => outcome === 'sent').length + outcomes.filter((outcome) => outcome === 'ENOBUFS').length, 1100);"
        "equal(end.events, [3]);"
        "end.handle.close(); done();");
}

TEST(close_sends_what_it_can_and_rejects_the_rest)
{
    run("udp.send;udp.bind",
        "const peer = new End({ localPort: 5000 }), end = new End({}), full = new End({ sendBufferSize: 4096 });"
        "const outcomes = [];"
        "const note = (promise) => promise.then(() => outcomes.push('sent'), (error) => outcomes.push(error.name));"
        "note(end.write('last', '127.0.0.1', 5000));"
        "end.handle.close();"
        "for (let i = 0; i < 30; i++) note(full.write(new Uint8Array(1200), '10.0.0.79', 9));"
        "full.handle.close();"
        "equal(text((await peer.receive()).data), 'last');"
        "equal(outcomes[0], 'sent');"
        "equal(outcomes.filter((outcome) => outcome === 'InvalidStateError').length > 0, true);"
        "equal(outcomes.length, 31);"
        "const error = await end.write('x', '127.0.0.1', 5000).catch((e) => e);"
        "equal(error.name, 'InvalidStateError');"
        "peer.handle.close(); done();");
}

TEST(a_deny_reaches_destinations_that_are_remembered)
{
    run("udp.send;udp.bind;broadcast",
        "const end = new End({ localPort: 5000, broadcast: true }), aimed = new End({ remoteAddress: '127.0.0.1', remotePort: 5000 });"
        "const write = (host, port) => end.write('x', host, port).then(() => 'sent', (error) => error.name);"
        "const destinations = [['127.0.0.1', 5000], ['127.0.0.1', 5001], ['::1', 5000], ['10.0.0.255', 9], ['fd00:1::2', 9]];"
        "const all = () => Promise.all(destinations.map(([host, port]) => write(host, port)));"
        "equal(await all(), Array(5).fill('sent'));"
        "equal(aimed.send('x', '127.0.0.1', 5000), true);"
        "deny('udp.send=127.0.0.1:5000');"
        "equal(await all(), ['SecurityError', 'sent', 'sent', 'sent', 'sent']);"
        "throws(() => aimed.send('x', '127.0.0.1', 5000), 'SecurityError');"
        "deny('broadcast');"
        "deny('udp.send=fd00:1::/64');"
        "equal(await all(), ['SecurityError', 'sent', 'sent', 'SecurityError', 'SecurityError']);"
        "deny('udp.send');"
        "equal(await all(), Array(5).fill('SecurityError'));"
        "end.handle.close(); aimed.handle.close(); done();");
}

TEST(the_same_destination_written_in_several_ways_is_one)
{
    run("udp.send=127.0.0.1:5000;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "for (let round = 0; round < 3; round++) {"
        "    for (const host of ['127.0.0.1', ['127.0.0', '1'].join('.'), '127.0.0.1\\u0000', '127.0.0.1x', '127.0.0.', '::ffff:127.0.0.1', '']) {"
        "        const good = host === '127.0.0.1' || host.startsWith('::');"
        "        equal(await end.write('x', host, 5000).then(() => true, () => false), good);"
        "    }"
        "    for (let i = 0; i < 40; i++) equal(await end.write('x', `127.0.1.${i}`, 5000).catch((error) => error.name), 'SecurityError');"
        "    equal(await end.write('x', '127.0.0.1', 5001).catch((error) => error.name), 'SecurityError');"
        "}"
        "end.handle.close(); done();");
}

TEST(reads_are_settled_in_order_by_one_batch)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "const reads = Array.from({ length: 5 }, () => end.handle.take());"
        "for (let i = 0; i < 8; i++) void end.write(String(i), '127.0.0.1', 5000);"
        "for (let i = 0; i < 5; i++) {"
        "    const result = await reads[i];"
        "    equal([Object.keys(result).join(), text(result.value.data), result.done], ['value,done', String(i), false]);"
        "}"
        "for (let i = 5; i < 8; i++) equal(text((await end.handle.take()).value.data), String(i));"
        "const waiting = [end.handle.take(), end.handle.take()];"
        "gc();"
        "end.handle.close();"
        "equal(await Promise.all(waiting), [{ done: true }, { done: true }]);"
        "equal(await end.handle.take(), { done: true });"
        "done();");
}

TEST(what_waits_can_be_ended_and_what_was_fetched_be_given_back)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "equal(end.handle.waitsForChunk(), false);"
        "const ended = [end.handle.take(), end.handle.take()];"
        "equal(end.handle.waitsForChunk(), true);"
        "end.handle.endTakes(false);"
        "equal(await Promise.all(ended), [{ done: true }, { done: true }]);"
        "const failed = end.handle.take();"
        "end.handle.endTakes(true, new RangeError('released'));"
        "equal((await failed.catch((error) => error)).message, 'released');"
        "equal(end.handle.waitsForChunk(), false);"
        "for (let i = 0; i < 3; i++) void end.write(String(i), '127.0.0.1', 5000);"
        "await new Promise((resolve) => setTimeout(resolve, 10));"
        "equal(end.handle.stopReadingAhead().map((message) => text(message.data)), ['0', '1', '2']);"
        "void end.write('3', '127.0.0.1', 5000);"
        "await new Promise((resolve) => setTimeout(resolve, 10));"
        "equal(end.handle.stopReadingAhead(), []);"
        "equal(text((await end.receive()).data), '3');"
        "end.handle.close(); equal(end.handle.stopReadingAhead(), []); end.handle.endTakes(false); done();");
}

TEST(a_message_to_a_name_is_converted_once)
{
    run("udp.send=127.0.0.1;udp.bind",
        "const end = new End({ localPort: 5000 }), seen = [];"
        "let reads = 0;"
        "const message = { get data() { reads++; return 'x'; }, remoteAddress: 'a.example', remotePort: 9 };"
        "const other = { get data() { reads++; return 'y'; }, remoteAddress: 'b.example', remotePort: 9 };"
        "const toName = (data, host) => { seen.push([data, host]); return Promise.resolve(); };"
        "equal(end.handle.trySend(message), null);"
        "await end.handle.write(message, toName);"
        "equal([reads, seen], [1, [['x', 'a.example']]]);"
        "await end.handle.write(message, toName);" /* what was put back serves once */
        "equal(reads, 2);"
        "equal(end.handle.trySend(message), null);"
        "equal(end.handle.trySend(other), null);" /* and is forgotten for a newer one */
        "await end.handle.write(other, toName);"
        "await end.handle.write(message, toName);"
        "equal(reads, 5);"
        "equal(end.handle.sends(), 0);"
        "const sent = end.handle.trySend({ data: 'z', remoteAddress: '127.0.0.1', remotePort: 5000 });"
        "const lost = end.handle.trySend({ data: new Uint8Array(70000), remoteAddress: '127.0.0.1', remotePort: 5000 });"
        "equal([end.handle.sends(), end.handle.sending() === end.handle.sending()], [2, true]);"
        "equal(await end.handle.sending(), undefined);" /* also where the last has failed */
        "await sent;"
        "equal((await lost.catch((error) => error)).code, 'EMSGSIZE');"
        "equal([end.handle.sends(), end.handle.sending()], [0, undefined]);"
        "equal(text((await end.receive()).data), 'z');"
        "equal((await end.handle.trySend({}).catch((error) => error)).name, 'TypeError');"
        "end.handle.trySend(message);"
        "end.handle.close(); equal(end.handle.trySend(message), null); done();");
}

TEST(datagrams_are_fetched_ahead_up_to_a_limit)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000, receiveBufferSize: 1 << 20 }), sender = new End({});"
        "const first = end.handle.take();"
        "for (let i = 0; i < 200; i++) await sender.write(String(i), '127.0.0.1', 5000);"
        "equal(text((await first).value.data), '0');"
        "await new Promise((resolve) => setTimeout(resolve, 20));"
        "equal(end.rest().map((message) => text(message.data)), Array.from({ length: 64 }, (_, i) => String(i + 1)));"
        "for (let i = 65; i < 200; i++) equal(text((await end.receive()).data), String(i));"
        "equal(end.rest(), []);"
        "const large = new End({ localPort: 5001, receiveBufferSize: 1 << 20 }), waiting = large.receive();"
        "for (let wave = 0; wave < 2; wave++) {"
        "    for (let i = 0; i < 6; i++) await sender.write(new Uint8Array(60000), '127.0.0.1', 5001);"
        "    await new Promise((resolve) => setTimeout(resolve, 20));"
        "}"
        "await waiting;"
        "equal(large.rest().length, 5);" /* the limit in bytes */
        "large.handle.close();"
        "end.handle.close(); sender.handle.close(); done();");
}

TEST(a_promise_hook_of_the_app_can_close_the_socket_in_the_middle_of_a_batch)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "const reads = [end.handle.take(), end.handle.take(), end.handle.take()];"
        "for (let i = 0; i < 3; i++) void end.write(String(i), '127.0.0.1', 5000);"
        "let looks = 0;"
        "Object.defineProperty(Object.prototype, 'then', { configurable: true, get() {"
        "    if (this.done === false && ++looks === 2) { delete Object.prototype.then; end.handle.close(); }"
        "} });"
        "const results = await Promise.all(reads);"
        "delete Object.prototype.then;"
        "equal(results.map((result) => result.done), [false, false, true]);"
        "done();");
}

TEST(a_close_hidden_in_an_argument_is_noticed)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "const message = { data: 'x', remotePort: 5000, get remoteAddress() { end.handle.close(); return '127.0.0.1'; } };"
        "equal((await end.handle.write(message, end.toName).catch((e) => e)).name, 'InvalidStateError');"
        "const third = new End();"
        "throws(() => third.handle.open({ ...defaults, get localPort() { third.handle.open(defaults); return 0; } }), 'InvalidStateError');"
        "third.handle.close(); done();");
}

TEST(a_sender_that_awaits_each_write_leaves_the_loop_alive)
{
    run("udp.send;udp.bind",
        "const end = new End({});"
        "let stop = false, count = 0;"
        "setTimeout(() => { stop = true; }, 5);"
        "while (!stop) { await end.write('x', '127.0.0.1', 9); count++; }"
        "equal(count > 64, true);"
        "end.handle.close(); done();");
}

TEST(drops_are_counted_and_memory_stays)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000, receiveBufferSize: 4096 });"
        "for (let i = 0; i < 50; i++) end.handle.send(new Uint8Array(1000), '127.0.0.1', 5000, null);"
        "const dropped = end.handle.dropped();"
        "let got = 0; const count = () => end.receive().then((message) => { got += message !== undefined; });"
        "for (let i = 0; i < 50; i++) void count();"
        "await new Promise((resolve) => setTimeout(resolve, 20));"
        "equal(got + dropped, 50);"
        "equal(dropped > 0, true);"
        "end.handle.close();"
        "equal(end.handle.dropped(), dropped);"
        "done();");
}

TEST(close_is_final_and_may_be_repeated)
{
    run("udp.send;udp.bind",
        "const end = new End({ localPort: 5000 });"
        "const waiting = end.handle.take();"
        "end.handle.close(); end.handle.close();"
        "equal(await waiting, { done: true });"
        "equal(end.events, []);" /* never inside a call */
        "for (const name of ['info', 'flush']) throws(() => end.handle[name](1), 'InvalidStateError');"
        "throws(() => end.send('x', '127.0.0.1', 9), 'InvalidStateError');"
        "throws(() => end.handle.join('239.1.1.1', null, null), 'InvalidStateError');"
        "throws(() => end.handle.open(defaults), 'InvalidStateError');"
        "equal(await end.next(), 5);"
        "equal(end.events, [5]);"
        "const unopened = new End(); unopened.handle.close();"
        "throws(() => unopened.handle.open(defaults), 'InvalidStateError');"
        "throws(() => createUdp(1), 'TypeError');"
        "throws(() => end.handle.info.call({}), 'TypeError');"
        "done();");
}

TEST(a_handle_closed_in_its_own_event_is_freed_after_it)
{
    run("udp.send;udp.bind",
        "let handle = createUdp((event) => { if (event === 5) done(); });"
        "handle.open({ ...defaults, localPort: 5000 });"
        "void handle.take().then(() => { handle.close(); handle = undefined; gc(); });"
        "handle.send(bytes('x'), '127.0.0.1', 5000, null);");
}

TEST(an_open_handle_without_reference_lives_until_its_end)
{
    run("udp.send;udp.bind",
        "let got = 0;"
        "(() => {"
        "    const handle = createUdp(() => { equal(got, 1); done(); });"
        "    handle.open({ ...defaults, localPort: 5000 });"
        "    void handle.take().then(({ value }) => { got = value.data.byteLength; handle.close(); });"
        "})();"
        "gc();"
        "const sender = new End({});"
        "sender.send('x', '127.0.0.1', 5000);"
        "sender.handle.close();");
}

TEST(what_an_app_leaves_behind_is_closed_or_collected)
{
    /* Ends by an error while sockets wait: teardown closes them. */
    int error;
    struct rt *rt = rt_create(&(struct rt_options){0}, &error);
    bool done = false;
    JS_SetContextOpaque(rt_context(rt), &done);
    rt_modules_install(rt);
    allow(rt, "udp.send;udp.bind");
    static const char script[] =
        "for (let i = 0; i < 10; i++) { void new End({}).handle.take(); void new End({}).write('x', '127.0.0.1', 9); new End(); const closing = new End({}); closing.handle.close(); }"
        "watch(() => 0); watch(() => 0).close();"
        "const cycle = createUdp(() => cycle);";
    char source[sizeof(prelude) + sizeof(script)];
    snprintf(source, sizeof(source), "%s%s", prelude, script);
    CHECK(rt_turn_enter(rt));
    JSValue promise = JS_Eval(rt_context(rt), source, strlen(source), "cleat:test", JS_EVAL_TYPE_MODULE);
    CHECK(!JS_IsException(promise));
    JS_FreeValue(rt_context(rt), promise);
    rt_turn_leave(rt);
    rt_destroy(rt);
}

/* clang-format on */

TEST(what_was_written_when_the_runtime_stops_still_leaves)
{
    int peer = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(5000)};
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_INT(bind(peer, (struct sockaddr *)&local, sizeof(local)), 0);
    struct rt *rt = rt_create(&(struct rt_options){0}, &error);
    rt_modules_install(rt);
    allow(rt, "udp.send");
    static const char script[] = "void new End({}).write('bye', '127.0.0.1', 5000);";
    char source[sizeof(prelude) + sizeof(script)];
    snprintf(source, sizeof(source), "%s%s", prelude, script);
    CHECK(rt_turn_enter(rt));
    JSValue promise = JS_Eval(rt_context(rt), source, strlen(source), "cleat:test", JS_EVAL_TYPE_MODULE);
    CHECK(!JS_IsException(promise));
    JS_FreeValue(rt_context(rt), promise);
    rt_stop(rt, 0);
    rt_turn_leave(rt);
    char data[8];
    CHECK_INT(recv(peer, data, sizeof(data), 0), -1);
    rt_destroy(rt);
    CHECK_INT(recv(peer, data, sizeof(data), 0), 3);
    close(peer);
}

/* clang-format off */

TEST(interfaces_are_listed_and_changes_told)
{
    run("udp.send",
        "const lo = interfaces().find((i) => i.name === 'lo');"
        "equal([lo.loopback, lo.mac, lo.up], [true, null, true]);"
        "equal(lo.addresses[0], { address: '127.0.0.1', family: 'ipv4', prefixLength: 8, broadcast: null });"
        "const near = interfaces().find((i) => i.name === 'near0');"
        "equal([near.multicast, near.running, near.mtu, near.pointToPoint, /^(..:){5}..$/.test(near.mac)], [true, true, 1500, false, true]);"
        "equal(near.addresses.find((a) => a.address === '10.0.0.1').broadcast, '10.0.0.255');"
        "equal(near.addresses.some((a) => a.address.startsWith('fe80:') && a.address.endsWith('%near0')), true);"
        "const socket = new End({});" /* keeps the loop alive, which a watch does not */
        "const watcher = watch(() => {"
        "    equal(interfaces().find((i) => i.name === 'near0').addresses.some((a) => a.address === '10.7.0.1'), true);"
        "    watcher.close(); watcher.close();"
        "    socket.handle.close();"
        "    done();"
        "});"
        "ip('addr add 10.7.0.1/24 dev near0');"
        "throws(() => watch(), 'TypeError');");
}

TEST(a_watch_alone_does_not_keep_the_program)
{
    run("", "watch(() => { throw new Error('told'); }); done();");
}

/* clang-format on */

int main(void)
{
    if (!enter_namespaces()) {
        printf("# %s\n", namespace_missing);
    }
    alarm(60);
    RUN(a_datagram_makes_the_round_with_all_its_data);
    RUN(nothing_is_allowed_by_default);
    RUN(the_message_of_a_denial_names_the_flag);
    RUN(each_destination_is_checked_by_address_port_and_kind);
    RUN_IN_NAMESPACE(groups_are_checked_by_operation_group_port_and_interface);
    RUN_IN_NAMESPACE(the_interface_of_a_message_counts_for_its_permission);
    RUN_IN_NAMESPACE(broadcast_is_a_permission_of_its_own);
    RUN_IN_NAMESPACE(open_tells_what_is_wrong_with_an_address);
    RUN_IN_NAMESPACE(the_local_address_follows_the_default_destination);
    RUN_IN_NAMESPACE(what_a_failed_open_was_permitted_is_forgotten);
    RUN(a_destination_stands_for_its_name);
    RUN_IN_NAMESPACE(one_error_does_not_end_the_socket);
    RUN(what_is_written_in_a_turn_leaves_in_order_at_its_end);
    RUN_IN_NAMESPACE(each_write_has_its_own_outcome);
    RUN(a_message_is_completed_with_the_defaults);
    RUN(a_name_is_left_to_others);
    RUN_IN_NAMESPACE(what_does_not_fit_waits_for_room_up_to_a_limit);
    RUN_IN_NAMESPACE(close_sends_what_it_can_and_rejects_the_rest);
    RUN_IN_NAMESPACE(a_deny_reaches_destinations_that_are_remembered);
    RUN_IN_NAMESPACE(the_same_destination_written_in_several_ways_is_one);
    RUN(reads_are_settled_in_order_by_one_batch);
    RUN(what_waits_can_be_ended_and_what_was_fetched_be_given_back);
    RUN(a_message_to_a_name_is_converted_once);
    RUN(datagrams_are_fetched_ahead_up_to_a_limit);
    RUN(a_promise_hook_of_the_app_can_close_the_socket_in_the_middle_of_a_batch);
    RUN(a_close_hidden_in_an_argument_is_noticed);
    RUN(a_sender_that_awaits_each_write_leaves_the_loop_alive);
    RUN(drops_are_counted_and_memory_stays);
    RUN(close_is_final_and_may_be_repeated);
    RUN(a_handle_closed_in_its_own_event_is_freed_after_it);
    RUN(an_open_handle_without_reference_lives_until_its_end);
    RUN(what_an_app_leaves_behind_is_closed_or_collected);
    RUN(what_was_written_when_the_runtime_stops_still_leaves);
    RUN_IN_NAMESPACE(interfaces_are_listed_and_changes_told);
    RUN(a_watch_alone_does_not_keep_the_program);
    return check_done();
}
