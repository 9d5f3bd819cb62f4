/* js_ask.c - asks the permission gate and says no. See js_ask.h. */
#include "js_ask.h"

int js_ask(JSContext *ctx, const struct rt_permission_query *query)
{
    struct rt_permissions *permissions = rt_permissions_of(rt_from_context(ctx));
    if (rt_permission_use(permissions, query) == RT_GRANTED) {
        return 0;
    }
    char text[RT_EXPLAIN_MAX];
    rt_permission_explain(permissions, query, text, sizeof(text));
    rt_throw_dom_exception(ctx, "SecurityError", NULL, "%s", text);
    return -1;
}
