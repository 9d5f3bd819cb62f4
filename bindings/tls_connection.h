/* tls_connection.h - the inside of struct io_tls, for the three files that are its code: tls.c (life, bytes),
 * tls_handshake.c (the peer's certificate, sessions, errors) and tls_record.c (the socket, record buffers).
 * The private fields of the library that they touch are those of its record buffers and of its session; the
 * versions that are known to work are in cmake/third-party.json. */
#ifndef CLEAT_IO_TLS_CONNECTION_H
#define CLEAT_IO_TLS_CONNECTION_H

#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "tls.h"
#include "tls_pool.h"

/* Content type of a record (RFC 8446 5.1). */
enum { IO_TLS_TYPE_ALERT = 21, IO_TLS_TYPE_HANDSHAKE = 22 };

/* Only while the handshake lasts. */
struct io_tls_handshake {
    char *name;     /* NULL: the peer's certificate needs none */
    uint32_t flags; /* all that verification found */
    int deepest;    /* certificates above the peer's own */
    bool is_self_issued, pinned, upgrades;
    bool saw_certificate; /* the step of the server's certificate was done: no session is resumed */
    bool is_begun;        /* the first byte of the peer has been looked at */
    bool offered;         /* a session to resume */
};

struct io_tls {
    mbedtls_ssl_context ssl;
    struct io_tcp *tcp;
    struct io_tls_config *config;
    struct io_tls_pool *pool;
    void *data;                         /* the owner's */
    struct io_tls_handshake *handshake; /* NULL: over */
    /* What was received and not used: in the pool's buffer during a call, else a copy in `kept`. */
    const uint8_t *raw;
    size_t raw_length;
    uint8_t *kept;
    uint8_t in_counter[8]; /* of received records, while no buffer is lent for it */
    size_t writing;        /* plain text in the record that is under way */
    uint8_t *certificate;  /* the peer's */
    size_t certificate_length;
    time_t valid_until; /* the first certificate of its chain to expire does so then */
    uint8_t session_key[IO_TLS_SESSION_KEY];
    int cipher;
    uint16_t version;
    char *alpn;
    uint8_t alert;
    uint8_t out_message_offset; /* of what is sent behind the start of its initialisation vector */
    bool may_receive;           /* this call may ask the socket */
    bool is_starved;            /* it asked, and there was nothing */
    bool saw_end;               /* it asked, and there was FIN */
    bool write_lost;            /* sending failed; what came before that can still be read */
    bool resumed, peer_closed, notified, is_ended;
};

/* tls_record.c: callbacks of the library for the socket */
int io_tls_on_receive(void *context, unsigned char *buffer, size_t size);
int io_tls_on_send(void *context, const unsigned char *data, size_t size);
/* Gives the library buffers for the calls that follow. 0, or the error of the connection. */
int io_tls_borrow(struct io_tls *tls);
/* The end of each call: lends on what is not needed, and keeps what was received and not used. */
void io_tls_settle(struct io_tls *tls);
/* Those that the library made, which are a little smaller than ours. */
void io_tls_drop_buffers(mbedtls_ssl_context *ssl);
/* Makes it the error of the socket unless that has one, which is returned. */
int io_tls_fail_with(struct io_tls *tls, int error);

/* tls_handshake.c */
/* The name to verify and a session to resume. 0 or -ENOMEM. */
int io_tls_set_up_client(struct io_tls *tls, const struct io_tls_target *target);
/* Callback of the library for each certificate of a chain. */
int io_tls_on_verify(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);
void io_tls_end_handshake(struct io_tls *tls);
/* Offers the session for later connections. */
void io_tls_save_session(struct io_tls *tls);
/* What the library returned becomes the error of the connection, unless the socket had one before. */
int io_tls_fail(struct io_tls *tls, int result);

#endif
