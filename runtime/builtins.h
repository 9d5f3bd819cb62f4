/* builtins.h - the built-in modules: TypeScript compiled to bytecode at build time and linked in. The table
 * is generated (build_builtins.mjs); a module is read the first time that one of its globals is touched or
 * another built-in imports it. Not here: modules of apps (module_loader.h). */
#ifndef CLEAT_BUILTINS_H
#define CLEAT_BUILTINS_H

#include <quickjs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_builtin {
    const char *name;        /* "cleat:web/events" */
    const uint8_t *bytecode; /* written by the engine of this very build */
    size_t size;
    const char *const *globals; /* names of exports that are globals, ended by NULL */
};

extern const struct rt_builtin rt_builtins[];
extern const int rt_builtin_count;

/* Defines a lazy global for each export in the table. 0, or -1 with an exception set. */
int rt_builtins_install(JSContext *ctx);
/* For the module loader: reads the module of that name. NULL with an exception set on failure. */
JSModuleDef *rt_builtin_read(JSContext *ctx, const char *name);
/* An export of a built-in module, evaluated first if need be. JS_EXCEPTION on failure. */
JSValue rt_builtin_export(JSContext *ctx, const char *name, const char *export_name);

#endif
