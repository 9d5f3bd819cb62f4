/* netif.h - the network interfaces of this device: a list, names by index, and a watch for changes. Pure C:
 * no engine. Not here: routes, setting anything. */
#ifndef CLEAT_NETIF_H
#define CLEAT_NETIF_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

enum { IO_NETIF_MAC_MAX = 8 }; /* Ethernet has 6, IEEE 802.15.4 and FireWire 8; longer ones are left out */

struct io_netif_address {
    struct sockaddr_storage address, broadcast; /* broadcast AF_UNSPEC: none */
    unsigned prefix_length;
};

struct io_netif {
    char name[IF_NAMESIZE];
    unsigned index;
    uint8_t mac[IO_NETIF_MAC_MAX];
    unsigned mac_length; /* 0: none */
    unsigned flags;      /* IFF_UP, IFF_RUNNING, IFF_LOOPBACK, IFF_MULTICAST, IFF_POINTOPOINT */
    int mtu;
    unsigned address_count;
    struct io_netif_address *addresses;
};

struct io_netif_list {
    unsigned count;
    struct io_netif *interfaces; /* in the order of their indexes as the kernel lists them */
};

int io_netif_list_get(struct io_netif_list *ret_list); /* 0 or a negative errno */
void io_netif_list_finish(struct io_netif_list *list);
bool io_netif_list_equal(const struct io_netif_list *a, const struct io_netif_list *b);

/* The name of an interface, or NULL where it is gone. Remembered for a second at most: an interface may be
 * renamed, and its index used again. `out` is written and returned. */
const char *io_netif_name(unsigned index, char out[static IF_NAMESIZE]);
/* Whether an address is 255.255.255.255 or the broadcast address of an interface (asks the kernel). */
bool io_netif_is_broadcast(const struct sockaddr *address);

/* A watch on interfaces and their addresses (netlink). Does not keep the loop alive, does not wake it while
 * nothing changes. */
struct io_netif_watch {
    uv_poll_t poll;
    uv_timer_t timer;
    int fd;
    bool certain;                /* something changed, even if it is as before by now */
    uint64_t first;              /* loop time of the first message of a burst; 0: none */
    struct io_netif_list before; /* as last told */
    int open_handles;
    void (*on_change)(struct io_netif_watch *watch);
    void (*on_closed)(struct io_netif_watch *watch);
};
/* One on_change for each burst of changes: when none came for IO_NETIF_SETTLE_MS, at the latest
 * IO_NETIF_SETTLE_MAX_MS after the first. 0 or a negative errno (then there is nothing to close). */
enum { IO_NETIF_SETTLE_MS = 100, IO_NETIF_SETTLE_MAX_MS = 500 };
int io_netif_watch_open(struct io_netif_watch *watch, uv_loop_t *loop,
                        void (*on_change)(struct io_netif_watch *watch));
/* The memory must stay until on_closed; no on_change after this call. */
void io_netif_watch_close(struct io_netif_watch *watch, void (*on_closed)(struct io_netif_watch *watch));

#endif
