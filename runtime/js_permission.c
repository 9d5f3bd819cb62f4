/* js_permission.c - "cleat:native/permission": the questions behind navigator.*Permission. Not here: verdicts
 * (permission.c), the terminal (prompt.c), which questions an API makes out of its options (ts-api/sockets).
 *
 * OWNERSHIP
 *   owner: a pending question owns its struct pending, with a reference to the callback; the runtime's
 * resource list owns the prompt, which is made for the first question kept alive by: the prompt, whose
 * handles keep the loop alive while a question waits freed when: the question is answered; the prompt at
 * teardown, by the loop after close: what waits is dropped without a call thread: loop */
#include "permission.h"
#include "prompt.h"
#include "rt.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* Arguments ----------------------------------------------------------------------------------------- */

/* What a question could not be made of although its arguments have the right types. */
enum { NO_INTERFACE = 1 };

static int read_operation(JSContext *ctx, JSValueConst value, enum rt_operation *ret_operation)
{
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (text == NULL) {
        return -1;
    }
    int result = rt_operation_parse(text, length, ret_operation);
    if (result < 0) {
        JS_ThrowTypeError(ctx, "'%.40s' is not an operation", text);
    }
    JS_FreeCString(ctx, text);
    return result < 0 ? -1 : 0;
}

static int read_host(JSContext *ctx, JSValueConst value, struct rt_host *host,
                     struct rt_permission_query *query)
{
    size_t length;
    if (JS_IsNull(value) || JS_IsUndefined(value)) {
        query->host = NULL;
        return 0;
    }
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (text == NULL) {
        return -1;
    }
    int result = rt_host_parse(text, length, host);
    if (result == -EINVAL) {
        JS_ThrowTypeError(ctx, "'%.260s' is not a host name or IP address", text);
    }
    JS_FreeCString(ctx, text);
    query->host = host;
    return result == -EINVAL ? -1 : result == -ENODEV ? NO_INTERFACE : 0;
}

static int read_interface(JSContext *ctx, JSValueConst value, unsigned *ret_index)
{
    uint32_t index = 0;
    if (JS_IsNull(value) || JS_IsUndefined(value)) {
        *ret_index = 0;
        return 0;
    }
    if (JS_IsNumber(value)) {
        if (JS_ToUint32(ctx, &index, value) < 0) {
            return -1;
        }
        *ret_index = index;
        return index == 0 ? NO_INTERFACE : 0;
    }
    size_t length;
    const char *name = JS_ToCStringLen(ctx, &length, value);
    if (name == NULL) {
        return -1;
    }
    if (strlen(name) == length) {
        index = if_nametoindex(name);
    }
    JS_FreeCString(ctx, name);
    *ret_index = index;
    return index == 0 ? NO_INTERFACE : 0;
}

/* (operation, host, port, interface, secure). 0; NO_INTERFACE: they name an interface that is not there; -1:
 * thrown. `query` points to `host`. */
static int read_query(JSContext *ctx, JSValueConst *argv, struct rt_permission_query *query,
                      struct rt_host *host)
{
    int32_t port;
    if (read_operation(ctx, argv[0], &query->operation) < 0) {
        return -1;
    }
    int with_host = read_host(ctx, argv[1], host, query);
    if (with_host < 0 || JS_ToInt32(ctx, &port, argv[2]) < 0) {
        return -1;
    }
    if (port < RT_ANY_PORT || port > UINT16_MAX) {
        JS_ThrowRangeError(ctx, "a port is a number from 0 to 65535");
        return -1;
    }
    query->port = port;
    query->secure = JS_ToBool(ctx, argv[4]) != 0;
    int with_interface = read_interface(ctx, argv[3], &query->interface_index);
    return with_interface != 0 ? with_interface : with_host;
}

/* Questions ----------------------------------------------------------------------------------------- */

static JSValue js_state(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    static const char *const names[] = {
        [RT_GRANTED] = "granted", [RT_DENIED] = "denied", [RT_PROMPT] = "prompt"};
    struct rt_permission_query query;
    struct rt_host host;
    (void)self;
    (void)argc;
    int result = read_query(ctx, argv, &query, &host);
    if (result < 0) {
        return JS_EXCEPTION;
    }
    const struct rt_permissions *permissions = rt_permissions_of(rt_from_context(ctx));
    return JS_NewString(ctx, names[result == 0 ? rt_permission_state(permissions, &query) : RT_DENIED]);
}

static JSValue js_explain(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    char text[RT_EXPLAIN_MAX];
    struct rt_permission_query query;
    struct rt_host host;
    (void)self;
    (void)argc;
    int result = read_query(ctx, argv, &query, &host);
    if (result < 0) {
        return JS_EXCEPTION;
    }
    if (result == NO_INTERFACE) {
        return JS_NewString(ctx, "there is no such network interface");
    }
    rt_permission_explain(rt_permissions_of(rt_from_context(ctx)), &query, text, sizeof(text));
    return JS_NewString(ctx, text);
}

