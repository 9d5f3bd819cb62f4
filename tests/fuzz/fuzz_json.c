/* fuzz_json.c - canonical JSON on any bytes: reading, unescaping and skipping must agree on where a value
 * ends. links: runtime/json.c
 */
#include <stdlib.h>

#include "runtime/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rt_json json, skipping;
    struct rt_json_event event, first;
    size_t steps = 0;
    int r;
    rt_json_init(&json, data, size);
    while ((r = rt_json_next(&json, &event)) == 0 && event.type != RT_JSON_END) {
        if (++steps > 2 * size + 2 || event.offset > size) {
            abort(); /* an event without progress */
        }
        if (event.type == RT_JSON_KEY || event.type == RT_JSON_STRING) {
            size_t length = rt_json_text_length(&event);
            char *copy = malloc(length + 1);
            if (copy == NULL) {
                abort();
            }
            rt_json_text_copy(&event, copy);
            free(copy);
        }
    }
    rt_json_init(&skipping, data, size);
    int skipped = rt_json_next(&skipping, &first);
    if (skipped == 0) {
        skipped = rt_json_skip(&skipping, &first);
    }
    if (skipped == 0) {
        skipped = rt_json_next(&skipping, &event);
    }
    if (skipped != r || json.at != skipping.at) {
        abort();
    }
    return 0;
}
