/* links: runtime/host.c runtime/permission.c runtime/permission_rule.c */
/* links: runtime/permission_parse.c runtime/permission_text.c */
/* test_permission_tls.c - what the permission gate knows about TLS: grants that hold for encrypted
 * connections only, and tls.insecure, the permission to leave a peer unverified. The rest is in
 * test_permission.c. */
#include "check.h"
#include "permission_fixture.h"
#include "runtime/permission_rule.h"

#include <arpa/inet.h>
#include <errno.h>

TEST(a_grant_with_tls_covers_only_encrypted_connections)
{
    static const struct verdict rows[] = {
        {"allow tcp.connect=mail.example.com:993,tls", "tcp.connect+tls mail.example.com 993", RT_GRANTED},
        {"allow tcp.connect=mail.example.com:993,tls", "tcp.connect mail.example.com 993", RT_DENIED},
        {"allow tcp.connect=mail.example.com:993,tls", "tcp.connect+tls mail.example.com 143", RT_DENIED},
        {"allow tcp.connect=mail.example.com:993,tls", "tcp.connect+tls mail.example.com -", RT_DENIED},
        {"allow tcp.connect=mail.example.com:993", "tcp.connect+tls mail.example.com 993", RT_GRANTED},
        {"allow tcp.connect=mail.example.com:993", "tcp.connect mail.example.com 993", RT_GRANTED},
        {"allow tcp.connect,tls", "tcp.connect+tls - -", RT_GRANTED},
        {"allow tcp.connect,tls", "tcp.connect - -", RT_DENIED},
        {"allow tcp.connect=10.0.0.0/8,tls", "tcp.connect+tls 10.1.2.3 443", RT_GRANTED},
        {"allow tcp.connect=10.0.0.0/8,tls", "tcp.connect 10.1.2.3 443", RT_DENIED},
        {"allow tcp.connect=*.example.com,tls,public@lo", "tcp.connect+tls a.example.com 443 1", RT_GRANTED},
        {"allow tcp.connect=*.example.com,tls,public@lo", "tcp.connect a.example.com 443 1", RT_DENIED},
        {"allow tcp.connect=*.example.com,public,tls@lo", "tcp.connect+tls a.example.com 443", RT_DENIED},
        /* A grant without tls beside it covers both. */
        {"allow tcp.connect=*,tls; allow tcp.connect=a.example", "tcp.connect a.example 80", RT_GRANTED},
        {"allow tcp.connect=*,tls; allow tcp.connect=a.example", "tcp.connect b.example 80", RT_DENIED},
        {"all", "tcp.connect+tls a.example 80", RT_GRANTED},
        {"ask; allow tcp.connect=a.example,tls", "tcp.connect a.example 80", RT_PROMPT},
        /* What is denied is denied with TLS too. */
        {"all; deny tcp.connect=a.example", "tcp.connect+tls a.example 80", RT_DENIED},
        {"allow tcp.connect=a.b.example,tls; deny tcp.connect=*.b.example", "tcp.connect+tls a.b.example 80",
         RT_DENIED},
        /* The other operations have no such thing. */
        {"allow udp.send=a.example", "udp.send+tls a.example 80", RT_GRANTED},
        {"allow tcp.listen=8080", "tcp.listen+tls - 8080", RT_GRANTED},
    };
    CHECK_VERDICTS(rows);
}

TEST(a_manifest_can_require_tls)
{
    static const struct verdict rows[] = {
        {"limit; all; declare tcp.connect=a.example,tls", "tcp.connect+tls a.example 443", RT_GRANTED},
        {"limit; all; declare tcp.connect=a.example,tls", "tcp.connect a.example 443", RT_DENIED},
        {"limit; ask; declare tcp.connect=a.example,tls", "tcp.connect a.example 443", RT_DENIED},
        {"limit; ask; declare tcp.connect=a.example,tls", "tcp.connect+tls a.example 443", RT_PROMPT},
        {"limit; allow tcp.connect=a.example; declare tcp.connect=a.example,tls", "tcp.connect a.example 443",
         RT_DENIED},
        {"limit; allow tcp.connect=a.example,tls; declare tcp.connect=a.example", "tcp.connect a.example 443",
         RT_DENIED},
        {"limit; allow tcp.connect=a.example,tls; declare tcp.connect=a.example",
         "tcp.connect+tls a.example 443", RT_GRANTED},
    };
    CHECK_VERDICTS(rows);
}

