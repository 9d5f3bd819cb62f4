/* fuzz_manifest.c - manifests from any bytes: what is accepted keeps the promises of manifest.h.
 * links: runtime/manifest.c runtime/manifest_values.c runtime/manifest_files.c runtime/manifest_rules.c
 * links: runtime/json.c
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[RT_MANIFEST_ERROR_MAX] = "";
    struct rt_manifest *manifest = NULL;
    int r = rt_manifest_parse(data, size, error, &manifest);
    if (r < 0) {
        if (manifest != NULL || strchr(error, ':') == NULL) {
            abort();
        }
        return 0;
    }
    bool entry = false;
    uint64_t total = 0;
    for (int i = 0; i < manifest->file_count; i++) {
        const struct rt_manifest_file *file = &manifest->files[i];
        if (!rt_manifest_path_ok(file->path, strlen(file->path)) || file->offset != total ||
            strlen(file->hash) != RT_MANIFEST_HASH_LENGTH) {
            abort();
        }
        total += file->size;
        entry = entry || strcmp(file->path, manifest->entry) == 0;
    }
    for (int i = 0; i < manifest->rule_count; i++) {
        /* One rule, one line, and no part of it from inside a value. */
        if (strpbrk(manifest->rules[i].text, "\n\"\\ ") != NULL) {
            abort();
        }
    }
    if (!entry || total != manifest->payload_size || manifest->name == NULL || manifest->counter == 0) {
        abort();
    }
    rt_manifest_fits(manifest, 1, 0, 0);
    rt_manifest_destroy(manifest);
    return 0;
}
