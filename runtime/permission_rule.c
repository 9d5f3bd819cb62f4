/* permission_rule.c - the algebra of sets behind the verdicts: what a rule or a question holds, covers and
 * overlaps (permission_rule.h). Not here: reading rules (permission_parse.c), printing them
 * (permission_text.c), the lists of rules (permission.c). */
#include "permission_rule.h"

#include <errno.h>
#include <string.h>

enum { JOIN = 1 << RT_MULTICAST_JOIN };

_Static_assert(RT_OPERATION_COUNT <= 8, "rt_rule.operations has a bit for each");

/* Per operation: its name, whether it takes names, and the classes of the addresses that it can be for. */
static const struct {
    const char *name;
    bool names;
    uint8_t classes;
} operations[RT_OPERATION_COUNT] = {
    [RT_TCP_CONNECT] = {"tcp.connect", true, RT_CLASS_ALL & ~(RT_CLASS_MULTICAST | RT_CLASS_BROADCAST)},
    [RT_TCP_LISTEN] = {"tcp.listen", false, RT_CLASS_ALL & ~(RT_CLASS_MULTICAST | RT_CLASS_BROADCAST)},
    [RT_UDP_SEND] = {"udp.send", true, RT_CLASS_ALL & ~(RT_CLASS_MULTICAST | RT_CLASS_BROADCAST)},
    [RT_UDP_BIND] = {"udp.bind", false, RT_CLASS_ALL}, /* groups too: a bound group is a filter */
    [RT_MULTICAST_JOIN] = {"multicast.join", false, RT_CLASS_MULTICAST},
    [RT_MULTICAST_SEND] = {"multicast.send", false, RT_CLASS_MULTICAST},
    [RT_BROADCAST] = {"broadcast", false, RT_CLASS_ALL & ~RT_CLASS_MULTICAST},
    [RT_TLS_INSECURE] = {"tls.insecure", true, RT_CLASS_NEAR},
};

/* Operations ---------------------------------------------------------------------------------------- */

const char *rt_operation_name(enum rt_operation operation)
{
    return operations[operation].name;
}

int rt_operation_parse(const char *name, size_t length, enum rt_operation *ret_operation)
{
    for (int i = 0; i < RT_OPERATION_COUNT; i++) {
        if (strlen(operations[i].name) == length && memcmp(operations[i].name, name, length) == 0) {
            *ret_operation = (enum rt_operation)i;
            return 0;
        }
    }
    return -EINVAL;
}

bool rt_rule_is_local(const struct rt_rule *rule)
{
    return (rule->operations & (1 << RT_TCP_LISTEN | 1 << RT_UDP_BIND)) != 0;
}

bool rt_rule_is_remote(const struct rt_rule *rule)
{
    return (rule->operations & (1 << RT_TCP_CONNECT | 1 << RT_UDP_SEND | 1 << RT_TLS_INSECURE)) != 0;
}

/* Any operation of the set: the pair behind "multicast" has the same properties. */
static int first_operation(uint8_t bits)
{
    int i = 0;
    while ((bits >> i & 1) == 0) {
        i++;
    }
    return i;
}

bool rt_rule_takes_names(const struct rt_rule *rule)
{
    return operations[first_operation(rule->operations)].names;
}

uint8_t rt_rule_possible_classes(const struct rt_rule *rule)
{
    return operations[first_operation(rule->operations)].classes;
}

bool rt_rule_takes_address(const struct rt_rule *rule, const struct sockaddr *address)
{
    struct sockaddr_in v4;
    if (rule->operations == 1 << RT_TLS_INSECURE && rt_address_embedded(address, &v4) &&
        !IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr)) {
        return false;
    }
    return (1 << rt_address_classify(address) & rt_rule_possible_classes(rule)) != 0;
}

/* Hosts --------------------------------------------------------------------------------------------- */

uint8_t rt_rule_name_classes(const char *name)
{
    static const struct {
        const char *name;
        uint8_t classes;
    } special[] = {
        {"local", RT_CLASS_LOCAL | RT_CLASS_LINK_LOCAL}, /* mDNS */
        {"localhost", RT_CLASS_LOOPBACK},
    };
    const char *last = strrchr(name, '.');
    last = last != NULL ? last + 1 : name;
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (strcmp(last, special[i].name) == 0) {
            return special[i].classes;
        }
    }
    return RT_CLASS_PUBLIC;
}

