/* native_modules.c - makes "cleat:native/<name>" modules out of the tables that C files declare (rt.h). */
#include "engine.h"

#include <string.h>

static const struct rt_native_module *find(const char *name)
{
    for (const struct rt_native_module *const *module = rt_linked_modules; *module; module++) {
        if (strcmp((*module)->name, name) == 0) {
            return *module;
        }
    }
    return NULL;
}

bool rt_native_module_exists(const char *name)
{
    return find(name) != NULL;
}

static int initialise(JSContext *ctx, JSModuleDef *def)
{
    JSAtom atom = JS_GetModuleName(ctx, def);
    const char *name = JS_AtomToCString(ctx, atom);
    JS_FreeAtom(ctx, atom);
    if (!name) {
        return -1;
    }
    const struct rt_native_module *module = find(name);
    JS_FreeCString(ctx, name);
    if (module->prepare && module->prepare(ctx) < 0) {
        return -1;
    }
    return JS_SetModuleExportList(ctx, def, module->functions, module->function_count);
}

JSModuleDef *rt_native_module_load(JSContext *ctx, const char *name)
{
    const struct rt_native_module *module = find(name);
    if (!module) {
        JS_ThrowReferenceError(ctx, "no native module '%s'", name);
        return NULL;
    }
    JSModuleDef *def = JS_NewCModule(ctx, name, initialise);
    if (def && JS_AddModuleExportList(ctx, def, module->functions, module->function_count) < 0) {
        return NULL;
    }
    return def;
}
