/* tls_session.c - see tls_session.h. A list, newest first: it is short, and is looked at once for a
 * connection. */
#include "tls_session.h"

#include "tls_time.h"

#include <mbedtls/platform_util.h>

#include <stdlib.h>
#include <string.h>

struct entry {
    struct entry *next;
    uint8_t key[IO_TLS_SESSION_KEY];
    time_t until;
    struct io_tls_session session;
};

struct io_tls_sessions {
    struct entry *newest;
};

void io_tls_session_clear(struct io_tls_session *session)
{
    mbedtls_ssl_session_free(&session->session);
    free(session->certificate);
    session->certificate = NULL;
    session->certificate_length = 0;
}

struct io_tls_sessions *io_tls_sessions_create(void)
{
    return calloc(1, sizeof(struct io_tls_sessions));
}

/* Takes out and frees. */
static void drop(struct entry **at)
{
    struct entry *entry = *at;
    *at = entry->next;
    io_tls_session_clear(&entry->session);
    mbedtls_platform_zeroize(entry, sizeof(*entry));
    free(entry);
}

void io_tls_sessions_destroy(struct io_tls_sessions *sessions)
{
    if (sessions != NULL) {
        while (sessions->newest != NULL) {
            drop(&sessions->newest);
        }
        free(sessions);
    }
}

static bool is_of(const struct entry *entry, const uint8_t key[static IO_TLS_SESSION_KEY])
{
    return memcmp(entry->key, key, IO_TLS_SESSION_KEY) == 0;
}

/* Drops what is too much, or too old to be used. */
static void trim(struct io_tls_sessions *sessions, const uint8_t key[static IO_TLS_SESSION_KEY])
{
    size_t all = 0, same = 0;
    time_t now = io_tls_time(NULL);
    for (struct entry **at = &sessions->newest; *at != NULL;) {
        bool is_same = is_of(*at, key);
        if ((*at)->until <= now || all == IO_TLS_SESSIONS_MAX ||
            (is_same && same == IO_TLS_SESSIONS_PER_SERVER)) {
            drop(at);
        } else {
            all++;
            same += is_same;
            at = &(*at)->next;
        }
    }
}

void io_tls_sessions_add(struct io_tls_sessions *sessions, const uint8_t key[static IO_TLS_SESSION_KEY],
                         struct io_tls_session *session, uint32_t seconds)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL) {
        io_tls_session_clear(session); /* the next connection makes a full handshake */
        return;
    }
    memcpy(entry->key, key, IO_TLS_SESSION_KEY);
    entry->until = io_tls_time(NULL) +
                   (time_t)(seconds < IO_TLS_SESSION_SECONDS_MAX ? seconds : IO_TLS_SESSION_SECONDS_MAX);
    entry->session = *session;
    entry->next = sessions->newest;
    sessions->newest = entry;
    trim(sessions, key);
}

bool io_tls_sessions_take(struct io_tls_sessions *sessions, const uint8_t key[static IO_TLS_SESSION_KEY],
                          struct io_tls_session *ret_session)
{
    trim(sessions, key);
    for (struct entry **at = &sessions->newest; *at != NULL; at = &(*at)->next) {
        if (is_of(*at, key)) {
            struct entry *entry = *at;
            *at = entry->next;
            *ret_session = entry->session;
            mbedtls_platform_zeroize(entry, sizeof(*entry));
            free(entry);
            return true;
        }
    }
    return false;
}

size_t io_tls_sessions_count(const struct io_tls_sessions *sessions)
{
    size_t count = 0;
    for (const struct entry *entry = sessions->newest; entry != NULL; entry = entry->next) {
        count++;
    }
    return count;
}
