/* module_loader.c - resolves and reads the modules of an app. See module_loader.h.
 *
 * Names: an app's module is named by its path below the app's folder ("lib/a.js"), without ':'; built-in
 * modules are named "cleat:…". So no app module can pass for a built-in, and only built-ins may import
 * natives. */
#include "module_loader.h"
#include "builtins.h"
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_LENGTH = 512 };

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Joins `name` to the folder of `base` and removes "." and ".."; NULL if it leaves the app or is malformed.
 */
static char *join(JSContext *ctx, const char *base, const char *name)
{
    char path[NAME_MAX_LENGTH * 2 + 2];
    const char *slash = strrchr(base, '/');
    int folder = slash && name[0] != '/' ? (int)(slash - base + 1) : 0;
    if (strlen(name) > NAME_MAX_LENGTH || folder > NAME_MAX_LENGTH || strpbrk(name, ":\\")) {
        return NULL;
    }
    snprintf(path, sizeof(path), "%.*s%s", folder, base, name[0] == '/' ? name + 1 : name);
    char *out = js_malloc(ctx, strlen(path) + 1);
    if (!out) {
        return NULL;
    }
    size_t length = 0;
    for (char *rest = path, *part; (part = strsep(&rest, "/"));) {
        if (strcmp(part, "..") == 0) {
            if (length == 0) {
                js_free(ctx, out);
                return NULL;
            }
            while (length > 0 && out[--length] != '/') {
            }
        } else if (part[0] && strcmp(part, ".") != 0) {
            if (length > 0) {
                out[length++] = '/';
            }
            memcpy(out + length, part, strlen(part));
            length += strlen(part);
        }
    }
    out[length] = '\0';
    return out;
}

static char *normalize(JSContext *ctx, const char *base, const char *name, void *opaque)
{
    (void)opaque;
    if (starts_with(base, "cleat:")) {
        return js_strdup(ctx, name); /* bundled by us: always a full name */
    }
    if (starts_with(name, "cleat:")) {
        JS_ThrowReferenceError(ctx, "there is no module '%s' for apps (imported from %s)", name, base);
        return NULL;
    }
    if (name[0] != '.' && name[0] != '/') {
        JS_ThrowReferenceError(
            ctx,
            "can't import '%s' from %s: packages are resolved when an app is built (cleat build); at run "
            "time a module is named by a path such as './%s'",
            name, base, name);
        return NULL;
    }
    char *path = join(ctx, base, name);
    if (!path && !JS_HasException(ctx)) {
        JS_ThrowReferenceError(ctx, "can't import '%s' from %s: it is outside of the app", name, base);
    }
    return path;
}

int rt_modules_read(struct rt *rt, const char *name, char **ret_text, size_t *ret_size)
{
    if (rt->bundle) {
        const uint8_t *data;
        size_t size;
        if (rt_bundle_file(rt->bundle, name, &data, &size) < 0) {
            return -ENOENT;
        }
        char *copy = malloc(size + 1);
        if (!copy) {
            return -ENOMEM;
        }
        memcpy(copy, data, size);
        copy[size] = '\0';
        *ret_text = copy;
        *ret_size = size;
        return 0;
    }
    if (!rt->app_root) {
        return -ENOENT;
    }
    char path[PATH_MAX], real[PATH_MAX];
    size_t root = strlen(rt->app_root);
    if (snprintf(path, sizeof(path), "%s/%s", rt->app_root, name) >= (int)sizeof(path)) {
        return -ENAMETOOLONG;
    }
    if (!realpath(path, real)) {
        return -errno;
    }
    /* A link that leads out of the folder is no part of the app. */
    if (strncmp(real, rt->app_root, root) != 0 || (root > 1 && real[root] != '/')) {
        return -EXDEV;
    }
    int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return -errno;
    }
    struct stat status;
    int error = fstat(fd, &status) < 0                ? -errno
                : !S_ISREG(status.st_mode)            ? -EISDIR
                : status.st_size > RT_MODULE_SIZE_MAX ? -EFBIG
                                                      : 0;
    char *text = error ? NULL : malloc((size_t)status.st_size + 1);
    size_t length = 0;
    while (text && length < (size_t)status.st_size) {
        ssize_t count = read(fd, text + length, (size_t)status.st_size - length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            error = -errno; /* half a module must not run */
            free(text);
            text = NULL;
            break;
        }
        if (count == 0) {
            break; /* the file shrank meanwhile: what is there is what is there */
        }
        length += (size_t)count;
    }
    close(fd);
    if (!text) {
        return error ? error : -ENOMEM;
    }
    text[length] = '\0';
    *ret_text = text;
    *ret_size = length;
    return 0;
}

