/* links: runtime/host.c runtime/own_address.c runtime/permission.c runtime/permission_rule.c */
/* links: runtime/permission_parse.c runtime/permission_text.c runtime/prompt.c */
/* test_prompt.c - permission questions on a pseudo terminal whose other end is in this test. */
#include "check.h"
#include "runtime/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct fixture {
    uv_loop_t loop;
    struct rt_permissions *permissions;
    struct rt_prompt *prompt;
    int master;
    char shown[8192]; /* what the terminal showed so far */
    size_t length;
};

enum { TURNS_MAX = 2000, ASKED_MAX = 64 };

static int answers[ASKED_MAX]; /* -1: none yet; by question */

static void on_answer(void *data, bool granted)
{
    int *slot = data;
    CHECK_INT(*slot, -1); /* once */
    *slot = granted;
}

static void start(struct fixture *f)
{
    char error[RT_RULE_ERROR_MAX];
    memset(f, 0, sizeof(*f));
    for (int i = 0; i < ASKED_MAX; i++) {
        answers[i] = -1;
    }
    f->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    CHECK(f->master >= 0 && grantpt(f->master) == 0 && unlockpt(f->master) == 0);
    CHECK_INT(uv_loop_init(&f->loop), 0);
    f->permissions = rt_permissions_create();
    rt_permissions_can_ask(f->permissions, true);
    CHECK_INT(rt_permissions_deny(f->permissions, "tcp.connect=never.example", error), 0);
    CHECK_INT(rt_prompt_create(&f->loop, f->permissions, ptsname(f->master), &f->prompt), 0);
}

static void stop(struct fixture *f)
{
    rt_prompt_close(f->prompt);
    rt_prompt_close(NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&f->loop), 0);
    rt_permissions_destroy(f->permissions);
    if (f->master >= 0) {
        close(f->master);
    }
}

/* Runs the loop until the terminal shows `text` behind what was waited for before, or an answer comes. */
static bool wait_for(struct fixture *f, const char *text, const int *answer)
{
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        ssize_t got = read(f->master, f->shown + f->length, sizeof(f->shown) - 1 - f->length);
        if (got > 0) {
            f->length += (size_t)got;
            f->shown[f->length] = '\0';
        }
        char *found = text != NULL ? strstr(f->shown, text) : NULL;
        if (found != NULL) {
            size_t gone = (size_t)(found - f->shown) + strlen(text);
            memmove(f->shown, f->shown + gone, f->length - gone + 1);
            f->length -= gone;
            return true;
        }
        if (answer != NULL && *answer != -1) {
            return true;
        }
        usleep(500);
    }
    printf("# waited in vain for %s; shown: %s\n", text != NULL ? text : "an answer", f->shown);
    return false;
}

static struct rt_host parse(const char *name)
{
    struct rt_host host = {0};
    CHECK_INT(rt_host_parse(name, strlen(name), &host), 0);
    return host;
}

static int ask(struct fixture *f, const char *name, int port, int *slot)
{
    struct rt_host host = parse(name); /* on the stack: the prompt keeps a copy */
    struct rt_permission_query query = {RT_TCP_CONNECT, &host, port, 0, false};
    return rt_prompt_ask(f->prompt, &query, on_answer, slot);
}

static enum rt_permission_state state(struct fixture *f, const char *name, int port)
{
    struct rt_host host = parse(name);
    struct rt_permission_query query = {RT_TCP_CONNECT, &host, port, 0, false};
    return rt_permission_state(f->permissions, &query);
}

static void type(struct fixture *f, const char *text)
{
    CHECK_INT(write(f->master, text, strlen(text)), strlen(text));
}

static const char question_end[] = "anything else = no: ";

