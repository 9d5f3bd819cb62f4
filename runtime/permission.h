/* permission.h - the permission gate: which operations on which hosts, ports, groups and interfaces are
 * granted, denied or to be asked for. Pure: no engine, no I/O. Semantics: docs/permissions.md and the W3C
 * text ("granted", "denied", "prompt"); deny wins, overlap with a deny is denied, partial cover is never
 * granted. Not here: asking (prompt.h), host syntax (host.h). */
#ifndef CLEAT_PERMISSION_H
#define CLEAT_PERMISSION_H

#include "host.h"

enum rt_operation {
    RT_TCP_CONNECT,    /* "tcp.connect" */
    RT_TCP_LISTEN,     /* "tcp.listen" */
    RT_UDP_SEND,       /* "udp.send" */
    RT_UDP_BIND,       /* "udp.bind" */
    RT_MULTICAST_JOIN, /* "multicast.join"; "multicast" in rules means both */
    RT_MULTICAST_SEND, /* "multicast.send" */
    RT_BROADCAST,      /* "broadcast" */
    RT_TLS_INSECURE,   /* "tls.insecure": TLS with a peer that nobody verifies, beside "tcp.connect" */
    RT_OPERATION_COUNT,
};

enum rt_permission_state { RT_GRANTED, RT_DENIED, RT_PROMPT };

enum { RT_ANY_PORT = -1 };

/* One question. For listen and bind, host is the local address (NULL: any, i.e. all interfaces). */
struct rt_permission_query {
    enum rt_operation operation;
    const struct rt_host *host; /* NULL: any host */
    int port;                   /* 0..65535 (0: an ephemeral local port), or RT_ANY_PORT */
    unsigned interface_index;   /* 0: no particular interface, i.e. any */
    bool secure; /* tcp.connect: TLS from the first byte; false: plain, or plain at first. Else without
                    meaning */
};

struct rt_permissions;
struct rt_permissions *rt_permissions_create(void); /* NULL: no memory. Nothing is granted at first. */
struct rt_permissions *
rt_permissions_destroy(struct rt_permissions *permissions); /* NULL is fine; returns NULL */

/* "OP" or "OP=RULE" as on the command line. 0, -EINVAL (`error` says what is wrong and how it should look),
 * -ENOMEM, -E2BIG (more than RT_RULES_MAX rules). */
enum { RT_RULES_MAX = 1024, RT_RULE_ERROR_MAX = 256 };
int rt_permissions_allow(struct rt_permissions *p, const char *rule, char error[static RT_RULE_ERROR_MAX]);
int rt_permissions_deny(struct rt_permissions *p, const char *rule, char error[static RT_RULE_ERROR_MAX]);
int rt_permissions_allow_all(struct rt_permissions *p);
/* From now on only what rt_permissions_declare() adds can be granted (the manifest as high-water mark). */
void rt_permissions_limit(struct rt_permissions *p);
int rt_permissions_declare(struct rt_permissions *p, const char *rule, char error[static RT_RULE_ERROR_MAX]);
/* Whether somebody can be asked: decides between "prompt" and "denied". Off at first. */
void rt_permissions_can_ask(struct rt_permissions *p, bool yes);
/* The prompt that asks for these permissions: all questions wait in its one queue. Not owned. */
struct rt_prompt;
void rt_permissions_set_prompt(struct rt_permissions *p, struct rt_prompt *prompt);
struct rt_prompt *rt_permissions_prompt(const struct rt_permissions *p);
/* An answer given for this run, or for one use (see rt_permission_use). 0, -EINVAL (a question that can have
 * no other answer than no), -ENOMEM, -E2BIG. */
int rt_permissions_grant(struct rt_permissions *p, const struct rt_permission_query *query);
int rt_permissions_refuse(struct rt_permissions *p, const struct rt_permission_query *query);
enum {
    RT_ONCE_MAX = 16
}; /* unused answers "once" that are remembered; an older one is forgotten for a newer */
int rt_permissions_grant_once(struct rt_permissions *p, const struct rt_permission_query *query);

/* The answer to a question; changes nothing. For hasPermission() and for checks that no operation follows. */
enum rt_permission_state rt_permission_state(const struct rt_permissions *p,
                                             const struct rt_permission_query *query);
/* The same, as the first step of the operation itself: what a native calls before a connect, listen, bind,
 * join or datagram. A grant "once" that the answer rests on is used up by it (rt_permission_address still
 * knows it). */
enum rt_permission_state rt_permission_use(struct rt_permissions *p, const struct rt_permission_query *query);
/* Whether the answer is fixed for this run: denied, or granted other than "once". What a queued question asks
 * again before it is shown. */
bool rt_permission_settled(const struct rt_permissions *p, const struct rt_permission_query *query);
/* The second check after a name resolved: whether `address` may be used for a query whose host is that name
 * and which is granted: outside every deny rule, and of a class that the granting rule covers. */
bool rt_permission_address(const struct rt_permissions *p, const struct rt_permission_query *query,
                           const struct sockaddr *address);
/* A number that changes whenever something is taken away (a deny rule, a refusal): who keeps verdicts
 * compares it before each use, and asks rt_permission_denied() again when it is another one. Being granted
 * more changes nothing for what was granted. */
unsigned rt_permissions_epoch(const struct rt_permissions *p);
/* Whether a deny rule or a refusal meets a query that was granted before. Unlike rt_permission_state() it
 * does not ask for a grant: one given "once" is used up, and holds for what it was used for. */
bool rt_permission_denied(const struct rt_permissions *p, const struct rt_permission_query *query);
/* Whether anything at all is granted for an operation (a socket that may be made at all). */
bool rt_permission_any(const struct rt_permissions *p, enum rt_operation operation);

/* The sentence for the SecurityError: what was denied, and the flag or manifest line that would permit it.
 * Cut where it does not fit; RT_EXPLAIN_MAX bytes always do. */
enum { RT_EXPLAIN_MAX = 1024 };
void rt_permission_explain(const struct rt_permissions *p, const struct rt_permission_query *query, char *out,
                           size_t size);
/* The same for a name that is granted and resolved to an address that rt_permission_address() refuses. */
void rt_permission_explain_address(const struct rt_permissions *p, const struct rt_permission_query *query,
                                   const struct sockaddr *address, char *out, size_t size);
const char *rt_operation_name(enum rt_operation operation);
int rt_operation_parse(const char *name, size_t length, enum rt_operation *ret_operation); /* 0, -EINVAL */

#endif
