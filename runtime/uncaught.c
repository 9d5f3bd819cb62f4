/* uncaught.c - errors that nobody caught and rejections that nobody handled: when they are told (HTML,
 * "report an exception", "notify about rejected promises"), and what becomes of the program. The events and
 * the text are made in TypeScript (web/uncaught.ts); if that fails too, a plain text is printed from here. */
#include "builtins.h"
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The report itself needs room when the error is that there is none left. */
enum { REPORT_STACK_RESERVE = 256 * 1024, REPORT_MEMORY_RESERVE = 2 * 1024 * 1024 };

static bool same(JSValueConst a, JSValueConst b)
{
    return JS_IsObject(a) && JS_IsObject(b) && JS_VALUE_GET_PTR(a) == JS_VALUE_GET_PTR(b);
}

/* Rejections ------------------------------------------------------------------------------------- */

static void add_pending(struct rt *rt, JSValueConst promise, bool handled)
{
    if (rt->pending_count == rt->pending_capacity) {
        int capacity = rt->pending_capacity ? rt->pending_capacity * 2 : 8;
        struct rt_rejection *grown = realloc(rt->pending, (size_t)capacity * sizeof(*grown));
        if (!grown) {
            fputs("cleat: out of memory, a rejected promise is not reported\n", stderr);
            return;
        }
        rt->pending = grown;
        rt->pending_capacity = capacity;
    }
    rt->pending[rt->pending_count++] = (struct rt_rejection){JS_DupValue(rt->ctx, promise), handled};
}

static void track(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool is_handled, void *opaque)
{
    (void)reason;
    struct rt *rt = opaque;
    if (!is_handled) {
        add_pending(rt, promise, false);
        return;
    }
    for (int i = 0; i < rt->pending_count; i++) {
        if (!rt->pending[i].handled && same(rt->pending[i].promise, promise)) {
            JS_FreeValue(ctx, rt->pending[i].promise);
            memmove(&rt->pending[i], &rt->pending[i + 1],
                    (size_t)(--rt->pending_count - i) * sizeof(rt->pending[0]));
            return;
        }
    }
    for (int i = rt->told_at + 1; i < rt->told_count; i++) {
        if (!rt->told[i].handled && same(rt->told[i].promise, promise)) {
            JS_FreeValue(ctx, rt->told[i].promise);
            rt->told[i].promise = JS_UNDEFINED; /* a listener for another promise took care of this one */
            return;
        }
    }
    for (int i = 0; i < rt->reported_count; i++) {
        if (same(rt->reported[i], promise)) {
            add_pending(rt, promise, true);
            JS_FreeValue(ctx, rt->reported[i]);
            memmove(&rt->reported[i], &rt->reported[i + 1],
                    (size_t)(--rt->reported_count - i) * sizeof(rt->reported[0]));
            return;
        }
    }
}

static void remember_reported(struct rt *rt, JSValue promise)
{
    if (rt->reported_count == RT_REPORTED_MAX) {
        JS_FreeValue(rt->ctx, rt->reported[0]);
        memmove(&rt->reported[0], &rt->reported[1], (size_t)(--rt->reported_count) * sizeof(rt->reported[0]));
    }
    rt->reported[rt->reported_count++] = promise;
}

void rt_track_rejections(struct rt *rt)
{
    JS_SetHostPromiseRejectionTracker(rt->js, track, rt);
}

void rt_free_rejections(struct rt *rt)
{
    JS_SetHostPromiseRejectionTracker(rt->js, NULL, NULL);
    for (int i = 0; i < rt->pending_count; i++) {
        JS_FreeValue(rt->ctx, rt->pending[i].promise);
    }
    for (int i = 0; i < rt->reported_count; i++) {
        JS_FreeValue(rt->ctx, rt->reported[i]);
    }
    free(rt->pending);
    rt->pending = NULL;
    rt->pending_count = rt->pending_capacity = rt->reported_count = 0;
}

/* Reports ---------------------------------------------------------------------------------------- */

static void print_plainly(struct rt *rt, JSValueConst error)
{
    const char *text = JS_ToCString(rt->ctx, error);
    fprintf(stderr, "Uncaught %s\n", text ? text : "error");
    JS_FreeCString(rt->ctx, text);
    if (JS_IsObject(error)) {
        JSValue stack = JS_GetPropertyStr(rt->ctx, error, "stack");
        if (JS_IsString(stack) && (text = JS_ToCString(rt->ctx, stack))) {
            fputs(text, stderr);
            JS_FreeCString(rt->ctx, text);
        }
        JS_FreeValue(rt->ctx, stack);
    }
    JS_FreeValue(rt->ctx, JS_GetException(rt->ctx));
}

