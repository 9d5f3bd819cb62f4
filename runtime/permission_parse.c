/* permission_parse.c - reading the text of a permission rule (permission_rule.h). The grammar and its reasons
 * are in docs/permissions.md. Not here: what the rule then means (permission_rule.c). */
#include "permission_rule.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { QUOTE_MAX = 64 }; /* characters of the rule that an error repeats */

static const struct {
    const char *name;
    uint8_t class;
} classes[] = {
    {"public", RT_CLASS_PUBLIC},
    {"local", RT_CLASS_LOCAL},
    {"link-local", RT_CLASS_LINK_LOCAL},
    {"loopback", RT_CLASS_LOOPBACK},
};

/* A piece of the rule's text. */
struct span {
    const char *at;
    size_t length;
};

static bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

static struct span span_from(struct span span, size_t start)
{
    return (struct span){span.at + start, span.length - start};
}

static bool is_insecure(const struct rt_rule *rule)
{
    return rule->operations == 1 << RT_TLS_INSECURE;
}

/* Rules come from manifests too, whose text nobody vouches for. */
static const char *quote(struct span span, char out[static QUOTE_MAX + 4])
{
    size_t length = span.length < QUOTE_MAX ? span.length : QUOTE_MAX;
    for (size_t i = 0; i < length; i++) {
        out[i] = span.at[i] > ' ' && span.at[i] < 0x7f ? span.at[i] : '?';
    }
    strcpy(out + length, span.length > length ? "..." : "");
    return out;
}

static int fail(char *error, const char *format, struct span span)
{
    char text[QUOTE_MAX + 4];
    snprintf(error, RT_RULE_ERROR_MAX, format, quote(span, text));
    return -EINVAL;
}

