/* measure.c - runs a command a number of times and prints, as JSON, the median wall time, CPU time and peak
 * memory of one run: measure RUNS COMMAND [ARGUMENTS…]. The command's output goes to /dev/null. Not here:
 * what the numbers mean. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 1000 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(values[0]), compare);
    return values[count / 2];
}

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double tv_ms(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
    static double wall[RUNS_MAX], cpu[RUNS_MAX], peak[RUNS_MAX];
    int runs = argc > 2 ? atoi(argv[1]) : 0;
    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: measure RUNS COMMAND [ARGUMENTS…], RUNS 1 to %d\n", RUNS_MAX);
        return 2;
    }
    for (int i = 0; i < runs; i++) {
        double start = now_ms();
        pid_t pid = fork();
        if (pid == 0) {
            int null = open("/dev/null", O_RDWR);
            dup2(null, STDIN_FILENO);
            dup2(null, STDOUT_FILENO);
            execvp(argv[2], argv + 2);
            fprintf(stderr, "measure: can't run %s: %s\n", argv[2], strerror(errno));
            _exit(127);
        }
        int status;
        struct rusage usage;
        if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "measure: %s failed\n", argv[2]);
            return 1;
        }
        wall[i] = now_ms() - start;
        cpu[i] = tv_ms(usage.ru_utime) + tv_ms(usage.ru_stime);
        peak[i] = (double)usage.ru_maxrss;
    }
    printf("{\"runs\":%d,\"wallMs\":%.3f,\"cpuMs\":%.3f,\"peakKiB\":%.0f}\n", runs, median(wall, runs),
           median(cpu, runs), median(peak, runs));
    return 0;
}
