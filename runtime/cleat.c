/* cleat.c - the public interface (cleat.h) over the runtime object. */
#include "cleat.h"
#include "bundle.h"
#include "module_loader.h"
#include "permission.h"
#include "prompt.h"
#include "signals.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ERROR_MAX = 512, EXPOSED_MAX = 256 };

struct exposed {
    cleat_function *function;
    void *opaque;
};

struct cleat {
    struct rt *rt;
    struct rt_bundle *bundle;
    char *name, *text; /* the main module */
    size_t size;
    char **arguments; /* ours: one block with the pointers and the texts */
    char *ca_file;
    struct exposed exposed[EXPOSED_MAX];
    int exposed_count;
    char error[ERROR_MAX];
};

__attribute__((format(printf, 3, 4))) static int fail(struct cleat *cleat, int error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(cleat->error, sizeof(cleat->error), format, list);
    va_end(list);
    return error;
}

struct cleat *cleat_create(const struct cleat_options *options)
{
    static const struct cleat_options defaults;
    options = options ? options : &defaults;
    struct rt_options rt_options = {options->memory_limit,          options->stack_size,
                                    options->max_turn_ms,           options->loop,
                                    options->standard_streams != 0, NULL};
    struct cleat *cleat = calloc(1, sizeof(*cleat));
    int error = -ENOMEM;
    if (!cleat) {
        return NULL;
    }
    cleat->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
    rt_options.ca_file = cleat->ca_file;
    if (!options->ca_file || cleat->ca_file) {
        cleat->rt = rt_create(&rt_options, &error);
    }
    if (!cleat->rt) {
        free(cleat->ca_file);
        free(cleat);
        errno = -error;
        return NULL;
    }
    JS_SetContextOpaque(cleat->rt->ctx, cleat);
    rt_modules_install(cleat->rt);
    return cleat;
}

void cleat_destroy(struct cleat *cleat)
{
    if (!cleat) {
        return;
    }
    rt_destroy(cleat->rt);
    rt_bundle_destroy(cleat->bundle);
    free(cleat->name);
    free(cleat->text);
    free(cleat->arguments);
    free(cleat->ca_file);
    free(cleat);
}

const char *cleat_error(const struct cleat *cleat)
{
    return cleat->error;
}

/* Permissions ------------------------------------------------------------------------------------ */

typedef int add_rule(struct rt_permissions *permissions, const char *rule,
                     char error[static RT_RULE_ERROR_MAX]);

static int add(struct cleat *cleat, add_rule *function, const char *rule)
{
    char text[RT_RULE_ERROR_MAX] = "";
    int error = function(cleat->rt->permissions, rule, text);
    return error < 0 ? fail(cleat, error, "%s", text[0] ? text : uv_strerror(error)) : 0;
}

int cleat_allow(struct cleat *cleat, const char *rule)
{
    return add(cleat, rt_permissions_allow, rule);
}

int cleat_deny(struct cleat *cleat, const char *rule)
{
    return add(cleat, rt_permissions_deny, rule);
}

int cleat_allow_all(struct cleat *cleat)
{
    return rt_permissions_allow_all(cleat->rt->permissions);
}

void cleat_prompt(struct cleat *cleat)
{
    rt_permissions_can_ask(cleat->rt->permissions, rt_prompt_available());
}

/* Loading ---------------------------------------------------------------------------------------- */

/* Ceilings of the manifest lower the limits that were set, never raise them. */
static void apply_resources(struct rt *rt, const struct rt_manifest_resources *resources)
{
    size_t heap = (size_t)resources->heap_kib * 1024;
    if (heap && (!rt->options.memory_limit || heap < rt->options.memory_limit)) {
        rt->options.memory_limit = heap;
    }
    if (resources->turn_ms && (!rt->options.max_turn_ms || resources->turn_ms < rt->options.max_turn_ms)) {
        rt->options.max_turn_ms = resources->turn_ms;
    }
    rt_apply_limits(rt);
}

