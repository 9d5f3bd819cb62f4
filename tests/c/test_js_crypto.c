/* test_js_crypto.c - the natives of "cleat:native/crypto" as code meets them that got hold of a handle
 * without the checks of crypto.subtle: what a key may do and give away is decided in C. Each test is a module
 * that runs in a runtime of its own. Not here: the public API (tests/api/web/subtle_*), the cryptography
 * (test_crypto.c). */
/* links: bindings/js_crypto.c bindings/crypto.c bindings/p256_der.c bindings/psa.c bindings/tls_random.c */
/* links: bindings/tls_time.c runtime/engine.c */
/* links: runtime/errors.c runtime/builtins.c runtime/module_loader.c runtime/native_modules.c */
/* links: runtime/signals.c runtime/timers.c runtime/uncaught.c runtime/bundle.c runtime/sha512.c */
/* links: runtime/manifest.c runtime/manifest_files.c runtime/manifest_rules.c runtime/manifest_values.c */
/* links: runtime/json.c runtime/host.c runtime/own_address.c runtime/permission.c */
/* links: runtime/permission_parse.c runtime/permission_rule.c runtime/permission_text.c */
#include "native_module.h"

/* No other natives. */
extern const struct rt_native_module js_crypto_module;
const struct rt_native_module *const rt_linked_modules[] = {&js_crypto_module, NULL};

/* clang-format off */
static const char prelude[] =
    "import * as native from 'cleat:native/crypto';"
    "const { digest, exportKey, generatePair, generateSecret, importPkcs8, importPoint, importPrivate, importSecret,"
    "    importSpki, sign, verify } = native;"
    "const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));"
    "const array = (buffer) => [...new Uint8Array(buffer)];"
    "function equal(actual, expected) {"
    "    if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);"
    "}"
    "function throws(name, run) {"
    "    let caught;"
    "    try { run(); } catch (error) { caught = error; }"
    "    if (caught?.name !== name) throw new Error(`${caught} instead of ${name}: ${run}`);"
    "}"
    "const forms = ['raw', 'point', 'scalar', 'spki', 'pkcs8'];";

static void run(const char *script)
{
    run_module("", (const struct native_global[]){{0}}, prelude, script);
}

TEST(a_closed_key_has_no_form_at_all)
{
    run("const { privateKey, publicKey } = generatePair(false);"
        "const open = generatePair(true);"
        "const pkcs8 = exportKey(open.privateKey, 'pkcs8'), spki = exportKey(open.publicKey, 'spki');"
        "const keys = [privateKey, generateSecret(256, false), importSecret(bytes('key'), -1, false),"
        "    importPkcs8(pkcs8, false), importSpki(spki, false),"
        "    importPoint(exportKey(open.publicKey, 'point'), false),"
        "    importPrivate(exportKey(open.privateKey, 'scalar'), exportKey(open.privateKey, 'point'), false)];"
        "for (const key of keys) {"
        "    equal(key.extractable, false);"
        "    for (const form of forms) throws('InvalidAccessError', () => exportKey(key, form));"
        "    equal(Reflect.ownKeys(key), []);"
        "    throws('TypeError', () => { 'use strict'; key.extractable = true; });"
        "}"
        "equal(publicKey.extractable, true);"
        "done();");
}

TEST(each_kind_of_key_has_its_forms)
{
    run("const { privateKey, publicKey } = generatePair(true);"
        "const having = (key) => forms.filter((form) => {"
        "    try { return exportKey(key, form).byteLength > 0; } catch (error) { equal(error.name, 'InvalidAccessError'); }"
        "});"
        "equal(having(privateKey), ['point', 'scalar', 'pkcs8']);"
        "equal(having(publicKey), ['point', 'spki']);"
        "equal(having(generateSecret(8, true)), ['raw']);"
        "throws('InvalidAccessError', () => exportKey(publicKey, 'der'));"
        "equal([privateKey.type, publicKey.type, generateSecret(8, true).type], ['private', 'public', 'secret']);"
        "done();");
}

