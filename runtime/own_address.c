/* own_address.c - whether an address is this device's own (host.h). Alone in its file, because it is the one
 * question about addresses that the kernel answers, and because tests answer it themselves. */
#include "host.h"

#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const struct sockaddr *own, const struct sockaddr *address)
{
    struct sockaddr_storage copy = {0};
    if (own == NULL || own->sa_family != address->sa_family) {
        return false;
    }
    memcpy(&copy, own, rt_address_length(own));
    if (address->sa_family == AF_INET6) {
        /* The kernel reports link-local addresses with their zone; an address without one could be any. */
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        if (v6->sin6_scope_id == 0) {
            ((struct sockaddr_in6 *)&copy)->sin6_scope_id = 0;
        }
    }
    return rt_address_equal((const struct sockaddr *)&copy, address);
}

bool rt_address_is_own(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    if (rt_address_embedded(address, &v4)) {
        address = (const struct sockaddr *)&v4;
    }
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0) {
        return true; /* the careful answer: what can't be ruled out is treated as this device */
    }
    bool found = false;
    for (const struct ifaddrs *at = list; at != NULL && !found; at = at->ifa_next) {
        found = is_same(at->ifa_addr, address);
    }
    freeifaddrs(list);
    return found;
}
