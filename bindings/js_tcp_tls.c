/* js_tcp_tls.c - TLS on a TcpHandle: the handshake from its start to JS_TCP_OPEN, and the ends, where
 * close_notify comes before FIN. In between bytes go through js_tcp_read.c, js_tcp_write.c and js_tcp_pipe.c
 * as on any connection. Not here: TLS itself (tls.c), certificates and keys (js_tls.c).
 *
 * OWNERSHIP  owner: the TcpHandle owns a struct io_tls, the loop a timer from the handshake to the last event
 *            kept alive by: the TcpHandle
 *            freed when: the TcpHandle is; the timer when it has closed
 *            after close: tlsInfo() still answers
 *            thread: loop */
#include "js_tcp.h"
#include "js_tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    HANDSHAKE_MS_MAX = 600000, /* ten minutes: nobody wants to wait longer */
};

/* Beginning, time limit of the handshake, waking for what is pending, time limit of the end: one after the
 * other. */
struct js_tls_timer {
    uv_timer_t timer;
    struct js_tcp *tcp;
    int handshake; /* milliseconds; 0: has begun */
};

static uv_timer_t *timer_of(const struct js_tcp *tcp)
{
    return &((struct js_tls_timer *)io_tls_data(tcp->tls))->timer;
}

/* Handshake -------------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    struct js_tls_timer *tls_timer = (struct js_tls_timer *)timer;
    struct js_tcp *tcp = tls_timer->tcp;

    if (tcp->state == JS_TCP_STATE_CLOSING) { /* the peer does not take our close_notify */
        io_tcp_close(&tcp->io);
    } else if (tcp->state == JS_TCP_STATE_OPEN) {
        js_tcp_on_readable(tcp);
    } else if (tls_timer->handshake != 0) {
        uv_timer_start(timer, on_timer, (uint64_t)tls_timer->handshake, 0);
        tls_timer->handshake = 0;
        js_tls_advance(tcp);
    } else {
        io_tls_abort(tcp->tls, IO_TLS_HANDSHAKE_TIMEOUT);
        js_tls_advance(tcp);
    }
}

int js_tls_start(struct js_tcp *tcp, const struct js_tls_options *options)
{
    struct io_tls_pool *pool = js_net_tls_pool(tcp->net);
    struct js_tls_timer *tls_timer = pool != NULL ? malloc(sizeof(*tls_timer)) : NULL;
    if (tls_timer == NULL ||
        io_tls_create(&tcp->io, options->config, pool, &options->target, &tcp->tls) != 0) {
        free(tls_timer);
        return -ENOMEM;
    }
    tls_timer->tcp = tcp;
    tls_timer->handshake = options->timeout;
    uv_timer_init(rt_loop(tcp->net->rt), &tls_timer->timer);
    uv_timer_start(&tls_timer->timer, on_timer, 0, 0); /* its first step may already be its last */
    io_tls_set_data(tcp->tls, tls_timer);
    tcp->state = JS_TCP_STATE_HANDSHAKE;
    return 0;
}

void js_tls_advance(struct js_tcp *tcp)
{
    int error = io_tls_handshake(tcp->tls);
    if (error == -EAGAIN) {
        return;
    }
    uv_timer_stop(timer_of(tcp));
    if (error != 0) {
        js_tcp_lose(tcp, js_tcp_loss(tcp, error, "recv"));
        return;
    }
    tcp->state = JS_TCP_STATE_OPEN;
    js_tcp_tell(tcp, JS_TCP_OPEN, JS_UNDEFINED);
    if (tcp->state == JS_TCP_STATE_OPEN) {
        js_tcp_watch(tcp);
    }
}

void js_tls_wake(struct js_tcp *tcp)
{
    uv_timer_start(timer_of(tcp), on_timer, 0, 0);
}

/* Ends ------------------------------------------------------------------------------------------- */

int js_tls_shutdown(struct js_tcp *tcp)
{
    int error = io_tls_close_notify(tcp->tls);
    tcp->finishing = error == -EAGAIN;
    return error == 0 ? io_tcp_shutdown(&tcp->io) : tcp->finishing ? 0 : error;
}

