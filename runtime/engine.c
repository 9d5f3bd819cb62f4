/* engine.c - life of the runtime object: engine, context, loop, turns, pins, resources and limits. Not here:
 * modules (module_loader.c, builtins.c), uncaught errors (uncaught.c), what embedders call (cleat.c). */
#include "engine.h"
#include "builtins.h"
#include "permission.h"
#include "signals.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A collection runs this long after the last turn that left a fifth more heap behind (cycles that the
 * engine's own threshold, half as much again, might never reach on a device that idles). */
enum { IDLE_GC_DELAY_MS = 1000, IDLE_GC_MIN_GROWTH = 128 * 1024 };
/* How often teardown turns the loop for handles that close late before it gives up on them. */
enum { TEARDOWN_TURNS = 1000 };

/* Allocation: the C library's, counted, so that heap use is known without walking the heap -------- */

static void *count_calloc(void *opaque, size_t count, size_t size)
{
    struct rt *rt = opaque;
    void *block = calloc(count, size);
    if (block) {
        rt->allocated += malloc_usable_size(block);
    }
    return block;
}

static void *count_malloc(void *opaque, size_t size)
{
    struct rt *rt = opaque;
    void *block = malloc(size);
    if (block) {
        rt->allocated += malloc_usable_size(block);
    }
    return block;
}

static void count_free(void *opaque, void *block)
{
    struct rt *rt = opaque;
    if (block) {
        rt->allocated -= malloc_usable_size(block);
        free(block);
    }
}

static void *count_realloc(void *opaque, void *block, size_t size)
{
    struct rt *rt = opaque;
    size_t before = block ? malloc_usable_size(block) : 0;
    void *moved = realloc(block, size);
    if (moved) {
        rt->allocated += malloc_usable_size(moved) - before;
    } else if (size == 0) {
        rt->allocated -= before;
    }
    return moved;
}

static size_t usable_size(const void *block)
{
    return malloc_usable_size((void *)(uintptr_t)block);
}

static const JSMallocFunctions allocator = {count_calloc, count_malloc, count_free, count_realloc,
                                            usable_size};

/* Access ----------------------------------------------------------------------------------------- */

struct rt *rt_from_context(JSContext *ctx)
{
    return JS_GetRuntimeOpaque(JS_GetRuntime(ctx));
}

uv_loop_t *rt_loop(struct rt *rt)
{
    return rt->loop;
}

JSContext *rt_context(struct rt *rt)
{
    return rt->ctx;
}

struct rt_permissions *rt_permissions_of(struct rt *rt)
{
    return rt->permissions;
}

const char *rt_ca_file(const struct rt *rt)
{
    return rt->options.ca_file;
}

/* Limits ----------------------------------------------------------------------------------------- */

static void apply_limits(struct rt *rt, size_t extra_stack, size_t extra_memory)
{
    size_t memory = rt->options.memory_limit;
    JS_SetMaxStackSize(rt->js, rt->options.stack_size + extra_stack);
    JS_SetMemoryLimit(rt->js, memory ? memory + extra_memory : 0);
}

void rt_reserve_enter(struct rt *rt, size_t stack, size_t memory)
{
    if (rt->reserve_depth++ == 0) {
        apply_limits(rt, stack, memory);
    }
}

void rt_reserve_leave(struct rt *rt)
{
    if (--rt->reserve_depth == 0) {
        apply_limits(rt, 0, 0);
    }
}

void rt_apply_limits(struct rt *rt)
{
    apply_limits(rt, 0, 0);
}

static int interrupt(JSRuntime *js, void *opaque)
{
    (void)js;
    struct rt *rt = opaque;
    if (rt->stopping) {
        return rt->turn_depth > 0;
    }
    if (rt->turn_deadline && uv_hrtime() > rt->turn_deadline) {
        rt->turn_exceeded = true;
        return 1;
    }
    return rt_signals_interrupt(rt);
}

/* Turns ------------------------------------------------------------------------------------------ */

bool rt_turn_enter(struct rt *rt)
{
    if (rt->turn_depth > 0 || rt->stopping) {
        return false;
    }
    rt->turn_depth = 1;
    rt->job_number++;
    rt->turn_deadline =
        rt->options.max_turn_ms ? uv_hrtime() + rt->options.max_turn_ms * UINT64_C(1000000) : 0;
    return true;
}

static void drain_microtasks(struct rt *rt)
{
    JSContext *ctx;
    int result;
    rt->job_number++;
    while (!rt->stopping && (result = JS_ExecutePendingJob(rt->js, &ctx)) != 0) {
        rt->job_number++;
        if (result < 0) {
            rt_report_exception(rt);
        }
    }
}

