/* js_ask.h - the question that every native asks before it reaches the network. */
#ifndef CLEAT_JS_ASK_H
#define CLEAT_JS_ASK_H

#include "../runtime/permission.h"
#include "../runtime/rt.h"

/* Takes the permission for an operation that begins now. 0, or -1 with SecurityError. */
int js_ask(JSContext *ctx, const struct rt_permission_query *query);

#endif
