/* signals.c - signals to the process: handlers of the app, and the orderly end by SIGINT and SIGTERM without
 * one.
 *
 * OWNERSHIP  owner: the list in the runtime, one entry a signal    kept alive by: being watched; never keeps
 * the loop alive freed when: at teardown, from the uv close callback after close: the signal has its default
 * action again    thread: loop */
#include "signals.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct js_signal {
    uv_signal_t watcher;
    struct rt *rt;
    struct js_signal *next;
    int number;
    JSValue handler; /* undefined: end the program in order */
};

static const struct {
    const char *name;
    int number;
} names[] = {
    {"SIGHUP", SIGHUP}, {"SIGINT", SIGINT}, {"SIGTERM", SIGTERM}, {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2},
};

int rt_signal_number(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].number;
        }
    }
    return 0;
}

void rt_stop_by_signal(struct rt *rt, int number)
{
    if (!rt->stopping) {
        rt->exit_signal = number;
    }
    rt_stop(rt, 128 + number);
}

/* A loop handler never runs while an app is stuck in a turn. So the two signals that end it are also counted
 * in the handler itself, in front of libuv's, where the engine's interrupt poll finds them. */
static volatile sig_atomic_t waiting_interrupt, waiting_terminate;
static struct sigaction loop_action[2];

static volatile sig_atomic_t *waiting(int number)
{
    return number == SIGINT ? &waiting_interrupt : &waiting_terminate;
}

static void received(uv_signal_t *watcher, int number)
{
    struct js_signal *entry = watcher->data;
    struct rt *rt = entry->rt;
    if (number == SIGINT || number == SIGTERM) {
        *waiting(number) = 0;
    }
    if (JS_IsUndefined(entry->handler)) {
        rt_stop_by_signal(rt, number);
        return;
    }
    JSValue handler = JS_DupValue(rt->ctx, entry->handler); /* it may replace itself */
    rt_call(rt, handler, 0, NULL);
    JS_FreeValue(rt->ctx, handler);
}

static struct js_signal *watch(struct rt *rt, int number)
{
    for (struct js_signal *entry = rt->signals; entry; entry = entry->next) {
        if (entry->number == number) {
            return entry;
        }
    }
    struct js_signal *entry = calloc(1, sizeof(*entry));
    if (!entry || uv_signal_init(rt->loop, &entry->watcher) < 0) {
        free(entry);
        return NULL;
    }
    entry->rt = rt;
    entry->number = number;
    entry->handler = JS_UNDEFINED;
    entry->watcher.data = entry;
    uv_unref((uv_handle_t *)&entry->watcher);
    entry->next = rt->signals;
    rt->signals = entry;
    uv_signal_start(&entry->watcher, received, number);
    return entry;
}

static void count(int number)
{
    volatile sig_atomic_t *counter = waiting(number);
    if (*counter < 2) {
        ++*counter;
    }
    loop_action[number == SIGTERM].sa_handler(number);
}

static int count_too(int number)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) < 0) {
        return -1;
    }
    if (action.sa_handler == count) {
        return 0; /* for another runtime of this process: in front of itself it would call itself for ever */
    }
    loop_action[number == SIGTERM] = action;
    action.sa_handler = count;
    action.sa_flags &= ~SA_RESTART; /* a write that blocks ends, so that the app can */
    return sigaction(number, &action, NULL);
}

int rt_signals_default(struct rt *rt)
{
    rt->ends_by_signal = true;
    return watch(rt, SIGINT) && watch(rt, SIGTERM) && count_too(SIGINT) == 0 && count_too(SIGTERM) == 0 ? 0
                                                                                                        : -1;
}

bool rt_signals_interrupt(struct rt *rt)
{
    for (struct js_signal *entry = rt->ends_by_signal ? rt->signals : NULL; entry; entry = entry->next) {
        if (entry->number != SIGINT && entry->number != SIGTERM) {
            continue;
        }
        /* A listener may come too when the turn ends; asked a second time, the user has lost patience. */
        if (*waiting(entry->number) > (JS_IsUndefined(entry->handler) ? 0 : 1)) {
            rt_stop_by_signal(rt, entry->number);
            return true;
        }
    }
    return false;
}

int rt_signal_handle(struct rt *rt, int number, JSValue handler)
{
    struct js_signal *entry = watch(rt, number);
    if (!entry) {
        JS_FreeValue(rt->ctx, handler);
        return -1;
    }
    JS_FreeValue(rt->ctx, entry->handler);
    entry->handler = handler;
    bool ends = rt->ends_by_signal && (number == SIGINT || number == SIGTERM);
    if (JS_IsUndefined(handler) && !ends) {
        uv_signal_stop(&entry->watcher);
    } else if (!uv_is_active((uv_handle_t *)&entry->watcher)) {
        uv_signal_start(&entry->watcher, received, number);
    }
    return 0;
}

static void free_entry(uv_handle_t *handle)
{
    free(handle->data);
}

void rt_signals_close(struct rt *rt)
{
    while (rt->signals) {
        struct js_signal *entry = rt->signals;
        rt->signals = entry->next;
        JS_FreeValue(rt->ctx, entry->handler);
        uv_close((uv_handle_t *)&entry->watcher, free_entry);
    }
}
