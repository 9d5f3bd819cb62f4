/* test_cleat.c - what an embedding program does in an order nobody planned: loads twice, exposes twice, two
 * runtimes at once, a loop of its own. Not here: what apps see of it (tests/node/embed.test.mjs). */
/* links: runtime/cleat.c runtime/prompt.c runtime/version.c runtime/engine.c runtime/errors.c */
/* links: runtime/builtins.c runtime/module_loader.c runtime/native_modules.c runtime/signals.c */
/* links: runtime/timers.c runtime/uncaught.c runtime/bundle.c runtime/sha512.c runtime/manifest.c */
/* links: runtime/manifest_files.c runtime/manifest_rules.c runtime/manifest_values.c runtime/json.c */
/* links: runtime/host.c runtime/own_address.c runtime/permission.c runtime/permission_parse.c */
/* links: runtime/permission_rule.c runtime/permission_text.c */
#include "check.h"

#include "../../runtime/builtins.h"
#include "../../runtime/cleat.h"
#include "../../runtime/engine.h"

#include <errno.h>
#include <signal.h>

/* No built-in modules, no natives. */
const struct rt_builtin rt_builtins[1];
const int rt_builtin_count = 0;
const struct rt_native_module *const rt_linked_modules[] = {NULL};

TEST(a_second_app_is_refused)
{
    struct cleat *cleat = cleat_create(NULL);
    CHECK_INT(cleat_load_file(cleat, "/nonexistent/app.js", 0, 0, NULL), -ENOENT);
    CHECK_INT(cleat_load_source(cleat, "first.js", "setTimeout(() => {}, 1);", 0, NULL), 0);
    CHECK_INT(cleat_load_source(cleat, "second.js", "", 0, NULL), -EALREADY);
    CHECK_INT(cleat_load_file(cleat, "/nonexistent/app.js", 0, 0, NULL), -EALREADY);
    CHECK_INT(cleat_load_bundle(cleat, "", 0, 0, 0, NULL), -EALREADY);
    CHECK_STR(cleat_error(cleat), "an app is loaded already");
    CHECK_INT(cleat_run(cleat), 0);
    CHECK_INT(cleat_load_source(cleat, "third.js", "", 0, NULL), -EALREADY);
    cleat_destroy(cleat);
}

static char *nothing(void *opaque, const char *arguments, char **error)
{
    (void)opaque;
    (void)arguments;
    (void)error;
    return NULL;
}

TEST(a_name_is_exposed_once)
{
    struct cleat *cleat = cleat_create(NULL);
    CHECK_INT(cleat_expose(cleat, "f", nothing, NULL), 0);
    CHECK_INT(cleat_expose(cleat, "f", nothing, NULL), -EEXIST);
    CHECK_INT(cleat_expose(cleat, "g", nothing, NULL), 0);
    cleat_destroy(cleat);
}

TEST(two_runtimes_share_a_signal)
{
    struct cleat *one = cleat_create(NULL), *two = cleat_create(NULL);
    CHECK_INT(cleat_handle_signals(one), 0);
    CHECK_INT(cleat_handle_signals(two), 0);
    CHECK_INT(cleat_handle_signals(two), 0);
    CHECK_INT(cleat_load_source(two, "wait.js", "setTimeout(() => {}, 10000);", 0, NULL), 0);
    raise(SIGINT);
    CHECK_INT(cleat_run(two), 128 + SIGINT);
    CHECK_INT(cleat_exit_signal(two), SIGINT);
    cleat_destroy(two);
    cleat_destroy(one);
}

static int turns;

static void count_turn(uv_idle_t *idle)
{
    (void)idle;
    turns++;
}

TEST(destroying_does_not_run_the_loop_of_others)
{
    uv_loop_t loop;
    uv_idle_t idle;
    uv_loop_init(&loop);
    uv_idle_init(&loop, &idle);
    struct cleat *cleat = cleat_create(&(struct cleat_options){.loop = &loop});
    CHECK_INT(cleat_load_source(cleat, "app.js", "setInterval(() => {}, 1000);", 0, NULL), 0);
    cleat_stop(cleat, 7);
    CHECK_INT(cleat_run(cleat), 7);
    uv_idle_start(&idle, count_turn);
    cleat_destroy(cleat);
    CHECK(turns <= 4);
    uv_close((uv_handle_t *)&idle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0); /* nothing of the runtime was left on it */
}

int main(void)
{
    RUN(a_second_app_is_refused);
    RUN(a_name_is_exposed_once);
    RUN(two_runtimes_share_a_signal);
    RUN(destroying_does_not_run_the_loop_of_others);
    return check_done();
}
