/* tls_time.c - see tls_time.h. */
#include "tls_time.h"

#ifndef CLEAT_BUILD_TIME
#error "CLEAT_BUILD_TIME is the time of the build in seconds since 1970"
#endif

time_t io_tls_build_time(void)
{
    return (time_t)CLEAT_BUILD_TIME;
}

bool io_tls_clock_is_wrong(void)
{
    return time(NULL) < io_tls_build_time();
}

time_t io_tls_time(time_t *ret_time)
{
    time_t now = io_tls_clock_is_wrong() ? io_tls_build_time() : time(NULL);
    if (ret_time != NULL) {
        *ret_time = now;
    }
    return now;
}
