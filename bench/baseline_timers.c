/* baseline_timers.c - timers in plain C that others are compared with: `baseline_timers COUNT` lets so many
 * wait at the same time, each an allocation with a function to call, in a binary heap in front of epoll. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

struct timer {
    int64_t due_ms;
    void (*call)(struct timer *timer);
};

static struct timer **heap;
static size_t heap_count;
static int fired;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void add(int64_t due_ms, void (*call)(struct timer *timer))
{
    static size_t capacity;
    if (heap_count == capacity) {
        capacity = capacity == 0 ? 64 : capacity * 2;
        heap = realloc(heap, capacity * sizeof(struct timer *));
    }
    struct timer *timer = malloc(sizeof(*timer));
    if (heap == NULL || timer == NULL) {
        fail("memory");
    }
    *timer = (struct timer){due_ms, call};
    size_t at = heap_count++;
    for (; at > 0 && heap[(at - 1) / 2]->due_ms > due_ms; at = (at - 1) / 2) {
        heap[at] = heap[(at - 1) / 2];
    }
    heap[at] = timer;
}

static struct timer *take_first(void)
{
    struct timer *first = heap[0], *last = heap[--heap_count];
    size_t at = 0;
    for (size_t child; (child = at * 2 + 1) < heap_count; at = child) {
        if (child + 1 < heap_count && heap[child + 1]->due_ms < heap[child]->due_ms) {
            child++;
        }
        if (heap[child]->due_ms >= last->due_ms) {
            break;
        }
        heap[at] = heap[child];
    }
    heap[at] = last;
    return first;
}

static void on_timer(struct timer *timer)
{
    (void)timer;
    fired++;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 0, epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        fail("epoll_create1");
    }
    for (int i = 0; i < count; i++) {
        add(now_ms() + 300 + ((int64_t)i * 7919) % 50, on_timer);
    }
    while (heap_count > 0) {
        int64_t now = now_ms();
        while (heap_count > 0 && heap[0]->due_ms <= now) {
            struct timer *timer = take_first();
            timer->call(timer);
            free(timer);
        }
        struct epoll_event event;
        if (heap_count > 0 && epoll_wait(epoll, &event, 1, (int)(heap[0]->due_ms - now)) < 0 &&
            errno != EINTR) {
            fail("epoll_wait");
        }
    }
    return fired == count ? 0 : 1;
}
