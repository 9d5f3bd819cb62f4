/* permission_text.c - rules and verdicts in words: the text form of rules, and the sentences that say what
 * was denied and which flag or manifest line would permit it (permission.h, permission_rule.h). Every host
 * printed is canonical, and so plain ASCII without quotes. Not here: reading rules, deciding. */
#include "permission_lists.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[] = {
    [RT_ADDRESS_PUBLIC] = "public",         [RT_ADDRESS_LOCAL] = "local",
    [RT_ADDRESS_LINK_LOCAL] = "link-local", [RT_ADDRESS_LOOPBACK] = "loopback",
    [RT_ADDRESS_MULTICAST] = "multicast",   [RT_ADDRESS_BROADCAST] = "broadcast",
    [RT_ADDRESS_RESERVED] = "reserved",
};

/* Text that grows to the right and is cut at the end. */
struct text {
    char *at;
    size_t left;
};

static __attribute__((format(printf, 2, 3))) void put(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->at, text->left, format, arguments);
    va_end(arguments);
    if (length > 0 && text->left > 0) {
        size_t moved = (size_t)length < text->left ? (size_t)length : text->left - 1;
        text->at += moved;
        text->left -= moved;
    }
}

/* Rules --------------------------------------------------------------------------------------------- */

void rt_rule_format_host(const struct rt_rule *rule, char *out, size_t size)
{
    char address[INET6_ADDRSTRLEN] = "";
    unsigned bits = rule->family == AF_INET ? 32 : 128;
    switch ((enum rt_rule_host)rule->host) {
    case RT_RULE_ANY_HOST:
        snprintf(out, size, "*");
        return;
    case RT_RULE_NAME:
        snprintf(out, size, "%s", rule->name);
        return;
    case RT_RULE_SUFFIX:
        snprintf(out, size, "*.%s", rule->name);
        return;
    case RT_RULE_NETWORK:
        inet_ntop(rule->family, rule->address, address, sizeof(address));
        if (rule->prefix == bits) {
            snprintf(out, size, "%s", address);
        } else {
            snprintf(out, size, "%s/%u", address, rule->prefix);
        }
        return;
    }
}

void rt_rule_format_port(const struct rt_rule *rule, char *out, size_t size)
{
    out[0] = '\0';
    if (rule->port_low == rule->port_high) {
        snprintf(out, size, "%u", rule->port_low);
    } else if (rule->port_low != 0 || rule->port_high != UINT16_MAX) {
        snprintf(out, size, "%u-%u", rule->port_low, rule->port_high);
    }
}

void rt_rule_format_interface(const struct rt_rule *rule, char *out, size_t size)
{
    char name[IF_NAMESIZE];
    if (rule->interface_name[0] != '\0') {
        snprintf(out, size, "%s", rule->interface_name);
    } else if (rule->interface_index == 0) {
        out[0] = '\0';
    } else if (if_indextoname(rule->interface_index, name) != NULL &&
               name[strspn(name, RT_INTERFACE_CHARACTERS)] == '\0') {
        snprintf(out, size, "%s", name);
    } else {
        snprintf(out, size, "%u", rule->interface_index);
    }
}

static const char *operations_name(uint8_t operations)
{
    if (operations == (1 << RT_MULTICAST_JOIN | 1 << RT_MULTICAST_SEND)) {
        return "multicast";
    }
    for (int i = 0; i < RT_OPERATION_COUNT; i++) {
        if (operations == 1 << i) {
            return rt_operation_name((enum rt_operation)i);
        }
    }
    return "*"; /* what -A grants; no text form */
}

/* "[2001:db8::1]:80", "192.0.2.1", "*:80". */
static void put_host_port(struct text *text, const char *host, const char *port)
{
    bool brackets = strchr(host, ':') != NULL && port[0] != '\0';
    put(text, "%s%s%s%s%s", brackets ? "[" : "", host, brackets ? "]" : "", port[0] != '\0' ? ":" : "", port);
}

