/* resolver.c - see resolver.h. A lookup belongs to the loop thread; its job is what a worker sees. Everything
 * that both touch (the line of jobs, job->lookup, the answered lists) is behind one lock that is never held
 * for long. */
#include "resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int (*io_resolver_getaddrinfo)(const char *, const char *, const struct addrinfo *,
                               struct addrinfo **) = getaddrinfo;

struct job {
    struct job *next;
    struct io_lookup *lookup; /* NULL: nobody wants the answer any more, the worker frees the job */
    bool running, answered;
    int family;
    int status;
    size_t count;
    struct sockaddr_storage *addresses;
    char name[];
};

struct io_lookup {
    uv_timer_t timer;
    struct io_resolver *resolver;
    struct io_lookup *next, **link;
    struct job *job;
    io_lookup_callback *callback;
    void *owner;
};

struct io_resolver {
    uv_async_t async;
    struct io_lookup *lookups;
    unsigned count;
    bool released; /* by io_resolver_destroy() */
    struct job *answered, **answered_tail;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *line, **line_tail = &line; /* jobs that no worker has taken */
static int workers;

static void free_job(struct job *job)
{
    free(job->addresses);
    free(job);
}

static void unlink_job(struct job **list, struct job ***tail, struct job *job)
{
    struct job **link = list;
    while (*link != NULL && *link != job) {
        link = &(*link)->next;
    }
    if (*link == job) {
        *link = job->next;
        *tail = job->next == NULL ? link : *tail;
    }
}

static void append_job(struct job ***tail, struct job *job)
{
    job->next = NULL;
    **tail = job;
    *tail = &job->next;
}

/* Answers ---------------------------------------------------------------------------------------- */

/* libuv's numbers, because those of the C library differ between systems and overlap with errno. */
static int from_eai(int error)
{
    switch (error) {
    case EAI_AGAIN:
        return UV_EAI_AGAIN;
    case EAI_BADFLAGS:
        return UV_EAI_BADFLAGS;
    case EAI_FAIL:
        return UV_EAI_FAIL;
    case EAI_FAMILY:
        return UV_EAI_FAMILY;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SERVICE:
        return UV_EAI_SERVICE;
    case EAI_SOCKTYPE:
        return UV_EAI_SOCKTYPE;
    case EAI_SYSTEM:
        return errno != 0 ? -errno : UV_EAI_FAIL;
#ifdef EAI_NODATA
    case EAI_NODATA:
        return UV_EAI_NODATA;
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
        return UV_EAI_ADDRFAMILY;
#endif
    default:
        return UV_EAI_NONAME;
    }
}

static bool contains(const struct job *job, const struct sockaddr *address, socklen_t length)
{
    for (size_t i = 0; i < job->count; i++) {
        if (memcmp(&job->addresses[i], address, length) == 0) {
            return true;
        }
    }
    return false;
}

static void add_address(struct job *job, const struct sockaddr *address, socklen_t length)
{
    bool known_family = (address->sa_family == AF_INET && length == sizeof(struct sockaddr_in)) ||
                        (address->sa_family == AF_INET6 && length == sizeof(struct sockaddr_in6));

    if (known_family && job->count < IO_LOOKUP_ADDRESSES_MAX && !contains(job, address, length)) {
        memcpy(&job->addresses[job->count++], address, length);
    }
}

static bool allocate_addresses(struct job *job, size_t count)
{
    count = count > IO_LOOKUP_ADDRESSES_MAX ? IO_LOOKUP_ADDRESSES_MAX : count;
    job->addresses = calloc(count > 0 ? count : 1, sizeof(job->addresses[0]));
    return job->addresses != NULL;
}

static int look_up(struct job *job)
{
    struct addrinfo hints = {.ai_family = job->family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    size_t count = 0;
    int error;

    /* Without it a network that has no IPv6 is asked for AAAA records, which some home routers answer by
     * silence. */
    hints.ai_flags = job->family == AF_UNSPEC ? AI_ADDRCONFIG : 0;
    errno = 0;
    error = io_resolver_getaddrinfo(job->name, NULL, &hints, &list);
    if (error != 0) {
        return from_eai(error);
    }
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        count++;
    }
    if (!allocate_addresses(job, count)) {
        freeaddrinfo(list);
        return -ENOMEM;
    }
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        add_address(job, info->ai_addr, info->ai_addrlen);
    }
    freeaddrinfo(list);
    return job->count > 0 ? 0 : UV_EAI_NONAME;
}

