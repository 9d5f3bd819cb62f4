/* links: runtime/host.c */
/* fuzz_host.c - any bytes as a host. What is accepted has one canonical form, which means itself; what is
 * taken for a name is nothing that the system's parsers, which resolvers begin with, would take for an
 * address. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_name(const char *name)
{
    struct in_addr v4;
    struct in6_addr v6;
    char dotted[RT_HOST_MAX + 1];
    size_t length = strlen(name);
    demand(length > 0 && length < RT_HOST_MAX && name[length - 1] != '.');
    demand(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == length);
    demand(inet_aton(name, &v4) == 0 && inet_pton(AF_INET6, name, &v6) == 0);
    memcpy(dotted, name, length);
    memcpy(dotted + length, ".", 2);
    demand(inet_aton(dotted, &v4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rt_host host, again;
    memset(&host, 0x55, sizeof(host));
    if (rt_host_parse((const char *)data, size, &host) < 0) {
        demand(host.name[0] == 0x55); /* untouched */
        return 0;
    }
    demand(rt_host_parse(host.name, strlen(host.name), &again) == 0);
    demand(again.is_address == host.is_address && strcmp(again.name, host.name) == 0);
    if (!host.is_address) {
        check_name(host.name);
        return 0;
    }
    const struct sockaddr *address = (const struct sockaddr *)&host.address;
    struct sockaddr_in v4;
    demand(rt_address_equal(address, (const struct sockaddr *)&again.address));
    demand(rt_address_port(address) == 0);
    enum rt_address_class class = rt_address_classify(address);
    demand(class <= RT_ADDRESS_RESERVED);
    if (rt_address_embedded(address, &v4)) {
        demand(rt_address_classify((const struct sockaddr *)&v4) == class);
    }
    return 0;
}
