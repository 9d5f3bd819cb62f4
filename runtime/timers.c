/* timers.c - setTimeout, setInterval and their clear functions (HTML, "Timers"; without string handlers and
 * without the 4 ms clamp for nesting, which exists for pages). One loop timer each; an id table finds them.
 *
 * OWNERSHIP  owner: the id table of the runtime    kept alive by: being scheduled
 *            freed when: fired, cleared or at teardown, from the uv close callback
 *            after close: the id is unknown, clearing it does nothing    thread: loop */
#include "engine.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 16, ARGUMENTS_MAX = 64 };
/* The longest delay that HTML's signed 32-bit conversion leaves. */
static const double DELAY_MAX = 2147483647.0;

struct js_timer {
    uv_timer_t timer;
    struct rt *rt;
    struct js_timer *next; /* of the same slot */
    unsigned id;
    bool repeats, firing, gone;
    uint64_t delay;
    JSValue function;
    int argc;
    JSValue argv[];
};

static struct js_timer **slot_of(struct rt *rt, unsigned id)
{
    return &rt->timers[id & (rt->timer_slots - 1)];
}

static bool grow(struct rt *rt)
{
    unsigned slots = rt->timer_slots ? rt->timer_slots * 2 : FIRST_SLOTS;
    struct js_timer **table = calloc(slots, sizeof(*table));
    if (!table) {
        return false;
    }
    for (unsigned i = 0; i < rt->timer_slots; i++) {
        for (struct js_timer *timer = rt->timers[i], *next; timer; timer = next) {
            next = timer->next;
            timer->next = table[timer->id & (slots - 1)];
            table[timer->id & (slots - 1)] = timer;
        }
    }
    free(rt->timers);
    rt->timers = table;
    rt->timer_slots = slots;
    return true;
}

static struct js_timer *find(struct rt *rt, unsigned id)
{
    struct js_timer *timer = rt->timer_slots ? *slot_of(rt, id) : NULL;
    while (timer && timer->id != id) {
        timer = timer->next;
    }
    return timer;
}

static void free_timer(uv_handle_t *handle)
{
    struct js_timer *timer = handle->data;
    js_free_rt(timer->rt->js, timer);
}

/* Takes the timer out of the table; its values go at once, its memory when the loop lets go of it. */
static void remove_timer(struct js_timer *timer)
{
    struct rt *rt = timer->rt;
    struct js_timer **link = slot_of(rt, timer->id);
    while (*link != timer) {
        link = &(*link)->next;
    }
    *link = timer->next;
    rt->timer_count--;
    timer->gone = true;
    uv_timer_stop(&timer->timer);
    if (!timer->firing) {
        JS_FreeValue(rt->ctx, timer->function);
        for (int i = 0; i < timer->argc; i++) {
            JS_FreeValue(rt->ctx, timer->argv[i]);
        }
        uv_close((uv_handle_t *)&timer->timer, free_timer);
    }
}

static void fire(uv_timer_t *handle)
{
    struct js_timer *timer = handle->data;
    struct rt *rt = timer->rt;
    if (timer->repeats) {
        /* Armed before the call, so that a slow handler does not push the series apart more than it must. */
        uv_timer_start(handle, fire, timer->delay ? timer->delay : 1, 0);
    }
    timer->firing = true;
    rt_call(rt, timer->function, timer->argc, (JSValueConst *)timer->argv);
    timer->firing = false;
    if (timer->gone) {
        JS_FreeValue(rt->ctx, timer->function);
        for (int i = 0; i < timer->argc; i++) {
            JS_FreeValue(rt->ctx, timer->argv[i]);
        }
        uv_close((uv_handle_t *)handle, free_timer);
    } else if (!timer->repeats) {
        remove_timer(timer);
    }
}

