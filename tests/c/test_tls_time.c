/* links: bindings/tls_time.c */
/* test_tls_time.c - the clock of certificates has the time of the build for a floor. The system's clock is
 * replaced by one that the test sets. */
#include "bindings/tls_time.h"
#include "check.h"

static time_t system_time;

/* Instead of the C library's: the linker takes the one of the program. */
time_t time(time_t *ret_time)
{
    if (ret_time != NULL) {
        *ret_time = system_time;
    }
    return system_time;
}

TEST(the_time_of_the_build_is_of_this_age)
{
    CHECK(io_tls_build_time() > 1700000000); /* 2023 */
    CHECK_INT(io_tls_build_time(), io_tls_build_time());
}

TEST(a_clock_that_was_never_set_is_wrong)
{
    time_t now = -1;
    system_time = 0;
    CHECK(io_tls_clock_is_wrong());
    CHECK_INT(io_tls_time(&now), io_tls_build_time());
    CHECK_INT(now, io_tls_build_time());
    system_time = io_tls_build_time() - 1;
    CHECK(io_tls_clock_is_wrong());
    CHECK_INT(io_tls_time(NULL), io_tls_build_time());
}

TEST(a_clock_that_is_later_counts)
{
    time_t now = -1;
    system_time = io_tls_build_time();
    CHECK(!io_tls_clock_is_wrong());
    CHECK_INT(io_tls_time(NULL), system_time);
    system_time = io_tls_build_time() + 86400;
    CHECK(!io_tls_clock_is_wrong());
    CHECK_INT(io_tls_time(&now), system_time);
    CHECK_INT(now, system_time);
}

int main(void)
{
    RUN(the_time_of_the_build_is_of_this_age);
    RUN(a_clock_that_was_never_set_is_wrong);
    RUN(a_clock_that_is_later_counts);
    return check_done();
}