static JSValue js_any(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    enum rt_operation operation;
    (void)self;
    (void)argc;
    if (read_operation(ctx, argv[0], &operation) < 0) {
        return JS_EXCEPTION;
    }
    return JS_NewBool(ctx, rt_permission_any(rt_permissions_of(rt_from_context(ctx)), operation));
}

/* Asking -------------------------------------------------------------------------------------------- */

/* The prompt of a runtime, found again through its permissions. */
struct asker {
    struct rt_resource resource;
    struct rt_permissions *permissions;
    struct rt_prompt *prompt;
};

struct pending {
    struct rt *rt;
    JSValue callback;
};

static void asker_close(struct rt_resource *resource)
{
    struct asker *asker = (struct asker *)resource; /* its first member */
    rt_resource_unlink(resource);
    rt_permissions_set_prompt(asker->permissions, NULL);
    rt_prompt_close(asker->prompt);
    free(asker);
}

/* NULL: no memory. */
static struct rt_prompt *get_prompt(struct rt *rt)
{
    struct rt_permissions *permissions = rt_permissions_of(rt);
    struct rt_prompt *prompt = rt_permissions_prompt(permissions);
    if (prompt != NULL) {
        return prompt;
    }
    struct asker *asker = calloc(1, sizeof(*asker));
    if (asker == NULL || rt_prompt_create(rt_loop(rt), permissions, NULL, &asker->prompt) < 0) {
        free(asker);
        return NULL;
    }
    asker->permissions = permissions;
    asker->resource.close = asker_close;
    rt_resource_link(rt, &asker->resource);
    rt_permissions_set_prompt(permissions, asker->prompt);
    return asker->prompt;
}

static void on_answer(void *data, bool granted)
{
    struct pending *pending = data;
    JSContext *ctx = rt_context(pending->rt);
    JSValueConst argument = JS_NewBool(ctx, granted);
    rt_call(pending->rt, pending->callback, 1, &argument);
    JS_FreeValue(ctx, pending->callback);
    free(pending);
}

/* The answer to one question too many. */
static JSValue answer_no(JSContext *ctx, int argc, JSValueConst *argv)
{
    JSValueConst no = JS_FALSE;
    (void)argc;
    return JS_Call(ctx, argv[0], JS_UNDEFINED, 1, &no);
}

static JSValue js_ask(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct rt *rt = rt_from_context(ctx);
    struct rt_permission_query query;
    struct rt_host host;
    (void)self;
    (void)argc;
    if (!JS_IsFunction(ctx, argv[5])) {
        return JS_ThrowTypeError(ctx, "the callback is not a function");
    }
    int result = read_query(ctx, argv, &query, &host);
    if (result < 0) {
        return JS_EXCEPTION;
    }
    int error = -ENODEV;
    if (result == 0) {
        struct rt_prompt *prompt = get_prompt(rt);
        struct pending *pending = malloc(sizeof(*pending));
        if (prompt == NULL || pending == NULL) {
            free(pending);
            return JS_ThrowOutOfMemory(ctx);
        }
        *pending = (struct pending){rt, JS_DupValue(ctx, argv[5])};
        error = rt_prompt_ask(prompt, &query, on_answer, pending);
        if (error < 0) {
            JS_FreeValue(ctx, pending->callback);
            free(pending);
        }
    }
    if (error < 0 && JS_EnqueueJob(ctx, answer_no, 1, &argv[5]) < 0) {
        return JS_EXCEPTION;
    }
    return JS_UNDEFINED;
}

RT_TABLE(permission_functions, "cleat:native/permission", ""){
    RT_METHOD("state", js_state, 5,
              "(operation: string, host: string | null, port: number, interface_: string | number | null, "
              "secure: boolean) => \"granted\" | \"denied\" | \"prompt\"",
              "One question; host null: any; port -1: any; interface null: any; secure, for tcp.connect: TLS "
              "from the "
              "first byte. TypeError for what is no host"),
    RT_METHOD("explain", js_explain, 5,
              "(operation: string, host: string | null, port: number, interface_: string | number | null, "
              "secure: boolean) => string",
              "The sentence that says what would permit it"),
    RT_METHOD("ask", js_ask, 6,
              "(operation: string, host: string | null, port: number, interface_: string | number | null, "
              "secure: boolean, callback: (granted: boolean) => void) => void",
              "Asks on the terminal; callback once, later, with whether it was granted"),
    RT_METHOD("any", js_any, 1, "(operation: string) => boolean",
              "Whether anything at all is granted for an operation"),
};

const struct rt_native_module js_permission_module = {"cleat:native/permission", permission_functions,
                                                      RT_COUNT(permission_functions), NULL};