TEST(an_answer_to_a_secure_question_grants_only_secure_use)
{
    struct rt_permissions *p = set_up("ask");
    struct rt_host host, other;
    struct rt_permission_query secure = ask_for("tcp.connect+tls a.example 443", &host);
    struct rt_permission_query plain = ask_for("tcp.connect a.example 443", &other);
    CHECK_INT(rt_permissions_grant(p, &secure), 0);
    CHECK_INT(rt_permission_state(p, &secure), RT_GRANTED);
    CHECK_INT(rt_permission_state(p, &plain), RT_PROMPT);
    CHECK(address_fine(p, &secure, "8.8.8.8") && !address_fine(p, &plain, "8.8.8.8"));
    CHECK_INT(rt_permissions_grant(p, &plain), 0);
    CHECK_INT(rt_permission_state(p, &plain), RT_GRANTED);
    rt_permissions_destroy(p);

    p = set_up("ask");
    CHECK_INT(rt_permissions_grant_once(p, &secure), 0);
    CHECK_INT(rt_permission_use(p, &plain), RT_PROMPT);
    CHECK_INT(rt_permission_use(p, &secure), RT_GRANTED);
    CHECK_INT(rt_permission_use(p, &secure), RT_PROMPT);
    CHECK_INT(rt_permissions_grant_once(p, &plain), 0); /* what may be plain may be encrypted */
    CHECK_INT(rt_permission_use(p, &secure), RT_GRANTED);
    rt_permissions_destroy(p);
}

/* Else an app that was refused the one would try the other. */
TEST(no_to_one_of_the_two_is_no_to_both)
{
    for (int i = 0; i < 2; i++) {
        struct rt_permissions *p = set_up("ask; allow tcp.connect=a.example");
        struct rt_host host, other;
        struct rt_permission_query secure = ask_for("tcp.connect+tls a.example 443", &host);
        struct rt_permission_query plain = ask_for("tcp.connect a.example 443", &other);
        char text[RT_EXPLAIN_MAX];
        CHECK_INT(rt_permissions_refuse(p, i == 0 ? &secure : &plain), 0);
        CHECK_INT(rt_permission_state(p, &secure), RT_DENIED);
        CHECK_INT(rt_permission_state(p, &plain), RT_DENIED);
        rt_permission_explain(p, &secure, text, sizeof(text));
        CHECK_STR(text, "tcp.connect with TLS to a.example:443 was denied when it was asked for "
                        "(tcp.connect=a.example:443)");
        rt_permissions_destroy(p);
    }
}

