/* host.h - what a host is: parsing and canonical form of names and addresses, address classes, text form
 * of socket addresses. Pure: no engine, no resolving. Not here: rules and grants (permission.h).
 *
 * A host is a name or an IP address, never both: whatever looks like a number but is not four decimal
 * octets ("2130706433", "0x7f.1", "127.1") is refused instead of being resolved, so that no spelling of an
 * address passes as a name. */
#ifndef CLEAT_HOST_H
#define CLEAT_HOST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { RT_HOST_MAX = 254, RT_ADDRESS_TEXT_MAX = 80 };

struct rt_host {
    bool is_address;
    char name[RT_HOST_MAX]; /* canonical text: lower case, no trailing dot; for addresses as formatted */
    struct sockaddr_storage address; /* port 0, scope id set for link-local; only if is_address */
};

enum rt_address_class {
    RT_ADDRESS_PUBLIC,
    RT_ADDRESS_LOCAL,      /* private and shared ranges, ULA */
    RT_ADDRESS_LINK_LOCAL, /* 169.254/16, fe80::/10 */
    RT_ADDRESS_LOOPBACK,   /* 127/8, ::1, 0/8, ::, 198.18/15 */
    RT_ADDRESS_MULTICAST,
    RT_ADDRESS_BROADCAST, /* 255.255.255.255; directed broadcasts are known by interface only */
    RT_ADDRESS_RESERVED,
};

/* Parses a host. 0, -EINVAL (not a valid host), -ENODEV (the zone names no interface). Names are ASCII
 * (A-labels); IPv4-mapped IPv6 becomes IPv4; "[::1]" is accepted with its brackets; a link-local IPv6
 * address without zone parses with scope id 0. */
int rt_host_parse(const char *text, size_t length, struct rt_host *ret_host);

/* Class of an address; IPv4 embedded in IPv6 is classified as what it embeds. */
enum rt_address_class rt_address_classify(const struct sockaddr *address);
/* The prefix length of the range that gives a local, link-local or loopback address its class: networks from
 * there with at least this prefix have no other class in them. An IPv6 address that embeds IPv4 stands alone
 * (128). */
unsigned rt_address_range_bits(const struct sockaddr *address);
/* The IPv4 address that an IPv6 address stands for (mapped, NAT64, 6to4, Teredo), if it does. */
bool rt_address_embedded(const struct sockaddr *address, struct sockaddr_in *ret_address);
bool rt_address_is_unspecified(const struct sockaddr *address); /* 0.0.0.0, ::, or embedding 0.0.0.0 */
/* Whether the address is assigned to an interface of this device (asks the kernel; not on hot paths). In
 * own_address.c, which pure tests replace. */
bool rt_address_is_own(const struct sockaddr *address);
/* Same family, address and scope; ports may differ. */
bool rt_address_equal(const struct sockaddr *a, const struct sockaddr *b);

/* "192.0.2.1", "fe80::1%eth0" (zone by name, by number where the interface is gone). Returns out. */
const char *rt_address_format(const struct sockaddr *address, char out[static RT_ADDRESS_TEXT_MAX]);
uint16_t rt_address_port(const struct sockaddr *address);
void rt_address_set_port(struct sockaddr *address, uint16_t port);
socklen_t rt_address_length(const struct sockaddr *address);

#endif
