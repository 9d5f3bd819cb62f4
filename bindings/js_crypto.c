/* js_crypto.c - the module "cleat:native/crypto": what is secret of crypto.subtle. Hashes, HMAC, ECDSA over
 * P-256 and the class KeyHandle, whose bytes leave C only if the key is extractable. Not here: the names of
 * algorithms, usages, JWK, promises (ts-api/web/subtle*.ts); the cryptography (crypto.h, p256_der.h).
 *
 * OWNERSHIP
 *   owner: the KeyHandle object owns its struct js_key, and nothing else does
 *   kept alive by: JavaScript references only; nothing is ever pending
 *   freed when: the object is collected, and wiped before
 *   after close: there is no close
 *   thread: loop */
#include "../runtime/rt.h"
#include "crypto.h"
#include "p256_der.h"
#include "psa.h"
#include "tls_random.h"

#include <mbedtls/platform_util.h>

#include <errno.h>
#include <string.h>

/* RT_TYPES "cleat:native/crypto"
    type Bytes = ArrayBuffer | ArrayBufferView;
    // By the number in their names: SHA-1, SHA-256, …
    type Hash = 1 | 256 | 384 | 512;
    // "point": uncompressed, of a public or private key; "scalar": a private one alone; "raw": a secret key.
    type KeyForm = "raw" | "point" | "scalar" | "spki" | "pkcs8";
 */

enum js_key_kind { JS_KEY_SECRET, JS_KEY_PRIVATE, JS_KEY_PUBLIC };

struct js_key {
    enum js_key_kind kind;
    bool extractable;
    uint32_t bits; /* of a secret key: the last byte may be used in part */
    size_t length;
    uint8_t bytes[]; /* secret: all; private: the scalar, then the point; public: the point */
};

enum { PRIVATE_LENGTH = IO_P256_PRIVATE + IO_P256_PUBLIC };

/* A key that is longer than a block of its hash (128 bytes at most) is no stronger; this is what asks the
 * kernel for random bytes while the loop waits. */
enum { SECRET_GENERATED_MAX = 65536 };

static JSClassID key_class;

static void key_finalize(JSRuntime *runtime, JSValueConst value)
{
    struct js_key *key = JS_GetOpaque(value, key_class);
    if (key) {
        mbedtls_platform_zeroize(key->bytes, key->length);
        js_free_rt(runtime, key);
    }
}

static const JSClassDef key_class_def = {.class_name = "KeyHandle", .finalizer = key_finalize};

/* An object with a key of zeros. JS_EXCEPTION when memory is out. */
static JSValue new_key(JSContext *ctx, enum js_key_kind kind, bool extractable, size_t length,
                       struct js_key **ret_key)
{
    JSValue object = JS_NewObjectClass(ctx, key_class);
    if (JS_IsException(object)) {
        return object;
    }
    struct js_key *key = length <= SIZE_MAX - sizeof(*key) ? js_mallocz(ctx, sizeof(*key) + length) : NULL;
    if (!key) {
        JS_FreeValue(ctx, object);
        return JS_EXCEPTION;
    }
    key->kind = kind;
    key->extractable = extractable;
    key->length = length;
    JS_SetOpaque(object, key);
    *ret_key = key;
    return object;
}

static const uint8_t *point_of(const struct js_key *key)
{
    return key->kind == JS_KEY_PRIVATE ? key->bytes + IO_P256_PRIVATE : key->bytes;
}

/* Errors and arguments ----------------------------------------------------------------------------- */

/* Throws what a function of crypto.h or p256_der.h returned; `object` is let go. */
static JSValue throw_error(JSContext *ctx, int error, JSValue object)
{
    JS_FreeValue(ctx, object);
    switch (error) {
    case -ENOMEM:
        return JS_ThrowOutOfMemory(ctx);
    case -EINVAL:
        return rt_throw_dom_exception(ctx, "DataError", NULL, "the data are not a valid key");
    case -ENOTSUP:
        return rt_throw_dom_exception(ctx, "DataError", NULL, "the data are not a key of P-256");
    default:
        return rt_throw_dom_exception(ctx, "OperationError", NULL, "the cryptographic operation failed");
    }
}