void js_tls_close(struct js_tcp *tcp)
{
    bool is_open = tcp->state == JS_TCP_STATE_OPEN;
    if (tcp->state == JS_TCP_STATE_CLOSING) {
        return;
    }
    tcp->state = JS_TCP_STATE_CLOSING;
    if (!is_open) {
        io_tcp_drop(&tcp->io); /* nothing has been agreed on that could be ended in order */
    } else if (!tcp->io.finished && io_tls_close_notify(tcp->tls) == -EAGAIN) {
        uv_timer_start(timer_of(tcp), on_timer, IO_TCP_LINGER_MS, 0);
    } else {
        io_tcp_close(&tcp->io);
    }
}

bool js_tls_writable(struct js_tcp *tcp)
{
    if (!tcp->finishing && tcp->state != JS_TCP_STATE_CLOSING) {
        return false;
    }
    int error = io_tls_close_notify(tcp->tls);
    if (error == -EAGAIN) {
        return true;
    }
    tcp->finishing = false;
    if (tcp->state == JS_TCP_STATE_CLOSING) {
        io_tcp_close(&tcp->io);
    } else if (error == 0) {
        error = io_tcp_shutdown(&tcp->io);
    }
    if (error != 0 && tcp->state == JS_TCP_STATE_OPEN) {
        js_tcp_lose(tcp, js_tcp_loss(tcp, error, "shutdown"));
    }
    return true;
}

static void on_timer_closed(uv_handle_t *timer)
{
    free((struct js_tls_timer *)timer);
}

void js_tls_end(struct js_tcp *tcp)
{
    if (tcp->tls != NULL) {
        io_tls_end(tcp->tls);
        uv_close((uv_handle_t *)timer_of(tcp), on_timer_closed);
        io_tls_set_data(tcp->tls, NULL);
    }
}

void js_tls_free(struct js_tcp *tcp)
{
    io_tls_destroy(tcp->tls);
    tcp->tls = NULL;
}

JSValue js_tls_loss(struct js_tcp *tcp, int error)
{
    char address[RT_ADDRESS_TEXT_MAX];
    const char *alert = "";
    if (error == IO_TLS_ALERT) {
        struct io_tls_info info;
        io_tls_info(tcp->tls, &info);
        alert = io_tls_alert_name(info.alert);
    }
    return rt_new_dom_exception(rt_context(tcp->net->rt), "NetworkError", io_tls_error_code(error), NULL,
                                "TLS with %s port %u: %s%s%s%s", rt_address_format(&tcp->peer.any, address),
                                (unsigned)rt_address_port(&tcp->peer.any), io_tls_error_text(error),
                                alert[0] != '\0' ? " (alert " : "", alert, alert[0] != '\0' ? ")" : "");
}

/* Natives ----------------------------------------------------------------------------------------- */

/* All that was received and never read, in one piece. 0, or -1 with an exception. */
static int join_unread(JSContext *ctx, JSValueConst chunks, JSValueConst slot, uint8_t **ret_data,
                       size_t *ret_length)
{
    int64_t count;
    if (JS_GetLength(ctx, chunks, &count) < 0) {
        return -1;
    }
    uint8_t *data = NULL;
    size_t length = 0;
    for (int64_t i = 0; i <= count; i++) {
        const uint8_t *bytes;
        size_t size;
        JSValue chunk = i < count ? JS_GetPropertyInt64(ctx, chunks, i) : JS_DupValue(ctx, slot);
        int error = JS_IsUndefined(chunk) ? (size = 0, 0) : rt_get_bytes(ctx, chunk, &bytes, &size);
        uint8_t *grown = error == 0 && size > 0 ? js_realloc(ctx, data, length + size) : data;
        if (error == 0 && size > 0 && grown != NULL) {
            memcpy(grown + length, bytes, size);
            length += size;
            data = grown;
        }
        JS_FreeValue(ctx, chunk);
        if (error < 0 || (size > 0 && grown == NULL)) {
            js_free(ctx, data);
            return -1;
        }
    }
    *ret_data = data;
    *ret_length = length;
    return 0;
}

/* A peer that need not be who it says: the permission is asked for the address, whatever name the app used.
 */
