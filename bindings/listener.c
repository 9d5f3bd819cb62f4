/* listener.c - see listener.h. */
#include "listener.h"

#include "net_provider.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_retry(uv_timer_t *timer);

void io_listener_init(struct io_listener *listener, io_listener_callback *callback)
{
    memset(listener, 0, sizeof(*listener));
    listener->callback = callback;
    listener->fd = listener->spare_fd = -1;
    listener->state = IO_NEW;
}

int io_listener_open(struct io_listener *listener, uv_loop_t *loop, int fd)
{
    int error = uv_poll_init(loop, &listener->poll, fd);
    if (error != 0) {
        return error;
    }
    uv_timer_init(loop, &listener->retry);
    listener->poll.data = listener->retry.data = listener;
    listener->fd = fd;
    listener->handles = 2;
    listener->budget = IO_LISTENER_ACCEPTS_PER_EVENT;
    listener->state = IO_OPEN;
    return 0;
}

static void arm(struct io_listener *listener, bool on)
{
    if (listener->armed == on) {
        return;
    }
    listener->armed = on;
    if (on) {
        /* Fails only for a descriptor that another handle watches, which io_listener_open() has ruled out. */
        (void)uv_poll_start(&listener->poll, UV_READABLE, on_poll);
    } else {
        uv_poll_stop(&listener->poll);
    }
}

static bool is_starvation(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM;
}

static void wait_for_retry(struct io_listener *listener)
{
    uv_update_time(listener->retry.loop); /* the loop's idea of now may be as old as this turn */
    uv_timer_start(&listener->retry, on_retry, listener->retry_ms, 0);
}

int io_listener_accept(struct io_listener *listener, int *ret_fd, struct sockaddr_storage *ret_peer)
{
    int error;

    if (listener->spare_fd >= 0) {
        *ret_fd = listener->spare_fd;
        *ret_peer = listener->spare_peer;
        listener->spare_fd = -1;
        return 0;
    }
    listener->waiting = true;
    if (listener->starved) {
        if (!uv_is_active((uv_handle_t *)&listener->retry)) {
            wait_for_retry(listener);
        }
        return -EAGAIN;
    }
    error = listener->budget == 0 ? -EAGAIN : io_net_accept(listener->fd, ret_fd, ret_peer);
    if (error == -EAGAIN) {
        arm(listener, true);
        return -EAGAIN;
    }
    listener->waiting = false;
    if (error == 0) {
        listener->budget--;
    } else if (is_starvation(error)) {
        listener->starved = true;
        listener->retry_ms = IO_LISTENER_RETRY_MIN_MS;
        arm(listener, false);
    }
    return error;
}

static void notify(struct io_listener *listener)
{
    listener->waiting = false;
    listener->budget = IO_LISTENER_ACCEPTS_PER_EVENT;
    listener->callback(listener, IO_LISTENER_READABLE);
}

/* Accepts here rather than waking the owner to try: an owner told again and again that there is nothing to be
 * had would be a spin with more steps. */
static void on_retry(uv_timer_t *timer)
{
    struct io_listener *listener = timer->data;
    int error = io_net_accept(listener->fd, &listener->spare_fd, &listener->spare_peer);

    if (is_starvation(error)) {
        listener->retry_ms = listener->retry_ms * 2 < IO_LISTENER_RETRY_MAX_MS ? listener->retry_ms * 2
                                                                               : IO_LISTENER_RETRY_MAX_MS;
        wait_for_retry(listener);
        return;
    }
    listener->starved = false;
    if (error == -EAGAIN) {
        arm(listener, true); /* whoever waited in the backlog has left */
        return;
    }
    notify(listener);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct io_listener *listener = poll->data;

    (void)events;
    if (status < 0) {
        listener->armed = false; /* libuv stopped it; the next accept() tells what is wrong */
    }
    if (!listener->waiting) {
        arm(listener, false); /* kept armed in case accepting went on, which it did not */
        return;
    }
    notify(listener);
}

static void on_closed(uv_handle_t *handle)
{
    struct io_listener *listener = handle->data;

    if (--listener->handles == 0) {
        listener->state = IO_CLOSED;
        listener->callback(listener, IO_LISTENER_CLOSED);
    }
}

void io_listener_close(struct io_listener *listener)
{
    if (listener->state != IO_OPEN) {
        return;
    }
    listener->state = IO_CLOSING;
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    uv_close((uv_handle_t *)&listener->retry, on_closed);
    close(listener->fd);
    listener->fd = -1;
    if (listener->spare_fd >= 0) {
        close(listener->spare_fd);
        listener->spare_fd = -1;
    }
}
