/* permission_lists.h - the inside of struct rt_permissions, shared by the files that decide (permission.c)
 * and explain (permission_text.c). Nobody else includes it. */
#ifndef CLEAT_PERMISSION_LISTS_H
#define CLEAT_PERMISSION_LISTS_H

#include "permission_rule.h"

struct rt_rules {
    struct rt_rule *items;
    size_t count, capacity;
};

struct rt_once {
    struct rt_rule rule;
    bool used; /* the operation has begun: covers no further one, but still the addresses of this one */
};

struct rt_permissions {
    struct rt_rules allowed, denied, declared;
    struct rt_once once[RT_ONCE_MAX]; /* oldest first */
    size_t once_count;
    struct rt_prompt *prompt;
    unsigned epoch;      /* grows with every change that can take something away */
    bool limited;        /* only what `declared` covers can be granted */
    bool can_ask;        /* somebody can be asked */
    bool narrowed;       /* a rule on addresses names classes: the class of a literal matters */
    bool narrowed_names; /* likewise a deny rule on a name */
};

/* The set of a query, with addresses of this device as loopback where that can matter. 0, -EINVAL. */
int rt_permissions_set(const struct rt_permissions *p, const struct rt_permission_query *query,
                       struct rt_rule *ret_set);
/* The deny rule that a set runs into, or NULL. */
const struct rt_rule *rt_permissions_denial(const struct rt_permissions *p, const struct rt_rule *set);
/* The same for an address that the name of `set` resolved to. */
const struct rt_rule *rt_permissions_address_denial(const struct rt_permissions *p, const struct rt_rule *set,
                                                    const struct sockaddr *address, uint8_t class);
/* Whether the manifest leaves room for a set, and for it at addresses of these classes. */
bool rt_permissions_declared(const struct rt_permissions *p, const struct rt_rule *set, uint8_t classes);
/* The grant, not used up yet, that covers a set, or NULL. */
const struct rt_rule *rt_permissions_find_grant(const struct rt_permissions *p, const struct rt_rule *set);
/* Whether one grant, used up or not, covers a set, and it at addresses of these classes. */
bool rt_permissions_granted(const struct rt_permissions *p, const struct rt_rule *set, uint8_t classes);
/* The class of an address, own addresses being loopback; RT_CLASS_MULTICAST and RT_CLASS_BROADCAST are never
 * used for a name, and neither is the unspecified address (0). */
uint8_t rt_permissions_resolved_class(const struct sockaddr *address);

#endif
