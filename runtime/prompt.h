/* prompt.h - asks the person at the terminal about permissions, one question at a time, without blocking the
 * loop. No engine. Not here: what an answer then grants (permission.h), the promise behind a question
 * (js_permission.c).
 *
 * The answers: once (the next operation of this kind), for this run, and no. No is what everything else
 * means: an empty line, a line that says something else, the end of input, no terminal. */
#ifndef CLEAT_PROMPT_H
#define CLEAT_PROMPT_H

#include "permission.h"

#include <uv.h>

enum {
    RT_PROMPT_QUEUE_MAX =
        16, /* questions that wait: an app that asks in a loop gets "no", not a wall of text */
    RT_PROMPT_LINE_MAX = 32, /* bytes of an answer; a longer line is no answer */
};

struct rt_prompt;

/* Whether this process has a terminal to ask on. */
bool rt_prompt_available(void);

/* `terminal` is the path of a terminal; NULL: that of the process (/dev/tty, else the one that is standard
 * input), opened when there is something to ask. `permissions` must outlive the prompt. 0, -ENOMEM. */
int rt_prompt_create(uv_loop_t *loop, struct rt_permissions *permissions, const char *terminal,
                     struct rt_prompt **ret_prompt);

/* Puts a question; the answer is recorded in the permissions, then told. Asks nobody if the answer is settled
 * by the time its turn comes (rt_permission_settled) or nobody can be asked. `done` is called once, from the
 * loop, never from within this call. 0, or -ENOBUFS: too many questions wait already. Keeps no pointer into
 * `query`. Keeps the loop alive until the answer. */
typedef void rt_prompt_done(void *data, bool granted);
int rt_prompt_ask(struct rt_prompt *prompt, const struct rt_permission_query *query, rt_prompt_done *done,
                  void *data);

/* Answers what waits with no (from within this call) and closes the terminal. Freed by the loop, which must
 * still run for that. NULL is fine. */
void rt_prompt_close(struct rt_prompt *prompt);

/* Copies text for a terminal: control characters, bidirectional controls, characters without a width or a
 * glyph, malformed UTF-8 and the backslash come out as escapes (\u{202e}, \xff, \\), so that what is seen is
 * what is there. Cut, at whole characters, to `size` bytes with the final NUL. */
void rt_prompt_escape(const char *text, size_t length, char *out, size_t size);

#endif
