/* permission.c - the verdicts: which rules there are, and granted, denied or prompt for a question
 * (permission.h). With D the deny rules and refusals, M the manifest, G the grants and Q the question:
 * Q meets D: denied; Q within one rule of M and one of G: granted; Q within M and somebody can be asked:
 * prompt; else denied. Not here: rules and their algebra (permission_rule.h), texts (permission_text.c). */
#include "permission_lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lists --------------------------------------------------------------------------------------------- */

struct rt_permissions *rt_permissions_create(void)
{
    return calloc(1, sizeof(struct rt_permissions));
}

struct rt_permissions *rt_permissions_destroy(struct rt_permissions *permissions)
{
    if (permissions != NULL) {
        free(permissions->allowed.items);
        free(permissions->denied.items);
        free(permissions->declared.items);
        free(permissions);
    }
    return NULL;
}

static int add(struct rt_rules *rules, const struct rt_rule *rule)
{
    if (rules->count >= RT_RULES_MAX) {
        return -E2BIG;
    }
    if (rules->count == rules->capacity) {
        size_t capacity = rules->capacity == 0 ? 4 : rules->capacity * 2;
        struct rt_rule *items = realloc(rules->items, capacity * sizeof(*items));
        if (items == NULL) {
            return -ENOMEM;
        }
        rules->items = items;
        rules->capacity = capacity;
    }
    rules->items[rules->count++] = *rule;
    return 0;
}

static int add_text(struct rt_permissions *p, struct rt_rules *rules, const char *text,
                    enum rt_rule_purpose purpose, char *error)
{
    struct rt_rule rule;
    int result = rt_rule_parse(text, purpose, error, &rule);
    result = result < 0 ? result : add(rules, &rule);
    if (result == -E2BIG) {
        snprintf(error, RT_RULE_ERROR_MAX, "more than %d rules", RT_RULES_MAX);
    } else if (result == -ENOMEM) {
        snprintf(error, RT_RULE_ERROR_MAX, "no memory for another rule");
    } else if (result == 0 && (rt_rule_possible_classes(&rule) & ~rule.classes) != 0) {
        bool name = rule.host == RT_RULE_NAME || rule.host == RT_RULE_SUFFIX;
        p->narrowed = p->narrowed || !name;
        p->narrowed_names = p->narrowed_names || (name && purpose == RT_RULE_DENY);
    }
    p->epoch += result == 0 && purpose == RT_RULE_DENY;
    return result;
}

int rt_permissions_allow(struct rt_permissions *p, const char *rule, char error[static RT_RULE_ERROR_MAX])
{
    return add_text(p, &p->allowed, rule, RT_RULE_ALLOW, error);
}

int rt_permissions_deny(struct rt_permissions *p, const char *rule, char error[static RT_RULE_ERROR_MAX])
{
    return add_text(p, &p->denied, rule, RT_RULE_DENY, error);
}

int rt_permissions_declare(struct rt_permissions *p, const char *rule, char error[static RT_RULE_ERROR_MAX])
{
    return add_text(p, &p->declared, rule, RT_RULE_ALLOW, error);
}

int rt_permissions_allow_all(struct rt_permissions *p)
{
    struct rt_rule rule = {
        .operations = (1 << RT_OPERATION_COUNT) - 1, .classes = RT_CLASS_ALL, .port_high = UINT16_MAX};
    return add(&p->allowed, &rule);
}

void rt_permissions_limit(struct rt_permissions *p)
{
    p->limited = true;
    p->epoch++;
}

unsigned rt_permissions_epoch(const struct rt_permissions *p)
{
    return p->epoch;
}

void rt_permissions_can_ask(struct rt_permissions *p, bool yes)
{
    p->can_ask = yes;
}

void rt_permissions_set_prompt(struct rt_permissions *p, struct rt_prompt *prompt)
{
    p->prompt = prompt;
}

struct rt_prompt *rt_permissions_prompt(const struct rt_permissions *p)
{
    return p->prompt;
}