TEST(the_question_shows_operation_host_port_and_interface)
{
    static struct fixture f;
    start(&f);
    struct rt_host host = parse("fe80::1%lo");
    struct rt_permission_query query = {RT_UDP_SEND, &host, 53, 1, false};
    CHECK_INT(rt_prompt_ask(f.prompt, &query, on_answer, &answers[0]), 0);
    CHECK(wait_for(&f,
                   "operation  udp.send\r\n  host       fe80::1%lo\r\n  port       53\r\n  interface  lo\r\n",
                   NULL));
    type(&f, "n\n");
    CHECK(wait_for(&f, NULL, &answers[0]));
    CHECK_INT(answers[0], false);
    query = (struct rt_permission_query){RT_TCP_LISTEN, NULL, 0, 999999, false};
    CHECK_INT(rt_prompt_ask(f.prompt, &query, on_answer, &answers[1]), 0);
    CHECK(wait_for(&f, "host       any\r\n  port       ephemeral\r\n  interface  999999\r\n", NULL));
    type(&f, "n\n");
    CHECK(wait_for(&f, NULL, &answers[1]));
    stop(&f);
}

TEST(the_question_says_whether_the_connection_is_encrypted)
{
    static struct fixture f;
    start(&f);
    struct rt_host host = parse("mail.example.com");
    struct rt_permission_query query = {RT_TCP_CONNECT, &host, 993, 0, true}, plain = query;
    plain.secure = false;
    CHECK_INT(rt_prompt_ask(f.prompt, &query, on_answer, &answers[0]), 0);
    CHECK(wait_for(&f, "interface  any\r\n  encrypted  yes (TLS)\r\nAllow? ", NULL));
    type(&f, "r\n");
    CHECK(wait_for(&f, NULL, &answers[0]));
    CHECK_INT(rt_permission_state(f.permissions, &query), RT_GRANTED);
    CHECK_INT(rt_permission_state(f.permissions, &plain), RT_PROMPT); /* agreed to was encryption */
    CHECK_INT(rt_prompt_ask(f.prompt, &plain, on_answer, &answers[1]), 0);
    CHECK(wait_for(&f, "interface  any\r\n  encrypted  no, or not from the start\r\nAllow? ", NULL));
    type(&f, "r\n");
    CHECK(wait_for(&f, NULL, &answers[1]));
    CHECK_INT(rt_permission_state(f.permissions, &plain), RT_GRANTED);
    stop(&f);
}

TEST(the_question_says_in_words_that_nobody_checks_who_answers)
{
    static struct fixture f;
    char error[RT_RULE_ERROR_MAX];
    start(&f);
    rt_permissions_limit(f.permissions);
    CHECK_INT(rt_permissions_declare(f.permissions, "tls.insecure", error), 0);
    struct rt_host host = parse("192.168.1.5");
    struct rt_permission_query query = {RT_TLS_INSECURE, &host, 8009, 0, false};
    CHECK_INT(rt_prompt_ask(f.prompt, &query, on_answer, &answers[0]), 0);
    CHECK(wait_for(&f,
                   "permission to talk to 192.168.1.5, port 8009, without checking who answers:\r\n"
                   "  operation  tls.insecure\r\n",
                   NULL));
    CHECK(wait_for(&f, question_end, NULL));
    type(&f, "o\n");
    CHECK(wait_for(&f, NULL, &answers[0]));
    CHECK_INT(rt_permission_use(f.permissions, &query), RT_GRANTED);
    CHECK_INT(rt_permission_use(f.permissions, &query), RT_PROMPT);
    query = (struct rt_permission_query){RT_TLS_INSECURE, NULL, RT_ANY_PORT, 0, false};
    CHECK_INT(rt_prompt_ask(f.prompt, &query, on_answer, &answers[1]), 0);
    CHECK(wait_for(&f, "talk to any local device, any port, without checking who answers:", NULL));
    type(&f, "n\n");
    CHECK(wait_for(&f, NULL, &answers[1]));
    CHECK_INT(rt_permission_state(f.permissions, &query), RT_DENIED);
    stop(&f);
}