static int ask_unverified(JSContext *ctx, const struct js_tcp *tcp)
{
    struct rt_host host;
    char address[RT_ADDRESS_TEXT_MAX];
    struct rt_permission_query query = {
        .operation = RT_TLS_INSECURE, .host = &host, .port = rt_address_port(&tcp->peer.any)};
    rt_address_format(&tcp->peer.any, address);
    if (rt_host_parse(address, strlen(address), &host) != 0) {
        JS_ThrowInternalError(ctx, "the address of the peer can't be read");
        return -1;
    }
    return js_ask(ctx, &query);
}

/* A client speaks first: whatever it received before is not TLS. */
static bool has_plaintext(const struct js_tcp *tcp, size_t unread_length)
{
    char byte;
    return unread_length > 0 || recv(tcp->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The arguments have been converted; nothing runs JavaScript any more. */
static JSValue start_tls(JSContext *ctx, struct js_tcp *tcp, const struct js_tls_options *options)
{
    bool is_client = options->target.name != NULL;
    if (tcp->tls != NULL || tcp->send != NULL || tcp->pipe_from != NULL || tcp->pipe_to != NULL ||
        tcp->io.finished || js_tcp_has_taker(tcp)) {
        return rt_throw_dom_exception(ctx, "InvalidStateError", NULL,
                                      tcp->tls != NULL ? "the connection is encrypted already"
                                      : tcp->io.finished
                                          ? "the connection is half closed already"
                                          : "something is being sent or awaited on the connection");
    }
    if (options->config->unverified && is_client && ask_unverified(ctx, tcp) < 0) {
        return JS_EXCEPTION;
    }
    if (is_client && options->target.upgrades && has_plaintext(tcp, options->target.unread_length)) {
        JSValue error = js_tls_loss(tcp, IO_TLS_PLAINTEXT);
        return JS_IsException(error) ? error : JS_Throw(ctx, error);
    }
    if (js_tls_start(tcp, options) != 0) {
        return JS_ThrowOutOfMemory(ctx);
    }
    tcp->reads_ahead = true;
    return JS_UNDEFINED;
}

JSValue js_tcp_start_tls(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tls_options options = {0};
    uint8_t *unread = NULL;
    size_t unread_length = 0;
    JSValue result = JS_EXCEPTION;

    (void)argc;
    options.config = js_tls_config(ctx, argv[0]);
    if (options.config == NULL || js_net_to_int(ctx, argv[4], 1, HANDSHAKE_MS_MAX, &options.timeout) < 0) {
        return JS_EXCEPTION;
    }
    bool is_client = !options.config->is_server;
    const char *name = JS_ToCString(ctx, argv[1]);
    struct js_tcp *tcp = name != NULL ? js_tcp_get(ctx, self, JS_TCP_STATE_OPEN) : NULL;
    JSValue slot = tcp != NULL ? js_tcp_unread(tcp) : JS_UNDEFINED;
    if (tcp != NULL && join_unread(ctx, argv[3], slot, &unread, &unread_length) == 0) {
        /* Reading the chunks may have run anything. */
        tcp = js_tcp_get(ctx, self, JS_TCP_STATE_OPEN);
        if (tcp != NULL) {
            options.target = (struct io_tls_target){.name = is_client ? name : NULL,
                                                    .port = rt_address_port(&tcp->peer.any),
                                                    .upgrades = JS_ToBool(ctx, argv[2]) > 0,
                                                    .unread = unread,
                                                    .unread_length = unread_length};
            result = start_tls(ctx, tcp, &options);
        }
        js_free(ctx, unread);
    }
    JS_FreeValue(ctx, slot);
    JS_FreeCString(ctx, name);
    return result;
}

JSValue js_tcp_tls_info(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct js_tcp *tcp = js_tcp_any(ctx, self);
    struct io_tls_info info;

    (void)argc;
    (void)argv;
    if (tcp == NULL) {
        return JS_EXCEPTION;
    }
    if (tcp->state == JS_TCP_STATE_CONNECTING || tcp->tls == NULL) {
        return JS_NULL;
    }
    io_tls_info(tcp->tls, &info);
    return js_tls_new_info(ctx, &info);
}
