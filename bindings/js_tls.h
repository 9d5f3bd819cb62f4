/* js_tls.h - the class TlsContext of "cleat:native/tls": settings that TLS connections share. */
#ifndef CLEAT_JS_TLS_H
#define CLEAT_JS_TLS_H

#include "../runtime/rt.h"
#include "tls_config.h"

/* The settings behind a TlsContext, or NULL with TypeError. The value has to stay while they are used. */
struct io_tls_config *js_tls_config(JSContext *ctx, JSValueConst value);
/* What `opened` tells of a connection. */
struct io_tls_info;
JSValue js_tls_new_info(JSContext *ctx, const struct io_tls_info *info);

#endif