static bool is_localhost(const char *name)
{
    size_t length = strlen(name), suffix = sizeof(".localhost") - 1;
    return strcmp(name, "localhost") == 0 ||
           (length > suffix && strcmp(name + length - suffix, ".localhost") == 0);
}

/* IPv4 first: whoever uses only the first address (a datagram has no second try) reaches servers bound to
 * 127.0.0.1 and, by their dual stack, those bound to "::"; the other way round the former are missed. */
static int look_up_localhost(struct job *job)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    if (!allocate_addresses(job, 2)) {
        return -ENOMEM;
    }
    if (job->family != AF_INET6) {
        add_address(job, (struct sockaddr *)&v4, sizeof(v4));
    }
    if (job->family != AF_INET) {
        add_address(job, (struct sockaddr *)&v6, sizeof(v6));
    }
    job->answered = true;
    return 0;
}

/* Workers ---------------------------------------------------------------------------------------- */

static void *work(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    while (line != NULL) {
        struct job *job = line;
        unlink_job(&line, &line_tail, job);
        job->running = true;
        pthread_mutex_unlock(&lock);
        job->status = look_up(job);
        pthread_mutex_lock(&lock);
        job->answered = true;
        if (job->lookup == NULL) {
            free_job(job);
        } else {
            struct io_resolver *resolver = job->lookup->resolver;
            append_job(&resolver->answered_tail, job);
            uv_async_send(&resolver->async);
        }
    }
    workers--;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static int start_worker(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int error = pthread_attr_init(&attributes);

    if (error != 0) {
        return -error;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, IO_RESOLVER_STACK);
    sigfillset(&all); /* signals are for the loop thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, &attributes, work, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return -error;
}

static int enqueue(struct job *job)
{
    int error = 0;

    pthread_mutex_lock(&lock);
    append_job(&line_tail, job);
    if (workers < IO_RESOLVER_THREADS_MAX) {
        error = start_worker();
        workers += error == 0;
        if (workers > 0) {
            error = 0; /* the others will get to it */
        } else {
            unlink_job(&line, &line_tail, job);
        }
    }
    pthread_mutex_unlock(&lock);
    return error;
}

/* Loop thread ------------------------------------------------------------------------------------ */

static void on_lookup_closed(uv_handle_t *timer)
{
    free((struct io_lookup *)timer);
}

static void on_resolver_closed(uv_handle_t *async)
{
    free((struct io_resolver *)async);
}

static void end_lookup(struct io_lookup *lookup)
{
    struct io_resolver *resolver = lookup->resolver;

    *lookup->link = lookup->next;
    if (lookup->next != NULL) {
        lookup->next->link = lookup->link;
    }
    resolver->count--;
    uv_close((uv_handle_t *)&lookup->timer, on_lookup_closed);
    if (resolver->released && resolver->lookups == NULL) {
        uv_close((uv_handle_t *)&resolver->async, on_resolver_closed);
    }
}

void io_lookup_cancel(struct io_lookup *lookup)
{
    struct job *job = lookup->job;

    pthread_mutex_lock(&lock);
    job->lookup = NULL;
    if (job->answered) {
        unlink_job(&lookup->resolver->answered, &lookup->resolver->answered_tail, job);
    } else if (!job->running) {
        unlink_job(&line, &line_tail, job);
    } else {
        job = NULL; /* the worker's now */
    }
    pthread_mutex_unlock(&lock);
    if (job != NULL) {
        free_job(job);
    }
    end_lookup(lookup);
}

static void deliver(struct io_lookup *lookup)
{
    io_lookup_callback *callback = lookup->callback;
    void *owner = lookup->owner;
    struct job *job = lookup->job;

    end_lookup(lookup);
    callback(owner, job->status, job->addresses, job->status == 0 ? job->count : 0);
    free_job(job);
}

