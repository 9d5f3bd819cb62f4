/* prompt.c - permission questions on the terminal; see prompt.h. The terminal stays as it is (line by line,
 * with echo); what was typed before a question is shown is thrown away, so that it can't answer it. */
#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

enum {
    FIELD_MAX = 600, /* bytes of a host or interface as shown: a name, with its worst escapes */
    QUESTION_MAX = 3072,
};

struct question {
    struct rt_permission_query query;
    struct rt_host host; /* what query.host points to while the question is asked */
    bool has_host;
    rt_prompt_done *done;
    void *data;
};

struct rt_prompt {
    uv_loop_t *loop;
    struct rt_permissions *permissions;
    char *path;
    int fd;          /* -1: not open */
    uv_timer_t next; /* takes up the first question */
    uv_poll_t poll;  /* while one is asked */
    int open_handles;
    bool closing;
    struct question queue[RT_PROMPT_QUEUE_MAX]; /* a ring */
    size_t first, count;
    char out[QUESTION_MAX];
    size_t out_length, out_sent;
    char line[RT_PROMPT_LINE_MAX];
    size_t line_length;
    bool line_too_long;
};

/* Text ---------------------------------------------------------------------------------------------- */

/* Characters that do not show, or change how others show: C0, C1, soft hyphen, the bidirectional and other
 * format characters, separators of lines, variation selectors, tags. */
static bool is_deceptive(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},      {0x600, 0x605},
        {0x61c, 0x61c},   {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x115f, 0x1160},    {0x17b4, 0x17b5},
        {0x180b, 0x180f}, {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},    {0x3000, 0x3000},
        {0x3164, 0x3164}, {0xd800, 0xf8ff},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},    {0xffa0, 0xffa0},
        {0xfff0, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* The length of the well-formed character at the start of `text`, or 0. */
static size_t decode(const unsigned char *text, size_t length, uint32_t *ret_character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = text[0] < 0x80       ? 1
                  : text[0] >> 5 == 6  ? 2
                  : text[0] >> 4 == 14 ? 3
                  : text[0] >> 3 == 30 ? 4
                                       : 0;
    if (size == 0 || size > length) {
        return 0;
    }
    uint32_t c = size == 1 ? text[0] : text[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (text[i] >> 6 != 2) {
            return 0;
        }
        c = c << 6 | (text[i] & 0x3fu);
    }
    if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }
    *ret_character = c;
    return size;
}

void rt_prompt_escape(const char *text, size_t length, char *out, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t used = 0;
    while (length > 0) {
        char piece[16];
        uint32_t c = 0;
        size_t taken = decode(at, length, &c);
        if (taken == 0) {
            snprintf(piece, sizeof(piece), "\\x%02x", *at);
            taken = 1;
        } else if (c == '\\') {
            strcpy(piece, "\\\\");
        } else if (is_deceptive(c)) {
            snprintf(piece, sizeof(piece), "\\u{%x}", (unsigned)c);
        } else {
            memcpy(piece, at, taken);
            piece[taken] = '\0';
        }
        if (used + strlen(piece) >= size) {
            break;
        }
        strcpy(out + used, piece);
        used += strlen(piece);
        at += taken;
        length -= taken;
    }
    out[used] = '\0';
}

static __attribute__((format(printf, 2, 3))) void put(struct rt_prompt *prompt, const char *format, ...)
{
    va_list arguments;
    size_t left = sizeof(prompt->out) - prompt->out_length;
    va_start(arguments, format);
    int length = vsnprintf(prompt->out + prompt->out_length, left, format, arguments);
    va_end(arguments);
    if (length > 0) {
        prompt->out_length += (size_t)length < left ? (size_t)length : left - 1;
    }
}

static void compose(struct rt_prompt *prompt, const struct rt_permission_query *query)
{
    char host[FIELD_MAX] = "any", port[16] = "any", interface[FIELD_MAX] = "any", name[IF_NAMESIZE];
    if (query->host != NULL) {
        rt_prompt_escape(query->host->name, strlen(query->host->name), host, sizeof(host));
    }
    if (query->port == 0) {
        strcpy(port, "ephemeral");
    } else if (query->port != RT_ANY_PORT) {
        snprintf(port, sizeof(port), "%d", query->port);
    }
    if (query->interface_index != 0 && if_indextoname(query->interface_index, name) != NULL) {
        rt_prompt_escape(name, strlen(name), interface, sizeof(interface));
    } else if (query->interface_index != 0) {
        snprintf(interface, sizeof(interface), "%u", query->interface_index);
    }
    prompt->out_length = prompt->out_sent = 0;
    if (query->operation == RT_TLS_INSECURE) {
        bool any_port = query->port == RT_ANY_PORT;
        put(prompt, "\nThe app asks for permission to talk to %s%s, %s%s, without checking who answers:\n",
            host, query->host == NULL ? " local device" : "", any_port ? "any port" : "port ",
            any_port ? "" : port);
    } else {
        put(prompt, "\nThe app asks for permission:\n");
    }
    put(prompt, "  operation  %s\n  host       %s\n  port       %s\n  interface  %s\n",
        rt_operation_name(query->operation), host, port, interface);
    if (query->operation == RT_TCP_CONNECT) {
        put(prompt, "  encrypted  %s\n", query->secure ? "yes (TLS)" : "no, or not from the start");
    }
    put(prompt, "Allow? o = once, r = for this run, anything else = no: ");
}