/* An answer as a rule. A name that was agreed to keeps the classes that a rule of its own would have; under a
 * manifest the declaration says what they are. */
static int rule_of_answer(const struct rt_permissions *p, const struct rt_permission_query *query, bool yes,
                          struct rt_rule *ret_rule)
{
    struct rt_rule rule;
    if (rt_rule_from_query(query, &rule) < 0) {
        return -EINVAL;
    }
    bool usual = yes && !p->limited && rule.host == RT_RULE_NAME;
    rule.classes = usual ? rt_rule_name_classes(rule.name) : RT_CLASS_ALL;
    rule.by_prompt = true;
    rule.secure = yes && rule.secure; /* who is refused does not get there without TLS either */
    *ret_rule = rule;
    return 0;
}

static int add_answer(struct rt_permissions *p, struct rt_rules *rules,
                      const struct rt_permission_query *query, bool yes)
{
    struct rt_rule rule;
    int result = rule_of_answer(p, query, yes, &rule);
    for (size_t i = 0; result == 0 && i < rules->count; i++) {
        if (rt_rule_covers(&rules->items[i], &rule)) {
            return 0;
        }
    }
    return result < 0 ? result : add(rules, &rule);
}

int rt_permissions_grant(struct rt_permissions *p, const struct rt_permission_query *query)
{
    return add_answer(p, &p->allowed, query, true);
}

int rt_permissions_refuse(struct rt_permissions *p, const struct rt_permission_query *query)
{
    p->epoch++;
    return add_answer(p, &p->denied, query, false);
}

int rt_permissions_grant_once(struct rt_permissions *p, const struct rt_permission_query *query)
{
    struct rt_rule rule;
    int result = rule_of_answer(p, query, true, &rule);
    if (result < 0) {
        return result;
    }
    if (p->once_count == RT_ONCE_MAX) {
        size_t oldest = 0; /* the oldest used one; if none is used, the oldest */
        for (size_t i = RT_ONCE_MAX; i > 0; i--) {
            oldest = p->once[i - 1].used ? i - 1 : oldest;
        }
        p->once_count--;
        memmove(&p->once[oldest], &p->once[oldest + 1], (p->once_count - oldest) * sizeof(p->once[0]));
    }
    p->once[p->once_count++] = (struct rt_once){rule, false};
    return 0;
}

/* Questions ----------------------------------------------------------------------------------------- */

static const struct rt_rule *find(const struct rt_rules *rules, const struct rt_rule *set, uint8_t classes)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rt_rule *rule = &rules->items[i];
        if ((classes & ~rule->classes) == 0 && rt_rule_covers(rule, set)) {
            return rule;
        }
    }
    return NULL;
}

static bool covered(const struct rt_rules *rules, const struct rt_rule *set, uint8_t classes)
{
    return find(rules, set, classes) != NULL;
}

/* The place of an unused answer "once" that covers a set; once_count if there is none. */
static size_t find_once(const struct rt_permissions *p, const struct rt_rule *set)
{
    size_t i = 0;
    while (i < p->once_count && (p->once[i].used || !rt_rule_covers(&p->once[i].rule, set))) {
        i++;
    }
    return i;
}

/* IPv4 that is reached through an IPv6 address is denied like the IPv4 address itself. */
static bool embedded_set(const struct rt_rule *set, struct rt_rule *ret_set)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4;
    memcpy(&v6.sin6_addr, set->address, sizeof(v6.sin6_addr));
    if (set->host != RT_RULE_NETWORK || set->family != AF_INET6 || set->prefix != 128 ||
        !rt_address_embedded((const struct sockaddr *)&v6, &v4)) {
        return false;
    }
    rt_rule_from_address(set, (const struct sockaddr *)&v4, ret_set);
    ret_set->classes = set->classes;
    return true;
}

