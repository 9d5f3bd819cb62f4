/* tls_time.h - the clock that certificates are checked against: the system's, but never earlier than the time
 * when this program was built. A device without a battery starts in 1970, and checking nothing would be
 * worse. Not here: timers, which are on another clock. */
#ifndef CLEAT_IO_TLS_TIME_H
#define CLEAT_IO_TLS_TIME_H

#include <stdbool.h>
#include <time.h>

/* Seconds since 1970; also in *ret_time, unless that is NULL. */
time_t io_tls_time(time_t *ret_time);
/* When the program was built, in seconds since 1970. */
time_t io_tls_build_time(void);
/* Whether the system's clock is earlier than that, and so certainly wrong. */
bool io_tls_clock_is_wrong(void);

#endif
