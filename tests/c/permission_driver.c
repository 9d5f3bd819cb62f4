/* links: runtime/host.c runtime/permission.c runtime/permission_rule.c */
/* links: runtime/permission_parse.c runtime/permission_text.c */
/* permission_driver.c - the permission gate as a filter, for tests/node/permission_model.test.mjs: reads
 * lines of space-separated words on standard input, prints one line for each.
 *
 *   reset | limit | all | ask                                 -> ok
 *   own ADDRESS                                               -> ok (this address is the device's own)
 *   allow RULE | deny RULE | declare RULE                     -> ok, bad
 *   grant Q | once Q | refuse Q                               -> ok, bad
 *   state Q | use Q                                           -> granted, denied, prompt
 *   address Q ADDRESS                                         -> yes, no
 *   any OP                                                    -> yes, no
 *   host TEXT                                                 -> name TEXT, address TEXT, bad
 *
 * with Q: OP HOST PORT INTERFACE TRANSPORT, HOST "-" for any, PORT -1 for any, INTERFACE 0 for any, TRANSPORT
 * "secure" or "plain". */
#include "runtime/permission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096, WORDS_MAX = 8, OWN_MAX = 64 };

static struct rt_permissions *permissions;
static struct sockaddr_storage own[OWN_MAX];
static int own_count;

bool rt_address_is_own(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    if (rt_address_embedded(address, &v4)) {
        address = (const struct sockaddr *)&v4;
    }
    for (int i = 0; i < own_count; i++) {
        if (rt_address_equal((const struct sockaddr *)&own[i], address)) {
            return true;
        }
    }
    return false;
}

static const char *yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

static const char *state_name(enum rt_permission_state state)
{
    return state == RT_GRANTED ? "granted" : state == RT_PROMPT ? "prompt" : "denied";
}

/* false: not a question */
static bool read_query(char **words, int count, struct rt_permission_query *query, struct rt_host *host)
{
    if (count < 6 || rt_operation_parse(words[1], strlen(words[1]), &query->operation) < 0) {
        return false;
    }
    query->host = NULL;
    if (strcmp(words[2], "-") != 0) {
        if (rt_host_parse(words[2], strlen(words[2]), host) < 0) {
            return false;
        }
        query->host = host;
    }
    query->port = atoi(words[3]);
    query->interface_index = (unsigned)atoi(words[4]);
    query->secure = strcmp(words[5], "secure") == 0;
    return true;
}

static const char *answer_query(char **words, int count)
{
    struct rt_permission_query query;
    struct rt_host host, resolved;
    if (!read_query(words, count, &query, &host)) {
        return "bad";
    }
    if (strcmp(words[0], "state") == 0) {
        return state_name(rt_permission_state(permissions, &query));
    }
    if (strcmp(words[0], "use") == 0) {
        return state_name(rt_permission_use(permissions, &query));
    }
    if (strcmp(words[0], "grant") == 0) {
        return rt_permissions_grant(permissions, &query) == 0 ? "ok" : "bad";
    }
    if (strcmp(words[0], "once") == 0) {
        return rt_permissions_grant_once(permissions, &query) == 0 ? "ok" : "bad";
    }
    if (strcmp(words[0], "refuse") == 0) {
        return rt_permissions_refuse(permissions, &query) == 0 ? "ok" : "bad";
    }
    if (strcmp(words[0], "address") == 0 && count == 7 &&
        rt_host_parse(words[6], strlen(words[6]), &resolved) == 0 && resolved.is_address) {
        return yes_no(rt_permission_address(permissions, &query, (struct sockaddr *)&resolved.address));
    }
    return "bad";
}

static const char *answer(char **words, int count)
{
    char error[RT_RULE_ERROR_MAX];
    enum rt_operation operation;
    struct rt_host host;
    static char text[RT_HOST_MAX + 16];
    if (strcmp(words[0], "reset") == 0) {
        permissions = rt_permissions_destroy(permissions);
        permissions = rt_permissions_create();
        own_count = 0;
        return permissions != NULL ? "ok" : "bad";
    }
    if (strcmp(words[0], "limit") == 0) {
        rt_permissions_limit(permissions);
        return "ok";
    }
    if (strcmp(words[0], "all") == 0) {
        return rt_permissions_allow_all(permissions) == 0 ? "ok" : "bad";
    }
    if (strcmp(words[0], "ask") == 0) {
        rt_permissions_can_ask(permissions, true);
        return "ok";
    }
    if (count == 2 && strcmp(words[0], "allow") == 0) {
        return rt_permissions_allow(permissions, words[1], error) == 0 ? "ok" : "bad";
    }
    if (count == 2 && strcmp(words[0], "deny") == 0) {
        return rt_permissions_deny(permissions, words[1], error) == 0 ? "ok" : "bad";
    }
    if (count == 2 && strcmp(words[0], "declare") == 0) {
        return rt_permissions_declare(permissions, words[1], error) == 0 ? "ok" : "bad";
    }
    if (count == 2 && strcmp(words[0], "any") == 0 &&
        rt_operation_parse(words[1], strlen(words[1]), &operation) == 0) {
        return yes_no(rt_permission_any(permissions, operation));
    }
    if (count == 2 && strcmp(words[0], "own") == 0 && own_count < OWN_MAX &&
        rt_host_parse(words[1], strlen(words[1]), &host) == 0 && host.is_address) {
        own[own_count++] = host.address;
        return "ok";
    }
    if (count == 2 && strcmp(words[0], "host") == 0) {
        if (rt_host_parse(words[1], strlen(words[1]), &host) < 0) {
            return "bad";
        }
        snprintf(text, sizeof(text), "%s %s", host.is_address ? "address" : "name", host.name);
        return text;
    }
    return answer_query(words, count);
}

int main(void)
{
    static char line[LINE_MAX_BYTES];
    permissions = rt_permissions_create();
    if (permissions == NULL) {
        return 1;
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *words[WORDS_MAX];
        int count = 0;
        for (char *word = strtok(line, " \n"); word != NULL && count < WORDS_MAX;
             word = strtok(NULL, " \n")) {
            words[count++] = word;
        }
        puts(count > 0 ? answer(words, count) : "bad");
    }
    rt_permissions_destroy(permissions);
    return 0;
}