void rt_rule_format(const struct rt_rule *rule, char *out, size_t size)
{
    struct text text = {out, size};
    char host[RT_HOST_MAX + 8], port[16], interface[IF_NAMESIZE];
    bool local = rule->operations == 1 << RT_TCP_LISTEN || rule->operations == 1 << RT_UDP_BIND;
    rt_rule_format_host(rule, host, sizeof(host));
    rt_rule_format_port(rule, port, sizeof(port));
    rt_rule_format_interface(rule, interface, sizeof(interface));
    put(&text, "%s", operations_name(rule->operations));
    if (rule->host != RT_RULE_ANY_HOST || port[0] != '\0') {
        put(&text, "=");
        if (rule->host == RT_RULE_ANY_HOST && local) {
            put(&text, "%s", port);
        } else {
            put_host_port(&text, host, port);
        }
    }
    for (int i = 0; i <= RT_ADDRESS_LOOPBACK && rule->classes_named; i++) {
        if ((rule->classes & 1 << i) != 0) {
            put(&text, ",%s", class_names[i]);
        }
    }
    if (rule->secure) {
        put(&text, ",tls");
    }
    if (interface[0] != '\0') {
        put(&text, "@%s", interface);
    }
}

/* Sentences ----------------------------------------------------------------------------------------- */

static void put_query(struct text *text, const struct rt_permission_query *query)
{
    static const char *const prepositions[RT_OPERATION_COUNT] = {
        [RT_TCP_CONNECT] = "to", [RT_TCP_LISTEN] = "on",     [RT_UDP_SEND] = "to",
        [RT_UDP_BIND] = "on",    [RT_MULTICAST_JOIN] = "of", [RT_MULTICAST_SEND] = "to",
        [RT_BROADCAST] = "to",   [RT_TLS_INSECURE] = "to",
    };
    static const char *const anything[RT_OPERATION_COUNT] = {
        [RT_TCP_CONNECT] = "any host",     [RT_TCP_LISTEN] = "any address",
        [RT_UDP_SEND] = "any host",        [RT_UDP_BIND] = "any address",
        [RT_MULTICAST_JOIN] = "any group", [RT_MULTICAST_SEND] = "any group",
        [RT_BROADCAST] = "any address",    [RT_TLS_INSECURE] = "any local host",
    };
    struct rt_rule rule = {.operations = (uint8_t)(1 << query->operation),
                           .interface_index = query->interface_index};
    bool ephemeral = query->port == 0 && !rt_rule_is_remote(&rule);
    char port[16] = "", interface[IF_NAMESIZE];
    if (query->port != RT_ANY_PORT && !ephemeral) {
        snprintf(port, sizeof(port), "%d", query->port);
    }
    bool secure = query->secure && query->operation == RT_TCP_CONNECT;
    put(text, "%s %s%s ", rt_operation_name(query->operation), secure ? "with TLS " : "",
        prepositions[query->operation]);
    if (query->host != NULL) {
        put_host_port(text, query->host->name, port);
    } else {
        put(text, port[0] != '\0' ? "%s, port %s" : "%s", anything[query->operation], port);
    }
    if (ephemeral) {
        put(text, query->operation == RT_MULTICAST_JOIN ? ", from an ephemeral port" : ", an ephemeral port");
    } else if (query->port == RT_ANY_PORT) {
        put(text, ", any port");
    }
    rt_rule_format_interface(&rule, interface, sizeof(interface));
    if (interface[0] != '\0') {
        put(text, ", on %s", interface);
    }
}

/* The rule that would permit a query. */
static struct rt_rule suggestion(const struct rt_rule *set)
{
    struct rt_rule rule = *set;
    if (rule.operations == 1 << RT_MULTICAST_JOIN && rule.port_high == 0) {
        rule.port_high = UINT16_MAX; /* from an ephemeral port any port of a rule will do */
    }
    return rule;
}

