/* links: runtime/host.c runtime/permission.c runtime/permission_rule.c */
/* links: runtime/permission_parse.c runtime/permission_text.c */
/* test_permission.c - verdicts of the permission gate, rule by rule, and what they say. Addresses of this
 * device are decided here, not by the kernel. The independent model of the same is
 * tests/model/permission_model.ts. */
#include "check.h"
#include "permission_fixture.h"
#include "runtime/permission_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

TEST(nothing_is_granted_at_first)
{
    static const struct verdict rows[] = {
        {"", "tcp.connect example.com 80", RT_DENIED},
        {"", "tcp.connect 127.0.0.1 80", RT_DENIED},
        {"", "tcp.listen - 0", RT_DENIED},
        {"", "udp.send - -", RT_DENIED},
        {"", "udp.bind - 0", RT_DENIED},
        {"", "multicast.join 239.1.2.3 5000", RT_DENIED},
        {"", "multicast.send 239.1.2.3 5000", RT_DENIED},
        {"", "broadcast 255.255.255.255 9", RT_DENIED},
        {"ask", "tcp.connect example.com 80", RT_PROMPT},
        {"ask", "udp.send - -", RT_PROMPT},
        {"ask", "multicast.join 239.1.2.3 0", RT_PROMPT},
        {"all", "tcp.connect - -", RT_GRANTED},
        {"all", "multicast.join - -", RT_GRANTED},
        {"all", "broadcast - -", RT_GRANTED},
        {"all", "tcp.connect example.com 80", RT_GRANTED},
        {"all", "tcp.connect fe80::1%lo 80", RT_GRANTED},
        {"limit; all", "tcp.connect a.example 1", RT_DENIED},
    };
    CHECK_VERDICTS(rows);
}

TEST(names)
{
    static const struct verdict rows[] = {
        {"allow tcp.connect=example.com", "tcp.connect example.com 80", RT_GRANTED},
        {"allow tcp.connect=example.com", "tcp.connect example.com -", RT_GRANTED},
        {"allow tcp.connect=EXAMPLE.com.", "tcp.connect eXample.COM. 80", RT_GRANTED},
        {"allow tcp.connect=example.com", "tcp.connect www.example.com 80", RT_DENIED},
        {"allow tcp.connect=example.com", "tcp.connect example.com.evil.example 80", RT_DENIED},
        {"allow tcp.connect=example.com", "tcp.connect notexample.com 80", RT_DENIED},
        {"allow tcp.connect=example.com", "tcp.connect - 80", RT_DENIED},
        {"allow tcp.connect=example.com", "udp.send example.com 80", RT_DENIED},
        {"allow tcp.connect=*.example.com", "tcp.connect www.example.com 80", RT_GRANTED},
        {"allow tcp.connect=*.example.com", "tcp.connect a.b.example.com 80", RT_GRANTED},
        {"allow tcp.connect=*.example.com", "tcp.connect example.com 80", RT_DENIED},
        {"allow tcp.connect=*.example.com", "tcp.connect notexample.com 80", RT_DENIED},
        {"allow tcp.connect=*.example.com", "tcp.connect example.com.evil.example 80", RT_DENIED},
        {"allow tcp.connect=*.local", "tcp.connect tv.local 80", RT_GRANTED},
        {"allow tcp.connect=*.local", "tcp.connect local 80", RT_DENIED},
        {"allow tcp.connect=*.localhost", "tcp.connect a.localhost 80", RT_GRANTED},
        {"allow tcp.connect=127.0.0.1.nip.io", "tcp.connect 127.0.0.1 80", RT_DENIED},
        {"allow tcp.connect=localhost", "tcp.connect 127.0.0.1 80", RT_DENIED},
        {"allow tcp.connect=127.0.0.1", "tcp.connect localhost 80", RT_DENIED},
        {"allow tcp.connect=0.0.0.0/0; allow tcp.connect=::/0", "tcp.connect example.com 80", RT_DENIED},
        {"allow tcp.connect=*", "tcp.connect example.com 80", RT_GRANTED},
        {"allow tcp.connect=*", "tcp.connect 10.0.0.1 80", RT_GRANTED},
    };
    CHECK_VERDICTS(rows);
}