/* Decimal, no sign, no leading zero. */
static bool parse_number(struct span span, unsigned long max, unsigned long *ret_value)
{
    unsigned long value = 0;
    if (span.length == 0 || span.length > 10 || (span.at[0] == '0' && span.length > 1)) {
        return false;
    }
    for (size_t i = 0; i < span.length; i++) {
        if (span.at[i] < '0' || span.at[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned long)(span.at[i] - '0');
        if (value > max) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

static bool parse_ports(struct span span, struct rt_rule *rule)
{
    unsigned long low, high;
    if (span_is(span, "*")) {
        return true;
    }
    const char *dash = memchr(span.at, '-', span.length);
    struct span first = {span.at, dash != NULL ? (size_t)(dash - span.at) : span.length};
    struct span last = dash != NULL ? span_from(span, first.length + 1) : first;
    if (!parse_number(first, UINT16_MAX, &low) || !parse_number(last, UINT16_MAX, &high) || low > high) {
        return false;
    }
    rule->port_low = (uint16_t)low;
    rule->port_high = (uint16_t)high;
    return true;
}

static int parse_interface(struct span span, char *error, struct rt_rule *rule)
{
    unsigned long index;
    char name[IF_NAMESIZE] = "";
    if (parse_number(span, INT32_MAX, &index) && index != 0) {
        rule->interface_index = (unsigned)index;
        return 0;
    }
    if (span.length > 0 && span.length < sizeof(name)) {
        memcpy(name, span.at, span.length);
    }
    if (name[0] == '\0' || strspn(name, RT_INTERFACE_CHARACTERS) != span.length) {
        return fail(error, "\"%s\" is no interface: a name such as eth0, or a number, follows the @", span);
    }
    memcpy(rule->interface_name, name, sizeof(name));
    return 0;
}

static int parse_suffix(struct span span, char *error, struct rt_rule *rule)
{
    struct rt_host host;
    if (rt_host_parse(span.at + 2, span.length - 2, &host) < 0 || host.is_address) {
        return fail(error, "\"%s\" is no pattern: a * stands alone or before a name, as in *.example.com",
                    span);
    }
    if (strchr(host.name, '.') == NULL && strcmp(host.name, "local") != 0 &&
        strcmp(host.name, "localhost") != 0) {
        return fail(error, "%s is too wide: at least two labels follow the *, as in *.example.com", span);
    }
    rule->host = RT_RULE_SUFFIX;
    memcpy(rule->name, host.name, sizeof(rule->name));
    return 0;
}

static int parse_network(struct span span, size_t slash, char *error, struct rt_rule *rule)
{
    struct rt_host host;
    unsigned long prefix;
    bool v6 = memchr(span.at, ':', slash) != NULL;
    if (span.at[0] == '[' || memchr(span.at, '%', slash) != NULL ||
        rt_host_parse(span.at, slash, &host) < 0 || !host.is_address ||
        !parse_number(span_from(span, slash + 1), v6 ? 128 : 32, &prefix)) {
        return fail(error, "\"%s\" is no network: write 192.168.0.0/16 or fd00::/8", span);
    }
    rt_rule_set_network(rule, (const struct sockaddr *)&host.address);
    if (v6 && rule->family == AF_INET) { /* a mapped address became IPv4 */
        if (prefix < 96) {
            return fail(error, "\"%s\" holds more than the mapped IPv4 addresses: write the IPv4 network",
                        span);
        }
        prefix -= 96;
    }
    rule->prefix = (uint8_t)prefix;
    for (unsigned bit = rule->prefix; bit < rt_rule_address_bits(rule); bit++) {
        if ((rule->address[bit / 8] >> (7 - bit % 8) & 1) != 0) {
            return fail(error, "%s has bits set behind its prefix: write the first address of the network",
                        span);
        }
    }
    if (rule->prefix == rt_rule_address_bits(rule)) {
        rt_rule_set_address(rule, (const struct sockaddr *)&host.address); /* 0.0.0.0/32 is 0.0.0.0 */
    }
    return 0;
}

static int parse_address(struct span span, const struct rt_host *host, char *error, struct rt_rule *rule)
{
    rt_rule_set_address(rule, (const struct sockaddr *)&host->address);
    const char *percent = memchr(span.at, '%', span.length);
    if (percent != NULL) {
        return parse_interface(span_from(span, (size_t)(percent - span.at) + 1), error, rule);
    }
    return 0;
}

/* A host without brackets. */
static int parse_host(struct span span, char *error, struct rt_rule *rule)
{
    struct rt_host host;
    if (span_is(span, "*")) {
        return 0;
    }
    if (span.length > 2 && span.at[0] == '*' && span.at[1] == '.') {
        return parse_suffix(span, error, rule);
    }
    const char *slash = memchr(span.at, '/', span.length);
    if (slash != NULL) {
        return parse_network(span, (size_t)(slash - span.at), error, rule);
    }
    int result = rt_host_parse(span.at, span.length, &host);
    if (result == -ENODEV) { /* the interface may come later: the rule keeps its name */
        size_t address = (size_t)((const char *)memchr(span.at, '%', span.length) - span.at);
        result = rt_host_parse(span.at, address, &host);
    }
    if (result < 0) {
        return fail(error, "\"%s\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1",
                    span);
    }
    if (host.is_address) {
        return parse_address(span, &host, error, rule);
    }
    rule->host = RT_RULE_NAME;
    memcpy(rule->name, host.name, sizeof(rule->name));
    return 0;
}

static int parse_target(struct span span, char *error, struct rt_rule *rule)
{
    static const char *port_error =
        "\"%s\" is no port: write a number up to 65535, a range as 8000-8099, or *";
    struct span host = span, port = {"*", 1};
    if (rt_rule_is_local(rule) && strspn(span.at, "0123456789-") >= span.length) {
        return parse_ports(span, rule) ? 0 : fail(error, port_error, span);
    }
    const char *colon = memchr(span.at, ':', span.length);
    if (span.length > 0 && span.at[0] == '[') {
        const char *end = memchr(span.at, ']', span.length);
        if (end == NULL) {
            return fail(error, "\"%s\" lacks the closing ]", span);
        }
        host = (struct span){span.at + 1, (size_t)(end - span.at) - 1};
        struct span rest = span_from(span, host.length + 2);
        if (memchr(host.at, ':', host.length) == NULL || (rest.length > 0 && rest.at[0] != ':')) {
            return fail(error, "\"%s\" is no host: brackets hold one IPv6 address, and :PORT may follow",
                        span);
        }
        port = rest.length > 0 ? span_from(rest, 1) : port;
    } else if (colon != NULL && memchr(colon + 1, ':', span.length - (size_t)(colon + 1 - span.at)) == NULL) {
        host.length = (size_t)(colon - span.at);
        port = span_from(span, host.length + 1);
    }
    if (host.length == 0) {
        return fail(error, "\"%s\" lacks a host: * stands for every host", span);
    }
    int result = parse_host(host, error, rule);
    if (result < 0) {
        return result;
    }
    return parse_ports(port, rule) ? 0 : fail(error, port_error, port);
}

static int parse_modifier(struct span span, char *error, struct rt_rule *rule)
{
    if (span_is(span, "tls")) {
        rule->secure = true;
        return 0;
    }
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (span_is(span, classes[i].name)) {
            rule->classes |= classes[i].class;
            rule->classes_named = true;
            return 0;
        }
    }
    return fail(error, "\"%s\" is no modifier: use public, local, link-local, loopback or tls", span);
}

/* What of the modifiers the operation does not have, and what none has where it denies. */
static int check_modifiers(const struct rt_rule *rule, enum rt_rule_purpose purpose, struct span span,
                           char *error)
{
    if (rule->classes_named && !rt_rule_is_remote(rule)) {
        return fail(error, "\"%s\": address classes are for tcp.connect, udp.send and tls.insecure only",
                    span);
    }
    if (is_insecure(rule) && (rule->classes & ~RT_CLASS_NEAR) != 0) {
        return fail(error,
                    "\"%s\": tls.insecure is never for public addresses, where anybody on the way could "
                    "answer: use local, link-local or loopback",
                    span);
    }
    if (rule->secure && rule->operations != 1 << RT_TCP_CONNECT) {
        return fail(error, "\"%s\": tls is for tcp.connect only", span);
    }
    if (rule->secure && purpose == RT_RULE_DENY) {
        return fail(error,
                    "\"%s\": tls can't be in a deny rule, which an app would get around by not encrypting: "
                    "leave it out to deny both",
                    span);
    }
    return 0;
}

/* The classes of a rule that names none. */
static uint8_t default_classes(const struct rt_rule *rule, enum rt_rule_purpose purpose)
{
    if (purpose == RT_RULE_DENY) {
        return RT_CLASS_ALL;
    }
    if (is_insecure(rule)) {
        return RT_CLASS_NEAR;
    }
    bool name = rule->host == RT_RULE_NAME || rule->host == RT_RULE_SUFFIX;
    return name ? rt_rule_name_classes(rule->name) : RT_CLASS_ALL;
}

/* What the operation can't be for would be a rule that never matches: a mistake. */
static int check_host(const struct rt_rule *rule, struct span span, char *error)
{
    uint8_t possible = rt_rule_possible_classes(rule);
    if ((rule->host == RT_RULE_NAME || rule->host == RT_RULE_SUFFIX) && !rt_rule_takes_names(rule)) {
        return fail(error, "\"%s\" is a name: this operation takes addresses and networks", span);
    }
    if (rule->host != RT_RULE_NETWORK) {
        return 0;
    }
    struct sockaddr_storage address = {.ss_family = rule->family};
    if (rule->family == AF_INET) {
        memcpy(&((struct sockaddr_in *)&address)->sin_addr, rule->address, 4);
    } else {
        memcpy(&((struct sockaddr_in6 *)&address)->sin6_addr, rule->address, 16);
    }
    uint8_t class = (uint8_t)(1 << rt_address_classify((const struct sockaddr *)&address));
    if (is_insecure(rule) && (!rt_rule_takes_address(rule, (const struct sockaddr *)&address) ||
                              rule->prefix < rt_address_range_bits((const struct sockaddr *)&address))) {
        return fail(
            error,
            "\"%s\" is public, or not wholly local: tls.insecure is for local, link-local and loopback "
            "addresses only, since elsewhere anybody on the way could answer",
            span);
    }
    if ((class & possible) != 0) {
        return 0;
    }
    if (possible == RT_CLASS_MULTICAST) {
        return fail(error, "\"%s\" is no multicast group or network of groups", span);
    }
    return fail(error,
                class == RT_CLASS_MULTICAST
                    ? "\"%s\" is a multicast group: use multicast, multicast.join or multicast.send"
                    : "\"%s\" is a broadcast address: use broadcast",
                span);
}

static int parse_operation(struct span span, char *error, struct rt_rule *rule)
{
    enum rt_operation operation;
    if (span_is(span, "multicast")) {
        rule->operations = 1 << RT_MULTICAST_JOIN | 1 << RT_MULTICAST_SEND;
        return 0;
    }
    if (rt_operation_parse(span.at, span.length, &operation) < 0) {
        return fail(error,
                    "\"%s\" is no operation: use tcp.connect, tcp.listen, udp.send, udp.bind, multicast, "
                    "multicast.join, multicast.send, broadcast or tls.insecure",
                    span);
    }
    rule->operations = (uint8_t)(1 << operation);
    return 0;
}

int rt_rule_parse(const char *text, enum rt_rule_purpose purpose, char error[static RT_RULE_ERROR_MAX],
                  struct rt_rule *ret_rule)
{
    struct rt_rule rule = {.port_high = UINT16_MAX};
    struct span rest = {text, strlen(text)}, interface = {NULL, 0}, target = {NULL, 0};
    if (rest.length > RT_RULE_TEXT_MAX) {
        return fail(error, "\"%s\" is too long", rest);
    }
    size_t length = strcspn(text, "=,@");
    int result = parse_operation((struct span){text, length}, error, &rule);
    rest = span_from(rest, length);
    const char *at = strrchr(rest.at, '@');
    if (result == 0 && at != NULL) {
        interface = (struct span){at + 1, strlen(at + 1)};
        rest.length = (size_t)(at - rest.at);
        result = parse_interface(interface, error, &rule);
    }
    if (result == 0 && rest.length > 0 && rest.at[0] == '=') {
        struct rt_rule zoned = {0};
        target = span_from(rest, 1);
        const char *comma = memchr(target.at, ',', target.length);
        target.length = comma != NULL ? (size_t)(comma - target.at) : target.length;
        rest = span_from(rest, target.length + 1);
        memcpy(zoned.interface_name, rule.interface_name, sizeof(zoned.interface_name));
        zoned.interface_index = rule.interface_index;
        result = parse_target(target, error, &rule);
        if (result == 0 && at != NULL &&
            (strcmp(zoned.interface_name, rule.interface_name) != 0 ||
             zoned.interface_index != rule.interface_index)) {
            return fail(error, "\"%s\" has a zone and an interface that differ", target);
        }
        result = result == 0 ? check_host(&rule, target, error) : result;
    }
    while (result == 0 && rest.length > 0) { /* at a comma */
        rest = span_from(rest, 1);
        const char *comma = memchr(rest.at, ',', rest.length);
        length = comma != NULL ? (size_t)(comma - rest.at) : rest.length;
        result = parse_modifier((struct span){rest.at, length}, error, &rule);
        rest = span_from(rest, length);
    }
    if (result == 0) {
        result = check_modifiers(&rule, purpose, (struct span){text, strlen(text)}, error);
    }
    if (result < 0) {
        return result;
    }
    if (!rule.classes_named) {
        rule.classes = default_classes(&rule, purpose);
    }
    *ret_rule = rule;
    return 0;
}
