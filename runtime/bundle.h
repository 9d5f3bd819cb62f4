/* bundle.h - app bundles (.cleat): a 24-byte header, signature records, a canonical manifest and the bytes of
 * the files, back to back. Pure but for rt_bundle_open_fd(), which reads a descriptor. Bytes and error codes:
 * docs/bundle-format.md. Not here: installing, trust stores, running.
 *
 * Everything is verified before anything can be used: header, manifest, every file's size and hash. A bundle
 * that is open is a bundle that is whole. */
#ifndef CLEAT_BUNDLE_H
#define CLEAT_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest.h"

/* Largest payload that this build opens. The whole bundle is held in memory while the app runs, so a small
 * device lowers this at build time. */
#ifndef CLEAT_BUNDLE_PAYLOAD_MAX
#define CLEAT_BUNDLE_PAYLOAD_MAX (16u * 1024 * 1024)
#endif

enum {
    RT_BUNDLE_HEADER_SIZE = 24,
    RT_BUNDLE_SIGNATURE_SIZE = 104,
    RT_BUNDLE_SIGNATURES_MAX = 4,
    RT_BUNDLE_LINEAGE_MAX = 2048,
    RT_BUNDLE_ERROR_MAX = RT_MANIFEST_ERROR_MAX + 64,
};

/* The caller accepts a bundle that nobody signed (`--unsigned`). */
enum rt_bundle_flags { RT_BUNDLE_UNSIGNED_OK = 1 };

struct rt_bundle;

/* Opens a bundle in memory; `data` stays the caller's and must not change or go away before
 * rt_bundle_destroy(). 0 or:
 *   -EBADMSG      malformed or altered
 *   -EFBIG        larger than a limit
 *   -EKEYREJECTED unsigned, and the flag is not given; or signed, which this build can't verify yet
 *   -ENOMEM
 * `error` then reads "CODE: what", with CODE one of BAD_MAGIC, BAD_HEADER, TRUNCATED, TRAILING, LIMIT,
 * UNSIGNED, UNVERIFIABLE, BAD_MANIFEST, BAD_PATH, BAD_SIZE, BAD_HASH, NO_MEMORY (and READ_ERROR from a
 * descriptor). */
int rt_bundle_open(const uint8_t *data, size_t size, unsigned flags, char error[static RT_BUNDLE_ERROR_MAX],
                   struct rt_bundle **ret_bundle);
/* The same from a descriptor, read once from where it stands to its end (a file, a pipe, a memfd); the
 * descriptor stays the caller's and is not needed afterwards, so a file that changes later changes nothing.
 * Never reads or allocates more than the header promises and the limits allow. Also negative errno of read().
 */
int rt_bundle_open_fd(int fd, unsigned flags, char error[static RT_BUNDLE_ERROR_MAX],
                      struct rt_bundle **ret_bundle);
struct rt_bundle *rt_bundle_destroy(struct rt_bundle *bundle); /* NULL is fine; returns NULL */

const struct rt_manifest *rt_bundle_manifest(const struct rt_bundle *bundle);

/* The bytes of a file, by its exact path. 0, -ENOENT. The bytes are the bundle's and are NOT followed by a
 * NUL (JS_Eval() wants one: copy). */
int rt_bundle_file(const struct rt_bundle *bundle, const char *path, const uint8_t **ret_data,
                   size_t *ret_size);

/* Whether these bytes begin like a bundle (telling app.cleat from app.js whatever their names). */
bool rt_bundle_sniff(const uint8_t *data, size_t size);

#endif