/* Schedules `function`; the id, or 0 with an exception set. */
static unsigned schedule(JSContext *ctx, JSValueConst function, double delay, bool repeats, bool keep_alive,
                         int argc, JSValueConst *argv)
{
    struct rt *rt = rt_from_context(ctx);
    if (argc > ARGUMENTS_MAX) {
        JS_ThrowRangeError(ctx, "a timer takes at most %d arguments", ARGUMENTS_MAX);
        return 0;
    }
    /* From the engine: timers count against the memory limit of the app. */
    struct js_timer *timer = js_malloc(ctx, sizeof(*timer) + (size_t)argc * sizeof(timer->argv[0]));
    if (!timer) {
        return 0;
    }
    if (rt->timer_count >= rt->timer_slots && !grow(rt)) {
        js_free(ctx, timer);
        JS_ThrowOutOfMemory(ctx);
        return 0;
    }
    timer->rt = rt;
    timer->repeats = repeats;
    timer->firing = timer->gone = false;
    timer->delay = delay > 0 ? (uint64_t)(delay < DELAY_MAX ? delay : DELAY_MAX) : 0;
    timer->function = JS_DupValue(ctx, function);
    timer->argc = argc;
    for (int i = 0; i < argc; i++) {
        timer->argv[i] = JS_DupValue(ctx, argv[i]);
    }
    do {
        rt->timer_next_id = rt->timer_next_id % INT32_MAX + 1;
    } while (find(rt, rt->timer_next_id));
    timer->id = rt->timer_next_id;
    timer->next = *slot_of(rt, timer->id);
    *slot_of(rt, timer->id) = timer;
    rt->timer_count++;
    uv_timer_init(rt->loop, &timer->timer);
    timer->timer.data = timer;
    if (!keep_alive) {
        uv_unref((uv_handle_t *)&timer->timer);
    }
    uv_update_time(rt->loop); /* the delay counts from now, not from the start of this turn */
    uv_timer_start(&timer->timer, fire, timer->delay, 0);
    return timer->id;
}

static JSValue set_timer(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int repeats)
{
    (void)this_value;
    int32_t delay = 0; /* the standard's `long`: what does not fit wraps around */
    if (argc < 1 || !JS_IsFunction(ctx, argv[0])) {
        return JS_ThrowTypeError(ctx, "%s: the first argument must be a function",
                                 repeats ? "setInterval" : "setTimeout");
    }
    if (argc > 1 && JS_ToInt32(ctx, &delay, argv[1]) < 0) {
        return JS_EXCEPTION;
    }
    unsigned id = schedule(ctx, argv[0], delay, repeats, true, argc > 2 ? argc - 2 : 0, argv + 2);
    return id ? JS_NewInt32(ctx, (int32_t)id) : JS_EXCEPTION;
}

static JSValue clear_timer(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t id = 0;
    if (argc > 0 && JS_ToInt32(ctx, &id, argv[0]) < 0) {
        return JS_EXCEPTION;
    }
    struct js_timer *timer = find(rt_from_context(ctx), (unsigned)id);
    if (timer) {
        remove_timer(timer);
    }
    return JS_UNDEFINED;
}

static JSValue js_start_timer(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    double delay;
    if (JS_ToFloat64(ctx, &delay, argv[1]) < 0) {
        return JS_EXCEPTION;
    }
    unsigned id = schedule(ctx, argv[0], delay, false, JS_ToBool(ctx, argv[2]) > 0, 0, NULL);
    return id ? JS_NewInt32(ctx, (int32_t)id) : JS_EXCEPTION;
}

static const JSCFunctionListEntry globals[] = {
    JS_CFUNC_MAGIC_DEF("setTimeout", 1, set_timer, 0),
    JS_CFUNC_MAGIC_DEF("setInterval", 1, set_timer, 1),
    JS_CFUNC_DEF("clearTimeout", 1, clear_timer),
    JS_CFUNC_DEF("clearInterval", 1, clear_timer),
};

RT_TABLE(timer_functions, "cleat:native/timer", ""){
    RT_METHOD("startTimer", js_start_timer, 3,
              "(callback: () => void, milliseconds: number, keepAlive: boolean) => number",
              "Calls back once; without keepAlive the runtime may end before"),
    RT_METHOD("stopTimer", clear_timer, 1, "(id: number) => void", "Stops a timer; unknown ids are ignored"),
};

const struct rt_native_module js_timer_module = {"cleat:native/timer", timer_functions,
                                                 RT_COUNT(timer_functions), NULL};

int rt_timers_install(struct rt *rt)
{
    JSValue global = JS_GetGlobalObject(rt->ctx);
    int result = JS_SetPropertyFunctionList(rt->ctx, global, globals, RT_COUNT(globals));
    JS_FreeValue(rt->ctx, global);
    return result;
}

void rt_timers_close(struct rt *rt)
{
    for (unsigned i = 0; i < rt->timer_slots; i++) {
        while (rt->timers[i]) {
            remove_timer(rt->timers[i]);
        }
    }
    free(rt->timers);
    rt->timers = NULL;
    rt->timer_slots = 0;
}
