/* rt.h - what C code that faces JavaScript may use of the running engine: the runtime object, turns,
 * pins, errors and the tables that native modules are made of. Not here: engine set-up (engine.h),
 * modules (module_loader.h), permission rules (permission.h).
 *
 * Everything runs on the loop thread unless a function says otherwise. */
#ifndef CLEAT_RT_H
#define CLEAT_RT_H

#include <quickjs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct rt;
struct rt_permissions;

/* The runtime that a context belongs to. Never NULL. */
struct rt *rt_from_context(JSContext *ctx);
/* The event loop of the runtime. Owned by the runtime. */
uv_loop_t *rt_loop(struct rt *rt);
JSContext *rt_context(struct rt *rt);
/* The grants that every native reaching the network asks (permission.h). Never NULL. */
struct rt_permissions *rt_permissions_of(struct rt *rt);
/* The file whose authorities are trusted for TLS (--ca-file), NULL: the system's. */
const char *rt_ca_file(const struct rt *rt);

/* Turns ------------------------------------------------------------------------------------------ */

/* Calls a JavaScript function as one turn: runs it, reports what it throws as an uncaught error, then
 * drains the microtasks and reports unhandled rejections. The only way for a native callback to enter
 * JavaScript. Does nothing once the runtime is stopping. Arguments stay the caller's. */
void rt_call(struct rt *rt, JSValueConst function, int argc, JSValueConst *argv);

/* The brackets of a turn, for C that starts JavaScript other than by calling one function: that settles
 * promises, say. rt_turn_leave drains the microtasks and reports rejections. Not nested: false if a turn is
 * running or the runtime is stopping. */
bool rt_turn_enter(struct rt *rt);
void rt_turn_leave(struct rt *rt);

/* Work for the end of the turn that runs: done once the microtasks are drained, in the order asked for; what
 * it settles is then handled within the same turn. Asking again is fine. Must not run JavaScript itself.
 * Where the runtime stops first it is never done. */
struct rt_turn_end {
    struct rt_turn_end *next, *prev; /* NULL: not asked for */
    void (*run)(struct rt_turn_end *work);
};
void rt_at_turn_end(struct rt *rt, struct rt_turn_end *work);
void rt_cancel_turn_end(struct rt_turn_end *work); /* not asked for: fine */

/* Grows with each turn and each job (microtask): two calls that see the same number run in one piece of
 * JavaScript that nothing has interrupted. Wraps around. */
uint32_t rt_job_number(const struct rt *rt);

/* Keeps the loop alive while something is open that has no active loop handle of its own (an open
 * socket that nobody reads from). Balanced calls; cheap. */
void rt_pin(struct rt *rt);
void rt_unpin(struct rt *rt);

/* A native object that must be closed before the loop ends: linked while it is open, so that the
 * runtime can close whatever an app left open. `close` is called at most once, from teardown, and must
 * unlink it (rt_resource_unlink) at once or from a later uv close callback. */
struct rt_resource {
    struct rt_resource *next, *prev;
    void (*close)(struct rt_resource *resource);
};
void rt_resource_link(struct rt *rt, struct rt_resource *resource);
void rt_resource_unlink(struct rt_resource *resource);

/* Errors (errors.c): the one place in C where JavaScript errors are made ------------------------- */

/* A DOMException `name` with `message`. `code` (a stable upper-case string such as "ECONNREFUSED", or
 * NULL) and `syscall` (or NULL) become own properties. Returns an exception value if memory is out. */
JSValue rt_new_dom_exception(JSContext *ctx, const char *name, const char *code, const char *syscall,
                             const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same for a failed system call: "NetworkError", code and text taken from the negative errno.
 * The text reads "<what>: <strerror>", e.g. "connect to 192.0.2.1:80: connection refused". */
JSValue rt_new_system_error(JSContext *ctx, int error, const char *syscall, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Both again, thrown: return JS_EXCEPTION. */
JSValue rt_throw_dom_exception(JSContext *ctx, const char *name, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
JSValue rt_throw_system_error(JSContext *ctx, int error, const char *syscall, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The symbolic name of a negative errno or UV_EAI_* code ("ECONNREFUSED", "EAI_NONAME", "EUNKNOWN"). */
const char *rt_error_code(int error);

/* Native modules --------------------------------------------------------------------------------- */

/* Tables of natives. The TypeScript signature and the one-line doc of each row are read by
 * tools/native_types.mjs, which writes ts-api/native.d.ts; they take no room in the binary.
 * RT_TABLE opens a table: module, then the interface the rows belong to ("" = functions that the module
 * exports). Keep each RT_ row a single macro call with literal strings. */
#define RT_TABLE(variable, module, interface) static const JSCFunctionListEntry variable[] =
#define RT_METHOD(name, function, argc, signature, doc) JS_CFUNC_DEF(name, argc, function)
#define RT_GETTER(name, function, type, doc) JS_CGETSET_DEF(name, function, NULL)
#define RT_COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* A module that built-in TypeScript (never an app) imports as "cleat:native/<name>". `prepare` registers
 * the classes behind it before the first import completes; it returns 0, or -1 with an exception set. */
struct rt_native_module {
    const char *name;
    const JSCFunctionListEntry *functions;
    int function_count;
    int (*prepare)(JSContext *ctx);
};
/* The natives of the program, ended by NULL. The one list of them is bindings/js_modules.c. */
extern const struct rt_native_module *const rt_linked_modules[];

/* Registers a class with the runtime of `ctx` and gives it a prototype with these methods, unless that has
 * been done. Ids are chosen for the whole process, so that runtimes that load modules in different orders
 * never mix classes up. 0, or -1 with an exception. */
int rt_define_class(JSContext *ctx, JSClassID *class_id, const JSClassDef *definition,
                    const JSCFunctionListEntry *methods, int method_count);

/* Arguments and results -------------------------------------------------------------------------- */

/* An object of these fields; takes the values, any of which may be an exception. Defines them: the engine's
 * JS_NewObjectFrom() assigns, which runs setters that an app put on Object.prototype. */
JSValue rt_new_object(JSContext *ctx, int count, const char *const *names, JSValue *values);

/* The same with the names as atoms, which stay the caller's: for objects that are made by the thousand. */
JSValue rt_new_object_of_atoms(JSContext *ctx, int count, const JSAtom *names, JSValue *values);

/* An immutable ArrayBuffer of exactly these bytes, copied: what was received, of which an app may hold much.
 */
JSValue rt_new_bytes(JSContext *ctx, const uint8_t *data, size_t length);

/* The bytes of an ArrayBuffer or of any view on one. Copies nothing; the pointer holds only until
 * JavaScript runs again. Shared buffers and everything else: TypeError, returns -1. */
int rt_get_bytes(JSContext *ctx, JSValueConst value, const uint8_t **ret_data, size_t *ret_length);

#endif