TEST(tls_insecure_is_for_local_addresses_of_a_manifest)
{
    static const struct verdict rows[] = {
        /* Without a manifest that declares it: never. */
        {"all", "tls.insecure 192.168.1.5 8009", RT_DENIED},
        {"all; ask", "tls.insecure 192.168.1.5 8009", RT_DENIED},
        {"allow tls.insecure=192.168.1.5:8009", "tls.insecure 192.168.1.5 8009", RT_DENIED},
        {"declare tls.insecure; all", "tls.insecure 192.168.1.5 8009", RT_DENIED},
        {"limit; all", "tls.insecure 192.168.1.5 8009", RT_DENIED},
        {"limit; all; declare tcp.connect=192.168.1.5", "tls.insecure 192.168.1.5 8009", RT_DENIED},
        /* With one: as others. */
        {"limit; declare tls.insecure=192.168.1.5:8009", "tls.insecure 192.168.1.5 8009", RT_DENIED},
        {"limit; declare tls.insecure=192.168.1.5:8009; all", "tls.insecure 192.168.1.5 8009", RT_GRANTED},
        {"limit; declare tls.insecure=192.168.1.5:8009; all", "tls.insecure 192.168.1.6 8009", RT_DENIED},
        {"limit; declare tls.insecure=192.168.1.5:8009; all", "tcp.connect 192.168.1.5 8009", RT_DENIED},
        {"limit; declare tls.insecure=192.168.1.5:8009; ask", "tls.insecure 192.168.1.5 8009", RT_PROMPT},
        {"limit; declare tls.insecure=192.168.1.0/24; allow tls.insecure=192.168.1.5",
         "tls.insecure 192.168.1.5 8009", RT_GRANTED},
        {"limit; declare tls.insecure=192.168.1.0/24; allow tcp.connect=192.168.1.5",
         "tls.insecure 192.168.1.5 8009", RT_DENIED},
        {"limit; declare tls.insecure; all; deny tls.insecure=192.168.0.0/16", "tls.insecure 192.168.1.5 1",
         RT_DENIED},
        {"limit; declare tls.insecure; all; deny tls.insecure=192.168.0.0/16", "tls.insecure tv.local 1",
         RT_GRANTED},
        {"limit; declare tls.insecure; all; deny tls.insecure=tv.local", "tls.insecure tv.local 1",
         RT_DENIED},
        /* * is every local address, and no other. */
        {"limit; declare tls.insecure=*; all", "tls.insecure - -", RT_GRANTED},
        {"limit; declare tls.insecure=*,local; all", "tls.insecure - -", RT_DENIED},
        {"limit; declare tls.insecure=*; all", "tls.insecure 10.0.0.1 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all", "tls.insecure 127.0.0.1 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all", "tls.insecure 0.0.0.0 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all", "tls.insecure 169.254.1.1 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all", "tls.insecure fe80::1%lo 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all", "tls.insecure fd00::1 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all", "tls.insecure ::1 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all", "tls.insecure tv.local 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all", "tls.insecure nas.example.com 1", RT_GRANTED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 8.8.8.8 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 2a00::1 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 240.0.0.1 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 239.1.1.1 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 255.255.255.255 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure ::ffff:8.8.8.8 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all", "tls.insecure ::ffff:10.0.0.1 1", RT_GRANTED},
        /* Gateways to local IPv4 addresses are elsewhere. */
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 64:ff9b::10.0.0.1 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 64:ff9b:1::10.0.0.1 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 2002:a00:1::1 1", RT_DENIED},
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 2001:0:1:2::f5ff:fffe 1", RT_DENIED},
        /* Classes narrow. */
        {"limit; declare tls.insecure=*,loopback; all", "tls.insecure 127.0.0.1 1", RT_GRANTED},
        {"limit; declare tls.insecure=*,loopback; all", "tls.insecure 10.0.0.1 1", RT_DENIED},
    };
    CHECK_VERDICTS(rows);
    own_address = "203.0.113.5"; /* public all the same */
    static const struct verdict own[] = {
        {"limit; declare tls.insecure=*; all; ask", "tls.insecure 203.0.113.5 1", RT_DENIED},
    };
    CHECK_VERDICTS(own);
    own_address = NULL;
}

TEST(tls_insecure_holds_for_the_local_addresses_of_a_name)
{
    static const struct {
        const char *set_up, *query, *address;
        bool fine;
    } rows[] = {
        {"limit; declare tls.insecure=tv.example.com; all", "tls.insecure tv.example.com 1", "10.0.0.1",
         true},
        {"limit; declare tls.insecure=tv.example.com; all", "tls.insecure tv.example.com 1", "::1", true},
        {"limit; declare tls.insecure=tv.example.com; all", "tls.insecure tv.example.com 1", "169.254.1.1",
         true},
        {"limit; declare tls.insecure=tv.example.com; all", "tls.insecure tv.example.com 1", "fe80::1%lo",
         true},
        {"limit; declare tls.insecure=tv.example.com; all", "tls.insecure tv.example.com 1", "8.8.8.8",
         false},
        {"limit; declare tls.insecure=*; all", "tls.insecure tv.example.com 1", "8.8.8.8", false},
        {"limit; declare tls.insecure=*; all", "tls.insecure tv.example.com 1", "2a00::1", false},
        {"limit; declare tls.insecure=*; all", "tls.insecure tv.example.com 1", "240.0.0.1", false},
        {"limit; declare tls.insecure=*; all", "tls.insecure tv.example.com 1", "224.0.0.1", false},
        {"limit; declare tls.insecure=*; all", "tls.insecure tv.example.com 1", "0.0.0.0", false},
        {"limit; declare tls.insecure=*; all", "tls.insecure tv.example.com 1", "203.0.113.5", false},
        {"limit; declare tls.insecure=*; all", "tls.insecure tv.example.com 1", "64:ff9b::10.0.0.1", false},
        {"limit; declare tls.insecure=*,local; all", "tls.insecure tv.example.com 1", "10.0.0.1", true},
        {"limit; declare tls.insecure=*,local; all", "tls.insecure tv.example.com 1", "127.0.0.1", false},
        {"limit; declare tls.insecure=*; allow tls.insecure=*,loopback", "tls.insecure tv.local 1",
         "10.0.0.1", false},
        {"limit; declare tls.insecure=*; all; deny tls.insecure=10.0.0.0/8", "tls.insecure tv.local 1",
         "10.0.0.1", false},
        {"limit; declare tls.insecure=*; all; deny tls.insecure=*,local", "tls.insecure tv.local 1",
         "10.0.0.1", false},
        {"limit; declare tls.insecure=*; all; deny tls.insecure=*,local", "tls.insecure tv.local 1",
         "127.0.0.1", true},
        {"all", "tls.insecure tv.local 1", "10.0.0.1", false},
    };
    own_address = "203.0.113.5";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rt_permissions *p = set_up(rows[i].set_up);
        struct rt_host host;
        struct rt_permission_query query = ask_for(rows[i].query, &host);
        if (address_fine(p, &query, rows[i].address) != rows[i].fine) {
            printf("# with \"%s\": %s at %s\n", rows[i].set_up, rows[i].query, rows[i].address);
        }
        CHECK_INT(address_fine(p, &query, rows[i].address), rows[i].fine);
        rt_permissions_destroy(p);
    }
    own_address = NULL;
    struct rt_permissions *p = set_up("limit; declare tls.insecure=*; all");
    struct rt_host host;
    struct rt_permission_query query = ask_for("tls.insecure tv.local 1", &host);
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6}; /* as a resolver may answer */
    CHECK_INT(inet_pton(AF_INET6, "::ffff:10.0.0.1", &mapped.sin6_addr), 1);
    CHECK(rt_permission_address(p, &query, (struct sockaddr *)&mapped));
    CHECK_INT(inet_pton(AF_INET6, "::ffff:8.8.8.8", &mapped.sin6_addr), 1);
    CHECK(!rt_permission_address(p, &query, (struct sockaddr *)&mapped));
    rt_permissions_destroy(p);
}

