/* test_manifest.c - manifests: what each key may hold, the rule texts, and the code of the first error.
 * links: runtime/manifest.c runtime/manifest_values.c runtime/manifest_files.c runtime/manifest_rules.c
 * links: runtime/json.c
 */
#include "runtime/manifest.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA"
#define FILE_OF(path) "{\"h\":\"" HASH "\",\"path\":\"" path "\",\"size\":1}"

/* The parts of a manifest; NULL is the usual one. Given in the order that canonical form demands. */
struct parts {
    const char *counter, *digest, *entry, *files, *id, *manifest_version, *name, *permissions, *extra,
        *version, *tail;
};

static char manifest_text[RT_MANIFEST_SIZE_MAX + 4096];

static const char *write_manifest(const struct parts *parts)
{
#define PART(field, usual) (parts->field != NULL ? parts->field : (usual))
    snprintf(manifest_text, sizeof(manifest_text), "{%s%s%s%s%s%s%s%s%s%s%s}",
             PART(counter, "\"counter\":1,"), PART(digest, "\"digest\":\"" HASH "\","),
             PART(entry, "\"entry\":\"main.js\","), PART(files, "\"files\":[" FILE_OF("main.js") "],"),
             PART(id, "\"id\":\"com.example.app\","), PART(manifest_version, "\"manifestVersion\":1,"),
             PART(name, "\"name\":{\"default\":\"App\"},"), PART(permissions, "\"permissions\":{},"),
             PART(extra, ""), PART(version, "\"version\":\"1.0.0\""), PART(tail, ""));
#undef PART
    return manifest_text;
}

/* Parses from memory of the exact size. */
static struct rt_manifest *parse(const char *text, char error[static RT_MANIFEST_ERROR_MAX], int *ret_result)
{
    size_t size = strlen(text);
    uint8_t *exact = malloc(size > 0 ? size : 1);
    struct rt_manifest *manifest = NULL;
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, text, size);
    error[0] = 0;
    *ret_result = rt_manifest_parse(exact, size, error, &manifest);
    free(exact);
    CHECK((*ret_result == 0) == (manifest != NULL));
    return manifest;
}

#define ACCEPTED(...)                                                                                        \
    do {                                                                                                     \
        char error_[RT_MANIFEST_ERROR_MAX];                                                                  \
        int result_;                                                                                         \
        rt_manifest_destroy(parse(write_manifest(&(struct parts){__VA_ARGS__}), error_, &result_));          \
        if (result_ != 0) {                                                                                  \
            printf("# %s\n", error_);                                                                        \
        }                                                                                                    \
        CHECK_INT(result_, 0);                                                                               \
    } while (0)

#define REFUSED(code, ...)                                                                                   \
    do {                                                                                                     \
        char error_[RT_MANIFEST_ERROR_MAX];                                                                  \
        int result_;                                                                                         \
        rt_manifest_destroy(parse(write_manifest(&(struct parts){__VA_ARGS__}), error_, &result_));          \
        if (strncmp(error_, code ": ", sizeof(code) + 1) != 0) {                                             \
            printf("# %s\n# gives: %s\n", manifest_text, error_);                                            \
        }                                                                                                    \
        CHECK(strncmp(error_, code ": ", sizeof(code) + 1) == 0);                                            \
        CHECK_INT(result_, strcmp(code, "LIMIT") == 0 ? -EFBIG : -EBADMSG);                                  \
    } while (0)

