/* native_module.h - runs a module of JavaScript in a runtime of its own, as built-in TypeScript that meets
 * natives directly. For tests of the js_ half of bindings; a test program includes it once. Not here: which
 * natives there are. */
#ifndef CLEAT_TESTS_NATIVE_MODULE_H
#define CLEAT_TESTS_NATIVE_MODULE_H

#include "check.h"

#include "../../runtime/builtins.h"
#include "../../runtime/engine.h"
#include "../../runtime/module_loader.h"
#include "../../runtime/permission.h"

#include <stdlib.h>
#include <string.h>

/* No built-in modules. */
const struct rt_builtin rt_builtins[1];
const int rt_builtin_count = 0;

static JSValue js_done(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    *(bool *)JS_GetContextOpaque(ctx) = true;
    return JS_UNDEFINED;
}

static JSValue js_gc(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    JS_RunGC(JS_GetRuntime(ctx));
    return JS_UNDEFINED;
}

/* "a;!b": allows a, denies b. */
static void allow(struct rt *rt, const char *rules)
{
    char rule[128], error[RT_RULE_ERROR_MAX];
    while (*rules) {
        size_t length = strcspn(rules, ";");
        snprintf(rule, sizeof(rule), "%.*s", (int)length, rules);
        bool deny = rule[0] == '!';
        struct rt_permissions *permissions = rt_permissions_of(rt);
        int result = deny ? rt_permissions_deny(permissions, rule + 1, error)
                          : rt_permissions_allow(permissions, rule, error);
        if (result < 0) {
            printf("# %s: %s\n", rule, error);
            CHECK(false);
        }
        rules += length + (rules[length] == ';');
    }
}

/* Runs prelude and script as one module with these rules; it must call done(). `extra` are more globals,
 * ended by one without a name. */
struct native_global {
    const char *name;
    JSCFunction *function;
    int argc;
};
static void run_module(const char *rules, const struct native_global *extra, const char *prelude,
                       const char *script)
{
    int error = 0;
    bool done = false;
    struct rt *rt = rt_create(&(struct rt_options){0}, &error);
    CHECK_INT(error, 0);
    JSContext *ctx = rt_context(rt);
    rt_modules_install(rt);
    JS_SetContextOpaque(ctx, &done);
    allow(rt, rules);
    JSValue global = JS_GetGlobalObject(ctx);
    JS_SetPropertyStr(ctx, global, "done", JS_NewCFunction(ctx, js_done, "done", 0));
    JS_SetPropertyStr(ctx, global, "gc", JS_NewCFunction(ctx, js_gc, "gc", 0));
    for (; extra->name != NULL; extra++) {
        JS_SetPropertyStr(ctx, global, extra->name,
                          JS_NewCFunction(ctx, extra->function, extra->name, extra->argc));
    }
    JS_FreeValue(ctx, global);
    size_t size = strlen(prelude) + strlen(script) + 1;
    char *source = malloc(size);
    snprintf(source, size, "%s%s", prelude, script);
    CHECK(rt_turn_enter(rt));
    JSValue promise = JS_Eval(ctx, source, strlen(source), "cleat:test", JS_EVAL_TYPE_MODULE);
    if (JS_IsException(promise)) {
        rt_report_exception(rt);
    }
    JS_FreeValue(ctx, promise);
    rt_turn_leave(rt);
    free(source);
    CHECK_INT(rt_run(rt), 0);
    CHECK(done);
    rt_destroy(rt);
}

#endif