/* Bytes that are never NULL; they hold until JavaScript runs again. */
static int get_bytes(JSContext *ctx, JSValueConst value, const uint8_t **ret_data, size_t *ret_length)
{
    static const uint8_t nothing[1];
    const uint8_t *data = NULL;
    size_t length = 0;
    if (rt_get_bytes(ctx, value, &data, &length) < 0) {
        return -1;
    }
    *ret_data = length ? data : nothing;
    *ret_length = length;
    return 0;
}

static int get_hash(JSContext *ctx, JSValueConst value, enum io_hash *ret_hash)
{
    int32_t number;
    if (JS_ToInt32(ctx, &number, value) < 0) {
        return -1;
    }
    *ret_hash = (enum io_hash)number;
    if (io_hash_length(*ret_hash) == 0) {
        JS_ThrowTypeError(ctx, "not a hash: %d", number);
        return -1;
    }
    return 0;
}

/* Sets the length of a secret key, whose bits beyond it are zero. */
static void set_bits(struct js_key *key, uint32_t bits)
{
    key->bits = bits;
    key->bytes[key->length - 1] &= (uint8_t)(0xff << (key->length * 8 - bits));
}

/* Hashes --------------------------------------------------------------------------------------- */

static JSValue js_digest(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    enum io_hash hash;
    const uint8_t *data;
    size_t length;
    if (get_hash(ctx, argv[0], &hash) < 0 || get_bytes(ctx, argv[1], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    uint8_t result[IO_HASH_MAX];
    int error = io_hash_compute(hash, data, length, result);
    return error ? throw_error(ctx, error, JS_UNDEFINED)
                 : JS_NewArrayBufferCopy(ctx, result, io_hash_length(hash));
}

/* Keys are made ---------------------------------------------------------------------------------- */

static JSValue js_import_secret(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    int64_t bits;
    size_t length;
    const uint8_t *data;
    bool extractable = JS_ToBool(ctx, argv[2]) > 0;
    if (JS_ToInt64(ctx, &bits, argv[1]) < 0 || get_bytes(ctx, argv[0], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    if (length == 0 || length > UINT32_MAX / 8) {
        return throw_error(ctx, -EINVAL, JS_UNDEFINED);
    }
    int64_t all = (int64_t)length * 8;
    if (bits >= 0 && (bits > all || bits <= all - 8)) {
        return rt_throw_dom_exception(ctx, "DataError", NULL, "the key has %lld bits, not %lld",
                                      (long long)all, (long long)bits);
    }
    struct js_key *key;
    JSValue object = new_key(ctx, JS_KEY_SECRET, extractable, length, &key);
    if (!JS_IsException(object)) {
        memcpy(key->bytes, data, length);
        set_bits(key, (uint32_t)(bits < 0 ? all : bits));
    }
    return object;
}

static JSValue js_generate_secret(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    int64_t bits;
    bool extractable = JS_ToBool(ctx, argv[1]) > 0;
    if (JS_ToInt64(ctx, &bits, argv[0]) < 0) {
        return JS_EXCEPTION;
    }
    if (bits <= 0 || bits > SECRET_GENERATED_MAX * 8) {
        return rt_throw_dom_exception(ctx, "OperationError", NULL, "a key has 1 to %d bits",
                                      SECRET_GENERATED_MAX * 8);
    }
    struct js_key *key;
    JSValue object = new_key(ctx, JS_KEY_SECRET, extractable, (size_t)(bits + 7) / 8, &key);
    if (!JS_IsException(object)) {
        if (io_tls_random(NULL, key->bytes, key->length) != 0) {
            return throw_error(ctx, -EIO, object);
        }
        set_bits(key, (uint32_t)bits);
    }
    return object;
}

static JSValue js_generate_pair(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    struct js_key *private_key, *public_key;
    JSValue keys[2];
    keys[0] = new_key(ctx, JS_KEY_PRIVATE, JS_ToBool(ctx, argv[0]) > 0, PRIVATE_LENGTH, &private_key);
    if (JS_IsException(keys[0])) {
        return JS_EXCEPTION;
    }
    keys[1] = new_key(ctx, JS_KEY_PUBLIC, true, IO_P256_PUBLIC, &public_key);
    if (JS_IsException(keys[1])) {
        JS_FreeValue(ctx, keys[0]);
        return JS_EXCEPTION;
    }
    int error = io_p256_generate(private_key->bytes, public_key->bytes);
    if (error) {
        JS_FreeValue(ctx, keys[0]);
        return throw_error(ctx, error, keys[1]);
    }
    memcpy(private_key->bytes + IO_P256_PRIVATE, public_key->bytes, IO_P256_PUBLIC);
    return rt_new_object(ctx, 2, (const char *const[]){"privateKey", "publicKey"}, keys);
}

/* A private key whose public half, if it is given, must be its own. */
static JSValue new_private_key(JSContext *ctx, const uint8_t *scalar, const uint8_t *point,
                               size_t point_length, bool extractable)
{
    struct js_key *key;
    JSValue object = new_key(ctx, JS_KEY_PRIVATE, extractable, PRIVATE_LENGTH, &key);
    if (JS_IsException(object)) {
        return object;
    }
    memcpy(key->bytes, scalar, IO_P256_PRIVATE);
    int error = io_p256_public_of(key->bytes, key->bytes + IO_P256_PRIVATE);
    uint8_t given[IO_P256_PUBLIC];
    if (!error && point) {
        error = io_p256_read_point(point, point_length, given);
    }
    if (!error && point && memcmp(given, point_of(key), IO_P256_PUBLIC) != 0) {
        error = -EINVAL;
    }
    return error ? throw_error(ctx, error, object) : object;
}

static JSValue js_import_private(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const uint8_t *scalar, *point;
    size_t length, point_length;
    bool extractable = JS_ToBool(ctx, argv[2]) > 0;
    if (get_bytes(ctx, argv[0], &scalar, &length) < 0 || get_bytes(ctx, argv[1], &point, &point_length) < 0) {
        return JS_EXCEPTION;
    }
    return length == IO_P256_PRIVATE ? new_private_key(ctx, scalar, point, point_length, extractable)
                                     : throw_error(ctx, -EINVAL, JS_UNDEFINED);
}

static JSValue js_import_pkcs8(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const uint8_t *der, *scalar, *point;
    size_t length, point_length;
    bool extractable = JS_ToBool(ctx, argv[1]) > 0;
    if (get_bytes(ctx, argv[0], &der, &length) < 0) {
        return JS_EXCEPTION;
    }
    int error = io_p256_find_pkcs8(der, length, &scalar, &point, &point_length);
    return error ? throw_error(ctx, error, JS_UNDEFINED)
                 : new_private_key(ctx, scalar, point, point_length, extractable);
}

static JSValue new_public_key(JSContext *ctx, const uint8_t *point, size_t length, bool extractable)
{
    struct js_key *key;
    JSValue object = new_key(ctx, JS_KEY_PUBLIC, extractable, IO_P256_PUBLIC, &key);
    if (JS_IsException(object)) {
        return object;
    }
    int error = io_p256_read_point(point, length, key->bytes);
    return error ? throw_error(ctx, error, object) : object;
}

static JSValue js_import_point(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const uint8_t *point;
    size_t length;
    bool extractable = JS_ToBool(ctx, argv[1]) > 0;
    return get_bytes(ctx, argv[0], &point, &length) < 0 ? JS_EXCEPTION
                                                        : new_public_key(ctx, point, length, extractable);
}

static JSValue js_import_spki(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const uint8_t *der, *point;
    size_t length, point_length;
    bool extractable = JS_ToBool(ctx, argv[1]) > 0;
    if (get_bytes(ctx, argv[0], &der, &length) < 0) {
        return JS_EXCEPTION;
    }
    int error = io_p256_find_spki(der, length, &point, &point_length);
    return error ? throw_error(ctx, error, JS_UNDEFINED)
                 : new_public_key(ctx, point, point_length, extractable);
}

/* Keys are given out --------------------------------------------------------------------------- */

static JSValue js_export_key(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const struct js_key *key = JS_GetOpaque2(ctx, argv[0], key_class);
    const char *form = key ? JS_ToCString(ctx, argv[1]) : NULL;
    if (!form) {
        return JS_EXCEPTION;
    }
    uint8_t der[IO_P256_PKCS8 > IO_P256_SPKI ? IO_P256_PKCS8 : IO_P256_SPKI];
    const uint8_t *data = NULL;
    size_t length = 0;
    if (!key->extractable) {
        data = NULL;
    } else if (strcmp(form, "raw") == 0 && key->kind == JS_KEY_SECRET) {
        data = key->bytes;
        length = key->length;
    } else if (strcmp(form, "point") == 0 && key->kind != JS_KEY_SECRET) {
        data = point_of(key);
        length = IO_P256_PUBLIC;
    } else if (strcmp(form, "scalar") == 0 && key->kind == JS_KEY_PRIVATE) {
        data = key->bytes;
        length = IO_P256_PRIVATE;
    } else if (strcmp(form, "spki") == 0 && key->kind == JS_KEY_PUBLIC) {
        io_p256_write_spki(point_of(key), der);
        data = der;
        length = IO_P256_SPKI;
    } else if (strcmp(form, "pkcs8") == 0 && key->kind == JS_KEY_PRIVATE) {
        io_p256_write_pkcs8(key->bytes, point_of(key), der);
        data = der;
        length = IO_P256_PKCS8;
    }
    JSValue result = data ? JS_NewArrayBufferCopy(ctx, data, length)
                          : rt_throw_dom_exception(ctx, "InvalidAccessError", NULL,
                                                   key->extractable ? "the key has no form '%s'"
                                                                    : "the key is not extractable",
                                                   form);
    mbedtls_platform_zeroize(der, sizeof(der));
    JS_FreeCString(ctx, form);
    return result;
}

static JSValue js_key_type(JSContext *ctx, JSValueConst self)
{
    const struct js_key *key = JS_GetOpaque2(ctx, self, key_class);
    return !key ? JS_EXCEPTION
                : JS_NewString(ctx, key->kind == JS_KEY_SECRET    ? "secret"
                                    : key->kind == JS_KEY_PRIVATE ? "private"
                                                                  : "public");
}

static JSValue js_key_extractable(JSContext *ctx, JSValueConst self)
{
    const struct js_key *key = JS_GetOpaque2(ctx, self, key_class);
    return !key ? JS_EXCEPTION : JS_NewBool(ctx, key->extractable);
}

static JSValue js_key_bits(JSContext *ctx, JSValueConst self)
{
    const struct js_key *key = JS_GetOpaque2(ctx, self, key_class);
    return !key ? JS_EXCEPTION : JS_NewUint32(ctx, key->bits);
}

/* Signatures ----------------------------------------------------------------------------------- */

static JSValue throw_wrong_key(JSContext *ctx)
{
    return rt_throw_dom_exception(ctx, "InvalidAccessError", NULL,
                                  "the key is not of the kind for this operation");
}

static JSValue js_sign(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const struct js_key *key = JS_GetOpaque2(ctx, argv[0], key_class);
    enum io_hash hash;
    const uint8_t *data;
    size_t length;
    if (!key || get_hash(ctx, argv[1], &hash) < 0 || get_bytes(ctx, argv[2], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    uint8_t result[IO_HASH_MAX > IO_P256_SIGNATURE ? IO_HASH_MAX : IO_P256_SIGNATURE];
    size_t result_length = 0;
    int error = 0;
    switch (key->kind) {
    case JS_KEY_SECRET:
        error = io_hmac_sign(hash, key->bytes, key->length, data, length, result);
        result_length = io_hash_length(hash);
        break;
    case JS_KEY_PRIVATE:
        error = io_p256_sign(hash, key->bytes, data, length, result);
        result_length = IO_P256_SIGNATURE;
        break;
    case JS_KEY_PUBLIC:
        return throw_wrong_key(ctx);
    }
    return error ? throw_error(ctx, error == -EINVAL ? -EIO : error, JS_UNDEFINED)
                 : JS_NewArrayBufferCopy(ctx, result, result_length);
}

static JSValue js_verify(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    const struct js_key *key = JS_GetOpaque2(ctx, argv[0], key_class);
    enum io_hash hash;
    const uint8_t *signature, *data;
    size_t signature_length, length;
    if (!key || get_hash(ctx, argv[1], &hash) < 0 ||
        get_bytes(ctx, argv[2], &signature, &signature_length) < 0 ||
        get_bytes(ctx, argv[3], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    int result = 0;
    switch (key->kind) {
    case JS_KEY_SECRET:
        result = io_hmac_verify(hash, key->bytes, key->length, data, length, signature, signature_length);
        break;
    case JS_KEY_PUBLIC:
        result = io_p256_verify(hash, key->bytes, data, length, signature, signature_length);
        break;
    case JS_KEY_PRIVATE:
        return throw_wrong_key(ctx);
    }
    return result < 0 ? throw_error(ctx, result == -EINVAL ? -EIO : result, JS_UNDEFINED)
                      : JS_NewBool(ctx, result);
}

/* Module ----------------------------------------------------------------------------------------- */

RT_TABLE(key_methods, "cleat:native/crypto", "KeyHandle"){
    RT_GETTER("type", js_key_type, "\"secret\" | \"private\" | \"public\"", "Of HMAC, or of P-256"),
    RT_GETTER("bits", js_key_bits, "number", "Of a secret key"),
    RT_GETTER("extractable", js_key_extractable, "boolean", "Whether its bytes may leave C"),
};

RT_TABLE(crypto_functions, "cleat:native/crypto", ""){
    RT_METHOD("digest", js_digest, 2, "(hash: Hash, data: Bytes) => ArrayBuffer", "The hash of the data"),
    RT_METHOD("importSecret", js_import_secret, 3,
              "(data: Bytes, bits: number, extractable: boolean) => KeyHandle",
              "A secret key; bits -1: all of them, else a DataError unless at most 7 are left over"),
    RT_METHOD("generateSecret", js_generate_secret, 2, "(bits: number, extractable: boolean) => KeyHandle",
              "A random one; OperationError for lengths that are none"),
    RT_METHOD("generatePair", js_generate_pair, 1,
              "(extractable: boolean) => { privateKey: KeyHandle; publicKey: KeyHandle }",
              "A random key of P-256; the public half is always extractable"),
    RT_METHOD("importPrivate", js_import_private, 3,
              "(scalar: Bytes, point: Bytes, extractable: boolean) => KeyHandle",
              "Malformed keys are a DataError, here and below"),
    RT_METHOD("importPkcs8", js_import_pkcs8, 2, "(der: Bytes, extractable: boolean) => KeyHandle",
              "A private key"),
    RT_METHOD("importPoint", js_import_point, 2, "(point: Bytes, extractable: boolean) => KeyHandle",
              "A public key"),
    RT_METHOD("importSpki", js_import_spki, 2, "(der: Bytes, extractable: boolean) => KeyHandle",
              "A public key"),
    RT_METHOD("exportKey", js_export_key, 2, "(key: KeyHandle, form: KeyForm) => ArrayBuffer",
              "InvalidAccessError for keys that are not extractable, or have no such form"),
    RT_METHOD("sign", js_sign, 3, "(key: KeyHandle, hash: Hash, data: Bytes) => ArrayBuffer",
              "HMAC by a secret key, ECDSA by a private one"),
    RT_METHOD("verify", js_verify, 4,
              "(key: KeyHandle, hash: Hash, signature: Bytes, data: Bytes) => boolean",
              "The same by a secret or a public key"),
};

static int js_crypto_prepare(JSContext *ctx)
{
    int error = io_psa_init();
    if (error) {
        throw_error(ctx, error, JS_UNDEFINED);
        return -1;
    }
    return rt_define_class(ctx, &key_class, &key_class_def, key_methods, RT_COUNT(key_methods));
}

const struct rt_native_module js_crypto_module = {"cleat:native/crypto", crypto_functions,
                                                  RT_COUNT(crypto_functions), js_crypto_prepare};