TEST(a_whole_manifest)
{
    const char *text =
        "{\"counter\":241,\"digest\":\"" HASH
        "\",\"entry\":\"main.js\",\"files\":[" FILE_OF("assets/icon.png") "," FILE_OF(
            "main.js") "],\"id\":\"com.example.remote\",\"manifestVersion\":1,"
                       "\"name\":{\"de\":\"Beispiel\",\"default\":\"Example \xe2\x82\xac\"},"
                       "\"permissions\":{\"tcp.connect\":[{\"host\":\"api.example.com\",\"port\":443,"
                       "\"reason\":"
                       "\"account\"}]},"
                       "\"reasons\":{\"account\":{\"default\":\"Sign in\"}},"
                       "\"resources\":{\"heapKiB\":16384,\"turnMs\":2000},\"runtime\":{\"api\":\">=1.2 <2\"},"
                       "\"type\":\"service\",\"version\":\"2.4.1\",\"x-build\":[1,{\"a\":null}]}";
    char error[RT_MANIFEST_ERROR_MAX];
    int result;
    struct rt_manifest *manifest = parse(text, error, &result);
    CHECK_INT(result, 0);
    if (manifest == NULL) {
        printf("# %s\n", error);
        return;
    }
    CHECK_STR(manifest->id, "com.example.remote");
    CHECK_STR(manifest->name, "Example \xe2\x82\xac");
    CHECK_STR(manifest->version, "2.4.1");
    CHECK_STR(manifest->entry, "main.js");
    CHECK_STR(manifest->api, ">=1.2 <2");
    CHECK_INT(manifest->counter, 241);
    CHECK(manifest->is_service);
    CHECK_INT(manifest->resources.heap_kib, 16384);
    CHECK_INT(manifest->resources.turn_ms, 2000);
    CHECK_INT(manifest->resources.fds, 0);
    CHECK_INT(manifest->file_count, 2);
    CHECK_STR(manifest->files[0].path, "assets/icon.png");
    CHECK_INT(manifest->files[1].offset, 1);
    CHECK_STR(manifest->files[1].hash, HASH);
    CHECK_INT(manifest->payload_size, 2);
    CHECK_INT(manifest->rule_count, 1);
    CHECK_STR(manifest->rules[0].text, "tcp.connect=api.example.com:443");
    CHECK_STR(manifest->rules[0].reason, "Sign in");
    CHECK(rt_manifest_fits(manifest, 1, 2, 0) && rt_manifest_fits(manifest, 1, 99, 3));
    CHECK(!rt_manifest_fits(manifest, 1, 1, 9) && !rt_manifest_fits(manifest, 2, 0, 0));
    CHECK(rt_manifest_destroy(manifest) == NULL);
    CHECK(rt_manifest_destroy(NULL) == NULL);
}

TEST(every_required_key)
{
    ACCEPTED(0);
    REFUSED("BAD_MANIFEST", .counter = "");
    REFUSED("BAD_MANIFEST", .digest = "");
    REFUSED("BAD_MANIFEST", .digest = "\"digest\":1,");
    REFUSED("BAD_MANIFEST", .digest = "\"digest\":\"A\",");
    REFUSED("BAD_MANIFEST", .digest = "\"digest\":\"" HASH "A\",");
    REFUSED("BAD_MANIFEST", .entry = "");
    REFUSED("BAD_MANIFEST", .files = "");
    REFUSED("BAD_MANIFEST", .id = "");
    REFUSED("BAD_MANIFEST", .manifest_version = "");
    REFUSED("BAD_MANIFEST", .name = "");
    REFUSED("BAD_MANIFEST", .permissions = "");
    REFUSED("BAD_MANIFEST", .version = "\"x-a\":1");
}

TEST(keys_that_are_no_keys)
{
    static const char *const keys[] = {"__proto__", "constructor", "toString", "privilege", "pins",
                                       "update",    "x",           "x-",       "Version",   "permission"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char text[256], error[RT_MANIFEST_ERROR_MAX];
        int result;
        snprintf(text, sizeof(text), "{\"%s\":1}", keys[i]);
        parse(text, error, &result);
        CHECK(result == -EBADMSG); /* the version is missing too: now with one */
        bool before = strcmp(keys[i], "manifestVersion") < 0;
        snprintf(text, sizeof(text),
                 before ? "{\"%s\":1,\"manifestVersion\":1}" : "{\"manifestVersion\":1,\"%s\":1}", keys[i]);
        parse(text, error, &result);
        CHECK(result == -EBADMSG);
        CHECK(strstr(error, "unknown key") != NULL);
        CHECK(strstr(error, keys[i]) != NULL);
    }
}

