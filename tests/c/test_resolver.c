/* test_resolver.c - names through a resolver of the test's own: answers, timeouts, cancelling in every state,
 * limits. One lookup goes to the system, for a name that needs no server. */
/* links: bindings/resolver.c */
#include "bindings/resolver.h"
#include "check.h"
#include "loopback.h"

#include <pthread.h>
#include <stdatomic.h>

static uv_loop_t loop;
static struct io_resolver *resolver;
static int done, status;
static size_t count;
static struct sockaddr_storage addresses[IO_LOOKUP_ADDRESSES_MAX];

/* The stand-in: names say what happens. "slow…" waits until the gate opens. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_open = true;
static int inside, inside_most, calls, flags;

static void set_gate(bool open)
{
    pthread_mutex_lock(&mutex);
    gate_open = open;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void wait_inside(int number)
{
    pthread_mutex_lock(&mutex);
    while (inside != number) {
        pthread_cond_wait(&changed, &mutex);
    }
    pthread_mutex_unlock(&mutex);
}

static int calls_so_far(void)
{
    pthread_mutex_lock(&mutex);
    int number = calls;
    pthread_mutex_unlock(&mutex);
    return number;
}

static int numeric(const char *text, struct addrinfo **ret_list)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    return getaddrinfo(text, NULL, &hints, ret_list);
}

static int stand_in(const char *node, const char *service, const struct addrinfo *hints,
                    struct addrinfo **ret_list)
{
    struct addrinfo *list = NULL;

    (void)service;
    pthread_mutex_lock(&mutex);
    calls++;
    flags = hints->ai_flags;
    inside++;
    inside_most = inside > inside_most ? inside : inside_most;
    pthread_cond_broadcast(&changed);
    while (strncmp(node, "slow", 4) == 0 && !gate_open) {
        pthread_cond_wait(&changed, &mutex);
    }
    inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);

    if (strcmp(node, "missing.example") == 0) {
        return EAI_NONAME;
    }
    if (strcmp(node, "later.example") == 0) {
        return EAI_AGAIN;
    }
    if (strcmp(node, "broken.example") == 0) {
        errno = EMFILE;
        return EAI_SYSTEM;
    }
    numeric("192.0.2.1", &list);
    *ret_list = list;
    if (strcmp(node, "many.example") == 0) {
        for (int i = 0; i < 50; i++) {
            char text[20];
            snprintf(text, sizeof(text), "192.0.2.%d", 1 + i / 2); /* each twice */
            numeric(text, &list->ai_next);
            list = list->ai_next;
        }
    }
    return 0;
}

static void callback(void *owner, int result, const struct sockaddr_storage *list, size_t length)
{
    CHECK(owner == &done);
    done++;
    status = result;
    count = length;
    CHECK((result == 0) == (length > 0));
    if (length > 0) {
        memcpy(addresses, list, length * sizeof(list[0]));
    }
}

static struct io_lookup *start(const char *name, int family, unsigned timeout)
{
    struct io_lookup *lookup = NULL;

    done = 0;
    CHECK_INT(io_lookup_start(resolver, name, family, timeout, callback, &done, &lookup), 0);
    CHECK_INT(done, 0); /* never from inside */
    return lookup;
}

