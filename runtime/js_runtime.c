/* js_runtime.c - what built-in TypeScript asks of the runtime itself: output, exit, arguments, memory,
 * signals, source maps, and the kinds of objects that JavaScript cannot tell apart. */
#include "builtins.h"
#include "bundle.h"
#include "module_loader.h"
#include "signals.h"
#include "version.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Output is written at once and in full: what an app printed is out before it crashes. A reader that has gone
 * away is no error of the app. */
static void write_all(struct rt *rt, int fd, const char *text, size_t length)
{
    /* Where the reader stands still, SIGTERM must not wait for it: an app that does nothing but print is
     * seldom polled. */
    while (length > 0 && !rt_signals_interrupt(rt)) {
        ssize_t count = write(fd, text, length);
        if (count >= 0) {
            text += count;
            length -= (size_t)count;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

static int stream_argument(JSContext *ctx, JSValueConst value, int *ret_fd)
{
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, value) < 0) {
        return -1;
    }
    if (fd != STDOUT_FILENO && fd != STDERR_FILENO) {
        JS_ThrowRangeError(ctx, "stream must be 1 or 2");
        return -1;
    }
    *ret_fd = fd;
    return 0;
}

/* Ends the running JavaScript: nothing can catch this, and the interrupt handler sees that the runtime stops.
 */
static JSValue unwind(JSContext *ctx)
{
    JSValue error = JS_NewInternalError(ctx, "exit");
    JS_SetUncatchableError(ctx, error);
    return JS_Throw(ctx, error);
}

static JSValue js_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    int fd;
    size_t length;
    if (stream_argument(ctx, argv[0], &fd) < 0) {
        return JS_EXCEPTION;
    }
    const char *text = JS_ToCStringLen(ctx, &length, argv[1]);
    if (!text) {
        return JS_EXCEPTION;
    }
    write_all(rt_from_context(ctx), fd, text, length);
    JS_FreeCString(ctx, text);
    return rt_from_context(ctx)->stopping ? unwind(ctx) : JS_UNDEFINED;
}

static JSValue js_is_terminal(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    int fd;
    return stream_argument(ctx, argv[0], &fd) < 0 ? JS_EXCEPTION : JS_NewBool(ctx, isatty(fd));
}

static JSValue js_exit(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    int32_t code;
    if (JS_ToInt32(ctx, &code, argv[0]) < 0) {
        return JS_EXCEPTION;
    }
    if (code < 0 || code > 255) {
        return JS_ThrowRangeError(ctx, "exit code must be 0 to 255, not %d", code);
    }
    rt_stop(rt_from_context(ctx), code);
    return unwind(ctx);
}

static int signal_argument(JSContext *ctx, JSValueConst value)
{
    const char *name = JS_ToCString(ctx, value);
    if (!name) {
        return 0;
    }
    int number = rt_signal_number(name);
    if (number == 0) {
        JS_ThrowTypeError(ctx, "unknown signal '%s': use SIGHUP, SIGINT, SIGTERM, SIGUSR1 or SIGUSR2", name);
    }
    JS_FreeCString(ctx, name);
    return number;
}

static JSValue js_on_signal(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    int number = signal_argument(ctx, argv[0]);
    if (number == 0) {
        return JS_EXCEPTION;
    }
    JSValue handler = JS_IsFunction(ctx, argv[1]) ? JS_DupValue(ctx, argv[1]) : JS_UNDEFINED;
    if (rt_signal_handle(rt_from_context(ctx), number, handler) < 0) {
        return JS_ThrowOutOfMemory(ctx);
    }
    return JS_UNDEFINED;
}

static JSValue js_exit_by_signal(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    int number = signal_argument(ctx, argv[0]);
    if (number == 0) {
        return JS_EXCEPTION;
    }
    rt_stop_by_signal(rt_from_context(ctx), number);
    return unwind(ctx);
}

static JSValue js_args(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    struct rt *rt = rt_from_context(ctx);
    JSValue list = JS_NewArray(ctx);
    for (int i = 0; i < rt->argc; i++) {
        JS_DefinePropertyValueUint32(ctx, list, (uint32_t)i, JS_NewString(ctx, rt->argv[i]), JS_PROP_C_W_E);
    }
    return list;
}

static void define(JSContext *ctx, JSValueConst object, const char *name, JSValue value)
{
    JS_DefinePropertyValueStr(ctx, object, name, value, JS_PROP_C_W_E);
}

static JSValue js_version(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    JSValue versions = JS_NewObject(ctx);
    define(ctx, versions, "cleat", JS_NewString(ctx, CLEAT_VERSION));
    define(ctx, versions, "engine", JS_NewString(ctx, JS_GetVersion()));
    define(ctx, versions, "uv", JS_NewString(ctx, uv_version_string()));
    define(ctx, versions, "mbedtls", JS_NewString(ctx, rt_mbedtls_version()));
    return versions;
}

