/* js_modules.c - the one list of native modules that are linked in. */
#include "../runtime/rt.h"

extern const struct rt_native_module js_runtime_module, js_timer_module, js_text_module, js_permission_module,
    js_promise_module, js_tcp_module, js_tls_module, js_udp_module, js_resolver_module, js_network_module,
    js_crypto_module;

const struct rt_native_module *const rt_linked_modules[] = {
    &js_runtime_module,  &js_timer_module,   &js_text_module,   &js_permission_module,
    &js_promise_module,  &js_tcp_module,     &js_tls_module,    &js_udp_module,
    &js_resolver_module, &js_network_module, &js_crypto_module, NULL,
};