/* {"host": "mail.example.com", "port": 993} to permissions["tcp.connect"] */
static void put_declaration(struct text *text, const struct rt_rule *set, const char *class)
{
    struct rt_rule declaration = suggestion(set);
    const struct rt_rule *rule = &declaration;
    char host[RT_HOST_MAX + 8], port[16], interface[IF_NAMESIZE];
    bool multicast = (rule->operations & (1 << RT_MULTICAST_JOIN | 1 << RT_MULTICAST_SEND)) != 0;
    bool local = rule->operations == 1 << RT_TCP_LISTEN || rule->operations == 1 << RT_UDP_BIND;
    rt_rule_format_host(rule, host, sizeof(host));
    rt_rule_format_port(rule, port, sizeof(port));
    rt_rule_format_interface(rule, interface, sizeof(interface));
    if (port[0] == '\0') {
        strcpy(port, "\"*\"");
    }
    put(text, "{");
    if (multicast) {
        put(text, "\"group\": \"%s\", ", host);
    } else if (!local || rule->host != RT_RULE_ANY_HOST) {
        put(text, "\"host\": \"%s\", ", host);
    }
    put(text, "\"port\": %s", port);
    if (multicast) {
        put(text, ", \"ops\": [\"%s\"]", rule->operations == 1 << RT_MULTICAST_JOIN ? "join" : "send");
    }
    if (class != NULL) {
        put(text, ", \"space\": [\"%s\"]", class);
    }
    if (rule->secure) {
        put(text, ", \"tls\": \"required\"");
    }
    if (interface[0] != '\0') {
        put(text, ", \"interface\": \"%s\"", interface);
    }
    put(text, "} to permissions[\"%s\"]", multicast ? "multicast" : operations_name(rule->operations));
}

/* Why no rule could ever permit a query. */
static void put_impossible(struct text *text, const struct rt_permission_query *query)
{
    const struct rt_host *host = query->host;
    if (query->port < RT_ANY_PORT || query->port > UINT16_MAX) {
        put(text, ": there is no such port");
    } else if (host != NULL && !host->is_address) {
        put(text, ": it takes an address, not a name");
    } else if (query->operation == RT_TLS_INSECURE &&
               !rt_rule_takes_address(&(struct rt_rule){.operations = 1 << RT_TLS_INSECURE},
                                      (const struct sockaddr *)&host->address)) {
        put(text, ": only a peer with a local, link-local or loopback address may go unverified");
    } else if (query->operation == RT_MULTICAST_JOIN || query->operation == RT_MULTICAST_SEND) {
        put(text, ": not a multicast group");
    } else if (rt_address_classify((const struct sockaddr *)&host->address) == RT_ADDRESS_MULTICAST) {
        put(text, ": a multicast group needs multicast.join and multicast.send");
    } else if (rt_address_classify((const struct sockaddr *)&host->address) == RT_ADDRESS_BROADCAST) {
        put(text, ": a broadcast address needs broadcast");
    } else {
        put(text, ": the address belongs to another interface");
    }
}

static void put_denial(struct text *text, const struct rt_rule *denial)
{
    char rule[RT_RULE_TEXT_MAX];
    rt_rule_format(denial, rule, sizeof(rule));
    put(text, denial->by_prompt ? "was denied when it was asked for (%s)" : "is denied by the rule --deny %s",
        rule);
}

/* For what is not permitted plain, but with TLS: says so and returns true. */
static bool put_secure(struct text *text, const struct rt_permissions *p, const struct rt_rule *set,
                       const char *rule)
{
    struct rt_rule encrypted = *set;
    char permitted[RT_RULE_TEXT_MAX];
    encrypted.secure = true;
    if (set->operations != 1 << RT_TCP_CONNECT || set->secure || !rt_permissions_declared(p, &encrypted, 0)) {
        return false;
    }
    if (!rt_permissions_declared(p, set, 0)) {
        put(text, " is declared in the manifest with TLS only; pass useSecureTransport: true, or leave "
                  "\"tls\" out of the declaration");
        return true;
    }
    const struct rt_rule *grant = rt_permissions_find_grant(p, &encrypted);
    if (grant == NULL) {
        return false;
    }
    rt_rule_format(grant, permitted, sizeof(permitted));
    put(text, " is permitted with TLS only (%s); pass useSecureTransport: true, or run with --allow %s",
        permitted, rule);
    return true;
}

