/* bundle_driver.c - the C side of tests/node/bundle_differential.test.mjs: reads bundles from standard input,
 * each behind its length (32 bits, little endian), and prints a line of JSON-free text for each: the code, or
 * "OK" and the rules, with what the permission gate says of each.
 *
 * Not a unit test: the Node test compiles and drives it.
 * links: runtime/bundle.c runtime/sha512.c runtime/json.c runtime/manifest.c runtime/manifest_values.c
 * links: runtime/manifest_files.c runtime/manifest_rules.c runtime/host.c runtime/own_address.c
 * links: runtime/permission.c runtime/permission_parse.c runtime/permission_rule.c runtime/permission_text.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bundle.h"
#include "runtime/permission.h"

enum { INPUT_MAX = 1 << 25 };

static void print_rules(const struct rt_manifest *manifest)
{
    struct rt_permissions *permissions = rt_permissions_create();
    char error[RT_RULE_ERROR_MAX];
    if (permissions == NULL) {
        abort();
    }
    rt_permissions_limit(permissions);
    for (int i = 0; i < manifest->rule_count; i++) {
        bool ok = rt_permissions_declare(permissions, manifest->rules[i].text, error) == 0;
        printf(" %s%s", ok ? "" : "!", manifest->rules[i].text);
    }
    rt_permissions_destroy(permissions);
}

int main(void)
{
    uint8_t length[4];
    while (fread(length, 1, sizeof(length), stdin) == sizeof(length)) {
        size_t size = length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
        uint8_t *data = size <= INPUT_MAX ? malloc(size > 0 ? size : 1) : NULL;
        if (data == NULL || fread(data, 1, size, stdin) != size) {
            return 1;
        }
        struct rt_bundle *bundle = NULL;
        char error[RT_BUNDLE_ERROR_MAX];
        if (rt_bundle_open(data, size, RT_BUNDLE_UNSIGNED_OK, error, &bundle) < 0) {
            printf("%.*s\n", (int)strcspn(error, ":"), error);
        } else {
            printf("OK");
            print_rules(rt_bundle_manifest(bundle));
            printf("\n");
        }
        rt_bundle_destroy(bundle);
        free(data);
    }
    return 0;
}