void rt_at_turn_end(struct rt *rt, struct rt_turn_end *work)
{
    if (!work->next) {
        work->prev = rt->turn_end.prev;
        work->next = &rt->turn_end;
        rt->turn_end.prev->next = work;
        rt->turn_end.prev = work;
    }
}

void rt_cancel_turn_end(struct rt_turn_end *work)
{
    if (work->next) {
        work->prev->next = work->next;
        work->next->prev = work->prev;
        work->next = work->prev = NULL;
    }
}

/* Microtasks and the work that they leave for the end of the turn, until there is neither. */
static void finish_jobs(struct rt *rt)
{
    drain_microtasks(rt);
    while (rt->turn_end.next != &rt->turn_end && !rt->stopping) {
        struct rt_turn_end *work = rt->turn_end.next;
        rt_cancel_turn_end(work);
        work->run(work);
        if (rt->turn_end.next == &rt->turn_end) {
            drain_microtasks(rt);
        }
    }
}

static void run_idle_gc(uv_timer_t *timer)
{
    struct rt *rt = timer->data;
    JS_RunGC(rt->js);
    rt->allocated_after_gc = rt->allocated;
}

void rt_turn_leave(struct rt *rt)
{
    finish_jobs(rt);
    while (rt->pending_count > 0 && !rt->stopping) {
        rt_notify_rejections(rt);
        finish_jobs(rt);
    }
    rt->turn_depth = 0;
    rt->turn_deadline = 0;
    size_t bound = rt->allocated_after_gc + rt->allocated_after_gc / 5 + IDLE_GC_MIN_GROWTH;
    if (rt->allocated > bound && !uv_is_active((uv_handle_t *)&rt->idle_gc) && !rt->stopping) {
        uv_timer_start(&rt->idle_gc, run_idle_gc, IDLE_GC_DELAY_MS, 0);
    }
}

uint32_t rt_job_number(const struct rt *rt)
{
    return rt->job_number;
}

void rt_call(struct rt *rt, JSValueConst function, int argc, JSValueConst *argv)
{
    if (!rt_turn_enter(rt)) {
        return;
    }
    JSValue result = JS_Call(rt->ctx, function, JS_UNDEFINED, argc, argv);
    if (JS_IsException(result)) {
        rt_report_exception(rt);
    }
    JS_FreeValue(rt->ctx, result);
    rt_turn_leave(rt);
}

void rt_stop(struct rt *rt, int exit_code)
{
    if (!rt->stopping) {
        rt->stopping = true;
        rt->exit_code = exit_code;
        uv_stop(rt->loop);
    }
}

/* Pins and resources ----------------------------------------------------------------------------- */

static void pin_tick(uv_prepare_t *handle)
{
    (void)handle;
}

void rt_pin(struct rt *rt)
{
    if (rt->pins++ == 0) {
        uv_ref((uv_handle_t *)&rt->pin);
    }
}

void rt_unpin(struct rt *rt)
{
    if (--rt->pins == 0) {
        uv_unref((uv_handle_t *)&rt->pin);
    }
}

void rt_resource_link(struct rt *rt, struct rt_resource *resource)
{
    resource->prev = rt->resources.prev;
    resource->next = &rt->resources;
    rt->resources.prev->next = resource;
    rt->resources.prev = resource;
}

void rt_resource_unlink(struct rt_resource *resource)
{
    if (resource->next) {
        resource->prev->next = resource->next;
        resource->next->prev = resource->prev;
        resource->next = resource->prev = NULL;
    }
}

/* Life ------------------------------------------------------------------------------------------- */

static int start_handles(struct rt *rt)
{
    int error = uv_prepare_init(rt->loop, &rt->pin);
    if (error == 0) {
        rt->pin.data = rt;
        uv_prepare_start(&rt->pin, pin_tick);
        uv_unref((uv_handle_t *)&rt->pin);
        error = uv_timer_init(rt->loop, &rt->idle_gc);
    }
    if (error == 0) {
        rt->idle_gc.data = rt;
        uv_unref((uv_handle_t *)&rt->idle_gc);
    }
    return error;
}

