/* engine.h - the runtime object, inside of runtime/ only: one engine, one loop, one app. What natives may use
 * is in rt.h, what programs that embed it may use in cleat.h. */
#ifndef CLEAT_ENGINE_H
#define CLEAT_ENGINE_H

#include "rt.h"

/* Exit codes, documented in docs/cli.md. */
enum {
    RT_EXIT_OK = 0,
    RT_EXIT_UNCAUGHT = 1,
    RT_EXIT_USAGE = 2,
    RT_EXIT_LOAD = 3,
    RT_EXIT_INTERNAL = 70,
    RT_EXIT_TURN_LIMIT = 71,
    RT_EXIT_MEMORY = 72,
};

struct rt_options {
    size_t memory_limit;   /* bytes of JavaScript heap, 0: none */
    size_t stack_size;     /* bytes of JavaScript stack */
    unsigned max_turn_ms;  /* longest turn, 0: no limit */
    uv_loop_t *loop;       /* NULL: a loop of its own */
    bool standard_streams; /* no stream is direct (ts-api/streams/direct.ts) */
    const char *ca_file;   /* the caller's, NULL: the system's */
};

enum { RT_DEFAULT_STACK_SIZE = 512 * 1024 };

struct rt_bundle;

/* Promises whose later handling is announced by "rejectionhandled": beyond this number the oldest is
 * forgotten, so that an app that ignores rejections by the thousand does not keep them all. */
enum { RT_REPORTED_MAX = 32 };

struct rt_rejection {
    JSValue promise;
    bool handled; /* after it had been reported */
};

/* Getters of DataView.prototype. */
enum { RT_VIEW_BUFFER, RT_VIEW_OFFSET, RT_VIEW_LENGTH, RT_VIEW_GETTERS };

struct js_timer;
struct js_signal;

struct rt {
    JSRuntime *js;
    JSContext *ctx;
    uv_loop_t *loop;
    uv_loop_t own_loop;
    struct rt_options options;
    struct rt_permissions *permissions;

    /* Turns */
    int turn_depth;              /* > 0 while JavaScript runs */
    struct rt_turn_end turn_end; /* head of the list of what is to be done at the end of the turn */
    uint32_t job_number;         /* of rt_job_number() */
    uint64_t turn_deadline;      /* uv_hrtime(), 0: none */
    bool turn_exceeded;
    bool stopping; /* no JavaScript any more */
    int exit_code;
    int exit_signal; /* end by this signal, 0: by exit_code */
    int pins;
    uv_prepare_t pin; /* referenced while pins > 0: keeps the loop alive without waking it */
    struct rt_resource resources;

    /* Memory */
    size_t allocated; /* bytes that the engine holds */
    size_t allocated_after_gc;
    uv_timer_t idle_gc;
    int reserve_depth;

    /* Modules (module_loader.c) */
    JSModuleDef **builtins;         /* by index of rt_builtins, NULL: not read yet */
    char *app_root;                 /* real path of the app's folder, NULL for a bundle */
    const struct rt_bundle *bundle; /* the caller's, NULL for a folder */

    /* Errors (uncaught.c) */
    /* Of the realm, kept apart from the globals that an app may replace (errors.c) */
    JSValue dom_exception; /* the constructor */
    JSValue view_getters[RT_VIEW_GETTERS];
    JSValue main_promise;
    struct rt_rejection *pending; /* of this turn: to be told at its end */
    int pending_count, pending_capacity;
    struct rt_rejection *told; /* being told: the list, where in it */
    int told_at, told_count;
    JSValue reported[RT_REPORTED_MAX]; /* told, not handled since, oldest first */
    int reported_count;

    /* Timers, signals, arguments */
    struct js_timer **timers;
    unsigned timer_slots, timer_count, timer_next_id;
    struct js_signal *signals;
    bool ends_by_signal;
    int argc;
    char **argv;
    JSValue host; /* functions of the embedding program */
};

/* Life ------------------------------------------------------------------------------------------- */

/* NULL with errno-like negative code in *ret_error on failure. */
struct rt *rt_create(const struct rt_options *options, int *ret_error);
/* Closes what is open, runs the loop until that is done, frees everything. NULL is fine. Returns NULL. */
struct rt *rt_destroy(struct rt *rt);
/* Runs the loop until nothing keeps it alive or the runtime is stopped. Returns the exit code. */
int rt_run(struct rt *rt);
/* No more JavaScript: rt_run() returns soon with this code. The first call wins. */
void rt_stop(struct rt *rt, int exit_code);

/* Turns ------------------------------------------------------------------------------------------ */

/* Puts changed options into force. */
void rt_apply_limits(struct rt *rt);
/* More stack and memory for a moment; nests. */
void rt_reserve_enter(struct rt *rt, size_t stack, size_t memory);
void rt_reserve_leave(struct rt *rt);

/* Keeps what C needs of a realm that no app has touched, and closes the hooks by which an app could run while
 * C makes an error (errors.c). 0, or -1. */
int rt_realm_prepare(struct rt *rt, JSValueConst global);

/* Uncaught errors (uncaught.c) -------------------------------------------------------------------- */

void rt_track_rejections(struct rt *rt);
void rt_free_rejections(struct rt *rt);
/* Takes the pending exception: events, report, exit code. */
void rt_report_exception(struct rt *rt);
/* Fires unhandledrejection for the promises that this turn left behind (HTML, "notify about rejected
 * promises"). */
void rt_notify_rejections(struct rt *rt);

/* Globals and natives of the runtime itself -------------------------------------------------------- */

int rt_timers_install(struct rt *rt);
void rt_timers_close(struct rt *rt);

/* Native modules ----------------------------------------------------------------------------------- */

JSModuleDef *rt_native_module_load(JSContext *ctx, const char *name);

#endif