uint8_t rt_rule_address_bits(const struct rt_rule *rule)
{
    return rule->family == AF_INET ? 32 : 128;
}

void rt_rule_set_network(struct rt_rule *rule, const struct sockaddr *address)
{
    struct sockaddr_in v4;
    if (address->sa_family == AF_INET6 &&
        IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr) &&
        rt_address_embedded(address, &v4)) {
        address = (const struct sockaddr *)&v4;
    }
    rule->host = RT_RULE_NETWORK;
    rule->family = (uint8_t)address->sa_family;
    rule->prefix = rt_rule_address_bits(rule);
    memset(rule->address, 0, sizeof(rule->address));
    if (address->sa_family == AF_INET) {
        memcpy(rule->address, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else {
        memcpy(rule->address, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    }
}

/* Unspecified: as a local address it is every address (:: of both families, because sockets are dual-stack),
 * as a destination the kernel takes it for loopback. */
void rt_rule_set_address(struct rt_rule *rule, const struct sockaddr *address)
{
    rt_rule_set_network(rule, address);
    if (!rt_address_is_unspecified(address) || rt_address_embedded(address, &(struct sockaddr_in){0})) {
        return;
    }
    if (rt_rule_is_local(rule)) {
        rule->prefix = 0;
        if (rule->family == AF_INET6) {
            rule->host = RT_RULE_ANY_HOST;
        }
    } else if (rt_rule_is_remote(rule)) {
        rule->address[0] = rule->family == AF_INET ? 127 : 0;
        rule->address[rule->family == AF_INET ? 3 : 15] = 1;
    }
}

static uint32_t scope_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6
               ? ((const struct sockaddr_in6 *)(const void *)address)->sin6_scope_id
               : 0;
}

static bool has_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(a, b, whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

/* Whether `name` has at least one label before `suffix`. */
static bool is_below(const char *name, const char *suffix)
{
    size_t length = strlen(name), tail = strlen(suffix);
    return length > tail + 1 && name[length - tail - 1] == '.' && strcmp(name + length - tail, suffix) == 0;
}

static bool host_covers(const struct rt_rule *rule, const struct rt_rule *query)
{
    switch ((enum rt_rule_host)rule->host) {
    case RT_RULE_ANY_HOST:
        return true;
    case RT_RULE_NAME:
        return query->host == RT_RULE_NAME && strcmp(query->name, rule->name) == 0;
    case RT_RULE_SUFFIX:
        return (query->host == RT_RULE_SUFFIX && strcmp(query->name, rule->name) == 0) ||
               ((query->host == RT_RULE_NAME || query->host == RT_RULE_SUFFIX) &&
                is_below(query->name, rule->name));
    case RT_RULE_NETWORK:
        return query->host == RT_RULE_NETWORK && query->family == rule->family &&
               query->prefix >= rule->prefix && has_prefix(query->address, rule->address, rule->prefix);
    }
    return false;
}

/* Names below a suffix and addresses behind a prefix are trees: two sets that meet lie one in the other. */
static bool host_overlaps(const struct rt_rule *a, const struct rt_rule *b)
{
    return host_covers(a, b) || host_covers(b, a);
}

/* Ports and interfaces ------------------------------------------------------------------------------ */

/* A socket that joins from an ephemeral port receives nothing that was sent to a port of a rule, so that any
 * rule on the group will do. */
static bool is_ephemeral_join(const struct rt_rule *query)
{
    return query->operations == JOIN && query->port_high == 0;
}

static bool port_covers(const struct rt_rule *rule, const struct rt_rule *query)
{
    return is_ephemeral_join(query) ||
           (rule->port_low <= query->port_low && query->port_high <= rule->port_high);
}

static bool port_overlaps(const struct rt_rule *rule, const struct rt_rule *query)
{
    return is_ephemeral_join(query) ||
           (rule->port_low <= query->port_high && query->port_low <= rule->port_high);
}

static bool is_any_interface(const struct rt_rule *rule)
{
    return rule->interface_index == 0 && rule->interface_name[0] == '\0';
}

/* A name means the interface that bears it now. */
static bool same_interface(const struct rt_rule *a, const struct rt_rule *b)
{
    if (a->interface_name[0] != '\0' && b->interface_name[0] != '\0') {
        return strcmp(a->interface_name, b->interface_name) == 0;
    }
    unsigned a_index = a->interface_name[0] != '\0' ? if_nametoindex(a->interface_name) : a->interface_index;
    unsigned b_index = b->interface_name[0] != '\0' ? if_nametoindex(b->interface_name) : b->interface_index;
    return a_index != 0 && a_index == b_index;
}

static bool interface_covers(const struct rt_rule *rule, const struct rt_rule *query)
{
    return is_any_interface(rule) || (!is_any_interface(query) && same_interface(rule, query));
}

static bool interface_overlaps(const struct rt_rule *a, const struct rt_rule *b)
{
    return is_any_interface(a) || is_any_interface(b) || same_interface(a, b);
}

/* Sets ---------------------------------------------------------------------------------------------- */

bool rt_rule_covers(const struct rt_rule *rule, const struct rt_rule *query)
{
    return (query->operations & ~rule->operations) == 0 && (query->classes & ~rule->classes) == 0 &&
           (query->secure || !rule->secure) && port_covers(rule, query) && host_covers(rule, query) &&
           interface_covers(rule, query);
}

bool rt_rule_overlaps_apart_from_class(const struct rt_rule *rule, const struct rt_rule *query)
{
    return (query->operations & rule->operations) != 0 && port_overlaps(rule, query) &&
           host_overlaps(rule, query) && interface_overlaps(rule, query);
}

bool rt_rule_overlaps(const struct rt_rule *rule, const struct rt_rule *query)
{
    /* A name may yet resolve to addresses outside the classes of the rule: each is looked at then. */
    bool class = query->classes == 0 ? rule->classes == RT_CLASS_ALL : (query->classes & rule->classes) != 0;
    return class && rt_rule_overlaps_apart_from_class(rule, query);
}

int rt_rule_from_query(const struct rt_permission_query *query, struct rt_rule *ret_rule)
{
    if (query->port < RT_ANY_PORT || query->port > UINT16_MAX) {
        return -EINVAL;
    }
    struct rt_rule rule = {
        .operations = (uint8_t)(1 << query->operation),
        .classes = query->operation == RT_TLS_INSECURE ? RT_CLASS_NEAR : RT_CLASS_ALL,
        .secure = query->secure && query->operation == RT_TCP_CONNECT,
        .port_low = query->port == RT_ANY_PORT ? 0 : (uint16_t)query->port,
        .port_high = query->port == RT_ANY_PORT ? UINT16_MAX : (uint16_t)query->port,
        .interface_index = query->interface_index,
    };
    const struct rt_host *host = query->host;
    if (host != NULL && host->is_address) {
        const struct sockaddr *address = (const struct sockaddr *)&host->address;
        uint32_t scope = scope_of(address);
        rule.classes = (uint8_t)(1 << rt_address_classify(address));
        if (!rt_rule_takes_address(&rule, address) ||
            (scope != 0 && query->interface_index != 0 && scope != query->interface_index)) {
            return -EINVAL;
        }
        if (scope != 0) {
            rule.interface_index = scope;
        }
        rt_rule_set_address(&rule, address);
        if (rt_rule_is_local(&rule)) {
            rule.classes = RT_CLASS_ALL; /* an address of this device has no class of interest */
        }
    } else if (host != NULL) {
        if (!operations[query->operation].names) {
            return -EINVAL;
        }
        rule.host = RT_RULE_NAME;
        rule.classes = 0;
        memcpy(rule.name, host->name, sizeof(rule.name));
    }
    *ret_rule = rule;
    return 0;
}

void rt_rule_from_address(const struct rt_rule *rule, const struct sockaddr *address,
                          struct rt_rule *ret_rule)
{
    struct rt_rule result = *rule;
    result.name[0] = '\0';
    result.classes = (uint8_t)(1 << rt_address_classify(address));
    if (scope_of(address) != 0) {
        result.interface_index = scope_of(address);
    }
    rt_rule_set_network(&result, address);
    *ret_rule = result;
}