static int use_bundle(struct cleat *cleat)
{
    struct rt *rt = cleat->rt;
    const struct rt_manifest *manifest = rt_bundle_manifest(cleat->bundle);
    if (!rt_manifest_fits(manifest, CLEAT_VERSION_MAJOR, CLEAT_VERSION_MINOR, CLEAT_VERSION_PATCH)) {
        return fail(cleat, -ENOTSUP, "the app needs a runtime %s, this is %s", manifest->api, CLEAT_VERSION);
    }
    rt_permissions_limit(rt->permissions);
    for (int i = 0; i < manifest->rule_count; i++) {
        int error = add(cleat, rt_permissions_declare, manifest->rules[i].text);
        if (error < 0) {
            return error;
        }
    }
    apply_resources(rt, &manifest->resources);
    rt_modules_from_bundle(rt, cleat->bundle);
    cleat->name = strdup(manifest->entry);
    if (!cleat->name) {
        return fail(cleat, -ENOMEM, "out of memory");
    }
    int error = rt_modules_read(rt, manifest->entry, &cleat->text, &cleat->size);
    return error < 0
               ? fail(cleat, error, "can't read %s from the bundle: %s", manifest->entry, uv_strerror(error))
               : 0;
}

/* Copies them: an app reads its arguments when it wants to, long after the caller's are gone. */
static int set_arguments(struct cleat *cleat, int argc, char **argv)
{
    size_t size = ((size_t)argc + 1) * sizeof(char *);
    for (int i = 0; i < argc; i++) {
        size += strlen(argv[i]) + 1;
    }
    cleat->arguments = malloc(size);
    if (!cleat->arguments) {
        return fail(cleat, -ENOMEM, "out of memory");
    }
    char *text = (char *)(cleat->arguments + argc + 1);
    for (int i = 0; i < argc; i++) {
        cleat->arguments[i] = text;
        text = stpcpy(text, argv[i]) + 1;
    }
    cleat->arguments[argc] = NULL;
    cleat->rt->argc = argc;
    cleat->rt->argv = cleat->arguments;
    return 0;
}

/* A second app would run under the manifest and the files of the first. */
static int refuse_second(struct cleat *cleat)
{
    return cleat->bundle || cleat->name || cleat->text ? fail(cleat, -EALREADY, "an app is loaded already")
                                                       : 0;
}

int cleat_load_bundle(struct cleat *cleat, const void *data, size_t size, unsigned flags, int argc,
                      char **argv)
{
    if (refuse_second(cleat) < 0) {
        return -EALREADY;
    }
    char text[RT_BUNDLE_ERROR_MAX] = "";
    unsigned bundle_flags = flags & CLEAT_UNSIGNED ? RT_BUNDLE_UNSIGNED_OK : 0;
    int error = rt_bundle_open(data, size, bundle_flags, text, &cleat->bundle);
    if (error < 0) {
        return fail(cleat, error, "%s", text);
    }
    error = set_arguments(cleat, argc, argv);
    return error < 0 ? error : use_bundle(cleat);
}

static int load_script(struct cleat *cleat, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    char folder[4096];
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    if (strchr(file, ':')) {
        return fail(cleat, -EINVAL, "the name of an app's module can't contain ':'");
    }
    int error = rt_modules_from_folder(cleat->rt, folder);
    if (error == 0) {
        error = rt_modules_read(cleat->rt, file, &cleat->text, &cleat->size);
    }
    cleat->name = error == 0 ? strdup(file) : NULL;
    return error == 0 && !cleat->name ? -ENOMEM : error;
}

static const char *load_error(int error)
{
    return error == -EXDEV ? "it is a link that leads out of its folder" : uv_strerror(error);
}