TEST(every_answer_does_what_it_says)
{
    static const struct {
        const char *typed;
        bool granted;
        enum rt_permission_state after, after_use;
        const char *echo;
    } rows[] = {
        {"o\n", true, RT_GRANTED, RT_PROMPT, "Allowed once."},
        {"once\n", true, RT_GRANTED, RT_PROMPT, "Allowed once."},
        {"YES\n", true, RT_GRANTED, RT_PROMPT, "Allowed once."},
        {"  y  \n", true, RT_GRANTED, RT_PROMPT, "Allowed once."},
        {"r\n", true, RT_GRANTED, RT_GRANTED, "Allowed for this run."},
        {"Run\n", true, RT_GRANTED, RT_GRANTED, "Allowed for this run."},
        {"n\n", false, RT_DENIED, RT_DENIED, "Denied."},
        {"\n", false, RT_DENIED, RT_DENIED, "Denied."},
        {"\x04", false, RT_DENIED, RT_DENIED, "Denied."}, /* end of input */
        {"rr\n", false, RT_DENIED, RT_DENIED, "Denied."},
        {"r n\n", false, RT_DENIED, RT_DENIED, "Denied."},
        {"allow\n", false, RT_DENIED, RT_DENIED, "Denied."},
        {"o\x16\x01\n", false, RT_DENIED, RT_DENIED, "Denied."}, /* ^V ^A: a literal control character */
        {"o                                                 \n", false, RT_DENIED, RT_DENIED, "Denied."},
        {"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\n",
         false, RT_DENIED, RT_DENIED, "Denied."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct fixture f;
        start(&f);
        CHECK_INT(ask(&f, "a.example", 80, &answers[0]), 0);
        CHECK_INT(answers[0], -1); /* never from within the call */
        CHECK(wait_for(&f, question_end, NULL));
        type(&f, rows[i].typed);
        CHECK(wait_for(&f, NULL, &answers[0]));
        CHECK_INT(answers[0], rows[i].granted);
        CHECK(wait_for(&f, rows[i].echo, NULL));
        CHECK_INT(state(&f, "a.example", 80), rows[i].after);
        struct rt_host host = parse("a.example");
        struct rt_permission_query query = {RT_TCP_CONNECT, &host, 80, 0, false};
        (void)rt_permission_use(f.permissions, &query);
        CHECK_INT(rt_permission_state(f.permissions, &query), rows[i].after_use);
        CHECK_INT(state(&f, "b.example", 80), RT_PROMPT);
        stop(&f);
    }
}

TEST(one_question_at_a_time)
{
    static struct fixture f;
    start(&f);
    CHECK_INT(ask(&f, "a.example", 80, &answers[0]), 0);
    CHECK_INT(ask(&f, "b.example", 80, &answers[1]), 0);
    CHECK(wait_for(&f, "a.example", NULL));
    CHECK(wait_for(&f, question_end, NULL));
    for (int i = 0; i < 20; i++) {
        uv_run(&f.loop, UV_RUN_NOWAIT);
    }
    CHECK(read(f.master, f.shown, sizeof(f.shown)) < 0); /* nothing of the second yet */
    type(&f, "r\n");
    CHECK(wait_for(&f, "b.example", NULL));
    CHECK_INT(answers[0], true);
    CHECK_INT(answers[1], -1);
    CHECK(wait_for(&f, question_end, NULL));
    type(&f, "n\n");
    CHECK(wait_for(&f, NULL, &answers[1]));
    CHECK_INT(answers[1], false);
    stop(&f);
}

/* Keys pressed before there was a question, or two lines at once, must not agree to anything. */
TEST(what_was_typed_before_a_question_does_not_answer_it)
{
    static struct fixture f;
    start(&f);
    int holder = open(ptsname(f.master), O_RDWR | O_NOCTTY); /* the terminal is open before we ask */
    CHECK(holder >= 0);
    type(&f, "r\n");
    CHECK_INT(ask(&f, "a.example", 80, &answers[0]), 0);
    CHECK_INT(ask(&f, "b.example", 80, &answers[1]), 0);
    CHECK(wait_for(&f, question_end, NULL));
    for (int i = 0; i < 20; i++) {
        uv_run(&f.loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(answers[0], -1);
    type(&f, "r\nr\nr\n");
    CHECK(wait_for(&f, NULL, &answers[0]));
    CHECK_INT(answers[0], true);
    CHECK(wait_for(&f, question_end, NULL));
    for (int i = 0; i < 20; i++) {
        uv_run(&f.loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(answers[1], -1);
    close(holder);
    stop(&f);
    CHECK_INT(answers[1], false);
}

TEST(the_same_question_twice_is_asked_once_if_the_answer_holds)
{
    static struct fixture f;
    start(&f);
    CHECK_INT(ask(&f, "a.example", 80, &answers[0]), 0);
    CHECK_INT(ask(&f, "a.example", 80, &answers[1]), 0);
    CHECK(wait_for(&f, question_end, NULL));
    type(&f, "r\n");
    CHECK(wait_for(&f, NULL, &answers[1]));
    CHECK(answers[0] == true && answers[1] == true);
    stop(&f);
    start(&f);
    CHECK_INT(ask(&f, "a.example", 80, &answers[0]), 0);
    CHECK_INT(ask(&f, "a.example", 80, &answers[1]), 0);
    CHECK(wait_for(&f, question_end, NULL));
    type(&f, "o\n"); /* holds for one of them */
    CHECK(wait_for(&f, question_end, NULL));
    CHECK_INT(answers[0], true);
    CHECK_INT(answers[1], -1);
    type(&f, "n\n");
    CHECK(wait_for(&f, NULL, &answers[1]));
    CHECK_INT(answers[1], false);
    stop(&f);
}

TEST(the_queue_is_bounded)
{
    static struct fixture f;
    start(&f);
    for (int i = 0; i < RT_PROMPT_QUEUE_MAX; i++) {
        CHECK_INT(ask(&f, "a.example", i, &answers[i]), 0);
    }
    CHECK_INT(ask(&f, "a.example", 100, &answers[50]), -ENOBUFS);
    CHECK(wait_for(&f, question_end, NULL));
    type(&f, "n\n");
    CHECK(wait_for(&f, NULL, &answers[0]));
    CHECK_INT(ask(&f, "a.example", 100, &answers[50]), 0); /* room again */
    stop(&f);
    for (int i = 0; i < RT_PROMPT_QUEUE_MAX; i++) {
        CHECK_INT(answers[i], false);
    }
    CHECK_INT(answers[50], false);
}

TEST(nothing_is_asked_where_the_answer_is_known)
{
    static struct fixture f;
    start(&f);
    CHECK_INT(ask(&f, "never.example", 80, &answers[0]), 0);
    struct rt_host group = parse("239.1.2.3");
    struct rt_permission_query impossible = {RT_TCP_CONNECT, &group, 80, 0, false};
    CHECK_INT(rt_prompt_ask(f.prompt, &impossible, on_answer, &answers[1]), 0);
    CHECK_INT(answers[0], -1);
    CHECK(wait_for(&f, NULL, &answers[1]));
    CHECK(answers[0] == false && answers[1] == false);
    char error[RT_RULE_ERROR_MAX];
    CHECK_INT(rt_permissions_allow(f.permissions, "tcp.connect=ok.example", error), 0);
    CHECK_INT(ask(&f, "ok.example", 80, &answers[2]), 0);
    CHECK(wait_for(&f, NULL, &answers[2]));
    CHECK_INT(answers[2], true);
    rt_permissions_can_ask(f.permissions, false);
    CHECK_INT(ask(&f, "a.example", 80, &answers[3]), 0);
    CHECK(wait_for(&f, NULL, &answers[3]));
    CHECK_INT(answers[3], false);
    CHECK(read(f.master, f.shown, sizeof(f.shown)) < 0);
    stop(&f);
}

TEST(without_a_terminal_the_answer_is_no)
{
    static struct fixture f;
    start(&f);
    struct rt_prompt *prompt = NULL;
    CHECK_INT(rt_prompt_create(&f.loop, f.permissions, "/dev/null", &prompt), 0);
    struct rt_host host = parse("a.example");
    struct rt_permission_query query = {RT_TCP_CONNECT, &host, 80, 0, false};
    CHECK_INT(rt_prompt_ask(prompt, &query, on_answer, &answers[0]), 0);
    CHECK(wait_for(&f, NULL, &answers[0]));
    CHECK_INT(answers[0], false);
    CHECK_INT(rt_permission_state(f.permissions, &query), RT_PROMPT); /* nobody said no */
    rt_prompt_close(prompt);
    stop(&f);
}

TEST(a_terminal_that_goes_away_means_no)
{
    static struct fixture f;
    start(&f);
    CHECK_INT(ask(&f, "a.example", 80, &answers[0]), 0);
    CHECK_INT(ask(&f, "b.example", 80, &answers[1]), 0);
    CHECK(wait_for(&f, question_end, NULL));
    close(f.master);
    f.master = open("/dev/null", O_RDWR | O_CLOEXEC);
    CHECK(wait_for(&f, NULL, &answers[0]));
    CHECK(wait_for(&f, NULL, &answers[1]));
    CHECK(answers[0] == false && answers[1] == false);
    stop(&f);
}

TEST(a_stopped_terminal_does_not_stop_the_loop)
{
    static struct fixture f;
    start(&f);
    int holder = open(ptsname(f.master), O_RDWR | O_NOCTTY);
    CHECK(holder >= 0);
    CHECK_INT(tcflow(holder, TCOOFF), 0); /* as ^S */
    CHECK_INT(ask(&f, "a.example", 80, &answers[0]), 0);
    for (int i = 0; i < 20; i++) {
        uv_run(&f.loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(answers[0], -1);
    CHECK_INT(tcflow(holder, TCOON), 0);
    CHECK(wait_for(&f, question_end, NULL));
    type(&f, "r\n");
    CHECK(wait_for(&f, NULL, &answers[0]));
    CHECK_INT(answers[0], true);
    close(holder);
    stop(&f);
}

TEST(closing_with_questions_open_answers_no)
{
    static struct fixture f;
    start(&f);
    CHECK_INT(ask(&f, "a.example", 80, &answers[0]), 0);
    CHECK_INT(ask(&f, "b.example", 80, &answers[1]), 0);
    CHECK(wait_for(&f, question_end, NULL));
    stop(&f);
    CHECK(answers[0] == false && answers[1] == false);
}

static struct fixture asking_again;

static void ask_again(void *data, bool granted)
{
    on_answer(data, granted);
    CHECK_INT(ask(&asking_again, "b.example", 80, &answers[1]), 0);
}

TEST(an_answer_may_ask_again)
{
    start(&asking_again);
    struct rt_host host = parse("a.example");
    struct rt_permission_query query = {RT_TCP_CONNECT, &host, 80, 0, false};
    CHECK_INT(rt_prompt_ask(asking_again.prompt, &query, ask_again, &answers[0]), 0);
    CHECK(wait_for(&asking_again, question_end, NULL));
    type(&asking_again, "r\n");
    CHECK(wait_for(&asking_again, "b.example", NULL));
    CHECK(wait_for(&asking_again, question_end, NULL));
    type(&asking_again, "r\n");
    CHECK(wait_for(&asking_again, NULL, &answers[1]));
    CHECK(answers[0] == true && answers[1] == true);
    stop(&asking_again);
}

/* In a session of its own: the controlling terminal is found, and a process without one has none to ask on.
 */
static int in_a_session(const char *terminal, bool as_stdin, bool controlling)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        int fd = open(terminal, O_RDWR | (controlling ? 0 : O_NOCTTY));
        dup2(as_stdin ? fd : open("/dev/null", O_RDWR), STDIN_FILENO);
        _exit(rt_prompt_available() ? 1 : 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(the_terminal_of_the_process_is_found)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    CHECK_INT(in_a_session(ptsname(master), false, true), 1);
    CHECK_INT(in_a_session(ptsname(master), true, false), 1);
    CHECK_INT(in_a_session(ptsname(master), false, false), 0);
    CHECK_INT(in_a_session("/dev/null", true, false), 0);
    close(master);
}

/* A process in the background that touched the terminal would be stopped. */
TEST(a_process_in_the_background_does_not_ask)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    fflush(stdout);
    pid_t leader = fork();
    if (leader == 0) {
        setsid();
        (void)open(ptsname(master), O_RDWR);
        pid_t background = fork();
        if (background == 0) {
            setpgid(0, 0);
            static struct fixture f;
            answers[0] = -1;
            uv_loop_init(&f.loop);
            f.permissions = rt_permissions_create();
            rt_permissions_can_ask(f.permissions, true);
            if (rt_prompt_create(&f.loop, f.permissions, NULL, &f.prompt) != 0 ||
                ask(&f, "a.example", 80, &answers[0]) != 0) {
                _exit(2);
            }
            uv_run(&f.loop, UV_RUN_DEFAULT);
            _exit(answers[0] == false ? 0 : 3);
        }
        int status = -1;
        waitpid(background, &status, WUNTRACED);
        if (WIFSTOPPED(status)) {
            kill(background, SIGKILL);
        }
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 4);
    }
    int status = -1;
    waitpid(leader, &status, 0);
    CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    close(master);
}

TEST(text_shows_what_is_there)
{
    static const struct {
        const char *text, *escaped;
    } rows[] = {
        {"mail.example.com", "mail.example.com"},
        {"b\xc3\xbc"
         "cher \xe2\x82\xac \xf0\x9f\x98\x80",
         "b\xc3\xbc"
         "cher \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\nb\rc\td", "a\\u{a}b\\u{d}c\\u{9}d"},
        {"\033[2J\x07\x7f", "\\u{1b}[2J\\u{7}\\u{7f}"},
        {"\xc2\x9b"
         "31m",
         "\\u{9b}31m"}, /* C1 control sequence introducer */
        {"\xe2\x80\xae"
         "moc.elpmaxe",
         "\\u{202e}moc.elpmaxe"},                                           /* right-to-left override */
        {"\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}"},               /* isolates */
        {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u{200e}\\u{200f}\\u{61c}"}, /* marks */
        {"a\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf"
         "b",
         "a\\u{200b}\\u{200d}\\u{feff}b"}, /* no width */
        {"a\xc2\xad\xe2\x81\xa0"
         "b",
         "a\\u{ad}\\u{2060}b"},
        {"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},
        {"\xf3\xa0\x81\xa1", "\\u{e0061}"}, /* tag letter */
        {"\xef\xb8\x8f", "\\u{fe0f}"},      /* variation selector */
        {"\\u{202e}", "\\\\u{202e}"},       /* told from the real one */
        {"\xff\xc3", "\\xff\\xc3"},
        {"\xc0\xae\xe0\x80\xae", "\\xc0\\xae\\xe0\\x80\\xae"}, /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                   /* surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},          /* beyond Unicode */
        {"\xe2\x82", "\\xe2\\x82"},                            /* cut off */
    };
    char out[128];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rt_prompt_escape(rows[i].text, strlen(rows[i].text), out, sizeof(out));
        CHECK_STR(out, rows[i].escaped);
    }
    rt_prompt_escape("\0", 1, out, sizeof(out));
    CHECK_STR(out, "\\u{0}");
    rt_prompt_escape("\xe2\x82\xac\xe2\x82\xac", 6, out, 6); /* cut between characters */
    CHECK_STR(out, "\xe2\x82\xac");
    rt_prompt_escape("ab\n", 3, out, 5); /* and never within an escape */
    CHECK_STR(out, "ab");
    rt_prompt_escape("abc", 3, out, 1);
    CHECK_STR(out, "");
}

int main(void)
{
    signal(SIGHUP, SIG_IGN);
    RUN(the_question_shows_operation_host_port_and_interface);
    RUN(the_question_says_whether_the_connection_is_encrypted);
    RUN(the_question_says_in_words_that_nobody_checks_who_answers);
    RUN(every_answer_does_what_it_says);
    RUN(one_question_at_a_time);
    RUN(what_was_typed_before_a_question_does_not_answer_it);
    RUN(the_same_question_twice_is_asked_once_if_the_answer_holds);
    RUN(the_queue_is_bounded);
    RUN(nothing_is_asked_where_the_answer_is_known);
    RUN(without_a_terminal_the_answer_is_no);
    RUN(a_terminal_that_goes_away_means_no);
    RUN(a_stopped_terminal_does_not_stop_the_loop);
    RUN(closing_with_questions_open_answers_no);
    RUN(an_answer_may_ask_again);
    RUN(the_terminal_of_the_process_is_found);
    RUN(a_process_in_the_background_does_not_ask);
    RUN(text_shows_what_is_there);
    return check_done();
}
