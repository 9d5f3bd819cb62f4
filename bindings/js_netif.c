/* js_netif.c - the module "cleat:native/network": the list of network interfaces and the class NetworkWatch,
 * which tells that they changed. Pure half: netif.c, netif_watch.c. Needs no permission: it names what this
 * device is connected to, and reaches nothing.
 *
 * OWNERSHIP  owner: the wrapper owns one struct js_watch
 *            kept alive by: while open a reference to itself; it does not keep the loop alive
 *            freed when: the wrapper is collected, which is after the loop has let go of the watch
 *            after close: inert, close() again is fine; no callback
 *            thread: loop */
#include "../runtime/host.h"
#include "../runtime/rt.h"
#include "netif.h"

#include <stdio.h>

static JSClassID watch_class;

/* List ------------------------------------------------------------------------------------------- */

static JSValue address_text(JSContext *ctx, const struct sockaddr_storage *address)
{
    char text[RT_ADDRESS_TEXT_MAX];
    if (address->ss_family == AF_UNSPEC) {
        return JS_NULL;
    }
    return JS_NewString(ctx, rt_address_format((const struct sockaddr *)address, text));
}

static JSValue new_address(JSContext *ctx, const struct io_netif_address *address)
{
    const char *names[] = {"address", "family", "prefixLength", "broadcast"};
    JSValue values[] = {
        address_text(ctx, &address->address),
        JS_NewString(ctx, address->address.ss_family == AF_INET6 ? "ipv6" : "ipv4"),
        JS_NewInt32(ctx, (int)address->prefix_length),
        address_text(ctx, &address->broadcast),
    };
    return rt_new_object(ctx, RT_COUNT(names), names, values);
}

static JSValue new_addresses(JSContext *ctx, const struct io_netif *netif)
{
    JSValue list = JS_NewArray(ctx);
    for (unsigned i = 0; i < netif->address_count && !JS_IsException(list); i++) {
        JSValue address = new_address(ctx, &netif->addresses[i]);
        if (JS_IsException(address) ||
            JS_DefinePropertyValueUint32(ctx, list, i, address, JS_PROP_C_W_E) < 0) {
            JS_FreeValue(ctx, list);
            list = JS_EXCEPTION;
        }
    }
    return list;
}

static JSValue mac_text(JSContext *ctx, const struct io_netif *netif)
{
    char text[IO_NETIF_MAC_MAX * 3 + 1] = "";
    for (unsigned i = 0; i < netif->mac_length; i++) {
        snprintf(text + i * 3, 4, "%02x:", netif->mac[i]);
    }
    return netif->mac_length ? JS_NewStringLen(ctx, text, netif->mac_length * 3 - 1) : JS_NULL;
}

static JSValue new_interface(JSContext *ctx, const struct io_netif *netif)
{
    const char *names[] = {"name",    "index",    "mac",       "mtu",          "up",
                           "running", "loopback", "multicast", "pointToPoint", "addresses"};
    JSValue values[] = {
        JS_NewString(ctx, netif->name),
        JS_NewInt32(ctx, (int)netif->index),
        mac_text(ctx, netif),
        JS_NewInt32(ctx, netif->mtu),
        JS_NewBool(ctx, (netif->flags & IFF_UP) != 0),
        JS_NewBool(ctx, (netif->flags & IFF_RUNNING) != 0),
        JS_NewBool(ctx, (netif->flags & IFF_LOOPBACK) != 0),
        JS_NewBool(ctx, (netif->flags & IFF_MULTICAST) != 0),
        JS_NewBool(ctx, (netif->flags & IFF_POINTOPOINT) != 0),
        new_addresses(ctx, netif),
    };
    return rt_new_object(ctx, RT_COUNT(names), names, values);
}

static JSValue js_interfaces(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    struct io_netif_list list;
    int error = io_netif_list_get(&list);
    if (error) {
        return rt_throw_system_error(ctx, error, "getifaddrs", "list of network interfaces");
    }
    JSValue result = JS_NewArray(ctx);
    for (unsigned i = 0; i < list.count && !JS_IsException(result); i++) {
        JSValue netif = new_interface(ctx, &list.interfaces[i]);
        if (JS_IsException(netif) || JS_DefinePropertyValueUint32(ctx, result, i, netif, JS_PROP_C_W_E) < 0) {
            JS_FreeValue(ctx, result);
            result = JS_EXCEPTION;
        }
    }
    io_netif_list_finish(&list);
    return result;
}

/* Watch ------------------------------------------------------------------------------------------ */

