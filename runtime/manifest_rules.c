/* manifest_rules.c - the manifest's permissions: from rule objects to rule texts; see manifest.h and
 * docs/manifest.md. Checks the shape of every value, so that nothing in an object can become another part of
 * the rule's text. Not here: what hosts and rules mean (host.h, permission.h); whoever declares the rules
 * learns from rt_permissions_declare() whether each makes sense. */
#include <stdio.h>
#include <string.h>

#include "manifest_reader.h"

enum {
    HOST_MAX = 253,
    INTERFACE_MAX = 15, /* IFNAMSIZ less the NUL */
    PORT_TEXT_MAX = 11, /* "65535-65535" */
    REASON_KEY_MAX = 32,
    RULE_TEXT_MAX = 400, /* operation, host, port, four classes, tls, interface */
};

/* Which keys a rule object of an operation may have. */
enum { HAS_HOST = 1, HAS_SPACE = 2, HAS_GROUP = 4, MAY_BE_EPHEMERAL = 8, HAS_TLS = 16, NEVER_PUBLIC = 32 };

static const struct operation {
    const char *name;
    unsigned keys;
} operations[] = {
    {"broadcast", HAS_HOST},
    {"multicast", HAS_GROUP},
    {"tcp.connect", HAS_HOST | HAS_SPACE | HAS_TLS},
    {"tcp.listen", HAS_HOST | MAY_BE_EPHEMERAL},
    {"tls.insecure", HAS_HOST | HAS_SPACE | NEVER_PUBLIC},
    {"udp.bind", HAS_HOST | MAY_BE_EPHEMERAL},
    {"udp.send", HAS_HOST | HAS_SPACE},
};

static const char *const spaces[] = {"public", "local", "link-local", "loopback"};
static const char *const group_operations[] = {"join", "send"};

/* A rule object as read: NULL or 0 is "not given". */
struct rule {
    const char *host, *interface;
    char port[PORT_TEXT_MAX + 1];
    unsigned spaces, group_operations; /* bit i: the i-th of the tables above */
    bool tls_required;
};

/* "lo-hi" or "*". */
static bool port_text_ok(const char *text, uint32_t min)
{
    if (strcmp(text, "*") == 0) {
        return true;
    }
    uint32_t port[2];
    for (int i = 0; i < 2; i++) {
        size_t digits = strspn(text, MANIFEST_DIGITS);
        if (digits == 0 || digits > 5 || (digits > 1 && *text == '0')) {
            return false;
        }
        port[i] = 0;
        for (size_t at = 0; at < digits; at++) {
            port[i] = port[i] * 10 + (uint32_t)(text[at] - '0');
        }
        text += digits;
        if (i == 0 && *text++ != '-') {
            return false;
        }
    }
    return *text == 0 && port[0] >= min && port[0] <= port[1] && port[1] <= 65535;
}

static int read_port(struct manifest_reader *reader, uint32_t min, char out[static PORT_TEXT_MAX + 1])
{
    int r = manifest_next(reader);
    if (r < 0) {
        return r;
    }
    if (reader->event.type == RT_JSON_INTEGER && reader->event.integer >= min &&
        reader->event.integer <= 65535) {
        snprintf(out, PORT_TEXT_MAX + 1, "%u", (unsigned)reader->event.integer);
        return 0;
    }
    const char *text;
    if (reader->event.type == RT_JSON_STRING) {
        r = manifest_string(reader, PORT_TEXT_MAX, &text);
        if (r < 0) {
            return r;
        }
        if (port_text_ok(text, min)) {
            snprintf(out, PORT_TEXT_MAX + 1, "%s", text);
            return 0;
        }
    }
    return manifest_fail(reader, "BAD_MANIFEST",
                         "must be a port from %u to 65535, a range \"lo-hi\" or \"*\"", (unsigned)min);
}

/* An array of words of a table, none twice, at least one. */
static int read_words(struct manifest_reader *reader, const char *const *words, unsigned count,
                      unsigned *ret_set)
{
    int r = manifest_open(reader, RT_JSON_ARRAY);
    if (r < 0) {
        return r;
    }
    unsigned set = 0;
    int index = 0;
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_index(reader, index++);
        unsigned i = 0;
        while (i < count &&
               !(reader->event.type == RT_JSON_STRING && rt_json_equal(&reader->event, words[i]))) {
            i++;
        }
        if (i == count || (set & 1u << i) != 0) {
            return manifest_fail(reader, "BAD_MANIFEST", i == count ? "unknown word" : "occurs twice");
        }
        set |= 1u << i;
        manifest_leave(reader, mark);
    }
    if (r == 0 && set == 0) {
        return manifest_fail(reader, "BAD_MANIFEST", "must not be empty");
    }
    if (r == 0) {
        *ret_set = set;
    }
    return r;
}

static int read_spelt(struct manifest_reader *reader, size_t max, const char *characters, const char *what,
                      const char **ret_text)
{
    const char *text;
    int r = manifest_read_string(reader, max, &text);
    if (r < 0) {
        return r;
    }
    if (!manifest_spelt(text, max, characters, characters)) {
        return manifest_fail(reader, "BAD_MANIFEST", "not %s", what);
    }
    *ret_text = text;
    return 0;
}