TEST(versions_of_manifests)
{
    REFUSED("BAD_MANIFEST", .manifest_version = "\"manifestVersion\":2,");
    REFUSED("BAD_MANIFEST", .manifest_version = "\"manifestVersion\":\"1\",");
    /* Told before anything else, as everything else may have changed. */
    char error[RT_MANIFEST_ERROR_MAX];
    int result;
    parse("{\"counter\":-5,\"manifestVersion\":2}", error, &result);
    CHECK(strstr(error, "manifestVersion") != NULL);
}

TEST(ids_names_and_versions)
{
    ACCEPTED(.id = "\"id\":\"a.b\",");
    ACCEPTED(.id = "\"id\":\"org.4chan.x-1\",");
    static const char *const ids[] = {"a",    "A.b",  "a.B",  "a..b",  ".a.b",  "a.b.",
                                      "1a.b", "a.-b", "a.b-", "a b.c", "a_b.c", ""};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "\"id\":\"%s\",", ids[i]);
        REFUSED("BAD_MANIFEST", .id = text);
    }
    ACCEPTED(.version = "\"version\":\"0.0.0\"");
    ACCEPTED(.version = "\"version\":\"999999999.0.1\"");
    static const char *const versions[] = {"1",      "1.0",  "1.0.0.0", "01.0.0",         "1.0.0-rc1",
                                           "v1.0.0", "1..0", "1.0.",    "1000000000.0.0", " 1.0.0"};
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "\"version\":\"%s\"", versions[i]);
        REFUSED("BAD_MANIFEST", .version = text);
    }
    ACCEPTED(.name = "\"name\":{\"de\":\"a\",\"default\":\"b\",\"pt-BR\":\"c\",\"zh-Hant-TW\":\"d\"},");
    REFUSED("BAD_MANIFEST", .name = "\"name\":{},");
    REFUSED("BAD_MANIFEST", .name = "\"name\":\"App\",");
    REFUSED("BAD_MANIFEST", .name = "\"name\":{\"de\":\"a\"},");
    REFUSED("BAD_MANIFEST", .name = "\"name\":{\"default\":\"\"},");
    REFUSED("BAD_MANIFEST", .name = "\"name\":{\"default\":\"a\\u001b[2J\"},");
    REFUSED("BAD_MANIFEST", .name = "\"name\":{\"default\":\"a\\nb\"},");
    REFUSED("BAD_MANIFEST", .name = "\"name\":{\"default\":\"\xc2\x85\"},");
    REFUSED("BAD_MANIFEST", .name = "\"name\":{\"default\":\"a\\u0000b\"},");
    REFUSED("BAD_MANIFEST", .name = "\"name\":{\"d\":\"a\",\"default\":\"b\"},");
    char text[1024] = "\"name\":{\"default\":\"";
    for (int i = 0; i < RT_MANIFEST_TEXT_MAX; i++) {
        strcat(text, "\xe2\x82\xac");
    }
    size_t length = strlen(text);
    strcpy(text + length, "\"},");
    ACCEPTED(.name = text);
    strcpy(text + length, "x\"},");
    REFUSED("BAD_MANIFEST", .name = text);
    ACCEPTED(.counter = "\"counter\":9007199254740991,");
    REFUSED("BAD_MANIFEST", .counter = "\"counter\":0,");
    REFUSED("BAD_MANIFEST", .counter = "\"counter\":-1,");
    REFUSED("BAD_MANIFEST", .counter = "\"counter\":\"1\",");
}

