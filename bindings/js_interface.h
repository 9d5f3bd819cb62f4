/* js_interface.h - a network interface as a native's argument: its name, its index, or null. Not here: the
 * list of interfaces (netif.h). */
#ifndef CLEAT_JS_INTERFACE_H
#define CLEAT_JS_INTERFACE_H

#include "../runtime/rt.h"

#include <net/if.h>

struct js_interface {
    unsigned index;         /* 0: none was given, or there is none of that name */
    char name[IF_NAMESIZE]; /* as given; empty unless a name was given */
};

/* A string, a number or null (undefined): never runs JavaScript. 0, or -1 with a TypeError. Whether a named
 * interface exists is the caller's to ask: js_interface_missing(). */
int js_get_interface(JSContext *ctx, JSValueConst value, struct js_interface *ret_interface);
/* Whether a name was given that no interface has. */
bool js_interface_missing(const struct js_interface *interface);

#endif