TEST(addresses_and_networks)
{
    static const struct verdict rows[] = {
        {"allow tcp.connect=192.168.1.0/24", "tcp.connect 192.168.1.77 80", RT_GRANTED},
        {"allow tcp.connect=192.168.1.0/24", "tcp.connect 192.168.2.1 80", RT_DENIED},
        {"allow tcp.connect=192.168.1.0/25", "tcp.connect 192.168.1.127 80", RT_GRANTED},
        {"allow tcp.connect=192.168.1.0/25", "tcp.connect 192.168.1.128 80", RT_DENIED},
        {"allow tcp.connect=10.1.2.3", "tcp.connect 10.1.2.3 80", RT_GRANTED},
        {"allow tcp.connect=10.1.2.3", "tcp.connect ::ffff:10.1.2.3 80", RT_GRANTED},
        {"allow tcp.connect=::ffff:10.1.2.3", "tcp.connect 10.1.2.3 80", RT_GRANTED},
        {"allow tcp.connect=::ffff:10.0.0.0/104", "tcp.connect 10.1.2.3 80", RT_GRANTED},
        {"allow tcp.connect=::/0", "tcp.connect 10.1.2.3 80", RT_DENIED},
        {"allow tcp.connect=0.0.0.0/0", "tcp.connect 2001:db8::1 80", RT_DENIED},
        {"allow tcp.connect=0.0.0.0/0", "tcp.connect 10.1.2.3 80", RT_GRANTED},
        {"allow tcp.connect=0.0.0.0/0; allow tcp.connect=::/0", "tcp.connect - 80", RT_DENIED},
        {"allow tcp.connect=10.0.0.0/9; allow tcp.connect=10.128.0.0/9", "tcp.connect 10.1.2.3 80",
         RT_GRANTED},
        {"allow tcp.connect=2001:db8::/33", "tcp.connect 2001:db8:7fff::1 80", RT_GRANTED},
        {"allow tcp.connect=2001:db8::/33", "tcp.connect 2001:db8:8000::1 80", RT_DENIED},
        {"allow tcp.connect=[2001:db8::1]:80", "tcp.connect 2001:db8::1 80", RT_GRANTED},
        {"allow tcp.connect=[2001:db8::1]:80", "tcp.connect 2001:db8::1 81", RT_DENIED},
        {"allow tcp.connect=[2001:db8::/32]:80", "tcp.connect 2001:db8::1 80", RT_GRANTED},
        {"allow tcp.connect=2001:db8::1", "tcp.connect 2001:db8::1 80", RT_GRANTED},
        /* The destination 0.0.0.0 reaches this device, so that it is this device. */
        {"allow tcp.connect=127.0.0.1", "tcp.connect 0.0.0.0 80", RT_GRANTED},
        {"allow tcp.connect=0.0.0.0", "tcp.connect 127.0.0.1 80", RT_GRANTED},
        {"allow tcp.connect; deny tcp.connect=127.0.0.0/8", "tcp.connect 0.0.0.0 80", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=::1", "tcp.connect :: 80", RT_DENIED},
        /* IPv6 that stands for IPv4 */
        {"allow tcp.connect; deny tcp.connect=10.0.0.0/8", "tcp.connect 64:ff9b::10.0.0.1 80", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=10.0.0.0/8", "tcp.connect 2002:a00:1::1 80", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=10.0.0.0/8", "tcp.connect 64:ff9b::11.0.0.1 80", RT_GRANTED},
        {"allow tcp.connect=10.0.0.0/8", "tcp.connect 64:ff9b::10.0.0.1 80", RT_DENIED},
        /* Groups and broadcast have operations of their own. */
        {"all; ask", "tcp.connect 224.0.0.1 80", RT_DENIED},
        {"all; ask", "udp.send 239.255.255.250 1900", RT_DENIED},
        {"all; ask", "udp.send 255.255.255.255 9", RT_DENIED},
        {"all; ask", "udp.send ff02::fb 5353", RT_DENIED},
        {"all", "udp.bind 239.255.255.250 1900", RT_GRANTED},
        {"all; ask", "tcp.listen example.com 80", RT_DENIED},
        {"all; ask", "multicast.join example.com 80", RT_DENIED},
        {"all; ask", "multicast.join 10.0.0.1 80", RT_DENIED},
        {"all; ask", "multicast.send 255.255.255.255 80", RT_DENIED},
    };
    CHECK_VERDICTS(rows);
}

TEST(ports)
{
    static const struct verdict rows[] = {
        {"allow tcp.connect=a.example:80", "tcp.connect a.example 80", RT_GRANTED},
        {"allow tcp.connect=a.example:80", "tcp.connect a.example 81", RT_DENIED},
        {"allow tcp.connect=a.example:80", "tcp.connect a.example -", RT_DENIED},
        {"allow tcp.connect=a.example:8000-8099", "tcp.connect a.example 8000", RT_GRANTED},
        {"allow tcp.connect=a.example:8000-8099", "tcp.connect a.example 8099", RT_GRANTED},
        {"allow tcp.connect=a.example:8000-8099", "tcp.connect a.example 7999", RT_DENIED},
        {"allow tcp.connect=a.example:8000-8099", "tcp.connect a.example 8100", RT_DENIED},
        {"allow tcp.connect=a.example:*", "tcp.connect a.example -", RT_GRANTED},
        {"allow tcp.connect=a.example:0-65535", "tcp.connect a.example -", RT_GRANTED},
        {"allow tcp.connect=a.example:1-65535", "tcp.connect a.example -", RT_DENIED},
        {"allow tcp.connect=*:443", "tcp.connect a.example 443", RT_GRANTED},
        {"allow tcp.connect=*:443", "tcp.connect - 443", RT_GRANTED},
        {"allow tcp.connect=*:443", "tcp.connect - -", RT_DENIED},
        {"all; ask", "tcp.connect a.example 65536", RT_DENIED},
        {"all; ask", "tcp.connect a.example -2", RT_DENIED},
        {"allow tcp.connect=*:443; allow tcp.connect=a.example", "tcp.connect a.example 80", RT_GRANTED},
    };
    CHECK_VERDICTS(rows);
}

TEST(listening_and_binding)
{
    static const struct verdict rows[] = {
        {"allow tcp.listen=8080", "tcp.listen - 8080", RT_GRANTED},
        {"allow tcp.listen=8080", "tcp.listen 127.0.0.1 8080", RT_GRANTED},
        {"allow tcp.listen=8080", "tcp.listen :: 8080", RT_GRANTED},
        {"allow tcp.listen=8080", "tcp.listen - 0", RT_DENIED},
        {"allow tcp.listen=8080", "tcp.listen - -", RT_DENIED},
        {"allow tcp.listen=8000-8099", "tcp.listen - 8080", RT_GRANTED},
        {"allow tcp.listen=0", "tcp.listen - 0", RT_GRANTED},
        {"allow tcp.listen=0", "tcp.listen - 8080", RT_DENIED},
        {"allow tcp.listen=*", "tcp.listen - 0", RT_GRANTED},
        {"allow tcp.listen=*", "tcp.listen - -", RT_GRANTED},
        {"allow tcp.listen=*:8080", "tcp.listen - 8080", RT_GRANTED},
        {"allow tcp.listen", "tcp.listen 192.168.1.5 1", RT_GRANTED},
        {"allow tcp.listen=127.0.0.1:8080", "tcp.listen 127.0.0.1 8080", RT_GRANTED},
        {"allow tcp.listen=127.0.0.1:8080", "tcp.listen 192.168.1.5 8080", RT_DENIED},
        {"allow tcp.listen=127.0.0.1:8080", "tcp.listen - 8080", RT_DENIED},
        {"allow tcp.listen=127.0.0.1:8080", "tcp.listen 0.0.0.0 8080", RT_DENIED},
        {"allow tcp.listen=0.0.0.0:8080", "tcp.listen 0.0.0.0 8080", RT_GRANTED},
        {"allow tcp.listen=0.0.0.0:8080", "tcp.listen 127.0.0.1 8080", RT_GRANTED},
        {"allow tcp.listen=0.0.0.0:8080", "tcp.listen :: 8080", RT_DENIED},
        {"allow tcp.listen=0.0.0.0:8080", "tcp.listen - 8080", RT_DENIED},
        {"allow tcp.listen=[::]:8080", "tcp.listen - 8080", RT_GRANTED},
        {"allow tcp.listen=[::]:8080", "tcp.listen 0.0.0.0 8080", RT_GRANTED},
        {"allow tcp.listen; deny tcp.listen=192.168.1.5", "tcp.listen 0.0.0.0 8080", RT_DENIED},
        {"allow tcp.listen; deny tcp.listen=192.168.1.5", "tcp.listen :: 8080", RT_DENIED},
        {"allow tcp.listen; deny tcp.listen=192.168.1.5", "tcp.listen - 8080", RT_DENIED},
        {"allow tcp.listen; deny tcp.listen=192.168.1.5", "tcp.listen 127.0.0.1 8080", RT_GRANTED},
        {"allow tcp.listen; deny tcp.listen=2001:db8::5", "tcp.listen 0.0.0.0 8080", RT_GRANTED},
        {"allow tcp.listen; deny tcp.listen=0-1023", "tcp.listen - 80", RT_DENIED},
        {"allow udp.bind=5353", "udp.bind - 5353", RT_GRANTED},
        {"allow udp.bind=5353", "udp.bind - 0", RT_DENIED},
        {"allow udp.bind; deny udp.bind=5353", "udp.bind - 0", RT_GRANTED},
        {"allow udp.bind; deny udp.bind=5353", "udp.bind - -", RT_DENIED},
        {"allow udp.bind=0", "udp.bind 192.168.1.5 0", RT_GRANTED},
        {"allow udp.bind=224.0.0.251:5353", "udp.bind 224.0.0.251 5353", RT_GRANTED},
    };
    CHECK_VERDICTS(rows);
}

TEST(groups)
{
    static const struct verdict rows[] = {
        {"allow multicast=239.255.255.250:1900", "multicast.join 239.255.255.250 1900", RT_GRANTED},
        {"allow multicast=239.255.255.250:1900", "multicast.send 239.255.255.250 1900", RT_GRANTED},
        {"allow multicast=239.255.255.250:1900", "multicast.join 239.255.255.250 1901", RT_DENIED},
        {"allow multicast=239.255.255.250:1900", "multicast.join 239.255.255.250 0", RT_GRANTED},
        {"allow multicast=239.255.255.250:1900", "multicast.send 239.255.255.250 0", RT_DENIED},
        {"allow multicast=239.255.255.250:1900", "multicast.join 239.255.255.250 -", RT_DENIED},
        {"allow multicast=239.255.255.250:1900", "multicast.join 239.255.255.251 1900", RT_DENIED},
        {"allow multicast.join=224.0.0.251:5353", "multicast.send 224.0.0.251 5353", RT_DENIED},
        {"allow multicast.send=224.0.0.251:5353", "multicast.join 224.0.0.251 5353", RT_DENIED},
        {"allow multicast=239.0.0.0/8", "multicast.join 239.7.7.7 7", RT_GRANTED},
        {"allow multicast=ff02::fb", "multicast.join ff02::fb 5353", RT_GRANTED},
        {"allow multicast=[ff02::fb]:5353", "multicast.join ff02::fb%lo 5353", RT_GRANTED},
        {"allow multicast=ff02::/16", "multicast.join ff05::1 1", RT_DENIED},
        {"allow multicast", "multicast.send ff0e::1 1", RT_GRANTED},
        {"allow multicast; deny multicast=224.0.0.251:5353", "multicast.join 224.0.0.251 0", RT_DENIED},
        {"allow multicast; deny multicast=224.0.0.251:5353", "multicast.join 224.0.0.251 99", RT_GRANTED},
        {"allow multicast; deny multicast.send", "multicast.join 224.0.0.251 5353", RT_GRANTED},
        {"allow multicast; deny multicast.send", "multicast.send 224.0.0.251 5353", RT_DENIED},
        {"allow udp.send", "multicast.send 224.0.0.251 5353", RT_DENIED},
        {"allow broadcast=192.168.1.255:9", "broadcast 192.168.1.255 9", RT_GRANTED},
        {"allow broadcast=192.168.1.255:9", "broadcast 255.255.255.255 9", RT_DENIED},
        {"allow broadcast=255.255.255.255", "broadcast 255.255.255.255 9", RT_GRANTED},
        {"allow broadcast", "broadcast 192.168.1.255 9", RT_GRANTED},
    };
    CHECK_VERDICTS(rows);
}

TEST(interfaces_and_zones)
{
    static const struct verdict rows[] = {
        {"allow multicast=239.1.2.3@lo", "multicast.join 239.1.2.3 1 1", RT_GRANTED},
        {"allow multicast=239.1.2.3@1", "multicast.join 239.1.2.3 1 1", RT_GRANTED},
        {"allow multicast=239.1.2.3@lo", "multicast.join 239.1.2.3 1 2", RT_DENIED},
        {"allow multicast=239.1.2.3@lo", "multicast.join 239.1.2.3 1", RT_DENIED},
        {"allow multicast@lo", "multicast.join 239.1.2.3 1 1", RT_GRANTED},
        {"allow multicast@nowhere0", "multicast.join 239.1.2.3 1 1", RT_DENIED},
        {"allow multicast=239.1.2.3", "multicast.join 239.1.2.3 1 7", RT_GRANTED},
        {"allow multicast; deny multicast@lo", "multicast.join 239.1.2.3 1 1", RT_DENIED},
        {"allow multicast; deny multicast@lo", "multicast.join 239.1.2.3 1 2", RT_GRANTED},
        {"allow multicast; deny multicast@lo", "multicast.join 239.1.2.3 1", RT_DENIED},
        {"allow tcp.connect=fe80::1", "tcp.connect fe80::1%lo 80", RT_GRANTED},
        {"allow tcp.connect=fe80::1", "tcp.connect fe80::1 80", RT_GRANTED},
        {"allow tcp.connect=fe80::1%lo", "tcp.connect fe80::1%lo 80", RT_GRANTED},
        {"allow tcp.connect=[fe80::1%lo]:80", "tcp.connect fe80::1%lo 80", RT_GRANTED},
        {"allow tcp.connect=[fe80::1%1]:80", "tcp.connect fe80::1%lo 80", RT_GRANTED},
        {"allow tcp.connect=[fe80::1]:80@lo", "tcp.connect fe80::1%lo 80", RT_GRANTED},
        {"allow tcp.connect=fe80::1%lo", "tcp.connect fe80::1 80", RT_DENIED},
        {"allow tcp.connect=fe80::1%nowhere0", "tcp.connect fe80::1%lo 80", RT_DENIED},
        {"allow tcp.connect=fe80::1%lo", "tcp.connect fe80::1 80 1", RT_GRANTED},
        {"allow tcp.connect=fe80::1", "tcp.connect fe80::1%lo 80 2", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=fe80::1%lo", "tcp.connect fe80::1 80", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=fe80::1%nowhere0", "tcp.connect fe80::1%lo 80", RT_GRANTED},
        {"allow tcp.connect=fe80::/10@lo", "tcp.connect fe80::7%lo 80", RT_GRANTED},
    };
    CHECK_VERDICTS(rows);
}

TEST(overlap_with_a_deny_rule_is_denied)
{
    static const struct verdict rows[] = {
        {"allow tcp.connect=192.168.0.0/16; deny tcp.connect=192.168.1.1", "tcp.connect 192.168.1.1 80",
         RT_DENIED},
        {"allow tcp.connect=192.168.0.0/16; deny tcp.connect=192.168.1.1", "tcp.connect 192.168.1.2 80",
         RT_GRANTED},
        {"allow tcp.connect; deny tcp.connect=192.168.1.1", "tcp.connect - 80", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=*:25", "tcp.connect a.example -", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=*:25", "tcp.connect a.example 25", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=*:25", "tcp.connect a.example 26", RT_GRANTED},
        {"allow tcp.connect; deny tcp.connect=*.example.com", "tcp.connect a.example.com 1", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=*.example.com", "tcp.connect example.com 1", RT_GRANTED},
        {"allow tcp.connect; deny udp.send", "tcp.connect example.com 1", RT_GRANTED},
        {"deny tcp.connect; ask", "tcp.connect example.com 1", RT_DENIED},
        {"all; deny multicast", "multicast.send 239.1.1.1 1", RT_DENIED},
        /* A deny rule on classes waits for the address where there is only a name. */
        {"allow tcp.connect; deny tcp.connect=*,local", "tcp.connect a.example 80", RT_GRANTED},
        {"allow tcp.connect; deny tcp.connect=*,local", "tcp.connect 10.0.0.1 80", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=*,local", "tcp.connect 8.8.8.8 80", RT_GRANTED},
        {"allow tcp.connect; deny tcp.connect=*,local", "tcp.connect - 80", RT_DENIED},
        {"allow tcp.connect; deny tcp.connect=a.example", "tcp.connect a.example 80", RT_DENIED},
    };
    CHECK_VERDICTS(rows);
}

TEST(the_manifest_is_a_ceiling)
{
    static const struct verdict rows[] = {
        {"limit; declare tcp.connect=a.example:443", "tcp.connect a.example 443", RT_DENIED},
        {"limit; declare tcp.connect=a.example:443; ask", "tcp.connect a.example 443", RT_PROMPT},
        {"limit; declare tcp.connect=a.example:443; ask", "tcp.connect a.example 444", RT_DENIED},
        {"limit; declare tcp.connect=a.example:443; all", "tcp.connect a.example 443", RT_GRANTED},
        {"limit; declare tcp.connect=a.example:443; all", "tcp.connect a.example 444", RT_DENIED},
        {"limit; declare tcp.connect=a.example:443; all", "tcp.connect - -", RT_DENIED},
        {"limit; declare tcp.connect=*.example.com; allow tcp.connect=a.example.com:80",
         "tcp.connect a.example.com 80", RT_GRANTED},
        {"limit; declare tcp.connect=*.example.com; allow tcp.connect=a.example.com:80",
         "tcp.connect a.example.com 81", RT_DENIED},
        {"limit; declare tcp.connect=*.example.com; allow tcp.connect=a.example.com:80; ask",
         "tcp.connect a.example.com 81", RT_PROMPT},
        {"limit; declare multicast=239.255.255.250:1900; all", "multicast.join 239.255.255.250 0",
         RT_GRANTED},
        {"limit; declare multicast=239.255.255.250:1900; all", "multicast.join 224.0.0.251 5353", RT_DENIED},
        {"limit; all; declare tcp.connect; deny tcp.connect=a.example", "tcp.connect a.example 1", RT_DENIED},
        {"declare tcp.connect=a.example; all", "tcp.connect b.example 1", RT_GRANTED}, /* without limit */
    };
    CHECK_VERDICTS(rows);
}

TEST(classes_narrow_rules_on_addresses_too)
{
    static const struct verdict rows[] = {
        {"allow tcp.connect=*,public", "tcp.connect 8.8.8.8 80", RT_GRANTED},
        {"allow tcp.connect=*,public", "tcp.connect 10.0.0.1 80", RT_DENIED},
        {"allow tcp.connect=*,public", "tcp.connect 203.0.113.5 80", RT_DENIED}, /* own */
        {"allow tcp.connect=*,loopback", "tcp.connect 203.0.113.5 80", RT_GRANTED},
        {"allow tcp.connect=203.0.113.5", "tcp.connect 203.0.113.5 80", RT_GRANTED},
        {"allow tcp.connect,public,local", "tcp.connect 10.0.0.1 80", RT_GRANTED},
        {"allow tcp.connect,public", "tcp.connect a.example 80", RT_GRANTED},
        {"allow tcp.connect,public", "tcp.connect - 80", RT_DENIED},
        {"allow tcp.connect=*,public,local,link-local,loopback", "tcp.connect 240.0.0.1 80", RT_DENIED},
        {"allow tcp.connect=192.168.0.0/16,local", "tcp.connect 192.168.1.1 80", RT_GRANTED},
        {"allow tcp.connect=0.0.0.0/0,public", "tcp.connect 64:ff9b::8.8.8.8 80", RT_DENIED},
    };
    own_address = "203.0.113.5";
    CHECK_VERDICTS(rows);
    own_address = NULL;
}

TEST(resolved_addresses_are_checked_again)
{
    static const struct {
        const char *set_up, *query, *address;
        bool fine;
    } rows[] = {
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "8.8.8.8", true},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "2a00:1450::1", true},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "10.0.0.1", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "192.168.1.1", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "169.254.169.254", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "127.0.0.1", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "0.0.0.0", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "::1", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "::", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "fe80::1%lo", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "fd00::1", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "64:ff9b::8.8.8.8", true},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "64:ff9b::10.0.0.1", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "2002:c0a8:101::1", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "240.0.0.1", false},
        {"allow tcp.connect=a.example", "tcp.connect a.example 80", "203.0.113.5", false}, /* own */
        {"allow tcp.connect=a.example,loopback", "tcp.connect a.example 80", "203.0.113.5", true},
        {"allow tcp.connect=a.example,local", "tcp.connect a.example 80", "10.0.0.1", true},
        {"allow tcp.connect=a.example,local", "tcp.connect a.example 80", "8.8.8.8", false},
        {"allow tcp.connect=a.example,public,local", "tcp.connect a.example 80", "8.8.8.8", true},
        {"allow tcp.connect=a.example,link-local", "tcp.connect a.example 80", "169.254.1.1", true},
        {"allow tcp.connect=a.example; allow tcp.connect=*.example.com,local", "tcp.connect a.example 80",
         "10.0.0.1", false},
        {"allow tcp.connect=*.example.com; allow tcp.connect=a.example.com,local",
         "tcp.connect a.example.com 80", "10.0.0.1", true},
        {"allow tcp.connect=tv.local", "tcp.connect tv.local 80", "192.168.1.9", true},
        {"allow tcp.connect=*.local", "tcp.connect tv.local 80", "fe80::9%lo", true},
        {"allow tcp.connect=*.local", "tcp.connect tv.local 80", "8.8.8.8", false},
        {"allow tcp.connect=*.local", "tcp.connect tv.local 80", "127.0.0.1", false},
        {"allow tcp.connect=localhost", "tcp.connect localhost 80", "127.0.0.1", true},
        {"allow tcp.connect=localhost", "tcp.connect localhost 80", "::1", true},
        {"allow tcp.connect=localhost", "tcp.connect localhost 80", "8.8.8.8", false},
        {"allow tcp.connect", "tcp.connect a.example 80", "10.0.0.1", true},
        {"allow tcp.connect", "tcp.connect a.example 80", "203.0.113.5", true},
        {"allow tcp.connect", "tcp.connect a.example 80", "240.0.0.1", true},
        {"all", "tcp.connect a.example 80", "224.0.0.1", false},
        {"all", "tcp.connect a.example 80", "ff02::1%lo", false},
        {"all", "udp.send a.example 80", "255.255.255.255", false},
        {"all", "udp.send a.example 80", "0.0.0.0", false},
        {"all", "udp.send a.example 80", "64:ff9b::0.0.0.0", false},
        {"all; deny tcp.connect=10.0.0.0/8", "tcp.connect a.example 80", "10.0.0.1", false},
        {"all; deny tcp.connect=10.0.0.0/8:443", "tcp.connect a.example 80", "10.0.0.1", true},
        {"all; deny tcp.connect=10.0.0.0/8", "tcp.connect a.example 80", "64:ff9b::10.0.0.1", false},
        {"all; deny tcp.connect=10.0.0.0/8", "tcp.connect a.example 80", "2002:a00:1::1", false},
        {"all; deny tcp.connect=*,local", "tcp.connect a.example 80", "10.0.0.1", false},
        {"all; deny tcp.connect=*,local", "tcp.connect a.example 80", "8.8.8.8", true},
        {"all; deny tcp.connect=*,loopback", "tcp.connect a.example 80", "203.0.113.5", false},
        {"all; deny tcp.connect=a.example,local", "tcp.connect a.example 80", "10.0.0.1", false},
        {"all; deny tcp.connect=a.example,local", "tcp.connect b.example 80", "10.0.0.1", true},
        {"limit; declare tcp.connect=a.example; all", "tcp.connect a.example 80", "10.0.0.1", false},
        {"limit; declare tcp.connect=a.example,local; all", "tcp.connect a.example 80", "10.0.0.1", true},
        {"limit; declare tcp.connect=a.example,local; allow tcp.connect=a.example",
         "tcp.connect a.example 80", "10.0.0.1", false},
        {"", "tcp.connect a.example 80", "8.8.8.8", false},
        {"allow tcp.connect=a.example:80", "tcp.connect a.example 81", "8.8.8.8", false},
        {"all", "tcp.connect a.example 80 7", "fe80::1%lo", false}, /* another link than asked for */
    };
    own_address = "203.0.113.5";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rt_permissions *p = set_up(rows[i].set_up);
        struct rt_host host, resolved;
        struct rt_permission_query query = ask_for(rows[i].query, &host);
        CHECK_INT(rt_host_parse(rows[i].address, strlen(rows[i].address), &resolved), 0);
        bool fine = rt_permission_address(p, &query, (struct sockaddr *)&resolved.address);
        if (fine != rows[i].fine) {
            printf("# with \"%s\": %s at %s\n", rows[i].set_up, rows[i].query, rows[i].address);
        }
        CHECK_INT(fine, rows[i].fine);
        char text[RT_EXPLAIN_MAX];
        rt_permission_explain_address(p, &query, (struct sockaddr *)&resolved.address, text, sizeof(text));
        rt_permissions_destroy(p);
    }
    own_address = NULL;
}

