/* module_loader.h - the modules of an app: files below one folder, or the files of a bundle; never anything
 * else. Built-in modules are builtins.h, natives rt.h. */
#ifndef CLEAT_MODULE_LOADER_H
#define CLEAT_MODULE_LOADER_H

#include "engine.h"

/* One module or source map may be this large. */
enum { RT_MODULE_SIZE_MAX = 16 * 1024 * 1024 };

void rt_modules_install(struct rt *rt);
/* Sets the folder that modules are read from. 0 or a negative errno. */
int rt_modules_from_folder(struct rt *rt, const char *folder);
/* Sets the bundle; it must outlive the runtime. */
void rt_modules_from_bundle(struct rt *rt, const struct rt_bundle *bundle);
/* Reads a file of the app: 0 and a NUL-ended block for free(), or a negative errno (-EXDEV: outside of the
 * app). */
int rt_modules_read(struct rt *rt, const char *name, char **ret_text, size_t *ret_size);
/* Compiles `text` as the app's main module and runs its first turn. Errors are reported like all others. */
void rt_modules_run(struct rt *rt, const char *name, const char *text, size_t size);

#endif
