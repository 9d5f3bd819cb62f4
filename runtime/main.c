/* main.c - the `cleat` program: command line, process set-up, exit code. Everything else is libcleat's. */
#include "bindings/tls_trust.h"
#include "cleat.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { EXIT_USAGE = 2, EXIT_LOAD = 3, EXIT_INTERNAL = 70, RULES_MAX = 256 };

static const char usage[] =
    "Cleat runs JavaScript apps that talk TCP, UDP and multicast, under permissions.\n"
    "\n"
    "Usage: cleat run [flags] APP [arguments…]     run app.js or app.cleat\n"
    "       cleat run [flags] --eval CODE          run a line of code\n"
    "       cleat --version | --help\n"
    "\n"
    "Permissions (nothing is allowed by default; deny wins):\n"
    "  --allow OP[=RULE]    allow tcp.connect, tcp.listen, udp.send, udp.bind, multicast,\n"
    "                       broadcast or tls.insecure\n"
    "  --deny OP[=RULE]     deny, whatever else allows it\n"
    "  -A, --allow-all      allow all but tls.insecure; for a bundle, all that its manifest declares\n"
    "  --prompt             ask on the terminal for the rest\n"
    "\n"
    "Limits:\n"
    "  --memory-limit SIZE  JavaScript heap, e.g. 16M; beyond it the app ends with code 72\n"
    "  --stack-size SIZE    JavaScript stack, default 512K\n"
    "  --max-turn-ms N      longest time without yielding; beyond it the app ends with code 71\n"
    "\n"
    "Other:\n"
    "  --ca-file FILE       trust these authorities for TLS instead of the system's\n"
    "  --unsigned           run a bundle that nobody signed\n"
    "  --standard-streams   sockets without the short cut between app and kernel (for tests)\n"
    "  -e, --eval CODE      run CODE as a module\n"
    "  --version [--json]   print versions\n"
    "  -h, --help           print this\n"
    "\n"
    "Examples:\n"
    "  cleat run hello.js\n"
    "  cleat run --allow tcp.connect=irc.example.net:6667 irc.js mynick\n"
    "  cleat run --allow udp.bind=1900 --allow multicast=239.255.255.250:1900 tv.js\n"
    "  cleat run --unsigned -A --memory-limit 16M remote.cleat\n"
    "\n"
    "Exit codes: 0 done, 1 uncaught error, 2 wrong usage, 3 app can't be loaded, 70 internal error,\n"
    "71 turn too long, 72 out of memory, 128+n ended by signal n; otherwise what the app passed to "
    "cleat.exit().\n";

static int usage_error(const char *what, const char *detail)
{
    fprintf(stderr, "cleat: %s%s\nTry 'cleat --help'.\n", what, detail ? detail : "");
    return EXIT_USAGE;
}

/* "16M", "512K", "1G" or bytes; 0 if malformed. */
static size_t parse_size(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    int shift = *end == 'K' || *end == 'k'   ? 10
                : *end == 'M' || *end == 'm' ? 20
                : *end == 'G' || *end == 'g' ? 30
                                             : 0;
    if (errno || end == text || text[0] == '-' || end[shift ? 1 : 0] || number > (SIZE_MAX >> shift)) {
        return 0;
    }
    return (size_t)number << shift;
}

static int print_version(bool json)
{
    if (json) {
        printf("{\"cleat\":\"%s\",\"build\":\"%s\"}\n", cleat_version(), cleat_build_info());
    } else {
        printf("cleat %s (%s)\n", cleat_version(), cleat_build_info());
    }
    return 0;
}

struct command {
    struct cleat_options options;
    struct {
        char kind; /* 'a'llow, 'd'eny */
        const char *text;
    } rules[RULES_MAX];
    int rule_count;
    bool allow_all, prompt;
    unsigned load_flags;
    const char *eval;
};

static int set_limit(struct command *command, int option, const char *text)
{
    size_t value = parse_size(text);
    struct rlimit stack;
    if (value == 0) {
        return usage_error(option == 't' ? "--max-turn-ms wants a positive number, not "
                                         : "a size such as 16M is wanted, not ",
                           text);
    }
    if (option == 'm') {
        command->options.memory_limit = value;
    } else if (option == 't') {
        command->options.max_turn_ms = value > 0xffffffff ? 0xffffffff : (unsigned)value;
    } else {
        command->options.stack_size = value;
        /* The rest of the thread's stack is for C: the engine's own frames and the bindings. */
        if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur != RLIM_INFINITY &&
            (stack.rlim_cur < 512 * 1024 || value > stack.rlim_cur - 512 * 1024)) {
            return usage_error("--stack-size must stay 512K below the limit of the process (ulimit -s): ",
                               text);
        }
    }
    return 0;
}

