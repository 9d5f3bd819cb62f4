/* fuzz_bundle.c - bundles from any bytes; every file of one that opens can be read.
 * links: runtime/bundle.c runtime/sha512.c runtime/json.c
 * links: runtime/manifest.c runtime/manifest_values.c runtime/manifest_files.c runtime/manifest_rules.c
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[RT_BUNDLE_ERROR_MAX] = "";
    struct rt_bundle *bundle = NULL;
    if (rt_bundle_open(data, size, RT_BUNDLE_UNSIGNED_OK, error, &bundle) < 0) {
        if (bundle != NULL || strchr(error, ':') == NULL) {
            abort();
        }
        return 0;
    }
    const struct rt_manifest *manifest = rt_bundle_manifest(bundle);
    volatile uint8_t sum = 0;
    for (int i = 0; i < manifest->file_count; i++) {
        const uint8_t *bytes;
        size_t length;
        if (rt_bundle_file(bundle, manifest->files[i].path, &bytes, &length) != 0) {
            abort();
        }
        for (size_t at = 0; at < length; at++) {
            sum = (uint8_t)(sum + bytes[at]);
        }
    }
    rt_bundle_destroy(bundle);
    return 0;
}