static JSValue js_architecture(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    return JS_NewString(ctx, rt_architecture());
}

static JSValue js_app(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    const struct rt_bundle *bundle = rt_from_context(ctx)->bundle;
    if (!bundle) {
        return JS_NULL;
    }
    const struct rt_manifest *manifest = rt_bundle_manifest(bundle);
    JSValue app = JS_NewObject(ctx);
    define(ctx, app, "id", JS_NewString(ctx, manifest->id));
    define(ctx, app, "name", JS_NewString(ctx, manifest->name));
    define(ctx, app, "version", JS_NewString(ctx, manifest->version));
    return app;
}

static JSValue js_host(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    return JS_DupValue(ctx, rt_from_context(ctx)->host);
}

static JSValue js_gc(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    JS_RunGC(JS_GetRuntime(ctx));
    return JS_UNDEFINED;
}

static JSValue js_memory_usage(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    struct rt *rt = rt_from_context(ctx);
    size_t rss = 0;
    uv_resident_set_memory(&rss);
    JSValue usage = JS_NewObject(ctx);
    define(ctx, usage, "heapUsed", JS_NewInt64(ctx, (int64_t)rt->allocated));
    define(ctx, usage, "heapLimit", JS_NewInt64(ctx, (int64_t)rt->options.memory_limit));
    define(ctx, usage, "rss", JS_NewInt64(ctx, (int64_t)rss));
    return usage;
}

static JSValue js_hrtime(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    return JS_NewFloat64(ctx, (double)uv_hrtime());
}

static JSValue js_get_random_values(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    const uint8_t *data;
    size_t length;
    if (rt_get_bytes(ctx, argv[0], &data, &length) < 0) {
        return JS_EXCEPTION;
    }
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, argv[0], NULL, NULL, NULL);
    int immutable = JS_IsException(buffer) ? -1 : JS_IsImmutableArrayBuffer(buffer);
    JS_FreeValue(ctx, buffer);
    if (immutable < 0) {
        return JS_EXCEPTION;
    }
    if (immutable) {
        return JS_ThrowTypeError(ctx, "the array can't be written to");
    }
    int error = uv_random(NULL, NULL, (void *)(uintptr_t)data, length, 0, NULL);
    return error < 0 ? rt_throw_system_error(ctx, error, "getrandom", "can't get random bytes")
                     : JS_UNDEFINED;
}

static JSValue js_source_map(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    const char *file = JS_ToCString(ctx, argv[0]);
    if (!file) {
        return JS_EXCEPTION;
    }
    char name[1024], *text;
    size_t size;
    int length = snprintf(name, sizeof(name), "%s.map", file);
    /* The name comes out of a stack text, which an app can write: only plain paths below the app. */
    bool plain = file[0] != '/' && !strstr(file, "..") && !strchr(file, ':') && length < (int)sizeof(name);
    JS_FreeCString(ctx, file);
    if (!plain || rt_modules_read(rt_from_context(ctx), name, &text, &size) < 0) {
        return JS_NULL;
    }
    JSValue map = JS_NewStringLen(ctx, text, size);
    free(text);
    return map;
}

static JSValue js_class_of(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    char text[64];
    if (JS_IsProxy(argv[0])) {
        return JS_NewString(ctx, "proxy");
    }
    if (JS_IsPromise(argv[0])) {
        JSPromiseStateEnum state = JS_PromiseState(ctx, argv[0]);
        return JS_NewString(ctx, state == JS_PROMISE_PENDING     ? "promise:pending"
                                 : state == JS_PROMISE_FULFILLED ? "promise:fulfilled"
                                                                 : "promise:rejected");
    }
    JSAtom atom = JS_GetClassName(JS_GetRuntime(ctx), JS_GetClassID(argv[0]));
    const char *name = JS_AtomToCString(ctx, atom);
    JS_FreeAtom(ctx, atom);
    if (!name) {
        return JS_EXCEPTION;
    }
    size_t length = 0;
    for (; name[length] && length < sizeof(text) - 1; length++) {
        text[length] = (char)tolower((unsigned char)name[length]);
    }
    JS_FreeCString(ctx, name);
    return JS_NewStringLen(ctx, text, length);
}

static JSValue js_promise_result(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    return JS_IsPromise(argv[0]) ? JS_PromiseResult(ctx, argv[0]) : JS_UNDEFINED;
}

static JSValue js_proxy_target(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    if (!JS_IsProxy(argv[0])) {
        return JS_NULL;
    }
    JSValue target = JS_GetProxyTarget(ctx, argv[0]);
    if (JS_IsException(target)) { /* revoked */
        JS_FreeValue(ctx, JS_GetException(ctx));
        return JS_NULL;
    }
    return JS_IsObject(target) ? target : JS_NULL;
}

