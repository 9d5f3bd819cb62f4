/* tls_built_in.c - no authorities are built in. With CLEAT_CA_BUNDLE set, a file that tools/ca_bundle.mjs
 * makes takes the place of this one (cmake/ca_bundle.cmake). */
#include "tls_trust.h"

const struct io_tls_built_in io_tls_built_in = {NULL, 0};
