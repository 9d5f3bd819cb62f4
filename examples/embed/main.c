/* main.c - a device program that embeds Cleat: the program owns the volume, an app written in JavaScript
 * answers remote controls over TCP. The app gets one port and two functions, and 8 MiB; everything else is
 * refused.
 *
 *     embed app.js [port] */
#include <cleat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_LIMIT = 8 * 1024 * 1024, TURN_LIMIT_MS = 1000, VOLUME_MAX = 100 };

struct device {
    const char *name;
    int volume;
};

/* cleat.host.status(): {"name": …, "volume": …}. Results are JSON from malloc(). */
static char *status(void *opaque, const char *arguments, char **error)
{
    (void)arguments;
    (void)error;
    const struct device *device = opaque;
    char *json = malloc(128);
    if (json != NULL) {
        snprintf(json, 128, "{\"name\":\"%s\",\"volume\":%d}", device->name, device->volume);
    }
    return json;
}

/* cleat.host.setVolume(number): arguments are a JSON array; what is wrong with them is thrown as an Error. */
static char *set_volume(void *opaque, const char *arguments, char **error)
{
    struct device *device = opaque;
    int volume, end = 0;
    if (sscanf(arguments, "[%d]%n", &volume, &end) != 1 || arguments[end] != 0 || end == 0 || volume < 0 ||
        volume > VOLUME_MAX) {
        *error = strdup("the volume must be a whole number from 0 to 100");
        return NULL;
    }
    device->volume = volume;
    printf("host: volume is %d now\n", volume);
    fflush(stdout);
    return NULL; /* undefined */
}

static int fail(struct cleat *cleat, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, cleat_error(cleat));
    cleat_destroy(cleat);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: embed app.js [port]\n");
        return 2;
    }
    const char *port = argc > 2 ? argv[2] : "8080";
    struct device device = {.name = "Kitchen radio", .volume = 20};

    struct cleat *cleat =
        cleat_create(&(struct cleat_options){.memory_limit = MEMORY_LIMIT, .max_turn_ms = TURN_LIMIT_MS});
    if (cleat == NULL) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    char rule[64];
    snprintf(rule, sizeof(rule), "tcp.listen=127.0.0.1:%s", port);
    if (cleat_allow(cleat, rule) < 0 || cleat_expose(cleat, "status", status, &device) < 0 ||
        cleat_expose(cleat, "setVolume", set_volume, &device) < 0 || cleat_handle_signals(cleat) < 0) {
        return fail(cleat, "set-up");
    }
    if (cleat_load_file(cleat, argv[1], 0, 1, (char *[]){(char *)port}) < 0) {
        return fail(cleat, argv[1]);
    }
    int exit_code = cleat_run(cleat);
    int signal = cleat_exit_signal(cleat);
    cleat_destroy(cleat);
    printf("host: the app has ended with exit code %d, the volume is %d\n", exit_code, device.volume);
    return signal != 0 ? 0 : exit_code;
}
