/* links: runtime/host.c runtime/permission_rule.c runtime/permission_parse.c runtime/permission_text.c */
/* links: runtime/permission.c runtime/own_address.c */
/* fuzz_rule.c - any bytes as one or two permission rules, a line each. What is accepted prints as what it is,
 * and the algebra keeps its laws: a rule covers itself, cover implies overlap, overlap has no direction. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/permission_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool parse(const char *text, struct rt_rule *rule)
{
    char error[RT_RULE_ERROR_MAX], printed[RT_RULE_TEXT_MAX + 1], again[RT_RULE_TEXT_MAX + 1];
    struct rt_rule denying;
    memset(error, 0x55, sizeof(error));
    int result = rt_rule_parse(text, RT_RULE_ALLOW, error, rule);
    if (result < 0) {
        size_t length = strnlen(error, sizeof(error)); /* ended, and fit to be shown */
        demand(length > 0 && length < sizeof(error));
        for (size_t i = 0; i < length; i++) {
            demand(error[i] >= ' ' && error[i] < 0x7f);
        }
    }
    bool only_allows = result == 0 && rule->secure;
    demand(rt_rule_parse(text, RT_RULE_DENY, error, &denying) == (only_allows ? -EINVAL : result));
    if (result < 0) {
        return false;
    }
    demand(!rule->secure || rule->operations == 1 << RT_TCP_CONNECT);
    demand(only_allows || (rule->classes & ~denying.classes) == 0);
    demand(rule->classes != 0 && rule->operations != 0);
    demand(rule->port_low <= rule->port_high);
    rt_rule_format(rule, printed, sizeof(printed));
    demand(strlen(printed) < RT_RULE_TEXT_MAX);
    struct rt_rule copy;
    demand(rt_rule_parse(printed, RT_RULE_ALLOW, error, &copy) == 0);
    rt_rule_format(&copy, again, sizeof(again));
    demand(strcmp(printed, again) == 0);
    demand(rt_rule_covers(rule, rule) && rt_rule_overlaps(rule, rule));
    demand(rt_rule_covers(rule, &copy) && rt_rule_covers(&copy, rule));
    return true;
}

static bool is_ephemeral_join(const struct rt_rule *rule)
{
    return rule->operations == 1 << RT_MULTICAST_JOIN && rule->port_high == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[1024];
    struct rt_rule a, b;
    size_t length = size < sizeof(text) ? size : sizeof(text) - 1;
    memcpy(text, data, length);
    text[length] = '\0';
    char *second = strchr(text, '\n');
    if (second != NULL) {
        *second++ = '\0';
    }
    bool first_ok = parse(text, &a);
    if (second == NULL || !parse(second, &b) || !first_ok) {
        return 0;
    }
    if (rt_rule_covers(&a, &b)) {
        demand(rt_rule_overlaps(&a, &b));
    }
    if (!is_ephemeral_join(&a) && !is_ephemeral_join(&b)) {
        demand(rt_rule_overlaps(&a, &b) == rt_rule_overlaps(&b, &a));
        demand(!rt_rule_covers(&a, &b) || rt_rule_overlaps(&b, &a));
    }
    return 0;
}
