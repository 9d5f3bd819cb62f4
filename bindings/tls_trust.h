/* tls_trust.h - the certificates of authorities that are trusted, as an index: for each a hash of its subject
 * and where it lies in the file. A certificate is read and parsed when a chain needs it; a parsed store would
 * take half a megabyte. Not here: the authorities that an app brings along (tls_config.h), names and pins.
 *
 * A store never changes once it is open, so threads may share one. The file stays open: when another takes
 * its place under the same name, this store goes on with the old one; when it is written over in place,
 * lookups search it anew. */
#ifndef CLEAT_IO_TLS_TRUST_H
#define CLEAT_IO_TLS_TRUST_H

#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct io_tls_trust;

/* Opens the file `path` (PEM with any number of certificates, or one in DER): -errno with a sentence in
 * `error` if it can't be read or holds no certificate that can be used. NULL opens the first of the system's
 * usual files that has any, else what was built in, else an empty store, and fails only without memory. */
int io_tls_trust_open(const char *path, struct io_tls_trust **ret_trust, char *error, size_t error_size);
struct io_tls_trust *io_tls_trust_ref(struct io_tls_trust *trust);
/* NULL is fine. Returns NULL. */
struct io_tls_trust *io_tls_trust_unref(struct io_tls_trust *trust);

/* The file's path, "built in", or NULL if no store was found. */
const char *io_tls_trust_source(const struct io_tls_trust *trust);
size_t io_tls_trust_count(const struct io_tls_trust *trust);
/* Certificates in the file that were left out: broken, too large, or of a kind that is not supported. */
size_t io_tls_trust_skipped(const struct io_tls_trust *trust);

/* Most certificates of one subject that are tried: an authority that changed its key has two or three. */
enum { IO_TLS_TRUST_CANDIDATES_MAX = 8 };

/* An mbedtls_x509_crt_ca_cb_t with the store as its context: the certificates whose subject may be the
 * issuer of `child`; NULL in *ret_candidates if there is none. 0 or MBEDTLS_ERR_X509_ALLOC_FAILED. */
int io_tls_trust_find(void *trust, const mbedtls_x509_crt *child, mbedtls_x509_crt **ret_candidates);
/* Whether this very certificate is in the store. The library takes it for trusted where it came from a list,
 * but not where it came from a callback, unless it is an authority's: a device's own certificate often is
 * not. */
bool io_tls_trust_has(struct io_tls_trust *trust, const mbedtls_x509_crt *certificate);
/* Parses all of them onto the end of `chain`. 0, or MBEDTLS_ERR_X509_ALLOC_FAILED. */
int io_tls_trust_all(struct io_tls_trust *trust, mbedtls_x509_crt *chain);

/* For io_tls_trust_open() and tests ----------------------------------------------------------------- */

/* Certificates in DER, one after the other (tls_built_in.c, or made by tools/ca_bundle.mjs). */
struct io_tls_built_in {
    const uint8_t *bytes; /* NULL: none */
    size_t size;
};
extern const struct io_tls_built_in io_tls_built_in;

/* The search behind io_tls_trust_open(NULL): `places` ends in NULL. 0 or -ENOMEM. */
int io_tls_trust_search(const char *const *places, const struct io_tls_built_in *built_in,
                        struct io_tls_trust **ret_trust);

#endif
