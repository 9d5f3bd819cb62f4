/* test_tls_record.c - bytes over TLS once the handshake is over: amounts, back-pressure, ends and losses in
 * every order, and who owns a buffer when. Not here: handshakes (test_tls.c). */
/* links: bindings/tls.c bindings/tls_handshake.c bindings/tls_record.c bindings/tls_pool.c */
/* links: bindings/tls_session.c bindings/tls_config.c bindings/tls_error.c bindings/tls_time.c */
/* links: bindings/tls_random.c bindings/tls_trust.c bindings/tls_pem.c bindings/tls_built_in.c */
/* links: bindings/tls_certificate.c bindings/tls_name.c bindings/psa.c bindings/tcp.c */
/* links: bindings/net_provider.c bindings/net_option.c */
#include "tls_pair.h"

static struct pair pair;
static struct io_tls_config *clients[2], *servers[2]; /* of TLS 1.2 and 1.3 */
static uint8_t buffer[IO_TLS_READ_MIN];
static uint8_t data[1 << 20];

/* The body for TLS 1.2 and for 1.3, each with a connection that is open and idle. */
#define EACH_VERSION(version)                                                                                \
    for (int version = 0; version < 2 && open_idle(version); version++, pair_close(&pair))

static bool owns_nothing(const struct side *side)
{
    return side->tls->ssl.in_buf == NULL && side->tls->ssl.out_buf == NULL && side->tls->kept == NULL;
}

static bool open_idle(int version)
{
    pair_open(&pair, clients[version], servers[version]);
    CHECK_INT(side_read(&pair, &pair.client, buffer), -EAGAIN); /* tickets */
    CHECK_INT(side_read(&pair, &pair.server, buffer), -EAGAIN);
    CHECK(owns_nothing(&pair.client) && owns_nothing(&pair.server));
    return true;
}

/* Bytes on their way from a side, taken out of it. */
static size_t intercept(struct side *from, uint8_t *bytes, size_t size)
{
    size_t length = 0;
    ssize_t count;
    while (length < size && (count = recv(from->wire, bytes + length, size - length, 0)) > 0) {
        length += (size_t)count;
    }
    return length;
}

static void inject(struct side *to, const void *bytes, size_t size)
{
    CHECK_INT(send(to->wire, bytes, size, MSG_NOSIGNAL), size);
}

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16));
}

/* Sends `size` bytes of `data` and checks what arrives; both ends wait for their events. */
static int short_writes;
static void transfer(struct side *from, struct side *to, size_t size)
{
    size_t sent = 0, received = 0;
    short_writes = 0;
    bool can_write = true, can_read = true;
    for (int idle = 0;
         received < size && idle < 10 * PAIR_IDLE_TURNS;) { /* the kernel delays acknowledgements */
        if (can_write && sent < size) {
            ssize_t count = io_tls_write(from->tls, data + sent, size - sent);
            CHECK(count >= 0);
            sent += count > 0 ? (size_t)count : 0;
            short_writes += sent < size;
            CHECK(sent == size || from->tls->ssl.out_buf != NULL);
            can_write = from->writable = false;
        }
        while (can_read) {
            ssize_t count = io_tls_read(to->tls, buffer, sizeof(buffer));
            for (ssize_t i = 0; i < count; i++) {
                if (buffer[i] != data[received + (size_t)i]) {
                    printf("# byte %zu\n", received + (size_t)i);
                    CHECK(false);
                    return;
                }
            }
            CHECK(count > 0 || count == -EAGAIN);
            received += count > 0 ? (size_t)count : 0;
            can_read = count > 0 || io_tls_is_pending(to->tls);
            to->readable = false;
        }
        if (pair_turn(&pair)) {
            idle = 0;
        } else {
            idle++;
            poll(NULL, 0, 1);
        }
        can_write = can_write || from->writable;
        can_read = to->readable;
    }
    CHECK_INT(sent, size);
    CHECK_INT(received, size);
}

TEST(much_in_both_directions)
{
    EACH_VERSION(version)
    {
        transfer(&pair.client, &pair.server, sizeof(data));
        transfer(&pair.server, &pair.client, sizeof(data));
        pair.piece = 4099;
        transfer(&pair.client, &pair.server, 300000);
        CHECK_INT(side_read(&pair, &pair.server, buffer), -EAGAIN);
        CHECK(owns_nothing(&pair.client) && owns_nothing(&pair.server));
        CHECK(pair.pool->spare_count <= IO_TLS_SPARE_MAX);
    }
}

