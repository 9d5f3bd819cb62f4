/* check.h - what a C unit test needs: CHECK and friends, TAP output, a count of failures. One executable per
 * file:
 *
 *     TEST(a_name_is_not_an_address)
 *     {
 *         CHECK(rt_host_parse("127.1", 5, &host) == -EINVAL);
 *     }
 *     int main(void)
 *     {
 *         RUN(a_name_is_not_an_address);
 *         return check_done();
 *     }
 *
 * A failed check is printed and the test goes on, so that one run shows every failure. Not here: fixtures,
 * mocks, process isolation. */
#ifndef CLEAT_CHECK_H
#define CLEAT_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_tests, check_failed_tests, check_failures;

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            check_failures++;                                                                                \
            printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                               \
        }                                                                                                    \
    } while (0)

/* Integers of any type; the message shows both values. */
#define CHECK_INT(actual, expected)                                                                          \
    do {                                                                                                     \
        long long check_actual = (long long)(actual), check_expected = (long long)(expected);                \
        if (check_actual != check_expected) {                                                                \
            check_failures++;                                                                                \
            printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #actual, check_actual,             \
                   check_expected);                                                                          \
        }                                                                                                    \
    } while (0)

/* Texts; NULL equals only NULL. */
#define CHECK_STR(actual, expected)                                                                          \
    do {                                                                                                     \
        const char *check_actual = (actual), *check_expected = (expected);                                   \
        if (check_actual == NULL || check_expected == NULL ? check_actual != check_expected                  \
                                                           : strcmp(check_actual, check_expected) != 0) {    \
            check_failures++;                                                                                \
            printf("# %s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #actual,                       \
                   check_actual != NULL ? check_actual : "(null)",                                           \
                   check_expected != NULL ? check_expected : "(null)");                                      \
        }                                                                                                    \
    } while (0)

#define TEST(name) static void test_##name(void)
#define RUN(name) check_run(#name, test_##name)

static inline void check_run(const char *name, void (*function)(void))
{
    int before = check_failures;
    function();
    check_tests++;
    check_failed_tests += check_failures != before;
    printf("%sok %d - ", check_failures == before ? "" : "not ", check_tests);
    for (const char *at = name; *at != '\0'; at++) {
        putchar(*at == '_' ? ' ' : *at);
    }
    putchar('\n');
    fflush(stdout);
}

/* A test that can't run here (no IPv6, not root): counted apart, never as passed. */
static inline void check_skip(const char *name, const char *reason)
{
    check_tests++;
    printf("ok %d - %s # SKIP %s\n", check_tests, name, reason);
}

/* Prints the plan; the exit status of main. */
static inline int check_done(void)
{
    printf("1..%d\n", check_tests);
    return check_tests == 0 || check_failed_tests != 0;
}

#endif
