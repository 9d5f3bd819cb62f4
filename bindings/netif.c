/* netif.c - the list of network interfaces (netif.h), as getifaddrs(3) tells it. Not here: changes
 * (netif_watch.c). */
#include "netif.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    NAMES_CACHED = 8, /* a device has few interfaces that datagrams arrive on */
    NAME_SECONDS = 1,
    BROADCAST_PREFIX_MAX = 30, /* RFC 3021: two addresses have no room for one */
    FLAGS_KEPT = IFF_UP | IFF_RUNNING | IFF_LOOPBACK | IFF_MULTICAST | IFF_POINTOPOINT,
};

/* List ------------------------------------------------------------------------------------------- */

/* An IPv4 address may carry a label ("eth0:1"); interface names have no colon. */
static bool is_name_of(const char *name, const char *label)
{
    size_t length = strcspn(label, ":");
    return strlen(name) == length && memcmp(name, label, length) == 0;
}

static struct io_netif *find(struct io_netif_list *list, const char *label)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (is_name_of(list->interfaces[i].name, label)) {
            return &list->interfaces[i];
        }
    }
    return NULL;
}

static int get_mtu(int fd, const char *name)
{
    struct ifreq request = {0};
    memcpy(request.ifr_name, name, strnlen(name, IF_NAMESIZE - 1));
    return ioctl(fd, SIOCGIFMTU, &request) < 0 ? 0 : request.ifr_mtu;
}

static int add_interface(struct io_netif_list *list, const struct ifaddrs *link, int fd)
{
    size_t size = (list->count + 1) * sizeof(*list->interfaces);
    struct io_netif *interfaces = realloc(list->interfaces, size);
    if (!interfaces) {
        return -ENOMEM;
    }
    list->interfaces = interfaces;
    struct io_netif *netif = &interfaces[list->count++];
    memset(netif, 0, sizeof(*netif));
    const struct sockaddr_ll *address = (const struct sockaddr_ll *)(const void *)link->ifa_addr;
    memcpy(netif->name, link->ifa_name, strnlen(link->ifa_name, IF_NAMESIZE - 1));
    netif->index = (unsigned)address->sll_ifindex;
    netif->flags = link->ifa_flags & (unsigned)FLAGS_KEPT;
    netif->mtu = get_mtu(fd, netif->name);
    if (address->sll_halen <= IO_NETIF_MAC_MAX && !(netif->flags & IFF_LOOPBACK)) {
        netif->mac_length = address->sll_halen;
        memcpy(netif->mac, address->sll_addr, netif->mac_length);
    }
    return 0;
}

static unsigned count_bits(const void *data, size_t length)
{
    unsigned bits = 0;
    for (size_t i = 0; i < length; i++) {
        bits += (unsigned)__builtin_popcount(((const uint8_t *)data)[i]);
    }
    return bits;
}

/* The broadcast address of the network of an IPv4 address; false: it has none. By the mask, as the kernel's
 * routes have it: getifaddrs() gives the peer of the address, or the address itself, where none is
 * configured. */
static bool get_broadcast(const struct ifaddrs *entry, struct sockaddr_in *ret_broadcast)
{
    if (!(entry->ifa_flags & IFF_BROADCAST) || !entry->ifa_netmask) {
        return false;
    }
    struct sockaddr_in broadcast = *(const struct sockaddr_in *)(const void *)entry->ifa_addr;
    in_addr_t mask = ((const struct sockaddr_in *)(const void *)entry->ifa_netmask)->sin_addr.s_addr;
    if (count_bits(&mask, sizeof(mask)) > BROADCAST_PREFIX_MAX) {
        return false;
    }
    broadcast.sin_addr.s_addr |= ~mask;
    *ret_broadcast = broadcast;
    return true;
}

