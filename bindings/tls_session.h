/* tls_session.h - the sessions that TLS clients of one runtime can resume: a bounded cache of tickets with
 * the certificate of the server that each came from. A ticket is given out once (RFC 8446 C.4: clients should
 * not use one twice), and only for what has the same key: the same server, verified in the same way. Not
 * here: what goes into a key (tls.c), tickets of servers (tls_config.c). */
#ifndef CLEAT_IO_TLS_SESSION_H
#define CLEAT_IO_TLS_SESSION_H

#include <mbedtls/ssl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
    IO_TLS_SESSIONS_MAX = 32,       /* the least recently added goes; some 700 bytes and a certificate each */
    IO_TLS_SESSIONS_PER_SERVER = 2, /* what servers usually issue for one connection */
    IO_TLS_SESSION_KEY = 32,
    IO_TLS_SESSION_SECONDS_MAX = 604800, /* RFC 8446 4.6.1 */
};

struct io_tls_sessions;

struct io_tls_session {
    mbedtls_ssl_session session;
    uint8_t *certificate; /* DER of the server's; NULL: none */
    size_t certificate_length;
    time_t valid_until; /* of the chain that was verified: a session does not outlive it */
};

/* NULL: no memory. */
struct io_tls_sessions *io_tls_sessions_create(void);
/* Wipes and frees all of it; NULL is fine. */
void io_tls_sessions_destroy(struct io_tls_sessions *sessions);
/* Takes what `session` holds, whatever happens. `seconds`: how long it can be used. */
void io_tls_sessions_add(struct io_tls_sessions *sessions, const uint8_t key[static IO_TLS_SESSION_KEY],
                         struct io_tls_session *session, uint32_t seconds);
/* The newest of this key, now the caller's; false: none. */
bool io_tls_sessions_take(struct io_tls_sessions *sessions, const uint8_t key[static IO_TLS_SESSION_KEY],
                          struct io_tls_session *ret_session);
size_t io_tls_sessions_count(const struct io_tls_sessions *sessions);
/* Frees what a session holds. */
void io_tls_session_clear(struct io_tls_session *session);

#endif