TEST(paths_that_leave_or_clash)
{
    static const char *const good[] = {
        "a",       "a/b",
        "A-b_c.d", "1/2/3/4/5/6/7/8",
        "...a",    "com10",
        "console", "xcon",
        ".a",      "0123456789012345678901234567890123456789012345678901234567890123"};
    static const char *const bad[] = {"",
                                      "/",
                                      "../x",
                                      "/etc/x",
                                      "a//b",
                                      "a/./b",
                                      "a/../b",
                                      "a/",
                                      ".",
                                      "..",
                                      "a\\b",
                                      "a b",
                                      "a:b",
                                      "a\xc3\xa9",
                                      "a.",
                                      "a/b.",
                                      "...",
                                      "CON",
                                      "con.js",
                                      "a/NUL",
                                      "prn",
                                      "aux.x.y",
                                      "com1",
                                      "LPT9.txt",
                                      "1/2/3/4/5/6/7/8/9",
                                      "a%2e",
                                      "01234567890123456789012345678901234567890123456789012345678901234",
                                      "~",
                                      "a*",
                                      "-/\x7f"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK(rt_manifest_path_ok(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (rt_manifest_path_ok(bad[i], strlen(bad[i]))) {
            printf("# accepted: %s\n", bad[i]);
            CHECK(false);
        }
    }
    CHECK(!rt_manifest_path_ok("a\0b", 3));
    REFUSED("BAD_PATH", .files = "\"files\":[" FILE_OF("main.js") "," FILE_OF("../x") "],");
    REFUSED("BAD_PATH", .files = "\"files\":[" FILE_OF("main.js") "," FILE_OF("a\\u0000b") "],");
    REFUSED("BAD_PATH", .files = "\"files\":[" FILE_OF("main.js") "," FILE_OF("Main.JS") "],");
    REFUSED("BAD_PATH", .files = "\"files\":[" FILE_OF("main.js") "," FILE_OF("main.js") "],");
    REFUSED("BAD_PATH", .files = "\"files\":[" FILE_OF("a") "," FILE_OF("A/b") "," FILE_OF("main.js") "],");
    REFUSED("BAD_PATH",
            .files = "\"files\":[" FILE_OF("a/b/c") "," FILE_OF("a/b") "," FILE_OF("main.js") "],");
    ACCEPTED(.files = "\"files\":[" FILE_OF("a/b") "," FILE_OF("a-b") "," FILE_OF("ab") "," FILE_OF(
                 "main.js") "],");
}

TEST(file_entries)
{
    REFUSED("BAD_MANIFEST", .files = "\"files\":[],");
    REFUSED("BAD_MANIFEST", .files = "\"files\":{},");
    REFUSED("BAD_MANIFEST", .files = "\"files\":[1],");
    REFUSED("BAD_MANIFEST", .files = "\"files\":[{}],");
    REFUSED("BAD_MANIFEST", .files = "\"files\":[{\"h\":\"" HASH "\",\"path\":\"main.js\"}],");
    REFUSED("BAD_MANIFEST", .files = "\"files\":[{\"h\":\"a\",\"path\":\"main.js\",\"size\":1}],");
    REFUSED("BAD_MANIFEST", .files = "\"files\":[{\"h\":\"" HASH "\",\"path\":\"main.js\",\"size\":-1}],");
    REFUSED("BAD_MANIFEST",
            .files = "\"files\":[{\"h\":\"" HASH "\",\"path\":\"main.js\",\"size\":1,\"z\":1}],");
    REFUSED("BAD_MANIFEST", .files = "\"files\":[" FILE_OF("other.js") "],");
    ACCEPTED(.files = "\"files\":[{\"h\":\"" HASH "\",\"path\":\"main.js\",\"size\":0}],");
    ACCEPTED(.files = "\"files\":[{\"h\":\"" HASH "\",\"path\":\"main.js\",\"size\":4294967295}],");
    REFUSED("BAD_SIZE",
            .files = "\"files\":[{\"h\":\"" HASH "\",\"path\":\"main.js\",\"size\":4294967296}],");
    REFUSED("BAD_SIZE",
            .files = "\"files\":[{\"h\":\"" HASH "\",\"path\":\"main.js\",\"size\":9007199254740991}],");
    REFUSED("BAD_SIZE", .files = "\"files\":[{\"h\":\"" HASH
                                 "\",\"path\":\"a\",\"size\":4294967295},{\"h\":\"" HASH
                                 "\",\"path\":\"main.js\",\"size\":1}],");
}

TEST(limits)
{
    static char text[RT_MANIFEST_SIZE_MAX];
    strcpy(text, "\"files\":[");
    for (int i = 0; i <= RT_MANIFEST_FILES_MAX; i++) {
        strcat(text, i > 0 ? ",0" : "0");
    }
    strcat(text, "],");
    REFUSED("LIMIT", .files = text);
    strcpy(text, "\"permissions\":{\"udp.bind\":[");
    for (int i = 0; i < RT_MANIFEST_RULES_MAX; i++) {
        strcat(text, i > 0 ? ",{}" : "{}");
    }
    size_t length = strlen(text);
    strcpy(text + length, "]},");
    ACCEPTED(.permissions = text);
    strcpy(text + length, "],\"udp.send\":[{}]},");
    REFUSED("LIMIT", .permissions = text);
    strcpy(text, "\"reasons\":{");
    for (int i = 0; i <= RT_MANIFEST_REASONS_MAX; i++) {
        snprintf(text + strlen(text), 64, "%s\"r%03d\":{\"default\":\"x\"}", i > 0 ? "," : "", i);
    }
    strcat(text, "},");
    REFUSED("LIMIT", .extra = text);
    /* The longest that a manifest may be, and one byte more. */
    for (int more = 0; more <= 1; more++) {
        write_manifest(&(struct parts){.tail = ",\"x-\xc3\xa9\":\"\""});
        size_t room = RT_MANIFEST_SIZE_MAX - strlen(manifest_text) + (size_t)more;
        char *end = manifest_text + strlen(manifest_text) - 2;
        memset(end, 'x', room);
        strcpy(end + room, "\"}");
        char error[RT_MANIFEST_ERROR_MAX];
        int result;
        rt_manifest_destroy(parse(manifest_text, error, &result));
        CHECK_INT(result, more ? -EFBIG : 0);
    }
    /* As many and as long rules as fit: the texts are longer than the JSON that they come from. */
    char host[254];
    memset(host, 'h', sizeof(host) - 1);
    host[sizeof(host) - 1] = 0;
    strcpy(text, "\"permissions\":{\"multicast\":[");
    for (int i = 0; i < 100; i++) {
        snprintf(text + strlen(text), 400, "%s{\"group\":\"%s\",\"ops\":[\"join\"]}", i > 0 ? "," : "", host);
    }
    strcat(text, "]},");
    ACCEPTED(.permissions = text);
}

/* The rule text of the single rule object of an operation; NULL if it is refused. */
static const char *rule_text(const char *operation, const char *object)
{
    static char out[512];
    char permissions[1024], error[RT_MANIFEST_ERROR_MAX];
    int result;
    snprintf(permissions, sizeof(permissions), "\"permissions\":{\"%s\":[%s]},", operation, object);
    struct rt_manifest *manifest =
        parse(write_manifest(&(struct parts){.permissions = permissions,
                                             .extra = "\"reasons\":{\"r\":{\"default\":\"R\"}},"}),
              error, &result);
    if (manifest == NULL) {
        CHECK(strncmp(error, "BAD_MANIFEST: ", 14) == 0);
        return NULL;
    }
    snprintf(out, sizeof(out), "%s", manifest->rules[0].text);
    rt_manifest_destroy(manifest);
    return out;
}

TEST(rule_texts)
{
    static const char *const cases[][3] = {
        {"tcp.connect", "{}", "tcp.connect"},
        {"tcp.connect", "{\"host\":\"example.com\"}", "tcp.connect=example.com:*"},
        {"tcp.connect", "{\"host\":\"example.com\",\"port\":443}", "tcp.connect=example.com:443"},
        {"tcp.connect", "{\"host\":\"192.168.0.0/16\",\"port\":\"8008-8009\",\"space\":[\"local\"]}",
         "tcp.connect=192.168.0.0/16:8008-8009,local"},
        {"tcp.connect", "{\"host\":\"*.local\",\"port\":7000,\"space\":[\"link-local\",\"local\"]}",
         "tcp.connect=*.local:7000,local,link-local"},
        {"tcp.connect", "{\"host\":\"fe80::1\",\"interface\":\"eth0\",\"port\":80}",
         "tcp.connect=[fe80::1]:80@eth0"},
        {"tcp.connect", "{\"port\":80}", "tcp.connect=*:80"},
        {"tcp.connect", "{\"tls\":\"required\"}", "tcp.connect=*:*,tls"},
        {"tcp.connect", "{\"host\":\"mail.example.com\",\"port\":993,\"tls\":\"required\"}",
         "tcp.connect=mail.example.com:993,tls"},
        {"tcp.connect",
         "{\"host\":\"nas.local\",\"interface\":\"eth0\",\"space\":[\"local\"],\"tls\":\"required\"}",
         "tcp.connect=nas.local:*,local,tls@eth0"},
        {"tls.insecure", "{}", "tls.insecure"},
        {"tls.insecure", "{\"host\":\"192.168.0.0/16\",\"port\":8009}", "tls.insecure=192.168.0.0/16:8009"},
        {"tls.insecure", "{\"host\":\"*.local\",\"port\":\"*\",\"space\":[\"local\",\"loopback\"]}",
         "tls.insecure=*.local:*,local,loopback"},
        {"tcp.listen", "{\"port\":8080}", "tcp.listen=*:8080"},
        {"tcp.listen", "{\"port\":0}", "tcp.listen=*:0"},
        {"tcp.listen", "{\"interface\":\"br-lan\"}", "tcp.listen=*:*@br-lan"},
        {"tcp.listen", "{\"host\":\"127.0.0.1\",\"port\":\"*\"}", "tcp.listen=127.0.0.1:*"},
        {"udp.bind", "{\"host\":\"8080\"}", "udp.bind=8080:*"},
        {"udp.send", "{\"host\":\"time.example.com\",\"port\":123,\"reason\":\"r\"}",
         "udp.send=time.example.com:123"},
        {"broadcast", "{\"port\":9}", "broadcast=*:9"},
        {"multicast", "{\"group\":\"239.255.255.250\",\"port\":1900}", "multicast=239.255.255.250:1900"},
        {"multicast", "{\"group\":\"239.255.255.250\",\"ops\":[\"send\",\"join\"],\"port\":1900}",
         "multicast=239.255.255.250:1900"},
        {"multicast", "{\"group\":\"ff02::fb\",\"interface\":\"eth0\",\"ops\":[\"join\"],\"port\":5353}",
         "multicast.join=[ff02::fb]:5353@eth0"},
        {"multicast", "{\"ops\":[\"send\"]}", "multicast.send"},
        {"multicast", "{}", "multicast"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_STR(rule_text(cases[i][0], cases[i][1]), cases[i][2]);
    }
}

TEST(rules_that_are_none)
{
    static const char *const cases[][2] = {
        {"tcp.connect", "[]"},
        {"tcp.connect", "\"example.com\""},
        {"tcp.connect", "{\"host\":\"\"}"},
        {"tcp.connect", "{\"host\":\"a,loopback\"}"}, /* would become another part of the text */
        {"tcp.connect", "{\"host\":\"a@eth0\"}"},
        {"tcp.connect", "{\"host\":\"a=b\"}"},
        {"tcp.connect", "{\"host\":\"[::1]\"}"},
        {"tcp.connect", "{\"host\":\"a b\"}"},
        {"tcp.connect", "{\"host\":\"a\\u0000b\"}"},
        {"tcp.connect", "{\"host\":\"\xc3\xa9.example\"}"},
        {"tcp.connect", "{\"group\":\"224.0.0.1\"}"},
        {"tcp.connect", "{\"port\":0}"},
        {"tcp.connect", "{\"port\":65536}"},
        {"tcp.connect", "{\"port\":-1}"},
        {"tcp.connect", "{\"port\":\"80\"}"},
        {"tcp.connect", "{\"port\":\"90-80\"}"},
        {"tcp.connect", "{\"port\":\"0-80\"}"},
        {"tcp.connect", "{\"port\":\"1-65536\"}"},
        {"tcp.connect", "{\"port\":\"01-80\"}"},
        {"tcp.connect", "{\"port\":\"1-2-3\"}"},
        {"tcp.connect", "{\"port\":\"1-\"}"},
        {"tcp.connect", "{\"port\":true}"},
        {"tcp.connect", "{\"reason\":\"other\"}"},
        {"tcp.connect", "{\"space\":[]}"},
        {"tcp.connect", "{\"space\":[\"local\",\"local\"]}"},
        {"tcp.connect", "{\"space\":[\"lan\"]}"},
        {"tcp.connect", "{\"space\":\"local\"}"},
        {"tcp.connect", "{\"tls\":true}"},
        {"tcp.connect", "{\"tls\":\"optional\"}"},
        {"tcp.connect", "{\"tls\":\"Required\"}"},
        {"tcp.connect", "{\"tls\":\"required,public\"}"},
        {"tcp.connect", "{\"tls\":[\"required\"]}"},
        {"tcp.connect", "{\"tls\":{}}"},
        {"udp.send", "{\"tls\":\"required\"}"},
        {"tls.insecure", "{\"tls\":\"required\"}"},
        {"tls.insecure", "{\"space\":[\"public\"]}"},
        {"tls.insecure", "{\"space\":[\"local\",\"public\"]}"},
        {"tls.insecure", "{\"port\":0}"},
        {"tls.insecure", "{\"group\":\"224.0.0.1\"}"},
        {"tcp.connect", "{\"__proto__\":1}"},
        {"tcp.listen", "{\"space\":[\"local\"]}"},
        {"tcp.listen", "{\"interface\":\"0123456789abcdef\"}"},
        {"tcp.listen", "{\"interface\":\"eth0,loopback\"}"},
        {"tcp.listen", "{\"interface\":\"\"}"},
        {"multicast", "{\"host\":\"224.0.0.1\"}"},
        {"multicast", "{\"ops\":[]}"},
        {"multicast", "{\"ops\":[\"join\",\"join\"]}"},
        {"multicast", "{\"ops\":[\"leave\"]}"},
        {"multicast", "{\"port\":0}"},
        {"multicast.join", "{}"},
        {"udp.connect", "{}"},
        {"constructor", "{}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = rule_text(cases[i][0], cases[i][1]);
        if (text != NULL) {
            printf("# %s\n", cases[i][1]);
        }
        CHECK_STR(text, NULL);
    }
    REFUSED("BAD_MANIFEST", .permissions = "\"permissions\":[],");
    REFUSED("BAD_MANIFEST", .permissions = "\"permissions\":{\"udp.bind\":{}},");
}

TEST(ranges_of_runtime_versions)
{
    static const struct {
        const char *range;
        bool fits_1_2_3;
    } good[] = {{"1", true},        {"1.2", true},       {"1.2.3", true},        {"=1.2", true},
                {"1.3", false},     {">1", false},       {">=1", true},          {"<2", true},
                {"<=1.2", true},    {"<1.2", false},     {">1.1", true},         {"<1.2.4", true},
                {">=1.2 <2", true}, {">=1 <1.2", false}, {">=0.9 <=1.2.3", true}};
    static const char *const bad[] = {"",   " ",  "1.",   "1.2.3.4", ">",  "=>1",  "^1", "~1",
                                      "1 ", " 1", "1  2", "1.x",     "01", ">==1", "* "};
    char text[128], error[RT_MANIFEST_ERROR_MAX];
    int result;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(text, sizeof(text), "\"runtime\":{\"api\":\"%s\"},", good[i].range);
        struct rt_manifest *manifest = parse(write_manifest(&(struct parts){.extra = text}), error, &result);
        CHECK_INT(result, 0);
        if (manifest != NULL) {
            CHECK(rt_manifest_fits(manifest, 1, 2, 3) == good[i].fits_1_2_3);
        }
        rt_manifest_destroy(manifest);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "\"runtime\":{\"api\":\"%s\"},", bad[i]);
        REFUSED("BAD_MANIFEST", .extra = text);
    }
    REFUSED("BAD_MANIFEST", .extra = "\"runtime\":{},");
    REFUSED("BAD_MANIFEST", .extra = "\"runtime\":{\"api\":\"1\",\"x\":1},");
}

TEST(reasons)
{
    ACCEPTED(.extra = "\"reasons\":{},");
    ACCEPTED(.extra = "\"reasons\":{\"a-B_9\":{\"default\":\"x\"}},");
    REFUSED("BAD_MANIFEST", .extra = "\"reasons\":[],");
    REFUSED("BAD_MANIFEST", .extra = "\"reasons\":[{\"a\":1}],");
    REFUSED("BAD_MANIFEST", .extra = "\"reasons\":{\"A\":{\"default\":\"x\"}},");
    REFUSED("BAD_MANIFEST", .extra = "\"reasons\":{\"\":{\"default\":\"x\"}},");
    REFUSED("BAD_MANIFEST", .extra = "\"reasons\":{\"a\":\"x\"},");
    REFUSED("BAD_MANIFEST",
            .extra = "\"reasons\":{\"a1234567890123456789012345678901x\":{\"default\":\"x\"}},");
    char text[4096] = "\"name\":{\"default\":\"x\"";
    for (int i = 0; i < RT_MANIFEST_LANGUAGES_MAX - 1; i++) {
        snprintf(text + strlen(text), 32, ",\"en-%03d\":\"y\"", i);
    }
    size_t length = strlen(text);
    strcpy(text + length, "},");
    ACCEPTED(.name = text);
    strcpy(text + length, ",\"fr\":\"y\"},");
    REFUSED("LIMIT", .name = text);
}

TEST(resources_and_type)
{
    ACCEPTED(.extra = "\"resources\":{},");
    ACCEPTED(.extra = "\"resources\":{\"cpuPercent\":100,\"fds\":64,\"heapKiB\":1,\"heartbeatMs\":5000,"
                      "\"rssKiB\":32768,"
                      "\"storageKiB\":1024,\"turnMs\":2000,\"workers\":2},\"type\":\"app\",");
    REFUSED("BAD_MANIFEST", .extra = "\"resources\":{\"cpuPercent\":101},");
    REFUSED("BAD_MANIFEST", .extra = "\"resources\":{\"heapKiB\":0},");
    REFUSED("BAD_MANIFEST", .extra = "\"resources\":{\"heapMiB\":1},");
    REFUSED("BAD_MANIFEST", .extra = "\"resources\":[],");
    REFUSED("BAD_MANIFEST", .extra = "\"type\":\"daemon\",");
    REFUSED("BAD_MANIFEST", .extra = "\"type\":1,");
}

TEST(bytes_that_are_no_manifest)
{
    static const char *const texts[] = {"",
                                        "[]",
                                        "1",
                                        "null",
                                        "{",
                                        "{}x",
                                        " {}",
                                        "{\"manifestVersion\":1}",
                                        "{\"manifestVersion\":1.0}",
                                        "{\"x-a\":[[[[[[[]]]]]]],\"manifestVersion\":1}"};
    char error[RT_MANIFEST_ERROR_MAX];
    int result;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        parse(texts[i], error, &result);
        CHECK(result == -EBADMSG && strncmp(error, "BAD_MANIFEST: ", 14) == 0);
    }
}

int main(void)
{
    RUN(a_whole_manifest);
    RUN(every_required_key);
    RUN(keys_that_are_no_keys);
    RUN(versions_of_manifests);
    RUN(ids_names_and_versions);
    RUN(paths_that_leave_or_clash);
    RUN(file_entries);
    RUN(limits);
    RUN(rule_texts);
    RUN(rules_that_are_none);
    RUN(ranges_of_runtime_versions);
    RUN(reasons);
    RUN(resources_and_type);
    RUN(bytes_that_are_no_manifest);
    return check_done();
}
