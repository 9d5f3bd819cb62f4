/* permission_fixture.h - what the tests of the permission gate share: sets of rules and questions as text,
 * and addresses of this device that the test decides, not the kernel. For one C file per program. */
#ifndef CLEAT_PERMISSION_FIXTURE_H
#define CLEAT_PERMISSION_FIXTURE_H

#include "check.h"
#include "runtime/permission.h"

#include <stdlib.h>

static const char *own_address;

bool rt_address_is_own(const struct sockaddr *address)
{
    char text[RT_ADDRESS_TEXT_MAX];
    return own_address != NULL && strcmp(rt_address_format(address, text), own_address) == 0;
}

/* Set-up as text: "allow RULE; deny RULE; declare RULE; limit; ask; all". */
static struct rt_permissions *set_up(const char *text)
{
    struct rt_permissions *p = rt_permissions_create();
    char copy[1024], error[RT_RULE_ERROR_MAX] = "", *rest = copy;
    CHECK(p != NULL && strlen(text) < sizeof(copy));
    strcpy(copy, text);
    for (char *part = strsep(&rest, ";"); part != NULL; part = strsep(&rest, ";")) {
        part += strspn(part, " ");
        char *rule = strchr(part, ' ');
        int result = 0;
        if (strncmp(part, "allow ", 6) == 0) {
            result = rt_permissions_allow(p, rule + 1, error);
        } else if (strncmp(part, "deny ", 5) == 0) {
            result = rt_permissions_deny(p, rule + 1, error);
        } else if (strncmp(part, "declare ", 8) == 0) {
            result = rt_permissions_declare(p, rule + 1, error);
        } else if (strcmp(part, "limit") == 0) {
            rt_permissions_limit(p);
        } else if (strcmp(part, "ask") == 0) {
            rt_permissions_can_ask(p, true);
        } else if (strcmp(part, "all") == 0) {
            result = rt_permissions_allow_all(p);
        } else {
            CHECK(*part == '\0');
        }
        if (result != 0) {
            printf("# %s: %s\n", part, error);
        }
        CHECK_INT(result, 0);
    }
    return p;
}

/* A question as text: "OP[+tls] HOST PORT [INTERFACE]"; "-" stands for any. */
static struct rt_permission_query ask_for(const char *text, struct rt_host *host)
{
    static char op[32], name[RT_HOST_MAX + 64], port[16], interface[16];
    struct rt_permission_query query = {.port = RT_ANY_PORT};
    strcpy(interface, "0");
    CHECK(sscanf(text, "%31s %317s %15s %15s", op, name, port, interface) >= 3);
    char *plus = strchr(op, '+');
    query.secure = plus != NULL;
    size_t length = plus != NULL ? (size_t)(plus - op) : strlen(op);
    CHECK_INT(rt_operation_parse(op, length, &query.operation), 0);
    if (strcmp(name, "-") != 0) {
        CHECK_INT(rt_host_parse(name, strlen(name), host), 0);
        query.host = host;
    }
    query.port = strcmp(port, "-") == 0 ? RT_ANY_PORT : atoi(port);
    query.interface_index = (unsigned)atoi(interface);
    return query;
}

struct verdict {
    const char *set_up, *query;
    enum rt_permission_state state;
};

static void check_verdicts(const struct verdict *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct rt_permissions *p = set_up(rows[i].set_up);
        struct rt_host host;
        struct rt_permission_query query = ask_for(rows[i].query, &host);
        enum rt_permission_state state = rt_permission_state(p, &query);
        if (state != rows[i].state) {
            printf("# with \"%s\": %s\n", rows[i].set_up, rows[i].query);
        }
        CHECK_INT(state, rows[i].state);
        rt_permissions_destroy(p);
    }
}
#define CHECK_VERDICTS(rows) check_verdicts(rows, sizeof(rows) / sizeof((rows)[0]))

static bool address_fine(const struct rt_permissions *p, const struct rt_permission_query *query,
                         const char *text)
{
    struct rt_host host;
    CHECK_INT(rt_host_parse(text, strlen(text), &host), 0);
    return rt_permission_address(p, query, (struct sockaddr *)&host.address);
}

#endif