static JSValue js_builtin(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    JSValue value = JS_EXCEPTION;
    const char *module = JS_ToCString(ctx, argv[0]), *name = module ? JS_ToCString(ctx, argv[1]) : NULL;
    if (name) {
        value = rt_builtin_export(ctx, module, name);
    }
    JS_FreeCString(ctx, name);
    JS_FreeCString(ctx, module);
    return value;
}

static JSValue js_report_error(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    struct rt *rt = rt_from_context(ctx);
    JS_Throw(ctx, JS_DupValue(ctx, argv[0]));
    rt_report_exception(rt);
    return rt->stopping ? unwind(ctx) : JS_UNDEFINED;
}

static JSValue js_uses_direct_streams(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    return JS_NewBool(ctx, !rt_from_context(ctx)->options.standard_streams);
}

static JSValue js_wants_color(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    int fd;
    if (stream_argument(ctx, argv[0], &fd) < 0) {
        return JS_EXCEPTION;
    }
    /* https://no-color.org: set and not empty. */
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool wanted = (!no_color || !no_color[0]) && term && strcmp(term, "dumb") != 0 && isatty(fd);
    return JS_NewBool(ctx, wanted);
}

RT_TABLE(runtime_functions, "cleat:native/runtime", ""){
    RT_METHOD("write", js_write, 2, "(stream: 1 | 2, text: string) => void",
              "Writes text to stdout (1) or stderr (2), at once and in full"),
    RT_METHOD("isTerminal", js_is_terminal, 1, "(stream: 1 | 2) => boolean",
              "Whether the stream is a terminal"),
    RT_METHOD("exit", js_exit, 1, "(code: number) => never", "Ends the app with this exit code, 0 to 255"),
    RT_METHOD("onSignal", js_on_signal, 2, "(name: string, handler: (() => void) | null) => void",
              "Sets the handler of a signal; null restores the default"),
    RT_METHOD("exitBySignal", js_exit_by_signal, 1, "(name: string) => never",
              "Ends the app as the signal does without a handler, everything closed in order"),
    RT_METHOD("args", js_args, 0, "() => string[]", "The arguments after the app's name"),
    RT_METHOD("version", js_version, 0,
              "() => { cleat: string; engine: string; uv: string; mbedtls: string }",
              "Versions of the parts"),
    RT_METHOD("architecture", js_architecture, 0, "() => string",
              "\"x64\", \"arm64\", \"mipsel\", … as compiled"),
    RT_METHOD("app", js_app, 0, "() => { id: string; name: string; version: string } | null",
              "The bundle's manifest; null for a plain file"),
    RT_METHOD("host", js_host, 0, "() => Record<string, (...values: unknown[]) => unknown> | undefined",
              "The functions of the program that embeds the runtime"),
    RT_METHOD("gc", js_gc, 0, "() => void", "Collects garbage now"),
    RT_METHOD("memoryUsage", js_memory_usage, 0, "() => { heapUsed: number; heapLimit: number; rss: number }",
              "Bytes; heapLimit 0 means none"),
    RT_METHOD("hrtime", js_hrtime, 0, "() => number", "Monotonic nanoseconds"),
    RT_METHOD("getRandomValues", js_get_random_values, 1, "(target: ArrayBufferView) => void",
              "Fills an integer array with random bytes"),
    RT_METHOD("sourceMap", js_source_map, 1, "(file: string) => string | null",
              "The source map (JSON text) that came with a module of the app"),
    RT_METHOD("classOf", js_class_of, 1, "(value: object) => string",
              "The engine's class in lower case: \"map\", \"date\", \"uint8array\", \"proxy\", "
              "\"promise:pending\", \"promise:fulfilled\", \"promise:rejected\", …"),
    RT_METHOD("proxyTarget", js_proxy_target, 1, "(proxy: object) => object | null",
              "The target of a proxy, null once it is revoked; runs no trap"),
    RT_METHOD(
        "builtin", js_builtin, 2, "(module: string, name: string) => unknown",
        "An export of a built-in module, which is loaded if need be: for what only some programs reach"),
    RT_METHOD("reportError", js_report_error, 1, "(error: unknown) => void",
              "Reports an error as if nobody had caught it (HTML, \"report an exception\"): events, text, "
              "exit code"),
    RT_METHOD("usesDirectStreams", js_uses_direct_streams, 0, "() => boolean",
              "Whether chunks may go between an app and a socket directly (--standard-streams not given)"),
    RT_METHOD(
        "wantsColor", js_wants_color, 1, "(stream: 1 | 2) => boolean",
        "Whether the stream is a terminal on which colours are wanted (NO_COLOR not set, TERM not \"dumb\")"),
    RT_METHOD("promiseResult", js_promise_result, 1, "(promise: Promise<unknown>) => unknown",
              "What a settled promise holds"),
};

const struct rt_native_module js_runtime_module = {"cleat:native/runtime", runtime_functions,
                                                   RT_COUNT(runtime_functions), NULL};