const struct rt_rule *rt_permissions_denial(const struct rt_permissions *p, const struct rt_rule *set)
{
    struct rt_rule embedded;
    bool embeds = embedded_set(set, &embedded);
    for (size_t i = 0; i < p->denied.count; i++) {
        const struct rt_rule *rule = &p->denied.items[i];
        if (rt_rule_overlaps(rule, set) || (embeds && rt_rule_overlaps(rule, &embedded))) {
            return rule;
        }
    }
    return NULL;
}

const struct rt_rule *rt_permissions_address_denial(const struct rt_permissions *p, const struct rt_rule *set,
                                                    const struct sockaddr *address, uint8_t class)
{
    struct rt_rule resolved;
    rt_rule_from_address(set, address, &resolved);
    resolved.classes = class;
    const struct rt_rule *rule = rt_permissions_denial(p, &resolved);
    for (size_t i = 0; rule == NULL && i < p->denied.count; i++) {
        const struct rt_rule *named = &p->denied.items[i];
        if ((named->classes & class) != 0 && rt_rule_overlaps_apart_from_class(named, set)) {
            rule = named;
        }
    }
    return rule;
}

bool rt_permissions_declared(const struct rt_permissions *p, const struct rt_rule *set, uint8_t classes)
{
    if (!p->limited) {
        return (set->operations & 1 << RT_TLS_INSECURE) == 0; /* for nobody who did not say so beforehand */
    }
    return covered(&p->declared, set, classes);
}

const struct rt_rule *rt_permissions_find_grant(const struct rt_permissions *p, const struct rt_rule *set)
{
    const struct rt_rule *rule = find(&p->allowed, set, 0);
    size_t once = rule == NULL ? find_once(p, set) : p->once_count;
    return once < p->once_count ? &p->once[once].rule : rule;
}

bool rt_permissions_granted(const struct rt_permissions *p, const struct rt_rule *set, uint8_t classes)
{
    if (covered(&p->allowed, set, classes)) {
        return true;
    }
    for (size_t i = 0; i < p->once_count; i++) { /* used or not */
        const struct rt_rule *rule = &p->once[i].rule;
        if ((classes & ~rule->classes) == 0 && rt_rule_covers(rule, set)) {
            return true;
        }
    }
    return false;
}

uint8_t rt_permissions_resolved_class(const struct sockaddr *address)
{
    uint8_t class = (uint8_t)(1 << rt_address_classify(address));
    if (rt_address_is_unspecified(address)) {
        return 0;
    }
    if ((class & (RT_CLASS_LOOPBACK | RT_CLASS_MULTICAST | RT_CLASS_BROADCAST)) == 0 &&
        rt_address_is_own(address)) {
        return RT_CLASS_LOOPBACK;
    }
    return class;
}

int rt_permissions_set(const struct rt_permissions *p, const struct rt_permission_query *query,
                       struct rt_rule *ret_set)
{
    struct rt_rule set;
    int result = rt_rule_from_query(query, &set);
    if (result < 0) {
        return result;
    }
    if (p->narrowed && rt_rule_is_remote(&set) && set.host == RT_RULE_NETWORK &&
        set.classes != RT_CLASS_LOOPBACK &&
        rt_address_is_own((const struct sockaddr *)&query->host->address)) {
        set.classes = RT_CLASS_LOOPBACK;
    }
    *ret_set = set;
    return 0;
}

enum answer { NO, ASK, ONCE, YES };

/* For ONCE, also the place of the answer that it rests on. */
static enum answer judge(const struct rt_permissions *p, const struct rt_permission_query *query,
                         size_t *ret_once)
{
    struct rt_rule set;
    if (rt_permissions_set(p, query, &set) < 0 || rt_permissions_denial(p, &set) != NULL ||
        !rt_permissions_declared(p, &set, 0)) {
        return NO;
    }
    if (covered(&p->allowed, &set, 0)) {
        return YES;
    }
    size_t once = find_once(p, &set);
    if (once < p->once_count) {
        *ret_once = once;
        return ONCE;
    }
    return p->can_ask ? ASK : NO;
}