static int look_up(const char *name, int family)
{
    start(name, family, 0);
    CHECK(loopback_run(&loop, &done));
    CHECK_INT(done, 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK(!uv_loop_alive(&loop));
    return status;
}

TEST(answers_from_another_thread)
{
    CHECK_INT(look_up("host.example", AF_UNSPEC), 0);
    CHECK_INT(count, 1);
    CHECK_INT(((struct sockaddr_in *)&addresses[0])->sin_addr.s_addr, inet_addr("192.0.2.1"));
    CHECK_INT(flags, AI_ADDRCONFIG);
    CHECK_INT(look_up("host.example", AF_INET), 0);
    CHECK_INT(flags, 0);
}

TEST(errors_have_numbers_that_do_not_depend_on_the_c_library)
{
    CHECK_INT(look_up("missing.example", AF_UNSPEC), UV_EAI_NONAME);
    CHECK_INT(look_up("later.example", AF_UNSPEC), UV_EAI_AGAIN);
    CHECK_INT(look_up("broken.example", AF_UNSPEC), -EMFILE);
}

TEST(addresses_are_unique_and_bounded)
{
    CHECK_INT(look_up("many.example", AF_UNSPEC), 0);
    CHECK_INT(count, 25);
}

TEST(localhost_never_leaves_the_host)
{
    int before = calls_so_far();

    CHECK_INT(look_up("localhost", AF_UNSPEC), 0);
    CHECK_INT(count, 2);
    CHECK_INT(addresses[0].ss_family, AF_INET);
    CHECK_INT(addresses[1].ss_family, AF_INET6);
    CHECK_INT(look_up("app.localhost", AF_INET6), 0);
    CHECK_INT(count, 1);
    CHECK(IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&addresses[0])->sin6_addr));
    CHECK_INT(calls_so_far(), before);
    CHECK_INT(look_up("notlocalhost", AF_INET), 0);
    CHECK_INT(look_up("localhost.example", AF_INET), 0);
    CHECK_INT(calls_so_far(), before + 2);
    io_lookup_cancel(start("localhost", AF_UNSPEC, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(done, 0);
}

TEST(an_address_is_its_own_answer)
{
    struct sockaddr_storage address = loopback_address(0);
    struct io_lookup *lookup = NULL;
    int before = calls_so_far();

    done = 0;
    CHECK_INT(io_lookup_start_address(resolver, (struct sockaddr *)&address, callback, &done, &lookup), 0);
    CHECK_INT(done, 0);
    CHECK(loopback_run(&loop, &done));
    CHECK_INT(count, 1);
    CHECK(memcmp(&addresses[0], &address, sizeof(struct sockaddr_in)) == 0);
    CHECK_INT(calls_so_far(), before);
}

TEST(a_timeout_does_not_wait_for_the_server)
{
    set_gate(false);
    start("slow.example", AF_UNSPEC, 30);
    CHECK(loopback_run(&loop, &done));
    CHECK_INT(status, -ETIMEDOUT);
    uv_run(&loop, UV_RUN_DEFAULT); /* returns: the thread that is stuck does not hold the loop */
    set_gate(true);
    wait_inside(0);
    CHECK_INT(look_up("host.example", AF_UNSPEC), 0);
    CHECK_INT(done, 1);
}

TEST(cancelled_lookups_never_answer)
{
    struct io_lookup *lookups[IO_RESOLVER_THREADS_MAX + 2];

    set_gate(false);
    for (int i = 0; i < IO_RESOLVER_THREADS_MAX + 2; i++) {
        lookups[i] = start("slow.example", AF_UNSPEC, 0);
    }
    wait_inside(IO_RESOLVER_THREADS_MAX);
    io_lookup_cancel(lookups[0]);                           /* running */
    io_lookup_cancel(lookups[IO_RESOLVER_THREADS_MAX + 1]); /* last in line */
    done = 0;
    set_gate(true);
    wait_inside(0);
    usleep(10000);
    io_lookup_cancel(lookups[1]); /* most likely answered, not told */
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(done, IO_RESOLVER_THREADS_MAX - 1);
}

TEST(threads_are_few_and_the_line_moves)
{
    set_gate(false);
    inside_most = 0;
    for (int i = 0; i < 50; i++) {
        start("slow.example", AF_UNSPEC, 0);
    }
    wait_inside(IO_RESOLVER_THREADS_MAX);
    set_gate(true);
    done = 0;
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(done, 50);
    CHECK_INT(inside_most, IO_RESOLVER_THREADS_MAX);
}

TEST(too_many_lookups_are_refused)
{
    struct io_lookup *lookup;

    set_gate(false);
    for (int i = 0; i < IO_LOOKUPS_MAX; i++) {
        start("slow.example", AF_UNSPEC, 0);
    }
    CHECK_INT(io_lookup_start(resolver, "slow.example", AF_UNSPEC, 0, callback, &done, &lookup), -ENOBUFS);
    set_gate(true);
    done = 0;
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(done, IO_LOOKUPS_MAX);
    CHECK_INT(look_up("host.example", AF_UNSPEC), 0);
}

TEST(the_system_is_asked)
{
    io_resolver_getaddrinfo = getaddrinfo;
    CHECK_INT(look_up("192.0.2.7", AF_INET),
              0); /* a name for this file; getaddrinfo() needs no server for it */
    CHECK_INT(((struct sockaddr_in *)&addresses[0])->sin_addr.s_addr, inet_addr("192.0.2.7"));
    io_resolver_getaddrinfo = stand_in;
}

TEST(a_destroyed_resolver_ends_with_its_last_lookup)
{
    struct io_lookup *lookups[IO_RESOLVER_THREADS_MAX + 2];

    set_gate(false);
    for (int i = 0; i <= IO_RESOLVER_THREADS_MAX; i++) {
        lookups[i] = start("slow.example", AF_UNSPEC, 0);
    }
    lookups[IO_RESOLVER_THREADS_MAX + 1] = start("localhost", AF_UNSPEC, 0);
    wait_inside(IO_RESOLVER_THREADS_MAX);
    CHECK(io_resolver_destroy(resolver) == NULL);
    for (int i = 0; i <= IO_RESOLVER_THREADS_MAX + 1; i++) {
        io_lookup_cancel(lookups[i]);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(done, 0);
    CHECK_INT(uv_loop_close(&loop), 0);
    set_gate(true);
    wait_inside(0);
    usleep(20000); /* the threads free what was left to them */
    CHECK(io_resolver_destroy(NULL) == NULL);
}

int main(void)
{
    uv_loop_init(&loop);
    io_resolver_getaddrinfo = stand_in;
    CHECK_INT(io_resolver_create(&loop, &resolver), 0);
    RUN(answers_from_another_thread);
    RUN(errors_have_numbers_that_do_not_depend_on_the_c_library);
    RUN(addresses_are_unique_and_bounded);
    RUN(localhost_never_leaves_the_host);
    RUN(an_address_is_its_own_answer);
    RUN(a_timeout_does_not_wait_for_the_server);
    RUN(cancelled_lookups_never_answer);
    RUN(threads_are_few_and_the_line_moves);
    RUN(too_many_lookups_are_refused);
    RUN(the_system_is_asked);
    RUN(a_destroyed_resolver_ends_with_its_last_lookup);
    return check_done();
}
