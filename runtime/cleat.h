/* cleat.h - the public interface of libcleat: run Cleat apps inside a program of your own.
 *
 *     struct cleat *cleat = cleat_create(NULL);
 *     cleat_allow(cleat, "tcp.connect=192.0.2.1:80");
 *     if (cleat_load_file(cleat, "app.js", 0, 0, NULL) < 0) {
 *         fprintf(stderr, "%s\n", cleat_error(cleat));
 *     }
 *     int exit_code = cleat_run(cleat);
 *     cleat_destroy(cleat);
 *
 * A runtime belongs to the thread that made it; several runtimes may live in one process, one a thread.
 * Nothing is permitted to an app unless a rule says so. Strings are UTF-8 and stay the caller's. Functions
 * that can fail return 0 or a negative errno and leave a sentence in cleat_error(). Version and stability:
 * the interface follows semantic versioning from 1.0 on. */
#ifndef CLEAT_H
#define CLEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cleat;
struct uv_loop_s;

/* Zero means the default everywhere. */
struct cleat_options {
    size_t memory_limit; /* bytes of JavaScript heap; default: none */
    size_t
        stack_size; /* bytes of JavaScript stack; default 512 KiB. Leave the thread 256 KiB more than this. */
    unsigned max_turn_ms;   /* milliseconds that an app may run without yielding; default: no limit */
    struct uv_loop_s *loop; /* a libuv loop of yours to live on; default: a loop of its own */
    /* Nonzero: chunks of sockets go through the queues of their streams even where they could go between app
     * and kernel directly. An app sees no difference; for tests and comparison. */
    int standard_streams;
    /* File with the authorities to trust for TLS, PEM or DER, instead of the system's; default: the system's.
     * It is opened with the first secure socket, whose error says if it can't be used. */
    const char *ca_file;
};

/* A new runtime; options may be NULL. NULL if memory or descriptors are out. */
struct cleat *cleat_create(const struct cleat_options *options);
/* Closes the app's sockets and frees everything. NULL is fine. */
void cleat_destroy(struct cleat *cleat);
/* What went wrong in the last call that failed: a sentence, valid until the next call. Never NULL. */
const char *cleat_error(const struct cleat *cleat);

/* Permissions: rules as on the command line, e.g. "tcp.connect=*.example.com:443" (docs/permissions.md). A
 * bundle's manifest is a ceiling that no rule can pass. */
int cleat_allow(struct cleat *cleat, const char *rule);
int cleat_deny(struct cleat *cleat, const char *rule);
int cleat_allow_all(struct cleat *cleat);
/* Ask on the terminal for what is neither granted nor denied. Without a terminal the answer is no. */
void cleat_prompt(struct cleat *cleat);

/* Accept bundles that nobody signed. */
enum { CLEAT_UNSIGNED = 1 };

/* Loads the app that cleat_run() will run; one of these, once. Arguments are what the app sees as cleat.args.
 * A file is a bundle, whatever its name, or JavaScript; then its folder is where it may import modules from.
 * The bytes of cleat_load_bundle() must stay until cleat_destroy(). cleat_load_source() may not import files.
 */
int cleat_load_file(struct cleat *cleat, const char *path, unsigned flags, int argc, char **argv);
int cleat_load_bundle(struct cleat *cleat, const void *data, size_t size, unsigned flags, int argc,
                      char **argv);
int cleat_load_source(struct cleat *cleat, const char *name, const char *text, int argc, char **argv);

/* A function that the app calls as cleat.host.<name>(...): arguments arrive as a JSON array. Return the
 * result as JSON text from malloc() (it is freed for you), NULL for undefined; or set *error to a text from
 * malloc(), which is thrown as an Error. Runs on the thread of the runtime. Add functions before cleat_run().
 */
typedef char *cleat_function(void *opaque, const char *arguments, char **error);
int cleat_expose(struct cleat *cleat, const char *name, cleat_function *function, void *opaque);

/* Runs the app until nothing is left for it to do, it exits, or an error nobody caught ends it. Returns the
 * exit code (docs/cli.md). With a loop of yours, this runs that loop. */
int cleat_run(struct cleat *cleat);
/* Ends a running app from inside a cleat_function or a callback of your loop: cleat_run() returns this code.
 */
void cleat_stop(struct cleat *cleat, int exit_code);

/* For programs that own their process: SIGINT and SIGTERM end the app in order. After cleat_run(), the signal
 * that ended it, or 0. */
int cleat_handle_signals(struct cleat *cleat);
int cleat_exit_signal(const struct cleat *cleat);

/* "0.1.0" */
const char *cleat_version(void);
/* One line about the parts: engine and libuv versions, architecture. */
const char *cleat_build_info(void);

#ifdef __cplusplus
}
#endif

#endif
