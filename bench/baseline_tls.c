/* baseline_tls.c - the TLS servers in plain C that others are compared with: what baseline_tcp.c is (one
 * thread, level-triggered epoll), with the library that Cleat is built with, used as its manual says. It
 * sends session tickets, keeps what the peer does not take and stops reading from it meanwhile, answers
 * close_notify by close_notify. Prints its port. Not here: what a server may add to the library (reading
 * ahead, buffers that shrink, joining the messages of a handshake). */
#include "bindings/tls_random.h"
#include <arpa/inet.h>
#include <errno.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>
#include <netinet/tcp.h>
#include <psa/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 1024,
    RECORD_SIZE = 16384, /* the longest that TLS has: what one read may give */
    CHUNK_SIZE = 65536,  /* of a write when sending much */
    MIB = 1 << 20,
    BACKLOG = 4096,           /* as many as SOMAXCONN allows on a usual Linux */
    TICKET_LIFETIME_S = 7200, /* half of it, and the key changes */
    PEM_SIZE_MAX = 1 << 16,   /* of a certificate or a key */
};

struct connection {
    int fd;
    mbedtls_ssl_context ssl;
    uint32_t events;         /* what is waited for */
    const uint8_t *out;      /* to be sent: `copy` or `chunk` */
    uint8_t *copy;           /* of what could not be echoed at once, or NULL */
    size_t length, position; /* of `out` */
    size_t owed;             /* source: bytes to send after `out` */
    size_t received;         /* sink: bytes of a MiB that is not whole yet */
};

static int epoll;
static mbedtls_ssl_config config;
static uint8_t chunk[CHUNK_SIZE];
/* What is done with `count` bytes that have come. False if it fails. */
static bool (*serve)(struct connection *connection, const uint8_t *bytes, size_t count);

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void watch(int operation, int fd, void *data, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    if (epoll_ctl(epoll, operation, fd, &event) < 0) {
        fail("epoll_ctl");
    }
}

static void wait_for(struct connection *connection, uint32_t events)
{
    if (events != connection->events) {
        connection->events = events;
        watch(EPOLL_CTL_MOD, connection->fd, connection, events);
    }
}

static int on_send(void *context, const unsigned char *bytes, size_t size)
{
    ssize_t count = send(((struct connection *)context)->fd, bytes, size, MSG_NOSIGNAL);
    if (count >= 0) {
        return (int)count;
    }
    return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int on_receive(void *context, unsigned char *bytes, size_t size)
{
    ssize_t count = recv(((struct connection *)context)->fd, bytes, size, 0);
    if (count >= 0) {
        return (int)count;
    }
    return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static void drop(struct connection *connection)
{
    close(connection->fd);
    mbedtls_ssl_free(&connection->ssl);
    free(connection->copy);
    free(connection);
}

/* Connections until there are no more. Where descriptors or memory run out they wait in the backlog. */
static void accept_all(int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) {
                continue;
            }
            if (errno == EAGAIN || errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                errno == ENOMEM) {
                return;
            }
            fail("accept4");
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        struct connection *connection = calloc(1, sizeof(*connection));
        if (connection == NULL) {
            close(fd);
            return;
        }
        connection->fd = fd;
        mbedtls_ssl_init(&connection->ssl);
        if (mbedtls_ssl_setup(&connection->ssl, &config) != 0) {
            drop(connection);
            return;
        }
        mbedtls_ssl_set_bio(&connection->ssl, connection, on_send, on_receive, NULL);
        connection->events = EPOLLIN;
        watch(EPOLL_CTL_ADD, fd, connection, EPOLLIN);
    }
}

