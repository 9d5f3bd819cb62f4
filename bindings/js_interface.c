/* js_interface.c - a network interface as a native's argument (js_interface.h). */
#include "js_interface.h"

#include <string.h>

int js_get_interface(JSContext *ctx, JSValueConst value, struct js_interface *ret_interface)
{
    struct js_interface interface = {0};
    if (JS_IsString(value)) {
        size_t length;
        const char *name = JS_ToCStringLen(ctx, &length, value);
        if (!name) {
            return -1;
        }
        if (length == 0 || length >= IF_NAMESIZE || memchr(name, 0, length)) {
            JS_ThrowTypeError(ctx, "'%s' is not the name of a network interface", name);
            JS_FreeCString(ctx, name);
            return -1;
        }
        memcpy(interface.name, name, length);
        JS_FreeCString(ctx, name);
        interface.index = if_nametoindex(interface.name);
    } else if (JS_IsNumber(value)) {
        double number;
        JS_ToFloat64(ctx, &number, value);
        if (!(number >= 1 && number <= INT32_MAX && number == (double)(unsigned)number)) {
            JS_ThrowTypeError(ctx, "the index of a network interface is a positive integer");
            return -1;
        }
        interface.index = (unsigned)number;
    } else if (!JS_IsNull(value) && !JS_IsUndefined(value)) {
        JS_ThrowTypeError(ctx, "a network interface is given by name or index");
        return -1;
    }
    *ret_interface = interface;
    return 0;
}

bool js_interface_missing(const struct js_interface *interface)
{
    return interface->name[0] != '\0' && interface->index == 0;
}