TEST(sizes_around_those_of_records)
{
    static const size_t sizes[] = {1, 2, 16383, 16384, 16385, 32768, 65535, 65536, 65537};
    EACH_VERSION(version)
    {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            transfer(&pair.client, &pair.server, sizes[i]);
            CHECK(owns_nothing(&pair.client) && owns_nothing(&pair.server));
        }
        CHECK_INT(io_tls_write(pair.client.tls, data, 0), 0);
        pair_settle(&pair);
        CHECK_INT(intercept(&pair.client, buffer, sizeof(buffer)), 0);
    }
}

TEST(one_byte_at_a_time)
{
    EACH_VERSION(version)
    {
        pair.piece = 1;
        transfer(&pair.client, &pair.server, 3000);
        transfer(&pair.server, &pair.client, 1000);
        CHECK(owns_nothing(&pair.client) && owns_nothing(&pair.server));
    }
}

/* Buffers are lent for each of them: the counters of records must not be lent with them. */
TEST(thousands_of_records)
{
    EACH_VERSION(version)
    {
        for (int i = 0; i < 2500; i++) {
            uint8_t byte = (uint8_t)i;
            CHECK_INT(io_tls_write(pair.client.tls, &byte, 1), 1);
            CHECK(owns_nothing(&pair.client));
            CHECK_INT(side_read(&pair, &pair.server, buffer), 1);
            CHECK(buffer[0] == byte && owns_nothing(&pair.server));
            if (i % 3 == 0) {
                CHECK_INT(io_tls_write(pair.server.tls, &byte, 1), 1);
                CHECK_INT(side_read(&pair, &pair.client, buffer), 1);
            }
        }
    }
}

TEST(half_a_record_has_a_buffer)
{
    EACH_VERSION(version)
    {
        side_write(&pair.client, "complete");
        size_t length = intercept(&pair.client, buffer, sizeof(buffer));
        for (size_t part = 1; part < length; part += 3) {
            uint8_t record[64];
            size_t size = length < sizeof(record) ? length : sizeof(record);
            memcpy(record, buffer, size);
            inject(&pair.server, record, part);
            CHECK_INT(side_read(&pair, &pair.server, buffer), -EAGAIN);
            CHECK(pair.server.tls->ssl.in_buf != NULL);
            CHECK(pair.server.tls->ssl.out_buf == NULL);
            side_write(&pair.server, "meanwhile");
            side_expect(&pair, &pair.client, "meanwhile");
            inject(&pair.server, record + part, size - part);
            side_expect(&pair, &pair.server, "complete");
            CHECK(owns_nothing(&pair.server));
            side_write(&pair.client, "complete");
            length = intercept(&pair.client, buffer, sizeof(buffer));
        }
    }
}

/* A read takes what was received, decrypts what fits, and keeps the rest. */
TEST(what_is_not_used_is_pending)
{
    EACH_VERSION(version)
    {
        for (int i = 0; i < 5; i++) {
            CHECK_INT(io_tls_write(pair.client.tls, data, 16000), 16000);
        }
        pair_settle(&pair);
        size_t received = 0;
        while (received < 80000) {
            ssize_t count = io_tls_read(pair.server.tls, buffer, sizeof(buffer));
            CHECK(count > 0 || !io_tls_is_pending(pair.server.tls));
            if (count <= 0 && !pair_wait(&pair, &pair.server.readable)) {
                break;
            }
            pair.server.readable = false;
            received += count > 0 ? (size_t)count : 0;
        }
        CHECK_INT(received, 80000);
        CHECK(!io_tls_is_pending(pair.server.tls));
    }
}

/* Whether the socket stays full. */
static bool is_stuck(struct side *side)
{
    for (int turns = 0; turns < 10 && !side->writable; turns++) {
        uv_run(&pair.loop, UV_RUN_NOWAIT);
        poll(NULL, 0, 1);
    }
    return !side->writable;
}