static bool is_wanting(int result)
{
    return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* Sends what there is. False if the connection is lost; what the kernel did not take is left in `out`. */
static bool flush(struct connection *connection)
{
    for (;;) {
        while (connection->position < connection->length) {
            int count = mbedtls_ssl_write(&connection->ssl, connection->out + connection->position,
                                          connection->length - connection->position);
            if (count < 0) {
                return is_wanting(count);
            }
            connection->position += (size_t)count;
        }
        free(connection->copy);
        connection->copy = NULL;
        connection->position = connection->length = 0;
        if (connection->owed == 0) {
            return true;
        }
        connection->out = chunk;
        connection->length = sizeof(chunk);
        connection->owed -= sizeof(chunk);
    }
}

static bool echo(struct connection *connection, const uint8_t *bytes, size_t count)
{
    connection->out = bytes;
    connection->position = 0;
    connection->length = count;
    if (!flush(connection)) {
        return false;
    }
    if (connection->length > 0) { /* the buffer is everybody's: the library wants the same bytes again */
        connection->length -= connection->position;
        connection->copy = malloc(connection->length);
        if (connection->copy == NULL) {
            return false;
        }
        memcpy(connection->copy, bytes + connection->position, connection->length);
        connection->out = connection->copy;
        connection->position = 0;
    }
    return true;
}

/* A MiB for each byte. */
static bool give(struct connection *connection, const uint8_t *bytes, size_t count)
{
    (void)bytes;
    connection->owed += count * MIB;
    return flush(connection);
}

/* A byte for each MiB. */
static bool take(struct connection *connection, const uint8_t *bytes, size_t count)
{
    (void)bytes;
    connection->received += count;
    if (connection->received < MIB) {
        return true;
    }
    connection->received -= MIB;
    return echo(connection, (const uint8_t *)"", 1);
}

static bool on_readable(struct connection *connection)
{
    static uint8_t buffer[RECORD_SIZE];
    do {
        int count = mbedtls_ssl_read(&connection->ssl, buffer, sizeof(buffer));
        if (count <= 0) {
            if (count == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
                mbedtls_ssl_close_notify(&connection->ssl);
            }
            return count < 0 && is_wanting(count);
        }
        if (!serve(connection, buffer, (size_t)count)) {
            return false;
        }
    } while (connection->length == 0 && mbedtls_ssl_check_pending(&connection->ssl) != 0);
    return true;
}

/* False if the connection is lost or done. */
static bool on_event(struct connection *connection)
{
    if (!mbedtls_ssl_is_handshake_over(&connection->ssl)) {
        int result = mbedtls_ssl_handshake(&connection->ssl);
        if (result != 0) {
            wait_for(connection, result == MBEDTLS_ERR_SSL_WANT_WRITE ? EPOLLOUT : EPOLLIN);
            return is_wanting(result);
        }
    }
    bool is_alive = connection->length > 0 ? flush(connection) : on_readable(connection);
    if (is_alive) {
        wait_for(connection, connection->length > 0 ? EPOLLOUT : EPOLLIN);
    }
    return is_alive;
}

static int listen_on_loopback(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        fail("listen");
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* Reads a file with its terminating null, which the library wants to see. */
static size_t read_pem(const char *path, unsigned char *buffer)
{
    FILE *file = fopen(path, "r");
    size_t size = file != NULL ? fread(buffer, 1, PEM_SIZE_MAX - 1, file) : 0;
    if (size == 0) {
        fail(path);
    }
    fclose(file);
    buffer[size] = '\0';
    return size + 1;
}

static void set_up_tls(const char *certificate_path, const char *key_path)
{
    static unsigned char pem[PEM_SIZE_MAX];
    static mbedtls_x509_crt certificate;
    static mbedtls_pk_context key;
    static mbedtls_ssl_ticket_context tickets;
    mbedtls_x509_crt_init(&certificate);
    mbedtls_pk_init(&key);
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_ticket_init(&tickets);
    bool is_ok = psa_crypto_init() == PSA_SUCCESS;
    is_ok = is_ok && mbedtls_x509_crt_parse(&certificate, pem, read_pem(certificate_path, pem)) == 0;
    is_ok =
        is_ok && mbedtls_pk_parse_key(&key, pem, read_pem(key_path, pem), NULL, 0, io_tls_random, NULL) == 0;
    is_ok = is_ok && mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                                 MBEDTLS_SSL_PRESET_DEFAULT) == 0;
    mbedtls_ssl_conf_rng(&config, io_tls_random, NULL);
    is_ok = is_ok && mbedtls_ssl_conf_own_cert(&config, &certificate, &key) == 0;
    is_ok = is_ok && mbedtls_ssl_ticket_setup(&tickets, io_tls_random, NULL, MBEDTLS_CIPHER_AES_128_GCM,
                                              TICKET_LIFETIME_S) == 0;
    if (!is_ok) {
        errno = EINVAL;
        fail("certificate or key");
    }
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &tickets);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        bool (*serve)(struct connection *connection, const uint8_t *bytes, size_t count);
    } modes[] = {{"tls-echo", echo}, {"tls-accept", echo}, {"tls-source", give}, {"tls-sink", take}};
    for (size_t i = 0; argc == 4 && i < sizeof(modes) / sizeof(modes[0]); i++) {
        serve = strcmp(argv[1], modes[i].name) == 0 ? modes[i].serve : serve;
    }
    if (serve == NULL) {
        fputs("usage: baseline_tls tls-echo|tls-accept|tls-source|tls-sink CERTIFICATE KEY\n", stderr);
        return 2;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (size_t i = 0; i < sizeof(chunk); i++) {
        chunk[i] = (uint8_t)i;
    }
    set_up_tls(argv[2], argv[3]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        fail("epoll_create1");
    }
    int listener = listen_on_loopback();
    watch(EPOLL_CTL_ADD, listener, NULL, EPOLLIN);
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        if (count < 0 && errno != EINTR) {
            fail("epoll_wait");
        }
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL) {
                accept_all(listener);
            } else if (!on_event(connection)) {
                drop(connection);
            }
        }
    }
}