static enum rt_permission_state to_state(enum answer answer)
{
    return answer == NO ? RT_DENIED : answer == ASK ? RT_PROMPT : RT_GRANTED;
}

enum rt_permission_state rt_permission_state(const struct rt_permissions *p,
                                             const struct rt_permission_query *query)
{
    size_t once = 0;
    return to_state(judge(p, query, &once));
}

enum rt_permission_state rt_permission_use(struct rt_permissions *p, const struct rt_permission_query *query)
{
    size_t once = 0;
    enum answer answer = judge(p, query, &once);
    if (answer == ONCE) {
        p->once[once].used = true;
    }
    return to_state(answer);
}

bool rt_permission_settled(const struct rt_permissions *p, const struct rt_permission_query *query)
{
    size_t once = 0;
    enum answer answer = judge(p, query, &once);
    return answer == YES || answer == NO;
}

bool rt_permission_denied(const struct rt_permissions *p, const struct rt_permission_query *query)
{
    struct rt_rule set;
    return rt_permissions_set(p, query, &set) < 0 || rt_permissions_denial(p, &set) != NULL ||
           !rt_permissions_declared(p, &set, 0);
}

bool rt_permission_address(const struct rt_permissions *p, const struct rt_permission_query *query,
                           const struct sockaddr *address)
{
    struct rt_rule set, resolved;
    if (rt_permissions_set(p, query, &set) < 0) {
        return false;
    }
    rt_rule_from_address(&set, address, &resolved);
    if (set.interface_index != 0 && resolved.interface_index != set.interface_index) {
        return false; /* a link-local address of another link */
    }
    if (set.operations == 1 << RT_TLS_INSECURE && !rt_rule_takes_address(&set, address)) {
        return false; /* not even an address of this device, if others could have it elsewhere */
    }
    /* Where every class is granted and none is denied, the kernel need not be asked whose the address is. */
    uint8_t class = (uint8_t)(1 << rt_address_classify(address));
    bool any_class = !p->narrowed && !p->narrowed_names && rt_permissions_granted(p, &set, RT_CLASS_ALL) &&
                     rt_permissions_declared(p, &set, RT_CLASS_ALL);
    if (!any_class || rt_address_is_unspecified(address)) {
        class = rt_permissions_resolved_class(address);
    }
    if (class == 0 || class == RT_CLASS_MULTICAST || class == RT_CLASS_BROADCAST) {
        return false;
    }
    return rt_permissions_address_denial(p, &set, address, class) == NULL &&
           rt_permissions_granted(p, &set, class) && rt_permissions_declared(p, &set, class);
}

/* Whether some of what a grant covers is neither denied nor beyond the manifest. */
static bool is_of_use(const struct rt_permissions *p, struct rt_rule grant, enum rt_operation operation)
{
    uint8_t bit = (uint8_t)(1 << operation);
    bool declared = !p->limited && operation != RT_TLS_INSECURE;
    if ((grant.operations & bit) == 0) {
        return false;
    }
    grant.operations = bit;
    for (size_t i = 0; i < p->denied.count; i++) {
        if (rt_rule_covers(&p->denied.items[i], &grant)) {
            return false;
        }
    }
    for (size_t i = 0; i < p->declared.count && !declared; i++) {
        const struct rt_rule *rule = &p->declared.items[i];
        declared = (rule->classes & grant.classes) != 0 && rt_rule_overlaps_apart_from_class(rule, &grant);
    }
    return declared;
}

bool rt_permission_any(const struct rt_permissions *p, enum rt_operation operation)
{
    for (size_t i = 0; i < p->allowed.count; i++) {
        if (is_of_use(p, p->allowed.items[i], operation)) {
            return true;
        }
    }
    for (size_t i = 0; i < p->once_count; i++) {
        if (!p->once[i].used && is_of_use(p, p->once[i].rule, operation)) {
            return true;
        }
    }
    return false;
}
