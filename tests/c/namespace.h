/* namespace.h - network namespaces for C tests: the process moves into one of its own, so that tests may add
 * and remove interfaces; a second one plays the other machine. Needs root and ip(8); where that is missing,
 * tests are skipped with the reason. Not here: anything that outlives the process. */
#ifndef CLEAT_TEST_NAMESPACE_H
#define CLEAT_TEST_NAMESPACE_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int namespace_near = -1, namespace_far = -1;
static const char *namespace_missing; /* why there are none */

/* Runs ip(8) in the namespace that the process is in. */
__attribute__((format(printf, 1, 2))) static inline bool run_ip(const char *format, ...)
{
    char command[256] = "ip ", *arguments = command + 3;
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof(command) - 3, format, list);
    va_end(list);
    int result = system(command);
    if (result != 0) {
        printf("# failed: %s\n", command);
    }
    return result == 0;
}

static inline void write_setting(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, value, strlen(value)) < 0) {
            printf("# %s: %s\n", path, strerror(errno));
        }
        close(fd);
    }
}

static inline int new_namespace(void)
{
    if (unshare(CLONE_NEWNET) < 0) {
        return -1;
    }
    int fd = open("/proc/self/ns/net", O_RDONLY); /* inherited by ip(8) on purpose */
    /* Addresses are usable at once, without duplicate address detection. */
    write_setting("/proc/sys/net/ipv6/conf/all/accept_dad", "0");
    write_setting("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
    write_setting("/proc/sys/net/ipv6/conf/default/router_solicitations", "0");
    return run_ip("link set lo up") ? fd : -1;
}

static inline void go_near(void)
{
    setns(namespace_near, CLONE_NEWNET);
}

static inline void go_far(void)
{
    setns(namespace_far, CLONE_NEWNET);
}

/* The kernel sets an interface up for IPv6 a moment after its link is there; done when it has a link-local
 * address. */
static inline bool wait_for_ipv6(const char *name)
{
    for (int i = 0; i < 200; i++) {
        char line[128], found[32];
        unsigned scope;
        bool ready = false;
        FILE *file = fopen("/proc/net/if_inet6", "re");
        while (file && !ready && fgets(line, sizeof(line), file)) {
            ready = sscanf(line, "%*s %*x %*x %x %*x %31s", &scope, found) == 2 && scope == 0x20 &&
                    strcmp(found, name) == 0;
        }
        if (file) {
            fclose(file);
        }
        if (ready) {
            return true;
        }
        usleep(10000);
    }
    return false;
}

/* A cable: interface near<number> here with 10.0.<number>.1/24, far<number> there with 10.0.<number>.2/24. */
static inline bool plug(int number)
{
    go_near();
    bool good = run_ip("link add near%d type veth peer name far%d netns /proc/%d/fd/%d", number, number,
                       (int)getpid(), namespace_far);
    good = good && run_ip("addr add 10.0.%d.1/24 brd + dev near%d", number, number) &&
           run_ip("addr add fd00:%d::1/64 dev near%d nodad", number, number) &&
           run_ip("link set near%d up", number);
    go_far();
    good = good && run_ip("addr add 10.0.%d.2/24 brd + dev far%d", number, number) &&
           run_ip("addr add fd00:%d::2/64 dev far%d nodad", number, number) &&
           run_ip("link set far%d up", number);
    char name[32];
    snprintf(name, sizeof(name), "far%d", number);
    good = good && wait_for_ipv6(name);
    go_near();
    snprintf(name, sizeof(name), "near%d", number);
    return good && wait_for_ipv6(name);
}

/* Makes both namespaces and the cables 0 and 1, and stays in the near one. */
static inline bool enter_namespaces(void)
{
    if (system("ip -V >/dev/null 2>&1") != 0) {
        namespace_missing = "no ip(8)";
        return false;
    }
    namespace_far = new_namespace();
    if (namespace_far < 0) {
        namespace_missing = "no permission for network namespaces";
        return false;
    }
    namespace_near = new_namespace();
    if (namespace_near < 0 || !plug(0) || !plug(1)) {
        namespace_missing = "cannot set up interfaces";
        return false;
    }
    return true;
}

#define RUN_IN_NAMESPACE(name)                                                                               \
    do {                                                                                                     \
        if (namespace_missing) {                                                                             \
            check_skip(#name, namespace_missing);                                                            \
        } else {                                                                                             \
            RUN(name);                                                                                       \
        }                                                                                                    \
    } while (0)

#endif
