/* load.c - the bench's load generator: main, options, clocks. One thread on epoll; every echoed byte is
 * compared with what was sent. Prints one line of JSON: operations, CPU nanoseconds of the server process for
 * them, wall nanoseconds, lost datagrams. Modes are in load_tcp.c, load_bulk.c and load_udp.c. Not here:
 * starting servers, statistics (the bench's modules on Node). */
#include "load.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: load MODE --port N --pid N [options]\n"
    "       load on CPU COMMAND [ARGUMENTS…]      run a command on one CPU, with as many descriptors as "
    "allowed\n"
    "\n"
    "Modes: tcp        messages there and back on open connections\n"
    "       accept     connect, one byte there and back, close\n"
    "       hold       open connections, one byte there and back, then keep them until standard input ends\n"
    "       fetch      as many MiB as the operations say from the server, which sends one for each byte\n"
    "       store      as many MiB to the server, which confirms each with a byte\n"
    "       udp        datagrams there and back\n"
    "       multicast  datagrams to 239.255.42.99 on lo from many senders, in rounds that the receiver "
    "confirms\n"
    "\n"
    "  --connections N   connections or senders (1)      --operations N   how many in all (1000)\n"
    "  --warm-up N       operations before those (0)     --size N         bytes of a message (64)\n"
    "  --window N        udp: datagrams in flight (1), fetch: MiB asked for ahead\n"
    "  --pipelined       tcp: send without waiting\n"
    "  --tls             all but udp, multicast: TLS 1.3 on the connections, with no check of who answers\n"
    "  --resume          accept: the same with a session of an earlier connection\n";

void load_fail(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* CPU time of all threads that a process has now. */
static int64_t process_cpu_ns(int pid)
{
    char path[300];
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL) {
        load_fail("can't read the server's CPU time, has it ended?");
    }
    int64_t sum = 0;
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, task->d_name);
        FILE *file = fopen(path, "r");
        long long ns;
        if (file != NULL && fscanf(file, "%lld", &ns) == 1) {
            sum += ns;
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    closedir(tasks);
    return sum;
}

void meter_start(struct load_meter *meter, int pid)
{
    usleep(LOAD_SETTLE_US);
    meter->cpu_ns = process_cpu_ns(pid);
    meter->wall_ns = now_ns();
}

void meter_stop(struct load_meter *meter, int pid)
{
    meter->wall_ns = now_ns() - meter->wall_ns;
    usleep(LOAD_SETTLE_US);
    meter->cpu_ns = process_cpu_ns(pid) - meter->cpu_ns;
}

void load_report(const struct load_options *options, const struct load_meter *meter, int lost)
{
    printf("{\"operations\":%d,\"cpuNs\":%lld,\"wallNs\":%lld,\"lost\":%d}\n", options->operations,
           (long long)meter->cpu_ns, (long long)meter->wall_ns, lost);
    fflush(stdout);
}

const uint8_t *pattern_at(int stream, int64_t offset)
{
    enum { PERIOD = 65521 }; /* prime: no power of two shifts the pattern onto itself */
    static uint8_t bytes[PERIOD + LOAD_SIZE_MAX];
    static bool is_filled;
    if (!is_filled) {
        uint32_t random = 1;
        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * 1664525 + 1013904223;
            bytes[i] = i < PERIOD ? (uint8_t)(random >> 24) : bytes[i - PERIOD];
        }
        is_filled = true;
    }
    return bytes + (offset + (int64_t)stream * 31) % PERIOD;
}

int load_wait(int epoll, struct epoll_event *events, int count)
{
    for (;;) {
        int ready = epoll_wait(epoll, events, count, LOAD_IDLE_MS);
        if (ready > 0) {
            return ready;
        }
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        errno = ready < 0 ? errno : 0;
        load_fail(ready < 0 ? "epoll_wait" : "the server has stopped answering");
    }
}

int load_connect(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        load_fail("socket");
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS) {
        load_fail("connect");
    }
    return fd;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int run_on_cpu(int argc, char **argv)
{
    if (argc < 4) {
        fputs(usage, stderr);
        return 2;
    }
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET((unsigned)atoi(argv[2]), &cpus);
    if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0) {
        load_fail("can't choose the CPU");
    }
    raise_descriptor_limit();
    execvp(argv[3], argv + 3);
    load_fail(argv[3]);
}

static bool parse(int argc, char **argv, struct load_options *ret_options)
{
    static const struct option names[] = {
        {"port", required_argument, NULL, 'p'},
        {"pid", required_argument, NULL, 'i'},
        {"connections", required_argument, NULL, 'c'},
        {"operations", required_argument, NULL, 'n'},
        {"warm-up", required_argument, NULL, 'u'},
        {"size", required_argument, NULL, 's'},
        {"window", required_argument, NULL, 'w'},
        {"pipelined", no_argument, NULL, 'l'},
        {"tls", no_argument, NULL, 't'},
        {"resume", no_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    struct load_options options = {.connections = 1, .operations = 1000, .size = 64, .window = 1};
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        int value = optarg != NULL ? atoi(optarg) : 0;
        switch (name) {
        case 'p':
            options.port = value;
            break;
        case 'i':
            options.pid = value;
            break;
        case 'c':
            options.connections = value;
            break;
        case 'n':
            options.operations = value;
            break;
        case 'u':
            options.warm_up = value;
            break;
        case 's':
            options.size = value;
            break;
        case 'w':
            options.window = value;
            break;
        case 'l':
            options.pipelined = true;
            break;
        case 'r':
            options.resume = true;
            options.tls = true;
            break;
        case 't':
            options.tls = true;
            break;
        default:
            return false;
        }
    }
    *ret_options = options;
    return optind == argc && options.port > 0 && options.port < 65536 && options.pid > 0 &&
           options.size > 0 && options.size <= LOAD_SIZE_MAX && options.connections > 0 &&
           options.operations > 0 && options.connections <= LOAD_CONNECTIONS_MAX && options.warm_up >= 0 &&
           options.window > 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "on") == 0) {
        return run_on_cpu(argc, argv);
    }
    static const struct {
        const char *name;
        void (*run)(const struct load_options *options);
    } modes[] = {
        {"tcp", load_tcp},     {"accept", load_accept}, {"hold", load_hold},          {"fetch", load_fetch},
        {"store", load_store}, {"udp", load_udp},       {"multicast", load_multicast}};
    struct load_options options;
    if (argc > 1 && parse(argc - 1, argv + 1, &options)) {
        raise_descriptor_limit();
        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
            if (strcmp(argv[1], modes[i].name) == 0) {
                modes[i].run(&options);
                return 0;
            }
        }
    }
    fputs(usage, stderr);
    return 2;
}