/* Terminal ------------------------------------------------------------------------------------------ */

/* A description of its own, so that making it non-blocking touches nobody else's. */
static int open_path(const char *path)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !isatty(fd)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_terminal(const char *path)
{
    char name[64];
    if (path != NULL) {
        return open_path(path);
    }
    int fd = open_path("/dev/tty");
    /* Without a controlling terminal, as on a serial console. */
    if (fd < 0 && isatty(STDIN_FILENO) && ttyname_r(STDIN_FILENO, name, sizeof(name)) == 0) {
        fd = open_path(name);
    }
    return fd;
}

bool rt_prompt_available(void)
{
    int fd = open_terminal(NULL);
    if (fd < 0) {
        return false;
    }
    close(fd);
    return true;
}

static void on_poll(uv_poll_t *handle, int status, int events);

/* In the background, touching the terminal would stop the process. */
static bool is_in_background(int fd)
{
    pid_t foreground = tcgetpgrp(fd);
    return foreground >= 0 && foreground != getpgrp();
}

static bool get_terminal(struct rt_prompt *prompt)
{
    if (prompt->fd < 0) {
        int fd = open_terminal(prompt->path);
        if (fd < 0) {
            return false;
        }
        if (uv_poll_init(prompt->loop, &prompt->poll, fd) < 0) {
            close(fd);
            return false;
        }
        prompt->fd = fd;
        prompt->open_handles++;
    }
    return !is_in_background(prompt->fd);
}

static void on_closed(uv_handle_t *handle)
{
    struct rt_prompt *prompt = handle->data;
    if (--prompt->open_handles == 0) {
        if (prompt->fd >= 0) {
            close(prompt->fd);
        }
        free(prompt->path);
        free(prompt);
    }
}

/* Questions ----------------------------------------------------------------------------------------- */

static void take_up(uv_timer_t *timer);

static void finish(struct rt_prompt *prompt, bool granted)
{
    struct question question = prompt->queue[prompt->first];
    prompt->first = (prompt->first + 1) % RT_PROMPT_QUEUE_MAX;
    prompt->count--;
    if (prompt->count > 0 && !prompt->closing) {
        uv_timer_start(&prompt->next, take_up, 0, 0);
    }
    question.done(question.data, granted); /* may ask again */
}

/* What is not understood is no. "y" is taken for the smaller of the two ways to agree. */
static void answer(struct rt_prompt *prompt, const char *line)
{
    struct question *question = &prompt->queue[prompt->first];
    struct rt_permissions *permissions = prompt->permissions;
    bool once = strcasecmp(line, "o") == 0 || strcasecmp(line, "once") == 0 || strcasecmp(line, "y") == 0 ||
                strcasecmp(line, "yes") == 0;
    bool run = strcasecmp(line, "r") == 0 || strcasecmp(line, "run") == 0;
    bool granted = (once && rt_permissions_grant_once(permissions, &question->query) == 0) ||
                   (run && rt_permissions_grant(permissions, &question->query) == 0);
    if (!once && !run) {
        (void)rt_permissions_refuse(permissions,
                                    &question->query); /* where it can't be kept, it is no anyway */
    }
    const char *echo = !granted ? "Denied.\n" : once ? "Allowed once.\n" : "Allowed for this run.\n";
    (void)!write(prompt->fd, echo, strlen(echo));
    uv_poll_stop(&prompt->poll);
    finish(prompt, granted);
}

/* The terminal is gone: nobody can be asked any more. */
static void lose_terminal(struct rt_prompt *prompt)
{
    uv_poll_stop(&prompt->poll);
    rt_permissions_can_ask(prompt->permissions, false);
    finish(prompt, false);
}