static int start_engine(struct rt *rt)
{
    rt->js = JS_NewRuntime2(&allocator, rt);
    if (!rt->js) {
        return -ENOMEM;
    }
    JS_SetRuntimeOpaque(rt->js, rt);
    JS_SetRuntimeInfo(rt->js, "cleat");
    apply_limits(rt, 0, 0);
    JS_SetInterruptHandler(rt->js, interrupt, rt);
    JS_SetCanBlock(rt->js, false);
    rt->ctx = JS_NewContext(rt->js);
    if (!rt->ctx) {
        return -ENOMEM;
    }
    JSValue global = JS_GetGlobalObject(rt->ctx);
    int failed = rt_realm_prepare(rt, global) < 0;
    failed |= JS_DefinePropertyValueStr(rt->ctx, global, "self", JS_DupValue(rt->ctx, global),
                                        JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) < 0;
    JS_FreeValue(rt->ctx, global);
    rt->builtins = calloc((size_t)rt_builtin_count + 1, sizeof(rt->builtins[0]));
    if (failed || !rt->builtins || rt_builtins_install(rt->ctx) < 0 || rt_timers_install(rt) < 0) {
        return -ENOMEM;
    }
    rt_track_rejections(rt);
    return 0;
}

struct rt *rt_create(const struct rt_options *options, int *ret_error)
{
    struct rt *rt = calloc(1, sizeof(*rt));
    if (!rt) {
        *ret_error = -ENOMEM;
        return NULL;
    }
    rt->options = *options;
    if (rt->options.stack_size == 0) {
        rt->options.stack_size = RT_DEFAULT_STACK_SIZE;
    }
    rt->resources.next = rt->resources.prev = &rt->resources;
    rt->turn_end.next = rt->turn_end.prev = &rt->turn_end;
    rt->dom_exception = rt->main_promise = rt->host = JS_UNDEFINED;
    for (int i = 0; i < RT_VIEW_GETTERS; i++) {
        rt->view_getters[i] = JS_UNDEFINED;
    }
    rt->loop = options->loop;
    int error = 0;
    if (!rt->loop) {
        error = uv_loop_init(&rt->own_loop);
        if (error < 0) {
            free(rt);
            *ret_error = error;
            return NULL;
        }
        rt->loop = &rt->own_loop;
    }
    rt->permissions = rt_permissions_create();
    error = rt->permissions ? start_handles(rt) : -ENOMEM;
    if (error == 0) {
        error = start_engine(rt);
    }
    if (error < 0) {
        rt_destroy(rt);
        *ret_error = error;
        return NULL;
    }
    return rt;
}

int rt_run(struct rt *rt)
{
    while (!rt->stopping) {
        if (!uv_run(rt->loop, UV_RUN_DEFAULT)) {
            break;
        }
    }
    return rt->exit_code;
}

static void close_handle(uv_handle_t *handle)
{
    if (handle->loop && !uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void note_closing(uv_handle_t *handle, void *found)
{
    *(bool *)found = *(bool *)found || uv_is_closing(handle);
}

/* Whether close callbacks are still to come. On a loop of the embedder's other handles may stay alive for
 * ever: they are no reason to turn it. */
static bool is_closing_handles(uv_loop_t *loop)
{
    bool found = false;
    uv_walk(loop, note_closing, &found);
    return found;
}

struct rt *rt_destroy(struct rt *rt)
{
    if (!rt) {
        return NULL;
    }
    rt->stopping = true;
    rt_timers_close(rt);
    rt_signals_close(rt);
    while (rt->resources.next != &rt->resources) {
        struct rt_resource *resource = rt->resources.next;
        rt_resource_unlink(resource);
        resource->close(resource);
    }
    close_handle((uv_handle_t *)&rt->pin);
    close_handle((uv_handle_t *)&rt->idle_gc);
    for (int turns = 0; turns < TEARDOWN_TURNS && is_closing_handles(rt->loop); turns++) {
        uv_run(rt->loop, UV_RUN_NOWAIT);
    }
    if (rt->ctx) {
        rt_free_rejections(rt);
        JS_FreeValue(rt->ctx, rt->main_promise);
        JS_FreeValue(rt->ctx, rt->dom_exception);
        for (int i = 0; i < RT_VIEW_GETTERS; i++) {
            JS_FreeValue(rt->ctx, rt->view_getters[i]);
        }
        JS_FreeValue(rt->ctx, rt->host);
        JS_FreeContext(rt->ctx);
    }
    if (rt->js) {
        JS_FreeRuntime(rt->js);
    }
    if (rt->loop == &rt->own_loop) {
        /* Finalizers may have closed handles: their callbacks must have run before the loop goes. */
        uv_run(rt->loop, UV_RUN_DEFAULT);
        uv_loop_close(rt->loop);
    }
    rt_permissions_destroy(rt->permissions);
    free(rt->app_root);
    free(rt->builtins);
    free(rt);
    return NULL;
}