static void on_async(uv_async_t *async)
{
    struct io_resolver *resolver = (struct io_resolver *)async;

    for (;;) {
        struct job *job;
        pthread_mutex_lock(&lock);
        job = resolver->answered; /* one at a time: a callback may cancel the next */
        if (job != NULL) {
            unlink_job(&resolver->answered, &resolver->answered_tail, job);
        }
        pthread_mutex_unlock(&lock);
        if (job == NULL) {
            return;
        }
        deliver(job->lookup);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct io_lookup *lookup = (struct io_lookup *)timer;
    io_lookup_callback *callback = lookup->callback;
    void *owner = lookup->owner;

    if (timer->data != NULL) {
        deliver(lookup); /* answered without a worker */
        return;
    }
    io_lookup_cancel(lookup);
    callback(owner, -ETIMEDOUT, NULL, 0);
}

/* A lookup with a job that nobody works on yet. */
static int create_lookup(struct io_resolver *resolver, const char *name, io_lookup_callback *callback,
                         void *owner, struct io_lookup **ret_lookup)
{
    size_t size = strlen(name) + 1;
    struct io_lookup *lookup;
    struct job *job;

    if (resolver->count >= IO_LOOKUPS_MAX) {
        return -ENOBUFS;
    }
    lookup = calloc(1, sizeof(*lookup));
    job = calloc(1, sizeof(*job) + size);
    if (lookup == NULL || job == NULL) {
        free(lookup);
        free(job);
        return -ENOMEM;
    }
    memcpy(job->name, name, size);
    job->lookup = lookup;
    lookup->job = job;
    lookup->resolver = resolver;
    lookup->callback = callback;
    lookup->owner = owner;
    *ret_lookup = lookup;
    return 0;
}

/* From here on the lookup is in progress, unless `error` says that it could not begin. */
static int begin_lookup(struct io_lookup *lookup, int error, bool answered, unsigned timeout_ms)
{
    struct io_resolver *resolver = lookup->resolver;

    if (error != 0) {
        free_job(lookup->job);
        free(lookup);
        return error;
    }
    lookup->link = &resolver->lookups;
    lookup->next = resolver->lookups;
    if (lookup->next != NULL) {
        lookup->next->link = &lookup->next;
    }
    resolver->lookups = lookup;
    resolver->count++;
    uv_timer_init(resolver->async.loop, &lookup->timer);
    /* Whether the timer stands for the answer: only this thread may read it, unlike job->answered. */
    lookup->timer.data = answered ? lookup : NULL;
    uv_update_time(resolver->async.loop);
    uv_timer_start(&lookup->timer, on_timer, answered ? 0 : timeout_ms, 0);
    return 0;
}

int io_lookup_start(struct io_resolver *resolver, const char *name, int family, unsigned timeout_ms,
                    io_lookup_callback *callback, void *owner, struct io_lookup **ret_lookup)
{
    bool local = is_localhost(name);
    struct io_lookup *lookup;
    int error = create_lookup(resolver, name, callback, owner, &lookup);

    if (error != 0) {
        return error;
    }
    lookup->job->family = family;
    error = local ? look_up_localhost(lookup->job) : enqueue(lookup->job);
    error = begin_lookup(lookup, error, local, timeout_ms > 0 ? timeout_ms : IO_LOOKUP_TIMEOUT_MS);
    if (error == 0) {
        *ret_lookup = lookup;
    }
    return error;
}

int io_lookup_start_address(struct io_resolver *resolver, const struct sockaddr *address,
                            io_lookup_callback *callback, void *owner, struct io_lookup **ret_lookup)
{
    struct io_lookup *lookup;
    int error = create_lookup(resolver, "", callback, owner, &lookup);

    if (error != 0) {
        return error;
    }
    error = allocate_addresses(lookup->job, 1) ? 0 : -ENOMEM;
    if (error == 0) {
        bool v6 = address->sa_family == AF_INET6;
        add_address(lookup->job, address, v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        lookup->job->answered = true;
    }
    error = begin_lookup(lookup, error, true, 0);
    if (error == 0) {
        *ret_lookup = lookup;
    }
    return error;
}

int io_resolver_create(uv_loop_t *loop, struct io_resolver **ret_resolver)
{
    struct io_resolver *resolver = calloc(1, sizeof(*resolver));
    int error;

    if (resolver == NULL) {
        return -ENOMEM;
    }
    error = uv_async_init(loop, &resolver->async, on_async);
    if (error != 0) {
        free(resolver);
        return error;
    }
    uv_unref((uv_handle_t *)&resolver->async); /* the timers of the lookups keep the loop alive */
    resolver->answered_tail = &resolver->answered;
    *ret_resolver = resolver;
    return 0;
}

struct io_resolver *io_resolver_destroy(struct io_resolver *resolver)
{
    if (resolver != NULL) {
        resolver->released = true;
        if (resolver->lookups == NULL) {
            uv_close((uv_handle_t *)&resolver->async, on_resolver_closed);
        }
    }
    return NULL;
}