static int set_import_meta(JSContext *ctx, JSModuleDef *def, const char *name, bool is_main)
{
    JSValue meta = JS_GetImportMeta(ctx, def);
    char url[NAME_MAX_LENGTH + 16];
    snprintf(url, sizeof(url), "app:///%s", name);
    int result = JS_IsException(meta) ? -1 : 0;
    if (result == 0 &&
        (JS_DefinePropertyValueStr(ctx, meta, "url", JS_NewString(ctx, url), JS_PROP_C_W_E) < 0 ||
         JS_DefinePropertyValueStr(ctx, meta, "main", JS_NewBool(ctx, is_main), JS_PROP_C_W_E) < 0)) {
        result = -1;
    }
    JS_FreeValue(ctx, meta);
    return result;
}

static JSModuleDef *load(JSContext *ctx, const char *name, void *opaque, JSValueConst attributes)
{
    (void)attributes;
    struct rt *rt = opaque;
    if (starts_with(name, "cleat:native/")) {
        return rt_native_module_load(ctx, name);
    }
    if (starts_with(name, "cleat:")) {
        return rt_builtin_read(ctx, name);
    }
    char *text;
    size_t size;
    int error = rt_modules_read(rt, name, &text, &size);
    if (error < 0) {
        JS_ThrowReferenceError(ctx, "can't load module '%s': %s", name,
                               error == -EXDEV ? "it is outside of the app" : uv_strerror(error));
        return NULL;
    }
    JSValue module = JS_Eval(ctx, text, size, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    free(text);
    if (JS_IsException(module)) {
        return NULL;
    }
    JSModuleDef *def = JS_VALUE_GET_PTR(module);
    int failed = set_import_meta(ctx, def, name, false);
    JS_FreeValue(ctx, module);
    return failed ? NULL : def;
}

static int check_attributes(JSContext *ctx, void *opaque, JSValueConst attributes)
{
    (void)opaque;
    JSPropertyEnum *names;
    uint32_t count;
    if (JS_GetOwnPropertyNames(ctx, &names, &count, attributes, JS_GPN_STRING_MASK) < 0) {
        return -1;
    }
    JS_FreePropertyEnum(ctx, names, count);
    if (count > 0) {
        JS_ThrowTypeError(
            ctx, "import attributes are not supported; build the app, then the bundler handles them");
        return -1;
    }
    return 0;
}

void rt_modules_install(struct rt *rt)
{
    JS_SetModuleLoaderFunc2(rt->js, normalize, load, check_attributes, rt);
}

int rt_modules_from_folder(struct rt *rt, const char *folder)
{
    char *root = realpath(folder, NULL);
    if (!root) {
        return -errno;
    }
    free(rt->app_root);
    rt->app_root = root;
    return 0;
}

void rt_modules_from_bundle(struct rt *rt, const struct rt_bundle *bundle)
{
    rt->bundle = bundle;
}

void rt_modules_run(struct rt *rt, const char *name, const char *text, size_t size)
{
    if (!rt_turn_enter(rt)) {
        return;
    }
    JSContext *ctx = rt->ctx;
    JSValue module = JS_Eval(ctx, text, size, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    JSValue promise = JS_EXCEPTION;
    if (JS_IsException(module)) {
        /* reported below */
    } else if (set_import_meta(ctx, JS_VALUE_GET_PTR(module), name, true) < 0 ||
               JS_ResolveModule(ctx, module) < 0) {
        JS_FreeValue(ctx, module);
    } else {
        promise = JS_EvalFunction(ctx, module);
    }
    if (JS_IsException(promise)) {
        rt_report_exception(rt);
    } else {
        JS_FreeValue(ctx, rt->main_promise);
        rt->main_promise = promise;
    }
    rt_turn_leave(rt);
}