static int add_address(struct io_netif *netif, const struct ifaddrs *entry)
{
    size_t size = (netif->address_count + 1) * sizeof(*netif->addresses);
    struct io_netif_address *addresses = realloc(netif->addresses, size);
    if (!addresses) {
        return -ENOMEM;
    }
    netif->addresses = addresses;
    struct io_netif_address *address = &addresses[netif->address_count++];
    memset(address, 0, sizeof(*address));
    if (entry->ifa_addr->sa_family == AF_INET) {
        memcpy(&address->address, entry->ifa_addr, sizeof(struct sockaddr_in));
        (void)get_broadcast(entry, (struct sockaddr_in *)&address->broadcast);
        if (entry->ifa_netmask) {
            const void *mask = &((const struct sockaddr_in *)(const void *)entry->ifa_netmask)->sin_addr;
            address->prefix_length = count_bits(mask, sizeof(struct in_addr));
        }
    } else {
        memcpy(&address->address, entry->ifa_addr, sizeof(struct sockaddr_in6));
        if (entry->ifa_netmask) {
            const void *mask = &((const struct sockaddr_in6 *)(const void *)entry->ifa_netmask)->sin6_addr;
            address->prefix_length = count_bits(mask, sizeof(struct in6_addr));
        }
    }
    return 0;
}

static int fill(struct io_netif_list *list, const struct ifaddrs *entries, int fd)
{
    int error = 0;
    for (const struct ifaddrs *entry = entries; entry && !error; entry = entry->ifa_next) {
        if (entry->ifa_addr && entry->ifa_addr->sa_family == AF_PACKET && !find(list, entry->ifa_name)) {
            error = add_interface(list, entry, fd);
        }
    }
    for (const struct ifaddrs *entry = entries; entry && !error; entry = entry->ifa_next) {
        if (entry->ifa_addr &&
            (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6)) {
            struct io_netif *netif = find(list, entry->ifa_name);
            error = netif ? add_address(netif, entry) : 0;
        }
    }
    return error;
}

int io_netif_list_get(struct io_netif_list *ret_list)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    }
    if (fd < 0) {
        return -errno;
    }
    struct ifaddrs *entries;
    if (getifaddrs(&entries) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    struct io_netif_list list = {0};
    int error = fill(&list, entries, fd);
    freeifaddrs(entries);
    close(fd);
    if (error) {
        io_netif_list_finish(&list);
        return error;
    }
    *ret_list = list;
    return 0;
}

void io_netif_list_finish(struct io_netif_list *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        free(list->interfaces[i].addresses);
    }
    free(list->interfaces);
    *list = (struct io_netif_list){0};
}

static bool equal(const struct io_netif *a, const struct io_netif *b)
{
    return strcmp(a->name, b->name) == 0 && a->index == b->index && a->flags == b->flags &&
           a->mtu == b->mtu && a->mac_length == b->mac_length && memcmp(a->mac, b->mac, a->mac_length) == 0 &&
           a->address_count == b->address_count &&
           (a->address_count == 0 ||
            memcmp(a->addresses, b->addresses, a->address_count * sizeof(*a->addresses)) == 0);
}

bool io_netif_list_equal(const struct io_netif_list *a, const struct io_netif_list *b)
{
    bool same = a->count == b->count;
    for (unsigned i = 0; i < a->count && same; i++) {
        same = equal(&a->interfaces[i], &b->interfaces[i]);
    }
    return same;
}

/* Single questions ------------------------------------------------------------------------------- */

const char *io_netif_name(unsigned index, char out[static IF_NAMESIZE])
{
    static _Thread_local struct {
        unsigned index;
        time_t until;
        char name[IF_NAMESIZE];
    } cache[NAMES_CACHED];

    if (index == 0) {
        return NULL;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    unsigned slot = index % NAMES_CACHED;
    if (cache[slot].index != index || now.tv_sec >= cache[slot].until) {
        cache[slot].index = 0;
        if (!if_indextoname(index, cache[slot].name)) {
            return NULL;
        }
        cache[slot].index = index;
        cache[slot].until = now.tv_sec + NAME_SECONDS;
    }
    return memcpy(out, cache[slot].name, IF_NAMESIZE);
}

bool io_netif_is_broadcast(const struct sockaddr *address)
{
    if (address->sa_family != AF_INET) {
        return false;
    }
    in_addr_t wanted = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
    if (wanted == INADDR_BROADCAST) {
        return true;
    }
    struct ifaddrs *entries;
    if (getifaddrs(&entries) < 0) {
        return false;
    }
    bool found = false;
    for (const struct ifaddrs *entry = entries; entry && !found; entry = entry->ifa_next) {
        struct sockaddr_in broadcast;
        found = entry->ifa_addr && entry->ifa_addr->sa_family == AF_INET &&
                get_broadcast(entry, &broadcast) && broadcast.sin_addr.s_addr == wanted;
    }
    freeifaddrs(entries);
    return found;
}