TEST(tls_insecure_on_the_prompt_and_in_any)
{
    struct rt_permissions *p = set_up("ask; limit; declare tls.insecure=192.168.0.0/16");
    struct rt_host host;
    struct rt_permission_query query = ask_for("tls.insecure 192.168.1.5 8009", &host);
    CHECK(!rt_permission_any(p, RT_TLS_INSECURE));
    CHECK_INT(rt_permissions_grant_once(p, &query), 0);
    CHECK(rt_permission_any(p, RT_TLS_INSECURE) && !rt_permission_any(p, RT_TCP_CONNECT));
    CHECK_INT(rt_permission_use(p, &query), RT_GRANTED);
    CHECK_INT(rt_permission_use(p, &query), RT_PROMPT);
    CHECK_INT(rt_permissions_refuse(p, &query), 0);
    CHECK(rt_permission_denied(p, &query));
    rt_permissions_destroy(p);
    p = set_up("all");
    CHECK(!rt_permission_any(p, RT_TLS_INSECURE));
    CHECK_INT(rt_permissions_grant(p, &query), 0);
    CHECK_INT(rt_permission_state(p, &query), RT_DENIED);
    rt_permissions_destroy(p);
}

TEST(bad_rules_are_told_what_is_wrong)
{
    static const struct {
        enum rt_rule_purpose purpose;
        const char *rule, *error;
    } rows[] = {
        {RT_RULE_DENY, "tcp.connect=a.example,tls",
         "\"tcp.connect=a.example,tls\": tls can't be in a deny rule, which an app would get around by not "
         "encrypting: leave it out to deny both"},
        {RT_RULE_ALLOW, "udp.send=a.example,tls", "\"udp.send=a.example,tls\": tls is for tcp.connect only"},
        {RT_RULE_DENY, "udp.send=a.example,tls", "\"udp.send=a.example,tls\": tls is for tcp.connect only"},
        {RT_RULE_ALLOW, "tcp.listen=443,tls", "\"tcp.listen=443,tls\": tls is for tcp.connect only"},
        {RT_RULE_ALLOW, "tls.insecure=a.local,tls",
         "\"tls.insecure=a.local,tls\": tls is for tcp.connect only"},
        {RT_RULE_ALLOW, "tcp.connect=a.example,TLS",
         "\"TLS\" is no modifier: use public, local, link-local, loopback or tls"},
        {RT_RULE_ALLOW, "tls=a.example",
         "\"tls\" is no operation: use tcp.connect, tcp.listen, udp.send, udp.bind, multicast, "
         "multicast.join, multicast.send, broadcast or tls.insecure"},
        {RT_RULE_ALLOW, "tls.insecure=a.local,public",
         "\"tls.insecure=a.local,public\": tls.insecure is never for public addresses, where anybody on the "
         "way could answer: use local, link-local or loopback"},
        {RT_RULE_DENY, "tls.insecure=*,local,public",
         "\"tls.insecure=*,local,public\": tls.insecure is never for public addresses, where anybody on the "
         "way could answer: use local, link-local or loopback"},
        {RT_RULE_ALLOW, "tls.insecure=8.8.8.8:443",
         "\"8.8.8.8:443\" is public, or not wholly local: tls.insecure is for local, link-local and loopback "
         "addresses only, since elsewhere anybody on the way could answer"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[RT_RULE_ERROR_MAX] = "";
        struct rt_rule rule;
        CHECK_INT(rt_rule_parse(rows[i].rule, rows[i].purpose, error, &rule), -EINVAL);
        CHECK_STR(error, rows[i].error);
    }
    static const char *const not_local[] = {"0.0.0.0/0",       "::/0",           "10.0.0.0/7",
                                            "172.0.0.0/11",    "192.168.0.0/15", "0.0.0.0/7",
                                            "126.0.0.0/7",     "2a00::1",        "fe80::/9",
                                            "fe00::/7",        "::/127",         "::/64",
                                            "2001::/16",       "64:ff9b::/96",   "64:ff9b::a00:1",
                                            "2002:a00:1::/48", "2002:a00:1::1",  "2001:0:1:2::f5ff:0",
                                            "::ffff:0:0/96",   "::ffff:8.8.8.8", "240.0.0.1",
                                            "224.0.0.1",       "ff02::1",        "255.255.255.255"};
    for (size_t i = 0; i < sizeof(not_local) / sizeof(not_local[0]); i++) {
        char error[RT_RULE_ERROR_MAX] = "", text[64];
        struct rt_rule rule;
        snprintf(text, sizeof(text), "tls.insecure=%s", not_local[i]);
        CHECK_INT(rt_rule_parse(text, RT_RULE_ALLOW, error, &rule), -EINVAL);
        if (strstr(error, "is public, or not wholly local") == NULL) {
            printf("# %s: %s\n", text, error);
        }
        CHECK(strstr(error, "is public, or not wholly local") != NULL);
    }
    static const char *const local[] = {"10.0.0.0/8",
                                        "10.1.0.0/16",
                                        "172.16.0.0/12",
                                        "192.168.0.0/16",
                                        "127.0.0.0/8",
                                        "0.0.0.0/8",
                                        "169.254.0.0/16",
                                        "fc00::/7",
                                        "fd00::/8",
                                        "fe80::/10",
                                        "::1",
                                        "::",
                                        "::/128",
                                        "fec0::/10",
                                        "2001:db8::/32",
                                        "3fff::/20",
                                        "::ffff:10.0.0.0/104",
                                        "fe80::1%eth7"};
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        char error[RT_RULE_ERROR_MAX] = "", text[64];
        struct rt_rule rule;
        snprintf(text, sizeof(text), "tls.insecure=%s", local[i]);
        CHECK_INT(rt_rule_parse(text, RT_RULE_ALLOW, error, &rule), 0);
        CHECK_STR(error, "");
    }
}

