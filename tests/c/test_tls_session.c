/* test_tls_session.c - the cache of sessions: how many it holds, which one it gives, when they are too old.
 * The clock is the test's own. */
/* links: bindings/tls_session.c */
#include "bindings/tls_session.h"
#include "bindings/tls_time.h"
#include "check.h"

#include <stdlib.h>

static time_t now = 1000000;

time_t io_tls_time(time_t *ret_time)
{
    if (ret_time != NULL) {
        *ret_time = now;
    }
    return now;
}

static const uint8_t *key_of(int number)
{
    static uint8_t key[IO_TLS_SESSION_KEY];
    memset(key, 0, sizeof(key));
    key[IO_TLS_SESSION_KEY - 1] = (uint8_t)number; /* the last byte counts too */
    return key;
}

/* The certificate tells one session from another. */
static void add(struct io_tls_sessions *sessions, int key, uint8_t mark, uint32_t seconds)
{
    struct io_tls_session session = {.certificate = malloc(3), .certificate_length = 3};
    mbedtls_ssl_session_init(&session.session);
    memset(session.certificate, mark, 3);
    io_tls_sessions_add(sessions, key_of(key), &session, seconds);
}

/* The mark of what is taken, -1: nothing. */
static int take(struct io_tls_sessions *sessions, int key)
{
    struct io_tls_session session = {0};
    if (!io_tls_sessions_take(sessions, key_of(key), &session)) {
        return -1;
    }
    CHECK_INT(session.certificate_length, 3);
    int mark = session.certificate[2];
    io_tls_session_clear(&session);
    CHECK(session.certificate == NULL);
    CHECK_INT(session.certificate_length, 0);
    return mark;
}

TEST(a_session_is_given_once)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    CHECK_INT(take(sessions, 1), -1);
    add(sessions, 1, 11, 60);
    CHECK_INT(io_tls_sessions_count(sessions), 1);
    CHECK_INT(take(sessions, 2), -1);
    CHECK_INT(take(sessions, 1), 11);
    CHECK_INT(take(sessions, 1), -1);
    CHECK_INT(io_tls_sessions_count(sessions), 0);
    io_tls_sessions_destroy(sessions);
}

TEST(two_of_a_server_the_newest_first)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    add(sessions, 1, 11, 60);
    add(sessions, 2, 21, 60);
    add(sessions, 1, 12, 60);
    add(sessions, 1, 13, 60);
    CHECK_INT(io_tls_sessions_count(sessions), 3);
    CHECK_INT(take(sessions, 1), 13);
    CHECK_INT(take(sessions, 1), 12);
    CHECK_INT(take(sessions, 1), -1);
    CHECK_INT(take(sessions, 2), 21);
    io_tls_sessions_destroy(sessions);
}

TEST(the_oldest_of_too_many_go)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    for (int key = 0; key < 40; key++) {
        add(sessions, key, (uint8_t)key, 60);
        CHECK_INT(io_tls_sessions_count(sessions), key < 32 ? key + 1 : 32);
    }
    CHECK_INT(take(sessions, 7), -1);
    for (int key = 8; key < 40; key++) {
        CHECK_INT(take(sessions, key), key);
    }
    CHECK_INT(io_tls_sessions_count(sessions), 0);
    io_tls_sessions_destroy(sessions);
}

TEST(what_is_left_of_a_full_cache_counts_each_server_anew)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    for (int key = 0; key < 16; key++) {
        add(sessions, key, 1, 60);
        add(sessions, key, 2, 60);
    }
    CHECK_INT(io_tls_sessions_count(sessions), 32);
    add(sessions, 3, 3, 60); /* in the place of the older one of the same, not of another */
    CHECK_INT(io_tls_sessions_count(sessions), 32);
    CHECK_INT(take(sessions, 0), 2);
    CHECK_INT(take(sessions, 0), 1);
    CHECK_INT(take(sessions, 3), 3);
    CHECK_INT(take(sessions, 3), 2);
    CHECK_INT(take(sessions, 3), -1);
    io_tls_sessions_destroy(sessions);
}

TEST(old_ones_are_not_given)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    time_t start = now;
    add(sessions, 1, 11, 60);
    add(sessions, 1, 12, 20);
    add(sessions, 2, 21, 20);
    now = start + 19;
    CHECK_INT(take(sessions, 2), 21);
    now = start + 20;
    CHECK_INT(take(sessions, 1), 11); /* the newer one is too old */
    add(sessions, 1, 13, 40);
    now = start + 60;
    CHECK_INT(take(sessions, 1), -1);
    CHECK_INT(io_tls_sessions_count(sessions), 0); /* looking drops them */
    add(sessions, 1, 14, 0);
    CHECK_INT(take(sessions, 1), -1);
    add(sessions, 3, 31, 10);
    now += 10;
    add(sessions, 4, 41, 10);
    CHECK_INT(io_tls_sessions_count(sessions), 1);
    io_tls_sessions_destroy(sessions);
}

TEST(no_ticket_is_good_for_more_than_a_week)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    time_t start = now;
    add(sessions, 1, 11, UINT32_MAX);
    add(sessions, 1, 12, 604801);
    now = start + 604799;
    CHECK_INT(take(sessions, 1), 12);
    now = start + 604800;
    CHECK_INT(take(sessions, 1), -1);
    io_tls_sessions_destroy(sessions);
}

/* The clock was wrong and has been set, backwards too. */
TEST(a_clock_that_jumps_loses_sessions_at_worst)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    time_t start = now;
    add(sessions, 1, 11, 60);
    now = start - 500000;
    CHECK_INT(take(sessions, 1), 11);
    add(sessions, 1, 12, 60);
    now = start + 500000;
    CHECK_INT(take(sessions, 1), -1);
    now = start;
    io_tls_sessions_destroy(sessions);
}

TEST(a_session_needs_no_certificate)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    struct io_tls_session session = {0}, taken;
    mbedtls_ssl_session_init(&session.session);
    io_tls_sessions_add(sessions, key_of(1), &session, 60);
    memset(&taken, 0xff, sizeof(taken));
    CHECK(io_tls_sessions_take(sessions, key_of(1), &taken));
    CHECK(taken.certificate == NULL && taken.certificate_length == 0);
    io_tls_session_clear(&taken);
    io_tls_session_clear(&taken); /* twice is fine */
    io_tls_sessions_destroy(sessions);
    io_tls_sessions_destroy(NULL);
}

/* What `take` leaves alone when it has nothing. */
TEST(nothing_found_is_nothing_written)
{
    struct io_tls_sessions *sessions = io_tls_sessions_create();
    struct io_tls_session before, taken;
    memset(&before, 0x5a, sizeof(before));
    taken = before;
    CHECK(!io_tls_sessions_take(sessions, key_of(1), &taken));
    CHECK(memcmp(&before, &taken, sizeof(taken)) == 0);
    io_tls_sessions_destroy(sessions);
}

int main(void)
{
    RUN(a_session_is_given_once);
    RUN(two_of_a_server_the_newest_first);
    RUN(the_oldest_of_too_many_go);
    RUN(what_is_left_of_a_full_cache_counts_each_server_anew);
    RUN(old_ones_are_not_given);
    RUN(no_ticket_is_good_for_more_than_a_week);
    RUN(a_clock_that_jumps_loses_sessions_at_worst);
    RUN(a_session_needs_no_certificate);
    RUN(nothing_found_is_nothing_written);
    return check_done();
}