static void read_answer(struct rt_prompt *prompt)
{
    char c;
    ssize_t result;
    while ((result = read(prompt->fd, &c, 1)) == 1) {
        if (c != '\n' && c != '\r') {
            if (prompt->line_length + 1 < sizeof(prompt->line)) {
                prompt->line[prompt->line_length++] = c;
            } else {
                prompt->line_too_long = true;
            }
            continue;
        }
        while (prompt->line_length > 0 && prompt->line[prompt->line_length - 1] == ' ') {
            prompt->line_length--;
        }
        prompt->line[prompt->line_length] = '\0';
        char *start = prompt->line + strspn(prompt->line, " ");
        answer(prompt, prompt->line_too_long || strlen(prompt->line) != prompt->line_length ? "" : start);
        return;
    }
    if (result == 0) {
        answer(prompt, ""); /* end of input */
    } else if (errno != EAGAIN && errno != EINTR) {
        lose_terminal(prompt);
    }
}

static void write_question(struct rt_prompt *prompt)
{
    while (prompt->out_sent < prompt->out_length) {
        ssize_t sent =
            write(prompt->fd, prompt->out + prompt->out_sent, prompt->out_length - prompt->out_sent);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0 && errno != EAGAIN) {
            lose_terminal(prompt);
            return;
        }
        if (sent < 0) { /* a stopped terminal (^S) */
            if (uv_poll_start(&prompt->poll, UV_WRITABLE, on_poll) < 0) {
                lose_terminal(prompt);
            }
            return;
        }
        prompt->out_sent += (size_t)sent;
    }
    if (uv_poll_start(&prompt->poll, UV_READABLE, on_poll) < 0) {
        lose_terminal(prompt);
    }
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct rt_prompt *prompt = handle->data;
    (void)events;
    if (status < 0) {
        lose_terminal(prompt);
    } else if (prompt->out_sent < prompt->out_length) {
        write_question(prompt);
    } else {
        read_answer(prompt);
    }
}

static void take_up(uv_timer_t *timer)
{
    struct rt_prompt *prompt = timer->data;
    struct question *question = &prompt->queue[prompt->first];
    question->query.host = question->has_host ? &question->host : NULL;
    enum rt_permission_state state = rt_permission_state(prompt->permissions, &question->query);
    if (rt_permission_settled(prompt->permissions, &question->query)) {
        finish(prompt, state == RT_GRANTED);
    } else if (!get_terminal(prompt)) {
        finish(prompt, false);
    } else {
        prompt->line_length = 0;
        prompt->line_too_long = false;
        compose(prompt, &question->query);
        tcflush(prompt->fd, TCIFLUSH);
        write_question(prompt);
    }
}

int rt_prompt_create(uv_loop_t *loop, struct rt_permissions *permissions, const char *terminal,
                     struct rt_prompt **ret_prompt)
{
    struct rt_prompt *prompt = calloc(1, sizeof(*prompt));
    if (prompt == NULL) {
        return -ENOMEM;
    }
    prompt->path = terminal != NULL ? strdup(terminal) : NULL;
    if (terminal != NULL && prompt->path == NULL) {
        free(prompt);
        return -ENOMEM;
    }
    prompt->loop = loop;
    prompt->permissions = permissions;
    prompt->fd = -1;
    prompt->next.data = prompt->poll.data = prompt;
    uv_timer_init(loop, &prompt->next); /* can't fail */
    prompt->open_handles = 1;
    *ret_prompt = prompt;
    return 0;
}

int rt_prompt_ask(struct rt_prompt *prompt, const struct rt_permission_query *query, rt_prompt_done *done,
                  void *data)
{
    if (prompt->closing || prompt->count == RT_PROMPT_QUEUE_MAX) {
        return -ENOBUFS;
    }
    struct question *question = &prompt->queue[(prompt->first + prompt->count) % RT_PROMPT_QUEUE_MAX];
    *question =
        (struct question){.query = *query, .has_host = query->host != NULL, .done = done, .data = data};
    if (query->host != NULL) {
        question->host = *query->host;
    }
    if (prompt->count++ == 0) {
        uv_timer_start(&prompt->next, take_up, 0, 0);
    }
    return 0;
}

void rt_prompt_close(struct rt_prompt *prompt)
{
    if (prompt == NULL || prompt->closing) {
        return;
    }
    prompt->closing = true;
    while (prompt->count > 0) {
        finish(prompt, false);
    }
    uv_close((uv_handle_t *)&prompt->next, on_closed);
    if (prompt->fd >= 0) {
        uv_close((uv_handle_t *)&prompt->poll, on_closed);
    }
}