/* Resolvers may answer with IPv4 in IPv6 clothes. */
TEST(a_mapped_answer_is_checked_as_ipv4)
{
    struct rt_permissions *p = set_up("all; deny tcp.connect=10.0.0.0/8");
    struct rt_host host;
    struct rt_permission_query query = ask_for("tcp.connect a.example 80", &host);
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    CHECK_INT(inet_pton(AF_INET6, "::ffff:10.0.0.1", &mapped.sin6_addr), 1);
    CHECK(!rt_permission_address(p, &query, (struct sockaddr *)&mapped));
    CHECK_INT(inet_pton(AF_INET6, "::ffff:11.0.0.1", &mapped.sin6_addr), 1);
    CHECK(rt_permission_address(p, &query, (struct sockaddr *)&mapped));
    CHECK_INT(inet_pton(AF_INET6, "::ffff:0.0.0.0", &mapped.sin6_addr), 1);
    CHECK(!rt_permission_address(p, &query, (struct sockaddr *)&mapped));
    rt_permissions_destroy(p);
    p = set_up("allow tcp.connect=a.example");
    CHECK_INT(inet_pton(AF_INET6, "::ffff:192.168.0.1", &mapped.sin6_addr), 1);
    CHECK(!rt_permission_address(p, &query, (struct sockaddr *)&mapped));
    rt_permissions_destroy(p);
}