struct js_watch {
    struct io_netif_watch io;
    bool open;
    struct rt *rt;
    struct rt_resource resource;
    JSValue self, callback;
};

static void on_change(struct io_netif_watch *io)
{
    struct js_watch *watch = (struct js_watch *)io;
    JSContext *ctx = rt_context(watch->rt);
    JSValue callback = JS_DupValue(ctx, watch->callback);
    rt_call(watch->rt, callback, 0, NULL);
    JS_FreeValue(ctx, callback);
}

static void on_closed(struct io_netif_watch *io)
{
    struct js_watch *watch = (struct js_watch *)io;
    JSContext *ctx = rt_context(watch->rt);
    JSValue self = watch->self, callback = watch->callback;
    watch->self = watch->callback = JS_UNDEFINED;
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self); /* may free watch */
}

static void begin_close(struct js_watch *watch)
{
    if (watch->open) {
        watch->open = false;
        rt_resource_unlink(&watch->resource);
        io_netif_watch_close(&watch->io, on_closed);
    }
}

static void close_resource(struct rt_resource *resource)
{
    begin_close((struct js_watch *)((char *)resource - offsetof(struct js_watch, resource)));
}

static void finalize(JSRuntime *js, JSValueConst value)
{
    struct js_watch *watch = JS_GetOpaque(value, watch_class);
    if (watch) {
        JS_FreeValueRT(js, watch->callback);
        js_free_rt(js, watch);
    }
}

static void mark(JSRuntime *js, JSValueConst value, JS_MarkFunc *mark_value)
{
    struct js_watch *watch = JS_GetOpaque(value, watch_class);
    if (watch) {
        JS_MarkValue(js, watch->callback, mark_value);
    }
}

static const JSClassDef watch_class_def = {"NetworkWatch", .finalizer = finalize, .gc_mark = mark};

static JSValue js_watch_close(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    struct js_watch *watch = JS_GetOpaque2(ctx, self, watch_class);
    if (!watch) {
        return JS_EXCEPTION;
    }
    begin_close(watch);
    return JS_UNDEFINED;
}

static JSValue js_watch(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self;
    (void)argc;
    if (!JS_IsFunction(ctx, argv[0])) {
        return JS_ThrowTypeError(ctx, "watch needs a callback");
    }
    JSValue wrapper = JS_NewObjectClass(ctx, watch_class);
    struct js_watch *watch = JS_IsException(wrapper) ? NULL : js_mallocz(ctx, sizeof(*watch));
    if (!watch) {
        JS_FreeValue(ctx, wrapper);
        return JS_EXCEPTION;
    }
    watch->rt = rt_from_context(ctx);
    watch->self = watch->callback = JS_UNDEFINED;
    JS_SetOpaque(wrapper, watch);
    int error = io_netif_watch_open(&watch->io, rt_loop(watch->rt), on_change);
    if (error) {
        JS_FreeValue(ctx, wrapper);
        return rt_throw_system_error(ctx, error, "netlink", "watch of network interfaces");
    }
    watch->open = true;
    watch->callback = JS_DupValue(ctx, argv[0]);
    watch->self = JS_DupValue(ctx, wrapper);
    watch->resource.close = close_resource;
    rt_resource_link(watch->rt, &watch->resource);
    return wrapper;
}

/* RT_TYPES "cleat:native/network"
    interface NetworkAddress {
        address: string; family: "ipv4" | "ipv6"; prefixLength: number; broadcast: string | null;
    }
    interface NetworkInterface {
        name: string; index: number; mac: string | null; mtu: number;
        up: boolean; running: boolean; loopback: boolean; multicast: boolean; pointToPoint: boolean;
        addresses: NetworkAddress[];
    }
*/
RT_TABLE(watch_methods, "cleat:native/network", "NetworkWatch"){
    RT_METHOD("close", js_watch_close, 0, "() => void", "No callback follows. Again is fine."),
};
RT_TABLE(network_functions, "cleat:native/network", ""){
    RT_METHOD("interfaces", js_interfaces, 0, "() => NetworkInterface[]",
              "The network interfaces of this device."),
    RT_METHOD(
        "watch", js_watch, 1, "(callback: () => void) => NetworkWatch",
        "Calls back after interfaces or addresses changed (netlink; bursts are joined). Does not keep the "
        "runtime alive."),
};

static int prepare(JSContext *ctx)
{
    return rt_define_class(ctx, &watch_class, &watch_class_def, watch_methods, RT_COUNT(watch_methods));
}

const struct rt_native_module js_network_module = {"cleat:native/network", network_functions,
                                                   RT_COUNT(network_functions), prepare};