TEST(rules_print_as_they_are_read)
{
    static const char *const rows[][2] = {
        {"tcp.connect=mail.example.com:993,tls", "tcp.connect=mail.example.com:993,tls"},
        {"tcp.connect,tls", "tcp.connect,tls"},
        {"tcp.connect=*,tls", "tcp.connect,tls"},
        {"tcp.connect=nas.local,tls,local@eth7", "tcp.connect=nas.local,local,tls@eth7"},
        {"tcp.connect=nas.local,loopback,tls,local,tls@eth7",
         "tcp.connect=nas.local,local,loopback,tls@eth7"},
        {"tls.insecure", "tls.insecure"},
        {"tls.insecure=*:8009", "tls.insecure=*:8009"},
        {"tls.insecure=192.168.0.0/16:8009@eth7", "tls.insecure=192.168.0.0/16:8009@eth7"},
        {"tls.insecure=[fe80::1%eth7]:8009", "tls.insecure=[fe80::1]:8009@eth7"},
        {"tls.insecure=*.local,loopback,local", "tls.insecure=*.local,local,loopback"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[RT_RULE_ERROR_MAX] = "", printed[RT_RULE_TEXT_MAX];
        struct rt_rule rule;
        CHECK_INT(rt_rule_parse(rows[i][0], RT_RULE_ALLOW, error, &rule), 0);
        rt_rule_format(&rule, printed, sizeof(printed));
        CHECK_STR(printed, rows[i][1]);
    }
    /* The usual classes of a name stay what they are beside tls. */
    char error[RT_RULE_ERROR_MAX] = "";
    struct rt_rule rule;
    CHECK_INT(rt_rule_parse("tcp.connect=a.example,tls", RT_RULE_ALLOW, error, &rule), 0);
    CHECK_INT(rule.classes, RT_CLASS_PUBLIC);
    CHECK_INT(rt_rule_parse("tcp.connect=a.local,tls", RT_RULE_ALLOW, error, &rule), 0);
    CHECK_INT(rule.classes, RT_CLASS_LOCAL | RT_CLASS_LINK_LOCAL);
    CHECK_INT(rt_rule_parse("tls.insecure=a.example", RT_RULE_ALLOW, error, &rule), 0);
    CHECK_INT(rule.classes, RT_CLASS_NEAR);
    CHECK_INT(rt_rule_parse("tls.insecure=a.example", RT_RULE_DENY, error, &rule), 0);
    CHECK_INT(rule.classes, RT_CLASS_ALL);
}

TEST(a_denial_says_what_would_permit_it)
{
    static const struct {
        const char *set_up, *query, *text;
    } rows[] = {
        {"", "tcp.connect+tls mail.example.com 993",
         "tcp.connect with TLS to mail.example.com:993 is not permitted; run with --allow "
         "tcp.connect=mail.example.com:993,tls"},
        {"allow tcp.connect=*.example.com,tls", "tcp.connect mail.example.com 993",
         "tcp.connect to mail.example.com:993 is permitted with TLS only (tcp.connect=*.example.com,tls); "
         "pass "
         "useSecureTransport: true, or run with --allow tcp.connect=mail.example.com:993"},
        {"ask; allow tcp.connect=*.example.com,tls", "tcp.connect mail.example.com 993",
         "tcp.connect to mail.example.com:993 is permitted with TLS only (tcp.connect=*.example.com,tls); "
         "pass "
         "useSecureTransport: true, or run with --allow tcp.connect=mail.example.com:993"},
        {"limit; all; declare tcp.connect=mail.example.com,tls", "tcp.connect mail.example.com 993",
         "tcp.connect to mail.example.com:993 is declared in the manifest with TLS only; pass "
         "useSecureTransport: true, or leave \"tls\" out of the declaration"},
        {"limit; declare tcp.connect=mail.example.com,tls", "tcp.connect+tls mail.example.com 993",
         "tcp.connect with TLS to mail.example.com:993 is not permitted; run with --allow "
         "tcp.connect=mail.example.com:993,tls"},
        {"limit; all; declare tcp.connect=other.example,tls", "tcp.connect+tls mail.example.com 993",
         "tcp.connect with TLS to mail.example.com:993 is not declared in the manifest; add {\"host\": "
         "\"mail.example.com\", \"port\": 993, \"tls\": \"required\"} to permissions[\"tcp.connect\"]"},
        {"allow tcp.connect=a.example,tls; deny tcp.connect=a.example", "tcp.connect a.example 80",
         "tcp.connect to a.example:80 is denied by the rule --deny tcp.connect=a.example"},
        {"all", "tls.insecure 192.168.1.5 8009",
         "tls.insecure to 192.168.1.5:8009 needs a manifest that declares it, and then a grant; add "
         "{\"host\": "
         "\"192.168.1.5\", \"port\": 8009} to permissions[\"tls.insecure\"]"},
        {"limit; all", "tls.insecure 192.168.1.5 8009",
         "tls.insecure to 192.168.1.5:8009 is not declared in the manifest; add {\"host\": "
         "\"192.168.1.5\", \"port\": 8009} to permissions[\"tls.insecure\"]"},
        {"limit; declare tls.insecure=*", "tls.insecure - -",
         "tls.insecure to any local host, any port is not permitted; run with --allow tls.insecure"},
        {"limit; declare tls.insecure=*; ask", "tls.insecure tv.local 8009",
         "tls.insecure to tv.local:8009 is not permitted yet; ask with requestPermission() or run with "
         "--allow tls.insecure=tv.local:8009"},
        {"limit; declare tls.insecure=*; all", "tls.insecure 8.8.8.8 443",
         "tls.insecure to 8.8.8.8:443 can't be permitted: only a peer with a local, link-local or loopback "
         "address may go unverified"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rt_permissions *p = set_up(rows[i].set_up);
        struct rt_host host;
        struct rt_permission_query query = ask_for(rows[i].query, &host);
        char text[RT_EXPLAIN_MAX];
        rt_permission_explain(p, &query, text, sizeof(text));
        CHECK_STR(text, rows[i].text);
        rt_permissions_destroy(p);
    }
}

TEST(a_refused_address_says_why)
{
    static const struct {
        const char *set_up, *query, *address, *text;
    } rows[] = {
        {"allow tcp.connect=nas.example.com,tls", "tcp.connect+tls nas.example.com 443 1", "192.168.1.5",
         "tcp.connect with TLS to nas.example.com:443, on lo: the name resolved to 192.168.1.5, a local "
         "address, which is not permitted for this name; run with --allow "
         "tcp.connect=nas.example.com:443,local,tls@lo"},
        {"limit; declare tls.insecure=*; all", "tls.insecure nas.example.com 443", "8.8.8.8",
         "tls.insecure to nas.example.com:443: the name resolved to 8.8.8.8, which is not local, and only a "
         "peer with a local, link-local or loopback address may go unverified"},
        {"limit; declare tls.insecure=*,loopback; all", "tls.insecure nas.example.com 443", "10.0.0.1",
         "tls.insecure to nas.example.com:443: the name resolved to 10.0.0.1, a local address, which is not "
         "permitted for this name; add {\"host\": \"nas.example.com\", \"port\": 443, \"space\": "
         "[\"local\"]} "
         "to permissions[\"tls.insecure\"]"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rt_permissions *p = set_up(rows[i].set_up);
        struct rt_host host, resolved;
        struct rt_permission_query query = ask_for(rows[i].query, &host);
        CHECK_INT(rt_host_parse(rows[i].address, strlen(rows[i].address), &resolved), 0);
        char text[RT_EXPLAIN_MAX];
        rt_permission_explain_address(p, &query, (struct sockaddr *)&resolved.address, text, sizeof(text));
        CHECK_STR(text, rows[i].text);
        rt_permissions_destroy(p);
    }
}

TEST(the_longest_explanation_fits)
{
    char rule[512], error[RT_RULE_ERROR_MAX], text[RT_EXPLAIN_MAX];
    struct rt_host host = {0};
    memset(host.name, 'a', RT_HOST_MAX - 1);
    for (int i = 50; i < RT_HOST_MAX - 2; i += 50) {
        host.name[i] = '.';
    }
    struct rt_permissions *p = set_up("");
    struct rt_permission_query query = {
        .operation = RT_TCP_CONNECT, .host = &host, .port = 65535, .interface_index = 999999};
    snprintf(rule, sizeof(rule), "tcp.connect=%s:10000-65535,public,local,link-local,loopback,tls@999999",
             host.name);
    CHECK_INT(rt_permissions_allow(p, rule, error), 0);
    rt_permission_explain(p, &query, text, sizeof(text));
    CHECK(strstr(text, "with TLS only") != NULL && strcmp(text + strlen(text) - 7, "@999999") == 0);
    rt_permissions_destroy(p);
}

int main(void)
{
    RUN(a_grant_with_tls_covers_only_encrypted_connections);
    RUN(a_manifest_can_require_tls);
    RUN(an_answer_to_a_secure_question_grants_only_secure_use);
    RUN(no_to_one_of_the_two_is_no_to_both);
    RUN(tls_insecure_is_for_local_addresses_of_a_manifest);
    RUN(tls_insecure_holds_for_the_local_addresses_of_a_name);
    RUN(tls_insecure_on_the_prompt_and_in_any);
    RUN(bad_rules_are_told_what_is_wrong);
    RUN(rules_print_as_they_are_read);
    RUN(a_denial_says_what_would_permit_it);
    RUN(a_refused_address_says_why);
    RUN(the_longest_explanation_fits);
    return check_done();
}