static void choke(struct side *side)
{
    int size = 1 << 12;
    setsockopt(side->tcp.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    setsockopt(side->wire, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    side->is_held = true;
}

/* Begins a record that the socket takes only in part; writes of the test take no more either, until the loop
 * has turned. What of it was told as written. */
static size_t fill(struct side *side)
{
    side->tcp.write_budget = 20000;
    ssize_t count = io_tls_write(side->tls, data, 50000);
    CHECK(count > 0 && count < 20000 && side->tcp.write_budget == 0);
    CHECK((side->tcp.waiting & UV_WRITABLE) != 0);
    CHECK(side->tls->writing > 0 && side->tls->ssl.out_left > 0);
    return (size_t)count;
}

/* Reads so many bytes, whatever they are. */
static void expect_count(struct side *side, size_t size)
{
    size_t received = 0;
    while (received < size) {
        ssize_t count = side_read(&pair, side, buffer);
        if (count <= 0) {
            CHECK_INT(count, 1);
            break;
        }
        received += (size_t)count;
    }
    CHECK_INT(received, size);
}

TEST(short_writes_are_taken_up_again)
{
    EACH_VERSION(version)
    {
        int small = 1 << 14;
        setsockopt(pair.client.tcp.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        pair.piece = 3001;
        transfer(&pair.client, &pair.server, 400000);
        CHECK(short_writes > 5);
        CHECK(owns_nothing(&pair.client));
    }
}

/* A record that is under way holds bytes that the app may have taken back: it is sent to its end,
 * and what is written next comes behind it. */
TEST(a_shortened_buffer)
{
    EACH_VERSION(version)
    {
        size_t sent = fill(&pair.client);
        size_t under_way = pair.client.tls->writing;
        CHECK(under_way > 0);
        pair.client.is_held = false;
        pair.client.writable = false;
        size_t received = 0;
        while (!pair.client.writable) {
            ssize_t count = io_tls_read(pair.server.tls, buffer, sizeof(buffer));
            received += count > 0 ? (size_t)count : 0;
            pair_turn(&pair);
        }
        CHECK_INT(io_tls_write(pair.client.tls, (const uint8_t *)"", 0), 0);
        CHECK(!io_tls_is_writing(pair.client.tls));
        side_write(&pair.client, "xy");
        expect_count(&pair.server, sent + under_way + 2 - received);
    }
}

/* Ends ------------------------------------------------------------------------------------------- */

TEST(half_closed_connections)
{
    EACH_VERSION(version)
    {
        side_write(&pair.client, "last words");
        CHECK_INT(io_tls_close_notify(pair.client.tls), 0);
        CHECK_INT(io_tls_close_notify(pair.client.tls), 0);
        CHECK_INT(io_tls_write(pair.client.tls, (const uint8_t *)"x", 1), -EPIPE);
        CHECK_INT(io_tcp_shutdown(&pair.client.tcp), 0);
        CHECK_INT(io_tls_write(pair.client.tls, (const uint8_t *)"x", 1), -EPIPE);
        side_expect(&pair, &pair.server, "last words");
        CHECK_INT(side_read(&pair, &pair.server, buffer), 0);
        CHECK_INT(io_tls_read(pair.server.tls, buffer, sizeof(buffer)), 0);
        CHECK(!io_tls_is_pending(pair.server.tls)); /* it has been told */
        /* The other direction goes on. */
        transfer(&pair.server, &pair.client, 100000);
        CHECK_INT(io_tls_close_notify(pair.server.tls), 0);
        CHECK_INT(side_read(&pair, &pair.client, buffer), 0);
        CHECK_INT(pair.client.tcp.error, 0);
        CHECK_INT(pair.server.tcp.error, 0);
        CHECK(owns_nothing(&pair.client) && owns_nothing(&pair.server));
    }
}

TEST(data_and_the_end_in_one_piece)
{
    EACH_VERSION(version)
    {
        pair.client.is_held = true;
        side_write(&pair.client, "and that is all");
        CHECK_INT(io_tls_close_notify(pair.client.tls), 0);
        io_tcp_shutdown(&pair.client.tcp);
        size_t length = intercept(&pair.client, buffer, sizeof(buffer));
        inject(&pair.server, buffer, length);
        shutdown(pair.server.wire, SHUT_WR);
        pair.server.readable = false;
        CHECK(pair_wait(&pair, &pair.server.readable) || true);
        side_expect(&pair, &pair.server, "and that is all");
        CHECK(io_tls_is_pending(pair.server.tls)); /* no event will come for it */
        CHECK_INT(io_tls_read(pair.server.tls, buffer, sizeof(buffer)), 0);
        CHECK(!io_tls_is_pending(pair.server.tls));
    }
}

TEST(nothing_counts_after_the_end)
{
    EACH_VERSION(version)
    {
        CHECK_INT(io_tls_close_notify(pair.client.tls), 0);
        pair_settle(&pair);
        inject(&pair.server, "garbage", 7);
        pair_settle(&pair);
        CHECK_INT(side_read(&pair, &pair.server, buffer), 0);
        CHECK_INT(io_tls_read(pair.server.tls, buffer, sizeof(buffer)), 0);
        CHECK(!io_tls_is_pending(pair.server.tls));
        side_write(&pair.server, "still");
        side_expect(&pair, &pair.client, "still");
    }
}

TEST(an_end_without_close_notify_is_truncated)
{
    EACH_VERSION(version)
    {
        side_write(&pair.client, "first");
        pair_settle(&pair);
        shutdown(pair.server.wire, SHUT_WR);
        pair.client.is_held = true;
        side_expect(&pair, &pair.server, "first");
        CHECK_INT(side_read(&pair, &pair.server, buffer), IO_TLS_TRUNCATED);
        CHECK_INT(io_tls_read(pair.server.tls, buffer, sizeof(buffer)), IO_TLS_TRUNCATED);
        CHECK_INT(io_tls_write(pair.server.tls, data, 1), IO_TLS_TRUNCATED);
        CHECK_INT(io_tls_close_notify(pair.server.tls), IO_TLS_TRUNCATED);
    }
    EACH_VERSION(version) /* in the middle of a record */
    {
        pair.client.is_held = true;
        side_write(&pair.client, "first");
        size_t length = intercept(&pair.client, buffer, sizeof(buffer));
        inject(&pair.server, buffer, length - 1);
        shutdown(pair.server.wire, SHUT_WR);
        CHECK_INT(side_read(&pair, &pair.server, buffer), IO_TLS_TRUNCATED);
    }
}

/* The socket is full: the record that is under way comes first, then close_notify. */
TEST(close_notify_waits_for_the_socket)
{
    EACH_VERSION(version)
    {
        size_t sent = fill(&pair.client);
        size_t under_way = pair.client.tls->writing, received = 0;
        CHECK_INT(io_tls_close_notify(pair.client.tls), -EAGAIN);
        bool is_done = false;
        ssize_t count = 1;
        for (int idle = 0; count != 0 && idle < 4 * PAIR_IDLE_TURNS; idle++) {
            idle = pair_turn(&pair) ? 0 : idle;
            if (pair.client.writable && !is_done) {
                pair.client.writable = false;
                int error = io_tls_close_notify(pair.client.tls);
                CHECK(error == 0 || error == -EAGAIN);
                is_done = error == 0;
            }
            count = io_tls_read(pair.server.tls, buffer, sizeof(buffer));
            CHECK(count >= 0 || count == -EAGAIN);
            received += count > 0 ? (size_t)count : 0;
        }
        CHECK(is_done);
        CHECK_INT(count, 0);
        CHECK_INT(received, sent + under_way);
        CHECK_INT(io_tls_close_notify(pair.client.tls), 0);
        CHECK(owns_nothing(&pair.client));
        pair_settle(&pair);
        CHECK_INT(recv(pair.client.wire, buffer, 1, 0), -1); /* one alert, and no second */
    }
}

/* Losses ----------------------------------------------------------------------------------------- */

static void fails_with_protocol(struct side *side, struct side *peer)
{
    struct io_tls_info info;
    CHECK_INT(side_read(&pair, side, buffer), IO_TLS_PROTOCOL);
    CHECK_INT(io_tls_read(side->tls, buffer, sizeof(buffer)), IO_TLS_PROTOCOL);
    CHECK_INT(io_tls_write(side->tls, data, 1), IO_TLS_PROTOCOL);
    CHECK_INT(side_read(&pair, peer, buffer), IO_TLS_ALERT);
    CHECK_INT(io_tls_write(peer->tls, data, 1), IO_TLS_ALERT);
    io_tls_info(peer->tls, &info);
    CHECK(strcmp(io_tls_alert_name(info.alert), "bad_record_mac") == 0 ||
          strcmp(io_tls_alert_name(info.alert), "unexpected_message") == 0 ||
          strcmp(io_tls_alert_name(info.alert), "record_overflow") == 0);
}

TEST(garbage_is_answered_with_an_alert)
{
#define GARBAGE(text)                                                                                        \
    {                                                                                                        \
        text, sizeof(text) - 1                                                                               \
    }
    static const struct {
        const char *bytes;
        size_t length;
    } garbage[] = {
        GARBAGE("HTTP/1.1 400 Bad Request\r\n"),
        GARBAGE("\x17\x03\x03\xff\xff oversized"),
        GARBAGE("\x17\x03\x03\x00\x01z"),
        GARBAGE("\x17\x03\x03\x00\x00"),
        GARBAGE("\x16\x03\x03\x00\x04\x01\x00\x00\x00"),
        GARBAGE("\x17\x03\x03\x00\x20 this is not what was agreed on."),
        GARBAGE("\x80\x03\x03\x00\x04 ???"),
    };
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        for (int from_client = 0; from_client < 2; from_client++) {
            EACH_VERSION(version)
            {
                struct side *side = from_client ? &pair.server : &pair.client;
                inject(side, garbage[i].bytes, garbage[i].length);
                fails_with_protocol(side, from_client ? &pair.client : &pair.server);
            }
        }
    }
}

TEST(each_byte_of_a_record_counts)
{
    for (size_t at = 0; at < 30; at++) {
        EACH_VERSION(version)
        {
            uint8_t record[64];
            side_write(&pair.client, "genuine");
            size_t length = intercept(&pair.client, record, sizeof(record));
            CHECK(length >= 29);
            if (at < length) {
                record[at] ^= 1;
                inject(&pair.server, record, length);
                ssize_t count = side_read(&pair, &pair.server, buffer);
                /* The version of the header is not read in TLS 1.3, a longer record not complete. */
                CHECK(count == IO_TLS_PROTOCOL || (at == 1 || at == 2 || at == 3 || at == 4));
                CHECK(count == -EAGAIN || count == IO_TLS_PROTOCOL || count == 7);
            }
        }
    }
}

TEST(records_that_are_repeated_or_left_out)
{
    EACH_VERSION(version)
    {
        side_write(&pair.client, "once");
        size_t length = intercept(&pair.client, buffer, sizeof(buffer));
        inject(&pair.server, buffer, length);
        inject(&pair.server, buffer, length);
        side_expect(&pair, &pair.server, "once");
        fails_with_protocol(&pair.server, &pair.client);
    }
    EACH_VERSION(version)
    {
        side_write(&pair.client, "lost");
        CHECK(intercept(&pair.client, buffer, sizeof(buffer)) > 4);
        side_write(&pair.client, "found");
        fails_with_protocol(&pair.server, &pair.client);
    }
}

/* Data before garbage is told first. */
TEST(data_before_a_loss_comes_first)
{
    EACH_VERSION(version)
    {
        side_write(&pair.client, "good");
        pair_settle(&pair);
        inject(&pair.server, "not good", 8);
        side_expect(&pair, &pair.server, "good");
        fails_with_protocol(&pair.server, &pair.client);
    }
}

TEST(an_abort_stays)
{
    EACH_VERSION(version)
    {
        io_tls_abort(pair.client.tls, IO_TLS_PROTOCOL);
        io_tls_abort(pair.client.tls, -ETIMEDOUT);
        CHECK_INT(io_tls_read(pair.client.tls, buffer, sizeof(buffer)), IO_TLS_PROTOCOL);
        CHECK_INT(io_tls_write(pair.client.tls, data, 1), IO_TLS_PROTOCOL);
        CHECK_INT(io_tls_close_notify(pair.client.tls), IO_TLS_PROTOCOL);
        CHECK(io_tls_is_pending(pair.client.tls));
    }
}

/* As on a plain connection: the answer of a server that then hung up. */
TEST(a_failed_write_leaves_what_was_received)
{
    EACH_VERSION(version)
    {
        pair.server.is_held = true;
        side_write(&pair.server, "no more, please");
        size_t length = intercept(&pair.server, buffer, sizeof(buffer));
        inject(&pair.client, buffer, length);
        loopback_reset(pair.client.wire);
        pair.client.wire = -1;
        ssize_t count = io_tls_write(pair.client.tls, data, 1);
        CHECK(count == -ECONNRESET || count == -EPIPE);
        side_expect(&pair, &pair.client, "no more, please");
        CHECK_INT(side_read(&pair, &pair.client, buffer), count);
        CHECK_INT(io_tls_write(pair.client.tls, data, 1), count);
    }
}

TEST(a_reset)
{
    EACH_VERSION(version)
    {
        loopback_reset(pair.client.wire);
        pair.client.wire = -1;
        CHECK_INT(side_read(&pair, &pair.client, buffer), -ECONNRESET);
        CHECK_INT(io_tls_write(pair.client.tls, data, 1), -ECONNRESET);
        CHECK_INT(io_tls_close_notify(pair.client.tls), -ECONNRESET);
    }
}

/* Odd peers -------------------------------------------------------------------------------------- */

/* Of the library's inside: sends what out_msg holds as one record. */
int mbedtls_ssl_write_record(mbedtls_ssl_context *ssl, int force_flush);

static void send_record(struct side *side, uint8_t type, const void *message, size_t length)
{
    mbedtls_ssl_context *ssl = &side->tls->ssl;
    CHECK_INT(io_tls_borrow(side->tls), 0);
    ssl->out_msgtype = type;
    ssl->out_msglen = length;
    memcpy(ssl->out_msg, message, length);
    CHECK_INT(mbedtls_ssl_write_record(ssl, 1), 0);
    io_tls_settle(side->tls);
}

enum { DATA = 23, ALERT = 21, HANDSHAKE = 22, CHANGE_CIPHER_SPEC = 20 };

/* RFC 8446 5.4: against traffic analysis. */
TEST(empty_records_are_no_end)
{
    EACH_VERSION(version)
    {
        for (int count = 1; count <= 3; count++) {
            for (int i = 0; i < count; i++) {
                send_record(&pair.client, DATA, "", 0);
            }
            CHECK_INT(side_read(&pair, &pair.server, buffer), -EAGAIN);
            side_write(&pair.client, "data");
            side_expect(&pair, &pair.server, "data");
            CHECK(owns_nothing(&pair.server));
        }
        for (int i = 0; i < 4; i++) { /* more in a row is an attack */
            send_record(&pair.client, DATA, "", 0);
        }
        CHECK_INT(side_read(&pair, &pair.server, buffer), IO_TLS_PROTOCOL);
    }
}

TEST(warnings_are_passed_over)
{
    EACH_VERSION(version)
    {
        send_record(&pair.client, ALERT, "\x01\x5a", 2); /* user_canceled */
        side_write(&pair.client, "later");
        side_expect(&pair, &pair.server, "later");
        CHECK(owns_nothing(&pair.server));
        send_record(&pair.client, ALERT, "\x02\x50", 2);
        CHECK_INT(side_read(&pair, &pair.server, buffer), IO_TLS_ALERT);
        CHECK_STR(io_tls_alert_name(pair.server.tls->alert), "internal_error");
    }
}

TEST(renegotiation_is_refused)
{
    pair_open(&pair, clients[0], servers[0]);
    for (int i = 0; i < 3; i++) {
        send_record(&pair.server, HANDSHAKE, "\0\0\0\0", 4); /* HelloRequest */
        side_write(&pair.server, "go on");
        side_expect(&pair, &pair.client, "go on");
        CHECK(owns_nothing(&pair.client));
        CHECK_INT(side_read(&pair, &pair.server, buffer), -EAGAIN); /* no_renegotiation */
        side_write(&pair.client, "yes");
        side_expect(&pair, &pair.server, "yes");
    }
    pair_close(&pair);
}

/* The refusal takes the rest of a record along, which must not be sent again, nor reading stop. */
TEST(renegotiation_is_refused_though_the_socket_is_full)
{
    pair_open(&pair, clients[0], servers[0]);
    size_t sent = fill(&pair.client), under_way = pair.client.tls->writing;
    for (int i = 0; i < 3; i++) {
        send_record(&pair.server, HANDSHAKE, "\0\0\0\0", 4);
    }
    side_write(&pair.server, "go on");
    pair_settle(&pair);
    pair.client.tcp.write_budget = 0;
    CHECK_INT(io_tls_read(pair.client.tls, buffer, sizeof(buffer)), 5);
    CHECK(memcmp(buffer, "go on", 5) == 0);
    CHECK(pair.client.tls->ssl.out_left > 0);
    send_record(&pair.server, HANDSHAKE, "\0\0\0\0", 4);
    CHECK_INT(side_read(&pair, &pair.client, buffer), -EAGAIN);
    CHECK_INT(pair.client.tls->ssl.out_left, 0);
    CHECK_INT(io_tls_write(pair.client.tls, data, under_way), under_way);
    side_write(&pair.client, "the last ones");
    expect_count(&pair.server, sent + under_way + strlen("the last ones"));
    pair_close(&pair);
}

/* The library does not look at a ticket before all that is being sent has gone. */
TEST(a_ticket_though_the_socket_is_full)
{
    pair_open(&pair, clients[1], servers[1]);
    size_t sent = fill(&pair.client), under_way = pair.client.tls->writing;
    side_write(&pair.server, "go on");
    pair_settle(&pair);
    pair.client.tcp.write_budget = 0;
    CHECK_INT(io_tls_read(pair.client.tls, buffer, sizeof(buffer)), -EAGAIN);
    CHECK(io_tls_is_pending(pair.client.tls));
    pair.client.writable = false;
    CHECK(pair_wait(&pair, &pair.client.writable));
    CHECK_INT(io_tls_read(pair.client.tls, buffer, sizeof(buffer)), 5);
    CHECK(memcmp(buffer, "go on", 5) == 0);
    CHECK_INT(io_tls_write(pair.client.tls, data, under_way), under_way);
    side_write(&pair.client, "the last ones");
    expect_count(&pair.server, sent + under_way + strlen("the last ones"));
    pair_close(&pair);
}

/* A ticket that may not be kept, which the library drops in silence, in the middle of a record: that is not
 * sent twice. */
TEST(a_ticket_to_be_dropped_though_the_socket_is_full)
{
    static const char ticket[] = "\x04\0\0\x0f\0\0\0\0\0\0\0\0\1\0\0\1t\0"; /* and a zero: 19 bytes */
    open_idle(1);
    size_t sent = fill(&pair.client), under_way = pair.client.tls->writing;
    send_record(&pair.server, HANDSHAKE, ticket, sizeof(ticket));
    pair_settle(&pair);
    pair.client.tcp.write_budget = 0;
    CHECK_INT(io_tls_read(pair.client.tls, buffer, sizeof(buffer)), -EAGAIN);
    CHECK(io_tls_is_pending(pair.client.tls));
    CHECK(pair.client.tls->ssl.out_left > 0);
    while (pair.client.tls->writing > 0) {
        pair.client.writable = false;
        CHECK(pair_wait(&pair, &pair.client.writable));
        CHECK(io_tls_write(pair.client.tls, data, under_way) >= 0);
    }
    side_write(&pair.client, "the last ones");
    expect_count(&pair.server, sent + under_way + strlen("the last ones"));
    CHECK_INT(side_read(&pair, &pair.server, buffer), -EAGAIN);
    pair_close(&pair);
}

/* An alert that is stuck alone: what is written next goes behind it. */
TEST(data_behind_an_alert_that_is_stuck)
{
    pair_open(&pair, clients[0], servers[0]);
    send_record(&pair.server, HANDSHAKE, "\0\0\0\0", 4);
    pair_settle(&pair);
    pair.client.tcp.write_budget = 10;
    CHECK_INT(io_tls_read(pair.client.tls, buffer, sizeof(buffer)), -EAGAIN);
    CHECK(pair.client.tls->ssl.out_left > 0 && pair.client.tls->ssl.out_buf != NULL);
    CHECK_INT(io_tls_write(pair.client.tls, (const uint8_t *)"important", 9), 0);
    CHECK(pair_wait(&pair, &pair.client.writable));
    side_write(&pair.client, "important");
    side_expect(&pair, &pair.server, "important");
    CHECK(owns_nothing(&pair.client));
    pair_close(&pair);
}

TEST(messages_that_must_not_come_any_more)
{
    EACH_VERSION(version)
    {
        send_record(&pair.client, HANDSHAKE, "\x0b\0\0\0", 4); /* Certificate */
        fails_with_protocol(&pair.server, &pair.client);
    }
    EACH_VERSION(version)
    {
        send_record(&pair.server, HANDSHAKE, "\x0e\0\0\0", 4); /* ServerHelloDone */
        fails_with_protocol(&pair.client, &pair.server);
    }
    /* RFC 8446 4.6.3 would have it; Mbed TLS 3.6 has no KeyUpdate, and the two sides must not go on. */
    pair_open(&pair, clients[1], servers[1]);
    CHECK_INT(side_read(&pair, &pair.client, buffer), -EAGAIN);
    send_record(&pair.client, HANDSHAKE, "\x18\0\0\1\0", 5);
    fails_with_protocol(&pair.server, &pair.client);
    pair_close(&pair);
}

/* Life ------------------------------------------------------------------------------------------- */

TEST(it_can_end_in_any_state)
{
    for (int state = 0; state < 6; state++) {
        EACH_VERSION(version)
        {
            switch (state) {
            case 0: /* idle */
                break;
            case 1: /* half a record received */
                side_write(&pair.client, "data");
                pair.client.is_held = true;
                CHECK(intercept(&pair.client, buffer, 10) == 10);
                inject(&pair.server, buffer, 10);
                CHECK_INT(side_read(&pair, &pair.server, buffer), -EAGAIN);
                break;
            case 2: /* half a record sent */
                fill(&pair.server);
                break;
            case 3: /* something kept */
                for (int i = 0; i < 6; i++) {
                    CHECK_INT(io_tls_write(pair.client.tls, data, 16000), 16000);
                }
                pair_settle(&pair);
                CHECK(io_tls_read(pair.server.tls, buffer, sizeof(buffer)) > 0);
                break;
            case 4: /* lost */
                io_tls_abort(pair.server.tls, -EIO);
                break;
            case 5: /* the socket is gone first */
                io_tcp_drop(&pair.server.tcp);
                while (!pair.server.closed) {
                    uv_run(&pair.loop, UV_RUN_NOWAIT);
                }
                break;
            default:
                break;
            }
            struct io_tls_info info;
            io_tls_end(pair.server.tls);
            io_tls_info(pair.server.tls, &info);
            CHECK(info.protocol[0] == 'T' && info.cipher[0] == 'T');
            CHECK(pair.server.tls->ssl.in_buf == NULL && pair.server.tls->config == NULL);
        }
    }
}

/* STARTTLS on a socket that has not got rid of its plain text yet. */
TEST(a_handshake_over_a_full_socket)
{
    for (int version = 0; version < 2; version++) {
        struct io_tls_target to_server = pair_target("server.example"), to_client = pair_target(NULL);
        pair_connect(&pair);
        struct side *sides[] = {&pair.client, &pair.server};
        size_t filled[2] = {0};
        for (int i = 0; i < 2; i++) {
            choke(sides[i]);
            do {
                sides[i]->writable = false;
                filled[i] += (size_t)io_tcp_write(&sides[i]->tcp, data, 10000);
            } while (!is_stuck(sides[i]));
        }
        CHECK_INT(io_tls_create(&pair.client.tcp, clients[version], pair.pool, &to_server, &pair.client.tls),
                  0);
        CHECK_INT(io_tls_create(&pair.server.tcp, servers[version], pair.pool, &to_client, &pair.server.tls),
                  0);
        /* The relay swallows the plain text of the client; the server's only when its flight is stuck. */
        for (int i = 0; i < 2; i++) {
            pair_shake(&pair);
            CHECK_INT(sides[i]->status, -EAGAIN);
            while (filled[i] > 0) {
                filled[i] -=
                    intercept(sides[i], buffer, filled[i] < sizeof(buffer) ? filled[i] : sizeof(buffer));
                uv_run(&pair.loop, UV_RUN_NOWAIT);
            }
            sides[i]->is_held = false;
        }
        for (int i = 0; i < 20; i++) {
            pair_shake(&pair); /* the kernel takes its time with a window that was closed */
        }
        CHECK_INT(pair.client.status, 0);
        CHECK_INT(pair.server.status, 0);
        if (pair.client.status == 0 && pair.server.status == 0) {
            side_write(&pair.server, "welcome");
            side_expect(&pair, &pair.client, "welcome");
        }
        pair_close(&pair);
    }
}

int main(void)
{
    alarm(300);
    pair_init(&pair);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = byte_at(i);
    }
    for (int i = 0; i < 2; i++) {
        clients[i] = pair_client(i == 0 ? PAIR_TLS12 : PAIR_TLS13);
        servers[i] = pair_server(i == 0 ? PAIR_TLS12 : PAIR_TLS13);
    }
    RUN(much_in_both_directions);
    RUN(sizes_around_those_of_records);
    RUN(one_byte_at_a_time);
    RUN(thousands_of_records);
    RUN(half_a_record_has_a_buffer);
    RUN(what_is_not_used_is_pending);
    RUN(short_writes_are_taken_up_again);
    RUN(a_shortened_buffer);
    RUN(half_closed_connections);
    RUN(data_and_the_end_in_one_piece);
    RUN(nothing_counts_after_the_end);
    RUN(an_end_without_close_notify_is_truncated);
    RUN(close_notify_waits_for_the_socket);
    RUN(garbage_is_answered_with_an_alert);
    RUN(each_byte_of_a_record_counts);
    RUN(records_that_are_repeated_or_left_out);
    RUN(data_before_a_loss_comes_first);
    RUN(an_abort_stays);
    RUN(a_failed_write_leaves_what_was_received);
    RUN(a_reset);
    RUN(empty_records_are_no_end);
    RUN(warnings_are_passed_over);
    RUN(renegotiation_is_refused);
    RUN(renegotiation_is_refused_though_the_socket_is_full);
    RUN(a_ticket_though_the_socket_is_full);
    RUN(a_ticket_to_be_dropped_though_the_socket_is_full);
    RUN(data_behind_an_alert_that_is_stuck);
    RUN(messages_that_must_not_come_any_more);
    RUN(it_can_end_in_any_state);
    RUN(a_handshake_over_a_full_socket);
    for (int i = 0; i < 2; i++) {
        io_tls_config_unref(clients[i]);
        io_tls_config_unref(servers[i]);
    }
    pair_done(&pair);
    return check_done();
}
