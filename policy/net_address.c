/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and host names as text, and what kind of place an address is. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "policy/net_rules.h"

#define V4_PREFIX 96
/* RFC 2133 had no sin6_scope_id, and the kernel still takes that length. */
#define SOCKADDR_IN6_SHORT offsetof(struct sockaddr_in6, sin6_scope_id)

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool hg_address_is_v4(const struct hg_address *address)
{
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

static void set_v4(struct hg_address *out, const void *four)
{
    memcpy(out->bytes, mapped, sizeof mapped);
    memcpy(out->bytes + sizeof mapped, four, 4);
}

/* Linux connects 0.0.0.0 and :: to this host. */
static void settle(struct hg_address *a)
{
    static const uint8_t none[16];
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    if (memcmp(a->bytes, none, sizeof none) == 0)
        a->bytes[15] = 1;
    else if (hg_address_is_v4(a) && memcmp(a->bytes + 12, none, 4) == 0)
        set_v4(a, loopback);
}

static bool parse_v6(const char *text, struct hg_address *out)
{
    char plain[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "%");
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof plain)
        return false;
    memcpy(plain, text, len);
    plain[len] = '\0';
    return inet_pton(AF_INET6, plain, out->bytes) == 1;
}

bool hg_address_parse_raw(const char *text, struct hg_address *out)
{
    struct in_addr four;
    /* inet_aton takes what follows a blank for a comment. */
    if (text[strspn(text, "0123456789abcdefABCDEFxX.")] == '\0' && inet_aton(text, &four) != 0)
        set_v4(out, &four);
    else if (!parse_v6(text, out))
        return false;
    return true;
}

bool hg_address_parse(const char *text, struct hg_address *out)
{
    if (!hg_address_parse_raw(text, out))
        return false;
    settle(out);
    return true;
}

int hg_address_from(const struct sockaddr *address, socklen_t size, struct hg_address *out, uint16_t *port)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six = {0};
    if (size < sizeof address->sa_family)
        return -EINVAL;
    if (address->sa_family == AF_INET) {
        if (size < sizeof four)
            return -EINVAL;
        memcpy(&four, address, sizeof four);
        set_v4(out, &four.sin_addr);
        *port = ntohs(four.sin_port);
    } else if (address->sa_family == AF_INET6) {
        if (size < SOCKADDR_IN6_SHORT)
            return -EINVAL;
        memcpy(&six, address, SOCKADDR_IN6_SHORT);
        memcpy(out->bytes, &six.sin6_addr, sizeof out->bytes);
        *port = ntohs(six.sin6_port);
    } else {
        return -EAFNOSUPPORT;
    }
    settle(out);
    return 0;
}

bool hg_address_below(const struct hg_address *address, const struct hg_address *net, uint8_t prefix)
{
    /* ::/0 is IPv6 only, as people mean it. */
    if (hg_address_is_v4(address) != (hg_address_is_v4(net) && prefix >= V4_PREFIX))
        return false;
    size_t whole = prefix / 8;
    if (memcmp(address->bytes, net->bytes, whole) != 0)
        return false;
    unsigned left = prefix % 8;
    return left == 0 || ((address->bytes[whole] ^ net->bytes[whole]) >> (8 - left)) == 0;
}

/* RFC 6890 and the IANA special-purpose registries. 198.18.0.0/15 is left out: proxies that answer every name
 * with an address of their own live there, and no service does. */
static const struct {
    struct hg_address net;
    uint8_t prefix;
    enum hg_address_class class;
} special[] = {
#define V4(a, b, c, d)                                                                                       \
    {                                                                                                        \
        {                                                                                                    \
            [10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c), [15] = (d)                         \
        }                                                                                                    \
    }
    {V4(0, 0, 0, 0), 96 + 8, HG_ADDRESS_LOCAL},
    {V4(10, 0, 0, 0), 96 + 8, HG_ADDRESS_PRIVATE},
    {V4(100, 64, 0, 0), 96 + 10, HG_ADDRESS_PRIVATE},
    {V4(127, 0, 0, 0), 96 + 8, HG_ADDRESS_LOCAL},
    {V4(169, 254, 0, 0), 96 + 16, HG_ADDRESS_LOCAL},
    {V4(172, 16, 0, 0), 96 + 12, HG_ADDRESS_PRIVATE},
    {V4(192, 0, 0, 0), 96 + 24, HG_ADDRESS_LOCAL},
    {V4(192, 168, 0, 0), 96 + 16, HG_ADDRESS_PRIVATE},
    {V4(224, 0, 0, 0), 96 + 3, HG_ADDRESS_LOCAL}, /* multicast, reserved, broadcast */
#undef V4
    {{{[15] = 1}}, 128, HG_ADDRESS_LOCAL},
    {{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}}, 48, HG_ADDRESS_PRIVATE}, /* NAT64 of one network */
    {{{0x01, 0x00}}, 64, HG_ADDRESS_LOCAL},                           /* discard */
    {{{0x20, 0x01, 0x00, 0x00}}, 32, HG_ADDRESS_LOCAL},               /* Teredo: hides an IPv4 address */
    {{{0xfc, 0x00}}, 7, HG_ADDRESS_PRIVATE},
    {{{0xfe, 0x80}}, 9, HG_ADDRESS_LOCAL}, /* link-local, and site-local as it was */
    {{{0xff, 0x00}}, 8, HG_ADDRESS_LOCAL},
};

/* An IPv4 address inside an IPv6 one is what the packet reaches in the end. */
static bool embedded(const struct hg_address *address, struct hg_address *out)
{
    static const struct {
        struct hg_address net;
        uint8_t prefix, at;
    } forms[] = {{{{0x00, 0x64, 0xff, 0x9b}}, 96, 12}, /* NAT64, RFC 6052 */
                 {{{0x20, 0x02}}, 16, 2},              /* 6to4, RFC 3056 */
                 {{{0}}, 96, 12}};                     /* IPv4-compatible, RFC 4291 */
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (hg_address_below(address, &forms[i].net, forms[i].prefix)) {
            set_v4(out, address->bytes + forms[i].at);
            return true;
        }
    return false;
}

enum hg_address_class hg_address_class_of(const struct hg_address *address)
{
    struct hg_address inner;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (hg_address_below(address, &special[i].net, special[i].prefix))
            return special[i].class;
    return embedded(address, &inner) ? hg_address_class_of(&inner) : HG_ADDRESS_PUBLIC;
}

bool hg_host_clean(const char *host, char *out, size_t size)
{
    size_t len = strlen(host);
    if (len > 0 && host[len - 1] == '.')
        len--;
    if (len == 0 || len >= size)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = host[i];
        if (c <= ' ' || c >= 0x7f)
            return false;
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[len] = '\0';
    return true;
}