void rt_permission_explain(const struct rt_permissions *p, const struct rt_permission_query *query, char *out,
                           size_t size)
{
    struct text text = {out, size};
    struct rt_rule set;
    char rule[RT_RULE_TEXT_MAX];
    put_query(&text, query);
    if (rt_permissions_set(p, query, &set) < 0) {
        put(&text, " can't be permitted");
        put_impossible(&text, query);
        return;
    }
    const struct rt_rule *denial = rt_permissions_denial(p, &set);
    if (denial != NULL) {
        put(&text, " ");
        put_denial(&text, denial);
        return;
    }
    struct rt_rule suggested = suggestion(&set);
    rt_rule_format(&suggested, rule, sizeof(rule));
    enum rt_permission_state state = rt_permission_state(p, query);
    if (state != RT_GRANTED && put_secure(&text, p, &set, rule)) {
        return;
    }
    if (!rt_permissions_declared(p, &set, 0)) {
        put(&text, p->limited ? " is not declared in the manifest; add "
                              : " needs a manifest that declares it, and then a grant; add ");
        put_declaration(&text, &set, NULL);
        return;
    }
    if (state == RT_GRANTED) {
        put(&text, " is permitted");
    } else if (state == RT_PROMPT) {
        put(&text, " is not permitted yet; ask with requestPermission() or run with --allow %s", rule);
    } else {
        put(&text, " is not permitted; run with --allow %s", rule);
    }
}

void rt_permission_explain_address(const struct rt_permissions *p, const struct rt_permission_query *query,
                                   const struct sockaddr *address, char *out, size_t size)
{
    struct text text = {out, size};
    struct rt_rule set;
    char printed[RT_ADDRESS_TEXT_MAX], rule[RT_RULE_TEXT_MAX];
    put_query(&text, query);
    put(&text, ": the name resolved to %s, ", rt_address_format(address, printed));
    uint8_t class = rt_permissions_resolved_class(address);
    if (rt_permissions_set(p, query, &set) < 0 || class == 0 || class == RT_CLASS_MULTICAST ||
        class == RT_CLASS_BROADCAST) {
        put(&text, "which is never used for a name");
        return;
    }
    const struct rt_rule *denial = rt_permissions_address_denial(p, &set, address, class);
    if (denial != NULL) {
        put(&text, "which ");
        put_denial(&text, denial);
        return;
    }
    if (query->operation == RT_TLS_INSECURE && !rt_rule_takes_address(&set, address)) {
        put(&text, "which is not local, and only a peer with a local, link-local or loopback address may go "
                   "unverified");
        return;
    }
    if (class == RT_CLASS_RESERVED) {
        put(&text, "a reserved address, which only a rule for every host (*) covers");
        return;
    }
    enum rt_address_class kind = rt_address_classify(address);
    bool own = class == RT_CLASS_LOOPBACK && kind != RT_ADDRESS_LOOPBACK;
    const char *class_name = class_names[own ? RT_ADDRESS_LOOPBACK : kind];
    if (own) {
        put(&text, "an address of this device, which is not permitted for this name; ");
    } else {
        put(&text, "a %s address, which is not permitted for this name; ", class_name);
    }
    if (!rt_permissions_declared(p, &set, class)) {
        put(&text, "add ");
        put_declaration(&text, &set, class_name);
        return;
    }
    set.classes = (uint8_t)(own ? RT_CLASS_LOOPBACK : 1 << kind);
    set.classes_named = true;
    rt_rule_format(&set, rule, sizeof(rule));
    put(&text, "run with --allow %s", rule);
}