TEST(an_answer_that_can_be_no_other_than_no_has_no_addresses)
{
    struct rt_permissions *p = set_up("all");
    struct rt_host host, address;
    struct rt_permission_query query = ask_for("tcp.connect a.example 65536", &host);
    CHECK_INT(rt_host_parse("8.8.8.8", 7, &address), 0);
    CHECK(!rt_permission_address(p, &query, (struct sockaddr *)&address.address));
    CHECK_INT(rt_permissions_grant_once(p, &query), -EINVAL);
    rt_permissions_destroy(p);
}

TEST(any_asks_whether_a_socket_may_be_made_at_all)
{
    static const struct {
        const char *set_up, *operation;
        bool any;
    } rows[] = {
        {"", "udp.send", false},
        {"ask", "udp.send", false},
        {"allow udp.send=a.example:1", "udp.send", true},
        {"allow udp.send=a.example:1", "udp.bind", false},
        {"allow multicast=239.1.1.1", "multicast.join", true},
        {"allow multicast=239.1.1.1", "multicast.send", true},
        {"allow multicast.join=239.1.1.1", "multicast.send", false},
        {"all", "broadcast", true},
        {"all; limit", "broadcast", false},
        {"all; limit; declare broadcast=192.168.1.255", "broadcast", true},
        {"allow udp.send=a.example; limit; declare udp.send=b.example", "udp.send", false},
        {"allow udp.send=a.example; limit; declare udp.send=*", "udp.send", true},
        {"allow udp.send=*.b.example; limit; declare udp.send=a.b.example", "udp.send", true},
        {"allow udp.send=a.example; limit; declare udp.send=a.example,local", "udp.send", false},
        {"all; deny udp.send", "udp.send", false},
        {"all; deny udp.send=a.example", "udp.send", true},
        {"allow udp.send=a.example; deny udp.send=*", "udp.send", false},
        {"allow multicast@lo; limit; declare multicast=239.1.1.1@lo", "multicast.join", true},
        {"allow multicast@lo; limit; declare multicast=239.1.1.1@1", "multicast.join", true},
        {"allow multicast@lo; limit; declare multicast=239.1.1.1@nowhere0", "multicast.join", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rt_permissions *p = set_up(rows[i].set_up);
        enum rt_operation operation = RT_OPERATION_COUNT;
        CHECK_INT(rt_operation_parse(rows[i].operation, strlen(rows[i].operation), &operation), 0);
        if (rt_permission_any(p, operation) != rows[i].any) {
            printf("# with \"%s\": any %s\n", rows[i].set_up, rows[i].operation);
        }
        CHECK_INT(rt_permission_any(p, operation), rows[i].any);
        rt_permissions_destroy(p);
    }
}

TEST(answers_for_this_run)
{
    struct rt_permissions *p = set_up("ask");
    struct rt_host host, other_host;
    struct rt_permission_query query = ask_for("tcp.connect a.example 80", &host);
    struct rt_permission_query other = ask_for("tcp.connect a.example 81", &other_host);
    CHECK_INT(rt_permissions_grant(p, &query), 0);
    CHECK_INT(rt_permission_state(p, &query), RT_GRANTED);
    CHECK_INT(rt_permission_use(p, &query), RT_GRANTED);
    CHECK_INT(rt_permission_use(p, &query), RT_GRANTED);
    CHECK_INT(rt_permission_state(p, &other), RT_PROMPT);
    /* Agreeing to a name is not agreeing to the local network. */
    CHECK(address_fine(p, &query, "8.8.8.8"));
    CHECK(!address_fine(p, &query, "10.0.0.1"));
    CHECK_INT(rt_permissions_refuse(p, &other), 0);
    CHECK_INT(rt_permission_state(p, &other), RT_DENIED);
    CHECK_INT(rt_permission_state(p, &query), RT_GRANTED);
    CHECK(rt_permission_settled(p, &query) && rt_permission_settled(p, &other));
    /* Refusing what was granted takes it back. */
    CHECK_INT(rt_permissions_refuse(p, &query), 0);
    CHECK_INT(rt_permission_state(p, &query), RT_DENIED);
    rt_permissions_destroy(p);
}

TEST(an_answer_under_a_manifest_takes_the_declared_classes)
{
    struct rt_permissions *p = set_up("ask; limit; declare tcp.connect=nas.example,local");
    struct rt_host host;
    struct rt_permission_query query = ask_for("tcp.connect nas.example 80", &host);
    CHECK_INT(rt_permissions_grant(p, &query), 0);
    CHECK(address_fine(p, &query, "10.0.0.1"));
    CHECK(!address_fine(p, &query, "8.8.8.8"));
    rt_permissions_destroy(p);
}

TEST(once_is_used_up_by_the_operation_and_not_by_questions)
{
    struct rt_permissions *p = set_up("ask");
    struct rt_host host;
    struct rt_permission_query query = ask_for("tcp.connect a.example 80", &host);
    CHECK_INT(rt_permissions_grant_once(p, &query), 0);
    CHECK_INT(rt_permission_state(p, &query), RT_GRANTED);
    CHECK_INT(rt_permission_state(p, &query), RT_GRANTED);
    CHECK(!rt_permission_settled(p, &query));
    CHECK(rt_permission_any(p, RT_TCP_CONNECT));
    CHECK_INT(rt_permission_use(p, &query), RT_GRANTED);
    CHECK_INT(rt_permission_use(p, &query), RT_PROMPT);
    CHECK_INT(rt_permission_state(p, &query), RT_PROMPT);
    CHECK(!rt_permission_any(p, RT_TCP_CONNECT));
    /* The operation that it was used for still resolves its name. */
    CHECK(address_fine(p, &query, "8.8.8.8"));
    CHECK(!address_fine(p, &query, "10.0.0.1"));
    /* Two answers are two operations. */
    CHECK_INT(rt_permissions_grant_once(p, &query), 0);
    CHECK_INT(rt_permissions_grant_once(p, &query), 0);
    CHECK_INT(rt_permission_use(p, &query), RT_GRANTED);
    CHECK_INT(rt_permission_use(p, &query), RT_GRANTED);
    CHECK_INT(rt_permission_use(p, &query), RT_PROMPT);
    rt_permissions_destroy(p);
}

TEST(once_keeps_a_bounded_number)
{
    struct rt_permissions *p = set_up("ask");
    struct rt_host host;
    struct rt_permission_query query = ask_for("tcp.connect a.example 0", &host);
    for (int i = 0; i < RT_ONCE_MAX; i++) {
        query.port = i;
        CHECK_INT(rt_permissions_grant_once(p, &query), 0);
    }
    query.port = 5;
    CHECK_INT(rt_permission_use(p, &query), RT_GRANTED);
    query.port = 100; /* takes the place of the used one */
    CHECK_INT(rt_permissions_grant_once(p, &query), 0);
    query.port = 0;
    CHECK_INT(rt_permission_state(p, &query), RT_GRANTED);
    query.port = 101; /* takes the place of the oldest */
    CHECK_INT(rt_permissions_grant_once(p, &query), 0);
    query.port = 0;
    CHECK_INT(rt_permission_state(p, &query), RT_PROMPT);
    query.port = 100;
    CHECK_INT(rt_permission_state(p, &query), RT_GRANTED);
    rt_permissions_destroy(p);
}

TEST(a_deny_rule_beats_every_answer)
{
    struct rt_permissions *p = set_up("ask; deny tcp.connect=a.example");
    struct rt_host host;
    struct rt_permission_query query = ask_for("tcp.connect a.example 80", &host);
    CHECK_INT(rt_permissions_grant(p, &query), 0);
    CHECK_INT(rt_permissions_grant_once(p, &query), 0);
    CHECK_INT(rt_permission_state(p, &query), RT_DENIED);
    query = ask_for("udp.send 239.1.1.1 80", &host);
    CHECK_INT(rt_permissions_grant(p, &query), -EINVAL);
    CHECK_INT(rt_permissions_refuse(p, &query), -EINVAL);
    rt_permissions_destroy(p);
}

TEST(the_number_of_rules_is_bounded)
{
    struct rt_permissions *p = set_up("ask");
    char rule[64], error[RT_RULE_ERROR_MAX] = "";
    for (int i = 0; i < RT_RULES_MAX; i++) {
        snprintf(rule, sizeof(rule), "tcp.connect=h%d.example", i);
        CHECK_INT(rt_permissions_allow(p, rule, error), 0);
    }
    CHECK_INT(rt_permissions_allow(p, "tcp.connect=last.example", error), -E2BIG);
    CHECK_STR(error, "more than 1024 rules");
    CHECK_INT(rt_permissions_deny(p, "tcp.connect=h1.example", error), 0);
    struct rt_host host;
    struct rt_permission_query query = ask_for("tcp.connect h1023.example 80", &host);
    CHECK_INT(rt_permission_state(p, &query), RT_GRANTED);
    CHECK_INT(rt_permissions_grant(p, &query), 0); /* is there already */
    query = ask_for("tcp.connect other.example 80", &host);
    CHECK_INT(rt_permissions_grant(p, &query), -E2BIG);
    rt_permissions_destroy(p);
}

TEST(bad_rules_are_told_what_is_wrong)
{
    static const struct {
        const char *rule, *error;
    } rows[] = {
        {"",
         "\"\" is no operation: use tcp.connect, tcp.listen, udp.send, udp.bind, multicast, multicast.join, "
         "multicast.send, broadcast or tls.insecure"},
        {"tcp.conect=a.example",
         "\"tcp.conect\" is no operation: use tcp.connect, tcp.listen, udp.send, udp.bind, "
         "multicast, multicast.join, multicast.send, broadcast or tls.insecure"},
        {"TCP.connect", "\"TCP.connect\" is no operation: use tcp.connect, tcp.listen, udp.send, udp.bind, "
                        "multicast, multicast.join, multicast.send, broadcast or tls.insecure"},
        {"tcp.connect=", "\"\" lacks a host: * stands for every host"},
        {"tcp.connect=:80", "\":80\" lacks a host: * stands for every host"},
        {"tcp.connect=443", "\"443\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1"},
        {"tcp.connect=0x7f.1",
         "\"0x7f.1\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1"},
        {"tcp.connect=a b", "\"a?b\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1"},
        {"tcp.connect=a.example:http",
         "\"http\" is no port: write a number up to 65535, a range as 8000-8099, or *"},
        {"tcp.connect=a.example:65536",
         "\"65536\" is no port: write a number up to 65535, a range as 8000-8099, or *"},
        {"tcp.connect=a.example:080",
         "\"080\" is no port: write a number up to 65535, a range as 8000-8099, or *"},
        {"tcp.connect=a.example:9-8",
         "\"9-8\" is no port: write a number up to 65535, a range as 8000-8099, or *"},
        {"tcp.connect=a.example:-8",
         "\"-8\" is no port: write a number up to 65535, a range as 8000-8099, or *"},
        {"tcp.connect=a.example:8-",
         "\"8-\" is no port: write a number up to 65535, a range as 8000-8099, or *"},
        {"tcp.connect=a.example:", "\"\" is no port: write a number up to 65535, a range as 8000-8099, or *"},
        {"tcp.listen=8080-", "\"8080-\" is no port: write a number up to 65535, a range as 8000-8099, or *"},
        {"tcp.connect=*.com", "*.com is too wide: at least two labels follow the *, as in *.example.com"},
        {"tcp.connect=*.", "\"*.\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1"},
        {"tcp.connect=*x.com",
         "\"*x.com\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1"},
        {"tcp.connect=a.*.com",
         "\"a.*.com\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1"},
        {"tcp.connect=*.*.com",
         "\"*.*.com\" is no pattern: a * stands alone or before a name, as in *.example.com"},
        {"tcp.connect=*.1.2.3.4",
         "\"*.1.2.3.4\" is no pattern: a * stands alone or before a name, as in *.example.com"},
        {"tcp.connect=192.168.1.1/16",
         "192.168.1.1/16 has bits set behind its prefix: write the first address of the network"},
        {"tcp.connect=fd00::1/8",
         "fd00::1/8 has bits set behind its prefix: write the first address of the network"},
        {"tcp.connect=10.0.0.0/33", "\"10.0.0.0/33\" is no network: write 192.168.0.0/16 or fd00::/8"},
        {"tcp.connect=10.0.0.0/", "\"10.0.0.0/\" is no network: write 192.168.0.0/16 or fd00::/8"},
        {"tcp.connect=10.0.0.0/08", "\"10.0.0.0/08\" is no network: write 192.168.0.0/16 or fd00::/8"},
        {"tcp.connect=a.example/8", "\"a.example/8\" is no network: write 192.168.0.0/16 or fd00::/8"},
        {"tcp.connect=fe80::%lo/10", "\"fe80::%lo/10\" is no network: write 192.168.0.0/16 or fd00::/8"},
        {"tcp.connect=::ffff:0.0.0.0/95",
         "\"::ffff:0.0.0.0/95\" holds more than the mapped IPv4 addresses: write the IPv4 network"},
        {"tcp.connect=[::1", "\"[::1\" lacks the closing ]"},
        {"tcp.connect=[::1]80",
         "\"[::1]80\" is no host: brackets hold one IPv6 address, and :PORT may follow"},
        {"tcp.connect=[1.2.3.4]:80",
         "\"[1.2.3.4]:80\" is no host: brackets hold one IPv6 address, and :PORT may follow"},
        {"tcp.connect=[[::1]]:80",
         "\"[[::1]]:80\" is no host: brackets hold one IPv6 address, and :PORT may follow"},
        {"tcp.connect=a.example,lan",
         "\"lan\" is no modifier: use public, local, link-local, loopback or tls"},
        {"tcp.connect=a.example,", "\"\" is no modifier: use public, local, link-local, loopback or tls"},
        {"tcp.listen=8080,local",
         "\"tcp.listen=8080,local\": address classes are for tcp.connect, udp.send and tls.insecure only"},
        {"tcp.listen=a.example:80",
         "\"a.example:80\" is a name: this operation takes addresses and networks"},
        {"multicast=a.example", "\"a.example\" is a name: this operation takes addresses and networks"},
        {"multicast=10.0.0.1", "\"10.0.0.1\" is no multicast group or network of groups"},
        {"multicast=0.0.0.0/0", "\"0.0.0.0/0\" is no multicast group or network of groups"},
        {"udp.send=239.1.1.1",
         "\"239.1.1.1\" is a multicast group: use multicast, multicast.join or multicast.send"},
        {"udp.send=255.255.255.255", "\"255.255.255.255\" is a broadcast address: use broadcast"},
        {"tcp.connect=a.example@", "\"\" is no interface: a name such as eth0, or a number, follows the @"},
        {"tcp.connect=a.example@a/b",
         "\"a/b\" is no interface: a name such as eth0, or a number, follows the @"},
        {"tcp.connect=a.example@0123456789abcdef",
         "\"0123456789abcdef\" is no interface: a name such as eth0, or a number, follows the @"},
        {"tcp.connect=[fe80::1%lo]:80@eth0", "\"[fe80::1%lo]:80\" has a zone and an interface that differ"},
        {"tcp.connect=::1%lo",
         "\"::1%lo\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1"},
        {"tcp.connect=\033[2J\xe2\x80\xae",
         "\"?[2J???\" is no host: write a name, or an address as in 192.0.2.1 or 2001:db8::1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[RT_RULE_ERROR_MAX] = "";
        struct rt_rule rule;
        CHECK_INT(rt_rule_parse(rows[i].rule, RT_RULE_ALLOW, error, &rule), -EINVAL);
        CHECK_STR(error, rows[i].error);
    }
    char *long_rule = malloc(10000);
    CHECK(long_rule != NULL);
    if (long_rule != NULL) {
        memset(long_rule, 'a', 9999);
        long_rule[9999] = '\0';
        char error[RT_RULE_ERROR_MAX] = "";
        struct rt_rule rule;
        CHECK_INT(rt_rule_parse(long_rule, RT_RULE_ALLOW, error, &rule), -EINVAL);
        free(long_rule);
    }
}

TEST(rules_print_as_they_are_read)
{
    static const struct {
        const char *rule, *printed;
    } rows[] = {
        {"tcp.connect", "tcp.connect"},
        {"tcp.connect=*", "tcp.connect"},
        {"tcp.connect=*:*", "tcp.connect"},
        {"tcp.connect=*:443", "tcp.connect=*:443"},
        {"tcp.listen=8080", "tcp.listen=8080"},
        {"tcp.listen=*:8080", "tcp.listen=8080"},
        {"tcp.connect=0.0.0.0/32", "tcp.connect=127.0.0.1"},
        {"tcp.connect=::ffff:0.0.0.0/128", "tcp.connect=127.0.0.1"},
        {"tcp.connect=10.1.2.3/32", "tcp.connect=10.1.2.3"},
        {"tcp.listen=[::]:8080", "tcp.listen=8080"},
        {"tcp.listen=0.0.0.0:8080", "tcp.listen=0.0.0.0/0:8080"},
        {"udp.send=A.Example.:53", "udp.send=a.example:53"},
        {"udp.send=a.example:53-53", "udp.send=a.example:53"},
        {"tcp.connect=*.Local", "tcp.connect=*.local"},
        {"tcp.connect=[2001:DB8::1]:80", "tcp.connect=[2001:db8::1]:80"},
        {"tcp.connect=[2001:DB8::1]", "tcp.connect=2001:db8::1"},
        {"tcp.connect=[2001:db8::/32]:80-90", "tcp.connect=[2001:db8::/32]:80-90"},
        {"tcp.connect=fe80::1%eth7", "tcp.connect=fe80::1@eth7"},
        {"tcp.connect=10.0.0.0/8,local,public@eth7", "tcp.connect=10.0.0.0/8,public,local@eth7"},
        {"multicast=239.255.255.250:1900@1", "multicast=239.255.255.250:1900@lo"},
        {"multicast.join@999999", "multicast.join@999999"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[RT_RULE_ERROR_MAX] = "", printed[RT_RULE_TEXT_MAX], again[RT_RULE_TEXT_MAX];
        struct rt_rule rule;
        CHECK_INT(rt_rule_parse(rows[i].rule, RT_RULE_ALLOW, error, &rule), 0);
        rt_rule_format(&rule, printed, sizeof(printed));
        CHECK_STR(printed, rows[i].printed);
        CHECK_INT(rt_rule_parse(printed, RT_RULE_ALLOW, error, &rule), 0);
        rt_rule_format(&rule, again, sizeof(again));
        CHECK_STR(again, printed);
    }
}

TEST(a_denial_says_what_would_permit_it)
{
    static const struct {
        const char *set_up, *query, *text;
    } rows[] = {
        {"", "tcp.connect mail.example.com 993",
         "tcp.connect to mail.example.com:993 is not permitted; run with --allow "
         "tcp.connect=mail.example.com:993"},
        {"", "tcp.connect 2001:db8::1 80",
         "tcp.connect to [2001:db8::1]:80 is not permitted; run with --allow tcp.connect=[2001:db8::1]:80"},
        {"", "tcp.connect a.example -",
         "tcp.connect to a.example, any port is not permitted; run with --allow tcp.connect=a.example"},
        {"", "tcp.connect 0.0.0.0 80",
         "tcp.connect to 0.0.0.0:80 is not permitted; run with --allow tcp.connect=127.0.0.1:80"},
        {"", "udp.send - -", "udp.send to any host, any port is not permitted; run with --allow udp.send"},
        {"", "udp.send - 53",
         "udp.send to any host, port 53 is not permitted; run with --allow udp.send=*:53"},
        {"", "tcp.listen - 8080",
         "tcp.listen on any address, port 8080 is not permitted; run with --allow tcp.listen=8080"},
        {"", "tcp.listen - 0",
         "tcp.listen on any address, an ephemeral port is not permitted; run with --allow tcp.listen=0"},
        {"", "udp.bind 192.168.1.5 0",
         "udp.bind on 192.168.1.5, an ephemeral port is not permitted; run with --allow "
         "udp.bind=192.168.1.5:0"},
        {"", "multicast.join 239.255.255.250 1900 1",
         "multicast.join of 239.255.255.250:1900, on lo is not permitted; run with --allow "
         "multicast.join=239.255.255.250:1900@lo"},
        {"", "multicast.join 239.255.255.250 0",
         "multicast.join of 239.255.255.250, from an ephemeral port is not permitted; run with --allow "
         "multicast.join=239.255.255.250"},
        {"", "multicast.send ff02::fb%lo 5353",
         "multicast.send to [ff02::fb%lo]:5353 is not permitted; run with --allow "
         "multicast.send=[ff02::fb]:5353@lo"},
        {"ask", "tcp.connect a.example 80",
         "tcp.connect to a.example:80 is not permitted yet; ask with requestPermission() or run with --allow "
         "tcp.connect=a.example:80"},
        {"limit", "tcp.connect mail.example.com 993",
         "tcp.connect to mail.example.com:993 is not declared in the manifest; add "
         "{\"host\": \"mail.example.com\", \"port\": 993} to permissions[\"tcp.connect\"]"},
        {"limit; all; ask", "tcp.listen - 8080",
         "tcp.listen on any address, port 8080 is not declared in the manifest; add {\"port\": 8080} to "
         "permissions[\"tcp.listen\"]"},
        {"limit", "multicast.send 224.0.0.251 5353",
         "multicast.send to 224.0.0.251:5353 is not declared in the manifest; add {\"group\": "
         "\"224.0.0.251\", "
         "\"port\": 5353, \"ops\": [\"send\"]} to permissions[\"multicast\"]"},
        {"limit", "multicast.join 224.0.0.251 0 1",
         "multicast.join of 224.0.0.251, from an ephemeral port, on lo is not declared in the manifest; add "
         "{\"group\": \"224.0.0.251\", \"port\": \"*\", \"ops\": [\"join\"], \"interface\": \"lo\"} to "
         "permissions[\"multicast\"]"},
        {"limit", "udp.send - -",
         "udp.send to any host, any port is not declared in the manifest; add {\"host\": \"*\", \"port\": "
         "\"*\"} to "
         "permissions[\"udp.send\"]"},
        {"limit; declare tcp.connect=a.example:80", "tcp.connect a.example 80",
         "tcp.connect to a.example:80 is not permitted; run with --allow tcp.connect=a.example:80"},
        {"all; deny tcp.connect=*.example.com:1-99", "tcp.connect a.example.com 80",
         "tcp.connect to a.example.com:80 is denied by the rule --deny tcp.connect=*.example.com:1-99"},
        {"all", "udp.send 239.1.2.3 5000",
         "udp.send to 239.1.2.3:5000 can't be permitted: a multicast group needs multicast.join and "
         "multicast.send"},
        {"all", "udp.send 255.255.255.255 9",
         "udp.send to 255.255.255.255:9 can't be permitted: a broadcast address needs broadcast"},
        {"all", "multicast.join a.example 9",
         "multicast.join of a.example:9 can't be permitted: it takes an address, not a name"},
        {"all", "multicast.join 10.0.0.1 9",
         "multicast.join of 10.0.0.1:9 can't be permitted: not a multicast group"},
        {"all", "tcp.connect a.example 65536",
         "tcp.connect to a.example:65536 can't be permitted: there is no such port"},
        {"all", "tcp.connect fe80::1%lo 80 9999",
         "tcp.connect to [fe80::1%lo]:80, on 9999 can't be permitted: the address belongs to another "
         "interface"},
        {"all", "tcp.connect a.example 80", "tcp.connect to a.example:80 is permitted"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rt_permissions *p = set_up(rows[i].set_up);
        struct rt_host host;
        struct rt_permission_query query = ask_for(rows[i].query, &host);
        char text[RT_EXPLAIN_MAX];
        rt_permission_explain(p, &query, text, sizeof(text));
        CHECK_STR(text, rows[i].text);
        char shorter[20]; /* is cut, ended, and nothing behind it is written */
        memset(shorter, 'x', sizeof(shorter));
        rt_permission_explain(p, &query, shorter, 10);
        CHECK(memcmp(shorter, text, 9) == 0 && shorter[9] == '\0' && shorter[10] == 'x');
        rt_permissions_destroy(p);
    }
}

TEST(what_the_suggestion_says_does_permit_it)
{
    static const char *const queries[] = {
        "tcp.connect mail.example.com 993",
        "tcp.connect 2001:db8::1 80",
        "tcp.connect 10.0.0.1 -",
        "tcp.connect 0.0.0.0 80",
        "tcp.connect :: 80",
        "tcp.connect - 80",
        "tcp.connect - -",
        "tcp.connect fe80::1%lo 80",
        "tcp.listen - 8080",
        "tcp.listen - 0",
        "tcp.listen - -",
        "tcp.listen 0.0.0.0 8080",
        "tcp.listen :: 8080",
        "tcp.listen 127.0.0.1 80 1",
        "udp.bind 192.168.1.5 0",
        "udp.bind 224.0.0.251 5353",
        "multicast.join 239.1.2.3 0",
        "multicast.join 239.1.2.3 5000 1",
        "multicast.send ff02::fb%lo 5353",
        "multicast.join - -",
        "broadcast 255.255.255.255 9",
        "udp.send a.example 0",
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct rt_permissions *p = set_up("");
        struct rt_host host;
        struct rt_permission_query query = ask_for(queries[i], &host);
        char text[RT_EXPLAIN_MAX], error[RT_RULE_ERROR_MAX] = "";
        rt_permission_explain(p, &query, text, sizeof(text));
        const char *rule = strstr(text, "--allow ");
        CHECK(rule != NULL);
        CHECK_INT(rt_permissions_allow(p, rule != NULL ? rule + 8 : "", error), 0);
        if (rt_permission_state(p, &query) != RT_GRANTED) {
            printf("# %s\n", text);
        }
        CHECK_INT(rt_permission_state(p, &query), RT_GRANTED);
        rt_permissions_destroy(p);
    }
}

TEST(a_refused_address_says_why)
{
    static const struct {
        const char *set_up, *query, *address, *text;
    } rows[] = {
        {"allow tcp.connect=nas.example.com", "tcp.connect nas.example.com 80", "192.168.1.5",
         "tcp.connect to nas.example.com:80: the name resolved to 192.168.1.5, a local address, which is not "
         "permitted for this name; run with --allow tcp.connect=nas.example.com:80,local"},
        {"allow tcp.connect=nas.example.com", "tcp.connect nas.example.com 80", "fe80::5%lo",
         "tcp.connect to nas.example.com:80: the name resolved to fe80::5%lo, a link-local address, which is "
         "not "
         "permitted for this name; run with --allow tcp.connect=nas.example.com:80,link-local"},
        {"allow tcp.connect=nas.example.com", "tcp.connect nas.example.com 80", "203.0.113.5",
         "tcp.connect to nas.example.com:80: the name resolved to 203.0.113.5, an address of this device, "
         "which is "
         "not permitted for this name; run with --allow tcp.connect=nas.example.com:80,loopback"},
        {"allow udp.send=*.local", "udp.send tv.local 80 1", "8.8.8.8",
         "udp.send to tv.local:80, on lo: the name resolved to 8.8.8.8, a public address, which is not "
         "permitted "
         "for this name; run with --allow udp.send=tv.local:80,public@lo"},
        {"all; limit; declare tcp.connect=nas.example.com", "tcp.connect nas.example.com 80", "192.168.1.5",
         "tcp.connect to nas.example.com:80: the name resolved to 192.168.1.5, a local address, which is not "
         "permitted for this name; add {\"host\": \"nas.example.com\", \"port\": 80, \"space\": [\"local\"]} "
         "to "
         "permissions[\"tcp.connect\"]"},
        {"all; deny tcp.connect=192.168.0.0/16", "tcp.connect nas.example.com 80", "192.168.1.5",
         "tcp.connect to nas.example.com:80: the name resolved to 192.168.1.5, which is denied by the rule "
         "--deny "
         "tcp.connect=192.168.0.0/16"},
        {"all; deny tcp.connect=*,local", "tcp.connect nas.example.com 80", "192.168.1.5",
         "tcp.connect to nas.example.com:80: the name resolved to 192.168.1.5, which is denied by the rule "
         "--deny "
         "tcp.connect,local"},
        {"all", "tcp.connect nas.example.com 80", "224.0.0.1",
         "tcp.connect to nas.example.com:80: the name resolved to 224.0.0.1, which is never used for a name"},
        {"allow tcp.connect=nas.example.com", "tcp.connect nas.example.com 80", "240.0.0.1",
         "tcp.connect to nas.example.com:80: the name resolved to 240.0.0.1, a reserved address, which only "
         "a rule "
         "for every host (*) covers"},
    };
    own_address = "203.0.113.5";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rt_permissions *p = set_up(rows[i].set_up);
        struct rt_host host, resolved;
        struct rt_permission_query query = ask_for(rows[i].query, &host);
        CHECK_INT(rt_host_parse(rows[i].address, strlen(rows[i].address), &resolved), 0);
        char text[RT_EXPLAIN_MAX], error[RT_RULE_ERROR_MAX];
        rt_permission_explain_address(p, &query, (struct sockaddr *)&resolved.address, text, sizeof(text));
        CHECK_STR(text, rows[i].text);
        const char *rule = strstr(text, "--allow ");
        if (rule != NULL) {
            CHECK_INT(rt_permissions_allow(p, rule + 8, error), 0);
            CHECK(rt_permission_address(p, &query, (struct sockaddr *)&resolved.address));
        }
        rt_permissions_destroy(p);
    }
    own_address = NULL;
}

TEST(a_refusal_on_the_prompt_is_told_from_a_rule)
{
    struct rt_permissions *p = set_up("ask");
    struct rt_host host;
    struct rt_permission_query query = ask_for("tcp.connect a.example 80", &host);
    char text[RT_EXPLAIN_MAX];
    CHECK_INT(rt_permissions_refuse(p, &query), 0);
    rt_permission_explain(p, &query, text, sizeof(text));
    CHECK_STR(text,
              "tcp.connect to a.example:80 was denied when it was asked for (tcp.connect=a.example:80)");
    rt_permissions_destroy(p);
}

TEST(what_is_denied_later_is_told_to_who_keeps_verdicts)
{
    struct rt_permissions *p = set_up("ask; allow udp.send=10.0.0.0/8");
    struct rt_host host, other;
    struct rt_permission_query query = ask_for("udp.send 10.1.2.3 9", &host);
    struct rt_permission_query once = ask_for("udp.send 192.0.2.1 9", &other);
    char error[RT_RULE_ERROR_MAX];
    unsigned epoch = rt_permissions_epoch(p);
    CHECK(!rt_permission_denied(p, &query));
    CHECK_INT(rt_permissions_allow(p, "udp.send=10.1.2.3", error), 0);
    CHECK_INT(rt_permissions_grant_once(p, &once), 0);
    CHECK_INT(rt_permission_use(p, &once), RT_GRANTED);
    CHECK_INT(rt_permissions_epoch(p), epoch); /* more is granted: what was granted still is */
    CHECK_INT(rt_permission_state(p, &once), RT_PROMPT);
    CHECK(!rt_permission_denied(p, &once)); /* used up, and good for what it was used for */
    CHECK_INT(rt_permissions_deny(p, "udp.send=10.1.0.0/16", error), 0);
    CHECK(rt_permissions_epoch(p) != epoch);
    CHECK(rt_permission_denied(p, &query));
    CHECK(!rt_permission_denied(p, &once));
    epoch = rt_permissions_epoch(p);
    CHECK_INT(rt_permissions_refuse(p, &once), 0);
    CHECK(rt_permissions_epoch(p) != epoch);
    CHECK(rt_permission_denied(p, &once));
    epoch = rt_permissions_epoch(p);
    CHECK(rt_permissions_deny(p, "nonsense", error) < 0);
    CHECK_INT(rt_permissions_epoch(p), epoch);
    rt_permissions_limit(p);
    CHECK(rt_permissions_epoch(p) != epoch);
    rt_permissions_destroy(p);
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
    rt_permission_explain(p, &query, text, sizeof(text));
    CHECK(strcmp(text + strlen(text) - 7, "@999999") == 0);
    snprintf(rule, sizeof(rule), "tcp.connect=%s:10000-65535,public,local,link-local,loopback@999999",
             host.name);
    CHECK_INT(rt_permissions_deny(p, rule, error), 0);
    struct rt_host address;
    CHECK_INT(rt_host_parse("fd00:1111:2222:3333:4444:5555:6666:7777", 39, &address), 0);
    rt_permission_explain_address(p, &query, (struct sockaddr *)&address.address, text, sizeof(text));
    CHECK(strcmp(text + strlen(text) - 7, "@999999") == 0);
    rt_permissions_destroy(p);
}

TEST(operations_have_names)
{
    enum rt_operation operation;
    for (int i = 0; i < RT_OPERATION_COUNT; i++) {
        const char *name = rt_operation_name((enum rt_operation)i);
        CHECK_INT(rt_operation_parse(name, strlen(name), &operation), 0);
        CHECK_INT(operation, i);
        CHECK_INT(rt_operation_parse(name, strlen(name) - 1, &operation), -EINVAL);
    }
    CHECK_INT(rt_operation_parse("multicast", 9, &operation), -EINVAL); /* two of them */
    CHECK(rt_permissions_destroy(NULL) == NULL);
}

int main(void)
{
    RUN(nothing_is_granted_at_first);
    RUN(names);
    RUN(addresses_and_networks);
    RUN(ports);
    RUN(listening_and_binding);
    RUN(groups);
    RUN(interfaces_and_zones);
    RUN(overlap_with_a_deny_rule_is_denied);
    RUN(the_manifest_is_a_ceiling);
    RUN(classes_narrow_rules_on_addresses_too);
    RUN(resolved_addresses_are_checked_again);
    RUN(a_mapped_answer_is_checked_as_ipv4);
    RUN(an_answer_that_can_be_no_other_than_no_has_no_addresses);
    RUN(any_asks_whether_a_socket_may_be_made_at_all);
    RUN(answers_for_this_run);
    RUN(an_answer_under_a_manifest_takes_the_declared_classes);
    RUN(once_is_used_up_by_the_operation_and_not_by_questions);
    RUN(once_keeps_a_bounded_number);
    RUN(a_deny_rule_beats_every_answer);
    RUN(the_number_of_rules_is_bounded);
    RUN(bad_rules_are_told_what_is_wrong);
    RUN(rules_print_as_they_are_read);
    RUN(a_denial_says_what_would_permit_it);
    RUN(what_the_suggestion_says_does_permit_it);
    RUN(a_refused_address_says_why);
    RUN(a_refusal_on_the_prompt_is_told_from_a_rule);
    RUN(what_is_denied_later_is_told_to_who_keeps_verdicts);
    RUN(the_longest_explanation_fits);
    RUN(operations_have_names);
    return check_done();
}
