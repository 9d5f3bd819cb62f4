/* compile.c - the host tool `cleat-compile`: compiles one JavaScript module to the engine's bytecode.
 *
 *     cleat-compile <module name> <source.js> <bytecode>
 *
 * The module name is what stack traces show. Source text is stripped, line numbers stay. Not here: running
 * anything; imports are recorded by name and resolved by the runtime when it loads the bytecode. */
#include <quickjs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return NULL;
    }
    size_t size = 0, capacity = 64 * 1024;
    char *data = malloc(capacity + 1);
    while (data != NULL) {
        size += fread(data + size, 1, capacity - size, file);
        if (size < capacity) {
            break;
        }
        capacity *= 2;
        char *larger = realloc(data, capacity + 1);
        if (larger == NULL) {
            free(data);
        }
        data = larger;
    }
    if (data == NULL || ferror(file)) {
        perror(path);
        free(data);
        fclose(file);
        return NULL;
    }
    fclose(file);
    data[size] = '\0'; /* JS_Eval wants a terminated text */
    *ret_size = size;
    return data;
}

static int write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    size_t written = fwrite(data, 1, size, file);
    if (fclose(file) != 0 || written != size) {
        perror(path);
        return -1;
    }
    return 0;
}

static void print_exception(JSContext *ctx)
{
    JSValue exception = JS_GetException(ctx);
    JSValue stack = JS_GetPropertyStr(ctx, exception, "stack");
    const char *text = JS_ToCString(ctx, exception);
    const char *trace = JS_IsString(stack) ? JS_ToCString(ctx, stack) : NULL;
    fprintf(stderr, "%s\n%s", text != NULL ? text : "unknown error", trace != NULL ? trace : "");
    JS_FreeCString(ctx, text);
    JS_FreeCString(ctx, trace);
    JS_FreeValue(ctx, stack);
    JS_FreeValue(ctx, exception);
}

static int compile(JSContext *ctx, const char *name, const char *source, size_t source_size,
                   const char *output, bool with_lines)
{
    JSValue module = JS_Eval(ctx, source, source_size, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(module)) {
        print_exception(ctx);
        return -1;
    }
    size_t size = 0;
    int flags =
        JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE | (with_lines ? 0 : JS_WRITE_OBJ_STRIP_DEBUG);
    uint8_t *bytecode = JS_WriteObject(ctx, &size, module, flags);
    JS_FreeValue(ctx, module);
    if (bytecode == NULL) {
        print_exception(ctx);
        return -1;
    }
    int result = write_file(output, bytecode, size);
    js_free(ctx, bytecode);
    return result;
}

/* The engine looks at the modules that a module imports even when it only compiles: empty ones will do. */
static int initialise_nothing(JSContext *ctx, JSModuleDef *module)
{
    (void)ctx;
    (void)module;
    return 0;
}

static JSModuleDef *load_nothing(JSContext *ctx, const char *name, void *opaque)
{
    (void)opaque;
    return JS_NewCModule(ctx, name, initialise_nothing);
}

int main(int argc, char **argv)
{
    /* Line numbers are a seventh of the bytecode, and those of built-in modules mean nothing to an app. */
    bool with_lines = argc == 5 && strcmp(argv[4], "--lines") == 0;
    if (argc != 4 && !with_lines) {
        fprintf(stderr, "usage: cleat-compile <module name> <source.js> <bytecode> [--lines]\n");
        return 2;
    }
    size_t size;
    char *source = read_file(argv[2], &size);
    if (source == NULL) {
        return 1;
    }
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *ctx = runtime != NULL ? JS_NewContext(runtime) : NULL;
    if (ctx == NULL) {
        fprintf(stderr, "cleat-compile: out of memory\n");
        return 1;
    }
    JS_SetModuleLoaderFunc(runtime, NULL, load_nothing, NULL);
    int result = compile(ctx, argv[1], source, size, argv[3], with_lines);
    free(source);
    JS_FreeContext(ctx);
    JS_FreeRuntime(runtime);
    return result == 0 ? 0 : 1;
}