/* Whether an event listener took it. */
static bool report(struct rt *rt, const char *kind, JSValueConst error, JSValueConst promise)
{
    JSContext *ctx = rt->ctx;
    rt_reserve_enter(rt, REPORT_STACK_RESERVE, REPORT_MEMORY_RESERVE);
    bool handled = false;
    JSValue function = rt_builtin_export(ctx, "cleat:web/uncaught", "report");
    JSValue result = JS_EXCEPTION;
    if (!JS_IsException(function)) {
        JSValue name = JS_NewString(ctx, kind);
        result = JS_Call(ctx, function, JS_UNDEFINED, 3, (JSValueConst[]){name, error, promise});
        JS_FreeValue(ctx, name);
    }
    if (JS_IsException(result)) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        if (!rt->stopping && !rt->turn_exceeded) {
            print_plainly(rt, error);
        }
    } else {
        handled = JS_ToBool(ctx, result) > 0;
    }
    JS_FreeValue(ctx, result);
    JS_FreeValue(ctx, function);
    rt_reserve_leave(rt);
    return handled;
}

/* An error of the engine that says so; or null, which is thrown where there was no room for the error itself.
 */
static bool is_out_of_memory(struct rt *rt, JSValueConst error)
{
    JSContext *ctx = rt->ctx;
    bool yes = false;
    if (JS_IsNull(error)) {
        size_t limit = rt->options.memory_limit;
        yes = limit && rt->allocated > limit - limit / 8;
    } else if (JS_IsError(error)) {
        JSValue message = JS_GetPropertyStr(ctx, error, "message");
        const char *text = JS_IsString(message) ? JS_ToCString(ctx, message) : NULL;
        yes = text && strcmp(text, "out of memory") == 0;
        JS_FreeCString(ctx, text);
        JS_FreeValue(ctx, message);
        JS_FreeValue(ctx, JS_GetException(ctx));
    }
    return yes;
}

static void report_turn_limit(struct rt *rt, JSValueConst error)
{
    /* Straight from C: the app may have replaced whatever TypeScript would use, and has had its time. */
    rt->turn_deadline = 0;
    fprintf(stderr, "cleat: the app did not yield for more than %u ms and was interrupted (--max-turn-ms)\n",
            rt->options.max_turn_ms);
    JSValue stack = JS_IsObject(error) ? JS_GetPropertyStr(rt->ctx, error, "stack") : JS_UNDEFINED;
    const char *text = JS_IsString(stack) ? JS_ToCString(rt->ctx, stack) : NULL;
    if (text) {
        fputs(text, stderr);
        JS_FreeCString(rt->ctx, text);
    }
    JS_FreeValue(rt->ctx, stack);
    rt_stop(rt, RT_EXIT_TURN_LIMIT);
}

static void report_error(struct rt *rt, const char *kind, JSValueConst error, JSValueConst promise)
{
    bool memory = false, handled = false;
    if (!rt->turn_exceeded) {
        memory = is_out_of_memory(rt, error);
        JSValue told = memory && JS_IsNull(error) ? JS_NewInternalError(rt->ctx, "out of memory")
                                                  : JS_DupValue(rt->ctx, error);
        handled = report(rt, kind, told, promise);
        JS_FreeValue(rt->ctx, told);
    }
    if (rt->turn_exceeded) {
        report_turn_limit(rt, error);
    } else if (!handled) {
        if (memory && rt->options.memory_limit) {
            fprintf(stderr, "cleat: the heap reached its limit of %zu bytes (--memory-limit)\n",
                    rt->options.memory_limit);
        }
        rt_stop(rt, memory ? RT_EXIT_MEMORY : RT_EXIT_UNCAUGHT);
    }
}

void rt_report_exception(struct rt *rt)
{
    JSValue error = JS_GetException(rt->ctx);
    if (!rt->stopping) {
        report_error(rt, "error", error, JS_NULL);
    }
    JS_FreeValue(rt->ctx, error);
}

void rt_notify_rejections(struct rt *rt)
{
    JSContext *ctx = rt->ctx;
    struct rt_rejection *list = rt->pending;
    int count = rt->pending_count;
    rt->pending = NULL;
    rt->pending_count = rt->pending_capacity = 0;
    rt->told = list;
    rt->told_count = count;
    for (int i = 0; i < count; i++) {
        rt->told_at = i;
        JSValue promise = list[i].promise;
        if (JS_IsUndefined(promise)) {
            continue;
        }
        JSValue reason = JS_PromiseResult(ctx, promise);
        if (rt->stopping) {
            JS_FreeValue(ctx, promise);
        } else if (list[i].handled) {
            report(rt, "rejectionhandled", reason, promise);
            JS_FreeValue(ctx, promise);
        } else {
            /* The promise of the app's main module is not one that an app could handle. */
            bool main = same(promise, rt->main_promise);
            report_error(rt, main ? "error" : "unhandledrejection", reason, main ? JS_NULL : promise);
            remember_reported(rt, promise);
        }
        JS_FreeValue(ctx, reason);
    }
    rt->told = NULL;
    rt->told_count = 0;
    free(list);
}