int cleat_load_file(struct cleat *cleat, const char *path, unsigned flags, int argc, char **argv)
{
    if (refuse_second(cleat) < 0) {
        return -EALREADY;
    }
    uint8_t head[RT_BUNDLE_HEADER_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 ? -errno : 0;
    if (error == 0) {
        ssize_t count = pread(fd, head, sizeof(head), 0);
        if (count < 0 && errno != ESPIPE) {
            error = -errno;
        } else if (count < 0 || rt_bundle_sniff(head, (size_t)count)) {
            char text[RT_BUNDLE_ERROR_MAX] = "";
            error = rt_bundle_open_fd(fd, flags & CLEAT_UNSIGNED ? RT_BUNDLE_UNSIGNED_OK : 0, text,
                                      &cleat->bundle);
            close(fd);
            if (error < 0) {
                return fail(cleat, error, "%s", text);
            }
            error = set_arguments(cleat, argc, argv);
            return error < 0 ? error : use_bundle(cleat);
        }
        close(fd);
    }
    if (error == 0) {
        error = load_script(cleat, path);
    }
    return error < 0 ? fail(cleat, error, "can't load %s: %s", path, load_error(error))
                     : set_arguments(cleat, argc, argv);
}

int cleat_load_source(struct cleat *cleat, const char *name, const char *text, int argc, char **argv)
{
    if (refuse_second(cleat) < 0) {
        return -EALREADY;
    }
    cleat->name = strdup(name);
    cleat->text = strdup(text);
    if (!cleat->name || !cleat->text) {
        return fail(cleat, -ENOMEM, "out of memory");
    }
    cleat->size = strlen(text);
    return set_arguments(cleat, argc, argv);
}

/* Functions of the embedding program --------------------------------------------------------------- */

static JSValue call_exposed(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int magic)
{
    (void)this_value;
    struct cleat *cleat = JS_GetContextOpaque(ctx);
    struct exposed *exposed = &cleat->exposed[magic];
    JSValue list = JS_NewArray(ctx);
    for (int i = 0; i < argc; i++) {
        JS_DefinePropertyValueUint32(ctx, list, (uint32_t)i, JS_DupValue(ctx, argv[i]), JS_PROP_C_W_E);
    }
    JSValue json = JS_JSONStringify(ctx, list, JS_UNDEFINED, JS_UNDEFINED);
    JS_FreeValue(ctx, list);
    const char *text = JS_IsException(json) ? NULL : JS_ToCString(ctx, json);
    JS_FreeValue(ctx, json);
    if (!text) {
        return JS_EXCEPTION;
    }
    char *error = NULL, *result = exposed->function(exposed->opaque, text, &error);
    JS_FreeCString(ctx, text);
    JSValue value = JS_UNDEFINED;
    if (error) {
        value = JS_ThrowPlainError(ctx, "%s", error);
    } else if (result) {
        value = JS_ParseJSON(ctx, result, strlen(result), "<host>");
    }
    free(error);
    free(result);
    return value;
}

int cleat_expose(struct cleat *cleat, const char *name, cleat_function *function, void *opaque)
{
    JSContext *ctx = cleat->rt->ctx;
    if (cleat->exposed_count == EXPOSED_MAX) {
        return fail(cleat, -E2BIG, "at most %d functions can be exposed", EXPOSED_MAX);
    }
    if (JS_IsUndefined(cleat->rt->host)) {
        cleat->rt->host = JS_NewObjectProto(ctx, JS_NULL);
    }
    cleat->exposed[cleat->exposed_count] = (struct exposed){function, opaque};
    JSCFunctionType call = {.generic_magic = call_exposed};
    JSValue value =
        JS_NewCFunction2(ctx, call.generic, name, 0, JS_CFUNC_generic_magic, cleat->exposed_count);
    /* Without JS_PROP_THROW a name that is taken is 0, not an exception. */
    if (JS_DefinePropertyValueStr(ctx, cleat->rt->host, name, value, JS_PROP_ENUMERABLE) <= 0) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        return fail(cleat, -EEXIST, "can't expose '%s': out of memory, or exposed already", name);
    }
    cleat->exposed_count++;
    return 0;
}

/* Running ---------------------------------------------------------------------------------------- */

int cleat_run(struct cleat *cleat)
{
    struct rt *rt = cleat->rt;
    if (!cleat->text) {
        fail(cleat, -EINVAL, "no app is loaded");
        return RT_EXIT_LOAD;
    }
    rt_modules_run(rt, cleat->name, cleat->text, cleat->size);
    free(cleat->text);
    cleat->text = NULL;
    int code = rt_run(rt);
    if (!rt->stopping && JS_PromiseState(rt->ctx, rt->main_promise) == JS_PROMISE_PENDING) {
        fputs("cleat: the app ended while its top-level await was still waiting: nothing was left that could "
              "settle it\n",
              stderr);
        code = RT_EXIT_UNCAUGHT;
    }
    return code;
}

void cleat_stop(struct cleat *cleat, int exit_code)
{
    rt_stop(cleat->rt, exit_code);
}

int cleat_handle_signals(struct cleat *cleat)
{
    return rt_signals_default(cleat->rt) < 0 ? fail(cleat, -ENOMEM, "can't watch signals") : 0;
}

int cleat_exit_signal(const struct cleat *cleat)
{
    return cleat->rt->exit_signal;
}

const char *cleat_version(void)
{
    return CLEAT_VERSION;
}

const char *cleat_build_info(void)
{
    static char text[128];
    snprintf(text, sizeof(text), "QuickJS-ng %s, libuv %s, Mbed TLS %s, %s", JS_GetVersion(),
             uv_version_string(), rt_mbedtls_version(), rt_architecture());
    return text;
}