static int read_rule_key(struct manifest_reader *reader, const struct operation *operation, struct rule *rule,
                         const char **ret_reason)
{
    const struct rt_json_event *key = &reader->event;
    if (rt_json_equal(key, "group") && (operation->keys & HAS_GROUP)) {
        return read_spelt(reader, HOST_MAX, MANIFEST_ALNUM ".:/*%_-", "a group address", &rule->host);
    }
    if (rt_json_equal(key, "host") && (operation->keys & HAS_HOST)) {
        return read_spelt(reader, HOST_MAX, MANIFEST_ALNUM ".:/*%_-", "a host", &rule->host);
    }
    if (rt_json_equal(key, "interface")) {
        return read_spelt(reader, INTERFACE_MAX, MANIFEST_ALNUM "._-", "the name of an interface",
                          &rule->interface);
    }
    if (rt_json_equal(key, "ops") && (operation->keys & HAS_GROUP)) {
        return read_words(reader, group_operations, 2, &rule->group_operations);
    }
    if (rt_json_equal(key, "port")) {
        return read_port(reader, operation->keys & MAY_BE_EPHEMERAL ? 0 : 1, rule->port);
    }
    if (rt_json_equal(key, "reason")) {
        return read_spelt(reader, REASON_KEY_MAX, MANIFEST_ALNUM "-_", "a key of \"reasons\"", ret_reason);
    }
    if (rt_json_equal(key, "space") && (operation->keys & HAS_SPACE)) {
        int r = read_words(reader, spaces, 4, &rule->spaces);
        if (r == 0 && (rule->spaces & 1u) != 0 && (operation->keys & NEVER_PUBLIC)) {
            return manifest_fail(reader, "BAD_MANIFEST",
                                 "must not have \"public\": there the peer is always verified");
        }
        return r;
    }
    if (rt_json_equal(key, "tls") && (operation->keys & HAS_TLS)) {
        int r = manifest_next(reader);
        rule->tls_required =
            reader->event.type == RT_JSON_STRING && rt_json_equal(&reader->event, "required");
        return r < 0 || rule->tls_required ? r
                                           : manifest_fail(reader, "BAD_MANIFEST", "must be \"required\"");
    }
    return manifest_unknown_key(reader);
}

/* Writes the rule in the grammar of --allow: OP[=HOST:PORT[,CLASS…][,tls][@INTERFACE]]. Host and port are
 * always both there, so that neither can be taken for the other. */
static void write_rule(const struct operation *operation, const struct rule *rule,
                       char out[static RULE_TEXT_MAX])
{
    const char *suffix = "";
    if (rule->group_operations == 1u) {
        suffix = ".join";
    } else if (rule->group_operations == 2u) {
        suffix = ".send";
    }
    if (rule->host == NULL && rule->port[0] == 0 && rule->spaces == 0 && rule->interface == NULL &&
        !rule->tls_required) {
        snprintf(out, RULE_TEXT_MAX, "%s%s", operation->name, suffix);
        return;
    }
    const char *host = rule->host != NULL ? rule->host : "*";
    bool brackets = strchr(host, ':') != NULL;
    int used = snprintf(out, RULE_TEXT_MAX, "%s%s=%s%s%s:%s", operation->name, suffix, brackets ? "[" : "",
                        host, brackets ? "]" : "", rule->port[0] != 0 ? rule->port : "*");
    for (unsigned i = 0; i < 4; i++) {
        if (rule->spaces & 1u << i) {
            used += snprintf(out + used, (size_t)(RULE_TEXT_MAX - used), ",%s", spaces[i]);
        }
    }
    if (rule->tls_required) {
        used += snprintf(out + used, (size_t)(RULE_TEXT_MAX - used), ",tls");
    }
    if (rule->interface != NULL) {
        snprintf(out + used, (size_t)(RULE_TEXT_MAX - used), "@%s", rule->interface);
    }
}

static int read_rule(struct manifest_reader *reader, const struct operation *operation)
{
    if (reader->event.type != RT_JSON_OBJECT) {
        return manifest_fail(reader, "BAD_MANIFEST", "must be an object");
    }
    struct rule rule = {0};
    const char *reason = NULL;
    int r;
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_key(reader);
        r = read_rule_key(reader, operation, &rule, &reason);
        if (r < 0) {
            return r;
        }
        manifest_leave(reader, mark);
    }
    if (r < 0) {
        return r;
    }
    char text[RULE_TEXT_MAX];
    write_rule(operation, &rule, text);
    size_t size = strlen(text) + 1;
    if (reader->rule_count == reader->rule_capacity || size > reader->arena_left) {
        return manifest_fail(reader, "LIMIT", "too many rules");
    }
    memcpy(reader->arena, text, size);
    reader->rules[reader->rule_count].text = reader->arena;
    reader->rules[reader->rule_count].reason = reason;
    reader->rule_count++;
    reader->arena += size;
    reader->arena_left -= size;
    return 0;
}

int manifest_read_permissions(struct manifest_reader *reader)
{
    int r = manifest_open(reader, RT_JSON_OBJECT);
    if (r < 0) {
        return r;
    }
    while ((r = manifest_more(reader)) > 0) {
        size_t mark = manifest_enter_key(reader);
        size_t i = 0;
        while (i < sizeof(operations) / sizeof(operations[0]) &&
               !rt_json_equal(&reader->event, operations[i].name)) {
            i++;
        }
        if (i == sizeof(operations) / sizeof(operations[0])) {
            return manifest_fail(reader, "BAD_MANIFEST", "unknown operation");
        }
        r = manifest_open(reader, RT_JSON_ARRAY);
        int index = 0;
        while (r == 0 && (r = manifest_more(reader)) > 0) {
            size_t element = manifest_enter_index(reader, index++);
            r = read_rule(reader, &operations[i]);
            if (r == 0) {
                manifest_leave(reader, element);
            }
        }
        if (r < 0) {
            return r;
        }
        manifest_leave(reader, mark);
    }
    return r;
}
