/* permission_rule.h - one permission rule: a set of (operation, host, port, interface), its text form and the
 * two questions that are asked of sets: does it cover another, does it overlap another. A query is such a set
 * too. Pure. Not here: which rules are allowed, denied or declared, and what follows (permission.h). */
#ifndef CLEAT_PERMISSION_RULE_H
#define CLEAT_PERMISSION_RULE_H

#include "permission.h"

#include <net/if.h>

/* What the name of an interface may consist of in a rule. Others are reached by their number. */
#define RT_INTERFACE_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-"

enum rt_rule_host {
    RT_RULE_ANY_HOST,
    RT_RULE_NAME,    /* name */
    RT_RULE_SUFFIX,  /* name is what follows the "*." */
    RT_RULE_NETWORK, /* address and prefix; a single address has all its bits in the prefix */
};

/* Bits of classes: 1 << enum rt_address_class. */
enum {
    RT_CLASS_PUBLIC = 1 << RT_ADDRESS_PUBLIC,
    RT_CLASS_LOCAL = 1 << RT_ADDRESS_LOCAL,
    RT_CLASS_LINK_LOCAL = 1 << RT_ADDRESS_LINK_LOCAL,
    RT_CLASS_LOOPBACK = 1 << RT_ADDRESS_LOOPBACK,
    RT_CLASS_MULTICAST = 1 << RT_ADDRESS_MULTICAST,
    RT_CLASS_BROADCAST = 1 << RT_ADDRESS_BROADCAST,
    RT_CLASS_RESERVED = 1 << RT_ADDRESS_RESERVED,
    RT_CLASS_ALL = (1 << (RT_ADDRESS_RESERVED + 1)) - 1,
    /* Where the peer of a TLS connection may go unverified. */
    RT_CLASS_NEAR = RT_CLASS_LOCAL | RT_CLASS_LINK_LOCAL | RT_CLASS_LOOPBACK,
};

struct rt_rule {
    uint8_t operations; /* 1 << enum rt_operation */
    uint8_t host;       /* enum rt_rule_host */
    uint8_t classes;    /* in a query: 0 for a name, whose addresses are not known yet */
    bool classes_named; /* the text names classes; else they are the usual ones */
    bool secure;        /* tcp.connect: with TLS from the first byte only; never in a deny rule */
    bool by_prompt;     /* an answer given on the prompt, not a rule that somebody wrote */
    uint8_t family, prefix;
    uint8_t address[16];
    uint16_t port_low, port_high;
    unsigned interface_index;         /* used where interface_name is "" ; 0: any interface */
    char interface_name[IF_NAMESIZE]; /* resolved when matching: interfaces come and go */
    char name[RT_HOST_MAX];
};

/* Who the rule is for decides the address classes of a name that names none: allowing means the usual ones of
 * that name, denying means all. */
enum rt_rule_purpose { RT_RULE_ALLOW, RT_RULE_DENY };

/* "OP[=HOST[:PORT]][,CLASS...][,tls][@INTERFACE]". 0, or -EINVAL and `error` says what is wrong. */
int rt_rule_parse(const char *text, enum rt_rule_purpose purpose, char error[static RT_RULE_ERROR_MAX],
                  struct rt_rule *ret_rule);
/* The set that a query asks for. -EINVAL: no rule could grant it (a group to connect to, a name to join, an
 * address whose zone is not the interface asked for, a port out of range). */
int rt_rule_from_query(const struct rt_permission_query *query, struct rt_rule *ret_rule);
/* The set of the one address, with the operation, port and interface of another set. */
void rt_rule_from_address(const struct rt_rule *rule, const struct sockaddr *address,
                          struct rt_rule *ret_rule);
/* The parts of a rule, set one by one: a network of all the bits of an address (mapped IPv4 as IPv4); the
 * hosts that a single address stands for, 0.0.0.0 and :: being special. Operations come first. */
void rt_rule_set_network(struct rt_rule *rule, const struct sockaddr *address);
void rt_rule_set_address(struct rt_rule *rule, const struct sockaddr *address);
uint8_t rt_rule_address_bits(const struct rt_rule *rule); /* 32 or 128 */
bool rt_rule_is_local(const struct rt_rule *rule);  /* listen, bind: the host is an address of this device */
bool rt_rule_is_remote(const struct rt_rule *rule); /* connect, send: the host may be a name */
bool rt_rule_takes_names(const struct rt_rule *rule);
/* Of the addresses that the rule's operations can be for. */
uint8_t rt_rule_possible_classes(const struct rt_rule *rule);
/* Whether an address is one that the rule's operations can be for: of such a class, and for tls.insecure not
 * behind a gateway that an IPv6 address leads to (NAT64, 6to4, Teredo), whatever IPv4 address is in it. */
bool rt_rule_takes_address(const struct rt_rule *rule, const struct sockaddr *address);
/* The classes that a name may resolve to where its rule does not say: by its ending. */
uint8_t rt_rule_name_classes(const char *name);

/* Whether everything in `query` is in `rule`; whether anything is. */
bool rt_rule_covers(const struct rt_rule *rule, const struct rt_rule *query);
bool rt_rule_overlaps(const struct rt_rule *rule, const struct rt_rule *query);
/* Operation, host, port and interface alone, whatever the class. */
bool rt_rule_overlaps_apart_from_class(const struct rt_rule *rule, const struct rt_rule *query);

/* The text of a rule, as --allow and --deny take it. Cut where it does not fit; RT_RULE_TEXT_MAX do. */
enum { RT_RULE_TEXT_MAX = 400 };
void rt_rule_format(const struct rt_rule *rule, char *out, size_t size);
/* "192.168.1.0/24", "*.example.com", "*": the host alone. */
void rt_rule_format_host(const struct rt_rule *rule, char *out, size_t size);
/* "8080", "8000-8099": "" for every port. */
void rt_rule_format_port(const struct rt_rule *rule, char *out, size_t size);
/* The interface's name, or its number where it has no name that a rule could hold; "" for any. */
void rt_rule_format_interface(const struct rt_rule *rule, char *out, size_t size);

#endif