/* A file that can't be used is told of now: later every connection would fail for a reason that is hard to
 * see. */
static int set_ca_file(struct command *command, const char *path)
{
    char error[512] = "";
    struct io_tls_trust *trust = NULL;
    if (io_tls_trust_open(path, &trust, error, sizeof(error)) < 0) {
        return usage_error("--ca-file: ", error);
    }
    io_tls_trust_unref(trust);
    command->options.ca_file = path;
    return 0;
}

/* 0 to go on, a code to end with, or -1 to end with success. */
static int parse(int argc, char **argv, struct command *command)
{
    static const struct option options[] = {
        {"allow", required_argument, NULL, 'a'},
        {"deny", required_argument, NULL, 'd'},
        {"allow-all", no_argument, NULL, 'A'},
        {"prompt", no_argument, NULL, 'p'},
        {"memory-limit", required_argument, NULL, 'm'},
        {"stack-size", required_argument, NULL, 's'},
        {"max-turn-ms", required_argument, NULL, 't'},
        {"ca-file", required_argument, NULL, 'c'},
        {"unsigned", no_argument, NULL, 'u'},
        {"standard-streams", no_argument, NULL, 'S'},
        {"eval", required_argument, NULL, 'e'},
        {"version", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool version = false, json = false;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:Ae:h", options, NULL)) != -1) {
        int code = 0;
        switch (option) {
        case 'a':
        case 'd':
            if (command->rule_count == RULES_MAX) {
                return usage_error("too many rules", NULL);
            }
            command->rules[command->rule_count].kind = (char)option;
            command->rules[command->rule_count++].text = optarg;
            break;
        case 'S':
            command->options.standard_streams = 1;
            break;
        case 'A':
            command->allow_all = true;
            break;
        case 'p':
            command->prompt = true;
            break;
        case 'm':
        case 's':
        case 't':
            code = set_limit(command, option, optarg);
            break;
        case 'c':
            code = set_ca_file(command, optarg);
            break;
        case 'u':
            command->load_flags |= CLEAT_UNSIGNED;
            break;
        case 'e':
            command->eval = optarg;
            break;
        case 'v':
            version = true;
            break;
        case 'j':
            json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return -1;
        case ':':
            return usage_error("missing value after ", argv[optind - 1]);
        default:
            return usage_error("unknown flag ", argv[optind - 1]);
        }
        if (code) {
            return code;
        }
    }
    if (version) {
        print_version(json);
        return -1;
    }
    return 0;
}

static int load(struct cleat *cleat, const struct command *command, int argc, char **argv)
{
    for (int i = 0; i < command->rule_count; i++) {
        const char *text = command->rules[i].text;
        bool allow = command->rules[i].kind == 'a';
        if ((allow ? cleat_allow(cleat, text) : cleat_deny(cleat, text)) < 0) {
            fprintf(stderr, "cleat: %s %s: %s\n", allow ? "--allow" : "--deny", text, cleat_error(cleat));
            return EXIT_USAGE;
        }
    }
    int error = command->eval ? cleat_load_source(cleat, "eval.js", command->eval, argc, argv)
                              : cleat_load_file(cleat, argv[0], command->load_flags, argc - 1, argv + 1);
    if (error < 0) {
        fprintf(stderr, "cleat: %s\n", cleat_error(cleat));
        return EXIT_LOAD;
    }
    if (command->allow_all && cleat_allow_all(cleat) < 0) {
        fputs("cleat: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    if (command->prompt) {
        cleat_prompt(cleat);
    }
    return 0;
}

static void set_up_process(void)
{
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    /* A server needs what the system grants, not the low default of shells. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(int argc, char **argv)
{
    struct command command = {0};
    bool verb = argc > 1 && strcmp(argv[1], "run") == 0;
    if (argc < 2) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (!verb && argv[1][0] != '-') {
        return usage_error("unknown command ", argv[1]);
    }
    if (verb) {
        argc--;
        argv++;
    }
    int code = parse(argc, argv, &command);
    if (code != 0) {
        return code < 0 ? 0 : code;
    }
    argc -= optind;
    argv += optind;
    if (!command.eval && argc == 0) {
        return usage_error("no app given", NULL);
    }
    set_up_process();
    struct cleat *cleat = cleat_create(&command.options);
    if (!cleat) {
        fprintf(stderr, "cleat: can't start: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    code = load(cleat, &command, argc, argv);
    if (code == 0) {
        cleat_handle_signals(cleat);
        code = cleat_run(cleat);
    }
    int number = cleat_exit_signal(cleat);
    cleat_destroy(cleat);
    if (number) {
        signal(number, SIG_DFL);
        raise(number);
    }
    return code;
}
