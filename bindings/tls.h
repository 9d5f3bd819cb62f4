/* tls.h - TLS on one TCP connection: handshake, bytes in, bytes out, close_notify. It stands between a struct
 * io_tcp and its owner, has the same ways of reading and writing, and moves only when it is called; the owner
 * hands it the events of the socket. What it finds wrong becomes the error of the socket (tcp->error): an
 * errno or an enum io_tls_error. Not here: certificates and other settings (tls_config.h), time limits.
 *
 * Nothing that was received stays in the kernel's place: what a call did not use is kept, and is "pending".
 * An idle connection owns no record buffer: those are lent by the pool while a record is under way. Loop
 * thread only. Spec: RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2), RFC 6066 3 (server name), RFC 7301 (ALPN). */
#ifndef CLEAT_IO_TLS_H
#define CLEAT_IO_TLS_H

#include "tcp.h"
#include "tls_config.h"
#include "tls_error.h"

struct io_tls;
struct io_tls_pool;

/* Buffers and sessions of all connections of one loop. NULL: no memory. */
struct io_tls_pool *io_tls_pool_create(void);
/* After the last connection; NULL is fine. */
void io_tls_pool_destroy(struct io_tls_pool *pool);

struct io_tls_target {
    const char *name; /* of the peer, for its certificate and SNI; NULL: a server, whose peer needs none */
    int port;         /* sessions are resumed on the same port only */
    bool upgrades;    /* the connection has been used for plain text (STARTTLS) */
    const uint8_t *unread; /* what has been received already */
    size_t unread_length;
};

/* For an open socket. A server's or a client's, as the configuration is. 0 or -ENOMEM. */
int io_tls_create(struct io_tcp *tcp, struct io_tls_config *config, struct io_tls_pool *pool,
                  const struct io_tls_target *target, struct io_tls **ret_tls);
/* Whatever the owner wants to find again; NULL at first. */
void io_tls_set_data(struct io_tls *tls, void *data);
void *io_tls_data(const struct io_tls *tls);
/* Wipes and frees everything but what io_tls_info() tells; the socket may be gone. Twice is fine. */
void io_tls_end(struct io_tls *tls);
/* NULL is fine. */
void io_tls_destroy(struct io_tls *tls);

/* Goes on as far as possible. 0: done; -EAGAIN: an event of the socket is awaited; else it failed, and the
 * peer was told where TLS has a way to. */
int io_tls_handshake(struct io_tls *tls);
/* Makes it fail with an error: the time is over, say. */
void io_tls_abort(struct io_tls *tls, int error);

/* As io_tcp_read(), after the handshake: bytes, 0 after the peer's close_notify, -EAGAIN, or why the
 * connection is lost. `size` is at least IO_TLS_READ_MIN. */
enum { IO_TLS_READ_MIN = 64 << 10 };
ssize_t io_tls_read(struct io_tls *tls, uint8_t *buffer, size_t size);
/* Whether io_tls_read() has something to tell without an event of the socket; right after -EAGAIN: with
 * IO_TCP_WRITABLE. */
bool io_tls_is_pending(const struct io_tls *tls);
/* As io_tcp_write(). What is offered again after a short count must begin with the same bytes. */
ssize_t io_tls_write(struct io_tls *tls, const uint8_t *data, size_t size);
/* Whether a record is under way, to whose end io_tls_write() has to be called even with nothing left to
 * offer. */
bool io_tls_is_writing(const struct io_tls *tls);
/* Sends close_notify: nothing can be written any more. 0, -EAGAIN: IO_TCP_WRITABLE follows, call it again;
 * else the connection is lost. */
int io_tls_close_notify(struct io_tls *tls);

struct io_tls_info {
    const char *protocol;       /* "TLSv1.3" */
    const char *cipher;         /* its IANA name */
    const char *alpn;           /* NULL: none */
    const uint8_t *certificate; /* of the peer, DER; NULL: it showed none */
    size_t certificate_length;
    bool resumed;
    uint8_t alert; /* which the peer sent, of IO_TLS_ALERT */
};

/* After the handshake. Valid until io_tls_destroy(). */
void io_tls_info(const struct io_tls *tls, struct io_tls_info *ret_info);

#endif