TEST(a_key_signs_or_verifies_by_its_kind)
{
    run("const { privateKey, publicKey } = generatePair(true);"
        "throws('InvalidAccessError', () => sign(publicKey, 256, bytes('x')));"
        "throws('InvalidAccessError', () => verify(privateKey, 256, bytes('x'), bytes('x')));"
        "const signature = sign(privateKey, 256, bytes('x'));"
        "equal(verify(publicKey, 256, signature, bytes('x')), true);"
        "equal(verify(publicKey, 256, signature, bytes('y')), false);"
        "equal(verify(publicKey, 256, new Uint8Array(1000), bytes('x')), false);"
        "done();");
}

TEST(what_is_no_key_no_hash_or_no_bytes)
{
    run("const key = generateSecret(8, true);"
        "for (const wrong of [undefined, null, 1, {}, Object.create(key), new Proxy(key, {})]) {"
        "    throws('TypeError', () => sign(wrong, 256, bytes('x')));"
        "    throws('TypeError', () => verify(wrong, 256, bytes('x'), bytes('x')));"
        "    throws('TypeError', () => exportKey(wrong, 'raw'));"
        "}"
        "for (const wrong of [undefined, 0, 2, 224, -256, 2 ** 32 + 224, 'SHA-256', NaN]) {"
        "    throws('TypeError', () => digest(wrong, bytes('x')));"
        "    throws('TypeError', () => sign(key, wrong, bytes('x')));"
        "}"
        "for (const wrong of [undefined, null, 'text', {}, [1], new SharedArrayBuffer(1)]) {"
        "    throws('TypeError', () => digest(256, wrong));"
        "    throws('TypeError', () => sign(key, 256, wrong));"
        "    throws('TypeError', () => importSecret(wrong, -1, true));"
        "    throws('TypeError', () => importSpki(wrong, true));"
        "}"
        "throws('TypeError', () => Reflect.get(Object.getPrototypeOf(key), 'type', {}));"
        "done();");
}

TEST(lengths_of_secret_keys)
{
    run("for (const wrong of [0, 8, 17, 25, 2 ** 53]) throws('DataError', () => importSecret(new Uint8Array(2), wrong, true));"
        "throws('DataError', () => importSecret(new Uint8Array(0), -1, true));"
        "for (let bits = 9; bits <= 16; bits++) {"
        "    const key = importSecret(new Uint8Array([255, 255]), bits, true);"
        "    equal(key.bits, bits);"
        "    equal(array(exportKey(key, 'raw')), [255, 0xff & 0xff << 16 - bits]);"
        "}"
        "for (const wrong of [0, -1, 65536 * 8 + 1, 2 ** 53]) throws('OperationError', () => generateSecret(wrong, true));"
        "equal(generateSecret(65536 * 8, true).bits, 65536 * 8);"
        "done();");
}

/* What a getter does while an argument is converted must not leave a pointer behind. */
TEST(bytes_that_go_away_while_other_arguments_are_looked_at)
{
    run("const key = generateSecret(8, true);"
        "const away = (result) => { const view = new Uint8Array(1 << 16);"
        "    return [view, { valueOf() { view.buffer.transfer(0); gc(); return result; } }]; };"
        "{ const [data, hash] = away(256); throws('TypeError', () => digest(hash, data)); }"
        "{ const [data, hash] = away(256); throws('TypeError', () => sign(key, hash, data)); }"
        "{ const [data, hash] = away(256); throws('TypeError', () => verify(key, hash, new Uint8Array(32), data)); }"
        "{ const [data, bits] = away(8 << 16); throws('TypeError', () => importSecret(data, bits, true)); }"
        "{ const { privateKey } = generatePair(true);"
        "    const form = { toString() { gc(); return 'pkcs8'; } };"
        "    equal(exportKey(privateKey, form).byteLength, 138); }"
        "done();");
}

TEST(keys_left_behind_are_collected)
{
    run("for (let i = 0; i < 2000; i++) { generateSecret(65536 * 8, false); if (i % 100 === 0) gc(); }"
        "globalThis.kept = [generatePair(false), generateSecret(1, true)];"
        "done();");
}
/* clang-format on */

int main(void)
{
    RUN(a_closed_key_has_no_form_at_all);
    RUN(each_kind_of_key_has_its_forms);
    RUN(a_key_signs_or_verifies_by_its_kind);
    RUN(what_is_no_key_no_hash_or_no_bytes);
    RUN(lengths_of_secret_keys);
    RUN(bytes_that_go_away_while_other_arguments_are_looked_at);
    RUN(keys_left_behind_are_collected);
    return check_done();
}
