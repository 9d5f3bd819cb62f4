/* js_promise.c - promises for built-in TypeScript, as the engine has them and whatever an app does to Promise
 * and its prototype: jobs without a promise, reactions without a closure. Not here: promises that a resource
 * settles (the js_ files of bindings).
 *
 * Spec: ECMAScript §27.2 (PerformPromiseThen), §9.5 (jobs). */
#include "rt.h"

/* argv: step, value, context */
static JSValue run_step(JSContext *ctx, int argc, JSValueConst *argv)
{
    (void)argc;
    return JS_Call(ctx, argv[0], JS_UNDEFINED, 2, argv + 1);
}

static int enqueue(JSContext *ctx, JSValueConst step, JSValueConst value, JSValueConst context)
{
    JSValueConst args[] = {step, value, context};
    return JS_EnqueueJob(ctx, run_step, 3, args);
}

static JSValue js_soon(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    return enqueue(ctx, argv[0], argv[1], argv[2]) < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

/* data: step, context */
static JSValue call_step(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int magic,
                         JSValueConst *data)
{
    (void)this_value;
    (void)magic;
    JSValueConst args[] = {argc > 0 ? argv[0] : JS_UNDEFINED, data[1]};
    return JS_Call(ctx, data[0], JS_UNDEFINED, 2, args);
}

static JSValue new_step(JSContext *ctx, JSValueConst step, JSValueConst context)
{
    JSValueConst data[] = {step, context};
    return JS_NewCFunctionData(ctx, call_step, 1, 0, 2, data);
}

static JSValue react_later(JSContext *ctx, JSValueConst promise, JSValueConst fulfilled,
                           JSValueConst rejected, JSValueConst context)
{
    JSValue on_fulfilled = new_step(ctx, fulfilled, context);
    JSValue on_rejected = new_step(ctx, rejected, context);
    JSValue result = JS_EXCEPTION;
    if (!JS_IsException(on_fulfilled) && !JS_IsException(on_rejected)) {
        result = JS_PromiseThen(ctx, promise, on_fulfilled, on_rejected);
    }
    JS_FreeValue(ctx, on_fulfilled);
    JS_FreeValue(ctx, on_rejected);
    if (JS_IsException(result)) {
        return JS_EXCEPTION;
    }
    JS_FreeValue(ctx, result);
    return JS_UNDEFINED;
}

static JSValue js_react(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    JSPromiseStateEnum state = JS_PromiseState(ctx, argv[0]);
    if (state == JS_PROMISE_PENDING) {
        return react_later(ctx, argv[0], argv[1], argv[2], argv[3]);
    }
    if (state != JS_PROMISE_FULFILLED && state != JS_PROMISE_REJECTED) {
        return JS_ThrowTypeError(ctx, "react: not a promise");
    }
    bool is_rejected = state == JS_PROMISE_REJECTED;
    if (is_rejected) {
        JS_PromiseMarkAsHandled(ctx, argv[0]);
    }
    JSValue result = JS_PromiseResult(ctx, argv[0]);
    int queued = enqueue(ctx, argv[is_rejected ? 2 : 1], result, argv[3]);
    JS_FreeValue(ctx, result);
    return queued < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

static JSValue js_then(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    return JS_PromiseThen(ctx, argv[0], argv[1], argv[2]);
}

static JSValue js_settled(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv,
                          int is_reject)
{
    (void)this_value;
    (void)argc;
    return JS_NewSettledPromise(ctx, is_reject != 0, argv[0]);
}

static JSValue js_resolved(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    return js_settled(ctx, this_value, argc, argv, 0);
}

static JSValue js_rejected(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    return js_settled(ctx, this_value, argc, argv, 1);
}

static JSValue js_mark_handled(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    JS_PromiseMarkAsHandled(ctx, argv[0]);
    return JS_UNDEFINED;
}

RT_TABLE(promise_functions, "cleat:native/promise", ""){
    RT_METHOD("soon", js_soon, 3,
              "(step: (value: any, context: any) => void, value: unknown, context: unknown) => void",
              "Calls in a microtask"),
    RT_METHOD("react", js_react, 4,
              "(promise: Promise<unknown>, fulfilled: (value: any, context: any) => void, rejected: (reason: "
              "unknown, context: any) => void, context: unknown) => void",
              "What then() does, without a new promise"),
    RT_METHOD(
        "then", js_then, 3,
        "(promise: Promise<unknown>, fulfilled: ((value: any) => unknown) | undefined, rejected: ((reason: "
        "unknown) => unknown) | undefined) => Promise<any>",
        "What then() does"),
    RT_METHOD("resolved", js_resolved, 1, "(value: unknown) => Promise<any>",
              "A promise that is resolved with a value; of a promise the same one"),
    RT_METHOD("rejected", js_rejected, 1, "(reason: unknown) => Promise<never>", "A rejected promise"),
    RT_METHOD("markHandled", js_mark_handled, 1, "(promise: Promise<unknown>) => void",
              "The rejection of this promise is not reported as unhandled"),
};

const struct rt_native_module js_promise_module = {"cleat:native/promise", promise_functions,
                                                   RT_COUNT(promise_functions), NULL};
